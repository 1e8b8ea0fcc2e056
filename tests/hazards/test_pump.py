"""The pump: its strength, its line, its chamber, its clock, what it can do, and what nobody knows it did."""

from __future__ import annotations

import itertools
import json
import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eutonia
from eutonia.chart.orders import read_program
from eutonia.moment import MomentError
from eutonia.pump import verify
from eutonia.pump.line import bridge, missed_bridge
from eutonia.pump.program import problems
from eutonia.quantity import Quantity, QuantityError, plain
from tests.charts import FILLED, PUMP
from tests.hazards.answers import advise, doses, facts, finding, grade, plans, refusals, state, stops, texts

NOW = "2026-03-25 10:00"
STRENGTHS = (500, 1000, 2000)
PAIRS = list(itertools.permutations(STRENGTHS, 2))
CHANGED = "2026-04-19 10:00"


def _hours(begin: str, hours: float) -> str:
    return f"{datetime.fromisoformat(begin) + timedelta(hours=hours):%Y-%m-%d %H:%M}"


# --- H33: strength ----------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H33")
@pytest.mark.carries("TOX-01")
@pytest.mark.parametrize(("told", "held"), PAIRS)
def test_two_strengths_that_disagree_are_a_stop_with_the_factor_on_the_dose(told, held):
    times = plain(Decimal(held) / told)
    ways = {
        "program": FILLED.replace("500 mcg/mL", f"{held} mcg/mL")
        + f"2026-03-20 11:05 program continuous 100 mcg/day; strength {told} mcg/mL\n",
        "product": PUMP.replace("500 mcg/mL", f"{told} mcg/mL; product {held} mcg/mL"),
        "later fill": PUMP.replace("500 mcg/mL", f"{told} mcg/mL")
        + f"2026-03-24 10:00 refill 18 mL of {held} mcg/mL\n",
    }
    for way, chart in ways.items():
        answer = advise(chart, NOW)
        found = finding(answer, "strength")
        assert found is not None, way
        assert found["grade"] == "stop"
        assert f"{times} times" in found["says"], way
        assert plans(answer, "adjust") == []


@pytest.mark.hazard("H33")
@pytest.mark.parametrize("strength", STRENGTHS)
def test_three_strengths_that_agree_are_silent(strength):
    chart = PUMP.replace("500 mcg/mL", f"{strength} mcg/mL; product {strength} mcg/mL").replace(
        "continuous 100 mcg/day", f"continuous 100 mcg/day; strength {strength} mcg/mL"
    )
    assert finding(advise(chart, NOW), "strength") is None


@pytest.mark.hazard("H33")
def test_the_volume_balance_sees_nothing_of_a_wrong_strength_so_the_refill_compares_the_product():
    """The pump moves the volume that it believes in: four times the drug leaves the residual as expected."""
    wrong = PUMP.replace("500 mcg/mL", "500 mcg/mL; product 2000 mcg/mL") + "2026-04-19 11:05 residual 12 mL\n"
    answer = advise(wrong, "2026-04-19 12:00")
    assert finding(answer, "balance") is None
    assert grade(answer, "strength") == "stop"
    (plan,) = plans(advise(PUMP + "2026-03-25 request refill\n", NOW), "refill")
    assert "Product" in plan["steps"][0]["says"]
    assert "two people" in plan["steps"][0]["says"]


# --- H34: the bridge and the line -------------------------------------------------------------------------------------


def _change(old: int, new: int, daily: int, line: str) -> str:
    chart = PUMP.replace("500 mcg/mL", f"{old} mcg/mL").replace("100 mcg/day", f"{daily} mcg/day")
    return chart.replace("0.364 mL", f"{line} mL").replace(
        "2026-03-20 11:05", "2026-03-20 11:06 override pump-dose; by Dr X; because transferred\n2026-03-20 11:05"
    )


@pytest.mark.hazard("H34")
@given(
    pair=st.sampled_from(PAIRS),
    daily=st.integers(60, 900),
    line=st.sampled_from(["0.2", "0.364", "0.5"]),
)
@settings(max_examples=60)
def test_the_planned_bridge_gives_the_old_daily_dose_until_the_line_is_swept(pair, daily, line):
    """The plan is carried out, and the drug that leaves at the tip is counted plug by plug: no hour off the dose."""
    old, new = pair
    # Primed, because a slow pump needs longer than these nine days to fill a line of its own.
    chart = _change(old, new, daily, line) + f"2026-03-20 11:02 prime {line} mL\n"
    begin = "2026-03-29 10:00"
    answer = advise(chart + f"{begin} request strength {new} mcg/mL\n", begin)
    (plan,) = plans(answer, "strength change")
    step = next(each for each in plan["steps"] if each["do"] == "bridge")
    dose, hours = step["dose"]["value"], step["over_h"]
    assert dose == pytest.approx(float(line) * old, abs=0.051)
    assert hours == pytest.approx(float(line) * old / daily * 24, abs=0.051)
    done = chart + f"{begin} refill 18 mL of {new} mcg/mL; product {new} mcg/mL\n"
    done += f"{begin} bridge {plain(Decimal(str(dose)))} mcg over {plain(Decimal(str(hours)))} h\n"
    end = _hours(begin, hours)
    done += f"{end} program continuous {daily} mcg/day; strength {new} mcg/mL\n"
    at = [_hours(begin, share * hours * 2) for share in (0, 0.25, 0.45, 0.55, 1)]
    given_ = [state(done, each).delivered_mcg for each in at]
    seconds = [datetime.fromisoformat(each).timestamp() for each in at]
    for (first, before), (second, after) in itertools.pairwise(zip(given_, seconds, strict=True)):
        expected = daily * (after - before) / 86400
        # Rounding of the bridge to 0.1 mcg and 0.1 h, and of the program's moment to the minute.
        slack = 0.051 * max(old, new) / old + daily * (0.06 / 24 + 1 / 1440) * max(1, new / old)
        assert second - first == pytest.approx(expected, abs=slack)
    assert finding(advise(done, _hours(end, 48)), "bridge") is None


@pytest.mark.hazard("H34")
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_without_the_bridge_the_patient_gets_the_old_strength_at_the_new_rate_and_it_is_a_stop(old, new):
    chart = _change(old, new, 300, "0.364")
    chart += f"2026-03-24 10:00 refill 18 mL of {new} mcg/mL\n2026-03-24 10:05 program continuous 300 mcg/day\n"
    answer = advise(chart, "2026-03-24 12:00")
    found = finding(answer, "bridge")
    assert found is not None
    assert found["grade"] == "stop"
    assert f"{plain(Decimal(old) / new)} times the dose" in found["says"]
    assert plans(answer, "adjust") == []
    wrong, hours = missed_bridge(
        Quantity.read("0.364 mL"), *(Quantity.of(x, "mcg/mL") for x in (old, new)), Quantity.read("300 mcg/day")
    )
    begin, middle = (
        state(chart, at).delivered_mcg for at in ("2026-03-24 10:05", _hours("2026-03-24 10:05", float(hours) / 2))
    )
    assert middle - begin == pytest.approx(float(wrong) * float(hours) / 48, rel=0.01)


@pytest.mark.hazard("H34")
@pytest.mark.parametrize(
    "written", ["18.2 mcg over 4.4 h", "728 mcg over 58.2 h", "182 mcg over 4.4 h", "182 mcg over 200 h"]
)
def test_a_bridge_that_is_not_the_one_of_the_line_is_said(written):
    """0.364 mL of 500 mcg/mL at 100 mcg/day: 182 mcg over 43.7 h; anything else leaves old drug at a new rate."""
    chart = PUMP + f"{CHANGED} refill 18 mL of 2000 mcg/mL\n{CHANGED} bridge {{}}\n"
    chart += f"{CHANGED} program continuous 100 mcg/day; strength 2000 mcg/mL\n"
    right = chart.format("182 mcg over 43.7 h")
    assert "bridge" not in [each["id"] for each in advise(right, _hours(CHANGED, 2))["findings"]]
    answer = advise(chart.format(written), _hours(CHANGED, 2))
    assert any(
        each["grade"] in ("stop", "caution") and "bridge" in each["says"].lower() for each in answer["findings"]
    ), [each["says"] for each in answer["findings"]]


@pytest.mark.hazard("H34")
@pytest.mark.parametrize(
    "lines",
    [
        [("; line 0.364 mL", "")],
        [("program continuous", "program continuous"), ("", "2026-03-23 10:00 revision catheter; tip T8\n")],
    ],
)
def test_a_line_of_unknown_volume_refuses_a_change_of_strength(lines):
    chart = PUMP
    for old, new in lines:
        chart = chart.replace(old, new) if old else chart + new
    answer = advise(chart + "2026-03-25 request strength 2000 mcg/mL\n", NOW)
    assert plans(answer, "strength change") == []
    assert refusals(answer, "strength change") or stops(answer, "strength change")
    assert "volume of the line" in texts(answer)


@pytest.mark.hazard("H34")
def test_a_new_catheter_brings_its_own_volume_or_none():
    revised = PUMP + "2026-03-23 10:00 revision catheter; line 0.3 mL; tip T8\n"
    assert advise(revised, NOW)["pump"]["line_ml"] == 0.3
    assert advise(revised.replace("; line 0.3 mL", ""), NOW)["pump"]["line_ml"] is None


@pytest.mark.hazard("H34")
def test_no_number_of_the_line_comes_from_the_device_table():
    """The tubing's volume in the table was read in no manual (a recall was about it): the chart gives it, or nobody."""
    answer = advise(PUMP.replace("; line 0.364 mL", ""), NOW)
    assert answer["pump"]["line_ml"] is None
    assert answer["pump"]["arrives_at"] is None


# --- H35: the prime bolus ---------------------------------------------------------------------------------------------


@pytest.mark.hazard("H35")
@pytest.mark.carries("TOX-01")
def test_a_prime_bolus_into_a_primed_line_is_a_stop():
    primed = PUMP.replace("2026-03-20 11:05", "2026-03-20 11:02 prime 0.364 mL\n2026-03-20 11:05")
    assert finding(advise(primed, NOW), "strength") is None
    again = primed + "2026-03-24 10:00 prime 0.364 mL\n"
    assert grade(advise(again, NOW), "strength") == "stop"
    assert plans(advise(again, NOW), "adjust") == []
    revised = primed + "2026-03-24 09:00 revision catheter; line 0.3 mL\n2026-03-24 10:00 prime 0.3 mL\n"
    assert finding(advise(revised, NOW), "strength") is None


@pytest.mark.hazard("H35")
def test_a_prime_bolus_into_a_line_that_has_filled_by_running_is_a_stop():
    """A month of running has filled the line, primed or not: 0.364 mL of 500 mcg/mL is 182 mcg at once."""
    answer = advise(PUMP + f"{CHANGED} prime 0.364 mL\n", _hours(CHANGED, 1))
    assert grade(answer, "strength") == "stop"


@pytest.mark.hazard("H35")
@pytest.mark.parametrize("volume", ["3.64", "0.6"])
def test_a_prime_bolus_larger_than_the_line_is_a_stop(volume):
    """A slip of ten: 3.64 mL of 500 mcg/mL leave 1,638 mcg in the patient at once."""
    chart = PUMP.replace("2026-03-20 11:05", f"2026-03-20 11:02 prime {volume} mL\n2026-03-20 11:05")
    answer = advise(chart, "2026-03-20 12:00")
    assert grade(answer, "strength") == "stop", [each["says"] for each in answer["findings"]]


@pytest.mark.hazard("H35")
def test_a_start_says_whether_the_line_is_primed():
    for line, says in (
        ("", "No prime bolus is on the chart"),
        ("2026-03-20 11:02 prime 0.364 mL\n", "not primed again"),
    ):
        (plan,) = plans(advise(FILLED + line, "2026-03-20 12:00"), "start")
        assert says in texts(plan)


# --- H36: when to fill ------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H36")
@pytest.mark.carries("ITB-07", "WD-04")
@given(
    daily=st.integers(12, 900),
    volume=st.sampled_from(["10", "18", "20"]),
    strength=st.sampled_from(STRENGTHS),
    alarm=st.sampled_from(["", "; alarm 2 mL", "; alarm 4 mL"]),
    years=st.sampled_from([0, 6.8]),
    shape=st.sampled_from(["continuous", "bolus", "day"]),
)
def test_the_refill_is_due_at_the_earlier_of_alarm_and_stability_whatever_the_battery(
    daily, volume, strength, alarm, years, shape
):
    born = f"{datetime.fromisoformat('2026-03-20 10:00') - timedelta(days=years * 365):%Y-%m-%d %H:%M}"
    program = {
        "continuous": f"continuous {daily} mcg/day",
        "bolus": f"continuous {daily} mcg/day; bolus 12 mcg at 06:00, 22:00",
        "day": f"day {plain(Decimal(daily) / 24 // Decimal('0.01') * Decimal('0.01'))} mcg/h from 00:00, 3 mcg/h from 12:00",
    }[shape]
    chart = FILLED.replace("2026-03-20 10:00 implant", f"{born} implant").replace("; alarm 4 mL", alarm)
    chart = chart.replace("18 mL of 500", f"{volume} mL of {strength}") + f"2026-03-20 11:00 program {program}\n"
    pump = advise(chart, "2026-03-20 12:00")["pump"]
    due, book = datetime.fromisoformat(pump["refill_due"]), datetime.fromisoformat(pump["book_by"])
    rate = float(read_program(program.split("; ")).daily.value) / strength
    filled = datetime.fromisoformat("2026-03-20 11:00+00:00")
    low = filled + timedelta(days=(int(volume) - (4 if "4" in alarm else 2)) / rate)
    ends = {
        "reservoir": low,
        "stability": filled + timedelta(days=180),
    }
    assert due <= min(ends.values()) + timedelta(days=2)  # the last boluses come by the clock, not by the average
    assert abs(due - ends[pump["governed_by"]]) <= timedelta(days=0 if shape == "continuous" else 2, seconds=2)
    assert book == due - timedelta(days=5)
    assert "refill" in [each["because"] for each in advise(chart, "2026-03-20 12:00")["tasks"]]


@pytest.mark.hazard("H36")
@pytest.mark.parametrize("strength", STRENGTHS)
def test_no_day_passes_between_the_due_date_and_an_empty_pump_without_a_graver_finding(strength):
    chart = PUMP.replace("500 mcg/mL", f"{strength} mcg/mL").replace("100 mcg/day", "200 mcg/day")
    chart = chart.replace("trial 50 mcg", "trial 100 mcg")
    first = advise(chart, "2026-03-21")["pump"]
    due = datetime.fromisoformat(first["refill_due"])
    for days in range(-12, 60, 3):
        at = due + timedelta(days=days, minutes=1)
        found = grade(advise(chart, at.isoformat()), "refill")
        assert found == ("note" if days < -5 else "caution" if days < 0 else "stop"), (days, found)


@pytest.mark.hazard("H36")
@pytest.mark.parametrize("alarm", ["0 mL", "0.5 mL", "1.9 mL"])
def test_an_alarm_below_two_ml_does_not_move_the_due_date(alarm):
    """2 mL is the floor that the maker gives: an alarm set lower would make the empty chamber the due date."""
    floor = datetime.fromisoformat(advise(PUMP.replace("alarm 4 mL", "alarm 2 mL"), NOW)["pump"]["refill_due"])
    try:
        answer = advise(PUMP.replace("alarm 4 mL", f"alarm {alarm}"), NOW)
    except eutonia.ReadError:
        return
    assert datetime.fromisoformat(answer["pump"]["refill_due"]) <= floor


@pytest.mark.hazard("H36")
def test_a_replacement_indicator_brings_the_end_of_the_battery_forward():
    chart = PUMP.replace("500 mcg/mL", "2000 mcg/mL") + "2026-03-24 10:00 device replacement indicator\n"
    pump = advise(chart, NOW)["pump"]
    assert pump["governed_by"] == "stability"
    assert pump["replacement_due"] == pump["battery_end"] == "2026-06-22T10:00:00+00:00"
    assert pump["replacement_book_by"] == "2026-03-24T10:00:00+00:00"


@pytest.mark.hazard("H36")
@pytest.mark.parametrize("less", ["0.5", "1", "1.4"])
def test_a_residual_below_the_expected_brings_the_date_forward(less):
    measured = plain(Decimal(10) - Decimal(less))
    chart = PUMP.replace("11:05 program", "11:00 program")
    before = advise(chart, "2026-04-29 12:00")["pump"]["low_reservoir_at"]
    after = advise(chart + f"2026-04-29 11:00 residual {measured} mL\n", "2026-04-29 12:00")["pump"]["low_reservoir_at"]
    assert datetime.fromisoformat(before) - datetime.fromisoformat(after) == timedelta(days=float(less) / 0.2)


@pytest.mark.hazard("H36")
def test_without_a_fill_or_a_program_there_is_no_date_and_no_default_interval():
    empty = FILLED[: FILLED.index("2026-03-20 11:00")]
    pump = advise(empty, "2026-03-20 12:00")["pump"]
    assert pump["refill_due"] is None
    assert pump["low_reservoir_at"] is None
    assert advise(FILLED, "2026-03-20 12:00")["pump"]["low_reservoir_at"] is None


# --- H37: the balance -------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H37")
@pytest.mark.carries("WD-03")
def test_a_full_pump_at_refill_is_a_delivery_failure():
    chart = PUMP.replace("18 mL", "20 mL").replace("100 mcg/day", "250 mcg/day")
    chart = chart.replace("11:05 program", "11:00 program") + "2026-04-19 11:00 residual 19 mL\n"
    answer = advise(chart, "2026-04-19 12:00")
    found = finding(answer, "balance")
    assert found is not None
    assert found["grade"] == "stop"
    assert "14 mL never reached the patient" in found["says"]
    assert "not restarted" in found["basis"]


@pytest.mark.hazard("H37")
@given(tenths=st.integers(0, 180))
def test_a_residual_outside_the_balance_stops_every_change_until_it_is_explained(tenths):
    """18 mL less 0.2 mL/day over 40 days: 10 mL expected, 8 mL delivered; 14.5 % of 8 mL is the tighter limit."""
    chart = PUMP.replace("11:05 program", "11:00 program")
    chart += f"2026-04-29 11:00 residual {plain(Decimal(tenths) / 10)} mL\n"
    answer = advise(chart, "2026-04-29 12:00")
    inside = abs(tenths / 10 - 10) <= 8 * 0.145
    assert (grade(answer, "balance") is None) == inside
    asked = "2026-04-29 11:30 request adjust up\n2026-04-29 11:30 request strength 2000 mcg/mL\n"
    for kind in ("adjust", "strength change"):
        assert bool(plans(advise(chart + asked, "2026-04-29 12:00"), kind)) == inside
    explained = chart + "2026-04-29 11:45 explained residual; seen; by Dr X\n"
    assert grade(advise(explained, "2026-04-29 12:00"), "balance") == (None if inside else "note")
    assert (
        plans(advise(explained + "2026-04-29 11:50 request adjust down\n", "2026-04-29 12:00"), "adjust") or not inside
    )


# --- H38: beside the port ---------------------------------------------------------------------------------------------


@pytest.mark.hazard("H38")
@pytest.mark.carries("TOX-01", "TOX-02")
def test_a_refill_ends_with_watching_and_names_the_next_residual():
    (plan,) = plans(advise(PUMP + "2026-03-25 request refill\n", NOW), "refill")
    sequence = [step["do"] for step in plan["steps"]]
    assert sequence.index("draw") < sequence.index("refill") < sequence.index("observe")
    assert "residual" in plan["steps"][sequence.index("observe")]["says"]
    assert any("Pocket fill" in each for each in plan["watch"])


@pytest.mark.hazard("H38")
@pytest.mark.parametrize("sign", ["somnolence", "hard to wake", "slow breathing", "return of spasticity", "itching"])
@pytest.mark.parametrize("minutes", [10, 120, 1440])
def test_a_sign_after_a_refill_brings_the_card_on_top(sign, minutes):
    chart = PUMP + f"{CHANGED} residual 12 mL\n{CHANGED} refill 18 mL of 500 mcg/mL\n"
    at = _hours(CHANGED, minutes / 60)
    answer = advise(chart + f"{at} symptom {sign}\n", at)
    assert answer["findings"][0]["card"]
    assert "refill" in texts(answer["findings"][0]) or "wrongly filled" in texts(answer["findings"][0])
    assert plans(answer, "adjust") == []


# --- H39: the program is the sum of its steps -------------------------------------------------------------------------

_times = st.lists(st.integers(1, 47), min_size=1, max_size=12, unique=True).map(sorted)


def _clock(half_hours: int) -> str:
    return f"{half_hours // 2:02d}:{half_hours % 2 * 30:02d}"


@pytest.mark.hazard("H39")
@pytest.mark.carries("ITB-08")
@given(starts=_times, rates=st.lists(st.integers(1, 400), min_size=13, max_size=13))
def test_a_day_of_steps_has_the_daily_dose_that_its_steps_add_up_to(starts, rates):
    starts = [0, *starts]
    steps = [f"{plain(Decimal(rate) / 10)} mcg/h from {_clock(at)}" for at, rate in zip(starts, rates, strict=False)]
    program = read_program(["day " + ", ".join(steps)])
    by_half_hours = sum(Decimal(rates[max(n for n, at in enumerate(starts) if at <= slot)]) / 20 for slot in range(48))
    assert program.daily.value == by_half_hours
    assert read_program(program.written.split("; ")).daily == program.daily


@pytest.mark.hazard("H39")
@given(at=st.lists(st.integers(0, 47), min_size=1, max_size=8, unique=True).map(sorted), dose=st.integers(1, 200))
def test_boluses_add_to_the_continuous_dose(at, dose):
    program = read_program(
        ["continuous 96.5 mcg/day", f"bolus {plain(Decimal(dose) / 10)} mcg at {', '.join(map(_clock, at))}"]
    )
    assert program.daily.value == Decimal("96.5") + Decimal(dose) / 10 * len(at)


@pytest.mark.hazard("H39")
@pytest.mark.parametrize(
    "program",
    [
        "day 4 mcg/h from 00:00",
        "day 4 mcg/h from 00:00, 6 mcg/h from 00:00",
        "day 4 mcg/h from 00:00, 6 mcg/h from 20:00, 5 mcg/h from 08:00",
        "day 4 mcg/h from 06:00, 6 mcg/h from 20:00",
        "day 4 mcg/h from 00:00, 6 mcg/h from 24:00",
        "day 0 mcg/h from 00:00, 0 mcg/h from 12:00",
        "continuous 96 mcg/day; continuous 12 mcg/day",
        "bolus 12 mcg at 06:00, 06:00",
        "bolus 12 mcg at 22:00, 06:00",
        "bolus 12 mcg at 25:00",
        "bolus 0 mcg at 06:00",
        "bolus 12 mcg every 0 h",
        "bolus 12 mcg every 72 h",
        "continuous 0 mcg/day",
        "day 4 mcg/h from 00:00, 6 mcg/h from 08:00; day 4 mcg/h from 00:00, 6 mcg/h from 09:00",
    ],
)
def test_steps_that_overlap_run_backwards_or_deliver_nothing_are_refused(program):
    with pytest.raises((QuantityError, MomentError)):
        read_program(program.split("; "))
    with pytest.raises(eutonia.ReadError):
        eutonia.read(PUMP + f"2026-03-24 10:00 program {program}\n")


@pytest.mark.hazard("H39")
def test_an_hourly_bolus_that_lasts_longer_than_an_hour_is_said():
    answer = advise(FILLED + "2026-03-20 11:05 program bolus 4 mcg every 1 h over 90 min\n", NOW)
    assert "longer than the time to the next one" in texts(answer)


# --- H40: what the pump can do ----------------------------------------------------------------------------------------


@pytest.mark.hazard("H40")
@given(daily=st.integers(12, 2003), strength=st.sampled_from([50, *STRENGTHS]))
def test_a_flow_outside_what_the_pump_can_do_is_said(daily, strength):
    flow = (Quantity.read("0.048 mL/day"), Quantity.read("24 mL/day"))
    inside = Decimal("0.048") <= Decimal(daily) / strength <= 24
    program = read_program([f"continuous {daily} mcg/day"])
    assert (problems(program, Quantity.of(strength, "mcg/mL"), flow, 13) == []) == inside
    chart = (
        FILLED.replace("500 mcg/mL", f"{strength} mcg/mL") + f"2026-03-20 11:05 program continuous {daily} mcg/day\n"
    )
    said = (finding(advise(chart, NOW), "device") or {"says": ""})["says"]
    assert ("the pump runs from" in said) != inside


@pytest.mark.hazard("H40")
@pytest.mark.parametrize(
    ("chart", "request_", "kind", "now"),
    [
        (
            FILLED.replace("500 mcg/mL", "2000 mcg/mL").replace("lasted 7 h", "lasted 9 h"),
            "start pump",
            "start",
            "2026-03-20 12:00",
        ),
        (PUMP.replace("500 mcg/mL", "2000 mcg/mL"), "adjust to 90 mcg/day", "adjust", NOW),
        (PUMP.replace("100 mcg/day", "50 mcg/day"), "strength 2000 mcg/mL", "strength change", NOW),
        (PUMP.replace("500 mcg/mL", "2000 mcg/mL") + "2026-03-24 10:00 program stop\n", "restart", "restart", NOW),
    ],
)
def test_a_plan_that_the_pump_cannot_run_says_so_or_is_refused(chart, request_, kind, now):
    """50 mcg/day of 2,000 mcg/mL is 0.025 mL/day, half of the slowest flow in the device table."""
    answer = advise(chart + f"{now} request {request_}\n", now)
    for plan in plans(answer, kind):
        (daily,) = doses(plan, "program")
        slow = daily / 2000 < 0.048
        assert ("the pump runs from" in texts(plan)) == slow, plan["steps"][1]["says"]


@pytest.mark.hazard("H40")
@pytest.mark.parametrize("strength", ["50", "250", "499", "1500", "3000", "10000"])
def test_no_strength_is_planned_that_is_not_stocked_for_the_reservoir(strength):
    answer = advise(PUMP + f"2026-03-25 request strength {strength} mcg/mL\n", NOW)
    assert plans(answer, "strength change") == []
    assert refusals(answer, "strength change")


@pytest.mark.hazard("H40")
def test_more_than_the_chamber_holds_is_refused_and_on_the_chart_a_stop():
    answer = advise(PUMP + "2026-03-25 request refill; volume 25 mL\n", NOW)
    assert refusals(answer, "refill")
    assert not any("writes" in step for plan in answer["plans"] for step in plan["steps"])
    assert grade(advise(PUMP.replace("18 mL of", "25 mL of"), NOW), "strength") == "stop"
    bigger = PUMP + "2026-03-25 request strength 2000 mcg/mL; volume 25 mL\n"
    assert plans(advise(bigger, NOW), "strength change") == []


@pytest.mark.hazard("H40")
def test_more_steps_than_the_pump_takes_and_a_pump_that_nobody_knows_are_said():
    steps = ", ".join(f"{4 + n / 10:g} mcg/h from {n:02d}:00" for n in range(14))
    assert "the pump takes 13" in texts(advise(FILLED + f"2026-03-20 11:05 program day {steps}\n", NOW))
    for name in ("SynchroMed III", "MyPump"):
        assert "not in the device table" in texts(advise(PUMP.replace("SynchroMed II", name), NOW))


# --- H41: what the pump reports back ----------------------------------------------------------------------------------

BACK = {
    "patient": "A-17",
    "device": "SynchroMed II 20 mL",
    "strength": "500 mcg/mL",
    "program": "continuous 96 mcg/day; bolus 2 mcg at 06:00, 22:00",
    "daily dose": "100 mcg/day",
    "rate": "0.2 mL/day",
    "reservoir": "17 mL",
    "alarm": "4 mL",
    "line": "0.364 mL",
    "clock": "2026-03-25 11:05",
    "bridge": "none",
}
ODD = {
    "patient": ["A-71", "a-17"],
    "device": ["SynchroMed II 40 mL", "Prometra II 20 mL"],
    "strength": ["2000 mcg/mL", "50 mcg/mL", "501 mcg/mL"],
    "program": [
        "continuous 96 mcg/day",
        "continuous 9.6 mcg/day; bolus 2 mcg at 06:00, 22:00",
        "continuous 96 mcg/day; bolus 20 mcg at 06:00, 22:00",
        "continuous 96 mcg/day; bolus 2 mcg at 06:00, 23:00",
        "continuous 96 mcg/day; bolus 2 mcg at 06:00, 22:00 over 30 min",
        "continuous 96 mcg/day; bolus 2 mcg every 12 h",
        "continuous 100 mcg/day",
        "day 4 mcg/h from 00:00, 4.2 mcg/h from 12:00",
        "stop",
    ],
    "daily dose": ["1000 mcg/day", "100.1 mcg/day", "0.01 mg/day"],
    "rate": ["2 mL/day", "0.201 mL/day"],
    "reservoir": ["18 mL", "16.8 mL", "17.2 mL"],
    "alarm": ["2 mL"],
    "line": ["0.3 mL", "0.365 mL"],
    "clock": ["2026-03-25 12:05", "2026-03-24 11:05", "2026-03-25 11:11"],
    "bridge": ["182 mcg over 14.56 h"],
}
ORDERED = FILLED + f"2026-03-20 11:05 program {BACK['program']}\n"


def _verified(back: dict[str, str], chart: str = ORDERED, now: str = "2026-03-25 11:05", zone: str | None = None):
    found = facts(chart, now, zone=zone)
    text = "".join(f"{name} {value}\n" for name, value in back.items())
    return verify.verify(state(chart, now, zone=zone), verify.read_back(text, "the read-back", found), found)


@pytest.mark.hazard("H41")
@pytest.mark.carries("TOX-01")
def test_a_read_back_that_says_what_was_meant_agrees_in_every_field():
    outcome = _verified(BACK)
    assert outcome.agrees, outcome.differences
    assert set(outcome.compared) == set(BACK) == set(verify.FIELDS)


@pytest.mark.hazard("H41")
@pytest.mark.parametrize(("name", "odd"), [(name, odd) for name, many in ODD.items() for odd in many])
def test_each_field_that_reads_differently_is_a_difference(name, odd):
    outcome = _verified(BACK | {name: odd})
    assert [each.field for each in outcome.differences] == [name]


@pytest.mark.hazard("H41")
@pytest.mark.parametrize("name", BACK)
def test_each_field_that_the_pump_leaves_out_is_a_difference(name):
    outcome = _verified({key: value for key, value in BACK.items() if key != name})
    assert [each.field for each in outcome.differences] == [name]
    assert outcome.differences[0].reported == "not reported"


@pytest.mark.hazard("H41")
def test_a_field_that_the_chart_cannot_give_is_a_difference():
    outcome = _verified(BACK, ORDERED.replace("; line 0.364 mL", ""))
    assert "line" in [each.field for each in outcome.differences]
    neither = {name: value for name, value in BACK.items() if name != "line"}
    outcome = _verified(neither, ORDERED.replace("; line 0.364 mL", ""))
    assert [each.field for each in outcome.differences] == ["line"]


@pytest.mark.hazard("H41")
@pytest.mark.parametrize("odd", ["strenght 500 mcg/mL", "strength 500", "strength 500 mcg/mL\nstrength 500 mcg/mL", ""])
def test_a_read_back_that_cannot_be_read_is_refused(odd):
    with pytest.raises(eutonia.ReadError):
        verify.read_back(odd + "\n", "the read-back", facts(ORDERED, NOW))


@pytest.mark.hazard("H41")
@pytest.mark.hazard("H13")
def test_the_pumps_clock_is_compared_in_the_pumps_hours_even_in_the_hour_that_the_wall_skips():
    """Berlin, 29 March 2026, 03:30 summer time: the pump, set in winter, shows 02:30, which no wall clock shows."""
    chart = re.sub(r"^2026-03-20", "2026-03-24", ORDERED, flags=re.M)
    left = state(chart, "2026-03-29 03:30", zone="Europe/Berlin").left_ml
    back = BACK | {"clock": "2026-03-29 02:30", "reservoir": f"{plain(round(Decimal(left), 1))} mL"}
    outcome = _verified(back, chart, "2026-03-29 03:30", zone="Europe/Berlin")
    assert outcome.agrees, outcome.differences
    wrong = _verified(back | {"clock": "2026-03-29 03:30"}, chart, "2026-03-29 03:30", zone="Europe/Berlin")
    assert [each.field for each in wrong.differences] == ["clock"]


# --- H42: what nobody knows the pump did ------------------------------------------------------------------------------


@pytest.mark.hazard("H42")
@pytest.mark.carries("WD-03")
@pytest.mark.parametrize("event", ["stall", "mri", "telemetry lost", "alarm critical", "alarm", "stall recovered"])
@pytest.mark.parametrize("kind", ["adjust up", "adjust down", "strength 2000 mcg/mL", "restart", "holiday; inpatient"])
def test_while_delivery_is_uncertain_no_dose_is_changed(event, kind):
    chart = PUMP + f"2026-03-24 10:00 device {event}\n"
    answer = advise(chart + f"2026-03-25 request {kind}\n", NOW)
    assert grade(answer, "delivery") == "stop"
    assert [each["kind"] for each in answer["plans"] if each["kind"] != "refill"] == []
    assert answer["pump"]["delivery_certain"] is False
    settled = chart + "2026-03-24 12:00 device read out, no alarms\n"
    assert finding(advise(settled, NOW), "delivery") is None


@pytest.mark.hazard("H42")
@pytest.mark.parametrize("event", ["stall", "mri", "telemetry lost", "alarm critical"])
def test_an_uncertain_delivery_raises_a_task_with_a_day(event):
    answer = advise(PUMP + f"2026-03-24 10:00 device {event}\n", NOW)
    assert "delivery" in [each["because"] for each in answer["tasks"]], answer["tasks"]


@pytest.mark.hazard("H42")
def test_a_low_reservoir_alarm_while_the_chamber_should_be_full_is_said():
    """17 mL should be left and the pump says less than 4: one of the two is wrong."""
    answer = advise(PUMP + "2026-03-24 10:00 device alarm low reservoir\n", NOW)
    assert any(
        each["grade"] in ("stop", "caution") and "alarm" in each["says"].lower() for each in answer["findings"]
    ), [each["says"] for each in answer["findings"]]


@pytest.mark.hazard("H42")
def test_uncertainty_does_not_keep_the_patient_from_a_refill():
    answer = advise(PUMP + "2026-03-24 10:00 device stall\n2026-03-25 request refill\n", NOW)
    assert plans(answer, "refill")


# --- H43: acted on twice ----------------------------------------------------------------------------------------------


@pytest.mark.hazard("H43")
def test_an_advice_names_the_program_it_starts_from_and_is_void_once_that_has_changed():
    before = advise(PUMP + "2026-03-25 request adjust up\n", NOW)
    assert before["pump"]["program"] == "continuous 100 mcg/day"
    for plan in plans(before, "adjust"):
        assert "continuous 100 mcg/day" in plan["steps"][0]["says"]
    acted = PUMP + "2026-03-25 request adjust up\n2026-03-25 10:00 program continuous 130 mcg/day\n"
    after = advise(acted, "2026-03-25 10:05")
    assert after["chart"] != before["chart"]
    assert after["pump"]["program"] != before["pump"]["program"]
    rises = [dose for plan in plans(after, "adjust") for dose in doses(plan, "program") if dose > 130]
    first = [step["at"] for plan in plans(after, "adjust") for step in plan["steps"] if "dose" in step]
    assert rises == [] or min(first) >= "2026-03-26T10:00:00+00:00"


@pytest.mark.hazard("H43")
@given(
    kind=st.sampled_from(["weight 73 kg", "program continuous 110 mcg/day", "residual 17 mL", "note seen", "contact"])
)
@settings(max_examples=5)
def test_whatever_is_added_to_a_chart_changes_the_hash_that_the_advice_is_bound_to(kind):
    later = advise(PUMP + f"2026-03-25 09:00 {kind}\n", NOW)
    assert later["chart"] != advise(PUMP, NOW)["chart"]
    assert json.loads(texts(later))["chart"] == later["chart"]


@pytest.mark.hazard("H43")
def test_two_charts_that_differ_only_in_the_program_are_two_charts():
    hashes = {advise(PUMP.replace("100 mcg/day", f"{dose} mcg/day"), NOW)["chart"] for dose in ("100", "100.1", "10")}
    assert len(hashes) == 3


@pytest.mark.hazard("H34")
def test_the_bridge_of_the_design_page_comes_out():
    found = bridge(Quantity.read("0.364 mL"), Quantity.read("500 mcg/mL"), Quantity.read("300 mcg/day"))
    assert found.dose == Quantity.read("182 mcg")
    assert float(found.hours) == pytest.approx(14.56)

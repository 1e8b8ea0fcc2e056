"""Chamber, line and tip: what stands where after each event on a chart, and what the pump does when it runs on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

import eutonia
from eutonia.chart import Facts
from eutonia.knowledge import book
from eutonia.pump import Exchange, Gap, PumpState, Reading, pump_state
from eutonia.pump.line import Line, mixed
from eutonia.quantity import Quantity
from tests.charts import FILLED, PUMP, SCREENED


def test_a_new_line_gives_nothing_until_its_volume_has_been_swept() -> None:
    line = Line.unfilled(0.3)
    assert line.drug_mcg == 0
    assert line.push(0.25, 500) == 0
    assert line.drug_mcg == pytest.approx(125)
    assert line.push(0.1, 500) == pytest.approx(25)
    assert line.drug_mcg == pytest.approx(150)


def test_the_old_strength_leaves_before_the_new_one() -> None:
    line = Line.unfilled(0.25)
    line.push(0.25, 500)
    assert line.push(0.125, 2000) == pytest.approx(62.5)
    assert line.push(0.25, 2000) == pytest.approx(62.5 + 250)
    assert line.drug_mcg == pytest.approx(500)


def test_drug_of_one_strength_stands_in_one_plug_and_another_strength_in_its_own() -> None:
    line = Line.unfilled(1.0)
    line.push(0.25, 500)
    line.push(0.25, 500)
    assert list(line.plugs) == [(0.5, 0.0), (0.5, 500)]
    line.push(0.25, 2000)
    assert list(line.plugs) == [(0.25, 0.0), (0.5, 500), (0.25, 2000)]
    assert line.push(0.5, 500) == 125
    assert list(line.plugs) == [(0.25, 500), (0.25, 2000), (0.5, 500)]


def test_a_plug_that_leaves_whole_leaves_nothing_behind() -> None:
    line = Line.unfilled(0.5)
    line.push(0.5, 500)
    assert list(line.plugs) == [(0.5, 500)]
    assert line.push(0.5, 2000) == 250
    assert list(line.plugs) == [(0.5, 2000)]


@pytest.mark.parametrize("volume", [0.0, -0.1])
def test_where_nothing_is_pushed_nothing_leaves(volume: float) -> None:
    line = Line.unfilled(0.5)
    assert line.push(volume, 500) == 0.0
    assert list(line.plugs) == [(0.5, 0.0)]


def test_an_amount_smaller_than_one_microlitre_still_moves() -> None:
    line = Line.unfilled(0.5)
    line.push(0.5, 500)
    assert line.push(1e-6, 500) == pytest.approx(5e-4)


def test_a_line_without_a_volume_gives_at_once_what_is_pushed() -> None:
    line = Line()
    assert line.push(0.5, 500) == 250
    assert list(line.plugs) == []


@pytest.mark.parametrize(
    ("left", "old", "added", "new", "strength"),
    [
        ("1 mL", "500 mcg/mL", "4 mL", "2000 mcg/mL", "1700"),
        ("3 mL", "2 mg/mL", "1 mL", "500 mcg/mL", "1625"),
        ("0 mL", "500 mcg/mL", "20 mL", "2000 mcg/mL", "2000"),
    ],
)
def test_a_mixture_has_the_mean_of_the_strengths_by_volume(
    left: str, old: str, added: str, new: str, strength: str
) -> None:
    found = mixed(*map(Quantity.read, (left, old, added, new)))
    assert (found.to("mcg/mL"), found.unit.name) == (int(strength), "mcg/mL")


# --- the pump on a chart --------------------------------------------------------------------------------------------


def state(text: str, now: str, zone: str = "UTC") -> PumpState:
    chart = eutonia.read(text, zone=zone)
    found = pump_state(Facts(chart, chart.moment(now), book()))
    assert found is not None
    return found


def at(text: str) -> datetime:
    """A UTC moment of 2026, such as '03-20 11:05'."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


IMPLANTED = FILLED[: FILLED.index("2026-03-20 11:00 refill")]
STRONG = PUMP.replace("100 mcg/day", "300 mcg/day") + "2026-03-30 10:05 refill 18 mL of 2000 mcg/mL\n"
TOLD = STRONG + "2026-03-30 10:05 program continuous 300 mcg/day; strength 2000 mcg/mL\n"
BRIDGED = TOLD + "2026-03-30 10:05 bridge 182 mcg over 14.56 h\n"


def test_a_pump_that_was_only_implanted_holds_nothing_and_does_nothing() -> None:
    found = state(IMPLANTED, "2026-03-20 12:00")
    for name in (
        *("fill", "strength", "rate_ml_day", "due", "left_ml", "low_at", "empty_at", "arrives_at", "program"),
        *("program_since", "told", "last_running", "previous_strength", "stopped_at", "ran_dry_at", "stability_end"),
        *("bridge_running_until", "pump_start", "unexplained"),
    ):
        assert getattr(found, name) is None, name
    for name in ("readings", "uncertain", "gaps", "dose_history", "refill_conflicts", "repeated_refills", "overfilled"):
        assert getattr(found, name) == (), name
    for name in ("running", "line_old", "bridge_missing", "primed", "clock_written"):
        assert getattr(found, name) is False, name
    for name in ("filled_mcg", "chamber_mcg", "line_mcg", "delivered_mcg", "drawn_mcg"):
        assert getattr(found, name) == 0, name
    assert (found.implanted, found.clock, found.tip) == (at("03-20 10:00"), timedelta(0), "T10")
    assert (str(found.line_volume), str(found.alarm_ml)) == ("0.364 mL", "4 mL")
    assert found.battery_end == at("03-20 10:00").replace(year=2033)


def test_nothing_on_the_implant_line_is_made_up() -> None:
    bare = IMPLANTED.replace("; line 0.364 mL; tip T10; alarm 4 mL", "").replace("SynchroMed II", "Other")
    found = state(bare, "2026-03-20 12:00")
    assert (found.line_volume, found.tip, found.model, found.battery_end) == (None, None, None, None)
    assert str(found.alarm_ml) == "2 mL"
    assert pump_state(Facts(eutonia.read(SCREENED), at("03-20 12:00"), book())) is None


def test_the_pumps_clock_is_that_of_the_zone_on_the_day_of_the_implant() -> None:
    assert state(IMPLANTED, "2026-07-01 12:00", "Europe/Berlin").clock == timedelta(hours=1)
    summer = IMPLANTED.replace("2026-03-20", "2026-04-20")
    assert state(summer, "2026-07-01 12:00", "Europe/Berlin").clock == timedelta(hours=2)
    written = state(IMPLANTED.replace("; tip T10", "; clock America/New_York"), "2026-07-01 12:00", "Europe/Berlin")
    assert (written.clock, written.clock_written) == (timedelta(hours=-4), True)


def test_drug_is_where_it_should_be_after_five_days() -> None:
    found = state(PUMP, "2026-03-25 11:05")
    assert found.left_ml == pytest.approx(17)
    assert (found.filled_mcg, found.drawn_mcg) == (9000, 0)
    assert found.chamber_mcg == pytest.approx(8500)
    assert found.line_mcg == pytest.approx(182)
    assert found.delivered_mcg == pytest.approx(318)
    assert (found.program_since, found.pump_start) == (at("03-20 11:05"), at("03-20 11:05"))
    assert (str(found.told), str(found.strength), found.rate_ml_day) == ("500 mcg/mL", "500 mcg/mL", 0.2)
    assert found.running
    unknown_line = state(PUMP.replace("line 0.364 mL; ", ""), "2026-03-25 11:05")
    assert (unknown_line.line_mcg, unknown_line.delivered_mcg) == (0, pytest.approx(500))
    assert (unknown_line.arrives_at, unknown_line.line_old) == (None, False)


def test_the_front_arrives_when_the_line_is_swept_and_is_old_news_afterwards() -> None:
    arrives = at("03-22 06:45:48")  # 0.364 mL at 0.2 mL a day: 43.68 h
    for now, old in (("2026-03-22 06:45", True), ("2026-03-22 06:46", False)):
        found = state(PUMP, now)
        assert (found.arrives_at, found.line_old) == (arrives, old)


def test_a_low_reservoir_an_empty_one_and_the_last_day_are_dated_to_the_second() -> None:
    for now in ("2026-03-21", "2026-05-29 11:06", "2026-06-18 11:04"):
        found = state(PUMP, now)
        assert (found.low_at, found.empty_at, found.ran_dry_at) == (at("05-29 11:05"), at("06-18 11:05"), None)
        assert found.running
    dry = state(PUMP, "2026-06-20 11:05")
    assert (dry.low_at, dry.empty_at, dry.ran_dry_at) == (at("05-29 11:05"), at("06-18 11:05"), at("06-18 11:05"))
    assert (dry.left_ml, dry.chamber_mcg, dry.running) == (0, 0, False)
    assert dry.delivered_mcg == pytest.approx(9000 - 182)
    drained = state(PUMP, "2026-06-18 11:05")
    assert (drained.left_ml, drained.running, drained.ran_dry_at) == (0, False, at("06-18 11:05"))


def test_a_day_schedule_and_boluses_are_delivered_by_the_pumps_own_clock() -> None:
    text = IMPLANTED + "2026-03-20 11:00 refill 18 mL of 500 mcg/mL\n2026-03-20 12:00 program bolus 50 mcg at 06:10\n"
    assert state(text, "2026-03-21 06:09").left_ml == 18
    assert state(text, "2026-03-21 06:10").left_ml == pytest.approx(17.9)
    berlin = state(text, "2026-03-21 06:09", "Europe/Berlin"), state(text, "2026-03-21 06:10", "Europe/Berlin")
    assert [each.left_ml for each in berlin] == [18, pytest.approx(17.9)]
    in_summer = state(text, "2026-04-21 06:30", "Europe/Berlin"), state(text, "2026-04-21 07:10", "Europe/Berlin")
    assert [round(each.left_ml or 0, 6) for each in in_summer] == [18 - 31 * 0.1, 18 - 32 * 0.1]
    every = text.replace("at 06:10", "every 4 h")
    assert state(every, "2026-03-20 15:59").left_ml == 18
    assert state(every, "2026-03-20 16:00").left_ml == pytest.approx(17.9)


def test_a_stopped_pump_keeps_its_volume_and_the_moment_of_its_first_stop() -> None:
    text = PUMP + "2026-03-25 11:05 program stop\n2026-03-26 11:05 program stop\n"
    found = state(text, "2026-04-25 11:05")
    assert found.left_ml == pytest.approx(17)
    assert (found.stopped_at, found.running, found.low_at, found.empty_at) == (at("03-25 11:05"), False, None, None)
    assert found.last_running is not None
    assert found.last_running.written == "continuous 100 mcg/day"
    again = state(text + "2026-03-27 11:05 program continuous 90 mcg/day\n", "2026-03-28 11:05")
    assert (again.stopped_at, again.running, again.pump_start) == (None, True, at("03-20 11:05"))
    assert [program.written for _, program in again.dose_history] == [
        "continuous 100 mcg/day",
        "stop",
        "continuous 90 mcg/day",
    ]
    only = state(FILLED + "2026-03-20 12:00 program stop\n", "2026-03-21 12:00")
    assert (only.pump_start, only.last_running) == (None, None)


def test_a_program_before_the_first_fill_runs_from_the_fill_with_the_strength_that_came() -> None:
    early = IMPLANTED + "2026-03-20 10:30 program continuous 100 mcg/day\n"
    assert (state(early, "2026-03-20 12:00").told, state(early, "2026-03-20 12:00").left_ml) == (None, None)
    filled = early + "2026-03-20 11:00 refill 18 mL of 500 mcg/mL\n"
    found = state(filled, "2026-03-21 11:00")
    assert (str(found.told), found.program_since) == ("500 mcg/mL", at("03-20 11:00"))
    assert found.left_ml == pytest.approx(17.8)
    said = state(filled.replace("100 mcg/day", "100 mcg/day; strength 1000 mcg/mL"), "2026-03-21 11:00")
    assert (str(said.told), said.left_ml) == ("1,000 mcg/mL", pytest.approx(17.9))


# --- change of strength ---------------------------------------------------------------------------------------------


def test_a_bridge_sweeps_the_line_at_the_old_rate_and_the_program_follows() -> None:
    half = state(BRIDGED, "2026-03-30 17:21:48")
    assert half.left_ml == pytest.approx(18 - 0.182, abs=1e-6)
    end = at("03-31 00:38:36")
    assert (half.bridge_running_until, half.arrives_at, half.line_old, half.bridge_missing) == (end, end, True, False)
    assert half.line_left_ml == pytest.approx(0.182, abs=1e-6) if hasattr(half, "line_left_ml") else True
    late = state(BRIDGED, "2026-04-01 00:38:36")
    assert late.left_ml == pytest.approx(18 - 0.364 - 0.15, abs=1e-6)
    assert (late.bridge_running_until, late.line_old, str(late.previous_strength)) == (None, False, "500 mcg/mL")
    assert late.line_mcg == pytest.approx(0.364 * 2000)
    before = (18 - 0.6 * (9 + 23 / 24)) * 500
    assert late.drawn_mcg == pytest.approx(before)


def test_a_bridge_runs_while_the_program_is_held_and_a_stop_ends_it() -> None:
    ended = BRIDGED + "2026-03-30 12:05 program stop\n"
    found = state(ended, "2026-04-01 00:00")
    assert found.left_ml == pytest.approx(18 - 0.6 * 2 / 24)
    assert found.bridge_running_until is None


def test_without_its_bridge_a_change_of_strength_is_named_and_comes_late() -> None:
    found = state(TOLD, "2026-03-30 11:00")
    assert (found.bridge_missing, found.line_old) == (True, True)
    assert found.arrives_at == at("04-01 20:19:24")  # 0.364 mL at 0.15 mL a day: 58.24 h
    same = state(STRONG.replace("2000 mcg/mL", "500 mcg/mL"), "2026-03-30 11:00")
    assert (same.bridge_missing, same.previous_strength, same.line_old) == (False, None, False)


def test_the_reservoir_may_run_low_or_dry_during_a_bridge() -> None:
    small = BRIDGED.replace("refill 18 mL of 2000", "refill 4.1 mL of 2000")
    found = state(small, "2026-03-30 11:00")
    assert found.low_at == at("03-30 14:05")  # 0.1 mL at 0.6 mL a day: 4 h
    tiny = state(BRIDGED.replace("refill 18 mL of 2000", "refill 0.1 mL of 2000"), "2026-03-31 11:00")
    assert (tiny.empty_at, tiny.left_ml) == (at("03-30 14:05"), 0)


def test_a_bridge_without_any_fill_is_passed_over() -> None:
    found = state(IMPLANTED + "2026-03-20 11:00 bridge 182 mcg over 14.56 h\n", "2026-03-20 12:00")
    assert found.bridge_running_until is None


# --- prime, revision, a new pump ------------------------------------------------------------------------------------


def test_a_prime_fills_the_line_once_and_a_second_one_goes_to_the_patient() -> None:
    once = FILLED + "2026-03-20 11:02 prime 0.364 mL\n"
    found = state(once, "2026-03-20 12:00")
    assert (found.primed, found.repeated_primes, found.line_old) == (True, (), False)
    assert found.arrives_at == at("03-20 11:02")
    assert (found.line_mcg, found.delivered_mcg) == (pytest.approx(182), pytest.approx(0))
    twice = state(once + "2026-03-20 11:04 prime 0.364 mL\n", "2026-03-20 12:00")
    assert [each.at for each in twice.repeated_primes] == [at("03-20 11:04")]
    assert twice.delivered_mcg == pytest.approx(182)
    assert twice.left_ml == pytest.approx(18 - 0.728)


def test_a_part_of_a_prime_leaves_the_rest_of_the_way() -> None:
    text = PUMP.replace("2026-03-20 11:05 program", "2026-03-20 11:02 prime 0.264 mL\n2026-03-20 11:05 program")
    assert state(text, "2026-03-20 12:00").arrives_at == at("03-20 23:05")  # 0.1 mL at 0.2 mL a day
    running = text.replace("2026-03-20 11:02 prime 0.264 mL", "2026-03-20 11:02 prime 0.364 mL")
    assert state(running, "2026-03-20 12:00").arrives_at == at("03-20 11:05")


def test_a_prime_takes_no_more_than_the_chamber_holds_and_nothing_before_the_fill() -> None:
    little = FILLED.replace("18 mL of 500", "0.2 mL of 500") + "2026-03-20 11:02 prime 0.364 mL\n"
    assert state(little, "2026-03-20 12:00").left_ml == 0
    early = state(IMPLANTED + "2026-03-20 10:30 prime 0.364 mL\n", "2026-03-20 12:00")
    assert (early.primed, early.left_ml, early.repeated_primes) == (True, None, ())


def test_a_revision_leaves_an_empty_line_and_keeps_the_tip_unless_a_new_one_is_written() -> None:
    text = PUMP + "2026-03-25 11:05 revision catheter; line 0.3 mL\n"
    found = state(text, "2026-03-25 11:06")
    assert (str(found.line_volume), found.tip, found.primed) == ("0.3 mL", "T10", False)
    assert found.drawn_mcg == pytest.approx(182)
    assert found.arrives_at == at("03-26 23:05")
    why = "the catheter was revised, and how much the old one delivered is not known"
    assert found.gaps == (Gap(None, at("03-25 11:05"), why, repair=True),)
    moved = state(PUMP + "2026-03-25 11:05 revision catheter; tip T8\n", "2026-03-25 11:06")
    assert (moved.line_volume, moved.tip, moved.arrives_at, moved.line_mcg) == (None, "T8", None, 0)
    stopped = PUMP + "2026-03-24 11:05 program stop\n2026-03-25 11:05 revision catheter; line 0.3 mL\n"
    # A stop written before the repair changes nothing.
    assert state(stopped, "2026-03-25 11:06").gaps == found.gaps
    assert state(IMPLANTED + "2026-03-25 11:05 revision catheter; line 0.3 mL\n", "2026-03-25 11:06").gaps == ()


def test_a_new_pump_holds_nothing_and_continues_the_therapy() -> None:
    text = PUMP + "2026-03-25 11:05 residual 12 mL\n2026-03-25 11:05 implant SynchroMed II 40 mL; line 0.2 mL\n"
    found = state(text, "2026-03-25 12:00")
    assert (found.fill, found.program, found.told, found.readings, found.left_ml, found.tip) == (
        None,
        None,
        None,
        (),
        None,
        None,
    )
    assert (found.implanted, str(found.alarm_ml)) == (at("03-25 11:05"), "2 mL")
    assert (found.pump_start, found.therapy_since) == (at("03-20 11:05"), at("03-20 10:00"))
    assert (found.exchanged, found.stopped_at) == (Exchange(at("03-25 11:05"), None), at("03-25 11:05"))
    assert found.last_running is not None
    assert found.last_running.written == "continuous 100 mcg/day"
    assert len(found.dose_history) == 1
    assert (found.filled_mcg, found.delivered_mcg) == (9000, pytest.approx(318))
    assert found.drawn_mcg == pytest.approx(8500 + 182)
    assert (found.chamber_mcg, found.line_mcg) == (0, 0)
    begun = text + "2026-03-25 11:10 refill 18 mL of 500 mcg/mL\n2026-03-25 11:15 program continuous 90 mcg/day\n"
    again = state(begun, "2026-03-25 12:00")
    assert (again.pump_start, again.refill_conflicts, again.repeated_refills) == (at("03-20 11:05"), (), ())
    assert (again.exchanged, again.stopped_at) == (None, None)


# --- fills ----------------------------------------------------------------------------------------------------------


def test_the_same_fill_within_24_h_counts_once_and_a_minute_later_it_is_a_fill() -> None:
    once = state(PUMP + "2026-03-21 11:00 refill 18 mL of 500 mcg/mL\n", "2026-03-21 11:05")
    assert ([each.at for each in once.repeated_refills], once.left_ml) == ([at("03-21 11:00")], pytest.approx(17.8))
    assert once.refill_conflicts == ()
    twice = state(PUMP + "2026-03-21 11:01 refill 18 mL of 500 mcg/mL\n", "2026-03-21 11:01")
    assert (twice.repeated_refills, twice.left_ml, twice.refill_conflicts) == ((), 18, ())
    assert twice.filled_mcg == 18000
    assert twice.drawn_mcg == pytest.approx(9000 - 500 * 0.2 * (23 + 56 / 60) / 24)


def test_two_different_fills_within_24_h_contradict_each_other_until_somebody_explains() -> None:
    for fill in ("17 mL of 500 mcg/mL", "18 mL of 2000 mcg/mL"):
        text = PUMP + f"2026-03-21 11:00 refill {fill}\n"
        assert [(a.at, b.at) for a, b in state(text, "2026-03-21 12:00").refill_conflicts] == [
            (at("03-20 11:00"), at("03-21 11:00"))
        ]
        explained = text + "2026-03-21 11:30 explained refill; seen; by Dr X\n"
        assert state(explained, "2026-03-21 12:00").refill_conflicts == ()


def test_a_fill_larger_than_the_chamber_is_named() -> None:
    assert state(FILLED.replace("18 mL of", "20 mL of"), "2026-03-21").overfilled == ()
    over = state(FILLED.replace("18 mL of", "20.1 mL of"), "2026-03-21").overfilled
    assert [each.at for each in over] == [at("03-20 11:00")]


def test_a_fill_is_kept_with_its_product_and_its_line() -> None:
    fill = state(FILLED.replace("mcg/mL\n", "mcg/mL; product 2000 mcg/mL\n"), "2026-03-21").fill
    assert fill is not None
    assert (fill.at, str(fill.volume), str(fill.strength), str(fill.product)) == (
        at("03-20 11:00"),
        "18 mL",
        "500 mcg/mL",
        "2,000 mcg/mL",
    )
    assert FILLED.splitlines()[fill.line - 1].startswith("2026-03-20 11:00 refill")


def test_a_refill_makes_the_dates_anew() -> None:
    text = PUMP + "2026-06-10 11:05 refill 18 mL of 500 mcg/mL\n"
    found = state(text, "2026-06-11")
    assert (found.low_at, found.empty_at) == (at("08-19 11:05"), at("09-08 11:05"))
    assert found.stability_end == at("12-07 11:05")


# --- residuals, interruptions, dates --------------------------------------------------------------------------------


def test_a_residual_stands_beside_what_was_expected_and_delivered_since_the_fill() -> None:
    text = PUMP + "2026-03-30 11:05 residual 15.8 mL\n2026-04-04 11:05 residual 12 mL\n"
    first, last = state(text, "2026-04-05").readings
    assert (first.at, first.measured_ml, last.measured_ml) == (at("03-30 11:05"), 15.8, 12)
    assert (first.expected_ml, first.delivered_ml) == (pytest.approx(16), pytest.approx(2))
    assert (last.expected_ml, last.delivered_ml) == (pytest.approx(15), pytest.approx(3))
    assert first.difference_ml == pytest.approx(-0.2)
    assert first.ratio() == pytest.approx(1.1)
    assert state(text, "2026-04-05").unexplained == last
    again = PUMP + "2026-04-30 11:05 refill 18 mL of 500 mcg/mL\n2026-05-05 11:05 residual 17 mL\n"
    assert state(again, "2026-05-06").readings[0].delivered_ml == pytest.approx(1)
    assert state(IMPLANTED + "2026-03-30 11:05 residual 8 mL\n", "2026-04-05").readings == ()


def test_where_nothing_should_have_left_there_is_no_ratio() -> None:
    assert Reading(at("03-30 11:05"), 17.0, 18.0, 0.0).ratio() is None
    assert Reading(at("03-30 11:05"), 17.9, 17.5, 0.5).ratio() == pytest.approx(0.2)
    found = state(FILLED + "2026-03-30 11:05 residual 17.5 mL\n", "2026-03-31")
    assert found.unexplained is None
    assert state(FILLED + "2026-03-30 11:05 residual 17.4 mL\n", "2026-03-31").unexplained is not None


def test_without_a_known_device_the_balance_is_the_narrower_accuracy() -> None:
    text = PUMP.replace("SynchroMed II", "Other").replace(
        "100 mcg/day", "500 mcg/day"
    )  # 8 mL expected, 14.5 %: 1.45 mL
    for measured, balances in (("9.4", True), ("6.6", True), ("6.5", False), ("9.5", False)):
        found = state(text + f"2026-03-30 11:05 residual {measured} mL\n", "2026-03-31")
        assert (found.unexplained is None) is balances


def test_an_explained_residual_keeps_the_words_and_a_later_explanation_does_not_replace_them() -> None:
    text = PUMP + "2026-03-30 11:05 residual 12 mL\n2026-03-30 12:00 explained residual; spilled; by Dr X\n"
    found = state(text, "2026-03-31")
    assert [each.explained for each in found.readings] == ["spilled"]
    assert found.unexplained is None
    more = text + "2026-04-02 11:05 residual 9 mL\n2026-04-02 12:00 explained residual; kinked; by Dr X\n"
    both = state(more, "2026-04-03").readings
    assert [(each.measured_ml, each.explained) for each in both] == [(12, "spilled"), (9, "kinked")]
    assert both[1].expected_ml == pytest.approx(15.4)
    assert (both[1].at, both[1].delivered_ml) == (at("04-02 11:05"), pytest.approx(2.6))


def test_an_explained_residual_shows_how_much_of_the_dose_was_delivered() -> None:
    # 8.2 mL should have left; 85.5 % of it is no difference, 14.5 % is nothing.
    for measured, gaps, share in (
        ("17", 1, None),
        ("16.9", 1, None),
        ("16.7", 0, 0.159),
        ("12", 0, 0.732),
        ("11.1", 0, 0.841),
        ("10.9", 0, None),
        ("9.8", 0, None),
        ("5", 0, None),
    ):
        text = (
            PUMP + f"2026-04-30 11:05 residual {measured} mL\n2026-04-30 12:00 explained residual; stalled; by Dr X\n"
        )
        found = state(text, "2026-05-01")
        assert len(found.gaps) == gaps, measured
        assert found.delivered_share == (None if share is None else pytest.approx(share, abs=0.001)), measured
        new = state(text + "2026-05-01 12:00 program continuous 90 mcg/day\n", "2026-05-02")
        assert (new.gaps, new.delivered_share) == ((), None)
    full = PUMP + "2026-04-30 11:05 residual 17 mL\n2026-04-30 12:00 explained residual; stalled; by Dr X\n"
    why = "hardly any drug had been delivered for 41 days"
    assert state(full, "2026-05-01").gaps == (Gap(at("03-20 11:00"), at("04-30 12:00"), why),)


@pytest.mark.parametrize("what", ["stall", "stall recovered", "mri", "telemetry lost", "alarm critical", "alarm"])
def test_delivery_is_uncertain_until_the_pump_is_read_out(what: str) -> None:
    text = PUMP + f"2026-03-25 11:05 device {what}\n"
    assert state(text, "2026-03-26").uncertain == ((at("03-25 11:05"), what),)
    for line in ("device read out, no alarms", "explained delivery; seen; by Dr X"):
        short = state(text + f"2026-03-27 11:05 {line}\n", "2026-03-28")
        assert (short.uncertain, short.gaps) == ((), ())
        long = state(text + f"2026-03-27 11:06 {line}\n", "2026-03-28")
        days = "delivery had been uncertain for 2 days"
        # A scan or lost telemetry is no interruption once the readout is clean.
        clean = what in ("mri", "telemetry lost")
        assert long.gaps == (() if clean else (Gap(at("03-25 11:05"), at("03-27 11:06"), days),))
    later = state(text + "2026-04-01 23:05 device read out, no alarms\n", "2026-04-02")
    days = "delivery had been uncertain for 7.5 days"
    assert later.gaps == (() if clean else (Gap(at("03-25 11:05"), at("04-01 23:05"), days),))
    assert state(PUMP + "2026-04-01 23:05 device read out, no alarms\n", "2026-04-02").gaps == ()


def test_a_dry_reservoir_is_an_interruption_once_it_is_filled_again() -> None:
    for refill, gaps in (
        ("2026-06-20 11:05", ()),
        (
            "2026-06-20 11:06",
            (Gap(at("06-18 11:05"), at("06-20 11:06"), "the reservoir had been dry for 2 days"),),
        ),
        (
            "2026-06-30 11:05",
            (Gap(at("06-18 11:05"), at("06-30 11:05"), "the reservoir had been dry for 12 days"),),
        ),
    ):
        text = PUMP + f"{refill} refill 18 mL of 500 mcg/mL\n"
        found = state(text, "2026-07-01")
        assert (found.gaps, found.ran_dry_at, found.dry_since) == (gaps, at("06-18 11:05"), None)
        running = state(text + "2026-07-01 08:00 program continuous 90 mcg/day\n", "2026-07-01 09:00")
        assert (running.gaps, running.ran_dry_at) == ((), None)
    still = state(PUMP + "2026-06-30 11:05 program continuous 90 mcg/day\n", "2026-07-01")
    assert still.ran_dry_at == at("06-18 11:05")


def test_a_pump_that_ran_dry_twice_is_dated_by_the_first_time_nobody_programmed_it() -> None:
    text = PUMP + "2026-06-30 11:05 refill 2 mL of 500 mcg/mL\n"
    assert state(text, "2026-07-20").ran_dry_at == at("06-18 11:05")
    assert state(text, "2026-07-20").empty_at == at("07-10 11:05")


def test_the_replacement_indicator_counts_from_its_first_time_and_never_lengthens_the_service() -> None:
    text = PUMP + "2026-04-01 10:00 device replacement indicator\n2026-05-01 10:00 device replacement indicator\n"
    assert state(text, "2026-05-02").battery_end == at("06-30 10:00")
    old = text.replace("2026-03-20 10:00 implant", "2019-04-01 10:00 implant")
    assert state(old, "2026-05-02").battery_end == at("04-01 10:00")
    other = state(text.replace("SynchroMed II", "Other"), "2026-05-02")
    assert other.battery_end == at("06-30 10:00")


def test_less_in_the_chamber_than_expected_makes_the_dates_earlier_and_more_never_later() -> None:
    less = PUMP + "2026-05-01 11:05 residual 8.6 mL\n"  # 9.6 mL expected
    found = state(less, "2026-05-02")
    assert (found.low_at, found.empty_at) == (at("05-24 11:05"), at("06-13 11:05"))
    assert found.left_ml == pytest.approx(9.6 - 0.2 * (12 + 55 / 60) / 24)
    more = state(PUMP + "2026-05-01 11:05 residual 10 mL\n", "2026-05-02")
    assert (more.low_at, more.empty_at) == (at("05-29 11:05"), at("06-18 11:05"))
    later = PUMP + "2026-05-01 11:05 residual 8.6 mL\n2026-05-01 11:10 refill 18 mL of 500 mcg/mL\n"
    assert state(later, "2026-05-02").low_at == at("07-10 11:10")


def test_less_than_the_alarm_volume_was_low_when_it_was_measured() -> None:
    text = PUMP + "2026-05-28 11:05 residual 3.9 mL\n"  # 4.2 mL expected
    assert state(text, "2026-05-28 12:00").low_at == at("05-28 11:05")
    above = PUMP + "2026-05-28 11:05 residual 4.1 mL\n"
    assert state(above, "2026-05-28 12:00").low_at == at("05-28 23:05")
    assert state(above, "2026-05-29 10:00").low_at == at("05-28 23:05")
    empty = PUMP + "2026-06-17 11:05 residual 0 mL\n"  # 0.2 mL expected
    found = state(empty, "2026-06-17 12:00")
    assert (found.low_at, found.empty_at) == (at("05-29 11:05"), at("06-17 11:05"))
    short = PUMP + "2026-06-16 11:05 residual 0.1 mL\n"  # 0.4 mL expected: the chart has 0.3 mL too much from here on
    assert state(short, "2026-06-16 12:00").empty_at == at("06-16 23:05")
    assert state(short, "2026-06-17 12:00").empty_at == at("06-16 23:05")
    nearly = PUMP + "2026-06-15 11:05 residual 0.4 mL\n"  # 0.6 mL expected
    assert state(nearly, "2026-06-15 12:00").empty_at == at("06-17 11:05")
    assert state(nearly + "2026-06-15 11:10 program stop\n", "2026-06-15 12:00").empty_at is None


# --- what a state says ----------------------------------------------------------------------------------------------


def test_a_pump_runs_only_with_a_program_and_drug() -> None:
    found = state(PUMP, "2026-03-25 11:05")
    assert found.running is True
    assert found.last_running is not None
    stop = state(PUMP + "2026-03-25 11:00 program stop\n", "2026-03-25 11:05").program
    for change in ({"program": None}, {"program": stop}, {"fill": None}, {"left_ml": None}, {"left_ml": 0.0}):
        assert replace(found, **change).running is False  # type: ignore[arg-type]
    assert replace(found, left_ml=0.5).running is True


def test_the_rate_needs_a_program_and_the_strength_that_was_told() -> None:
    found = state(PUMP, "2026-03-25 11:05")
    assert found.rate_ml_day == 0.2
    assert replace(found, told=Quantity.read("2 mg/mL")).rate_ml_day == 0.05
    assert replace(found, told=None).rate_ml_day is None
    assert replace(found, program=None).rate_ml_day is None
    assert replace(found, fill=None).strength is None


def test_the_earliest_date_governs_and_at_one_moment_the_reservoir_before_the_others() -> None:
    found = state(PUMP, "2026-03-25 11:05")
    one, two, three = at("05-01 10:00"), at("06-01 10:00"), at("07-01 10:00")
    assert replace(found, low_at=one, stability_end=two, battery_end=three).due == (one, "reservoir")
    assert replace(found, low_at=two, stability_end=one, battery_end=three).due == (one, "stability")
    assert replace(found, low_at=two, stability_end=three, battery_end=one).due == (two, "reservoir")
    assert replace(found, low_at=one, stability_end=one, battery_end=one).due == (one, "reservoir")
    assert replace(found, low_at=None, stability_end=one, battery_end=one).due == (one, "stability")
    assert replace(found, low_at=None, stability_end=None, battery_end=one).due is None
    assert replace(found, low_at=one, stability_end=None, battery_end=None).due == (one, "reservoir")


# --- at the very edges ----------------------------------------------------------------------------------------------

# 500 mcg a day of 500 mcg/mL is 1 mL a day, and a line of 0.25 mL is swept in six hours: numbers a float holds exactly.
EXACT = PUMP.replace("100 mcg/day", "500 mcg/day").replace("0.364 mL", "0.25 mL")


def test_at_the_moment_itself_the_front_has_arrived_and_the_alarm_volume_is_reached() -> None:
    found = state(EXACT, "2026-03-20 17:05")
    assert (found.arrives_at, found.line_old, found.line_left_ml) == (at("03-20 17:05"), False, None)
    before = state(EXACT, "2026-03-20 14:05")
    assert (before.line_old, before.line_left_ml) == (True, 0.125)
    stopped = state(EXACT + "2026-04-03 11:05 program stop\n", "2026-04-04")
    assert stopped.low_at == at("04-03 11:05")


def test_a_bridge_is_over_at_its_last_minute() -> None:
    text = EXACT + "2026-04-01 11:05 refill 18 mL of 1000 mcg/mL\n2026-04-01 11:05 bridge 125 mcg over 6 h\n"
    assert state(text, "2026-04-01 17:04").bridge_running_until == at("04-01 17:05")
    assert state(text, "2026-04-01 17:05").bridge_running_until is None


def test_a_pump_programmed_at_the_minute_of_its_implant_started_then() -> None:
    text = IMPLANTED + "2026-03-20 10:00 refill 18 mL of 500 mcg/mL\n2026-03-20 10:00 program continuous 100 mcg/day\n"
    assert state(text, "2026-03-21").pump_start == at("03-20 10:00")


def test_boluses_every_few_hours_keep_their_beat_through_other_events() -> None:
    text = FILLED + "2026-03-20 12:00 program bolus 50 mcg every 4 h\n2026-03-20 14:00 residual 18 mL\n"
    assert state(text, "2026-03-20 15:59").left_ml == 18
    assert state(text, "2026-03-20 16:00").left_ml == pytest.approx(17.9)


def test_a_stopped_pump_never_becomes_low_and_a_measured_volume_at_the_alarm_is() -> None:
    low = FILLED.replace("18 mL of", "3 mL of") + "2026-03-20 12:00 program stop\n"
    assert state(low + "2026-03-20 13:00 residual 3 mL\n", "2026-03-21").low_at is None
    at_alarm = FILLED.replace("18 mL of", "5 mL of") + "2026-03-20 13:00 residual 4 mL\n"
    assert state(at_alarm, "2026-03-21").low_at == at("03-20 13:00")
    nearly = PUMP + "2026-06-15 11:05 residual 0.4 mL\n"  # 0.6 mL expected
    assert state(nearly, "2026-06-15 12:00").empty_at == at("06-17 11:05")


def test_a_residual_of_the_minute_of_the_fill_is_what_was_drawn_before_it() -> None:
    text = FILLED + "2026-03-20 11:00 residual 17.5 mL\n2026-03-20 11:05 program continuous 100 mcg/day\n"
    assert (state(text, "2026-03-21").low_at, state(text, "2026-03-21").readings) == (at("05-29 11:05"), ())


def test_the_balance_holds_at_its_edge() -> None:
    found = state(PUMP, "2026-03-21")
    # The floor of 0.5 mL, then 14.5 % of what was delivered, and 2 mL at most.
    for delivered, most in ((0.0, 0.5), (2.0, 0.5), (10.0, 1.45), (18.0, 2.0)):
        for difference in (most, -most):
            assert found.balances(Reading(found.implanted, difference, 0.0, delivered)) is True
            assert found.balances(Reading(found.implanted, difference * 1.001, 0.0, delivered)) is False


def test_what_was_drawn_adds_up_over_fills_revisions_and_pumps() -> None:
    text = FILLED + "2026-04-01 10:00 refill 10 mL of 500 mcg/mL\n2026-05-01 10:00 refill 8 mL of 500 mcg/mL\n"
    assert state(text, "2026-06-01").drawn_mcg == 9000 + 5000
    new = text + "2026-06-01 10:00 implant SynchroMed II 20 mL\n"
    assert state(new, "2026-06-02").drawn_mcg == 9000 + 5000 + 4000
    revised = new + "2026-06-03 10:00 revision catheter\n"
    assert state(revised, "2026-06-04").drawn_mcg == 18000
    line = PUMP + "2026-04-01 11:05 refill 18 mL of 500 mcg/mL\n2026-04-02 11:05 revision catheter; line 0.3 mL\n"
    found = state(line, "2026-04-03 11:05")
    assert found.drawn_mcg == pytest.approx(9000 - 12 * 100 + 182)
    assert (found.line_mcg, found.delivered_mcg) == (pytest.approx(100), pytest.approx(13 * 100 - 182))


def test_the_length_of_an_interruption_is_told_to_a_tenth_of_a_day() -> None:
    text = PUMP + "2026-03-25 11:05 device stall\n2026-03-27 19:29 device read out, no alarms\n"
    (gap,) = state(text, "2026-03-28").gaps
    assert (gap.end, gap.why) == (at("03-27 19:29"), "delivery had been uncertain for 2.4 days")


def test_a_low_alarm_with_far_more_in_the_chamber_makes_delivery_uncertain() -> None:
    for volume, said in (("6", ()), ("6.1", ((at("03-20 12:00"), "alarm low reservoir"),))):
        text = FILLED.replace("18 mL of", f"{volume} mL of") + "2026-03-20 12:00 device alarm low reservoir\n"
        assert state(text, "2026-03-21").uncertain == said
    assert state(IMPLANTED + "2026-03-20 12:00 device alarm low reservoir\n", "2026-03-21").uncertain == ()
    other = FILLED + "2026-03-20 12:00 device replacement indicator\n2026-03-20 12:10 device read out, no alarms\n"
    assert state(other, "2026-03-21").uncertain == ()


@pytest.mark.parametrize(
    ("bridge", "right"),
    [
        ("182 mcg over 14.56 h", True),
        ("191.1 mcg over 15.288 h", True),
        ("191.2 mcg over 15.296 h", False),
        ("172.9 mcg over 13.832 h", True),
        ("172.8 mcg over 13.824 h", False),
        ("183.6 mcg over 14.4 h", True),
        ("183.6 mcg over 14.39 h", False),
        ("182 mcg over 58.24 h", False),
        ("728 mcg over 58.24 h", False),
    ],
)
def test_a_bridge_that_does_not_carry_the_line_at_the_old_dose_is_named_with_what_would(
    bridge: str, right: bool
) -> None:
    found = state(TOLD + f"2026-03-30 10:05 bridge {bridge}\n", "2026-03-30 11:00")
    assert [(each.at, dose, hours) for each, dose, hours in found.wrong_bridges] == (
        [] if right else [(at("03-30 10:05"), "182", "14.6")]
    )


def test_a_late_bridge_carries_only_what_is_still_in_the_line() -> None:
    for bridge, wrong in (("107 mcg over 8.56 h", []), ("182 mcg over 14.56 h", [("107", "8.6")])):
        found = state(TOLD + f"2026-03-31 10:05 bridge {bridge}\n", "2026-03-31 11:00")
        assert [(dose, hours) for _, dose, hours in found.wrong_bridges] == wrong


def test_a_bridge_is_judged_by_line_and_program_where_both_are_known() -> None:
    swept = state(PUMP + "2026-03-30 10:05 bridge 182 mcg over 43.68 h\n", "2026-03-31")
    assert (swept.wrong_bridges, swept.bridge_running_until) == ((), at("04-01 05:45:48"))
    short = state(PUMP + "2026-03-30 10:05 bridge 100 mcg over 24 h\n", "2026-03-31")
    assert [(dose, hours) for _, dose, hours in short.wrong_bridges] == [("182", "43.7")]
    for text in (FILLED, PUMP.replace("line 0.364 mL; ", "")):
        assert state(text + "2026-03-30 10:05 bridge 100 mcg over 24 h\n", "2026-03-31").wrong_bridges == ()


def test_a_prime_into_a_line_that_was_swept_or_partly_primed_is_repeated() -> None:
    prime = "2026-03-25 11:05 prime 0.364 mL\n"
    assert len(state(PUMP + prime, "2026-03-26").repeated_primes) == 1
    weak = PUMP.replace("500 mcg/mL", "1 mcg/mL").replace("100 mcg/day", "1 mcg/day")
    assert len(state(weak + prime, "2026-03-26").repeated_primes) == 1
    part = FILLED + "2026-03-20 11:02 prime 0.1 mL\n2026-03-20 11:04 prime 0.1 mL\n"
    assert [each.at for each in state(part, "2026-03-21").repeated_primes] == [at("03-20 11:04")]
    assert state(FILLED + "2026-03-20 11:02 prime 0.1 mL\n", "2026-03-21").repeated_primes == ()


def test_a_prime_larger_than_the_line_is_named() -> None:
    for volume, large in (("0.364", []), ("0.365", [at("03-20 11:02")])):
        found = state(FILLED + f"2026-03-20 11:02 prime {volume} mL\n", "2026-03-21")
        assert [each.at for each in found.large_primes] == large
    unknown = FILLED.replace("line 0.364 mL; ", "") + "2026-03-20 11:02 prime 0.5 mL\n"
    assert state(unknown, "2026-03-21").large_primes == ()


def test_a_program_after_an_interruption_is_a_resumption_until_the_next_one() -> None:
    stop = PUMP + "2026-03-25 11:05 program stop\n"
    short = state(stop + "2026-03-27 11:05 program continuous 100 mcg/day\n", "2026-03-28")
    assert (short.resumed, short.restarted_at) == ((at("03-27 11:05"), at("03-25 11:05")), None)
    lower = state(stop + "2026-03-27 11:05 program continuous 90 mcg/day\n", "2026-03-28")
    assert lower.restarted_at == at("03-27 11:05")
    assert state(stop + "2026-03-27 11:06 program continuous 100 mcg/day\n", "2026-03-28").restarted_at is not None
    late = stop + "2026-03-27 11:06 program continuous 90 mcg/day\n"
    assert state(late, "2026-03-28").resumed == (at("03-27 11:06"), at("03-25 11:05"))
    assert state(late + "2026-03-28 11:06 program continuous 80 mcg/day\n", "2026-03-29").resumed is None
    never = FILLED + "2026-03-20 11:05 program stop\n2026-03-27 11:06 program continuous 90 mcg/day\n"
    assert state(never, "2026-03-28").resumed is None


def test_a_dry_reservoir_filled_with_little_and_programmed_again_is_dry_no_more() -> None:
    text = PUMP + "2026-06-30 11:05 refill 0.5 mL of 500 mcg/mL\n2026-06-30 11:06 program continuous 100 mcg/day\n"
    found = state(text, "2026-07-01")
    assert (found.ran_dry_at, found.resumed) == (None, (at("06-30 11:06"), at("06-18 11:05")))


def test_a_bridge_into_a_line_that_is_all_but_swept_is_said_to_be_wrong_and_breaks_nothing() -> None:
    import eutonia
    from tests.charts import PUMP

    slow = PUMP.replace("100 mcg/day", "12 mcg/day") + "2026-04-04 15:04:59 bridge 182 mcg over 364 h\n"
    assert eutonia.advise(eutonia.read(slow), "2026-04-05").stopped

"""The screening bolus, the first dose, and every change after it: one step at a time, each in its window."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eutonia.knowledge import JURISDICTIONS
from tests.charts import FILLED, LONG, PUMP, SCREENED
from tests.hazards.answers import advise, doses, finding, gate, grade, plans, refusals, stops, texts

NOW = "2026-03-25 10:00"
CANDIDATE = SCREENED[: SCREENED.index("2026-03-01 09:00 trial")]


def _given(plan):
    return [
        (datetime.fromisoformat(step["at"]), step["dose"]["value"]) for step in plan["steps"] if step["do"] == "give"
    ]


# --- H25: the trial ---------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H25")
@pytest.mark.carries("ITB-01")
@pytest.mark.parametrize("who", ["", "2026-01-05 condition needs tone to stand\n"])
def test_every_walk_through_the_trial_goes_up_one_step_a_day_and_ends(who):
    """All walks: from nothing, through every dose that is offered, with every outcome, to the end."""
    walks = [(CANDIDATE + who, 0, 0.0)]
    ends = 0
    while walks:
        chart, hours, last = walks.pop()
        at = datetime.fromisoformat("2026-03-01 09:00+00:00") + timedelta(hours=hours)
        answer = advise(chart + f"{at:%Y-%m-%d %H:%M} request trial\n", f"{at:%Y-%m-%d %H:%M}")
        offered = set()
        for plan in plans(answer, "trial"):
            boluses = _given(plan)
            assert plan["setting"] == "monitored"
            for (a, low), (b, high) in itertools.pairwise(boluses):
                assert b - a >= timedelta(hours=24)
                assert high > low
            assert {dose for _, dose in boluses} <= {25, 50, 75, 100}
            assert (boluses[0][1] == 25) == (bool(who) and not last)
            for bolus, watch in itertools.pairwise(s for s in plan["steps"] if s["do"] in ("give", "observe")):
                if bolus["do"] == "give":
                    assert watch["do"] == "observe"
                    seen = datetime.fromisoformat(watch["at"]) - datetime.fromisoformat(bolus["at"])
                    assert timedelta(hours=4) <= seen <= timedelta(hours=8)
                    assert "4 to 8 h" in watch["says"]
            assert boluses[0][0] >= at
            assert not last or boluses[0][0] >= at - timedelta(hours=8) + timedelta(hours=24)
            offered.add(boluses[0][1])
        if not offered:
            assert last == 100, refusals(answer, "trial")
            assert "not a candidate" in texts(refusals(answer, "trial"))
            ends += 1
            continue
        ladder = [25, 50, 75, 100]
        for dose in offered:
            assert not last or ladder.index(dose) == ladder.index(last) + 1
            begin = at if not last else at + timedelta(hours=16)
            given_ = f"{begin:%Y-%m-%d %H:%M} trial {dose} mcg\n"
            # The response is not recorded: nothing further is offered, however long ago it was.
            for wait in (1, 7, 30, 100):
                then = begin + timedelta(hours=wait)
                open_ = advise(chart + given_ + f"{then:%Y-%m-%d %H:%M} request trial\n", f"{then:%Y-%m-%d %H:%M}")
                assert plans(open_, "trial") == []
                assert refusals(open_, "trial")
            then = begin + timedelta(hours=8)
            yes = chart + given_ + f"{then:%Y-%m-%d %H:%M} response positive; lasted 7 h\n"
            answer = advise(yes + f"{then:%Y-%m-%d %H:%M} request trial\n", f"{then:%Y-%m-%d %H:%M}")
            assert plans(answer, "trial") == []
            none = chart + given_ + f"{then:%Y-%m-%d %H:%M} response none\n"
            walks.append((none, (then - datetime.fromisoformat("2026-03-01 09:00+00:00")).total_seconds() / 3600, dose))
    assert ends == 1


_NONE = SCREENED.replace("positive; lasted 7 h", "none")


@pytest.mark.hazard("H25")
@pytest.mark.carries("ITB-01")
@pytest.mark.parametrize(
    ("chart", "boluses", "lets"),
    [
        (CANDIDATE, [(0, "50 mcg"), (24, "75 mcg"), (48, "100 mcg")], True),
        (CANDIDATE, [(0, "25 mcg"), (24, "50 mcg")], True),
        (CANDIDATE, [(0, "50 mcg"), (23.9, "75 mcg")], False),
        (CANDIDATE, [(0, "50 mcg"), (24, "50 mcg")], False),
        (CANDIDATE, [(0, "50 mcg"), (24, "100 mcg")], False),
        (CANDIDATE, [(0, "60 mcg")], False),
        (CANDIDATE, [(0, "150 mcg")], False),
        (CANDIDATE, [(0, "50 mg")], False),
        (_NONE, [(0, "75 mcg")], True),
        (_NONE, [(0, "100 mcg")], False),
        (_NONE, [(0, "50 mcg")], False),
        (SCREENED, [(0, "75 mcg")], False),
        (SCREENED[: SCREENED.index("2026-03-01 17:00")], [(0, "75 mcg")], False),
    ],
)
def test_the_guard_lets_through_no_bolus_out_of_its_turn_whoever_planned_it(chart, boluses, lets):
    steps = [(hours, "give", dose) for hours, dose in boluses]
    assert (gate(chart, "2026-03-02 09:00", "trial", *steps) == ()) == lets
    if chart == _NONE and lets:
        assert gate(chart, "2026-03-02 08:59", "trial", *steps)


@pytest.mark.hazard("H25")
def test_a_next_bolus_is_never_dated_sooner_than_a_day_after_the_last():
    for hours in range(9, 60):
        then = datetime.fromisoformat("2026-03-01 09:00") + timedelta(hours=hours)
        answer = advise(SCREENED.replace("positive; lasted 7 h", "none"), f"{then:%Y-%m-%d %H:%M}")
        for plan in plans(answer, "trial"):
            assert _given(plan)[0][0] >= datetime.fromisoformat("2026-03-02 09:00+00:00")
            assert _given(plan)[0][1] == 75


@pytest.mark.hazard("H25")
@pytest.mark.parametrize(
    "second",
    ["2026-03-01 15:00 trial 75 mcg", "2026-03-02 09:30 trial 100 mcg", "2026-03-02 09:30 trial 150 mcg"],
)
def test_boluses_that_were_given_too_close_or_too_high_are_said(second):
    none = SCREENED.replace("17:00 response positive; lasted 7 h", "14:00 response none")
    answer = advise(none + second + "\n", "2026-03-02 10:00")
    assert any(each["grade"] in ("stop", "caution") for each in answer["findings"]), [
        each["says"] for each in answer["findings"]
    ]


@pytest.mark.hazard("H25")
@pytest.mark.carries("ITB-01")
@pytest.mark.parametrize("minutes", [10, 60, 200])
def test_no_response_after_less_than_the_observation_is_not_yet_an_answer(minutes):
    """Four to eight hours are watched; the effect of a bolus is greatest at about four."""
    at = datetime.fromisoformat("2026-03-01 09:00") + timedelta(minutes=minutes)
    chart = CANDIDATE + f"2026-03-01 09:00 trial 50 mcg\n{at:%Y-%m-%d %H:%M} response none\n"
    answer = advise(chart + "2026-03-02 09:30 request trial\n", "2026-03-02 09:30")
    assert plans(answer, "trial") == [] or any(each["grade"] in ("stop", "caution") for each in answer["findings"])


# --- H26: the first dose ----------------------------------------------------------------------------------------------


@pytest.mark.hazard("H26")
@pytest.mark.carries("ITB-02")
@given(
    half_hours=st.integers(8, 96),
    dose=st.sampled_from([25, 50, 75, 100]),
    jurisdiction=st.sampled_from(JURISDICTIONS),
)
def test_the_screening_dose_is_doubled_only_after_a_short_response(half_hours, dose, jurisdiction):
    lasted = half_hours / 2
    chart = FILLED.replace("trial 50 mcg", f"trial {dose} mcg").replace("lasted 7 h", f"lasted {lasted:g} h")
    if dose > 50:
        chart += "2026-03-20 override screening-dose; by Dr X; because the first steps were given elsewhere\n"
    answer = advise(chart + "2026-03-20 11:30 request start pump\n", "2026-03-20 12:00", jurisdiction)
    (plan,) = plans(answer, "start")
    limit = 12 if jurisdiction == "DE" else 8
    assert doses(plan, "program") == [dose if lasted >= limit else dose * 2]
    assert "C-05" in plan["why"]


@pytest.mark.hazard("H26")
@pytest.mark.parametrize("said", ["response positive", "contact"])
def test_without_the_duration_of_the_response_there_is_no_first_dose(said):
    chart = FILLED.replace("response positive; lasted 7 h", said) + "2026-03-20 11:30 request start pump\n"
    answer = advise(chart, "2026-03-20 12:00")
    assert plans(answer, "start") == []
    assert refusals(answer, "start")


@pytest.mark.hazard("H26")
def test_a_response_cannot_have_lasted_longer_than_the_time_since_the_bolus():
    """Written one hour after the bolus, '7 h' is a guess or a slip, and it decides between one and two times the dose."""
    chart = FILLED.replace("2026-03-01 17:00 response", "2026-03-01 10:00 response")
    answer = advise(chart + "2026-03-20 11:30 request start pump\n", "2026-03-20 12:00")
    assert plans(answer, "start") == []


@pytest.mark.hazard("H26")
def test_there_is_no_rise_in_the_first_day():
    for hours in (1, 12, 23):
        now = datetime.fromisoformat("2026-03-20 11:05") + timedelta(hours=hours)
        answer = advise(PUMP + f"{now:%Y-%m-%d %H:%M} request adjust up\n", f"{now:%Y-%m-%d %H:%M}")
        for plan in plans(answer, "adjust"):
            assert min(step["at"] for step in plan["steps"] if "dose" in step) >= "2026-03-21T11:05:00+00:00"


# --- H27: no response, no pump ----------------------------------------------------------------------------------------


@pytest.mark.hazard("H27")
@pytest.mark.parametrize(
    "screening",
    [
        "",
        "2026-03-01 09:00 trial 50 mcg\n",
        "2026-03-01 09:00 trial 50 mcg\n2026-03-01 17:00 response none\n",
        "2026-03-01 09:00 trial 100 mcg\n2026-03-01 17:00 response none\n",
        "2026-03-01 17:00 response positive; lasted 7 h\n",
        "2026-02-21 09:00 trial 50 mcg\n2026-02-21 17:00 response positive; lasted 7 h\n"
        "2026-03-01 09:00 trial 50 mcg\n2026-03-01 17:00 response none\n",
    ],
)
def test_without_a_positive_response_to_the_last_bolus_no_pump_is_started(screening):
    chart = FILLED.replace(FILLED[len(CANDIDATE) : FILLED.index("2026-03-20 10:00")], screening)
    answer = advise(chart + "2026-03-20 11:30 request start pump\n", "2026-03-20 12:00")
    assert plans(answer, "start") == []
    assert refusals(answer, "start")


@pytest.mark.hazard("H27")
def test_a_pump_that_runs_in_somebody_who_did_not_respond_is_said():
    answer = advise(PUMP.replace("response positive; lasted 7 h", "response none"), NOW)
    assert any(
        each["grade"] in ("stop", "caution") and "response" in each["says"].lower() for each in answer["findings"]
    ), [each["says"] for each in answer["findings"]]


@pytest.mark.hazard("H27")
@pytest.mark.parametrize("outcome", ["response none", "response none; lasted 3 h", "contact"])
def test_the_guard_lets_through_no_first_dose_without_a_response_whoever_planned_it(outcome):
    assert gate(FILLED, "2026-03-20 12:00", "start", (0, "program", "100 mcg/day")) == ()
    chart = FILLED.replace("response positive; lasted 7 h", outcome)
    assert gate(chart, "2026-03-20 12:00", "start", (0, "program", "100 mcg/day"))


# --- H28, H29: one step, in its window, both ways ---------------------------------------------------------------------

_WINDOWS = {
    ("spinal", False): (10, 30),
    ("spinal", True): (10, 40),
    ("cerebral", False): (5, 15),
    ("cerebral", True): (5, 20),
}


def _pump(origin: str, program: str, born: str = "1979-04-11") -> str:
    chart = FILLED.replace("origin spinal", f"origin {origin}").replace("1979-04-11", born)
    chart += f"2026-03-20 11:05 program {program}\n"
    return chart + "2026-03-20 11:06 override pump-dose; by Dr X; because transferred at this dose\n"


@pytest.mark.hazard("H28")
@pytest.mark.hazard("H29")
@pytest.mark.carries("ITB-03", "ITB-04")
@given(
    origin=st.sampled_from(["spinal", "cerebral"]),
    born=st.sampled_from(["1979-04-11", "2016-04-11"]),
    daily=st.integers(40, 900),
    to=st.integers(12, 2003),
    days=st.sampled_from([5, 40, 61, 100]),
)
def test_a_dose_that_is_asked_for_is_planned_inside_the_window_and_refused_outside_both_ways(
    origin, born, daily, to, days
):
    chart = _pump(origin, f"continuous {daily} mcg/day", born)
    now = datetime.fromisoformat("2026-03-20 11:05") + timedelta(days=days)
    when = f"{now:%Y-%m-%d %H:%M}"
    refilled = f"{now - timedelta(hours=1):%Y-%m-%d %H:%M} refill 18 mL of 500 mcg/mL\n" if days > 5 else ""
    _, high = _WINDOWS["cerebral" if born > "2014" else origin, days > 60]
    change = (Decimal(to) / daily - 1) * 100
    inside = -20 <= change <= high and change != 0
    answer = advise(chart + refilled + f"{when} request adjust to {to} mcg/day\n", when)
    if stops(answer, "adjust"):
        return  # run dry on the way: asked elsewhere
    assert bool(plans(answer, "adjust")) == inside, (change, answer["refusals"])
    assert bool(refusals(answer, "adjust")) != inside


@pytest.mark.hazard("H28")
@pytest.mark.hazard("H29")
@pytest.mark.carries("ITB-03")
@pytest.mark.parametrize("origin", ["spinal", "cerebral"])
@given(to=st.integers(12, 400))
@settings(max_examples=60)
def test_the_guard_lets_through_no_step_outside_the_window_up_or_down_whoever_planned_it(origin, to):
    _, high = _WINDOWS[origin, False]
    inside = -20 <= to - 100 <= high and to != 100
    chart = _pump(origin, "continuous 100 mcg/day")
    assert (gate(chart, NOW, "adjust", (0, "program", f"{to} mcg/day")) == ()) == inside
    assert gate(chart, "2026-03-21 10:00", "adjust", (0, "program", f"{to} mcg/day"))


@pytest.mark.hazard("H28")
@pytest.mark.carries("ITB-03")
@pytest.mark.parametrize(
    "program",
    [
        "continuous 100 mcg/day",
        "continuous 76 mcg/day; bolus 12 mcg at 06:00, 22:00",
        "bolus 8 mcg every 2 h",
        "day 3 mcg/h from 00:00, 5 mcg/h from 08:00, 4 mcg/h from 20:00",
    ],
)
@pytest.mark.parametrize("origin", ["spinal", "cerebral"])
def test_every_option_of_every_kind_of_program_is_inside_the_window(program, origin):
    answer = advise(_pump(origin, program) + "2026-03-25 request adjust up\n2026-03-25 request adjust down\n", NOW)
    low, high = _WINDOWS[origin, False]
    daily = answer["pump"]["daily_dose"]["value"]
    changes = [(after / daily - 1) * 100 for plan in plans(answer, "adjust") for after in doses(plan, "program")]
    assert len([each for each in changes if each > 0]) >= 2, refusals(answer, "adjust")
    assert len([each for each in changes if each < 0]) >= 1
    assert all(low - 1e-9 <= each <= high + 1e-9 or -20 - 1e-9 <= each <= -10 + 1e-9 for each in changes)


@pytest.mark.hazard("H28")
@pytest.mark.parametrize(
    ("origin", "says"),
    [("", "not on the chart"), ("; origin spinal\n2026-01-05 condition stroke; origin cerebral", "both")],
)
@pytest.mark.parametrize("request_", ["adjust up", "adjust down", "adjust to 110 mcg/day"])
def test_where_the_origin_is_unknown_or_contradictory_no_step_is_planned(origin, says, request_):
    answer = advise(PUMP.replace("; origin spinal", origin) + f"2026-03-25 request {request_}\n", NOW)
    # No step upwards; a lowering has one size for every origin, and stays open.
    lower = [-10.0, -20.0] if request_ == "adjust down" else []
    assert [dose - 100 for plan in plans(answer, "adjust") for dose in doses(plan, "program")] == lower
    found = finding(answer, "origin")
    assert found is not None
    assert says in found["says"]


@pytest.mark.hazard("H28")
@given(hours=st.integers(0, 72), kind=st.sampled_from(["adjust up", "adjust down", "adjust to 143 mcg/day"]))
@settings(max_examples=40)
def test_no_step_is_dated_sooner_than_a_day_after_the_last(hours, kind):
    chart = PUMP + "2026-03-24 10:00 program continuous 130 mcg/day\n"
    now = datetime.fromisoformat("2026-03-24 10:00") + timedelta(hours=hours)
    when = f"{now:%Y-%m-%d %H:%M}"
    answer = advise(chart + f"{when} request {kind}\n", when)
    assert plans(answer, "adjust")
    for plan in plans(answer, "adjust"):
        first = min(step["at"] for step in plan["steps"] if "dose" in step)
        assert first >= "2026-03-25T10:00:00+00:00"


@pytest.mark.hazard("H28")
def test_rises_that_were_stacked_in_a_day_are_judged_by_their_sum():
    """Three steps of 25 to 30 %, each within a step, double the dose in seven hours."""
    chart = PUMP
    for at, dose in (("08:00", 130), ("12:00", 165), ("15:00", 210)):
        chart += f"2026-03-24 {at} program continuous {dose} mcg/day\n"
    assert grade(advise(chart, "2026-03-25 18:00"), "pump-dose") == "stop"


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("dose", ["120 mcg/day", "80 mcg/day", "50 mcg/day"])
def test_a_fall_on_the_chart_beyond_the_window_is_said(dose):
    high = PUMP + "".join(
        f"2026-03-{22 + n * 2} 10:00 program continuous {each} mcg/day\n" for n, each in enumerate((130, 165, 200))
    )
    answer = advise(high + f"2026-03-29 10:00 program continuous {dose}\n", "2026-03-30 12:00")
    assert grade(answer, "pump-dose") in ("stop", "caution")
    gentle = advise(high + "2026-03-29 10:00 program continuous 165 mcg/day\n", "2026-03-30 12:00")
    assert grade(gentle, "pump-dose") in (None, "note")


@pytest.mark.hazard("H29")
@pytest.mark.carries("WD-01")
def test_a_pump_that_was_stopped_at_once_is_a_stop_and_not_silence():
    answer = advise(PUMP + "2026-03-24 10:00 program stop\n", NOW)
    assert any(each["grade"] == "stop" and "stopped" in each["says"] for each in answer["findings"])
    assert plans(answer, "adjust") == []


# --- H30: tolerance or catheter ---------------------------------------------------------------------------------------


def _rising(scores: dict[str, str], doses_: tuple[int, ...] = (120, 144, 170, 204, 240), first: str = "") -> str:
    chart = PUMP + f"2026-03-20 12:00 score {first or 'ashworth legs 3; penn 3'}\n"
    for number, dose in enumerate(doses_):
        day = 1 + number * 7
        at = datetime.fromisoformat("2026-04-01 10:00") + timedelta(days=day)
        chart += f"{at:%Y-%m-%d %H:%M} program continuous {dose} mcg/day\n"
        if str(number) in scores:
            chart += f"{at + timedelta(days=5):%Y-%m-%d %H:%M} score {scores[str(number)]}\n"
    return chart


_FAULTS = {
    "never any effect, as with a catheter beside the dura": {"0": "ashworth legs 3", "4": "ashworth legs 3"},
    "worse": {"4": "ashworth legs 4"},
    "effect lost again, as with a microfracture": {
        "0": "ashworth legs 2",
        "2": "ashworth legs 3",
        "4": "ashworth legs 3",
    },
    "spasms only": {"4": "penn 3"},
}


@pytest.mark.hazard("H30")
@pytest.mark.carries("TOL-01", "TOL-02")
@pytest.mark.parametrize("fault", _FAULTS)
def test_a_dose_that_rises_without_effect_is_looked_into_before_it_rises_again(fault):
    chart = _rising(_FAULTS[fault])
    answer = advise(chart, "2026-05-06 10:00")
    assert grade(answer, "resistance") == "stop"
    assert [plan["option"] for plan in plans(answer, "adjust") if not plan["option"].startswith("-")] == []
    resolve = (finding(answer, "resistance") or {})["resolve"]
    assert resolve.index("read the pump out") < resolve.index("x-ray") < resolve.index("revision")
    checked = chart + "2026-05-06 09:00 explained delivery; catheter and pump checked; by Dr X\n"
    # The check lifts the stop; the resistance stays named as long as the score is no better (TOL-02).
    assert grade(advise(checked, "2026-05-06 10:00"), "resistance") == "caution"


@pytest.mark.hazard("H30")
def test_a_dose_that_rises_with_effect_is_no_alarm():
    better = _rising({"0": "ashworth legs 3", "2": "ashworth legs 2", "4": "ashworth legs 1"})
    assert finding(advise(better, "2026-05-06 10:00"), "resistance") is None


@pytest.mark.hazard("H30")
@pytest.mark.parametrize("scores", [{}, {"0": "ashworth legs 3"}])
def test_a_dose_that_rises_while_nobody_scores_is_not_taken_for_a_response(scores):
    """Absent is not good: four rises, and no score since that could tell an effect from a leak."""
    answer = advise(_rising(scores), "2026-05-06 10:00")
    assert grade(answer, "resistance") in ("stop", "caution"), [each["says"] for each in answer["findings"]]


@pytest.mark.hazard("H30")
@pytest.mark.parametrize("hours", [25, 40])
def test_the_dose_does_not_rise_before_the_drug_has_reached_the_tip(hours):
    """0.364 mL at 0.2 mL/day: the first drug arrives after 43.7 h; until then there is no effect to judge."""
    now = datetime.fromisoformat("2026-03-20 11:05") + timedelta(hours=hours)
    when = f"{now:%Y-%m-%d %H:%M}"
    answer = advise(PUMP + f"{when} request adjust up\n", when)
    assert answer["pump"]["arrives_at"] > now.isoformat()
    for plan in plans(answer, "adjust"):
        first = min(step["at"] for step in plan["steps"] if "dose" in step)
        assert first >= answer["pump"]["arrives_at"]
    primed = PUMP.replace("2026-03-20 11:05", "2026-03-20 11:02 prime 0.364 mL\n2026-03-20 11:05")
    assert plans(advise(primed + f"{when} request adjust up\n", when), "adjust")


@pytest.mark.hazard("H30")
def test_a_better_score_in_one_place_does_not_hide_a_worse_one_in_another():
    chart = _rising({"4": "ashworth legs 4; arms 1; penn 4"}, first="ashworth legs 3; arms 2; penn 3")
    assert grade(advise(chart, "2026-05-06 10:00"), "resistance") in ("stop", "caution")


# --- H31: after a gap -------------------------------------------------------------------------------------------------

HIGH = PUMP + "".join(
    f"2026-03-{22 + n * 2} 10:00 program continuous {dose} mcg/day\n" for n, dose in enumerate((130, 165, 210, 270))
)


@pytest.mark.hazard("H31")
@pytest.mark.carries("WD-02")
@given(hours=st.integers(1, 400))
@settings(max_examples=60)
def test_the_old_dose_comes_back_only_after_a_short_gap(hours):
    stopped = datetime.fromisoformat("2026-03-30 10:00")
    now = stopped + timedelta(hours=hours)
    chart = HIGH + f"{stopped:%Y-%m-%d %H:%M} program stop\n"
    answer = advise(chart + f"{now:%Y-%m-%d %H:%M} request restart\n", f"{now:%Y-%m-%d %H:%M}")
    (plan,) = plans(answer, "restart")
    assert doses(plan, "program") == [270 if hours <= 48 else 100]
    assert hours <= 48 or plan["setting"] == "inpatient"
    assert plans(answer, "adjust") == []


@pytest.mark.hazard("H31")
@pytest.mark.parametrize("event", ["device stall", "device telemetry lost", "device alarm critical"])
def test_a_gap_of_unknown_length_is_no_short_gap(event):
    chart = HIGH + f"2026-03-30 10:00 {event}\n2026-03-30 11:00 program stop\n2026-03-30 12:00 request restart\n"
    answer = advise(chart, "2026-03-30 12:30")
    assert plans(answer, "restart") == []


@pytest.mark.hazard("H31")
@pytest.mark.parametrize("days", [3, 14, 60])
def test_the_old_dose_that_was_programmed_again_after_a_long_gap_is_a_stop(days):
    """Nobody asked: the program before the gap was simply told again, and tolerance is gone."""
    again = datetime.fromisoformat("2026-03-30 10:00") + timedelta(days=days)
    chart = HIGH + f"2026-03-30 10:00 program stop\n{again:%Y-%m-%d %H:%M} program continuous 270 mcg/day\n"
    answer = advise(chart, f"{again + timedelta(hours=1):%Y-%m-%d %H:%M}")
    assert plans(answer, "adjust") == []
    assert any(each["grade"] == "stop" for each in answer["findings"]), [each["says"] for each in answer["findings"]]
    low = chart.replace(
        f"{again:%Y-%m-%d %H:%M} program continuous 270", f"{again:%Y-%m-%d %H:%M} program continuous 100"
    )
    assert "pump-dose" not in stops(advise(low, f"{again + timedelta(hours=1):%Y-%m-%d %H:%M}"), "adjust")


@pytest.mark.hazard("H31")
def test_a_pump_that_ran_dry_and_was_filled_again_is_not_treated_as_if_it_had_run_on():
    """Seven days without drug: filled at the old program, the old dose begins again by itself."""
    dry = PUMP + "2026-06-25 11:00 refill 18 mL of 500 mcg/mL\n"
    # 100 mcg/day is what the start rule gives, and still no dose to rise from; 130 mcg/day is above it.
    answer = advise(dry, "2026-06-25 12:00")
    assert plans(answer, "adjust") == []
    assert grade(answer, "gap") == "caution"
    answer = advise(
        dry.replace("11:05 program", "11:05 program continuous 100 mcg/day\n2026-03-22 program", 1).replace(
            "2026-03-22 program continuous 100", "2026-03-22 program continuous 130"
        ),
        "2026-06-25 12:00",
    )
    assert plans(answer, "adjust") == []
    assert grade(answer, "gap") == "stop"
    for plan in plans(answer, "restart"):
        assert doses(plan, "program") == [100]


@pytest.mark.hazard("H31")
@pytest.mark.parametrize("more", ["", "2026-03-31 12:05 explained delivery; old catheter had leaked; by Dr X\n"])
def test_a_repaired_catheter_does_not_deliver_the_old_dose_without_a_word(more):
    """Nobody knows for how long the old one had leaked: what was tolerated then is an overdose now."""
    chart = HIGH + "2026-03-31 12:00 revision catheter; line 0.3 mL; tip T8\n" + more
    answer = advise(chart, "2026-03-31 13:00")
    assert plans(answer, "adjust") == [], doses(plans(answer, "adjust")[-1], "program")
    assert any(each["grade"] == "stop" for each in answer["findings"]), [each["says"] for each in answer["findings"]]


@pytest.mark.hazard("H31")
@pytest.mark.parametrize(
    "how",
    [
        "2026-04-10 10:00 residual 17.9 mL\n2026-04-10 11:00 explained residual; rotor had stalled and runs again; by Dr X\n",
        "2026-04-03 10:00 device stall\n2026-04-10 11:00 device read out, no alarms\n",
    ],
)
def test_an_explained_stall_is_still_a_gap(how):
    """Explained is not undone: after days without drug the dose does not rise from the old one."""
    answer = advise(HIGH + how, "2026-04-10 12:00")
    rises = [dose for plan in plans(answer, "adjust") for dose in doses(plan, "program") if dose > 270]
    assert rises == []


# --- H32: the drug holiday --------------------------------------------------------------------------------------------


@pytest.mark.hazard("H32")
@pytest.mark.carries("TOL-03", "TOL-04")
@given(daily=st.integers(50, 1400), alternative=st.sampled_from(["", "; alternative tizanidine"]))
@settings(max_examples=60)
def test_a_holiday_is_in_hospital_gradual_and_two_to_four_weeks_long(daily, alternative):
    chart = _pump("spinal", f"continuous {daily} mcg/day").replace("500 mcg/mL", "2000 mcg/mL")
    chart += "2026-03-24 explained delivery; all checked; by Dr X\n"
    answer = advise(chart + f"2026-03-25 request holiday; inpatient{alternative}\n", NOW)
    assert plans(answer, "holiday"), refusals(answer, "holiday")
    for plan in plans(answer, "holiday"):
        assert plan["setting"] == "inpatient"
        assert bool(plan.get("incomplete")) == (not alternative)
        falls = [(datetime.fromisoformat(s["at"]), s["dose"]["value"]) for s in plan["steps"] if "dose" in s]
        end = datetime.fromisoformat(next(s["at"] for s in plan["steps"] if s["do"] == "stop"))
        assert timedelta(days=14) <= end - falls[0][0] <= timedelta(days=28)
        assert falls[-1][1] <= 15
        for (a, before), (b, after) in itertools.pairwise([(falls[0][0] - timedelta(days=1), daily), *falls]):
            assert b - a >= timedelta(hours=24)
            assert before * 0.795 <= after < before


@pytest.mark.hazard("H32")
@pytest.mark.carries("TOL-03")
@pytest.mark.parametrize(
    ("days", "setting", "lets"),
    [
        (14, "inpatient", True),
        (28, "inpatient", True),
        (13, "inpatient", False),
        (29, "inpatient", False),
        (14, "home", False),
    ],
)
def test_the_guard_lets_through_no_holiday_that_is_short_long_or_at_home(days, setting, lets):
    steps = [(24 * n, "program", f"{round(100 * 0.85 ** (n + 1), 1):g} mcg/day") for n in range(12)]
    steps.append((24 * days, "stop", ""))
    assert (gate(PUMP, NOW, "holiday", *steps, setting=setting) == ()) == lets
    assert gate(PUMP, NOW, "holiday", (0, "program", "50 mcg/day"), (24 * 14, "stop", ""), setting="inpatient")


@pytest.mark.hazard("H32")
def test_a_holiday_at_home_or_before_the_delivery_was_checked_is_refused():
    for chart, request in (
        (LONG, "holiday; outpatient; alternative tizanidine"),
        (LONG.replace("explained delivery; all checked; by Dr X", "contact"), "holiday; inpatient"),
        (PUMP, "holiday"),
    ):
        answer = advise(chart + f"2026-06-21 request {request}\n", "2026-06-21 10:00")
        assert plans(answer, "holiday") == []
        assert refusals(answer, "holiday")


@pytest.mark.hazard("H32")
def test_after_a_holiday_the_start_rules_hold_and_not_the_old_dose():
    """Two of seven overdoses in one series came hours after a restart at the old dose."""
    chart = HIGH + "2026-03-30 10:00 program stop\n2026-04-20 10:00 request restart\n"
    (plan,) = plans(advise(chart, "2026-04-20 10:00"), "restart")
    assert doses(plan, "program") == [100]

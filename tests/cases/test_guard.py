"""The gate alone: plans as nobody should write them, laid before the guard beside a chart, one step over each limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

import eutonia
from eutonia.chart import Facts
from eutonia.chart import event as e
from eutonia.evidence import Known
from eutonia.findings.limits import adjust_window, dose_before, maintenance, start_dose
from eutonia.findings.restart_rule import interruption
from eutonia.knowledge import book
from eutonia.plan.guard import check, oral_step, oral_window, taper_days
from eutonia.plan.plan import Plan, Step
from eutonia.pump import PumpState, pump_state
from eutonia.quantity import Quantity
from tests.charts import FILLED, PUMP, SCREENED

ADULT = """\
2026-01-05 09:30 person id A-17; born 1979-04-11; sex female
2026-01-05 weight 72 kg
2026-01-05 height 175 cm
"""
WELL = ADULT + "2026-01-05 lab creatinine 0.7 mg/dL\n"
TAKING = WELL + "2026-01-06 09:00 oral 5 mg three times a day\n"
FIRST = SCREENED[: SCREENED.index("2026-03-01 09:00 trial")]
NO_RESPONSE = FIRST + "2026-03-01 09:00 trial 50 mcg\n2026-03-01 17:00 response none\n"
RUNNING = PUMP.replace("100 mcg/day", "300 mcg/day")


def facts(text: str, now: str) -> Facts:
    chart = eutonia.read(text)
    return Facts(chart, chart.moment(now), book())


def step(text: str) -> Step:
    """'2026-03-02 10:00 give 50 mcg', or '... bridge 182 mcg over 14.56', or a step without a dose."""
    day, clock, do, *rest = text.split(" ", 3)
    words, _, over = (rest[0] if rest else "").partition(" over ")
    at = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=UTC)
    dose = Quantity.read(words) if words else None
    return Step(at, do, "as meant", dose, Decimal(over) if over else None)  # type: ignore[arg-type]


def against(text: str, now: str, kind: str, *steps: str, setting: str = "clinic", overridden: str = "") -> str:
    """What the guard has against a plan of these steps; nothing where it is allowed."""
    found = facts(text, now)
    written = tuple(step(each) for each in steps)
    plan = Plan(kind, "as asked", setting, written, "a reason", (), (), overridden=overridden)  # type: ignore[arg-type]
    return "; ".join(check(plan, found, pump_state(found)))


def pump(text: str, now: str) -> tuple[Facts, PumpState]:
    found = facts(text, now)
    state = pump_state(found)
    assert state is not None
    return found, state


# --- the dose by mouth that is left ---------------------------------------------------------------------------------


@pytest.mark.carries("ADM-04")
@pytest.mark.parametrize(
    ("text", "most", "rise"),
    [
        (WELL, 80, 15),
        (ADULT + "2026-01-05 lab clearance 81 mL/min\n", 80, 15),
        (ADULT + "2026-01-05 lab clearance 80 mL/min\n", Decimal(160) / 3, 10),
        (ADULT + "2026-01-05 lab clearance 50 mL/min\n", 40, Decimal("7.5")),
        (ADULT + "2026-01-05 lab clearance 29.9 mL/min\n", Decimal(80) / 3, 5),
        (ADULT + "2026-01-05 dialysis\n", 5, 5),
    ],
)
def test_the_ceiling_by_mouth_and_the_rise_are_what_the_kidneys_leave(text: str, most: Decimal, rise: Decimal) -> None:
    found = facts(text, "2026-01-06 10:00")
    assert oral_window(found) == (Decimal("2.5"), most)
    assert oral_step(found) == rise


@pytest.mark.parametrize(
    ("born", "most"),
    [("2018-01-07", 40), ("2018-01-06", 60), ("2014-01-07", 60), ("2014-01-06", 80), ("1979-04-11", 80)],
)
def test_a_child_has_a_lower_ceiling_until_the_birthday(born: str, most: int) -> None:
    text = ADULT.replace("1979-04-11", born).replace("175 cm", "120 cm") + "2026-01-05 lab creatinine 0.4 mg/dL\n"
    assert oral_window(facts(text, "2026-01-06 10:00")) == (Decimal("2.5"), most)


def test_a_childs_ceiling_is_reduced_by_the_kidneys_as_well() -> None:
    text = ADULT.replace("1979-04-11", "2020-01-06") + "2026-01-05 lab clearance 50 mL/min\n"
    assert oral_window(facts(text, "2026-01-06 10:00")) == (Decimal("2.5"), 20)


def test_without_a_birth_date_the_ceiling_is_the_strictest_one() -> None:
    text = ADULT.replace("; born 1979-04-11", "") + "2026-01-05 lab clearance 100 mL/min\n"
    assert oral_window(facts(text, "2026-01-06 10:00")) == (Decimal("2.5"), 40)


def test_without_a_kidney_value_there_is_no_ceiling_and_nothing_by_mouth_passes() -> None:
    assert oral_window(facts(ADULT, "2026-01-06 10:00")) is None
    assert oral_step(facts(ADULT, "2026-01-06 10:00")) is None
    assert "outside" in against(ADULT, "2026-01-06 10:00", "titration", "2026-01-06 10:00 take 5 mg/day")


# --- every plan -----------------------------------------------------------------------------------------------------


def test_a_plan_may_begin_at_this_very_moment_and_never_before_it() -> None:
    assert against(WELL, "2026-01-06 10:00", "titration", "2026-01-06 10:00 take 15 mg/day") == ""
    assert (
        against(WELL, "2026-01-06 10:00", "titration", "2026-01-06 09:59 take 15 mg/day")
        == "its steps are not in order, or begin in the past"
    )


def test_steps_that_run_backwards_are_refused() -> None:
    steps = ("2026-01-09 10:00 take 15 mg/day", "2026-01-06 10:00 take 10 mg/day")
    assert against(WELL, "2026-01-06 10:00", "titration", *steps) == "its steps are not in order, or begin in the past"


def test_a_kind_of_plan_without_a_rule_is_named_and_refused() -> None:
    assert (
        against(WELL, "2026-01-06 10:00", "guess", "2026-01-06 10:00 take 15 mg/day")
        == "no rule allows a plan of the kind 'guess'"
    )
    assert against(WELL, "2026-01-06 10:00", "guess", "2026-01-06 09:00 take 15 mg/day").startswith("its steps are not")


@pytest.mark.parametrize("do", ["take", "give", "program", "bridge"])
def test_a_step_that_moves_drug_and_names_no_dose_is_refused(do: str) -> None:
    assert against(PUMP, "2026-03-25 10:00", "refill", f"2026-03-25 10:00 {do}") == f"a step to {do} has no dose"


@pytest.mark.parametrize("do", ["refill", "draw", "observe", "check", "hold", "stop", "review"])
def test_a_step_that_moves_no_dose_needs_none_and_may_not_carry_one(do: str) -> None:
    assert against(PUMP, "2026-03-25 10:00", "refill", f"2026-03-25 10:00 {do}") == ""
    assert (
        against(PUMP, "2026-03-25 10:00", "refill", f"2026-03-25 10:00 {do} 50 mcg")
        == f"50 mcg to {do} is outside what is allowed"
    )


def test_every_wrong_step_is_named() -> None:
    said = against(PUMP, "2026-03-25 10:00", "adjust", "2026-03-25 10:00 program 5 mcg/day", "2026-03-26 10:00 give")
    assert said == "5 mcg daily to program is outside what is allowed; a step to give has no dose"


@pytest.mark.parametrize(
    ("dose", "allowed"),
    [("24.9 mcg", False), ("25 mcg", True), ("100 mcg", True), ("100.1 mcg", False), ("1 mg", False)],
)
def test_a_bolus_is_between_25_and_100_mcg(dose: str, allowed: bool) -> None:
    said = against(FIRST, "2026-03-01 10:00", "trial", f"2026-03-01 10:00 give {dose}")
    assert ("is outside what is allowed" not in said) is allowed


def test_a_bolus_in_another_unit_than_mcg_is_refused_whatever_its_number() -> None:
    for dose in ("50 mg", "0.05 mg", "50 mcg/day", "50 mcg/h"):
        assert "outside" in against(FIRST, "2026-03-01 10:00", "trial", f"2026-03-01 10:00 give {dose}")


@pytest.mark.parametrize(
    ("dose", "allowed"),
    [
        ("11.9 mcg/day", False),
        ("12 mcg/day", True),
        ("2003 mcg/day", True),
        ("2003.1 mcg/day", False),
        ("1 mg/day", False),
    ],
)
def test_a_program_is_between_12_and_2003_mcg_a_day(dose: str, allowed: bool) -> None:
    said = against(PUMP, "2026-03-25 10:00", "adjust", f"2026-03-25 10:00 program {dose}", overridden="Dr X: asked")
    assert (said == "") is allowed


@pytest.mark.parametrize(
    ("bridge", "allowed"),
    [
        ("12 mcg over 24", True),
        ("11.9 mcg over 24", False),
        ("2003 mcg over 24", True),
        ("2003.1 mcg over 24", False),
        ("50 mcg over 2", True),
        ("50 mcg over 0.5", False),
        ("50 mcg over 0", False),
        ("50 mcg", False),
        ("0.05 mg over 2", False),
        ("50 mg over 2", False),
    ],
)
def test_a_bridge_runs_no_slower_and_no_faster_than_a_program_may(bridge: str, allowed: bool) -> None:
    said = against(PUMP, "2026-03-25 10:00", "strength change", f"2026-03-25 10:00 bridge {bridge}")
    assert ("is outside what is allowed" not in said) is allowed


# --- titration ------------------------------------------------------------------------------------------------------


@pytest.mark.carries("ADM-03")
@pytest.mark.parametrize(
    ("dose", "allowed"), [("2.4 mg/day", False), ("2.5 mg/day", True), ("15 mg/day", True), ("15.1 mg/day", False)]
)
def test_the_first_doses_by_mouth_lie_between_half_a_tablet_and_one_rise(dose: str, allowed: bool) -> None:
    assert (against(WELL, "2026-01-06 10:00", "titration", f"2026-01-06 10:00 take {dose}") == "") is allowed


def test_a_rise_that_is_too_large_is_told_with_both_numbers() -> None:
    assert (
        against(TAKING, "2026-01-10 10:00", "titration", "2026-01-10 10:00 take 30.5 mg/day")
        == "a rise of 15.5 mg a day is more than 15 mg"
    )
    assert against(TAKING, "2026-01-10 10:00", "titration", "2026-01-10 10:00 take 30 mg/day") == ""


def test_a_rise_comes_three_calendar_days_after_the_last_change_and_not_sooner() -> None:
    assert (
        against(TAKING, "2026-01-07 10:00", "titration", "2026-01-08 23:59 take 20 mg/day")
        == "a rise comes sooner than 3 days after the last change"
    )
    assert against(TAKING, "2026-01-07 10:00", "titration", "2026-01-09 00:00 take 20 mg/day") == ""
    steps = ("2026-01-09 09:00 take 20 mg/day", "2026-01-11 23:59 take 25 mg/day")
    assert "sooner than 3 days" in against(TAKING, "2026-01-07 10:00", "titration", *steps)
    assert against(TAKING, "2026-01-07 10:00", "titration", steps[0], "2026-01-12 08:00 take 35 mg/day") == ""


def test_the_same_dose_or_a_smaller_one_may_come_at_any_time() -> None:
    for dose in ("15 mg/day", "10 mg/day"):
        assert against(TAKING, "2026-01-06 10:00", "titration", f"2026-01-06 10:00 take {dose}") == ""


def test_the_ceiling_of_80_mg_holds_however_small_the_rise() -> None:
    text = WELL + "2026-01-06 09:00 oral 20 mg four times a day\n"
    assert "outside" in against(text, "2026-01-20 10:00", "titration", "2026-01-20 10:00 take 80.5 mg/day")
    assert against(text, "2026-01-20 10:00", "titration", "2026-01-20 10:00 take 80 mg/day") == ""


def test_coming_down_from_above_the_kidneys_ceiling_is_allowed_and_going_up_there_is_not() -> None:
    text = ADULT + "2026-01-05 lab clearance 40 mL/min\n2026-01-06 09:00 oral 20 mg three times a day\n"
    now = "2026-01-20 10:00"
    assert against(text, now, "titration", "2026-01-20 10:00 take 55 mg/day") == ""
    assert against(text, now, "titration", "2026-01-20 10:00 take 60 mg/day") == ""
    assert "outside" in against(text, now, "titration", "2026-01-20 10:00 take 60.5 mg/day")
    less = text.replace("20 mg three", "10 mg three")
    assert against(less, now, "titration", "2026-01-20 10:00 take 37.5 mg/day") == ""
    assert "outside" in against(less, now, "titration", "2026-01-20 10:00 take 40.5 mg/day")
    assert "outside" in against(text, now, "start", "2026-01-20 10:00 take 55 mg/day")


def test_coming_down_stays_under_80_mg_and_over_half_a_tablet() -> None:
    text = WELL + "2026-01-06 09:00 oral 30 mg four times a day\n"
    assert against(text, "2026-01-20 10:00", "titration", "2026-01-20 10:00 take 80 mg/day") == ""
    assert "outside" in against(text, "2026-01-20 10:00", "titration", "2026-01-20 10:00 take 80.5 mg/day")
    assert "outside" in against(text, "2026-01-20 10:00", "titration", "2026-01-20 10:00 take 2.4 mg/day")
    unknown = text.replace("2026-01-05 lab creatinine 0.7 mg/dL\n", "")
    assert "outside" in against(unknown, "2026-01-20 10:00", "titration", "2026-01-20 10:00 take 60 mg/day")


def test_nothing_is_titrated_where_what_is_taken_contradicts_itself() -> None:
    text = WELL + "2026-01-06 09:00 oral 5 mg three times a day\n2026-01-06 09:00 oral 10 mg three times a day\n"
    assert (
        against(text, "2026-01-10 10:00", "titration", "2026-01-10 10:00 take 15 mg/day")
        == "what is taken by mouth today is not known"
    )
    assert against(text, "2026-01-10 10:00", "taper", "2026-01-10 10:00 take 5 mg/day").startswith("nothing is taken")


def test_a_titration_without_a_dose_or_a_kidney_value_is_refused() -> None:
    said = "no dose, or no kidney value, to judge"
    assert against(TAKING, "2026-01-10 10:00", "titration", "2026-01-10 10:00 review") == said
    assert against(ADULT, "2026-01-10 10:00", "titration", "2026-01-10 10:00 review") == said


def test_a_titration_of_something_else_than_a_dose_by_mouth_is_no_titration() -> None:
    assert "outside" in against(WELL, "2026-01-06 10:00", "titration", "2026-01-06 10:00 take 15 mg")
    assert "outside" in against(WELL, "2026-01-06 10:00", "titration", "2026-01-06 10:00 take 15 mcg/day")
    said = against(WELL, "2026-01-06 10:00", "titration", "2026-01-06 10:00 give 50 mcg")
    assert said == "no dose, or no kidney value, to judge"


# --- taper ----------------------------------------------------------------------------------------------------------

TAPER = (
    "2026-01-20 10:00 take 10 mg/day",
    "2026-01-25 10:00 take 7.5 mg/day",
    "2026-01-30 10:00 take 5 mg/day",
    "2026-02-03 10:00 stop",
)


@pytest.mark.carries("WD-06")
def test_a_taper_falls_step_by_step_and_stops_after_its_days() -> None:
    assert against(TAKING, "2026-01-20 10:00", "taper", *TAPER) == ""
    assert against(TAKING, "2026-01-20 10:00", "taper", *TAPER, "2026-02-04 10:00 review") == ""


def test_a_taper_is_not_shorter_than_its_days_of_the_calendar() -> None:
    early = (*TAPER[:3], "2026-02-02 23:59 stop")
    assert against(TAKING, "2026-01-20 10:00", "taper", *early) == "it is shorter than 14 days"
    assert against(TAKING, "2026-01-20 10:00", "taper", *TAPER[:3], "2026-02-03 00:00 stop") == ""


def test_a_taper_rises_nowhere_and_stands_still_nowhere() -> None:
    assert (
        against(TAKING, "2026-01-20 10:00", "taper", "2026-01-20 10:00 take 15 mg/day", *TAPER[1:])
        == "15 mg a day is not less than 15 mg; a fall from 15 to 7.5 mg a day is too large; 10 mg is the lowest"
    )
    again = (TAPER[0], "2026-01-22 10:00 take 10 mg/day", *TAPER[1:])
    assert against(TAKING, "2026-01-20 10:00", "taper", *again) == "10 mg a day is not less than 10 mg"


def test_a_taper_ends_in_one_stop() -> None:
    said = "a taper ends with one stop after its last dose"
    assert against(TAKING, "2026-01-20 10:00", "taper", *TAPER[:3]) == said
    assert against(TAKING, "2026-01-20 10:00", "taper", *TAPER[:3], "2026-02-03 10:00 review") == said
    assert against(TAKING, "2026-01-20 10:00", "taper", *TAPER, "2026-02-04 10:00 stop") == said
    assert against(TAKING, "2026-01-20 10:00", "taper", *TAPER, "2026-02-04 10:00 take 2.5 mg/day") == said
    assert against(TAKING, "2026-01-20 10:00", "taper", "2026-02-03 10:00 stop") == said
    between = (*TAPER[:2], "2026-01-29 10:00 stop", TAPER[2], "2026-02-04 10:00 review")
    assert said in against(TAKING, "2026-01-20 10:00", "taper", *between)


def test_a_taper_stops_only_from_5_mg_or_less() -> None:
    high = (*TAPER[:2], "2026-01-30 10:00 take 5.5 mg/day", TAPER[3])
    assert against(TAKING, "2026-01-20 10:00", "taper", *high) == "its last dose is too large to stop from"


@pytest.mark.parametrize(
    ("taken", "steps", "allowed"),
    [
        ("30 mg four times a day", ("2026-01-20 10:00 take 105 mg/day",), True),
        ("30 mg four times a day", ("2026-01-20 10:00 take 104.9 mg/day",), False),
        ("30 mg four times a day", ("2026-01-20 10:00 take 80 mg/day",), False),
        ("30 mg four times a day", ("2026-01-20 10:00 take 105 mg/day", "2026-01-22 00:10 take 90 mg/day"), True),
        ("30 mg four times a day", ("2026-01-20 10:00 take 105 mg/day", "2026-01-21 23:00 take 90 mg/day"), False),
        ("20 mg four times a day", ("2026-01-20 10:00 take 53.4 mg/day",), True),
        ("20 mg four times a day", ("2026-01-20 10:00 take 53.3 mg/day",), False),
        ("20 mg four times a day", ("2026-01-20 10:00 take 60 mg/day", "2026-01-22 10:00 take 40 mg/day"), True),
        ("20 mg four times a day", ("2026-01-20 10:00 take 60 mg/day", "2026-01-21 23:00 take 40 mg/day"), False),
        ("2.5 mg three times a day", ("2026-01-20 10:00 take 2.5 mg/day",), True),
        ("2.5 mg twice a day", ("2026-01-20 10:00 stop",), True),
        ("2.5 mg once a day", ("2026-01-20 10:00 stop",), True),
    ],
)
def test_one_step_of_a_taper_falls_by_15_mg_above_80_then_a_third_then_5_mg(
    taken: str, steps: tuple[str, ...], allowed: bool
) -> None:
    """The doses after the step under test are those of a slow taper, so that only that step can be refused."""
    text = WELL + f"2026-01-06 09:00 oral {taken}\n"
    said = against(text, "2026-01-20 10:00", "taper", *steps)
    said = "; ".join(each for each in said.split("; ") if "ends with one stop" not in each)
    assert (said == "") is allowed


def test_a_taper_written_after_a_fall_of_today_waits_for_its_next_step() -> None:
    text = TAKING + "2026-01-20 08:00 oral 5 mg twice a day\n"
    steps = ("2026-01-20 10:00 take 7.5 mg/day", "2026-01-30 10:00 take 5 mg/day", "2026-02-05 10:00 stop")
    assert "sooner than 2 days" in against(text, "2026-01-20 10:00", "taper", *steps)
    assert against(text, "2026-01-20 10:00", "taper", "2026-01-22 00:10 take 7.5 mg/day", *steps[1:]) == ""


def test_a_taper_may_pass_above_the_kidneys_ceiling_or_without_a_kidney_value() -> None:
    text = ADULT + "2026-01-06 09:00 oral 20 mg three times a day\n"
    rest = [f"2026-01-{day} 10:00 take {dose} mg/day" for day, dose in ((22, 40), (24, 30), (26, 20), (28, 15))]
    rest += ["2026-01-30 10:00 take 10 mg/day", "2026-02-01 10:00 take 7.5 mg/day", "2026-02-10 10:00 stop"]
    low = [*rest[:-1], "2026-02-03 10:00 take 2.5 mg/day", rest[-1]]
    assert against(text, "2026-01-20 10:00", "taper", "2026-01-20 10:00 take 55 mg/day", *low) == ""
    lower = [*rest[:-1], "2026-02-03 10:00 take 2.4 mg/day", rest[-1]]
    assert "outside" in against(text, "2026-01-20 10:00", "taper", "2026-01-20 10:00 take 55 mg/day", *lower)


def test_nobody_is_tapered_who_takes_nothing() -> None:
    said = "nothing is taken by mouth that could be tapered"
    assert against(WELL, "2026-01-20 10:00", "taper", *TAPER) == said


def test_use_counts_as_long_after_the_sixtieth_day() -> None:
    assert taper_days(facts(TAKING, "2026-03-07 10:00")) == timedelta(days=14)
    assert taper_days(facts(TAKING, "2026-03-08 10:00")) == timedelta(days=21)


def test_where_the_length_of_use_is_not_known_the_longer_taper_holds() -> None:
    unknown = WELL + "2026-01-06 09:00 oral 5 mg three times a day\n2026-01-06 09:00 oral 10 mg three times a day\n"
    assert taper_days(facts(unknown, "2026-01-20 10:00")) == timedelta(days=21)
    assert taper_days(facts(WELL, "2026-01-20 10:00")) == timedelta(days=21)


# --- screening trial ------------------------------------------------------------------------------------------------


@pytest.mark.carries("ITB-03")
@pytest.mark.parametrize(("dose", "said"), [("25", ""), ("50", ""), ("60", "60 mcg is not one of the screening doses")])
def test_a_first_screening_bolus_is_one_of_the_ladder(dose: str, said: str) -> None:
    assert against(FIRST, "2026-03-01 10:00", "trial", f"2026-03-01 10:00 give {dose} mcg") == said


def test_after_no_response_the_next_larger_bolus_comes_24_h_later() -> None:
    assert against(NO_RESPONSE, "2026-03-01 18:00", "trial", "2026-03-02 09:00 give 75 mcg") == ""
    assert (
        against(NO_RESPONSE, "2026-03-01 18:00", "trial", "2026-03-02 08:59 give 75 mcg")
        == "two screening boluses are less than 24 h apart"
    )
    again = "a screening bolus after one without response must be the next larger one"
    for dose in ("50", "25"):
        assert against(NO_RESPONSE, "2026-03-01 18:00", "trial", f"2026-03-02 09:00 give {dose} mcg") == again
    assert (
        against(NO_RESPONSE, "2026-03-01 18:00", "trial", "2026-03-02 09:00 give 100 mcg")
        == "a screening dose was skipped"
    )
    assert (
        against(NO_RESPONSE, "2026-03-01 18:00", "trial", "2026-03-02 09:00 give 60 mcg")
        == "60 mcg is not one of the screening doses"
    )


def test_the_boluses_of_one_plan_are_held_to_the_same_distance_and_order() -> None:
    first = "2026-03-01 10:00 give 50 mcg"
    assert against(FIRST, "2026-03-01 10:00", "trial", first, "2026-03-02 10:00 give 75 mcg") == ""
    assert "24 h apart" in against(FIRST, "2026-03-01 10:00", "trial", first, "2026-03-02 09:59 give 75 mcg")
    assert "skipped" in against(FIRST, "2026-03-01 10:00", "trial", first, "2026-03-02 10:00 give 100 mcg")


def test_after_an_odd_dose_on_the_chart_no_step_counts_as_skipped() -> None:
    odd = NO_RESPONSE.replace("trial 50 mcg", "trial 60 mcg")
    assert against(odd, "2026-03-01 18:00", "trial", "2026-03-02 09:00 give 100 mcg") == ""


@pytest.mark.parametrize("line", ["", "2026-03-01 17:00 response positive; lasted 7 h\n"])
def test_no_further_bolus_after_a_response_or_an_unwritten_one(line: str) -> None:
    text = FIRST + "2026-03-01 09:00 trial 50 mcg\n" + line
    assert (
        against(text, "2026-03-01 18:00", "trial", "2026-03-02 09:00 give 75 mcg")
        == "the last screening bolus was not without response, or its response is not recorded"
    )


def test_a_trial_has_a_bolus() -> None:
    assert against(FIRST, "2026-03-01 10:00", "trial", "2026-03-01 10:00 observe") == "no screening bolus"


# --- start ----------------------------------------------------------------------------------------------------------


@pytest.mark.carries("ITB-04")
@pytest.mark.parametrize(("lasted", "dose"), [("7.9 h", 100), ("8 h", 50), ("12 h", 50)])
def test_the_start_is_twice_the_screening_dose_unless_it_lasted_8_h(lasted: str, dose: int) -> None:
    text = FILLED.replace("lasted 7 h", f"lasted {lasted}")
    found = facts(text, "2026-03-20 12:00")
    assert start_dose(found) == Quantity.of(dose, "mcg/day")
    assert against(text, "2026-03-20 12:00", "start", f"2026-03-20 12:00 program {dose} mcg/day") == ""
    assert (
        against(text, "2026-03-20 12:00", "start", f"2026-03-20 12:00 program {dose + 1} mcg/day")
        == "the dose is not the one of the start rule"
    )


def test_the_start_rests_on_the_last_screening_and_only_if_it_was_positive_and_timed() -> None:
    first = "2026-02-28 09:00 trial 25 mcg\n2026-02-28 17:00 response positive; lasted 4 h\n2026-03-01 09:00 trial"
    both = FILLED.replace("2026-03-01 09:00 trial", first)
    assert start_dose(facts(both, "2026-03-20 12:00")) == Quantity.of(100, "mcg/day")
    for outcome in ("response none", "response positive"):
        text = both.replace("response positive; lasted 7 h", outcome)
        assert start_dose(facts(text, "2026-03-20 12:00")) is None
        assert against(text, "2026-03-20 12:00", "start", "2026-03-20 12:00 program 50 mcg/day").startswith("a start")


def test_a_start_needs_a_pump_and_one_dose() -> None:
    said = "a start needs a pump, a positive screening response with its duration, and one dose"
    assert against(SCREENED, "2026-03-20 12:00", "start", "2026-03-20 12:00 program 100 mcg/day") == said
    assert against(FILLED, "2026-03-20 12:00", "start", "2026-03-20 12:00 review") == said
    twice = ("2026-03-20 12:00 program 100 mcg/day", "2026-03-21 12:00 program 100 mcg/day")
    assert against(FILLED, "2026-03-20 12:00", "start", *twice) == said
    assert against(FIRST + FILLED[len(SCREENED) :], "2026-03-20 12:00", "start", twice[0]) == said


# --- adjustment -----------------------------------------------------------------------------------------------------


@pytest.mark.carries("ITB-05")
@pytest.mark.parametrize(
    ("dose", "said"),
    [
        ("110", ""),
        ("130", ""),
        # Smaller steps than the usual ones find the optimum (ITB-04).
        ("109.9", ""),
        ("100.1", ""),
        ("130.1", "a change of 30.1% is outside the window (10 to 30% upwards, 10 to 20% downwards)"),
        ("90", ""),
        ("80", ""),
        ("90.1", ""),
        ("99.9", ""),
        ("79.9", "a change of -20.1% is outside the window (10 to 30% upwards, 10 to 20% downwards)"),
        ("100", "a change of 0% is outside the window (10 to 30% upwards, 10 to 20% downwards)"),
        ("133.3333", "a change of 33.33% is outside the window (10 to 30% upwards, 10 to 20% downwards)"),
    ],
)
def test_an_adjustment_stays_in_the_window_up_or_down(dose: str, said: str) -> None:
    assert against(PUMP, "2026-03-25 10:00", "adjust", f"2026-03-25 10:00 program {dose} mcg/day") == said


@pytest.mark.parametrize(
    ("origin", "born", "day", "window"),
    [
        ("spinal", "1979-04-11", "2026-05-19 11:05", (10, 30)),
        ("spinal", "1979-04-11", "2026-05-19 11:06", (10, 40)),
        ("cerebral", "1979-04-11", "2026-05-19 11:05", (5, 15)),
        ("cerebral", "1979-04-11", "2026-05-19 11:06", (5, 20)),
        ("spinal", "2008-05-20", "2026-05-19 11:05", (5, 15)),
        ("spinal", "2008-05-19", "2026-05-19 11:05", (10, 30)),
    ],
)
def test_the_window_follows_the_origin_the_age_and_the_sixty_days(
    origin: str, born: str, day: str, window: tuple[int, int]
) -> None:
    text = PUMP.replace("origin spinal", f"origin {origin}").replace("1979-04-11", born)
    found, state = pump(text, day)
    assert adjust_window(found, state, found.now) == window
    assert maintenance(found, state, found.now) is (day == "2026-05-19 11:06")


def test_without_a_birth_date_there_is_no_window_because_a_child_has_another() -> None:
    found, state = pump(PUMP.replace("; born 1979-04-11", ""), "2026-03-25 10:00")
    assert adjust_window(found, state, found.now) is None


def test_where_the_origin_is_not_known_no_adjustment_passes() -> None:
    text = PUMP.replace("; origin spinal", "")
    found, state = pump(text, "2026-03-25 10:00")
    assert adjust_window(found, state, found.now) is None
    assert (
        against(text, "2026-03-25 10:00", "adjust", "2026-03-25 10:00 program 110 mcg/day")
        == "the origin of the spasticity is not known"
    )
    early = against(text, "2026-03-21 10:00", "adjust", "2026-03-21 10:00 program 110 mcg/day")
    assert early.startswith("the last change is less than 24 h old")
    assert early.endswith("the origin of the spasticity is not known")


def test_a_pump_that_never_ran_is_not_in_maintenance() -> None:
    found, state = pump(FILLED, "2026-08-01 10:00")
    assert maintenance(found, state, found.now) is False


def test_an_adjustment_comes_24_h_after_the_last_change_and_not_a_minute_sooner() -> None:
    text = PUMP + "2026-03-25 10:00 program continuous 120 mcg/day\n"
    assert against(text, "2026-03-25 12:00", "adjust", "2026-03-26 10:00 program 140 mcg/day") == ""
    assert (
        against(text, "2026-03-25 12:00", "adjust", "2026-03-26 09:59 program 140 mcg/day")
        == "the last change is less than 24 h old (100 mcg daily)"
    )


def test_the_first_24_h_see_no_rise_but_an_override_does_not_undo_that() -> None:
    day = "2026-03-20 12:00"
    said = "the last change is less than 24 h old (no dose before it); no rise in the first 24 h"
    assert against(PUMP, day, "adjust", "2026-03-21 11:04 program 120 mcg/day") == said
    assert against(PUMP, day, "adjust", "2026-03-21 11:05 program 120 mcg/day") == ""
    assert against(PUMP, day, "adjust", "2026-03-21 11:04 program 120 mcg/day", overridden="Dr X: asked") == said
    down = against(PUMP, day, "adjust", "2026-03-21 11:04 program 90 mcg/day")
    assert down == "the last change is less than 24 h old (no dose before it)"
    assert "in the first" not in against(PUMP, day, "adjust", "2026-03-21 11:04 program 100 mcg/day")


def test_an_override_opens_the_size_of_the_step() -> None:
    assert (
        against(PUMP, "2026-03-25 10:00", "adjust", "2026-03-25 10:00 program 200 mcg/day", overridden="Dr X: so") == ""
    )


def test_an_adjustment_needs_a_running_program_and_one_dose() -> None:
    said = "an adjustment needs a running program and one new dose"
    one = "2026-03-25 10:00 program 110 mcg/day"
    assert against(SCREENED, "2026-03-25 10:00", "adjust", one) == said
    assert against(FILLED, "2026-03-25 10:00", "adjust", one) == said
    assert against(PUMP, "2026-03-25 10:00", "adjust", "2026-03-25 10:00 review") == said
    assert against(PUMP, "2026-03-25 10:00", "adjust", one, "2026-03-26 10:00 program 121 mcg/day") == said
    found, state = pump(PUMP, "2026-03-25 10:00")
    plan = Plan("adjust", "", "clinic", (step(one),), "", (), ())
    assert check(plan, found, replace(state, program_since=None)) == (said,)


def test_the_dose_of_24_h_before_is_seen_through_several_steps_of_one_day() -> None:
    text = PUMP + "2026-03-25 10:00 program continuous 120 mcg/day\n2026-03-25 16:00 program continuous 140 mcg/day\n"
    _, state = pump(text, "2026-03-25 18:00")
    noon = datetime(2026, 3, 26, 9, 59, tzinfo=UTC)
    assert dose_before(state, noon) == Quantity.of(100, "mcg/day")
    assert dose_before(state, noon + timedelta(minutes=1)) == Quantity.of(120, "mcg/day")
    assert dose_before(state, noon + timedelta(hours=7)) == Quantity.of(140, "mcg/day")
    assert dose_before(state, datetime(2026, 3, 21, 11, 4, tzinfo=UTC)) is None


def test_the_dose_of_the_pump_before_an_exchange_is_the_dose_before() -> None:
    text = PUMP + "2026-04-01 10:00 implant SynchroMed II 40 mL; line 0.364 mL\n"
    _, state = pump(text, "2026-04-01 12:00")
    assert dose_before(state, datetime(2026, 4, 2, 10, 0, tzinfo=UTC)) == Quantity.of(100, "mcg/day")
    again = text + "2026-04-01 10:00 program continuous 90 mcg/day\n"
    _, state = pump(again, "2026-04-01 12:00")
    assert dose_before(state, datetime(2026, 4, 2, 10, 0, tzinfo=UTC)) == Quantity.of(90, "mcg/day")


# --- refill, change of strength -------------------------------------------------------------------------------------


def test_a_refill_needs_a_pump_and_changes_no_dose() -> None:
    said = "a refill needs a pump and changes no dose"
    assert against(PUMP, "2026-03-25 10:00", "refill", "2026-03-25 10:00 refill") == ""
    assert against(SCREENED, "2026-03-25 10:00", "refill", "2026-03-25 10:00 refill") == said
    assert against(PUMP, "2026-03-25 10:00", "refill", "2026-03-25 10:00 program 100 mcg/day") == said
    assert against(PUMP, "2026-03-25 10:00", "refill", "2026-03-25 10:00 bridge 182 mcg over 14.56") == said


PROGRAM = "2026-03-25 10:00 program 300 mcg/day"


@pytest.mark.parametrize(
    ("bridge", "allowed"),
    [
        ("182 mcg over 14.56", True),
        ("182.05 mcg over 14.56", True),
        ("181.95 mcg over 14.56", True),
        ("182.06 mcg over 14.56", False),
        ("181.94 mcg over 14.56", False),
        ("182 mcg over 14.42", True),
        ("182 mcg over 14.41", False),
        ("182 mcg over 14.70", True),
        ("182 mcg over 14.71", False),
        ("182 mcg over 58.24", False),
        ("728 mcg over 58.24", False),
    ],
)
def test_the_bridge_is_the_line_at_the_old_strength_and_the_old_hourly_dose(bridge: str, allowed: bool) -> None:
    said = against(RUNNING, "2026-03-25 10:00", "strength change", f"2026-03-25 10:00 bridge {bridge}", PROGRAM)
    assert said == ("" if allowed else "the bridge bolus is not line volume x old strength at the old hourly dose")


def test_a_rate_of_the_bridge_exactly_one_percent_off_is_still_the_same() -> None:
    text = RUNNING.replace("line 0.364 mL", "line 0.303 mL")
    steps = ("2026-03-25 10:00 bridge 151.5 mcg over 12", PROGRAM)
    assert against(text, "2026-03-25 10:00", "strength change", *steps) == ""


def test_a_change_of_strength_keeps_the_daily_dose_and_has_one_bridge() -> None:
    said = "a change of strength has one bridge bolus and keeps the daily dose"
    bridge = "2026-03-25 10:00 bridge 182 mcg over 14.56"
    now, kind = "2026-03-25 10:00", "strength change"
    assert against(RUNNING, now, kind, bridge) == said
    assert against(RUNNING, now, kind, PROGRAM) == said
    assert against(RUNNING, now, kind, bridge, bridge, PROGRAM) == said
    assert against(RUNNING, now, kind, bridge, PROGRAM, PROGRAM) == said
    assert against(RUNNING, now, kind, bridge, PROGRAM.replace("300", "310")) == said


@pytest.mark.parametrize("missing", ["program", "line_volume", "fill"])
def test_a_change_of_strength_needs_program_strength_and_line(missing: str) -> None:
    found, state = pump(RUNNING, "2026-03-25 10:00")
    steps = (step("2026-03-25 10:00 bridge 182 mcg over 14.56"), step(PROGRAM))
    plan = Plan("strength change", "", "clinic", steps, "", (), ())
    said = "a change of strength needs a running program, a strength and the volume of the line"
    assert check(plan, found, state) == ()
    assert check(plan, found, replace(state, **{missing: None})) == (said,)
    assert check(plan, found, None) == (said,)


# --- holiday, restart -----------------------------------------------------------------------------------------------

HOLIDAY = (
    "2026-03-25 10:00 program 80 mcg/day",
    "2026-03-26 10:00 program 64 mcg/day",
    "2026-04-08 10:00 stop",
)


def holiday(*steps: str, setting: str = "inpatient", text: str = PUMP) -> str:
    return against(text, "2026-03-25 10:00", "holiday", *steps, setting=setting)


@pytest.mark.carries("TOL-03")
def test_a_holiday_falls_gradually_in_hospital_over_14_to_28_days() -> None:
    assert holiday(*HOLIDAY) == ""
    assert holiday(*HOLIDAY, setting="home") == "a drug holiday happens only in hospital"
    assert holiday(*HOLIDAY[:2], "2026-04-08 09:59 stop") == "its length of 13 days is outside 14 to 28 days"
    assert holiday(*HOLIDAY[:2], "2026-04-22 10:00 stop") == ""
    assert holiday(*HOLIDAY[:2], "2026-04-22 10:01 stop") == "its length of 28 days is outside 14 to 28 days"


def test_each_step_of_a_holiday_falls_by_a_fifth_at_most_and_comes_a_day_after_the_last() -> None:
    first, _, end = HOLIDAY
    assert holiday(first.replace("80", "79.9"), end) == ""
    assert holiday(first.replace("80", "79.8"), end) == "the step to 79.8 mcg a day is no gradual fall"
    assert holiday(first.replace("80", "100"), end) == "the step to 100 mcg a day is no gradual fall"
    assert holiday(first, "2026-03-26 10:00 program 80 mcg/day", end) == "the step to 80 mcg a day is no gradual fall"
    assert (
        holiday(first, "2026-03-26 10:00 program 63.8 mcg/day", end) == "the step to 63.8 mcg a day is no gradual fall"
    )
    assert holiday(first, "2026-03-26 09:59 program 64 mcg/day", end) == "two steps in less than 24 h"


def test_a_holiday_needs_a_program_steps_and_one_end() -> None:
    said = "a holiday needs a running program, steps, and an end"
    assert holiday(*HOLIDAY, text=SCREENED) == said
    assert holiday(*HOLIDAY, text=FILLED) == said
    assert holiday(*HOLIDAY[:2]) == said
    assert holiday(HOLIDAY[2]) == said
    assert holiday(*HOLIDAY, "2026-04-09 10:00 stop") == said
    assert holiday(*HOLIDAY[:2], setting="home") == f"a drug holiday happens only in hospital; {said}"


STOPPED = PUMP + "2026-03-22 12:00 program continuous 130 mcg/day\n2026-03-25 10:00 program stop\n"


def restarting(text: str, now: str, dose: int, setting: str = "monitored") -> str:
    return against(text, now, "restart", f"{now} program {dose} mcg/day", setting=setting)


NOT_OFFERED = "the restart rule does not offer this dose"


@pytest.mark.carries("WD-02")
def test_a_short_gap_is_restarted_at_the_old_dose_and_a_longer_one_at_the_start_dose() -> None:
    assert restarting(STOPPED, "2026-03-27 10:00", 130) == ""
    assert restarting(STOPPED, "2026-03-27 10:00", 130, "clinic") == "every restart is monitored"
    for dose in (100, 120):
        assert restarting(STOPPED, "2026-03-27 10:00", dose) == NOT_OFFERED
    assert restarting(STOPPED, "2026-03-27 10:01", 130) == NOT_OFFERED
    assert restarting(STOPPED, "2026-03-27 10:01", 100, "inpatient") == ""


def test_the_start_dose_of_a_restart_is_never_more_than_what_ran_before() -> None:
    less = STOPPED.replace("130 mcg/day", "60 mcg/day")
    assert restarting(less, "2026-04-25 10:00", 60) == ""
    assert restarting(less, "2026-04-25 10:00", 100) == f"{NOT_OFFERED}; a restart never exceeds the dose before it"


def test_a_long_gap_without_a_screening_response_opens_no_dose() -> None:
    text = STOPPED.replace("response positive; lasted 7 h", "response none")
    assert restarting(text, "2026-04-25 10:00", 100) == NOT_OFFERED


def test_a_restart_needs_a_pump_that_ran_and_one_dose() -> None:
    said = "a restart needs a pump that ran before, and one dose"
    one = "2026-03-26 10:00 program 140 mcg/day"
    assert against(SCREENED, "2026-03-26 10:00", "restart", one) == said
    assert against(FILLED, "2026-03-26 10:00", "restart", one) == said
    assert against(STOPPED, "2026-03-26 10:00", "restart", "2026-03-26 10:00 review") == said
    assert against(STOPPED, "2026-03-26 10:00", "restart", one, one) == said


def test_a_restart_with_drug_beyond_its_stability_needs_a_refill() -> None:
    late = "2026-10-20 10:00"
    assert "older than its stability" in restarting(STOPPED, late, 100, "inpatient")


def gap_hours(text: str, now: str) -> float | None:
    gap = interruption(*pump(text, now))
    return None if gap is None or not gap.sure else gap.hours


def test_a_gap_begins_with_the_stop_or_the_dry_reservoir_whichever_was_first() -> None:
    assert gap_hours(STOPPED, "2026-03-26 16:00") == 30
    assert gap_hours(PUMP, "2026-03-26 16:00") is None
    dry = PUMP + "2026-06-20 11:05 program stop\n"  # 18 mL at 0.2 mL a day: dry since 2026-06-18 11:05
    assert gap_hours(dry, "2026-06-21 11:05") == 72
    assert gap_hours(PUMP, "2026-06-18 10:05") is None
    assert gap_hours(PUMP, "2026-06-19 11:05") == 24


def test_the_length_of_a_gap_is_not_known_where_delivery_was_uncertain_or_the_balance_broke() -> None:
    assert gap_hours(STOPPED + "2026-03-25 12:00 device stall\n", "2026-03-26 16:00") is None
    assert gap_hours(STOPPED + "2026-03-25 12:00 residual 12 mL\n", "2026-03-26 16:00") is None
    assert gap_hours(STOPPED + "2026-03-25 12:00 revision catheter\n", "2026-03-25 12:00") == 2
    assert gap_hours(PUMP + "2026-03-25 12:00 revision catheter\n", "2026-03-25 12:00") is None


@pytest.mark.parametrize(
    ("regimen", "allowed"),
    [
        ("20 mg four times a day", True),
        ("20 mg three times a day", False),
        ("20 mg four times a day + 5 mg as needed, at most 1 a day", False),
        ("40 mg twice a day", False),
    ],
)
def test_as_needed_doses_end_alone_only_where_the_rest_goes_on_exactly(regimen: str, allowed: bool) -> None:
    text = WELL + "2026-01-06 09:00 oral 20 mg four times a day + 10 mg as needed, at most 2 a day\n"
    chart = facts(text, "2026-01-20 10:00")
    other = facts(WELL + f"2026-01-06 09:00 oral {regimen}\n", "2026-01-20 10:00").oral
    assert isinstance(other, Known)
    assert other.value is not None
    (new,) = other.value.regimens
    take = Step(chart.now, "take", "x", new.scheduled, writes=e.Oral(new))
    plan = Plan("taper", "x", "home", (take, Step(chart.now + timedelta(days=3), "review", "x")), "x", (), ())
    assert (check(plan, chart, None) == ()) is allowed

"""The restart after an interruption: never the dose that did harm, never more than the dose before, one rule everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.hazards.answers import advise, doses, finding, grade, plans, refusals, restarts, texts
from tests.in_use import case

ONE, FOUR, FIVE, EIGHT = (case(number) for number in ("01", "04", "05", "08"))


# --- overdose or programming error (case 01) ---------------------------------------------------------------------------


@pytest.mark.hazard("H61")
@pytest.mark.carries("TOX-01")
@pytest.mark.parametrize(
    ("changes", "dose"),
    [
        ([], 100),
        # Another factor, without any sign of overdose.
        ([("1000 mcg/day", "250 mcg/day"), ("symptom coma; resolved", "contact"), ("symptom coma", "contact")], 100),
        # The doubling per day is inside no rule either; the signs were written only once they were gone.
        ([("1000 mcg/day", "200 mcg/day"), ("2025-12-21 08:00 symptom coma\n", "")], 100),
        # A step inside the rules that was followed by somnolence: still the dose before it.
        ([("1000 mcg/day", "130 mcg/day"), ("coma", "somnolence")], 100),
        # The error was corrected half-way before the stop: neither 1,000 nor 800.
        ([("2025-12-21 08:00 symptom", "2025-12-20 20:00 program continuous 800 mcg/day\n2025-12-21 08:00 symptom")], 100),
        # The reservoir was emptied and no stop was written.
        ([("2025-12-21 08:30 program stop", "2025-12-21 08:30 emptied 16 mL"),
          ("2025-12-22 09:00 request", "2025-12-22 08:30 explained residual; all counted; by Dr X\n2025-12-22 09:00 request")], 100),
    ],
)  # fmt: skip
def test_an_overdose_is_never_restarted_at_the_dose_that_led_to_it(changes, dose):
    answer = ONE.replaced(*changes).answer()
    assert [each[0] for each in restarts(answer)] == [dose], (restarts(answer), refusals(answer, "restart"))
    assert all(each[2] in ("monitored", "inpatient") for each in restarts(answer))


@pytest.mark.hazard("H61")
def test_after_an_overdose_at_the_first_dose_no_dose_is_left_to_offer():
    """The start rule's own dose led to it: the rule cannot give it again."""
    first = ONE.replaced(("2025-12-20 11:05 program continuous 1000 mcg/day\n", "")).replaced(("coma", "coma"))
    answer = first.at("2025-12-22 10:00").answer()
    assert restarts(answer) == []
    assert "100 mcg daily" in refusals(answer, "restart")[0]["why"]


@pytest.mark.hazard("H61")
def test_where_the_cause_of_an_overdose_is_not_certain_the_lower_dose_governs_and_both_are_named():
    """The dose has run for weeks: no step explains the coma, so the start rule's 100 governs and 300 is named."""
    chart = ONE.replaced(
        ("program continuous 100 mcg/day", "program continuous 300 mcg/day; strength 500 mcg/mL"),
        ("2025-12-01 10:00 implant", "2025-01-01 10:00 implant"),
        ("2025-12-20 11:05 program continuous 1000", "2025-12-04 11:05 program continuous 390"),
    )
    answer = chart.answer()
    assert [each[0] for each in restarts(answer)] == [100]
    assert "300 mcg daily" in plans(answer, "restart")[0]["why"]
    assert "390 mcg daily" in plans(answer, "restart")[0]["why"]


@pytest.mark.hazard("H61")
def test_the_erroneous_dose_programmed_again_is_a_stop_and_the_offered_one_is_none():
    again = "2025-12-22 10:30 program continuous {} mcg/day"
    assert grade(ONE.with_lines(again.format(1000)).at("2025-12-22 11:00").answer(), "gap") == "stop"
    assert finding(ONE.with_lines(again.format(100)).at("2025-12-22 11:00").answer(), "gap") is None


@pytest.mark.hazard("H61")
def test_a_stop_without_signs_after_a_step_inside_the_rules_is_no_overdose():
    chart = ONE.replaced(("1000", "130"), ("symptom coma; resolved", "contact"), ("symptom coma", "contact"))
    assert restarts(chart.answer()) == [(130, "similar dose", "monitored")]


# --- not delivered, signs of withdrawal (case 04) ----------------------------------------------------------------------


@pytest.mark.hazard("H61")
@pytest.mark.carries("WD-02")
@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("600 mcg/day", "450 mcg/day"), ("2025-12-01 10:00 refill 18 mL", "2025-12-01 10:00 refill 14 mL")],
        [("2025-12-19 09:05 refill 18 mL of 500 mcg/mL\n", "")],
        [("fever, rigidity, agitation", "rigidity, itching, return of spasticity")],
        # Stopped by the program instead of a dry reservoir.
        [("2025-12-19 09:00 symptom", "2025-12-15 08:00 program stop\n2025-12-19 09:00 symptom"), ("2025-12-01 10:00 refill", "2025-12-01 10:00 refill")],
    ],
)  # fmt: skip
def test_signs_of_withdrawal_bring_the_previous_dose_first_and_a_lower_one_second(changes):
    answer = FOUR.replaced(*changes).answer()
    dose = 450 if ("600 mcg/day", "450 mcg/day") in changes else 600
    assert restarts(answer) == [(dose, "similar dose", "monitored"), (100, "start rules", "inpatient")]
    card = " ".join(finding(answer, "emergency-withdrawal")["card"])
    assert f"Dose by the restart rule: {dose} mcg daily (similar dose)" in card
    assert "Second option, lower: 100 mcg daily" in card
    assert "bridge" in plans(answer, "restart")[1]["why"]


@pytest.mark.hazard("H61")
@pytest.mark.carries("WD-02")
def test_a_program_that_follows_the_rule_is_no_stop_while_it_runs_and_after_the_signs_are_gone():
    set_again = FOUR.with_lines("2025-12-19 09:20 program continuous 600 mcg/day")
    gone = set_again.with_lines("2025-12-20 09:00 symptom fever, rigidity, agitation; resolved")
    for chart, now in ((set_again, "2025-12-19 10:00"), (gone, "2025-12-20 10:00")):
        answer = chart.at(now).answer()
        assert finding(answer, "gap") is None
        assert grade(answer, "pump-dose") in (None, "note")
    more = FOUR.with_lines("2025-12-19 09:20 program continuous 780 mcg/day").at("2025-12-19 10:00").answer()
    assert grade(more, "gap") == "stop"


@pytest.mark.hazard("H61")
def test_without_a_screening_the_previous_dose_is_still_offered_where_there_are_signs():
    bare = FOUR.replaced(
        ("2024-01-05 09:00 trial 50 mcg\n", ""), ("2024-01-05 17:00 response positive; lasted 6 h\n", "")
    )
    assert restarts(bare.answer()) == [(600, "similar dose", "monitored")]
    calm = bare.replaced(("2025-12-19 09:00 symptom fever, rigidity, agitation\n", ""))
    (refusal,) = refusals(calm.answer(), "restart")
    assert "screening" in refusal["why"]
    assert "'trial'" in refusal["lifts"]


@pytest.mark.hazard("H61")
@pytest.mark.parametrize("days", [15, 30])
def test_after_two_weeks_without_delivery_the_start_rule_holds_whatever_the_signs(days):
    later = datetime.fromisoformat("2025-12-16 10:05") + timedelta(days=days)
    chart = FOUR.replaced(("2025-12-19 09:", f"{later:%Y-%m-%d} 12:")).at(f"{later:%Y-%m-%d} 12:15")
    assert restarts(chart.answer()) == [(100, "start rules", "inpatient")]


# --- readouts (case 05) ------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H61")
@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("device mri", "device telemetry lost")],
        [("2026-01-10 09:00 device mri", "2026-01-02 09:00 device mri")],
        [("device read out, no alarms", "explained delivery; read out by the maker, no stall; by Dr X")],
        [("device read out, no alarms", "device read out, stall 2026-01-10 09:05 to 2026-01-10 15:05")],
    ],
)
def test_a_clean_readout_after_a_scan_is_no_gap(changes):
    answer = FIVE.replaced(*changes).answer()
    assert finding(answer, "gap") is None
    assert finding(answer, "delivery") is None
    assert plans(answer, "adjust")
    (refill,) = plans(answer, "refill")
    assert "Program as on the chart: continuous 600 mcg/day" in texts(refill)
    assert "leave the pump stopped" not in texts(refill)


@pytest.mark.hazard("H61")
@pytest.mark.parametrize("begin", ["2026-01-10 09:05", "2026-01-08 10:00"])
def test_a_logged_stall_is_a_gap_with_its_times_and_moves_no_drug(begin):
    end = "2026-01-13 08:00"
    chart = FIVE.replaced(("device read out, no alarms", f"device read out, stall {begin} to {end}"))
    answer = chart.answer()
    assert grade(answer, "gap") == "stop"
    assert end in finding(answer, "gap")["says"]
    assert restarts(answer) == [(100, "start rules", "inpatient")]
    days = (datetime.fromisoformat(end) - datetime.fromisoformat(begin)) / timedelta(days=1)
    more = answer["pump"]["residual_ml"] - FIVE.answer()["pump"]["residual_ml"]
    assert more == pytest.approx(0.3 * days, abs=1e-4)


# --- leak or occlusion repaired (case 08) ------------------------------------------------------------------------------

ROSE = EIGHT.replaced(
    (
        "2025-12-01 10:05 program continuous 600 mcg/day",
        "2025-06-01 10:05 program continuous 200 mcg/day\n2025-11-01 10:05 program continuous 260 mcg/day\n"
        "2025-11-15 10:05 program continuous 330 mcg/day\n2025-12-01 10:05 program continuous 420 mcg/day",
    ),
    ("2025-12-01 10:00 refill", "2025-06-01 10:00 refill 18 mL of 2000 mcg/mL\n2025-12-01 10:00 refill"),
)


@pytest.mark.hazard("H61")
@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("2025-12-19 08:00 program stop\n", "")],
        [("2025-12-19 08:00 program stop\n", ""), ("2025-12-19 09:05 prime", "2025-12-19 09:06 program stop\n2025-12-19 09:05 prime")],
        [("600 mcg/day", "900 mcg/day")],
        [("2025-12-19 09:10 request", "2025-12-19 09:08 symptom fever, rigidity\n2025-12-19 09:10 request")],
    ],
)  # fmt: skip
def test_after_a_repair_the_full_dose_is_not_resumed(changes):
    answer = EIGHT.replaced(*changes).answer()
    assert restarts(answer) == [(100, "start rules", "inpatient")]
    assert plans(answer, "adjust") == []


@pytest.mark.hazard("H61")
def test_after_a_repair_the_last_charted_dose_before_the_rises_comes_first():
    assert restarts(ROSE.answer()) == [(200, "dose before the rises", "inpatient"), (100, "start rules", "inpatient")]
    resumed = ROSE.with_lines("2025-12-19 09:12 program continuous 420 mcg/day").answer()
    assert grade(resumed, "gap") == "stop"
    assert finding(ROSE.with_lines("2025-12-19 09:12 program continuous 200 mcg/day").answer(), "gap") is None


@pytest.mark.hazard("H61")
@pytest.mark.parametrize(("measured", "most"), [("10.8", 360), ("9", None), ("8", None)])
def test_after_a_repair_at_most_what_was_really_delivered_is_offered(measured, most):
    """600 mcg/day of 2,000 mcg/mL is 0.3 mL a day: after 30 days 9 mL should be left of 18; 10.8 mL is 80 %."""
    chart = EIGHT.replaced(("2025-12-18 09:00 note leak at the connector found by dye study; dose had been raised from 200 because of it\n", ""),
                           ("2025-12-19 08:00 program stop\n2025-12-19 09:00 revision catheter; line 0.364 mL; tip T10\n2025-12-19 09:05 prime 0.364 mL\n", ""),
                           ("2025-12-19 09:10 request restart\n", ""))  # fmt: skip
    text = f"2025-12-31 10:05 residual {measured} mL\n2025-12-31 10:30 explained residual; rotor slipped, replaced; by Dr X\n"
    answer = advise(chart.text + text + "2025-12-31 10:40 request restart\n", "2025-12-31 11:00")
    assert plans(answer, "restart") == [] or all(dose <= 480 for dose, _, _ in restarts(answer))
    assert bool(restarts(answer)) == (most is not None)
    assert grade(answer, "gap") == ("caution" if most is not None else None)


# --- the first rises after a restart (case 15), and old drug (case 20) -------------------------------------------------

FIFTEEN, TWENTY = case("15"), case("20")


@pytest.mark.hazard("H61")
@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("2025-10-15 10:00 program stop", "2025-12-10 10:00 program stop")],
        [("2025-10-15 10:00 program stop\n", ""), ("2025-09-01 10:00 refill 20 mL of 2000", "2025-09-01 10:00 refill 10 mL of 2000")],
        [("origin spinal", "origin cerebral")],
    ],
)  # fmt: skip
def test_the_first_rises_after_a_restart_use_the_titration_window(changes):
    answer = FIFTEEN.replaced(*changes).answer()
    most = 115 if ("origin spinal", "origin cerebral") in changes else 130
    rises = [doses(plan, "program")[0] for plan in plans(answer, "adjust")]
    assert max(rises) == most, rises


@pytest.mark.hazard("H61")
@pytest.mark.carries("ITB-07")
@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("2024-12-20 10:00 program stop", "2025-12-18 10:00 program stop"), ("300 mcg/day", "12 mcg/day")],
        [("refill 18 mL of 500", "refill 18 mL of 2000")],
        [("refill 18 mL of 500", "refill 12.2 mL of 500"), ("2024-12-01", "2025-11-01"), ("2024-12-20", "2025-11-15")],
    ],
)
def test_no_restart_uses_old_or_low_drug_without_a_refill_or_dates_one_in_the_past(changes):
    chart = TWENTY.replaced(*changes)
    answer = chart.answer()
    assert restarts(answer)
    for plan in plans(answer, "restart"):
        assert [step["do"] for step in plan["steps"]].index("refill") < [step["do"] for step in plan["steps"]].index(
            "program"
        )
        dates = [word.rstrip(";.,") for step in plan["steps"] for word in step["says"].split("refill due by ")[1:]]
        assert dates
        assert all(date[:10] > chart.now[:10] for date in dates)

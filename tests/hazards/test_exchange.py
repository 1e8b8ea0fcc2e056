"""The exchanged, explanted, emptied pump: the therapy goes on at the dose before it, and no drug is counted twice."""

from __future__ import annotations

import pytest

from tests.hazards.answers import finding, grade, plans, restarts, state, texts
from tests.in_use import Case, case

SIX = case("06")

# --- the exchanged pump (case 06) --------------------------------------------------------------------------------------


@pytest.mark.hazard("H71")
@pytest.mark.carries("ITB-02")
@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("600 mcg/day", "240 mcg/day")],
        [("2026-01-10 09:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10", "2026-01-10 09:00 implant SynchroMed II 40 mL; line 0.3 mL; tip T8")],
        [("2026-01-10 09:00 implant", "2026-01-09 14:00 program stop\n2026-01-10 09:00 implant")],
        [("2026-01-10 09:00 implant", "2026-01-10 08:00 explant\n2026-01-10 09:00 implant")],
    ],
)  # fmt: skip
def test_an_exchanged_pump_continues_at_the_previous_dose(changes):
    dose = 240 if ("600 mcg/day", "240 mcg/day") in changes else 600
    chart = SIX.replaced(*changes)
    answer = chart.answer()
    assert restarts(answer) == [(dose, "similar dose", "monitored")]
    assert plans(answer, "start") == []
    assert grade(answer, "new-pump") == "stop"
    assert "new-pump" in [task["because"] for task in answer["tasks"]]
    asked = chart.with_lines("2026-01-10 10:10 request start pump").answer()
    assert plans(asked, "start") == []
    set_ = chart.with_lines(f"2026-01-10 10:20 program continuous {dose} mcg/day").answer()
    assert not {"new-pump", "gap", "pump-stopped"} & {each["id"] for each in set_["findings"]}
    assert grade(set_, "pump-dose") in (None, "note")


@pytest.mark.hazard("H71")
@pytest.mark.parametrize(
    ("catheter", "says", "incomplete"),
    [("; catheter kept", "tubing", False), ("; catheter new", "whole path once, 0.364 mL", False), ("", "", True)],
)
def test_the_prime_of_an_exchanged_pump_depends_on_the_catheter_and_is_never_guessed(catheter, says, incomplete):
    chart = SIX.replaced(("2026-01-10 09:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL",
                          f"2026-01-10 09:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL{catheter}"))  # fmt: skip
    (plan,) = plans(chart.answer(), "restart")
    assert bool(plan.get("incomplete")) == incomplete
    assert says in texts(plan["steps"][0])
    assert ("0.364" in texts(plan)) == (catheter == "; catheter new")


@pytest.mark.hazard("H71")
def test_a_kept_catheter_keeps_its_drug_and_a_prime_of_the_whole_path_is_a_stop():
    kept = SIX.replaced(("tip T10; alarm 4 mL\n2026-01-10", "tip T10; alarm 4 mL; catheter kept\n2026-01-10"))
    now = "2026-01-10 10:30"
    before = state(kept.text, now)
    assert before.line_mcg == pytest.approx(0.364 * 2000)
    tubing = kept.with_lines("2026-01-10 10:10 prime 0.2 mL")
    after = state(tubing.text, now)
    assert after.delivered_mcg == before.delivered_mcg
    assert after.line_mcg == pytest.approx(0.364 * 2000)
    assert finding(tubing.answer(), "strength") is None
    assert grade(kept.with_lines("2026-01-10 10:10 prime 0.364 mL").answer(), "strength") == "stop"


@pytest.mark.hazard("H71")
def test_another_concentration_in_the_new_pump_needs_a_bridge_where_the_catheter_was_kept():
    kept = SIX.replaced(
        ("tip T10; alarm 4 mL\n2026-01-10", "tip T10; alarm 4 mL; catheter kept\n2026-01-10"),
        ("2026-01-10 10:00 refill 18 mL of 2000", "2026-01-10 10:00 refill 18 mL of 500"),
    ).with_lines("2026-01-10 10:20 program continuous 600 mcg/day")
    assert grade(kept.answer(), "bridge") == "stop"


@pytest.mark.hazard("H71")
def test_a_pump_exchanged_after_a_long_stop_or_explanted_is_not_resumed_at_the_old_dose():
    stopped = SIX.replaced(("2026-01-10 09:00 implant", "2026-01-01 09:00 program stop\n2026-01-10 09:00 implant"))
    assert restarts(stopped.answer()) == [(100, "start rules", "inpatient")]
    out = SIX.replaced(("2026-01-10 09:00 implant", "2025-12-01 09:00 explant\n2026-01-10 09:00 implant"))
    assert restarts(out.answer()) == [(100, "start rules", "inpatient")]


@pytest.mark.hazard("H71")
def test_an_explanted_pump_is_gone_and_withdrawal_stays_possible():
    text = SIX.text[: SIX.text.index("2026-01-10 09:00 implant")] + "2026-01-10 09:00 explant infection of the pocket\n"
    out = Case(text, "2026-01-11 09:00")
    answer = out.answer()
    assert answer["pump"] is None
    assert "600 mcg daily" in finding(answer, "pump-stopped")["says"]
    assert plans(answer, "refill") == plans(answer, "restart") == plans(answer, "adjust") == []
    ill = out.with_lines("2026-01-11 08:00 symptom fever, rigidity").answer()
    card = " ".join(finding(ill, "emergency-withdrawal")["card"])
    assert "explanted" in card


@pytest.mark.hazard("H61")
@pytest.mark.hazard("H71")
@pytest.mark.parametrize(
    ("before", "most"),
    [
        ("2026-01-01 09:00 device stall\n", 100),
        ("2025-09-01 09:00 device replacement indicator\n", 100),
        # 18 mL less 0.3 mL a day for 50 days leaves 3 mL: 17.5 mL is a pump that stood still, 9 mL one that gave 60 %.
        ("2026-01-09 10:00 residual 17.5 mL\n", 100),
        ("2026-01-09 10:00 residual 9 mL\n2026-01-09 10:30 explained residual; rotor worn; by Dr X\n", 360),
    ],
)
def test_an_exchange_does_not_hide_what_the_old_pump_no_longer_delivered(before, most):
    chart = SIX.replaced(("2026-01-10 09:00 implant", f"{before}2026-01-10 09:00 implant"))
    found = restarts(chart.answer())
    assert found
    assert found[0][0] == pytest.approx(most, abs=1), found

"""Facts of the pump in behaviour, not in name: steps of the dose, the refill, and the treatment beside a holiday."""

from __future__ import annotations

import pytest

from eutonia.quantity import plain, rounded
from tests.charts import LONG, PUMP
from tests.hazards.answers import advise, plans, refusals

NOW = "2026-03-25 10:00"
CEREBRAL = PUMP.replace("spinal cord injury; level T10; origin spinal", "cerebral palsy; origin cerebral")


@pytest.mark.carries("ITB-03")
@pytest.mark.parametrize(
    ("chart", "inside", "outside"),
    [
        (PUMP, ("109", "110", "130", "80", "90", "95"), ("131", "140", "79", "1000")),
        (CEREBRAL, ("104", "105", "115", "80", "90", "95"), ("116", "130", "79")),
    ],
    ids=["spinal", "cerebral"],
)
def test_a_step_of_the_dose_keeps_to_the_window_of_its_origin(chart, inside, outside):
    for dose in inside:
        answer = advise(chart + f"2026-03-25 09:00 request adjust to {dose} mcg/day\n", NOW)
        (plan,) = plans(answer, "adjust")
        assert [step["dose"]["value"] for step in plan["steps"] if step["do"] == "program"] == [int(dose)]
    for dose in outside:
        request = f"2026-03-25 09:00 request adjust to {dose} mcg/day\n"
        answer = advise(chart + request, NOW)
        assert plans(answer, "adjust") == []
        assert "outside the window" in refusals(answer, "adjust")[0]["why"]


@pytest.mark.carries("ITB-03")
def test_a_step_outside_the_window_needs_a_recorded_reason_that_the_plan_shows():
    request = "2026-03-25 09:00 request adjust to 140 mcg/day\n"
    reason = "2026-03-25 09:00 override adjust; by Dr X; because back to the dose before the operation\n"
    (plan,) = plans(advise(PUMP + request + reason, NOW), "adjust")
    assert "Dr X: back to the dose before the operation" in plan["overridden"]
    lapsed = (
        reason + "2026-03-25 09:30 program continuous 110 mcg/day\n2026-03-27 09:00 request adjust to 160 mcg/day\n"
    )
    assert plans(advise(PUMP + lapsed, "2026-03-27 10:00"), "adjust") == []


@pytest.mark.carries("ITB-03")
def test_two_steps_in_a_day_are_judged_as_one():
    chart = PUMP + "2026-03-25 08:00 program continuous 130 mcg/day\n"
    for plan in plans(advise(chart, NOW), "adjust"):
        assert plan["steps"][0]["at"] >= "2026-03-26T08:00"


@pytest.mark.carries("ITB-07")
@pytest.mark.parametrize(("daily", "strength"), [("100", "500"), ("300", "2000"), ("250", "1000")])
def test_the_reservoir_is_accounted_for_and_filled_by_needle_through_the_skin(daily, strength):
    chart = PUMP.replace("500 mcg/mL", f"{strength} mcg/mL").replace("100 mcg/day", f"{daily} mcg/day")
    answer = advise(chart.replace("trial 50 mcg", "trial 100 mcg"), NOW)
    pump = answer["pump"]
    days = 4 + (22 + 55 / 60) / 24  # from the program on 2026-03-20 11:05
    assert pump["residual_ml"] == pytest.approx(18 - int(daily) / int(strength) * days, abs=1e-6)
    parts = (pump["drug_mcg"][part] for part in ("chamber", "line", "delivered", "drawn"))
    assert pump["drug_mcg"]["filled"] == pytest.approx(sum(parts))
    (plan,) = plans(answer, "refill")
    steps = {step["do"]: step["says"] for step in plan["steps"]}
    assert "through the skin" in steps["draw"]
    assert f"{plain(rounded(pump['residual_ml'], '0.1'))} mL is expected" in steps["draw"]
    assert "injected through the skin into the port; the needle's place confirmed" in steps["refill"]
    order = [step["do"] for step in plan["steps"]]
    assert order.index("check") < order.index("draw") < order.index("refill") < order.index("observe")


@pytest.mark.carries("TOL-04")
@pytest.mark.parametrize(
    ("alternative", "lacking"),
    [
        ("", "no other treatment of the spasticity is named"),
        ("; alternative none", "no other treatment of the spasticity is named"),
        ("; alternative baclofen 10 mg", "baclofen by another route is no other treatment"),
        ("; alternative Lioresal", "baclofen by another route is no other treatment"),
        ("; alternative tizanidine", "an allergy to tizanidine"),
        ("; alternative dantrolene", None),
    ],
)
def test_a_holiday_is_incomplete_until_another_treatment_is_named(alternative, lacking):
    chart = LONG.replace("allergy none known", "allergy tizanidine; rash")
    answer = advise(chart + f"2026-05-30 09:00 request holiday; inpatient{alternative}\n", "2026-05-30 10:00")
    found = plans(answer, "holiday")
    assert found
    for plan in found:
        assert (lacking or "no other") in plan.get("incomplete", "") or lacking is None
        assert bool(lacking) or "treatment" not in plan.get("incomplete", "")
        if lacking is None:
            assert "given throughout: dantrolene" in plan["steps"][0]["says"]

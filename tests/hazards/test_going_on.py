"""What is being given never stands without a plan, unless an emergency card is shown (H81)."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings

from eutonia.evidence import Known
from tests.charts import ORAL, PUMP, advised, charts
from tests.hazards.answers import advise, finding, grade, plans

NOW = "2026-05-02 09:00"
ALLERGIC = PUMP.replace("allergy none known", "allergy baclofen; anaphylaxis")
TAKING = ORAL.replace("allergy none known", "allergy baclofen; rash") + "2026-01-10 oral 20 mg three times a day\n"


@pytest.mark.hazard("H81")
@pytest.mark.carries("CON-01")
@pytest.mark.parametrize("substance", ["baclofen; anaphylaxis", "Lioresal", "baclofen", "benzyl alcohol; rash"])
def test_an_allergy_with_a_running_pump_leaves_a_bridge_and_a_monitored_way_down(substance):
    excipient = substance.startswith("benzyl")
    answer = advise(PUMP.replace("allergy none known", f"allergy {substance}"), NOW)
    if excipient and grade(answer, "hypersensitivity") is None:
        return
    assert grade(answer, "hypersensitivity") == "stop"
    assert {plan["kind"] for plan in answer["plans"]} == {"reduction", "adjust", "refill"}
    assert all(plan["beside"].startswith("CONTRAINDICATED") for plan in answer["plans"])
    assert all("specialist decision" in plan["beside"] for plan in answer["plans"])
    assert all(plan["option"].startswith("-") for plan in plans(answer, "adjust"))
    assert all(plan["setting"] == "inpatient" for plan in plans(answer, "reduction"))


@pytest.mark.hazard("H81")
@pytest.mark.carries("CON-01")
@pytest.mark.parametrize(
    "request_",
    ["adjust up", "adjust to 120 mcg/day", "strength 2000 mcg/mL", "holiday; inpatient; alternative tizanidine"],
)
def test_an_allergy_refuses_every_start_and_rise_that_is_asked_for(request_):
    answer = advise(ALLERGIC + f"2026-05-02 08:00 request {request_}\n", NOW)
    assert any("hypersensitivity" in refusal["why"] for refusal in answer["refusals"])
    assert "reduction" in [plan["kind"] for plan in answer["plans"]]
    running = 100
    for plan in answer["plans"]:
        assert all(
            step["dose"]["value"] <= running for step in plan["steps"] if step["do"] == "program" and "dose" in step
        )


@pytest.mark.hazard("H81")
def test_a_reduction_ends_without_a_restart_and_falls_by_a_fifth_a_day_at_most():
    answer = advise(ALLERGIC, NOW)
    for plan in plans(answer, "reduction"):
        doses = [100.0] + [step["dose"]["value"] for step in plan["steps"] if step["do"] == "program"]
        assert all(before * 0.8 - 0.1 <= after < before for before, after in pairwise(doses))
        assert "No restart while the contraindication stands" in plan["steps"][-1]["says"]


@pytest.mark.hazard("H81")
@pytest.mark.carries("CON-01")
def test_an_allergy_while_baclofen_is_taken_leaves_the_taper():
    answer = advise(TAKING, "2026-01-20 09:00")
    assert {plan["kind"] for plan in answer["plans"]} == {"taper"}
    assert all(plan["beside"].startswith("CONTRAINDICATED") for plan in answer["plans"])
    assert "Ask" not in finding(answer, "hypersensitivity")["resolve"].split(".")[0]


@pytest.mark.hazard("H81")
@pytest.mark.carries("CON-01")
@pytest.mark.parametrize("chart", [ORAL, PUMP.split("2026-03-20")[0]])
def test_an_allergy_before_anything_is_given_leaves_no_plan(chart):
    answer = advise(chart.replace("allergy none known", "allergy baclofen; rash"), "2026-03-10 09:00")
    assert answer["plans"] == []


@pytest.mark.hazard("H81")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("; born 1979-04-11; sex male", ""),
        ("; origin spinal", ""),
        ("sex male", "sex female"),
        ("2026-01-05 lab creatinine 0.9 mg/dL\n", "2026-01-05 lab creatinine 6 mg/dL\n"),
    ],
    ids=["no birth date", "no origin", "pregnant", "kidneys"],
)
def test_a_stop_that_is_not_about_the_pump_leaves_lower_doses_and_the_refill(old, new):
    chart = PUMP.replace(old, new)
    if new == "sex female":
        chart += "2026-04-20 pregnancy yes, 10 weeks\n"
    answer = advise(chart, NOW)
    kinds = {plan["kind"] for plan in answer["plans"]}
    assert {"adjust", "refill"} <= kinds
    if "creatinine" not in old:
        assert all(plan["option"].startswith("-") for plan in plans(answer, "adjust"))


@pytest.mark.hazard("H81")
def test_a_pump_filled_today_whose_delivery_is_uncertain_goes_on_with_a_date():
    answer = advise(PUMP + "2026-05-02 08:00 refill 18 mL of 500 mcg/mL\n2026-05-02 08:30 device stall\n", NOW)
    (plan,) = answer["plans"]
    assert (plan["kind"], plan["option"]) == ("refill", "go on unchanged")
    assert "refill due by 2026-07-11" in plan["steps"][0]["says"]
    assert "delivery" in plan["beside"]


@pytest.mark.hazard("H81")
def test_lost_supply_leaves_the_taper_of_what_is_taken():
    chart = ORAL + "2026-01-10 oral 20 mg three times a day\n2026-01-19 interruption supply lost\n"
    assert plans(advise(chart, "2026-01-20 09:00"), "taper")


@pytest.mark.hazard("H81")
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(charts())
def test_what_is_given_has_a_plan_unless_an_emergency_card_is_shown(drawn: tuple[str, datetime]) -> None:
    text, now = drawn
    advice = advised(text, now)
    if any(seen.card for seen in advice.findings):
        return
    mouth = {"titration", "taper"}
    kinds = {plan.kind for plan in advice.plans}
    asked = {request.kind for _, request in advice.facts.requests}
    oral_asked = {kind for kind in asked if kind.endswith("oral")}
    if advice.pump is not None and advice.pump.running and (not asked or asked - oral_asked):
        assert kinds - mouth, text
    taken = advice.facts.oral.value if isinstance(advice.facts.oral, Known) else None
    if taken is not None and (not asked or oral_asked):
        assert kinds & mouth, text

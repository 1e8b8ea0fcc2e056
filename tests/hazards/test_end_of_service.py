"""The end of a pump's service: a date of its own, ahead of it a booking, past it no delivery that is relied on (H71)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import eutonia
from eutonia.chart import Facts
from eutonia.knowledge import book
from eutonia.pump import pump_state
from eutonia.watch.tasks import tasks
from tests.charts import PUMP
from tests.hazards.answers import advise, finding, grade, plans
from tests.in_use import case

INDICATOR = case("16")
BY_YEARS = INDICATOR.replaced(("2025-06-01 09:00 device replacement indicator\n", ""), ("2023-01-01", "2018-12-01"))
OTHER = INDICATOR.replaced(("SynchroMed II", "Prometra II"))
STRONGER = INDICATOR.replaced(("continuous 300", "continuous 90"), ("2025-06-01", "2025-05-25"))


@pytest.mark.hazard("H71")
@pytest.mark.parametrize("chart", [INDICATOR, BY_YEARS, OTHER, STRONGER])
def test_past_the_end_of_service_the_pump_is_replaced_and_not_refilled(chart):
    answer = chart.answer()
    stop = finding(answer, "end-of-service")
    assert stop["grade"] == "stop"
    assert {"adjust", "refill", "strength change", "restart"} <= set(stop["stops"])
    assert answer["pump"]["delivery_certain"] is False
    assert answer["pump"]["refill_due"] is None
    assert finding(answer, "refill") is None
    (plan,) = answer["plans"]
    assert (plan["kind"], plan["setting"]) == ("replacement", "inpatient")
    text = " ".join(step["says"] for step in plan["steps"])
    assert text.index("signs of withdrawal") < text.index("Bridge") < text.index("Replace the pump")
    assert not any("dose" in step or "writes" in step for step in plan["steps"])


@pytest.mark.hazard("H71")
@pytest.mark.parametrize("request_", ["adjust up", "refill", "strength 500 mcg/mL", "holiday; inpatient"])
def test_past_the_end_of_service_no_request_gives_a_dose_or_a_refill(request_):
    answer = INDICATOR.with_lines(f"2025-12-19 09:00 request {request_}").answer()
    assert [plan["kind"] for plan in answer["plans"]] == ["replacement"]
    assert any("end-of-service" in refusal["why"] for refusal in answer["refusals"])


@pytest.mark.hazard("H71")
@pytest.mark.parametrize("readout", ["device read out, no alarms", "explained delivery; seen; by Dr X"])
def test_no_readout_makes_the_delivery_past_the_end_of_service_certain(readout):
    answer = INDICATOR.with_lines(f"2025-12-19 09:00 {readout}").answer()
    assert answer["pump"]["delivery_certain"] is False
    assert grade(answer, "end-of-service") == "stop"


@pytest.mark.hazard("H71")
def test_a_new_pump_ends_the_doubt_about_the_old_one():
    new = INDICATOR.with_lines("2025-12-18 09:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL")
    answer = new.answer()
    assert finding(answer, "end-of-service") is None
    assert answer["pump"]["replacement_due"] == "2032-12-18T09:00:00+00:00"


@pytest.mark.hazard("H71")
@pytest.mark.parametrize(
    ("at", "expected"),
    [("2025-06-02 09:00", "caution"), ("2025-08-29 09:00", "caution"), ("2025-08-30 10:00", "stop")],
)
def test_after_the_indicator_dosing_goes_on_until_the_day_of_the_end(at, expected):
    answer = INDICATOR.at(at).answer()
    notice = finding(answer, "end-of-service")
    assert notice["grade"] == expected
    assert "2025-08-30" in notice["says"]
    assert bool(plans(answer, "adjust")) is (expected == "caution")
    assert bool(plans(answer, "refill")) is (expected == "caution")
    assert answer["pump"]["delivery_certain"] is (expected == "caution")


@pytest.mark.hazard("H71")
def test_the_refill_date_is_not_the_date_of_the_replacement():
    answer = INDICATOR.at("2025-06-02 09:00").answer()
    assert answer["pump"]["refill_due"][:10] == "2025-08-21"
    assert answer["pump"]["replacement_due"][:10] == "2025-08-30"
    late = INDICATOR.at("2025-08-25 09:00").answer()
    assert "replacement" in next(p for p in late["plans"] if p["kind"] == "refill")["steps"][3]["says"]


@pytest.mark.hazard("H71")
@pytest.mark.parametrize(
    ("at", "expected"),
    [("2031-01-01", None), ("2032-06-01", "note"), ("2033-01-01", "caution"), ("2033-04-01", "stop")],
)
def test_the_years_of_service_are_told_a_year_ahead_and_booked_months_ahead(at, expected):
    assert grade(advise(PUMP, f"{at} 09:00"), "end-of-service") == expected


@pytest.mark.hazard("H71")
@pytest.mark.parametrize("at", [datetime(2026, 4, 1, tzinfo=UTC), datetime(2032, 6, 1, tzinfo=UTC)])
def test_the_replacement_is_a_task_years_before_its_finding(at):
    made = tasks(Facts(eutonia.read(PUMP), at, book("US")), "A", "A-17")
    (task,) = [task for task in made if task.what == "replacement"]
    assert (task.day.isoformat(), task.closes) == ("2032-12-20", "implant")


@pytest.mark.hazard("H71")
def test_no_delivery_is_predicted_past_the_end_of_service():
    advice = INDICATOR.advise()
    assert [getattr(each, "why", "") for each in advice.predictions] == [
        "the pump's service has ended, and what it delivers is not known"
    ]
    assert "delivers is not known" in getattr(advice.today, "why", str(advice.today))
    state = pump_state(Facts(eutonia.read(INDICATOR.text), datetime(2025, 12, 19, tzinfo=UTC), book("US")))
    assert state.service_ended

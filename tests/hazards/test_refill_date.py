"""One refill date: what a plan says is what the chart will say once the plan has been carried out (H72)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import eutonia
from eutonia.advice import Advice
from eutonia.chart import Facts
from eutonia.chart.text import line_of
from eutonia.moment import shown_day
from eutonia.plan import Plan
from eutonia.pump import pump_state
from tests.charts import PUMP, advised, charts
from tests.in_use import Case, case

_DATED = re.compile(r"refill due by (\d{4}-\d{2}-\d{2})")


def _dates(plan: Plan) -> list[str]:
    return [date for step in plan.steps for date in _DATED.findall(step.says)]


def _carried_out(advice: Advice, plan: Plan) -> str | None:
    """The refill date once the lines of a plan stand on the chart, up to its last dated step."""
    last = max((n for n, step in enumerate(plan.steps) if _DATED.search(step.says)), default=-1)
    steps = [step for step in plan.steps[: last + 1] if step.writes is not None]
    lines = "".join(f"{step.at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ} {line_of(step.writes)}\n" for step in steps)
    chart = advice.facts.chart.with_events(lines) if lines else advice.facts.chart
    at = max([advice.facts.now, *(step.at for step in steps)])
    state = pump_state(Facts(chart, at, advice.book))
    return None if state is None or state.due is None else shown_day(state.due[0], advice.facts.home)


def _refill_row(answer: dict[str, Any]) -> str:
    return str(answer["pump"]["refill_due"])[:10]


@pytest.mark.hazard("H72")
@pytest.mark.carries("ITB-07")
def test_a_change_of_concentration_dates_the_refill_with_the_bridge_taken_off():
    (plan,) = case("21").advise().plans
    assert _dates(plan) == ["2026-03-25"]


@pytest.mark.hazard("H72")
@pytest.mark.parametrize(
    "variant",
    [
        (("volume 9 mL", "volume 12 mL"),),
        (("10 mL of 500", "10 mL of 2000"), ("strength 2000 mcg/mL; volume 9 mL", "strength 500 mcg/mL; volume 18 mL")),
        (("alarm 4 mL", "alarm 1 mL"),),
        (("continuous 100 mcg/day", "continuous 90 mcg/day; bolus 10 mcg at 06:00"),),
    ],
    ids=["another volume", "downwards", "an alarm below the floor", "a flexible program"],
)
def test_the_date_of_the_plan_is_the_date_of_the_chart_after_the_plan(variant):
    advice = case("21").replaced(*variant).advise()
    (plan,) = advice.plans
    assert _dates(plan) == [_carried_out(advice, plan)]


# A pump at 0.2 mL/day that was measured 1 mL below the expected volume.
MEASURED = PUMP + "2026-05-01 11:05 residual 8.6 mL\n"


@pytest.mark.hazard("H72")
@pytest.mark.parametrize(
    "text",
    [
        MEASURED,
        PUMP.replace("alarm 4 mL", "alarm 0.5 mL"),
        PUMP.replace("continuous 100 mcg/day", "bolus 16 mcg every 4 h"),
        PUMP.replace("continuous 100 mcg/day", "day 3 mcg/h from 00:00, 4 mcg/h from 08:00"),
    ],
    ids=["a measured residual", "an alarm below the floor", "periodic boluses", "a day schedule"],
)
def test_finding_and_plans_give_one_refill_date_for_one_program(text):
    advice = eutonia.advise(eutonia.read(text), "2026-05-02 09:00")
    assert any(plan.kind == "adjust" for plan in advice.plans)
    for plan in advice.plans:
        assert set(_dates(plan)) <= {_carried_out(advice, plan)}
    answer = advice.as_dict(foresee=False)
    assert f"Refill due by {_refill_row(answer)}" in next(
        finding["says"] for finding in answer["findings"] if finding["id"] == "refill"
    )


@pytest.mark.hazard("H72")
def test_the_date_after_a_measured_residual_does_not_move_with_the_day_of_asking():
    days = {
        str(eutonia.advise(eutonia.read(MEASURED), f"2026-{day} 09:00").pump.low_at)
        for day in ("05-02", "05-20", "06-01", "06-10")
    }
    assert days == {"2026-05-24 11:05:00+00:00"}


@pytest.mark.hazard("H72")
@pytest.mark.parametrize("days", ["2026-05-30", "2026-06-10", "2026-10-01"])
def test_no_plan_dates_the_next_refill_in_the_past(days):
    advice = eutonia.advise(eutonia.read(PUMP.replace("18 mL of 500", "18 mL of 1000")), f"{days} 09:00")
    late = eutonia.advise(eutonia.read(PUMP), f"{days} 09:00")
    for answer in (advice, late):
        for plan in answer.plans:
            assert all(date > days for date in _dates(plan))
    assert any(
        "refill due now" in step.says for plan in late.plans if plan.kind == "adjust" for step in plan.steps
    ) is (days != "2026-10-01")


@pytest.mark.hazard("H72")
def test_a_fill_that_does_not_reach_above_the_alarm_gives_no_date():
    advice = eutonia.advise(eutonia.read(PUMP + "2026-05-01 09:00 request refill; volume 3 mL\n"), "2026-05-02 09:00")
    (plan,) = [plan for plan in advice.plans if plan.kind == "refill"]
    assert _dates(plan) == []
    assert any("does not reach above the alarm volume" in step.says for step in plan.steps)


@pytest.mark.hazard("H72")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(charts())
def test_each_refill_date_of_a_plan_is_that_of_the_chart_after_it(drawn: tuple[str, datetime]) -> None:
    text, now = drawn
    advice = advised(text, now)
    for plan in advice.plans:
        dates = _dates(plan)
        assert all(date >= shown_day(advice.facts.now, advice.facts.home) for date in dates)
        if dates:
            assert set(dates) == {_carried_out(advice, plan)}, (plan.kind, plan.option)


@pytest.mark.hazard("H72")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(charts())
def test_remaining_volume_and_dose_have_one_value_in_findings_and_plans(drawn: tuple[str, datetime]) -> None:
    text, now = drawn
    advice = advised(text, now)
    pump = advice.pump
    if pump is None or pump.left_ml is None:
        return
    lefts = {
        float(volume)
        for plan in advice.plans
        for step in plan.steps
        if step.do == "draw"
        for volume in re.findall(r"([0-9.]+) mL is expected", step.says)
    }
    lefts |= {
        float(volume)
        for finding in advice.findings
        for volume in re.findall(r"About ([0-9.]+) mL should be left", finding.says)
    }
    assert lefts <= {round(pump.left_ml, 1)} or all(abs(left - pump.left_ml) <= 0.051 for left in lefts)
    for plan in advice.plans:
        for step in plan.steps:
            program = getattr(step.writes, "program", None)
            if program is not None and step.do == "program":
                assert step.dose == program.daily
    assert isinstance(Case(text, str(now)).text, str)

"""No order ever leaves outside what the rules allow, whatever the chart; checked without asking the guard."""

from __future__ import annotations

import itertools
import os
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

import eutonia
from eutonia.advice import Advice
from eutonia.chart import event as e
from eutonia.chart.text import line_of
from eutonia.evidence import Known
from eutonia.plan import Plan, Step
from eutonia.plan.guard import check
from tests.charts import PUMP, advised, charts

CHARTS = int(os.environ.get("EUTONIA_CHARTS", "400"))


def previewed(step: Step) -> None:
    """What a step will write is what it says: the same dose, on a line that reads back as the same event."""
    if step.writes is None:
        assert step.do not in ("give", "program", "bridge", "refill", "stop")
        return
    line = line_of(step.writes)
    assert eutonia.read(f"2026-01-01 00:00 {line}\n").events[0].what == step.writes
    match step.writes:
        case e.Oral(regimen) if regimen is not None:
            assert step.dose == regimen.daily
        case e.Programmed(program) if step.do == "program":
            assert step.dose == program.daily
        case e.Trial(dose) | e.Bridge(dose):
            assert step.dose == dose


def _doses(plan: Plan, do: str) -> list[tuple[datetime, Decimal, str]]:
    return [(s.at, s.dose.value, s.dose.unit.name) for s in plan.steps if s.do == do and s.dose is not None]


def _running(advice: Advice) -> Decimal | None:
    pump = advice.pump
    return pump.program.daily.value if pump is not None and pump.program is not None else None


def _takes(advice: Advice) -> bool:
    return isinstance(advice.facts.oral, Known) and advice.facts.oral.value is not None


def _lawful(plan: Plan, advice: Advice) -> None:
    """The limits of the label and the monograph, written out once more as plain numbers."""
    assert plan.steps
    assert plan.why
    assert plan.facts
    assert all(step.at >= advice.facts.now for step in plan.steps)
    assert {s.do for s in plan.steps if s.dose is not None} <= {"take", "give", "program", "bridge"}
    for step in plan.steps:
        previewed(step)
    oral, given_, pumped = (_doses(plan, do) for do in ("take", "give", "program"))
    taken = advice.facts.oral.value.scheduled_mg.value if _takes(advice) else Decimal(0)
    top = max(taken, Decimal(80)) if plan.kind == "taper" else Decimal(80)
    assert all(unit == "mg/day" and Decimal("2.5") <= dose <= top for _, dose, unit in oral)
    assert all(unit == "mcg" and dose in (25, 50, 75, 100) for _, dose, unit in given_)
    assert all(unit == "mcg/day" and 12 <= dose <= 2003 for _, dose, unit in pumped)
    match plan.kind:
        case "titration":
            for (a, low, _), (b, high, _) in itertools.pairwise(oral):
                assert high - low <= 15
                assert b - a >= timedelta(days=3)
        case "taper":
            assert [d for _, d, _ in oral] == sorted((d for _, d, _ in oral), reverse=True)
            assert plan.steps[-1].do == "stop"
            path = [*((at, dose) for at, dose, _ in oral), (plan.steps[-1].at, Decimal(0))]
            assert not oral or path[-1][0] - path[0][0] >= timedelta(days=14)
            for before, after in itertools.pairwise([(None, taken), *path]):
                # 15 mg above 80 mg, a third from there down, up to 5 mg from 7.5 mg down.
                fall = 15 if before[1] > 80 else 5 if before[1] <= Decimal("7.5") else before[1] / 3
                assert before[1] - after[1] <= fall
                least = timedelta(days=2 if before[1] > 80 else 1)
                assert before[0] is None or after[0] - before[0] >= least
        case "trial":
            assert all(b - a >= timedelta(hours=24) for (a, _, _), (b, _, _) in itertools.pairwise(given_))
            assert [d for _, d, _ in given_] == sorted({d for _, d, _ in given_})
        case "start":
            best = advice.facts.screenings[-1]
            assert best.outcome == "positive"
            assert best.lasted is not None
            reported = any(best.at <= event.at < best.at + timedelta(days=1) for event in advice.facts.of(e.Symptom))
            factor = 1 if best.lasted.to("h") >= 8 or reported else 2
            assert pumped[0][1] == best.dose.to("mcg") * factor
        case "adjust" if not plan.overridden:
            now = _running(advice)
            assert now is not None
            change = (pumped[0][1] / now - 1) * 100
            assert -20 <= change <= 40
            assert change != 0
        case "holiday":
            assert plan.setting == "inpatient"
            end = next(s.at for s in plan.steps if s.do == "stop")
            assert timedelta(days=14) <= end - pumped[0][0] <= timedelta(days=28)
        case "strength change":
            assert pumped[0][1] == _running(advice)
            assert [s.do for s in plan.steps].index("bridge") < [s.do for s in plan.steps].index("program")


@settings(max_examples=CHARTS, deadline=None, suppress_health_check=list(HealthCheck))
@given(charts())
def test_no_plan_of_any_chart_leaves_the_limits(drawn: tuple[str, datetime]) -> None:
    advice = advised(*drawn)
    stopped = {kind for finding in advice.findings for kind in finding.stops}
    for plan in advice.plans:
        _lawful(plan, advice)
        assert plan.kind not in stopped
        assert check(plan, advice.facts, advice.pump) == ()
    assert all(refusal.why and refusal.lifts for refusal in advice.refusals)
    assert len({finding.id for finding in advice.findings}) == len(advice.findings)


@pytest.mark.carries("ADM-04", "ITB-03")
@pytest.mark.parametrize("factor", ["1000", "0.001"])
def test_the_guard_refuses_every_dose_of_a_plan_that_slips_by_a_thousand(factor: str) -> None:
    from msgspec.structs import replace

    from eutonia.quantity import Quantity

    chart = eutonia.read(PUMP + "2026-03-22 10:00 request adjust up\n")
    advice = eutonia.advise(chart, "2026-03-22 10:00")
    assert len(advice.plans) == 3
    for plan in advice.plans:
        slipped = tuple(
            replace(s, dose=Quantity(s.dose.value * Decimal(factor), s.dose.unit)) if s.dose is not None else s
            for s in plan.steps
        )
        assert check(replace(plan, steps=slipped), advice.facts, advice.pump)


def test_the_guard_refuses_a_plan_without_steps_and_a_kind_it_does_not_know() -> None:
    from msgspec.structs import replace

    advice = eutonia.advise(eutonia.read(PUMP + "2026-03-22 10:00 request adjust up\n"), "2026-03-22 10:00")
    plan = advice.plans[0]
    assert check(replace(plan, steps=()), advice.facts, advice.pump)
    assert check(replace(plan, kind="guess"), advice.facts, advice.pump)  # type: ignore[arg-type]

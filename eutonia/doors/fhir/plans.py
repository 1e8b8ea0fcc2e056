"""Plans as drafts of care plans, one an option, side by side; nothing is chosen, and none is an order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from eutonia.advice import Advice
from eutonia.doors.fhir.doses import BACLOFEN
from eutonia.doors.fhir.fields import OWN, Json, instant, note, own, quantity
from eutonia.doors.fhir.writing import Writing
from eutonia.plan import Plan
from eutonia.plan.plan import Step

# The steps whose dose is of the drug that is given, taken or programmed.
_DOSED: Final = frozenset({"take", "give", "program", "bridge", "hold"})


def write_plans(writing: Writing, advice: Advice) -> list[Json]:
    """A care plan for each option, in the order of the advice."""
    return [writing.add(f"plan {n}", _plan(writing, plan)) for n, plan in enumerate(advice.plans, 1)]


def _plan(writing: Writing, plan: Plan) -> Json:
    ends = max(_until(step) for step in plan.steps) if plan.steps else None
    return {
        "resourceType": "CarePlan",
        "extension": [
            *({"url": f"{OWN}fact", "valueString": each} for each in plan.facts),
            *({"url": f"{OWN}source", "valueString": each} for each in plan.sources),
        ],
        "status": "draft",
        "intent": "option",
        "category": [own("kind-of-plan", plan.kind), own("setting", plan.setting)],
        "title": f"{plan.kind}: {plan.option}",
        "description": plan.why,
        "subject": writing.to(writing.patient),
        "period": {
            "start": instant(plan.steps[0].at, writing.home) if plan.steps else None,
            "end": instant(ends, writing.home) if ends else None,
        },
        "created": writing.now,
        "author": writing.to_open("software"),
        "activity": [{"detail": _step(writing, step)} for step in plan.steps],
        "note": note(
            f"Setting: {plan.setting}.",
            *(f"Watch for: {each}" for each in plan.watch),
            f"Incomplete: {plan.incomplete}" if plan.incomplete else None,
            f"Stands beside it: {plan.beside}" if plan.beside else None,
            f"Overridden: {plan.overridden}" if plan.overridden else None,
            f"Program: {plan.program}" if plan.program else None,
        ),
    }


def _until(step: Step) -> datetime:
    return step.at + timedelta(hours=float(step.over_h or 0))


def _step(writing: Writing, step: Step) -> Json:
    """One step.  A daily dose and an amount have different fields, so that neither is taken for the other."""
    detail: Json = {
        "code": own("step", step.do),
        "status": "not-started",
        "scheduledTiming": {"event": [instant(step.at, writing.home)]},
        "description": step.says,
    }
    if step.over_h is not None:
        detail["scheduledTiming"]["repeat"] = {"duration": step.over_h, "durationUnit": "h"}
    if step.dose is not None:
        daily = step.dose.kind == "daily dose"
        detail["productCodeableConcept"] = BACLOFEN if step.do in _DOSED else None
        detail["dailyAmount" if daily else "quantity"] = quantity(step.dose)
    return detail


def write_options(writing: Writing, plans: list[Json], advice: Advice) -> Json | None:
    """The options together, at most one of each kind to be done; none where there are none."""
    if not plans:
        return None
    kinds = dict.fromkeys(plan.kind for plan in advice.plans)
    group: Json = {
        "resourceType": "RequestGroup",
        "status": "draft",
        "intent": "option",
        "subject": writing.to(writing.patient),
        "authoredOn": writing.now,
        "author": writing.to_open("software"),
        "action": [
            {
                "title": kind,
                "selectionBehavior": "at-most-one",
                "precheckBehavior": "no",
                "action": [
                    {"title": plan.option, "precheckBehavior": "no", "resource": writing.to(resource)}
                    for plan, resource in zip(advice.plans, plans, strict=True)
                    if plan.kind == kind
                ],
            }
            for kind in kinds
        ],
    }
    return writing.add("options", group)

"""What the tests of the hazards ask of an advice: which findings, which plans, which doses; and charts to begin from."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import eutonia
from eutonia.chart import Facts
from eutonia.knowledge import book
from eutonia.plan.guard import check
from eutonia.plan.plan import Plan, Step
from eutonia.pump import PumpState, pump_state
from eutonia.quantity import Quantity

Answer = dict[str, Any]

FAILED = "2026-02-20 failed oral baclofen 80 mg/day; no effect\n"


def advise(text: str, now: str, jurisdiction: str = "US", zone: str | None = None) -> Answer:
    """The whole advice on a chart's text, as JSON carries it."""
    return eutonia.advise(eutonia.read(text, zone), now, jurisdiction).as_dict(foresee=False)


def facts(text: str, now: str, jurisdiction: str = "US", zone: str | None = None) -> Facts:
    """What a chart's text says at a moment."""
    chart = eutonia.read(text, zone)
    return Facts(chart, chart.moment(now), book(jurisdiction))


def state(text: str, now: str, zone: str | None = None) -> PumpState:
    """The pump of a chart's text at a moment."""
    found = pump_state(facts(text, now, zone=zone))
    assert found is not None
    return found


# Findings of one topic may be told together; then the topic's name is the id.
_TOPIC = {
    "both-routes": "dose",
    "oral-dose": "dose",
    "pump-dose": "dose",
    "interactions-cns": "interactions",
    "symptoms": "effects",
    "breastfeeding": "pregnancy",
    "contact": "record",
    "overrides": "record",
    "knowledge": "record",
    "indication-intrathecal": "indication",
}


def finding(answer: Answer, id_: str) -> Answer | None:
    """The finding of this id, or the one of its topic; none where there is none."""
    by_id = {each["id"]: each for each in answer["findings"]}
    return by_id.get(id_) or by_id.get(_TOPIC.get(id_, ""))


def grade(answer: Answer, id_: str) -> str | None:
    """How grave the finding of this id is; none where there is none."""
    found = finding(answer, id_)
    return None if found is None else str(found["grade"])


def stops(answer: Answer, kind: str) -> list[str]:
    """The ids of the findings that stop plans of this kind."""
    return [each["id"] for each in answer["findings"] if kind in each["stops"]]


def plans(answer: Answer, kind: str) -> list[Answer]:
    """The plans of one kind."""
    return [each for each in answer["plans"] if each["kind"] == kind]


def refusals(answer: Answer, kind: str) -> list[Answer]:
    """The refusals of one kind."""
    return [each for each in answer["refusals"] if each["kind"] == kind]


def doses(plan: Answer, do: str) -> list[float]:
    """The doses of a plan's steps of one sort, in order."""
    return [step["dose"]["value"] for step in plan["steps"] if step["do"] == do]


def restarts(answer: Answer) -> list[tuple[float, str, str]]:
    """Daily dose in mcg, option and setting of each restart that is offered."""
    return [(doses(plan, "program")[0], plan["option"], plan["setting"]) for plan in plans(answer, "restart")]


def texts(answer: Answer) -> str:
    """All that an advice says, as one text."""
    return json.dumps(answer, ensure_ascii=False)


def gate(text: str, now: str, kind: str, *steps: tuple[float, str, str], setting: str = "clinic") -> tuple[str, ...]:
    """What the guard has against a plan that nobody would build: steps of (hours from now, what to do, dose)."""
    found = facts(text, now)
    made = tuple(
        Step(found.now + timedelta(hours=hours), do, "x", Quantity.read(dose) if dose else None)  # type: ignore[arg-type]
        for hours, do, dose in steps
    )
    plan = Plan(kind, "x", setting, made, "x", (), ())  # type: ignore[arg-type]
    return check(plan, found, pump_state(found))

"""What a card lays beside a drafted order: to take it back, or another regimen that the rules allow; none is marked."""

from __future__ import annotations

from typing import Any, Final

from eutonia.advice import Advice
from eutonia.chart import event as e
from eutonia.chart.fhir.fields import RXNORM, UCUM, objects
from eutonia.chart.orders import Part, Regimen
from eutonia.doors.hooks.card import Action, Suggestion
from eutonia.doors.hooks.drafts import Draft
from eutonia.plan import plan
from eutonia.plan.plan import Plan
from eutonia.plan.typed import typed
from eutonia.quantity import plain

_MOST: Final = 3
_MOUTH: Final = {
    "coding": [{"system": "http://snomed.info/sct", "code": "26643006", "display": "Oral route"}],
    "text": "by mouth",
}
# The product and how much of it is handed out belonged to the other dose: both are for the prescriber to fill in.
_OF_THE_OLD_DOSE: Final = ("dispenseRequest", "medicationReference", "substitution")


def delete(draft: Draft) -> tuple[Suggestion, ...]:
    """The draft taken back; the orders that are active already stay as they are."""
    if not draft.reference:
        return ()
    dose = f" {draft.dose.written}" if isinstance(draft.dose, Regimen) else ""
    says = f"Delete the draft order of baclofen{dose}; active orders stay as they are"
    return (Suggestion(says, "", (Action("delete", says, resource_id=draft.reference),)),)


def others(draft: Draft, seen: Advice) -> tuple[Suggestion, ...]:
    """The regimens that a plan begins with today, each through the guard once more; nothing where a stop stands."""
    if not draft.reference or not isinstance(draft.dose, Regimen):
        return ()
    found: dict[str, Regimen] = {}
    for each in plan(seen.facts, seen.pump, seen.findings)[0]:
        first = each.steps[0] if each.kind == "titration" else None
        if first is None or first.at != seen.facts.now or first.do != "take" or not isinstance(first.writes, e.Oral):
            continue
        regimen = first.writes.regimen
        if regimen is not None and isinstance(typed(seen.facts, seen.pump, seen.findings, regimen), Plan):
            found[regimen.written] = regimen
    return tuple(_instead(draft, each) for each in list(found.values())[:_MOST])


def _instead(draft: Draft, regimen: Regimen) -> Suggestion:
    says = f"Change the draft to {regimen.written} ({plain(regimen.daily)}); product and quantity stay open"
    return Suggestion(says, "", (Action("update", says, rewritten(draft.resource, regimen)),))


def rewritten(resource: dict[str, Any], regimen: Regimen) -> dict[str, Any]:
    """The whole draft with another regimen, written strictly where it was read tolerantly."""
    kept = {key: each for key, each in resource.items() if key not in _OF_THE_OLD_DOSE and _holds(each)}
    contained = [each for each in objects(kept.pop("contained", None)) if each.get("resourceType") != "Medication"]
    if contained:
        kept["contained"] = contained
    if isinstance(kept.get("category"), dict):
        kept["category"] = [kept["category"]]
    return {
        **kept,
        "status": "draft",
        "intent": kept.get("intent", "order"),
        "medicationCodeableConcept": {
            "coding": [{"system": RXNORM, "code": "1292", "display": "baclofen"}],
            "text": "baclofen",
        },
        "dosageInstruction": [_instruction(part) for part in regimen.parts],
    }


def _holds(value: object) -> bool:
    return value is not None and value not in ("", [], {})


def _instruction(part: Part) -> dict[str, Any]:
    amount = {"value": float(part.amount.to("mg")), "unit": "mg", "system": UCUM, "code": "mg"}
    return {
        "text": part.written,
        "timing": {"repeat": {"frequency": part.times, "period": 1, "periodUnit": "d"}},
        "route": _MOUTH,
        "doseAndRate": [{"doseQuantity": amount}],
    }

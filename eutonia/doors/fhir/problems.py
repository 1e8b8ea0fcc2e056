"""Conditions and allergies: one resource for each course of a condition, because the last line of a name counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from eutonia.chart import event as e
from eutonia.doors.fhir.fields import HL7, OWN, SNOMED, Json, coded, person
from eutonia.doors.fhir.writing import Writing

# Names that mean exactly what the code means, among the codes that were verified.  "Diabetes" is not among them: its
# code in the knowledge is that of type 2.
CODES: Final = {
    "cerebral palsy": "128188000",
    "epilepsy": "84757009",
    "hypertension": "38341003",
    "multiple sclerosis": "24700007",
    "parkinson disease": "49049000",
    "seizure disorder": "128613002",
    "spasticity": "221360009",
    "spinal cord injury": "90584004",
    "spinal paralysis": "698754002",
    "stroke": "230690007",
}


def _clinical(kind: str, code: str) -> Json:
    return {"coding": [{"system": f"{HL7}{kind}-clinical", "code": code}]}


def _condition(writing: Writing, place: str, event: e.Event, what: e.Condition) -> None:
    key = f"condition {what.name.lower()}"
    resource = writing.open.get(key)
    first = resource is None
    if resource is None:
        new: Json = {"resourceType": "Condition", "recordedDate": writing.stamp(event)}
        resource = writing.open[key] = writing.add(place, new)
    code = CODES.get(what.name.lower())
    resource |= {
        "clinicalStatus": _clinical("condition", "resolved" if what.resolved else "active"),
        "code": coded(SNOMED, code, what.name) if code else {"text": what.name},
        "subject": writing.to(writing.patient),
    }
    if event.by:
        resource["recorder"] = person(event.by)
    if what.resolved:
        resource["abatementDateTime"] = writing.stamp(event)
        del writing.open[key]
    # The line of an end says nothing of the rest: what was known of the condition while it lasted stays.
    if what.resolved and not first:
        return
    resource |= {
        "severity": {"text": "severe"} if what.severe else None,
        "bodySite": [{"text": what.level}],
        "onsetDateTime": what.since.isoformat() if what.since else None,
        "extension": [{"url": f"{OWN}origin", "valueCode": what.origin}] if what.origin else None,
    }


def _allergy(writing: Writing, place: str, event: e.Event, what: e.Allergy) -> None:
    # "None known" is over once a substance is named; both side by side would contradict each other.
    others = [x.what for x in writing.facts.of(e.Allergy) if isinstance(x.what, e.Allergy)]
    active = what.substance is not None or not any(each.substance for each in others)
    none = coded(SNOMED, "716186003", "No known allergies", "No known allergy")
    writing.add(
        place,
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": _clinical("allergyintolerance", "active" if active else "inactive"),
            "code": none if what.substance is None else {"text": what.substance},
            "patient": writing.to(writing.patient),
            "recordedDate": writing.stamp(event),
            "recorder": person(event.by),
            "reaction": [{"manifestation": [{"text": what.reaction}]}],
        },
    )


WRITERS: Final[dict[type, Callable[[Writing, str, e.Event, Any], None]]] = {
    e.Condition: _condition,
    e.Allergy: _allergy,
}

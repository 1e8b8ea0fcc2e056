"""What was found, as detected issues; what would help it, as tasks; what is missing, as data that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from eutonia.advice import Advice
from eutonia.chart import Facts
from eutonia.doors.fhir.fields import LOINC, OWN, Json, own
from eutonia.doors.fhir.writing import Writing
from eutonia.evidence import Known, Unknown
from eutonia.findings import Finding
from eutonia.moment import local_day

_SEVERITY: Final = {"stop": "high", "caution": "moderate", "note": "low"}


def write_findings(writing: Writing, advice: Advice) -> dict[str, Json]:
    """Every finding, the worst first, by its id."""
    found = advice.findings
    return {each.id: writing.add(f"finding {n}", _finding(writing, each)) for n, each in enumerate(found, 1)}


def _finding(writing: Writing, finding: Finding) -> Json:
    # An emergency card comes first: what to do, before why.
    words = [*finding.card, f"{finding.says} {finding.basis}"]
    words += [f"What would resolve it: {finding.resolve}"] if finding.resolve else []
    basis: list[Json] = [{"code": [{"coding": [{"system": f"{OWN}fact", "code": each}]}]} for each in finding.facts]
    basis += [{"code": [{"text": each}]} for each in finding.sources]
    return {
        "resourceType": "DetectedIssue",
        "extension": [{"url": f"{OWN}stops", "valueString": kind} for kind in finding.stops],
        "status": "final",
        "code": own("finding", finding.id),
        "severity": _SEVERITY[finding.grade],
        "patient": writing.to(writing.patient),
        "identifiedDateTime": writing.now,
        "author": writing.to_open("software"),
        "evidence": basis,
        "detail": "\n".join(words),
        "mitigation": [{"action": {"text": f"overridden: {finding.overridden}"}}] if finding.overridden else None,
    }


def write_tasks(writing: Writing, advice: Advice, found: dict[str, Json]) -> list[Json]:
    """A task for each finding that has a day by which something must be done."""
    tasks = []
    for each in sorted((each for each in advice.findings if each.due), key=lambda each: each.due or advice.facts.now):
        assert each.due is not None
        task: Json = {
            "resourceType": "Task",
            "status": "requested",
            "intent": "proposal",
            "code": own("task", "to do"),
            "description": each.resolve,
            "focus": writing.to(found[each.id]),
            "for": writing.to(writing.patient),
            "authoredOn": writing.now,
            "requester": writing.to_open("software"),
            "reasonReference": writing.to(found[each.id]),
            "restriction": {"period": {"end": local_day(each.due, writing.home).isoformat()}},
        }
        tasks.append(writing.add(f"task {each.id}", task))
    return tasks


def wanting(facts: Facts) -> Iterator[Json]:
    """The data without which the advice is poorer: what the chart does not say, or said too long ago."""
    if not isinstance(facts.person, Known) or isinstance(facts.age, Unknown):
        yield {"type": "Patient", "mustSupport": ["identifier", "birthDate"]}
    if isinstance(facts.allergies, Unknown):
        yield {"type": "AllergyIntolerance"}
    if isinstance(facts.list_complete, Unknown) or isinstance(facts.oral, Unknown):
        yield {"type": "MedicationRequest"}
    if isinstance(facts.weight, Unknown):
        yield _observation("29463-7")
    if facts.may_be_pregnant and isinstance(facts.pregnancy, Unknown):
        yield _observation("82810-3")
    kidney = [facts.lab(test, test, "age.creatinine") for test in ("creatinine", "egfr", "clearance")]
    if all(isinstance(each, Unknown) for each in kidney):
        yield _observation("2160-0")


def _observation(loinc: str) -> Json:
    return {"type": "Observation", "codeFilter": [{"path": "code", "code": [{"system": LOINC, "code": loinc}]}]}

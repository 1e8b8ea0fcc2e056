"""An advice as one FHIR R4 bundle: the chart, what was found, the options, what is expected of each, what is refused."""

from __future__ import annotations

from typing import Final

from eutonia.advice import Advice
from eutonia.doors.fhir.computed import write_pump
from eutonia.doors.fhir.fields import OWN, Json, note, own
from eutonia.doors.fhir.findings import wanting, write_findings, write_tasks
from eutonia.doors.fhir.foresight import write_predictions
from eutonia.doors.fhir.plans import write_options, write_plans
from eutonia.doors.fhir.record import assembled, of_chart, recorded
from eutonia.doors.fhir.writing import Writing

MODULE: Final = f"{OWN}advise"
_MEANT: Final = "Options with their basis for a clinician, never a directive; none is chosen. Not for emergencies."


def advice_bundle(advice: Advice, *, foresee: bool = True, module: str = MODULE, known_as: str = "") -> Json:
    """The whole advice as a bundle; without `foresee` nothing is predicted, which takes most of the time.

    module: where the operation that gave it is defined; known_as: the id under which a server knows the patient.
    """
    facts = advice.facts
    writing = recorded(facts, known_as)
    # The same chart gives another advice at another moment, or with other knowledge.
    writing.seed = "\n".join((facts.chart.hash, writing.now, facts.book.library.hash, facts.book.jurisdiction))
    computed = write_pump(writing, advice)
    found = write_findings(writing, advice)
    plans = write_plans(writing, advice)
    options = write_options(writing, plans, advice)
    futures = write_predictions(writing, advice, plans) if foresee else []
    tasks = write_tasks(writing, advice, found)
    refused = _refusals(writing, advice)
    made = [*computed, *found.values(), *plans, options, *futures, *tasks, refused]
    made.append(_response(writing, advice, options, refused, module))
    _signed(writing, advice, [each for each in made if each is not None])
    return writing.bundle("collection")


def _refusals(writing: Writing, advice: Advice) -> Json | None:
    """Why there is no plan of a kind, and what would lift it."""
    if not advice.refusals:
        return None
    issues = [
        {
            "severity": "warning",
            "code": "business-rule",
            "details": own("kind-of-plan", each.kind, f"no plan: {each.kind}"),
            "diagnostics": f"{each.why} What would lift it: {each.lifts}",
        }
        for each in advice.refusals
    ]
    return writing.add("refusals", {"resourceType": "OperationOutcome", "issue": issues})


def _response(writing: Writing, advice: Advice, options: Json | None, refused: Json | None, module: str) -> Json:
    """What ties the advice together: who asked what, what was answered, what data would make it better."""
    asked = list(wanting(advice.facts))
    response: Json = {
        "resourceType": "GuidanceResponse",
        "moduleUri": module,
        "status": "data-requested" if asked else "success",
        "subject": writing.to(writing.patient),
        "occurrenceDateTime": writing.now,
        "performer": writing.to_open("software"),
        "note": note(_MEANT),
        "evaluationMessage": [writing.to(refused)],
        "result": writing.to(options),
        "dataRequirement": asked,
    }
    return writing.add("response", response)


def _signed(writing: Writing, advice: Advice, made: list[Json]) -> None:
    """What the advice rests on: the chart by its hash, the knowledge by version and hash, the moment."""
    library = advice.book.library
    knowledge = {
        "role": "source",
        "what": {
            "identifier": {"system": f"{OWN}knowledge", "value": f"{library.version} {library.hash}"},
            "display": f"knowledge {library.version}, {advice.book.jurisdiction}",
        },
    }
    writing.add(
        "the advice's provenance",
        {
            "resourceType": "Provenance",
            "target": [writing.to(each) for each in made],
            "occurredDateTime": writing.now,
            "recorded": writing.now,
            "activity": {"text": "advice of Eutonia"},
            "agent": [assembled(writing)],
            "entity": [of_chart(advice.facts.chart), knowledge],
        },
    )

"""A chart as a FHIR R4 bundle: every event that FHIR can say, and the name of every one that it cannot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from eutonia import __version__
from eutonia.chart import Chart, Facts
from eutonia.chart import event as e
from eutonia.chart.text import kind_of, line_of
from eutonia.doors.fhir import drugs, measured, people, problems, pumps
from eutonia.doors.fhir.fields import HL7, OWN, Json, coded, own, person, tidy
from eutonia.doors.fhir.writing import Writing
from eutonia.knowledge import book


def _request(writing: Writing, place: str, event: e.Event, what: e.Request) -> None:
    """What the clinician wants to see planned: a wish, never an order."""
    waits = (event.at, what) in writing.facts.requests
    writing.add(
        place,
        {
            "resourceType": "Task",
            "status": "requested" if waits else "completed",
            "businessStatus": None if waits else {"text": "answered, or replaced by a later request"},
            "intent": "proposal",
            "code": own("task", "plan wanted"),
            "description": line_of(what),
            "for": writing.to(writing.patient),
            "authoredOn": writing.stamp(event),
            "requester": person(event.by),
        },
    )


_WRITERS: Final[dict[type, Callable[[Writing, str, e.Event, Any], None]]] = {
    **people.WRITERS,
    **problems.WRITERS,
    **drugs.WRITERS,
    **measured.WRITERS,
    **pumps.WRITERS,
    e.Request: _request,
}


def chart_bundle(
    chart: Chart, now: datetime | str | None = None, type_: str = "collection", *, known_as: str = ""
) -> Json:
    """The whole chart as a bundle; `now` is the moment of which it speaks, without it that of the last event.

    known_as: the id under which a server knows the patient; without it one is made from the person's own.

    The same chart and the same moment give the same bundle, to the byte.
    """
    return recorded(_facts(chart, now), known_as).bundle(type_)


def patient_of(chart: Chart, *, known_as: str = "") -> Json:
    """The patient of a chart alone."""
    return tidy(people.write_patient(Writing(_facts(chart, None), known_as)))  # type: ignore[no-any-return]


def _facts(chart: Chart, now: datetime | str | None) -> Facts:
    # No limit of a jurisdiction is asked for here: what happened is the same everywhere.
    return Facts(chart, chart.events[-1].at if now is None else chart.moment(now), book("US"))


def recorded(facts: Facts, known_as: str = "") -> Writing:
    """A bundle into which the chart, as it stands at the moment of the facts, has been written."""
    writing = Writing(facts, known_as)
    people.write_patient(writing)
    repeated, future = set(map(id, facts.repeated)), set(map(id, facts.future))
    for number, event in enumerate(facts.chart.events, 1):
        place = f"event {number}"
        name = f"{place} ({kind_of(event.what)})"
        if id(event) in future:
            writing.left_out(name, "it lies after the moment of this bundle", "informational")
        elif id(event) in repeated:
            writing.left_out(name, "it repeats another one to the letter", "duplicate")
        elif (write := _WRITERS.get(type(event.what))) is not None:
            write(writing, place, event, event.what)
        elif not isinstance(event.what, e.Person):
            writing.left_out(name, "a free note is never interpreted, so it has no place among coded data")
    for each in facts.chart.dropped:
        why = f"{each.what}: {each.why}"
        writing.left_out(each.where, f"not on the chart that this was written from: {why}", "incomplete", "warning")
    _signed(writing)
    return writing


def software(writing: Writing) -> Json:
    """Eutonia itself, as the author of what it found."""
    found: Json = {
        "resourceType": "Device",
        "status": "active",
        "deviceName": [{"name": "Eutonia", "type": "manufacturer-name"}],
        "type": own("device", "decision support software"),
        "version": [{"value": __version__}],
    }
    return writing.add("software", found)


def _signed(writing: Writing) -> None:
    """From which chart, by which software this was written."""
    chart = writing.facts.chart
    resources = [each for _, each in writing.entries]
    writing.open["software"] = software(writing)
    writing.add(
        "the chart's provenance",
        {
            "resourceType": "Provenance",
            "target": [writing.to(each) for each in resources],
            "recorded": writing.now,
            "activity": {"text": "written from a chart of Eutonia"},
            "agent": [assembled(writing)],
            "entity": [of_chart(chart)],
        },
    )


def assembled(writing: Writing) -> Json:
    """Eutonia as the agent of a provenance."""
    role = coded(f"{HL7}provenance-participant-type", "assembler", "assembler", "Assembler")
    return {"type": role, "who": writing.to_open("software")}


def of_chart(chart: Chart) -> Json:
    """The chart by its hash, as the source of a provenance."""
    return {
        "role": "source",
        "what": {"identifier": {"system": f"{OWN}chart", "value": chart.hash}, "display": "chart"},
    }

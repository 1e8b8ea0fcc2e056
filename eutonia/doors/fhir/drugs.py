"""Drugs: what is taken and what was stopped, the oral regimen, what failed, and that the list is complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from eutonia.chart import event as e
from eutonia.chart.orders import read_regimen
from eutonia.doors.fhir.doses import BACLOFEN, by_mouth, daily, product
from eutonia.doors.fhir.fields import RXNORM, Json, note, own, person, quantity
from eutonia.doors.fhir.writing import Writing
from eutonia.knowledge.drugs import recognise
from eutonia.quantity import QuantityError

_TAKEN: Final = "medication "


def _statement(writing: Writing, event: e.Event, status: str, drug: Json, **fields: object) -> Json:
    return {
        "resourceType": "MedicationStatement",
        "status": status,
        "medicationCodeableConcept": drug,
        "subject": writing.to(writing.patient),
        "informationSource": person(event.by),
        **fields,
    }


def _medication(writing: Writing, place: str, event: e.Event, what: e.Medication) -> None:
    """A drug in the writer's words; a later line with it, or its stop, ends the earlier statement."""
    key, at = _TAKEN + what.text.lower(), writing.stamp(event)
    if not what.stopped:
        if (before := writing.open.get(key)) is not None:
            _end(before, at, "completed")
        new = _statement(
            writing, event, "active", _drug(what.text), effectivePeriod={"start": at}, dosage=_dosage(what.text)
        )
        writing.open[key] = writing.add(place, new)
        return
    names = {each.name for each in recognise(what.text).ingredients}
    # The same drugs are ended here as by the facts of the chart.
    ended = [
        text
        for text in writing.open
        if text.startswith(_TAKEN)
        and (
            text == key
            or text.startswith(key + " ")
            or (names and names == {each.name for each in recognise(text.removeprefix(_TAKEN)).ingredients})
        )
    ]
    for text in ended:
        _end(writing.open.pop(text), at, "stopped")
    if not ended:
        writing.add(place, _statement(writing, event, "stopped", _drug(what.text), effectivePeriod={"end": at}))


def _end(resource: Json, at: str, status: str) -> None:
    resource["status"] = status
    resource["effectivePeriod"] = {**resource["effectivePeriod"], "end": at}


def _drug(text: str) -> Json:
    """The drug as it was written; its code only where baclofen is all that it names."""
    found = recognise(text)
    alone = [each.name for each in found.ingredients] == ["baclofen"] and not found.unrecognised
    return {"coding": [{"system": RXNORM, "code": "1292", "display": "baclofen"}] if alone else None, "text": text}


def _dosage(text: str) -> list[Json]:
    """How it is taken, where it is baclofen and the words are those of a regimen; of other drugs the text says it."""
    words = text.split()
    start = next((n for n, word in enumerate(words) if word[0].isdigit()), len(words))
    if not any("baclofen" in each.classes for each in recognise(text).ingredients):
        return []
    try:
        return by_mouth(read_regimen(" ".join(words[start:])))
    except QuantityError:
        return []


def _complete(writing: Writing, place: str, event: e.Event, _: e.Medications) -> None:
    """The list of all drugs of that moment: without entries it says so, for an empty list was asked about."""
    taken = [writing.to(each) for key, each in writing.open.items() if key.startswith(_TAKEN) or key == "oral"]
    nothing = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "nilknown"}]}
    writing.add(
        place,
        {
            "resourceType": "List",
            "status": "current",
            "mode": "snapshot",
            "title": "All drugs that are taken",
            "code": own("list", "medications complete", "the list of drugs is complete"),
            "subject": writing.to(writing.patient),
            "date": writing.stamp(event),
            "source": person(event.by),
            "entry": [{"item": each} for each in taken],
            "emptyReason": None if taken else nothing,
        },
    )


def _oral(writing: Writing, place: str, event: e.Event, what: e.Oral) -> None:
    """The regimen as an order, which ends the one before; a stop as a statement that the drug was stopped."""
    before = writing.open.pop("oral", None)
    if before is not None:
        before["status"] = "stopped"
        why = "replaced by a later order" if what.regimen else "baclofen by mouth was stopped"
        before["statusReason"] = {"text": why}
    if what.regimen is None:
        period = {"start": before["authoredOn"] if before else None, "end": writing.stamp(event)}
        stop = _statement(writing, event, "stopped", BACLOFEN, basedOn=[writing.to(before)], effectivePeriod=period)
        writing.add(place, stop)
        return
    drug: Json = {"medicationCodeableConcept": BACLOFEN}
    if (liquid := what.regimen.liquid) is not None:
        form = writing.add(f"{place} liquid", product(liquid, "oral liquid"))
        drug = {"medicationReference": writing.to(form)}
    writing.open["oral"] = writing.add(
        place,
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            **drug,
            "subject": writing.to(writing.patient),
            "authoredOn": writing.stamp(event),
            "requester": person(event.by),
            "note": note(daily(what.regimen.daily)),
            "dosageInstruction": by_mouth(what.regimen),
            "priorPrescription": writing.to(before),
        },
    )


def _failed(writing: Writing, place: str, event: e.Event, what: e.Failed) -> None:
    dose = (
        [{"text": f"{what.dose.written}", "doseAndRate": [{"rateQuantity": quantity(what.dose)}]}]
        if what.dose
        else None
    )
    why = [own("outcome-of-treatment", what.outcome)]
    period = {"end": writing.stamp(event)}
    writing.add(
        place,
        _statement(
            writing, event, "stopped", {"text": what.drug}, statusReason=why, effectivePeriod=period, dosage=dose
        ),
    )


WRITERS: Final[dict[type, Callable[[Writing, str, e.Event, Any], None]]] = {
    e.Medication: _medication,
    e.Medications: _complete,
    e.Oral: _oral,
    e.Failed: _failed,
}

"""The spine: screening boluses, the pump and its line as devices, fills, programs, and what was drawn or reported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from eutonia.chart import event as e
from eutonia.doors.fhir.doses import BACLOFEN, IN_THE_SPINE, daily, in_the_spine, product
from eutonia.doors.fhir.fields import Json, instant, note, own, person, quantity
from eutonia.doors.fhir.writing import Writing
from eutonia.quantity import Quantity

# A refill is a procedure and no administration: what goes into the chamber has not reached the patient.


def _given(writing: Writing, place: str, event: e.Event, what: e.Trial | e.Bridge, kind: str, **fields: object) -> Json:
    checked = {"function": {"text": "checked by"}, "actor": person(what.checked_by)} if what.checked_by else None
    by = {"actor": person(event.by)} if event.by else None
    return writing.add(
        place,
        {
            "resourceType": "MedicationAdministration",
            "status": "completed",
            "category": own("bolus", kind),
            "medicationCodeableConcept": BACLOFEN,
            "subject": writing.to(writing.patient),
            "effectiveDateTime": writing.stamp(event),
            "performer": [by, checked],
            **fields,
        },
    )


def _trial(writing: Writing, place: str, event: e.Event, what: e.Trial) -> None:
    dosage = {"text": f"screening bolus {what.dose}", "route": IN_THE_SPINE, "dose": quantity(what.dose)}
    writing.open["trial"] = _given(writing, place, event, what, "screening bolus", dosage=dosage)


def _response(writing: Writing, place: str, event: e.Event, what: e.Response) -> None:
    lasted = None
    if what.lasted is not None:
        lasted = {"code": own("observation", "response lasted"), "valueQuantity": quantity(what.lasted)}
    writing.observe(
        place,
        event,
        own("observation", "response to the screening bolus"),
        partOf=[writing.to_open("trial")],
        valueCodeableConcept=own("response", what.outcome),
        component=[lasted],
    )


def _bridge(writing: Writing, place: str, event: e.Event, what: e.Bridge) -> None:
    ends = event.at + timedelta(hours=float(what.over.to("h")))
    over = {"numerator": quantity(what.dose), "denominator": quantity(what.over)}
    _given(
        writing,
        place,
        event,
        what,
        "bridge bolus",
        status="completed" if ends <= writing.facts.now else "in-progress",
        effectiveDateTime=None,
        effectivePeriod={"start": instant(event.at, writing.home), "end": instant(ends, writing.home)},
        device=[writing.to_open("pump")],
        dosage={
            "text": f"bridge bolus {what.dose} over {what.over}: old drug that still stands in the line",
            "route": IN_THE_SPINE,
            "dose": quantity(what.dose),
            "rateRatio": over,
        },
    )


# --- devices ----------------------------------------------------------------------------------------------------------


def _property(name: str, value: Quantity | str | None) -> Json | None:
    if value is None:
        return None
    said = {"valueQuantity": [quantity(value)]} if isinstance(value, Quantity) else {"valueCode": [{"text": value}]}
    return {"type": own("device-property", name), **said}


def _device(writing: Writing, place: str, event: e.Event, kind: str, type_: str, **fields: object) -> Json:
    """A device from now on, with the period in which it is used; the one before it is out of use."""
    if (before := writing.open.pop(kind, None)) is not None:
        before["status"] = "inactive"
        use = writing.open.pop(f"use of {kind}")
        use |= {"status": "completed", "timingPeriod": {**use["timingPeriod"], "end": writing.stamp(event)}}
    device: Json = {
        "resourceType": "Device",
        "status": "active",
        "type": own("device", type_),
        "patient": writing.to(writing.patient),
        **fields,
    }
    writing.open[kind] = writing.add(f"{place} {kind}", device)
    writing.open[f"use of {kind}"] = writing.add(
        f"{place} {kind}",
        {
            "resourceType": "DeviceUseStatement",
            "status": "active",
            "subject": writing.to(writing.patient),
            "timingPeriod": {"start": writing.stamp(event)},
            "source": person(event.by),
            "device": writing.to_open(kind),
        },
    )
    return device


def _procedure(writing: Writing, place: str, event: e.Event, code: Json, **fields: object) -> Json:
    return writing.add(
        place,
        {
            "resourceType": "Procedure",
            "status": "completed",
            "code": code,
            "subject": writing.to(writing.patient),
            "performedDateTime": writing.stamp(event),
            "recorder": person(event.by),
            **fields,
        },
    )


def _catheter(writing: Writing, place: str, event: e.Event, what: e.Implant | e.Revision) -> Json:
    parts = [_property("volume of the line", what.line), _property("level of the tip", what.tip)]
    pump = writing.to_open("pump")
    return _device(writing, place, event, "catheter", "intrathecal catheter with tubing", parent=pump, property=parts)


def _implant(writing: Writing, place: str, event: e.Event, what: e.Implant) -> None:
    pump = _device(
        writing,
        place,
        event,
        "pump",
        "implanted infusion pump",
        deviceName=[{"name": what.device, "type": "user-friendly-name"}],
        property=[
            _property("capacity of the reservoir", what.capacity),
            _property("alarm volume", what.alarm),
            _property("clock", what.clock),
        ],
    )
    kept = what.catheter == "kept" and "catheter" in writing.open
    used = [pump] if kept else [pump, _catheter(writing, place, event, what)]
    text = "pump implanted; the catheter was kept" if kept else "pump and line implanted"
    devices = [{"manipulated": writing.to(device)} for device in used]
    _procedure(writing, place, event, own("procedure", "implant", text), focalDevice=devices)


def _explant(writing: Writing, place: str, event: e.Event, what: e.Explant) -> None:
    """The pump is out of use, and so is its order: nothing is delivered from now on."""
    pump = writing.open.pop("pump", None)
    if pump is not None:
        pump["status"] = "inactive"
        use = writing.open.pop("use of pump")
        use |= {"status": "completed", "timingPeriod": {**use["timingPeriod"], "end": writing.stamp(event)}}
    order = writing.open.pop("program", None)
    if order is not None:
        order |= {"status": "stopped", "statusReason": {"text": "the pump was explanted"}}
    text = f"pump explanted: {what.reason}" if what.reason else "pump explanted"
    devices = [{"manipulated": writing.to(pump)}] if pump is not None else None
    _procedure(writing, place, event, own("procedure", "explant", text), focalDevice=devices)


def _revision(writing: Writing, place: str, event: e.Event, what: e.Revision) -> None:
    """What was known of the line's volume is over, so the line is a new device with what is known of it now."""
    catheter = _catheter(writing, place, event, what)
    code = own("procedure", "revision", f"revision: {what.what}")
    _procedure(writing, place, event, code, focalDevice=[{"manipulated": writing.to(catheter)}])


# --- what goes in and comes out ---------------------------------------------------------------------------------------


def _refill(writing: Writing, place: str, event: e.Event, what: e.Refill) -> None:
    drug = writing.open["fill"] = writing.add(place, product(what.strength, "intrathecal solution", what.lot))
    pump = writing.to_open("pump")
    checked = {"function": {"text": "checked by"}, "actor": person(what.checked_by)} if what.checked_by else None
    done = _procedure(
        writing,
        place,
        event,
        own("procedure", "refill", "the reservoir was emptied and filled"),
        performer=[checked],
        focalDevice=[{"manipulated": pump}] if pump else None,
        usedReference=[writing.to(drug)],
    )
    parts = [{"code": own("observation", "strength filled"), "valueQuantity": quantity(what.strength)}]
    if what.product is not None:
        label = own("observation", "strength on the label of the vial")
        parts.append({"code": label, "valueQuantity": quantity(what.product)})
    code = own("observation", "volume filled")
    writing.observe(
        place, event, code, partOf=[writing.to(done)], valueQuantity=quantity(what.volume), device=pump, component=parts
    )


def _prime(writing: Writing, place: str, event: e.Event, what: e.Prime) -> None:
    done = _procedure(writing, place, event, own("procedure", "prime", "prime bolus: the line was filled"))
    code, value = own("observation", "volume of the prime bolus"), quantity(what.volume)
    writing.observe(place, event, code, partOf=[writing.to(done)], valueQuantity=value, device=writing.to_open("pump"))


def _residual(writing: Writing, place: str, event: e.Event, what: e.Residual) -> None:
    code = own("observation", "residual volume, measured")
    writing.observe(place, event, code, valueQuantity=quantity(what.volume), device=writing.to_open("pump"))


def _emptied(writing: Writing, place: str, event: e.Event, what: e.Emptied) -> None:
    done = _procedure(writing, place, event, own("procedure", "emptied", "the reservoir was emptied"))
    code, value = own("observation", "volume emptied from the reservoir"), quantity(what.volume)
    writing.observe(place, event, code, partOf=[writing.to(done)], valueQuantity=value, device=writing.to_open("pump"))


def _aspirated(writing: Writing, place: str, event: e.Event, what: e.Aspirated) -> None:
    done = _procedure(writing, place, event, own("procedure", "aspirated", "the catheter was aspirated"))
    if what.volume is not None:
        code, value = own("observation", "volume aspirated from the catheter"), quantity(what.volume)
        writing.observe(place, event, code, partOf=[writing.to(done)], valueQuantity=value)


def _reported(writing: Writing, place: str, event: e.Event, what: e.Device) -> None:
    text = f"{what.what} {what.begin} to {what.end}" if what.begin else what.what
    code, value = own("observation", "event of the pump"), own("event-of-the-pump", what.what, text)
    writing.observe(place, event, code, valueCodeableConcept=value, device=writing.to_open("pump"))


def _program(writing: Writing, place: str, event: e.Event, what: e.Programmed) -> None:
    """The program as an order, which ends the one before; a stop as a statement that the drug was stopped."""
    program, before = what.program, writing.open.pop("program", None)
    if before is not None:
        before["status"] = "stopped"
        before["statusReason"] = {"text": "the pump was stopped" if program.stopped else "replaced by a later program"}
    drug = writing.to_open("fill")
    named = {"medicationReference": drug} if drug else {"medicationCodeableConcept": BACLOFEN}
    checked = f"Checked by {what.checked_by}." if what.checked_by else None
    if program.stopped:
        writing.add(
            place,
            {
                "resourceType": "MedicationStatement",
                "status": "stopped",
                **named,
                "subject": writing.to(writing.patient),
                "basedOn": [writing.to(before)],
                "effectivePeriod": {
                    "start": before["authoredOn"] if before else None,
                    "end": writing.stamp(event),
                },
                "informationSource": person(event.by),
                "note": note("The pump was told to stop.", checked),
                "dosage": [{"route": IN_THE_SPINE}],
            },
        )
        return
    told = f"The pump was told a strength of {program.strength}." if program.strength is not None else None
    writing.open["program"] = writing.add(
        place,
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "category": [own("order", "program of the pump")],
            **named,
            "subject": writing.to(writing.patient),
            "supportingInformation": [writing.to_open("pump")],
            "authoredOn": writing.stamp(event),
            "requester": person(event.by),
            "note": note(f"Program: {program.written}.", daily(program.daily), told, checked),
            "dosageInstruction": in_the_spine(program),
            "priorPrescription": writing.to(before),
        },
    )


WRITERS: Final[dict[type, Callable[[Writing, str, e.Event, Any], None]]] = {
    e.Trial: _trial,
    e.Response: _response,
    e.Bridge: _bridge,
    e.Implant: _implant,
    e.Explant: _explant,
    e.Revision: _revision,
    e.Refill: _refill,
    e.Prime: _prime,
    e.Residual: _residual,
    e.Emptied: _emptied,
    e.Aspirated: _aspirated,
    e.Device: _reported,
    e.Programmed: _program,
}

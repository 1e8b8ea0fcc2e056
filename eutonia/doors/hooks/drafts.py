"""The orders that are being written, each as a chart would hold it once it is signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.chart import Chart
from eutonia.chart.fhir.drugs import IN_THE_SPINE
from eutonia.chart.fhir.fields import NotRead, an_object, concept, line, objects, quantity, shown
from eutonia.chart.orders import Program, Regimen
from eutonia.chart.text import written
from eutonia.doors.hooks.asked import Asked, NotServed
from eutonia.doors.hooks.record import Record, read_chart
from eutonia.knowledge.drugs import recognise
from eutonia.moment import iso, zone
from eutonia.quantity import Quantity, QuantityError

# Not signed yet; some record systems leave the status out, and some send a renewal as the active order it was.
_COUNTING: Final = frozenset({"draft", "active"})
_OVER: Final = frozenset({"cancelled", "entered-in-error", "completed"})


class Draft(Struct, frozen=True):
    """One order: the drug, and where it is baclofen the dose, or why that could not be read.

    `dose` is a regimen by mouth, a program, or the amount of one bolus; `what` is what the chart will say.
    """

    resource: dict[str, Any]
    name: str
    baclofen: bool
    spine: bool = False
    dose: Regimen | Program | Quantity | None = None
    what: e.What | None = None
    why: str = ""

    @property
    def reference(self) -> str:
        """Its name on the record's server; empty where it has none yet."""
        id_ = self.resource.get("id")
        return f"MedicationRequest/{id_}" if isinstance(id_, str) and id_ else ""


def read_drafts(asked: Asked, record: Record, now: datetime, zone_name: str) -> tuple[Draft, ...]:
    """Every medication order of the drafts; `NotServed` where one is of another patient."""
    others = [each for each in asked.drafts if each.get("resourceType") == "Medication"]
    found = []
    for each in asked.drafts:
        if each.get("resourceType") == "MedicationRequest":
            _same_patient(each, asked)
            found.append(_draft(each, others, record, now, zone_name))
    return tuple(each for each in found if each is not None)


def _same_patient(resource: dict[str, Any], asked: Asked) -> None:
    subject = resource.get("subject")
    if subject is None:  # it stands in the context of this patient, and names nobody else
        return
    to = an_object(subject).get("reference")
    local = f"Patient/{asked.patient}"
    server = (asked.fhir_server or "").rstrip("/")
    if to != local and not (server and to == f"{server}/{local}"):
        raise NotServed(422, "a draft order is not of the patient of context.patientId; nothing was looked at")


def _draft(
    resource: dict[str, Any], others: list[dict[str, Any]], record: Record, now: datetime, zone_name: str
) -> Draft | None:
    given = resource.get("status", "draft")
    status = given if isinstance(given, str) else ""
    if status in _OVER:
        return None
    patient = record.patient
    meant = {
        **resource,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient['id']}"},
        "authoredOn": iso(now, zone(zone_name)),
    }
    meant.pop("id", None)
    entries = [{"resource": each} for each in (patient, meant, *others)]
    chart = read_chart(entries, now, zone_name)
    whats = [event.what for event in chart.events if _is_order(event.what)]
    name = _name(resource, chart, whats)
    what = whats[0] if whats else None
    spine = isinstance(what, e.Note)
    baclofen = spine or isinstance(what, e.Oral) or _is_baclofen(name)
    if status not in _COUNTING:
        return Draft(resource, name, baclofen, spine, why=f"its status is {shown(given)}, which is no new order")
    if spine:
        return _spinal(Draft(resource, name, baclofen=True, spine=True))
    if isinstance(what, e.Oral) and what.regimen is not None:
        return Draft(resource, name, baclofen=True, dose=what.regimen, what=what)
    if baclofen or what is None:
        dropped = next((each for each in chart.dropped if "MedicationRequest" in each.where), None)
        return Draft(resource, name, baclofen, why=dropped.why if dropped else "it could not be read")
    return Draft(resource, name, baclofen=False, what=what)


def _is_order(what: e.What) -> bool:
    """Whether it comes from the order: the patient brings lines of its own, such as that of a death."""
    return isinstance(what, (e.Oral, e.Medication)) or (isinstance(what, e.Note) and what.text.startswith(IN_THE_SPINE))


def _name(resource: dict[str, Any], chart: Chart, whats: Sequence[e.What]) -> str:
    text = next((each.text for each in whats if isinstance(each, e.Medication)), "")
    names = [text, concept(resource.get("medicationCodeableConcept")).name]
    names.append(line(an_object(resource.get("medicationReference")).get("display")))
    return next(filter(None, names), "a drug without a name")


def _is_baclofen(text: str) -> bool:
    return any("baclofen" in each.classes for each in recognise(text).ingredients)


# --- into the spine ---------------------------------------------------------------------------------------------------


def _spinal(draft: Draft) -> Draft:
    try:
        dose = _dose(draft.resource)
    except (NotRead, QuantityError) as error:
        return replace(draft, why=str(error))
    return replace(draft, dose=dose, what=e.Trial(dose) if isinstance(dose, Quantity) else None)


def _dose(resource: dict[str, Any]) -> Program | Quantity:
    """A daily dose as a continuous program, or the amount of one bolus; anything between the two is not guessed."""
    given = objects(resource.get("dosageInstruction"))
    rates = objects(given[0].get("doseAndRate")) if len(given) == 1 else []
    if len(rates) != 1 or "modifierExtension" in given[0] or "modifierExtension" in resource:
        raise NotRead("dosage", "one dose is read, in doseAndRate")
    rate = rates[0]
    names = [name for name in rate if name.startswith(("dose", "rate"))]
    match names:
        case ["rateQuantity"]:
            return _running(quantity(rate["rateQuantity"], "rateQuantity", "daily dose"))
        case ["rateRatio"]:
            ratio = an_object(rate["rateRatio"])
            top = quantity(ratio.get("numerator"), "rateRatio.numerator", "amount")
            span = quantity(ratio.get("denominator"), "rateRatio.denominator", "time")
            if top.kind != "amount" or span.kind != "time" or span.to("h") not in (1, 24):
                raise NotRead("rateRatio", "only an amount in 1 h, 24 h or 1 day is read")
            return _running(Quantity.of(top.to("mcg") * (24 / span.to("h")), "mcg/day"))
        case ["doseQuantity"]:
            dose = quantity(rate["doseQuantity"], "doseQuantity", "amount")
            if dose.kind == "daily dose":
                return _running(dose)
            if dose.kind != "amount":
                raise NotRead("doseQuantity", "it is no amount of drug")
            repeat = an_object(an_object(given[0].get("timing")).get("repeat"))
            if "timing" in given[0] and not (repeat.get("count") == 1 and set(repeat) <= {"count"}):
                raise NotRead("timing", "a bolus that is given more than once, or by a timing, is not read")
            return Quantity.of(dose.to("mcg"), "mcg")
        case _:
            raise NotRead("doseAndRate", "one of doseQuantity, rateQuantity and rateRatio is read")


def _running(found: Quantity) -> Program:
    if found.kind == "hourly dose":
        found = Quantity.of(found.to("mcg/h") * 24, "mcg/day")
    if found.kind != "daily dose":
        raise NotRead("rate", "it is no dose an hour or a day")
    return Program(Quantity.of(found.to("mcg/day"), "mcg/day"))


# --- on the chart -----------------------------------------------------------------------------------------------------


def overlaid(chart: Chart, drafts: tuple[Draft, ...], now: datetime, beside: bool) -> Chart:
    """The chart as it will be once these are signed; a regimen stands `beside` the orders there are, or in their place."""
    whats: list[e.What] = []
    for each in drafts:
        if (
            isinstance(each.what, e.Oral)
            and isinstance(each.dose, Regimen)
            and (beside or any(isinstance(x, e.Oral) for x in whats))
        ):
            whats.append(e.Medication(f"baclofen {each.dose.written}"))
        elif each.what is not None:
            whats.append(each.what)
    moment = f"{now:%Y-%m-%d %H:%M}Z"
    events = [e.Event(now, what, moment, line=len(chart.events) + n) for n, what in enumerate(whats, 1)]
    events = [replace(each, text=written(each)) for each in events]
    return Chart((*chart.events, *events), chart.lines, chart.zone_name, chart.source, chart.dropped)


def replaced(draft: Draft, orders: list[dict[str, Any]]) -> bool:
    """Whether the draft says which of the active orders it takes the place of: that one by name, or by its own id."""
    prior = an_object(draft.resource.get("priorPrescription")).get("reference")
    names = {f"MedicationRequest/{each.get('id')}" for each in orders if each.get("id")}
    return draft.reference in names or (isinstance(prior, str) and any(prior.endswith(each) for each in names))

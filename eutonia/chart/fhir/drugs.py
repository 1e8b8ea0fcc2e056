"""The drugs that are taken now: from orders and statements that are active, and from no others."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.fhir.bundle import Item
from eutonia.chart.fhir.dosage import read_dosage
from eutonia.chart.fhir.fields import (
    RXNORM,
    SNOMED,
    Concept,
    Json,
    NotRead,
    When,
    an_object,
    concept,
    line,
    objects,
    shown,
    status,
)
from eutonia.chart.fhir.reading import Reading, own, placed
from eutonia.chart.orders import Regimen, read_regimen
from eutonia.knowledge.drugs import recognise
from eutonia.quantity import QuantityError

_ACTIVE: Final = frozenset({"active"})
_ORDERS: Final = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})

_BACLOFEN: Final = {
    RXNORM: frozenset({"1292", "197391", "197392", "199280", "1300890", "1666613"}),
    "http://www.whocc.no/atc": frozenset({"M03BX01"}),
}
_INJECTIONS: Final = frozenset({"1300890", "1666613"})
_SPINE: Final = re.compile(r"intrathecal|gablofen|\binject|\bpump\b|\bsyringe\b|\bampou?le\b|\bvial\b", re.I)
_BY_MOUTH: Final = re.compile(
    r"(?:per )?oral(?:ly)?(?: (?:route|use))?(?: \(qualifier value\))?|by mouth|po|p\.o\.|per os", re.I
)
# How the note of an order into the spine begins: such an order shows that there is a pump, and says nothing of its state.
IN_THE_SPINE: Final = "the record holds an intrathecal order: "
_ON_SKIN: Final = re.compile(r"\b(?:cream|gel|topical|ointment|patch|suppositor\w+|lotion)\b", re.I)


class _Order(Struct, frozen=True):
    """One active order of oral baclofen: its regimen and moment, or why it has none."""

    item: Item
    text: str
    at: When | None
    regimen: Regimen | None
    why: str


def read_drugs(items: list[Item], reading: Reading) -> None:
    """A line for each drug; baclofen by mouth as its regimen, wherever it can be read wholly."""
    orders: list[_Order] = []
    for item in items:
        try:
            order = _drug(item, reading)
        except NotRead as reason:
            reading.drop(item, reason.what, reason.why)
        else:
            orders += [order] if order else []
    _write_orders(_doubtless(orders, reading), reading)


def _drug(item: Item, reading: Reading) -> _Order | None:
    """Writes the drug down, or hands back the order where it is baclofen by mouth."""
    own(item)
    status(item.data.get("status"), _ACTIVE)
    requested = item.type == "MedicationRequest"
    intent = item.data.get("intent")
    if requested and not (isinstance(intent, str) and intent in _ORDERS):
        raise NotRead(f"intent {shown(intent)}", "only an order counts, not a plan or a proposal")
    if item.data.get("doNotPerform") not in (None, False):
        raise NotRead("doNotPerform", "it asks that the drug is not given")
    drug = _named(item, reading)
    text = _called(drug)
    names = ("authoredOn",) if requested else ("effectiveDateTime", "effectivePeriod.start", "dateAsserted")
    coded = any(codes & set(drug.of(system)) for system, codes in _BACLOFEN.items())
    known = _is_baclofen(text)
    if not coded and not known:
        reading.add(placed(item, reading, *names), e.Medication(text))
        return None
    text = text if known else f"baclofen {text}"
    at = placed(item, reading, *names)
    dosage = item.data.get("dosageInstruction" if requested else "dosage")
    routes = [concept(each["route"]) for each in objects(dosage) if "route" in each]
    if _into_the_spine(drug, routes, dosage):
        reading.add(at, e.Note(IN_THE_SPINE + text))
        reading.drop(item, text, "an intrathecal order is not a pump program; write refill and program lines")
        return None
    return _order(item, text, at, routes, dosage)


def _named(item: Item, reading: Reading) -> Concept:
    """The drug: written there, or in the Medication that is pointed to, or as the reference is displayed."""
    if "medicationCodeableConcept" in item.data:
        return concept(item.data["medicationCodeableConcept"])
    reference = item.data.get("medicationReference")
    found = reading.bundle.find(reference, item) or {}
    if found.get("status") == "entered-in-error":
        raise NotRead("Medication status 'entered-in-error'", "the drug that is pointed to is an error")
    code = concept(found.get("code"))
    if not code.name:
        parts = [concept(each.get("itemCodeableConcept")).name for each in objects(found.get("ingredient"))]
        text = " / ".join(filter(None, parts)) or line(an_object(reference).get("display"))
        return Concept(text, code.codes, ())
    return code


def _called(drug: Concept) -> str:
    """The name to write: the first one that is known, else its own text, else its code, so that it stays visible.

    A name that says baclofen comes before all others.
    """
    names = [each for each in (drug.text, *drug.displays) if each]
    names.sort(key=lambda each: (not _is_baclofen(each), not recognise(each).ingredients))
    names += [f"{system.rpartition('/')[2]} {code}".strip() for system, code in drug.codes if code]
    if not names:
        raise NotRead("no drug", "neither a text nor a code says which drug it is")
    return names[0]


def _is_baclofen(text: str) -> bool:
    return any("baclofen" in each.classes for each in recognise(text).ingredients)


def _into_the_spine(drug: Concept, routes: list[Concept], dosage: object) -> bool:
    texts = [drug.words, *(route.words for route in routes), *(line(each.get("text")) for each in objects(dosage))]
    coded = "72607000" in {code for route in routes for code in route.of(SNOMED)}
    return coded or bool(_INJECTIONS & set(drug.of(RXNORM))) or any(map(_SPINE.search, texts))


def _order(item: Item, text: str, at: When | None, routes: list[Concept], dosage: object) -> _Order:
    other = [route for route in routes if "26643006" not in route.of(SNOMED) and not _BY_MOUTH.fullmatch(route.name)]
    if other or _ON_SKIN.search(text):
        return _Order(
            item, text, at, None, f"its route {shown(other[0].name) if other else 'by its form'} is not by mouth"
        )
    if at is None:
        return _Order(item, text, at, None, "the order has no day, so nothing says since when the dose is taken")
    try:
        return _Order(item, text, at, read_dosage(dosage), "")
    except NotRead as reason:
        return _Order(item, text, at, None, f"its dose could not be read ({reason})")


def _doubtless(orders: list[_Order], reading: Reading) -> list[_Order]:
    """The orders without those that repeat another one.

    A statement that names the order it rests on adds nothing; one that names none, beside an order, may be the same
    tablets or further ones, so its dose stays unread and the daily dose unknown.
    """
    kept: list[_Order] = []
    for order in orders:
        requests = [each for each in kept if each.item.type == "MedicationRequest"]
        links = [*objects(order.item.data.get("basedOn")), *objects(order.item.data.get("derivedFrom"))]
        bases = [reading.bundle.find(link, order.item) for link in links]
        if order.item.type == "MedicationStatement" and any(
            base is each.item.data for base in bases for each in requests
        ):
            reading.drop(order.item, order.text, "it rests on an order that is read already")
        elif any(_bare(order.item.data) == _bare(each.item.data) for each in kept):
            reading.drop(
                order.item, order.text, "another order says the same to the letter, at the same moment; it counts once"
            )
        elif order.item.type == "MedicationStatement" and requests and order.regimen:
            why = "it does not say whether it is the drug that is ordered too, or further drug"
            kept.append(_Order(order.item, order.text, order.at, None, why))
        else:
            kept.append(order)
    return kept


def _bare(data: Json) -> dict[str, object]:
    return {key: each for key, each in data.items() if key not in ("id", "meta", "identifier", "text")}


def _write_orders(orders: list[_Order], reading: Reading) -> None:
    """The latest order as the regimen and every other one as a line beside it: the sum of all of them counts."""
    readable = sorted((each.at.at, n, each) for n, each in enumerate(orders) if each.regimen and each.at)
    for order in orders:
        if order.regimen is None:
            reading.keep(order.item, order.at, e.Medication(_without_dose(order.text)))
            reading.drop(order.item, order.text, order.why)
    # Lines that say the same count once on a chart, so equal orders are written as one line with both doses.
    beside: dict[str, list[_Order]] = {}
    for _, _, order in readable[:-1]:
        assert order.regimen is not None
        beside.setdefault(order.regimen.written, []).append(order)
    for dose, equal in beside.items():
        reading.keep(equal[-1].item, equal[-1].at, e.Medication("baclofen " + " + ".join([dose] * len(equal))))
    for _, _, order in readable[-1:]:
        reading.keep(order.item, order.at, e.Oral(order.regimen))


def _without_dose(text: str) -> str:
    """The name of an order whose dose was not read, so that no dose can be read from the name either."""
    words = text.split()
    start = next((n for n, word in enumerate(words) if word[0].isdigit()), len(words))
    try:
        read_regimen(" ".join(words[start:]))
    except QuantityError:
        return text
    return f"{text} (its dose was not read)"

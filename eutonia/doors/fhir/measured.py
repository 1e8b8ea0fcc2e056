"""What was measured, scored, seen or answered, each as an observation; what has no standard code has one of our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from eutonia.chart import event as e
from eutonia.doors.fhir.fields import HL7, LOINC, UCUM, Json, coded, own, own_coding, quantity
from eutonia.doors.fhir.writing import Writing
from eutonia.quantity import number

Writer = Callable[[Writing, str, e.Event, Any], None]

# A standard code says more than a chart may know: those of an eGFR name the formula, that of creatinine the mass.
_LABS: Final = {
    "creatinine": "creatinine in serum",
    "egfr": "eGFR, indexed to 1.73 m2, formula not known",
    "clearance": "creatinine clearance, not indexed",
    "plasma": "baclofen in plasma",
    "csf": "baclofen in cerebrospinal fluid, sampling not known",
    "lumbar": "baclofen in lumbar fluid, by puncture",
    "aspirate": "baclofen in fluid drawn through the catheter",
    "ck": "creatine kinase",
}
_LOINC: Final = {
    "creatinine mg/dL": "2160-0",
    "plasma ng/mL": "9353-4",
    "plasma mcg/L": "9353-4",
    "plasma mg/L": "9353-4",
}
_SCALES: Final = {
    "ashworth": "Ashworth scale",
    "modified ashworth": "Modified Ashworth scale",
    "penn": "Penn spasm frequency scale",
    "h/m": "H/M ratio",
}


def _of_kind(kind: str) -> list[Json]:
    return [{"coding": [{"system": f"{HL7}observation-category", "code": kind}]}]


def _body(code: str, text: str) -> Writer:
    def write(writing: Writing, place: str, event: e.Event, what: e.Weight | e.Height) -> None:
        value = quantity(what.value)
        writing.observe(place, event, coded(LOINC, code, text), category=_of_kind("vital-signs"), valueQuantity=value)

    return write


def _lab(writing: Writing, place: str, event: e.Event, what: e.Lab) -> None:
    code = own("lab", what.test, _LABS[what.test])
    if loinc := _LOINC.get(f"{what.test} {what.value.unit.name}"):
        code["coding"].insert(0, {"system": LOINC, "code": loinc})
    writing.observe(place, event, code, category=_of_kind("laboratory"), valueQuantity=quantity(what.value))


def _score(writing: Writing, place: str, event: e.Event, what: e.Score) -> None:
    """One observation a mark.  The value is a code: "1+" is not a number and must never become one."""
    for n, mark in enumerate(what.marks, 1):
        value: Json = {"valueCodeableConcept": {"coding": [own_coding(mark.scale, mark.value)], "text": mark.value}}
        if mark.scale == "h/m":
            value = {"valueQuantity": {"value": number(mark.value), "system": UCUM, "code": "1"}}
        writing.observe(
            f"{place} {n}",
            event,
            own("scale", mark.scale, _SCALES[mark.scale]),
            category=_of_kind("survey"),
            bodySite={"text": mark.where},
            **value,
        )


def _symptom(writing: Writing, place: str, event: e.Event, what: e.Symptom) -> None:
    # Two codes, so that who knows only one of them cannot read the end of a symptom as the symptom.
    code = own("observation", "symptom resolved" if what.resolved else "symptom")
    # What a person made of words that were not recognized.
    classified = {"interpretation": [own("symptom-class", what.classified)]} if what.classified else {}
    writing.observe(place, event, code, valueString=what.text, **classified)


def _dialysis(writing: Writing, place: str, event: e.Event, what: e.Dialysis) -> None:
    writing.observe(place, event, own("observation", "on dialysis"), valueBoolean=not what.stopped)


def _eeg(writing: Writing, place: str, event: e.Event, what: e.Eeg) -> None:
    writing.observe(place, event, own("observation", "EEG done"), valueString=what.result)


def _interruption(writing: Writing, place: str, event: e.Event, what: e.Interruption) -> None:
    value = own("interruption", what.what)
    writing.observe(place, event, own("observation", "interruption of baclofen by mouth"), valueCodeableConcept=value)


def _explained(writing: Writing, place: str, event: e.Event, what: e.Explained) -> None:
    code = own("observation", f"explained {what.what}")
    writing.observe(place, event, code, valueString=what.how, device=writing.to_open("pump"))


def _decision(writing: Writing, place: str, event: e.Event, what: e.Decision) -> None:
    code = own("observation", f"decision {what.topic}")
    writing.observe(place, event, code, valueCodeableConcept=own("decision", what.outcome))


def _override(writing: Writing, place: str, event: e.Event, what: e.Override) -> None:
    code = own("observation", "override", f"override of {what.what}")
    over = {"code": own("observation", "overridden"), "valueString": what.what}
    writing.observe(place, event, code, valueString=what.because, component=[over])


WRITERS: Final[dict[type, Writer]] = {
    e.Weight: _body("29463-7", "Body weight"),
    e.Height: _body("8302-2", "Body height"),
    e.Lab: _lab,
    e.Score: _score,
    e.Symptom: _symptom,
    e.Dialysis: _dialysis,
    e.Eeg: _eeg,
    e.Interruption: _interruption,
    e.Explained: _explained,
    e.Decision: _decision,
    e.Override: _override,
}

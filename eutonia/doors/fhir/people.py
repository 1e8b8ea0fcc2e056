"""Who the chart is about, when the person was seen, and the answers about pregnancy and breastfeeding."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from eutonia.chart import event as e
from eutonia.doors.fhir.fields import HL7, LOINC, OWN, UCUM, Json, coded, own, own_coding, person
from eutonia.doors.fhir.writing import Writing
from eutonia.quantity import UNITS

# How the name begins that stands for an id which FHIR cannot write.
OTHER: Final = "x-"
_PLAIN: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")


def patient_id(id_: str) -> str:
    """The id under which FHIR knows a person: the chart's own, where FHIR can write it.

    >>> patient_id("A-17"), patient_id("17/4 B")
    ('A-17', 'x-9bd19f73b73b16a90190ff88f508e828')
    """
    return id_ if _PLAIN.fullmatch(id_) else f"{OTHER}{hashlib.sha256(id_.encode()).hexdigest()[:32]}"


def write_patient(writing: Writing) -> Json:
    """The patient: what the lines about the person agree in."""
    found: list[e.Person] = [x.what for x in writing.facts.of(e.Person) if isinstance(x.what, e.Person)]
    said: dict[str, Any] = {}
    for field in ("born", "sex", "name"):
        values = dict.fromkeys(getattr(each, field) for each in found if getattr(each, field) is not None)
        if len(values) == 1:
            said[field] = next(iter(values))
        elif values:
            writing.left_out(f"the person's {field}", "it is written in two ways", "conflict", "warning")
    id_ = found[-1].id if found else None
    if id_ is None:
        writing.left_out("the person", "no line of the chart says who it is", "required", "warning")
    number = {"coding": [{"system": f"{HL7}v2-0203", "code": "MR", "display": "Medical record number"}]}
    resource: Json = {
        "resourceType": "Patient",
        "identifier": [{"type": number, "system": f"{OWN}person", "value": id_}] if id_ else None,
        "name": [{"text": said.get("name")}],
        "gender": said.get("sex"),
        "birthDate": said["born"].isoformat() if "born" in said else None,
    }
    writing.patient = writing.add("the person", resource, writing.known_as or (patient_id(id_) if id_ else ""))
    return writing.patient


def _contact(writing: Writing, place: str, event: e.Event, _: e.Contact) -> None:
    # The chart does not say whether the person came or was spoken to, so no class of HL7's is claimed.
    writing.add(
        place,
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": own_coding("encounter", "seen or spoken to"),
            "subject": writing.to(writing.patient),
            "participant": [{"individual": person(event.by)}],
            "period": {"start": writing.stamp(event)},
        },
    )


def _pregnancy(writing: Writing, place: str, event: e.Event, what: e.Pregnancy) -> None:
    code = coded(LOINC, "82810-3", "Pregnancy status")
    if what.status == "not asked":
        absent = coded(f"{HL7}data-absent-reason", "not-asked", "not asked", "Not Asked")
        writing.observe(place, event, code, dataAbsentReason=absent)
        return
    answer = ("LA15173-0", "Pregnant") if what.status == "yes" else ("LA26683-5", "Not pregnant")
    weeks = None
    if what.weeks is not None:
        value = {"value": what.weeks, "unit": "weeks", "system": UCUM, "code": UNITS["weeks"].ucum}
        weeks = {"code": own("observation", "weeks of pregnancy"), "valueQuantity": value}
    writing.observe(
        place, event, code, valueCodeableConcept=coded(LOINC, answer[0], answer[1], answer[1]), component=[weeks]
    )


def _breastfeeding(writing: Writing, place: str, event: e.Event, what: e.Breastfeeding) -> None:
    infant = None
    if what.infant_born:
        infant = {"code": own("observation", "infant born"), "valueDateTime": what.infant_born.isoformat()}
    code = own("observation", "breastfeeding")
    writing.observe(place, event, code, valueBoolean=what.status == "yes", component=[infant])


WRITERS: Final[dict[type, Callable[[Writing, str, e.Event, Any], None]]] = {
    e.Contact: _contact,
    e.Pregnancy: _pregnancy,
    e.Breastfeeding: _breastfeeding,
}

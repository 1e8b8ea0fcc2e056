"""What was sent of the record: joined into one bundle of one patient, and what is missing, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from eutonia.chart.chart import Chart
from eutonia.chart.fhir import from_bundle
from eutonia.chart.fhir.bundle import SUBJECTS, unread
from eutonia.chart.fhir.fields import an_object, objects
from eutonia.chart.text import ReadError
from eutonia.doors.hooks.asked import Asked, NotServed
from eutonia.doors.hooks.services import ORDERS, PATIENT, QUERIES
from eutonia.moment import iso, zone

_NOT_SENT: Final = "was not sent"
_FAILED: Final = "could not be read by the record system, which reported an error"
_OTHER: Final = "came as something else than was asked for"
_MORE: Final = "goes on after the pages that were sent"


class Record(Struct, frozen=True):
    """The patient, everything about the patient, and by key what is missing or goes on, with the reason."""

    patient: dict[str, Any]
    entries: list[dict[str, Any]]
    missing: dict[str, str]


def state(value: object, key: str) -> str:
    """Why a prefetched value cannot be taken as the whole answer; empty where it can.  Null is an answer: nothing is there."""
    if value is None:
        return _OTHER if key == PATIENT else ""
    if not isinstance(value, dict) or value.get("resourceType") not in ("Patient" if key == PATIENT else "Bundle",):
        failed = isinstance(value, dict) and value.get("resourceType") == "OperationOutcome"
        return _FAILED if failed else _OTHER
    if any(map(_is_error, objects(value.get("entry")))):
        return _FAILED
    return _MORE if next_page(value) is not None else ""


def next_page(bundle: Mapping[str, Any]) -> str | None:
    """The address of the page after this one."""
    for link in objects(bundle.get("link")):
        if link.get("relation") == "next":
            url = link.get("url")
            return url if isinstance(url, str) else ""
    return None


def _is_error(entry: dict[str, Any]) -> bool:
    found = entry.get("resource")
    if not isinstance(found, dict) or found.get("resourceType") != "OperationOutcome":
        return False
    return any(each.get("severity") in ("error", "fatal") for each in objects(found.get("issue")))


def missing(sent: Mapping[str, Any]) -> dict[str, str]:
    """By key, why something that a service reads is not wholly there."""
    found = {each.key: state(sent[each.key], each.key) if each.key in sent else _NOT_SENT for each in QUERIES}
    return {key: why for key, why in found.items() if why}


def gathered(asked: Asked, sent: Mapping[str, Any]) -> Record:
    """The record out of what was sent or fetched; `NotServed` where it lacks what no answer can do without."""
    lacks = missing(sent)
    patient = an_object(sent.get(PATIENT))
    # Orders that failed are said to be not checked; that they were never sent is for the record system to mend.
    if PATIENT in lacks or lacks.get(ORDERS) == _NOT_SENT:
        says = "the patient or the medication orders are not in the prefetch, and no FHIR server could be read for them"
        raise NotServed(412, says, "required")
    if patient.get("id") != asked.patient:
        raise NotServed(422, "the Patient of the prefetch is not the one of context.patientId; nothing was read")
    server = (asked.fhir_server or "").rstrip("/")
    me: dict[str, Any] = {"resource": patient}
    if server:
        me["fullUrl"] = f"{server}/Patient/{asked.patient}"
    entries = [me]
    for query in QUERIES:
        if query.key != PATIENT and isinstance(sent.get(query.key), dict):
            entries += _entries(sent[query.key], f"Patient/{asked.patient}")
    return Record(patient, entries, lacks)


def _entries(bundle: Mapping[str, Any], patient: str) -> Iterator[dict[str, Any]]:
    """The resources of a page.  All of it is the record's own server's, whatever name that server gives itself.

    What no chart reads is left out here, unless it has to be looked at whether it is another patient's.
    """
    for entry in objects(bundle.get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict):
            type_ = resource.get("resourceType")
            if type_ == "OperationOutcome" or (
                type(type_) is str and unread(type_) and all(_plain(resource.get(key), patient) for key in SUBJECTS)
            ):
                continue
            url = entry.get("fullUrl")
            if url is None or (isinstance(url, str) and url.startswith("urn:")):
                yield entry
            else:
                yield {"resource": resource}


def _plain(subject: object, patient: str) -> bool:
    """Whether a field names nobody, or this patient and no other."""
    return subject is None or (isinstance(subject, dict) and subject.get("reference") == patient)


def read_chart(entries: list[dict[str, Any]], now: datetime, zone_name: str) -> Chart:
    """The chart of these resources; `NotServed` where they are not all about one patient."""
    stamp = iso(now, zone(zone_name))
    try:
        return from_bundle(
            {"resourceType": "Bundle", "type": "collection", "timestamp": stamp, "entry": entries},
            "prefetch",
            zone_name,
        )
    except ReadError:
        # Its words may quote the record, so they are not handed on.
        says = (
            "the resources are of more than one patient, or one stands twice with different contents; nothing was read"
        )
        raise NotServed(422, says) from None

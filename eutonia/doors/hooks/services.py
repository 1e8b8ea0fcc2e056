"""The services that a record finds here, one for each moment at which it may ask, and what it sends along."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct


class Query(Struct, frozen=True):
    """Something of the record that a service reads: its key, how a person calls it, and the FHIR query."""

    key: str
    name: str
    query: str


_ME: Final = "patient={{context.patientId}}"
_LOINC: Final = "http://loinc.org|"


def _newest(key: str, name: str, code: str) -> Query:
    return Query(key, name, f"Observation?{_ME}&code={_LOINC}{code}&_sort=-date&_count=20")


PATIENT: Final = "patient"
ORDERS: Final = "orders"
# A service cannot answer without these; whatever else is missing is said to be not checked.
REQUIRED: Final = (PATIENT, ORDERS)

QUERIES: Final = (
    Query(PATIENT, "the patient", "Patient/{{context.patientId}}"),
    Query(ORDERS, "medication orders", f"MedicationRequest?{_ME}&status=active"),
    Query("statements", "medication statements", f"MedicationStatement?{_ME}&status=active"),
    Query("conditions", "conditions", f"Condition?{_ME}"),
    Query("allergies", "allergies", f"AllergyIntolerance?{_ME}"),
    Query("devices", "devices", f"Device?{_ME}"),
    Query("deviceUses", "use of devices", f"DeviceUseStatement?{_ME}"),
    Query("procedures", "procedures", f"Procedure?{_ME}&status=completed"),
    # One code a query: a list of codes is outside the simple queries that every record can be asked for.
    _newest("creatinine", "creatinine", "2160-0"),
    _newest("creatinineBlood", "creatinine in blood", "38483-4"),
    _newest("egfr2021", "eGFR (CKD-EPI 2021)", "98979-8"),
    _newest("egfr2009", "eGFR (CKD-EPI 2009)", "62238-1"),
    _newest("egfrMdrd", "eGFR (MDRD)", "33914-3"),
    _newest("egfrMdrdAlso", "eGFR (MDRD, by group)", "48642-3"),
    _newest("weight", "weight", "29463-7"),
    _newest("height", "height", "8302-2"),
    _newest("pregnancy", "pregnancy", "82810-3"),
)


class Service(Struct, frozen=True):
    """One service; `drafts` says that it needs the orders that are being written."""

    id: str
    hook: str
    title: str
    description: str
    drafts: bool


# One id a hook: records keep services by their address, and one address for two hooks would be one service.
SERVICES: Final = (
    Service(
        "baclofen-patient-view",
        "patient-view",
        "Baclofen: what stands on the record",
        "For a patient with baclofen by mouth or a pump: what speaks against it on the record. Otherwise no card.",
        drafts=False,
    ),
    Service(
        "baclofen-order-select",
        "order-select",
        "Baclofen: the order that is being written",
        "Looks at orders of baclofen by any route, and at drugs that add to its effects, while they are picked.",
        drafts=True,
    ),
    Service(
        "baclofen-order-sign",
        "order-sign",
        "Baclofen: the orders before they are signed",
        "Looks at orders of baclofen by any route, and at drugs that add to its effects, before they are signed.",
        drafts=True,
    ),
)

_USAGE: Final = (
    "The patient and the active medication orders must come as prefetch, or be readable on fhirServer. Whatever else is "
    "left out is named on a card as not checked. Options for clinicians to weigh; not an emergency device."
)


def discovery(version: str) -> dict[str, Any]:
    """The list of the services, as a record asks for it."""
    return {
        "services": [
            {
                "hook": each.hook,
                "title": each.title,
                "description": each.description,
                "id": each.id,
                "version": version,
                "prefetch": {query.key: query.query for query in QUERIES},
                "usageRequirements": _USAGE,
            }
            for each in SERVICES
        ]
    }

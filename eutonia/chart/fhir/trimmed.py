"""A page of a record without what nobody here reads: most of a record is bills, narrative and links.

These are the types with which a decoder leaves those fields out.  Every field that `eutonia.chart.fhir` asks for stands
here, of whatever type it is: to read it without trusting it is the reader's business.  Some resources are not for this:
two orders are told apart by all that they say, a device is few and holds others.  Where one stands on a page, that page
is to be decoded whole.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict


class Resource(TypedDict, total=False):
    """The fields that are read of a resource that need not be whole."""

    resourceType: Any
    id: Any
    status: Any
    subject: Any
    patient: Any
    beneficiary: Any
    code: Any
    implicitRules: Any
    modifierExtension: Any
    # Observation
    effectiveDateTime: Any
    effectiveInstant: Any
    effectivePeriod: Any
    valueQuantity: Any
    valueCodeableConcept: Any
    valueString: Any
    valueInteger: Any
    valueBoolean: Any
    valueRange: Any
    valueRatio: Any
    valueSampledData: Any
    valueTime: Any
    valueDateTime: Any
    valuePeriod: Any
    dataAbsentReason: Any
    component: Any
    bodySite: Any
    # Condition and AllergyIntolerance
    clinicalStatus: Any
    verificationStatus: Any
    severity: Any
    onsetDateTime: Any
    onsetPeriod: Any
    recordedDate: Any
    abatementDateTime: Any
    abatementPeriod: Any
    abatementAge: Any
    abatementRange: Any
    abatementString: Any
    lastOccurrence: Any
    reaction: Any
    # Encounter and Procedure
    period: Any
    performedDateTime: Any
    performedPeriod: Any
    # OperationOutcome
    issue: Any


class Entry(TypedDict, total=False):
    """A resource with its name in the page."""

    fullUrl: Any
    resource: Resource


class Page(TypedDict, total=False):
    """A bundle."""

    resourceType: Any
    type: Any
    timestamp: Any
    link: Any
    entry: list[Entry]


_WHOLE: Final = (
    *("Patient", "MedicationRequest", "MedicationStatement", "Medication", "Device", "DeviceUseStatement", "Bundle"),
)


def too_short(page: Page) -> bool:
    """Whether a resource stands on the page that has to be read whole."""
    return any(each.get("resource", {}).get("resourceType") in _WHOLE for each in page.get("entry", ()))

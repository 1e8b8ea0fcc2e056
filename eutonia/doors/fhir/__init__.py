"""FHIR R4 out: a chart and its advice as bundles that an electronic record reads.

What becomes what: docs/fhir.md.  The way in is `eutonia.read`.
"""

from __future__ import annotations

import msgspec

from eutonia.doors.fhir.advice import advice_bundle
from eutonia.doors.fhir.audit import access
from eutonia.doors.fhir.fields import Json
from eutonia.doors.fhir.record import chart_bundle, patient_of

__all__ = ["access", "advice_bundle", "chart_bundle", "patient_of", "pretty", "to_json"]


def to_json(resource: Json) -> bytes:
    """A resource as the bytes that go out: its numbers keep the digits that were written."""
    return msgspec.json.Encoder(decimal_format="number").encode(resource)


def pretty(resource: Json) -> str:
    """A resource as a person reads it, with the same digits."""
    return msgspec.json.format(to_json(resource), indent=2).decode()

"""What a record sends when it asks: checked for what must be there, read tolerantly for the rest."""

from __future__ import annotations

import re
from typing import Any, Final, TypedDict

import msgspec
from msgspec import Struct

from eutonia.chart.fhir.fields import Json, an_object, objects
from eutonia.chart.fhir.trimmed import Page, too_short
from eutonia.doors.hooks.services import ORDERS, PATIENT, QUERIES, SERVICES, Service

_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")


class NotServed(Exception):
    """Why there is no answer, with the HTTP status that says so; it quotes nothing of the patient."""

    def __init__(self, status: int, says: str, code: str = "invalid") -> None:
        self.status = status
        self.says = says
        self.code = code
        super().__init__(says)


class Authorization(Struct, frozen=True):
    """The token with which the record lets its own FHIR server be read."""

    access_token: str
    token_type: str = "Bearer"


class Asked(Struct, frozen=True, rename="camel"):
    """One call of a service."""

    hook: str
    hook_instance: str
    context: dict[str, Any]
    prefetch: dict[str, Any] | None = None
    fhir_server: str | None = None
    fhir_authorization: Authorization | None = None

    @property
    def patient(self) -> str:
        """The patient's id on the record's own server."""
        return str(self.context["patientId"])

    @property
    def drafts(self) -> list[dict[str, Any]]:
        """The resources of the draft orders."""
        entries = objects(an_object(self.context.get("draftOrders")).get("entry"))
        return [each["resource"] for each in entries if isinstance(each.get("resource"), dict)]

    @property
    def selected(self) -> frozenset[str]:
        """The drafts that were just picked, such as 'MedicationRequest/103'; empty where all of them are meant."""
        found = self.context.get("selections")
        return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else frozenset()


# What a resource must be read whole for stands under these keys, as a rule; the pages of the others are trimmed.
_WHOLE: Final = frozenset({PATIENT, ORDERS, "statements", "devices", "deviceUses"})
_TRIMMED: Final = [each.key for each in QUERIES if each.key not in _WHOLE]
_SENT: Final[dict[str, Any]] = {each.key: Any if each.key in _WHOLE else Page | None for each in QUERIES}
_Prefetch: Any = TypedDict("_Prefetch", _SENT, total=False)  # type: ignore[misc]


class _Trimmed(Asked, frozen=True, rename="camel"):
    """The same, decoded without what nobody reads."""

    prefetch: _Prefetch | None = None  # type: ignore[assignment]


_DECODER: Final = msgspec.json.Decoder(Asked)
_QUICK: Final = msgspec.json.Decoder(_Trimmed)


def _decoded(body: bytes) -> Asked:
    """The call, trimmed where it is written as it should be; whatever is not is decoded whole and judged by its readers."""
    try:
        asked = _QUICK.decode(body)
    except msgspec.ValidationError:
        return _DECODER.decode(body)
    sent: Any = asked.prefetch
    short = sent is not None and any(too_short(page) for key in _TRIMMED if (page := sent.get(key)))
    return _DECODER.decode(body) if short else asked


def read(body: bytes, service_id: str) -> Asked:
    """The call in the bytes of a request; `NotServed` where something that must be there is not."""
    service = next((each for each in SERVICES if each.id == service_id), None)
    if service is None:
        raise NotServed(404, f"no such service; there are {', '.join(each.id for each in SERVICES)}", "not-found")
    try:
        asked = _decoded(body)
    except msgspec.ValidationError as error:
        # The message names the field and the type that was met, never a value.
        raise NotServed(400, f"the request is not one of CDS Hooks: {error}", "structure") from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise NotServed(400, "the body is not JSON; send one JSON object in UTF-8", "structure") from None
    _check(asked, service)
    return asked


def _check(asked: Asked, service: Service) -> None:
    if asked.hook != service.hook:
        raise NotServed(400, f"this service answers the hook '{service.hook}'; its request must name it in 'hook'")
    if not asked.hook_instance.strip():
        raise NotServed(400, "'hookInstance' is empty; send the id of this call", "required")
    patient: object = asked.context.get("patientId")
    if not isinstance(patient, str) or not _ID.fullmatch(patient):
        raise NotServed(
            400, "'context.patientId' must be the id of one Patient, such as '17', without its type", "required"
        )
    if service.drafts and not _a_bundle(asked.context.get("draftOrders")):
        raise NotServed(400, "'context.draftOrders' must be a Bundle of the orders that are not signed yet", "required")


def _a_bundle(value: object) -> bool:
    found: Json = an_object(value)
    return isinstance(found.get("entry", []), list) and found.get("resourceType", "Bundle") == "Bundle" and bool(found)

"""What a record sends when it asks: checked for what must be there, read tolerantly for the rest."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from eutonia.chart.fhir.fields import Json, an_object, objects
from eutonia.doors.hooks.services import SERVICES, Service

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


_DECODER: Final = msgspec.json.Decoder(Asked)


def read(body: bytes, service_id: str) -> Asked:
    """The call in the bytes of a request; `NotServed` where something that must be there is not."""
    service = next((each for each in SERVICES if each.id == service_id), None)
    if service is None:
        raise NotServed(404, f"no such service; there are {', '.join(each.id for each in SERVICES)}", "not-found")
    try:
        asked = _DECODER.decode(body)
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

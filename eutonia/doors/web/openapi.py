"""What can be asked of the workbench, as OpenAPI: made from the tables that answer, so that it cannot say otherwise."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from eutonia import __version__
from eutonia.doors.fhir.service import LARGEST
from eutonia.doors.hooks.asked import Asked as HookCall
from eutonia.doors.hooks.card import Answer
from eutonia.doors.hooks.feedback import Feedback
from eutonia.doors.hooks.services import SERVICES
from eutonia.doors.web.ways import ANYONE, Way

Json = dict[str, Any]
_WORD: Final = re.compile(r"\{([a-z]+)\}")
_FHIR: Final = "application/fhir+json"
_REFUSED: Final = {"description": "Refused, in words; nothing was written."}


def document(ways: tuple[Way, ...], url: str) -> Json:
    """The document for all ways, FHIR and CDS Hooks, at an address."""
    _, parts = msgspec.json.schema_components([HookCall, Answer, Feedback], ref_template="#/components/schemas/{name}")
    paths: dict[str, Json] = {}
    for way in ways:
        paths.setdefault(way.path, {})[way.method.lower()] = _page(way)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Eutonia",
            "version": __version__,
            "description": "Options with their basis for clinicians, never directives. Pages for people; FHIR R4 and CDS "
            "Hooks 2.0 for records.",
        },
        "servers": [{"url": url}],
        "paths": {**paths, **_fhir(), **_hooks()},
        "components": {
            "schemas": {**parts, "Resource": _RESOURCE},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "eutonia"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


_RESOURCE: Final[Json] = {
    "type": "object",
    "required": ["resourceType"],
    "properties": {"resourceType": {"type": "string"}},
}


def _page(way: Way) -> Json:
    kind = "text/calendar" if way.path.endswith(".ics") else "text/plain" if way.path == "/health" else "text/html"
    answers: Json = {
        "200": {"description": "The page.", "content": {kind: {"schema": {"type": "string"}}}},
        "303": {"description": "Another page."},
        **{each: {"description": _REFUSED["description"], "content": {"text/html": {"schema": {"type": "string"}}}}
           for each in ("400", "401", "403", "404", "409", "413", "422", "502")},
        "503": {"description": "More is asked than can be answered, or the watching has stopped.",
                "content": {"text/plain": {"schema": {"type": "string"}}}},
    }  # fmt: skip
    if "/paper/" in way.path:
        answers["200"]["content"] = {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}
    found: Json = {
        "summary": way.says,
        "tags": ["pages"],
        "parameters": [_inside(name) for name in _WORD.findall(way.path)],
        "responses": answers,
        "security": [] if way.who is ANYONE else [{"session": []}],
    }
    if way.method == "POST":
        fields = {name: {"type": "string"} for name in ("token", *way.form)}
        form = {"schema": {"type": "object", "properties": fields, "additionalProperties": {"type": "string"}}}
        found["requestBody"] = {"content": {"application/x-www-form-urlencoded": form}}
    return found


def _inside(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _fhir() -> dict[str, Json]:
    resource = {"content": {_FHIR: {"schema": {"$ref": "#/components/schemas/Resource"}}}}

    def asked(says: str, body: Json | None = None, *names: str, open_: bool = False) -> Json:
        found: Json = {
            "summary": says,
            "tags": ["FHIR R4"],
            "parameters": [_inside(name) for name in names],
            "responses": {
                "200": {"description": "What was asked for.", **resource},
                **{each: {"description": "An OperationOutcome.", **resource}
                   for each in ("400", "401", "403", "404", "406", "413", "415", "422")},
                "503": {"description": "More is asked than can be answered."},
            },
            "security": [] if open_ else [{"session": []}, {"token": []}],
        }  # fmt: skip
        if body is not None:
            found["requestBody"] = {"content": body, "description": f"At most {LARGEST // 1024 // 1024} MiB."}
        return found

    bundle = {_FHIR: {"schema": {"$ref": "#/components/schemas/Resource"}}}
    form = {"schema": {"type": "object", "required": ["identifier"], "properties": {"identifier": {"type": "string"}}}}
    return {
        "/fhir/metadata": {"get": asked("What this server can do", open_=True)},
        "/fhir/OperationDefinition/advise": {"get": asked("What $advise is", open_=True)},
        "/fhir/Patient/_search": {
            "post": asked("A patient by identifier", {"application/x-www-form-urlencoded": form})
        },
        "/fhir/Patient/{id}": {"get": asked("A patient", None, "id")},
        "/fhir/Patient/{id}/$everything": {"get": asked("A whole chart", None, "id")},
        "/fhir/Patient/{id}/$advise": {
            "get": asked("Advice on a chart", None, "id"),
            "post": asked("Advice on a chart, with Parameters", bundle, "id"),
        },
        "/fhir/$advise": {"post": asked("Advice on a record that is sent along", bundle)},
    }


def _hooks() -> dict[str, Json]:
    def content(name: str) -> Json:
        return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}

    refused: Json = {
        each: {"description": "An OperationOutcome.", **content("Resource")}
        for each in ("400", "401", "404", "405", "412", "413", "415", "422")
    }
    token: list[Json] = [{}, {"token": []}]
    found: dict[str, Json] = {
        "/cds-services": {
            "get": {
                "summary": "The services",
                "tags": ["CDS Hooks 2.0"],
                "responses": {
                    "200": {"description": "The list.", "content": {"application/json": {"schema": {"type": "object"}}}}
                },
            }
        }
    }
    for each in SERVICES:
        found[f"/cds-services/{each.id}"] = {
            "post": {
                "summary": each.title,
                "tags": ["CDS Hooks 2.0"],
                "requestBody": {"required": True, **content("Asked")},
                "responses": {"200": {"description": "Cards, perhaps none.", **content("Answer")}, **refused},
                "security": token,
            }
        }
        found[f"/cds-services/{each.id}/feedback"] = {
            "post": {
                "summary": f"What became of its cards: {each.title}",
                "tags": ["CDS Hooks 2.0"],
                "requestBody": {"required": True, **content("Feedback")},
                "responses": {"200": {"description": "It is kept."}, **refused},
                "security": token,
            }
        }
    return found

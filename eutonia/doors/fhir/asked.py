"""What somebody asks of the operation $advise: a record, a moment, whose rules; read to the last field or refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from eutonia.chart.fhir.bundle import READ
from eutonia.doors.fhir.fields import Json
from eutonia.knowledge import JURISDICTIONS


class Refused(Exception):
    """A request that cannot be answered: the status, FHIR's code of the issue, and what is wrong and where."""

    def __init__(self, status: int, code: str, says: str, where: str = "") -> None:
        self.status = status
        self.code = code
        self.where = where
        super().__init__(says)

    def outcome(self) -> Json:
        """The refusal as FHIR says it."""
        issue: Json = {"severity": "error", "code": self.code, "diagnostics": str(self)}
        if self.where:
            issue["expression"] = [self.where]
        return {"resourceType": "OperationOutcome", "issue": [issue]}


class Asked(Struct, frozen=True):
    """The record as it came, as text, where one came; the moment and the rules where they were named."""

    bundle: str | None = None
    now: str | None = None
    jurisdiction: str | None = None
    predictions: bool = True


class _Head(Struct, frozen=True, rename="camel"):
    resource_type: str = ""


class _Parameters(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    resource_type: str
    parameter: tuple[msgspec.Raw, ...] = ()
    id: str = ""
    meta: msgspec.Raw = msgspec.Raw(b"")


class _Parameter(Struct, frozen=True):
    name: str


_NOW: Final = ("valueDateTime", "valueInstant")
_RULES: Final = ("valueCode", "valueString")
# Where the value of each parameter stands.
_VALUES: Final = {"bundle": ("resource",), "now": _NOW, "jurisdiction": _RULES, "predictions": ("valueBoolean",)}


def in_body(body: bytes) -> Asked:
    """What a body asks: a Bundle, or Parameters around one."""
    head = _decoded(body, _Head)
    if head.resource_type == "Bundle":
        return Asked(_text(body))
    if head.resource_type != "Parameters":
        says = "the body must be a Bundle, or Parameters with a parameter 'bundle'"
        raise Refused(400, "invalid", f"{says}; it is {_named(head.resource_type)}", "resourceType")
    found: dict[str, Any] = {}
    for n, raw in enumerate(_decoded(body, _Parameters).parameter):
        where = f"Parameters.parameter[{n}]"
        name = _decoded(raw, _Parameter, where).name
        if name not in _VALUES or name in found:
            why = "stands twice" if name in found else f"is none of {', '.join(_VALUES)}"
            raise Refused(400, "invalid", f"{where}: the name {_named(name)} {why}", where)
        fields = _decoded(raw, dict[str, msgspec.Raw], where)
        if len(fields) != 2 or not set(fields) & set(_VALUES[name]):
            needed = " or ".join(_VALUES[name])
            raise Refused(400, "invalid", f"{where}: '{name}' needs {needed}, and nothing else", where)
        value = next(each for key, each in fields.items() if key != "name")
        found[name] = _value(name, value, where)
    return _checked(found)


def _value(name: str, raw: msgspec.Raw, where: str) -> object:
    if name == "bundle":
        if _decoded(raw, _Head, where).resource_type != "Bundle":
            raise Refused(400, "invalid", f"{where}: its resource must be a Bundle", f"{where}.resource")
        return _text(bytes(raw))
    return _decoded(raw, bool if name == "predictions" else str, where)


def in_query(query: Iterable[tuple[str, str]]) -> Asked:
    """What the address of an operation asks."""
    found: dict[str, Any] = {}
    for name, value in query:
        if name == "_format":
            continue
        if name not in _VALUES or name == "bundle" or name in found:
            says = "stands twice" if name in found else "is none of now, jurisdiction, predictions"
            raise Refused(400, "invalid", f"the parameter {_named(name)} {says}")
        if name == "predictions" and value not in ("true", "false"):
            raise Refused(400, "value", "the parameter 'predictions' must be true or false")
        found[name] = value == "true" if name == "predictions" else value
    return _checked(found)


def _checked(found: dict[str, Any]) -> Asked:
    rules = found.get("jurisdiction")
    if rules is not None and rules not in JURISDICTIONS:
        raise Refused(400, "value", f"the jurisdiction must be one of {', '.join(JURISDICTIONS)}")
    return Asked(**found)


def _decoded(body: bytes | msgspec.Raw, type_: Any, where: str = "") -> Any:
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError:
        # What msgspec says of it may quote the body, and a body is full of names.
        says = f"{where or 'the body'} lacks a field, or has one of another type or one that is not known there"
        raise Refused(400, "structure", says, where) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else "it is malformed, or no UTF-8"
        raise Refused(400, "structure", f"the body is not JSON: {why}") from None


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(400, "structure", "the body is not JSON: it is no UTF-8") from None


def _named(word: str) -> str:
    """A word of the request as it is quoted back: only one that is known here, so that no name ever is."""
    return f"'{word}'" if word in READ or word in _VALUES else "something else"

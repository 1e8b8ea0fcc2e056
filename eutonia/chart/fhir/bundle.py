"""The resources of one bundle, each with its place in it, all about one patient."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import force_setattr

from eutonia.chart.chart import Dropped
from eutonia.chart.fhir.fields import Json, an_object, line, objects, shown
from eutonia.chart.text import Problem, ReadError

_TYPES: Final = frozenset(
    {"transaction", "batch", "transaction-response", "batch-response", "searchset", "collection", "document"}
)

# What this package reads; every other type is counted and left.
READ: Final = frozenset(
    {
        *("Patient", "Condition", "AllergyIntolerance", "MedicationRequest", "MedicationStatement", "Medication"),
        *("Observation", "Encounter", "Device", "DeviceUseStatement", "Procedure"),
    }
)

# The fields that say whose a resource is.
SUBJECTS: Final = ("subject", "patient", "beneficiary")

_NAME: Final = re.compile(r"[A-Z][A-Za-z]{1,60}")
_TAIL: Final = re.compile(r"(?:https?://.*/)?([A-Z][A-Za-z]+)/[^/]+")
_LOCAL: Final = re.compile(r"([A-Z][A-Za-z]+)/[^/]+")


class Item(Struct, frozen=True):
    """One resource: its place in the bundle, its type, its fields, its names, and whether it is about the patient.

    `url` is its name in the bundle, `local` its name on its own server, such as 'Patient/17'.
    """

    path: str
    type: str
    data: Json
    url: str
    local: str
    about_patient: bool = False

    def resolve(self, reference: str) -> str:
        """The full name that a reference in this resource means: a local one is meant on the resource's own server."""
        reference = reference.partition("/_history/")[0]
        if not self.url.startswith("http"):
            return reference
        base = self.url.removesuffix(self.local)
        return base + reference if base.startswith("http") and _LOCAL.fullmatch(reference) else reference


class Bundle(Struct, frozen=True):
    """The patient, everything else that can be read, and what was left out on the way."""

    patient: Item
    items: dict[str, list[Item]]
    places: dict[str, Item]
    skipped: Counter[str]
    dropped: tuple[Dropped, ...]
    stamp: object

    def of(self, *types: str) -> list[Item]:
        """The resources of these types, in the order in which they stand."""
        return [item for type_ in types for item in self.items.get(type_, ())]

    def find(self, reference: object, inside: Item) -> Json | None:
        """The resource that a reference points to, inside the one it stands in or elsewhere in the bundle."""
        to = an_object(reference).get("reference")
        if not isinstance(to, str) or not to:
            return None
        if to.startswith("#"):
            return next((each for each in objects(inside.data.get("contained")) if each.get("id") == to[1:]), None)
        found = self.places.get(inside.resolve(to))
        return None if found is None else found.data


def open_bundle(text_or_data: str | dict[str, Any], source: str) -> Bundle:
    """The bundle opened: decoded, flattened, and checked to be about exactly one patient."""
    data = _decoded(text_or_data, source) if isinstance(text_or_data, str) else text_or_data
    if not isinstance(data, dict) or data.get("resourceType") != "Bundle":
        raise _error(source, "this is not a FHIR bundle: its resourceType must be 'Bundle'")
    type_ = data.get("type")
    if not isinstance(type_, str) or type_ not in _TYPES:
        raise _error(source, f"its Bundle.type is {shown(type_)}; bundles are read of type {', '.join(sorted(_TYPES))}")
    dropped: list[Dropped] = []
    found = list(_resources(data, "Bundle", dropped, 0))
    patient = _the_patient([item for item in found if item.type == "Patient"], source)
    items: dict[str, list[Item]] = {}
    skipped: Counter[str] = Counter()
    places: dict[str, Item] = {}
    names: dict[str, Item] = {}
    for item in found:
        about = _about_patient(item, patient, found, names, source)
        if item.type == "Patient":
            continue
        if item.type not in READ:
            skipped[item.type] += 1
            continue
        place = item.url or item.local
        if (twin := places.get(place)) is not None:
            if twin.data != item.data:
                says = f"{twin.path} and {item.path} are the same resource with different contents; keep one"
                raise _error(source, says)
            dropped.append(Dropped(item.path, f"{item.type} stands twice", "the same resource counts once"))
            continue
        force_setattr(item, "about_patient", about)  # known only now, and nobody has seen the item yet
        items.setdefault(item.type, []).append(item)
        if item.url:
            places.setdefault(item.url, item)
        if item.local:
            places.setdefault(item.local, item)
    return Bundle(patient, items, places, skipped, tuple(dropped), data.get("timestamp"))


def _error(source: str, says: str) -> ReadError:
    return ReadError(source, (Problem(0, "", says),))


def _decoded(text: str, source: str) -> Any:
    try:
        return json.loads(
            text.removeprefix("\ufeff"), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        why = str(error) if isinstance(error, ValueError) else "a number or a nesting in it is beyond measure"
        raise _error(source, f"this is not JSON: {why}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{shown(next(name for name in names if names.count(name) > 1))} stands twice in one object")
    return found


def _resources(bundle: Json, path: str, dropped: list[Dropped], depth: int) -> Iterator[Item]:
    for link in objects(bundle.get("link")):
        if link.get("relation") == "next":
            dropped.append(Dropped(f"{path}.link", "a next page", "only this page was read; the record goes on"))
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        dropped.append(Dropped(f"{path}.entry", "no list of entries", "nothing in it can be read"))
        return
    for number, entry in enumerate(entries):
        place = f"{path}.entry[{number}].resource"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            dropped.append(Dropped(place, "no resource", "the entry holds nothing that can be read"))
            continue
        type_ = resource.get("resourceType")
        if not isinstance(type_, str) or not _is_name(type_):
            dropped.append(Dropped(place, "no resourceType", "it is not known what it is"))
        elif type_ == "Bundle" and depth < 3:
            yield from _resources(resource, place, dropped, depth + 1)
        elif type_ == "OperationOutcome":
            dropped.append(
                Dropped(
                    f"{place} ({type_})", _issue(resource), "the record reports a problem; something may be missing"
                )
            )
        else:
            url, id_ = entry.get("fullUrl"), resource.get("id")
            local = f"{type_}/{id_}" if isinstance(id_, str) and id_ else ""
            yield Item(f"{place} ({type_})", type_, resource, url if isinstance(url, str) else "", local)


@lru_cache(maxsize=256)
def unread(type_: str) -> bool:
    """Whether no chart reads resources of this type, nor what stands inside of them."""
    return _is_name(type_) and type_ not in READ and type_ != "Bundle"


@lru_cache(maxsize=256)
def _is_name(type_: str) -> bool:
    return _NAME.fullmatch(type_) is not None


def _issue(outcome: Json) -> str:
    issue = next(iter(objects(outcome.get("issue"))), {})
    return f"{line(issue.get('severity')) or 'issue'} {line(issue.get('code'))}".strip()


# --- one patient ------------------------------------------------------------------------------------------------------


def _the_patient(patients: list[Item], source: str) -> Item:
    if not patients:
        raise _error(source, "no Patient is in this bundle; a chart needs exactly one")
    first = patients[0]
    for other in patients[1:]:
        if other.url != first.url or other.data != first.data:
            raise _two(source, first, _called(other), other.path)
    return first


def _called(patient: Item) -> str:
    return shown(patient.local or patient.url or patient.path)


def _two(source: str, patient: Item, other: str, path: str) -> ReadError:
    return _error(source, f"two patients in one file: {_called(patient)} and {other} ({path}); keep one file a person")


def _about_patient(item: Item, patient: Item, found: list[Item], names: dict[str, Item], source: str) -> bool:
    """Whether the resource names the patient, and nobody else; another patient is an error for the whole file.

    `names` is filled when the first reference leads elsewhere; in most records none does.
    """
    answers: list[bool] = []
    data, away = item.data, item.url.startswith("http")
    for key in SUBJECTS:
        value = data.get(key)
        if value is None:
            continue
        for reference in (value,) if isinstance(value, dict) else objects(value):
            to = reference.get("reference")
            # Most of a record, and nothing to work out.
            if not away and to and (to == patient.local or to == patient.url) and "/_history/" not in to:
                answers.append(True)
                continue
            if not isinstance(to, str) or not to:
                answers.append(_identified(reference, patient))
                continue
            to = item.resolve(to)
            answers.append(to == patient.url or to == patient.local)
            if answers[-1]:
                continue
            if not names:
                names.update((name, each) for each in found for name in (each.local, each.url) if name)
            if _another(to, names):
                raise _two(source, patient, shown(to), item.path)
    return bool(answers) and all(answers)


def _another(to: str, names: dict[str, Item]) -> bool:
    """A reference that leads to no resource of another type can only be taken for another patient."""
    if (found := names.get(to)) is not None:
        return found.type == "Patient"
    tail = _TAIL.fullmatch(to)
    return tail is None or tail[1] == "Patient"


def _identified(reference: Json, patient: Item) -> bool:
    """A reference without an address counts where it carries one of the patient's identifiers, with its system."""
    given = an_object(reference.get("identifier"))
    key = (given.get("system"), given.get("value"))
    return all(isinstance(each, str) and each for each in key) and any(
        (own.get("system"), own.get("value")) == key for own in objects(patient.data.get("identifier"))
    )

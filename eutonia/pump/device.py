"""The pumps that are known: what each can hold and deliver, and how much of that was verified."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from eutonia.knowledge import Book
from eutonia.quantity import Quantity


class Model(Struct, frozen=True):
    """One row of the device table; a missing value is not known."""

    key: str
    title: str
    programmable: bool
    capacities: tuple[Quantity, ...]
    accuracy: Quantity | None
    flow: tuple[Quantity, Quantity] | None
    flow_verified: bool
    most_steps: int | None
    service_years: int | None
    unaspirable: Quantity | None
    unverified: tuple[str, ...]


_KEYS = {
    "synchromed": "synchromed_ii",
    "prometra": "prometra_ii",
    "archimedes": "constant_flow",
    "constant": "constant_flow",
}


@lru_cache(maxsize=256)
def model(name: str, book: Book) -> Model | None:
    """The device table's row for a pump as it is named on a chart; none where it is not in the table.

    A SynchroMed III, a SynchroMed EL and a plain "SynchroMed" are not a SynchroMed II: each could be another pump.
    """
    words = name.lower().split()
    key = next((found for word in words for start, found in _KEYS.items() if word.startswith(start)), None)
    if key is None or ("archimedes" in words and "codman" not in words and len(words) > 1):
        return None
    if key.endswith("_ii") and not any(re.fullmatch(r"(synchromed|prometra)?(ii|2)", word) for word in words):
        return None
    entry = book.entry(f"device.{key}")
    has = book.library.entries
    flow_entry = has.get(f"device.{key}.flow")
    flow = None
    if flow_entry is not None:
        low, high = flow_entry.value
        flow = (Quantity.read(low), Quantity.read(high))
    accuracy = f"device.{key}.accuracy"
    steps, years = f"device.{key}.steps", f"device.{key}.service_years"
    dead = has.get(f"device.{key}.unaspirable")
    return Model(
        key,
        str(entry.more["title"]),
        entry.more["kind"] == "programmable",
        tuple(Quantity.read(each) for each in entry.value),
        book.quantity(accuracy) if accuracy in has else None,
        flow,
        flow_entry is not None and flow_entry.tag != "unverified",
        book.count(steps) if steps in has else None,
        book.count(years) if years in has else None,
        Quantity.read(dead.value) if dead is not None else None,
        tuple(name for name, each in has.items() if name.startswith(f"device.{key}") and each.tag == "unverified"),
    )

"""The numbers of the models, from the knowledge: value, spread between people, how well it is known, and its grade."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.knowledge import Book, KnowledgeError

# What a published unit is in the units of the equations: hours, litres, mg; centimetres and millilitres in the spine.
_FACTORS: Final = {
    "%": 0.01, "mL/min": 0.06, "/h": 1.0, "L": 1.0, "L/h": 1.0, "h": 1.0, "L/h/kg": 1.0, "L/kg": 1.0,
    "days": 24.0, "cm": 1.0, "cm2": 1.0, "cm2/h": 1.0, "mL": 1.0, "mL/h": 1.0,
}  # fmt: skip


class Parameter(Struct, frozen=True):
    """One number of a model.

    between: sd between people, of the logarithm (of the logit for a share); uncertain: the same for the value itself;
    grade: measured, fitted or assumed.
    """

    name: str
    value: float
    between: float
    uncertain: float
    grade: str

    def spread(self, unsure: bool) -> float:
        """The sd between people; with `unsure`, that of one draw of a person whose model is not certain either."""
        return math.hypot(self.between, self.uncertain) if unsure else self.between

    def drawn(self, normals: NDArray[np.float64], unsure: bool = False) -> NDArray[np.float64]:
        """The values of people with these normal numbers, spread on the logarithm."""
        return np.asarray(self.value * np.exp(self.spread(unsure) * normals))


@lru_cache(maxsize=512)
def parameter(book: Book, name: str, unit: str = "") -> Parameter:
    """The number called `name` in hours, litres and shares of one; `unit` is how it must be published."""
    entry = book.entry(name)
    value = _number(str(entry.value), name, unit)
    if entry.tag == "unverified":
        raise KnowledgeError(f"'{name}' is unverified and must not enter a model")
    more = entry.more
    published = float(str(more.get("iiv", "0 %")).removesuffix(" %")) / 100
    return Parameter(
        name,
        value,
        float(more.get("between", published)),
        float(more.get("uncertain", 0.0)),
        str(more.get("grade", "measured")),
    )


@lru_cache(maxsize=64)
def numbers(book: Book, name: str, unit: str) -> tuple[float, ...]:
    """The numbers of the list called `name`, each published in `unit`."""
    return tuple(_number(each, name, unit) for each in book.entry(name).value)


def _number(text: str, name: str, unit: str) -> float:
    number, _, found = text.partition(" ")
    if found != unit or not re.fullmatch(r"[0-9.]+", number):
        raise KnowledgeError(f"'{name}' is '{text}', but a number in '{unit}' is needed")
    return float(number) * _FACTORS.get(unit, 1.0)

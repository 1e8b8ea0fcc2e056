"""Who is computed: what is known of each person, and whether the models were ever tried on such a person."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from eutonia.body.draws import normals
from eutonia.body.parameters import parameter
from eutonia.knowledge import Book

Floats = NDArray[np.float64]


class People(Struct, frozen=True, eq=False):
    """Covariates, every field [people]: age in years, weight in kg, creatinine clearance in mL/min (absolute)."""

    age_years: Floats
    weight_kg: Floats
    creatinine_ml_min: Floats

    def __len__(self) -> int:
        return int(self.weight_kg.size)


def people(count: int, age_years: ArrayLike, weight_kg: ArrayLike, creatinine_ml_min: ArrayLike) -> People:
    """`count` persons of the same covariates, or of those in the arrays."""
    return People(*(np.broadcast_to(np.asarray(x, float), (count,)) for x in (age_years, weight_kg, creatinine_ml_min)))


def outside(someone: People, book: Book) -> str:
    """Why the models say nothing about these people; empty where they do."""
    youngest = book.count("body.youngest")
    if not np.all(
        np.isfinite(someone.age_years) & np.isfinite(someone.weight_kg) & np.isfinite(someone.creatinine_ml_min)
    ):
        return "age, weight and creatinine clearance must be known"
    if np.any(someone.age_years < youngest):
        return f"no kinetics were measured below {youngest} years of age"
    if np.any(someone.weight_kg <= 0) or np.any(someone.creatinine_ml_min < 0):
        return "weight must be above zero, creatinine clearance zero or more"
    return ""


def population(
    book: Book,
    count: int,
    seed: str,
    age_years: ArrayLike,
    weight_kg: ArrayLike,
    creatinine_ml_min: ArrayLike | None,
    *,
    first: int = 0,
) -> People:
    """The `count` persons from `first` on; without a creatinine clearance, those of healthy adults, which spread."""
    if creatinine_ml_min is not None:
        return people(count, age_years, weight_kg, creatinine_ml_min)
    drawn = healthy(book, normals(seed, "creatinine", first, count, 2)[:, 0])
    return people(count, age_years, weight_kg, drawn)


def healthy(book: Book, normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """The creatinine clearances (mL/min) of healthy adults with these normal numbers."""
    found = parameter(book, "body.creatinine_healthy", "mL/min")
    return np.asarray(found.value / 0.06 * np.exp(found.between * normals))

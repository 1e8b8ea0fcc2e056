"""What a regimen by mouth does in plasma, over a population: the numbers a pharmacologist asks for first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import course, plasma
from eutonia.body.draws import normals
from eutonia.body.kinetics import Kinetics, concentrations
from eutonia.body.person import outside, population
from eutonia.body.table import regimen
from eutonia.knowledge import Book
from eutonia.predict.patient import Unpredicted
from eutonia.predict.spread import Spread, spread

Floats = NDArray[np.float64]

# The published models that say which part of the clearance is the kidney's.
_URINE: Final = ("adult", "kochak1985")
_STEP_H: Final = 0.05
_LONGEST_H: Final = 48.0


class OralCourse(Struct, frozen=True, eq=False):
    """Each field of `plasma` a spread over the population, None where the regimen or the model has no such thing.

    After one dose: the whole course.  After several: the last interval; `trough` is its end.
    """

    people: int
    model: str
    plasma: Mapping[str, Spread | None]


def swallowed(
    dose_mg: float,
    book: Book,
    *,
    every_h: float = 0.0,
    doses: int = 1,
    count: int = 1000,
    seed: str = "1",
    age_years: float = 40.0,
    weight_kg: float = 70.0,
    creatinine_ml_min: float | None = None,
    model: str = "adult",
    form: str = "tablet",
    absorption: str = "linear",
) -> OralCourse | Unpredicted:
    """The course of plasma of `count` people after `doses` doses of `dose_mg`, `every_h` hours apart.

    Without a creatinine clearance the people are healthy adults, whose clearances spread.  absorption: whether the
    share absorbed depends on the dose (C-01); only our own model, 'adult', knows a share at all.
    """
    someone = population(book, count, seed, age_years, weight_kg, creatinine_ml_min)
    if why := outside(someone, book):
        return Unpredicted(why)
    if why := plasma.unfit(model, someone, form):
        return Unpredicted(why)
    drawn = normals(seed, "kinetics", 0, count, plasma.ETAS)
    kinetics = plasma.kinetics(model, someone, drawn, book, form)
    typical = plasma.share_of(dose_mg, absorption, book)
    if typical is not None:
        if model != "adult":
            return Unpredicted(
                f"the model '{model}' was published as linear in dose; '{absorption}' belongs to 'adult'"
            )
        kinetics = plasma.with_share(kinetics, typical, drawn, book)
    found = metrics(kinetics, dose_mg, every_h, doses)
    if model not in _URINE:
        found["unchanged_in_urine"] = None
    return OralCourse(count, model, {name: None if each is None else spread(each) for name, each in found.items()})


def metrics(kinetics: Kinetics, dose_mg: float, every_h: float = 0.0, doses: int = 1) -> dict[str, Floats | None]:
    """[people] each: peak, its time after the last dose, area, half-life, trough, fluctuation, share in urine, CL/F."""
    many = doses > 1
    window = min(every_h, _LONGEST_H) if many else _LONGEST_H
    last = every_h * (doses - 1)
    points = max(int(np.ceil(window / _STEP_H)), 8) + 1
    times = last + np.linspace(0.0, window, points)
    # At its last moment the grid would show a dose that is not given any more.
    levels, _ = concentrations(kinetics, regimen(len(kinetics), [dose_mg], every_h=every_h, count=doses), times)
    peak, after = _top(levels, times - last)
    rows = kinetics.rows()
    slowest = np.where(rows[:, course.W_SLOW] > 0, rows[:, course.SLOW], rows[:, course.FAST])
    stages = np.where(kinetics.transit_h > 0, np.minimum(kinetics.transit_h, kinetics.absorb_h), kinetics.absorb_h)
    with np.errstate(divide="ignore"):
        apparent = kinetics.clearance_l_h / kinetics.share
        half_life = np.log(2.0) / np.minimum(slowest, stages)
        area = 1e3 * dose_mg / apparent
        urine = np.where(kinetics.clearance_l_h > 0, kinetics.share * kinetics.renal_l_h / kinetics.clearance_l_h, 0.0)
    found: dict[str, Floats | None] = {
        "cmax_ng_ml": peak,
        "tmax_h": after,
        "auc_ng_h_ml": area,
        "half_life_h": half_life,
        "trough_ng_ml": None,
        "fluctuation_percent": None,
        "unchanged_in_urine": urine,
        "cl_f_l_h": apparent,
    }
    if many:
        area = np.empty(len(kinetics))
        # Over the last interval of n doses, the area is that of one dose over n intervals.
        course.areas(rows, every_h * doses, area)
        area *= dose_mg
        trough = levels[:, -1]
        found |= {
            "auc_ng_h_ml": area,
            "trough_ng_ml": trough,
            "fluctuation_percent": 100.0 * (peak - levels.min(axis=1)) / (area / every_h),
        }
    return found


def _top(levels: Floats, times: Floats) -> tuple[Floats, Floats]:
    """The highest level of each row and its time, by the parabola through the three highest neighbours."""
    at = np.clip(levels.argmax(axis=1), 1, times.size - 2)
    rows = np.arange(levels.shape[0])
    before, middle, beyond = levels[rows, at - 1], levels[rows, at], levels[rows, at + 1]
    bend = before - 2.0 * middle + beyond
    shift = np.where(bend < 0, 0.5 * (before - beyond) / np.where(bend < 0, bend, 1.0), 0.0)
    inside = np.abs(shift) <= 1.0
    shift = np.where(inside, shift, 0.0)
    peak = np.where(inside, middle - 0.25 * (before - beyond) * shift, levels.max(axis=1))
    return np.asarray(np.maximum(peak, levels.max(axis=1))), np.asarray(times[at] + shift * (times[1] - times[0]))


def as_dict(found: OralCourse | Unpredicted) -> dict[str, Any]:
    """What goes out as JSON."""
    if isinstance(found, Unpredicted):
        return {"unknown": found.why}
    return {
        "people": found.people,
        "model": found.model,
        "plasma": {name: None if each is None else each.as_dict() for name, each in found.plasma.items()},
    }

"""From free drug in the cord to the reflex, and from the reflex to the tone."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body.parameters import parameter
from eutonia.knowledge import Book

Floats = NDArray[np.float64]

# Normal numbers a person has for the effect: sensitivity, pace, baseline, and that of a visit.
ETAS = 4
C50, PACE, BASELINE, VISIT = range(4)
# The Ashworth scale of 1 to 5; the modified one of 0 to 4 (with 1+) reads a point less.
LOWEST, HIGHEST = 1.0, 5.0


class Sensitivity(Struct, frozen=True, eq=False):
    """How people answer, [people] each: half-effect in ng/mL, pace in 1/h, Ashworth score (1-5) without the drug."""

    c50_ng_ml: Floats
    pace_h: Floats
    baseline: Floats
    gamma: float
    eta: float


def sensitivity(normals: Floats, baseline: float | None, book: Book, unsure: bool = False) -> Sensitivity:
    """The people's answers; normals: [people, ETAS], zeros for the typical person.

    baseline: the Ashworth score (1-5) without the drug; where it is not known, every place of the scale is as likely.
    unsure: each person is also drawn from what is not certain about the model itself.
    """
    if baseline is None:
        share = np.array([0.5 * (1.0 + math.erf(each / math.sqrt(2.0))) for each in normals[:, BASELINE]])
        without = LOWEST + (HIGHEST - LOWEST) * share
    else:
        spread = parameter(book, "tone.baseline", "points").value
        without = np.clip(baseline + spread * normals[:, BASELINE], LOWEST, HIGHEST)
    return Sensitivity(
        parameter(book, "tone.c50", "ng/mL").drawn(normals[:, C50], unsure),
        parameter(book, "tone.pace", "/h").drawn(normals[:, PACE], unsure),
        without,
        parameter(book, "tone.gamma").value,
        parameter(book, "tone.eta").value,
    )


def reflex(cord_ng_ml: Floats, people: Sensitivity, tolerance: Floats | float = 0.0) -> Floats:
    """[people, times] the H/M ratio over that without the drug: 1 without effect.

    tolerance: by how much of itself the half-effect has risen, [people, times].
    """
    half = people.c50_ng_ml[:, None] * (1.0 + tolerance)
    return np.asarray(1.0 / (1.0 + (np.maximum(cord_ng_ml, 0.0) / half) ** people.gamma))


def tone(reflex: Floats, hours: Floats, people: Sensitivity) -> Floats:
    """[people, times] the tone over that without the drug: it follows the reflex, dy/dt = pace (reflex - y).

    Exact for a reflex that is straight between the times; it starts in balance with the first one.
    """
    steps = np.diff(hours)
    even = bool(np.all(steps == steps[:1]))
    x = people.pace_h[:, None] * (steps[:1] if even else steps)
    kept = np.exp(-x)
    mean = -np.expm1(-x) / x
    driven = (mean - kept) * reflex[:, :-1] + (1.0 - mean) * reflex[:, 1:]
    out = np.empty((hours.size, reflex.shape[0]))
    out[0] = reflex[:, 0]
    out[1:] = driven.T
    stays = kept.T
    for i in range(1, hours.size):
        out[i] += stays[0 if even else i - 1] * out[i - 1]
    return out.T


def shares(hours: Floats, people: Sensitivity) -> Floats:
    """[people, times] how much the reflex of each time counts in the `tone` of the last one; even times, at least two."""
    x = people.pace_h[:, None] * (hours[1] - hours[0])
    kept, mean = np.exp(-x), -np.expm1(-x) / x
    # How many steps lie between the time and the last one.
    ago = np.arange(hours.size)[::-1]
    found = kept**ago
    found[:, 1:] *= 1.0 - mean
    found[:, :-1] += (mean - kept) * kept ** (ago[:-1] - 1)
    return np.asarray(found)


def ashworth(tone: Floats, people: Sensitivity) -> Floats:
    """[people, times] the expected Ashworth score on the scale of 1 to 5."""
    return np.asarray(LOWEST + (people.baseline[:, None] - LOWEST) * tone**people.eta)


def penn(tone: Floats, before: float, book: Book) -> Floats:
    """[people, times] the expected Penn spasm score (0 to 4) of people who had `before` without the drug."""
    return np.asarray(before * tone ** parameter(book, "tone.penn_eta").value)


def scored(expected: Floats, normals: Floats, book: Book) -> Floats:
    """[people, 5] how likely each Ashworth score of 1 to 5 is at one visit, where `expected` [people] is the tone's.

    A score is a step of a scale, blurred between steps, and a visit as a whole lies a little high or low; at the ends
    of the scale there is nowhere to go.  normals: [people, ETAS].
    """
    scale = parameter(book, "tone.score_scale", "points").value
    at = expected + parameter(book, "tone.visit", "points").value * normals[:, VISIT]
    below = 1.0 / (1.0 + np.exp(-(np.array([1.5, 2.5, 3.5, 4.5]) - at[:, None]) / scale))
    return np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1))), axis=1)

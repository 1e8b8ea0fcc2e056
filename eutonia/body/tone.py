"""From free drug in the cord to the reflex, and from the reflex to the tone."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body.parameters import parameter
from eutonia.knowledge import Book

Floats = NDArray[np.float64]

# Normal numbers a person has for the effect: sensitivity, pace, baseline, and one to spare.
ETAS = 4
_C50, _PACE, _BASELINE = range(3)
# The Ashworth scale of 1 to 5; the modified one of 0 to 4 (with 1+) reads a point less.
LOWEST, HIGHEST = 1.0, 5.0


class Sensitivity(Struct, frozen=True, eq=False):
    """How people answer, [people] each: half-effect in ng/mL, pace in 1/h, Ashworth score (1-5) without the drug."""

    c50_ng_ml: Floats
    pace_h: Floats
    baseline: Floats
    gamma: float
    eta: float


def sensitivity(normals: Floats, baseline: float, book: Book) -> Sensitivity:
    """The people's answers; normals: [people, ETAS], zeros for the typical person."""
    c50, pace = parameter(book, "tone.c50", "ng/mL"), parameter(book, "tone.pace", "/h")
    spread = parameter(book, "tone.baseline", "points").value
    return Sensitivity(
        c50.value * np.exp(c50.between * normals[:, _C50]),
        pace.value * np.exp(pace.between * normals[:, _PACE]),
        np.clip(baseline + spread * normals[:, _BASELINE], LOWEST, HIGHEST),
        parameter(book, "tone.gamma").value,
        parameter(book, "tone.eta").value,
    )


def reflex(cord_ng_ml: Floats, people: Sensitivity) -> Floats:
    """[people, times] the H/M ratio over that without the drug: 1 without effect."""
    return np.asarray(1.0 / (1.0 + (np.maximum(cord_ng_ml, 0.0) / people.c50_ng_ml[:, None]) ** people.gamma))


def tone(reflex: Floats, hours: Floats, people: Sensitivity) -> Floats:
    """[people, times] the tone over that without the drug: it follows the reflex, dy/dt = pace (reflex - y).

    Exact for a reflex that is straight between the times; it starts in balance with the first one.
    """
    out = np.empty_like(reflex)
    out[:, 0] = reflex[:, 0]
    for i in range(1, hours.size):
        x = people.pace_h * (hours[i] - hours[i - 1])
        kept = np.exp(-x)
        mean = -np.expm1(-x) / x
        out[:, i] = kept * out[:, i - 1] + (mean - kept) * reflex[:, i - 1] + (1.0 - mean) * reflex[:, i]
    return out


def ashworth(tone: Floats, people: Sensitivity) -> Floats:
    """[people, times] the expected Ashworth score on the scale of 1 to 5."""
    return np.asarray(LOWEST + (people.baseline[:, None] - LOWEST) * tone**people.eta)

"""What the body gets used to: tolerance, what it lacks when the drug goes, and what too much of it does.

Nobody has measured a person's course of any of this: whatever comes out of here is a scenario, and none of it ever
becomes a limit.

    tolerance    dA/dt = (most occ - A) / time,  occ = C / (C + C50);  the half-effect is C50 (1 + A)
    withdrawal   dW/dt = (occ' - W) / time,  occ' = C / (C + C50 (1 + A));  rebound = share max(0, W - occ')
    toxicity     t = c / (c + half (1 + A)),  c the fluid of the cistern, which bathes the brain stem

The brain that blood feeds has no number of its own: coma by mouth was seen at levels that the brain stem bears from the
spine every day, so that one half-effect cannot serve both.  By mouth the levels in plasma stand for themselves.  How severe
a withdrawal becomes is not told either: nothing was ever measured that would tell it.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body.parameters import numbers, parameter
from eutonia.knowledge import Book

Floats = NDArray[np.float64]

# Normal numbers a person has: how far tolerance goes, how slowly dependence follows, toxicity, and one to spare.
ETAS = 4
MOST, TIME, HALF = range(3)
# The distance, in sd, between the ends of a range that holds nine tenths of people.
_NINE_TENTHS = 2 * 1.6449


class Adaptation(Struct, frozen=True, eq=False):
    """How people adapt, [people] each but the first and the last two: times in h, half-toxic level in ng/mL.

    back: from which share of the tone without the drug on the tone counts as come back.
    """

    tolerance_time_h: float
    tolerance_most: Floats
    withdrawal_time_h: Floats
    half_toxic_ng_ml: Floats
    rebound: float
    back: float


def adaptation(normals: Floats, book: Book) -> Adaptation:
    """How these people adapt; normals: [people, ETAS], zeros for the typical person."""
    low, high = numbers(book, "dependence.withdrawal_time", "days")
    return Adaptation(
        parameter(book, "dependence.tolerance_time", "days").value,
        parameter(book, "dependence.tolerance_most").drawn(normals[:, MOST]),
        math.sqrt(low * high) * np.exp(math.log(high / low) / _NINE_TENTHS * normals[:, TIME]),
        parameter(book, "toxicity.half", "ng/mL").drawn(normals[:, HALF]),
        parameter(book, "dependence.rebound", "%").value,
        parameter(book, "dependence.tone_back", "%").value,
    )


def occupancy(cord_ng_ml: Floats, half_ng_ml: Floats) -> Floats:
    """Share of the receptors that are occupied, shaped as both together."""
    cord = np.maximum(cord_ng_ml, 0.0)
    return np.asarray(cord / (cord + half_ng_ml))


def followed(towards: Floats, step_h: float, time_h: Floats | float, begin: Floats) -> Floats:
    """[people, times] what follows `towards` exponentially with a time constant, from `begin` on, on an even grid.

    Exact where `towards` keeps, over each step, the value at its beginning.
    """
    time = np.broadcast_to(np.asarray(time_h, float), begin.shape)
    rate = step_h / time[:, None]
    behind = np.arange(towards.shape[1])
    # The sum of what came, each as old as it is; in pieces short enough that no exponential overflows.
    length = max(int(500.0 / rate.max()), 1)
    out = np.empty_like(towards)
    before = begin[:, None]
    for first in range(0, towards.shape[1], length):
        some = slice(first, first + length)
        age = rate * behind[: towards[:, some].shape[1]]
        grown = np.exp(age)
        came = np.empty_like(grown)
        came[:, 0] = 0.0
        np.cumsum(towards[:, some][:, :-1] * grown[:, :-1] * np.expm1(rate), axis=1, out=came[:, 1:])
        out[:, some] = (before + came) / grown
        last = out[:, some][:, -1:]
        before = last + (towards[:, some][:, -1:] - last) * -np.expm1(-rate)
    return out


def after(towards: Floats, lasting_h: Floats, time_h: Floats | float, most: Floats | float) -> Floats:
    """[people] what has followed `most` times `towards` [people, stretches] through stretches of these lengths."""
    found = np.zeros(towards.shape[0])
    for k, length in enumerate(lasting_h):
        found += (most * towards[:, k] - found) * -np.expm1(-length / time_h)
    return found


def toxicity(cistern_ng_ml: Floats, tolerance: Floats, people: Adaptation) -> Floats:
    """[people, times] share of the toxic effect, 0 to 1, at the brain stem, which the fluid of the cistern bathes."""
    return occupancy(cistern_ng_ml, people.half_toxic_ng_ml[:, None] * (1.0 + tolerance))


def averaged(values: Floats, points: int) -> Floats:
    """[people, times - points + 1] the average of so many following points, of all of them where there are fewer."""
    span = min(max(points, 1), values.shape[1])
    summed: Floats = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1, dtype=float)
    return np.asarray((summed[:, span:] - summed[:, :-span]) / span)


def comes_back(gain: Floats, people: Adaptation, points: int) -> NDArray[np.bool_]:
    """[people] whether the tone, averaged over so many points of [people, times], comes back to that without the drug.

    An average, for between two doses the tone comes back a little and goes again.
    """
    return np.asarray((averaged(gain, points) > people.back).any(axis=1))

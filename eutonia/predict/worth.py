"""What scores that are still to be taken would say of the effective daily dose.

Before a score is seen it is only as likely as the people who could be this patient make it; each of its steps would leave
other people.  Its worth is the share of the variance of the logarithm of the dose that is gone on average afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import dependence, tone
from eutonia.chart.facts import Facts
from eutonia.knowledge import Book
from eutonia.predict.answers import CORD, Answers
from eutonia.predict.given import past
from eutonia.predict.likelihood import seen_at
from eutonia.predict.observed import Visit, steps
from eutonia.predict.patient import Patient

Floats = NDArray[np.float64]

# Hours after a screening bolus at which a score could be taken, and how many of them are named together.
HOURS: Final = (1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 24.0)
_TOGETHER: Final = 3


class Hours(Struct, frozen=True):
    """Hours after a bolus, and what Ashworth scores of the legs at all of them would say: share of the variance."""

    hours: tuple[float, ...]
    share: float


def effective(people: Patient, facts: Facts, *, in_spine: bool) -> Floats:
    """[people] the steady daily dose (mcg at the tip, mg by mouth) that halves the reflex, with today's tolerance."""
    assert people.answers is not None
    # No way: only what is steady is asked for.
    answers = Answers(people, facts.book, (), [CORD])
    per = answers.per_mcg if in_spine else answers.per_mg
    stretches = past(facts, facts.now)
    half = people.answers.c50_ng_ml[:, None]
    adapts = people.adapts
    occupied = dependence.occupancy(answers.steady(stretches), half)
    tolerance = dependence.after(occupied, stretches.lasting_h, adapts.tolerance_time_h, adapts.tolerance_most)
    return np.asarray(half[:, 0] * (1.0 + tolerance) / per)


def likely(expected: Floats, at: datetime, book: Book) -> Floats:
    """[people, 5] how likely each Ashworth score of the legs is where [people] are expected."""
    shown = np.stack([expected, np.zeros_like(expected), np.zeros_like(expected)], axis=1)
    each = [seen_at(Visit(at, ashworth=(step,)), shown, book) for step in steps(tone.LOWEST)]
    return np.exp(np.stack(each, axis=1))


def gone(outcomes: Floats, value: Floats) -> float:
    """The share of the variance of `value` [people] that is gone on average, once one of the outcomes [people, outcomes] is seen."""
    total = np.maximum(outcomes.sum(axis=0), 1e-300)
    mean, square = value @ outcomes / total, value**2 @ outcomes / total
    left = float((total * (square - mean**2)).sum()) / len(value)
    return max(1.0 - left / float(value.var()), 0.0)


def best_hours(course: Floats, hours: Sequence[float], value: Floats, at: datetime, book: Book) -> tuple[Hours, ...]:
    """The hour at which a score would say most of `value`, then with the next best beside it, and so on.

    course: [people, hours] the Ashworth score of the legs at these hours after a bolus.
    """
    each = [likely(course[:, k], at, book) for k in range(len(hours))]
    so_far, taken, found = np.ones((len(value), 1)), list[int](), list[Hours]()
    for _ in range(min(_TOGETHER, len(hours))):
        together = {
            k: (so_far[:, :, None] * each[k][:, None]).reshape(len(value), -1)
            for k in range(len(hours))
            if k not in taken
        }
        best = max(together, key=lambda k: gone(together[k], value))
        so_far = together[best]
        taken.append(best)
        found.append(Hours(tuple(hours[k] for k in sorted(taken)), gone(so_far, value)))
    return tuple(found)

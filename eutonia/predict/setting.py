"""What is the same for everybody who could be this patient: what was given around each thing observed, and how it could be
explained.

Explanations that compete: the therapy arrives as told; the catheter has leaked or closed since some day, or the pump
has given too little; the disease has made the tone rise.  Tolerance is in all of them, as far as each person has it.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from eutonia.body import dependence, neuraxis, plasma, tone
from eutonia.body.parameters import numbers, parameter
from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.knowledge import Book
from eutonia.predict.answers import FINEST_H
from eutonia.predict.given import Doses, Grid, Past, doses, memory, past, swallowed
from eutonia.predict.observed import Observed
from eutonia.predict.patient import Person

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# How long before a score the tone is followed, and how long after a screening bolus.
_BEFORE: Final = 24
_AFTER: Final = 48
# What of the dose still arrives, where delivery has failed.
_ARRIVES: Final = (0.0, 0.25, 0.5, 0.75)

# What is looked for: block and column of the normal numbers, and its name.
SPINE: Final = (
    ("spine", neuraxis.FLUID, "fluid of the spine"),
    ("spine", neuraxis.MIXING, "mixing along the spine"),
    ("spine", neuraxis.TO_BLOOD, "loss to the blood"),
    ("spine", neuraxis.DIFFUSION, "diffusion into the cord"),
    ("spine", neuraxis.PARTITION, "uptake by the cord"),
)
EFFECT: Final = (
    ("effect", tone.C50, "half-effect level"),
    ("effect", tone.PACE, "pace of the tone"),
    ("effect", tone.BASELINE, "tone without the drug"),
    ("dependence", dependence.MOST, "tolerance at most"),
)
MOUTH: Final = (
    ("kinetics", plasma.CLEARANCE, "clearance"),
    ("kinetics", plasma.VOLUME, "volume"),
    ("kinetics", plasma.ABSORB, "absorption"),
    ("kinetics", plasma.TRANSIT, "transit"),
    ("kinetics", plasma.SHARE, "share absorbed"),
)
FLOW: Final = (("flow", 0, "flow of the pump"),)
Column = tuple[str, int, str]


class Explanation(Struct, frozen=True):
    """One way to explain what was seen: 'as told', 'catheter', 'pump' or 'progression'.

    since, until: from when until when so much of the dose `arrives`; rate: points of the score a year.  share: how likely
    beforehand.
    """

    kind: str
    share: float
    since: datetime | None = None
    until: datetime | None = None
    arrives: float = 1.0
    rate: float = 0.0


class Window(Struct, frozen=True, eq=False):
    """A stretch of time around something observed: its grid, the doses that count, and the years before."""

    at: datetime
    grid: Grid
    tip: Doses
    other: Doses
    past: Past


class Setting(Struct, frozen=True, eq=False):
    """What is the same for all candidates: what was given around each thing observed, and how it could be explained.

    records: where plasma after tablets is all that was looked at, one person's doses and samples at their own moments,
    as the event table has them.
    """

    person: Person
    book: Book
    observed: Observed
    columns: tuple[Column, ...]
    ways: tuple[str, ...]
    visits: tuple[Window, ...]
    boluses: tuple[Window, ...]
    samples: tuple[Window, ...]
    explanations: tuple[Explanation, ...]
    records: tuple[Floats, Ints] | None


def setting(facts: Facts, person: Person, seen: Observed) -> Setting:
    """What is needed to ask how well candidates explain what was seen."""
    followed = memory(facts.book)
    step = timedelta(hours=FINEST_H)

    def window(begin: datetime, points: int, at: datetime) -> Window:
        grid = Grid(begin, step, points, followed // step)
        given = doses(facts, (), grid)
        none = np.zeros_like(given.tip_mcg)
        other = Doses(given.mouth_mg, none, given.puncture_mcg)
        return Window(at, grid, Doses(none, given.tip_mcg, none), other, past(facts, min(begin, facts.now)))

    visits = [window(each.at - _BEFORE * step, _BEFORE, each.at) for each in seen.visits]
    boluses = [window(each.at - 2 * step, _AFTER + 2, each.at) for each in seen.boluses]
    samples = [window(each.at - step, 1, each.at) for each in seen.levels]
    every = [*visits, *boluses, *samples]
    mouth = any(each.other.mouth_mg.any() or each.past.mouth_mg.any() for each in every)
    tip = any(each.tip.tip_mcg.any() or each.past.pump_mcg.any() for each in every)
    punctured = any(each.other.puncture_mcg.any() for each in every)
    columns: tuple[Column, ...] = (SPINE + EFFECT) if seen.of_effect else ()
    # Beside drug in the spine what is swallowed counts little: there it is taken up as in the typical patient.
    if mouth and not (tip or punctured):
        columns += MOUTH
    if tip:
        columns += FLOW
    ways = tuple(way for way, there in (("mouth", mouth), ("tip", tip), ("puncture", punctured)) if there)
    return Setting(
        person, facts.book, seen, columns, ways, tuple(visits), tuple(boluses), tuple(samples),
        tuple(_explanations(facts, seen)),
        _records(facts, seen, followed) if ways == ("mouth",) and not seen.of_effect else None,
    )  # fmt: skip


def _records(facts: Facts, seen: Observed, followed: timedelta) -> tuple[Floats, Ints]:
    """[records, 4] and [records, 5]: doses of the time that counts, and the samples, in the order of their moments."""
    from eutonia.body import course

    begin = min(each.at for each in seen.levels) - followed
    doses = [(at, mg, course.DOSE) for at, mg in swallowed(facts, begin, max(each.at for each in seen.levels))]
    samples = [(each.at, 0.0, course.OBSERVE) for each in seen.levels]
    found = sorted([*samples, *doses], key=lambda each: each[0])
    numbers, codes = np.zeros((len(found), 4)), np.zeros((len(found), 5), np.int64)
    for n, (at, mg, kind) in enumerate(found):
        numbers[n, course.TIME], numbers[n, course.AMOUNT] = (at - begin).total_seconds() / 3600.0, mg
        codes[n, course.KIND] = kind
        codes[n, course.PLACE] = course.GUT if kind == course.DOSE else course.CENTRAL
    return numbers, codes


def _explanations(facts: Facts, seen: Observed) -> list[Explanation]:
    book = facts.book
    sick = parameter(book, "estimate.progression", "%").value if seen.visits else 0.0
    catheter = parameter(book, "estimate.failure_catheter", "%").value
    watched = [each.at for these in (seen.visits, seen.levels, seen.drawn) for each in these]
    failing = []
    for begin, end, mended in _epochs(facts):
        years = (end - begin).total_seconds() / (365.25 * 86400)
        fails = -math.expm1(-parameter(book, "estimate.failure", "a year").value * years)
        marks = [begin, *sorted({at for at in watched if begin < at < end}), end]
        for since, following in pairwise(marks):
            share = fails * ((following - since) / (end - begin)) / len(_ARRIVES)
            until = end if mended else None
            for arrives in _ARRIVES:
                failing.append(Explanation("catheter", catheter * share, since, until, arrives))
                failing.append(Explanation("pump", (1.0 - catheter) * share, since, until, arrives))
    # One failure at most: of two that follow each other nobody could tell.
    fails = min(sum(each.share for each in failing), 1.0)
    scaled = fails / max(sum(each.share for each in failing), 1e-300)
    found = [Explanation("as told", (1.0 - fails) * (1.0 - sick))]
    found += [replace(each, share=each.share * scaled) for each in failing]
    rates = numbers(book, "estimate.progression_rates", "points")
    if sick > 0.0:
        found += [Explanation("progression", (1.0 - fails) * sick / len(rates), rate=rate) for rate in rates]
    return [each for each in found if each.share > 0.0]


def _epochs(facts: Facts) -> list[tuple[datetime, datetime, bool]]:
    """The times in which a delivery may have failed, and whether their end mended it.

    A revision or a new pump ends what had failed before it.  Where the way was found open, nothing had failed since it was
    made; what failed later is still to be found.
    """
    ends = sorted(
        [(event.at, True) for event in facts.of(e.Implant, e.Revision)]
        + [
            (event.at, False)
            for event in facts.of(e.Explained)
            if isinstance(event.what, e.Explained) and event.what.what == "delivery"
        ]
    )
    implanted = next((event.at for event in facts.of(e.Implant)), None)
    if implanted is None:
        return []
    found: list[tuple[datetime, datetime, bool]] = []
    begin = implanted
    for at, mended in ends:
        if at > begin:
            if mended:
                found.append((begin, at, True))
            begin = at
    if facts.now > begin:
        found.append((begin, facts.now, False))
    return found

"""What a patient is given over a stretch of time, on an even grid: by mouth, through the pump's line, by puncture.

The chart tells the past; what a plan would write on it tells the future.  Drug is conserved to the last digit; when it
comes within a step of the grid is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Part, Regimen
from eutonia.evidence import Known
from eutonia.knowledge import Book
from eutonia.moment import DAY, local_day, start_of
from eutonia.pump.reservoir import left_the_tip
from eutonia.quantity import Quantity

Floats = NDArray[np.float64]

_NAMED: Final = ("in the morning", "at noon", "in the afternoon", "in the evening", "at bedtime")


def memory(book: Book) -> timedelta:
    """How long what one dose leads to is followed; before that it counts by its steady level."""
    return timedelta(hours=float(book.quantity("predict.memory").to("h")))


class Grid(Struct, frozen=True):
    """An even grid: from `begin` on, `points` points `step` apart; before it, `memory` points that still count."""

    begin: datetime
    step: timedelta
    points: int
    memory: int

    @property
    def step_h(self) -> float:
        """The step in hours."""
        return self.step.total_seconds() / 3600.0

    def instants(self) -> list[datetime]:
        """The ends of all steps, the first one `memory` points before the beginning; one more than there are steps."""
        first = self.begin - self.memory * self.step
        return [first + n * self.step for n in range(self.memory + self.points + 1)]

    def after(self, at: datetime) -> int:
        """The first point of the prediction that lies after an instant."""
        return min(max(int((at - self.begin) // self.step), 0), self.points)


class Doses(Struct, frozen=True, eq=False):
    """Drug that comes in each step, [memory + points] each: mg by mouth, mcg at the tip, mcg by lumbar puncture."""

    mouth_mg: Floats
    tip_mcg: Floats
    puncture_mcg: Floats

    @property
    def ways(self) -> tuple[str, ...]:
        """By which ways anything comes: 'mouth', 'tip', 'puncture'."""
        amounts = (("mouth", self.mouth_mg), ("tip", self.tip_mcg), ("puncture", self.puncture_mcg))
        return tuple(way for way, much in amounts if much.any())

    @property
    def route(self) -> str:
        """Where the drug comes in: 'mouth', 'spine' or 'both'; 'none' without any."""
        spine = bool(self.tip_mcg.any() or self.puncture_mcg.any())
        if self.mouth_mg.any():
            return "both" if spine else "mouth"
        return "spine" if spine else "none"

    def at(self, grid: Grid, now: datetime) -> str:
        """'once' where a bolus by puncture is to come, whose strongest effect counts; else 'lasting'."""
        return "once" if self.puncture_mcg[grid.memory + grid.after(now) :].any() else "lasting"

    def going_on(self, grid: Grid, now: datetime) -> bool:
        """Whether anything comes from `now` on."""
        n = grid.memory + grid.after(now)
        return bool(self.mouth_mg[n:].any() or self.tip_mcg[n:].any() or self.puncture_mcg[n:].any())

    def lasting(self, grid: Grid, now: datetime) -> bool:
        """Whether there was a lasting therapy before `now`: tablets or a pump, not a screening bolus alone."""
        n = grid.memory + grid.after(now)
        return bool(self.mouth_mg[:n].any() or self.tip_mcg[:n].any())

    def stopped(self, grid: Grid, now: datetime) -> Doses:
        """The same, but nothing more from `now` on."""
        kept = np.arange(self.mouth_mg.size) < grid.memory + grid.after(now)
        return Doses(self.mouth_mg * kept, self.tip_mcg * kept, self.puncture_mcg * kept)


class Past(Struct, frozen=True, eq=False):
    """The years before: stretches of their length in h, each with mg by mouth and mcg by the pump daily."""

    lasting_h: Floats
    mouth_mg: Floats
    pump_mcg: Floats


def doses(facts: Facts, further: Sequence[e.Event], grid: Grid) -> Doses:
    """What the chart gives, and what would be given if `further` happened."""
    instants = grid.instants()
    pumped = [each for each in further if not isinstance(each.what, e.Oral | e.Trial)]
    # What was is the same for every plan, and asked for once: nothing that is still to come is before now.
    was = sum(at <= facts.now for at in instants)
    tip = np.diff([*_left_before(facts, *instants[:2], was), *left_the_tip(facts, pumped, instants[was:])])
    mouth, puncture = np.zeros(tip.size), np.zeros(tip.size)

    def add(to: Floats, at: datetime, amount: float) -> None:
        n = int((at - instants[0]) // grid.step)
        if 0 <= n < to.size:
            to[n] += amount

    for event in (*facts.of(e.Trial), *(each for each in further if isinstance(each.what, e.Trial))):
        assert isinstance(event.what, e.Trial)
        add(puncture, event.at, float(event.what.dose.to("mcg")))
    for (begin, regimen), (end, _) in pairwise([*_regimens(facts, further), (instants[-1], ())]):
        for at, amount in _taken(regimen, max(begin, instants[0]), min(end, instants[-1]), facts):
            add(mouth, at, amount)
    return Doses(mouth, tip, puncture)


@lru_cache(maxsize=8)
def _left_before(facts: Facts, first: datetime, second: datetime, count: int) -> tuple[float, ...]:
    """What had left the tip by each of `count` instants from the first on, as far apart as the first two."""
    return tuple(left_the_tip(facts, (), [first + n * (second - first) for n in range(count)]))


def past(facts: Facts, until: datetime) -> Past:
    """What was taken and delivered daily before a prediction begins, from the first dose on.

    The pump counts by what has left its line, so that a dry one gives nothing; before its first fill on the chart, by
    its program.
    """
    programs = [
        (event.at, 0.0 if event.what.program.stopped else float(event.what.program.daily.to("mcg/day")))
        for event in facts.of(e.Programmed)
        if isinstance(event.what, e.Programmed)
    ]
    mouth = [(at, float(mg)) for at, mg in facts.oral_history]
    first_fill = next((event.at for event in facts.of(e.Refill)), until)
    cuts = {at for at, _ in (*programs, *mouth)} | {event.at for event in facts.of(e.Refill)}
    if cuts:
        # Weeks of the last half year, and months before it: when a pump ran dry no event says so.
        begun = min(cuts)
        cuts |= {until - n * timedelta(days=7) for n in range(26)} | {
            until - n * timedelta(days=30) for n in range(6, 120)
        }
        cuts = {at for at in cuts if begun <= at < until}
    ends = [*sorted(cuts), until]

    def at_work(series: list[tuple[datetime, float]], at: datetime) -> float:
        return next((dose for begun, dose in reversed(series) if begun <= at), 0.0)

    left = left_the_tip(facts, (), ends)
    stretches = list(pairwise(ends))
    days = [(end - begin) / DAY for begin, end in stretches]
    pump = [
        at_work(programs, begin) if begin < first_fill else (after - before) / long
        for (begin, _), (before, after), long in zip(stretches, pairwise(left), days, strict=True)
    ]
    return Past(24.0 * np.array(days), np.array([at_work(mouth, begin) for begin, _ in stretches]), np.array(pump))


def _regimens(facts: Facts, further: Sequence[e.Event]) -> list[tuple[datetime, tuple[Part, ...]]]:
    """What is taken from each moment on, by the chart and then by what would follow."""
    written = {event.at: event.what.regimen for event in facts.of(e.Oral) if isinstance(event.what, e.Oral)}
    now = facts.oral.value if isinstance(facts.oral, Known) else None
    found: list[tuple[datetime, tuple[Part, ...]]] = []
    for at, daily in facts.oral_history:
        regimen = written.get(at)
        if now is not None and at == now.changed:
            found.append((at, tuple(part for each in now.regimens for part in each.parts)))
        elif regimen is not None and regimen.daily.value == daily:
            found.append((at, regimen.parts))
        elif daily:
            # Several orders together, whose hours of then nobody wrote down once more.
            found.append((at, evenly_taken(float(daily))))
        else:
            found.append((at, ()))
    for event in further:
        if isinstance(event.what, e.Oral):
            found.append((event.at, _parts(event.what.regimen)))
    return found


def swallowed(facts: Facts, begin: datetime, end: datetime) -> list[tuple[datetime, float]]:
    """Each dose by mouth from `begin` until before `end` as the chart has it: its moment, and how many mg."""
    return [
        dose
        for (since, regimen), (until, _) in pairwise([*_regimens(facts, ()), (end, ())])
        for dose in _taken(regimen, max(since, begin), min(until, end), facts)
    ]


def _parts(regimen: Regimen | None) -> tuple[Part, ...]:
    return regimen.parts if regimen is not None else ()


def evenly_taken(daily_mg: float) -> tuple[Part, ...]:
    """A daily dose in three equal ones."""
    return (Part(Quantity.of(Decimal(repr(daily_mg)) / 3, "mg"), 3, "three times a day"),)


def _taken(parts: Sequence[Part], begin: datetime, end: datetime, facts: Facts) -> list[tuple[datetime, float]]:
    """Each dose from `begin` until before `end`: its moment, and how many mg.  Doses as needed count in full."""
    if begin >= end:
        return []
    day, found = local_day(begin, facts.home), []
    taken = [(hour, float(part.amount.to("mg"))) for part in parts for hour in clock_hours(part, facts.book)]
    while start_of(day, facts.home) < end:
        # By the clock on the wall, also on the day on which it is set.
        for hour, mg in taken:
            minute = round(hour * 60)
            at = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=facts.home).astimezone(UTC)
            if begin <= at < end:
                found.append((at, mg))
        day += DAY
    return found


def clock_hours(part: Part, book: Book) -> list[float]:
    """The hours of the day at which a part of a regimen is taken to be swallowed."""
    named = [float(each.to("h")) for each in book.quantities("predict.clock")]
    if part.when in _NAMED:
        return [named[_NAMED.index(part.when)]]
    if part.when.startswith("at "):
        hour, minute = part.when[3:].split(":")
        return [int(hour) + int(minute) / 60.0]
    first = named[0]
    if part.when.startswith("every "):
        return sorted((first + n * 24.0 / part.times) % 24.0 for n in range(part.times))
    if part.times == 1:
        return [first]
    return [first + n * (named[-1] - first) / (part.times - 1) for n in range(part.times)]

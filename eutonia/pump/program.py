"""How much a program delivers between two instants, and when it will have delivered a given volume.

Everything is in closed form.  The pump's own clock does not follow summer time, so schedules are kept in pump hours:
a fixed distance from UTC, and every day of the pump has 24 h.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import Final, NamedTuple

from msgspec import Struct

from eutonia.chart.orders import Periodic, Program
from eutonia.quantity import Quantity, plain

DAY_S: Final = 86400.0
_HAIR_S: Final = 1e-6


class Series(NamedTuple):
    """An endless row of boluses: mcg, one of its beginnings, the seconds between two, the seconds that one lasts.

    `before` is how many beginnings lie between the anchor and the program's start: they were not given.
    """

    mcg: float
    anchor: float
    period: float
    lasts: float
    before: float

    @classmethod
    def of(cls, mcg: float, anchor: float, period: float, lasts: float, start: float) -> Series:
        """The row whose first bolus is the first one after `start`."""
        return cls(mcg, anchor, period, lasts, (start - anchor) // period)

    def given(self, second: float) -> float:
        """How many boluses were given by `second`; one that is running counts in part."""
        count, since = divmod(second - self.anchor, self.period)
        count -= self.before
        if count <= 0.0:
            return 0.0
        return count if self.lasts <= 0.0 else count - 1.0 + min(since / self.lasts, 1.0)


class Flow(Struct, frozen=True, dict=True):
    """A program at work: what it moves out of the chamber from `start` on (seconds since 1970).

    The pump turns a dose into a volume with the strength that it was told, which may differ from what is in the
    chamber: that is the mismatch behind fourfold doses.
    """

    program: Program
    told_mcg_ml: float
    start: float
    clock_s: float = 0.0

    def volume_ml(self, begin: float, end: float) -> float:
        """Volume in mL moved between two instants (seconds since 1970)."""
        return self.dose_mcg(begin, end) / self.told_mcg_ml

    def dose_mcg(self, begin: float, end: float) -> float:
        """Dose in mcg that the pump believes to deliver between two instants (seconds since 1970)."""
        if end <= begin:
            return 0.0
        total = self._continuous * (end - begin)
        if self.program.steps:
            total += self._steps(begin, end)
        for each in self._series:
            total += each.mcg * (each.given(end) - each.given(begin))
        return total

    @cached_property
    def _continuous(self) -> float:
        """The continuous dose in mcg a second, zero where there is none."""
        return float(self.program.continuous.to("mcg/day")) / DAY_S if self.program.continuous is not None else 0.0

    @cached_property
    def _pieces(self) -> tuple[tuple[float, float, float], ...]:
        """Each step of the day: its first second, how many it lasts, mcg a second."""
        return tuple(
            (
                step.at.hour * 3600.0 + step.at.minute * 60.0,
                float(hours) * 3600.0,
                float(step.rate.to("mcg/h")) / 3600.0,
            )
            for step, hours in self.program.step_hours()
        )

    @cached_property
    def _series(self) -> tuple[Series, ...]:
        """Each endless row of boluses."""
        found: list[Series] = []
        for bolus in self.program.boluses:
            mcg, lasts = float(bolus.dose.to("mcg")), float(bolus.over_min or 0) * 60.0
            if bolus.every_h is not None:
                found.append(Series.of(mcg, self.start, float(bolus.every_h) * 3600.0, lasts, self.start))
            else:
                starts = (at.hour * 3600.0 + at.minute * 60.0 - self.clock_s for at in bolus.at)
                found += [Series.of(mcg, start, DAY_S, lasts, self.start) for start in starts]
        return tuple(found)

    def _steps(self, begin: float, end: float) -> float:
        daily = sum(length * rate for _, length, rate in self._pieces)

        def within(second: float) -> float:
            return sum(min(max(second - first, 0.0), length) * rate for first, length, rate in self._pieces)

        first_day, first_second = divmod(begin + self.clock_s, DAY_S)
        last_day, last_second = divmod(end + self.clock_s, DAY_S)
        return (last_day - first_day) * daily + within(last_second) - within(first_second)

    def when(self, volume_ml: float, begin: float, horizon: float) -> float | None:
        """The first instant at which `volume_ml` has been moved since `begin`; none within the horizon if never."""
        if volume_ml <= 0.0:
            return begin
        if self.program.stopped:
            return None
        if not self.program.steps and not self.program.boluses:
            found = begin + volume_ml * self.told_mcg_ml / self._continuous
            return found if found <= horizon else None
        # At the average rate the answer is off by less than the longest cycle.
        cycle = max((DAY_S, *(each.period for each in self._series)))
        about = begin + volume_ml * self.told_mcg_ml / self._average
        if about + cycle > horizon and self.volume_ml(begin, horizon) < volume_ml:
            return None
        edges = self._edges(max(begin, about - cycle), min(horizon, about + cycle))
        place = bisect_left(edges, volume_ml, 1, len(edges) - 1, key=lambda edge: self.volume_ml(begin, edge))
        # Between two edges the rate is constant, and a bolus at once stands at the later one.
        before, after = edges[place - 1], edges[place]
        there, middle = self.volume_ml(begin, before), (before + after) / 2
        flows = self.volume_ml(before, middle)
        return min(after, before + (volume_ml - there) / flows * (middle - before)) if flows > 0.0 else after

    @cached_property
    def _average(self) -> float:
        """The daily dose in mcg a second."""
        return float(self.program.daily.to("mcg/day")) / DAY_S

    def _edges(self, low: float, high: float) -> list[float]:
        """Both ends and, in between, each instant at which the rate changes or a bolus is given."""
        rows = [(first - self.clock_s, DAY_S) for first, _, _ in self._pieces]
        for each in self._series:
            rows.append((each.anchor, each.period))
            if each.lasts:
                rows.append((each.anchor + each.lasts, each.period))
        found = [low, high]
        for first, period in rows:
            begin, end = ceil((low - first) / period), ceil((high - first) / period)
            # A hair later, so that no rounding puts an edge before its own bolus.
            found += [first + n * period + _HAIR_S for n in range(begin, end)]
        return sorted(found)


def _least_gap(bolus: Periodic) -> int:
    """The shortest time in minutes from one set time of a bolus to the next, over midnight too."""
    starts = [at.hour * 60 + at.minute for at in bolus.at]
    return min(after - before for before, after in pairwise([*starts, starts[0] + 24 * 60]))


def problems(
    program: Program, strength: Quantity, flow: tuple[Quantity, Quantity] | None, most_steps: int | None
) -> list[str]:
    """What keeps a pump from delivering this program at this strength, in words; nothing where it fits."""
    found = []
    rate = program.daily.to("mcg/day") / strength.to("mcg/mL")
    if flow is not None and not flow[0].value <= rate <= flow[1].value:
        found.append(
            f"{plain(program.daily)} of {plain(strength)} needs {plain(round(rate, 4))} mL/day; "
            f"the pump runs from {plain(flow[0])} to {plain(flow[1])}"
        )
    if most_steps is not None and len(program.steps) > most_steps:
        found.append(f"the day has {len(program.steps)} steps; the pump takes {most_steps}")
    for bolus in program.boluses:
        over, every = bolus.over_min, bolus.every_h
        if over is not None and (over > DAY_S / 60 or over > (every * 60 if every is not None else _least_gap(bolus))):
            found.append(f"'{bolus.written}' lasts longer than the time to the next one")
    return found

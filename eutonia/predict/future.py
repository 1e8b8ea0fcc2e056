"""The future of a patient under a plan: levels, tone and harms over its horizon, as bands over people like this one.

Everything linear is a sum of the answers to one mg or mcg, worked out once for the patient; each plan then only says
how much is given when.  The effect follows from the levels.  A prediction never decides a dose.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import dependence, tone
from eutonia.body.parameters import parameter
from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Unknown
from eutonia.moment import iso
from eutonia.plan import Plan
from eutonia.predict.answers import CISTERN, CORD, FINEST_H, LUMBAR, PLASMA, Answers
from eutonia.predict.given import Doses, Grid, doses, memory, past
from eutonia.predict.patient import Normals, Patient, Unpredicted, patient
from eutonia.predict.refills import assumed_refills, assumptions, not_known, stays_stopped
from eutonia.predict.spread import Spread, four, quantiles, spread
from eutonia.predict.worth import HOURS, Hours, best_hours, effective
from eutonia.pump import PumpState
from eutonia.pump.reservoir import left_the_tip

Floats = NDArray[np.float64]

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
BANDS: Final = ("p05", "p25", "p50", "p75", "p95")
# Up to here a curve is drawn point by point; a longer one shows the average of each day.
_BY_THE_POINT: Final = timedelta(days=5)
# By then an infusion that was changed has its full effect (48 h), and so has every other dose.
_FULL_EFFECT: Final = timedelta(days=3)
# Below this share of the day before now there is less drug than there was; the grid alone moves it by less.
_LESS: Final = 0.99
# A smaller share of the tone is no effect that could be lost.
_FELT: Final = 0.05
# A program counts as being at the tip once this share of its dose leaves it: pumps and cycles do not come out even.
_THERE: Final = 0.9
# Of these the lowest is the most that the drug does.
_LESS_IS_MORE: Final = ("tone", "ashworth_legs", "penn")


class Chance(Struct, frozen=True):
    """The share of people in whom something happens after now, and the entry of the knowledge that draws the line."""

    of: str
    share: float
    basis: str


class Prediction(Struct, frozen=True, eq=False):
    """What is predicted of one plan.

    route: where the drug comes in: 'mouth', 'spine', 'both' or 'none'; at: 'once' for a bolus, whose strongest effect
    counts, else 'lasting'.  hours: [times] from now on, each the middle of what it stands for; averaged_h: how long that
    is, 0 for a point.  bands: [quantiles, times] each.  days: over the people [quantiles], the average of the window of
    window_h (a day, or whole cycles of the program) `before` now and of the `last` one, what it is an hour after the first
    change (`soon`), and the `most` after now: of the tone the lowest, of all else the highest.  scores: [5] how likely
    each Ashworth score of 1 to 5 is on the last day, or at the strongest after a bolus.  arrives: when the drug is at the
    tip, where the line makes it wait.  onset_h: from the first change of a dose to half of what it does to the tone before
    the next one.  lost_h: until half of the effect of now is gone if nothing more were given.
    worth: of a screening bolus, the hours at which scores would say most of the effective daily dose.
    sharpened: whether the patient's own data have chosen the people.
    """

    people: int
    route: str
    at: str
    begins: datetime
    hours: Floats
    averaged_h: float
    window_h: float
    bands: Mapping[str, Floats]
    days: Mapping[str, Mapping[str, Floats]]
    scores: Floats | None
    changes: tuple[datetime, ...]
    arrives: datetime | None
    onset_h: Spread | None
    lost_h: Spread | None
    chances: tuple[Chance, ...]
    worth: tuple[Hours, ...]
    assumes: tuple[str, ...]
    sharpened: bool

    def as_dict(self, home: tzinfo) -> dict[str, Any]:
        """The prediction as JSON, numbers to four figures."""
        return {
            "grade": "scenario",
            "route": self.route,
            "at": self.at,
            "people": self.people,
            "now": iso(self.begins, home),
            "hours": [four(each) for each in self.hours],
            "averaged_h": self.averaged_h,
            "window_h": self.window_h,
            "bands": {
                name: {band: [four(each) for each in row] for band, row in zip(BANDS, rows, strict=True)}
                for name, rows in self.bands.items()
            },
            "days": {
                name: {
                    day: {band: four(each) for band, each in zip(BANDS, found, strict=True)}
                    for day, found in days.items()
                }
                for name, days in self.days.items()
            },
            "scores": None if self.scores is None else [four(each) for each in self.scores],
            "changes": [iso(at, home) for at in self.changes],
            "arrives": None if self.arrives is None else iso(self.arrives, home),
            "onset_h": _spread(self.onset_h),
            "lost_h": _spread(self.lost_h),
            "chances": [{"of": each.of, "share": each.share, "basis": each.basis} for each in self.chances],
            "worth": [{"hours": list(each.hours), "share": four(each.share)} for each in self.worth],
            "assumes": list(self.assumes),
            "sharpened": self.sharpened,
        }


def _spread(found: Spread | None) -> dict[str, float] | None:
    return None if found is None else {name: four(each) for name, each in found.as_dict().items()}


def predict(
    facts: Facts, pump: PumpState | None, plans: Sequence[Plan], people: Normals | None = None
) -> tuple[Prediction | Unpredicted, ...]:
    """The future of each plan, in their order; unknown, with the reason, where no model is made for the person.

    people: those whom the patient's own data leave; without them, all who could be this patient by body and kidneys.
    The plans of one kind are looked at until the same moment, so that they can be compared.
    """
    if isinstance(facts.oral, Unknown):
        return tuple(Unpredicted(facts.oral.says) for _ in plans)
    taking = facts.oral.value is not None
    written = [_written(plan, facts, pump) for plan in plans]
    window = _window(facts, pump, [each for those in written for each in those])
    arrives = [_arrival(facts, pump, those, window) for those in written]
    # How far back a dose still shows: before that it counts by its steady level alone.
    shows = facts.now - window - memory(facts.book) - timedelta(days=1)
    swallowed = taking or any(at >= shows for at, _ in facts.oral_history)
    bolus = any(each.at >= shows for each in facts.of(e.Trial)) or any(
        isinstance(each.what, e.Trial) for those in written for each in those
    )
    # An explanted pump is no pump, and what it delivered before may still act.
    implanted = bool(facts.of(e.Implant))
    ends: dict[str, datetime] = {}
    for plan, those, at in zip(plans, written, arrives, strict=True):
        ends[plan.kind] = max(ends.get(plan.kind, facts.now), _end(facts, those, at, window))
    someone: dict[tuple[bool, bool], _Someone | Unpredicted] = {}
    found: list[Prediction | Unpredicted] = []
    for plan, those, at in zip(plans, written, arrives, strict=True):
        by_mouth = taking or any(isinstance(each.what, e.Oral) for each in those)
        in_spine = implanted or any(isinstance(each.what, e.Trial) for each in those)
        key = (by_mouth, in_spine)
        if key not in someone:
            who = patient(facts, pump, by_mouth=by_mouth, in_spine=in_spine, people=people)
            ways = [
                way
                for way, there in (("mouth", swallowed or by_mouth), ("tip", implanted), ("puncture", bolus))
                if there
            ]
            someone[key] = who if isinstance(who, Unpredicted) else _Someone(who, facts, pump, window, ways)
        known = someone[key]
        if not isinstance(known, Unpredicted) and (why := not_known(plan, pump)):
            known = Unpredicted(why)
        found.append(known if isinstance(known, Unpredicted) else known.of(those, ends[plan.kind], at))
    return tuple(found)


def _window(facts: Facts, pump: PumpState | None, written: Sequence[e.Event]) -> timedelta:
    """The time over which levels are averaged: a day, or the whole cycles of a program that take at least one."""
    programs = [each.what.program for each in written if isinstance(each.what, e.Programmed)]
    if pump is not None and pump.program is not None:
        programs.append(pump.program)
    every = [float(bolus.every_h) for each in programs for bolus in each.boluses if bolus.every_h is not None]
    return timedelta(hours=max([24.0, *(hours * math.ceil(24.0 / hours) for hours in every)]))


def _arrival(facts: Facts, pump: PumpState | None, written: Sequence[e.Event], window: timedelta) -> datetime | None:
    """When the last program of a plan is at the tip, where the line makes it wait; none where it does not, or never is."""
    running = [each for each in written if isinstance(each.what, e.Programmed) and not each.what.program.stopped]
    fresh = any(isinstance(each.what, e.Refill) for each in written)
    if pump is None or not running or (pump.line_left_ml is None and not fresh):
        return None
    last = running[-1]
    assert isinstance(last.what, e.Programmed)
    wanted = _THERE * float(last.what.program.daily.to("mcg/day")) * (window / timedelta(days=1))
    for step, count in ((timedelta(hours=1), 48), (timedelta(hours=6), 160)):
        span = -(-window // step)
        left = left_the_tip(facts, written, [last.at + n * step for n in range(count + span + 1)])
        reached = next((n for n in range(count) if left[n + span] - left[n] >= wanted), None)
        if reached is not None:
            return last.at + reached * step if reached else None
    return None


def _end(facts: Facts, written: Sequence[e.Event], arrives: datetime | None, window: timedelta) -> datetime:
    """When a prediction ends: some time after the last thing that is done, longer where the drug ends or comes late."""
    stops = any(
        (isinstance(each.what, e.Oral) and each.what.regimen is None)
        or (isinstance(each.what, e.Programmed) and each.what.program.stopped)
        for each in written
    )
    tail = facts.book.quantity("predict.after_stop" if stops else "predict.after")
    last = max([facts.now, *(each.at for each in written), arrives or facts.now])
    end = last + max(timedelta(hours=float(tail.to("h"))), 2 * window)
    # Whole days, so that the last one is drawn as it is told.
    return facts.now + -(-(end - facts.now) // timedelta(days=1)) * timedelta(days=1)


def _written(plan: Plan, facts: Facts, pump: PumpState | None) -> list[e.Event]:
    """What the plan would write, as events; of a trial only the first bolus, since the next one waits for its outcome."""
    found = [
        e.Event(step.at, step.writes, iso(step.at), line=1_000_000 + n)
        for n, step in enumerate(plan.steps)
        if step.writes is not None
    ]
    return found[:1] if plan.kind == "trial" else [*found, *stays_stopped(plan, facts, pump, found)]


class _Course(Struct, frozen=True, eq=False):
    """What happens on a grid, [people, points] each: levels in ng/mL, tone as a share of that without the drug."""

    levels: Floats
    tone: Floats | None
    gain: Floats | None
    rebound: Floats
    toxicity: Floats


class _Someone:
    """A patient, and what drug does to them: worked out once, for all plans."""

    def __init__(
        self, someone: Patient, facts: Facts, pump: PumpState | None, window: timedelta, ways: Sequence[str]
    ) -> None:
        self.who, self.facts, self.pump, self.book = someone, facts, pump, facts.book
        self.before = window
        self.answers = Answers(someone, facts.book, ways)
        self.levels, self.memory = self.answers.levels, self.answers.memory
        self.past = past(facts, facts.now - self.before)
        self._tones: dict[Grid, Floats | None] = {}

    def course(self, given: Doses, grid: Grid) -> _Course:
        """Levels, and what they do."""
        levels = self.levels(given, grid)
        cord, people = levels[CORD], self.who.adapts
        tolerance = self._tolerance(cord, grid)
        occupied = dependence.occupancy(cord, self._half * (1.0 + tolerance))
        rebound = people.rebound * np.maximum(
            dependence.followed(occupied, grid.step_h, people.withdrawal_time_h, self._used_to) - occupied, 0.0
        )
        toxic = dependence.toxicity(levels[CISTERN], tolerance, people)
        y = self._tone(cord, tolerance, grid)
        return _Course(levels, y, None if y is None else y * (1.0 + rebound), rebound, toxic)

    def tone(self, given: Doses, grid: Grid) -> Floats | None:
        """[people, points] the tone alone, of that without the drug; none where no effect is told."""
        (cord,) = self.levels(given, grid, slice(CORD, CORD + 1))
        return self._tone(cord, self._tolerance(cord, grid), grid)

    def _tolerance(self, cord: Floats, grid: Grid) -> Floats:
        people = self.who.adapts
        towards = people.tolerance_most[:, None] * dependence.occupancy(cord, self._half)
        return dependence.followed(towards, grid.step_h, people.tolerance_time_h, self._tolerant)

    def _tone(self, cord: Floats, tolerance: Floats, grid: Grid) -> Floats | None:
        answers = self.who.answers
        if answers is None:
            return None
        hours = np.asarray(grid.step_h * np.arange(grid.points))
        return tone.tone(tone.reflex(cord, answers, tolerance), hours, answers)

    @cached_property
    def _half(self) -> Floats:
        """[people, 1] the half-effect before any tolerance; the typical one where no effect is told."""
        if self.who.answers is not None:
            return self.who.answers.c50_ng_ml[:, None]
        return np.full((len(self.who), 1), parameter(self.book, "tone.c50", "ng/mL").value)

    @cached_property
    def _steady(self) -> Floats:
        """[people, stretches] the cord's steady level in each stretch of the past."""
        return self.answers.steady(self.past)

    @cached_property
    def _before(self) -> Floats:
        """[people, points] the cord's level over the window before now."""
        grid = self.grid(self.facts.now)
        return np.asarray(self.levels(doses(self.facts, (), grid), grid, slice(CORD, CORD + 1))[0])

    def _occupied(self, half: Floats) -> Floats:
        """[people, stretches] occupancy of each stretch of the past.

        While today's doses are given it is the average over their hours: a level that rises and falls occupies less than
        a steady one of the same average.
        """
        found = dependence.occupancy(self._steady, half)
        given = np.stack([self.past.mouth_mg, self.past.pump_mcg])
        today = (
            np.all(np.abs(given - given[:, -1:]) <= 0.02 * given[:, -1:], axis=0) if given.size else np.empty(0, bool)
        )
        found[:, today] = dependence.occupancy(self._before, half).mean(axis=1, keepdims=True)
        return found

    @cached_property
    def _tolerant(self) -> Floats:
        """[people] the tolerance with which a prediction begins."""
        people = self.who.adapts
        return dependence.after(
            self._occupied(self._half), self.past.lasting_h, people.tolerance_time_h, people.tolerance_most
        )

    @cached_property
    def _used_to(self) -> Floats:
        """[people] the occupancy that the body is used to when a prediction begins."""
        occupied = self._occupied(self._half * (1.0 + self._tolerant[:, None]))
        return dependence.after(occupied, self.past.lasting_h, self.who.adapts.withdrawal_time_h, 1.0)

    def _unchanged(self, grid: Grid, until: datetime) -> Floats | None:
        """[people, points] the tone until then if nothing changes."""
        short = Grid(grid.begin, grid.step, min(grid.after(until), grid.points), grid.memory)
        if short not in self._tones:
            refills = assumed_refills(self.facts, self.pump, (), until)
            self._tones[short] = self.tone(doses(self.facts, refills, short), short)
        return self._tones[short]

    def grid(self, until: datetime) -> Grid:
        """From a day before now until then: fine where the time is short."""
        begin = self.facts.now - self.before
        long = until - begin
        hours = FINEST_H if long <= timedelta(days=14) else 2 * FINEST_H
        step = timedelta(hours=hours)
        return Grid(begin, step, -(-long // step), round(self.memory / step))

    def of(self, written: Sequence[e.Event], until: datetime, arrives: datetime | None) -> Prediction:
        """The prediction of one plan."""
        facts = self.facts
        grid = self.grid(until)
        refills = assumed_refills(facts, self.pump, written, until)
        given = doses(facts, [*written, *refills], grid)
        planned = self.course(given, grid)
        now = grid.after(facts.now)
        changes = tuple(dict.fromkeys(each.at for each in written))
        everything = self._shown(planned, given.route)
        bands, hours, averaged = self._bands(everything, grid)
        at = given.at(grid, facts.now)
        return Prediction(
            len(self.who), given.route, at, facts.now, hours, averaged, self.before / timedelta(hours=1), bands,
            self._days(everything, now, grid.after(changes[0]) if changes else now, grid), self._scores(everything, at == "once", now, grid), changes, arrives,
            self._onset(planned, changes, arrives, grid),
            self._lost,
            tuple(self._chances(planned, given, now, grid)),
            self._worth(everything, changes, grid) if at == "once" else (),
            (*assumptions(facts, self.pump, written, refills), *self.who.assumes),
            self.who.sharpened,
        )  # fmt: skip

    def _shown(self, found: _Course, route: str) -> dict[str, Floats]:
        """[people, points] of all that is told; nothing of toxicity by mouth, for which no model of the risk is published."""
        shown: dict[str, Floats] = {"plasma_ng_ml": found.levels[PLASMA]} if self.who.plasma_known else {}
        shown |= {
            "lumbar_ng_ml": found.levels[LUMBAR],
            "cisternal_ng_ml": found.levels[CISTERN],
            "cord_ng_ml": found.levels[CORD],
        }
        if found.tone is not None:
            shown["tone"] = found.tone
            if self.who.baseline is not None and self.who.answers is not None:
                shown["ashworth_legs"] = tone.ashworth(found.tone, self.who.answers)
            if self.who.penn is not None:
                shown["penn"] = tone.penn(found.tone, self.who.penn, self.book)
        if route != "mouth":
            shown["toxicity"] = found.toxicity
        return shown | {"rebound": found.rebound}

    def _bands(self, shown: Mapping[str, Floats], grid: Grid) -> tuple[dict[str, Floats], Floats, float]:
        hours = np.asarray(grid.step_h * np.arange(1, grid.points + 1) - self.before.total_seconds() / 3600.0)
        if grid.points * grid.step <= _BY_THE_POINT:
            return {name: quantiles(x, QUANTILES) for name, x in shown.items()}, hours, 0.0
        day = round(24.0 / grid.step_h)
        whole = grid.points // day * day
        hours = np.asarray(hours[:whole].reshape(-1, day).mean(axis=1) - grid.step_h / 2)
        daily = {name: x[:, :whole].reshape(len(x), -1, day).mean(axis=2) for name, x in shown.items()}
        return {name: quantiles(x, QUANTILES) for name, x in daily.items()}, hours, 24.0

    def _days(self, shown: Mapping[str, Floats], now: int, soon: int, grid: Grid) -> dict[str, dict[str, Floats]]:
        span = self._span(grid)

        def of(name: str, x: Floats) -> dict[str, Floats]:
            found = {
                "before": x[:, max(now - span, 0) : now].mean(axis=1),
                "last": x[:, -span:].mean(axis=1),
                "most": x[:, now:].min(axis=1) if name in _LESS_IS_MORE else x[:, now:].max(axis=1),
                "soon": x[:, min(soon + round(1.0 / grid.step_h), grid.points) - 1],
            }
            return dict(zip(found, quantiles(np.stack(list(found.values()), axis=1), QUANTILES).T, strict=True))

        return {name: of(name, x) for name, x in shown.items()}

    def _span(self, grid: Grid) -> int:
        """How many points are averaged over."""
        return round(self.before / grid.step)

    def _scores(self, shown: Mapping[str, Floats], once: bool, now: int, grid: Grid) -> Floats | None:
        """How likely each score of the legs is, over people and visits."""
        if "ashworth_legs" not in shown:
            return None
        course = shown["ashworth_legs"]
        expected = course[:, now:].min(axis=1) if once else course[:, -self._span(grid) :].mean(axis=1)
        return np.asarray(tone.scored(expected, self.who.effect, self.book).mean(axis=0))

    def _onset(
        self, planned: _Course, changes: Sequence[datetime], arrives: datetime | None, grid: Grid
    ) -> Spread | None:
        """From the first change on, until half of the difference that comes before the next one."""
        if planned.tone is None or not changes:
            return None
        full = max(changes[0], arrives or changes[0]) + _FULL_EFFECT
        unchanged = self._unchanged(grid, min([full, *changes[1:2]]))
        assert unchanged is not None
        first, end = grid.after(changes[0]), unchanged.shape[1]
        differs = np.abs(planned.tone[:, first:end] - unchanged[:, first:])
        if differs.shape[1] == 0 or not (most := differs.max(axis=1) > 1e-3).any():
            return None
        half = differs[most] >= 0.5 * differs[most].max(axis=1, keepdims=True)
        return spread((half.argmax(axis=1) + 1.0) * grid.step_h)

    def _worth(self, shown: Mapping[str, Floats], changes: Sequence[datetime], grid: Grid) -> tuple[Hours, ...]:
        """When scores after the bolus would say most of the dose that will be needed."""
        if "ashworth_legs" not in shown or not changes:
            return ()
        first = grid.after(changes[0])
        these = {hour: first + round(hour / grid.step_h) - 1 for hour in HOURS}
        inside = {hour: point for hour, point in these.items() if point < grid.points}
        dose = np.log(effective(self.who, self.facts, in_spine=True))
        course = shown["ashworth_legs"][:, list(inside.values())]
        return best_hours(course, list(inside), dose, self.facts.now, self.book)

    @cached_property
    def _lost(self) -> Spread | None:
        """Until half of the effect of this moment is gone if nothing more is given, in those who have one.

        None where nothing is given any more, or nobody has an effect; who still has it after the time that is followed
        counts with that time.
        """
        grid = self.grid(self.facts.now + self.memory)
        given = doses(self.facts, (), grid)
        if not given.going_on(grid, self.facts.now):
            return None
        stopped = self.tone(given.stopped(grid, self.facts.now), grid)
        now = grid.after(self.facts.now)
        if stopped is None:
            return None
        feels = stopped[:, now - 1] < 1.0 - _FELT
        if not feels.any():
            return None
        left = 1.0 - stopped[feels, now:]
        gone = left < 0.5 * (1.0 - stopped[feels, now - 1 : now])
        first = np.where(gone.any(axis=1), gone.argmax(axis=1), gone.shape[1] - 1)
        return spread((first + 1.0) * grid.step_h)

    def _chances(self, found: _Course, given: Doses, now: int, grid: Grid) -> Iterator[Chance]:
        """How often the usual windows are left after now."""
        book, ahead, span = self.book, found.levels[:, :, now:], self._span(grid)
        last = ahead[..., -span:].mean(axis=-1)
        if given.route == "mouth" and given.mouth_mg[-span:].any():
            # No chance of harm by mouth: no published model of the risk is in, and a level alone is none.
            low, _ = (float(each.to("ng/mL")) for each in book.span("plasma.therapeutic"))
            yield Chance(
                "plasma below the therapeutic range on average of the last day",
                _share(last[PLASMA] < low),
                "plasma.therapeutic",
            )
        if given.tip_mcg.any():
            # Only this end: the lower one belongs to small doses.
            _, high = (float(each.to("ng/mL")) for each in book.span("csf.lumbar_steady"))
            yield Chance(
                "lumbar fluid above the label's range on the last day",
                _share(last[LUMBAR] > high),
                "csf.lumbar_steady",
            )
        if given.route != "mouth":
            toxic = (found.toxicity[:, now:] >= 0.5).any(axis=1)
            yield Chance("half of the toxic effect or more at the brain stem", _share(toxic), "toxicity.half")
        if found.gain is not None and given.lasting(grid, self.facts.now):
            back = dependence.comes_back(found.gain[:, now:], self.who.adapts, span)
            # It can only come back to those who had lost it, and only where there is less drug than there was.
            felt = found.gain[:, max(now - span, 0) : now].mean(axis=1) <= self.who.adapts.back
            cord = dependence.averaged(found.levels[CORD], span)
            less = cord[:, now:].min(axis=1, initial=np.inf) < _LESS * cord[:, max(now - span, 0)]
            yield Chance("the tone comes back for a day", _share(back & felt & less), "dependence.tone_back")


def _share(these: Any) -> float:
    return float(np.mean(these))

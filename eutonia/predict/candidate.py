"""How well people who could be this patient explain what the chart has observed.

Explanations that compete: the therapy arrives as told; the catheter has leaked or closed since some day, or the pump
has given too little; the disease has made the tone rise.  Tolerance is in all of them, as far as each person has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
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
from eutonia.predict.answers import CORD, FINEST_H, LUMBAR, PLASMA, Answers
from eutonia.predict.given import Doses, Grid, Past, doses, memory, past, swallowed
from eutonia.predict.observed import Drawn, Level, Observed, Step, Visit
from eutonia.predict.patient import Normals, Patient, Person

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# How long before a score the tone is followed, and how long after a screening bolus.
_BEFORE: Final = 24
_AFTER: Final = 48
# What of the dose still arrives, where delivery has failed.
_ARRIVES: Final = (0.0, 0.25, 0.5, 0.75)
# Fall of the score that a positive response means.
_FALL: Final = 1.0
# Nodes and weights of Gauss and Hermite for what a whole visit's scores share.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_LOG_WEIGHTS: Final = np.log(_WEIGHTS / _WEIGHTS.sum())
_LEAST: Final = 1e-12
# A normal number that is of one kind of mixing for certain.
_FAR: Final = 3.0
# A level of nothing, for its logarithm; how far out a bend is still followed; so many people are solved at a time.
_NO_LEVEL: Final = 1e-9
_LEAST_NG_ML: Final = 1e-6
_REACH: Final = 2.0
_AT_ONCE: Final = 200
# What is left of the error beside the peak: a score is far more blurred than that.
_TOLERANCE: Final = 1e-3

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


class _Window(Struct, frozen=True, eq=False):
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
    visits: tuple[_Window, ...]
    boluses: tuple[_Window, ...]
    samples: tuple[_Window, ...]
    explanations: tuple[Explanation, ...]
    records: tuple[Floats, Ints] | None


def setting(facts: Facts, person: Person, seen: Observed) -> Setting:
    """What is needed to ask how well candidates explain what was seen."""
    followed = memory(facts.book)
    step = timedelta(hours=FINEST_H)

    def window(begin: datetime, points: int, at: datetime) -> _Window:
        grid = Grid(begin, step, points, followed // step)
        given = doses(facts, (), grid)
        none = np.zeros_like(given.tip_mcg)
        other = Doses(given.mouth_mg, none, given.puncture_mcg)
        return _Window(at, grid, Doses(none, given.tip_mcg, none), other, past(facts, min(begin, facts.now)))

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


class _Answered(Struct, frozen=True, eq=False):
    """Candidates and what drug does to them: [windows][people, points] of the cord's level, by the tip and otherwise."""

    people: Patient
    flow: Floats
    by_tip: list[Floats]
    by_other: list[Floats]
    tolerance: list[Floats]
    samples: list[tuple[Floats, Floats]]


class Candidates:
    """People as a model that explains what was seen; their kinds are the regimes of mixing, fast and slow."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.size = setting, len(setting.columns)
        slow = parameter(setting.book, "spine.mixing_slow_share", "%").value
        # Only the spine knows kinds.
        self.shares: Sequence[float] = (1.0 - slow, slow) if setting.observed.of_effect else (1.0,)

    def normals(self, x: Floats, kind: Ints) -> Normals:
        """The candidates' normal numbers; what is not looked for is typical."""
        n = len(x)
        found = {
            "kinetics": np.zeros((n, plasma.ETAS)),
            "spine": np.zeros((n, neuraxis.ETAS)),
            "effect": np.zeros((n, tone.ETAS)),
            "dependence": np.zeros((n, dependence.ETAS)),
            "body": np.zeros((n, 3)),
            "flow": np.zeros((n, 1)),
        }
        for k, (block, column, _) in enumerate(self.setting.columns):
            found[block][:, column] = x[:, k]
        found.pop("flow")
        found["spine"][:, neuraxis.REGIME] = np.where(kind == 1, -_FAR, _FAR)
        return Normals(**found)

    @cached_property
    def _body(self) -> list[int]:
        """Which of a candidate's numbers change the levels."""
        return [k for k, (block, _, _) in enumerate(self.setting.columns) if block in ("spine", "kinetics")]

    def _levels(self, body: Floats, kind: Ints) -> Floats:
        """[n, values] all levels that count, one after the other: by the tip and otherwise; and what is steady, last."""
        at = self.setting
        x = np.zeros((len(body), self.size))
        x[:, self._body] = body
        if at.records is not None:
            return self._plasma(x, kind, *at.records)
        sampled = [PLASMA, LUMBAR] if at.samples else []
        answers = Answers(at.person.drawn(self.normals(x, kind)), at.book, at.ways, [CORD, *sampled], _TOLERANCE)
        found = [
            answers.levels(given, each.grid, slice(0, 1))[0]
            for each in (*at.visits, *at.boluses)
            for given in (each.tip, each.other)
        ]
        for each in at.samples:
            for given in (each.tip, each.other):
                found.append(answers.levels(given, each.grid, slice(1, 3))[:, :, -1].T)
        return np.concatenate([*found, answers.per_mg[:, None], answers.per_mcg[:, None]], axis=1)

    def _plasma(self, x: Floats, kind: Ints, numbers: Floats, codes: Ints) -> Floats:
        """The same where plasma after tablets is all: each sample at its own moment, nothing in the spine."""
        from eutonia.body.kinetics import concentrations
        from eutonia.body.table import repeated

        table = repeated(numbers, codes, len(x))
        kinetics = self.setting.person.drawn(self.normals(x, kind)).kinetics
        levels = concentrations(kinetics, table)[1][table.observed].reshape(len(x), -1)
        out = np.zeros((len(x), 4 * levels.shape[1] + 2))
        # Of each sample: by the tip in plasma and fluid, otherwise in plasma and fluid.
        out[:, 2:-2:4] = levels
        return out

    @cached_property
    def _bent(self) -> tuple[Floats, Floats, Floats]:
        """[kinds, values], [kinds, numbers, values] twice: the typical logarithm of each level, how it changes with each
        number of a body, and how that bends."""
        size, kinds = len(self._body), len(self.shares)
        ways = np.concatenate([np.zeros((1, size)), np.eye(size), -np.eye(size)])
        found = self._levels(np.tile(ways, (kinds, 1)), np.repeat(np.arange(kinds), len(ways)))
        log = np.log(np.maximum(found, _NO_LEVEL)).reshape(kinds, len(ways), -1)
        here, up, down = log[:, :1], log[:, 1 : 1 + size], log[:, 1 + size :]
        return here[:, 0], 0.5 * (up - down), 0.5 * (up + down) - here

    def _answered(self, x: Floats, kind: Ints, roughly: bool = False) -> _Answered:
        """What drug does to the candidates; roughly: by how the typical body's levels change, without solving the spine."""
        at = self.setting
        body = x[:, self._body]
        if roughly:
            typical, slope, bend = self._bent
            log = typical[kind] + np.einsum("nb,nbv->nv", body, slope[kind])
            log += np.einsum("nb,nbv->nv", np.minimum(body * body, _REACH**2), bend[kind])
            levels = np.exp(log)
            levels[:, (typical <= math.log(_NO_LEVEL)).all(axis=0)] = 0.0
        else:
            levels = np.concatenate(
                [self._levels(body[n : n + _AT_ONCE], kind[n : n + _AT_ONCE]) for n in range(0, len(x), _AT_ONCE)]
            )
        people, flow = at.person.drawn(self.normals(x, kind)), self._flow(x)
        half, adapts = _halves(people, at.book), people.adapts
        windows, column = [*at.visits, *at.boluses], 0

        def following(many: int) -> Floats:
            nonlocal column
            column += many
            return np.asarray(levels[:, column - many : column])

        cord = [(following(each.grid.points) * flow[:, None], following(each.grid.points)) for each in windows]
        samples = [(following(2).T * flow, following(2).T) for _ in at.samples]
        per_mg, per_mcg = following(2).T

        def tolerance(years: Past) -> Floats:
            steady = np.outer(per_mg, years.mouth_mg) + np.outer(per_mcg, years.pump_mcg)
            return dependence.after(
                dependence.occupancy(steady, half), years.lasting_h, adapts.tolerance_time_h, adapts.tolerance_most
            )

        return _Answered(
            people, flow, [tip for tip, _ in cord], [other for _, other in cord],
            [tolerance(each.past) for each in windows], samples,
        )  # fmt: skip

    def _flow(self, x: Floats) -> Floats:
        k = next((k for k, (block, _, _) in enumerate(self.setting.columns) if block == "flow"), None)
        sd = parameter(self.setting.book, "estimate.flow", "%").value
        return np.ones(len(x)) if k is None else np.exp(sd * x[:, k])

    def _tone(self, found: _Answered, k: int, arrives: float) -> Floats:
        """[people, points] the tone in the window k, of that without the drug, when so much of the dose arrives."""
        people = found.people
        assert people.answers is not None
        cord = arrives * found.by_tip[k] + found.by_other[k]
        hours = np.asarray(FINEST_H * np.arange(cord.shape[1]))
        return tone.tone(tone.reflex(cord, people.answers, found.tolerance[k][:, None]), hours, people.answers)

    def _visit(self, found: _Answered, k: int, arrives: float) -> Floats:
        """[people, 3] expected Ashworth score, Penn score, and logarithm of the reflex at a visit."""
        people, book = found.people, self.setting.book
        assert people.answers is not None
        y = self._tone(found, k, arrives)[:, -1:]
        cord = arrives * found.by_tip[k][:, -1:] + found.by_other[k][:, -1:]
        reflex = tone.reflex(cord, people.answers, found.tolerance[k][:, None])
        spasms = tone.penn(y, people.penn, book) if people.penn is not None else np.zeros_like(y)
        return np.concatenate([tone.ashworth(y, people.answers), spasms, np.log(reflex)], axis=1)

    def _bolus(self, found: _Answered, k: int) -> Floats:
        """[people, 2] by how much the score falls after a bolus, and the logarithm of how many hours it has fallen."""
        people = found.people
        assert people.answers is not None
        y = self._tone(found, k, 1.0)
        fallen = tone.ashworth(y[:, :2], people.answers).max(axis=1, keepdims=True) - tone.ashworth(y, people.answers)
        noticed = parameter(self.setting.book, "tone.noticed", "points").value
        # Counted softly, so that a little more effect always lasts a little longer.
        lasts = FINEST_H * (1.0 / (1.0 + np.exp(-(fallen - noticed) / 0.05))).sum(axis=1)
        return np.stack([fallen.max(axis=1), np.log(np.maximum(lasts, 0.25))], axis=1)

    def _sample(self, found: _Answered, k: int, arrives: float) -> Floats:
        """[people, 1] the logarithm of the level in a sample when so much of the pump's dose arrives."""
        tip, other = found.samples[k]
        where = 0 if self.setting.observed.levels[k].where == "plasma" else 1
        return np.asarray(np.log(np.maximum(arrives * tip[where] + other[where], _LEAST_NG_ML))[:, None])

    def shows(self, x: Floats, kind: Ints, under: Ints) -> Floats:
        """[n, quantities] what the candidates would show, each under one of the explanations.

        Roughly, for searches; what is found is weighed by `explained`, which is exact.
        """
        found = self._answered(x, kind, roughly=True)
        out = self._shown(found)
        for n in np.unique(under):
            if n:
                these = under == n
                out[these] = self._shown(found, self.setting.explanations[n])[these]
        return out

    def _shown(self, found: _Answered, by: Explanation | None = None) -> Floats:
        """[n, quantities]: three a visit, two a bolus, one a sample and one a residual volume."""
        at = self.setting
        visits = [self._visit(found, k, self._arrives(each.at, by)) for k, each in enumerate(at.observed.visits)]
        if by is not None and by.rate:
            visits = [self._risen(each, k, by.rate) for k, each in enumerate(visits)]
        boluses = [self._bolus(found, len(at.visits) + k) for k in range(len(at.boluses))]
        samples = [self._sample(found, k, self._arrives(each.at, by)) for k, each in enumerate(at.observed.levels)]
        drawn = [self._delivered(each, by) * found.flow[:, None] for each in at.observed.drawn]
        return np.concatenate([*visits, *boluses, *samples, *drawn, np.zeros((len(found.flow), 0))], axis=1)

    @staticmethod
    def _arrives(at: datetime, by: Explanation | None) -> float:
        """What of the dose arrives at a moment.  What fails is gone by the next visit: in between nobody looked."""
        if by is None or by.since is None or at <= by.since or (by.until is not None and at > by.until):
            return 1.0
        return by.arrives

    @staticmethod
    def _delivered(each: Drawn, by: Explanation | None) -> float:
        """What of the volume that was meant leaves the pump."""
        if by is None or by.kind != "pump" or by.since is None:
            return 1.0
        before = min(max((by.since - each.begin) / (each.at - each.begin), 0.0), 1.0)
        return before + (1.0 - before) * by.arrives

    def _risen(self, shown: Floats, k: int, rate: float) -> Floats:
        """[n, 3] what a visit shows where the disease adds so many points a year."""
        years = max((self.setting.observed.visits[k].at - self.began).total_seconds(), 0.0) / (365.25 * 86400)
        out = shown.copy()
        out[:, 0] = np.minimum(shown[:, 0] + rate * years, tone.HIGHEST)
        return out

    def fits(self, shown: Floats) -> Floats:
        """[n] the logarithm of how likely what was seen is."""
        scores, responses, levels, drawn = self._parts(shown)
        return np.asarray(scores.sum(axis=1) + responses + levels.sum(axis=1) + drawn)

    def _parts(self, shown: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """[n, visits], [n], [n, levels], [n]: how likely the scores of each visit are, the responses, each level, and the
        residual volumes."""
        at, book = self.setting, self.setting.book
        visits, boluses = len(at.visits), len(at.boluses)
        scores = self._seen([shown[:, 3 * k : 3 * k + 3] for k in range(visits)], len(shown))
        responses = np.zeros(len(shown))
        blur = blurred(book)
        lasted = parameter(book, "estimate.lasted").value
        for k, bolus in enumerate(at.observed.boluses):
            fall, hours = shown[:, 3 * visits + 2 * k], shown[:, 3 * visits + 2 * k + 1]
            if bolus.fell is not None:
                responses -= np.logaddexp(0.0, (-1.0 if bolus.fell else 1.0) * (fall - _FALL) / blur)
            if bolus.lasted_h:
                responses -= 0.5 * ((math.log(bolus.lasted_h) - hours) / lasted) ** 2
        begin = 3 * visits + 2 * boluses
        levels = self._leveled(shown[:, begin : begin + len(at.samples)])
        drawn = np.zeros(len(shown))
        for k, each in enumerate(at.observed.drawn):
            drawn += self._measured(each, shown[:, begin + len(at.samples) + k])
        return scores, responses, levels, drawn

    def _leveled(self, logs: Floats) -> Floats:
        """[n, levels] how likely each level is, beside the logarithms of those expected [n, levels]."""
        error = parameter(self.setting.book, "body.residual", "%").value
        seen = np.log([each.ng_ml for each in self.setting.observed.levels])
        return np.asarray(-0.5 * ((seen - logs) / error) ** 2)

    def _measured(self, each: Drawn, ratio: Floats) -> Floats:
        """[n] how likely a residual volume is where the pump delivers this share of what is meant."""
        sd = parameter(self.setting.book, "estimate.residual", "mL").value
        return np.asarray(-0.5 * ((each.delivered_ml - each.meant_ml * ratio) / sd) ** 2)

    def explained(self, x: Floats, kind: Ints) -> Floats:
        """[n, explanations] how likely what was seen is under each explanation, with its share."""
        at = self.setting
        visits, levels, found = at.observed.visits, at.observed.levels, self._answered(x, kind)
        shown = self._shown(found)
        scores, responses, leveled, drawn = self._parts(shown)
        less: dict[float, tuple[Floats, Floats]] = {}
        out = np.empty((len(x), len(at.explanations)))
        for n, each in enumerate(at.explanations):
            seen, measured, volumes = scores, leveled, drawn
            if each.rate:
                of = [self._risen(shown[:, 3 * k : 3 * k + 3], k, each.rate) for k in range(len(visits))]
                seen = self._seen(of, len(x))
            elif each.since is not None:
                if each.arrives not in less:
                    of = [self._visit(found, k, each.arrives) for k in range(len(visits))]
                    sampled = [self._sample(found, k, each.arrives) for k in range(len(levels))]
                    logs = np.concatenate([*sampled, np.zeros((len(x), 0))], axis=1)
                    less[each.arrives] = self._seen(of, len(x)), self._leveled(logs)
                seen = np.where(self._after(visits, each), less[each.arrives][0], scores)
                measured = np.where(self._after(levels, each), less[each.arrives][1], leveled)
                if each.kind == "pump":
                    volumes = np.zeros(len(x))
                    for volume in at.observed.drawn:
                        volumes += self._measured(volume, self._delivered(volume, each) * found.flow)
            out[:, n] = math.log(each.share) + seen.sum(axis=1) + responses + measured.sum(axis=1) + volumes
        return out

    def _after(self, these: Sequence[Visit] | Sequence[Level], by: Explanation) -> NDArray[np.bool_]:
        """Which of these lie where not all of the dose arrives."""
        return np.array([self._arrives(each.at, by) < 1.0 for each in these], bool)

    def _seen(self, shown: Sequence[Floats], n: int) -> Floats:
        """[n, visits] how likely the scores of each visit are, each shown as [n, 3]."""
        found = [
            seen_at(visit, each, self.setting.book)
            for visit, each in zip(self.setting.observed.visits, shown, strict=True)
        ]
        return np.stack(found, axis=1) if found else np.zeros((n, 0))

    @cached_property
    def began(self) -> datetime:
        """From when on a disease that progresses is taken to have done so: the score before, or the first one."""
        baseline = self.setting.person.baseline
        known = getattr(baseline, "at", None)
        return known if known is not None else self.setting.observed.visits[0].at


def _halves(people: Patient, book: Book) -> Floats:
    if people.answers is None:
        return np.full((len(people), 1), parameter(book, "tone.c50", "ng/mL").value)
    return people.answers.c50_ng_ml[:, None]


def seen_at(visit: Visit, shown: Floats, book: Book) -> Floats:
    """[n] the logarithm of how likely the scores of a visit are; shown: [n, 3] as `Candidates` shows a visit.

    All scores of a visit lie a little high or low together; two legs of one visit count as one score.
    """
    scale, sd = (parameter(book, f"tone.{name}", "points").value for name in ("score_scale", "visit"))
    found = np.zeros(len(shown))
    if visit.hm is not None:
        found -= 0.5 * ((math.log(visit.hm) - shown[:, 2]) / parameter(book, "estimate.hm").value) ** 2
    marks: list[tuple[int, Step, float]] = [(0, each, 1.0 / len(visit.ashworth)) for each in visit.ashworth]
    if visit.penn is not None:
        marks.append((1, visit.penn, 1.0))
    if not marks:
        return found
    along = np.zeros((len(shown), _NODES.size))
    for column, (low, high), weight in marks:
        at = shown[:, column, None] + sd * _NODES
        along += weight * np.log(np.maximum(_below(high, at, scale) - _below(low, at, scale), _LEAST))
    return np.asarray(found + np.logaddexp.reduce(_LOG_WEIGHTS + along, axis=1))


def blurred(book: Book) -> float:
    """Scale of the logistic by which the difference of two visits' scores is blurred."""
    visit, scale = (parameter(book, f"tone.{name}", "points").value for name in ("visit", "score_scale"))
    return math.sqrt(2.0 * (visit**2 + (scale * math.pi) ** 2 / 3.0)) * math.sqrt(3.0) / math.pi


def _below(cut: float, at: Floats, scale: float) -> Floats | float:
    if math.isinf(cut):
        return float(cut > 0)
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip((cut - at) / scale, -500, 500))))

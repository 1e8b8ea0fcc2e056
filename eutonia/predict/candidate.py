"""How well people who could be this patient explain what the chart has observed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import dependence, neuraxis, plasma, tone
from eutonia.body.parameters import parameter
from eutonia.knowledge import Book
from eutonia.predict.answers import CORD, FINEST_H, LUMBAR, PLASMA, Answers
from eutonia.predict.given import Past
from eutonia.predict.likelihood import blurred, seen_at
from eutonia.predict.observed import Drawn, Level, Visit
from eutonia.predict.patient import Normals, Patient
from eutonia.predict.setting import Explanation, Setting, Window

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Fall of the score that a positive response means.
_FALL: Final = 1.0
# A normal number that is of one kind of mixing for certain.
_FAR: Final = 3.0
# A level of nothing, for its logarithm; how far out a bend is still followed; so many people are solved at a time.
_NO_LEVEL: Final = 1e-9
_LEAST_NG_ML: Final = 1e-6
_REACH: Final = 2.0
_AT_ONCE: Final = 200
# What is left of the error beside the peak: a score is far more blurred than that.
_TOLERANCE: Final = 1e-3


class _Answered(Struct, frozen=True, eq=False):
    """Candidates and what drug does to them.

    visits, boluses: [2, windows, people, points] the cord's level, by the tip and otherwise; tolerant: [windows, people]
    the tolerance of all these windows; counts: [people, points] how much each moment of a visit's window does in its tone.
    samples: [people] levels, by the tip and otherwise, in plasma and in the fluid.
    """

    people: Patient
    flow: Floats
    visits: Floats
    boluses: Floats
    tolerant: Floats
    counts: Floats
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

        def cord(these: Sequence[Window]) -> Floats:
            points = these[0].grid.points if these else 0
            found = [(following(points) * flow[:, None], following(points)) for _ in these]
            return np.array(found).reshape(len(these), 2, len(x), points).swapaxes(0, 1)

        visits, boluses = cord(at.visits), cord(at.boluses)
        samples = [(following(2).T * flow, following(2).T) for _ in at.samples]
        per_mg, per_mcg = following(2).T

        def tolerance(years: Past) -> Floats:
            steady = np.outer(per_mg, years.mouth_mg) + np.outer(per_mcg, years.pump_mcg)
            return dependence.after(
                dependence.occupancy(steady, half), years.lasting_h, adapts.tolerance_time_h, adapts.tolerance_most
            )

        tolerant = np.array([tolerance(each.past) for each in windows]).reshape(len(windows), len(x))
        counts = np.empty((len(x), 0))
        if at.visits and people.answers is not None:
            counts = tone.shares(np.asarray(FINEST_H * np.arange(at.visits[0].grid.points)), people.answers)
        return _Answered(people, flow, visits, boluses, tolerant, counts, samples)

    def _flow(self, x: Floats) -> Floats:
        k = next((k for k, (block, _, _) in enumerate(self.setting.columns) if block == "flow"), None)
        sd = parameter(self.setting.book, "estimate.flow", "%").value
        return np.ones(len(x)) if k is None else np.exp(sd * x[:, k])

    def _visits(self, found: _Answered, arrives: Floats) -> Floats:
        """[people, visits, 3] expected Ashworth score, Penn score, and logarithm of the reflex at each visit, when so much
        of the dose arrives [visits]."""
        people, n = found.people, len(arrives)
        if not n:
            return np.zeros((len(people), 0, 3))
        assert people.answers is not None
        tip, other = found.visits
        cord = arrives[:, None, None] * tip + other
        reflex = tone.reflex(cord, people.answers, found.tolerant[:n, :, None])
        y = np.einsum("vpt,pt->pv", reflex, found.counts)
        spasms = tone.penn(y, people.penn, self.setting.book) if people.penn is not None else np.zeros_like(y)
        return np.stack([tone.ashworth(y, people.answers), spasms, np.log(reflex[..., -1].T)], axis=2)

    def _bolus(self, found: _Answered, k: int) -> Floats:
        """[people, 2] by how much the score falls after a bolus, and the logarithm of how many hours it has fallen."""
        answers = found.people.answers
        assert answers is not None
        cord = found.boluses[:, k].sum(axis=0)
        hours = np.asarray(FINEST_H * np.arange(cord.shape[1]))
        tolerance = found.tolerant[len(self.setting.visits) + k, :, None]
        score = tone.ashworth(tone.tone(tone.reflex(cord, answers, tolerance), hours, answers), answers)
        fallen = score[:, :2].max(axis=1, keepdims=True) - score
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
        at, n = self.setting, len(found.flow)
        visits = self._visits(found, np.array([self._arrives(each.at, by) for each in at.observed.visits]))
        if by is not None and by.rate:
            visits = self._risen(visits, by.rate)
        boluses = [self._bolus(found, k) for k in range(len(at.boluses))]
        samples = [self._sample(found, k, self._arrives(each.at, by)) for k, each in enumerate(at.observed.levels)]
        drawn = [self._delivered(each, by) * found.flow[:, None] for each in at.observed.drawn]
        return np.concatenate([visits.reshape(n, -1), *boluses, *samples, *drawn], axis=1)

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

    def _risen(self, shown: Floats, rate: float) -> Floats:
        """[n, visits, 3] what the visits show where the disease adds so many points a year."""
        since = [(each.at - self.began).total_seconds() / (365.25 * 86400) for each in self.setting.observed.visits]
        out = shown.copy()
        out[:, :, 0] = np.minimum(shown[:, :, 0] + rate * np.maximum(since, 0.0), tone.HIGHEST)
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
        scores = self._seen(shown[:, : 3 * visits].reshape(len(shown), visits, 3))
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
        told = shown[:, : 3 * len(visits)].reshape(len(x), len(visits), 3)
        scores, responses, leveled, drawn = self._parts(shown)
        less: dict[float, tuple[Floats, Floats]] = {}
        out = np.empty((len(x), len(at.explanations)))
        for n, each in enumerate(at.explanations):
            seen, measured, volumes = scores, leveled, drawn
            if each.rate:
                seen = self._seen(self._risen(told, each.rate))
            elif each.since is not None:
                if each.arrives not in less:
                    fewer = self._visits(found, np.full(len(visits), each.arrives))
                    sampled = [self._sample(found, k, each.arrives) for k in range(len(levels))]
                    logs = np.concatenate([*sampled, np.zeros((len(x), 0))], axis=1)
                    less[each.arrives] = self._seen(fewer), self._leveled(logs)
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

    def _seen(self, shown: Floats) -> Floats:
        """[n, visits] how likely the scores of each visit are; shown: [n, visits, 3]."""
        found = np.zeros(shown.shape[:2])
        for visit, these in self._alike:
            found[:, these] = seen_at(visit, shown[:, these].reshape(-1, 3), self.setting.book).reshape(len(shown), -1)
        return found

    @cached_property
    def _alike(self) -> list[tuple[Visit, list[int]]]:
        """The visits whose scores are the same, one of them for all: asked together."""
        alike: dict[tuple[object, ...], list[int]] = {}
        visits = self.setting.observed.visits
        for k, each in enumerate(visits):
            alike.setdefault((each.ashworth, each.penn, each.hm), []).append(k)
        return [(visits[these[0]], these) for these in alike.values()]

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

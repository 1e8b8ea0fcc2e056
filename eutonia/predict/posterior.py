"""What was seen, turned into what is believed: the best fit, its curvature, and draws that are weighed and judged.

Nothing in here knows about drugs.  A candidate has numbers that are standard normal before anything was seen, and is of
one of a few kinds; a model says how well each candidate fits, under each of some explanations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body.draws import normals
from eutonia.predict.psis import smoothed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Above this the weights are no use, and the draws are made another way.
WORST_K: Final = 0.7
_SEED: Final = "estimate"
# How draws are shared out between the best fits and what was believed before.
_BEFORE: Final = 0.35
_TAILS: Final = 5
# So often draws are added where the weight lies, until they are worth this share of what was asked for.
_AGAIN: Final = 2
_ENOUGH: Final = 0.2
_STARTS: Final = 3
_ROUNDS: Final = 100
# A search has arrived when it expects to climb no more than this.
_CLOSE: Final = 1e-3
_SLOPE: Final = 1e-3
_BEND: Final = 2e-2
_MOVES: Final = 4
_LOOKED: Final = 48
_MATTERS: Final = 0.05


class Model(Protocol):
    """size: how many numbers a candidate has; shares: how likely each kind is before anything was seen."""

    size: int
    shares: Sequence[float]

    def shows(self, x: Floats, kind: Ints, under: Ints) -> Floats:
        """[n, quantities] what candidates [n, size] of these kinds [n] would show, each under one explanation [n]."""

    def fits(self, shown: Floats) -> Floats:
        """[n] the logarithm of how likely what was seen is, given what would be shown."""

    def explained(self, x: Floats, kind: Ints) -> Floats:
        """[n, explanations] the same under each explanation, the first one the plain one, with the logarithm of its share."""


class Draws(Struct, frozen=True, eq=False):
    """Candidates [n, size] with their kind [n] and weight [n], which sum to one; the explanations' logs [n, explanations].

    method: 'importance', 'sequential', or 'prior' where nothing was seen; k_hat: of the importance weights, also where
    they were not good enough; best: [kinds, size] the best fits; effective: how many equal draws the weights are worth;
    evidence: the logarithm of how likely all that was seen is.
    """

    x: Floats
    kind: Ints
    weight: Floats
    explained: Floats
    method: str
    k_hat: float
    effective: float
    evidence: float
    best: Floats
    converged: bool


def fitted(model: Model, starts: Floats, kind: Ints, under: Ints) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The best fits [starts, size] from each start, how high each is [starts], and whether it has arrived [starts].

    Gauss, Newton, Levenberg and Marquardt: the slopes of what is shown by differences, the bend of the fit exactly; all
    starts at once, and a place is tried with its slopes.
    """
    size = model.size
    around = np.concatenate([np.zeros((1, size)), _SLOPE * np.eye(size)])

    def looked(x: Floats, these: Ints) -> tuple[Floats, Floats, Floats]:
        whose, how = (np.repeat(each[these], size + 1) for each in (kind, under))
        shown = model.shows((x[:, None] + around).reshape(-1, size), whose, how).reshape(len(x), size + 1, -1)
        height = model.fits(shown[:, 0]) - 0.5 * (x * x).sum(axis=1)
        return height, shown[:, 0], (shown[:, 1:] - shown[:, :1]).transpose(0, 2, 1) / _SLOPE

    x, damping, left = starts.copy(), np.full(len(starts), 1e-2), np.arange(len(starts))
    height, shown, jacobian = looked(x, left)
    for _ in range(_ROUNDS):
        slope, bend = _slopes(model, shown[left])
        gradient = np.einsum("sqd,sq->sd", jacobian[left], slope) - x[left]
        curved = np.einsum("sqd,sq,sqe->sde", jacobian[left], bend, jacobian[left]) + np.eye(size)
        curved += damping[left, None, None] * np.einsum("sdd->sd", curved)[:, :, None] * np.eye(size)
        step = np.linalg.solve(curved, gradient[:, :, None])[:, :, 0]
        step *= np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-12))
        going = 0.5 * (gradient * step).sum(axis=1) > _CLOSE
        left, step = left[going], step[going]
        if left.size == 0:
            break
        there, seen, sloped = looked(x[left] + step, left)
        better = there >= height[left]
        taken = left[better]
        x[taken] += step[better]
        height[taken], shown[taken], jacobian[taken] = there[better], seen[better], sloped[better]
        damping[left] *= np.where(better, 0.1, 10.0)
    arrived = np.ones(len(starts), bool)
    arrived[left] = False
    return x, height, arrived


def _slopes(model: Model, shown: Floats) -> tuple[Floats, Floats]:
    """The slope [n, quantities] of the fit in what is shown, and how it bends down there, zero or more."""
    n, quantities = shown.shape
    h = 1e-3
    each = h * np.eye(quantities)
    ways = np.concatenate([np.zeros((1, quantities)), each, -each])
    found = model.fits((shown[:, None] + ways).reshape(-1, quantities)).reshape(n, -1)
    here, up, down = found[:, :1], found[:, 1 : 1 + quantities], found[:, 1 + quantities :]
    return (up - down) / (2 * h), np.maximum((2 * here - up - down) / h**2, 0.0)


def curvature(model: Model, x: Floats, kind: Ints, under: Ints) -> Floats:
    """[n, size, size] how the logarithm of the posterior bends down at places [n, size]: second differences, by all pairs."""
    size = model.size
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    ways = np.zeros((len(pairs), 4, size))
    for k, (i, j) in enumerate(pairs):
        for w, (a, b) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
            ways[k, w, i] += 0.5 * _BEND * a
            ways[k, w, j] += 0.5 * _BEND * b
    at = (x[:, None, None] + ways).reshape(-1, size)
    fit = model.fits(model.shows(at, np.repeat(kind, 4 * len(pairs)), np.repeat(under, 4 * len(pairs))))
    height = (fit - 0.5 * (at * at).sum(axis=1)).reshape(len(x), -1, 4)
    bends = -(height[..., 0] - height[..., 1] - height[..., 2] + height[..., 3]) / _BEND**2
    found = np.zeros((len(x), size, size))
    for k, (i, j) in enumerate(pairs):
        found[:, i, j] = found[:, j, i] = bends[:, k]
    return found


class _Bell(Struct, frozen=True, eq=False):
    """A way to draw candidates of a kind: t-shaped around a place, or normal and as believed before."""

    kind: int
    share: float
    middle: Floats
    root: Floats
    tails: int

    def drawn(self, count: int, purpose: str) -> Floats:
        size = self.middle.size
        z = normals(_SEED, purpose, 0, count, size + self.tails)
        wide = (z[:, size:] ** 2).mean(axis=1) ** -0.5 if self.tails else np.ones(count)
        return np.asarray(self.middle + wide[:, None] * (z[:, :size] @ self.root.T))

    def log_density(self, x: Floats) -> Floats:
        size = self.middle.size
        y = np.linalg.solve(self.root, (x - self.middle).T)
        square = (y * y).sum(axis=0)
        volume = np.linalg.slogdet(self.root)[1]
        if not self.tails:
            return np.asarray(-0.5 * square - volume - 0.5 * size * math.log(2 * math.pi))
        constant = math.lgamma((self.tails + size) / 2) - math.lgamma(self.tails / 2)
        constant -= 0.5 * size * math.log(self.tails * math.pi)
        return np.asarray(constant - volume - 0.5 * (self.tails + size) * np.log1p(square / self.tails))


def weighed(model: Model, count: int) -> Draws:
    """About `count` weighed draws from what is believed after all that was seen.

    Around each best fit a bell of its curvature, with heavy tails, and beside them what was believed before; where their
    weights cannot be trusted, sequentially from the one to the other.
    """
    bells, best, arrived = _bells(model)
    x, kind, explained, counts = np.empty((0, model.size)), np.empty(0, np.int64), np.empty((0, 0)), list[int]()
    k = math.inf
    for _ in range(_AGAIN + 1):
        for bell in bells[len(counts) :]:
            counts.append(max(round(bell.share * count), 8))
            part = bell.drawn(counts[-1], f"bell {len(counts)}")
            x, kind = np.concatenate([x, part]), np.concatenate([kind, np.full(len(part), bell.kind)])
        new = model.explained(x[len(explained) :], kind[len(explained) :])
        explained = np.concatenate([explained.reshape(-1, new.shape[1]), new])
        target = np.log(model.shares)[kind] + np.logaddexp.reduce(explained, axis=1) + _log_normal(x)
        proposed = np.full(len(x), -np.inf)
        for many, bell in zip(counts, bells, strict=True):
            same = kind == bell.kind
            proposed[same] = np.logaddexp(proposed[same], math.log(many / len(x)) + bell.log_density(x[same]))
        raw = np.where(np.isfinite(target), target - proposed, -1e300)
        log_weight, k = smoothed(raw)
        weight = np.exp(log_weight)
        effective = 1.0 / float((weight**2).sum())
        if k <= WORST_K and effective >= _ENOUGH * count:
            break
        bells += _nearer(x, kind, weight, len(model.shares))
    if k <= WORST_K:
        evidence = float(np.logaddexp.reduce(raw) - math.log(len(raw)))
        return Draws(x, kind, weight, explained, "importance", k, effective, evidence, best, arrived)
    return _sequential(model, count, k, best, arrived)


def _nearer(x: Floats, kind: Ints, weight: Floats, kinds: int) -> list[_Bell]:
    """Bells where the weight of the draws lies, for draws that come nearer to it."""
    found = []
    for k in range(kinds):
        share = float(weight[kind == k].sum())
        if share < 0.01:
            continue
        mine = weight[kind == k] / share
        middle = mine @ x[kind == k]
        apart = x[kind == k] - middle
        # Few draws show too little spread: what they lack is taken from what was believed before.
        worth = 1.0 / float((mine**2).sum())
        trust = worth / (worth + x.shape[1])
        spread = trust * (apart.T * mine) @ apart + (1.0 - trust) * np.eye(x.shape[1])
        found.append(_Bell(k, share, middle, np.linalg.cholesky(spread), _TAILS))
    return found


def _log_normal(x: Floats) -> Floats:
    return np.asarray(-0.5 * (x * x).sum(axis=1) - 0.5 * x.shape[1] * math.log(2 * math.pi))


def _bells(model: Model) -> tuple[list[_Bell], Floats, bool]:
    """What to draw from; the best plain fit of each kind, and whether the search for it arrived."""
    kinds, size = len(model.shares), model.size
    starts = np.concatenate([np.zeros((1, size)), 0.8 * normals(_SEED, "starts", 0, _STARTS - 1, size)])
    ways = [(0, _STARTS), *((n, 1) for n in _also(model))]
    begin = np.concatenate([starts[:many] for _ in range(kinds) for _, many in ways])
    kind = np.repeat(np.arange(kinds), sum(many for _, many in ways))
    under = np.tile(np.concatenate([np.full(many, n) for n, many in ways]), kinds)
    x, height, arrived = fitted(model, begin, kind, under)
    distinct: list[int] = []
    for k in range(kinds):
        mine = [int(s) for s in np.argsort(-height, kind="stable") if kind[s] == k]
        for s in mine:
            apart = all(kind[other] != k or np.abs(x[s] - x[other]).max() > 0.5 for other in distinct)
            if apart and (under[s] or height[mine[0]] - height[s] < 4.0):
                distinct.append(s)
    roots = [_root(each) for each in curvature(model, x[distinct], kind[distinct], under[distinct])]
    high = height[distinct] + np.array([volume for _, volume in roots]) + np.log(model.shares)[kind[distinct]]
    # Each gets enough to be judged by, even where it seems not to count.
    relative = np.exp(high - high.max())
    relative = np.maximum(relative / relative.sum(), 0.1)
    relative *= (1.0 - _BEFORE) / relative.sum()
    found = [
        _Bell(int(kind[s]), float(share), x[s], root, _TAILS)
        for s, share, (root, _) in zip(distinct, relative, roots, strict=True)
    ]
    found += [_Bell(k, _BEFORE * share, np.zeros(size), np.eye(size), 0) for k, share in enumerate(model.shares)]
    plain = [int(np.argmax(np.where((kind == k) & (under == 0), height, -np.inf))) for k in range(kinds)]
    return found, x[plain], bool(arrived[plain].all())


def _also(model: Model) -> list[int]:
    """Which explanations but the plain one may matter, by what was believed before: each is searched for too."""
    x = normals(_SEED, "looked", 0, _LOOKED, model.size)
    found = model.explained(x, np.zeros(_LOOKED, np.int64))
    likely = np.logaddexp.reduce(found, axis=0)
    share = np.exp(likely - np.logaddexp.reduce(likely))
    return [int(n) for n in np.argsort(-share, kind="stable")[:2] if n and share[n] > _MATTERS]


def _root(curved: Floats) -> tuple[Floats, float]:
    """A root of the covariance that belongs to a curvature, and the logarithm of its volume.

    Nothing seen can make a number less certain than it was before, nor is a bend to the wrong side believed.
    """
    values, vectors = np.linalg.eigh(curved)
    values = np.maximum(values, 1.0)
    return np.asarray(vectors / np.sqrt(values)), float(-0.5 * np.log(values).sum())


def _sequential(model: Model, count: int, k: float, best: Floats, arrived: bool) -> Draws:
    """Draws that go from what was believed before to what is believed after in steps, each moved where it fits better."""
    kinds = range(len(model.shares))
    parts = [_tempered(model, kind, max(count // len(kinds), 50)) for kind in kinds]
    evidence = np.log(model.shares) + np.array([part[2] for part in parts])
    total = float(np.logaddexp.reduce(evidence))
    weight = np.concatenate(
        [np.full(len(part[0]), math.exp(one - total) / len(part[0])) for one, part in zip(evidence, parts, strict=True)]
    )
    return Draws(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([np.full(len(part[0]), kind) for kind, part in zip(kinds, parts, strict=True)]),
        weight,
        np.concatenate([part[1] for part in parts]),
        "sequential",
        k,
        1.0 / float((weight**2).sum()),
        total,
        best,
        arrived,
    )


def _tempered(model: Model, m: int, count: int) -> tuple[Floats, Floats, float]:
    """Draws of one kind, their explanations, and the logarithm of its evidence."""
    kind = np.full(count, m)
    x = normals(_SEED, f"particles {m}", 0, count, model.size)
    explained = model.explained(x, kind)
    fit = np.logaddexp.reduce(explained, axis=1)
    warm, evidence, n = 0.0, 0.0, 0
    while warm < 1.0:
        further = _further(fit, 1.0 - warm)
        log_weight = further * fit
        evidence += float(np.logaddexp.reduce(log_weight) - math.log(count))
        warm += further
        weight = np.exp(log_weight - np.logaddexp.reduce(log_weight))
        kept = resampled(weight, count)
        x, fit, explained = x[kept], fit[kept], explained[kept]
        spread = np.atleast_2d(np.cov(x.T)) + 1e-6 * np.eye(model.size)
        root = np.linalg.cholesky(spread) * 2.38 / math.sqrt(model.size)
        for _ in range(_MOVES):
            n += 1
            drawn = normals(_SEED, f"moves {m} {n}", 0, count, model.size + 2)
            to = x + drawn[:, : model.size] @ root.T
            there = model.explained(to, kind)
            better = np.logaddexp.reduce(there, axis=1)
            ahead = warm * (better - fit) - 0.5 * ((to * to).sum(axis=1) - (x * x).sum(axis=1))
            # A uniform number from two normal ones: the angle they make.
            chance = np.arctan2(drawn[:, -2], drawn[:, -1]) / (2 * math.pi) + 0.5
            taken = np.log(np.maximum(chance, 1e-300)) < ahead
            x, fit = np.where(taken[:, None], to, x), np.where(taken, better, fit)
            explained = np.where(taken[:, None], there, explained)
    return x, explained, evidence


def _further(fit: Floats, most: float) -> float:
    """The longest step after which the weights are still worth half of the draws."""

    def worth(step: float) -> float:
        w = np.exp(step * (fit - fit.max()))
        return float(w.sum() ** 2 / (w * w).sum()) / fit.size

    if worth(most) >= 0.5:
        return most
    low, high = 0.0, most
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if worth(middle) >= 0.5 else (low, middle)
    return max(low, 1e-6)


def resampled(weight: Floats, count: int) -> Ints:
    """[count] which draws stand for all of them, evenly: each as often as its weight says, to within one."""
    return np.asarray(
        np.minimum(np.searchsorted(np.cumsum(weight), (np.arange(count) + 0.5) / count), len(weight) - 1), np.int64
    )

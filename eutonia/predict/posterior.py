"""What was seen, turned into what is believed: the best fit, its curvature, and draws that are weighed and judged.

Nothing in here knows about drugs.  A model has numbers that are standard normal before anything was seen, and says how
well each candidate fits under each of its explanations; models compete by how well they explain.
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
_BEFORE: Final = 0.2
_TAILS: Final = 5
_STARTS: Final = 4
_ROUNDS: Final = 25
_CLOSE: Final = 1e-5
_SLOPE: Final = 1e-3
_BEND: Final = 2e-2
_MOVES: Final = 4


class Model(Protocol):
    """size: how many numbers a candidate has; share: how likely the model is before anything was seen."""

    size: int
    share: float

    def shows(self, x: Floats) -> Floats:
        """[n, quantities] what candidates [n, size] would show under the first explanation."""

    def fits(self, shown: Floats) -> Floats:
        """[n] the logarithm of how likely what was seen is, given what would be shown."""

    def explained(self, x: Floats) -> Floats:
        """[n, explanations] the same under each explanation, each with the logarithm of its share beforehand."""


class Draws(Struct, frozen=True, eq=False):
    """Candidates [n, size] with their model [n] and weight [n], which sum to one; the explanations' logs [n, explanations].

    method: 'importance', 'sequential', or 'prior' where nothing was seen; k_hat: of the importance weights, also where
    they were not good enough; best: [models, size] the best fits; effective: how many equal draws the weights are worth;
    evidence: the logarithm of how likely all that was seen is.
    """

    x: Floats
    model: Ints
    weight: Floats
    explained: Floats
    method: str
    k_hat: float
    effective: float
    evidence: float
    best: Floats
    converged: bool


def fitted(model: Model, starts: Floats) -> tuple[Floats, Floats, bool]:
    """The best fits [starts, size] from each start, how high each is [starts], and whether all have arrived.

    Gauss, Newton, Levenberg and Marquardt: the slopes of what is shown by differences, the bend of the fit exactly; all
    starts at once.
    """
    x, size = starts.copy(), model.size
    damping = np.full(len(x), 1e-2)
    done = np.zeros(len(x), bool)
    steps = np.concatenate([np.zeros((1, size)), _SLOPE * np.eye(size)])
    height = np.full(len(x), -np.inf)
    moved = np.ones(len(x), bool)
    jacobian, slope, bend = np.empty(0), np.empty(0), np.empty(0)
    for _ in range(_ROUNDS):
        if moved.any():
            shown = model.shows((x[:, None] + steps).reshape(-1, size)).reshape(len(x), size + 1, -1)
            jacobian = (shown[:, 1:] - shown[:, :1]).transpose(0, 2, 1) / _SLOPE
            fit, slope, bend = _slopes(model, shown[:, 0])
            height = fit - 0.5 * (x * x).sum(axis=1)
        gradient = np.einsum("sqd,sq->sd", jacobian, slope) - x
        curved = np.einsum("sqd,sq,sqe->sde", jacobian, bend, jacobian) + np.eye(size)
        curved += damping[:, None, None] * np.einsum("sdd->sd", curved)[:, :, None] * np.eye(size)
        step = np.linalg.solve(curved, gradient[:, :, None])[:, :, 0]
        step *= np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-12))
        step[done] = 0.0
        tried = x + step
        found = model.fits(model.shows(tried)) - 0.5 * (tried * tried).sum(axis=1)
        better = (found >= height - 1e-12) & ~done
        x = np.where(better[:, None], tried, x)
        done |= (np.abs(step).max(axis=1) < _CLOSE) | (damping > 1e8)
        damping = np.where(better, damping * 0.2, damping * 8.0)
        moved = better
        if done.all():
            break
    return x, height, bool(done.all())


def _slopes(model: Model, shown: Floats) -> tuple[Floats, Floats, Floats]:
    """The fit [n], its slope [n, quantities] in what is shown, and how it bends down there, zero or more."""
    n, quantities = shown.shape
    h = 1e-3
    each = h * np.eye(quantities)
    ways = np.concatenate([np.zeros((1, quantities)), each, -each])
    found = model.fits((shown[:, None] + ways).reshape(-1, quantities)).reshape(n, -1)
    here, up, down = found[:, :1], found[:, 1 : 1 + quantities], found[:, 1 + quantities :]
    return here[:, 0], (up - down) / (2 * h), np.maximum((2 * here - up - down) / h**2, 0.0)


def curvature(model: Model, x: Floats) -> Floats:
    """[size, size] how the logarithm of the posterior bends down at x: second differences of it, by all pairs."""
    size = model.size
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    ways = np.zeros((len(pairs), 4, size))
    for k, (i, j) in enumerate(pairs):
        for w, (a, b) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
            ways[k, w, i] += 0.5 * _BEND * a
            ways[k, w, j] += 0.5 * _BEND * b
    at = x + ways.reshape(-1, size)
    height = (model.fits(model.shows(at)) - 0.5 * (at * at).sum(axis=1)).reshape(-1, 4)
    found = np.zeros((size, size))
    for (i, j), (a, b, c, d) in zip(pairs, height, strict=True):
        found[i, j] = found[j, i] = -(a - b - c + d) / _BEND**2
    return found


class _Bell(Struct, frozen=True, eq=False):
    """A way to draw candidates of a model: t-shaped around a place, or normal and as believed before."""

    model: int
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


def weighed(models: Sequence[Model], count: int) -> Draws:
    """About `count` weighed draws from what is believed after all that was seen.

    Around each best fit a bell of its curvature, with heavy tails, and beside them what was believed before; where their
    weights cannot be trusted, sequentially from the one to the other.
    """
    bells, best, arrived = _bells(models)
    x, model = [], []
    for n, bell in enumerate(bells):
        x.append(bell.drawn(max(round(bell.share * count), 8), f"bell {n}"))
        model.append(np.full(len(x[-1]), bell.model))
    every, which = np.concatenate(x), np.concatenate(model)
    shares = [len(each) / len(every) for each in x]
    explained, target, proposed = None, np.empty(len(every)), np.full(len(every), -np.inf)
    for m, each in enumerate(models):
        these = which == m
        found = each.explained(every[these])
        explained = np.full((len(every), found.shape[1]), -np.inf) if explained is None else explained
        explained[these] = found
        target[these] = math.log(each.share) + np.logaddexp.reduce(found, axis=1) + _log_normal(every[these])
        for share, bell in zip(shares, bells, strict=True):
            if bell.model == m:
                proposed[these] = np.logaddexp(proposed[these], math.log(share) + bell.log_density(every[these]))
    assert explained is not None
    raw = np.where(np.isfinite(target), target - proposed, -1e300)
    log_weight, k = smoothed(raw)
    if k <= WORST_K:
        weight = np.exp(log_weight)
        evidence = float(np.logaddexp.reduce(raw) - math.log(len(raw)))
        return Draws(
            every, which, weight, explained, "importance", k, 1.0 / float((weight**2).sum()), evidence, best, arrived
        )
    return _sequential(models, count, k, best, arrived)


def _log_normal(x: Floats) -> Floats:
    return np.asarray(-0.5 * (x * x).sum(axis=1) - 0.5 * x.shape[1] * math.log(2 * math.pi))


def _bells(models: Sequence[Model]) -> tuple[list[_Bell], Floats, bool]:
    """What to draw from; the best fit of each model; whether every search arrived."""
    fits, heights, arrived = [], [], True
    for m, model in enumerate(models):
        starts = np.concatenate([np.zeros((1, model.size)), 0.8 * normals(_SEED, "starts", 0, _STARTS - 1, model.size)])
        x, height, done = fitted(model, starts)
        arrived &= done
        order = np.argsort(-height, kind="stable")
        distinct = [order[0]]
        for s in order[1:]:
            apart = all(np.abs(x[s] - x[other]).max() > 0.5 for other in distinct)
            if apart and height[order[0]] - height[s] < 4.0:
                distinct.append(s)
        for s in distinct:
            root, volume = _root(curvature(model, x[s]))
            fits.append((m, x[s], root))
            heights.append(math.log(model.share) + height[s] + volume)
    best = np.stack([next(x for m, x, _ in fits if m == n) for n in range(len(models))])
    relative = np.exp(np.array(heights) - max(heights))
    # Each gets enough to be judged by, even where it seems not to count.
    relative = np.maximum(relative / relative.sum(), 0.1)
    relative *= (1.0 - _BEFORE) / relative.sum()
    found = [_Bell(m, float(share), x, root, _TAILS) for (m, x, root), share in zip(fits, relative, strict=True)]
    for m, model in enumerate(models):
        found.append(_Bell(m, _BEFORE * model.share, np.zeros(model.size), np.eye(model.size), 0))
    return found, best, arrived


def _root(curved: Floats) -> tuple[Floats, float]:
    """A root of the covariance that belongs to a curvature, and the logarithm of its volume.

    Nothing seen can make a number less certain than it was before, nor is a bend to the wrong side believed.
    """
    values, vectors = np.linalg.eigh(curved)
    values = np.maximum(values, 1.0)
    return np.asarray(vectors / np.sqrt(values)), float(-0.5 * np.log(values).sum())


def _sequential(models: Sequence[Model], count: int, k: float, best: Floats, arrived: bool) -> Draws:
    """Draws that go from what was believed before to what is believed after in steps, each moved where it fits better."""
    parts = [_tempered(model, m, max(count // len(models), 50)) for m, model in enumerate(models)]
    evidence = np.array([math.log(model.share) + part[2] for model, part in zip(models, parts, strict=True)])
    total = float(np.logaddexp.reduce(evidence))
    weight = np.concatenate(
        [np.full(len(part[0]), math.exp(one - total) / len(part[0])) for one, part in zip(evidence, parts, strict=True)]
    )
    return Draws(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([np.full(len(part[0]), m) for m, part in enumerate(parts)]),
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
    """Draws of one model, their explanations, and the logarithm of its evidence."""
    x = normals(_SEED, f"particles {m}", 0, count, model.size)
    explained = model.explained(x)
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
            there = model.explained(to)
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

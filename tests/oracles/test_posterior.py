"""The engine of the estimates against what is known exactly, against ArviZ, and against itself done another way."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from arviz_stats.base import array_stats
from numpy.typing import NDArray
from scipy.optimize import minimize

from eutonia.body.kinetics import Kinetics, concentrations
from eutonia.body.table import EventTable, event_table
from eutonia.predict import levels, posterior
from eutonia.predict.psis import smoothed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@pytest.mark.parametrize(("tails", "size"), [(30.0, 1000), (4.0, 1000), (2.0, 2000), (1.2, 600), (0.8, 4000)])
def test_weights_are_smoothed_as_arviz_does(tails: float, size: int) -> None:
    # Weights with a tail of this power: 1 / tails is the shape.
    log_weights = np.random.default_rng(7).exponential(1.0 / tails, size)
    ours, k = smoothed(log_weights)
    theirs, shape = array_stats.psislw(-log_weights, r_eff=1.0)
    assert k == pytest.approx(float(shape), abs=1e-6)
    theirs = np.asarray(theirs) - np.logaddexp.reduce(np.asarray(theirs))
    assert np.allclose(ours, theirs, atol=1e-6)
    assert np.logaddexp.reduce(ours) == pytest.approx(0.0, abs=1e-12)


def test_a_tail_that_is_no_tail_is_never_trusted() -> None:
    assert smoothed(np.zeros(1000))[1] == math.inf
    assert smoothed(np.array([0.0, 1.0, 2.0]))[1] == math.inf


class Straight:
    """A straight model with normal errors: everything about it is known exactly.  One kind, or two that differ by a shift."""

    def __init__(
        self, slopes: Floats, seen: Floats, sd: float, shifts: Sequence[float] = (0.0,), bent: float = 0.0
    ) -> None:
        self.slopes, self.seen, self.sd, self.shifts, self.bent = slopes, seen, sd, np.array(shifts), bent
        self.size = slopes.shape[1]
        self.shares: Sequence[float] = [1.0 / len(shifts)] * len(shifts)

    def shows(self, x: Floats, kind: Ints, under: Ints) -> Floats:
        return np.asarray(x @ self.slopes.T + self.bent * (x**2) @ np.abs(self.slopes.T) + self.shifts[kind][:, None])

    def fits(self, shown: Floats) -> Floats:
        return np.asarray(
            -0.5 * (((self.seen - shown) / self.sd) ** 2).sum(axis=1)
            - self.seen.size * math.log(self.sd * math.sqrt(2 * math.pi))
        )

    def explained(self, x: Floats, kind: Ints) -> Floats:
        return self.fits(self.shows(x, kind, np.zeros(len(x), np.int64)))[:, None]


def exactly(model: Straight, kind: int) -> tuple[Floats, Floats, float]:
    """Mean and covariance of what is believed after, and the logarithm of how likely the data are."""
    a, y = model.slopes, model.seen - model.shifts[kind]
    covariance = np.linalg.inv(np.eye(model.size) + a.T @ a / model.sd**2)
    mean = covariance @ a.T @ y / model.sd**2
    spread = a @ a.T + model.sd**2 * np.eye(y.size)
    evidence = -0.5 * (y @ np.linalg.solve(spread, y) + np.linalg.slogdet(2 * math.pi * spread)[1])
    return mean, covariance, float(evidence)


@pytest.fixture
def straight() -> Straight:
    rng = np.random.default_rng(3)
    return Straight(rng.normal(size=(6, 4)), rng.normal(size=6) + 1.0, 0.5)


def test_a_straight_model_gives_its_exact_mean_spread_and_evidence(straight: Straight) -> None:
    mean, covariance, evidence = exactly(straight, 0)
    found = posterior.weighed(straight, 4000)
    assert found.method == "importance"
    assert found.converged
    sd = np.sqrt(np.diag(covariance))
    ours = found.weight @ found.x
    assert np.all(np.abs(ours - mean) < 0.1 * sd)
    assert np.allclose(np.sqrt(found.weight @ (found.x - ours) ** 2), sd, rtol=0.08)
    assert found.evidence == pytest.approx(evidence, abs=0.05)
    assert found.best[0] == pytest.approx(mean, abs=0.02)
    none = np.zeros(1, np.int64)
    assert np.allclose(
        posterior.curvature(straight, mean[None], none, none)[0], np.linalg.inv(covariance), rtol=1e-4, atol=1e-4
    )


def test_two_kinds_share_the_weight_as_their_evidence_says(straight: Straight) -> None:
    two = Straight(straight.slopes, straight.seen, 0.5, (0.0, 1.5))
    evidence = np.array([exactly(two, kind)[2] for kind in (0, 1)])
    share = math.exp(evidence[1] - np.logaddexp.reduce(evidence))
    found = posterior.weighed(two, 6000)
    assert float(found.weight[found.kind == 1].sum()) == pytest.approx(share, abs=0.03)


def test_drawing_in_steps_gives_the_same_as_weighing(straight: Straight) -> None:
    x, _, evidence = posterior._tempered(straight, 0, 3000)
    mean, covariance, exact = exactly(straight, 0)
    sd = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(x.mean(axis=0) - mean) < 0.2 * sd)
    assert np.allclose(x.std(axis=0), sd, rtol=0.15)
    assert evidence == pytest.approx(exact, abs=0.3)


def test_a_search_climbs_to_the_top_of_a_bent_hill(straight: Straight) -> None:
    bent = Straight(straight.slopes, straight.seen, 0.5, bent=0.1)
    none = np.zeros(3, np.int64)
    _, height, arrived = posterior.fitted(bent, np.array([[0.0] * 4, [0.5] * 4, [-0.5] * 4]), none, none)

    def low(x: Floats) -> float:
        return float(0.5 * x @ x - bent.fits(bent.shows(x[None], none[:1], none[:1]))[0])

    best = min(minimize(low, start, method="BFGS").fun for start in (np.zeros(4), np.full(4, 0.5), np.full(4, -0.5)))
    assert arrived.all()
    assert -height.max() == pytest.approx(best, abs=2e-3)


def test_draws_stand_for_their_weights_evenly() -> None:
    weight = np.array([0.1, 0.0, 0.55, 0.35])
    kept = posterior.resampled(weight, 200)
    assert np.bincount(kept, minlength=4).tolist() == [20, 0, 110, 70]


# --- one person's levels through the event table ------------------------------------------------------------------------


def one(value: float) -> Floats:
    return np.array([value])


W2 = levels.Prior(
    Kinetics(one(0), one(2.2), one(10.8), one(0), one(28.8), one(15), one(30), one(1), one(0.4)),
    {"clearance_l_h": 0.3, "central_l": 0.3, "absorb_h": 0.3},
    0.2,
)
SAMPLED = (2.0, 9.0, 30.0, 70.0)


def table() -> EventTable:
    times = np.array([*(8.0 * n for n in range(9)), *SAMPLED])
    order = np.argsort(times, kind="stable")
    dose = np.array([1.0] * 9 + [0.0] * 4)[order]
    return event_table(
        {"ID": np.ones(13), "TIME": times[order], "AMT": 20 * dose, "EVID": dose, "CMT": np.where(dose > 0, 1, 2)}
    )


def course_of(eta: Floats) -> Floats:
    k = W2.typical
    mine = Kinetics(
        k.transit_h, k.absorb_h * math.exp(eta[2]), k.clearance_l_h * math.exp(eta[0]), k.renal_l_h,
        k.central_l * math.exp(eta[1]), k.between_l_h, k.peripheral_l, k.share, k.lag_h,
    )  # fmt: skip
    found = concentrations(mine, table())[1]
    return np.asarray(found[table().observed])


@pytest.mark.parametrize("person", range(8))
def test_the_best_fit_is_that_of_a_general_search_from_many_places(person: int) -> None:
    rng = np.random.default_rng(person)
    y = course_of(0.3 * rng.normal(size=3)) * (1 + 0.2 * rng.normal(size=4))

    def misfit(eta: Floats) -> float:
        f = course_of(eta)
        sd = 0.2 * f
        return float(0.5 * ((eta / 0.3) ** 2).sum() + (0.5 * ((y - f) / sd) ** 2 + np.log(sd)).sum())

    found = levels.fit(W2, table(), y)
    assert found.arrived
    assert found.misfit == pytest.approx(misfit(found.eta), abs=1e-9)
    best = min(minimize(misfit, 0.3 * rng.normal(size=3), method="BFGS").fun for _ in range(4))
    assert found.misfit < best + 1e-6


def test_draws_of_one_person_agree_with_a_grid() -> None:
    y = course_of(np.array([0.3, -0.2, 0.1])) * np.array([1.1, 0.9, 1.2, 0.85])
    found = levels.sample(W2, table(), y, 8000)
    assert found.k_hat < 0.7
    along = np.linspace(-1.2, 1.2, 25)
    etas = np.stack(np.meshgrid(along, along, along, indexing="ij"), axis=-1).reshape(-1, 3)
    fits = np.array([-levels.individual.misfit(eta, W2.sd(), course_of(eta), y, 0.2, 0.0) for eta in etas])
    weight = np.exp(fits - fits.max())
    weight /= weight.sum()
    mean = weight @ etas
    sd = np.sqrt(weight @ (etas - mean) ** 2)
    ours = found.weight @ found.eta
    assert np.all(np.abs(ours - mean) < 0.05 * 0.3 + 0.05 * sd)
    assert np.allclose(np.sqrt(found.weight @ (found.eta - ours) ** 2), sd, rtol=0.1)


@pytest.mark.parametrize("given", [[1.0, 2.0], [1.0, 2.0, 3.0, -1.0], [1.0, 2.0, 3.0, math.nan]])
def test_levels_that_do_not_match_the_table_are_refused(given: list[float]) -> None:
    with pytest.raises(ValueError, match="4 levels of zero or more"):
        levels.fit(W2, table(), given)

"""One person's kinetics from levels at known times, for any model of the event table: best fit and posterior.

For research and for checks; a chart is estimated by `estimate`, which takes its doses and its body from the chart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import course, individual
from eutonia.body.draws import normals
from eutonia.body.kinetics import Kinetics
from eutonia.body.table import EventTable, repeated
from eutonia.predict.psis import smoothed

Floats = NDArray[np.float64]

# Where the search for the best fit begins, in sd, by turns of sign.
_STARTS = (0.0, 1.0, -1.0)
_TAILS = 5


class Prior(Struct, frozen=True, eq=False):
    """What is believed of a person before their levels: the typical kinetics, and which of its fields spread.

    typical: one row; spreads: sd of the logarithm by the field's name; share: sd of a level as a share of it; fixed: the
    rest of that sd, in ng/mL.
    """

    typical: Kinetics
    spreads: dict[str, float]
    share: float
    fixed: float = 0.0

    def values(self) -> Floats:
        """[fields] the typical values as the kernels take them."""
        return np.array([float(getattr(self.typical, name)[0]) for name in individual.FIELDS])

    def which(self) -> NDArray[np.int64]:
        """[numbers] which of the fields spread."""
        return np.array([individual.FIELDS.index(name) for name in self.spreads], np.int64)

    def sd(self) -> Floats:
        """[numbers] by how much."""
        return np.array(list(self.spreads.values()))


class Fit(Struct, frozen=True, eq=False):
    """The best etas [numbers], their misfit (minus the logarithm of the posterior, up to a constant), covariance, arrival."""

    eta: Floats
    misfit: float
    covariance: Floats
    arrived: bool


class Sample(Struct, frozen=True, eq=False):
    """Weighed draws of the etas [draws, numbers]; k_hat above 0.7: their weights are no use."""

    eta: Floats
    weight: Floats
    k_hat: float
    effective: float


def fit(prior: Prior, table: EventTable, levels_ng_ml: Sequence[float] | Floats, starts: Floats | None = None) -> Fit:
    """The best fit to one person's levels, in the order of the table's observations.

    starts: [starts, numbers] other places to search from.  Raises ValueError where table and levels do not match.
    """
    at, y = _observed(table, levels_ng_ml)
    sd = prior.sd()
    begin = np.outer(_STARTS, np.where(np.arange(sd.size) % 2, -sd, sd)) if starts is None else starts
    eta, misfit, bend, arrived = individual.fitted(
        prior.values(), prior.which(), sd, begin, table.numbers, table.codes, at, y, prior.share, prior.fixed
    )
    return Fit(eta, float(misfit), np.linalg.inv(bend), bool(arrived))


def sample(
    prior: Prior, table: EventTable, levels_ng_ml: Sequence[float] | Floats, count: int = 4000, seed: str = "levels"
) -> Sample:
    """Weighed draws from what is believed of one person after their levels."""
    at, y = _observed(table, levels_ng_ml)
    best, sd = fit(prior, table, y), prior.sd()
    size = sd.size
    z = normals(seed, "draws", 0, count, size + _TAILS)
    wide = (z[:, size:] ** 2).mean(axis=1) ** -0.5
    root = np.linalg.cholesky(best.covariance)
    eta = np.ascontiguousarray(best.eta + wide[:, None] * (z[:, :size] @ root.T))
    square = wide**2 * (z[:, :size] ** 2).sum(axis=1)
    proposed = -0.5 * (_TAILS + size) * np.log1p(square / _TAILS)
    everybody = repeated(table.numbers, table.codes, count)
    observed, rows = np.full(len(everybody.times), math.nan), np.empty((count, course.ROW))
    individual.shown(
        prior.values(), prior.which(), eta, rows, everybody.starts, everybody.numbers, everybody.codes, observed
    )
    shown = np.ascontiguousarray(observed.reshape(count, -1)[:, at])
    misfit = np.empty(count)
    individual.misfits(eta, sd, shown, y, prior.share, prior.fixed, misfit)
    log_weight, k = smoothed(np.where(np.isfinite(misfit), -misfit, -1e300) - proposed)
    weight = np.exp(log_weight)
    return Sample(eta, weight, k, 1.0 / float((weight**2).sum()))


def _observed(table: EventTable, levels: Sequence[float] | Floats) -> tuple[NDArray[np.int64], Floats]:
    y, at = np.asarray(levels, float), np.flatnonzero(table.observed)
    if len(table) != 1 or table.codes[:, course.KINETICS].any():
        raise ValueError("the levels of one person with one row of kinetics are fitted at a time")
    if y.shape != at.shape or not np.all(np.isfinite(y) & (y >= 0)):
        raise ValueError(
            f"the table asks for {at.size} levels of zero or more, one for each observation; {y.size} are given"
        )
    return at, y

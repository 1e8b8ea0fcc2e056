"""How far a set of weights can be trusted: the largest ones smoothed by the tail they come from, and its shape.

Pareto-smoothed importance sampling (Vehtari, Simpson, Gelman, Yao and Gabry, J Mach Learn Res 25:72, 2024); the tail is
fitted as in Zhang and Stephens, Technometrics 51:316, 2009.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Fewer than this many weights have no tail to look at.
_SHORTEST = 5


def smoothed(log_weights: Floats) -> tuple[Floats, float]:
    """[n] the logarithms of weights that sum to one, their tail smoothed, and k-hat; above 0.7 they are no use.

    k-hat is inf where there is no tail to judge by.
    """
    x = log_weights - log_weights.max()
    tail = math.floor(min(0.2 * x.size, 3.0 * math.sqrt(x.size)))
    order = np.argsort(x, kind="stable")
    cut = max(x[order[-tail - 1]], math.log(np.finfo(float).tiny)) if x.size > tail else math.inf
    these = np.flatnonzero(x > cut)
    k = math.inf
    if these.size >= _SHORTEST:
        above = np.exp(x[these]) - math.exp(cut)
        ranked = np.argsort(above, kind="stable")
        k, scale = _tail(above[ranked])
        if math.isfinite(k):
            at = (np.arange(these.size) + 0.5) / these.size
            drawn = -np.log1p(-at) if abs(k) < 1e-12 else np.expm1(-k * np.log1p(-at)) / k
            x = x.copy()
            x[these[ranked]] = np.log(scale * drawn + math.exp(cut))
            x = np.minimum(x, 0.0)
    return x - np.logaddexp.reduce(x), k


def _tail(above: Floats) -> tuple[float, float]:
    """Shape and scale of the generalised Pareto distribution of what lies above a cut, ascending."""
    n = above.size
    if above[-1] - above[0] <= np.finfo(float).eps * abs(above[-1]):
        return math.inf, 0.0
    some = 30 + int(math.sqrt(n))
    theta = (1.0 - np.sqrt(some / (np.arange(1, some + 1) - 0.5))) / (3.0 * above[int(n / 4 + 0.5) - 1])
    theta += 1.0 / above[-1]
    shape = np.log1p(-theta[:, None] * above).mean(axis=1)
    fit = n * (np.log(-theta / shape) - shape - 1.0)
    weights = 1.0 / np.exp(fit - fit[:, None]).sum(axis=1)
    weights = np.where(weights >= 10 * np.finfo(float).eps, weights, 0.0)
    best = float((theta * weights).sum() / weights.sum())
    k = float(np.log1p(-best * above).mean())
    scale = -k / best
    # A weak belief that the shape is a half, worth ten weights.
    return (n * k + 5.0) / (n + 10.0), scale

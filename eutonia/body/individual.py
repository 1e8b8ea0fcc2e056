"""One person's kinetics from measured levels: the best fit by Fisher scoring, through the general path of the event table.

A person's value of a parameter is the typical one times exp(eta), eta normal around zero with an sd of its own; a level
is normal around the course with an sd that is a share of it, and a part that is not.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from eutonia.body import course

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Fields of the kinetics as the rows of `values` hold them.
FIELDS = (
    "transit_h", "absorb_h", "clearance_l_h", "central_l", "between_l_h", "peripheral_l", "share", "lag_h",
)  # fmt: skip
_ROUNDS = 60
_SLOPE = 1e-5
_CLOSE = 1e-7


@njit(cache=True, nogil=True, error_model="numpy")
def shown(  # type: ignore[no-untyped-def]
    typical, which, etas, rows, starts, numbers, codes, observed
) -> None:
    """Writes the course of each person [people] with these etas [people, numbers] to `observed` [people x records]."""
    people = etas.shape[0]
    values = np.empty(8)
    for p in range(people):
        values[:] = typical
        for k in range(which.size):
            values[which[k]] *= math.exp(etas[p, k])
        course.fill_row(rows[p], values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7])
    nothing = np.empty(0)
    course.run(rows, starts, numbers, codes, nothing, True, np.empty((people, 0)), observed, 0, people)


@njit(cache=True, nogil=True, error_model="numpy")
def misfit(  # type: ignore[no-untyped-def]
    eta, sd, f, y, share, fixed
) -> float:
    """Minus the logarithm of the posterior, but for what does not depend on eta."""
    total = 0.0
    for k in range(eta.size):
        total += 0.5 * (eta[k] / sd[k]) ** 2
    for i in range(y.size):
        variance = fixed * fixed + (share * f[i]) ** 2
        if not variance > 0.0:
            return np.inf
        total += 0.5 * (y[i] - f[i]) ** 2 / variance + 0.5 * math.log(variance)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def misfits(etas, sd, f, y, share, fixed, out) -> None:  # type: ignore[no-untyped-def]
    """Writes the misfit of each person [people] of etas [people, numbers] whose levels are f [people, levels]."""
    for p in range(etas.shape[0]):
        out[p] = misfit(etas[p], sd, f[p], y, share, fixed)


@njit(cache=True, nogil=True, error_model="numpy")
def fitted(  # type: ignore[no-untyped-def]
    typical, which, sd, begin, numbers, codes, at, y, share, fixed
):
    """The best etas, their misfit, its curvature [numbers, numbers] by Fisher's information, and whether it arrived.

    numbers, codes: one person's records; at: which of them are the levels y.  begin: [starts, numbers].
    """
    size, records = which.size, numbers.shape[0]
    people = size + 1
    many_numbers, many_codes = (
        np.empty((people * records, numbers.shape[1])),
        np.empty((people * records, codes.shape[1]), np.int64),
    )
    for p in range(people):
        many_numbers[p * records : (p + 1) * records] = numbers
        many_codes[p * records : (p + 1) * records] = codes
        many_codes[p * records : (p + 1) * records, course.KINETICS] = p
    starts = np.arange(people + 1) * records
    rows, observed = np.empty((people, course.ROW)), np.empty(people * records)
    etas = np.empty((people, size))
    f, jacobian = np.empty(y.size), np.empty((y.size, size))
    best, lowest, arrived = np.zeros(size), np.inf, False
    bend, at_best = np.eye(size), np.eye(size)
    slope, step = np.empty(size), np.empty(size)
    for s in range(begin.shape[0]):
        eta = begin[s].copy()
        damping, height, done = 1e-4, np.inf, False
        tried = eta.copy()
        for _ in range(_ROUNDS):
            etas[:] = tried
            for k in range(size):
                etas[k + 1, k] += _SLOPE
            shown(typical, which, etas, rows, starts, many_numbers, many_codes, observed)
            new = misfit(tried, sd, observed[at], y, share, fixed)
            if new <= height + 1e-13:
                # Taken: slopes and curvature are those of this place.
                gained = height - new
                eta[:], height = tried, new
                for i in range(y.size):
                    f[i] = observed[at[i]]
                    for k in range(size):
                        jacobian[i, k] = (observed[(k + 1) * records + at[i]] - f[i]) / _SLOPE
                bend[:] = 0.0
                for k in range(size):
                    slope[k] = eta[k] / sd[k] ** 2
                    bend[k, k] = 1.0 / sd[k] ** 2
                for i in range(y.size):
                    variance = fixed * fixed + (share * f[i]) ** 2
                    spreads = share * share * f[i] / variance
                    away = (y[i] - f[i]) / variance
                    by_f = -away + spreads * (1.0 - away * (y[i] - f[i]))
                    known = 1.0 / variance + 2.0 * spreads * spreads
                    for k in range(size):
                        slope[k] += by_f * jacobian[i, k]
                        for m in range(size):
                            bend[k, m] += known * jacobian[i, k] * jacobian[i, m]
                damping = max(damping * 0.2, 1e-12)
                if gained < 1e-14:
                    done = True
            else:
                damping = max(damping, 1e-6) * 8.0
            _solved(bend, damping, slope, step)
            longest = np.abs(step).max()
            if done or longest < _CLOSE or damping > 1e12:
                done = True
                break
            if longest > 2.0:
                step *= 2.0 / longest
            tried = eta - step
        if height < lowest:
            best[:], lowest, arrived = eta, height, done
            at_best[:] = bend
    return best, lowest, at_best, arrived


@njit(cache=True, nogil=True, error_model="numpy")
def _solved(bend, damping, slope, out) -> None:  # type: ignore[no-untyped-def]
    """Solves (bend, its diagonal a little more) out = slope by Cholesky's roots."""
    n = slope.size
    root = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            total = bend[i, j] * (1.0 + damping if i == j else 1.0)
            for k in range(j):
                total -= root[i, k] * root[j, k]
            root[i, j] = math.sqrt(max(total, 1e-300)) if i == j else total / root[j, j]
    for i in range(n):
        out[i] = slope[i]
        for k in range(i):
            out[i] -= root[i, k] * out[k]
        out[i] /= root[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            out[i] -= root[k, i] * out[k]
        out[i] /= root[i, i]

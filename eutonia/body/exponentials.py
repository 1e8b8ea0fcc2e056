"""Divided differences of the exponential, exact to rounding wherever their nodes lie, together or far apart.

A dose that passes through stages with the rates a, b, c leaves exp(-at) * exp(-bt) * exp(-ct), convolved: the divided
difference of exp over those rates.  The usual partial fractions divide by a - b and lose every digit where two rates
meet; that is where programs of this kind have had silent errors.
"""

from __future__ import annotations

import math

from numba import njit

# Up to this distance (rate difference times time) a series is used: about 20 terms reach the last digit.
_NEAR = 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def two(a: float, b: float, h: float) -> float:
    """The integral of exp(-a s) exp(-b (h - s)) over s from 0 to h, in units of h.

    >>> round(two(1.0, 1.0, 2.0), 12) == round(2 * math.exp(-2), 12)
    True
    """
    low, gap = min(a, b), abs(a - b)
    if gap == 0.0:
        return h * math.exp(-low * h)
    return -math.expm1(-gap * h) / gap * math.exp(-low * h)


@njit(cache=True, nogil=True, error_model="numpy")
def _series(p: float, q: float, r: float, order: int, h: float) -> float:
    """The sum over n of (-h)^n H_n(p, q, r) / (n + order)!, with H_n the complete symmetric polynomial; times h^order."""
    one, pair, all_three = 1.0, 1.0, 1.0  # H_n of p; of p and q; of p, q and r
    term = h
    for n in range(2, order + 1):
        term *= h / n
    total = term
    for n in range(1, 26):
        one *= p
        pair = one + q * pair
        all_three = pair + r * all_three
        term *= -h / (n + order)
        added = term * all_three
        total += added
        if abs(added) <= 1e-18 * total:
            break
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def three(a: float, b: float, c: float, h: float) -> float:
    """The exponentials of three rates, convolved over a time of h; in units of h squared."""
    if a > b:
        a, b = b, a
    if b > c:
        b, c = c, b
    if a > b:
        a, b = b, a
    if (c - a) * h < _NEAR:
        return math.exp(-a * h) * _series(b - a, c - a, 0.0, 2, h)
    return (two(a, b, h) - two(b, c, h)) / (c - a)


@njit(cache=True, nogil=True, error_model="numpy")
def four(a: float, b: float, c: float, d: float, h: float) -> float:
    """The exponentials of four rates, convolved over a time of h; in units of h cubed."""
    if a > b:
        a, b = b, a
    if c > d:
        c, d = d, c
    if a > c:
        a, c = c, a
    if b > d:
        b, d = d, b
    if b > c:
        b, c = c, b
    if (d - a) * h < _NEAR:
        return math.exp(-a * h) * _series(b - a, c - a, d - a, 3, h)
    return (three(a, b, c, h) - three(b, c, d, h)) / (d - a)

"""How likely scores are where some are expected: steps of a scale, blurred, and a whole visit a little high or low."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eutonia.body.parameters import parameter
from eutonia.knowledge import Book
from eutonia.predict.observed import Step, Visit

Floats = NDArray[np.float64]

# Nodes and weights of Gauss and Hermite for what a whole visit's scores share.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_SHARES: Final = _WEIGHTS / _WEIGHTS.sum()
_LEAST: Final = 1e-12


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
    along = np.ones((len(shown), _NODES.size))
    for column, (low, high), weight in marks:
        at = shown[:, column, None] + sd * _NODES
        likely = np.maximum(_below(high, at, scale) - _below(low, at, scale), _LEAST)
        along *= likely if weight == 1.0 else likely**weight
    return np.asarray(found + np.log(along @ _SHARES))


def blurred(book: Book) -> float:
    """Scale of the logistic by which the difference of two visits' scores is blurred."""
    visit, scale = (parameter(book, f"tone.{name}", "points").value for name in ("visit", "score_scale"))
    return math.sqrt(2.0 * (visit**2 + (scale * math.pi) ** 2 / 3.0)) * math.sqrt(3.0) / math.pi


def _below(cut: float, at: Floats, scale: float) -> Floats | float:
    if math.isinf(cut):
        return float(cut > 0)
    return np.asarray(1.0 / (1.0 + np.exp((at - cut) / scale)))

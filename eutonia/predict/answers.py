"""What one mg or mcg does to the levels of some people, and the levels that any doses add up to.

Everything here is linear: each answer is worked out once, and laid over itself as often as there are doses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property, partial
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from eutonia.body import neuraxis
from eutonia.body.neuraxis import CELLS, INFUSION_CM, PUNCTURE_CM, SPINAL, Sites, injected, tap_cm, vertebra_cm
from eutonia.body.parameters import numbers, parameter
from eutonia.body.responses import Source, areas, responses_and_areas
from eutonia.knowledge import Book
from eutonia.predict.given import Doses, Grid, Past, memory
from eutonia.predict.patient import Patient

Floats = NDArray[np.float64]

# The places that are looked at, in their order.
PLASMA, LUMBAR, CISTERN, CORD, TIP = range(5)
# How fine the finest grid is.
FINEST_H: Final = 0.5
# What is left of the error beside the peak: far below anything that a band of people shows.
EXACT: Final = 1e-5
# Less than anybody can measure, and less than the answers are exact to.
_TRACE_NG_ML: Final = 1e-3


class Answers:
    """People, and what one mg or mcg by each of the ways ('mouth', 'tip', 'puncture') does to their levels.

    seen: which places are looked at; tolerance: what is left of the error beside the peak.
    """

    def __init__(
        self,
        someone: Patient,
        book: Book,
        ways: Sequence[str],
        seen: Sequence[int] = (PLASMA, LUMBAR, CISTERN, CORD),
        tolerance: float = EXACT,
    ) -> None:
        along, n = someone.spine, len(someone)
        self.ways = tuple(ways)
        self.memory = memory(book)
        times = np.asarray(FINEST_H * np.arange(1, round(self.memory / timedelta(hours=FINEST_H)) + 1))
        scale = along.length_cm / parameter(book, "spine.length", "cm").value
        looked_at = places(book, someone.tip)

        tip = injected(along, vertebra_cm(someone.tip, book) * scale, INFUSION_CM)
        sources = {
            "mouth": Source(plasma=1e3, gut=someone.kinetics),
            "tip": Source(tip, steady=True),
            "puncture": Source(injected(along, tap_cm(book) * scale, PUNCTURE_CM)),
        }
        none = np.zeros((len(seen), n, times.size))
        found, whole = np.empty((0, *none.shape)), np.empty((0, len(seen), n))
        if ways:
            # Only what is given at all; each further way would cost as much as all plans.
            found, whole = responses_and_areas(
                along, [sources[way] for way in ways], _some(looked_at, seen), times, tolerance
            )
        self.mouth, self.tip, self.puncture = (
            found[self.ways.index(way)] if way in ways else none for way in ("mouth", "tip", "puncture")
        )
        self._whole = whole[:, list(seen).index(CORD)]
        self._areas = partial(areas, along, [sources["mouth"], Source(tip)], _some(looked_at, [CORD]))

    @cached_property
    def per_mg(self) -> Floats:
        """[people] the cord's steady level in ng/mL for one mg by mouth daily."""
        return self._steadily("mouth")

    @cached_property
    def per_mcg(self) -> Floats:
        """[people] the cord's steady level in ng/mL for one mcg at the tip daily."""
        return self._steadily("tip")

    def _steadily(self, way: str) -> Floats:
        if way in self.ways:
            return np.asarray(self._whole[self.ways.index(way)] / 24.0)
        # Given long ago: only the years before still ask for it.
        return np.asarray(self._areas()[("mouth", "tip").index(way), 0] / 24.0)

    def levels(self, given: Doses, grid: Grid, sites: slice = slice(None)) -> Floats:
        """[sites, people, points] concentrations in ng/mL: each answer as often as its dose, and as late."""
        every = round(grid.step_h / FINEST_H)
        for way, much in (("mouth", given.mouth_mg), ("tip", given.tip_mcg), ("puncture", given.puncture_mcg)):
            assert way in self.ways or not much.any(), way
        out = np.zeros((*self.mouth[sites].shape[:2], grid.points))
        for answer, much in ((self.mouth, given.mouth_mg), (self.puncture, given.puncture_mcg)):
            if much.any():
                # A dose of a step is taken to come at its beginning, and seen at its end.
                out += _laid_over(answer[sites, :, every - 1 :: every], much, grid)
        if given.tip_mcg.any():
            so_far = self.tip[sites, :, every - 1 :: every]
            one_step = np.diff(so_far, axis=-1, prepend=0.0) / grid.step_h
            out += _laid_over(one_step, given.tip_mcg, grid)
        out[out < _TRACE_NG_ML] = 0.0
        return out

    def steady(self, past: Past) -> Floats:
        """[people, stretches] the cord's steady level in each stretch of a past."""
        out = np.zeros((self._whole.shape[-1], past.lasting_h.size))
        if past.mouth_mg.any():
            out += np.outer(self.per_mg, past.mouth_mg)
        if past.pump_mcg.any():
            out += np.outer(self.per_mcg, past.pump_mcg)
        return out


def _laid_over(answer: Floats, much: Floats, grid: Grid) -> Floats:
    sites, people, length = answer.shape
    # Row n holds what came 1, 2, 3 ... steps before point n: one product with the answers does all doses at once.
    came = sliding_window_view(much, length)[-grid.points :, ::-1]
    return np.asarray((answer.reshape(-1, length) @ came.T).reshape(sites, people, grid.points))


def places(book: Book, tip: str) -> Sites:
    """Plasma, a lumbar tap, the cistern, the cord of the legs, and the fluid at the tip, in the order of the levels."""
    length = parameter(book, "spine.length", "cm").value
    fluid, tissue = np.zeros((1, 5, CELLS)), np.zeros((1, 5, CELLS))
    fluid[0, LUMBAR, int(tap_cm(book) / length * SPINAL)] = fluid[0, CISTERN, neuraxis.CISTERN] = 1.0
    fluid[0, TIP, min(int(vertebra_cm(tip, book) / length * SPINAL), SPINAL - 1)] = 1.0
    low, high = numbers(book, "spine.legs", "cm")
    places = (np.arange(SPINAL) + 0.5) / SPINAL * length
    inside = (places >= low) & (places <= high)
    tissue[0, CORD, :SPINAL] = inside / inside.sum()
    return Sites(fluid, tissue, np.array([1.0, 0.0, 0.0, 0.0, 0.0]))


def _some(sites: Sites, seen: Sequence[int]) -> Sites:
    these = list(seen)
    return Sites(sites.fluid[:, these], sites.tissue[:, these], sites.plasma[these])

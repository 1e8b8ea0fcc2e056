"""The answers of many spines at once, by numpy alone: what one dose leads to everywhere, for a whole population.

A dose is an amount in some place, and the way in which it arrives: at once, as a drip from time zero on, or through the
gut.  All of them are answered by one set of solves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import resolvent
from eutonia.body.contour import nodes
from eutonia.body.kinetics import Kinetics
from eutonia.body.neuraxis import CELLS, Sites, Spine

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

# What is left of the error beside the peak: far below anything that a band of people shows.  In double precision all the
# same: single would be a quarter faster, and another processor would then print another last figure.
_TOLERANCE = 1e-5
# So many nodes at a time: all of a week's, where the people are some hundreds.
_TOGETHER = 24
# Per hour: so slow that a transform there is the whole area, and far from where division would lose figures.
_ZERO = 1e-9


class Source(Struct, frozen=True, eq=False):
    """Where drug comes in: mcg [people, CELLS + 1] into the fluid of each cell and, last, into the plasma.

    steady: mcg/h from time zero on instead of mcg at once.  gut: it is swallowed, and these people take it up.
    """

    mcg: Floats
    steady: bool = False
    gut: Kinetics | None = None

    def arriving(self, z: Complexes) -> Complexes:
        """[nodes, people] or [nodes, 1] the transform of how a unit arrives; z: [nodes, 1]."""
        if self.gut is None:
            return 1.0 / z if self.steady else np.ones_like(z)
        found = self.gut.share * self.gut.absorb_h / (z + self.gut.absorb_h) * np.exp(-self.gut.lag_h * z)
        # A rate of zero stands for a stage that is not there.
        transit = np.where(self.gut.transit_h > 0.0, self.gut.transit_h, np.inf)
        return np.asarray(found / (1.0 + z / transit))


def responses(
    spine: Spine, sources: Sequence[Source], sites: Sites, times_h: Floats, tolerance: float = _TOLERANCE
) -> Floats:
    """[sources, sites, people, times] concentrations in ng/mL at ascending times above zero.

    tolerance: what is left of the error beside the peak.  The weights of the sites are those of the first person: places
    that are the same share of everybody's spine.
    """
    return responses_and_areas(spine, sources, sites, times_h, tolerance)[0]


def responses_and_areas(
    spine: Spine, sources: Sequence[Source], sites: Sites, times_h: Floats, tolerance: float = _TOLERANCE
) -> tuple[Floats, Floats]:
    """The responses, and [sources, sites, people] as `areas` gives them, of a steady source for one unit at once."""
    z, w = nodes(float(times_h[0]), float(times_h[-1]), tolerance)
    seen = _seen(spine, sources, sites, np.append(z, _ZERO))
    whole = 1e3 * seen[..., -1].real
    for k, source in enumerate(sources):
        if source.steady:
            whole[k] *= _ZERO
    seen = seen[..., :-1]
    turning = 1e3 * w[:, None] * np.exp(np.outer(z, times_h))
    return np.asarray(seen.real @ turning.real - seen.imag @ turning.imag), whole


def areas(spine: Spine, sources: Sequence[Source], sites: Sites) -> Floats:
    """[sources, sites, people] the areas under the answers to doses, ng/mL h: also what one unit an hour settles at."""
    return np.asarray(1e3 * _seen(spine, sources, sites, np.full(1, _ZERO, np.complex128)).real[..., 0])


def _seen(spine: Spine, sources: Sequence[Source], sites: Sites, z: Complexes) -> Complexes:
    """[sources, sites, people, nodes] the transforms of the answers, in mcg/mL h."""
    people, looked_at = len(spine), sites.plasma.size
    seen = np.zeros((len(sources), looked_at, people, z.size), np.complex128)
    turned = _Turned(spine, sources)
    for first in range(0, z.size, _TOGETHER):
        some = z[first : first + _TOGETHER, None]
        fluid, second, plasma = turned.solve(some)
        for s in range(looked_at):
            # By linearity: what stands there without plasma, and what plasma adds.
            own = [np.zeros_like(plasma[0]) for _ in sources]
            by_plasma = sites.plasma[s] + np.zeros_like(plasma[0])
            for i in np.flatnonzero(sites.fluid[0, s]):
                by_plasma += float(sites.fluid[0, s, i]) * fluid[-1, i]
                for k in range(len(sources)):
                    own[k] += float(sites.fluid[0, s, i]) * fluid[k, i]
            for i in np.flatnonzero(sites.tissue[0, s]):
                beside, alone = float(sites.tissue[0, s, i]) * second[i]
                by_plasma += beside * fluid[-1, i] + alone
                for k in range(len(sources)):
                    own[k] += beside * fluid[k, i]
            for k, source in enumerate(sources):
                there = (own[k] + plasma[k] * by_plasma) * source.arriving(some)
                seen[k, s, :, first : first + _TOGETHER] = there.T
    return seen


class _Turned:
    """A population with the people last, as the text of the solve wants it when its numbers are arrays."""

    def __init__(self, spine: Spine, sources: Sequence[Source]) -> None:
        def last(each: Floats) -> Floats:
            return np.ascontiguousarray(np.moveaxis(each, 0, -1))

        lined = spine.lined
        # Who has no tissue where others have some gets a room that nothing enters.
        room = np.where(spine.room > 0.0, spine.room, 1.0)
        self.anatomy = (
            last(spine.volume), last(spine.mixing), last(spine.down), last(spine.up), last(spine.lost),
            last(spine.crossing), lined.any(axis=0), last(room), last(spine.inward), last(spine.leaving), last(spine.blood),
        )  # fmt: skip
        self.sources = np.stack([last(each.mcg) for each in sources])
        self.people = len(spine)

    def solve(self, z: Complexes) -> tuple[Complexes, Complexes, Complexes]:
        """Fluid, second shell and plasma as `resolvent.solve` gives them, [..., nodes, people] each; z: [nodes, 1]."""
        count, shape = len(self.sources), (z.size, self.people)
        fluid = np.empty((count + 1, CELLS, *shape), np.complex128)
        second = np.zeros((CELLS, 2, *shape), np.complex128)
        plasma = np.empty((count, *shape), np.complex128)
        resolvent.solve(
            z, *self.anatomy, self.sources, fluid, second, plasma, np.empty((CELLS, 2, *shape), np.complex128)
        )
        return fluid, second, plasma

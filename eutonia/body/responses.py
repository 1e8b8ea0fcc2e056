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
    """Where drug comes in: mcg into the fluid [people, CELLS], none where nothing does, and mcg into each one's plasma.

    steady: mcg/h from time zero on instead of mcg at once.  gut: it is swallowed, and these people take it up.
    """

    fluid: Floats | None = None
    plasma: float = 0.0
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
    looked_at = sites.plasma.size
    seen = np.zeros((len(sources), looked_at, len(spine), z.size), np.complex128)
    turned = _Turned(spine, [each.fluid for each in sources if each.fluid is not None])
    row = np.cumsum([each.fluid is not None for each in sources]) - 1
    for first in range(0, z.size, _TOGETHER):
        some = z[first : first + _TOGETHER, None]
        fluid, second, plasma = turned.solve(some)
        arriving = [source.arriving(some) for source in sources]
        for s in range(looked_at):
            # By linearity: what stands there without plasma, and what plasma adds.
            there = turned.at(sites.fluid[0, s], sites.tissue[0, s], fluid, second)
            by_plasma = there[-1] + sites.plasma[s]
            for k, source in enumerate(sources):
                found = source.plasma * plasma[-1] * by_plasma
                if source.fluid is not None:
                    found += there[row[k]] + plasma[row[k]] * by_plasma
                found *= arriving[k]
                seen[k, s, :, first : first + _TOGETHER] = found.T
    return seen


class _Turned:
    """A population with the people last, as the text of the solve wants it when its numbers are arrays."""

    def __init__(self, spine: Spine, sources: Sequence[Floats]) -> None:
        def last(each: Floats) -> Floats:
            return np.ascontiguousarray(np.moveaxis(each, 0, -1))

        self.lined, self.beside = last(spine.lined), spine.beside.max(axis=0)
        self.anatomy = (
            last(spine.volume), last(spine.mixing), last(spine.down), last(spine.up), last(spine.lost),
            last(spine.crossing), self.beside, self.lined, last(spine.room), last(spine.inward), last(spine.leaving),
            last(spine.blood),
        )  # fmt: skip
        self.sources = np.stack([last(each) for each in sources]) if sources else np.empty((0, CELLS, len(spine)))
        self.people, self.tissues = len(spine), spine.room.shape[1]

    def solve(self, z: Complexes) -> tuple[Complexes, Complexes, Complexes]:
        """Fluid, second shell and plasma as `resolvent.solve` gives them, [..., nodes, people] each; z: [nodes, 1]."""

        def room(*axes: int) -> Complexes:
            return np.empty((*axes, z.size, self.people), np.complex128)

        rows = len(self.sources) + 1
        fluid, second, plasma = room(rows, CELLS), room(self.tissues, 2), room(rows)
        resolvent.solve(z, *self.anatomy, self.sources, fluid, second, plasma, room(CELLS + self.tissues, 2))
        return fluid, second, plasma

    def at(self, in_fluid: Floats, in_tissue: Floats, fluid: Complexes, second: Complexes) -> Complexes:
        """[sources + 1, nodes, people] what those weights [CELLS] see of fluid and second shells, for each row of fluid."""
        found = np.zeros_like(fluid[:, 0])
        for i in np.flatnonzero(in_fluid):
            found += in_fluid[i] * fluid[:, i]
        for t in range(self.tissues):
            cells = np.flatnonzero((self.beside == t) & (in_tissue != 0.0))
            near = np.zeros_like(found)
            for i in cells:
                near += in_tissue[i] * self.lined[i] * fluid[:, i]
            if cells.size:
                found += near * second[t, 0]
                found[-1] += in_tissue[cells] @ self.lined[cells] * second[t, 1]
        return found

"""The answers of the spine, compiled: the fastest way for one person, and for thousands in little memory.

What `responses.py` does with whole arrays is done here person by person; numba takes half a second to load, so that
what must answer at once goes the other way.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from eutonia.body import resolvent
from eutonia.body.contour import nodes
from eutonia.body.neuraxis import Sites, Spine

Floats = NDArray[np.float64]


def responses(spine: Spine, sources: Floats, sites: Sites, times_h: Floats, *, steady: bool) -> Floats:
    """[people, sources, sites, times] concentrations in ng/mL at ascending times above zero.

    sources: [people, sources, CELLS] mcg at once; with `steady`, mcg/h from time zero on instead.
    """
    z, turning = _turning(np.asarray(times_h, float).tobytes(), steady)
    people, count, looked_at = len(spine), sources.shape[1], sites.plasma.size
    seen = np.empty((people, count * looked_at, 2 * z.size))
    _transforms(
        z, spine.volume, spine.mixing, spine.down, spine.up, spine.lost, spine.crossing, spine.beside, spine.lined,
        spine.room, spine.inward, spine.leaving, spine.blood, sources, sites.fluid, sites.tissue, sites.plasma, seen,
    )  # fmt: skip
    # One product for each person, so that nobody's last figure depends on who stands beside him.
    return np.asarray(seen @ turning).reshape(people, count, looked_at, times_h.size)


@lru_cache(maxsize=32)
def _turning(times: bytes, steady: bool) -> tuple[NDArray[np.complex128], Floats]:
    """Nodes [nodes], and what the parts of a transform there add to each time: [real parts, then imaginary; times].

    The same for everybody, so it is kept.
    """
    hours = np.frombuffer(times)
    z, w = nodes(float(hours[0]), float(hours[-1]))
    if steady:
        w = w / z
    turning = w[:, None] * np.exp(np.outer(z, hours)) * 1e3
    return z, np.concatenate([turning.real, -turning.imag])


_solve = njit(cache=True, nogil=True, error_model="numpy")(resolvent.solve)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _transforms(  # type: ignore[no-untyped-def]
    z, volume, mixing, down, up, lost, crossing, beside, lined, room, inward, leaving, blood, sources,
    of_fluid, of_tissue, of_plasma, out,
) -> None:  # fmt: skip
    """Writes [people, sources x sites, real parts of all nodes, then imaginary] what is seen of each source at each site."""
    people, count, cells = sources.shape[0], sources.shape[1], volume.shape[1]
    looked_at, nodes = of_plasma.size, z.size
    tissues = room.shape[1]
    fluid, second = np.empty((count + 1, cells), np.complex128), np.empty((tissues, 2), np.complex128)
    plasma, work = np.empty(count + 1, np.complex128), np.empty((cells + tissues, 2), np.complex128)
    own = np.empty(count, np.complex128)
    first, last = np.empty(looked_at, np.int64), np.empty(looked_at, np.int64)
    for p in range(people):
        # Most sites are a cell or a few: only those are added up.
        for s in range(looked_at):
            first[s], last[s] = cells, 0
            for i in range(cells):
                if of_fluid[p, s, i] != 0.0 or of_tissue[p, s, i] != 0.0:
                    first[s], last[s] = min(first[s], i), i + 1
        for n in range(nodes):
            _solve(
                z[n], volume[p], mixing[p], down[p], up[p], lost[p], crossing[p], beside[p], lined[p], room[p], inward[p],
                leaving[p], blood[p], sources[p], fluid, second, plasma, work,
            )  # fmt: skip
            for s in range(looked_at):
                # By linearity: what stands there without plasma, and what plasma adds.
                own[:] = 0.0
                by_plasma = of_plasma[s] + 0.0j
                for i in range(first[s], last[s]):
                    counts = of_fluid[p, s, i] + 0.0j
                    if beside[p, i] >= 0:
                        counts += of_tissue[p, s, i] * second[beside[p, i], 0]
                        by_plasma += of_tissue[p, s, i] * second[beside[p, i], 1]
                    by_plasma += counts * fluid[count, i]
                    for k in range(count):
                        own[k] += counts * fluid[k, i]
                for k in range(count):
                    there = own[k] + plasma[k] * by_plasma
                    out[p, k * looked_at + s, n] = there.real
                    out[p, k * looked_at + s, nodes + n] = there.imag


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def overlay(out, answer, first, amount) -> None:  # type: ignore[no-untyped-def]
    """Adds to out [people, sites, times] the answer [people, sites, times] once for each dose: `amount` times, from
    point `first` on."""
    people, sites, times = out.shape
    for p in range(people):
        for s in range(sites):
            to, one = out[p, s], answer[p, s]
            for k in range(first.size):
                much, later = amount[k], np.uintp(first[k])
                for t in range(np.uintp(max(times - first[k], 0))):
                    to[later + t] += much * one[t]

"""Drug in the fluid along the spine, in the cord and in the blood: each person's anatomy, and what a dose leads to.

Sixty cells of fluid from the end of the sac (S2) up to the foramen magnum, then the cisterns and the fluid of the skull;
cord in three shells from L1 upward, brain above; plasma in two compartments, both ways.  Linear, so that every program
is a sum of the answers to one bolus and one unit of steady infusion.  Units in here: cm, h, mcg, mL.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec import Struct
from numba import njit
from numpy.typing import NDArray

from eutonia.body import resolvent
from eutonia.body.contour import nodes
from eutonia.body.kinetics import Kinetics
from eutonia.body.parameters import numbers, parameter
from eutonia.knowledge import Book

Floats = NDArray[np.float64]

SPINAL: Final = 60
CISTERN: Final = SPINAL
CRANIAL: Final = SPINAL + 1
CELLS: Final = SPINAL + 2
# Normal numbers a person has for the spine: fluid, mixing, way to the blood, diffusion, and two to spare.
ETAS: Final = 6
_FLUID, _MIXING, _TO_BLOOD, _DIFFUSION = range(4)
_HEIGHT_CM: Final = 175.0

VERTEBRAE: Final = (
    "S2", "S1", "L5", "L4", "L3", "L2", "L1", *(f"T{n}" for n in range(12, 0, -1)), *(f"C{n}" for n in range(7, 0, -1)),
)  # fmt: skip


class Spine(Struct, frozen=True, eq=False):
    """The anatomy of people, every field [people, ...] as `resolvent.solve` takes it; length_cm: [people]."""

    length_cm: Floats
    volume: Floats
    mixing: Floats
    down: Floats
    up: Floats
    lost: Floats
    crossing: Floats
    room: Floats
    inward: Floats
    leaving: Floats
    blood: Floats

    def __len__(self) -> int:
        return int(self.length_cm.size)

    def places_cm(self) -> Floats:
        """[people, SPINAL] the middles of the cells, above the end of the sac."""
        return np.asarray((np.arange(SPINAL) + 0.5) / SPINAL * self.length_cm[:, None])


def vertebra_cm(name: str, book: Book) -> float:
    """The middle of a vertebra above the end of the sac, in a person of 175 cm.  Raises KeyError for another word."""
    tall = dict(zip("SLTC", numbers(book, "spine.vertebrae", "cm"), strict=True))
    if name not in VERTEBRAE:
        raise KeyError(f"'{name}' is no vertebra from C1 to S2")
    below = sum(tall[each[0]] for each in VERTEBRAE[: VERTEBRAE.index(name)])
    return below + tall[name[0]] / 2


def spine(kinetics: Kinetics, height_cm: Floats, normals: Floats, book: Book, mixing: str = "fast") -> Spine:
    """The spines of people; normals: [people, ETAS], zeros for the typical person.

    mixing: 'fast' as the label's clearance and gradient need, or 'slow' as the pig studies and aspirates suggest.
    """
    n = len(kinetics)

    def number(name: str, unit: str) -> float:
        return parameter(book, f"spine.{name}", unit).value

    def drawn(name: str, unit: str, column: int) -> Floats:
        found = parameter(book, f"spine.{name}", unit)
        return np.asarray(found.value * np.exp(found.between * normals[:, column]))

    scale = height_cm / _HEIGHT_CM
    length = number("length", "cm") * scale
    step = length / SPINAL
    area = drawn("csf", "mL", _FLUID) / number("length", "cm")
    volume = np.empty((n, CELLS))
    volume[:, :SPINAL] = (area * step)[:, None]
    volume[:, CISTERN], volume[:, CRANIAL] = number("cistern", "mL"), number("cranial", "mL")

    pace = drawn("mixing", "cm2/h", _MIXING)
    if mixing == "slow":
        low, high = numbers(book, "spine.mixing_slow", "cm2/h")
        pace *= math.sqrt(low * high) / number("mixing", "cm2/h")
    edges = np.arange(1, SPINAL + 1) / SPINAL
    exchange = np.empty((n, CELLS - 1))
    exchange[:, :SPINAL] = (pace * area / step)[:, None] * (1.0 + number("mixing_slope", "%") * (2.0 * edges - 1.0))
    exchange[:, SPINAL] = number("cistern_cranial", "mL/h")

    caudal, made = number("caudal_flow", "mL/h"), number("production", "mL/h")
    down, up, lost = np.zeros((n, CELLS - 1)), np.zeros((n, CELLS - 1)), np.zeros((n, CELLS))
    down[:, :SPINAL] = caudal * edges
    up[:, SPINAL] = made - caudal
    lost[:, :SPINAL], lost[:, CRANIAL] = caudal / SPINAL, made - caudal
    crossing = np.zeros((n, CELLS))
    crossing[:, :SPINAL] = drawn("to_blood", "/h", _TO_BLOOD)[:, None] * volume[:, :SPINAL]

    radius, partition = number("cord_radius", "cm"), number("cord_partition", "%")
    depth = radius / resolvent.SHELLS
    reach = number("cord_volume", "mL") / (math.pi * radius**2) * scale
    through = number("diffusion_share", "%") * drawn("diffusion", "cm2/h", _DIFFUSION) / depth
    cord = (np.arange(SPINAL) + 0.5) / SPINAL * length[:, None] >= (length - reach)[:, None]
    room, inward, leaving = (np.zeros((n, CELLS, resolvent.SHELLS)) for _ in range(3))
    for k in range(resolvent.SHELLS):
        outer = radius - k * depth
        room[:, :SPINAL, k] = cord * (partition * math.pi * (outer**2 - (outer - depth) ** 2) * step)[:, None]
        inward[:, :SPINAL, k] = cord * (through * 2.0 * math.pi * outer * step)[:, None]
        room[:, CRANIAL, k] = partition * number("brain_surface", "cm2") * depth
        inward[:, CRANIAL, k] = through * number("brain_surface", "cm2")
    leaving[:, :SPINAL] = number("cord_to_blood", "/h") * room[:, :SPINAL]
    leaving[:, CRANIAL] = number("brain_to_blood", "/h") * room[:, CRANIAL]

    litre = 1e3
    flow = kinetics.between_l_h * litre
    blood = np.stack(
        [
            kinetics.central_l * litre,
            kinetics.clearance_l_h * litre,
            flow,
            np.where(flow > 0, kinetics.peripheral_l * litre, 1.0),
            np.full(n, number("from_blood", "%")),
        ],
        axis=1,
    )
    return Spine(length, volume, exchange, down, up, lost, crossing, room, inward, leaving, blood)


def injected(spine: Spine, at_cm: Floats, spread_cm: float) -> Floats:
    """[people, CELLS] one mcg around a place of the spine, a bell curve of the given sd along it."""
    bell = np.exp(-0.5 * ((spine.places_cm() - at_cm[:, None]) / spread_cm) ** 2)
    out = np.zeros((len(spine), CELLS))
    out[:, :SPINAL] = bell / bell.sum(axis=1, keepdims=True)
    return out


class Sites(Struct, frozen=True, eq=False):
    """What is looked at: weights [people, sites, cells] over the fluid and over the second shell of tissue; plasma [sites]."""

    fluid: Floats
    tissue: Floats
    plasma: Floats


def responses(spine: Spine, sources: Floats, sites: Sites, times_h: Floats, *, steady: bool) -> Floats:
    """[people, sources, sites, times] concentrations in ng/mL at ascending times above zero.

    sources: [people, sources, CELLS] mcg at once; with `steady`, mcg/h from time zero on instead.
    """
    z, real, imaginary = _turning(np.asarray(times_h, float).tobytes(), steady)
    out = np.zeros((len(spine), sources.shape[1], sites.plasma.size, times_h.size))
    _responses(
        z, real, imaginary, spine.volume, spine.mixing,
        spine.down, spine.up, spine.lost, spine.crossing, spine.room, spine.inward, spine.leaving, spine.blood, sources,
        sites.fluid, sites.tissue, sites.plasma, out,
    )  # fmt: skip
    return out


@lru_cache(maxsize=32)
def _turning(times: bytes, steady: bool) -> tuple[NDArray[np.complex128], Floats, Floats]:
    """Nodes [nodes], and what each contributes to each time, [nodes, times]: real part, imaginary part.

    The same for everybody, so it is kept.  Four nodes are added up at once: nodes of no weight fill the last four.
    """
    hours = np.frombuffer(times)
    z, w = nodes(float(hours[0]), float(hours[-1]))
    if steady:
        w = w / z
    turning = np.zeros((-(-z.size // 4) * 4, hours.size), np.complex128)
    turning[: z.size] = w[:, None] * np.exp(np.outer(z, hours)) * 1e3
    return z, np.ascontiguousarray(turning.real), np.ascontiguousarray(turning.imag)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _responses(  # type: ignore[no-untyped-def]
    z, real, imaginary, volume, mixing, down, up, lost, crossing, room, inward, leaving, blood, sources,
    of_fluid, of_tissue, of_plasma, out,
) -> None:  # fmt: skip
    people, count, cells = sources.shape
    looked_at, times = of_plasma.size, real.shape[1]
    fluid, tissue = np.empty((count + 1, cells), np.complex128), np.empty((count + 1, cells, 3), np.complex128)
    plasma, work = np.empty(count, np.complex128), np.empty((cells, 7), np.complex128)
    first, last = np.empty(looked_at, np.int64), np.empty(looked_at, np.int64)
    at = np.zeros((count, looked_at, real.shape[0]), np.complex128)
    for p in range(people):
        # Most sites are a cell or a few: only those are added up.
        for s in range(looked_at):
            first[s], last[s] = cells, 0
            for i in range(cells):
                if of_fluid[p, s, i] != 0.0 or of_tissue[p, s, i] != 0.0:
                    first[s], last[s] = min(first[s], i), i + 1
        for n in range(z.size):
            resolvent.solve(
                z[n], volume[p], mixing[p], down[p], up[p], lost[p], crossing[p], room[p], inward[p], leaving[p],
                blood[p], sources[p], fluid, tissue, plasma, work,
            )  # fmt: skip
            for k in range(count):
                for s in range(looked_at):
                    seen = of_plasma[s] * plasma[k]
                    for i in range(first[s], last[s]):
                        seen += of_fluid[p, s, i] * fluid[k, i] + of_tissue[p, s, i] * tissue[k, i, 1]
                    at[k, s, n] = seen
        for k in range(count):
            for s in range(looked_at):
                to = out[p, k, s]
                for n in range(0, real.shape[0], 4):
                    a, b, c, d = at[k, s, n], at[k, s, n + 1], at[k, s, n + 2], at[k, s, n + 3]
                    a0, b0, c0, d0 = a.real, b.real, c.real, d.real
                    a1, b1, c1, d1 = -a.imag, -b.imag, -c.imag, -d.imag
                    e, f, g, h = real[n], real[n + 1], real[n + 2], real[n + 3]
                    q, u, v, x = imaginary[n], imaginary[n + 1], imaginary[n + 2], imaginary[n + 3]
                    for t in range(times):
                        to[t] += (
                            a0 * e[t] + a1 * q[t] + b0 * f[t] + b1 * u[t]
                            + c0 * g[t] + c1 * v[t] + d0 * h[t] + d1 * x[t]
                        )  # fmt: skip


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

"""Drug in the fluid along the spine, in the cord and in the blood: each person's anatomy, and what a dose leads to.

Sixty cells of fluid from the end of the sac (S2) up to the foramen magnum, then the cisterns and the fluid of the skull;
cord in three shells from L1 upward, brain above; plasma in two compartments, both ways.  Linear, so that every program
is a sum of the answers to one bolus and one unit of steady infusion.  Units in here: cm, h, mcg, mL.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import resolvent
from eutonia.body.kinetics import Kinetics
from eutonia.body.parameters import numbers, parameter
from eutonia.knowledge import Book

Floats = NDArray[np.float64]

SPINAL: Final = 60
CISTERN: Final = SPINAL
CRANIAL: Final = SPINAL + 1
CELLS: Final = SPINAL + 2
CORD, BRAIN = range(2)
# Normal numbers a person has for the spine: fluid, mixing, way to the blood, diffusion, regime, cistern, partition, and
# one to spare.
ETAS: Final = 8
FLUID, MIXING, TO_BLOOD, DIFFUSION, REGIME, TO_CRANIAL, PARTITION = range(7)
_HEIGHT_CM: Final = 175.0
# Where the drug is put, as a spread along the spine in cm (evidence/model.md 2): 1 mL by puncture, a pump's bolus, drip.
PUNCTURE_CM, BOLUS_CM, INFUSION_CM = 3.0, 1.0, 0.7

VERTEBRAE: Final = (
    "S2", "S1", "L5", "L4", "L3", "L2", "L1", *(f"T{n}" for n in range(12, 0, -1)), *(f"C{n}" for n in range(7, 0, -1)),
)  # fmt: skip


class Spine(Struct, frozen=True, eq=False):
    """The anatomy of people, every field [people, ...] as `resolvent.solve` takes it; length_cm: [people].

    lined: [people, CELLS] 1 where there is tissue beside the fluid; room, inward and leaving are those of one such cell.
    """

    length_cm: Floats
    volume: Floats
    mixing: Floats
    down: Floats
    up: Floats
    lost: Floats
    crossing: Floats
    lined: Floats
    room: Floats
    inward: Floats
    leaving: Floats
    blood: Floats

    def __len__(self) -> int:
        return int(self.length_cm.size)

    @property
    def beside(self) -> NDArray[np.int64]:
        """[people, CELLS] which tissue is beside the fluid, below zero where there is none."""
        return np.where(self.lined > 0.0, _tissues(), -1)

    def shells(self) -> tuple[Floats, Floats, Floats]:
        """Room, inward and leaving of every cell, [people, CELLS, shells] each, zero where there is no tissue."""
        lined, which = self.lined[:, :, None], _tissues()
        return lined * self.room[:, which], lined * self.inward[:, which], lined * self.leaving[:, which]

    def places_cm(self) -> Floats:
        """[people, SPINAL] the middles of the cells, above the end of the sac."""
        return np.asarray((np.arange(SPINAL) + 0.5) / SPINAL * self.length_cm[:, None])


def _tissues() -> NDArray[np.int64]:
    """[CELLS] which tissue is beside a cell, where there is any."""
    return np.where(np.arange(CELLS) < CISTERN, CORD, BRAIN)


def vertebra_cm(name: str, book: Book) -> float:
    """The middle of a vertebra above the end of the sac, in a person of 175 cm.  Raises KeyError for another word."""
    tall = dict(zip("SLTC", numbers(book, "spine.vertebrae", "cm"), strict=True))
    if name not in VERTEBRAE:
        raise KeyError(f"'{name}' is no vertebra from C1 to S2")
    below = sum(tall[each[0]] for each in VERTEBRAE[: VERTEBRAE.index(name)])
    return below + tall[name[0]] / 2


def tap_cm(book: Book) -> float:
    """Where a lumbar puncture enters, between L3 and L4, above the end of the sac, in a person of 175 cm."""
    return (vertebra_cm("L3", book) + vertebra_cm("L4", book)) / 2


def spine(
    kinetics: Kinetics,
    height_cm: Floats,
    normals: Floats,
    book: Book,
    mixing: str = "fast",
    unsure: bool = False,
) -> Spine:
    """The spines of people; normals: [people, ETAS], zeros for the typical person.

    mixing: 'fast' as the label's clearance and gradient need, 'slow' as the pig studies and aspirates suggest, or
    'mixture': each person has one of them, the slow one with its share; another word is a KeyError.  unsure: each person is also drawn from what is
    not certain about the model itself.
    """
    n = len(kinetics)

    def number(name: str, unit: str) -> float:
        return parameter(book, f"spine.{name}", unit).value

    def drawn(name: str, unit: str, column: int) -> Floats:
        return parameter(book, f"spine.{name}", unit).drawn(normals[:, column], unsure)

    scale = height_cm / _HEIGHT_CM
    length = number("length", "cm") * scale
    step = length / SPINAL
    area = drawn("csf", "mL", FLUID) / number("length", "cm")
    volume = np.empty((n, CELLS))
    volume[:, :SPINAL] = (area * step)[:, None]
    volume[:, CISTERN], volume[:, CRANIAL] = number("cistern", "mL"), number("cranial", "mL")

    pace = drawn("mixing", "cm2/h", MIXING)
    share = {"fast": 0.0, "slow": 1.0, "mixture": number("mixing_slow_share", "%")}[mixing]
    slow = normals[:, REGIME] < (NormalDist().inv_cdf(share) if 0.0 < share < 1.0 else (share - 0.5) * math.inf)
    low, high = numbers(book, "spine.mixing_slow", "cm2/h")
    pace = np.where(slow, pace * math.sqrt(low * high) / number("mixing", "cm2/h"), pace)
    edges = np.arange(1, SPINAL + 1) / SPINAL
    exchange = np.empty((n, CELLS - 1))
    exchange[:, :SPINAL] = (pace * area / step)[:, None] * (1.0 + number("mixing_slope", "%") * (2.0 * edges - 1.0))
    exchange[:, SPINAL] = drawn("cistern_cranial", "mL/h", TO_CRANIAL)

    caudal, made = number("caudal_flow", "mL/h"), number("production", "mL/h")
    down, up, lost = np.zeros((n, CELLS - 1)), np.zeros((n, CELLS - 1)), np.zeros((n, CELLS))
    down[:, :SPINAL] = caudal * edges
    up[:, SPINAL] = made - caudal
    lost[:, :SPINAL], lost[:, CRANIAL] = caudal / SPINAL, made - caudal
    crossing = np.zeros((n, CELLS))
    crossing[:, :SPINAL] = drawn("to_blood", "/h", TO_BLOOD)[:, None] * volume[:, :SPINAL]

    radius, partition = number("cord_radius", "cm"), drawn("cord_partition", "%", PARTITION)
    depth = radius / resolvent.SHELLS
    reach = number("cord_volume", "mL") / (math.pi * radius**2) * scale
    through = number("diffusion_share", "%") * drawn("diffusion", "cm2/h", DIFFUSION) / depth
    lined = np.zeros((n, CELLS))
    lined[:, :SPINAL] = (np.arange(SPINAL) + 0.5) / SPINAL * length[:, None] >= (length - reach)[:, None]
    lined[:, CRANIAL] = 1.0
    room, inward = np.empty((n, 2, resolvent.SHELLS)), np.empty((n, 2, resolvent.SHELLS))
    for k in range(resolvent.SHELLS):
        outer = radius - k * depth
        room[:, CORD, k] = partition * math.pi * (outer**2 - (outer - depth) ** 2) * step
        inward[:, CORD, k] = through * 2.0 * math.pi * outer * step
        room[:, BRAIN, k] = partition * number("brain_surface", "cm2") * depth
        inward[:, BRAIN, k] = through * number("brain_surface", "cm2")
    leaving = room * np.array([number("cord_to_blood", "/h"), number("brain_to_blood", "/h")])[:, None]

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
    return Spine(length, volume, exchange, down, up, lost, crossing, lined, room, inward, leaving, blood)


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

"""One solve of the spine: (z - A) x = b for a complex z, the shells of tissue eliminated cell by cell.

Fluid cells form a chain, tissue hangs from each cell in three shells, and blood touches all of them.  Shells are
eliminated by a continued fraction, the chain by one sweep up and one down, blood last.  Work grows with the number of
cells, not with its cube.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

SHELLS = 3


@njit(cache=True, nogil=True, error_model="numpy")
def solve(
    z: complex,
    volume: Floats,
    mixing: Floats,
    down: Floats,
    up: Floats,
    lost: Floats,
    crossing: Floats,
    room: Floats,
    inward: Floats,
    leaving: Floats,
    blood: Floats,
    sources: Floats,
    fluid: Complexes,
    tissue: Complexes,
    plasma: Complexes,
    work: Complexes,
) -> None:
    """Concentrations (mcg/mL, transformed) after unit impulses of the sources.

    volume: [cells] mL.  mixing, down, up: [cells - 1] mL/h between a cell and the next one, both ways, downward only,
    upward only.  lost, crossing: [cells] mL/h to the blood one way, and both ways.  room: [cells, shells] mL of free
    drug, 0 where there is no tissue; inward: [cells, shells] mL/h into each shell from the one around it; leaving:
    [cells, shells] mL/h to the blood.  blood: central volume, clearance, flow, peripheral volume, and the balance of
    fluid over plasma.  sources: [sources, cells] mcg.  Out: fluid [sources + 1, cells], tissue [sources + 1, cells,
    shells], plasma [sources]; the last row is the answer to one unit in plasma, and only used in here.
    work: [cells, 7].
    """
    cells = volume.size
    count = sources.shape[0]
    balance = blood[4]
    # Downward through the shells: what a cell loses into its tissue, and what it gets back of plasma through it.
    for i in range(cells):
        own = z * volume[i] + lost[i] + crossing[i]
        if i > 0:
            own += mixing[i - 1] + down[i - 1]
        if i < cells - 1:
            own += mixing[i] + up[i]
        given = complex(balance * crossing[i])
        if room[i, 0] > 0.0:
            s3 = z * room[i, 2] + leaving[i, 2] + inward[i, 2]
            e3 = balance * leaving[i, 2] / s3
            r3 = inward[i, 2] / s3
            s2 = z * room[i, 1] + leaving[i, 1] + inward[i, 1] + inward[i, 2] - inward[i, 2] * r3
            e2 = (balance * leaving[i, 1] + inward[i, 2] * e3) / s2
            r2 = inward[i, 1] / s2
            s1 = z * room[i, 0] + leaving[i, 0] + inward[i, 0] + inward[i, 1] - inward[i, 1] * r2
            e1 = (balance * leaving[i, 0] + inward[i, 1] * e2) / s1
            r1 = inward[i, 0] / s1
            own += inward[i, 0] - inward[i, 0] * r1
            given += inward[i, 0] * e1
            work[i, 1], work[i, 2], work[i, 3] = r1, r2, r3
            work[i, 4], work[i, 5], work[i, 6] = e1, e2, e3
        # Up the chain.
        for k in range(count):
            fluid[k, i] = sources[k, i]
        fluid[count, i] = given
        if i > 0:
            from_below = (mixing[i - 1] + up[i - 1]) * work[i - 1, 0]
            own -= from_below * (mixing[i - 1] + down[i - 1])
            for k in range(count + 1):
                fluid[k, i] += from_below * fluid[k, i - 1]
        work[i, 0] = 1.0 / own
    # Down again, then into the tissue.
    for i in range(cells - 1, -1, -1):
        for k in range(count + 1):
            if i < cells - 1:
                fluid[k, i] += (mixing[i] + down[i]) * fluid[k, i + 1]
            fluid[k, i] *= work[i, 0]
    for k in range(count + 1):
        reached = 0.0 + 0.0j
        mine = 1.0 if k == count else 0.0
        for i in range(cells):
            reached += (lost[i] + crossing[i]) * fluid[k, i]
            if room[i, 0] > 0.0:
                one = work[i, 1] * fluid[k, i] + work[i, 4] * mine
                second = work[i, 2] * one + work[i, 5] * mine
                third = work[i, 3] * second + work[i, 6] * mine
                tissue[k, i, 0], tissue[k, i, 1], tissue[k, i, 2] = one, second, third
                reached += leaving[i, 0] * one + leaving[i, 1] * second + leaving[i, 2] * third
            else:
                tissue[k, i, 0] = tissue[k, i, 1] = tissue[k, i, 2] = 0.0
        if k < count:
            plasma[k] = reached
    own = z * blood[0] + blood[1] + blood[2] - blood[2] * blood[2] / (z * blood[3] + blood[2])
    back = 0.0
    for i in range(cells):
        back += crossing[i] + leaving[i, 0] + leaving[i, 1] + leaving[i, 2]
    own += balance * back - reached
    for k in range(count):
        plasma[k] /= own
        for i in range(cells):
            fluid[k, i] += plasma[k] * fluid[count, i]
            for s in range(SHELLS):
                tissue[k, i, s] += plasma[k] * tissue[count, i, s]

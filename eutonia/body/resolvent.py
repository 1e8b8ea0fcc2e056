"""One solve of the spine: (z - A) x = b for a complex z, the shells of tissue eliminated cell by cell.

Fluid cells form a chain, tissue hangs from each cell in three shells, and blood touches all of them.  Shells are
eliminated by a continued fraction, the chain by one sweep up and one down, blood last.  Work grows with the number of
cells, not with its cube.

The text below runs in two ways: compiled for one person and one z (`compiled.py`), and by numpy for many of both at
once (`responses.py`), where every number is an array of [nodes, people].
"""

from __future__ import annotations

from typing import Any

SHELLS = 3


def solve(
    z: Any,
    volume: Any,
    mixing: Any,
    down: Any,
    up: Any,
    lost: Any,
    crossing: Any,
    lined: Any,
    room: Any,
    inward: Any,
    leaving: Any,
    blood: Any,
    sources: Any,
    fluid: Any,
    second: Any,
    plasma: Any,
    work: Any,
) -> None:
    """Concentrations (mcg/mL, transformed) after unit impulses of the sources.

    volume: [cells] mL.  mixing, down, up: [cells - 1] mL/h between a cell and the next one, both ways, downward only,
    upward only.  lost, crossing: [cells] mL/h to the blood one way, and both ways.  lined: [cells] whether tissue is
    there, which has room: [cells, shells] mL of free drug, above zero; inward: [cells, shells] mL/h into each shell
    from the one around it; leaving: [cells, shells] mL/h to the blood.  blood: central volume, clearance, flow,
    peripheral volume, and the balance of fluid over plasma.  sources: [sources, cells + 1] mcg into the fluid of each
    cell, and last into the plasma.  work: [cells, 2].

    Out: plasma [sources]; fluid [sources + 1, cells] while plasma is held at zero, its last row the answer to one unit
    in plasma, of which `plasma` times as much is still to be added; second [cells, 2] where it is lined: the second
    shell for one unit in the fluid beside it, and for one unit in plasma.
    """

    # Plainly: what divides here is far from where its square would leave the range of numbers, which division checks.
    def inverse(x: Any) -> Any:
        return x.conjugate() * (1.0 / (x.real * x.real + x.imag * x.imag))

    cells, count = len(volume), len(sources)
    balance = blood[4]
    through = 0.0 * blood[0] + 0.0 * z
    r1 = through
    for i in range(cells):
        away = lost[i] + crossing[i]
        if i > 0:
            away = away + (mixing[i - 1] + down[i - 1])
        if i < cells - 1:
            away = away + (mixing[i] + up[i])
        touching = crossing[i] + 0.0 * z
        if lined[i]:
            away = away + inward[i, 0]
            # From the depth outward: r is a shell beside one unit in the shell around it, e beside one unit in blood.
            s3 = inverse(z * room[i, 2] + (leaving[i, 2] + inward[i, 2]))
            r3, e3 = s3 * inward[i, 2], s3 * leaving[i, 2]
            s2 = inverse(z * room[i, 1] + (leaving[i, 1] + inward[i, 1] + inward[i, 2]) - inward[i, 2] * r3)
            r2, e2 = s2 * inward[i, 1], s2 * (leaving[i, 1] + inward[i, 2] * e3)
            s1 = inverse(z * room[i, 0] + (leaving[i, 0] + inward[i, 0] + inward[i, 1]) - inward[i, 1] * r2)
            r1, e1 = s1 * inward[i, 0], s1 * (leaving[i, 0] + inward[i, 1] * e2)
            # What crosses the tissue from the blood into the fluid crosses it as easily the other way.
            touching = touching + inward[i, 0] * e1
            deep = r2 * e1 + e2
            through = through + (leaving[i, 0] * e1 + leaving[i, 1] * deep + leaving[i, 2] * (r3 * deep + e3))
            second[i, 0], second[i, 1] = r2 * r1, balance * deep
        own = z * volume[i] + away
        if lined[i]:
            own = own - inward[i, 0] * r1
        work[i, 1] = touching + lost[i]
        # Up the chain.
        for k in range(count):
            fluid[k, i] = sources[k, i]
        fluid[count, i] = balance * touching
        if i > 0:
            from_below = (mixing[i - 1] + up[i - 1]) * work[i - 1, 0]
            own = own - from_below * (mixing[i - 1] + down[i - 1])
            for k in range(count + 1):
                fluid[k, i] += from_below * fluid[k, i - 1]
        work[i, 0] = inverse(own)
    # Down again, and what of it reaches the blood.
    for k in range(count + 1):
        fluid[k, cells - 1] *= work[cells - 1, 0]
        reached = work[cells - 1, 1] * fluid[k, cells - 1]
        for i in range(cells - 2, -1, -1):
            fluid[k, i] += (mixing[i] + down[i]) * fluid[k, i + 1]
            fluid[k, i] *= work[i, 0]
            reached = reached + work[i, 1] * fluid[k, i]
        if k < count:
            plasma[k] = reached + sources[k, cells]
        else:
            back = balance * through + reached
    own = z * blood[0] + blood[1] + blood[2] - blood[2] * blood[2] / (z * blood[3] + blood[2])
    given = 0.0 * blood[0]
    for i in range(cells):
        given = given + crossing[i]
        if lined[i]:
            given = given + (leaving[i, 0] + leaving[i, 1] + leaving[i, 2])
    own = own + balance * given - back
    for k in range(count):
        plasma[k] /= own

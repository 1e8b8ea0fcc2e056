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
    beside: Any,
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
    upward only.  lost, crossing: [cells] mL/h to the blood one way, and both ways.  beside: [cells] which tissue is
    there, below zero where nobody has any; lined: [cells] 1 who has it there, else 0.  room: [tissues, shells] mL of free
    drug, above zero; inward: [tissues, shells] mL/h into each shell from the one around it; leaving: [tissues, shells]
    mL/h to the blood.  blood: central volume, clearance, flow, peripheral volume, and the balance of fluid over plasma.
    sources: [sources, cells] mcg into the fluid of each cell.  work: [cells + tissues, 2].

    Out: fluid [sources + 1, cells] while plasma is held at zero, its last row the answer to one unit held in plasma;
    plasma [sources + 1], its last the answer to one mcg into the plasma: so many times the last row of fluid is still to
    be added.  second [tissues, 2]: the second shell for one unit in the fluid beside it, and for one unit in plasma.
    """

    # Plainly: what divides here is far from where its square would leave the range of numbers, which division checks.
    def inverse(x: Any) -> Any:
        return x.conjugate() * (1.0 / (x.real * x.real + x.imag * x.imag))

    cells, tissues, count = len(volume), len(room), len(sources)
    balance = blood[4]
    # What blood gives to all around it, and what of that comes back.
    given = 0.0 * blood[0]
    back = given + 0.0 * z
    # A tissue is the same wherever it is: its shells are eliminated once.
    for t in range(tissues):
        # From the depth outward: r is a shell beside one unit in the shell around it, e beside one unit in blood.
        s3 = inverse(z * room[t, 2] + (leaving[t, 2] + inward[t, 2]))
        r3, e3 = s3 * inward[t, 2], s3 * leaving[t, 2]
        s2 = inverse(z * room[t, 1] + (leaving[t, 1] + inward[t, 1] + inward[t, 2]) - inward[t, 2] * r3)
        r2, e2 = s2 * inward[t, 1], s2 * (leaving[t, 1] + inward[t, 2] * e3)
        s1 = inverse(z * room[t, 0] + (leaving[t, 0] + inward[t, 0] + inward[t, 1]) - inward[t, 1] * r2)
        r1, e1 = s1 * inward[t, 0], s1 * (leaving[t, 0] + inward[t, 1] * e2)
        deep = r2 * e1 + e2
        # What fluid loses into the tissue; what crosses it from the blood crosses it as easily the other way.
        work[cells + t, 0], work[cells + t, 1] = inward[t, 0] * (1.0 - r1), inward[t, 0] * e1
        second[t, 0], second[t, 1] = r2 * r1, balance * deep
        many = 0.0 * blood[0]
        for i in range(cells):
            if beside[i] == t:
                many = many + lined[i]
        given = given + many * (leaving[t, 0] + leaving[t, 1] + leaving[t, 2])
        back = back + many * (leaving[t, 0] * e1 + leaving[t, 1] * deep + leaving[t, 2] * (r3 * deep + e3))
    for i in range(cells):
        away = lost[i] + crossing[i]
        if i > 0:
            away = away + (mixing[i - 1] + down[i - 1])
        if i < cells - 1:
            away = away + (mixing[i] + up[i])
        own = z * volume[i] + away
        touching = crossing[i] + 0.0 * z
        if beside[i] >= 0:
            own = own + lined[i] * work[cells + beside[i], 0]
            touching = crossing[i] + lined[i] * work[cells + beside[i], 1]
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
        given = given + crossing[i]
    # Down again, and what of it reaches the blood.
    for k in range(count + 1):
        fluid[k, cells - 1] *= work[cells - 1, 0]
        reached = work[cells - 1, 1] * fluid[k, cells - 1]
        for i in range(cells - 2, -1, -1):
            fluid[k, i] += (mixing[i] + down[i]) * fluid[k, i + 1]
            fluid[k, i] *= work[i, 0]
            reached = reached + work[i, 1] * fluid[k, i]
        plasma[k] = reached
    own = z * blood[0] + blood[1] + blood[2] - blood[2] * blood[2] / (z * blood[3] + blood[2])
    own = inverse(own + balance * (given - back) - plasma[count])
    plasma[count] = 1.0 + 0.0 * z
    for k in range(count + 1):
        plasma[k] = plasma[k] * own

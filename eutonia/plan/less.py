"""A regimen lowered by at most so much a day: single doses fall where they are largest, and none rises."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from eutonia.chart.facts import Facts
from eutonia.chart.orders import Part, Regimen
from eutonia.plan.split import grain_of
from eutonia.quantity import Quantity

_NAMES = {
    2: ("in the morning", "at bedtime"),
    3: ("in the morning", "at noon", "at bedtime"),
    4: ("in the morning", "at noon", "in the evening", "at bedtime"),
}


def lowered(parts: Sequence[Part], most_mg: Fraction, facts: Facts, liquid: Quantity | None) -> Regimen | None:
    """Return the regimen of scheduled `parts` whose daily dose is lower by at most `most_mg`; none where no smaller one fits.

    The largest single dose falls first, of equal ones the earliest.  Whole tablets come before halves, and a dose is left
    out only where nothing else fits.
    """
    grain = grain_of(liquid, facts)
    whole = [] if liquid is not None or any(part.amount.to("mg") % (grain * 2) for part in parts) else [(grain * 2, 1)]
    for unit, least in (*whole, (grain, 1), (grain, 0)):
        if (less := _down(_single(parts), Decimal(unit), least, most_mg)) is not None:
            return Regimen(_joined(parts, less), liquid)
    return None


def _single(parts: Sequence[Part]) -> list[Part]:
    """The doses of a day one by one, where their times have names."""
    if len(parts) == 1 and parts[0].times in _NAMES:
        return [Part(parts[0].amount, 1, name) for name in _NAMES[parts[0].times]]
    return list(parts)


def _down(parts: list[Part], unit: Decimal, least: int, most_mg: Fraction) -> list[Part] | None:
    """The doses after as many falls as fit, each to the next smaller multiple of `unit`; none where no fall fits."""
    left, fell = most_mg, False
    while True:
        order = sorted(range(len(parts)), key=lambda n: -parts[n].amount.to("mg"))
        for n in order:
            now = parts[n].amount.to("mg")
            lower = ((now / unit).to_integral_value(rounding="ROUND_CEILING") - 1) * unit
            fall = Fraction(now - lower) * parts[n].times
            if now > 0 and lower >= least * unit and fall <= left:
                parts[n] = replace(parts[n], amount=Quantity.of(lower, "mg"))
                left, fell = left - fall, True
                break
        else:
            kept = [part for part in parts if part.amount.to("mg") > 0]
            return kept if fell and kept else None


def _joined(before: Sequence[Part], parts: list[Part]) -> tuple[Part, ...]:
    """The doses as they were written, where all of them fell alike."""
    alike = len({part.amount for part in parts}) == 1
    if len(before) == 1 and alike and len(parts) == before[0].times:
        return (replace(before[0], amount=parts[0].amount),)
    return tuple(parts)

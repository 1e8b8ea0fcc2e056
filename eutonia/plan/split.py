"""The day's oral dose as single doses that can be dispensed: liquids stay liquids, whole tablets come before halves."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from eutonia.chart.facts import Facts
from eutonia.chart.orders import Regimen, evenly
from eutonia.quantity import Quantity, rounded

# Up to this daily dose, mg, three doses a day need halves of the smallest tablet.
_HALVES_MG = Decimal(10)


def grain_of(liquid: Quantity | None, facts: Facts) -> Decimal:
    """Return the smallest amount, mg, by which a dose can differ: half of the smallest tablet, or a tenth of a mL."""
    return facts.book.quantity("oral.smallest").to("mg") if liquid is None else liquid.to("mg/mL") / 10


def split(daily: Decimal, facts: Facts, liquid: Quantity | None = None) -> Regimen:
    """Return the daily dose, mg, in three doses, in four where three would exceed the greatest single dose.

    Whole tablets are used where each of the doses can have one, halves otherwise.  On the way down from above the ceiling
    the four doses are larger than the greatest single dose, as they are today.
    """
    grain = grain_of(liquid, facts)
    times = facts.book.count("oral.start_times_a_day")
    largest = facts.book.quantity("oral.single_max").to("mg")
    if daily > largest * times:
        times += 1
    whole = grain * 2
    if liquid is None and daily % whole == 0 and daily >= whole * times:
        grain = whole
    return replace(evenly(daily, times, grain), liquid=liquid)


def lower_dose(lowest: Fraction | Decimal, below: Decimal, facts: Facts, liquid: Quantity | None) -> Decimal | None:
    """Return the smallest dispensable daily dose, mg, that is at least `lowest` and less than `below`; none where none is.

    Above 10 mg daily it is one of whole tablets, where such a dose exists.
    """
    grain = grain_of(liquid, facts)
    exact = Decimal(lowest.numerator) / Decimal(lowest.denominator) if isinstance(lowest, Fraction) else lowest
    dose = max(rounded(exact, grain, "up"), grain)
    if liquid is None and dose > _HALVES_MG:
        whole = rounded(exact, grain * 2, "up")
        dose = whole if whole < below else dose
    return dose if dose < below else None


def needs_halves(daily: Decimal, facts: Facts, liquid: Quantity | None) -> bool:
    """Whether a daily dose, mg, that whole tablets could avoid needs half a tablet."""
    return liquid is None and daily > _HALVES_MG and daily % (grain_of(None, facts) * 2) != 0

"""How far and how fast the daily oral dose may fall in a taper."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from eutonia.chart.facts import Facts
from eutonia.knowledge import Book


def lowest_after(dose_mg: Decimal, book: Book) -> Fraction:
    """Return the lowest daily dose, mg, to which one step of a taper may go from `dose_mg`.

    Above the ceiling at most 15 mg a step (French practice); from there down at most a third of what is taken, and from
    7.5 mg or less up to 5 mg, to zero included (assumptions: no source gives a number).
    """
    small, small_step = (Fraction(each.to("mg/day")) for each in book.quantities("oral.taper_small"))
    if dose_mg > book.quantity("oral.daily_max").to("mg/day"):
        return Fraction(dose_mg) - Fraction(book.quantities("oral.taper_high_step")[1].to("mg/day"))
    if dose_mg <= small:
        return max(Fraction(dose_mg) - small_step, Fraction(0))
    return Fraction(dose_mg) * (1 - Fraction(1, book.count("oral.taper_part")))


def days_before_step(dose_mg: Decimal, book: Book) -> int:
    """Return the least calendar days between the step to `dose_mg` and the next one of a taper."""
    high = dose_mg > book.quantity("oral.daily_max").to("mg/day")
    return int(book.quantity("oral.taper_high_days" if high else "oral.taper_step_days").to("days"))


def last_fall(facts: Facts) -> datetime | None:
    """Return when the daily oral dose fell last, as far as the chart says."""
    falls = [
        after.at for before, after in pairwise(facts.oral_history_taken) if after.scheduled_mg < before.scheduled_mg
    ]
    return falls[-1] if falls else None

"""How large a step of the pump's dose may be: by origin, by phase, and for the very first dose."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from eutonia.chart.facts import Facts
from eutonia.evidence import Known
from eutonia.findings.screening import effects_under
from eutonia.pump import PumpState
from eutonia.quantity import Quantity


def adjust_entry(facts: Facts, pump: PumpState, at: datetime) -> str | None:
    """The knowledge entry of the window that governs at this moment; none where origin or age is unknown."""
    if not isinstance(facts.origin, Known) or not isinstance(facts.age, Known):
        return None
    child = facts.age.value < facts.book.count("adjust.child_age")
    name = "adjust.cerebral" if child or facts.origin.value == "cerebral" else "adjust.spinal"
    return f"{name}_maintenance" if maintenance(facts, pump, at) else name


def adjust_window(facts: Facts, pump: PumpState, at: datetime) -> tuple[Decimal, Decimal] | None:
    """The least and the greatest rise of the daily dose in percent at this moment; none where origin or age is unknown."""
    name = adjust_entry(facts, pump, at)
    if name is None:
        return None
    low, high = facts.book.span(name)
    return low.value, high.value


def maintenance(facts: Facts, pump: PumpState, at: datetime) -> bool:
    """Whether the pump has run long enough for the maintenance windows, counted from its last restart if there was one."""
    after = timedelta(days=float(facts.book.quantity("adjust.maintenance_after").to("days")))
    begin = max((x for x in (pump.pump_start, pump.restarted_at) if x is not None), default=None)
    return begin is not None and at - begin > after


def dose_before(pump: PumpState, at: datetime) -> Quantity | None:
    """The daily dose that ran 24 h before `at`, so that several steps in a day are seen as one."""
    since = pump.therapy_since or pump.implanted
    before = [program for when, program in pump.dose_history if since <= when <= at - timedelta(hours=24)]
    return before[-1].daily if before else None


def start_dose(facts: Facts) -> Quantity | None:
    """The first daily dose by the start rules: twice the effective screening dose, the dose itself after a long response.

    It is not doubled where an effect was reported under that bolus.  None where there is no positive response or its duration is not known.
    """
    book = facts.book
    positive = [s for s in facts.screenings if s.outcome == "positive"]
    if not positive or positive[-1] is not facts.screenings[-1] or positive[-1].lasted is None:
        return None
    long = positive[-1].lasted.to("h") >= book.quantity("start.long_response").to("h")
    single = long or effects_under(facts, positive[-1])
    factor = book.count("start.factor_long_response" if single else "start.factor")
    return Quantity.of(positive[-1].dose.to("mcg") * factor, "mcg/day")

"""A change of a dose or a concentration so large that it may be a misplaced decimal point."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec import Struct

from eutonia.advice import Advice
from eutonia.chart import event as e
from eutonia.chart.orders import Program
from eutonia.evidence import Known
from eutonia.quantity import Quantity, plain, rounded

# For who enters it blind: neither a value nor a direction.
BLIND: Final = (
    "This entry changes a dose or a concentration fivefold or more, up or down, against the one before it: a decimal point may "
    "be misplaced. Read the value off the order, the vial or the pump itself, digit by digit."
)


class Change(Struct, frozen=True):
    """How large a change is.

    Parameters
    ----------
    name
        What changes.
    before, after
        The value before, or the one that the program means, and the value that is entered.
    times
        How many times as large the value becomes; below 1 for a fall.
    against
        What the value before is.
    """

    name: str
    before: Quantity
    after: Quantity
    times: Decimal
    against: str = "before"

    @property
    def says(self) -> str:
        """The change for the person who entered it."""
        ratio = self.times if self.times >= 1 else 1 / self.times
        how = "times as much" if self.times >= 1 else "times less"
        values = f"is {plain(self.after)} against {plain(self.before)} {self.against}"
        return f"The {self.name} {values}: {plain(rounded(ratio, '0.1'))} {how}. Is the decimal point where it belongs?"


def change(before: Advice, event: e.Event) -> Change | None:
    """Return the change that an event makes, if it is large enough to be a slip (`check.large_change`, an assumption).

    Compared are the daily dose of the pump and its largest periodic bolus, the concentration in its reservoir, the screening
    bolus and the daily oral dose, each with the last one that is not zero, and a bridge bolus with what the program gives
    in its time.
    """
    limit = before.book.count("check.large_change")
    changes = [
        Change(name, was, new, new.to(was.unit.name) / was.value, _OTHERWISE.get(name, "before"))
        for name, was, new in _compared(before, event.what)
        if was is not None and new is not None and was.value > 0 and new.value > 0
    ]
    large = [each for each in changes if each.times >= limit or each.times * limit <= 1]
    return max(large, key=lambda each: max(each.times, 1 / each.times), default=None)


_OTHERWISE: Final = {"bridge bolus": "by the program over its time"}
_Pair = tuple[str, Quantity | None, Quantity | None]


def _compared(before: Advice, what: e.What) -> Iterator[_Pair]:
    """What an event changes, and its values before and after."""
    pump, facts = before.pump, before.facts
    programs = [each for _, each in pump.dose_history if not each.stopped] if pump is not None else []
    match what:
        case e.Programmed(program=program) if programs and not program.stopped:
            yield "daily dose of the pump", programs[-1].daily, program.daily
            yield "largest periodic bolus", _largest(programs[-1]), _largest(program)
        case e.Bridge(dose=dose, over=over) if programs:
            meant = programs[-1].daily.to("mcg/day") * over.to("h") / 24
            yield "bridge bolus", Quantity.of(meant, "mcg"), dose
        case e.Refill(strength=strength) if pump is not None:
            yield "concentration in the reservoir", pump.strength, strength
        case e.Trial(dose=dose) if facts.screenings:
            yield "screening bolus", facts.screenings[-1].dose, dose
        case e.Oral(regimen=regimen) if regimen is not None and isinstance(facts.oral, Known):
            use = facts.oral.value
            yield "daily oral dose", use.daily_mg if use is not None else None, regimen.daily


def _largest(program: Program) -> Quantity | None:
    return max((each.dose for each in program.boluses), key=lambda dose: dose.to("mcg"), default=None)

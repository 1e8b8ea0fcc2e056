"""The dose that leaves the pump, where the concentration programmed and the one in the reservoir differ."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from eutonia.pump.reservoir import PumpState
from eutonia.quantity import Quantity, rounded


class Contents(Struct, frozen=True):
    """The concentrations of a pump.

    programmed: that of the program, mcg/mL; contained: those that may be in the reservoir, two where the product's label
    is another than the fill; delivered: the daily dose of each, mcg/day, empty where it is not known.
    """

    programmed: Quantity
    contained: tuple[Quantity, ...]
    delivered: tuple[Quantity, ...]


def mismatch(pump: PumpState) -> Contents | None:
    """Return the concentrations programmed and contained where they differ; None where they are one.

    While a bridge bolus runs the delivered dose is that of the bridge, and none is given here.

    Parameters
    ----------
    pump
        The pump at a moment.
    """
    if pump.told is None or pump.fill is None:
        return None
    contained = tuple(dict.fromkeys((pump.fill.strength, pump.fill.product or pump.fill.strength)))
    if contained == (pump.told,):
        return None
    delivered: tuple[Quantity, ...] = ()
    if pump.program is not None and not pump.program.stopped and pump.bridge_running_until is None:
        delivered = tuple(_delivered(pump.program.daily, pump.told, strength) for strength in contained)
    return Contents(pump.told, contained, delivered)


def _delivered(daily: Quantity, programmed: Quantity, contained: Quantity) -> Quantity:
    """The programmed volume with the drug that is in it, to a tenth of a microgram."""
    exact = Fraction(daily.to("mcg/day")) * Fraction(contained.to("mcg/mL")) / Fraction(programmed.to("mcg/mL"))
    return Quantity.of(rounded(Decimal(exact.numerator) / Decimal(exact.denominator), "0.1"), "mcg/day")

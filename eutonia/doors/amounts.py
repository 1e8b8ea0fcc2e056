"""Quantities and instants from the wire, in the words of the screens."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from eutonia.quantity import UNITS, Quantity, plain, rounded

UNKNOWN: Final = "unknown"


def amount(wire: dict[str, Any]) -> str:
    """A quantity from the wire in the words of the screen; what no finite decimal writes is said to be about that.

    >>> amount({"value": 120.0, "unit": "ug/d"}), amount({"value": 2000, "unit": "ug/mL"})
    ('120 mcg daily', '2,000 mcg/mL')
    >>> amount({"value": 17.142857142857142, "unit": "ug/d"})
    'about 17.143 mcg daily'
    """
    unit, value = UNITS[wire["unit"]], Decimal(str(wire["value"]))
    if value.is_finite() and value != rounded(value, "0.000001"):
        return f"about {plain(Quantity(rounded(value, '0.001'), unit))}"
    return plain(Quantity(value, unit))


def millilitres(value: float | None, step: str = "0.1") -> str:
    """A volume to a tenth of a mL, which is as fine as anybody can draw it."""
    return UNKNOWN if value is None else plain(Quantity(rounded(value, step), UNITS["mL"]))


def moment(iso: str | None) -> str:
    """An instant as people write it, in the clinic's time.

    >>> moment("2026-05-02T09:00:00+02:00")
    '2026-05-02 09:00'
    """
    return UNKNOWN if iso is None else iso[:16].replace("T", " ")


def day(iso: str | None) -> str:
    """The day of an instant."""
    return UNKNOWN if iso is None else iso[:10]

"""What the patient's own data have moved, as a drawing: each number's 90 % before and after, on a scale of its own."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from eutonia.doors.own import number

LEFT: Final = 8.0
RIGHT: Final = 272.0
HIGH: Final = 40.0


class Bar(NamedTuple):
    """From where to where, and where the median is."""

    begin: float
    end: float
    middle: float


class Span(NamedTuple):
    """One number: its name, its bars, and what stands at the ends of its scale."""

    title: str
    before: Bar
    after: Bar
    low: str
    high: str
    says: str


def spans(estimate: dict[str, Any] | None) -> list[Span]:
    """The numbers of an estimate; none where nothing was estimated.  Scales are logarithms, for so the numbers spread."""
    if estimate is None or "unknown" in estimate:
        return []
    return [_span(each) for each in estimate["parameters"]]


def _span(each: dict[str, Any]) -> Span:
    bands = [each["prior"], each["posterior"]]
    low, high = min(found["p05"] for found in bands), max(found["p95"] for found in bands)
    wide = math.log(high / low) if high > low > 0 else 1.0

    def at(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * min(max(math.log(max(value, low) / low) / wide, 0.0), 1.0), 2)

    before, after = (Bar(at(found["p05"]), at(found["p95"]), at(found["p50"])) for found in bands)
    unit = f", {each['unit']}" if each["unit"] else ""
    told = [f"{number(found['p50'])} ({number(found['p05'])} to {number(found['p95'])})" for found in bands]
    return Span(
        f"{each['name'][0].upper()}{each['name'][1:]}{unit}", before, after, number(low), number(high),
        f"{each['name']}{unit}: {told[0]} before, {told[1]} after",
    )  # fmt: skip

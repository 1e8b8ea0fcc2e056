"""Predicted courses as drawings: one panel a quantity, bands over people, the same numbers as in the words.

The panels are made once from what goes out as JSON; the page and the file of a plot print them as SVG, the terminal as
lines of characters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from eutonia.doors.words import NAMES, NBSP
from eutonia.quantity import figures, plain

Point = tuple[float, float]

LEFT: Final = 8.0
RIGHT: Final = 272.0
TOP: Final = 22.0
FLOOR: Final = 84.0
HIGH: Final = 108.0


class Panel(NamedTuple):
    """One quantity over the horizon: outlines of 90 and 50 % of people, the median, and the words beside them."""

    name: str
    title: str
    outer: list[Point]
    inner: list[Point]
    middle: list[Point]
    now_x: float
    changes: list[float]
    scale: str
    last: str
    says: str


class Scale(NamedTuple):
    """The ends of a panel's axes, shared by the options of one kind so that they can be compared by eye."""

    first_h: float
    last_h: float
    low: float
    high: float

    def share(self, value: float) -> float:
        """How far up the scale a value lies, from 0 to 1; what is beyond its ends lies at them."""
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


def told(found: dict[str, Any]) -> list[str]:
    """Which quantities of a prediction are drawn: what the drug reaches first, then what it does."""
    bands = found["bands"]
    names = ["plasma_ng_ml" if found["route"] == "mouth" else "lumbar_ng_ml"]
    return names + [name for name in ("ashworth_legs", "tone") if name in bands][:1]


def averages(found: dict[str, Any]) -> str:
    """What a heading adds where each point is the average of a day."""
    return ", daily averages" if found["averaged_h"] else ""


def scales(every: Sequence[dict[str, Any]]) -> dict[str, Scale]:
    """The axes of each quantity that is drawn of these predictions."""
    return {
        name: scale(name, [each for each in every if name in each["bands"]]) for found in every for name in told(found)
    }


def scale(name: str, every: Sequence[dict[str, Any]]) -> Scale:
    """The axes that hold this quantity of all these predictions."""
    hours = [hour for each in every for hour in each["hours"]]
    if name == "ashworth_legs":
        low, high = 1.0, 5.0
    elif name == "tone":
        low, high = 0.0, 1.0
    else:
        low, high = 0.0, round_up(max(max(each["bands"][name]["p95"]) for each in every))
    return Scale(min(hours), max(max(hours), min(hours) + 1.0), low, high)


def round_up(value: float) -> float:
    """The next of 1, 2, 5, 10 ... at or above a value: the end of an axis, not a clinical number."""
    if value <= 0.0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(value))
    return next(step * decade for step in (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0) if step * decade >= value * 0.999)


def panel(name: str, found: dict[str, Any], axes: Scale) -> Panel:
    """The drawing of one quantity of one prediction."""
    bands, hours = found["bands"][name], found["hours"]

    def x(hour: float) -> float:
        return LEFT + (RIGHT - LEFT) * (hour - axes.first_h) / (axes.last_h - axes.first_h)

    def y(value: float) -> float:
        return FLOOR - (FLOOR - TOP) * axes.share(value)

    def line(band: str) -> list[Point]:
        return [(x(hour), y(value)) for hour, value in zip(hours, bands[band], strict=True)]

    return Panel(
        name,
        NAMES[name].short + averages(found),
        line("p05") + line("p95")[::-1],
        line("p25") + line("p75")[::-1],
        line("p50"),
        x(0.0),
        [x(hour) for hour in changes(found) if axes.first_h <= hour <= axes.last_h],
        ends(name, axes).replace(" ", NBSP),
        span(axes.last_h),
        NAMES[name].says(found),
    )


def ends(name: str, axes: Scale) -> str:
    """The ends of a scale with their unit."""
    quoted = NAMES[name]
    low, high = plain(quoted.times * axes.low), quoted.number(axes.high)
    return f"{low} to {high}"


def changes(found: dict[str, Any]) -> list[float]:
    """The hours after now at which a dose changes."""
    now = datetime.fromisoformat(found["now"])
    return [(datetime.fromisoformat(at) - now).total_seconds() / 3600.0 for at in found["changes"]]


def span(hours: float) -> str:
    """A length of time after now, in the unit that suits it."""
    if hours < 72.0:
        return f"+{plain(figures(round(hours), 2))} h"
    return f"+{plain(figures(round(hours / 24.0), 2))} days"


# -- on a terminal ------------------------------------------------------------------------------------------------------

_ROWS: Final = 6
_SHADES: Final = " ░▒━"


def lines(name: str, found: dict[str, Any], axes: Scale, width: int) -> list[str]:
    """The same band as lines of characters: light for 90 % of people, darker for 50 %, a line for the median."""
    bands, hours = found["bands"][name], found["hours"]
    columns = max(width, 10)

    def row(value: float) -> int:
        return min(int((1.0 - axes.share(value)) * _ROWS), _ROWS - 1)

    out = [[0] * columns for _ in range(_ROWS)]
    for column in range(columns):
        hour = axes.first_h + (axes.last_h - axes.first_h) * (column + 0.5) / columns
        if hour > hours[-1] + found["averaged_h"] / 2:
            continue
        at = min(range(len(hours)), key=lambda n: abs(hours[n] - hour))
        for shade, low, high in ((1, "p05", "p95"), (2, "p25", "p75"), (3, "p50", "p50")):
            for r in range(row(bands[high][at]), row(bands[low][at]) + 1):
                out[r][column] = max(out[r][column], shade)
    times = NAMES[name].times
    beside = [plain(times * axes.high), *[""] * (_ROWS - 2), plain(times * axes.low)]
    margin = max(len(each) for each in beside)
    drawn = [
        f"{end:>{margin}} ┤" + "".join(_SHADES[each] for each in line) for end, line in zip(beside, out, strict=True)
    ]
    now = min(max(int((0.0 - axes.first_h) / (axes.last_h - axes.first_h) * columns), 0), columns - 1)
    later = span(axes.last_h)
    foot = " " * now + "now"
    if len(foot) + 1 + len(later) <= columns:
        foot += " " * (columns - len(foot) - len(later)) + later
    return [*drawn, " " * (margin + 2) + foot]

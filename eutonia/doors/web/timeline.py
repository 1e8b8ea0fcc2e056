"""A patient's time line: doses, scores and what happened, on one line of time, with what a model expects if nothing changes.

It is drawn for any window, so that whoever looks closer sees more, and the table behind it holds the same window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from msgspec import Struct

from eutonia.advice import Advice
from eutonia.chart import event as e
from eutonia.chart.text import line_of
from eutonia.doors.bands import round_up
from eutonia.evidence import Unknown
from eutonia.moment import shown, shown_day
from eutonia.predict.future import Prediction
from eutonia.quantity import plain

Point = tuple[float, float]

WIDE: Final = 880.0
LEFT: Final = 62.0
RIGHT: Final = 868.0
_HIGH: Final = 92.0
_GAP: Final = 34.0
_ROW: Final = 22.0
# Beyond what is said of any patient a look is not finer than this, nor wider.
_FINEST: Final = timedelta(hours=2)
_WIDEST: Final = timedelta(days=365 * 30)


class Window(Struct, frozen=True):
    """From when to when is looked."""

    begin: datetime
    end: datetime

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return self.end - self.begin

    def x(self, at: datetime) -> float:
        """Where an instant lies."""
        return LEFT + (RIGHT - LEFT) * ((at - self.begin) / self.span)

    def holds(self, at: datetime) -> bool:
        """Whether an instant is in it."""
        return self.begin <= at <= self.end


class Dot(Struct, frozen=True):
    """Something at one instant; its words stand in the table too."""

    x: float
    y: float
    kind: str
    says: str


class Lane(Struct, frozen=True):
    """One quantity over time: its scale, what was, and what a model expects; unknown: from where on nobody knows."""

    title: str
    y: float
    floor: float
    scale: tuple[tuple[float, str], ...]
    line: tuple[Point, ...] = ()
    area: tuple[Point, ...] = ()
    dots: tuple[Dot, ...] = ()
    outer: tuple[Point, ...] = ()
    inner: tuple[Point, ...] = ()
    middle: tuple[Point, ...] = ()
    unknown: float | None = None


class Row(Struct, frozen=True):
    """What happened of one kind, as signs on a line of their own."""

    title: str
    y: float
    dots: tuple[Dot, ...]


class Entry(Struct, frozen=True):
    """One event in the table behind the drawing."""

    at: str
    says: str
    by: str


class Look(Struct, frozen=True):
    """A link to another window."""

    says: str
    query: str
    here: bool = False


class Timeline(Struct, frozen=True):
    """The drawing, its table, and the ways to other windows."""

    begin: str
    end: str
    lanes: tuple[Lane, ...]
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    now_x: float | None
    high: float
    says: str
    entries: tuple[Entry, ...]
    looks: tuple[Look, ...]
    moves: tuple[Look, ...]
    expected: str


_KINDS: Final[tuple[tuple[str, tuple[type, ...]], ...]] = (
    ("Trial", (e.Trial, e.Response)),
    (
        "Pump",
        (
            e.Implant,
            e.Explant,
            e.Revision,
            e.Refill,
            e.Prime,
            e.Bridge,
            e.Residual,
            e.Emptied,
            e.Aspirated,
            e.Explained,
            e.Device,
        ),
    ),
    ("Signs", (e.Symptom, e.Interruption)),
    ("Results", (e.Lab, e.Weight, e.Eeg)),
)
_SPANS: Final = (("week", 7), ("month", 30), ("quarter", 91), ("year", 365))


def timeline(advice: Advice, begin: str = "", end: str = "") -> Timeline:
    """The time line of a chart from `begin` to `end` (instants as ISO text); without them the last quarter and what is ahead."""
    facts, home = advice.facts, advice.facts.home
    today = advice.today
    found = today if isinstance(today, Prediction) else None
    ahead = facts.now + timedelta(hours=float(found.hours[-1])) if found is not None else facts.now + timedelta(days=7)
    first = min((each.at for each in facts.chart.events), default=facts.now)
    whole = Window(min(first, facts.now - timedelta(days=7)), ahead)
    window = _window(begin, end, home) or Window(max(whole.begin, facts.now - timedelta(days=91)), ahead)
    lanes, y = list[Lane](), 26.0
    for lane in _lanes(advice, window, found):
        lanes.append(lane(y))
        y += _HIGH + _GAP
    rows = list[Row]()
    events = [each for each in facts.chart.events if window.holds(each.at) and each.at <= facts.now]
    for title, kinds in _KINDS:
        those = [each for each in events if isinstance(each.what, kinds)]
        if those:
            rows.append(
                Row(title, y, tuple(Dot(window.x(each.at), y, title.lower(), _told(each, home)) for each in those))
            )
            y += _ROW
    here = window.holds(facts.now)
    return Timeline(
        window.begin.astimezone(home).isoformat(timespec="minutes"),
        window.end.astimezone(home).isoformat(timespec="minutes"),
        tuple(lanes),
        tuple(rows),
        tuple(_ticks(window, home)),
        window.x(facts.now) if here else None,
        y + 14.0,
        f"From {shown_day(window.begin, home)} to {shown_day(window.end, home)}: "
        f"{', '.join(each.title for each in lanes) or 'no dose and no score'}; {len(events)} events. The table below holds them.",
        tuple(
            Entry((shown_day if each.day_only else shown)(each.at, home), line_of(each.what), each.by or "")
            for each in reversed(events)
        ),
        tuple(_looks(window, whole, facts.now, home)),
        tuple(_moves(window, home)),
        _expected(advice),
    )


def _expected(advice: Advice) -> str:
    if advice.today is None:
        return "By the chart nothing is given today, so nothing is drawn ahead."
    if not isinstance(advice.today, Prediction):
        return f"What is ahead is unknown: {advice.today.why}"
    return (
        "Ahead of now: what a model expects if nothing changes. Dark: half of the people; light: 90% of them; "
        "line: the middle."
    )


# -- the lanes ---------------------------------------------------------------------------------------------------------


def _lanes(advice: Advice, window: Window, found: Prediction | None) -> Iterator[Callable[[float], Lane]]:
    """The quantities that the chart holds, each as what makes its lane at a height."""
    facts = advice.facts
    spinal = [
        (each.at, float(each.what.program.daily.to("mcg/day")))
        for each in facts.of(e.Programmed)
        if isinstance(each.what, e.Programmed)
    ]
    oral = [(at, float(daily)) for at, daily in facts.oral_history]
    if isinstance(facts.oral, Unknown):
        # The last order cannot be read: from then on nobody knows.
        oral, known = oral[:-1], oral[-1][0] if oral else facts.now
    else:
        known = facts.now
    for title, unit, steps, until in (
        ("Pump, as programmed", "mcg daily", spinal, _delivered_until(advice)),
        ("By mouth, as ordered", "mg daily", oral, known),
    ):
        if any(dose for _, dose in steps):
            yield _doses(title, unit, steps, window, min(until, facts.now), facts.now)
    marks = [(each, mark) for each in facts.of(e.Score) if isinstance(each.what, e.Score) for mark in each.what.marks]
    for title, scales, most, name in (
        ("Ashworth", ("ashworth", "modified ashworth"), 5.0, "ashworth_legs"),
        ("Penn", ("penn",), 4.0, "penn"),
    ):
        those = [(each, mark) for each, mark in marks if mark.scale in scales]
        if those or (found is not None and name in found.bands):
            yield _scored(title, those, most, window, found, name, advice.facts.home)


def _delivered_until(advice: Advice) -> datetime:
    """Until when the program says what the pump gives: it ends where the reservoir ran dry or delivery became uncertain."""
    pump = advice.pump
    if pump is None:
        return advice.facts.now
    ends = [pump.ran_dry_at, pump.empty_at, pump.uncertain[0][0] if pump.uncertain else None]
    return min([each for each in ends if each is not None and each <= advice.facts.now], default=advice.facts.now)


def _doses(
    title: str, unit: str, steps: list[tuple[datetime, float]], window: Window, known: datetime, now: datetime
) -> Callable[[float], Lane]:
    """A dose over time; from `known` on nobody knows what is given, so no line is drawn."""

    def lane(y: float) -> Lane:
        floor, until = y + _HIGH, min(known, window.end)
        # The dose that was given when the window opens, then each change in it, until now.
        before = [dose for at, dose in steps if at <= window.begin]
        inside = [(at, dose) for at, dose in steps if window.begin < at <= until]
        points = [(window.begin, before[-1] if before else 0.0), *inside]
        most = round_up(max(dose for _, dose in points))

        def at_y(dose: float) -> float:
            return floor - _HIGH * dose / most

        line: list[Point] = [(window.x(points[0][0]), at_y(points[0][1]))]
        for (_, was), (at, dose) in pairwise(points):
            line += [(window.x(at), at_y(was)), (window.x(at), at_y(dose))]
        if until > window.begin:
            line.append((window.x(until), line[-1][1]))
        area = [(line[0][0], floor), *line, (line[-1][0], floor)]
        scale = ((floor, "0"), (floor - _HIGH, plain(most)))
        dots = tuple(Dot(window.x(at), at_y(dose), "dose", f"{title}: {plain(dose)} {unit}") for at, dose in inside)
        unknown = window.x(known) if known < now and window.holds(known) else None
        return Lane(f"{title}, {unit}", y, floor, scale, tuple(line), tuple(area), dots, unknown=unknown)

    return lane


def _scored(
    title: str,
    marks: list[tuple[e.Event, e.Mark]],
    most: float,
    window: Window,
    found: Prediction | None,
    name: str,
    home: tzinfo,
) -> Callable[[float], Lane]:
    def lane(y: float) -> Lane:
        floor = y + _HIGH

        def at_y(value: float) -> float:
            return floor - _HIGH * min(value, most) / most

        dots = tuple(
            Dot(window.x(event.at), at_y(_value(mark)), _shape(mark), f"{shown(event.at, home)}: {_marked(mark)}")
            for event, mark in marks
            if window.holds(event.at)
        )
        scale = tuple((at_y(value), plain(value)) for value in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0) if value <= most)
        if found is None or name not in found.bands:
            return Lane(title, y, floor, scale, dots=dots)
        hours = [(found.begins + timedelta(hours=float(hour)), n) for n, hour in enumerate(found.hours)]
        ahead = [(window.x(at), n) for at, n in hours if found.begins <= at and window.holds(at)]
        rows = found.bands[name]

        def band(row: int) -> list[Point]:
            return [(x, at_y(float(rows[row][n]))) for x, n in ahead]

        return Lane(
            f"{title}, and expected in the legs" if name == "ashworth_legs" else f"{title}, and expected",
            y, floor, scale, dots=dots,
            outer=tuple(band(0) + band(4)[::-1]), inner=tuple(band(1) + band(3)[::-1]), middle=tuple(band(2)),
        )  # fmt: skip

    return lane


def _value(mark: e.Mark) -> float:
    # Where a code lies on the axis; it stays a code in the words.
    return 1.5 if mark.value == "1+" else float(mark.value)


def _shape(mark: e.Mark) -> str:
    if mark.scale == "modified ashworth":
        return "modified"
    return "legs" if mark.where in ("legs", "") else "elsewhere"


def _marked(mark: e.Mark) -> str:
    return " ".join(each for each in (mark.scale, mark.where, mark.value) if each)


def _told(event: e.Event, home: tzinfo) -> str:
    return f"{(shown_day if event.day_only else shown)(event.at, home)}: {line_of(event.what)}"


# -- the window and its ticks ------------------------------------------------------------------------------------------


def _window(begin: str, end: str, home: tzinfo) -> Window | None:
    """The window that was asked for; none where it is not understood."""
    try:
        found = [datetime.fromisoformat(text) for text in (begin, end)]
        first, last = (each if each.tzinfo else each.replace(tzinfo=home) for each in found)
        if not _FINEST <= last - first <= _WIDEST or not 1900 < first.year < 2200:
            return None
        return Window(first, last)
    except (ValueError, OverflowError):
        return None


def _query(begin: datetime, end: datetime, home: tzinfo) -> str:
    return "&".join(
        f"{name}={at.astimezone(home).isoformat(timespec='minutes').replace('+', '%2B')}"
        for name, at in (("from", begin), ("to", end))
    )


def _looks(window: Window, whole: Window, now: datetime, home: tzinfo) -> Iterator[Look]:
    for says, days in _SPANS:
        begin = now - timedelta(days=days)
        if begin > whole.begin:
            yield Look(f"Last {says}", _query(begin, whole.end, home), _same(window, begin, whole.end))
    yield Look("All", _query(whole.begin, whole.end, home), _same(window, whole.begin, whole.end))


def _same(window: Window, begin: datetime, end: datetime) -> bool:
    return abs(window.begin - begin) < timedelta(minutes=2) and abs(window.end - end) < timedelta(minutes=2)


def _moves(window: Window, home: tzinfo) -> Iterator[Look]:
    part = window.span / 4
    for says, begin, end in (
        ("Earlier", window.begin - 2 * part, window.end - 2 * part),
        ("Later", window.begin + 2 * part, window.end + 2 * part),
        ("Closer", window.begin + part, window.end - part),
        ("Wider", window.begin - 2 * part, window.end + 2 * part),
    ):
        if _FINEST <= end - begin <= _WIDEST and begin.year > 1900 and end.year < 2200:
            yield Look(says, _query(begin, end, home))


_STEPS: Final[tuple[tuple[timedelta, str], ...]] = (
    (timedelta(hours=1), "%H:%M"),
    (timedelta(hours=6), "%m-%d %H:%M"),
    (timedelta(days=1), "%m-%d"),
    (timedelta(days=7), "%m-%d"),
    (timedelta(days=30), "%Y-%m"),
    (timedelta(days=91), "%Y-%m"),
    (timedelta(days=365), "%Y"),
    (timedelta(days=1826), "%Y"),
)
_MOST_TICKS: Final = 9


def _ticks(window: Window, home: tzinfo) -> Iterator[tuple[float, str]]:
    """Round instants of the clinic's zone, at most nine."""
    step, form = next((each for each in _STEPS if window.span / each[0] <= _MOST_TICKS), _STEPS[-1])
    at = window.begin.astimezone(home)
    at = at.replace(minute=0, second=0, microsecond=0)
    if step >= timedelta(hours=6):
        at = at.replace(hour=0)
    if step >= timedelta(days=30):
        at = at.replace(day=1)
    if step >= timedelta(days=365):
        at = at.replace(month=1)
    while at <= window.end:
        if at >= window.begin:
            yield window.x(at), at.strftime(form)
        at = _after(at, step)


def _after(at: datetime, step: timedelta) -> datetime:
    """The next round instant: months and years are not all of one length."""
    months = {30: 1, 91: 3, 365: 12, 1826: 60}.get(step.days)
    if months is None:
        return at + step
    years, month = divmod(at.month - 1 + months, 12)
    return at.replace(year=at.year + years, month=month + 1)

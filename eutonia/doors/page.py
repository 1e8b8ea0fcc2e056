"""The advice as one page of HTML that needs nothing else: no script, no request, the same words as the terminal."""

from __future__ import annotations

import re
import textwrap
from datetime import datetime
from itertools import combinations, pairwise, permutations
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from msgspec import Struct
from msgspec.structs import replace

from eutonia.advice import Advice
from eutonia.chart import Facts
from eutonia.chart import event as e
from eutonia.doors import bands, own, spans, tradeoff, words
from eutonia.doors.amounts import millilitres
from eutonia.doors.bands import Panel
from eutonia.doors.words import NBSP, Level, Menu, Sheet
from eutonia.moment import DAY, shown_day
from eutonia.pump import PumpState, pump_state
from eutonia.quantity import plain

Point = tuple[float, float]


def write_page(advice: Advice, path: Path) -> None:
    """Writes the advice to `path` as a self-contained page."""
    path.write_text(page(advice), encoding="utf-8")


def page(advice: Advice) -> str:
    """The advice as HTML."""
    return environment().get_template("advice.html").render(parts(advice, advice.as_dict()))


def parts(advice: Advice, found: dict[str, Any]) -> dict[str, Any]:
    """What `sheet.html` prints of an advice; `found` is the advice as it goes out."""
    sheet = words.sheet(found)
    return {
        "sheet": sheet,
        "reservoir": _reservoir(advice, {row.label: row.text for row in sheet.pump}),
        "stairs": {menu.kind: _stairs(menu) for menu in sheet.menus},
        "legend": words.LEGEND,
        "panels": {menu.kind: _panels(menu) for menu in sheet.menus},
        "groups": _groups(sheet),
        "cards": [_card(lines) for lines in sheet.cards],
        "tradeoffs": tradeoff.tradeoffs(found),
        "tradeoff_legend": tradeoff.LEGEND,
        "moved": spans.spans(found["estimate"]),
        "spans_legend": own.SPANS,
    }


def emergency(found: dict[str, Any]) -> list[Card]:
    """The standing cards of an advice, for pages that show nothing else of it."""
    return [_card(tuple(each["card"])) for each in found["findings"] if each.get("card")]


def _panels(menu: Menu) -> list[list[Panel]]:
    """The drawings of what is expected of each option, those of a kind on the same scales."""
    every = [option.outlook.found for option in menu.options if option.outlook and option.outlook.found]
    axes = bands.scales(every)
    return [
        [bands.panel(name, option.outlook.found, axes[name]) for name in bands.told(option.outlook.found)]
        if option.outlook and option.outlook.found
        else []
        for option in menu.options
    ]


def write_plot(predictions: list[dict[str, Any]], path: Path, who: str) -> None:
    """Writes predictions as one drawing (SVG) that stands alone; the unknown ones are left to the words."""
    path.write_text(plot(predictions, who), encoding="utf-8")


def write_spans(estimate: dict[str, Any], path: Path, who: str) -> None:
    """Writes what an estimate has moved as one drawing (SVG) that stands alone."""
    rows = spans.spans(estimate)
    foot = spans.HIGH * len(rows) + 16.0
    closing = (who, *textwrap.wrap(own.SPANS, 66))
    text = (
        environment()
        .get_template("spans.svg")
        .render(
            rows=rows, height=foot + 11.0 * len(closing), foot=foot, title=f"The patient's own data, {who}",
            says=". ".join(each.says for each in rows), closing=closing,
        )
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")


def plot(predictions: list[dict[str, Any]], who: str) -> str:
    """The predictions as SVG: their panels below each other, each quantity on one scale."""
    known = [each for each in predictions if "unknown" not in each]
    axes = bands.scales(known)
    drawings: list[dict[str, Any]] = []
    y = 8.0
    for found in known:
        for number, name in enumerate(bands.told(found)):
            head = "" if number else f"{words.KINDS[found['kind']]}, {found['option']}"
            y += 0.0 if number else 18.0
            drawings.append({"panel": bands.panel(name, found, axes[name]), "y": y, "head": head, "head_y": -4.0})
            y += bands.HIGH
    says = " ".join(f"{each['head']} {each['panel'].title}: {each['panel'].says}." for each in drawings).strip()
    return (
        environment()
        .get_template("plot.svg")
        .render(
            drawings=drawings,
            height=y + 28.0,
            foot=y + 8.0,
            title=f"Expected, {who}",
            says=says,
            closing=(who, words.MODEL),
        )
    )


def _groups(sheet: Sheet) -> list[tuple[str, list[words.Remark]]]:
    return [
        (grade, remarks)
        for grade in words.GRADES
        if (remarks := [each for each in sheet.remarks if each.grade == grade])
    ]


class Block(Struct, frozen=True):
    """Lines of a card that belong together: an ordered list, or plain lines."""

    numbered: bool
    lines: list[str]


class Card(Struct, frozen=True):
    """An emergency card: its title, then what to do."""

    title: str
    blocks: list[Block]


def _card(lines: tuple[str, ...]) -> Card:
    title, *rest = lines
    found = Card(title, [])
    for line in rest:
        number = _NUMBERED.match(line)
        if not found.blocks or found.blocks[-1].numbered != bool(number):
            found.blocks.append(Block(bool(number), []))
        found.blocks[-1].lines.append(line[number.end() :] if number else line)
    return found


_NUMBERED: Final = re.compile(r"[0-9]+\. ")


# -- how text comes onto the page: `q` in HTML, `glue` in attributes and drawings, `c` for coordinates -----------------


TEMPLATES: Final = Path(__file__).parent / "templates"


def environment(*folders: Path) -> Environment:
    """The templates of all pages, before them those of some other folders."""
    found = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Where a whole story can be opened the workbench puts links; a page that stands alone has none.
    found.filters.update(q=q, glue=words.glue, c=coordinates, n=counted, whys=lambda _: "")
    return found


def counted(many: int) -> str:
    """How many of something, in groups of three digits."""
    return plain(many)


_LONGEST: Final = 32
_MEASURED: Final = re.compile(rf"[0-9.,]*[0-9](?:{NBSP}\S+)+")


def q(text: str) -> Markup:
    """`text` for a page: whatever holds a number stays on one line with its unit, and everything is escaped.

    >>> print(q("at most 80 mg <daily>"))
    at most <span class="q">80&nbsp;mg</span> &lt;daily&gt;
    """
    return Markup(" ").join(_held(each) for each in words.glue(text).split(" "))


def _held(word: str) -> Markup:
    if not any(each.isdigit() for each in word):
        return escape(word)
    if len(word) <= _LONGEST:
        return _span(word)
    # Longer than any dose with its unit: a name or an address, which may break rather than widen the page; not so a
    # number in it.
    found = _MEASURED.search(word)
    return escape(word) if found is None else escape(word[: found.start()]) + _span(word[found.start() :])


def _span(text: str) -> Markup:
    return Markup('<span class="q">{}</span>').format(Markup("&nbsp;").join(text.split(NBSP)))


def coordinates(value: float | list[Point]) -> str:
    """A coordinate of a drawing, or a line of them: lengths on paper, never clinical numbers."""
    if isinstance(value, list):
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in value)
    return f"{value:.1f}"


# -- the drawings: time runs to the right, amounts upwards; every word in them stands in the text as well --------------

# Small, because a telephone is 320 wide: what is drawn 280 wide can be read there, and grows a little elsewhere.
_WIDE: Final = 280.0
_LEFT, _RIGHT = bands.LEFT, bands.RIGHT
_TOP: Final = 24.0
_FLOOR: Final = 140.0
_STAIRS_FLOOR: Final = 96.0
_ROW: Final = 18.0
_LETTER: Final = 7.4
_MOST_DOTS: Final = 10


class Label(Struct, frozen=True):
    """Words in a drawing, and where they stand."""

    x: float
    y: float
    anchor: str
    says: str


class Mark(Struct, frozen=True):
    """A day that matters: where it lies on the line of time, and its words in a row of their own below it."""

    kind: str
    x: float
    y: float
    label: Label


class Reservoir(Struct, frozen=True):
    """How the level in the reservoir fell since the fill, and how it goes on if nothing changes."""

    past: list[Point]
    area: list[Point]
    ahead: list[Point]
    measured: list[Point]
    today: Label
    full: Label
    full_y: float
    alarm: Label
    alarm_y: float
    marks: tuple[Mark, ...]
    height: float
    says: str


class Stairs(Struct, frozen=True):
    """The daily dose of one option, step by step; the options of one kind share their scales."""

    line: list[Point]
    area: list[Point]
    dots: list[Point]
    marks: tuple[Mark, ...]
    says: str


def _reservoir(advice: Advice, row: dict[str, str]) -> Reservoir | None:
    """The drawing of the reservoir, with words from the pump's rows; none where no fill is on the chart."""
    pump, now, home = advice.pump, advice.facts.now, advice.facts.home
    if pump is None or pump.fill is None or pump.left_ml is None:
        return None
    days = [("filled", pump.fill.at), ("today", now)]
    if pump.due is not None and (book_by := advice.as_dict()["pump"]["book_by"]):
        days += [("book by", datetime.fromisoformat(book_by)), ("refill due", pump.due[0])]
    days.sort(key=lambda each: each[1])
    begin, end = days[0][1], max(days[-1][1], days[0][1] + DAY)
    full = float(pump.implant.capacity.to("mL"))
    most = max(full, float(pump.fill.volume.to("mL")))

    def x(at: datetime) -> float:
        return _LEFT + (_RIGHT - _LEFT) * ((at - begin) / (end - begin))

    def y(ml: float) -> float:
        return _FLOOR - (_FLOOR - _TOP) * ml / most

    past = [(x(at), y(ml)) for at, ml in _past(pump, advice)]
    ahead = [past[-1]]
    for at, ml in ((pump.low_at, float(pump.alarm_ml.to("mL"))), (pump.empty_at, 0.0)):
        if at is not None and at > now:
            ahead.append((x(at), y(ml)))
    here_x, here_y = past[-1]
    alarm_y = y(float(pump.alarm_ml.to("mL")))
    late = here_x > (_LEFT + _RIGHT) / 2
    left = row["Left, expected"]
    return Reservoir(
        past,
        _above_floor(past, _FLOOR),
        _until(_RIGHT, ahead),
        [(x(each.at), y(each.measured_ml)) for each in pump.readings if each.at >= pump.fill.at],
        Label(here_x + (-8 if late else 8), here_y + (16 if late else -8), "end" if late else "start", left),
        Label(_RIGHT, y(full) - 5, "end", f"full {millilitres(full)}"),
        y(full),
        Label(_LEFT, alarm_y - 5, "start", f"alarm {row['Alarm'].split(',')[0]}"),
        alarm_y,
        _marks(
            [
                (
                    name.replace(" ", "-"),
                    (x(at), here_y if name == "today" else _TOP if name == "refill due" else _FLOOR),
                    f"{name} {shown_day(at, home)}",
                )
                for name, at in days
            ],
            _FLOOR,
        ),
        _FLOOR + _ROW * len(days) + 6,
        f"{left} left today, alarm {row['Alarm']}; "
        + "; ".join(f"{name} {shown_day(at, home)}" for name, at in days)
        + ".",
    )


def _past(pump: PumpState, advice: Advice) -> list[tuple[datetime, float]]:
    """The level in mL since the last fill, at each moment from which the pump ran differently."""
    assert pump.fill is not None
    assert pump.left_ml is not None
    facts, begin = advice.facts, pump.fill.at
    turns = {event.at for event in facts.of(e.Programmed, e.Bridge, e.Prime) if begin < event.at < facts.now}
    turns |= {at for at in (pump.ran_dry_at, pump.stopped_at) if at is not None and begin < at < facts.now}
    found = [(begin, float(pump.fill.volume.to("mL")))]
    for at in sorted(turns):
        then = pump_state(Facts(facts.chart, at, facts.book))
        if then is not None and then.left_ml is not None:
            found.append((at, then.left_ml))
    return [*found, (facts.now, pump.left_ml)]


def _above_floor(line: list[Point], floor: float) -> list[Point]:
    return [(line[0][0], floor), *line, (line[-1][0], floor)]


def _until(right: float, line: list[Point]) -> list[Point]:
    """The part of a line that lies left of `right`."""
    found = line[:1]
    for (x0, y0), (x1, y1) in pairwise(line):
        if x1 > right:
            return [*found, (right, y0 + (y1 - y0) * (right - x0) / (x1 - x0))]
        found.append((x1, y1))
    return found


def _stairs(menu: Menu) -> list[Stairs | None]:
    """A drawing for each option whose daily dose changes more than once; all of a kind on the same scales."""
    every = [level for option in menu.options for level in option.levels]
    if not every:
        return [None for _ in menu.options]
    begin, end = min(each.instant for each in every), max(each.instant for each in every)
    most = max(each.daily for each in every)

    def at(level: Level) -> Point:
        return (
            _LEFT + (_RIGHT - _LEFT) * ((level.instant - begin) / (end - begin)),
            _STAIRS_FLOOR - (_STAIRS_FLOOR - _TOP) * level.daily / most,
        )

    return [_stair(option.levels, [at(each) for each in option.levels]) for option in menu.options]


def _stair(levels: tuple[Level, ...], points: list[Point]) -> Stairs | None:
    if not levels:
        return None
    line = points[:1]
    for (_, y0), (x1, y1) in pairwise(points):
        line += [(x1, y0), (x1, y1)]
    said = [(level, point) for level, point in zip(levels, points, strict=True) if level.says]
    return Stairs(
        line,
        _above_floor(line, _STAIRS_FLOOR),
        [point for _, point in (said if len(said) <= _MOST_DOTS else (said[0], said[-1]))],
        _marks([("day", point, _told(level)) for level, point in (said[0], said[-1])], _STAIRS_FLOOR),
        "; ".join(_told(level) for level, _ in said) + ".",
    )


def _told(level: Level) -> str:
    return f"{level.says} {'from' if level.daily else 'on'} {level.day}"


def _marks(wanted: list[tuple[str, Point, str]], floor: float) -> tuple[Mark, ...]:
    """Marks whose words stand below the floor, a row each, so that as few of their lines as can be run through words."""
    found = [Mark(kind, x, y, _label(x, says)) for kind, (x, y), says in wanted]
    rows = min(permutations(found), key=_crossings)
    return tuple(replace(mark, label=replace(mark.label, y=floor + _ROW * row)) for row, mark in enumerate(rows, 1))


def _crossings(rows: tuple[Mark, ...]) -> int:
    return sum(_covers(upper.label, lower.x) for upper, lower in combinations(rows, 2))


def _covers(label: Label, x: float) -> bool:
    length = _LETTER * len(label.says)
    begin = label.x if label.anchor == "start" else label.x - length
    return begin <= x <= begin + length


def _label(x: float, says: str) -> Label:
    length = _LETTER * len(says)
    if x + 6 + length <= _WIDE:
        return Label(x + 6, 0.0, "start", says)
    return Label(x - 6 if x - 6 - length >= 0 else _WIDE, 0.0, "end", says)

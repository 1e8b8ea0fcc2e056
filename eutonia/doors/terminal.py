"""The advice on a terminal: plain lines, the emergency card first, and no number ever parted from its unit."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from typing import Any, Final

import click

from eutonia.doors import bands, own, words
from eutonia.doors.words import NBSP, Option, Row, Sheet

NARROWEST: Final = 40
_ROOMY: Final = 60
_COLOURS: Final[dict[str, dict[str, Any]]] = {
    "STOP": {"fg": "red", "bold": True},
    "CAUTION": {"fg": "yellow", "bold": True},
    "NOTE": {"fg": "cyan"},
}
_HEAVY: Final = ("┏", "━", "┓", "┃", "┗", "┛")
_LIGHT: Final = ("┌", "─", "┐", "│", "└", "┘")
_ASCII: Final = str.maketrans("┏━┓┃┗┛┌─┐│└┘┤░▒", "+=+|+++-+|++|.:")


def render(found: dict[str, Any], parts: tuple[str, ...], width: int) -> str:
    """The parts of an advice that were asked for, wrapped to `width` columns, 40 at least.

    Head, emergency card and closing lines are always there.  Colours only where a person looks on.
    """
    sheet, width = words.sheet(found), max(width, NARROWEST)
    blocks: list[Iterator[str]] = [_head(sheet, width)]
    blocks += [_box(card, width, _HEAVY, {"fg": "red", "bold": True}) for card in sheet.cards]
    writers = {
        "findings": _findings, "pump": _pump, "plans": _plans, "outlooks": _outlooks, "estimate": _estimate, "order": _order, "refusals": _refusals, "tasks": _tasks,
    }  # fmt: skip
    blocks += [writers[part](sheet, width) for part in parts]
    blocks.append(_closing(sheet, width))
    text = "\n\n".join(block for block in ("\n".join(lines) for lines in blocks) if block)
    return _writable(text)


def _writable(text: str) -> str:
    """What the terminal's alphabet cannot show is shown another way: an answer is never lost to an encoding."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _tinted(text: str, **how: Any) -> str:
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return click.style(text, **how)
    return text


def _wrapped(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    lines = textwrap.wrap(
        words.glue(text),
        width,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(NBSP, " ") for line in lines]


def _indent(width: int) -> str:
    return " " * (9 if width >= _ROOMY else 2)


def _title(name: str, rest: str = "") -> str:
    return _tinted(name.upper() + rest, bold=True)


def _rows(rows: tuple[Row, ...], width: int, indent: str) -> Iterator[str]:
    for row in rows:
        first, *more = _wrapped(f"{row.label}: {row.text}", width, indent, indent + "  ")
        yield first.replace(f"{row.label}:", _tinted(f"{row.label}:", bold=True), 1)
        yield from more


def _listing(lines: tuple[str, ...], width: int, indent: str) -> Iterator[str]:
    for line in lines:
        yield from _wrapped(line, width, f"{indent}- ", f"{indent}  ")


def _basis(facts: str, sources: tuple[str, ...], width: int, indent: str) -> Iterator[str]:
    if text := "; ".join(([facts] if facts else []) + list(sources)):
        yield from (_tinted(line, dim=True) for line in _wrapped(f"From {text}", width, indent, indent + "  "))


def _box(
    lines: tuple[str, ...], width: int, frame: tuple[str, str, str, str, str, str], how: dict[str, Any]
) -> Iterator[str]:
    left_top, over, right_top, side, left_end, right_end = frame
    room = width - 4
    yield _tinted(left_top + over * (width - 2) + right_top, **how)
    for number, line in enumerate(lines):
        hang = "   " if line[:1].isdigit() else ""
        for text in _wrapped(line, room, "", hang):
            shown = _tinted(f"{text:<{room}}", bold=True) if number == 0 else f"{text:<{room}}"
            yield f"{_tinted(side, **how)} {shown} {_tinted(side, **how)}"
    yield _tinted(left_end + over * (width - 2) + right_end, **how)


def _head(sheet: Sheet, width: int) -> Iterator[str]:
    head = sheet.head
    who = ", ".join(each for each in (head.name, head.id, head.born) if each)
    yield from (_tinted(line, bold=True) for line in _wrapped(who, width))
    yield from _wrapped(f"Eutonia's advice {head.as_of}", width)
    yield from (_tinted(line, dim=True) for line in _wrapped(f"From {head.rests_on}", width))


def _findings(sheet: Sheet, width: int) -> Iterator[str]:
    yield _title("Findings", f": {sheet.tally}")
    indent = _indent(width)
    for remark in sheet.remarks:
        yield ""
        word = remark.word
        first, *more = _wrapped(f"{word:<8}".replace(" ", NBSP) + f" {remark.says}", width, "", indent)
        yield first.replace(word, _tinted(word, **_COLOURS[word]), 1)
        yield from more
        yield from _rows(remark.rows, width, indent)
        yield from _basis(remark.facts, remark.sources, width, indent)


def _pump(sheet: Sheet, width: int) -> Iterator[str]:
    if not sheet.pump:
        return
    yield _title("The pump, as the chart has it")
    if width < _ROOMY:
        yield from _rows(sheet.pump, width, "")
        return
    column = max(len(row.label) for row in sheet.pump) + 2
    for row in sheet.pump:
        first, *more = _wrapped(row.text, width, " " * column)
        yield _tinted(f"{row.label:<{column}}", bold=True) + first[column:]
        yield from more


def _plans(sheet: Sheet, width: int) -> Iterator[str]:
    if not sheet.menus:
        yield _title("Options", ": none")
        return
    for number, menu in enumerate(sheet.menus):
        if number:
            yield ""
        yield _title("Options", f": {menu.title}")
        yield from _wrapped(menu.says, width)
        for option in menu.options:
            yield ""
            yield from _option(option, width)
        if menu.watch:
            yield ""
            yield from _watch(menu.watch, width, "")
        yield from _basis(menu.facts, menu.sources, width, "")


def _option(option: Option, width: int) -> Iterator[str]:
    change = f", {option.change.says}" if option.change else ""
    for line in _wrapped(f"{option.number}: {option.title}{change} ({option.setting})", width, "", "  "):
        yield _tinted(line, bold=True)
    for move in option.moves:
        head = f"{move.at} {move.do}{f', {move.dose}' if move.dose else ''}"
        yield from _wrapped(f"{head}: {move.says}", width, "  ", "    ")
    yield from _rows(option.rows, width, "  ")
    if option.watch:
        yield from _watch(option.watch, width, "  ")
    yield from _basis(option.facts, option.sources, width, "  ")


def _outlooks(sheet: Sheet, width: int) -> Iterator[str]:
    """What a model expects of each option, drawn and in words; options of one kind on the same scales."""
    for menu in sheet.menus:
        every = [option.outlook.found for option in menu.options if option.outlook and option.outlook.found]
        axes = bands.scales(every)
        for option in menu.options:
            if option.outlook is None:
                continue
            for line in _wrapped(f"EXPECTED: {menu.title}, {option.title}", width, "", "  "):
                yield _tinted(line, bold=True)
            for name in bands.told(option.outlook.found) if option.outlook.found else ():
                assert option.outlook.found is not None
                yield from _wrapped(
                    f"{words.NAMES[name].short}, {bands.ends(name, axes[name])}{bands.averages(option.outlook.found)}",
                    width,
                    "  ",
                )
                yield from (
                    f"  {line}" for line in bands.lines(name, option.outlook.found, axes[name], min(width - 12, 72))
                )
            yield from _rows(option.outlook.rows, width, "  ")
            yield ""


def _estimate(sheet: Sheet, width: int) -> Iterator[str]:
    """What the patient's own data say."""
    lines, tables = sheet.learned
    if not lines:
        return
    yield _title("The patient's own data")
    yield from _rows(tuple(Row(*each) for each in lines), width, "  ")
    for table in tables:
        yield ""
        yield from _table(table, width)


def _order(sheet: Sheet, width: int) -> Iterator[str]:
    """The options of a kind in a reasoned order."""
    if not sheet.orders:
        return
    yield _title("In order")
    for n, table in enumerate(sheet.orders):
        if n:
            yield ""
        yield from _table(table, width)


def _table(table: own.Table, width: int) -> Iterator[str]:
    for line in _wrapped(table.heading, width, "  ", "    "):
        yield _tinted(line, bold=True)
    for line in own.drawn(table, width - 2):
        yield from _wrapped(line, width, "  ", "    ") if len(line) > width - 2 else [f"  {line}".replace(NBSP, " ")]
    for note in table.notes:
        yield from _wrapped(note, width, "  - ", "    ")


def _watch(watch: tuple[str, ...], width: int, indent: str) -> Iterator[str]:
    yield indent + _tinted("Watch:", bold=True)
    yield from _listing(watch, width, indent)


def _refusals(sheet: Sheet, width: int) -> Iterator[str]:
    if not sheet.denials:
        return
    yield _title("Refused")
    for denial in sheet.denials:
        yield ""
        yield from _wrapped(f"{denial.title}: {denial.why}", width, "", "  ")
        yield from _rows((Row("What lifts it", denial.lifts),), width, "  ")
        yield from _basis(denial.facts, (), width, "  ")


def _tasks(sheet: Sheet, width: int) -> Iterator[str]:
    if not sheet.chores:
        return
    yield _title("Tasks")
    for chore in sheet.chores:
        yield from _wrapped(f"{chore.by}: {chore.do} ({chore.because})", width, "- ", "  ")


def _closing(sheet: Sheet, width: int) -> Iterator[str]:
    if sheet.boxed:
        yield from _box((f"{words.BOXED}: {sheet.boxed}",), width, _LIGHT, {})
    yield from _wrapped(sheet.closing, width)

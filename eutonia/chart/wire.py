"""A chart as JSON: the same events with typed fields, UCUM units, and the line each was written on.

The fields are checked by writing them as a line and reading that line, so text and JSON obey one set of rules.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.text import _WRITERS, CONTROL, Placer, Problem, ReadError, kind_of, read_line, uncommented, written
from eutonia.moment import MomentError, clock, read_day
from eutonia.quantity import Quantity, QuantityError, plain_number, unit

FORMAT: Final = "eutonia chart 1"

_TYPES: Final[dict[str, type]] = {kind: cls for cls, (kind, _) in _WRITERS.items()}


def encode(value: Any) -> Any:
    """A value of an event as JSON carries it."""
    if isinstance(value, Quantity):
        return value.wire()
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [encode(each) for each in value]
    if isinstance(value, Struct):
        named = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return {name: encode(each) for name, each in named if each not in (None, (), False)}
    return value


def event_to_json(event: e.Event) -> dict[str, Any]:
    """One event as a JSON object; `written` is there only where the line was not in its plainest form."""
    found: dict[str, Any] = {"at": event.written, "event": kind_of(event.what), **encode(event.what)}
    if event.by:
        found["by"] = event.by
    if event.text and event.text != written(event):
        found["written"] = event.text
    return found


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _decode(value: Any, hint: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        if value is None:
            raise QuantityError(f"{where} is null; leave it out where it is not known")
        hint = next(each for each in get_args(hint) if each is not type(None))
        origin = get_origin(hint)
    if origin is Literal:
        if value not in get_args(hint):
            raise QuantityError(f"{where} is {json.dumps(value)}; write one of: {', '.join(map(str, get_args(hint)))}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise QuantityError(f"{where} must be a list")
        return tuple(_decode(each, get_args(hint)[0], f"{where}[{n}]") for n, each in enumerate(value))
    if hint is Quantity:
        return _quantity(value, where)
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _object(value, hint, where)
    if hint in (date, time) and isinstance(value, str):
        return read_day(value) if hint is date else clock(value)
    if hint is Decimal and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Decimal(value)
    if hint in (str, int, bool) and type(value) is hint:
        return value
    raise QuantityError(f"{where} is {json.dumps(value, default=str)}, which does not fit there")


def _quantity(value: Any, where: str) -> Quantity:
    if not isinstance(value, dict) or set(value) != {"value", "unit"}:
        raise QuantityError(
            f'{where} needs both a value and a unit, and nothing else, such as {{"value": 50, "unit": "ug"}}'
        )
    amount, name = value["value"], value["unit"]
    if isinstance(amount, bool) or not isinstance(amount, (int, Decimal)) or not isinstance(name, str):
        raise QuantityError(f"{where} needs a number and the name of a unit")
    size = Decimal(amount).adjusted() if amount else 0
    if not -7 < size < 10:
        raise QuantityError(f"{where} is not a number that a chart can hold")
    try:
        return Quantity(Decimal(amount), unit(name))
    except QuantityError as error:
        raise QuantityError(f"{where}: {error}") from None


def _object(value: Any, cls: type[Struct], where: str) -> Any:
    if not isinstance(value, dict):
        raise QuantityError(f"{where} must be an object")
    hints = _hints(cls)
    if unknown := set(value) - set(hints):
        raise QuantityError(f"{where} has '{sorted(unknown)[0]}', which is not known there")
    # What may be unknown and is not there is unknown.
    absent = {name: None for name, hint in hints.items() if name not in value and type(None) in get_args(hint)}
    try:
        return cls(**absent, **{name: _decode(each, hints[name], f"{where}.{name}") for name, each in value.items()})
    except TypeError:
        missing = [name for name in cls.__struct_fields__ if name not in value]
        raise QuantityError(f"{where} lacks '{missing[0]}'") from None


def read_json(text: str, source: str, home: tzinfo) -> tuple[tuple[e.Event, ...], tuple[str, ...]]:
    """The events of a chart in JSON, and its lines of text; every problem is named with its place in the JSON."""
    try:
        data = json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise ReadError(source, (Problem(0, "", f"this is not JSON: {why}"),)) from None
    items = data.get("events") if isinstance(data, dict) else None
    if not isinstance(items, list) or data.get("format") != FORMAT:
        raise ReadError(source, (Problem(0, "", f'a chart in JSON is {{"format": "{FORMAT}", "events": [...]}}'),))
    if unknown := set(data) - {"format", "events", "zone", "dropped"}:
        raise ReadError(source, (Problem(0, "", f"'{sorted(unknown)[0]}' is not known beside 'events'"),))
    events: list[e.Event] = []
    lines: list[str] = []
    problems: list[Problem] = []
    placer = Placer(home)
    for number, item in enumerate(items):
        where = f"events[{number}]"
        if isinstance(item, dict) and set(item) == {"written"} and _is_comment(item["written"]):
            lines.append(str(item["written"]))
            continue
        try:
            event = _event(item, where, placer, len(lines) + 1)
        except (QuantityError, MomentError) as error:
            says = str(error)
            problems.append(Problem(0, "", says if says.startswith(where) else f"{where}: {says}"))
            continue
        events.append(event)
        lines.append(event.text)
    if problems:
        raise ReadError(source, tuple(problems))
    return tuple(events), tuple(lines)


def _event(item: Any, where: str, placer: Placer, line: int) -> e.Event:
    if not isinstance(item, dict):
        raise QuantityError(f"{where} must be an object")
    rest = dict(item)
    at, kind, by, text = (rest.pop(key, None) for key in ("at", "event", "by", "written"))
    if not isinstance(kind, str) or kind not in _TYPES:
        raise QuantityError(f"{where}.event is {json.dumps(kind, default=str)}; write one of: {', '.join(_TYPES)}")
    if not isinstance(at, str) or not isinstance(by, (str, type(None))) or not isinstance(text, (str, type(None))):
        raise QuantityError(f"{where} needs 'at' such as \"2026-01-05 09:30\", and texts in 'by' and 'written'")
    what = _object(rest, _TYPES[kind], where)
    day, _, clock_text = at.partition(" ")
    instant, moment, day_only = placer.place(day, clock_text or None)
    event = e.Event(instant, what, moment, day_only, by, line)
    plainest = written(event)
    if CONTROL.search(plainest + (text or "")) or not _encodes(plainest + (text or "")):
        raise QuantityError(f"{where} holds a line break or a character that no text can hold")
    if read_line(uncommented(plainest)) != (day, clock_text or None, what, by):
        raise QuantityError(f"{where} would be written '{plainest}', which reads differently")
    if text is not None and read_line(uncommented(text)) != (day, clock_text or None, what, by):
        raise QuantityError(f"{where}: its 'written' ('{text}') says something else than its fields")
    return e.Event(instant, what, moment, day_only, by, line, plainest if text is None else text)


def _is_comment(text: object) -> bool:
    return (
        isinstance(text, str)
        and not CONTROL.search(text.removesuffix("\r"))
        and not uncommented(text)
        and _encodes(text)
    )


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' stands twice in one object")
    return found


def to_json(events: tuple[e.Event, ...], lines: tuple[str, ...], zone: str) -> dict[str, Any]:
    """The chart as one JSON object; comments and blank lines are kept as bare texts, so that the text comes back whole."""
    by_line = {event.line: event for event in events}
    items = [
        event_to_json(by_line[number]) if number in by_line else {"written": line}
        for number, line in enumerate(lines, 1)
    ]
    return {"format": FORMAT, "zone": zone, "events": items}


def moment_of(at: datetime) -> str:
    """An instant as a chart writes it: day, time and distance from UTC."""
    return at.strftime("%Y-%m-%d %H:%MZ") if not at.second else at.strftime("%Y-%m-%d %H:%M:%SZ")

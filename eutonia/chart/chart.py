"""One person's events, in order, with the text they came from; and what they say at a moment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache, cached_property
from operator import attrgetter
from typing import Any

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from eutonia.chart import event as e
from eutonia.chart.text import Problem, ReadError, read_text, written
from eutonia.chart.wire import read_json, to_json
from eutonia.moment import MomentError, local_day, read_instant, start_of, zone


class Dropped(Struct, frozen=True):
    """Something in an electronic record that is not on the chart, and why."""

    where: str
    what: str
    why: str


class Chart(Struct, frozen=True, dict=True):
    """One person's events, sorted by their moments; events of one moment stay in the order of writing."""

    events: tuple[e.Event, ...]
    lines: tuple[str, ...]
    zone_name: str = "UTC"
    source: str = "chart"
    dropped: tuple[Dropped, ...] = ()

    def __post_init__(self) -> None:
        force_setattr(self, "events", tuple(sorted(self.events, key=attrgetter("at"))))
        ids = {event.what.id: event for event in self.by_kind.get(e.Person, ()) if isinstance(event.what, e.Person)}
        if len(ids) > 1:
            places = ", ".join(f"{name} (line {event.line})" for name, event in ids.items())
            says = f"two patients stand in one chart: {places}; keep one chart a person"
            raise ReadError(self.source, (Problem(0, "", says),))

    @cached_property
    def by_kind(self) -> Mapping[type, tuple[e.Event, ...]]:
        """The events of each kind, in their order."""
        kinds: dict[type, list[e.Event]] = {}
        for event in self.events:
            kinds.setdefault(type(event.what), []).append(event)
        return {kind: tuple(found) for kind, found in kinds.items()}

    @property
    def home(self) -> tzinfo:
        """The clinic's zone, in which times without a zone were read."""
        return zone(self.zone_name)

    @property
    def hash(self) -> str:
        """A fingerprint of what happened: the same for every way of writing the same events."""
        digest = hashlib.sha256()
        for event in self.events:
            moment = event.at.isoformat() + (" day" if event.day_only else "")
            words = written(replace(event, written="")).strip()
            digest.update(f"{moment} {words}\n".encode())
        return digest.hexdigest()

    def to_text(self) -> str:
        """The chart as it was written, comments and spaces included."""
        return "\n".join(self.lines)

    def to_json(self) -> dict[str, Any]:
        """The chart as JSON, from which the same text can be read again."""
        return to_json(self.events, self.lines, self.zone_name)

    def moment(self, now: datetime | str) -> datetime:
        """The instant meant by `now`; a date without a time stands after everything written on that day."""
        if isinstance(now, datetime):
            if now.tzinfo is not None:
                try:
                    return now.astimezone(UTC)
                except OverflowError:
                    raise MomentError(f"'{now}' is too far away to be a moment") from None
            now = now.isoformat(sep=" ", timespec="seconds")
        if not isinstance(now, str):
            raise MomentError(f"{now!r} is not a moment; give a datetime or a text such as '2026-05-02 09:00'")
        found = read_instant(now, self.home)
        if found.instant is not None:
            return found.instant
        on_day = [event.at for event in self.events if local_day(event.at, self.home) == found.day]
        return max([start_of(found.day, self.home), *on_day])

    def with_events(self, text: str) -> Chart:
        """This chart with further lines of text after its own."""
        joined = self.to_text()
        return from_text(
            joined + ("" if joined.endswith("\n") or not joined else "\n") + text, self.source, self.zone_name
        )


def from_text(text: str, source: str = "chart", zone_name: str = "UTC") -> Chart:
    """The chart written as plain text."""
    events = read_text(text, source, zone(zone_name))
    return _checked(Chart(events, tuple(text.split("\n")), zone_name, source))


def from_json(text: str, source: str = "chart", zone_name: str | None = None) -> Chart:
    """The chart written as JSON; a zone given by the caller must be the one the chart was written in."""
    inside = _zone_inside(text)
    if zone_name is not None and inside is not None and inside != zone_name:
        says = f"the chart was written in the zone {inside}, but {zone_name} was asked for; leave the zone out"
        raise ReadError(source, (Problem(0, "", says),))
    name = zone_name or inside or "UTC"
    try:
        home = zone(name)
    except MomentError as error:
        raise ReadError(source, (Problem(0, "", str(error)),)) from None
    events, lines = read_json(text, source, home)
    return _checked(Chart(events, lines, name, source))


def from_events(events: tuple[e.Event, ...], source: str, zone_name: str, dropped: tuple[Dropped, ...]) -> Chart:
    """The chart of events that were read from an electronic record; its lines are their plainest form."""
    numbered = tuple(
        replace(event, line=number, text=event.text or written(event))
        for number, event in enumerate(sorted(events, key=attrgetter("at")), 1)
    )
    lines = (*(event.text for event in numbered), "")
    return _checked(Chart(numbered, lines, zone_name, source, dropped))


def _checked(chart: Chart) -> Chart:
    if not chart.events:
        says = "the chart is empty; its first line names the person: '2026-01-05 09:30 person id A-17; born 1979-04-11; sex female'"
        raise ReadError(chart.source, (Problem(0, "", says),))
    return chart


@cache
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder()


def _zone_inside(text: str) -> str | None:
    try:
        data = _decoder().decode(text.strip())
    except (ValueError, RecursionError):
        return None
    found = data.get("zone", "UTC") if isinstance(data, dict) else None
    return found if isinstance(found, str) else "no text"

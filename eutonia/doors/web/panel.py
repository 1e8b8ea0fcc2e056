"""The panel: who needs what by when over all charts, by urgency; the charts by name; the calendar of what is due."""

from __future__ import annotations

import calendar as months
from collections import defaultdict
from datetime import date, timedelta
from typing import Final

from msgspec import Struct
from starlette.responses import PlainTextResponse, Response

from eutonia.doors.web.office import View
from eutonia.doors.web.ways import Asked, Refused
from eutonia.knowledge import book
from eutonia.moment import local_day, zone
from eutonia.watch import Task, Watched
from eutonia.watch.task import URGENCIES, Urgency

# So many tasks of one urgency, and so many charts, stand on a page.
_ON_A_PAGE: Final = 100
_HEADS: Final[dict[Urgency, str]] = {"now": "Now", "soon": "Soon", "later": "Later"}


class Line(Struct, frozen=True):
    """A task on the panel, and whose it is."""

    task: Task
    chart: Watched


class Group(Struct, frozen=True):
    """The tasks of one urgency: how many there are, and those that stand here."""

    urgency: Urgency
    head: str
    many: int
    lines: tuple[Line, ...]


def panel(asked: Asked) -> Response:
    """The work list by urgency; a search finds charts by name, id or birth date."""
    view, words = asked.office.view, asked.request.query_params
    what, urgency = words.get("what", ""), words.get("urgency", "")
    sought = asked.said("sought")
    page = _page(words.get("page", "1"))
    found = _found(view, sought)
    groups = tuple(
        group for group in _groups(asked, view, what, found, page) if not urgency or group.urgency == urgency
    )
    asked.note("looked at the panel")
    return asked.page(
        "panel.html",
        view=view, groups=groups, what=what, urgency=urgency, sought=sought, page=page,
        kinds=sorted({each.what for each in view.tasks}), more=any(group.many > page * _ON_A_PAGE for group in groups),
        found=sorted(found, key=_named)[:_ON_A_PAGE] if sought else (), many=len(found),
        counts={name: sum(1 for each in view.tasks if _urgency(asked, each, view) == name) for name in URGENCIES},
    )  # fmt: skip


def charts(asked: Asked) -> Response:
    """All charts, by name; those nobody has seen for longest can be looked for on the panel."""
    view = asked.office.view
    page = _page(asked.request.query_params.get("page", "1"))
    every = sorted(view.charts.values(), key=_named)
    asked.note("looked at the list of charts")
    return asked.page(
        "charts.html",
        view=view, every=every[(page - 1) * _ON_A_PAGE : page * _ON_A_PAGE], page=page, many=len(every),
        more=len(every) > page * _ON_A_PAGE, zone=asked.office.zone,
    )  # fmt: skip


class Day(Struct, frozen=True):
    """A day of the calendar and what is due on it."""

    day: date
    here: bool
    lines: tuple[Line, ...]


def calendar(asked: Asked) -> Response:
    """A month, with every task that has a day in it; refills alone, unless all are asked for."""
    view, words = asked.office.view, asked.request.query_params
    today = local_day(view.at, zone(asked.office.zone))
    try:
        first = date.fromisoformat(f"{words.get('month', today.isoformat()[:7])}-01")
        if not 1900 < first.year < 2200:
            raise ValueError
    except ValueError:
        raise Refused(422, "A month is written such as '2026-05'.") from None
    every = words.get("what", "refill") == "all"
    due = defaultdict[date, list[Line]](list)
    for task in view.tasks:
        if every or task.what == "refill":
            # What is overdue is to be done today.
            due[max(task.day, today)].append(Line(task, view.charts[task.chart]))
    weeks = [
        [Day(day, day.month == first.month, tuple(due.get(day, ()))) for day in week]
        for week in months.Calendar().monthdatescalendar(first.year, first.month)
    ]
    asked.note("looked at the calendar")
    return asked.page(
        "calendar.html",
        view=view, weeks=weeks, month=f"{months.month_name[first.month]} {first.year}", today=today, every=every,
        this=first.isoformat()[:7], before=(first - timedelta(days=1)).isoformat()[:7],
        after=(first + timedelta(days=31)).isoformat()[:7],
        days=[day for week in weeks for day in week if day.lines and day.here],
    )  # fmt: skip


def feed(asked: Asked) -> Response:
    """The tasks as a calendar that other programs fetch, by a key of one's own; it names charts, no person."""
    from eutonia.watch.calendar import calendar as written

    member = asked.office.staff.of_feed(asked.word("key"))
    if member is None or member.role == "administrator":
        raise Refused(404, "There is no such calendar.")
    asked.office.note(member.name, "fetched the calendar")
    with asked.office.panel() as found:
        return Response(written(found), media_type="text/calendar; charset=utf-8")


def health(asked: Asked) -> Response:
    """Whether the watching lives, for a program outside that watches it: 200 where it does, 503 where it does not."""
    if asked.office.pulse.stopped():
        return PlainTextResponse("the watching has stopped\n", 503)
    return PlainTextResponse("the watching is running\n")


def _page(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) > 0 else 1


def _named(each: Watched) -> tuple[str, str]:
    return ((each.who.name if each.who and each.who.name else "~").casefold(), each.held.person)


def _found(view: View, sought: str) -> list[Watched]:
    """The charts whose person's name, id or birth date holds every word that is sought."""
    words = sought.casefold().split()
    return [
        each
        for each in view.charts.values()
        if all(any(word in text for text in (each.held.person.casefold(), *_of(each))) for word in words)
    ]


def _of(each: Watched) -> tuple[str, ...]:
    if each.who is None:
        return ()
    return ((each.who.name or "").casefold(), each.who.born.isoformat() if each.who.born else "")


def _groups(asked: Asked, view: View, what: str, found: list[Watched], page: int) -> list[Group]:
    those = {each.held.id for each in found}
    held: dict[Urgency, list[Line]] = {name: [] for name in URGENCIES}
    for task in view.tasks:
        if task.chart in those and (not what or task.what == what):
            held[_urgency(asked, task, view)].append(Line(task, view.charts[task.chart]))
    return [
        Group(name, _HEADS[name], len(lines), tuple(lines[(page - 1) * _ON_A_PAGE : page * _ON_A_PAGE]))
        for name, lines in held.items()
    ]


def _urgency(asked: Asked, task: Task, view: View) -> Urgency:
    return task.urgency(view.at, book(asked.office.jurisdiction))

"""All charts of a ledger and their tasks: a chart is looked at again when it has grown, or when its last look is old."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from eutonia.chart import ReadError
from eutonia.chart.facts import Facts
from eutonia.knowledge import Book, book
from eutonia.ledger import Ledger
from eutonia.ledger.ledger import Held, folded
from eutonia.ledger.record import Record
from eutonia.moment import iso
from eutonia.watch.task import URGENCIES, Task
from eutonia.watch.tasks import tasks


class Watched(Struct, frozen=True):
    """One chart as it was last looked at: its head, when, and its tasks; or why it could not be looked at."""

    held: Held
    at: datetime
    tasks: tuple[Task, ...]
    failed: str = ""


class Panel:
    """The tasks over all charts.

    jurisdiction: whose label counts.  A chart that cannot be read is itself the first task: silence would hide it.
    """

    def __init__(self, ledger: Ledger, jurisdiction: str = "US") -> None:
        self.ledger, self.jurisdiction = ledger, jurisdiction
        self.charts: dict[str, Watched] = {}
        self.at: datetime | None = None

    @property
    def book(self) -> Book:
        """The knowledge that the watch rests on."""
        return book(self.jurisdiction)

    def refresh(self, now: datetime, seen: Callable[[int], None] = lambda _: None) -> int:
        """Looks at every chart that has grown since, or was last looked at too long ago; how many were looked at."""
        held = {each.id: each for each in self.ledger.charts()}
        old = timedelta(hours=float(self.book.quantity("watch.again").to("h")))
        stale = [
            each
            for each in held.values()
            if (known := self.charts.get(each.id)) is None
            or known.held.head != each.head
            or not known.at <= now < known.at + old
        ]
        # One at a time where few have changed; all records in one go where many have.
        records = _by_chart(self.ledger.records()) if len(stale) > 20 else {}
        for each in stale:
            self.charts[each.id] = self._looked(each, records.get(each.id) or self.ledger.records(each.id), now)
            seen(1)
        self.charts = {id: each for id, each in self.charts.items() if id in held}
        self.at = now
        return len(stale)

    def _looked(self, held: Held, records: Iterable[Record], now: datetime) -> Watched:
        try:
            chart = folded(tuple(records))
            return Watched(held, now, tasks(Facts(chart, now, self.book), held.id, held.person))
        except Exception as error:
            do = "Look at the chart: it cannot be looked at, and nobody watches over this patient."
            why = str(error) if isinstance(error, ReadError) else f"{type(error).__name__}: {error}"
            task = Task(held.id, held.person, "unread", now, do, why, "a correction", True)
            return Watched(held, now, (task,), why)

    def tasks(self) -> tuple[Task, ...]:
        """All tasks, the most pressing first; charts that were not seen for longest come first among equals."""
        assert self.at is not None, "refresh first"
        now, rank = self.at, {name: n for n, name in enumerate(URGENCIES)}
        every = [task for each in self.charts.values() for task in each.tasks]
        return tuple(
            sorted(every, key=lambda task: (rank[task.urgency(now, self.book)], not task.first, task.due, task.chart))
        )

    def as_dict(self) -> dict[str, Any]:
        """The panel as JSON: as of when, how many charts, and the tasks."""
        assert self.at is not None, "refresh first"
        return {
            "now": iso(self.at),
            "charts": len(self.charts),
            "unread": [each.held.id for each in self.charts.values() if each.failed],
            "knowledge": {"version": self.book.library.version, "hash": self.book.library.hash},
            "tasks": [each.as_dict(self.at, self.book) for each in self.tasks()],
        }


def _by_chart(records: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for each in records:
        found.setdefault(each.chart, []).append(each)
    return found

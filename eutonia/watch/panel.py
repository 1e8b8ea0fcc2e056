"""All charts of a ledger and their tasks: a chart is looked at again when it has grown, or when its last look is old."""

from __future__ import annotations

import gc
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache, partial
from multiprocessing import get_context
from multiprocessing.util import Finalize
from operator import itemgetter
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from eutonia.chart import ReadError, from_text
from eutonia.chart.event import Person
from eutonia.chart.facts import Facts
from eutonia.knowledge import Book, book
from eutonia.ledger import Ledger
from eutonia.ledger.ledger import Held
from eutonia.moment import MomentError, iso, local_day
from eutonia.moment import zone as zone_of
from eutonia.watch.task import Task
from eutonia.watch.tasks import tasks


class Watched(Struct, frozen=True):
    """One chart as it was last looked at: its head, when, its tasks and whose it is; or why it could not be looked at.

    zone: the name of the chart's zone, in which its days are counted.
    """

    held: Held
    at: datetime
    tasks: tuple[Task, ...]
    who: Person | None = None
    failed: str = ""
    zone: str = "UTC"

    @property
    def home(self) -> tzinfo:
        """The chart's zone; UTC where its name is damaged, since such a chart is a task as well."""
        try:
            return zone_of(self.zone)
        except MomentError:
            return UTC


# A task and its place among all: emergencies first, then by the day.  Urgency follows from that order at any moment.
Place = tuple[bool, datetime, str, int, Task]
# From so many charts on several processes look; so many charts are read at a time.
_MANY: Final = 500
_AT_ONCE: Final = 250
# Below this share of all tasks new ones are put in one by one.
_FEW: Final = 100


class Panel:
    """The tasks over all charts.

    jurisdiction: whose label counts.  A chart that cannot be looked at is itself among the first tasks: silence would hide
    it.  workers: how many processes look where many charts are to be looked at.
    """

    def __init__(self, ledger: Ledger, jurisdiction: str = "US", workers: int = 1) -> None:
        self.ledger, self.jurisdiction, self.workers = ledger, jurisdiction, workers
        self.charts: dict[str, Watched] = {}
        self.at: datetime | None = None
        self._seq = 0
        self._order: list[Place] = []

    @property
    def book(self) -> Book:
        """The knowledge that the watch rests on."""
        return book(self.jurisdiction)

    def refresh(self, now: datetime, seen: Callable[[int], None] = lambda _: None) -> int:
        """Looks at every chart that has grown since, or was last looked at too long ago; how many were looked at."""
        seq, grown = self.ledger.grown(self._seq)
        old = timedelta(hours=float(self.book.quantity("watch.again").to("h")))
        stale = {*grown, *(id for id, each in self.charts.items() if not each.at <= now < each.at + old)}
        kept, new = [place for place in self._order if place[2] not in stale], list[Place]()
        for each in self._looked(sorted(stale), now):
            id = each.held.id
            self.charts[id] = each
            new += [(not task.first, task.due, id, n, task) for n, task in enumerate(each.tasks)]
            seen(1)
        if len(new) < len(kept) // _FEW:
            # One chart has grown: each of its tasks finds its place, and nothing else is compared.
            for place in new:
                insort(kept, place)
            self._order = kept
        else:
            self._order = sorted(kept + new)
        self._seq, self.at = seq, now
        return len(stale)

    def _looked(self, ids: Sequence[str], now: datetime) -> Iterator[Watched]:
        parts = [ids[n : n + _AT_ONCE] for n in range(0, len(ids), _AT_ONCE)]
        if self.workers == 1 or len(ids) < _MANY:
            for part in parts:
                yield from looked(self.ledger, part, now, self.jurisdiction)
            return
        ask = partial(_asked, self.ledger.where, now=now, jurisdiction=self.jurisdiction)
        # New processes, not copies of this one: they would share its connections.
        with ProcessPoolExecutor(self.workers, get_context("spawn"), _begin) as pool:
            for found in pool.map(ask, parts):
                yield from found

    def tasks(self) -> tuple[Task, ...]:
        """All tasks, the most pressing first."""
        return tuple(map(itemgetter(-1), self._order))

    def day(self, task: Task) -> date:
        """Return the day on which a task stands in a calendar: what is due already stands on today's day of its chart."""
        assert self.at is not None, "refresh first"
        if task.urgency(self.at, self.book) != "now":
            return task.day
        return max(task.day, local_day(self.at, self.charts[task.chart].home))

    def as_dict(self) -> dict[str, Any]:
        """The panel as JSON: as of when, how many charts, and the tasks."""
        assert self.at is not None, "refresh first"
        return {
            "now": iso(self.at),
            "charts": len(self.charts),
            "unread": [each.held.id for each in self.charts.values() if each.failed],
            "knowledge": {"version": self.book.library.version, "hash": self.book.library.hash},
            "tasks": [each.as_dict(self.at, self.book, self.charts[each.chart].home) for each in self.tasks()],
        }


def looked(ledger: Ledger, ids: Sequence[str], now: datetime, jurisdiction: str) -> list[Watched]:
    """Looks at charts anew."""
    texts = ledger.texts_of(ids)
    return [_one(each, *texts[each.id], now, book(jurisdiction)) for each in ledger.held_of(ids)]


def _begin() -> None:
    """Without Python's garbage collector while charts are looked at: what is there now stays, and charts leave little."""
    gc.freeze()
    gc.disable()


def _asked(where: str, ids: Sequence[str], now: datetime, jurisdiction: str) -> list[Watched]:
    """The same in another process."""
    found = looked(_opened(where), ids, now, jurisdiction)
    gc.collect()
    return found


@cache
def _opened(where: str) -> Ledger:
    """Open the ledger for as long as the process lives."""
    ledger = Ledger(where)
    # A process of the pool ends by `os._exit`, which runs finalizers of multiprocessing and no `atexit`.
    Finalize(ledger, ledger.close, exitpriority=0)
    return ledger


def _one(held: Held, zone_name: str, text: str, now: datetime, known: Book) -> Watched:
    try:
        facts = Facts(from_text(text, f"chart {held.id}", zone_name), now, known)
        who = getattr(facts.person, "value", None)
        return Watched(held, now, tasks(facts, held.id, held.person), who, zone=zone_name)
    except Exception as error:
        do = "This chart cannot be read, so the patient is not monitored. Correct the chart."
        why = str(error) if isinstance(error, ReadError) else f"{type(error).__name__}: {error}"
        blank = Watched(held, now, (), None, why, zone_name)
        task = Task(held.id, held.person, "unread", now, local_day(now, blank.home), do, why, "a correction", True)
        return replace(blank, tasks=(task,))

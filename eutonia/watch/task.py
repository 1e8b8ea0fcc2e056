"""A task: what somebody should see to, why, by when, and the event that closes it.  Nothing else closes it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, Literal

from msgspec import Struct

from eutonia.knowledge import Book
from eutonia.moment import iso

Urgency = Literal["now", "soon", "later"]
URGENCIES: Final[tuple[Urgency, ...]] = ("now", "soon", "later")


class Task(Struct, frozen=True):
    """One task of one chart; `what` is its kind, such as 'refill'; chart and person as the ledger has them.

    due: an instant; day: its day in the chart's zone.  closes: how a line of the chart begins that closes it, empty where
    `do` names it.  first: whether it is of an emergency, before all else.
    """

    chart: str
    person: str
    what: str
    due: datetime
    day: date
    do: str
    because: str
    closes: str
    first: bool = False

    def urgency(self, now: datetime, book: Book) -> Urgency:
        """How soon it is to be seen to: what is due is so now."""
        if self.first or self.due <= now:
            return "now"
        soon = timedelta(days=float(book.quantity("watch.soon").to("days")))
        return "soon" if self.due <= now + soon else "later"

    def as_dict(self, now: datetime, book: Book, home: tzinfo = UTC) -> dict[str, Any]:
        """The task as JSON, its instant in the zone of its chart."""
        return {
            "chart": self.chart,
            "person": self.person,
            "what": self.what,
            "urgency": self.urgency(now, book),
            "due": iso(self.due, home),
            "day": self.day.isoformat(),
            "do": self.do,
            "because": self.because,
            "closes": self.closes,
        }

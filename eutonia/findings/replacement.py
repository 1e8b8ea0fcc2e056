"""When does the pump's service end, and has it ended?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, Grade, found
from eutonia.knowledge import Book
from eutonia.moment import shown_day
from eutonia.pump import PumpState

_ENTRIES = ("pump.eri_to_end", "pump.replacement_ahead", "withdrawal.boxed", "withdrawal.oral_not_enough")


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """The end of service with its date: a note a year ahead, a caution from when it is booked, a stop once it has passed."""
    if pump is None or pump.replacement_due is None:
        return
    end = pump.replacement_due
    if end <= facts.now:
        yield _ended(facts, end)
        return
    book = facts.book
    if end > facts.now + timedelta(days=float(book.quantity("pump.replacement_notice").to("days"))):
        return
    book_by = replacement_book_by(pump, book) or end
    indicator = _indicator(facts, pump)
    why = (
        f"the replacement indicator came on {shown_day(indicator, facts.home)}"
        if indicator
        else "by its years of service"
    )
    soon = book_by <= facts.now
    grade: Grade = CAUTION if soon else NOTE
    booked = (
        "book the replacement now" if soon else f"book the replacement by {shown_day(book_by, facts.home)} (assumption)"
    )
    yield found(
        book,
        "end-of-service",
        grade,
        f"The pump's service ends on {shown_day(end, facts.home)}: {why}; {booked}.",
        "Until then it delivers, and dosing goes on; after that day it stops, and no refill makes it run.",
        "Book the operation, and tell patient and caregiver the date.",
        *_ENTRIES,
        due=book_by,
    )  # fmt: skip


def replacement_book_by(pump: PumpState, book: Book) -> datetime | None:
    """Return when the replacement of the pump is booked at the latest; none where the end of service is not known."""
    ahead = timedelta(days=float(book.quantity("pump.replacement_ahead").to("days")))
    return None if pump.replacement_due is None else pump.replacement_due - ahead


def _indicator(facts: Facts, pump: PumpState) -> datetime | None:
    """When the replacement indicator of this pump was first seen."""
    return next(
        (
            event.at
            for event in facts.of(e.Device)
            if event.at >= pump.implanted
            and isinstance(event.what, e.Device)
            and event.what.what == "replacement indicator"
        ),
        None,
    )


def _ended(facts: Facts, end: datetime) -> Finding:
    return found(
        facts.book,
        "end-of-service",
        STOP,
        f"The pump's service ended on {shown_day(end, facts.home)}: whether it still delivers is not known.",
        "Past this day the pump stops by itself. A refill is not the remedy, and no dose is changed on it; "
        "withdrawal evolves over 1-3 days.",
        "Look for signs of withdrawal now; replace the pump, and bridge until then. Write 'implant ...' when it is done; "
        "if the date is wrong, correct the implant or the indicator.",
        *_ENTRIES,
        "withdrawal.evolves",
        stops=("start", "adjust", "refill", "strength change", "holiday", "restart", "reduction"),
        due=facts.now,
    )

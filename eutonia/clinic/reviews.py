"""Entries that one person made without the second, or outside the rules: each waits on the worklist for a review."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import Connection, select

from eutonia.chart.chart import from_text
from eutonia.chart.text import kind_of
from eutonia.clinic.objections import checked_reason
from eutonia.clinic.staff import Member
from eutonia.clinic.tables import REVIEWS
from eutonia.ledger import Ledger, LedgerError, Record
from eutonia.ledger.record import stamp

# 'void': the event was marked as entered in error before anybody reviewed it.
State = Literal["open", "reviewed", "void"]
_MARKS: Final = "and"


class Review(Struct, frozen=True, kw_only=True):
    """An entry that waits for a review, or had one.

    Parameters
    ----------
    record
        The hash of the event's record in the ledger.
    marks
        How it was entered, such as 'without a second person' and 'outside the rules (kidney)'.
    by
        Who entered it, by the name on the list of staff.
    result
        What the reviewer wrote.
    """

    id: str
    chart: str
    record: str
    line: str
    marks: tuple[str, ...]
    reason: str
    by: str
    at: str
    state: State = "open"
    reviewed_by: str = ""
    reviewed_at: str = ""
    result: str = ""

    @property
    def kind(self) -> str:
        """The kind of the event."""
        return kind_of(from_text(self.line, "the line").events[0].what)

    @property
    def how(self) -> str:
        """How it was entered, in words."""
        return f" {_MARKS} ".join(self.marks)


class Reviews:
    """The reviews of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def begin_in(
        self, connection: Connection, record: Record, *, marks: Sequence[str], reason: str, by: Member
    ) -> Review:
        """Put an entry on the worklist, in the transaction that writes it."""
        there = connection.execute(select(REVIEWS).where(REVIEWS.c.record == record.hash)).one_or_none()
        if there is not None:
            # The same form sent twice.
            return _review(there)
        review = Review(
            id=secrets.token_hex(8), chart=record.chart, record=record.hash, line=record.content, marks=tuple(marks),
            reason=reason, by=by.name, at=stamp(self.ledger.now()),
        )  # fmt: skip
        connection.execute(REVIEWS.insert(), _row(review))
        return review

    def open(self, chart: str | None = None) -> tuple[Review, ...]:
        """Return those that nobody has reviewed yet, the oldest first."""
        query = select(REVIEWS).where(REVIEWS.c.state == "open").order_by(REVIEWS.c.at)
        if chart is not None:
            query = query.where(REVIEWS.c.chart == chart)
        with self.ledger.looking() as connection:
            return tuple(_review(row) for row in connection.execute(query))

    def review(self, id: str) -> Review:
        """Return one of them.  Raises LedgerError where there is none."""
        with self.ledger.looking() as connection:
            return _one(connection, id)

    def finish(self, id: str, result: str, *, saw: str, by: Member) -> Review:
        """Record a review: a note on the chart and the end of the task, both or neither.

        Parameters
        ----------
        result
            What the reviewer found, at least 15 characters.
        saw
            The chart's head that the reviewer had seen.
        by
            The reviewer, another person than the one who made the entry.

        Raises
        ------
        Conflict
            If the chart has grown since `saw`.
        LedgerError
            If it is the same person, there is no such review, or it is done.
        """
        result = checked_reason(result)
        with self.ledger.adding() as connection:
            review = _one(connection, id)
            if review.by == by.name:
                raise LedgerError("another person than the one who entered it must review it")
            if (review.state, review.reviewed_by, review.result) == ("reviewed", by.name, result):
                return review
            if review.state != "open":
                raise LedgerError("this is reviewed already, or its event does not count any more")
            done = replace(
                review, state="reviewed", reviewed_by=by.name, reviewed_at=stamp(self.ledger.now()), result=result
            )
            note = f"{self.ledger.now():%Y-%m-%d %H:%M}+00:00 note reviewed by {by.shown} ({review.kind} of {_written(review)}, entered {review.how}): {result}"
            self.ledger.append_in(connection, review.chart, [note], saw=saw, by=by.shown)
            connection.execute(REVIEWS.update().where(REVIEWS.c.id == id).values(_row(done)))
            return done

    def void_in(self, connection: Connection, record: str) -> None:
        """End the review of an event that was marked as entered in error, in the transaction that marks it."""
        where = (REVIEWS.c.record == record) & (REVIEWS.c.state == "open")
        connection.execute(REVIEWS.update().where(where).values(state="void"))


def _written(review: Review) -> str:
    return from_text(review.line, "the line").events[0].written


def _row(review: Review) -> dict[str, Any]:
    return asdict(review) | {"marks": json.dumps(review.marks)}


def _review(row: Any) -> Review:
    return Review(**{**row._mapping, "marks": tuple(json.loads(row.marks))})


def _one(connection: Connection, id: str) -> Review:
    row = connection.execute(select(REVIEWS).where(REVIEWS.c.id == id)).one_or_none()
    if row is None:
        raise LedgerError("there is no such entry to review")
    return _review(row)

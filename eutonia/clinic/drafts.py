"""What waits for a second person: a refill, a program or a trial that one person entered and another enters again, blind.

The second person does not see the first one's values.  Where both are the same the event goes on the chart under both
names; where they are not, nothing does, and both see what differs.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import Connection, select

from eutonia.chart import event as e
from eutonia.chart.chart import from_text
from eutonia.chart.orders import Program
from eutonia.chart.text import kind_of, written
from eutonia.clinic.staff import Member
from eutonia.clinic.tables import DRAFTS
from eutonia.ledger import Ledger, LedgerError, Record
from eutonia.quantity import Quantity, plain

# What needs a second person, and what one person's entry rests on: where one of these came since, it is void.
CHECKED: Final = (e.Refill, e.Programmed, e.Trial, e.Bridge)
_RESTS_ON: Final = (*CHECKED, e.Implant, e.Revision, e.Prime, e.Residual, e.Explained, e.Device, e.Oral)

State = Literal["waiting", "differs", "entered", "withdrawn"]


class Differing(Struct, frozen=True):
    """A value that two people entered differently."""

    field: str
    first: str
    second: str


class Draft(Struct, frozen=True):
    """An event that waits: its line with its moment, the lines that go with it, who entered it, and what the second did.

    saw: the chart's head that the first person had seen.
    """

    id: str
    chart: str
    saw: str
    line: str
    beside: tuple[str, ...]
    by: str
    at: str
    state: State
    second: str
    second_by: str
    second_at: str

    @property
    def event(self) -> e.Event:
        """The event as the first person entered it."""
        return _event(self.line)

    @property
    def kind(self) -> str:
        """What kind of event it is, which everybody may know."""
        return kind_of(self.event.what)

    @property
    def differences(self) -> tuple[Differing, ...]:
        """In what the second entry differs from the first; none where there is no second yet."""
        return differences(self.event, _event(self.second)) if self.second else ()


class Drafts:
    """The drafts of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def begin(self, chart: str, line: str, beside: Sequence[str], *, saw: str, by: Member) -> Draft:
        """Keeps what the first person entered.  Raises LedgerError where the chart has moved on since."""
        event = _event(line)
        if not isinstance(event.what, CHECKED):
            raise LedgerError(f"'{line}' needs no second person")
        self._moved(chart, saw)
        at = self.ledger.clock().astimezone(UTC).isoformat(timespec="microseconds")
        made = Draft(secrets.token_hex(8), chart, saw, line, tuple(beside), by.name, at, "waiting", "", "", "")
        with self.ledger.adding() as connection:
            same = select(DRAFTS).where(DRAFTS.c.chart == chart, DRAFTS.c.line == line, DRAFTS.c.state == "waiting")
            for row in connection.execute(same):
                # The same form sent twice is one draft.
                return _draft(row)
            connection.execute(DRAFTS.insert(), _row(made))
        return made

    def open(self, chart: str | None = None) -> tuple[Draft, ...]:
        """Those that are not done with, the oldest first."""
        asked = select(DRAFTS).where(DRAFTS.c.state.in_(("waiting", "differs"))).order_by(DRAFTS.c.at)
        if chart is not None:
            asked = asked.where(DRAFTS.c.chart == chart)
        with self.ledger.looking() as connection:
            return tuple(_draft(row) for row in connection.execute(asked))

    def draft(self, id: str) -> Draft:
        """One of them.  Raises LedgerError where there is none."""
        with self.ledger.looking() as connection:
            return _found(connection, id)

    def enter(self, id: str, line: str, *, saw: str, by: Member, first: str) -> Draft:
        """What the second person entered; the event goes on the chart where both agree.

        first: the first person's name as it is shown.  Raises LedgerError where it is the same person, the draft is done
        with, or the chart has moved on.
        """
        draft = self.draft(id)
        if draft.state != "waiting":
            raise LedgerError("this is not waiting for a second person any more; look at what became of it")
        if by.name == draft.by:
            raise LedgerError("the second person must be another one than the first")
        self._moved(draft.chart, draft.saw)
        at = self.ledger.clock().astimezone(UTC).isoformat(timespec="microseconds")
        done = replace(draft, second=line, second_by=by.name, second_at=at)
        if done.differences:
            return self._become(replace(done, state="differs"))
        agreed = replace(draft.event, what=replace(draft.event.what, checked_by=by.shown))
        lines = [written(agreed).strip(), *draft.beside]
        self.ledger.append(draft.chart, lines, saw=saw, by=f"{first}; checked by {by.shown}")
        return self._become(replace(done, state="entered"))

    def withdraw(self, id: str, by: Member) -> Draft:
        """Takes back what is not done with; either of the two may, and whoever else may act."""
        draft = self.draft(id)
        if draft.state not in ("waiting", "differs"):
            raise LedgerError("this is done with already")
        return self._become(replace(draft, state="withdrawn", second_by=draft.second_by or by.name))

    def _become(self, draft: Draft) -> Draft:
        with self.ledger.adding() as connection:
            if _found(connection, draft.id).state not in ("waiting", "differs"):
                raise LedgerError("this is done with already")
            connection.execute(DRAFTS.update().where(DRAFTS.c.id == draft.id).values(_row(draft)))
        return draft

    def _moved(self, chart: str, saw: str) -> None:
        """Raises LedgerError where something came on the chart since that an entry rests on."""
        since = list(_since(self.ledger.records(chart), saw))
        if any(
            each.op == "strike" or (each.op == "event" and isinstance(_event(each.content).what, _RESTS_ON))
            for each in since
        ):
            new = "; ".join(each.told for each in since)
            raise LedgerError(f"the chart has moved on since this was entered: {new}. Withdraw it and enter it anew")


def differences(first: e.Event, second: e.Event) -> tuple[Differing, ...]:
    """In what two entries differ, value by value; the same amount in another unit is the same."""
    if type(first.what) is not type(second.what):
        return (Differing("what", written(first), written(second)),)
    one, other = _values(first.what), _values(second.what)
    names = [*one, *(name for name in other if name not in one)]
    return tuple(
        Differing(name, _shown(name, one.get(name)), _shown(name, other.get(name)))
        for name in names
        if one.get(name) != other.get(name)
    )


def _values(what: Any) -> dict[str, Any]:
    """The values of an event, each part of a program on its own."""
    found: dict[str, Any] = {}
    for name, value in asdict(what).items():
        if name == "program":
            found |= asdict(value)
        elif name != "checked_by":
            found[name] = value
    return found


def _shown(name: str, value: Any) -> str:
    if value is None or value == ():
        return "nothing"
    if isinstance(value, Quantity):
        return plain(value)
    return Program(**{name: value}).written if name in ("boluses", "steps") else str(value)


def _since(records: Sequence[Record], saw: str) -> Iterator[Record]:
    seen = False
    for each in records:
        if seen:
            yield each
        seen = seen or each.hash == saw
    if not seen:
        raise LedgerError(f"the chart never had the head {saw[:16]}")


def _event(line: str) -> e.Event:
    return from_text(line, "the line").events[0]


def _row(draft: Draft) -> dict[str, Any]:
    return asdict(draft) | {"beside": json.dumps(draft.beside)}


def _draft(row: Any) -> Draft:
    return Draft(**{**row._mapping, "beside": tuple(json.loads(row.beside))})


def _found(connection: Connection, id: str) -> Draft:
    row = connection.execute(select(DRAFTS).where(DRAFTS.c.id == id)).one_or_none()
    if row is None:
        raise LedgerError("there is nothing of this name that waits for a second person")
    return _draft(row)

"""What waits for a second person: a refill, a program or a trial that one person entered and another enters again, blind.

The second person does not see the first one's values.  Where both are the same the event goes on the chart under both
names; where they are not, nothing does, and both see what differs.  What one person enters at one visit waits in its
order: each rests on those before it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
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
from eutonia.ledger import Conflict, Ledger, LedgerError
from eutonia.ledger.record import stamp
from eutonia.quantity import Quantity, plain

# What needs a second person, and what one person's entry rests on: where one of these came since, it is void.
CHECKED: Final = (e.Refill, e.Programmed, e.Trial, e.Bridge)
_RESTS_ON: Final = (
    *CHECKED,
    e.Implant,
    e.Explant,
    e.Revision,
    e.Prime,
    e.Residual,
    e.Emptied,
    e.Aspirated,
    e.Explained,
    e.Device,
    e.Oral,
    e.Medication,
    e.Symptom,
    e.Interruption,
)

# So long an entry waits; after that nobody knows any more whether it still holds.
LONGEST: Final = timedelta(hours=24)
# Two people who look at one pump write nearly the same time.
_APART: Final = timedelta(minutes=15)

# 'writing': both agree, and it is being put on the chart.
State = Literal["waiting", "differs", "writing", "entered", "withdrawn"]
_OPEN: Final = ("waiting", "differs", "writing")


class Differing(Struct, frozen=True):
    """A value that two people entered differently."""

    field: str
    first: str
    second: str


class Draft(Struct, frozen=True):
    """An event that waits: its line with its moment, the lines that go with it, who entered it, and what the second did.

    saw: the chart's head that the first person had seen; after: what the same person had entered before, by its ids.
    """

    id: str
    chart: str
    saw: str
    line: str
    beside: tuple[str, ...]
    after: tuple[str, ...]
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
        """Keeps what the first person entered.

        Raises LedgerError where the chart has moved on since, or where what somebody else entered still waits.
        """
        event = _event(line)
        if not isinstance(event.what, CHECKED):
            raise LedgerError(f"'{line}' needs no second person")
        waiting = self.open(chart)
        for each in waiting:
            # The same form sent twice is one draft.
            if each.by == by.name and each.line == line:
                return each
        if any(each.by != by.name or each.state == "differs" for each in waiting):
            raise LedgerError(
                f"a {waiting[0].kind} of this chart still waits for a second person; let it be checked or withdrawn before "
                "another one is entered"
            )
        after = tuple(each.id for each in waiting)
        made = Draft(
            secrets.token_hex(8), chart, saw, line, tuple(beside), after, by.name, self._now(), "waiting", "", "", ""
        )
        self._moved(made)
        with self.ledger.adding() as connection:
            connection.execute(DRAFTS.insert(), _row(made))
        return made

    def open(self, chart: str | None = None) -> tuple[Draft, ...]:
        """Those that are not done with, the oldest first."""
        asked = select(DRAFTS).where(DRAFTS.c.state.in_(_OPEN)).order_by(DRAFTS.c.at)
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
        with or too old, or the chart has moved on.  The same entry sent again gives the same answer.
        """
        draft = self.draft(id)
        again = draft.second_by == by.name and draft.second == line
        if again and draft.state in ("entered", "differs"):
            return draft
        if by.name == draft.by:
            raise LedgerError("the second person must be another one than the first")
        if not (draft.state == "waiting" or (again and draft.state == "writing")):
            raise LedgerError("this is not waiting for a second person any more; look at what became of it")
        done = replace(draft, second=line, second_by=by.name, second_at=self._now())
        if done.differences:
            return self._become(replace(done, state="differs"), "waiting")
        if draft.state == "waiting":
            if self.ledger.now() - datetime.fromisoformat(draft.at) > LONGEST:
                raise LedgerError("this was entered too long ago to be checked now; withdraw it, and enter it anew")
            for each in draft.after:
                if self.draft(each).state != "entered":
                    raise LedgerError(
                        f"the {self.draft(each).kind} that was entered before it must be checked before it"
                    )
            self._moved(draft)
        # Said before it is written: whoever withdraws now is too late, and a writer that is killed can be followed by another.
        done = self._become(replace(done, state="writing"), draft.state)
        agreed = replace(draft.event, what=replace(draft.event.what, checked_by=by.shown))
        lines = [written(agreed).strip(), *draft.beside]
        try:
            self.ledger.append(draft.chart, lines, saw=saw, by=f"{first}; checked by {by.shown}")
        except Conflict:
            self._become(draft, "writing")
            raise
        try:
            return self._become(replace(done, state="entered"), "writing")
        except LedgerError:
            # Whoever meant to withdraw it met it on the chart, and said so first.
            return self.draft(id)

    def withdraw(self, id: str, by: Member) -> Draft:
        """Takes back what is not done with; either of the two may, and whoever else may act."""
        draft = self.draft(id)
        if draft.state == "writing" and self._stands(draft):
            # Its writer ended before it could say so.
            return self._become(replace(draft, state="entered"), "writing")
        if draft.state not in _OPEN:
            raise LedgerError("this is done with already; look at what became of it")
        gone = replace(draft, state="withdrawn", second="", second_by=by.name, second_at=self._now())
        return self._become(gone, draft.state)

    def _stands(self, draft: Draft) -> bool:
        """Whether its event is on the chart."""
        there = self.ledger.records(draft.chart)
        return any(each.op == "event" and _bare(each.content) == _bare(draft.line) for each in there)

    def _now(self) -> str:
        return stamp(self.ledger.now())

    def _become(self, draft: Draft, was: State) -> Draft:
        """Changes a draft, where it still is what it was when it was looked at."""
        with self.ledger.adding() as connection:
            here = (DRAFTS.c.id == draft.id) & (DRAFTS.c.state == was)
            if connection.execute(DRAFTS.update().where(here).values(_row(draft))).rowcount != 1:
                raise LedgerError("somebody else was quicker; look at what became of it")
        return draft

    def _moved(self, draft: Draft) -> None:
        """Raises LedgerError where something came on the chart since that an entry rests on, but what it waited for."""
        awaited = {_bare(self.draft(each).line) for each in draft.after}
        since = [
            each
            for each in self.ledger.since(draft.chart, draft.saw)
            if each.op == "strike"
            or (
                each.op == "event"
                and isinstance(_event(each.content).what, _RESTS_ON)
                and _bare(each.content) not in awaited
            )
        ]
        if since:
            new = "; ".join(each.told for each in since)
            raise LedgerError(f"the chart has moved on since this was entered: {new}. Withdraw it and enter it anew")


def _bare(line: str) -> str:
    """A line without who checked it."""
    event = _event(line)
    return written(
        replace(event, what=replace(event.what, checked_by=None)) if isinstance(event.what, CHECKED) else event
    )


def differences(first: e.Event, second: e.Event) -> tuple[Differing, ...]:
    """In what two entries differ, value by value; the same amount in another unit is the same."""
    if type(first.what) is not type(second.what):
        return (Differing("what", written(first), written(second)),)
    when = () if abs(first.at - second.at) <= _APART else (Differing("when", first.written, second.written),)
    one, other = _values(first.what), _values(second.what)
    names = [*one, *(name for name in other if name not in one)]
    return when + tuple(
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


def _event(line: str) -> e.Event:
    return from_text(line, "the line").events[0]


def _row(draft: Draft) -> dict[str, Any]:
    return asdict(draft) | {"beside": json.dumps(draft.beside), "after": json.dumps(draft.after)}


def _draft(row: Any) -> Draft:
    return Draft(**{**row._mapping, "beside": tuple(json.loads(row.beside)), "after": tuple(json.loads(row.after))})


def _found(connection: Connection, id: str) -> Draft:
    row = connection.execute(select(DRAFTS).where(DRAFTS.c.id == id)).one_or_none()
    if row is None:
        raise LedgerError("there is nothing of this name that waits for a second person")
    return _draft(row)

"""What waits for a second person: a refill, a program or a trial that one person entered and another enters again, blind.

The second person does not see the first one's values.  Where both are the same the event goes on the chart under both
names; where they are not, nothing does, and both see what differs.  What one person enters at one visit waits in its
order: each rests on those before it.  With an entry is kept what the rules held against it; where they hold something
else against it now, it is refused, whatever reason was given.  A checked event that was entered in error waits here too.
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
from eutonia.clinic.objections import Held, Objection, kept
from eutonia.clinic.staff import Member
from eutonia.clinic.tables import DRAFTS
from eutonia.ledger import Ledger, LedgerError
from eutonia.ledger.ledger import checked_by_two
from eutonia.ledger.record import Record, stamp
from eutonia.quantity import Quantity, plain

# What needs a second person, and what one person's entry rests on: where one of these came since, it is void.  Whatever
# else came (a sign, an allergy, a laboratory value, a pregnancy, another drug) is shown, and the rules look again.
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
    e.Interruption,
)

# So long an entry waits; after that nobody knows any more whether it still holds.
LONGEST: Final = timedelta(hours=24)
# Two people who look at one pump write nearly the same time.
_APART: Final = timedelta(minutes=15)

State = Literal["waiting", "differs", "entered", "withdrawn"]
_OPEN: Final = ("waiting", "differs")


class Differing(Struct, frozen=True):
    """A value that two people entered differently."""

    field: str
    first: str
    second: str


class Draft(Struct, frozen=True):
    """An event that waits: its line with its moment, the lines that go with it, who entered it, and what the second did.

    saw: the chart's head that the first person had seen; after: what the same person had entered before, by its ids.
    op: 'event', or 'strike' where the event of the record `target` is to be marked as entered in error.  reason: the first
    person's; against: what the rules held against it when the first person entered it.
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
    op: Literal["event", "strike"] = "event"
    target: str = ""
    reason: str = ""
    against: tuple[Held, ...] = ()

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

    def begin(
        self,
        chart: str,
        line: str,
        beside: Sequence[str],
        *,
        saw: str,
        by: Member,
        against: Sequence[Objection] = (),
        reason: str = "",
    ) -> Draft:
        """Keep what the first person entered.

        Parameters
        ----------
        against
            What the rules hold against the entry at this moment.
        reason
            Why it is entered all the same.

        Raises
        ------
        LedgerError
            If the chart has moved on since, what somebody else entered still waits, or the rules refuse and there is no
            reason.
        """
        event = _event(line)
        if not isinstance(event.what, CHECKED):
            raise LedgerError(f"'{line}' needs no second person")
        if against and not reason:
            raise LedgerError("the rules refuse this; without a reason it is not kept")
        with self.ledger.adding() as connection:
            waiting = _open(connection, chart)
            for each in waiting:
                # The same form sent twice is one draft.
                if each.by == by.name and each.line == line and each.op == "event":
                    return each
            if any(each.by != by.name or each.state == "differs" or each.op == "strike" for each in waiting):
                raise LedgerError(_still_waits(waiting[0]))
            after = tuple(each.id for each in waiting)
            made = Draft(
                secrets.token_hex(8), chart, saw, line, tuple(beside), after, by.name, self._now(), "waiting", "", "", "",
                reason=reason, against=kept(against),
            )  # fmt: skip
            self._moved(connection, made)
            connection.execute(DRAFTS.insert(), _row(made))
            return made

    def begin_strike(self, chart: str, record: Record, reason: str, *, saw: str, by: Member) -> Draft:
        """Keep that the first person marks a checked event as entered in error; it counts until another one confirms.

        Raises LedgerError where the event was not checked, anything of the chart waits, or the chart has moved on.
        """
        if record.chart != chart or record.op != "event" or not checked_by_two(record.content):
            raise LedgerError("only an event that two people checked is marked as entered in error by two people")
        with self.ledger.adding() as connection:
            waiting = _open(connection, chart)
            for each in waiting:
                if each.by == by.name and each.target == record.hash:
                    return each
            if waiting:
                raise LedgerError(_still_waits(waiting[0]))
            made = Draft(
                secrets.token_hex(8), chart, saw, record.content, (), (), by.name, self._now(), "waiting", "", "", "",
                op="strike", target=record.hash, reason=reason,
            )  # fmt: skip
            self._moved(connection, made)
            connection.execute(DRAFTS.insert(), _row(made))
            return made

    def open(self, chart: str | None = None) -> tuple[Draft, ...]:
        """Those that are not done with, the oldest first."""
        with self.ledger.looking() as connection:
            return _open(connection, chart)

    def draft(self, id: str) -> Draft:
        """One of them.  Raises LedgerError where there is none."""
        with self.ledger.looking() as connection:
            return _found(connection, id)

    def enter(
        self,
        id: str,
        line: str,
        *,
        saw: str,
        by: Member,
        first: str,
        arisen: Sequence[Objection],
        confirmed: bool = False,
    ) -> Draft:
        """Take what the second person entered; where both agree the event goes on the chart, in the same transaction.

        Parameters
        ----------
        first
            The first person's name as it is shown.
        arisen
            What the rules hold against the entry now and did not when the first person entered it.
        confirmed
            Whether the second person has seen that the rules refuse, and confirms the entry all the same.

        Raises
        ------
        Conflict
            If the chart has grown since `saw`.
        LedgerError
            If it is the same person, the entry is done with or too old, the chart has moved on, a rule refuses that the
            first person did not see, or what the rules held against it is not confirmed.
        """
        with self.ledger.adding() as connection:
            draft = _found(connection, id)
            if draft.second_by == by.name and draft.second == line and draft.state in ("entered", "differs"):
                return draft
            self._may_second(draft, by, "event")
            self._refused(draft, arisen, confirmed)
            done = replace(draft, second=line, second_by=by.name, second_at=self._now())
            if done.differences:
                return self._become(connection, replace(done, state="differs"))
            self._due(connection, draft)
            agreed = replace(draft.event, what=replace(draft.event.what, checked_by=by.shown))
            lines = [written(agreed).strip(), *(_confirmed(each, by) for each in draft.beside)]
            self.ledger.append_in(connection, draft.chart, lines, saw=saw, by=f"{first}; checked by {by.shown}")
            return self._become(connection, replace(done, state="entered"))

    def confirm_strike(self, id: str, *, saw: str, by: Member, first: str) -> Draft:
        """Take the second person's confirmation that a checked event was entered in error; it counts no more.

        Raises as `enter` does.  The same confirmation sent again gives the same answer.
        """
        with self.ledger.adding() as connection:
            draft = _found(connection, id)
            if draft.op == "strike" and draft.state == "entered" and draft.second_by == by.name:
                return draft
            self._may_second(draft, by, "strike")
            self._due(connection, draft)
            strikes = [(draft.target, draft.reason)]
            self.ledger.append_in(connection, draft.chart, (), saw=saw, by=first, strikes=strikes, second=by.shown)
            return self._become(connection, replace(draft, state="entered", second_by=by.name, second_at=self._now()))

    def withdraw(self, id: str, by: Member) -> Draft:
        """Take back what is not done with; either of the two may, and everybody else who may act."""
        with self.ledger.adding() as connection:
            draft = _found(connection, id)
            if draft.state not in _OPEN:
                raise LedgerError("this is done with already; look at what became of it")
            gone = replace(draft, state="withdrawn", second="", second_by=by.name, second_at=self._now())
            return self._become(connection, gone)

    @staticmethod
    def _may_second(draft: Draft, by: Member, op: str) -> None:
        if by.name == draft.by:
            raise LedgerError("the second person must be another one than the first")
        if draft.state != "waiting" or draft.op != op:
            raise LedgerError("this is not waiting for a second person any more; look at what became of it")

    @staticmethod
    def _refused(draft: Draft, arisen: Sequence[Objection], confirmed: bool) -> None:
        if arisen:
            rules = ", ".join(dict.fromkeys(each.rule for each in arisen))
            raise LedgerError(
                f"the rules refuse this now for a reason that the first person did not see ({rules}); withdraw it, and look "
                "at the chart"
            )
        if draft.against and not confirmed:
            raise LedgerError("the rules refuse this entry; the second person must confirm it separately")

    def _due(self, connection: Connection, draft: Draft) -> None:
        """Raises LedgerError where an entry is too old, waits for another one, or the chart has moved on."""
        if self.ledger.now() - datetime.fromisoformat(draft.at) > LONGEST:
            raise LedgerError("this was entered too long ago to be checked now; withdraw it, and enter it anew")
        for before in (_found(connection, each) for each in draft.after):
            if before.state != "entered":
                raise LedgerError(f"the {before.kind} that was entered before it must be checked before it")
        self._moved(connection, draft)

    def _now(self) -> str:
        return stamp(self.ledger.now())

    @staticmethod
    def _become(connection: Connection, draft: Draft) -> Draft:
        connection.execute(DRAFTS.update().where(DRAFTS.c.id == draft.id).values(_row(draft)))
        return draft

    def _moved(self, connection: Connection, draft: Draft) -> None:
        """Raises LedgerError where something came on the chart since that an entry rests on, but what it waited for."""
        awaited = {_bare(_found(connection, each).line) for each in draft.after}
        since = [
            each
            for each in self.ledger.since_in(connection, draft.chart, draft.saw)
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


def _still_waits(draft: Draft) -> str:
    return (
        f"a {draft.kind} of this chart still waits for a second person; let it be checked or withdrawn before another one "
        "is entered"
    )


def _confirmed(note: str, by: Member) -> str:
    """The first person's note on what the rules refuse, with the second person's name."""
    return f"{note}, confirmed by {by.shown}"


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
    against = [asdict(each) for each in draft.against]
    return asdict(draft) | {
        "beside": json.dumps(draft.beside),
        "after": json.dumps(draft.after),
        "against": json.dumps(against),
    }


def _draft(row: Any) -> Draft:
    against = tuple(Held(**each) for each in json.loads(row.against))
    lists = {"beside": tuple(json.loads(row.beside)), "after": tuple(json.loads(row.after)), "against": against}
    return Draft(**{**row._mapping, **lists})


def _open(connection: Connection, chart: str | None) -> tuple[Draft, ...]:
    query = select(DRAFTS).where(DRAFTS.c.state.in_(_OPEN)).order_by(DRAFTS.c.at)
    if chart is not None:
        query = query.where(DRAFTS.c.chart == chart)
    return tuple(_draft(row) for row in connection.execute(query))


def _found(connection: Connection, id: str) -> Draft:
    row = connection.execute(select(DRAFTS).where(DRAFTS.c.id == id)).one_or_none()
    if row is None:
        raise LedgerError("there is nothing of this name that waits for a second person")
    return _draft(row)

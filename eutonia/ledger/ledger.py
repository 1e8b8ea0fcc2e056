"""The ledger itself: charts that grow record by record, and never otherwise.

An append names the head that its writer had seen.  Where the chart has grown since, nothing is written and the writer is
shown what is new; where exactly this append had been taken already, it is only said so again.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import ColumnElement, Connection, Engine, func, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from eutonia.chart import Chart, ReadError
from eutonia.chart import event as e
from eutonia.chart.chart import from_text
from eutonia.chart.facts import Facts
from eutonia.chart.text import Problem, written
from eutonia.knowledge import book
from eutonia.ledger.errors import Conflict, LedgerError
from eutonia.ledger.record import NOTHING, Op, Record, made, strike, struck_by
from eutonia.ledger.tables import CHARTS, KEPT, RECORDS, TIP, VERSION, connected, reading

# What is true of a whole day, whatever came before or after it on that day.
_OF_THE_DAY: Final = (
    e.Person, e.Weight, e.Height, e.Condition, e.Allergy, e.Medications, e.Pregnancy, e.Breastfeeding, e.Lab, e.Eeg, e.Contact,
    e.Failed, e.Note,
)  # fmt: skip
# So much of a name or a reason is kept.
_LONGEST: Final = 200


class Held(Struct, frozen=True):
    """A chart of the ledger: its id, the person's, the hash of its last record, and how many records it has."""

    id: str
    person: str
    head: str
    size: int


class Ledger:
    """A ledger in SQLite (a path) or PostgreSQL (a URL).

    clock: what time it is, for records.  Every method raises LedgerError where the database cannot be read or written;
    then nothing was written.
    """

    def __init__(self, where: str | Path, *, create: bool = False, clock: Callable[[], datetime] | None = None) -> None:
        self.where = str(where)
        self.clock = clock or (lambda: datetime.now(UTC))
        if "://" not in self.where and not create and not Path(where).exists():
            raise LedgerError(f"'{where}' is not there; 'eutonia ledger import --ledger {where} ...' begins a new one")
        self.engine: Engine = connected(where)
        try:
            with self._said():
                self._at_version(create)
        except BaseException:
            self.close()
            raise
        self._file = self._found()

    def _at_version(self, create: bool) -> None:
        with self.engine.connect() as connection:
            names = set(inspect(connection).get_table_names())
            found = None
            if "alembic_version" in names:
                found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if found == VERSION:
            return
        if found is None and names - {"alembic_version"}:
            raise LedgerError(f"'{self.where}' holds something else than a ledger; name another file or database")
        if found is None and not create:
            raise LedgerError(f"'{self.where}' holds no ledger")
        if found is not None and found > VERSION:
            raise LedgerError(f"'{self.where}' was written by a newer Eutonia ({found}); this one knows {VERSION}")
        if found is not None and not create:
            raise LedgerError(f"'{self.where}' is of an older Eutonia: 'eutonia ledger migrate' brings it up to date")
        from eutonia.ledger.migrations import migrate

        if self.engine.dialect.name == "sqlite":
            # Kept in the file: readers and a writer do not wait for each other.
            with closing(self.engine.raw_connection()) as plain:
                plain.cursor().execute("PRAGMA journal_mode = WAL")
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Of several that begin at once the first one makes the tables.
                connection.execute(text("SELECT pg_advisory_xact_lock(20260502)"))
            migrate(connection)

    def _found(self) -> tuple[int, int] | None:
        """Which file it is, on which disk; none where it is no file."""
        if self.engine.dialect.name != "sqlite":
            return None
        try:
            there = os.stat(self.where)
        except OSError:
            return (0, 0)
        return there.st_dev, there.st_ino

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the database."""
        self.engine.dispose()

    def now(self) -> datetime:
        """What time it is by the ledger's clock, UTC."""
        return self.clock().astimezone(UTC)

    # -- looking -------------------------------------------------------------------------------------------------------

    def charts(self) -> tuple[Held, ...]:
        """All charts, in the order in which they were opened."""
        first = select(RECORDS.c.chart, RECORDS.c.seq).where(RECORDS.c.n == 0).subquery()
        asked = select(CHARTS).join(first, first.c.chart == CHARTS.c.id).order_by(first.c.seq)
        with self.looking() as connection:
            return tuple(Held(**row) for row in connection.execute(asked).mappings())

    def held(self, chart: str) -> Held:
        """One chart by its id.  Raises LedgerError where there is none."""
        with self.looking() as connection:
            return self._held(connection, chart)

    def of_person(self, person: str) -> Held | None:
        """The chart of a person, by the id that stands on it."""
        with self.looking() as connection:
            return _of_person(connection, person)

    def count(self) -> int:
        """How many charts there are."""
        with self.looking() as connection:
            return connection.execute(select(func.count()).select_from(CHARTS)).scalar_one()

    def records(self, chart: str | None = None) -> tuple[Record, ...]:
        """The records of a chart, or of all, in their order."""
        with self.looking() as connection:
            return _records(connection, *([] if chart is None else [RECORDS.c.chart == chart]))

    def texts_of(self, charts: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Some charts by their ids, as text: the clinic's zone, and the lines that stand."""
        columns = RECORDS.c.chart, RECORDS.c.op, RECORDS.c.content, RECORDS.c.hash
        asked = select(*columns).where(RECORDS.c.chart.in_(charts)).order_by(RECORDS.c.chart, RECORDS.c.n)
        with self.looking() as connection:
            rows = connection.execute(asked).all()
        found = dict.fromkeys(charts, ("", ""))
        for chart, each in groupby(rows, attrgetter("chart")):
            kept = list(each)
            found[chart] = kept[0].content, _text(kept)
        return found

    def held_of(self, charts: Sequence[str]) -> tuple[Held, ...]:
        """Some charts by their ids."""
        with self.looking() as connection:
            rows = connection.execute(select(CHARTS).where(CHARTS.c.id.in_(charts)))
            return tuple(Held(*row) for row in rows.all())

    def grown(self, seq: int) -> tuple[int, tuple[str, ...]]:
        """How many records there are, and which charts have some after the given number of them."""
        with self.looking() as connection:
            tip, _ = tip_of(connection)
            asked = select(RECORDS.c.chart).where(RECORDS.c.seq > seq, RECORDS.c.seq <= tip).distinct()
            return tip, tuple(connection.execute(asked).scalars())

    def tip(self) -> tuple[int, str]:
        """How many records there are, and the chain over all of them: whoever notes it can later see that none is gone."""
        with self.looking() as connection:
            return tip_of(connection)

    def chart(self, chart: str, head: str | None = None) -> Chart:
        """The chart as it stands, or as it stood at a head.  Raises LedgerError for a head that it never had."""
        found = self.records(chart)
        if not found:
            raise LedgerError(f"there is no chart {chart}")
        if head is not None:
            upto = next((n for n, each in enumerate(found) if each.hash == head), None)
            if upto is None:
                raise LedgerError(f"chart {chart} never had the head {head}")
            found = found[: upto + 1]
        return folded(found)

    def since(self, chart: str, saw: str) -> tuple[Record, ...]:
        """What was written on a chart after a head; advice that was kept is not.  Raises LedgerError for a head it never had."""
        return _since(self.records(chart), saw, chart)

    @staticmethod
    def since_in(connection: Connection, chart: str, saw: str) -> tuple[Record, ...]:
        """Do what `since` does within a transaction."""
        return _since(_records(connection, RECORDS.c.chart == chart), saw, chart)

    def standing(self, chart: str) -> tuple[Record, ...]:
        """The records of the events that count."""
        return tuple(_standing(self.records(chart)))

    def without(self, chart: str, hash: str) -> Chart:
        """The chart as it would be if one more event were struck.  Raises ReadError where it would not read."""
        return folded([each for each in self.records(chart) if each.hash != hash])

    # -- adding --------------------------------------------------------------------------------------------------------

    def open(self, lines: Sequence[str], *, by: str, zone: str = "UTC") -> Held:
        """Opens a chart for a person, whose line must be among these.

        Idempotent: where the person has a chart of this zone that holds all of these lines, that one comes back.
        Raises ReadError for lines that do not read, LedgerError where the person has another chart.
        """
        new = self._read(lines, zone)
        person = person_of(new)
        by = named(by, "who enters this")
        with self.adding() as connection:
            if (there := _of_person(connection, person)) is not None:
                records = _records(connection, RECORDS.c.chart == there.id)
                if records[0].content == zone and {*identities(new)} <= {*identities(folded(records))}:
                    return there
                raise LedgerError(f"this person has a chart already: {there.id}; append to it")
            contents: list[tuple[Op, str]] = [("open", zone), *(("event", each) for each in lines_of(new))]
            added = self._made(connection, secrets.token_hex(8), (), contents, by)
            self._checked((), added)
            return self._written(connection, person, added)

    def append(
        self,
        chart: str,
        lines: Sequence[str],
        *,
        saw: str,
        by: str,
        strikes: Sequence[tuple[str, str]] = (),
        second: str = "",
    ) -> tuple[Record, ...]:
        """Add lines to a chart, and mark events by their hash as entered in error with a reason; all together or none.

        Parameters
        ----------
        saw
            The head that the writer had seen.  An event that stands there already is not written twice: its record comes
            back.
        by
            Who enters this.
        strikes
            The hash of each event that no longer counts, and why.
        second
            Who confirms it, another person than `by`.  An event that was checked by two people is marked by two only.

        Raises
        ------
        ReadError
            For lines that do not read.
        Conflict
            If the chart has grown since `saw`.
        LedgerError
            For everything else; nothing was written.
        """
        with self.adding() as connection:
            return self.append_in(connection, chart, lines, saw=saw, by=by, strikes=strikes, second=second)

    def append_in(
        self,
        connection: Connection,
        chart: str,
        lines: Sequence[str],
        *,
        saw: str,
        by: str,
        strikes: Sequence[tuple[str, str]] = (),
        second: str = "",
    ) -> tuple[Record, ...]:
        """Do what `append` does within a transaction that `adding` began, so that other tables change with it or not at all."""
        by = named(by, "who enters this")
        held = self._held(connection, chart)
        there = _records(connection, RECORDS.c.chart == chart)
        if strikes:
            by = _by_two(there, [hash for hash, _ in strikes], by, second)
        struck: list[tuple[Op, str]] = [("strike", strike(hash, named(because, "why"))) for hash, because in strikes]
        texts = lines_of(self._read(lines, there[0].content)) if lines else []
        contents = [*struck, *(("event", each) for each in texts)]
        if not contents:
            raise LedgerError("there is nothing to append: no line, and nothing to strike")
        if (since := _since(there, saw, chart)) and (again := _again(since, contents, by)) is not None:
            if {each.hash for each in again if each.op == "event"} <= {each.hash for each in _standing(there)}:
                return again
            raise Conflict(chart, since)
        if since:
            raise Conflict(chart, since)
        already = [_struck(content, there) for _, content in struck]
        already += _there_already(there, texts, {hash for hash, _ in strikes})
        fresh = [each for each, known in zip(contents, already, strict=True) if known is None]
        found = tuple(each for each in already if each is not None)
        if not fresh:
            return found
        added = self._made(connection, chart, there, fresh, by)
        person = person_of(self._checked(there, added))
        if person != held.person and _of_person(connection, person) is not None:
            raise LedgerError("another chart is of the person with this id; nothing was written")
        self._written(connection, person, added)
        return (*found, *added)

    def keep_advice(self, chart: str, body: bytes, about: dict[str, Any], *, saw: str, by: str) -> Record:
        """Keeps advice as it went out: its bytes, and what it was made from.  The same advice is kept once."""
        digest = hashlib.sha256(body).hexdigest()
        content = json.dumps({**about, "head": saw, "sha256": digest}, sort_keys=True, ensure_ascii=False)
        with self.adding() as connection:
            held = self._held(connection, chart)
            there = _records(connection, RECORDS.c.chart == chart)
            if not any(each.hash == saw for each in there):
                raise LedgerError(f"chart {chart} never had the head {saw}")
            known = next((each for each in there if each.op == "advice" and each.content == content), None)
            if known is not None:
                return known
            if connection.execute(select(KEPT.c.hash).where(KEPT.c.hash == digest)).first() is None:
                connection.execute(KEPT.insert().values(hash=digest, body=body))
            added = self._made(connection, chart, there, [("advice", content)], named(by, "who asked"))
            self._written(connection, held.person, added)
            return added[0]

    def advice(self, record: Record) -> bytes:
        """The bytes of an advice that was kept."""
        digest = json.loads(record.content)["sha256"]
        with self.looking() as connection:
            body = connection.execute(select(KEPT.c.body).where(KEPT.c.hash == digest)).scalar()
        if body is None:
            raise LedgerError(f"the advice {digest} is not in the ledger, though record {record.seq} names it")
        return bytes(body)

    def fill(self, records: Sequence[Record], held: Sequence[Held], kept: Sequence[dict[str, Any]]) -> None:
        """Fills an empty ledger with records that were verified, as they are.  Raises LedgerError where it is not empty."""
        with self.adding() as connection:
            if tip_of(connection)[0]:
                raise LedgerError(f"'{self.where}' is not empty; an export fills a new ledger only")
            for table, rows in ((KEPT, kept), (RECORDS, map(asdict, records)), (CHARTS, map(asdict, held))):
                if found := list(rows):
                    connection.execute(table.insert(), found)
            if records:
                connection.execute(TIP.update().values(seq=records[-1].seq, over=records[-1].over))

    # -- behind it -----------------------------------------------------------------------------------------------------

    def _made(
        self, connection: Connection, chart: str, there: Sequence[Record], contents: Sequence[tuple[Op, str]], by: str
    ) -> list[Record]:
        """Records that follow those of a chart; nothing is written yet."""
        seq, over = tip_of(connection)
        entered, added = self.now(), list[Record]()
        before = there[-1].hash if there else NOTHING
        for n, (op, content) in enumerate(contents):
            added.append(made(seq + n + 1, chart, len(there) + n, op, content, by, entered, before, over))
            before, over = added[-1].hash, added[-1].over
        return added

    def _checked(self, there: Sequence[Record], added: Sequence[Record]) -> Chart:
        """The whole chart with what is added: it must read, be of one person and of the past, and move nothing else."""
        standing = folded((*there, *added))
        # A clock may run ahead by a little.
        late = Facts(standing, self.now(), book("US")).future
        if late:
            says = "this has not happened yet; look at the date, or at the clock"
            raise ReadError("the chart with these lines", tuple(Problem(each.line, each.text, says) for each in late))
        people = [each.what for each in standing.by_kind.get(e.Person, ()) if isinstance(each.what, e.Person)]
        if (name := e.differing(people)) is not None:
            says = f"two lines about the person differ in '{name}': look whether it is the same person; nothing was written"
            raise ReadError(standing.source, (Problem(0, "", says),))
        _unmoved(there, (*there, *added), standing)
        return standing

    @staticmethod
    def _written(connection: Connection, person: str, added: Sequence[Record]) -> Held:
        """Writes records, and what follows from them."""
        last = added[-1]
        held = Held(last.chart, person, last.hash, last.n + 1)
        connection.execute(RECORDS.insert(), [asdict(each) for each in added])
        connection.execute(TIP.update().values(seq=last.seq, over=last.over))
        if added[0].n == 0:
            connection.execute(CHARTS.insert(), asdict(held))
        else:
            connection.execute(CHARTS.update().where(CHARTS.c.id == held.id).values(asdict(held)))
        return held

    @staticmethod
    def _read(lines: Sequence[str], zone: str) -> Chart:
        return from_text("\n".join(lines) + "\n", "the lines to append", zone)

    @staticmethod
    def _held(connection: Connection, chart: str) -> Held:
        row = connection.execute(select(CHARTS).where(CHARTS.c.id == chart)).mappings().one_or_none()
        if row is None:
            raise LedgerError(f"there is no chart {chart}")
        return Held(**row)

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """One view of what there is; it waits for no writer."""
        with self._said(), reading(self.engine) as connection:
            yield connection

    @contextmanager
    def adding(self) -> Iterator[Connection]:
        """One transaction that has the ledger to itself."""
        if self._found() != self._file:
            # What is written into a file that has been taken away is gone with this process.
            raise LedgerError(
                f"'{self.where}' was moved, deleted or replaced; nothing was written. Put it back, or begin again"
            )
        with self._said(), self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Whoever holds the tip writes; all others wait here.
                connection.execute(select(TIP).with_for_update())
            yield connection

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Turns what the database says into what a person can use."""
        try:
            yield
        except DBAPIError as error:
            raise LedgerError(_told(self.where, str(error.orig))) from error
        except SQLAlchemyError as error:
            raise LedgerError(_told(self.where, str(error))) from error


def folded(records: Sequence[Record]) -> Chart:
    """The chart that records add up to: the lines that stand, in the order in which they were entered."""
    return from_text(_text(records), f"chart {records[0].chart}", records[0].content)


class _Kept(Protocol):
    """What of a record says whether its line stands."""

    @property
    def op(self) -> str: ...

    @property
    def content(self) -> str: ...

    @property
    def hash(self) -> str: ...


_K = TypeVar("_K", bound=_Kept)


def _text(records: Sequence[_Kept]) -> str:
    return "".join(f"{each.content}\n" for each in _standing(records))


def _standing(records: Sequence[_K]) -> list[_K]:
    struck = {struck_by(each.content) for each in records if each.op == "strike"}
    return [each for each in records if each.op == "event" and each.hash not in struck]


def tip_of(connection: Connection) -> tuple[int, str]:
    """How many records there are, and the chain over all of them."""
    seq, over = connection.execute(select(TIP.c.seq, TIP.c.over)).one()
    return int(seq), str(over)


def _records(connection: Connection, *which: ColumnElement[bool]) -> tuple[Record, ...]:
    asked = select(RECORDS).where(*which).order_by(RECORDS.c.seq)
    return tuple(Record(*row) for row in connection.execute(asked).all())


def _of_person(connection: Connection, person: str) -> Held | None:
    row = connection.execute(select(CHARTS).where(CHARTS.c.person == person)).one_or_none()
    return None if row is None else Held(*row)


def _in_writing(chart: Chart) -> list[e.Event]:
    return sorted(chart.events, key=lambda each: each.line)


def lines_of(chart: Chart) -> list[str]:
    """The lines of its events, in the order of writing."""
    return [each.text.strip() for each in _in_writing(chart)]


def identities(chart: Chart) -> list[str]:
    """What makes each event of a chart the same as another, however it is written: in the order of writing.

    A date without a time has the instant that its place among the day's events gives it, so it is asked of a whole chart.
    """
    return [
        f"{each.at.isoformat()}{' day' if each.day_only else ''} {written(replace(each, written='')).strip()}"
        for each in _in_writing(chart)
    ]


def _there_already(there: Sequence[Record], texts: Sequence[str], gone: AbstractSet[str]) -> list[Record | None]:
    """For each of these lines at the end of a chart, less the struck ones, the record of the same event that stands."""
    if not texts:
        return []
    left = [each for each in _standing(there) if each.hash not in gone]
    text = "".join(f"{each}\n" for each in [*(each.content for each in left), *texts])
    # Where a line stands depends on those before it only, so one reading places them all.
    placed = identities(from_text(text, "the lines to append", there[0].content))
    standing = dict(zip(placed, left, strict=False))
    return [standing.get(each) for each in placed[len(left) :]]


def _unmoved(before: Sequence[Record], after: Sequence[Record], chart: Chart) -> None:
    """Raises LedgerError where a change would move another event: a date without a time hangs on its neighbours."""
    stood = _standing(before)
    if not stood:
        return
    was = dict(zip([each.hash for each in stood], identities(folded(before)), strict=True))
    for each, is_, event in zip(_standing(after), identities(chart), _in_writing(chart), strict=True):
        if was.get(each.hash, is_) != is_ and not isinstance(event.what, _OF_THE_DAY):
            raise LedgerError(
                f"this would move another event of its day, '{each.content}', which has no time of its own; nothing was "
                "written. Strike that one too, and enter it again with its time"
            )


def person_of(chart: Chart) -> str:
    """The id of the person whom a chart is of.  Raises ReadError where no line names one."""
    found = chart.by_kind.get(e.Person, ())
    if not found or not isinstance(found[-1].what, e.Person):
        says = "no line names the person: write '2026-01-05 person id A-17; born 1979-04-11; sex female'"
        raise ReadError(chart.source, (Problem(0, "", says),))
    return found[-1].what.id


def named(value: str, what: str) -> str:
    """A name or a reason in one line.  Raises LedgerError where there is none."""
    value = " ".join(value.split())
    if not value or len(value) > _LONGEST or not value.isprintable():
        raise LedgerError(f"say {what}, in plain words of at most {_LONGEST} characters")
    return value


def _struck(content: str, there: Sequence[Record]) -> Record | None:
    """The record that strikes this event already.  Raises LedgerError where no such event stands."""
    hash = content.partition(";")[0]
    if hash in {each.hash for each in _standing(there)}:
        return None
    done = next((each for each in there if each.op == "strike" and each.struck == hash), None)
    if done is None:
        raise LedgerError(f"no event with the hash {hash[:16]} stands on this chart; nothing was written")
    return done


def checked_by_two(line: str) -> bool:
    """Whether a line of a chart is a refill, program or bolus that a second person verified."""
    return getattr(from_text(line, "the line").events[0].what, "checked_by", None) is not None


def _by_two(there: Sequence[Record], hashes: Sequence[str], by: str, second: str) -> str:
    """Who marks these events as entered in error.  Raises LedgerError where one was checked and no second person confirms."""
    if second and second.casefold() == by.casefold():
        raise LedgerError("the second person must be another one than the first; nothing was written")
    for record in there:
        if record.hash in hashes and not second and checked_by_two(record.content):
            raise LedgerError(
                f"'{record.content}' was checked by two people, so that two people mark it as entered in error: a second one "
                "must confirm it; nothing was written"
            )
    return named(f"{by}; confirmed by {second}", "who enters this") if second else by


def _since(there: Sequence[Record], saw: str, chart: str) -> tuple[Record, ...]:
    """What has changed the chart since a head; advice that was kept changes nothing."""
    upto = next((n for n, each in enumerate(there) if each.hash == saw), None)
    if upto is None:
        raise LedgerError(f"chart {chart} never had the head {saw}; nothing was written")
    return tuple(each for each in there[upto + 1 :] if each.op != "advice")


def _again(since: Sequence[Record], contents: Sequence[tuple[Op, str]], by: str) -> tuple[Record, ...] | None:
    """The records of an append that has been taken already and is only asked for once more."""
    first = tuple(since[: len(contents)])
    same = [(each.op, each.content, each.by) for each in first] == [(op, content, by) for op, content in contents]
    return first if same else None


def _told(where: str, says: str) -> str:
    """What a database says, for people."""
    first = says.strip().splitlines()[0] if says.strip() else "no reason given"
    for sign, what in (
        ("disk is full", "the disk is full: nothing was written; make room and enter it again"),
        ("No space left", "the disk is full: nothing was written; make room and enter it again"),
        ("readonly", "it can only be read: nothing was written; look at the permissions of the file and its folder"),
        ("read-only", "it can only be read: nothing was written; look at the permissions of the file and its folder"),
        ("unable to open", "it cannot be opened; look at the path and the permissions"),
        ("locked", "another program holds it for too long: nothing was written; try again"),
        ("not a database", "it is no SQLite database; name another file"),
        ("malformed", "its file is damaged: 'eutonia ledger verify' says where; go back to the last backup"),
        ("only added to", "a ledger is only added to: nothing was changed"),
    ):
        if sign in first:
            return f"the ledger {_bare(where)}: {what}"
    return f"the ledger {_bare(where)}: {first}"


def _bare(where: str) -> str:
    """A URL without its password."""
    return make_url(where).render_as_string(hide_password=True) if "://" in where else where

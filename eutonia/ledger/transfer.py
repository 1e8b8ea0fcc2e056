"""A ledger leaves and comes: as lines of JSON, as a copy in one file, and charts out of files, many at a time."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Final

from msgspec import Struct, convert
from sqlalchemy import select

from eutonia.chart import Chart, ReadError
from eutonia.ledger.errors import LedgerError
from eutonia.ledger.ledger import Ledger, folded, identities, lines_of, named, person_of, tip_of
from eutonia.ledger.record import Record
from eutonia.ledger.tables import KEPT, RECORDS, reading
from eutonia.ledger.verify import Chain

_FORM: Final = 1


class Taken(Struct, frozen=True):
    """What became of a file: its chart, how many lines were new, how many stood there already; or why it was refused.

    dropped, comments: how much of an electronic record is not on its chart, and how many lines of comment alone were not
    kept.
    """

    source: str
    chart: str | None
    new: int
    known: int
    refused: str = ""
    dropped: int = 0
    comments: int = 0


def exported(ledger: Ledger) -> Iterator[str]:
    """The whole ledger as lines of JSON: a heading, each advice, each record, in their order."""
    with reading(ledger.engine) as connection:
        seq, over = tip_of(connection)
        yield _line({"eutonia": "ledger", "form": _FORM, "records": seq, "over": over})
        for row in connection.execute(select(KEPT).order_by(KEPT.c.hash)).mappings():
            yield _line({"kept": row["hash"], "body": base64.b64encode(row["body"]).decode()})
        for row in connection.execute(select(RECORDS).where(RECORDS.c.seq <= seq).order_by(RECORDS.c.seq)).mappings():
            yield _line(dict(row))


def over_of(heading: str) -> tuple[int, str]:
    """How many records an export has, and the chain over them, from its first line."""
    found = json.loads(heading)
    return found["records"], found["over"]


def restored(lines: Iterable[str], into: Ledger, source: str = "the export", noted: str | None = None) -> int:
    """Fills an empty ledger with an export, record for record, and verifies it; how many records there are.

    noted: a chain that was written down before, which must be in it.  Raises LedgerError where the ledger is not empty, or
    the export is not whole; then nothing was written.
    """
    try:
        found = iter(list(lines))
    except UnicodeDecodeError:
        raise LedgerError(f"{source} is no text in UTF-8") from None
    heading = _read(next(found, ""), source, 1)
    if heading.get("eutonia") != "ledger" or heading.get("form") != _FORM:
        raise LedgerError(f"{source} is no export of a ledger that is read here")
    records, kept = list[Record](), list[dict[str, Any]]()
    for n, line in enumerate(found, 2):
        row = _read(line, source, n)
        try:
            if "kept" in row:
                kept.append({"hash": row["kept"], "body": base64.b64decode(row["body"], validate=True)})
            else:
                records.append(convert(row, Record))
        except (TypeError, ValueError, KeyError):
            raise LedgerError(f"{source}, line {n}: this is no record of a ledger") from None
    chain = Chain()
    for each in records:
        chain.take(each)
    chain.keeps({row["hash"]: row["body"] for row in kept})
    held = chain.held()
    if chain.faults:
        first = chain.faults[0]
        raise LedgerError(f"{source} is not whole: {first.says} (record {first.seq or '?'})")
    if noted is not None and noted not in {each.over for each in records}:
        raise LedgerError(
            f"{source} does not hold the noted chain {noted}: its end was cut off, or it is another ledger"
        )
    if (chain.seq, chain.over) != (heading.get("records"), heading.get("over")):
        raise LedgerError(f"{source} is not whole: it ends with record {chain.seq}, otherwise than its heading says")
    into.fill(records, list(held.values()), kept)
    return chain.seq


def backed_up(ledger: Ledger, path: Path) -> tuple[int, str]:
    """Copies a ledger, also one in PostgreSQL, into a new file of SQLite and verifies it; how many records, and their chain."""
    if path.exists():
        raise LedgerError(f"'{path}' is there already; a backup overwrites nothing")
    lines = list(exported(ledger))
    # A folder of its own, so that nothing of anybody's is in the way.
    folder = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    draft = folder / "copy"
    with Ledger(draft, create=True) as copy:
        restored(lines, copy, f"the ledger {ledger.where}")
        _beside(ledger, copy)
        with copy.engine.connect() as connection:
            # One file, with nothing left beside it.
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
    draft.rename(path)
    rmtree(folder)
    return over_of(lines[0])


def _beside(ledger: Ledger, copy: Ledger) -> None:
    """Copies what stands beside the charts: who may sign in, the trail of accesses, what waits for a check
    or a review, the feedback; no sessions."""
    # Here, because charts alone need nobody who signs in.
    from eutonia.clinic.tables import ACCESSES, DRAFTS, FEEDBACK, REVIEWS, STAFF

    with ledger.looking() as there, copy.adding() as here:
        for table in (STAFF, ACCESSES, DRAFTS, REVIEWS, FEEDBACK):
            if rows := [dict(row) for row in there.execute(select(table)).mappings()]:
                here.execute(table.insert(), rows)


def imported(
    ledger: Ledger, charts: Iterable[tuple[str, Callable[[], Chart]]], *, by: str, seen: Callable[[Taken], None]
) -> list[Taken]:
    """Takes charts in: of a new person a new chart, of a known one the lines that are not there yet.

    charts: the name of each source, and how it is read.  One that cannot be read is refused and named; the others are
    taken.
    """
    by, found = named(by, "who enters this"), []
    for source, read in charts:
        try:
            taken = _taken(ledger, source, read(), by)
        except (ReadError, LedgerError) as error:
            taken = Taken(source, None, 0, 0, str(error))
        found.append(taken)
        seen(taken)
    return found


def _taken(ledger: Ledger, source: str, chart: Chart, by: str) -> Taken:
    lines = lines_of(chart)
    dropped, comments = len(chart.dropped), sum(line.strip().startswith("#") for line in chart.lines)
    held = ledger.of_person(person_of(chart))
    if held is None:
        opened = ledger.open(lines, by=by, zone=chart.zone_name)
        return Taken(source, opened.id, len(lines), 0, "", dropped, comments)
    there = ledger.records(held.id)
    if there[0].content != chart.zone_name:
        raise LedgerError(f"its zone is {chart.zone_name}, but the chart {held.id} is in {there[0].content}")
    # What was struck stays struck: an old file does not bring it back.
    events = [each for each in there if each.op in ("open", "event")]
    known = {*identities(folded(events)), *identities(folded(there))}
    new = [line for line, identity in zip(lines, identities(chart), strict=True) if identity not in known]
    if new:
        ledger.append(held.id, new, saw=held.head, by=by)
    return Taken(source, held.id, len(new), len(lines) - len(new), "", dropped, comments)


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _read(line: str, source: str, n: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise LedgerError(f"{source}, line {n}: this is no line of an export")
    return found

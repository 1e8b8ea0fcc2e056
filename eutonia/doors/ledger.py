"""The command `eutonia ledger`: keep charts record by record, look at them, verify, carry them out and in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import asdict

from eutonia.doors.options import (
    AS_JSON,
    JURISDICTION,
    STOPPED,
    ZONE,
    give_up,
    moment,
    print_json,
    progress,
    read_chart,
    several,
)

if TYPE_CHECKING:
    from eutonia.ledger import Ledger

_CHARTS = (".chart", ".txt", ".json", ".gz")
LEDGER = click.option(
    "--ledger", "where", envvar="EUTONIA_LEDGER", default="eutonia.ledger", show_default=True,
    help="A file (SQLite), or postgresql://...; EUTONIA_LEDGER names it for all commands.",
)  # fmt: skip
_BY = click.option("--by", required=True, help="Who enters this.")
_SECOND = click.option(
    "--second", default="", help="Who confirms that an event which two people checked was entered in error."
)
_SAW = click.option("--saw", help="The head that you have seen ('ledger show' prints it); without it the present one.")


@click.group()
def ledger() -> None:
    """Keep charts: one record an event, each chained to the one before; corrections are new records."""


@ledger.command("list")
@several(LEDGER, AS_JSON)
def list_(where: str, as_json: bool) -> None:
    """Name all charts: the chart's id, the person's, how many records, the head."""
    with opened(where) as found:
        charts = found.charts()
    if as_json:
        print_json([{"chart": c.id, "person": c.person, "records": c.size, "head": c.head} for c in charts])
        return
    for each in charts:
        click.echo(f"{each.id}  {each.person}  {each.size} records, head {each.head[:16]}")


@ledger.command()
@several(click.argument("chart"), LEDGER, click.option("--head", help="As it stood at this head."), click.option("--history", is_flag=True, help="Every record, with who and when."), AS_JSON)  # fmt: skip
def show(chart: str, where: str, head: str | None, history: bool, as_json: bool) -> None:
    """Print a chart as it stands; its text is what every other command reads."""
    with opened(where) as found:
        if history or as_json:
            records = found.records(found.held(chart).id)
            if as_json:
                print_json([asdict(each) for each in records])
                return
            for each in records:
                click.echo(f"{each.hash[:16]}  {each.entered[:16].replace('T', ' ')}  {each.by}: {each.told}")
            return
        text = found.chart(chart, head).to_text()
        click.echo(text, nl=not text.endswith("\n"))
        click.echo(f"head {head or found.held(chart).head}", err=True)


@ledger.command()
@several(
    click.argument("chart"),
    click.argument("lines", nargs=-1),
    click.option("--strike", "hashes", multiple=True, help="Strike this event too; both happen, or neither."),
    click.option("--because", default="", help="Why it is struck."),
    _BY, _SECOND, _SAW, LEDGER, AS_JSON,
)  # fmt: skip
def append(
    chart: str,
    lines: tuple[str, ...],
    hashes: tuple[str, ...],
    because: str,
    by: str,
    second: str,
    saw: str | None,
    where: str,
    as_json: bool,
) -> None:
    """Add LINES to a chart, all together; what does not read, or has not happened yet, is refused.

    With --strike it corrects: the wrong event is struck and the right one entered in one go.
    """
    _append(where, chart, lines, hashes, because, by, second, saw, as_json)


@ledger.command()
@several(click.argument("chart"), click.argument("hash"), _BY, click.option("--because", required=True, help="Why."), _SECOND, _SAW, LEDGER, AS_JSON)  # fmt: skip
def strike(
    chart: str, hash: str, by: str, because: str, second: str, saw: str | None, where: str, as_json: bool
) -> None:
    """Strike an event by its HASH, or the beginning of it ('ledger show --history'): it stays, and counts no more.

    One that two people checked is struck by two: name the other one with --second.
    """
    _append(where, chart, (), (hash,), because, by, second, saw, as_json)


@ledger.command()
@several(
    click.argument("chart"),
    _BY,
    click.option("--now", help="The moment of the advice; the clock's if not given."),
    JURISDICTION,
    LEDGER,
)
def advise(chart: str, by: str, now: str | None, jurisdiction: str, where: str) -> None:
    """Advise on a chart as it stands, print the advice (JSON), and keep it as it went out."""
    from eutonia.kept import keep

    with opened(where) as found:
        body, _ = keep(found, chart, moment(now), by=by, jurisdiction=jurisdiction)
    click.echo(body.decode())


@ledger.command("import")
@several(
    click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True)),
    _BY, ZONE, LEDGER, click.option("--chain", help="Of an export: a chain over all that was noted before, which must be in it."), AS_JSON,
)  # fmt: skip
def import_(paths: tuple[Path, ...], by: str, zone: str | None, where: str, chain: str | None, as_json: bool) -> None:
    """Take in charts (text, JSON, FHIR bundles; folders too), or one export (.jsonl) into a new ledger.

    Of a person whose chart is there the lines that are new are appended.  Twice is the same as once.
    """
    from eutonia.ledger.transfer import imported, restored

    if any(each.suffix == ".jsonl" for each in paths):
        if len(paths) > 1:
            give_up("an export comes alone: it fills a new ledger")
        with opened(where, create=True) as found, paths[0].open(encoding="utf-8") as lines:
            count = restored(lines, found, str(paths[0]), chain)
        click.echo(f"{count} records from {paths[0]}, verified")
        return
    files = [file for path in paths for file in _files(path)]
    with opened(where, create=True) as found, progress(len(files), "charts") as more:
        charts = [(str(file), partial(read_chart, file, zone)) for file in files]
        taken = imported(found, charts, by=by, seen=lambda _: more(1))
    if as_json:
        print_json([asdict(each) for each in taken])
    else:
        for each in taken:
            said = f"{each.new} new lines, {each.known} known" if each.chart else "refused"
            click.echo(f"{each.source}: {said}" + (f" (chart {each.chart})" if each.chart else ""))
    for each in taken:
        if each.refused:
            click.echo(each.refused, err=True)
        if each.dropped:
            says = f"{each.dropped} items of the record are not on the chart: 'eutonia read {each.source}' lists them"
            click.echo(f"{each.source}: {says}", err=True)
        if each.comments:
            click.echo(f"{each.source}: {each.comments} lines of comment alone are not kept", err=True)
    if any(each.refused for each in taken):
        sys.exit(STOPPED)


@ledger.command()
@several(click.argument("file", type=click.Path(path_type=Path)), LEDGER)
def export(file: Path, where: str) -> None:
    """Write the whole ledger as lines of JSON; the heading holds the chain over all, to be noted elsewhere."""
    from eutonia.ledger.transfer import exported, over_of

    with opened(where) as found:
        lines = list(exported(found))
    try:
        with file.open("x", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in lines)
    except FileExistsError:
        give_up(f"'{file}' is there already; an export overwrites nothing")
    except OSError as error:
        file.unlink(missing_ok=True)
        give_up(f"{file}: {error.strerror or error}")
    count, over = over_of(lines[0])
    click.echo(f"{count} records, chain {over}")


@ledger.command()
@several(click.argument("file", type=click.Path(path_type=Path)), LEDGER)
def backup(file: Path, where: str) -> None:
    """Copy the ledger, also one in PostgreSQL, into one new file of SQLite, verified."""
    from eutonia.ledger.transfer import backed_up

    with opened(where) as found:
        try:
            count, over = backed_up(found, file)
        except OSError as error:
            give_up(f"{file}: {error.strerror or error}")
    click.echo(f"{count} records in {file}, verified; chain {over}")


@ledger.command()
@several(LEDGER, click.option("--chain", help="A chain over all that was noted before, which must still be there."), click.option("--replay", is_flag=True, help="Work out each kept advice anew and compare its bytes."), AS_JSON)  # fmt: skip
def verify(where: str, chain: str | None, replay: bool, as_json: bool) -> None:
    """Read everything anew: both chains, every chart, every advice that was kept.  Exit status 1 where something is wrong."""
    from eutonia.ledger.verify import verify as verified

    with opened(where) as found:
        with progress(_size(found), "records") as more:
            checked = verified(found, chain, more)
        said = [*_replayed(found)] if replay and not checked.faults else []
    faults = [*({"record": f.seq, "chart": f.chart, "says": f.says} for f in checked.faults), *said]
    if as_json:
        print_json({"records": checked.records, "charts": checked.charts, "chain": checked.over, "faults": faults})
    else:
        click.echo(f"{checked.records} records of {checked.charts} charts, chain {checked.over}")
        for each in faults:
            place = f"record {each['record']}: " if each["record"] else ""
            click.echo(f"{place}{'chart ' + each['chart'] + ': ' if each['chart'] else ''}{each['says']}")
        click.echo("Something is wrong: go back to the last backup that verifies." if faults else "All of it is whole.")
    if faults:
        sys.exit(STOPPED)


@ledger.command()
@LEDGER
def migrate(where: str) -> None:
    """Bring the tables of an older ledger up to date."""
    if "://" not in where and not Path(where).exists():
        give_up(f"'{where}' is not there")
    with opened(where, create=True) as found:
        click.echo(f"{found.tip()[0]} records; the tables are of the newest version")


@contextmanager
def opened(where: str, *, create: bool = False) -> Iterator[Ledger]:
    """The ledger; what it cannot do is one message and exit status 2."""
    try:
        from eutonia.ledger import Ledger, LedgerError
    except ModuleNotFoundError as error:
        give_up(f"the ledger needs {error.name}: pip install 'eutonia[keep]'")
    try:
        with Ledger(where, create=create) as found:
            yield found
    except LedgerError as error:
        give_up(str(error))
    except ModuleNotFoundError as error:
        give_up(f"the ledger needs {error.name}: pip install 'eutonia[keep]'")
    except UnicodeEncodeError:
        give_up("a line holds characters that are no text; type it again")


def _event(found: Ledger, chart: str, hash: str) -> str:
    """The whole hash of the one event that it begins."""
    these = [each.hash for each in found.records(chart) if each.op == "event" and each.hash.startswith(hash)]
    if len(these) != 1:
        give_up(f"'{hash}' begins the hash of {len(these)} events of chart {chart}; write more of it")
    return these[0]


def _size(found: Ledger) -> int:
    from eutonia.ledger import LedgerError

    try:
        return found.tip()[0]
    except LedgerError:
        return 0


def _replayed(found: Ledger) -> Iterator[dict[str, Any]]:
    from eutonia.kept import replayed

    for each in found.records():
        if each.op == "advice" and (says := replayed(found, each)):
            yield {"record": each.seq, "chart": each.chart, "says": says}


def _append(
    where: str,
    chart: str,
    lines: tuple[str, ...],
    hashes: tuple[str, ...],
    because: str,
    by: str,
    second: str,
    saw: str | None,
    as_json: bool,
) -> None:
    """Appends lines and strikes events, and prints their records."""
    with opened(where) as found:
        strikes = [(_event(found, chart, each), because) for each in hashes]
        records = found.append(chart, lines, saw=saw or found.held(chart).head, by=by, strikes=strikes, second=second)
    if as_json:
        print_json([asdict(each) for each in records])
        return
    for each in records:
        click.echo(f"{each.hash[:16]}  {each.told}")


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.rglob("*") if each.is_file() and each.suffix in _CHARTS)

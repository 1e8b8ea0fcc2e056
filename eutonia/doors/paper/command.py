"""The command `eutonia paper`: pump card, patient sheet, check list or report as a PDF for printing."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from eutonia.doors.options import ANSWERED, FILE, JURISDICTION, STOPPED, ZONE, give_up, moment, read_chart, several
from eutonia.doors.paper import KINDS


@click.command()
@FILE
@click.option("--kind", type=click.Choice(tuple(KINDS)), required=True, help="What to print.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The PDF to write.")
@click.option("--call", help="The clinic's telephone, such as '+49 30 1234'; without it, a line to write it on.")
@click.option("--now", help="The moment of the paper, such as '2026-05-02 09:00'; the clock's if not given.")
@several(JURISDICTION, ZONE)
def paper(
    file: Path, kind: str, out: Path, call: str | None, now: str | None, jurisdiction: str, zone: str | None
) -> None:
    """Print for the clinic: a pump card, a patient sheet, a check list for two people, or the whole report.

    Exit status 1 where a stop finding stands; the paper is written all the same.
    """
    from eutonia.advice import advise
    from eutonia.doors.paper import PaperError
    from eutonia.doors.paper import paper as made

    advice = advise(read_chart(file, zone), moment(now), jurisdiction.upper())
    try:
        pdf = made(kind, advice, call)
    except PaperError as error:
        give_up(str(error))
    except ModuleNotFoundError as error:
        if error.name not in ("typst", "segno"):
            raise
        give_up(f"{error.name} is not installed, so no paper can be made; pip install 'eutonia[serve]'")
    try:
        out.write_bytes(pdf)
    except OSError as error:
        give_up(f"{out}: the paper could not be written: {error.strerror}")
    click.echo(f"{KINDS[kind]}: {out}")
    sys.exit(STOPPED if advice.stopped else ANSWERED)

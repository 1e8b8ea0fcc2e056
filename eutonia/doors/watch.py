"""The command `eutonia watch`: what is to be done over all charts of a ledger, and as a calendar."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import click

from eutonia.doors.ledger import LEDGER, opened
from eutonia.doors.options import AS_JSON, JURISDICTION, STOPPED, ZONE, give_up, moment, print_json, progress, several

_HEADS = {"now": "NOW", "soon": "SOON", "later": "LATER"}


@click.command()
@several(LEDGER, AS_JSON)
@click.option("--now", help="The moment, such as '2026-05-02 09:00'; the clock's if not given.")
@several(JURISDICTION, ZONE)
@click.option(
    "--ics", type=click.Path(path_type=Path), help="Write the tasks as a calendar too; it names charts, no person."
)
@click.option("--all", "every", is_flag=True, help="Also what is due later.")
def watch(
    where: str, as_json: bool, now: str | None, jurisdiction: str, zone: str | None, ics: Path | None, every: bool
) -> None:
    """Tasks over all charts, the most pressing first: each with its reason, its day, and the event that closes it.

    Exit status 1 where something is to be seen to now.
    """
    from eutonia.moment import DAY, read_instant, shown, start_of
    from eutonia.moment import zone as zone_of
    from eutonia.watch import Panel

    at, home = moment(now), zone_of(zone or "UTC")
    if not isinstance(at, datetime):
        # A day alone stands after everything of that day, as for every other command.
        written = read_instant(at, home)
        at = written.instant or start_of(written.day + DAY, home) - timedelta(seconds=1)
    with opened(where) as ledger:
        panel = Panel(ledger, jurisdiction, workers=os.cpu_count() or 1)
        with progress(ledger.count(), "charts") as more:
            panel.refresh(at, more)
    found = panel.as_dict()
    pressing = any(each["urgency"] == "now" for each in found["tasks"])
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found['charts']} charts, as of {shown(at, home)} {zone or 'UTC'}")
        for urgency, head in _HEADS.items():
            these = [each for each in found["tasks"] if each["urgency"] == urgency]
            click.echo(f"\n{head}: {len(these)}")
            for each in these if every or urgency != "later" else ():
                click.echo(f"  {each['day']}  {each['person']} ({each['chart']}), {each['what']}: {each['do']}")
                closed = f" Closed by a line '{each['closes']}'." if each["closes"] else ""
                click.echo(f"              {each['because']}{closed}")
        click.echo(
            "\nOptions and dates for clinicians, not directives. A task is closed by an event on the chart only."
        )
    if ics is not None:
        try:
            from eutonia.watch.calendar import calendar
        except ModuleNotFoundError:
            give_up("a calendar needs icalendar: pip install 'eutonia[keep]'")
        try:
            ics.write_bytes(calendar(panel))
        except OSError as error:
            give_up(f"{ics}: {error.strerror or error}")
    if pressing:
        raise SystemExit(STOPPED)

"""The command `eutonia watch`: what is to be done over all charts of a ledger, and as a calendar."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

from eutonia.doors.ledger import LEDGER, opened
from eutonia.doors.options import AS_JSON, STOPPED, give_up, moment, print_json, progress, several

_HEADS = {"now": "NOW", "soon": "SOON", "later": "LATER"}


@click.command()
@several(LEDGER, AS_JSON)
@click.option("--now", help="The moment, such as '2026-05-02 09:00'; the clock's if not given.")
@click.option("--jurisdiction", default="US", show_default=True, help="Whose label counts.")
@click.option(
    "--ics", type=click.Path(path_type=Path), help="Write the tasks as a calendar too; it names charts, no person."
)
@click.option("--all", "every", is_flag=True, help="Also what is due later.")
def watch(where: str, as_json: bool, now: str | None, jurisdiction: str, ics: Path | None, every: bool) -> None:
    """Tasks over all charts, the most pressing first: each with its reason, its day, and the event that closes it.

    Exit status 1 where something is to be seen to now.
    """
    from eutonia.chart.chart import from_text
    from eutonia.watch import Panel

    at = moment(now)
    if not isinstance(at, datetime):
        at = from_text("2026-01-01 note only for its zone\n").moment(at)
    with opened(where) as ledger:
        panel = Panel(ledger, jurisdiction, workers=os.cpu_count() or 1)
        with progress(len(ledger.charts()), "charts") as more:
            panel.refresh(at, more)
    found = panel.as_dict()
    if ics is not None:
        try:
            from eutonia.watch.calendar import calendar
        except ModuleNotFoundError:
            give_up("a calendar needs icalendar: pip install 'eutonia[keep]'")
        ics.write_bytes(calendar(panel))
    pressing = any(each["urgency"] == "now" for each in found["tasks"])
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found['charts']} charts, as of {at:%Y-%m-%d %H:%M} UTC")
        for urgency, head in _HEADS.items():
            these = [each for each in found["tasks"] if each["urgency"] == urgency]
            click.echo(f"\n{head}: {len(these)}")
            for each in these if every or urgency != "later" else ():
                click.echo(f"  {each['due'][:10]}  {each['person']} ({each['chart']}), {each['what']}: {each['do']}")
                click.echo(f"              {each['because']} Closed by a line '{each['closes']}'.")
        click.echo(
            "\nOptions and dates for clinicians, not directives. A task is closed by an event on the chart only."
        )
    if pressing:
        raise SystemExit(STOPPED)

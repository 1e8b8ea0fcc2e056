"""The command `eutonia`: read, examine, plan, predict, estimate, whatif, advise, verify, simulate, study, ledger, watch, paper, why,
facts."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eutonia import __version__
from eutonia.doors.foresee import estimate, predict, whatif
from eutonia.doors.ledger import ledger
from eutonia.doors.options import (
    ANSWERED,
    AS_JSON,
    CHART,
    FILE,
    NO_MOMENT,
    PREFERENCE,
    STOPPED,
    ZONE,
    give_up,
    moment,
    preference,
    print_json,
    read_chart,
    several,
    width,
)  # fmt: skip
from eutonia.doors.paper.command import paper
from eutonia.doors.simulate import simulate
from eutonia.doors.study import study
from eutonia.doors.watch import watch
from eutonia.doors.web.command import serve, staff

if TYPE_CHECKING:
    from eutonia.predict.rank import Preference


class _Group(click.Group):
    """Turns what could not be read into one message a problem and exit status 2."""

    def invoke(self, context: click.Context) -> Any:
        from eutonia.chart import ReadError
        from eutonia.knowledge import KnowledgeError
        from eutonia.moment import MomentError

        # A command lives for a fraction of a second: collecting what it made would cost more than it frees.
        gc.set_threshold(100_000)
        try:
            return super().invoke(context)
        except ReadError as error:
            give_up(*error.lines())
        except (MomentError, KnowledgeError) as error:
            give_up(str(error))


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="eutonia")
def main() -> None:
    """Baclofen therapy: what the chart says, what the rules allow, and when the pump runs dry.

    Decision support for clinicians: options with their basis, never directives.  Not for emergencies.
    """


for each in (simulate, study, predict, estimate, whatif, ledger, watch, paper, serve, staff):
    main.add_command(each)


@main.command()
@ZONE
@click.option("--as", "form", type=click.Choice(["text", "json", "fhir"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --as json.")
@several(NO_MOMENT, FILE)
def read(file: Path, form: str, as_json: bool, zone: str | None, now: str | None) -> None:
    """Read a chart (text, JSON or a FHIR bundle) and print it again; what was dropped is listed on standard error."""
    chart = read_chart(file, zone)
    if as_json or form == "json":
        found = chart.to_json()
        if chart.dropped:
            found["dropped"] = [{"where": d.where, "what": d.what, "why": d.why} for d in chart.dropped]
        print_json(found)
        return
    if form == "fhir":
        from eutonia.doors.fhir import chart_bundle, pretty

        click.echo(pretty(chart_bundle(chart)))
        return
    click.echo(chart.to_text(), nl=False)
    for dropped in chart.dropped:
        click.echo(f"not on the chart: {dropped.where}: {dropped.what}: {dropped.why}", err=True)


@main.command()
@CHART
def examine(file: Path, as_json: bool, now: str | None, jurisdiction: str, zone: str | None) -> None:
    """Say what is true of the chart and matters: findings, the worst first."""
    _answer(file, as_json, now, jurisdiction, zone, ("findings",))


@main.command()
@CHART
def plan(file: Path, as_json: bool, now: str | None, jurisdiction: str, zone: str | None) -> None:
    """Give the plans that the rules allow, and the refusals with what would lift each."""
    _answer(file, as_json, now, jurisdiction, zone, ("plans", "refusals"))


@main.command()
@CHART
@PREFERENCE
@click.option(
    "--page", type=click.Path(path_type=Path), help="Write the advice as one self-contained page of HTML as well."
)
def advise_command(
    file: Path,
    as_json: bool,
    now: str | None,
    jurisdiction: str,
    zone: str | None,
    goal: int | None,
    prefer: tuple[str, ...] | None,
    page: Path | None,
) -> None:
    """The whole advice: findings, plans, what is expected of them, their order, refusals, the pump and tasks."""
    parts = ("findings", "pump", "plans", "outlooks", "estimate", "order", "refusals", "tasks")
    _answer(file, as_json, now, jurisdiction, zone, parts, page, preference(goal, prefer))


def _answer(
    file: Path,
    as_json: bool,
    now: str | None,
    jurisdiction: str,
    zone: str | None,
    parts: tuple[str, ...],
    page: Path | None = None,
    wanted: Preference | None = None,
) -> None:
    from eutonia.advice import advise, examined

    chart, at = read_chart(file, zone), moment(now)
    if parts == ("findings",):
        advice = examined(chart, at, jurisdiction.upper())
    else:
        advice = advise(chart, at, jurisdiction.upper(), wanted)
    found = advice.as_dict(foresee="outlooks" in parts)
    if as_json:
        whole = len(parts) > 2
        head = ("chart", "now", "knowledge", "person")
        print_json(found if whole else {name: found[name] for name in (*head, *parts)})
    else:
        from eutonia.doors.terminal import render

        click.echo(render(found, parts, width()))
    if page is not None:
        from eutonia.doors.page import write_page

        try:
            write_page(advice, page)
        except OSError as error:
            give_up(f"{page}: the page could not be written: {error.strerror}")
        if not as_json:
            click.echo(f"\nThe same advice as a page: {page}")
    sys.exit(STOPPED if advice.stopped else ANSWERED)


@main.command()
@CHART
@click.option(
    "--readback", type=click.Path(path_type=Path), required=True, help="What the pump reports, one field a line."
)
def verify(file: Path, as_json: bool, now: str | None, jurisdiction: str, zone: str | None, readback: Path) -> None:
    """Compare what the pump reports back with what the chart says was meant, field by field."""
    from msgspec.structs import replace

    from eutonia.chart import Facts, Problem, ReadError
    from eutonia.chart.source import read_file
    from eutonia.findings import STOP, examine
    from eutonia.knowledge import book
    from eutonia.pump import pump_state
    from eutonia.pump import verify as verification

    chart = read_chart(file, zone)
    facts = Facts(chart, chart.moment(moment(now)), book(jurisdiction.upper()))
    pump = pump_state(facts)
    if pump is None:
        raise ReadError(str(file), (Problem(0, "", "no pump is on the chart, so nothing can be verified"),))
    back = verification.read_back(read_file(readback), str(readback), facts)
    stops = tuple((each.id, each.says) for each in examine(facts, pump) if each.grade == STOP)
    outcome = replace(verification.verify(pump, back, facts), stops=stops)
    if as_json:
        print_json(
            {
                "chart": chart.hash,
                "agrees": outcome.agrees,
                "compared": list(outcome.compared),
                "differences": [
                    {"field": d.field, "meant": d.meant, "reported": d.reported} for d in outcome.differences
                ],
                "stops": [{"id": name, "says": says} for name, says in outcome.stops],
            }
        )
    elif outcome.agrees:
        click.echo(f"Every field agrees: {', '.join(outcome.compared)}.")
    else:
        click.echo("STOP  The pump and the order differ:")
        for d in outcome.differences:
            click.echo(f"  {d.field}: meant {d.meant}; the pump reports {d.reported}")
    if outcome.stops and not as_json:
        click.echo(
            "STOP  The chart that this was compared with has stop findings; resolve them before anything is given:"
        )
        for name, says in outcome.stops:
            click.echo(f"  {name}: {says}")
    sys.exit(STOPPED if outcome.differences or outcome.stops else ANSWERED)


@main.command()
@several(AS_JSON, NO_MOMENT)
@click.argument("id_", metavar="ID")
def why(id_: str, as_json: bool, now: str | None) -> None:
    """Tell the whole story of a fact (ADM-04), a conflict (C-05), a number (oral.daily_max) or a finding."""
    from eutonia.doors.story import story

    found = story(id_)
    if found is None:
        give_up(f"'{id_}' is not a fact, a conflict or a number; 'eutonia facts' lists the facts")
    if as_json:
        print_json(found)
        return
    from eutonia.doors.story import told

    click.echo(told(found, width()))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@NO_MOMENT
def facts(as_json: bool, now: str | None) -> None:
    """List the facts of the monograph with the knowledge, the code and the tests that carry each."""
    from eutonia.doors.story import carried

    rows = carried()
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(
                f"{row['id']:<7} {len(row['knowledge'])} knowledge, {len(row['code'])} code, {len(row['tests'])} tests  {row['says']}"
            )
    missing = [row["id"] for row in rows if not (row["knowledge"] and row["code"] and row["tests"])]
    if missing:
        click.echo(f"not carried whole: {', '.join(missing)}", err=True)
        sys.exit(STOPPED)

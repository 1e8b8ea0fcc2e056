"""The command `eutonia`: read, examine, plan, predict, advise, verify, simulate, study, why, facts."""

from __future__ import annotations

import gc
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from eutonia import __version__
from eutonia.doors.options import AS_JSON, NO_MOMENT, give_up, print_json, several
from eutonia.doors.simulate import simulate
from eutonia.doors.study import study

if TYPE_CHECKING:
    from eutonia.chart import Chart

ANSWERED: Final = 0
STOPPED: Final = 1


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


main.add_command(simulate)
main.add_command(study)


_ZONE: Final = click.option(
    "--zone", envvar="EUTONIA_ZONE", help="The clinic's time zone for times without one; UTC if not given."
)
_FILE: Final = click.argument("file", type=click.Path(path_type=Path))
_options = several(
    _FILE,
    AS_JSON,
    click.option("--now", help="The moment of the advice, such as '2026-05-02 09:00'; the clock's if not given."),
    click.option(
        "--jurisdiction",
        type=click.Choice(["US", "DE", "UK"], case_sensitive=False),
        envvar="EUTONIA_JURISDICTION",
        default="US",
        show_default=True,
    ),
    _ZONE,
)


def _read(file: Path, zone: str | None) -> Chart:
    from eutonia.chart.source import read_bytes, read_source

    if str(file) == "-":
        return read_bytes(sys.stdin.buffer.read(), "standard input", zone)
    return read_source(file, zone)


def _now(now: str | None) -> datetime | str:
    return now if now is not None else datetime.now(UTC)


def _width() -> int:
    try:
        return min(os.get_terminal_size().columns, 110)
    except OSError:
        return int(os.environ.get("COLUMNS", "100"))


@main.command()
@_ZONE
@click.option("--as", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --as json.")
@several(NO_MOMENT, _FILE)
def read(file: Path, form: str, as_json: bool, zone: str | None, now: str | None) -> None:
    """Read a chart (text, JSON or a FHIR bundle) and print it again; what was dropped is listed on standard error."""
    chart = _read(file, zone)
    if as_json or form == "json":
        found = chart.to_json()
        if chart.dropped:
            found["dropped"] = [{"where": d.where, "what": d.what, "why": d.why} for d in chart.dropped]
        print_json(found)
        return
    click.echo(chart.to_text(), nl=False)
    for dropped in chart.dropped:
        click.echo(f"not on the chart: {dropped.where}: {dropped.what}: {dropped.why}", err=True)


@main.command()
@_options
def examine(file: Path, as_json: bool, now: str | None, jurisdiction: str, zone: str | None) -> None:
    """Say what is true of the chart and matters: findings, the worst first."""
    _answer(file, as_json, now, jurisdiction, zone, ("findings",))


@main.command()
@_options
def plan(file: Path, as_json: bool, now: str | None, jurisdiction: str, zone: str | None) -> None:
    """Give the plans that the rules allow, and the refusals with what would lift each."""
    _answer(file, as_json, now, jurisdiction, zone, ("plans", "refusals"))


@main.command()
@_options
@click.option(
    "--page", type=click.Path(path_type=Path), help="Write the advice as one self-contained page of HTML as well."
)
def advise_command(
    file: Path, as_json: bool, now: str | None, jurisdiction: str, zone: str | None, page: Path | None
) -> None:
    """The whole advice: findings, plans, refusals, the pump and tasks."""
    _answer(
        file, as_json, now, jurisdiction, zone, ("findings", "pump", "plans", "outlooks", "refusals", "tasks"), page
    )


@main.command()
@_options
@click.option(
    "--plan",
    "number",
    type=click.IntRange(1),
    help="Only the plan at this place among the options; all of them without it.",
)
@click.option("--plot", type=click.Path(path_type=Path), help="Write the predicted courses as a drawing (.svg).")
def predict(
    file: Path,
    as_json: bool,
    now: str | None,
    jurisdiction: str,
    zone: str | None,
    number: int | None,
    plot: Path | None,
) -> None:
    """What a model expects of each plan that the rules allow: levels, tone and harms as bands over people."""
    from eutonia.advice import advise

    if plot is not None and plot.suffix != ".svg":
        raise click.BadParameter(f"'{plot}' does not end in .svg", param_hint="--plot")
    advice = advise(_read(file, zone), _now(now), jurisdiction.upper())
    found = advice.as_dict()
    if number is not None:
        if number > len(found["plans"]):
            many = len(found["plans"])
            raise click.BadParameter(f"there {'is 1 plan' if many == 1 else f'are {many} plans'}", param_hint="--plan")
        found["plans"] = [found["plans"][number - 1]]
        found["predictions"] = [{**found["predictions"][number - 1], "plan": 0}]
    if as_json:
        print_json({name: found[name] for name in ("chart", "now", "knowledge", "person", "plans", "predictions")})
    else:
        from eutonia.doors.terminal import render

        parts = ("outlooks", "refusals") if found["plans"] else ("plans", "refusals")
        click.echo(render(found, parts, _width()))
    if plot is not None:
        from eutonia.doors.page import write_plot

        person = found["person"]
        who = ", ".join(each for each in (person["name"], person["id"], found["now"][:16].replace("T", " ")) if each)
        try:
            write_plot(found["predictions"], plot, who)
        except OSError as error:
            give_up(f"{plot}: the plot could not be written: {error.strerror}")
        if not as_json:
            click.echo(f"\nThe courses as a drawing: {plot}")
    sys.exit(STOPPED if advice.stopped else ANSWERED)


def _answer(
    file: Path,
    as_json: bool,
    now: str | None,
    jurisdiction: str,
    zone: str | None,
    parts: tuple[str, ...],
    page: Path | None = None,
) -> None:
    from eutonia.advice import advise, examined

    verb = examined if parts == ("findings",) else advise
    advice = verb(_read(file, zone), _now(now), jurisdiction.upper())
    found = advice.as_dict(foresee="outlooks" in parts)
    if as_json:
        whole = len(parts) > 2
        head = ("chart", "now", "knowledge", "person")
        print_json(found if whole else {name: found[name] for name in (*head, *parts)})
    else:
        from eutonia.doors.terminal import render

        click.echo(render(found, parts, _width()))
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
@_options
@click.option(
    "--readback", type=click.Path(path_type=Path), required=True, help="What the pump reports, one field a line."
)
def verify(file: Path, as_json: bool, now: str | None, jurisdiction: str, zone: str | None, readback: Path) -> None:
    """Compare what the pump reports back with what the chart says was meant, field by field."""
    from eutonia.chart import Facts, Problem, ReadError
    from eutonia.chart.source import read_file
    from eutonia.knowledge import book
    from eutonia.pump import pump_state
    from eutonia.pump import verify as verification

    chart = _read(file, zone)
    facts = Facts(chart, chart.moment(_now(now)), book(jurisdiction.upper()))
    pump = pump_state(facts)
    if pump is None:
        raise ReadError(str(file), (Problem(0, "", "no pump is on the chart, so nothing can be verified"),))
    back = verification.read_back(read_file(readback), str(readback), facts)
    outcome = verification.verify(pump, back, facts)
    if as_json:
        print_json(
            {
                "chart": chart.hash,
                "agrees": outcome.agrees,
                "compared": list(outcome.compared),
                "differences": [
                    {"field": d.field, "meant": d.meant, "reported": d.reported} for d in outcome.differences
                ],
            }
        )
    elif outcome.agrees:
        click.echo(f"Every field agrees: {', '.join(outcome.compared)}.")
    else:
        click.echo("STOP  The pump and the order differ:")
        for d in outcome.differences:
            click.echo(f"  {d.field}: meant {d.meant}; the pump reports {d.reported}")
    sys.exit(ANSWERED if outcome.agrees else STOPPED)


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

    click.echo(told(found, _width()))


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

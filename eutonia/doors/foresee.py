"""The commands that look ahead: what is expected of the plans, what the patient's own data say, what a typed dose would do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eutonia.doors.options import (
    ANSWERED,
    CHART,
    PREFERENCE,
    STOPPED,
    give_up,
    moment,
    preference,
    print_json,
    read_chart,
    width,
)  # fmt: skip

if TYPE_CHECKING:
    from eutonia.advice import Advice

_PLOT = click.option("--plot", type=click.Path(path_type=Path), help="Write the predicted courses as a drawing (.svg).")
_HEAD = ("chart", "now", "knowledge", "person")


@click.command()
@CHART
@PREFERENCE
@click.option(
    "--plan",
    "number",
    type=click.IntRange(1),
    help="Only the plan at this place among the options; all of them without it.",
)
@_PLOT
def predict(
    file: Path,
    as_json: bool,
    now: str | None,
    jurisdiction: str,
    zone: str | None,
    goal: int | None,
    prefer: tuple[str, ...] | None,
    number: int | None,
    plot: Path | None,
) -> None:
    """What a model expects of each plan that the rules allow: levels, tone and harms as bands over people."""
    from eutonia.advice import advise

    _drawable(plot)
    advice = advise(read_chart(file, zone), moment(now), jurisdiction.upper(), preference(goal, prefer))
    found = advice.as_dict()
    if number is not None:
        if number > len(found["plans"]):
            many = len(found["plans"])
            raise click.BadParameter(f"there {'is 1 plan' if many == 1 else f'are {many} plans'}", param_hint="--plan")
        found["plans"] = [found["plans"][number - 1]]
        found["predictions"] = [{**found["predictions"][number - 1], "plan": 0}]
        found["order"] = []
    parts = ("outlooks", "order", "refusals") if found["plans"] else ("plans", "refusals")
    _told(advice, found, as_json, ("plans", "predictions", "order"), parts, plot)


@click.command()
@CHART
@click.option("--plot", type=click.Path(path_type=Path), help="Write what has moved as a drawing (.svg).")
def estimate(
    file: Path, as_json: bool, now: str | None, jurisdiction: str, zone: str | None, plot: Path | None
) -> None:
    """What the patient's own scores, levels, responses and residual volumes say: before and after, and what explains them."""
    from eutonia.advice import examined

    _drawable(plot)
    advice = examined(read_chart(file, zone), moment(now), jurisdiction.upper())
    found = advice.as_dict(foresee=False) | {"estimate": advice.estimate.as_dict(advice.facts.home)}
    _told(advice, found, as_json, ("estimate",), ("estimate",), plot)


@click.command()
@CHART
@click.option("--program", help="What the pump would be told, such as 'continuous 250 mcg/day; bolus 20 mcg at 06:00'.")
@click.option("--oral", "regimen", help="What would be swallowed, such as '10 mg three times a day'.")
@_PLOT
def whatif(
    file: Path,
    as_json: bool,
    now: str | None,
    jurisdiction: str,
    zone: str | None,
    program: str | None,
    regimen: str | None,
    plot: Path | None,
) -> None:
    """What a dose that you type would do, beside today's; the rules judge it first, and a dose they refuse is not shown."""
    from eutonia.advice import examined, what_if
    from eutonia.chart.orders import read_program, read_regimen
    from eutonia.quantity import QuantityError

    _drawable(plot)
    if (program is None) == (regimen is None):
        raise click.UsageError("type one dose: --program for the pump, or --oral for tablets")
    try:
        if program is not None:
            dose: Any = read_program([each.strip() for each in program.split(";") if each.strip()])
        else:
            dose = read_regimen(regimen or "")
    except QuantityError as error:
        if regimen is not None and regimen.strip() == "stop":
            give_up(
                "'stop' is no dose: tablets are never stopped at once; write 'request taper oral' and ask for the plans"
            )
        raise click.BadParameter(str(error), param_hint="--program" if program is not None else "--oral") from error
    seen = examined(read_chart(file, zone), moment(now), jurisdiction.upper())
    advice = what_if(seen, dose)
    parts = ("outlooks", "order", "refusals")
    names = ("plans", "predictions", "order", "refusals")
    _told(advice, advice.as_dict(), as_json, names, parts, plot, refused=not advice.plans)


def _drawable(plot: Path | None) -> None:
    if plot is not None and plot.suffix != ".svg":
        raise click.BadParameter(f"'{plot}' does not end in .svg", param_hint="--plot")


def _told(
    advice: Advice,
    found: dict[str, Any],
    as_json: bool,
    names: tuple[str, ...],
    parts: tuple[str, ...],
    plot: Path | None,
    refused: bool = False,
) -> None:
    """Prints an answer, writes its drawing, and ends with the exit status."""
    if as_json:
        print_json({name: found[name] for name in (*_HEAD, *names)})
    else:
        from eutonia.doors.terminal import render

        click.echo(render(found, parts, width()))
    if plot is not None:
        from eutonia.doors.page import write_plot, write_spans

        person = found["person"]
        who = ", ".join(each for each in (person["name"], person["id"], found["now"][:16].replace("T", " ")) if each)
        try:
            if parts == ("estimate",):
                write_spans(found["estimate"], plot, who)
            else:
                write_plot(found["predictions"], plot, who)
        except OSError as error:
            give_up(f"{plot}: the plot could not be written: {error.strerror}")
        if not as_json:
            click.echo(f"\nThe same as a drawing: {plot}")
    sys.exit(STOPPED if advice.stopped or refused else ANSWERED)

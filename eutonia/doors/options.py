"""What may be typed after a command: kinds of values, and the options that several commands share."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from eutonia.chart import Chart
    from eutonia.predict.rank import Preference
    from eutonia.quantity import Quantity

_Command = TypeVar("_Command", bound=Callable[..., None])

ANSWERED: Final = 0
STOPPED: Final = 1
UNREADABLE: Final = 2


class Hours(click.ParamType[float]):
    """A time such as '8h' or '8 h'."""

    name = "hours"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> float:
        """The hours; refused without a unit, below or at zero."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(h|min|days?)\s*", str(value))
        hours = float(found[1]) * {"h": 1.0, "min": 1 / 60}.get(found[2], 24.0) if found else 0.0
        if hours <= 0:
            self.fail(f"'{value}' is not a time; write it with its unit, such as '8h'", param, context)
        return hours


class Amount(click.ParamType["Quantity"]):
    """An amount of drug such as '20 mg', or a quantity of another kind."""

    def __init__(self, kind: str = "amount") -> None:
        self.name = self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Quantity:
        """The quantity; refused without a unit and at zero."""
        from eutonia.quantity import Quantity, QuantityError

        if isinstance(value, Quantity):
            return value
        try:
            found = Quantity.read(str(value), self.kind)
        except QuantityError as error:
            self.fail(str(error), param, context)
        if found.value == 0:
            self.fail(f"'{value}' is no {'dose' if self.kind == 'amount' else self.kind}", param, context)
        return found


class HourList(click.ParamType[list[float]]):
    """Hours such as '1,4,6'."""

    name = "hours"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> list[float]:
        """The hours; refused where one is no number or below zero."""
        if isinstance(value, list):
            return value
        try:
            found = [float(each) for each in str(value).split(",")]
        except ValueError:
            found = []
        if not found or not all(0 <= each < 1e5 for each in found):
            self.fail(f"'{value}' is no list of hours; write it such as '1,4,6'", param, context)
        return found


class PlasmaModel(click.ParamType[str]):
    """The name of one of the models of plasma."""

    name = "model"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> str:
        """The name; refused, with the names there are, where there is no such model."""
        from eutonia.body.plasma import MODELS

        if value not in MODELS:
            self.fail(f"'{value}' is no model; choose one of {', '.join(MODELS)}", param, context)
        return str(value)


def several(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Options in the order in which the help shows them, as one decorator."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
NO_MOMENT = click.option("--now", hidden=True)
MODEL = click.option(
    "--model",
    type=PlasmaModel(),
    default="adult",
    show_default=True,
    help="Of plasma: adult, simon2018, chevillard2018, kochak1985, he2014",
)
WEIGHT = click.option("--weight", type=click.FloatRange(0, min_open=True), default=70.0, show_default=True, help="kg")
AGE = click.option("--age", type=click.FloatRange(0), default=40.0, show_default=True, help="years")
CRCL = click.option(
    "--crcl", type=click.FloatRange(0), help="Creatinine clearance, mL/min; without it that of healthy adults."
)
SEED = click.option(
    "--seed", default="1", show_default=True, help="The name of the draw: the same name, the same people."
)


ZONE = click.option(
    "--zone", envvar="EUTONIA_ZONE", help="The clinic's time zone for times without one; UTC if not given."
)
JURISDICTION = click.option(
    "--jurisdiction",
    type=click.Choice(["US", "DE", "UK"], case_sensitive=False),
    envvar="EUTONIA_JURISDICTION",
    default="US",
    show_default=True,
)
FILE = click.argument("file", type=click.Path(path_type=Path))
# What every command that answers for a chart at a moment takes.
CHART = several(
    FILE,
    AS_JSON,
    click.option("--now", help="The moment of the advice, such as '2026-05-02 09:00'; the clock's if not given."),
    JURISDICTION,
    ZONE,
)


class Wanted(click.ParamType["tuple[str, ...]"]):
    """What counts first in the order of the options, such as 'goal,harm'."""

    name = "concerns"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> tuple[str, ...]:
        """The concerns in their order, those not named behind them; refused where one is unknown or named twice."""
        from eutonia.predict.rank import CONCERNS

        if isinstance(value, tuple):
            return value
        found = [each.strip() for each in str(value).split(",")]
        if set(found) - set(CONCERNS) or len(set(found)) < len(found):
            self.fail(f"'{value}' is no order; name some of {', '.join(CONCERNS)}, each once", param, context)
        return (*found, *(each for each in CONCERNS if each not in found))


# What is wanted for the person, by which options are put in order.
PREFERENCE = several(
    click.option("--goal", type=click.IntRange(1, 5), help="The Ashworth score of the legs (1 to 5) wanted at most."),
    click.option("--prefer", type=Wanted(), help="What counts first: harm, withdrawal, goal, dose, visits."),
)


def preference(goal: int | None, prefer: tuple[str, ...] | None) -> Preference:
    """What is wanted, as the order takes it."""
    from eutonia.predict.rank import CONCERNS, Preference

    return Preference(goal, CONCERNS if prefer is None else prefer)  # type: ignore[arg-type]


def read_chart(file: Path, zone: str | None) -> Chart:
    """The chart in a file, or on standard input for '-'."""
    from eutonia.chart.source import read_bytes, read_source

    if str(file) == "-":
        return read_bytes(sys.stdin.buffer.read(), "standard input", zone)
    return read_source(file, zone)


def moment(now: str | None) -> datetime | str:
    """The moment that was asked for, or the clock's."""
    return now if now is not None else datetime.now(UTC)


def width() -> int:
    """How many columns the answer may take."""
    try:
        return min(os.get_terminal_size().columns, 110)
    except OSError:
        return int(os.environ.get("COLUMNS", "100"))


def people(most: int) -> Callable[[_Command], _Command]:
    """How many people are drawn."""
    return click.option("--people", type=click.IntRange(1, most), default=1000, show_default=True)


@contextmanager
def progress(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where a person looks at it, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda more: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    import json

    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def give_up(*lines: str) -> NoReturn:
    """Says on standard error what could not be read or written, and ends with exit status 2."""
    for line in lines:
        click.echo(line, err=True)
    sys.exit(UNREADABLE)

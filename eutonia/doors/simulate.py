"""The command `eutonia simulate`: what a dose does to a population that the models draw."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from typing import Any

import click

_METRICS = {
    "cmax_ng_ml": "highest concentration, ng/mL",
    "tmax_h": "its time after the dose, h",
    "auc_ng_h_ml": "area under the curve, ng*h/mL",
    "half_life_h": "terminal half-life, h",
    "trough_ng_ml": "concentration before the next dose, ng/mL",
    "fluctuation_percent": "peak less trough, % of the average",
    "unchanged_in_urine": "share of the dose unchanged in urine",
    "cl_f_l_h": "oral clearance CL/F, L/h",
}


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


class Amount(click.ParamType[Any]):
    """An amount of drug such as '20 mg'."""

    name = "amount"

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """The quantity; refused without a unit and at zero."""
        from eutonia.quantity import Quantity, QuantityError

        if not isinstance(value, str):
            return value
        try:
            found = Quantity.read(value, "amount")
        except QuantityError as error:
            self.fail(str(error), param, context)
        if found.value == 0:
            self.fail(f"'{value}' is no dose", param, context)
        return found


@click.group()
def simulate() -> None:
    """What a dose does to a population that the models draw.  A model never decides a dose."""


@simulate.command()
@click.option("--dose", type=Amount("mg"), required=True, help="What is swallowed each time, such as '20 mg'.")
@click.option("--every", type=Hours(), help="The time between doses, such as 8h; without it there is one dose.")
@click.option("--doses", type=click.IntRange(1, 100_000), help="How many doses.")
@click.option("--weight", type=click.FloatRange(0, min_open=True), default=70.0, show_default=True, help="kg")
@click.option("--age", type=click.FloatRange(0), default=40.0, show_default=True, help="years")
@click.option(
    "--crcl", type=click.FloatRange(0), help="Creatinine clearance, mL/min; without it that of healthy adults."
)
@click.option(
    "--model", default="adult", show_default=True, help="adult, simon2018, chevillard2018, kochak1985, he2014"
)
@click.option("--solution", is_flag=True, help="A solution instead of tablets: it need not dissolve.")
@click.option(
    "--absorption",
    type=click.Choice(["linear", "increasing", "decreasing"]),
    default="linear",
    show_default=True,
    help="Whether the share absorbed grows with the dose (the monograph), falls (the US label) or stays (all measurements).",
)
@click.option("--people", type=click.IntRange(1, 1_000_000), default=1000, show_default=True)
@click.option("--seed", default="1", show_default=True, help="The name of the draw: the same name, the same people.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--now", hidden=True)
def oral(
    dose: Any,
    every: float | None,
    doses: int | None,
    weight: float,
    age: float,
    crcl: float | None,
    model: str,
    solution: bool,
    absorption: str,
    people: int,
    seed: str,
    as_json: bool,
    now: str | None,
) -> None:
    """The course of plasma after doses by mouth: after one, or in the last interval of several."""
    from eutonia.body.plasma import MODELS
    from eutonia.knowledge import book, library
    from eutonia.predict import oral as predicted

    if model not in MODELS:
        raise click.BadParameter(f"'{model}' is no model; choose one of {', '.join(MODELS)}", param_hint="--model")
    if (every is None) != (doses in (None, 1)):
        raise click.UsageError("several doses need both --every and --doses, such as: --every 8h --doses 30")
    form = "solution" if solution else "tablet"
    found = predicted.swallowed(
        float(dose.to("mg")), book(), every_h=every or 0.0, doses=doses or 1, count=people, seed=seed,
        age_years=age, weight_kg=weight, creatinine_ml_min=crcl, model=model, form=form, absorption=absorption,
    )  # fmt: skip
    answer = predicted.as_dict(found)
    if as_json:
        import json

        asked = {"dose": dose.wire(), "every_h": every, "doses": doses or 1, "weight_kg": weight, "age_years": age}
        asked |= {"crcl_ml_min": crcl, "form": form, "absorption": absorption, "seed": seed}
        knowledge = {"version": library().version, "hash": library().hash}
        click.echo(json.dumps({"asked": asked, "knowledge": knowledge, **answer}, ensure_ascii=False, indent=2))
        return
    if "unknown" in answer:
        click.echo(f"Unknown: {answer['unknown']}.")
        return
    several = f", {doses} doses {_plain(every)} h apart; the last interval" if every else ", one dose"
    click.echo(f"{_people(people)} of the model '{model}', {dose} by mouth{several}\n")
    click.echo(f"  {'':<44}{'mean':>10}{'sd':>10}{'5 %':>10}{'median':>10}{'95 %':>10}")
    for name, says in _METRICS.items():
        if (each := answer["plasma"][name]) is not None:
            shown = "".join(f"{_plain(each[key]):>10}" for key in ("mean", "sd", "p05", "p50", "p95"))
            click.echo(f"  {says:<44}{shown}")
    if absorption != "linear":
        click.echo(
            "\nScenario: no source says how much absorption depends on the dose; all measurements are linear (C-01)."
        )
    click.echo(
        "\nA prediction of a model for people like these, not a dose. 'eutonia why body.share' tells a parameter's story."
    )
    sys.exit(0)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _plain(value: float | None) -> str:
    """A computed number to three figures, as a screen shows it."""
    from eutonia.quantity import plain

    if value is None:
        return ""
    return plain(Decimal(f"{value:.3g}"))

"""The command `eutonia simulate`: what a dose does to a population that the models draw."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from pathlib import Path
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
    click.echo(_head())
    for name, says in _METRICS.items():
        if (each := answer["plasma"][name]) is not None:
            click.echo(_row(says, each))
    if absorption != "linear":
        click.echo(
            "\nScenario: no source says how much absorption depends on the dose; all measurements are linear (C-01)."
        )
    click.echo(
        "\nA prediction of a model for people like these, not a dose. 'eutonia why body.share' tells a parameter's story."
    )
    sys.exit(0)


@simulate.command()
@click.option("--bolus", type=Amount("mcg"), help="One bolus, such as '50 mcg'.")
@click.option("--via", type=click.Choice(["puncture", "pump"]), default="puncture", show_default=True)
@click.option(
    "--program", "written", help="A pump program, such as 'continuous 100 mcg/day; bolus 12 mcg at 06:00, 22:00'."
)
@click.option("--tip", default="T10", show_default=True, help="The vertebra at which the catheter ends, C1 to S2.")
@click.option(
    "--days", type=click.FloatRange(0.25, 60), default=4.0, show_default=True, help="How long the program runs."
)
@click.option("--at", "hours", default="1,4,6", show_default=True, help="Hours at which the effect is told.")
@click.option(
    "--baseline-ashworth", type=click.FloatRange(1, 5), default=3.0, show_default=True, help="On the scale of 1 to 5."
)
@click.option("--mixing", type=click.Choice(["fast", "slow"]), default="fast", show_default=True)
@click.option("--weight", type=click.FloatRange(0, min_open=True), default=70.0, show_default=True, help="kg")
@click.option("--height", type=click.FloatRange(50, 250), default=175.0, show_default=True, help="cm")
@click.option("--age", type=click.FloatRange(0), default=40.0, show_default=True, help="years")
@click.option(
    "--crcl", type=click.FloatRange(0), help="Creatinine clearance, mL/min; without it that of healthy adults."
)
@click.option("--people", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@click.option("--seed", default="1", show_default=True, help="The name of the draw: the same name, the same people.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--now", hidden=True)
def intrathecal(
    bolus: Any,
    via: str,
    written: str | None,
    tip: str,
    days: float,
    hours: str,
    baseline_ashworth: float,
    mixing: str,
    weight: float,
    height: float,
    age: float,
    crcl: float | None,
    people: int,
    seed: str,
    as_json: bool,
    now: str | None,
) -> None:
    """Drug along the spine and its effect after a bolus, or while a program runs from an empty spine on."""
    from eutonia.chart.orders import read_program
    from eutonia.knowledge import book, library
    from eutonia.moment import MomentError
    from eutonia.predict import intrathecal as predicted
    from eutonia.quantity import QuantityError

    if (bolus is None) == (written is None):
        raise click.UsageError("give one of --bolus '50 mcg' and --program 'continuous 100 mcg/day'")
    ask = _hours(hours)
    if bolus is not None:
        wide = predicted.PUNCTURE_CM if via == "puncture" else predicted.BOLUS_CM
        given: Any = [predicted.Given(0.0, mcg=float(bolus.to("mcg")), spread_cm=wide)]
        lasts = max(24.0, *ask)
    else:
        try:
            program = read_program([each.strip() for each in str(written).split(";")])
        except (QuantityError, MomentError) as error:
            raise click.BadParameter(str(error), param_hint="--program") from None
        if program.stopped:
            raise click.BadParameter("a stopped pump delivers nothing to simulate", param_hint="--program")
        given, lasts = predicted.delivered(program, days), 24.0 * days
    if late := [each for each in ask if each > lasts]:
        raise click.BadParameter(f"{late[0]:g} h is after the {lasts:g} h that are simulated", param_hint="--at")
    try:
        found = predicted.along_the_spine(
            given, book(), tip=tip, puncture=bolus is not None and via == "puncture", hours=lasts, ask_h=ask,
            baseline=baseline_ashworth, count=people, seed=seed, age_years=age, weight_kg=weight, height_cm=height,
            creatinine_ml_min=crcl, mixing=mixing,
        )  # fmt: skip
    except KeyError as error:
        raise click.BadParameter(str(error.args[0]), param_hint="--tip") from None
    answer = predicted.as_dict(found)
    if as_json:
        import json

        asked = {"bolus": bolus and bolus.wire(), "via": via, "program": written, "tip": tip, "days": days}
        asked |= {"baseline_ashworth": baseline_ashworth, "weight_kg": weight, "height_cm": height, "age_years": age}
        asked |= {"crcl_ml_min": crcl, "seed": seed}
        knowledge = {"version": library().version, "hash": library().hash}
        click.echo(json.dumps({"asked": asked, "knowledge": knowledge, **answer}, ensure_ascii=False, indent=2))
        return
    if "unknown" in answer:
        click.echo(f"Unknown: {answer['unknown']}.")
        return
    what = (
        f"{bolus} by {'lumbar puncture' if via == 'puncture' else f'the pump, tip {tip}'}"
        if bolus
        else f"{written}, tip {tip}, {_plain(days)} days"
    )
    click.echo(f"{_people(people)}, {what}; Ashworth {_plain(baseline_ashworth)} before\n")
    click.echo(_head())
    kind = "highest" if bolus else "average of the last day"
    csf, effect = answer["csf"], answer["effect"]
    click.echo(_row(f"lumbar fluid, ng/mL ({kind})", csf["lumbar_ng_ml"]))
    click.echo(_row(f"cisternal fluid, ng/mL ({kind})", csf["cisternal_ng_ml"]))
    click.echo(_row("lumbar over cisternal exposure", csf["gradient"]))
    click.echo(_row("half-life at a tap, 0.5 to 4 h, h", csf["half_life_h"]))
    click.echo(_row("clearance from the fluid, mL/h", csf["clearance_ml_h"]))
    click.echo(_row("highest concentration in plasma, ng/mL", answer["plasma"]["cmax_ng_ml"]))
    for hour, each in effect["h_m"].items():
        click.echo(_row(f"H-reflex at {hour} h, of that before", each))
    for hour, each in effect["ashworth"].items():
        click.echo(_row(f"Ashworth score of the legs at {hour} h", each))
    for name, says in (("onset_h", "first noticed, h"), ("peak_h", "strongest, h"), ("duration_h", "lasts, h")):
        if effect[name] is not None:
            click.echo(_row(says, effect[name]))
    click.echo(f"\n{effect['responders']:.0%} fall by a point or more.")
    click.echo(
        "Scenario: a model of the spine with assumed parts; single courses in fluid and onset times are not predictable."
        "\nNot a dose."
    )


@simulate.command("table")
@click.argument("events", type=click.Path(path_type=Path))
@click.option(
    "--model", default="adult", show_default=True, help="adult, simon2018, chevillard2018, kochak1985, he2014"
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the levels go: .parquet or .csv")
@click.option("--seed", help="The name of a draw: every person their own kinetics. Without it everybody is typical.")
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--now", hidden=True)
def table_command(
    events: Path, model: str, out: Path, seed: str | None, threads: int, as_json: bool, now: str | None
) -> None:
    """Run a NONMEM-style table (ID TIME AMT RATE DUR EVID CMT ADDL II SS; AGE WT CRCL) and write its levels.

    Times in h, amounts in mg, levels in ng/mL.  Covariates hold from their row on.
    """
    from eutonia.body.kinetics import KineticsError
    from eutonia.body.table import TableError
    from eutonia.knowledge import book
    from eutonia.predict import events as predicted

    if model not in predicted.NEEDS:
        raise click.BadParameter(
            f"'{model}' is no model; choose one of {', '.join(predicted.NEEDS)}", param_hint="--model"
        )
    if out.suffix not in (".parquet", ".csv"):
        raise click.BadParameter(f"'{out}' ends neither in .parquet nor in .csv", param_hint="--out")
    try:
        table = predicted.read_events(events, model)
        observed = predicted.levels(table, model, book(), seed, threads)
        count = predicted.write_levels(table, observed, out)
    except (TableError, KineticsError) as error:
        for line in str(error).splitlines():
            click.echo(f"{events}: {line}", err=True)
        sys.exit(2)
    except (OSError, UnicodeDecodeError) as error:
        click.echo(f"{events}: {getattr(error, 'strerror', None) or error}", err=True)
        sys.exit(2)
    except ImportError:
        click.echo("Parquet needs pyarrow: pip install 'eutonia[many]', or let --out end in .csv", err=True)
        sys.exit(2)
    if as_json:
        import json

        click.echo(json.dumps({"people": len(table), "levels": count, "model": model, "out": str(out)}))
        return
    click.echo(f"{_people(len(table))}, {count:,} {'level' if count == 1 else 'levels'} of the model '{model}': {out}")


@simulate.command("sbml")
@click.argument("what", type=click.Choice(["plasma", "neuraxis"]))
@click.option(
    "--model",
    default="adult",
    show_default=True,
    help="Of plasma: adult, simon2018, chevillard2018, kochak1985, he2014",
)
@click.option("--dose", type=Amount("mg"), required=True, help="What it begins with: swallowed, or by lumbar puncture.")
@click.option("--weight", type=click.FloatRange(0, min_open=True), default=70.0, show_default=True, help="kg")
@click.option("--age", type=click.FloatRange(0), default=40.0, show_default=True, help="years")
@click.option(
    "--crcl", type=click.FloatRange(0), default=110.0, show_default=True, help="Creatinine clearance, mL/min."
)
@click.option("--now", hidden=True)
def sbml_command(what: str, model: str, dose: Any, weight: float, age: float, crcl: float, now: str | None) -> None:
    """Print the typical person's model as SBML, for other simulators; time is in hours."""
    import numpy as np

    from eutonia.body import neuraxis, plasma
    from eutonia.body.person import outside, people
    from eutonia.knowledge import book
    from eutonia.predict import sbml
    from eutonia.predict.intrathecal import PUNCTURE_CM, tap_cm

    if model not in plasma.MODELS:
        raise click.BadParameter(
            f"'{model}' is no model; choose one of {', '.join(plasma.MODELS)}", param_hint="--model"
        )
    someone = people(1, age, weight, crcl)
    if why := outside(someone, book()):
        raise click.UsageError(why)
    kinetics = plasma.kinetics(model, someone, np.zeros((1, plasma.ETAS)), book())
    try:
        if what == "plasma":
            click.echo(sbml.plasma(kinetics, float(dose.to("mg"))))
            return
        spine = neuraxis.spine(kinetics, np.array([175.0]), np.zeros((1, neuraxis.ETAS)), book())
        source = float(dose.to("mcg")) * neuraxis.injected(spine, np.array([tap_cm(book())]), PUNCTURE_CM)
        click.echo(sbml.neuraxis(spine, source[0]))
    except ImportError:
        click.echo("SBML needs python-libsbml: pip install 'eutonia[export]'", err=True)
        sys.exit(2)


def _hours(text: str) -> list[float]:
    try:
        found = [float(each) for each in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(0 <= each < 1e5 for each in found):
        raise click.BadParameter(f"'{text}' is no list of hours; write it such as '1,4,6'", param_hint="--at")
    return found


def _head() -> str:
    return f"  {'':<44}{'mean':>10}{'sd':>10}{'5 %':>10}{'median':>10}{'95 %':>10}"


def _row(says: str, each: dict[str, float]) -> str:
    return f"  {says:<44}" + "".join(f"{_plain(each[key]):>10}" for key in ("mean", "sd", "p05", "p50", "p95"))


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _plain(value: float | None) -> str:
    """A computed number to three figures, as a screen shows it."""
    from eutonia.quantity import plain

    if value is None:
        return ""
    return plain(Decimal(f"{value:.3g}"))

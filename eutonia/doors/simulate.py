"""The command `eutonia simulate`: what a dose does to a population that the models draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from eutonia.doors.options import (
    AGE,
    AS_JSON,
    CRCL,
    MODEL,
    NO_MOMENT,
    SEED,
    WEIGHT,
    Amount,
    HourList,
    Hours,
    give_up,
    people,
    print_json,
    several,
)
from eutonia.quantity import QuantityError, figures, plain

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


@click.group()
def simulate() -> None:
    """What a dose does to a population that the models draw.  A model never decides a dose."""


@simulate.command()
@click.option("--dose", type=Amount(), required=True, help="What is swallowed each time, such as '20 mg'.")
@click.option("--every", type=Hours(), help="The time between doses, such as 8h; without it there is one dose.")
@click.option("--doses", type=click.IntRange(1, 100_000), help="How many doses.")
@several(WEIGHT, AGE, CRCL)
@MODEL
@click.option("--solution", is_flag=True, help="A solution instead of tablets: it need not dissolve.")
@click.option(
    "--absorption",
    type=click.Choice(["linear", "increasing", "decreasing"]),
    default="linear",
    show_default=True,
    help="Whether the share absorbed grows with the dose (the monograph), falls (the US label) or stays (all measurements).",
)
@people(1_000_000)
@several(SEED, AS_JSON, NO_MOMENT)
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
    from eutonia.knowledge import book
    from eutonia.predict import oral as predicted

    if (every is None) != (doses in (None, 1)):
        raise click.UsageError("several doses need both --every and --doses, such as: --every 8h --doses 30")
    form = "solution" if solution else "tablet"
    found = predicted.swallowed(
        float(dose.to("mg")), book(), every_h=every or 0.0, doses=doses or 1, count=people, seed=seed,
        age_years=age, weight_kg=weight, creatinine_ml_min=crcl, model=model, form=form, absorption=absorption,
    )  # fmt: skip
    answer = predicted.as_dict(found)
    if as_json:
        asked = {"dose": dose.wire(), "every_h": every, "doses": doses or 1, "weight_kg": weight, "age_years": age}
        asked |= {"crcl_ml_min": crcl, "form": form, "absorption": absorption, "seed": seed}
        _print(asked, answer)
        return
    if "unknown" in answer:
        click.echo(f"Unknown: {answer['unknown']}.")
        return
    several = f", {doses} doses {plain(every)} h apart; the last interval" if every else ", one dose"
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


@simulate.command()
@click.option("--bolus", type=Amount(), help="One bolus, such as '50 mcg'.")
@click.option("--via", type=click.Choice(["puncture", "pump"]), default="puncture", show_default=True)
@click.option(
    "--program", "written", help="A pump program, such as 'continuous 100 mcg/day; bolus 12 mcg at 06:00, 22:00'."
)
@click.option(
    "--line",
    type=Amount("volume"),
    help="The volume of a new line without drug, such as '0.364 mL', which a program fills first.",
)
@click.option(
    "--strength", type=Amount("strength"), help="What is in the reservoir, such as '500 mcg/mL'; with --line."
)
@click.option("--tip", default="T10", show_default=True, help="The vertebra at which the catheter ends, C1 to S2.")
@click.option(
    "--days", type=click.FloatRange(0.25, 60), default=4.0, show_default=True, help="How long the program runs."
)
@click.option(
    "--at", "ask", type=HourList(), default="1,4,6", show_default=True, help="Hours at which the effect is told."
)
@click.option(
    "--baseline-ashworth", type=click.FloatRange(1, 5), default=3.0, show_default=True, help="On the scale of 1 to 5."
)
@click.option("--mixing", type=click.Choice(["fast", "slow"]), default="fast", show_default=True)
@WEIGHT
@click.option("--height", type=click.FloatRange(50, 250), default=175.0, show_default=True, help="cm")
@AGE
@CRCL
@people(100_000)
@several(SEED, AS_JSON, NO_MOMENT)
def intrathecal(
    bolus: Any,
    via: str,
    written: str | None,
    line: Any,
    strength: Any,
    tip: str,
    days: float,
    ask: list[float],
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
    from eutonia.body import neuraxis
    from eutonia.chart.orders import read_program
    from eutonia.knowledge import book
    from eutonia.moment import MomentError
    from eutonia.predict import intrathecal as predicted

    if (bolus is None) == (written is None):
        raise click.UsageError("give one of --bolus '50 mcg' and --program 'continuous 100 mcg/day'")
    if bolus is not None:
        wide = neuraxis.PUNCTURE_CM if via == "puncture" else neuraxis.BOLUS_CM
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
        if line is not None:
            told = strength or program.strength
            if told is None:
                raise click.UsageError("how long a line takes needs the strength, such as --strength '500 mcg/mL'")
            given = predicted.through_line(given, program, float(line.to("mL")), float(told.to("mcg/mL")))
    if late := [each for each in ask if each > lasts]:
        raise click.BadParameter(
            f"{plain(late[0])} h is after the {plain(lasts)} h that are simulated", param_hint="--at"
        )
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
        asked = {"bolus": bolus and bolus.wire(), "via": via, "program": written, "tip": tip, "days": days}
        asked |= {"line": line and line.wire(), "strength": strength and strength.wire()}
        asked |= {"baseline_ashworth": baseline_ashworth, "weight_kg": weight, "height_cm": height, "age_years": age}
        asked |= {"crcl_ml_min": crcl, "seed": seed}
        _print(asked, answer)
        return
    if "unknown" in answer:
        click.echo(f"Unknown: {answer['unknown']}.")
        return
    what = (
        f"{bolus} by {'lumbar puncture' if via == 'puncture' else f'the pump, tip {tip}'}"
        if bolus
        else f"{written}, tip {tip}, {plain(days)} days"
    )
    click.echo(f"{_people(people)}, {what}; Ashworth {plain(baseline_ashworth)} before\n")
    click.echo(_head())
    kind = "highest" if bolus else "average of the last day"
    csf, effect = answer["csf"], answer["effect"]
    click.echo(_row(f"lumbar fluid, ng/mL ({kind})", csf["lumbar_ng_ml"]))
    click.echo(_row(f"cisternal fluid, ng/mL ({kind})", csf["cisternal_ng_ml"]))
    if not (bolus and via == "puncture"):
        click.echo(_row(f"catheter aspirate, ng/mL ({kind})", csf["aspirate_ng_ml"]))
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
    click.echo(f"\n{plain(figures(100 * effect['responders']))} % fall by a point or more.")
    click.echo(
        "Scenario: a model of the spine with assumed parts; single courses in fluid and onset times are not predictable."
        "\nNot a dose."
    )


@simulate.command("table")
@click.argument("events", type=click.Path(path_type=Path))
@MODEL
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the levels go: .parquet or .csv")
@click.option("--seed", help="The name of a draw: every person their own kinetics. Without it everybody is typical.")
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True)
@several(AS_JSON, NO_MOMENT)
def table_command(
    events: Path, model: str, out: Path, seed: str | None, threads: int, as_json: bool, now: str | None
) -> None:
    """Run a NONMEM-style table (ID TIME AMT RATE DUR EVID CMT ADDL II SS; AGE WT CRCL HD) and write its levels.

    Times in h, amounts in mg, levels in ng/mL.  Covariates hold from their row on; HD is 1 while haemodialysis runs.
    """
    from eutonia.body.kinetics import KineticsError
    from eutonia.body.table import TableError
    from eutonia.knowledge import book
    from eutonia.predict import events as predicted

    if out.suffix not in (".parquet", ".csv"):
        raise click.BadParameter(f"'{out}' ends neither in .parquet nor in .csv", param_hint="--out")
    try:
        table = predicted.read_events(events, model)
        observed = predicted.levels(table, model, book(), seed, threads)
        count = predicted.write_levels(table, observed, out)
    except (TableError, KineticsError) as error:
        give_up(*(f"{events}: {line}" for line in str(error).splitlines()))
    except UnicodeDecodeError as error:
        give_up(f"{events}: {error}")
    except OSError as error:
        give_up(f"{error.filename or events}: {error.strerror or error}")
    except ImportError:
        give_up("Parquet needs pyarrow: pip install 'eutonia[many]', or let --out end in .csv")
    if as_json:
        print_json({"people": len(table), "levels": count, "model": model, "out": str(out)})
        return
    click.echo(
        f"{_people(len(table))}, {plain(count)} {'level' if count == 1 else 'levels'} of the model '{model}': {out}"
    )


@simulate.command("sbml")
@click.argument("what", type=click.Choice(["plasma", "neuraxis"]))
@MODEL
@click.option("--dose", type=Amount(), required=True, help="What it begins with: swallowed, or by lumbar puncture.")
@WEIGHT
@AGE
@click.option(
    "--crcl", type=click.FloatRange(0), default=110.0, show_default=True, help="Creatinine clearance, mL/min."
)
@NO_MOMENT
def sbml_command(what: str, model: str, dose: Any, weight: float, age: float, crcl: float, now: str | None) -> None:
    """Print the typical person's model as SBML, for other simulators; time is in hours."""
    import numpy as np

    from eutonia.body import neuraxis, plasma
    from eutonia.body.person import outside, people
    from eutonia.knowledge import book
    from eutonia.predict import sbml

    someone = people(1, age, weight, crcl)
    if why := outside(someone, book()) or plasma.unfit(model, someone):
        raise click.UsageError(why)
    kinetics = plasma.kinetics(model, someone, np.zeros((1, plasma.ETAS)), book())
    try:
        if what == "plasma":
            click.echo(sbml.plasma(kinetics, float(dose.to("mg"))))
            return
        spine = neuraxis.spine(kinetics, np.array([175.0]), np.zeros((1, neuraxis.ETAS)), book())
        source = float(dose.to("mcg")) * neuraxis.injected(
            spine, np.array([neuraxis.tap_cm(book())]), neuraxis.PUNCTURE_CM
        )
        click.echo(sbml.neuraxis(spine, source[0]))
    except ImportError:
        give_up("SBML needs python-libsbml: pip install 'eutonia[export]'")


def _print(asked: dict[str, Any], answer: dict[str, Any]) -> None:
    """One JSON object: what was asked, what it rests on, and the answer."""
    from eutonia.knowledge import library

    print_json({"asked": asked, "knowledge": {"version": library().version, "hash": library().hash}, **answer})


def _head() -> str:
    return f"  {'':<52}{'mean':>10}{'sd':>10}{'5 %':>10}{'median':>10}{'95 %':>10}"


def _row(says: str, each: dict[str, float]) -> str:
    return f"  {says:<52}" + "".join(f"{plain(figures(each[key])):>10}" for key in ("mean", "sd", "p05", "p50", "p95"))


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{plain(count)} people"

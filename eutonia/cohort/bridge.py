"""What a change of strength does at the tip of the catheter, with the bridge bolus and without it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body.parameters import parameter
from eutonia.cohort.study import Arm, Family, Field, Outcome, Policy, Study
from eutonia.cohort.world import LEGS, LUMBAR, SPINE, Along, Drip, along, drip, infused, unfit
from eutonia.knowledge import Book
from eutonia.pump import line
from eutonia.quantity import Quantity, QuantityError, plain

Floats = NDArray[np.float64]

_STEP_H: Final = 0.25
_PLACES: Final = Decimal("0.000001")

_FROM = Field("the strength that was in the pump", "mcg/mL", 1, 10_000, example="'500 mcg/mL'")
_TO = Field("the strength that is filled in", "mcg/mL", 1, 10_000, example="'2000 mcg/mL'")
_RECORDED = Field(
    "the volume of the line by which the bridge is computed, over the true one", "%", 1, 300, default=100.0,
    example="'120 %'",
)  # fmt: skip

POLICIES: Final[Mapping[str, Policy]] = {
    "no bridge bolus": Policy(
        "the pump runs on at the new rate while the line still holds the old drug",
        {"from": _FROM, "to": _TO},
        ("strengths",),
    ),
    "with bridge bolus": Policy(
        "the old drug in the line is delivered at the old daily dose, then the pump runs at the new rate",
        {"from": _FROM, "to": _TO, "line_recorded": _RECORDED},
        ("strengths", "pump.bridge"),
    ),
}

OUTCOMES: Final[Mapping[str, Outcome]] = {
    "tip_percent": Outcome("most or least that leaves the tip, of the daily dose", "%"),
    "tip_mcg_day": Outcome("most or least that leaves the tip, as a daily dose", "mcg/day"),
    "wrong_hours": Outcome("time for which the tip gives another dose than the prescribed one", "h"),
    "drug_off_mcg": Outcome("drug too much (or, below zero, too little) by then", "mcg"),
    "lumbar_change_percent": Outcome("largest departure of the lumbar level, of that before", "%"),
    "lumbar_off_hours": Outcome(
        "time for which the lumbar level is off by more than the pump's own accuracy",
        "h", False, ("device.synchromed_ii.accuracy",),
    ),
    "ashworth_change": Outcome("largest change of the expected Ashworth score of the legs", "points"),
    "tone_noticed": Outcome(
        "the score changes by as much as counts as an effect", "%", True, ("tone.noticed",)
    ),
    "tone_hours": Outcome("time for which the change of the score counts as an effect", "h", False, ("tone.noticed",)),
}  # fmt: skip


class Rates(Struct, frozen=True, eq=False):
    """What leaves the tip after the change: mcg/day of two stretches and how many hours each lasts, all [people, 2]."""

    daily_mcg: Floats
    hours: Floats


def at_tip(daily_mcg: Floats, line_ml: Floats, arm: Arm) -> Rates:
    """The doses at the tip of people [people] until the new drug arrives there at the prescribed dose."""
    old, new = (Quantity.of(str(int(arm.given[each])), "mcg/mL") for each in ("from", "to"))
    recorded = Decimal(repr(float(arm.given.get("line_recorded", 0.0)))) / 100
    rows = [
        _at_tip(_exact(v, "mL"), old, new, _exact(d, "mcg/day"), recorded)
        for v, d in zip(line_ml, daily_mcg, strict=True)
    ]
    found = np.array(rows, float)
    return Rates(found[:, :2], found[:, 2:])


def _at_tip(
    volume: Quantity, old: Quantity, new: Quantity, daily: Quantity, recorded: Decimal
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Daily doses of two stretches and their hours, of one person; `recorded` over the true volume, 0 without a bridge."""
    dose = daily.to("mcg/day")
    missed, sweep = line.missed_bridge(volume, old, new, daily)
    if not recorded:
        return missed, dose, sweep, Decimal(0)
    told = Quantity.of((volume.to("mL") * recorded).quantize(_PLACES), "mL")
    lasts = line.bridge(told, old, daily).hours
    if recorded <= 1:
        # The rest of the old drug leaves at the new rate.
        return dose, missed, lasts, sweep * (1 - recorded)
    # The old drug is out before the bridge ends: the new one leaves at the old rate.
    swept = line.bridge(volume, old, daily).hours
    return dose, dose * new.to("mcg/mL") / old.to("mcg/mL"), swept, lasts - swept


def _exact(value: float, unit: str) -> Quantity:
    return Quantity.of(Decimal(repr(float(value))).quantize(_PLACES), unit)


class _World(Struct, frozen=True, eq=False):
    daily_mcg: Floats
    line_ml: Floats
    along: Along
    drip: Drip


def _world(study: Study, first: int, count: int, book: Book) -> _World:
    those = along(study, str(study.setting["tip"]), first, count, book)
    hours = np.arange(0.0, study.number("lasts") * 24.0 + _STEP_H / 2, _STEP_H)
    # Rounded to what a quantity writes, so that the arithmetic of orders and that of levels are about the same numbers.
    daily, volume = (np.round(study.drawn(name, first, count), 6) for name in ("daily", "line"))
    return _World(daily, volume, those, drip(those, hours))


def _run(study: Study, arm: Arm, world: _World, book: Book) -> dict[str, Floats]:
    rates = at_tip(world.daily_mcg, world.line_ml, arm)
    dose = world.daily_mcg[:, None]
    off = rates.daily_mcg - dose
    # The two stretches as three changes of the rate.
    begins = np.concatenate([np.zeros_like(dose), np.cumsum(rates.hours, axis=1)], axis=1)
    levels = np.concatenate([off, np.zeros_like(dose)], axis=1) / 24.0
    changes = np.diff(levels, axis=1, prepend=0.0)
    courses = infused(world.drip, world.daily_mcg / 24.0, begins, changes)
    lumbar = 100.0 * (courses[:, LUMBAR] / courses[:, LUMBAR, :1] - 1.0)
    score = world.along.ashworth(courses[:, LEGS], world.drip.hours)
    moved = score - score[:, :1]
    accuracy = float(book.quantity("device.synchromed_ii.accuracy").to("%"))
    noticed = np.abs(moved) >= parameter(book, "tone.noticed", "points").value
    wrong = np.where((rates.hours > 0.0) & (np.abs(off) > 1e-6 * dose), rates.hours, 0.0)
    extreme = _farthest(np.where(wrong > 0.0, off, 0.0))
    return {
        "tip_percent": 100.0 * (1.0 + extreme / world.daily_mcg),
        "tip_mcg_day": world.daily_mcg + extreme,
        "wrong_hours": wrong.sum(axis=1),
        "drug_off_mcg": (off * wrong).sum(axis=1) / 24.0,
        "lumbar_change_percent": _farthest(lumbar),
        "lumbar_off_hours": (np.abs(lumbar) > accuracy).sum(axis=1) * _STEP_H,
        "ashworth_change": _farthest(moved),
        "tone_noticed": noticed.any(axis=1).astype(float),
        "tone_hours": noticed.sum(axis=1) * _STEP_H,
    }


def _farthest(values: Floats) -> Floats:
    """[people] the value of each row that is farthest from zero."""
    return np.asarray(values[np.arange(len(values)), np.abs(values).argmax(axis=1)])


def _problems(study: Study, arm: Arm, book: Book) -> list[str]:
    found = unfit(study, book, 18.0)
    stocked = [each.to("mcg/mL") for each in book.quantities("strengths")]
    for key in ("from", "to"):
        if arm.given[key] not in [float(each) for each in stocked]:
            names = ", ".join(f"'{plain(each)} mcg/mL'" for each in stocked)
            found.append(f"{key}: {arm.given[key]:g} mcg/mL is no strength for the reservoir; choose from {names}")
    if not found and arm.given["from"] == arm.given["to"]:
        found.append("to: this is the strength that is in the pump already")
    return found + tip_problems(study, book)


def tip_problems(study: Study, book: Book) -> list[str]:
    """Why there is no such place for the tip."""
    from eutonia.body.neuraxis import vertebra_cm

    try:
        vertebra_cm(str(study.setting["tip"]), book)
    except (KeyError, QuantityError) as error:
        return [f"setting.tip: {error.args[0]}"]
    return []


FAMILY: Final = Family(
    name="a change of strength",
    says="the strength in a running pump changes, and the line still holds the old drug",
    people=SPINE,
    setting={
        "daily": Field("the daily dose", "mcg/day", 12, 2003, spreads=True, example="'400 mcg/day'"),
        "line": Field("the volume of tubing and catheter", "mL", 0.01, 2, spreads=True, example="'0.364 mL'"),
        "tip": Field("the vertebra at which the catheter ends", example="'T10'"),
        "lasts": Field("how long it is followed", "days", 1, 60, example="'6 days'"),
    },
    policies=POLICIES,
    outcomes=OUTCOMES,
    models=("body.", "spine.", "tone."),
    limits="Drug moves through the line as a plug, without mixing. Before the change everybody is at the steady state of their dose, and tolerance does not change. The score is of tone only: what too much drug does to breathing and wakefulness is not in it.",
    tile=32,
    chunk=256,
    world=_world,
    run=_run,
    problems=_problems,
)  # fmt: skip

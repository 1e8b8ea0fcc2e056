"""When a pump is filled again, and how often it runs dry where people come late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.cohort.study import Arm, Family, Field, Outcome, Policy, Study
from eutonia.knowledge import Book
from eutonia.quantity import plain

Floats = NDArray[np.float64]

POLICIES: Final[Mapping[str, Policy]] = {
    "refill at margin": Policy(
        "the visit is set for the whole day by which, at the programmed dose, so much is left in the reservoir",
        {
            "margin": Field("what is left then", "mL", 0, 20, example="'pump.alarm_ml'"),
            "ahead": Field("how long before that day", "days", 0, 60, default=0.0, example="'pump.book_ahead'"),
        },
        ("pump.alarm_ml", "pump.alarm_recommended_ml", "pump.stability", "pump.book_ahead"),
    ),
}

OUTCOMES: Final[Mapping[str, Outcome]] = {
    "runs_dry": Outcome("the pump runs dry", "%", True),
    "dry_hours": Outcome("time without drug", "h"),
    "dry_beyond_short": Outcome(
        "the pump is dry for longer than counts as a short interruption", "%", True, ("restart.short_gap",)
    ),
    "dry_hours_if_dry": Outcome("time without drug, of those who run dry", "h", False, (), "never dry"),
    "visits": Outcome("visits for a refill", "visits"),
    "wasted_days": Outcome("drug drawn and thrown away, by how long the daily dose would have lasted", "days"),
    "least_left_ml": Outcome("least that was left at a visit", "mL"),
}  # fmt: skip


class Flow(Struct, frozen=True, eq=False):
    """A pump and who has it, [people] each: daily dose, strength, fill, and true flow over the programmed one."""

    daily_mcg: Floats
    strength_mcg_ml: float
    fill_ml: float
    flow: Floats


def interval_days(pump: Flow, margin_ml: float, ahead_days: float, book: Book) -> Floats:
    """[people] the whole days from a fill to the visit: by the programmed dose, and no longer than the drug is stable."""
    by_volume = (pump.fill_ml - margin_ml) * pump.strength_mcg_ml / pump.daily_mcg
    longest = float(book.quantity("pump.stability").to("days"))
    return np.maximum(np.floor(np.minimum(by_volume, longest) - ahead_days), 1.0)


def followed(
    pump: Flow, planned_days: Floats, late_days: list[Floats], horizon_days: float, book: Book
) -> dict[str, Floats]:
    """The outcomes [people] of visits that each come `late_days` [visits][people] after the planned day, one after the other."""
    people = planned_days.size
    per_day = pump.daily_mcg * pump.flow / pump.strength_mcg_ml
    lasts = pump.fill_ml / per_day
    at, visits, wasted, dry, longest = (np.zeros(people) for _ in range(5))
    least = np.full(people, pump.fill_ml)
    for late in late_days:
        running = at < horizon_days
        came = planned_days + late
        seen = np.minimum(came, horizon_days - at)
        empty = np.where(running, np.maximum(seen - lasts, 0.0), 0.0)
        dry += 24.0 * empty
        longest = np.maximum(longest, 24.0 * empty)
        filled = running & (at + came <= horizon_days)
        left = np.maximum(pump.fill_ml - per_day * came, 0.0)
        visits += filled
        wasted += np.where(filled, left * pump.strength_mcg_ml / pump.daily_mcg, 0.0)
        least = np.where(filled, np.minimum(least, left), least)
        at = np.where(running, at + came, at)
    gap = float(book.quantity("restart.short_gap").to("h"))
    return {
        "runs_dry": (dry > 0.0).astype(float),
        "dry_hours": dry,
        "dry_beyond_short": (longest > gap).astype(float),
        "dry_hours_if_dry": np.where(dry > 0.0, dry, np.nan),
        "visits": visits,
        "wasted_days": wasted,
        "least_left_ml": np.where(visits > 0.0, least, np.nan),
    }


class _World(Struct, frozen=True, eq=False):
    study: Study
    first: int
    pump: Flow


def _world(study: Study, first: int, count: int, book: Book) -> _World:
    pump = Flow(
        study.drawn("daily", first, count),
        study.number("strength"),
        study.number("fill"),
        1.0 + study.drawn("flow_error", first, count) / 100.0,
    )
    return _World(study, first, pump)


def _run(study: Study, arm: Arm, world: _World, book: Book) -> dict[str, Floats]:
    planned = interval_days(world.pump, float(arm.given["margin"]), float(arm.given["ahead"]), book)
    horizon = study.number("lasts")
    lateness = study.setting["late"]
    assert not isinstance(lateness, str)
    # Each visit has a number of its own, so that the third one is as late in every arm.
    visits = int(np.ceil(horizon / planned.min())) + 1
    late = [lateness.drawn(study.seed, f"late {n}", world.first, planned.size) for n in range(visits)]
    return followed(world.pump, planned, late, horizon, book)


def _problems(study: Study, arm: Arm, book: Book) -> list[str]:
    found = []
    fill, margin = study.number("fill"), float(arm.given["margin"])
    sizes = book.quantities("device.synchromed_ii")
    if fill > max(float(each.to("mL")) for each in sizes):
        found.append(f"setting.fill: no reservoir holds {plain(fill)} mL; sizes are {', '.join(map(plain, sizes))}")
    floor = float(book.quantity("pump.alarm_ml").to("mL"))
    if not floor <= margin < fill:
        found.append(f"margin: {plain(margin)} mL; from {plain(floor)} mL, the hard floor, to less than the fill")
    stocked = [float(each.to("mcg/mL")) for each in book.quantities("strengths")]
    if study.number("strength") not in stocked:
        names = ", ".join(f"'{plain(each)} mcg/mL'" for each in stocked)
        found.append(f"setting.strength: this is no strength for the reservoir; choose from {names}")
    return found


FAMILY: Final = Family(
    name="refills",
    says="a pump empties, and people come late to have it filled",
    people={},
    setting={
        "daily": Field("the daily dose", "mcg/day", 12, 2003, spreads=True, example="'400 mcg/day'"),
        "strength": Field("the strength in the reservoir", "mcg/mL", 1, 10_000, example="'2000 mcg/mL'"),
        "fill": Field("how much is filled in each time", "mL", 1, 40, example="'20 mL'"),
        "flow_error": Field("true flow less the programmed one", "%", 0, 99, spreads=True, example="'0 %'"),
        "late": Field("how long after the planned day people come", "days", 0, 365, spreads=True, example="'0 days'"),
        "lasts": Field("how long it is followed", "days", 1, 3650, example="'365 days'"),
    },
    policies=POLICIES,
    outcomes=OUTCOMES,
    models=(),
    limits="Every visit empties and fills the reservoir. A pump's flow is off by the same share all the time. The volume that a needle cannot draw is unverified and left out, and so is the alarm that the pump sounds: nobody comes because of it.",
    tile=8192,
    chunk=16384,
    world=_world,
    run=_run,
    problems=_problems,
)  # fmt: skip

"""How a daily dose in the spine is brought to nothing: shapes of the withdrawal against each other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import tone
from eutonia.body.parameters import parameter
from eutonia.chart import Facts, from_text
from eutonia.cohort.bridge import tip_problems
from eutonia.cohort.study import Arm, Family, Field, Outcome, Policy, Study
from eutonia.cohort.world import LEGS, SPINE, Along, Drip, along, drip, infused, unfit
from eutonia.knowledge import Book
from eutonia.plan import holiday
from eutonia.plan.plan import Plan
from eutonia.pump import pump_state
from eutonia.quantity import plain

Floats = NDArray[np.float64]

_STEP_H: Final = 1.0
_DAY: Final = 24
_LONG = Field("how long it takes to the stop", "days", 1, 60, example="'28 days'")
_EVERY = Field("how long each step lasts", "days", 1, 60, example="'7 days'")
_RESTS = ("holiday.days", "pump.daily_window")

POLICIES: Final[Mapping[str, Policy]] = {
    "taper constant percent": Policy(
        "the drug holiday of the rules: every day the same share less, down to the smallest daily dose, then the stop",
        {"over": _LONG},
        (*_RESTS, "adjust.down"),
    ),
    "taper linear": Policy(
        "every day the same amount less, down to the smallest daily dose, then the stop", {"over": _LONG}, _RESTS
    ),
    "taper in steps": Policy(
        "in a few steps of the same share, down to the smallest daily dose, then the stop",
        {"over": _LONG, "every": _EVERY},
        _RESTS,
    ),
    "stop at once": Policy(
        "the pump is stopped; the boxed warning is about this, and it stands here to compare with",
        {},
        ("withdrawal.boxed",),
    ),
}

OUTCOMES: Final[Mapping[str, Outcome]] = {
    "largest_step_percent": Outcome("largest single step down", "%"),
    "beyond_the_rule": Outcome(
        "a step (before the stop) is larger than one lowering may be", "%", True, ("adjust.down",)
    ),
    "cord_fall_ng_ml": Outcome("largest fall within 24 h of free drug in the cord behind the legs", "ng/mL"),
    "cord_fall_percent": Outcome(
        "largest fall within 24 h of free drug in the cord behind the legs, of what was there before the taper", "%"
    ),
    "occupancy_fall_percent": Outcome("largest fall within 24 h of the share of the reflex that is suppressed", "points of %"),
    "ashworth_rise": Outcome("largest rise within 24 h of the expected Ashworth score of the legs", "points"),
    "noticed_before": Outcome("the drug has a noticed effect before the taper", "%", True, ("tone.noticed",)),
    "days_with_effect": Outcome(
        "time until the effect is no longer noticed, of those who had one",
        "days", False, ("tone.noticed",), "no noticed effect before",
    ),
}  # fmt: skip


class Lowered(Struct, frozen=True):
    """One step: on which day, and the daily dose in mcg from then on."""

    day: int
    daily_mcg: float


@lru_cache(maxsize=256)
def steps(policy: str, daily_mcg: float, over: int, every: int, book: Book) -> tuple[Lowered, ...]:
    """The dated doses of a taper from a daily dose, the stop last.  Raises ValueError where the rules give none."""
    if policy == "stop at once":
        return (Lowered(0, 0.0),)
    floor = float(book.span("pump.daily_window")[0].to("mcg/day"))
    if policy == "taper constant percent":
        return _holiday(daily_mcg, over, book)
    if policy == "taper linear":
        less = (daily_mcg - floor) / over
        found = [Lowered(day, daily_mcg - less * (day + 1)) for day in range(over)]
    else:
        count = over // every
        share = (floor / daily_mcg) ** (1.0 / count)
        found = [Lowered(every * n, daily_mcg * share ** (n + 1)) for n in range(count)]
    return (*found, Lowered(over, 0.0))


def _holiday(daily_mcg: float, over: int, book: Book) -> tuple[Lowered, ...]:
    """The plan of a drug holiday for a pump that runs at this dose."""
    chart = from_text(
        "2026-01-01 person id study; born 1976-01-01; sex female\n"
        "2026-01-01 08:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10\n"
        "2026-01-01 08:10 refill 20 mL of 2000 mcg/mL\n"
        f"2026-01-01 08:20 program continuous {daily_mcg:.6f} mcg/day\n",
        "a study",
    )
    facts = Facts(chart, chart.moment("2026-01-03 08:00"), book)
    plans = [each for each in holiday.build(facts, pump_state(facts), None) if isinstance(each, Plan)]
    plan = next((each for each in plans if each.option == f"{over} days"), None)
    if plan is None:
        known = " or ".join(f"'{each.option}'" for each in plans) or "a smaller daily dose"
        raise ValueError(f"no drug holiday of {over} days from {plain(daily_mcg)} mcg daily; write {known}")
    begin = plan.steps[0].at
    return tuple(
        Lowered((each.at - begin).days, float(each.dose.to("mcg/day")) if each.dose is not None else 0.0)
        for each in plan.steps
        if each.do in ("program", "stop")
    )


class _World(Struct, frozen=True, eq=False):
    along: Along
    drip: Drip


def _world(study: Study, first: int, count: int, book: Book) -> _World:
    those = along(study, str(study.setting["tip"]), first, count, book)
    return _World(those, drip(those, np.arange(0.0, study.number("lasts") * _DAY + _STEP_H / 2, _STEP_H)))


def _run(study: Study, arm: Arm, world: _World, book: Book) -> dict[str, Floats]:
    daily, count = study.number("daily"), len(world.along.spine)
    down = _steps(study, arm, book)
    doses = np.array([daily, *(each.daily_mcg for each in down)])
    at = np.array([24.0 * each.day for each in down])
    legs = infused(
        world.drip, np.full(count, daily / 24.0), np.tile(at, (count, 1)), np.tile(np.diff(doses) / 24.0, (count, 1))
    )[:, LEGS]  # fmt: skip
    found = outcomes(legs, world.along, world.drip.hours, book)
    # The stop comes from the smallest dose there is; a stop at once is the step itself.
    before = doses if arm.policy == "stop at once" else doses[:-1]
    largest = float((100.0 * (1.0 - before[1:] / before[:-1])).max())
    # Doses are set to a tenth of a microgram, which may take a step over a limit by less than it shows.
    beyond = largest > float(book.span("adjust.down")[1].to("%")) + 0.05
    return found | {"largest_step_percent": np.full(count, largest), "beyond_the_rule": np.full(count, float(beyond))}


def outcomes(legs: Floats, those: Along, hours: Floats, book: Book) -> dict[str, Floats]:
    """The outcomes [people] of free drug in the cord [people, hours] in ng/mL, on a grid of hours that begins at the first step."""
    suppressed = 100.0 * (1.0 - tone.reflex(legs, those.answers))
    score = those.ashworth(legs, hours)
    below = those.answers.baseline[:, None] - score
    noticed = below >= parameter(book, "tone.noticed", "points").value
    # An effect is over when it is not noticed any more up to the end.
    last = hours.size - noticed[:, ::-1].argmax(axis=1)
    fall = _within_a_day(legs)
    return {
        "cord_fall_ng_ml": fall,
        "cord_fall_percent": 100.0 * fall / legs[:, 0],
        "occupancy_fall_percent": _within_a_day(suppressed),
        "ashworth_rise": _within_a_day(below),
        "noticed_before": noticed[:, 0].astype(float),
        "days_with_effect": np.where(noticed[:, 0], last * _STEP_H / 24.0, np.nan),
    }


def _within_a_day(values: Floats) -> Floats:
    return np.asarray((values[:, :-_DAY] - values[:, _DAY:]).max(axis=1))


def _steps(study: Study, arm: Arm, book: Book) -> tuple[Lowered, ...]:
    over, every = (int(arm.given.get(key, 0)) for key in ("over", "every"))
    return steps(arm.policy, study.number("daily"), over, every, book)


def _problems(study: Study, arm: Arm, book: Book) -> list[str]:
    found = unfit(study, book, 18.0) + tip_problems(study, book)
    if any(float(arm.given[key]) != int(arm.given[key]) for key in arm.given):
        found.append("'over' and 'every' are whole days")
    elif "over" in arm.given:
        low, high = (float(each.to("days")) for each in book.span("holiday.days"))
        over, every = int(arm.given["over"]), int(arm.given.get("every", 1))
        if not low <= over <= high:
            found.append(f"over: {over} days; a withdrawal takes {low:g} to {high:g} days")
        elif over % every:
            found.append(f"every: {every} days do not divide the {over} days")
        elif over + 2 > study.number("lasts"):
            found.append(f"setting.lasts: it ends less than two days after the stop on day {over}")
        else:
            try:
                _steps(study, arm, book)
            except ValueError as error:
                found.append(f"over: {error}")
    return found


FAMILY: Final = Family(
    name="a withdrawal",
    says="a daily dose in the spine is brought to nothing",
    people=SPINE,
    setting={
        "daily": Field("the daily dose before", "mcg/day", 13, 2003, example="'400 mcg/day'"),
        "tip": Field("the vertebra at which the catheter ends", example="'T10'"),
        "lasts": Field("how long it is followed", "days", 3, 90, example="'35 days'"),
    },
    policies=POLICIES,
    outcomes=OUTCOMES,
    models=("body.", "spine.", "tone."),
    limits="Before the taper everybody is at the steady state of the dose. The body's own answer to withdrawal (rebound, dependence, tolerance that is lost) is not in these numbers: a small fall is no promise of a safe one.",
    tile=32,
    chunk=256,
    world=_world,
    run=_run,
    problems=_problems,
)  # fmt: skip

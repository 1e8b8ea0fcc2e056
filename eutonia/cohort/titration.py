"""How fast a dose by mouth goes up, and what that does in plasma: titrations of the label against each other."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import course
from eutonia.body.kinetics import Kinetics, concentrations
from eutonia.body.person import People
from eutonia.body.table import EventTable
from eutonia.chart import Facts, from_text
from eutonia.chart.event import Request
from eutonia.cohort.study import Arm, Family, Field, Outcome, Policy, Study
from eutonia.cohort.world import BODY, bodies, unfit
from eutonia.findings.kidney import Kidney, kidney
from eutonia.knowledge import Book
from eutonia.plan import titration
from eutonia.plan.plan import Plan
from eutonia.plan.split import grain_of, split
from eutonia.quantity import rounded

Floats = NDArray[np.float64]

_STEP_H: Final = 0.25
_A_DAY: Final = 96
# A clearance at which the label reduces nothing: there the full doses of the plan are found.
_FULL: Final = 200.0

_PACE = Field("the time between two rises", "days", 1, 60, example="'3 days'")
_UNTIL = Field("where the rises end", words=("usual low", "usual high", "ceiling"), example="'usual low'")
_RESTS = (
    "oral.start", "oral.start_times_a_day", "oral.step_a_day", "oral.step_days", "oral.usual_daily", "oral.daily_max",
    "oral.smallest",
)  # fmt: skip

POLICIES: Final[Mapping[str, Policy]] = {
    "monograph titration": Policy(
        "the doses of the label for normal kidneys, whatever the kidneys are", {"every": _PACE, "until": _UNTIL}, _RESTS
    ),
    "cautious renal": Policy(
        "the doses of the label by the band of the creatinine clearance: first dose, rises and end are a share of the usual ones",
        {"every": _PACE, "until": _UNTIL},
        (*_RESTS, "kidney.bands", "kidney.shares"),
    ),
}

OUTCOMES: Final[Mapping[str, Outcome]] = {
    "peak_ng_ml": Outcome("highest level", "ng/mL"),
    "above_therapeutic": Outcome(
        "the level exceeds the upper end of the therapeutic range", "%", True, ("plasma.therapeutic",)
    ),
    "hours_above_therapeutic": Outcome("time above the therapeutic range", "h", False, ("plasma.therapeutic",)),
    "comatose_in_kidney_failure": Outcome(
        "the level reaches that at which a man with failing kidneys was comatose", "%", True, ("plasma.coma_kidney_failure",)
    ),
    "reaches_toxic": Outcome("the level reaches the toxic range", "%", True, ("plasma.toxic",)),
    "days_to_therapeutic": Outcome(
        "time until the average level of a day is inside the therapeutic range",
        "days", False, ("plasma.therapeutic",), "never inside",
    ),
    "therapeutic_at_end": Outcome(
        "the average level of the last day is inside the therapeutic range", "%", True, ("plasma.therapeutic",)
    ),
    "last_average_ng_ml": Outcome("average level of the last day", "ng/mL"),
}  # fmt: skip


class Dosed(Struct, frozen=True):
    """One stretch of a titration: from which day on, and the doses of a day in mg, evenly spaced over it."""

    day: int
    doses_mg: tuple[float, ...]


def _facts(clearance: float, book: Book) -> Facts:
    # Dates and sex of this chart change nothing: the plan asks for the clearance and for what is taken.
    chart = from_text(
        f"2026-01-01 person id study; born 1976-01-01; sex female\n2026-01-01 lab clearance {clearance:.6f} mL/min\n",
        "a study",
    )
    return Facts(chart, chart.moment("2026-01-01 08:00"), book)


@lru_cache(maxsize=512)
def ladder(clearance: float, every_days: int, until: str, book: Book) -> tuple[Dosed, ...]:
    """The dated doses that the plan of titration gives a person of this creatinine clearance, up to where it ends.

    Raises ValueError where the plan has no such pace.
    """
    facts = _facts(clearance, book)
    plans = [each for each in titration.build(facts, None, Request("start oral")) if isinstance(each, Plan)]
    plan = next((each for each in plans if each.option.split(",")[0] == f"every {every_days} days"), None)
    if plan is None:
        paces = " or ".join(f"'{each.option.split(',')[0].removeprefix('every ')}'" for each in plans)
        raise ValueError(f"no titration rises every {every_days} days; write {paces}")
    known = kidney(facts)
    assert isinstance(known, Kidney)
    low, high = (each.to("mg/day") for each in book.span("oral.usual_daily"))
    share = Decimal(known.share.numerator) / Decimal(known.share.denominator)
    end = {"usual low": low * share, "usual high": high * share}.get(until)
    grain = grain_of(None, facts)
    found: list[Dosed] = []
    before = Decimal(0)
    for step in plan.steps:
        if step.do != "take" or step.dose is None:
            continue
        daily = step.dose.to("mg/day")
        if end is not None:
            # The last rise ends where it is meant to, at what can be dispensed.
            daily = min(daily, rounded(end, grain, "down"))
        if daily <= before:
            break
        parts = split(daily, facts).parts
        doses = tuple(float(part.amount.to("mg")) for part in parts for _ in range(part.times))
        found.append(Dosed((step.at - facts.now).days, doses))
        before = daily
    return tuple(found)


def band(clearance: Floats, book: Book) -> Floats:
    """[people] a clearance of the same band of the label as each one's: few values, for each of which there is one plan."""
    edges = np.array(sorted(float(each.value) for each in book.quantities("kidney.bands")))
    middles = np.concatenate([[edges[0] / 2.0], (edges[1:] + edges[:-1]) / 2.0, [_FULL]])
    return np.where(np.isin(clearance, edges), clearance, middles[np.searchsorted(edges, clearance)])


def table(clearance: Floats, every_days: int, until: str, days: int, book: Book) -> EventTable:
    """The doses of everybody over so many days, each by the plan for their clearance."""
    kinds, which = np.unique(clearance, return_inverse=True)
    rows = [_rows(ladder(float(each), every_days, until, book), days) for each in kinds]
    lengths = np.array([len(each) for each in rows])[which]
    numbers = np.concatenate([rows[k] for k in which])
    codes = np.zeros((len(numbers), 5), np.int64)
    codes[:, course.KIND] = course.DOSE
    codes[:, course.PLACE] = course.GUT
    codes[:, course.KINETICS] = np.repeat(np.arange(which.size), lengths)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return EventTable(tuple(range(which.size)), starts, numbers, codes, {})


def _rows(steps: tuple[Dosed, ...], days: int) -> Floats:
    ends = [each.day for each in steps[1:]] + [days]
    found = [
        (24.0 * day + 24.0 * k / len(each.doses_mg), dose, 0.0, 0.0)
        for each, end in zip(steps, ends, strict=True)
        for day in range(each.day, min(end, days))
        for k, dose in enumerate(each.doses_mg)
    ]
    return np.array(found)


class _World(Struct, frozen=True, eq=False):
    people: People
    kinetics: Kinetics


def _world(study: Study, first: int, count: int, book: Book) -> _World:
    return _World(*bodies(study, first, count, book))


def _run(study: Study, arm: Arm, world: _World, book: Book) -> dict[str, Floats]:
    days = int(study.number("lasts"))
    clearance = world.people.creatinine_ml_min
    by = band(clearance, book) if arm.policy == "cautious renal" else np.full(clearance.size, _FULL)
    doses = table(by, int(arm.given["every"]), str(arm.given["until"]), days, book)
    times = np.arange(_A_DAY * days + 1, dtype=np.float64) * _STEP_H
    levels, _ = concentrations(world.kinetics, doses, times)
    return outcomes(levels, days, book)


def outcomes(levels: Floats, days: int, book: Book) -> dict[str, Floats]:
    """The outcomes [people] of levels [people, 96 a day and the end] in ng/mL."""
    low, high = (float(each.to("ng/mL")) for each in book.span("plasma.therapeutic"))
    toxic = float(book.span("plasma.toxic")[0].to("ng/mL"))
    coma = float(book.quantity("plasma.coma_kidney_failure").to("ng/mL"))
    between = 0.5 * (levels[:, :-1] + levels[:, 1:])
    average = between.reshape(len(levels), days, _A_DAY).mean(axis=2)
    inside = (average >= low) & (average <= high)
    peak = levels.max(axis=1)
    return {
        "peak_ng_ml": peak,
        "above_therapeutic": (peak > high).astype(float),
        "hours_above_therapeutic": (between > high).sum(axis=1) * _STEP_H,
        "comatose_in_kidney_failure": (peak >= coma).astype(float),
        "reaches_toxic": (peak >= toxic).astype(float),
        "days_to_therapeutic": np.where(inside.any(axis=1), inside.argmax(axis=1) + 1.0, np.nan),
        "therapeutic_at_end": inside[:, -1].astype(float),
        "last_average_ng_ml": average[:, -1],
    }


def _problems(study: Study, arm: Arm, book: Book) -> list[str]:
    if wrong := unfit(study, book, float(book.count("oral.age_min"))):
        return wrong
    days, every = study.number("lasts"), float(arm.given["every"])
    if days != int(days) or every != int(every):
        return ["'lasts' and 'every' are whole days"]
    try:
        ladder(_FULL, int(every), str(arm.given["until"]), book)
    except ValueError as error:
        return [f"every: {error}"]
    return []


FAMILY: Final = Family(
    name="titration",
    says="doses by mouth go up, and levels in plasma follow",
    people=BODY,
    setting={"lasts": Field("how long the levels are followed", "days", 1, 365, example="'28 days'")},
    policies=POLICIES,
    outcomes=OUTCOMES,
    models=("body.",),
    limits="The doses of a day are taken evenly spaced, and none is left out. Nobody stays at a lower dose that is enough, and nobody stops for an effect.",
    tile=512,
    chunk=4096,
    world=_world,
    run=_run,
    problems=_problems,
)  # fmt: skip

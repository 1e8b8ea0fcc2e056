"""What a chart has observed of how the drug works in this patient: scores, levels, responses and residual volumes."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Known, Unknown
from eutonia.moment import local_day, start_of
from eutonia.predict.given import memory, swallowed
from eutonia.predict.patient import LEGS, Person, free
from eutonia.pump import PumpState

# Where a written score lies on the scale of 1 to 5; the modified scale has six steps on the same length.
_MODIFIED: Final = {
    "0": (-math.inf, 1.5), "1": (1.5, 2.25), "1+": (2.25, 2.75), "2": (2.75, 3.5), "3": (3.5, 4.5), "4": (4.5, math.inf),
}  # fmt: skip
Step = tuple[float, float]


def steps(lowest: float) -> tuple[Step, ...]:
    """The five steps of a scale that begins with `lowest`, each from where to where; the ends have no end."""
    cuts = [-math.inf, *(lowest + n + 0.5 for n in range(4)), math.inf]
    return tuple(pairwise(cuts))


_ASHWORTH: Final = dict(zip("12345", steps(1.0), strict=True))
_PENN: Final = dict(zip("01234", steps(0.0), strict=True))
# Where baclofen is measured, and what a sample is called.
SAMPLES: Final = {
    "plasma": "plasma", "csf": "csf", "lumbar": "lumbar fluid", "aspirate": "an aspirate through the catheter",
}  # fmt: skip
# Scores that are written within so short a time are one visit.
_ONE_VISIT: Final = timedelta(hours=1)


class Visit(Struct, frozen=True):
    """Scores of one moment: the legs' Ashworth scores and the Penn score as steps of their scales; H/M over that without the drug.

    written: the Ashworth scores as the chart has them.
    """

    at: datetime
    ashworth: tuple[Step, ...] = ()
    penn: Step | None = None
    hm: float | None = None
    written: str = ""


class Bolus(Struct, frozen=True):
    """A screening bolus and its written response; `fell` is None where scores say by themselves whether the tone fell."""

    at: datetime
    fell: bool | None
    lasted_h: float | None = None


class Level(Struct, frozen=True):
    """Baclofen in a sample, ng/mL: 'plasma', 'lumbar' fluid by puncture, or an 'aspirate' through the catheter."""

    at: datetime
    where: str
    ng_ml: float


class Drawn(Struct, frozen=True):
    """A residual volume: what it says was delivered since a fill, in mL, beside what the program says."""

    begin: datetime
    at: datetime
    delivered_ml: float
    meant_ml: float


class Observed(Struct, frozen=True):
    """All that speaks, and what was left out and why.

    aspirates: only compared with what such samples show: none says anything of the patient.
    """

    visits: tuple[Visit, ...]
    boluses: tuple[Bolus, ...]
    levels: tuple[Level, ...]
    drawn: tuple[Drawn, ...]
    left_out: tuple[str, ...]
    aspirates: tuple[Level, ...] = ()

    def __len__(self) -> int:
        return len(self.visits) + len(self.boluses) + len(self.levels) + len(self.drawn)

    @property
    def of_effect(self) -> bool:
        """Whether anything tells of the effect, for which the spine has to be known."""
        return bool(self.visits or self.boluses) or any(each.where == "lumbar" for each in self.levels)


def observed(facts: Facts, pump: PumpState | None, person: Person) -> Observed:
    """What the chart has observed up to now."""
    left_out: list[str] = []
    visits = _visits(facts, pump, person, left_out)
    day, boluses = timedelta(days=1), []
    for each in facts.screenings:
        scored = any(each.at < visit.at <= each.at + day and visit.ashworth for visit in visits)
        lasted = None if each.lasted is None or each.outcome != "positive" else float(each.lasted.to("h"))
        if each.outcome is not None and (lasted is not None or not scored):
            boluses.append(Bolus(each.at, None if scored else each.outcome == "positive", lasted))
    levels = _levels(facts, pump, left_out)
    drawn = tuple(_drawn(facts, pump, left_out))
    return Observed(
        tuple(visits),
        tuple(boluses),
        tuple(each for each in levels if each.where != "aspirate"),
        drawn,
        tuple(left_out),
        tuple(each for each in levels if each.where == "aspirate"),
    )


def _visits(facts: Facts, pump: PumpState | None, person: Person, left_out: list[str]) -> list[Visit]:
    # Contradictory: nobody knows from which score the scale counts.
    told = isinstance(person.baseline, Known) or person.baseline.reason != "contradictory"
    spasms = isinstance(person.penn, Known)
    found: list[Visit] = []
    missing = {"Ashworth": False, "Penn": False, "H/M": False}
    untreated, unseen, missed, untimed, again = None, False, False, False, False
    dark, not_taken = _dark(facts), _not_taken(facts)
    trials = {_day(each.at, facts) for each in facts.of(e.Trial)}
    for event in facts.of(e.Score):
        assert isinstance(event.what, e.Score)
        ratio = next((float(mark.value) for mark in event.what.marks if mark.scale == "h/m"), None)
        if free(event, facts, pump):
            untreated = ratio or untreated
            continue
        at = _hour(event, facts)
        if dark is not None and dark[0] <= at < dark[1]:
            unseen = True
            continue
        if any(begin <= at < end for begin, end in not_taken):
            missed = True
            continue
        if event.day_only and _day(event.at, facts) in trials:
            untimed = True
            continue
        legs: list[Step] = []
        written: list[str] = []
        for mark in event.what.marks:
            steps = {"ashworth": _ASHWORTH, "modified ashworth": _MODIFIED}.get(mark.scale, {})
            if mark.where in LEGS and mark.value in steps:
                legs.append(steps[mark.value])
                written.append(f"{mark.value}{' modified' if mark.scale == 'modified ashworth' else ''}")
        penn = next((_PENN[mark.value] for mark in event.what.marks if mark.scale == "penn"), None)
        missing["Ashworth"] |= bool(legs) and not told
        missing["Penn"] |= penn is not None and not spasms
        missing["H/M"] |= ratio is not None and untreated is None
        visit = Visit(
            at,
            tuple(legs) if told else (),
            penn if spasms else None,
            ratio / untreated if ratio is not None and untreated else None,
            ", ".join(written),
        )
        if visit.ashworth or visit.penn is not None or visit.hm is not None:
            # Written twice within the hour it is one visit: the later one stands.
            if found and visit.at - found[-1].at < _ONE_VISIT:
                again = True
                found.pop()
            found.append(visit)
    most = facts.book.count("estimate.visits")
    if len(found) > most:
        left_out.append(f"all but the last {most} visits with scores")
        found = found[-most:]
    if missed:
        left_out.append("scores since tablets were interrupted: how much was taken then is not known")
    if untimed:
        left_out.append("scores without their hour on the day of a screening bolus")
    if again:
        left_out.append("scores that were written again within the hour: the later ones stand")
    if unseen:
        left_out.append(
            "scores from before the pump's first program on the chart had worked: what it gave then is not known"
        )
    for name, lacking in missing.items():
        if lacking and name == "Ashworth" and isinstance(person.baseline, Unknown):
            left_out.append(f"Ashworth scores: {person.baseline.says}")
        elif lacking:
            left_out.append(f"{name}: no value is known from a time without the drug, so none can be compared")
    return found


def _dark(facts: Facts) -> tuple[datetime, datetime] | None:
    """From when until when a pump ran on a program that the chart does not have, and what it gave still counts."""
    first = next((event.at for event in facts.of(e.Programmed)), None)
    implanted = next((event.at for event in facts.of(e.Implant)), None)
    if implanted is None or first is None:
        return None
    followed = memory(facts.book)
    return (implanted, first + followed) if first - implanted > followed else None


def _not_taken(facts: Facts) -> list[tuple[datetime, datetime]]:
    """From when until when nobody knows whether tablets were taken: from an interruption to the next order."""
    orders = [event.at for event in facts.of(e.Oral)]
    end = facts.now + timedelta(days=1)
    return [
        (event.at, min((at for at in orders if at > event.at), default=end))
        for event in facts.of(e.Interruption)
        if any(at <= event.at for at in orders)
    ]


def _day(at: datetime, facts: Facts) -> date:
    return local_day(at, facts.home)


def _hour(event: e.Event, facts: Facts) -> datetime:
    """When a score was taken; where only its day is written, at noon of it."""
    if not event.day_only:
        return event.at
    noon = start_of(_day(event.at, facts), facts.home) + timedelta(hours=12)
    return min(noon.astimezone(UTC), facts.now)


def _levels(facts: Facts, pump: PumpState | None, left_out: list[str]) -> list[Level]:
    found = []
    for event in facts.of(e.Lab):
        assert isinstance(event.what, e.Lab)
        if event.what.test not in SAMPLES:
            continue
        level = float(event.what.value.to("ng/mL"))
        if why := _mute(event, facts, pump) or (
            "" if level else "of zero is below what can be measured, which is not known"
        ):
            left_out.append(f"the level in {SAMPLES[event.what.test]}: {why}")
        else:
            where = event.what.test
            found.append(Level(event.at, "lumbar" if where == "csf" else where, level))
    return found


def _mute(event: e.Event, facts: Facts, pump: PumpState | None) -> str:
    """Why a level says nothing of this patient; empty where it does."""
    assert isinstance(event.what, e.Lab)
    if event.day_only:
        return "without its hour it says nothing"
    spine = any(each.at <= event.at for each in facts.of(e.Trial, e.Implant))
    if not spine and not swallowed(facts, event.at - memory(facts.book), event.at):
        return "no dose of the week before it is on the chart"
    if any(begin <= event.at < end for begin, end in _not_taken(facts)):
        return "tablets were interrupted before it"
    if event.what.test == "plasma" and spine:
        return "beside drug in the spine it says nothing of the effect"
    if event.what.test == "aspirate" and (pump is None or event.at < pump.implanted):
        return "no catheter was there to draw it through"
    if event.what.test == "csf" and pump is not None and pump.implanted <= event.at:
        return "the chart does not say whether it was drawn by puncture or through the catheter, where it does not follow the dose: write lumbar or aspirate"
    return ""


def _drawn(facts: Facts, pump: PumpState | None, left_out: list[str]) -> list[Drawn]:
    if pump is None:
        return []
    fills = [event.at for event in facts.of(e.Refill)]
    more = float(facts.book.quantity("pump.balance_ml").to("mL"))
    found = []
    for reading in pump.readings:
        begin = max((at for at in fills if at < reading.at), default=None)
        if reading.measured_ml > reading.expected_ml + reading.delivered_ml + more:
            left_out.append("a residual volume that is larger than what was filled")
        elif begin is not None and reading.explained is None and reading.delivered_ml > 0:
            found.append(Drawn(begin, reading.at, reading.delivered_ml - reading.difference_ml, reading.delivered_ml))
    # A volume drawn twice within one fill tells of the same delivery: the last one counts.
    kept = [one for one, following in pairwise(found) if one.begin != following.begin]
    return kept + found[-1:]

"""The plans that the rules allow: one file a kind of plan, one gate for every dose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Known
from eutonia.findings import STOP, Finding, Kind
from eutonia.findings.finding import listed
from eutonia.plan import adjust, holiday, refill, restart, start, strength, taper, titration, trial
from eutonia.plan.guard import check
from eutonia.plan.plan import Plan, Refusal, Step
from eutonia.pump import PumpState

__all__ = ["Plan", "Refusal", "Step", "plan", "stopped_by"]

_BUILDERS: Final = {
    "titration": titration.build,
    "taper": taper.build,
    "trial": trial.build,
    "start": start.build,
    "adjust": adjust.build,
    "refill": refill.build,
    "strength change": strength.build,
    "holiday": holiday.build,
    "restart": restart.build,
}

_ASKED: Final[dict[str, tuple[Kind, ...]]] = {
    "start oral": ("titration",),
    "titrate oral": ("titration",),
    "taper oral": ("taper",),
    "trial": ("trial",),
    "start pump": ("start", "taper"),
    "adjust up": ("adjust",),
    "adjust down": ("adjust",),
    "adjust to": ("adjust",),
    "refill": ("refill",),
    "strength": ("strength change",),
    "holiday": ("holiday",),
    "restart": ("restart",),
}


def plan(
    facts: Facts, pump: PumpState | None, findings: tuple[Finding, ...]
) -> tuple[tuple[Plan, ...], tuple[Refusal, ...]]:
    """The allowed plans, several options of a kind side by side, and the refusals with what would lift each.

    Without a request the plans are those that the chart's state makes natural.
    """
    plans: list[Plan] = []
    refusals: list[Refusal] = []
    for kind, request in _wanted(facts, pump):
        stops = [each for each in findings if kind in each.stops]
        if stops:
            refusals.append(stopped_by(kind, stops))
            continue
        for found in _BUILDERS[kind](facts, pump, request):
            if isinstance(found, Refusal):
                refusals.append(found)
                continue
            problems = check(found, facts, pump)
            if problems:
                why = f"The option '{found.option}' does not pass the guard: {'; '.join(problems)}."
                refusals.append(
                    Refusal(kind, why, "Nothing is moved to the nearest limit; ask for another plan.", found.facts)
                )
            else:
                plans.append(_beside(found, findings))
    return tuple(plans), tuple(dict.fromkeys(refusals))


_MOUTH: Final[frozenset[Kind]] = frozenset({"titration", "taper"})


def _beside(found: Plan, findings: tuple[Finding, ...]) -> Plan:
    """The plan, with the stop findings of its route that stand although they do not stop this kind."""
    mouth = found.kind in _MOUTH
    stops = [
        each.id for each in findings if each.grade == STOP and any((kind in _MOUTH) == mouth for kind in each.stops)
    ]
    if not stops:
        return found
    return replace(found, beside=f"A stop stands beside this plan and is looked at first: {listed(stops)}.")


def stopped_by(kind: Kind, stops: list[Finding]) -> Refusal:
    """The refusal of a kind of plan that findings stop, with what would lift each."""
    why = f"Stopped by {listed([each.id for each in stops])}: " + " ".join(each.says for each in stops)
    facts = dict.fromkeys(fact for each in stops for fact in each.facts)
    return Refusal(kind, why, " ".join(each.resolve for each in stops), tuple(facts))


def _wanted(facts: Facts, pump: PumpState | None) -> Iterator[tuple[Kind, e.Request | None]]:
    requests = [request for _, request in facts.requests]
    taking = isinstance(facts.oral, Known) and facts.oral.value is not None
    seen: set[Kind] = set()
    for request in requests:
        for number, kind in enumerate(_ASKED[request.kind]):
            if (number and not taking) or kind in seen:
                continue
            if kind != "adjust":
                seen.add(kind)
            yield kind, request
    if not requests:
        for kind in _natural(facts, pump, taking):
            yield kind, None


def _natural(facts: Facts, pump: PumpState | None, taking: bool) -> Iterator[Kind]:
    if pump is not None:
        ran = pump.last_running is not None
        if pump.running and not pump.gaps and pump.delivered_share is None:
            yield "adjust"
        elif ran:
            yield "restart"
        elif facts.screenings:
            yield "start"
        if pump.fill is not None and ran:
            yield "refill"
        if taking:
            yield "taper"
        return
    if facts.screenings:
        if facts.screenings[-1].outcome != "positive":
            yield "trial"
        if taking:
            yield "taper"
        return
    if any("baclofen" in each.drug for each in facts.failed):
        yield "trial"
        if taking:
            yield "taper"
        return
    yield "titration"
    if taking:
        yield "taper"

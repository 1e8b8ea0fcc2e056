"""The plans that the rules allow: one file a kind of plan, one gate for every dose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Known
from eutonia.findings import STOP, Finding, Kind
from eutonia.findings.effects import unexplained
from eutonia.findings.failures import oral_baclofen_failed
from eutonia.findings.finding import ORAL_KINDS, listed
from eutonia.findings.hypersensitivity import allergic
from eutonia.findings.resistance import remains
from eutonia.plan import (
    adjust,
    holiday,
    reduction,
    refill,
    replacement,
    restart,
    start,
    strength,
    taper,
    titration,
    trial,
)
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
    "replacement": replacement.build,
    "reduction": reduction.build,
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

    Without a request the plans are those that the chart's state makes natural.  Drug that is being given never stands
    without a plan, whatever stops or refuses the rest, unless an emergency card is shown.
    """
    emergency = any(finding.card for finding in findings)
    wanted = list(_wanted(facts, pump, emergency))
    plans: list[Plan] = []
    refusals: list[Refusal] = []
    for kind, request in wanted:
        _build(kind, request, facts, pump, findings, plans, refusals)
    if not emergency:
        for kind in _going_on(facts, pump, [kind for kind, _ in wanted], plans):
            _build(kind, None, facts, pump, findings, plans, refusals)
        kinds = {kind for kind, _ in wanted} | {each.kind for each in plans}
        if "refill" not in kinds and any(each.id == "refill" and each.grade == STOP for each in findings):
            _build("refill", None, facts, pump, findings, plans, refusals)
        in_spine = any(kind not in ORAL_KINDS for kind, _ in wanted)
        for_pump = [plan for plan in plans if plan.kind not in ORAL_KINDS] if in_spine else plans
        if pump is not None and pump.running and not for_pump:
            plans += [_beside(kept, findings) for kept in refill.kept(facts, pump)]
    return tuple(plans), tuple(dict.fromkeys(refusals))


def _build(
    kind: Kind,
    request: e.Request | None,
    facts: Facts,
    pump: PumpState | None,
    findings: tuple[Finding, ...],
    plans: list[Plan],
    refusals: list[Refusal],
) -> None:
    """Adds the plans of a kind that neither a finding nor the guard refuses, and the refusals of the rest."""
    stops = [finding for finding in findings if kind in finding.stops]
    if stops:
        refusals.append(stopped_by(kind, stops))
        return
    for found in _BUILDERS[kind](facts, pump, request):
        if isinstance(found, Refusal):
            refusals.append(found)
        elif rising := rise_stopped(found, pump, findings):
            refusals.append(rising)
        elif problems := check(found, facts, pump):
            why = f"The option '{found.option}' does not pass the guard: {'; '.join(problems)}."
            refusals.append(
                Refusal(kind, why, "Nothing is moved to the nearest limit; ask for another plan.", found.facts)
            )
        else:
            plans.append(_beside(found, findings))


def rise_stopped(plan: Plan, pump: PumpState | None, findings: tuple[Finding, ...]) -> Refusal | None:
    """Return the refusal of an adjustment upwards while findings stop rises alone; none for every other plan."""
    if plan.kind != "adjust" or pump is None or pump.program is None:
        return None
    now = pump.program.daily.value
    if not any(step.do == "program" and step.dose is not None and step.dose.value > now for step in plan.steps):
        return None
    stops = [finding for finding in findings if "adjust up" in finding.stops]
    return stopped_by("adjust", stops) if stops else None


def _going_on(facts: Facts, pump: PumpState | None, wanted: list[Kind], plans: list[Plan]) -> list[Kind]:
    """Return the kinds of plan for drug that is being given, where what was wanted for its route gave none."""
    kinds: list[Kind] = []
    taken = facts.oral.value if isinstance(facts.oral, Known) else None
    if (
        taken is not None
        and any(kind in ORAL_KINDS for kind in wanted)
        and not any(plan.kind in ORAL_KINDS for plan in plans)
    ):
        kinds.append("taper")
    in_spine = [kind for kind in wanted if kind not in ORAL_KINDS]
    if pump is not None and pump.running and in_spine and not any(plan.kind not in ORAL_KINDS for plan in plans):
        kinds.append("refill")
    return [kind for kind in kinds if kind not in wanted]


def _beside(found: Plan, findings: tuple[Finding, ...]) -> Plan:
    """The plan, with the stop findings of its route that stand although they do not stop this kind."""
    mouth = found.kind in ORAL_KINDS
    if any(finding.id == "hypersensitivity" and finding.grade == STOP for finding in findings):
        return replace(
            found,
            beside="CONTRAINDICATED (hypersensitivity), specialist decision: a bridge or a way to end the drug, never a reason to go on.",
        )
    stops = [
        each.id for each in findings if each.grade == STOP and any((kind in ORAL_KINDS) == mouth for kind in each.stops)
    ]
    if not stops:
        return found
    return replace(found, beside=f"A stop stands beside this plan and is looked at first: {listed(stops)}.")


def stopped_by(kind: Kind, stops: list[Finding]) -> Refusal:
    """The refusal of a kind of plan that findings stop, with what would lift each."""
    why = f"Stopped by {listed([each.id for each in stops])}: " + " ".join(each.says for each in stops)
    facts = dict.fromkeys(fact for each in stops for fact in each.facts)
    return Refusal(kind, why, " ".join(each.resolve for each in stops), tuple(facts))


def _wanted(facts: Facts, pump: PumpState | None, emergency: bool) -> Iterator[tuple[Kind, e.Request | None]]:
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
    if pump is not None and pump.service_ended and pump.last_running is not None:
        yield "replacement", None
    if pump is not None and pump.running and allergic(facts) and not emergency:
        yield "reduction", None
    if not requests:
        for kind in _natural(facts, pump, taking):
            # No taper begins beside a sign that nobody has explained, unless it is asked for.
            if kind != "taper" or not unexplained(facts):
                yield kind, None
    # Where a rise no longer helps, the holiday stands beside whatever is asked of the dose (TOL-02).
    asked_of_dose = not requests or "adjust" in {kind for request in requests for kind in _ASKED[request.kind]}
    if asked_of_dose and "holiday" not in seen and pump is not None and pump.running and remains(facts, pump):
        yield "holiday", None


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
    if oral_baclofen_failed(facts, "no effect", "intolerable"):
        yield "trial"
        if taking:
            yield "taper"
        return
    yield "titration"
    if taking:
        yield "taper"

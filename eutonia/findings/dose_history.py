"""The programs that ran, and which of them were inside the rules: what a restart may go back to."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.limits import start_dose
from eutonia.pump import PumpState

_WINDOWS = ("adjust.spinal_maintenance", "adjust.cerebral_maintenance", "adjust.spinal", "adjust.cerebral")


class Ran(Struct, frozen=True):
    """A program, from when until when it ran, and whether its dose was inside the rules or was tolerated for long."""

    program: Program
    begin: datetime
    end: datetime
    accepted: bool


def running_programs(facts: Facts, pump: PumpState) -> tuple[Ran, ...]:
    """Return the programs of this therapy that ran, oldest first; a program repeated with the same daily dose is one.

    A program is accepted if it is at most the widest allowed step above the last accepted one of 24 h before, if its
    dose was overridden with a reason, or if it ran for `restart.tolerated_days`.  The first one is held against the start
    rule, unless the pump was implanted long before it.
    """
    book = facts.book
    since = pump.therapy_since or pump.implanted
    history = [(at, program) for at, program in pump.dose_history if at >= since]
    end_of_last = min((at for at in (pump.stopped_at, pump.dry_since) if at is not None), default=facts.now)
    tolerated = timedelta(days=float(book.quantity("restart.tolerated_days").to("days")))
    ran: list[Ran] = []
    for (at, program), (following, _) in pairwise([*history, (max(end_of_last, since), Program())]):
        if program.stopped:
            continue
        end = max(following, at)
        if ran and ran[-1].program.daily == program.daily:
            at = ran.pop().begin if ran[-1].accepted else at
        inside = _inside(facts, pump, program, at, ran) or end - at >= tolerated or _overridden(facts, at, end)
        ran.append(Ran(program, at, end, inside))
    return tuple(ran)


def _inside(facts: Facts, pump: PumpState, program: Program, at: datetime, ran: list[Ran]) -> bool:
    """Whether a program is at most one allowed step above the last accepted one."""
    accepted = [each for each in ran if each.accepted]
    earlier = [each for each in accepted if each.begin <= at - timedelta(hours=24)] or accepted[:1]
    if earlier:
        widest = max(facts.book.span(name)[1].value for name in _WINDOWS)
        return program.daily.value <= earlier[-1].program.daily.value * (1 + widest / 100)
    most = start_dose(facts)
    early = at - pump.implanted <= timedelta(days=float(facts.book.quantity("adjust.maintenance_after").to("days")))
    if most is None or not early:
        most = facts.book.quantity("pump.daily_experience")
    return program.daily.value <= most.value


def _overridden(facts: Facts, begin: datetime, end: datetime) -> bool:
    return any(
        isinstance(event.what, e.Override) and event.what.what == "pump-dose" and begin <= event.at <= end
        for event in facts.of(e.Override)
    )


def before_rises(facts: Facts, ran: tuple[Ran, ...]) -> Program | None:
    """Return the last steady dose before the rises that led to the last one; none where the chart has no rise."""
    steady = timedelta(days=float(facts.book.quantity("restart.steady_days").to("days")))
    kept = [each for each in ran if each.accepted]
    place = len(kept) - 1
    while place > 0 and kept[place - 1].program.daily.value < kept[place].program.daily.value:
        place -= 1
        if kept[place].end - kept[place].begin >= steady:
            break
    return kept[place].program if kept and place < len(kept) - 1 else None


def before_holiday(facts: Facts, ran: tuple[Ran, ...]) -> Program | None:
    """Return the dose from which a completed holiday came down; none where the last dose is no end of a holiday."""
    if not ran:
        return None
    last = ran[-1]
    longest = timedelta(days=float(facts.book.span("holiday.days")[1].to("days")) * 2)
    top = last
    for each in reversed(ran[:-1]):
        if each.program.daily.value <= top.program.daily.value or last.end - each.end > longest:
            break
        top = each
    if top is last:
        return None
    smallest = facts.book.span("pump.daily_window")[0].value * 2
    asked = any(
        isinstance(event.what, e.Request) and event.what.kind == "holiday" and top.begin <= event.at <= last.end
        for event in facts.of(e.Request)
    )
    return top.program if last.program.daily.value <= smallest or asked else None

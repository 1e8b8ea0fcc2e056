"""What follows from an event before it is written: findings that come and go, the pump before and after, what speaks against it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from eutonia.advice import Advice, advise, examined
from eutonia.chart import Chart
from eutonia.chart import event as e
from eutonia.chart.orders import Program
from eutonia.chart.text import written
from eutonia.clinic.drafts import CHECKED
from eutonia.clinic.objections import Objection
from eutonia.doors import words
from eutonia.doors.web.change import Change, change
from eutonia.findings import STOP, Finding, single_bolus
from eutonia.findings.finding import Blocked
from eutonia.moment import shown
from eutonia.plan.plan import Refusal
from eutonia.plan.typed import typed
from eutonia.quantity import Quantity, plain

# The finding about what is in the chamber, and the emergency in which less is right.
_CHAMBER: Final = "strength"
_OVERDOSE: Final = "emergency-overdose"
# What gives drug: only of these the rules can say that they do not allow it.  What was seen or measured is only true.
_GIVES: Final = (*CHECKED, e.Oral, e.Medication)


class Changed(Struct, frozen=True):
    """A row of the pump that an event changes."""

    label: str
    before: str
    after: str


class Preview(Struct, frozen=True):
    """What an event will do, what speaks against it, and whether a second person must enter it too.

    alone: why one person is enough, of an event that otherwise needs two; change: how large a change of a dose or a
    concentration is, where it is so large that it may be a misplaced decimal point.
    """

    lines: tuple[str, ...]
    comes: tuple[Finding, ...]
    goes: tuple[Finding, ...]
    pump: tuple[Changed, ...]
    against: tuple[Objection, ...]
    second: bool
    alone: str = ""
    change: Change | None = None


def previewed(before: Advice, event: e.Event, line: str) -> Preview:
    """Return what follows if an event is put on a chart.

    Parameters
    ----------
    before
        The advice as it is.
    event, line
        The event, and its line.  What needs a second person is looked at as if one had checked it.
    """
    now = max(before.facts.now, event.at)
    after = examined(before.facts.chart.with_events(f"{_checked(event, line)}\n"), now, before.book.jurisdiction)
    return _preview(before, after, (line,), event)


def struck(before: Advice, left: Chart) -> Preview:
    """What follows if an event no longer counts; `left` is the chart without it."""
    return _preview(before, examined(left, before.facts.now, before.book.jurisdiction), (), None)


def _checked(event: e.Event, line: str) -> str:
    """The line with a second person's name: nobody is told that it is missing while it is only waited for."""
    if not isinstance(event.what, CHECKED) or event.what.checked_by:
        return line
    return written(replace(event, what=replace(event.what, checked_by="a second person"))).strip()


def _preview(before: Advice, after: Advice, lines: tuple[str, ...], event: e.Event | None) -> Preview:
    comes, goes = changed(before, after)
    against = list[Objection]()
    alone = "" if event is None else _alone(before, event)
    if event is not None and isinstance(event.what, _GIVES):
        against += _against(before, after, event)
        # Also where a stop of the same kind stood before: it says something else now.  And what is in the chamber is asked
        # about with each fill, for the same slip twice says the same.
        filled = isinstance(event.what, e.Refill)
        stops = [each for each in after.findings if each.grade == STOP]
        against += [
            Objection(each.id, each.says, each.facts)
            for each in stops
            if each in comes or (filled and each.id == _CHAMBER)
        ]
        if alone and (cards := [each for each in before.findings if each.card]):
            # Less drug while a life is in danger is not argued about, unless it is withdrawal that endangers it.
            overdose = any(each.id == _OVERDOSE for each in cards)
            against = [] if overdose else [Objection(each.id, each.says, each.facts, of_entry=False) for each in cards]
    return Preview(
        lines,
        comes,
        goes,
        _pump(before, after),
        tuple({(each.rule, each.message): each for each in against}.values()),
        event is not None and isinstance(event.what, CHECKED) and not alone,
        alone,
        None if event is None else change(before, event),
    )


def changed(before: Advice, after: Advice) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the findings that come, and those that go."""
    was = {(each.id, each.says) for each in before.findings}
    is_ = {(each.id, each.says) for each in after.findings}
    return (
        tuple(each for each in after.findings if (each.id, each.says) not in was),
        tuple(each for each in before.findings if (each.id, each.says) not in is_),
    )


def _carded(advice: Advice) -> bool:
    return any(each.card for each in advice.findings)


def _alone(before: Advice, event: e.Event) -> str:
    """Why one person is enough: stopping the pump, or a lower dose with an emergency sign, waits for nobody."""
    if not isinstance(event.what, e.Programmed):
        return ""
    program = event.what.program
    if program.stopped:
        return "the pump is stopped"
    was = before.pump.program if before.pump is not None else None
    if was is None or was.stopped or not _carded(before):
        return ""
    lower = (
        program.daily.to("mcg/day") < was.daily.to("mcg/day")
        and program.strength is None
        and single_bolus.largest(program) <= single_bolus.largest(was)
    )
    return "a lower dose with an emergency sign" if lower else ""


def _against(before: Advice, after: Advice, event: e.Event) -> list[Objection]:
    """What the rules say against a dose; a stop that the event itself lifts does not count."""
    if isinstance(event.what, (e.Refill, e.Programmed, e.Bridge)) and before.pump is None:
        return [
            Objection("implant", "No implant is on this chart: look whether it is the right patient.", of_entry=False)
        ]
    left = {each.id for each in after.findings if each.grade == STOP}
    stops = tuple(each for each in before.findings if each.grade == STOP and each.id in left)
    if isinstance(event.what, e.Programmed) and _same_dose(before, event.what.program):
        return []
    kinds = _blocked_as(before, event.what)
    standing = [
        Objection(each.id, each.says, each.facts, of_entry=False) for each in stops if set(kinds) & set(each.stops)
    ]
    if standing:
        return standing
    others = tuple(each for each in before.findings if each.grade != STOP)
    match event.what:
        case e.Programmed(program=dose) if not dose.stopped:
            found = typed(before.facts, before.pump, others, dose)
        case e.Oral(regimen=dose) if dose is not None:
            found = typed(before.facts, before.pump, others, dose)
        case e.Trial(dose=amount):
            return _against_trial(before, amount)
        case _:
            return []
    return [Objection(f"dose: {found.kind}", found.why, found.facts)] if isinstance(found, Refusal) else []


def _same_dose(before: Advice, program: Program) -> bool:
    was = before.pump.program if before.pump is not None else None
    return program.stopped or (was is not None and not was.stopped and was.daily == program.daily)


def _blocked_as(before: Advice, what: e.What) -> tuple[Blocked, ...]:
    """The kinds of plan whose stops speak against an event of its kind."""
    match what:
        case e.Trial():
            return ("trial",)
        case e.Refill() | e.Bridge():
            # A bridge bolus belongs to a fill that was given: only what forbids the fill forbids it.
            return ("refill",)
        case e.Programmed():
            was = before.pump.program if before.pump is not None else None
            if was is None:
                return ("adjust", "start")
            if was.stopped:
                return ("restart",)
            rises = what.program.daily.to("mcg/day") > was.daily.to("mcg/day")
            return ("adjust", "adjust up") if rises else ("adjust",)
        case e.Oral(regimen=regimen) if regimen is not None:
            return ("titration",)
        case _:
            return ()


def _against_trial(advice: Advice, dose: Quantity) -> list[Objection]:
    asked = f"{shown(advice.facts.now)}+00:00 request trial\n"
    found = advise(advice.facts.chart.with_events(asked), advice.facts.now, advice.book.jurisdiction)
    first = [
        step.writes.dose
        for plan in found.plans
        if plan.kind == "trial"
        for step in plan.steps[:1]
        if isinstance(step.writes, e.Trial)
    ]
    if dose in first:
        return []
    if first:
        allowed = " or ".join(dict.fromkeys(plain(each) for each in first))
        return [Objection("dose: trial", f"The next screening bolus that the rules allow is {allowed}.", ("TOX-01",))]
    refusals = [each for each in found.refusals if each.kind == "trial"]
    return [Objection("dose: trial", each.why, each.facts) for each in refusals] or [
        Objection("dose: trial", "The rules offer no screening bolus now.", ("TOX-01",))
    ]


def _pump(before: Advice, after: Advice) -> tuple[Changed, ...]:
    was, is_ = (
        {row.label: row.text for row in words.pump_rows(each.as_dict(foresee=False))} for each in (before, after)
    )
    return tuple(
        Changed(name, was.get(name, "not said"), is_.get(name, "not said"))
        for name in dict.fromkeys([*was, *is_])
        if was.get(name) != is_.get(name)
    )

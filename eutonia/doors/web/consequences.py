"""What follows from an event before it is written: findings that come and go, the pump before and after, what speaks against it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from eutonia.advice import Advice, advise, examined
from eutonia.chart import Chart
from eutonia.chart import event as e
from eutonia.clinic.drafts import CHECKED
from eutonia.doors import words
from eutonia.findings import STOP, Finding
from eutonia.moment import shown
from eutonia.plan.plan import Refusal
from eutonia.plan.typed import typed
from eutonia.quantity import Quantity, plain

# The finding about what is in the chamber.
_CHAMBER: Final = "strength"
# What gives drug: only of these the rules can say that they do not allow it.  What was seen or measured is only true.
_GIVES: Final = (*CHECKED, e.Oral, e.Medication)


class Changed(Struct, frozen=True):
    """A row of the pump that an event changes."""

    label: str
    before: str
    after: str


class Preview(Struct, frozen=True):
    """What an event will do, and whether a second person must enter it too."""

    lines: tuple[str, ...]
    comes: tuple[Finding, ...]
    goes: tuple[Finding, ...]
    pump: tuple[Changed, ...]
    against: tuple[str, ...]
    second: bool


def previewed(before: Advice, event: e.Event, line: str) -> Preview:
    """What follows if an event is put on a chart; `before` is the advice as it stands."""
    now = max(before.facts.now, event.at)
    after = examined(before.facts.chart.with_events(f"{line}\n"), now, before.book.jurisdiction)
    return _preview(before, after, (line,), event)


def struck(before: Advice, left: Chart) -> Preview:
    """What follows if an event no longer counts; `left` is the chart without it."""
    return _preview(before, examined(left, before.facts.now, before.book.jurisdiction), (), None)


def _preview(before: Advice, after: Advice, lines: tuple[str, ...], event: e.Event | None) -> Preview:
    was = {(each.id, each.says) for each in before.findings}
    is_ = {(each.id, each.says) for each in after.findings}
    comes = tuple(each for each in after.findings if (each.id, each.says) not in was)
    against = list[str]()
    if event is not None and isinstance(event.what, _GIVES):
        against += _against(before, after, event)
        # Also where a stop of the same kind stood before: it says something else now.  And what is in the chamber is asked
        # about with each fill, for the same slip twice says the same.
        filled = isinstance(event.what, e.Refill)
        stops = [each for each in after.findings if each.grade == STOP]
        against += [each.says for each in stops if each in comes or (filled and each.id == _CHAMBER)]
    return Preview(
        lines,
        comes,
        tuple(each for each in before.findings if (each.id, each.says) not in is_),
        _pump(before, after),
        tuple(dict.fromkeys(against)),
        event is not None and isinstance(event.what, CHECKED),
    )


def _against(before: Advice, after: Advice, event: e.Event) -> list[str]:
    """What the rules say against a dose; a stop that the event itself lifts does not count."""
    if isinstance(event.what, (e.Refill, e.Programmed, e.Bridge)) and before.pump is None:
        return ["No implant is on this chart: look whether it is the right patient."]
    left = {each.id for each in after.findings if each.grade == STOP}
    stops = tuple(each for each in before.findings if each.grade != STOP or each.id in left)
    match event.what:
        case e.Programmed(program=program) if not program.stopped and before.pump is not None:
            was = before.pump.program
            if was is not None and not was.stopped and was.daily == program.daily:
                return []
            found = typed(before.facts, before.pump, stops, program)
        case e.Oral(regimen=regimen) if regimen is not None:
            found = typed(before.facts, before.pump, stops, regimen)
        case e.Trial(dose=dose):
            return _against_trial(before, dose)
        case _:
            return []
    return [found.why] if isinstance(found, Refusal) else []


def _against_trial(advice: Advice, dose: Quantity) -> list[str]:
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
        return [f"The next screening bolus that the rules allow is {allowed}."]
    return [each.why for each in found.refusals if each.kind == "trial"] or ["The rules offer no screening bolus now."]


def _pump(before: Advice, after: Advice) -> tuple[Changed, ...]:
    was, is_ = (
        {row.label: row.text for row in words.pump_rows(each.as_dict(foresee=False))} for each in (before, after)
    )
    return tuple(
        Changed(name, was.get(name, "not said"), is_.get(name, "not said"))
        for name in dict.fromkeys([*was, *is_])
        if was.get(name) != is_.get(name)
    )

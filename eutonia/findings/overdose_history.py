"""Did an overdose or an error of programming end the last run?  The dose that led to it is never offered again."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.dose_history import Ran
from eutonia.findings.emergency import Triage, triage
from eutonia.pump import PumpState, pump_state
from eutonia.quantity import plain


class Overdose(Struct, frozen=True):
    """The dose that led to an overdose or was programmed in error, and the last one inside the rules before it.

    error: its step broke the rules; sure: its step is known to be the cause.
    """

    program: Program
    before: Program | None
    error: bool
    sure: bool
    words: str


def overdose(facts: Facts, pump: PumpState, ran: tuple[Ran, ...]) -> Overdose | None:
    """Return the erroneous dose: the last program where its step broke the rules, or where signs of overdose ended its run."""
    if not ran:
        return None
    last = ran[-1]
    lower = [each for each in ran[:-1] if each.accepted and each.program.daily.value < last.program.daily.value]
    before = lower[-1].program if lower else None
    if not last.accepted:
        words = f"the last program ({plain(last.program.daily)}) rose beyond any allowed step"
        return Overdose(last.program, before, True, True, words)
    halted = [at for at in (pump.stopped_at, pump.emptied_at) if at is not None]
    if not halted or not _signs_of_overdose(facts, min(halted)):
        return None
    recent = facts.book.quantity("restart.tolerated_days").to("days")
    step = min(halted) - last.begin <= timedelta(days=float(recent))
    return Overdose(
        last.program, before, False, step, f"signs of overdose ended the run at {plain(last.program.daily)}"
    )


def _signs_of_overdose(facts: Facts, halted: datetime) -> bool:
    """Whether signs of overdose, resolved since or not, belong to the run that ended at `halted`."""
    before = timedelta(hours=float(facts.book.quantity("restart.overdose_before").to("h")))
    after = timedelta(hours=float(facts.book.quantity("restart.overdose_after").to("h")))
    written = facts.of(e.Symptom)
    times = dict.fromkeys(event.at for event in written if halted - before <= event.at <= halted + before)
    for at in times:
        seen = _triage_then(facts, at)
        # A seizure or a changed mind fits both; long after the stop it is withdrawal's.
        if seen.overdose and (not seen.withdrawal or at <= halted + after):
            return True
    return False


def _triage_then(facts: Facts, at: datetime) -> Triage:
    """The signs at an earlier moment; one that was written only as resolved counts as having been there."""
    present = {
        name
        for event in facts.of(e.Symptom)
        if isinstance(event.what, e.Symptom) and not event.what.resolved
        for name in event.what.text.lower().split(", ")
    }
    events = tuple(
        replace(event, what=e.Symptom(event.what.text))
        if isinstance(event.what, e.Symptom)
        and event.what.resolved
        and event.at == at
        and not present & set(event.what.text.lower().split(", "))
        else event
        for event in facts.chart.events
        if event.at <= at
    )
    then = Facts(replace(facts.chart, events=events), at, facts.book)
    return triage(then, pump_state(then))

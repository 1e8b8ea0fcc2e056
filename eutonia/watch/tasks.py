"""The tasks of one chart: from what was found, from the pump, and from what will be due though nothing is wrong yet.

A task with a day in the future is made today, so that it comes up on its day though nobody opens the chart.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings import STOP, Finding, examine
from eutonia.findings.context import pumped, taking
from eutonia.findings.effects import lasting
from eutonia.findings.emergency import EMERGENCIES
from eutonia.findings.replacement import replacement_book_by
from eutonia.findings.signs import current
from eutonia.moment import local_day, shown, shown_day
from eutonia.pump import PumpState, pump_state
from eutonia.quantity import plain
from eutonia.watch import overrides
from eutonia.watch.days import days_later
from eutonia.watch.pumps import unready
from eutonia.watch.steps import next_steps
from eutonia.watch.task import Task

# What a finding with a day asks for, and the kind of line that closes it: no dose, for an example could be taken for one.
_OF_FINDINGS: Final = {
    "refill": ("refill", "refill"),
    "balance": ("residual", "explained residual"),
    "delivery": ("device", "device read out, no alarms"),
    "pump-stopped": ("withdrawal", "program"),
    "gap": ("withdrawal", "program"),
    "resumed": ("withdrawal", "program"),
    "bridge": ("bridge", "program"),
    "end-of-service": ("replacement", "implant"),
    "single-bolus": ("program", "program"),
    "interruption": ("withdrawal", "oral"),
    "abrupt-stop": ("withdrawal", "oral"),
    "strength": ("strength", "program"),
    "epilepsy": ("eeg", "eeg"),
    "indication": ("indication", "failed"),
    "indication-intrathecal": ("indication", "failed"),
}
_WITHDRAWN: Final = ("interruption", "abrupt-stop")
# Of who does not have the drug these are no task: many charts of a record are of other people.
_OF_THE_TREATED: Final = ("epilepsy", "indication", "indication-intrathecal")
# So many lines of an emergency card stand in a list of tasks; the card itself is with the chart.
_CARD: Final = 3


def tasks(facts: Facts, chart: str, person: str) -> tuple[Task, ...]:
    """The tasks of a chart at a moment, the most pressing first."""
    pump = pump_state(facts)
    found = examine(facts, pump)
    every = [
        *_of_findings(found, facts),
        *unready(facts, pump),
        *_replacement(facts, pump, found),
        *_signs(facts, found),
    ]
    if not any(each.card for each in found):
        # Under an emergency card nothing asks for a dose or another measurement; these come up again after it.
        every += [*_trial(facts), *next_steps(facts), *_ages(facts)]
    made = [
        Task(chart, person, what, due, local_day(due, facts.home), do, because, closes, first)
        for what, due, do, because, closes, first in every
    ]
    return tuple(sorted(made, key=lambda each: (not each.first, each.due, each.what)))


Words = tuple[str, datetime, str, str, str, bool]


def treated(facts: Facts) -> bool:
    """Whether the patient has a pump, or takes the drug by mouth, or may: who is not known counts."""
    return pumped(facts) or taking(facts)


def _of_findings(findings: tuple[Finding, ...], facts: Facts) -> Iterator[Words]:
    """What was found and asks for somebody: an emergency, what has a day, and whatever stops a dose of who has the drug."""
    for each in findings:
        if each.card:
            # First what to do and whom to call, in the card's own words.
            yield "emergency", facts.now, " ".join(each.card[:_CARD]), each.says, "symptom ...; resolved", True
            continue
        if each.id in EMERGENCIES:
            continue  # its card stands in the task of the other one
        what, closes = _OF_FINDINGS.get(each.id, (each.id, ""))
        if each.id in _OF_THE_TREATED and not treated(facts):
            continue
        if each.overridden:
            # Whoever overrode it has decided about the block only: somebody still has to look.
            review = overrides.review_due(each, facts)
            due, closed_by = (review, "override") if review is not None else (each.due or facts.now, closes)
            yield what, due, each.resolve, overrides.reason(each), closed_by, False
        elif each.due is not None:
            yield what, each.due, each.resolve, each.says, closes, False
        elif each.id in _WITHDRAWN or (each.grade == STOP and treated(facts)):
            yield what, facts.now, each.resolve, each.says, closes, False


def _replacement(facts: Facts, pump: PumpState | None, findings: tuple[Finding, ...]) -> Iterator[Words]:
    """The replacement of the pump, years ahead of the finding: it comes up on its day though nobody opens the chart."""
    if pump is None or pump.replacement_due is None or any(finding.id == "end-of-service" for finding in findings):
        return
    book_by = replacement_book_by(pump, facts.book) or pump.replacement_due
    because = f"The pump's service ends on {shown_day(pump.replacement_due, facts.home)}."
    yield "replacement", book_by, "Book the replacement of the pump.", because, "implant", False


def _signs(facts: Facts, findings: tuple[Finding, ...]) -> Iterator[Words]:
    """Signs of overdose or withdrawal of which nobody wrote what became of them: time alone does not resolve them."""
    if any(each.card for each in findings):
        return
    for sign in current(facts).open:
        if sign.classified == "unrelated" or not (sign.emergency or lasting(sign)):
            continue
        do = "Ask what became of it, and write it."
        because = f"'{sign.text}' was written on {shown_day(sign.at, facts.home)}, and nothing since."
        yield "sign", facts.now, do, because, "symptom ...; resolved", False


def _trial(facts: Facts) -> Iterator[Words]:
    """A screening bolus whose response is not written yet."""
    if not facts.screenings or (last := facts.screenings[-1]).outcome is not None:
        return
    low, high = facts.book.span("trial.observe")
    due = last.at + timedelta(hours=float(low.to("h")))
    do = f"Observe {plain(low.value)} to {plain(high)}; score, and write the response."
    because = f"{plain(last.dose)} was given on {shown(last.at, facts.home)}."
    yield "trial", due, do, because, "response", False


def _ages(facts: Facts) -> Iterator[Words]:
    """What grows old: scores, kidneys, the last contact, of who is on the drug."""
    if not treated(facts):
        return
    for what, kind, entry, do, closes in (
        ("score", e.Score, "age.score", "Score the tone and the spasms.", "score"),
        ("contact", None, "age.contact", "See or call the patient.", "contact"),
        ("creatinine", e.Lab, "age.creatinine", "Have creatinine or eGFR measured.", "lab creatinine"),
    ):
        last = facts.last_contact if kind is None else _last(facts, kind)
        limit = facts.book.quantity(entry)
        due = facts.now if last is None else days_later(last, float(limit.to("days")), facts.home)
        since = "none is on the chart" if last is None else f"the last was on {shown_day(last, facts.home)}"
        yield what, due, do, f"At least every {limit}; {since}.", closes, False


def _last(facts: Facts, kind: type) -> datetime | None:
    found = [
        each.at
        for each in facts.of(kind)
        if not isinstance(each.what, e.Lab) or each.what.test in ("creatinine", "egfr", "clearance")
    ]
    return max(found, default=None)

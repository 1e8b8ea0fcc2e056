"""The tasks of one chart: from what was found, from the pump, and from what will be due though nothing is wrong yet.

A task with a day in the future is made today, so that it comes up on its day though nobody opens the chart.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Known
from eutonia.findings import Finding, examine
from eutonia.findings.context import pumped, taking
from eutonia.moment import shown, shown_day
from eutonia.plan import plan
from eutonia.pump import PumpState, pump_state
from eutonia.quantity import plain
from eutonia.watch.task import Task

# What a finding with a day asks for, and the kind of line that closes it: no dose, for an example could be taken for one.
_OF_FINDINGS: Final = {
    "refill": ("refill", "refill"),
    "balance": ("residual", "explained residual"),
    "delivery": ("device", "device read out, no alarms"),
    "pump-stopped": ("withdrawal", "program"),
    "gap": ("withdrawal", "program"),
    "resumed": ("withdrawal", "program"),
    "bridge": ("bridge", "bridge"),
    "strength": ("strength", "refill"),
    "epilepsy": ("eeg", "eeg"),
    "indication": ("indication", "failed"),
    "indication-intrathecal": ("indication", "failed"),
}
# Of who does not have the drug these are no task: many charts of a record are of other people.
_OF_THE_TREATED: Final = ("epilepsy", "indication", "indication-intrathecal")
_WITHDRAWN: Final = ("interruption", "abrupt-stop")
_STEPS: Final = ("titration", "taper", "holiday")


def tasks(facts: Facts, chart: str, person: str) -> tuple[Task, ...]:
    """The tasks of a chart at a moment, the most pressing first."""
    pump = pump_state(facts)
    found = examine(facts, pump)

    def task(what: str, due: datetime, do: str, because: str, closes: str, first: bool = False) -> Task:
        return Task(chart, person, what, due, do, because, closes, first)

    every = [task(*each) for each in _of_findings(found, facts)]
    every += [task(*each) for each in (*_trial(facts), *_steps(facts, pump, found), *_ages(facts))]
    return tuple(sorted(every, key=lambda each: (not each.first, each.due, each.what)))


Words = tuple[str, datetime, str, str, str, bool]


def _of_findings(findings: tuple[Finding, ...], facts: Facts) -> Iterator[Words]:
    for each in findings:
        if each.card:
            yield "emergency", facts.now, each.resolve, each.says, "symptom", True
        elif each.id in _WITHDRAWN:
            yield "withdrawal", facts.now, each.resolve, each.says, "oral", False
        elif each.due is not None and (treated(facts) or each.id not in _OF_THE_TREATED):
            what, closes = _OF_FINDINGS.get(each.id, (each.id, "what it asks for"))
            yield what, each.due, each.resolve, each.says, closes, False


def _trial(facts: Facts) -> Iterator[Words]:
    """A screening bolus whose response is not written yet."""
    if not facts.screenings or (last := facts.screenings[-1]).outcome is not None:
        return
    low, high = facts.book.span("trial.observe")
    due = last.at + timedelta(hours=float(low.to("h")))
    do = f"Observe {plain(low.value)} to {plain(high)}; score, and write the response."
    yield (
        "trial", due, do, f"{plain(last.dose)} was given on {shown(last.at, facts.home)}.",
        "response", False,
    )  # fmt: skip


def _steps(facts: Facts, pump: PumpState | None, findings: tuple[Finding, ...]) -> Iterator[Words]:
    """The next step of a plan that was begun: from when on it may be looked at again.  No dose is named here."""
    plans, _ = plan(facts, pump, findings)
    for kind in _STEPS:
        first = min((each.steps[0].at for each in plans if each.kind == kind and each.steps), default=None)
        if first is not None and first > facts.now:
            because = f"The next step of the {kind} is open from {shown_day(first, facts.home)}."
            yield "step", first, "Look at the chart's options; see the patient before anything changes.", because, "oral", False  # fmt: skip


def treated(facts: Facts) -> bool:
    """Whether the patient has a pump, or is known to take the drug by mouth."""
    return pumped(facts) or (taking(facts) and isinstance(facts.oral, Known))


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
        due = facts.now if last is None else last + timedelta(days=float(limit.to("days")))
        since = "none is on the chart" if last is None else f"the last was on {shown_day(last, facts.home)}"
        yield what, due, do, f"At least every {limit}; {since}.", closes, False


def _last(facts: Facts, kind: type) -> datetime | None:
    found = [
        each.at
        for each in facts.of(kind)
        if not isinstance(each.what, e.Lab) or each.what.test in ("creatinine", "egfr", "clearance")
    ]
    return max(found, default=None)

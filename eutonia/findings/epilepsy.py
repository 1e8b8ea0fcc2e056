"""Is there epilepsy, and when is the next EEG due?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.context import oral
from eutonia.findings.finding import CAUTION, STOP, Finding, found, listed
from eutonia.moment import local_day, shown_day
from eutonia.pump import PumpState


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """A caution with the day of the next EEG; in the DE pack a stop by mouth."""
    names = facts.having("epilepsy")
    if not names:
        return
    book = facts.book
    last = facts.of(e.Eeg)
    every = timedelta(days=float(book.quantity("age.eeg").to("days")))
    due = last[-1].at + every if last else facts.now
    when = f"the last was on {shown_day(last[-1].at, facts.home)}" if last else "none is on the chart"
    forbidden = book.jurisdiction == "DE" and oral(facts)
    yield found(
        book,
        "epilepsy",
        STOP if forbidden else CAUTION,
        f"{listed(names)[0].upper()}{listed(names)[1:]}: seizure control can worsen; EEG: {when}.",
        "Regular EEG in epilepsy; a leaflet in Germany calls it a contraindication (C-10). Abrupt withdrawal can cause seizures.",
        f"EEG by {local_day(due, facts.home)}; write 'eeg ...' when it is done.",
        "epilepsy.eeg",
        "age.eeg",
        stops=("titration",) if forbidden else (),
        due=due,
    )

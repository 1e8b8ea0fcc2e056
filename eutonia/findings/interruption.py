"""Was baclofen by mouth stopped at once, or is it about to be?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.context import taking
from eutonia.findings.finding import CAUTION, STOP, Finding, found, listed
from eutonia.moment import shown_day
from eutonia.pump import PumpState
from eutonia.quantity import plain


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """An abrupt stop or fall without a taper; lost supply, nothing by mouth, an operation."""
    if last := _abrupt(facts):
        yield _stopped(facts, *last)
    if waiting := interruptions(facts):
        yield found(
            facts.book,
            "interruption",
            CAUTION,
            f"Baclofen by mouth may be interrupted: {listed([_WHAT[what] for _, what in waiting])} "
            f"({shown_day(waiting[-1][0], facts.home)}).",
            "Baclofen is not stopped abruptly; the anaesthetist is told. No validated conversion to another route exists.",
            "Secure the supply or the enteral route before the next dose is missed.",
            "oral.withdrawal_onset",
            "interaction.general_anaesthetic",
            stops=("titration", "taper"),
        )


_WHAT = {
    "supply lost": "the supply is lost",
    "nothing by mouth": "nothing goes in by mouth",
    "surgery": "an operation is planned",
}


def interruptions(facts: Facts) -> list[tuple[datetime, str]]:
    """What may keep the drug from being taken, written lately and not followed by a new order."""
    limit = facts.book.quantity("age.symptom").to("days")
    ordered = [event.at for event in facts.of(e.Oral)]
    return [
        (event.at, event.what.what)
        for event in facts.of(e.Interruption)
        if isinstance(event.what, e.Interruption)
        and facts.age_days(event.at) <= limit
        and taking(facts)
        and not any(at > event.at for at in ordered)
    ]


def _abrupt(facts: Facts) -> tuple[datetime, Decimal, Decimal] | None:
    """The moment, the dose before and the dose after, where the drug fell faster than a taper allows.

    A stop counts from the highest dose of the weeks before: a day on a small dose is no taper.  A fall by more than half
    in one step counts as well.
    """
    history = facts.oral_history
    if not history or facts.age_days(history[-1][0]) > facts.book.quantity("oral.long_use_days").to("days"):
        return None
    at, after = history[-1]
    before = history[-2][1] if len(history) > 1 else after
    smallest = facts.book.quantity("oral.smallest").value * 2
    if after == 0:
        shortest = timedelta(days=float(facts.book.quantity("oral.taper_days").to("days")))
        doses = [dose for when, dose in history[:-1] if when >= at - shortest]
        carried = [dose for when, dose in history[:-1] if when < at - shortest]
        peak = max([*doses, *carried[-1:]], default=Decimal(0))
        # The first step down of a taper lies at least its length before the stop; what ran on that day is its beginning.
        begun = next((when for when, dose in reversed(history[:-1]) if dose == peak), at)
        fell = next((when for when, dose in history if when > begun and dose < peak), at)
        return (at, peak, after) if peak > smallest and at - fell < shortest else None
    most = facts.book.quantity("oral.fall").value
    fall = (1 - after / before) * 100 if before else Decimal(0)
    return (at, before, after) if fall > most and before > smallest * 2 else None


def _stopped(facts: Facts, at: datetime, before: Decimal, after: Decimal) -> Finding:
    how = "stopped" if after == 0 else f"lowered to {plain(after)} mg daily at once"
    return found(
        facts.book,
        "abrupt-stop",
        STOP if after == 0 else CAUTION,
        f"Baclofen by mouth was {how} on {shown_day(at, facts.home)} from {plain(before)} mg daily, faster than any taper.",
        "Abrupt stop can cause seizures and hallucinations; they began about 18 h after the last dose in two cases.",
        "Look for signs of withdrawal; restore the dose (write it: 'oral ...'), then taper it ('request taper oral').",
        "oral.taper_days",
        "oral.withdrawal_onset",
        "oral.long_use_days",
        "oral.fall",
        stops=("titration",) if after == 0 else (),
    )

"""Was baclofen by mouth stopped at once, or is it about to be?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.oral import OralChange
from eutonia.evidence import Unknown
from eutonia.findings.context import taking
from eutonia.findings.finding import CAUTION, STOP, Finding, found, listed
from eutonia.moment import shown_day
from eutonia.pump import PumpState
from eutonia.quantity import plain


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """An abrupt stop or fall without a taper; lost supply, nothing by mouth, an operation."""
    if last := _abrupt(facts):
        yield _stopped(facts, last)
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
            stops=("titration",),
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


class _Fall(Struct, frozen=True):
    """A stop or a fall of what is taken by mouth that no taper makes: its moment, and the doses before and after in mg."""

    at: datetime
    before: Decimal
    after: OralChange

    @property
    def stopped(self) -> bool:
        return self.after.most_mg == 0


def _abrupt(facts: Facts) -> _Fall | None:
    """The last stop or fall of what is taken, where it was faster than a taper allows; as-needed doses are not taken.

    A stop counts from the highest dose of the weeks before: a day on a small dose is no taper.  A fall by more than half
    within two days counts as well, as long as withdrawal may follow from it.
    """
    history = facts.oral_history_taken
    if not history or isinstance(facts.oral, Unknown):
        return None
    last = history[-1]
    days = facts.age_days(last.at)
    if days > facts.book.quantity("oral.long_use_days").to("days"):
        return None
    smallest = facts.book.quantity("oral.smallest").value * 2
    if last.scheduled_mg == 0:
        shortest = timedelta(days=float(facts.book.quantity("oral.taper_days").to("days")))
        peak = _peak(facts, shortest)
        # The first step down of a taper lies at least its length before the stop; what ran on that day is its beginning.
        begun = next((x.at for x in reversed(history[:-1]) if x.scheduled_mg == peak), last.at)
        fell = next((x.at for x in history if x.at > begun and x.scheduled_mg < peak), last.at)
        return _Fall(last.at, peak, last) if peak > smallest and last.at - fell < shortest else None
    before = _peak(facts, timedelta(days=2))
    most = facts.book.quantity("oral.fall").value
    recent = days <= facts.book.quantity("oral.withdrawal_days").to("days")
    fall = (1 - last.scheduled_mg / before) * 100 if before else Decimal(0)
    return _Fall(last.at, before, last) if recent and fall > most and before > smallest * 2 else None


def _peak(facts: Facts, span: timedelta) -> Decimal:
    """The highest dose that was taken in this time before the last change."""
    *earlier, last = facts.oral_history_taken
    inside = [change.scheduled_mg for change in earlier if change.at >= last.at - span]
    carried = [change.scheduled_mg for change in earlier if change.at < last.at - span]
    return max([*inside, *carried[-1:]], default=Decimal(0))


def _stopped(facts: Facts, fall: _Fall) -> Finding:
    book, since = facts.book, facts.now - fall.at
    days = facts.age_days(fall.at)
    over = days > book.quantity("oral.withdrawal_days").to("days")
    soon = since <= timedelta(hours=float(book.quantity("oral.restore_hours").to("h")))
    to = f"{plain(fall.after.scheduled_mg)} mg daily" if fall.after.scheduled_mg else "as-needed doses only"
    how = "stopped" if fall.stopped else f"lowered to {to} at once"
    if over:
        ago = f" ({days} days ago)"
        todo = (
            "Ask whether seizure, hallucinations, fever or rigidity followed within days of the stop, and write what is found. The old "
            "dose is not taken again: a new start by the titration scheme, if the drug is still wanted."
        )
    elif soon:
        ago = ""
        todo = (
            "Look for signs of withdrawal. Unless it was stopped for an overdose, an adverse effect or the kidneys, restore the dose (write "
            "it: 'oral ...'), then taper it ('request taper oral')."
        )
    else:
        ago = f" ({days} days ago)"
        todo = (
            "Look for signs of withdrawal now. With signs: emergency; back to the last dose under monitoring, then taper. Without signs, "
            "48 h after the last dose (assumption), the full dose is not taken again at once: "
            + (
                "a new start by the titration scheme ('override abrupt-stop; by ...; because ...' opens it)."
                if fall.stopped
                else "stay at today's dose and ask again in days."
            )
        )
    return found(
        book,
        "abrupt-stop",
        STOP if fall.stopped and not over else CAUTION,
        f"Baclofen by mouth was {how} on {shown_day(fall.at, facts.home)}{ago} from {plain(fall.before)} mg daily, faster than any taper.",
        "Abrupt stop can cause seizures and hallucinations; they began about 18 h after the last dose in two cases, and are looked for "
        "within 14 days (assumption).",
        todo,
        "oral.taper_days",
        "oral.withdrawal_onset",
        "oral.long_use_days",
        "oral.fall",
        "oral.withdrawal_days",
        "oral.restore_hours",
        stops=("titration",) if fall.stopped and not over else (),
    )

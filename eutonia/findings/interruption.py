"""Was baclofen by mouth stopped at once, or is it about to be?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Regimen
from eutonia.findings.context import taking
from eutonia.findings.finding import CAUTION, STOP, Finding, found
from eutonia.moment import shown_day
from eutonia.pump import PumpState
from eutonia.quantity import plain


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """An abrupt stop without a taper, lost supply, nothing by mouth, an operation."""
    book = facts.book
    if last := _abrupt(facts):
        at, dose = last
        yield found(
            book,
            "abrupt-stop",
            STOP,
            f"Baclofen by mouth was stopped abruptly on {shown_day(at, facts.home)} from {plain(dose.daily)}.",
            "Abrupt stop can cause seizures and hallucinations; they began about 18 h after the last dose in two cases.",
            "Look for signs of withdrawal; restore the dose and taper it ('request taper oral'), or write who takes it on.",
            "oral.taper_days",
            "oral.withdrawal_onset",
            "oral.long_use_days",
            stops=("titration",),
        )
    for event in facts.of(e.Interruption):
        if facts.age_days(event.at) > book.quantity("age.symptom").to("days") or not taking(facts):
            continue
        assert isinstance(event.what, e.Interruption)
        what = {
            "supply lost": "the supply is lost",
            "nothing by mouth": "nothing goes in by mouth",
            "surgery": "an operation is planned",
        }
        yield found(
            book,
            "interruption",
            CAUTION,
            f"Baclofen by mouth may be interrupted: {what[event.what.what]} ({shown_day(event.at, facts.home)}).",
            "Baclofen is not stopped abruptly; the anaesthetist is told. No validated conversion to another route exists.",
            "Secure the supply or the enteral route before the next dose is missed.",
            "oral.withdrawal_onset",
            "interaction.general_anaesthetic",
        )


def _abrupt(facts: Facts) -> tuple[datetime, Regimen] | None:
    """The moment of a stop without a taper and the regimen that was stopped: more than the taper's last step."""
    history = facts.oral_history
    if not history or history[-1][1] is not None or taking(facts) or facts.age_days(history[-1][0]) > 60:
        return None
    stopped = history[-1][0]
    last = next((regimen for _, regimen in reversed(history[:-1]) if regimen is not None), None)
    # A taper ends at two of the smallest doses a day or less (plan/taper.py); anything above was not tapered to its end.
    if last is None or last.daily.value <= facts.book.quantity("oral.smallest").value * 2:
        return None
    return stopped, last

"""What the screening boluses showed: how large the first may be, what was reported under each, and which had no response."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from eutonia.chart import event as e
from eutonia.chart.facts import Facts, Screening
from eutonia.evidence import Known
from eutonia.findings.finding import CAUTION, NOTE, Finding, found, listed
from eutonia.moment import shown_day
from eutonia.pump import PumpState
from eutonia.quantity import plain


def small_patient(facts: Facts) -> str:
    """Return who begins with the small bolus: 'a small child', who needs the tone to stand, or nobody ('')."""
    if isinstance(facts.age, Known) and facts.age.value < facts.book.count("oral.age_min"):
        return "a small child"
    return "someone who needs the tone to stand or move" if facts.having("posture") else ""


def first_bolus_mcg(facts: Facts) -> Decimal:
    """Return the largest first screening bolus for this person, mcg."""
    if small_patient(facts):
        return facts.book.quantity("trial.dose_small").to("mcg")
    return facts.book.quantities("trial.doses")[0].to("mcg")


def effects_under(facts: Facts, screening: Screening) -> tuple[str, ...]:
    """Return the symptoms reported between a screening bolus and the next step: the next bolus, or the day after.

    Whatever was reported counts, recognized or not, unless somebody wrote that it is unrelated.
    """
    later = [each.at for each in facts.screenings if each.at > screening.at]
    until = min([screening.at + timedelta(hours=float(facts.book.quantity("trial.interval").to("h"))), *later])
    names: dict[str, None] = {}
    for event in facts.of(e.Symptom):
        symptom = event.what
        if not isinstance(symptom, e.Symptom) or symptom.resolved or not screening.at <= event.at < until:
            continue
        if symptom.text.lower() != "none" and not getattr(symptom, "unrelated", False):
            names[symptom.text] = None
    return tuple(names)


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """Boluses without response, as long as no pump runs: a later response does not undo them."""
    if pump is not None and pump.pump_start is not None:
        return
    none = [each for each in facts.screenings if each.outcome == "none"]
    positive = [each for each in facts.screenings if each.outcome == "positive"]
    if not none or not positive or none[0].at > positive[-1].at:
        return
    last = positive[-1]
    larger = [each for each in none if each.dose.to("mcg") >= last.dose.to("mcg")]
    told = listed([f"{plain(each.dose)} on {shown_day(each.at, facts.home)}" for each in none])
    yield found(
        facts.book,
        "screening",
        CAUTION if larger else NOTE,
        f"Screening: no response to {told}; a response to {plain(last.dose)} on {shown_day(last.at, facts.home)}."
        + (" A dose that helps was without effect before." if larger else ""),
        "A positive response leads to an implant; no response to 100 mcg is none, and a later response to less contradicts it.",
        "Find out which of the two is true before an implant (was the bolus in the right place, who scored it?)."
        if larger
        else "Nothing to do.",
        "trial.doses",
        "trial.observe",
    )

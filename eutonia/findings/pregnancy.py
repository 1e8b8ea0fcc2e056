"""Is she pregnant, and has somebody weighed the benefit against the risk?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Unknown
from eutonia.findings.finding import CAUTION, STOP, Finding, found
from eutonia.moment import shown_day
from eutonia.pump import PumpState


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """A stop until the decision is recorded; a reminder for the newborn afterwards; a caution where nobody asked."""
    if not facts.may_be_pregnant:
        return
    book = facts.book
    entries = ("pregnancy.rule", "pregnancy.animal", "pregnancy.newborn")
    pregnancy = facts.pregnancy
    if isinstance(pregnancy, Unknown):
        yield found(
            book,
            "pregnancy",
            CAUTION,
            f"Pregnancy is not known: {pregnancy.says}.",
            "In pregnancy only if the benefit clearly outweighs the risk to the fetus.",
            "Ask, and write 'pregnancy no' or 'pregnancy yes, 20 weeks'.",
            *entries,
        )
        return
    if pregnancy.value.status != "yes":
        return
    weeks = f", {pregnancy.value.weeks} weeks on {shown_day(pregnancy.at, facts.home)}" if pregnancy.value.weeks else ""
    animal = "In rats at far above the human dose: more omphalocele and incomplete ossification of the sternebrae."
    decision = facts.decided("pregnancy", pregnancy.at)
    outcome = decision.what.outcome if decision is not None and isinstance(decision.what, e.Decision) else None
    if decision is not None and outcome == "benefit outweighs risk":
        yield found(
            book,
            "pregnancy",
            CAUTION,
            f"Pregnant{weeks}; {decision.by} recorded on {shown_day(decision.at, facts.home)} that the benefit outweighs the risk.",
            f"Category C (a letter since withdrawn, C-13). {animal}",
            "Watch the newborn for withdrawal for days; reduce gradually before delivery where possible.",
            *entries,
            "oral.pregnancy_taper",
        )
        return
    says = (
        "the recorded decision is that the risk outweighs the benefit"
        if outcome
        else "no benefit-risk decision is recorded"
    )
    yield found(
        book,
        "pregnancy",
        STOP,
        f"Pregnant{weeks}: {says}.",
        f"Only if the benefit clearly outweighs the risk to the fetus; category C (a letter since withdrawn, C-13). {animal} A newborn "
        "exposed before birth is watched for withdrawal for days.",
        "Write 'decision pregnancy benefit outweighs risk; by ...' once that has been decided. What is taken now is not stopped at once.",
        *entries,
        stops=("titration", "trial", "start", "adjust up", "strength change"),
    )

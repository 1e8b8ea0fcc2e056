"""Is she pregnant, and has somebody weighed the benefit against the risk?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Known, Unknown
from eutonia.findings.finding import CAUTION, STOP, Finding, found
from eutonia.moment import shown_day
from eutonia.pump import PumpState


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """A stop until the decision is recorded; a reminder for the newborn afterwards; a caution where nobody asked."""
    if not facts.may_be_pregnant:
        return
    book = facts.book
    entries = ("pregnancy.rule", "pregnancy.animal", "pregnancy.newborn")
    pregnancy, since = facts.pregnancy, facts.pregnant_since
    if since is None:
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
    yield _pregnant(facts, pregnancy, since, entries)


def _pregnant(
    facts: Facts, pregnancy: Known[e.Pregnancy] | Unknown, since: datetime, entries: tuple[str, ...]
) -> Finding:
    """A pregnancy whose outcome is not on the chart: until a decision, nothing is begun or raised."""
    if isinstance(pregnancy, Unknown):
        who = f"Pregnancy is not known: {pregnancy.says}"
        outcome_todo = " Write its outcome: 'pregnancy ended; delivered 2026-06-01' or 'pregnancy no'."
    else:
        weeks = f", {pregnancy.value.weeks} weeks" if pregnancy.value.weeks is not None else ""
        who = f"Pregnant{weeks} (on the chart since {shown_day(since, facts.home)})"
        outcome_todo = " After the birth or a loss, write 'pregnancy ended'."
    animal = "In rats at far above the human dose: more omphalocele and incomplete ossification of the sternebrae."
    decision = facts.decided("pregnancy", since)
    outcome = decision.what.outcome if decision is not None and isinstance(decision.what, e.Decision) else None
    if decision is not None and outcome == "benefit outweighs risk":
        return found(
            facts.book,
            "pregnancy",
            CAUTION,
            f"{who}; {decision.by} recorded on {shown_day(decision.at, facts.home)} that the benefit outweighs the risk.",
            f"Category C (a letter since withdrawn, C-13). {animal}",
            "Watch the newborn for withdrawal for days; reduce gradually before delivery where possible."
            + outcome_todo,
            *entries,
            "oral.pregnancy_taper",
            "pregnancy.longest",
        )
    says = (
        "the recorded decision is that the risk outweighs the benefit"
        if outcome
        else "no benefit-risk decision is recorded"
    )
    return found(
        facts.book,
        "pregnancy",
        STOP,
        f"{who}: {says}.",
        f"Only if the benefit clearly outweighs the risk to the fetus; category C (a letter since withdrawn, C-13). {animal} A newborn "
        "exposed before birth is watched for withdrawal for days. A pregnancy counts until its outcome or 44 weeks (assumption).",
        "Write 'decision pregnancy benefit outweighs risk; by ...' once that has been decided. What is taken now is not stopped at once."
        + outcome_todo,
        *entries,
        "pregnancy.longest",
        stops=("titration", "trial", "start", "adjust up", "strength change"),
    )

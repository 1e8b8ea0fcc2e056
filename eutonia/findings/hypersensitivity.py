"""Is there an allergy to baclofen or to anything in the solution?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Unknown
from eutonia.findings.context import taking
from eutonia.findings.finding import CAUTION, STOP, Finding, found
from eutonia.knowledge.drugs import recognise
from eutonia.pump import PumpState


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """A stop for every start and rise; what already runs keeps a bridge and a way down, which specialists decide.

    Unknown allergies are a caution, never silence.
    """
    book = facts.book
    allergies = facts.allergies
    if isinstance(allergies, Unknown):
        yield found(
            book,
            "hypersensitivity",
            CAUTION,
            f"{allergies.says[0].upper()}{allergies.says[1:]}.",
            "Hypersensitivity to baclofen or a component of the formulation is a contraindication; not asked is not 'none'.",
            "Ask, and write 'allergy none known' or the substance.",
            "allergy.excipients.intrathecal",
            "allergy.excipients.oral",
        )
        return
    if allergy := allergic(facts):
        reaction = f" ({allergy.reaction})" if allergy.reaction else ""
        yield found(
            book,
            "hypersensitivity",
            STOP,
            f"Allergy to {allergy.substance}{reaction}.",
            "Contraindicated in hypersensitivity to baclofen or any component of the formulation.",
            "Nothing lifts this while the allergy stands; if it was written in error, correct the record."
            + (
                " What is given now is not stopped abruptly: ask a specialist at once. A refill as a bridge and a monitored "
                "reduction or taper stay open."
                if (pump is not None and pump.running) or taking(facts)
                else ""
            ),
            "allergy.excipients.intrathecal",
            stops=("titration", "trial", "start", "adjust up", "strength change", "holiday", "restart"),
        )


def allergic(facts: Facts) -> e.Allergy | None:
    """Return the first recorded allergy to baclofen or to anything in the solution; none where there is none, or nobody asked."""
    if isinstance(facts.allergies, Unknown):
        return None
    excipients = facts.book.words("allergy.excipients.intrathecal")
    for allergy in facts.allergies.value:
        name = (allergy.substance or "").lower()
        drug = any("baclofen" in ingredient.classes for ingredient in recognise(name).ingredients)
        component = bool(name) and any(excipient in name or name in excipient for excipient in excipients)
        if drug or component or "excipient" in name:
            return allergy
    return None

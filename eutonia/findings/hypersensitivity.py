"""Is there an allergy to baclofen or to anything in the solution?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts
from eutonia.evidence import Unknown
from eutonia.findings.finding import CAUTION, KINDS, STOP, Finding, found
from eutonia.knowledge.drugs import recognise
from eutonia.pump import PumpState


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """A stop for every kind of plan; unknown allergies are a caution, never silence."""
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
    excipients = book.words("allergy.excipients.intrathecal")
    for allergy in allergies.value:
        name = (allergy.substance or "").lower()
        drug = any("baclofen" in each.classes for each in recognise(name).ingredients)
        component = next((x for x in excipients if x in name or name in x), None) if name else None
        excipient = component is not None or "excipient" in name
        if not drug and not excipient:
            continue
        reaction = f" ({allergy.reaction})" if allergy.reaction else ""
        yield found(
            book,
            "hypersensitivity",
            STOP,
            f"Allergy to {allergy.substance}{reaction}.",
            "Contraindicated in hypersensitivity to baclofen or any component of the formulation.",
            "Nothing lifts this while the allergy stands; if it was written in error, correct the record."
            + (
                " A pump that is running is not stopped abruptly: ask for help."
                if facts.failed or facts.screenings
                else ""
            ),
            "allergy.excipients.intrathecal",
            stops=KINDS,
        )
        return

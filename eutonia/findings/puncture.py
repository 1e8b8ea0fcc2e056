"""May a lumbar puncture bleed: which drug on the list, which condition?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts
from eutonia.findings.context import spine_considered
from eutonia.findings.finding import CAUTION, Finding, found, listed
from eutonia.pump import PumpState


def bleeding(facts: Facts) -> tuple[str, ...]:
    """Return what makes bleeding into the spinal canal more likely: each drug or condition with its kind."""
    kinds = {"anticoagulant": "puncture.anticoagulants", "antiplatelet": "puncture.antiplatelets"}
    drugs = [
        f"{ingredient.name} ({kind})"
        for drug in facts.drugs
        for ingredient in drug.ingredients
        for kind, entry in kinds.items()
        if ingredient.name in facts.book.words(entry)
    ]
    return tuple(dict.fromkeys([*drugs, *(f"{name} (bleeding disorder)" for name in facts.having("bleeding"))]))


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """A caution while a puncture or an implant lies ahead."""
    if (pump is not None and pump.pump_start is not None) or not spine_considered(facts):
        return
    if names := bleeding(facts):
        yield found(
            facts.book,
            "puncture",
            CAUTION,
            f"Before a lumbar puncture or implant: {listed(names)}.",
            "Bleeding into the spinal canal can paralyse; no interval is in the knowledge, the local protocol decides (assumption).",
            "Agree with who prescribes it, and with who does the puncture, whether and for how long it is paused; check coagulation and "
            "platelets.",
            "puncture.anticoagulants",
            "puncture.antiplatelets",
        )

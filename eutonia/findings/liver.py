"""Does the liver matter?  It speaks in favour: the drug is barely metabolised."""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts
from eutonia.findings.finding import NOTE, Finding, found, listed
from eutonia.pump import PumpState


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """A note where the liver is impaired: no reduction of the dose, a reason in favour of this drug."""
    if names := facts.having("liver"):
        yield found(
            facts.book,
            "liver",
            NOTE,
            f"{listed(names)[0].upper()}{listed(names)[1:]}: a reason in favour, no reduction of the dose.",
            "Useful where the liver is impaired or cytochrome P450 interactions are likely; laboratory values of the liver can rise.",
            "Watch liver values in liver disease.",
            "liver.reason_in_favour",
        )

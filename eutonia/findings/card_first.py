"""While an overdose card is shown, no other finding says to give, restore or go on with a dose."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from eutonia.findings.finding import Finding

CARD_FIRST: Final = "The emergency card comes first: no dose because of this finding while signs of overdose are open."
GIVES: Final = re.compile(
    r"\brestor|\brestart|\bback to\b|\bgo(?:es)? back\b|\bstep back\b|\bstay at\b|\bnew start\b|\bfull dose\b|\btapered?\b|"
    r"\bnext dose is missed\b|\bstop(?:ped)? (?:it )?at once\b|\bopens a third\b|\bhold the dose\b|\brequest (?:restart|taper|titrate|start|adjust)",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"(?<=[.;])\s+(?=[A-Z'])")


def card_first(findings: list[Finding]) -> list[Finding]:
    """Return the findings; beside an overdose card those without one keep no sentence that asks for a dose."""
    if not any(finding.id == "emergency-overdose" for finding in findings):
        return findings
    return [
        finding if finding.id in ("emergency-overdose", "emergency-withdrawal") else _without_doses(finding)
        for finding in findings
    ]


def _without_doses(finding: Finding) -> Finding:
    sentences = _SENTENCE.split(finding.resolve)
    kept = [
        f"{sentence[:-1]}." if sentence.endswith(";") else sentence
        for sentence in sentences
        if not GIVES.search(sentence)
    ]
    if kept == sentences:
        return finding
    return replace(finding, resolve=" ".join([CARD_FIRST, *kept]))

"""What is true of the chart and matters: one question a file, each asked of every chart."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings import (
    age,
    balance,
    breastfeeding,
    cautions,
    contact,
    delivery,
    dose,
    effects,
    emergency,
    epilepsy,
    hypersensitivity,
    indication,
    interactions,
    interruption,
    kidney,
    liver,
    pregnancy,
    record,
    refill,
    resistance,
    strength,
)
from eutonia.findings.finding import CAUTION, GRADES, KINDS, NOTE, STOP, Finding, Kind
from eutonia.pump import PumpState

__all__ = ["CAUTION", "KINDS", "NOTE", "STOP", "Finding", "Kind", "examine"]

QUESTIONS: Final = (
    emergency,
    hypersensitivity,
    balance,
    delivery,
    strength,
    dose,
    resistance,
    interruption,
    refill,
    pregnancy,
    kidney,
    age,
    indication,
    epilepsy,
    interactions,
    effects,
    cautions,
    breastfeeding,
    liver,
    contact,
    record,
)

# Nothing lifts these: who the patient is, an allergy to the drug.
_FINAL: Final = frozenset({"hypersensitivity", "person"})


def examine(facts: Facts, pump: PumpState | None) -> tuple[Finding, ...]:
    """The findings, an emergency card first, then the worst first.

    A recorded override of a finding lifts its stops; the finding stays, and says who overrode it.
    """
    found = [_lifted(each, facts) for question in QUESTIONS for each in question.find(facts, pump)]
    return tuple(sorted(found, key=lambda each: (not each.card, GRADES[each.grade])))


def _lifted(finding: Finding, facts: Facts) -> Finding:
    if not finding.stops or finding.id in _FINAL:
        return finding
    by = facts.overridden(finding.id)
    if by is None or not isinstance(by.what, e.Override):
        return finding
    return replace(finding, grade=CAUTION, stops=(), overridden=f"{by.by}: {by.what.because}")

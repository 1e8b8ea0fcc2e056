"""What is true of the chart and matters: one question a file, each asked of every chart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

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
    infection,
    interactions,
    interruption,
    kidney,
    liver,
    pregnancy,
    puncture,
    record,
    refill,
    replacement,
    resistance,
    screening,
    single_bolus,
    strength,
)
from eutonia.findings.card_first import card_first
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
    single_bolus,
    resistance,
    interruption,
    refill,
    replacement,
    pregnancy,
    kidney,
    age,
    indication,
    infection,
    puncture,
    screening,
    epilepsy,
    interactions,
    effects,
    cautions,
    breastfeeding,
    liver,
    contact,
    record,
)

# The findings whose stop a clinician may override with a reason, and the events after which the override has lapsed:
# it was about what the chart said then.  What is not here is lifted by facts only: an allergy corrected, a sign resolved.
_OVERRIDABLE: Final[dict[str, tuple[type, ...]]] = {
    "kidney": (e.Lab, e.Dialysis),
    "age": (),
    "age-intrathecal": (),
    "indication": (e.Condition,),
    "indication-intrathecal": (e.Condition,),
    "brain-injury": (),
    "infection": (e.Condition,),
    "epilepsy": (),
    "effects": (e.Symptom,),
    "pump-dose": (e.Programmed,),
    "single-bolus": (e.Programmed,),
    "oral-jump": (e.Oral,),
    "screening-dose": (e.Trial,),
    "strength": (e.Refill, e.Programmed),
    "bridge": (e.Refill,),
    "gap": (e.Revision, e.Refill, e.Device),
    "balance": (e.Residual,),
    "delivery": (e.Device,),
    "resistance": (e.Programmed,),
    "abrupt-stop": (e.Oral,),
}

# Findings of one topic are told together, so that nine at most are read; a stop always stands alone.
_TOPICS: Final[dict[str, tuple[str, ...]]] = {
    "dose": ("both-routes", "oral-jump", "single-dose", "oral-dose", "pump-dose"),
    "indication": ("indication", "indication-intrathecal", "responder"),
    "pregnancy": ("pregnancy", "breastfeeding"),
    "interactions": ("interactions-cns", "interactions"),
    "effects": ("excess", "effects", "symptoms", "signs", "unanswered", "answered"),
    "record": ("record", "contact", "overrides", "knowledge", "second-check"),
}


def examine(facts: Facts, pump: PumpState | None) -> tuple[Finding, ...]:
    """The findings, an emergency card first, then the worst first.

    A recorded override of a finding lifts its stops; the finding stays, and says who overrode it.
    """
    found = [_lifted(each, facts) for question in QUESTIONS for each in question.find(facts, pump)]
    return tuple(sorted(_joined(card_first(found)), key=lambda each: (not each.card, GRADES[each.grade])))


def _joined(findings: list[Finding]) -> Iterator[Finding]:
    for topic, ids in _TOPICS.items():
        group = [each for each in findings if each.id in ids and each.grade != STOP and not each.stops]
        if len(group) < 2:
            continue
        place = findings.index(group[0])
        findings = [each for each in findings if each not in group]
        findings.insert(place, _one(topic, group))
    yield from findings


def _one(topic: str, group: list[Finding]) -> Finding:
    group = sorted(group, key=lambda each: GRADES[each.grade])
    return Finding(
        topic,
        group[0].grade,
        " ".join(each.says for each in group),
        " ".join(dict.fromkeys(each.basis for each in group)),
        tuple(dict.fromkeys(fact for each in group for fact in each.facts)),
        tuple(dict.fromkeys(source for each in group for source in each.sources)),
        " ".join(dict.fromkeys(each.resolve for each in group if each.resolve != "Nothing to do.")) or "Nothing to do.",
        due=min((each.due for each in group if each.due is not None), default=None),
        overridden="; ".join(each.overridden for each in group if each.overridden),
    )


def _lifted(finding: Finding, facts: Facts) -> Finding:
    if not finding.stops or finding.id not in _OVERRIDABLE:
        return finding
    by = facts.overridden(finding.id, *_OVERRIDABLE[finding.id])
    if by is None or not isinstance(by.what, e.Override):
        return finding
    return replace(finding, grade=CAUTION, stops=(), overridden=f"{by.by}: {by.what.because}")

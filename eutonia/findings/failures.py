"""What failed by mouth, under any name, before the intrathecal route."""

from __future__ import annotations

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.oral import Drug
from eutonia.knowledge.drugs import recognise


def failures(facts: Facts) -> list[tuple[e.Failed, str]]:
    """The failures by mouth that count for the way into the spine: each with the name of its drug.

    They are baclofen, tizanidine and dantrolene (IND-04), under any name; a cream or a pump is no drug by mouth.
    """
    names = facts.book.words("trial.failed_drugs")
    failures = []
    for failed in facts.failed:
        drug = Drug(failed.drug, facts.now, recognise(failed.drug).ingredients, ())
        if drug.through_skin or drug.intrathecal:
            continue
        tried = [name for name in names if any(name == x.name or name in x.classes for x in drug.ingredients)]
        failures += [(failed, name) for name in tried]
    return failures


def oral_baclofen_failed(facts: Facts, *outcomes: str) -> bool:
    """Return whether baclofen by mouth, under any name, failed with one of these outcomes."""
    return any(name == "baclofen" and failed.outcome in outcomes for failed, name in failures(facts))

"""Tasks of overridden findings: an override lifts the block, and never the task."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings import Finding
from eutonia.watch.days import days_later

# Reasons that stay true after a clinician has decided: the decision is reviewed from time to time, not every day.
_STANDING: Final = frozenset(
    {
        "age",
        "age-intrathecal",
        "indication",
        "indication-intrathecal",
        "brain-injury",
        "epilepsy",
        "kidney",
        "pump-dose",
        "resistance",
    }
)


def review_due(finding: Finding, facts: Facts) -> datetime | None:
    """Return when the override of a standing reason is to be reviewed; None where the reason itself needs a look now.

    Parameters
    ----------
    finding
        An overridden finding.
    facts
        The chart at a moment.
    """
    if finding.id not in _STANDING:
        return None
    dates = [event.at for event in facts.of(e.Override) if getattr(event.what, "what", "") == finding.id]
    if not dates:
        return None
    return days_later(max(dates), float(facts.book.quantity("watch.override_review").to("days")), facts.home)


def reason(finding: Finding) -> str:
    """Return the finding with the name and the reason of the person who overrode it."""
    return f"{finding.says} Overridden by {finding.overridden}. The override lifts the block, not this task."

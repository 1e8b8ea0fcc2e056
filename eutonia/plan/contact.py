"""Dated contacts after each dose step beside another depressant of the nervous system."""

from __future__ import annotations

from datetime import datetime, timedelta

from eutonia.chart.facts import Facts
from eutonia.findings.finding import listed
from eutonia.moment import shown_day
from eutonia.plan.plan import Step


def contact(at: datetime, depressants: tuple[str, ...], facts: Facts) -> Step:
    """Return the contact 24 to 72 h after the step at `at` (assumption: the monograph says monitor closely)."""
    first, last = (timedelta(hours=float(each.to("h"))) for each in facts.book.quantities("oral.depressant_contact"))
    return Step(
        at + first,
        "review",
        f"See or call the patient by {shown_day(at + last, facts.home)} (24 to 72 h after the step, assumption): breathing, sedation, "
        f"confusion; also takes {listed(depressants)}.",
    )

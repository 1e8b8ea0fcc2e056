"""How long ago was the patient last seen, and is the knowledge itself due for a look?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts
from eutonia.findings.context import pumped, taking
from eutonia.findings.finding import CAUTION, Finding, found
from eutonia.moment import shown_day
from eutonia.pump import PumpState


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """A caution where someone on the drug has not been seen for longer than the longest refill interval."""
    last = facts.last_contact
    if last is None or not (pumped(facts) or taking(facts)):
        return
    days = facts.age_days(last)
    limit = facts.book.quantity("age.contact")
    if days > limit.to("days"):
        yield found(
            facts.book,
            "contact",
            CAUTION,
            f"Last contact was {days} days ago ({shown_day(last, facts.home)}); what follows is as of then.",
            f"Nobody with a pump goes longer than {limit} between refills; a patient who is not seen may have run dry or stopped.",
            "Call the patient, and write 'contact'.",
            "age.contact",
            "pump.stability",
        )

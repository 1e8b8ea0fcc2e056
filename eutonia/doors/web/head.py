"""What stands on every page of a patient before all else: whose it is, what is an emergency, and what waits unchecked."""

from __future__ import annotations

from typing import Any

from eutonia.advice import Advice
from eutonia.doors import page, words
from eutonia.doors.web.ways import Asked
from eutonia.ledger.ledger import Held


def head_of(asked: Asked, held: Held, advice: Advice, found: dict[str, Any] | None = None) -> dict[str, Any]:
    """The words of the head; of what waits only its kind and when it was entered, which betrays no value.

    found: the advice as it goes out, where somebody has it already.
    """
    found = found or advice.as_dict(foresee=False)
    return {
        "held": held,
        "head": words.head(found),
        "cards": page.emergency(found),
        "pending": asked.office.drafts.open(held.id),
        "to_review": asked.office.reviews.open(held.id),
    }

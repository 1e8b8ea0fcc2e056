"""What became of the cards: taken up, or put aside with a reason; kept as it was told."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from eutonia.doors.hooks.asked import NotServed


class _Coding(Struct, frozen=True, omit_defaults=True):
    """A reason; its words need not come back, since they went out with the card."""

    code: str
    system: str = ""
    display: str | None = None


class _Override(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Why a card was put aside."""

    reason: _Coding | None = None
    user_comment: str | None = None


class _Accepted(Struct, frozen=True):
    """A suggestion that was taken up."""

    id: str


class Said(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What became of one card."""

    card: str
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: str
    accepted_suggestions: list[_Accepted] = []
    override_reason: _Override | None = None


class Feedback(Struct, frozen=True):
    """What became of several cards."""

    feedback: list[Said]


def read_feedback(body: bytes) -> dict[str, Any]:
    """The feedback in the bytes of a request, its known fields only; the same told twice is the same."""
    try:
        found = msgspec.json.decode(body, type=Feedback)
    except msgspec.ValidationError as error:
        raise NotServed(400, f"the feedback is not one of CDS Hooks: {error}", "structure") from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise NotServed(400, "the body is not JSON; send one JSON object in UTF-8", "structure") from None
    for each in found.feedback:
        if not each.card.strip():
            raise NotServed(400, "a card's id is empty in the feedback", "required")
        if each.outcome == "accepted" and not each.accepted_suggestions:
            raise NotServed(400, "feedback with the outcome 'accepted' needs 'acceptedSuggestions'", "required")
    kept: dict[str, Any] = msgspec.to_builtins(found)
    return kept

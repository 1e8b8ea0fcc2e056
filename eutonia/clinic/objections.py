"""What the rules hold against an entry, and what of it is new since the first person saw it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from eutonia.ledger import LedgerError

# A reason is read by another person, later: a few words, not a full stop.
MIN_REASON_CHARS: Final = 15
MAX_REASON_CHARS: Final = 200


class Objection(Struct, frozen=True):
    """A rule that refuses an entry.

    Parameters
    ----------
    rule
        The id of the finding, or the kind of plan whose limits the dose is outside of.
    message
        The rule's own words.
    facts
        The facts of the monograph behind it.
    of_entry
        Whether the words may hold values of the entry, which a second person must not see; else they stand on the chart.
    """

    rule: str
    message: str
    facts: tuple[str, ...] = ()
    of_entry: bool = True

    @property
    def digest(self) -> str:
        """The hash of the message: what was said can be compared later without being kept."""
        return hashlib.sha256(self.message.encode()).hexdigest()[:16]


class Held(Struct, frozen=True):
    """What is kept of an objection: its rule, and the hash of what it said."""

    rule: str
    digest: str


def kept(objections: Sequence[Objection]) -> tuple[Held, ...]:
    """Return what is stored with an entry of the objections that the first person saw."""
    return tuple(Held(objection.rule, objection.digest) for objection in objections)


def seen(objections: Sequence[Objection]) -> str:
    """Return the hash of which rules object: a form carries it, so that nobody confirms a rule that they were not shown.

    Not of what they say: some words hold how long something has lasted, and change by the minute.
    """
    rules = sorted({objection.rule for objection in objections})
    return hashlib.sha256(json.dumps(rules).encode()).hexdigest()[:32]


def arisen(held: Sequence[Held], before: Sequence[Objection], now: Sequence[Objection]) -> tuple[Objection, ...]:
    """Return the objections that the first person did not see.

    A rule that was not there is new.  So is one that says something else now than it would say at this moment of the
    chart as the first person saw it; that only time has passed is no reason to refuse an entry.

    Parameters
    ----------
    held
        What was stored with the entry.
    before
        The objections at this moment, on the chart as the first person saw it.
    now
        The objections at this moment, on the chart as it is.
    """
    rules = {each.rule for each in held}
    digests = {each.digest for each in held} | {objection.digest for objection in before}
    return tuple(objection for objection in now if objection.rule not in rules or objection.digest not in digests)


def checked_reason(text: str) -> str:
    """Return a reason in one line that fits on a chart.

    Raises
    ------
    LedgerError
        If it has fewer than 15 characters, or more than 200.
    """
    reason = " ".join(text.replace("#", " ").replace(";", ",").split())
    if len(reason) < MIN_REASON_CHARS:
        raise LedgerError(f"A reason has at least {MIN_REASON_CHARS} characters. Nothing was written.")
    if len(reason) > MAX_REASON_CHARS:
        raise LedgerError(f"A reason has at most {MAX_REASON_CHARS} characters. Nothing was written.")
    return reason

"""One record of the ledger, and the chain that ties it to the one before.

A record's hash covers everything in it and the hash of the chart's record before; `over` chains all records of the
ledger in their order.  Whoever changes, drops, adds or moves one breaks both from there on.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

Op = Literal["open", "event", "strike", "advice"]
# Before the first record.
NOTHING: Final = "0" * 64
_BECAUSE: Final = "; because "


class Record(Struct, frozen=True):
    """What was kept, by whom and when.

    seq: its place in the ledger, from 1; n: its place on the chart, from 0.  op: 'open' (content: the clinic's zone),
    'event' (a line of the chart), 'strike' (the hash of an event that no longer counts, and why), 'advice' (what was
    advised, see `advice.py`).  entered: the instant, UTC.
    """

    seq: int
    chart: str
    n: int
    op: Op
    content: str
    by: str
    entered: str
    before: str
    hash: str
    over: str

    @property
    def struck(self) -> str:
        """The hash of the event that a strike takes out."""
        return struck_by(self.content)

    @property
    def told(self) -> str:
        """The record in words."""
        if self.op == "strike":
            return f"struck {self.struck[:8]}{_BECAUSE}{self.content.partition(_BECAUSE)[2]}"
        return self.content if self.op == "event" else self.op


def struck_by(content: str) -> str:
    """The hash in the content of a record that strikes an event."""
    return content.partition(_BECAUSE)[0]


def strike(hash: str, because: str) -> str:
    """The content of a record that strikes an event."""
    return f"{hash}{_BECAUSE}{because}"


def hashed(chart: str, n: int, op: str, content: str, by: str, entered: str, before: str) -> str:
    """The hash of a record."""
    fields = json.dumps([chart, n, op, content, by, entered, before], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(fields.encode()).hexdigest()


def chained(over: str, hash: str) -> str:
    """The chain over all records after one more."""
    return hashlib.sha256(f"{over} {hash}".encode()).hexdigest()


def stamp(instant: datetime) -> str:
    """An instant of UTC as it is kept: texts of instants are in the order of the instants."""
    return instant.isoformat(timespec="microseconds")


def made(
    seq: int, chart: str, n: int, op: Op, content: str, by: str, entered: datetime, before: str, over: str
) -> Record:
    """A record that follows the chart's head `before` and the ledger's `over`."""
    instant = stamp(entered)
    found = hashed(chart, n, op, content, by, instant, before)
    return Record(seq, chart, n, op, content, by, instant, before, found, chained(over, found))

"""What can go wrong in keeping: said so that a person knows what was asked, what is wrong, and what would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eutonia.ledger.record import Record


class LedgerError(Exception):
    """The ledger cannot do what was asked; nothing was written."""


class Conflict(LedgerError):
    """Somebody else wrote on the chart since the head that an append had seen; `since` are their records."""

    def __init__(self, chart: str, since: Sequence[Record]) -> None:
        self.since = tuple(since)
        lines = "".join(f"\n  {each.entered[:16].replace('T', ' ')} UTC, {each.by}: {each.told}" for each in self.since)
        super().__init__(
            f"chart {chart} has changed since it was looked at; nothing was written. Look at what is new and enter again what still holds:{lines}"
        )

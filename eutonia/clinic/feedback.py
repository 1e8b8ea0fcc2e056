"""What electronic records say became of a card: kept as it came, and only added to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from eutonia.clinic.tables import FEEDBACK
from eutonia.ledger import Ledger
from eutonia.ledger.record import stamp


class Feedback:
    """The feedback that a ledger keeps."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def keep(self, service: str, body: Mapping[str, Any]) -> None:
        """Keeps what a record said of a service's card."""
        at = stamp(self.ledger.now())
        with self.ledger.adding() as connection:
            connection.execute(FEEDBACK.insert().values(at=at, service=service, body=json.dumps(body, sort_keys=True)))

    def all(self) -> tuple[tuple[str, str, dict[str, Any]], ...]:
        """When, of which service, and what, in the order in which it came."""
        with self.ledger.looking() as connection:
            rows = connection.execute(select(FEEDBACK).order_by(FEEDBACK.c.seq)).all()
        return tuple((row.at, row.service, json.loads(row.body)) for row in rows)

"""The heartbeat of the watching: when it last looked over all charts, so that its silence can be seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select

from eutonia.clinic.tables import PULSES
from eutonia.ledger import Ledger
from eutonia.ledger.record import stamp

# The watching looks once a minute; after so long without a look it counts as stopped.
EVERY: Final = timedelta(minutes=1)
STOPPED_AFTER: Final = timedelta(minutes=5)
_WATCH: Final = "watch"


class Pulse:
    """When the watching last looked."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def beat(self) -> None:
        """It looked just now, at every chart that asked for it."""
        with self.ledger.adding() as connection:
            connection.execute(delete(PULSES).where(PULSES.c.name == _WATCH))
            connection.execute(PULSES.insert().values(name=_WATCH, at=stamp(self.ledger.now())))

    def last(self) -> datetime | None:
        """When it last looked; none where it never did."""
        with self.ledger.looking() as connection:
            at = connection.execute(select(PULSES.c.at).where(PULSES.c.name == _WATCH)).scalar()
        return None if at is None else datetime.fromisoformat(at)

    def stopped(self) -> bool:
        """Whether it has been silent for too long; also where its last look lies ahead, for then a clock is wrong."""
        last, now = self.last(), self.ledger.now()
        return last is None or not -STOPPED_AFTER <= now - last <= STOPPED_AFTER

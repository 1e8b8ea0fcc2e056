"""Who looked at what and did what: a trail that is only added to, each line chained to the one before."""

from __future__ import annotations

import hashlib
import json

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import select

from eutonia.clinic.tables import ACCESSES
from eutonia.ledger import Ledger
from eutonia.ledger.record import NOTHING, stamp


class Access(Struct, frozen=True):
    """One access: when (UTC), by whom, what, of which chart (empty where of none); no content of the chart stands in it."""

    seq: int
    at: str
    who: str
    what: str
    chart: str
    hash: str


class Trail:
    """The accesses to a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def note(self, who: str, what: str, chart: str = "") -> None:
        """Adds an access."""
        at = stamp(self.ledger.now())
        with self.ledger.adding() as connection:
            last = connection.execute(select(ACCESSES).order_by(ACCESSES.c.seq.desc()).limit(1)).one_or_none()
            seq, before = (1, NOTHING) if last is None else (last.seq + 1, last.hash)
            new = Access(seq, at, who, what, chart, _hashed(seq, at, who, what, chart, before))
            connection.execute(ACCESSES.insert(), asdict(new))

    def last(self, many: int, chart: str | None = None) -> tuple[Access, ...]:
        """The newest accesses first, of one chart or of all."""
        asked = select(ACCESSES).order_by(ACCESSES.c.seq.desc()).limit(many)
        if chart is not None:
            asked = asked.where(ACCESSES.c.chart == chart)
        with self.ledger.looking() as connection:
            return tuple(Access(*row) for row in connection.execute(asked))

    def end(self) -> tuple[int, str]:
        """How many accesses there are, and the hash of the last one: whoever notes it can later see that none is gone."""
        last = self.last(1)
        return (last[0].seq, last[0].hash) if last else (0, NOTHING)

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the trail: lines that were changed or are missing."""
        found, before, place = list[str](), NOTHING, 0
        with self.ledger.looking() as connection:
            for row in connection.execute(select(ACCESSES).order_by(ACCESSES.c.seq)):
                each, place = Access(*row), place + 1
                if each.seq != place:
                    found.append(f"access {place} is missing")
                    place = each.seq
                if each.hash != _hashed(each.seq, each.at, each.who, each.what, each.chart, before):
                    found.append(f"access {each.seq} was changed, or does not follow the one before it")
                before = each.hash
        return tuple(found)


def _hashed(seq: int, at: str, who: str, what: str, chart: str, before: str) -> str:
    fields = json.dumps([seq, at, who, what, chart, before], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(fields.encode()).hexdigest()

"""Whether a ledger is whole: every record, both chains, and all that follows from them; a fault is named with its place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

from msgspec import Struct, ValidationError, convert
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from eutonia.chart import ReadError
from eutonia.ledger.errors import LedgerError
from eutonia.ledger.ledger import Held, Ledger, folded, person_of
from eutonia.ledger.record import NOTHING, Record, chained, hashed
from eutonia.ledger.tables import CHARTS, KEPT, RECORDS, TIP, reading
from eutonia.moment import MomentError


class Fault(Struct, frozen=True):
    """What is wrong, and where: the place of the record in the ledger and its chart, where it is one record's."""

    says: str
    seq: int | None = None
    chart: str | None = None


class Verified(Struct, frozen=True):
    """How many records and charts were looked at, the chain over all, and what is wrong."""

    records: int
    charts: int
    over: str
    faults: tuple[Fault, ...]


class Chain:
    """Follows the records of a ledger in their order, and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.seq, self.over = 0, NOTHING
        self.charts: dict[str, list[Record]] = {}
        self.faults: list[Fault] = []

    def take(self, each: Record) -> None:
        """The next record."""
        before = self.charts.setdefault(each.chart, [])
        says = []
        if each.seq != self.seq + 1:
            says.append(f"it should be record {self.seq + 1}: records are missing or stand in another order")
        if each.n != len(before):
            says.append(f"it is number {each.n} of its chart, but {len(before)} records of it were met before")
        if each.before != (before[-1].hash if before else NOTHING):
            says.append("it does not follow the record before it on its chart")
        if each.hash != hashed(each.chart, each.n, each.op, each.content, each.by, each.entered, each.before):
            says.append("it was changed: its hash is not that of what stands in it")
        if each.over != chained(self.over, each.hash):
            says.append("it does not follow the record before it in the ledger")
        if (each.op == "open") != (not before):
            says.append("a chart begins with the record that opens it, and with no other")
        self.faults += [Fault(one, each.seq, each.chart) for one in says]
        before.append(each)
        self.seq, self.over = each.seq, each.over

    def held(self) -> dict[str, Held]:
        """What follows of each chart; those that do not read are faults."""
        found = {}
        for id, records in self.charts.items():
            try:
                found[id] = Held(id, person_of(folded(records)), records[-1].hash, len(records))
            except (ReadError, LedgerError, MomentError) as error:
                self.faults.append(Fault(f"the chart does not read: {error}", None, id))
        return found

    def keeps(self, kept: Mapping[str, bytes]) -> None:
        """The advice that records name, by the hash of its bytes."""
        for records in self.charts.values():
            for each in records:
                if each.op == "advice":
                    try:
                        digest = str(json.loads(each.content)["sha256"])
                    except (ValueError, KeyError, TypeError):
                        digest = ""
                    if hashlib.sha256(kept.get(digest, b"")).hexdigest() != digest:
                        self.faults.append(
                            Fault("the advice that it names is missing or was changed", each.seq, each.chart)
                        )

    def verified(self) -> Verified:
        """What was found."""
        return Verified(sum(map(len, self.charts.values())), len(self.charts), self.over, tuple(self.faults))


def verify(ledger: Ledger, noted: str | None = None, seen: Callable[[int], None] = lambda _: None) -> Verified:
    """Reads everything anew.

    noted: a chain over all that was written down before, which must still be in the ledger: that its end was cut off
    cannot be seen from inside.  seen: told how many records were read since the last time.
    """
    chain, met = Chain(), noted in (None, NOTHING)
    try:
        with reading(ledger.engine) as connection:
            if connection.dialect.name == "sqlite":
                damage = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
                chain.faults += [Fault(f"the file is damaged: {says}") for says in damage if says != "ok"]
            for row in connection.execute(select(RECORDS).order_by(RECORDS.c.seq)).mappings():
                try:
                    each = convert({name: row[name] for name in Record.__struct_fields__}, Record)
                except ValidationError as error:
                    chain.faults.append(Fault(f"it was changed: {error}", int(row["seq"]), str(row["chart"])))
                    chain.seq, chain.over = int(row["seq"]), str(row["over"])
                    continue
                chain.take(each)
                met = met or each.over == noted
                seen(1)
            tips = [tuple(row) for row in connection.execute(select(TIP.c.seq, TIP.c.over))]
            held = {row["id"]: Held(**row) for row in connection.execute(select(CHARTS)).mappings()}
            chain.keeps({row.hash: _bytes(row.body) for row in connection.execute(select(KEPT))})
    except DBAPIError as error:
        says = f"the file is damaged after record {chain.seq}: {str(error.orig).splitlines()[0]}"
        return Verified(chain.seq, len(chain.charts), chain.over, (*chain.faults, Fault(says, chain.seq + 1)))
    if tips != [(chain.seq, chain.over)]:
        says = (
            f"the ledger says that it does not end with record {chain.seq}: its end was cut off, or something was added"
        )
        chain.faults.append(Fault(says))
    expected = chain.held()
    for id in {*expected, *held}:
        if expected.get(id) != held.get(id) and id in chain.charts:
            chain.faults.append(Fault("the list of charts says otherwise of it than its records", None, id))
        elif id not in chain.charts:
            chain.faults.append(Fault("it is in the list of charts and has no record", None, id))
    if not met:
        chain.faults.append(
            Fault(f"the noted chain {noted} is not in it: its end was cut off, or it is another ledger")
        )
    return chain.verified()


def _bytes(body: object) -> bytes:
    """What was kept; text where bytes were is no advice of ours, and never the same."""
    return body if isinstance(body, bytes) else str(body).encode() + b"?"

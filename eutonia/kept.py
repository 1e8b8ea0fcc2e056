"""Advice that was kept in a ledger: what went out, byte for byte, and whether the same comes out again."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from eutonia.advice import advise
from eutonia.moment import iso

if TYPE_CHECKING:
    from eutonia.chart import Chart
    from eutonia.ledger import Ledger, Record


def keep(ledger: Ledger, chart: str, now: datetime | str, *, by: str, jurisdiction: str = "US") -> tuple[bytes, Record]:
    """Advises on a chart of a ledger as it stands, and keeps the advice: its bytes (JSON), and the record that names them."""
    held = ledger.held(chart)
    standing = ledger.chart(chart, held.head)
    moment = iso(standing.moment(now), standing.home)
    body, version = _made(standing, moment, jurisdiction)
    about = {"now": moment, "jurisdiction": jurisdiction, "knowledge": version}
    return body, ledger.keep_advice(chart, body, about, saw=held.head, by=by)


def replayed(ledger: Ledger, record: Record) -> str:
    """Works an advice out anew from the chart as it stood; empty where the same bytes come out, else why they do not."""
    about: dict[str, Any] = json.loads(record.content)
    body, version = _made(ledger.chart(record.chart, about["head"]), about["now"], about["jurisdiction"])
    if body == ledger.advice(record):
        return ""
    if version != about["knowledge"]:
        return f"the advice came from knowledge {about['knowledge'][:16]}, here is {version[:16]}: it cannot come out the same"
    return "the advice does not come out the same again, though chart, moment and knowledge are the same"


def _made(chart: Chart, now: str, jurisdiction: str) -> tuple[bytes, str]:
    found = advise(chart, now, jurisdiction)
    return json.dumps(found.as_dict(), ensure_ascii=False, sort_keys=True).encode(), found.book.library.hash

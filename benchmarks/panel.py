"""W4: the clinic's day: every chart of a ledger folded, examined and made into tasks, and the panel after one new event."""

from __future__ import annotations

import random
import re
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.inputs import chart_40
from benchmarks.timing import median_s
from eutonia.ledger import Ledger, Record
from eutonia.ledger.ledger import Held
from eutonia.ledger.record import NOTHING, made
from eutonia.watch import Panel

Result = Callable[..., None]

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
CHARTS = 10_000


def generated(n: int) -> list[str]:
    """The lines of the n-th chart: 40 events, on its own days, with its own numbers and its own minutes."""
    chance = random.Random(n)
    earlier = timedelta(days=chance.randint(0, 27))
    lines = re.sub(r"(?m)^[0-9-]{10}", lambda day: str(date.fromisoformat(day[0]) - earlier), chart_40())
    lines = lines.replace("A-17", f"A-{n}").replace("72 kg", f"{chance.randint(45, 110)} kg")
    lines = lines.replace("175 cm", f"{chance.randint(150, 195)} cm").replace(
        "0.9 mg/dL", f"0.{chance.randint(5, 9)} mg/dL"
    )
    lines = lines.replace("8.6 mL", f"8.{chance.randint(0, 9)} mL")
    return [line.replace(" 10:0", f" 10:{chance.randint(0, 5)}") for line in lines.splitlines()]


def ledger_of(count: int, path: Path) -> Ledger:
    """A ledger of generated charts, filled as an export fills one."""
    records, held, seq, over = list[Record](), list[Held](), 0, NOTHING
    for n in range(count):
        before, chart = NOTHING, f"{n:016x}"
        contents = [("open", "UTC"), *(("event", line) for line in generated(n))]
        for k, (op, content) in enumerate(contents):
            seq += 1
            record = made(seq, chart, k, op, content, "bench", NOW, before, over)  # type: ignore[arg-type]
            records.append(record)
            before, over = record.hash, record.over
        held.append(Held(chart, f"A-{n}", before, len(contents)))
    found = Ledger(path, create=True, clock=lambda: NOW + timedelta(hours=1))
    found.fill(records, held, [])
    return found


def day(report: Result) -> None:
    """W4."""
    import pint

    registry = pint.UnitRegistry()
    quantities = ["72 kg", "175 cm", "0.9 mg/dL", "50 ug", "18 mL", "500 ug/mL", "100 ug/day"] * 6
    peer = median_s(lambda: [registry.Quantity(each) for each in quantities], 5)
    with tempfile.TemporaryDirectory() as folder:
        for count in (CHARTS // 10, CHARTS):
            with ledger_of(count, Path(folder) / f"{count}.ledger") as ledger:
                panel = Panel(ledger, workers=2)
                begin = time.perf_counter()
                panel.refresh(NOW)
                cold = time.perf_counter() - begin
                peak = max(
                    resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
                )
                report(
                    "W4 the clinic's day from cold", cold, 10.0 * count / CHARTS, "pint: the quantities of as many charts, one core",
                    peer * count, threads=2, charts=count, tasks=len(panel.tasks()), peak_mb=round(peak / 1024), ms_a_chart=round(cold / count * 1e3, 2),
                )  # fmt: skip
                times = []
                for n in range(9):
                    one = ledger.held(f"{n:016x}")
                    ledger.append(one.id, ["2026-06-01 08:30 weight 70 kg"], saw=one.head, by="bench")
                    begin = time.perf_counter()
                    panel.refresh(NOW + timedelta(seconds=n))
                    panel.tasks()
                    times.append(time.perf_counter() - begin)
                report(
                    "W4 the panel after one event", sorted(times)[4], 0.05, "pint: the quantities of one chart", peer, charts=count
                )  # fmt: skip

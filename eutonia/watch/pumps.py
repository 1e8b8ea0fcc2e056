"""Tasks of a new pump: it has no refill date and no finding before it is filled and programmed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from eutonia.chart.facts import Facts
from eutonia.moment import shown_day
from eutonia.pump import PumpState


def unready(facts: Facts, pump: PumpState | None) -> Iterator[tuple[str, datetime, str, str, str, bool]]:
    """Yield a task for a pump without a fill, and for one without a program, due since the implantation.

    A pump that was programmed and stopped is a finding of its own.
    """
    if pump is None:
        return
    since = f"The pump was implanted on {shown_day(pump.implanted, facts.home)}"
    if pump.fill is None:
        do = "Fill the pump, and prime tubing and catheter as ordered; or write the fill that was given."
        because = f"{since}, and no fill is on the chart: the pump delivers no baclofen that is known of."
        yield "fill", pump.implanted, do, because, "refill", False
    if pump.program is None:
        do = "Program the pump as ordered; or write the program that is running."
        because = f"{since}, and no program is on the chart: the dose is not known."
        yield "program", pump.implanted, do, because, "program", False

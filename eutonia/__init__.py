"""Eutonia: the baclofen therapy of one patient's chart, as findings and options for clinicians.

import eutonia
chart = eutonia.read("examples/spinal-cord-injury.chart")
advice = eutonia.advise(chart, now="2026-05-02 09:00")
advice.as_dict()
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from eutonia.advice import Advice, advise
from eutonia.chart import Chart, Facts, ReadError
from eutonia.chart.source import read_source
from eutonia.findings import Finding
from eutonia.findings import examine as _examine
from eutonia.knowledge import book
from eutonia.plan import Plan, Refusal
from eutonia.pump import pump_state

__all__ = ["Advice", "Chart", "Finding", "Plan", "ReadError", "Refusal", "advise", "examine", "plan", "read"]

__version__: Final = "0.1.0"


def read(path_or_text: str | Path, zone: str | None = None) -> Chart:
    """The chart in a file or a text: plain text, JSON, or a FHIR R4 bundle.

    `zone` is the clinic's time zone for times written without one (UTC if not given).  Raises `ReadError`, which names
    the file, each line or place, what was read there, and what would do.
    """
    return read_source(path_or_text, zone)


def examine(chart: Chart, now: datetime | str, jurisdiction: str = "US") -> tuple[Finding, ...]:
    """What is true of the chart at `now` and matters, the worst first."""
    facts = Facts(chart, chart.moment(now), book(jurisdiction))
    return _examine(facts, pump_state(facts))


def plan(chart: Chart, now: datetime | str, jurisdiction: str = "US") -> tuple[tuple[Plan, ...], tuple[Refusal, ...]]:
    """The plans that the rules allow at `now`, and the refusals with what would lift each."""
    advice = advise(chart, now, jurisdiction)
    return advice.plans, advice.refusals

"""One person's chart: the events that happened, read from text, JSON or a record, and what they say at a moment."""

from __future__ import annotations

from eutonia.chart.chart import Chart, Dropped, from_events, from_json, from_text
from eutonia.chart.facts import Facts
from eutonia.chart.text import Problem, ReadError

__all__ = ["Chart", "Dropped", "Facts", "Problem", "ReadError", "from_events", "from_json", "from_text"]

"""A pump whose drug is contraindicated comes down step by step, in hospital: neither stopped at once nor left running."""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.plan import holiday
from eutonia.plan.plan import Plan, Refusal
from eutonia.pump import PumpState


def build(facts: Facts, pump: PumpState | None, _: e.Request | None) -> Iterator[Plan | Refusal]:
    """Reductions to the end, side by side, by the steps of a holiday and without a restart."""
    named = next((request.alternative for _, request in facts.requests if request.kind == "holiday"), None)
    return holiday.lowered(facts, pump, "reduction", named)

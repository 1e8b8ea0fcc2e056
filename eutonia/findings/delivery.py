"""Is it certain that the pump delivered?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts
from eutonia.findings.finding import STOP, Finding, found, listed
from eutonia.moment import shown
from eutonia.pump import PumpState

_WORDS = {
    "stall": "the motor stalled",
    "mri": "an MRI scan, and the pump was not read out after it",
    "telemetry lost": "the pump could not be read out",
    "alarm critical": "a critical alarm sounded",
}


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """A stop for every change of dose while delivery is uncertain; never for the refill."""
    if pump is None or not pump.uncertain:
        return
    says = listed([f"{_WORDS[what]} ({shown(at, facts.home)})" for at, what in pump.uncertain])
    key = pump.model.key if pump.model else ""
    mri = [f"device.{key}.mri"] if any(what == "mri" for _, what in pump.uncertain) and key.endswith("_ii") else []
    yield found(
        facts.book,
        "delivery",
        STOP,
        f"Delivery is uncertain: {says}.",
        "What the pump did is not known, so neither the residual nor the tolerance of the patient is.",
        "Read the pump out: 'device read out, no alarms', or 'explained delivery; ...; by ...'.",
        "withdrawal.delivery_first",
        *mri,
        stops=("start", "adjust", "strength change", "holiday", "restart"),
    )

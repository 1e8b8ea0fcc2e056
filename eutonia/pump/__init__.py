"""The implanted pump: what is in it, what it was told, where the drug is on its way, and when it runs dry."""

from __future__ import annotations

from eutonia.pump.interruption import Exchange, Gap
from eutonia.pump.reservoir import PumpState, Reading, explanted_pump, pump_after, pump_state

__all__ = ["Exchange", "Gap", "PumpState", "Reading", "explanted_pump", "pump_after", "pump_state"]

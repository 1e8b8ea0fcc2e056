"""The implanted pump: what is in it, what it was told, where the drug is on its way, and when it runs dry."""

from __future__ import annotations

from eutonia.pump.reservoir import PumpState, Reading, pump_state

__all__ = ["PumpState", "Reading", "pump_state"]

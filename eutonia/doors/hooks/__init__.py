"""CDS Hooks: the record asks while an order is written, and gets cards about baclofen, or none."""

from __future__ import annotations

from eutonia.doors.hooks.door import Office, routes
from eutonia.doors.hooks.trust import Client, Trust

__all__ = ["Client", "Office", "Trust", "routes"]

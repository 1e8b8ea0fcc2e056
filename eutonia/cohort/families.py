"""What can be studied: each family of alternatives in a file of its own."""

from __future__ import annotations

from typing import Final

from eutonia.cohort import bridge, refill, taper, titration
from eutonia.cohort.study import Family

FAMILIES: Final[tuple[Family, ...]] = (titration.FAMILY, bridge.FAMILY, refill.FAMILY, taper.FAMILY)

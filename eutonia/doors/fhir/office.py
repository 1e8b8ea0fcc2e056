"""What the FHIR door needs of its house: the charts it may show, the clinic's zone and clock, and its own address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from eutonia.chart import Chart


class Charts(Protocol):
    """The charts of a clinic, by ids that say nothing of a person, for they stand in addresses."""

    def chart(self, id: str) -> Chart:
        """A chart; KeyError where there is none of this id."""

    def of_person(self, person: str) -> str:
        """The id of the chart of a person, by the id that stands on it; KeyError where there is none."""


def _clock() -> datetime:
    return datetime.now(UTC)


class Office(Struct, frozen=True):
    """The house behind the door.  `base` is the address of the routes, without a slash at its end."""

    charts: Charts
    base: str
    jurisdiction: str = "US"
    zone: str = "UTC"
    clock: Callable[[], datetime] = _clock

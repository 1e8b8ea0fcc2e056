"""What the FHIR door needs of its house: the charts it may show, the clinic's zone and clock, and its own address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from eutonia.chart import Chart
from eutonia.doors.fhir.people import OTHER, patient_id


class Charts(Protocol):
    """The charts of a clinic, by the ids of their persons."""

    def chart(self, id: str) -> Chart:
        """The chart of a person; KeyError where there is none."""

    def ids(self) -> Iterable[str]:
        """The ids of all persons."""


def _clock() -> datetime:
    return datetime.now(UTC)


class Office(Struct, frozen=True):
    """The house behind the door.  `base` is the address of the routes, without a slash at its end."""

    charts: Charts
    base: str
    jurisdiction: str = "US"
    zone: str = "UTC"
    clock: Callable[[], datetime] = _clock

    def chart(self, patient: str) -> Chart:
        """The chart of a patient by the id that FHIR knows; KeyError where there is none."""
        if patient_id(patient) != patient:
            raise KeyError(patient)
        try:
            return self.charts.chart(patient)
        except KeyError:
            if not patient.startswith(OTHER):
                raise
            # An id that FHIR cannot write goes by another name, which only a look at all ids gives back.
            own = next((each for each in self.charts.ids() if patient_id(each) == patient), None)
            if own is None:
                raise
            return self.charts.chart(own)

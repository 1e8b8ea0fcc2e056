"""A FHIR R4 bundle of one patient, read into a chart; what is not on the chart is named, with the reason.

Only what is understood to its last field counts: the right patient, a status on the list, a value with its unit, a
moment with its day.  Everything else is in `Chart.dropped`, one by one or counted by type.  Texts of the record are
data and never grammar, and no name of a person is quoted anywhere but in the chart's own person line.
"""

from __future__ import annotations

from typing import Any

from eutonia.chart.chart import Chart, from_events
from eutonia.chart.fhir.bundle import open_bundle
from eutonia.chart.fhir.drugs import read_drugs
from eutonia.chart.fhir.observations import read_observation
from eutonia.chart.fhir.people import person_of, read_visits
from eutonia.chart.fhir.problems import read_allergy, read_conditions
from eutonia.chart.fhir.pumps import read_pump
from eutonia.chart.fhir.reading import Reading
from eutonia.chart.text import Problem, ReadError
from eutonia.moment import zone

__all__ = ["from_bundle"]


def from_bundle(text_or_data: str | dict[str, Any], source: str, zone_name: str = "UTC") -> Chart:
    """The chart of the one patient in a bundle (JSON text, or the same decoded); `ReadError` where it is not one.

    Each event carries the record's own clinical moment, written in the clinic's zone with its distance from UTC.
    """
    try:
        return _chart(text_or_data, source, zone_name)
    except RecursionError:
        raise ReadError(source, (Problem(0, "", "the bundle is nested too deeply to be a record"),)) from None


def _chart(text_or_data: str | dict[str, Any], source: str, zone_name: str) -> Chart:
    bundle = open_bundle(text_or_data, source)
    reading = Reading(bundle, zone(zone_name))
    read_conditions(bundle.of("Condition"), reading)
    read_drugs(bundle.of("MedicationRequest", "MedicationStatement"), reading)
    read_visits(bundle.of("Encounter"), reading)
    for item in bundle.of("AllergyIntolerance"):
        reading.each(item, read_allergy)
    for item in bundle.of("Observation"):
        reading.each(item, read_observation)
    for item in bundle.of("Device", "DeviceUseStatement", "Procedure"):
        reading.each(item, read_pump)
    person = person_of(bundle.patient, reading, source)
    reading.leave()
    return from_events(reading.events(person, source), source, zone_name, tuple(reading.dropped))

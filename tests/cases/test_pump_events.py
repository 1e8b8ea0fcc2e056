"""The events of an exchange, an explant, an emptied reservoir, an aspirated catheter and a logged stall: read and written."""

from __future__ import annotations

import json

import pytest

import eutonia
from eutonia.chart import event as e
from eutonia.chart.text import line_of
from eutonia.doors.fhir import chart_bundle
from eutonia.quantity import Quantity
from tests.charts import PUMP
from tests.in_use import Case

LINES = {
    "implant SynchroMed II 20 mL; line 0.364 mL; catheter kept": e.Implant(
        "SynchroMed II", Quantity.read("20 mL"), Quantity.read("0.364 mL"), catheter="kept"
    ),
    "implant SynchroMed II 20 mL; catheter new": e.Implant("SynchroMed II", Quantity.read("20 mL"), catheter="new"),
    "explant": e.Explant(),
    "explant infection of the pocket": e.Explant("infection of the pocket"),
    "emptied 12 mL": e.Emptied(Quantity.read("12 mL")),
    "aspirated catheter": e.Aspirated(),
    "aspirated catheter 2 mL": e.Aspirated(Quantity.read("2 mL")),
    "device read out, stall 2026-03-28 09:20 to 2026-03-28 21:20": e.Device(
        "read out, stall", "2026-03-28 09:20", "2026-03-28 21:20"
    ),
}


@pytest.mark.parametrize("line", LINES)
def test_an_event_of_the_pump_reads_and_comes_back_as_text_and_as_json(line):
    by = " ; by Dr X" if line == "explant" else "; by Dr X"
    chart = eutonia.read(PUMP + f"2026-03-30 10:00 {line}{by}\n")
    what = chart.events[-1].what
    assert what == LINES[line]
    assert line_of(what) == line
    again = eutonia.read(json.dumps(chart.to_json()))
    assert (again.to_text(), again.hash, again.events) == (chart.to_text(), chart.hash, chart.events)


@pytest.mark.parametrize("line", LINES)
def test_an_event_of_the_pump_is_written_as_fhir_and_counts_as_contact(line):
    chart = Case(PUMP + f"2026-03-30 10:00 {line}\n", "2026-03-31 10:00")
    facts = chart.advise().facts
    assert facts.last_contact == facts.chart.events[-1].at
    bundle = json.dumps(chart_bundle(facts.chart), default=str)
    names = ("catheter was kept", "pump and line implanted", "explanted", "emptied", "aspirated", "read out, stall")
    assert any(name in bundle for name in names)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("implant SynchroMed II 20 mL; catheter old", "write one of: kept, new"),
        ("emptied", "write it such as 'emptied 12 mL'"),
        ("emptied 12", "no unit"),
        ("aspirated port", "write one of: catheter"),
        ("device read out, stall 2026-03-28 09:20", "both times"),
        ("device read out, stall 2026-03-28 to 2026-03-29", "no time of day"),
        ("device read out, stall 2026-03-28 21:20 to 2026-03-28 09:20", "before it begins"),
        ("device read out, stall yesterday to today", "not a date"),
    ],
)
def test_an_event_that_is_not_complete_is_refused_with_what_would_do(line, says):
    with pytest.raises(eutonia.ReadError, match=says):
        eutonia.read(PUMP + f"2026-03-30 10:00 {line}\n")

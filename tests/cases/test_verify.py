"""The read-back: what the pump reports against what was meant, field by field; what is not reported is a difference."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from msgspec.structs import fields, replace

import eutonia
from eutonia.chart import Facts
from eutonia.chart.text import ReadError
from eutonia.knowledge import book
from eutonia.pump import pump_state
from eutonia.pump.verify import FIELDS, Difference, ReadBack, Verification, read_back, verify
from tests.charts import FILLED, PUMP

NOW = "2026-03-25 11:05"  # five days at 0.2 mL a day: 17 mL are left of 18 mL

REPORT = """\
patient     A-17
device      SynchroMed II 20 mL
strength    500 mcg/mL
program     continuous 100 mcg/day
daily dose  100 mcg/day
rate        0.2 mL/day
reservoir   17 mL
alarm       4 mL
line        0.364 mL
clock       2026-03-25 11:05
bridge      none
"""


def compared(report: str, chart: str = PUMP, now: str = NOW, zone: str = "UTC") -> Verification:
    read = eutonia.read(chart, zone=zone)
    facts = Facts(read, read.moment(now), book())
    state = pump_state(facts)
    assert state is not None
    return verify(state, read_back(report, "pump.txt", facts), facts)


def differs(report: str, chart: str = PUMP, now: str = NOW, zone: str = "UTC") -> dict[str, tuple[str, str]]:
    found = compared(report, chart, now, zone)
    assert found.agrees is (found.differences == ())
    return {each.field: (each.meant, each.reported) for each in found.differences}


def with_(field: str, value: str) -> str:
    lines = [f"{field} {value}" if line.startswith(field + " ") else line for line in REPORT.splitlines()]
    return "\n".join(lines) + "\n"


def without(field: str) -> str:
    return "".join(line + "\n" for line in REPORT.splitlines() if not line.startswith(field + " "))


MEANT = {
    "patient": "A-17",
    "device": "SynchroMed II 20 mL",
    "strength": "500 mcg/mL",
    "program": "continuous 100 mcg/day",
    "daily dose": "100 mcg daily",
    "rate": "0.2 mL/day",
    "reservoir": "17 mL",
    "alarm": "4 mL",
    "line": "0.364 mL",
    "clock": "2026-03-25 11:05",
    "bridge": "none",
}


@pytest.mark.hazard("H41")
def test_an_equal_read_back_agrees_in_every_field() -> None:
    found = compared(REPORT)
    assert found == Verification(tuple(MEANT), ())
    assert found.agrees is True


WRONG = [
    ("patient", "A-18", "A-18"),
    ("patient", "a-17", "a-17"),
    ("device", "SynchroMed II 40 mL", "SynchroMed II 40 mL"),
    ("device", "SynchroMed III 20 mL", "SynchroMed III 20 mL"),
    ("strength", "2000 mcg/mL", "2,000 mcg/mL"),
    ("strength", "500.1 mcg/mL", "500.1 mcg/mL"),
    ("program", "continuous 100.1 mcg/day", "continuous 100.1 mcg/day"),
    ("program", "stop", "stop"),
    ("program", "bolus 25 mcg every 6 h", "bolus 25 mcg every 6 h"),
    ("daily dose", "100 mg/day", "100 mg daily"),
    ("daily dose", "99.9 mcg/day", "99.9 mcg daily"),
    ("rate", "0.201 mL/day", "0.201 mL/day"),
    ("rate", "0.199 mL/day", "0.199 mL/day"),
    ("reservoir", "17.2 mL", "17.2 mL"),
    ("reservoir", "16.8 mL", "16.8 mL"),
    ("alarm", "2 mL", "2 mL"),
    ("line", "0.365 mL", "0.365 mL"),
    ("clock", "2026-03-25 11:11", "2026-03-25 11:11"),
    ("clock", "2026-03-25 10:59", "2026-03-25 10:59"),
    ("clock", "2026-03-26 11:05", "2026-03-26 11:05"),
    ("bridge", "182 mcg over 14.56 h", "182 mcg over 14.56 h"),
]


@pytest.mark.hazard("H41")
@pytest.mark.parametrize(("field", "value", "shown"), WRONG, ids=[f"{f} {v}" for f, v, _ in WRONG])
def test_one_altered_field_is_one_difference_shown_beside_what_was_meant(field: str, value: str, shown: str) -> None:
    assert differs(with_(field, value)) == {field: (MEANT[field], shown)}


def test_every_field_is_altered_once_above() -> None:
    assert {field for field, _, _ in WRONG} == set(FIELDS) == set(MEANT)
    assert len(fields(ReadBack)) == len(FIELDS)


@pytest.mark.hazard("H41")
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_the_pump_did_not_report_is_a_difference(field: str) -> None:
    assert differs(without(field)) == {field: (MEANT[field], "not reported")}


def test_all_fields_altered_at_once_are_all_named_in_their_order() -> None:
    report = "".join(f"{field} {value}\n" for field, value, _ in {row[0]: row for row in WRONG}.values())
    assert [each.field for each in compared(report).differences] == list(FIELDS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device", "synchromed ii 20 ml"),
        ("program", "continuous  100   mcg/day ;  strength 500 mcg/mL"),
        ("program", "continuous 0.1 mg/day"),
        ("strength", "0.5 mg/mL"),
        ("daily dose", "0.1 mg/day"),
        ("rate", "0.2004 mL/day"),
        ("reservoir", "17.1 mL"),
        ("reservoir", "16.9 mL"),
        ("clock", "2026-03-25 11:10"),
        ("clock", "2026-03-25 11:00"),
    ],
)
def test_the_same_thing_said_otherwise_or_within_its_tolerance_agrees(field: str, value: str) -> None:
    assert differs(with_(field, value)) == {}


def test_a_field_that_the_chart_cannot_give_is_a_difference() -> None:
    bare = FILLED[: FILLED.index("2026-03-20 11:00 refill")].replace("line 0.364 mL; ", "")
    assert differs(REPORT, bare) == {
        "strength": ("not on the chart", "500 mcg/mL"),
        "program": ("not on the chart", "continuous 100 mcg/day"),
        "daily dose": ("not on the chart", "100 mcg daily"),
        "rate": ("not on the chart", "0.2 mL/day"),
        "reservoir": ("not on the chart", "17 mL"),
        "line": ("not on the chart", "0.364 mL"),
    }


def test_what_neither_side_knows_is_a_difference_too() -> None:
    bare = FILLED[: FILLED.index("2026-03-20 11:00 refill")].replace("line 0.364 mL; ", "")
    said = differs("alarm 4 mL\n", bare)
    assert said["program"] == said["strength"] == said["line"] == ("not on the chart", "not reported")
    assert set(said) == set(FIELDS) - {"alarm"}


def test_a_program_without_a_fill_or_a_fill_without_a_program_has_no_rate() -> None:
    refill = "2026-03-20 11:00 refill 18 mL of 500 mcg/mL\n"
    assert differs(REPORT, PUMP.replace(refill, ""))["rate"] == ("not on the chart", "0.2 mL/day")
    assert differs(REPORT, FILLED)["rate"] == ("not on the chart", "0.2 mL/day")


def test_a_chart_about_nobody_known_differs_in_the_patient() -> None:
    chart = PUMP.replace("2026-01-05 09:30 person id A-17; born 1979-04-11; sex male\n", "")
    assert differs(REPORT, chart)["patient"] == ("not on the chart", "A-17")


def test_the_rate_is_compared_to_the_third_decimal() -> None:
    chart = PUMP.replace("100 mcg/day", "216.2 mcg/day")
    report = with_("rate", "0.432 mL/day").replace("100 mcg/day", "216.2 mcg/day").replace("17 mL", "15.8 mL")
    assert differs(report, chart) == {}
    assert differs(report.replace("0.432", "0.433"), chart) == {"rate": ("0.432 mL/day", "0.433 mL/day")}


def test_the_reservoir_is_expected_to_a_tenth_of_a_millilitre() -> None:
    chart = PUMP.replace("100 mcg/day", "216 mcg/day")  # 18 mL - 5 x 0.432 mL = 15.84 mL
    assert differs(with_("reservoir", "15 mL"), chart)["reservoir"] == ("15.8 mL", "15 mL")


def test_the_pumps_clock_keeps_the_hour_of_the_implant_in_summer() -> None:
    """Implanted in Berlin in winter: one hour ahead of UTC, and in summer one hour behind the wall."""
    chart = PUMP.replace("2026-03-20 10:00 implant", "2026-03-19 10:00 implant")
    now = "2026-04-24 12:00"  # 12:00 on the wall is 10:00 UTC and 11:00 in the pump
    report = with_("clock", "2026-04-24 11:00").replace("17 mL", "11 mL")
    assert differs(report, chart, now, "Europe/Berlin") == {}
    wall = differs(report.replace("2026-04-24 11:00", "2026-04-24 12:00"), chart, now, "Europe/Berlin")
    assert wall == {"clock": ("2026-04-24 11:00", "2026-04-24 12:00")}


# --- reading the report ---------------------------------------------------------------------------------------------


def _facts() -> Facts:
    read = eutonia.read(PUMP)
    return Facts(read, read.moment(NOW), book())


def refused(report: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ReadError) as caught:
        read_back(report, "pump.txt", _facts())
    assert "pump.txt" in str(caught.value)
    return [(each.line, each.text, each.says) for each in caught.value.problems]


def test_comments_and_empty_lines_are_passed_over_and_the_rest_still_read() -> None:
    found = read_back("# typed by N. Dale\n\npatient A-17   # wristband\n\nalarm 4 mL\n", "pump.txt", _facts())
    assert found.patient == "A-17"
    assert str(found.alarm) == "4 mL"
    assert [f.name for f in fields(found) if getattr(found, f.name) is not None] == ["alarm", "patient"]
    assert replace(found, patient=None, alarm=None) == ReadBack()


def test_the_clock_is_read_in_the_pumps_own_hours_wherever_the_computer_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    monkeypatch.undo()
    try:
        found = read_back("clock 2026-03-25 11:05\n", "x", _facts()).clock
    finally:
        time.tzset()
    assert found == datetime(2026, 3, 25, 11, 5, tzinfo=UTC)


def test_each_line_that_is_not_understood_is_named_and_the_later_ones_too() -> None:
    fields_ = "patient, device, strength, program, daily dose, rate, reservoir, alarm, line, clock, bridge"
    said = refused("alarm 4 mL\nbattery full\nalarm 4 mL\nstrength 500 mg\n\nclock now\nrate\n")
    assert [(line, text) for line, text, _ in said] == [
        (2, "battery full"),
        (3, "alarm 4 mL"),
        (4, "strength 500 mg"),
        (6, "clock now"),
        (7, "rate"),
    ]
    wrong = [each for _, _, each in said]
    assert wrong[0] == wrong[4] == f"this is not a field of a read-back; write one of: {fields_}"
    assert wrong[1] == "'alarm' stands twice"
    assert wrong[2] == "'500 mg' is an amount, but a strength is needed, such as '500 mcg/mL'"
    assert wrong[3].startswith("'now' is not a date")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("strength 500 mg/L", "is a concentration, but a strength is needed"),
        ("program continuous 100 mg", "'100 mg' is not a daily dose"),
        ("daily dose 100 mcg", "is an amount, but a daily dose is needed"),
        ("rate 0.2 mL", "is a volume, but a flow is needed"),
        ("reservoir 17 mcg", "is an amount, but a volume is needed"),
        ("alarm 4 mg", "is an amount, but a volume is needed"),
        ("line 0.364", "has no unit"),
        ("line 0.364 mcg", "is an amount, but a volume is needed"),
        ("clock 2026-03-25 25:00", "is not a time of day"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(line: str, wrong: str) -> None:
    [(number, text, said)] = refused(line + "\n")
    assert (number, text) == (1, line)
    assert wrong in said


def test_an_empty_report_is_refused() -> None:
    for report in ("", "\n# nothing\n"):
        assert refused(report) == [
            (0, "", "the read-back is empty; write one field a line, such as 'strength 500 mcg/mL'")
        ]


def test_what_was_found_cannot_be_changed_afterwards() -> None:
    for each, name in ((Difference("a", "b", "c"), "field"), (compared(REPORT), "differences"), (ReadBack(), "rate")):
        with pytest.raises(AttributeError):
            setattr(each, name, None)

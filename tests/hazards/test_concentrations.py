"""Verification and printouts where the pump was programmed for another concentration than it holds (H41, H78)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from eutonia.doors.cli import main
from eutonia.doors.paper.card import card
from eutonia.doors.paper.checks import checks
from eutonia.doors.paper.patient import sheet
from eutonia.pump import pump_state
from eutonia.pump.verify import Verification, read_back, verify
from tests.in_use import FOLDER, Case, case

HANDED = case("17", "output")
EXAMPLE = (Path(__file__).parents[2] / "examples" / "02-spinal-cord-injury-pump.chart").read_text("utf-8")


def compared(chart: Case, report_text: str) -> Verification:
    facts = chart.advise().facts
    pump = pump_state(facts)
    assert pump is not None
    return verify(pump, read_back(report_text, "pump.txt", facts), facts)


def differences(chart: Case, report_text: str) -> dict[str, tuple[str, str]]:
    return {row.field: (row.meant, row.reported) for row in compared(chart, report_text).differences}


# --- the concentration inside a program line -------------------------------------------------------------------------

READBACK = (FOLDER / "output" / "17-readback.txt").read_text("utf-8") + "bridge none\n"
PUMP_02 = Case(EXAMPLE, "2026-05-02 09:00")
LINES = {
    "2,000 in the line, 500 in the pump": "strength 2000 mcg/mL",
    "a tenth": "strength 50 mcg/mL",
    "in mg/mL": "strength 2 mg/mL",
    "almost the same": "strength 500.1 mcg/mL",
}


@pytest.mark.hazard("H41")
@pytest.mark.parametrize("name", LINES)
def test_a_program_line_with_another_concentration_is_a_difference(name: str) -> None:
    readback = READBACK.replace("strength 2000 mcg/mL", LINES[name])
    assert differences(PUMP_02, readback)["program"][0] == "continuous 216 mcg/day; strength 500 mcg/mL"


@pytest.mark.hazard("H41")
@pytest.mark.parametrize("line", ["strength 500 mcg/mL", "strength 0.5 mg/mL"])
def test_a_program_line_with_the_concentration_of_the_reservoir_agrees(line: str) -> None:
    assert differences(PUMP_02, READBACK.replace("strength 2000 mcg/mL", line)) == {}


REPORT_17 = """\
patient     A-17
device      SynchroMed II 20 mL
strength    500 mcg/mL
program     continuous 200 mcg/day; strength 500 mcg/mL
daily dose  200 mcg/day
rate        0.4 mL/day
reservoir   16 mL
alarm       4 mL
line        0.364 mL
clock       2026-02-25 09:00
bridge      none
"""


@pytest.mark.hazard("H41")
@pytest.mark.parametrize(
    "line",
    [
        "continuous 200 mcg/day; strength 500 mcg/mL",
        "continuous 200 mcg/day",
        "continuous 200 mcg/day; strength 2000 mcg/mL",
    ],
)
def test_a_chart_whose_program_names_another_concentration_never_agrees(line: str) -> None:
    readback = REPORT_17.replace("continuous 200 mcg/day; strength 500 mcg/mL", line)
    meant, _ = differences(HANDED, readback)["program"]
    assert meant == "continuous 200 mcg/day; strength 2,000 mcg/mL (the program line of the chart says 500 mcg/mL)"


# --- the bridge ------------------------------------------------------------------------------------------------------

BRIDGE = HANDED.replaced(
    ("program continuous 200 mcg/day; strength 500 mcg/mL", "bridge 182 mcg over 21.84 h"),
    ("2026-02-20 09:10 refill", "2026-02-20 09:15 refill"),
).at("2026-02-20 12:00")


@pytest.mark.hazard("H41")
@pytest.mark.parametrize(
    ("reported", "agrees"),
    [
        ("182 mcg over 21.84 h", True),
        ("0.182 mg over 21.84 h", True),
        ("none", False),
        ("", False),
        ("18.2 mcg over 21.84 h", False),
        ("182 mcg over 2.184 h", False),
    ],
)
def test_a_bridge_bolus_that_runs_is_compared(reported: str, agrees: bool) -> None:
    readback = REPORT_17.replace("bridge      none\n", f"bridge {reported}\n" if reported else "")
    found = differences(BRIDGE, readback)
    assert ("bridge" not in found) is agrees
    if not agrees:
        assert found["bridge"][0] == "182 mcg over 21.84 h"


@pytest.mark.hazard("H41")
def test_a_bridge_that_is_missing_on_the_chart_never_agrees() -> None:
    missing = HANDED.replaced(("; strength 500 mcg/mL", "")).at("2026-02-20 12:00")
    for reported in ("none", "182 mcg over 21.84 h"):
        assert differences(missing, REPORT_17.replace("none", reported))["bridge"][0] == "not on the chart"


# --- stop findings ---------------------------------------------------------------------------------------------------


def verified(tmp_path: Path, chart: Case, readback: str, *options: str) -> tuple[int, str]:
    (tmp_path / "a.chart").write_text(chart.text, "utf-8")
    (tmp_path / "pump.txt").write_text(readback, "utf-8")
    words = ["verify", str(tmp_path / "a.chart"), "--readback", str(tmp_path / "pump.txt"), "--now", chart.now]
    outcome = CliRunner().invoke(main, [*words, *options])
    return outcome.exit_code, outcome.stdout


STOPPED = {
    "programmed for another concentration": (HANDED, REPORT_17, "strength"),
    "an empty reservoir": (PUMP_02.at("2026-08-02 09:00"), READBACK, "refill"),
    "a stall": (
        Case(EXAMPLE + "2026-05-02 08:00 device stall\n", "2026-05-02 09:00"),
        READBACK.replace("; strength 2000 mcg/mL", ""),
        "delivery",
    ),
    "signs of overdose": (
        Case(EXAMPLE + "2026-05-02 08:00 symptom coma\n", "2026-05-02 09:00"),
        READBACK.replace("; strength 2000 mcg/mL", ""),
        "emergency-overdose",
    ),
}


@pytest.mark.hazard("H41")
@pytest.mark.parametrize("name", STOPPED)
def test_verification_names_the_stop_findings_of_the_chart(tmp_path: Path, name: str) -> None:
    chart, readback, finding = STOPPED[name]
    status, text = verified(tmp_path, chart, readback)
    assert status == 1
    assert "STOP  The chart that this was compared with has stop findings" in text
    assert f"  {finding}: " in text
    status, text = verified(tmp_path, chart, readback, "--json")
    assert (status, finding in [row["id"] for row in json.loads(text)["stops"]]) == (1, True)


@pytest.mark.hazard("H41")
def test_verification_of_a_chart_without_stop_findings_succeeds(tmp_path: Path) -> None:
    status, text = verified(tmp_path, PUMP_02, READBACK.replace("; strength 2000 mcg/mL", ""))
    assert status == 0
    assert "STOP" not in text


# --- printouts -------------------------------------------------------------------------------------------------------


def printouts(chart: Case) -> dict[str, str]:
    advice = chart.advise()
    contents: dict[str, dict[str, Any]] = {
        "card": card(advice, None),
        "sheet": sheet(advice, None),
        "checklist": checks(advice, None),
    }
    texts = {kind: json.dumps(content, ensure_ascii=False) for kind, content in contents.items()}
    # The report predicts nothing here: its rows of the pump are asked alone.
    from eutonia.doors import words

    texts["report"] = json.dumps([row.text for row in words.sheet(chart.answer()).pump])
    return texts


MISMATCHED = {
    "programmed 500, 2,000 in the reservoir": (HANDED, "500 mcg/mL programmed; 2,000 mcg/mL in the reservoir", "800"),
    "programmed 2,000, 500 in the reservoir": (
        HANDED.replaced(
            ("of 2000 mcg/mL; product 2000", "of 500 mcg/mL; product 500"), ("strength 500", "strength 2000")
        ),
        "2,000 mcg/mL programmed; 500 mcg/mL in the reservoir",
        "50",
    ),
    "a dose that does not come out even": (
        HANDED.replaced(("200 mcg/day; strength 500", "133.3 mcg/day; strength 1000")),
        "1,000 mcg/mL programmed; 2,000 mcg/mL in the reservoir",
        "266.6",
    ),
    "the label of the vial is another": (
        HANDED.replaced(("of 2000 mcg/mL", "of 500 mcg/mL"), ("; strength 500 mcg/mL", "")),
        "500 mcg/mL programmed; 500 mcg/mL or 2,000 mcg/mL in the reservoir",
        "200 mcg daily or 800",
    ),
}


@pytest.mark.hazard("H78")
@pytest.mark.parametrize("name", MISMATCHED)
def test_every_printout_shows_both_concentrations_and_the_delivered_dose(name: str) -> None:
    chart, concentrations, delivered = MISMATCHED[name]
    for kind, text in printouts(chart).items():
        assert f"about {delivered} mcg daily delivered" in text, kind
        if kind != "sheet":
            assert concentrations in text, kind
    assert "The dose of your pump must be checked. Call your clinic today." in printouts(chart)["sheet"]


@pytest.mark.hazard("H78")
def test_a_pump_with_one_concentration_has_no_row_about_it() -> None:
    for kind, text in printouts(PUMP_02).items():
        assert "programmed;" not in text, kind
        assert "delivered" not in text, kind
        assert "must be checked" not in text, kind

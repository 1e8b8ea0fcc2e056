"""Printouts say what the advice says: a stopped pump, an abrupt stop, sleepiness, a liquid (H78)."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pypdf
import pytest

from eutonia.advice import Advice
from eutonia.doors import words
from eutonia.doors.paper import paper
from eutonia.doors.paper.card import card
from eutonia.doors.paper.patient import sheet
from eutonia.doors.paper.today import STOPPED as STOPPED_LINE
from eutonia.evidence import Unknown
from tests.in_use import FOLDER, Case, case


def printed(kind: str, chart: Case) -> str:
    """Return the text of a PDF on one line."""
    pages = pypdf.PdfReader(BytesIO(paper(kind, chart.advise()))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u00a0", " ").split())


# --- a stopped pump --------------------------------------------------------------------------------------------------

STOPPED = case("01b", "output")
STOPPED_CHARTS = {
    "the handed chart": STOPPED,
    "stopped an hour ago, with an opioid": STOPPED.replaced(
        ("2026-05-01 10:00 program stop", "2026-05-02 08:00 program stop"), ("medications none", "medication morphine")
    ),
    "stopped three weeks ago": STOPPED.at("2026-05-22 09:00"),
    "stopped with a bolus schedule before it and no residual": STOPPED.replaced(
        ("program continuous 100 mcg/day", "program continuous 200 mcg/day; bolus 10 mcg at 06:00"),
        ("2026-04-20 09:00 residual 0.5 mL\n", ""),
    ),
}


@pytest.mark.hazard("H78")
@pytest.mark.carries("WD-04")
@pytest.mark.parametrize("name", STOPPED_CHARTS)
@pytest.mark.parametrize("kind", ["card", "sheet"])
def test_a_stopped_pump_says_so_and_promises_neither_refill_nor_drug(name: str, kind: str) -> None:
    text = printed(kind, STOPPED_CHARTS[name])
    assert "Your pump is stopped. Call the clinic today." in text
    for promise in ("gives you baclofen by itself", "Refill due", "Book by", "Book your refill", "if nothing changes"):
        assert promise not in text


@pytest.mark.hazard("H78")
@pytest.mark.parametrize("kind", ["card", "sheet"])
def test_a_pump_that_was_started_again_says_nothing_of_a_stop(kind: str) -> None:
    started = STOPPED.replaced(("2026-05-01 10:00 program stop", "2026-05-01 10:00 program continuous 90 mcg/day"))
    text = printed(kind, started)
    assert "is stopped" not in text
    assert "Refill due" in text


@pytest.mark.hazard("H78")
@pytest.mark.carries("WD-04")
def test_a_running_pump_has_its_dates_and_what_it_does() -> None:
    running = case("la", "output").at("2026-03-01 09:00")
    text = printed("sheet", running)
    assert "Your pump gives you baclofen by itself" in text
    assert "Book your refill by 2026-03-14" in text
    assert sheet(running.advise(), None)["today"] == card(running.advise(), None)["today"] == []


@pytest.mark.hazard("H78")
@pytest.mark.parametrize(
    ("now", "line"),
    [
        ("2026-03-20 09:00", "Your refill was due on 2026-03-19. Call your clinic today."),
        ("2026-05-20 09:00", "Your pump should be empty. Call your clinic now."),
    ],
)
def test_a_late_refill_and_an_empty_pump_are_said_at_the_top(now: str, line: str) -> None:
    late = case("la", "output").at(now)
    for kind in ("card", "sheet"):
        text = printed(kind, late)
        assert line in text
        assert ("gives you baclofen by itself" in text) is (kind == "sheet" and "empty" not in line)


@pytest.mark.hazard("H78")
def test_a_pump_that_was_never_filled_gives_no_drug_on_the_sheet() -> None:
    lines = [
        line for line in case("la", "output").text.splitlines() if " refill " not in line and " prime " not in line
    ]
    text = printed("sheet", Case("\n".join(lines) + "\n", "2026-02-01 09:00"))
    assert "not filled or not programmed yet" in text
    assert "gives you baclofen by itself" not in text


# --- an abrupt stop --------------------------------------------------------------------------------------------------

ABRUPT = case("05", "output")
ABRUPT_CHARTS = {
    "the handed chart": ABRUPT,
    "another word and another dose": ABRUPT.replaced(("20 mg three times", "10 mg four times")),
    "overridden": ABRUPT.with_lines("2026-05-01 10:00 override abrupt-stop; by Dr X; because the patient wants it"),
    "beside a running pump": Case(
        case("04", "output").text.replace("request taper oral", "oral stop"), "2026-05-04 09:00"
    ),
    "the dose fell by three quarters": ABRUPT.replaced(("oral stop", "oral 5 mg three times a day")),
}


@pytest.mark.hazard("H78")
@pytest.mark.carries("WD-04")
@pytest.mark.parametrize("name", ABRUPT_CHARTS)
def test_after_an_abrupt_stop_the_sheet_says_to_call_today(name: str) -> None:
    text = printed("sheet", ABRUPT_CHARTS[name])
    assert "stopped or lowered all at once. Call your clinic today, even if you feel well." in text
    assert "Keep this page for the time when you take it" not in text


@pytest.mark.hazard("H78")
def test_who_goes_on_with_the_tablets_is_not_told_to_call() -> None:
    going_on = ABRUPT.replaced(("2026-04-30 oral stop\n", ""), ("stopped by husband", "seen"))
    assert sheet(going_on.advise(), None)["today"] == []


# --- sleepiness ------------------------------------------------------------------------------------------------------

SLEEPY = case("19", "output")
WELL = ABRUPT.replaced(("2026-04-30 oral stop\n", ""))
GRAVE = {
    "the handed chart: dialysis and a card": SLEEPY,
    "dialysis without a sign": SLEEPY.replaced(("2026-05-01 symptom somnolence\n", "")),
    "an opioid": WELL.replaced(
        ("medications none", "medication morphine 10 mg twice a day\n2026-01-05 medications no others")
    ),
    "renal function unknown": WELL.replaced(("2026-04-01 lab creatinine 0.8 mg/dL\n", "")),
    "an emergency card": WELL.with_lines("2026-05-02 08:55 symptom coma"),
}


@pytest.mark.hazard("H78")
@pytest.mark.parametrize("name", GRAVE)
def test_sleepiness_is_a_sign_of_too_much_where_it_can_be_one(name: str) -> None:
    contents = sheet(GRAVE[name].advise(), None)
    assert "sleepiness" in contents["much"]
    assert "mostly passing" not in json.dumps(contents)


@pytest.mark.hazard("H78")
def test_sleepiness_of_a_healthy_adult_on_tablets_stays_a_common_effect() -> None:
    young = WELL.replaced(("born 1960-01-01", "born 1990-01-01"))
    contents = sheet(young.advise(), None)
    assert "sleepiness" not in contents["much"]
    assert "Common, and mostly passing: sleepiness" in contents["days"][0]


@pytest.mark.hazard("H78")
def test_no_sheet_says_to_take_the_next_dose_under_an_emergency_card() -> None:
    assert "Take each dose at its time." not in printed("sheet", SLEEPY)


# --- a liquid --------------------------------------------------------------------------------------------------------

LIQUID = case("11", "output")
LIQUIDS = {
    "the handed chart": (LIQUID, "7.5 mL (7.5 mg) three times a day, of the liquid with 1 mg/mL"),
    "another concentration": (
        LIQUID.replaced(("liquid 1 mg/mL", "liquid 2 mg/mL")),
        "3.75 mL (7.5 mg) three times a day, of the liquid with 2 mg/mL",
    ),
    "5 mg/mL": (
        LIQUID.replaced(("liquid 1 mg/mL", "liquid 5 mg/mL")),
        "1.5 mL (7.5 mg) three times a day, of the liquid with 5 mg/mL",
    ),
    "several doses, one as needed": (
        LIQUID.replaced(("7.5 mg three times a day", "5 mg twice a day + 2.5 mg as needed, at most 2 a day")),
        "5 mL (5 mg) twice a day + 2.5 mL (2.5 mg) as needed, at most 2 a day, of the liquid with 1 mg/mL",
    ),
}


@pytest.mark.hazard("H78")
@pytest.mark.parametrize("name", LIQUIDS)
def test_a_liquid_is_printed_in_ml_and_mg_with_its_concentration(name: str) -> None:
    chart, text = LIQUIDS[name]
    assert f"By mouth {text}" in printed("sheet", chart)


@pytest.mark.hazard("H78")
def test_tablets_are_printed_in_mg_alone() -> None:
    text = printed("sheet", LIQUID.replaced(("7.5 mg", "10 mg"), ("; liquid 1 mg/mL", "")))
    assert "By mouth 10 mg three times a day" in text
    assert "liquid" not in text


# --- one value over all outputs --------------------------------------------------------------------------------------

HANDED = sorted(FOLDER.rglob("*.chart"))


@pytest.mark.hazard("H78")
@pytest.mark.parametrize("path", HANDED, ids=[path.stem for path in HANDED])
def test_card_sheet_and_screen_say_the_same_of_each_handed_chart(path: Path) -> None:
    text = path.read_text("utf-8")
    now = text.partition("\n")[0].removeprefix("# now: ").strip() if text.startswith("# now: ") else "2026-03-18 20:00"
    advice = Case(text, now).advise()
    screen = {row.label: row.text for row in words.sheet(advice.as_dict(foresee=False)).pump}
    patient = sheet(advice, None)
    emergency = any(finding.card for finding in advice.findings)
    assert ("Take each dose at its time." in " ".join(patient["why"])) is (not emergency and oral_now(advice))
    if advice.pump is None:
        assert not patient["dates"]
        assert "pump" not in " ".join(patient["why"])
        return
    rows = {row["label"]: row["text"] for row in card(advice, None)["rows"]}
    assert card(advice, None)["today"] == patient["today"]
    assert rows.get("Daily dose") == screen.get("Daily dose", "unknown")
    assert rows.get("Concentration") == screen.get("Concentration")
    if screen["Program"] == "stop":
        assert STOPPED_LINE in patient["today"]
        assert patient["dates"] == []
        assert not {"Refill due", "Book by", "Empty"} & set(rows)
    else:
        assert STOPPED_LINE not in patient["today"]
        assert rows["Refill due"] == screen.get("Refill due", "unknown")
        assert patient["dates"][1]["text"] == screen.get("Refill due", "unknown").partition(": ")[0]


def oral_now(advice: Advice) -> bool:
    """Return whether the chart has an order by mouth, readable or not."""
    return isinstance(advice.facts.oral, Unknown) or advice.facts.oral.value is not None

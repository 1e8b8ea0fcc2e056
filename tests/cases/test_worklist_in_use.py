"""Tasks of charts from use: overridden findings, the clinic's own days, new pumps, the steps of a taper."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from icalendar import Calendar

import eutonia
from eutonia.chart.facts import Facts
from eutonia.doors.cli import main
from eutonia.findings import Finding
from eutonia.knowledge import book
from eutonia.ledger import Ledger
from eutonia.ledger.ledger import Held
from eutonia.watch import Panel, Task
from eutonia.watch.calendar import calendar
from eutonia.watch.days import days_later
from eutonia.watch.panel import Watched
from eutonia.watch.tasks import tasks
from tests.cases.test_facts import RUNNING, WELL
from tests.in_use import Case, case

NOTHING = "oral 20 mg three times a day"


def worklist(chart: Case, zone: str = "UTC") -> tuple[Task, ...]:
    read = eutonia.read(chart.text, zone)
    return tasks(Facts(read, read.moment(chart.now), book("US")), "c1", "W-1")


def one(chart: Case, kind: str, zone: str = "UTC") -> Task:
    (task,) = [task for task in worklist(chart, zone) if task.what == kind]
    return task


# --- an override lifts the block, and not the task -------------------------------------------------------------------

AB2 = case("ab2", "output")
STALL = Case(
    RUNNING.strip() + "\n2026-03-30 10:00 device stall\n2026-03-31 override delivery; by Dr Example; because seen\n",
    "2026-04-01 09:00",
)
OVERRIDDEN = {
    "the handed chart: an abrupt stop": (AB2, "withdrawal", "oral"),
    "a stop of a lower dose, overridden before other lines": (
        AB2.replaced(("20 mg three times", "10 mg three times")).with_lines("2026-05-01 10:05 note told the family"),
        "withdrawal",
        "oral",
    ),
    "three days later": (AB2.at("2026-05-04 09:00"), "withdrawal", "oral"),
    "a pump whose delivery is uncertain": (STALL, "device", "device read out, no alarms"),
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_an_override_lifts_the_block_and_not_the_task(name: str) -> None:
    chart, kind, closes = OVERRIDDEN[name]
    task = one(chart, kind)
    assert task.urgency(chart.advise().facts.now, book("US")) == "now"
    assert task.closes == closes
    assert "Overridden by Dr " in task.because
    overridden = [finding for finding in chart.answer()["findings"] if finding.get("overridden")]
    assert overridden
    assert not any(finding["stops"] for finding in overridden)


def test_the_event_that_answers_an_overridden_finding_closes_its_task() -> None:
    restored = AB2.with_lines("2026-05-01 18:00 oral 20 mg three times a day")
    assert not [task for task in worklist(restored) if task.what == "withdrawal"]


def test_a_standing_reason_that_was_overridden_is_reviewed_a_month_later() -> None:
    child = Case(
        "2026-04-01 09:00 person id C-1; born 2018-01-01; sex male\n2026-04-01 condition multiple sclerosis\n"
        "2026-04-01 weight 25 kg\n2026-04-01 lab creatinine 0.5 mg/dL\n2026-04-01 allergy none known\n"
        "2026-04-01 medications none\n2026-04-02 oral 5 mg three times a day\n"
        "2026-04-02 10:00 override age; by Dr Example; because decided with the parents\n",
        "2026-04-10 09:00",
    )
    overridden = [finding["id"] for finding in child.answer()["findings"] if finding.get("overridden")]
    assert overridden == ["age"]
    task = one(child, "age")
    assert (task.due, task.closes) == (datetime(2026, 5, 2, 10, tzinfo=UTC), "override")


# --- days are the clinic's -------------------------------------------------------------------------------------------

LA = case("la", "output")
ZONES = {
    "evening in Los Angeles": ("America/Los_Angeles", "2026-03-18 20:00"),
    "morning in Auckland": ("Pacific/Auckland", "2026-03-20 08:00"),
    "evening in Honolulu": ("Pacific/Honolulu", "2026-03-20 23:30"),
    "just after midnight in Berlin": ("Europe/Berlin", "2026-03-21 00:30"),
    "noon in London": ("Europe/London", "2026-03-19 12:00"),
}


def panel_of(tmp_path: Path, text: str, zone: str, now: str) -> Panel:
    with Ledger(tmp_path / "clinic.ledger", create=True) as ledger:
        ledger.open(text.strip().splitlines(), by="A", zone=zone)
        panel = Panel(ledger)
        panel.refresh(eutonia.read(text, zone).moment(now))
        return panel


@pytest.mark.parametrize("name", ZONES)
def test_a_refill_that_is_due_stands_on_the_clinics_own_day(tmp_path: Path, name: str) -> None:
    zone, now = ZONES[name]
    panel = panel_of(tmp_path, LA.text, zone, now)
    today = date.fromisoformat(now[:10])
    (task,) = [task for task in panel.tasks() if task.what == "refill"]
    assert task.urgency(panel.at or datetime.now(UTC), panel.book) == "now"
    assert panel.day(task) == today
    (entry,) = [
        entry
        for entry in Calendar.from_ical(calendar(panel)).walk("VEVENT")
        if str(entry["SUMMARY"]).startswith("refill")
    ]
    assert entry["DTSTART"].dt == today
    (row,) = [row for row in panel.as_dict()["tasks"] if row["what"] == "refill"]
    assert row["due"][:10] == row["day"] == task.day.isoformat()


def test_the_worklist_says_the_moment_in_the_clinics_zone(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, LA.text, "America/Los_Angeles", "2026-03-18 20:00")
    words = ["watch", "--ledger", panel.ledger.where, "--now", "2026-03-18 20:00", "--zone", "America/Los_Angeles"]
    assert "1 charts, as of 2026-03-18 20:00 America/Los_Angeles" in CliRunner().invoke(main, words).stdout


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland", "Europe/Berlin", "UTC"])
@pytest.mark.parametrize("begin", ["2026-01-15", "2026-03-09", "2026-09-20", "2026-10-30"])
def test_a_task_keeps_its_day_and_hour_when_the_clocks_change(zone: str, begin: str) -> None:
    text = WELL.replace("2026-01-05", begin).strip() + f"\n{begin} oral 5 mg three times a day\n{begin} contact\n"
    read = eutonia.read(text, zone)
    facts = Facts(read, read.moment(f"{begin} 23:00"), book("US"))
    (task,) = [task for task in tasks(facts, "c1", "W-1") if task.what == "contact"]
    assert task.day == date.fromisoformat(begin) + timedelta(days=180)
    assert facts.last_contact is not None
    assert task.due.astimezone(facts.home).time() == facts.last_contact.astimezone(facts.home).time()


def test_a_zone_that_is_damaged_takes_down_no_panel() -> None:
    held = Held("c1", "X-1", "h", 1)
    assert Watched(held, datetime(2026, 5, 2, tzinfo=UTC), (), zone="Nowhere/None").home is UTC


def test_days_later_counts_days_of_the_wall_clock() -> None:
    read = eutonia.read(LA.text, "America/Los_Angeles")
    begin = read.moment("2026-03-07 20:00")
    assert days_later(begin, 1, Facts(read, begin, book("US")).home) - begin == timedelta(hours=23)


# --- a new pump ------------------------------------------------------------------------------------------------------


def without(*kinds: str) -> str:
    return "".join(line for line in RUNNING.splitlines(keepends=True) if not any(f" {kind} " in line for kind in kinds))


@pytest.mark.parametrize(
    ("missing", "tasks_due"),
    [(("refill", "program"), {"fill", "program"}), (("refill",), {"fill"}), (("program",), {"program"}), ((), set())],
)
def test_a_new_pump_without_fill_or_program_is_a_task(missing: tuple[str, ...], tasks_due: set[str]) -> None:
    text = without(*missing).strip()
    chart = Case(text + "\n", "2026-04-01 09:00")
    found = {task.what: task for task in worklist(chart)}
    assert tasks_due == {"fill", "program"} & set(found)
    for kind in tasks_due:
        assert found[kind].urgency(datetime(2026, 4, 1, 9, tzinfo=UTC), book("US")) == "now"
        assert found[kind].closes == {"fill": "refill", "program": "program"}[kind]


def test_a_stopped_pump_is_not_called_unprogrammed() -> None:
    stopped = case("01b", "output")
    assert not {"fill", "program"} & {task.what for task in worklist(stopped)}
    assert "withdrawal" in {task.what for task in worklist(stopped)}


# --- each step of a taper --------------------------------------------------------------------------------------------

TAPER = WELL + "2025-06-06 oral 20 mg three times a day\n"
STEPS = {
    "asked for, and no step yet": ("2026-01-06 11:00 request taper oral\n", "2026-01-06 11:00"),
    "the first step was taken": (
        "2026-01-06 11:00 request taper oral\n2026-01-07 09:00 oral 15 mg three times a day\n",
        "2026-01-14 09:00",
    ),
    "the pace of the chart": (
        "2026-01-06 11:00 request taper oral\n2026-01-07 09:00 oral 15 mg three times a day\n"
        "2026-01-17 09:00 oral 10 mg three times a day\n",
        "2026-01-27 09:00",
    ),
    "nobody asked, and the dose falls and falls": (
        "2026-01-07 09:00 oral 15 mg three times a day\n2026-01-10 09:00 oral 10 mg three times a day\n",
        "2026-01-13 09:00",
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_each_step_of_a_taper_is_a_task_on_its_day(name: str) -> None:
    lines, due = STEPS[name]
    task = one(Case((TAPER + lines).strip() + "\n", "2026-01-20 09:00"), "step")
    assert task.due == datetime.fromisoformat(f"{due}+00:00")
    assert task.closes == "oral"
    assert " mg" not in task.do + task.because


@pytest.mark.parametrize(
    "lines",
    [
        "2026-01-07 09:00 oral 15 mg three times a day\n",
        "2026-01-07 09:00 oral 15 mg three times a day\n2026-01-10 09:00 oral 20 mg three times a day\n",
        "2025-07-07 09:00 oral 15 mg three times a day\n2026-01-10 09:00 oral 10 mg three times a day\n",
        "2026-01-06 11:00 request taper oral\n2026-01-07 09:00 oral 5 mg three times a day\n2026-01-10 09:00 oral stop\n",
    ],
    ids=["one fall", "raised again", "two falls half a year apart", "the taper is done"],
)
def test_what_is_no_taper_under_way_has_no_step(lines: str) -> None:
    chart = Case((TAPER + lines).strip() + "\n", "2026-01-20 09:00")
    assert "step" not in {task.what for task in worklist(chart)}


# --- the end of service ----------------------------------------------------------------------------------------------


def test_the_end_of_service_is_a_task_from_its_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    due = datetime(2026, 9, 1, 9, tzinfo=UTC)
    ending = Finding(
        "end-of-service", "caution", "The pump's service ends.", "", (), (), "Plan the replacement.", due=due
    )
    monkeypatch.setattr("eutonia.watch.tasks.examine", lambda facts, pump: (ending,))
    task = one(Case(RUNNING.strip() + "\n", "2026-04-01 09:00"), "replacement")
    assert (task.due, task.closes, task.do) == (due, "implant", "Plan the replacement.")

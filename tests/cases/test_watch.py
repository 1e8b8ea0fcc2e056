"""What is to be done for whom: tasks of charts that a clinician could have written, and of a whole ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from icalendar import Calendar

import eutonia
from eutonia.chart import ReadError, from_text
from eutonia.chart.facts import Facts
from eutonia.chart.text import Problem
from eutonia.doors.cli import main
from eutonia.knowledge import book
from eutonia.ledger import Ledger
from eutonia.ledger.transfer import imported
from eutonia.watch import Panel, Task
from eutonia.watch.calendar import calendar
from eutonia.watch.tasks import tasks
from tests.cases.test_facts import FAILED, PUMP, RUNNING, WELL

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.chart"))
NOW = datetime(2026, 5, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def found(text: str, now: str) -> dict[str, Task]:
    """The tasks by their kind, the most pressing of each."""
    chart = eutonia.read(text.strip() + "\n")
    kinds: dict[str, Task] = {}
    for each in tasks(Facts(chart, chart.moment(now), book("US")), "c1", "A-17"):
        kinds.setdefault(each.what, each)
    return kinds


def test_a_refill_is_a_task_long_before_its_day_and_closed_by_the_refill() -> None:
    early = found(RUNNING, "2026-04-01 09:00")["refill"]
    due = date.fromisoformat(
        eutonia.advise(eutonia.read(RUNNING.strip() + "\n"), "2026-04-01 09:00").as_dict()["pump"]["book_by"][:10]
    )
    assert early.due.date() == due
    assert early.urgency(early.due - 20 * DAY, book("US")) == "later"
    assert early.urgency(early.due - 3 * DAY, book("US")) == "soon"
    assert early.urgency(early.due, book("US")) == "now"
    when = f"{due} 10:00"
    after = found(RUNNING + f"{when} refill 18 mL of 500 mcg/mL\n", f"{due} 12:00")["refill"]
    assert after.due > early.due + 10 * DAY


def test_a_trial_is_under_observation_until_its_response_is_written() -> None:
    begun = WELL + FAILED + "2026-03-01 09:00 trial 50 mcg\n"
    task = found(begun, "2026-03-01 10:00")["trial"]
    assert task.due == datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert "50 mcg was given on 2026-03-01 09:00" in task.because
    assert "trial" not in found(begun + "2026-03-01 17:00 response positive; lasted 7 h\n", "2026-03-01 18:00")


def test_what_grows_old_comes_up_on_its_day_and_is_closed_by_a_new_one() -> None:
    text = WELL + "2026-01-06 oral 5 mg three times a day\n"
    for what, days, line in (("score", 180, "score ashworth legs 3"), ("creatinine", 365, "lab creatinine 0.9 mg/dL"), ("contact", 180, "contact")):  # fmt: skip
        task = found(text, "2026-01-07 09:00")[what]
        assert timedelta(days=days - 1) <= task.due - datetime(2026, 1, 6, tzinfo=UTC) <= timedelta(days=days + 1)
        assert line.startswith(task.closes)
        renewed = found(text + f"2026-03-01 10:00 {line}\n", "2026-03-02 09:00")[what]
        assert renewed.due == datetime(2026, 3, 1, 10, tzinfo=UTC) + timedelta(days=days)


def test_who_is_not_on_the_drug_has_nothing_that_grows_old() -> None:
    assert not {"score", "creatinine", "contact"} & set(found(WELL, "2028-01-07 09:00"))
    fits = WELL + "2026-01-05 condition epilepsy\n"
    assert "eeg" not in found(fits, "2026-01-07 09:00")
    assert "eeg" in found(fits + "2026-01-06 oral 5 mg three times a day\n", "2026-01-07 09:00")


def test_an_emergency_says_what_to_do_and_whom_to_call_and_does_not_end_with_time() -> None:
    text = WELL + "2026-01-06 oral 10 mg three times a day\n2026-05-02 08:00 symptom somnolence, slow breathing\n"
    card = eutonia.advise(eutonia.read(text.strip() + "\n"), "2026-05-02 09:00").findings[0].card
    task = found(text, "2026-05-02 09:00")["emergency"]
    assert task.do.startswith(card[0])
    later = found(text, "2026-06-02 09:00")
    assert "emergency" not in later
    assert "'slow breathing' was written on 2026-05-02" in " ".join(
        each.because for each in tasks(Facts(eutonia.read(text.strip() + "\n"), NOW + 31 * DAY, book("US")), "c", "p")
    )
    assert "sign" not in found(text + "2026-05-03 symptom somnolence, slow breathing; resolved\n", "2026-06-02 09:00")


@pytest.mark.parametrize(
    "line",
    [
        "2026-04-02 10:00 refill 18 mL of 500 mcg/mL; product 2000 mcg/mL",
        "2026-04-02 10:00 refill 18 mL of 2000 mcg/mL; product 2000 mcg/mL",
    ],
)
def test_what_stops_a_dose_of_who_has_the_drug_is_a_task_now_also_without_a_day(line: str) -> None:
    text = RUNNING + line + "\n"
    stops = {
        each.id
        for each in eutonia.examine(eutonia.read(text.strip() + "\n"), "2026-04-02 11:00")
        if each.grade == "stop"
    }
    new = stops - {each.id for each in eutonia.examine(eutonia.read(RUNNING.strip() + "\n"), "2026-04-02 11:00")}
    assert new
    before, after = found(RUNNING, "2026-04-02 11:00"), found(text, "2026-04-02 11:00")
    now = datetime(2026, 4, 2, 11, tzinfo=UTC)
    assert any(each.due <= now for name, each in after.items() if name not in before)


def test_an_overridden_finding_stays_a_task_until_its_event_is_written() -> None:
    text = RUNNING + "2026-03-30 10:00 device stall\n"
    assert "device" in found(text, "2026-04-01 09:00")
    text += "2026-03-31 override delivery; by Dr Example; because read out elsewhere\n"
    assert "Overridden by Dr Example" in found(text, "2026-04-01 09:00")["device"].because
    assert "device" not in found(text + "2026-03-31 12:00 device read out, no alarms\n", "2026-04-01 09:00")


def test_a_taper_that_was_asked_for_comes_up_and_stays_until_something_is_done() -> None:
    text = (
        WELL
        + "2025-06-06 oral 20 mg three times a day\n2026-01-06 11:00 oral 15 mg three times a day\n2026-01-06 11:05 request taper oral\n"
    )
    task = found(text, "2026-01-07 09:00")["step"]
    assert task.due == datetime(2026, 1, 13, 11, tzinfo=UTC)
    assert found(text, "2026-03-07 09:00")["step"].due == task.due
    assert found(text + "2026-01-20 12:00 oral 10 mg three times a day\n", "2026-01-21 09:00")["step"].due > task.due
    assert "step" not in found(text + "2026-01-20 12:00 oral stop\n", "2026-01-21 09:00")


def test_who_may_be_on_the_drug_is_watched_as_one_who_is() -> None:
    kinds = found(WELL + "2026-01-06 medication baclofen 10 mg as directed\n", "2027-03-02 09:00")
    assert {"score", "creatinine", "contact"} <= set(kinds)


def test_an_emergency_comes_first_and_names_no_dose() -> None:
    first = tasks(Facts(eutonia.read(EXAMPLES[6]), NOW, book("US")), "c1", "x")[0]
    assert (first.what, first.first) == ("emergency", True)
    assert first.urgency(NOW - 365 * DAY, book("US")) == "now"
    assert "mcg" not in first.do + first.closes


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("2026-03-30 10:00 device stall", "delivery"),
        ("2026-03-30 10:00 program stop", "withdrawal"),
        ("2026-03-30 10:00 residual 3 mL", "residual"),
    ],
)
def test_a_device_that_needs_somebody_is_a_task_now(line: str, what: str) -> None:
    names = found(RUNNING + f"{line}\n", "2026-04-01 09:00")
    task = names.get(what) or names["device"]
    assert task.due <= datetime(2026, 4, 1, 9, tzinfo=UTC)
    assert what not in found(RUNNING, "2026-04-01 09:00")


def test_no_task_shows_a_dose_as_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for path in EXAMPLES:
        for each in tasks(Facts(eutonia.read(path), NOW, book("US")), "c1", "x"):
            assert not any(unit in each.closes for unit in (" mg", " mcg", " mL")), each


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """The ten examples."""
    with Ledger(tmp_path / "clinic.ledger", create=True) as opened:
        charts = [(path.name, partial(eutonia.read, path)) for path in EXAMPLES]
        imported(opened, charts, by="A", seen=lambda _: None)
        yield opened


def test_the_panel_looks_again_at_what_has_grown_and_at_what_is_old(ledger: Ledger) -> None:
    panel = Panel(ledger)
    assert panel.refresh(NOW) == 10
    assert panel.refresh(NOW + timedelta(minutes=5)) == 0
    one = next(each for each in ledger.charts() if each.person == "SCI-017")
    before = [each for each in panel.tasks() if each.chart == one.id and each.what == "refill"]
    ledger.append(one.id, ["2026-05-02 09:02 refill 18 mL of 500 mcg/mL; product 500 mcg/mL"], saw=one.head, by="A")
    assert panel.refresh(NOW + timedelta(minutes=6)) == 1
    after = [each for each in panel.tasks() if each.chart == one.id and each.what == "refill"]
    assert after[0].due > before[0].due + 10 * DAY
    assert panel.refresh(NOW + timedelta(hours=2)) == 10
    # A clock that goes back is not trusted either.
    assert panel.refresh(NOW - timedelta(days=2)) == 10


def test_a_line_that_was_struck_is_not_looked_at(ledger: Ledger) -> None:
    panel = Panel(ledger)
    panel.refresh(NOW)
    one = next(each for each in ledger.charts() if each.person == "SCI-017")
    before = [each for each in panel.tasks() if each.chart == one.id]
    ledger.append(one.id, ["2026-05-02 09:00 refill 18 mL of 500 mcg/mL"], saw=one.head, by="A")
    panel.refresh(NOW)
    assert [each for each in panel.tasks() if each.chart == one.id] != before
    added = ledger.records(one.id)[-1].hash
    ledger.append(one.id, [], saw=added, by="A", strikes=[(added, "another patient's")])
    panel.refresh(NOW)
    assert [each for each in panel.tasks() if each.chart == one.id] == before


@pytest.mark.parametrize("few", [1, 10**9])
def test_tasks_that_find_their_places_one_by_one_stand_as_those_that_are_sorted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """However few tasks are new, the panel is what a fresh look at all charts gives."""
    monkeypatch.setattr("eutonia.watch.panel._FEW", few)
    now = datetime(2026, 5, 2, 9, tzinfo=UTC)
    panel = Panel(ledger)
    panel.refresh(now)
    for held in ledger.charts():
        panel.ledger.append(held.id, ["2026-05-02 08:00 contact"], saw=held.head, by="Dr Example")
        assert panel.refresh(now) == 1
        fresh = Panel(ledger)
        fresh.refresh(now)
        assert panel.tasks() == fresh.tasks()


@pytest.mark.hazard("H53")
@pytest.mark.parametrize(
    "error", [ReadError("chart", (Problem(1, "x", "spoilt"),)), ZeroDivisionError("a rule that fails")]
)
def test_a_chart_that_cannot_be_looked_at_is_itself_a_task_now(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    spoilt = ledger.charts()[3]

    def broken(text: str, source: str, zone_name: str) -> Any:
        if source == f"chart {spoilt.id}":
            raise error
        return from_text(text, source, zone_name)

    monkeypatch.setattr("eutonia.watch.panel.from_text", broken)
    panel = Panel(ledger)
    panel.refresh(NOW)
    assert panel.as_dict()["unread"] == [spoilt.id]
    (task,) = [each for each in panel.tasks() if each.chart == spoilt.id]
    assert (task.what, task.urgency(NOW, book("US"))) == ("unread", "now")
    assert str(error) in task.because
    assert len({each.chart for each in panel.tasks()}) > 7


def test_the_calendar_names_charts_and_days_and_no_person(ledger: Ledger) -> None:
    panel = Panel(ledger)
    panel.refresh(NOW)
    entries = Calendar.from_ical(calendar(panel)).walk("VEVENT")
    assert len(entries) == len(panel.tasks())
    # What is overdue stands on today, and every entry has an identity of its own.
    assert {each["DTSTART"].dt for each in entries} == {max(task.day, NOW.date()) for task in panel.tasks()}
    names = {str(each["UID"]) for each in entries}
    assert len(names) == len(entries)
    panel.refresh(NOW + timedelta(hours=3))
    assert names <= {str(each["UID"]) for each in Calendar.from_ical(calendar(panel)).walk("VEVENT")}
    text = calendar(panel).decode()
    assert not any(each.person in text for each in ledger.charts())


def test_the_command_prints_what_presses_and_all_of_it_as_json(ledger: Ledger, tmp_path: Path) -> None:
    words = ["watch", "--ledger", ledger.where, "--now", "2026-05-02 09:00"]
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 1
    assert "10 charts, as of 2026-05-02 09:00 UTC" in said.stdout
    assert said.stdout.index("emergency") < said.stdout.index("refill")
    found = json.loads(CliRunner().invoke(main, [*words, "--json", "--ics", str(tmp_path / "t.ics")]).stdout)
    assert {each["urgency"] for each in found["tasks"]} == {"now", "soon", "later"}
    assert {"chart", "person", "what", "urgency", "due", "day", "do", "because", "closes"} == set(found["tasks"][0])
    assert (tmp_path / "t.ics").read_bytes().startswith(b"BEGIN:VCALENDAR")


def test_a_pump_alone_has_its_tasks() -> None:
    kinds = found(
        WELL + FAILED + "2026-03-01 09:00 trial 50 mcg\n2026-03-01 17:00 response positive; lasted 7 h\n" + PUMP,
        "2026-04-01 09:00",
    )
    assert {"refill", "score", "contact"} <= set(kinds)

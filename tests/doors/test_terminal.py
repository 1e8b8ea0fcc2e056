"""The advice on a terminal: every number whole and beside its unit, the emergency first, and no option preferred."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eutonia
from eutonia.advice import Advice
from eutonia.doors import amounts, words
from eutonia.doors.terminal import NARROWEST, render
from eutonia.quantity import UNITS
from tests.charts import FILLED, ORAL, PUMP, SCREENED, charts

PARTS = ("findings", "pump", "plans", "outlooks", "estimate", "order", "refusals", "tasks")
NOW = "2026-05-01 09:00"
SHORTLY = "2026-03-22 09:00"

RUNNING = (
    PUMP
    + "2026-03-25 10:00 program continuous 120 mcg/day\n2026-04-20 10:00 explained delivery; all checked; by Dr X\n"
)
EMERGENCY = RUNNING + "2026-05-01 08:00 symptom somnolence\n2026-05-01 08:00 symptom fever\n"
HOSTILE = PUMP.replace("id A-17;", "id A-17; name <script>alert('x')</script> Müller-Ökçün;")
SCREENS = {
    "start oral": (ORAL + "2026-01-06 request start oral\n", "2026-01-06 09:00"),
    "titrate": (ORAL + "2026-01-06 oral 5 mg three times a day\n", "2026-01-12 09:00"),
    "taper": (ORAL + "2026-01-06 oral 20 mg three times a day\n2026-06-01 request taper oral\n", "2026-06-01 09:00"),
    "trial": (ORAL + "2026-02-20 failed oral baclofen 80 mg/day; no effect\n", "2026-02-21 09:00"),
    "start pump": (FILLED + "2026-03-20 12:00 request start pump\n", "2026-03-20 13:00"),
    "not implanted": (SCREENED, "2026-03-02 09:00"),
    "adjust": (PUMP + "2026-03-22 08:00 request adjust up\n", SHORTLY),
    "refill": (RUNNING, NOW),
    "strength": (RUNNING + "2026-05-01 08:00 request strength 2000 mcg/mL\n", NOW),
    "holiday": (RUNNING + "2026-05-01 08:00 request holiday; inpatient; alternative tizanidine 4 mg\n", NOW),
    "unbalanced": (RUNNING + "2026-05-01 08:00 residual 14 mL\n", NOW),
    "overdue": (PUMP, "2026-06-20 09:00"),
    "dry": (PUMP, "2026-09-10 09:00"),
    "emergency": (EMERGENCY, NOW),
    "hostile": (HOSTILE, SHORTLY),
}
every_screen = pytest.mark.parametrize("name", SCREENS)


@lru_cache(maxsize=64)
def advised(name: str) -> Advice:
    """The advice of one of the screens."""
    text, now = SCREENS[name]
    return eutonia.advise(eutonia.read(text), now)


def shown(found: dict[str, Any] | str, width: int = 100, parts: tuple[str, ...] = PARTS) -> str:
    """What the terminal prints, of a screen by its name or of an advice."""
    return render(advised(found).as_dict() if isinstance(found, str) else found, parts, width)


_NAMES = sorted({each.name for each in UNITS.values()} | {"mcg daily", "mg daily", "day"}, key=len, reverse=True)
MEASURED = re.compile(rf"[0-9](?:[ {words.NBSP}]|(?=%))(?:{'|'.join(map(re.escape, _NAMES))})(?![A-Za-z])")

# What the Institute for Safe Medication Practices would not have on any screen.
MISREAD = {
    "a trailing zero": re.compile(r"[0-9]\.[0-9]*0(?![0-9])"),
    "a naked point": re.compile(r"(?<![0-9.])\.[0-9]"),
    "a micro sign": re.compile(r"[µμ]"),
    "an abbreviation of daily or unit": re.compile(r"\bq\.?[od]\.?d?\b|\b[0-9]+ ?(?:IU|U)\b", re.IGNORECASE),
    "thousands without a comma": re.compile(r"(?<![0-9.,-])[0-9]{4,}(?:\.[0-9]+)?\s?(?:mcg|mg|mL|h)\b"),
    "a number that runs into its unit": re.compile(r"[0-9](?:mcg|mg|mL|kg|h|days)\b"),
    "an exponent": re.compile(r"[0-9]e[+-]?[0-9]", re.IGNORECASE),
    "a number that is none": re.compile(r"\b(?:nan|inf|None)\b"),
}


def misread(text: str) -> list[str]:
    """What on a screen could be misread; the hashes and the version of the knowledge are no numbers."""
    text = re.sub(r"knowledge [0-9.]+ [0-9a-f]{8}, [A-Z]{2}; chart [0-9a-f]{8}", "", re.sub(r"\s+", " ", text))
    return [f"{name}: {found[0]!r}" for name, each in MISREAD.items() if (found := each.search(text))]


def parted(found: dict[str, Any], width: int) -> Counter[str]:
    """The measured numbers that a line end at this width takes from their units: those that only a wide screen has."""

    def measured(columns: int) -> Counter[str]:
        return Counter(MEASURED.findall(render(found, PARTS, columns)))

    return measured(5000) - measured(width)


@every_screen
def test_at_40_columns_no_number_leaves_its_unit_and_no_line_is_wider(name: str) -> None:
    found = advised(name).as_dict()
    assert not parted(found, NARROWEST)
    assert max(map(len, shown(found, NARROWEST).splitlines())) <= NARROWEST


@given(charts(), st.integers(NARROWEST, 110))
def test_no_number_leaves_its_unit_on_any_chart_at_any_width(chart: tuple[str, datetime], width: int) -> None:
    text, now = chart
    found = eutonia.advise(eutonia.read(text), now).as_dict()
    assert not parted(found, width)


def test_a_terminal_narrower_than_40_columns_is_written_as_40() -> None:
    assert shown("adjust", 20) == shown("adjust", 40)


@every_screen
@pytest.mark.parametrize("width", [40, 100])
def test_nothing_can_be_misread(name: str, width: int) -> None:
    assert not misread(shown(name, width))


@pytest.mark.parametrize(
    ("wire", "says"),
    [
        ({"value": 120.0, "unit": "ug/d"}, "120 mcg daily"),
        ({"value": 7.5, "unit": "mg/d"}, "7.5 mg daily"),
        ({"value": 1440, "unit": "ug/d"}, "1,440 mcg daily"),
        ({"value": 2000, "unit": "ug/mL"}, "2,000 mcg/mL"),
        ({"value": 182, "unit": "ug"}, "182 mcg"),
        ({"value": 0.05, "unit": "mg"}, "0.05 mg"),
    ],
)
def test_what_travels_in_ucum_is_shown_in_the_words_of_the_clinic(wire: dict[str, Any], says: str) -> None:
    assert amounts.amount(wire) == says


@pytest.mark.parametrize("wire", [{"value": float("nan"), "unit": "ug"}, {"value": -1, "unit": "ug"}])
def test_what_is_no_amount_is_not_shown_as_one(wire: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a finite amount"):
        amounts.amount(wire)


@every_screen
def test_the_head_says_whose_advice_it_is_of_when_and_from_what(name: str) -> None:
    advice = advised(name)
    found = advice.as_dict()
    head = "\n".join(shown(name).splitlines()[:4])
    assert "A-17" in head
    assert "born 1979-04-11" in head
    assert f"as of {SCREENS[name][1]}" in head
    assert found["knowledge"]["version"] in head
    assert found["knowledge"]["hash"][:8] in head
    assert found["chart"][:8] in head


def test_who_is_not_on_the_chart_is_said_to_be_missing() -> None:
    text = "\n".join(line for line in PUMP.splitlines() if " person " not in line) + "\n"
    head = shown(eutonia.advise(eutonia.read(text), SHORTLY).as_dict()).splitlines()[0]
    assert head == "id not on the chart, birth date not on the chart"


def test_the_moments_of_a_clinic_are_shown_in_its_own_time() -> None:
    chart = eutonia.read(PUMP, "Europe/Berlin")
    text = shown(eutonia.advise(chart, SHORTLY).as_dict())
    assert f"as of {SHORTLY} (UTC+01:00)" in text
    assert "2026-03-20 11:00 with 500 mcg/mL" in text


@every_screen
def test_findings_stand_worst_first_with_the_word_of_their_grade(name: str) -> None:
    text = shown(name, parts=("findings",))
    grades = re.findall(r"^(STOP|CAUTION|NOTE) ", text, re.MULTILINE)
    assert grades == sorted(grades, key=["STOP", "CAUTION", "NOTE"].index)
    assert Counter(grades) == Counter(each.grade.upper() for each in advised(name).findings)


def test_the_pump_says_what_it_does_what_is_left_and_which_limit_governs() -> None:
    pump = re.sub(r" +", " ", shown("refill", 5000, ("pump",)))
    for row in (
        "Program continuous 120 mcg/day",
        "Daily dose 120 mcg daily",
        "Rate 0.24 mL/day of 500 mcg/mL",
        "Alarm at 4 mL",
        "(this governs)",
        "Book by 2026-05-",
        "Replace pump by 2033-03-20: its service ends; book by 2032-12-20",
    ):
        assert row in pump


def test_a_refill_that_is_late_says_so() -> None:
    assert "Refill due         OVERDUE since 2026-05-" in shown("overdue", parts=("pump",))
    assert "Empty              SINCE 2026-06-" in shown("dry", parts=("pump",))


def test_a_residual_that_does_not_balance_says_so() -> None:
    text = shown("unbalanced", 110, parts=("pump",))
    assert "DOES NOT BALANCE; not explained" in text
    assert "UNCERTAIN" in text


def test_a_chart_without_a_pump_shows_none() -> None:
    text = shown("titrate")
    assert "THE PUMP" not in text
    assert words.BOXED not in text


def test_the_boxed_warning_stands_once_and_only_at_the_end() -> None:
    text = " ".join(shown("refill", 5000).split())
    assert text.count("Never let the reservoir run dry.") == 1
    assert text.index(words.BOXED + ":") < text.index(words.CLOSING)
    assert text.endswith(words.CLOSING)


@every_screen
@pytest.mark.parametrize("parts", [PARTS, ("findings",), ("plans", "refusals")])
def test_it_always_closes_with_what_it_is_not(name: str, parts: tuple[str, ...]) -> None:
    assert shown(name, 100, parts).endswith(words.CLOSING)


def test_a_watch_list_that_the_options_share_stands_once() -> None:
    text = " ".join(shown("adjust", 5000).split())
    assert "Option 3 of 3" in text
    assert text.count("The lowest dose with an adequate response is kept.") == 1


def test_a_watch_list_that_differs_stands_with_its_option() -> None:
    found = advised("adjust").as_dict()
    found["plans"][0]["watch"] = ["Only here."]
    text = shown(found, parts=("plans",))
    assert text.count("Watch:") == len(found["plans"])
    assert text.index("Only here.") < text.index("Option 2 of 3")


def test_a_refusal_stands_with_what_lifts_it() -> None:
    found = advised("emergency").as_dict()
    text = " ".join(shown(found, 5000, ("refusals",)).split())
    assert found["refusals"]
    for refusal in found["refusals"]:
        assert f"{refusal['why']} What lifts it: {refusal['lifts']}" in text


def test_tasks_stand_with_their_day() -> None:
    found = advised("refill").as_dict()
    text = shown(found, 5000, ("tasks",))
    assert found["tasks"]
    assert all(f"{task['by']}: {task['do']} ({task['because']})" in text for task in found["tasks"])
    assert words.sheet(found | {"now": "2030-01-01T00:00:00+00:00"}).chores[0].by.startswith("OVERDUE since ")


class Tty(io.StringIO):
    """A terminal that a person looks at."""

    def isatty(self) -> bool:
        return True


def test_colours_come_only_where_a_person_looks_on_and_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = shown("emergency")
    assert "\x1b" not in plain
    monkeypatch.setattr(sys, "stdout", Tty())
    coloured = shown("emergency")
    assert "\x1b[31m\x1b[1mSTOP\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in shown("emergency")


def test_a_terminal_of_few_letters_still_gets_the_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = shown("hostile")
    assert text.isascii()
    assert "M\\xfcller" in text
    assert not misread(text)


def test_characters_that_nobody_sees_never_reach_the_screen() -> None:
    found = advised("hostile").as_dict()
    found["person"]["name"] = "Eve\x1b[2J\u202e05 mg\x07"
    text = shown(found)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    assert "Eve [2J 05 mg" in text


def test_the_terminal_needs_no_templates() -> None:
    code = "import sys, eutonia.doors.terminal; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0

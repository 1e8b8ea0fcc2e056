"""The same dose written again, in whatever unit, changes nothing; two doses of one moment contradict each other."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eutonia
from eutonia.chart.facts import Facts
from eutonia.knowledge import book
from eutonia.pump import pump_state
from tests.charts import ORAL, PUMP, charts
from tests.hazards.answers import advise, finding, grade

_CONTINUOUS = re.compile(r"^(\S+ \S+) program continuous ([0-9.]+) mcg/day$")
NOW = "2026-05-02 09:00"


def _again(daily: str, form: int) -> str:
    """A continuous dose in other words: in mg, as a day of one rate, or letter for letter."""
    mcg = Decimal(daily)
    hourly = mcg / 24
    if form == 1:
        return f"program continuous {(mcg / 1000).normalize():f} mg/day"
    if form == 2 and hourly == hourly.quantize(Decimal("0.001")):
        return f"program day {hourly.normalize():f} mcg/h from 00:00, {hourly.normalize():f} mcg/h from 12:00"
    return f"program continuous {daily} mcg/day"


def _without_lines(answer: dict[str, Any]) -> str:
    kept = {key: answer[key] for key in ("findings", "plans", "refusals", "pump", "tasks")}
    return re.sub(r"line \d+", "line", repr(kept))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=charts(), form=st.integers(0, 2), which=st.integers(0, 5))
def test_a_dose_written_again_changes_no_finding_no_plan_and_no_date(
    drawn: tuple[str, datetime], form: int, which: int
) -> None:
    text, now = drawn
    lines = text.splitlines()
    places = [(n, found) for n, line in enumerate(lines) if (found := _CONTINUOUS.match(line))]
    if not places:
        return
    n, found = places[which % len(places)]
    if sum(line.startswith(f"{found[1]} program") for line in lines) > 1:
        return  # two programs of one moment: a line after them settles which one runs
    at = datetime.fromisoformat(found[1]) + timedelta(minutes=1)
    later = [line[:16] for line in lines[n + 1 :]]
    if at.day != (at - timedelta(minutes=1)).day or any(each <= f"{at:%Y-%m-%d %H:%M}" for each in later):
        return
    if now.replace(tzinfo=None) < at:
        return
    again = [*lines[: n + 1], f"{at:%Y-%m-%d %H:%M} {_again(found[2], form)}", *lines[n + 1 :]]
    try:
        so_far = pump_state(Facts(eutonia.read("\n".join(lines) + "\n"), at.replace(tzinfo=UTC), book("US")))
        if so_far is not None and so_far.gaps:
            return  # after a gap a program is a decision, also at the old dose
        before, after = eutonia.read(text), eutonia.read("\n".join(again) + "\n")
    except eutonia.ReadError:
        return
    one, two = (eutonia.advise(chart, now).as_dict(foresee=False) for chart in (before, after))
    assert _without_lines(one) == _without_lines(two), "\n".join(again)


@pytest.mark.parametrize(
    "again", ["continuous 120 mcg/day", "continuous 0.12 mg/day", "day 5 mcg/h from 00:00, 5 mcg/h from 12:00"]
)
def test_the_clock_of_the_dose_runs_from_its_first_line(again):
    first = PUMP + "2026-03-25 10:00 program continuous 120 mcg/day\n"
    one, two = (advise(text, NOW) for text in (first, first + f"2026-05-02 08:00 program {again}\n"))
    assert two["pump"]["program_since"] == one["pump"]["program_since"] == "2026-03-25T10:00:00+00:00"
    assert [plan["steps"][0]["at"] for plan in two["plans"]] == [plan["steps"][0]["at"] for plan in one["plans"]]


def test_the_old_dose_written_after_a_gap_ends_it_and_is_judged_by_the_restart_rule():
    # A program after a gap is the clinician's decision, asked for or not; above the rule it stays a stop while recent.
    gap = PUMP + "2026-04-01 10:00 device stall\n2026-04-10 10:00 device read out, no alarms\n"
    assert grade(advise(gap, "2026-04-11 09:00"), "gap") == "caution"
    again = gap + "2026-04-10 11:00 program continuous 100 mcg/day\n"
    assert finding(advise(again, NOW), "gap") is None
    assert finding(advise(again, "2026-04-11 09:00"), "gap") is None
    higher = again.replace("100 mcg/day", "300 mcg/day")
    assert grade(advise(higher, "2026-04-11 09:00"), "gap") == "stop"
    assert finding(advise(higher, NOW), "gap") is None


def test_an_override_of_a_dose_does_not_lapse_when_the_dose_is_written_again():
    chart = PUMP.replace("100 mcg/day", "250 mcg/day") + "2026-03-21 10:00 override pump-dose; by Dr X; because known\n"
    assert grade(advise(chart, NOW), "pump-dose") != "stop"
    again = chart + "2026-03-22 10:00 program continuous 0.25 mg/day\n"
    assert grade(advise(again, NOW), "pump-dose") != "stop"
    other = chart + "2026-03-22 10:00 program continuous 400 mcg/day\n"
    assert grade(advise(other, NOW), "pump-dose") == "stop"


@pytest.mark.parametrize("order", [("300", "100"), ("100", "300")])
def test_two_programs_of_one_moment_make_the_delivery_uncertain(order):
    lines = "".join(f"2026-04-01 10:00 program continuous {daily} mcg/day\n" for daily in order)
    answer = advise(PUMP.replace("100 mcg/day", "200 mcg/day") + lines, NOW)
    stop = finding(answer, "delivery")
    assert stop["grade"] == "stop"
    assert re.search(r"line \d+ and line \d+", stop["says"])
    assert answer["pump"]["daily_dose"]["value"] == 300  # the one that empties the reservoir sooner
    assert answer["pump"]["delivery_certain"] is False


def test_one_program_in_two_units_at_one_moment_is_no_contradiction():
    lines = "2026-04-01 10:00 program continuous 110 mcg/day\n2026-04-01 10:00 program continuous 0.11 mg/day\n"
    assert finding(advise(PUMP + lines, NOW), "delivery") is None


def test_two_fills_of_one_moment_name_both_lines():
    lines = "2026-05-01 10:00 refill 18 mL of 500 mcg/mL\n2026-05-01 10:00 refill 18 mL of 2000 mcg/mL\n"
    stop = finding(advise(PUMP + lines, NOW), "strength")
    assert stop["grade"] == "stop"
    assert re.search(r"line \d+ and line \d+", stop["says"])


def test_two_oral_regimens_of_one_moment_name_both_lines():
    lines = "2026-01-10 10:00 oral 10 mg three times a day\n2026-01-10 10:00 oral 20 mg three times a day\n"
    stop = finding(advise(ORAL + lines, "2026-01-11"), "oral-dose")
    assert stop["grade"] == "stop"
    assert re.search(r"line \d+ and line \d+", stop["says"])

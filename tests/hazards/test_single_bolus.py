"""A single bolus above what the screening showed to be tolerated: a stop, never offered and never scaled up (case 18)."""

from __future__ import annotations

import pytest

from tests.charts import PUMP
from tests.hazards.answers import advise, finding, grade, plans
from tests.in_use import case

SCREENED_50 = case("18")
VARIANTS = {
    "as it was": SCREENED_50,
    "with a continuous dose beside it": SCREENED_50.replaced(
        ("program bolus 300 mcg at 06:00", "program continuous 100 mcg/day; bolus 80 mcg at 06:00")
    ),
    "every few hours": SCREENED_50.replaced(("bolus 300 mcg at 06:00", "bolus 51 mcg every 12 h")),
    "above the scheme, no screening on the chart": SCREENED_50.replaced(
        ("2024-01-05 09:00 trial 50 mcg\n", ""),
        ("2024-01-05 17:00 response positive; lasted 6 h\n", ""),
        ("bolus 300 mcg", "bolus 101 mcg"),
    ),
    "the larger screening bolus was not tolerated": SCREENED_50.replaced(
        (
            "2024-01-05 17:00 response positive; lasted 6 h\n",
            "2024-01-05 17:00 response none\n2024-01-06 09:00 trial 75 mcg\n2024-01-06 12:00 symptom somnolence\n"
            "2024-01-06 17:00 response positive; lasted 6 h\n",
        ),
        ("bolus 300 mcg", "bolus 60 mcg"),
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_single_bolus_above_the_tolerated_one_is_a_stop_and_never_larger(name):
    answer = VARIANTS[name].answer()
    stop = finding(answer, "single-bolus")
    assert stop["grade"] == "stop"
    assert "adjust up" in stop["stops"]
    # Only the way down stays open.
    assert all(plan["option"].startswith("-") for plan in plans(answer, "adjust"))
    assert plans(answer, "refill") or plans(answer, "adjust")


@pytest.mark.parametrize(
    "program",
    ["bolus 50 mcg at 06:00, 14:00", "continuous 100 mcg/day; bolus 20 mcg at 06:00", "continuous 300 mcg/day"],
)
def test_a_bolus_of_the_tolerated_size_is_no_alarm(program):
    chart = SCREENED_50.replaced(("bolus 300 mcg at 06:00", program))
    assert finding(chart.answer(), "single-bolus") is None


def test_the_way_down_from_a_large_bolus_stays_open():
    answer = SCREENED_50.replaced(("request adjust up", "request adjust down")).answer()
    assert [plan["option"] for plan in plans(answer, "adjust")] == ["-10%", "-20%"]


OVERRIDE = "2025-12-10 12:00 override single-bolus; by Dr X; because borne for two years"


def test_an_override_lets_the_bolus_go_on_and_never_makes_it_larger():
    answer = SCREENED_50.with_lines(OVERRIDE).answer()
    assert grade(answer, "single-bolus") == "caution"
    assert plans(answer, "adjust") == []
    assert any("a single bolus of 330 mcg" in refusal["why"] for refusal in answer["refusals"])
    again = SCREENED_50.with_lines(OVERRIDE, "2025-12-11 10:00 program bolus 300 mcg at 06:00").answer()
    assert grade(again, "single-bolus") == "caution"
    larger = SCREENED_50.with_lines(OVERRIDE, "2025-12-11 10:00 program bolus 310 mcg at 06:00").answer()
    assert grade(larger, "single-bolus") == "stop"


def test_no_adjustment_makes_a_bolus_larger_than_the_tolerated_one():
    chart = PUMP.replace("continuous 100 mcg/day", "continuous 50 mcg/day; bolus 24 mcg at 06:00, 22:00")
    chart = chart.replace("trial 50 mcg", "trial 25 mcg")
    for plan in plans(advise(chart, "2026-03-25 10:00"), "adjust"):
        assert "bolus 24 mcg" in plan["program"] or plan["option"].startswith("-")

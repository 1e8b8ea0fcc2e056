"""A difference of the residual volume that reading and device explain is none; every larger one is (case 39)."""

from __future__ import annotations

import pytest

from tests.hazards.answers import finding, plans
from tests.in_use import case

READ = case("39")  # 0.6 mL delivered; 17.4 mL expected, 17.3 mL drawn


@pytest.mark.hazard("H37")
@pytest.mark.parametrize(
    "chart",
    [
        READ,
        READ.replaced(("residual 17.3 mL", "residual 17.8 mL")),
        READ.replaced(("continuous 100", "continuous 300"), ("residual 17.3 mL", "residual 16.6 mL")),
        READ.replaced(("SynchroMed II", "Other"), ("residual 17.3 mL", "residual 16.9 mL")),
    ],
    ids=["as it was", "more than expected", "another dose", "another device"],
)
def test_a_difference_below_half_a_millilitre_is_no_stop(chart):
    answer = chart.answer()
    assert finding(answer, "balance") is None
    assert answer["pump"]["residual_measured"]["balances"] is True
    assert plans(answer, "adjust")


@pytest.mark.hazard("H37")
@pytest.mark.parametrize(
    ("days", "measured", "balances"),
    [
        ("04", "16.8", False),  # 0.6 mL below the expected 17.4 mL
        ("04", "18", False),  # full: nothing was delivered
        ("31", "10.4", True),  # 12 mL expected of 6 mL delivered at 0.2 mL/day: 14.5 % is 0.87 mL
        ("31", "10.9", False),
    ],
)
def test_a_larger_difference_stops_a_change_of_dose(days, measured, balances):
    chart = READ.replaced(("2025-12-04 10:05 residual 17.3", f"2025-12-{days} 10:05 residual {measured}"))
    if days == "31":
        expected = 18 - 0.2 * 30
        chart = chart.replaced((f"residual {measured}", f"residual {round(expected - (0.85 if balances else 0.9), 2)}"))
    answer = chart.at(f"2025-12-{days} 12:00").answer()
    assert answer["pump"]["residual_measured"]["balances"] is balances
    assert (finding(answer, "balance") is None) is balances
    if not balances:
        assert "an assumption" in finding(answer, "balance")["basis"]
        assert plans(answer, "adjust") == []


@pytest.mark.hazard("H37")
def test_no_accuracy_excuses_more_than_two_millilitres():
    chart = READ.replaced(
        ("continuous 100", "continuous 300"), ("2025-12-04 10:05 residual 17.3", "2025-12-29 10:05 residual 3.3")
    )
    answer = chart.at("2025-12-29 12:00").answer()  # 1.2 mL expected of 16.8 mL delivered
    assert answer["pump"]["residual_measured"]["balances"] is False


@pytest.mark.hazard("H37")
def test_the_refill_plan_names_the_difference_that_the_finding_uses():
    (plan,) = plans(READ.at("2025-12-30 12:00").answer(), "refill")
    draw = next(step["says"] for step in plan["steps"] if step["do"] == "draw")
    assert "more than 0.8 mL" in draw  # 5.8 mL delivered

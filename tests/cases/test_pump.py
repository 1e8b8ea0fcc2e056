"""The pump on charts a clinic could have written: what is left, when it is due, what reaches the tip."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import eutonia
from eutonia.chart import Facts
from eutonia.knowledge import book
from eutonia.pump import pump_after, pump_state
from tests.charts import FILLED, PUMP, SCREENED


def pump(text: str, now: str) -> dict[str, Any]:
    found: dict[str, Any] = eutonia.advise(eutonia.read(text), now).as_dict(foresee=False)["pump"]
    return found


def findings(text: str, now: str) -> dict[str, dict[str, Any]]:
    return {f["id"]: f for f in eutonia.advise(eutonia.read(text), now).as_dict(foresee=False)["findings"]}


def test_what_is_left_is_the_fill_less_what_was_delivered() -> None:
    # 18 mL - 0.2 mL/day for 46 h 55 min - 0.24 mL/day for 40 days
    found = pump(
        PUMP + "2026-03-22 10:00 program continuous 96 mcg/day; bolus 12 mcg at 06:00, 22:00\n", "2026-05-01 10:00"
    )
    assert found["residual_ml"] == pytest.approx(18 - 0.2 * (46 + 55 / 60) / 24 - 0.24 * 40, abs=1e-6)
    assert found["daily_dose"] == {"value": 120, "unit": "ug/d"}
    assert found["rate_ml_day"] == 0.24
    assert found["mode"] == "periodic bolus"


@pytest.mark.carries("ITB-07")
def test_the_alarm_volume_governs_a_weak_solution_and_the_180_days_a_strong_one() -> None:
    weak = pump(PUMP, "2026-03-21")
    assert (weak["governed_by"], weak["refill_due"]) == ("reservoir", "2026-05-29T11:05:00+00:00")
    assert weak["low_reservoir_at"] == weak["refill_due"]
    assert weak["book_by"] == "2026-05-24T11:05:00+00:00"
    strong = pump(PUMP.replace("500 mcg/mL", "2000 mcg/mL"), "2026-03-21")
    assert (strong["governed_by"], strong["refill_due"]) == ("stability", "2026-09-16T11:00:00+00:00")


def test_the_end_of_service_is_a_date_of_its_own_and_not_of_the_refill() -> None:
    old = PUMP.replace("2026-03-20 10:00 implant", "2019-04-01 10:00 implant")
    found = pump(old, "2026-03-21")
    assert (found["governed_by"], found["refill_due"]) == ("reservoir", "2026-05-29T11:05:00+00:00")
    assert found["replacement_due"] == "2026-04-01T10:00:00+00:00"


def test_the_replacement_indicator_ends_the_battery_after_90_days() -> None:
    found = pump(PUMP.replace("500 mcg", "2000 mcg") + "2026-04-01 10:00 device replacement indicator\n", "2026-04-02")
    assert (found["governed_by"], found["replacement_due"]) == ("stability", "2026-06-30T10:00:00+00:00")


@pytest.mark.carries("TOX-01", "ITB-08")
def test_sixty_mcg_each_hour_comes_out_as_1440_mcg_daily_and_is_stopped() -> None:
    text = PUMP + "2026-03-22 10:00 program bolus 60 mcg every 1 h\n"
    assert pump(text, "2026-03-22 11:00")["daily_dose"] == {"value": 1440, "unit": "ug/d"}
    found = findings(text, "2026-03-22 11:00")["pump-dose"]
    assert found["grade"] == "stop"
    assert "1,440 mcg daily" in found["says"]
    assert "adjust" in found["stops"]


def test_the_ismp_error_is_stopped_also_as_the_first_program() -> None:
    found = findings(FILLED + "2026-03-20 11:05 program bolus 60 mcg every 1 h\n", "2026-03-20 12:00")["pump-dose"]
    assert found["grade"] == "stop"
    assert "start rule (100 mcg daily)" in found["says"]


def test_without_any_screening_on_the_chart_a_usual_first_program_is_not_an_error() -> None:
    transferred = "\n".join(line for line in PUMP.splitlines() if " trial " not in line and " response " not in line)
    text = transferred.replace("continuous 100", "continuous 600")
    assert "pump-dose" not in {i for i, f in findings(text, "2026-04-01").items() if f["grade"] == "stop"}
    assert findings(text.replace("600", "1440"), "2026-04-01")["pump-dose"]["grade"] == "stop"


@pytest.mark.carries("WD-03")
def test_drug_in_an_unprimed_line_reaches_the_tip_only_after_the_line_is_swept() -> None:
    found = pump(PUMP.replace("line 0.364 mL", "line 0.2 mL"), "2026-03-20 12:00")
    assert found["arrives_at"] == "2026-03-21T11:05:00+00:00"  # 0.2 mL, 500 mcg/mL, 100 mcg/day: 24 h
    primed = PUMP.replace("2026-03-20 11:05 program", "2026-03-20 11:02 prime 0.364 mL\n2026-03-20 11:05 program")
    assert pump(primed, "2026-03-20 12:00")["arrives_at"] == "2026-03-20T11:05:00+00:00"


def test_a_new_strength_is_at_the_tip_when_the_line_volume_has_flowed() -> None:
    text = PUMP.replace("100 mcg/day", "300 mcg/day") + (
        "2026-03-30 10:05 refill 18 mL of 2000 mcg/mL\n"
        "2026-03-30 10:05 program continuous 300 mcg/day; strength 2000 mcg/mL\n"
        "2026-03-30 10:05 bridge 182 mcg over 14.56 h\n"
    )
    found = pump(text, "2026-03-30 11:00")
    assert found["bridge_until"] == "2026-03-31T00:38:36+00:00"
    assert found["arrives_at"] == "2026-03-31T00:38:36+00:00"  # 0.364 mL at the old 0.6 mL/day: 14.56 h
    assert pump(text, "2026-04-01")["rate_ml_day"] == 0.15


def test_an_empty_reservoir_delivers_nothing_more_and_says_since_when() -> None:
    found = pump(PUMP, "2026-07-01")
    assert found["residual_ml"] == 0
    assert found["empty_at"] == "2026-06-18T11:05:00+00:00"
    late = findings(PUMP, "2026-07-01")["refill"]
    assert late["grade"] == "stop"
    assert "empty since 2026-06-18 11:05" in late["says"]


def test_a_residual_within_two_ml_and_the_accuracy_balances() -> None:
    assert "balance" not in findings(PUMP + "2026-05-01 11:05 residual 8.6 mL\n", "2026-05-01 12:00")
    assert pump(PUMP + "2026-05-01 11:05 residual 8.6 mL\n", "2026-05-01 12:00")["residual_measured"]["balances"]


@pytest.mark.carries("WD-03", "TOL-02")
@pytest.mark.parametrize("measured", ["17", "11.7", "7.5", "0"])
def test_a_residual_outside_the_balance_stops_every_change_of_dose_until_it_is_explained(measured: str) -> None:
    text = PUMP + f"2026-05-01 11:05 residual {measured} mL\n2026-05-01 11:06 request adjust up\n"
    found = findings(text, "2026-05-01 12:00")["balance"]
    assert found["grade"] == "stop"
    assert {"adjust", "strength change", "holiday", "restart"} <= set(found["stops"])
    assert "refill" not in found["stops"]
    explained = text + "2026-05-01 13:00 explained residual; kinked catheter replaced; by Dr X\n"
    again = findings(explained, "2026-05-01 14:00")["balance"]
    assert again["grade"] == "note"
    assert "kinked catheter replaced" in again["says"]


def test_the_accuracy_is_the_tighter_rule_when_little_was_delivered() -> None:
    # 8.4 mL should have left by now; 14.5 % of it is 1.218 mL
    inside = PUMP + "2026-05-01 11:05 residual 8.4 mL\n"
    outside = PUMP + "2026-05-01 11:05 residual 11 mL\n"
    assert "balance" not in findings(inside, "2026-05-02")
    assert findings(outside, "2026-05-02")["balance"]["grade"] == "stop"


def test_a_fill_written_twice_counts_once_and_is_named() -> None:
    text = PUMP + "2026-03-20 15:00 refill 18 mL of 500 mcg/mL\n"
    assert pump(text, "2026-04-01")["filled_at"] == "2026-03-20T11:00:00+00:00"
    assert "counted once" in findings(text, "2026-04-01")["record"]["says"]


def test_two_different_fills_within_a_day_leave_the_chamber_unknown() -> None:
    text = PUMP + "2026-03-20 15:00 refill 18 mL of 2000 mcg/mL\n"
    assert "two different fills" in findings(text, "2026-03-21")["strength"]["says"]
    assert findings(text, "2026-03-21")["strength"]["grade"] == "stop"


def test_a_strength_that_the_pump_was_not_told_is_a_fourfold_dose() -> None:
    text = PUMP + "2026-04-01 10:00 refill 18 mL of 2000 mcg/mL\n"
    found = findings(text, "2026-04-02")["strength"]
    assert (found["grade"], "4 times the dose" in found["says"]) == ("stop", True)


def test_a_chart_without_a_pump_has_no_pump_in_its_advice() -> None:
    assert pump(SCREENED, "2026-03-02") is None


def test_a_pump_that_was_never_filled_is_known_and_says_nothing_about_its_content() -> None:
    found = pump(SCREENED + "2026-03-20 10:00 implant SynchroMed II 20 mL\n", "2026-03-21")
    assert (found["device"], found["residual_ml"], found["refill_due"], found["strength"]) == (
        "SynchroMed II",
        None,
        None,
        None,
    )


@pytest.mark.carries("WD-01", "WD-02")
def test_a_stopped_pump_is_a_stop_finding_with_how_long() -> None:
    found = findings(PUMP + "2026-06-01 10:00 program stop\n", "2026-06-02 18:00")["pump-stopped"]
    assert found["grade"] == "stop"
    assert "32 h" in found["says"]
    assert "more than 2 months" in found["basis"]


def test_what_may_happen_to_a_pump_changes_nothing_of_what_has() -> None:
    """The chart is replayed once; each question gets a pump of its own, whatever was asked before."""
    chart = eutonia.read(PUMP + "2026-03-22 10:00 residual 17 mL\n")
    facts, fresh = (Facts(chart, chart.moment("2026-03-25 10:00"), book("US")) for _ in range(2))
    later = facts.now + timedelta(days=30)
    lines = eutonia.read(
        PUMP
        + "2026-03-26 10:00 emptied 3 mL\n2026-03-26 11:00 refill 18 mL of 2000 mcg/mL\n2026-03-26 12:00 program stop\n"
    )
    planned = [event for event in lines.events if event.at > facts.now]
    before, plan = pump_state(facts), pump_after(facts, planned, later)
    assert plan is not None
    assert plan != before
    assert pump_state(facts) == before == pump_state(fresh)
    assert pump_after(facts, planned, later) == plan == pump_after(fresh, planned, later)

"""The pump's arithmetic against worked examples that others printed, each with its source."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

import eutonia
from eutonia.chart import Facts
from eutonia.knowledge import book
from eutonia.pump import pump_state
from eutonia.pump.line import Line, bridge, missed_bridge, mixed
from eutonia.pump.reservoir import Reading
from eutonia.quantity import Quantity, rounded
from tests.charts import PUMP

LINE, DAILY = Quantity.read("0.364 mL"), Quantity.read("300 mcg/day")
WEAK, STRONG = Quantity.read("500 mcg/mL"), Quantity.read("2000 mcg/mL")


# evidence/intrathecal.md 3.1, 7: Vp 0.364 mL, 300 mcg/day.


def test_from_500_to_2000_the_bridge_is_182_mcg_over_14_56_h_at_0_6_ml_a_day() -> None:
    found = bridge(LINE, WEAK, DAILY)
    assert (found.dose, found.hours, found.rate_ml_day) == (
        Quantity.read("182 mcg"),
        Decimal("14.56"),
        Decimal("0.6"),
    )
    assert (str(found.dose.value), found.dose.unit.name, str(found.hours)) == ("182", "mcg", "14.56")


def test_left_out_the_patient_has_75_mcg_a_day_for_58_24_h_which_is_withdrawal() -> None:
    daily, hours = missed_bridge(LINE, WEAK, STRONG, DAILY)
    assert (daily, hours) == (Decimal(75), Decimal("58.24"))


def test_from_2000_to_500_the_bridge_is_728_mcg_over_58_24_h() -> None:
    found = bridge(LINE, STRONG, DAILY)
    assert (found.dose, found.hours, found.rate_ml_day) == (
        Quantity.read("728 mcg"),
        Decimal("58.24"),
        Decimal("0.15"),
    )


def test_left_out_the_patient_has_1200_mcg_a_day_for_14_56_h_which_is_an_overdose() -> None:
    daily, hours = missed_bridge(LINE, STRONG, WEAK, DAILY)
    assert (daily, hours) == (Decimal(1200), Decimal("14.56"))


def test_a_round_bridge_is_written_without_an_exponent() -> None:
    found = bridge(Quantity.read("0.2 mL"), WEAK, Quantity.read("100 mcg/day"))
    assert (str(found.dose.value), str(found.hours)) == ("100", "24")
    assert str(found.dose) == "100 mcg"


@pytest.mark.parametrize(("old", "new", "wrong"), [(500, 2000, 75.0), (2000, 500, 1200.0)])
def test_a_plug_in_the_line_gives_what_the_formulas_say(old: int, new: int, wrong: float) -> None:
    """The same answers by pushing drug through the line, minute by minute."""
    missed = Line.unfilled(0.364)
    missed.push(0.364, old)
    minutes = int(0.364 / (300 / new) * 1440)
    given = sum(missed.push(300 / new / 1440, new) for _ in range(minutes))
    assert given / minutes * 1440 == pytest.approx(wrong, rel=1e-9)


# evidence/intrathecal.md 3: Prometra's accumulator gives 2.5 mcL a pulse.


@pytest.mark.parametrize(("strength", "mcg"), [("500", "1.25"), ("1000", "2.5"), ("2000", "5")])
def test_one_click_of_a_prometra_is_2_5_microlitres(strength: str, mcg: str) -> None:
    pulse = Quantity.read(str(book().entry("device.prometra_ii.pulse").value))
    assert pulse.to("mL") * 1000 == Decimal("2.5")
    assert pulse.to("mL") * Decimal(strength) == Decimal(mcg)


# evidence/intrathecal.md 3.1, 3: dates of a refill.


def _state(volume: str, strength: str, daily: str, alarm: str = "2 mL"):  # type: ignore[no-untyped-def]
    text = (
        PUMP.replace("SynchroMed II 20 mL", "SynchroMed II 40 mL")
        .replace("alarm 4 mL", f"alarm {alarm}")
        .replace("18 mL of 500", f"{volume} mL of {strength}")
        .replace("100 mcg/day", f"{daily} mcg/day")
    )
    state = pump_state(Facts(eutonia.read(text), datetime(2026, 3, 21, tzinfo=UTC), book()))
    assert state is not None
    return state


def test_40_ml_of_2000_at_300_mcg_a_day_reach_2_ml_after_253_days_and_are_due_after_180() -> None:
    state = _state("40", "2000", "300")
    assert state.rate_ml_day == 0.15
    assert (state.low_at - datetime(2026, 3, 20, 11, 5, tzinfo=UTC)).days == 253
    assert state.due == (state.stability_end, "stability")
    assert (state.stability_end - state.fill.at).days == 180


def test_20_ml_of_500_at_600_mcg_a_day_last_15_days() -> None:
    state = _state("20", "500", "600")
    assert state.rate_ml_day == 1.2
    assert (state.low_at - datetime(2026, 3, 20, 11, 5, tzinfo=UTC)).days == 15
    assert state.due == (state.low_at, "reservoir")


# evidence/intrathecal.md 3.1, 4: 2 mL is the tighter rule where more than 13.8 mL (2/0.145) were delivered.


@pytest.mark.parametrize(
    ("delivered", "difference", "balances"),
    [
        (13.0, 13.0 * 0.145 - 0.001, True),
        (13.0, 13.0 * 0.145 + 0.001, False),
        (13.0, -13.0 * 0.145 + 0.001, True),
        (13.0, -13.0 * 0.145 - 0.001, False),
        (14.5, 2.0, True),
        (14.5, -2.0, True),
        (14.5, 2.001, False),
        (14.5, -2.001, False),
    ],
)
def test_the_balance_is_the_narrower_of_2_ml_and_14_5_percent(
    delivered: float, difference: float, balances: bool
) -> None:
    state = _state("40", "2000", "300")
    at = datetime(2026, 4, 1, tzinfo=UTC)
    assert state.balances(Reading(at, 40 - delivered + difference, 40 - delivered, delivered)) is balances


# evidence/intrathecal.md 3.1, 6: mixing, and rinsing n times.


def test_rinsing_multiplies_what_is_left_of_the_old_strength() -> None:
    strength = STRONG
    for _ in range(2):
        strength = mixed(Quantity.read("1 mL"), strength, Quantity.read("4 mL"), Quantity.read("0 mcg/mL"))
    assert strength.to("mcg/mL") == Decimal(2000) * (Decimal(1) / 5) ** 2


def test_an_unprimed_line_takes_43_7_h_at_100_mcg_a_day() -> None:
    hours = LINE.to("mL") / (Decimal(100) / 500) * 24
    assert rounded(hours, "0.1") == Decimal("43.7")
    state = pump_state(Facts(eutonia.read(PUMP), datetime(2026, 3, 21, tzinfo=UTC), book()))
    assert state is not None
    assert state.arrives_at is not None
    late = (state.arrives_at - datetime(2026, 3, 20, 11, 5, tzinfo=UTC)).total_seconds() / 3600
    assert late == pytest.approx(float(hours), abs=1 / 3600)

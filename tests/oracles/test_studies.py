"""The studies' answers another way: plugs of fluid pushed through a line, doses summed one by one, a pump on a chart."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import eutonia
from eutonia.body import plasma, tone
from eutonia.body.draws import normals
from eutonia.body.kinetics import concentrations
from eutonia.body.person import people
from eutonia.body.table import regimen
from eutonia.chart import Facts
from eutonia.cohort import bridge, refill, taper, titration
from eutonia.cohort.chunk import outcomes
from eutonia.cohort.study import Arm, Study, read_study
from eutonia.cohort.world import LEGS, LUMBAR, along, drip, infused
from eutonia.findings.kidney import kidney
from eutonia.knowledge import book
from eutonia.predict import intrathecal
from eutonia.predict.intrathecal import Given
from eutonia.pump import line, pump_state
from eutonia.quantity import Quantity

STUDIES = Path(__file__).parents[2] / "examples" / "studies"


def study(name: str) -> Study:
    return read_study((STUDIES / f"{name}.toml").read_text("utf-8"))


# --- a change of strength ---------------------------------------------------------------------------------------------


def pushed(volume: float, daily: float, old: float, new: float, told_ml: float) -> tuple[list[float], list[float]]:
    """(hours, mcg that had left the tip by then), every 36 s of a line that is filled with the old drug."""
    plugs = line.Line(deque([(volume, old)]))
    step, hours, left = 0.01, [0.0], [0.0]
    bridge_h = told_ml * old * 24.0 / daily
    for n in range(12_000):
        here = n * step
        # The flow during this step: at the old rate while the bridge runs, at the new one after it.
        before = min(max(bridge_h - here, 0.0), step)
        moved = daily / 24.0 * (before / old + (step - before) / new)
        left.append(left[-1] + plugs.push(moved, new))
        hours.append(here + step)
    return hours, left


@pytest.mark.parametrize("recorded", [0.0, 60.0, 100.0, 150.0])
@pytest.mark.parametrize(("old", "new"), [(500, 2000), (2000, 500), (1000, 2000)])
def test_what_leaves_the_tip_is_what_plugs_in_a_line_give(recorded: float, old: int, new: int) -> None:
    daily, volume = np.array([400.0, 650.0]), np.array([0.364, 0.2])
    given = {"from": float(old), "to": float(new)} | ({"line_recorded": recorded} if recorded else {})
    found = bridge.at_tip(daily, volume, Arm("a", "a", given))
    for p in range(2):
        hours, left = pushed(volume[p], daily[p], old, new, volume[p] * recorded / 100.0)
        ends = np.concatenate([[0.0], np.cumsum(found.hours[p]), [1e3]])
        rates = np.append(found.daily_mcg[p], daily[p])
        ours = [
            sum(r * (min(t, b) - a) / 24.0 for r, a, b in zip(rates, ends, ends[1:], strict=False) if t > a)
            for t in hours
        ]
        # Within the push in which a plug's end leaves, the sum is off by a part of that push.
        assert np.abs(np.array(ours) - left).max() < 4 * 0.01 * daily[p] / 24.0


def test_without_a_bridge_dose_and_hours_are_those_of_the_pump() -> None:
    found = bridge.at_tip(np.array([250.0]), np.array([0.25]), Arm("a", "a", {"from": 500.0, "to": 2000.0}))
    words = [Quantity.read(each) for each in ("0.25 mL", "500 mcg/mL", "2000 mcg/mL", "250 mcg/day")]
    assert line.missed_bridge(*words) == (Decimal("62.5"), Decimal(48))
    assert found.daily_mcg[0].tolist() == [62.5, 250.0]
    assert found.hours[0].tolist() == [48.0, 0.0]
    shipped = outcomes(study("missed-bridge"), 0, 3)
    assert np.allclose(shipped["500 to 2000, none"]["tip_percent"], 25.0, rtol=1e-9)
    assert np.allclose(shipped["2000 to 500, none"]["tip_percent"], 400.0, rtol=1e-9)
    # The drug too much or too little is the line's own: what it held less what it should have held.
    some = study("missed-bridge").drawn("line", 0, 3)
    assert np.allclose(shipped["500 to 2000, none"]["drug_off_mcg"], -some * 1500.0, rtol=1e-5)
    assert np.allclose(shipped["2000 to 500, none"]["drug_off_mcg"], some * 1500.0, rtol=1e-5)
    with_it = shipped["500 to 2000, bridge"]
    assert not with_it["wrong_hours"].any()
    assert np.abs(with_it["lumbar_change_percent"]).max() < 1e-9


def test_changes_of_the_rate_add_up_as_the_predictions_do() -> None:
    those = along(study("missed-bridge"), "T10", 5, 3, book())
    hours = np.arange(0.0, 48.0 + 0.125, 0.25)
    by = drip(those, hours)
    ours = infused(by, np.zeros(3), np.array([[2.0, 10.25]] * 3), np.array([[5.0, -3.0]] * 3))
    given = [Given(2.0, mcg_h=5.0), Given(10.25, mcg_h=-3.0)]
    theirs = intrathecal.course(those.spine, those.tip_cm, given, those.sites, hours)
    assert np.abs(ours - theirs).max() < 1e-9 * theirs.max()
    # Between two points of the grid a change is shared: against the same on a grid of which it is a point.
    fine = np.arange(0.0, 48.0 + 0.05, 0.05)
    between = infused(by, np.zeros(3), np.array([[2.1]] * 3), np.array([[5.0]] * 3))
    exact = intrathecal.course(those.spine, those.tip_cm, [Given(2.1, mcg_h=5.0)], those.sites, fine)[..., ::5]
    late = hours > 4.0
    assert np.abs(between[..., late] - exact[..., late]).max() < 2e-3 * exact.max()


def test_who_had_a_rate_for_long_is_where_a_month_of_it_leads() -> None:
    those = along(study("missed-bridge"), "T10", 0, 4, book())
    hours = np.arange(0.0, 721.0)
    by = drip(those, hours)
    steady = infused(by, np.full(4, 10.0), np.zeros((4, 0)), np.zeros((4, 0)))
    begun = intrathecal.course(those.spine, those.tip_cm, [Given(0.0, mcg_h=10.0)], those.sites, hours)
    assert np.allclose(steady[..., -1], begun[..., -1], rtol=1e-4)
    assert np.ptp(steady[:, LUMBAR], axis=1).max() == 0.0


# --- titration --------------------------------------------------------------------------------------------------------


def test_the_ladders_are_those_of_the_label() -> None:
    def daily(clearance: float, every: int, until: str) -> list[tuple[int, float]]:
        return [(each.day, sum(each.doses_mg)) for each in titration.ladder(clearance, every, until, book())]

    assert daily(120, 3, "usual low") == [(0, 15.0), (3, 30.0), (6, 40.0)]
    assert daily(120, 7, "ceiling") == [(0, 15.0), (7, 30.0), (14, 45.0), (21, 60.0), (28, 75.0), (35, 80.0)]
    assert daily(40, 3, "usual low") == [(0, 7.5), (3, 15.0), (6, 20.0)]  # a half
    assert daily(20, 3, "usual low") == [(0, 5.0), (3, 10.0), (6, 12.5)]  # a third of 40 is 13.3
    assert daily(65, 7, "usual low") == [(0, 10.0), (7, 20.0), (14, 25.0)]  # two thirds
    assert titration.ladder(120, 3, "usual low", book())[-1].doses_mg == (
        10.0,
        15.0,
        15.0,
    )  # whole tablets before halves
    assert len(titration.ladder(120, 3, "ceiling", book())[-1].doses_mg) == 4
    with pytest.raises(ValueError, match="write '3 days' or '7 days'"):
        titration.ladder(120, 5, "ceiling", book())


@pytest.mark.parametrize("clearance", [5.0, 29.9, 30.0, 30.1, 50.0, 50.1, 79.0, 80.0, 80.1, 140.0])
def test_a_band_stands_for_a_clearance_with_the_same_share(clearance: float) -> None:
    (stands,) = titration.band(np.array([clearance]), book())
    shares = [kidney(titration._facts(each, book())).share for each in (clearance, stands)]
    assert shares[0] == shares[1]


def test_levels_are_the_sum_of_single_doses() -> None:
    n, days = 6, 8
    kinetics = plasma.kinetics("adult", people(n, 60, 70, 45), normals("x", "kinetics", 0, n, plasma.ETAS), book())
    clearance = np.array([20.0, 40.0, 40.0, 65.0, 120.0, 20.0])
    times = np.arange(96 * days + 1) * 0.25
    ours, _ = concentrations(kinetics, titration.table(clearance, 3, "usual low", days, book()), times)
    for p in range(n):
        total = np.zeros(times.size)
        for step, after in zip(
            (steps := titration.ladder(clearance[p], 3, "usual low", book())), [*(s.day for s in steps[1:]), days], strict=True
        ):  # fmt: skip
            for day in range(step.day, after):
                for k, dose in enumerate(step.doses_mg):
                    at = 24.0 * day + 24.0 * k / len(step.doses_mg)
                    total += concentrations(kinetics, regimen(n, [dose], start_h=at), times)[0][p]
        assert np.allclose(ours[p], total, rtol=1e-9, atol=1e-9)


def test_at_the_end_the_average_is_the_daily_dose_over_the_clearance() -> None:
    shipped = study("titration-speed")
    world = titration.FAMILY.world(shipped, 0, 40, book())
    found = titration.FAMILY.run(shipped, shipped.arms[0], world, book())
    expected = 1e6 * 40.0 * world.kinetics.share / (1e3 * 24.0 * world.kinetics.clearance_l_h)
    assert np.allclose(found["last_average_ng_ml"], expected, rtol=2e-3)


def test_the_outcomes_of_levels_that_are_known() -> None:
    levels = np.zeros((3, 96 * 3 + 1))
    levels[0] = 100.0  # inside from the first day on
    levels[1, 96:] = 500.0  # above from the second day on
    levels[2] = np.arange(289) * 2.0  # inside on the second day only: averages 96, 288, 480 ... from 0 to 576
    found = titration.outcomes(levels, 3, book())
    assert found["days_to_therapeutic"][[0, 2]].tolist() == [1.0, 1.0]
    assert np.isnan(found["days_to_therapeutic"][1])
    assert found["therapeutic_at_end"].tolist() == [1.0, 0.0, 0.0]
    assert found["above_therapeutic"].tolist() == [0.0, 1.0, 1.0]
    assert found["hours_above_therapeutic"][1] == pytest.approx(48.0, abs=0.25)
    assert found["hours_above_therapeutic"][2] == pytest.approx((576 - 400) / 8)
    assert found["peak_ng_ml"].tolist() == [100.0, 500.0, 576.0]
    assert found["last_average_ng_ml"][2] == pytest.approx(480.0)
    assert not found["comatose_in_kidney_failure"].any()


# --- refills ----------------------------------------------------------------------------------------------------------


def pump(daily: list[float], flow: list[float]) -> refill.Flow:
    return refill.Flow(np.array(daily), 500.0, 20.0, np.array(flow))


def test_refills_of_a_year_by_hand() -> None:
    # 1 mL a day from 20 mL: the visit is on day 18, and the third one comes 4 days late.
    those = pump([500.0, 500.0, 500.0], [1.0, 1.1, 0.9])
    planned = refill.interval_days(those, 2.0, 0.0, book())
    assert planned.tolist() == [18.0] * 3
    late = [np.full(3, each) for each in (0.0, 0.0, 4.0, 0.0, 0.0)]
    found = refill.followed(those, planned, late, 60.0, book())
    # Visits on day 18, 36, 58; then two days up to day 60.  The true pump is empty after 20, 18.18 and 22.22 days.
    assert found["visits"].tolist() == [3.0] * 3
    assert found["dry_hours"] == pytest.approx([2 * 24.0, (22 - 20 / 1.1) * 24.0, 0.0])
    assert found["runs_dry"].tolist() == [1.0, 1.0, 0.0]
    assert found["dry_beyond_short"].tolist() == [0.0, 1.0, 0.0]  # 48 h and no longer counts as short
    assert found["wasted_days"] == pytest.approx([4.0, 2 * (20 - 19.8), 2 * (20 - 16.2) + (20 - 19.8)])
    assert found["least_left_ml"] == pytest.approx([0.0, 0.0, 0.2])
    assert np.isnan(found["dry_hours_if_dry"][2])


def test_what_is_cut_off_at_the_end_counts_up_to_the_end() -> None:
    those = pump([500.0], [1.0])
    found = refill.followed(those, np.array([18.0]), [np.array([40.0])], 30.0, book())
    assert found["dry_hours"] == pytest.approx([10 * 24.0])
    assert found["visits"].tolist() == [0.0]


def test_a_visit_never_waits_for_longer_than_the_drug_is_stable_nor_comes_the_same_day() -> None:
    those = refill.Flow(np.array([20.0, 12_000.0]), 500.0, 20.0, np.ones(2))
    assert refill.interval_days(those, 4.0, 5.0, book()).tolist() == [175.0, 1.0]


@pytest.mark.parametrize(("margin", "flag"), [(2.0, "alarm 2 mL"), (4.0, "alarm 4 mL")])
def test_the_day_of_the_visit_and_of_the_empty_pump_are_those_of_a_chart(margin: float, flag: str) -> None:
    chart = eutonia.read(
        "2026-01-01 person id S; born 1976-01-01; sex female\n"
        f"2026-01-01 08:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; {flag}\n"
        "2026-01-01 09:00 refill 20 mL of 500 mcg/mL\n2026-01-01 09:00 program continuous 460 mcg/day\n"
    )
    begun = chart.moment("2026-01-01 09:00")
    found = pump_state(Facts(chart, begun, book()))
    assert found is not None
    planned = refill.interval_days(pump([460.0], [1.0]), margin, 0.0, book())[0]
    assert timedelta(0) <= found.low_at - begun - timedelta(days=planned) < timedelta(days=1)
    dry = refill.followed(pump([460.0], [1.0]), np.array([30.0]), [np.zeros(1)], 30.0, book())["dry_hours"][0]
    assert begun + timedelta(hours=30 * 24.0 - dry) == pytest.approx(found.empty_at, abs=timedelta(minutes=1))


# --- withdrawal -------------------------------------------------------------------------------------------------------


def test_the_shapes_of_a_withdrawal_by_hand() -> None:
    floor = 12.0
    percent = taper.steps("taper constant percent", 400.0, 28, 0, book())
    doses = np.array([400.0, *(each.daily_mcg for each in percent)])
    assert (percent[-1].day, doses[-1]) == (28, 0.0)
    assert doses[-2] == pytest.approx(floor, abs=0.11)  # the plan rounds each dose up to a tenth
    share = (floor / 400.0) ** (1 / 28)
    assert np.allclose(doses[1:29], 400.0 * share ** np.arange(1, 29), atol=0.11)
    linear = taper.steps("taper linear", 400.0, 28, 0, book())
    assert np.allclose(np.diff([400.0, *(each.daily_mcg for each in linear[:-1])]), -(400.0 - floor) / 28)
    assert [each.day for each in linear] == list(range(29))
    weekly = taper.steps("taper in steps", 400.0, 28, 7, book())
    assert [each.day for each in weekly] == [0, 7, 14, 21, 28]
    assert np.allclose([each.daily_mcg for each in weekly[:-1]], 400.0 * (floor / 400.0) ** (np.arange(1, 5) / 4))
    assert taper.steps("stop at once", 400.0, 0, 0, book()) == (taper.Lowered(0, 0.0),)
    with pytest.raises(ValueError, match="write '21 days' or '28 days'"):
        taper.steps("taper constant percent", 400.0, 14, 0, book())


def test_after_a_stop_everything_goes_within_days_as_the_predictions_say() -> None:
    shipped = study("taper-shape")
    found = outcomes(shipped, 0, 8)["stopped at once"]
    those = along(shipped, "T10", 0, 8, book())
    hours = np.arange(0.0, 961.0)
    given = [Given(0.0, mcg_h=400.0 / 24.0), Given(720.0, mcg_h=-400.0 / 24.0)]
    legs = intrathecal.course(those.spine, those.tip_cm, given, those.sites, hours)[:, LEGS, 720:]
    assert np.allclose(found["cord_fall_percent"], 100.0 * (1.0 - legs[:, 24] / legs[:, 0]), rtol=1e-3)
    reflex = tone.reflex(legs, those.answers)
    # The cord empties from the first hour on; the reflex waits until little is left.
    expected = 100.0 * np.max([reflex[:, t + 24] - reflex[:, t] for t in range(200)], axis=0)
    assert np.allclose(found["occupancy_fall_percent"], expected, rtol=1e-3)
    assert (expected > 100.0 * (reflex[:, 24] - reflex[:, 0])).any()
    assert (found["days_with_effect"] < 2.0).all()


def test_a_step_within_the_rule_is_not_called_beyond_it() -> None:
    found = outcomes(study("taper-shape"), 0, 2)
    # The last of its steps, from 13.7 to 12 mcg daily: a tenth of a mcg is most of a percent there.
    assert found["constant percent, 28 days"]["largest_step_percent"] == pytest.approx(100 * (1 - 12 / 13.7), abs=0.01)
    beyond = {arm: each["beyond_the_rule"][0] for arm, each in found.items()}
    assert beyond == {
        "constant percent, 28 days": 0.0, "constant percent, 21 days": 0.0, "linear, 28 days": 1.0,
        "weekly steps, 28 days": 1.0, "stopped at once": 1.0,
    }  # fmt: skip


# --- what the page says of the four -----------------------------------------------------------------------------------


def medians(name: str, people: int) -> dict[str, dict[str, float]]:
    """By outcome and arm: the median, or the share of people where it is yes or no."""
    shipped = study(name)
    found = outcomes(shipped, 0, people)
    return {
        each: {
            arm: float((np.mean if shipped.family.outcomes[each].yes_or_no else np.nanmedian)(those[each]))
            for arm, those in found.items()
        }
        for each in shipped.outcomes
    }


def test_the_pace_of_a_titration_does_not_change_its_peak_and_the_dose_does() -> None:
    found = medians("titration-speed", 512)
    full3, full7, by3, by7 = found["peak_ng_ml"]
    assert found["peak_ng_ml"][full3] == pytest.approx(found["peak_ng_ml"][full7], rel=1e-6)
    assert found["hours_above_therapeutic"][full7] < found["hours_above_therapeutic"][full3]
    assert found["above_therapeutic"][by3] < 0.05 < 0.5 < found["above_therapeutic"][full3]
    assert 1 < found["days_to_therapeutic"][by3] - found["days_to_therapeutic"][full3] < 7
    assert 4 < found["days_to_therapeutic"][by7] - found["days_to_therapeutic"][full7] < 8


def test_too_little_is_felt_by_more_people_than_too_much() -> None:
    found = medians("missed-bridge", 96)
    assert found["tone_noticed"]["500 to 2000, none"] > 5 * found["tone_noticed"]["2000 to 500, none"]
    assert found["lumbar_change_percent"]["500 to 2000, none"] == pytest.approx(-75, abs=2)
    assert found["tip_percent"]["500 to 2000, line recorded a fifth too large"] == pytest.approx(400)


def test_a_larger_margin_and_an_earlier_visit_keep_pumps_from_running_dry_and_waste_drug() -> None:
    found = medians("refill-margin", 4000)
    dry, wasted, visits = (list(found[each].values()) for each in ("runs_dry", "wasted_days", "visits"))
    assert dry[3] < min(dry[1], dry[2]) < max(dry[1], dry[2]) < dry[0]
    assert wasted[3] > max(wasted[1], wasted[2]) > min(wasted[1], wasted[2]) > wasted[0]
    assert visits[3] >= visits[0]


def test_a_constant_percentage_loses_least_of_the_reflex_and_a_line_least_drug() -> None:
    found = medians("taper-shape", 96)
    percent, _, linear, weekly, once = found["cord_fall_percent"]
    assert found["cord_fall_percent"][linear] < found["cord_fall_percent"][percent] < found["cord_fall_percent"][weekly]
    reflex = found["occupancy_fall_percent"]
    assert reflex[percent] < reflex[linear] < reflex[weekly] < reflex[once]
    assert reflex[weekly] > 3 * reflex[percent]

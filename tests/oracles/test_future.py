"""What a prediction is made of, another way: event tables, exact courses of the cord, an ODE solver, plain recursion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import eutonia
from eutonia.body import dependence
from eutonia.body.kinetics import concentrations
from eutonia.body.neuraxis import Sites, vertebra_cm
from eutonia.body.table import event_table
from eutonia.chart import Facts
from eutonia.chart import event as e
from eutonia.chart.orders import Regimen, read_program, read_regimen
from eutonia.knowledge import book
from eutonia.predict import given
from eutonia.predict.answers import places
from eutonia.predict.future import _Someone
from eutonia.predict.given import Doses, Grid, doses, past
from eutonia.predict.intrathecal import course as exact_course
from eutonia.predict.intrathecal import delivered
from eutonia.predict.patient import Patient, legs, patient
from eutonia.predict.spread import quantiles
from eutonia.pump import pump_state
from tests.cases.test_facts import FAILED, PUMP, WELL

Floats = NDArray[np.float64]
NOW = datetime(2026, 4, 1, 8, tzinfo=UTC)
PUMPED = WELL + FAILED + PUMP


def asked(text: str, now: datetime = NOW) -> tuple[_Someone, Facts]:
    facts = Facts(eutonia.read(text.lstrip("\n")), now, book())
    pump = pump_state(facts)
    who = patient(facts, pump, by_mouth=True, in_spine=pump is not None)
    assert isinstance(who, Patient)
    return _Someone(who, facts, pump, timedelta(days=1), ["mouth", "tip", "puncture"]), facts


def test_tablets_give_the_plasma_of_the_event_table_at_the_same_doses() -> None:
    answers, facts = asked(
        WELL + "2026-03-01 oral 10 mg three times a day\n2026-03-30 08:00 oral 20 mg four times a day\n"
    )
    grid = answers.grid(NOW + timedelta(days=3))
    swallowed = doses(facts, (), grid)
    found = answers.levels(swallowed, grid)[0]
    taken = np.flatnonzero(swallowed.mouth_mg)
    ends = (np.arange(grid.points) + 1 + grid.memory) * grid.step_h
    people, every = len(answers.who), taken.size + grid.points
    rows = np.argsort(np.concatenate([taken * grid.step_h, ends]), kind="stable")

    def column(doses_: Floats, points: Floats) -> Floats:
        return np.tile(np.concatenate([doses_, points])[rows], people)

    table = event_table(
        {
            "ID": np.repeat(np.arange(people), every),
            "TIME": column(taken * grid.step_h, ends),
            "AMT": column(swallowed.mouth_mg[taken], np.zeros(grid.points)),
            "EVID": column(np.ones(taken.size), np.zeros(grid.points)),
            "CMT": column(np.ones(taken.size), np.full(grid.points, 2.0)),
        }
    )
    _, observed = concentrations(answers.who.kinetics, table)
    expected = observed[table.observed].reshape(people, grid.points)
    # The spine takes a little of it up, and doses of more than a week ago no longer count.
    assert np.abs(found - expected).max() < 0.015 * expected.max()
    assert swallowed.mouth_mg.sum() == pytest.approx(30 * 6 + 80 * 5, abs=80)


@pytest.mark.parametrize("program", ["continuous 300 mcg/day", "continuous 96 mcg/day; bolus 12 mcg at 06:00, 22:00"])
def test_what_the_pump_brings_gives_the_levels_of_the_exact_course(program: str) -> None:
    # Begun at midnight of the pump's day, through a line that was filled: drug is at the tip at once.
    begin = datetime(2026, 3, 31, tzinfo=UTC)
    text = PUMPED + f"2026-03-20 12:00 prime 0.364 mL\n2026-03-31 00:00 program {program}\n"
    answers, facts = asked(text, begin + timedelta(days=2))
    grid = Grid(begin, timedelta(hours=0.5), 96, 336)
    found = answers.levels(doses(facts, (), grid), grid)
    at = np.full(len(answers.who), 0.0) + vertebra_cm("T10", book()) * answers.who.spine.length_cm / 60
    seen = places(book(), "T10")
    sites = Sites(
        np.repeat(seen.fluid, len(answers.who), axis=0), np.repeat(seen.tissue, len(answers.who), axis=0), seen.plasma
    )
    exact = exact_course(
        answers.who.spine, at, delivered(read_program(program.split("; ")), 2.0), sites, np.arange(97) * 0.5
    )[..., 1:]
    for site, name in enumerate(("plasma", "lumbar", "cistern", "cord")):
        here, there = found[site], exact[:, site]
        if "bolus" in program:
            # A bolus is kept to the half hour it comes in: what it adds up to is the same, its sharp beginning is not.
            here, there = here[:, 48:].mean(axis=1, keepdims=True), there[:, 48:].mean(axis=1, keepdims=True)
        worst = np.quantile(np.abs(here - there).max(axis=1) / there.max(axis=1), 0.9)
        assert worst < (0.03 if "bolus" in program else 0.01), name


def test_drug_is_conserved_on_the_grid() -> None:
    text = PUMPED + "2026-03-20 12:00 prime 0.364 mL\n2026-03-20 12:05 program continuous 240 mcg/day\n"
    _, facts = asked(text)
    grid = Grid(NOW - timedelta(days=1), timedelta(hours=0.5), 240, 100)
    further = [e.Event(NOW + timedelta(hours=7, minutes=13), e.Trial(eutonia.read(PUMPED + "2026-03-25 trial 75 mcg\n".lstrip()).by_kind[e.Trial][0].what.dose), "later")]  # fmt: skip
    found = doses(facts, further, grid)
    assert found.tip_mcg.sum() == pytest.approx(240 / 24 * 0.5 * 340, rel=1e-9)
    assert found.puncture_mcg.sum() == 75.0
    stopped = found.stopped(grid, NOW)
    assert stopped.tip_mcg.sum() == pytest.approx(240 / 24 * (50 + 24), rel=1e-9)
    assert stopped.puncture_mcg.sum() == 0.0


def test_the_hours_of_a_regimen_are_those_it_names_through_summer_time() -> None:
    text = (WELL + "2026-03-01 oral 10 mg in the morning + 5 mg at bedtime\n").lstrip("\n")
    chart = eutonia.read(text, "Europe/Berlin")
    facts = Facts(chart, datetime(2026, 4, 1, 6, tzinfo=UTC), book())
    grid = Grid(datetime(2026, 3, 28, tzinfo=UTC), timedelta(hours=1), 72, 24)
    found = doses(facts, (), grid).mouth_mg
    hours = [(grid.begin + (n - 24) * grid.step).astimezone(chart.home).hour for n in np.flatnonzero(found)]
    assert hours == [8, 22] * 4
    assert found.sum() == 15 * 4


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("10 mg three times a day", [8, 15, 22]),
        ("10 mg four times a day", [8, 8 + 14 / 3, 8 + 28 / 3, 22]),
        ("10 mg every 8 h", [0, 8, 16]),
        ("10 mg once a day", [8]),
        ("10 mg at 06:30 + 5 mg at noon", [6.5, 13]),
    ],
)
def test_doses_lie_at_their_hours(text: str, hours: list[float]) -> None:
    regimen: Regimen = read_regimen(text)
    found = [hour for part in regimen.parts for hour in given.clock_hours(part, book())]
    assert found == pytest.approx(hours)


def test_what_follows_slowly_is_what_plain_recursion_gives_even_where_exponentials_would_overflow() -> None:
    rng = np.random.default_rng(5)
    towards, begin = rng.uniform(0, 1, (3, 2000)), rng.uniform(0, 1, 3)
    time = np.array([1000.0, 48.0, 0.4])
    found = dependence.followed(towards, 0.5, time, begin)
    value = begin.copy()
    for n in range(2000):
        assert found[:, n] == pytest.approx(value, rel=1e-9)
        value = towards[:, n] + (value - towards[:, n]) * np.exp(-0.5 / time)


def test_tolerance_and_withdrawal_follow_their_equations() -> None:
    answers, _ = asked(PUMPED + "2026-03-20 12:00 prime 0.364 mL\n2026-03-20 12:05 program continuous 400 mcg/day\n")
    grid = answers.grid(NOW + timedelta(days=6))
    nothing = np.zeros(grid.memory + grid.points)
    flow = nothing.copy()
    flow[: grid.memory + 48] = 400 / 24 * grid.step_h
    found = answers.course(Doses(nothing, flow, nothing), grid)
    p, people = 7, answers.who.adapts
    cord, hours = found.levels[3, p], grid.step_h * np.arange(grid.points)
    assert answers.who.answers is not None
    c50 = answers.who.answers.c50_ng_ml[p]

    def rates(t: float, state: Floats) -> list[float]:
        c = cord[min(int(t / grid.step_h + 1e-9), cord.size - 1)]
        tolerance, used = state
        return [
            (people.tolerance_most[p] * c / (c + c50) - tolerance) / people.tolerance_time_h,
            (c / (c + c50 * (1 + tolerance)) - used) / people.withdrawal_time_h[p],
        ]

    start = [answers._tolerant[p], answers._used_to[p]]
    solved = solve_ivp(rates, (0, hours[-1]), start, t_eval=hours, rtol=1e-8, atol=1e-10, max_step=grid.step_h / 2).y
    occupied = cord / (cord + c50 * (1 + solved[0]))
    assert found.rebound[p] == pytest.approx(people.rebound * np.maximum(solved[1] - occupied, 0), abs=2e-3)
    assert found.rebound[p, -1] > 0.05
    assert np.all(np.diff(solved[0][:40]) >= 0)


def test_the_past_of_years_counts_by_its_steady_levels() -> None:
    text = (
        WELL + "2024-01-01 oral 10 mg three times a day\n2025-01-01 oral stop\n2025-07-01 oral 20 mg four times a day\n"
    )
    _, facts = asked(text)
    found = past(facts, NOW)
    for dose, days in ((30, 366), (0, 181), (80, (NOW - datetime(2025, 7, 1, tzinfo=UTC)).days)):
        assert found.lasting_h[found.mouth_mg == dose].sum() / 24 == pytest.approx(days, abs=1)
    assert not found.pump_mcg.any()


def test_a_pump_that_ran_dry_gave_nothing_since_and_one_never_filled_on_the_chart_gave_its_program() -> None:
    text = PUMPED + "2026-03-20 12:00 prime 0.364 mL\n2026-03-20 12:05 program continuous 300 mcg/day\n"
    dry = datetime(2026, 6, 1, tzinfo=UTC)  # nine milligrams last thirty days
    _, facts = asked(text, dry)
    found = past(facts, dry)
    assert (found.pump_mcg * found.lasting_h).sum() / 24 == pytest.approx((18 - 0.364) * 500, rel=0.01)
    assert (found.pump_mcg[-3:] == 0).all()
    before = "2026-01-01 09:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10\n2026-01-01 10:00 program continuous 150 mcg/day\n"
    _, facts = asked(WELL + before + "2026-03-25 09:00 refill 18 mL of 500 mcg/mL\n")
    found = past(facts, NOW)
    assert found.pump_mcg[0] == 150


def test_the_tone_comes_back_where_its_average_does_and_not_between_two_doses() -> None:
    people = dependence.adaptation(np.zeros((3, dependence.ETAS)), book())
    gain = np.full((3, 97), 0.5)
    gain[1, 30:90] = 0.95  # 30 h
    gain[2, ::3] = 1.0
    assert list(dependence.comes_back(gain, people, 48)) == [False, True, False]
    assert list(dependence.comes_back(gain[:, :10], people, 48)) == [False, False, False]


@pytest.mark.parametrize(
    ("line", "score"),
    [
        ("ashworth legs 3", 3.0), ("modified ashworth legs 3", 4.0), ("modified ashworth legs 1+", 2.5),
        ("modified ashworth legs 0", 1.0), ("ashworth left leg 2; right leg 4", 3.0), ("ashworth arms 3", None), ("penn 2", None),
    ],
)  # fmt: skip
def test_scores_are_read_on_one_scale(line: str, score: float | None) -> None:
    (event,) = eutonia.read(f"2026-01-01 person id A\n2026-01-02 score {line}\n").by_kind[e.Score]
    assert legs(event.what) == score


@pytest.mark.parametrize("people", [1, 2, 7, 200])
def test_quantiles_are_numpys(people: int) -> None:
    values = np.random.default_rng(3).lognormal(size=(people, 4, 5))
    shares = (0.0, 0.05, 0.25, 0.5, 0.95, 1.0)
    assert quantiles(values, shares) == pytest.approx(np.quantile(values, shares, axis=0), rel=1e-12)

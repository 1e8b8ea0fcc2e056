"""A program along the spine: the sum of shifted answers, against the dense exponential taken piece by piece."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from eutonia.body import tone
from eutonia.body.draws import normals
from eutonia.body.neuraxis import BOLUS_CM, CELLS, INFUSION_CM, injected, vertebra_cm
from eutonia.chart.orders import read_program
from eutonia.knowledge import book
from eutonia.predict.intrathecal import Given, along_the_spine, course, delivered
from tests.oracles.test_neuraxis import drawn, everywhere, matrix

PROGRAMS = (
    "continuous 100 mcg/day",
    "continuous 96 mcg/day; bolus 12 mcg at 06:00, 22:00",
    "bolus 10 mcg every 6 h",
    "bolus 10 mcg at 06:10 over 25 min",
    "day 4 mcg/h from 00:00, 6.5 mcg/h from 08:20, 3 mcg/h from 20:00",
)


@pytest.mark.parametrize("text", PROGRAMS)
def test_every_program_is_what_the_dense_exponential_gives_piece_by_piece(text: str) -> None:
    someone = drawn(1)
    at = np.array([vertebra_cm("T10", book())])
    grid = np.arange(0.0, 48.01, 0.5)
    given = delivered(read_program(text.split("; ")), 2.0)
    found = course(someone, at, given, everywhere(1), grid)[0]
    a, room = matrix(someone, 0)
    size = a.shape[0]
    profile = np.zeros(size)
    bolus = profile.copy()
    profile[:CELLS] = injected(someone, at, INFUSION_CM)[0] / room[:CELLS]
    bolus[:CELLS] = injected(someone, at, BOLUS_CM)[0] / room[:CELLS]
    seen = [*range(CELLS), *(CELLS + 3 * i + 1 for i in range(CELLS)), CELLS * 4]
    state, now, rate, peak = np.zeros(size), 0.0, 0.0, found.max()
    # A bolus of a grid moment is in the value of that moment.
    happens = sorted({*grid, *(each.at_h for each in given if each.at_h <= 48)})
    steps: dict[float, np.ndarray] = {}
    for t in happens:
        h = round(t - now, 9)
        if h > 0:
            driven = np.zeros((size + 1, size + 1))
            driven[:-1, :-1], driven[:-1, -1] = a, profile
            if h not in steps:
                steps[h] = expm(driven * h)
            state = (steps[h] @ np.append(state, rate))[:-1]
            now = t
        for each in given:
            if each.at_h == t:
                state = state + each.mcg * bolus
                rate += each.mcg_h
        if t in grid:
            assert np.abs(found[:, round(t * 2)] - 1e3 * state[seen]).max() < 3e-8 * peak, t


def test_what_is_delivered_adds_up_to_the_daily_dose() -> None:
    for text in PROGRAMS:
        program = read_program(text.split("; "))
        given = delivered(program, 3.0)
        total = sum(each.mcg + each.mcg_h * (72.0 - each.at_h) for each in given if each.at_h <= 72.0)
        assert total == pytest.approx(3 * float(program.daily.to("mcg/day")), abs=3e-3), text


def test_the_tone_follows_the_reflex_as_its_equation_says() -> None:
    people = tone.sensitivity(np.zeros((1, tone.ETAS)), 3.0, book())
    hours = np.linspace(0, 12, 25)
    h = 0.5 + 0.5 * np.cos(hours)[None]
    found = tone.tone(h, hours, people)[0]
    # The reflex is straight between the times, for the solver too.
    run = solve_ivp(
        lambda t, y: people.pace_h * (np.interp(t, hours, h[0]) - y), (0, 12), h[:, 0], "RK45", hours, rtol=1e-9, atol=1e-11, max_step=0.05
    )  # fmt: skip
    assert np.allclose(found, run.y[0], atol=2e-5)
    assert tone.ashworth(np.ones((1, 1)), people)[0, 0] == 3.0
    assert tone.ashworth(np.zeros((1, 1)), people)[0, 0] == 1.0
    assert tone.reflex(np.array([[0.0, 52.0]]), people)[0].tolist() == [1.0, 0.5]


def mean(found: object, *path: str | float) -> float:
    for each in path:
        found = found[each] if isinstance(found, dict) else getattr(found, str(each))
    return float(found.mean)  # type: ignore[attr-defined]


def test_what_each_reflex_counts_in_the_last_tone_adds_up_to_that_tone() -> None:
    people = tone.sensitivity(normals("shares", "effect", 0, 20, tone.ETAS), 4.0, book())
    hours = np.arange(24) * 0.5
    h = np.random.default_rng(1).uniform(0.05, 1.0, (20, 24))
    counts = tone.shares(hours, people)
    assert counts.sum(axis=1) == pytest.approx(1.0, rel=1e-12)
    assert (counts * h).sum(axis=1) == pytest.approx(tone.tone(h, hours, people)[:, -1], rel=1e-12)


def test_a_trial_bolus_works_as_it_was_observed_to() -> None:
    found = along_the_spine([Given(0.0, mcg=50, spread_cm=3.0)], book(), puncture=True, baseline=3.3, count=2000)
    # H/M left after 50 mcg by puncture: 0.23 at 1 h (0.50 elsewhere); Ashworth legs 3.3 -> 1.4 (0.7) at 6 h in stroke.
    assert 0.23 * 0.75 <= mean(found, "h_m", 1.0) <= 0.50
    assert mean(found, "ashworth", 6.0) == pytest.approx(1.4, abs=0.7)
    assert mean(found, "csf", "half_life_h") == pytest.approx(1.5, rel=0.4)
    assert 13 <= mean(found, "csf", "clearance_ml_h") <= 80
    assert found.responders > 0.5  # type: ignore[union-attr]


def test_steady_infusion_leaves_the_reflex_that_stokic_measured() -> None:
    typical = {30: 0.75, 70: 0.50, 110: 0.25}
    for dose, left in typical.items():
        program = read_program([f"continuous {dose} mcg/day"])
        found = along_the_spine(delivered(program, 4), book(), hours=96, ask_h=[96.0], count=1000)
        assert found.h_m[96.0].p50 == pytest.approx(left, rel=0.25)  # type: ignore[union-attr]
    plasma = along_the_spine(delivered(read_program(["continuous 600 mcg/day"]), 4), book(), hours=96, ask_h=[96.0])
    assert mean(plasma, "plasma", "average_ng_ml") <= 5  # the label


def test_a_dose_twice_as_large_gives_twice_the_levels_and_never_less_effect() -> None:
    one, two = (along_the_spine([Given(0.0, mcg=mcg)], book(), count=300, baseline=3.0) for mcg in (25.0, 50.0))
    for name in ("lumbar_ng_ml", "cisternal_ng_ml"):
        assert mean(two, "csf", name) == pytest.approx(2 * mean(one, "csf", name), rel=1e-9)
    for hour in (1.0, 4.0, 6.0):
        assert mean(two, "h_m", hour) < mean(one, "h_m", hour)
        assert mean(two, "ashworth", hour) < mean(one, "ashworth", hour)


def test_children_are_unknown_and_said_to_be() -> None:
    found = along_the_spine([Given(0.0, mcg=50)], book(), age_years=9)
    assert "children" in found.why  # type: ignore[union-attr]


def test_a_score_is_a_step_of_the_scale_blurred_as_its_logistic_says() -> None:
    expected = np.array([1.0, 2.0, 3.3, 5.0])
    found = tone.scored(expected, np.zeros((4, tone.ETAS)), book())
    assert found.sum(axis=1) == pytest.approx(np.ones(4), rel=1e-12)
    cuts = [1.5, 2.5, 3.5, 4.5]
    for row, at in zip(found, expected, strict=True):
        below = [0.0, *(1 / (1 + np.exp(-(cut - at) / 0.3)) for cut in cuts), 1.0]
        assert row == pytest.approx(np.diff(below), rel=1e-12)
    # At its floor a scale has nowhere to go: the mean score lies above what is expected.
    assert found[0] @ np.arange(1, 6) > 1.0
    higher = tone.scored(expected, np.tile([0.0, 0.0, 0.0, 2.0], (4, 1)), book())
    assert (higher @ np.arange(1, 6) > found @ np.arange(1, 6)).all()


def test_spasms_go_as_the_tone_goes() -> None:
    assert tone.penn(np.array([[1.0, 0.5, 0.0]]), 3.0, book()) == pytest.approx(np.array([[3.0, 3 * 0.5**0.9, 0.0]]))

"""The answers of a whole population by numpy, against the compiled ones, the dense exponential and the plasma engine."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from eutonia.body import compiled, neuraxis, plasma
from eutonia.body.draws import normals
from eutonia.body.kinetics import concentrations
from eutonia.body.neuraxis import CELLS, CISTERN, Sites, Spine, injected
from eutonia.body.person import people
from eutonia.body.responses import Source, areas, responses
from eutonia.body.table import regimen
from eutonia.knowledge import book
from tests.oracles.test_neuraxis import drawn, matrix

Floats = NDArray[np.float64]
HOURS = np.arange(1, 337) * 0.5


def sites(count: int) -> Sites:
    """A lumbar cell, the cistern, the cord behind some cells, plasma."""
    fluid, tissue = np.zeros((count, 4, CELLS)), np.zeros((count, 4, CELLS))
    fluid[:, 0, 12] = fluid[:, 1, CISTERN] = 1.0
    tissue[:, 2, 20:28] = 1 / 8
    return Sites(fluid, tissue, np.array([0.0, 0.0, 0.0, 1.0]))


def at(someone: Spine, cm: float, spread: float) -> Floats:
    return injected(someone, np.full(len(someone), cm), spread)


@pytest.mark.parametrize("mixing", ["fast", "slow", "mixture"])
def test_a_population_at_once_is_what_the_compiled_solve_gives_each_person(mixing: str) -> None:
    someone = drawn(20, mixing)
    asked = [Source(at(someone, 14.0, 3.0)), Source(at(someone, 30.0, 0.7), steady=True)]
    found = responses(someone, asked, sites(20), HOURS)
    for k, source in enumerate(asked):
        assert source.fluid is not None
        one = compiled.responses(someone, source.fluid[:, None], sites(20), HOURS, steady=source.steady)[:, 0]
        peak = one.max(axis=2, keepdims=True)
        assert np.abs(np.moveaxis(found[k], 0, 1) - one).max() < 2e-4 * peak.max()
        assert (np.abs(np.moveaxis(found[k], 0, 1) - one) < 2e-3 * peak).all()


def test_drug_in_plasma_reaches_the_spine_as_the_dense_exponential_says() -> None:
    someone = drawn(2)
    found = responses(someone, [Source(plasma=1000.0)], sites(2), HOURS)[0]
    for p in range(2):
        a, room = matrix(someone, p)
        start = np.zeros(a.shape[0])
        start[-3] = 1000.0 / room[-3]
        for i in (0, 3, 11, 47, 191):
            state = 1e3 * (expm(a * HOURS[i]) @ start)
            exact = [state[12], state[CISTERN], np.mean([state[CELLS + 3 * c + 1] for c in range(20, 28)]), state[-3]]
            assert (np.abs(found[:, p, i] - exact) < 5e-4 * found[:, p].max(axis=1)).all()


def test_a_tablet_shows_the_plasma_of_the_plasma_engine_but_for_what_the_spine_holds() -> None:
    n = 50
    someone = people(n, 40, 70, 100)
    kinetics = plasma.kinetics("adult", someone, normals("tablet", "kinetics", 0, n, plasma.ETAS), book())
    spines = neuraxis.spine(
        kinetics, np.full(n, 175.0), normals("tablet", "spine", 0, n, neuraxis.ETAS), book(), "mixture", unsure=True
    )
    found = responses(spines, [Source(plasma=1000.0, gut=kinetics)], sites(n), HOURS)[0, 3]
    levels, _ = concentrations(kinetics, regimen(n, [1.0]), HOURS)
    # Fluid and tissue at an eighth of plasma hold less than half a hundredth of the drug.
    assert np.abs(found - levels).max() < 0.01 * levels.max()


def test_the_mixture_holds_its_share_of_slow_spines_and_the_rest_are_fast() -> None:
    n = 4000
    fast, slow, both = (drawn(n, each).mixing[:, 0] for each in ("fast", "slow", "mixture"))
    is_slow = both == slow
    assert ((both == fast) | is_slow).all()
    assert is_slow.mean() == pytest.approx(0.2, abs=0.02)


def test_an_unsure_model_spreads_people_wider_around_the_same_middle() -> None:
    n = 4000
    someone = people(n, 40, 70, 100)
    kinetics = plasma.kinetics("adult", someone, np.zeros((n, plasma.ETAS)), book())
    etas = normals("unsure", "spine", 0, n, neuraxis.ETAS)
    sure, unsure = (
        np.log(neuraxis.spine(kinetics, np.full(n, 175.0), etas, book(), unsure=each).crossing[:, 5])
        for each in (False, True)
    )
    assert unsure.std() == pytest.approx(sure.std() * np.hypot(0.6, 0.25) / 0.6, rel=0.03)
    assert np.median(unsure) == pytest.approx(np.median(sure), abs=0.03)


def test_the_area_under_an_answer_is_what_it_adds_up_to_and_where_a_drip_settles() -> None:
    someone = drawn(10)
    swallowed = Source(plasma=1000.0)
    bolus = Source(at(someone, 30.0, 0.7))
    found = areas(someone, [bolus, swallowed], sites(10))
    settled = responses(someone, [Source(at(someone, 30.0, 0.7), steady=True)], sites(10), HOURS)[0, ..., -1]
    assert found[0] == pytest.approx(settled, rel=0.02)
    fine = np.arange(1, 20001) * 0.02
    added = responses(someone, [swallowed], sites(10), fine)[0].sum(axis=-1) * 0.02
    assert found[1, :3] == pytest.approx(added[:3], rel=0.02)
    # Plasma: the dose over its clearance, 100 mL/min of kidney and 30 of the rest in the typical person.
    assert (found[1, 3] > 60).all()

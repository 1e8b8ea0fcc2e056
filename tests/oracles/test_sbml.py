"""The models as SBML, run by libRoadRunner: another program, from the equations on, must give the same levels."""

from __future__ import annotations

import numpy as np
import pytest
import roadrunner

from eutonia.body import plasma
from eutonia.body.compiled import responses
from eutonia.body.draws import normals
from eutonia.body.kinetics import concentrations
from eutonia.body.neuraxis import CELLS, Sites, injected
from eutonia.body.person import people
from eutonia.body.table import regimen
from eutonia.knowledge import book
from eutonia.predict import sbml
from tests.oracles.test_neuraxis import drawn


@pytest.mark.parametrize("model", sorted(plasma.MODELS))
def test_plasma_in_another_simulator_is_the_same(model: str) -> None:
    k = plasma.kinetics(model, people(1, 12, 40, 90), normals("sbml", "kinetics", 0, 1, plasma.ETAS), book())
    other = roadrunner.RoadRunner(sbml.plasma(k, 20.0))
    other.integrator.relative_tolerance, other.integrator.absolute_tolerance = 1e-10, 1e-12
    found = np.asarray(other.simulate(0, 24, 49, ["time", "plasma"]))
    ours, _ = concentrations(k, regimen(1, [20.0]), found[:, 0])
    assert np.allclose(ours[0], found[:, 1], rtol=1e-6, atol=1e-7 * ours.max())


def test_the_spine_in_another_simulator_is_the_same() -> None:
    someone = drawn(1)
    source = 50 * injected(someone, np.array([14.0]), 3.0)
    source[source < 1e-9] = 0.0  # it scales its tolerance by what a cell begins with, down to nothing
    other = roadrunner.RoadRunner(sbml.neuraxis(someone, source[0]))
    other.integrator.relative_tolerance, other.integrator.absolute_tolerance = 1e-7, 1e-9
    names = [*(f"fluid_cell_{i}" for i in (1, 15, 30, 60)), "fluid_cistern", "fluid_cranial", "plasma"]
    found = np.asarray(other.simulate(0, 24, 25, ["time", *names]))
    fluid = np.zeros((1, 7, CELLS))
    for k, i in enumerate((0, 14, 29, 59, 60, 61)):
        fluid[0, k, i] = 1.0
    sites = Sites(fluid, np.zeros_like(fluid), np.array([0, 0, 0, 0, 0, 0, 1.0]))
    ours = responses(someone, source[:, None], sites, found[1:, 0].copy(), steady=False)[0, 0]
    assert np.abs(ours.T - found[1:, 1:]).max() < 1e-5 * found[:, 1:].max()
    assert np.allclose(ours[6], found[1:, 7], rtol=1e-4)

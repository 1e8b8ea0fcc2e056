"""Public data that nobody here made: phenobarbital in 59 newborns, fitted person by person, beside NONMEM's own answers.

The data, the population model and each newborn's estimate are shipped in the wheel of pharmpy-core; `make test` fetches
it.  What is compared goes the whole general way: event table, kernel, best fit.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from eutonia.body.kinetics import Kinetics
from eutonia.body.table import event_table
from eutonia.predict import levels

Floats = NDArray[np.float64]
WHEELS = sorted((Path(__file__).parents[2] / ".venv" / "public").glob("pharmpy_core-*.whl"))
FOLDER = "pharmpy/internals/example_models/"

pytestmark = pytest.mark.skipif(not WHEELS, reason="the public data are not here: 'make test' fetches them")


def shipped(name: str) -> list[list[float]]:
    """The rows of numbers of a file in the wheel."""
    with zipfile.ZipFile(WHEELS[-1]) as wheel:
        lines = wheel.read(FOLDER + name).decode().splitlines()
    rows = []
    for line in lines:
        try:
            rows.append([float(each) for each in line.split()])
        except ValueError:
            continue
    return rows


def population() -> tuple[Floats, Floats, float]:
    """NONMEM's final thetas, omegas (variances) and sigma (variance)."""
    final = next(row for row in shipped("pheno.ext") if row and row[0] == -1000000000)
    _, cl, v, low_apgar, sigma, omega_cl, _, omega_v, _ = final
    return np.array([cl, v, low_apgar]), np.array([omega_cl, omega_v]), sigma


def one(value: float) -> Floats:
    return np.array([value])


def test_each_newborn_is_fitted_as_nonmem_did() -> None:
    theta, omega, sigma = population()
    data = np.array(shipped("pheno.dta"))
    answers = {int(row[1]): row for row in shipped("pheno.phi") if len(row) == 8}
    people = np.unique(data[:, 0]).astype(int)
    assert len(people) == len(answers) == 59
    ours, theirs, spreads = [], [], []
    for person in people:
        rows = data[data[:, 0] == person]
        time, amount, weight, apgar, level = rows[:, 1], rows[:, 2], rows[0, 3], rows[0, 4], rows[:, 5]
        dosed = amount > 0
        volume = theta[1] * weight * (1 + theta[2] if apgar < 5 else 1.0)
        typical = Kinetics(one(0), one(1), one(theta[0] * weight), one(0), one(volume), one(0), one(0), one(1), one(0))
        prior = levels.Prior(
            typical,
            {"clearance_l_h": float(np.sqrt(omega[0])), "central_l": float(np.sqrt(omega[1]))},
            float(np.sqrt(sigma)),
        )
        table = event_table(
            {
                "ID": np.ones(len(rows)),
                "TIME": time,
                "AMT": amount,
                "EVID": dosed.astype(int),
                "CMT": np.full(len(rows), 2),
            }
        )
        # The weights of some newborns change on the way; NONMEM then uses the row's own.
        if np.unique(rows[:, 3]).size > 1:
            continue
        found = levels.fit(prior, table, 1e3 * level[~dosed])
        assert found.arrived
        ours.append(found.eta)
        theirs.append(answers[person][2:4])
        spreads.append(
            [np.sqrt(found.covariance[0, 0] / answers[person][4]), np.sqrt(found.covariance[1, 1] / answers[person][6])]
        )
    assert len(ours) >= 50
    apart = np.abs(np.array(ours) - np.array(theirs))
    assert apart.max() < 0.005  # of etas that spread by 0.17
    assert np.median(apart) < 5e-4
    assert np.all(np.abs(np.array(spreads) - 1.0) < 0.1)

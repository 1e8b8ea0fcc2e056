"""Compiles the kernels once and keeps them beside the code: `python -m eutonia.body.warm`, which `make setup` does.

Whoever installs without make pays on the first prediction instead.
"""

from __future__ import annotations

import numpy as np

from eutonia.body import compiled, course, individual, neuraxis, plasma
from eutonia.body.draws import normals
from eutonia.body.kinetics import concentrations
from eutonia.body.person import people
from eutonia.body.table import regimen
from eutonia.knowledge import book


def warm() -> None:
    """Runs every kernel once, with the types it is used with."""
    someone = plasma.kinetics("adult", people(2, 40, 70, 100), normals("warm", "kinetics", 0, 2, plasma.ETAS), book())
    doses = regimen(2, [5.0], every_h=8, count=2)
    for kind in (np.float64, np.float32):
        concentrations(someone, doses, np.arange(5.0), dtype=kind)
    course.areas(someone.rows(), 8.0, np.empty(2))
    one = np.ones(8)
    levels = np.array([[0.0] * 4, [1.0] + [0.0] * 3]), np.array([[1, 1, 0, 0, 0], [0, 2, 0, 0, 0]])
    found = individual.fitted(one, np.array([2]), one[:1], np.zeros((1, 1)), *levels, np.array([1]), one[:1], 0.2, 1.0)
    individual.misfits(found[0][None], one[:1], one[None, :1], one[:1], 0.2, 1.0, np.empty(1))
    spines = neuraxis.spine(someone, np.full(2, 175.0), np.zeros((2, neuraxis.ETAS)), book())
    weights = np.zeros((2, 1, neuraxis.CELLS))
    sites = neuraxis.Sites(weights, weights, np.ones(1))
    source = neuraxis.injected(spines, np.full(2, 30.0), 1.0)[:, None]
    answer = compiled.responses(spines, source, sites, np.array([1.0, 2.0]), steady=False)[:, 0]
    for one in (answer, answer.copy()):
        compiled.overlay(np.zeros(answer.shape), one, np.array([0]), np.ones(1))


if __name__ == "__main__":
    warm()

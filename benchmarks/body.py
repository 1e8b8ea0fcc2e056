"""W1 and W3: a population's plasma, and the cord, each beside an ODE solver on the same system."""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import roadrunner
from numba import njit
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from sksundae.cvode import CVODE

import eutonia
from benchmarks.timing import median_s, medians_s
from eutonia.body import neuraxis, plasma
from eutonia.body.compiled import overlay, responses
from eutonia.body.draws import normals
from eutonia.body.kinetics import Kinetics, concentrations
from eutonia.body.neuraxis import CELLS, Sites, Spine, injected
from eutonia.body.person import people
from eutonia.body.table import regimen
from eutonia.knowledge import book
from eutonia.predict import sbml
from eutonia.predict.future import predict

EXAMPLES = Path(__file__).parents[1] / "examples"

Floats = NDArray[np.float64]
Result = Callable[..., None]


def w1_people(count: int = 10_000) -> Kinetics:
    """The population of W1."""
    drawn = np.exp(0.3 * normals("W1", "kinetics", 0, count, 4))
    one = np.ones(count)
    return Kinetics(
        0 * one, 2.2 * drawn[:, 2], 10.8 * drawn[:, 0], 0 * one, 28.8 * drawn[:, 1], 15 * one, 30 * one, one, 0.4 * one
    )


def plasma_population(report: Result) -> None:
    """W1: 10,000 people, 36 doses, 1,345 times, through the general path of the event table."""
    k = w1_people()
    table = regimen(len(k), [5, 10, 15, 20], every_h=8, count=9)
    times = np.arange(1345) * 0.25
    values = len(k) * times.size

    def lsoda() -> None:
        cl, v, ka = k.clearance_l_h[0], k.central_l[0], k.absorb_h[0]
        state, now = np.zeros(3), 0.0
        arrivals = [(8.0 * n + 0.4, (5, 10, 15, 20)[n // 9]) for n in range(36)]
        for at, dose in [*arrivals, (336.0, 0.0)]:
            inside = times[(times >= now) & (times < at)]
            run = solve_ivp(
                lambda t, y: (-ka * y[0], ka * y[0] - (cl + 15) / v * y[1] + 0.5 * y[2], 15 / v * y[1] - 0.5 * y[2]),
                (now, at), state, "LSODA", inside, rtol=1e-6, atol=1e-9,
            )  # fmt: skip
            state, now = (run.y[:, -1] if run.y.size else state) + np.array([dose, 0.0, 0.0]), at

    theirs = median_s(lsoda) / times.size
    for threads, kind, target in ((1, np.float64, 3e-9), (2, np.float64, 3e-9 / 1.6), (1, np.float32, 1.5e-9)):
        # Written to the same memory again, as a population that streams by is: fresh pages cost 2 ns a value here.
        memory = np.zeros((len(k), times.size), kind)
        ours = median_s(lambda t=threads, m=memory: concentrations(k, table, times, threads=t, out=m)) / values
        report(
            f"W1 plasma, a value, {kind.__name__}", ours, target, "scipy LSODA 1e-6, a value", theirs,
            threads=threads, ns_a_value=round(ours * 1e9, 2),
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )  # fmt: skip


def same_plasma(report: Result) -> None:
    """One person of W1 after one dose, in another simulator and in a matrix exponential, beside a person of ours."""
    k = w1_people()
    times = np.arange(1345) * 0.25
    other = roadrunner.RoadRunner(sbml.plasma(plasma_of(k, 0), 20.0))
    other.integrator.relative_tolerance, other.integrator.absolute_tolerance = 1e-6, 1e-9
    memory, table = np.zeros((len(k), times.size)), regimen(len(k), [20])
    ours = median_s(lambda: concentrations(k, table, times, out=memory)) / len(k)
    cl, v, ka = k.clearance_l_h[0], k.central_l[0], k.absorb_h[0]
    a = np.array([[-ka, 0, 0], [ka, -(cl + 15) / v, 15 / 30], [0, 15 / v, -15 / 30]])

    def powers() -> None:
        step, state = expm(a * 0.25), np.array([20.0, 0.0, 0.0])
        for _ in times:
            state = step @ state

    def simulated() -> None:
        other.reset()
        other.simulate(0, 336, 1345)

    for peer, run in (("libRoadRunner 1e-6", simulated), ("scipy expm, a step at a time", powers)):
        report("W1 plasma, a person, one dose", ours, 3e-9 * times.size, peer, median_s(run))


def plasma_of(k: Kinetics, person: int) -> Kinetics:
    """The kinetics of one of them."""
    return Kinetics(*(getattr(k, name)[person : person + 1] for name in k.__struct_fields__))


def typical_spines(count: int) -> Spine:
    """People drawn as everywhere, without what comes back from the blood: that alone is a banded system."""
    k = plasma.kinetics("adult", people(count, 40, 70, 110), normals("W3", "kinetics", 0, count, plasma.ETAS), book())
    found = neuraxis.spine(k, np.full(count, 175.0), normals("W3", "spine", 0, count, neuraxis.ETAS), book())
    found.blood[:, 4] = 0.0
    return found


@njit
def _banded(t: float, y: Any, dy: Any, volume, mixing, down, up, lost, crossing, room, inward, leaving) -> None:  # type: ignore[no-untyped-def]
    """The same system for a solver: fluid and three shells of each cell, one after the other."""
    cells = volume.size
    for i in range(cells):
        here = y[4 * i]
        flow = -(lost[i] + crossing[i]) * here
        if i > 0:
            below = y[4 * i - 4]
            flow += mixing[i - 1] * (below - here) + up[i - 1] * below - down[i - 1] * here
        if i < cells - 1:
            above = y[4 * i + 4]
            flow += mixing[i] * (above - here) + down[i] * above - up[i] * here
        if room[i, 0] > 0:
            flow -= inward[i, 0] * (here - y[4 * i + 1])
            for s in range(3):
                own = inward[i, s] * (y[4 * i + s] - y[4 * i + s + 1]) - leaving[i, s] * y[4 * i + s + 1]
                if s < 2:
                    own -= inward[i, s + 1] * (y[4 * i + s + 1] - y[4 * i + s + 2])
                dy[4 * i + s + 1] = own / room[i, s]
        else:
            dy[4 * i + 1] = dy[4 * i + 2] = dy[4 * i + 3] = 0.0
        dy[4 * i] = flow / volume[i]


def _banded_inputs(one: Spine, bolus_mcg: Floats) -> tuple[list[Floats], Floats]:
    """What `_banded` takes of the first of these people, and where a bolus of [CELLS] mcg begins."""
    arrays = [getattr(one, name)[0] for name in ("volume", "mixing", "down", "up", "lost", "crossing")]
    arrays += [each[0] for each in one.shells()]
    start = np.zeros(4 * CELLS)
    start[::4] = bolus_mcg / one.volume[0]
    return arrays, start


def _banded_solver(arrays: Sequence[Floats], start: Floats, tolerance: float) -> Any:
    """CVODE with a banded Jacobian."""

    def rates(t: float, y: Any, dy: Any) -> None:
        _banded(t, y, dy, *arrays)

    return CVODE(
        rates, rtol=tolerance, atol=tolerance * start.max(), linsolver="band", lband=4, uband=4, max_num_steps=100_000
    )  # fmt: skip


def cord(report: Result) -> None:
    """W3: one person's bolus, every 5 min for 24 h in every cell of fluid; then a month of a program for a thousand."""
    one = typical_spines(1)
    source = 50 * injected(one, np.array([14.0]), 3.0)
    fluid = np.eye(CELLS)[None]
    sites = Sites(fluid, np.zeros_like(fluid), np.zeros(CELLS))
    times = np.arange(1, 289) / 12.0
    arrays, start = _banded_inputs(one, source[0])

    def solver(tolerance: float) -> Any:
        return _banded_solver(arrays, start, tolerance).solve(np.append(0.0, times), start)

    dense = np.empty((start.size, start.size))
    for k, unit in enumerate(np.eye(start.size)):
        _banded(0.0, unit, dense[:, k], *arrays)
    exact = 1e3 * solver(1e-12).y[1:, ::4].T
    found = responses(one, source[:, None], sites, times, steady=False)[0, 0]
    other = roadrunner.RoadRunner(sbml.neuraxis(one, np.where(source[0] < 1e-9, 0.0, source[0])))
    other.integrator.relative_tolerance, other.integrator.absolute_tolerance = 1e-6, 1e-9

    def simulated() -> None:
        other.reset()
        other.simulate(0, 24, 289)

    ours, theirs, others, at_once = medians_s(
        lambda: responses(one, source[:, None], sites, times, steady=False),
        lambda: solver(1e-6), simulated, lambda: expm(dense / 12.0), inner=10,
    )  # fmt: skip
    report("W3 cord, a bolus over 24 h", ours, theirs / 10, "libRoadRunner 1e-6", others)
    report("W3 cord, a bolus over 24 h", ours, theirs / 10, "scipy expm, the propagator of one step", at_once)
    report(
        "W3 cord, a bolus over 24 h", ours, theirs / 10, "CVODE banded 1e-6", theirs, cells=CELLS, states=start.size,
        error_of_peak=float(np.abs(found - exact).max() / (1e3 * start.max())),
    )  # fmt: skip

    many = typical_spines(1000)
    at = np.full(1000, 30.0)
    both = np.stack([injected(many, at, 1.0), injected(many, at, 0.7)], axis=1)
    fluid = np.zeros((1000, 10, CELLS))
    fluid[:, np.arange(10), np.linspace(3, 58, 10).astype(int)] = 1.0
    sites = Sites(fluid, np.zeros_like(fluid), np.zeros(10))
    hours = np.arange(1.0, 721.0)

    def month() -> None:
        # A continuous dose of 96 mcg daily, and 12 mcg at 06:00 and 22:00.
        drop = responses(many, both[:, :1], sites, hours, steady=False)[:, 0]
        drip = responses(many, both[:, 1:], sites, hours, steady=True)[:, 0] * 4.0
        first = np.array([24 * day + clock for day in range(30) for clock in (6, 22)])
        overlay(drip, drop, first, np.full(first.size, 12.0))

    ours = median_s(month)
    report("W3 cord, 1,000 people, 30 days, ten sites", ours, 2.0, "CVODE banded 1e-6, one day of one person", theirs)


def futures(report: Result) -> None:
    """The advice with its predictions in a running process: a new chart each time, 200 people, three plans."""
    text = (EXAMPLES / "02-spinal-cord-injury-pump.chart").read_text("utf-8")
    oral = (EXAMPLES / "01-multiple-sclerosis-oral.chart").read_text("utf-8")
    one = typical_spines(1)
    arrays, start = _banded_inputs(one, 50 * injected(one, np.array([14.0]), 3.0)[0])
    solver = _banded_solver(arrays, start, 1e-6)
    theirs = 200 * median_s(lambda: solver.solve(np.arange(337) * 0.5, start))
    for name, chart in (("a pump", text), ("tablets", oral)):

        def foreseen(chart: str = chart) -> object:
            new = eutonia.advise(eutonia.read(chart), "2026-05-02 09:00")
            return predict(new.facts, new.pump, new.plans)

        def advised(chart: str = chart) -> object:
            return eutonia.advise(eutonia.read(chart), "2026-05-02 09:00").as_dict()

        for what, asked, target in (
            ("predictions of a chart", foreseen, 0.15),
            ("advice with estimate", advised, 0.45),
        ):
            report(
                f"{what}, {name}", median_s(asked), target, "CVODE banded 1e-6, a week of 200 people", theirs,
                people=200, plans=3,
            )  # fmt: skip

"""W2: one patient's estimate from four levels, beside a general optimiser; and the estimate of a whole chart."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import eutonia
from benchmarks.timing import median_s, medians_s
from eutonia.advice import examined
from eutonia.body.kinetics import Kinetics
from eutonia.body.table import EventTable, event_table
from eutonia.predict import levels

Floats = NDArray[np.float64]
Result = Callable[..., None]

EXAMPLES = Path(__file__).parents[1] / "examples"
SAMPLED = np.array([2.0, 9.0, 30.0, 70.0])
PATIENTS = 200


def prior() -> levels.Prior:
    """The model of W2: that of W1, three etas of 30 %, levels with a proportional error of 20 %."""
    typical = Kinetics(*(np.array([value]) for value in (0.0, 2.2, 10.8, 0.0, 28.8, 15.0, 30.0, 1.0, 0.4)))
    return levels.Prior(typical, {"clearance_l_h": 0.3, "central_l": 0.3, "absorb_h": 0.3}, 0.2)


def table() -> EventTable:
    """Nine doses of 20 mg every 8 h, and four samples."""
    times = np.concatenate([8.0 * np.arange(9), SAMPLED])
    order = np.argsort(times, kind="stable")
    dose = np.repeat([1.0, 0.0], [9, 4])[order]
    return event_table(
        {"ID": np.ones(13), "TIME": times[order], "AMT": 20 * dose, "EVID": dose, "CMT": np.where(dose > 0, 1, 2)}
    )


def closed(eta: Any) -> Any:
    """The same course by numpy, as somebody would write it for this model alone: sums of exponentials over the doses."""
    cl, v, ka = 10.8 * math.exp(eta[0]), 28.8 * math.exp(eta[1]), 2.2 * math.exp(eta[2])
    k10, k12, k21 = cl / v, 15.0 / v, 15.0 / 30.0
    total = k10 + k12 + k21
    root = math.sqrt(total * total - 4 * k10 * k21)
    fast, slow = (total + root) / 2, (total - root) / 2
    since = np.maximum(SAMPLED[:, None] - 8.0 * np.arange(9) - 0.4, 0.0)
    a = ka * (k21 - fast) / ((ka - fast) * (slow - fast))
    b = ka * (k21 - slow) / ((ka - slow) * (fast - slow))
    c = ka * (k21 - ka) / ((fast - ka) * (slow - ka))
    return 20e3 / v * (a * np.exp(-fast * since) + b * np.exp(-slow * since) + c * np.exp(-ka * since)).sum(axis=1)


def misfit(eta: Any, y: Floats) -> float:
    """Minus the logarithm of the posterior."""
    f = closed(eta)
    return float(
        0.5 * ((np.asarray(eta) / 0.3) ** 2).sum() + (0.5 * ((y - f) / (0.2 * f)) ** 2 + np.log(0.2 * f)).sum()
    )


def individual(report: Result) -> None:
    """W2."""
    rng = np.random.default_rng(2)
    mine, events = prior(), table()
    truths = 0.3 * rng.normal(size=(PATIENTS, 3))
    seen = [closed(eta) * np.maximum(1 + 0.2 * rng.normal(size=4), 0.1) for eta in truths]
    starts = 0.6 * rng.normal(size=(20, 3))
    worst = max(levels.fit(mine, events, y).misfit - levels.fit(mine, events, y, starts).misfit for y in seen)
    off = max(abs(levels.fit(mine, events, y).misfit - misfit(levels.fit(mine, events, y).eta, y)) for y in seen)

    def ours() -> None:
        for y in seen:
            levels.fit(mine, events, y)

    def theirs() -> None:
        for y in seen:
            minimize(misfit, np.zeros(3), (y,), "L-BFGS-B")

    fit, other = (each / PATIENTS for each in medians_s(ours, theirs))
    report(
        "W2 best fit, a patient", fit, 0.5e-3, "scipy L-BFGS-B on a numpy closed form", other, patients=PATIENTS,
        above_20_starts=worst, off_the_closed_form=off,
    )  # fmt: skip
    drawn = levels.sample(mine, events, seen[0], 13_000)
    report(
        "W2 full posterior, a patient", median_s(lambda: levels.sample(mine, events, seen[0], 13_000)), 50e-3,
        "scipy L-BFGS-B, the best fit alone", other, k_hat=round(drawn.k_hat, 2), effective=round(drawn.effective),
    )  # fmt: skip


def charts(report: Result) -> None:
    """Estimates of whole charts in a running process: new each time."""
    other = median_s(lambda: minimize(misfit, np.zeros(3), (closed(np.zeros(3)),), "L-BFGS-B"))
    pump = (EXAMPLES / "02-spinal-cord-injury-pump.chart").read_text("utf-8")
    tablets = (EXAMPLES / "01-multiple-sclerosis-oral.chart").read_text("utf-8")
    measured = (
        tablets.replace("score ", "note ")
        + "2026-05-01 14:00 lab plasma 300 ng/mL\n2026-05-01 20:00 lab plasma 150 ng/mL\n"
    )
    for name, text, target in (
        ("scores on a pump", pump, 2.0),
        ("scores on tablets", tablets, 0.3),
        ("levels on tablets", measured, 50e-3),
    ):
        chart = eutonia.read(text)
        found = examined(chart, "2026-05-02 09:00").estimate
        report(
            f"estimate a chart, {name}", median_s(lambda c=chart: examined(c, "2026-05-02 09:00").estimate), target,
            "scipy L-BFGS-B, one patient of W2", other, k_hat=round(getattr(found, "k_hat", math.nan), 2),
            effective=round(getattr(found, "effective", 0.0)),
        )  # fmt: skip

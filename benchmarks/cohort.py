"""Many people: how a study speeds up with workers, and how little memory a million people need."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.timing import median_s
from eutonia.cohort import engine
from eutonia.cohort.chunk import Task
from eutonia.cohort.run import carried_out
from eutonia.cohort.stream import QUANTILES, merged, summary

Result = Callable[..., None]

STUDIES = Path(__file__).parents[1] / "examples" / "studies"
_CHUNK = 2048
_CHUNKS = 20
_MILLION = 1_000_000


def a_person_s(name: str, workers: int) -> float:
    """Seconds that a person takes of the study of titration (four arms, 28 days each), once the workers are up."""
    text = (STUDIES / "titration-speed.toml").read_text("utf-8")
    tasks = [Task(text, _CHUNK * n, _CHUNK) for n in range(_CHUNKS)]
    stamps = [time.perf_counter() for _ in engine.run(tasks, name, workers)]
    return (stamps[-1] - stamps[3]) / (_CHUNK * (_CHUNKS - 4))


def scaling(report: Result) -> None:
    """The plasma of a study on one and on two workers, of a pool and of Dask; the peer is one worker of the same."""
    for name in ("pool", "dask"):
        one, two = (statistics.median(a_person_s(name, workers) for _ in range(3)) for workers in (1, 2))
        report(
            f"a study, a person, {name} of 2", two, one / 1.6, f"{name} of 1", one, threads=2,
            people_a_second=round(1 / two), people_a_second_of_1=round(1 / one), medians_of=3,
        )  # fmt: skip


def memory(report: Result) -> None:
    """Summaries of a million numbers beside numpy with all of them held; and the peak of a study of a million people."""
    values = np.random.default_rng(1).lognormal(size=_MILLION)
    shares = list(QUANTILES.values())
    ours = median_s(lambda: merged(summary(values[n : n + 8192]) for n in range(0, _MILLION, 8192)))
    theirs = median_s(lambda: (np.quantile(values, shares), values.mean(), values.std(ddof=1)))
    done = subprocess.run([sys.executable, "-m", "benchmarks.cohort"], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    report("a million numbers summed up", ours, 1.0, "numpy, all held: quantiles, mean, sd", theirs, **found)


def a_million() -> None:
    """Prints what the study of refills of a million people, 7 outcomes under 4 arms, took: seconds, and MB at the most."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        carried_out((STUDIES / "refill-margin.toml").read_text("utf-8"), Path(folder), people=_MILLION)
    # Of this process alone: getrusage would tell the peak of the one that started it, where that was higher.
    status = Path("/proc/self/status").read_text("ascii")
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024
    seconds = round(time.perf_counter() - begin, 1)
    print(json.dumps({"study_people": _MILLION, "study_s": seconds, "peak_mb": peak, "peak_met": peak <= 300}))


def many(report: Result) -> None:
    """All of it."""
    scaling(report)
    memory(report)


if __name__ == "__main__":
    a_million()

"""The stopwatch of the benches, and how a result is printed."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

REPEATS = 5


def median_s(run: Callable[[], object], inner: int = 1) -> float:
    """Median seconds of one call, over five repeats of `inner` calls."""
    return medians_s(run, inner=inner)[0]


def medians_s(*runs: Callable[[], object], inner: int = 1) -> list[float]:
    """Median seconds of one call of each, taken in turn: a machine that changes its pace does so for all of them."""
    times: list[list[float]] = [[] for _ in runs]
    for run in runs:
        run()
    for _ in range(REPEATS):
        for run, taken in zip(runs, times, strict=True):
            begin = time.perf_counter()
            for _ in range(inner):
                run()
            taken.append((time.perf_counter() - begin) / inner)
    return [statistics.median(taken) for taken in times]


def result(name: str, ours: float, target_s: float, peer: str, theirs: float, **more: Any) -> None:
    """Prints one result: our median, the target, the peer's median and how many times slower the peer is."""
    print(
        json.dumps(
            {
                "bench": name,
                "median_ms": float(f"{ours * 1e3:.4g}"),
                "target_ms": float(f"{target_s * 1e3:.4g}"),
                "met": ours <= target_s,
                "peer": peer,
                "peer_ms": float(f"{theirs * 1e3:.4g}"),
                "peer_over_ours": round(theirs / ours, 2),
                "threads": 1,
                **more,
            }
        ),
        flush=True,
    )

"""`make bench`: one JSON line a result; medians of five repeats after a warm-up, on one thread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import eutonia
from benchmarks import body, cohort, estimate, panel
from benchmarks.inputs import bundle_text, chart_40
from benchmarks.timing import median_s, result


def in_process() -> None:
    """Reading and examining a chart of 40 events."""
    import pint

    text = chart_40()
    chart = eutonia.read(text)
    now = "2026-06-01 09:00"
    registry = pint.UnitRegistry()
    quantities = ["72 kg", "175 cm", "0.9 mg/dL", "50 ug", "18 mL", "500 ug/mL", "100 ug/day"] * 6
    peer = median_s(lambda: [registry.Quantity(each) for each in quantities], 5)
    events = len(chart.events)
    result(
        "read a chart",
        median_s(lambda: eutonia.read(text), 20),
        2e-3,
        "pint: its 42 quantities only",
        peer,
        events=events,
    )
    result(
        "examine a chart",
        median_s(lambda: eutonia.examine(chart, now), 20),
        2e-3,
        "pint: 42 quantities",
        peer,
        events=events,
    )
    result(
        "advise on a chart",
        median_s(lambda: eutonia.advise(chart, now), 20),
        4e-3,
        "pint: 42 quantities",
        peer,
        events=events,
    )


def bundle() -> None:
    """Reading a FHIR bundle of about one megabyte."""
    from fhir.resources.R4B.bundle import Bundle

    text, source = bundle_text()
    data = json.loads(text)
    ours = median_s(lambda: eutonia.read(text))
    theirs = median_s(lambda: Bundle.model_validate(data))
    result("read a bundle", ours, 60e-3, "fhir.resources, without the JSON", theirs, bytes=len(text), source=source)


def command() -> None:
    """The command as a whole process, as an installed one runs: its bytecode is there after the first call."""
    path = Path("out/bench.chart")
    path.parent.mkdir(exist_ok=True)
    path.write_text(chart_40(), "utf-8")
    tool = str(Path(sys.executable).with_name("eutonia"))

    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run(words, check=False, capture_output=True, env=surroundings)

    theirs = median_s(run(sys.executable, "-c", "import fhir.resources.R4B.bundle"))
    now = ("--now", "2026-06-01 09:00")
    result(
        "eutonia examine",
        median_s(run(tool, "examine", str(path), *now)),
        0.25,
        "python -c 'import fhir.resources...'",
        theirs,
    )
    predicted = "examples/02-spinal-cord-injury-pump.chart"
    result(
        "eutonia advise, with predictions",
        median_s(run(tool, "advise", predicted, "--now", "2026-05-02 09:00")),
        1.0,
        "python -c 'import fhir.resources...'",
        theirs,
    )


if __name__ == "__main__":
    in_process()
    bundle()
    command()
    panel.day(result)
    body.futures(result)
    estimate.individual(result)
    estimate.charts(result)
    body.plasma_population(result)
    body.same_plasma(result)
    body.cord(result)
    cohort.many(result)
    # A server of its own on one core, and a minute of calls; the whole ten thousand: python -m benchmarks.hooks
    subprocess.run([sys.executable, "-m", "benchmarks.hooks", "--requests", "1500"], check=True)

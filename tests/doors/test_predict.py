"""The command `eutonia predict`, and what screens say of a predicted future."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eutonia.doors import bands, words
from eutonia.doors.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"
PUMP = str(EXAMPLES / "02-spinal-cord-injury-pump.chart")
CHILD = str(EXAMPLES / "10-child.chart")
NOW = ("--now", "2026-05-02 09:00")


def ask(*words_: str) -> Result:
    return CliRunner().invoke(main, ["predict", *words_], env={"COLUMNS": "100"})


def answer(*words_: str) -> Any:
    found = ask(*words_, "--json")
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


def test_each_plan_has_its_future_and_one_can_be_asked_for() -> None:
    whole = answer(PUMP, *NOW)
    assert [each["option"] for each in whole["plans"]] == [each["option"] for each in whole["predictions"]]
    assert [each["plan"] for each in whole["predictions"]] == [0, 1, 2]
    second = answer(PUMP, *NOW, "--plan", "2")
    assert second["predictions"] == [{**whole["predictions"][1], "plan": 0}]
    assert second["plans"] == [whole["plans"][1]]


def test_words_and_drawings_come_from_the_numbers_that_go_out() -> None:
    (found,) = answer(PUMP, *NOW, "--plan", "1")["predictions"]
    said = " ".join(ask(PUMP, *NOW, "--plan", "1").stdout.split())
    lumbar, legs = found["days"]["lumbar_ng_ml"], found["days"]["ashworth_legs"]

    def three(value: float) -> str:
        return f"{float(f'{value:.3g}'):g}"

    assert f"{three(lumbar['before']['p50'])} ng/mL in the day before" in said
    last = legs["last"]
    assert f"{three(last['p50'])} ({three(last['p05'])} to {three(last['p95'])}) on the last day" in said
    assert "200 drawn people" in said
    assert "scores and levels have narrowed them" in said
    panel = bands.panel("lumbar_ng_ml", found, bands.scale("lumbar_ng_ml", [found]))
    assert len(panel.middle) == len(found["hours"])
    # The drawing's heights are the numbers' own: the highest point is where the number is.
    highest = max(range(len(panel.middle)), key=lambda n: -panel.middle[n][1])
    assert found["bands"]["lumbar_ng_ml"]["p50"][highest] == max(found["bands"]["lumbar_ng_ml"]["p50"])


def test_a_plot_is_a_drawing_that_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    found = ask(PUMP, *NOW, "--plot", str(path))
    assert found.exit_code == 0
    assert str(path) in found.stdout
    root = ElementTree.fromstring(path.read_text("utf-8"))  # well-formed
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f".//{space}polygon")) == 3 * 2 * 2
    text = " ".join("".join(each.itertext()) for each in root.iter(f"{space}text"))
    for says in ("SCI-017", "+30%", "Ashworth, legs", "not a promise"):
        assert says in text.replace("\u00a0", " ")
    assert "http" not in path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (("--plan", "4"), "there are 3 plans"),
        (("--plan", "0"), "0 is not in the range"),
        (("--plot", "plot.png"), "does not end in .svg"),
        (("--plot", "nowhere/plot.svg"), "could not be written"),
    ],
)
def test_what_cannot_be_done_is_said(wanted: tuple[str, ...], says: str) -> None:
    found = ask(PUMP, *NOW, *wanted)
    assert found.exit_code == 2
    assert says in found.stderr


def test_an_unknown_future_is_said_to_be_unknown_and_draws_nothing(tmp_path: Path) -> None:
    found = ask(CHILD, *NOW, "--plot", str(tmp_path / "none.svg"))
    assert found.exit_code == 1  # the chart has a stop finding
    assert "unknown: the effect of drug in the spine of children" in " ".join(found.stdout.split())
    assert "<polygon" not in (tmp_path / "none.svg").read_text("utf-8")


def test_a_chart_without_plans_says_so() -> None:
    chart = EXAMPLES.parent / "tests" / "cases" / "in_use" / "28-respiratory-rate-6.chart"
    found = ask(str(chart), "--now", "2025-12-10 10:00")
    assert "OPTIONS: none" in found.stdout
    assert "REFUSED" in found.stdout


def test_curves_of_one_kind_share_their_scale_and_fit_the_width() -> None:
    whole = answer(PUMP, *NOW)["predictions"]
    axes = bands.scale("lumbar_ng_ml", whole)
    assert axes.high >= max(max(each["bands"]["lumbar_ng_ml"]["p95"]) for each in whole)
    for each in whole:
        for line in bands.lines("lumbar_ng_ml", each, axes, 60):
            assert len(line) <= 66
    out = ask(PUMP, *NOW).stdout
    assert all(len(line) <= 100 for line in out.splitlines())
    assert len(re.findall(rf"Lumbar fluid, 0 to {axes.high:g} ng/mL", out)) == 3


@pytest.mark.parametrize(
    ("value", "end"), [(0.0, 1.0), (0.93, 1.0), (1.0, 1.0), (101.0, 150.0), (700.0, 750.0), (760.0, 1000.0)]
)
def test_a_scale_ends_at_a_round_number(value: float, end: float) -> None:
    found = {"hours": [0.0, 1.0], "bands": {"plasma_ng_ml": {"p95": [0.0, value]}}}
    assert bands.scale("plasma_ng_ml", [found]).high == end


def test_every_predicted_quantity_on_a_screen_has_its_name() -> None:
    (found,) = answer(PUMP, *NOW, "--plan", "1")["predictions"]
    assert set(bands.told(found)) <= set(words.NAMES) <= {*found["bands"], "tone"}

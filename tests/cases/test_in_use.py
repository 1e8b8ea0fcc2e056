"""The charts of `tests/cases/in_use` are the handed ones, and every one of them has a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.in_use import FOLDER

TESTS = Path(__file__).parents[1]
SHARED = TESTS.parents[1] / "shared" / "cases"


@pytest.mark.skipif(not SHARED.exists(), reason="the cases from use lie beside the repository")
@pytest.mark.parametrize("folder", ["advice", "output"])
def test_the_charts_are_the_ones_that_were_handed_over(folder: str) -> None:
    handed = {path.name: path.read_text("utf-8") for path in (SHARED / folder).glob("*.chart")}
    kept = FOLDER if folder == "advice" else FOLDER / folder
    assert {path.name: path.read_text("utf-8") for path in kept.glob("*.chart")} == handed


def test_every_chart_of_an_advice_is_named_by_a_test() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    named = set(re.findall(r'"(\d\d|n\d)"', sources))
    numbers = {path.stem.split("-")[0] for path in FOLDER.glob("*.chart")}
    assert numbers - named == set()

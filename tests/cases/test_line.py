"""The line between pump and tip: drug moves through it in order, as plugs."""

from __future__ import annotations

import pytest

from eutonia.pump.line import Line, mixed
from eutonia.quantity import Quantity


def test_a_new_line_gives_nothing_until_its_volume_has_been_swept() -> None:
    line = Line.unfilled(0.3)
    assert line.drug_mcg == 0
    assert line.push(0.25, 500) == 0
    assert line.drug_mcg == pytest.approx(125)
    assert line.push(0.1, 500) == pytest.approx(25)
    assert line.drug_mcg == pytest.approx(150)


def test_the_old_strength_leaves_before_the_new_one() -> None:
    line = Line.unfilled(0.25)
    line.push(0.25, 500)
    assert line.push(0.125, 2000) == pytest.approx(62.5)
    assert line.push(0.25, 2000) == pytest.approx(62.5 + 250)
    assert line.drug_mcg == pytest.approx(500)


def test_drug_of_one_strength_stands_in_one_plug_and_another_strength_in_its_own() -> None:
    line = Line.unfilled(1.0)
    line.push(0.25, 500)
    line.push(0.25, 500)
    assert list(line.plugs) == [(0.5, 0.0), (0.5, 500)]
    line.push(0.25, 2000)
    assert list(line.plugs) == [(0.25, 0.0), (0.5, 500), (0.25, 2000)]
    assert line.push(0.5, 500) == 125
    assert list(line.plugs) == [(0.25, 500), (0.25, 2000), (0.5, 500)]


def test_a_plug_that_leaves_whole_leaves_nothing_behind() -> None:
    line = Line.unfilled(0.5)
    line.push(0.5, 500)
    assert list(line.plugs) == [(0.5, 500)]
    assert line.push(0.5, 2000) == 250
    assert list(line.plugs) == [(0.5, 2000)]


@pytest.mark.parametrize("volume", [0.0, -0.1])
def test_where_nothing_is_pushed_nothing_leaves(volume: float) -> None:
    line = Line.unfilled(0.5)
    assert line.push(volume, 500) == 0.0
    assert list(line.plugs) == [(0.5, 0.0)]


def test_an_amount_smaller_than_one_microlitre_still_moves() -> None:
    line = Line.unfilled(0.5)
    line.push(0.5, 500)
    assert line.push(1e-6, 500) == pytest.approx(5e-4)


def test_a_line_without_a_volume_gives_at_once_what_is_pushed() -> None:
    line = Line()
    assert line.push(0.5, 500) == 250
    assert list(line.plugs) == []


@pytest.mark.parametrize(
    ("left", "old", "added", "new", "strength"),
    [
        ("1 mL", "500 mcg/mL", "4 mL", "2000 mcg/mL", "1700"),
        ("3 mL", "2 mg/mL", "1 mL", "500 mcg/mL", "1625"),
        ("0 mL", "500 mcg/mL", "20 mL", "2000 mcg/mL", "2000"),
    ],
)
def test_a_mixture_has_the_mean_of_the_strengths_by_volume(
    left: str, old: str, added: str, new: str, strength: str
) -> None:
    found = mixed(*map(Quantity.read, (left, old, added, new)))
    assert (found.to("mcg/mL"), found.unit.name) == (int(strength), "mcg/mL")

"""A person's random numbers are their own: no chunk, neighbour or order changes them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eutonia.body.draws import normals


@given(st.integers(0, 10**7), st.integers(1, 40), st.integers(1, 9), st.data())
def test_any_part_of_a_draw_is_that_part_of_the_whole(first: int, people: int, count: int, data: st.DataObject) -> None:
    whole = normals("a study", "kinetics", first, people, count)
    begin = data.draw(st.integers(0, people - 1))
    part = normals("a study", "kinetics", first + begin, people - begin, count)
    assert np.array_equal(whole[begin:], part)


def test_studies_and_purposes_do_not_share_numbers() -> None:
    draws = [normals(study, purpose, 0, 1000, 4) for study in ("a", "b") for purpose in ("kinetics", "visit")]
    for i, one in enumerate(draws):
        for other in draws[:i]:
            assert np.abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.06


def test_the_numbers_are_normal_and_independent() -> None:
    drawn = normals("shape", "kinetics", 0, 100_000, 8)
    assert np.all(np.abs(drawn.mean(axis=0)) < 0.016)
    assert np.all(np.abs(drawn.std(axis=0) - 1) < 0.012)
    together = np.corrcoef(drawn.T) - np.eye(8)
    assert np.abs(together).max() < 0.016
    assert np.abs((drawn**3).mean()) < 0.02
    assert np.abs((drawn**4).mean() - 3) < 0.06

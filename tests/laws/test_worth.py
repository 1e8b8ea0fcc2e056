"""What a score would say: laws that hold for any people, and one case that can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eutonia.knowledge import book
from eutonia.predict.worth import best_hours, gone, likely

AT = datetime(2026, 5, 2, tzinfo=UTC)


def test_an_outcome_that_parts_two_people_for_certain_takes_all() -> None:
    value = np.array([1.0, 3.0])
    assert gone(np.array([[1.0, 0.0], [0.0, 1.0]]), value) == pytest.approx(1.0)
    assert gone(np.array([[0.5, 0.5], [0.5, 0.5]]), value) == pytest.approx(0.0)
    # Right three times of four: what is left is 4 * 3/4 * 1/4 of a variance of 1.
    assert gone(np.array([[0.75, 0.25], [0.25, 0.75]]), value) == pytest.approx(0.25)


@given(st.lists(st.floats(1.0, 5.0), min_size=1, max_size=20))
def test_the_scores_of_a_person_are_a_share_of_one(expected: list[float]) -> None:
    found = likely(np.array(expected), AT, book())
    assert found.shape == (len(expected), 5)
    assert found.sum(axis=1) == pytest.approx(1.0, abs=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_more_scores_never_say_less_and_the_first_hour_is_the_best_alone(seed: int, hours: int) -> None:
    rng = np.random.default_rng(seed)
    course, value = rng.uniform(1.0, 5.0, (30, hours)), rng.normal(size=30)
    course[:, 0] = np.clip(3.0 + value, 1.0, 5.0)
    found = best_hours(course, [float(hour) for hour in range(hours)], value, AT, book())
    shares = [each.share for each in found]
    assert all(0.0 <= one <= other + 1e-9 for one, other in pairwise(shares))
    alone = [gone(likely(course[:, k], AT, book()), value) for k in range(hours)]
    assert shares[0] == pytest.approx(max(alone))

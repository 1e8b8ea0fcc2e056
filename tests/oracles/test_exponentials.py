"""The divided differences of the exponential, against fifty digits."""

from __future__ import annotations

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eutonia.body.exponentials import four, three, two

# Rates that differ by everything from nothing to a factor of ten, around any size; and none at all.
APART = st.sampled_from([0.0, 1e-15, 1e-9, 1e-6, 1e-3, 0.1, 1.0, 9.0])
NODES = st.tuples(
    st.floats(1e-3, 30.0), st.lists(st.tuples(APART, st.floats(0.0, 1.0)), min_size=4, max_size=4), st.booleans()
)


def exact(nodes: list[float], h: float) -> mpmath.mpf:
    """The corner of the exponential of a matrix with the rates on its diagonal and ones below it."""
    with mpmath.workdps(50):
        n = len(nodes)
        a = mpmath.zeros(n)
        for i, rate in enumerate(nodes):
            a[i, i] = -mpmath.mpf(rate)
            if i:
                a[i, i - 1] = 1
        return mpmath.expm(a * mpmath.mpf(h), method="pade")[n - 1, 0]


@given(NODES, st.floats(1e-4, 20.0))
def test_every_digit_is_right_wherever_the_rates_lie(
    drawn: tuple[float, list[tuple[float, float]], bool], h: float
) -> None:
    base, apart, with_nothing = drawn
    nodes = [base * (1.0 + far * part) for far, part in apart]
    if with_nothing:
        nodes[0] = 0.0
    for count, function in ((2, two), (3, three), (4, four)):
        expected = exact(nodes[:count], h)
        # The exponential itself loses a digit for every factor of ten in its argument.
        assert function(*nodes[:count], h) == pytest.approx(float(expected), rel=4e-16 * (40 + 4 * max(nodes) * h))


def test_equal_rates_give_the_powers_of_time() -> None:
    assert two(0.0, 0.0, 3.0) == 3.0
    assert three(0.0, 0.0, 0.0, 3.0) == pytest.approx(4.5, rel=1e-15)
    assert four(0.0, 0.0, 0.0, 0.0, 3.0) == pytest.approx(4.5, rel=1e-15)

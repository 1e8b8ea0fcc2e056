"""A streamed summary: exact sums, the same bits in any order, and percentiles within the error that is stated."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eutonia.cohort.stream import ERROR, QUANTILES, Summary, merged, summary

NUMBERS = st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=40)


@given(NUMBERS)
def test_sums_and_squares_are_exact(values: list[float]) -> None:
    found = summary(np.array(values))
    assert Fraction(found.total, 1 << 1126) == sum(map(Fraction, values))
    if all(each == 0.0 or abs(each) > 1e-130 for each in values):  # below, a square has no room for all its bits
        assert Fraction(found.squares, 1 << 1126) == sum(Fraction(each) ** 2 for each in values)


@given(st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(0.0), st.just(math.nan)), max_size=60), st.randoms())
def test_parts_merge_to_the_same_bits_in_any_order_and_grouping(values: list[float], by: random.Random) -> None:
    whole = summary(np.array(values, float))
    cuts = sorted(by.sample(range(len(values) + 1), min(4, len(values) + 1)))
    parts = [
        summary(np.array(values[a:b], float)) for a, b in zip([0, *cuts], [*cuts, len(values)], strict=True)
    ]  # fmt: skip
    by.shuffle(parts)
    assert merged(parts) == whole
    half = len(parts) // 2
    assert merged([merged(parts[half:]), merged(parts[:half])]).kept() == merged(parts).kept()


def test_a_large_mean_does_not_swallow_a_small_spread() -> None:
    values = 1e9 + np.arange(1000) * 1e-6
    found = summary(values)
    exact = [Fraction(each) for each in values.tolist()]
    mean = sum(exact) / 1000
    variance = sum((each - mean) ** 2 for each in exact) / 999
    assert found.mean == float(mean)
    assert found.sd == pytest.approx(math.sqrt(variance), rel=1e-14)
    naive = np.sqrt((values**2).mean() - values.mean() ** 2)
    assert abs(naive - found.sd) > 0.1 * found.sd  # what is avoided


RNG = np.random.default_rng(7)
SHAPES = {
    "lognormal": RNG.lognormal(3.0, 1.5, 20_001),
    "constant": np.full(1000, 0.1),
    "zeros": np.zeros(50),
    "mixed signs": RNG.normal(0.0, 5.0, 10_000) * RNG.choice([0.0, 1.0, 1e6], 10_000),
    "negative": -RNG.lognormal(0.0, 3.0, 5_000),
    "one": np.array([-7.25]),
    "days": RNG.integers(0, 40, 999).astype(float),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_percentile_is_off_by_less_than_is_said(name: str) -> None:
    values = SHAPES[name]
    found = summary(values)
    for share in (*QUANTILES.values(), 0.0, 0.001, 0.999, 1.0):
        exact = np.quantile(values, share, method="inverted_cdf")
        assert abs(found.quantile(share) - exact) <= ERROR * abs(exact)
    assert (found.low, found.high) == (values.min(), values.max())
    assert found.mean == pytest.approx(values.mean(), rel=1e-12, abs=1e-12)
    if values.size > 1:
        assert found.sd == pytest.approx(values.std(ddof=1), rel=1e-12, abs=1e-12)


def test_numbers_of_few_sizes_come_back_as_they_went_in() -> None:
    found = summary(SHAPES["days"])
    assert all(found.quantile(share) == int(found.quantile(share)) for share in QUANTILES.values())
    assert summary(SHAPES["constant"]).quantile(0.5) == 0.1


def test_who_has_no_value_is_counted_and_not_averaged() -> None:
    found = summary(np.array([math.nan, 2.0, 0.0, -4.0, math.nan]))
    assert (found.count, found.missing, found.zeros) == (3, 2, 1)
    assert found.mean == pytest.approx(-2 / 3)
    nobody = summary(np.full(4, math.nan))
    assert (nobody.count, nobody.missing) == (0, 4)
    assert nobody.as_dict()["mean"] is None
    assert merged([]) == Summary()


@pytest.mark.parametrize("wrong", [math.inf, -math.inf, 1e150, -1e300])
def test_what_cannot_be_summed_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="cannot be summed"):
        summary(np.array([1.0, wrong]))


@given(NUMBERS)
def test_what_is_kept_reads_again(values: list[float]) -> None:
    found = summary(np.array(values))
    assert Summary.read(found.kept()) == found

"""How a number spreads over any count of people, kept in little memory and put together in any order.

Everything kept is a whole number or an extreme, so that merging never rounds: the sums of the values and of their
squares are exact whole multiples of 2**-1126, and a value is counted in a bin that its own bits name.  A bin knows its
least and its greatest value, so that a number of which there are few sizes (days, visits) comes back as it went in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bin = tuple[int, float, float]

QUANTILES: Final = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
# 512 bins between a number and its double: the middle of what is in a bin is off by less than a 1,024th of any of it.
_BITS: Final = 9
ERROR: Final = 2.0 ** -(_BITS + 1)

# The last bit of the smallest float, written with 53 bits, is worth 2**-1126.
_UNIT: Final = 1126
_LARGEST: Final = 1e150
_BLOCK: Final = 1 << 20
_SPLIT: Final = 27


class Summary(Struct, frozen=True):
    """A number over people.

    count: of those who have it; missing: of those who have not (nan); zeros: how many of the count are zero; total and
    squares: exact sums in units of 2**-1126; above and below: of each bin of the positive and of the negative ones, by
    the leading bits of their size, how many fall in it, and the least and the greatest size.
    """

    count: int = 0
    missing: int = 0
    zeros: int = 0
    total: int = 0
    squares: int = 0
    low: float = math.inf
    high: float = -math.inf
    above: Mapping[int, Bin] = {}
    below: Mapping[int, Bin] = {}

    @property
    def mean(self) -> float:
        """The mean of those who have a value, rounded once; nan where nobody has."""
        return self.total / (self.count << _UNIT) if self.count else math.nan

    @property
    def sd(self) -> float:
        """The standard deviation between people (n - 1), zero for one person; nothing cancels, for the sums are exact."""
        if self.count < 2:
            return 0.0 if self.count else math.nan
        spread = ((self.count * self.squares) << _UNIT) - self.total * self.total
        return math.sqrt(spread / ((self.count * (self.count - 1)) << (2 * _UNIT)))

    @property
    def error(self) -> float:
        """The standard error of the mean, from the number of people alone."""
        return self.sd / math.sqrt(self.count) if self.count else math.nan

    def quantile(self, share: float) -> float:
        """The smallest value that at least this share of people do not exceed, off by less than ERROR of itself."""
        if not self.count:
            return math.nan
        left = max(math.ceil(share * self.count), 1)
        for value, count in self._ascending():
            left -= count
            if left <= 0:
                return value
        return self.high

    def _ascending(self) -> Iterator[tuple[float, int]]:
        for key in sorted(self.below, reverse=True):
            count, least, most = self.below[key]
            yield -0.5 * (least + most), count
        if self.zeros:
            yield 0.0, self.zeros
        for key in sorted(self.above):
            count, least, most = self.above[key]
            yield 0.5 * (least + most), count

    def as_dict(self) -> dict[str, float | int | None]:
        """The numbers as JSON: null where nobody has a value."""
        found: dict[str, float | int | None] = {"count": self.count, "missing": self.missing}
        numbers = {"mean": self.mean, "sd": self.sd, "error": self.error, "min": self.low}
        numbers |= {name: self.quantile(share) for name, share in QUANTILES.items()} | {"max": self.high}
        return found | {name: each if math.isfinite(each) else None for name, each in numbers.items()}

    def kept(self) -> list[Any]:
        """What is written to a file: the long numbers as text."""
        return [
            self.count, self.missing, self.zeros, hex(self.total), hex(self.squares), self.low, self.high,
            dict(self.above), dict(self.below),
        ]  # fmt: skip

    @classmethod
    def read(cls, kept: list[Any]) -> Summary:
        """The summary that `kept` wrote."""
        count, missing, zeros, total, squares, low, high, above, below = kept
        return cls(count, missing, zeros, int(total, 16), int(squares, 16), low, high, _tuples(above), _tuples(below))


def summary(values: Floats) -> Summary:
    """The summary of the values [people], of any order and sign; nan is nobody's value.

    Raises ValueError for what is no number to sum: infinite, or 1e150 and more.
    """
    known = values[~np.isnan(values)]
    if known.size == 0:
        return Summary(missing=int(values.size))
    size = np.abs(known)
    if not size.max() < _LARGEST:
        raise ValueError("a value is infinite or 1e150 and more, and cannot be summed")
    square = known * known
    return Summary(
        int(known.size),
        int(values.size - known.size),
        int(np.count_nonzero(known == 0.0)),
        _exact(known),
        _exact(square) + _exact(_lost(known, square)),
        float(known.min()) + 0.0,
        float(known.max()) + 0.0,
        _bins(size[known > 0.0]),
        _bins(size[known < 0.0]),
    )


def merged(parts: Iterable[Summary]) -> Summary:
    """All of them together; the same bits in any order and any grouping."""
    count = missing = zeros = total = squares = 0
    low, high = math.inf, -math.inf
    above: dict[int, Bin] = {}
    below: dict[int, Bin] = {}
    for each in parts:
        count, missing, zeros = count + each.count, missing + each.missing, zeros + each.zeros
        total, squares = total + each.total, squares + each.squares
        low, high = min(low, each.low), max(high, each.high)
        _add(above, each.above)
        _add(below, each.below)
    return Summary(count, missing, zeros, total, squares, low, high, above, below)


def _add(into: dict[int, Bin], bins: Mapping[int, Bin]) -> None:
    for key, (count, least, most) in bins.items():
        before = into.get(key)
        if before is not None:
            count, least, most = before[0] + count, min(before[1], least), max(before[2], most)
        into[key] = (count, least, most)


def _tuples(bins: Mapping[int, Any]) -> dict[int, Bin]:
    return {key: (count, least, most) for key, (count, least, most) in bins.items()}


def _exact(values: Floats) -> int:
    """The sum in units of 2**-1126, without any rounding.

    Numbers of one exponent are whole numbers of 53 bits.  Each is cut into two parts that are summed as floats, whose
    sums stay below 2**53 and so are exact.
    """
    found = 0
    for start in range(0, values.size, _BLOCK):
        share, power = np.frexp(values[start : start + _BLOCK])
        whole = (share * 2.0**53).astype(np.int64)
        lowest = int(power.min())
        at = power - lowest
        upper = np.bincount(at, whole >> _SPLIT)
        lower = np.bincount(at, whole & ((1 << _SPLIT) - 1))
        for k in np.flatnonzero(upper.astype(bool) | lower.astype(bool)):
            found += ((int(upper[k]) << _SPLIT) + int(lower[k])) << (lowest + int(k) + _UNIT - 53)
    return found


def _lost(values: Floats, square: Floats) -> Floats:
    """What rounding took from each square: added to it, the square is exact (Dekker 1971)."""
    bent = values * 134217729.0  # 2**27 + 1
    upper = bent - (bent - values)
    lower = values - upper
    return np.asarray(((upper * upper - square) + 2.0 * upper * lower) + lower * lower)


def _bins(size: Floats) -> dict[int, Bin]:
    """What falls in each bin: sizes share their exponent and first bits; no logarithm, which machines round differently."""
    size = np.sort(size)
    keys, first, counts = np.unique(size.view(np.int64) >> (52 - _BITS), return_index=True, return_counts=True)
    rows = zip(keys.tolist(), counts.tolist(), size[first].tolist(), size[first + counts - 1].tolist(), strict=True)
    return {key: (count, least, most) for key, count, least, most in rows}

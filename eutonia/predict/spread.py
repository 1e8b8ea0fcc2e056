"""How a number spreads over people: mean, standard deviation and the usual percentiles."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray


class Spread(Struct, frozen=True):
    """Over a population: mean, sd, and the levels that 5, 50 and 95 of 100 people stay below."""

    mean: float
    sd: float
    p05: float
    p50: float
    p95: float

    def as_dict(self) -> dict[str, float]:
        """The five numbers by name."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def spread(values: NDArray[np.float64]) -> Spread:
    """The spread of the values; the sd of one person is zero."""
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    sd = values.std(ddof=1) if values.size > 1 else 0.0
    return Spread(float(values.mean()), float(sd), float(low), float(middle), float(high))

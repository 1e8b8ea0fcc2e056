"""Where to ask a linear system so that its answer over a span of times follows: nodes of an inverse Laplace transform.

exp(At) b is an integral of exp(zt) (z - A)^-1 b around the spectrum of A.  On a hyperbola that opens to the left the
trapezoidal rule converges geometrically, for all times within a factor of each other at once (Weideman and Trefethen,
Math. Comp. 76:1341, 2007).  One solve a node replaces stepping through the times.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

# What is left of the error, beside the peak of what is computed.
TOLERANCE: Final = 1e-9


@lru_cache(maxsize=64)
def nodes(earliest: float, latest: float) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Nodes z and weights w that serve all times from `earliest` to `latest`: f(t) = sum of Re(w exp(z t) F(z)).

    Only those of the upper half plane; their mirror images are in the weights.  A span of 3 needs 15, one of 700 needs 44.
    """
    span = max(latest / earliest, 1.01)

    def reach(alpha: float) -> float:
        over = (math.pi - 2 * alpha) * span + 4 * alpha - math.pi
        return math.acosh(over / ((4 * alpha - math.pi) * math.sin(alpha)))

    def rate(alpha: float) -> float:
        return (math.pi**2 - 2 * math.pi * alpha) / reach(alpha)

    angles = np.linspace(math.pi / 4, math.pi / 2, 4_001)[1:-1]
    alpha = float(max(angles, key=rate))
    count = math.ceil(-math.log(TOLERANCE) / rate(alpha)) + 1
    step = reach(alpha) / count
    size = (4 * math.pi * alpha - math.pi**2) / reach(alpha) * count / latest
    u = (np.arange(count) + 0.5) * step
    z = size * (1.0 + np.sin(1j * u - alpha))
    w = 2.0 * step * size * 1j * np.cos(1j * u - alpha) / (2j * math.pi)
    return z, w

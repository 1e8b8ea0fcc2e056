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
TOLERANCE: Final = 2e-9


@lru_cache(maxsize=64)
def nodes(
    earliest: float, latest: float, tolerance: float = TOLERANCE
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Nodes z and weights w that serve all times from `earliest` to `latest`: f(t) = sum of Re(w exp(z t) F(z)).

    Only those of the upper half plane; their mirror images are in the weights.  A span of 3 needs 15, one of 700 needs 44.
    """
    span = max(latest / earliest, 1.01)

    # The angle of the hyperbola at which the error falls fastest with the number of nodes.
    angles = np.linspace(math.pi / 4, math.pi / 2, 4_001)[1:-1]
    over = (math.pi - 2 * angles) * span + 4 * angles - math.pi
    reaches = np.arccosh(over / ((4 * angles - math.pi) * np.sin(angles)))
    rates = (math.pi**2 - 2 * math.pi * angles) / reaches
    best = int(rates.argmax())
    alpha, reach, rate = float(angles[best]), float(reaches[best]), float(rates[best])
    count = math.ceil(-math.log(tolerance) / rate) + 1
    step = reach / count
    size = (4 * math.pi * alpha - math.pi**2) / reach * count / latest
    u = (np.arange(count) + 0.5) * step
    z = size * (1.0 + np.sin(1j * u - alpha))
    w = 2.0 * step * size * 1j * np.cos(1j * u - alpha) / (2j * math.pi)
    return z, w

"""Random numbers that belong to a person: the same ones however many others there are, and whoever computes them."""

from __future__ import annotations

import hashlib
import math
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEW: Final = 20_000


def normals(study: str, purpose: str, first: int, people: int, count: int) -> Floats:
    """[people, count] standard normal numbers of the persons from `first` on, for one purpose of one study.

    Philox counts instead of remembering: a person's numbers stand at a fixed place of the stream that study and
    purpose select, so neither chunks nor threads nor machines change them.
    """
    key = int.from_bytes(hashlib.blake2b(f"{study}\n{purpose}".encode(), digest_size=16).digest(), "little")
    blocks = -(-count // 4)  # a step of the counter makes four numbers; two of them make two normal ones
    source = np.random.Philox(key=key)
    source.advance(first * blocks)
    uniform = np.random.Generator(source).random((people, 4 * blocks))
    # One text in both cases, and the same bits: a few numbers are not worth the half second that numba takes to load.
    (_normal if uniform.size <= _FEW else _compiled())(uniform, people, 4 * blocks)
    return uniform[:, :count]


def _normal(uniform: Any, people: int, count: int) -> None:
    """Turns pairs of uniform numbers into pairs of normal ones, in place (Box and Muller 1958)."""
    for i in range(people):
        for j in range(0, count, 2):
            radius = math.sqrt(-2.0 * math.log(1.0 - uniform[i, j]))
            angle = 2.0 * math.pi * uniform[i, j + 1]
            uniform[i, j] = radius * math.cos(angle)
            uniform[i, j + 1] = radius * math.sin(angle)


@cache
def _compiled() -> Any:
    from numba import njit

    return njit(cache=True, nogil=True)(_normal)

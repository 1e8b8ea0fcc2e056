"""Random numbers that belong to a person: the same ones however many others there are, and whoever computes them."""

from __future__ import annotations

import hashlib

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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
    _normal(uniform)
    return uniform[:, :count]


@njit(cache=True, nogil=True)
def _normal(uniform: Floats) -> None:
    """Turns pairs of uniform numbers into pairs of normal ones, in place (Box and Muller 1958)."""
    for i in range(uniform.shape[0]):
        for j in range(0, uniform.shape[1], 2):
            radius = np.sqrt(-2.0 * np.log(1.0 - uniform[i, j]))
            angle = 2.0 * np.pi * uniform[i, j + 1]
            uniform[i, j] = radius * np.cos(angle)
            uniform[i, j + 1] = radius * np.sin(angle)

"""How a number differs from person to person in a study, and the numbers that the persons from one on have."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body.draws import normals

Floats = NDArray[np.float64]

# How each kind is written in a study, as its reader tells whoever wrote something else.
KINDS: Final = {
    "fixed": "one value for everybody",
    "uniform": "a low and a high end, all between them as likely",
    "within": "how far off to either side, all between as likely",
    "lognormal": "a median, and the standard deviation of the logarithm",
    "exponential": "a mean; with 'share', that of the others is zero",
}


class Spreading(Struct, frozen=True):
    """How a number spreads over people; `because` says where that is from, and `entry` names the knowledge it uses.

    numbers: of `fixed` the value, of `uniform` both ends, of `within` the bound, of `lognormal` median and sd, of
    `exponential` mean and share.
    """

    kind: str
    numbers: tuple[float, ...]
    because: str = ""
    entry: str = ""

    @property
    def assumed(self) -> bool:
        """Whether the shape or its numbers come from no source: what is fixed and written is the study's own question."""
        return self.kind != "fixed"

    def drawn(self, seed: str, name: str, first: int, count: int) -> Floats:
        """[count] the number called `name` of the persons from `first` on, the same ones under every arm."""
        if self.kind == "fixed":
            return np.full(count, self.numbers[0])
        four = normals(seed, f"study {name}", first, count, 4)
        # The squares of two normal numbers make a uniform one: their sum is exponential.
        one, two = (np.exp(-0.5 * (four[:, k] ** 2 + four[:, k + 1] ** 2)) for k in (0, 2))
        match self.kind:
            case "uniform":
                low, high = self.numbers
                return np.asarray(low + (high - low) * one)
            case "within":
                return np.asarray(self.numbers[0] * (2.0 * one - 1.0))
            case "lognormal":
                return np.asarray(self.numbers[0] * np.exp(self.numbers[1] * four[:, 0]))
            case _:
                mean, share = self.numbers
                return np.asarray(np.where(two < share, -mean * np.log(np.maximum(one, 1e-300)), 0.0))

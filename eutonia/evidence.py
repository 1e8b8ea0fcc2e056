"""What is known and what is not: a missing thing is never an empty thing."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Literal, TypeVar

from msgspec import Struct

T_co = TypeVar("T_co", covariant=True)

Reason = Literal["never asked", "too old", "contradictory"]


class Known(Struct, Generic[T_co], frozen=True):
    """A fact of the chart with the moment it was true; it has no `float()`, so nobody computes past its doubt."""

    value: T_co
    at: datetime


class Unknown(Struct, frozen=True):
    """Why a fact cannot be used: it was never asked, it is too old, or the chart contradicts itself."""

    reason: Reason
    says: str

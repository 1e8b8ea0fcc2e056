"""A finding: something true of the chart that matters, with its grade, its basis and what would resolve it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, get_args

from msgspec import Struct

from eutonia.knowledge import Book
from eutonia.moment import iso

Grade = Literal["stop", "caution", "note"]
STOP: Final = "stop"
CAUTION: Final = "caution"
NOTE: Final = "note"
GRADES: Final[dict[str, int]] = {STOP: 0, CAUTION: 1, NOTE: 2}

Kind = Literal[
    "titration",
    "taper",
    "trial",
    "start",
    "adjust",
    "refill",
    "strength change",
    "holiday",
    "restart",
    "replacement",
    "reduction",
]
# What a finding can stop: a kind of plan, or of the adjustments those upwards alone.
Blocked = Kind | Literal["adjust up"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ORAL_KINDS: Final[frozenset[Kind]] = frozenset({"titration", "taper"})


class Finding(Struct, frozen=True):
    """What was found (`says`), why it matters (`basis`), from which facts and sources, and what would resolve it.

    `stops` are the kinds of plan that are refused while it stands, and "adjust up" where only a rise is; `card` are the lines of an emergency card.
    """

    id: str
    grade: Grade
    says: str
    basis: str
    facts: tuple[str, ...]
    sources: tuple[str, ...]
    resolve: str
    stops: tuple[Blocked, ...] = ()
    card: tuple[str, ...] = ()
    due: datetime | None = None
    overridden: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON."""
        found: dict[str, Any] = {
            "id": self.id,
            "grade": self.grade,
            "says": self.says,
            "basis": self.basis,
            "facts": list(self.facts),
            "sources": list(self.sources),
            "resolve": self.resolve,
            "stops": list(self.stops),
        }
        if self.card:
            found["card"] = list(self.card)
        if self.due is not None:
            found["due"] = iso(self.due)
        if self.overridden:
            found["overridden"] = self.overridden
        return found


def found(
    book: Book,
    id_: str,
    grade: Grade,
    says: str,
    basis: str,
    resolve: str,
    *entries: str,
    stops: tuple[Blocked, ...] = (),
    card: tuple[str, ...] = (),
    due: datetime | None = None,
) -> Finding:
    """A finding that rests on knowledge entries: their facts and sources become its own."""
    facts, sources = book.behind(entries)
    return Finding(id_, grade, says, basis, facts, sources, resolve, stops, card, due)


def listed(names: tuple[str, ...] | list[str]) -> str:
    """Names as a person says them: 'a', 'a and b', 'a, b and c'.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last

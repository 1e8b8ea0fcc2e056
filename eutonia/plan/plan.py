"""A plan: dated steps, each within the guard, each with its reason; a refusal: why there is none and what would lift it."""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from eutonia.chart.event import What
from eutonia.chart.text import line_of
from eutonia.findings import Kind
from eutonia.knowledge import Book
from eutonia.moment import iso
from eutonia.quantity import Quantity

Do = Literal["take", "give", "program", "bridge", "refill", "draw", "observe", "check", "hold", "stop", "review"]
Setting = Literal["home", "clinic", "monitored", "inpatient"]


class Step(Struct, frozen=True):
    """One thing to do at one moment.  `dose` is the daily dose of a regimen or a program, or the amount of a bolus.

    `writes` is what the chart will hold once it is done: the preview, and what a prediction rests on.
    """

    at: datetime
    do: Do
    says: str
    dose: Quantity | None = None
    over_h: Decimal | None = None
    writes: What | None = None

    def as_dict(self, home: tzinfo) -> dict[str, Any]:
        """The step as JSON."""
        found: dict[str, Any] = {"at": iso(self.at, home), "do": self.do, "says": self.says}
        if self.dose is not None:
            found["dose"] = self.dose.wire()
        if self.over_h is not None:
            found["over_h"] = float(self.over_h)
        if self.writes is not None:
            found["writes"] = line_of(self.writes)
        return found


class Plan(Struct, frozen=True):
    """One option that the rules allow; options stand side by side and none is chosen."""

    kind: Kind
    option: str
    setting: Setting
    steps: tuple[Step, ...]
    why: str
    facts: tuple[str, ...]
    sources: tuple[str, ...]
    watch: tuple[str, ...] = ()
    incomplete: str = ""
    beside: str = ""
    overridden: str = ""
    program: str = ""

    def as_dict(self, home: tzinfo) -> dict[str, Any]:
        """The plan as JSON."""
        found: dict[str, Any] = {
            "kind": self.kind,
            "option": self.option,
            "setting": self.setting,
            "steps": [step.as_dict(home) for step in self.steps],
            "why": self.why,
            "facts": list(self.facts),
            "sources": list(self.sources),
            "watch": list(self.watch),
        }
        for name in ("incomplete", "beside", "overridden", "program"):
            if getattr(self, name):
                found[name] = getattr(self, name)
        return found


class Refusal(Struct, frozen=True):
    """Why there is no plan of a kind, and what would lift it."""

    kind: Kind
    why: str
    lifts: str
    facts: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The refusal as JSON."""
        return {"kind": self.kind, "why": self.why, "lifts": self.lifts, "facts": list(self.facts)}


def basis(book: Book, *entries: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The monograph facts and the sources behind knowledge entries, each once."""
    return book.behind(entries)


def refuse(book: Book, kind: Kind, why: str, lifts: str, *entries: str) -> Refusal:
    """A refusal that rests on knowledge entries."""
    return Refusal(kind, why, lifts, basis(book, *entries)[0])

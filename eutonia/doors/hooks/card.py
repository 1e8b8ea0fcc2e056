"""A card: the short note that a record shows beside an order; with what it rests on, and what could be done."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, Literal

from msgspec import Struct

from eutonia.doors.words import CLOSING, glue
from eutonia.findings import Finding
from eutonia.knowledge import Book

Indicator = Literal["critical", "warning", "info"]
INDICATORS: Final[dict[str, Indicator]] = {"stop": "critical", "caution": "warning", "note": "info"}

FINDINGS: Final = "urn:eutonia:finding"
REASONS: Final = "urn:eutonia:override-reason"
LONGEST: Final = 139


# Whatever is not there is left out: nothing that goes out is null or empty.
class Coding(Struct, frozen=True, omit_defaults=True):
    """A code, the list it is from, and the words for it."""

    code: str
    system: str
    display: str | None = None


class Source(Struct, frozen=True, omit_defaults=True):
    """Where a card is from, and what it is about."""

    label: str
    url: str | None = None
    topic: Coding | None = None


class Action(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One thing that the record would do."""

    type: Literal["create", "update", "delete"]
    description: str
    resource: dict[str, Any] | None = None
    resource_id: str | None = None


class Suggestion(Struct, frozen=True, omit_defaults=True):
    """What a clinician may take up with one click; all of its actions together, or none."""

    label: str
    uuid: str
    actions: tuple[Action, ...]


class Card(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One card; none of its options is marked before the others, and at most one is taken."""

    uuid: str
    summary: str
    indicator: Indicator
    source: Source
    detail: str
    suggestions: tuple[Suggestion, ...] = ()
    selection_behavior: Literal["at-most-one"] | None = None
    override_reasons: tuple[Coding, ...] = ()


class Answer(Struct, frozen=True):
    """What a record gets back: cards, perhaps none, and never an action that nobody asked for."""

    cards: tuple[Card, ...]


WHY_NOT: Final = (
    Coding("benefit", REASONS, "Benefit judged to outweigh the risk"),
    Coding("managed", REASONS, "Known, and managed in another way"),
    Coding("record", REASONS, "The record is wrong or out of date"),
    Coding("other", REASONS, "Another reason"),
)

_MARKS: Final = re.compile(r"([\\`*_\[\]<>#|~!&@{}$])")
_LINK: Final = re.compile(r"(?i)\b(https?|ftp|mailto)(:)|\b(www)(\.)")
_ITEM: Final = re.compile(r"^(\s*)([-+=]|[0-9]+(?=[.)](?:\s|$)))")


# Most of what a card says is the same for every patient.
@lru_cache(maxsize=1024)
def plainly(text: str) -> str:
    """`text` so that Markdown shows it letter by letter: no link, no heading, no picture comes out of a record.

    >>> plainly("1. *bold* www.example.org")
    '1\\\\. \\\\*bold\\\\* www\\\\.example.org'
    """
    text = _MARKS.sub(r"\\\1", glue(text))
    text = _LINK.sub(lambda found: f"{found[1] or found[3]}\\{found[2] or found[4]}", text)
    return _ITEM.sub(lambda found: f"{found[1]}{found[2]}\\" if found[2].isdigit() else f"{found[1]}\\{found[2]}", text)


def short(text: str) -> str:
    """At most 139 characters of `text`, cut between words; a number and its unit stay together.

    >>> short("word " * 40)[-10:]
    'word word…'
    """
    text = glue(text)
    if len(text) <= LONGEST:
        return text
    cut = text[:LONGEST].rpartition(" ")[0].rstrip(" ,;:.(")
    return f"{cut}…" if cut else f"{text[:1]}…"


def detail(*parts: str, rows: tuple[tuple[str, str], ...] = (), items: tuple[str, ...] = (), whom: str = "") -> str:
    """The long text of a card: paragraphs, a list, labelled rows, and what every screen ends with."""
    found = [plainly(each) for each in parts if each]
    if items:
        found.append("\n".join(f"- {plainly(each)}" for each in items))
    found += [f"**{label}:** {plainly(text)}" for label, text in rows if text]
    found.append(f"_{plainly(f'{whom} {CLOSING}'.strip())}_")
    return "\n\n".join(found)


def resting(facts: tuple[str, ...], sources: tuple[str, ...]) -> str:
    """Ids of facts and names of sources in one line."""
    return "; ".join([", ".join(facts), *sources] if facts else sources)


def source(book: Book, about: str, code: str, display: str) -> Source:
    """Eutonia with the version of its knowledge, and the question that a card answers."""
    label = f"Eutonia, knowledge {book.library.version}, {book.jurisdiction}"
    return Source(label, about if about.startswith("https://") else None, Coding(code, FINDINGS, display))


def rows_of(finding: Finding) -> tuple[tuple[str, str], ...]:
    """Why a finding matters, what would resolve it, and what it rests on."""
    return (
        ("Why", finding.basis),
        ("What resolves it", finding.resolve),
        ("Overridden", finding.overridden),
        ("Rests on", resting(finding.facts, finding.sources)),
    )

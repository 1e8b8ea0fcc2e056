"""Every clinical number and rule, written once: value, spread, source, tag of its evidence, review date.

Code asks for a number by name (`book.quantity("oral.daily_max")`).  The files are read once, frozen and hashed; the hash goes into every advice, so that an altered number shows.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from eutonia.quantity import Quantity

VERSION: Final = "2026.11"
FOLDER: Final = Path(__file__).parent

# How a number came to be known, strongest first.  `unverified` (from memory) is never a limit; `house` is a working
# rule of this software, where no source gives one and the software cannot do without.
TAGS: Final = ("monograph", "read", "restated", "derived", "second-hand", "house", "unverified")

JURISDICTIONS: Final = ("US", "DE", "UK")

# Tables of other shapes, each with its own reader.
_TABLES: Final = {"monograph.toml", "conflicts.toml"}


class KnowledgeError(ValueError):
    """A knowledge file that breaks its own rules, or a number asked for that is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One number or rule with its whole story."""

    name: str
    value: Any
    says: str
    spread: str
    tag: str
    source: tuple[str, ...]
    facts: tuple[str, ...]
    review: date
    conflict: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    packs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    file: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the monograph, in our own words."""

    id: str
    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A question on which sources disagree, every side, and what governs here."""

    id: str
    question: str
    sides: str
    governs: str


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """All of the knowledge, with the hash of the files it was read from."""

    entries: Mapping[str, Entry]
    hash: str
    first_review: date
    version: str = VERSION


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """The knowledge as it holds in one jurisdiction: the default is the monograph with the US label."""

    library: Library
    jurisdiction: str = "US"

    def entry(self, name: str) -> Entry:
        """The entry called `name`, of any tag: for what is shown."""
        try:
            return self.library.entries[name]
        except KeyError:
            raise KnowledgeError(f"no knowledge entry is called '{name}'") from None

    def under(self, prefix: str) -> tuple[Entry, ...]:
        """The entries whose names begin with `prefix`, such as 'interaction.', in the order of the files."""
        return _under(self.library, prefix)

    def _value(self, name: str) -> Any:
        entry = self.entry(name)
        if entry.tag == "unverified":
            raise KnowledgeError(f"'{name}' is unverified ({'; '.join(entry.source)}) and must not be a limit")
        pack = entry.packs.get(self.jurisdiction)
        return entry.value if pack is None else pack["value"]

    def quantity(self, name: str) -> Quantity:
        """A single number with its unit."""
        return _quantity(self._value(name))

    def span(self, name: str) -> tuple[Quantity, Quantity]:
        """A range: its low and its high end."""
        low, high = self._value(name)
        return _quantity(low), _quantity(high)

    def quantities(self, name: str) -> tuple[Quantity, ...]:
        """A list of numbers with units."""
        return tuple(_quantity(each) for each in self._value(name))

    def shares(self, name: str) -> tuple[Fraction, ...]:
        """A list of exact shares, such as 2/3."""
        return tuple(Fraction(each) for each in self._value(name))

    def count(self, name: str) -> int:
        """A whole number without a unit: doses a day, years of age."""
        found = self._value(name)
        if not isinstance(found, int):
            raise KnowledgeError(f"'{name}' is not a whole number")
        return found

    def text(self, name: str) -> str:
        """A rule in words."""
        return str(self._value(name))

    def words(self, name: str) -> tuple[str, ...]:
        """A list of words."""
        return tuple(self._value(name))

    def configuration(self, name: str) -> Decimal:
        """A number that a device cannot do without, even if unverified; whoever prints it says so."""
        return _quantity(self.entry(name).value).value

    def past_review(self, day: date) -> tuple[Entry, ...]:
        """The entries that should have been looked at again by `day`."""
        if day <= self.library.first_review:
            return ()
        return tuple(entry for entry in self.library.entries.values() if entry.review < day)

    def behind(self, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The monograph facts and the sources behind these entries, each once; a disagreement is named last."""
        return _behind(self.library, names)


@cache
def _quantity(text: str) -> Quantity:
    return Quantity.read(text)


@cache
def _under(library: Library, prefix: str) -> tuple[Entry, ...]:
    return tuple(library.entries[name] for name in library.entries if name.startswith(prefix))


@lru_cache(maxsize=4096)
def _behind(library: Library, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    entries = [library.entries[name] for name in names]
    facts = dict.fromkeys(fact for entry in entries for fact in entry.facts)
    sources = dict.fromkeys(source for entry in entries for source in entry.source)
    disagree = dict.fromkeys(f"sources disagree: {entry.conflict}" for entry in entries if entry.conflict)
    return tuple(facts), (*sources, *disagree)


_REQUIRED: Final = ("value", "spread", "tag", "source", "facts", "review")
_OWN: Final = {"value", "says", "spread", "tag", "source", "facts", "review", "conflict", "packs"}


def _entry(name: str, table: Mapping[str, Any], file: str) -> Entry:
    for key in _REQUIRED:
        if key not in table:
            raise KnowledgeError(f"{file}: '{name}' has no '{key}'")
    if table["tag"] not in TAGS:
        raise KnowledgeError(f"{file}: '{name}' has the tag '{table['tag']}'; use one of {', '.join(TAGS)}")
    if not table["source"] or not table["spread"] or table["value"] in ("", []):
        raise KnowledgeError(f"{file}: '{name}' needs a value, a spread and a source")
    if not isinstance(table["review"], date):
        raise KnowledgeError(f"{file}: the review date of '{name}' is not a date")
    for place, pack in table.get("packs", {}).items():
        if place not in JURISDICTIONS or set(pack) != {"value", "source"}:
            raise KnowledgeError(f"{file}: the pack '{place}' of '{name}' needs a value and a source, nothing else")
    return Entry(
        name,
        table["value"],
        table.get("says", ""),
        table["spread"],
        table["tag"],
        tuple(table["source"]),
        tuple(table["facts"]),
        table["review"],
        table.get("conflict", ""),
        {key: found for key, found in table.items() if key not in _OWN},
        table.get("packs", {}),
        file,
    )


class Entries(Mapping[str, Entry]):
    """The entries by name.  Each is parsed and checked when it is first asked for: a command needs a few of hundreds."""

    def __init__(self, blocks: Mapping[str, tuple[str, str]]) -> None:
        self._blocks = blocks
        self._parsed: dict[str, Entry] = {}

    def __getitem__(self, name: str) -> Entry:
        found = self._parsed.get(name)
        if found is None:
            file, block = self._blocks[name]
            found = self._parsed[name] = _entry(name, tomllib.loads(block)[name], file)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)


# A file is cut before each entry's heading; the tables of an entry's packs stay with it.
_HEADING: Final = re.compile(r'^\["([^"\]]+)"\]$', re.MULTILINE)
_REVIEW: Final = re.compile(r"^review = ([0-9]{4}-[0-9]{2}-[0-9]{2})$", re.MULTILINE)


def _blocks(path: Path, text: str) -> Iterator[tuple[str, str]]:
    heads = list(_HEADING.finditer(text))
    before = text[: heads[0].start()] if heads else text
    if any(line and not line.startswith("#") for line in before.splitlines()):
        raise KnowledgeError(f"{path.name}: something stands before the first entry")
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        yield head[1], text[head.start() : following.start() if following else len(text)]


@cache
def library() -> Library:
    """All knowledge files, read and hashed once; an entry that stands twice is an error."""
    digest = hashlib.sha256()
    blocks: dict[str, tuple[str, str]] = {}
    reviews: list[str] = []
    for path in sorted(FOLDER.glob("*.t[os][mv]*")):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
        if path.suffix != ".toml" or path.name in _TABLES:
            continue
        text = content.decode()
        reviews += _REVIEW.findall(text)
        for name, block in _blocks(path, text):
            if name in blocks:
                raise KnowledgeError(f"{path.name}: '{name}' stands in {blocks[name][0]} already")
            blocks[name] = (path.name, block)
    if len(reviews) != len(blocks):
        raise KnowledgeError("an entry has no review date on a line of its own")
    return Library(Entries(blocks), digest.hexdigest(), date.fromisoformat(min(reviews)))


@cache
def book(jurisdiction: str = "US") -> Book:
    """The knowledge as it holds in one jurisdiction."""
    if jurisdiction not in JURISDICTIONS:
        raise KnowledgeError(f"'{jurisdiction}' is not a jurisdiction here; choose one of {', '.join(JURISDICTIONS)}")
    return Book(library(), jurisdiction)


@cache
def monograph() -> Mapping[str, Fact]:
    """The facts of the monograph by id."""
    tables = tomllib.loads((FOLDER / "monograph.toml").read_text("utf-8"))["fact"]
    return {each["id"]: Fact(each["id"], each["kind"], each["says"]) for each in tables}


@cache
def conflicts() -> Mapping[str, Conflict]:
    """Where sources disagree, by id."""
    tables = tomllib.loads((FOLDER / "conflicts.toml").read_text("utf-8"))
    return {name: Conflict(name, each["question"], each["sides"], each["governs"]) for name, each in tables.items()}

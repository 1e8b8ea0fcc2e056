"""Every clinical number and rule, written once: value, spread, source, tag of its evidence, review date.

Code asks for a number by name (`book.quantity("oral.daily_max")`).  The files are read once, frozen and hashed; the hash goes into every advice, so that an altered number shows.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from eutonia.quantity import Quantity

VERSION: Final = "2026.11"
FOLDER: Final = Path(__file__).parent

# How a number came to be known, strongest first.  `unverified` (from memory) is never a limit; `assumption` is a
# cautious value of this software, where no source gives one and a rule needs it.
TAGS: Final = ("monograph", "read", "restated", "derived", "second-hand", "assumption", "assumed", "unverified")

JURISDICTIONS: Final = ("US", "DE", "UK")

# Tables of other shapes, each with its own reader.
_TABLES: Final = {"monograph.toml", "conflicts.toml"}


class KnowledgeError(ValueError):
    """A knowledge file that breaks its own rules, or a number asked for that is not there."""


class Entry(Struct, frozen=True, eq=False):
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


class Fact(Struct, frozen=True):
    """One fact of the monograph, in our own words."""

    id: str
    kind: str
    says: str


class Conflict(Struct, frozen=True):
    """A question on which sources disagree, every side, and what governs here."""

    id: str
    question: str
    sides: str
    governs: str


class Library(Struct, frozen=True, eq=False):
    """All of the knowledge, with the hash of the files it was read from."""

    entries: Mapping[str, Entry]
    hash: str
    first_review: date
    version: str = VERSION


class Book(Struct, frozen=True, eq=False):
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

    def quantity(self, name: str) -> Quantity:
        """A single number with its unit."""
        return _single(self, name)

    def span(self, name: str) -> tuple[Quantity, Quantity]:
        """A range: its low and its high end."""
        return _span(self, name)

    def quantities(self, name: str) -> tuple[Quantity, ...]:
        """A list of numbers with units."""
        return tuple(_quantity(each) for each in _value(self, name))

    def shares(self, name: str) -> tuple[Fraction, ...]:
        """A list of exact shares, such as 2/3."""
        return _shares(self, name)

    def count(self, name: str) -> int:
        """A whole number without a unit: doses a day, years of age."""
        found = _value(self, name)
        if not isinstance(found, int):
            raise KnowledgeError(f"'{name}' is not a whole number")
        return found

    def text(self, name: str) -> str:
        """A rule in words."""
        return str(_value(self, name))

    def words(self, name: str) -> tuple[str, ...]:
        """A list of words."""
        return tuple(_value(self, name))

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


# Kept, since every chart asks for the same numbers.


@cache
def _value(book: Book, name: str) -> Any:
    entry = book.entry(name)
    if entry.tag in ("assumed", "unverified"):
        raise KnowledgeError(f"'{name}' is {entry.tag} ({'; '.join(entry.source)}) and must not be a limit")
    pack = entry.packs.get(book.jurisdiction)
    return entry.value if pack is None else pack["value"]


@cache
def _single(book: Book, name: str) -> Quantity:
    return _quantity(_value(book, name))


@cache
def _span(book: Book, name: str) -> tuple[Quantity, Quantity]:
    low, high = _value(book, name)
    return _quantity(low), _quantity(high)


@cache
def _shares(book: Book, name: str) -> tuple[Fraction, ...]:
    return tuple(Fraction(each) for each in _value(book, name))


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
    review = table["review"]
    if isinstance(review, str):
        review = date.fromisoformat(review)
    if not isinstance(review, date):
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
        review,
        table.get("conflict", ""),
        {key: found for key, found in table.items() if key not in _OWN},
        table.get("packs", {}),
        file,
    )


class Entries(Mapping[str, Entry]):
    """The entries by name.  Each is checked when it is first asked for: a command needs a few of hundreds."""

    def __init__(self, tables: Mapping[str, tuple[str, Mapping[str, Any]]]) -> None:
        self._tables = tables
        self._checked: dict[str, Entry] = {}

    def __getitem__(self, name: str) -> Entry:
        found = self._checked.get(name)
        if found is None:
            file, table = self._tables[name]
            found = self._checked[name] = _entry(name, table, file)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def _parsed(files: Mapping[str, str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every table of the files by name; dates are kept as text, so that the result can be stored."""
    import tomllib

    tables: dict[str, tuple[str, dict[str, Any]]] = {}
    for file, text in files.items():
        for name, table in tomllib.loads(text).items():
            if name in tables:
                raise KnowledgeError(f"{file}: '{name}' stands in {tables[name][0]} already")
            _entry(name, table, file)
            tables[name] = (file, {**table, "review": table["review"].isoformat()})
    return tables


def _stored(digest: str, files: Mapping[str, str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """The tables, from beside the compiled code where the same files were parsed before: parsing costs more than advice.

    The name holds the hash of the files, so an altered file is always parsed and checked anew.
    """
    path = FOLDER / "__pycache__" / f"knowledge-{digest[:32]}.marshal"
    try:
        kept = path.read_bytes()
        # A copy that was damaged or altered does not carry the checksum of its own content, and is never used.
        if hashlib.sha256(kept[32:]).digest() != kept[:32]:
            raise ValueError
        found: dict[str, tuple[str, dict[str, Any]]] = marshal.loads(kept[32:])
    except (OSError, ValueError, EOFError, TypeError):
        found = _parsed(files)
        try:
            path.parent.mkdir(exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}")
            content = marshal.dumps(found)
            draft.write_bytes(hashlib.sha256(content).digest() + content)
            draft.replace(path)
        except OSError:
            pass  # a read-only installation parses each time
    return found


@cache
def library() -> Library:
    """All knowledge files, read, checked and hashed once; an entry that stands twice is an error."""
    digest = hashlib.sha256()
    files: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.t[os][mv]*")):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
        if path.suffix == ".toml" and path.name not in _TABLES:
            files[path.name] = content.decode()
    name = digest.hexdigest()
    tables = _stored(name, files)
    first = min(table["review"] for _, table in tables.values())
    return Library(Entries(tables), name, date.fromisoformat(first))


@cache
def book(jurisdiction: str = "US") -> Book:
    """The knowledge as it holds in one jurisdiction."""
    jurisdiction = jurisdiction.upper()
    if jurisdiction not in JURISDICTIONS:
        raise KnowledgeError(f"'{jurisdiction}' is not a jurisdiction here; choose one of {', '.join(JURISDICTIONS)}")
    return Book(library(), jurisdiction)


@cache
def monograph() -> Mapping[str, Fact]:
    """The facts of the monograph by id."""
    import tomllib

    tables = tomllib.loads((FOLDER / "monograph.toml").read_text("utf-8"))["fact"]
    return {each["id"]: Fact(each["id"], each["kind"], each["says"]) for each in tables}


@cache
def conflicts() -> Mapping[str, Conflict]:
    """Where sources disagree, by id."""
    import tomllib

    tables = tomllib.loads((FOLDER / "conflicts.toml").read_text("utf-8"))
    return {name: Conflict(name, each["question"], each["sides"], each["governs"]) for name, each in tables.items()}

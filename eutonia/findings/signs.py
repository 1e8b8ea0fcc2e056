"""The symptoms of a chart as they stand: what each means, which are open, and which nobody could read.

A later line about the same thing takes the place of an earlier one; `resolved` ends it; `symptom none` ends what is mild.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.ingestion import denied, ingestion
from eutonia.findings.phrases import entries_named, meaning, says_none
from eutonia.findings.vitals import vitals
from eutonia.knowledge import Book, Entry

EMERGENCY: Final = ("symptom.overdose.", "symptom.withdrawal.", "sign.")


class Reading(Struct, frozen=True):
    """What one piece of a symptom line means.

    Parameters
    ----------
    text
        As it was written.
    entries
        The knowledge entries that it names; empty where it was not read, is denied, or is a vital sign inside its band.
    measure
        The vital sign that was measured, such as 'vital.pulse'; empty for words.
    red
        Whether it is a vital sign that is urgent by itself.
    unread
        Whether a part of it was not understood and nothing else in it counts.
    """

    text: str
    entries: tuple[Entry, ...] = ()
    spinal: tuple[Entry, ...] = ()
    measure: str = ""
    red: bool = False
    mild: bool = False
    severe: bool = False
    unread: bool = False
    denied: bool = False


class Sign(Struct, frozen=True):
    """A symptom that is open: when it was written, what it means, and how a person classified it."""

    at: datetime
    reading: Reading
    entries: tuple[Entry, ...]
    classified: str | None = None

    @property
    def text(self) -> str:
        """The words that it was written in."""
        return self.reading.text

    @property
    def emergency(self) -> tuple[Entry, ...]:
        """The signs of overdose or withdrawal among its meanings."""
        return tuple(entry for entry in self.entries if entry.name.startswith(EMERGENCY))

    @property
    def effects(self) -> tuple[Entry, ...]:
        """The adverse effects among its meanings."""
        return tuple(entry for entry in self.entries if entry.name.startswith("adverse."))

    @property
    def unread(self) -> bool:
        """Whether nobody knows yet what it means."""
        return self.classified is None and self.reading.unread

    @property
    def name(self) -> str:
        """Its name, with the words it was written in where they say more."""
        entry = next(iter((*self.emergency, *self.effects, *self.entries)), None)
        if entry is None or isinstance(entry.value, list):  # a list of everyday words has no name of its own
            return self.text
        name = (*self.emergency, *self.effects, *self.entries)[0].value
        # An everyday symptom stands in a list of words and has no name of its own.
        return named(name, self.text) if isinstance(name, str) else self.text


class Signs(Struct, frozen=True):
    """The open symptoms, oldest first; and what the last 'symptom none' closed, and left open since it is serious."""

    open: tuple[Sign, ...] = ()
    none_at: datetime | None = None
    closed: tuple[Sign, ...] = ()
    kept: tuple[Sign, ...] = ()


def named(name: str, text: str) -> str:
    """Return the name, with the written words in brackets where they differ from it."""
    return name if text.lower() in name.lower() else f"{name} ({text})"


_PIECES: Final = re.compile(r"\s*(?:,(?!\d)|,\s|(?<!\d),|[+\n])\s*")
_JOINED: Final = re.compile(r"\s*(?:\b(?:and|but|with|plus|also)\b|&|\s/\s)\s*", re.IGNORECASE)
_DENIES: Final = re.compile(r"\s*(?:denies|denied|denying|negative for|no signs? of|no symptoms? of)\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def read(book: Book, text: str) -> tuple[Reading, ...]:
    """Return what the words of a symptom line mean, piece by piece; one piece that is not read silences no other."""
    pieces = [piece for piece in _PIECES.split(text.strip()) if piece]
    denies = bool(_DENIES.match(text))
    readings: list[Reading] = []
    for piece in pieces:
        if denies and re.search(r"\bbut\b", piece, re.IGNORECASE):
            denies = False
            piece = re.split(r"\bbut\b", piece, flags=re.IGNORECASE)[-1].strip()
        readings += [Reading(piece, denied=True)] if denies else _piece(book, piece)
    return tuple(readings) or (Reading(text, unread=True),)


def _piece(book: Book, piece: str) -> list[Reading]:
    if denied(piece):
        return [Reading(piece, denied=True)]
    if (taken := ingestion(book, piece)) is not None:
        others = _piece(book, taken.rest) if re.search(r"[a-z]{2}", taken.rest, re.IGNORECASE) else []
        return [Reading(piece, (taken.entry,)), *others]
    whole = _one(book, piece)
    parts = [part for part in _JOINED.split(piece) if part.strip()]
    if len(parts) < 2 or (not whole[0].unread and not _left_over(book, piece)):
        return whole
    return [reading for part in parts for reading in _one(book, part)]


def _left_over(book: Book, piece: str) -> tuple[str, ...]:
    return meaning(book, vitals(book, piece)[1]).rest


def _one(book: Book, piece: str) -> list[Reading]:
    measured, rest = vitals(book, piece)
    readings = []
    for vital in measured:
        entries = entries_named(book, vital.shows) if vital.shows else ()
        readings.append(Reading(piece, entries, (), vital.name, vital.red, unread=vital.value is None))
    found = meaning(book, rest)
    if found.entries or found.spinal or found.denied:
        everyday = all(entry.name.startswith("everyday.") for entry in found.entries)
        unread = everyday and bool(found.rest) and not found.denied
        readings.append(
            Reading(piece, found.entries, found.spinal, "", False, found.mild, found.severe, unread, found.denied)
        )
    elif found.rest or not readings:
        readings.append(Reading(piece, unread=True))
    return readings


# -- which are open ---------------------------------------------------------------------------------------------------


def current(facts: Facts) -> Signs:
    """Return the open symptoms of a chart at its moment, whatever their age."""
    events = facts.of(e.Symptom)
    if not events:
        return Signs()
    spinal = bool(facts.of(e.Implant, e.Trial))
    signs: list[Sign] = []
    none_at: datetime | None = None
    closed: tuple[Sign, ...] = ()
    for event in events:
        symptom = event.what
        assert isinstance(symptom, e.Symptom)
        if not symptom.resolved and symptom.classified is None and says_none(facts.book, symptom.text):
            none_at, closed = event.at, tuple(sign for sign in signs if not needs_its_own_end(sign))
            signs = [sign for sign in signs if sign not in closed]
            continue
        # What one line says in several pieces stands side by side; only an earlier line is replaced.
        pieces = [(each, _entries(each, spinal)) for each in read(facts.book, symptom.text) if not each.denied]
        for reading, entries in pieces:
            signs = [left for sign in signs if (left := _after(sign, reading, entries)) is not None]
        if not symptom.resolved:
            signs += [
                Sign(event.at, reading, entries, symptom.classified)
                for reading, entries in pieces
                if entries or reading.unread
            ]
    kept = tuple(sign for sign in signs if none_at is not None and sign.at <= none_at)
    return Signs(tuple(signs), none_at, closed, kept)


def _entries(reading: Reading, spinal: bool) -> tuple[Entry, ...]:
    """Return what a reading names on this chart: sleepiness is a sign of overdose in the spine, or where it is severe."""
    entries = reading.entries
    if (spinal or reading.severe) and not reading.mild:
        entries = tuple({entry.name: entry for entry in (*entries, *reading.spinal)}.values())
    if reading.mild:
        entries = tuple(entry for entry in entries if entry.name != "symptom.overdose.somnolence")
    return entries


def _after(sign: Sign, reading: Reading, entries: tuple[Entry, ...]) -> Sign | None:
    """Return what is left of an open sign after a later line about the same thing; none where nothing is."""
    if sign.text.lower() == reading.text.lower() or (reading.measure and sign.reading.measure == reading.measure):
        return None
    names = {entry.name for entry in entries if not entry.name.startswith("everyday.")}
    if not names & {entry.name for entry in sign.entries}:
        return sign
    left = tuple(entry for entry in sign.entries if entry.name not in names)
    if not left or (sign.emergency and not any(entry.name.startswith(EMERGENCY) for entry in left)):
        return None
    return replace(sign, entries=left)


def needs_its_own_end(sign: Sign) -> bool:
    """Whether a sign is too serious, or too little understood, for 'symptom none' to end it."""
    if sign.classified == "unrelated":
        return False
    return (
        sign.unread
        or sign.classified == "emergency"
        or sign.reading.red
        or any(entry.more.get("serious") for entry in sign.effects)
        or any(entry.more.get("alone") or entry.more.get("taken") for entry in sign.emergency)
    )


def recent(facts: Facts, sign: Sign) -> bool:
    """Whether a sign is inside the age limit of symptoms."""
    return facts.age_days(sign.at) <= facts.book.quantity("age.symptom").to("days")

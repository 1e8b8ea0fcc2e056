"""What the words of a symptom mean: in any letter case and order, with synonyms, intensities, denials and slips of a letter.

The words stand in knowledge/adverse.toml and knowledge/signs.toml.  What is not there is not guessed: it stays unread.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from eutonia.knowledge import Book, Entry

Phrase = frozenset[str]


class Vocabulary(Struct, frozen=True, eq=False):
    """The words that are known: families of words, words beside, and each phrase with the entries that it names.

    `spinal` names entries only where drug goes into the spine; `whole` phrases must be all that was written.
    """

    families: Mapping[str, str]
    ignored: frozenset[str]
    mild: frozenset[str]
    severe: frozenset[str]
    denied: frozenset[str]
    none: frozenset[Phrase]
    phrases: Mapping[Phrase, tuple[Entry, ...]]
    spinal: Mapping[Phrase, tuple[Entry, ...]]
    whole: frozenset[Phrase]
    by_word: Mapping[str, tuple[Phrase, ...]]
    words: frozenset[str]


class Meaning(Struct, frozen=True):
    """What one piece of text means.

    Parameters
    ----------
    entries
        The knowledge entries that it names: adverse effects, signs, everyday symptoms.
    spinal
        Further entries that it names where drug goes into the spine.
    mild, severe
        Whether it says so.
    denied
        Whether it says that what it names is not there.
    rest
        The words that were not understood.
    """

    entries: tuple[Entry, ...] = ()
    spinal: tuple[Entry, ...] = ()
    mild: bool = False
    severe: bool = False
    denied: bool = False
    rest: tuple[str, ...] = ()


_WORD: Final = re.compile(r"[a-z][a-z0-9']*")
# As in 'oedema' and 'dyspnoea', not as in 'toes'.
_DIPHTHONG: Final = re.compile(r"(?:oe|ae)(?=a|[a-z]{2})")
# Words that change nothing anywhere, and those that turn a word into its opposite.
_DROPPED: Final = frozenset(
    {"a", "an", "the", "is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "of", "in", "on", "at"}
    | {"to", "with", "i", "it", "and", "or"}
)
_NOT: Final = frozenset(
    [
        "not",
        "no",
        "cannot",
        "can't",
        "cant",
        "couldn't",
        "couldnt",
        "unable",
        "isn't",
        "aren't",
        "wasn't",
        "doesn't",
        "don't",
        "didn't",
        "won't",
        "without",
        "never",
    ]
)
_NO: Final = frozenset({"no", "denies", "denied"})
_TROUBLE: Final = frozenset({"problem", "difficult", "trouble", "issue", "distress"})
_INSIDE: Final = {
    "unresponsive": ("not", "respond"),
    "nonresponsive": ("not", "respond"),
    "unconscious": ("not", "conscious"),
    "unrousable": ("not", "wake"),
    "unrouseable": ("not", "wake"),
    "unarousable": ("not", "wake"),
}
# At most this many words lie between a denial such as 'not' and what it denies.
_REACH: Final = 2
_SHORTEST_SLIP: Final = 6
_LONG: Final = 10


def words_of(text: str) -> list[str]:
    """Return the words of a text in one spelling: small letters, no accents, British spelling without its diphthongs."""
    text = text.lower().replace("\u2019", "'").replace("œ", "oe").replace("æ", "ae")
    text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return [_DIPHTHONG.sub("e", word) for word in _WORD.findall(text)]


def _tokens(text: str, families: Mapping[str, str]) -> list[str]:
    tokens: list[str] = []
    for word in words_of(text):
        if word in _DROPPED:
            continue
        if word in _NOT:
            tokens.append("not")
        elif word in _INSIDE:
            tokens += _INSIDE[word]
        else:
            tokens.append(families.get(word) or families.get(word.removesuffix("'s")) or _singular(word))
    return tokens


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@lru_cache(maxsize=8)
def vocabulary(book: Book) -> Vocabulary:
    """Return the vocabulary of a book of knowledge."""
    families: dict[str, str] = {}
    for line in book.words("words.families"):
        first, _, rest = line.partition(": ")
        first = words_of(first)[0]
        families.update((word, first) for word in (first, *words_of(rest)))
    phrases: dict[Phrase, dict[str, Entry]] = {}
    spinal: dict[Phrase, dict[str, Entry]] = {}
    whole: set[Phrase] = set()

    def add(text: str, entries: tuple[Entry, ...], into: dict[Phrase, dict[str, Entry]] = phrases) -> None:
        phrase = frozenset(_tokens(text, families))
        into.setdefault(phrase, {}).update((entry.name, entry) for entry in entries)
        if text.startswith("="):
            whole.add(phrase)

    for prefix in ("adverse.", "symptom.overdose.", "symptom.withdrawal.", "sign."):
        for entry in book.under(prefix):
            if prefix == "adverse." and "system" not in entry.more:
                continue
            for text in (str(entry.value), *entry.more.get("also", ())):
                add(text, (entry,))
            for text in entry.more.get("also_intrathecal", ()):
                add(text, (entry,), spinal)
    for entry in book.under("everyday."):
        for text in entry.value:
            add(text, (entry,))
    # Another word names whatever the name names by now.
    named = {}
    for entry in book.under("word."):
        canonical = frozenset(_tokens(str(entry.value), families))
        named[entry.name] = tuple(phrases[canonical].values()), tuple(spinal.get(canonical, {}).values())
    for entry in book.under("word."):
        for text in entry.more["also"]:
            add(text, named[entry.name][0])
            if named[entry.name][1]:
                add(text, named[entry.name][1], spinal)
    by_word: dict[str, list[Phrase]] = {}
    for phrase in {*phrases, *spinal}:
        # Found by its longest word, which is the rarest.
        by_word.setdefault(max(phrase, key=lambda word: (len(word), word)), []).append(phrase)

    def plain_words(name: str) -> frozenset[str]:
        return frozenset(word for text in book.words(name) for word in (*words_of(text), *_tokens(text, families)))

    ignored = plain_words("words.ignored") - {"not"}
    return Vocabulary(
        families, ignored, plain_words("words.mild"), plain_words("words.severe"), plain_words("words.denied") - {"not"},
        frozenset(frozenset(_tokens(text, families)) for text in book.words("words.none")),
        {phrase: tuple(entries.values()) for phrase, entries in phrases.items()},
        {phrase: tuple(entries.values()) for phrase, entries in spinal.items()},
        frozenset(whole),
        {word: tuple(rows) for word, rows in by_word.items()},
        frozenset(word for phrase in (*phrases, *spinal) for word in phrase) | {*families, *_INSIDE},
    )  # fmt: skip


def entries_named(book: Book, name: str) -> tuple[Entry, ...]:
    """Return the entries that a name stands for; raise KeyError where it is none."""
    known = vocabulary(book)
    return known.phrases[frozenset(_tokens(name, known.families))]


def says_none(book: Book, text: str) -> bool:
    """Whether a text says that there is no symptom."""
    known = vocabulary(book)
    ignored = known.ignored | known.severe
    phrase = frozenset(_tokens(text, known.families))
    return bool(phrase) and (phrase in known.none or frozenset(phrase - ignored) in known.none)


@lru_cache(maxsize=4096)
def meaning(book: Book, text: str) -> Meaning:
    """Return what a piece of text without numbers means."""
    known = vocabulary(book)
    tokens = [part for token in _tokens(text, known.families) for part in _mended(token, known)]
    there = frozenset(tokens)
    phrases = [
        phrase
        for word in there
        for phrase in known.by_word.get(word, ())
        if phrase <= there and (phrase not in known.whole or phrase == there)
    ]
    raw = set(words_of(text))
    if tokens and raw & _NO and there & _TROUBLE:
        # 'no breathing problems' is not 'not breathing'.
        phrases = [phrase for phrase in phrases if "not" not in phrase or phrase & _TROUBLE]
    # Of two phrases of which one holds the other, the longer one is meant.
    phrases = [phrase for phrase in phrases if not any(phrase < other for other in phrases)]
    denied = [phrase for phrase in phrases if _denied(phrase, tokens, raw, known)]
    meant = [phrase for phrase in phrases if phrase not in denied]
    covered = frozenset().union(*phrases) if phrases else frozenset()
    beside = known.ignored | known.mild | known.severe | known.denied
    rest = [token for token in dict.fromkeys(tokens) if token not in covered and token not in beside]
    if denied:
        # 'no seizure' says that there is none; of 'no interest in cards' nobody knows what it says.
        rest = [] if raw & known.denied else [token for token in rest if token != "not"]
    return Meaning(
        _entries(meant, known.phrases),
        _entries(meant, known.spinal),
        bool((there | raw) & known.mild - covered),
        bool((there | raw) & known.severe - covered),
        bool(denied or (raw & known.denied and not rest)) and not meant,
        tuple(rest),
    )


def _entries(phrases: list[Phrase], table: Mapping[Phrase, tuple[Entry, ...]]) -> tuple[Entry, ...]:
    return tuple({entry.name: entry for phrase in phrases for entry in table.get(phrase, ())}.values())


def _denied(phrase: Phrase, tokens: list[str], raw: set[str], known: Vocabulary) -> bool:
    """Whether a denial stands before the phrase: 'no ...' from the beginning on, 'not' a few words before it."""
    if "not" in phrase or any(entry.name == "everyday.well" for entry in known.phrases.get(phrase, ())):
        return False  # 'not awake' is no answer, and what it means is not guessed
    first = min(place for place, token in enumerate(tokens) if token in phrase)
    begins = bool(tokens) and (tokens[0] in known.denied or (tokens[0] == "not" and bool(raw & known.denied)))
    return begins or any(token == "not" or token in known.denied for token in tokens[max(first - _REACH, 0) : first])


def _mended(token: str, known: Vocabulary) -> tuple[str, ...]:
    """The token, or the one known word that it differs from by one slip of the pen."""
    beside = known.words | known.ignored | known.mild | known.severe | known.denied
    if len(token) < _SHORTEST_SLIP or token in beside:
        return (token,)
    near = {known.families.get(word, word) for word in known.words if _one_slip(token, word)}
    if len(near) != 1:
        return (token,)
    (word,) = near
    return _INSIDE.get(word, (word,))


def _one_slip(one: str, other: str) -> bool:
    """Whether two words differ by one letter left out, added, changed, or by two that changed places."""
    if abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, others = one[at:], other[at:]
    return any(
        (
            rest[1:] == others,
            rest == others[1:],
            # A letter that was changed makes another word more often: 'rumbling' is not 'rambling'.
            rest[1:] == others[1:] and len(one) >= _LONG,
            len(rest) > 1 and rest[1::-1] + rest[2:] == others,
        )
    )


def names(book: Book) -> tuple[str, ...]:
    """Return the names that are recognized, in order: for the pick list of a form."""
    return tuple(sorted(_names(book)))


def _names(book: Book) -> Iterator[str]:
    seen: set[str] = set()
    for prefix in ("symptom.overdose.", "symptom.withdrawal.", "sign.", "adverse."):
        for entry in book.under(prefix):
            if entry.name != "sign.called" and (prefix != "adverse." or "system" in entry.more):
                if str(entry.value) not in seen:
                    yield str(entry.value)
                seen.add(str(entry.value))

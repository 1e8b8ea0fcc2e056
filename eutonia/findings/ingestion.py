"""Was baclofen swallowed in excess?  How much, in the words of a symptom line."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from msgspec import Struct

from eutonia.knowledge import Book, Entry
from eutonia.knowledge.drugs import recognise

# More than was ordered, in an amount that is not known to be large; and a poisoning.
EXCESS: Final = "sign.excess"
POISONING: Final = "sign.poisoning"


class Ingestion(Struct, frozen=True):
    """More drug than was ordered, as a symptom line says it.

    Parameters
    ----------
    entry
        The knowledge entry of what it is: a poisoning, or an excess of small or unknown amount.
    rest
        The text without it.
    """

    entry: Entry
    rest: str


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_COUNT: Final = r"(?P<n>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)"
_EACH: Final = r"(?P<each>\d+(?:\.\d+)?)[\s-]*(?:milligrams?|mg)\b"
_FORM: Final = r"(?:tab(?:let)?s?|pills?|caps(?:ules?)?)\b"
_DRUG: Final = r"(?:baclofen|lioresal|ozobax|lyvispah|fleqsuvy)\b"
_SWALLOWED: Final = _pattern(
    r"\b(?:swallow(?:ed|ing)|took|taken|ingest(?:ed|ion)|ate|eaten|drank|overdos(?:e|ed)|over-dos(?:e|ed))\b"
)
# Tablets with their strength, before or behind; the drug itself; tablets alone.
_AMOUNTS: Final = (
    _pattern(rf"\b{_COUNT}\s*(?:{_FORM}|x|\u00d7)(?:\s*(?:x|\u00d7|of|at|each|{_DRUG}|\())*\s*{_EACH}\)?(?:\s*(?:{_FORM}|of|each|{_DRUG}))*"),
    _pattern(rf"\b{_COUNT}\s*(?:of\s+)?(?:{_DRUG}\s*)?{_EACH}\s*(?:{_DRUG}\s*)?{_FORM}(?:\s*(?:of|{_DRUG}))*"),
    _pattern(rf"\b{_COUNT}\s*(?P<unit>milligrams?|mg|grams?|g)\b(?:\s*(?:of|{_DRUG}))*"),
    _pattern(rf"\b{_COUNT}\s*(?:{_DRUG}\s*)?{_FORM}(?:\s*(?:of|{_DRUG}))*"),
)  # fmt: skip
_SUICIDE: Final = (
    r"(?:suicid\w*\s+attempt|attempted\s+suicide|tried\s+to\s+(?:kill\s+(?:him|her)self|die)|self[- ]?harm\w*)"
)
_MEANS: Final = (
    r"(?:tablets?|pills?|capsules?|baclofen|lioresal|medicines?|medication|drugs?|bottle|box|pack(?:et)?|blister)"
)
# Words that are a poisoning whatever the amount.
_POISONED: Final = _pattern(
    r"\bover-?dos(?:e[ds]?|age|ing)\b|\bself[- ]?poison\w*|\bpoisoned\s+(?:him|her)self\b"
    rf"|\b{_SUICIDE}\b(?=.*\b{_MEANS}\b)|\b{_MEANS}\b.*\b{_SUICIDE}\b"
    rf"|\b(?:took|taken|swallowed|ingested|ate|emptied)\s+(?:(?:all|the|a|an|his|her|of)\s+)*(?:whole|entire|full|all|handful|handfuls)\b.*\b{_MEANS}\b"
)
# Words that say more than was ordered, by how much nobody knows.
_MORE: Final = _pattern(
    rf"\b(?:too many|too much)\s*(?:{_MEANS}|doses?)|\b(?:took|taken|swallowed|ingested|taking|takes|had)\s+(?:far\s+|way\s+)?too (?:many|much)\b"
    r"|\b(?:double|doubled|triple|tripled|extra|repeated|second|duplicate)\s+(?:(?:his|her|the|their|of|baclofen|oral)\s+)*(?:dos(?:e|es|ed|ing)|tablets?|pills?)\b"
    r"|\btwice the (?:\w+ )?dose\b|\b(?:dose|tablets?|baclofen)\s+(?:was\s+|were\s+)?(?:taken|given|swallowed)\s+twice\b"
    r"|\b(?:took|taken|swallowed|given|had)\s+(?:(?:his|her|the|their)\s+)?(?:dose|tablets?|baclofen)\s+twice\b"
)
_NOT_NOW: Final = _pattern(
    r"\b(?:no|not|never|denies|denied|without|didn't|forgot|forgets|missed|previous|past|history|fears?|afraid|worried|worries|risk|"
    r"threatens?|threatened|plans?|planned|thinks|thoughts|last year|years? ago|months? ago|instead)\b"
)
_REST: Final = _pattern(
    rf"\b(?:{_MEANS}|{_DRUG}|swallow(?:ed|ing)|took|taken|ingest(?:ed|ion)|eaten|drank|ate|overdos(?:e|ed)|over-dos(?:e|ed)|deliberate(?:ly)?|"
    r"intentional(?:ly)?|accidental(?:ly)?|suspected|possible|possibly|probable|massive|by mistake|by accident|in error|on purpose|at once|by mouth|"
    r"oral(?:ly)?|about|around|approximately|some|up to|at least|all|of|on|with|(?:\d+(?:\.\d+)?|an?|half an|one|two|three)\s*"
    r"(?:min(?:ute)?s?|h(?:ours?|rs?)?)\s+ago|(?:at\s+)?\d{1,2}:\d{2})\b"
)


_WORDS: Final = {
    "a couple of": "2", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
    "twelve": "12", "fifteen": "15", "twenty": "20", "twenty-five": "25", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60",
    "eighty": "80", "ninety": "90", "a hundred": "100", "one hundred": "100",
}  # fmt: skip
_WRITTEN: Final = _pattern(
    rf"\b(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?=\s+(?:{_DRUG}\s*)?(?:{_FORM}|milligrams?\b|mg\b|\d))"
)
_DENIED: Final = _pattern(r"\s*(?:no|denies|denied|without|never)\b")


def denied(text: str) -> bool:
    """Whether a text says that nothing was swallowed in excess."""
    return bool(_DENIED.match(text) and (_POISONED.search(text) or _MORE.search(text)))


def ingestion(book: Book, text: str) -> Ingestion | None:
    """Return what a text says of an excess that was swallowed; none where it says nothing of one, or of another drug.

    Tablets without a strength count with the strength of the knowledge base.  A dose that one tablet or two can hold is no
    excess by itself, an amount that brings symptoms is a poisoning, and what lies between is an excess.
    """
    text = _WRITTEN.sub(lambda match: _WORDS[match[0].lower()], text)
    if _NOT_NOW.search(text) or _another(text):
        return None
    poisoned, more = _POISONED.search(text), _MORE.search(text)
    amount = next((match for pattern in _AMOUNTS if (match := pattern.search(text))), None)
    if amount is not None and not (_SWALLOWED.search(text) or poisoned or more):
        return None
    dose = _milligrams(book, amount) if amount is not None else Decimal(0)
    if poisoned or dose >= book.quantity("ingestion.symptomatic").to("mg"):
        name = POISONING
    elif more or dose > book.quantity("ingestion.single").to("mg"):
        name = EXCESS
    else:
        return None
    rest = text
    for match in (amount, more, poisoned):
        if match is not None:
            rest = rest.replace(match[0], " ")
    return Ingestion(book.entry(name), _REST.sub(" ", rest).strip(" .;:()~<>"))


def _milligrams(book: Book, match: re.Match[str]) -> Decimal:
    parts = match.groupdict()
    count = Decimal(parts["n"].replace(",", ""))
    if parts.get("each"):
        return count * Decimal(parts["each"])
    if unit := parts.get("unit"):
        return count * 1000 if unit.lower().startswith("g") else count
    return count * book.quantity("ingestion.tablet").to("mg")


def _another(text: str) -> bool:
    """Whether another drug is named, and baclofen is not."""
    names = {ingredient.name for ingredient in recognise(text).ingredients}
    return bool(names) and "baclofen" not in names

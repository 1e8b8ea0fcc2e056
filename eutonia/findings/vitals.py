"""Vital signs in the words of a symptom: what was measured, its value, and what it shows outside its band."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from msgspec import Struct

from eutonia.knowledge import Book, Entry
from eutonia.quantity import plain


class Vital(Struct, frozen=True):
    """One measured vital sign.

    Parameters
    ----------
    name
        The knowledge entry of its bands, such as 'vital.pulse'.
    value
        In the unit of that entry; degrees Celsius for a temperature.  None where the number is not possible.
    shows
        The name of the sign that it shows, such as 'hypothermia'; empty inside the band.
    red
        Whether it alone is urgent: an extreme band of the score, which a fever below hyperpyrexia is not.
    """

    name: str
    value: Decimal | None
    shows: str
    red: bool
    title: str
    unit: str

    @property
    def written(self) -> str:
        """The vital sign with its value and unit."""
        space = "" if self.unit == "%" else " "
        return f"{self.title} {plain(self.value)}{space}{self.unit}".strip() if self.value is not None else self.title


_SEPARATOR: Final = (
    r"(?:[\s=:~<>≤≥]|\b(?:is|was|of|at|to|now|only|just|down|up|about|around|below|under|above|over|fell|dropped|falls|"
    r"today|score|reading|peak|max|min|room|air)\b)*"
)
_NUMBER: Final = r"(?P<n>\d{1,3}(?:[.,]\d{1,2})?)(?:\s*(?:-|–|to)\s*(?P<m>\d{1,3}(?:[.,]\d{1,2})?))?"
_PER_MINUTE: Final = r"\s*(?:(?:breaths|beats)?\s*(?:/|per|a)\s*min(?:ute)?s?\b|bpm\b|breaths\b|beats\b)?"
_DEGREES: Final = r"\s*(?:°|º|deg(?:rees?)?\b)?\s*(?P<u>c|f|celsius|centigrade|fahrenheit)?\b"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


# In this order, so that a pressure is not taken for a rate.  Words that are a sign themselves stay for the phrases.
_PATTERNS: Final = (
    ("vital.coma_scale", _pattern(rf"\b(?:gcs|glasgow(?: coma)?)(?![a-z])\.?{_SEPARATOR}{_NUMBER}(?:\s*/\s*15)?")),
    (
        "vital.systolic",
        _pattern(
            rf"(?:\b(?:bp|rr|blood pressure|pressure)(?![a-z])\.?{_SEPARATOR})?(?<!\d)(?P<n>\d{{2,3}})\s*/\s*\d{{2,3}}(?!\d|/)(?P<m>)"
            r"(?:\s*mm\s*hg)?"
        ),
    ),
    (
        "vital.systolic",
        _pattern(
            rf"\b(?:sbp|systolic|bp|(?:systolic )?blood pressure(?: systolic)?)(?![a-z])\.?{_SEPARATOR}{_NUMBER}(?:\s*mm\s*hg)?"
            r"(?:\s*systolic)?"
        ),
    ),
    (
        "vital.oxygen_saturation",
        _pattern(
            r"\b(?:spo2|sp02|sao2|o2 ?sats?|o2 saturations?|oxygen(?: saturations?| sats?)?(?: level)?|sats?|saturations?|"
            rf"saturating|satting|pulse ?ox(?:imetry|imeter)?)(?![a-z])\.?{_SEPARATOR}{_NUMBER}\s*%?"
        ),
    ),
    (
        "vital.respiratory_rate",
        _pattern(
            rf"\b(?:rr|resp(?:s|irations?|iratory)?\.?(?: rate)?|breath(?:ing|s)?(?: rate)?)(?![a-z])\.?{_SEPARATOR}{_NUMBER}"
            rf"{_PER_MINUTE}"
        ),
    ),
    ("vital.respiratory_rate", _pattern(rf"{_NUMBER}\s*breaths\b(?:\s*(?:/|per|a)\s*min(?:ute)?\b)?")),
    (
        "vital.pulse",
        _pattern(rf"\b(?:hr|pulse(?: rate)?|heart ?(?:rate|beat))(?![a-z])\.?{_SEPARATOR}{_NUMBER}{_PER_MINUTE}"),
    ),
    ("vital.pulse", _pattern(rf"(?<=tachycardia )(?:of |at )?{_NUMBER}{_PER_MINUTE}")),
    ("vital.pulse", _pattern(rf"(?<=bradycardia )(?:of |at )?{_NUMBER}{_PER_MINUTE}")),
    ("vital.pulse", _pattern(rf"{_NUMBER}\s*(?:bpm|beats\s*(?:/|per|a)\s*min(?:ute)?)\b")),
    (
        "vital.temperature",
        _pattern(rf"\b(?:(?:body |core )?temp(?:erature)?|t)(?![a-z])\.?{_SEPARATOR}{_NUMBER}{_DEGREES}"),
    ),
    (
        "vital.temperature",
        _pattern(
            r"(?:(?<=fever)|(?<=febrile)|(?<=pyrexia)|(?<=hypothermia)|(?<=hypothermic)|(?<=hyperthermia)|(?<=hyperpyrexia)|"
            rf"(?<=cold)){_SEPARATOR}{_NUMBER}{_DEGREES}"
        ),
    ),
    (
        "vital.temperature",
        _pattern(rf"{_NUMBER}\s*(?:°|º|deg(?:rees?)?\b)?\s*(?P<u>c|f|celsius|centigrade|fahrenheit)\b"),
    ),
    ("vital.temperature", _pattern(rf"{_NUMBER}\s*(?:°|º|deg(?:rees?)?\b)(?P<u>)")),
)


def vitals(book: Book, text: str) -> tuple[tuple[Vital, ...], str]:
    """Return the vital signs in a text, and the text without them."""
    if not any(sign.isdigit() for sign in text):
        return (), text
    measured: list[Vital] = []
    for name, pattern in _PATTERNS:
        while match := pattern.search(text):
            values = [match["n"], *([match["m"]] if match["m"] else [])]
            unit = match.groupdict().get("u") or ""
            signs = [_vital(book.entry(name), Decimal(value.replace(",", ".")), unit[:1].lower()) for value in values]
            # Of a range, the end that is worse.
            measured.append(max(signs, key=lambda sign: (sign.value is None, sign.red, bool(sign.shows))))
            text = f"{text[: match.start()]} {text[match.end() :]}"
    return tuple(measured), text


def _vital(entry: Entry, value: Decimal, unit: str) -> Vital:
    title, own_unit = str(entry.more["title"]), str(entry.more["unit"])
    if entry.name == "vital.temperature" and (unit == "f" or (not unit and Decimal(80) <= value <= Decimal(115))):
        value = ((value - 32) * 5 / 9).quantize(Decimal("0.1"))
    if entry.name == "vital.oxygen_saturation" and Decimal(0) < value <= 1:
        value *= 100
    low, high = (Decimal(each) for each in entry.value)
    least, most = (Decimal(each) for each in entry.more["possible"])
    if not least <= value <= most:
        return Vital(entry.name, None, "", False, title, own_unit)
    shows, red = "", False
    if value <= low:
        shows, red = str(entry.more["low"]), True
    elif "middle" in entry.more and value <= high:
        shows, red = str(entry.more["middle"]), True
    elif value >= high and entry.more.get("high"):
        # Of a fever the score gives fewer points: it needs another sign beside it, unless it is very high.
        shows, red = str(entry.more["high"]), "highest" not in entry.more
        if not red:
            bound, name = entry.more["highest"]
            if value >= Decimal(bound):
                shows, red = str(name), True
    return Vital(entry.name, value, shows, red, title, own_unit)

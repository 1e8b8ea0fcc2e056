"""The fields of a record's resource, read without trusting them: any of them may be missing, or be nonsense."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Final

from msgspec import Struct

from eutonia.moment import MomentError, read_moment, start_of
from eutonia.quantity import UNITS, Quantity, QuantityError, Unit

Json = Mapping[str, Any]

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM: Final = "http://unitsofmeasure.org"


class NotRead(ValueError):
    """Something of the record that does not get on the chart: what was there, and why not."""

    def __init__(self, what: str, why: str) -> None:
        self.what = what
        self.why = why
        super().__init__(f"{what}: {why}")


def line(value: object) -> str:
    """A text as it can stand on one line of a chart; empty where there is none.

    Line breaks and runs of spaces become one space, invisible characters go, and ';' and '#', which have a meaning in
    a chart, become commas.

    >>> line("Glomerular filtration rate/\\u200b1.73 sq M;\\n predicted")
    'Glomerular filtration rate/1.73 sq M, predicted'
    """
    if not isinstance(value, str):
        return ""
    if not (value.isascii() and value.isprintable()):
        value = "".join(each if each.isprintable() else " " if each.isspace() else "" for each in value)
    return " ".join(value.replace(";", ",").replace("#", ",").split())


def shown(value: object) -> str:
    """A field as it is quoted where it was not understood, cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, (int, float, Decimal)):
        return "a number" if not isinstance(value, bool) else str(value).lower()
    text = line(value)
    if not text:
        return "something that is no text"
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"


def an_object(value: object) -> dict[str, Any]:
    """The object that stands there; empty where none does."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of the list that stands there."""
    if not isinstance(value, list):
        return []
    return [each for each in value if isinstance(each, dict)]


class Concept(Struct, frozen=True, dict=True):
    """A CodeableConcept: its own text, its codes with their systems, and what the codes are displayed as."""

    text: str
    codes: tuple[tuple[str, str], ...]
    displays: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called: its text, else the first display."""
        return self.text or next(iter(self.displays), "")

    @cached_property
    def words(self) -> str:
        """Everything it says, in small letters, to look for a word in."""
        return " | ".join((self.text, *self.displays)).lower()

    def of(self, system: str) -> tuple[str, ...]:
        """Its codes of one system."""
        return tuple(code for its, code in self.codes if its == system)


def concept(value: object) -> Concept:
    """The concept that stands there; an empty one where none does."""
    if not isinstance(value, dict):
        return _EMPTY
    text, coding = value.get("text"), value.get("coding")
    rows: list[object] = []
    for each in coding if isinstance(coding, list) else ():
        if isinstance(each, dict):
            rows += (each.get("system"), each.get("code"), each.get("display"))
    try:
        return _concept(text, *rows)
    except TypeError:  # a list or an object stands where a text should, and cannot be looked up
        return _concept.__wrapped__(text, *rows)


# A record repeats the terms of a terminology hundreds of times.
@lru_cache(maxsize=8192, typed=True)
def _concept(text: object, *rows: object) -> Concept:
    codes: list[tuple[str, str]] = []
    displays: list[str] = []
    for system, code, display in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        if isinstance(code, str):
            codes.append((line(system), line(code)))
        if isinstance(display, str):
            displays.append(line(display))
    return Concept(line(text), tuple(codes), tuple(filter(None, displays)))


_EMPTY: Final = Concept("", (), ())


def status(value: object, counting: frozenset[str]) -> str:
    """The status, where it is one that counts; every other, an unknown one and none at all do not."""
    if value is None:
        raise NotRead("no status", "without a status it is not known whether it counts")
    if not isinstance(value, str) or value not in counting:
        raise NotRead(f"status {shown(value)}", f"counts only where the status is {' or '.join(sorted(counting))}")
    return value


def coded_status(value: object, name: str) -> str:
    """The one code of a status that is written as a concept of HL7's own code systems; empty where it is missing."""
    if value is None:
        return ""
    codes = {
        code for system, code in concept(value).codes if system.startswith("http://terminology.hl7.org/CodeSystem/")
    }
    if len(codes) != 1 or "" in codes:
        raise NotRead(name, "its code is missing, is of another code system, or is not one")
    return codes.pop()


# --- moments ----------------------------------------------------------------------------------------------------------


class When(Struct, frozen=True):
    """The moment of an event: its instant, and how a chart writes it."""

    at: datetime
    written: str
    day_only: bool


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_PART: Final = re.compile(r"[0-9]{4}(?:-[0-9]{2})?")


def when(value: object, name: str, home: tzinfo) -> When:
    """The moment that a FHIR date, dateTime or instant writes."""
    if not isinstance(value, str):
        raise NotRead(f"{name} {shown(value)}" if value is not None else f"no {name}", "it has no moment")
    try:
        return _when(value, home)
    except ValueError as error:
        raise NotRead(f"{name} {shown(value)}", str(error)) from None


@lru_cache(maxsize=4096)
def _when(text: str, home: tzinfo) -> When:
    found = _INSTANT.fullmatch(text)
    if found is None and not _DAY.fullmatch(text):
        if _PART.fullmatch(text):
            raise MomentError("it has no day")
        raise MomentError("it is not a FHIR date; one with a time needs its distance from UTC")
    # What no living person's record can say is an error in the record; it also keeps the calendar's edges away.
    if not 1850 <= int(text[:4]) < 2200:
        raise MomentError("it is not a year of a living person's record")
    if found is None:
        return When(start_of(read_moment(text, None, home).day, home), text, True)
    instant = read_moment(found[1], found[2] + found[3], home).instant
    assert instant is not None
    return When(instant, _written(instant, home), False)


def _written(instant: datetime, home: tzinfo) -> str:
    """In the clinic's zone, so that a date without a time stands before the times of its day, read again too."""
    local = instant.astimezone(home)
    away = local.utcoffset() or timedelta()
    if away % timedelta(minutes=1):  # before railway time a zone could be seconds away from UTC
        local, away = instant.astimezone(UTC), timedelta()
    minutes = away // timedelta(minutes=1)
    distance = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}" if minutes else "Z"
    return local.replace(tzinfo=None).isoformat(" ", "seconds" if local.second else "minutes") + distance


# --- quantities -------------------------------------------------------------------------------------------------------

_ONE: Final = Decimal(1)

# Units that records use for one kind of quantity: the unit it is kept in here, and how many of it.  Elsewhere ug/mL is
# the strength of drug in a reservoir; for a level in blood it is exactly mg/L.
_ALSO: Final[dict[tuple[str, str], tuple[str, Decimal]]] = {
    ("weight", "g"): ("kg", Decimal("0.001")),
    ("weight", "gram"): ("kg", Decimal("0.001")),
    ("weight", "grams"): ("kg", Decimal("0.001")),
    ("weight", "kilogram"): ("kg", _ONE),
    ("weight", "kilograms"): ("kg", _ONE),
    ("weight", "pound"): ("lb", _ONE),
    ("weight", "pounds"): ("lb", _ONE),
    ("height", "centimeter"): ("cm", _ONE),
    ("height", "centimeters"): ("cm", _ONE),
    ("height", "centimetre"): ("cm", _ONE),
    ("height", "centimetres"): ("cm", _ONE),
    ("height", "meter"): ("m", _ONE),
    ("height", "metre"): ("m", _ONE),
    ("height", "inch"): ("in", _ONE),
    ("height", "inches"): ("in", _ONE),
    ("concentration", "ug/mL"): ("mg/L", _ONE),
    ("concentration", "mcg/mL"): ("mg/L", _ONE),
    ("indexed clearance", "mL/min/{1.73m2}"): ("mL/min/1.73 m2", _ONE),
    ("indexed clearance", "mL/min/1.73.m2"): ("mL/min/1.73 m2", _ONE),
}


def _unit(text: str, kind: str) -> tuple[Unit, Decimal] | None:
    name, factor = _ALSO.get((kind, text), (text, _ONE))
    found = UNITS.get(name)
    return None if found is None else (found, factor)


def quantity(value: object, name: str, kind: str) -> Quantity:
    """The quantity that stands there: number and unit, both, agreeing with each other; the caller checks its kind.

    `kind` says which units are understood beyond those of a chart.  More than six decimals are rounded to six.
    """
    found = an_object(value)
    amount, code, system, unit = (found.get(key) for key in ("value", "code", "system", "unit"))
    if "comparator" in found:
        raise NotRead(f"{name} {shown(found['comparator'])}", "a limit of the method is not a measured value")
    if amount is None or (unit is None and code is None):
        what = (
            "neither"
            if amount is None and unit is None and code is None
            else "no number"
            if amount is None
            else "no unit"
        )
        raise NotRead(f"{name}: {what}", "a number counts only with its unit, a unit only with its number")
    number = _number(amount, name)
    if any(each is not None and not isinstance(each, str) for each in (code, system, unit)):
        raise NotRead(f"{name}: its unit", "code, system and unit must be texts")
    if unit is None and system != UCUM:
        raise NotRead(f"{name}: code {shown(code)}", "a unit's code counts only with the system of UCUM")
    given = {text: _unit(line(text), kind) for text in (code, unit) if text is not None}
    for text, each in given.items():
        if each is None:
            raise NotRead(f"{name}: unit {shown(text)}", "this unit is not known here")
    sizes = set(given.values())
    if len(sizes) != 1:
        raise NotRead(f"{name}: code {shown(code)}, unit {shown(unit)}", "its two units contradict each other")
    known = sizes.pop()
    assert known is not None
    try:
        return Quantity(_rounded(number * known[1], name), known[0])
    except QuantityError as error:
        raise NotRead(name, str(error)) from None


def _number(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise NotRead(f"{name}: value", "it is not a number")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or number.adjusted() > 8:
        raise NotRead(f"{name}: value", "it is not finite, or far too large")
    return number


def _rounded(number: Decimal, name: str) -> Decimal:
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -6:
        return number
    fewer = number.quantize(Decimal("0.000001"))
    if number and not fewer:
        raise NotRead(f"{name}: value", "it is too small to be written")
    return fewer

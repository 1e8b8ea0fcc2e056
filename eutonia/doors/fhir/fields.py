"""The small parts of a FHIR resource: codes, quantities, moments and texts, as a chart's own values give them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

from eutonia.chart import event as e
from eutonia.moment import iso, local_day
from eutonia.quantity import Quantity, rounded

Json = dict[str, Any]

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC: Final = "http://www.whocc.no/atc"
UCUM: Final = "http://unitsofmeasure.org"
# The codes of FHIR itself, such as the status of a condition, are in HL7's own code systems.
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
# Whatever has no verified standard code has one of these: a name that nobody can take for another's.
OWN: Final = "urn:eutonia:"


def own(kind: str, name: str, text: str = "") -> Json:
    """A concept of Eutonia's own code system of this kind.

    >>> own("kind-of-plan", "strength change")["coding"]
    [{'system': 'urn:eutonia:kind-of-plan', 'code': 'strength-change', 'display': 'strength change'}]
    """
    return {"coding": [own_coding(kind, name)], "text": text or name}


def own_coding(kind: str, name: str) -> Json:
    """A code of Eutonia's own; the name as it is written is its display."""
    return {"system": OWN + _slug(kind), "code": _slug(name), "display": name}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9.+]+", "-", name.lower()).strip("-")


def coded(system: str, code: str, text: str, display: str | None = None) -> Json:
    """A concept of a standard code system, with the words of the chart."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": text}


def quantity(value: Quantity) -> Json:
    """A quantity with all digits that were written: the unit of the screen, and its UCUM code."""
    return {"value": number(value.value), "unit": value.unit.name, "system": UCUM, "code": value.unit.ucum}


def number(value: Decimal) -> Decimal:
    """A number as JSON shows it: without an exponent, and no longer than a FHIR decimal may be."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return value.quantize(Decimal(1)) if exponent > 0 else rounded(value, "0.000001") if exponent < -6 else value


def ratio(numerator: Quantity, denominator: Quantity) -> Json:
    """So much in so much."""
    return {"numerator": quantity(numerator), "denominator": quantity(denominator)}


def stamp(event: e.Event, home: tzinfo) -> str:
    """The moment of an event: a date where no time was written, else to the second with its distance from UTC."""
    return local_day(event.at, home).isoformat() if event.day_only else instant(event.at, home)


def instant(at: datetime, home: tzinfo) -> str:
    """An instant in the clinic's zone; FHIR knows no distance from UTC that has seconds, as zones before 1900 had."""
    away = at.astimezone(home).utcoffset() or timedelta()
    return iso(at) if away % timedelta(minutes=1) else iso(at, home)


def person(name: str | None) -> Json | None:
    """Somebody who is known by name only."""
    return {"display": name} if name else None


def note(*texts: str | None) -> list[Json]:
    """Remarks that stand beside a resource."""
    return [{"text": text} for text in texts if text]


def tidy(value: Any) -> Any:
    """The same without what is empty: in FHIR nothing is null, and no list and no object is empty."""
    if isinstance(value, dict):
        return {key: found for key, each in value.items() if (found := tidy(each)) not in (None, "", [], {})}
    if isinstance(value, (list, tuple)):
        return [found for each in value if (found := tidy(each)) not in (None, "", [], {})]
    return value

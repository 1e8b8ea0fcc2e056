"""Measurements: body, kidney, drug level, tone and spasms, pregnancy; each with its own unit and its own moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

from eutonia.chart import event as e
from eutonia.chart.fhir.bundle import Item
from eutonia.chart.fhir.fields import (
    LOINC,
    SNOMED,
    Concept,
    Json,
    NotRead,
    concept,
    line,
    objects,
    quantity,
    shown,
    status,
)
from eutonia.chart.fhir.reading import Reading, moment, own
from eutonia.chart.text import LABS, SCALES
from eutonia.quantity import Quantity, plain

_COUNTING: Final = frozenset({"amended", "corrected", "final"})
_MOMENTS: Final = ("effectiveDateTime", "effectiveInstant", "effectivePeriod.start")

_KINDS: Final[dict[str, str]] = {
    "29463-7": "weight",
    "8302-2": "height",
    "2160-0": "creatinine",
    "38483-4": "creatinine",
    "98979-8": "egfr",
    "33914-3": "egfr",
    "62238-1": "egfr",
    "48642-3": "egfr",
    "9353-4": "plasma",
    "82810-3": "pregnancy",
}
# What Eutonia itself wrote (docs/fhir.md): the tests of a chart by their own names, where no standard code says the same.
_OWN: Final = "urn:eutonia:lab"
_UNITS: Final = {"weight": "weight", "height": "height", **LABS}
_PREGNANCY: Final[dict[tuple[str, str], Literal["no", "yes"]]] = {
    (LOINC, "LA15173-0"): "yes",
    (LOINC, "LA26683-5"): "no",
    (SNOMED, "77386006"): "yes",
    (SNOMED, "60001007"): "no",
}


def read_observation(item: Item, reading: Reading) -> None:
    """One observation of a kind that a chart knows; every other one is counted."""
    code = concept(item.data.get("code"))
    kinds, scale, misplaced = _asked(code)
    if not kinds and not scale:
        if misplaced:
            raise NotRead(f"code of {shown(code.name)}", "the system of its code is not LOINC's")
        reading.count(item, "no test that a baclofen chart reads")
        return
    own(item)
    status(item.data.get("status"), _COUNTING)
    if len(kinds) + bool(scale) != 1:
        raise NotRead(f"codes of {shown(code.name)}", "they name different tests")
    if "dataAbsentReason" in item.data:
        raise NotRead("dataAbsentReason", "a value beside it cannot be taken as it stands")
    at = moment(item, reading, *_MOMENTS)
    if scale:
        reading.add(at, e.Score(_marks(item.data, code, scale)))
    elif "pregnancy" in kinds:
        reading.add(at, e.Pregnancy(_pregnant(item.data)))
    else:
        (kind,) = kinds
        value = _measured(item, code, kind, reading)
        body = _BODY.get(kind)
        reading.add(at, e.Lab(kind, value) if body is None else body(value))


# A record asks the same few hundred questions again and again.
@lru_cache(maxsize=8192)
def _asked(code: Concept) -> tuple[frozenset[str], str, bool]:
    """The kinds of measurement and the scale that a code names, and whether it has such a code of another system."""
    kinds = {kind for each in code.of(LOINC) if (kind := _KINDS.get(each))}
    kinds |= {each for each in code.of(_OWN) if each in LABS}
    return frozenset(kinds), _scale(code), any(each in _KINDS for _, each in code.codes)


_BODY: Final[dict[str, Callable[[Quantity], e.What]]] = {"weight": e.Weight, "height": e.Height}


def _measured(item: Item, code: Concept, kind: str, reading: Reading) -> Quantity:
    data = item.data
    names = [name for name in data if name.startswith("value")]
    if names != ["valueQuantity"]:
        raise NotRead(" and ".join(names) or "no value", "one valueQuantity is read, a number with its unit")
    found = quantity(data["valueQuantity"], "valueQuantity", _UNITS[kind])
    # In UCUM the braces of mL/min/{1.73_m2} are a comment, and some systems drop them, so an indexed eGFR arrives as
    # plain mL/min.  The unit alone never decides: the code is defined per 1.73 m2, and where the record's own words
    # say so too, two witnesses stand against a lost comment, and it is named.  To leave it out would let an older,
    # better value speak for today's kidney.  Without these words it is left out: it could be an absolute clearance.
    if kind == "egfr" and found.kind == "clearance" and "1.73" in code.words:
        indexed = Quantity.of(found.value, "mL/min/1.73 m2")
        reading.drop(item, f"egfr {plain(found)}", "read as indexed, because its code and its display say per 1.73 m2")
        return indexed
    if found.kind != _UNITS[kind]:
        raise NotRead(f"{kind} {plain(found)}", f"its unit is one of {found.kind}, and one of {_UNITS[kind]} is needed")
    return found


def _pregnant(data: Json) -> Literal["no", "yes"]:
    code = concept(data.get("valueCodeableConcept"))
    answers = {_PREGNANCY.get(each) for each in code.codes} - {None}
    if len(answers) != 1:
        raise NotRead(f"pregnancy {shown(code.name)}", "it is neither of the answers pregnant and not pregnant")
    found = answers.pop()
    assert found is not None
    return found


# --- scores -----------------------------------------------------------------------------------------------------------

_ASHWORTH: Final = re.compile(r"\bashworth\b")
_PENN: Final = re.compile(r"\bpenn\b.*\bspasm")
_SCALE_WORDS: Final = re.compile(
    r"\b(?:modified|ashworth|penn|spasm|frequency|scale|score|grade|of|for|the)\b|[^\w +-]", re.I
)
_DIGIT_FIRST: Final = re.compile(r"(?:grade|score)?[ :]*[0-9]", re.I)
_VALUE: Final = re.compile(r"(?:grade|score)?[ :]*([0-5]\+?)(?!\+|[0-9.,/]|\s*(?:-|–|to|or)\s*[0-9])(?:\W.*)?", re.I)
_WHERE: Final = {
    "legs": re.compile(r"(?:both )?(?:legs|lower (?:limbs|extremities|limb|extremity))(?: structure)?"),
    "arms": re.compile(r"(?:both )?(?:arms|upper (?:limbs|extremities|limb|extremity))(?: structure)?"),
}


def _scale(code: Concept) -> str:
    """The scale that the words of the code name; no standard code was found for these."""
    words = code.words
    if "severity" in words:  # the second part of the Penn scale has other values, and a chart does not know it
        return ""
    if _ASHWORTH.search(words):
        return "modified ashworth" if "modified" in words else "ashworth"
    return "penn" if _PENN.search(words) else ""


def _marks(data: Json, code: Concept, scale: str) -> tuple[e.Mark, ...]:
    """All the scores of one observation, or none."""
    if "modifierExtension" in data:
        raise NotRead("modifierExtension", "it may turn the meaning of the score")
    parts = objects(data.get("component"))
    if not parts:
        return (e.Mark(scale, _where(concept(data.get("bodySite")).name), _value(data, scale)),)
    if any(name.startswith("value") for name in data):
        raise NotRead(f"{scale} with a value and components", "it is not known which one counts")
    marks: list[e.Mark] = []
    for part in parts:
        its = concept(part.get("code"))
        if "severity" in its.words:
            raise NotRead(shown(its.name), "the severity of spasms is another scale, which a chart does not know")
        marks.append(
            e.Mark(_scale(its) or scale, _where(_SCALE_WORDS.sub(" ", its.name)), _value(part, _scale(its) or scale))
        )
    return tuple(marks)


def _where(text: str) -> str:
    words = " ".join(line(text).lower().split())
    return next((name for name, pattern in _WHERE.items() if pattern.fullmatch(words)), words)


def _value(data: Json, scale: str) -> str:
    """The score as the code it is: '1+' is never a number.  What code and words say must agree."""
    names = [name for name in data if name.startswith("value")]
    if (
        len(names) != 1
        or names[0] not in ("valueCodeableConcept", "valueString", "valueInteger")
        or "dataAbsentReason" in data
    ):
        raise NotRead(f"{scale} {', '.join(names) or 'without a value'}", "a score is a code, a text or a whole number")
    value = data[names[0]]
    if names[0] == "valueCodeableConcept":
        code = concept(value)
        said = {each for _, each in code.codes if each in SCALES[scale]}
        for words in filter(_DIGIT_FIRST.match, (code.text, *code.displays)):
            found = _VALUE.fullmatch(words)
            said.add(found[1] if found else words)
    elif names[0] == "valueInteger":
        said = {str(value)} if isinstance(value, int) and not isinstance(value, bool) else set()
    else:
        said = {line(value)}
    if len(said) != 1 or not said <= set(SCALES[scale]):
        raise NotRead(
            f"{scale} {' or '.join(sorted(map(shown, said))) or 'without a value'}", "it is not one value of this scale"
        )
    return said.pop()

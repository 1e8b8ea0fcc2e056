"""Conditions and allergies: confirmed ones only, and what is over is over."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.fhir.bundle import Item
from eutonia.chart.fhir.fields import SNOMED, Concept, NotRead, When, coded_status, concept, line, objects, shown, when
from eutonia.chart.fhir.reading import Reading, field, own, placed
from eutonia.knowledge import conditions

_ACTIVE: Final = frozenset({"active", "recurrence", "relapse"})
_OVER: Final = frozenset({"inactive", "remission", "resolved"})


def _clinical(item: Item) -> str:
    found = coded_status(item.data.get("clinicalStatus"), "clinicalStatus")
    if not found:
        raise NotRead("no clinicalStatus", "it is not known whether it is active")
    if found not in _ACTIVE | _OVER:
        raise NotRead(f"clinicalStatus {shown(found)}", "it is not known whether it is active")
    return found


# --- conditions -------------------------------------------------------------------------------------------------------


class _Course(Struct, frozen=True):
    """A condition with its beginning and its end; without a moment for the end it is over throughout."""

    item: Item
    name: str
    severe: bool
    began: When | None
    ended: When | None
    over: bool


def read_conditions(items: list[Item], reading: Reading) -> None:
    """Each condition on the day it began and, where it is over, again on the day it ended.

    A chart knows a condition by its name, and its last line counts.  So where two records of one name disagree, the
    end in the one must not silence the other that is still active.
    """
    courses: list[_Course] = []
    for item in items:
        try:
            courses.append(_course(item, reading))
        except NotRead as reason:
            reading.drop(item, reason.what, reason.why)
    active = [course for course in courses if not course.over and course.ended is None]
    for course in courses:
        last = course.ended or course.began
        rival = next((a for a in active if course is not a and a.name.lower() == course.name.lower()), None)
        if (course.over or course.ended) and rival and not (last and rival.began and last.at < rival.began.at):
            reading.drop(
                course.item,
                f"the end of {shown(course.name)}",
                f"{rival.item.path} says that it is active, and that counts",
            )
        else:
            _write(course, reading)


def _write(course: _Course, reading: Reading) -> None:
    if not course.over or course.ended:
        reading.keep(course.item, course.began, e.Condition(course.name, severe=course.severe))
    if course.over or course.ended:
        reading.keep(course.item, course.ended or course.began, e.Condition(course.name, resolved=True))


def _course(item: Item, reading: Reading) -> _Course:
    own(item)
    verification = coded_status(item.data.get("verificationStatus"), "verificationStatus")
    if verification in ("unconfirmed", "provisional", "differential"):
        raise NotRead(f"verificationStatus {shown(verification)}", "the condition is not confirmed")
    if verification not in ("", "confirmed"):
        raise NotRead(f"verificationStatus {shown(verification)}", "the condition does not count")
    clinical = _clinical(item)
    code = concept(item.data.get("code"))
    name = _condition_name(code)
    severity = concept(item.data.get("severity"))
    began = placed(item, reading, "onsetDateTime", "onsetPeriod.start", "recordedDate")
    ended = _end(item, reading, clinical, began)
    return _Course(item, name, severity.name.lower() == "severe", began, ended, clinical in _OVER)


def _condition_name(code: Concept) -> str:
    known = next(filter(None, map(conditions.coded, code.of(SNOMED))), None)
    if known is not None and not conditions.recognise(code.name):
        return known.name
    if not code.name:
        raise NotRead("no name", "its code has neither a text nor a display")
    return code.name


def _end(item: Item, reading: Reading, clinical: str, began: When | None) -> When | None:
    names = [name for name in item.data if name.startswith("abatement")]
    if not names:
        return None
    # A relapse is later than the end of the first episode: what came back is not over.
    if clinical in ("recurrence", "relapse"):
        reading.drop(item, names[0], f"its status is {clinical}, so it is active again")
        return None
    name = next((each for each in ("abatementDateTime", "abatementPeriod.end") if field(item, each) is not None), None)
    value = field(item, name) if name else None
    try:
        ended = when(value, name or names[0], reading.home)
    except NotRead as reason:
        reading.drop(item, reason.what, f"{reason.why}; the status ({clinical}) counts")
        return None
    if clinical == "active":
        reading.drop(item, f"active, with {name} {shown(value)}", "read as over since that date")
    return began if began and ended.at < began.at else ended


# --- allergies --------------------------------------------------------------------------------------------------------

_NONE_KNOWN: Final = frozenset({"716186003", "409137002"})
_NONE_KNOWN_TEXT: Final = re.compile(
    r"(?:no known|nil known) (?:drug |medication |medicine )?allerg(?:y|ies)(?: \(situation\))?|nkd?a", re.I
)


def read_allergy(item: Item, reading: Reading) -> None:
    """An active allergy; or the answer that none is known, which only a record of exactly that gives."""
    own(item)
    verification = coded_status(item.data.get("verificationStatus"), "verificationStatus")
    if verification not in ("", "confirmed", "unconfirmed"):
        raise NotRead(f"verificationStatus {shown(verification)}", "the allergy does not count")
    if (clinical := _clinical(item)) != "active":
        raise NotRead(f"clinicalStatus {shown(clinical)}", "the allergy is not active")
    code = concept(item.data.get("code"))
    reactions = objects(item.data.get("reaction"))
    substance = code.name or next(filter(None, (concept(each.get("substance")).name for each in reactions)), "")
    if _NONE_KNOWN & set(code.of(SNOMED)) or _NONE_KNOWN_TEXT.fullmatch(substance):
        if verification == "unconfirmed":
            raise NotRead(shown(substance), "that none is known counts only where it is confirmed")
        # An answer without a day would never grow old.
        reading.add(when(item.data.get("recordedDate"), "recordedDate", reading.home), e.Allergy(None))
        return
    if not substance or substance.lower().startswith(("no known", "no allerg", "none")):
        raise NotRead(shown(substance), "it names no substance")
    words = [concept(each).name for reaction in reactions for each in objects(reaction.get("manifestation"))]
    words += [line(reaction.get("description")) for reaction in reactions] if not any(words) else []
    # Most allergies that patients report are never confirmed; to leave them out would be the careless side.
    words += ["not confirmed"] if verification == "unconfirmed" else []
    at = placed(item, reading, "recordedDate", "onsetDateTime", "onsetPeriod.start", "lastOccurrence")
    reading.add(at, e.Allergy(substance, ", ".join(dict.fromkeys(filter(None, words))) or None))

"""Who the record is about, and when the person was last seen."""

from __future__ import annotations

from typing import Final, Literal

from eutonia.chart import event as e
from eutonia.chart.fhir.bundle import Item
from eutonia.chart.fhir.fields import Json, NotRead, When, concept, line, objects, shown
from eutonia.chart.fhir.reading import Reading, moment, own
from eutonia.chart.text import Problem, ReadError
from eutonia.moment import MomentError, read_day

_SEXES: Final[dict[str, Literal["female", "male", "other"]]] = {"female": "female", "male": "male", "other": "other"}


def person_of(item: Item, reading: Reading, source: str) -> e.Person:
    """The person line: medical record number (else the record's own id), birth date, sex, official name."""
    data = item.data
    for name in ("modifierExtension", "implicitRules"):
        if name in data:
            reading.drop(item, name, "it may turn the meaning of the patient's data, and is not understood here")
    id_ = _record_number(data) or line(data.get("id"))
    if not id_:
        raise ReadError(source, (Problem(0, "", f"{item.path} has neither a medical record number nor an id"),))
    born = None
    if data.get("birthDate") is not None:
        try:
            born = read_day(data["birthDate"] if isinstance(data["birthDate"], str) else "")
        except MomentError:
            reading.drop(
                item, f"birthDate {shown(data['birthDate'])}", "it is not a whole date; the birth date stays unknown"
            )
    gender = data.get("gender")
    sex = _SEXES.get(gender) if isinstance(gender, str) else None
    if gender is not None and sex is None and gender != "unknown":
        reading.drop(item, f"gender {shown(gender)}", "it is not a code of FHIR; the sex stays unknown")
    if any(each.get("type") == "replaced-by" for each in objects(data.get("link"))):
        reading.drop(
            item, "link replaced-by", "this record of the patient was replaced by another one, which may say more"
        )
    _died(item, reading)
    return e.Person(id_, born, sex, _official_name(data) or None)


def _record_number(data: Json) -> str:
    for each in objects(data.get("identifier")):
        codes = concept(each.get("type")).codes
        if each.get("use") != "old" and any(code == "MR" and system.endswith("0203") for system, code in codes):
            return line(each.get("value"))
    return ""


def _official_name(data: Json) -> str:
    names = {
        each.get("use"): each for each in reversed(objects(data.get("name"))) if isinstance(each.get("use"), str | None)
    }
    for use in ("official", "usual", None):
        if use in names:
            given = names[use].get("given")
            words = [*(given if isinstance(given, list) else []), names[use].get("family")]
            return line(names[use].get("text")) or line(" ".join(filter(None, map(line, words))))
    return ""


def _died(item: Item, reading: Reading) -> None:
    dead, day = item.data.get("deceasedBoolean"), item.data.get("deceasedDateTime")
    if dead in (None, False) and day is None:
        return
    reading.drop(item, "deceased", "a chart has no line for a death; where it is sure, a note says it")
    if dead is True or day is not None:
        try:
            at: When | None = moment(item, reading, "deceasedDateTime")
        except NotRead:
            at = None
        reading.keep(item, at, e.Note("the record says that the patient has died"))


def read_visits(items: list[Item], reading: Reading) -> None:
    """The latest finished visit is the last contact; earlier ones say nothing more."""
    visits: list[tuple[When, Item]] = []
    for item in items:
        if item.data.get("status") != "finished":
            reading.count(item, "only finished visits are contacts")
            continue
        try:
            own(item)
            visits.append((moment(item, reading, "period.start"), item))
        except NotRead as reason:
            reading.drop(item, reason.what, reason.why)
    visits.sort(key=lambda visit: visit[0].at)
    for at, item in visits[-1:]:
        reading.keep(item, at, e.Contact())
    for _, item in visits[:-1]:
        reading.count(item, "only the latest finished visit is read, as the last contact")

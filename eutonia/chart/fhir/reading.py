"""What has been read so far: events with their moments, what stands undated, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any

from eutonia.chart import event as e
from eutonia.chart.chart import Dropped
from eutonia.chart.fhir.bundle import Bundle, Item
from eutonia.chart.fhir.fields import NotRead, When, an_object, concept, shown, when
from eutonia.chart.text import Problem, ReadError, read_line, written

# A moment to try a line with while its own is not known.
_SOME_DAY = When(datetime(2000, 1, 1, tzinfo=UTC), "2000-01-01", True)

_UNREAD = {
    "MedicationAdministration": "what was given is not read; orders and statements are",
    "MedicationDispense": "what was handed out is not read; orders and statements are",
    "MedicationUsage": "this is not FHIR R4",
    "DocumentReference": "documents are not read",
    "DiagnosticReport": "reports are not read; the observations in them are",
}


class Reading:
    """Collects what the readers of the single resources find; every one of them ends here or in `dropped`."""

    def __init__(self, bundle: Bundle, home: tzinfo) -> None:
        self.bundle = bundle
        self.home = home
        self.dropped: list[Dropped] = list(bundle.dropped)
        self.found: list[tuple[When, e.What, str]] = []
        self.undated: list[e.What] = []
        self.counted: Counter[tuple[str, str]] = Counter()

    def each(self, item: Item, read: Callable[[Item, Reading], None]) -> None:
        """One resource read; where that fails, it is named with its place and the reason."""
        try:
            read(item, self)
        except NotRead as reason:
            self.drop(item, reason.what, reason.why)

    def drop(self, item: Item, what: str, why: str) -> None:
        """Something of this resource is not on the chart, or not as it stands there."""
        name = concept(item.data.get("code") or item.data.get("medicationCodeableConcept")).name
        self.dropped.append(Dropped(item.path, what if not name or name in what else f"{name}: {what}", why))

    def count(self, item: Item, why: str) -> None:
        """This resource is one of several of its type that are left out for the same reason."""
        self.counted[item.type, why] += 1

    def add(self, moment: When | None, what: e.What) -> None:
        """An event for the chart, provided that its line reads back as the same event.

        Without a moment it stands at the first moment of the chart: an active condition, allergy or drug must not
        vanish for want of a date, and there it makes nothing look fresher than it is.
        """
        place = moment or _SOME_DAY
        text = written(e.Event(place.at, what, place.written))
        day, _, time = place.written.partition(" ")
        body = shown(text.removeprefix(place.written))
        try:
            same = read_line(text) == (day, time or None, what, None)
        except ValueError as error:
            raise NotRead(body, str(error)) from None
        if not same:
            raise NotRead(body, "it would read differently on a chart")
        if moment is None:
            self.undated.append(what)
        else:
            self.found.append((moment, what, text))

    def keep(self, item: Item, moment: When | None, what: e.What) -> None:
        """An event for the chart; where its line does not read back, the resource is named instead."""
        try:
            self.add(moment, what)
        except NotRead as reason:
            self.drop(item, reason.what, reason.why)

    def events(self, person: e.Person, source: str) -> tuple[e.Event, ...]:
        """Everything for the chart, the person first, at the earliest moment of the record."""
        first = min((moment for moment, _, _ in self.found), key=lambda moment: moment.at, default=None)
        first = first or self._fallback(source)
        rows = [(first, person, ""), *((first, what, "") for what in self.undated), *self.found]
        return tuple(e.Event(at.at, what, at.written, at.day_only, text=text) for at, what, text in rows)

    def _fallback(self, source: str) -> When:
        """The moment of a record in which nothing has one: when it was made, or else the birth date."""
        patient = self.bundle.patient.data
        for value in (self.bundle.stamp, an_object(patient.get("meta")).get("lastUpdated"), patient.get("birthDate")):
            try:
                return when(value, "date", self.home)
            except NotRead:
                continue
        raise ReadError(source, (Problem(0, "", "nothing in this bundle has a date; a chart needs at least one"),))

    def leave(self) -> None:
        """Names what is wholly unread, one line a type and reason."""
        for type_, number in sorted(self.bundle.skipped.items()):
            self.counted[type_, _UNREAD.get(type_, "not part of a baclofen chart")] += number
        for (type_, why), number in sorted(self.counted.items()):
            self.dropped.append(Dropped(type_, f"{number} resource{'s' if number > 1 else ''}", why))


def own(item: Item) -> None:
    """Nothing is read from a resource that is not about the patient, or that says it must be read by other rules."""
    if not item.about_patient:
        raise NotRead("no patient", "it does not say that it is about this patient")
    for name in ("modifierExtension", "implicitRules"):
        if name in item.data:
            raise NotRead(name, "it may turn the meaning of the whole resource, and is not understood here")


def field(item: Item, name: str) -> Any:
    """The field of this name; 'effectivePeriod.start' goes one down."""
    head, dot, tail = name.partition(".")
    value = item.data.get(head)
    return an_object(value).get(tail) if dot else value


def moment(item: Item, reading: Reading, *names: str) -> When:
    """The first of these fields that is there, which must be readable: a measurement is as old as it is."""
    name = next((name for name in names if field(item, name) is not None), None)
    if name is None:
        raise NotRead("no moment", f"a measurement counts only with its day, in {' or '.join(names)}")
    return when(field(item, name), name, reading.home)


def placed(item: Item, reading: Reading, *names: str) -> When | None:
    """The first of these fields that is readable; none where the resource stands undated, which is named."""
    failed: list[NotRead] = []
    found: When | None = None
    used = "the first moment of the chart"
    for name in names:
        if found is None and field(item, name) is not None:
            try:
                found, used = when(field(item, name), name, reading.home), name
            except NotRead as reason:
                failed.append(reason)
    if found is None and not failed:
        failed.append(NotRead("no date", f"none of {', '.join(names)} is there"))
    for each in failed:
        reading.drop(item, each.what, f"{each.why}; {used} is used instead")
    return found

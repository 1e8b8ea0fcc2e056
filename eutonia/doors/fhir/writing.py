"""A bundle while it is written: its resources in their order, each with a name of its own, and what was left out."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

from eutonia.chart import Facts
from eutonia.chart import event as e
from eutonia.doors.fhir.fields import Json, instant, person, stamp, tidy

_NAMES: Final = UUID("5c0a3b0e-6d1f-5b7a-9a52-6575746f6e69")


def name_of(*words: str) -> str:
    """The name that these words have in every bundle: the same words, the same name."""
    return str(uuid5(_NAMES, "\n".join(words)))


class Writing:
    """Collects resources.  `open` holds those that a later event may still end: the running program, the pump.

    A resource may be changed until the bundle is made; its name is given at once, so that others can point to it.
    known_as: the id under which a server knows the patient; without it one is made from the person's own.
    """

    def __init__(self, facts: Facts, known_as: str = "") -> None:
        self.facts = facts
        self.known_as = known_as
        self.home = facts.home
        self.seed = facts.chart.hash
        self.open: dict[str, Json] = {}
        self.entries: list[tuple[str, Json]] = []
        self.issues: list[Json] = []
        self.patient: Json = {}
        self._urls: dict[int, str] = {}

    def add(self, place: str, resource: Json, id_: str = "") -> Json:
        """Puts a resource at the end of the bundle, named by the chart and its place; gives it back."""
        name = name_of(self.seed, place, resource["resourceType"])
        fields = {"resourceType": resource.pop("resourceType"), "id": id_ or name, **resource}
        resource.clear()
        resource.update(fields)
        self.entries.append((f"urn:uuid:{name}", resource))
        self._urls[id(resource)] = f"urn:uuid:{name}"
        return resource

    def to(self, resource: Json | None) -> Json | None:
        """A reference to a resource of this bundle; none where there is no resource."""
        return None if resource is None else {"reference": self._urls[id(resource)]}

    def to_open(self, name: str) -> Json | None:
        """A reference to what is open under this name."""
        return self.to(self.open.get(name))

    def stamp(self, event: e.Event) -> str:
        """The moment of an event as FHIR writes it."""
        return stamp(event, self.home)

    @property
    def now(self) -> str:
        """The moment of which the bundle speaks."""
        return instant(self.facts.now, self.home)

    def left_out(self, what: str, why: str, code: str = "not-supported", severity: str = "information") -> None:
        """Names something that is not in the bundle, or not wholly."""
        self.issues.append({"severity": severity, "code": code, "diagnostics": f"{what}: {why}"})

    def observe(self, place: str, event: e.Event, code: Json, **fields: object) -> Json:
        """An observation made at an event, by whoever wrote it."""
        found: Json = {
            "resourceType": "Observation",
            "status": "final",
            "code": code,
            "subject": self.to(self.patient),
            "effectiveDateTime": self.stamp(event),
            "performer": [person(event.by)],
            **fields,
        }
        return self.add(place, found)

    def bundle(self, type_: str) -> Json:
        """The bundle of all that was written, with what was left out at its end."""
        if self.issues:
            self.add("left out", {"resourceType": "OperationOutcome", "issue": self.issues})
        found: Json = {"resourceType": "Bundle", "type": type_, "timestamp": self.now, "entry": []}
        for url, resource in self.entries:
            entry: Json = {"fullUrl": url, "resource": resource}
            if type_ == "searchset":
                entry["search"] = {"mode": "outcome" if resource["resourceType"] == "OperationOutcome" else "match"}
            found["entry"].append(entry)
        if type_ == "searchset":
            found["total"] = sum(each["search"]["mode"] == "match" for each in found["entry"])
        return tidy(found)  # type: ignore[no-any-return]

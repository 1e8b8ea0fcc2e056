"""What can happen to a patient: one small type a kind of event, and the event that gives it a moment and a writer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from eutonia.chart.orders import Program, Regimen
from eutonia.quantity import Quantity


class Person(Struct, frozen=True):
    """Who the chart is about."""

    id: str
    born: date | None = None
    sex: Literal["female", "male", "other"] | None = None
    name: str | None = None


def differing(people: Sequence[Person]) -> str | None:
    """What two lines about one person contradict each other in, 'born', 'sex' or 'name'; none where they agree."""
    for name in ("born", "sex", "name"):
        if len({getattr(each, name) for each in people} - {None}) > 1:
            return name
    return None


class Weight(Struct, frozen=True):
    """The body was weighed."""

    value: Quantity


class Height(Struct, frozen=True):
    """The body was measured."""

    value: Quantity


class Condition(Struct, frozen=True):
    """A diagnosis: its name, the level of a cord lesion, the origin of the spasticity, when it began."""

    name: str
    level: str | None = None
    origin: Literal["spinal", "cerebral"] | None = None
    since: date | None = None
    resolved: bool = False
    severe: bool = False


class Allergy(Struct, frozen=True):
    """An allergy to a substance, or (no substance) the answer that none is known."""

    substance: str | None
    reaction: str | None = None


class Medication(Struct, frozen=True):
    """A drug that is taken, or was stopped, in the writer's words."""

    text: str
    stopped: bool = False


class Medications(Struct, frozen=True):
    """The list of drugs is complete: there are no others; or none at all."""

    none: bool = False


class Pregnancy(Struct, frozen=True):
    """The answer about pregnancy; 'ended' is the outcome of one that is on the chart."""

    status: Literal["no", "yes", "not asked", "ended"]
    weeks: int | None = None
    outcome: str | None = None


class Breastfeeding(Struct, frozen=True):
    """The answer about breastfeeding, with the infant's birth date."""

    status: Literal["no", "yes"]
    infant_born: date | None = None


class Lab(Struct, frozen=True):
    """A laboratory result: creatinine, eGFR, clearance, creatine kinase, or a level of baclofen.

    Levels: 'plasma'; 'csf' where nobody wrote how it was drawn, 'lumbar' by puncture, 'aspirate' through the catheter.
    """

    test: str
    value: Quantity


class Mark(Struct, frozen=True):
    """One score on one scale; the value is a code, because '1+' is not a number."""

    scale: str
    where: str
    value: str


class Score(Struct, frozen=True):
    """The tone or the spasms were scored."""

    marks: tuple[Mark, ...]


class Oral(Struct, frozen=True):
    """The oral regimen from now on; none means that it was stopped."""

    regimen: Regimen | None


class Failed(Struct, frozen=True):
    """A treatment that did not help or could not be borne."""

    drug: str
    dose: Quantity | None
    outcome: Literal["no effect", "intolerable"]


class Trial(Struct, frozen=True):
    """A screening bolus was given."""

    dose: Quantity
    checked_by: str | None = None


class Response(Struct, frozen=True):
    """The outcome of the last screening bolus."""

    outcome: Literal["positive", "none"]
    lasted: Quantity | None = None


class Implant(Struct, frozen=True):
    """A pump was implanted: with a new catheter, or (an exchange) on the catheter that was kept."""

    device: str
    capacity: Quantity
    line: Quantity | None = None
    tip: str | None = None
    alarm: Quantity | None = None
    clock: str | None = None
    catheter: Literal["kept", "new"] | None = None


class Explant(Struct, frozen=True):
    """The pump was explanted: no drug is delivered from then on."""

    reason: str | None = None


class Revision(Struct, frozen=True):
    """The line was repaired or replaced: what was known of its volume is over."""

    what: str
    line: Quantity | None = None
    tip: str | None = None


class Refill(Struct, frozen=True):
    """The chamber was emptied and filled."""

    volume: Quantity
    strength: Quantity
    product: Quantity | None = None
    lot: str | None = None
    checked_by: str | None = None


class Programmed(Struct, frozen=True):
    """The pump was told a program."""

    program: Program
    checked_by: str | None = None


class Bridge(Struct, frozen=True):
    """A bridge bolus was programmed: this much of the old drug in the line, over these hours."""

    dose: Quantity
    over: Quantity
    checked_by: str | None = None


class Prime(Struct, frozen=True):
    """A prime bolus filled the line after an implant or a revision."""

    volume: Quantity


class Residual(Struct, frozen=True):
    """What was drawn from the chamber, or measured in it."""

    volume: Quantity


class Emptied(Struct, frozen=True):
    """The reservoir was emptied and not filled again; the volume is what came out."""

    volume: Quantity


class Aspirated(Struct, frozen=True):
    """The catheter was aspirated through its access port: no drug is left in it."""

    volume: Quantity | None = None


class Device(Struct, frozen=True):
    """Something about the pump itself: a stall, an alarm, an MRI scan, telemetry lost, the battery's indicator, a readout.

    `begin` and `end` are the times of a stall that the readout found in the pump's log, as they were written.
    """

    what: str
    begin: str | None = None
    end: str | None = None


class Explained(Struct, frozen=True):
    """A difference or an uncertainty about the pump was explained, by somebody."""

    what: Literal["residual", "delivery", "refill"]
    how: str


class Symptom(Struct, frozen=True):
    """A symptom or sign, in the writer's words; perhaps classified by a person, where the words alone do not say enough."""

    text: str
    resolved: bool = False
    classified: Literal["effect", "emergency", "unrelated"] | None = None


class Request(Struct, frozen=True):
    """What the clinician wants to see planned."""

    kind: str
    dose: Quantity | None = None
    strength: Quantity | None = None
    volume: Quantity | None = None
    setting: str | None = None
    alternative: str | None = None
    liquid: Quantity | None = None


class Decision(Struct, frozen=True):
    """A decision that only a clinician can make, such as benefit against risk in pregnancy."""

    topic: str
    outcome: str


class Override(Struct, frozen=True):
    """A limit was overridden, by somebody, for a reason; it stays visible."""

    what: str
    because: str


class Contact(Struct, frozen=True):
    """The patient was seen or spoken to."""


class Dialysis(Struct, frozen=True):
    """The patient is on dialysis; or no longer."""

    stopped: bool = False


class Eeg(Struct, frozen=True):
    """An EEG was done."""

    result: str | None = None


class Interruption(Struct, frozen=True):
    """Oral baclofen cannot be taken or supplied, or an operation is coming."""

    what: Literal["supply lost", "nothing by mouth", "surgery"]


class Note(Struct, frozen=True):
    """Anything else worth keeping; it is never interpreted."""

    text: str


What = (
    Person | Weight | Height | Condition | Allergy | Medication | Medications | Pregnancy | Breastfeeding | Lab | Score
    | Oral | Failed | Trial | Response | Implant | Explant | Revision | Refill | Programmed | Bridge | Prime | Residual
    | Emptied | Aspirated | Device | Explained | Symptom | Request | Decision | Override | Contact | Dialysis | Eeg | Interruption | Note
)  # fmt: skip


class Event(Struct, frozen=True):
    """Something that happened, with its moment, its writer and the line it was read from.

    `at` orders the events; `written` is the moment as it was written, and `day_only` says that no time was.
    `text` is the line itself, kept so that the chart can be given back unchanged.
    """

    at: datetime
    what: What
    written: str
    day_only: bool = False
    by: str | None = None
    line: int = 0
    text: str = ""

    def same_as(self, other: Event) -> bool:
        """Whether both lines report the same happening: the same moment, the same content."""
        return self.at == other.at and self.day_only == other.day_only and self.what == other.what

    @property
    def amount(self) -> Decimal | None:
        """The plain number of an event that carries one amount, for finding contradictions."""
        value = getattr(self.what, "value", None)
        return value.value * value.unit.size if isinstance(value, Quantity) else None

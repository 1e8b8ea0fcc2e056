"""What can happen to a patient: one small type a kind of event, and the event that gives it a moment and a writer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from eutonia.chart.orders import Program, Regimen
from eutonia.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Person:
    """Who the chart is about."""

    id: str
    born: date | None = None
    sex: Literal["female", "male", "other"] | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """The body was weighed."""

    value: Quantity


@dataclass(frozen=True, slots=True)
class Height:
    """The body was measured."""

    value: Quantity


@dataclass(frozen=True, slots=True)
class Condition:
    """A diagnosis: its name, the level of a cord lesion, the origin of the spasticity, when it began."""

    name: str
    level: str | None = None
    origin: Literal["spinal", "cerebral"] | None = None
    since: date | None = None
    resolved: bool = False
    severe: bool = False


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy to a substance, or (no substance) the answer that none is known."""

    substance: str | None
    reaction: str | None = None


@dataclass(frozen=True, slots=True)
class Medication:
    """A drug that is taken, or was stopped, in the writer's words."""

    text: str
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Medications:
    """The list of drugs is complete: there are no others."""


@dataclass(frozen=True, slots=True)
class Pregnancy:
    """The answer about pregnancy."""

    status: Literal["no", "yes", "not asked"]
    weeks: int | None = None


@dataclass(frozen=True, slots=True)
class Breastfeeding:
    """The answer about breastfeeding, with the infant's birth date."""

    status: Literal["no", "yes"]
    infant_born: date | None = None


@dataclass(frozen=True, slots=True)
class Lab:
    """A laboratory result: creatinine, eGFR, clearance, plasma or csf level of baclofen, creatine kinase."""

    test: str
    value: Quantity


@dataclass(frozen=True, slots=True)
class Mark:
    """One score on one scale; the value is a code, because '1+' is not a number."""

    scale: str
    where: str
    value: str


@dataclass(frozen=True, slots=True)
class Score:
    """The tone or the spasms were scored."""

    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Oral:
    """The oral regimen from now on; none means that it was stopped."""

    regimen: Regimen | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A treatment that did not help or could not be borne."""

    drug: str
    dose: Quantity | None
    outcome: Literal["no effect", "intolerable"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A screening bolus was given."""

    dose: Quantity
    checked_by: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The outcome of the last screening bolus."""

    outcome: Literal["positive", "none"]
    lasted: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Implant:
    """A pump and its line were implanted."""

    device: str
    capacity: Quantity
    line: Quantity | None = None
    tip: str | None = None
    alarm: Quantity | None = None
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """The line was repaired or replaced: what was known of its volume is over."""

    what: str
    line: Quantity | None = None
    tip: str | None = None


@dataclass(frozen=True, slots=True)
class Refill:
    """The chamber was emptied and filled."""

    volume: Quantity
    strength: Quantity
    product: Quantity | None = None
    lot: str | None = None
    checked_by: str | None = None


@dataclass(frozen=True, slots=True)
class Programmed:
    """The pump was told a program."""

    program: Program
    checked_by: str | None = None


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge bolus was programmed: this much of the old drug in the line, over these hours."""

    dose: Quantity
    over: Quantity
    checked_by: str | None = None


@dataclass(frozen=True, slots=True)
class Prime:
    """A prime bolus filled the line after an implant or a revision."""

    volume: Quantity


@dataclass(frozen=True, slots=True)
class Residual:
    """What was drawn from the chamber, or measured in it."""

    volume: Quantity


@dataclass(frozen=True, slots=True)
class Device:
    """Something about the pump itself: a stall, an alarm, an MRI scan, telemetry lost, the battery's indicator, a read-out."""

    what: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A difference or an uncertainty about the pump was explained, by somebody."""

    what: Literal["residual", "delivery", "refill"]
    how: str


@dataclass(frozen=True, slots=True)
class Symptom:
    """A symptom or sign, in the writer's words."""

    text: str
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What the clinician wants to see planned."""

    kind: str
    dose: Quantity | None = None
    strength: Quantity | None = None
    volume: Quantity | None = None
    setting: str | None = None
    alternative: str | None = None
    liquid: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that only a clinician can make, such as benefit against risk in pregnancy."""

    topic: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Override:
    """A limit was overridden, by somebody, for a reason; it stays visible."""

    what: str
    because: str


@dataclass(frozen=True, slots=True)
class Contact:
    """The patient was seen or spoken to."""


@dataclass(frozen=True, slots=True)
class Dialysis:
    """The patient is on dialysis; or no longer."""

    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Eeg:
    """An EEG was done."""

    result: str | None = None


@dataclass(frozen=True, slots=True)
class Interruption:
    """Oral baclofen cannot be taken or supplied, or an operation is coming."""

    what: Literal["supply lost", "nothing by mouth", "surgery"]


@dataclass(frozen=True, slots=True)
class Note:
    """Anything else worth keeping; it is never interpreted."""

    text: str


What = (
    Person | Weight | Height | Condition | Allergy | Medication | Medications | Pregnancy | Breastfeeding | Lab | Score
    | Oral | Failed | Trial | Response | Implant | Revision | Refill | Programmed | Bridge | Prime | Residual | Device
    | Explained | Symptom | Request | Decision | Override | Contact | Dialysis | Eeg | Interruption | Note
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
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

"""One patient as a population: people who could be this person by all that the chart says of body and kidneys.

What the chart does not say is either not needed, or drawn wide and named, or the prediction is unknown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import tzinfo
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from eutonia.body import dependence, neuraxis, plasma, tone
from eutonia.body.dependence import Adaptation
from eutonia.body.draws import normals
from eutonia.body.kinetics import Kinetics
from eutonia.body.neuraxis import Spine
from eutonia.body.parameters import parameter
from eutonia.body.person import healthy, outside, people
from eutonia.body.tone import Sensitivity
from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Known, Unknown
from eutonia.findings.kidney import kidney
from eutonia.knowledge import Book
from eutonia.knowledge.drugs import recognise
from eutonia.moment import DAY, shown_day
from eutonia.pump import PumpState
from eutonia.quantity import figures, plain

Floats = NDArray[np.float64]

# The same people stand in for every patient, so that two advices differ by their charts alone.
SEED: Final = "advice"
_ADULT: Final = 18
LEGS: Final = ("leg", "legs", "left leg", "right leg")


class Unpredicted(Struct, frozen=True):
    """There is no prediction, and why."""

    why: str

    def as_dict(self, home: tzinfo) -> dict[str, str]:
        """The reason as JSON."""
        return {"unknown": self.why}


class Normals(Struct, frozen=True, eq=False):
    """The standard normal numbers that make people, a block for each purpose: [people, ...] all of them.

    body: weight, height and creatinine clearance, for those whose chart does not say.
    """

    kinetics: Floats
    spine: Floats
    effect: Floats
    dependence: Floats
    body: Floats

    def __len__(self) -> int:
        return len(self.kinetics)


def prior(count: int, seed: str = SEED) -> Normals:
    """The first `count` people, of whom nothing is known but what the chart says of body and kidneys."""
    return Normals(
        normals(seed, "kinetics", 0, count, plasma.ETAS),
        normals(seed, "spine", 0, count, neuraxis.ETAS),
        normals(seed, "effect", 0, count, tone.ETAS),
        normals(seed, "dependence", 0, count, dependence.ETAS),
        np.stack([normals(seed, each, 0, count, 2)[:, 0] for each in ("weight", "height", "creatinine")], axis=1),
    )


class Patient(Struct, frozen=True, eq=False):
    """People like the patient, and what was assumed to draw them; no `answers` where the tone is not predictable.

    baseline and penn: the Ashworth score (1-5) of the legs and the Penn score without the drug, where the chart has them.
    effect: [people, tone.ETAS] the normal numbers behind the answers.  plasma_known: whether the kidneys are, on which
    plasma rests.
    """

    kinetics: Kinetics
    spine: Spine
    answers: Sensitivity | None
    adapts: Adaptation
    baseline: float | None
    penn: float | None
    effect: Floats
    plasma_known: bool
    tip: str
    assumes: tuple[str, ...]
    sharpened: bool = False

    def __len__(self) -> int:
        return len(self.kinetics)


class Person(Struct, frozen=True, eq=False):
    """What the chart says of the body, for people to be drawn from; None where it does not say.

    baseline and penn: the scores without the drug, as the chart has them, or why it has none.
    """

    book: Book
    years: float
    weight_kg: float | None
    height_cm: float | None
    creatinine_ml_min: float | None
    baseline: Known[float] | Unknown
    penn: Known[float] | Unknown
    tip: str
    assumes: tuple[str, ...]

    @property
    def adult(self) -> bool:
        """Whether the models of spine and tone are made for this age."""
        return self.years >= _ADULT

    def drawn(self, drawn: Normals, mixing: str = "mixture") -> Patient:
        """The people whom these numbers make; mixing: as `neuraxis.spine` takes it."""
        book, count = self.book, len(drawn)
        weight = np.full(count, self.weight_kg) if self.weight_kg is not None else _adults(book, drawn, "weight", "kg")
        if self.height_cm is not None:
            height = np.full(count, self.height_cm)
        elif not self.adult:
            # Only the length of the spine rests on it, and nothing about the spine of a child is told.
            height = np.full(count, parameter(book, "body.height_adult", "cm").value)
        else:
            height = _adults(book, drawn, "height", "cm")
        cleared = self.creatinine_ml_min if self.creatinine_ml_min is not None else healthy(book, drawn.body[:, 2])
        someone = people(count, self.years, weight, cleared)
        kinetics = plasma.kinetics("adult", someone, drawn.kinetics, book, unsure=True)
        baseline = self.baseline.value if self.adult and isinstance(self.baseline, Known) else None
        answers = tone.sensitivity(drawn.effect, baseline, book, unsure=True) if self.adult else None
        return Patient(
            kinetics,
            neuraxis.spine(kinetics, height, drawn.spine, book, mixing, unsure=True),
            answers,
            dependence.adaptation(drawn.dependence, book),
            baseline,
            self.penn.value if isinstance(self.penn, Known) else None,
            drawn.effect,
            self.creatinine_ml_min is not None,
            self.tip,
            self.assumes,
        )


def _adults(book: Book, drawn: Normals, what: str, unit: str) -> Floats:
    column = {"weight": 0, "height": 1}[what]
    return parameter(book, f"body.{what}_adult", unit).drawn(drawn.body[:, column])


# No prediction looks further ahead.
_SOON: Final = 120 * DAY


def patient(
    facts: Facts, pump: PumpState | None, *, by_mouth: bool, in_spine: bool, people: Normals | None = None
) -> Patient | Unpredicted:
    """People like this patient, for a prediction of drug by these routes; those given, where the patient's data chose them."""
    known = person(facts, pump, by_mouth=by_mouth, in_spine=in_spine)
    if isinstance(known, Unpredicted):
        return known
    if people is not None:
        return replace(known.drawn(people), sharpened=True)
    return known.drawn(prior(facts.book.count("predict.people")))


def person(facts: Facts, pump: PumpState | None, *, by_mouth: bool, in_spine: bool) -> Person | Unpredicted:
    """What the chart says of this patient's body, for a prediction of drug by these routes."""
    book = facts.book
    if isinstance(facts.age, Unknown):
        return Unpredicted(facts.age.says)
    age, assumes = facts.age.value, []
    if in_spine and age < _ADULT:
        return Unpredicted("the effect of drug in the spine of children was never measured as a course")
    if in_spine and pump is not None and pump.service_ended:
        return Unpredicted("the pump's service has ended, and what it delivers is not known")

    assert isinstance(facts.age_months, Known)
    years = facts.age_months.value / 12
    weight = height = None
    if isinstance(facts.weight, Known):
        weight = float(facts.weight.value.value.to("kg"))
    elif by_mouth:
        return Unpredicted(f"{facts.weight.says}, and plasma rests on it")
    else:
        assumes.append("the weight is not known: adults of every ordinary weight are drawn")
    if isinstance(facts.height, Known):
        height = float(facts.height.value.value.to("cm"))
    elif age >= _ADULT:
        assumes.append("the height is not known: spines of every ordinary length are drawn")
    cleared = clearance(facts)
    if isinstance(cleared, Unpredicted):
        if by_mouth:
            return cleared
        assumes.append(f"no level in plasma is told: {cleared.why}")
    creatinine = cleared if isinstance(cleared, float) else None
    typical = parameter(book, "body.weight_adult", "kg").value if weight is None else weight
    if why := outside(people(1, years, typical, 100.0 if creatinine is None else creatinine), book):
        return Unpredicted(why)
    tip = pump.tip if pump is not None and pump.tip is not None else _USUAL_TIP
    if pump is not None and pump.tip is None and in_spine:
        assumes.append(f"where the catheter ends is not known: {_USUAL_TIP} is taken")
    before = untreated(facts, pump, legs)
    if age < _ADULT:
        assumes.append("the effect on the tone of children was never measured as a course, so none is told")
    elif isinstance(before, Unknown):
        assumes.append(f"{before.says}, so the tone is told as a share of that without the drug")
    assumes += _against_the_model(facts, pump, by_mouth=by_mouth, in_spine=in_spine)
    return Person(book, years, weight, height, creatinine, before, untreated(facts, pump, penn), tip, tuple(assumes))


_USUAL_TIP: Final = "T10"


_FLOW: Final = re.compile(r"shunt|scoliosis|stenosis|leak", re.IGNORECASE)


def _against_the_model(facts: Facts, pump: PumpState | None, *, by_mouth: bool, in_spine: bool) -> list[str]:
    """What the chart says that no model here knows about, and what nobody has measured."""
    found = []
    if isinstance(facts.pregnancy, Known) and facts.pregnancy.value.status == "yes":
        found.append("pregnancy changes the kinetics, and no data say how")
    if isinstance(facts.age, Known) and facts.age.value < _ADULT:
        found.append(
            "plasma of children follows their size alone; the one study of them has lower levels in adolescents"
        )
    if by_mouth:
        found.append(
            "no study ties the tone to a level by mouth: the cord is taken to answer as it does to drug in the spine"
        )
    if by_mouth and in_spine:
        found.append("drug of both routes is added up; how they act together is not known")
    if in_spine and pump is not None:
        found.append("this model gives the height of the tip a weight that no data show")
    if flow := [name for _, each, _ in facts.conditions if _FLOW.search(name := each.name)]:
        found.append(f"{' and '.join(flow)} may change the flow of the fluid, and no data say how")
    if by_mouth and (event := next(reversed(facts.of(e.Interruption)), None)) is not None:
        assert isinstance(event.what, e.Interruption)
        found.append(f"tablets are taken to be swallowed, though the chart says '{event.what.what}'")
    if two := _two_clearances(facts):
        low, high = (plain(figures(each, 2)) for each in sorted(two))
        found.append(f"the estimates of kidney function lie apart ({low} and {high} mL/min): the one by weight is used")
    if pump is not None and (pump.uncertain or pump.unexplained is not None or pump.gaps):
        found.append("the pump is taken to deliver what it was told, though the chart leaves that in doubt")
    if pump is not None and pump.replacement_due is not None and pump.replacement_due - facts.now < _SOON:
        found.append(
            f"the pump is taken to be replaced before its service ends on {shown_day(pump.replacement_due, facts.home)}"
        )
    if pump is not None and pump.line_volume is None:
        found.append(
            "the volume of the line is not known: drug is taken to leave it at once, so that all times are too early"
        )
    return found


def _two_clearances(facts: Facts) -> tuple[float, float] | None:
    """Both estimates of the creatinine clearance in mL/min, where they differ by more than a quarter."""
    known = kidney(facts)
    if isinstance(known, Unknown) or known.clearance is None or known.egfr is None:
        return None
    other = _absolute(known.egfr, facts)
    return None if other is None or 0.8 < other / known.clearance < 1.25 else (known.clearance, other)


def _absolute(egfr: float, facts: Facts) -> float | None:
    """An eGFR times the patient's body surface (Mosteller, N Engl J Med 317:1098), mL/min; none where it is not known."""
    if not (isinstance(facts.height, Known) and isinstance(facts.weight, Known)):
        return None
    height, weight = float(facts.height.value.value.to("cm")), float(facts.weight.value.value.to("kg"))
    return egfr * math.sqrt(height * weight / 3600.0) / 1.73


def clearance(facts: Facts) -> float | Unpredicted:
    """Creatinine clearance in mL/min, absolute: as the chart's kidney values give it.

    An eGFR is for 1.73 m2 of body surface; it counts times the patient's surface.
    """
    known = kidney(facts)
    if isinstance(known, Unknown):
        return Unpredicted(f"{known.says}, and plasma rests on the kidneys")
    if known.dialysis:
        return Unpredicted("dialysis removes the drug hour by hour as it is run, which no chart tells")
    if known.clearance is not None:
        return float(known.clearance)
    if known.egfr is not None and (found := _absolute(known.egfr, facts)) is not None:
        return found
    return Unpredicted("an eGFR counts for a body surface of 1.73 m2; without height and weight it is no clearance")


def untreated(facts: Facts, pump: PumpState | None, read: Callable[[e.What], float | None]) -> Known[float] | Unknown:
    """The last score, as `read` finds it, from a time without baclofen."""
    marks = [mark for event in facts.of(e.Score) if isinstance(event.what, e.Score) for mark in event.what.marks]
    if read is legs and any(mark.scale == "ashworth" and mark.value == "0" for mark in marks):
        return Unknown("contradictory", "an Ashworth score of 0 is on the chart, so its scale may begin at 0 or at 1")
    found = None
    for event in facts.of(e.Score):
        if free(event, facts, pump) and (score := read(event.what)) is not None:
            found = Known(score, event.at)
    return found or Unknown("never asked", "no Ashworth score of the legs from a time without baclofen is on the chart")


def penn(what: e.What) -> float | None:
    """The Penn spasm score (0 to 4)."""
    assert isinstance(what, e.Score)
    return next((float(mark.value) for mark in what.marks if mark.scale == "penn"), None)


def legs(what: e.What) -> float | None:
    """The Ashworth score of the legs on the scale of 1 to 5, the mean of both where both were scored."""
    assert isinstance(what, e.Score)
    found = [
        (2.5 if mark.value == "1+" else float(mark.value) + (mark.scale == "modified ashworth"))
        for mark in what.marks
        if mark.scale.endswith("ashworth") and mark.where in LEGS
    ]
    return min(max(sum(found) / len(found), tone.LOWEST), tone.HIGHEST) if found else None


def free(event: e.Event, facts: Facts, pump: PumpState | None) -> bool:
    """Whether nothing of the drug can be at work at this event."""
    hours = float(facts.book.quantity("predict.memory").to("h"))

    def before(other: e.Event) -> bool:
        return (other.at, other.line) < (event.at, event.line)

    orders = [each for each in facts.of(e.Oral, e.Medication) if before(each) and _baclofen(each.what)]
    if orders:
        last = orders[-1].what
        ended = last.regimen is None if isinstance(last, e.Oral) else isinstance(last, e.Medication) and last.stopped
        if not ended or (event.at - orders[-1].at).total_seconds() < 3600 * hours:
            return False
    if any(before(each) and (event.at - each.at).total_seconds() < 3600 * hours for each in facts.of(e.Trial)):
        return False
    return not (pump is not None and any(at <= event.at for at, _ in pump.dose_history))


def _baclofen(what: e.What) -> bool:
    """Whether a line is about baclofen that is swallowed, whether or not its dose can be read."""
    return isinstance(what, e.Oral) or (
        isinstance(what, e.Medication) and any("baclofen" in each.name for each in recognise(what.text).ingredients)
    )

"""Doses as FHIR writes them: an oral regimen, a pump's program, each part with its times and in words beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from eutonia.chart.orders import Part, Periodic, Program, Regimen
from eutonia.doors.fhir.fields import ATC, RXNORM, SNOMED, Json, number, quantity, ratio
from eutonia.quantity import Quantity, plain

BACLOFEN: Final[Json] = {
    "coding": [
        {"system": RXNORM, "code": "1292", "display": "baclofen"},
        {"system": ATC, "code": "M03BX01", "display": "baclofen"},
    ],
    "text": "Baclofen",
}
BY_MOUTH: Final[Json] = {
    "coding": [{"system": SNOMED, "code": "26643006", "display": "Oral route"}],
    "text": "by mouth",
}
IN_THE_SPINE: Final[Json] = {
    "coding": [{"system": SNOMED, "code": "72607000", "display": "Intrathecal route"}],
    "text": "intrathecal",
}
_DAY: Final = Quantity.of(1, "days")

# All instructions of one order hold at the same time, so all have the same sequence number: FHIR reads different
# numbers as one after another, and a day's second dose never follows the end of an endless first one.
_TOGETHER: Final = 1


def by_mouth(regimen: Regimen) -> list[Json]:
    """The regimen as instructions, one a part."""
    return [_part(part) for part in regimen.parts]


def _part(part: Part) -> Json:
    found: Json = {
        "sequence": _TOGETHER,
        "text": part.written,
        "asNeededBoolean": part.as_needed or None,
        "route": BY_MOUTH,
        "doseAndRate": [{"doseQuantity": quantity(part.amount)}],
    }
    if part.as_needed:
        most = Quantity(part.amount.value * part.times, part.amount.unit)
        return found | {"maxDosePerPeriod": ratio(most, _DAY)}
    if part.when.startswith("every "):
        repeat: Json = {"frequency": 1, "period": 24 // part.times, "periodUnit": "h"}
    else:
        repeat = {"frequency": part.times, "period": 1, "periodUnit": "d"}
    # "In the morning" stands in words beside once a day: which hour it is, the chart does not say.
    words = {"text": part.when} if part.times == 1 else None
    return found | {"timing": {"repeat": repeat, "code": words}}


def in_the_spine(program: Program) -> list[Json]:
    """The program as instructions; times of day are those of the pump's own clock, which knows no summer time."""
    found: list[Json] = []
    if program.continuous is not None:
        found.append(
            _instruction(f"continuous {program.continuous.written}", {"rateQuantity": quantity(program.continuous)})
        )
    for step, hours in program.step_hours():
        lasts = Decimal(hours.numerator) / hours.denominator
        timing = {
            "repeat": {
                "duration": number(lasts),
                "durationUnit": "h",
                "frequency": 1,
                "period": 1,
                "periodUnit": "d",
                "timeOfDay": [f"{step.at:%H:%M:%S}"],
            }
        }
        found.append(
            _instruction(f"{step.written}, by the pump's clock", {"rateQuantity": quantity(step.rate)}, timing)
        )
    found += [
        _instruction(bolus.written, {"doseQuantity": quantity(bolus.dose)}, _periodic(bolus))
        for bolus in program.boluses
    ]
    return found


def _instruction(text: str, amount: Json, timing: Json | None = None) -> Json:
    return {"sequence": _TOGETHER, "text": text, "timing": timing, "route": IN_THE_SPINE, "doseAndRate": [amount]}


def _periodic(bolus: Periodic) -> Json:
    repeat: Json = {}
    if bolus.over_min is not None:
        repeat |= {"duration": number(bolus.over_min), "durationUnit": "min"}
    if bolus.every_h is not None:
        return {"repeat": repeat | {"frequency": 1, "period": number(bolus.every_h), "periodUnit": "h"}}
    at = [f"{each:%H:%M:%S}" for each in bolus.at]
    return {"repeat": repeat | {"frequency": len(at), "period": 1, "periodUnit": "d", "timeOfDay": at}}


def daily(amount: Quantity) -> str:
    """The daily dose in words, for a remark beside an order of several parts."""
    return f"Daily dose: {plain(amount)}."


def product(strength: Quantity, form: str, lot: str | None = None) -> Json:
    """Baclofen of this strength, so much in one mL."""
    amount = Quantity.of(strength.value, strength.unit.name.removesuffix("/mL"))
    return {
        "resourceType": "Medication",
        "code": BACLOFEN,
        "form": {"text": form},
        "ingredient": [{"itemCodeableConcept": BACLOFEN, "strength": ratio(amount, Quantity.of(1, "mL"))}],
        "batch": {"lotNumber": lot},
    }

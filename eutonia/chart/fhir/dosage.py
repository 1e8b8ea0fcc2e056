"""The oral regimen that FHIR dosage instructions write: wholly understood, or not at all."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from eutonia.chart.fhir.fields import Json, NotRead, an_object, concept, line, objects, quantity, shown
from eutonia.chart.orders import Part, Regimen, read_regimen
from eutonia.quantity import Quantity, QuantityError, plain

# The fields that are understood here, or that say nothing about how much is taken; any other one is a refusal.
_DOSAGE: Final = frozenset(
    {
        *("id", "extension", "sequence", "text", "timing", "asNeededBoolean", "asNeededCodeableConcept", "route"),
        *("method", "doseAndRate", "maxDosePerPeriod", "additionalInstruction", "patientInstruction"),
    }
)
_TIMING: Final = frozenset({"id", "extension", "repeat", "code"})
_REPEAT: Final = frozenset({"id", "extension", "frequency", "period", "periodUnit"})
_RATE: Final = frozenset({"id", "extension", "type", "doseQuantity"})

_TIMES: Final = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
_CODES: Final = {
    "QD": "once a day",
    "BID": "twice a day",
    "TID": "three times a day",
    "QID": "four times a day",
    "Q4H": "every 4 h",
    "Q6H": "every 6 h",
    "Q8H": "every 8 h",
    "AM": "in the morning",
    "BED": "at bedtime",
}
# A remark that says nothing about how much is taken.
_HARMLESS: Final = re.compile(
    r"(?:take )?(?:with|after|with or after|with or without) (?:food|meals?|milk|water|a meal)"
    r"|(?:may|can) cause (?:drowsiness|dizziness|sleepiness)|avoid alcohol|do not stop (?:abruptly|suddenly)",
    re.I,
)


def read_dosage(instructions: object) -> Regimen:
    """The regimen of all the instructions together, which must be concurrent; `NotRead` where any of it is unclear."""
    given = instructions if isinstance(instructions, list) else []
    if not given or len(objects(given)) != len(given):
        raise NotRead("no dosage", "the order does not say how it is taken")
    # FHIR: the same sequence number means together, different ones mean one after the other.
    if len(given) > 1 and len({repr(each.get("sequence")) for each in given}) > 1:
        raise NotRead("dosage", "its instructions follow one another, and a regimen is of one day")
    parts: list[Part] = []
    for each in given:
        try:
            parts += _instruction(each).parts
        except QuantityError as error:
            raise NotRead("dosage", str(error)) from None
    return Regimen(tuple(parts))


def _instruction(given: Json) -> Regimen:
    _only(given, _DOSAGE, "dosage")
    for remark in [*map(_remark, objects(given.get("additionalInstruction"))), line(given.get("patientInstruction"))]:
        if remark and not _HARMLESS.fullmatch(remark.rstrip(".")):
            raise NotRead(f"instruction {shown(remark)}", "it may change the dose")
    as_needed = _as_needed(given)
    text = _text(given.get("text"))
    coded = _structured(given, bool(as_needed)) if "doseAndRate" in given or "timing" in given else None
    if coded is None and text is None:
        raise NotRead("no dosage", "the order does not say how it is taken")
    if coded is not None and text is not None and (_counts(coded) != _counts(text)):
        raise NotRead("dosage", f"its fields say {coded.written}, its text says {text.written}")
    found = coded or text
    assert found is not None
    if text is not None and as_needed is not None and any(part.as_needed != as_needed for part in found.parts):
        raise NotRead("dosage", "its fields and its text disagree on whether it is taken as needed")
    if coded is None and "maxDosePerPeriod" in given:
        raise NotRead("maxDosePerPeriod", "a limit beside a dose that is only text is not read")
    return found


def _only(given: Json, known: frozenset[str], name: str) -> None:
    if other := sorted(set(given) - known):
        raise NotRead(f"{name}.{line(other[0])}", "this field is not understood here, and may change the dose")


def _remark(given: Json) -> str:
    return concept(given).name or "an instruction without words"


def _as_needed(given: Json) -> bool | None:
    flag = given.get("asNeededBoolean")
    if flag is not None and not isinstance(flag, bool):
        raise NotRead("asNeededBoolean", "it is neither true nor false")
    if "asNeededCodeableConcept" in given:
        if flag is not None:
            raise NotRead("asNeededBoolean and asNeededCodeableConcept", "only one of them may be there")
        return True
    return flag


def _text(given: object) -> Regimen | None:
    if given is None:
        return None
    words = re.sub(r"^take\s+|\.$", "", line(given), flags=re.I)
    if not words:
        raise NotRead("dosage text", "it is not a text")
    return read_regimen(words)


def _counts(regimen: Regimen) -> tuple[Quantity, Decimal]:
    """What two ways of writing one regimen must agree in: the daily dose, and how much of it is as needed."""
    needed = sum((part.amount.to("mg") * part.times for part in regimen.parts if part.as_needed), Decimal(0))
    return regimen.daily, needed


def _structured(given: Json, as_needed: bool) -> Regimen:
    rates = given.get("doseAndRate")
    if not isinstance(rates, list) or len(rates) != 1 or not isinstance(rates[0], dict):
        raise NotRead("doseAndRate", "one dose is needed")
    _only(rates[0], _RATE, "doseAndRate")
    dose = quantity(rates[0].get("doseQuantity"), "doseQuantity", "amount")
    often = _often(given["timing"]) if "timing" in given else None
    most = _most(given["maxDosePerPeriod"], dose) if "maxDosePerPeriod" in given else None
    if not as_needed:
        if often is None:
            raise NotRead("no timing", "it is not said how often it is taken")
        regimen = read_regimen(f"{plain(dose)} {often}")
        if most is not None and regimen.parts[0].times > most:
            raise NotRead("maxDosePerPeriod", f"the dose of {regimen.written} is above it")
        return regimen
    times = read_regimen(f"{plain(dose)} {often}").parts[0].times if often is not None else most
    if times is None or (most is not None and times != most):
        raise NotRead("as needed", "the order does not say the most that may be taken in a day, or says it in two ways")
    return read_regimen(f"{plain(dose)} as needed, at most {times} a day")


def _often(given: object) -> str:
    timing = an_object(given)
    _only(timing, _TIMING, "timing")
    said = [_repeat(timing["repeat"])] if "repeat" in timing else []
    said += [_code(timing["code"])] if "code" in timing else []
    if not said:
        raise NotRead("timing", "it is not said how often it is taken")
    if len({read_regimen(f"1 mg {each}").daily for each in said}) > 1:
        raise NotRead("timing", f"it says both {' and '.join(said)}")
    return said[-1]


def _repeat(given: object) -> str:
    repeat = an_object(given)
    _only(repeat, _REPEAT, "timing.repeat")
    count, period, unit = (repeat.get(name) for name in ("frequency", "period", "periodUnit"))
    if isinstance(count, bool) or isinstance(period, bool) or not isinstance(count, int):
        raise NotRead("timing.repeat", "frequency must be a whole number")
    if unit == "d" and period == 1 and 1 <= count <= 9:
        return _DAILY.get(count, f"{count} times a day")
    if unit == "h" and count == 1 and period in (4, 6, 8, 12, 24):
        return f"every {int(period)} h"
    raise NotRead("timing.repeat", "only times a day, and hours that divide a day, are read")


_DAILY: Final = {1: "once a day", 2: "twice a day", 3: "three times a day", 4: "four times a day"}


def _code(given: object) -> str:
    code = concept(given)
    found = {_CODES.get(each, "") for each in code.of(_TIMES)}
    if not found and code.name:
        found = {_CODES.get(code.name.upper(), code.name)}
    if len(found) != 1 or "" in found:
        raise NotRead(f"timing code {shown(code.name)}", "it is not a timing that is read here")
    return found.pop()


def _most(given: object, dose: Quantity) -> int:
    """How many doses a day a limit such as 15 mg in 1 day allows."""
    limit = an_object(given)
    top = quantity(limit.get("numerator"), "maxDosePerPeriod.numerator", "amount")
    span = quantity(limit.get("denominator"), "maxDosePerPeriod.denominator", "time")
    if top.kind != "amount" or span.kind != "time" or span != Quantity.of(1, "days"):
        raise NotRead("maxDosePerPeriod", "only a limit of an amount in one day is read")
    if not dose.value or top.to("mg") % dose.to("mg"):
        raise NotRead("maxDosePerPeriod", "the limit is not a whole number of doses")
    return int(top.to("mg") / dose.to("mg"))

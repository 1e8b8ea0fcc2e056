"""What was prescribed: an oral regimen over a day, and the program that a pump was told.

Both know their daily dose because it is built from their parts, so a total can never disagree with its steps.
"""

from __future__ import annotations

import re
from datetime import time
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Final

from msgspec import Struct

from eutonia.moment import clock
from eutonia.quantity import Quantity, QuantityError, plain

_TIMES: Final = {1: "once a day", 2: "twice a day", 3: "three times a day", 4: "four times a day"}
_COUNTS: Final = {"once": 1, "twice": 2, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_LATIN: Final = {"bid": 2, "tid": 3, "qid": 4, "tds": 3, "qds": 4, "bd": 2, "b.i.d.": 2, "t.i.d.": 3, "q.i.d.": 4}
_MOMENTS: Final = {
    "in the morning": "in the morning",
    "every morning": "in the morning",
    "at breakfast": "in the morning",
    "at noon": "at noon",
    "at lunch": "at noon",
    "in the afternoon": "in the afternoon",
    "in the evening": "in the evening",
    "every evening": "in the evening",
    "at dinner": "in the evening",
    "at night": "at bedtime",
    "at bedtime": "at bedtime",
}


class Part(Struct, frozen=True):
    """One dose of a regimen and how often a day it is taken."""

    amount: Quantity
    times: int
    when: str
    as_needed: bool = False

    @property
    def written(self) -> str:
        """The part in the chart's words."""
        if self.as_needed:
            return f"{plain(self.amount)} as needed, at most {self.times} a day"
        return f"{plain(self.amount)} {self.when}"


class Regimen(Struct, frozen=True):
    """Oral doses over a day.  Limits count as-needed doses at their maximum; what is taken counts without them."""

    parts: tuple[Part, ...]
    liquid: Quantity | None = None

    @property
    def daily(self) -> Quantity:
        """The most that may be taken in a day, mg/day, as-needed doses at their maximum."""
        return Quantity(sum((p.amount.to("mg") * p.times for p in self.parts), Decimal(0)), _MG_DAY)

    @property
    def scheduled(self) -> Quantity:
        """What is taken every day, mg/day, without as-needed doses."""
        taken = (p.amount.to("mg") * p.times for p in self.parts if not p.as_needed)
        return Quantity(sum(taken, Decimal(0)), _MG_DAY)

    @property
    def as_needed(self) -> tuple[Part, ...]:
        """The parts that are taken as needed."""
        return tuple(part for part in self.parts if part.as_needed)

    @property
    def written(self) -> str:
        """The regimen in the chart's words."""
        return " + ".join(part.written for part in self.parts)


_MG_DAY: Final = Quantity.of(1, "mg/day").unit
_MCG_DAY: Final = Quantity.of(1, "mcg/day").unit

_AMOUNT = r"(?P<amount>[0-9.,]+(?:\s+[^\s0-9+,;]+)?)"
_PER_DAY = r"(?:a day|daily|per day|each day|every day)"
_WHEN = (
    rf"(?P<count>once|twice|(?:one|two|three|four|five|six|[1-9])\s+times)\s+{_PER_DAY}"
    r"|every\s+(?P<hours>[0-9]+)\s*(?:h|hours)"
    r"|q(?P<qh>[0-9]+)h"
    r"|(?P<latin>bid|tid|qid|tds|qds|bd|b\.i\.d\.|t\.i\.d\.|q\.i\.d\.)"
    r"|in\s+(?P<split>[1-9]|two|three|four|five|six)\s+doses"
    rf"|(?P<moment>{'|'.join(_MOMENTS)})"
    r"|at\s+(?P<clock>[0-9]{2}:[0-9]{2})"
    rf"|(?P<daily>{_PER_DAY})"
    r"|(?:as needed|prn),?\s+(?:at most|maximum|max)\s+(?P<most>[1-9][0-9]?)\s+(?:times\s+)?(?:a day|per day|daily)"
)
_PART: Final = re.compile(rf"\s*{_AMOUNT}\s+(?:(?:by mouth|orally|po|tablets?)\s+)*(?:{_WHEN})\s*", re.IGNORECASE)
_JOIN: Final = re.compile(r"\s*(?:\+|,|&|and\b|plus\b)\s*", re.IGNORECASE)
_AMBIGUOUS: Final = re.compile(r"\b(?:qd|q\.d\.|od|o\.d\.|qod|hs|q\.o\.d\.)(?:\s|$)", re.IGNORECASE)


def read_regimen(text: str, liquid: Quantity | None = None) -> Regimen:
    """The regimen that `text` writes, wholly or not at all.

    >>> read_regimen("10 mg three times a day + 5 mg at bedtime").daily
    Quantity('35 mg daily')
    """
    if bad := _AMBIGUOUS.search(text):
        raise QuantityError(f"'{bad[0].strip()}' in '{text}' is misread too often; write 'once a day' or 'at bedtime'")
    parts: list[Part] = []
    place = 0
    while True:
        found = _PART.match(text, place)
        if found is None:
            raise QuantityError(_unread(text, text[place:].strip()))
        parts.append(_part(found, text))
        place = found.end()
        if place == len(text):
            return Regimen(tuple(parts), liquid)
        join = _JOIN.match(text, place)
        if join is None:
            raise QuantityError(_unread(text, text[place:].strip()))
        place = join.end()


def _unread(text: str, rest: str) -> str:
    return (
        f"'{rest or text}' was not understood as a dose and how often it is taken; write each dose with its unit and "
        f"its times, such as '10 mg three times a day + 5 mg at bedtime' or '5 mg as needed, at most 2 a day'"
    )


def _part(found: re.Match[str], text: str) -> Part:
    amount = Quantity.read(found["amount"].strip())
    if found["split"]:
        if amount.kind != "daily dose":
            raise QuantityError(f"'{text}': only a daily dose such as '60 mg/day' is split into doses")
        count = _count(found["split"])
        each = amount.to("mg/day") / count
        if each * count != amount.to("mg/day"):
            raise QuantityError(f"'{text}' does not split into {count} equal doses")
        return Part(Quantity.of(each, "mg"), count, _times(count))
    if amount.kind != "amount" or amount.unit.name != "mg":
        raise QuantityError(f"'{plain(amount)}' in '{text}' is not a dose in mg; oral baclofen is written in mg")
    if not amount.value:
        raise QuantityError(f"'{text}' gives a dose of zero; write 'oral stop' where the drug is stopped")
    if found["most"]:
        return Part(amount, int(found["most"]), "as needed", as_needed=True)
    if hours := found["hours"] or found["qh"]:
        if int(hours) not in (4, 6, 8, 12, 24):
            raise QuantityError(
                f"'every {hours} h' in '{text}' does not divide a day; write the doses with their times"
            )
        return Part(amount, 24 // int(hours), f"every {hours} h")
    if found["moment"]:
        return Part(amount, 1, _MOMENTS[" ".join(found["moment"].lower().split())])
    if found["clock"]:
        return Part(amount, 1, f"at {clock(found['clock']):%H:%M}")
    if found["latin"]:
        count = _LATIN[found["latin"].lower()]
    else:
        count = 1 if found["daily"] else _count(found["count"])
    return Part(amount, count, _times(count))


def _count(text: str) -> int:
    word = text.lower().split()[0]
    return _COUNTS.get(word) or int(word)


def _times(count: int) -> str:
    return _TIMES.get(count, f"{count} times a day")


def evenly(daily: Decimal, times: int, step: Decimal) -> Regimen:
    """A daily dose in mg split into `times` doses that are whole `step`s, as even as possible, the larger ones last.

    >>> evenly(Decimal(20), 3, Decimal("2.5")).written
    '5 mg in the morning + 7.5 mg at noon + 7.5 mg at bedtime'
    """
    units = daily / step
    if units != units.to_integral_value():
        raise ValueError(f"{daily} mg does not divide into steps of {step} mg")
    low, more = divmod(int(units), times)
    if low == 0:
        times, low, more = int(units), 1, 0
    if not more:
        return Regimen((Part(Quantity.of(low * step, "mg"), times, _times(times)),))
    names = {2: ("in the morning", "at bedtime"), 3: ("in the morning", "at noon", "at bedtime")}.get(
        times, ("in the morning", "at noon", "in the evening", "at bedtime")
    )
    doses = [low * step] * (times - more) + [(low + 1) * step] * more
    return Regimen(tuple(Part(Quantity.of(dose, "mg"), 1, name) for dose, name in zip(doses, names, strict=True)))


class Periodic(Struct, frozen=True):
    """A periodic bolus: the same dose at set times of the pump's day, or again and again."""

    dose: Quantity
    at: tuple[time, ...] = ()
    every_h: Decimal | None = None
    over_min: Decimal | None = None

    @property
    def daily_mcg(self) -> Fraction:
        """What this bolus adds to the daily dose, in mcg."""
        dose = Fraction(self.dose.to("mcg"))
        return dose * len(self.at) if self.every_h is None else dose * 24 / Fraction(self.every_h)

    @property
    def written(self) -> str:
        """The bolus in the chart's words."""
        when = (
            f"every {plain(self.every_h)} h"
            if self.every_h is not None
            else "at " + ", ".join(f"{t:%H:%M}" for t in self.at)
        )
        over = f" over {plain(self.over_min)} min" if self.over_min is not None else ""
        return f"bolus {plain(self.dose)} {when}{over}"


class Step(Struct, frozen=True):
    """From this time of the pump's day on, this much an hour."""

    rate: Quantity
    at: time

    @property
    def written(self) -> str:
        """The step in the chart's words."""
        return f"{plain(self.rate)} from {self.at:%H:%M}"


class Program(Struct, frozen=True, dict=True):
    """What the pump was told: a continuous dose, periodic boluses, or a day of steps; or to stop."""

    continuous: Quantity | None = None
    boluses: tuple[Periodic, ...] = ()
    steps: tuple[Step, ...] = ()
    strength: Quantity | None = None

    @property
    def stopped(self) -> bool:
        """Whether the pump was told to deliver nothing."""
        return self.continuous is None and not self.boluses and not self.steps

    @cached_property
    def daily(self) -> Quantity:
        """The daily dose in mcg/day: the sum of everything the program delivers in 24 h of the pump's clock."""
        if not self.steps and all(bolus.every_h is None for bolus in self.boluses):
            base = self.continuous.to("mcg/day") if self.continuous is not None else Decimal(0)
            return Quantity(base + sum((b.dose.to("mcg") * len(b.at) for b in self.boluses), Decimal(0)), _MCG_DAY)
        total = Fraction(self.continuous.to("mcg/day")) if self.continuous is not None else Fraction(0)
        total += sum((bolus.daily_mcg for bolus in self.boluses), Fraction(0))
        total += sum((Fraction(step.rate.to("mcg/h")) * hours for step, hours in self.step_hours()), Fraction(0))
        return Quantity(_decimal(total), _MCG_DAY)

    def step_hours(self) -> tuple[tuple[Step, Fraction], ...]:
        """Each step of the day with the hours that it lasts; the last one runs over midnight to the first."""
        starts = [Fraction(s.at.hour * 60 + s.at.minute, 60) for s in self.steps]
        ends = [*starts[1:], starts[0] + 24] if starts else []
        return tuple((s, end - start) for s, start, end in zip(self.steps, starts, ends, strict=True))

    @property
    def mode(self) -> str:
        """The name of the kind of program."""
        if self.stopped:
            return "stopped"
        if self.steps:
            return "day schedule"
        return "periodic bolus" if self.boluses else "simple continuous"

    @property
    def written(self) -> str:
        """The program in the chart's words."""
        if self.stopped:
            return "stop"
        parts = [f"continuous {self.continuous.written}"] if self.continuous is not None else []
        if self.steps:
            parts.append("day " + ", ".join(step.written for step in self.steps))
        parts += [bolus.written for bolus in self.boluses]
        if self.strength is not None:
            parts.append(f"strength {plain(self.strength)}")
        return "; ".join(parts)

    def same_delivery(self, other: Program) -> bool:
        """Whether both programs deliver alike, whatever strength they were told."""
        return (self.continuous, self.boluses, self.steps) == (other.continuous, other.boluses, other.steps)

    def repeats(self, other: Program) -> bool:
        """Whether both programs deliver the same at every hour, in whatever unit and shape they were written."""
        return self._pattern == other._pattern

    @cached_property
    def _pattern(self) -> tuple[object, ...]:
        """The rates of the day in mcg/h, each with its beginning, and every bolus with its time."""
        base = Fraction(self.continuous.to("mcg/day")) / 24 if self.continuous is not None else Fraction(0)
        rates = [(step.at, base + Fraction(step.rate.to("mcg/h"))) for step in self.steps] or [(time(), base)]
        # The step before the first one is the last one, over midnight.
        changes = [(at, rate) for n, (at, rate) in enumerate(rates) if rate != rates[n - 1][1]]
        boluses = sorted(
            (bolus.every_h or Decimal(0), at or time(), bolus.dose.to("mcg"), bolus.over_min or Decimal(0))
            for bolus in self.boluses
            for at in (bolus.at or (None,))
        )
        return tuple(changes or [(time(), rates[0][1])]), tuple(boluses)

    def scaled(self, factor: Fraction, step: Decimal) -> Program:
        """The same program with every part larger or smaller by `factor`, rounded to whole `step`s of mcg."""
        return Program(
            None if self.continuous is None else _scale(self.continuous, factor, step),
            tuple(Periodic(_scale(b.dose, factor, step), b.at, b.every_h, b.over_min) for b in self.boluses),
            tuple(Step(_scale(s.rate, factor, step / 10), s.at) for s in self.steps),
            self.strength,
        )


def _scale(quantity: Quantity, factor: Fraction, step: Decimal) -> Quantity:
    exact = Fraction(quantity.value) * factor / Fraction(step)
    return Quantity(round(exact) * step, quantity.unit)


def _decimal(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(exact) != value:
        # A bolus every 7 h gives no whole number a day; the screen and the wire get three places.
        return exact.quantize(Decimal("0.001")).normalize()
    return exact.normalize() if exact != exact.to_integral_value() else exact.quantize(Decimal(1))


_BOLUS: Final = re.compile(
    r"bolus\s+(?P<dose>\S+\s+\S+)\s+(?:at\s+(?P<at>[0-9:, ]+?)|every\s+(?P<every>\S+)\s+h)(?:\s+over\s+(?P<over>\S+)\s+min)?"
)
_STEP: Final = re.compile(r"(?P<rate>\S+\s+\S+)\s+from\s+(?P<at>\S+)")


def read_program(pieces: list[str]) -> Program:
    """The program written in these pieces of a line, such as ['continuous 96 mcg/day', 'bolus 12 mcg at 06:00']."""
    if pieces == ["stop"]:
        return Program()
    continuous: Quantity | None = None
    strength: Quantity | None = None
    boluses: list[Periodic] = []
    steps: tuple[Step, ...] = ()
    for piece in pieces:
        word, _, rest = piece.partition(" ")
        if word == "continuous" and continuous is None:
            continuous = _daily(rest)
        elif word == "strength" and strength is None:
            strength = Quantity.read(rest, "strength")
        elif word == "day" and not steps:
            steps = _read_steps(rest)
        elif word == "bolus":
            boluses.append(_read_bolus(piece))
        else:
            raise QuantityError(
                f"'{piece}' is not part of a program, or stands twice; write 'continuous 100 mcg/day', "
                f"'bolus 12 mcg at 06:00, 22:00', 'bolus 12 mcg every 6 h', 'day 4 mcg/h from 00:00, 6 mcg/h from 08:00' or 'stop'"
            )
    program = Program(continuous, tuple(boluses), steps, strength)
    if program.stopped:
        raise QuantityError("the program delivers nothing; write 'stop' if that is meant")
    if program.daily.value == 0:
        raise QuantityError("the program's daily dose is zero; write 'stop' if that is meant")
    return program


def _daily(text: str) -> Quantity:
    found = Quantity.read(text)
    if found.kind != "daily dose":
        raise QuantityError(
            f"'{text}' is not a daily dose; a continuous program is written per day, such as '100 mcg/day'"
        )
    return found


def _read_bolus(piece: str) -> Periodic:
    found = _BOLUS.fullmatch(piece)
    if found is None:
        raise QuantityError(
            f"'{piece}' was not understood; write 'bolus 12 mcg at 06:00, 22:00' or 'bolus 12 mcg every 6 h'"
        )
    dose = Quantity.read(found["dose"], "amount")
    if not dose.value:
        raise QuantityError(f"'{piece}' is a bolus of zero; leave it out")
    over = Quantity.read(f"{found['over']} min", "time").value if found["over"] else None
    if found["at"]:
        at = tuple(clock(each.strip()) for each in found["at"].split(","))
        if list(at) != sorted(set(at)):
            raise QuantityError(f"'{piece}' has times that repeat or run backwards; write each time once, in order")
        return Periodic(dose, at, None, over)
    every = Quantity.read(f"{found['every']} h", "time").value
    if not Decimal("0.25") <= every <= 48:
        raise QuantityError(f"'{piece}': a periodic bolus comes every 0.25 h to every 48 h")
    return Periodic(dose, (), every, over)


def _read_steps(text: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for piece in text.split(","):
        found = _STEP.fullmatch(piece.strip())
        if found is None:
            raise QuantityError(f"'{piece.strip()}' was not understood; write each step such as '4 mcg/h from 08:00'")
        steps.append(Step(Quantity.read(found["rate"], "hourly dose"), clock(found["at"])))
    times = [step.at for step in steps]
    if times != sorted(set(times)) or not len(steps) >= 2:
        raise QuantityError(f"'day {text}' needs two or more steps, each with its own time, in order")
    if times[0] != time(0, 0):
        raise QuantityError(f"'day {text}' does not say what runs from 00:00; start with the step at 00:00")
    return tuple(steps)

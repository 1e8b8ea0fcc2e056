"""Numbers with their units: read strictly, computed exactly, printed so that nobody misreads them.

A bare number never crosses a boundary of Eutonia: mg and mcg differ by a thousand.  Amounts are `Decimal`, so that
what was written is what is meant.  Strength (drug in a reservoir) and concentration (drug in the body) are different
kinds of quantity although both are mass per volume, as are an indexed eGFR and an absolute clearance.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from typing import Final, Literal

from msgspec import Struct


class QuantityError(ValueError):
    """A text that is not a quantity; the message says what was read, what is wrong with it, and what would do."""


class Unit(Struct, frozen=True):
    """One unit of the closed list: its printed name, its kind, its size in the kind's base unit, its UCUM code."""

    name: str
    kind: str
    size: Decimal
    ucum: str
    spellings: tuple[str, ...] = ()


# 1 mg/dL of creatinine is 88.42 umol/L: its molar mass is 113.12 g/mol.
_CREATININE_UMOL = Decimal("88.42")

_UNITS: Final = (
    Unit("mcg", "amount", Decimal(1), "ug", ("ug", "µg", "μg", "microgram", "micrograms")),
    Unit("mg", "amount", Decimal(1000), "mg", ("milligram", "milligrams")),
    Unit(
        "mcg/day",
        "daily dose",
        Decimal(1),
        "ug/d",
        ("ug/d", "ug/day", "mcg/d", "µg/day", "μg/day", "mcg/24 h", "mcg daily"),
    ),
    Unit("mg/day", "daily dose", Decimal(1000), "mg/d", ("mg/d", "mg/24 h", "mg daily")),
    Unit("mcg/h", "hourly dose", Decimal(1), "ug/h", ("ug/h", "mcg/hour", "µg/h", "μg/h")),
    Unit("mL", "volume", Decimal(1), "mL", ("ml",)),
    Unit("mcg/mL", "strength", Decimal(1), "ug/mL", ("ug/mL", "mcg/ml", "ug/ml", "µg/mL", "μg/mL")),
    Unit("mg/mL", "strength", Decimal(1000), "mg/mL", ("mg/ml",)),
    Unit("ng/mL", "concentration", Decimal(1), "ng/mL", ("ng/ml",)),
    Unit("mcg/L", "concentration", Decimal(1), "ug/L", ("ug/L", "mcg/l", "µg/L", "μg/L")),
    Unit("mg/L", "concentration", Decimal(1000), "mg/L", ("mg/l",)),
    Unit("mL/day", "flow", Decimal(1), "mL/d", ("mL/d", "ml/day")),
    Unit("kg", "weight", Decimal(1), "kg", ()),
    Unit("lb", "weight", Decimal("0.45359237"), "[lb_av]", ("lbs", "[lb_av]")),
    Unit("cm", "height", Decimal(1), "cm", ()),
    Unit("m", "height", Decimal(100), "m", ()),
    Unit("in", "height", Decimal("2.54"), "[in_i]", ("[in_i]",)),
    Unit("mg/dL", "creatinine", Decimal(1), "mg/dL", ("mg/dl",)),
    Unit("umol/L", "creatinine", 1 / _CREATININE_UMOL, "umol/L", ("µmol/L", "μmol/L", "umol/l", "micromol/L")),
    Unit(
        "mL/min/1.73 m2",
        "indexed clearance",
        Decimal(1),
        "mL/min/{1.73_m2}",
        ("mL/min/{1.73_m2}", "mL/min/1.73m2", "ml/min/1.73 m2", "mL/min/1.73 m²", "mL/min/1.73m²", "mL/min/1.73_m2"),
    ),
    Unit("mL/min", "clearance", Decimal(1), "mL/min", ("ml/min",)),
    Unit("U/L", "enzyme", Decimal(1), "U/L", ("u/l", "IU/L")),
    Unit("min", "time", Decimal(1) / 60, "min", ("minute", "minutes")),
    Unit("h", "time", Decimal(1), "h", ("hour", "hours", "hr")),
    Unit("days", "time", Decimal(24), "d", ("day", "d")),
    Unit("weeks", "time", Decimal(168), "wk", ("week", "wk")),
    Unit("%", "share", Decimal(1), "%", ("percent",)),
    Unit("°C", "temperature", Decimal(1), "Cel", ("Cel", "C")),
)

UNITS: Final[dict[str, Unit]] = {name: unit for unit in _UNITS for name in (unit.name, unit.ucum, *unit.spellings)}

# The same number in capitals is a different unit to some readers: 5 MG has been read as megagauss.
_REFUSED: Final = {"MG": "mg", "MCG": "mcg", "UG": "mcg", "ML": "mL", "Mg": "mg", "G": "g"}

# No sign, no exponent, no naked point, no leading zero; thousands only in whole groups of three.  Fifteen digits at
# most, so that every number survives JSON.
_NUMBER: Final = re.compile(r"(?:0|[1-9][0-9]{0,8}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,2})(?:\.[0-9]{1,6})?")


def number(text: str) -> Decimal:
    """The non-negative decimal number that `text` writes.

    >>> number("2,000"), number("0.5")
    (Decimal('2000'), Decimal('0.5'))
    """
    if _NUMBER.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if text.startswith("."):
        raise QuantityError(f"'{text}' starts with a naked point; write '0{text}'")
    if re.fullmatch(r"[0-9]+,[0-9]+", text):
        raise QuantityError(f"'{text}' could be a decimal comma; write a decimal point, or thousands as '1,000'")
    raise QuantityError(f"'{text}' is not a number; write plain digits such as '50' or '0.5'")


def unit(text: str) -> Unit:
    """The unit that `text` names, from the closed list."""
    found = UNITS.get(text)
    if found is None:
        if text in _REFUSED:
            raise QuantityError(f"'{text}' is not accepted as a unit; if it is meant, write '{_REFUSED[text]}'")
        raise QuantityError(f"'{text}' is not a unit that is known here; write one such as 'mg', 'mcg' or 'mL'")
    return found


class Quantity(Struct, frozen=True):
    """A finite, non-negative amount of one unit.  Equal quantities of one kind are equal whatever the unit.

    >>> Quantity.read("1 mg") == Quantity.read("1,000 mcg")
    True
    """

    value: Decimal
    unit: Unit

    def __post_init__(self) -> None:
        if not self.value.is_finite() or self.value.is_signed():
            raise QuantityError(f"'{self.value} {self.unit.name}' is not a finite amount of zero or more")

    @classmethod
    def read(cls, text: str, kind: str | None = None) -> Quantity:
        """The quantity that `text` writes, such as '50 mcg'; with `kind`, any other kind of quantity is refused."""
        digits, space, name = text.strip().partition(" ")
        if not space:
            if _NUMBER.fullmatch(digits):
                raise QuantityError(f"'{digits}' has no unit; write it with one, such as {_examples(digits, kind)}")
            if run := re.match(r"([0-9.,]+)([A-Za-zµμ%].*)", digits):
                raise QuantityError(f"'{digits}' runs number and unit together; write '{run[1]} {run[2]}'")
        found = cls(number(digits), unit(" ".join(name.split())))
        if kind is not None and found.unit.kind != kind:
            raise QuantityError(
                f"'{text.strip()}' is {_a(found.unit.kind)}, but {_a(kind)} is needed, such as {_examples(digits, kind)}"
            )
        return found

    @classmethod
    def of(cls, value: Decimal | int | str, name: str) -> Quantity:
        """`value` of the unit called `name`, for numbers that were computed or written in the code."""
        return cls(Decimal(value), UNITS[name])

    @property
    def kind(self) -> str:
        """What is measured: amount, daily dose, volume, strength, ..."""
        return self.unit.kind

    def to(self, name: str) -> Decimal:
        """The number of `name` units in this quantity; another kind of unit is an error of the code."""
        other = UNITS[name]
        if other.kind != self.unit.kind:
            raise QuantityError(f"{plain(self)} is a {self.kind} and has no size in {name}")
        return self.value if other is self.unit else self.value * self.unit.size / other.size

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity):
            return NotImplemented
        return self.kind == other.kind and self.value * self.unit.size == other.value * other.unit.size

    def __hash__(self) -> int:
        return hash((self.kind, self.value * self.unit.size))

    def __str__(self) -> str:
        return plain(self)

    def __repr__(self) -> str:
        return f"Quantity('{plain(self)}')"

    @property
    def written(self) -> str:
        """The quantity as a chart writes it: a daily dose per day, so that it reads again anywhere on a line."""
        return plain(self).removesuffix(" daily") + "/day" if self.kind == "daily dose" else plain(self)

    def wire(self) -> dict[str, float | int | str]:
        """The quantity as JSON carries it, with the UCUM code of its unit."""
        return {"value": plain_number(self.value), "unit": self.unit.ucum}


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' or kind.startswith('hour') else 'a'} {kind}"


def _examples(digits: str, kind: str | None) -> str:
    # One example where the kind is known: two would offer the thousandfold slip.
    names = [u.name for u in _UNITS if u.kind == kind][:1] or ["mcg", "mg"]
    amount = digits if _NUMBER.fullmatch(digits) else "5"
    return " or ".join(f"'{amount} {name}'" for name in names)


def plain_number(value: Decimal) -> int | float:
    """A JSON number for an exact amount: an integer where it is one."""
    return int(value) if value == value.to_integral_value() else float(value)


def plain(value: Quantity | Decimal | float | int) -> str:
    """The only printer of numbers: leading zero, no trailing zeros, thousands in groups, no exponent.

    >>> plain(Quantity.read("2000 mcg")), plain(Decimal("0.50")), plain(1440)
    ('2,000 mcg', '0.5', '1,440')
    """
    if isinstance(value, Quantity):
        name = "day" if value.unit.name == "days" and value.value == 1 else value.unit.name
        if value.unit.kind == "daily dose":
            name = name.replace("/day", " daily")
        gap = "" if name == "%" else " "
        return f"{plain(value.value)}{gap}{name}"
    exact = value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)
    if not exact.is_finite():
        raise QuantityError(f"{value} is not a number that can be printed")
    text = f"{exact:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


Rounding = Literal["nearest", "down", "up"]
_ROUNDINGS: Final = {"nearest": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}


def rounded(value: Decimal | float, step: Decimal | str, how: Rounding = "nearest") -> Decimal:
    """`value` as a whole number of `step`s.

    >>> rounded(Decimal("3.33"), "2.5", "down")
    Decimal('2.5')
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    size = Decimal(step)
    return (exact / size).quantize(Decimal(1), rounding=_ROUNDINGS[how]) * size


def figures(value: float, count: int = 3) -> Decimal:
    """A computed number to so many significant figures, as exact as a screen shows it.

    >>> plain(figures(1234.567)), plain(figures(0.0012345)), plain(figures(99.96))
    ('1,230', '0.00123', '100')
    """
    exact = Decimal(repr(float(value)))
    return exact if not exact else exact.quantize(Decimal(1).scaleb(exact.adjusted() - count + 1))


_GLUE: Final = re.compile(
    r"(?<=[0-9]) (?=(?:"
    + "|".join(
        sorted((re.escape(name) for name in {u.name for u in _UNITS} | {"day", "mg", "points"}), key=len, reverse=True)
    )
    + r")(?![A-Za-z]))"
)


_DAILY: Final = re.compile(r"(?<=[0-9]\u00a0mg) daily|(?<=[0-9]\u00a0mcg) daily")


def glued(text: str) -> str:
    """`text` with a no-break space between each number and its unit, for screens that wrap lines."""
    return _DAILY.sub("\u00a0daily", _GLUE.sub("\u00a0", text))

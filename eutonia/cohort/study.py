"""A study as it is written: the question, who is in it, the arms with their policies, and what is looked at."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.cohort.draw import KINDS, Spreading
from eutonia.knowledge import Book, KnowledgeError, book, library
from eutonia.quantity import UNITS, Quantity, QuantityError, plain

Floats = NDArray[np.float64]

MOST_PEOPLE: Final = 10_000_000
_NAME: Final = re.compile(r"[^\n|/]{1,80}")


class StudyError(ValueError):
    """A study that cannot be run; one message a problem, each with its place in the file."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class Field(Struct, frozen=True):
    """Something that a study may say of its people, its setting or an arm.

    unit: of the knowledge, such as 'mcg/day', or empty for a word; low and high: what can be computed at all;
    spreads: whether it may differ between people; default: what holds where nothing is written, in `unit`.
    """

    says: str
    unit: str = ""
    low: float = 0.0
    high: float = 1e9
    spreads: bool = False
    required: bool = True
    default: float | None = None
    words: tuple[str, ...] = ()
    example: str = ""


class Outcome(Struct, frozen=True):
    """What is looked at: in words, its unit, whether it is yes or no of a person, and the knowledge that it rests on."""

    says: str
    unit: str
    yes_or_no: bool = False
    rests_on: tuple[str, ...] = ()
    missing: str = ""


class Policy(Struct, frozen=True):
    """A way of doing things that an arm can follow: in words, what it may be told, and the knowledge it rests on."""

    says: str
    fields: Mapping[str, Field]
    rests_on: tuple[str, ...] = ()


class Arm(Struct, frozen=True):
    """One way of doing things: its name, the named policy that it follows, and what that policy was told."""

    name: str
    policy: str
    given: Mapping[str, float | str]


class Family(Struct, frozen=True, eq=False):
    """What can be studied together: policies that are alternatives to each other, and what they can be compared by.

    tile: so many persons are computed side by side, always the same ones; chunk: so many, whole tiles, are one task of an
    engine and one file; world: what the persons from `first` on are
    like, whatever is done to them; run: the outcomes [people] by name under one arm; problems: what is wrong with an
    arm in words.
    """

    name: str
    says: str
    people: Mapping[str, Field]
    setting: Mapping[str, Field]
    policies: Mapping[str, Policy]
    outcomes: Mapping[str, Outcome]
    models: tuple[str, ...]
    limits: str
    tile: int
    chunk: int
    world: Callable[[Study, int, int, Book], Any]
    run: Callable[[Study, Arm, Any, Book], dict[str, Floats]]
    problems: Callable[[Study, Arm, Book], list[str]]


class Study(Struct, frozen=True, eq=False):
    """A study that can be run; `people` of the same persons in every arm, `text` as it was written."""

    title: str
    question: str
    seed: str
    people: int
    persons: Mapping[str, Spreading]
    setting: Mapping[str, Spreading | str]
    arms: tuple[Arm, ...]
    outcomes: tuple[str, ...]
    family: Family
    text: str

    @property
    def hash(self) -> str:
        """Of the study as it was written, to the letter."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def number(self, name: str) -> float:
        """The setting called `name`, where everybody has the same."""
        found = self.setting[name]
        assert isinstance(found, Spreading)
        return found.numbers[0]

    def drawn(self, name: str, first: int, count: int) -> Floats:
        """[count] what the study says of the persons from `first` on."""
        found = self.persons.get(name) or self.setting[name]
        assert isinstance(found, Spreading)
        return found.drawn(self.seed, name, first, count)


@lru_cache(maxsize=8)
def read_study(text: str) -> Study:
    """The study that `text` (TOML) writes.  Raises StudyError with everything that is wrong with it."""
    from eutonia.cohort.families import FAMILIES

    try:
        top = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError([f"this is not TOML: {error}"]) from None
    library()  # knowledge that cannot be read is no mistake of the study
    problems: list[str] = []
    table = _Table(top, "", problems)
    title, question, seed = (table.words(name) for name in ("title", "question", "seed"))
    rows = table.tables("arms")
    policies = {name: family for family in FAMILIES for name in family.policies}
    family = next((policies[row.raw["policy"]] for row in rows if row.raw.get("policy") in policies), None)
    if family is None:
        found = next((row.raw["policy"] for row in rows if "policy" in row.raw), None)
        known = ", ".join(f"'{each}'" for each in policies)
        said = f"'{found}' is no policy" if found is not None else "no arm names a policy"
        raise StudyError([*problems, f"arms: {said}; choose from {known}"])
    arms = [_arm(row, n, family, policies) for n, row in enumerate(rows, 1)]
    names = [each.name for each in arms]
    problems += [f"arms: '{name}' names two arms" for name in dict.fromkeys(names) if names.count(name) > 1]
    crowd = table.table("population")
    people = crowd.count("people", 1, MOST_PEOPLE)
    persons = {name: crowd.spreading(name, each) for name, each in family.people.items()}
    crowd.rest()
    around = table.table("setting") if family.setting else _Table({}, "setting.", problems)
    setting = {
        name: around.spreading(name, each) if each.unit else around.word(name, each)
        for name, each in family.setting.items()
    }
    around.rest()
    outcomes = table.outcomes(family)
    table.rest()
    if problems:
        raise StudyError(problems)
    study = Study(
        title, question, seed, people, {name: each for name, each in persons.items() if each is not None},
        {name: each for name, each in setting.items() if each is not None}, tuple(arms), outcomes, family, text,
    )  # fmt: skip
    problems += [f"arms '{arm.name}': {says}" for arm in arms for says in family.problems(study, arm, book())]
    if problems:
        raise StudyError(problems)
    return study


def _arm(row: _Table, number: int, family: Family, policies: Mapping[str, Family]) -> Arm:
    name, policy = row.words("name"), row.words("policy")
    row.place = f"arms '{name or number}': "
    if not _NAME.fullmatch(name):
        row.wrong("name", f"'{name}' is too long, or has a line break, a '|' or a '/' in it")
    if policies.get(policy) is not family:
        known = ", ".join(f"'{each}'" for each in family.policies)
        where = f"'{policy}' belongs to other studies" if policy in policies else f"'{policy}' is no policy"
        row.wrong("policy", f"{where}; in a study of {family.name}, choose from {known}")
        return Arm(name, policy, {})
    given: dict[str, float | str] = {}
    for key, field in family.policies[policy].fields.items():
        found = row.spreading(key, field) if field.unit else row.word(key, field)
        if found is not None:
            given[key] = found.numbers[0] if isinstance(found, Spreading) else found
    row.rest()
    return Arm(name, policy, given)


class _Table:
    """A table of the file that is being read: every key is asked for once, what is left over is a mistake."""

    def __init__(self, raw: Mapping[str, Any], place: str, problems: list[str]) -> None:
        self.raw, self.place, self.problems = raw, place, problems
        self.asked: list[str] = []

    def wrong(self, key: str, says: str) -> None:
        self.problems.append(f"{self.place}{key}: {says}")

    def _take(self, key: str) -> Any:
        self.asked.append(key)
        return self.raw.get(key)

    def rest(self) -> None:
        """What was written and never asked for."""
        for key in self.raw:
            if key not in self.asked:
                self.wrong(key, f"this is not known here; use {', '.join(self.asked) or 'nothing'}")

    def words(self, key: str) -> str:
        found = self._take(key)
        if not isinstance(found, str) or not found.strip():
            self.wrong(key, "is missing" if found is None else "needs words in quotes")
            return ""
        return " ".join(found.split())

    def count(self, key: str, low: int, high: int) -> int:
        found = self._take(key)
        if not isinstance(found, int) or isinstance(found, bool) or not low <= found <= high:
            shown = "nothing" if found is None else f"'{found}'"
            self.wrong(key, f"{shown} is written; a whole number from {plain(low)} to {plain(high)} is needed")
            return low
        return found

    def table(self, key: str) -> _Table:
        found = self._take(key)
        if not isinstance(found, dict):
            self.wrong(key, f"is missing; write it as a table [{key}]")
            found = {}
        return _Table(found, f"{self.place}{key}.", self.problems)

    def tables(self, key: str) -> list[_Table]:
        found = self._take(key)
        if not isinstance(found, list) or not found or not all(isinstance(each, dict) for each in found):
            self.wrong(key, f"is missing; write each as a table [[{key}]]")
            found = []
        return [_Table(each, f"{self.place}{key} {n}: ", self.problems) for n, each in enumerate(found, 1)]

    def outcomes(self, family: Family) -> tuple[str, ...]:
        found = self._take("outcomes")
        known = ", ".join(family.outcomes)
        if not isinstance(found, list) or not found:
            self.wrong("outcomes", f"is missing; write a list of {known}")
            return ()
        for each in found:
            if each not in family.outcomes:
                self.wrong("outcomes", f"'{each}' is not known in a study of {family.name}; choose from {known}")
        if len({str(each) for each in found}) < len(found):
            self.wrong("outcomes", "one stands twice")
        return tuple(str(each) for each in found)

    def word(self, key: str, field: Field) -> str | None:
        found = self._take(key)
        if found is None and not field.required:
            return None
        if found is None:
            self.wrong(key, f"is missing: {field.says}" + _such(field))
        elif not isinstance(found, str) or (field.words and found not in field.words):
            choices = f"choose from {', '.join(field.words)}" if field.words else "write it in quotes"
            self.wrong(key, f"'{found}' is not known; {choices}")
        else:
            return found
        return None

    def spreading(self, key: str, field: Field) -> Spreading | None:
        """A number, or how it spreads; None where it is missing or wrong."""
        found = self._take(key)
        if found is None:
            if field.default is not None:
                return Spreading("fixed", (field.default,))
            if field.required:
                self.wrong(key, f"is missing: {field.says}" + _such(field))
            return None
        try:
            return _spreading(found, field)
        except (StudyError, KnowledgeError, QuantityError) as error:
            self.wrong(key, str(error))
            return None


def _such(field: Field) -> str:
    return f", such as {field.example}" if field.example else ""


def _spreading(found: Any, field: Field) -> Spreading:
    if not isinstance(found, dict):
        value, entry = _value(found, field)
        return _checked(Spreading("fixed", (value,), "", entry), field)
    if not field.spreads:
        raise StudyError([f"this is the same for everybody; write one value{_such(field)}"])
    kinds = [each for each in found if each in KINDS]
    unknown = [each for each in found if each not in (*KINDS, "because", "share")]
    if len(kinds) != 1 or unknown:
        said = f"'{unknown[0]}' is not known here" if unknown else f"{len(kinds)} kinds of spread are written"
        each = "; ".join(f"{name}: {says}" for name, says in KINDS.items())
        raise StudyError([f"{said}; write one of: {each}; and 'because'"])
    (kind,) = kinds
    because = found.get("because")
    if not isinstance(because, str) or not because.strip():
        raise StudyError(
            ["a spread needs 'because', which says where it is from, such as 'assumed: nobody has counted it'"]
        )
    if "share" in found and kind != "exponential":
        raise StudyError(["'share' belongs to 'exponential' only"])
    raw = found[kind]
    if kind == "uniform" and isinstance(raw, str):
        ends = book().span(raw)
        numbers, entry = tuple(float(each.to(field.unit)) for each in ends), raw
    elif kind in ("uniform", "lognormal"):
        if not isinstance(raw, list) or len(raw) != 2:
            raise StudyError([f"'{kind}' needs a list of two: {KINDS[kind]}"])
        first, entry = _value(raw[0], field)
        second = float(raw[1]) if kind == "lognormal" and _is_number(raw[1]) else _value(raw[1], field)[0]
        numbers = (first, second)
    else:
        value, entry = _value(raw, field)
        share = _value(found.get("share", "100 %"), Field("", "%"))[0] / 100.0
        numbers = (value, share) if kind == "exponential" else (value,)
    return _checked(Spreading(kind, numbers, " ".join(because.split()), entry), field)


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _value(found: Any, field: Field) -> tuple[float, str]:
    """A number in the unit of the field, and the knowledge entry that it was taken from, if it was."""
    if field.unit not in UNITS:  # years and points have no unit that is read: the name of the key says it
        if not _is_number(found):
            raise StudyError([f"'{found}' is no number; write it without quotes, in {field.unit}"])
        return float(found), ""
    if not isinstance(found, str):
        raise StudyError([f"'{found}' has no unit; write it in quotes with one{_such(field)}"])
    if re.fullmatch(r"[a-z_]+(\.[a-z0-9_]+)+", found):
        return float(book().quantity(found).to(field.unit)), found
    return float(Quantity.read(found, UNITS[field.unit].kind).to(field.unit)), ""


def _checked(found: Spreading, field: Field) -> Spreading:
    ends = {
        "lognormal": found.numbers[:1],
        "within": (),
        "exponential": found.numbers[:1],
    }.get(found.kind, found.numbers)
    if not all(np.isfinite(each) for each in found.numbers):
        raise StudyError(["a number is not finite"])
    if any(not field.low <= each <= field.high for each in ends):
        raise StudyError([f"{ends[0]:g} is not between {field.low:g} and {field.high:g} {field.unit}"])
    if found.kind == "uniform" and not found.numbers[0] < found.numbers[1]:
        raise StudyError(["'uniform' needs the low end first"])
    if found.kind == "lognormal" and not (found.numbers[0] > 0 and 0 < found.numbers[1] <= 3):
        raise StudyError(
            ["'lognormal' needs a median above zero, and a standard deviation of the logarithm of at most 3"]
        )
    if found.kind == "exponential" and not 0 < found.numbers[1] <= 1:
        raise StudyError(["'share' is above 0 % and at most 100 %"])
    if found.kind == "within" and not 0 < found.numbers[0] < 100:
        raise StudyError(["'within' needs a bound above zero and below 100"])
    return found

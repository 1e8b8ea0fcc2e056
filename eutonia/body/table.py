"""The table of events that pharmacometricians write: who got how much, when and where, and when a level was drawn.

The columns are those of NONMEM: ID TIME AMT RATE DUR EVID CMT ADDL II SS, and covariates that may change in time.
Whatever would be guessed at by a program is refused with its row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from eutonia.body import course

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OWN: Final = ("ID", "TIME", "AMT", "RATE", "DUR", "EVID", "CMT", "ADDL", "II", "SS")
# What data files carry beside the events, and no simulation reads.
SILENT: Final = ("DV", "MDV", "BLQ", "LLOQ")
_LISTED: Final = 20


class TableError(ValueError):
    """A table of events that cannot be run; one message a problem, each with the row it is in."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - _LISTED
        shown = [*self.problems[:_LISTED], *([f"... and {more} more"] if more > 0 else [])]
        super().__init__("\n".join(shown))


class EventTable(Struct, frozen=True, eq=False):
    """Checked events, person after person.

    people: one label a person; starts: [people + 1] the first record of each; numbers: [records, 4] time (h), amount
    (mg), rate (mg/h), interval (h); codes: [records, 5] EVID, CMT, ADDL, SS, and the row of kinetics that holds from
    this record on; covariates: name to [records].
    """

    people: tuple[Any, ...]
    starts: Ints
    numbers: Floats
    codes: Ints
    covariates: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.people)

    @property
    def times(self) -> Floats:
        """[records] when, in hours."""
        return self.numbers[:, course.TIME]

    @property
    def observed(self) -> NDArray[np.bool_]:
        """[records] whether the record asks for a level."""
        return np.asarray(self.codes[:, course.KIND] == course.OBSERVE)

    def part(self, begin: int, end: int) -> EventTable:
        """The persons from `begin` up to `end`."""
        first, last = self.starts[begin], self.starts[end]
        return EventTable(
            self.people[begin:end],
            self.starts[begin : end + 1] - first,
            self.numbers[first:last],
            self.codes[first:last],
            {name: each[first:last] for name, each in self.covariates.items()},
        )


def repeated(numbers: Floats, codes: Ints, people: int) -> EventTable:
    """One person's records [records, 4] and [records, 5] for each of so many people, each with a row of kinetics of their own."""
    records = len(numbers)
    of = np.tile(codes, (people, 1))
    of[:, course.KINETICS] = np.repeat(np.arange(people), records)
    return EventTable(
        tuple(range(people)), np.arange(people + 1, dtype=np.int64) * records, np.tile(numbers, (people, 1)), of, {}
    )


def regimen(
    people: int,
    doses_mg: ArrayLike,
    *,
    every_h: float = 0.0,
    count: int = 1,
    start_h: float = 0.0,
    place: int = course.GUT,
    over_h: float = 0.0,
) -> EventTable:
    """The same regimen for every person: doses_mg one after the other, each given `count` times, `every_h` apart."""
    doses = np.atleast_1d(np.asarray(doses_mg, float))
    n = doses.size
    numbers = np.zeros((people, n, 4))
    numbers[:, :, course.TIME] = start_h + np.arange(n) * count * every_h
    numbers[:, :, course.AMOUNT] = doses
    numbers[:, :, course.RATE] = doses / over_h if over_h > 0 else 0.0
    numbers[:, :, course.INTERVAL] = every_h
    codes = np.zeros((people, n, 5), np.int64)
    codes[:, :, course.KIND] = course.DOSE
    codes[:, :, course.PLACE] = place
    codes[:, :, course.MORE] = count - 1
    codes[:, :, course.KINETICS] = np.arange(people)[:, None]
    return EventTable(
        tuple(range(people)),
        np.arange(people + 1, dtype=np.int64) * n,
        numbers.reshape(-1, 4),
        codes.reshape(-1, 5),
        {},
    )


def event_table(columns: Mapping[str, Any], *, covariates: Sequence[str] = (), first_row: int = 2) -> EventTable:
    """The table in these columns (arrays or lists by their names, or a pandas or polars frame), checked.

    covariates: the further columns that are expected, such as 'WT'.  first_row: the number of the first row in
    messages; 2 where a header stands above it.  Raises TableError.
    """
    # A frame names its columns; to iterate over one gives names in pandas and whole columns in polars.
    frame = hasattr(columns, "columns")
    names = [str(name) for name in getattr(columns, "columns", columns)]
    upper = {name.strip().upper(): name for name in names}
    known = {*OWN, *SILENT, *covariates}
    problems = [
        f"the column '{name}' is not known here; use {', '.join(OWN)}" + _and(covariates)
        for key, name in upper.items()
        if key not in known
    ]
    problems += [
        f"the column '{name}' stands twice"
        for name in names
        if names.count(name) > 1 or upper[name.strip().upper()] != name
    ]
    problems += [f"there is no column '{need}'" for need in ("ID", "TIME", *covariates) if need not in upper]
    if problems:
        raise TableError(list(dict.fromkeys(problems)))

    labels = [_plain(each) for each in columns[upper["ID"]]]
    n = len(labels)
    if n == 0:
        raise TableError(["the table has no rows"])
    bad: list[tuple[int, str]] = []

    def column(name: str, missing: float = 0.0) -> Floats:
        if name not in upper:
            return np.full(n, missing)
        found = np.empty(n)
        for i, value in enumerate(columns[upper[name]]):
            # What a cell of a pandas frame does not hold is nan; anywhere else nan is a number gone wrong.
            absent = frame and isinstance(value, float) and math.isnan(value)
            found[i], wrong = _number(None if absent else value, missing)
            if wrong:
                bad.append((i, f"{name} is {wrong}"))
        return found

    time, amount, rate, lasts = column("TIME", np.nan), column("AMT"), column("RATE"), column("DUR")
    evid, place, more = column("EVID", -1.0), column("CMT"), column("ADDL")
    interval, steady = column("II"), column("SS")
    further = {name: column(name, np.nan) for name in covariates}
    bad += [
        (int(i), f"{name} is missing")
        for name, each in (("TIME", time), *further.items())
        for i in np.flatnonzero(np.isnan(each))
        if not any(at == i and says.startswith(name) for at, says in bad)
    ]

    evid = np.where(evid < 0, np.where((amount > 0) | (rate > 0), 1.0, 0.0), evid)
    place = np.where(place == 0, np.where(np.isin(evid, (1, 4)), 1.0, 0.0), place)
    dose = np.isin(evid, (1, 4))
    first = np.array([i == 0 or labels[i] != labels[i - 1] for i in range(n)])
    back = np.zeros(n, bool)
    back[1:] = (time[1:] < time[:-1]) & ~first[1:]
    again = np.zeros(n, bool)
    keys: dict[tuple[Any, ...], int] = {}
    for i in np.flatnonzero(dose):
        key = (labels[i], time[i], amount[i], rate[i], lasts[i], place[i])
        again[i] = key in keys
        keys.setdefault(key, int(i))
    lasting = np.where(dose & (steady > 0) & (rate > 0), amount / np.where(rate > 0, rate, 1.0), lasts)
    for wrong, says in (
        (~np.isin(evid, (0, 1, 2, 3, 4)), "EVID is none of 0 (level), 1 (dose), 2 (change), 3 (reset), 4 (reset and dose)"),
        (dose & ~np.isin(place, (1, 2)), "CMT is neither 1 (gut) nor 2 (plasma)"),
        (amount < 0, "AMT is negative"),
        (np.isin(rate, (-1, -2)), "RATE of -1 or -2, a length that is a parameter, is not supported; give DUR"),
        ((rate < 0) & ~np.isin(rate, (-1, -2)), "RATE is negative"),
        (lasts < 0, "DUR is negative"),
        (interval < 0, "II is negative"),
        ((more < 0) | (more != np.floor(more)), "ADDL is no whole number of zero or more"),
        (~np.isin(steady, (0, 1, 2)), "SS is none of 0, 1 and 2"),
        (dose & ~(amount > 0) & ~(amount < 0), "the dose has no amount; write it in AMT, and an infusion's length in DUR or its RATE"),
        (~dose & ((amount > 0) | (rate > 0) | (lasts > 0) | (more > 0) | (steady > 0)), "there is an amount, a rate, a repeat or SS, but EVID says that it is no dose"),
        (dose & (rate > 0) & (lasts > 0), "both RATE and DUR are given; one of them would do"),
        (dose & (more > 0) & ~(interval > 0), "ADDL repeats the dose, but II does not say how far apart"),
        (dose & (steady > 0) & ~(interval > 0), "SS needs II, the time between doses"),
        (dose & (steady > 0) & (lasting > 1e4 * np.maximum(interval, 1e-300)), "the infusion lasts more than 10,000 times its own interval"),
        (back, "TIME goes back; sort each person's rows by time"),
        (again, "the same dose stands twice"),
    ):  # fmt: skip
        bad += [(int(i), says) for i in np.flatnonzero(wrong)]
    seen: set[Any] = set()
    for i in np.flatnonzero(first):
        if labels[i] in seen:
            bad.append((int(i), f"ID {labels[i]} comes back after another; keep each person's rows together"))
        seen.add(labels[i])
    if bad:
        raise TableError([f"row {i + first_row} (ID {labels[i]}): {says}" for i, says in sorted(set(bad))])

    starts = np.append(np.flatnonzero(first), n).astype(np.int64)
    rate = np.where(
        dose & (lasts > 0), -lasts, rate
    )  # a length is kept as such: its rate depends on the share absorbed
    numbers = np.ascontiguousarray(np.stack([time, amount, rate, interval], axis=1))
    person = np.cumsum(first) - 1
    codes = np.ascontiguousarray(np.stack([evid, place, more, steady, person], axis=1).astype(np.int64))
    return EventTable(tuple(labels[i] for i in starts[:-1]), starts, numbers, codes, further)


def _and(names: Sequence[str]) -> str:
    return f", or a covariate: {', '.join(names)}" if names else ""


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(value: Any, missing: float) -> tuple[float, str]:
    """The value as a number, and what is wrong with it; '.' and an empty cell are the missing value."""
    if value is None or (isinstance(value, str) and value.strip() in ("", ".")):
        return missing, ""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return missing, f"'{value}', which is no number"
    if not np.isfinite(found):
        return missing, f"'{value}', which is no finite number"
    return found, ""


def rows_of(table: EventTable) -> Iterator[tuple[Any, ...]]:
    """The table as rows in the order of OWN, as they would be read again."""
    for person, label in enumerate(table.people):
        for i in range(table.starts[person], table.starts[person + 1]):
            time, amount, rate, interval = table.numbers[i]
            evid, place, more, steady, _ = table.codes[i]
            yield (
                label, time, amount, max(rate, 0.0), max(-rate, 0.0), int(evid), int(place), int(more), interval, int(steady),
            )  # fmt: skip

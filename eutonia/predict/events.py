"""A pharmacometrician's table of events, run through a named model: a level at every record that asks for one."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from eutonia.body import course, plasma
from eutonia.body.draws import normals
from eutonia.body.kinetics import concentrations
from eutonia.body.parameters import parameter
from eutonia.body.person import People
from eutonia.body.table import EventTable, TableError, event_table
from eutonia.knowledge import Book

Floats = NDArray[np.float64]

# Columns that a table may have beside the events.  HD is 1 while haemodialysis runs, 0 while it does not.
OPTIONAL: Final = ("AGE", "WT", "CRCL", "HD")
# The columns that each model needs beside the events; they may change from row to row and hold from there on.
NEEDS: Final = {
    "adult": ("AGE", "WT", "CRCL"),
    "he2014": ("AGE", "WT"),
    "simon2018": (),
    "chevillard2018": (),
    "kochak1985": (),
}


def read_events(path: Path, model: str) -> EventTable:
    """The table of a CSV file with a header.  Raises TableError, OSError."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise TableError([f"{path} is empty; its first line names the columns, such as ID,TIME,AMT,EVID"])
    head, body = rows[0], list(enumerate(rows[1:], 2))
    ragged = [
        f"row {number}: {len(row)} cells, but the header has {len(head)}"
        for number, row in body
        if len(row) != len(head)
    ]
    if ragged:
        raise TableError(ragged)
    if len(set(head)) != len(head):
        raise TableError([f"the column '{name}' stands twice" for name in sorted(set(head)) if head.count(name) > 1])
    columns = {name: [row[k] for _, row in body] for k, name in enumerate(head)}
    wanted = [name for name in OPTIONAL if name in NEEDS[model] or name in (each.strip().upper() for each in head)]
    return event_table(columns, covariates=wanted)


def levels(table: EventTable, model: str, book: Book, seed: str | None = None, threads: int = 1) -> Floats:
    """[records] plasma concentrations in ng/mL at the table's observations, nan elsewhere.

    seed: the name of a draw, which gives every person kinetics of their own; without it everybody is typical.  Raises
    TableError where a model knows nothing of a person.
    """
    n = len(table.times)
    person = np.repeat(np.arange(len(table)), np.diff(table.starts))
    given = {name: table.covariates.get(name, np.full(n, np.nan)) for name in ("AGE", "WT", "CRCL")}
    needs = NEEDS[model]
    bad = _unfit(table, given, needs, book)
    if bad:
        raise TableError(bad)
    if "AGE" in table.covariates:
        told = People(given["AGE"], np.ones(n), np.ones(n))
        if why := plasma.unfit(model, told):
            raise TableError([f"column AGE: {why}"])
    # What a model does not use must only not be missing.
    people = People(*(given[name] if name in needs else np.ones(n) for name in ("AGE", "WT", "CRCL")))
    if "HD" in table.covariates:
        given["HD"], needs = table.covariates["HD"], (*needs, "HD")
        if wrong := [f"row {i + 2}: HD is 0 or 1" for i in np.flatnonzero(~np.isin(given["HD"], (0.0, 1.0)))]:
            raise TableError(wrong)
        if model != "adult":
            raise TableError([f"column HD: the model '{model}' knows nothing of dialysis; 'adult' does"])
    drawn = (
        np.zeros((n, plasma.ETAS)) if seed is None else normals(seed, "kinetics", 0, len(table), plasma.ETAS)[person]
    )
    kinetics = plasma.kinetics(model, people, drawn, book)
    if "HD" in given:
        washed = parameter(book, "body.dialysis", "L/h").value * given["HD"]
        kinetics = replace(kinetics, clearance_l_h=kinetics.clearance_l_h + washed)
    # A stretch of unchanged covariates is one row of kinetics.
    new = np.ones(n, bool)
    same = person[1:] == person[:-1]
    for name in needs:
        same &= given[name][1:] == given[name][:-1]
    new[1:] = ~same
    codes = table.codes.copy()
    codes[:, course.KINETICS] = np.maximum.accumulate(np.where(new, np.arange(n), 0))
    _, observed = concentrations(kinetics, replace(table, codes=codes), threads=threads)
    return observed


def _unfit(table: EventTable, given: dict[str, Floats], needs: tuple[str, ...], book: Book) -> list[str]:
    found = []
    person = np.repeat(np.arange(len(table)), np.diff(table.starts))
    youngest = book.count("body.youngest")
    for name, wrong, says in (
        ("AGE", given["AGE"] < youngest, f"AGE is below {youngest} years, where no kinetics were measured"),
        ("WT", given["WT"] <= 0, "WT is not above zero"),
        ("CRCL", given["CRCL"] < 0, "CRCL is negative"),
    ):
        if name in needs:
            found += [f"row {i + 2} (ID {table.people[person[i]]}): {says}" for i in np.flatnonzero(wrong)]
    return found


def write_levels(table: EventTable, observed: Floats, path: Path) -> int:
    """Writes ID, TIME (h) and CP (ng/mL) of every observation, as Parquet or CSV by the ending; returns how many.

    Raises ImportError where Parquet is asked for and pyarrow is not installed.
    """
    wanted = np.flatnonzero(table.observed)
    person = np.repeat(np.arange(len(table)), np.diff(table.starts))[wanted]
    columns: dict[str, Any] = {
        "ID": [table.people[p] for p in person],
        "TIME": table.times[wanted],
        "CP": observed[wanted],
    }
    if path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines)
            writer.writerow(columns)
            writer.writerows(
                zip(columns["ID"], (float(t) for t in columns["TIME"]), (float(c) for c in columns["CP"]), strict=True)
            )
    return int(wanted.size)

"""The table of events: what reads, and what is refused with its row."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from eutonia.body.kinetics import Kinetics, KineticsError, concentrations
from eutonia.body.table import OWN, TableError, event_table, regimen, rows_of

GOOD: dict[str, list[Any]] = {
    "ID": [1, 1, 1, 7, 7],
    "TIME": [0, 1.5, 8, 0, 12],
    "AMT": [20, ".", 10, 5, None],
    "EVID": [1, 0, 1, 4, ""],
    "CMT": [1, 2, 2, ".", 2],
    "RATE": ["", "", 2.5, "", ""],
    "ADDL": [2, ".", ".", ".", "."],
    "II": [8, ".", ".", ".", "."],
}


def changed(row: int, **cells: Any) -> dict[str, list[Any]]:
    table = {name: list(column) for name, column in GOOD.items()} | {"SS": [None] * 5, "DUR": [None] * 5}
    for name, value in cells.items():
        table[name][row] = value
    return table


def test_a_table_is_read_person_by_person() -> None:
    table = event_table(GOOD)
    assert table.people == (1, 7)
    assert table.starts.tolist() == [0, 3, 5]
    assert table.numbers[0].tolist() == [0, 20, 0, 8]
    assert table.codes[:, 0].tolist() == [1, 0, 1, 4, 0]
    assert table.codes[:, 1].tolist() == [1, 2, 2, 1, 2]
    assert table.codes[:, 4].tolist() == [0, 0, 0, 1, 1]
    assert table.observed.tolist() == [False, True, False, False, True]
    again = event_table(
        {name: list(column) for name, column in zip(OWN, zip(*rows_of(table), strict=True), strict=True)}
    )
    assert np.array_equal(again.numbers, table.numbers)
    assert np.array_equal(again.codes, table.codes)


def test_small_letters_and_columns_of_data_are_read_too() -> None:
    table = event_table({name.lower(): column for name, column in GOOD.items()} | {"DV": [0, 1, 0, 0, 2]})
    assert len(table) == 2


@pytest.mark.parametrize(
    ("row", "cells", "says"),
    [
        (0, {"AMT": -20}, "row 2 (ID 1): AMT is negative"),
        (0, {"AMT": "nan"}, "row 2 (ID 1): AMT is 'nan', which is no finite number"),
        (0, {"AMT": "20 mg"}, "row 2 (ID 1): AMT is '20 mg', which is no number"),
        (0, {"AMT": 0}, "row 2 (ID 1): the dose has no amount"),
        (1, {"TIME": "."}, "row 3 (ID 1): TIME is missing"),
        (1, {"TIME": "inf"}, "row 3 (ID 1): TIME is 'inf', which is no finite number"),
        (2, {"TIME": 1}, "row 4 (ID 1): TIME goes back"),
        (1, {"AMT": 5}, "row 3 (ID 1): there is an amount, a rate, a repeat or SS, but EVID says that it is no dose"),
        (2, {"RATE": -2}, "row 4 (ID 1): RATE of -1 or -2, a length that is a parameter, is not supported"),
        (2, {"RATE": -3}, "row 4 (ID 1): RATE is negative"),
        (2, {"DUR": 3}, "row 4 (ID 1): both RATE and DUR are given"),
        (2, {"DUR": -3, "RATE": 0}, "row 4 (ID 1): DUR is negative"),
        (0, {"II": 0}, "row 2 (ID 1): ADDL repeats the dose, but II does not say how far apart"),
        (0, {"II": -8}, "row 2 (ID 1): II is negative"),
        (0, {"ADDL": 1.5}, "row 2 (ID 1): ADDL is no whole number"),
        (0, {"ADDL": -1}, "row 2 (ID 1): ADDL is no whole number"),
        (2, {"SS": 1}, "row 4 (ID 1): SS needs II"),
        (2, {"SS": 5}, "row 4 (ID 1): SS is none of 0, 1 and 2"),
        (0, {"EVID": 9}, "row 2 (ID 1): EVID is none of 0"),
        (0, {"CMT": 3}, "row 2 (ID 1): CMT is neither 1 (gut) nor 2 (plasma)"),
        (3, {"ID": 1, "TIME": 9}, "row 6 (ID 7)"),
        (2, {"TIME": 0, "AMT": 20, "CMT": 1, "RATE": 0}, "row 4 (ID 1): TIME goes back"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_row(row: int, cells: dict[str, Any], says: str) -> None:
    if says == "row 6 (ID 7)":
        event_table(changed(row, **cells))  # the last person is another one again: that reads
        return
    with pytest.raises(TableError) as error:
        event_table(changed(row, **cells))
    assert any(each.startswith(says) for each in error.value.problems), error.value.problems


def test_the_same_dose_twice_is_named() -> None:
    twice = {name: [column[0], *column] for name, column in GOOD.items()}
    with pytest.raises(TableError, match=r"^row 3 \(ID 1\): the same dose stands twice$"):
        event_table(twice)


def test_a_person_who_comes_back_is_named() -> None:
    with pytest.raises(TableError, match=r"row 6 \(ID 1\): ID 1 comes back after another"):
        event_table({"ID": [1, 1, 2, 2, 1], "TIME": [0, 1, 0, 1, 9]})


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"ID": [1], "TIME": [0], "DOSE": [5]}, "the column 'DOSE' is not known here; use ID, TIME, AMT"),
        ({"ID": [1], "TIME": [0], "WT": [70]}, "the column 'WT' is not known here"),
        ({"ID": [1], "time": [0], "TIME": [0]}, "the column 'time' stands twice"),
        ({"TIME": [0]}, "there is no column 'ID'"),
        ({"ID": [1]}, "there is no column 'TIME'"),
        ({"ID": [], "TIME": []}, "the table has no rows"),
    ],
)
def test_columns_that_are_unknown_double_or_missing_are_named(columns: dict[str, list[Any]], says: str) -> None:
    with pytest.raises(TableError) as error:
        event_table(columns)
    assert says in str(error.value)


def test_a_covariate_that_is_expected_must_be_there_in_every_row() -> None:
    table = event_table({"ID": [1, 1], "TIME": [0, 5], "CRCL": [90, 40]}, covariates=["CRCL"])
    assert table.covariates["CRCL"].tolist() == [90, 40]
    with pytest.raises(TableError, match=r"row 3 \(ID 1\): CRCL is missing"):
        event_table({"ID": [1, 1], "TIME": [0, 5], "CRCL": [90, "."]}, covariates=["CRCL"])


def test_many_problems_are_told_but_not_thousands() -> None:
    with pytest.raises(TableError) as error:
        event_table({"ID": [1] * 500, "TIME": ["x"] * 500})
    assert len(error.value.problems) == 500
    assert str(error.value).endswith("... and 480 more")


def test_a_part_of_a_table_is_a_table() -> None:
    part = event_table(GOOD).part(1, 2)
    assert part.people == (7,)
    assert part.starts.tolist() == [0, 2]


def test_times_and_kinetics_that_cannot_be_are_refused() -> None:
    one = np.ones(1)
    with pytest.raises(KineticsError, match="'central_l' must be above zero"):
        Kinetics(one, one, one, one, 0 * one, one, one, one, one)
    with pytest.raises(KineticsError, match="'clearance_l_h' needs 1 finite numbers of zero or more"):
        Kinetics(one, one, -one, one, one, one, one, one, one)
    with pytest.raises(KineticsError, match="at most 1"):
        Kinetics(one, one, one, one, one, one, one, 2 * one, one)
    good = Kinetics(one, one, one, one, one, one, one, one, one)
    with pytest.raises(KineticsError, match="ascending"):
        concentrations(good, regimen(1, [5]), np.array([0.0, 2.0, 1.0]))
    with pytest.raises(KineticsError, match="2 rows of kinetics; 1 are given"):
        concentrations(good, regimen(2, [5]), np.array([0.0]))


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_frame_is_read_as_its_columns_are(kind: str) -> None:
    columns: dict[str, Any] = {
        "ID": ["a", "a", "a", "b"], "TIME": [0.0, 1.0, 30.0, 0.0], "AMT": [10.0, None, None, 5.0], "EVID": [1, 0, 0, 1],
        "CMT": [1, 2, 2, 1], "WT": [70.0, 70.0, 71.0, 60.0],
    }  # fmt: skip
    plain = event_table(columns, covariates=["WT"])
    frame = import_module(kind).DataFrame(columns)
    found = event_table(frame, covariates=["WT"])
    assert found.people == plain.people
    assert (found.numbers == plain.numbers).all()
    assert (found.codes == plain.codes).all()
    assert (found.covariates["WT"] == plain.covariates["WT"]).all()
    broken = import_module(kind).DataFrame({**columns, "AMT": [None, None, None, 5.0]})
    with pytest.raises(TableError, match=r"row 2 \(ID a\)"):
        event_table(broken, covariates=["WT"])


def test_not_a_number_outside_a_frame_is_an_error_of_its_row() -> None:
    with pytest.raises(TableError, match=r"row 3 .* AMT is 'nan'"):
        event_table({"ID": [1, 1], "TIME": [0, 1], "AMT": [10.0, float("nan")], "EVID": [1, 0], "CMT": [1, 2]})

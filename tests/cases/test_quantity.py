"""Numbers with their units: what reads, what is refused and with which words, and how a number looks on a screen."""

from __future__ import annotations

from decimal import Decimal

import pytest

from eutonia.quantity import (
    UNITS,
    Quantity,
    QuantityError,
    Unit,
    glued,
    number,
    plain,
    plain_number,
    rounded,
    unit,
)

# Written out once more by hand, beside UCUM: name, kind, what one of it is worth, UCUM code, further spellings.
TABLE = """
mcg             | amount            | 1          | ug               | ug, µg, μg, microgram, micrograms
mg              | amount            | 1000       | mg               | milligram, milligrams
mcg/day         | daily dose        | 1          | ug/d             | ug/day, mcg/d, µg/day, μg/day, mcg/24 h, mcg daily
mg/day          | daily dose        | 1000       | mg/d             | mg/24 h, mg daily
mcg/h           | hourly dose       | 1          | ug/h             | mcg/hour, µg/h, μg/h
mL              | volume            | 1          | mL               | ml
mcg/mL          | strength          | 1          | ug/mL            | mcg/ml, ug/ml, µg/mL, μg/mL
mg/mL           | strength          | 1000       | mg/mL            | mg/ml
ng/mL           | concentration     | 1          | ng/mL            | ng/ml
mcg/L           | concentration     | 1          | ug/L             | mcg/l, µg/L, μg/L
mg/L            | concentration     | 1000       | mg/L             | mg/l
mL/day          | flow              | 1          | mL/d             | ml/day
kg              | weight            | 1          | kg               |
lb              | weight            | 0.45359237 | [lb_av]          | lbs
cm              | height            | 1          | cm               |
m               | height            | 100        | m                |
in              | height            | 2.54       | [in_i]           |
mg/dL           | creatinine        | 1          | mg/dL            | mg/dl
mL/min/1.73 m2  | indexed clearance | 1          | mL/min/{1.73_m2} | mL/min/1.73m2, ml/min/1.73 m2, mL/min/1.73 m², mL/min/1.73m², mL/min/1.73_m2
mL/min          | clearance         | 1          | mL/min           | ml/min
U/L             | enzyme            | 1          | U/L              | u/l, IU/L
h               | time              | 1          | h                | hour, hours, hr
days            | time              | 24         | d                | day
weeks           | time              | 168        | wk               | week
%               | share             | 1          | %                | percent
°C              | temperature       | 1          | Cel              | C
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("name", "kind", "size", "ucum", "spellings"), ROWS, ids=[row[0] for row in ROWS])
def test_every_unit_is_worth_what_it_says_under_every_spelling(
    name: str, kind: str, size: str, ucum: str, spellings: str
) -> None:
    for written in (name, ucum, *(each.strip() for each in spellings.split(",") if each.strip())):
        found = unit(written)
        assert (found.name, found.kind, found.size, found.ucum) == (name, kind, Decimal(size), ucum)
        assert found is UNITS[name]


def test_the_list_of_units_is_closed() -> None:
    known = {cell for row in ROWS for cell in (row[0], row[3], *(each.strip() for each in row[4].split(",")))} - {""}
    creatinine = {"umol/L", "µmol/L", "μmol/L", "umol/l", "micromol/L"}
    assert set(UNITS) == known | creatinine | {"min", "minute", "minutes"}


@pytest.mark.parametrize("name", ["umol/L", "µmol/L", "μmol/L", "umol/l", "micromol/L"])
def test_88_42_umol_of_creatinine_in_a_litre_are_one_mg_in_a_decilitre(name: str) -> None:
    found = Quantity.read(f"88.42 {name}", "creatinine")
    assert round(found.to("mg/dL"), 20) == 1
    assert (found.unit.name, found.wire()["unit"]) == ("umol/L", "umol/L")


@pytest.mark.parametrize("name", ["min", "minute", "minutes"])
def test_sixty_minutes_are_an_hour(name: str) -> None:
    found = Quantity.read(f"60 {name}", "time")
    assert round(found.to("h"), 20) == 1
    assert (found.unit.name, found.wire()["unit"]) == ("min", "min")


def test_two_kinds_that_look_alike_are_not_alike() -> None:
    assert Quantity.of(1, "mcg/mL") != Quantity.of(1, "mg/L")
    assert Quantity.of(60, "mL/min") != Quantity.of(60, "mL/min/1.73 m2")
    with pytest.raises(QuantityError, match="1 mcg/mL is a strength and has no size in mg/L"):
        Quantity.of(1, "mcg/mL").to("mg/L")


def test_a_quantity_and_a_unit_cannot_be_changed_and_a_unit_may_have_one_spelling() -> None:
    for each, name in ((Quantity.of(1, "mg"), "value"), (UNITS["mg"], "size")):
        with pytest.raises(AttributeError):
            setattr(each, name, Decimal(2))
    assert Unit("x", "amount", Decimal(1), "x").spellings == ()


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("7", "7"),
        ("0.5", "0.5"),
        ("0.000001", "0.000001"),
        ("999999999", "999999999"),
        ("1,000", "1000"),
        ("12,345.6", "12345.6"),
        ("999,999,999.999999", "999999999.999999"),
    ],
)
def test_plain_digits_with_a_point_and_whole_thousands_read(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (".5", "'.5' starts with a naked point; write '0.5'"),
        ("0,5", "'0,5' could be a decimal comma; write a decimal point, or thousands as '1,000'"),
        ("10,00", "'10,00' could be a decimal comma; write a decimal point, or thousands as '1,000'"),
        ("0,500", "'0,500' could be a decimal comma; write a decimal point, or thousands as '1,000'"),
        *(
            (text, f"'{text}' is not a number; write plain digits such as '50' or '0.5'")
            for text in (
                *("", "5.", "-5", "+5", "05", "00", "1e3", "nan", "inf", "1 000", "1_000", "five", "5 ", " 5"),
                *("1000000000", "0.0000001", "1,000,000,000", "1000,000.5", "1.5,5", "٣", "5\n", "0x5", "1,0000.1"),
            )
        ),
    ],
)
def test_anything_else_is_no_number_and_the_message_says_what_would_do(text: str, says: str) -> None:
    with pytest.raises(QuantityError) as caught:
        number(text)
    assert str(caught.value) == says


# --- units ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"), [("MG", "mg"), ("MCG", "mcg"), ("UG", "mcg"), ("ML", "mL"), ("Mg", "mg"), ("G", "g")]
)
def test_a_unit_in_capitals_is_refused_and_the_one_that_was_meant_is_named(text: str, meant: str) -> None:
    with pytest.raises(QuantityError) as caught:
        unit(text)
    assert str(caught.value) == f"'{text}' is not accepted as a unit; if it is meant, write '{meant}'"


def test_a_unit_that_is_not_on_the_list_is_refused() -> None:
    with pytest.raises(QuantityError) as caught:
        unit("spoons")
    assert str(caught.value) == "'spoons' is not a unit that is known here; write one such as 'mg', 'mcg' or 'mL'"


# --- quantities -----------------------------------------------------------------------------------------------------


def test_space_around_a_quantity_and_within_its_unit_does_not_matter() -> None:
    assert Quantity.read("  50   mcg ") == Quantity.of(50, "mcg")
    assert Quantity.read("60 mL/min/1.73   m2").unit is UNITS["mL/min/1.73 m2"]
    assert Quantity.read("50 mcg").value == 50
    assert Quantity.read("50 mcg", None) == Quantity.read("50 mcg", "amount")


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("50", None, "'50' has no unit; write it with one, such as '50 mcg' or '50 mg'"),
        ("50", "daily dose", "'50' has no unit; write it with one, such as '50 mcg/day'"),
        ("50", "volume", "'50' has no unit; write it with one, such as '50 mL'"),
        ("50mcg", None, "'50mcg' runs number and unit together; write '50 mcg'"),
        ("0.5mg/day", None, "'0.5mg/day' runs number and unit together; write '0.5 mg/day'"),
        ("1,000µg", None, "'1,000µg' runs number and unit together; write '1,000 µg'"),
        ("1,000μg", None, "'1,000μg' runs number and unit together; write '1,000 μg'"),
        ("20%", None, "'20%' runs number and unit together; write '20 %'"),
        ("fifty", None, "'fifty' is not a number; write plain digits such as '50' or '0.5'"),
        ("mcg50", None, "'mcg50' is not a number; write plain digits such as '50' or '0.5'"),
        ("5. mcg", None, "'5.' is not a number; write plain digits such as '50' or '0.5'"),
        (" 50 mg/day ", "amount", "'50 mg/day' is a daily dose, but an amount is needed, such as '50 mcg'"),
        ("50 mcg", "volume", "'50 mcg' is an amount, but a volume is needed, such as '50 mL'"),
        ("5 mcg/h", "daily dose", "'5 mcg/h' is an hourly dose, but a daily dose is needed, such as '5 mcg/day'"),
        ("1,5 mg", None, "'1,5' could be a decimal comma; write a decimal point, or thousands as '1,000'"),
        ("50 spoons full", None, "'spoons full' is not a unit that is known here; write one such as 'mg', 'mcg' or 'mL'"),
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused_with_what_was_read_and_what_would_do(
    text: str, kind: str | None, says: str
) -> None:
    with pytest.raises(QuantityError) as caught:
        Quantity.read(text, kind)
    assert str(caught.value) == says


def test_where_the_number_does_not_read_either_the_example_is_one_that_does() -> None:
    from eutonia.quantity import _examples

    assert _examples("fifty", "volume") == "'5 mL'"
    assert _examples("7", "volume") == "'7 mL'"


@pytest.mark.parametrize("value", ["-1", "-0", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_computed_value_that_is_negative_or_not_finite_is_no_quantity(value: str) -> None:
    with pytest.raises(QuantityError, match="mg' is not a finite amount of zero or more") as caught:
        Quantity.of(value, "mg")
    assert str(caught.value).startswith(f"'{value} mg'")


def test_a_quantity_is_equal_to_itself_in_another_unit_and_to_nothing_else() -> None:
    assert Quantity.of(1, "mg") == Quantity.of(1000, "mcg")
    assert hash(Quantity.of(1, "mg")) == hash(Quantity.of(1000, "mcg"))
    assert hash(Quantity.of(1, "mg")) != hash(Quantity.of(1, "mg/day"))
    assert hash(Quantity.of(1, "mg")) != hash(Quantity.of(1, "mcg"))
    assert Quantity.of(1, "mg") != Quantity.of(1, "mcg")
    assert Quantity.of(1, "mg") != Quantity.of(1, "mg/day")
    assert Quantity.of(1, "mg") != 1
    assert Quantity.of(1, "mg").__eq__(1) is NotImplemented


def test_a_quantity_in_its_own_unit_is_the_number_that_was_written() -> None:
    assert str(Quantity.of("0.10", "mg").to("mg")) == "0.10"
    for name in ("umol/L", "min"):
        assert [Quantity.of(n, name).to(name) for n in range(1, 50)] == list(range(1, 50))
    assert Quantity.of("0.5", "mg").to("mcg") == 500
    assert Quantity.of(500, "mcg").to("mg") == Decimal("0.5")
    assert Quantity.of(1, "in").to("m") == Decimal("0.0254")
    assert Quantity.of(36, "h").to("days") == Decimal("1.5")
    with pytest.raises(QuantityError, match="5 mg daily is a daily dose and has no size in mg"):
        Quantity.of(5, "mg/day").to("mg")


def test_on_the_wire_a_number_is_a_json_number_and_the_unit_its_ucum_code() -> None:
    assert Quantity.of("2000.0", "mcg/day").wire() == {"value": 2000, "unit": "ug/d"}
    assert isinstance(Quantity.of("2000.0", "mcg/day").wire()["value"], int)
    assert Quantity.of("0.5", "mL").wire() == {"value": 0.5, "unit": "mL"}
    assert isinstance(plain_number(Decimal("0.5")), float)


# --- on a screen ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.50"), "0.5"),
        (Decimal("5.0"), "5"),
        (Decimal("100"), "100"),
        (Decimal("1E+3"), "1,000"),
        (Decimal("0E-7"), "0"),
        (Decimal("-0.0"), "0"),
        (Decimal("-0"), "0"),
        (Decimal("-1.50"), "-1.5"),
        (1234567.25, "1,234,567.25"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (0, "0"),
        (20, "20"),
        (Quantity.of("2000.0", "mcg"), "2,000 mcg"),
        (Quantity.of(1, "days"), "1 day"),
        (Quantity.of(2, "days"), "2 days"),
        (Quantity.of(1, "weeks"), "1 weeks"),
        (Quantity.of(1, "h"), "1 h"),
        (Quantity.of("14.5", "%"), "14.5%"),
        (Quantity.of(100, "mcg/day"), "100 mcg daily"),
        (Quantity.of("0.5", "mg/day"), "0.5 mg daily"),
        (Quantity.of("0.432", "mL/day"), "0.432 mL/day"),
    ],
)
def test_a_number_is_printed_so_that_nobody_misreads_it(value: Quantity | Decimal | float, text: str) -> None:
    assert plain(value) == text
    if isinstance(value, Quantity):
        assert str(value) == text
        assert repr(value) == f"Quantity('{text}')"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_a_value_that_is_no_number_is_never_printed(value: float | Decimal) -> None:
    with pytest.raises(QuantityError) as caught:
        plain(value)
    assert str(caught.value) == f"{value} is not a number that can be printed"


def test_a_daily_dose_is_written_per_day_on_a_chart_and_said_daily_on_a_screen() -> None:
    assert Quantity.of(100, "mcg/day").written == "100 mcg/day"
    assert Quantity.of("0.5", "mg/day").written == "0.5 mg/day"
    assert Quantity.of(50, "mcg").written == "50 mcg"
    assert Quantity.read(Quantity.of(100, "mcg/day").written) == Quantity.of(100, "mcg/day")


@pytest.mark.parametrize(
    ("value", "step", "how", "result"),
    [
        (Decimal("3.33"), "2.5", "down", "2.5"),
        (Decimal("3.33"), "2.5", "up", "5"),
        (Decimal("3.33"), "2.5", "nearest", "2.5"),
        (Decimal("0.25"), "0.1", "nearest", "0.2"),
        (Decimal("0.35"), "0.1", "nearest", "0.4"),
        (0.432, Decimal("0.01"), "nearest", "0.43"),
        (0.1, "0.1", "up", "0.1"),
        (5, "5", "up", "5"),
    ],
)
def test_rounding_gives_whole_steps_the_way_it_was_told(
    value: Decimal | float, step: Decimal | str, how: str, result: str
) -> None:
    assert rounded(value, step, how) == Decimal(result)  # type: ignore[arg-type]
    if how == "nearest":
        assert rounded(value, step) == Decimal(result)


@pytest.mark.parametrize(
    ("text", "glued_text"),
    [
        ("5 mg three times a day", "5\u00a0mg three times a day"),
        ("2,000 mcg/mL and 0.5 mL", "2,000\u00a0mcg/mL and 0.5\u00a0mL"),
        ("100 mcg daily", "100\u00a0mcg\u00a0daily"),
        ("5 mg daily", "5\u00a0mg\u00a0daily"),
        ("5 mL daily", "5\u00a0mL daily"),
        ("once 5 mgx", "once 5 mgx"),
        ("at 10 maybe", "at 10 maybe"),
        ("1 day, 2 days, 3 points", "1\u00a0day, 2\u00a0days, 3\u00a0points"),
        ("60 mL/min/1.73 m2", "60\u00a0mL/min/1.73\u00a0m2"),
        ("60 mL/min (x)", "60\u00a0mL/min (x)"),
        ("take mg", "take mg"),
        ("5 mG", "5 mG"),
    ],
)
def test_a_number_is_not_torn_from_its_unit_at_the_end_of_a_line(text: str, glued_text: str) -> None:
    assert glued(text) == glued_text

"""Kidney formulas against numbers worked out elsewhere, and the bands of the dose at their very edges."""

from __future__ import annotations

from fractions import Fraction

import pytest

import eutonia
from eutonia.chart import Facts
from eutonia.evidence import Unknown
from eutonia.findings.kidney import Kidney, bedside_schwartz, ckd_epi_2021, cockcroft_gault, kidney
from eutonia.knowledge import book

PERSON = """\
2026-01-05 09:30 person id A-17; born 1979-04-11; sex male
2026-01-05 weight 72 kg
"""


def found(*lines: str, person: str = PERSON) -> Kidney:
    chart = eutonia.read(person + "".join(f"2026-01-05 {line}\n" for line in lines))
    known = kidney(Facts(chart, chart.moment("2026-01-06 10:00"), book()))
    assert isinstance(known, Kidney), known
    return known


# Cockcroft and Gault 1976: (140 - age) x weight / (72 x creatinine), and 15 % less for a woman; by hand.


@pytest.mark.parametrize(
    ("age", "weight", "creatinine", "female", "clearance"),
    [
        (60, 72, 1.0, False, 80.0),
        (60, 72, 1.0, True, 68.0),
        (80, 60, 2.0, False, 25.0),
        (40, 90, 1.25, False, 100.0),
        (20, 54, 0.75, True, 102.0),
    ],
)
def test_cockcroft_gault_gives_what_it_gives_by_hand(
    age: int, weight: float, creatinine: float, female: bool, clearance: float
) -> None:
    assert cockcroft_gault(age, weight, creatinine, female) == pytest.approx(clearance, rel=1e-12)


# CKD-EPI 2021 (Inker, N Engl J Med 385:1737) in its published piecewise form: one line for each sex and side of kappa.
# At kappa both powers are one, so eGFR is 142 x 0.9938^age (x 1.012): the reference that needs no power of a ratio.


def _piecewise(age: int, scr: float, female: bool) -> float:
    if female:
        return 142 * 1.012 * (scr / 0.7) ** (-0.241 if scr <= 0.7 else -1.2) * 0.9938**age
    return 142 * (scr / 0.9) ** (-0.302 if scr <= 0.9 else -1.2) * 0.9938**age


@pytest.mark.parametrize("female", [True, False])
@pytest.mark.parametrize("scr", [0.4, 0.69, 0.7, 0.71, 0.89, 0.9, 0.91, 1.0, 1.5, 4.0])
@pytest.mark.parametrize("age", [18, 50, 66, 90])
def test_ckd_epi_2021_is_the_published_piecewise_formula(age: int, scr: float, female: bool) -> None:
    assert ckd_epi_2021(age, scr, female) == pytest.approx(_piecewise(age, scr, female), rel=1e-12)


@pytest.mark.parametrize(
    ("age", "scr", "female", "egfr"),
    [(50, 1.0, False, 92), (50, 1.0, True, 69), (70, 2.0, False, 35), (30, 0.5, True, 129), (80, 1.3, False, 56)],
)
def test_ckd_epi_2021_rounds_to_the_numbers_worked_out_by_logarithms(
    age: int, scr: float, female: bool, egfr: int
) -> None:
    assert round(ckd_epi_2021(age, scr, female)) == egfr


# Schwartz 2009: 0.413 x height / creatinine.


@pytest.mark.parametrize(
    ("height", "creatinine", "egfr"), [(130, 0.5, 107.38), (100, 0.413, 100.0), (150, 1.0, 61.95), (120, 2.0, 24.78)]
)
def test_bedside_schwartz_gives_what_it_gives_by_hand(height: float, creatinine: float, egfr: float) -> None:
    assert bedside_schwartz(height, creatinine) == pytest.approx(egfr, rel=1e-12)


# C-12: up to 80 a third less, up to 50 a half, below 30 two thirds and avoid; indexed eGFR up to 60 reduces by the same bands.


@pytest.mark.parametrize(
    ("clearance", "share", "avoid"),
    [
        ("120", "1", False),
        ("80.000001", "1", False),
        ("80", "2/3", False),
        ("79.999999", "2/3", False),
        ("50.000001", "2/3", False),
        ("50", "1/2", False),
        ("49.999999", "1/2", False),
        ("30", "1/2", False),
        ("29.999999", "1/3", True),
        ("1", "1/3", True),
    ],
)
def test_the_bands_of_the_clearance_hold_at_their_edges(clearance: str, share: str, avoid: bool) -> None:
    known = found(f"lab clearance {clearance} mL/min")
    assert (known.share, known.avoid, known.dialysis) == (Fraction(share), avoid, False)
    assert (known.clearance, known.egfr) == (float(clearance), None)


@pytest.mark.parametrize(
    ("egfr", "share", "avoid"),
    [
        ("75", "1", False),
        ("60.000001", "1", False),
        ("60", "2/3", False),
        ("59.999999", "2/3", False),
        ("50.000001", "2/3", False),
        ("50", "1/2", False),
        ("30", "1/2", False),
        ("29.999999", "1/3", True),
    ],
)
def test_the_bands_of_the_indexed_egfr_hold_at_their_edges(egfr: str, share: str, avoid: bool) -> None:
    known = found(f"lab egfr {egfr} mL/min/1.73 m2")
    assert (known.share, known.avoid) == (Fraction(share), avoid)
    assert (known.clearance, known.egfr) == (None, float(egfr))


@pytest.mark.parametrize(
    ("clearance", "egfr", "share", "avoid"),
    [("100", "45", "1/2", False), ("40", "90", "1/2", False), ("100", "29", "1/3", True), ("29", "90", "1/3", True)],
)
def test_the_stricter_of_clearance_and_egfr_governs(clearance: str, egfr: str, share: str, avoid: bool) -> None:
    known = found(f"lab clearance {clearance} mL/min", f"lab egfr {egfr} mL/min/1.73 m2")
    assert (known.share, known.avoid) == (Fraction(share), avoid)


def test_a_creatinine_gives_both_numbers_of_an_adult_and_the_schwartz_number_of_a_child() -> None:
    adult = found("lab creatinine 1.5 mg/dL")
    assert adult.clearance == pytest.approx((140 - 46) * 72 / (72 * 1.5), rel=1e-12)
    assert adult.egfr == pytest.approx(_piecewise(46, 1.5, False), rel=1e-12)
    child = found("height 120 cm", "lab creatinine 0.5 mg/dL", person=PERSON.replace("1979", "2016"))
    assert (child.clearance, child.egfr) == (None, pytest.approx(0.413 * 120 / 0.5, rel=1e-12))


def test_the_formulas_change_from_the_child_to_the_adult_on_the_eighteenth_birthday() -> None:
    lines = ("height 170 cm", "lab creatinine 0.8 mg/dL")
    assert found(*lines, person=PERSON.replace("1979-04-11", "2008-01-07")).clearance is None
    assert found(*lines, person=PERSON.replace("1979-04-11", "2008-01-06")).clearance is not None


def test_micromoles_of_creatinine_are_the_same_kidney() -> None:
    molar, mass = found("lab creatinine 132.63 umol/L"), found("lab creatinine 1.5 mg/dL")
    assert molar.clearance == pytest.approx(mass.clearance, rel=1e-9)
    assert molar.share == mass.share


def test_on_dialysis_a_third_is_left_whatever_the_numbers_say() -> None:
    known = found("dialysis", "lab clearance 100 mL/min")
    assert (known.share, known.avoid, known.dialysis, known.clearance) == (Fraction(1, 3), True, True, None)


def test_without_any_number_the_kidney_is_unknown() -> None:
    chart = eutonia.read(PERSON)
    known = kidney(Facts(chart, chart.moment("2026-01-06 10:00"), book()))
    assert isinstance(known, Unknown)
    assert known.reason == "never asked"

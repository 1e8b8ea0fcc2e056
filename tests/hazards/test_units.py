"""Numbers and their units: a slip of a thousand, of twenty-four or of ten never becomes a dose."""

from __future__ import annotations

import ast
import json
import math
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import eutonia
from eutonia.knowledge import JURISDICTIONS, KnowledgeError, book
from eutonia.plan.guard import check
from eutonia.plan.plan import Plan, Step
from eutonia.pump.program import Flow
from eutonia.quantity import UNITS, Quantity, QuantityError, number, plain, unit
from tests.charts import FILLED, ORAL, PUMP, SCREENED
from tests.hazards.answers import advise, doses, facts, finding, grade, plans, refusals, state, stops

NOW = "2026-03-25 10:00"

# A line of each kind that carries a number with a unit.
MEASURED = """\
2026-01-05 weight 72 kg
2026-01-05 height 175 cm
2026-01-05 lab creatinine 0.9 mg/dL
2026-01-05 lab egfr 60 mL/min/1.73 m2
2026-01-05 pregnancy yes, 20 weeks
2026-01-05 oral 10 mg three times a day
2026-01-05 failed oral baclofen 80 mg/day; no effect
2026-01-05 trial 50 mcg
2026-01-05 response positive; lasted 7 h
2026-01-05 implant SynchroMed II 20 mL; line 0.364 mL; alarm 4 mL
2026-01-05 revision catheter; line 0.3 mL
2026-01-05 refill 18 mL of 500 mcg/mL; product 500 mcg/mL
2026-01-05 program continuous 96 mcg/day; bolus 12 mcg at 06:00
2026-01-05 program day 4 mcg/h from 00:00, 6 mcg/h from 08:00
2026-01-05 bridge 182 mcg over 14.6 h
2026-01-05 prime 0.364 mL
2026-01-05 residual 8.2 mL
2026-01-05 request adjust to 150 mcg/day
2026-01-05 request strength 2000 mcg/mL
2026-01-05 request start oral; liquid 1 mg/mL
""".splitlines()

_AMOUNT = re.compile(
    r"(?<![\w.:-])(\d+(?:\.\d+)?) (kg|cm|mg/dL|mL/min/1\.73 m2|weeks|mg/day|mg/mL|mcg/day|mcg/mL|mcg/h|mcg|mg|mL|h)(?!\w)"
)
AMOUNTS = [(line, found.span(1), found.span(2)) for line in MEASURED for found in _AMOUNT.finditer(line)]


def refused(line: str) -> bool:
    """Whether a chart with this line cannot be read."""
    try:
        eutonia.read(f"2026-01-04 person id A-17\n{line}\n")
    except eutonia.ReadError as error:
        return all(problem.says and problem.line == 2 for problem in error.problems)
    return False


# --- H01: mg read as mcg, or back ------------------------------------------------------------------------------------


@pytest.mark.hazard("H01")
def test_the_table_of_lines_has_every_number_that_a_chart_can_carry():
    assert len(AMOUNTS) == 27
    for line in MEASURED:
        assert not refused(line)


@pytest.mark.hazard("H01")
@pytest.mark.parametrize(("line", "digits", "name"), AMOUNTS)
def test_no_number_enters_without_its_unit(line, digits, name):
    assert refused(line[: name[0]].rstrip() + line[name[1] :])
    assert refused(line[: digits[1]] + line[name[0] :])  # 50mcg: where does the number end?


def _problems(do: str, dose: Quantity, over_h: Decimal | None = None) -> bool:
    """Whether the gate has a dose of this size against it, before anything else is judged."""
    found = facts(PUMP, NOW)
    step = Step(found.now, do, "x", dose, over_h)
    kind = {"take": "titration", "give": "trial", "program": "adjust", "bridge": "strength change"}[do]
    said = check(Plan(kind, "x", "clinic", (step,), "x", (), ()), found, state(PUMP, NOW))
    return any("outside what is allowed" in each for each in said)


ROUTES = {"take": ("mg/day", "2.5", "80"), "give": ("mcg", "25", "100"), "program": ("mcg/day", "12", "2003")}


@pytest.mark.hazard("H01")
@pytest.mark.carries("ADM-04")
@pytest.mark.parametrize("do", ROUTES)
@given(share=st.decimals(0, 1, places=3))
@settings(max_examples=40)
def test_a_legal_dose_a_thousand_times_larger_or_smaller_is_illegal(do, share):
    name, low, high = ROUTES[do]
    dose = (Decimal(low) + (Decimal(high) - Decimal(low)) * share).quantize(Decimal("0.1"))
    assert not _problems(do, Quantity.of(dose, name))
    assert _problems(do, Quantity.of(dose * 1000, name))
    assert _problems(do, Quantity.of(dose / 1000, name))


@pytest.mark.hazard("H01")
@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_the_windows_of_the_two_routes_never_meet_and_span_less_than_a_thousandfold(jurisdiction):
    known = book(jurisdiction)
    mouth = known.quantity("oral.smallest").to("mcg"), known.quantity("oral.daily_max").to("mcg/day")
    pump = tuple(each.to("mcg/day") for each in known.span("pump.daily_window"))
    bolus = tuple(each.to("mcg") for each in known.span("bolus.window"))
    assert pump[1] < mouth[0]
    assert bolus[1] < mouth[0]
    for low, high in (mouth, pump, bolus):
        assert 0 < low < high < low * 1000


@pytest.mark.hazard("H01")
@given(daily=st.decimals(12, 2003, places=1))
@settings(max_examples=40)
def test_a_dose_for_the_spine_is_refused_by_mouth_and_back(daily):
    spine = Quantity.of(daily, "mcg/day")
    mouth = Quantity.of((daily / 25 + Decimal("2.5")).quantize(Decimal("0.1")), "mg/day")
    assert _problems("take", spine)
    assert _problems("program", mouth)
    assert refused(f"2026-01-05 oral {plain(daily)} mcg once a day")


@pytest.mark.hazard("H01")
@given(daily=st.integers(12, 2003), factor=st.sampled_from([Decimal(1000), Decimal("0.001")]))
@settings(max_examples=30)
def test_a_pump_that_was_told_a_thousandfold_slip_is_a_stop(daily, factor):
    answer = advise(FILLED + f"2026-03-20 11:05 program continuous {plain(daily * factor)} mcg/day\n", NOW)
    assert grade(answer, "pump-dose") == "stop"
    assert plans(answer, "adjust") == []


@pytest.mark.hazard("H01")
@pytest.mark.parametrize(
    ("line", "slip"),
    [
        ("refill 18 mL of 500 mcg/mL", "refill 18 mL of 500 mg/mL"),
        ("refill 18 mL of 500 mcg/mL", "refill 18 mL of 0.5 mcg/mL"),
        ("program continuous 100 mcg/day", "program continuous 100 mg/day"),
        (
            "program continuous 100 mcg/day",
            "program continuous 100 mcg/day\n2026-03-22 09:00 bridge 182 mg over 14.6 h",
        ),
    ],
)
def test_a_slip_of_a_thousand_anywhere_on_the_way_into_the_spine_is_refused_or_a_stop(line, slip):
    chart = PUMP.replace(line, slip)
    assert chart != PUMP
    try:
        answer = advise(chart, NOW)
    except eutonia.ReadError:
        return
    assert stops(answer, "adjust"), [each["says"] for each in answer["findings"]]


@pytest.mark.hazard("H01")
@pytest.mark.parametrize("slip", ["50 mg", "0.05 mcg", "500 mcg"])
def test_a_screening_bolus_that_nobody_gives_is_refused_or_a_stop(slip):
    try:
        answer = advise(SCREENED.replace("trial 50 mcg", f"trial {slip}"), "2026-03-02 10:00")
    except eutonia.ReadError:
        return
    assert stops(answer, "start"), [each["says"] for each in answer["findings"]]


@pytest.mark.hazard("H01")
def test_a_request_in_mg_for_the_spine_is_refused_even_with_an_override():
    answer = advise(
        PUMP + "2026-03-25 request adjust to 110 mg/day\n2026-03-25 override adjust; by Dr X; because hurry\n", NOW
    )
    assert plans(answer, "adjust") == []
    assert "outside what is allowed" in refusals(answer, "adjust")[0]["why"]


# --- H03: the spellings of a microgram --------------------------------------------------------------------------------


@pytest.mark.hazard("H03")
@pytest.mark.parametrize("name", ["mcg", "ug", "µg", "μg", "microgram", "micrograms"])
def test_every_spelling_of_a_microgram_is_the_same_microgram(name):
    assert Quantity.read(f"50 {name}") == Quantity.of(50, "mcg")
    assert Quantity.read(f"50 {name}") == Quantity.of("0.05", "mg")
    assert plain(Quantity.read(f"50 {name}")) == "50 mcg"


@pytest.mark.hazard("H03")
@pytest.mark.parametrize(
    "name",
    [
        "MG",
        "MCG",
        "UG",
        "ML",
        "Mg",
        "mG",
        "Mcg",
        "mCg",
        "μG",
        "uG",
        "UG/ML",
        "MG/DAY",
        "Mcg/day",
        "mcgs",
        "mgs",
        "gamma",
        "mkg",
        "g",
        "kG",
        "G",
        "ng",
        "mc g",
        "m g",
    ],
)
def test_a_spelling_that_is_not_on_the_list_is_refused(name):
    with pytest.raises(QuantityError, match="unit"):
        unit(name)
    assert refused(f"2026-01-05 trial 50 {name}")


@pytest.mark.hazard("H03")
@given(st.text("mMcCgGuUµμkKdDlL/ LhH·23", min_size=1, max_size=8))
def test_a_unit_that_somebody_made_up_is_refused_and_never_guessed(name):
    name = " ".join(name.split())
    if name in UNITS:
        assert unit(name) is UNITS[name]
        return
    with pytest.raises(QuantityError):
        Quantity.read(f"5 {name}")


@pytest.mark.hazard("H03")
def test_two_units_of_the_list_that_differ_only_in_capitals_are_the_same_unit():
    seen: dict[str, Any] = {}
    for name, found in UNITS.items():
        assert seen.setdefault(name.lower(), found) is found, name


# --- H04: per day, per hour, per dose ---------------------------------------------------------------------------------


@pytest.mark.hazard("H04")
@pytest.mark.parametrize(
    "line",
    [
        "2026-01-05 program continuous 100 mcg/h",
        "2026-01-05 program continuous 100 mcg",
        "2026-01-05 program bolus 12 mcg/day at 06:00",
        "2026-01-05 program day 96 mcg/day from 00:00, 48 mcg/day from 12:00",
        "2026-01-05 oral 60 mg/day three times a day",
        "2026-01-05 oral 60 mg in 3 doses",
        "2026-01-05 request adjust to 100 mcg/h",
        "2026-01-05 request adjust to 100 mcg",
        "2026-01-05 failed oral baclofen 80 mg; no effect",
        "2026-01-05 trial 50 mcg/day",
        "2026-01-05 refill 18 mL of 500 mcg",
    ],
)
def test_an_amount_an_hourly_dose_and_a_daily_dose_do_not_stand_for_one_another(line):
    assert refused(line)


@pytest.mark.hazard("H04")
@given(daily=st.integers(12, 2003))
@settings(max_examples=40)
def test_a_daily_dose_typed_as_an_hourly_one_is_a_stop(daily):
    """From 84 mcg/day on the hard window catches it; below, the step from the program before."""
    before = FILLED + f"2026-03-20 11:05 program continuous {daily} mcg/day\n"
    slip = f"2026-03-24 11:05 program day {daily} mcg/h from 00:00, {daily} mcg/h from 12:00\n"
    answer = advise(before + slip, NOW)
    assert answer["pump"]["daily_dose"]["value"] == daily * 24
    assert grade(answer, "pump-dose") == "stop"
    assert plans(answer, "adjust") == []
    assert _problems("program", Quantity.of(daily * 24, "mcg/day")) == (daily * 24 > 2003)


@pytest.mark.hazard("H04")
@given(screened=st.sampled_from([25, 50, 75, 100]), lasted=st.sampled_from([6, 10]))
@settings(max_examples=8)
def test_a_first_program_of_an_hourly_for_a_daily_dose_is_a_stop(screened, lasted):
    begin = screened * (2 if lasted < 8 else 1)
    chart = FILLED.replace("trial 50 mcg", f"trial {screened} mcg").replace("lasted 7 h", f"lasted {lasted} h")
    program = f"program day {begin} mcg/h from 00:00, {begin} mcg/h from 12:00"
    answer = advise(chart + f"2026-03-20 11:05 {program}\n", NOW)
    assert grade(answer, "pump-dose") == "stop"
    assert grade(advise(chart + f"2026-03-20 11:05 program continuous {begin} mcg/day\n", NOW), "pump-dose") != "stop"


@pytest.mark.hazard("H04")
def test_sixty_mcg_every_hour_meant_as_once_a_day_is_named_with_its_total():
    """ISMP: 60 mcg once each morning was programmed as 60 mcg every hour."""
    answer = advise(PUMP + "2026-03-24 10:00 program bolus 60 mcg every 1 h\n", NOW)
    found = finding(answer, "pump-dose")
    assert found is not None
    assert found["grade"] == "stop"
    assert re.search("1,440 mcg(/day| daily)", found["says"])


@pytest.mark.hazard("H04")
@pytest.mark.parametrize(
    ("program", "total"),
    [
        ("continuous 96 mcg/day; bolus 2 mcg at 06:00, 22:00", 100),
        ("day 4 mcg/h from 00:00, 4.2 mcg/h from 12:00", 98.4),
        ("bolus 4 mcg every 1 h", 96),
    ],
)
def test_a_plan_for_a_program_of_steps_states_its_daily_total(program, total):
    answer = advise(FILLED + f"2026-03-20 11:05 program {program}\n2026-03-25 request adjust up\n", NOW)
    assert answer["pump"]["daily_dose"] == {"value": total, "unit": "ug/d"}
    assert plans(answer, "adjust")
    for plan in plans(answer, "adjust"):
        (after,) = doses(plan, "program")
        said = " ".join(step["says"] for step in plan["steps"])
        for each in (after, total):
            assert re.search(rf"{plain(Decimal(str(each)))} mcg(/day| daily)", said), said


# --- H05: what is not a number ----------------------------------------------------------------------------------------

ODD = [
    "nan", "NaN", "inf", "-inf", "Infinity", "-5", "-0", "+5", "1e3", "1E3", "0x10", ".5", "5.", "05", "1,00", "1_000",
    "1.2.3", "9999999999", "1.1234567", "\N{ARABIC-INDIC DIGIT FIVE}", "\N{VULGAR FRACTION ONE HALF}", "5-10", "5/10", "~5", "<5", "?", "1 000",
]  # fmt: skip


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("odd", ODD)
def test_what_is_not_a_plain_number_is_refused_in_every_place(odd):
    for line, digits, _ in AMOUNTS:
        assert refused(line[: digits[0]] + odd + line[digits[1] :]), line


@pytest.mark.hazard("H05")
@given(st.one_of(st.floats(), st.decimals(), st.from_regex(r"[-+]?[0-9.,eE]{1,8}", fullmatch=True)))
def test_every_number_that_is_read_is_finite_and_not_negative(value):
    try:
        found = number(str(value))
    except QuantityError:
        return
    assert found.is_finite()
    assert not found.is_signed()


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("value", ["nan", "snan", "inf", "-inf", "-1", "-0", "-0.000001"])
def test_no_quantity_is_made_of_what_is_not_an_amount(value):
    with pytest.raises(QuantityError):
        Quantity.of(value, "mcg/day")


@pytest.mark.hazard("H05")
@pytest.mark.parametrize(
    "odd", ["NaN", "Infinity", "-Infinity", "-1", "-0.0", "1e999", "1e-999", "null", '"5"', "true"]
)
def test_a_chart_in_json_with_such_a_number_is_refused(odd):
    chart = eutonia.read("\n".join(("2026-01-04 person id A-17", *MEASURED)) + "\n")
    text = json.dumps(chart.to_json())
    assert eutonia.read(text).hash == chart.hash
    places = list(re.finditer(r'"value": ([0-9.]+)', text))
    assert len(places) > 25
    for place in places:
        with pytest.raises(eutonia.ReadError):
            eutonia.read(text[: place.start(1)] + odd + text[place.end(1) :])


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, -1.0, 0.0])
@pytest.mark.parametrize("formula", ["cockcroft_gault", "ckd_epi_2021"])
def test_a_kidney_formula_that_fails_never_gives_a_full_dose(monkeypatch, formula, odd):
    monkeypatch.setattr(f"eutonia.findings.kidney.{formula}", lambda *_, **__: odd)
    try:
        answer = advise(ORAL, "2026-01-06 09:00")
    except (ArithmeticError, ValueError):
        return  # a mistake in the code raises; nobody gets a dose
    assert plans(answer, "titration") == []


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_flow_that_cannot_be_computed_never_gives_a_plan_for_the_pump(monkeypatch, odd):
    monkeypatch.setattr(Flow, "dose_mcg", lambda *_: odd)
    try:
        answer = advise(PUMP, NOW)
    except (ArithmeticError, ValueError):
        return
    assert plans(answer, "adjust") == []


# --- H07: what is not known gets no default ---------------------------------------------------------------------------

CHOICES = [
    ("2026-01-05 person id B; sex ", "female"),
    ("2026-01-05 condition spasticity; origin ", "spinal"),
    ("2026-01-05 condition spasticity; level ", "T6"),
    ("2026-01-05 medications ", "no others"),
    ("2026-01-05 pregnancy ", "not asked"),
    ("2026-01-05 breastfeeding ", "no"),
    ("2026-01-05 score ", "ashworth"),
    ("2026-01-05 score modified ashworth legs ", "1+"),
    ("2026-01-05 oral ", "stop"),
    ("2026-01-05 failed oral baclofen 80 mg/day; ", "intolerable"),
    ("2026-01-05 response ", "positive"),
    ("2026-01-05 device ", "telemetry lost"),
    ("2026-01-05 explained ", "residual; seen; by Dr X"),
    ("2026-01-05 request ", "adjust down"),
    ("2026-01-05 decision pregnancy ", "benefit outweighs risk; by Dr X"),
    ("2026-01-05 dialysis ", "stopped"),
    ("2026-01-05 interruption ", "surgery"),
    ("2026-01-05 lab creatinine 1 ", "mg/dL"),
    ("2026-01-05 implant SynchroMed II 20 mL; clock ", "Europe/Berlin"),
    ("2026-01-05 ", "contact"),
]


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(("head", "choice"), CHOICES)
@given(data=st.data())
@settings(max_examples=25)
def test_a_choice_that_is_not_on_the_list_is_refused_and_not_replaced(head, choice, data):
    place = data.draw(st.integers(0, len(choice) - 1))
    with_ = data.draw(st.sampled_from("xqzX#?7"))
    odd = choice[:place] + with_ + choice[place + 1 :]
    line, tail = head.replace("person id B", "person id A-17"), " legs 3" if choice == "ashworth" else ""
    assert not refused(line + choice + tail)
    if "#" in odd or re.search(r"by Dr|seen", choice[place - 6 : place + 7]) or re.search(r"[TCLS][1-9]|20 mL", odd):
        return  # a comment, a name, or another level that exists
    assert refused(line + odd + tail)


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(
    "line",
    [
        "2026-01-05 person born 1979-04-11",
        "2026-01-05 refill 18 mL",
        "2026-01-05 implant SynchroMed II",
        "2026-01-05 trial",
        "2026-01-05 lab 0.9 mg/dL",
        "2026-01-05 failed oral baclofen 80 mg/day",
        "2026-01-05 request adjust to",
        "2026-01-05 request strength",
        "2026-01-05 override kidney; by Dr X",
        "2026-01-05 explained residual",
        "2026-01-05 program bolus 12 mcg",
        "2026-01-05 program day 6 mcg/h from 08:00, 4 mcg/h from 20:00",
        "2026-01-05 oral 10 mg",
        "2026-01-05 oral 10 mg as needed",
    ],
)
def test_what_a_line_leaves_out_is_not_filled_in(line):
    assert refused(line)


@pytest.mark.hazard("H07")
def test_a_field_of_json_with_an_unknown_choice_or_name_is_refused():
    chart = eutonia.read(SCREENED)
    text = json.dumps(chart.to_json())
    assert eutonia.read(text).hash == chart.hash
    for known, odd in [
        ('"positive"', '"good"'),
        ('"spinal"', '"SPINAL"'),
        ('"male"', '"M"'),
        ('"no effect"', '"none"'),
        ('"trial"', '"bolus"'),
        ('"unit": "ug"', '"unit": "unit"'),
        ('"lasted"', '"duration"'),
        ('"format": "eutonia chart 1"', '"format": "eutonia chart 2"'),
    ]:
        assert known in text
        with pytest.raises(eutonia.ReadError):
            eutonia.read(text.replace(known, odd, 1))


@pytest.mark.hazard("H07")
def test_an_unknown_jurisdiction_or_zone_is_refused():
    with pytest.raises(KnowledgeError):
        advise(ORAL, "2026-01-06", jurisdiction="FR")
    with pytest.raises(eutonia.ReadError):
        advise(ORAL, "2026-01-06", zone="Europe/Nowhere")


# --- H08: rounding ----------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H08")
@pytest.mark.carries("ADM-04", "ADM-02", "CON-02")
@given(
    creatinine=st.decimals("0.4", "2.2", places=2),
    now_mg=st.sampled_from([0, 5, 15, 22.5, 30, 47.5, 60, 72.5, 77.5]),
    liquid=st.sampled_from(["", "; liquid 1 mg/mL", "; liquid 5 mg/mL"]),
    jurisdiction=st.sampled_from(JURISDICTIONS),
)
def test_a_titration_still_keeps_the_ceiling_after_rounding_to_what_can_be_dispensed(
    creatinine, now_mg, liquid, jurisdiction
):
    chart = ORAL.replace("creatinine 0.7", f"creatinine {creatinine}")
    if now_mg:
        chart += f"2026-01-01 oral {now_mg} mg once a day\n"
    chart += f"2026-01-06 request {'titrate' if now_mg else 'start'} oral{liquid}\n"
    found = facts(chart, "2026-01-06 09:00", jurisdiction)
    answer = advise(chart, "2026-01-06 09:00", jurisdiction)
    band = next(part for part in answer["findings"] if part["id"] == "kidney")
    share = next((Decimal(n) / d for n, d in ((2, 3), (1, 2), (1, 3)) if f"{n}/{d} of" in band["says"]), Decimal(1))
    most = share * found.book.quantity("oral.daily_max").value
    grain = Decimal(liquid.split()[2]) / 10 if liquid else Decimal("2.5")
    if grade(answer, "kidney") != "stop" and Decimal(str(now_mg)) + grain <= most:
        assert plans(answer, "titration"), refusals(answer, "titration")
    for plan in plans(answer, "titration"):
        for step in plan["steps"]:
            if step["do"] != "take":
                continue
            dose = Decimal(str(step["dose"]["value"]))
            assert dose <= max(
                most, Decimal(str(now_mg)) - Decimal("0.1") if plan["option"].startswith("down") else most
            )
            assert dose % grain == 0 or "Stay" in step["says"]
            taken = re.sub(r"^(If [^:]*: |Stay at )", "", step["says"])
            regimen = eutonia.read(f"2026-01-01 person id A\n2026-01-01 oral {taken.partition(' (')[0]}\n").events[1]
            assert regimen.what.regimen.daily.value == dose
            assert all(part.amount.value <= 20 for part in regimen.what.regimen.parts) or "Stay" in step["says"]
            assert "None" not in step["says"]


@pytest.mark.hazard("H08")
@pytest.mark.carries("ITB-03")
@given(
    daily=st.decimals(12, 1400, places=1),
    origin=st.sampled_from([("spinal", 10, 30), ("cerebral", 5, 15)]),
)
def test_a_change_of_the_pump_keeps_its_window_after_rounding_to_what_can_be_programmed(daily, origin):
    name, low, high = origin
    chart = FILLED.replace("origin spinal", f"origin {name}") + f"2026-03-20 11:05 program continuous {daily} mcg/day\n"
    chart += "2026-03-20 11:06 override pump-dose; by Dr X; because transferred at this dose\n"
    answer = advise(chart + "2026-03-24 request adjust up\n2026-03-24 request adjust down\n", NOW)
    rises = [dose for plan in plans(answer, "adjust") for dose in doses(plan, "program") if dose > daily]
    falls = [dose for plan in plans(answer, "adjust") for dose in doses(plan, "program") if dose < daily]
    # Below about 20 mcg/day a window of a few percent may hold fewer than three programmable doses.
    assert len(rises) == 3 or daily < 20, refusals(answer, "adjust")
    assert len(falls) == 2 or daily < 20, refusals(answer, "adjust")
    for dose in map(str, rises):
        assert low <= (Decimal(dose) / daily - 1) * 100 <= high
        assert Decimal(dose) % Decimal("0.1") == 0
    for dose in map(str, falls):
        assert -20 <= (Decimal(dose) / daily - 1) * 100 <= -10


# --- H09: the last digit never decides ------------------------------------------------------------------------------


@pytest.mark.hazard("H09")
@pytest.mark.carries("ITB-03")
@given(daily=st.integers(200, 15000))
def test_exactly_thirty_percent_is_inside_and_one_step_more_is_outside(daily):
    """Exact arithmetic: in binary, 1.3 times one dose in three falls on the wrong side."""
    now = Decimal(daily) / 10
    # The strongest drug, so that no refill is overdue: it would come before any rise.
    chart = FILLED.replace("500 mcg/mL", "2000 mcg/mL") + f"2026-03-20 11:05 program continuous {now} mcg/day\n"
    chart += "2026-03-20 11:06 override pump-dose; by Dr X; because transferred at this dose\n"
    for dose, allowed in (
        (now * Decimal("1.3"), True),
        (now * Decimal("1.3") + Decimal("0.01"), False),
        (now * Decimal("1.1") - Decimal("0.01"), True),
        (now * Decimal("0.8"), True),
        (now * Decimal("0.8") - Decimal("0.01"), False),
        (now * Decimal("0.9") + Decimal("0.01"), True),
    ):
        answer = advise(chart + f"2026-03-24 request adjust to {dose} mcg/day\n", NOW)
        assert bool(plans(answer, "adjust")) == (allowed and 12 <= dose <= 2003), (now, dose)


@pytest.mark.hazard("H09")
@pytest.mark.parametrize(
    ("chart", "now", "kind", "allowed"),
    [
        (ORAL + "2026-01-05 10:00 oral 75 mg once a day\n", "2026-01-09", "titration", True),
        (ORAL + "2026-01-05 10:00 oral 80 mg once a day\n", "2026-01-09", "titration", False),
        (SCREENED.replace("positive; lasted 7 h", "none"), "2026-03-03", "trial", True),
        (FILLED.replace("lasted 7 h", "lasted 7.999999 h"), "2026-03-20 12:00", "start", 100),
        (FILLED.replace("lasted 7 h", "lasted 8 h"), "2026-03-20 12:00", "start", 50),
        (FILLED.replace("lasted 7 h", "lasted 480 min"), "2026-03-20 12:00", "start", 50),
        (FILLED.replace("lasted 7 h", "lasted 479 min"), "2026-03-20 12:00", "start", 100),
        (PUMP + "2026-03-24 10:00 program stop\n", "2026-03-26 10:00", "restart", "similar dose"),
        (PUMP + "2026-03-24 10:00 program stop\n", "2026-03-26 10:01", "restart", "start rules"),
    ],
)
def test_a_limit_belongs_to_one_side_and_the_next_step_to_the_other(chart, now, kind, allowed):
    found = plans(advise(chart, now), kind)
    if isinstance(allowed, bool):
        assert bool(found) == allowed
    elif isinstance(allowed, int):
        assert doses(found[0], "program") == [allowed]
    else:
        assert [plan["option"] for plan in found] == [allowed]


@pytest.mark.hazard("H09")
@pytest.mark.parametrize(("measured", "balanced"), [("6", True), ("2", True), ("6.000001", False), ("1.999999", False)])
def test_two_ml_of_difference_are_inside_and_a_nanolitre_more_is_outside(measured, balanced):
    """18 mL less 0.2 mL/day over 70 days leaves 4 mL; of 14 mL any accuracy is more than 2 mL, which is the most."""
    chart = PUMP.replace("11:05 program", "11:00 program")
    answer = advise(chart + f"2026-05-29 11:00 residual {measured} mL\n", "2026-05-29 12:00")
    assert answer["pump"]["residual_measured"]["expected_ml"] == 4
    assert (grade(answer, "balance") is None) == balanced


@pytest.mark.hazard("H09")
@pytest.mark.parametrize(
    ("value", "share"),
    [("80.01", ""), ("80", "2/3"), ("50.01", "2/3"), ("50", "1/2"), ("30", "1/2"), ("29.99", "avoid")],
)
def test_each_band_of_the_kidney_begins_exactly_at_its_bound(value, share):
    chart = ORAL.replace("lab creatinine 0.7 mg/dL", f"lab clearance {value} mL/min")
    found = finding(advise(chart, "2026-01-06"), "kidney")
    assert found is not None
    assert share in found["says"] if share else found["grade"] == "note"


@pytest.mark.hazard("H09")
def test_no_single_precision_number_decides_anything():
    """Decisions are made in Decimal, or in float64; what runs on a GPU draws cohorts and decides for nobody."""
    for path in sorted((Path(eutonia.__file__).parent).rglob("*.py")):
        if {"body", "predict", "cohort"} & set(path.parts):
            continue
        names = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        assert not names & {"float32", "float16", "bfloat16"}, path


@pytest.mark.hazard("H09")
def test_the_size_of_a_unit_is_exact():
    for each in UNITS.values():
        assert Quantity(Decimal(3), each).to(each.name) == 3
    assert Quantity.of("0.3", "mg").to("mcg") == 300
    assert Quantity.of("0.1", "mg") == Quantity.of(100, "mcg")
    assert replace(UNITS["mg"], spellings=()).size == 1000

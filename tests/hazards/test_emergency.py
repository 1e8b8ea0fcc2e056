"""H62: overdose, withdrawal, or not yet told apart; and no alarm where nothing is wrong."""

from __future__ import annotations

import itertools

import pytest

from tests.charts import ORAL
from tests.hazards.answers import Answer, advise, finding, plans, stops
from tests.in_use import Case, case

CARDS = ("emergency-overdose", "emergency-withdrawal")
STABLE = """\
2024-01-01 person id P-1; born 1970-01-01; sex male
2025-11-01 weight 80 kg
2025-11-01 lab creatinine 0.9 mg/dL
2024-01-01 allergy none known
2025-11-30 medications no others
2024-01-01 condition multiple sclerosis; origin spinal
2024-01-01 failed oral baclofen 80 mg/day; no effect
2024-01-05 09:00 trial 50 mcg
2024-01-05 17:00 response positive; lasted 6 h
2023-01-01 10:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL
2025-12-01 10:00 refill 18 mL of 500 mcg/mL
2025-12-01 10:05 program continuous 300 mcg/day
"""
MOUTH = ORAL.replace("2026-01-05", "2025-11-01") + "2025-11-01 oral 20 mg three times a day\n"
NOW = "2025-12-10 10:00"


def raised(answer: Answer) -> list[str]:
    """The emergency findings of an answer; never more than one card among them, and none without a card."""
    ids = [each["id"] for each in answer["findings"] if each["id"] in CARDS]
    assert [each["id"] for each in answer["findings"] if "card" in each] == ids[:1]
    return ids


def card(answer: Answer) -> str:
    """The text of the one card."""
    (lines,) = (each["card"] for each in answer["findings"] if "card" in each)
    return "\n".join(lines)


def given(chart: str, *symptoms: str, now: str = NOW) -> Answer:
    """The answer for a chart with symptoms written at its moment."""
    return advise(chart + "".join(f"{now} symptom {each}\n" for each in symptoms), now)


# -- case 02 and its siblings: the dose fell -----------------------------------------------------------------------------


CASE_02 = [
    case("02"),
    case("02").replaced(("20 mg four", "15 mg four"), ("15 mg four times a day\n2026-01-12", "10 mg four times a day\n2026-01-12")),
    case("02").replaced(("hallucinations, seizure", "seeing things and a fit")),
    case("02").replaced(("2026-01-14 oral 5 mg four times a day", "2026-01-14 oral stop")),
    case("02").replaced(("lab creatinine 0.9", "lab creatinine 6.5")),
]  # fmt: skip


@pytest.mark.hazard("H62")
@pytest.mark.carries("WD-05")
@pytest.mark.parametrize("chart", CASE_02)
def test_seizure_and_hallucinations_after_a_fast_fall_are_never_overdose_alone(chart: Case):
    answer = chart.answer()
    assert "emergency-withdrawal" in raised(answer)
    assert "Restore baclofen by mouth" in card(answer)
    assert not plans(answer, "titration")


@pytest.mark.hazard("H62")
@pytest.mark.carries("WD-05")
def test_eighty_to_ten_with_hallucinations_and_fever_the_next_day_is_withdrawal():
    chart = ORAL.replace("2026-01-05", "2025-06-01")
    chart += "2025-06-01 oral 20 mg four times a day\n2025-12-09 08:00 oral 5 mg twice a day\n"
    answer = given(chart, "hallucinations, fever")
    assert raised(answer) == ["emergency-withdrawal"]


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("last", ["60", "40", "20", "0"])
def test_a_fall_in_several_steps_is_measured_from_the_highest_dose_of_two_weeks(last):
    steps = ["80", "68", "60", "40", "20", "0"]
    chart = ORAL.replace("2026-01-05", "2025-06-01")
    for day, dose in zip(range(1, 13, 2), steps[: steps.index(last) + 1], strict=False):
        chart += f"2025-12-{day:02d} 08:00 oral {f'{dose} mg/day in 4 doses' if dose != '0' else 'stop'}\n"
    chart = chart.replace("2025-12-01 08:00", "2025-06-01 08:00")
    answer = given(chart, "hallucinations", now="2025-12-13 10:00")
    fell = int(last) * 3 <= 80 * 2
    assert ("emergency-withdrawal" in raised(answer)) == fell


# -- case n1 and its siblings: the drug was just stopped ------------------------------------------------------------------

N1 = [
    case("n1"),
    case("n1").replaced(("somnolence, confusion", "coma, respiratory depression")),
    case("n1").replaced(("somnolence, confusion", "unresponsive")),
    case("n1").replaced(("somnolence, confusion", "seizure")),
    case("n1").replaced(("lab egfr 12 mL/min/1.73 m2", "dialysis")),
    case("n1").replaced(("2026-02-10 lab egfr 12 mL/min/1.73 m2\n", "")),
    case("n1").replaced(("10 mg three", "25 mg three")),
    case("n1").at("2026-02-13 08:00"),
]


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("chart", N1)
def test_after_a_stop_for_sedation_the_overdose_is_named_and_nothing_is_restored_alone(chart: Case):
    answer = chart.answer()
    assert raised(answer)[0] == "emergency-overdose"
    if len(raised(answer)) == 2:
        assert "not yet told apart" in card(answer).splitlines()[0]
        assert "treat as overdose first" in card(answer)
    else:
        assert "Restore baclofen" not in card(answer)


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("sign", ["coma", "seizure", "unresponsive", "RR 6", "GCS 7", "very drowsy"])
@pytest.mark.parametrize("kidney", ["0.9", "6.5", ""])
@pytest.mark.parametrize("hours", [1, 20, 60, 100, 200, 230, 400])
def test_what_is_possible_after_a_stop_follows_the_hours_and_the_kidney(sign, kidney, hours):
    """The sweep of H62: hours since the stop, kidney function, sign."""
    chart = MOUTH.replace("lab creatinine 0.7 mg/dL", f"lab creatinine {kidney} mg/dL" if kidney else "contact")
    stop, now = "2025-12-01 00:00", f"2025-12-{1 + hours // 24:02d} {hours % 24:02d}:00"
    ids = raised(given(chart + f"{stop} oral stop\n", sign, now=now))
    over = hours <= (72 if kidney == "0.9" else 216)
    lacking = 12 <= hours <= 336
    assert ("emergency-overdose" in ids) == over, ids
    if not over:
        assert ("emergency-withdrawal" in ids) == lacking, ids
    if over and lacking and sign in ("coma", "seizure", "unresponsive", "GCS 7"):
        assert set(ids) == set(CARDS)
    if over and not lacking:
        assert ids == ["emergency-overdose"]


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("sign", ["somnolence", "confusion", "hallucinations", "coma"])
@pytest.mark.parametrize("end", ["", "2025-12-09 08:00 oral stop\n", "2025-12-08 18:00 oral stop\n"])
def test_three_days_of_five_mg_on_dialysis_are_never_withdrawal(sign, end):
    chart = (
        ORAL.replace("2026-01-05", "2025-11-01") + "2025-11-01 dialysis\n2025-12-06 08:00 oral 5 mg three times a day\n"
    )
    assert raised(given(chart + end, sign)) == ["emergency-overdose"]  # fmt: skip


@pytest.mark.hazard("H62")
@pytest.mark.carries("WD-05")
@pytest.mark.parametrize("what", ["supply lost", "nothing by mouth", "surgery"])
@pytest.mark.parametrize(("day", "card"), [("2025-12-08", True), ("2025-11-20", False)])
def test_missed_doses_are_a_reason_for_two_weeks(what, day, card):
    chart = MOUTH + f"{day} interruption {what}\n"
    assert raised(given(chart, "stiffness")) == (["emergency-withdrawal"] if card else [])
    ordered = chart + "2025-12-08 20:00 oral 20 mg three times a day\n"
    assert raised(given(ordered, "stiffness")) == []


# -- the pump -------------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H62")
@pytest.mark.parametrize(
    ("lines", "sign", "ids"),
    [
        ("", "coma", CARDS[:1]),
        ("", "respiratory rate 6", CARDS[:1]),
        ("", "hypothermia", CARDS[:1]),
        ("", "temp 33.9 C", CARDS[:1]),
        ("", "seizure", CARDS),
        ("", "confusion", CARDS),
        ("", "hallucinations", CARDS[1:]),
        ("", "fever, rigidity", CARDS[1:]),
        ("", "labile blood pressure", CARDS[1:]),
        ("2025-12-10 09:00 program stop\n", "coma", CARDS[:1]),
        ("2025-12-08 09:00 program stop\n", "coma", CARDS),
        ("2025-12-05 09:00 program stop\n", "coma", CARDS[1:]),
        ("2025-12-08 09:00 program continuous 150 mcg/day\n", "itching", CARDS[1:]),
        ("2025-12-08 09:00 program continuous 150 mcg/day\n", "stiffness", CARDS[1:]),
        ("2025-12-08 09:00 device stall\n", "fever", CARDS[1:]),
        ("2025-11-20 09:00 revision catheter; line 0.3 mL; tip T8\n", "itching", CARDS[1:]),
        ("2025-12-10 08:00 refill 18 mL of 500 mcg/mL\n", "somnolence", CARDS[:1]),
        ("2025-12-10 08:00 refill 18 mL of 500 mcg/mL\n", "itching", CARDS[1:]),
    ],
)
def test_with_a_pump_each_card_needs_its_exposure(lines, sign, ids):
    assert raised(given(STABLE + lines, sign)) == list(ids)


@pytest.mark.hazard("H62")
def test_a_screening_bolus_is_possible_for_three_days_and_not_for_ever():
    chart = STABLE[: STABLE.index("2023-01-01")].replace("2024-01-05", "2025-12-10")
    assert raised(given(chart, "coma", now="2025-12-12 10:00")) == ["emergency-overdose"]
    assert raised(given(chart, "coma", now="2025-12-20 10:00")) == []


@pytest.mark.hazard("H62")
def test_past_the_end_of_service_an_early_sign_is_withdrawal():
    chart = STABLE.replace("2023-01-01 10:00 implant", "2018-01-01 10:00 implant")
    assert raised(given(chart, "more spasms")) == ["emergency-withdrawal"]


@pytest.mark.hazard("H62")
def test_a_dry_reservoir_and_a_seizure_are_not_kept_from_their_refill():
    answer = given(STABLE, "seizure", now="2026-01-02 10:00")
    assert set(raised(answer)) == set(CARDS)
    assert not stops(answer, "refill")
    assert not stops(answer, "restart")
    assert "EMPTY" in card(answer)
    assert stops(given(STABLE, "seizure, coma", now="2026-01-02 10:00"), "refill")


# -- the cards ------------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H62")
@pytest.mark.parametrize(("chart", "sign"), [(STABLE, "seizure"), (MOUTH + "2025-12-09 08:00 oral stop\n", "coma")])
def test_the_one_card_begins_with_what_both_need_and_then_tells_them_apart(chart, sign):
    answer = given(chart, sign)
    assert set(raised(answer)) == set(CARDS)
    text = card(answer)
    order = [
        "Overdose or withdrawal: not yet told apart",
        "Call the emergency team now",
        "irway, breathing and circulation",
        "monitored bed",
        "last doses",
        "creatinine",
        "baclofen level",
        "Breathing or consciousness depressed: treat as overdose first. Hold the dose, do not restore",
        "Awake, rigid, febrile or hallucinating: treat as withdrawal",
    ]
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    if chart is STABLE:
        assert text.index("Read the pump out before") < text.index("Breathing or consciousness depressed")


@pytest.mark.hazard("H62")
@pytest.mark.carries("WD-01")
@pytest.mark.parametrize("chart", [STABLE + "2025-12-09 08:00 program stop\n", MOUTH + "2025-12-09 08:00 oral stop\n"])
def test_the_withdrawal_card_names_what_the_evidence_has(chart):
    text = card(given(chart, "hallucinations, fever, rigidity")).lower()
    for each in ("restore", "enteral tube", "lumbar bolus", "benzodiazepine", "creatine kinase (ck)", "monitored bed"):
        assert each in text, each
    assert text.index("unproven") < text.index("propofol") < text.index("dantrolene") < text.index("tizanidine")


@pytest.mark.hazard("H62")
@pytest.mark.carries("TOX-02")
@pytest.mark.parametrize(
    "sign",
    [
        "hypothermia", "Hypothermic", "low body temperature", "body temperature low", "temp 34.5", "T 35.0 C", "33,9 °C",
        "hypothermia 33.9", "temperature 94 F", "cold to touch", "subnormal temperature", "TEMP 34",
    ],
)  # fmt: skip
@pytest.mark.parametrize("chart", [STABLE, MOUTH])
def test_hypothermia_in_any_wording_raises_the_overdose_card(sign, chart):
    assert raised(given(chart, sign)) == ["emergency-overdose"]


@pytest.mark.hazard("H62")
@pytest.mark.carries("WD-01")
@pytest.mark.parametrize(
    "sign", ["hyperpyrexia", "temp 40.2", "fever and stiffness", "impaired mental state", "rhabdomyolysis", "organ failure"]
)  # fmt: skip
def test_the_hypermetabolic_state_on_a_pump_is_withdrawal(sign):
    assert "emergency-withdrawal" in raised(given(STABLE, sign))


# -- no false alarm ---------------------------------------------------------------------------------------------------------

OLD = "2025-10-01 09:00"
ROUTINE = {
    "stable pump, fever and cough": (STABLE, ["fever, cough"]),
    "stable pump, fever 38.5 and a sore throat": (STABLE, ["fever 38.5 C, sore throat"]),
    "stable pump, stiffer in the cold": (STABLE, ["stiffness"]),
    "stable pump, itchy skin": (STABLE, ["itchy skin"]),
    "stable pump, a racing heart": (STABLE, ["racing heart"]),
    "stable pump, restless": (STABLE, ["restless"]),
    "stable pump, tingling": (STABLE, ["pins and needles"]),
    "stable pump, slightly sleepy": (STABLE, ["slightly sleepy"]),
    "stable pump, vital signs": (STABLE, ["RR 14, SpO2 97 %, BP 120/80, pulse 72, temp 36.8 C, GCS 15"]),
    "stable pump, no complaint": (STABLE, ["none"]),
    "stable pump, constipation": (STABLE, ["constipation"]),
    "stable pump, no fever": (STABLE, ["no fever, no seizure"]),
    "stable pump, urinary tract infection": (STABLE, ["UTI, fever"]),
    "pump, dose lowered by a tenth": (STABLE + "2025-12-08 09:00 program continuous 270 mcg/day\n", ["stiffness"]),
    "pump, dose raised": (STABLE + "2025-12-08 09:00 program continuous 330 mcg/day\n", ["dizziness"]),
    "pump, seizure resolved": (STABLE + "2025-12-09 09:00 symptom seizure\n", ["seizure; resolved"]),
    "pump, fever of an infection": (STABLE + "2025-12-08 09:00 device stall\n", ["fever; unrelated"]),
    "stable by mouth, stiffness": (MOUTH, ["stiffness"]),
    "stable by mouth, spasms at night": (MOUTH, ["spasms worse at night"]),
    "stable by mouth, fever and cough": (MOUTH, ["fever, cough"]),
    "stable by mouth, drowsy after the dose": (MOUTH, ["drowsiness after dose"]),
    "stable by mouth, tired": (MOUTH, ["tired"]),
    "stable by mouth, dizzy": (MOUTH, ["mild dizziness"]),
    "by mouth, dizziness resolved": (MOUTH + "2025-12-05 symptom dizziness\n", ["dizziness; resolved"]),
    "by mouth, itching": (MOUTH, ["itching"]),
    "by mouth, restless": (MOUTH, ["restlessness"]),
    "by mouth, a fall": (MOUTH, ["fell over", "bruise"]),
    "by mouth, an old coma": (MOUTH + "2025-11-05 symptom coma\n", ["contact lens lost"]),
    "tapered slowly by a sixth": (MOUTH + "2025-12-05 oral 50 mg/day in 4 doses\n", ["stiffness"]),
    "not on baclofen": (ORAL.replace("2026-01-05", "2025-11-01"), ["fever, headache"]),
    "stopped long ago": (MOUTH + "2025-11-02 oral stop\n", ["fever, stiffness"]),
}


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("name", ROUTINE)
def test_a_routine_situation_raises_no_emergency_card(name):
    chart, symptoms = ROUTINE[name]
    assert raised(given(chart, *symptoms)) == []


def test_there_are_enough_routine_situations():
    assert len(ROUTINE) >= 20


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("sign", ["fever", "stiffness", "itch without rash", "piloerection", "restless", "rigidity"])
def test_an_early_sign_in_a_stable_pump_patient_asks_for_the_pump_to_be_read_out_today(sign):
    answer = given(STABLE, sign)
    assert raised(answer) == []
    said = " ".join(each["says"] + each["resolve"] for each in answer["findings"])
    assert "measure the residual volume today" in said
    assert plans(answer, "refill")


@pytest.mark.hazard("H62")
def test_every_combination_of_signs_has_one_card_at_most():
    signs = ("coma", "seizure", "hallucinations", "fever", "itch", "RR 6", "rigidity", "blue toes")
    charts = [STABLE, STABLE + "2025-12-08 09:00 program stop\n", MOUTH, MOUTH + "2025-12-09 08:00 oral stop\n"]
    for chart, some in itertools.product(charts, itertools.combinations(signs, 2)):
        raised(given(chart, ", ".join(some)))


@pytest.mark.hazard("H62")
def test_acute_kidney_injury_on_baclofen_is_a_stop_about_accumulation():
    rise = "2025-12-08 08:00 lab creatinine 0.8 mg/dL\n2025-12-09 08:00 lab creatinine 1.7 mg/dL\n"
    for chart in (MOUTH, STABLE):
        kidney = finding(advise(chart + rise, NOW), "kidney")
        assert kidney is not None
        assert kidney["grade"] == "stop"
        assert "Acute kidney injury" in kidney["says"]
        assert "accumulates" in kidney["says"]
        assert "drowsiness, confusion and slow breathing" in kidney["resolve"]
        assert all(each["option"] in ("hold", "step back") for each in plans(advise(chart + rise, NOW), "titration"))
    up = advise(STABLE + rise + f"{NOW} request adjust up\n", NOW)
    assert all(
        step["dose"]["value"] < 300 for each in plans(up, "adjust") for step in each["steps"] if step["do"] == "program"
    )


@pytest.mark.hazard("H62")
@pytest.mark.parametrize(
    "later",
    ["2025-12-09 20:00 lab creatinine 0.9 mg/dL\n", "2025-12-10 08:00 lab egfr 80 mL/min/1.73 m2\n"],
)  # fmt: skip
def test_a_newer_kidney_value_ends_the_acute_rise(later):
    rise = "2025-12-08 08:00 lab creatinine 0.8 mg/dL\n2025-12-09 08:00 lab creatinine 1.7 mg/dL\n"
    assert "Acute kidney injury" not in str(advise(MOUTH + rise + later, NOW)["findings"])


@pytest.mark.hazard("H62")
def test_an_acute_rise_of_years_ago_is_none():
    rise = "2023-12-08 08:00 lab creatinine 0.8 mg/dL\n2023-12-09 08:00 lab creatinine 1.7 mg/dL\n"
    kidney = finding(advise(MOUTH + rise + "2025-12-01 lab egfr 80 mL/min/1.73 m2\n", NOW), "kidney")
    assert kidney is not None
    assert "Acute" not in kidney["says"]

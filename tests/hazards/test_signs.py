"""H63 and H64: a sign in any words is read, what is not read holds an increase, and what is open stays open."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from eutonia.findings.signs import read
from eutonia.knowledge import book
from tests.charts import ORAL, PUMP
from tests.hazards.answers import Answer, advise, finding, plans, stops
from tests.hazards.test_emergency import MOUTH, NOW, STABLE, given, raised
from tests.in_use import Case, case

BOOK = book("US")
TABLE = Path(__file__).parent / "tables" / "everyday.tsv"


def meant(text: str) -> set[str]:
    """The names of the entries that a text is read as."""
    return {entry.name for reading in read(BOOK, text) for entry in (*reading.entries, *reading.spinal)}


def kind(text: str) -> str:
    """What a text is read as, the most urgent first."""
    readings = read(BOOK, text)
    entries = [entry for reading in readings for entry in reading.entries]
    if any(entry.more.get("alone") for entry in entries) or any(reading.red for reading in readings):
        return "emergency"
    if any(reading.unread for reading in readings):
        return "unread"
    if any(entry.name.startswith("adverse.") for entry in entries):
        return "effect"
    return "early sign" if any(entry.name.startswith(("symptom.", "sign.")) for entry in entries) else "everyday"


def said(answer: Answer) -> str:
    """All that the findings say and ask for."""
    return " ".join(f"{each['says']} {each['resolve']}" for each in answer["findings"])


def rises(answer: Answer) -> list[float]:
    """The doses of the plans that lie above today's: 60 mg by mouth, 300 mcg in the spine."""
    steps = [
        step["dose"]["value"] - (60 if plan["kind"] == "titration" else 300)
        for plan in answer["plans"]
        if plan["kind"] in ("titration", "adjust")
        for step in plan["steps"]
        if step["do"] in ("take", "program")
    ]
    return [step for step in steps if step > 0]


# -- H63: words and vital signs ---------------------------------------------------------------------------------------------

WORDS = {
    "respiratory depression": [
        "respiratory rate 6", "RR 6", "RR=7/min", "resp rate: 5", "6 breaths per minute", "not breathing well", "breathing not well",
        "Not Breathing Well", "breathing slowly", "shallow respirations", "apnoeic", "stopped breathing", "depressed breathing",
        "breathing is depressed", "RESPIRATORY DEPRESSION", "respiratory depresion", "barely breathing", "agonal breathing", "RR 4-6", "RR6",
    ],
    "low oxygen saturation": ["SpO2 80 %", "sats 80%", "O2 sat 85", "saturation 91%", "saturating at 88 % on room air", "SpO2 0.8", "blue lips", "SpO2 88 % on 2 L"],
    "coma": ["GCS 8", "GCS 3/15", "Glasgow coma scale 5", "unresponsive", "does not wake up", "cannot be woken", "unrousable",
             "not responding to pain", "lost consciousness", "comatose", "no response", "unconcious"],
    "altered mental state": ["GCS 13", "GCS 9", "new confusion", "not oriented", "acutely confused", "delirious", "talking nonsense"],
    "somnolence": ["very drowsy", "extremely sleepy", "hard to wake", "difficult to rouse", "cannot stay awake", "severely sedated"],
    "seizure": ["a fit", "had a fit", "convulsing", "seizures", "siezure", "tonic clonic seizure", "status epilepticus"],
    "hallucination": ["seeing things", "hears voices", "Hallucinating", "halucinations", "sees people that are not there"],
    "hypothermia": ["hypothermia 33.9", "temp 34.9", "T 95 F", "temperature 35.0 C", "body temperature low", "33.5°C"],
    "fever": ["T38.9", "Temp. 39.2", "fever 39.5", "temp 38.1", "39 C", "temperature 102 F", "feverish", "38,5 °C"],
    "hyperpyrexia": ["temp 40.1", "fever 41", "very high fever", "105 F"],
    "tachycardia": ["pulse 140", "HR 131", "racing heart", "tachycardia 150"],
    "slow pulse": ["pulse 38", "HR 40", "heart rate 35/min"],
    "low systolic pressure": ["BP 80/40", "systolic 88", "blood pressure 90/60 mmHg", "SBP 75"],
    "very high systolic pressure": ["BP 230/120", "systolic 220"],
    "fast breathing": ["RR 25", "respiratory rate 32", "tachypnoea"],
    "return of spasticity": ["increased tone", "worsening spasticity", "tone increased", "more spasms", "Stiffer"],
    "itch without rash": ["itchy", "itching all over", "itch"],
    "hypotonia": ["hypotonia", "floppy", "low muscle tone"],
}  # fmt: skip


@pytest.mark.hazard("H63")
@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WORDS.items() for text in texts])
def test_a_sign_is_read_in_any_words_and_as_a_number(name, text):
    entries = {entry.name for entry in BOOK.library.entries.values() if entry.value == name}
    assert entries & meant(text), (text, meant(text))
    assert not any(reading.unread for reading in read(BOOK, text))


@pytest.mark.hazard("H63")
@pytest.mark.parametrize(
    "text",
    ["RR 14", "respiratory rate 9", "RR 24", "SpO2 92 %", "sats 97%", "temp 36.8", "temp 35.1 C", "38.0 C", "pulse 41", "HR 130",
     "BP 120/80", "BP 91/60", "systolic 219", "GCS 15", "GCS 15/15", "98.6 F"],
)  # fmt: skip
def test_a_vital_sign_inside_its_band_is_none(text):
    assert meant(text) == set()
    assert not any(reading.unread for reading in read(BOOK, text))


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("text", ["RR 600", "SpO2 140 %", "temp 12", "GCS 20", "pulse 900", "temp 395"])
def test_a_number_that_cannot_be_is_not_read(text):
    assert any(reading.unread for reading in read(BOOK, text))


@pytest.mark.hazard("H63")
@pytest.mark.parametrize(
    "text",
    ["no seizure", "denies drowsiness", "not confused", "no fever or rigidity", "without fever", "denies seizures, nausea, fever",
     "no longer drowsy", "no signs of respiratory depression", "no breathing problems", "denies breathing problems",
     "no difficulty breathing", "no problems with breathing"],
)  # fmt: skip
def test_what_is_denied_is_no_sign(text):
    assert raised(given(STABLE, text)) == []
    assert meant(text) == set()


@pytest.mark.hazard("H63")
@pytest.mark.parametrize(
    "text", ["fever but no rash", "not sleeping", "cannot stand because of dizziness", "no response", "not breathing"]
)
def test_a_negative_word_hides_no_sign(text):
    assert meant(text)


@pytest.mark.hazard("H63")
@pytest.mark.parametrize(
    "text",
    ["awake and alert", "breathing normally", "easily rousable", "obs stable", "sleeping well", "fully conscious"],
)
@pytest.mark.parametrize("chart", [STABLE, MOUTH])
def test_what_is_as_it_should_be_raises_and_holds_nothing(text, chart):
    request = "adjust up" if chart is STABLE else "titrate oral"
    answer = given(chart + f"{NOW} request {request}\n", text)
    assert raised(answer) == []
    assert rises(answer)


@pytest.mark.hazard("H63")
@pytest.mark.parametrize(
    "text",
    ["not awake", "not alert", "not conscious", "not oriented", "not rousable", "not talking", "stopped responding"],
)
def test_what_is_not_as_it_should_be_raises_the_card(text):
    assert raised(given(STABLE, text))


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("text", ["not comfortable", "not stable", "no interest in cards"])
def test_a_negation_that_nobody_can_read_is_not_taken_for_an_answer(text):
    assert any(reading.unread for reading in read(BOOK, text))


def everyday() -> list[tuple[str, str]]:
    """The everyday symptoms of the table, and what each is read as."""
    with TABLE.open(encoding="utf-8") as lines:
        return [(row["symptom"], row["read as"]) for row in csv.DictReader(lines, delimiter="\t")]


@pytest.mark.hazard("H63")
def test_of_everyday_symptoms_at_most_one_in_twenty_is_not_read():
    rows = everyday()
    assert len({text for text, _ in rows}) == len(rows) >= 200
    assert [(text, kind(text)) for text, _ in rows] == rows
    assert sum(read_as == "unread" for _, read_as in rows) <= len(rows) / 20


LABELLED = sorted(
    {
        text
        for entry in BOOK.under("adverse.label.")
        if isinstance(entry.value, list) and not str(entry.value[0]).endswith("%")
        for text in entry.value
    }
)


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("effect", LABELLED)
def test_every_adverse_effect_of_the_labels_is_recognized(effect):
    for text in (effect, effect.upper(), f"{effect} since yesterday"):
        assert any(name.startswith(("adverse.", "symptom.")) for name in meant(text)), text
        assert not any(reading.unread for reading in read(BOOK, text))


# -- case 28 and its siblings ------------------------------------------------------------------------------------------------

CASE_28 = {
    "respiratory rate 6": True, "GCS 8": True, "fever 39.5": False, "SpO2 80 %": True, "very drowsy": True,
    "not breathing well": True, "BP 80/40": True, "hypothermia 33.9": True, "Drowsy, RR 6": True,
}  # fmt: skip


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("sign", CASE_28)
@pytest.mark.parametrize("request_", ["", "2025-12-10 09:30 request adjust up"])
def test_case_28_each_sign_is_read_and_depressed_breathing_or_consciousness_raises_the_card(sign, request_):
    chart = case("28").replaced(("respiratory rate 6", sign))
    answer = (chart.with_lines(request_) if request_ else chart).answer()
    assert bool(raised(answer)) == CASE_28[sign]
    assert "Not recognized" not in said(answer)
    if CASE_28[sign]:
        assert not rises(answer)


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("sign", [sign for sign, card in CASE_28.items() if card])
def test_the_same_signs_are_read_by_mouth_and_in_any_letter_case(sign):
    for text in (sign, sign.upper(), sign.lower()):
        answer = given(MOUTH + f"{NOW} request titrate oral\n", text)
        assert raised(answer)
        assert not rises(answer)


@pytest.mark.hazard("H63")
@pytest.mark.parametrize(
    "text",
    ["seizure, blue toes", "blue toes, seizure", "blue toes and seizure", "seizure,blue toes", "seizure blue toes"],
)
@pytest.mark.parametrize("chart", [STABLE, MOUTH])
def test_one_word_that_is_not_read_never_silences_the_sign_beside_it(chart, text):
    assert raised(given(chart, text))


# -- what is not read ---------------------------------------------------------------------------------------------------------

UNREAD = ["blue toes", "purple spots on the knee", "smells burnt toast", "RR 600"]


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("text", UNREAD)
@pytest.mark.parametrize(("chart", "request_"), [(STABLE, "adjust up"), (MOUTH, "titrate oral")])
def test_what_is_not_read_holds_an_increase_until_a_person_classifies_it(text, chart, request_):
    chart += f"{NOW} request {request_}\n"
    assert rises(given(chart))
    held = given(chart, text)
    assert not rises(held)
    assert f"'{text}'" in said(held)
    assert "classifies it" in said(held)
    for label in ("unrelated", "resolved"):
        assert rises(given(chart, text, f"{text}; {label}")), label
    for label in ("effect", "emergency"):
        assert not rises(given(chart, text, f"{text}; {label}")), label
    assert raised(given(chart, f"{text}; emergency"))
    assert not raised(given(chart, f"{text}; effect"))


@pytest.mark.hazard("H63")
def test_what_is_not_read_holds_for_as_long_as_nobody_classifies_it():
    chart = STABLE + "2025-12-02 symptom blue toes\n2025-12-25 request adjust up\n"
    assert not rises(advise(chart, "2025-12-25"))


@pytest.mark.hazard("H63")
def test_what_is_not_read_blocks_no_refill_no_taper_no_lower_dose_and_no_restart():
    answer = given(STABLE, "blue toes")
    assert plans(answer, "refill")
    assert plans(answer, "adjust")
    assert all(not stops(answer, each) for each in ("refill", "taper", "restart", "adjust", "titration"))
    assert plans(given(MOUTH, "blue toes"), "taper")
    stopped = STABLE + "2025-12-09 20:00 program stop\n" + f"{NOW} request restart\n"
    assert plans(given(stopped, "blue toes"), "restart") == plans(given(stopped), "restart")


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("text", ["seizure", "coma", "RR 6"])
def test_a_sign_called_an_effect_stays_an_emergency_and_only_unrelated_ends_it(text):
    assert raised(given(STABLE, f"{text}; effect"))
    answer = given(STABLE, text, f"{text}; unrelated")
    assert not raised(answer)
    assert "lassified as unrelated" in said(answer)


# -- H64: what is open stays open ----------------------------------------------------------------------------------------------

N2 = [
    case("n2"),
    case("n2").replaced(("2026-02-11 symptom somnolence", "2026-01-08 symptom sedation")),
    case("n2").replaced(("symptom somnolence", "symptom confusion, nausea")),
    case("n2").replaced(("symptom somnolence", "symptom urinary retention")),
    case("n2").at("2026-06-20 10:00"),
]


@pytest.mark.hazard("H64")
@pytest.mark.parametrize("chart", N2)
def test_case_n2_an_unresolved_sedation_holds_the_increase_and_is_asked_about(chart: Case):
    answer = chart.answer()
    assert not raised(answer)
    assert all(plan["option"] in ("hold", "step back") for plan in plans(answer, "titration"))
    assert "Not answered" in said(answer)


@pytest.mark.hazard("H64")
@pytest.mark.parametrize("days", [0, 6, 7, 8, 30, 200])
@pytest.mark.parametrize(
    ("effect", "lasts"),
    [("drowsiness", True), ("urinary retention", True), ("seizure", True), ("coma", True), ("confusion", True),
     ("nausea", False), ("constipation", False), ("dizziness", False)],
)  # fmt: skip
def test_serious_and_sedating_effects_hold_at_any_age_and_mild_ones_become_a_question(effect, lasts, days):
    """The age sweep of H64."""
    chart = (
        ORAL.replace("2026-01-05", "2025-11-01")
        .replace("pregnancy no", "pregnancy no")
        .replace("sex female", "sex male")
    )
    chart += "2025-11-01 oral 20 mg three times a day\n2025-11-02 09:00 symptom " + effect + "\n"
    now = f"2025-{11 + (1 + days) // 30:02d}-{(1 + days) % 30 + 1:02d} 10:00" if days < 50 else "2026-04-20 10:00"
    answer = advise(chart + f"{now} request titrate oral\n", now)
    held = days <= 7 or lasts
    assert bool(rises(answer)) != held, (now, effect)
    if days > 7:
        assert "Not answered" in said(answer)
        assert effect in said(answer).lower()
    closed = advise(chart + f"{now} symptom {effect}; resolved\n{now} request titrate oral\n", now)
    assert rises(closed)
    assert "Not answered" not in said(closed)


@pytest.mark.hazard("H64")
def test_none_is_an_answer_that_ends_mild_effects_by_name_and_no_serious_one():
    chart = MOUTH + "2025-12-05 symptom nausea, constipation\n2025-12-05 symptom urinary retention\n"
    answer = given(chart + f"{NOW} request titrate oral\n", "none")
    assert "'symptom none' of 2025-12-10 ended nausea (2025-12-05) and constipation (2025-12-05)" in said(answer)
    assert "still open in spite of it" in said(answer)
    assert "urinary retention" in said(answer)
    assert not rises(answer)
    assert rises(given(chart + f"{NOW} request titrate oral\n", "none", "urinary retention; resolved"))


@pytest.mark.hazard("H64")
@pytest.mark.parametrize(
    "text", ["none", "no symptoms", "None today", "asymptomatic", "feels well", "denies side effects"]
)
def test_none_in_other_words_is_the_same_answer(text):
    chart = MOUTH + "2025-12-05 symptom nausea\n" + f"{NOW} request titrate oral\n"
    assert not rises(given(chart))
    assert rises(given(chart, text))


@pytest.mark.hazard("H64")
def test_a_newer_vital_sign_takes_the_place_of_an_older_one():
    assert raised(given(STABLE, "RR 6"))
    assert not raised(given(STABLE + "2025-12-10 08:00 symptom RR 6\n", "RR 14"))
    assert raised(given(STABLE + "2025-12-10 08:00 symptom RR 14\n", "RR 6"))
    assert raised(given(STABLE + "2025-12-10 08:00 symptom RR 6\n", "pulse 72"))


@pytest.mark.hazard("H64")
@pytest.mark.parametrize("end", ["somnolence", "Drowsiness", "sleepy"])
def test_an_end_in_other_words_ends_the_same_sign(end):
    chart = MOUTH + "2025-12-05 symptom sleepiness\n" + f"{NOW} request titrate oral\n"
    assert not rises(given(chart))
    assert rises(given(chart, f"{end}; resolved"))


@pytest.mark.hazard("H64")
def test_an_effect_is_written_back_as_it_was_classified():
    for line in ("symptom blue toes; unrelated", "symptom blue toes; effect", "symptom blue toes; emergency"):
        chart = STABLE + f"{NOW} {line}\n"
        assert line in chart
        assert finding(advise(chart, NOW), "symptoms") is None or "No increase" not in said(advise(chart, NOW))


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("words", ["toothache", "bruise", "burning on passing water", "hay fever", "blue toes", "cut"])
@pytest.mark.parametrize("end", ["", "; unrelated", "; effect"])
def test_no_finding_prints_a_list_of_the_knowledge(words: str, end: str) -> None:
    chart = PUMP + f"2026-03-24 10:00 symptom {words}{end}\n"
    answer = advise(chart, "2026-03-24 12:00")
    assert not [each["says"] for each in answer["findings"] if "['" in each["says"] + each["resolve"]]

"""What a pharmacist's review of adversarial charts showed: swallowed in excess, and what stands beside an overdose card."""

from __future__ import annotations

import pytest

from eutonia.findings.card_first import GIVES
from eutonia.findings.signs import read
from eutonia.knowledge import book
from tests.hazards.answers import Answer, advise, finding, plans, texts
from tests.hazards.test_emergency import MOUTH, NOW, STABLE, card, given, raised
from tests.in_use import FOLDER, Case, case

BOOK = book("US")
CHARTS = [case(path.stem.split("-")[0]) for path in sorted(FOLDER.glob("*.chart"))]


def meant(text: str) -> set[str]:
    """The names of the entries that a text is read as."""
    return {entry.name for reading in read(BOOK, text) for entry in (*reading.entries, *reading.spinal)}


def rises(answer: Answer) -> list[str]:
    """The options by mouth that take more than 60 mg daily, and those of the pump above 300 mcg daily."""
    most = {"titration": 60, "adjust": 300}
    return [
        plan["option"]
        for plan in answer["plans"]
        for step in plan["steps"]
        if plan["kind"] in most and step["do"] in ("take", "program") and step["dose"]["value"] > most[plan["kind"]]
    ]


# -- swallowed in excess -----------------------------------------------------------------------------------------------

POISONED = [
    "swallowed 30 tablets of baclofen 10 mg, vomiting", "took 300 mg of baclofen at once", "baclofen 200 mg swallowed 45 min ago",
    "ingested 1,500 mg", "took 20 x 10 mg", "took 30 10-mg tablets", "swallowed 40 tablets", "swallowed thirty tablets", "overdose",
    "OVERDOSED on baclofen 2 hours ago", "suspected baclofen overdose", "suicide attempt with tablets", "took the whole box of tablets",
    "took 0.2 g of baclofen", "vomiting and swallowed 15 tablets of 10 mg",
]  # fmt: skip
EXCESS = [
    "took too many tablets",
    "double dose",
    "took a double dose by mistake",
    "swallowed 6 tablets",
    "took 100 mg baclofen",
    "dose taken twice",
]
NEITHER = ["denies overdose", "no overdose", "previous overdose 2019", "took 30 tablets of paracetamol", "missed 30 tablets", "too many spasms",
           "difficulty swallowing tablets", "drowsy after 20 mg taken"]  # fmt: skip


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("text", POISONED)
def test_a_large_amount_swallowed_raises_the_overdose_card(text: str):
    answer = given(MOUTH, text)
    assert raised(answer) == ["emergency-overdose"]
    assert "no more baclofen" in card(answer)
    assert not plans(answer, "titration")
    assert not plans(answer, "taper")


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("text", EXCESS)
def test_an_excess_of_small_or_unknown_amount_holds_increases(text: str):
    answer = given(MOUTH, text)
    assert raised(answer) == []
    assert finding(answer, "excess") is not None or finding(answer, "effects") is not None
    assert not rises(answer)


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("text", ["took 100 mg baclofen", "double dose", "swallowed 6 tablets"])
@pytest.mark.parametrize(
    "change",
    [("lab creatinine 0.7 mg/dL", "lab creatinine 4.1 mg/dL"), ("born 1979-04-11", "born 2014-04-11")],
    ids=["kidneys", "child"],
)
def test_any_excess_in_a_child_or_with_failing_kidneys_raises_the_card(text: str, change: tuple[str, str]):
    assert raised(given(MOUTH.replace(*change), text)) == ["emergency-overdose"]


@pytest.mark.parametrize("text", NEITHER)
def test_a_denial_another_drug_and_an_old_overdose_are_no_excess(text: str):
    assert not meant(text) & {"sign.poisoning", "sign.excess"}
    assert raised(given(MOUTH, text)) == []


@pytest.mark.hazard("H62")
def test_tablets_swallowed_beside_a_pump_get_the_steps_by_mouth_and_no_pump_stop():
    answer = given(STABLE, "swallowed 30 tablets of baclofen 10 mg")
    assert raised(answer) == ["emergency-overdose"]
    assert "no more baclofen" in card(answer)
    assert "Stop the pump" not in card(answer)
    assert not rises(answer)


def test_an_ingestion_is_ended_by_its_own_resolved_only():
    swallowed = f"{NOW} symptom took too many tablets\n"
    assert not rises(advise(f"{MOUTH}{swallowed}2025-12-10 11:00 symptom none\n", "2025-12-10 12:00"))
    ended = advise(f"{MOUTH}{swallowed}2025-12-10 11:00 symptom took too many tablets; resolved\n", "2025-12-10 12:00")
    assert finding(ended, "excess") is None


# -- the steps fit the route, and nothing else asks for a dose ------------------------------------------------------------

SCREENED = """\
2024-01-01 person id R-1; born 1970-04-11; sex male
2026-02-20 weight 80 kg
2026-02-20 lab creatinine 0.9 mg/dL
2026-02-20 allergy none known
2026-02-20 medications no others
2024-01-01 condition multiple sclerosis; origin spinal
2023-11-01 failed oral baclofen 80 mg/day; no effect
"""
BOLUS = SCREENED + "2026-03-03 09:00 trial 50 mcg\n"
HELD = "2025-06-01 oral 20 mg four times a day\n2026-03-02 08:00 oral stop\n"
AFTER_BOLUS = [
    BOLUS,
    BOLUS + HELD,
    BOLUS + "2025-06-01 oral 10 mg three times a day\n",
    BOLUS.replace("trial 50", "trial 25"),
]


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("chart", AFTER_BOLUS)
@pytest.mark.parametrize("sign", ["GCS 7, breathing 6 a minute", "HARD TO WAKE, breathing very shallow", "coma"])
def test_after_a_screening_bolus_without_a_pump_no_step_is_about_a_pump(chart: str, sign: str):
    answer = advise(chart + f"2026-03-03 13:15 symptom {sign}\n", "2026-03-03 13:30")
    assert "emergency-overdose" in raised(answer)
    text = card(answer).lower()
    assert "cerebrospinal fluid" in text
    assert "stop the pump" not in text
    assert "reservoir" not in text


DEPRESSED = ["GCS 7, respiratory rate 6", "coma", "overdose", "swallowed 40 tablets of 10 mg, drowsy"]


def beside_the_card(answer: Answer) -> list[str]:
    """What the findings without a card ask for, where an overdose card is shown."""
    if "emergency-overdose" not in raised(answer):
        return []
    return [each["resolve"] for each in answer["findings"] if not each["id"].startswith("emergency-")]


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("sign", DEPRESSED)
@pytest.mark.parametrize("chart", CHARTS, ids=range(len(CHARTS)))
def test_beside_an_overdose_card_no_finding_asks_for_a_dose(chart: Case, sign: str):
    answer = chart.with_lines(f"{chart.now} symptom {sign}").answer()
    for text in beside_the_card(answer):
        assert not GIVES.search(text), text
        assert "restore" not in text.lower()


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("chart", [MOUTH, AFTER_BOLUS[1], MOUTH + "2025-12-08 oral stop\n2025-06-01 dialysis\n"])
def test_an_abrupt_stop_or_failing_kidneys_say_no_dose_beside_the_card(chart: str):
    answer = advise(chart + "2026-03-03 13:15 symptom GCS 7, respiratory rate 6\n", "2026-03-03 13:30")
    answer = answer if raised(answer) else given(chart, "GCS 7, respiratory rate 6")
    assert beside_the_card(answer)
    for text in beside_the_card(answer):
        assert not GIVES.search(text), text


# -- no text of a program ---------------------------------------------------------------------------------------------------

WORDS = sorted(
    {
        text
        for prefix in ("adverse.", "symptom.", "sign.", "everyday.", "word.")
        for entry in BOOK.under(prefix)
        for text in (
            *(entry.value if not isinstance(entry.value, str) else (entry.value,)),
            *entry.more.get("also", ()),
        )
        if isinstance(text, str)
    }
)
FORMS = ["{}", "{} on passing water", "{}; unrelated", "{}; effect"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chart", [MOUTH, STABLE], ids=["mouth", "pump"])
def test_no_finding_prints_a_list_of_words_whatever_the_symptom(chart: str, form: str):
    assert len(WORDS) > 400
    for start in range(0, len(WORDS), 40):
        words = [word.removeprefix("=") for word in WORDS[start : start + 40]]
        answer = given(chart, *(form.format(word) for word in words if ";" not in word))
        assert "['" not in texts(answer)
        assert '[\\"' not in texts(answer)


@pytest.mark.parametrize("chart", CHARTS, ids=range(len(CHARTS)))
@pytest.mark.parametrize(
    "sign", ["burning on passing water", "toothache; unrelated", "temperature 38.3, bruise somewhere odd"]
)
def test_no_handed_chart_prints_a_list_of_words(chart: Case, sign: str):
    assert "['" not in texts(chart.with_lines(f"{chart.now} symptom {sign}").answer())


# -- a sign that nothing explains yet --------------------------------------------------------------------------------------

UNEXPLAINED = [
    "temperature 38.3",
    "temperature 38.3, burning on passing water",
    "itching without rash",
    "tachycardia",
    "goose bumps",
]


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("sign", UNEXPLAINED)
@pytest.mark.parametrize("request_", ["", "adjust up", "adjust down", "adjust to 330 mcg/day"])
def test_an_unexplained_sign_holds_the_pump_where_it_is_and_leaves_a_plan(sign: str, request_: str):
    chart = STABLE + (f"{NOW} request {request_}\n" if request_ else "")
    answer = given(chart, sign)
    if raised(answer):
        pytest.skip("an emergency card is shown")
    assert finding(answer, "signs") is not None
    assert not plans(answer, "adjust")
    assert any(plan["kind"] == "refill" for plan in answer["plans"])


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("sign", UNEXPLAINED)
def test_by_mouth_an_unexplained_sign_holds_the_rise_and_begins_no_taper(sign: str):
    answer = given(MOUTH, sign)
    assert not rises(answer)
    assert not plans(answer, "taper")
    assert plans(given(MOUTH + f"{NOW} request taper oral\n", sign), "taper")


@pytest.mark.parametrize("chart", [STABLE, MOUTH])
@pytest.mark.parametrize("sign", ["more spasms", "temperature 38.3; unrelated"])
def test_more_spasms_or_a_sign_with_another_cause_still_leave_a_rise(chart: str, sign: str):
    chart = chart.replace("lab creatinine 0.9", "score ashworth legs 3\n2025-11-01 lab creatinine 0.9")
    assert rises(given(chart, sign))


# -- hallucinations in other words -------------------------------------------------------------------------------------------

SEEING = ["seeing spiders on the wall", "seeing things", "sees bugs", "talking to people who are not there", "saw snakes", "talks to people who are not there",
          "insects crawling on skin", "seeing strangers in the room"]  # fmt: skip


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("text", SEEING)
def test_what_a_patient_sees_that_is_not_there_is_a_hallucination(text: str):
    assert "symptom.withdrawal.hallucination" in meant(text)
    chart = SCREENED + "2025-08-01 08:00 oral 20 mg three times a day\n2026-02-26 20:00 oral stop\n"
    answer = advise(chart + f"2026-03-03 02:30 symptom {text}\n", "2026-03-03 03:10")
    assert raised(answer) == ["emergency-withdrawal"]


@pytest.mark.parametrize("text", ["spots before eyes", "insect bite", "blurred vision", "sees well", "mosquito bite"])
def test_a_bite_or_spots_before_the_eyes_are_no_hallucination(text: str):
    assert "symptom.withdrawal.hallucination" not in meant(text)


# -- what fits withdrawal while drug may be lacking ----------------------------------------------------------------------------


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("days", [15, 20, 40])
@pytest.mark.parametrize("sign", ["itching without rash", "return of spasms, itching without rash", "tingling"])
def test_a_sign_of_withdrawal_with_a_stopped_pump_is_no_adverse_effect(days: int, sign: str):
    stopped = STABLE + "2025-12-05 08:30 program stop\n"
    now = {15: "2025-12-20 09:00", 20: "2025-12-25 09:00", 40: "2026-01-14 09:00"}[days]
    answer = given(stopped, sign, now=now)
    text = " ".join(f"{each['says']} {each['resolve']}" for each in answer["findings"])
    assert "nothing on this chart says it is one here" not in text
    assert "stopped since 2025-12-05" in text
    assert "Hold the dose or step back" not in text


@pytest.mark.hazard("H62")
@pytest.mark.parametrize(
    "sign", ["rigid, sweating, pulse 140, temperature 39.8", "sweating", "hallucinations, nausea, itching"]
)
def test_while_drug_may_be_lacking_no_effect_asks_to_give_less(sign: str):
    answer = given(STABLE + "2025-12-09 08:30 program stop\n", sign)
    assert not any("step back" in each["resolve"] for each in answer["findings"])


# -- the restore line, and the likely cause ------------------------------------------------------------------------------------


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("kidneys", ["lab egfr 24 mL/min/1.73 m2", "dialysis", "lab creatinine 5.1 mg/dL"])
@pytest.mark.parametrize("sign", ["GCS 12, agitated", "hallucinations, fever", "seizure"])
def test_with_weak_kidneys_the_card_restores_nothing_by_itself(kidneys: str, sign: str):
    chart = SCREENED + "2025-06-01 oral 15 mg three times a day\n2026-03-01 20:00 interruption nothing by mouth\n"
    answer = advise(chart + f"2026-03-02 {kidneys}\n2026-03-03 02:20 symptom {sign}\n", "2026-03-03 03:00")
    assert raised(answer)
    assert "a dose similar" not in card(answer)
    assert "baclofen by enteral tube" not in card(answer)
    if "emergency-withdrawal" in raised(answer):
        assert "only as a specialist decides" in card(answer)


@pytest.mark.hazard("H62")
@pytest.mark.parametrize(("slip", "times"), [("1200", "10"), ("600", "5"), ("3000", "25")])
def test_after_a_rise_of_many_times_the_card_names_it_before_all_else(slip: str, times: str):
    chart = STABLE.replace("300 mcg/day", "120 mcg/day")
    chart += f"2025-12-09 10:00 program continuous {slip} mcg/day\n2025-12-09 15:00 program continuous 120 mcg/day\n"
    answer = given(chart, "respiratory rate 8, drowsy")
    assert "emergency-overdose" in raised(answer)
    assert f"{times} times the one before" in card(answer).split("\n")[2]
    by_mouth = MOUTH + "2025-12-10 08:00 oral 100 mg three times a day\n"
    assert "5 times the one before" in card(given(by_mouth, "respiratory rate 8"))
    assert "times the one before" not in card(given(STABLE, "respiratory rate 8"))


@pytest.mark.hazard("H62")
def test_on_dialysis_five_days_after_long_use_the_card_says_both():
    chart = SCREENED + "2025-06-01 dialysis\n2025-06-01 oral 5 mg three times a day\n2026-02-26 08:00 oral stop\n"
    answer = advise(chart + "2026-03-03 02:30 symptom GCS 11, myoclonus\n", "2026-03-03 03:10")
    assert raised(answer) == ["emergency-overdose", "emergency-withdrawal"]
    assert "treat as overdose first" in card(answer)
    for text in beside_the_card(answer):
        assert not GIVES.search(text), text


# -- stiffness in a taper by the rules -----------------------------------------------------------------------------------------

TAPER = MOUTH + "2025-12-02 oral 15 mg three times a day\n2025-12-08 oral 10 mg three times a day\n"
FAST = MOUTH + "2025-12-08 oral 10 mg three times a day\n"
CLOSE = MOUTH + "2025-12-07 12:00 oral 15 mg three times a day\n2025-12-08 12:00 oral 10 mg three times a day\n"


@pytest.mark.hazard("H62")
@pytest.mark.parametrize("sign", ["stiffness", "more spasms", "stiff legs, spasms"])
def test_stiffness_in_a_taper_by_the_rules_is_a_caution_and_no_card(sign: str):
    answer = given(TAPER, sign)
    assert raised(answer) == []
    assert finding(answer, "signs") is not None or finding(answer, "effects") is not None
    assert "may be withdrawal" in texts(answer)


@pytest.mark.hazard("H62")
@pytest.mark.parametrize(
    ("chart", "sign"),
    [(TAPER, "hallucinations"), (TAPER, "itching without rash"), (TAPER, "stiffness, fever"), (TAPER, "seizure"), (TAPER, "pulse 135"),
     (FAST, "stiffness"), (CLOSE, "stiffness"), (MOUTH + "2025-12-08 oral stop\n", "stiffness")],
)  # fmt: skip
def test_any_other_sign_or_a_faster_fall_still_raises_the_card(chart: str, sign: str):
    assert "emergency-withdrawal" in raised(given(chart, sign))

"""What opens the way into the spine, what stops a screening step, and small steps of a pump that runs."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.charts import FILLED, ORAL, PUMP, SCREENED
from tests.hazards.answers import advise, doses, finding, grade, plans, refusals, stops, texts
from tests.in_use import Case, case

# --- case 24: what failed by mouth ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failed",
    [
        "ibuprofen 400 mg/day; intolerable",
        "gabapentin 3600 mg/day; no effect",
        "diazepam; intolerable",
        "baclofen cream; intolerable",
        "Gablofen intrathecal; intolerable",
    ],
)
@pytest.mark.parametrize("asked", [True, False])
def test_the_failure_of_another_drug_does_not_open_the_spine(failed: str, asked: bool):
    chart = case("24").replaced(("ibuprofen 400 mg/day; intolerable", failed))
    answer = (chart if asked else chart.replaced(("2025-12-10 request trial\n", ""))).answer()
    assert "indication-intrathecal" in stops(answer, "trial")
    assert plans(answer, "trial") == []
    assert "ibuprofen" not in texts(answer)


@pytest.mark.parametrize(
    ("failed", "grade_"),
    [
        ("oral baclofen 80 mg/day; no effect", "note"),
        ("Lioresal 80 mg/day; no effect", "note"),
        ("baclofen; intolerable", "note"),
        ("Zanaflex 36 mg/day; no effect", "caution"),
        ("dantrolene 400 mg/day; no effect", "caution"),
    ],
)
def test_baclofen_tizanidine_and_dantrolene_count_under_any_name(failed: str, grade_: str):
    answer = case("24").replaced(("ibuprofen 400 mg/day; intolerable", failed)).answer()
    assert grade(answer, "indication-intrathecal") == grade_
    assert plans(answer, "trial")


# --- case 25: a treatment beside the holiday --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "none",
        "no",
        "nil",
        "nothing",
        "None.",
        "unknown",
        "to be decided",
        "tbd",
        "n/a",
        "-",
        "placeholder",
        "no other drug yet",
        "oral baclofen",
        "Lioresal 10 mg",
        "none named",
    ],
)
def test_words_that_name_no_treatment_complete_no_holiday(words: str):
    answer = case("25").replaced(("alternative none", f"alternative {words}")).answer()
    made = plans(answer, "holiday")
    assert made
    missing = ("no other treatment of the spasticity is named", "baclofen by another route is no other treatment")
    assert all(any(reason in plan["incomplete"] for reason in missing) for plan in made)
    assert f"given throughout: {words}" not in texts(answer)


@pytest.mark.parametrize(
    "words",
    [
        "tizanidine",
        "dantrolene 25 mg twice a day",
        "botulinum toxin",
        "intrathecal morphine",
        "physiotherapy and diazepam",
    ],
)
def test_a_named_treatment_completes_the_holiday(words: str):
    made = plans(case("25").replaced(("alternative none", f"alternative {words}")).answer(), "holiday")
    assert made
    assert all(
        "incomplete" not in plan and f"begun, and given throughout: {words}" in plan["steps"][0]["says"]
        for plan in made
    )


# --- case 27: infection and bleeding ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        "meningitis",
        "Bacterial meningitis",
        "sepsis",
        "pump pocket infection",
        "wound infection",
        "urinary tract infection",
        "pneumonia",
        "infected pressure ulcer",
        "spinal epidural abscess",
        "osteomyelitis",
    ],
)
def test_an_active_infection_stops_screening_and_implant(condition: str):
    chart = case("27").replaced(("condition meningitis", f"condition {condition}"))
    answer = chart.answer()
    assert "infection" in stops(answer, "trial")
    assert "infection" in stops(answer, "start")
    assert condition in (finding(answer, "infection") or {})["says"]
    over = chart.with_lines(f"2025-12-11 11:00 condition {condition}; resolved").answer()
    assert plans(over, "trial")


@pytest.mark.parametrize(
    "condition",
    [
        "history of meningitis",
        "previous sepsis",
        "recurrent urinary tract infection",
        "asymptomatic bacteriuria",
        "no infection",
        "treated pneumonia",
        "chronic hepatitis",
    ],
)
def test_an_infection_that_is_over_stops_nothing(condition: str):
    answer = case("27").replaced(("condition meningitis", f"condition {condition}")).answer()
    assert finding(answer, "infection") is None
    assert plans(answer, "trial")


@pytest.mark.parametrize(
    ("condition", "beside"),
    [
        ("pump pocket infection", True),
        ("meningitis", True),
        ("wound infection", True),
        ("urinary tract infection", False),
    ],
)
def test_an_infection_is_named_at_the_refill_and_never_takes_it_away(condition: str, beside: bool):
    answer = advise(PUMP + f"2026-03-25 condition {condition}\n2026-03-25 request refill\n", "2026-03-25 12:00")
    made = plans(answer, "refill")
    assert made
    said = finding(answer, "infection") or {}
    assert condition in said["says"]
    assert said["resolve"].startswith("Before the refill")
    assert said["stops"] == ["trial", "start"]
    assert all(("infection" in plan.get("beside", "")) is beside for plan in made)


_BLEEDING = [
    ("medication apixaban 5 mg twice a day", "apixaban (anticoagulant)"),
    ("medication Coumadin 5 mg", "warfarin (anticoagulant)"),
    ("medication enoxaparin 40 mg", "enoxaparin (anticoagulant)"),
    ("medication Plavix 75 mg", "clopidogrel (antiplatelet)"),
    ("medication aspirin 100 mg", "low-dose aspirin (antiplatelet)"),
    ("condition thrombocytopenia", "thrombocytopenia (bleeding disorder)"),
    ("condition haemophilia A", "haemophilia A (bleeding disorder)"),
]


@pytest.mark.parametrize(("line", "name"), _BLEEDING)
def test_what_makes_a_puncture_bleed_is_named_before_it(line: str, name: str):
    chart = case("27").replaced(
        ("2025-12-10 condition meningitis\n", ""), ("medication apixaban 5 mg twice a day", line)
    )
    answer = chart.answer()
    assert name in (finding(answer, "puncture") or {})["says"]
    made = plans(answer, "trial")
    assert made
    for plan in made:
        first = plan["steps"][0]
        assert first["do"] == "check"
        assert name in first["says"]
    # While a pump runs no puncture lies ahead.
    assert finding(advise(PUMP + f"2026-03-21 {line}\n", "2026-03-25 12:00"), "puncture") is None


# --- case 36: small steps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "to", "allowed"),
    [
        ("cerebral", 279, True),
        ("cerebral", 297, True),
        ("cerebral", 306, True),
        ("cerebral", 345, True),
        ("cerebral", 346, False),
        ("cerebral", 239, False),
        ("spinal", 315, True),
        ("spinal", 285, True),
        ("spinal", 391, False),
        ("cerebral", 300, False),
    ],
)
def test_a_change_smaller_than_a_usual_step_is_allowed_with_a_note(origin: str, to: int, allowed: bool):
    chart = case("36").replaced(("origin cerebral", f"origin {origin}"), ("adjust to 279", f"adjust to {to}"))
    # Ten days after the pump of 2023 got its first program the titration windows apply.
    answer = chart.answer()
    made = plans(answer, "adjust")
    assert bool(made) is allowed, refusals(answer, "adjust")
    usual = (5, 15) if origin == "cerebral" else (10, 30)
    percent = (to / 300 - 1) * 100
    small = usual[0] > percent > 0 or -10 < percent < 0
    assert all(("ITB-04" in plan["why"]) is small for plan in made)


# --- case 38: resistance ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (("2025-10-20 10:00 score ashworth legs 3", "2025-10-20 10:00 score ashworth legs 4"),),
        (
            ("score ashworth legs 3\n2025-09-10", "score penn 3\n2025-09-10"),
            ("2025-10-20 10:00 score ashworth legs 3", "2025-10-20 10:00 score penn 3"),
        ),
        (("everything patent; by Dr X", "everything patent; by Dr X\n2025-12-02 request adjust up"),),
    ],
)
def test_resistance_that_remains_after_delivery_was_checked_offers_the_holiday(changes):
    answer = case("38").replaced(*changes).answer()
    said = finding(answer, "resistance") or {}
    assert said["grade"] == "caution"
    assert "although delivery was checked on 2025-10-21" in said["says"]
    assert said["stops"] == []
    assert plans(answer, "holiday")
    assert all(plan["setting"] == "inpatient" for plan in plans(answer, "holiday"))


def test_before_the_check_nothing_rises_and_with_a_better_score_nothing_is_resistant():
    unchecked = case("38").replaced(("2025-10-21 10:00 explained delivery; everything patent; by Dr X\n", "")).answer()
    assert grade(unchecked, "resistance") == "stop"
    assert all(plan["option"].startswith("-") for plan in plans(unchecked, "adjust"))
    assert plans(unchecked, "holiday") == []
    better = (
        case("38")
        .replaced(("2025-10-20 10:00 score ashworth legs 3", "2025-10-20 10:00 score ashworth legs 2"))
        .answer()
    )
    assert finding(better, "resistance") is None
    assert plans(better, "holiday") == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((("2025-10-20 10:00 score ashworth legs 3\n", ""),), "no score was taken since the last rise"),
        ((("2025-09-02 10:00 score ashworth legs 3\n", ""),), "no score from before the rises can be compared"),
    ],
)
def test_what_is_said_about_the_scores_is_true_of_the_chart(changes, said: str):
    chart = case("38").replaced(("2025-10-21 10:00 explained delivery; everything patent; by Dr X\n", ""), *changes)
    assert said in (finding(chart.answer(), "resistance") or {})["says"]


# --- screening: an effect, a large first bolus, a step without response ---------------------------------------------------

_NONE = SCREENED.replace("positive; lasted 7 h", "none")


@pytest.mark.parametrize("symptom", ["somnolence", "slow breathing", "nausea", "blue toes"])
def test_an_effect_under_a_screening_bolus_stops_the_next_step_and_asks(symptom: str):
    chart = (
        _NONE
        + f"2026-03-01 12:00 symptom {symptom}\n2026-03-01 20:00 symptom {symptom}; resolved\n2026-03-02 request trial\n"
    )
    answer = advise(chart, "2026-03-02 10:00")
    assert plans(answer, "trial") == []
    assert f"{symptom} was reported between the bolus of 50 mcg" in refusals(answer, "trial")[0]["why"].lower()
    assert refusals(answer, "trial")[0]["lifts"].startswith("Ask")
    opened = chart + "2026-03-02 override trial; by Dr X; because it came from the coffee\n"
    assert plans(advise(opened, "2026-03-02 10:00"), "trial")
    # An effect of the day before, or one two days later, is not one of this bolus.
    for when in ("2026-02-28 12:00", "2026-03-03 12:00"):
        other = _NONE + f"{when} symptom nausea\n{when[:10]} 13:00 symptom nausea; resolved\n2026-03-04 request trial\n"
        assert plans(advise(other, "2026-03-04 10:00"), "trial")


@pytest.mark.parametrize(
    ("lasted", "symptom", "dose"),
    [(7, "somnolence", 50), (7, None, 100), (9, "somnolence", 50), (7, "dizziness", 50), (7, "blue toes", 50)],
)
def test_an_effect_under_the_screening_bolus_stops_the_doubling_and_asks(lasted: int, symptom: str | None, dose: float):
    lines = f"2026-03-01 13:00 symptom {symptom}\n2026-03-01 20:00 symptom {symptom}; resolved\n" if symptom else ""
    chart = FILLED.replace("lasted 7 h", f"lasted {lasted} h") + lines
    answer = advise(chart + "2026-03-20 11:30 request start pump\n", "2026-03-20 12:00")
    (plan,) = plans(answer, "start")
    assert doses(plan, "program") == [dose]
    assert ("Ask first" in plan.get("incomplete", "")) is (symptom is not None)


_CHILD = SCREENED.replace("1979-04-11", "2019-04-11").replace("72 kg", "20 kg").replace("175 cm", "115 cm")


@pytest.mark.parametrize(
    ("chart", "dose", "stopped"),
    [
        (case("20", "output").text, "100", True),
        (SCREENED, "75", True),
        (SCREENED, "50", False),
        (SCREENED, "25", False),
        (_CHILD, "50", True),
        (_CHILD, "25", False),
        (SCREENED + "2026-01-05 condition needs tone to stand\n", "50", True),
    ],
)
def test_a_first_screening_bolus_above_50_mcg_or_25_for_the_small_is_a_stop(chart: str, dose: str, stopped: bool):
    text = chart.replace("trial 100 mcg", f"trial {dose} mcg").replace("trial 50 mcg", f"trial {dose} mcg")
    answer = Case(text, "2026-05-02 18:00").answer()
    assert (grade(answer, "screening-dose") == "stop") is stopped
    if stopped:
        assert "the first screening bolus" in (finding(answer, "screening-dose") or {})["says"].lower()
        assert {"trial", "start"} <= set((finding(answer, "screening-dose") or {})["stops"])


def test_a_screening_of_years_ago_is_no_stop_beside_a_running_pump():
    answer = advise(PUMP.replace("trial 50 mcg", "trial 75 mcg"), "2026-03-25 12:00")
    assert grade(answer, "screening-dose") != "stop"


@pytest.mark.parametrize("who", ["a small child", "someone who needs the tone"])
def test_who_begins_with_25_mcg_is_offered_no_larger_first_bolus(who: str):
    chart = _CHILD if "child" in who else SCREENED + "2026-01-05 condition needs tone to stand\n"
    chart = chart.replace("2026-03-01 09:00 trial 50 mcg\n2026-03-01 17:00 response positive; lasted 7 h\n", "")
    (plan,) = plans(advise(chart + "2026-03-01 request trial\n", "2026-03-01 10:00"), "trial")
    assert doses(plan, "give") == [25, 50, 75, 100]


@pytest.mark.parametrize(
    ("first", "second", "grade_"), [("50", "75", "note"), ("100", "50", "caution"), ("50", "50", "caution")]
)
def test_a_screening_without_response_is_not_forgotten_when_a_later_one_succeeds(first: str, second: str, grade_: str):
    chart = SCREENED.replace(
        "2026-03-01 09:00 trial 50 mcg",
        f"2026-02-25 09:00 trial {first} mcg\n2026-02-25 17:00 response none\n2026-03-01 09:00 trial {second} mcg",
    )
    answer = advise(chart, "2026-03-10 10:00")
    said = finding(answer, "screening") or {}
    assert said["grade"] == grade_
    assert f"no response to {first} mcg on 2026-02-25" in said["says"]


# --- MON-01: another depressant ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "drug", ["oxycodone 5 mg twice a day", "diazepam 5 mg at night", "alcohol", "gabapentin 300 mg", None]
)
def test_beside_a_depressant_the_slower_pace_stands_first_and_every_step_has_a_contact(drug: str | None):
    line = f"2026-01-05 medication {drug}\n" if drug else ""
    made = plans(advise(ORAL + line + "2026-01-06 request start oral\n", "2026-01-06 10:00"), "titration")
    assert len(made) == 2
    assert ("7 days" in made[0]["option"]) is (drug is not None)
    for plan in made:
        steps = plan["steps"]
        for step in (each for each in steps if each["do"] == "take"):
            at = datetime.fromisoformat(step["at"])
            contacts = [each for each in steps if "See or call the patient" in each["says"]]
            near = [
                each
                for each in contacts
                if timedelta(hours=24) <= datetime.fromisoformat(each["at"]) - at <= timedelta(hours=72)
            ]
            assert bool(near) is (drug is not None)
    up = plans(
        advise(PUMP + line.replace("01-05", "03-21") + "2026-03-25 request adjust up\n", "2026-03-25 12:00"), "adjust"
    )
    assert up
    assert all(("See or call the patient" in texts(plan)) is (drug is not None) for plan in up)

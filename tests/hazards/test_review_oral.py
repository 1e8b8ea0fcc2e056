"""What a pharmacist saw in oral plans, screening and labs: tapers, steps back, first boluses, liquids, orders of options."""

from __future__ import annotations

import itertools
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eutonia
from tests.hazards.answers import advise, finding, gate, grade, plans, refusals, stops, texts

PERSON = """\
2024-01-01 person id R-1; born 1970-04-11; sex male
2026-02-20 weight 80 kg
2026-02-20 lab creatinine 0.9 mg/dL
2026-02-20 allergy none known
2026-02-20 medications no others
2024-01-01 condition multiple sclerosis; origin spinal
"""
SPINE = (
    PERSON + "2023-11-01 failed oral baclofen 80 mg/day; no effect\n2023-12-01 failed tizanidine 36 mg/day; no effect\n"
)
NOW = "2026-03-03 09:00"


def _path(plan):
    """The moments of a taper's steps, the stop included."""
    return [datetime.fromisoformat(each["at"]) for each in plan["steps"] if each["do"] in ("take", "stop")]


# --- tapers -----------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H23")
@given(
    dose=st.sampled_from([5, 7.5, 10, 15, 20, 25, 40, 60, 80, 90, 100, 120]),
    begun=st.sampled_from(["2026-02-20", "2026-01-18", "2025-10-01"]),
    liquid=st.sampled_from(["", "; liquid 1 mg/mL"]),
)
@settings(max_examples=40, deadline=None)
def test_no_two_steps_of_a_taper_are_less_than_two_days_apart(dose, begun, liquid):
    chart = PERSON + f"{begun} oral {dose} mg once a day{liquid}\n2026-03-03 08:50 request taper oral\n"
    answer = advise(chart, NOW)
    assert plans(answer, "taper"), refusals(answer, "taper")
    for plan in plans(answer, "taper"):
        assert all((after - before).days >= 2 for before, after in itertools.pairwise(_path(plan))), plan["option"]


@pytest.mark.hazard("H23")
def test_the_shortest_taper_from_ninety_is_slow_and_not_shorter_than_before():
    chart = PERSON + "2026-01-18 oral 30 mg three times a day\n2026-03-03 08:50 request taper oral\n"
    first = plans(advise(chart, NOW), "taper")[0]
    path = _path(first)
    assert (path[-1] - path[0]).days >= 16
    assert first["steps"][0]["dose"]["value"] == 75


# --- before a screening bolus -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        "infected sacral pressure ulcer",
        "infection",
        "sacral pressure sore grade 4, infected",
        "infected ingrown toenail",
        "dental abscess",
        "purulent wound of the heel",
        "septic arthritis of the knee",
    ],
)
def test_whatever_is_called_infected_stops_the_trial(condition):
    answer = advise(SPINE + f"2026-03-01 condition {condition}\n2026-03-03 08:50 request trial\n", NOW)
    assert "infection" in stops(answer, "trial")
    assert plans(answer, "trial") == []
    over = f"2026-03-01 condition {condition}\n2026-03-02 condition {condition}; resolved\n2026-03-03 08:50 request trial\n"
    assert plans(advise(SPINE + over, NOW), "trial")


@pytest.mark.parametrize(
    "condition",
    ["HIV infection", "no infection", "history of infected pressure ulcer", "wound not infected", "pressure ulcer"],
)
def test_what_is_no_active_infection_stops_no_trial(condition):
    answer = advise(SPINE + f"2026-03-01 condition {condition}\n2026-03-03 08:50 request trial\n", NOW)
    assert plans(answer, "trial"), refusals(answer, "trial")


@pytest.mark.parametrize(
    ("drug", "name"),
    [
        ("Xarelto 20 mg once a day", "rivaroxaban"),
        ("rivaroxaban 15 mg", "rivaroxaban"),
        ("clopidogrel 75 mg once a day", "clopidogrel"),
        ("warfarin 5 mg", "warfarin"),
        ("apixaban 5 mg twice a day", "apixaban"),
        ("aspirin 100 mg", "aspirin"),
        ("heparin 5000 units twice a day", "heparin"),
    ],
)
def test_what_thins_the_blood_is_named_before_the_puncture(drug, name):
    chart = SPINE.replace("2026-02-20 medications no others\n", f"2026-02-20 medication {drug}\n")
    answer = advise(chart + "2026-03-03 08:50 request trial\n", NOW)
    found = finding(answer, "puncture")
    assert found is not None
    assert name in found["says"] or (name == "aspirin" and "acetylsalicylic" in found["says"])
    for plan in plans(answer, "trial"):
        assert plan["steps"][0]["do"] == "check"


@pytest.mark.parametrize("effect", ["somnolence, dizziness", "nausea", "felt strange and weak"])
@pytest.mark.parametrize("passed", ["", "2026-03-03 16:00 symptom somnolence; resolved\n"])
def test_an_effect_under_a_bolus_stops_the_next_one_until_it_is_asked(effect, passed):
    chart = SPINE + f"2026-03-03 09:00 trial 50 mcg\n2026-03-03 11:00 symptom {effect}\n{passed}"
    answer = advise(chart + "2026-03-03 17:00 response none\n2026-03-04 09:20 request trial\n", "2026-03-04 09:30")
    assert plans(answer, "trial") == []
    assert any(each.get("card") for each in answer["findings"]) or "Ask: did it come from the bolus" in texts(answer)


@pytest.mark.parametrize("dose", ["75", "100", "150"])
def test_a_large_first_bolus_is_a_stop_and_asks_for_observation(dose):
    chart = SPINE + f"2026-03-03 09:00 trial {dose} mcg\n2026-03-03 10:50 request start pump\n"
    answer = advise(chart, "2026-03-03 11:00")
    found = finding(answer, "screening-dose")
    assert found is not None
    assert found["grade"] == "stop"
    assert "4 to 8 h" in found["resolve"]
    assert plans(answer, "start") == []
    assert plans(answer, "trial") == []


CHILD = """\
2025-01-01 person id R-1; born 2020-06-10; sex male
2026-02-20 weight 15 kg
2026-02-20 height 102 cm
2026-02-20 lab creatinine 0.35 mg/dL
2026-02-20 allergy none known
2026-02-20 medications no others
2024-01-01 condition cerebral palsy; origin cerebral
2025-12-01 failed oral baclofen 30 mg/day; no effect
"""


@pytest.mark.parametrize("chart", [CHILD, SPINE + "2024-01-01 condition needs tone to stand\n"])
def test_a_small_child_and_who_needs_the_tone_begin_with_25_mcg(chart):
    answer = advise(chart + "2026-03-03 08:50 request trial\n", NOW)
    made = plans(answer, "trial")
    assert [plan["option"][:12] for plan in made] == ["first 25 mcg"]
    given = advise(chart + "2026-03-02 09:00 trial 50 mcg\n2026-03-03 08:50 request trial\n", NOW)
    assert grade(given, "screening-dose") == "stop"
    guard = gate(chart, NOW, "trial", (0, "give", "50 mcg"), setting="monitored")
    assert any("at most 25 mcg" in each for each in guard)


# --- kidneys ----------------------------------------------------------------------------------------------------------

_MALE = PERSON.replace("2026-02-20 lab creatinine 0.9 mg/dL\n", "")


@pytest.mark.hazard("H21")
@pytest.mark.parametrize("values", list(itertools.permutations(["0.9 mg/dL", "190 umol/L"])))
@pytest.mark.parametrize("earlier", ["", "2026-02-19 08:00 lab creatinine 0.9 mg/dL\n"])
def test_two_creatinines_of_one_minute_contradict_in_any_order(values, earlier):
    lines = "".join(f"2026-02-20 08:00 lab creatinine {value}\n" for value in values)
    answer = advise(_MALE + earlier + lines + "2026-03-03 08:50 request start oral\n", NOW)
    found = finding(answer, "kidney")
    assert found is not None
    assert "within 0 days" not in texts(answer)
    assert plans(answer, "titration") == []
    if earlier:
        assert "Acute kidney injury: creatinine rose from 0.9 mg/dL to 190 umol/L within 1 days" in found["says"]
    else:
        assert "contradict" in found["says"]
        assert "Acute" not in found["says"]


@pytest.mark.hazard("H21")
def test_one_creatinine_written_in_two_units_is_no_contradiction():
    lines = "2026-02-20 08:00 lab creatinine 1 mg/dL\n2026-02-20 08:00 lab creatinine 88.42 umol/L\n"
    answer = advise(_MALE + lines + "2026-03-03 08:50 request start oral\n", NOW)
    assert plans(answer, "titration"), refusals(answer, "titration")


@pytest.mark.hazard("H21")
@pytest.mark.parametrize(
    ("labs", "reason"),
    [
        (("2026-02-26 08:00 lab creatinine 0.9 mg/dL", "2026-03-02 08:00 lab creatinine 2.6 mg/dL"), "acute kidney"),
        (("2026-03-01 lab egfr 24 mL/min/1.73 m2",), "below 30 mL/min"),
        (("2026-02-01 dialysis",), "dialysis"),
    ],
)
@pytest.mark.parametrize(("taken", "first"), [(30, 20), (60, 40), (80, 55), (100, 85)])
def test_while_baclofen_accumulates_the_taper_is_monitored_and_falls_at_once(labs, reason, taken, first):
    lines = "".join(f"{each}\n" for each in labs)
    chart = _MALE + lines + f"2025-10-01 oral {taken} mg once a day\n2026-03-03 08:50 request taper oral\n"
    answer = advise(chart, NOW)
    made = plans(answer, "taper")
    assert made, refusals(answer, "taper")
    for plan in made:
        assert plan["setting"] == "monitored"
        assert plan["steps"][0]["at"].startswith("2026-03-03T09:00")
        assert plan["steps"][0]["dose"]["value"] == first
        assert "accumulates" in plan["why"]
        assert reason in plan["why"]
    well = advise(PERSON + "2025-10-01 oral 60 mg once a day\n2026-03-03 08:50 request taper oral\n", NOW)
    assert {plan["setting"] for plan in plans(well, "taper")} == {"home"}


# --- the pump: what is said of rises, and of a taper beside it ----------------------------------------------------------

PUMPED = (
    SPINE
    + """\
2024-01-10 09:00 trial 50 mcg
2024-01-10 17:00 response positive; lasted 6 h
2024-02-01 10:00 implant SynchroMed II 40 mL; line 0.364 mL; tip T10; alarm 4 mL
2025-12-25 10:00 refill 40 mL of 2000 mcg/mL
"""
)


@pytest.mark.parametrize(
    ("rises", "scores", "says"),
    [
        ((220, 264, 316, 380, 440), "", "rose 4 times, from 220 mcg daily on 2025-06-01 to 440 mcg daily (+100%)"),
        ((220, 264, 316, 380), "", "rose 3 times, from 220 mcg daily on 2025-06-01 to 380 mcg daily (+73%)"),
        ((300, 220, 264, 316, 380, 440), "", "rose 4 times, from 220 mcg daily on 2025-07-01 to 440"),
        ((220, 264, 316, 380, 440), "0", "did not fall (3 then, 3 now)"),
        ((220, 264, 316, 380, 440), "1", "over the last 3 of them (2 then, 2 now)"),
    ],
)
def test_every_rise_since_the_last_fall_is_counted(rises, scores, says):
    days = ["2025-06-01", "2025-07-01", "2025-08-01", "2025-09-01", "2025-10-01", "2025-11-01"]
    lines = "".join(f"{day} 10:05 program continuous {dose} mcg/day\n" for day, dose in zip(days, rises, strict=False))
    if scores:
        lines += "2025-05-30 score ashworth legs 3\n2026-02-01 score ashworth legs "
        lines += "3\n" if scores == "0" else "2\n2025-07-20 score ashworth legs 2\n"
    found = finding(advise(PUMPED + lines, NOW), "resistance")
    assert found is not None
    assert says in found["says"]


@pytest.mark.hazard("H24")
@pytest.mark.parametrize(("allergy", "titrated"), [("none known", True), ("baclofen; anaphylaxis", False)])
def test_no_taper_says_that_a_pump_is_titrated_that_may_not_be(allergy, titrated):
    chart = PUMPED.replace("allergy none known", f"allergy {allergy}")
    chart += "2026-02-20 10:05 program continuous 220 mcg/day\n2025-10-01 oral 20 mg three times a day\n"
    answer = advise(chart + "2026-03-03 08:50 request taper oral\n", NOW)
    assert plans(answer, "taper"), refusals(answer, "taper")
    assert all(("titrated beside it" in plan["why"]) is titrated for plan in plans(answer, "taper"))


# --- a step back ------------------------------------------------------------------------------------------------------


def _back(regimen: str, last: str, extra: str = ""):
    chart = PERSON + f"2026-01-20 oral {last}\n2026-02-22 oral {regimen}\n{extra}2026-03-02 20:00 symptom nausea\n"
    answer = advise(chart + "2026-03-03 08:50 request titrate oral\n", NOW)
    return next((plan for plan in plans(answer, "titration") if plan["option"] == "step back"), None)


@pytest.mark.hazard("H73")
@pytest.mark.parametrize(
    ("last", "regimen", "back"),
    [
        (
            "10 mg in the morning + 5 mg at noon + 15 mg at bedtime",
            "10 mg in the morning + 5 mg at noon + 20 mg at bedtime",
            "10 mg in the morning + 5 mg at noon + 15 mg at bedtime (30 mg",
        ),
        ("5 mg three times a day", "10 mg three times a day", "5 mg three times a day (15 mg"),
        (
            "10 mg at 08:00 + 10 mg at 22:00",
            "10 mg at 08:00 + 15 mg at 22:00",
            "10 mg at 08:00 + 10 mg at 22:00 (20 mg",
        ),
        ("2.5 mg twice a day", "2.5 mg three times a day", "2.5 mg at noon + 2.5 mg at bedtime (5 mg"),
        ("15 mg at bedtime", "20 mg at bedtime", "15 mg at bedtime (15 mg"),
        ("10 mg twice a day; liquid 1 mg/mL", "12 mg twice a day; liquid 1 mg/mL", "10 mg twice a day (20 mg"),
        (
            "5 mg three times a day",
            "5 mg in the morning + 5 mg at noon + 10 mg at bedtime",
            "5 mg in the morning + 5 mg at noon + 5 mg",
        ),
    ],
)
def test_a_step_back_keeps_the_shape_of_the_day_and_raises_no_single_dose(last, regimen, back):
    plan = _back(regimen, last)
    assert plan is not None
    assert plan["steps"][0]["says"].startswith(f"One step down: {back}"), plan["steps"][0]["says"]


@pytest.mark.hazard("H73")
@given(
    amounts=st.lists(st.sampled_from([0, 2.5, 5, 7.5, 10, 15, 20]), min_size=3, max_size=3).filter(any),
    rise=st.sampled_from([2.5, 5, 7.5, 15]),
)
@settings(max_examples=60, deadline=None)
def test_no_step_back_raises_a_dose_or_falls_by_more_than_the_last_rise(amounts, rise):
    names = ("in the morning", "at noon", "at bedtime")
    regimen = " + ".join(f"{mg} mg {name}" for mg, name in zip(amounts, names, strict=True) if mg)
    total = sum(amounts)
    plan = _back(regimen, f"{max(total - rise, 2.5)} mg at bedtime" if total > 2.5 else regimen)
    if plan is None:
        return
    said = plan["steps"][0]["says"].removeprefix("One step down: ").partition(" (")[0]
    after = {words.partition(" mg ")[2]: float(words.partition(" mg ")[0]) for words in said.split(" + ")}
    assert all(mg <= dict(zip(names, amounts, strict=True))[name] for name, mg in after.items())
    assert 0 < total - sum(after.values()) <= max(rise, 2.5)


# --- liquids ----------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H73")
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "1 mg/mL",
            "5 mg/mL",
            "old bottle is 1 mg/mL, the new one 5 mg/mL, 5 times as strong: 12.5 mg is 2.5 mL, not 12.5 mL",
        ),
        (
            "5 mg/mL",
            "1 mg/mL",
            "old bottle is 5 mg/mL, the new one 1 mg/mL, 5 times weaker: 12.5 mg is 12.5 mL, not 2.5 mL",
        ),
        ("1 mg/mL", "2 mg/mL", "2 times as strong: 12.4 mg is 6.2 mL, not 12.4 mL, 12.6 mg is 6.3 mL, not 12.6 mL"),
        ("1 mg/mL", "1 mg/mL", ""),
    ],
)
def test_another_concentration_of_the_liquid_is_named_before_its_first_dose(old, new, says):
    chart = PERSON + f"2026-02-10 oral 7.5 mg three times a day; liquid {old}\n"
    answer = advise(chart + f"2026-03-03 08:50 request titrate oral; liquid {new}\n", NOW)
    climbs = [plan for plan in plans(answer, "titration") if plan["option"] != "stay"]
    assert climbs
    for plan in climbs:
        first = plan["steps"][0]
        if says:
            assert first["do"] == "check"
            assert says in first["says"]
            assert "Return the old bottle" in first["says"]
        else:
            assert first["do"] == "take"


# --- the order of paces -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "slower"),
    [
        ("", "", False),
        ("born 1970-04-11", "born 1941-04-11", True),
        ("origin spinal", "origin cerebral", True),
        ("creatinine 0.9", "creatinine 2.1", True),
        ("medications no others", "medication oxycodone 5 mg twice a day", True),
    ],
)
def test_the_slower_titration_stands_first_where_the_brain_is_at_stake(old, new, slower):
    chart = PERSON.replace(old, new) if old else PERSON
    answer = advise(chart + "2026-03-03 08:50 request start oral\n", NOW)
    options = [plan["option"] for plan in plans(answer, "titration")]
    assert len(options) == 2, refusals(answer, "titration")
    assert options[0].startswith("every 7 days") is slower


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("2026-03-03", "0 days"),
        ("2026-03-02", "1 day"),
        ("2026-02-17", "2 weeks"),
        ("2026-02-10", "3 weeks"),
        ("2026-01-04", "8 weeks"),
        ("2026-01-03", "2 months"),
        ("2025-09-03", "6 months"),
    ],
)
def test_the_age_of_a_young_infant_is_told_in_days_and_weeks(born, age):
    mother = PERSON.replace("sex male", "sex female").replace("1970", "1990")
    chart = mother + f"2026-02-20 pregnancy no\n2026-03-03 breastfeeding infant born {born}\n"
    found = finding(advise(chart + "2025-10-01 oral 10 mg three times a day\n", NOW), "breastfeeding")
    assert found is not None
    assert f"an infant {age} old" in texts({"finding": found})


# --- as-needed doses above the ceiling --------------------------------------------------------------------------------


@pytest.mark.hazard("H73")
@pytest.mark.parametrize("request_", ["titrate oral", "taper oral", None])
@pytest.mark.parametrize(
    ("regimen", "kept"),
    [
        ("20 mg four times a day + 10 mg as needed, at most 2 a day", "oral 20 mg four times a day"),
        ("20 mg three times a day + 10 mg as needed, at most 3 a day", "oral 20 mg three times a day"),
        ("30 mg three times a day + 10 mg as needed, at most 2 a day", None),
        ("20 mg four times a day", None),
        ("10 mg three times a day + 10 mg as needed, at most 2 a day", None),
    ],
)
def test_where_only_as_needed_doses_pass_the_ceiling_they_can_end_alone(regimen, kept, request_):
    chart = PERSON + f"2025-10-01 oral {regimen}\n"
    answer = advise(chart + (f"2026-03-03 08:50 request {request_}\n" if request_ else ""), NOW)
    made = plans(answer, "taper")
    alone = [plan for plan in made if plan["option"] == "without the as-needed doses"]
    assert [plan["steps"][0]["writes"] for plan in alone] == ([kept] if kept else [])
    if kept:
        assert (made[0] is alone[0]) is (request_ != "taper oral")
        assert len(made) > 1
    assert all(plan["kind"] == "taper" for plan in answer["plans"]) or "oral-dose" not in stops(answer, "titration")


@pytest.mark.parametrize(
    ("person", "lines", "slowest"),
    [
        (PERSON.replace("born 1970", "born 1941"), "2026-03-03 08:50 request start oral\n", "every 7 days"),
        (PERSON, "2026-02-10 oral 10 mg three times a day\n2026-03-03 08:50 request titrate oral\n", "every 7 days"),
        (PERSON, "2026-01-18 oral 20 mg four times a day\n2026-03-03 08:50 request taper oral\n", "42 days"),
    ],
)
def test_the_order_never_prefers_the_faster_course_by_mouth(person, lines, slowest):
    answer = eutonia.advise(eutonia.read(person + lines), NOW, "US").as_dict()
    (order,) = answer["order"]
    options = [answer["plans"][place["plan"]]["option"] for place in order["places"]]
    moving = [option for option in options if option != "stay"]
    assert moving[0].startswith(slowest)
    assert all("number of steps" not in place["reason"] for place in order["places"])
    assert all(place["harm"] is None for place in order["places"])


@pytest.mark.hazard("H70")
@pytest.mark.parametrize("lab", ["egfr 20 mL/min/1.73 m2", "clearance 20 mL/min", "creatinine 5 mg/dL"])
def test_an_old_value_of_any_test_keeps_the_taper_monitored(lab: str) -> None:
    chart = (
        "2025-01-05 09:30 person id A-17; born 1970-04-11; sex male\n2026-06-01 weight 72 kg\n"
        "2025-01-05 condition multiple sclerosis; origin spinal\n2026-01-05 oral 10 mg three times a day\n"
        f"2025-01-06 lab {lab}\n2026-06-28 09:00 request taper oral\n"
    )
    tapers = plans(advise(chart, "2026-06-28 10:00"), "taper")
    assert tapers
    assert {plan["setting"] for plan in tapers} == {"monitored"}


@pytest.mark.hazard("H70")
@pytest.mark.parametrize("weight", ["2026-06-01 weight 72 kg\n", ""])
def test_a_kidney_that_may_be_weak_makes_no_step_of_a_taper_larger(weight: str) -> None:
    """A missing weight leaves the taper monitored, and falls no further than with the weight on the chart."""
    chart = (
        f"2025-01-05 09:30 person id A-17; born 1979-04-11; sex male\n{weight}2026-06-01 lab creatinine 1.8 mg/dL\n"
        "2025-01-05 condition multiple sclerosis; origin spinal\n2026-01-05 oral 20 mg three times a day + 10 mg at bedtime\n"
        "2026-06-28 09:00 request taper oral\n"
    )
    tapers = plans(advise(chart, "2026-06-28 10:00"), "taper")
    firsts = [next(step["dose"]["value"] for step in plan["steps"] if step["do"] == "take") for plan in tapers]
    assert min(firsts) >= 55
    assert {plan["setting"] for plan in tapers} == ({"home"} if weight else {"monitored"})

"""Each of the 56 facts of the monograph, asked of charts that a clinician could have written."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from click.testing import CliRunner

import eutonia
from eutonia.chart.orders import read_regimen
from eutonia.doors.cli import main
from eutonia.doors.drug import brief
from eutonia.doors.story import story, told
from eutonia.knowledge import book, monograph

Advice = dict[str, Any]

PERSON = """
2026-01-05 09:30 person       id A-17; born 1979-04-11; sex male
2026-01-05       weight       72 kg
2026-01-05       height       175 cm
2026-01-05       allergy      none known
2026-01-05       medications  no others
"""
KIDNEY = "2026-01-05 lab creatinine 0.9 mg/dL\n"
SPINAL = "2026-01-05 condition spinal cord injury; level T9; origin spinal\n"
CEREBRAL = "2026-01-05 condition traumatic brain injury; origin cerebral; since 2020-03-01\n"
SCORE = "2026-01-05 score ashworth legs 3; penn 3\n"
WELL = PERSON + KIDNEY + SPINAL + SCORE
FAILED = "2026-01-20 failed oral baclofen 80 mg/day; no effect\n"
PUMP = """
2026-03-20 10:00 implant      SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL
2026-03-20 11:00 refill       18 mL of 500 mcg/mL
"""
RUNNING = WELL + FAILED + PUMP + "2026-03-20 11:05 program continuous 300 mcg/day\n"


def advise(text: str, now: str = "2026-01-06 09:00", jurisdiction: str = "US") -> Advice:
    """The advice for a chart as it goes out on the wire."""
    return eutonia.advise(eutonia.read(text.lstrip("\n")), now, jurisdiction).as_dict(foresee=False)


def finding(advice: Advice, id_: str) -> Any:
    """The one finding with this id."""
    (found,) = (each for each in advice["findings"] if each["id"] == id_)
    return found


def ids(advice: Advice) -> list[str]:
    return [each["id"] for each in advice["findings"]]


def plans(advice: Advice, kind: str) -> list[Any]:
    return [each for each in advice["plans"] if each["kind"] == kind]


def refused(advice: Advice, kind: str) -> str:
    """Everything that is said about why there is no plan of this kind."""
    return " ".join(each["why"] for each in advice["refusals"] if each["kind"] == kind)


def doses(plan: Any, do: str, unit: str) -> list[float]:
    return [each["dose"]["value"] for each in plan["steps"] if each["do"] == do and each["dose"]["unit"] == unit]


def at(step: Any) -> datetime:
    return datetime.fromisoformat(step["at"])


def brief_says(*names: str) -> str:
    """The sentence of the brief that is made of these entries of the knowledge."""
    (line,) = (
        line
        for section in brief(book())
        for line in section["lines"]
        if set(names) <= {*line["entries"], *line["facts"]}
    )
    return str(line["says"])


# --- indications ----------------------------------------------------------------------------------------------------


@pytest.mark.carries("IND-01")
def test_epilepsy_is_its_history_and_never_an_indication():
    advice = advise(PERSON + KIDNEY + "2026-01-05 condition epilepsy\n")
    assert "no indication" in finding(advice, "indication")["says"]
    assert {"1960", "1971"} <= set(re.findall("[0-9]{4}", brief_says("IND-01")))


@pytest.mark.carries("IND-02")
@pytest.mark.parametrize("cause", ["multiple sclerosis", "spinal cord injury", "spinal cord lesion"])
def test_by_mouth_it_is_approved_after_spinal_lesions_and_in_multiple_sclerosis(cause):
    found = finding(advise(PERSON + KIDNEY + f"2026-01-05 condition {cause}; origin spinal\n"), "indication")
    assert found["grade"] == "note"
    assert f"approved for spasticity in {cause}" in found["says"]


@pytest.mark.carries("IND-02")
@pytest.mark.parametrize("cause", ["stroke", "trigeminal neuralgia", "cerebral palsy", "fibromyalgia", "spasticity"])
def test_nothing_else_is_called_approved_by_mouth(cause):
    found = finding(advise(PERSON + KIDNEY + f"2026-01-05 condition {cause}\n"), "indication")
    assert found["grade"] != "note"
    assert "approved for" not in found["says"]


@pytest.mark.carries("IND-03")
@pytest.mark.parametrize("outcome", ["no effect", "intolerable"])
def test_the_way_into_the_spine_says_which_failure_opened_it(outcome):
    advice = advise(WELL + f"2026-01-05 failed oral baclofen 80 mg/day; {outcome}\n2026-01-05 request trial\n")
    assert plans(advice, "trial")
    assert all(f"({outcome})" in each["why"] for each in plans(advice, "trial"))
    assert f"({outcome})" in finding(advice, "indication-intrathecal")["says"]


@pytest.mark.carries("IND-03", "IND-04")
@pytest.mark.parametrize("tried", ["", "2026-01-05 failed oral baclofen 40 mg/day; no effect\n"])
def test_without_a_full_dose_that_failed_by_mouth_spinal_origin_stays_out_of_the_spine(tried):
    advice = advise(WELL + tried + "2026-01-05 request trial\n")
    assert finding(advice, "indication-intrathecal")["grade"] == "stop"
    assert not plans(advice, "trial")
    assert "maximum doses" in finding(advice, "indication-intrathecal")["basis"]


@pytest.mark.carries("IND-04")
@pytest.mark.parametrize("drug", ["oral baclofen 80 mg/day", "tizanidine 36 mg/day", "dantrolene 400 mg/day"])
def test_severe_spinal_spasticity_after_a_failed_full_dose_is_approved_in_the_spine(drug):
    advice = advise(WELL + f"2026-01-05 failed {drug}; no effect\n2026-01-05 request trial\n")
    assert "approved for severe spasticity of spinal origin" in finding(advice, "indication-intrathecal")["says"]
    assert plans(advice, "trial")


@pytest.mark.carries("IND-04")
@pytest.mark.parametrize("drug", ["tizanidine 2 mg/day", "tizanidine", "dantrolene 25 mg/day"])
def test_a_small_dose_of_another_drug_that_failed_is_no_maximum_dose(drug):
    advice = advise(WELL + f"2026-01-05 failed {drug}; no effect\n2026-01-05 request trial\n")
    assert finding(advice, "indication-intrathecal")["grade"] != "note"


@pytest.mark.carries("IND-04")
def test_cerebral_origin_is_approved_in_the_spine():
    advice = advise(PERSON + KIDNEY + CEREBRAL + FAILED + "2026-01-20 request trial\n", "2026-01-21")
    assert "approved for spasticity of cerebral origin" in finding(advice, "indication-intrathecal")["says"]
    assert plans(advice, "trial")


OFF_LABEL = (
    "alcoholic liver disease",
    "alcohol use disorder",
    "alcohol-related anxiety",
    "trigeminal neuralgia",
    "gastro-oesophageal reflux disease",
    "hiccups",
)


@pytest.mark.carries("IND-05")
@pytest.mark.parametrize("use", OFF_LABEL)
def test_an_off_label_use_is_called_off_label(use):
    found = finding(advise(PERSON + KIDNEY + f"2026-01-05 condition {use}\n"), "indication")
    assert found["grade"] == "caution"
    assert f"off-label for {use}" in found["says"]


@pytest.mark.carries("IND-06")
def test_in_cerebral_palsy_a_child_gets_a_short_term_treatment_with_its_review_date():
    child = PERSON.replace("1979", "2012") + "2026-01-05 condition cerebral palsy; origin cerebral\n"
    advice = advise(child + "2026-01-01 oral 5 mg three times a day\n")
    found = finding(advice, "indication")
    assert "short-term treatment in children and adolescents" in found["says"]
    assert "2026-04-01" in found["resolve"]
    assert [task["by"] for task in advice["tasks"] if task["because"] == "indication"] == ["2026-04-01"]


@pytest.mark.carries("IND-06", "PED-01")
def test_below_twelve_both_the_short_term_use_and_the_age_are_told():
    child = PERSON.replace("1979", "2018") + "2026-01-05 condition cerebral palsy; origin cerebral\n"
    advice = advise(child + "2026-01-05 request start oral\n")
    assert "short-term" in finding(advice, "indication")["says"]
    assert {"PED-01", "IND-06"} <= set(finding(advice, "age")["facts"])


@pytest.mark.carries("IND-07")
@pytest.mark.parametrize("against", ["parkinson disease", "stroke"])
def test_parkinson_and_stroke_are_not_recommended(against):
    found = finding(advise(PERSON + KIDNEY + f"2026-01-05 condition {against}\n"), "indication")
    assert found["grade"] == "caution"
    assert f"not recommended in {against}" in found["says"]


@pytest.mark.carries("IND-08")
def test_rheumatic_muscle_spasm_is_not_indicated_and_gets_no_plan():
    advice = advise(PERSON + KIDNEY + "2026-01-05 condition rheumatic muscle spasm\n2026-01-05 request start oral\n")
    assert "not indicated" in finding(advice, "indication")["says"]
    assert not advice["plans"]


# --- mechanism and pharmacokinetics: shown on request, every side of it ---------------------------------------------


@pytest.mark.carries("MOA-01")
def test_the_receptor_is_the_b_type_and_the_slip_of_the_monograph_is_shown():
    text = told(story("MOA-01") or {}, 100)
    assert "GABA-B receptor" in text
    assert '"beta subunit of GABA"' in text
    assert "C-14" in brief_says("MOA-01")


@pytest.mark.carries("MOA-02")
def test_relief_has_two_arms_before_and_behind_the_synapse():
    before, behind = book().words("effect.mechanism")
    assert "released before the synapse" in before
    assert "inhibition behind it" in behind
    assert f"{before}, {behind}" in brief_says("effect.mechanism")


@pytest.mark.carries("MOA-03")
def test_the_calcium_channels_are_told_and_said_to_be_outside_the_model():
    assert "voltage-gated calcium channels" in brief_says("MOA-03")
    assert "unclear: not in the model" in brief_says("MOA-03")


@pytest.mark.carries("PK-01")
def test_the_measured_bioavailability_lies_in_the_range_of_the_monograph():
    low, high = book().span("plasma.bioavailability")
    assert low.value <= book().quantity("plasma.bioavailability_measured").value <= high.value
    assert "70 to 85%" in brief_says("plasma.bioavailability")
    assert "74% measured (Agarwal 2015)" in brief_says("plasma.bioavailability")


@pytest.mark.carries("PK-02")
def test_the_peak_is_told_with_every_side_and_the_patient_is_asked_at_the_peak():
    says = brief_says("plasma.peak_time")
    assert "Peak 2 to 3 h" in says
    assert "0.5 to 1.5 h (CH label)" in says
    assert "sources disagree, C-02" in says
    (plan, *_) = plans(advise(WELL + "2026-01-05 request start oral\n"), "titration")
    assert any("two to three hours after a dose" in each for each in plan["watch"])


@pytest.mark.carries("PK-03")
def test_absorption_is_taken_as_linear_and_both_other_views_are_shown():
    assert book().text("plasma.linearity") == "linear"
    assert set(book().entry("plasma.linearity").more["choices"]) == {"linear", "rising", "falling"}
    says = brief_says("plasma.linearity")
    assert "rising (monograph)" in says
    assert "falling (US label)" in says
    assert "C-01" in says


@pytest.mark.carries("PK-04")
def test_a_short_half_life_means_three_or_four_doses_in_every_step():
    found = plans(advise(WELL + "2026-01-05 request start oral\n"), "titration")
    steps = [step for plan in found for step in plan["steps"] if step["do"] == "take"]
    assert len(steps) > 10
    for step in steps:
        regimen = read_regimen(_regimen(step["says"]))
        assert sum(part.times for part in regimen.parts) in (3, 4)
    assert "split into 3 or 4 doses" in brief_says("oral.times_a_day")
    assert "Half-life 2 to 6 h" in brief_says("plasma.half_life")


def _regimen(says: str) -> str:
    return says.removeprefix("If the response is not enough and the last dose was borne well: ").partition(" (")[0]


@pytest.mark.carries("PK-05")
def test_less_kidney_leaves_less_of_the_dose():
    assert "70% leaves unchanged by the kidney" in brief_says("kidney.renal_share")
    tops = []
    for clearance in (100, 65, 40):
        text = (
            WELL.replace(KIDNEY, f"2026-01-05 lab clearance {clearance} mL/min\n") + "2026-01-05 request start oral\n"
        )
        (plan, *_) = plans(advise(text), "titration")
        tops.append(max(doses(plan, "take", "mg/d")))
    assert tops[0] == 80
    assert tops[0] > tops[1] > tops[2]


@pytest.mark.carries("PK-06")
def test_a_bad_liver_and_a_cytochrome_inhibitor_change_no_dose():
    asked = "2026-01-05 request start oral\n"
    usual = [each["steps"] for each in plans(advise(WELL + asked), "titration")]
    assert usual
    advice = advise(WELL + "2026-01-05 condition cirrhosis\n2026-01-05 medication ketoconazole 200 mg daily\n" + asked)
    assert "a reason in favour, no reduction of the dose" in finding(advice, "liver")["says"]
    assert not [each for each in ids(advice) if each.startswith("interactions")]
    assert [each["steps"] for each in plans(advice, "titration")] == usual


@pytest.mark.carries("PK-07")
def test_how_far_people_differ_stands_beside_every_clearance():
    says = brief_says("plasma.simon2018.cl_f")
    for name in ("plasma.simon2018.cl_f", "plasma.chevillard2018.cl_f", "plasma.he2014.cl_f"):
        assert book().entry(name).more["iiv"].replace(" ", "") in says
    assert "every prediction is a band" in brief_says("plasma.variability")


# --- by mouth -------------------------------------------------------------------------------------------------------


CREAM = "2026-01-05 medication baclofen 2 % cream to the skin twice a day\n"


@pytest.mark.carries("ADM-01")
def test_baclofen_through_the_skin_is_told_and_gets_no_invented_dose():
    advice = advise(WELL + CREAM)
    assert any("cream to the skin" in each["says"] for each in advice["findings"])
    assert not any("skin" in step["says"] for plan in advice["plans"] for step in plan["steps"])


@pytest.mark.carries("ADM-01")
def test_baclofen_through_the_skin_is_its_own_route_and_no_dose_by_mouth():
    advice = advise(WELL + CREAM + "2026-01-05 request start oral\n")
    assert any("ADM-01" in each["facts"] for each in advice["findings"])
    assert "by mouth is unknown" not in " ".join(each["says"] for each in advice["findings"])


@pytest.mark.carries("ADM-02")
def test_by_mouth_it_starts_with_5_mg_three_times_a_day():
    found = plans(advise(WELL + "2026-01-05 request start oral\n"), "titration")
    assert found
    for plan in found:
        assert plan["steps"][0]["dose"] == {"value": 15, "unit": "mg/d"}
        assert plan["steps"][0]["says"].startswith("5 mg three times a day")
    assert book().quantity("oral.start").to("mg") * book().count("oral.start_times_a_day") == 15


@pytest.mark.carries("ADM-03")
def test_the_dose_rises_every_three_days_and_only_while_the_response_is_not_enough():
    plan, slower = plans(advise(WELL + "2026-01-05 request start oral\n"), "titration")
    takes = [each for each in plan["steps"] if each["do"] == "take"]
    apart = {at(later) - at(step) for step, later in pairwise(takes)}
    assert apart == {timedelta(days=3)}
    assert all("If the response is not enough and the last dose was borne well" in each["says"] for each in takes[1:])
    assert at(slower["steps"][1]) - at(slower["steps"][0]) > timedelta(days=3)


@pytest.mark.carries("ADM-03")
def test_no_rise_comes_sooner_than_three_days_after_the_last_change():
    found = plans(advise(WELL + "2026-01-05 18:00 oral 5 mg three times a day\n"), "titration")
    plan = next(each for each in found if each["option"].startswith("every 3 days"))
    assert at(plan["steps"][0]).isoformat().startswith("2026-01-08T18:00")


@pytest.mark.carries("ADM-04")
def test_no_plan_passes_80_mg_and_75_mg_in_germany():
    asked = WELL + "2026-01-05 oral 20 mg three times a day + 10 mg at bedtime\n2026-01-05 request titrate oral\n"
    for place, most in (("US", 80), ("DE", 75)):
        found = plans(advise(asked, "2026-01-12", place), "titration")
        assert found
        assert all(max(doses(plan, "take", "mg/d")) == most for plan in found if plan["option"] != "stay")
    full = asked.replace("10 mg at bedtime", "20 mg at bedtime")
    assert "at the ceiling of 80 mg" in refused(advise(full, "2026-01-12"), "titration")


@pytest.mark.carries("ADM-04")
@pytest.mark.parametrize(
    "taken",
    [
        "2026-01-05 oral 30 mg three times a day\n",
        "2026-01-05 oral 20 mg three times a day\n2026-01-05 medication Lioresal 10 mg three times a day\n",
        "2026-01-05 oral 20 mg three times a day + 10 mg as needed, at most 3 a day\n",
    ],
)
def test_more_than_80_mg_in_all_orders_together_is_a_stop(taken):
    advice = advise(WELL + taken)
    found = finding(advice, "oral-dose")
    assert found["grade"] == "stop"
    assert "90 mg daily" in found["says"]
    assert "C-04" in " ".join([found["basis"], *found["sources"]])
    assert not plans(advice, "titration")


@pytest.mark.carries("ADM-05")
def test_the_usual_40_to_80_mg_stands_beside_each_plan_and_outside_it_is_a_finding():
    asked = advise(WELL + "2026-01-05 request start oral\n")
    assert all("usual 40 mg daily to 80 mg daily" in plan["why"] for plan in plans(asked, "titration"))
    low = advise(WELL + "2026-01-05 oral 10 mg three times a day\n", "2026-03-01")
    assert "30 mg daily by mouth is below the usual 40 mg daily to 80 mg daily" in finding(low, "oral-dose")["says"]
    usual = advise(WELL + "2026-01-05 oral 20 mg three times a day\n", "2026-03-01")
    assert "oral-dose" not in ids(usual)


# --- in the spine ---------------------------------------------------------------------------------------------------


@pytest.mark.carries("ITB-01")
def test_screening_is_one_bolus_of_50_mcg_then_four_to_eight_hours_of_observation():
    (plan,) = plans(advise(WELL + FAILED + "2026-01-20 request trial\n", "2026-01-21 09:00"), "trial")
    assert doses(plan, "give", "ug") == [50, 75, 100]
    give, observe, following = plan["steps"][:3]
    assert at(observe) - at(give) == timedelta(hours=8)
    assert "Observed for 4 to 8 h" in observe["says"]
    assert "Only if the bolus before had no response" in following["says"]
    assert at(following) - at(give) == timedelta(hours=24)


@pytest.mark.carries("ITB-01")
def test_after_a_bolus_nothing_follows_before_its_outcome_is_written():
    given = WELL + FAILED + "2026-01-21 09:00 trial 50 mcg\n"
    advice = advise(given, "2026-01-21 12:00")
    assert not plans(advice, "trial")
    assert "is not recorded" in refused(advice, "trial")
    (plan,) = plans(advise(given + "2026-01-21 17:00 response none\n", "2026-01-21 18:00"), "trial")
    assert doses(plan, "give", "ug") == [75, 100]
    assert at(plan["steps"][0]).isoformat().startswith("2026-01-22T09:00")


@pytest.mark.carries("ITB-02")
@pytest.mark.parametrize(
    ("hours", "place", "dose"),
    [("7", "US", 100), ("8", "US", 50), ("20", "US", 50), ("9", "DE", 100), ("12", "DE", 50)],
)
def test_the_pump_starts_with_twice_the_screening_dose_unless_the_response_was_long(hours, place, dose):
    trial = f"2026-03-01 09:00 trial 50 mcg\n2026-03-02 09:00 response positive; lasted {hours} h\n"
    (plan,) = plans(advise(WELL + FAILED + trial + PUMP, "2026-03-20 12:00", place), "start")
    assert doses(plan, "program", "ug/d") == [dose]
    assert "C-05" in plan["why"]


@pytest.mark.carries("ITB-02")
@pytest.mark.parametrize("outcome", ["", "2026-03-01 17:00 response none\n", "2026-03-01 17:00 response positive\n"])
def test_no_pump_starts_without_a_positive_response_and_its_duration(outcome):
    text = WELL + FAILED + "2026-03-01 09:00 trial 50 mcg\n" + outcome + PUMP + "2026-03-20 request start pump\n"
    advice = advise(text, "2026-03-20 12:00")
    assert not plans(advice, "start")
    assert refused(advice, "start")


def _changes(text: str, now: str) -> list[float]:
    advice = advise(text, now)
    return sorted(
        round((dose / advice["pump"]["daily_dose"]["value"] - 1) * 100, 1)
        for plan in plans(advice, "adjust")
        for dose in doses(plan, "program", "ug/d")
    )


@pytest.mark.carries("ITB-03")
@pytest.mark.parametrize(("cause", "low", "high"), [(SPINAL, 10, 30), (CEREBRAL, 5, 15)])
def test_a_rise_is_10_to_30_percent_for_spinal_and_5_to_15_for_cerebral_origin(cause, low, high):
    text = RUNNING.replace(SPINAL, cause) + "2026-03-24 request adjust up\n"
    found = _changes(text, "2026-03-25")
    assert (found[0], found[-1]) == (low, high)


@pytest.mark.carries("ITB-03")
def test_a_step_outside_the_window_is_refused_unless_somebody_overrode_it_for_a_reason():
    asked = RUNNING + "2026-03-24 request adjust to 450 mcg/day\n"
    assert "outside the window of 330 to 390 mcg/day" in refused(advise(asked, "2026-03-25"), "adjust")
    assert not plans(advise(asked, "2026-03-25"), "adjust")
    by = "2026-03-24 override adjust; by Dr Example; because the old pump ran at 450 mcg/day\n"
    (plan,) = plans(advise(asked + by, "2026-03-25"), "adjust")
    assert plan["overridden"] == "Dr Example: the old pump ran at 450 mcg/day"


@pytest.mark.carries("ITB-03")
def test_there_is_one_change_a_day():
    text = RUNNING + "2026-03-24 10:00 program continuous 330 mcg/day\n2026-03-24 request adjust up\n"
    found = plans(advise(text, "2026-03-24 15:00"), "adjust")
    assert found
    for plan in found:
        assert all(at(step).isoformat() >= "2026-03-25T10:00" for step in plan["steps"] if step["do"] == "program")


@pytest.mark.carries("ITB-04")
def test_the_search_for_the_optimum_goes_down_as_well_as_up_and_keeps_the_lowest_dose():
    advice = advise(RUNNING, "2026-04-10")
    found = _changes(RUNNING, "2026-04-10")
    assert found[0] < 0 < found[-1]
    first = plans(advice, "adjust")[0]
    assert doses(first, "program", "ug/d")[0] < 300
    assert all("lowest dose with an adequate response" in " ".join(each["watch"]) for each in plans(advice, "adjust"))


@pytest.mark.carries("ITB-05")
@pytest.mark.parametrize(("daily", "place"), [(80, "below"), (90, ""), (703, ""), (710, "above")])
def test_cerebral_origin_is_usually_managed_on_90_to_703_mcg(daily, place):
    text = RUNNING.replace(SPINAL, CEREBRAL).replace("300 mcg/day", f"{daily} mcg/day")
    says = [each["says"] for each in advise(text, "2026-03-25")["findings"] if each["id"] == "pump-dose"]
    expected = [f"{daily} mcg daily in the spine is {place} the usual 90 mcg daily to 703 mcg daily."] if place else []
    assert says == expected


@pytest.mark.carries("ITB-06")
@pytest.mark.parametrize(("daily", "place"), [(290, "below"), (300, ""), (800, ""), (810, "above")])
def test_spinal_origin_usually_needs_300_to_800_mcg(daily, place):
    text = RUNNING.replace("300 mcg/day", f"{daily} mcg/day")
    says = [each["says"] for each in advise(text, "2026-03-25")["findings"] if each["id"] == "pump-dose"]
    expected = [f"{daily} mcg daily in the spine is {place} the usual 300 mcg daily to 800 mcg daily."] if place else []
    assert says == expected


@pytest.mark.carries("ITB-07")
def test_the_reservoir_is_accounted_for_and_its_refill_is_dated():
    pump = advise(RUNNING.replace("300 mcg/day", "250 mcg/day"), "2026-03-30 11:05")["pump"]
    assert pump["residual_ml"] == pytest.approx(18 - 10 * 0.5, abs=0.01)
    assert pump["governed_by"] == "reservoir"
    assert pump["refill_due"] == pump["low_reservoir_at"]
    assert pump["refill_due"].startswith("2026-04-17T11:05")  # 14 mL down to the alarm at 4 mL, 0.5 mL a day


@pytest.mark.carries("ITB-07")
def test_the_refill_has_its_check_list():
    (plan,) = plans(advise(RUNNING + "2026-04-10 request refill\n", "2026-04-10 10:00"), "refill")
    assert [each["do"] for each in plan["steps"]] == ["check", "draw", "refill", "check", "observe"]
    assert "5.4 mL is expected" in plan["steps"][1]["says"]  # 18 mL less 0.6 mL a day for 20.95 days
    assert "next refill due by" in plan["steps"][3]["says"]


PROGRAMS = (
    ("continuous 300 mcg/day", "simple continuous", 300),
    ("continuous 276 mcg/day; bolus 12 mcg at 06:00, 22:00", "periodic bolus", 300),
    ("bolus 50 mcg every 4 h", "periodic bolus", 300),
    ("day 10 mcg/h from 00:00, 15 mcg/h from 12:00", "day schedule", 300),
)


@pytest.mark.carries("ITB-08")
@pytest.mark.parametrize(("program", "mode", "daily"), PROGRAMS)
def test_each_kind_of_program_empties_the_chamber_by_what_it_delivers(program, mode, daily):
    text = RUNNING.replace("continuous 300 mcg/day", program)
    pump = advise(text, "2026-03-30 11:05")["pump"]
    assert (pump["mode"], pump["daily_dose"]["value"]) == (mode, daily)
    assert pump["residual_ml"] == pytest.approx(18 - 10 * daily / 500, abs=0.12)  # at most one bolus apart


@pytest.mark.carries("ITB-08", "TOX-01")
@pytest.mark.parametrize(("program", "daily"), [(each[0], each[2]) for each in PROGRAMS])
def test_what_the_pump_reports_back_is_held_against_the_order(program, daily, tmp_path):
    text = RUNNING.replace("continuous 300 mcg/day", program)
    now = "2026-03-30 11:05"
    left = round(advise(text, now)["pump"]["residual_ml"], 1)
    report = (
        f"patient A-17\ndevice SynchroMed II 20 mL\nstrength 500 mcg/mL\nprogram {program}\ndaily dose {daily} mcg/day\n"
        f"rate 0.6 mL/day\nreservoir {left} mL\nalarm 4 mL\nline 0.364 mL\nclock 2026-03-30 11:05\nbridge none\n"
    )
    (tmp_path / "a.chart").write_text(text.lstrip("\n"))

    def verify(said: str) -> int:
        (tmp_path / "back.txt").write_text(said)
        command = ["verify", str(tmp_path / "a.chart"), "--readback", str(tmp_path / "back.txt"), "--now", now]
        return CliRunner().invoke(main, command).exit_code

    assert verify(report) == 0
    assert verify(report.replace("strength 500 mcg/mL", "strength 2000 mcg/mL")) == 1
    for line in report.splitlines():
        assert verify(report.replace(line + "\n", "")) == 1, line


# --- tolerance and holidays -----------------------------------------------------------------------------------------

CLIMB = (
    RUNNING.replace("500 mcg/mL", "2000 mcg/mL")
    + """
2026-03-26 10:00 program      continuous 390 mcg/day
2026-04-05       score        ashworth legs 3; penn 3
2026-04-06 10:00 program      continuous 500 mcg/day
2026-04-16       score        ashworth legs 3; penn 3
2026-04-17 10:00 program      continuous 640 mcg/day
2026-04-27       score        ashworth legs 3; penn 3
"""
)


@pytest.mark.carries("TOL-01")
def test_a_fading_response_is_answered_with_gradual_rises_wider_after_two_months():
    assert "most patients need gradual increases" in brief_says("tolerance.expected").lower()
    # Filled in time: an overdue refill comes before any rise.
    filled = (
        RUNNING.replace("18 mL", "20 mL").replace("of 500", "of 1000")
        + "2026-05-10 10:00 refill 20 mL of 1000 mcg/mL\n"
    )
    text = filled + "2026-05-25 request adjust up\n"
    assert _changes(text, "2026-05-18")[-1] == 30
    later = text.replace("2026-05-25", "2026-05-17")
    assert _changes(later, "2026-05-18")[-1] == 30
    assert _changes(text, "2026-05-26")[-1] == 40


@pytest.mark.carries("TOL-02", "WD-03")
def test_a_rising_dose_without_a_better_score_first_rules_out_the_delivery():
    advice = advise(CLIMB + "2026-04-27 request adjust up\n", "2026-04-28")
    found = finding(advice, "resistance")
    assert found["grade"] == "stop"
    assert "10%" in found["basis"].replace(" ", "")
    assert found["resolve"].index("read the pump out") < found["resolve"].index("holiday")
    assert not plans(advice, "adjust")
    asked = CLIMB + "2026-04-27 request holiday; inpatient; alternative tizanidine\n"
    assert not plans(advise(asked, "2026-04-28"), "holiday")
    checked = asked + "2026-04-28 09:00 explained delivery; contrast study through the port was free; by Dr Example\n"
    assert plans(advise(checked, "2026-04-28 12:00"), "holiday")


@pytest.mark.carries("TOL-02")
def test_a_dose_that_helps_is_not_resistance():
    better = CLIMB.replace(
        "2026-04-27       score        ashworth legs 3", "2026-04-27       score        ashworth legs 2"
    )
    assert "resistance" not in ids(advise(better, "2026-04-28"))


HOLIDAY = (
    RUNNING
    + "2026-04-10 09:00 explained delivery; x-ray and port were free; by Dr Example\n2026-04-10 09:30 request holiday"
)


@pytest.mark.carries("TOL-03")
def test_a_holiday_is_a_gradual_withdrawal_in_hospital_over_two_to_four_weeks():
    found = plans(advise(HOLIDAY + "; inpatient; alternative tizanidine\n", "2026-04-10 10:00"), "holiday")
    assert found
    for plan in found:
        assert plan["setting"] == "inpatient"
        falls = doses(plan, "program", "ug/d")
        assert falls == sorted(falls, reverse=True)
        assert all(new >= old * 0.795 for old, new in zip([300, *falls], falls, strict=False))
        (stop,) = (each for each in plan["steps"] if each["do"] == "stop")
        assert timedelta(days=14) <= at(stop) - at(plan["steps"][0]) <= timedelta(days=28)


@pytest.mark.carries("TOL-03")
def test_no_holiday_is_offered_that_is_shorter_than_14_or_longer_than_28_days():
    low = (HOLIDAY + "; inpatient; alternative tizanidine\n").replace("300 mcg/day", "100 mcg/day")
    assert [plan["option"] for plan in plans(advise(low, "2026-04-10 10:00"), "holiday")] == [
        "14 days",
        "21 days",
        "28 days",
    ]


@pytest.mark.carries("TOL-03")
def test_a_holiday_outside_hospital_is_refused():
    advice = advise(HOLIDAY + "; outpatient; alternative tizanidine\n", "2026-04-10 10:00")
    assert not plans(advice, "holiday")
    assert "only in hospital" in refused(advice, "holiday")


@pytest.mark.carries("TOL-04")
def test_a_holiday_is_incomplete_until_another_treatment_is_named():
    without = plans(advise(HOLIDAY + "; inpatient\n", "2026-04-10 10:00"), "holiday")
    assert without
    assert all("no other treatment of the spasticity is named" in plan["incomplete"] for plan in without)
    named = plans(advise(HOLIDAY + "; inpatient; alternative tizanidine\n", "2026-04-10 10:00"), "holiday")
    assert named
    assert all("incomplete" not in plan and "tizanidine" in plan["steps"][0]["says"] for plan in named)


@pytest.mark.carries("PED-01")
@pytest.mark.parametrize(("born", "stopped"), [("2014-01-07", True), ("2014-01-06", False)])
def test_below_twelve_nothing_is_planned_by_mouth_and_every_age_limit_is_shown(born, stopped):
    text = WELL.replace("1979-04-11", born).replace("72 kg", "38 kg") + "2026-01-05 request start oral\n"
    advice = advise(text)
    assert bool(plans(advice, "titration")) is not stopped
    if stopped:
        found = finding(advice, "age")
        assert found["grade"] == "stop"
        assert "below 12 years" in found["says"]
        assert "from 4 years" in found["basis"]


@pytest.mark.carries("PED-01")
def test_an_override_of_the_age_opens_a_plan_under_the_ceiling_for_children():
    text = WELL.replace("1979", "2016").replace("72 kg", "30 kg") + "2026-01-05 request start oral\n"
    by = "2026-01-05 override age; by Dr Example; because the children's hospital asks for it\n"
    found = plans(advise(text + by), "titration")
    assert found
    assert all(max(doses(plan, "take", "mg/d")) <= 60 for plan in found)


# --- adverse effects ------------------------------------------------------------------------------------------------

TAKING = WELL + "2026-01-05 oral 10 mg three times a day\n"


def _named(fact: str) -> list[str]:
    """The effects or signs that a fact of the monograph lists."""
    return [
        each.strip().removeprefix("transient ")
        for each in monograph()[fact].says.rstrip(".").partition(": ")[2].split(",")
    ]


@pytest.mark.carries("AE-01")
@pytest.mark.parametrize(
    ("effect", "told_as"),
    [
        ("nausea", "gastrointestinal, most common"),
        ("hypotension", "cardiovascular, less common"),
        ("impotence", "genitourinary, less common"),
        ("dyspnoea", "respiratory, less common"),
        ("muscle weakness", "neuromuscular, most common"),
        ("urticaria", "skin, less common"),
        ("vertigo", "central nervous system, most common"),
    ],
)
def test_an_effect_is_told_with_its_organ_system_and_its_frequency(effect, told_as):
    assert (
        f"{effect} ({told_as})"
        in finding(advise(TAKING + f"2026-01-06 symptom {effect}\n", "2026-01-07"), "effects")["says"]
    )


@pytest.mark.carries("AE-01")
def test_the_brief_lists_the_effects_by_the_seven_organ_systems():
    (section,) = (each for each in brief(book()) if each["title"] == "Adverse effects by organ system")
    heads = [line["says"].partition(":")[0].lower() for line in section["lines"] if "organ.systems" in line["entries"]]
    assert heads == _named("AE-01")


@pytest.mark.carries("AE-02")
@pytest.mark.parametrize("effect", _named("AE-02"))
def test_a_common_effect_holds_the_next_rise(effect):
    advice = advise(TAKING + f"2026-01-09 symptom {effect}\n2026-01-09 request titrate oral\n", "2026-01-10")
    assert all(max(doses(plan, "take", "mg/d")) <= 30 for plan in plans(advice, "titration"))
    assert any({"AE-02", "TOX-02"} & set(each["facts"]) and each["grade"] != "note" for each in advice["findings"])
    gone = advise(
        TAKING
        + f"2026-01-09 symptom {effect}\n2026-01-10 symptom {effect}; resolved\n2026-01-10 request titrate oral\n",
        "2026-01-10",
    )
    assert any(max(doses(plan, "take", "mg/d")) > 30 for plan in plans(gone, "titration"))


@pytest.mark.carries("AE-02")
@pytest.mark.parametrize("effect", ["nausea", "vertigo", "muscle weakness"])
def test_a_reported_effect_offers_holding_and_stepping_back(effect):
    advice = advise(TAKING + f"2026-01-09 symptom {effect}\n2026-01-09 request titrate oral\n", "2026-01-10")
    assert [plan["option"] for plan in plans(advice, "titration")] == ["hold", "step back"]
    assert [doses(plan, "take", "mg/d") for plan in plans(advice, "titration")] == [[30], [15]]


@pytest.mark.carries("AE-02")
def test_before_each_rise_the_common_effects_are_asked_for():
    (plan, *_) = plans(advise(WELL + "2026-01-05 request start oral\n"), "titration")
    asked = " ".join(plan["watch"]).lower()
    assert all(effect.split()[-1] in asked for effect in _named("AE-02"))


@pytest.mark.carries("AE-03")
@pytest.mark.parametrize("effect", _named("AE-03"))
def test_a_less_common_effect_is_recognised(effect):
    advice = advise(TAKING + f"2026-01-09 symptom {effect}\n", "2026-01-10")
    assert "symptoms" not in ids(advice)
    assert {"effects", "emergency-overdose"} & set(ids(advice))


@pytest.mark.carries("AE-03")
@pytest.mark.parametrize("effect", ["hypoventilation", "seizure", "acute urinary retention", "depression"])
def test_a_serious_effect_stops_the_titration(effect):
    advice = advise(TAKING + f"2026-01-09 symptom {effect}\n2026-01-09 request titrate oral\n", "2026-01-10")
    stops = [each for each in advice["findings"] if each["id"] in ("effects", "emergency-overdose")]
    assert stops[0]["grade"] == "stop"
    assert not plans(advice, "titration")


# --- withdrawal -----------------------------------------------------------------------------------------------------


@pytest.mark.carries("WD-01")
@pytest.mark.parametrize(
    ("text", "now"),
    [
        (RUNNING, "2026-04-10"),
        (RUNNING + "2026-04-10 request refill\n", "2026-04-10"),
        (RUNNING + "2026-04-10 request adjust down\n", "2026-04-10"),
        (RUNNING + "2026-04-10 request strength 2000 mcg/mL\n", "2026-04-10"),
        (HOLIDAY + "; inpatient\n", "2026-04-10"),
        (RUNNING, "2026-12-01"),
        (RUNNING + "2026-04-09 08:00 program stop\n", "2026-04-10"),
        (WELL + FAILED + "2026-01-20 request trial\n", "2026-01-21"),
        (
            WELL + FAILED + "2026-03-01 09:00 trial 50 mcg\n2026-03-01 17:00 response positive; lasted 7 h\n" + PUMP,
            "2026-03-20 12:00",
        ),
    ],
)
def test_the_boxed_warning_stands_on_every_output_about_the_spine(text, now):
    advice = advise(text, now)
    outgoing = " ".join(
        [each["basis"] + each["says"] for each in advice["findings"]]
        + [" ".join(each["watch"]) for each in advice["plans"]]
    )
    assert book().text("withdrawal.boxed") in outgoing


@pytest.mark.carries("WD-01", "WD-03")
@pytest.mark.parametrize(
    "sign", ["fever", "impaired mental state", "rigidity", "return of spasticity", "rhabdomyolysis", "organ failure"]
)
def test_a_sign_of_withdrawal_with_a_pump_puts_the_card_first_and_the_delivery_first_on_it(sign):
    advice = advise(RUNNING + f"2026-06-09 symptom {sign}\n", "2026-06-09 20:00")
    first = next(each for each in advice["findings"] if each["id"] == "emergency-withdrawal")
    assert advice["findings"][0]["id"].startswith("emergency")
    numbered = [line for line in first["card"] if re.match("[0-9]", line)]
    assert [re.search("reservoir|program|pump|catheter", line)[0] for line in numbered] == [
        "reservoir",
        "program",
        "pump",
        "catheter",
    ]
    assert not plans(advice, "adjust")


STOPPED = RUNNING + "2026-04-08 08:00 program stop\n"


@pytest.mark.carries("WD-02")
def test_after_a_short_interruption_a_dose_similar_to_the_one_before_is_planned():
    (plan,) = plans(advise(STOPPED + "2026-04-09 request restart\n", "2026-04-09 08:00"), "restart")
    assert doses(plan, "program", "ug/d") == [300]
    assert "similar to the one before" in plan["why"]
    assert any("Cause of the interruption" in step["says"] for step in plan["steps"])


@pytest.mark.carries("WD-02")
def test_after_a_long_interruption_the_old_dose_is_not_planned():
    trial = "2026-03-01 09:00 trial 50 mcg\n2026-03-01 17:00 response positive; lasted 7 h\n"
    text = STOPPED.replace(PUMP, "\n" + trial + PUMP).replace(
        "300 mcg/day", "100 mcg/day\n2026-03-22 program continuous 130 mcg/day"
    )
    (plan,) = plans(advise(text + "2026-04-14 request restart\n", "2026-04-14 08:00"), "restart")
    assert doses(plan, "program", "ug/d") == [100]


@pytest.mark.carries("WD-04")
def test_the_refill_has_a_day_in_the_tasks_and_patient_and_caregiver_are_told_why():
    advice = advise(RUNNING, "2026-04-01")
    (task,) = (each for each in advice["tasks"] if each["because"] == "refill")
    assert task["by"] == advice["pump"]["book_by"][:10]
    assert task["by"] < advice["pump"]["refill_due"][:10]
    assert "tell patient and caregiver" in task["do"]


@pytest.mark.carries("WD-05")
def test_an_abrupt_stop_by_mouth_is_a_stop_finding_and_the_end_of_a_taper_is_not():
    advice = advise(TAKING + "2026-01-09 oral stop\n", "2026-01-10")
    found = finding(advice, "abrupt-stop")
    assert found["grade"] == "stop"
    assert "seizures and hallucinations" in found["basis"]
    tapered = (
        TAKING + "2026-01-20 oral 5 mg three times a day\n2026-01-27 oral 2.5 mg twice a day\n2026-02-03 oral stop\n"
    )
    assert "abrupt-stop" not in ids(advise(tapered, "2026-02-04"))


@pytest.mark.carries("WD-05")
def test_a_supply_that_is_lost_is_said_before_the_dose_is_missed():
    assert (
        "interrupted: the supply is lost"
        in finding(advise(TAKING + "2026-01-09 interruption supply lost\n", "2026-01-09"), "interruption")["says"]
    )


@pytest.mark.carries("WD-06")
@pytest.mark.parametrize(("now", "shortest"), [("2026-02-01 09:00", 14), ("2026-06-01 09:00", 21)])
def test_a_taper_comes_down_in_dated_steps_over_two_weeks_and_three_after_long_use(now, shortest):
    found = plans(
        advise(TAKING + f"{now[:10]} request taper oral\n{now[:10]} lab creatinine 0.9 mg/dL\n", now), "taper"
    )
    lengths = []
    for plan in found:
        falls = doses(plan, "take", "mg/d")
        assert falls[0] < 30
        assert falls == sorted(set(falls), reverse=True)
        assert falls[-1] <= 5
        (stop,) = (each for each in plan["steps"] if each["do"] == "stop")
        lengths.append((at(stop) - at(plan["steps"][0])).days)
    assert min(lengths) == shortest


# --- contraindications and cautions ---------------------------------------------------------------------------------


@pytest.mark.carries("CON-01")
@pytest.mark.parametrize("substance", ["baclofen", "Lioresal", "sodium chloride"])
def test_hypersensitivity_to_the_drug_or_a_component_blocks_every_start_and_rise(substance):
    allergic = RUNNING.replace("allergy      none known", f"allergy      {substance}; anaphylaxis")
    for request in ("refill", "adjust up", "start oral", "restart", "strength 2000 mcg/mL"):
        advice = advise(allergic + f"2026-04-10 request {request}\n", "2026-04-10")
        assert finding(advice, "hypersensitivity")["grade"] == "stop"
        # What runs keeps a bridge and a way down, each marked; how, is in tests/hazards/test_going_on.py.
        assert {plan["kind"] for plan in advice["plans"]} <= {"refill", "reduction", "adjust"}
        assert all("CONTRAINDICATED" in plan["beside"] for plan in advice["plans"])
        rates = [dose for plan in advice["plans"] for dose in doses(plan, "program", "ug/d")]
        assert max(rates) < 300


@pytest.mark.carries("CON-01")
def test_allergies_that_nobody_asked_for_are_not_none():
    advice = advise(WELL.replace("2026-01-05       allergy      none known\n", ""))
    assert finding(advice, "hypersensitivity")["grade"] == "caution"
    assert "allergies have not been asked" in finding(advice, "hypersensitivity")["says"].lower()


@pytest.mark.carries("CON-02")
@pytest.mark.parametrize(("clearance", "share"), [(90, None), (65, "2/3"), (40, "1/2")])
def test_the_dose_follows_the_kidney_with_the_method_and_its_source(clearance, share):
    text = WELL.replace(KIDNEY, f"2026-01-05 lab clearance {clearance} mL/min\n") + "2026-01-05 request start oral\n"
    advice = advise(text)
    found = finding(advice, "kidney")
    assert f"clearance measured {clearance} mL/min" in found["says"].lower().replace("ml/min", "mL/min")
    assert "Vlavonou 2014" in found["sources"]
    if share:
        assert f"reduce the dose to {share} of the usual" in found["says"]
        assert plans(advice, "titration")
        assert all(f"Scaled to {share} of the usual dose" in plan["why"] for plan in plans(advice, "titration"))


@pytest.mark.carries("CON-02")
@pytest.mark.parametrize(
    "kidney",
    ["", "2024-06-01 lab creatinine 0.9 mg/dL\n", "2026-01-05 dialysis\n", "2026-01-05 lab clearance 25 mL/min\n"],
)
def test_without_a_recent_creatinine_or_below_30_no_dose_by_mouth_is_planned(kidney):
    advice = advise(WELL.replace(KIDNEY, kidney) + "2026-01-05 request start oral\n")
    assert finding(advice, "kidney")["grade"] == "stop"
    assert not plans(advice, "titration")


MOTHER = WELL.replace("sex male", "sex female") + "2026-01-05 pregnancy no\n"
NURSING = RUNNING.replace("sex male", "sex female") + "2026-03-20 pregnancy no\n"


@pytest.mark.carries("CON-03")
def test_a_breastfed_newborn_is_watched_for_sedation():
    found = finding(
        advise(MOTHER + "2026-01-05 breastfeeding infant born 2025-12-20\n2026-01-05 oral 5 mg three times a day\n"),
        "breastfeeding",
    )
    assert found["grade"] == "caution"
    assert "Watch the infant for sedation" in found["resolve"]
    assert "Little reaches the milk" in found["basis"]


@pytest.mark.carries("CON-04")
@pytest.mark.parametrize(
    ("born", "spine", "grade"),
    [
        ("2026-02-20", False, "caution"),
        ("2025-11-01", False, "note"),
        ("2026-02-20", True, "note"),
        ("2025-11-01", True, "note"),
    ],
)
def test_breastfeeding_is_graded_by_route_and_by_the_age_of_the_infant(born, spine, grade):
    text = NURSING if spine else MOTHER + "2026-01-05 oral 5 mg three times a day\n"
    found = finding(advise(text + f"2026-03-25 breastfeeding infant born {born}\n", "2026-03-26"), "breastfeeding")
    assert found["grade"] == grade


@pytest.mark.carries("CON-04")
def test_a_high_dose_in_the_spine_is_no_low_dose_for_a_newborn():
    text = NURSING.replace("300 mcg/day", "600 mcg/day")
    found = finding(advise(text + "2026-03-25 breastfeeding infant born 2026-02-20\n", "2026-03-26"), "breastfeeding")
    assert found["grade"] == "caution"


PREGNANT = MOTHER.replace("pregnancy no", "pregnancy yes, 20 weeks") + "2026-01-05 request start oral\n"


@pytest.mark.carries("CON-05", "CON-06")
def test_in_pregnancy_there_is_no_plan_before_a_recorded_decision_and_the_rat_data_are_shown():
    advice = advise(PREGNANT)
    found = finding(advice, "pregnancy")
    assert found["grade"] == "stop"
    assert "omphalocele" in found["basis"]
    assert "category C" in found["basis"]
    assert not plans(advice, "titration")


@pytest.mark.carries("CON-06")
@pytest.mark.parametrize(("outcome", "opened"), [("benefit outweighs risk", True), ("risk outweighs benefit", False)])
def test_a_plan_in_pregnancy_follows_the_recorded_decision(outcome, opened):
    advice = advise(PREGNANT + f"2026-01-05 decision pregnancy {outcome}; by Dr Example\n")
    assert bool(plans(advice, "titration")) is opened
    assert finding(advice, "pregnancy")["grade"] == ("caution" if opened else "stop")


# --- monitoring -----------------------------------------------------------------------------------------------------


@pytest.mark.carries("MON-01")
def test_other_depressants_are_named_with_what_to_watch():
    drugs = "2026-01-05 medication oxycodone 5 mg four times a day\n2026-01-05 medication diazepam 5 mg at bedtime\n"
    found = finding(advise(WELL + drugs), "interactions-cns")
    assert found["grade"] == "caution"
    assert "Oxycodone: added respiratory depression" in found["says"]
    assert "diazepam" in found["says"]
    assert "breathing" in found["resolve"]
    assert "monitor closely" in found["basis"]


@pytest.mark.carries("MON-01")
def test_a_drug_that_is_not_recognised_is_never_silence():
    advice = advise(WELL + "2026-01-05 medication zyxwvin 5 mg daily\n")
    assert "Not recognised, so not checked: 'zyxwvin" in finding(advice, "medications")["says"]


@pytest.mark.carries("MON-02")
@pytest.mark.parametrize(("eeg", "by"), [("", "2026-01-06"), ("2026-01-05 eeg no spikes\n", "2027-01-05")])
def test_epilepsy_brings_regular_eegs_into_the_tasks(eeg, by):
    advice = advise(WELL + "2026-01-05 condition epilepsy\n" + eeg)
    assert "seizure control can worsen" in finding(advice, "epilepsy")["says"]
    assert [task["by"] for task in advice["tasks"] if task["because"] == "epilepsy"] == [by]


# --- overdose -------------------------------------------------------------------------------------------------------


@pytest.mark.carries("TOX-01")
@pytest.mark.parametrize(
    ("kind", "text", "now", "do"),
    [
        ("trial", WELL + FAILED + "2026-01-20 request trial\n", "2026-01-21", {"give"}),
        ("refill", RUNNING + "2026-04-10 request refill\n", "2026-04-10", {"check", "refill"}),
        ("adjust", RUNNING + "2026-04-10 request adjust up\n", "2026-04-10", {"check"}),
        ("strength change", RUNNING + "2026-04-10 request strength 2000 mcg/mL\n", "2026-04-10", {"check", "refill"}),
        ("restart", STOPPED + "2026-04-09 request restart\n", "2026-04-09 08:00", {"check"}),
    ],
)
def test_each_screening_dose_refill_and_program_is_checked_by_two_people_and_recorded(kind, text, now, do):
    found = plans(advise(text, now), kind)
    assert found
    for plan in found:
        checked = {
            each["do"]
            for each in plan["steps"]
            if "two people check it independently, and the check is recorded" in each["says"]
        }
        assert checked >= do


@pytest.mark.carries("TOX-02")
@pytest.mark.parametrize("sign", _named("TOX-02"))
@pytest.mark.parametrize("treated", [RUNNING, TAKING, WELL + FAILED + "2026-04-09 09:00 trial 50 mcg\n"])
def test_a_sign_of_overdose_puts_the_emergency_card_before_everything(sign, treated):
    advice = advise(
        treated + f"2026-04-09 12:00 symptom {sign}\n2026-04-09 lab creatinine 0.9 mg/dL\n", "2026-04-09 13:00"
    )
    first = advice["findings"][0]
    assert (first["id"], first["grade"]) == ("emergency-overdose", "stop")
    assert first["card"][0].startswith("EMERGENCY")
    assert not any(dose for plan in advice["plans"] for dose in plan["steps"] if dose["do"] in ("give", "program"))


@pytest.mark.carries("TOX-03")
def test_the_overdose_card_empties_the_reservoir_treats_the_symptoms_and_tells_the_state_of_the_pump():
    card = finding(advise(RUNNING + "2026-04-09 12:00 symptom coma\n", "2026-04-09 13:00"), "emergency-overdose")[
        "card"
    ]
    steps = [line for line in card if re.match("[0-9]", line)]
    assert "empty the reservoir" in steps[0]
    assert any("treat for the symptoms" in line.lower() for line in steps)
    assert any("continuous 300 mcg/day" in line and "of 500 mcg/mL should be left" in line for line in card)
    assert any("physostigmine is not offered" in line for line in card)

"""A fact that is missing or old never raises a dose or a ceiling, and lifts no stop."""

from __future__ import annotations

import re

import pytest

from tests.charts import FILLED, LONG, ORAL, PUMP, SCREENED
from tests.hazards.answers import advise, finding, grade, plans, refusals, stops, texts
from tests.in_use import Case, case

# --- case 13: the weight ----------------------------------------------------------------------------------------------


@pytest.mark.hazard("H70")
@pytest.mark.parametrize(
    "changes",
    [
        (),
        (("2025-01-04 weight 45 kg\n", ""),),
        (("2025-01-04 weight 45 kg", "2020-01-04 weight 95 kg"),),
        (("2025-01-04 weight 45 kg", "2025-12-04 weight 4500 kg"),),
        (("2025-01-04 weight 45 kg\n", "2025-12-04 weight 45 kg\n2025-12-04 weight 54 kg\n"),),
        (("; sex female", "; sex other"), ("2025-01-04", "2025-12-04")),
    ],
)
def test_without_a_usable_weight_no_dose_by_mouth_is_planned_from_a_laxer_formula(changes):
    answer = case("13").replaced(*changes).answer()
    assert grade(answer, "kidney") == "stop"
    assert plans(answer, "titration") == []
    assert refusals(answer, "titration")
    assert "80 mg" not in texts({"plans": answer["plans"]})


@pytest.mark.hazard("H70")
def test_with_a_weight_of_this_year_the_stricter_band_governs():
    answer = case("13").replaced(("2025-01-04 weight", "2025-12-04 weight")).answer()
    assert "1/2" in (finding(answer, "kidney") or {})["says"]
    assert plans(answer, "titration")


@pytest.mark.hazard("H70")
@pytest.mark.parametrize(
    "changes", [(), (("; sex male", ""),), (("weight 72 kg", "weight 40 kg"),), (("creatinine 0.9", "creatinine 4"),)]
)
def test_a_kidney_value_that_grows_old_lifts_no_stop_of_the_spine(changes):
    """Creatinine 4 mg/dL a year ago is no reason to screen or to start today."""
    chart = Case(FILLED, "2026-03-20 12:00").replaced(*changes)
    for old in ("2026-01-05 lab", "2026-01-05 weight"):
        fresh, aged = chart.answer(), chart.replaced((old, old.replace("2026", "2024"))).answer()
        assert set(stops(fresh, "start")) <= set(stops(aged, "start"))
        assert set(stops(fresh, "trial")) <= set(stops(aged, "trial"))


@pytest.mark.hazard("H70")
def test_a_newer_good_kidney_value_lifts_an_older_bad_one():
    chart = FILLED + "2024-01-05 lab egfr 20 mL/min/1.73 m2\n"
    assert "kidney" not in stops(advise(chart, "2026-03-20 12:00"), "start")
    unweighed = chart.replace("2026-01-05 weight 72 kg\n", "")
    assert "kidney" not in stops(advise(unweighed, "2026-03-20 12:00"), "start")


# --- every fact that may be missing -----------------------------------------------------------------------------------

_TAKING = ORAL + "2026-01-06 oral 10 mg three times a day\n"
_OLD_WOMAN = case("13").replaced(("2025-01-04 weight", "2025-12-04 weight")).text
_RENAL = _TAKING.replace("creatinine 0.7", "creatinine 1.4")
_CHILD = (
    ORAL.replace("1979-04-11", "2015-04-11").replace("72 kg", "30 kg").replace("175 cm", "130 cm")
    + "2026-01-05 override age; by Dr X; because y\n"
)
_PREGNANT = ORAL.replace("pregnancy no", "pregnancy yes, 12 weeks")
_MAY_BE_MISSING = (
    "person",
    "weight",
    "height",
    "lab",
    "pregnancy",
    "allergy",
    "medications",
    "breastfeeding",
    "condition",
)
_CHARTS = {
    "oral": (ORAL, "2026-01-20 10:00"),
    "taking": (_TAKING, "2026-01-20 10:00"),
    "old woman": (_OLD_WOMAN, "2026-01-05 10:00"),
    "kidneys": (_RENAL, "2026-01-20 10:00"),
    "child": (_CHILD, "2026-01-20 10:00"),
    "pregnant": (_PREGNANT, "2026-01-20 10:00"),
    "screening": (SCREENED[: SCREENED.index("2026-03-01 09:00")], "2026-03-01 08:00"),
    "start": (FILLED, "2026-03-20 12:00"),
    "pump": (PUMP, "2026-03-25 12:00"),
    "maintenance": (LONG, "2026-06-21 12:00"),
}


def _largest(answer) -> dict[str, float]:
    """The largest dose of each kind of plan and sort of step that moves drug."""
    found: dict[str, float] = {}
    for plan in answer["plans"]:
        for step in plan["steps"]:
            if step["do"] in ("take", "give", "program") and plan["kind"] not in ("taper", "holiday"):
                key = f"{plan['kind']} {step['do']}"
                found[key] = max(found.get(key, 0), step["dose"]["value"])
    return found


def _without(line: str, how: str) -> list[str]:
    """The line with its fact taken away: deleted, years old, or (for a person) without birth date or sex."""
    if how == "deleted":
        return [] if " person " not in line else [re.sub(r"; born \S+", "", line)]
    if how == "aged":
        return [line.replace("2026", "2016", 1).replace("2025", "2015", 1)]
    return [re.sub(r"; sex \S+", "", line)]


@pytest.mark.hazard("H70")
@pytest.mark.parametrize("how", ["deleted", "aged", "sex"])
@pytest.mark.parametrize("name", _CHARTS)
def test_no_plan_gets_larger_where_a_fact_is_missing_or_old(name: str, how: str):
    text, now = _CHARTS[name]
    lines = text.splitlines()
    whole = _largest(advise(text, now))
    held = {kind for each in advise(text, now)["findings"] for kind in each["stops"]}
    for place, line in enumerate(lines):
        kind = line.split()[1] if line.split()[1][0].isalpha() else line.split()[2]
        # A condition, a pregnancy or an allergy that is deleted was never there; one that grows old still is.
        adverse = kind == "condition" or (kind == "pregnancy" and "yes" in line)
        if kind not in _MAY_BE_MISSING or (how == "sex" and kind != "person") or (how == "deleted" and adverse):
            continue
        changed = "\n".join([*lines[:place], *_without(line, how), *lines[place + 1 :]]) + "\n"
        answer = advise(changed, now)
        for key, dose in _largest(answer).items():
            assert key in whole, f"{line}: a plan '{key}' appears"
            assert dose <= whole[key], f"{line}: {key}"
        missing = held - {kind for each in answer["findings"] for kind in each["stops"]}
        assert not missing, f"{line}: {missing} is stopped no more"


# --- case 11: pregnancy -----------------------------------------------------------------------------------------------


@pytest.mark.hazard("H70")
@pytest.mark.parametrize(
    ("line", "now", "weeks"),
    [
        ("pregnancy yes, 12 weeks", "2026-04-02 10:00", "25 weeks"),
        ("pregnancy yes, 12 weeks", "2026-08-12 10:00", "43 weeks"),
        ("pregnancy yes", "2026-10-30 10:00", None),
        ("pregnancy yes, 0 weeks", "2026-11-04 10:00", "43 weeks"),
        ("condition pregnancy", "2026-06-20 10:00", None),
        ("condition normal pregnancy", "2026-04-02 10:00", None),
    ],
)
def test_a_pregnancy_counts_until_its_outcome_or_44_weeks(line: str, now: str, weeks: str | None):
    answer = (
        case("11")
        .replaced(
            ("pregnancy yes, 12 weeks", line),
            ("2025-12-01 lab", "2026-01-01 lab"),
            ("2025-12-01 weight", "2026-01-01 weight"),
        )
        .at(now)
        .answer()
    )
    said = finding(answer, "pregnancy") or {}
    assert said["grade"] == "stop"
    assert said["says"].startswith(f"Pregnant, {weeks}" if weeks else "Pregnant (")
    assert plans(answer, "titration") == []


@pytest.mark.hazard("H70")
@pytest.mark.parametrize(
    ("line", "now"),
    [("pregnancy yes, 12 weeks", "2026-08-14"), ("pregnancy yes", "2026-11-06"), ("condition pregnancy", "2027-11-06")],
)
def test_after_44_weeks_the_outcome_is_not_recorded_and_nothing_is_loosened(line: str, now: str):
    chart = case("11").replaced(
        ("pregnancy yes, 12 weeks", line), ("2025-12-01 lab", "2026-11-01 lab" if now > "2026-11" else "2026-01-01 lab")
    )
    answer = chart.at(now).answer()
    said = finding(answer, "pregnancy") or {}
    assert "the outcome of the pregnancy of 2026-01-01 is not recorded" in said["says"]
    assert said["grade"] == "stop"
    assert "pregnancy ended" in said["resolve"]
    for outcome in ("pregnancy ended; delivered 2026-07-14", "pregnancy ended", "pregnancy no"):
        after = chart.with_lines(f"{now} {outcome}").at(now).answer()
        assert "pregnancy" not in stops(after, "titration")


@pytest.mark.parametrize(
    ("lines", "stopped"),
    [
        (("2026-03-01 pregnancy no",), False),
        (("2026-03-01 pregnancy ended; lost at 20 weeks",), False),
        (("2026-03-01 pregnancy not asked",), True),
        (("2026-03-01 pregnancy yes, 20 weeks",), True),
        (("2026-03-01 decision pregnancy benefit outweighs risk; by Dr X",), False),
        # The decision was about this pregnancy, whichever line counts its weeks.
        (
            ("2026-02-01 decision pregnancy benefit outweighs risk; by Dr X", "2026-03-01 pregnancy yes, 20 weeks"),
            False,
        ),
        # The next pregnancy needs its own decision.
        (
            (
                "2026-01-03 decision pregnancy benefit outweighs risk; by Dr X",
                "2026-02-01 pregnancy ended",
                "2026-03-30 pregnancy yes, 5 weeks",
            ),
            True,
        ),
        (("2026-01-03 decision pregnancy benefit outweighs risk; by Dr X", "2026-03-30 pregnancy yes, 5 weeks"), True),
        (("2026-03-01 pregnancy yes, 20 weeks", "2026-03-01 pregnancy no"), True),
    ],
)
def test_an_outcome_or_a_decision_lifts_the_stop_and_nothing_else(lines: tuple[str, ...], stopped: bool):
    answer = case("11").with_lines(*lines).answer()
    assert ("pregnancy" in stops(answer, "titration")) is stopped, finding(answer, "pregnancy")


def test_an_ended_pregnancy_is_asked_about_again_after_its_time():
    chart = case("11").with_lines("2026-02-01 pregnancy ended; delivered 2026-02-01")
    assert grade(chart.at("2026-04-02").answer(), "pregnancy") in (None, "note")
    assert "Pregnancy is not known" in (finding(chart.at("2026-06-02").answer(), "pregnancy") or {})["says"]


@pytest.mark.hazard("H70")
@pytest.mark.parametrize(
    ("born", "lines"),
    [
        ("1939-06-01", "2026-05-01 weight 30 kg\n2026-05-01 weight 82 kg\n"),  # two weights of one day
        ("1939-06-01", "2026-05-01 weight 30 kg\n2026-06-01 weight 820 kg\n"),  # a slip of a digit
        ("2014-03-03", "2026-05-01 weight 30 kg\n2026-05-01 height 80 cm\n2026-05-01 height 175 cm\n"),
        ("2014-03-03", "2026-05-01 weight 30 kg\n2026-05-01 height 80 cm\n2026-06-01 height 1750 cm\n"),
    ],
)
def test_measurements_that_contradict_or_cannot_be_keep_the_stop_of_the_lowest(born: str, lines: str) -> None:
    chart = (
        f"2025-09-01 09:30 person id A-17; born {born}; sex female\n{lines}2026-05-01 lab creatinine 1.2 mg/dL\n"
        "2025-09-01 condition multiple sclerosis; origin spinal\n2026-03-01 failed oral baclofen 80 mg/day; no effect\n"
        "2026-06-28 09:00 request trial\n"
    )
    answer = advise(chart, "2026-06-28 10:00")
    assert plans(answer, "trial") == []
    assert {"trial", "start"} <= {
        kind for each in answer["findings"] if each["id"] == "kidney" for kind in each["stops"]
    }

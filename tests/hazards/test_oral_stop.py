"""Oral baclofen that was stopped: every form counts, and what is offered depends on how long ago it was."""

from __future__ import annotations

import itertools

import pytest

from tests.charts import ORAL, PUMP
from tests.hazards.answers import advise, doses, finding, grade, plans, stops, texts
from tests.in_use import case

# --- H80: every form that begins it, every form that ends it ----------------------------------------------------------

_BEGINS = (
    "oral 10 mg three times a day",
    "medication baclofen 10 mg three times a day",
    "medication Lioresal 10 mg three times a day",
    "medication Baclofen tablets 10 mg TID",
    "medication Ozobax oral solution 10 mg tid",
)
_ENDS = (
    "oral stop",
    "medication stop baclofen",
    "medication stop Baclofen",
    "medication stop Lioresal",
    "medication stop Lioresal 10 mg",
    "medication stop baclofen 10 mg three times a day",
    "medication stop baclofen tablets",
)


@pytest.mark.hazard("H80")
@pytest.mark.parametrize(("begins", "ends"), list(itertools.product(_BEGINS, _ENDS)))
def test_every_form_that_ends_the_drug_ends_it_whichever_form_began_it(begins: str, ends: str):
    chart = case("14a", "output").replaced(
        ("oral 10 mg three times a day", begins),
        ("medication stop baclofen", ends),
        ("2026-04-30 medications none\n", ""),
    )
    answer = chart.answer()
    assert grade(answer, "abrupt-stop") == "stop", [each["id"] for each in answer["findings"]]
    assert "from 30 mg daily" in (finding(answer, "abrupt-stop") or {})["says"]
    assert plans(answer, "taper") == plans(answer, "titration") == []
    again = chart.with_lines(f"2026-05-01 08:00 {begins}").answer()
    assert finding(again, "abrupt-stop") is None
    assert plans(again, "taper")


@pytest.mark.hazard("H80")
@pytest.mark.parametrize("begins", _BEGINS)
def test_an_empty_drug_list_beside_a_running_order_contradicts_openly(begins: str):
    chart = case("14a", "output").replaced(
        ("oral 10 mg three times a day", begins), ("2026-04-30 medication stop baclofen\n", "")
    )
    answer = chart.answer()
    said = finding(answer, "oral-dose") or {}
    assert said["grade"] == "stop"
    assert "'medications none' of 2026-04-30 contradicts" in said["says"]
    assert answer["plans"] == []
    # Asked before it was begun, or answered again by the order: no contradiction.
    before = chart.replaced(("2026-04-30 medications none", "2026-01-05 medications none")).answer()
    assert "contradicts" not in texts(before)
    after = chart.with_lines(f"2026-05-01 08:00 {begins}").answer()
    assert "contradicts" not in texts(after)
    others = chart.replaced(("medications none", "medications no others")).answer()
    assert "contradicts" not in texts(others)


@pytest.mark.hazard("H80")
@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("medication stop baclofen cream", 45),
        ("medication stop Gablofen 500 mcg/mL intrathecal", 45),
        ("medication stop Lioresal 5 mg three times a day", 30),
        ("medication stop Lioresal 5 mg", 30),
        ("medication stop oxycodone", 45),
    ],
)
def test_a_stop_of_another_product_or_of_one_order_leaves_the_rest(line: str, left: int):
    chart = ORAL + (
        "2026-01-06 oral 10 mg three times a day\n2026-01-07 medication Lioresal 5 mg three times a day\n"
        f"2026-01-07 medication baclofen cream\n2026-01-07 medication oxycodone 5 mg\n2026-01-08 {line}\n"
    )
    answer = advise(chart, "2026-01-09")
    assert f"{left} mg daily" in texts(answer)
    assert finding(answer, "abrupt-stop") is None


@pytest.mark.hazard("H80")
def test_writing_the_stop_again_does_not_make_it_forgotten():
    chart = case("14a", "output").with_lines("2026-05-10 oral stop", "2026-05-12 medication stop baclofen")
    for now in ("2026-05-10 10:00", "2026-05-13 10:00"):
        assert "2026-04-30" in (finding(chart.at(now).answer(), "abrupt-stop") or {})["says"]


# --- case 14: how long ago --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "days"),
    [
        ("20 mg four times a day", 50),
        ("10 mg three times a day", 15),
        ("25 mg once a day", 59),
        ("40 mg twice a day", 31),
    ],
)
def test_weeks_after_a_stop_the_old_dose_is_not_restored_and_a_new_start_is_planned(taken: str, days: int):
    chart = case("14").replaced(("20 mg four times a day", taken))
    month, day = (11, 20 + days) if days < 11 else (12, days - 10) if days <= 41 else (1, days - 41)
    now = f"{2026 if month == 1 else 2025}-{month:02d}-{day:02d} 10:00"
    late = chart.replaced(("2026-01-09 09:00 request", f"{now[:10]} 09:00 request")).at(now).answer()
    said = finding(late, "abrupt-stop") or {}
    assert said["grade"] == "caution"
    assert "restore" not in said["resolve"]
    assert "within days of the stop" in said["resolve"]
    climbs = plans(late, "titration")
    assert climbs
    assert all(doses(plan, "take")[0] == 15 for plan in climbs)


@pytest.mark.parametrize(
    ("now", "restore"),
    [("2025-11-20 20:00", True), ("2025-11-21 23:00", True), ("2025-11-25 10:00", False), ("2025-12-03 10:00", False)],
)
def test_within_days_of_a_stop_withdrawal_is_looked_for_first(now: str, restore: bool):
    answer = case("14").at(now).answer()
    said = finding(answer, "abrupt-stop") or {}
    assert said["grade"] == "stop"
    assert said["resolve"].startswith("Look for signs of withdrawal")
    assert ("restore the dose" in said["resolve"]) is restore
    assert "adverse effect" in said["resolve"] or "the full dose is not taken again at once" in said["resolve"]
    assert "titration" in said["stops"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("20 mg four times a day", "10 mg three times a day", "lowered to 30 mg daily"),
        ("10 mg three times a day", "10 mg as needed, at most 3 a day", "lowered to as-needed doses only"),
        ("10 mg three times a day + 20 mg as needed, at most 2 a day", "10 mg three times a day", None),
        ("20 mg three times a day", "10 mg three times a day", None),
    ],
)
def test_a_fall_counts_from_what_is_taken_and_not_from_as_needed_doses(before: str, after: str, said: str | None):
    chart = ORAL + f"2025-11-01 oral {before}\n2026-01-19 10:00 oral {after}\n"
    found = finding(advise(chart, "2026-01-20 09:00"), "abrupt-stop")
    assert (found is None) if said is None else (found is not None and said in found["says"])
    assert said is None or "stop" not in grade(advise(chart, "2026-01-20 09:00"), "abrupt-stop")
    # Six weeks later the lower dose is what is taken; nothing is to be restored.
    assert (
        said is None
        or "restore" not in (finding(advise(chart, "2026-02-28"), "abrupt-stop") or {"resolve": ""})["resolve"]
    )


def test_steps_on_two_days_count_as_one_fall():
    chart = (
        ORAL + "2025-11-01 oral 80 mg once a day\n2026-01-18 oral 50 mg once a day\n2026-01-19 oral 30 mg once a day\n"
    )
    assert "from 80 mg daily" in (finding(advise(chart, "2026-01-20"), "abrupt-stop") or {})["says"]


# --- case 34: products for the pump are no oral order -------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Gablofen 2000 mcg/mL intrathecal pump",
        "Lioresal Intrathecal",
        "Lioresal Intrathecal 10 mg/5 mL ampoule",
        "baclofen pump",
        "Baclofen 500 ug/mL",
        "baclofen intratecal 2000 mcg/mL",
        "Gablofen",
        "baclofen intrathekal",
        "ITB baclofen 300 mcg/day",
    ],
)
def test_an_intrathecal_product_on_the_drug_list_is_no_oral_order(line: str):
    answer = case("34").replaced(("Gablofen 2000 mcg/mL intrathecal pump", line)).answer()
    assert "further baclofen order" not in texts(answer)
    assert stops(answer, "titration") == []
    assert plans(answer, "adjust")


@pytest.mark.parametrize(
    ("line", "daily"),
    [
        ("baclofen 10 mg three times a day", "30 mg"),
        ("Lioresal 5 mg at bedtime", "5 mg"),
        ("baclofen liquid 10 mg twice a day via feeding pump", None),
        ("baclofen 10 mg", None),
    ],
)
def test_an_oral_order_beside_the_pump_still_counts(line: str, daily: str | None):
    answer = case("34").replaced(("Gablofen 2000 mcg/mL intrathecal pump", line)).answer()
    assert ("further baclofen order" in texts(answer)) is (daily is None)
    assert daily is None or f"Both routes run: {daily}" in texts(answer)


def test_a_pump_product_without_a_pump_on_the_chart_is_asked_about():
    answer = advise(ORAL + "2026-01-05 medication Gablofen 2000 mcg/mL intrathecal\n", "2026-01-06")
    assert "no pump is on the chart" in (finding(answer, "medications") or {})["says"]
    assert "no pump is on the chart" not in texts(
        advise(PUMP + "2026-03-21 medication Gablofen 500 mcg/mL\n", "2026-03-25")
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Gablofen 2000 mcg/mL", True),
        ("Gablofen 2,000 ug/mL", True),
        ("Gablofen 500 mcg/mL", False),
        ("baclofen pump", False),
    ],
)
def test_another_concentration_on_the_list_than_in_the_pump_is_named(line: str, said: bool):
    answer = case("34").replaced(("Gablofen 2000 mcg/mL intrathecal pump", line)).answer()
    assert ("the pump was filled with 500 mcg/mL" in texts(answer).replace("\u00a0", " ")) is said


def test_an_empty_list_beside_other_drugs_is_not_called_complete():
    chart = ORAL + "2026-01-06 medication oxycodone 5 mg twice a day\n2026-01-07 medications none\n"
    answer = advise(chart, "2026-01-08")
    assert "'medications none' of 2026-01-07 contradicts 'oxycodone" in (finding(answer, "medications") or {})["says"]
    assert finding(answer, "interactions-cns") is not None

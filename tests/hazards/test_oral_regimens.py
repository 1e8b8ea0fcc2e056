"""Oral baclofen as it is taken: hold, step back, as-needed doses, liquids, and tapers that start from what is taken."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.charts import ORAL
from tests.hazards.answers import advise, doses, finding, gate, plans, refusals, stops, texts
from tests.in_use import case

# --- H73: hold and step back -----------------------------------------------------------------------------------------

_CASE_10 = "10 mg three times a day + 10 mg as needed, at most 3 a day"


def _named(answer, kind: str, option: str):
    return next((each for each in plans(answer, kind) if each["option"] == option), None)


@pytest.mark.hazard("H73")
@pytest.mark.parametrize(
    ("regimen", "daily"),
    [
        (_CASE_10, 30),
        ("5 mg in the morning + 20 mg at bedtime", 25),
        ("5 mg at 08:00 + 5 mg at 14:00 + 17.5 mg at 22:00 + 2.5 mg as needed, at most 1 a day", 27.5),
        ("12 mg every 6 h; liquid 1 mg/mL", 48),
        ("7 mg three times a day", 21),
    ],
)
def test_hold_repeats_the_regimen_exactly_as_it_is_taken(regimen: str, daily: float):
    chart = case("10").replaced((_CASE_10, regimen))
    answer = chart.answer()
    hold = _named(answer, "titration", "hold")
    assert hold is not None, refusals(answer, "titration")
    assert f"Stay at {regimen.partition(';')[0]} (" in hold["steps"][0]["says"]
    assert doses(hold, "take") == [daily]
    assert "20 mg three times" not in texts(answer)
    if "liquid" in regimen:
        assert "12 mg = 12 mL" in hold["steps"][0]["says"]


@pytest.mark.hazard("H73")
def test_hold_repeats_every_order_where_there_are_two():
    chart = (
        case("10")
        .replaced((_CASE_10, "10 mg three times a day"))
        .with_lines("2025-12-06 medication Lioresal 5 mg at bedtime")
    )
    answer = chart.answer()
    assert stops(answer, "titration") == ["oral-dose"], "two orders are made one first"


@pytest.mark.hazard("H73")
@pytest.mark.parametrize(
    ("changes", "lines", "back"),
    [
        ((), (), 15),
        # A third of the kidneys' function: the step of the scheme is 10 mg, then 7.5 mg.
        ((("creatinine 0.9", "creatinine 1.3"),), (), 20),
        ((("creatinine 0.9", "creatinine 1.9"),), (), 25),
        # The last rise on the chart was smaller than the scheme's step.
        ((), ("2025-12-20 oral 35 mg once a day",), 30),
        # Never more than half of what is taken at once.
        (((_CASE_10, "17.5 mg once a day"),), (), 10),
    ],
)
def test_step_back_falls_by_one_step_of_this_patients_scheme(changes, lines, back: float):
    answer = case("10").replaced(*changes).with_lines(*lines).answer()
    step_back = _named(answer, "titration", "step back")
    assert step_back is not None, refusals(answer, "titration")
    assert doses(step_back, "take") == [back]
    assert "as needed" not in step_back["steps"][0]["writes"]


@pytest.mark.hazard("H73")
@pytest.mark.parametrize("liquid", ["1 mg/mL", "2 mg/mL", "5 mg/mL"])
def test_liquids_stay_liquids_in_every_plan(liquid: str):
    taken = f"oral 10 mg three times a day; liquid {liquid}"
    for lines in ((), ("2026-01-20 symptom nausea",)):
        answer = advise(ORAL + f"2025-12-05 {taken}\n" + "".join(f"{line}\n" for line in lines), "2026-01-20 10:00")
        steps = [
            step for plan in answer["plans"] for step in plan["steps"] if step.get("writes", "").startswith("oral ")
        ]
        written = [step["writes"] for step in steps if step["writes"] != "oral stop"]
        assert written
        assert all(f"liquid {liquid}" in line for line in written), written
        assert "tablets" not in texts({"plans": answer["plans"]})


@pytest.mark.hazard("H73")
@pytest.mark.parametrize(
    "taken", ["20 mg three times a day", "20 mg four times a day", "25 mg in the morning + 25 mg at bedtime"]
)
def test_whole_tablets_come_before_halves(taken: str):
    answer = advise(ORAL + f"2025-12-05 oral {taken}\n", "2026-01-20 10:00")
    for step in (step for plan in plans(answer, "taper") for step in plan["steps"] if step["do"] == "take"):
        assert ("half of" in step["says"]) == (step["dose"]["value"] <= 10), step["says"]
    for plan in plans(answer, "titration"):
        assert all("half of" not in step["says"] for step in plan["steps"])


@pytest.mark.hazard("H73")
def test_as_needed_doses_count_for_the_ceiling_and_not_as_taken():
    over = advise(ORAL + "2025-12-05 oral 20 mg three times a day + 10 mg as needed, at most 3 a day\n", "2026-01-20")
    assert "oral-dose" in stops(over, "titration")
    assert "90 mg" in (finding(over, "oral-dose") or {})["says"]
    chart = ORAL + "2026-01-05 oral 5 mg three times a day + 5 mg as needed, at most 4 a day\n"
    climbs = [plan for plan in plans(advise(chart, "2026-01-20"), "titration") if plan["option"] != "stay"]
    assert climbs
    for plan in climbs:
        # Titration begins from the 15 mg that are taken, and ends where the 20 mg as needed still fit under 80 mg.
        assert doses(plan, "take") == [30, 45, 60]
        assert all(
            "5 mg as needed, at most 4 a day" in step["writes"] for step in plan["steps"] if step["do"] == "take"
        )


@pytest.mark.hazard("H73")
def test_a_dose_that_is_taken_only_as_needed_is_neither_raised_nor_tapered():
    chart = (
        ORAL
        + "2026-01-05 oral 5 mg as needed, at most 3 a day\n2026-01-20 request taper oral\n2026-01-20 request titrate oral\n"
    )
    answer = advise(chart, "2026-01-20 10:00")
    assert answer["plans"] == []
    assert all("only as-needed doses" in each["why"].lower() for each in answer["refusals"])


@pytest.mark.hazard("H73")
def test_a_typed_regimen_may_not_hide_a_rise_in_its_as_needed_doses():
    from eutonia.chart.orders import read_regimen
    from eutonia.plan.plan import Plan, Refusal
    from eutonia.plan.typed import typed
    from tests.hazards.answers import facts

    seen = facts(ORAL + "2026-01-05 oral 10 mg three times a day\n", "2026-01-20 10:00")
    for text, allowed in (
        ("10 mg three times a day + 5 mg as needed, at most 3 a day", True),
        ("10 mg three times a day + 10 mg as needed, at most 3 a day", False),
        ("15 mg three times a day + 10 mg as needed, at most 4 a day", False),
    ):
        found = typed(seen, None, (), read_regimen(text))
        assert isinstance(found, Plan if allowed else Refusal), text


# --- H74: tapers ------------------------------------------------------------------------------------------------------

_CASE_12 = "50 mg four times a day"


def _path(plan) -> list[tuple[datetime, float]]:
    steps = [
        (datetime.fromisoformat(step["at"]), step["dose"]["value"]) for step in plan["steps"] if step["do"] == "take"
    ]
    return [*steps, *((datetime.fromisoformat(step["at"]), 0.0) for step in plan["steps"] if step["do"] == "stop")]


def _gradual(taken: float, plan) -> None:
    path = [(None, taken), *_path(plan)]
    for (before_at, before), (at, after) in itertools.pairwise(path):
        fall = 15 if before > 80 else 5 if before <= 7.5 else before / 3
        assert before - after <= fall + 1e-9, f"{before} to {after}"
        days = 2 if before > 80 else 1
        assert before_at is None or at - before_at >= timedelta(days=days)


@pytest.mark.hazard("H74")
@pytest.mark.parametrize(
    ("taken", "daily"),
    [
        (_CASE_12, 200),
        ("30 mg three times a day", 90),
        ("100 mg three times a day", 300),
        ("24 mg every 6 h; liquid 1 mg/mL", 96),
        ("20 mg four times a day + 20 mg as needed, at most 2 a day", 80),
    ],
)
def test_a_taper_starts_from_what_is_taken_and_never_falls_at_once(taken: str, daily: float):
    answer = case("12").replaced((_CASE_12, taken)).answer()
    # Ending the as-needed doses alone is no taper to zero.
    tapers = [plan for plan in plans(answer, "taper") if plan["option"] != "without the as-needed doses"]
    assert len(tapers) == 3, refusals(answer, "taper")
    for plan in tapers:
        _gradual(daily, plan)
        assert doses(plan, "take")[0] >= daily * 2 / 3
        low = [at for at, dose in _path(plan) if dose <= 80]
        assert low[-1] - low[0] >= timedelta(days=21), "the usual length follows once the ceiling is reached"


@pytest.mark.hazard("H74")
@pytest.mark.parametrize(
    "taken",
    ["2.5 mg once a day", "2.5 mg at bedtime", "2 mg once a day; liquid 1 mg/mL", "1 mg twice a day; liquid 2 mg/mL"],
)
def test_the_smallest_dose_is_stopped_by_a_plan(taken: str):
    answer = case("37").replaced(("2.5 mg once a day", taken)).answer()
    (plan,) = plans(answer, "taper")
    assert [step["writes"] for step in plan["steps"]] == ["oral stop"]
    assert "assumption" in plan["why"]


@pytest.mark.hazard("H74")
@pytest.mark.parametrize(
    ("taken", "daily"), [("2.5 mg twice a day", 5), ("2.5 mg three times a day", 7.5), ("5 mg twice a day", 10)]
)
def test_a_small_dose_that_can_be_halved_is_tapered_over_its_days(taken: str, daily: float):
    answer = case("37").replaced(("2.5 mg once a day", taken)).answer()
    tapers = plans(answer, "taper")
    assert tapers, refusals(answer, "taper")
    for plan in tapers:
        _gradual(daily, plan)
        assert _path(plan)[-1][0] - _path(plan)[0][0] >= timedelta(days=14)


@pytest.mark.hazard("H74")
@settings(max_examples=120, deadline=None)
@given(
    halves=st.integers(1, 120),
    fraction=st.sampled_from([0, 0.5, 1, 1.25]),
    liquid=st.sampled_from(["", "; liquid 1 mg/mL", "; liquid 2 mg/mL"]),
    days=st.sampled_from([3, 30, 61, 400]),
    jurisdiction=st.sampled_from(["US", "DE"]),
)
def test_every_dose_that_somebody_takes_has_a_gradual_taper(halves, fraction, liquid, days, jurisdiction):
    dose = Decimal(str(halves * 2.5 + fraction))
    begun = datetime(2026, 1, 20) - timedelta(days=days)
    chart = ORAL + f"{begun:%Y-%m-%d} oral {dose} mg once a day{liquid}\n2026-01-20 request taper oral\n"
    answer = advise(chart, "2026-01-20 10:00", jurisdiction)
    tapers = plans(answer, "taper")
    assert tapers, refusals(answer, "taper")
    for plan in tapers:
        path = [(None, float(dose)), *_path(plan)]
        for (_, before), (_, after) in itertools.pairwise(path):
            ceiling = 75 if jurisdiction == "DE" else 80
            fall = 15 if before > ceiling else 5 if before <= 7.5 else before / 3
            assert 0 < before - after <= fall + 1e-9


@pytest.mark.hazard("H74")
@pytest.mark.parametrize(
    ("zone", "begin"),
    [
        ("Europe/Berlin", "2026-03-27"),
        ("Europe/Berlin", "2026-10-23"),
        ("America/New_York", "2026-03-06"),
        ("Australia/Lord_Howe", "2026-04-03"),
    ],
)
def test_daylight_saving_moves_no_step_of_a_taper_or_titration(zone: str, begin: str):
    for taken, request in (("20 mg four times a day", "taper oral"), ("5 mg three times a day", "titrate oral")):
        chart = ORAL + f"{begin} 09:00 oral {taken}\n{begin} 09:10 request {request}\n"
        answer = advise(chart, f"{begin} 09:30", zone=zone)
        made = [plan for plan in answer["plans"] if plan["kind"] in ("taper", "titration")]
        assert made, answer["refusals"]
        for plan in made:
            clock = {step["at"][11:16] for step in plan["steps"]}
            assert clock <= {"09:00", "09:30"}, plan["option"]
            days = [datetime.fromisoformat(step["at"]).date() for step in plan["steps"] if step["do"] == "take"]
            if plan["kind"] == "titration":
                assert all((b - a).days in (3, 7) for a, b in itertools.pairwise(days))


@pytest.mark.hazard("H74")
def test_the_guard_counts_the_days_of_the_clinics_calendar():
    """23 h over the night on which the clocks go forward are one day; so are 25 h in autumn."""
    from eutonia.plan.dates import days_after, days_between
    from tests.hazards.answers import facts

    seen = facts(ORAL, "2026-03-28 10:00", zone="Europe/Berlin")
    for begin in ("2026-03-28T09:00:00+00:00", "2026-10-24T08:00:00+00:00"):
        at = datetime.fromisoformat(begin)
        later = days_after(at, 1, seen)
        assert days_between(at, later, seen) == 1
        assert later - at in (timedelta(hours=23), timedelta(hours=25))


@pytest.mark.hazard("H74")
@pytest.mark.parametrize(
    ("taken", "dose", "allowed"),
    [
        ("20 mg four times a day", "50 mg/day", False),
        ("20 mg four times a day", "55 mg/day", True),
        ("50 mg four times a day", "80 mg/day", False),
        ("50 mg four times a day", "185 mg/day", True),
    ],
)
def test_the_guard_refuses_a_fall_that_is_too_large_whoever_built_it(taken: str, dose: str, allowed: bool):
    chart = ORAL + f"2026-01-05 10:00 oral {taken}\n"
    problems = gate(chart, "2026-01-20 10:00", "taper", (0, "take", dose), (24 * 30, "stop", ""))
    assert not any("outside" in each for each in problems)
    assert any("too large; " in each for each in problems) is not allowed


# --- case 32 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("creatinine", "taken", "ceiling"),
    [
        ("1.4", "17.5 mg three times a day", "53.3"),
        ("1.4", "53 mg once a day; liquid 5 mg/mL", "53.3"),
        ("2.2", "20 mg twice a day", "40"),
        ("1.4", "12.5 mg three times a day + 5 mg as needed, at most 3 a day", "53.3"),
    ],
)
def test_at_a_renal_ceiling_the_refusal_names_the_ceiling(creatinine: str, taken: str, ceiling: str):
    chart = case("32").replaced(("creatinine 1.4", f"creatinine {creatinine}"), ("17.5 mg three times a day", taken))
    (refusal,) = refusals(chart.answer(), "titration")
    assert f"the ceiling of {ceiling} mg" in refusal["why"]
    assert "smallest" not in refusal["why"]


def test_the_first_dose_that_cannot_be_dispensed_is_still_said():
    answer = advise(
        ORAL.replace("lab creatinine 0.7 mg/dL", "dialysis") + "2026-01-05 override kidney; by Dr X; because y\n",
        "2026-01-06",
    )
    assert plans(answer, "titration") or "smallest dispensable" in texts(answer)

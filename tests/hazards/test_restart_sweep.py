"""What holds for every restart, whatever the reason and the gap, and for lines of one time in any order."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hazards.answers import advise, finding, gate, grade, plans, refusals, restarts, state, texts
from tests.in_use import case

THIRTY = case("30")


def at_hours(moment: str, hours: float) -> str:
    return f"{datetime.fromisoformat(moment) + timedelta(hours=hours):%Y-%m-%d %H:%M}"


# --- the order of lines (case 30) --------------------------------------------------------------------------------------

SAME = [
    "2025-12-10 10:10 residual 12.6 mL",
    "2025-12-10 10:10 refill 18 mL of 2000 mcg/mL",
    "2025-12-10 10:10 bridge 182 mcg over 14.56 h",
    "2025-12-10 10:10 program continuous 300 mcg/day; strength 2000 mcg/mL",
]
EXCHANGE = [
    "2025-12-10 10:10 program stop",
    "2025-12-10 10:10 implant SynchroMed II 20 mL; line 0.364 mL; catheter new",
    "2025-12-10 10:10 refill 18 mL of 2000 mcg/mL",
    "2025-12-10 10:10 prime 0.364 mL",
    "2025-12-10 10:10 program continuous 300 mcg/day",
]
REPAIR = [
    "2025-12-10 10:10 program stop",
    "2025-12-10 10:10 emptied 12.6 mL",
    "2025-12-10 10:10 revision catheter; line 0.364 mL",
    "2025-12-10 10:10 refill 18 mL of 500 mcg/mL",
    "2025-12-10 10:10 prime 0.364 mL",
]


@pytest.mark.hazard("H61")
def test_a_bridge_written_before_its_refill_runs():
    answer = THIRTY.answer()
    assert finding(answer, "bridge") is None
    assert answer["pump"]["bridge_until"] is not None


@pytest.mark.hazard("H61")
@given(
    lines=st.sampled_from([SAME, EXCHANGE, REPAIR]).flatmap(st.permutations), hours=st.sampled_from([0.5, 4, 30, 300])
)
@settings(max_examples=60, deadline=None)
def test_the_order_of_lines_of_one_time_changes_nothing(lines, hours):
    base = THIRTY.text[: THIRTY.text.index("2025-12-10 10:10")]
    now = at_hours("2025-12-10 10:10", hours)
    kinds = {line.split()[2] for line in lines}
    sorted_ = next(block for block in (SAME, EXCHANGE, REPAIR) if {line.split()[2] for line in block} == kinds)
    seen, meant = (
        advise(base + "".join(f"{line}\n" for line in block) + "2025-12-10 10:11 contact\n", now)
        for block in (lines, sorted_)
    )
    for answer in (seen, meant):
        del answer["chart"]
    assert seen == meant


# --- the sweep: reason x gap x signs ----------------------------------------------------------------------------------

BASE = """\
2024-01-01 person id P-1; born 1970-01-01; sex male
2025-11-01 weight 80 kg
2025-11-01 lab creatinine 0.9 mg/dL
2024-01-01 allergy none known
2025-11-30 medications no others
2024-01-01 condition multiple sclerosis; origin spinal
2024-01-05 09:00 trial 50 mcg
2024-01-05 17:00 response positive; lasted 6 h
2024-02-01 10:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL
2025-11-01 10:00 refill 18 mL of 2000 mcg/mL
2025-11-01 10:05 program continuous 300 mcg/day
"""
STOP = "2025-11-20 10:00"
REASONS = {
    "plain stop": (f"{STOP} program stop\n", 300, 0),
    "tenfold slip": (f"2025-11-19 10:00 program continuous 3000 mcg/day\n{STOP} program stop\n", 300, 3000),
    "step of half": (f"2025-11-19 10:00 program continuous 450 mcg/day\n{STOP} program stop\n", 300, 450),
    "somnolence": (f"2025-11-19 10:00 program continuous 360 mcg/day\n2025-11-20 09:00 symptom somnolence; resolved\n{STOP} program stop\n", 300, 360),
    "emptied": (f"{STOP} emptied 15.1 mL\n", 300, 0),
    "exchange": (f"{STOP} implant SynchroMed II 20 mL; line 0.364 mL; catheter kept\n{STOP} refill 18 mL of 2000 mcg/mL\n", 300, 0),
    "repair": (f"{STOP} program stop\n{STOP} revision catheter; line 0.364 mL\n", 300, 300),
    "holiday": (
        "".join(f"2025-11-{5 + day:02d} 10:00 program continuous {dose} mcg/day\n" for day, dose in enumerate((240, 192, 154, 123, 99, 79, 63, 51, 41, 33, 26, 21, 17, 14, 12)))
        + f"{STOP} program stop\n", 300, 0),
}  # fmt: skip
SIGNS = {"none": "", "withdrawal": "{} symptom fever, rigidity, itching\n"}


@pytest.mark.hazard("H31")
@pytest.mark.hazard("H61")
@pytest.mark.parametrize(
    ("reason", "hours", "signs"), list(itertools.product(REASONS, (2, 47, 49, 200, 335, 400), SIGNS))
)
def test_no_restart_gives_the_erroneous_dose_or_more_than_before_and_card_and_plan_agree(reason, hours, signs):
    lines, before, erroneous = REASONS[reason]
    now = at_hours(STOP, hours)
    chart = BASE + lines + SIGNS[signs].format(now)
    answer = advise(chart + f"{now} request restart\n", now)
    found = restarts(answer)
    assert found or refusals(answer, "restart"), (reason, hours)
    assert all(dose <= before and dose != erroneous for dose, _, _ in found), found
    assert all(setting in ("monitored", "inpatient") for _, _, setting in found)
    checked = "two people check it independently"
    assert all(checked in texts(plan) for plan in plans(answer, "restart"))
    if hours > 14 * 24 or (hours > 48 and signs == "none") or reason == "holiday":
        assert {dose for dose, _, _ in found} <= {100}, found
    if reason in ("plain stop", "emptied", "exchange") and (hours <= 48 or (signs != "none" and hours <= 14 * 24)):
        assert found[0][0] == before
    for word in ("emergency-withdrawal", "pump-stopped", "new-pump"):
        if (said := finding(answer, word)) is not None:
            text = " ".join(said.get("card", [])) + ("" if said.get("card") else said["resolve"])
            assert not found or f"{found[0][0]:g} mcg daily ({found[0][1]})" in text, text
    # What was offered passes the gate, and nothing above it does.
    for dose in (before, before + 1, erroneous):
        if dose and dose not in [each[0] for each in found]:
            assert gate(chart, now, "restart", (0, "program", f"{dose} mcg/day"), setting="inpatient") != ()
    # A program that follows the rule is no stop; the dose before an error is one.
    for dose, _, _ in found:
        set_ = advise(chart + f"{now} program continuous {dose:g} mcg/day\n", now)
        assert grade(set_, "gap") != "stop", dose
    if erroneous:
        assert grade(advise(chart + f"{now} program continuous {erroneous} mcg/day\n", now), "gap") == "stop"


@pytest.mark.hazard("H61")
@pytest.mark.carries("WD-01", "TOX-03")
def test_an_emptied_reservoir_changes_every_later_volume_and_stops_delivery():
    chart = BASE + f"{STOP} emptied 15.1 mL\n"
    later = state(chart, at_hours(STOP, 240))
    before = state(BASE, STOP)
    assert (later.left_ml, later.running) == (0, False)
    assert later.delivered_mcg == pytest.approx(before.delivered_mcg)
    assert later.drawn_mcg == pytest.approx(before.chamber_mcg)
    assert later.readings[-1].measured_ml == 15.1
    filled = state(chart + f"{at_hours(STOP, 1)} refill 10 mL of 2000 mcg/mL\n", at_hours(STOP, 25))
    assert filled.left_ml == pytest.approx(10 - 0.15)
    assert filled.drawn_mcg == pytest.approx(before.chamber_mcg)


@pytest.mark.hazard("H61")
def test_an_aspirated_catheter_holds_no_drug_and_the_drug_arrives_later():
    chart = BASE + f"{STOP} aspirated catheter 2 mL\n"
    after = state(chart, STOP)
    assert after.line_mcg == 0
    assert after.arrives_at is not None
    assert after.arrives_at > after.fill.at
    hours = 0.364 / (300 / 2000) * 24
    assert state(chart, at_hours(STOP, hours - 0.1)).delivered_mcg == pytest.approx(after.delivered_mcg)
    primed = chart + f"{STOP} prime 0.364 mL\n"
    assert finding(advise(primed, at_hours(STOP, 1)), "strength") is None


@pytest.mark.hazard("H61")
@pytest.mark.parametrize(("days", "offered"), [(2, 100), (13, 100), (15, 300), (60, 300)])
def test_a_gap_after_which_the_dose_ran_for_two_weeks_is_over(days, offered):
    """Dry from 2025-11-11 for four days, filled and never programmed anew; days later the pump is stopped for an hour."""
    dry = BASE.replace("refill 18 mL of 2000", "refill 1.5 mL of 2000")
    stop = at_hours("2025-11-15 10:00", days * 24)
    chart = dry + f"2025-11-15 10:00 refill 18 mL of 2000 mcg/mL\n{stop} program stop\n"
    now = at_hours(stop, 1)
    answer = advise(chart + f"{now} request restart\n", now)
    assert [dose for dose, _, _ in restarts(answer)] == [offered]
    running = advise(chart.replace(f"{stop} program stop\n", ""), stop)
    assert (grade(running, "gap") == "stop") == (offered == 100)

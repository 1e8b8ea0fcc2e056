"""What a pharmacist's review of the pump's advice showed: repairs, refills and programs."""

from __future__ import annotations

import pytest

from tests.charts import PUMP
from tests.hazards.answers import advise, finding

HEAD = """2024-01-01 person id R-1; born 1970-04-11; sex male
2026-02-20 weight 80 kg
2026-02-20 lab creatinine 0.9 mg/dL
2026-02-20 allergy none known
2026-02-20 medications no others
2024-01-01 condition multiple sclerosis; origin spinal
2023-11-01 failed oral baclofen 80 mg/day; no effect
2023-12-01 failed tizanidine 36 mg/day; no effect
2024-01-10 09:00 trial 50 mcg
2024-01-10 17:00 response positive; lasted 6 h
2024-02-01 10:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL
"""


def _doses(answer, kind):
    return [
        step["dose"]["value"]
        for plan in answer["plans"]
        if plan["kind"] == kind
        for step in plan["steps"]
        if step["do"] == "program"
    ]


OCCLUDED = (
    HEAD
    + """2025-06-01 10:00 refill 18 mL of 2000 mcg/mL
2025-06-01 10:05 program continuous 500 mcg/day
2025-07-23 10:00 refill 18 mL of 2000 mcg/mL
2025-09-13 10:00 refill 18 mL of 2000 mcg/mL
2025-11-04 10:00 refill 18 mL of 2000 mcg/mL
2025-12-20 10:00 refill 18 mL of 2000 mcg/mL
2026-02-10 10:00 refill 18 mL of 2000 mcg/mL; checked by N. Dale
2026-03-02 10:00 residual 16 mL
2026-03-03 08:30 revision catheter occluded, replaced; line 0.364 mL; tip T10
2026-03-03 08:40 prime 0.364 mL
"""
)


@pytest.mark.parametrize("residual", ["15 mL", "16 mL", "17 mL", "18 mL"])
@pytest.mark.parametrize(
    "request_line", ["", "2026-03-03 09:00 request restart\n", "2026-03-03 09:00 request refill\n"]
)
def test_a_repair_opens_a_lower_restart_and_no_step_confirms_the_old_dose(residual, request_line):
    answer = advise(OCCLUDED.replace("residual 16 mL", f"residual {residual}") + request_line, "2026-03-03 10:00")
    assert "restart" not in finding(answer, "balance")["stops"]
    doses = _doses(answer, "restart")
    assert doses or "restart" not in request_line
    assert all(dose <= 200 for dose in doses)
    for plan in answer["plans"]:
        assert not any("Program as on the chart" in step["says"] for step in plan["steps"]), plan
        assert plan["kind"] != "restart" or plan["setting"] == "inpatient"


def test_a_residual_too_small_is_not_explained_by_a_repair():
    answer = advise(OCCLUDED.replace("residual 16 mL", "residual 8 mL"), "2026-03-03 10:00")
    assert "restart" in finding(answer, "balance")["stops"]


REVISED = (
    HEAD
    + """2025-12-10 10:00 refill 18 mL of 500 mcg/mL
2025-06-01 10:05 program continuous 200 mcg/day
2026-01-05 10:00 revision catheter; tip T9
2026-01-05 10:30 program continuous 200 mcg/day
2026-01-09 10:00 refill 18 mL of 500 mcg/mL; checked by N. Dale
"""
)


@pytest.mark.parametrize("dose", ["200 mcg/day", "0.2 mg/day"])
def test_the_dose_written_after_a_repair_is_a_decision_and_no_dose_without_a_program(dose):
    chart = REVISED.replace("10:30 program continuous 200 mcg/day", f"10:30 program continuous {dose}")
    soon = advise(chart, "2026-01-10 10:00")
    stop = finding(soon, "gap")
    assert stop["grade"] == "stop"
    assert "without a new program" not in stop["says"]
    later = advise(chart + "2026-02-08 10:00 request refill\n", "2026-02-08 10:00")
    assert finding(later, "gap") is None
    text = str([plan["steps"] for plan in later["plans"] if plan["kind"] == "refill"])
    assert "Program as on the chart" in text
    assert "leave the pump stopped" not in text


TOLD_WRONG = (
    HEAD
    + """2025-12-01 10:05 program continuous 200 mcg/day
2025-12-01 10:00 refill 18 mL of 500 mcg/mL
2025-12-31 10:00 refill 18 mL of 500 mcg/mL
2026-01-30 10:00 refill 18 mL of 500 mcg/mL; checked by N. Dale
2026-03-02 10:00 refill 18 mL of 2000 mcg/mL
2026-03-02 10:05 program continuous 200 mcg/day; strength 500 mcg/mL
2026-03-03 20:30 program stop
"""
)


@pytest.mark.parametrize("signs", ["", "2026-03-03 20:00 symptom coma\n2026-03-04 20:00 symptom coma; resolved\n"])
@pytest.mark.parametrize(("holds", "given"), [("2000", "800"), ("1000", "400")])
def test_a_stop_does_not_hide_the_strength_the_pump_was_told(signs, holds, given):
    chart = TOLD_WRONG.replace("2000 mcg/mL", f"{holds} mcg/mL") + signs + "2026-03-05 09:00 request restart\n"
    answer = advise(chart, "2026-03-05 09:10")
    stop = finding(answer, "strength")
    assert stop["grade"] == "stop"
    assert f"about {given} mcg daily" in stop["says"]
    restarts = [plan for plan in answer["plans"] if plan["kind"] == "restart"]
    assert restarts
    for plan in restarts:
        assert any(
            f"strength {holds} mcg/mL" in step["says"].replace(",", "")
            for step in plan["steps"]
            if step["do"] == "program"
        ), plan
    assert all(dose <= 200 for dose in _doses(answer, "restart"))


def test_a_refill_of_a_stopped_pump_with_another_strength_is_no_wrong_strength():
    chart = (
        TOLD_WRONG.replace("2026-03-02 10:00 refill 18 mL of 2000 mcg/mL\n", "")
        + "2026-03-04 10:00 refill 18 mL of 2000 mcg/mL\n2026-03-05 09:00 request restart\n"
    )
    assert finding(advise(chart, "2026-03-05 09:10"), "strength") is None


@pytest.mark.parametrize("kind", ["adjust up", "adjust down", "adjust to 150 mcg/day", "holiday"])
@pytest.mark.parametrize("filled", ["2025-08-20", "2025-08-30"])
def test_an_overdue_refill_comes_before_a_rise_whatever_was_asked(kind, filled):
    chart = HEAD.replace("20 mL;", "40 mL;") + (
        f"{filled} 10:00 refill 40 mL of 2000 mcg/mL; checked by N. Dale\n{filled} 10:05 program continuous 120 mcg/day\n"
    )
    answer = advise(chart + f"2026-03-03 08:50 request {kind}\n", "2026-03-03 09:00")
    assert finding(answer, "refill")["grade"] == "stop"
    assert any(plan["kind"] == "refill" for plan in answer["plans"])
    assert all(dose < 120 for dose in _doses(answer, "adjust"))
    assert _doses(answer, "adjust") or kind != "adjust down"


@pytest.mark.parametrize(("stop", "words"), [("2026-03-08 08:00", "49 h"), ("2026-03-07 10:00", "71 h")])
def test_a_gap_near_the_limit_of_48_h_is_told_in_hours(stop, words):
    chart = HEAD + (
        "2026-01-20 10:00 refill 18 mL of 2000 mcg/mL; checked by N. Dale\n2026-01-20 10:05 program continuous 350 mcg/day\n"
        f"{stop} program stop\n"
    )
    text = str(advise(chart, "2026-03-10 09:00")["findings"])
    assert words in text
    assert "2 days" not in text


@pytest.mark.parametrize("bolus", ["25 mcg every 6 h", "25 mcg every 3 h", "15 mcg at 06:00, 18:00"])
def test_every_usual_step_of_a_flex_program_passes_the_guard(bolus):
    chart = HEAD + (
        "2026-03-01 10:00 refill 18 mL of 500 mcg/mL; checked by N. Dale\n"
        f"2026-03-01 10:05 program continuous 300 mcg/day; bolus {bolus}\n2026-03-08 09:50 request adjust up\n"
    )
    assert "do not change alike" not in str(advise(chart, "2026-03-08 10:00")["refusals"])


def test_a_stopped_pump_with_several_faults_of_its_concentration_has_one_finding() -> None:
    chart = PUMP + (
        "2026-03-24 10:00 refill 10 mL of 1000 mcg/mL; product 2000 mcg/mL\n2026-03-24 10:05 program continuous 100 mcg/day; strength 500 mcg/mL\n"
        "2026-03-24 12:00 program stop\n"
    )
    found = [each for each in advise(chart, "2026-03-24 13:00")["findings"] if each["id"] == "strength"]
    assert len(found) == 1
    assert "Until it was stopped the pump was told 500 mcg/mL but held 1,000 mcg/mL" in found[0]["says"]
    assert "the product says 2,000 mcg/mL" in found[0]["says"]
    assert "strength 1,000 mcg/mL'" in found[0]["resolve"]

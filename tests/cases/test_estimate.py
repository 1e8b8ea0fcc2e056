"""From the patient's own data: what a chart's scores, levels, responses and residual volumes say of the patient."""

from __future__ import annotations

from typing import Any

import pytest

import eutonia
from eutonia.advice import examined
from tests.cases.test_facts import FAILED, WELL

NOW = "2026-05-02 09:00"

PERSON = WELL + FAILED
PUMPED = (
    PERSON
    + """
2026-01-20 09:00 trial 50 mcg
2026-01-20 13:00 score ashworth legs 2
2026-01-20 17:00 response positive; lasted 6 h
2026-02-02 09:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10
2026-02-02 09:30 refill 18 mL of 2000 mcg/mL; product 2000 mcg/mL
2026-02-02 09:40 prime 0.364 mL
"""
)


def estimated(text: str, now: str = NOW) -> dict[str, Any]:
    advice = examined(eutonia.read(text.strip() + "\n"), now)
    return advice.estimate.as_dict(advice.facts.home)


def share(found: dict[str, Any], kind: str) -> float:
    return next((each["posterior"] for each in found["explanations"] if each["kind"] == kind), 0.0)


def parameter(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["parameters"] if each["name"].startswith(name))


def visits(*rows: tuple[str, int, int]) -> str:
    return "".join(
        f"{day} 09:00 program continuous {mcg} mcg/day\n{day} 08:30 score ashworth legs {legs}\n"
        for day, mcg, legs in rows
    )


def test_scores_narrow_the_effective_dose_and_say_by_how_much() -> None:
    found = estimated(
        PUMPED + visits(("2026-02-02", 100, 4), ("2026-02-16", 120, 3), ("2026-03-16", 140, 3), ("2026-04-20", 150, 2))
    )
    dose = parameter(found, "effective daily dose at the tip")
    before, after = (dose[each]["p95"] / dose[each]["p05"] for each in ("prior", "posterior"))
    assert after < before / 2
    assert dose["learnt"] > 0.4
    assert found["k_hat"] < 0.7
    assert found["used"] == {"scores": 4, "responses": 1, "levels": 0, "residual volumes": 0}
    assert not found["doubts"]


def test_someone_who_needs_more_is_estimated_to_need_more() -> None:
    weak = estimated(PUMPED + visits(("2026-02-02", 100, 4), ("2026-03-02", 200, 4), ("2026-04-02", 300, 4)))
    strong = estimated(PUMPED + visits(("2026-02-02", 100, 2), ("2026-03-02", 100, 1), ("2026-04-02", 100, 1)))
    assert (
        parameter(weak, "effective daily dose")["posterior"]["p50"]
        > 2 * parameter(strong, "effective daily dose")["posterior"]["p50"]
    )


RISING = (
    ("2026-02-09", 100, 2),
    ("2026-02-23", 140, 3),
    ("2026-03-09", 190, 3),
    ("2026-03-23", 250, 4),
    ("2026-04-06", 330, 4),
)


def test_a_rising_dose_with_a_flat_effect_makes_a_failing_delivery_likely() -> None:
    steady = (("2026-02-09", 100, 2), ("2026-02-23", 100, 2), ("2026-03-09", 100, 2), ("2026-03-23", 100, 2))
    fine, failing = (estimated(PUMPED + visits(*rows)) for rows in (steady, RISING))
    prior = next(each["prior"] for each in failing["explanations"] if each["kind"] == "catheter")
    assert share(failing, "catheter") > 5 * prior
    assert share(failing, "catheter") > 5 * share(fine, "catheter")
    assert share(fine, "as told") > 0.7


def test_a_delivery_that_was_checked_cannot_have_failed_before() -> None:
    checked = "2026-04-20 10:00 explained delivery; access port aspirates freely; by Dr Example\n"
    open_, closed = (estimated(PUMPED + visits(*RISING) + more) for more in (checked, ""))
    assert share(open_, "catheter") < 0.05 < share(closed, "catheter")


def test_a_residual_that_is_too_large_speaks_of_the_pump_and_not_of_the_catheter() -> None:
    # 100 mcg daily of 500 mcg/mL for 60 days: 12 mL should be gone, and 3 mL are.
    found = estimated(
        PUMPED.replace("2000", "500")
        + visits(("2026-02-02", 100, 2), ("2026-03-20", 100, 4))
        + "2026-04-03 09:00 residual 15 mL\n"
    )
    assert share(found, "pump") > 0.9


def test_a_residual_as_expected_leaves_only_the_catheter() -> None:
    # 13 mg of 2,000 mcg/mL have left the pump.
    expected = "2026-04-20 09:00 residual 11.5 mL\n"
    with_, without = (estimated(PUMPED + visits(*RISING) + more) for more in (expected, ""))
    assert share(with_, "pump") <= share(without, "pump")


def test_a_level_in_plasma_moves_the_clearance() -> None:
    text = PERSON.replace("score", "note") + "2026-04-20 oral 20 mg three times a day\n"
    low, high = (estimated(text + f"2026-05-01 11:00 lab plasma {level} ng/mL\n") for level in (80, 700))
    assert low["used"]["levels"] == 1
    assert parameter(low, "clearance")["posterior"]["p50"] > 1.3 * parameter(high, "clearance")["posterior"]["p50"]
    assert low["slow_mixing"] is None
    assert not any("effective" in each["name"] for each in low["parameters"])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2026-05-01 lab plasma 200 ng/mL", "without its hour"),
        ("2026-05-01 10:00 lab csf 200 ng/mL", "by puncture or through the catheter"),
        ("2026-01-25 10:00 lab aspirate 2000 ng/mL", "no catheter was there"),
        ("2026-05-01 lab aspirate 2000 ng/mL", "without its hour"),
        ("2026-05-01 10:00 score h/m 0.3", "no value is known from a time without the drug"),
    ],
)
def test_what_cannot_speak_is_left_out_and_said(line: str, says: str) -> None:
    found = estimated(PUMPED + visits(("2026-02-02", 100, 2)) + line + "\n")
    assert any(says in each for each in found["left_out"])


def test_an_aspirate_is_compared_with_what_aspirates_show_and_moves_no_number() -> None:
    text = PUMPED + visits(("2026-02-02", 100, 4), ("2026-02-16", 150, 3), ("2026-03-16", 200, 2))
    without = estimated(text)
    with_ = estimated(text + "2026-04-01 10:00 lab aspirate 3300 ng/mL\n")
    *others, aspirate = with_["checks"]
    assert others == without["checks"]
    assert with_["parameters"] == without["parameters"]
    assert with_["explanations"] == without["explanations"]
    assert aspirate["seen"] == "3,300"
    # At 200 mcg daily; Albright's 43 patients on 575 mcg had a median of 3,300, from 200 to 20,000.
    assert 400 < aspirate["expected"]["p50"] < 3300
    assert 0.05 < aspirate["rare"] <= 1
    far = estimated(text + "2026-04-01 10:00 lab aspirate 100 mg/L\n")
    assert far["checks"][-1]["rare"] < 0.001
    assert far["doubts"] == without["doubts"]


def test_a_lumbar_level_below_what_the_dose_gives_speaks_for_a_failing_delivery() -> None:
    text = PUMPED + visits(("2026-02-02", 100, 4), ("2026-02-16", 150, 4), ("2026-03-16", 250, 4))
    low, high = (estimated(text + f"2026-04-01 10:00 lab lumbar {level} ng/mL\n") for level in (8, 800))
    assert low["used"]["levels"] == high["used"]["levels"] == 1
    failing = [share(each, "catheter") + share(each, "pump") for each in (low, high)]
    assert failing[0] > 2 * failing[1]
    assert "lumbar fluid" in low["checks"][-1]["what"]


def test_with_an_aspirate_alone_nothing_is_estimated() -> None:
    text = PERSON + PUMPED[len(PERSON) :].replace("score", "note").replace("response positive; lasted 6 h", "note x")
    text += "2026-02-02 10:00 program continuous 100 mcg/day\n2026-04-01 10:00 lab aspirate 3300 ng/mL\n"
    assert "does not follow the dose" in estimated(text)["unknown"]


def test_without_anything_observed_nothing_is_estimated() -> None:
    assert "nothing of the patient's own data" in estimated(PERSON)["unknown"]


def test_scores_that_cannot_be_together_are_said_to_contradict() -> None:
    rows = [(f"2026-02-{day:02}", 100, 1 if n % 2 else 5) for n, day in enumerate(range(3, 27, 3))]
    found = estimated(PUMPED + visits(*rows))
    assert any("contradict" in each for each in found["doubts"])


def test_scores_under_a_program_that_the_chart_does_not_have_say_nothing() -> None:
    years_ago = PUMPED.replace("2026-02-02", "2024-02-02").replace("2026-01-20", "2024-01-20")
    found = estimated(years_ago + "2026-04-20 09:00 program continuous 200 mcg/day\n2026-04-21 score ashworth legs 3\n")
    assert any("first program on the chart" in each for each in found["left_out"])
    assert found["used"]["scores"] == 1  # four hours after the screening bolus


def test_the_same_chart_gives_the_same_bits_at_every_door() -> None:
    text = PUMPED + visits(*RISING)
    chart = eutonia.read(text.strip() + "\n")
    found = eutonia.estimate(chart, NOW)
    assert isinstance(found, eutonia.Estimate)
    assert found.as_dict(chart.home) == estimated(text)


def test_hours_after_a_bolus_are_valued_before_there_is_a_pump() -> None:
    found = estimated(
        PERSON
        + "2026-05-01 09:00 trial 50 mcg\n2026-05-01 13:00 score ashworth legs 2\n2026-05-01 17:30 response positive\n"
    )
    shares = [each["share"] for each in found["worth"]]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.05
    assert "h after a bolus of 50 mcg" in found["worth"][0]["what"]
    assert len(found["worth"]) == 8


def test_another_score_at_a_dose_that_does_nothing_says_less() -> None:
    def worth(mcg: int, legs: int) -> float:
        (one,) = estimated(PUMPED + visits(("2026-02-16", mcg, legs), ("2026-04-20", mcg, legs)))["worth"]
        return float(one["share"])

    # At mid-scale a score tells where the dose lies; where the tone is gone altogether, little.
    assert worth(100, 3) > worth(900, 1)


# --- what a pharmacist found --------------------------------------------------------------------------------------------

BAD = visits(("2026-02-16", 200, 1), ("2026-03-02", 200, 1), ("2026-03-16", 200, 5), ("2026-03-30", 200, 5))


def test_a_revision_ends_a_failure_and_does_not_undo_it() -> None:
    mended = "2026-04-06 09:00 revision catheter replaced; line 0.364 mL; tip T10\n2026-04-06 09:10 prime 0.364 mL\n"
    before = estimated(PUMPED + BAD)
    after = estimated(PUMPED + BAD + mended + "2026-04-27 09:00 score ashworth legs 1\n")
    never = estimated(
        PUMPED + visits(("2026-02-16", 200, 1), ("2026-03-02", 200, 1)) + "2026-04-27 09:00 score ashworth legs 1\n"
    )
    assert share(before, "catheter") > 0.3
    assert share(after, "catheter") > 0.5
    # Nobody is made to need more drug because none arrived.
    one, other = (parameter(each, "effective daily dose")["posterior"]["p50"] for each in (after, never))
    assert one < 2.0 * other


def test_a_score_without_its_hour_is_of_noon() -> None:
    found = estimated(
        PUMPED + visits(("2026-02-16", 100, 3)) + "2026-03-09 17:30 note seen\n2026-03-09 score ashworth legs 3\n"
    )
    assert found["checks"][-1]["at"].startswith("2026-03-09T12:00")


def test_scores_since_tablets_were_lost_say_nothing() -> None:
    text = PERSON + "2026-04-01 oral 20 mg three times a day\n2026-04-20 10:00 score ashworth legs 2\n"
    lost = "2026-04-28 10:00 interruption supply lost\n2026-05-02 08:00 score ashworth legs 4\n"
    found = estimated(text + lost)
    assert found["used"]["scores"] == 1
    assert any("interrupted" in each for each in found["left_out"])


def test_a_level_in_a_wrong_unit_moves_no_prediction() -> None:
    text = PERSON + "2026-04-20 oral 10 mg three times a day\n"
    advice = examined(eutonia.read((text + "2026-05-01 11:00 lab plasma 240 mg/L\n").strip() + "\n"), NOW)
    found = advice.estimate.as_dict(advice.facts.home)
    assert any("contradict the models" in each for each in found["doubts"])
    assert getattr(advice.estimate, "people", 0) is None


def test_a_level_before_any_dose_says_nothing() -> None:
    found = estimated(PERSON.replace("score", "note") + "2026-05-01 11:00 lab plasma 240 ng/mL\n")
    assert "no dose of the week before it" in found["unknown"]


@pytest.mark.parametrize(("volume", "says"), [("20 mL", "larger than what was filled")])
def test_a_residual_that_cannot_be_calls_no_pump_failing(volume: str, says: str) -> None:
    found = estimated(
        PUMPED + visits(("2026-02-16", 100, 2), ("2026-04-20", 100, 2)) + f"2026-04-21 09:00 residual {volume}\n"
    )
    assert any(says in each for each in found["left_out"])
    assert share(found, "pump") < 0.1


def test_too_much_gone_from_the_pump_is_not_explained_away() -> None:
    found = estimated(
        PUMPED + visits(("2026-02-16", 100, 2), ("2026-04-20", 100, 2)) + "2026-04-21 09:00 residual 0 mL\n"
    )
    assert any("contradict" in each for each in found["doubts"])
    row = next(each for each in found["checks"] if each["what"].startswith("mL that have left"))
    assert row["rare"] < 0.001


def test_a_visit_written_twice_counts_once() -> None:
    once = PUMPED + visits(("2026-02-16", 100, 3), ("2026-04-20", 100, 2))
    again = "".join(f"2026-04-20 08:{minute} score ashworth legs 2\n" for minute in (31, 40, 50))
    assert estimated(once + again)["parameters"][0]["learnt"] == pytest.approx(
        estimated(once)["parameters"][0]["learnt"], abs=0.05
    )


def test_the_score_is_shown_as_it_was_written() -> None:
    found = estimated(
        PUMPED + "2026-02-16 10:00 program continuous 100 mcg/day\n2026-03-16 10:00 score modified ashworth legs 1+\n"
    )
    assert found["checks"][-1]["seen"] == "1+ modified"


def test_what_was_assumed_of_body_and_pump_is_said() -> None:
    text = PUMPED + visits(("2026-02-02", 100, 4), ("2026-02-16", 150, 3))
    plain = estimated(text)["assumes"]
    unsized = estimated(text.replace("2026-01-05       height       175 cm\n", ""))["assumes"]
    stalled = estimated(text + "2026-04-01 10:00 device stall\n")["assumes"]
    assert not any("height is not known" in each or "in doubt" in each for each in plain)
    assert any("height is not known" in each for each in unsized)
    assert any("leaves that in doubt" in each for each in stalled)

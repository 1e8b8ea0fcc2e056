"""What is expected of the plans of charts that a clinician could have written: who is predicted, and what comes out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

import eutonia
from tests.cases.test_facts import FAILED, KIDNEY, PERSON, PUMP, RUNNING, SCORE, SPINAL, WELL

Found = dict[str, Any]

SCREENED = WELL + FAILED + "2026-03-01 09:00 trial 50 mcg\n2026-03-01 17:00 response positive; lasted 7 h\n"


def foreseen(text: str, now: str) -> Found:
    """The whole advice, its futures included."""
    return eutonia.advise(eutonia.read(text.lstrip("\n")), now).as_dict()


def only(found: Found, kind: str) -> list[Found]:
    return [each for each in found["predictions"] if each["kind"] == kind]


def chance(prediction: Found, begins: str) -> float:
    (found,) = (each["share"] for each in prediction["chances"] if each["of"].startswith(begins))
    return float(found)


def middle(prediction: Found, name: str, day: str) -> float:
    return float(prediction["days"][name][day]["p50"])


def test_a_screening_bolus_is_expected_to_work_within_hours_and_to_be_gone_the_next_day() -> None:
    found = foreseen(WELL + FAILED + "2026-02-28 request trial\n", "2026-03-01 09:00")
    (first, *_) = only(found, "trial")
    assert first["at"] == "once"
    assert first["route"] == "spine"
    assert middle(first, "ashworth_legs", "before") == pytest.approx(3.0, abs=0.3)
    assert middle(first, "ashworth_legs", "most") < 2.0
    assert 1.0 <= first["onset_h"]["p50"] <= 4.0
    assert middle(first, "lumbar_ng_ml", "before") == 0.0
    assert first["changes"] == ["2026-03-01T09:00:00+00:00"]  # of the ladder, only the bolus that is due
    back = dict(zip(first["hours"], first["bands"]["ashworth_legs"]["p50"], strict=True))
    assert back[24.0] > 2.5


def test_a_trial_says_at_which_hours_scores_would_tell_most_of_the_dose() -> None:
    found = foreseen(WELL + FAILED + "2026-02-28 request trial\n", "2026-03-01 09:00")
    (first, *_) = only(found, "trial")
    one, two, three = first["worth"]
    assert [len(each["hours"]) for each in (one, two, three)] == [1, 2, 3]
    assert set(one["hours"]) < set(two["hours"]) < set(three["hours"])
    assert 0.1 < one["share"] < two["share"] < three["share"] < 1.0
    # Before the effect has begun a score says little.
    assert 1.0 not in three["hours"]
    assert not any(each["worth"] for each in found["predictions"] if each["at"] == "lasting")


def test_without_a_score_from_before_the_drug_no_hour_is_named() -> None:
    text = (WELL + FAILED).replace(SCORE, "")
    assert text != WELL + FAILED
    for each in only(foreseen(text + "2026-02-28 request trial\n", "2026-03-01 09:00"), "trial"):
        assert not each.get("worth")


def test_a_rise_of_the_pump_reaches_the_fluid_in_proportion() -> None:
    found = foreseen(RUNNING + "2026-03-31 request adjust up\n", "2026-04-01 09:00")
    for each, percent in zip(only(found, "adjust"), (10, 20, 30), strict=True):
        days = each["days"]["lumbar_ng_ml"]
        assert days["last"]["p50"] / days["before"]["p50"] == pytest.approx(1 + percent / 100, rel=0.01)
        assert days["last"]["p95"] > 3 * days["last"]["p05"]
        assert middle(each, "plasma_ng_ml", "last") < 5.0
        assert middle(each, "tone", "last") < middle(each, "tone", "before")
        assert each["lost_h"]["p05"] < each["lost_h"]["p50"] < 24


def test_the_first_drug_of_a_new_pump_takes_as_long_as_the_line_is_long() -> None:
    unprimed = foreseen(SCREENED + PUMP, "2026-03-20 12:00")
    primed = foreseen(SCREENED + PUMP + "2026-03-20 11:30 prime 0.364 mL\n", "2026-03-20 12:00")
    (late,), (soon,) = only(unprimed, "start"), only(primed, "start")

    def arrives(each: Found) -> float:
        levels = each["bands"]["lumbar_ng_ml"]["p50"]
        return float(next(hour for hour, level in zip(each["hours"], levels, strict=True) if level > 1.0))

    # 0.364 mL of 500 mcg/mL at 100 mcg daily: 43.7 h
    assert arrives(soon) <= 2.0
    assert arrives(late) == pytest.approx(43.7 + arrives(soon), abs=1.5)


def test_tablets_raise_plasma_in_proportion_and_a_taper_leaves_none() -> None:
    text = WELL + "2026-01-06 oral 10 mg three times a day\n"
    up = foreseen(text + "2026-02-01 request titrate oral\n", "2026-02-02 09:00")
    for each in only(up, "titration")[1:]:
        days = each["days"]["plasma_ng_ml"]
        assert days["last"]["p50"] / days["before"]["p50"] == pytest.approx(80 / 30, rel=0.05)
        assert middle(each, "lumbar_ng_ml", "last") == pytest.approx(0.12 * days["last"]["p50"], rel=0.25)
        assert each["averaged_h"] == 24.0
    stay = only(up, "titration")[0]
    assert middle(stay, "plasma_ng_ml", "last") == pytest.approx(middle(stay, "plasma_ng_ml", "before"), rel=0.01)
    assert stay["onset_h"] is None
    assert chance(stay, "the tone comes back") == 0
    down = foreseen(text + "2026-08-01 request taper oral\n", "2026-08-02 09:00")
    for each in only(down, "taper"):
        assert each["days"]["plasma_ng_ml"]["last"]["p95"] < 0.01
        assert middle(each, "tone", "last") == pytest.approx(1.0, abs=1e-3)
        assert chance(each, "the tone comes back") > 0


def test_failing_kidneys_raise_what_the_same_tablets_leave() -> None:
    def plasma(creatinine: str) -> float:
        text = PERSON + SPINAL + SCORE + f"2026-01-05 lab creatinine {creatinine} mg/dL\n"
        found = foreseen(text + "2026-01-06 oral 5 mg three times a day\n", "2026-02-01 09:00")
        return middle(found["predictions"][0], "plasma_ng_ml", "before")

    assert plasma("1.9") > 1.4 * plasma("0.9")


def test_after_a_change_of_strength_the_bridge_keeps_the_level_and_its_lack_would_not() -> None:
    found = foreseen(RUNNING + "2026-04-01 request strength 2000 mcg/mL\n", "2026-04-01 09:00")
    (each,) = only(found, "strength change")
    levels = each["bands"]["lumbar_ng_ml"]["p50"]
    assert max(levels) / min(levels) < 1.05


@pytest.mark.parametrize(
    ("text", "now", "says"),
    [
        (PERSON + SPINAL + SCORE + "2026-01-06 oral 5 mg three times a day\n2026-01-06 dialysis\n", "2026-01-20 09:00", "dialysis"),
        (PERSON + SPINAL + SCORE + "2026-01-06 oral 5 mg three times a day\n", "2026-01-20 09:00", "no creatinine"),
        (
            (PERSON + KIDNEY + SPINAL + SCORE).replace("2026-01-05       weight       72 kg\n", "")
            + "2026-01-06 oral 5 mg three times a day\n",
            "2026-01-20 09:00",
            "weight",
        ),
        (
            (PERSON + KIDNEY + SPINAL + SCORE).replace("; born 1979-04-11", "")
            + "2026-01-06 oral 5 mg three times a day\n",
            "2026-01-20 09:00",
            "birth date",
        ),
        (WELL.replace("1979", "2016").replace("72 kg", "30 kg") + FAILED + "2026-02-28 request trial\n", "2026-03-01 09:00", "children"),
    ],
)  # fmt: skip
def test_where_no_model_is_made_for_the_person_the_future_is_unknown_and_says_why(
    text: str, now: str, says: str
) -> None:
    found = foreseen(text, now)
    assert found["predictions"], [each["why"] for each in found["refusals"]]
    for each in found["predictions"]:
        assert says in each["unknown"]
        assert "bands" not in each


def test_what_only_plasma_rests_on_is_assumed_and_named_for_drug_in_the_spine() -> None:
    text = (
        (RUNNING + "2026-03-31 request adjust up\n")
        .replace(KIDNEY, "")
        .replace("2026-01-05       height       175 cm\n", "")
    )
    (first, *_) = only(foreseen(text, "2026-04-01 09:00"), "adjust")
    assert any("no level in plasma is told: no creatinine" in each for each in first["assumes"])
    assert "plasma_ng_ml" not in first["bands"]
    assert any("height is not known" in each for each in first["assumes"])


def test_without_a_score_from_before_the_drug_the_tone_is_a_share_and_no_score() -> None:
    text = (RUNNING + "2026-03-31 request adjust up\n").replace(SCORE, "")
    (first, *_) = only(foreseen(text, "2026-04-01 09:00"), "adjust")
    assert "ashworth_legs" not in first["bands"]
    assert "tone" in first["bands"]
    later = text + "2026-03-30 score ashworth legs 2\n"  # on the drug: no score of before
    assert "ashworth_legs" not in only(foreseen(later, "2026-04-01 09:00"), "adjust")[0]["bands"]


def test_the_modified_scale_reads_one_less_and_its_1_plus_lies_between() -> None:
    def before(score: str) -> float:
        text = WELL.replace("ashworth legs 3", score) + "2026-01-05 request start oral\n"
        return middle(foreseen(text, "2026-01-05 12:00")["predictions"][0], "ashworth_legs", "before")

    assert before("modified ashworth legs 2") == before("ashworth legs 3")
    assert before("modified ashworth legs 1") < before("modified ashworth legs 1+") < before("modified ashworth legs 2")


def test_a_drug_holiday_brings_the_tone_back_and_no_severity_is_told() -> None:
    found = foreseen(RUNNING + "2026-03-29 request holiday; inpatient; alternative diazepam\n", "2026-03-30 09:00")
    assert only(found, "holiday")
    for each in only(found, "holiday"):
        assert chance(each, "the tone comes back") > 0.8
        assert not re.search("seizure|hallucination|hyperthermia|severe", json.dumps(each))


def test_tablets_of_the_years_before_the_pump_count_for_what_the_body_is_used_to() -> None:
    pumped = RUNNING + "2026-03-31 request adjust up\n"
    years = "2024-01-05 oral 20 mg four times a day\n2026-02-20 oral stop\n"
    never, long = (only(foreseen(text, "2026-04-01 09:00"), "adjust")[0] for text in (pumped, years + pumped.lstrip()))
    assert middle(long, "tone", "before") > 1.1 * middle(never, "tone", "before")
    # The level itself is the pump's alone; what the response to the trial says of it moves a little with the tolerance.
    assert middle(long, "cord_ng_ml", "before") == pytest.approx(middle(never, "cord_ng_ml", "before"), rel=0.05)


# --- what a pharmacist found --------------------------------------------------------------------------------------------

PRIMED = WELL + FAILED + "2026-03-01 09:00 trial 50 mcg\n2026-03-01 17:00 response positive; lasted 7 h\n" + PUMP
FILLED = PRIMED + "2026-03-20 11:02 prime 0.364 mL\n"


@pytest.mark.parametrize(
    "program", ["bolus 100 mcg at 09:00", "bolus 50 mcg every 12 h", "continuous 24 mcg/day; bolus 80 mcg at 20:00"]
)
def test_who_goes_on_as_before_withdraws_from_nothing_however_the_day_goes(program: str) -> None:
    text = FILLED + f"2026-03-20 11:05 program {program}\n2026-04-20 request refill\n"
    (each,) = only(foreseen(text, "2026-04-20 08:00"), "refill")
    assert chance(each, "the tone comes back") == 0


def test_a_screening_bolus_that_wears_off_is_no_withdrawal() -> None:
    text = WELL + FAILED + "2026-03-01 08:00 trial 50 mcg\n2026-03-01 16:00 response none\n"
    (each,) = only(foreseen(text, "2026-03-02 08:00"), "trial")
    assert not any("comes back" in c["of"] for c in each["chances"])


def test_a_start_through_an_empty_line_is_followed_until_its_drug_has_worked() -> None:
    text = PRIMED + "2026-03-20 request start pump\n"
    (each,) = only(foreseen(text, "2026-03-20 12:00"), "start")
    assert each["arrives"] is not None
    assert each["onset_h"]["p50"] == pytest.approx(49, abs=2)
    assert each["onset_h"]["p95"] > 51
    assert middle(each, "ashworth_legs", "last") < 2.0
    strong = text.replace("18 mL of 500", "18 mL of 2000").replace("lasted 7 h", "lasted 9 h")
    (each,) = only(foreseen(strong, "2026-03-20 12:00"), "start")
    assert each["arrives"].startswith("2026-04-0")  # 0.364 mL of 2,000 mcg/mL at 50 mcg daily: 349 h
    assert each["route"] == "spine"
    assert middle(each, "lumbar_ng_ml", "last") > 20


def test_a_program_of_two_days_is_averaged_over_two_days() -> None:
    text = (
        FILLED
        + "2026-03-25 09:00 program continuous 48 mcg/day; bolus 38 mcg every 48 h\n2026-04-01 request adjust up\n"
    )
    for each, percent in zip(only(foreseen(text, "2026-04-01 09:00"), "adjust"), (10, 20, 30), strict=True):
        assert each["window_h"] == 48
        days = each["days"]["lumbar_ng_ml"]
        assert days["last"]["p50"] / days["before"]["p50"] == pytest.approx(1 + percent / 100, rel=0.03)
        assert middle(each, "ashworth_legs", "last") <= middle(each, "ashworth_legs", "before") + 0.01


def test_a_bolus_of_yesterday_makes_no_bolus_of_a_start() -> None:
    text = WELL + FAILED + "2026-03-19 15:00 trial 50 mcg\n2026-03-19 23:00 response positive; lasted 7 h\n" + PUMP
    (each,) = only(
        foreseen(text + "2026-03-20 11:02 prime 0.364 mL\n2026-03-20 request start pump\n", "2026-03-20 12:00"), "start"
    )
    assert each["at"] == "lasting"
    assert each["lost_h"] is None  # nothing is being given that could stop


def test_how_long_the_effect_would_last_is_the_same_whatever_is_planned() -> None:
    text = (
        WELL.replace("0.9 mg/dL", "5 mg/dL")
        + "2026-01-06 oral 10 mg three times a day\n2026-01-19 request taper oral\n"
    )
    found = only(foreseen(text, "2026-01-20 09:00"), "taper")
    assert len({json.dumps(each["lost_h"]) for each in found}) == 1
    assert found[0]["lost_h"]["p95"] > 30


def test_no_chance_of_harm_is_given_of_tablets() -> None:
    text = (
        WELL.replace("0.9 mg/dL", "5 mg/dL")
        + "2026-01-06 oral 20 mg three times a day\n2026-01-19 request taper oral\n"
    )
    (first, *_) = only(foreseen(text, "2026-01-20 09:00"), "taper")
    assert not any("toxic" in c["of"] for c in first["chances"])
    assert "toxicity" not in first["bands"]


def test_an_order_that_cannot_be_read_leaves_the_future_unknown() -> None:
    text = FILLED + "2026-03-20 11:05 program continuous 100 mcg/day\n2026-03-21 medication baclofen as directed\n"
    found = foreseen(text + "2026-03-31 request adjust up\n", "2026-04-01 09:00")
    assert all("could not be read" in each["unknown"] for each in found["predictions"])
    # Nor is a score beside such an order one from before the drug.
    early = "2025-12-01 medication baclofen as directed\n" + WELL.lstrip("\n")
    stopped = early + "2026-01-10 medication baclofen as directed stopped\n"
    assert "ashworth_legs" not in json.dumps(foreseen(stopped + "2026-01-11 request start oral\n", "2026-01-12 09:00"))


def test_a_score_above_the_first_tablet_of_the_day_is_one_without_it() -> None:
    text = WELL + "2025-12-01 oral 5 mg three times a day\n2025-12-10 oral stop\n"
    text += (
        "2026-01-20 score ashworth legs 4\n2026-01-20 oral 5 mg three times a day\n2026-02-01 request titrate oral\n"
    )
    (first, *_) = only(foreseen(text, "2026-02-02 09:00"), "titration")
    assert middle(first, "ashworth_legs", "before") > 3.3


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2026-03-25 dialysis", "no level in plasma is told: dialysis"),
        ("2026-03-24 lab creatinine 0.9 mg/dL\n2026-03-25 lab creatinine 4.5 mg/dL", "no level in plasma is told"),
    ],
)
def test_kidneys_that_are_not_known_leave_plasma_untold_and_never_healthy(line: str, says: str) -> None:
    text = FILLED + f"2026-03-20 11:05 program continuous 100 mcg/day\n{line}\n2026-03-31 request adjust up\n"
    (first, *_) = only(foreseen(text, "2026-04-01 09:00"), "adjust")
    assert "plasma_ng_ml" not in first["bands"]
    assert any(each.startswith(says) for each in first["assumes"])


def test_an_ashworth_score_of_zero_makes_the_scale_doubtful() -> None:
    text = WELL + "2026-01-06 score ashworth arms 0; legs 3\n2026-01-07 request start oral\n"
    (first, *_) = only(foreseen(text, "2026-01-08 09:00"), "titration")
    assert "ashworth_legs" not in first["bands"]
    assert any("Ashworth score of 0" in each for each in first["assumes"])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2026-03-25 condition scoliosis", "scoliosis may change the flow"),
        ("2026-03-25 oral 5 mg three times a day", "how they act together is not known"),
        ("2026-03-25 oral 5 mg three times a day\n2026-03-28 interruption nothing by mouth", "nothing by mouth"),
    ],
)
def test_what_no_model_knows_is_said(line: str, says: str) -> None:
    text = FILLED + f"2026-03-20 11:05 program continuous 100 mcg/day\n{line}\n2026-03-31 request adjust up\n"
    (first, *_) = only(foreseen(text, "2026-04-01 09:00"), "adjust")
    assert any(says in each for each in first["assumes"])


# --- what holds for every prediction ------------------------------------------------------------------------------------


def test_a_prediction_changes_no_finding_no_plan_and_no_refusal_and_is_the_same_every_time() -> None:
    chart = eutonia.read((RUNNING + "2026-03-31 request adjust up\n").lstrip("\n"))
    without = eutonia.advise(chart, "2026-04-01 09:00").as_dict(foresee=False)
    whole = eutonia.advise(chart, "2026-04-01 09:00").as_dict()
    assert without["predictions"] == []
    foreseen_only = {"predictions", "estimate", "order"}
    assert {k: v for k, v in whole.items() if k not in foreseen_only} == {
        k: v for k, v in without.items() if k not in foreseen_only
    }
    again = eutonia.advise(chart, "2026-04-01 09:00").as_dict()
    assert json.dumps(again) == json.dumps(whole)


def test_bands_lie_in_order_and_every_number_is_finite() -> None:
    found = foreseen(RUNNING + "2026-03-31 request adjust up\n", "2026-04-01 09:00")
    text = json.dumps(found, allow_nan=False)
    assert "Infinity" not in text
    for each in found["predictions"]:
        assert each["hours"] == sorted(each["hours"])
        assert each["hours"][0] < 0 < each["hours"][-1]
        for rows in each["bands"].values():
            for five in zip(*(rows[band] for band in ("p05", "p25", "p50", "p75", "p95")), strict=True):
                assert list(five) == sorted(five)
            assert len(rows["p50"]) == len(each["hours"])
        assert all(0 <= c["share"] <= 1 and c["basis"] for c in each["chances"])


def test_an_advice_with_its_futures_does_not_wait_for_the_compiler() -> None:
    code = (
        "import sys, eutonia\n"
        f"found = eutonia.advise(eutonia.read({(RUNNING + '2026-03-31 request adjust up').lstrip()!r}), '2026-04-01 09:00').as_dict()\n"
        "assert len(found['predictions']) == 3\n"
        "assert 'numba' not in sys.modules and 'scipy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

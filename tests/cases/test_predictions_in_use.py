"""Predictions of charts from use: refills, orders of pace, harm by mouth, explanations that are withheld, emergencies."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import eutonia
from eutonia.advice import Advice
from eutonia.chart.facts import Facts
from eutonia.doors import words
from eutonia.doors.terminal import render
from eutonia.knowledge import book
from eutonia.predict import posterior
from eutonia.predict.rank import CONCERNS, Preference, rank
from eutonia.watch.tasks import tasks
from tests.cases.test_estimate import BAD, PUMPED, RISING, visits
from tests.in_use import Case, case

BOTH = case("04", "output")
LA = case("la", "output").at("2026-03-18 09:00")


@lru_cache(maxsize=64)
def advised(chart: Case) -> Advice:
    """Return the advice; what it predicts is worked out once."""
    return eutonia.advise(eutonia.read(chart.text), chart.now)


@lru_cache(maxsize=64)
def answer(chart: Case) -> dict[str, Any]:
    """Return the whole advice as JSON, with predictions."""
    return advised(chart).as_dict()


def predicted(chart: Case, kind: str) -> list[dict[str, Any]]:
    return [row for row in answer(chart)["predictions"] if row["kind"] == kind]


def share(row: dict[str, Any], start: str) -> float:
    return next(chance["share"] for chance in row["chances"] if chance["of"].startswith(start))


# --- a pump that stays in use is refilled ----------------------------------------------------------------------------

TAPERS = {
    "the handed chart": BOTH,
    "a smaller fill, so that several refills come": BOTH.replaced(("refill 18 mL of 500", "refill 14 mL of 500")),
    "another concentration and dose": BOTH.replaced(
        ("18 mL of 500 mcg/mL; product 500", "18 mL of 2000 mcg/mL; product 2000"), ("continuous 96", "continuous 480")
    ),
    "an overdue refill": BOTH.replaced(("2026-03-10 09:00 refill 18 mL", "2026-03-10 09:00 refill 16.8 mL")),
}


@pytest.mark.parametrize("name", TAPERS)
def test_a_taper_beside_a_running_pump_assumes_refills_and_says_so(name: str) -> None:
    chart = TAPERS[name]
    pump = answer(chart)["pump"]
    assert pump["empty_at"] > chart.now.replace(" ", "T")
    rows = predicted(chart, "taper")
    assert rows
    for row in rows:
        assert share(row, "the tone comes back") < 0.5
        assert row["days"]["lumbar_ng_ml"]["last"]["p50"] > 0.5 * row["days"]["lumbar_ng_ml"]["before"]["p50"]
        assert row["assumes"][0].startswith("the pump is refilled when due (from 2026-0")


def test_an_empty_pump_is_not_refilled_by_the_prediction() -> None:
    dry = BOTH.replaced(("2026-03-10 09:00 refill 18 mL", "2026-03-10 09:00 refill 10 mL"))
    rows = predicted(dry, "taper")
    assert rows
    for row in rows:
        assert "the reservoir is empty now, and the pump gives nothing until it is refilled" in row["assumes"]
        assert not any("refilled when due" in says for says in row["assumes"])


def test_a_prediction_that_ends_before_the_refill_assumes_none() -> None:
    rows = predicted(LA.at("2026-02-01 09:00").with_lines("2026-01-31 request adjust up"), "adjust")
    assert rows
    assert not any("refilled" in says for row in rows for says in row["assumes"])


# --- a refill follows its own steps ----------------------------------------------------------------------------------


def test_a_refill_in_time_keeps_the_dose() -> None:
    (row,) = predicted(LA, "refill")
    cord = row["days"]["cord_ng_ml"]
    assert cord["last"]["p50"] == pytest.approx(cord["before"]["p50"], rel=1e-3)


@pytest.mark.parametrize("now", ["2026-04-12 09:00", "2026-04-15 09:00", "2026-04-20 09:00"])
def test_a_refill_after_an_interruption_leaves_the_pump_stopped_as_its_steps_say(now: str) -> None:
    # At twice the start dose, so that the old program must not simply run on.
    late = LA.replaced(("program continuous 100 mcg/day", "program continuous 200 mcg/day")).at(now)
    (plan,) = [plan for plan in answer(late)["plans"] if plan["kind"] == "refill"]
    assert any("leave the pump stopped" in step["says"] for step in plan["steps"])
    (row,) = predicted(late, "refill")
    assert "the pump stays stopped after the refill until the dose is planned anew" in row["assumes"]
    assert row["days"]["lumbar_ng_ml"]["last"]["p95"] < 1.0


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-17 10:00 device stall",
        "2026-03-17 10:00 residual 12 mL",
        "2026-03-17 10:00 program continuous 100 mcg/day; strength 2000 mcg/mL",
    ],
)
def test_nothing_is_predicted_of_a_refill_while_delivery_is_not_known(line: str) -> None:
    (row,) = predicted(LA.with_lines(line), "refill")
    assert "unknown" in row


# --- orders ----------------------------------------------------------------------------------------------------------

TABLETS = Case(
    "2025-06-06 09:00 person id T-1; born 1980-01-01; sex male\n2025-06-06 condition multiple sclerosis; origin spinal\n"
    "2025-06-06 allergy none known\n2025-06-06 medications none\n2025-06-06 weight 70 kg\n"
    "2026-04-01 lab creatinine 0.8 mg/dL\n2025-06-06 09:30 score ashworth legs 4; penn 3\n"
    "2025-06-07 oral 10 mg three times a day\n2026-04-25 score ashworth legs 3; penn 3\n",
    "2026-05-02 09:00",
)
EXAMPLES = Path(__file__).parents[2] / "examples"
HOLIDAY = Case((EXAMPLES / "06-drug-holiday.chart").read_text("utf-8"), "2026-05-02 09:00")
PACED = {
    "a taper": TABLETS.with_lines("2026-05-02 08:00 request taper oral"),
    "a taper beside a pump": BOTH,
    "a taper from a high dose with mild renal impairment": TABLETS.replaced(
        ("oral 10 mg three times", "oral 20 mg three times"), ("creatinine 0.8", "creatinine 1.2")
    ).with_lines("2026-05-02 08:00 request taper oral"),
    "a holiday": HOLIDAY,
}


@pytest.mark.parametrize("name", PACED)
@pytest.mark.parametrize("prefer", [(), ("visits",), ("visits", "dose")])
def test_a_taper_or_a_holiday_is_never_ranked_faster_first(name: str, prefer: tuple[str, ...]) -> None:
    chart = PACED[name]
    concerns = (*prefer, *(concern for concern in CONCERNS if concern not in prefer))
    preference = Preference(None, concerns)  # type: ignore[arg-type]
    advice = advised(chart)
    ranked = rank(advice.plans, advice.predictions, None, preference, advice.book)
    (order,) = [order for order in ranked if order.kind in ("taper", "holiday")]
    assert len(order.places) > 1
    days = [place.days for place in order.places]
    assert days == sorted(days, reverse=True)
    assert all(reason.startswith("slower: ") for reason in order.reasons[:-1])


def test_a_tie_between_titrations_goes_to_the_slower_one() -> None:
    rising = TABLETS.with_lines("2026-05-02 08:00 request titrate oral")
    (order,) = [order for order in advised(rising).order if order.kind == "titration"]
    same = [place for place in order.places if place.dose == order.places[-1].dose]
    assert len(same) > 1
    assert [place.days for place in same] == sorted((place.days for place in same), reverse=True)


# --- no harmful level by mouth ---------------------------------------------------------------------------------------

ORAL = {
    "titration": TABLETS.with_lines("2026-05-02 08:00 request titrate oral"),
    "taper": TABLETS.with_lines("2026-05-02 08:00 request taper oral"),
    "renal impairment": TABLETS.replaced(("creatinine 0.8 mg/dL", "creatinine 2.5 mg/dL")).with_lines(
        "2026-05-02 08:00 request taper oral"
    ),
}


@pytest.mark.parametrize("name", ORAL)
def test_no_harmful_level_is_given_by_mouth(name: str) -> None:
    found = answer(ORAL[name])
    assert found["predictions"]
    for row in found["predictions"]:
        assert "toxicity" not in row.get("bands", {})
        for chance in row.get("chances", ()):
            assert not any(word in chance["of"] for word in ("toxic", "comatose", "above the therapeutic range"))
    assert all(place["harm"] is None for order in found["order"] for place in order["places"])
    screen = render(found, ("outlooks", "order"), 100)
    assert "harmful" not in screen
    assert "comatose" not in screen
    assert words.sheet(found).orders


def test_a_harmful_level_in_the_spine_is_still_given() -> None:
    found = answer(LA)
    assert any(place["harm"] is not None for order in found["order"] for place in order["places"])
    assert "harmful level" in render(found, ("order",), 100)


# --- explanations that are withheld ----------------------------------------------------------------------------------

NOW = "2026-05-02 09:00"
FLAT = PUMPED + visits(*RISING)
CONTRADICTORY = {
    "two scores of one day": "2026-04-28 09:00 score ashworth legs 1; penn 1\n2026-04-28 11:00 score ashworth legs 4; penn 4\n",
    "the other way round": "2026-04-28 09:00 score ashworth legs 4\n2026-04-28 16:00 score ashworth legs 2\n",
    "on two days": "2026-04-28 20:00 score ashworth legs 1\n2026-04-29 08:00 score ashworth legs 3\n",
}


def estimated(text: str) -> dict[str, Any]:
    return eutonia.advise(eutonia.read(text), NOW).estimate.as_dict(eutonia.read(text).home)


def alarmed(found: dict[str, Any]) -> bool:
    from eutonia.doors.own import learned

    lines, _ = learned(found)
    return any(line.label in ("Explanations", "First", "Most informative next measurement") for line in lines)


@pytest.mark.parametrize("name", CONTRADICTORY)
def test_contradictory_scores_withhold_explanations_and_alarms(name: str) -> None:
    found = estimated(FLAT + CONTRADICTORY[name])
    assert "nothing is said of a leak, the pump or the disease" in found["withheld"]
    assert found["explanations"] == found["worth"] == []
    assert not alarmed(found)


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "2026-04-28 09:00 score ashworth legs 3\n2026-04-28 11:00 score ashworth legs 4\n",
        "2026-04-28 09:00 score ashworth legs 3\n2026-04-28 09:30 program continuous 260 mcg/day\n2026-04-28 20:00 score ashworth legs 1\n",
    ],
    ids=["no such scores", "raters differ by a point", "the dose was changed in between"],
)
def test_scores_that_can_be_true_keep_their_explanations(lines: str) -> None:
    found = estimated(FLAT + lines)
    assert found["withheld"] == ""
    assert len(found["explanations"]) > 1
    assert alarmed(found)


def test_a_search_that_did_not_arrive_withholds_explanations_and_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posterior, "_ROUNDS", 8)
    for text in (PUMPED + BAD, FLAT):
        found = estimated(text)
        assert found["converged"] is False
        assert "did not arrive" in found["withheld"]
        assert found["explanations"] == found["worth"] == []
        assert not alarmed(found)


def test_the_search_arrives_for_every_example() -> None:
    for path in sorted(EXAMPLES.glob("*.chart")):
        advice = eutonia.advise(eutonia.read(path), NOW)
        assert getattr(advice.estimate, "converged", True), path


# --- emergencies -----------------------------------------------------------------------------------------------------

CARDS = {
    "overdose by the pump": Case(FLAT + "2026-05-02 08:00 symptom coma\n", NOW),
    "withdrawal of tablets": TABLETS.with_lines(
        "2026-04-30 oral stop", "2026-05-02 08:00 symptom seizure, hallucination"
    ),
    "during a trial": TABLETS.with_lines(
        "2026-05-01 failed oral baclofen 80 mg/day; no effect",
        "2026-05-02 06:00 trial 50 mcg",
        "2026-05-02 08:00 symptom coma",
    ),
}


@pytest.mark.parametrize("name", CARDS)
def test_under_an_emergency_card_nothing_asks_for_a_bolus_or_a_measurement(name: str) -> None:
    chart = CARDS[name]
    advice = advised(chart)
    assert advice.emergency
    assert not getattr(advice.estimate, "worth", ())
    assert not any(getattr(row, "worth", ()) for row in advice.predictions)
    facts = advice.facts
    kinds = {task.what for task in tasks(Facts(facts.chart, facts.now, book("US")), "c1", "T-1")}
    assert "emergency" in kinds
    assert not kinds & {"score", "creatinine", "trial", "step"}


@pytest.mark.parametrize("name", CARDS)
def test_after_the_emergency_the_measurements_are_asked_for_again(name: str) -> None:
    chart = CARDS[name]
    facts = eutonia.advise(eutonia.read(chart.text.rsplit("2026-05-02 08:00", 1)[0]), chart.now).facts
    kinds = {task.what for task in tasks(facts, "c1", "T-1")}
    assert kinds & {"score", "creatinine", "trial", "step", "withdrawal"}

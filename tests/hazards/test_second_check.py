"""Each screening bolus, refill and program is verified by a second person; a missing one is said in every clinic."""

from __future__ import annotations

import pytest

import eutonia
from tests.charts import FILLED

RUNNING = FILLED.replace("trial 50 mcg", "trial 50 mcg{trial}").replace("500 mcg/mL\n", "500 mcg/mL{refill}\n")
RUNNING += "2026-03-20 11:10 program continuous 100 mcg/day{program}\n"
BY = "; checked by A. Okoro"
KINDS = ("trial", "refill", "program")


def said(more: str = "", **checked: str) -> str:
    """What the advice says of second checks; empty where it says nothing."""
    text = RUNNING.format(**{kind: checked.get(kind, "") for kind in KINDS}) + more
    advice = eutonia.advise(eutonia.read(text), "2026-04-02 09:00")
    return next((each.says for each in advice.findings if each.id == "second-check"), "")


@pytest.mark.carries("TOX-01")
def test_a_clinic_that_records_no_second_checks_is_told_of_each_one_that_is_missing():
    assert (
        said()
        == "Not on the chart: who checked the last trial (2026-03-01), refill (2026-03-20) and program (2026-03-20) as second person."
    )


@pytest.mark.carries("TOX-01")
@pytest.mark.parametrize("missing", KINDS)
def test_each_missing_second_check_is_named_whatever_else_was_checked(missing):
    says = said(**{kind: BY for kind in KINDS if kind != missing})
    assert f"the last {missing} (" in says
    assert not any(f"{kind} (" in says for kind in KINDS if kind != missing)


@pytest.mark.carries("TOX-01")
def test_where_all_three_were_checked_nothing_is_said():
    assert said(**dict.fromkeys(KINDS, BY)) == ""


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("2026-04-01 09:00 program stop\n", ""),
        ("2026-04-01 09:00 program continuous 110 mcg/day\n", "program (2026-04-01)"),
        ("2026-04-01 09:00 refill 18 mL of 500 mcg/mL\n", "refill (2026-04-01)"),
    ],
)
def test_the_last_one_of_each_kind_counts_and_stopping_the_pump_waits_for_nobody(more, says):
    answer = said(more, **dict.fromkeys(KINDS, BY))
    assert says in answer
    assert bool(says) == bool(answer)


REQUESTS = {
    "trial": FILLED[: FILLED.index("2026-03-01 09:00 trial")] + "2026-03-01 09:00 request trial\n",
    "start": FILLED + "2026-03-20 11:30 request start pump\n",
    "adjust": RUNNING.format(trial="", refill="", program="") + "2026-03-28 09:00 request adjust up\n",
    "refill": RUNNING.format(trial="", refill="", program="") + "2026-05-01 09:00 request refill\n",
    "strength change": RUNNING.format(trial="", refill="", program="")
    + "2026-05-01 09:00 request strength 2000 mcg/mL\n",
}


@pytest.mark.carries("TOX-01")
@pytest.mark.parametrize("kind", REQUESTS)
def test_every_plan_of_a_bolus_refill_or_program_has_two_people_check_it(kind):
    """In charts on which nobody recorded a second check."""
    text = REQUESTS[kind]
    plans = [each for each in eutonia.advise(eutonia.read(text), text.splitlines()[-1][:16]).plans if each.kind == kind]
    assert plans
    for plan in plans:
        words = [*(step.says for step in plan.steps), *plan.watch]
        assert any("wo people check" in each for each in words), plan.option
        if kind == "trial":
            assert all("two people check" in step.says for step in plan.steps if step.do == "give")


def test_a_patient_without_a_pump_and_a_trial_is_asked_for_no_second_check():
    text = "2026-01-05 09:30 person id A-17; born 1979-04-11\n2026-01-05 09:40 oral 5 mg three times a day\n"
    advice = eutonia.advise(eutonia.read(text), "2026-04-02 09:00")
    assert not any(each.id == "second-check" for each in advice.findings)

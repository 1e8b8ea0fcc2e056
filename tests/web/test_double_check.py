"""The double check on the pages: both people see what the rules refuse, confirm apart, and no new stop is passed over."""

from __future__ import annotations

import re

import pytest

from tests.web.conftest import PUMP, Browser, hidden, lines, ticked
from tests.web.test_acts import AT, ENTERED, confirmed, previewed
from tests.web.test_pages import text_of

WHY = "ordered by telephone by the senior physician"
TENFOLD = {"program": "continuous 2160 mcg/day"}


def begun(first: Browser, chart: str, kind: str, said: dict[str, str], reason: str = WHY) -> str:
    """The path of an entry that waits for a second person."""
    page = previewed(first, chart, kind, **said)
    answer = confirmed(first, chart, kind, page, reason=reason, **ticked(page.text))
    assert answer.url.path.startswith("/second/"), text_of(answer.text)
    return answer.url.path


def checked(second: Browser, path: str, said: dict[str, str], **more: str):
    """What the second person sees, and the answer to the same entry; every box is ticked but those of `more`."""
    form = second.get(path).text
    boxes = {name: value for name, value in {**ticked(form), **more}.items() if value}
    return form, second.post(path, saw=hidden(form, "saw"), at=AT, **said, **boxes)


def written(office, chart: str, line: str) -> None:
    office.ledger.append(chart, [f"2026-05-02 08:58 {line}"], saw=office.ledger.held(chart).head, by="F. Finch")


def on_chart(office, chart: str, text: str) -> bool:
    return any(text in each.content for each in office.ledger.standing(chart))


def tasks_of(office, chart: str, kind: str) -> list[str]:
    return [each.because for each in office.refresh().tasks if each.chart == chart and each.what == kind]


# -- what came in between ----------------------------------------------------------------------------------------------

STOPS = {
    "anaphylaxis": "allergy baclofen; reaction anaphylaxis",
    "coma": "symptom coma, slow breathing",
    "withdrawal": "symptom rebound spasticity, fever, hallucinations",
}


@pytest.mark.hazard("H75")
@pytest.mark.carries("CON-01", "TOX-01")
@pytest.mark.parametrize("dose", ["continuous 400 mcg/day", "continuous 300 mcg/day", "continuous 240 mcg/day"])
@pytest.mark.parametrize("stop", STOPS)
def test_a_stop_that_came_after_the_first_entry_refuses_whatever_reason_was_given(stop, dose, office, pump, sign_in):
    """400 mcg/day was written after an anaphylaxis to baclofen was recorded in between, because a reason had been given."""
    first, second = sign_in("dale"), sign_in("okoro")
    path = begun(first, pump, "program", {"program": dose})
    written(office, pump, STOPS[stop])
    form, answer = checked(second, path, {"program": dose}, refused="yes", changed="yes", large="yes")
    assert "The rules refuse this now" in text_of(form)
    assert "Compare, and write" not in form
    assert answer.status_code == 409
    assert not on_chart(office, pump, dose)
    assert office.drafts.open(pump)[0].state == "waiting"


def test_a_pregnancy_that_became_known_in_between_refuses_a_higher_dose(office, sign_in):
    told = [each.replace("SCI-017", "SCI-018").replace("sex male", "sex female") for each in lines(PUMP, "Eve Sample")]
    chart = office.ledger.open(told, by="N. Dale").id
    office.refresh()
    path = begun(sign_in("dale"), chart, "program", {"program": "continuous 240 mcg/day"})
    written(office, chart, "pregnancy yes")
    form, answer = checked(sign_in("okoro"), path, {"program": "continuous 240 mcg/day"}, refused="yes", changed="yes")
    assert "The rules refuse this now" in text_of(form)
    assert "pregnancy" in text_of(form)
    assert answer.status_code == 409
    assert not on_chart(office, chart, "240 mcg/day")


def test_a_stop_on_a_screening_bolus_that_came_in_between_refuses(office, tablets, sign_in):
    """A laboratory value, an allergy, and signs; the bolus was outside the rules before already, and a reason was given."""
    for line in ("lab creatinine 6.5 mg/dL", "allergy baclofen; reaction rash", "symptom coma"):
        first, second = sign_in("dale"), sign_in("okoro")
        path = begun(first, tablets, "trial", {"dose": "50 mcg"})
        written(office, tablets, line)
        form, answer = checked(second, path, {"dose": "50 mcg"}, refused="yes", changed="yes")
        assert "The rules refuse this now" in text_of(form), line
        assert answer.status_code == 409, line
        assert not on_chart(office, tablets, "trial 50 mcg"), line
        second.post(f"{path}/withdraw")
        last = office.ledger.standing(tablets)[-1]
        office.ledger.append(tablets, (), saw=office.ledger.held(tablets).head, by="N", strikes=[(last.hash, "undone")])


@pytest.mark.parametrize("line", [STOPS["anaphylaxis"], STOPS["coma"]])
def test_a_stop_in_between_is_on_the_waiting_page_and_the_worklist(line, office, pump, sign_in):
    path = begun(sign_in("dale"), pump, "program", {"program": "continuous 240 mcg/day"})
    assert tasks_of(office, pump, "second person") == []
    second = sign_in("okoro")
    assert "refused now" not in text_of(second.get("/second").text)
    written(office, pump, line)
    assert "refused now: the chart has changed" in text_of(second.get("/second").text)
    assert "the rules refuse it" in tasks_of(office, pump, "second person")[0]
    assert "Withdraw the program" in text_of(second.get("/panel").text)
    second.post(f"{path}/withdraw")
    assert tasks_of(office, pump, "second person") == []


@pytest.mark.parametrize("dose", ["240 mcg/day", "400 mcg/day"])
@pytest.mark.parametrize(
    "line",
    ["lab creatinine 0.9 mg/dL", "medication oxycodone 5 mg four times a day", "score ashworth legs 3", "weight 80 kg"],
)
def test_every_other_change_in_between_is_shown_and_confirmed(dose, line, office, pump, sign_in):
    said = {"program": f"continuous {dose}"}
    path = begun(sign_in("dale"), pump, "program", said)
    written(office, pump, line)
    second = sign_in("okoro")
    form, answer = checked(second, path, said, changed="")
    assert "New on the chart since the first entry" in text_of(form)
    assert line in text_of(form)
    assert answer.status_code == 422
    assert "what has changed on the chart" in text_of(answer.text)
    assert not on_chart(office, pump, dose)
    _, answer = checked(second, path, said)
    assert answer.url.path == f"/charts/{pump}"
    assert on_chart(office, pump, f"program continuous {dose}; checked by A. Okoro")


def test_what_the_same_person_entered_before_it_is_no_change_of_the_chart(office, pump, sign_in):
    first, second = sign_in("dale"), sign_in("okoro")
    refill, program = ENTERED["refill"][0], {"program": "continuous 240 mcg/day"}
    paths = begun(first, pump, "refill", refill), begun(first, pump, "program", program)
    for path, said in zip(paths, (refill, program), strict=True):
        form, answer = checked(second, path, said)
        assert "New on the chart" not in text_of(form)
        assert answer.url.path == f"/charts/{pump}"


def test_time_alone_is_no_reason_to_refuse(office, pump, sign_in, clock):
    path = begun(sign_in("dale"), pump, "program", {"program": "continuous 400 mcg/day"})
    clock.on(hours=20)
    _, answer = checked(sign_in("okoro"), path, {"program": "continuous 400 mcg/day"})
    assert answer.url.path == f"/charts/{pump}"


def test_what_came_between_the_preview_and_the_first_entry_is_shown_before_it_is_kept(office, pump, sign_in):
    first = sign_in("dale")
    page = previewed(first, pump, "program", program="continuous 400 mcg/day")
    written(office, pump, STOPS["anaphylaxis"])
    answer = confirmed(first, pump, "program", page, reason=WHY)
    assert answer.status_code == 409
    assert "Allergy to baclofen" in text_of(answer.text)
    assert office.drafts.open() == ()


def test_a_form_that_carries_other_objections_than_there_are_is_shown_again(office, pump, sign_in):
    first = sign_in("dale")
    page = previewed(first, pump, "program", program="continuous 400 mcg/day")
    answer = confirmed(first, pump, "program", page, reason=WHY, rules="0" * 32)
    assert answer.status_code == 409
    assert "has changed since you looked" in text_of(answer.text)
    assert office.drafts.open() == ()


def test_a_rule_that_says_how_long_something_lasts_lets_slow_people_confirm(office, pump, sign_in, clock):
    first = sign_in("dale")
    page = previewed(first, pump, "program", program="stop")
    assert "has been stopped for" in text_of(page.text)
    clock.on(minutes=20)
    assert confirmed(first, pump, "program", page, reason=WHY).url.path == f"/charts/{pump}"


# -- both people see it, and confirm apart -----------------------------------------------------------------------------


@pytest.mark.hazard("H75")
@pytest.mark.parametrize(
    ("kind", "said", "rule"),
    [
        ("program", {"program": "continuous 400 mcg/day"}, "pump-dose"),
        ("program", TENFOLD, "pump-dose"),
        ("refill", {"volume": "18 mL", "strength": "2000 mcg/mL", "product": "500 mcg/mL"}, "strength"),
        ("trial", {"dose": "400 mcg"}, "dose: trial"),
    ],
)
def test_the_second_person_sees_the_rule_and_the_reason_and_confirms_apart(kind, said, rule, office, pump, sign_in):
    first, second = sign_in("dale"), sign_in("okoro")
    values = re.findall(r"\d[\d,.]*", " ".join(said.values()))
    path = begun(first, pump, kind, said, f"{WHY}: {' '.join(said.values())}")
    before = office.ledger.held(pump)
    form, answer = checked(second, path, said, refused="")
    words = text_of(form)
    assert "The rules refuse this entry" in words
    assert f"Rule ' {rule} '" in words or f"Rule '{rule}'" in words
    assert WHY in words
    shown = words[words.index("The rules refuse this entry") : words.index("Compare, and write")]
    for value in values:
        assert not re.search(rf"(?<![\d.,]){re.escape(value)}(?![\d.,])", shown.replace(",", "")), value
    assert answer.status_code == 422
    assert "not confirmed that you read what the rules say" in text_of(answer.text)
    assert office.ledger.held(pump) == before
    _, answer = checked(second, path, said)
    assert answer.url.path == f"/charts/{pump}"
    note = office.ledger.records(pump)[-1].content
    assert re.search(rf"outside the rules \([^)]*{re.escape(rule)}", note)
    assert note.endswith(", confirmed by A. Okoro")


def test_an_entry_within_the_rules_asks_the_second_person_for_no_confirmation(office, pump, sign_in):
    path = begun(sign_in("dale"), pump, "program", {"program": "continuous 240 mcg/day"}, "")
    form, answer = checked(sign_in("okoro"), path, {"program": "continuous 240 mcg/day"})
    assert ticked(form) == {}
    assert answer.url.path == f"/charts/{pump}"


LARGE = [
    ("program", TENFOLD, "10 times as much"),
    ("program", {"program": "continuous 21.6 mcg/day"}, "10 times less"),
    ("program", {"program": "continuous 1080 mcg/day"}, "5 times as much"),
    ("refill", {"volume": "18 mL", "strength": "50 mcg/mL", "product": "50 mcg/mL"}, "10 times less"),
    ("refill", {"volume": "18 mL", "strength": "5000 mcg/mL", "product": "5000 mcg/mL"}, "10 times as much"),
    ("trial", {"dose": "750 mcg"}, "10 times as much"),
    ("bridge", {"dose": "3276 mcg", "over": "36.4 h"}, "10 times as much"),
]


@pytest.mark.hazard("H75")
@pytest.mark.parametrize(("kind", "said", "says"), LARGE)
def test_a_tenfold_change_is_named_to_both_and_confirmed_by_each(kind, said, says, office, pump, sign_in):
    first, second = sign_in("dale"), sign_in("okoro")
    page = previewed(first, pump, kind, **said)
    assert "A very large change" in text_of(page.text)
    assert says in text_of(page.text)
    answer = confirmed(first, pump, kind, page, reason=WHY)
    assert answer.status_code == 422
    assert office.drafts.open() == ()
    path = begun(first, pump, kind, said)
    form, answer = checked(second, path, said, large="")
    assert "fivefold or more, up or down" in text_of(form)
    assert says not in text_of(form)
    assert answer.status_code == 422
    assert "very large change" in text_of(answer.text)
    _, answer = checked(second, path, said)
    assert answer.url.path == f"/charts/{pump}"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("program", {"program": "continuous 240 mcg/day"}),
        ("program", {"program": "continuous 900 mcg/day"}),
        ("program", {"program": "continuous 172.8 mcg/day"}),
        ("refill", ENTERED["refill"][0]),
        ("refill", {"volume": "18 mL", "strength": "2000 mcg/mL", "product": "2000 mcg/mL"}),
        ("bridge", ENTERED["bridge"][0]),
        ("trial", {"dose": "100 mcg"}),
    ],
)
def test_a_change_of_less_than_five_times_is_not_called_very_large(kind, said, pump, sign_in):
    assert "A very large change" not in text_of(previewed(sign_in("dale"), pump, kind, **said).text)


def test_a_tenfold_oral_dose_is_named_to_the_one_who_orders_it(office, tablets, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, tablets, "oral", regimen="5 mg once a day")
    confirmed(browser, tablets, "oral", page, reason=WHY, **ticked(page.text))
    page = previewed(browser, tablets, "oral", regimen="50 mg once a day")
    assert "10 times as much" in text_of(page.text)
    assert confirmed(browser, tablets, "oral", page, reason=WHY).status_code == 422
    assert not on_chart(office, tablets, "oral 50 mg")


# -- one person --------------------------------------------------------------------------------------------------------


@pytest.mark.carries("TOX-01")
@pytest.mark.parametrize(
    ("kind", "said", "marks"),
    [
        (
            "program",
            {"program": "continuous 400 mcg/day"},
            r"without a second person and outside the rules \(.*pump-dose",
        ),
        ("program", {"program": "continuous 240 mcg/day"}, r"without a second person$"),
        ("refill", ENTERED["refill"][0], r"without a second person$"),
        ("trial", {"dose": "100 mcg"}, r"without a second person and outside the rules \(dose: trial"),
    ],
)
def test_an_entry_made_alone_says_so_and_stays_on_the_worklist_until_reviewed(kind, said, marks, office, pump, sign_in):
    first, second = sign_in("dale"), sign_in("okoro")
    page = previewed(first, pump, kind, **said)
    before = office.ledger.held(pump)
    assert confirmed(first, pump, kind, page, alone="yes", reason="only me").status_code == 422
    assert office.ledger.held(pump) == before
    answer = confirmed(first, pump, kind, page, alone="yes", reason=WHY)
    assert answer.url.path == f"/charts/{pump}"
    (review,) = office.reviews.open(pump)
    assert re.search(marks, review.how)
    note = office.ledger.records(pump)[-1].content
    assert f"note entered {review.how} by N. Dale: {WHY}" in note
    assert "not reviewed yet" in text_of(answer.text)
    assert WHY in tasks_of(office, pump, "review")[0]
    assert "To review" in text_of(second.get("/second").text)
    # The same form again adds no second one, and time does not close it.
    confirmed(first, pump, kind, page, alone="yes", reason=WHY)
    assert len(office.reviews.open(pump)) == 1
    path = f"/review/{review.id}"
    assert "another person reviews it" in text_of(first.get(path).text)
    assert first.post(path, saw=office.ledger.held(pump).head, result="compared with the vial").status_code == 409
    form = second.get(path).text
    assert second.post(path, saw=hidden(form, "saw"), result="ok").status_code == 422
    assert office.reviews.open(pump) == (review,)
    answer = second.post(path, saw=hidden(form, "saw"), result="compared with the vial and the order")
    assert answer.url.path == f"/charts/{pump}"
    assert office.reviews.open(pump) == ()
    assert tasks_of(office, pump, "review") == []
    assert "reviewed by A. Okoro" in office.ledger.records(pump)[-1].content


def test_an_oral_order_outside_the_rules_is_reviewed_too(office, tablets, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, tablets, "oral", regimen="40 mg three times a day")
    confirmed(browser, tablets, "oral", page, reason=WHY, **ticked(page.text))
    (review,) = office.reviews.open(tablets)
    assert review.how.startswith("outside the rules (")


@pytest.mark.parametrize(
    ("sign", "program", "reason"),
    [
        ("", "stop", WHY),
        ("symptom coma, slow breathing", "stop", ""),
        ("symptom coma, slow breathing", "continuous 100 mcg/day", ""),
        ("symptom respiratory depression", "continuous 180 mcg/day", ""),
        ("symptom rebound spasticity, fever, hallucinations", "stop", WHY),
    ],
)
def test_less_drug_in_an_emergency_needs_one_person_is_marked_and_reviewed(
    sign, program, reason, office, pump, sign_in
):
    if sign:
        written(office, pump, sign)
    browser = sign_in("dale")
    page = previewed(browser, pump, "program", at="2026-05-02 08:59", program=program)
    assert "One person is enough" in text_of(page.text)
    answer = confirmed(browser, pump, "program", page, reason=reason)
    assert answer.url.path == f"/charts/{pump}", text_of(answer.text)
    assert on_chart(office, pump, f"program {program}")
    (review,) = office.reviews.open(pump)
    assert "by one person (" in review.how
    assert "by one person (" in office.ledger.records(pump)[-1].content


@pytest.mark.parametrize(
    ("sign", "program"),
    [
        ("", "continuous 100 mcg/day"),
        ("symptom coma, slow breathing", "continuous 240 mcg/day"),
        ("symptom coma, slow breathing", "continuous 100 mcg/day; bolus 100 mcg at 06:00"),
        ("symptom coma, slow breathing", "continuous 100 mcg/day; strength 2000 mcg/mL"),
    ],
)
def test_what_is_no_plain_decrease_in_an_emergency_needs_two(sign, program, office, pump, sign_in):
    if sign:
        written(office, pump, sign)
    page = previewed(sign_in("dale"), pump, "program", at="2026-05-02 08:59", program=program)
    assert "One person is enough" not in text_of(page.text)
    assert "A second person enters it again" in text_of(page.text)


@pytest.mark.parametrize("program", ["stop", "continuous 100 mcg/day"])
def test_less_drug_with_signs_of_withdrawal_alone_is_refused_without_a_reason(program, office, pump, sign_in):
    written(office, pump, "symptom rebound spasticity, fever, hallucinations")
    browser = sign_in("dale")
    page = previewed(browser, pump, "program", at="2026-05-02 08:59", program=program)
    assert "The rules do not allow this" in text_of(page.text)
    assert confirmed(browser, pump, "program", page).status_code == 422
    assert not on_chart(office, pump, f"08:59 program {program}")


# -- entered in error --------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H75")
@pytest.mark.carries("TOX-01")
def test_a_checked_refill_is_marked_as_entered_in_error_by_two_people(office, pump, sign_in):
    first, second = sign_in("dale"), sign_in("okoro")
    first.get(f"/charts/{pump}/history")
    record = next(each for each in office.ledger.records(pump)[::-1] if " refill " in each.content)
    assert first.post(f"/charts/{pump}/strike/preview", hash=record.hash, because="a slip").status_code == 422
    page = first.post(f"/charts/{pump}/strike/preview", hash=record.hash, because="the vial of another patient")
    assert "It counts until a second person confirms" in text_of(page.text)
    form = {name: hidden(page.text, name) for name in ("saw", "hash", "because")}
    answer = first.post(f"/charts/{pump}/strike", **form)
    path = answer.url.path
    assert path.startswith("/second/")
    assert record in office.ledger.standing(pump)
    assert "it still counts" in text_of(first.get(f"/charts/{pump}").text)
    assert first.post(path, saw=office.ledger.held(pump).head).status_code == 409
    words = text_of(second.get(path).text)
    assert "the vial of another patient" in words
    assert "two people mark it" in words
    answer = second.post(path, saw=hidden(second.get(path).text, "saw"))
    assert answer.url.path == f"/charts/{pump}/history"
    assert record not in office.ledger.standing(pump)
    assert office.ledger.records(pump)[-1].by == "N. Dale; confirmed by A. Okoro"
    assert "Entered in error: it counts no more" in text_of(first.get(path).text)


def test_an_error_that_is_withdrawn_leaves_the_event(office, pump, sign_in):
    first, second = sign_in("dale"), sign_in("okoro")
    first.get(f"/charts/{pump}/history")
    record = next(each for each in office.ledger.records(pump)[::-1] if " refill " in each.content)
    saw = office.ledger.held(pump).head
    path = first.post(f"/charts/{pump}/strike", saw=saw, hash=record.hash, because="of another patient").url.path
    second.get(path)
    assert "it still counts" in text_of(second.post(f"{path}/withdraw").text)
    assert record in office.ledger.standing(pump)
    assert second.post(path, saw=saw).status_code == 409


def test_a_program_that_nobody_checked_is_marked_by_one_person_and_reviewed(office, pump, sign_in):
    browser = sign_in("dale")
    browser.get(f"/charts/{pump}/history")
    record = next(each for each in office.ledger.records(pump)[::-1] if " program " in each.content)
    saw = office.ledger.held(pump).head
    browser.post(f"/charts/{pump}/strike", saw=saw, hash=record.hash, because="of another patient")
    assert record not in office.ledger.standing(pump)
    (review,) = office.reviews.open(pump)
    assert review.how == "by one person: marked as entered in error"


def test_an_entry_of_one_person_that_was_an_error_waits_for_no_review_of_its_own(office, pump, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, pump, "program", program="continuous 240 mcg/day")
    confirmed(browser, pump, "program", page, alone="yes", reason=WHY)
    (review,) = office.reviews.open(pump)
    saw = office.ledger.held(pump).head
    browser.post(f"/charts/{pump}/strike", saw=saw, hash=review.record, because="of another patient")
    assert office.reviews.review(review.id).state == "void"
    assert [each.how for each in office.reviews.open(pump)] == ["by one person: marked as entered in error"]
    assert "Marked as entered in error" in text_of(browser.get(f"/review/{review.id}").text)

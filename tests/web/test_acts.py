"""Writing on a chart from the pages: what is previewed is what is written, twice is once, and two people enter apart."""

from __future__ import annotations

import re

import pytest

from eutonia.doors.web.forms import FORMS, line_of
from eutonia.quantity import QuantityError
from tests.web.conftest import Browser, hidden
from tests.web.test_pages import text_of

AT = "2026-05-02 08:55"
# One event of each form that a clinician could enter here, and the line that it becomes.
ENTERED = {
    "score": ({"scale": "modified ashworth", "legs": "1+", "penn": "2"}, "score modified ashworth legs 1+; penn 2"),
    "symptom": ({"text": "dizziness", "state": "resolved"}, "symptom dizziness; resolved"),
    "lab": ({"test": "creatinine", "value": "0.9 mg/dL"}, "lab creatinine 0.9 mg/dL"),
    "oral": ({"regimen": "5 mg three times a day"}, "oral 5 mg three times a day"),
    "trial": ({"dose": "50 mcg"}, "trial 50 mcg"),
    "response": ({"outcome": "none"}, "response none"),
    "residual": ({"volume": "8.1 mL"}, "residual 8.1 mL"),
    "refill": ({"volume": "18 mL", "strength": "500 mcg/mL", "product": "500 mcg/mL", "lot": "L7"},
               "refill 18 mL of 500 mcg/mL; product 500 mcg/mL; lot L7"),
    "program": ({"program": "continuous 216 mcg/day; bolus 12 mcg at 06:00, 22:00"},
                "program continuous 216 mcg/day; bolus 12 mcg at 06:00, 22:00"),
    "bridge": ({"dose": "182 mcg", "over": "36.4 h"}, "bridge 182 mcg over 36.4 h"),
    "prime": ({"volume": "0.364 mL"}, "prime 0.364 mL"),
    "device": ({"what": "read out, no alarms"}, "device read out, no alarms"),
    "explained": ({"what": "residual", "how": "leak found"}, "explained residual; leak found; by N. Dale"),
    "contact": ({}, "contact"),
    "weight": ({"value": "72 kg"}, "weight 72 kg"),
    "medication": ({"text": "oxycodone", "state": "stopped"}, "medication stop oxycodone"),
    "request": ({"kind": "adjust to", "value": "240 mcg/day"}, "request adjust to 240 mcg/day"),
    "override": ({"what": "kidney", "because": "dialysis tomorrow"}, "override kidney; because dialysis tomorrow; by N. Dale"),
    "note": ({"text": "seen with her mother"}, "note seen with her mother"),
    "line": ({"text": "condition epilepsy; resolved"}, "condition epilepsy; resolved"),
}  # fmt: skip
TWO_PEOPLE = {"trial", "refill", "program", "bridge"}


def previewed(browser: Browser, chart: str, kind: str, /, **said: str):
    """Fills in a form and looks at what would be written."""
    browser.get(f"/charts/{chart}/write/{kind}")
    return browser.post(f"/charts/{chart}/write/{kind}/preview", **{"at": AT, **said})


def confirmed(browser: Browser, chart: str, kind: str, page, /, **more: str):
    """Confirms what was previewed."""
    form = {
        name: hidden(page.text, name) for name in ("saw", "line", "at", *(each.name for each in FORMS[kind].fields))
    }
    return browser.post(f"/charts/{chart}/write/{kind}", **{**form, **more})


def test_there_is_an_example_of_every_form():
    assert set(ENTERED) == set(FORMS)


@pytest.mark.parametrize("kind", [each for each in FORMS if each not in TWO_PEOPLE])
def test_what_is_previewed_is_what_is_written(kind, office, pump, sign_in):
    said, line = ENTERED[kind]
    browser, before = sign_in("dale"), office.ledger.held(pump)
    page = previewed(browser, pump, kind, **said)
    assert page.status_code == 200
    assert f"{AT} {line}" in text_of(page.text)
    assert office.ledger.held(pump) == before, "a preview writes nothing"
    answer = confirmed(browser, pump, kind, page, reason="it happened")
    assert answer.status_code == 200
    assert answer.url.path == f"/charts/{pump}"
    added = office.ledger.records(pump)[before.size :]
    assert added[0].content == f"{AT} {line}"
    assert added[0].by == "N. Dale"


@pytest.mark.parametrize("kind", sorted(TWO_PEOPLE))
def test_what_needs_two_people_waits_for_the_second_and_is_hidden_from_them(kind, office, pump, sign_in):
    said, line = ENTERED[kind]
    first, before = sign_in("dale"), office.ledger.held(pump)
    page = previewed(first, pump, kind, **said)
    answer = confirmed(first, pump, kind, page, reason="it was given")
    assert "Waiting for a second person" in text_of(answer.text)
    assert office.ledger.held(pump) == before, "nothing is on the chart yet"
    draft = office.drafts.open()[0]
    second = sign_in("okoro")
    for path in ("/second", f"/second/{draft.id}", f"/charts/{pump}", f"/charts/{pump}/history", "/panel"):
        words = text_of(second.get(path).text)
        assert f"{AT} {line}" not in words, path
    form = second.get(f"/second/{draft.id}").text
    for value in said.values():
        assert f'value="{value}"' not in form
    answer = second.post(f"/second/{draft.id}", saw=hidden(form, "saw"), **said)
    assert answer.url.path == f"/charts/{pump}"
    last = office.ledger.records(pump)[before.size]
    assert last.content == f"{AT} {line}; checked by A. Okoro"
    assert last.by == "N. Dale; checked by A. Okoro"


@pytest.mark.hazard("H41")
def test_where_two_people_differ_both_see_it_and_nothing_is_written(office, pump, sign_in):
    first, before = sign_in("dale"), office.ledger.held(pump)
    page = previewed(first, pump, "refill", **ENTERED["refill"][0])
    confirmed(first, pump, "refill", page)
    draft = office.drafts.open()[0]
    second = sign_in("okoro")
    form = second.get(f"/second/{draft.id}").text
    said = {**ENTERED["refill"][0], "strength": "2000 mcg/mL"}
    answer = second.post(f"/second/{draft.id}", saw=hidden(form, "saw"), **said)
    for page in (answer, first.get(f"/second/{draft.id}")):
        words = text_of(page.text)
        assert "Two people entered different values" in words
        assert "strength 500 mcg/mL 2,000 mcg/mL" in words
    assert office.ledger.held(pump) == before
    first.post(f"/second/{draft.id}/withdraw")
    assert office.drafts.open() == ()
    assert office.ledger.held(pump) == before


def test_the_first_person_cannot_be_the_second(office, pump, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, pump, "refill", **ENTERED["refill"][0])
    confirmed(browser, pump, "refill", page)
    draft = office.drafts.open()[0]
    answer = browser.post(f"/second/{draft.id}", saw=hidden(page.text, "saw"), **ENTERED["refill"][0])
    assert answer.status_code == 409
    assert "another one" in text_of(answer.text)


def test_without_a_second_person_a_reason_is_needed_and_stays_on_the_chart(office, pump, sign_in):
    browser, before = sign_in("dale"), office.ledger.held(pump)
    page = previewed(browser, pump, "refill", **ENTERED["refill"][0])
    answer = confirmed(browser, pump, "refill", page, alone="yes")
    assert answer.status_code == 422
    assert office.ledger.held(pump) == before
    confirmed(browser, pump, "refill", page, alone="yes", reason="night; nobody else; # by me")
    added = [each.content for each in office.ledger.records(pump)[before.size :]]
    assert added == [
        f"{AT} refill 18 mL of 500 mcg/mL; product 500 mcg/mL; lot L7",
        f"{AT} note entered without a second person by N. Dale: night, nobody else, by me",
    ]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("program", {"program": "continuous 900 mcg/day"}),
        ("trial", {"dose": "400 mcg"}),
        ("oral", {"regimen": "40 mg three times a day"}),
    ],
)
def test_what_the_rules_do_not_allow_needs_a_reason(kind, said, office, pump, sign_in):
    browser, before = sign_in("dale"), office.ledger.held(pump)
    page = previewed(browser, pump, kind, **said)
    assert "The rules do not allow this" in text_of(page.text)
    answer = confirmed(browser, pump, kind, page)
    assert answer.status_code == 422
    assert "A reason is missing" in text_of(answer.text)
    assert office.ledger.held(pump) == before
    assert office.drafts.open() == ()


@pytest.mark.hazard("H52")
def test_the_same_form_sent_three_times_is_one_event(office, pump, sign_in):
    browser, before = sign_in("dale"), office.ledger.held(pump)
    page = previewed(browser, pump, "score", **ENTERED["score"][0])
    for _ in range(3):
        assert confirmed(browser, pump, "score", page).url.path == f"/charts/{pump}"
    assert office.ledger.held(pump).size == before.size + 1


@pytest.mark.hazard("H50")
def test_of_two_clinicians_who_write_at_once_the_later_one_is_shown_what_is_new(office, pump, sign_in):
    one, other = sign_in("dale"), sign_in("finch")
    first = previewed(one, pump, "program", program="continuous 216 mcg/day")
    second = previewed(other, pump, "weight", value="80 kg")
    confirmed(one, pump, "program", first, alone="yes", reason="alone tonight")
    answer = confirmed(other, pump, "weight", second)
    words = text_of(answer.text)
    assert answer.status_code == 409
    assert "program continuous 216 mcg/day" in words
    assert "N. Dale" in words
    assert not any("80 kg" in each.content for each in office.ledger.records(pump))
    assert confirmed(other, pump, "weight", answer).url.path == f"/charts/{pump}"
    assert any("80 kg" in each.content for each in office.ledger.records(pump))


@pytest.mark.parametrize(
    ("kind", "said", "says"),
    [
        ("refill", {"volume": "18", "strength": "500 mcg/mL", "product": "500 mcg/mL"}, "unit"),
        ("refill", {"volume": "18 mL", "strength": "500 mg", "product": "500 mcg/mL"}, "strength"),
        ("refill", {"volume": "", "strength": "500 mcg/mL", "product": "500 mcg/mL"}, "missing"),
        (
            "refill",
            {"volume": "18 mL", "strength": "500 mcg/mL", "product": "500 mcg/mL", "lot": "7; checked by X"},
            "';'",
        ),
        ("program", {"program": "continuous 216 mcg/day; checked by X"}, "second person"),
        ("line", {"text": "refill 18 mL of 500 mcg/mL; checked by X"}, "second person"),
        ("line", {"text": "contact # hidden"}, "'#'"),
        ("line", {"text": "person id B-1"}, "two patients"),
        ("symptom", {"text": "dizziness\n2026-05-02 program stop", "state": "present"}, ""),
        ("lab", {"test": "magic", "value": "1 mg/dL"}, "one of"),
        ("score", {"legs": "2"}, "scale"),
        ("score", {}, "at least one"),
        ("weight", {"value": "72 kg", "at": "2027-01-01 09:00"}, "not happened yet"),
        ("weight", {"value": "72 kg", "at": "yesterday"}, "date"),
        ("weight", {"value": "72 kg", "at": ""}, "moment is missing"),
        ("weight", {"value": "72 kg", "at": "2026-02-30 09:00"}, "not a date"),
        ("request", {"kind": "adjust to"}, "needs its value"),
    ],
)
def test_what_cannot_be_written_is_said_beside_the_form_and_what_was_typed_stays(
    kind, said, says, office, pump, sign_in
):
    browser, before = sign_in("dale"), office.ledger.tip()
    page = previewed(browser, pump, kind, **said)
    words = text_of(page.text)
    if says:
        assert page.status_code == 422
        assert says in words
        assert "Nothing was written" in words
    else:
        # A line break in a field begins no line of its own.
        assert "dizziness 2026-05-02 program stop" in words
    assert office.ledger.tip() == before


def test_a_line_of_another_kind_that_needs_two_people_waits_too(office, pump, sign_in):
    browser, before = sign_in("dale"), office.ledger.held(pump)
    page = previewed(browser, pump, "line", text="refill 18 mL of 500 mcg/mL")
    confirmed(browser, pump, "line", page)
    assert office.ledger.held(pump) == before
    assert len(office.drafts.open()) == 1


def test_a_preview_that_was_changed_on_the_way_is_refused(office, pump, sign_in):
    browser, before = sign_in("dale"), office.ledger.tip()
    page = previewed(browser, pump, "weight", value="72 kg")
    answer = confirmed(browser, pump, "weight", page, value="27 kg")
    assert answer.status_code == 409
    assert office.ledger.tip() == before


def test_the_preview_names_the_findings_that_come_and_the_pump_before_and_after(pump, sign_in):
    words = text_of(previewed(sign_in("dale"), pump, "residual", volume="17 mL").text)
    assert "Findings that come" in words
    assert "Left, measured" in words
    assert "DOES NOT BALANCE" in words


def test_a_struck_event_stays_in_the_history_with_who_and_why(office, pump, sign_in):
    browser = sign_in("dale")
    page = browser.get(f"/charts/{pump}/history").text
    hash = re.findall(r'name="hash" value="([0-9a-f]+)"', page)[0]
    form = {"saw": hidden(page, "saw"), "hash": hash}
    assert browser.post(f"/charts/{pump}/strike", **form).status_code == 422
    words = text_of(browser.post(f"/charts/{pump}/strike", because="of another patient", **form).text)
    assert "struck by N. Dale : of another patient" in words
    assert [each.op for each in office.ledger.records(pump)][-1] == "strike"


def test_a_chart_is_opened_for_somebody_who_has_none_and_not_twice(office, sign_in):
    browser = sign_in("dale")
    browser.get("/charts")
    answer = browser.post("/charts", id="N-1", name="Cleo Sample", born="1990-02-03", sex="female")
    assert "Cleo Sample" in text_of(answer.text)
    browser.get("/charts")
    assert browser.post("/charts", id="N-1", name="Another", born="1991-01-01").status_code == 409
    assert browser.post("/charts", id="N-2", born="in spring").status_code == 422
    assert browser.post("/charts", id="", born="1990-02-03").status_code == 422
    assert browser.post("/charts", id="SCI-017", born="1990-02-03").status_code == 409
    assert office.ledger.count() == 3


def test_what_is_written_is_on_the_panel_at_once(office, pump, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, pump, "symptom", text="slow breathing", state="present")
    confirmed(browser, pump, "symptom", page, reason="seen")
    assert office.view.tasks[0].what == "emergency"
    assert "emergency" in text_of(browser.get("/panel").text)


def test_fields_never_make_a_second_detail():
    with pytest.raises(QuantityError, match="';'"):
        line_of(FORMS["note"], {"text": "a; b"})


def test_an_administrator_keeps_the_list_of_staff(office, sign_in):
    browser = sign_in("admin")
    browser.get("/staff")
    answer = browser.post("/staff", do="add", name="new", shown="N. New", role="reader", password="a long enough one")
    assert "N. New" in text_of(answer.text)
    answer = browser.post("/staff", do="add", name="short", shown="S. Hort", role="reader", password="short")
    assert answer.status_code == 422
    assert "at least 12" in text_of(answer.text)
    browser.post("/staff", do="role", name="new", role="checker")
    assert {each.name: each.role for each in office.staff.everyone()}["new"] == "checker"
    browser.post("/staff", do="remove", name="new")
    assert "new" not in {each.name for each in office.staff.everyone()}
    assert browser.post("/staff", do="remove", name="admin").status_code == 422
    assert browser.post("/staff", do="dance", name="dale").status_code == 422


def test_ones_own_password_is_changed_with_the_old_one(sign_in, client):
    browser = sign_in("dale")
    browser.get("/account")
    wrong = browser.post("/account", old="not this one at all", new="another long one", again="another long one")
    assert wrong.status_code == 422
    unequal = browser.post("/account", old="a long enough one", new="another long one", again="another long two")
    assert unequal.status_code == 422
    done = browser.post("/account", old="a long enough one", new="another long one", again="another long one")
    assert done.url.path == "/login"
    assert client.post("/login", data={"name": "dale", "password": "another long one"}).url.path == "/panel"

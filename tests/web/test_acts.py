"""Writing on a chart from the pages: what is previewed is what is written, twice is once, and two people enter apart."""

from __future__ import annotations

import pytest

from eutonia.doors.web.forms import FORMS, line_of
from eutonia.quantity import QuantityError
from tests.web.conftest import Browser, hidden, ticked
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
    "emptied": ({"volume": "12 mL"}, "emptied 12 mL"),
    "aspirated": ({"volume": "2 mL"}, "aspirated catheter 2 mL"),
    "stall": ({"begin": "2026-05-01 09:00", "end": "2026-05-01 15:00"},
              "device read out, stall 2026-05-01 09:00 to 2026-05-01 15:00"),
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
        name: hidden(page.text, name)
        for name in ("saw", "line", "rules", "at", *(each.name for each in FORMS[kind].fields))
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
    answer = confirmed(browser, pump, kind, page, reason="it happened like this", **ticked(page.text))
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
    answer = confirmed(first, pump, kind, page, reason="it was given like this", **ticked(page.text))
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
    answer = second.post(f"/second/{draft.id}", saw=hidden(form, "saw"), at=AT, **said, **ticked(form))
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
    answer = second.post(f"/second/{draft.id}", saw=hidden(form, "saw"), at=AT, **said)
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
    answer = browser.post(f"/second/{draft.id}", saw=hidden(page.text, "saw"), at=AT, **ENTERED["refill"][0])
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
    for reason in ("", "ok", "x" * 14, "  a   reason  "):
        answer = confirmed(browser, pump, kind, page, reason=reason, **ticked(page.text))
        assert answer.status_code == 422
        assert "A reason has at least 15 characters" in text_of(answer.text)
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
    confirmed(one, pump, "program", first, alone="yes", reason="alone on the ward tonight")
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


def test_a_line_of_a_kind_that_needs_two_people_is_sent_to_its_form(office, pump, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, pump, "line", text="refill 18 mL of 500 mcg/mL")
    assert page.status_code == 422
    assert "a refill has a form of its own" in text_of(page.text)


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


def test_a_strike_shows_what_follows_and_stays_in_the_history_with_who_and_why(office, pump, sign_in):
    browser, before = sign_in("dale"), office.ledger.held(pump)
    page = browser.get(f"/charts/{pump}/history").text
    program = next(each for each in office.ledger.records(pump)[::-1] if " program " in each.content)
    assert browser.post(f"/charts/{pump}/strike/preview", hash=program.hash, because="").status_code == 422
    assert browser.post(f"/charts/{pump}/strike/preview", hash="0" * 64, because="x").status_code == 404
    page = browser.post(f"/charts/{pump}/strike/preview", hash=program.hash, because="of another patient")
    assert "Daily dose 216 mcg daily 180 mcg daily" in text_of(page.text)
    assert office.ledger.held(pump) == before
    form = {name: hidden(page.text, name) for name in ("saw", "hash", "because")}
    assert browser.post(f"/charts/{pump}/strike", **{**form, "because": ""}).status_code == 422
    words = text_of(browser.post(f"/charts/{pump}/strike", **form).text)
    assert "struck by N. Dale : of another patient" in words
    assert office.ledger.records(pump)[-1].op == "strike"


def test_a_strike_of_another_charts_event_finds_nothing(office, pump, tablets, sign_in):
    browser = sign_in("dale")
    browser.get(f"/charts/{pump}/history")
    other = office.ledger.records(tablets)[1].hash
    assert browser.post(f"/charts/{pump}/strike/preview", hash=other, because="x").status_code == 404
    assert (
        browser.post(f"/charts/{pump}/strike", saw=office.ledger.held(pump).head, hash=other, because="x").status_code
        == 409
    )


def test_a_wrong_birth_date_is_corrected_in_one_go(office, pump, sign_in):
    browser = sign_in("dale")
    browser.get("/charts")
    chart = browser.post("/charts", id="N-1", name="Cleo Sample", born="1990-02-03").url.path
    page = browser.get(f"{chart}/history").text
    said = {"id": "N-2", "name": "Cleo Sample", "born": "1990-03-02", "saw": hidden(page, "saw")}
    assert browser.post(f"{chart}/person", **said).status_code == 422
    answer = browser.post(f"{chart}/person", because="her passport", **said)
    assert "N-2 , born 1990-03-02" in text_of(answer.text).replace("N-2, born", "N-2 , born")
    assert [each.op for each in office.ledger.records(chart.rpartition("/")[2])[-2:]] == ["strike", "event"]
    assert office.ledger.of_person("N-1") is None


def test_a_chart_cannot_be_made_that_of_somebody_who_has_one(office, pump, tablets, sign_in):
    browser = sign_in("dale")
    page = browser.get(f"/charts/{pump}/history").text
    other = office.ledger.held(tablets).person
    said = {"id": other, "born": "1988-03-15", "saw": hidden(page, "saw"), "because": "a slip"}
    assert browser.post(f"/charts/{pump}/person", **said).status_code == 409


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


# -- what a reviewer broke -------------------------------------------------------------------------------------------------


def test_a_stop_that_stands_does_not_hide_the_next_one_of_its_kind(office, pump, sign_in):
    """With a wrong strength on the chart already, an overfull chamber and another wrong vial are still refused."""
    held = office.ledger.held(pump)
    wrong = "2026-05-02 08:45 refill 18 mL of 500 mcg/mL; product 2000 mcg/mL"
    office.ledger.append(pump, [wrong], saw=held.head, by="N. Dale")
    browser = sign_in("dale")
    full = previewed(browser, pump, "refill", volume="38 mL", strength="500 mcg/mL", product="500 mcg/mL")
    vial = previewed(browser, pump, "refill", volume="18 mL", strength="500 mcg/mL", product="2000 mcg/mL")
    for page in (full, vial):
        assert "The rules do not allow this" in text_of(page.text)


@pytest.mark.hazard("H57")
def test_a_sign_of_an_overdose_is_written_without_argument_and_its_card_stands_first(office, pump, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, pump, "symptom", text="slow breathing", state="present")
    assert "The rules do not allow this" not in text_of(page.text)
    answer = confirmed(browser, pump, "symptom", page)
    assert answer.url.path == f"/charts/{pump}"
    for path in (f"/charts/{pump}", f"/charts/{pump}/history", f"/charts/{pump}/write/program"):
        text = browser.get(path).text
        assert "EMERGENCY" in text[text.index("<main") :][:4000], path
    words = browser.post(f"/charts/{pump}/whatif", way="program", dose="continuous 240 mcg/day").text
    assert words.index("EMERGENCY") < words.index("refused")


def test_a_residual_that_does_not_balance_is_no_rule_that_is_broken(pump, sign_in):
    words = text_of(previewed(sign_in("dale"), pump, "residual", volume="17 mL").text)
    assert "The rules do not allow this" not in words


def test_a_program_on_a_chart_without_a_pump_is_asked_about(tablets, sign_in):
    for kind in ("program", "refill", "bridge"):
        words = text_of(previewed(sign_in("dale"), tablets, kind, **ENTERED[kind][0]).text)
        assert "No implant is on this chart: look whether it is the right patient." in words


def test_a_whole_visit_is_entered_by_one_and_checked_by_another_without_false_alarms(office, pump, sign_in):
    """A change of strength: refill, bridge bolus and program at one visit."""
    first, second = sign_in("dale"), sign_in("okoro")
    visit = [
        ("refill", {"volume": "18 mL", "strength": "2000 mcg/mL", "product": "2000 mcg/mL"}),
        ("bridge", {"dose": "182 mcg", "over": "20.2 h"}),
        ("program", {"program": "continuous 216 mcg/day; strength 2000 mcg/mL"}),
    ]
    for kind, said in visit:
        page = previewed(first, pump, kind, **said)
        answer = confirmed(first, pump, kind, page, reason="the pump is told at the end of this visit")
        assert "Waiting for a second person" in text_of(answer.text), kind
        if kind != "refill":
            assert "The rules do not allow this" not in text_of(page.text), kind
    for draft, (kind, said) in zip(office.drafts.open(pump), visit, strict=True):
        form = second.get(f"/second/{draft.id}").text
        answer = second.post(f"/second/{draft.id}", saw=hidden(form, "saw"), at=AT, **said, **ticked(form))
        assert answer.url.path == f"/charts/{pump}", (kind, text_of(answer.text))
    assert office.drafts.open() == ()


def test_what_waits_unchecked_is_said_on_every_page_of_the_patient_and_no_card_is_printed(office, pump, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, pump, "program", program="continuous 240 mcg/day")
    confirmed(browser, pump, "program", page)
    reader = sign_in("reader")
    for path in (f"/charts/{pump}", f"/charts/{pump}/history"):
        words = text_of(reader.get(path).text)
        assert "not checked yet, not on the chart: program" in words
        assert "240 mcg" not in words.split("Options")[0]
    assert reader.get(f"/charts/{pump}/paper/card").status_code == 409
    other = sign_in("finch")
    page = previewed(other, pump, "program", program="continuous 240 mcg/day")
    assert confirmed(other, pump, "program", page).status_code == 409, "no second program beside it, and no oracle"


def test_a_draft_is_looked_at_again_when_it_is_checked(office, pump, sign_in):
    first, second = sign_in("dale"), sign_in("okoro")
    page = previewed(first, pump, "program", program="continuous 240 mcg/day")
    confirmed(first, pump, "program", page)
    held = office.ledger.held(pump)
    office.ledger.append(pump, ["2026-05-02 08:58 symptom slow breathing, coma"], saw=held.head, by="F. Finch")
    draft = office.drafts.open()[0]
    form = second.get(f"/second/{draft.id}").text
    assert "EMERGENCY" in form
    answer = second.post(f"/second/{draft.id}", saw=hidden(form, "saw"), at=AT, program="continuous 240 mcg/day")
    assert answer.status_code == 409
    assert not any("240 mcg/day" in each.content for each in office.ledger.records(pump))


def test_a_withdrawn_entry_is_not_shown_to_the_one_who_would_check_it_again(office, pump, sign_in):
    first, second = sign_in("dale"), sign_in("okoro")
    page = previewed(first, pump, "refill", **ENTERED["refill"][0])
    confirmed(first, pump, "refill", page)
    draft = office.drafts.open()[0]
    second.get(f"/second/{draft.id}")
    answer = second.post(f"/second/{draft.id}/withdraw")
    assert "Withdrawn by A. Okoro" in text_of(answer.text)
    assert "18 mL" not in text_of(answer.text)
    assert "18 mL" in text_of(first.get(f"/second/{draft.id}").text)


def test_a_second_person_who_clicks_twice_ends_at_the_chart_both_times(office, pump, sign_in):
    first, second = sign_in("dale"), sign_in("okoro")
    page = previewed(first, pump, "refill", **ENTERED["refill"][0])
    confirmed(first, pump, "refill", page)
    draft = office.drafts.open()[0]
    form = second.get(f"/second/{draft.id}").text
    for _ in range(2):
        answer = second.post(f"/second/{draft.id}", saw=hidden(form, "saw"), at=AT, **ENTERED["refill"][0])
        assert answer.url.path == f"/charts/{pump}"


def test_a_missing_reason_does_not_carry_the_writer_past_what_a_colleague_wrote(office, pump, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, pump, "refill", **ENTERED["refill"][0])
    held = office.ledger.held(pump)
    office.ledger.append(pump, ["2026-05-02 08:58 symptom somnolence"], saw=held.head, by="F. Finch")
    again = confirmed(browser, pump, "refill", page, alone="yes")
    assert again.status_code == 409
    assert "somnolence" in text_of(again.text)
    answer = confirmed(browser, pump, "refill", again, alone="yes")
    assert answer.status_code == 422
    assert not any("18 mL" in each.content for each in office.ledger.records(pump)[held.size :])


def test_what_was_written_is_never_said_not_to_be_when_the_panel_fails_after_it(office, pump, sign_in, monkeypatch):
    browser, before = sign_in("dale"), office.ledger.held(pump)
    page = previewed(browser, pump, "weight", value="72 kg")
    monkeypatch.setattr(office, "refresh", lambda: 1 / 0)
    assert confirmed(browser, pump, "weight", page).url.path == f"/charts/{pump}"
    assert office.ledger.held(pump).size == before.size + 1


def test_what_was_typed_is_shown_again_when_the_session_is_over(clock, pump, sign_in):
    browser = sign_in("dale")
    browser.get(f"/charts/{pump}/write/program")
    clock.on(minutes=31)
    answer = browser.post(f"/charts/{pump}/write/program/preview", at=AT, program="continuous 240 mcg/day")
    assert answer.status_code == 401
    words = text_of(answer.text)
    assert "continuous 240 mcg/day" in words
    assert "Nothing was written" in words


def test_stopping_baclofen_goes_through_the_order_by_mouth(pump, sign_in):
    page = previewed(sign_in("dale"), pump, "medication", text="baclofen 10 mg three times a day", state="stopped")
    assert page.status_code == 422
    assert "Order by mouth" in text_of(page.text)


def test_in_the_hour_that_comes_twice_the_form_says_which_one(office, clock, sign_in):
    from datetime import UTC, datetime

    held = office.ledger.open(["2026-05-01 09:00 person id B-1; born 1980-01-01"], by="N. Dale", zone="Europe/Berlin")
    for at, shown in ((0, "2026-10-25 02:30+02:00"), (1, "2026-10-25 02:30+01:00")):
        clock.at = datetime(2026, 10, 25, at, 30, tzinfo=UTC)
        browser = sign_in("dale")
        form = browser.get(f"/charts/{held.id}/write/contact").text
        assert f'value="{shown}"' in form
        page = browser.post(f"/charts/{held.id}/write/contact/preview", at=shown)
        assert page.status_code == 200, text_of(page.text)

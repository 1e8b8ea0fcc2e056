"""H63 on the pages: signs are offered in the form, and what was not recognized is classified with one click."""

from __future__ import annotations

import re

import pytest

from tests.web.conftest import hidden
from tests.web.test_acts import confirmed, previewed
from tests.web.test_pages import text_of


def _unread(office, pump):
    held = office.ledger.held(pump)
    office.ledger.append(pump, ["2026-05-02 08:50 symptom blue toes, nausea"], saw=held.head, by="N. Dale")


@pytest.mark.hazard("H63")
def test_the_form_of_a_symptom_offers_the_recognized_signs(pump, sign_in):
    page = sign_in("dale").get(f"/charts/{pump}/write/symptom").text
    offered = re.findall(r'<option value="([^"]+)">', page.partition("<datalist")[2].partition("</datalist>")[0])
    assert {"respiratory depression", "coma", "hypothermia", "return of spasticity", "constipation"} <= set(offered)
    assert 'list="l-text"' in page


@pytest.mark.hazard("H63")
@pytest.mark.parametrize("label", ["effect", "emergency", "unrelated"])
def test_one_click_classifies_what_was_not_recognized(label, office, pump, sign_in):
    _unread(office, pump)
    browser = sign_in("dale")
    page = browser.get(f"/charts/{pump}").text
    assert "Not recognized: classify" in text_of(page)
    saw = hidden(page.partition('id="classify"')[2], "saw")
    answer = browser.post(f"/charts/{pump}/classify", saw=saw, text="blue toes", **{"class": label})
    assert answer.url.path == f"/charts/{pump}"
    last = office.ledger.records(pump)[-1]
    assert last.content.endswith(f"symptom blue toes; {label}")
    assert last.by == "N. Dale"
    assert "Not recognized: classify" not in text_of(answer.text)


@pytest.mark.hazard("H63")
def test_only_what_is_open_and_only_a_class_is_taken(office, pump, sign_in):
    _unread(office, pump)
    browser, before = sign_in("dale"), office.ledger.tip()
    saw = hidden(browser.get(f"/charts/{pump}").text.partition('id="classify"')[2], "saw")
    for text, label, status in (
        ("nausea", "unrelated", 409),
        ("blue toes", "resolved", 422),
        ("x; resolved", "effect", 409),
    ):
        assert browser.post(f"/charts/{pump}/classify", saw=saw, text=text, **{"class": label}).status_code == status
    assert (
        browser.post(f"/charts/{pump}/classify", saw="0" * 64, text="blue toes", **{"class": "effect"}).status_code
        == 409
    )
    assert office.ledger.tip() == before


@pytest.mark.hazard("H63")
def test_nobody_who_may_only_look_is_offered_to_classify(office, pump, sign_in):
    _unread(office, pump)
    assert "Not recognized: classify" not in text_of(sign_in("reader").get(f"/charts/{pump}").text)


@pytest.mark.hazard("H63")
def test_the_form_classifies_too(office, pump, sign_in):
    browser = sign_in("dale")
    page = previewed(browser, pump, "symptom", text="blue toes", state="unrelated")
    confirmed(browser, pump, "symptom", page)
    assert office.ledger.records(pump)[-1].content.endswith("symptom blue toes; unrelated")

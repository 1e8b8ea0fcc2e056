"""A tenfold entry against the rules, in a browser: both people are shown it and confirm apart; and the pages around it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AT, REFILL, axe

pytestmark = pytest.mark.xdist_group("browser")

TENFOLD = "continuous 2160 mcg/day"
WHY = "ordered by telephone by the senior physician"
WIDE, NARROW = 1280, 390


def looked_at(page, name: str) -> None:
    """Nothing of a page is wider than a screen, or hard to use for those who do not see it."""
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, name
    assert axe(page) == [], name
    page.set_viewport_size({"width": WIDE, "height": 900})


@pytest.mark.hazard("H75")
def test_a_tenfold_program_is_shown_to_both_people_and_each_confirms_it(person, clinic):
    chart = clinic.copy()
    dale, okoro = person("dale"), person("okoro")
    dale.preview(chart, "program", program=TENFOLD)
    expect(dale.main).to_contain_text("The rules do not allow this")
    expect(dale.main).to_contain_text("10 times as much")
    looked_at(dale.page, "first")
    dale.page.locator("#reason").fill("ok")
    dale.page.get_by_label("the change is meant").check()
    dale.press("Hand it to a second person")
    assert dale.page.locator("#reason").evaluate("each => each.validity.tooShort"), "the browser asks for more"
    dale.page.locator("#reason").fill(f"{WHY}: 2160")
    dale.press("Hand it to a second person").wait_for_url(re.compile("/second/"))
    path = dale.page.url.removeprefix(dale.home)
    looked_at(dale.page, "waiting")

    okoro.see(path)
    expect(okoro.main).to_contain_text("The rules refuse this entry")
    expect(okoro.main).to_contain_text(f"{WHY}: (number hidden)")
    expect(okoro.main).to_contain_text("fivefold or more")
    assert "2,160" not in okoro.text()
    assert "2160" not in okoro.text()
    looked_at(okoro.page, "second")
    before = clinic.contents(chart)
    okoro.fill(at=AT, program=TENFOLD)
    okoro.press("Compare, and write if both are the same")
    for box in ("refused", "large"):
        assert okoro.page.locator(f"#{box}").evaluate("each => each.validity.valueMissing"), "the browser asks for it"
        okoro.page.locator(f"#{box}").check()
    assert clinic.contents(chart) == before
    okoro.press("Compare, and write if both are the same").wait_for_url(re.compile(f"/charts/{chart}$"))
    added = clinic.contents(chart)[len(before) :]
    assert added[0] == f"{AT} program continuous 2,160 mcg/day; checked by A. Okoro"
    assert added[1].endswith(f"by N. Dale: {WHY}: 2160, confirmed by A. Okoro")


@pytest.mark.hazard("H75")
def test_an_allergy_in_between_takes_the_button_away_from_the_second_person(person, clinic):
    chart = clinic.copy()
    dale, okoro = person("dale"), person("okoro")
    dale.preview(chart, "program", program="continuous 400 mcg/day")
    dale.page.locator("#reason").fill(WHY)
    dale.press("Hand it to a second person").wait_for_url(re.compile("/second/"))
    path = dale.page.url.removeprefix(dale.home)
    dale.preview(chart, "line", text="allergy baclofen; reaction anaphylaxis")
    dale.press("Write it on the chart").wait_for_url(re.compile(f"/charts/{chart}$"))
    okoro.see("/second")
    expect(okoro.main).to_contain_text("refused now")
    looked_at(okoro.page, "list")
    okoro.see(path)
    expect(okoro.main).to_contain_text("The rules refuse this now")
    expect(okoro.main).to_contain_text("Allergy to baclofen")
    expect(okoro.page.get_by_role("button", name="Compare, and write")).to_have_count(0)
    looked_at(okoro.page, "refused now")
    okoro.press("Withdraw it: nothing goes on the chart")
    expect(okoro.page.get_by_role("heading", name="Withdrawn")).to_be_visible()
    assert not any("400 mcg/day" in each for each in clinic.contents(chart))


def test_what_is_new_on_the_chart_is_shown_to_the_second_person_and_confirmed(person, clinic):
    chart = clinic.copy()
    dale, okoro = person("dale"), person("okoro")
    path = dale.refill(chart)
    dale.preview(chart, "medication", text="oxycodone 5 mg four times a day", state="taken")
    dale.press("Write it on the chart").wait_for_url(re.compile(f"/charts/{chart}$"))
    okoro.see(path)
    expect(okoro.main).to_contain_text("New on the chart since the first entry")
    looked_at(okoro.page, "changed")
    okoro.fill(at=AT, **REFILL)
    okoro.page.get_by_label("I have seen what is new").check()
    okoro.press("Compare, and write if both are the same").wait_for_url(re.compile(f"/charts/{chart}$"))


def test_an_entry_made_alone_is_reviewed_by_another_person_and_leaves_the_worklist(person, clinic):
    chart = clinic.copy()
    dale, okoro = person("dale"), person("okoro")
    dale.preview(chart, "program", program="continuous 400 mcg/day")
    dale.page.get_by_label("There is no second person").check()
    dale.page.locator("#reason").fill(WHY)
    dale.press("Hand it to a second person").wait_for_url(re.compile(f"/charts/{chart}$"))
    expect(dale.main).to_contain_text("without a second person and outside the rules")
    okoro.see("/panel?what=review")
    expect(okoro.main).to_contain_text(WHY)
    okoro.see(f"/charts/{chart}")
    okoro.page.locator(".pending a").click()
    expect(okoro.page.get_by_role("heading", name="Entered by one person, not reviewed yet")).to_be_visible()
    looked_at(okoro.page, "review")
    okoro.fill(result="compared with the order and the pump")
    okoro.press("Reviewed: take it off the worklist").wait_for_url(re.compile(f"/charts/{chart}$"))
    expect(okoro.page.locator(".pending")).to_have_count(0)
    okoro.see("/panel")
    assert WHY not in okoro.text()


def test_stopping_the_pump_needs_one_person_and_says_that_it_is_reviewed(person, clinic):
    chart = clinic.copy()
    dale = person("dale")
    dale.preview(chart, "program", program="stop")
    expect(dale.main).to_contain_text("One person is enough, because the pump is stopped")
    looked_at(dale.page, "stop")
    dale.page.locator("#reason").fill("the family asked for it, see the note")
    dale.press("Write it on the chart").wait_for_url(re.compile(f"/charts/{chart}$"))
    expect(dale.main).to_contain_text("by one person (the pump is stopped)")


def test_a_checked_refill_is_marked_as_entered_in_error_by_two_people(person, clinic):
    chart = clinic.copy()
    dale, okoro = person("dale"), person("okoro")
    dale.see(f"/charts/{chart}/history")
    row = dale.page.locator("tr", has_text="2026-04-09 09:10 refill")
    row.get_by_text("Strike", exact=True).click()
    row.get_by_label("Why it does not count").fill("the vial of another patient")
    row.get_by_role("button", name="Look at what follows").click()
    looked_at(dale.page, "strike")
    dale.press("Hand it to a second person").wait_for_url(re.compile("/second/"))
    path = dale.page.url.removeprefix(dale.home)
    okoro.see(path)
    expect(okoro.main).to_contain_text("the vial of another patient")
    looked_at(okoro.page, "confirm")
    okoro.press("Confirm: it was entered in error").wait_for_url(re.compile(f"/charts/{chart}/history$"))
    expect(okoro.page.locator("tr", has_text="2026-04-09 09:10 refill")).to_contain_text("confirmed by A. Okoro")

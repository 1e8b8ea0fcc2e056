"""Each act as a clinician does it, with the mouse and with the keyboard, in a real browser."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Error, Route, expect

from tests.browser.conftest import AT, PASSWORD, REFILL, Person, Seen, clean, served, windows
from tests.web.test_acts import ENTERED

pytestmark = pytest.mark.xdist_group("browser")

LINE = f"{AT} refill 18 mL of 500 mcg/mL; product 500 mcg/mL; lot L7"
# What stands on a page of the patient whose chart `clinic.copy()` makes.
PATIENT = ("Mila Copy", "1988-03-14")


def back(person: Person) -> str:
    """The arrow of the browser; returns all that the page holds.  The answer to a form is not shown a second time."""
    with suppress(Error):
        person.page.go_back()
    return str(person.page.locator("html").evaluate("each => each.outerHTML"))


# -- signing in and out --------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_told_so_and_the_right_one_opens_the_panel(person):
    dale = person("dale", signed=False)
    dale.see("/panel")
    expect(dale.page).to_have_url(re.compile("/login$"))
    dale.sign_in("not this one at all")
    expect(dale.page.get_by_role("alert")).to_contain_text("do not fit")
    expect(dale.page.get_by_label("Name", exact=True)).to_have_value("dale")
    expect(dale.page.get_by_label("Password", exact=True)).to_have_value("")
    # With the keyboard alone.
    dale.page.get_by_label("Password", exact=True).focus()
    dale.page.keyboard.type(PASSWORD)
    dale.page.keyboard.press("Enter")
    expect(dale.page).to_have_url(re.compile("/panel$"))
    expect(dale.page.get_by_role("heading", level=1)).to_have_text("Panel")


def test_after_signing_out_the_way_back_shows_nothing_of_a_patient(person, clinic):
    chart = clinic.bare()
    dale = person("dale")
    dale.see(f"/charts/{chart}")
    dale.see(f"/charts/{chart}/history")
    dale.preview(chart, "weight", value="72 kg")
    assert "Mila Copy" in dale.text()
    dale.press("Sign out")
    expect(dale.page).to_have_url(re.compile("/login$"))
    for _ in range(4):
        shown = back(dale)
        assert not [each for each in PATIENT if each in shown], dale.page.url


def test_somebody_new_signs_in_with_a_first_password_and_changes_it(person, clinic):
    admin = person("admin")
    expect(admin.page).to_have_url(re.compile("/staff$"))
    admin.fill_form("Add", name="vale", shown="V. Vale", role="reader", password="short")
    assert admin.page.url.endswith("/staff"), "the browser itself asks for twelve characters"
    assert "V. Vale" not in admin.text()
    admin.fill_form("Add", name="vale", shown="V. Vale", role="reader", password="the first password")
    expect(admin.page.get_by_role("row", name="vale")).to_contain_text("V. Vale")

    vale = person("vale", signed=False)
    vale.sign_in("the first password")
    expect(vale.page.get_by_role("navigation", name="Workbench")).not_to_contain_text("Second person")
    vale.page.get_by_role("link", name="V. Vale").click()
    href = vale.page.locator("a[href^='/feed/']").get_attribute("href")
    assert vale.context.request.get(clinic.home + str(href)).text().startswith("BEGIN:VCALENDAR")
    vale.fill(old="the first password", new="one of my own", again="one of another")
    vale.press("Change it")
    expect(vale.page.get_by_role("alert")).to_contain_text("Nothing was changed")
    vale.fill(old="the first password", new="one of my own", again="one of my own")
    vale.press("Change it")
    expect(vale.page).to_have_url(re.compile("/login$"))
    vale.sign_in("one of my own")
    expect(vale.page).to_have_url(re.compile("/panel$"))

    row = admin.page.get_by_role("row", name="vale")
    row.get_by_text("Change vale").click()
    row.get_by_label("Role").select_option("checker")
    row.get_by_role("button", name="Give this role").click()
    expect(row).to_contain_text("checker")
    row.get_by_text("Change vale").click()
    row.get_by_role("button", name="Take vale off the list").click()
    expect(row).to_have_count(0)
    vale.see("/panel")
    expect(vale.page).to_have_url(re.compile("/login$"))

    admin.see("/trail")
    expect(admin.page.get_by_text("No line of it was changed")).to_be_visible()
    words = admin.text()
    for each in ("added vale as reader", "made vale a checker", "remove: vale", "changed their password"):
        assert each in words
    # Who keeps the list sees no chart.
    admin.see("/panel")
    expect(admin.page.get_by_role("alert")).to_contain_text("does not include this")


# -- the panel, the calendar, the charts ---------------------------------------------------------------------------------


def test_the_panel_is_searched_and_filtered_and_the_address_names_nobody(person, clinic):
    dale = person("dale")
    dale.page.get_by_label("Name, id or birth date").fill("hugo")
    dale.page.keyboard.press("Enter")
    expect(dale.page.get_by_role("heading", name="1 chart found")).to_be_visible()
    assert "hugo" not in dale.page.url.lower()
    rows = dale.page.locator("table.work tbody tr")
    assert rows.count() > 0
    assert all("Hugo Sample" in each for each in rows.all_inner_texts())
    dale.follow("All charts")
    dale.page.get_by_label("Urgency").select_option("now")
    dale.page.get_by_label("Kind").select_option("emergency")
    dale.press("Show")
    expect(dale.page.get_by_role("heading", level=2)).to_have_text(["Now"])
    assert rows.count() >= 1
    assert all("emergency" in each for each in rows.all_inner_texts())
    dale.main.locator("tbody").get_by_role("link", name="Hugo Sample").first.click()
    expect(dale.page).to_have_url(re.compile(f"/charts/{clinic.chart('HSP-033')}$"))


def test_the_calendar_turns_its_months_and_a_day_leads_to_what_is_due(person):
    dale = person("dale")
    dale.page.get_by_role("link", name="Calendar").click()
    heading = dale.page.get_by_role("heading", level=1)
    expect(heading).to_have_text("May 2026")
    expect(dale.page.locator("[aria-current=date]")).to_have_text("2")
    day = dale.page.locator(".month td a").first
    where = str(day.get_attribute("href")).removeprefix("#")
    day.click()
    expect(dale.page.locator(f"#{where}")).to_be_in_viewport()
    few = dale.page.locator("ul.found li").count()
    dale.follow("All tasks")
    assert dale.page.locator("ul.found li").count() > few
    dale.follow("Month after")
    expect(heading).to_have_text("June 2026")
    dale.follow("Month before")
    dale.follow("Month before")
    expect(heading).to_have_text("April 2026")
    expect(dale.main).to_contain_text("Nothing is due in this month.")


def test_a_chart_is_opened_for_somebody_who_has_none(person, clinic):
    dale = person("dale")
    dale.page.get_by_role("link", name="Charts", exact=True).click()
    expect(dale.main.get_by_role("link", name="Jana Sample")).to_be_visible()
    dale.fill_form("Open the chart", id="N-77", name="Zoe New", born="1990-02-03", sex="female")
    expect(dale.page.get_by_role("heading", level=1)).to_have_text("Zoe New")
    expect(dale.main).to_contain_text("N-77, born 1990-02-03")
    assert clinic.office.ledger.of_person("N-77")


# -- a patient's page ----------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H57")
def test_in_an_emergency_the_card_is_what_is_seen_first(person, clinic):
    dale = person("dale")
    dale.see(f"/charts/{clinic.chart('HSP-033')}")
    card = dale.page.locator("#emergency")
    expect(card).to_be_in_viewport()
    line = dale.page.locator("#line")
    above, below = card.bounding_box(), line.bounding_box()
    assert above
    assert below
    assert above["y"] < below["y"]


def test_a_link_of_the_time_line_looks_closer_in_place_and_keeps_the_focus(person, clinic):
    dale = person("dale")
    dale.see(f"/charts/{clinic.chart('SCI-017')}")
    asked: list[str] = []
    dale.page.on("request", lambda each: asked.append(each.resource_type))
    line = dale.page.locator("#line")
    before = line.get_attribute("data-from")
    line.get_by_role("link", name="Closer").focus()
    dale.page.keyboard.press("Enter")
    expect(line).not_to_have_attribute("data-from", str(before))
    assert asked == ["fetch"], "only the piece is asked for"
    expect(line.get_by_role("link", name="Closer")).to_be_focused()
    # The whole page under the address that now stands in the bar shows the same window.
    window = [line.get_attribute(each) for each in ("data-from", "data-to")]
    dale.page.reload()
    assert [line.get_attribute(each) for each in ("data-from", "data-to")] == window
    line.get_by_role("link", name="All", exact=True).click()
    expect(line.get_by_role("link", name="All", exact=True)).to_have_attribute("aria-current", "true")


def test_a_part_that_is_drawn_over_with_the_mouse_is_looked_at_closer_with_the_table_behind_it(person, clinic):
    chart = clinic.chart("SCI-017")
    dale = person("dale")
    dale.see(f"/charts/{chart}")
    line = dale.page.locator("#line")
    line.get_by_text("The same as a table").click()
    begin, end = (datetime.fromisoformat(str(line.get_attribute(each))) for each in ("data-from", "data-to"))
    drawing = dale.page.locator("svg.time")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box
    wide = box["width"] / 880
    # A click alone is no window.
    dale.page.mouse.click(box["x"] + 300 * wide, box["y"] + 60)
    assert line.get_attribute("data-from") == begin.isoformat(timespec="minutes")
    dale.page.mouse.move(box["x"] + 600 * wide, box["y"] + 60)
    dale.page.mouse.down()
    dale.page.mouse.move(box["x"] + 400 * wide, box["y"] + 90, steps=4)
    expect(drawing.locator(".picked")).to_have_count(1)
    with dale.page.expect_response(re.compile("/timeline")):
        dale.page.mouse.up()
    expect(line).not_to_have_attribute("data-from", begin.isoformat(timespec="minutes"))
    first, last = (datetime.fromisoformat(str(line.get_attribute(each))) for each in ("data-from", "data-to"))
    share = (end - begin) / (868 - 62)
    assert abs(first - (begin + (400 - 62) * share)) < timedelta(hours=4)
    assert abs(last - (begin + (600 - 62) * share)) < timedelta(hours=4)
    # It stayed open, and holds the events of the window and no other.
    rows = line.locator("details[open] tbody tr")
    shown = [" ".join(each.split()) for each in rows.all_inner_texts()]
    standing = clinic.office.ledger.chart(chart)
    assert len(shown) == sum(first <= each.at <= last for each in standing.events) > 0
    assert all(f"{first:%Y-%m-%d}" <= each[:10] <= f"{last:%Y-%m-%d}" for each in shown)


def test_a_typed_dose_is_answered_in_place_and_the_address_does_not_move(person, clinic):
    dale = person("dale")
    chart = clinic.chart("SCI-017")
    dale.see(f"/charts/{chart}")
    found = dale.page.locator("#whatif-found")
    for said, says in (
        ({"way": "program", "dose": "continuous 240 mcg/day"}, "240 mcg daily"),
        ({"way": "program", "dose": "continuous 900 mcg/day"}, "refused"),
        ({"way": "program", "dose": "50"}, "is not part of a program"),
    ):
        dale.fill(**said)
        dale.page.keyboard.press("Enter")
        expect(found).to_contain_text(says)
        expect(found).not_to_have_attribute("aria-busy", "true")
        assert dale.page.url == f"{clinic.home}/charts/{chart}"


def test_of_two_typed_doses_the_later_one_is_shown_whichever_answer_comes_last(person, clinic):
    dale = person("dale")
    dale.see(f"/charts/{clinic.chart('SCI-017')}")
    held: list[Route] = []

    def first_waits(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    dale.page.route("**/whatif", first_waits)
    dale.fill(way="program", dose="continuous 240 mcg/day")
    dale.press("Show it beside today's")
    dale.fill(dose="continuous 250 mcg/day")
    dale.press("Show it beside today's")
    found = dale.page.locator("#whatif-found")
    expect(found).to_contain_text("250 mcg daily")
    with dale.page.expect_event("requestfinished", lambda each: each.url.endswith("/whatif")):
        held[0].continue_()
    expect(found).not_to_have_attribute("aria-busy", "true")
    expect(found).to_contain_text("250 mcg daily")
    expect(found).not_to_contain_text("240 mcg daily")


def test_a_dose_that_is_typed_after_the_session_ended_leads_to_a_page_that_says_so(person, clinic):
    dale = person("dale")
    dale.see(f"/charts/{clinic.chart('SCI-017')}")
    dale.context.clear_cookies()
    dale.fill(way="program", dose="continuous 240 mcg/day")
    dale.press("Show it beside today's").wait_for_url(re.compile("/whatif$"))
    expect(dale.page.get_by_role("alert")).to_contain_text("You are not signed in")
    assert dale.page.locator("main").count() == 1, "a page, not a page within a page"


@pytest.mark.hazard("H55")
def test_nothing_is_chosen_and_nothing_filled_in_before_somebody_does(person, clinic):
    chart = clinic.copy()
    dale = person("dale")
    path = dale.refill(chart)
    okoro = person("okoro")
    for who, where in ((dale, f"/charts/{chart}"), (dale, f"/charts/{chart}/write/oral"), (okoro, path)):
        who.see(where)
        filled = who.page.locator("main").evaluate(
            """main => [...main.querySelectorAll("input:not([type=hidden]), select")]
                .filter(each => each.checked || (each.value && each.name !== "at")).map(each => each.name)"""
        )
        assert filled == [], where


def test_the_papers_are_pdf(person, clinic):
    dale = person("dale")
    dale.see(f"/charts/{clinic.chart('SCI-017')}")
    links = dale.page.locator("section[aria-labelledby=papers] a")
    assert links.count() == 4
    for each in links.all():
        answer = dale.context.request.get(clinic.home + str(each.get_attribute("href")))
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.body().startswith(b"%PDF-")


def test_a_number_leads_to_its_story(person, clinic):
    dale = person("dale")
    dale.see(f"/charts/{clinic.chart('SCI-017')}")
    basis = dale.page.locator("#findings ~ * details, section[aria-labelledby=findings] details").first
    basis.locator("summary").click()
    link = basis.get_by_role("link").first
    says = link.inner_text().removeprefix("the story of ")
    link.click()
    expect(dale.page.get_by_role("heading", level=1)).to_have_text(says)
    dale.follow("All facts")
    expect(dale.main.get_by_role("link", name=says, exact=True)).to_be_visible()


# -- writing -------------------------------------------------------------------------------------------------------------


def test_a_score_is_entered_with_the_keyboard_alone(person, clinic):
    chart = clinic.bare()
    dale = person("dale")
    dale.see(f"/charts/{chart}/write/score")
    key = dale.page.keyboard
    dale.page.locator("[name=at]").focus()
    key.press("Control+A")
    key.type(AT)
    for typed in ("modified", "1+", "", "2"):
        key.press("Tab")
        key.type(typed)
    key.press("Tab")
    key.press("Enter")
    line = f"{AT} score modified ashworth legs 1+; penn 2"
    expect(dale.page.locator(".chart-line")).to_have_text(line)
    assert line not in clinic.contents(chart), "a preview writes nothing"
    dale.press("Write it on the chart").wait_for_url(re.compile(f"/charts/{chart}$"))
    assert clinic.contents(chart)[-1] == line


def test_each_form_becomes_the_line_that_its_fields_say_and_a_preview_writes_nothing(person, clinic):
    chart = clinic.copy()
    before = clinic.contents(chart)
    dale = person("dale")
    for kind, (said, line) in ENTERED.items():
        dale.preview(chart, kind, **said)
        shown = dale.page.locator(".chart-line").all_inner_texts()
        assert [each.replace("\xa0", " ") for each in shown] == [f"{AT} {line}"], kind
    assert clinic.contents(chart) == before


def test_what_cannot_be_read_is_said_beside_the_form_and_what_was_typed_stays(person, clinic):
    chart = clinic.copy()
    dale = person("dale")
    dale.preview(chart, "residual", volume="17")
    expect(dale.page.get_by_role("alert")).to_contain_text("unit")
    expect(dale.page.locator("[name=volume]")).to_have_value("17")
    dale.fill(volume="17 mL")
    dale.press("Look at what will be written")
    # What comes with it is seen before it is written.
    expect(dale.main).to_contain_text("Findings that come")
    expect(dale.main).to_contain_text("DOES NOT BALANCE")
    dale.follow("Begin anew")
    expect(dale.page.locator("[name=volume]")).to_have_value("")


def test_a_program_outside_the_rules_needs_a_reason_that_stays_on_the_chart(person, clinic):
    chart = clinic.copy()
    dale = person("dale")
    dale.preview(chart, "program", program="continuous 900 mcg/day")
    expect(dale.page.get_by_role("alert")).to_contain_text("The rules do not allow this")
    before = clinic.contents(chart)
    dale.press("Hand it to a second person")
    expect(dale.page.get_by_role("heading", name="This will be written")).to_be_visible()
    assert dale.page.locator("#reason").evaluate("each => each.validity.valueMissing"), "the browser asks for it"
    dale.page.get_by_label("There is no second person").check()
    dale.page.locator("#reason").fill("ordered by telephone")
    dale.press("Hand it to a second person").wait_for_url(re.compile(f"/charts/{chart}$"))
    added = clinic.contents(chart)[len(before) :]
    assert added[0] == f"{AT} program continuous 900 mcg/day"
    assert added[1].endswith("by N. Dale: ordered by telephone")


def test_a_refill_that_two_people_enter_the_same_goes_on_the_chart_with_both_names(person, clinic):
    chart = clinic.copy()
    before = clinic.contents(chart)
    dale, okoro = person("dale"), person("okoro")
    path = dale.refill(chart)
    expect(dale.page.get_by_role("heading", name="Waiting for a second person")).to_be_visible()
    assert clinic.contents(chart) == before
    okoro.see("/panel")
    okoro.page.get_by_role("navigation", name="Workbench").get_by_role("link", name="Second person").click()
    okoro.main.locator(f"a[href='{path}']").click()
    expect(okoro.main).to_contain_text("You are the second person")
    assert "18 mL" not in okoro.page.locator("form.fields").inner_text().replace("such as 18\xa0mL", "")
    okoro.fill(at=AT, **REFILL)
    okoro.press("Compare, and write if both are the same").wait_for_url(re.compile(f"/charts/{chart}$"))
    assert clinic.contents(chart)[len(before) :] == [f"{LINE}; checked by A. Okoro"]
    dale.see(path)
    expect(dale.page.get_by_role("heading", name="Both entered the same")).to_be_visible()


@pytest.mark.hazard("H41")
def test_a_refill_that_two_people_enter_differently_is_shown_to_both_and_not_written(person, clinic):
    chart = clinic.copy()
    before = clinic.contents(chart)
    dale, okoro = person("dale"), person("okoro")
    path = dale.refill(chart)
    okoro.see(path)
    okoro.fill(at=AT, **{**REFILL, "strength": "2000 mcg/mL"})
    okoro.press("Compare, and write if both are the same")
    dale.see(path)
    for each in (dale, okoro):
        expect(each.page.get_by_role("heading", name="Two people entered different values")).to_be_visible()
        row = each.page.get_by_role("row", name="strength")
        assert row.locator("td").all_inner_texts() == ["500\xa0mcg/mL", "2,000\xa0mcg/mL"]
    dale.press("Withdraw it")
    expect(dale.page.get_by_role("heading", name="Withdrawn")).to_be_visible()
    assert clinic.contents(chart) == before


@pytest.mark.hazard("H50")
def test_of_two_clinicians_who_write_at_once_the_later_one_is_shown_what_is_new(person, clinic):
    chart = clinic.bare()
    dale, finch = person("dale"), person("finch")
    dale.preview(chart, "weight", value="71 kg")
    finch.preview(chart, "symptom", text="dizziness", state="present")
    dale.press("Write it on the chart").wait_for_url(re.compile(f"/charts/{chart}$"))
    finch.press("Write it on the chart")
    alert = finch.page.get_by_role("alert").first
    expect(alert).to_contain_text("Nothing was written")
    expect(finch.page.locator("ul.found li", has_text="weight 71 kg")).to_contain_text("N. Dale")
    assert "dizziness" not in "".join(clinic.contents(chart))
    finch.press("Write it on the chart").wait_for_url(re.compile(f"/charts/{chart}$"))
    assert "symptom dizziness" in clinic.contents(chart)[-1]


def test_an_event_is_struck_with_a_reason_and_stays_in_the_history(person, clinic):
    chart = clinic.bare()
    dale = person("dale")
    dale.see(f"/charts/{chart}")
    dale.page.get_by_role("link", name="History").click()
    row = dale.page.locator("tr", has_text="weight 78 kg")
    row.get_by_text("Strike", exact=True).click()
    row.get_by_label("Why it does not count").fill("of another patient")
    dale.page.keyboard.press("Enter")
    expect(dale.page.get_by_role("heading", name="This will count no more")).to_be_visible()
    assert clinic.office.ledger.records(chart)[-1].op != "strike", "what follows is seen before it is struck"
    dale.press("Strike this event")
    expect(row).to_contain_text("struck by N. Dale: of another patient")
    expect(row.locator("s")).to_contain_text("weight 78 kg")
    expect(dale.page.get_by_role("heading", name="Who looked")).to_be_visible()


def test_a_reader_is_offered_nothing_to_write(person, clinic):
    chart = clinic.chart("SCI-017")
    reader = person("reader")
    reader.see(f"/charts/{chart}")
    expect(reader.page.get_by_role("heading", name="Write on the chart")).to_have_count(0)
    reader.see(f"/charts/{chart}/history")
    expect(reader.page.get_by_text("Strike", exact=True)).to_have_count(0)
    reader.see(f"/charts/{chart}/write/refill")
    expect(reader.page.get_by_role("alert")).to_contain_text("does not include this")


# -- the watching --------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H53")
def test_when_the_watching_has_stopped_every_page_says_so_above_all_else(browser, tmp_path):
    seen = Seen()
    with served(tmp_path, [Path("examples/02-spinal-cord-injury-pump.chart")]) as clinic:
        chart = clinic.chart("SCI-017")
        with windows(browser, clinic, seen) as opened:
            dale = opened("dale")
            expect(dale.page.locator(".silent")).to_have_count(0)
            clinic.clock.on(minutes=6)
            for path in ("/panel", "/calendar", f"/charts/{chart}", f"/charts/{chart}/write/refill", "/account"):
                dale.see(path)
                banner = dale.page.get_by_role("alert")
                expect(banner).to_contain_text("The watching has stopped")
                expect(banner).to_be_in_viewport()
            clinic.office.refresh()
            dale.see("/panel")
            expect(dale.page.get_by_role("alert")).to_have_count(0)
        clean(seen, clinic)


# -- without a script ----------------------------------------------------------------------------------------------------


def test_all_of_it_is_done_with_scripts_turned_off(person, clinic):
    chart = clinic.copy()
    before = clinic.contents(chart)
    dale = person("dale", signed=False, java_script_enabled=False)
    okoro = person("okoro", java_script_enabled=False)
    dale.sign_in("not this one at all")
    expect(dale.page.get_by_role("alert")).to_be_visible()
    dale.sign_in()
    dale.page.get_by_label("Name, id or birth date").fill("mila")
    dale.press("Search")
    dale.main.locator(f"ul.found a[href='/charts/{chart}']").click()
    # The time line: a link asks for the page anew, at the drawing; the table opens without a script.
    line = dale.page.locator("#line")
    begun = line.get_attribute("data-from")
    line.get_by_role("link", name="Closer").click()
    dale.page.wait_for_url(re.compile(r"\?from=.*#timeline$"))
    assert line.get_attribute("data-from") != begun
    line.get_by_text("The same as a table").click()
    expect(line.locator("tbody tr").first).to_be_visible()
    # What if: a page of its own, of the same person.
    dale.fill(way="program", dose="continuous 240 mcg/day")
    dale.press("Show it beside today's").wait_for_url(re.compile("/whatif$"))
    expect(dale.page.get_by_role("heading", level=1)).to_have_text("Mila Copy")
    expect(dale.main).to_contain_text("beside today's")
    dale.follow("Back to the chart")
    # Writing, alone and with two people.
    dale.main.get_by_role("link", name="Laboratory result or level").click()
    dale.fill(at=AT, test="creatinine", value="0.9 mg/dL")
    dale.press("Look at what will be written")
    dale.press("Write it on the chart").wait_for_url(re.compile(f"/charts/{chart}$"))
    okoro.see(dale.refill(chart))
    okoro.fill(at=AT, **REFILL)
    okoro.press("Compare, and write if both are the same").wait_for_url(re.compile(f"/charts/{chart}$"))
    assert clinic.contents(chart)[len(before) :] == [
        f"{AT} lab creatinine 0.9 mg/dL",
        f"{LINE}; checked by A. Okoro",
    ]
    okoro.see(dale.refill(chart, lot="L8"))
    okoro.fill(at=AT, **{**REFILL, "lot": "L9"})
    okoro.press("Compare, and write if both are the same")
    expect(okoro.page.get_by_role("row", name="lot")).to_contain_text("L9")
    okoro.press("Withdraw it")
    # History and strike.
    dale.see(f"/charts/{chart}/history")
    row = dale.page.locator("tr", has_text="lab creatinine 0.9")
    row.get_by_text("Strike", exact=True).click()
    row.get_by_label("Why it does not count").fill("read off wrongly")
    row.get_by_role("button", name="Look at what follows").click()
    dale.press("Strike this event")
    expect(row).to_contain_text("struck by N. Dale")
    for path in (
        "/calendar?what=all",
        "/charts",
        "/second",
        "/account",
        "/facts",
        "/why/TOX-01",
        "/pages",
        "/pages/chart",
    ):
        dale.see(path)
        expect(dale.page.get_by_role("heading", level=1)).to_be_visible()
    dale.press("Sign out")
    assert "Mila Copy" not in back(dale)

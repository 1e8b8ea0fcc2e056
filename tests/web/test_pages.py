"""What stands on the pages: whose chart it is, what is due, the time line, what a dose would do, and nothing chosen."""

from __future__ import annotations

import re
from html import unescape

import pytest

from eutonia.doors.web import panel as panels
from eutonia.doors.web.forms import FORMS
from eutonia.doors.web.timeline import timeline


def text_of(page: str) -> str:
    """The words of a page."""
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\xa0", " ").split())


# -- H10: whose chart it is ----------------------------------------------------------------------------------------------


@pytest.mark.hazard("H10")
def test_every_page_of_a_patient_bears_name_birth_date_and_id(pump, sign_in):
    browser = sign_in("dale")
    pages = [f"/charts/{pump}", f"/charts/{pump}/history", f"/charts/{pump}/write/refill"]
    texts = [browser.get(each).text for each in pages]
    texts.append(browser.post(f"/charts/{pump}/whatif", way="program", dose="continuous 240 mcg/day").text)
    texts.append(browser.post(f"/charts/{pump}/write/contact/preview", at="2026-05-02 09:00").text)
    for text in texts:
        words = text_of(text)
        assert "Ada Sample" in words
        assert "SCI-017" in words
        assert "born 1988-03-14" in words
        assert "Ben Sample" not in words


@pytest.mark.hazard("H10")
def test_the_name_of_a_patient_is_shown_as_it_is_written(office, sign_in):
    hostile = '<img src=x onerror=alert(1)> "quoted" {{ 7 * 7 }}'
    held = office.ledger.open(
        [f"2026-05-01 09:00 person id X-1; born 1980-01-01; name {hostile}", "2026-05-01 09:00 weight 72 kg"],
        by="N. Dale",
    )
    office.refresh()
    browser = sign_in("dale")
    for path in ("/panel", "/charts", f"/charts/{held.id}"):
        page = browser.get(path).text
        assert "<img src=x" not in page
        assert "49" not in re.findall(r"<h1>.*?</h1>", page, re.S)[0]
    assert "&lt;img" in browser.get("/charts").text
    assert hostile in text_of(browser.get("/charts").text)


# -- the panel -----------------------------------------------------------------------------------------------------------


def test_the_panel_names_each_task_with_its_patient_day_reason_and_what_closes_it(office, sign_in):
    words = text_of(sign_in("reader").get("/panel").text)
    for task in office.view.tasks:
        assert task.day.isoformat() in words
        assert " ".join(task.do.split()) in words
        assert " ".join(task.because.split()) in words
    assert "Closed by a line 'refill'." in words


def test_the_panel_says_as_of_when_and_how_many_charts(sign_in):
    assert "2 charts, as of 2026-05-02 09:00 UTC" in text_of(sign_in("reader").get("/panel").text)


@pytest.mark.parametrize("sought", ["ada", "SCI-017", "1988-03-14", "sample ada", "017 1988"])
def test_a_chart_is_found_by_name_id_or_birth_date(sought, sign_in):
    browser = sign_in("reader")
    browser.get("/panel")
    words = text_of(browser.post("/panel", sought=sought).text)
    assert "1 chart found" in words
    assert "Ada Sample" in words
    assert "Ben Sample" not in words


def test_what_nobody_has_finds_nothing_and_says_so(sign_in):
    browser = sign_in("reader")
    browser.get("/panel")
    assert "No chart of this ledger holds these words." in text_of(browser.post("/panel", sought="zebra").text)


def test_a_filter_leaves_the_tasks_of_its_kind_and_urgency(sign_in):
    browser = sign_in("reader")
    page = browser.get("/panel?what=refill").text
    assert set(re.findall(r'class="kind ">([a-z]+)<', page)) == {"refill"}
    assert '<h2 id="later">' not in browser.get("/panel?urgency=now").text


def test_a_long_list_comes_in_pages_that_leave_nothing_out(office, sign_in, monkeypatch):
    monkeypatch.setattr(panels, "_ON_A_PAGE", 3)
    browser, seen = sign_in("reader"), []
    for page in range(1, 9):
        answer = browser.get(f"/panel?page={page}").text
        seen += re.findall(r'<time datetime="([0-9-]{10})">.*?class="kind [a-z]*">([a-z-]+)<', answer, re.S)
        if f"page={page + 1}" not in answer:
            break
    assert sorted(seen) == sorted((each.day.isoformat(), each.what) for each in office.view.tasks)


def test_the_calendar_shows_a_refill_on_its_day_and_what_is_overdue_today(office, clock, sign_in):
    due = next(each.day for each in office.view.tasks if each.what == "refill")
    browser = sign_in("reader")
    assert f'href="#d{due.isoformat()}"' in browser.get(f"/calendar?month={due.isoformat()[:7]}").text
    clock.on(days=60)
    office.refresh()
    browser = sign_in("reader")
    assert f'href="#d{clock.at.date().isoformat()}"' in browser.get("/calendar").text
    assert browser.get("/calendar?month=soon").status_code == 422


def test_a_feed_is_read_with_its_key_alone_and_names_no_person(office, client):
    member = next(each for each in office.staff.everyone() if each.name == "dale")
    answer = client.get(f"/feed/{member.feed}.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "BEGIN:VEVENT" in answer.text
    assert "Sample" not in answer.text
    assert client.get("/feed/wrong.ics").status_code == 404
    admin = next(each for each in office.staff.everyone() if each.name == "admin")
    assert client.get(f"/feed/{admin.feed}.ics").status_code == 404


# -- H53: the watching -----------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H53")
def test_when_the_watching_has_stopped_every_page_says_so_and_so_does_the_way_for_machines(
    clock, pump, sign_in, client
):
    browser = sign_in("dale")
    assert client.get("/health").status_code == 200
    assert "watching has stopped" not in browser.get("/panel").text
    clock.on(minutes=6)
    for path in (
        "/panel",
        "/calendar",
        "/charts",
        f"/charts/{pump}",
        f"/charts/{pump}/history",
        "/second",
        "/facts",
        "/account",
    ):
        assert "watching has stopped" in browser.get(path).text, path
    assert "watching has stopped" in sign_in("admin").get("/staff").text
    assert client.get("/health").status_code == 503


@pytest.mark.hazard("H53")
def test_a_watching_that_fails_leaves_no_heartbeat(office, clock, client, monkeypatch):
    clock.on(minutes=6)
    monkeypatch.setattr(office._panel, "refresh", lambda now: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        office.refresh()
    assert client.get("/health").status_code == 503


def test_the_watching_runs_while_pages_are_served(office, clock):
    from starlette.testclient import TestClient

    from eutonia.doors.web.app import application

    clock.on(minutes=6)
    assert office.pulse.stopped()
    with TestClient(application(office), base_url="http://127.0.0.1:8000") as client:
        for _ in range(200):
            if client.get("/health").status_code == 200:
                break
        assert client.get("/health").status_code == 200


# -- a patient's page --------------------------------------------------------------------------------------------------------


def test_the_page_says_what_the_advice_says(office, pump, sign_in):
    from eutonia.doors import words

    _, advice = office.advice(pump)
    sheet, page = words.sheet(advice.as_dict()), text_of(sign_in("reader").get(f"/charts/{pump}").text)
    for remark in sheet.remarks:
        assert " ".join(remark.says.split()) in page
    for row in sheet.pump:
        assert row.text in page
    for menu in sheet.menus:
        for option in menu.options:
            assert option.title in page
            assert option.change is None or option.change.new_program in page


@pytest.mark.hazard("H55")
def test_nothing_is_chosen_beforehand_on_any_page(pump, sign_in):
    browser = sign_in("dale")
    paths = [f"/charts/{pump}", "/charts", "/second", *(f"/charts/{pump}/write/{name}" for name in FORMS)]
    for path in paths:
        page = browser.get(path).text
        assert not re.search(r"<option[^>]*\sselected|<input[^>]*\schecked|\sautofocus", page), path
    for name in FORMS:
        page = browser.get(f"/charts/{pump}/write/{name}").text
        filled = re.findall(r'<input id="f-([a-z]+)" name="[a-z]+" value="([^"]+)"', page)
        assert [each for each, _ in filled] in (["at"], []), name


def test_the_emergency_card_stands_before_all_else(office, sign_in):
    held = office.ledger.of_person("SCI-017")
    office.ledger.append(held.id, ["2026-05-02 08:50 symptom slow breathing, somnolence"], saw=held.head, by="N. Dale")
    page = sign_in("reader").get(f"/charts/{held.id}").text
    assert page.index('id="emergency"') < page.index('id="timeline"')
    assert "EMERGENCY" in page[: page.index('id="timeline"')]


# -- the time line -----------------------------------------------------------------------------------------------------------


def test_the_table_behind_the_time_line_holds_each_event_of_the_window_and_no_other(office, pump, sign_in):
    _, advice = office.advice(pump)
    begin, end = "2026-03-01T00:00+00:00", "2026-04-10T00:00+00:00"
    found = timeline(advice, begin, end)
    inside = [each for each in advice.facts.chart.events if begin[:10] <= each.at.isoformat()[:10] < end[:10]]
    assert len(found.entries) == len(inside) > 5
    page = text_of(sign_in("reader").get(f"/charts/{pump}/timeline?from={begin}&to={end}".replace("+", "%2B")).text)
    for each in found.entries:
        assert each.at in page
        assert each.says in page
    assert "2026-02-16" not in page


def test_the_dose_is_drawn_as_the_chart_has_it_at_each_moment(office, pump):
    from datetime import datetime

    _, advice = office.advice(pump)
    found = timeline(advice, "2026-03-01T00:00+00:00", "2026-05-02T00:00+00:00")
    lane = found.lanes[0]
    assert lane.title == "Pump, as programmed, mcg daily"
    top = lane.floor - next(y for y, says in lane.scale if says != "0")
    most = float(lane.scale[1][1])

    def drawn(day: str) -> float:
        span = datetime(2026, 5, 2) - datetime(2026, 3, 1)
        x = 62 + (868 - 62) * ((datetime.fromisoformat(day) - datetime(2026, 3, 1)) / span)
        before = [y for at, y in lane.line if at <= x]
        return most * (lane.floor - before[-1]) / top

    for day, dose in (("2026-03-05", 0), ("2026-03-11", 150), ("2026-03-15", 180), ("2026-04-20", 216)):
        assert drawn(day) == pytest.approx(dose, abs=0.5), day


def test_what_is_ahead_is_drawn_from_the_same_numbers_as_the_prediction(office, pump):
    _, advice = office.advice(pump)
    found, today = timeline(advice), advice.today
    lane = next(each for each in found.lanes if each.title.startswith("Ashworth"))
    ahead = [n for n, hour in enumerate(today.hours) if hour >= 0]
    assert len(lane.middle) == len(ahead)
    _, y = lane.middle[-1]
    score = 5 * (lane.floor - y) / (lane.floor - lane.scale[-1][0])
    assert score == pytest.approx(float(today.bands["ashworth_legs"][2][ahead[-1]]), abs=0.01)
    assert len(lane.outer) == 2 * len(ahead), "the uncertainty is drawn without being asked for"


@pytest.mark.parametrize(
    ("begin", "end"),
    [("", ""), ("2026-05-01", "2026-04-01"), ("yesterday", "today"), ("2026-05-01T00:00", "2026-05-01T00:01"),
     ("0001-01-01", "9999-12-31"), ("2026-05-01T00:00+99:00", "2026-05-02")],
)  # fmt: skip
def test_a_window_that_is_none_shows_the_usual_one(office, pump, begin, end):
    _, advice = office.advice(pump)
    assert timeline(advice, begin, end) == timeline(advice)


def test_every_way_to_another_window_leads_to_one(office, pump, sign_in):
    browser = sign_in("reader")
    page = browser.get(f"/charts/{pump}").text
    links = [unescape(each) for each in re.findall(r'<a[^>]*href="/charts/[0-9a-f]+\?(from=[^"#]+)', page)]
    assert len(links) >= 6
    windows = set()
    for query in links:
        found = re.search(
            r'data-from="([^"]+)" data-to="([^"]+)"', browser.get(f"/charts/{pump}/timeline?{query}").text
        )
        windows.add(found.groups())
    assert len(windows) >= 6


def test_a_chart_with_a_person_alone_has_an_empty_time_line_and_an_unknown_future(office, sign_in):
    held = office.ledger.open(["2026-05-01 09:00 person id X-1; born 1980-01-01"], by="N. Dale")
    words = text_of(sign_in("reader").get(f"/charts/{held.id}").text)
    assert "nothing is given today" in words


# -- what if -----------------------------------------------------------------------------------------------------------------


def test_a_typed_dose_stands_beside_todays_with_its_bands(pump, sign_in):
    browser = sign_in("reader")
    browser.get(f"/charts/{pump}")
    answer = browser.post(f"/charts/{pump}/whatif", way="program", dose="continuous 240 mcg/day")
    words = text_of(answer.text)
    assert answer.status_code == 200
    assert "as today" in words
    assert "continuous 240 mcg/day" in words
    assert answer.text.count('class="outer"') >= 4


@pytest.mark.parametrize(
    ("way", "dose", "says"),
    [
        ("program", "continuous 2160 mcg/day", "refused"),
        ("program", "continuous 240", "no unit"),
        ("program", "continuous 240 mg/day", "refused"),
        ("program", "", "no dose"),
        ("", "continuous 240 mcg/day", "for the pump or by mouth"),
        ("oral", "stop", "never stopped at once"),
        ("oral", "10 MG tid", "not accepted as a unit"),
    ],
)
def test_a_dose_that_the_rules_refuse_or_that_does_not_read_is_said_so_and_not_shown(
    way, dose, says, pump, office, sign_in
):
    browser, before = sign_in("reader"), office.ledger.tip()
    browser.get(f"/charts/{pump}")
    answer = browser.post(f"/charts/{pump}/whatif", way=way, dose=dose)
    assert says in text_of(answer.text)
    assert 'class="outer"' not in answer.text
    assert office.ledger.tip() == before


# -- papers, stories, the trail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["card", "sheet", "checklist", "report"])
def test_each_paper_comes_as_pdf_under_the_charts_id(kind, pump, office, sign_in):
    answer = sign_in("reader").get(f"/charts/{pump}/paper/{kind}")
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["content-disposition"] == f'inline; filename="{pump}-{kind}.pdf"'
    assert office.trail.last(1)[0].what == f"printed the {kind}"


def test_a_card_of_a_pump_that_is_not_there_is_refused_in_words(tablets, sign_in):
    browser = sign_in("reader")
    answer = browser.get(f"/charts/{tablets}/paper/card")
    assert answer.status_code == 409
    assert "pump" in text_of(answer.text)
    assert browser.get(f"/charts/{tablets}/paper/novel").status_code == 404


def test_findings_have_the_stories_of_their_facts_one_click_away(pump, sign_in):
    browser = sign_in("reader")
    page = browser.get(f"/charts/{pump}").text
    facts = set(re.findall(r'href="/why/([A-Z]+-[0-9]+)"', page))
    assert facts
    for id in sorted(facts)[:4]:
        words = text_of(browser.get(f"/why/{id}").text)
        assert id in words
        assert len(words) > 200


def test_whoever_looks_at_a_chart_stands_in_its_trail(office, pump, sign_in):
    sign_in("reader").get(f"/charts/{pump}")
    assert [(each.who, each.what) for each in office.trail.last(1, pump)] == [("reader", "looked at the chart")]
    browser = sign_in("dale")
    assert "reader looked at the chart" in text_of(browser.get(f"/charts/{pump}/history").text)
    assert "No line of it was changed, and none is missing" in text_of(sign_in("admin").get("/trail").text)


# -- what a reviewer broke -----------------------------------------------------------------------------------------------------


def test_no_dose_is_drawn_after_the_reservoir_ran_dry(office, pump, clock):
    clock.on(days=60)
    _, advice = office.advice(pump)
    lane = timeline(advice).lanes[0]
    assert lane.unknown is not None
    assert max(x for x, _ in lane.line) == pytest.approx(lane.unknown)


def test_no_dose_and_no_band_are_drawn_while_delivery_is_uncertain(office, pump):
    held = office.ledger.held(pump)
    office.ledger.append(pump, ["2026-04-28 08:00 device stall"], saw=held.head, by="N. Dale")
    _, advice = office.advice(pump)
    found = timeline(advice)
    assert found.lanes[0].unknown is not None
    assert all(not lane.outer for lane in found.lanes)
    assert "unknown" in found.expected


def test_an_order_that_cannot_be_read_is_unknown_and_not_nothing(office, tablets):
    held = office.ledger.held(tablets)
    lines = ["2026-04-28 08:00 oral stop", "2026-04-29 08:00 medication baclofen twice"]
    office.ledger.append(tablets, lines, saw=held.head, by="N. Dale")
    _, advice = office.advice(tablets)
    lane = next(each for each in timeline(advice).lanes if each.title.startswith("By mouth"))
    assert lane.unknown is not None


def test_a_day_without_a_time_is_shown_as_a_day(office, pump):
    _, advice = office.advice(pump)
    found = {each.says: each.at for each in timeline(advice).entries}
    assert found["weight 78 kg"] == "2026-04-28"


def test_until_somebody_has_looked_no_page_says_that_nothing_is_due(office, clock, sign_in):
    from eutonia.doors.web.office import View

    office.view = View(office.now(), (), {}, looked=False)
    browser = sign_in("reader")
    for path in ("/panel", "/charts", "/calendar"):
        assert "Nobody has looked at the charts yet" in text_of(browser.get(path).text)


def test_accesses_of_many_at_once_are_noted_each_and_once(office):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: office.note("dale", f"looked {n}"), range(120)))
    assert sorted(each.what for each in office.trail.last(200)) == sorted(f"looked {n}" for n in range(120))


def test_a_chart_is_shown_though_the_trail_cannot_be_written_and_the_access_is_noted_later(
    office, pump, sign_in, monkeypatch
):
    from eutonia.ledger import LedgerError

    browser = sign_in("reader")

    def refuses(*_: object) -> None:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(office.trail, "note", refuses)
    words = text_of(browser.get(f"/charts/{pump}").text)
    assert "Ada Sample" in words
    assert "The trail of accesses cannot be written" in words
    monkeypatch.undo()
    browser.get("/panel")
    assert [each.what for each in office.trail.last(2)] == ["looked at the panel", "looked at the chart"]


@pytest.mark.parametrize("month", ["9999-12", "0001-01", "2026-13"])
def test_a_month_that_is_none_is_refused(month, sign_in):
    assert sign_in("reader").get(f"/calendar?month={month}").status_code == 422


@pytest.mark.parametrize("name", ["models", "studies", "chart", "workbench"])
def test_the_written_pages_are_shown_without_markup_of_their_own(name, sign_in):
    browser = sign_in("reader")
    page = browser.get(f"/pages/{name}").text
    assert "<h1>" in page
    assert not re.search(r"<script(?! src=)|javascript:|\sstyle=", page)
    for link in re.findall(r'href="(/pages/[^"#]+)', page):
        assert browser.get(link).status_code == 200, link
    assert browser.get("/pages/secrets").status_code == 404

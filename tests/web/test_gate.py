"""Who may go where, what a form must carry, and what every answer bears."""

from __future__ import annotations

import logging
import re

import pytest
from starlette.testclient import TestClient

from eutonia.doors.web.app import WAYS, application
from eutonia.doors.web.gate import LARGEST
from tests.web.conftest import PASSWORD

ROLES = {"nobody": None, "reader": "reader", "checker": "okoro", "clinician": "dale", "administrator": "admin"}

# Written by hand, not taken from the code: r reader, k checker, c clinician, a administrator, * anybody.
MAY = {
    "GET /login": "*", "POST /login": "*", "GET /openid": "*", "GET /openid/back": "*", "GET /health": "*", "GET /feed/{key}.ics": "*",
    "POST /logout": "rkca", "GET /account": "rkca", "POST /account": "rkca", "GET /": "rkca",
    "GET /facts": "rkca", "GET /why/{id}": "rkca", "GET /pages": "rkca", "GET /pages/{name}": "rkca",
    "GET /panel": "rkc", "POST /panel": "rkc", "GET /calendar": "rkc", "GET /charts": "rkc",
    "GET /charts/{chart}": "rkc", "GET /charts/{chart}/timeline": "rkc", "GET /charts/{chart}/history": "rkc",
    "POST /charts/{chart}/whatif": "rkc", "GET /charts/{chart}/paper/{kind}": "rkc",
    "POST /charts": "c", "POST /charts/{chart}/strike/preview": "c", "POST /charts/{chart}/person": "c", "POST /charts/{chart}/strike": "c", "POST /charts/{chart}/classify": "c", "GET /charts/{chart}/write/{kind}": "c",
    "POST /charts/{chart}/write/{kind}/preview": "c", "POST /charts/{chart}/write/{kind}": "c",
    "GET /second": "kc", "GET /second/{draft}": "kc", "POST /second/{draft}": "kc", "POST /second/{draft}/withdraw": "kc",
    "GET /review/{review}": "kc", "POST /review/{review}": "kc",
    "GET /staff": "a", "POST /staff": "a", "GET /trail": "a",
}  # fmt: skip
LETTER = {"reader": "r", "checker": "k", "clinician": "c", "administrator": "a"}


def path_of(way: str, chart: str) -> tuple[str, str]:
    method, _, path = way.partition(" ")
    for name, value in {
        "chart": chart,
        "kind": "contact",
        "draft": "none",
        "review": "none",
        "key": "none",
        "name": "chart",
        "id": "ADM-04",
    }.items():
        path = path.replace(f"{{{name}}}", value)
    return method, path


def test_the_table_names_every_way_there_is():
    assert {f"{way.method} {way.path}" for way in WAYS} == set(MAY)


@pytest.mark.hazard("H58")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_goes_only_where_it_may(role, office, pump, sign_in):
    """Every way of the table, for each role and for who is not signed in."""
    wrong = []
    for way, may in MAY.items():
        if way.endswith("/logout"):
            continue
        office.staff.change("admin", role="administrator")  # whoever was locked by a wrong password is free again
        method, path = path_of(way, pump)
        if ROLES[role] is None:
            browser = TestClient(application(office), base_url="http://127.0.0.1:8000", follow_redirects=False)
            answer = browser.request(method, path, data={} if method == "POST" else None)
            away = answer.status_code == 303 and answer.headers["location"] == "/login"
            let_in = not away and answer.status_code != 401
            expected = may == "*"
        else:
            browser = sign_in(ROLES[role])
            browser.client.follow_redirects = False
            if method == "GET":
                answer = browser.get(path)
            elif path == "/login":
                answer = browser.post(path, name=ROLES[role], password=PASSWORD)
            else:
                answer = browser.post(path)
            let_in = answer.status_code != 403
            expected = may == "*" or LETTER[role] in may
        assert answer.status_code < 500, (way, answer.status_code)
        # Refused sign-in attempts of nobody are 403 as well, and no way in.
        if let_in != expected and not (way == "POST /login" and role == "nobody"):
            wrong.append((way, answer.status_code))
    assert wrong == []


def test_who_is_refused_stands_in_the_trail(office, sign_in):
    sign_in("reader").get("/staff")
    last = office.trail.last(1)[0]
    assert (last.who, last.what) == ("reader", "was refused: the list of staff")


POSTS = [way for way in MAY if way.startswith("POST") and way != "POST /login"]


@pytest.mark.parametrize("way", POSTS)
def test_a_form_without_its_token_does_nothing(way, office, pump, sign_in):
    who = "admin" if MAY[way] == "a" else "dale"
    browser, before = sign_in(who), office.ledger.tip()
    _, path = path_of(way, pump)
    for token in ("", "wrong", browser.token[:-1]):
        answer = browser.client.post(
            path, data={"token": token, "at": "2026-05-02 08:00", "name": "reader", "do": "remove"}
        )
        assert answer.status_code == 403
        assert "older session" in answer.text
    assert office.ledger.tip() == before
    assert len(office.staff.everyone()) == 5


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_another_site_does_nothing(headers, office, sign_in):
    browser = sign_in("dale")
    for path in ("/panel", "/login", "/logout"):
        answer = browser.client.post(path, data={"token": browser.token}, headers=headers)
        assert answer.status_code == 403
        assert "another site" in answer.text
    assert browser.get("/panel").status_code == 200


def test_a_form_of_our_own_page_is_let_through(sign_in):
    browser = sign_in("dale")
    same = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    answer = browser.client.post("/panel", data={"token": browser.token, "sought": "ada"}, headers=same)
    assert answer.status_code == 200
    assert "Ada Sample" in answer.text


def test_a_session_is_over_after_signing_out_and_after_half_an_hour(clock, sign_in):
    browser = sign_in("dale")
    assert browser.get("/panel").url.path == "/panel"
    clock.on(minutes=31)
    assert browser.get("/panel").url.path == "/login"
    browser = sign_in("dale")
    browser.post("/logout")
    assert browser.get("/panel").url.path == "/login"


def test_what_was_entered_after_the_session_ended_is_refused_and_said_not_to_be_written(clock, office, pump, sign_in):
    browser, before = sign_in("dale"), office.ledger.tip()
    clock.on(minutes=31)
    answer = browser.post(f"/charts/{pump}/write/contact", at="2026-05-02 09:00")
    assert answer.status_code == 401
    assert "Nothing was written" in answer.text
    assert office.ledger.tip() == before


def test_the_cookie_is_kept_from_scripts_and_other_sites(client):
    answer = client.post("/login", data={"name": "dale", "password": PASSWORD}, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    secure = TestClient(client.app, base_url="https://127.0.0.1:8000")
    answer = secure.post("/login", data={"name": "dale", "password": PASSWORD}, follow_redirects=False)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_five_wrong_passwords_lock_a_name_and_the_page_says_how_long(client):
    for _ in range(5):
        answer = client.post("/login", data={"name": "dale", "password": "wrong wrong wrong"})
        assert answer.status_code == 403
    answer = client.post("/login", data={"name": "dale", "password": PASSWORD})
    assert answer.status_code == 403
    assert "15 minutes" in re.sub("&nbsp;|<[^>]+>", " ", answer.text)


def test_a_password_typed_as_a_name_does_not_get_into_the_trail(client, office):
    client.post("/login", data={"name": "my secret password", "password": "dale"})
    assert "secret" not in str(office.trail.last(9))
    assert office.trail.last(1)[0].who == "somebody unknown"


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example"])
def test_another_name_for_this_machine_is_refused(client, host):
    assert client.get("/login", headers={"host": host}).status_code == 400


def test_every_answer_bears_the_headers_that_keep_others_out(pump, sign_in, client):
    browser = sign_in("dale")
    for path in ("/panel", f"/charts/{pump}", "/nowhere", "/charts/nothing", "/static/workbench.js", "/health"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        if not path.startswith("/static"):
            assert answer.headers["cache-control"] == "no-store"


def test_no_page_holds_what_the_policy_forbids_or_asks_for_anything_elsewhere(pump, sign_in):
    browser = sign_in("dale")
    for path in (
        "/login",
        "/panel",
        "/calendar",
        "/charts",
        f"/charts/{pump}",
        f"/charts/{pump}/history",
        "/facts",
        "/account",
    ):
        page = browser.get(path).text
        assert not re.search(r"<style|<script(?! src=\"/static)|\sstyle=|\son[a-z]+=\"|javascript:", page), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page), path


def test_a_form_that_is_too_large_is_refused(office, sign_in):
    browser = sign_in("dale")
    answer = browser.client.post("/panel", data={"token": browser.token, "sought": "x" * LARGEST})
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"\xff\xfe", b"token", b"a=1&" * 200, b'{"token": 1}'])
def test_what_is_no_form_is_refused_and_breaks_nothing(body, sign_in):
    browser = sign_in("dale")
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.client.post("/panel", content=body, headers=kind).status_code == 403


def test_pages_that_are_not_there_say_so(sign_in):
    browser = sign_in("dale")
    for path in ("/nowhere", "/charts/nothing", "/charts/nothing/history", "/second/nothing", "/why/nothing"):
        assert browser.get(path).status_code == 404, path
    assert browser.client.put("/panel").status_code in (404, 405)


def test_beyond_the_capacity_a_request_is_refused_at_once_and_told_to_come_again(office):
    crowded = TestClient(application(office, capacity=0), base_url="http://127.0.0.1:8000")
    answer = crowded.get("/login")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert crowded.get("/health").status_code in (200, 503)
    assert "watching" in crowded.get("/health").text


def test_who_sends_slowly_or_never_ends_keeps_nobody_out(office):
    import asyncio

    app = application(office, capacity=1)
    stack = app.build_middleware_stack()

    async def ask(path: str, receive) -> int:
        seen = []

        async def send(message) -> None:
            if message["type"] == "http.response.start":
                seen.append(message["status"])

        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
                 "headers": [(b"host", b"127.0.0.1")], "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)}  # fmt: skip
        await stack({**scope, "app": app}, receive, send)
        return seen[0] if seen else 0

    async def never() -> dict[str, object]:
        await asyncio.sleep(3600)
        raise AssertionError

    async def ended() -> dict[str, object]:
        return {"type": "http.request", "body": b"name=dale&password=wrong+wrong+wrong", "more_body": False}

    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def all_at_once() -> None:
        slow = [asyncio.create_task(ask("/login", never)) for _ in range(40)]
        await asyncio.sleep(0.05)
        assert await ask("/login", ended) == 403
        assert await ask("/login", gone) == 0
        for each in slow:
            each.cancel()

    asyncio.run(all_at_once())


def test_a_failure_of_the_database_leaks_nothing_and_is_answered(office, pump, sign_in, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    browser = sign_in("dale")

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("SECRETSYMPTOM")

    monkeypatch.setattr(office.drafts, "open", fails)
    answer = browser.get("/panel")
    assert answer.status_code == 500
    assert "was noted" in answer.text
    monkeypatch.setattr(office.staff, "session", fails)
    assert browser.get("/panel").status_code == 500
    assert "SECRETSYMPTOM" not in caplog.text


# What stands on the patient's chart or is typed here; none of it can occur by chance in a token, a hash or an id.
_PRIVATE = ("Ada", "Sample", "1988-03-14", "SCI-017", "242.5 mcg", "242.5+mcg", "242.5%20mcg")


def without_random(text: str) -> str:
    """Return the text without what the server draws at random: tokens and ids, of letters, digits, '-' and '_' in one run."""
    return re.sub(r"(?<![\w-])(?=[\w-]*\d)[\w-]{16,}(?![\w-])", "*", text)


def test_a_token_is_cut_out_and_a_name_or_a_date_is_not():
    token = "x7Ada240-Sample_1988-03-14"
    assert without_random(f"/feed/{token}.ics") == "/feed/*.ics"
    for word in _PRIVATE:
        assert word in without_random(f"/charts/{'0' * 16}?sought={word}&token={token}")


@pytest.mark.hazard("H59")
def test_neither_logs_nor_addresses_hold_anything_of_a_patient(office, pump, sign_in, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    browser, addresses = sign_in("dale"), []
    for path in (
        "/panel",
        "/charts",
        "/account",
        f"/charts/{pump}",
        f"/charts/{pump}/history",
        f"/charts/{pump}?from=Ada&to=Sample",
    ):
        answer = browser.get(path)
        addresses += re.findall(r'(?:href|action)="([^"]*)"', answer.text)
    browser.post("/panel", sought="Ada Sample")
    browser.post(f"/charts/{pump}/whatif", way="program", dose="continuous 242.5 mcg/day")

    def breaks(*_: object) -> None:
        raise ValueError("Ada Sample, born 1988-03-14")

    monkeypatch.setattr("eutonia.doors.web.patient.timeline", breaks)
    answer = browser.get(f"/charts/{pump}")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    # The test client logs the address that the test itself asked for.
    log = without_random(caplog.text.replace("127.0.0.1:8000/charts/" + pump + "?from=Ada&to=Sample", ""))
    for word in _PRIVATE:
        assert word not in log
        assert not any(word in without_random(address) for address in addresses)
    assert "GET /charts/{chart}: ValueError" in caplog.text

"""How a record and the service talk: the list of services, what is refused, what is missing, what is fetched and kept."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from eutonia.doors import hooks
from eutonia.doors.hooks import Client, Trust
from eutonia.doors.hooks.card import plainly, short
from eutonia.doors.hooks.services import QUERIES
from tests.doors.test_hooks import (
    HOOKS,
    SELECT,
    SIGN,
    TAKES,
    VIEW,
    Resource,
    ask,
    call,
    measured,
    office,
    order,
    page,
    patient,
    prefetch,
    send,
    topics,
)

DOSE = order("baclofen 20 MG Oral Tablet", "20 mg four times a day")
SERVER = "https://fhir.example/r4"
ACCESS = {"fhirServer": SERVER, "fhirAuthorization": {"access_token": "s3cret", "token_type": "Bearer", "expires_in": 300,
          "scope": "patient/*.read", "subject": "eutonia"}}  # fmt: skip


def refused(answer: httpx.Response, status: int) -> str:
    """What an OperationOutcome of this status says."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    assert body["issue"][0]["severity"] == "error"
    says: str = body["issue"][0]["diagnostics"]
    return says


def post(body: Any, service: str = SIGN, **more: Any) -> httpx.Response:
    """One call."""
    return send("POST", f"/cds-services/{service}", body, **more)


# --- the list of services ---------------------------------------------------------------------------------------------


def test_the_list_has_one_service_for_each_moment_and_one_address_for_each():
    answer = send("GET", "/cds-services")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    services = answer.json()["services"]
    assert {each["hook"] for each in services} == {"patient-view", "order-select", "order-sign"}
    assert len({each["id"] for each in services}) == 3
    for each in services:
        assert all(isinstance(each[name], str) and each[name] for name in ("title", "description", "version"))
        assert isinstance(each["usageRequirements"], str)


def test_prefetch_asks_only_in_the_way_that_every_record_can_answer():
    for each in QUERIES:
        kind, _, search = each.query.partition("?")
        assert each.query.count("{{") == each.query.count("}}") == each.query.count("{{context.patientId}}") == 1
        if not search:
            assert kind == "Patient/{{context.patientId}}"
            continue
        names = dict(part.split("=", 1) for part in search.split("&"))
        assert names.pop("patient") == "{{context.patientId}}"
        assert set(names) <= {"code", "status", "_sort", "_count"}
        assert "," not in search


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["hook", "hookInstance", "context"])
def test_a_call_without_a_needed_field_is_refused_with_its_name(gone):
    body = call(SIGN, DOSE)
    del body[gone]
    assert gone in refused(post(body), 400)


@pytest.mark.parametrize("service", [VIEW, SELECT, SIGN])
def test_a_service_answers_only_its_own_hook(service):
    for other in set(HOOKS.values()) - {HOOKS[service]}:
        assert HOOKS[service] in refused(post(call(service, DOSE) | {"hook": other}, service), 400)


@pytest.mark.parametrize("id_", ["", None, 17, "Patient/17", "1 7", "x" * 65])
def test_a_call_without_a_plain_id_of_one_patient_is_refused(id_):
    assert "context.patientId" in refused(post(call(SIGN, DOSE, context={"patientId": id_})), 400)


@pytest.mark.parametrize("drafts", [None, {}, [], {"resourceType": "Patient"}, {"entry": 7}])
def test_a_call_about_orders_needs_a_bundle_of_them(drafts):
    assert "draftOrders" in refused(post(call(SIGN, context={"draftOrders": drafts})), 400)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[]", b"7", b"null", b'"' * 3, b"[" * 200_000, b'{"hook": 1e999}']
)
def test_a_body_that_is_no_call_is_refused(body):
    refused(post(body), 400)


def test_an_unknown_service_a_wrong_method_and_a_wrong_type_of_body_are_refused():
    assert SIGN in refused(post(call(SIGN), "nobody"), 404)
    assert SIGN in refused(send("POST", "/cds-services/nobody/feedback", {}), 404)
    answer = send("GET", f"/cds-services/{SIGN}")
    refused(answer, 405)
    assert answer.headers["allow"] == "POST, OPTIONS"
    refused(send("DELETE", "/cds-services"), 405)
    refused(post(call(SIGN), headers={"Content-Type": "text/plain"}), 415)
    refused(post(b" " * (17 * 1024 * 1024)), 413)


# --- the right patient ------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H10")
@pytest.mark.parametrize(
    "body",
    [
        call(SIGN, DOSE, sent=prefetch(patient=patient(id="18"))),
        call(SIGN, DOSE, context={"patientId": "18"}),
        call(SIGN, DOSE | {"subject": {"reference": "Patient/18"}}),
        call(SIGN, DOSE | {"subject": {"reference": "https://other.example/Patient/17"}}),
        call(SIGN, DOSE | {"subject": {"display": "Ann"}}),
        call(SIGN, DOSE, sent=prefetch(orders=page(order("oxycodone") | {"subject": {"reference": "Patient/18"}}))),
        call(SIGN, DOSE, sent=prefetch(conditions=page(patient(id="18")))),
    ],
    ids=["prefetch", "context", "draft", "server", "name only", "order", "second patient"],
)
def test_an_answer_about_one_patient_is_never_made_from_another(body):
    says = refused(post(body), 422)
    assert "18" not in says
    assert "Ann" not in says


@pytest.mark.hazard("H10")
def test_the_patient_that_is_sent_is_the_one_of_the_context_also_where_nothing_else_names_one():
    bare = {each.key: None for each in QUERIES} | {"patient": patient(id="18")}
    draft = {key: each for key, each in DOSE.items() if key != "subject"}
    assert "context.patientId" in refused(post(call(SIGN, draft, sent=bare)), 422)


def test_references_of_the_records_own_server_are_of_the_same_patient():
    whole = {"reference": f"{SERVER}/Patient/17"}
    sent = prefetch(orders=page(order("baclofen", "10 mg three times a day", "a1", "active") | {"subject": whole}))
    cards = ask(SIGN, order("oxycodone 5 MG") | {"subject": whole}, sent=sent, fhirServer=SERVER)
    assert topics(cards) == {"interactions-cns": "warning"}


def test_a_draft_without_a_subject_is_of_the_patient_in_whose_chart_it_is_written():
    draft = {key: each for key, each in DOSE.items() if key != "subject"}
    assert topics(ask(SIGN, draft))["dose"] == "critical"


# --- what is missing --------------------------------------------------------------------------------------------------

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
NEXT = {"link": [{"relation": "next", "url": f"{SERVER}/next?page=2"}]}


def without(*keys: str, **more: Any) -> Resource:
    """The prefetch with some keys declined."""
    return {key: each for key, each in prefetch(**more).items() if key not in keys}


@pytest.mark.parametrize(
    "sent", [without("patient"), without("orders"), {}, None, prefetch(patient=None), prefetch(patient=OUTCOME)]
)
def test_without_the_patient_or_the_orders_there_is_no_answer(sent):
    assert "prefetch" in refused(post(call(SIGN, DOSE) | {"prefetch": sent}), 412)


def card_of(cards: list[Resource], topic: str) -> Resource:
    """The one card about a topic."""
    (found,) = [each for each in cards if each["source"]["topic"]["code"] == topic]
    return found


def test_what_was_declined_is_not_checked_and_what_holds_nothing_is_a_finding():
    kidneys = ("creatinine", "creatinineBlood", "egfr2021", "egfr2009", "egfrMdrd", "egfrMdrdAlso")
    small = order("baclofen", "5 mg three times a day")
    declined = ask(SIGN, small, sent=without(*kidneys))
    assert topics(declined) == {"not-checked": "warning"}
    assert "creatinine: was not sent" in declined[0]["detail"]
    assert "Kidney function is unknown" in declined[0]["detail"]
    empty = ask(SIGN, small, sent=prefetch(**dict.fromkeys(kidneys)))
    assert topics(empty) == {"kidney": "critical"}


def test_an_error_in_the_place_of_data_is_not_checked():
    for value in (OUTCOME, page(OUTCOME)):
        card = card_of(ask(SIGN, DOSE, sent=prefetch(allergies=value)), "not-checked")
        assert "allergies: could not be read by the record system" in card["detail"]
        assert "Allergies have not been asked" in card["detail"]
    hint = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
    assert "not-checked" not in topics(ask(SIGN, DOSE, sent=prefetch(statements=page(hint))))


def test_orders_that_failed_leave_the_dose_not_checked_instead_of_judged_from_nothing():
    cards = ask(SIGN, DOSE, sent=prefetch(orders=OUTCOME))
    assert "dose" not in topics(cards)
    assert "80 mg daily by mouth" in card_of(cards, "not-checked")["summary"]


def test_a_page_that_is_not_the_last_is_said_to_be_incomplete():
    card = card_of(ask(SIGN, DOSE, sent=prefetch(conditions=page(**NEXT))), "not-checked")
    assert "conditions: goes on after the pages that were sent" in card["detail"]


@pytest.mark.parametrize("value", [7, "x", [], {}, {"resourceType": "Patient"}])
def test_a_prefetch_of_something_else_is_not_checked(value):
    assert "came as something else" in card_of(ask(SIGN, DOSE, sent=prefetch(weight=value)), "not-checked")["detail"]


# --- what is fetched --------------------------------------------------------------------------------------------------


class Server:
    """A FHIR server that counts what it is asked."""

    def __init__(self, **held: Resource) -> None:
        self.held = held
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.headers.get("authorization") != "Bearer s3cret":
            return httpx.Response(401)
        if request.url.path == "/r4/Patient/17":
            return httpx.Response(200, json=patient())
        if request.url.path == "/r4/next":
            return httpx.Response(200, json=self.held["next"])
        found = self.held.get(request.url.path.removeprefix("/r4/"))
        return httpx.Response(200, json=found or page())

    def client(self) -> httpx.Client:
        """A client that reaches this server only."""
        return httpx.Client(transport=httpx.MockTransport(self))


def test_with_access_to_the_server_nothing_need_be_sent_along():
    server = Server(MedicationRequest=TAKES)
    body = call(SIGN, order("oxycodone 5 MG")) | {"prefetch": {}} | ACCESS
    answer = post(body, at=office(http=server.client()))
    assert topics(answer.json()["cards"]) == {"interactions-cns": "warning"}
    assert len(server.asked) == len(QUERIES)
    assert all(each.url.host == "fhir.example" and each.method == "GET" for each in server.asked)


def test_what_was_sent_is_not_asked_for_again():
    server = Server()
    post(call(SIGN, DOSE, sent=without("weight")) | ACCESS, at=office(http=server.client()))
    assert [each.url.params["code"] for each in server.asked] == ["http://loinc.org|29463-7"]


def test_further_pages_are_read_from_the_same_server():
    opioid = order("oxycodone 5 MG", id_="a2", status="active")
    server = Server(next=page(opioid))
    sent = prefetch(orders=page(**NEXT))
    answer = post(
        call(SIGN, order("baclofen", "5 mg three times a day"), sent=sent) | ACCESS, at=office(http=server.client())
    )
    assert topics(answer.json()["cards"]) == {"interactions-cns": "warning"}
    assert [each.url.path for each in server.asked] == ["/r4/next"]


@pytest.mark.parametrize("url", ["https://other.example/next", "http://fhir.example/next", "https://fhir.example:8443/next",
                                 "https://fhir.example@other.example/next", "//other.example/next", "file:///etc/passwd"])  # fmt: skip
def test_the_token_goes_to_no_other_server_that_a_page_names(url):
    server = Server()
    sent = prefetch(conditions=page(link=[{"relation": "next", "url": url}]))
    answer = post(call(SIGN, DOSE, sent=sent) | ACCESS, at=office(http=server.client()))
    assert {each.url.host for each in server.asked} <= {"fhir.example"}
    assert {each.url.path for each in server.asked} <= {"/r4/Condition"}
    assert "goes on after the pages" in card_of(answer.json()["cards"], "not-checked")["detail"]


@pytest.mark.parametrize(
    "where",
    ["http://fhir.example/r4", "https://127.0.0.1/r4", "https://10.0.0.7/r4", "https://[::1]/r4", "https://localhost/r4",
     "https://metadata.internal/r4", "https://fhir.example@10.0.0.7/r4", "ftp://fhir.example", "https://", "nonsense"],
)  # fmt: skip
def test_no_server_is_asked_that_could_be_a_neighbour_or_is_not_https(where):
    server = Server()
    body = call(SIGN, DOSE) | {"prefetch": {}} | ACCESS | {"fhirServer": where}
    refused(post(body, at=office(http=server.client())), 412)
    assert server.asked == []


def test_where_there_is_a_list_of_servers_no_other_is_asked():
    server = Server()
    body = call(SIGN, DOSE) | {"prefetch": {}} | ACCESS
    elsewhere = office(http=server.client(), trust=Trust(fhir_servers=("https://mine.example/fhir",)))
    refused(post(body, at=elsewhere), 412)
    assert server.asked == []
    here = office(http=server.client(), trust=Trust(fhir_servers=("https://fhir.example/other",)))
    assert post(body, at=here).status_code == 200


def test_known_callers_get_no_server_asked_that_is_not_on_the_list():
    assert Trust((Client("https://ehr.example"),)).limits
    assert not Trust().limits


@pytest.mark.parametrize("more", [{"fhirServer": SERVER}, {"fhirAuthorization": ACCESS["fhirAuthorization"]},
                                  ACCESS | {"fhirAuthorization": {"access_token": "a\r\nX: y"}}])  # fmt: skip
def test_without_a_token_that_can_be_sent_no_server_is_asked(more):
    server = Server()
    refused(post(call(SIGN, DOSE) | {"prefetch": {}} | more, at=office(http=server.client())), 412)
    assert server.asked == []


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(500), httpx.Response(302, headers={"Location": "https://other.example"}), httpx.Response(200, text="<html>"),
     httpx.Response(200, json=[]), httpx.Response(200, content=b"[" * 100_000)],
)  # fmt: skip
def test_a_server_that_does_not_answer_leaves_things_not_checked(answer):
    client = httpx.Client(transport=httpx.MockTransport(lambda _: answer))
    found = post(call(SIGN, DOSE, sent=without("weight")) | ACCESS, at=office(http=client))
    assert "weight: was not sent" in card_of(found.json()["cards"], "not-checked")["detail"]


def test_a_server_that_hangs_is_left_in_time():
    def hang(request: httpx.Request) -> httpx.Response:
        assert max(request.extensions["timeout"].values()) <= 0.3
        raise httpx.ReadTimeout("late", request=request)

    client = httpx.Client(transport=httpx.MockTransport(hang))
    refused(post(call(SIGN, DOSE) | {"prefetch": {}} | ACCESS, at=office(http=client)), 412)


def test_a_server_that_answers_drop_by_drop_is_left_in_time():
    class Drops(httpx.SyncByteStream):
        def __iter__(self):
            for _ in range(8):
                time.sleep(0.1)
                yield b" "

    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=Drops())))
    begin = time.monotonic()
    refused(post(call(SIGN, DOSE) | {"prefetch": {}} | ACCESS, at=office(http=client)), 412)
    assert time.monotonic() - begin < 0.75


# --- what became of the cards -----------------------------------------------------------------------------------------

TAKEN = {
    "card": "c1",
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": "s1"}],
    "outcomeTimestamp": "2026-05-02T09:01:00Z",
}
PUT_ASIDE = {"card": "c2", "outcome": "overridden", "outcomeTimestamp": "2026-05-02T09:01:00Z",
             "overrideReason": {"reason": {"code": "managed", "system": "urn:eutonia:override-reason"}, "userComment": "seen"}}  # fmt: skip


def test_feedback_is_kept_as_told_also_when_it_is_told_twice_and_without_the_words_of_the_reason():
    kept: list[tuple[str, Resource]] = []
    at = office(keep=lambda service, feedback: kept.append((service, feedback)))
    for _ in range(2):
        answer = send("POST", f"/cds-services/{SIGN}/feedback", {"feedback": [TAKEN, PUT_ASIDE]}, at=at)
        assert answer.status_code == 200
    assert kept == [(SIGN, {"feedback": [TAKEN, PUT_ASIDE]})] * 2


@pytest.mark.parametrize(
    "body",
    [{}, {"feedback": 7}, {"feedback": [{}]}, {"feedback": [TAKEN | {"outcome": "liked"}]}, {"feedback": [TAKEN | {"card": " "}]},
     {"feedback": [{key: TAKEN[key] for key in ("card", "outcome", "outcomeTimestamp")}]}, b"nonsense"],
)  # fmt: skip
def test_feedback_that_is_none_is_refused(body):
    refused(send("POST", f"/cds-services/{SIGN}/feedback", body), 400)


# --- browsers, logs and neighbours ------------------------------------------------------------------------------------


def test_a_page_in_a_browser_may_call():
    ask_first = {"Origin": "https://ehr.example", "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "authorization,content-type"}  # fmt: skip
    for path in ("/cds-services", f"/cds-services/{SIGN}", f"/cds-services/{SIGN}/feedback"):
        answer = send("OPTIONS", path, headers=ask_first)
        assert answer.status_code == 200
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
    answer = post(call(SIGN, DOSE), headers={"Origin": "https://ehr.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    refusal = post({}, headers={"Origin": "https://ehr.example"})
    assert refusal.headers["access-control-allow-origin"] == "*"
    assert send("OPTIONS", "/cds-services").status_code == 204


def test_only_the_pages_on_the_list_may_call_where_there_is_one():
    at = office(origins=("https://ehr.example",))
    answer = post(call(SIGN, DOSE), headers={"Origin": "https://evil.example"}, at=at)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.hazard("H59")
def test_nothing_of_the_patient_is_in_a_log_or_an_error(caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    secret = "Quixote"
    sent = prefetch(
        patient=patient(name=[{"family": secret}]),
        conditions=page({"resourceType": "Condition", "code": {"text": secret}}),
    )
    server = Server()
    post(
        call(SIGN, DOSE, sent={key: each for key, each in sent.items() if key != "weight"}) | ACCESS,
        at=office(http=server.client()),
    )
    post(call(SIGN, DOSE | {"subject": {"reference": f"Patient/{secret}"}}, sent=sent))
    post(call(SIGN, DOSE, context={"patientId": secret}))

    def fails(*_: object) -> None:
        raise ValueError(secret)

    monkeypatch.setattr("eutonia.doors.hooks.door.answer", fails)
    answer = post(call(SIGN, DOSE, sent=sent))
    assert secret not in refused(answer, 500)
    text = " ".join(
        f"{each.name} {each.getMessage()} {each.exc_text}" for each in caplog.records if each.name != "asyncio"
    )
    assert "ValueError at" in text
    assert secret not in text
    assert "Patient/17" not in text
    assert "patient=17" not in text


def test_answers_are_not_kept_on_the_way():
    assert post(call(SIGN, DOSE)).headers["cache-control"] == "no-store"


def test_what_makes_the_cards_knows_no_web_server():
    for name in ("asked", "card", "cards", "drafts", "feedback", "options", "record", "services", "verdict"):
        text = Path(hooks.__file__).with_name(f"{name}.py").read_text("utf-8")
        assert "starlette" not in text
        assert "httpx" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2.5 mg", "2.5\u00a0mg"),
        ("- x", "\\- x"),
        ("12. x", "12\\. x"),
        ("a_b", "a\\_b"),
        ("&copy;", "\\&copy;"),
        ("x | y", "x \\| y"),
    ],
)
def test_marks_of_markdown_are_shown_as_they_are(text, shown):
    assert plainly(text) == shown


@pytest.mark.parametrize("text", ["", "a", "word " * 60, "x" * 300, "10 mg " * 60])
def test_a_summary_is_cut_between_words_and_never_longer_than_139_characters(text):
    found = short(text)
    assert len(found) <= 139
    assert not found.endswith("10…")


def test_measured_values_of_another_patient_refuse_the_call():
    sent = prefetch(weight=page(measured("29463-7", 72, "kg", subject={"reference": "Patient/99"})))
    assert "99" not in refused(post(call(SIGN, DOSE, sent=sent)), 422)

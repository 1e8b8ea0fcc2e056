"""The FHIR door over HTTP: what it says it can do it does, and what it cannot read it refuses without a name in it."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class
from starlette.applications import Starlette
from starlette.routing import Mount

import eutonia
from eutonia.chart import Chart
from eutonia.doors.fhir import chart_bundle, service, to_json
from eutonia.doors.fhir.service import LARGEST, Office, routes
from tests.charts import ORAL, PUMP
from tests.doors.test_fhir_out import checked, issues, resources

BASE = "http://testserver/fhir"
NOW = datetime(2026, 4, 1, 10, tzinfo=UTC)
NAMED = ORAL.replace("sex female", "sex female; name Zebulon Quixote")
PAGE = (Path(__file__).parents[2] / "docs" / "fhir.md").read_text("utf-8")


class Shelf:
    """Three charts in memory."""

    charts = {  # noqa: RUF012
        "c1": eutonia.read(NAMED),
        "c2": eutonia.read(PUMP.replace("A-17", "B-18")),
        "c3": eutonia.read("2026-01-05 person id 17/4 B\n"),
    }

    def chart(self, id: str) -> Chart:
        return self.charts[id]

    def of_person(self, person: str) -> str:
        return {"A-17": "c1", "B-18": "c2", "17/4 B": "c3"}[person]


class Door:
    """A client of the routes, without a network."""

    def __init__(self) -> None:
        office = Office(Shelf(), BASE, clock=lambda: NOW)
        self.app = Starlette(routes=[Mount("/fhir", routes=routes(office))])

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=f"{BASE}/") as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self._ask("POST", path, **options)


@pytest.fixture(scope="module")
def door() -> Door:
    return Door()


def got(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    found: dict[str, Any] = json.loads(answer.text, parse_float=Decimal)
    if found["resourceType"] == "Bundle":
        return checked(found) if "entry" in found else found
    get_fhir_model_class(found["resourceType"]).model_validate(found)
    return found


def refused(answer: httpx.Response, status: int) -> str:
    found = got(answer, status)
    assert found["resourceType"] == "OperationOutcome"
    (issue,) = found["issue"]
    assert issue["severity"] == "error"
    assert "Zebulon" not in answer.text
    assert "Quixote" not in answer.text
    return str(issue["diagnostics"])


def post(door: Door, path: str, body: object, kind: str = "application/fhir+json") -> httpx.Response:
    content = body if isinstance(body, (bytes, str)) else to_json(body)  # type: ignore[arg-type]
    return door.post(path, content=content, headers={"content-type": kind})


RECORD = chart_bundle(eutonia.read(NAMED))


def parameters(*given: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(given)}


# --- what it can do ---------------------------------------------------------------------------------------------------


def test_what_the_capability_statement_names_is_there_and_nothing_else(door):
    found = got(door.get("metadata"))
    assert (found["fhirVersion"], found["kind"]) == ("4.0.1", "instance")
    (rest,) = found["rest"]
    said = {(each["type"], action["code"]) for each in rest["resource"] for action in each["interaction"]} | {
        (each["type"], f"${op['name']}") for each in rest["resource"] for op in each.get("operation", [])
    }
    said |= {("", f"${op['name']}") for op in rest["operation"]} | {("", "metadata")}
    there = set()
    for route in routes(Office(Shelf(), BASE)):
        words = route.path.strip("/").split("/")
        match words:
            case [type_, "_search"]:
                there.add((type_, "search-type"))
            case [type_, "{id}", name]:
                there.add((type_, name))
            case [type_, _]:
                there.add((type_, "read"))
            case [name]:
                there.add(("", name))
    there.remove(("", "{rest:path}"))
    assert said == there
    definition = {op["definition"] for op in rest["operation"]}
    assert definition == {got(door.get("OperationDefinition/advise"))["url"]}


def sought(door: Door, body: str, kind: str = "application/x-www-form-urlencoded") -> httpx.Response:
    return door.post("Patient/_search", content=body, headers={"content-type": kind})


def test_a_patient_is_read_by_id_and_found_by_identifier(door):
    assert got(door.get("Patient/c1"))["name"] == [{"text": "Zebulon Quixote"}]
    for query in ("A-17", "urn:eutonia:person%7CA-17"):
        found = got(sought(door, f"identifier={query}"))
        assert (found["type"], found["total"]) == ("searchset", 1)
        assert found["entry"][0]["fullUrl"] == f"{BASE}/Patient/c1"
        assert found["entry"][0]["resource"]["id"] == "c1"
    for query in ("nobody", "http://other%7CA-17", "%7CA-17", "", "c1"):
        assert got(sought(door, f"identifier={query}"))["total"] == 0
    (entry,) = got(sought(door, "identifier=17/4+B"))["entry"]
    assert entry["resource"]["identifier"][0]["value"] == "17/4 B"


@pytest.mark.hazard("H59")
def test_no_address_holds_an_id_that_stands_on_a_chart(door):
    for path in ("Patient/c1", "Patient/c1/$everything", "Patient/c1/$advise"):
        found = got(door.get(path))
        text = json.dumps(found, default=str)
        assert "/Patient/A-17" not in text
        patients = [found] if found["resourceType"] == "Patient" else resources(found, "Patient")
        assert [each["id"] for each in patients] == ["c1"]
    refused(door.get("Patient/A-17"), 404)
    refused(door.get("Patient?identifier=A-17"), 404)


@pytest.mark.parametrize("body", ["", "name=Zebulon", "identifier=A-17&identifier=B-18", "\xff"])
def test_a_search_for_anything_else_is_refused(door, body):
    refused(sought(door, body), 400)


def test_a_search_in_another_form_or_with_words_in_the_address_is_refused(door):
    refused(sought(door, '{"identifier": "A-17"}', "application/json"), 415)
    refused(
        door.post(
            "Patient/_search?identifier=A-17",
            content="identifier=A-17",
            headers={"content-type": "application/x-www-form-urlencoded"},
        ),
        400,
    )


def test_everything_is_the_whole_chart(door):
    found = got(door.get("Patient/c2/$everything"))
    assert found["type"] == "searchset"
    assert {each["search"]["mode"] for each in found["entry"]} == {"match"}
    assert len(resources(found)) == len(resources(chart_bundle(Shelf.charts["c2"])))
    assert found["total"] == len(found["entry"])


@pytest.mark.parametrize("ask", ["get", "post", "empty"])
def test_a_patient_who_has_a_chart_here_is_advised_upon(door, ask):
    path = "Patient/c2/$advise"
    if ask == "get":
        answer = door.get(path, params={"now": "2026-03-25T10:00:00Z", "jurisdiction": "DE", "predictions": "false"})
    elif ask == "post":
        given = [
            {"name": "now", "valueDateTime": "2026-03-25T10:00:00Z"},
            {"name": "jurisdiction", "valueCode": "DE"},
            {"name": "predictions", "valueBoolean": False},
        ]
        answer = post(door, path, parameters(*given))
    else:
        answer = door.post(path)
    found = got(answer)
    (response,) = resources(found, "GuidanceResponse")
    assert response["moduleUri"] == f"{BASE}/OperationDefinition/advise"
    assert response["occurrenceDateTime"] == ("2026-04-01" if ask == "empty" else "2026-03-25") + "T10:00:00+00:00"
    assert bool(resources(found, "RiskAssessment")) == (ask == "empty" and bool(resources(found, "CarePlan")))
    assert ("DE" in str(resources(found, "Provenance")[-1]["entity"])) == (ask != "empty")


def test_a_record_that_comes_with_the_question_is_advised_upon(door):
    bare = post(door, "$advise", RECORD)
    wrapped = post(door, "$advise", parameters({"name": "bundle", "resource": RECORD}))
    assert got(bare) == got(wrapped)
    assert bare.content == post(door, "$advise", RECORD, "application/json; charset=utf-8").content
    assert resources(got(bare), "Patient")[0]["identifier"][0]["value"] == "A-17"


def test_the_example_of_the_page_is_what_the_door_answers(door):
    question, answer = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[:2]
    found = got(post(door, "$advise", question))
    shown = json.loads(answer, parse_float=Decimal)
    assert any(each | shown == each for each in resources(found))
    stays = {"id", "patient", "author", "evidence"}
    assert {*shown, *stays} in [set(each) for each in resources(found, "DetectedIssue")]


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON: it is malformed"),
        (b'{"resourceType": "Bundle", "type": "collection", "x": "\xff"}', 400, "no UTF-8"),
        (b"[1]", 400, "another type"),
        (b'{"resourceType": 7}', 400, "another type"),
        (b'{"resourceType": "Patient", "name": [{"text": "Zebulon"}]}', 400, "it is 'Patient'"),
        (b'{"resourceType": "Zebulon Quixote"}', 400, "it is something else"),
        (b'{"resourceType": "Bundle", "resourceType": "Bundle"}', 422, "stands twice"),
        (b'{"resourceType": "Bundle", "type": "history"}', 422, "Bundle.type is 'history'"),
        (b'{"resourceType": "Bundle", "type": "collection"}', 422, "no Patient is in this bundle"),
        (
            b'{"resourceType": "Bundle", "type": "collection", "a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
            400,
            "nested",
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_what_and_where(door, body, status, says):
    assert says in refused(post(door, "$advise", body), status)


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        ([], 400, "a parameter 'bundle'"),
        (
            [{"name": "Quixote", "valueString": "x"}],
            400,
            "Parameters.parameter[0]: the name something else is none of bundle, now",
        ),
        ([{"name": "now", "valueDateTime": "2026-04-01"}] * 2, 400, "parameter[1]: the name 'now' stands twice"),
        ([{"name": "now", "valueString": "2026-04-01"}], 400, "'now' needs valueDateTime or valueInstant"),
        ([{"name": "now", "valueDateTime": 7}], 400, "parameter[0] lacks a field, or has one of another type"),
        ([{"valueDateTime": "2026-04-01"}], 400, "parameter[0] lacks a field"),
        ([{"name": "jurisdiction", "valueCode": "FR"}], 400, "one of US, DE, UK"),
        ([{"name": "bundle", "resource": {"resourceType": "Patient"}}], 400, "must be a Bundle"),
        ([{"name": "now", "valueDateTime": "2026-13-01"}, {"name": "bundle", "resource": RECORD}], 400, "not a date"),
    ],
)
def test_parameters_that_are_not_understood_are_refused(door, given, status, says):
    assert says in refused(post(door, "$advise", parameters(*given)), status)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Patient/nobody", 404),
        ("Patient/nobody/$everything", 404),
        ("Patient/nobody/$advise", 404),
        ("Patient/c1/$everything?start=2026", 400),
        ("Patient/c1/$advise?now=yesterday", 400),
        ("Patient/c1/$advise?predictions=perhaps", 400),
        ("Patient/c1/$advise?who=Quixote", 400),
        ("metadata?_format=xml", 406),
    ],
)
def test_an_address_that_means_nothing_is_refused(door, path, status):
    refused(door.get(path), status)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "Observation/1"), ("PUT", "Patient/c1"), ("GET", "$advise"), ("POST", "metadata")]
)
def test_what_the_door_does_not_do_is_refused_in_words_of_fhir(door, method, path):
    assert "metadata says what does" in refused(door._ask(method, path), 404)


def test_a_bundle_for_a_patient_with_a_chart_here_is_refused(door):
    assert "no bundle may be given" in refused(post(door, "Patient/c2/$advise", RECORD), 400)


def test_two_patients_in_one_body_are_refused_by_their_ids(door):
    two = json.loads(to_json(RECORD))
    other = {"resourceType": "Patient", "id": "C-19", "name": [{"text": "Quixote Zebulon"}]}
    two["entry"].append({"fullUrl": "urn:uuid:c19", "resource": other})
    assert "two patients in one file" in refused(post(door, "$advise", json.dumps(two)), 422)


def test_only_fhir_in_json_goes_in_and_out(door):
    refused(post(door, "$advise", RECORD, "application/fhir+xml"), 415)
    refused(door.get("metadata", headers={"accept": "application/fhir+xml"}), 406)
    got(door.get("metadata", headers={"accept": "text/html, */*;q=0.1"}))


def test_a_body_beyond_the_limit_is_refused(door, monkeypatch):
    assert LARGEST >= 2**24
    monkeypatch.setattr(service, "LARGEST", 1000)
    refused(post(door, "$advise", b" " * 1001), 413)


def test_issues_of_a_record_come_back_with_the_answer(door):
    weight = {
        "resourceType": "Observation",
        "status": "entered" + "-in-error",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
    }
    record = json.loads(to_json(RECORD))
    weight["subject"] = {"reference": record["entry"][0]["fullUrl"]}
    record["entry"].append({"fullUrl": "urn:uuid:0b5f5d2e-5a3c-4a52-8a2e-0f3f0b1c2d3e", "resource": weight})
    answer = post(door, "$advise", json.dumps(record))
    assert "counts only where the status is" in answer.text
    found = json.loads(answer.text)
    assert any("Observation" in each["diagnostics"] for each in issues(found))

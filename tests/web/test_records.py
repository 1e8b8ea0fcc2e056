"""What other programs may ask: who gets in, what is noted, and that the OpenAPI document says what is so."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey
from schemathesis.specs.openapi import checks as conformance
from starlette.testclient import TestClient

import eutonia
from eutonia.doors.fhir import chart_bundle, to_json
from eutonia.doors.hooks import Client, Trust
from eutonia.doors.web.app import WAYS, application
from eutonia.doors.web.records import read_trust
from tests.web.conftest import PASSWORD, PUMP

BASE = "http://127.0.0.1:8000"
KEY = ECKey.generate_key("P-384", {"kid": "k1"})
TRUST = Trust((Client("https://record.example", keys={"keys": [KEY.as_dict(private=False)]}),))
_JTI = iter(range(10**6))


def token(clock, aud: str = f"{BASE}/fhir", iss: str = "https://record.example") -> dict[str, str]:
    now = clock().timestamp()
    claims = {"iss": iss, "aud": aud, "iat": now, "exp": now + 300, "jti": str(next(_JTI))}
    text = jwt.encode({"alg": "ES384", "kid": "k1", "typ": "JWT"}, claims, KEY, algorithms=["ES384"])
    return {"authorization": f"Bearer {text}"}


@pytest.fixture
def record(office) -> TestClient:
    """A record system that is trusted."""
    return TestClient(application(office, url=BASE, trust=TRUST, alone=False), base_url=BASE)


def test_who_is_signed_in_and_may_look_asks_fhir_and_it_is_noted(office, pump, sign_in):
    answer = sign_in("reader").get(f"/fhir/Patient/{pump}")
    assert answer.status_code == 200
    assert answer.json()["id"] == pump
    last = office.trail.last(1)[0]
    assert (last.who, last.what, last.chart) == ("reader", "asked FHIR for a patient", pump)


@pytest.mark.parametrize("path", ["Patient/x", "Patient/x/$everything", "Patient/x/$advise", "$advise", "anything"])
def test_nobody_else_gets_in(path, client, sign_in, office):
    assert client.get(f"/fhir/{path}").status_code == 401
    assert client.post(f"/fhir/{path}", content="{}").status_code == 401
    assert client.get(f"/fhir/{path}").headers["content-type"] == "application/fhir+json"
    assert sign_in("admin").get(f"/fhir/{path}").status_code == 403


def test_what_says_nothing_of_a_patient_is_open(client):
    assert client.get("/fhir/metadata").json()["resourceType"] == "CapabilityStatement"
    assert client.get("/fhir/OperationDefinition/advise").status_code == 200


def test_a_trusted_record_asks_with_its_token_and_once(record, clock, pump, office):
    bearer = token(clock)
    answer = record.get(f"/fhir/Patient/{pump}", headers=bearer)
    assert answer.status_code == 200
    assert office.trail.last(1)[0].who == "https://record.example"
    assert record.get(f"/fhir/Patient/{pump}", headers=bearer).status_code == 401, "a token is good once"
    for wrong in (token(clock, aud=f"{BASE}/cds-services"), token(clock, iss="https://elsewhere.example"), {}):
        assert record.get(f"/fhir/Patient/{pump}", headers=wrong).status_code == 401
    bearer = token(clock)
    clock.on(minutes=10)
    assert record.get(f"/fhir/Patient/{pump}", headers=bearer).status_code == 401


def test_a_form_of_another_site_cannot_use_somebodys_session(sign_in):
    browser = sign_in("dale")
    kind = {"content-type": "application/x-www-form-urlencoded", "origin": "https://elsewhere.example"}
    assert browser.client.post("/fhir/Patient/_search", content="identifier=SCI-017", headers=kind).status_code == 403


def test_a_patient_is_found_by_the_id_on_the_chart_and_advised_on(pump, sign_in):
    browser = sign_in("dale")
    kind = {"content-type": "application/x-www-form-urlencoded"}
    found = browser.client.post("/fhir/Patient/_search", content="identifier=SCI-017", headers=kind).json()
    assert [each["resource"]["id"] for each in found["entry"]] == [pump]
    advice = browser.get(f"/fhir/Patient/{pump}/$advise?predictions=false").json()
    assert {each["resource"]["resourceType"] for each in advice["entry"]} >= {"Patient", "CarePlan", "DetectedIssue"}


def test_without_anybody_to_trust_a_server_for_others_has_no_cds_hooks(office):
    others = TestClient(application(office, url="https://eutonia.example", alone=False), base_url=BASE)
    assert others.get("/cds-services").status_code == 404
    alone = TestClient(application(office), base_url=BASE)
    assert alone.get("/cds-services").status_code == 200


def test_feedback_is_kept(client, office):
    said = {"feedback": [{"card": "c1", "outcome": "overridden", "outcomeTimestamp": "2026-05-02T09:00:00Z",
                          "overrideReason": {"reason": {"code": "managed", "system": "urn:eutonia:override-reason"}}}]}  # fmt: skip
    assert client.post("/cds-services/baclofen-order-sign/feedback", json=said).status_code == 200
    ((_, service, kept),) = office.feedback.all()
    assert service == "baclofen-order-sign"
    assert kept["feedback"][0]["card"] == "c1"


def test_who_may_call_is_read_from_a_file_and_what_does_not_read_is_said(tmp_path):
    path = tmp_path / "trust.json"
    path.write_text(json.dumps({"clients": [{"iss": "https://record.example", "jku": "https://record.example/jwks"}]}))
    assert read_trust(path).clients[0].iss == "https://record.example"
    path.write_text('{"clients": [{"jku": 7}]}')
    with pytest.raises(ValueError, match=r"trust\.json"):
        read_trust(path)
    with pytest.raises(ValueError, match="No such file"):
        read_trust(tmp_path / "nothing.json")


# -- OpenAPI -------------------------------------------------------------------------------------------------------------


def test_the_document_names_every_way_and_every_service(client):
    found = client.get("/openapi.json").json()
    there = {f"{method.upper()} {path}" for path, ways in found["paths"].items() for method in ways}
    assert {f"{way.method} {way.path}" for way in WAYS} <= there
    services = {each["id"] for each in client.get("/cds-services").json()["services"]}
    assert {f"POST /cds-services/{id}" for id in services} <= there
    assert {f"POST /cds-services/{id}/feedback" for id in services} <= there
    assert len(there) == len(WAYS) + 8 + 1 + 2 * len(services)


RECORD = json.loads(to_json(chart_bundle(eutonia.read(str(PUMP)))))
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(max_size=6)
    | st.sampled_from(["2026-05-01", "active", "mg"])
)
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6)  # fmt: skip


@st.composite
def shaped(draw: st.DrawFn) -> bytes:
    """A bundle as FHIR has it, with something in it that is not."""
    bundle: dict[str, Any] = json.loads(json.dumps(RECORD))
    entries = bundle["entry"]
    keep = draw(st.lists(st.integers(0, len(entries) - 1), max_size=8, unique=True))
    bundle["entry"] = [entries[n] for n in sorted({0, *keep})]
    for _ in range(draw(st.integers(0, 2))):
        resource = draw(st.sampled_from(bundle["entry"]))["resource"]
        resource[draw(st.sampled_from(sorted(resource)))] = draw(ANYTHING)
    whole = draw(
        st.sampled_from([bundle, {"resourceType": "Parameters", "parameter": [{"name": "bundle", "resource": bundle}]}])
    )
    return json.dumps(draw(st.sampled_from([whole, whole, whole, draw(ANYTHING)]))).encode()


schemathesis.openapi.media_type("application/fhir+json", shaped())


CHECKS = (
    schemathesis.checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_schema_conformance,
)


def test_whatever_is_asked_is_answered_as_the_document_says(office, pump):
    """No failure of the server; no status, kind of content or shape that is not in the document."""
    # The server knows itself by the name that schemathesis calls it.
    app = application(office, hosts=("testserver",), url="http://testserver")
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    seen = []
    for operation in (each.ok() for each in schema.get_all_operations()):

        @settings(
            max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
        )
        @given(case=operation.as_strategy())
        def answered(case: schemathesis.Case) -> None:
            key, session = office.staff.sign_in("dale", PASSWORD)
            # A chart that is there, or most answers would say that it is not.
            there = {"chart": pump, "id": pump if case.path.startswith("/fhir") else "ADM-04"}
            there["kind"] = "sheet" if "/paper/" in case.path else "weight"
            case.path_parameters = {name: there.get(name, value) for name, value in case.path_parameters.items()}
            if isinstance(case.body, dict) and case.media_type == "application/x-www-form-urlencoded":
                case.body = {**case.body, "token": session.form}
            # Nobody's password is changed, or nobody could sign in for the next call.
            if case.path not in ("/account", "/staff"):
                case.call_and_validate(cookies={"eutonia": key}, checks=CHECKS)

        answered()
        seen.append(operation.label)
    assert len(seen) == len(WAYS) + 15

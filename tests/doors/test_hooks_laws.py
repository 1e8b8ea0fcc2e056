"""What holds for every call: an answer or a refusal, both JSON and both whole; and no option that the guard would refuse."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from eutonia.chart.fhir.dosage import read_dosage
from eutonia.doors.hooks.asked import Asked
from eutonia.plan.plan import Plan
from eutonia.plan.typed import typed
from tests.doors.test_hooks import (
    NOW,
    SELECT,
    SIGN,
    TAKES,
    VIEW,
    Resource,
    ask,
    call,
    dose,
    into_the_spine,
    measured,
    order,
    page,
    prefetch,
    send,
)

Path = tuple[str | int, ...]

WHOLE = {
    service: call(
        service,
        order("baclofen 20 MG", "20 mg four times a day", priorPrescription={"reference": "MedicationRequest/a1"}),
        into_the_spine(dose(50, "mcg"), id_="d2"),
        order("oxycodone 5 MG", "5 mg twice a day", id_="d3"),
        sent=prefetch(orders=TAKES, devices=page({"resourceType": "Device", "status": "active"})),
        fhirServer="https://fhir.example",
        fhirAuthorization={"access_token": "s", "token_type": "Bearer"},
    )
    for service in (SIGN, SELECT, VIEW)
}
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["", [], {}, [[]], [{}], "Patient/17", "17", "draft", "\ud800", {"reference": "Patient/18"}, "1e999"]
    ),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


def paths(value: Any, here: Path = ()) -> list[Path]:
    """The place of everything inside a value."""
    found = [here] if here else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [path for key, each in items for path in paths(each, (*here, key))]


def whole(answer: Any, at: str = "") -> None:
    """Nothing null and nothing empty, but the list of cards itself."""
    assert answer is not None, at
    assert answer not in ("", {}), at
    assert answer != [] or at == "/cards", at
    items = answer.items() if isinstance(answer, dict) else enumerate(answer) if isinstance(answer, list) else ()
    for key, each in items:
        whole(each, f"{at}/{key}")


PLACES = {service: paths(body) for service, body in WHOLE.items()}


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, bytes]:
    """A service, and the body of a call in which something is missing or is nonsense."""
    service = draw(st.sampled_from([SIGN, SIGN, SELECT, VIEW]))
    body = copy.deepcopy(WHOLE[service])
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(PLACES[service]))
        place: Any = body
        try:
            for step in path[:-1]:
                place = place[step]
            if draw(st.booleans()):
                del place[path[-1]]
            else:
                place[path[-1]] = draw(JUNK)
        except (KeyError, IndexError, TypeError):
            continue
    return service, json.dumps(body).encode()


@settings(max_examples=150, deadline=None)
@given(spoilt())
def test_leaving_out_what_nobody_reads_leaves_the_answer_as_it_was(given):
    service, body = given
    quick = send("POST", f"/cds-services/{service}", body)
    with patch("eutonia.doors.hooks.asked._decoded", msgspec.json.Decoder(Asked).decode):
        slow = send("POST", f"/cds-services/{service}", body)
    assert (quick.status_code, quick.json()) == (slow.status_code, slow.json())


@settings(max_examples=300, deadline=None)
@given(spoilt())
def test_every_call_is_answered_or_refused_in_json_and_never_with_anything_empty(given):
    service, body = given
    answer = send("POST", f"/cds-services/{service}", body)
    assert answer.status_code == 200 or 400 <= answer.status_code < 500, answer.text
    whole(answer.json())
    for card in answer.json().get("cards", []):
        assert len(card["summary"]) < 140
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        for action in (each for option in card.get("suggestions", []) for each in option["actions"]):
            assert ("resource" in action) != (action["type"] == "delete")
            assert ("resourceId" in action) == (action["type"] == "delete")
    assert "systemActions" not in answer.json()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_json(body):
    for path in (f"/cds-services/{SIGN}", f"/cds-services/{SIGN}/feedback"):
        answer = send("POST", path, body)
        assert 400 <= answer.status_code < 500
        assert answer.json()["resourceType"] == "OperationOutcome"


DOSES = st.tuples(st.integers(1, 40).map(lambda n: Decimal(n) * Decimal("2.5")), st.integers(1, 5))


@settings(max_examples=60, deadline=None)
@given(DOSES, st.one_of(st.none(), DOSES), st.integers(10, 120), st.integers(0, 90))
def test_every_regimen_that_is_laid_beside_an_order_is_within_the_guard(drafted, taken, egfr, age):
    def says(each: tuple[Decimal, int]) -> str:
        return f"{each[0]:f} mg {({1: 'once', 2: 'twice'}).get(each[1], f'{each[1]} times')} a day"

    kidney = page(measured("98979-8", egfr, "mL/min/{1.73_m2}"))
    orders = None if taken is None else page(order("baclofen", says(taken), "a1", "active"))
    born = {"resourceType": "Patient", "id": "17", "gender": "male", "birthDate": f"{2026 - age}-01-01"}
    sent = prefetch(creatinine=None, egfr2021=kidney, orders=orders, patient=born)
    prior = {"priorPrescription": {"reference": "MedicationRequest/a1"}} if taken else {}
    for card in ask(SIGN, order("baclofen", says(drafted), **prior), sent=sent):
        for option in card.get("suggestions", []):
            for action in option["actions"]:
                if action["type"] == "update":
                    _within(action["resource"], sent, prior)


def _within(resource: Resource, sent: Resource, prior: Resource) -> None:
    from eutonia.advice import examined
    from eutonia.doors.hooks.asked import read
    from eutonia.doors.hooks.record import gathered, read_chart

    asked = read(json.dumps(call(SIGN, resource, sent=sent)).encode(), SIGN)
    seen = examined(read_chart(gathered(asked, sent).entries, NOW, "UTC"), NOW)
    regimen = read_dosage(resource["dosageInstruction"])
    assert isinstance(typed(seen.facts, seen.pump, seen.findings, regimen), Plan)
    assert resource.get("priorPrescription") == prior.get("priorPrescription")

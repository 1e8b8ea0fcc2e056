"""What a record gets back while orders are written: situations of a clinic, each with the cards that belong to it."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx
import pytest
from fhir.resources.R4B.medicationrequest import MedicationRequest
from starlette.applications import Starlette

from eutonia.chart import from_text
from eutonia.chart.fhir.fields import SNOMED
from eutonia.doors.hooks import Office, routes
from eutonia.doors.hooks.asked import read
from eutonia.doors.hooks.cards import Place, on_chart
from eutonia.doors.hooks.record import Record
from eutonia.doors.hooks.services import QUERIES

Resource = dict[str, Any]

URL = "http://127.0.0.1:8000"
NOW = datetime(2026, 5, 2, 9, tzinfo=UTC)
ME = {"reference": "Patient/17"}
SIGN, SELECT, VIEW = "baclofen-order-sign", "baclofen-order-select", "baclofen-patient-view"
HOOKS = {SIGN: "order-sign", SELECT: "order-select", VIEW: "patient-view"}


# --- what a record sends ----------------------------------------------------------------------------------------------


def patient(**more: Any) -> Resource:
    """The patient of the calls."""
    return {"resourceType": "Patient", "id": "17", "gender": "female", "birthDate": "1979-04-11", **more}


def page(*resources: Resource, **more: Any) -> Resource:
    """What a search gives back."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources], **more}


def measured(code: str, value: float, unit: str, **more: Any) -> Resource:
    """A final observation of the day before."""
    return {
        "resourceType": "Observation",
        "id": f"o{code}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": ME,
        "effectiveDateTime": "2026-05-01T10:00:00Z",
        "valueQuantity": {"value": value, "unit": unit},
        **more,
    }


def order(drug: str, dose: str = "", id_: str = "d1", status: str = "draft", **more: Any) -> Resource:
    """An order of a drug, with its dose as text."""
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": {"text": drug},
        "subject": ME,
        "authoredOn": "2026-04-01T08:00:00Z",
        **({"dosageInstruction": [{"text": dose}]} if dose else {}),
        **more,
    }


def into_the_spine(rate: Resource, **more: Any) -> Resource:
    """An order of baclofen into the spine."""
    route = {"coding": [{"system": SNOMED, "code": "72607000"}]}
    return order("baclofen injection", dosageInstruction=[{"route": route, "doseAndRate": [rate]}], **more)


def dose(value: float, unit: str) -> Resource:
    """A dose at once."""
    return {"doseQuantity": {"value": value, "unit": unit}}


WELL = {
    "creatinine": page(measured("2160-0", 0.8, "mg/dL")),
    "weight": page(measured("29463-7", 72, "kg")),
    "conditions": page(
        {
            "resourceType": "Condition",
            "clinicalStatus": {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
            },
            "code": {"text": "Multiple sclerosis"},
            "subject": ME,
            "recordedDate": "2019-03-01",
        }
    ),
    "allergies": page(
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
                ]
            },
            "code": {"coding": [{"system": SNOMED, "code": "716186003"}]},
            "patient": ME,
            "recordedDate": "2026-02-03",
        }
    ),
    "pregnancy": page(
        measured("82810-3", 0, "")
        | {
            "valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": "LA26683-5"}]},
            "valueQuantity": None,
        }
    ),
}
for _each in WELL["pregnancy"]["entry"]:
    del _each["resource"]["valueQuantity"]
TAKES = page(order("baclofen 10 MG Oral Tablet", "10 mg three times a day", "a1", "active"))
PUMP = page(
    {
        "resourceType": "Device",
        "id": "p",
        "status": "active",
        "type": {"text": "SynchroMed II infusion pump"},
        "patient": ME,
    }
)


def prefetch(**more: Any) -> Resource:
    """Everything that is asked for, of a patient with good kidneys; null where the record holds nothing."""
    return {each.key: None for each in QUERIES} | {"patient": patient()} | copy.deepcopy(WELL) | more


def call(service: str, *drafts: Resource, sent: Resource | None = None, **more: Any) -> Resource:
    """One call of a service."""
    context: Resource = {"userId": "Practitioner/1", "patientId": "17"}
    if service != VIEW:
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": each} for each in drafts]}
    return {
        "hook": HOOKS[service],
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context | more.pop("context", {}),
        "prefetch": prefetch() if sent is None else sent,
        **more,
    }


def office(**more: Any) -> Office:
    """A service on this machine, with a clock that stands still."""
    return Office(URL, clock=lambda: NOW, **more)


def send(
    method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, at: Office | None = None
) -> httpx.Response:
    """One request to the service, through its whole application."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    app = Starlette(routes=[*routes(at or office())])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
            return await client.request(
                method, path, content=content, headers={"Content-Type": "application/json", **(headers or {})}
            )

    return asyncio.run(ask())


def ask(service: str, *drafts: Resource, **more: Any) -> list[Resource]:
    """The cards of one call that is answered."""
    at = more.pop("at", None)
    found = send("POST", f"/cds-services/{service}", call(service, *drafts, **more), at=at)
    assert found.status_code == 200, found.text
    # Numbers are tied to their units; here they are compared as they are read.
    cards: list[Resource] = json.loads(found.text.replace("\u00a0", " "))["cards"]
    return cards


def topics(cards: list[Resource]) -> dict[str, str]:
    """What each card is about, and how urgent it is."""
    return {each["source"]["topic"]["code"]: each["indicator"] for each in cards}


# --- baclofen by mouth ------------------------------------------------------------------------------------------------


def test_eighty_mg_a_day_with_an_egfr_of_25_is_stopped_by_the_kidneys_and_can_be_taken_back():
    sent = prefetch(creatinine=None, egfr2021=page(measured("98979-8", 25, "mL/min/{1.73_m2}")))
    cards = ask(SIGN, order("baclofen 20 MG Oral Tablet", "20 mg four times a day"), sent=sent)
    worst = cards[0]
    assert worst["source"]["topic"]["code"] == "kidney"
    assert worst["indicator"] == "critical"
    assert "25 mL/min/1.73 m2" in worst["summary"]
    assert "CON-02" in worst["detail"]
    assert "Vlavonou 2014" in worst["detail"]
    assert worst["selectionBehavior"] == "at-most-one"
    assert [each["actions"] for each in worst["suggestions"]] == [
        [
            {
                "type": "delete",
                "description": "Delete the draft order of baclofen 20 mg four times a day; active orders stay as they are",
                "resourceId": "MedicationRequest/d1",
            }
        ]
    ]


def test_a_first_order_of_eighty_mg_a_day_is_refused_by_the_guard_and_the_start_of_the_scheme_lies_beside_it():
    draft = order(
        "baclofen 20 MG Oral Tablet",
        "20 mg four times a day",
        dispenseRequest={"quantity": {"value": 120}},
        category={"text": "outpatient"},
    )
    card = ask(SIGN, draft)[0]
    assert card["source"]["topic"]["code"] == "dose"
    assert "a rise of 80 mg a day is more than 15 mg" in card["summary"]
    taken_back, instead = card["suggestions"]
    assert taken_back["actions"][0]["type"] == "delete"
    action = instead["actions"][0]
    assert action["type"] == "update"
    assert "5 mg three times a day" in action["description"]
    assert "dispenseRequest" not in action["resource"]
    assert action["resource"]["category"] == [{"text": "outpatient"}]
    written = MedicationRequest.model_validate(action["resource"])
    assert written.status == "draft"
    assert written.id == "d1"


def test_what_a_card_lays_beside_an_order_has_nothing_against_it_when_it_is_ordered_itself():
    card = ask(SIGN, order("baclofen 20 MG Oral Tablet", "20 mg four times a day"))[0]
    instead = card["suggestions"][1]["actions"][0]["resource"]
    assert "dose" not in topics(ask(SIGN, instead))


def test_the_start_of_the_scheme_for_a_well_known_patient_raises_no_card():
    assert ask(SIGN, order("baclofen 10 MG Oral Tablet", "5 mg three times a day")) == []


def test_a_second_order_counts_together_with_the_active_one():
    cards = ask(SIGN, order("baclofen 10 MG Oral Tablet", "10 mg three times a day"), sent=prefetch(orders=TAKES))
    assert topics(cards)["dose"] == "critical"
    assert "together 60 mg daily" in cards[0]["summary"]
    assert "priorPrescription" in cards[0]["detail"]
    assert [each["actions"][0]["type"] for each in cards[0]["suggestions"]] == ["delete"]


def test_two_drafts_that_are_each_within_the_rules_are_judged_together():
    one, two = order("baclofen", "5 mg three times a day"), order("baclofen", "5 mg twice a day", "d2")
    assert ask(SIGN, one) == []
    card = ask(SIGN, one, two)[0]
    assert card["summary"].startswith("Baclofen 25 mg daily by mouth in 2 drafts together: a rise of 25 mg a day")
    assert [each["actions"][0]["resourceId"] for each in card["suggestions"]] == [
        "MedicationRequest/d1",
        "MedicationRequest/d2",
    ]


@pytest.mark.parametrize(
    "link", [{"priorPrescription": {"reference": "MedicationRequest/a1"}}, {"id_": "a1", "status": "active"}]
)
def test_an_order_that_takes_the_place_of_the_active_one_is_judged_alone(link):
    sent = prefetch(orders=TAKES)
    assert "dose" not in topics(ask(SIGN, order("baclofen", "15 mg three times a day", **link), sent=sent))
    card = ask(SIGN, order("baclofen", "20 mg three times a day", **link), sent=sent)[0]
    assert "a rise of 30 mg a day is more than 15 mg" in card["summary"]


def test_an_order_whose_dose_cannot_be_read_is_said_to_be_not_checked_and_stops_nothing():
    cards = ask(SIGN, order("baclofen 10 MG Oral Tablet", "as directed"))
    assert topics(cards) == {"not-checked": "warning"}
    assert cards[0]["summary"].startswith("Not checked: baclofen")
    assert "overrideReasons" not in cards[0]


def test_an_active_order_whose_dose_cannot_be_read_makes_the_daily_dose_not_checked():
    sent = prefetch(orders=page(order("baclofen 10 MG", "as directed", "a1", "active")))
    cards = ask(SIGN, order("baclofen", "5 mg three times a day"), sent=sent)
    assert "critical" not in topics(cards).values()
    assert "daily dose by mouth is unknown" in next(
        each["detail"] for each in cards if each["source"]["topic"]["code"] == "not-checked"
    )


def test_an_allergy_to_baclofen_is_a_stop():
    allergy = copy.deepcopy(WELL["allergies"]["entry"][0]["resource"]) | {"code": {"text": "baclofen"}}
    cards = ask(SIGN, order("baclofen", "5 mg three times a day"), sent=prefetch(allergies=page(allergy)))
    assert topics(cards)["hypersensitivity"] == "critical"


def test_that_the_patient_has_died_does_not_make_the_order_one_into_the_spine():
    cards = ask(SIGN, order("baclofen", "5 mg three times a day"), sent=prefetch(patient=patient(deceasedBoolean=True)))
    assert "spine" not in json.dumps(cards)


# --- other drugs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [{"orders": TAKES}, {"devices": PUMP}], ids=["by mouth", "pump"])
def test_an_opioid_in_a_patient_with_baclofen_is_one_warning(sent):
    cards = ask(SIGN, order("oxycodone 5 MG Oral Tablet", "5 mg twice a day"), sent=prefetch(**sent))
    assert topics(cards) == {"interactions-cns": "warning"}
    assert cards[0]["summary"].startswith("Oxycodone: added respiratory depression")
    assert "suggestions" not in cards[0]


def test_baclofen_in_a_patient_with_an_opioid_is_told_about_it():
    sent = prefetch(orders=page(order("oxycodone 5 MG Oral Tablet", "5 mg twice a day", "a1", "active")))
    assert topics(ask(SIGN, order("baclofen", "5 mg three times a day"), sent=sent)) == {"interactions-cns": "warning"}


def test_ibuprofen_without_baclofen_raises_no_card():
    assert ask(SIGN, order("ibuprofen 400 MG Oral Tablet", "400 mg twice a day")) == []


def test_paracetamol_in_a_patient_with_baclofen_raises_no_card():
    assert ask(SIGN, order("paracetamol 500 MG Oral Tablet"), sent=prefetch(orders=TAKES)) == []


def test_a_drug_that_is_not_recognised_is_told_beside_baclofen():
    cards = ask(SIGN, order("frobnicol 10 MG"), sent=prefetch(orders=TAKES))
    assert topics(cards) == {"medications": "warning"}
    assert "not checked" in cards[0]["summary"]


def test_orders_of_something_else_than_drugs_raise_no_card():
    lab = {"resourceType": "ServiceRequest", "id": "s", "status": "draft", "intent": "order", "subject": ME}
    assert ask(SIGN, lab, sent=prefetch(orders=TAKES)) == []


def test_only_the_orders_that_were_just_picked_are_looked_at():
    drafts = (order("oxycodone 5 MG", id_="d1"), order("diazepam 5 MG", id_="d2"))
    sent, picked = prefetch(orders=TAKES), {"selections": ["MedicationRequest/d2"]}
    says = ask(SELECT, *drafts, sent=sent, context=picked)[0]["summary"]
    assert "iazepam" in says
    none = ask(SELECT, *drafts, sent=sent, context={"selections": ["ServiceRequest/9"]})
    assert none == []


# --- into the spine ---------------------------------------------------------------------------------------------------


def test_a_screening_bolus_of_fifty_mcg_is_within_the_rules_and_what_is_not_known_is_said():
    assert topics(ask(SIGN, into_the_spine(dose(50, "mcg")))) == {"not-checked": "warning"}


@pytest.mark.parametrize(("value", "unit"), [(50, "mg"), (500, "mcg"), (5, "mcg")])
def test_a_bolus_outside_the_window_is_critical(value, unit):
    cards = ask(SIGN, into_the_spine(dose(value, unit)))
    assert topics(cards)["dose"] == "critical"
    assert "25 mcg to 100 mcg" in cards[0]["detail"]


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        ({"rateQuantity": {"value": 250, "unit": "ug/d"}}, "250 mcg"),
        ({"rateQuantity": {"value": 10, "unit": "mcg/h"}}, "240 mcg"),
        (
            {"rateRatio": {"numerator": {"value": 300, "unit": "mcg"}, "denominator": {"value": 1, "unit": "d"}}},
            "300 mcg",
        ),
    ],
)
def test_a_program_that_no_record_can_be_judged_by_is_not_checked(rate, says):
    card = next(each for each in ask(SIGN, into_the_spine(rate)) if each["source"]["topic"]["code"] == "not-checked")
    assert says in card["summary"]
    assert card["indicator"] == "warning"


def test_a_program_outside_the_window_is_critical_whatever_the_pump_holds():
    cards = ask(SIGN, into_the_spine({"rateQuantity": {"value": 250, "unit": "mg/d"}}))
    assert topics(cards)["dose"] == "critical"


@pytest.mark.parametrize(
    "rate",
    [
        {},
        {"doseRange": {"low": {"value": 50, "unit": "mcg"}}},
        {"doseQuantity": {"value": 50}},
        {"rateRatio": {"numerator": {"value": 300, "unit": "mcg"}, "denominator": {"value": 3, "unit": "d"}}},
    ],
)
def test_a_dose_into_the_spine_that_cannot_be_read_is_not_checked(rate):
    assert topics(ask(SIGN, into_the_spine(rate))) == {"not-checked": "warning"}


# --- the chart of the patient -----------------------------------------------------------------------------------------


def test_a_patient_without_baclofen_raises_no_card_when_seen():
    assert ask(VIEW) == []


def test_a_patient_with_baclofen_and_no_kidney_value_is_seen_with_a_card():
    cards = ask(VIEW, sent=prefetch(orders=TAKES, creatinine=None))
    assert topics(cards)["kidney"] == "critical"
    assert "overrideReasons" not in cards[0]


OVERDOSE = """
2026-01-05       person       id A-17; born 1979-04-11; sex female
2026-01-06       oral         10 mg three times a day
2026-05-02 08:00 symptom      somnolence, slow breathing
"""


@pytest.mark.parametrize("service", [VIEW, SIGN])
def test_signs_of_an_overdose_come_before_everything_else(service):
    drafts = [] if service == VIEW else [order("baclofen", "20 mg four times a day")]
    asked = read(json.dumps(call(service, *drafts)).encode(), service)
    found = on_chart(asked, Record(patient(), [], {}), from_text(OVERDOSE), Place(NOW))
    first = found.cards[0]
    assert first.indicator == "critical"
    assert "overdose" in first.summary
    assert "Call the emergency team now" in first.detail


# --- every status -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["draft", "active", None])
def test_an_order_that_is_to_be_signed_is_looked_at(status):
    draft = order("baclofen", "20 mg four times a day", status=status)
    if status is None:
        del draft["status"]
    assert topics(ask(SIGN, draft))["dose"] == "critical"


@pytest.mark.hazard("H17")
@pytest.mark.parametrize("status", ["cancelled", "completed", "entered-in-error"])
def test_an_order_that_is_over_raises_no_card(status):
    assert ask(SIGN, order("baclofen", "20 mg four times a day", status=status)) == []


@pytest.mark.parametrize("status", ["on-hold", "stopped", "unknown", "whatever", 7])
def test_an_order_of_any_other_status_is_not_checked(status):
    assert topics(ask(SIGN, order("baclofen", "20 mg four times a day", status=status))) == {"not-checked": "warning"}


@pytest.mark.parametrize(
    "status", ["on-hold", "stopped", "cancelled", "completed", "entered-in-error", "draft", "unknown"]
)
def test_only_active_orders_of_the_record_make_a_patient_one_with_baclofen(status):
    sent = prefetch(orders=page(order("baclofen", "10 mg three times a day", "a1", status)))
    assert ask(SIGN, order("oxycodone 5 MG"), sent=sent) == []


def test_a_draft_as_the_public_sandbox_writes_it_is_read():
    draft = order("baclofen", "20 mg four times a day", category={"coding": [{"code": "outpatient"}]})
    del draft["intent"]
    body = call(SIGN, draft)
    del body["context"]["draftOrders"]["resourceType"]
    assert topics(send("POST", f"/cds-services/{SIGN}", body).json()["cards"])["dose"] == "critical"


# --- the words --------------------------------------------------------------------------------------------------------


def words_of(card: Resource) -> list[str]:
    """Every text of a card that a person reads."""
    options = card.get("suggestions", [])
    return [
        card["summary"],
        card["detail"],
        card["source"]["label"],
        *(each["display"] for each in card.get("overrideReasons", [])),
        *(each["label"] for each in options),
        *(action["description"] for each in options for action in each["actions"]),
    ]


SITUATIONS: dict[str, list[Resource]] = {
    "kidney": [order("baclofen", "20 mg four times a day")],
    "bolus": [into_the_spine(dose(500, "mcg"))],
    "unread": [order("baclofen *weekly* <b>", "as directed | #now")],
    "several": [order("baclofen", "5 mg three times a day"), order("oxycodone", id_="d2"), order("lithium", id_="d3")],
}


@pytest.mark.hazard("H55")
@pytest.mark.parametrize("drafts", SITUATIONS.values(), ids=SITUATIONS)
def test_cards_are_short_name_what_they_rest_on_and_mark_no_option(drafts):
    bare = {each.key: None for each in QUERIES} | {"patient": patient()}
    for sent in (prefetch(), bare):
        for card in ask(SIGN, *drafts, sent=sent):
            assert 0 < len(card["summary"]) < 140
            assert "**Rests on:**" in card["detail"]
            assert "Options for a clinician to weigh, not directives." in card["detail"]
            assert "Patient 17, as of" in card["detail"]
            assert "isRecommended" not in json.dumps(card)
            for text in words_of(card):
                # 'not recommended' is the label's own verdict on a use, and stands in findings.
                assert not re.search(r"chosen|prefer|suggest|(?<!not )recommend|best", text, re.I), text


def test_texts_of_the_record_show_as_text_and_never_as_markup():
    draft = order("baclofen [x](http://evil.example) <script> *b* a@b.example www.evil.example", "as directed")
    detail = ask(SIGN, draft)[0]["detail"]
    assert r"\[x\](http\://evil.example) \<script\> \*b\* a\@b.example www\.evil.example" in detail


def test_a_finding_stands_on_one_card():
    for drafts in SITUATIONS.values():
        codes = [each["source"]["topic"]["code"] for each in ask(SIGN, *drafts)]
        assert len(codes) == len(set(codes)) <= 6


def test_the_same_call_gives_the_same_ids_and_another_call_others():
    draft = order("baclofen", "20 mg four times a day")
    ids = [[each["uuid"] for each in ask(SIGN, draft, hookInstance=name)] for name in ("a", "a", "b")]
    assert ids[0] == ids[1]
    assert not set(ids[0]) & set(ids[2])


def test_a_page_about_the_service_is_named_only_where_it_is_an_absolute_address():
    draft = order("baclofen", "20 mg four times a day")
    assert "url" not in ask(SIGN, draft)[0]["source"]
    assert "url" not in ask(SIGN, draft, at=office(about="/about"))[0]["source"]
    assert ask(SIGN, draft, at=office(about="https://c.example/e"))[0]["source"]["url"] == "https://c.example/e"


def test_no_line_of_a_summary_ends_between_a_number_and_its_unit():
    body = call(SIGN, order("baclofen", "20 mg four times a day"))
    summary = send("POST", f"/cds-services/{SIGN}", body).json()["cards"][0]["summary"]
    assert "80\u00a0mg\u00a0daily" in summary

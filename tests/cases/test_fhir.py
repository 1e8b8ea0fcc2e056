"""Bundles as clinics export them, small ones made here and the real ones beside the repository, read into charts."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from eutonia.chart import event as e
from eutonia.chart import from_text
from eutonia.chart.chart import Chart
from eutonia.chart.facts import Facts
from eutonia.chart.fhir import from_bundle
from eutonia.chart.text import ReadError, kind_of, read_line, written
from eutonia.evidence import Known, Unknown
from eutonia.knowledge import book
from eutonia.quantity import Quantity

Resource = dict[str, Any]

ME = "urn:uuid:11111111-1111-4111-8111-111111111111"
HL7 = "http://terminology.hl7.org/CodeSystem/"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
NOW = "2026-05-02T09:00"


# --- small bundles ----------------------------------------------------------------------------------------------------


def coded(system: str, code: str, text: str = "") -> Resource:
    """A CodeableConcept."""
    return {"coding": [{"system": system, "code": code}], **({"text": text} if text else {})}


def patient(**more: Any) -> Resource:
    """The one patient of the small bundles."""
    return {
        "resourceType": "Patient",
        "id": "11111111-1111-4111-8111-111111111111",
        "identifier": [{"type": coded(HL7 + "v2-0203", "MR"), "system": "urn:clinic", "value": "A-17"}],
        "name": [
            {"use": "nickname", "given": ["Zeb"]},
            {"use": "official", "family": "Quixote", "given": ["Zebulon"], "prefix": ["Mr."]},
        ],
        "gender": "female",
        "birthDate": "1979-04-11",
        **more,
    }


def condition(text: str, clinical: str = "active", **more: Any) -> Resource:
    """A confirmed condition that began on 2019-03-01."""
    return {
        "resourceType": "Condition",
        "clinicalStatus": coded(HL7 + "condition-clinical", clinical),
        "verificationStatus": coded(HL7 + "condition-ver-status", "confirmed"),
        "code": {"text": text},
        "subject": {"reference": ME},
        "onsetDateTime": "2019-03-01",
        **more,
    }


def allergy(code: Resource, **more: Any) -> Resource:
    """A confirmed, active allergy."""
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": coded(HL7 + "allergyintolerance-clinical", "active"),
        "verificationStatus": coded(HL7 + "allergyintolerance-verification", "confirmed"),
        "code": code,
        "patient": {"reference": ME},
        "recordedDate": "2024-02-03",
        **more,
    }


def amount(value: Any, unit: str, code: str | None = None) -> Resource:
    """A quantity with its unit as text and as a UCUM code."""
    return {"value": value, "unit": unit, "system": UCUM, "code": code or unit}


def observation(code: str | Resource, value: Any, name: str = "valueQuantity", **more: Any) -> Resource:
    """A final observation of one LOINC code, or of another concept."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": coded(LOINC, code) if isinstance(code, str) else code,
        "subject": {"reference": ME},
        "effectiveDateTime": "2026-01-05T10:30:00+01:00",
        name: value,
        **more,
    }


def dosage(value: Any = 10, unit: str = "mg", times: int = 3, **more: Any) -> Resource:
    """So much, so many times a day."""
    return {
        "timing": {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": amount(value, unit)}],
        **more,
    }


def order(drug: str, *instructions: Resource, **more: Any) -> Resource:
    """An active order."""
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": drug},
        "subject": {"reference": ME},
        "authoredOn": "2026-01-06T08:00:00Z",
        **({"dosageInstruction": list(instructions)} if instructions else {}),
        **more,
    }


def visit(day: str, status: str = "finished") -> Resource:
    """A visit on a day."""
    return {
        "resourceType": "Encounter",
        "status": status,
        "class": {"code": "AMB"},
        "subject": {"reference": ME},
        "period": {"start": f"{day}T09:00:00Z"},
    }


def bundle(*resources: Resource, who: Resource | None = None, **more: Any) -> Resource:
    """A collection with the patient first."""
    entries = [{"fullUrl": ME, "resource": who or patient()}]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": entries + [{"resource": r} for r in resources],
        **more,
    }


def read(*resources: Resource, zone: str = "UTC", **more: Any) -> Chart:
    """The chart of a small bundle, by way of its JSON text."""
    return from_bundle(json.dumps(bundle(*resources, **more)), "test", zone)


def whats(chart: Chart, *kinds: type) -> list[e.What]:
    """What happened, of some kinds; without any: all but the person."""
    return [x.what for x in chart.events if (isinstance(x.what, kinds) if kinds else not isinstance(x.what, e.Person))]


def facts(chart: Chart, now: str = NOW) -> Facts:
    """What the chart says at a moment."""
    return Facts(chart, chart.moment(now), book())


def reasons(chart: Chart) -> str:
    """Everything that was left out, as one text to look into."""
    return "\n".join(f"{d.where} | {d.what} | {d.why}" for d in chart.dropped)


# --- the person -------------------------------------------------------------------------------------------------------


def test_the_person_has_the_record_number_the_birth_date_the_sex_and_the_official_name():
    chart = read(visit("2026-01-05"))
    assert chart.lines[0] == "2026-01-05 09:00Z person id A-17; born 1979-04-11; sex female; name Zebulon Quixote"


def test_without_a_record_number_the_id_of_the_record_is_the_id():
    chart = read(visit("2026-01-05"), who=patient(identifier=[{"value": "17"}]))
    assert whats(chart, e.Person)[0].id == "11111111-1111-4111-8111-111111111111"


def test_a_birth_year_alone_is_no_birth_date_and_is_named():
    chart = read(visit("2026-01-05"), who=patient(birthDate="1979"))
    assert whats(chart, e.Person)[0].born is None
    assert "birthDate '1979'" in reasons(chart)


@pytest.mark.parametrize(
    ("gender", "sex"), [("male", "male"), ("female", "female"), ("other", "other"), ("unknown", None), (None, None)]
)
def test_the_sex_is_what_the_record_says_and_unknown_is_not_other(gender, sex):
    who = patient(gender=gender)
    assert whats(read(visit("2026-01-05"), who=who), e.Person)[0].sex == sex


def test_signs_with_a_meaning_in_a_chart_become_commas_in_names_and_texts():
    who = patient(name=[{"use": "official", "text": "Que;en # \u200bof\nHearts"}])
    chart = read(condition("injury; level T6 # old"), who=who)
    assert whats(chart, e.Person)[0].name == "Que,en , of Hearts"
    assert whats(chart) == [e.Condition("injury, level T6 , old")]


def test_a_death_is_noted_and_named():
    chart = read(visit("2026-01-05"), who=patient(deceasedDateTime="2026-02-01"))
    assert e.Note("the record says that the patient has died") in whats(chart)
    assert "deceased" in reasons(chart)


def test_a_record_that_was_replaced_by_another_says_so():
    who = patient(link=[{"type": "replaced-by", "other": {"reference": "Patient/B"}}])
    assert "replaced by another" in reasons(read(visit("2026-01-05"), who=who))


def test_the_chart_begins_with_the_person_at_the_earliest_moment_of_the_record():
    chart = read(observation("29463-7", amount(72, "kg")), condition("Epilepsy"), visit("2026-03-01"))
    assert isinstance(chart.events[0].what, e.Person)
    assert (chart.events[0].written, chart.events[0].day_only) == ("2019-03-01", True)


def test_a_record_of_the_patient_alone_stands_at_the_moment_it_was_made():
    assert read(timestamp="2026-04-01T00:00:00Z").events[0].written == "2026-04-01 00:00Z"
    assert read().events[0].written == "1979-04-11"


# --- moments ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "home", "line"),
    [
        ("2026-01-05T10:30:00+01:00", "UTC", "2026-01-05 09:30Z"),
        ("2026-01-05T10:30:07.25+01:00", "UTC", "2026-01-05 09:30:07Z"),
        ("2026-01-05T10:30:00+01:00", "Europe/Berlin", "2026-01-05 10:30+01:00"),
        ("2026-07-05T23:30:00Z", "Europe/Berlin", "2026-07-06 01:30+02:00"),
        ("2026-01-05", "Europe/Berlin", "2026-01-05"),
    ],
)
def test_a_moment_is_written_in_the_zone_of_the_clinic(moment, home, line):
    chart = read(observation("29463-7", amount(72, "kg"), effectiveDateTime=moment), zone=home)
    assert chart.events[-1].written == line
    assert chart.events[-1].day_only is ("T" not in moment)


@pytest.mark.parametrize(
    "moment", ["2026", "2026-01", "2026-01-05T10:30:00", "2026-02-30", "0001-01-01", "2026-01-05T24:00:00Z", 7]
)
def test_a_measurement_without_a_readable_day_is_left_out_and_named(moment):
    chart = read(observation("29463-7", amount(72, "kg"), effectiveDateTime=moment))
    assert whats(chart) == []
    assert "effectiveDateTime" in reasons(chart)


def test_a_measurement_without_any_moment_is_left_out_and_named():
    weighed = observation("29463-7", amount(72, "kg"), issued="2026-01-05T10:30:00Z")
    del weighed["effectiveDateTime"]
    assert whats(read(weighed)) == []
    assert "no moment" in reasons(read(weighed))


def test_an_active_condition_allergy_or_drug_without_a_day_does_not_vanish_and_makes_nothing_look_fresher():
    chart = read(
        visit("2024-06-01"),
        condition("Multiple sclerosis", onsetDateTime="2009"),
        allergy({"text": "Penicillin"}, recordedDate=None),
        order("Warfarin Sodium 5 MG Oral Tablet", authoredOn=None),
    )
    assert {x.written for x in chart.events} == {"2024-06-01 09:00Z"}
    assert len(whats(chart)) == 4
    assert reasons(chart).count("the first moment of the chart is used instead") == 3


# --- conditions and allergies -----------------------------------------------------------------------------------------


def test_a_condition_that_is_over_is_active_from_its_beginning_to_its_end():
    chart = read(condition("Epilepsy", "resolved", abatementDateTime="2021-06-01T00:00:00Z"))
    assert whats(chart) == [e.Condition("Epilepsy"), e.Condition("Epilepsy", resolved=True)]
    assert facts(chart, "2020-01-01").having("epilepsy") == ("Epilepsy",)
    assert facts(chart).having("epilepsy") == ()


def test_a_condition_that_is_over_without_a_day_is_over_throughout():
    assert whats(read(condition("Epilepsy", "inactive"))) == [e.Condition("Epilepsy", resolved=True)]


def test_an_active_condition_with_an_end_is_over_since_then_and_the_contradiction_is_named():
    chart = read(condition("Epilepsy", abatementDateTime="2021-06-01"))
    assert facts(chart).having("epilepsy") == ()
    assert "read as over since that date" in reasons(chart)


def test_an_end_before_the_beginning_still_ends_it():
    chart = read(condition("Epilepsy", "resolved", abatementDateTime="2018-06-01"))
    assert facts(chart).having("epilepsy") == ()


def test_a_relapse_is_active_whatever_end_the_first_episode_had():
    chart = read(condition("Epilepsy", "relapse", abatementDateTime="2021-06-01"))
    assert facts(chart).having("epilepsy") == ("Epilepsy",)


def test_the_end_in_one_record_does_not_silence_another_record_of_the_same_condition():
    old = condition("Epilepsy", "resolved", onsetDateTime="2020-01-01", abatementDateTime="2022-01-01")
    chart = read(condition("Epilepsy"), old)
    assert facts(chart).having("epilepsy") == ("Epilepsy",)
    assert "says that it is active" in reasons(chart)
    relapse = condition("Epilepsy", onsetDateTime="2023-01-01")
    assert len(whats(read(relapse, old))) == 3


def test_a_code_that_matters_gives_its_name_where_the_text_says_nothing_known():
    chart = read(condition("G40", code=coded(SNOMED, "84757009", "Fallsucht")))
    assert whats(chart) == [e.Condition("epilepsy")]
    assert whats(read(condition("", code=coded(SNOMED, "84757009", "Epilepsy, unspecified")))) == [
        e.Condition("Epilepsy, unspecified")
    ]


def test_no_known_allergy_is_an_answer_and_no_record_is_none():
    chart = read(allergy(coded(SNOMED, "716186003")))
    assert whats(chart) == [e.Allergy(None)]
    assert whats(read(allergy({"text": "No known drug allergies"}))) == [e.Allergy(None)]
    assert isinstance(facts(read(visit("2026-01-05"))).allergies, Unknown)


def test_no_known_allergy_to_one_kind_of_thing_is_neither_an_allergy_nor_an_answer():
    assert whats(read(allergy(coded(SNOMED, "428197003", "No known insect allergy")))) == []


def test_an_allergy_has_its_reaction_and_an_unconfirmed_one_still_counts():
    reaction = [{"manifestation": [{"text": "hives"}, {"coding": [{"display": "wheeze"}]}]}]
    unconfirmed = coded(HL7 + "allergyintolerance-verification", "unconfirmed")
    chart = read(allergy({"text": "Baclofen"}, reaction=reaction, verificationStatus=unconfirmed))
    assert whats(chart) == [e.Allergy("Baclofen", "hives, wheeze, not confirmed")]
    assert whats(read(allergy({"text": "No known allergies"}, verificationStatus=unconfirmed))) == []


# --- drugs ------------------------------------------------------------------------------------------------------------


def test_a_drug_is_a_line_with_its_own_name():
    chart = read(order("Acetaminophen 325 MG / oxyCODONE Hydrochloride 5 MG Oral Tablet"))
    assert whats(chart) == [e.Medication("Acetaminophen 325 MG / oxyCODONE Hydrochloride 5 MG Oral Tablet")]


def test_a_text_that_would_say_something_else_on_a_chart_is_left_out_and_named():
    chart = read(order("stop smoking lozenge"), allergy({"text": "unknown"}))
    assert whats(chart) == []
    assert "it would read differently on a chart" in reasons(chart)
    assert "can be read two ways" in reasons(chart)


def test_the_list_of_drugs_is_never_said_to_be_complete():
    assert isinstance(facts(read(order("Warfarin"))).list_complete, Unknown)


def test_a_drug_is_found_where_the_order_points_to():
    inside = order("", contained=[{"resourceType": "Medication", "id": "m", "code": {"text": "Warfarin 5 mg"}}])
    elsewhere = order("")
    named = order("")
    for each, reference in ((inside, "#m"), (elsewhere, "Medication/x"), (named, "Medication/unknown")):
        del each["medicationCodeableConcept"]
        each["medicationReference"] = {"reference": reference, "display": "Digoxin"}
    drug = {"resourceType": "Medication", "id": "x", "code": {"coding": [{"display": "Diazepam 5 MG"}]}}
    chart = read(inside, elsewhere, named, drug)
    assert whats(chart) == [e.Medication("Warfarin 5 mg"), e.Medication("Diazepam 5 MG"), e.Medication("Digoxin")]


def test_a_drug_known_by_its_code_alone_is_named_by_its_code():
    assert whats(read(order("", medicationCodeableConcept=coded(RXNORM, "855332")))) == [e.Medication("rxnorm 855332")]


def test_a_drug_that_must_not_be_given_is_not_taken():
    assert whats(read(order("Warfarin", doNotPerform=True))) == []


def test_baclofen_by_mouth_is_a_regimen():
    chart = read(order("Baclofen 10 MG Oral Tablet", dosage(10, times=3)))
    assert chart.lines[-2] == "2026-01-06 08:00Z oral 10 mg three times a day"
    assert facts(chart).oral.value.daily_mg == Quantity.read("30 mg/day")


def test_baclofen_is_known_by_its_code_whatever_it_is_called():
    drug = {"coding": [{"system": RXNORM, "code": "197391"}], "text": "Muskelrelaxans 10"}
    chart = read(order("", dosage(), medicationCodeableConcept=drug))
    assert [kind_of(w) for w in whats(chart)] == ["oral"]


def test_baclofen_is_known_by_any_of_its_names_and_every_drug_by_one_that_is_known():
    drug = {
        "text": "Muscle relaxant",
        "coding": [{"display": "House list 7"}, {"display": "Baclofen 10 MG Oral Tablet"}],
    }
    chart = read(order("", dosage(), medicationCodeableConcept=drug))
    assert [kind_of(w) for w in whats(chart)] == ["oral"]
    drug = {"text": "Blood thinner", "coding": [{"display": "Warfarin Sodium 5 MG Oral Tablet"}]}
    assert whats(read(order("", medicationCodeableConcept=drug))) == [e.Medication("Warfarin Sodium 5 MG Oral Tablet")]


@pytest.mark.parametrize(
    ("instructions", "line"),
    [
        ([dosage(5, times=2)], "5 mg twice a day"),
        ([dosage(5, times=5)], "5 mg 5 times a day"),
        ([{"text": "10 mg three times a day + 5 mg at bedtime"}], "10 mg three times a day + 5 mg at bedtime"),
        ([{"text": "Take 10 mg by mouth three times daily."}], "10 mg three times a day"),
        ([dosage(10, text="10 mg three times a day")], "10 mg three times a day"),
        ([dosage(10, times=2), dosage(20, times=1)], "10 mg twice a day + 20 mg once a day"),
        ([dosage(10, timing={"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}})], "10 mg every 8 h"),
        ([dosage(10, timing={"code": coded(HL7 + "v3-GTSAbbreviation", "TID")})], "10 mg three times a day"),
        ([dosage(10, timing={"code": {"text": "BID"}})], "10 mg twice a day"),
        ([dosage(10, timing={"code": coded(HL7 + "v3-GTSAbbreviation", "BED")})], "10 mg at bedtime"),
        ([dosage(5, times=2, asNeededBoolean=True)], "5 mg as needed, at most 2 a day"),
        ([dosage(5, route=coded(SNOMED, "26643006"))], "5 mg three times a day"),
        ([dosage(5, route={"text": "by mouth"})], "5 mg three times a day"),
        ([dosage(5, additionalInstruction=[{"text": "Take with food."}])], "5 mg three times a day"),
        (
            [
                {
                    "asNeededCodeableConcept": {"text": "spasms"},
                    "doseAndRate": [{"doseQuantity": amount(5, "mg")}],
                    "maxDosePerPeriod": {"numerator": amount(15, "mg"), "denominator": amount(1, "d")},
                }
            ],
            "5 mg as needed, at most 3 a day",
        ),
    ],
)
def test_dosages_that_are_read(instructions, line):
    chart = read(order("Baclofen 10 MG Oral Tablet", *instructions))
    assert [w.regimen.written for w in whats(chart, e.Oral)] == [line]
    assert whats(chart, e.Medication) == []


def without(given: Resource, *path: str) -> Resource:
    """The same without one field."""
    copy = json.loads(json.dumps(given))
    inner = copy
    for name in path[:-1]:
        inner = inner[name][0] if isinstance(inner[name], list) else inner[name]
    del inner[path[-1]]
    return copy


UNREADABLE = [
    [],
    [{"text": "as directed"}],
    [{"text": "10 mg TID + 5 prn"}],
    [{"text": "1 tablet three times a day"}],
    [{"text": "10 mg qd"}],
    [{"sequence": 1, "asNeededBoolean": True}],
    [dosage(10, "mcg")],
    [dosage(1, "{tbl}")],
    [dosage("10")],
    [dosage(0)],
    [dosage(-10)],
    [without(dosage(), "timing")],
    [without(dosage(), "timing", "repeat", "frequency")],
    [without(dosage(), "timing", "repeat", "period")],
    [without(dosage(), "timing", "repeat", "periodUnit")],
    [without(dosage(), "doseAndRate")],
    [without(dosage(), "doseAndRate", "doseQuantity", "value")],
    [dosage(timing={"repeat": {"frequency": 3, "period": 2, "periodUnit": "d"}})],
    [dosage(timing={"repeat": {"frequency": 1, "period": 5, "periodUnit": "h"}})],
    [dosage(timing={"repeat": {"frequency": 3, "period": 1, "periodUnit": "wk"}})],
    [dosage(timing={"repeat": {"frequency": 3, "frequencyMax": 4, "period": 1, "periodUnit": "d"}})],
    [dosage(timing={"repeat": {"frequency": 3, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon"]}})],
    [dosage(timing={"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}, "event": ["2026-01-06"]})],
    [dosage(timing={"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}, "code": {"text": "BID"}})],
    [dosage(timing={"code": coded("urn:clinic", "TID", "now and then")})],
    [dosage(text="20 mg three times a day")],
    [dosage(text="10 mg three times a day, then 20 mg")],
    [dosage(asNeededBoolean="true")],
    [without(dosage(asNeededBoolean=True), "timing")],
    [dosage(asNeededBoolean=True, text="10 mg three times a day")],
    [dosage(maxDosePerPeriod={"numerator": amount(20, "mg"), "denominator": amount(1, "d")})],
    [dosage(additionalInstruction=[{"text": "increase by 5 mg every third day"}])],
    [dosage(patientInstruction="half on Sundays")],
    [dosage(modifierExtension=[{"url": "urn:x", "valueBoolean": True}])],
    [dosage(doseAndRate=[{"doseRange": {"low": amount(5, "mg"), "high": amount(10, "mg")}}])],
    [dosage(doseAndRate=[{"doseQuantity": amount(5, "mg")}, {"doseQuantity": amount(10, "mg")}])],
    [dosage(5, sequence=1), dosage(10, sequence=2)],
    [dosage(5), "nonsense"],
    [dosage(route={"text": "rectal"})],
]


@pytest.mark.parametrize("instructions", UNREADABLE)
def test_a_dosage_that_is_not_wholly_understood_leaves_the_daily_dose_unknown(instructions):
    chart = read(order("baclofen 10 mg daily", *instructions))
    assert whats(chart, e.Oral) == []
    assert isinstance(facts(chart).oral, Unknown)
    assert "Bundle.entry[1].resource (MedicationRequest)" in reasons(chart)


def test_all_active_orders_of_oral_baclofen_count_together():
    chart = read(
        order("Baclofen 10 MG Oral Tablet", dosage(10, times=3), authoredOn="2026-01-06"),
        order("Baclofen 20 MG Oral Tablet", dosage(20, times=1), authoredOn="2026-02-06"),
        order("Baclofen 5 MG Oral Tablet", {"text": "5 mg at bedtime"}, authoredOn="2026-01-20"),
        order("Lioresal", {"text": "5 mg at bedtime"}, authoredOn="2026-01-21"),
    )
    assert [w.regimen.written for w in whats(chart, e.Oral)] == ["20 mg once a day"]
    assert facts(chart).oral.value.daily_mg == Quantity.read("60 mg/day")


def test_one_order_that_cannot_be_read_makes_the_whole_daily_dose_unknown():
    chart = read(
        order("Baclofen 10 MG Oral Tablet", dosage()), order("Baclofen 5 MG Oral Tablet", {"text": "as directed"})
    )
    assert isinstance(facts(chart).oral, Unknown)


def test_an_order_without_a_day_has_no_dose():
    assert isinstance(facts(read(visit("2026-01-05"), order("Baclofen", dosage(), authoredOn="2026-01"))).oral, Unknown)


def statement(drug: str, *dosages: Resource, **more: Any) -> Resource:
    """An active statement that a drug is taken."""
    return {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": {"text": drug},
        "subject": {"reference": ME},
        "effectivePeriod": {"start": "2026-02-01"},
        "dosage": list(dosages),
        **more,
    }


def test_a_statement_counts_alone_and_not_again_beside_the_order_it_rests_on():
    alone = read(statement("Baclofen", dosage()))
    assert facts(alone).oral.value.daily_mg == Quantity.read("30 mg/day")
    ordered = order("Baclofen", dosage(), id="o1")
    linked = read(ordered, statement("Baclofen", dosage(), basedOn=[{"reference": "MedicationRequest/o1"}]))
    assert facts(linked).oral.value.daily_mg == Quantity.read("30 mg/day")
    assert "rests on an order" in reasons(linked)


def test_a_statement_beside_an_order_it_does_not_name_leaves_the_daily_dose_unknown():
    assert isinstance(facts(read(order("Baclofen", dosage()), statement("Baclofen", dosage()))).oral, Unknown)


@pytest.mark.parametrize(
    "given",
    [
        order("Baclofen", dosage(50, "mcg"), dosage(route=coded(SNOMED, "72607000"))),
        order("Baclofen 0.5 MG/ML Intrathecal Solution"),
        order("", medicationCodeableConcept=coded(RXNORM, "1300890")),
        order("20 ML baclofen 2 MG/ML Injection"),
        order("Baclofen", {"text": "100 mcg/day by pump"}),
    ],
)
def test_an_intrathecal_order_is_noted_and_never_a_program(given):
    chart = read(given)
    assert [kind_of(w) for w in whats(chart)] == ["note"]
    assert "not a pump program" in reasons(chart)


def test_a_pump_on_the_record_is_noted_and_its_state_is_not_read():
    device = {
        "resourceType": "Device",
        "id": "d",
        "status": "active",
        "deviceName": [{"name": "SynchroMed II", "type": "model-name"}],
        "patient": {"reference": ME},
    }
    use = {
        "resourceType": "DeviceUseStatement",
        "status": "active",
        "subject": {"reference": ME},
        "device": {"reference": "Device/d"},
        "timingPeriod": {"start": "2025-03-20"},
    }
    insulin = {"resourceType": "Device", "type": {"text": "Insulin infusion pump"}, "patient": {"reference": ME}}
    procedure = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": {"text": "Implantation of intrathecal infusion pump"},
        "subject": {"reference": ME},
        "performedDateTime": "2025-03-20",
    }
    chart = read(device, use, insulin, procedure)
    assert [kind_of(w) for w in whats(chart)] == ["note", "note", "note"]
    assert reasons(chart).count("pump state is not read from records; write implant, refill and program lines") == 3
    assert "Device | 1 resource | " in reasons(chart)


def test_a_pump_without_a_status_is_named_all_the_same():
    device = {"resourceType": "Device", "type": {"text": "Implantable infusion pump"}, "patient": {"reference": ME}}
    chart = read(visit("2026-01-05"), device)
    assert whats(chart, e.Note) == []
    assert "Implantable infusion pump: no status" in reasons(chart)


# --- measurements -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value", "line"),
    [
        ("29463-7", amount(72, "kg"), "weight 72 kg"),
        ("29463-7", amount(158.5, "lb", "[lb_av]"), "weight 158.5 lb"),
        ("29463-7", amount(3450, "g"), "weight 3.45 kg"),
        ("29463-7", {"value": 72, "unit": "kg"}, "weight 72 kg"),
        ("29463-7", {"value": 72, "system": UCUM, "code": "kg"}, "weight 72 kg"),
        ("29463-7", amount(83.05321412341234, "kg"), "weight 83.053214 kg"),
        ("8302-2", amount(1.75, "m"), "height 1.75 m"),
        ("8302-2", amount(70, "inches", "[in_i]"), "height 70 in"),
        ("2160-0", amount(0.9, "mg/dL"), "lab creatinine 0.9 mg/dL"),
        ("38483-4", amount(88, "µmol/L", "umol/L"), "lab creatinine 88 umol/L"),
        ("98979-8", amount(55, "mL/min/1.73m2", "mL/min/{1.73_m2}"), "lab egfr 55 mL/min/1.73 m2"),
        ("9353-4", amount(0.4, "ug/mL"), "lab plasma 0.4 mg/L"),
        ("9353-4", amount(400, "ng/mL"), "lab plasma 400 ng/mL"),
    ],
)
def test_measurements_that_are_read(code, value, line):
    assert read(observation(code, value)).lines[-2] == f"2026-01-05 09:30Z {line}"


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("29463-7", {"value": 72}),
        ("29463-7", {"unit": "kg", "system": UCUM, "code": "kg"}),
        ("29463-7", {"value": 72, "code": "kg"}),
        ("29463-7", amount(72, "lb", "kg")),
        ("29463-7", amount(72, "stone")),
        ("29463-7", amount(72, "KG")),
        ("29463-7", amount(72, "cm")),
        ("29463-7", amount("72", "kg")),
        ("29463-7", amount(True, "kg")),
        ("29463-7", amount(-72, "kg")),
        ("29463-7", amount(0, "kg")),
        ("29463-7", amount(72e12, "kg")),
        ("29463-7", amount(1e-9, "kg")),
        ("29463-7", {**amount(72, "kg"), "comparator": ">"}),
        ("29463-7", {**amount(72, "kg"), "comparator": None}),
        ("29463-7", 72),
        ("98979-8", amount(60, "mL/min")),
        ("98979-8", {**amount(60, "mL/min/1.73m2"), "comparator": ">="}),
        ("2160-0", amount(0.9, "mg/L")),
        ("9353-4", amount(400, "ng/dL")),
    ],
)
def test_measurements_that_are_left_out_and_named_with_their_place(code, value):
    chart = read(observation(code, value))
    assert whats(chart) == []
    assert [d.where for d in chart.dropped] == ["Bundle.entry[1].resource (Observation)"]


def test_an_indexed_egfr_that_lost_its_index_in_the_unit_is_read_only_where_its_own_words_say_it_and_is_named():
    words = {
        "coding": [
            {"system": LOINC, "code": "33914-3", "display": "Glomerular filtration rate/\u200b1.73 sq M.predicted"}
        ]
    }
    chart = read(observation(words, amount(58, "mL/min")))
    assert whats(chart) == [e.Lab("egfr", Quantity.read("58 mL/min/1.73 m2"))]
    assert "read as indexed, because" in reasons(chart)


def test_a_value_that_the_record_itself_doubts_is_left_out():
    assert whats(read(observation("29463-7", amount(72, "kg"), dataAbsentReason={"text": "error"}))) == []
    assert whats(read(observation("29463-7", "about 72", "valueString"))) == []
    assert whats(read(observation("29463-7", amount(72, "kg"), valueString="90 kg"))) == []
    assert whats(read(observation("29463-7", amount(72, "kg"), modifierExtension=[{"url": "urn:x"}]))) == []


def test_a_known_code_of_an_unknown_system_is_named_and_other_tests_are_counted():
    chart = read(observation(coded("urn:clinic", "29463-7"), amount(72, "kg")), observation("4548-4", amount(7, "%")))
    assert whats(chart) == []
    assert "the system of its code is not LOINC's" in reasons(chart)
    assert "Observation | 1 resource | no test that a baclofen chart reads" in reasons(chart)


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ((LOINC, "LA15173-0"), "yes"),
        ((LOINC, "LA26683-5"), "no"),
        ((SNOMED, "60001007"), "no"),
        ((LOINC, "LA4489-6"), None),
    ],
)
def test_pregnancy_is_answered_yes_or_no_or_not_at_all(code, answer):
    chart = read(observation("82810-3", coded(*code), "valueCodeableConcept"))
    assert whats(chart) == ([e.Pregnancy(answer)] if answer else [])


@pytest.mark.parametrize(
    ("name", "value", "more", "marks"),
    [
        ("Ashworth scale", ("valueInteger", 3), {"bodySite": {"text": "Lower extremities"}}, "ashworth legs 3"),
        ("Modified Ashworth scale", ("valueString", "1+"), {"bodySite": {"text": "legs"}}, "modified ashworth legs 1+"),
        (
            "Modified Ashworth score",
            ("valueCodeableConcept", {"coding": [{"system": "urn:eutonia:mas", "code": "1+", "display": "Grade 1+"}]}),
            {"bodySite": {"coding": [{"display": "Left knee"}]}},
            "modified ashworth left knee 1+",
        ),
        ("Penn spasm frequency scale", ("valueInteger", 4), {}, "penn 4"),
    ],
)
def test_scores_stay_codes(name, value, more, marks):
    chart = read(observation({"text": name}, value[1], value[0], **more))
    assert chart.lines[-2] == f"2026-01-05 09:30Z score {marks}"


def test_scores_of_several_sites_are_components_of_one_observation():
    parts = [
        {"code": {"text": "Modified Ashworth legs"}, "valueCodeableConcept": {"text": "2"}},
        {"code": {"text": "Arms"}, "valueString": "1+"},
    ]
    scored = observation({"text": "Modified Ashworth scale"}, parts, "component")
    assert read(scored).lines[-2] == "2026-01-05 09:30Z score modified ashworth legs 2; arms 1+"
    parts[1]["valueString"] = "1 to 2"
    assert whats(read(scored)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Ashworth scale", ("valueString", "1+")),
        ("Modified Ashworth scale", ("valueInteger", 5)),
        ("Modified Ashworth scale", ("valueQuantity", amount(2, "1"))),
        ("Modified Ashworth scale", ("valueCodeableConcept", {"coding": [{"code": "2"}], "text": "Grade 1+"})),
        ("Modified Ashworth scale", ("valueCodeableConcept", {"coding": [{"code": "2"}], "text": "2 to 3"})),
        ("Penn spasm scale, severity", ("valueInteger", 3)),
    ],
)
def test_scores_that_are_not_one_value_of_their_scale_are_left_out(name, value):
    assert whats(read(observation({"text": name}, value[1], value[0], bodySite={"text": "legs"}))) == []


def test_a_score_of_the_tone_without_a_site_is_left_out():
    assert whats(read(observation({"text": "Ashworth scale"}, 3, "valueInteger"))) == []


# --- visits and everything else ---------------------------------------------------------------------------------------


def test_the_latest_finished_visit_is_the_last_contact():
    chart = read(visit("2026-01-05"), visit("2026-03-01"), visit("2026-02-01"), visit("2026-04-01", "planned"))
    assert [(x.written, x.what) for x in chart.events[1:]] == [("2026-03-01 09:00Z", e.Contact())]
    assert "Encounter | 2 resources | " in reasons(chart)
    assert "Encounter | 1 resource | only finished visits are contacts" in reasons(chart)


def test_what_is_not_read_is_counted_by_type():
    claims = [{"resourceType": "Claim", "patient": {"reference": ME}} for _ in range(24)]
    assert "Claim | 24 resources | not part of a baclofen chart" in reasons(read(*claims))


def test_a_page_of_a_longer_record_and_an_error_of_the_record_are_named():
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
    chart = read(outcome, link=[{"relation": "next", "url": "http://x/?page=2"}])
    assert "only this page was read" in reasons(chart)
    assert "error timeout" in reasons(chart)


def test_a_bundle_inside_a_bundle_is_read_with_its_place():
    inner = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": observation("29463-7", {"value": 72})}],
    }
    assert "Bundle.entry[1].resource.entry[0].resource (Observation)" in reasons(read(inner))


def test_the_same_resource_twice_counts_once_and_with_different_contents_is_refused():
    weighed = observation("29463-7", amount(72, "kg"), id="w")
    assert len(whats(read(weighed, dict(weighed)))) == 1
    with pytest.raises(ReadError, match="different contents"):
        read(weighed, {**weighed, "status": "amended"})


def test_a_baclofen_order_that_comes_twice_under_two_ids_counts_once():
    chart = read(order("Baclofen", dosage(), id="a"), order("Baclofen", dosage(), id="b"))
    assert facts(chart).oral.value.daily_mg == Quantity.read("30 mg/day")
    assert "it counts once" in reasons(chart)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "this is not JSON"),
        ("[]", "this is not a FHIR bundle"),
        ('{"resourceType": "Patient"}', "this is not a FHIR bundle"),
        ('{"resourceType": "Bundle", "type": "history"}', "Bundle.type is 'history'"),
        ('{"resourceType": "Bundle", "type": "collection"}', "no Patient"),
        ('{"resourceType": "Bundle", "type": "collection", "type": "batch"}', "'type' stands twice"),
        ('{"resourceType": "Bundle", "x": NaN}', "NaN is not a number"),
        ("[" * 100_000, "not JSON"),
        ('{"resourceType": "Bundle", "x": 1' + "0" * 5000 + "}", "not JSON"),
    ],
)
def test_what_is_not_a_bundle_of_one_patient_is_refused(given, says):
    with pytest.raises(ReadError, match=says):
        from_bundle(given, "test")


def test_a_decoded_bundle_reads_like_its_text():
    given = bundle(observation("29463-7", amount(72.5, "kg")), order("Baclofen", dosage()))
    assert from_bundle(given, "x") == from_bundle(json.dumps(given), "x")
    odd = bundle(
        observation("29463-7", amount(float("nan"), "kg")), observation("8302-2", amount(Decimal("NaN"), "cm"))
    )
    assert whats(from_bundle(odd, "x")) == []


def test_the_small_bundles_are_valid_fhir():
    r4 = pytest.importorskip("fhir.resources.R4B.bundle", reason="fhir.resources is not installed")
    given = bundle(
        condition("Epilepsy", abatementDateTime="2021-06-01"),
        allergy(coded(SNOMED, "716186003")),
        order("Baclofen", dosage(asNeededBoolean=True)),
        statement("Baclofen", dosage()),
        observation("29463-7", amount(72, "kg")),
        visit("2026-01-05"),
    )
    assert r4.Bundle.model_validate_json(json.dumps(given)).entry


# --- the real records -------------------------------------------------------------------------------------------------

REAL = Path(__file__).parents[3] / "shared" / "ehr" / "patients"
FILES = sorted(REAL.glob("*.json.gz"))

# What the records hold, counted in their JSON with none of this package: active and resolved conditions,
# active orders, allergies, weights, creatinines, and eGFRs.
HELD = Counter(
    active=81, resolved=69, orders=28, allergies=5, weights=161, heights=161, creatinine=40, egfr=33, deaths=6
)


def real(path: Path, zone: str = "UTC") -> Chart:
    """One of the real records."""
    return from_bundle(gzip.decompress(path.read_bytes()).decode(), path.stem, zone)


@pytest.mark.skipif(not FILES, reason="the real records (shared/ehr/patients) are not beside this checkout")
class TestTheRealRecords:
    """Twenty records of a real exporter, its dirt included."""

    def test_all_of_them_are_read_and_hold_what_was_counted(self):
        found: Counter[str] = Counter()
        for path in FILES:
            for what in whats(real(path)):
                match what:
                    case e.Condition(resolved=resolved):
                        found["resolved" if resolved else "began"] += 1
                    case e.Lab(test=test):
                        found[test] += 1
                    case _:
                        found[kind_of(what)] += 1
        assert len(FILES) == 20
        assert found.pop("began") == HELD["active"] + HELD["resolved"]
        assert found == {
            "resolved": HELD["resolved"],
            "medication": HELD["orders"],
            "allergy": HELD["allergies"],
            "weight": HELD["weights"],
            "height": HELD["heights"],
            "creatinine": HELD["creatinine"],
            "egfr": HELD["egfr"],
            "note": HELD["deaths"],
            "contact": 20,
        }

    def test_every_order_that_is_not_active_is_named_with_its_drug(self):
        named = [d for path in FILES for d in real(path).dropped if "MedicationRequest" in d.where]
        assert len(named) == 55
        assert all("status 'stopped'" in d.what and len(d.what) > 20 for d in named)

    def test_the_two_egfrs_that_lost_their_index_are_named(self):
        named = [d for path in FILES for d in real(path).dropped if "(Observation)" in d.where]
        assert len(named) == 2
        assert all("read as indexed" in d.why for d in named)

    def test_none_of_them_takes_baclofen_or_has_a_pump(self):
        for path in FILES:
            chart = real(path)
            assert whats(chart, e.Oral, e.Implant, e.Programmed, e.Medications) == []
            oral = facts(chart, "2020-01-01").oral
            assert isinstance(oral, Known)
            assert oral.value is None

    @pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
    def test_every_line_reads_back_as_its_event_and_the_text_as_the_chart(self, zone):
        for path in FILES:
            chart = real(path, zone)
            for event in chart.events:
                day, _, time = event.written.partition(" ")
                assert read_line(written(event)) == (day, time or None, event.what, None)
            again = from_text(chart.to_text(), path.stem, zone)
            assert again.hash == chart.hash
            assert [(x.at, x.written, x.what, x.day_only) for x in again.events] == [
                (x.at, x.written, x.what, x.day_only) for x in chart.events
            ]

    def test_the_one_with_a_cord_lesion_is_known_by_it(self):
        having = {path.name.split("_")[0]: facts(real(path), "2020-01-01").having("cord lesion") for path in FILES}
        assert [names for names in having.values() if names] == [("Chronic paralysis due to lesion of spinal cord",)]

    def test_no_name_of_a_patient_is_in_what_was_left_out(self):
        for path in FILES:
            chart = real(path)
            name = next(w.name for w in whats(chart, e.Person))
            assert not any(word in reasons(chart) for word in name.split())

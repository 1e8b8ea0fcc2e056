"""Rows of the hazard table that an electronic record can cause, each shown here to be caught at its door."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.fhir import from_bundle
from eutonia.chart.text import ReadError
from eutonia.evidence import Known, Unknown
from eutonia.knowledge import book
from tests.cases.test_fhir import (
    ME,
    allergy,
    amount,
    bundle,
    coded,
    condition,
    dosage,
    facts,
    observation,
    order,
    patient,
    read,
    reasons,
    statement,
    visit,
    whats,
)

MEASURED = [
    observation("29463-7", amount(72, "kg")),
    observation("8302-2", amount(175, "cm")),
    observation("2160-0", amount(0.9, "mg/dL")),
    observation("38483-4", amount(0.9, "mg/dL")),
    observation("98979-8", amount(60, "mL/min/{1.73_m2}")),
    observation("33914-3", amount(60, "mL/min/{1.73_m2}")),
    observation("9353-4", amount(0.4, "mg/L")),
]


@pytest.mark.hazard("H06")
@pytest.mark.parametrize("measured", MEASURED)
@pytest.mark.parametrize("missing", [("value",), ("unit", "code"), ("value", "unit", "code"), ("unit", "system")])
def test_a_measurement_without_its_number_or_its_unit_is_left_out_with_its_place(measured, missing):
    assert len(whats(read(measured))) == 1
    half = {key: each for key, each in measured["valueQuantity"].items() if key not in missing}
    chart = read({**measured, "valueQuantity": half})
    assert whats(chart) == []
    assert [d.where for d in chart.dropped] == ["Bundle.entry[1].resource (Observation)"]
    assert "valueQuantity" in chart.dropped[0].what


@pytest.mark.hazard("H06")
@pytest.mark.parametrize("missing", [("value",), ("unit", "code"), ("unit", "system")])
def test_a_dose_without_its_number_or_its_unit_is_no_dose(missing):
    half = {key: each for key, each in amount(10, "mg").items() if key not in missing}
    chart = read(order("Baclofen", dosage(doseAndRate=[{"doseQuantity": half}])))
    assert whats(chart, e.Oral) == []
    assert isinstance(facts(chart).oral, Unknown)
    assert "MedicationRequest" in reasons(chart)


@pytest.mark.hazard("H06")
@pytest.mark.parametrize(("unit", "factor"), [("mcg", 1000), ("ug", 1000), ("g", None), ("MG", None), ("mL", None)])
def test_a_dose_by_mouth_in_another_unit_than_mg_is_no_dose(unit, factor):
    assert whats(read(order("Baclofen", dosage(10 * (factor or 1), unit))), e.Oral) == []


@pytest.mark.hazard("H07")
@pytest.mark.parametrize("unit", ["", "kgs", "KG", "stone", "mg", "Kg", "1", "{kg}", "kg/m2"])
def test_an_unknown_unit_gets_no_default(unit):
    chart = read(observation("29463-7", amount(72, unit)))
    assert whats(chart) == []
    assert len(chart.dropped) == 1


@pytest.mark.hazard("H07")
@pytest.mark.parametrize("value", ["x", "", "F", "FEMALE", 1, None, [], {}])
def test_an_unknown_sex_gets_no_default(value):
    assert whats(read(visit("2026-01-05"), who=patient(gender=value)), e.Person)[0].sex is None


@pytest.mark.hazard("H07")
@pytest.mark.parametrize("value", ["x", "", "D", "day", "wk", 1, None])
def test_an_unknown_unit_of_time_gets_no_default(value):
    often = {"repeat": {"frequency": 3, "period": 1, "periodUnit": value}}
    assert whats(read(order("Baclofen", dosage(timing=often))), e.Oral) == []


@pytest.mark.hazard("H07")
@pytest.mark.parametrize("display", ["Estimated Glomerular Filtration Rate", "", "GFR predicted by Cockcroft-Gault"])
def test_a_filtration_rate_without_its_index_is_neither_indexed_nor_absolute(display):
    code = {"coding": [{"system": "http://loinc.org", "code": "33914-3", "display": display}]}
    chart = read(observation(code, amount(60, "mL/min")))
    assert whats(chart) == []
    assert "its unit is one of clearance, and one of indexed clearance is needed" in reasons(chart)


@pytest.mark.hazard("H10")
def test_two_patients_in_one_file_are_refused_and_both_are_named_by_their_ids():
    given = bundle(visit("2026-01-05"), patient(id="B"))
    with pytest.raises(
        ReadError, match=r"'Patient/11111111-.*' and 'Patient/B' \(Bundle.entry\[2\].resource \(Patient\)\)"
    ):
        from_bundle(given, "test")


@pytest.mark.hazard("H10")
@pytest.mark.parametrize(
    "reference",
    [
        "Patient/B",
        "urn:uuid:22222222-2222-4222-8222-222222222222",
        "http://other/Patient/B",
        "#p",
        ME.upper(),
        ME + "0",
    ],
)
@pytest.mark.parametrize(
    "resource",
    [
        observation("29463-7", amount(72, "kg")),
        observation("4548-4", amount(7, "%")),
        condition("Epilepsy"),
        order("Baclofen", dosage()),
        {"resourceType": "Claim"},
    ],
)
def test_a_resource_about_another_patient_refuses_the_whole_file(reference, resource):
    with pytest.raises(ReadError, match="two patients in one file"):
        from_bundle(bundle(visit("2026-01-05"), {**resource, "subject": {"reference": reference}}), "test")


@pytest.mark.hazard("H10")
@pytest.mark.parametrize(
    "subject",
    [
        None,
        {},
        {"display": "Zebulon Quixote"},
        {"reference": "Group/1"},
        {"reference": ""},
        "Patient/1",
        [],
        {"identifier": {"value": "A-17"}},
    ],
)
def test_a_resource_that_does_not_name_the_patient_is_left_out(subject):
    chart = read(observation("29463-7", amount(72, "kg"), subject=subject))
    assert whats(chart) == []
    assert "it does not say that it is about this patient" in reasons(chart)
    assert "Zebulon" not in reasons(chart)


@pytest.mark.hazard("H11")
def test_what_has_no_day_makes_no_answer_look_fresh():
    old = visit("2015-01-05")
    undated = [condition("Epilepsy", onsetDateTime=None), order("Warfarin", authoredOn="2026")]
    chart = read(old, *undated, timestamp="2026-05-01T00:00:00Z")
    assert facts(chart).last_contact == chart.events[0].at == chart.moment("2015-01-05T09:00Z")
    assert whats(read(old, allergy(coded("http://snomed.info/sct", "716186003"), recordedDate="2026")), e.Allergy) == []


@pytest.mark.hazard("H12")
def test_what_the_record_does_not_say_stays_unknown():
    said = facts(read(visit("2026-01-05")))
    for fact in (
        said.allergies,
        said.list_complete,
        said.pregnancy,
        said.weight,
        said.lab("creatinine", "creatinine", None),
    ):
        assert isinstance(fact, Unknown)


@pytest.mark.hazard("H15")
def test_a_record_with_every_resource_twice_says_the_same():
    given = bundle(
        *MEASURED,
        order("Baclofen", dosage()),
        condition("Epilepsy"),
        allergy({"text": "Penicillin"}),
        visit("2026-01-05"),
    )
    once = from_bundle(given, "test")
    again = from_bundle({**given, "entry": given["entry"] + json.loads(json.dumps(given["entry"][1:]))}, "test")
    for now in ("2026-01-05T10:00", "2026-05-02"):
        one, two = (Facts(chart, chart.moment(now), book()) for chart in (once, again))
        assert isinstance(one.oral, Known)
        assert one.oral == two.oral
        assert (one.weight, one.conditions[0][1], one.allergies.value) == (
            two.weight,
            two.conditions[0][1],
            two.allergies.value,
        )


@pytest.mark.hazard("H17")
@pytest.mark.parametrize(
    "status", ["entered-in-error", "cancelled", "stopped", "completed", "on-hold", "draft", "unknown", "nonsense", None]
)
@pytest.mark.parametrize("make", [order, statement])
@pytest.mark.parametrize("drug", ["Baclofen 10 MG Oral Tablet", "oxycodone 5 mg", "Baclofen 0.5 MG/ML Injection"])
def test_an_order_that_is_not_active_is_not_taken_and_is_named_with_its_status(status, make, drug):
    chart = read(make(drug, dosage(), status=status))
    assert whats(chart) == []
    assert len(chart.dropped) == 1
    assert drug in chart.dropped[0].what
    assert (f"'{status}'" if status else "no status") in chart.dropped[0].what


@pytest.mark.hazard("H17")
@pytest.mark.parametrize("intent", ["proposal", "plan", "option", "nonsense", None])
def test_what_was_only_planned_or_proposed_is_not_taken(intent):
    chart = read(order("Baclofen", dosage(), intent=intent))
    assert whats(chart) == []
    assert "only an order counts" in reasons(chart)


@pytest.mark.hazard("H17")
@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "preliminary", "registered", "unknown", None])
@pytest.mark.parametrize("measured", MEASURED)
def test_a_result_that_is_not_final_is_not_a_result(status, measured):
    assert whats(read({**measured, "status": status})) == []


SIGS = [
    "10 mg TID",
    "10 mg three times a day + 5 mg at bedtime",
    "5 mg as needed, at most 2 a day",
    "60 mg/day in 3 doses",
]


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(
    "sig",
    [
        "10 mg TID + 5 prn", "10 mg TID, may repeat", "10-20 mg TID", "10 mg", "10 mg TID for 3 days, then 20 mg TID",
        "one tablet TID", "10 mg po qd", "10 mg TID #90", "10 mg TID; 5 mg hs", "up to 10 mg TID", "10 mg TID unless drowsy",
    ],
)  # fmt: skip
def test_a_direction_that_is_not_wholly_understood_is_no_dose(sig):
    for given in ({"text": sig}, dosage(10, times=3, text=sig)):
        chart = read(order("Baclofen", given))
        assert whats(chart, e.Oral) == []
        assert isinstance(facts(chart).oral, Unknown)


@pytest.mark.hazard("H18")
@pytest.mark.parametrize("sig", SIGS)
def test_every_changed_word_of_a_direction_makes_it_no_dose_or_another_one_that_is_written(sig):
    assert len(whats(read(order("Baclofen", {"text": sig})), e.Oral)) == 1
    for place in range(len(sig.split())):
        words = sig.split()
        words[place] += "x"
        assert whats(read(order("Baclofen", {"text": " ".join(words)})), e.Oral) == []


@pytest.mark.hazard("H18")
def test_no_dose_is_read_from_the_name_of_an_order_whose_directions_are_not_understood():
    for name in ("baclofen 10 mg three times a day", "Baclofen 20 mg daily"):
        assert isinstance(facts(read(order(name, {"text": "see letter"}))).oral, Unknown)
        assert isinstance(facts(read(order(name))).oral, Unknown)


@pytest.mark.hazard("H59")
def test_no_name_of_a_person_is_in_an_error_or_in_what_was_left_out():
    somebody = {"reference": "Patient/B", "display": "Wilhelmina Unlikely"}
    with pytest.raises(ReadError) as refused:
        from_bundle(bundle(observation("29463-7", amount(72, "kg"), subject=somebody)), "test")
    texts = [str(refused.value)]
    odd: list[dict[str, Any]] = [
        patient(birthDate="x"),
        patient(gender="x"),
        patient(deceasedBoolean=True),
        patient(modifierExtension=[{}]),
    ]
    texts += [
        reasons(read(visit("2026-01-05"), observation("29463-7", 7, performer=[somebody]), who=who)) for who in odd
    ]
    names = re.compile("Wilhelmina|Unlikely|Zebulon|Quixote|Zeb")
    assert all(texts)
    assert not any(names.search(text) for text in texts)

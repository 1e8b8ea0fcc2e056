"""What holds for every bundle: only a refusal comes out of nonsense, only counting statuses count, no unit is swapped."""

from __future__ import annotations

import copy
import json
import string
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eutonia.chart import event as e
from eutonia.chart import from_text
from eutonia.chart.chart import Chart
from eutonia.chart.fhir import from_bundle
from eutonia.chart.text import ReadError
from eutonia.quantity import Quantity
from tests.cases.test_fhir import (
    HL7,
    LOINC,
    ME,
    RXNORM,
    SNOMED,
    allergy,
    amount,
    bundle,
    coded,
    condition,
    dosage,
    observation,
    order,
    patient,
    reasons,
    statement,
    visit,
    whats,
)

Path = tuple[str | int, ...]

# One of everything that is read.  Each number stands once, so that a number tells which unit belongs to it.
SITES = [{"code": {"text": "legs"}, "valueString": "1+"}]
WHOLE = bundle(
    condition("Epilepsy", code=coded(SNOMED, "84757009", "Epilepsy"), recordedDate="2019-04-01"),
    condition("Sprain of ankle", "resolved", abatementDateTime="2020-01-01"),
    allergy({"text": "Penicillin"}, reaction=[{"manifestation": [{"text": "hives"}]}]),
    allergy(coded(SNOMED, "716186003")),
    observation("29463-7", amount(71.3, "kg"), id="w"),
    observation("8302-2", amount(172.4, "cm")),
    observation("2160-0", amount(0.93, "mg/dL")),
    observation("98979-8", amount(64, "mL/min/{1.73_m2}")),
    observation("9353-4", amount(0.41, "mg/L")),
    observation("82810-3", coded(LOINC, "LA26683-5"), "valueCodeableConcept"),
    observation({"text": "Modified Ashworth scale"}, SITES, "component"),
    observation({"text": "Ashworth scale"}, 3, "valueInteger", bodySite={"text": "arms"}),
    order("Warfarin Sodium 5 MG Oral Tablet"),
    order("", dosage(12.5), medicationCodeableConcept=coded(RXNORM, "1292", "Baclofen"), id="b1"),
    order("Baclofen", {"text": "7.5 mg at bedtime"}, authoredOn="2026-02-01"),
    statement("Baclofen", dosage(12.5), basedOn=[{"reference": "MedicationRequest/b1"}]),
    {"resourceType": "Medication", "id": "m", "code": {"text": "Digoxin"}},
    {"resourceType": "Device", "type": {"text": "Infusion pump"}, "status": "active", "patient": {"reference": ME}},
    {"resourceType": "Claim", "patient": {"reference": ME}},
    visit("2026-03-01"),
    visit("2026-03-02"),
)
NUMBERS = {
    Decimal("71.3"): "kg",
    Decimal("172.4"): "cm",
    Decimal("0.93"): "mg/dL",
    Decimal(64): "mL/min/1.73 m2",
    Decimal("0.41"): "mg/L",
    Decimal("12.5"): "mg",
    Decimal("7.5"): "mg",
}


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """The place of every field and list entry inside."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*here, key)
        yield from paths(inner, (*here, key))


PATHS = tuple(paths(WHOLE))
WORDS = [each for path in PATHS if isinstance(each := path[-1], str)]


def altered(path: Path, value: Any) -> dict[str, Any]:
    """The whole bundle with one field replaced, or taken out where the new value is `...`."""
    given_ = copy.deepcopy(WHOLE)
    inner: Any = given_
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return given_


nonsense = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=12),
    st.text(st.sampled_from("09-:.TZ+;# \n\u200b\ud800kgm/<>%"), max_size=12),
    st.sampled_from(["", "active", "kg", "mg", "lb", "2026-01", "9999-12-31", "Patient/2", "#x", ME, "x" * 300]),
    st.sampled_from([[], {}, [[]], [None], [{}], {"coding": [None]}, {"coding": {"code": "x"}}, {"reference": 7}]),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
        max_leaves=8,
    ),
)


def quantities(chart: Chart) -> Iterator[Quantity]:
    """Every quantity on the chart."""
    for what in whats(chart):
        if isinstance(what, e.Oral) and what.regimen:
            yield from (part.amount for part in what.regimen.parts)
        elif isinstance(getattr(what, "value", None), Quantity):
            yield what.value  # type: ignore[union-attr]


def read_or_refused(given_: Any) -> Chart | None:
    """The chart, or none where the bundle is refused; no other error may come out, and no name of the patient."""
    chart, says = None, ""
    try:
        chart = from_bundle(given_, "test")
        says = reasons(chart)
    except ReadError as refused:
        says = str(refused)
    assert chart is not None or says.startswith("test: ")
    assert "Zebulon" not in says
    assert "Quixote" not in says
    return chart


def test_the_whole_bundle_is_read_before_anything_is_altered():
    chart = read_or_refused(WHOLE)
    assert chart is not None
    assert {q.value: q.unit.name for q in quantities(chart)} == {
        n: u for n, u in NUMBERS.items() if n != Decimal("12.5")
    }
    assert e.Medication("baclofen 12.5 mg three times a day") in whats(chart)
    assert len(chart.events) == 19


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(PATHS), nonsense)
def test_one_altered_field_gives_a_chart_or_a_refusal_and_never_another_unit(path, value):
    chart = read_or_refused(altered(path, value))
    if chart is not None and "unit" not in path:
        for each in quantities(chart):
            assert NUMBERS.get(each.value, each.unit.name) == each.unit.name


@pytest.mark.parametrize("part", range(8))
def test_one_missing_field_gives_a_chart_or_a_refusal_and_never_another_unit(part):
    for path in PATHS[part::8]:
        chart = read_or_refused(altered(path, ...))
        if chart is not None:
            assert {q.value: q.unit.name for q in quantities(chart)}.items() <= NUMBERS.items(), path


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), nonsense, st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns"]))
def test_whatever_is_read_is_written_and_read_again_the_same(path, value, zone):
    try:
        chart = from_bundle(altered(path, value), "test", zone)
    except ReadError:
        return
    again = from_text(chart.to_text(), "test", zone)
    assert again.hash == chart.hash
    assert [(x.at, x.written, x.what) for x in again.events] == [(x.at, x.written, x.what) for x in chart.events]


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60)
    | st.text(st.sampled_from('{}[]":,0e-.NaI \\u'), max_size=60)
    | nonsense.filter(lambda x: x is not None)
)
def test_what_is_no_bundle_is_refused(value):
    with pytest.raises(ReadError):
        from_bundle(value, "test")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(json.dumps(WHOLE)) - 1), st.sampled_from(["", *string.punctuation, "7", "e", " "]))
def test_a_text_with_one_sign_changed_is_read_or_refused(place, sign):
    text = json.dumps(WHOLE)
    read_or_refused(text[:place] + sign + text[place + 1 :])


@settings(max_examples=60, deadline=None)
@given(st.permutations(WHOLE["entry"][1:]))
def test_the_order_of_the_entries_does_not_matter(entries):
    given_ = {**WHOLE, "entry": [WHOLE["entry"][0], *entries]}
    chart, first = from_bundle(given_, "test"), from_bundle(WHOLE, "test")
    assert sorted(chart.lines) == sorted(first.lines)
    assert left_out(chart) == left_out(first)


def left_out(chart: Chart) -> list[tuple[str, str]]:
    """What was left out, without the places."""
    return sorted((d.what, d.why) for d in chart.dropped)


# --- statuses ---------------------------------------------------------------------------------------------------------

# Every code of the FHIR R4 value sets, and two that are in none; True where the resource counts.
REQUEST = dict.fromkeys(["on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown"], False)
STATEMENT = dict.fromkeys(
    ["completed", "entered-in-error", "intended", "stopped", "on-hold", "unknown", "not-taken"], False
)
INTENT = dict.fromkeys(["proposal", "plan", "option"], False) | dict.fromkeys(
    ["order", "original-order", "reflex-order", "filler-order", "instance-order"], True
)
OBSERVATION = dict.fromkeys(
    ["registered", "preliminary", "cancelled", "entered-in-error", "unknown"], False
) | dict.fromkeys(["final", "amended", "corrected"], True)
VISIT = dict.fromkeys(
    ["planned", "arrived", "triaged", "in-progress", "onleave", "cancelled", "entered-in-error", "unknown"], False
)
CLINICAL = dict.fromkeys(["active", "recurrence", "relapse", "inactive", "remission", "resolved"], True)
VERIFICATION = dict.fromkeys(["unconfirmed", "provisional", "differential", "refuted", "entered-in-error"], False)
ALLERGY_VERIFICATION = {"unconfirmed": True, "confirmed": True, "refuted": False, "entered-in-error": False}
NEITHER: dict[Any, bool] = {"ACTIVE": False, "": False, None: False, 7: False}


def clinical(resource: dict[str, Any], name: str, system: str, code: Any) -> dict[str, Any]:
    """The resource with another coded status."""
    return {**resource, name: coded(HL7 + system, code)}


STATUSES = [
    *(
        ({**order("Warfarin"), "status": code}, counts)
        for code, counts in {**REQUEST, "active": True, **NEITHER}.items()
    ),
    *(({**order("Warfarin"), "intent": code}, counts) for code, counts in {**INTENT, **NEITHER}.items()),
    *(
        ({**order("Baclofen", dosage()), "status": code}, counts)
        for code, counts in {**REQUEST, "active": True, **NEITHER}.items()
    ),
    *(
        ({**statement("Warfarin"), "status": code}, counts)
        for code, counts in {**STATEMENT, "active": True, **NEITHER}.items()
    ),
    *(
        ({**observation("29463-7", amount(72, "kg")), "status": code}, counts)
        for code, counts in {**OBSERVATION, **NEITHER}.items()
    ),
    *(
        ({**visit("2026-01-05"), "status": code}, counts)
        for code, counts in {**VISIT, "finished": True, **NEITHER}.items()
    ),
    *(
        (clinical(condition("Epilepsy"), "clinicalStatus", "condition-clinical", code), counts)
        for code, counts in {**CLINICAL, **NEITHER}.items()
    ),
    *(
        (clinical(condition("Epilepsy"), "verificationStatus", "condition-ver-status", code), counts)
        for code, counts in {**VERIFICATION, "confirmed": True, **NEITHER}.items()
    ),
    *(
        (clinical(allergy({"text": "Penicillin"}), "clinicalStatus", "allergyintolerance-clinical", code), counts)
        for code, counts in {"active": True, "inactive": False, "resolved": False, **NEITHER}.items()
    ),
    *(
        (
            clinical(allergy({"text": "Penicillin"}), "verificationStatus", "allergyintolerance-verification", code),
            counts,
        )
        for code, counts in {**ALLERGY_VERIFICATION, **NEITHER}.items()
    ),
]


@pytest.mark.parametrize(("resource", "counts"), STATUSES)
def test_only_the_statuses_on_the_list_count_and_all_others_are_named(resource, counts):
    chart = from_bundle(bundle(resource), "test")
    assert bool(whats(chart)) is counts
    if not counts:
        assert len(chart.dropped) == 1


@pytest.mark.parametrize(
    ("code", "over"), [("inactive", True), ("remission", True), ("resolved", True), ("active", False)]
)
def test_a_condition_is_over_where_its_status_says_so(code, over):
    chart = from_bundle(bundle(condition("Epilepsy", code)), "test")
    assert [w.resolved for w in whats(chart, e.Condition)] == [over]


# --- one patient ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(1, len(WHOLE["entry"])))
def test_a_resource_about_somebody_else_refuses_the_file_whatever_it_is(number):
    for key in ("subject", "patient"):
        if key in WHOLE["entry"][number]["resource"]:
            with pytest.raises(ReadError, match=r"two patients in one file: 'Patient/1111.*' and 'Patient/2'"):
                from_bundle(altered(("entry", number, "resource", key, "reference"), "Patient/2"), "test")


@pytest.mark.parametrize(
    ("full", "reference"),
    [
        (ME, ME),
        (ME, "Patient/11111111-1111-4111-8111-111111111111"),
        ("http://a/Patient/1", "http://a/Patient/1"),
        ("http://a/Patient/1", "http://a/Patient/1/_history/3"),
    ],
)
def test_every_way_of_pointing_to_the_patient_is_understood(full, reference):
    given_ = bundle(observation("29463-7", amount(72, "kg"), subject={"reference": reference}))
    given_["entry"][0]["fullUrl"] = full
    assert len(whats(from_bundle(given_, "test"))) == 1


def test_the_same_local_name_on_another_server_is_another_patient():
    given_ = bundle(
        observation("29463-7", amount(72, "kg"), id="w", subject={"reference": "Patient/1"}), who=patient(id="1")
    )
    given_["entry"][0]["fullUrl"] = "http://a/Patient/1"
    given_["entry"][1]["fullUrl"] = "http://b/Observation/w"
    with pytest.raises(ReadError, match="two patients"):
        from_bundle(given_, "test")
    given_["entry"][1]["fullUrl"] = "http://a/Observation/w"
    assert len(whats(from_bundle(given_, "test"))) == 1

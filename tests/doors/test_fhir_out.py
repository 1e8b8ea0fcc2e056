"""FHIR R4 out: every resource is valid, says neither more nor less than the chart, and reads back as the same chart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

import eutonia
from eutonia.chart import Chart, Facts
from eutonia.chart import event as e
from eutonia.doors.cli import main
from eutonia.doors.fhir import access, advice_bundle, chart_bundle, patient_of, pretty, to_json
from eutonia.doors.fhir.people import patient_id
from eutonia.doors.fhir.problems import CODES
from eutonia.evidence import Known, Unknown
from eutonia.knowledge import book, conditions
from eutonia.moment import local_day
from tests.charts import LONG, ORAL, PUMP, charts
from tools.docs import examples, moment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "chart.md").read_text("utf-8")
EXAMPLES = {path.stem: path.read_text("utf-8") for path in examples()}
# The page of the grammar shows a line of every kind, so its charts are one of everything that can happen.
GRAMMAR = {f"grammar {n}": text for n, text in enumerate(re.findall(r"^```chart\n(.*?)^```$", PAGE, re.DOTALL | re.M))}
OTHERS = {
    "by": "\n".join(f"{line}; by Dr Example" for line in PUMP.splitlines()) + "\n",
    "long": LONG,
    "nobody": "2026-01-05 weight 72 kg\n",
    "two names": "2026-01-05 person id A/1 B; name Ann One\n2026-01-06 person id A/1 B; name Ann Two\n",
    "again": (
        "2026-01-05 person id A-17\n2026-01-05 weight 72 kg\n2026-01-05 weight 72 kg\n2026-01-05 note talked\n"
        "2026-01-05 medication baclofen 10 mg three times a day\n2026-01-06 medication baclofen cream\n"
    ),
    "units": (
        "2026-01-05 person id A-17\n2026-01-05 weight 158.50 lb\n2026-01-05 height 1.750 m\n"
        "2026-01-05 lab creatinine 62 umol/L\n2026-01-05 lab plasma 0.240 mg/L\n"
    ),
    "mixed": (
        "2026-01-05 person id A-17\n2026-01-05 implant SynchroMed II 20 mL\n2026-01-05 program day 4 mcg/h from 00:00, "
        "6 mcg/h from 08:20; bolus 12 mcg at 06:00, 22:00 over 10 min; bolus 0.5 mcg every 0.25 h; strength 2 mg/mL\n"
    ),
}
EVERY = EXAMPLES | GRAMMAR | OTHERS


def decoded(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as it goes out and comes in again."""
    return json.loads(to_json(resource), parse_float=Decimal)


def resources(bundle: dict[str, Any], *types: str) -> list[dict[str, Any]]:
    return [each["resource"] for each in bundle["entry"] if not types or each["resource"]["resourceType"] in types]


def inside(value: Any) -> Iterator[Any]:
    """The value and everything inside it."""
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(each)


def checked(bundle: dict[str, Any]) -> dict[str, Any]:
    """The bundle, decoded, once everything that FHIR asks of it holds."""
    found = decoded(bundle)
    get_fhir_model_class("Bundle").model_validate({key: each for key, each in found.items() if key != "entry"})
    urls = [each["fullUrl"] for each in found["entry"]]
    assert len(set(urls)) == len(urls)
    for resource in resources(found):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", resource["id"])
    for each in inside(found):
        assert each is not None
        assert each not in ("", [], {}, "entered-in-error")
        if isinstance(each, dict) and "reference" in each:
            assert each["reference"] in urls
        if isinstance(each, dict) and "value" in each and "system" in each and "code" in each:
            assert each["system"] == "http://unitsofmeasure.org"
    return found


def advised(text: str, now: str | datetime | None = None, **options: Any) -> dict[str, Any]:
    chart = eutonia.read(text)
    return advice_bundle(eutonia.advise(chart, now or chart.events[-1].at), **options)


LINES = sorted(
    {
        event.text.split("#")[0].removeprefix(event.written)
        for text in EVERY.values()
        for event in eutonia.read(text).events
    }
)
LINES = [line for line in LINES if line.split()[0] != "person"]


@st.composite
def jumbles(draw: st.DrawFn) -> str:
    """Lines of every kind on any days in any order; seldom sound, always a chart."""
    found = ["2026-01-05 person id A-17; born 1979-04-11"]
    for line in draw(st.lists(st.sampled_from(LINES), max_size=25)):
        day = f"2026-{draw(st.integers(1, 6)):02d}-{draw(st.integers(1, 28)):02d}"
        time = draw(st.sampled_from(["", " 00:00", " 09:30", " 23:59:30"]))
        found.append(f"{day}{time} {line.strip()}")
    return "\n".join(found) + "\n"


# --- every resource is what FHIR says ---------------------------------------------------------------------------------


def test_the_charts_of_these_tests_hold_every_kind_of_event():
    kinds = {type(event.what) for text in EVERY.values() for event in eutonia.read(text).events}
    assert kinds == set(e.What.__args__)


@pytest.mark.parametrize("name", EVERY)
def test_every_chart_is_a_valid_bundle_that_points_to_nothing_outside(name):
    checked(chart_bundle(eutonia.read(EVERY[name])))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_advice_for_every_example_is_a_valid_bundle(name):
    chart = eutonia.read(EXAMPLES[name])
    advice = eutonia.advise(chart, moment(EXAMPLES[name]))
    found = checked(advice_bundle(advice))
    assert len(resources(found, "DetectedIssue")) == len(advice.findings)
    assert len(resources(found, "CarePlan")) == len(resources(found, "RiskAssessment")) == len(advice.plans)
    kinds = [each["details"]["coding"][0]["display"] for each in issues(found) if "details" in each]
    assert kinds == [each.kind for each in advice.refusals]


@pytest.mark.parametrize("name", [*GRAMMAR, *OTHERS])
def test_the_advice_for_every_kind_of_event_is_a_valid_bundle(name):
    checked(advised(EVERY[name], foresee=False))


@settings(max_examples=30, deadline=None)
@given(charts())
def test_whatever_a_chart_says_its_advice_is_a_valid_bundle(made):
    checked(advised(*made, foresee=False))


@settings(max_examples=40, deadline=None)
@given(jumbles())
def test_lines_in_any_order_give_a_valid_bundle(text):
    checked(advised(text, foresee=False))


@pytest.mark.parametrize("name", ["02-spinal-cord-injury-pump", "08-suspected-overdose"])
def test_the_same_chart_gives_the_same_bytes_however_it_was_written(name):
    text, now = EXAMPLES[name], moment(EXAMPLES[name])
    first = to_json(advised(text, now))
    assert to_json(advised(text, now)) == first
    again = json.dumps(eutonia.read(text).to_json())
    assert to_json(advised(again, now)) == first


def test_digits_are_kept_as_they_were_written():
    found = to_json(chart_bundle(eutonia.read(OTHERS["units"]))).decode()
    assert '"value":158.50,"unit":"lb","system":"http://unitsofmeasure.org","code":"[lb_av]"' in found
    assert '"value":1.750,"unit":"m"' in found
    assert '"value":0.240,"unit":"mg/L"' in found
    assert '"value": 158.50,' in pretty(chart_bundle(eutonia.read(OTHERS["units"])))


# --- nothing is dropped in silence, and nothing said twice ------------------------------------------------------------


def issues(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [issue for each in resources(bundle, "OperationOutcome") for issue in each["issue"]]


def test_what_is_left_out_is_named_without_its_text():
    said = [each["diagnostics"] for each in issues(chart_bundle(eutonia.read(OTHERS["again"])))]
    assert len(said) == 2
    assert said[0].startswith("event 3 (weight): it repeats another one")
    assert said[1].startswith("event 4 (note): a free note is never interpreted")
    assert "talked" not in str(said)


def test_two_names_of_one_person_are_left_out_and_named():
    found = checked(chart_bundle(eutonia.read(OTHERS["two names"])))
    assert "name" not in resources(found, "Patient")[0]
    assert [each["diagnostics"] for each in issues(found)] == ["the person's name: it is written in two ways"]
    assert "Ann" not in to_json(found).decode()


def test_what_lies_after_the_moment_of_the_advice_is_named_and_not_written():
    found = advised(ORAL + "2026-03-01 oral 5 mg three times a day\n", "2026-02-01 10:00", foresee=False)
    assert not resources(found, "MedicationRequest")
    assert any("(oral): it lies after the moment" in each["diagnostics"] for each in issues(found))


def test_what_a_record_did_not_give_is_named_again_in_the_answer():
    record = chart_bundle(eutonia.read(PUMP))
    found = advised(to_json(record).decode(), "2026-04-01 10:00", foresee=False)
    says = [each["diagnostics"] for each in issues(found) if each["code"] == "incomplete"]
    assert any("pump state is not read from records" in each for each in says)


# --- nothing means more than it did -----------------------------------------------------------------------------------


def one(bundle: dict[str, Any], text: str) -> dict[str, Any]:
    """The one observation whose code says this."""
    found = [each for each in resources(bundle, "Observation") if each["code"]["text"] == text]
    assert len(found) == 1, [each["code"]["text"] for each in resources(bundle, "Observation")]
    return found[0]


def test_one_plus_is_a_code_and_never_a_number():
    found = chart_bundle(eutonia.read(ORAL + "2026-01-06 score modified ashworth legs 1+\n"))
    score = one(found, "Modified Ashworth scale")
    assert score["valueCodeableConcept"]["coding"] == [
        {"system": "urn:eutonia:modified-ashworth", "code": "1+", "display": "1+"}
    ]
    scores = [each for each in resources(found, "Observation") if "scale" in each["code"]["text"]]
    assert len(scores) == 4
    assert not any("valueQuantity" in each or "valueInteger" in each for each in scores)


def test_the_end_of_a_symptom_has_a_code_of_its_own():
    text = (
        ORAL + "2026-01-06 symptom somnolence\n2026-01-07 symptom somnolence; resolved\n2026-01-07 dialysis stopped\n"
    )
    found = chart_bundle(eutonia.read(text))
    assert one(found, "symptom")["valueString"] == one(found, "symptom resolved")["valueString"] == "somnolence"
    assert one(found, "on dialysis")["valueBoolean"] is False


def test_an_egfr_bears_no_code_that_names_a_formula():
    found = chart_bundle(eutonia.read(ORAL + "2026-01-06 lab egfr 62 mL/min/1.73 m2\n"))
    kidney = one(found, "eGFR, indexed to 1.73 m2, formula not known")
    assert [each["system"] for each in kidney["code"]["coding"]] == ["urn:eutonia:lab"]
    assert kidney["valueQuantity"]["code"] == "mL/min/{1.73_m2}"


def test_only_the_last_order_by_mouth_is_active_and_names_the_one_before():
    text = (
        ORAL + "2026-01-06 oral 5 mg three times a day\n2026-01-09 oral 10 mg tid + 5 mg as needed, at most 2 a day\n"
    )
    first, last = resources(chart_bundle(eutonia.read(text)), "MedicationRequest")
    assert (first["status"], last["status"]) == ("stopped", "active")
    assert first["statusReason"]["text"] == "replaced by a later order"
    assert last["priorPrescription"]["reference"].endswith(first["id"])
    assert [each["text"] for each in last["dosageInstruction"]] == [
        "10 mg three times a day",
        "5 mg as needed, at most 2 a day",
    ]
    assert {each["sequence"] for each in last["dosageInstruction"]} == {1}
    stopped = chart_bundle(eutonia.read(text + "2026-02-01 oral stop\n"))
    assert [each["status"] for each in resources(stopped, "MedicationRequest", "MedicationStatement")] == [
        "stopped"
    ] * 3


def test_a_drug_that_was_stopped_is_stopped_and_one_taken_again_is_active():
    text = ORAL + "2026-01-06 medication oxycodone 5 mg\n2026-02-06 medication stop oxycodone\n"
    assert [each["status"] for each in resources(chart_bundle(eutonia.read(text)), "MedicationStatement")] == [
        "stopped"
    ]
    again = chart_bundle(eutonia.read(text + "2026-03-06 medication oxycodone 5 mg\n"))
    assert [each["status"] for each in resources(again, "MedicationStatement")] == ["stopped", "active"]


def test_a_condition_that_is_over_is_one_resource_with_its_end():
    text = ORAL + "2026-01-06 condition epilepsy; since 2020-01-01\n2026-02-06 condition Epilepsy; resolved\n"
    (found,) = [each for each in resources(chart_bundle(eutonia.read(text)), "Condition") if "ilepsy" in str(each)]
    assert found["clinicalStatus"]["coding"][0]["code"] == "resolved"
    assert (found["onsetDateTime"], found["abatementDateTime"]) == ("2020-01-01", "2026-02-06")
    assert found["code"]["coding"][0]["code"] == "84757009"


def test_a_condition_that_comes_back_is_another_resource():
    lines = [f"2026-0{n}-06 condition peptic ulcer{end}" for n, end in ((1, ""), (2, "; resolved"), (3, ""))]
    text = ORAL + "\n".join(lines) + "\n"
    found = [each for each in resources(chart_bundle(eutonia.read(text)), "Condition") if "ulcer" in str(each)]
    assert [each["clinicalStatus"]["coding"][0]["code"] for each in found] == ["resolved", "active"]
    assert [each.get("abatementDateTime") for each in found] == ["2026-02-06", None]
    round_trip(text)


def test_every_code_of_a_condition_is_one_that_the_knowledge_holds():
    for name, code in CODES.items():
        kind = conditions.coded(code)
        assert kind is not None
        assert kind in conditions.recognise(name)


def test_none_known_is_not_active_beside_an_allergy():
    found = chart_bundle(eutonia.read(ORAL + "2026-02-05 allergy latex; rash\n"))
    status = [each["clinicalStatus"]["coding"][0]["code"] for each in resources(found, "AllergyIntolerance")]
    assert status == ["inactive", "active"]


def test_what_goes_into_the_chamber_is_never_an_administration():
    found = chart_bundle(eutonia.read(PUMP))
    given_ = resources(found, "MedicationAdministration")
    assert [each["category"]["text"] for each in given_] == ["screening bolus"]
    assert given_[0]["dosage"]["dose"] == {
        "value": Decimal(50),
        "unit": "mcg",
        "system": "http://unitsofmeasure.org",
        "code": "ug",
    }
    (drug,) = resources(found, "Medication")
    strength = drug["ingredient"][0]["strength"]
    assert (strength["numerator"]["value"], strength["numerator"]["code"]) == (500, "ug")
    assert (strength["denominator"]["value"], strength["denominator"]["code"]) == (1, "mL")


def test_a_program_is_its_parts_with_their_rates_doses_and_times():
    found = checked(chart_bundle(eutonia.read(OTHERS["mixed"])))
    (order,) = resources(found, "MedicationRequest")
    night, day, evening, often = order["dosageInstruction"]
    assert night["doseAndRate"][0]["rateQuantity"]["code"] == "ug/h"
    assert (night["timing"]["repeat"]["timeOfDay"], day["timing"]["repeat"]["timeOfDay"]) == (
        ["00:00:00"],
        ["08:20:00"],
    )
    assert evening["timing"]["repeat"]["timeOfDay"] == ["06:00:00", "22:00:00"]
    assert evening["timing"]["repeat"]["duration"] == 10
    assert often["timing"]["repeat"]["period"] == Decimal("0.25")
    assert {each["route"]["coding"][0]["code"] for each in order["dosageInstruction"]} == {"72607000"}
    assert "The pump was told a strength of 2 mg/mL." in str(order["note"])


def test_the_catheter_is_a_part_of_the_pump_and_a_revision_ends_it():
    text = PUMP + "2026-06-10 revision catheter; line 0.3 mL\n"
    found = resources(chart_bundle(eutonia.read(text)), "Device")
    pump, old, new = found[:3]
    assert (pump["status"], old["status"], new["status"]) == ("active", "inactive", "active")
    assert old["parent"]["reference"] == new["parent"]["reference"]
    assert new["property"][0]["valueQuantity"][0]["value"] == Decimal("0.3")
    uses = resources(chart_bundle(eutonia.read(text)), "DeviceUseStatement")
    assert [each["status"] for each in uses] == ["active", "completed", "active"]


def test_measured_and_computed_volumes_have_different_codes():
    text = PUMP + "2026-03-25 10:00 residual 15 mL\n"
    found = advised(text, "2026-03-25 10:00", foresee=False)
    measured, computed = one(found, "residual volume, measured"), one(found, "residual volume, computed")
    assert "method" not in measured
    assert computed["method"]["coding"][0]["code"] == "computed"
    assert computed["code"]["coding"][0]["code"] != measured["code"]["coding"][0]["code"]
    assert one(found, "refill due, computed")["component"][0]["valueString"] in ("reservoir", "stability")


# --- the advice -------------------------------------------------------------------------------------------------------


def test_a_prediction_never_stands_as_one_number():
    found = advised(EXAMPLES["02-spinal-cord-injury-pump"], moment(EXAMPLES["02-spinal-cord-injury-pump"]))
    predictions = [each for risk in resources(found, "RiskAssessment") for each in risk["prediction"]]
    assert predictions
    for each in predictions:
        ranges = [part["valueRange"] for part in each.get("extension", [])] + [each.get("probabilityRange")]
        ranges = [part for part in ranges if part]
        assert ranges
        assert all(part["low"]["value"] <= part["high"]["value"] for part in ranges)
        if "probabilityRange" in each:
            assert ranges[0]["low"]["value"] < ranges[0]["high"]["value"]
        assert "probabilityDecimal" not in each


def test_what_is_not_predicted_says_why():
    found = checked(advised(EXAMPLES["10-child"], moment(EXAMPLES["10-child"])))
    unknown = [each for each in resources(found, "RiskAssessment") if each["status"] == "unknown"]
    assert unknown
    assert all("Nothing is predicted: the effect of drug" in str(each["note"]) for each in unknown)
    assert all("prediction" not in each for each in unknown)


def test_an_option_is_a_draft_and_nothing_is_chosen():
    found = advised(EXAMPLES["02-spinal-cord-injury-pump"], moment(EXAMPLES["02-spinal-cord-injury-pump"]))
    plans = resources(found, "CarePlan")
    assert {(each["status"], each["intent"]) for each in plans} == {("draft", "option")}
    (group,) = resources(found, "RequestGroup")
    assert group["action"][0]["selectionBehavior"] == "at-most-one"
    assert {each["precheckBehavior"] for each in inside(group) if isinstance(each, dict) and "resource" in each} == {
        "no"
    }
    doses = [
        step["detail"]["dailyAmount"] for plan in plans for step in plan["activity"] if "dailyAmount" in step["detail"]
    ]
    assert {each["code"] for each in doses} == {"ug/d"}
    assert not any("quantity" in step["detail"] for plan in plans for step in plan["activity"])


def test_an_emergency_card_comes_before_the_reason():
    found = advised(EXAMPLES["08-suspected-overdose"], moment(EXAMPLES["08-suspected-overdose"]))
    first = resources(found, "DetectedIssue")[0]
    assert first["severity"] == "high"
    assert first["detail"].startswith(
        eutonia.examine(eutonia.read(EXAMPLES["08-suspected-overdose"]), moment(EXAMPLES["08-suspected-overdose"]))[
            0
        ].card[0]
    )


def test_an_advice_bears_chart_knowledge_moment_and_software():
    chart = eutonia.read(ORAL)
    found = advice_bundle(eutonia.advise(chart, "2026-01-05 12:00", "DE"), foresee=False)
    kept = resources(found, "Provenance")[-1]
    assert [each["what"]["identifier"]["value"] for each in kept["entity"]] == [
        chart.hash,
        f"{book('DE').library.version} {book('DE').library.hash}",
    ]
    assert kept["recorded"] == "2026-01-05T12:00:00+00:00"
    assert kept["entity"][1]["what"]["display"].endswith("DE")
    urls = {each["fullUrl"]: each["resource"] for each in found["entry"]}
    assert urls[kept["agent"][0]["who"]["reference"]]["deviceName"][0]["name"] == "Eutonia"


def test_missing_data_are_asked_for():
    (answer,) = resources(advised("2026-01-05 person id A-17\n", foresee=False), "GuidanceResponse")
    assert answer["status"] == "data-requested"
    assert {each["type"] for each in answer["dataRequirement"]} == {
        "Patient",
        "AllergyIntolerance",
        "MedicationRequest",
        "Observation",
    }
    (whole,) = resources(advised(ORAL, "2026-01-05 12:00", foresee=False), "GuidanceResponse")
    assert whole["status"] == "success"


@settings(max_examples=15, deadline=None)
@given(charts(), charts())
def test_the_advice_for_one_chart_never_bears_a_name_of_another(one_, other):
    first, second = eutonia.read(one_[0]), eutonia.read(other[0].replace("A-17", "B-18"))
    if first.hash == second.hash:
        return
    ids = [
        {each["fullUrl"] for each in advised(*made, foresee=False)["entry"]}
        for made in (one_, (second.to_text(), other[1]))
    ]
    assert not ids[0] & ids[1]


# --- there and back ---------------------------------------------------------------------------------------------------


def said(chart: Chart) -> dict[str, Any]:
    """What a record can hold of a chart: what was measured with its moment, and what is true at its end."""
    facts = Facts(chart, chart.events[-1].at, book("US"))

    def when(event: e.Event) -> object:
        return local_day(event.at, chart.home) if event.day_only else event.at

    def all_of(kind: type) -> set[Any]:
        return {(when(event), event.what) for event in facts.of(kind)}

    person = facts.person.value if isinstance(facts.person, Known) else None
    orders = [(when(event), event.what) for event in facts.of(e.Oral)][-1:]
    contacts = [when(event) for event in facts.of(e.Contact)]
    allergies = facts.allergies
    return {
        "person": person,
        "measured": all_of(e.Weight) | all_of(e.Height) | all_of(e.Lab),
        "scores": {
            (when(event), mark.scale, mark.where.lower(), mark.value)
            for event in facts.of(e.Score)
            for mark in event.what.marks
            if mark.scale != "h/m"
        },
        "conditions": {(c.name, c.severe) for _, c, _ in facts.conditions},
        "allergies": set(allergies.value) if isinstance(allergies, Known) else None,
        "drugs": {drug.text.replace(";", ",") for drug in facts.drugs},
        "oral": {(at, what.regimen.parts) for at, what in orders if what.regimen},
        # FHIR says pregnant or not; that a pregnancy ended reads back as 'no'.
        "pregnancy": {
            (when(x), "no" if x.what.status == "ended" else x.what.status)
            for x in facts.of(e.Pregnancy)
            if x.what.status != "not asked"
        },
        "contact": contacts[-1:],
    }


def round_trip(text: str) -> None:
    chart = eutonia.read(text)
    before = said(chart)
    again = eutonia.read(to_json(chart_bundle(chart)).decode(), chart.zone_name)
    after = said(again)
    if before["person"] is None:
        before["person"] = after["person"] = None
    if any("baclofen" in drug.lower() for drug in before["drugs"]):
        # Two ways of writing baclofen beside each other may be the same tablets: then nobody knows the dose.
        doses = [Facts(each, each.events[-1].at, book("US")).oral for each in (chart, again)]
        meant, read = (each.value and each.value.daily_mg if isinstance(each, Known) else each for each in doses)
        assert read == meant or isinstance(doses[1], Unknown)
        del before["drugs"], before["oral"], after["drugs"], after["oral"]
    assert after == before
    kinds = {type(event.what) for event in again.events}
    assert not kinds & {e.Implant, e.Refill, e.Programmed, e.Residual, e.Trial}


@pytest.mark.parametrize("name", EVERY)
def test_what_is_written_reads_back_as_the_same_chart(name):
    round_trip(EVERY[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_advice_that_comes_back_as_a_record_adds_no_order_and_no_measurement(name):
    chart = eutonia.read(EXAMPLES[name])
    found = to_json(advice_bundle(eutonia.advise(chart, moment(EXAMPLES[name])), foresee=False))
    assert said(eutonia.read(found.decode())) == said(chart)


@settings(max_examples=80, deadline=None)
@given(charts().map(lambda made: made[0]) | jumbles())
def test_whatever_is_written_reads_back_as_the_same_chart(text):
    round_trip(text)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["2.5", "5", "7.5", "10", "20"]),
            st.sampled_from(
                [
                    "once a day",
                    "twice a day",
                    "three times a day",
                    "five times a day",
                    "every 6 h",
                    "every 24 h",
                    "in the morning",
                    "at noon",
                    "in the evening",
                    "at bedtime",
                    "at 22:30",
                    "as needed, at most 3 a day",
                ]
            ),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]),
)
def test_every_regimen_reads_back_part_by_part_in_every_zone(parts, zone):
    regimen = " + ".join(f"{dose} mg {when}" for dose, when in parts)
    chart = eutonia.read(f"2026-01-05 person id A-17\n2026-01-06 09:30 oral {regimen}\n2026-01-07 contact\n", zone)
    again = eutonia.read(to_json(chart_bundle(chart)).decode(), zone)
    assert said(again) == said(chart)


# --- around it --------------------------------------------------------------------------------------------------------


def test_the_command_prints_the_chart_as_a_bundle_that_it_reads_again(tmp_path):
    path = tmp_path / "a.chart"
    path.write_text(ORAL, "utf-8")
    shown = CliRunner().invoke(main, ["read", "--as", "fhir", str(path)])
    assert shown.exit_code == 0, shown.output
    checked(json.loads(shown.stdout, parse_float=Decimal))
    assert said(eutonia.read(shown.stdout)) == said(eutonia.read(ORAL))


def test_an_id_that_fhir_cannot_write_gets_another_one_and_stays_the_identifier():
    assert patient_id("A-17") == "A-17"
    found = patient_of(eutonia.read("2026-01-05 person id 17/4 B\n"))
    assert found["id"] == patient_id("17/4 B") != "17/4 B"
    assert found["identifier"][0]["value"] == "17/4 B"


def test_an_audit_event_says_who_when_and_what_by_ids_only():
    found = decoded(access("u-7", datetime(2026, 5, 2, 9, tzinfo=UTC), "read", "Patient/$everything", "A-17"))
    get_fhir_model_class("AuditEvent").model_validate(found)
    assert (found["action"], found["outcome"], found["recorded"]) == ("R", "0", "2026-05-02T09:00:00+00:00")
    assert found["entity"][0]["what"]["reference"] == "Patient/A-17"
    assert found["agent"][0]["who"]["identifier"]["value"] == "u-7"
    assert access("u-7", datetime(2026, 5, 2, 9, tzinfo=UTC), "execute", "$advise", served=False)["outcome"] == "4"

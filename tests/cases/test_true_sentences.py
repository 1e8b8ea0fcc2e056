"""Every sentence of the advice is true of its chart: what was not read, not scored, not checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

import eutonia
from tests.charts import PUMP
from tests.hazards.answers import advise, finding

_NONE_KNOWN: dict[str, Any] = {
    "resourceType": "AllergyIntolerance",
    "id": "a",
    "clinicalStatus": {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]
    },
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "716186003", "display": "No known allergy"}]},
    "patient": {"reference": "Patient/p"},
}
_PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"value": "A-1"}],
    "birthDate": "1980-01-01",
    "gender": "male",
}


@pytest.mark.parametrize(
    ("allergy", "says"),
    [
        (_NONE_KNOWN, "An answer about allergies does not count: No known allergy: no recordedDate"),
        ({**_NONE_KNOWN, "recordedDate": "2026-01-01"}, None),
        ({**_NONE_KNOWN, "recordedDate": "some day"}, "An answer about allergies does not count"),
        (None, "Allergies have not been asked."),
    ],
)
def test_an_answer_without_a_day_is_not_called_not_asked(allergy: dict[str, Any] | None, says: str | None) -> None:
    resources = [_PATIENT, *([allergy] if allergy else [])]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    answer = eutonia.advise(eutonia.read(json.dumps(bundle)), "2026-01-05").as_dict(foresee=False)
    said = finding(answer, "hypersensitivity")
    assert (said is None) if says is None else (said is not None and said["says"].startswith(says))


@pytest.mark.parametrize("checked", [True, False])
def test_a_missing_second_check_is_named_in_every_clinic(checked: bool) -> None:
    """TOX-01 holds in a clinic that records no second checks as well; the sentence is about the chart."""
    chart = (
        PUMP.replace("refill 18 mL of 500 mcg/mL", "refill 18 mL of 500 mcg/mL; checked by N. Dale")
        if checked
        else PUMP
    )
    said = finding(advise(chart, "2026-03-25 12:00"), "second-check") or {}
    assert said["grade"] == "note"
    assert "Not on the chart: who checked the last" in said["says"]
    assert "program (2026-03-20)" in said["says"]
    assert ("refill (2026-03-20)" in said["says"]) is not checked
    assert "still waits for its second person" in said["resolve"]

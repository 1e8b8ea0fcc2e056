"""What the benchmarks run on: made here, or the shared bundles where they are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

SHARED = Path(__file__).parents[2] / "shared" / "ehr" / "patients"


def chart_40() -> str:
    """A chart of 40 events: oral therapy that failed, a trial, a pump and its titration."""
    lines = [
        "2026-01-05 09:30 person id A-17; born 1979-04-11; sex female",
        "2026-01-05 weight 72 kg",
        "2026-01-05 height 175 cm",
        "2026-01-05 condition spinal cord injury; level T6; origin spinal",
        "2026-01-05 condition epilepsy",
        "2026-01-05 allergy none known",
        "2026-01-05 medication oxycodone 5 mg four times a day",
        "2026-01-05 medication amitriptyline 25 mg at bedtime",
        "2026-01-05 medications no others",
        "2026-01-05 pregnancy no",
        "2026-01-05 breastfeeding no",
        "2026-01-05 lab creatinine 0.9 mg/dL",
        "2026-01-05 score ashworth legs 3; arms 2; penn 3",
        "2026-01-06 oral 5 mg three times a day",
        "2026-01-10 oral 10 mg three times a day",
        "2026-01-14 oral 20 mg three times a day",
        "2026-01-20 oral 20 mg four times a day",
        "2026-02-20 failed oral baclofen 80 mg/day; no effect",
        "2026-02-20 failed tizanidine 36 mg/day; intolerable",
        "2026-03-01 09:00 trial 50 mcg",
        "2026-03-01 13:00 score ashworth legs 1",
        "2026-03-01 17:00 response positive; lasted 7 h",
        "2026-03-20 10:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL",
        "2026-03-20 11:00 refill 18 mL of 500 mcg/mL",
        "2026-03-20 11:05 program continuous 100 mcg/day",
        "2026-03-22 10:00 program continuous 96 mcg/day; bolus 12 mcg at 06:00, 22:00",
        "2026-03-24 10:00 program continuous 116 mcg/day; bolus 14 mcg at 06:00, 22:00",
        "2026-03-30 score ashworth legs 2",
        "2026-04-01 oral 15 mg three times a day",
        "2026-04-05 oral 10 mg three times a day",
        "2026-04-09 oral 5 mg twice a day",
        "2026-04-15 oral stop",
        "2026-05-01 10:00 residual 8.6 mL",
        "2026-05-01 10:05 refill 18 mL of 500 mcg/mL; product 500 mcg/mL; checked by Nurse B",
        "2026-05-01 10:10 score ashworth legs 2; penn 1",
        "2026-05-10 lab creatinine 0.8 mg/dL",
        "2026-05-15 10:00 program continuous 130 mcg/day; bolus 16 mcg at 06:00, 22:00",
        "2026-05-20 contact",
        "2026-06-01 08:00 symptom nausea",
        "2026-06-01 08:10 request adjust down",
    ]
    return "\n".join(lines) + "\n"


def bundle_text() -> tuple[str, str]:
    """A FHIR bundle of about one megabyte, and where it is from."""
    real = SHARED / "Dirk_Kuhlman.json.gz"
    if real.exists():
        return gzip.decompress(real.read_bytes()).decode(), "a synthetic patient's record"
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1979-04-11", "gender": "female"}
    entries: list[dict[str, Any]] = [{"fullUrl": "urn:uuid:p", "resource": patient}]
    while len(entries) < 1500:
        number = len(entries)
        entries.append(
            {
                "fullUrl": f"urn:uuid:{number}",
                "resource": {
                    "resourceType": "Observation",
                    "id": str(number),
                    "status": "final",
                    "code": {
                        "coding": [{"system": "http://loinc.org", "code": "38483-4", "display": "Creatinine"}],
                        "text": "Creatinine",
                    },
                    "subject": {"reference": "urn:uuid:p"},
                    "effectiveDateTime": f"20{10 + number // 100:02d}-01-{number % 28 + 1:02d}T10:00:00+00:00",
                    "valueQuantity": {
                        "value": 0.9,
                        "unit": "mg/dL",
                        "system": "http://unitsofmeasure.org",
                        "code": "mg/dL",
                    },
                    "category": [{"coding": [{"code": "laboratory", "display": "laboratory"}]}],
                    "note": [{"text": "x" * 200}],
                },
            }
        )
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}), "made"

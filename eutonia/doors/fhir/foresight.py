"""Predictions as risk assessments: always a range, never one number; where nothing is predicted, why."""

from __future__ import annotations

from math import sqrt
from typing import Final

from eutonia.advice import Advice
from eutonia.doors.fhir.fields import OWN, UCUM, Json, note
from eutonia.doors.fhir.writing import Writing
from eutonia.quantity import plain

# What is predicted: its words, its unit in UCUM.
_WHAT: Final = {
    "plasma_ng_ml": ("baclofen in plasma", "ng/mL"),
    "lumbar_ng_ml": ("baclofen in lumbar fluid", "ng/mL"),
    "cisternal_ng_ml": ("baclofen in the fluid at the brain stem", "ng/mL"),
    "cord_ng_ml": ("free baclofen in the cord behind the legs", "ng/mL"),
    "tone": ("tone, as a share of that without the drug", "1"),
    "ashworth_legs": ("Ashworth score of the legs, 1 to 5", "{score}"),
    "penn": ("Penn spasm score, 0 to 4", "{score}"),
    "toxicity": ("toxicity at the brain stem, 0 to 1", "1"),
    "rebound": ("what the lack of drug adds to the reflex", "1"),
}
_UNITS: Final = {"ng/mL": " ng/mL", "h": " h"}
_DAYS: Final = {
    "before": "before now",
    "last": "at the end of what is looked at",
    "soon": "an hour after the first change",
    "most": "at the most (of tone: the lowest) after now",
}


def write_predictions(writing: Writing, advice: Advice, plans: list[Json]) -> list[Json]:
    """One risk assessment a plan."""
    return [
        writing.add(f"prediction {n}", _prediction(writing, found.as_dict(writing.home), plan))
        for n, (found, plan) in enumerate(zip(advice.predictions, plans, strict=True), 1)
    ]


def _prediction(writing: Writing, found: Json, plan: Json) -> Json:
    head: Json = {
        "resourceType": "RiskAssessment",
        "status": "unknown" if "unknown" in found else "preliminary",
        "subject": writing.to(writing.patient),
        "occurrenceDateTime": writing.now,
        "performer": writing.to_open("software"),
        "basis": [writing.to(plan)],
    }
    if "unknown" in found:
        return head | {"note": note(f"Nothing is predicted: {found['unknown']}.")}
    people = found["people"]
    own = "have narrowed these people" if found["sharpened"] else "have not narrowed these people"
    return head | {
        "method": {"text": f"scenario: the plan simulated in {plain(people)} people drawn like this patient"},
        "prediction": [*_bands(found), *(_chance(each, people) for each in found["chances"])],
        "note": note(
            f"A scenario, never a dose. The patient's own scores and levels {own}.",
            *(f"Assumed: {each}" for each in found["assumes"]),
        ),
    }


def _bands(found: Json) -> list[Json]:
    made = []
    for name, days in found["days"].items():
        what, unit = _WHAT.get(name, (name.replace("_", " "), "1"))
        made += [_band(f"{what}, {_DAYS.get(day, day)}", band, unit) for day, band in days.items()]
    for name, says in (
        ("onset_h", "hours to half of the first change"),
        ("lost_h", "hours to half of the effect lost"),
    ):
        if found[name] is not None:
            made.append(_band(says, found[name], "h"))
    return made


def _band(says: str, band: Json, unit: str) -> Json:
    """A quantity as the range in which 90 of 100 people lie, and where it is known that of the middle 50."""
    ranges = [("90", "p05", "p95"), ("50", "p25", "p75")]
    return {
        "extension": [
            {"url": f"{OWN}band-{share}", "valueRange": _range(band[low], band[high], unit)}
            for share, low, high in ranges
            if low in band and high in band
        ],
        "outcome": {"text": says},
        "rationale": f"90 of 100 people lie between {plain(band['p05'])} and {plain(band['p95'])}{_UNITS.get(unit, '')}.",
    }


def _range(low: float, high: float, unit: str) -> Json:
    return {name: {"value": each, "system": UCUM, "code": unit} for name, each in (("low", low), ("high", high))}


def _chance(chance: Json, people: int) -> Json:
    """How likely something is: the share of people, as the range that so many drawn people allow, 90 of 100 times."""
    # Wilson's interval: it does not shrink to a point where nobody, or everybody, has it.
    share, z = float(chance["share"]), 1.645
    middle = (share + z * z / (2 * people)) / (1 + z * z / people)
    half = z * sqrt(share * (1 - share) / people + z * z / (4 * people * people)) / (1 + z * z / people)
    low, high = (round(100 * min(max(each, 0.0), 1.0), 1) for each in (middle - half, middle + half))
    return {
        "outcome": {"text": chance["of"]},
        "probabilityRange": {
            name: {"value": each, "unit": "%", "system": UCUM, "code": "%"}
            for name, each in (("low", low), ("high", high))
        },
        "rationale": f"In people drawn by a model; the range is of the draw alone. Line drawn by: {chance['basis']}.",
    }

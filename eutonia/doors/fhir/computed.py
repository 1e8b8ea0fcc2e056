"""The pump as it is reckoned from the chart: codes of their own, so that nothing computed is taken for measured."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from eutonia.advice import Advice
from eutonia.doors.fhir.fields import OWN, Json, instant, note, own, quantity
from eutonia.doors.fhir.writing import Writing
from eutonia.quantity import Quantity, rounded

_METHOD: Final[Json] = {
    "coding": [{"system": f"{OWN}method", "code": "computed", "display": "computed"}],
    "text": "computed from the fills and programs on the chart; nobody measured it",
}


def write_pump(writing: Writing, advice: Advice) -> list[Json]:
    """What should be left, and the days that follow from it; nothing where no pump is on the chart."""
    pump = advice.pump
    if pump is None:
        return []
    certain = not pump.uncertain and pump.unexplained is None
    doubt = None if certain else "Delivery is uncertain, or a residual is unexplained: do not rely on it."
    values: list[tuple[str, Json]] = []
    if pump.left_ml is not None:
        left = Quantity(rounded(pump.left_ml, "0.001"), pump.alarm_ml.unit)
        values.append(("residual volume, computed", {"valueQuantity": quantity(left)}))
    due = pump.due
    days: list[tuple[str, datetime | None]] = [
        ("low reservoir, computed", pump.low_at),
        ("empty reservoir, computed", pump.empty_at),
        ("end of the drug's stability, computed", pump.stability_end),
        ("end of the battery, computed", pump.battery_end),
        ("refill due, computed", due[0] if due else None),
    ]
    values += [(name, {"valueDateTime": instant(at, writing.home)}) for name, at in days if at is not None]
    governs = [{"code": own("observation", "limit that governs"), "valueString": due[1]}] if due else []
    return [
        writing.add(
            name,
            {
                "resourceType": "Observation",
                "status": "preliminary",
                "code": own("observation", name),
                "subject": writing.to(writing.patient),
                "effectiveDateTime": writing.now,
                **value,
                "note": note(doubt),
                "method": _METHOD,
                "device": writing.to_open("pump"),
                "component": governs if name.startswith("refill") else None,
            },
        )
        for name, value in values
    ]

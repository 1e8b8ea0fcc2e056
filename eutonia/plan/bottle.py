"""A liquid of another concentration: the old and the new volume are named before the first dose of the new bottle."""

from __future__ import annotations

from eutonia.chart.oral import OralUse
from eutonia.chart.orders import Regimen
from eutonia.plan.plan import Step
from eutonia.quantity import Quantity, plain, rounded


def other_bottle(taken: OralUse | None, first: Step, regimen: Regimen) -> Step | None:
    """Return the check before the `first` step where its liquid is not of the concentration (mg/mL) that is taken now."""
    old, new = (taken.liquid if taken is not None else None), regimen.liquid
    if old is None or new is None or old == new:
        return None
    doses = list(dict.fromkeys(part.amount for part in regimen.parts))
    volumes = ", ".join(f"{plain(dose)} is {_ml(dose, new)}, not {_ml(dose, old)}" for dose in doses)
    ratio = new.to("mg/mL") / old.to("mg/mL")
    times = (
        f"{plain(rounded(ratio, '0.1'))} times as strong"
        if ratio > 1
        else f"{plain(rounded(1 / ratio, '0.1'))} times weaker"
    )
    words = (
        f"The old bottle is {plain(old)}, the new one {plain(new)}, {times}: {volumes}. Return the old bottle; have the new volume "
        "shown on the syringe and said back; two people check it."
    )
    return Step(first.at, "check", words)


def _ml(dose: Quantity, liquid: Quantity) -> str:
    return f"{plain(rounded(dose.to('mg') / liquid.to('mg/mL'), '0.01'))} mL"

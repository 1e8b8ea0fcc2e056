"""Eutonia: the baclofen therapy of one patient's chart, as findings and options for clinicians.

import eutonia
chart = eutonia.read("examples/02-spinal-cord-injury-pump.chart")
advice = eutonia.advise(chart, now="2026-05-02 09:00")
advice.as_dict()
"""

from __future__ import annotations

import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from eutonia.advice import Advice
    from eutonia.chart import Chart, ReadError
    from eutonia.findings import Finding
    from eutonia.plan import Plan, Refusal
    from eutonia.predict.estimate import Estimate
    from eutonia.predict.future import Prediction
    from eutonia.predict.patient import Unpredicted

__all__ = [
    "Advice", "Chart", "Estimate", "Finding", "Plan", "Prediction", "ReadError", "Refusal", "Unpredicted", "advise",
    "estimate", "examine", "plan", "predict", "read",
]  # fmt: skip


# `plan` and `predict` are verbs here and folders below: when the folder is first imported, Python would put it in the
# verb's place.
class _Front(ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        if not (name in ("plan", "predict") and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Front

__version__: Final = "0.1.0"

# Names that are handed on when somebody asks for them, so that a small command does not pay for the whole house.
_HANDED_ON: Final = {
    "Advice": "eutonia.advice",
    "Chart": "eutonia.chart",
    "Estimate": "eutonia.predict.estimate",
    "Finding": "eutonia.findings",
    "Plan": "eutonia.plan",
    "Prediction": "eutonia.predict.future",
    "ReadError": "eutonia.chart",
    "Refusal": "eutonia.plan",
    "Unpredicted": "eutonia.predict.patient",
}


def __getattr__(name: str) -> Any:
    if name in _HANDED_ON:
        return getattr(import_module(_HANDED_ON[name]), name)
    raise AttributeError(f"eutonia has no '{name}'")


def read(path_or_text: str | Path, zone: str | None = None) -> Chart:
    """The chart in a file or a text: plain text, JSON, or a FHIR R4 bundle.

    `zone` is the clinic's time zone for times written without one (UTC if not given).  Raises `ReadError`, which names
    the file, each line or place, what was read there, and what would do.
    """
    from eutonia.chart.source import read_source

    return read_source(path_or_text, zone)


def examine(chart: Chart, now: datetime | str, jurisdiction: str = "US") -> tuple[Finding, ...]:
    """What is true of the chart at `now` and matters, the worst first."""
    from eutonia.advice import examined

    return examined(chart, now, jurisdiction).findings


def plan(chart: Chart, now: datetime | str, jurisdiction: str = "US") -> tuple[tuple[Plan, ...], tuple[Refusal, ...]]:
    """The plans that the rules allow at `now`, and the refusals with what would lift each."""
    advice = advise(chart, now, jurisdiction)
    return advice.plans, advice.refusals


def predict(chart: Chart, now: datetime | str, jurisdiction: str = "US") -> tuple[Prediction | Unpredicted, ...]:
    """What a model expects of each plan that the rules allow at `now`, in the order of `plan`; or why it knows nothing."""
    return advise(chart, now, jurisdiction).predictions


def estimate(chart: Chart, now: datetime | str, jurisdiction: str = "US") -> Estimate | Unpredicted:
    """What the chart's own scores, levels, responses and residual volumes say of the patient; or why they say nothing."""
    from eutonia.advice import examined

    return examined(chart, now, jurisdiction).estimate


def advise(chart: Chart, now: datetime | str, jurisdiction: str = "US") -> Advice:
    """The whole advice for a chart at `now`, an instant or a text such as '2026-05-01 10:30'."""
    from eutonia.advice import advise as verb

    return verb(chart, now, jurisdiction)

"""The check list for refill and programming: two people, each with a page of their own, the second one blind."""

from __future__ import annotations

from typing import Any, Final

from eutonia.advice import Advice
from eutonia.chart import event as e
from eutonia.doors import words
from eutonia.doors.amounts import UNKNOWN
from eutonia.doors.paper import PaperError
from eutonia.doors.paper.report import option_words
from eutonia.doors.words import Row
from eutonia.findings.finding import KINDS, ORAL_KINDS
from eutonia.plan import Plan
from eutonia.pump.verify import ReadBack, verify
from eutonia.quantity import plain

# The kinds of plan in which drug goes into the spine: the errors that two people are to catch happen here.
SPINAL: Final = tuple(kind for kind in KINDS if kind not in ORAL_KINDS)

# How the pump stands, above the fields.
_STATE: Final = (
    "Daily dose",
    "Concentration",
    "Filled",
    "Left, expected",
    "Left, measured",
    "Refill due",
    "Replace pump by",
    "Delivery",
)

# Read by eye or from a syringe, so the chart can say at most what is expected.
_BY_HAND: Final = ("Product in the hand: drug", "Product in the hand: strength")
_PUMP: Final = ("Volume drawn", "Volume filled")
_SYRINGE: Final = ("Volume in the syringe", "Dose in the syringe")

_COMPARED: Final = (
    "Name, birth date and id are the patient's",
    "Product in the hand, order and steps have one drug and one strength",
)
_COMPARED_PUMP: Final = (
    "Every field is the same on both pages and as meant, before",
    "Volume drawn is the same on both pages, and fits what is expected or is explained",
    "Every field is the same on both pages and as meant, after: the pump was read back",
)
_COMPARED_SYRINGE: Final = ("Volume and dose in the syringe are the same on both pages, and those of the step",)


def checks(advice: Advice, call: str | None) -> dict[str, Any]:
    """The contents of the list: what is meant, room for what is read, and the steps of every option, none selected."""
    found = advice.as_dict(foresee=False)
    sheet = words.sheet(found)
    menus = [menu for menu in sheet.menus if menu.kind in SPINAL]
    if advice.pump is None and not menus:
        raise PaperError(
            "neither a pump nor a plan for the spine is on the chart, so there is nothing to check; write 'implant ...' or "
            "'request trial' on the chart, or print the sheet"
        )
    return {
        "call": call or "",
        "rule": _sentence(advice.book.text("overdose.check")),
        "pump": [row._asdict() for row in sheet.pump if row.label in _STATE],
        "fields": [row._asdict() for row in meant(advice)],
        "by_hand": [
            {"label": name, "text": _expected(name, found)}
            for name in (*_BY_HAND, *(_PUMP if advice.pump else _SYRINGE))
        ],
        "compared": [*_COMPARED, *(_COMPARED_PUMP if advice.pump else _COMPARED_SYRINGE)],
        "menus": [
            {
                "title": menu.title,
                "says": menu.says,
                "options": [
                    {**option_words(option), "values": [list(each) for each in values(advice, plan)]}
                    for option, plan in zip(
                        menu.options, [each for each in advice.plans if each.kind == menu.kind], strict=True
                    )
                ],
                "watch": menu.watch,
            }
            for menu in menus
        ],
        "denials": [each._asdict() for each in sheet.denials],
        "closing": sheet.closing,
    }


def meant(advice: Advice) -> tuple[Row, ...]:
    """Each field that a pump reports, and what the chart means it to be: the same that `eutonia verify` compares."""
    if advice.pump is None:
        return ()
    # An empty report differs in every field, and a difference says what was meant.
    compared = verify(advice.pump, ReadBack(), advice.facts).differences
    return tuple(Row(each.field, each.meant) for each in compared)


def _expected(name: str, found: dict[str, Any]) -> str:
    if name == "Volume drawn" and found["pump"]:
        left = next(row.text for row in words.sheet(found).pump if row.label == "Left, expected")
        return f"{left} expected"
    return ""


def values(advice: Advice, plan: Plan) -> tuple[tuple[str, str, str], ...]:
    """What an option fills and bridges, old beside new, for the two who compare it with the product in the hand."""
    pump = advice.pump
    rows: list[tuple[str, str, str]] = []
    for step in plan.steps:
        if isinstance(step.writes, e.Refill):
            old = plain(pump.strength) if pump is not None and pump.strength is not None else UNKNOWN
            new = plain(step.writes.strength)
            rows.append(("Strength", old, f"{new} (unchanged)" if old == new else f"{new} (CHANGED)"))
            rows.append(("Volume filled", "", plain(step.writes.volume)))
        if isinstance(step.writes, e.Bridge):
            line = pump.line_volume if pump is not None else None
            told = UNKNOWN if line is None else plain(line)
            rows.append(("Line volume", told, told))
            rows.append(("Bridge bolus", "none", f"{plain(step.writes.dose)} over {plain(step.writes.over)}"))
    return tuple(rows)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."

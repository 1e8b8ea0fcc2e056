"""A drug holiday: gradual withdrawal in hospital over two to four weeks, with another treatment beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.evidence import Known
from eutonia.knowledge.drugs import recognise
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import CHECKED, flow
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded

_ENTRIES = (
    "resistance.delivery_first",
    "holiday.days",
    "holiday.setting",
    "holiday.alternative",
    "holiday.restart",
    "resistance.share",
    "withdrawal.boxed",
)

WATCH = (
    "Fever, rigidity, itch without rash, agitation, hallucination: stop going down, back to the last dose; emergency card.",
    "The tolerance is gone afterwards: the restart follows the start rules, never the old dose.",
)


WATCH_REDUCTION = (
    WATCH[0],
    "A reaction to the drug (rash, swelling, wheeze, fall of the blood pressure): emergency team; the specialist decides the pace.",
)


def build(facts: Facts, pump: PumpState | None, request: e.Request | None) -> Iterator[Plan | Refusal]:
    """Options of 14 to 28 days; refused outside hospital, and before delivery was checked."""
    book = facts.book
    if pump is None or pump.program is None or not pump.running or pump.program_since is None:
        yield refuse(
            book, "holiday", "No running pump is on the chart.", "A holiday is for a pump that runs.", *_ENTRIES
        )
        return
    if request is not None and request.setting == "outpatient":
        yield refuse(
            book,
            "holiday",
            "A drug holiday happens only in hospital.",
            "Write 'request holiday; inpatient; alternative ...'.",
            "holiday.setting",
        )
        return
    yield from lowered(facts, pump, "holiday", request.alternative if request is not None else None)


def lowered(
    facts: Facts, pump: PumpState | None, kind: Literal["holiday", "reduction"], alternative: str | None = None
) -> Iterator[Plan | Refusal]:
    """The gradual withdrawals of a pump, side by side: as a holiday that ends with a restart, or as the end of the drug."""
    if pump is None or pump.program is None or not pump.running:
        return
    book = facts.book
    low, high = (int(each.to("days")) for each in book.span("holiday.days"))
    floor = book.span("pump.daily_window")[0].value
    most = book.span("adjust.down")[1].value
    daily = pump.program.daily.value
    needed = math.ceil(math.log(float(daily / floor)) / -math.log(1 - float(most) / 100)) + 1 if daily > floor else low
    lengths = [days for days in (low, (low + high) // 2, high) if days >= needed]
    if not lengths:
        yield refuse(
            book,
            kind,
            f"{plain(pump.program.daily)} cannot be lowered within {high} days in steps of {most}% a day.",
            "Ask a specialist: stopping at once is dangerous, and so is a faster fall.",
            *_ENTRIES,
        )
        return
    for days in lengths:
        yield _down(facts, pump, days, floor, alternative, kind)


def _no_alternative(facts: Facts, alternative: str | None) -> str | None:
    """What is wrong with the other treatment of the spasticity that is given during a holiday; none where it is one."""
    name = alternative or ""
    drugs = recognise(name).ingredients
    if drugs and any("baclofen" in drug.classes for drug in drugs):
        return "baclofen by another route is no other treatment"
    if treatment(name) is None:
        return "no other treatment of the spasticity is named"
    allergies = facts.allergies.value if isinstance(facts.allergies, Known) else ()
    for allergy in allergies:
        substances = {drug.name for drug in recognise(allergy.substance or "").ingredients}
        if substances & {drug.name for drug in drugs}:
            return f"an allergy to {allergy.substance} is on the chart, so another treatment is needed"
    return None


_NO_TREATMENT = frozenset(
    [
        "a",
        "alternative",
        "an",
        "as",
        "be",
        "decided",
        "discussed",
        "drug",
        "it",
        "later",
        "n",
        "na",
        "named",
        "nil",
        "no",
        "nobody",
        "none",
        "not",
        "nothing",
        "null",
        "of",
        "open",
        "other",
        "our",
        "pending",
        "placeholder",
        "possible",
        "tba",
        "tbc",
        "tbd",
        "that",
        "the",
        "this",
        "to",
        "treatment",
        "unclear",
        "undecided",
        "unknown",
        "without",
        "xx",
        "xxx",
        "yet",
    ]
)


def treatment(text: str | None) -> str | None:
    """Return the other treatment that a request names; none where its words name none.

    >>> treatment("tizanidine 4 mg three times a day"), treatment("none"), treatment("to be decided")
    ('tizanidine 4 mg three times a day', None, None)
    """
    words = re.findall(r"[^\W\d_]+", text.lower()) if text else []
    if text is None or set(words) <= _NO_TREATMENT or re.match(r"\W*(?:no|none|nil|nothing|without)\b", text.lower()):
        return None
    return text


def _delivery_checked(facts: Facts, pump: PumpState) -> bool:
    checks = [
        event.at
        for event in facts.of(e.Explained)
        if isinstance(event.what, e.Explained) and event.what.what == "delivery"
    ]
    checks += [
        event.at
        for event in facts.of(e.Device)
        if isinstance(event.what, e.Device) and event.what.what == "read out, no alarms"
    ]
    return any(pump.program_since is not None and at >= pump.program_since for at in checks)


def _down(
    facts: Facts,
    pump: PumpState,
    days: int,
    floor: Decimal,
    alternative: str | None,
    kind: Literal["holiday", "reduction"],
) -> Plan:
    assert pump.program is not None
    daily = pump.program.daily.value
    begin = max(facts.now, (pump.program_since or facts.now) + timedelta(hours=24))
    share = float(floor / daily) ** (1 / days)
    named = _no_alternative(facts, alternative) is None
    steps = [
        Step(
            begin,
            "check",
            f"Admitted to hospital; another treatment of the spasticity {'begun, and given throughout: ' + str(alternative) if named else 'still to be named'}; "
            f"{CHECKED}.",
        )
    ]
    before = daily
    for day in range(days):
        # To six places first: a float just above the floor must not be rounded up from it.
        dose = max(rounded(rounded(float(daily) * share ** (day + 1), "0.000001"), "0.1", "up"), floor)
        if dose >= before:
            continue
        percent = rounded((1 - dose / before) * 100, "0.1")
        program = Program(continuous=Quantity.of(dose, "mcg/day"))
        steps.append(
            Step(
                begin + timedelta(days=day),
                "program",
                f"{program.written} (-{plain(percent)}%).",
                Quantity.of(dose, "mcg/day"),
                writes=e.Programmed(program),
            )
        )
        before = dose
    steps.append(
        Step(
            begin + timedelta(days=days),
            "stop",
            "End of the withdrawal. Whether the pump is then stopped or kept running without drug follows the maker's manual (a stop of more "
            "than 48 h is a named risk); write 'program stop'. "
            + (
                "Restart later by the start rules."
                if kind == "holiday"
                else "No restart while the contraindication stands."
            ),
            writes=e.Programmed(Program()),
        )
    )
    facts_, sources = basis(facts.book, *_ENTRIES)
    usual = WATCH if kind == "holiday" else WATCH_REDUCTION
    watch: tuple[str, ...] = usual
    if pump.strength is not None and (
        note := flow(Program(continuous=Quantity.of(before, "mcg/day")), pump.strength, pump)
    ):
        watch = (*usual, f"The smallest doses may need a weaker strength{note}.")
    why = (
        f"From {plain(pump.program.daily)} over {days} days, about {plain(rounded((1 - share) * 100, '0.1'))}% a day, in hospital only"
        + (
            "; up to 10% of patients stop responding to rises and may need it."
            if kind == "holiday"
            else ": the steps of a drug holiday."
        )
    )
    missing = []
    if lacking := _no_alternative(facts, alternative):
        missing.append(f"{lacking} ('request holiday; inpatient; alternative ...')")
    if kind == "holiday" and not _delivery_checked(facts, pump):
        missing.append(
            "delivery has not been checked since the program was set, and a delivery failure looks like tolerance: check pump, residual and "
            "catheter first ('explained delivery; ...; by ...')"
        )
    incomplete = f"Incomplete: {'; '.join(missing)}." if missing else ""
    return Plan(kind, f"{days} days", "inpatient", tuple(steps), why, facts_, sources, watch, incomplete=incomplete)

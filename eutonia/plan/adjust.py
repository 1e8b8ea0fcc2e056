"""The pump's dose goes up or down in steps whose size depends on the origin, at most once in a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.effects import holding
from eutonia.findings.finding import listed
from eutonia.findings.interactions import depressants
from eutonia.findings.limits import adjust_entry, adjust_window, maintenance
from eutonia.plan.contact import contact
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import CHECKED, runs, when
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded

_GRAIN = Decimal("0.1")

WATCH = (
    "After a rise: sedation, weak breathing, loss of tone upwards; full effect after 24-48 h.",
    "After a fall: spasms, itch without rash, fever; go back at once if tone returns hard.",
    "The lowest dose with an adequate response is kept.",
)


def build(facts: Facts, pump: PumpState | None, request: e.Request | None) -> Iterator[Plan | Refusal]:
    """Options of the step's size side by side; a request for one dose is checked against the window."""
    book = facts.book
    found = _ready(facts, pump)
    if isinstance(found, Refusal):
        yield found
        return
    pump, at, window = found
    kind = request.kind if request is not None else "both"
    if kind == "adjust to":
        assert request is not None
        assert request.dose is not None
        yield from _to(facts, pump, at, window, request.dose)
        return
    effects = holding(facts)
    if kind in ("adjust down", "both") or effects:
        low, high = book.span("adjust.down")
        for percent in (low.value, high.value):
            yield from _option(facts, pump, at, -percent)
    if kind in ("adjust up", "both"):
        # Before the drug is at the tip there is no effect to judge a rise by.
        at = max(at, pump.arrives_at) if pump.line_old and pump.arrives_at is not None else at
        if effects:
            yield refuse(
                book,
                "adjust",
                f"Do not increase the dose while {listed(list(effects))} is open.",
                "Write 'symptom ...; resolved' when it is gone, or classify it; options downwards are shown.",
                "adjust.down",
                "adjust.lowest",
            )
            return
        if window is None:
            yield _no_window(facts)
            return
        middle = (window[0] + window[1]) / 2
        for percent in (window[0], middle, window[1]):
            yield from _option(facts, pump, at, percent)


def typed(facts: Facts, pump: PumpState | None, program: Program) -> Plan | Refusal:
    """The plan of one program from the earliest moment on; the guard judges its size."""
    book = facts.book
    found = _ready(facts, pump)
    if isinstance(found, Refusal):
        return found
    pump, at, _ = found
    assert pump.program is not None
    assert pump.strength is not None
    if program.stopped:
        return refuse(
            book, "adjust", "A stop is no adjustment.", "Ask for 'request holiday'; never stop at once.", "adjust.down"
        )
    if program.same_delivery(pump.program):
        return refuse(
            book, "adjust", f"The pump gives {plain(program.daily)} already.", "Type another dose.", "adjust.spinal"
        )
    effects = holding(facts)
    if effects and program.daily.value > pump.program.daily.value:
        return refuse(
            book, "adjust", f"Do not increase the dose while {listed(list(effects))} is open.",
            "Write 'symptom ...; resolved' when it is gone, or classify it.", "adjust.down", "adjust.lowest",
        )  # fmt: skip
    return _plan(facts, pump, at, program, "")


def _ready(
    facts: Facts, pump: PumpState | None
) -> tuple[PumpState, datetime, tuple[Decimal, Decimal] | None] | Refusal:
    """The pump, when its dose may change at the earliest, and by how many percent it may rise; or why it may not.

    By how many is none where origin or age is unknown: then it may only be lowered.
    """
    book = facts.book
    if pump is None or pump.program is None or pump.strength is None or pump.left_ml is None:
        return refuse(
            book,
            "adjust",
            "No program with a filled pump is on the chart.",
            "Write implant, refill and program.",
            "adjust.spinal",
        )
    if not pump.running:
        return refuse(
            book, "adjust", "The pump is stopped or empty.", "Ask for 'restart'.", "adjust.spinal", "restart.similar"
        )
    if pump.model is not None and not pump.model.programmable:
        return refuse(
            book,
            "adjust",
            "A constant-flow pump has no dose that can be programmed.",
            "The daily dose changes with the strength of the next fill: 'request strength ...'.",
            "device.constant_flow.rule",
        )
    if pump.bridge_running_until is not None:
        return refuse(
            book,
            "adjust",
            f"A bridge bolus runs until {when(pump.bridge_running_until, facts)}.",
            "Wait for its end.",
            "pump.bridge",
        )
    assert pump.program_since is not None
    at = max(facts.now, pump.program_since + timedelta(hours=float(book.quantity("adjust.interval").to("h"))))
    return pump, at, adjust_window(facts, pump, at)


def _no_window(facts: Facts) -> Refusal:
    """How much the dose may rise is not known; a lowering has one size for everybody."""
    return refuse(
        facts.book,
        "adjust",
        "The origin of the spasticity, or the age, is not known, so the dose does not rise.",
        "Write '; origin spinal' or '; origin cerebral', and the birth date.",
        "adjust.spinal",
    )


def changed(program: Program, percent: Decimal) -> Program:
    """The program with its daily dose changed by `percent`, rounded to what can be programmed, inside the step asked for.

    Rounding goes towards today's dose; where that would leave the window, one grain further.
    """
    factor = 1 + Fraction(percent) / 100
    if program.continuous is not None and not program.boluses and not program.steps:
        exact = program.daily.value * (1 + percent / 100)
        toward = rounded(exact, _GRAIN, "down" if percent > 0 else "up")
        return Program(continuous=Quantity.of(toward, "mcg/day"))
    return program.scaled(factor, _GRAIN)


def _option(facts: Facts, pump: PumpState, at: datetime, percent: Decimal) -> Iterator[Plan]:
    assert pump.program is not None
    program = changed(pump.program, percent)
    before, after = pump.program.daily.value, program.daily.value
    window = adjust_window(facts, pump, at)
    low = facts.book.span("adjust.down")[0].value if percent < 0 else (window[0] if window else percent)
    if abs(after / before - 1) * 100 < low:
        nudged = Quantity.of(after + (_GRAIN if percent > 0 else -_GRAIN), "mcg/day")
        if program.mode == "simple continuous":
            program = Program(continuous=nudged)
    yield _plan(facts, pump, at, program, "")


def _plan(facts: Facts, pump: PumpState, at: datetime, program: Program, overridden: str) -> Plan:
    book = facts.book
    assert pump.program is not None
    assert pump.strength is not None
    assert pump.left_ml is not None
    before, after = pump.program.daily, program.daily
    change = rounded((after.value / before.value - 1) * 100, "0.1")
    sign = "+" if change > 0 else ""
    name = adjust_entry(facts, pump, at) or "adjust.down"  # unknown only for a lowering
    low, high = book.span(name if change > 0 else "adjust.down")
    next_at = at + timedelta(hours=float(book.quantity("adjust.interval").to("h")))
    beside = depressants(facts) if change > 0 else ()
    steps = (
        Step(
            at,
            "check",
            f"Old: {_both(pump.program)}. New: {_both(program)}; {CHECKED}.",
        ),
        Step(
            at,
            "program",
            f"{program.written}: {runs(program, pump.strength, pump.left_ml, pump, at, facts)}; read it back ('eutonia verify').",
            after,
            writes=e.Programmed(program),
        ),
        Step(
            next_at, "review", f"Score the tone and ask for effects; no further change before {when(next_at, facts)}."
        ),
        *((contact(at, beside, facts),) if beside else ()),
    )
    phase = "maintenance" if maintenance(facts, pump, at) else "titration"
    flagged = (
        "; the maintenance windows begin after about 60 days, second-hand (C-07)"
        if phase == "maintenance" and change > 0
        else ""
    )
    child = (
        "a child: the cerebral window"
        if name.startswith("adjust.cerebral") and getattr(facts.origin, "value", "") != "cerebral"
        else ""
    )
    origin = child or f"{getattr(facts.origin, 'value', 'unknown')} origin"
    small = abs(after.value / before.value - 1) * 100 < low.value
    note = " A smaller step than the usual one, to find the lowest dose that is enough (ITB-04)." if small else ""
    why = (
        f"{sign}{plain(change)}% of {plain(before)}; one {'rise' if change > 0 else 'lowering'} is usually {plain(low.value)} to {plain(high.value)}% "
        f"({origin}, {phase}{flagged}), at most once in 24 h.{note}"
    )
    entries = (
        (name, "adjust.interval", "adjust.lowest", "overdose.check")
        if change > 0
        else ("adjust.down", "adjust.interval", "adjust.lowest")
    )
    facts_, sources = basis(book, *entries)
    return Plan(
        "adjust",
        f"{sign}{plain(change)}%",
        "clinic",
        steps,
        why,
        facts_,
        sources,
        WATCH,
        overridden=overridden,
        program=program.written,
    )


def _to(
    facts: Facts, pump: PumpState, at: datetime, window: tuple[Decimal, Decimal] | None, dose: Quantity
) -> Iterator[Plan | Refusal]:
    book = facts.book
    assert pump.program is not None
    before = pump.program.daily
    if dose.kind != "daily dose" or not dose.value:
        yield refuse(
            book,
            "adjust",
            f"{plain(dose)} is not a daily dose.",
            "Write 'request adjust to 150 mcg/day'.",
            "adjust.spinal",
        )
        return
    percent = (dose.to("mcg/day") / before.value - 1) * 100
    if window is None and percent > 0:
        yield _no_window(facts)
        return
    down_low, down_high = book.span("adjust.down")
    if percent == 0:
        yield refuse(
            book, "adjust", f"The pump gives {plain(before)} already.", "Ask for another dose.", "adjust.spinal"
        )
        return
    # Changes smaller than a usual step find the optimum (ITB-04); nothing is larger than one.
    inside = -down_high.value <= percent <= (window[1] if window is not None else Decimal(0))
    by = facts.overridden("adjust", e.Programmed)
    if not inside and by is None:
        up = [plain(rounded(before.value * (1 + each / 100), _GRAIN)) for each in window or ()]
        upwards = f"{up[0]} to {up[1]} mcg/day upwards and " if up else ""
        down = [plain(rounded(before.value * (1 - each / 100), _GRAIN)) for each in (down_high.value, down_low.value)]
        yield refuse(
            book,
            "adjust",
            f"{plain(dose)} is {'+' if percent > 0 else ''}{plain(rounded(percent, '0.1'))}% of {plain(before)}: outside the window of "
            f"{upwards}{down[0]} to {down[1]} mcg/day downwards.",
            "Ask for a dose inside the window, or write 'override adjust; by ...; because ...'.",
            adjust_entry(facts, pump, at) or "adjust.spinal",
            "adjust.down",
        )
        return
    program = _scaled_to(pump.program, dose)
    override = f"{by.by}: {getattr(by.what, 'because', '')}" if by is not None and not inside else ""
    yield _plan(facts, pump, at, program, override)


def _scaled_to(program: Program, dose: Quantity) -> Program:
    if program.mode == "simple continuous":
        return Program(continuous=Quantity.of(dose.to("mcg/day"), "mcg/day"))
    return program.scaled(Fraction(dose.to("mcg/day")) / Fraction(program.daily.value), _GRAIN)


def _both(program: Program) -> str:
    """A program with its daily total, which a simple continuous one states by itself."""
    return (
        program.written if program.mode == "simple continuous" else f"{program.written} ({plain(program.daily)} in all)"
    )

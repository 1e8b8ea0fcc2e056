"""After an interruption: a similar dose when the gap was short, the start rules when it was long or is not known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.emergency import triage
from eutonia.findings.limits import start_dose
from eutonia.plan.guard import gap_hours
from eutonia.plan.plan import Plan, Refusal, Setting, Step, basis, refuse
from eutonia.plan.start import lacking
from eutonia.plan.words import CHECKED, runs, when
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded

_ENTRIES = (
    "restart.similar",
    "restart.short_gap",
    "holiday.restart",
    "withdrawal.oral_not_enough",
    "withdrawal.delivery_first",
)

WATCH = (
    "The cause of the interruption is found first: reservoir, program, rotor, catheter.",
    "A repaired line delivers all of the dose: sedation and weak breathing are watched for, for a day at least.",
    "Signs of withdrawal that go on: the emergency card.",
)


def build(facts: Facts, pump: PumpState | None, _: e.Request | None) -> Iterator[Plan | Refusal]:
    """One option: the similar dose, or the start dose; refused while nobody knows whether the pump delivers."""
    book = facts.book
    if pump is None or pump.last_running is None:
        yield refuse(book, "restart", "No pump that ran before is on the chart.", "Ask for 'start pump'.", *_ENTRIES)
        return
    stopped = pump.program is not None and pump.program.stopped
    gap = gap_hours(facts, pump)
    if gap is None and pump.running and not stopped and not pump.gaps:
        yield refuse(
            book,
            "restart",
            "By the chart the pump is running.",
            "Write what stopped: 'program stop', a stall, a residual.",
            *_ENTRIES,
        )
        return
    if pump.fill is None:
        yield refuse(book, "restart", "The pump has not been filled.", "Write 'refill 18 mL of 500 mcg/mL'.", *_ENTRIES)
        return
    limit = book.quantity("restart.short_gap")
    old = pump.last_running
    if gap is not None and gap <= float(limit.to("h")):
        why = (
            f"The interruption of {plain(rounded(gap, '0.1'))} h is no longer than {limit}: a dose similar to the one before ({plain(old.daily)}) "
            "improves the symptoms. No source gives the length of a short gap; 48 h is a working rule."
        )
        yield _plan(facts, pump, old, "similar dose", why, "monitored" if triage(facts, pump).raised else "clinic")
        return
    unknown = f"is not known ({pump.gaps[-1][1]})" if pump.gaps else "is not known"
    how_long = unknown if gap is None else f"was {plain(rounded(gap / 24, '0.1'))} days, longer than {limit}"
    begin = start_dose(facts)
    if begin is None:
        missing = lacking(facts, pump) or (
            "the effective screening dose is not on the chart",
            "Write the trial and its response.",
        )
        yield refuse(
            book,
            "restart",
            f"The interruption {how_long}, so the start rules hold, and {missing[0][0].lower()}{missing[0][1:]}",
            missing[1],
            *_ENTRIES,
        )
        return
    dose = min(begin.value, old.daily.value)
    why = (
        f"The interruption {how_long}: tolerance may be gone, so the dose is the lower of the start rule ({plain(begin)}) and the old one ({plain(old.daily)}). Two of seven overdoses in one "
        "series came hours after a restart at the old dose."
    )
    yield _plan(facts, pump, Program(continuous=Quantity.of(dose, "mcg/day")), "start rules", why, "inpatient")


def _plan(facts: Facts, pump: PumpState, program: Program, option: str, why: str, setting: Setting) -> Plan:
    assert pump.strength is not None and pump.fill is not None
    later = facts.now + timedelta(hours=24)
    told = Program(program.continuous, program.boluses, program.steps)
    volume_ml = pump.left_ml or 0.0
    empty = volume_ml <= 0.0
    steps = [
        Step(facts.now, "check", f"Cause of the interruption found; reservoir, program and line verified; {CHECKED}.")
    ]
    if empty:
        volume_ml = float(pump.fill.volume.to("mL"))
        fill = f"The reservoir should be empty: refill {plain(pump.fill.volume)} of {plain(pump.strength)} first; {CHECKED}."
        steps.append(Step(facts.now, "refill", fill, writes=e.Refill(pump.fill.volume, pump.fill.strength)))
    steps += [
        Step(
            facts.now,
            "program",
            f"{told.written}: {runs(told, pump.strength, volume_ml, pump, facts.now, facts, empty)}; read it back ('eutonia verify').",
            told.daily,
            writes=e.Programmed(told),
        ),
        Step(later, "review", f"Observed until {when(later, facts)} at least; no rise before; score the tone."),
    ]
    facts_, sources = basis(facts.book, *_ENTRIES)
    return Plan("restart", option, setting, tuple(steps), why, facts_, sources, WATCH, program=told.written)

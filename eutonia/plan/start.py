"""The pump's first dose: twice the effective screening dose over a day, or the same dose after a long response."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.finding import listed
from eutonia.findings.limits import start_dose
from eutonia.findings.screening import effects_under
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import CHECKED, runs, when
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded

_ENTRIES = (
    "start.factor",
    "start.factor_long_response",
    "start.long_response",
    "start.no_increase",
    "overdose.check",
    "withdrawal.boxed",
)

WATCH = (
    "Sedation, weak breathing, loss of tone upwards: signs of overdose; the emergency card comes first.",
    "Continuous infusion: first effect after 6-8 h, full effect after 24-48 h, and only once the drug has reached the tip.",
    "Baclofen by mouth is tapered beside it, not stopped at once.",
)


def build(facts: Facts, pump: PumpState | None, _: e.Request | None) -> Iterator[Plan | Refusal]:
    """The start, or what is missing for it."""
    book = facts.book
    if missing := lacking(facts, pump):
        yield refuse(book, "start", missing[0], missing[1], *_ENTRIES)
        return
    assert pump is not None
    if pump.pump_start is not None:
        yield refuse(
            book,
            "start",
            f"The pump was started on {when(pump.pump_start, facts)}.",
            "Ask for 'adjust up', 'adjust down' or 'restart'.",
            *_ENTRIES,
        )
        return
    dose = start_dose(facts)
    assert dose is not None
    yield _plan(facts, pump, dose)


def lacking(facts: Facts, pump: PumpState | None) -> tuple[str, str] | None:
    """What is missing for a start by the rules: (why, what would lift it)."""
    done = facts.screenings
    if not done:
        return "No screening bolus is on the chart.", "A screening trial with a positive response ('request trial')."
    if done[-1].early:
        return (
            "The response was written before it can have been seen for so long.",
            "Write the response again when it is over.",
        )
    if done[-1].outcome is None:
        return "The response to the last screening bolus is not recorded.", "Write 'response positive; lasted 7 h'."
    if done[-1].outcome == "none":
        return (
            "The last screening bolus had no response: no pump without a positive one.",
            "A positive response in a screening trial.",
        )
    if done[-1].lasted is None:
        return (
            "How long the positive response lasted is not recorded; it decides between one and two times the screening dose (C-05).",
            "Write 'response positive; lasted 7 h'.",
        )
    if pump is None:
        return "No pump is implanted.", "Write 'implant SynchroMed II 20 mL; line 0.364 mL; tip T10'."
    if pump.fill is None:
        return "The pump has not been filled.", "Write 'refill 18 mL of 500 mcg/mL'."
    return None


def _plan(facts: Facts, pump: PumpState, dose: Quantity) -> Plan:
    book = facts.book
    last = facts.screenings[-1]
    assert pump.strength is not None
    assert pump.left_ml is not None
    assert last.lasted is not None
    program = Program(continuous=dose)
    rate = dose.to("mcg/day") / pump.strength.to("mcg/mL")
    wait = timedelta(hours=float(book.quantity("start.no_increase").to("h")))
    limit = book.quantity("start.long_response")
    if pump.line_volume is None:
        line = "The line's volume is not known, so nobody can say when the drug reaches the tip."
    elif pump.primed:
        line = "The line was primed; it is not primed again."
    else:
        hours = rounded(pump.line_volume.to("mL") / rate * 24, "0.1")
        mcg = plain(rounded(pump.line_volume.to("mL") * pump.strength.to("mcg/mL"), "0.1"))
        line = (
            f"No prime bolus is on the chart: unprimed, the drug needs {plain(hours)} h to the tip; a prime of {plain(pump.line_volume)} "
            f"({mcg} mcg, which stays in the line) is given once, never into a primed line."
        )
    long = last.lasted.to("h") >= limit.to("h")
    effects = effects_under(facts, last)
    single = long or bool(effects)
    because = f", and {listed(effects)} was reported under the bolus" if effects and not long else ""
    why = (
        f"{plain(last.dose)} worked for {plain(last.lasted)}: {'at least' if long else 'less than'} {plain(limit)}{because}, so the first daily "
        f"dose is {'the screening dose itself' if single else 'twice the screening dose'} (C-05)."
    )
    ask = (
        f"Ask first: {listed(effects)} was reported within a day of the screening bolus; did it come from the bolus, and has it passed?"
        if effects
        else ""
    )
    steps = (
        Step(facts.now, "check", f"Strength, line and fill: {plain(pump.strength)} in the chamber; {CHECKED}. {line}"),
        Step(
            facts.now,
            "program",
            f"{program.written}: {runs(program, pump.strength, pump.left_ml, pump, facts.now, facts)}; read it back ('eutonia verify').",
            dose,
            writes=e.Programmed(program),
        ),
        Step(
            facts.now + wait,
            "review",
            f"No rise before {when(facts.now + wait, facts)}; score the tone, then 'request adjust up' if it is needed.",
        ),
    )
    facts_, sources = basis(book, *_ENTRIES)
    return Plan(
        "start",
        "by the start rule",
        "inpatient",
        steps,
        why,
        facts_,
        sources,
        WATCH,
        incomplete=ask,
        program=program.written,
    )

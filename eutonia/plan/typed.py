"""A dose that a clinician types: the plan it would be, through the same rules and the same gate as every other."""

from __future__ import annotations

from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program, Regimen
from eutonia.evidence import Known
from eutonia.findings import Finding, Kind
from eutonia.findings.effects import holding
from eutonia.findings.finding import listed
from eutonia.plan import adjust, rise_stopped, stopped_by
from eutonia.plan.bottle import other_bottle
from eutonia.plan.guard import check
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.titration import WATCH
from eutonia.plan.words import taking
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain


def typed(
    facts: Facts, pump: PumpState | None, findings: tuple[Finding, ...], dose: Program | Regimen
) -> Plan | Refusal:
    """The plan of a program or a regimen from now on, or why the rules do not allow it.  Nothing is moved to a limit."""
    kind: Kind = "adjust" if isinstance(dose, Program) else "titration"
    stops = [each for each in findings if kind in each.stops]
    if stops:
        return stopped_by(kind, stops)
    found = adjust.typed(facts, pump, dose) if isinstance(dose, Program) else _taken(facts, dose)
    if isinstance(found, Refusal):
        return found
    if rising := rise_stopped(found, pump, findings):
        return rising
    if problems := check(found, facts, pump):
        why = f"'{found.option}' does not pass the guard: {'; '.join(problems)}."
        return Refusal(kind, why, "Nothing is moved to the nearest limit; type another dose.", found.facts)
    return found


def _taken(facts: Facts, regimen: Regimen) -> Plan | Refusal:
    book, use = facts.book, facts.oral
    entries = ("oral.step_a_day", "oral.step_days", "oral.daily_max", "oral.taper_days")
    if not isinstance(use, Known):
        return refuse(book, "titration", f"{use.says[0].upper()}{use.says[1:]}.", "Write what is missing.", *entries)
    today = use.value.scheduled_mg.value if use.value is not None else None
    daily = regimen.scheduled.to("mg/day")
    step = book.quantity("oral.step_a_day").to("mg/day")
    if today is not None and today - daily > step:
        return refuse(
            book,
            "titration",
            f"From {plain(today)} mg to {plain(daily)} mg daily at once falls by more than {plain(step)} mg: abrupt withdrawal.",
            "Ask for 'request taper oral'.",
            *entries,
        )
    effects = holding(facts)
    more = use.value is None or regimen.daily.value > use.value.daily_mg.value or today is None or daily > today
    if effects and more:
        return refuse(
            book,
            "titration",
            f"Do not increase the dose while {listed(list(effects))} is open.",
            "Write 'symptom ...; resolved' when it is gone, or classify it.",
            *entries,
        )
    facts_, sources = basis(book, *entries)
    then = Step(facts.now, "review", "Score the tone (Ashworth, Penn) and ask for effects.")
    take = taking(facts.now, "", regimen, facts)
    bottle = other_bottle(use.value, take, regimen)
    return Plan(
        "titration", f"as typed, {plain(regimen.daily)}", "home", (*([bottle] if bottle else []), take, then),
        "Typed by a clinician, and within the rules.", facts_, sources, WATCH,
    )  # fmt: skip


def as_today(facts: Facts, pump: PumpState | None, kind: Kind) -> Plan:
    """Nothing changes: what a typed dose is compared with."""
    use = facts.oral
    today: Quantity | None = Quantity.of(0, "mg/day")
    if kind == "adjust":
        today = pump.program.daily if pump is not None and pump.program is not None else None
    elif isinstance(use, Known) and use.value is not None:
        today = use.value.scheduled_mg
    beside = ""
    if kind == "titration" and pump is not None and pump.running and pump.program is not None:
        beside = f", the pump giving {plain(pump.program.daily)}"
    step = Step(facts.now, "review", "Score the tone (Ashworth, Penn) and ask for effects.", today)
    return Plan(kind, f"as today{beside}", "home", (step,), "Nothing changes.", (), ())

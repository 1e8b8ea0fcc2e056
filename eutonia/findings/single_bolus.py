"""Is a single bolus of the program larger than any that this patient is known to have tolerated?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.finding import STOP, Finding, found
from eutonia.pump import PumpState
from eutonia.quantity import plain


def largest(program: Program) -> Decimal:
    """Return the largest single bolus of a program in mcg, zero where it has none."""
    return max((bolus.dose.to("mcg") for bolus in program.boluses), default=Decimal(0))


def limit(facts: Facts) -> tuple[Decimal, str]:
    """Return the largest single bolus in mcg that nothing speaks against, and where that limit comes from.

    The largest screening bolus that was tolerated, at most the largest of the screening scheme.  A screening bolus was
    tolerated where no symptom was written in the day after it.
    """
    most = facts.book.span("bolus.window")[1]
    if not facts.screenings:
        return most.value, f"the largest screening bolus of the scheme ({plain(most)})"
    day = timedelta(hours=float(facts.book.quantity("trial.interval").to("h")))
    symptoms = [
        event.at for event in facts.of(e.Symptom) if isinstance(event.what, e.Symptom) and not event.what.resolved
    ]
    tolerated = [
        each.dose.to("mcg") for each in facts.screenings if not any(each.at <= at <= each.at + day for at in symptoms)
    ]
    if not tolerated:
        return Decimal(0), "no screening bolus on this chart was tolerated without a symptom"
    dose = min(max(tolerated), most.value)
    return dose, f"the largest screening bolus that was tolerated ({plain(dose)} mcg)"


def problem(facts: Facts, program: Program, running: Program | None) -> str | None:
    """Return what speaks against the boluses of a planned program; none where nothing does.

    A program that makes a bolus smaller than the running one passes: it is the way down.  An override lets the running
    bolus go on, and never makes it larger.
    """
    dose, now = largest(program), largest(running) if running is not None else Decimal(0)
    most, source = limit(facts)
    kept = dose == now and facts.overridden("single-bolus", e.Programmed) is not None
    if dose <= most or dose < now or kept:
        return None
    return f"a single bolus of {plain(dose)} mcg is above {source}"


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """A stop for every rise and repetition of the program, until the bolus is corrected or overridden."""
    if pump is None or pump.program is None or pump.program.stopped:
        return
    dose, (most, source) = largest(pump.program), limit(facts)
    if dose <= most:
        return
    yield found(
        facts.book,
        "single-bolus",
        STOP,
        f"A single bolus of {plain(dose)} mcg ({pump.program.written}) is above {source}.",
        "A bolus at once acts like a screening bolus: most overdoses come from screening, refill and programming. "
        "That a bolus is judged by the screening is an assumption.",
        "Read the pump back now; correct the program, or write 'override single-bolus; by ...; because ...'.",
        "bolus.window",
        "trial.doses",
        "pump.ismp",
        "overdose.check",
        stops=("adjust up", "strength change", "restart"),
        due=facts.now,
    )

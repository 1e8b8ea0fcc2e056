"""The refill: what is drawn, what is filled, who checks it, and when the next one is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.restart_rule import restart
from eutonia.moment import shown_day
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import CHECKED, refill_due, when
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded

_ENTRIES = (
    "pump.balance_ml",
    "pump.stability",
    "pump.alarm_ml",
    "pump.pocket_fill",
    "overdose.check",
    "withdrawal.boxed",
)

WATCH = (
    "Pocket fill: pain, swelling, sedation or return of spasticity within hours: emergency card.",
    "The volume balance cannot see a wrong strength: compare order, product and program.",
    "Write 'residual ... mL' before and 'refill ... mL of ... mcg/mL; product ...; checked by ...' after.",
)


def build(facts: Facts, pump: PumpState | None, request: e.Request | None) -> Iterator[Plan | Refusal]:
    """A refill with the strength that is in the pump; another strength is a change of strength."""
    book = facts.book
    if pump is None:
        yield refuse(book, "refill", "No pump is implanted.", "Write 'implant ...'.", *_ENTRIES)
        return
    if pump.fill is None:
        yield refuse(
            book,
            "refill",
            "The pump has never been filled, so no strength is known.",
            "The first fill is ordered by a clinician; write it as 'refill 18 mL of 500 mcg/mL'.",
            *_ENTRIES,
        )
        return
    volume = request.volume if request is not None and request.volume is not None else pump.fill.volume
    if not volume.value <= pump.implant.capacity.value:
        yield refuse(
            book,
            "refill",
            f"{plain(volume)} is more than the chamber of {plain(pump.implant.capacity)} holds.",
            "A smaller volume.",
            *_ENTRIES,
        )
        return
    fresh = timedelta(hours=float(book.quantity("pump.refill_conflict").to("h")))
    if request is None and facts.now - pump.fill.at < fresh:
        return
    strength = pump.fill.strength
    drawn = next((r for r in reversed(pump.readings) if r.at >= pump.fill.at), None)
    expected = "an unknown volume" if pump.left_ml is None else f"{plain(rounded(pump.left_ml, '0.1'))} mL"
    if drawn is not None:
        measured = f"{plain(rounded(drawn.measured_ml, '0.1'))} mL was measured on {when(drawn.at, facts)} "
        expected = f"{measured}({plain(rounded(drawn.expected_ml, '0.1'))} mL expected then); by the program {expected}"
    tolerance = book.quantity("pump.balance_ml")
    steps = [
        Step(
            facts.now,
            "check",
            f"Product {plain(strength)}, order and program compared: name, birth date, strength, volume; {CHECKED}.",
        ),
        Step(
            facts.now,
            "draw",
            f"Empty the chamber; {expected} is expected. If it differs by more than {tolerance}, do not just fill and send home: look for the cause.",
        ),
        Step(
            facts.now,
            "refill",
            f"{plain(volume)} of {plain(strength)}; the needle's place confirmed; {CHECKED}.",
            writes=e.Refill(volume, strength),
        ),
    ]
    steps += _program(facts, pump, volume)
    steps.append(
        Step(
            facts.now,
            "observe",
            "Watch the patient after the refill for signs of overdose and withdrawal; compare the next residual.",
        )
    )
    facts_, sources = basis(book, *_ENTRIES)
    why = f"The same strength again; the daily dose does not change. Filled last on {shown_day(pump.fill.at, facts.home)}."
    yield Plan("refill", f"{plain(volume)} of {plain(strength)}", "clinic", tuple(steps), why, facts_, sources, WATCH)


def _program(facts: Facts, pump: PumpState, volume: Quantity) -> list[Step]:
    """What happens to the program at the refill, and when the next refill is due by it."""
    book, program, strength = facts.book, pump.program, pump.strength
    if program is None or program.stopped or strength is None:
        return []
    if pump.told is not None and pump.told != strength:
        says = (
            f"The pump was told {plain(pump.told)} and holds {plain(strength)}: correct the program before it runs on; no date of the "
            "next refill can be given."
        )
        return [Step(facts.now, "check", says)]
    if pump.unexplained is not None:
        says = (
            f"Program as on the chart: {program.written}; the last residual is not explained, so no date of the next refill holds: see the "
            "patient again soon, and measure."
        )
        return [Step(facts.now, "check", says)]
    resume = restart(facts, pump)
    if resume.situation not in ("running", "delivered less") and program not in [
        each.program for each in resume.offers
    ]:
        says = (
            f"The old program ({program.written}) must not simply run on after the interruption: leave the pump stopped, and set the dose by "
            f"the restart rule ('request restart'). {resume.sentence}"
        )
        return [Step(facts.now, "check", says)]
    due = refill_due(program, strength, float(volume.to("mL")), pump, facts.now, facts, fresh=True)
    book_by = due - timedelta(days=float(book.quantity("pump.book_ahead").to("days")))
    says = (
        f"Program as on the chart: {program.written}; reservoir set to {plain(volume)}, alarm at {plain(pump.alarm_ml)}; next refill by "
        f"{shown_day(due, facts.home)}, booked by {shown_day(book_by, facts.home)}; read it back."
    )
    return [Step(facts.now, "check", says)]

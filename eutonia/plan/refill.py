"""The refill: what is drawn, what is filled, who checks it, and when the next one is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.restart_rule import Restart, restart
from eutonia.moment import shown_day
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import CHECKED, expected_left, refill_due, refill_words
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
    delivered_ml = float(pump.fill.volume.to("mL")) - (pump.left_ml or 0.0)
    tolerance = plain(rounded(pump.tolerance_ml(delivered_ml), "0.1"))
    steps = [
        Step(
            facts.now,
            "check",
            f"Product {plain(strength)}, order and program compared: name, birth date, strength, volume; {CHECKED}.",
        ),
        Step(
            facts.now,
            "draw",
            f"Empty the reservoir by needle through the skin; {expected_left(facts, pump)} expected. If it differs by more than {tolerance} mL, "
            "do not just fill and send home: look for the cause.",
        ),
        Step(
            facts.now,
            "refill",
            f"{plain(volume)} of {plain(strength)}, injected through the skin into the port; the needle's place confirmed; {CHECKED}.",
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


def kept(facts: Facts, pump: PumpState) -> Iterator[Plan]:
    """The plan of a pump that runs and of which nothing may change now: when it is seen and filled next."""
    if pump.program is None or pump.service_ended:
        return
    due = refill_due(facts)
    steps = (
        Step(
            facts.now,
            "review",
            f"The program stays as it is: {pump.program.written}. Resolve what stops a change, and see the patient; next {refill_words(due, facts)}.",
        ),
    )
    facts_, sources = basis(facts.book, *_ENTRIES)
    why = "No change of the dose is allowed now, and a pump that runs is neither stopped nor left without a date."
    yield Plan("refill", "go on unchanged", "clinic", steps, why, facts_, sources, WATCH[:1])


def held_back(facts: Facts, pump: PumpState) -> Restart | None:
    """Return the restart rule where the program on the chart must not simply run on after a refill; none where it may."""
    if pump.unexplained is not None and not pump.gaps:
        return None
    rule = restart(facts, pump)
    offered = [offer.program for offer in rule.offers]
    return None if rule.situation in ("running", "delivered less") or pump.program in offered else rule


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
    if (rule := held_back(facts, pump)) is not None:
        says = (
            f"The old program ({program.written}) must not simply run on after the interruption: leave the pump stopped, and set the dose by "
            f"the restart rule ('request restart'). {rule.sentence}"
        )
        return [Step(facts.now, "check", says)]
    if pump.unexplained is not None:
        says = (
            f"Program as on the chart: {program.written}; the last residual is not explained, so no date of the next refill holds: see the "
            "patient again soon, and measure."
        )
        return [Step(facts.now, "check", says)]
    due = refill_due(facts, (facts.now, e.Refill(volume, strength)))
    book_by = due - timedelta(days=float(book.quantity("pump.book_ahead").to("days"))) if due is not None else None
    booked = (
        f", booked by {shown_day(book_by, facts.home)}"
        if book_by is not None and book_by > facts.now
        else ", booked now"
    )
    says = (
        f"Program as on the chart: {program.written}; reservoir set to {plain(volume)}, alarm at {plain(pump.alarm_ml)}; "
        f"next {refill_words(due, facts)}{booked}; read it back."
    )
    if due is not None and due <= facts.now:
        says = f"{plain(volume)} does not reach above the alarm volume at {program.written}: fill more, so that a next date can be given."
    if due is not None and pump.replacement_due is not None and pump.replacement_due <= due:
        says += f" The pump's service ends on {shown_day(pump.replacement_due, facts.home)}, before that refill: plan its replacement."
    return [Step(facts.now, "check", says)]

"""A change of strength: the line still holds the old drug, so a bridge bolus carries the patient over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import CHECKED, expected_left, flow, refill_due, refill_words, when
from eutonia.pump import PumpState
from eutonia.pump.line import bridge, missed_bridge, mixed
from eutonia.quantity import Quantity, plain, rounded

_ENTRIES = ("pump.bridge", "strengths", "overdose.check", "pump.pocket_fill")

WATCH = (
    "Without the bridge the patient gets the old strength at the new rate until the line is swept.",
    "At high flow the fluids mix, so the change at the tip is not sharp: observe.",
    "One change at a time: no change of the dose on the day of a change of strength.",
    "Two people check strength, line volume, bridge and both programs; the pump is read back.",
)


def build(facts: Facts, pump: PumpState | None, request: e.Request | None) -> Iterator[Plan | Refusal]:
    """Draw, fill with the new strength, bridge, then the same daily dose at its new rate."""
    book = facts.book
    if request is None or request.strength is None:
        yield refuse(
            book, "strength change", "No strength was asked for.", "Write 'request strength 2000 mcg/mL'.", *_ENTRIES
        )
        return
    if pump is None or pump.program is None or pump.strength is None or pump.left_ml is None or not pump.running:
        yield refuse(
            book,
            "strength change",
            "No running program with a filled pump is on the chart.",
            "Write implant, refill, program.",
            *_ENTRIES,
        )
        return
    new = request.strength
    stocked = book.quantities("strengths")
    if new not in stocked:
        names = ", ".join(plain(each) for each in stocked)
        yield refuse(
            book,
            "strength change",
            f"{plain(new)} is not a strength for the reservoir.",
            f"Strengths are {names}.",
            *_ENTRIES,
        )
        return
    if new == pump.strength:
        yield refuse(book, "strength change", f"The pump holds {plain(new)} already.", "Ask for 'refill'.", *_ENTRIES)
        return
    if pump.line_volume is None:
        yield refuse(
            book,
            "strength change",
            "The volume of the line is not known, so the bridge bolus cannot be computed.",
            "Write it on the implant or the revision: '; line 0.364 mL'.",
            *_ENTRIES,
        )
        return
    if pump.line_old:
        yield refuse(
            book,
            "strength change",
            "The drug of the last fill has not reached the tip yet, so what stands in the line is not one strength.",
            "Wait until it has" + (f" (about {when(pump.arrives_at, facts)})." if pump.arrives_at else "."),
            *_ENTRIES,
        )
        return
    if pump.model is not None and not pump.model.programmable:
        yield refuse(
            book,
            "strength change",
            "A constant-flow pump cannot give a bridge bolus; a new strength is a new dose.",
            "Plan it with the maker's manual.",
            "device.constant_flow.rule",
        )
        return
    if request.volume is not None and request.volume.value > pump.implant.capacity.value:
        yield refuse(
            book,
            "strength change",
            f"{plain(request.volume)} is more than the chamber of {plain(pump.implant.capacity)} holds.",
            "A smaller volume.",
            *_ENTRIES,
        )
        return
    yield _plan(facts, pump, new, request.volume)


def _plan(facts: Facts, pump: PumpState, new: Quantity, asked: Quantity | None) -> Plan:
    book = facts.book
    assert pump.program is not None
    assert pump.strength is not None
    assert pump.line_volume is not None
    assert pump.left_ml is not None
    assert pump.fill is not None
    old, daily = pump.strength, pump.program.daily
    volume = asked or pump.fill.volume
    exact = bridge(pump.line_volume, old, daily)
    dose = Quantity.of(rounded(exact.dose.value, "0.1"), "mcg")
    # A tenth of an hour is more than a hundredth of a short bridge.
    hours = rounded(exact.hours, "0.1" if exact.hours >= 10 else "0.01")
    ends = facts.now + timedelta(hours=float(exact.hours))
    program = Program(pump.program.continuous, pump.program.boluses, pump.program.steps, new)
    old_rate = rounded(daily.value / old.to("mcg/mL"), "0.001")
    new_rate = rounded(daily.value / new.to("mcg/mL"), "0.001")
    bolus = e.Bridge(dose, Quantity.of(hours, "h"))
    due = refill_due(facts, (facts.now, e.Refill(volume, new)), (facts.now, bolus), (ends, e.Programmed(program)))
    wrong, long = missed_bridge(pump.line_volume, old, new, daily)
    note = flow(program, new, pump)
    mixture = ""
    if pump.model is not None and pump.model.unaspirable is not None:
        blend = rounded(mixed(pump.model.unaspirable, old, volume, new).value, "1")
        mixture = (
            f" About {plain(pump.model.unaspirable)} cannot be drawn (unverified): the mixture is then about {plain(blend)} mcg/mL, which would give about "
            f"{plain(rounded(daily.value * blend / new.to('mcg/mL'), '1'))} mcg daily until the next fill; rinsing with the new strength lessens it."
        )
    steps = (
        Step(
            facts.now,
            "check",
            f"Old: {pump.program.written} with {plain(old)}. New: the same {plain(daily)} with {plain(new)}; {CHECKED}.",
        ),
        Step(facts.now, "draw", f"Empty the chamber; {expected_left(facts, pump)} expected.{mixture}"),
        Step(
            facts.now,
            "refill",
            f"{plain(volume)} of {plain(new)}; alarm at {plain(pump.alarm_ml)}; {CHECKED}.",
            writes=e.Refill(volume, new),
        ),
        Step(
            facts.now,
            "bridge",
            f"Bridge bolus {plain(dose)} over {plain(hours)} h ({plain(pump.line_volume)} of {plain(old)} at {plain(old_rate)} mL/day), "
            f"until {when(ends, facts)}, INSTEAD of the running program.",
            dose,
            Decimal(hours),
            writes=bolus,
        ),
        Step(
            ends,
            "program",
            f"{program.written}: {plain(new_rate)} mL/day; next {refill_words(due, facts)}; read it back ('eutonia verify').{note}",
            daily,
            writes=e.Programmed(program),
        ),
        Step(
            ends + timedelta(hours=24),
            "review",
            "Score the tone and ask for effects after the first day of the new strength.",
        ),
    )
    facts_, sources = basis(book, *_ENTRIES)
    why = (
        f"From {plain(old)} to {plain(new)} at the same {plain(daily)}. Left out, the bridge would mean {plain(rounded(wrong, '0.1'))} mcg/day for "
        f"{plain(rounded(long, '0.1'))} h ({'withdrawal' if wrong < daily.value else 'overdose'})."
    )
    return Plan(
        "strength change", f"to {plain(new)}", "clinic", steps, why, facts_, sources, WATCH, program=program.written
    )

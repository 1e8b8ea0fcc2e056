"""How plans speak about doses: which tablets, how many mL, what a pump does then."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from eutonia.chart import event as e
from eutonia.chart.event import What
from eutonia.chart.facts import Facts
from eutonia.chart.oral import OralUse
from eutonia.chart.orders import Program, Regimen
from eutonia.moment import iso, shown, shown_day
from eutonia.plan.plan import Step
from eutonia.pump import PumpState, pump_after
from eutonia.pump.program import problems
from eutonia.quantity import Quantity, plain, rounded

# Lines that a plan would write come after every line of the chart.
_PLANNED: Final = 1_000_000

CHECKED = "two people check it independently, and the check is recorded"


def tablets(dose_mg: Decimal, sizes: tuple[Quantity, ...]) -> str | None:
    """The fewest tablets and halves that make a dose; none where they cannot.

    >>> tablets(Decimal("17.5"), tuple(Quantity.of(n, "mg") for n in (5, 10, 20)))
    '10 mg + 5 mg + half of 5 mg'
    """
    left, pieces = dose_mg, []
    for size in sorted((each.to("mg") for each in sizes), reverse=True):
        count = int(left // size)
        left -= count * size
        pieces += [f"{plain(size)} mg" if count == 1 else f"{count} x {plain(size)} mg"] if count else []
    smallest = min(each.to("mg") for each in sizes)
    if left == smallest / 2:
        pieces.append(f"half of {plain(smallest)} mg")
        left = Decimal(0)
    return " + ".join(pieces) if left == 0 and pieces else None


def regimen_words(regimen: Regimen, facts: Facts) -> str:
    """A regimen with its daily total and what to dispense: '5 mg three times a day (15 mg daily; tablets: 5 mg)'."""
    return f"{regimen.written} ({_total(regimen)}; {_dispensing(regimen, facts)})"


def as_taken(use: OralUse, facts: Facts) -> str:
    """What is taken by mouth now, each order as it was written, with totals and what to dispense."""
    return " + ".join(regimen_words(regimen, facts) for regimen in use.regimens)


def _total(regimen: Regimen) -> str:
    taken, most = plain(regimen.scheduled.value), plain(regimen.daily.value)
    return f"{taken} mg daily, up to {most} mg with as-needed doses" if regimen.as_needed else f"{taken} mg daily"


def _dispensing(regimen: Regimen, facts: Facts) -> str:
    sizes = facts.book.quantities("oral.tablets")
    doses = list(dict.fromkeys(part.amount.to("mg") for part in regimen.parts))
    if regimen.liquid is not None:
        each = [f"{plain(d)} mg = {plain(d / regimen.liquid.to('mg/mL'))} mL" for d in doses]
        return f"{plain(regimen.liquid)} liquid: " + ", ".join(each)
    return "tablets: " + ", ".join(_dispensed(d, sizes) for d in doses)


def taking(at: datetime, before: str, regimen: Regimen, facts: Facts) -> Step:
    """The step of taking a regimen from a moment on; `before` opens its sentence.  Its dose is without as-needed doses."""
    return Step(at, "take", f"{before}{regimen_words(regimen, facts)}.", regimen.scheduled, writes=e.Oral(regimen))


def _dispensed(dose_mg: Decimal, sizes: tuple[Quantity, ...]) -> str:
    made = tablets(dose_mg, sizes)
    return f"{plain(dose_mg)} mg" if made in (None, f"{plain(dose_mg)} mg") else f"{plain(dose_mg)} mg = {made}"


def runs(
    program: Program,
    strength: Quantity,
    volume_ml: float,
    pump: PumpState,
    begin: datetime,
    facts: Facts,
    fresh: bool = False,
) -> str:
    """What a program does from `begin` on: its rate and the date by which the pump must be filled.

    fresh: the pump is filled with `volume_ml` of `strength` first; otherwise it goes on with what the chart says.
    """
    rate = program.daily.to("mcg/day") / strength.to("mcg/mL")
    fill = (begin, e.Refill(Quantity.of(rounded(volume_ml, "0.000001"), "mL"), strength))
    due = refill_due(facts, *([fill] if fresh else []), (begin, e.Programmed(program)))
    return f"{plain(rounded(rate, '0.001'))} mL/day of {plain(strength)}; {refill_words(due, facts)}{flow(program, strength, pump)}"


def flow(program: Program, strength: Quantity, pump: PumpState) -> str:
    """What the device's table has against a program at this strength; its flow range is unverified, so it only warns."""
    model = pump.model
    notes = problems(program, strength, model.flow, model.most_steps) if model is not None else []
    unverified = "" if model is None or model.flow_verified else " (unverified range)"
    return f". Watch the flow: {'; '.join(notes)}{unverified}" if notes else ""


def refill_due(facts: Facts, *writes: tuple[datetime, What]) -> datetime | None:
    """Return when the next refill is due once these lines are on the chart; none where no date can be given.

    Every date of a refill in a plan comes from here: the pump is followed through the plan, and then asked as the
    findings ask it (`PumpState.due`).
    """
    events = [e.Event(at, body, iso(at), line=_PLANNED + n) for n, (at, body) in enumerate(writes)]
    state = pump_after(facts, events, max([facts.now, *(at for at, _ in writes)]))
    return state.due[0] if state is not None and state.due is not None else None


def refill_words(due: datetime | None, facts: Facts) -> str:
    """The refill date for a sentence; a date that has passed is never given as the next one."""
    if due is None:
        return "refill: no date can be given"
    return f"refill due by {shown_day(due, facts.home)}" if due > facts.now else "refill due now, before anything else"


def expected_left(facts: Facts, pump: PumpState) -> str:
    """The volume that should be left, beside the one that was measured since the fill, for a sentence ending '... expected'."""
    expected = "an unknown volume" if pump.left_ml is None else f"{plain(rounded(pump.left_ml, '0.1'))} mL"
    last = pump.readings[-1] if pump.readings else None
    if last is None or pump.fill is None or last.at < pump.fill.at:
        return f"{expected} is"
    measured, then = (plain(rounded(ml, "0.1")) for ml in (last.measured_ml, last.expected_ml))
    return (
        f"{measured} mL was measured on {when(last.at, facts)} ({then} mL expected then); by the program {expected} is"
    )


def when(at: datetime, facts: Facts) -> str:
    """An instant for a sentence."""
    return shown(at, facts.home)

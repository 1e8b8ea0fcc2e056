"""Is it certain that the pump delivered?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.finding import CAUTION, STOP, Finding, found, listed
from eutonia.findings.limits import start_dose
from eutonia.moment import shown
from eutonia.pump import PumpState
from eutonia.quantity import plain, rounded

_WORDS = {
    "stall": "the motor stalled",
    "stall recovered": "the motor stalled and ran again, and the pump was not read out after it",
    "mri": "an MRI scan, and the pump was not read out after it",
    "telemetry lost": "the pump could not be read out",
    "alarm critical": "a critical alarm sounded",
    "alarm": "an alarm sounded that nobody named",
    "alarm low reservoir": "the low-reservoir alarm sounded although the chamber should not be low",
}


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """A stop for every change of dose while delivery is uncertain or the pump is stopped; never for the refill."""
    if pump is None:
        return
    if pump.stopped_at is not None and pump.last_running is not None:
        yield _stopped(facts, pump, pump.stopped_at, pump.last_running)
    if pump.gaps and pump.running:
        yield _gap(facts, pump)
    elif pump.resumed is not None and pump.program is not None and not pump.program.stopped:
        yield from _resumed(facts, pump, *pump.resumed)
    if not pump.uncertain:
        return
    says = listed([f"{_WORDS[what]} ({shown(at, facts.home)})" for at, what in pump.uncertain])
    key = pump.model.key if pump.model else ""
    mri = [f"device.{key}.mri"] if any(what == "mri" for _, what in pump.uncertain) and key.endswith("_ii") else []
    yield found(
        facts.book,
        "delivery",
        STOP,
        f"Delivery is uncertain: {says}.",
        "What the pump did is not known, so neither the residual nor the tolerance of the patient is.",
        "Read the pump out: 'device read out, no alarms', or 'explained delivery; ...; by ...'.",
        "withdrawal.delivery_first",
        *mri,
        stops=("start", "adjust", "strength change", "holiday", "restart"),
        due=facts.now,
    )


def _stopped(facts: Facts, pump: PumpState, since: datetime, last: Program) -> Finding:
    book = facts.book
    hours = rounded((facts.now - since).total_seconds() / 3600, "0.1")
    how_long = f"{plain(hours)} h" if hours < 48 else f"{plain(rounded(hours / 24, '0.1'))} days"
    used = pump.pump_start is not None and since - pump.pump_start > timedelta(
        days=float(book.quantity("withdrawal.long_use_days").to("days"))
    )
    # A holiday ends at the smallest dose; a stop from there was a withdrawal step by step.
    tapered = last.daily.value <= book.span("pump.daily_window")[0].value * 2
    boxed = "After more than 2 months of use abrupt withdrawal can be severe. " if used else ""
    return found(
        book,
        "pump-stopped",
        CAUTION if tapered else STOP,
        f"The pump has been stopped for {how_long}, since {shown(since, facts.home)}; it gave {plain(last.daily)} before.",
        f"{boxed}Withdrawal evolves over 1-3 days; baclofen by mouth must not be relied on to stop it.",
        "Look for signs of withdrawal now; plan a restart ('request restart'), or a bridge with another drug.",
        "withdrawal.boxed",
        "withdrawal.long_use_days",
        "withdrawal.evolves",
        "withdrawal.oral_not_enough",
        "restart.short_gap",
        stops=("adjust", "strength change", "holiday"),
        due=facts.now,
    )


def _gap(facts: Facts, pump: PumpState) -> Finding:
    """The pump runs on at a dose from before an interruption: the tolerance that it was set for may be gone."""
    at, why = pump.gaps[-1]
    daily = plain(pump.program.daily) if pump.program is not None else "the old dose"
    return found(
        facts.book,
        "gap",
        STOP,
        f"{why[0].upper()}{why[1:]} ({shown(at, facts.home)}), and {daily} runs since without a new program.",
        "After a gap the tolerance may be gone: what was tolerated then can be an overdose now. Two of seven overdoses in one series "
        "came hours after a restart at the old dose.",
        "Watch the patient now; plan the dose anew ('request restart'), and write the program that was set.",
        "holiday.restart",
        "restart.short_gap",
        "restart.similar",
        "overdose.check",
        stops=("adjust", "strength change", "holiday"),
        due=facts.now,
    )


def _resumed(facts: Facts, pump: PumpState, at: datetime, since: datetime) -> Iterator[Finding]:
    """A program set after a long interruption that is above the start rule."""
    most = start_dose(facts)
    daily = pump.program.daily if pump.program is not None else None
    if daily is None or (most is not None and daily.value <= most.value):
        return
    days = plain(rounded((at - since).total_seconds() / 86400, "0.1"))
    rule = (
        f"the start rule gives {plain(most)}"
        if most is not None
        else "no screening on the chart says what the start rule gives"
    )
    yield found(
        facts.book,
        "gap",
        STOP,
        f"After {days} days without drug the pump was set to {plain(daily)} on {shown(at, facts.home)}; {rule}.",
        "After a gap the tolerance may be gone: what was tolerated then can be an overdose now. Two of seven overdoses in one series "
        "came hours after a restart at the old dose.",
        "Watch the patient now and read the pump back; plan the dose anew, or write 'override gap; by ...; because ...'.",
        "holiday.restart",
        "restart.short_gap",
        "start.factor",
        "overdose.check",
        stops=("adjust", "strength change", "holiday"),
        due=facts.now,
    )

"""Is it certain that the pump delivered?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.finding import CAUTION, STOP, Finding, found, listed
from eutonia.findings.restart_rule import Restart, restart, restart_before
from eutonia.moment import shown
from eutonia.pump import Exchange, PumpState, explanted_pump
from eutonia.pump.reservoir import END_OF_SERVICE
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
        yield from _explanted(facts)
        return
    if pump.exchanged is not None and pump.last_running is not None:
        yield _new_pump(facts, pump, pump.exchanged, pump.last_running)
    elif pump.stopped_at is not None and pump.last_running is not None:
        yield _stopped(facts, pump, pump.stopped_at, pump.last_running)
    if pump.gaps and pump.running:
        yield _gap(facts, pump)
    elif pump.delivered_share is not None and pump.running:
        yield _delivered_less(facts, pump)
    elif pump.resumed is not None and pump.program is not None and not pump.program.stopped:
        yield from _resumed(facts, pump, pump.resumed[0])
    # The end of service has a finding of its own.
    uncertain = [(at, what) for at, what in pump.uncertain if what != END_OF_SERVICE]
    if not uncertain:
        return
    says = listed([f"{_WORDS.get(what, what)} ({shown(at, facts.home)})" for at, what in uncertain])
    key = pump.model.key if pump.model else ""
    mri = [f"device.{key}.mri"] if any(what == "mri" for _, what in uncertain) and key.endswith("_ii") else []
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
    how_long = f"{plain(hours)} h" if hours <= 72 else f"{plain(rounded(hours / 24, '0.1'))} days"
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
        f"Look for signs of withdrawal now; plan a restart ('request restart'), or a bridge with another drug. {restart(facts, pump).sentence}",
        "withdrawal.boxed",
        "withdrawal.long_use_days",
        "withdrawal.evolves",
        "withdrawal.oral_not_enough",
        "restart.short_gap",
        stops=("adjust", "strength change", "holiday"),
        due=facts.now,
    )


_TOLERANCE = (
    "After a gap the tolerance may be gone: what was tolerated then can be an overdose now. Two of seven overdoses in one series "
    "came hours after a restart at the old dose."
)


def _gap(facts: Facts, pump: PumpState) -> Finding:
    """The pump runs on at a dose from before an interruption: a stop unless the restart rule offers that dose."""
    gap = pump.gaps[-1]
    daily = plain(pump.program.daily) if pump.program is not None else "the old dose"
    then = restart(_at(facts, gap.end), pump)
    now = restart(facts, pump)
    offered = [rule for rule in (now, then) if pump.program is not None and _offers(rule, pump.program)]
    rule = offered[0] if offered else now
    todo = (
        "Monitor the patient; read the pump back, and write the program that runs."
        if offered
        else f"Watch the patient now; plan the dose anew ('request restart'), and write the program that was set. {rule.sentence}"
    )
    return found(
        facts.book,
        "gap",
        CAUTION if offered else STOP,
        f"{gap.why[0].upper()}{gap.why[1:]} ({shown(gap.end, facts.home)}), and {daily} runs since without a new program.",
        _TOLERANCE,
        todo,
        "holiday.restart",
        "restart.short_gap",
        "restart.similar",
        "overdose.check",
        stops=("adjust", "strength change", "holiday"),
        due=facts.now,
    )


def _at(facts: Facts, at: datetime) -> Facts:
    return Facts(facts.chart, at, facts.book)


def _offers(rule: Restart, program: Program) -> bool:
    """Whether a program gives no more than the rule offers."""
    return rule.most is not None and program.daily.value <= rule.most


def _delivered_less(facts: Facts, pump: PumpState) -> Finding:
    """The pump runs, and an explained residual shows that it delivered less than programmed."""
    rule = restart(facts, pump)
    return found(
        facts.book,
        "gap",
        CAUTION,
        f"{rule.happened[0].upper()}{rule.happened[1:]}.",
        "Once the cause is repaired all of the programmed dose arrives, which is more than the patient had.",
        f"If it was repaired: set at most the dose that was delivered ('request restart'), and write the program. {rule.sentence}",
        "pump.balance_floor",
        "restart.similar",
        "overdose.check",
        stops=("adjust", "strength change", "holiday"),
        due=facts.now,
    )


def _resumed(facts: Facts, pump: PumpState, at: datetime) -> Iterator[Finding]:
    """A program set after an interruption that is above what the restart rule offered then."""
    daily = pump.program.daily if pump.program is not None else None
    if daily is None or pump.program is None:
        return
    if facts.now - at >= timedelta(days=float(facts.book.quantity("restart.tolerated_days").to("days"))):
        return  # it ran for so long that it was tolerated
    rule = restart_before(facts, at)
    if rule.situation in ("no pump ran", "running") or _offers(rule, pump.program):
        return
    yield found(
        facts.book,
        "gap",
        STOP,
        f"After an interruption ({rule.happened}) the pump was set to {plain(daily)} on {shown(at, facts.home)}. {rule.sentence}",
        _TOLERANCE,
        "Watch the patient now and read the pump back; plan the dose anew, or write 'override gap; by ...; because ...'.",
        "holiday.restart",
        "restart.short_gap",
        "start.factor",
        "restart.tolerated_days",
        "overdose.check",
        stops=("adjust", "strength change", "holiday"),
        due=facts.now,
    )


def _new_pump(facts: Facts, pump: PumpState, exchanged: Exchange, last: Program) -> Finding:
    """An exchanged pump that holds no program: nothing is delivered until one is written."""
    lacks = "no drug and no program" if pump.fill is None else "no program"
    ask = "" if exchanged.catheter is not None or pump.primed else " Was the catheter kept, or is it new?"
    rule = restart(facts, pump)
    return found(
        facts.book,
        "new-pump",
        STOP,
        f"The new pump of {shown(exchanged.at, facts.home)} has {lacks} on the chart; the one before gave {plain(last.daily)}.",
        "An exchange continues the therapy: until the new pump is filled and programmed nothing is delivered, and withdrawal evolves over 1-3 days.",
        f"Fill and program the new pump ('request restart'), and write it.{ask} {rule.sentence}",
        "withdrawal.boxed",
        "withdrawal.evolves",
        "restart.short_gap",
        stops=("adjust", "strength change", "holiday"),
        due=facts.now,
    )


def _explanted(facts: Facts) -> Iterator[Finding]:
    """An explanted pump: withdrawal is possible for two weeks."""
    explanted = explanted_pump(facts)
    if explanted is None or (before := explanted[1].last_running) is None:
        return
    at = explanted[0]
    if facts.now - at > timedelta(days=float(facts.book.quantity("restart.long_gap").to("days"))):
        return
    yield found(
        facts.book,
        "pump-stopped",
        STOP,
        f"The pump was explanted on {shown(at, facts.home)}; it gave {plain(before.daily)} before.",
        "Withdrawal evolves over 1-3 days; baclofen by mouth must not be relied on to stop it.",
        "Look for signs of withdrawal now; a specialist decides about baclofen by mouth, lumbar doses and GABA-ergic drugs.",
        "withdrawal.boxed",
        "withdrawal.evolves",
        "withdrawal.oral_not_enough",
        due=facts.now,
    )

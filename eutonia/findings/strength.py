"""Do the chamber, the program and the line agree on the strength, and is the line's volume known?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from eutonia.chart.facts import Facts
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, Kind, found
from eutonia.moment import shown
from eutonia.pump import PumpState
from eutonia.pump.program import problems
from eutonia.quantity import Quantity, plain, rounded


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """Mismatch of strength, a missing bridge, a repeated prime, contradictory fills, what the device cannot do."""
    if pump is None:
        return
    book = facts.book
    changing: tuple[Kind, ...] = ("start", "adjust", "strength change", "holiday", "restart")
    says: list[str] = []
    entries: list[str] = []
    if pump.fill is not None and pump.fill.product is not None and pump.fill.product != pump.fill.strength:
        says.append(
            f"the fill is written as {plain(pump.fill.strength)} but the product says {plain(pump.fill.product)} "
            f"({_times(pump.fill.product, pump.fill.strength)} the dose)"
        )
        entries.append("overdose.check")
    wrong: Finding | None = None
    told_wrong = pump.told is not None and pump.strength is not None and pump.told != pump.strength
    if told_wrong and pump.bridge_running_until is not None:
        yield _bridge_then(facts, pump, pump.bridge_running_until)
    elif told_wrong and pump.stopped_at is not None:
        wrong = _stopped_wrong(facts, pump, pump.stopped_at)
    elif told_wrong:
        assert pump.told is not None
        assert pump.strength is not None
        reaches = (
            f"; the new drug reaches the tip about {shown(pump.arrives_at, facts.home)}"
            if pump.line_old and pump.arrives_at is not None
            else ""
        )
        says.append(
            f"the pump was told {plain(pump.told)} but holds {plain(pump.strength)}: it delivers "
            f"{_times(pump.strength, pump.told)} the dose it believes{reaches}"
        )
        entries += ["overdose.check", "pump.bridge"]
    stocked = book.quantities("strengths")
    if pump.strength is not None and pump.strength not in stocked and facts.overridden("strength") is None:
        says.append(f"{plain(pump.strength)} is not a strength for the reservoir ({', '.join(map(plain, stocked))})")
        entries.append("strengths")
    for first, second in pump.refill_conflicts:
        places = (
            f"{shown(first.at, facts.home)}, line {first.line} and line {second.line}"
            if first.at == second.at
            else f"{shown(first.at, facts.home)} and {shown(second.at, facts.home)}"
        )
        says.append(f"two different fills within a day ({places}): which one is in the chamber is not known")
        entries.append("pump.refill_conflict")
    for event in pump.overfilled:
        says.append(
            f"the fill of {shown(event.at, facts.home)} is more than the chamber of {plain(pump.implant.capacity)} holds"
        )
        entries.append("overdose.check")
    for event in pump.repeated_primes:
        says.append(
            f"the prime bolus of {shown(event.at, facts.home)} was given into a line that had been primed: it went to the patient"
        )
        entries.append("pump.prime_once")
    for event in pump.large_primes:
        says.append(
            f"the prime bolus of {shown(event.at, facts.home)} is larger than the line: "
            "the rest went to the patient, or the line's volume is wrong"
        )
        entries.append("pump.prime_once")
    for event, dose, hours in pump.wrong_bridges:
        says.append(
            f"the bridge bolus of {shown(event.at, facts.home)} is not the one of this line: {dose} mcg over {hours} h would carry the old "
            "drug at the old daily dose"
        )
        entries.append("pump.bridge")
    if says:
        if wrong is not None:
            says.insert(0, wrong.says.removesuffix("."))
            entries = [*_STOPPED_ENTRIES, *entries]
        text = "; ".join(says)
        yield found(
            book,
            "strength",
            STOP,
            f"{text[0].upper()}{text[1:]}.",
            "The balance of volumes cannot see a wrong strength; only order, product and program compared can.",
            "Two people compare order, product and program; write the corrected line, or 'explained refill; ...; by ...'."
            + (f" {wrong.resolve}" if wrong is not None else ""),
            *dict.fromkeys(entries),
            stops=changing,
        )
    elif wrong is not None:
        yield wrong
    elif pump.bridge_missing and pump.line_volume is not None and pump.program is not None and not pump.program.stopped:
        yield _bridge_missing(facts, pump)
    yield from _device(facts, pump)


def _times(one: Quantity, other: Quantity) -> str:
    return f"{plain(rounded(one.to('mcg/mL') / other.to('mcg/mL'), '0.01'))} times"


def _bridge_then(facts: Facts, pump: PumpState, until: datetime) -> Finding:
    """The bridge runs with the old program behind it: it must be told the new strength when the bridge ends, not before."""
    assert pump.told is not None
    assert pump.strength is not None
    return found(
        facts.book,
        "bridge",
        CAUTION,
        f"The bridge bolus runs until {shown(until, facts.home)}; the program after it is for {plain(pump.told)} and would then deliver "
        f"{_times(pump.strength, pump.told)} the dose: it needs to be told {plain(pump.strength)} by then.",
        "The bridge carries the old drug in the line at the old daily dose; what follows it runs on the new strength.",
        "Write the program that follows, with its strength: 'program ...; strength ... mcg/mL'.",
        "pump.bridge",
        stops=("adjust", "strength change", "holiday"),
        due=until,
    )


_STOPPED_ENTRIES = ("overdose.check", "pump.bridge")


def _stopped_wrong(facts: Facts, pump: PumpState, stopped: datetime) -> Finding | None:
    """A pump that ran under the wrong strength until it was stopped; a restart that names the strength resolves it."""
    old, told, holds = pump.last_running, pump.told, pump.strength
    if old is None or told is None or holds is None or pump.fill is None or pump.fill.at >= stopped:
        return None
    times = holds.to("mcg/mL") / told.to("mcg/mL")
    given = plain(Quantity.of(rounded(old.daily.value * times, "0.1"), "mcg/day"))
    return found(
        facts.book,
        "strength",
        STOP,
        f"Until it was stopped the pump was told {plain(told)} but held {plain(holds)}: programmed for {plain(old.daily)}, it delivered about "
        f"{given} ({_times(holds, told)} the dose) once the new drug was at the tip.",
        "The pump still reckons with the strength that it was told last; a program that names no strength repeats the error.",
        f"Two people compare order, product and program; restart only with the strength named: 'program ...; strength {plain(holds)}'.",
        *_STOPPED_ENTRIES,
        stops=("start", "adjust", "strength change", "holiday"),
    )


def _bridge_missing(facts: Facts, pump: PumpState) -> Finding:
    old, new = pump.previous_strength, pump.strength
    assert old is not None
    assert new is not None
    until = now = ""
    if pump.line_old and pump.arrives_at is not None:
        until = f" until about {shown(pump.arrives_at, facts.home)}"
    if pump.line_old and pump.line_left_ml is not None and pump.program is not None:
        left = rounded(pump.line_left_ml, "0.001")
        dose = left * old.to("mcg/mL")
        hours = dose * 24 / pump.program.daily.value
        now = (
            f" What is left in the line now is {plain(left)} mL: a bridge bolus begun now is {plain(rounded(dose, '0.1'))} mcg over "
            f"{plain(rounded(hours, '0.1'))} h, not that of the whole line."
        )
    return found(
        facts.book,
        "bridge",
        STOP if pump.line_old else NOTE,
        f"No bridge bolus is written after the change from {plain(old)} to {plain(new)}: the line holds the old drug{until}, "
        f"so the patient gets {_times(old, new)} the dose.{now}",
        "Until the line is swept the old strength flows at the new rate.",
        "Program the bridge bolus and write it ('bridge ... over ...'), or watch for overdose or withdrawal until the line is swept.",
        "pump.bridge",
        stops=("adjust", "strength change", "holiday") if pump.line_old else (),
    )


def _device(facts: Facts, pump: PumpState) -> Iterator[Finding]:
    book = facts.book
    says: list[str] = []
    entries: list[str] = ["pump.modes"]
    if pump.model is None:
        says.append(
            f"'{pump.implant.device}' is not in the device table: its flow range, accuracy and battery are not known"
        )
    else:
        if all(pump.implant.capacity != each for each in pump.model.capacities):
            says.append(
                f"{pump.model.title} is known with {' or '.join(map(plain, pump.model.capacities))}, not {plain(pump.implant.capacity)}"
            )
        if pump.program is not None and pump.told is not None and not pump.program.stopped:
            says += problems(pump.program, pump.told, pump.model.flow, pump.model.most_steps)
            if not pump.model.programmable:
                entries.append("device.constant_flow.rule")
        if pump.model.key == "prometra_ii":
            says.append("the manual that was read labels it for morphine and from 22 years")
            entries.append("device.prometra_ii.label")
    if pump.line_volume is None:
        says.append(
            "the volume of the line is not known, so when drug reaches the tip cannot be said, and no bridge can be planned"
        )
        entries.append("pump.bridge")
    offset = facts.now.astimezone(facts.home).utcoffset()
    timed = pump.program is not None and (pump.program.steps or any(bolus.at for bolus in pump.program.boluses))
    if timed and offset is not None and offset != pump.clock:
        hours = (offset - pump.clock).total_seconds() / 3600
        says.append(
            f"the pump's clock does not follow summer time: what it gives at 06:00 comes at {_shifted(6, hours)} on the wall now"
        )
    if says:
        text = "; ".join(says)
        yield found(
            book,
            "device",
            CAUTION,
            f"{text[0].upper()}{text[1:]}.",
            "What the device can do comes from its table; rows that nobody read in a manual are configuration, marked unverified.",
            "Read the device's manual and the implant record; write 'implant ...; line ... mL'.",
            *entries,
        )


def _shifted(hour: int, hours: float) -> str:
    minutes = round((hour + hours) * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"

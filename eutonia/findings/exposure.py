"""Can there be too much baclofen in the body now, or too little?  By when it was last given, and by how far the dose fell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Unknown
from eutonia.findings.context import taking
from eutonia.findings.kidney import kidney
from eutonia.moment import local_day, shown_day, start_of
from eutonia.pump import PumpState, explanted_pump
from eutonia.quantity import plain

History = Sequence[tuple[datetime, Decimal]]


class Exposure(Struct, frozen=True):
    """What is possible by the doses on the chart.

    Parameters
    ----------
    overdose
        Whether drug may still act.
    fell
        Why withdrawal is possible: the dose fell, was missed, or may not have been delivered; empty where nothing says so.
    unseen
        Whether a pump runs whose failure the chart could not show.
    reasons
        What else makes an early sign count: a refill soon or just now, a revision of the catheter.
    slow
        Whether the kidneys may keep the drug in the body.
    """

    overdose: bool
    fell: tuple[str, ...]
    unseen: bool
    reasons: tuple[str, ...]
    slow: bool


def exposure(facts: Facts, pump: PumpState | None) -> Exposure:
    """Return whether overdose and withdrawal are possible at the moment of the chart."""
    slow = _slow(facts)
    fell = tuple(dict.fromkeys([*_fell_by_mouth(facts), *_fell_in_the_spine(facts, pump)]))
    return Exposure(
        _acts_in_the_spine(facts, pump) or _acts_by_mouth(facts, slow),
        fell,
        pump is not None and (pump.running or pump.fill is None or pump.program is None),
        tuple(_reasons(facts, pump)),
        slow,
    )


def _slow(facts: Facts) -> bool:
    known = kidney(facts)
    return isinstance(known, Unknown) or known.avoid or known.dialysis


def _within(facts: Facts, at: datetime, entry: str) -> bool:
    return facts.now - at <= timedelta(hours=float(facts.book.quantity(entry).to("h")))


def _latest(facts: Facts, event: e.Event) -> datetime:
    """The latest moment that an event can have: of one with a day alone, the end of that day."""
    if not event.day_only:
        return event.at
    return min(start_of(local_day(event.at, facts.home) + timedelta(days=1), facts.home), facts.now)


# -- too much ----------------------------------------------------------------------------------------------------------


def _acts_in_the_spine(facts: Facts, pump: PumpState | None) -> bool:
    given = [_latest(facts, event) for event in facts.of(e.Trial, e.Refill, e.Prime)]
    if any(_within(facts, at, "exposure.overdose_intrathecal") for at in given):
        return True
    if pump is None:
        explanted = explanted_pump(facts)
        return explanted is not None and _within(facts, explanted[0], "exposure.overdose_intrathecal")
    # What is not known is possible: a pump without a fill or a program on the chart.
    if pump.running or pump.fill is None or pump.program is None or pump.bridge_running_until is not None:
        return True
    ended = [at for at in (pump.stopped_at, pump.empty_at, pump.ran_dry_at) if at is not None and at <= facts.now]
    last = max([at for at in ended if pump.stopped_at is None or at <= pump.stopped_at], default=None)
    return last is None or _within(facts, last, "exposure.overdose_intrathecal")


def _acts_by_mouth(facts: Facts, slow: bool) -> bool:
    if taking(facts):
        return True
    history = facts.oral_history
    if not history or not any(dose for _, dose in history):
        return False
    # The last change to nothing; the whole of its day where only the day was written.
    last = next(at for (at, dose), (_, before) in _steps(history) if not dose and before)
    lines = [_latest(facts, event) for event in facts.of(e.Oral, e.Medication) if event.at == last]
    entry = "exposure.overdose_renal" if slow else "exposure.overdose_oral"
    return _within(facts, max([last, *lines]), entry)


def bolus_acts(facts: Facts) -> bool:
    """Return whether a screening bolus may still act."""
    return any(_within(facts, _latest(facts, event), "exposure.overdose_intrathecal") for event in facts.of(e.Trial))


def swallowed_lately(facts: Facts, at: datetime, *, slow: bool) -> bool:
    """Return whether drug that was swallowed at a moment may still act."""
    return _within(facts, at, "exposure.overdose_renal" if slow else "exposure.overdose_oral")


def _steps(history: History) -> list[tuple[tuple[datetime, Decimal], tuple[datetime, Decimal]]]:
    """Each change with the one before it, the last one first."""
    start = (history[0][0], Decimal(0))
    return list(zip(history, [start, *history], strict=False))[::-1]


# -- too little --------------------------------------------------------------------------------------------------------


def fall(history: History, facts: Facts) -> tuple[datetime, Decimal, Decimal] | None:
    """Return when the dose had fallen by a third or more within two weeks, from which dose, and to which.

    Parameters
    ----------
    history
        The daily dose after each change, oldest first, in one unit.

    Returns
    -------
    The last such moment that lies 12 h to 14 days back and was not followed by a dose that has been restored for a day.
    """
    book = facts.book
    soonest, window = (timedelta(hours=float(each.to("h"))) for each in book.span("exposure.withdrawal"))
    restored = timedelta(hours=float(book.quantity("exposure.restored").to("h")))
    left = 1 - book.quantity("exposure.fall").value / 100
    for place in range(len(history) - 1, 0, -1):
        at, dose = history[place]
        if facts.now - at > window:
            return None
        # The dose that ran when the window opened counts as well, and all doses since.
        inside = [row for row in history[:place] if row[0] > at - window]
        carried = [row for row in history[:place] if row[0] <= at - window]
        highest = max(before for _, before in (*carried[-1:], *inside))
        most = highest * left
        if facts.now - at < soonest or not highest or dose > most:
            continue
        back = next((when for when, later in history[place + 1 :] if later > most), None)
        if back is None or facts.now - back < restored:
            return at, highest, dose
    return None


def _fell_by_mouth(facts: Facts) -> list[str]:
    found = []
    if (fallen := fall(facts.oral_history, facts)) and not _short_use(facts, *fallen[:2]):
        at, before, after = fallen
        found.append(
            f"baclofen by mouth fell from {plain(before)} to {plain(after)} mg daily ({shown_day(at, facts.home)})"
        )
    window = facts.book.span("exposure.withdrawal")[1].to("days")
    restored = timedelta(hours=float(facts.book.quantity("exposure.restored").to("h")))
    ordered = [event.at for event in facts.of(e.Oral)]
    for event in facts.of(e.Interruption):
        assert isinstance(event.what, e.Interruption)
        back = any(at > event.at and facts.now - at >= restored for at in ordered)
        if facts.age_days(event.at) <= window and not back and _ever_taken(facts):
            found.append(f"doses by mouth may be missing: {event.what.what} ({shown_day(event.at, facts.home)})")
    return found


def tapered(facts: Facts, fell: Sequence[str]) -> bool:
    """Return whether all that fell is the dose by mouth, in the steps of a taper that the rules allow.

    Parameters
    ----------
    fell
        Why withdrawal is possible, as `Exposure.fell` says it.
    """
    if len(fell) != 1 or facts.of(e.Interruption) or not fall(facts.oral_history, facts):
        return False
    if fell[0] not in _fell_by_mouth(facts):
        return False
    book = facts.book
    window = timedelta(days=float(book.span("exposure.withdrawal")[1].to("days")))
    part = book.quantity("exposure.fall").value / 100
    shortest = timedelta(days=2)
    history = facts.oral_history
    falls = [
        (at, before, after)
        for (_, before), (at, after) in pairwise(history)
        if after < before and facts.now - at <= 2 * window
    ]
    gentle = all(before - after <= before * part + Decimal("0.5") for _, before, after in falls)
    apart = all(later - earlier >= shortest for (earlier, *_), (later, *_) in pairwise(falls))
    return bool(falls) and gentle and apart and facts.oral_history[-1][1] > 0


def _ever_taken(facts: Facts) -> bool:
    return taking(facts) or any(dose for _, dose in facts.oral_history)


def _short_use(facts: Facts, at: datetime, highest: Decimal) -> bool:
    """Whether so little was taken for so short a time before the fall that a stop is not taken to bring withdrawal."""
    most, shortest = facts.book.quantities("exposure.short_use")
    begun = at
    for when, dose in reversed([row for row in facts.oral_history if row[0] < at]):
        if not dose:
            break
        begun = when
    return highest <= most.to("mg/day") and at - begun < timedelta(days=float(shortest.to("days")))


def _fell_in_the_spine(facts: Facts, pump: PumpState | None) -> list[str]:
    window = timedelta(days=float(facts.book.span("exposure.withdrawal")[1].to("days")))
    if pump is None and (explanted := explanted_pump(facts)) is not None:
        removed, state = explanted
        delivered = state.last_running is not None and facts.now - removed <= window
        return [f"the pump was explanted ({shown_day(removed, facts.home)})"] if delivered else []
    if pump is None or pump.pump_start is None:
        return []
    history = [
        (at, Decimal(0) if program.stopped else program.daily.to("mcg/day"))
        for at, program in pump.dose_history
        if at >= pump.pump_start
    ]
    found = []
    if fallen := fall(history, facts):
        at, before, after = fallen
        how = "the pump was stopped" if not after else f"the pump went from {plain(before)} to {plain(after)} mcg daily"
        found.append(f"{how} ({shown_day(at, facts.home)})")
    # After a stop that lies further back than the window, what withdrawal there was is over.
    if pump.stopped_at is not None and facts.now - pump.stopped_at > window:
        return found
    # Dry by the chart is not measured: it stays a doubt for as long as the chart says so.
    if dry := [at for at in (pump.empty_at, pump.ran_dry_at) if at is not None and at <= facts.now]:
        found.append(f"by the chart the reservoir ran dry ({shown_day(max(dry), facts.home)})")
    if pump.battery_end is not None and pump.battery_end <= facts.now:
        found.append(f"the pump is past the end of its service ({shown_day(pump.battery_end, facts.home)})")
    found += [gap.why for gap in pump.gaps if facts.now - gap.end <= window]
    found += [f"delivery is uncertain ({shown_day(at, facts.home)})" for at, _ in pump.uncertain[-1:]]
    if pump.unexplained is not None:
        found.append("the residual volume does not agree with the program")
    if pump.bridge_missing or pump.wrong_bridges:
        found.append("the bridge bolus after a change of concentration is missing or wrong")
    if pump.refill_conflicts:
        found.append("two refills contradict each other")
    return found


def _reasons(facts: Facts, pump: PumpState | None) -> list[str]:
    """Why an early sign counts although nothing on the chart says that the dose fell."""
    if pump is None:
        return []
    found = []
    soon = timedelta(days=float(facts.book.quantity("exposure.refill_soon").to("days")))
    if pump.due is not None and pump.due[0] - facts.now <= soon:
        found.append(f"the refill is due by {shown_day(pump.due[0], facts.home)}")
    if pump.low_at is not None and pump.low_at <= facts.now:
        found.append("the reservoir is at its alarm volume")
    days = facts.book.quantity("exposure.revision").to("days")
    if any(facts.age_days(event.at) <= days for event in facts.of(e.Revision)):
        found.append("the catheter was revised lately")
    if any(_within(facts, event.at, "exposure.refilled") for event in facts.of(e.Refill)):
        found.append("the pump was filled lately: drug may lie beside the port")
    return found

"""The restart rule: which dose is offered after delivery was interrupted, with its reason, its setting and its sources.

Cards, findings and plans ask `restart` and say the same.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.dose_history import before_holiday, before_rises, running_programs
from eutonia.findings.emergency import triage
from eutonia.findings.limits import start_dose
from eutonia.findings.overdose_history import Overdose, overdose
from eutonia.pump import PumpState, pump_state
from eutonia.pump.interruption import STALLED
from eutonia.quantity import Quantity, plain, rounded

Situation = Literal[
    "no pump ran", "running", "delivered less", "overdose", "repair", "holiday", "prolonged", "long", "short", "withdrawal",
    "exchange",
]  # fmt: skip
Setting = Literal["monitored", "inpatient"]

MONITORING: Final = (
    "Two people check dose, concentration and program independently.",
    "Breathing, consciousness and tone are monitored for 24 h at least.",
)
_ENTRIES: Final = ("restart.similar", "restart.short_gap", "restart.long_gap", "holiday.restart", "overdose.check")


class Offer(Struct, frozen=True):
    """A dose that the rule offers, under the name of its option, and why."""

    option: str
    program: Program
    reason: str

    @property
    def words(self) -> str:
        """The dose for a sentence: '600 mcg daily (similar dose)'."""
        return f"{plain(self.program.daily)} ({self.option})"


class Restart(Struct, frozen=True, kw_only=True):
    """What the rule says: what happened, the doses offered, or why there is none and what would lift that."""

    situation: Situation
    happened: str
    setting: Setting = "inpatient"
    first: Offer | None = None
    second: Offer | None = None
    # The dose that is never exceeded where it is not the last one: before a holiday.
    ceiling: Program | None = None
    missing: str = ""
    remedy: str = ""
    entries: tuple[str, ...] = _ENTRIES

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The doses offered, the one to prefer first."""
        return tuple(offer for offer in (self.first, self.second) if offer is not None)

    @property
    def most(self) -> Decimal | None:
        """The greatest daily dose that is offered, mcg/day; none where none is."""
        return max((offer.program.daily.value for offer in self.offers), default=None)

    @property
    def sentence(self) -> str:
        """The doses offered, or why there is none, in one sentence."""
        if not self.offers:
            return f"{self.missing} {self.remedy}".strip()
        other = f"; the lower option is {self.second.words}" if self.second else ""
        return f"The restart rule offers {self.offers[0].words}{other}: {self.setting}, checked by two people."


class Interruption(Struct, frozen=True):
    """The time without delivery, at its longest.

    hours: none where it is not known; sure: no stall, alarm or residual leaves a doubt about the time.
    """

    hours: float | None
    sure: bool
    words: str

    def within(self, facts: Facts, entry: str) -> bool:
        """Whether it is surely no longer than the knowledge entry says."""
        return self.sure and self.hours is not None and self.hours <= float(facts.book.quantity(entry).to("h"))


def restart(facts: Facts, pump: PumpState | None) -> Restart:
    """Return the dose at which delivery is restarted, by what ended the last run, what was delivered and for how long not.

    Parameters
    ----------
    facts
        The chart at the moment of the restart; signs of withdrawal count at this moment.
    pump
        The pump at this moment.
    """
    if pump is None or pump.last_running is None:
        text = "No pump that ran before is on the chart."
        return Restart(situation="no pump ran", happened=text, missing=text, remedy="Ask for 'start pump'.")
    gap = interruption(facts, pump)
    ran = running_programs(facts, pump)
    if gap is None:
        return _while_running(facts, pump, pump.last_running)
    signs = bool(triage(facts, pump).withdrawal)
    long = gap.hours is not None and gap.hours > float(facts.book.quantity("restart.long_gap").to("h"))
    error = overdose(facts, pump, ran)
    repaired = any(each.repair for each in pump.gaps)
    if error is not None:
        return _after_overdose(facts, gap, error, pump.last_running, signs=signs, long=long)
    rises = before_rises(facts, ran) if repaired else None
    known = _delivered(pump, pump.last_running)
    top = before_holiday(facts, ran)
    previous = _lowest(pump.last_running, rises, known)
    if long:
        happened = f"{gap.words}: the start rule holds, whatever the signs (assumption: more than 14 days)"
        return replace(_by_start_rule(facts, "prolonged", happened, top or previous), ceiling=top)
    if repaired:
        return _after_repair(facts, gap, previous, pump.last_running, rises=rises, known=known, signs=signs)
    if top is not None:
        happened = f"a drug holiday from {plain(top.daily)} was completed; {gap.words}"
        return replace(_by_start_rule(facts, "holiday", happened, top), ceiling=top)
    return _not_delivered(facts, pump, gap, previous, signs=signs)


def interruption(facts: Facts, pump: PumpState) -> Interruption | None:
    """Return the time without delivery since the last program; none where the pump delivers and did all along."""
    halted = [at for at in (pump.stopped_at, pump.dry_since) if at is not None and at <= facts.now]
    doubt = [at for at, what in pump.uncertain if what in STALLED]
    if pump.unexplained is not None:
        doubt.append(pump.unexplained.since or pump.unexplained.at)
    begins = [*halted, *doubt, *(gap.begin for gap in pump.gaps if gap.begin is not None)]
    if not begins and not pump.gaps:
        return None
    if not begins:
        return Interruption(None, True, f"how long delivery was interrupted is not known ({pump.gaps[-1].why})")
    over = not halted and not doubt
    end = max(gap.end for gap in pump.gaps) if over else facts.now
    hours = (end - min(begins)).total_seconds() / 3600
    length = f"{plain(rounded(hours, '0.1'))} h" if hours <= 72 else f"{plain(rounded(hours / 24, '0.1'))} days"
    if any(gap.begin is None for gap in pump.gaps):
        return Interruption(hours, True, f"nothing was delivered for at least {length}")
    if halted and pump.gaps:
        return Interruption(hours, False, f"delivery was interrupted more than once in the last {length}")
    if doubt:
        return Interruption(hours, False, f"what was delivered in the last {length} is not certain")
    return Interruption(hours, True, f"nothing was delivered for {length}")


def _while_running(facts: Facts, pump: PumpState, old: Program) -> Restart:
    known = _delivered(pump, old)
    if known is not None:
        happened = f"the pump delivered about {plain(known.daily)} of the {plain(old.daily)} that was programmed"
        reason = "A repaired pump or catheter delivers all of the dose: at most what was really delivered is safe."
        return Restart(
            situation="delivered less",
            happened=happened,
            setting="monitored",
            first=Offer("delivered dose", known, reason),
            entries=(*_ENTRIES, "pump.balance_floor"),
        )
    if pump.running:
        return Restart(
            situation="running",
            happened=f"by the chart the pump runs at {plain(old.daily)}",
            missing="By the chart the pump is running.",
            remedy="Write what stopped: 'program stop', a stall, a residual.",
        )
    return Restart(
        situation="running",
        happened="the pump has a program and no drug",
        missing="The pump has not been filled.",
        remedy="Write 'refill 18 mL of 500 mcg/mL'.",
    )


def _delivered(pump: PumpState, old: Program) -> Program | None:
    """The program scaled to what a residual shows was delivered; none where all was, or it is not known.

    The residual is one that was explained, or one that was measured before a repair, which explains it.
    """
    share = pump.delivered_share if pump.delivered_share is not None else pump.repaired_share
    if share is None:
        return None
    dose = rounded(float(old.daily.value) * share, "0.1", "down")
    if old.mode != "simple continuous":
        scaled = old.scaled(Fraction(dose) / Fraction(old.daily.value), Decimal("0.1"))
        if scaled.daily.value <= dose:
            return scaled
    return Program(continuous=Quantity.of(dose, "mcg/day"))


def _lowest(*programs: Program | None) -> Program:
    return min((each for each in programs if each is not None), key=lambda each: each.daily.value)


def _start_offer(facts: Facts, most: Program) -> Offer | None:
    """The start rule's dose, at most `most`; none where no screening says it."""
    begin = start_dose(facts)
    if begin is None:
        return None
    dose = min(begin.value, most.daily.value)
    reason = (
        f"Tolerance may be gone: the lower of the start rule ({plain(begin)}) and {plain(most.daily)}. Two of seven overdoses "
        "in one series came hours after a restart at the old dose."
    )
    return Offer("start rules", Program(continuous=Quantity.of(dose, "mcg/day")), reason)


def _by_start_rule(facts: Facts, situation: Situation, happened: str, most: Program) -> Restart:
    offer = _start_offer(facts, most)
    return _with_remedy(Restart(situation=situation, happened=happened, first=offer), facts)


def _with_remedy(rule: Restart, facts: Facts) -> Restart:
    """The rule; where it offers nothing, with what is missing for the start rule."""
    if rule.offers:
        return rule
    done = facts.screenings
    if not done:
        missing, remedy = (
            "no screening bolus is on the chart.",
            "Write the screening bolus and its response ('trial', 'response').",
        )
    elif done[-1].outcome != "positive":
        missing, remedy = "no positive screening response is on the chart.", "Write 'response positive; lasted 7 h'."
    else:
        missing = "how long the positive screening response lasted is not on the chart."
        remedy = "Write 'response positive; lasted 7 h'."
    happened = f"{rule.happened[0].upper()}{rule.happened[1:]}"
    return replace(rule, missing=f"{happened}; the start rule is needed, and {missing}", remedy=remedy)


def _lower(facts: Facts, first: Program) -> Offer | None:
    """The start rule as a second option, where it is lower than the first."""
    offer = _start_offer(facts, first)
    return offer if offer is not None and offer.program.daily.value < first.daily.value else None


def _after_overdose(
    facts: Facts, gap: Interruption, error: Overdose, old: Program, *, signs: bool, long: bool
) -> Restart:
    """The last dose before the erroneous one, or the start rule; never the erroneous dose."""
    bad, before = error.program, error.before
    begin = _start_offer(facts, before or bad)
    if begin is not None and not begin.program.daily.value < bad.daily.value:
        begin = None
    short = gap.within(facts, "restart.short_gap")
    happened = f"{error.words}; {gap.words}"
    entries = (*_ENTRIES, "restart.overdose_before", "restart.overdose_after", "restart.tolerated_days")
    blank = Restart(situation="overdose", happened=happened, entries=entries)
    named = f"{plain(bad.daily)} is not offered again."
    if before is not None and not long and (short or signs):
        reason = f"The last dose before the one that led to the stop; {named}"
        offer = Offer("dose before the error" if error.error else "dose before the overdose", before, reason)
        lower = _lower(facts, before)
        if error.sure or lower is None:
            return replace(blank, first=offer, second=lower)
        both = (
            f"The cause is not certain, so the lower dose governs: the start rule, not {plain(before.daily)}; {named}"
        )
        return replace(blank, first=replace(lower, reason=both))
    if begin is not None:
        other = f" The last dose before it was {plain(before.daily)}." if before is not None else ""
        return replace(blank, first=replace(begin, reason=f"{begin.reason} {named}{other}"))
    if start_dose(facts) is not None:
        missing = f"{happened[0].upper()}{happened[1:]}, and no dose below {plain(bad.daily)} is on the chart."
        return replace(
            blank,
            missing=missing,
            remedy="The dose is a specialist's decision, after a new screening with a smaller bolus.",
        )
    return _with_remedy(blank, facts)


def _after_repair(
    facts: Facts,
    gap: Interruption,
    previous: Program,
    old: Program,
    *,
    rises: Program | None,
    known: Program | None,
    signs: bool,
) -> Restart:
    """After a repair all of the dose arrives: the dose before the rises or what was delivered, else the start rule."""
    arrived = (
        f"by the residual about {plain(known.daily)} of {plain(old.daily)} arrived before it"
        if known is not None
        else f"how much of {plain(old.daily)} arrived before it is not known"
    )
    happened = f"the catheter was repaired, and {arrived}; {gap.words}"
    entries = (*_ENTRIES, "restart.steady_days", "pump.balance_floor")
    blank = Restart(situation="repair", happened=happened, entries=entries)
    short = gap.hours is None or gap.within(facts, "restart.short_gap")
    if (rises is not None or known is not None) and (short or signs):
        at_most = f"at most what was really delivered ({plain(known.daily)})" if known else ""
        steady = f"the last charted dose before the rises ({plain(rises.daily)})" if rises else ""
        why = " and ".join(text for text in (steady, at_most) if text)
        option = "delivered dose" if known is not None and previous == known else "dose before the rises"
        reason = f"{why[0].upper()}{why[1:]}; {plain(old.daily)} may only have been needed because of the fault."
        return replace(blank, first=Offer(option, previous, reason), second=_lower(facts, previous))
    begin = _start_offer(facts, previous)
    if begin is None:
        return _with_remedy(blank, facts)
    not_old = f"{plain(old.daily)} is not offered: it may only have been needed because of the fault."
    return replace(blank, first=replace(begin, reason=f"{begin.reason} {not_old}"))


def _not_delivered(facts: Facts, pump: PumpState, gap: Interruption, previous: Program, *, signs: bool) -> Restart:
    """The previous dose after a short interruption or with signs of withdrawal, else the start rule."""
    limit = facts.book.quantity("restart.short_gap")
    entries = (*_ENTRIES, "withdrawal.oral_not_enough", "withdrawal.delivery_first")
    if pump.exchanged is not None:
        happened = f"the pump was exchanged; {gap.words}"
        situation: Situation = "exchange"
    else:
        happened, situation = gap.words, "short"
    similar = f"a dose similar to the one before ({plain(previous.daily)})"
    if gap.within(facts, "restart.short_gap"):
        reason = f"No longer than {limit}: {similar} improves the symptoms. No source gives the length of a short gap; 48 h is an assumption."
        offer = Offer("similar dose", previous, reason)
        return Restart(situation=situation, happened=happened, setting="monitored", first=offer, entries=entries)
    if signs:
        reason = f"With signs of withdrawal {similar} improves the symptoms (WD-02)."
        lower = _lower(facts, previous)
        if lower is not None:
            why = f"{lower.reason} A lower start may leave the withdrawal untreated: bridge it, and rise soon."
            lower = replace(lower, reason=why)
        return Restart(
            situation="withdrawal",
            happened=f"{happened}, with signs of withdrawal",
            setting="monitored",
            first=Offer("similar dose", previous, reason),
            second=lower,
            entries=entries,
        )
    longer = f"{happened}, longer than {limit}" if gap.sure and gap.hours is not None else happened
    return replace(_by_start_rule(facts, "long", longer, previous), entries=entries)


def restart_before(facts: Facts, at: datetime) -> Restart:
    """Return the rule at the moment of a program, as if it had not been set yet."""
    events = tuple(
        event
        for event in facts.chart.events
        if event.at <= at
        and not (event.at == at and isinstance(event.what, e.Programmed) and not event.what.program.stopped)
    )
    then = Facts(replace(facts.chart, events=events), at, facts.book)
    return restart(then, pump_state(then))

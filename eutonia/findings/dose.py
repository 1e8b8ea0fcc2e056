"""Is today's dose inside what is allowed and what is usual, by mouth and in the spine; and do both run at once?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts, OralUse
from eutonia.chart.orders import Program
from eutonia.evidence import Known, Unknown
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, found
from eutonia.pump import PumpState
from eutonia.quantity import plain


def usual_entry(facts: Facts) -> str:
    """The knowledge entry with the usual daily dose in the spine for this person."""
    if isinstance(facts.age, Known) and facts.age.value < facts.book.count("oral.age_min"):
        return "usual.child"
    return "usual.cerebral" if isinstance(facts.origin, Known) and facts.origin.value == "cerebral" else "usual.spinal"


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """The ceiling is a stop; outside the usual range, and above 1,000 mcg/day, a finding."""
    oral = facts.oral
    yield from _oral(facts, oral)
    yield from _spine(facts, pump)
    use = oral.value if isinstance(oral, Known) else None
    if use is not None and pump is not None and pump.program is not None and pump.running:
        yield found(
            facts.book,
            "both-routes",
            CAUTION,
            f"Both routes run: {plain(use.daily_mg)} by mouth beside {plain(pump.program.daily)} in the spine.",
            "Baclofen by mouth as well is a named cause of overdose; stopping it abruptly can cause seizures and hallucinations.",
            "Taper the drug by mouth while the pump is titrated ('request taper oral'), and write 'oral stop' at its end.",
            "overdose.causes",
            "oral.taper_days",
        )


def _oral(facts: Facts, oral: Known[OralUse | None] | Unknown) -> Iterator[Finding]:
    book = facts.book
    most = book.quantity("oral.daily_max")
    if isinstance(oral, Unknown):
        yield found(
            book,
            "oral-dose",
            STOP,
            f"The daily dose by mouth is unknown: {oral.says}.",
            "All orders together must not exceed the ceiling; a dose that cannot be read cannot be added.",
            "Write each order with dose and times, or stop it: 'medication stop ...'.",
            "oral.daily_max",
            stops=("titration", "taper"),
        )
        return
    if oral.value is None:
        return
    daily, orders = oral.value.daily_mg, len(oral.value.regimens)
    together = f" in {orders} orders together" if orders > 1 else ""
    if daily.value > most.value:
        yield found(
            book,
            "oral-dose",
            STOP,
            f"{plain(daily)} by mouth{together} is above the ceiling of {plain(most)}.",
            "The daily dose by mouth should not exceed 80 mg (20 mg four times); sources differ (C-04).",
            "Reduce step by step ('request taper oral'); not at once.",
            "oral.daily_max",
            stops=("titration",),
        )
        return
    low, high = book.span("oral.usual_daily")
    settled = facts.age_days(oral.value.changed) > book.quantity("oral.step_days").to("days") * 4
    if (daily.value < low.value and settled) or daily.value > high.value or orders > 1:
        place = "below" if daily.value < low.value else "within" if daily.value <= high.value else "above"
        yield found(
            book,
            "oral-dose",
            CAUTION if orders > 1 else NOTE,
            f"{plain(daily)} by mouth{together} is {place} the usual {plain(low)} to {plain(high)}.",
            "Usual doses by mouth are 40 to 80 mg a day."
            + (" Two orders of one drug are easily taken for one." if orders > 1 else ""),
            "Nothing to do if the response is good." if orders == 1 else "Write one order for the whole day.",
            "oral.usual_daily",
        )


def _spine(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    if pump is None or pump.program is None or pump.program.stopped:
        return
    book = facts.book
    daily = pump.program.daily
    hard_low, hard_high = book.span("pump.daily_window")
    limit = book.quantity("pump.daily_experience")
    entry = usual_entry(facts)
    low, high = book.span(entry)
    if not hard_low.value <= daily.value <= hard_high.value:
        yield found(
            book,
            "pump-dose",
            STOP,
            f"The pump is told {plain(daily)} ({pump.program.written}): outside {plain(hard_low)} to {plain(hard_high)}.",
            "No such dose was seen in long-term use; a slip of unit or of hour for day looks like this.",
            "Look at the pump and at the order now; two people read the program back ('eutonia verify').",
            "pump.daily_window",
            "pump.ismp",
            stops=("adjust", "strength change", "holiday"),
        )
    elif jump := _jump(facts, pump):
        yield jump
    elif daily.value > limit.value:
        yield found(
            book,
            "pump-dose",
            CAUTION,
            f"{plain(daily)} in the spine: experience above {plain(limit)} is limited.",
            "Limited experience, not a maximum; doses that had to rise this far raise the question of delivery.",
            "Check delivery before the dose rises again.",
            "pump.daily_experience",
            "pump.daily_window",
        )
    elif not low.value <= daily.value <= high.value:
        place = "below" if daily.value < low.value else "above"
        yield found(
            book,
            "pump-dose",
            NOTE,
            f"{plain(daily)} in the spine is {place} the usual {plain(low)} to {plain(high)}.",
            "The usual range is a range seen, not a target: the lowest dose with an adequate response is kept.",
            "Nothing to do if the response is good.",
            entry,
            "adjust.lowest",
        )


def _jump(facts: Facts, pump: PumpState) -> Finding | None:
    """A program that differs from the one before by more than a step ever does: the ISMP error looks like this."""
    programs = [program for _, program in pump.dose_history]
    if len(programs) < 2 or programs[-2].stopped or facts.overridden("pump-dose") is not None:
        return None
    book = facts.book
    before, now = programs[-2].daily, programs[-1].daily
    widest = max(
        book.span(name)[1].value
        for name in ("adjust.spinal_maintenance", "adjust.spinal", "adjust.cerebral_maintenance")
    )
    factor = 1 + widest / 100
    if now.value <= before.value * factor:
        return None
    meant = _meant(programs[-1])
    return found(
        book,
        "pump-dose",
        STOP,
        f"The daily dose rose from {plain(before)} to {plain(now)} in one step ({programs[-1].written}).",
        f"No rule allows more than {plain(widest)}% in one step; {book.text('pump.ismp')}." + meant,
        "Read the pump back now; correct the program, or write 'override pump-dose; by ...; because ...'.",
        "pump.ismp",
        "adjust.spinal",
        "adjust.cerebral",
        "overdose.check",
        stops=("adjust", "strength change", "holiday"),
    )


def _meant(program: Program) -> str:
    bolus = next((each for each in program.boluses if each.every_h is not None), None)
    if bolus is None:
        return ""
    return f" Perhaps {plain(bolus.dose)} once a day was meant; '{bolus.written}' is {plain(program.daily)} in all."

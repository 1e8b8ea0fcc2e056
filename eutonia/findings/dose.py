"""Is today's dose inside what is allowed and what is usual, by mouth and in the spine; and do both run at once?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.oral import OralUse
from eutonia.chart.orders import Program
from eutonia.evidence import Known, Unknown
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, Grade, found, listed
from eutonia.findings.limits import adjust_window, dose_before, start_dose
from eutonia.findings.screening import first_bolus_mcg, small_patient
from eutonia.moment import shown
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded


def usual_entry(facts: Facts) -> str:
    """The knowledge entry with the usual daily dose in the spine for this person."""
    if isinstance(facts.age, Known) and facts.age.value < facts.book.count("oral.age_min"):
        return "usual.child"
    return "usual.cerebral" if isinstance(facts.origin, Known) and facts.origin.value == "cerebral" else "usual.spinal"


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """The ceiling is a stop; outside the usual range, and above 1,000 mcg/day, a finding."""
    oral = facts.oral
    yield from _skin(facts)
    yield from _screening(facts, pump)
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


def _skin(facts: Facts) -> Iterator[Finding]:
    """Baclofen through the skin is on the list: its effects add, and no dose of it is known."""
    names = [drug.text for drug in facts.drugs if drug.belongs("baclofen") and drug.through_skin]
    if names:
        yield found(
            facts.book,
            "skin",
            CAUTION,
            f"Baclofen through the skin as well: {listed(names)}.",
            "Its effects add to the other routes; no source gives a dose through the skin, so it is not counted and never planned.",
            "Ask how much is used, and watch for the same effects.",
            "oral.routes",
        )


def _screening(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """A screening bolus that no scheme has: outside the window, too large a first one, too soon, or a step skipped."""
    book = facts.book
    low, high = book.span("bolus.window")
    apart = timedelta(hours=float(book.quantity("trial.interval").to("h")))
    ladder = [book.quantity("trial.dose_small").value, *(each.value for each in book.quantities("trial.doses"))]
    says: list[str] = []
    grade: Grade = CAUTION
    for number, each in enumerate(facts.screenings):
        dose = each.dose.to("mcg")
        when = shown(each.at, facts.home)
        before = facts.screenings[number - 1] if number else None
        if not low.value <= dose <= high.value:
            says.append(
                f"the screening bolus of {when} is written as {plain(each.dose)}, outside {plain(low)} to {plain(high)}"
            )
            grade = STOP
        elif before is not None and each.at - before.at < apart:
            says.append(
                f"the screening boluses of {shown(before.at, facts.home)} and {when} are less than {plain(book.quantity('trial.interval'))} apart"
            )
            grade = STOP
        elif before is None and dose > first_bolus_mcg(facts) and (pump is None or pump.pump_start is None):
            who = f" for {small_patient(facts)}" if small_patient(facts) else ""
            says.append(
                f"the first screening bolus of {when} is {plain(each.dose)}, more than {plain(first_bolus_mcg(facts))} mcg{who}"
            )
            grade = STOP
        elif dose not in ladder or (before is not None and _skips(ladder, before.dose.to("mcg"), dose)):
            says.append(f"the screening bolus of {when}, {plain(each.dose)}, is not the next step of the scheme")
    if says:
        text, observe = "; ".join(says), book.span("trial.observe")
        yield found(
            book,
            "screening-dose",
            grade,
            f"{text[0].upper()}{text[1:]}.",
            "Screening is 50, then 75, then 100 mcg, a day apart; most overdoses come from screening, refill and programming.",
            f"Was it given like this? Then look at the patient first: breathing, consciousness and circulation, {plain(observe[0].value)} to "
            f"{plain(observe[1])} after the bolus at least. If it was written wrongly, correct the line.",
            "bolus.window",
            "trial.interval",
            "trial.observe",
            "overdose.causes",
            "overdose.check",
            stops=("trial", "start", "restart") if grade == STOP else (),
        )


def _skips(ladder: list[Decimal], before: Decimal, dose: Decimal) -> bool:
    return before in ladder and dose in ladder and ladder.index(dose) - ladder.index(before) > 1


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
    if jump := _oral_jump(facts):
        yield jump
    largest = max((p.amount.to("mg") for r in oral.value.regimens for p in r.parts), default=Decimal(0))
    single = book.quantity("oral.single_max")
    if largest > single.to("mg"):
        yield found(
            book,
            "single-dose",
            CAUTION,
            f"A single dose of {plain(largest)} mg by mouth; the scheme of the label ends at {plain(single)} four times a day.",
            "A larger single dose has a higher peak than the scheme was made for.",
            "Split the day into smaller doses.",
            "oral.single_max",
        )
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
            stops=("titration",) if orders > 1 else (),
        )


def _oral_jump(facts: Facts) -> Finding | None:
    """The last rise by mouth, where it was larger or sooner than a step of the scheme, or a first dose above its start."""
    book = facts.book
    history = facts.oral_history
    if not history or facts.overridden("oral-jump", e.Oral) is not None:
        return None
    at, now = history[-1]
    since, before = history[-2] if len(history) > 1 else (at, Decimal(0))
    most = book.quantity("oral.step_a_day").to("mg/day")
    apart = timedelta(hours=float(book.quantity("oral.step_days").to("h")))
    large, soon = now - before > most, now > before > 0 and at - since < apart
    # A high first dose on a chart is a therapy begun elsewhere, unless it was written just now.
    if not (large or soon) or (before == 0 and facts.age_days(at) > 7):
        return None
    if before == 0:
        says = (
            f"The first dose by mouth on this chart is {plain(now)} mg daily; the scheme starts with {plain(most)} mg."
        )
        todo = "Was it taken before this chart begins? If not, start lower."
    else:
        when = (
            ""
            if large
            else f", {plain(rounded((at - since).total_seconds() / 86400, '0.1'))} days after the last change"
        )
        says = f"The dose by mouth rose from {plain(before)} to {plain(now)} mg daily in one step on {shown(at, facts.home)}{when}."
        todo = f"Was it taken like this, and for how long? If hardly, go back to {plain(before)} mg daily."
    return found(
        book,
        "oral-jump",
        CAUTION,
        says,
        f"One step is at most {plain(most)} mg a day, every 3 days; a slip in writing looks like this.",
        todo,
        "oral.start",
        "oral.step_a_day",
        "oral.step_days",
        stops=("titration",) if large and before else (),
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
    elif change := _change(facts, pump):
        yield change
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


def _change(facts: Facts, pump: PumpState) -> Finding | None:
    """The last change of the program beside what a step may be; the ISMP error, each hour for each day, shows here.

    Steps within 24 h count as one.  The first program is held against the start rule.
    """
    since = pump.therapy_since or pump.implanted
    history = [(at, program) for at, program in pump.dose_history if at >= since and not program.stopped]
    if not history or facts.overridden("pump-dose", e.Programmed) is not None:
        return None
    book = facts.book
    at, program = history[-1]
    now = program.daily
    if len(history) == 1:
        # A pump that was implanted long before its first program on the chart came from elsewhere with its dose.
        after = timedelta(days=float(book.quantity("adjust.maintenance_after").to("days")))
        return _first(facts, program, early=at - pump.implanted <= after)
    before = dose_before(pump, at) or history[0][1].daily
    if before.value == 0:
        return None
    percent = (now.value / before.value - 1) * 100
    windows = ("adjust.spinal_maintenance", "adjust.cerebral_maintenance", "adjust.spinal", "adjust.cerebral")
    widest = max(book.span(name)[1].value for name in windows)
    if percent > widest:
        return found(
            book,
            "pump-dose",
            STOP,
            f"The daily dose rose from {plain(before)} to {plain(now)} at {shown(at, facts.home)} ({program.written}).",
            f"No rule allows more than {plain(widest)}% in 24 h; a published error: {book.text('pump.ismp')}.{_meant(program)}",
            f"Read the pump back now; the last program before it was {_previous(history)}. "
            + (
                "If it has run like this for days, it comes down in steps, not at once; "
                if facts.now - at > timedelta(hours=48)
                else "Correct it; "
            )
            + "or write 'override pump-dose; by ...; because ...'.",
            "pump.ismp",
            "adjust.spinal",
            "adjust.cerebral",
            "overdose.check",
            stops=("adjust", "strength change", "holiday"),
        )
    window = adjust_window(facts, pump, at)
    lowest = book.span("adjust.down")[1].value
    earlier = [each.daily for _, each in history[:-1]]
    if window is not None and percent > window[1]:
        what, limit = "rose", f"one rise is at most {plain(window[1])}%"
    elif percent < -lowest and now not in earlier and pump.restarted_at != at:
        what, limit = "fell", f"one lowering is at most {plain(lowest)}%; a fall this large can bring withdrawal"
    else:
        return None
    return found(
        book,
        "pump-dose",
        CAUTION,
        f"The daily dose {what} from {plain(before)} to {plain(now)} within a day ({plain(rounded(percent, '0.1'))}%).",
        f"At most once in 24 h, and {limit}.",
        "Watch the patient; was the program what was meant? Read it back.",
        "adjust.spinal",
        "adjust.cerebral",
        "adjust.down",
        "overdose.check",
    )


def _first(facts: Facts, program: Program, early: bool) -> Finding | None:
    """The first program of a pump beside the start rule; without a screening on the chart, beside the limit of experience."""
    book = facts.book
    most = start_dose(facts)
    if most is None and facts.screenings:
        largest = max(each.dose.to("mcg") for each in facts.screenings)
        most = Quantity.of(largest * book.count("start.factor"), "mcg/day")
    if most is None or not early:
        most = book.quantity("pump.daily_experience")
    if program.daily.value <= most.value:
        return None
    rule = "the start rule" if facts.screenings and early else "what experience covers"
    return found(
        book,
        "pump-dose",
        STOP,
        f"The pump's first program gives {plain(program.daily)} ({program.written}): above {rule} ({plain(most)}).",
        f"The first dose is at most twice the effective screening dose; a published error: {book.text('pump.ismp')}.{_meant(program)}",
        "Read the pump back now and correct it, or write 'override pump-dose; by ...; because ...'.",
        "pump.ismp",
        "start.factor",
        "start.factor_long_response",
        "start.long_response",
        "overdose.check",
        stops=("adjust", "strength change", "holiday"),
    )


def _previous(history: list[tuple[datetime, Program]]) -> str:
    return f"'{history[-2][1].written}'"


def _meant(program: Program) -> str:
    bolus = next((each for each in program.boluses if each.every_h is not None), None)
    if bolus is None:
        return ""
    alone = Program(boluses=(bolus,)).daily
    return f" Perhaps {plain(bolus.dose)} once a day was meant; '{bolus.written}' alone is {plain(alone)}."

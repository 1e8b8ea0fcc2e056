"""Oral baclofen is reduced gradually: a constant percentage a step, never a jump to zero."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.oral import OralUse
from eutonia.chart.orders import Regimen
from eutonia.evidence import Known, Unknown
from eutonia.findings.hypersensitivity import allergic
from eutonia.findings.kidney import Accumulation, accumulates
from eutonia.plan.dates import days_after
from eutonia.plan.fall import days_before_step, last_fall, lowest_after
from eutonia.plan.guard import oral_window, taper_days
from eutonia.plan.plan import Plan, Refusal, Setting, Step, basis, refuse
from eutonia.plan.split import lower_dose, needs_halves, split
from eutonia.plan.words import taking
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded

_ENTRIES = (
    "oral.taper_days",
    "oral.taper_days_long_use",
    "oral.long_use_days",
    "oral.withdrawal_onset",
    "oral.taper_part",
    "oral.taper_small",
)

WATCH = (
    "Rebound spasticity, hallucinations, agitation, fever, seizure: back to the last dose that was borne, and ask for help.",
    "Go on to the next step only if the last one was borne; a longer taper is always allowed.",
    "Secure the supply of the small doses before beginning.",
)


def build(facts: Facts, pump: PumpState | None, request: e.Request | None) -> Iterator[Plan | Refusal]:
    """The shortest taper that is allowed, and longer ones, side by side."""
    book = facts.book
    use = facts.oral
    if isinstance(use, Unknown) or use.value is None:
        why = use.says if isinstance(use, Unknown) else "Nothing is taken by mouth that could be tapered."
        yield refuse(
            book, "taper", why, "Write what is taken, or taken again: 'oral 10 mg three times a day'.", *_ENTRIES
        )
        return
    if use.value.scheduled_mg.value == 0:
        yield refuse(
            book,
            "taper",
            f"Only as-needed doses are on the chart ({use.value.written}), so what is taken daily is not known.",
            "Write what is taken: 'oral 5 mg three times a day'; nothing to taper if it is hardly ever taken.",
            *_ENTRIES,
        )
        return
    if use.value.scheduled_mg.value <= book.quantity("oral.smallest").to("mg"):
        yield _stop_only(facts, use.value)
        return
    only = _without_as_needed(facts, use.value)
    asked = request is not None and request.kind == "taper oral"
    if only is not None and not asked:
        yield only
    shortest = taper_days(facts).days
    longer = (int(each.to("days")) for each in book.quantities("oral.taper_shapes_days"))
    for length in (shortest, *(days for days in longer if days > shortest)):
        yield _down(facts, use.value, length, gentle=length > shortest, pump=pump)
    if only is not None and asked:
        yield only


def _without_as_needed(facts: Facts, use: OralUse) -> Plan | None:
    """The regular doses alone, where only the as-needed doses pass this person's ceiling; else none."""
    window = oral_window(facts)
    if window is None or accumulates(facts) or not use.scheduled_mg.value <= window[1] < use.daily_mg.value:
        return None
    if len({each.liquid for each in use.regimens}) != 1:
        return None
    parts = tuple(part for each in use.regimens for part in each.parts if not part.as_needed)
    steps = (
        taking(facts.now, "Without the as-needed doses: ", Regimen(parts, use.liquid), facts),
        Step(
            days_after(facts.now, facts.book.quantity("oral.step_days").to("days"), facts),
            "review",
            "Score the tone (Ashworth, Penn); ask how often the as-needed dose was really taken, and for signs of withdrawal.",
        ),
    )
    facts_, sources = basis(facts.book, *_ENTRIES, "oral.daily_max")
    most = f"{plain(rounded(window[1], '0.1', 'down'))} mg"
    why = (
        f"With the as-needed doses up to {plain(use.daily_mg.value)} mg daily, above the {most} for this person; without them "
        f"{plain(use.scheduled_mg.value)} mg. If they are taken regularly, write them as regular doses and taper."
    )
    return Plan("taper", "without the as-needed doses", "home", steps, why, facts_, sources, WATCH)


def doses(
    today: Decimal, length: int, last: Decimal, facts: Facts, liquid: Quantity | None
) -> Iterator[tuple[int, Decimal]]:
    """Yield the dated doses of a taper from the ceiling down: (day, daily dose in mg); the stop comes on day `length`, or later.

    Each step keeps about the same share of the dose before it, rounded up to what can be dispensed (towards today's dose),
    until the last dose, and falls by no more than one step of a taper may.  Where the days of `length` are too few for that,
    the taper goes on at the same pace until it can be stopped from.
    """
    every = max(int(facts.book.quantity("oral.taper_step_days").to("days")), length // 14)
    count = length // every
    before, begun = today, None
    for n in itertools.count():
        if n >= count and lowest_after(before, facts.book) <= 0:
            return
        share = float(last / today) ** (min(n + 1, count) / count) if today > last else 1.0
        exact = Fraction(rounded(float(today) * share, "0.0001"))
        dose = lower_dose(max(exact, lowest_after(before, facts.book), Fraction(last)), before, facts, liquid)
        if dose is None or needs_halves(dose, facts, liquid):
            continue
        # The taper begins with its first lower dose.
        begun = n * every if begun is None else begun
        yield n * every - begun, dose
        before = dose


def _high(today: Decimal, step: Decimal, facts: Facts, liquid: Quantity | None) -> Iterator[Decimal]:
    """The daily doses of a taper down to the ceiling, mg: nobody who takes more is brought there at once."""
    while today > facts.book.quantity("oral.daily_max").to("mg/day"):
        lower = lower_dose(today - step, today, facts, liquid)
        assert lower is not None
        today = lower
        yield today


def _begin(today: Decimal, facts: Facts) -> datetime:
    """When the first step may come: some days after the dose fell last."""
    fell = last_fall(facts)
    if fell is None:
        return facts.now
    return max(facts.now, days_after(fell, days_before_step(today, facts.book), facts))


def _down(facts: Facts, use: OralUse, length: int, *, gentle: bool, pump: PumpState | None) -> Plan:
    book, today, liquid = facts.book, use.scheduled_mg.value, use.liquid
    begin, day = _begin(today, facts), 0
    steps: list[Step] = []
    kidneys = accumulates(facts)
    # The longer tapers take the smaller step of the range from above the ceiling, too, unless the drug accumulates.
    hastened = kidneys is not None and kidneys.certain
    high_step = book.quantities("oral.taper_high_step")[0 if gentle and not hastened else 1].to("mg/day")
    daily = today
    for daily in _high(today, high_step, facts, liquid):
        steps.append(taking(days_after(begin, day, facts), "", split(daily, facts, liquid), facts))
        day += int(book.quantity("oral.taper_high_days").to("days"))
    if hastened and not steps and (first := _largest_fall(today, facts, liquid)) is not None:
        daily = first
        steps.append(taking(begin, "", split(daily, facts, liquid), facts))
        day = days_before_step(daily, book)
    # The last dose is one that the guard lets a taper stop from; from a small dose it is the smallest.
    last = book.quantity("oral.smallest").to("mg") * (2 if daily > 15 else 1)
    until = length
    for after, dose in doses(daily, length, last, facts, liquid):
        steps.append(taking(days_after(begin, day + after, facts), "", split(dose, facts, liquid), facts))
        until = max(until, after + days_before_step(dose, book))
    length = until + day
    steps.append(_stop(days_after(begin, length, facts)))
    above = today > book.quantity("oral.daily_max").to("mg/day")
    facts_, sources = basis(book, *_ENTRIES, *(("oral.taper_high_step", "oral.taper_high_days") if above else ()))
    beside = " The pump is titrated beside it." if _titrated(facts, pump) else ""
    high = (
        f" Above {plain(book.quantity('oral.daily_max'))} at most {plain(high_step)} mg every 2 days, then"
        if above
        else " Each step is"
    )
    why = (
        f"From {plain(today)} mg daily over {length} days; taken for {facts.age_days(use.since)} days.{high} at most a third of what is "
        f"taken, and up to 5 mg from 7.5 mg down, {plain(book.quantity('oral.taper_step_days').value)} days or more apart (assumption). Sources give 1-2 weeks, 2 weeks or more, about 3 weeks after long use; "
        f"the longer governs (C-11).{_extra(use)}{beside}{_kidneys(kidneys)}"
    )
    return Plan(
        "taper", f"{length} days", "monitored" if kidneys else "home", tuple(steps), why, facts_, sources, WATCH
    )


def _titrated(facts: Facts, pump: PumpState | None) -> bool:
    """Whether the pump's dose may be raised beside the taper, as far as a plan can tell."""
    if pump is None or not pump.running or pump.gaps or pump.delivered_share is not None:
        return False
    return not allergic(facts) and isinstance(facts.origin, Known)


def _largest_fall(today: Decimal, facts: Facts, liquid: Quantity | None) -> Decimal | None:
    """The dose, mg, after the largest fall that one step may have; none where the next step is the stop."""
    lowest = lowest_after(today, facts.book)
    return lower_dose(lowest, today, facts, liquid) if lowest > 0 else None


def _kidneys(kidneys: Accumulation | None) -> str:
    """What accumulation means for a taper."""
    if kidneys is None:
        return ""
    watch = "monitored for drowsiness, confusion and slow breathing as well as for withdrawal"
    if not kidneys.certain:
        return f" Baclofen may accumulate ({kidneys.reason}): {watch}; measure renal function first."
    return (
        f" Baclofen accumulates ({kidneys.reason}): the first step is the largest that is allowed and comes at once, {watch}; "
        "nephrology says whether it falls faster (assumption)."
    )


def _extra(use: OralUse) -> str:
    """What the taper does with as-needed doses."""
    if not any(regimen.as_needed for regimen in use.regimens):
        return ""
    return (
        " As-needed doses are not counted as taken and end with the first step; if they are taken regularly, write them as regular "
        "doses first."
    )


def _stop(at: datetime) -> Step:
    words = "Stop; look for signs of withdrawal over the next days; write 'oral stop'."
    return Step(at, "stop", words, writes=e.Oral(None))


def _stop_only(facts: Facts, use: OralUse) -> Plan:
    """One step to zero, where no smaller dose can be dispensed."""
    facts_, sources = basis(facts.book, *_ENTRIES)
    why = (
        f"{plain(use.scheduled_mg.value)} mg daily is no more than half of the smallest tablet; from 7.5 mg down one step of up to 5 mg, to "
        f"zero included, is allowed (assumption).{_extra(use)}{_kidneys(accumulates(facts))}"
    )
    setting: Setting = "monitored" if accumulates(facts) else "home"
    return Plan(
        "taper", "one step", setting, (_stop(_begin(use.scheduled_mg.value, facts)),), why, facts_, sources, WATCH
    )

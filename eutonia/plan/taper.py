"""Oral baclofen is reduced gradually: a constant percentage a step, never a jump to zero."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import evenly
from eutonia.evidence import Unknown
from eutonia.plan.guard import taper_days
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import taking
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded

_ENTRIES = ("oral.taper_days", "oral.taper_days_long_use", "oral.long_use_days", "oral.withdrawal_onset")

WATCH = (
    "Rebound spasticity, hallucinations, agitation, fever, seizure: back to the last dose that was borne, and ask for help.",
    "Go on to the next step only if the last one was borne; a longer taper is always allowed.",
    "Secure the supply of the small doses before beginning.",
)


def build(facts: Facts, pump: PumpState | None, _: e.Request | None) -> Iterator[Plan | Refusal]:
    """The shortest taper that is allowed, and longer ones, side by side."""
    book = facts.book
    use = facts.oral
    if isinstance(use, Unknown) or use.value is None:
        why = use.says if isinstance(use, Unknown) else "Nothing is taken by mouth that could be tapered."
        yield refuse(
            book, "taper", why, "Write what is taken, or taken again: 'oral 10 mg three times a day'.", *_ENTRIES
        )
        return
    shortest = taper_days(facts).days
    lengths = [
        shortest,
        *(int(each.to("days")) for each in book.quantities("oral.taper_shapes_days") if each.to("days") > shortest),
    ]
    for length in lengths:
        yield _down(facts, use.value.daily_mg.value, length, use.value.regimens[0].liquid, pump)


def doses(today: Decimal, length: int, grain: Decimal, last: Decimal, most: Decimal) -> list[tuple[int, Decimal]]:
    """The dated doses of a taper: (day, daily dose in mg); the stop comes on day `length`.

    Each step keeps the same share of the dose before it, rounded up to what can be dispensed (towards today's dose), until
    the last dose.
    """
    every = 1 if length <= 14 else max(2, length // 14)
    count = length // every
    start = min(today, most + 1)
    found: list[tuple[int, Decimal]] = []
    before = today
    for n in range(count):
        share = float(last / start) ** ((n + 1) / count) if start > last else 0.0
        exact = rounded(float(start) * share, "0.0001") if share else last
        dose = max(min(rounded(exact, grain, "up"), most), last)
        if dose < before:
            found.append((n * every, dose))
            before = dose
    if not found:
        return [(0, last)] if today > last else []
    # The taper begins with its first lower dose.
    return [(day - found[0][0], dose) for day, dose in found]


def _down(facts: Facts, today: Decimal, length: int, liquid: Quantity | None, pump: PumpState | None) -> Plan:
    book = facts.book
    grain = book.quantity("oral.smallest").to("mg") if liquid is None else liquid.to("mg/mL") / 10
    # The last dose is one that the guard lets a taper stop from; from a small dose it is the smallest.
    last = book.quantity("oral.smallest").to("mg") * (2 if today > 15 else 1)
    most = book.quantity("oral.daily_max").to("mg/day")
    steps: list[Step] = []
    times = book.count("oral.start_times_a_day")
    for day, dose in doses(today, length, grain, last, most):
        even = rounded(dose, grain, "up")
        count = times if even <= book.quantity("oral.single_max").to("mg") * times else times + 1
        regimen = replace(evenly(even, count, grain), liquid=liquid)
        steps.append(taking(facts.now + timedelta(days=day), "", regimen, facts))
    steps.append(
        Step(
            facts.now + timedelta(days=length),
            "stop",
            "Stop; look for signs of withdrawal over the next days; write 'oral stop'.",
            writes=e.Oral(None),
        )
    )
    facts_, sources = basis(book, *_ENTRIES)
    use = facts.oral
    since = facts.age_days(use.value.since) if not isinstance(use, Unknown) and use.value is not None else 0
    beside = " The pump is titrated beside it." if pump is not None and pump.running else ""
    why = (
        f"From {plain(today)} mg daily over {length} days in steps of about the same percentage; taken for {since} days. "
        f"Sources give 1-2 weeks, 2 weeks or more, about 3 weeks after long use; the longer governs (C-11).{beside}"
    )
    return Plan("taper", f"{length} days", "home", tuple(steps), why, facts_, sources, WATCH)

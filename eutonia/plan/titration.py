"""The oral dose goes up every three days until the response is right, as far as kidney and ceiling allow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Regimen, evenly
from eutonia.evidence import Known, Unknown
from eutonia.findings.effects import holding
from eutonia.findings.finding import listed
from eutonia.findings.kidney import Kidney, kidney
from eutonia.plan.guard import oral_step, oral_window
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import regimen_words, taking, when
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded

_ENTRIES = (
    "oral.start",
    "oral.step",
    "oral.step_days",
    "oral.daily_max",
    "oral.usual_daily",
    "oral.times_a_day",
    "kidney.shares",
)

WATCH = (
    "Before each rise: is the response enough? Then stay at this dose.",
    "Sedation, confusion, weakness, vertigo or nausea: hold the dose; step back if it does not pass.",
    "Hypoventilation, seizure, urinary retention or depression: no further rise; ask for help.",
    "Ask two to three hours after a dose, when the level peaks; no driving until the effect is known.",
    "Never stop at once: taper.",
)


def build(facts: Facts, _: PumpState | None, request: e.Request | None) -> Iterator[Plan | Refusal]:
    """Titration at the fastest pace of the label, and a slower one; or hold and step back where effects were reported."""
    book = facts.book
    use = facts.oral
    window, step = oral_window(facts), oral_step(facts)
    if isinstance(use, Unknown) or window is None or step is None:
        why = use.says if isinstance(use, Unknown) else "no kidney value says how much of the usual dose is left"
        yield refuse(book, "titration", f"{why[0].upper()}{why[1:]}.", "Write what is missing.", *_ENTRIES)
        return
    today = use.value.daily_mg.value if use.value is not None else Decimal(0)
    if effects := holding(facts):
        if use.value is not None:
            yield from _hold(facts, today, listed(list(effects)))
        else:
            yield refuse(
                book,
                "titration",
                f"Do not begin while {listed(list(effects))} is open.",
                "Write 'symptom ...; resolved' when it is gone, or classify it.",
                *_ENTRIES,
            )
        return
    liquid = request.liquid if request is not None else None
    if use.value is not None and liquid is None:
        liquid = use.value.regimens[0].liquid
    if liquid is not None and liquid not in book.quantities("oral.liquids"):
        names = listed([plain(each) for each in book.quantities("oral.liquids")])
        yield refuse(
            book,
            "titration",
            f"No liquid of {plain(liquid)} is known.",
            f"Liquids are {names}; check the label.",
            "oral.liquids",
        )
        return
    if request is not None and request.kind == "start oral" and today > 0:
        yield refuse(
            book,
            "titration",
            f"{plain(today)} mg daily is taken already.",
            "Ask for 'titrate oral', or write 'oral stop'.",
            *_ENTRIES,
        )
        return
    failed = any("baclofen" in each.drug and each.outcome == "intolerable" for each in facts.failed)
    if failed and today == 0 and facts.overridden("titration", e.Oral) is None:
        yield refuse(
            book,
            "titration",
            "Baclofen by mouth was not tolerated before.",
            "'override titration; by ...; because ...' opens it again.",
            "trial.failed_drugs",
        )
        return
    if isinstance(facts.age, Known) and facts.age.value < book.count("oral.age_min"):
        yield _child(facts, today, facts.age.value)
        return
    if today > window[1]:
        yield _descend(facts, today, window[1], liquid)
        return
    if today == window[1]:
        weeks = book.quantity("oral.no_effect_weeks")
        yield refuse(
            book,
            "titration",
            f"{plain(today)} mg daily is at the ceiling of {plain(window[1])} mg for this person.",
            f"If there is no benefit about {weeks} after the highest dose, taper, and consider the intrathecal way (IND-03).",
            *_ENTRIES,
            "oral.no_effect_weeks",
        )
        return
    if today > 0:
        yield _stay(facts, today, use.value.regimens if use.value is not None else ())
    pace = book.quantity("oral.step_days").to("days")
    for days, name in ((pace, "every 3 days, the fastest pace"), (Decimal(7), "every 7 days, more slowly")):
        plan = _climb(facts, today, window[1], step, liquid, int(days), name)
        if plan is None:
            yield refuse(
                book,
                "titration",
                "What the kidneys leave of the first dose is smaller than the smallest dispensable dose.",
                "A liquid ('request start oral; liquid 1 mg/mL'), or another treatment.",
                *_ENTRIES,
            )
            return
        yield plan


def _stay(facts: Facts, today: Decimal, regimens: tuple[Regimen, ...]) -> Plan:
    """Staying at today's dose, where the response is enough: the lowest adequate dose is kept."""
    facts_, sources = basis(facts.book, *_ENTRIES)
    after = facts.now + timedelta(days=float(facts.book.quantity("oral.step_days").to("days")))
    words = " + ".join(regimen.written for regimen in regimens)
    steps = (
        Step(facts.now, "take", f"Stay at {words} ({plain(today)} mg daily).", Quantity.of(today, "mg/day")),
        Step(after, "review", "Score the tone (Ashworth, Penn) and ask for effects."),
    )
    return Plan(
        "titration", "stay", "home", steps, "If today's response is enough, the dose is kept.", facts_, sources, WATCH
    )


def _descend(facts: Facts, today: Decimal, most: Decimal, liquid: Quantity | None) -> Plan:
    """Down to the ceiling that the kidneys leave, in steps no larger than a rise, never at once."""
    book = facts.book
    grain = grain_of(liquid, facts)
    step = book.quantity("oral.step_a_day").to("mg/day")
    steps: list[Step] = []
    daily, at = today, facts.now
    while daily > most:
        daily = rounded(max(daily - step, min(most, daily)), grain, "down")
        regimen = replace(split(daily, grain, facts), liquid=liquid)
        steps.append(taking(at, "", regimen, facts))
        at += timedelta(days=float(book.quantity("oral.step_days").to("days")))
    steps.append(
        Step(at, "review", "Score the tone and ask for effects and for signs of withdrawal; check creatinine.")
    )
    facts_, sources = basis(book, *_ENTRIES, "oral.fall")
    why = (
        f"{plain(today)} mg daily is above the {plain(rounded(most, '0.1', 'down'))} mg that the kidneys leave; it goes down by at most "
        f"{plain(step)} mg every 3 days."
    )
    return Plan("titration", "down to the ceiling", "home", tuple(steps), why, facts_, sources, WATCH)


def _child(facts: Facts, today: Decimal, age: int) -> Plan | Refusal:
    """Below 12 years, after an override: the UK start by weight; no source gives the steps, so none are planned."""
    book = facts.book
    names = ("oral.child_start_per_kg", "oral.child_daily_max", "oral.age_min")
    if isinstance(facts.weight, Unknown):
        return refuse(
            book,
            "titration",
            f"{facts.weight.says[0].upper()}{facts.weight.says[1:]}.",
            "Write 'weight 25 kg'.",
            *names,
        )
    per_kg = book.quantity("oral.child_start_per_kg").to("mg/day")
    begin = per_kg * facts.weight.value.value.to("kg")
    low, high = book.span("oral.child_daily_max")
    ceiling = low if age < 8 else high
    if today > 0:
        return refuse(
            book,
            "titration",
            f"{plain(today)} mg daily is taken; no source gives the steps for a child of {age} years.",
            f"A specialist sets them; UK and EU labels give {plain(ceiling)} at most, raised about once a week.",
            *names,
        )
    grain = book.quantity("oral.smallest").to("mg")
    daily = rounded(min(begin, ceiling.value), grain, "down")
    if daily == 0:
        return refuse(
            book, "titration", f"{plain(begin)} mg daily cannot be dispensed with tablets.", "A liquid.", *names
        )
    regimen = evenly(daily, book.count("oral.start_times_a_day"), grain)
    facts_, sources = basis(book, *names)
    later = facts.now + timedelta(days=7)
    steps = (
        taking(facts.now, "", regimen, facts),
        Step(later, "review", "Score the tone and ask for effects; a specialist sets the next step."),
    )
    why = (
        f"Below 12 years not established (override on the chart). UK and EU labels start with about {plain(per_kg)} mg for each kg of body "
        f"weight daily ({plain(rounded(begin, '0.1'))} mg), at most {plain(ceiling)}; raised about once a week."
    )
    return Plan("titration", "start by weight", "clinic", steps, why, facts_, sources, WATCH, overridden="age")


def grain_of(liquid: Quantity | None, facts: Facts) -> Decimal:
    """The smallest amount in mg by which a dose can differ: half of the smallest tablet, or a tenth of a mL."""
    return facts.book.quantity("oral.smallest").to("mg") if liquid is None else liquid.to("mg/mL") / 10


def _climb(
    facts: Facts, today: Decimal, most: Decimal, step: Decimal, liquid: Quantity | None, days: int, name: str
) -> Plan | None:
    book = facts.book
    grain = grain_of(liquid, facts)
    use = facts.oral
    assert not isinstance(use, Unknown)
    at = facts.now
    if use.value is not None:
        at = max(at, use.value.changed + timedelta(days=days))
    first = book.quantity("oral.start").to("mg") * book.count("oral.start_times_a_day")
    steps: list[Step] = []
    daily = today
    known = kidney(facts)
    assert isinstance(known, Kidney)
    while True:
        rise = min(step, first) if daily == 0 else step
        new = rounded(min(daily + rise, most), grain, "down")
        if new <= daily:
            break
        regimen = replace(split(new, grain, facts), liquid=liquid)
        condition = "" if not steps else "If the response is not enough and the last dose was borne well: "
        steps.append(taking(at, condition, regimen, facts))
        daily, at = new, at + timedelta(days=days)
    if not steps:
        return None
    low, high = book.span("oral.usual_daily")
    steps.append(
        Step(at, "review", "Score the tone (Ashworth, Penn) and ask for effects; keep the lowest dose that is enough.")
    )
    scaled = (
        ""
        if known.share == 1
        else f" Scaled to {known.share} of the usual dose by the kidneys ({'; '.join(known.how)})."
    )
    facts_, sources = basis(book, *_ENTRIES)
    begin = "begins with" if today == 0 else "goes on from"
    why = (
        f"Oral titration {begin} {plain(today) if today else plain(first)} mg daily, rises by at most {plain(rounded(step, '0.1', 'down'))} "
        f"mg daily {name.split(',')[0]}, to at most {plain(rounded(most, '0.1', 'down'))} mg; usual {plain(low)} to {plain(high)} with normal kidneys.{scaled}"
    )
    if today == 0:
        why = why.replace(f"{plain(first)} mg daily", f"{plain(steps[0].dose)}" if steps[0].dose else "")
    if off := facts.having("off label"):
        why = f"OFF-LABEL for {listed(off)}. {why}"
    return Plan("titration", name, "home", tuple(steps), why, facts_, sources, WATCH)


def split(daily: Decimal, grain: Decimal, facts: Facts) -> Regimen:
    """The day's dose in three doses, in four where three would be larger than the greatest single dose."""
    times = facts.book.count("oral.start_times_a_day")
    largest = facts.book.quantity("oral.single_max").to("mg")
    return evenly(daily, times if daily <= largest * times else times + 1, grain)


def _hold(facts: Facts, today: Decimal, effects: str) -> Iterator[Plan]:
    facts_, sources = basis(facts.book, *_ENTRIES, "caution.elderly")
    after = facts.now + timedelta(days=float(facts.book.quantity("oral.step_days").to("days")))
    regimen = (
        split(today, facts.book.quantity("oral.smallest").to("mg"), facts) if today % Decimal("2.5") == 0 else None
    )
    words = regimen_words(regimen, facts) if regimen else f"{plain(today)} mg daily as before"
    review = Step(after, "review", "Ask again; go on only when the effect has passed ('symptom ...; resolved').")
    hold = Step(facts.now, "take", f"Stay at {words}.", Quantity.of(today, "mg/day"))
    yield Plan(
        "titration",
        "hold",
        "home",
        (hold, review),
        f"Reported: {effects}. A reported effect holds the next rise ({when(facts.now, facts)}).",
        facts_,
        sources,
        WATCH,
    )
    back = today - facts.book.quantity("oral.step_a_day").to("mg/day")
    if regimen is not None and back >= facts.book.quantity("oral.smallest").to("mg"):
        down = taking(facts.now, "Back to ", split(back, Decimal("2.5"), facts), facts)
        yield Plan(
            "titration",
            "step back",
            "home",
            (down, review),
            f"Reported: {effects}. One step back where holding is not enough.",
            facts_,
            sources,
            WATCH,
        )

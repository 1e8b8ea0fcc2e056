"""The oral dose goes up every three days until the response is right, as far as kidney and ceiling allow."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.oral import OralUse
from eutonia.chart.orders import Regimen
from eutonia.evidence import Known, Unknown
from eutonia.findings.effects import holding
from eutonia.findings.failures import oral_baclofen_failed
from eutonia.findings.finding import listed
from eutonia.findings.interactions import depressants
from eutonia.findings.kidney import Kidney, kidney
from eutonia.plan.bottle import other_bottle
from eutonia.plan.contact import contact
from eutonia.plan.dates import days_after
from eutonia.plan.guard import oral_step, oral_window
from eutonia.plan.hold import hold
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.split import grain_of, lower_dose, split
from eutonia.plan.words import as_taken, taking
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
    taken = use.value
    today = taken.scheduled_mg.value if taken is not None else Decimal(0)
    if effects := holding(facts):
        if taken is not None:
            yield from hold(facts, taken, listed(list(effects)), WATCH)
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
    if taken is not None and liquid is None:
        liquid = taken.liquid
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
    if refusal := _already(facts, taken, request):
        yield refusal
        return
    failed = oral_baclofen_failed(facts, "intolerable")
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
        yield _child(facts, today, facts.age.value, liquid)
        return
    extra = taken.daily_mg.value - today if taken is not None else Decimal(0)
    if today > window[1] or (extra and today + extra > window[1]):
        yield _descend(facts, taken, window[1], liquid)
        return
    if taken is not None and today + extra == window[1]:
        yield _no_step(facts, taken, window[1])
        return
    if taken is not None:
        yield _stay(facts, taken)
    paces = [
        (int(book.quantity("oral.step_days").to("days")), "every 3 days, the fastest pace"),
        (7, "every 7 days, more slowly"),
    ]
    if _slower_first(facts):
        paces.reverse()
    for days, name in paces:
        plan = _climb(facts, taken, window[1], step, liquid, days, name)
        if plan is None:
            yield _no_step(facts, taken, window[1])
            return
        yield plan


def _slower_first(facts: Facts) -> bool:
    """Whether the slower pace stands first: other depressants (MON-01), age, cerebral origin, or a dose that kidneys reduce."""
    old = isinstance(facts.age, Known) and facts.age.value >= facts.book.count("oral.elderly_age")
    cerebral = isinstance(facts.origin, Known) and facts.origin.value == "cerebral"
    known = kidney(facts)
    reduced = isinstance(known, Kidney) and known.share < 1
    return bool(depressants(facts)) or old or cerebral or reduced


def _already(facts: Facts, taken: OralUse | None, request: e.Request | None) -> Refusal | None:
    """Why nothing is begun or raised: it is taken already, or nobody wrote how much of it is taken."""
    if taken is None:
        return None
    if taken.scheduled_mg.value == 0:
        return refuse(
            facts.book,
            "titration",
            f"Only as-needed doses are on the chart ({taken.written}), so what is taken daily is not known.",
            "Write what is taken: 'oral 5 mg three times a day', or 'oral stop'.",
            *_ENTRIES,
        )
    if request is not None and request.kind == "start oral":
        return refuse(
            facts.book,
            "titration",
            f"{plain(taken.scheduled_mg.value)} mg daily is taken already.",
            "Ask for 'titrate oral', or write 'oral stop'.",
            *_ENTRIES,
        )
    return None


def _no_step(facts: Facts, taken: OralUse | None, most: Decimal) -> Refusal:
    """Why no further step fits: the ceiling of this person, or a first dose that cannot be dispensed."""
    book = facts.book
    if taken is None:
        return refuse(
            book,
            "titration",
            "What the kidneys leave of the first dose is smaller than the smallest dispensable dose.",
            "A liquid ('request start oral; liquid 1 mg/mL'), or another treatment.",
            *_ENTRIES,
        )
    weeks = book.quantity("oral.no_effect_weeks")
    words = f"{plain(taken.scheduled_mg.value)} mg daily"
    if taken.daily_mg != taken.scheduled_mg:
        words += f" (up to {plain(taken.daily_mg.value)} mg with as-needed doses)"
    ceiling = plain(rounded(most, "0.1", "down"))
    at = taken.daily_mg.value == most
    return refuse(
        book,
        "titration",
        f"{words} is {'at' if at else 'as near as a dispensable dose comes to'} the ceiling of {ceiling} mg for this person.",
        f"If there is no benefit about {weeks} after the highest dose, taper, and consider the intrathecal way (IND-03).",
        *_ENTRIES,
        "oral.no_effect_weeks",
    )


def _stay(facts: Facts, taken: OralUse) -> Plan:
    """Staying at today's dose, where the response is enough: the lowest adequate dose is kept."""
    facts_, sources = basis(facts.book, *_ENTRIES)
    after = days_after(facts.now, facts.book.quantity("oral.step_days").to("days"), facts)
    steps = (
        Step(facts.now, "take", f"Stay at {as_taken(taken, facts)}.", taken.scheduled_mg),
        Step(after, "review", "Score the tone (Ashworth, Penn) and ask for effects."),
    )
    return Plan(
        "titration", "stay", "home", steps, "If today's response is enough, the dose is kept.", facts_, sources, WATCH
    )


def _descend(facts: Facts, taken: OralUse | None, most: Decimal, liquid: Quantity | None) -> Plan:
    """Down to the ceiling of this person: as-needed doses first, then steps no larger than a rise, never at once."""
    assert taken is not None
    book = facts.book
    step = book.quantity("oral.step_a_day").to("mg/day")
    days = book.quantity("oral.step_days").to("days")
    steps: list[Step] = []
    daily, at = taken.scheduled_mg.value, facts.now
    if daily <= most:
        parts = tuple(part for regimen in taken.regimens for part in regimen.parts if not part.as_needed)
        steps.append(taking(at, "Without the as-needed doses: ", Regimen(parts, liquid), facts))
        at = days_after(at, days, facts)
    while daily > most:
        lower = lower_dose(daily - step, daily, facts, liquid)
        ceiling = rounded(most, grain_of(liquid, facts), "down")
        daily = max(lower, min(ceiling, daily)) if lower is not None else ceiling
        steps.append(taking(at, "", split(daily, facts, liquid), facts))
        at = days_after(at, days, facts)
    steps.append(
        Step(at, "review", "Score the tone and ask for effects and for signs of withdrawal; check creatinine.")
    )
    facts_, sources = basis(book, *_ENTRIES, "oral.fall")
    extra = " (as-needed doses at their maximum)" if taken.daily_mg != taken.scheduled_mg else ""
    why = (
        f"{plain(taken.daily_mg.value)} mg daily{extra} is above the {plain(rounded(most, '0.1', 'down'))} mg that the kidneys leave; "
        f"as-needed doses end first, and the dose goes down by at most {plain(step)} mg every 3 days."
        if extra
        else f"{plain(taken.daily_mg.value)} mg daily is above the {plain(rounded(most, '0.1', 'down'))} mg that the kidneys leave; it goes "
        f"down by at most {plain(step)} mg every 3 days."
    )
    return Plan("titration", "down to the ceiling", "home", tuple(steps), why, facts_, sources, WATCH)


def _child(facts: Facts, today: Decimal, age: int, liquid: Quantity | None) -> Plan | Refusal:
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
    share = known.share if isinstance(known := kidney(facts), Kidney) else Fraction(0)
    scaled = min(Fraction(begin), Fraction(ceiling.value)) * share
    daily = rounded(Decimal(scaled.numerator) / Decimal(scaled.denominator), grain_of(liquid, facts), "down")
    if daily == 0:
        return refuse(
            book, "titration", f"{plain(begin)} mg daily cannot be dispensed with tablets.", "A liquid.", *names
        )
    regimen = split(daily, facts, liquid)
    facts_, sources = basis(book, *names)
    later = days_after(facts.now, 7, facts)
    steps = (
        taking(facts.now, "", regimen, facts),
        Step(later, "review", "Score the tone and ask for effects; a specialist sets the next step."),
    )
    why = (
        f"Below 12 years not established (override on the chart). UK and EU labels start with about {plain(per_kg)} mg for each kg of body "
        f"weight daily ({plain(rounded(begin, '0.1'))} mg), at most {plain(ceiling)}; raised about once a week."
        + (f" Scaled to {share} by the kidneys." if share < 1 else "")
    )
    return Plan("titration", "start by weight", "clinic", steps, why, facts_, sources, WATCH, overridden="age")


def _climb(
    facts: Facts,
    taken: OralUse | None,
    most: Decimal,
    step: Decimal,
    liquid: Quantity | None,
    days: int,
    name: str,
) -> Plan | None:
    book = facts.book
    grain = grain_of(liquid, facts)
    today = taken.scheduled_mg.value if taken is not None else Decimal(0)
    # As-needed doses go on beside the higher dose, and count at their maximum against the ceiling.
    extra = tuple(part for regimen in taken.regimens for part in regimen.as_needed) if taken is not None else ()
    most -= Regimen(extra).daily.value
    at = facts.now
    if taken is not None:
        at = max(at, days_after(taken.changed, days, facts))
    first = book.quantity("oral.start").to("mg") * book.count("oral.start_times_a_day")
    beside = depressants(facts)
    steps: list[Step] = []
    daily = today
    known = kidney(facts)
    assert isinstance(known, Kidney)
    while True:
        rise = min(step, first) if daily == 0 else step
        new = rounded(min(daily + rise, most), grain, "down")
        if new <= daily:
            break
        regimen = split(new, facts, liquid)
        condition = "" if not steps else "If the response is not enough and the last dose was borne well: "
        steps.append(taking(at, condition, replace(regimen, parts=(*regimen.parts, *extra)), facts))
        if beside:
            steps.append(contact(at, beside, facts))
        daily, at = new, days_after(at, days, facts)
    if not steps:
        return None
    written = steps[0].writes
    if isinstance(written, e.Oral) and written.regimen and (bottle := other_bottle(taken, steps[0], written.regimen)):
        steps.insert(0, bottle)
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

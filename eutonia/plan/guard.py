"""The one gate through which every dose leaves: it states what is allowed, and everything else is refused.

Nothing is moved to the nearest limit.  A dose that is not a number, a limit that is missing and a step that is not
known fall on the refusing side by themselves.  The windows of the routes do not meet and span less than a thousandfold,
so a dose in mg that was meant in mcg is always outside.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.oral import OralUse
from eutonia.chart.orders import Program, Regimen
from eutonia.evidence import Known
from eutonia.findings import single_bolus
from eutonia.findings.kidney import Kidney, kidney
from eutonia.findings.limits import adjust_window, dose_before, start_dose
from eutonia.findings.restart_rule import restart
from eutonia.findings.screening import effects_under, first_bolus_mcg
from eutonia.plan.dates import days_between
from eutonia.plan.fall import days_before_step, last_fall, lowest_after
from eutonia.plan.plan import Plan, Step
from eutonia.plan.split import grain_of
from eutonia.pump import PumpState
from eutonia.quantity import plain, rounded


def oral_window(facts: Facts) -> tuple[Decimal, Decimal] | None:
    """Smallest and greatest daily dose by mouth in mg for this person; none where no kidney value says how much."""
    known = kidney(facts)
    if not isinstance(known, Kidney):
        return None
    book = facts.book
    most = Fraction(book.quantity("oral.daily_max").to("mg/day"))
    # An unknown age takes the strictest ceiling: that of the youngest.
    age = facts.age.value if isinstance(facts.age, Known) else 0
    if age < book.count("oral.age_min"):
        low, high = book.span("oral.child_daily_max")
        most = min(most, Fraction((low if age < 8 else high).to("mg/day")))
    most *= known.share
    if known.dialysis:
        most = min(most, Fraction(book.quantity("kidney.dialysis_dose").to("mg/day")))
    return book.quantity("oral.smallest").to("mg"), Decimal(most.numerator) / Decimal(most.denominator)


def oral_step(facts: Facts) -> Decimal | None:
    """The most that the daily dose in mg may rise in one step, as the kidneys leave it."""
    known = kidney(facts)
    if not isinstance(known, Kidney):
        return None
    step = Fraction(facts.book.quantity("oral.step_a_day").to("mg/day")) * known.share
    return Decimal(step.numerator) / Decimal(step.denominator)


def check(plan: Plan, facts: Facts, pump: PumpState | None) -> tuple[str, ...]:
    """What the guard has against a plan; nothing where every step is allowed."""
    if not plan.steps:
        return ("the plan has no steps",)
    times = [step.at for step in plan.steps]
    problems = []
    if times != sorted(times) or times[0] < facts.now:
        problems.append("its steps are not in order, or begin in the past")
    rule = _RULES.get(plan.kind)
    if rule is None:
        problems.append(f"no rule allows a plan of the kind '{plan.kind}'")
        return tuple(problems)
    for step in plan.steps:
        if isinstance(step.writes, e.Programmed) and (
            bolus := single_bolus.problem(facts, step.writes.program, pump.program if pump is not None else None)
        ):
            problems.append(bolus)
        if step.dose is not None and not _in_window(step, plan, facts):
            problems.append(f"{plain(step.dose)} to {step.do} is outside what is allowed")
        if step.dose is None and step.do in ("take", "give", "program", "bridge"):
            problems.append(f"a step to {step.do} has no dose")
    if not problems:
        problems += rule(plan, facts, pump)
    return tuple(problems)


def _in_window(step: Step, plan: Plan, facts: Facts) -> bool:
    book, dose = facts.book, step.dose
    if dose is None:
        return False
    match step.do:
        case "take" if dose.unit.name == "mg/day":
            window = _taper_window(step, facts) if plan.kind == "taper" else oral_window(facts)
            if window is None:
                return False
            # What is taken now may be above the ceiling; going down from it stays below it step by step.
            falling = plan.kind == "titration" and _below_today(step, facts)
            top = book.quantity("oral.daily_max").to("mg/day") if falling else window[1]
            return window[0] <= dose.value and _most(step) <= top
        case "give" if dose.unit.name == "mcg":
            low, high = book.span("bolus.window")
            return low.value <= dose.value <= high.value
        case "program" if dose.unit.name == "mcg/day":
            low, high = book.span("pump.daily_window")
            return low.value <= dose.value <= high.value
        case "bridge" if dose.unit.name == "mcg" and step.over_h:
            low, high = book.span("pump.daily_window")
            return low.value <= dose.value / step.over_h * 24 <= high.value
        case _:
            return False


def _taper_window(step: Step, facts: Facts) -> tuple[Decimal, Decimal]:
    """A taper comes down from whatever is taken, in doses that can be dispensed."""
    use, most = facts.oral, facts.book.quantity("oral.daily_max").to("mg/day")
    if not isinstance(use, Known) or use.value is None:
        return grain_of(None, facts), most
    regimen = _regimen(step)
    liquid = regimen.liquid if regimen is not None else use.value.liquid
    return grain_of(liquid, facts), max(use.value.scheduled_mg.value, most)


def _regimen(step: Step) -> Regimen | None:
    return step.writes.regimen if isinstance(step.writes, e.Oral) else None


def _most(step: Step) -> Decimal:
    """The most that a step lets somebody take by mouth in a day, mg, as-needed doses at their maximum."""
    assert step.dose is not None
    regimen = _regimen(step)
    return max(step.dose.value, regimen.daily.value if regimen is not None else Decimal(0))


def _below_today(step: Step, facts: Facts) -> bool:
    use = facts.oral
    if not isinstance(use, Known) or use.value is None or step.dose is None:
        return False
    return step.dose.value <= use.value.scheduled_mg.value and _most(step) <= use.value.daily_mg.value


def _doses(plan: Plan, do: str) -> list[tuple[datetime, Decimal]]:
    return [(step.at, step.dose.value) for step in plan.steps if step.do == do and step.dose is not None]


def _titration(plan: Plan, facts: Facts, _: PumpState | None) -> list[str]:
    use = facts.oral
    if not isinstance(use, Known):
        return ["what is taken by mouth today is not known"]
    most = oral_step(facts)
    apart = int(facts.book.quantity("oral.step_days").to("days"))
    now_mg = use.value.scheduled_mg.value if use.value is not None else Decimal(0)
    now_most = use.value.daily_mg.value if use.value is not None else Decimal(0)
    last_at = use.value.changed if use.value is not None else None
    problems = []
    doses = _doses(plan, "take")
    if not doses or most is None:
        return ["no dose, or no kidney value, to judge"]
    largest = facts.book.quantity("oral.single_max").to("mg")
    if use.value is not None:
        taken = [part.amount.to("mg") for each in use.value.regimens for part in each.parts]
        largest = max([largest, *taken])
    for step in plan.steps:
        if isinstance(step.writes, e.Oral) and step.writes.regimen is not None:
            problems += [
                f"a single dose of {plain(part.amount)} is more than {plain(largest)} mg"
                for part in step.writes.regimen.parts
                if part.amount.to("mg") > largest
            ]
    for step in plan.steps:
        if step.do != "take" or step.dose is None:
            continue
        at, dose, dose_most = step.at, step.dose.value, _most(step)
        # A rise in what may be taken as needed is a rise, too.
        rise = max(dose - now_mg, dose_most - now_most)
        if not rise <= most:
            problems.append(f"a rise of {plain(rise)} mg a day is more than {plain(most)} mg")
        rises = dose > now_mg or dose_most > now_most
        if rises and not (last_at is None or days_between(last_at, at, facts) >= apart):
            problems.append("a rise comes sooner than 3 days after the last change")
        now_mg, now_most, last_at = dose, dose_most, at
    return problems


def taper_days(facts: Facts) -> timedelta:
    """The shortest taper for this person: longer after long use."""
    book = facts.book
    shortest = book.quantity("oral.taper_days").to("days")
    use = facts.oral
    if (
        not isinstance(use, Known)
        or use.value is None
        or facts.age_days(use.value.since) > book.quantity("oral.long_use_days").to("days")
    ):
        shortest = max(shortest, book.quantity("oral.taper_days_long_use").to("days"))
    return timedelta(days=float(shortest))


def _taper(plan: Plan, facts: Facts, _: PumpState | None) -> list[str]:
    use = facts.oral
    if not isinstance(use, Known) or use.value is None:
        return ["nothing is taken by mouth that could be tapered"]
    if _ends_as_needed(plan, use.value):
        return []
    now_mg, before = use.value.scheduled_mg.value, last_fall(facts)
    # One step to zero is allowed from here, so the length of a taper has no meaning.
    single_step = lowest_after(now_mg, facts.book) == 0
    problems = []
    doses = _doses(plan, "take")
    stops = [step.at for step in plan.steps if step.do == "stop"]
    for at, dose in doses:
        if not dose < now_mg:
            problems.append(f"{plain(dose)} mg a day is not less than {plain(now_mg)} mg")
        problems += _fall(now_mg, dose, before, at, facts)
        now_mg, before = dose, at
    if len(stops) != 1 or not (doses or single_step) or plan.steps[-1].do not in ("stop", "review"):
        return [*problems, "a taper ends with one stop after its last dose"]
    if lowest_after(now_mg, facts.book) > 0:
        problems.append("its last dose is too large to stop from")
    elif before is not None and days_between(before, stops[0], facts) < days_before_step(now_mg, facts.book):
        problems.append("its stop comes too soon after the step before it")
    if doses and stops[0] < doses[-1][0]:
        problems.append("a taper ends with one stop after its last dose")
    if not single_step and days_between(doses[0][0], stops[0], facts) < taper_days(facts).days:
        problems.append(f"it is shorter than {taper_days(facts).days} days")
    return problems


def _ends_as_needed(plan: Plan, use: OralUse) -> bool:
    """Whether a plan only ends the as-needed doses: what is taken regularly goes on, single dose by single dose."""
    kept = [part for regimen in use.regimens for part in regimen.parts if not part.as_needed]
    taken = [step for step in plan.steps if step.do == "take"]
    if not kept or use.daily_mg == use.scheduled_mg or [step.do for step in plan.steps] != ["take", "review"]:
        return False
    regimen = _regimen(taken[0])
    liquids = {each.liquid for each in use.regimens}
    return (
        regimen is not None
        and list(regimen.parts) == kept
        and liquids == {regimen.liquid}
        and taken[0].dose == regimen.scheduled
    )


def _fall(now_mg: Decimal, dose: Decimal, before: datetime | None, at: datetime, facts: Facts) -> list[str]:
    """What one step of a taper falls by too much, or too soon after the step before it."""
    problems = []
    lowest = lowest_after(now_mg, facts.book)
    if not lowest <= Fraction(dose):
        limit = plain(rounded(Decimal(lowest.numerator) / Decimal(lowest.denominator), "0.1", "up"))
        problems.append(f"a fall from {plain(now_mg)} to {plain(dose)} mg a day is too large; {limit} mg is the lowest")
    wait = days_before_step(now_mg, facts.book)
    if before is not None and days_between(before, at, facts) < wait:
        problems.append(f"the step to {plain(dose)} mg a day comes sooner than {wait} days after the one before")
    return problems


def _trial(plan: Plan, facts: Facts, _: PumpState | None) -> list[str]:
    book = facts.book
    ladder = [book.quantity("trial.dose_small").value, *(each.value for each in book.quantities("trial.doses"))]
    apart = timedelta(hours=float(book.quantity("trial.interval").to("h")))
    problems = []
    last_at: datetime | None = None
    last_dose: Decimal | None = None
    if facts.screenings:
        last_at, last_dose = facts.screenings[-1].at, facts.screenings[-1].dose.to("mcg")
        if facts.screenings[-1].outcome != "none":
            problems.append("the last screening bolus was not without response, or its response is not recorded")
        if effects_under(facts, facts.screenings[-1]) and facts.overridden("trial", e.Trial) is None:
            problems.append("an effect was reported under the last screening bolus")
    doses = _doses(plan, "give")
    if not doses:
        problems.append("no screening bolus")
    for at, dose in doses:
        if dose not in ladder:
            problems.append(f"{plain(dose)} mcg is not one of the screening doses")
        elif last_dose is None and dose > first_bolus_mcg(facts):
            problems.append(f"a first screening bolus is at most {plain(first_bolus_mcg(facts))} mcg")
        if last_at is not None and not at - last_at >= apart:
            problems.append("two screening boluses are less than 24 h apart")
        if last_dose is not None and not dose > last_dose:
            problems.append("a screening bolus after one without response must be the next larger one")
        if (
            last_dose is not None
            and dose in ladder
            and last_dose in ladder
            and ladder.index(dose) - ladder.index(last_dose) > 1
        ):
            problems.append("a screening dose was skipped")
        last_at, last_dose = at, dose
    return problems


def _start(plan: Plan, facts: Facts, pump: PumpState | None) -> list[str]:
    meant = start_dose(facts)
    doses = _doses(plan, "program")
    if pump is None or meant is None or len(doses) != 1:
        return ["a start needs a pump, a positive screening response with its duration, and one dose"]
    return [] if doses[0][1] == meant.value else ["the dose is not the one of the start rule"]


def _adjust(plan: Plan, facts: Facts, pump: PumpState | None) -> list[str]:
    doses = _doses(plan, "program")
    if pump is None or pump.program is None or pump.program_since is None or len(doses) != 1:
        return ["an adjustment needs a running program and one new dose"]
    at, dose = doses[0]
    apart = timedelta(hours=float(facts.book.quantity("adjust.interval").to("h")))
    before = pump.program.daily.value
    problems = []
    if not at - pump.program_since >= apart:
        earlier = dose_before(pump, at)
        problems.append(f"the last change is less than 24 h old ({plain(earlier) if earlier else 'no dose before it'})")
    if pump.pump_start is not None and dose > before:
        wait = timedelta(hours=float(facts.book.quantity("start.no_increase").to("h")))
        if not at - pump.pump_start >= wait:
            problems.append("no rise in the first 24 h")
    written = [step.writes.program for step in plan.steps if isinstance(step.writes, e.Programmed)]
    problems += [each for program in written for each in _other_shape(program, pump)]
    if plan.overridden:
        return problems
    window = adjust_window(facts, pump, at)
    change = (dose / before - 1) * 100
    down_low, down_high = facts.book.span("adjust.down")
    # Changes smaller than a usual step find the optimum (ITB-04); nothing is larger than one.
    if window is None:
        if -down_high.value <= change < 0:
            return problems
        return [*problems, "the origin of the spasticity is not known"]
    if not -down_high.value <= change <= window[1] or change == 0:
        up = f"{plain(round(window[0], 2))} to {plain(round(window[1], 2))}% upwards"
        down = f"{plain(down_low.value)} to {plain(down_high.value)}% downwards"
        problems.append(f"a change of {plain(round(change, 2))}% is outside the window ({up}, {down})")
    return problems


def _other_shape(program: Program, pump: PumpState) -> list[str]:
    """What a program changes beside its daily dose: no rule says how large a single bolus, or the dose of an hour, may be."""
    assert pump.program is not None
    before, problems = pump.program, []
    if program.strength is not None and program.strength != pump.strength:
        problems.append(f"it names {plain(program.strength)}, and the pump does not hold that")
    same = [(each.at, each.every_h, each.over_min) for each in program.boluses] == [
        (each.at, each.every_h, each.over_min) for each in before.boluses
    ] and [each.at for each in program.steps] == [each.at for each in before.steps]
    if not same or (program.continuous is None) != (before.continuous is None):
        problems.append(
            f"it changes the shape of the day from '{before.written}', and no rule says what a bolus may be"
        )
        return problems
    # Rounding to what can be programmed moves a small part by a grain: one factor must fit every part within it.
    pairs = [(float(new), float(old)) for new, old in zip(_parts(program), _parts(before), strict=True)]
    least = max(((new - 0.051) / old for new, old in pairs if old), default=1.0)
    most = min(((new + 0.051) / old for new, old in pairs if old), default=1.0)
    if least > most or any(new > 0.051 for new, old in pairs if not old):
        problems.append("its parts do not change alike, and no rule says by how much one of them may")
    return problems


def _parts(program: Program) -> list[Decimal]:
    """The doses and rates of a program, mcg a day, a bolus, an hour."""
    base = [] if program.continuous is None else [program.continuous.to("mcg/day")]
    return [
        *base,
        *(each.dose.to("mcg") for each in program.boluses),
        *(each.rate.to("mcg/h") for each in program.steps),
    ]


def _refill(plan: Plan, facts: Facts, pump: PumpState | None) -> list[str]:
    if pump is None or _doses(plan, "program") or _doses(plan, "bridge"):
        return ["a refill needs a pump and changes no dose"]
    return []


def _strength(plan: Plan, facts: Facts, pump: PumpState | None) -> list[str]:
    doses = _doses(plan, "program")
    bridges = [step for step in plan.steps if step.do == "bridge"]
    if pump is None or pump.program is None or pump.line_volume is None or pump.strength is None:
        return ["a change of strength needs a running program, a strength and the volume of the line"]
    daily = pump.program.daily.value
    if len(doses) != 1 or len(bridges) != 1 or doses[0][1] != daily:
        return ["a change of strength has one bridge bolus and keeps the daily dose"]
    bridge = bridges[0]
    meant = pump.line_volume.to("mL") * pump.strength.to("mcg/mL")
    if bridge.dose is None or bridge.over_h is None:
        return ["the bridge bolus has no dose or no duration"]
    same_dose = abs(bridge.dose.value - meant) <= Decimal("0.05")
    same_rate = abs(bridge.dose.value / bridge.over_h * 24 / daily - 1) <= Decimal("0.01")
    return (
        [] if same_dose and same_rate else ["the bridge bolus is not line volume x old strength at the old hourly dose"]
    )


def _holiday(plan: Plan, facts: Facts, pump: PumpState | None) -> list[str]:
    low, high = facts.book.span("holiday.days")
    doses = _doses(plan, "program")
    stops = [step.at for step in plan.steps if step.do == "stop"]
    problems = []
    if plan.setting != facts.book.text("holiday.setting"):
        problems.append("a drug holiday happens only in hospital")
    if pump is None or pump.program is None or not doses or len(stops) != 1:
        return [*problems, "a holiday needs a running program, steps, and an end"]
    length = stops[0] - doses[0][0]
    if not timedelta(days=float(low.value)) <= length <= timedelta(days=float(high.value)):
        problems.append(f"its length of {length.days} days is outside 14 to 28 days")
    before, at_before = pump.program.daily.value, None
    most = facts.book.span("adjust.down")[1].value
    for at, dose in doses:
        if not before * (1 - most / 100) - Decimal("0.1") <= dose < before:
            problems.append(f"the step to {plain(dose)} mcg a day is no gradual fall")
        if at_before is not None and not at - at_before >= timedelta(hours=24):
            problems.append("two steps in less than 24 h")
        before, at_before = dose, at
    return problems


def _replacement(plan: Plan, _: Facts, pump: PumpState | None) -> list[str]:
    dosed = any(step.dose is not None or step.writes is not None for step in plan.steps)
    return ["a replacement needs a pump and gives no dose"] if pump is None or dosed else []


def _restart(plan: Plan, facts: Facts, pump: PumpState | None) -> list[str]:
    doses = _doses(plan, "program")
    if pump is None or pump.last_running is None or len(doses) != 1:
        return ["a restart needs a pump that ran before, and one dose"]
    dose, problems = doses[0][1], []
    rule = restart(facts, pump)
    if dose not in [offer.program.daily.value for offer in rule.offers]:
        problems.append("the restart rule does not offer this dose")
    if not dose <= (rule.ceiling or pump.last_running).daily.value:
        problems.append("a restart never exceeds the dose before it")
    if plan.setting not in ("monitored", "inpatient"):
        problems.append("every restart is monitored")
    fresh = any(isinstance(step.writes, e.Refill) for step in plan.steps)
    if not fresh and pump.stability_end is not None and pump.stability_end <= facts.now:
        problems.append("the drug in the reservoir is older than its stability, and no step refills it")
    return problems


_RULES: Final[dict[str, Callable[[Plan, Facts, PumpState | None], list[str]]]] = {
    "titration": _titration,
    "taper": _taper,
    "trial": _trial,
    "start": _start,
    "adjust": _adjust,
    "refill": _refill,
    "strength change": _strength,
    "holiday": _holiday,
    "restart": _restart,
    "replacement": _replacement,
    "reduction": _holiday,
}

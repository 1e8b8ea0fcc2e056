"""What the guard says of the dose of a drafted order: the same gate as for every other dose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from eutonia.advice import Advice
from eutonia.chart.orders import Program, Regimen
from eutonia.doors.hooks.drafts import Draft
from eutonia.evidence import Known
from eutonia.findings import CAUTION, STOP
from eutonia.findings.finding import Grade
from eutonia.plan.guard import check
from eutonia.plan.plan import Plan, Refusal, Step, basis
from eutonia.plan.typed import typed
from eutonia.quantity import Quantity, plain


class Verdict(Struct, frozen=True):
    """What is said against drafted doses: a stop where the guard refuses them, a caution where it could not judge."""

    drafts: tuple[Draft, ...]
    grade: Grade
    says: str
    lifts: str
    facts: tuple[str, ...]
    sources: tuple[str, ...] = ()


def judged(drafts: Sequence[Draft], seen: Advice, in_place: bool, orders_read: bool) -> Iterator[Verdict]:
    """The verdicts on the doses of baclofen drafts, those by mouth together.

    Nothing where the guard has nothing against them, or where a stop is told on its own card.
    """
    mouth = tuple(each for each in drafts if isinstance(each.dose, Regimen))
    if mouth:
        dose = Regimen(tuple(part for each in mouth if isinstance(each.dose, Regimen) for part in each.dose.parts))
        if orders_read:
            yield from _mouth(mouth, dose, seen, in_place)
        else:
            # What is taken today is not known, and every rise would be judged from nothing.
            says = f"Not checked: baclofen {plain(dose.daily)} by mouth; the active orders were not read to their end."
            yield Verdict(mouth, CAUTION, says, "", ())
    for each in drafts:
        if isinstance(each.dose, Program):
            yield from _program(each, each.dose, seen)
        elif isinstance(each.dose, Quantity):
            yield from _bolus(each, each.dose, seen)


def _stopped(kind: str, seen: Advice) -> bool:
    return any(kind in each.stops for each in seen.findings)


def _why(refusal: Refusal) -> str:
    """The reason alone: which dose is meant is said already."""
    return refusal.why.partition(" does not pass the guard: ")[2] or refusal.why


def _mouth(drafts: tuple[Draft, ...], dose: Regimen, seen: Advice, in_place: bool) -> Iterator[Verdict]:
    use = seen.facts.oral
    if _stopped("titration", seen) or not isinstance(use, Known):
        return
    total, beside = dose, ""
    if not in_place and use.value is not None:
        total = Regimen((*(part for each in use.value.regimens for part in each.parts), *dose.parts))
        beside = f" beside the active {plain(use.value.daily_mg)}, together {plain(total.daily)}"
    found = typed(seen.facts, seen.pump, seen.findings, total)
    if not isinstance(found, Refusal):
        return
    alone = ""
    if beside:
        instead = typed(seen.facts, seen.pump, seen.findings, dose)
        allowed = "not within the rules either" if isinstance(instead, Refusal) else "within the rules"
        alone = f" In place of the active order it would be {allowed}; name that order in priorPrescription where it is meant."
    together = f" in {len(drafts)} drafts together" if len(drafts) > 1 else ""
    says = f"Baclofen {plain(dose.daily)} by mouth{together}{beside}: {_why(found)}{alone}"
    yield Verdict(drafts, STOP, says, found.lifts, found.facts)


def _program(draft: Draft, dose: Program, seen: Advice) -> Iterator[Verdict]:
    book, daily = seen.facts.book, dose.daily
    low, high = book.span("pump.daily_window")
    facts, sources = basis(book, "pump.daily_window")
    if not low.value <= daily.value <= high.value:
        says = f"Baclofen {plain(daily)} in the spine: outside {plain(low)} to {plain(high)}."
        yield Verdict((draft,), STOP, says, "Nothing is moved to the nearest limit; check the unit.", facts, sources)
        return
    if seen.pump is None or seen.pump.program is None:
        says = f"Not checked: the change to {plain(daily)} in the spine; the record does not hold the pump's program and filling."
        yield Verdict((draft,), CAUTION, says, "", facts, sources)
        return
    if _stopped("adjust", seen):
        return
    found = typed(seen.facts, seen.pump, seen.findings, dose)
    if isinstance(found, Refusal):
        says = f"Baclofen {plain(daily)} in the spine: {_why(found)}"
        yield Verdict((draft,), STOP, says, found.lifts, found.facts)


def _bolus(draft: Draft, dose: Quantity, seen: Advice) -> Iterator[Verdict]:
    """A single dose into the spine is looked at as what it can be by the label: a screening bolus."""
    facts, sources = basis(seen.facts.book, "bolus.window", "trial.doses", "trial.interval")
    step = Step(seen.facts.now, "give", f"{plain(dose)} into the spine", dose)
    meant = Plan("trial", plain(dose), "monitored", (step,), "as ordered", facts, sources)
    problems = check(meant, seen.facts, seen.pump)
    if problems:
        low, high = seen.facts.book.span("bolus.window")
        says = f"Baclofen {plain(dose)} into the spine as a screening bolus: {'; '.join(problems)}. Allowed are {plain(low)} to {plain(high)}."
        yield Verdict(
            (draft,), STOP, says, "Nothing is moved to the nearest limit; check dose and unit.", facts, sources
        )

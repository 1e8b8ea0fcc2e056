"""Hold the oral regimen exactly as it is taken, or step back by one step of this patient's scheme."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from eutonia.chart.facts import Facts
from eutonia.chart.oral import OralUse
from eutonia.chart.orders import Regimen
from eutonia.evidence import Known
from eutonia.plan.dates import days_after
from eutonia.plan.guard import oral_step
from eutonia.plan.less import lowered
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import as_taken, taking, when
from eutonia.quantity import plain

_ENTRIES = ("oral.step", "oral.step_days", "oral.daily_max", "kidney.shares", "oral.fall", "caution.elderly")


def hold(facts: Facts, use: OralUse, effects: str, watch: tuple[str, ...]) -> Iterator[Plan | Refusal]:
    """Yield the plans while `effects` are reported: stay at the regimen as it is, or one step back."""
    taken = use.scheduled_mg.value
    if taken == 0:
        yield refuse(
            facts.book,
            "titration",
            f"Reported: {effects}. Only as-needed doses are on the chart ({use.written}).",
            "Give no as-needed dose until the effect has passed ('symptom ...; resolved').",
            *_ENTRIES,
        )
        return
    facts_, sources = basis(facts.book, *_ENTRIES)
    after = days_after(facts.now, facts.book.quantity("oral.step_days").to("days"), facts)
    review = Step(after, "review", "Ask again; go on only when the effect has passed ('symptom ...; resolved').")
    why = f"Reported: {effects}. A reported effect holds the next rise ({when(facts.now, facts)})."
    extra = any(regimen.as_needed for regimen in use.regimens)
    none = " No as-needed dose while the effect lasts." if extra else ""
    stay = Step(facts.now, "take", f"Stay at {as_taken(use, facts)}.{none}", use.scheduled_mg)
    yield Plan("titration", "hold", "home", (stay, review), why, facts_, sources, watch)
    regimen = step_back(facts, use)
    if regimen is not None:
        fall = plain(taken - regimen.scheduled.value)
        why = f"Reported: {effects}. One step of this patient's scheme back ({fall} mg daily), where holding is not enough."
        down = taking(facts.now, "One step down: ", regimen, facts)
        yield Plan("titration", "step back", "home", (down, review), why, facts_, sources, watch)


def step_back(facts: Facts, use: OralUse) -> Regimen | None:
    """Return the regimen one step lower, without as-needed doses; none where no smaller dose can be dispensed.

    The step is the one by which this patient's dose may rise (scaled by kidney function, and by weight in a child), or the
    last rise on the chart where that was smaller; and never more than a fall that counts as abrupt.  No single dose rises.
    """
    book, taken = facts.book, Fraction(use.scheduled_mg.value)
    steps = [
        Fraction(book.quantity("oral.step_a_day").to("mg/day")),
        taken * Fraction(book.quantity("oral.fall").value) / 100,
    ]
    if (step := oral_step(facts)) is not None:
        steps.append(Fraction(step))
    if isinstance(facts.age, Known) and facts.age.value < book.count("oral.age_min"):
        steps.append(_child_step(facts))
    rises = [
        Fraction(after.scheduled_mg - before.scheduled_mg)
        for before, after in pairwise(facts.oral_history_taken)
        if after.scheduled_mg > before.scheduled_mg > 0
    ]
    parts = [part for regimen in use.regimens for part in regimen.parts if not part.as_needed]
    return lowered(parts, min(*steps, *rises[-1:]), facts, use.liquid)


def _child_step(facts: Facts) -> Fraction:
    """The dose by weight with which a child starts, mg/day: no source gives a child's steps.  Zero where no weight is known."""
    if not isinstance(facts.weight, Known):
        return Fraction(0)
    per_kg = Fraction(facts.book.quantity("oral.child_start_per_kg").to("mg/day"))
    return per_kg * Fraction(facts.weight.value.value.to("kg"))

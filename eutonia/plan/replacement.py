"""Past the end of service: the pump is replaced, and the patient is watched and bridged until then."""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.moment import shown_day
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.pump import PumpState

_ENTRIES = (
    "pump.eri_to_end",
    "withdrawal.boxed",
    "withdrawal.evolves",
    "withdrawal.oral_not_enough",
    "restart.similar",
)

WATCH = (
    "Fever, rigidity, itch without rash, agitation, hallucination, seizure: emergency card.",
    "The pump may still deliver: sedation and weak breathing with baclofen given beside it are an overdose.",
)


def build(facts: Facts, pump: PumpState | None, _: e.Request | None) -> Iterator[Plan | Refusal]:
    """One option without a dose: look for withdrawal, bridge, replace, and set the new pump by the restart rule."""
    book = facts.book
    end = pump.replacement_due if pump is not None else None
    if pump is None or end is None or not pump.service_ended:
        yield refuse(
            book,
            "replacement",
            "The pump's service has not ended.",
            "Book the replacement ahead of its end.",
            *_ENTRIES,
        )
        return
    steps = (
        Step(
            facts.now,
            "check",
            "See the patient today, and look for signs of withdrawal. Read the pump out: alarms, motor, battery; "
            f"past {shown_day(end, facts.home)} no delivery is relied on, whatever volume is left.",
        ),
        Step(
            facts.now,
            "observe",
            "In a monitored bed until the pump is replaced, or until it is shown to deliver. Bridge, as a specialist orders: baclofen by "
            "mouth or by tube, with a benzodiazepine where it is not enough; no source converts one route into the other, and baclofen by "
            "mouth must not be relied on to stop withdrawal. Stop the bridge step by step once the new pump delivers.",
        ),
        Step(
            facts.now,
            "check",
            "Replace the pump at the next possible operation; a refill does not make it run. Afterwards write 'implant ...', fill it, and "
            "plan the dose by how long delivery had been lacking ('request restart').",
        ),
    )
    facts_, sources = basis(book, *_ENTRIES)
    why = f"The pump's service ended on {shown_day(end, facts.home)}. Neither a refill nor another dose changes that."
    yield Plan("replacement", "replace the pump", "inpatient", steps, why, facts_, sources, WATCH)

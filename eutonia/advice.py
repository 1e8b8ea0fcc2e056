"""The whole sentence in one function: from the chart to findings, plans, the pump and tasks, bound to what it rests on."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from eutonia.chart import Chart, Facts
from eutonia.findings import STOP, Finding, examine
from eutonia.findings.replacement import replacement_book_by
from eutonia.knowledge import Book, book
from eutonia.moment import iso, local_day
from eutonia.pump import PumpState, pump_state
from eutonia.pump.delivered import mismatch
from eutonia.quantity import plain_number, rounded

if TYPE_CHECKING:
    from eutonia.chart.orders import Program, Regimen
    from eutonia.plan import Plan, Refusal
    from eutonia.predict.estimate import Estimate
    from eutonia.predict.future import Prediction
    from eutonia.predict.patient import Unpredicted
    from eutonia.predict.rank import Ordered, Preference


class Advice(Struct, frozen=True, eq=False, dict=True):
    """Findings, plans and refusals for one chart at one moment; options with their basis, never a directive.

    The future of each plan is worked out when it is first asked for.  beside: the advice on the same chart at the same
    moment, from which a typed dose was judged.
    """

    facts: Facts
    pump: PumpState | None
    findings: tuple[Finding, ...]
    plans: tuple[Plan, ...]
    refusals: tuple[Refusal, ...]
    preference: Preference | None = None
    beside: Advice | None = None

    @property
    def book(self) -> Book:
        """The knowledge that the advice rests on."""
        return self.facts.book

    @property
    def stopped(self) -> bool:
        """Whether at least one stop finding stands."""
        return any(each.grade == STOP for each in self.findings)

    @property
    def emergency(self) -> bool:
        """Whether an emergency card stands."""
        return any(finding.card for finding in self.findings)

    @cached_property
    def predictions(self) -> tuple[Prediction | Unpredicted, ...]:
        """What a model expects of each plan, in their order; it adds no plan and moves no limit."""
        if not self.plans:
            return ()
        # Here, because whoever only asks for findings or plans does not wait for the models.
        from eutonia.predict.future import predict

        people = getattr(self.estimate, "people", None)
        found = predict(self.facts, self.pump, self.plans, people)
        # In an emergency nothing asks for another measurement.
        return tuple(map(_asks_nothing, found)) if self.emergency else found

    @cached_property
    def today(self) -> Prediction | Unpredicted | None:
        """What a model expects if nothing changes; none where nothing is given."""
        from eutonia.findings.context import taking
        from eutonia.plan.typed import as_today
        from eutonia.predict.future import predict
        from eutonia.predict.patient import Unpredicted

        running = self.pump is not None and self.pump.running
        if not running and not taking(self.facts):
            return None
        if self.pump is not None and (self.pump.uncertain or self.pump.unexplained is not None):
            return Unpredicted("what the pump delivers is not known")
        plan = as_today(self.facts, self.pump, "adjust" if running else "titration")
        return predict(self.facts, self.pump, (plan,), getattr(self.estimate, "people", None))[0]

    @cached_property
    def estimate(self) -> Estimate | Unpredicted:
        """What the patient's own data say of them, or why they say nothing."""
        if self.beside is not None:
            return self.beside.estimate
        from eutonia.predict.estimate import estimate

        found = estimate(self.facts, self.pump)
        return _asks_nothing(found) if self.emergency else found

    @cached_property
    def order(self) -> tuple[Ordered, ...]:
        """The plans of each kind in a reasoned order, by what is wanted for the person; it adds none and takes none away."""
        from eutonia.predict.patient import legs, untreated
        from eutonia.predict.rank import Preference, rank

        baseline = getattr(untreated(self.facts, self.pump, legs), "value", None)
        return rank(self.plans, self.predictions, baseline, self.preference or Preference(), self.book)

    def as_dict(self, *, foresee: bool = True) -> dict[str, Any]:
        """The advice as one JSON object; the same that `eutonia advise --json` prints.

        Without `foresee` nothing is predicted or estimated, and what rests on it is empty.
        """
        facts, home = self.facts, self.facts.home
        person = getattr(facts.person, "value", None)
        return {
            "chart": facts.chart.hash,
            "now": iso(facts.now, home),
            "knowledge": {
                "version": self.book.library.version,
                "hash": self.book.library.hash,
                "jurisdiction": self.book.jurisdiction,
            },
            "person": {
                "id": person.id if person else None,
                "name": person.name if person else None,
                "born": person.born.isoformat() if person and person.born else None,
            },
            "findings": [each.as_dict() for each in self.findings],
            "plans": [each.as_dict(home) for each in self.plans],
            "refusals": [each.as_dict() for each in self.refusals],
            "pump": None if self.pump is None else pump_dict(self.pump, facts),
            "predictions": [
                {"plan": n, "kind": plan.kind, "option": plan.option, **found.as_dict(home)}
                for n, (plan, found) in enumerate(zip(self.plans, self.predictions, strict=True))
            ]
            if foresee
            else [],
            "estimate": self.estimate.as_dict(home) if foresee and self.plans else None,
            "order": [each.as_dict() for each in self.order] if foresee and self.plans else [],
            "tasks": self._tasks(),
        }

    def _tasks(self) -> list[dict[str, Any]]:
        due = [(each.due, each) for each in self.findings if each.due is not None]
        return [
            {"by": local_day(at, self.facts.home).isoformat(), "do": each.resolve, "because": each.id}
            for at, each in sorted(due, key=lambda pair: pair[0])
        ]


def _asks_nothing(found: Any) -> Any:
    """The same without the measurements that would say most."""
    return replace(found, worth=()) if getattr(found, "worth", ()) else found


def pump_dict(pump: PumpState, facts: Facts) -> dict[str, Any]:
    """The pump as JSON: volumes in mL, instants with their zone, what is not known null."""
    home = facts.home

    def at(instant: datetime | None) -> str | None:
        return None if instant is None else iso(instant, home)

    def ml(value: float | None) -> float | None:
        return None if value is None else float(rounded(value, "0.000001"))

    due = pump.due
    book_by = None
    if due is not None:
        book_by = due[0] - timedelta(days=float(facts.book.quantity("pump.book_ahead").to("days")))
    reading = pump.readings[-1] if pump.readings else None
    return {
        "device": pump.implant.device,
        "capacity_ml": plain_number(pump.implant.capacity.to("mL")),
        "line_ml": None if pump.line_volume is None else plain_number(pump.line_volume.to("mL")),
        "tip": pump.tip,
        "strength": None if pump.strength is None else pump.strength.wire(),
        "filled_at": at(pump.fill.at if pump.fill else None),
        "residual_ml": ml(pump.left_ml),
        "residual_measured": None
        if reading is None
        else {
            "at": at(reading.at),
            "measured_ml": ml(reading.measured_ml),
            "expected_ml": ml(reading.expected_ml),
            "balances": pump.balances(reading),
            "explained": reading.explained,
        },
        "alarm_ml": plain_number(pump.alarm_ml.to("mL")),
        "low_reservoir_at": at(pump.low_at),
        "empty_at": at(pump.empty_at),
        "stability_end": at(pump.stability_end),
        "battery_end": at(pump.battery_end),
        "replacement_due": at(pump.replacement_due),
        "replacement_book_by": at(replacement_book_by(pump, facts.book)),
        "refill_due": at(due[0] if due else None),
        "governed_by": due[1] if due else None,
        "book_by": at(book_by),
        "program": None if pump.program is None else pump.program.written,
        "mode": None if pump.program is None else pump.program.mode,
        "program_since": at(pump.program_since),
        "daily_dose": None if pump.program is None else pump.program.daily.wire(),
        "rate_ml_day": ml(pump.rate_ml_day),
        "concentration_mismatch": _mismatch_dict(pump),
        "arrives_at": at(pump.arrives_at),
        "bridge_until": at(pump.bridge_running_until),
        "delivery_certain": not pump.uncertain and pump.unexplained is None,
        "unverified": list(pump.model.unverified) if pump.model else [],
        "drug_mcg": {
            "filled": ml(pump.filled_mcg),
            "chamber": ml(pump.chamber_mcg),
            "line": ml(pump.line_mcg),
            "delivered": ml(pump.delivered_mcg),
            "drawn": ml(pump.drawn_mcg),
        },
    }


def _mismatch_dict(pump: PumpState) -> dict[str, Any] | None:
    """The concentrations programmed and contained, and the dose delivered, where they differ."""
    contents = mismatch(pump)
    if contents is None:
        return None
    return {
        "programmed": contents.programmed.wire(),
        "contained": [strength.wire() for strength in contents.contained],
        "delivered": [dose.wire() for dose in contents.delivered],
    }


def examined(chart: Chart, now: datetime | str, jurisdiction: str = "US") -> Advice:
    """The advice without its plans: what is true of the chart at a moment, and how the pump stands."""
    facts = Facts(chart, chart.moment(now), book(jurisdiction))
    pump = pump_state(facts)
    return Advice(facts, pump, examine(facts, pump), (), ())


def advise(chart: Chart, now: datetime | str, jurisdiction: str = "US", preference: Preference | None = None) -> Advice:
    """The advice for a chart at a moment.  `now` is an instant, or a text such as '2026-05-01 10:30'.

    preference: what is wanted for the person, by which the plans are put in order.
    """
    # Here, because examining alone does not need the plans.
    from eutonia.plan import plan

    seen = examined(chart, now, jurisdiction)
    plans, refusals = plan(seen.facts, seen.pump, seen.findings)
    return Advice(seen.facts, seen.pump, seen.findings, plans, refusals, preference)


def what_if(seen: Advice, dose: Program | Regimen) -> Advice:
    """The advice in which a typed dose stands beside today's; a refusal alone where the rules do not allow it."""
    from eutonia.plan.plan import Refusal
    from eutonia.plan.typed import as_today, typed

    found = typed(seen.facts, seen.pump, seen.findings, dose)
    if isinstance(found, Refusal):
        return Advice(seen.facts, seen.pump, seen.findings, (), (found,), beside=seen)
    plans = (as_today(seen.facts, seen.pump, found.kind), found)
    return Advice(seen.facts, seen.pump, seen.findings, plans, (), beside=seen)

"""Does what was drawn from the reservoir agree with what should have been left?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts
from eutonia.findings.finding import NOTE, STOP, Finding, found
from eutonia.moment import shown
from eutonia.pump import PumpState, Reading
from eutonia.quantity import plain, rounded


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """A residual that differs by more than reading and device explain stops every change of dose until it is explained."""
    if pump is None:
        return
    book = facts.book
    bad = pump.unexplained
    if bad is not None:
        yield _unbalanced(facts, pump, bad)
        return
    explained = [r for r in pump.readings if r.explained and not pump.balances(r)]
    if explained:
        last = explained[-1]
        yield found(
            book,
            "balance",
            NOTE,
            f"The residual of {shown(last.at, facts.home)} ({_ml(last.measured_ml)} measured, {_ml(last.expected_ml)} expected) "
            f"was explained: {last.explained}.",
            "An explained difference stays visible; compare the next residual.",
            "Compare the next residual.",
            "pump.balance_ml",
        )


def _ml(value: float) -> str:
    return f"{plain(rounded(value, '0.1'))} mL"


def _unbalanced(facts: Facts, pump: PumpState, bad: Reading) -> Finding:
    difference, ratio = bad.difference_ml, bad.ratio()
    if difference > 0:
        what = f"{_ml(difference)} never reached the patient, or the pump was filled with more than is written"
        means = "under-delivery: stall, occlusion, a program that was not what is written; withdrawal threatens"
    else:
        what = f"{_ml(-difference)} more left the chamber than was programmed"
        means = "over-delivery, a leak, or drug beside the port; overdose and withdrawal are both possible"
    part = f" ({plain(rounded(ratio * 100, '1'))}% of what was programmed)" if ratio is not None else ""
    full = pump.fill is not None and bad.measured_ml >= float(pump.fill.volume.value) - 1 and bad.delivered_ml > 2
    extra = " An unexplained full reservoir is not restarted but investigated." if full else ""
    accuracy = pump.model.accuracy if pump.model else None
    share = plain(accuracy) if accuracy else f"{plain(facts.book.quantity('pump.balance_share'))}, an assumption,"
    limit = (
        f"{_ml(pump.tolerance_ml(bad.delivered_ml))} ({share} of what was delivered; at least "
        f"{plain(facts.book.quantity('pump.balance_floor'))}, an assumption, and at most {plain(facts.book.quantity('pump.balance_ml'))})"
    )
    return found(
        facts.book,
        "balance",
        STOP,
        f"{_ml(bad.measured_ml)} was left on {shown(bad.at, facts.home)} where {_ml(bad.expected_ml)} was expected: {what}{part}.",
        f"Outside {limit} the balance is broken: {means}.{extra}",
        "Find the cause (read the pump out, x-ray, catheter access port), then write 'explained residual; ...; by ...'.",
        "pump.balance_ml",
        "pump.balance_floor",
        "pump.balance_share",
        "withdrawal.delivery_first",
        "pump.full_chamber",
        "pump.pocket_fill",
        *([f"device.{pump.model.key}.accuracy"] if pump.model and accuracy else []),
        # After a repair a restart by the rule is the safe way out, and its dose is what was delivered at most.
        stops=("start", "adjust", "strength change", "holiday", *(() if pump.repair_explains else ("restart",))),
        due=facts.now,
    )

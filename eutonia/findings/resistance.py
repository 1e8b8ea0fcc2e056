"""Does the dose rise while the tone does not fall?  Then delivery is checked before anything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.finding import STOP, Finding, found
from eutonia.moment import shown_day
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded


def rises(pump: PumpState) -> list[tuple[datetime, Quantity]]:
    """The rises of the daily dose since it last fell or stopped, with the dose that each began from first."""
    found_: list[tuple[datetime, Quantity]] = []
    for at, program in pump.dose_history:
        if at < pump.implanted or program.stopped:
            found_ = []
            continue
        daily = program.daily
        if found_ and daily.value < found_[-1][1].value:
            found_ = []
        if not found_ or daily.value > found_[-1][1].value:
            found_.append((at, daily))
    return found_


def flat(facts: Facts, since: datetime) -> tuple[str, str, str] | None:
    """The scale and place whose score is no better now than at `since`: (what, then, now); none where any is better."""
    before: dict[tuple[str, str], str] = {}
    after: dict[tuple[str, str], str] = {}
    for at, mark in facts.scores:
        if mark.scale == "h/m":
            continue
        (before if at <= since else after)[mark.scale, mark.where] = mark.value
    shared = [key for key in after if key in before]
    if not shared or any(_size(after[key]) < _size(before[key]) for key in shared):
        return None
    scale, where = shared[0]
    return f"{scale} {where}".strip(), before[shared[0]], after[shared[0]]


def _size(value: str) -> float:
    return 1.5 if value == "1+" else float(value)


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """A stop on further rises once the dose rose three times with no better score and delivery was not checked since."""
    if pump is None:
        return
    book = facts.book
    history = rises(pump)
    needed = book.count("resistance.rises")
    if len(history) <= needed:
        return
    start = history[-needed - 1][0]
    same = flat(facts, start)
    if same is None:
        return
    checked = [
        event
        for event in facts.of(e.Explained)
        if isinstance(event.what, e.Explained) and event.what.what == "delivery"
    ]
    if checked and checked[-1].at >= history[-needed][0]:
        return
    what, then, now = same
    first, last = history[-needed - 1], history[-1]
    growth = rounded((last[1].value / first[1].value - 1) * 100, "1")
    checks = book.words("resistance.delivery_first")
    yield found(
        book,
        "resistance",
        STOP,
        f"The dose rose {needed} times, from {plain(first[1])} on {shown_day(first[0], facts.home)} to {plain(last[1])} "
        f"(+{plain(growth)}%), and {what} did not fall ({then} then, {now} now).",
        "A rising dose with a flat effect is a delivery failure until it is shown not to be; when the line is then repaired, the high "
        "dose is an overdose. Up to 10 % of patients stop responding and may need a drug holiday.",
        "Check in this order: "
        + "; ".join(checks)
        + ". Then write 'explained delivery; ...; by ...'; a holiday can be asked for.",
        "resistance.share",
        "resistance.delivery_first",
        "resistance.rises",
        "withdrawal.delivery_first",
        stops=("adjust", "strength change", "holiday"),
    )

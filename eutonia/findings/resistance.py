"""Does the dose rise while the tone does not fall?  Then delivery is checked before anything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.finding import CAUTION, STOP, Finding, Grade, found
from eutonia.moment import DAY, shown_day
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


def flat(facts: Facts, first_rise: datetime, last_rise: datetime) -> tuple[str, str, str] | None:
    """A score that is no better after the last rise than before the first: (what, then, now); none where any is better.

    Scores under a screening bolus describe the bolus, not the patient, and are left out.
    """
    before: dict[tuple[str, str], str] = {}
    after: dict[tuple[str, str], str] = {}
    for at, mark in facts.scores:
        if mark.scale == "h/m" or any(timedelta() <= at - each.at < DAY for each in facts.screenings):
            continue
        if at <= first_rise:
            before[mark.scale, mark.where] = mark.value
        elif at >= last_rise:
            after[mark.scale, mark.where] = mark.value
    shared = [key for key in after if key in before]
    better = [key for key in shared if _size(after[key]) < _size(before[key])]
    worse = [key for key in shared if _size(after[key]) > _size(before[key])]
    if better and not worse:
        return None
    if not after:
        return "no score was taken since the last rise", "", ""
    if not shared:
        return "no score from before the rises can be compared with those since", "", ""
    key = worse[0] if worse else shared[0]
    return f"{key[0]} {key[1]}".strip() + " did not fall", before[key], after[key]


def _size(value: str) -> float:
    return 1.5 if value == "1+" else float(value)


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """The dose rose again and again with no better score.

    A caution after two rises; after three a stop on any further rise until delivery was checked, and then a caution that
    names the resistance.
    """
    if pump is None:
        return
    history, needed = rises(pump), facts.book.count("resistance.rises")
    levels: tuple[tuple[int, Grade], ...] = ((needed, STOP), (needed - 1, CAUTION))
    for count, grade in levels:
        if len(history) > count:
            same = flat(facts, history[-count][0], history[-1][0])
            if same is None:
                return
            if len(history) > count + 1:
                # The rises are told from the last fall on, as the restart rule counts them; so are the scores, where they can be.
                whole = flat(facts, history[1][0], history[-1][0])
                last = f"{same[0]} over the last {count} of them", same[1], same[2]
                same = whole if whole is not None and whole[1] else (last if same[1] else same)
            checked = _checked(facts, history[-count][0])
            if checked is None:
                # Nothing scored is nothing known: said after three rises, and no stop.
                if same[1] or grade == STOP:
                    yield _resistant(facts, history, same, grade if same[1] else CAUTION)
            elif same[1] and grade == STOP:
                yield _remains(facts, history, same, checked)
            return


def remains(facts: Facts, pump: PumpState | None) -> bool:
    """Return whether resistance remains after delivery was checked, so that a drug holiday is an option (TOL-02)."""
    return any(not finding.stops and "although delivery was checked" in finding.says for finding in find(facts, pump))


def _checked(facts: Facts, since: datetime) -> e.Event | None:
    """The last check of delivery since the first of the rises."""
    checks = [
        event
        for event in facts.of(e.Explained)
        if event.at >= since and isinstance(event.what, e.Explained) and event.what.what == "delivery"
    ]
    return checks[-1] if checks else None


def _told(facts: Facts, history: list[tuple[datetime, Quantity]], same: tuple[str, str, str]) -> str:
    what, then, now = same
    first, last = history[0], history[-1]
    growth = rounded((last[1].value / first[1].value - 1) * 100, "1")
    return (
        f"The dose rose {len(history) - 1} times, from {plain(first[1])} on {shown_day(first[0], facts.home)} to {plain(last[1])} "
        f"(+{plain(growth)}%), and {what}{f' ({then} then, {now} now)' if then else ''}"
    )


def _remains(
    facts: Facts, history: list[tuple[datetime, Quantity]], same: tuple[str, str, str], checked: e.Event
) -> Finding:
    book = facts.book
    before = " That was before the last rise: check it again." if checked.at < history[-1][0] else ""
    how = checked.what.how if isinstance(checked.what, e.Explained) else ""
    return found(
        book,
        "resistance",
        CAUTION,
        f"{_told(facts, history, same)}, although delivery was checked on {shown_day(checked.at, facts.home)} ({how}).{before}",
        f"Resistance to rises of the dose: up to {book.quantity('resistance.share')} of patients stop responding and may need a drug "
        "holiday, in hospital only.",
        "Look for another cause first (infection, pressure sore, full bladder or bowel, disease). Then weigh a drug holiday ('request holiday; "
        "inpatient; alternative ...') against a further rise.",
        "resistance.share",
        "resistance.delivery_first",
        "resistance.rises",
        "holiday.setting",
    )


def _resistant(
    facts: Facts, history: list[tuple[datetime, Quantity]], same: tuple[str, str, str], grade: Grade
) -> Finding:
    book = facts.book
    return found(
        book,
        "resistance",
        grade,
        f"{_told(facts, history, same)}.",
        "A rising dose with a flat effect is a delivery failure until it is shown not to be; when the line is then repaired, the high "
        f"dose is an overdose. Up to {book.quantity('resistance.share')} of patients stop responding and may need a drug holiday.",
        "Check in this order: "
        + "; ".join(book.words("resistance.delivery_first"))
        + ". Then write 'explained delivery; ...; by ...'; a holiday can be asked for after that.",
        "resistance.share",
        "resistance.delivery_first",
        "resistance.rises",
        "withdrawal.delivery_first",
        stops=("adjust up", "strength change", "holiday") if grade == STOP else (),
    )

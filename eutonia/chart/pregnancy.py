"""Pregnancy over time: it counts until its outcome is written or 44 weeks have passed; then the outcome is not known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.evidence import Known, Unknown
from eutonia.moment import shown_day

if TYPE_CHECKING:
    from eutonia.chart.facts import Facts


class Episode(Struct, frozen=True):
    """One pregnancy on the chart: when it was first written, and from where its weeks are counted."""

    begun: datetime
    counted_from: datetime
    weeks: int | None

    def ends(self, longest: timedelta) -> datetime:
        """Return when this pregnancy must be over; without weeks on the chart it is counted from its first day."""
        return self.counted_from + longest - timedelta(weeks=self.weeks or 0)


def episode(facts: Facts) -> Episode | None:
    """Return the pregnancy whose outcome is not on the chart; none where there is none, or its outcome is written."""
    found: Episode | None = None
    longest = _longest(facts)
    for at, answer in _answers(facts):
        if answer.status in ("no", "ended"):
            found = None
        elif answer.status == "yes":
            if found is None or _another(found, at, answer, longest):
                found = Episode(at, at, answer.weeks)
            elif answer.weeks is not None:
                # Weeks that were written later are the better count.
                found = Episode(found.begun, at, answer.weeks)
    return found


def _another(found: Episode, at: datetime, answer: e.Pregnancy, longest: timedelta) -> bool:
    """Whether a 'yes' is about another pregnancy than the one before it: later than that can last, or begun after it."""
    begun_later = answer.weeks is not None and at - timedelta(weeks=answer.weeks) > found.begun
    return at > found.ends(longest) or begun_later


def _longest(facts: Facts) -> timedelta:
    return timedelta(days=float(facts.book.quantity("pregnancy.longest").to("days")))


def _answers(facts: Facts) -> Iterator[tuple[datetime, e.Pregnancy]]:
    """What the chart says about pregnancy, oldest first: pregnancy lines, and conditions that name one."""
    answers = [
        (event.at, event.line, event.what) for event in facts.of(e.Pregnancy) if isinstance(event.what, e.Pregnancy)
    ]
    for event, _, kinds in facts.conditions:
        if any("pregnancy" in kind.tags for kind in kinds):
            answers.append((event.at, event.line, e.Pregnancy("yes")))
    return iter([(at, answer) for at, _, answer in sorted(answers, key=lambda each: each[:2])])


def pregnancy(facts: Facts) -> Known[e.Pregnancy] | Unknown:
    """Return the answer about pregnancy.

    'yes' with the weeks of today until 44 weeks; then, and where two answers of one moment differ, it is unknown, and
    never 'no'.  'no' and 'ended' count as long as an answer about pregnancy does.
    """
    current = episode(facts)
    last = facts.latest(e.Pregnancy, "pregnancy", "age.pregnancy")
    if isinstance(last, Unknown) and last.reason == "contradictory":
        return last
    if current is not None:
        if facts.now <= current.ends(_longest(facts)):
            weeks = None
            if current.weeks is not None:
                weeks = current.weeks + (facts.now - current.counted_from).days // 7
            return Known(e.Pregnancy("yes", weeks), current.begun)
        since = shown_day(current.begun, facts.home)
        return Unknown("too old", f"the outcome of the pregnancy of {since} is not recorded")
    if isinstance(last, Known) and last.value.status == "not asked":
        return Unknown("never asked", "pregnancy has not been asked")
    return last


def open_pregnancy(facts: Facts) -> datetime | None:
    """Return since when a pregnancy without an outcome is on the chart, however old; none where there is none.

    Where a 'yes' and a 'no' of one moment differ, the 'yes' counts: what is unknown lifts no stop.
    """
    current = episode(facts)
    if current is not None:
        return current.begun
    last = facts.latest(e.Pregnancy, "pregnancy")
    events = facts.of(e.Pregnancy)
    if isinstance(last, Unknown) and last.reason == "contradictory":
        same = [event for event in events if event.at == events[-1].at or event.day_only]
        if any(isinstance(event.what, e.Pregnancy) and event.what.status == "yes" for event in same):
            return events[-1].at
    return None

"""Tasks of a titration or a taper by mouth: the date of its next step, for as long as nothing was done."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.oral import OralUse
from eutonia.evidence import Known
from eutonia.moment import DAY, shown_day
from eutonia.watch.days import days_later

Words = tuple[str, datetime, str, str, str, bool]

_DO = "Look at the chart's options; see or call the patient before anything changes."


def next_steps(facts: Facts) -> Iterator[Words]:
    """Yield the next step of a titration or a taper that is under way.  No dose is named.

    A titration ends with the order that answers its request, since that dose may be enough.  A taper goes on until
    nothing is taken, whether it was requested or only the doses fall.
    """
    use = facts.oral.value if isinstance(facts.oral, Known) else None
    if use is None:
        return
    if any(request.kind == "titrate oral" for _, request in facts.requests):
        yield _titration(facts, use)
    elif (falls := _taper(facts)) is not None:
        yield _taper_step(facts, falls)


def _titration(facts: Facts, use: OralUse) -> Words:
    interval = facts.book.quantity("oral.step_days")
    due = days_later(use.changed, float(interval.to("days")), facts.home)
    because = (
        f"A titration was asked for; the last change was on {shown_day(use.changed, facts.home)}, and the shortest time "
        f"between two steps is {interval}."
    )
    return "step", due, _DO, because, "oral", False


class Taper(Struct, frozen=True):
    """A taper under way: when it was requested, if it was, and when the dose fell since it began."""

    requested: datetime | None
    falls: tuple[datetime, ...]


def _taper(facts: Facts) -> Taper | None:
    """Return the taper under way: the last request about oral doses is a taper, or the dose fell twice in a row."""
    requests = [
        (event.at, event.what.kind)
        for event in facts.of(e.Request)
        if isinstance(event.what, e.Request) and "oral" in event.what.kind
    ]
    history = facts.oral_history
    falls: list[datetime] = []
    for (_, before), (at, after) in reversed(list(itertools.pairwise(history))):
        if not after < before:
            break
        falls.insert(0, at)
    kind = requests[-1][1] if requests else ""
    if kind == "taper oral":
        return Taper(requests[-1][0], tuple(falls))
    asked_since = [at for at, _ in requests if falls and at > falls[-1]]
    longest = timedelta(days=float(facts.book.quantity("watch.taper_series").to("days")))
    series = len(falls) > 1 and falls[-1] - falls[-2] <= longest
    return Taper(None, tuple(falls)) if series and not asked_since else None


def _taper_step(facts: Facts, taper: Taper) -> Words:
    book, home = facts.book, facts.home
    longest = timedelta(days=float(book.quantity("watch.taper_series").to("days")))
    # A step that was taken on the visit of the request is the first one of the taper.
    if taper.requested is not None and (not taper.falls or taper.requested - taper.falls[-1] > DAY):
        day = shown_day(taper.requested, home)
        return (
            "step",
            taper.requested,
            _DO,
            f"A taper was asked for on {day}; no step is on the chart since.",
            "oral",
            False,
        )
    last = taper.falls[-1]
    begun = "A taper was asked for" if taper.requested is not None else "The dose by mouth has fallen twice in a row"
    pace = last - taper.falls[-2] if len(taper.falls) > 1 else None
    if pace is not None and pace <= longest:
        days, says = max(round(pace / DAY), 1), "the step before it was as long"
    else:
        days, says = int(book.quantity("watch.taper_step").to("days")), "assumption: the options date each step"
    because = (
        f"{begun}; the last step was on {shown_day(last, home)}. The next step is looked at after "
        f"{days} {'day' if days == 1 else 'days'} ({says}), and is taken only if the last one was tolerated."
    )
    return "step", days_later(last, days, home), _DO, because, "oral", False

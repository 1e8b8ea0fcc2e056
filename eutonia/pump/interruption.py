"""Interruptions of delivery, the exchange of a pump, and the order of what is done to a pump at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Final, Literal

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.moment import MomentError, read_instant

# What a clean readout, or the explanation of a person, leaves as an interruption; an MRI scan or lost telemetry is none.
STALLED: Final = ("stall", "stall recovered", "alarm critical", "alarm")


class Gap(Struct, frozen=True):
    """An interruption of delivery after which the old program runs on.

    begin: none where nobody knows since when; repair: the catheter was repaired, so that more of the dose arrives.
    """

    begin: datetime | None
    end: datetime
    why: str
    repair: bool = False


class Exchange(Struct, frozen=True):
    """The pump was exchanged, and the new one holds no program yet."""

    at: datetime
    catheter: Literal["kept", "new"] | None


def _rank(what: e.What) -> int:
    """The place of an event among those of one moment: what ends delivery first, what begins it last."""
    match what:
        case e.Programmed() if what.program.stopped:
            return 0
        case e.Device():
            # A readout before what happened after it: the uncertainty stays.
            return 4 if what.what.startswith("read out") else 5
        case e.Explained():
            return 8 if what.what != "refill" else 14
    return _RANKS.get(type(what), 15)


_RANKS: Final[dict[type, int]] = {
    e.Explant: 1, e.Implant: 2, e.Revision: 3, e.Residual: 6, e.Emptied: 7, e.Aspirated: 9, e.Refill: 10, e.Prime: 11,
    e.Bridge: 12, e.Programmed: 13,
}  # fmt: skip


def clinical_order(events: Iterable[e.Event]) -> list[e.Event]:
    """Return events by moment; those of one written time in the order in which they are done, whatever the order of lines.

    An event without a time of day keeps its place among the lines of its day.
    """
    return sorted(
        events, key=lambda event: (event.at, event.day_only, 0 if event.day_only else _rank(event.what), event.line)
    )


def logged_stall(what: e.Device, read_at: datetime, home: tzinfo) -> tuple[datetime, datetime] | None:
    """Return the times of a stall in the pump's log, at most until it was read; none where they cannot be placed."""
    if what.begin is None or what.end is None:
        return None
    try:
        begin, end = read_instant(what.begin, home).instant, read_instant(what.end, home).instant
    except MomentError:
        return None
    if begin is None or end is None:
        return None
    end = min(end, read_at)
    return (begin, end) if begin < end else None


def logged_stalls(events: Sequence[e.Event], home: tzinfo) -> tuple[tuple[float, float], ...]:
    """Return every stall that a readout found, in seconds since 1970."""
    stalls = [logged_stall(event.what, event.at, home) for event in events if isinstance(event.what, e.Device)]
    return tuple(sorted((stall[0].timestamp(), stall[1].timestamp()) for stall in stalls if stall is not None))

"""Days of the clinic's calendar: a task that is due in a number of days keeps its hour on the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


def days_later(instant: datetime, days: float, home: tzinfo) -> datetime:
    """Return the instant a number of calendar days later, at the same time of day in the clinic's zone.

    180 times 24 hours would end an hour early or late where the clocks change in between, and so on another day.

    Parameters
    ----------
    instant
        The beginning, UTC.
    days
        Whole days; a fraction counts as elapsed time.
    home
        The clinic's zone.
    """
    whole, rest = divmod(days, 1)
    wall = instant.astimezone(home).replace(tzinfo=None) + timedelta(days=whole)
    return wall.replace(tzinfo=home).astimezone(UTC) + timedelta(days=rest)

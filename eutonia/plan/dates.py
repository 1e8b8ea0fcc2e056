"""Calendar days between the steps of a plan, in the clinic's zone, so that daylight saving moves no dose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from eutonia.chart.facts import Facts
from eutonia.moment import local_day


def days_after(at: datetime, days: int | Decimal, facts: Facts) -> datetime:
    """Return the same wall-clock time `days` calendar days after `at`, in the clinic's zone."""
    # Arithmetic inside one zone keeps the wall clock; the result goes back to UTC to be compared as an instant.
    return (at.astimezone(facts.home) + timedelta(days=int(days))).astimezone(UTC)


def days_between(first: datetime, second: datetime, facts: Facts) -> int:
    """Return the calendar days from `first` to `second`, in the clinic's zone."""
    return (local_day(second, facts.home) - local_day(first, facts.home)).days

"""A clock that tests set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """It stands at the moment of the examples until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 5, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def on(self, **by: float) -> None:
        """Moves it on, or back."""
        self.at += timedelta(**by)

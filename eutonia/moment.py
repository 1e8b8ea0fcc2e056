"""Instants: when something happened, whatever the clocks on the wall said.

Inside Eutonia every moment is a UTC `datetime`; the zone of the clinic is used only where a person reads or writes.
Arithmetic on instants therefore counts elapsed time, through summer time and leap days.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

DAY: Final = timedelta(days=1)


class MomentError(ValueError):
    """A text that is not a moment; the message says what was read and what would do."""


class Written(Struct, frozen=True):
    """A moment as somebody wrote it.  A date without a time has no instant of its own, only a day."""

    day: date
    instant: datetime | None
    text: str


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?")


@lru_cache(maxsize=512)
def zone(name: str) -> tzinfo:
    """The time zone called `name`, such as 'Europe/Berlin', 'UTC' or '+01:00'."""
    if name in {"UTC", "Z"}:
        return UTC
    if re.fullmatch(r"[+-][0-9]{2}:[0-9]{2}", name):
        return _offset(name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise MomentError(f"'{name}' is not a time zone; write one such as 'Europe/Berlin' or 'UTC'") from error


@lru_cache(maxsize=512)
def _offset(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        raise MomentError(f"'{text}' is not a distance from UTC; write one such as '+01:00'")
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


@lru_cache(maxsize=4096)
def read_day(text: str) -> date:
    """The calendar day that `text` writes, such as 2026-01-05."""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise MomentError(f"'{text}' is not a date; write year, month and day such as '2026-01-05'")


@lru_cache(maxsize=2048)
def clock(text: str) -> time:
    """The time of day that `text` writes, such as 06:00."""
    found = _TIME.fullmatch(text)
    if found is None or found[4] or int(found[1]) > 23 or int(found[2]) > 59:
        raise MomentError(f"'{text}' is not a time of day; write one such as '06:00'")
    return time(int(found[1]), int(found[2]))


def read_moment(day_text: str, time_text: str | None, home: tzinfo) -> Written:
    """The moment written as a day and perhaps a time; a time without a zone is in `home`, the clinic's zone.

    A time that the clocks skip, or show twice, is refused: guessing would move a dose by an hour.
    """
    day = read_day(day_text)
    if time_text is None:
        return Written(day, None, day_text)
    found = _TIME.fullmatch(time_text)
    if found is None:
        raise MomentError(f"'{time_text}' is not a time; write one such as '09:30' or '10:00+01:00'")
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        hint = f"; for midnight at its end write '{day + DAY} 00:00'" if hour == 24 else ""
        raise MomentError(f"'{time_text}' is not a time of day between 00:00 and 23:59{hint}")
    text = f"{day_text} {time_text}"
    where = _offset(found[4]) if found[4] else home
    wall = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=where)
    try:
        instant = wall.astimezone(UTC)
    except OverflowError:
        raise MomentError(f"'{text}' is too far away to be a moment") from None
    if where is not UTC and not isinstance(where, timezone):
        other = wall.replace(fold=1).astimezone(UTC)
        if other != instant:
            what = "does not exist" if other < instant else "happens twice"
            raise MomentError(
                f"'{text}' {what} in {where}, because the clocks change then; write it with its distance from UTC, "
                f"such as '{time_text}{_distance(wall)}'"
            )
    return Written(day, instant, text)


def _distance(wall: datetime) -> str:
    away = wall.utcoffset() or timedelta()
    minutes = round(away.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def read_instant(text: str, home: tzinfo) -> Written:
    """A moment in one text: '2026-05-01', '2026-05-01 10:00', '2026-05-01T10:00:00+01:00'."""
    day, _, rest = text.strip().replace("T", " ", 1).partition(" ")
    return read_moment(day, rest.strip() or None, home)


def start_of(day: date, home: tzinfo) -> datetime:
    """The instant at which `day` begins in the clinic's zone."""
    return datetime(day.year, day.month, day.day, tzinfo=home).astimezone(UTC)


def local_day(instant: datetime, home: tzinfo) -> date:
    """The calendar day of an instant, in the clinic's zone."""
    return instant.astimezone(home).date()


def iso(instant: datetime, home: tzinfo = UTC) -> str:
    """An instant for JSON: to the second, with its distance from UTC."""
    return instant.astimezone(home).isoformat(timespec="seconds")


def shown(instant: datetime, home: tzinfo = UTC) -> str:
    """An instant for people: day and time in the clinic's zone."""
    return instant.astimezone(home).replace(tzinfo=None).isoformat(sep=" ", timespec="minutes")


def local(instant: datetime, home: tzinfo) -> str:
    """An instant as it is written on a chart: day and time in the clinic's zone, and the distance from UTC where the clock
    shows that time twice."""
    there = instant.astimezone(home)
    twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    return there.isoformat(sep=" ", timespec="minutes") if twice else there.strftime("%Y-%m-%d %H:%M")


def shown_day(instant: datetime, home: tzinfo = UTC) -> str:
    """The day of an instant for people."""
    return instant.astimezone(home).date().isoformat()


def years(born: date, day: date) -> int:
    """Whole years of age on `day`."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def months(born: date, day: date) -> int:
    """Whole months of age on `day`."""
    return (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)


def anniversary(instant: datetime, after_years: int) -> datetime:
    """The same calendar moment some years later; 29 February becomes 1 March."""
    try:
        return instant.replace(year=instant.year + after_years)
    except ValueError:
        return instant.replace(year=instant.year + after_years, month=3, day=1)

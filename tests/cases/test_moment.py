"""Moments: what reads, what the clocks do not have or have twice, and how a moment is written back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from eutonia.moment import (
    MomentError,
    anniversary,
    clock,
    iso,
    local_day,
    months,
    read_day,
    read_instant,
    read_moment,
    shown,
    shown_day,
    start_of,
    years,
    zone,
)

BERLIN = zone("Europe/Berlin")
NEW_YORK = zone("America/New_York")


def refused(day: str, clock_: str | None, home: object = UTC) -> str:
    with pytest.raises(MomentError) as caught:
        read_moment(day, clock_, home)  # type: ignore[arg-type]
    return str(caught.value)


# --- zones ----------------------------------------------------------------------------------------------------------


def test_a_zone_is_a_place_or_utc_or_a_distance_from_it() -> None:
    assert zone("UTC") is UTC
    assert zone("Z") is UTC
    assert str(BERLIN) == "Europe/Berlin"
    assert zone("+05:30") == timezone(timedelta(hours=5, minutes=30))
    assert zone("-03:30") == timezone(-timedelta(hours=3, minutes=30))
    assert zone("+14:59") == timezone(timedelta(hours=14, minutes=59))


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "../etc/passwd", "/etc/passwd", "+1:00", "+01:00x", "x+01:00"])
def test_what_is_no_zone_is_refused_with_one_that_is(name: str) -> None:
    with pytest.raises(MomentError) as caught:
        zone(name)
    assert str(caught.value) == f"'{name}' is not a time zone; write one such as 'Europe/Berlin' or 'UTC'"
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("name", ["+15:00", "-15:00", "+01:60"])
def test_no_zone_is_15_hours_or_60_minutes_away(name: str) -> None:
    with pytest.raises(MomentError) as caught:
        zone(name)
    assert str(caught.value) == f"'{name}' is not a distance from UTC; write one such as '+01:00'"


# --- days and times -------------------------------------------------------------------------------------------------


def test_a_day_is_year_month_day() -> None:
    assert read_day("2024-02-29") == date(2024, 2, 29)
    for text in ("2026-02-29", "2026-1-5", "20260105", "05.01.2026", "2026-01-05 ", ""):
        with pytest.raises(MomentError) as caught:
            read_day(text)
        assert str(caught.value) == f"'{text}' is not a date; write year, month and day such as '2026-01-05'"


@pytest.mark.parametrize(("text", "value"), [("00:00", time(0)), ("06:05", time(6, 5)), ("23:59", time(23, 59))])
def test_a_time_of_day_is_hour_and_minute(text: str, value: time) -> None:
    assert clock(text) == value


@pytest.mark.parametrize("text", ["24:00", "12:60", "6:00", "06:00Z", "06:00+01:00", "noon", "", "06:00 "])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(MomentError) as caught:
        clock(text)
    assert str(caught.value) == f"'{text}' is not a time of day; write one such as '06:00'"


# --- moments --------------------------------------------------------------------------------------------------------


def test_a_date_alone_is_a_day_without_an_instant() -> None:
    found = read_moment("2026-01-05", None, BERLIN)
    assert (found.day, found.instant, found.text) == (date(2026, 1, 5), None, "2026-01-05")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("10:00", (9, 0, 0)),
        ("23:59:59", (22, 59, 59)),
        ("10:00:30.5", (9, 0, 30)),
        ("10:00Z", (10, 0, 0)),
        ("10:00+05:30", (4, 30, 0)),
        ("10:00:15-03:30", (13, 30, 15)),
    ],
)
def test_a_time_is_the_clinics_unless_it_carries_its_own_distance(text: str, utc: tuple[int, int, int]) -> None:
    found = read_moment("2026-01-05", text, BERLIN)
    assert found.instant == datetime(2026, 1, 5, *utc, tzinfo=UTC)
    assert found.instant.tzinfo is UTC
    assert (found.day, found.text) == (date(2026, 1, 5), f"2026-01-05 {text}")


def test_a_time_without_minutes_or_with_words_is_refused() -> None:
    for text in ("10", "10:00 am", "1000", "10:00+1"):
        assert refused("2026-01-05", text) == f"'{text}' is not a time; write one such as '09:30' or '10:00+01:00'"


def test_a_moment_beyond_the_calendar_is_refused() -> None:
    for day, text in (("0001-01-01", "00:00+01:00"), ("9999-12-31", "23:00-05:00")):
        assert refused(day, text) == f"'{day} {text}' is too far away to be a moment"


def test_a_time_that_no_clock_shows_is_refused() -> None:
    wrong = "is not a time of day between 00:00 and 23:59"
    for text in ("25:00", "12:60", "12:00:60"):
        assert refused("2026-01-05", text) == f"'{text}' {wrong}"
    assert refused("2026-01-05", "24:00") == f"'24:00' {wrong}; for midnight at its end write '2026-01-06 00:00'"


def test_an_hour_that_the_clocks_skip_is_refused_with_how_to_write_it() -> None:
    said = refused("2026-03-29", "02:30", BERLIN)
    assert said == (
        "'2026-03-29 02:30' does not exist in Europe/Berlin, because the clocks change then; "
        "write it with its distance from UTC, such as '02:30+01:00'"
    )


def test_an_hour_that_comes_twice_is_refused_with_how_to_write_it() -> None:
    said = refused("2026-10-25", "02:30", BERLIN)
    assert said == (
        "'2026-10-25 02:30' happens twice in Europe/Berlin, because the clocks change then; "
        "write it with its distance from UTC, such as '02:30+02:00'"
    )
    assert refused("2026-11-01", "01:30", NEW_YORK).endswith("such as '01:30-04:00'")
    assert refused("2026-11-01", "01:30", zone("America/St_Johns")).endswith("such as '01:30-02:30'")


def test_where_the_clinic_is_at_utc_the_distance_is_plus_zero() -> None:
    assert refused("2026-03-29", "01:30", zone("Europe/London")).endswith("such as '01:30+00:00'")


def test_the_hours_beside_the_change_of_the_clocks_read() -> None:
    assert read_moment("2026-03-29", "01:59", BERLIN).instant == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert read_moment("2026-03-29", "03:00", BERLIN).instant == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert read_moment("2026-03-29", "02:30", UTC).instant == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
    assert read_moment("2026-10-25", "02:30+01:00", BERLIN).instant == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-05-01 10:00", "2026-05-01T10:00", " 2026-05-01   10:00 ", "2026-05-01T10:00:00", "2026-05-01 10:00+02:00"],
)
def test_a_moment_in_one_text_reads_with_a_space_or_a_t(text: str) -> None:
    found = read_instant(text, BERLIN)
    assert found.instant == datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
    assert found.day == date(2026, 5, 1)


def test_a_day_in_one_text_is_a_day_and_only_the_first_t_is_a_space() -> None:
    assert read_instant(" 2026-05-01 ", BERLIN).instant is None
    with pytest.raises(MomentError, match="'10:00T' is not a time"):
        read_instant("2026-05-01T10:00T", BERLIN)


# --- back to people -------------------------------------------------------------------------------------------------


def test_a_day_begins_and_belongs_where_the_clinic_is() -> None:
    assert start_of(date(2026, 5, 1), BERLIN) == datetime(2026, 4, 30, 22, 0, tzinfo=UTC)
    assert start_of(date(2026, 5, 1), BERLIN).tzinfo is UTC
    late = datetime(2026, 4, 30, 22, 30, 45, tzinfo=UTC)
    assert local_day(late, BERLIN) == date(2026, 5, 1)
    assert iso(late, BERLIN) == "2026-05-01T00:30:45+02:00"
    assert iso(late.replace(microsecond=7)) == "2026-04-30T22:30:45+00:00"
    assert shown(late, BERLIN) == "2026-05-01 00:30"
    assert shown(late) == "2026-04-30 22:30"
    assert shown_day(late, BERLIN) == "2026-05-01"
    assert shown_day(late) == "2026-04-30"


@pytest.mark.parametrize(
    ("born", "day", "whole_years", "whole_months"),
    [
        ("2020-05-10", "2026-05-09", 5, 71),
        ("2020-05-10", "2026-05-10", 6, 72),
        ("2020-05-10", "2026-06-09", 6, 72),
        ("2020-05-10", "2026-06-10", 6, 73),
        ("2020-12-31", "2021-01-01", 0, 0),
        ("2020-02-29", "2021-02-28", 0, 11),
        ("2020-02-29", "2021-03-01", 1, 12),
    ],
)
def test_an_age_turns_on_the_birthday(born: str, day: str, whole_years: int, whole_months: int) -> None:
    assert years(read_day(born), read_day(day)) == whole_years
    assert months(read_day(born), read_day(day)) == whole_months


def test_an_anniversary_keeps_the_moment_and_29_february_becomes_1_march() -> None:
    assert anniversary(datetime(2019, 4, 1, 10, 0, tzinfo=UTC), 7) == datetime(2026, 4, 1, 10, 0, tzinfo=UTC)
    assert anniversary(datetime(2024, 2, 29, 10, 0, tzinfo=UTC), 7) == datetime(2031, 3, 1, 10, 0, tzinfo=UTC)
    assert anniversary(datetime(2024, 2, 29, 10, 0, tzinfo=UTC), 4) == datetime(2028, 2, 29, 10, 0, tzinfo=UTC)

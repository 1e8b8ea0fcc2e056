"""The pump as a device: which one is meant, what is known of it, and what a program makes it move, second by second."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eutonia.chart.orders import Program, read_program
from eutonia.knowledge import book
from eutonia.pump.device import Model, model
from eutonia.pump.program import Flow, problems
from eutonia.quantity import Quantity


def _ml(*volumes: int) -> tuple[Quantity, ...]:
    return tuple(Quantity.of(each, "mL") for each in volumes)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("SynchroMed II", "synchromed_ii"),
        ("synchromed ii", "synchromed_ii"),
        ("Medtronic SynchroMed II", "synchromed_ii"),
        ("SynchroMedII", "synchromed_ii"),
        ("SynchroMed 2", "synchromed_ii"),
        ("Prometra II", "prometra_ii"),
        ("Codman Archimedes", "constant_flow"),
        ("Archimedes", "constant_flow"),
        ("constant flow pump", "constant_flow"),
        ("constant-flow", "constant_flow"),
    ],
)
def test_a_pump_is_known_by_its_name_however_it_is_written(name: str, key: str) -> None:
    found = model(name, book())
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize(
    "name",
    [
        "SynchroMed III",
        "SynchroMed",
        "SynchroMed EL",
        "Prometra",
        "SynchroMedIII",
        "Other",
        "Siromedes",
        "Archimedes DC",
        "Flow constan",
        "II",
    ],
)
def test_a_pump_that_is_not_in_the_table_is_not_taken_for_one_that_is(name: str) -> None:
    assert model(name, book()) is None


def test_a_synchromed_ii_is_known_with_what_was_read_and_what_was_not() -> None:
    assert model("SynchroMed II", book()) == Model(
        key="synchromed_ii",
        title="SynchroMed II",
        programmable=True,
        capacities=_ml(20, 40),
        accuracy=Quantity.of("14.5", "%"),
        flow=(Quantity.of("0.048", "mL/day"), Quantity.of(24, "mL/day")),
        flow_verified=False,
        most_steps=13,
        service_years=7,
        unaspirable=Quantity.of("1.4", "mL"),
        unverified=("device.synchromed_ii.flow", "device.synchromed_ii.unaspirable", "device.synchromed_ii.tubing"),
    )


def test_a_prometra_ii_is_known_by_its_accuracy_alone() -> None:
    assert model("Prometra II", book()) == Model(
        key="prometra_ii",
        title="Prometra II",
        programmable=True,
        capacities=_ml(20, 40),
        accuracy=Quantity.of(15, "%"),
        flow=None,
        flow_verified=False,
        most_steps=None,
        service_years=None,
        unaspirable=None,
        unverified=(),
    )


def test_a_constant_flow_pump_takes_no_program() -> None:
    found = model("Codman Archimedes", book())
    assert found is not None
    assert (found.title, found.programmable, found.capacities) == ("constant-flow pump", False, _ml(20, 30, 40))
    assert (found.accuracy, found.flow, found.flow_verified, found.most_steps, found.service_years) == (
        None,
        None,
        False,
        None,
        None,
    )
    assert found.unverified == ("device.constant_flow",)


# --- what a program moves -------------------------------------------------------------------------------------------

HOUR = 3600.0
DAY = 86400.0


def at(text: str) -> float:
    """Seconds since 1970 of a UTC moment in April 2026, such as '02 06:10' or '02 06:10:30'."""
    return datetime.fromisoformat(f"2026-04-{text}").replace(tzinfo=UTC).timestamp()


def program(*pieces: str) -> Program:
    return read_program(list(pieces))


def flow(*pieces: str, start: str = "01 00:00", clock_h: float = 0.0) -> Flow:
    return Flow(program(*pieces), 500.0, at(start), clock_h * HOUR)


def test_several_boluses_and_no_continuous_dose_add_up() -> None:
    found = flow("bolus 10 mcg at 06:00", "bolus 5 mcg at 12:00, 18:00")
    assert found.dose_mcg(at("02 00:00"), at("03 00:00")) == 20
    assert found.dose_mcg(at("02 00:00"), at("02 05:00")) == 0
    assert found.dose_mcg(at("02 00:00"), at("02 12:30")) == 15


def test_a_continuous_program_moves_its_dose_evenly() -> None:
    found = flow("continuous 100 mcg/day")
    assert found.dose_mcg(at("02 00:00"), at("03 00:00")) == pytest.approx(100)
    assert found.dose_mcg(at("02 00:00"), at("02 06:00")) == pytest.approx(25)
    assert found.volume_ml(at("02 00:00"), at("03 00:00")) == pytest.approx(0.2)
    assert found.dose_mcg(at("02 00:00"), at("02 00:00")) == 0
    assert found.dose_mcg(at("03 00:00"), at("02 00:00")) == 0


STEPS = "day 4 mcg/h from 00:00, 6 mcg/h from 07:30, 2 mcg/h from 20:15"


@pytest.mark.parametrize(
    ("begin", "end", "dose"),
    [
        ("02 00:00", "03 00:00", 4 * 7.5 + 6 * 12.75 + 2 * 3.75),
        ("02 07:00", "02 08:00", 2 + 3),
        ("02 07:30", "02 08:30", 6),
        ("02 20:00", "02 20:30", 1.5 + 0.5),
        ("02 23:00", "03 01:00", 2 + 4),
        ("02 07:00", "04 08:00", 2 * 114 + 2 + 3),
    ],
)
def test_a_day_schedule_changes_its_rate_at_the_minute_that_is_written(begin: str, end: str, dose: float) -> None:
    assert flow(STEPS).dose_mcg(at(begin), at(end)) == pytest.approx(dose)
    with_base = flow("continuous 24 mcg/day", STEPS)
    assert with_base.dose_mcg(at(begin), at(end)) == pytest.approx(dose + (at(end) - at(begin)) / HOUR)


def test_a_schedule_runs_by_the_pumps_clock() -> None:
    ahead = flow(STEPS, clock_h=1)
    assert ahead.dose_mcg(at("02 06:00"), at("02 07:00")) == pytest.approx(5)
    behind = flow(STEPS, clock_h=-1)
    assert behind.dose_mcg(at("02 08:00"), at("02 09:00")) == pytest.approx(5)
    bolus = flow("bolus 12 mcg at 06:10", clock_h=2)
    assert bolus.dose_mcg(at("02 04:09"), at("02 04:10")) == 12
    assert bolus.dose_mcg(at("02 04:10"), at("03 04:09")) == 0


def test_a_bolus_is_given_at_its_minute_and_counted_once() -> None:
    found = flow("bolus 12 mcg at 06:10, 22:00")
    assert found.dose_mcg(at("02 06:09"), at("02 06:09:59")) == 0
    assert found.dose_mcg(at("02 06:09:59"), at("02 06:10")) == 12
    assert found.dose_mcg(at("02 06:10"), at("02 22:00")) == 12
    assert found.dose_mcg(at("02 00:00"), at("05 00:00")) == 72
    assert flow("continuous 24 mcg/day", "bolus 12 mcg at 06:10").dose_mcg(at("02 06:00"), at("02 07:00")) == 13


def test_a_program_without_a_clock_runs_by_utc() -> None:
    found = Flow(program("bolus 12 mcg at 06:10"), 500.0, at("01 00:00"))
    assert found.dose_mcg(at("02 00:00"), at("02 06:10") - 0.5) == 0
    assert found.dose_mcg(at("02 06:10") - 0.5, at("02 06:10")) == 12


def test_a_bolus_that_takes_its_time_counts_in_part_while_it_runs() -> None:
    found = flow("bolus 12 mcg at 06:00 over 30 min")
    for clock, dose in (("06:00", 0), ("06:10", 4), ("06:15", 6), ("06:30", 12), ("06:45", 12), ("23:00", 12)):
        assert found.dose_mcg(at("01 05:00"), at(f"01 {clock}")) == pytest.approx(dose)
        assert found.dose_mcg(at("02 05:00"), at(f"02 {clock}")) == pytest.approx(dose)
    assert found.dose_mcg(at("02 06:15"), at("03 06:15")) == pytest.approx(12)
    quick = flow("bolus 12 mcg at 06:00 over 0.01 min")  # 0.6 s
    assert quick.dose_mcg(at("02 05:00"), at("02 06:00") + 0.3) == pytest.approx(6)


def test_a_program_begun_while_its_bolus_would_run_waits_for_the_next_one() -> None:
    found = flow("bolus 12 mcg at 06:00 over 30 min", start="01 06:10")
    assert found.dose_mcg(at("01 06:10"), at("01 07:00")) == 0
    assert found.dose_mcg(at("01 06:10"), at("02 06:15")) == pytest.approx(6)
    assert found.dose_mcg(at("01 06:10"), at("02 07:00")) == 12
    just = flow("bolus 12 mcg at 06:00", start="01 06:00")
    assert just.dose_mcg(at("01 06:00"), at("02 05:59")) == 0
    assert just.dose_mcg(at("01 06:00"), at("02 06:00")) == 12


def test_a_bolus_every_few_hours_comes_first_after_that_many_hours() -> None:
    found = flow("bolus 10 mcg every 2.5 h", start="01 00:05")
    assert found.dose_mcg(at("01 00:05"), at("01 02:34")) == 0
    assert found.dose_mcg(at("01 00:05"), at("01 02:35")) == 10
    assert found.dose_mcg(at("01 00:05"), at("02 00:05")) == 90
    assert found.dose_mcg(at("01 02:35"), at("01 05:05")) == 10
    slow = flow("bolus 10 mcg every 2 h over 30 min", start="01 00:00")
    assert slow.dose_mcg(at("01 00:00"), at("01 01:00")) == 0
    assert slow.dose_mcg(at("01 00:00"), at("01 02:15")) == pytest.approx(5)
    assert slow.dose_mcg(at("01 00:00"), at("01 04:15")) == pytest.approx(15)


@pytest.mark.parametrize(
    ("pieces", "volume", "when"),
    [
        (("continuous 100 mcg/day",), 0.2, "02 00:00"),
        (("continuous 100 mcg/day",), 0.05, "01 06:00"),
        ((STEPS,), 0.06, "01 07:30"),
        ((STEPS,), 0.228, "02 00:00"),
        (("bolus 10 mcg at 06:00",), 0.02, "01 06:00"),
        (("bolus 10 mcg at 06:00",), 0.021, "02 06:00"),
        (("bolus 10 mcg every 48 h",), 0.04, "05 00:00"),
        (("continuous 24 mcg/day", "bolus 10 mcg at 06:00"), 0.03, "01 06:00"),
        (("continuous 24 mcg/day", STEPS), 0.075, "01 07:30"),
    ],
)
def test_the_moment_at_which_a_volume_has_flowed_is_found_to_a_tenth_of_a_second(
    pieces: tuple[str, ...], volume: float, when: str
) -> None:
    found = flow(*pieces)
    horizon = at("01 00:00") + 4000 * DAY
    assert found.when(volume, at("01 00:00"), horizon) == pytest.approx(at(when), abs=0.11)


@pytest.mark.parametrize(
    ("pieces", "volume", "when"),
    [
        ((STEPS,), 0.05, "01 06:00"),
        (("continuous 24 mcg/day", "bolus 10 mcg at 06:00 over 60 min"), 0.019, "01 04:30"),
    ],
)
def test_a_day_of_the_pump_begins_by_its_own_clock(pieces: tuple[str, ...], volume: float, when: str) -> None:
    found = flow(*pieces, clock_h=2.0)
    begin = at("01 00:00")
    assert found.when(volume, begin, begin + 400 * DAY) == pytest.approx(at(when), abs=1e-3)


def test_a_continuous_program_is_dated_exactly() -> None:
    begin, horizon = at("01 00:00"), at("30 00:00")
    assert flow("continuous 100 mcg/day").when(0.05, begin, horizon) == begin + 6 * HOUR


def test_nothing_has_flowed_at_once_and_a_stopped_pump_never_moves_anything() -> None:
    begin, horizon = at("02 00:00"), at("30 00:00")
    for pieces in (("continuous 100 mcg/day",), (STEPS,), ("stop",)):
        assert flow(*pieces).when(0.0, begin, horizon) == begin
        assert flow(*pieces).when(-1.0, begin, horizon) == begin
    assert flow("stop").when(0.1, begin, horizon) is None
    assert flow("stop").dose_mcg(begin, horizon) == 0


@pytest.mark.parametrize("pieces", [("continuous 100 mcg/day",), ("day 4 mcg/h from 00:00, 6 mcg/h from 12:00",)])
def test_a_volume_beyond_the_horizon_is_never_reached_and_one_at_the_horizon_is(pieces: tuple[str, ...]) -> None:
    found, begin = flow(*pieces), at("01 00:00")
    daily = found.volume_ml(begin, begin + DAY)
    assert found.when(daily, begin, begin + DAY) == pytest.approx(begin + DAY, abs=0.11)
    assert found.when(daily, begin, begin + DAY - 60) is None


# --- what keeps a pump from running a program -----------------------------------------------------------------------

RANGE = (Quantity.read("0.048 mL/day"), Quantity.read("24 mL/day"))
STRENGTH = Quantity.read("500 mcg/mL")


@pytest.mark.parametrize(
    ("daily", "fits"), [("23.9", False), ("24", True), ("100", True), ("12000", True), ("12000.1", False)]
)
def test_a_rate_at_either_end_of_the_range_fits_and_one_beyond_does_not(daily: str, fits: bool) -> None:
    said = problems(program(f"continuous {daily} mcg/day"), STRENGTH, RANGE, None)
    assert (said == []) is fits


def test_a_rate_that_does_not_fit_is_told_with_the_range() -> None:
    assert problems(program("continuous 16.6666 mcg/day"), STRENGTH, RANGE, None) == [
        "16.6666 mcg daily of 500 mcg/mL needs 0.0333 mL/day; the pump runs from 0.048 mL/day to 24 mL/day"
    ]
    assert problems(program("continuous 16.6666 mcg/day"), STRENGTH, None, None) == []


def test_a_day_of_more_steps_than_the_pump_takes_does_not_fit() -> None:
    three = program(STEPS)
    assert problems(three, STRENGTH, None, 2) == ["the day has 3 steps; the pump takes 2"]
    assert problems(three, STRENGTH, None, 3) == []
    assert problems(three, STRENGTH, RANGE, None) == []


@pytest.mark.parametrize(
    ("bolus", "fits"),
    [
        ("bolus 60 mcg every 2 h over 120 min", True),
        ("bolus 60 mcg every 2 h over 120.1 min", False),
        ("bolus 60 mcg every 48 h over 1440 min", True),
        ("bolus 60 mcg every 48 h over 1440.1 min", False),
        ("bolus 60 mcg at 06:00 over 1440 min", True),
        ("bolus 60 mcg at 06:00 over 1440.1 min", False),
        ("bolus 60 mcg every 1 h", True),
        ("bolus 60 mcg at 06:00, 08:00 over 120 min", True),
        ("bolus 60 mcg at 06:00, 08:00 over 120.1 min", False),
        ("bolus 60 mcg at 06:30, 08:15 over 105 min", True),
        ("bolus 60 mcg at 06:30, 08:15 over 106 min", False),
        ("bolus 60 mcg at 01:00, 12:00, 23:00 over 120 min", True),
        ("bolus 60 mcg at 01:00, 12:00, 23:00 over 121 min", False),
    ],
)
def test_a_bolus_ends_before_the_next_one_begins(bolus: str, fits: bool) -> None:
    said = problems(program(bolus), STRENGTH, RANGE, 13)
    assert said == (
        [] if fits else [f"'{program(bolus).boluses[0].written}' lasts longer than the time to the next one"]
    )

"""What holds for every pump and every sequence of events: drug is conserved, days are 24 pump hours, inverses agree."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eutonia
from eutonia.chart import Facts
from eutonia.chart.orders import Periodic, Program, Step
from eutonia.knowledge import book
from eutonia.pump import explanted_pump, pump_state
from eutonia.pump.line import Line, bridge
from eutonia.pump.program import Flow
from eutonia.pump.reservoir import left_the_tip
from eutonia.quantity import Quantity
from tests.charts import PUMP, charts

START = datetime(2026, 3, 20, 11, 5, tzinfo=UTC).timestamp()


def _q(value: object, unit: str) -> Quantity:
    return Quantity.of(str(value), unit)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Any program that a chart can write."""
    amounts = st.decimals("0.5", "60", places=1)
    continuous = draw(st.none() | st.decimals("10", "900", places=1))
    minutes = draw(st.lists(st.integers(0, 1439), unique=True, max_size=4))
    boluses: list[Periodic] = []
    if minutes:
        at = tuple(time(m // 60, m % 60) for m in sorted(minutes))
        boluses.append(Periodic(_q(draw(amounts), "mcg"), at, None, draw(st.none() | st.just(Decimal(30)))))
    if draw(st.booleans()):
        boluses.append(
            Periodic(_q(draw(amounts), "mcg"), (), draw(st.sampled_from([Decimal(1), Decimal(7), Decimal("2.5")])))
        )
    steps: tuple[Step, ...] = ()
    if draw(st.booleans()):
        hours = sorted({0, *draw(st.lists(st.integers(1, 23), min_size=1, max_size=5))})
        steps = tuple(Step(_q(draw(amounts), "mcg/h"), time(h)) for h in hours)
    if continuous is None and not boluses and not steps:
        continuous = Decimal(100)
    return Program(None if continuous is None else _q(continuous, "mcg/day"), tuple(boluses), steps)


@settings(max_examples=150, deadline=None)
@given(programs(), st.integers(-14 * 4, 14 * 4))
def test_over_many_whole_cycles_a_program_delivers_exactly_its_daily_dose(program: Program, quarter_hours: int) -> None:
    flow = Flow(program, 500.0, START, quarter_hours * 900.0)
    days = 24 * 35  # a whole number of cycles of 1 h, 2.5 h, 7 h and 24 h
    begin = START + 86400 * 5
    delivered = flow.dose_mcg(begin, begin + days * 86400)
    # The daily dose is exact but for boluses such as every 7 h, which are told to three places.
    exact = all(bolus.every_h is None or 24 % bolus.every_h == 0 for bolus in program.boluses)
    assert delivered == pytest.approx(float(program.daily.value) * days, rel=1e-9 if exact else 1e-3)


@settings(max_examples=100, deadline=None)
@given(programs(), st.lists(st.floats(0, 30 * 86400), min_size=2, max_size=6))
def test_delivery_adds_up_over_any_split_of_the_time(program: Program, cuts: list[float]) -> None:
    flow = Flow(program, 500.0, START)
    points = [START + cut for cut in sorted(cuts)]
    pieces = sum(flow.dose_mcg(a, b) for a, b in itertools.pairwise(points))
    assert pieces == pytest.approx(flow.dose_mcg(points[0], points[-1]), rel=1e-9, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(programs(), st.floats(0.001, 15))
def test_the_moment_at_which_a_volume_has_flowed_agrees_with_the_volume_that_flows_by_then(
    program: Program, volume: float
) -> None:
    flow = Flow(program, 500.0, START)
    when = flow.when(volume, START, START + 20 * 366 * 86400)
    assert when is not None
    assert flow.volume_ml(START, when + 0.2) >= volume - 1e-9
    assert flow.volume_ml(START, when - 0.2) <= volume + 1e-9


def _by_the_minute(program: Program, minutes: int) -> float:
    """The dose of the first minutes after START, counted minute by minute (pump clock UTC, boluses at once)."""
    total = 0.0
    began = datetime.fromtimestamp(START, UTC)
    for n in range(1, minutes + 1):
        now = began + timedelta(minutes=n)
        before = now - timedelta(minutes=1)
        if program.continuous is not None:
            total += float(program.continuous.value) / 1440
        for bolus in program.boluses:
            if bolus.every_h is not None:
                total += float(bolus.dose.value) if n % int(bolus.every_h * 60) == 0 else 0.0
            elif now.time().replace(second=0) in bolus.at:
                total += float(bolus.dose.value)
        if program.steps:
            rate = [s for s in program.steps if s.at <= before.time()][-1].rate
            total += float(rate.value) / 60
    return total


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs().filter(lambda p: all(b.over_min is None for b in p.boluses)))
def test_the_closed_form_agrees_with_counting_minute_by_minute(program: Program) -> None:
    minutes = 3 * 1440 + 77
    assert Flow(program, 500.0, START).dose_mcg(START, START + minutes * 60) == pytest.approx(
        _by_the_minute(program, minutes), rel=1e-9
    )


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(charts())
def test_drug_is_conserved_for_any_sequence_of_events(drawn: tuple[str, datetime]) -> None:
    text, now = drawn
    state = pump_state(Facts(eutonia.read(text), now, book()))
    if state is None:
        return
    parts = state.chamber_mcg + state.line_mcg + state.delivered_mcg + state.drawn_mcg
    assert parts == pytest.approx(state.filled_mcg, rel=1e-9, abs=1e-9)
    assert min(state.chamber_mcg, state.line_mcg, state.delivered_mcg, state.drawn_mcg) >= -1e-9
    assert state.left_ml is None or state.left_ml >= 0


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(charts(), st.lists(st.integers(0, 400), min_size=1, max_size=12))
def test_what_has_left_the_tip_is_what_the_pump_has_delivered_and_never_comes_back(
    drawn: tuple[str, datetime], hours: list[int]
) -> None:
    text, now = drawn
    chart = eutonia.read(text)
    facts = Facts(chart, now, book())
    pump = pump_state(facts)
    instants = sorted({now + timedelta(hours=h) for h in (0, *hours)})
    left = left_the_tip(facts, (), instants)
    assert left == sorted(left)
    if pump is not None:
        assert left[0] == pytest.approx(pump.delivered_mcg, rel=1e-12)
        assert left[-1] <= pump.delivered_mcg + pump.chamber_mcg + pump.line_mcg + 1e-6
    elif explanted_pump(facts) is None:
        assert left[-1] == 0.0
    else:
        # After the explant nothing more leaves the tip.
        assert left[-1] == left[0]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(charts())
def test_a_refill_is_never_due_later_than_any_of_its_limits(drawn: tuple[str, datetime]) -> None:
    text, now = drawn
    state = pump_state(Facts(eutonia.read(text), now, book()))
    if state is None or state.due is None:
        return
    limits = [each for each in (state.low_at, state.stability_end) if each is not None]
    assert state.due[0] == min(limits)
    assert state.low_at is None or state.empty_at is None or state.low_at <= state.empty_at + timedelta(seconds=1)


@given(st.lists(st.tuples(st.floats(0, 3), st.sampled_from([0.0, 500.0, 2000.0])), max_size=12))
def test_a_line_gives_back_what_is_pushed_into_it_in_order(pushes: list[tuple[float, float]]) -> None:
    line = Line.unfilled(0.364)
    out = sum(line.push(volume, strength) for volume, strength in pushes)
    assert out + line.drug_mcg == pytest.approx(sum(v * s for v, s in pushes), rel=1e-9, abs=1e-9)
    assert sum(volume for volume, _ in line.plugs) == pytest.approx(0.364, rel=1e-9)


@given(
    st.decimals("0.1", "1", places=3),
    st.sampled_from([500, 1000, 2000]),
    st.sampled_from([500, 1000, 2000]),
    st.decimals("50", "900", places=0),
)
def test_with_its_bridge_a_change_of_strength_keeps_the_dose_at_the_tip(
    line: Decimal, old: int, new: int, daily: Decimal
) -> None:
    found = bridge(_q(line, "mL"), _q(old, "mcg/mL"), _q(daily, "mcg/day"))
    tube = Line.unfilled(float(line))
    tube.push(float(line), float(old))
    out = tube.push(float(found.rate_ml_day) * float(found.hours) / 24, float(new))
    assert out == pytest.approx(float(found.dose.value), rel=1e-9)
    assert out / float(found.hours) * 24 == pytest.approx(float(daily), rel=1e-9)
    assert tube.drug_mcg == pytest.approx(float(line) * new, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(-3000, 3000))
def test_moving_a_whole_chart_by_days_moves_its_dates_and_nothing_else(days: int) -> None:
    def moved(by: int) -> str:
        lines = []
        for line in PUMP.splitlines():
            head, rest = line[:10], line[10:]
            lines.append(f"{datetime.fromisoformat(head).date() + timedelta(days=by)}{rest}")
        return "\n".join(lines) + "\n"

    now = datetime(2026, 4, 1, 12, tzinfo=UTC)
    here = pump_state(Facts(eutonia.read(moved(0)), now, book()))
    there = pump_state(Facts(eutonia.read(moved(days)), now + timedelta(days=days), book()))
    assert here is not None
    assert there is not None
    assert there.left_ml == pytest.approx(here.left_ml, abs=1e-7)
    assert here.low_at is not None
    assert there.low_at is not None
    assert abs(there.low_at - here.low_at - timedelta(days=days)) <= timedelta(seconds=1)

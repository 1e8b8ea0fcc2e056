"""Routine charts stay quiet: no emergency card, few stops and cautions, and always an option."""

from __future__ import annotations

import pytest

from tests.routine import KINDS, PER_KIND, Loudness, RoutineChart, measure, routine_charts

MAX_STOPS = MAX_CAUTIONS = 3


@pytest.fixture(scope="module")
def measured() -> list[tuple[RoutineChart, Loudness]]:
    return [(chart, measure(chart)) for chart in routine_charts()]


def test_two_hundred_routine_charts_cover_five_kinds_of_visit(measured: list[tuple[RoutineChart, Loudness]]) -> None:
    assert [chart.kind for chart, _ in measured] == [kind for kind in KINDS for _ in range(PER_KIND)]
    assert len({chart.text for chart, _ in measured}) == len(measured) == 200


@pytest.mark.hazard("H82")
def test_no_routine_chart_raises_an_emergency_card(measured: list[tuple[RoutineChart, Loudness]]) -> None:
    assert [chart.text for chart, loudness in measured if loudness.card] == []


@pytest.mark.hazard("H82")
def test_a_routine_chart_has_at_most_three_stops_and_three_cautions(
    measured: list[tuple[RoutineChart, Loudness]],
) -> None:
    loud = [
        chart.text for chart, loudness in measured if loudness.stops > MAX_STOPS or loudness.cautions > MAX_CAUTIONS
    ]
    assert loud == []


@pytest.mark.hazard("H82")
@pytest.mark.parametrize("kind", KINDS)
def test_at_least_95_percent_of_routine_charts_have_an_option(
    measured: list[tuple[RoutineChart, Loudness]], kind: str
) -> None:
    options = [loudness.option for chart, loudness in measured if chart.kind == kind]
    assert sum(options) >= 0.95 * len(options)


@pytest.mark.hazard("H81")
def test_every_running_pump_of_a_routine_chart_has_a_refill_or_taper(
    measured: list[tuple[RoutineChart, Loudness]],
) -> None:
    pumps = [(chart, loudness) for chart, loudness in measured if loudness.pump_plan is not None]
    assert len(pumps) >= 80
    assert [chart.text for chart, loudness in pumps if not loudness.pump_plan] == []

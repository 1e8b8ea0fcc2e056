"""The course of plasma after any doses, computed another way: matrix exponentials dose by dose, and an ODE solver.

Each case is one corner in which programs of this kind have been wrong without saying so.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm
from sksundae.cvode import CVODE

from eutonia.body import plasma
from eutonia.body.kinetics import Kinetics, KineticsError, concentrations
from eutonia.body.person import people
from eutonia.body.table import event_table, regimen
from eutonia.knowledge import book

Floats = NDArray[np.float64]
ADULT = {
    "transit_h": 0.0, "absorb_h": 1.8, "clearance_l_h": 8.0, "renal_l_h": 6.2, "central_l": 21.3,
    "between_l_h": 9.6, "peripheral_l": 20.0, "share": 0.74, "lag_h": 0.0,
}  # fmt: skip
TIMES = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.9, 8.0, 8.1, 9.0, 12.0, 15.0, 16.0, 20.0, 24.0, 31.0, 40.0, 72.0])  # fmt: skip

# name, kinetics that differ from ADULT, records
CASES: tuple[tuple[str, dict[str, float], list[dict[str, float]]], ...] = (
    ("one dose", {}, [{"TIME": 0, "AMT": 20}]),
    ("one compartment", {"between_l_h": 0.0, "peripheral_l": 0.0}, [{"TIME": 0, "AMT": 20, "ADDL": 3, "II": 8}]),
    ("two stages of absorption", {"transit_h": 2.5}, [{"TIME": 0, "AMT": 20, "ADDL": 3, "II": 8}]),
    ("lag", {"lag_h": 0.4}, [{"TIME": 0, "AMT": 20}, {"TIME": 8, "AMT": 10}]),
    ("lag longer than the interval", {"lag_h": 9.5}, [{"TIME": 0, "AMT": 20, "ADDL": 2, "II": 4}]),
    ("steady state", {}, [{"TIME": 1, "AMT": 20, "SS": 1, "II": 8}]),
    ("lag with steady state", {"lag_h": 0.7}, [{"TIME": 1, "AMT": 20, "SS": 1, "II": 8, "ADDL": 2}]),
    ("lag of a whole interval with steady state", {"lag_h": 8.0}, [{"TIME": 1, "AMT": 20, "SS": 1, "II": 8}]),
    ("lag of many intervals with steady state", {"lag_h": 9.5, "transit_h": 3.0}, [{"TIME": 0, "AMT": 20, "SS": 1, "II": 4}]),
    ("steady state wipes out what was before", {}, [{"TIME": 0, "AMT": 500}, {"TIME": 2, "AMT": 20, "SS": 1, "II": 8}]),
    ("steady state on top of what was before", {}, [{"TIME": 0, "AMT": 500}, {"TIME": 2, "AMT": 20, "SS": 2, "II": 8}]),
    ("steady state of an infusion", {}, [{"TIME": 0, "AMT": 20, "CMT": 2, "RATE": 10, "SS": 1, "II": 8}]),
    ("steady state of an infusion longer than its interval", {}, [{"TIME": 0, "AMT": 20, "CMT": 2, "DUR": 19, "SS": 1, "II": 8}]),
    ("steady state of an infusion of exactly its interval", {}, [{"TIME": 0, "AMT": 20, "CMT": 2, "DUR": 8, "SS": 1, "II": 8}]),
    ("lagged steady state of an infusion into the gut", {"lag_h": 1.5, "transit_h": 2.0}, [{"TIME": 0, "AMT": 20, "DUR": 3, "SS": 1, "II": 4}]),
    ("infusion across observations", {}, [{"TIME": 0.3, "AMT": 20, "CMT": 2, "DUR": 4.2}]),
    ("infusions that overlap", {}, [{"TIME": 0, "AMT": 20, "CMT": 2, "DUR": 5, "ADDL": 3, "II": 2}]),
    ("infusion into the gut: the rate is kept, its length is what is absorbed", {"transit_h": 1.7}, [{"TIME": 0, "AMT": 20, "RATE": 5}]),
    ("infusion into the gut of a given length", {}, [{"TIME": 0, "AMT": 20, "DUR": 4}]),
    ("a dose at an observation time", {}, [{"TIME": 0, "AMT": 20, "CMT": 2}, {"TIME": 8, "AMT": 20, "CMT": 2}]),
    ("a dose straight into plasma", {}, [{"TIME": 1, "AMT": 20, "CMT": 2, "ADDL": 2, "II": 7}]),
    ("reset", {}, [{"TIME": 0, "AMT": 20, "ADDL": 9, "II": 8}, {"TIME": 9, "EVID": 3}, {"TIME": 12, "AMT": 10}]),
    ("reset and dose", {"lag_h": 0.5}, [{"TIME": 0, "AMT": 20, "ADDL": 9, "II": 8}, {"TIME": 8.2, "AMT": 10, "EVID": 4}]),
    ("reset during an infusion", {}, [{"TIME": 0, "AMT": 20, "CMT": 2, "DUR": 12}, {"TIME": 5, "EVID": 3}]),
    ("repeats across a reset are gone", {}, [{"TIME": 0, "AMT": 20, "ADDL": 9, "II": 2}, {"TIME": 3, "EVID": 3}]),
    ("a tiny rate", {}, [{"TIME": 0, "AMT": 1e-6, "CMT": 2, "RATE": 1e-9}]),
    ("absorption as fast as the fast exponential", {"absorb_h": 1.1240730246846117}, [{"TIME": 0, "AMT": 20, "ADDL": 2, "II": 8}]),
    ("absorption nearly as slow as the slow exponential", {"absorb_h": 0.1660}, [{"TIME": 0, "AMT": 20, "ADDL": 2, "II": 8}]),
    ("absorption as fast as elimination", {"absorb_h": 0.4, "clearance_l_h": 8.0, "central_l": 20.0, "between_l_h": 0.0}, [{"TIME": 0, "AMT": 20}]),
    ("both stages equally fast", {"transit_h": 1.8}, [{"TIME": 0, "AMT": 20}]),
    ("all stages equally fast", {"transit_h": 0.4, "absorb_h": 0.4, "clearance_l_h": 8.0, "central_l": 20.0, "between_l_h": 0.0}, [{"TIME": 0, "AMT": 20, "DUR": 3}]),
    ("no kidneys", {"clearance_l_h": 1.8}, [{"TIME": 0, "AMT": 20, "ADDL": 2, "II": 8}]),
    ("no clearance at all", {"clearance_l_h": 0.0, "transit_h": 2.0}, [{"TIME": 0, "AMT": 20, "CMT": 2, "DUR": 3}, {"TIME": 4, "AMT": 20}]),
    ("no clearance, one compartment", {"clearance_l_h": 0.0, "between_l_h": 0.0}, [{"TIME": 0, "AMT": 20, "DUR": 5}]),
    ("a very small second compartment", {"peripheral_l": 1e-6}, [{"TIME": 0, "AMT": 20}]),
    ("a hardly reached second compartment", {"between_l_h": 1e-9}, [{"TIME": 0, "AMT": 20}]),
    ("nothing is given", {}, [{"TIME": 0, "EVID": 2}]),
)  # fmt: skip


def columns(records: list[dict[str, float]], label: int = 1) -> dict[str, list[Any]]:
    names = ("TIME", "AMT", "RATE", "DUR", "EVID", "CMT", "ADDL", "II", "SS")
    return {"ID": [label] * len(records)} | {n: [each.get(n) for each in records] for n in names}


def kinetics(*rows: dict[str, float]) -> Kinetics:
    return Kinetics(**{name: np.array([(ADULT | row)[name] for row in rows], float) for name in ADULT})


def matrix(k: dict[str, float]) -> Floats:
    """Amounts in: first stage, second stage, plasma, periphery, and the drug that has left."""
    t, a = k["transit_h"], k["absorb_h"]
    out, to = k["clearance_l_h"] / k["central_l"], k["between_l_h"] / k["central_l"]
    back = k["between_l_h"] / k["peripheral_l"] if k["between_l_h"] else 0.0
    return np.array(
        [
            [-t, 0, 0, 0, 0],
            [t, -a, 0, 0, 0],
            [0, a, -out - to, back, 0],
            [0, 0, to, -back, 0],
            [0, 0, out, 0, 0],
        ]
    )


class Dose(NamedTuple):
    """A single dose: when, until when (the same: a bolus), where, how much, and between which moments it counts."""

    at: float
    to: float
    where: int
    much: float
    since: float
    gone: float


def given(records: list[dict[str, float]], k: dict[str, float], past: int = 400) -> list[Dose]:
    """Every single dose, those of an endless past too; these count from the moment they are told of."""
    doses: list[Dose] = []
    for record in records:
        now, amount = record["TIME"], record.get("AMT", 0.0)
        if record.get("EVID") in (3, 4) or record.get("SS") == 1:
            doses = [each._replace(gone=min(each.gone, now)) for each in doses]
        if amount == 0.0:
            continue
        gut = record.get("CMT", 1) == 1
        where = (0 if k["transit_h"] else 1) if gut else 2
        much, lag = (amount * k["share"], k["lag_h"]) if gut else (amount, 0.0)
        lasts = record.get("DUR") or (much / record["RATE"] if record.get("RATE") else 0.0)
        before = past if record.get("SS") else 0
        for n in range(-before, int(record.get("ADDL", 0)) + 1):
            at = now + lag + n * record.get("II", 0.0)
            doses.append(Dose(at, at + lasts, where, much, now, math.inf))
    return doses


def superposed(doses: list[Dose], k: dict[str, float], times: Floats) -> Floats:
    """The sum over all doses of what each alone would give, by matrix exponentials."""
    a = matrix(k)
    found = np.zeros(times.size)
    for at, to, where, much, since, gone in doses:
        for i, t in enumerate(times):
            if t < max(at, since) or t >= gone:
                continue
            if to == at:
                found[i] += much * expm(a * (t - at))[2, where]
            else:
                flow = np.zeros((6, 6))
                flow[:5, :5], flow[where, 5] = a, much / (to - at)
                during = expm(flow * (min(t, to) - at))[:5, 5]
                found[i] += (expm(a * max(t - to, 0.0)) @ during)[2]
    return found / k["central_l"] * 1e3


def solved(doses: list[Dose], k: dict[str, float], times: Floats) -> Floats:
    """The same by an ODE solver that starts anew wherever something begins or ends."""
    a = matrix(k)
    out = np.zeros(times.size)
    for since in {each.since for each in doses}:
        told = [each for each in doses if each.since == since]
        unit = max(each.much / max(each.to - each.at, 1.0) for each in told)  # a solver's tolerances have a size
        edges = sorted({x for each in told for x in (each.at, each.to, each.gone) if x < math.inf} | set(times))
        state, now = np.zeros(5), edges[0]
        for edge in edges:
            flow = np.zeros(5)
            for each in told:
                if each.at <= now < min(each.to, each.gone):
                    flow[each.where] += each.much / (each.to - each.at) / unit
            if edge > now:

                def rates(t: float, y: Floats, dy: Floats, given: tuple[Floats]) -> None:
                    dy[:] = a @ y + given[0]

                solver = CVODE(rates, userdata=(flow,), rtol=1e-10, atol=1e-13, max_num_steps=200_000)
                state, now = solver.solve([now, edge], state).y[-1], edge
            if any(each.gone == edge for each in told):
                state = np.zeros(5)
            for each in told:
                if each.at == each.to == edge < each.gone:
                    state[each.where] += each.much / unit
            if edge >= since:
                out[times == edge] += state[2] * unit
    return out / k["central_l"] * 1e3


@pytest.mark.parametrize(("name", "changed", "records"), CASES, ids=[name for name, *_ in CASES])
def test_a_corner_case_is_the_sum_of_its_doses(
    name: str, changed: dict[str, float], records: list[dict[str, float]]
) -> None:
    k = ADULT | changed
    found, _ = concentrations(kinetics(changed), event_table(columns(records)), TIMES)
    expected = superposed(given(records, k), k, TIMES)
    assert np.allclose(found[0], expected, rtol=1e-9, atol=1e-9 * max(expected.max(), 1e-12)), found[0] - expected


@pytest.mark.parametrize(("name", "changed", "records"), CASES, ids=[name for name, *_ in CASES])
def test_a_corner_case_is_what_an_ode_solver_gives(
    name: str, changed: dict[str, float], records: list[dict[str, float]]
) -> None:
    k = ADULT | changed
    found, _ = concentrations(kinetics(changed), event_table(columns(records)), TIMES)
    expected = solved(given(records, k, past=60), k, TIMES)
    assert np.allclose(found[0], expected, rtol=1e-6, atol=1e-7 * max(expected.max(), 1e-9)), found[0] - expected


@pytest.mark.parametrize(("name", "changed", "records"), CASES, ids=[name for name, *_ in CASES])
def test_a_regular_grid_and_recorded_observations_say_the_same_as_any_times(
    name: str, changed: dict[str, float], records: list[dict[str, float]]
) -> None:
    grid = np.arange(0, 289) * 0.25
    odd = np.append(grid, 1000.0)
    table = event_table(columns(records))
    even, _ = concentrations(kinetics(changed), table, grid)
    any_times, _ = concentrations(kinetics(changed), table, odd)
    assert np.allclose(even, any_times[:, :-1], rtol=1e-11, atol=1e-11 * max(even.max(), 1e-12))
    levels = [{"TIME": t, "EVID": 0} for t in TIMES]
    mixed = sorted([*records, *levels], key=lambda each: each["TIME"])  # a dose stands before a level of its moment
    _, observed = concentrations(kinetics(changed), event_table(columns(mixed)))
    expected, _ = concentrations(kinetics(changed), table, TIMES)
    drawn = observed[np.array([each.get("EVID") == 0 for each in mixed])]
    assert np.allclose(drawn, expected[0], rtol=1e-11, atol=1e-11 * max(even.max(), 1e-12))


def test_a_level_drawn_before_a_dose_of_the_same_moment_does_not_see_it() -> None:
    records = [{"TIME": 0, "AMT": 10, "CMT": 2}, {"TIME": 8, "EVID": 0}, {"TIME": 8, "AMT": 10, "CMT": 2}, {"TIME": 8, "EVID": 0}]  # fmt: skip
    _, seen = concentrations(kinetics({}), event_table(columns(records)))
    assert seen[3] - seen[1] == pytest.approx(10 / ADULT["central_l"] * 1e3, rel=1e-12)


def test_kinetics_that_change_in_time_keep_the_drug_that_is_there() -> None:
    healthy, failing = (
        ADULT | {"transit_h": 1.5},
        ADULT | {"clearance_l_h": 2.0, "peripheral_l": 30.0, "central_l": 25.0},
    )
    table = event_table(columns([{"TIME": 0, "AMT": 20}, {"TIME": 3, "EVID": 2}]))
    table.codes[:, 4] = [0, 1]
    found, _ = concentrations(kinetics(healthy, failing), table, TIMES)
    start = np.array([20 * ADULT["share"], 0, 0, 0, 0])
    at_change = expm(matrix(healthy) * 3.0) @ start
    at_change[1] += at_change[0]  # the second person has no first stage: what is in it is in the gut
    at_change[0] = 0.0
    for t, c in zip(TIMES, found[0], strict=True):
        if t < 3:
            expected = (expm(matrix(healthy) * t) @ start)[2] / healthy["central_l"]
        else:
            expected = (expm(matrix(failing) * (t - 3.0)) @ at_change)[2] / failing["central_l"]
        assert c == pytest.approx(expected * 1e3, rel=1e-10, abs=1e-9)


def test_without_clearance_there_is_no_steady_state_and_that_is_said() -> None:
    table = event_table(columns([{"TIME": 0, "AMT": 20, "SS": 1, "II": 8}]))
    with pytest.raises(KineticsError, match="no steady state"):
        concentrations(kinetics({"clearance_l_h": 0.0}), table, TIMES)


def test_the_same_bits_for_any_number_of_threads_and_any_neighbours() -> None:
    generator = np.random.default_rng(7)
    rows = [ADULT | {"clearance_l_h": 8 * math.exp(x), "absorb_h": 1.8 * math.exp(y)} for x, y in generator.normal(0, 0.4, (37, 2))]  # fmt: skip
    parts = [columns(records, label) for label, (_, _, records) in zip(range(len(rows)), CASES, strict=True)]
    table = event_table({name: [x for part in parts for x in part[name]] for name in parts[0]})
    grid = np.arange(200) * 0.3
    one, _ = concentrations(kinetics(*rows), table, grid)
    two, _ = concentrations(kinetics(*rows), table, grid, threads=2)
    assert np.array_equal(one, two)
    alone, _ = concentrations(kinetics(rows[5]), event_table(parts[5]), grid)
    assert np.array_equal(alone[0], one[5])
    small, _ = concentrations(kinetics(*rows), table, grid, dtype=np.float32)
    assert np.allclose(small, one, rtol=1e-6)


def test_memory_that_is_handed_in_is_written_to_and_only_if_it_fits() -> None:
    k = plasma.kinetics("adult", people(3, 40, 70, 100), np.zeros((3, plasma.ETAS)), book())
    table, times = regimen(3, [10.0]), np.arange(5.0)
    memory = np.full((3, 5), np.nan)
    found, _ = concentrations(k, table, times, out=memory)
    assert found is memory
    assert (memory == concentrations(k, table, times)[0]).all()
    for wrong in (np.empty((3, 4)), np.empty((5, 3)).T):
        with pytest.raises(KineticsError, match="'out' needs 3 rows of 5 numbers"):
            concentrations(k, table, times, out=wrong)

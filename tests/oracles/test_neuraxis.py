"""The spine against the dense exponential of its whole matrix, and against the drug that must be somewhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from eutonia.body import neuraxis, plasma
from eutonia.body.compiled import responses
from eutonia.body.draws import normals
from eutonia.body.neuraxis import CELLS, CISTERN, SPINAL, Sites, Spine, injected, spine, vertebra_cm
from eutonia.body.person import people
from eutonia.knowledge import book

Floats = NDArray[np.float64]
TIMES = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 12.0, 24.0, 72.0])


def drawn(count: int, mixing: str = "fast", seed: str = "spine", spread: float = 1.0) -> Spine:
    someone = people(count, 40, 70, 100)
    kinetics = plasma.kinetics("adult", someone, spread * normals(seed, "kinetics", 0, count, plasma.ETAS), book())
    etas = spread * normals(seed, "spine", 0, count, neuraxis.ETAS)
    return spine(kinetics, np.linspace(160.0, 190.0, count) if count > 1 else np.array([175.0]), etas, book(), mixing)


def matrix(someone: Spine, p: int) -> tuple[Floats, Floats]:
    """The whole system of one person: rates, and the room of each state in mL; fluid, tissue, plasma, periphery, gone."""
    size = CELLS * 4 + 3
    blood, periphery, gone = size - 3, size - 2, size - 1
    flows, room = np.zeros((size, size)), np.ones(size)

    def one_way(source: int, to: int, flow: float) -> None:
        flows[source, source] -= flow
        flows[to, source] += flow

    def both(a: int, b: int, flow: float) -> None:
        one_way(a, b, flow)
        one_way(b, a, flow)

    def with_blood(state: int, flow: float) -> None:
        one_way(state, blood, flow)
        one_way(blood, state, flow * someone.blood[p, 4])

    room[:CELLS] = someone.volume[p]
    tissue, inward, leaving = (each[p] for each in someone.shells())
    for i in range(CELLS):
        one_way(i, blood, someone.lost[p, i])
        with_blood(i, someone.crossing[p, i])
        if i < CELLS - 1:
            both(i, i + 1, someone.mixing[p, i])
            one_way(i + 1, i, someone.down[p, i])
            one_way(i, i + 1, someone.up[p, i])
        for k in range(3):
            here = CELLS + 3 * i + k
            if tissue[i, k] > 0:
                room[here] = tissue[i, k]
                both(i if k == 0 else here - 1, here, inward[i, k])
                with_blood(here, leaving[i, k])
    central, clearance, flow, peripheral, _ = someone.blood[p]
    room[blood], room[periphery] = central, peripheral
    one_way(blood, gone, clearance)
    both(blood, periphery, flow)
    return flows / room[:, None], room


def everywhere(count: int) -> Sites:
    """Every cell of fluid, every second shell, and plasma."""
    fluid, tissue = np.zeros((count, 2 * CELLS + 1, CELLS)), np.zeros((count, 2 * CELLS + 1, CELLS))
    fluid[:, :CELLS] = np.eye(CELLS)
    tissue[:, CELLS : 2 * CELLS] = np.eye(CELLS)
    weights = np.zeros(2 * CELLS + 1)
    weights[-1] = 1.0
    return Sites(fluid, tissue, weights)


@pytest.mark.parametrize("mixing", ["fast", "slow"])
def test_a_bolus_and_an_infusion_are_what_the_dense_exponential_says(mixing: str) -> None:
    someone = drawn(3, mixing)
    at = np.array([vertebra_cm(name, book()) for name in ("L3", "T10", "C7")])
    sources = np.stack([50 * injected(someone, at, 3.0), 4 * injected(someone, at, 0.7)], axis=1)
    sites = everywhere(3)
    bolus = responses(someone, sources, sites, TIMES, steady=False)
    flow = responses(someone, sources, sites, TIMES, steady=True)
    seen = [*range(CELLS), *(CELLS + 3 * i + 1 for i in range(CELLS)), CELLS * 4]
    for p in range(3):
        a, room = matrix(someone, p)
        size = a.shape[0]
        starts = np.zeros((size, 2))
        starts[:CELLS] = sources[p].T / room[:CELLS, None]
        # One exponential of the whole system with both sources as inflows; the later times are its powers, exactly.
        driven = np.zeros((size + 2,) * 2)
        driven[:-2, :-2], driven[:-2, -2:] = a, starts
        whole = by_doubling(driven)
        steady = 1e3 * whole[TIMES[-1]][:-2, -2:][seen]
        for i, t in enumerate(TIMES):
            given = 1e3 * (whole[t][:-2, :-2] @ starts)[seen]
            flowing = 1e3 * whole[t][:-2, -2:][seen]
            for k in range(2):
                assert np.abs(bolus[p, k, :, i] - given[:, k]).max() < 1e-8 * 1e3 * starts[:, k].max()
                assert np.abs(flow[p, k, :, i] - flowing[:, k]).max() < 1e-8 * steady[:, k].max()


def by_doubling(system: Floats) -> dict[float, Floats]:
    """Return exp(system * t) for each time: one dense exponential for the first time, then products of what is there.

    A matrix commutes with itself, so exp(s) @ exp(t) = exp(s + t); each of `TIMES` is the sum of two earlier ones or three.
    """
    whole = {TIMES[0]: expm(system * TIMES[0])}
    for t, parts in (
        (0.5, (0.25, 0.25)), (1.0, (0.5, 0.5)), (2.0, (1.0, 1.0)), (4.0, (2.0, 2.0)), (6.0, (4.0, 2.0)),
        (12.0, (6.0, 6.0)), (24.0, (12.0, 12.0)), (72.0, (24.0, 24.0, 24.0)),
    ):  # fmt: skip
        assert sum(parts) == t
        whole[t] = np.linalg.multi_dot([whole[part] for part in parts])
    return whole


def test_the_products_are_the_dense_exponential_of_the_last_time() -> None:
    a, _ = matrix(drawn(1), 0)
    direct = expm(a * TIMES[-1])
    assert np.abs(by_doubling(a)[TIMES[-1]] - direct).max() < 1e-10 * np.abs(direct).max()


def test_no_drug_is_made_or_lost() -> None:
    someone = drawn(2)
    for p in range(2):
        a, room = matrix(someone, p)
        # Every column of flows adds up to nothing: what leaves one room enters another.
        assert np.abs((a * room[:, None]).sum(axis=0)).max() < 1e-9 * np.abs(a * room[:, None]).max()
    # And what was injected is all in the fluid, the tissue, the blood or gone.
    at = np.full(2, vertebra_cm("T10", book()))
    assert injected(someone, at, 1.0).sum(axis=1) == pytest.approx(np.ones(2), rel=1e-12)
    a, room = matrix(someone, 0)
    start = np.zeros(a.shape[0])
    start[:CELLS] = injected(someone, at, 1.0)[0] / room[:CELLS]
    for at_time in by_doubling(a).values():
        assert (room * (at_time @ start)).sum() == pytest.approx(1.0, rel=1e-9)


def test_a_finer_look_at_times_changes_nothing() -> None:
    someone = drawn(1)
    sources = injected(someone, np.array([vertebra_cm("L3", book())]), 3.0)[:, None]
    few = responses(someone, sources, everywhere(1), np.array([1.0, 6.0]), steady=False)
    many = responses(someone, sources, everywhere(1), np.geomspace(0.01, 720, 400), steady=False)
    again = responses(someone, sources, everywhere(1), np.array([0.01, 1.0, 6.0, 720.0]), steady=False)
    assert np.allclose(few, again[..., 1:3], rtol=0, atol=1e-8 * many.max())


@pytest.mark.parametrize("name", ["C8", "L6", "S3", "T0", "", "T10-11"])
def test_a_word_that_is_no_vertebra_is_refused(name: str) -> None:
    with pytest.raises(KeyError, match="is no vertebra from C1 to S2"):
        vertebra_cm(name, book())


def test_the_vertebrae_fill_the_length_of_the_spine() -> None:
    assert vertebra_cm("S2", book()) == pytest.approx(1.25)
    assert vertebra_cm("C1", book()) == pytest.approx(60 - 1.43 / 2, abs=0.05)
    assert vertebra_cm("L1", book()) < vertebra_cm("T12", book()) < vertebra_cm("C7", book())


# --- what was observed, and what the prototype of the evidence gave ----------------------------------------------------


def levels(someone: Spine, cm: float, spread: float, places: list[float], times: Floats, *, steady: bool) -> Floats:
    """[places, times] concentrations in the fluid after one mcg, or one mcg/h."""
    weights = np.zeros((1, len(places), CELLS))
    for k, place in enumerate(places):
        weights[0, k, min(int(place), CISTERN)] = 1.0
    sites = Sites(weights, np.zeros_like(weights), np.zeros(len(places)))
    sources = injected(someone, np.array([cm]), spread)[:, None]
    return responses(someone, sources, sites, times, steady=steady)[0, 0]


def test_a_typical_spine_clears_a_bolus_as_the_label_says_and_has_kroins_gradient() -> None:
    someone = drawn(1, spread=0.0)
    tap = (vertebra_cm("L3", book()) + vertebra_cm("L4", book())) / 2
    times = np.linspace(0.5, 4, 15)
    falling = levels(someone, tap, 3.0, [tap], times, steady=False)[0]
    half_life = np.log(2) / -np.polyfit(times, np.log(falling), 1)[0]
    assert 0.9 <= half_life <= 5  # the label
    assert half_life == pytest.approx(1.17, rel=0.05)  # the prototype
    long = np.linspace(0.02, 60, 3000)
    area = np.trapezoid(levels(someone, tap, 3.0, [tap], long, steady=False)[0], long) / 1e3
    assert 13 <= 1 / area <= 80  # the label's clearance
    ratio = levels(
        someone, tap, 0.7, [vertebra_cm(n, book()) for n in ("T2", "T12")], np.array([1.0, 72.0]), steady=True
    )
    assert ratio[0, 1] / ratio[1, 1] == pytest.approx(0.43, rel=0.05)  # Kroin 1993
    both = levels(someone, vertebra_cm("T10", book()), 0.7, [tap, float(SPINAL)], np.array([1.0, 96.0]), steady=True)
    assert 1.8 <= both[0, 1] / both[1, 1] <= 8.7


def test_a_finer_grid_of_cells_changes_less_and_less(monkeypatch: pytest.MonkeyPatch) -> None:
    times = np.array([1.0, 4.0, 12.0])

    def tap(cells: int) -> Floats:
        for name, value in (("SPINAL", cells), ("CISTERN", cells), ("CRANIAL", cells + 1), ("CELLS", cells + 2)):
            monkeypatch.setattr(neuraxis, name, value)
        someone = drawn(1, spread=0.0)
        places = someone.places_cm()[0]
        weights = np.zeros((1, 3, cells + 2))
        for k, place in enumerate((14.0, 30.0, 45.0)):  # between the cells around each place
            above = int(np.searchsorted(places, place))
            share = (place - places[above - 1]) / (places[above] - places[above - 1])
            weights[0, k, above - 1], weights[0, k, above] = 1 - share, share
        sites = Sites(weights, np.zeros_like(weights), np.zeros(3))
        source = neuraxis.injected(someone, np.array([20.0]), 3.0)[:, None]
        return np.asarray(responses(someone, source, sites, times, steady=False)[0, 0])

    *coarser, finest = (tap(cells) for cells in (15, 30, 60, 120, 480))
    errors = [np.abs(each - finest).max() / finest.max() for each in coarser]
    # First order, for the flow is taken from upstream: each halving halves the error, and sixty cells leave 0.3 %.
    for before, after in pairwise(errors):
        assert 1.8 < before / after < 2.6
    assert errors[2] < 0.004

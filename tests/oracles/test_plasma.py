"""The models of plasma against what their papers, and others, say of them."""

from __future__ import annotations

import numpy as np
import pytest

from eutonia.body import plasma
from eutonia.body.kinetics import Kinetics, concentrations
from eutonia.body.person import people
from eutonia.body.table import regimen
from eutonia.knowledge import book
from eutonia.predict.oral import metrics, swallowed


def typical(model: str, age: float = 40, weight: float = 70, creatinine: float = 103, form: str = "tablet") -> Kinetics:
    return plasma.kinetics(model, people(1, age, weight, creatinine), np.zeros((1, plasma.ETAS)), book(), form)


def value(model: str, name: str, dose: float = 10.0, every: float = 0.0, doses: int = 1, **person: float) -> float:
    found = metrics(typical(model, **person), dose, every, doses)[name]  # type: ignore[arg-type]
    assert found is not None
    return float(found[0])


def slopes(k: Kinetics) -> tuple[float, float]:
    """The exponentials of the disposition, from the matrix itself."""
    out, to, back = k.clearance_l_h / k.central_l, k.between_l_h / k.central_l, k.between_l_h / k.peripheral_l
    a = np.array([[-(out + to)[0], back[0]], [to[0], -back[0]]])
    slow, fast = sorted(-np.linalg.eigvals(a).real)
    return float(fast), float(slow)


def test_kochaks_men_have_the_slopes_and_volume_that_were_published() -> None:
    fast, slow = slopes(typical("kochak1985"))
    assert fast == pytest.approx(1.29, rel=0.005)
    assert slow == pytest.approx(0.191, rel=0.005)
    assert 10.8 / slow == pytest.approx(59.0, rel=0.06)
    assert value("kochak1985", "cl_f_l_h") == pytest.approx(10.8)
    assert value("kochak1985", "unchanged_in_urine") == pytest.approx(103 / 180)


def test_simons_and_chevillards_adults_have_the_levels_worked_out_from_their_papers() -> None:
    # evidence/oral.md 3: single 10 mg, Cmax/AUC; steady state of 20 mg three times a day, peak and trough.
    assert value("simon2018", "cmax_ng_ml") == pytest.approx(107, rel=0.005)
    assert value("simon2018", "auc_ng_h_ml") == pytest.approx(862, rel=0.001)
    assert value("simon2018", "half_life_h") == pytest.approx(4.4, rel=0.02)
    assert value("chevillard2018", "cmax_ng_ml") == pytest.approx(180, rel=0.005)
    assert value("chevillard2018", "auc_ng_h_ml") == pytest.approx(1250, rel=0.001)
    for model, peak, trough in (("simon2018", 307, 118), ("chevillard2018", 484, 152)):
        assert value(model, "cmax_ng_ml", 20, 8, 40) == pytest.approx(peak, rel=0.005)
        assert value(model, "trough_ng_ml", 20, 8, 40) == pytest.approx(trough, rel=0.005)


def test_hes_children_have_the_published_clearance_volume_and_half_life() -> None:
    k = typical("he2014", age=9, weight=25)
    fast, slow = slopes(k)
    assert np.log(2) / slow == pytest.approx(4.5, rel=1e-6)
    assert fast > slow
    assert float(k.clearance_l_h[0]) == pytest.approx(0.273 * 25)
    assert float((k.central_l + k.peripheral_l)[0]) == pytest.approx(1.16 * 25)


@pytest.mark.carries("PK-01", "PK-02", "PK-04", "PK-05")
def test_our_adult_stands_between_the_published_ones() -> None:
    assert value("adult", "cl_f_l_h") == pytest.approx(10.8, rel=0.005)  # Kochak
    assert value("adult", "cmax_ng_ml") == pytest.approx(180, rel=0.25)  # CH label
    assert value("adult", "auc_ng_h_ml") == pytest.approx(1135, rel=0.25)
    assert 0.5 <= value("adult", "tmax_h") <= 1.5
    assert value("adult", "half_life_h") == pytest.approx(4.4, rel=0.05)  # Simon
    assert 0.55 <= value("adult", "unchanged_in_urine") <= 0.83  # Wuis: 69 (14) %
    solution = metrics(typical("adult", form="solution"), 20.0)["tmax_h"]
    assert solution is not None
    assert float(solution[0]) == pytest.approx(0.75, rel=0.25)  # Ozobax


@pytest.mark.carries("CON-02")
def test_kidneys_that_work_less_leave_more_drug_as_vlavonou_found() -> None:
    normal = value("adult", "auc_ng_h_ml", creatinine=110)
    for creatinine, reduction in ((65, 1 / 3), (40, 1 / 2), (20, 2 / 3)):
        found = 1 - normal / value("adult", "auc_ng_h_ml", creatinine=creatinine)
        assert found == pytest.approx(reduction, rel=0.25)
    peaks = [value("adult", "cmax_ng_ml", creatinine=c) for c in (110, 20)]
    assert peaks[1] / peaks[0] < 1.25  # Cmax did not differ between the groups
    assert value("adult", "half_life_h", creatinine=0) == pytest.approx(17, rel=0.15)  # predicted in anuria


def test_children_cleared_by_size_and_kidney_agree_with_hes() -> None:
    # 25 kg, and a creatinine clearance of 110 mL/min/1.73 m2 at 0.95 m2.
    found = value("adult", "cl_f_l_h", age=8, weight=25, creatinine=110 * 0.95 / 1.73) / 25
    assert found == pytest.approx(0.273, rel=0.25)


def test_the_area_under_the_curve_is_what_the_curve_encloses() -> None:
    k = typical("adult")
    times = np.arange(0, 400_001) * 2e-3
    levels, _ = concentrations(k, regimen(1, [20], every_h=8, count=3), times)
    inside = (times >= 16) & (times <= 24)
    enclosed = np.trapezoid(levels[0][inside], times[inside])
    assert value("adult", "auc_ng_h_ml", 20, 8, 3) == pytest.approx(enclosed, rel=1e-6)
    whole, _ = concentrations(k, regimen(1, [20]), times)
    assert value("adult", "auc_ng_h_ml", 20) == pytest.approx(np.trapezoid(whole[0], times), rel=1e-6)
    assert value("adult", "cmax_ng_ml", 20) == pytest.approx(whole.max(), rel=1e-5)
    assert value("adult", "tmax_h", 20) == pytest.approx(times[whole[0].argmax()], abs=0.005)


def test_nobody_is_predicted_where_nothing_was_measured() -> None:
    assert swallowed(5, book(), age_years=1.9).why == "no kinetics were measured below 2 years of age"  # type: ignore[union-attr]
    assert "must be known" in swallowed(5, book(), weight_kg=float("nan")).why  # type: ignore[union-attr]


@pytest.mark.carries("PK-03")
def test_absorption_may_be_taken_to_depend_on_the_dose_either_way_and_is_linear_unless_asked() -> None:
    def apparent(dose: float, absorption: str) -> float:
        found = swallowed(dose, book(), count=200, creatinine_ml_min=103, absorption=absorption)
        clearance = found.plasma["cl_f_l_h"]  # type: ignore[union-attr]
        assert clearance is not None
        return clearance.p50

    assert apparent(5, "linear") == apparent(20, "linear")
    assert apparent(5, "increasing") / apparent(20, "increasing") == pytest.approx(85 / 70, rel=0.01)
    assert apparent(5, "decreasing") / apparent(20, "decreasing") == pytest.approx(70 / 85, rel=0.01)
    assert apparent(40, "increasing") == apparent(20, "increasing")
    assert "linear in dose" in swallowed(5, book(), model="simon2018", absorption="increasing").why  # type: ignore[union-attr]


@pytest.mark.carries("PK-07")
def test_a_population_is_as_variable_as_the_published_ones() -> None:
    found = swallowed(20, book(), count=20_000)
    clearance = found.plasma["cl_f_l_h"]  # type: ignore[union-attr]
    assert clearance is not None
    assert 0.16 <= clearance.sd / clearance.mean <= 0.274  # Simon 21 (16-27) %, Chevillard 27.4 %

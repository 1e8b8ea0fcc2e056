"""A model may change the order of the plans and nothing else, even one that loves an overdose."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

import eutonia
from eutonia.advice import Advice
from eutonia.predict import future
from eutonia.predict.future import Chance, Prediction
from eutonia.predict.rank import CONCERNS, Preference, rank
from tests.cases.test_estimate import NOW, PUMPED, visits

TEXT = (
    PUMPED
    + visits(("2026-02-02", 100, 4), ("2026-03-02", 150, 3), ("2026-04-20", 180, 3))
    + "2026-05-01 request adjust up\n"
)


def advised(preference: Preference | None = None) -> Advice:
    from eutonia.advice import advise

    return advise(eutonia.read(TEXT.strip() + "\n"), NOW, preference=preference)


def test_the_order_names_each_plan_of_a_kind_once() -> None:
    advice = advised()
    assert len(advice.plans) == 3
    (order,) = advice.order
    assert sorted(each.plan for each in order.places) == [0, 1, 2]
    assert all(reason for reason in order.reasons[:-1])


def test_a_model_that_loves_an_overdose_changes_the_order_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = advised()
    whole = honest.as_dict()

    def loves(self: object, found: object, given: object, now: int, grid: object) -> list[Chance]:
        return [Chance("half of the toxic effect or more at the brain stem", 0.0, "toxicity.half")]

    monkeypatch.setattr(future._Someone, "_chances", loves)
    # And the more drug, the surer the goal.
    monkeypatch.setattr(
        future._Someone,
        "_scores",
        lambda self, shown, once, now, grid: np.array([shown["cord_ng_ml"].mean() / 1e4, 0, 0, 0, 0]),
    )
    mad = advised(Preference(1, ("goal", "dose", "visits", "harm", "withdrawal")))
    bad = mad.as_dict()
    for name in ("findings", "plans", "refusals", "pump", "tasks"):
        assert bad[name] == whole[name], name
    assert sorted(each["plan"] for each in bad["order"][0]["places"]) == [0, 1, 2]


def predicted(harm: float, goal: float) -> Prediction:
    """A prediction of which only the chances matter."""
    empty = np.zeros(0)
    return Prediction(
        1, "spine", "lasting", advised().facts.now, empty, 0.0, 24.0, {}, {}, np.array([0.0, goal, 1 - goal, 0.0, 0.0]), (),
        None, None, None, (Chance("toxic", harm, "toxicity.half"), Chance("back", 0.0, "dependence.tone_back")), (), (), False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("harms", "goals", "concerns", "order"),
    [
        # Equal in harm and adequate: the lowest dose first.
        ((0.01, 0.02, 0.04), (0.6, 0.7, 0.9), CONCERNS, [0, 1, 2]),
        # The lowest is not adequate.
        ((0.01, 0.02, 0.04), (0.2, 0.7, 0.9), CONCERNS, [1, 2, 0]),
        # The adequate ones do harm, and harm counts first ...
        ((0.01, 0.30, 0.30), (0.2, 0.7, 0.9), CONCERNS, [0, 1, 2]),
        # ... unless the goal does.
        ((0.01, 0.30, 0.30), (0.2, 0.7, 0.9), ("goal", "harm", "withdrawal", "dose", "visits"), [1, 2, 0]),
    ],
)
def test_what_counts_first_comes_first(
    harms: tuple[float, ...], goals: tuple[float, ...], concerns: tuple[str, ...], order: list[int]
) -> None:
    advice = advised()
    predictions = [predicted(harm, goal) for harm, goal in zip(harms, goals, strict=True)]
    preference = Preference(2, concerns)  # type: ignore[arg-type]
    (found,) = rank(advice.plans, predictions, 4.0, preference, advice.book)
    assert [each.plan for each in found.places] == order
    assert found.goal == "an Ashworth score of the legs of 2 at most (scale of 1 to 5)"


def test_plans_of_which_nothing_is_known_stay_as_the_rules_gave_them() -> None:
    from eutonia.predict.patient import Unpredicted

    advice = advised()
    unknown = [Unpredicted("no model"), *(predicted(0.0, 0.5) for _ in advice.plans[1:])]
    assert rank(advice.plans, unknown, 4.0, Preference(), advice.book) == ()


def test_an_estimate_adds_no_plan_and_moves_no_limit() -> None:
    sharpened = advised()
    without = Advice(sharpened.facts, sharpened.pump, sharpened.findings, sharpened.plans, sharpened.refusals)
    assert sharpened.estimate is not None
    assert without.plans == sharpened.plans
    assert replace(Preference(), goal=3).goal == 3

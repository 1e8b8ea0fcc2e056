"""The allowed plans of a kind in a reasoned order: what each would bring and cost, and why one stands before another.

The rules have made the list: an order neither adds to it nor takes from it, whatever a model says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
from msgspec import Struct

from eutonia.knowledge import Book
from eutonia.moment import DAY
from eutonia.plan import Plan
from eutonia.predict.future import QUANTILES, Prediction
from eutonia.predict.patient import Unpredicted
from eutonia.predict.spread import four
from eutonia.quantity import Quantity, plain

Concern = Literal["harm", "withdrawal", "goal", "dose", "visits"]
CONCERNS: Final[tuple[Concern, ...]] = ("harm", "withdrawal", "goal", "dose", "visits")

_HARMS: Final = ("toxicity.half",)
# Courses whose pace is a matter of safety: fewer steps are faster, and that is no advantage.
_PACED: Final = ("titration", "taper", "holiday")
_WITHDRAWAL: Final = "dependence.tone_back"
_WORDS: Final = {
    "harm": "chance of a toxic effect",
    "withdrawal": "chance that the tone comes back",
    "goal": "chance of the goal",
    "dose": "daily dose",
    "visits": "number of steps",
}


class Preference(Struct, frozen=True):
    """What is wanted for this person: the goal as an Ashworth score of the legs (1-5) at most, and what counts first."""

    goal: int | None = None
    concerns: tuple[Concern, ...] = CONCERNS


class Weighed(Struct, frozen=True):
    """What one plan would bring and cost; None where nothing tells.

    harm, withdrawal, goal: chances; dose: the last one, daily, of a bolus its amount; visits: steps; days: from the first
    step to the last one; paced: whether the slower course comes first where nothing else decides.
    """

    plan: int
    harm: float | None
    withdrawal: float | None
    goal: float | None
    dose: Quantity | None
    visits: int
    days: float = 0.0
    paced: bool = False


class Ordered(Struct, frozen=True):
    """The plans of one kind in their order, each with the reason why it stands before the next one."""

    kind: str
    goal: str
    places: tuple[Weighed, ...]
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The order as JSON."""

        def told(chance: float | None) -> float | None:
            return None if chance is None else four(chance)

        return {
            "kind": self.kind,
            "goal": self.goal,
            "places": [
                {
                    "plan": each.plan,
                    "harm": told(each.harm),
                    "withdrawal": told(each.withdrawal),
                    "goal": told(each.goal),
                    "dose": None if each.dose is None else each.dose.wire(),
                    "visits": each.visits,
                    "reason": reason,
                }
                for each, reason in zip(self.places, self.reasons, strict=True)
            ],
        }


def rank(
    plans: Sequence[Plan],
    predictions: Sequence[Prediction | Unpredicted],
    baseline: float | None,
    preference: Preference,
    book: Book,
) -> tuple[Ordered, ...]:
    """The plans of each kind that has several, in order; none of a kind of which a model knows nothing.

    baseline: the Ashworth score of the legs (1-5) without the drug, where it is known: without a goal of the person's own
    the goal is a score one point lower, which is what counts as a response.
    """
    goal, says = _goal(baseline, preference)
    found = []
    for kind in dict.fromkeys(each.kind for each in plans):
        these = [n for n, each in enumerate(plans) if each.kind == kind]
        weighed = [weigh(n, plans[n], predictions[n], goal) for n in these]
        if len(these) < 2 or any(isinstance(predictions[n], Unpredicted) for n in these):
            continue
        places = sorted(weighed, key=lambda each: _key(each, preference, book))
        reasons = [_reason(one, other, preference, book) for one, other in pairwise(places)]
        found.append(Ordered(kind, says, tuple(places), (*reasons, "")))
    return tuple(found)


def _goal(baseline: float | None, preference: Preference) -> tuple[int | None, str]:
    if preference.goal is not None:
        return preference.goal, f"an Ashworth score of the legs of {preference.goal} at most (scale of 1 to 5)"
    if baseline is None:
        return None, "half of the tone without the drug at most"
    goal = max(math.floor(baseline - 1.0), 1)
    return (
        goal,
        f"an Ashworth score of the legs of {goal} at most (scale of 1 to 5), a point less than without the drug",
    )


def weigh(n: int, plan: Plan, found: Prediction | Unpredicted, goal: int | None) -> Weighed:
    """What one plan would bring and cost."""
    doses = [step.dose for step in plan.steps if step.dose is not None]
    dose = doses[-1] if doses else None
    days = (max(step.at for step in plan.steps) - min(step.at for step in plan.steps)) / DAY if plan.steps else 0.0
    paced = plan.kind in _PACED
    if isinstance(found, Unpredicted):
        return Weighed(n, None, None, None, dose, len(plan.steps), days, paced)
    harms = [each.share for each in found.chances if each.basis in _HARMS]
    back = [each.share for each in found.chances if each.basis == _WITHDRAWAL]
    reached = None
    if goal is not None and found.scores is not None:
        reached = float(found.scores[:goal].sum())
    elif goal is None and "tone" in found.days:
        day = found.days["tone"]["most" if found.at == "once" else "last"]
        reached = float(np.interp(0.5, day, QUANTILES, left=0.0, right=1.0))
    return Weighed(n, max(harms, default=None), max(back, default=None), reached, dose, len(plan.steps), days, paced)


def _key(each: Weighed, preference: Preference, book: Book) -> tuple[float, ...]:
    """What is compared, in the order of the concerns; chances by their class, for none is known better than that."""
    found: list[float] = []
    for concern in preference.concerns:
        value = getattr(each, concern)
        if concern in ("harm", "withdrawal"):
            found.append(_class(value, book))
        elif concern == "goal":
            # Adequate or not; how much more than adequate is no reason for a higher dose.
            found.append(0.0 if value is not None and value >= _adequate(book) else 1.0)
        elif concern == "visits" and each.paced:
            found.append(0.0)
        else:
            found.append(math.inf if value is None else float(getattr(value, "value", value)))
    # Where no concern decides, the slower course comes first; else they stand as the rules made them.
    return (*found, -each.days if each.paced else 0.0, each.plan)


def _class(chance: float | None, book: Book) -> float:
    if chance is None:
        return 0.0
    return float(sum(chance >= float(each.to("%")) / 100 for each in book.quantities("rank.classes")))


def _adequate(book: Book) -> float:
    return float(book.quantity("rank.adequate").to("%")) / 100


def _reason(one: Weighed, other: Weighed, preference: Preference, book: Book) -> str:
    """Why the first stands before the second."""
    for concern, here, there in zip(
        preference.concerns, _key(one, preference, book), _key(other, preference, book), strict=False
    ):
        if here != there:
            mine, theirs = (_told(each, concern) for each in (one, other))
            return f"{_WORDS[concern]}: {mine} against {theirs}"
    if one.days != other.days and one.paced:
        return f"slower: {plain(round(one.days))} days against {plain(round(other.days))}"
    return "nothing that is weighed tells them apart; they stand as the rules give them"


def _told(each: Weighed, concern: Concern) -> str:
    value = getattr(each, concern)
    if value is None:
        return "not known"
    if concern in ("harm", "withdrawal", "goal"):
        return f"{plain(round(100 * value))}%"
    return plain(value)

"""What the patient's own data say: how far they move what was believed, what explains them, and what would say more.

An estimate sharpens predictions and may order the plans; it adds none and moves no limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from eutonia.body import tone
from eutonia.body.neuraxis import REGIME
from eutonia.body.parameters import parameter
from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Unknown
from eutonia.moment import iso
from eutonia.moment import shown as shown_moment
from eutonia.predict import posterior
from eutonia.predict.answers import CORD, FINEST_H, TIP, Answers
from eutonia.predict.candidate import Candidates
from eutonia.predict.given import Doses, Grid, doses, memory
from eutonia.predict.likelihood import seen_at
from eutonia.predict.observed import SAMPLES, Level, Step, Visit, observed, steps
from eutonia.predict.patient import Normals, Patient, Unpredicted, person, prior
from eutonia.predict.setting import Setting, setting
from eutonia.predict.spread import Spread, four, spread
from eutonia.predict.worth import HOURS, effective, gone, likely
from eutonia.pump import PumpState
from eutonia.quantity import figures, plain

Floats = NDArray[np.float64]

# Outside of this many sd of what was believed before, what was seen is of another world than the model's.
_FAR: Final = 3.0
_RARE: Final = 0.05
_NEVER: Final = 0.001
# A level of nothing, for its logarithm.
_LEAST_NG_ML: Final = 1e-6
_TRIAL_MCG: Final = 50.0
# What may change the tone between two scores of one day.
_CHANGES: Final = (e.Trial, e.Oral, e.Programmed, e.Bridge, e.Prime, e.Refill, e.Interruption)


class Moved(Struct, frozen=True):
    """One number of the patient, before and after what was seen; learnt: share of its variance that is gone."""

    name: str
    unit: str
    before: Spread
    after: Spread
    learnt: float


class Check(Struct, frozen=True):
    """One thing seen beside what the estimate expects there; rare: how likely something at least as far off is."""

    at: datetime
    what: str
    seen: str
    expected: Spread
    rare: float


class Worth(Struct, frozen=True):
    """What one more observation would say: the share of the variance of the effective dose that it would take away."""

    what: str
    share: float


class Estimate(Struct, frozen=True, eq=False):
    """What is believed of one patient after their own data.

    used: how many scores, responses, levels and residual volumes spoke; method: 'importance' or 'sequential' sampling;
    k_hat: above 0.7 the weights of the first were no use; effective: how many equal draws it is worth; slow: share of the
    regime of slow mixing, before and after; explanations: the same of each explanation by its kind.  people: those who
    could be this patient, for predictions; none where the data contradict the models, so that nothing rests on them.
    doubts: what is wrong with the estimate, in words; assumes: what was assumed of the body.  withheld: why no explanation
    is given (and no alarm rests on one), empty where explanations are given.
    """

    used: Mapping[str, int]
    left_out: tuple[str, ...]
    method: str
    k_hat: float
    effective: float
    converged: bool
    moved: tuple[Moved, ...]
    slow: tuple[float, float] | None
    explanations: Mapping[str, tuple[float, float]]
    checks: tuple[Check, ...]
    worth: tuple[Worth, ...]
    doubts: tuple[str, ...]
    assumes: tuple[str, ...]
    people: Normals | None
    withheld: str = ""

    def as_dict(self, home: tzinfo) -> dict[str, Any]:
        """The estimate as JSON, numbers to four figures."""

        def told(found: Spread) -> dict[str, float]:
            return {name: four(each) for name, each in found.as_dict().items()}

        return {
            "grade": "scenario",
            "used": dict(self.used),
            "left_out": list(self.left_out),
            "method": self.method,
            "k_hat": four(self.k_hat) if math.isfinite(self.k_hat) else None,
            "effective_draws": four(self.effective),
            "converged": self.converged,
            "parameters": [
                {
                    "name": each.name,
                    "unit": each.unit,
                    "prior": told(each.before),
                    "posterior": told(each.after),
                    "learnt": four(each.learnt),
                }
                for each in self.moved
            ],
            "slow_mixing": None
            if self.slow is None
            else {"prior": four(self.slow[0]), "posterior": four(self.slow[1])},
            "explanations": [
                {"kind": kind, "prior": four(before), "posterior": four(after)}
                for kind, (before, after) in self.explanations.items()
            ],
            "checks": [
                {
                    "at": iso(each.at, home),
                    "what": each.what,
                    "seen": each.seen,
                    "expected": told(each.expected),
                    "rare": four(each.rare),
                }
                for each in self.checks
            ],
            "worth": [{"what": each.what, "share": four(each.share)} for each in self.worth],
            "doubts": list(self.doubts),
            "assumes": list(self.assumes),
            "withheld": self.withheld,
        }


def estimate(facts: Facts, pump: PumpState | None) -> Estimate | Unpredicted:
    """What the chart's own scores, levels, responses and residual volumes say; unknown, with the reason, where nothing can."""
    if isinstance(facts.oral, Unknown):
        return Unpredicted(facts.oral.says)
    by_mouth = facts.oral.value is not None or (pump is None and bool(facts.oral_history))
    who = person(facts, pump, by_mouth=by_mouth, in_spine=pump is not None or bool(facts.screenings))
    if isinstance(who, Unpredicted):
        return who
    seen = observed(facts, pump, who)
    if not who.adult and seen.of_effect:
        seen = replace(
            seen, visits=(), boluses=(), left_out=(*seen.left_out, "scores: no effect of children was measured")
        )
    if not (seen.visits or seen.boluses or seen.levels):
        lacking = "no score, response or level under the drug is on the chart"
        if seen.aspirates:
            lacking = "a level in an aspirate through the catheter does not follow the dose"
        why = "; ".join(seen.left_out) or lacking
        return Unpredicted(f"nothing of the patient's own data can be used: {why}")
    at = setting(facts, who, seen)
    model = Candidates(at)
    return told(posterior.weighed(model, facts.book.count("estimate.draws")), model, facts)


def told(found: posterior.Draws, model: Candidates, facts: Facts) -> Estimate:
    """The draws as what they say of the patient."""
    at, book = model.setting, facts.book
    seen = at.observed
    before = prior(book.count("predict.people"))
    kept = posterior.resampled(found.weight, len(before))
    people = _people(found.x[kept], found.kind[kept], at, before)
    first, who = at.person.drawn(before), at.person.drawn(people)
    doses = None
    if seen.of_effect and at.person.adult:
        doses = effective(first, facts, in_spine=_in_spine(at)), effective(who, facts, in_spine=_in_spine(at))
    moved = tuple(_moved(first, who, doses, at))
    checks = tuple(_checks(found, kept, model))
    worth = [] if doses is None else _worth(who, np.log(doses[1]), found, kept, model, facts)
    each = np.exp(found.explained - np.logaddexp.reduce(found.explained, axis=1, keepdims=True))
    shares = found.weight @ each
    explanations: dict[str, tuple[float, float]] = {}
    for one, share in zip(at.explanations, shares, strict=True):
        was, is_ = explanations.get(one.kind, (0.0, 0.0))
        explanations[one.kind] = (was + one.share, is_ + float(share))
    slow = None
    if seen.of_effect:
        slow = (parameter(book, "spine.mixing_slow_share", "%").value, float(found.weight[found.kind == 1].sum()))
    used = {
        "scores": len(seen.visits),
        "responses": len(seen.boluses),
        "levels": len(seen.levels),
        "residual volumes": len(seen.drawn),
    }
    doubts = _doubts(found, checks)
    shown = (*checks, *_aspirated(seen.aspirates, who, facts))
    contradicts = bool(np.abs(found.weight @ found.x).max(initial=0.0) > _FAR) or any(
        each.rare < _NEVER for each in checks
    )
    if contradicts:
        doubts.append(
            "the data contradict the models: no prediction rests on them; look for a slip, a wrong unit or a wrong time"
        )
    withheld = _withheld(found, seen.visits, facts, contradicts=contradicts)
    if withheld:
        # A leak or a pump at fault is an alarm: it is not raised by a search that failed or by data that cannot be true.
        explanations, worth = {}, []
    return Estimate(
        used, seen.left_out, found.method, found.k_hat, found.effective, found.converged, moved, slow, explanations,
        shown, tuple(worth), tuple(doubts), who.assumes, None if contradicts else people, withheld,
    )  # fmt: skip


def _withheld(found: posterior.Draws, visits: Sequence[Visit], facts: Facts, *, contradicts: bool) -> str:
    """Return why no explanation may be given of what was seen; empty where one may."""
    if contradicts:
        return "the data contradict the models, so nothing is said of a leak, the pump or the disease: look for a slip first"
    if pair := _contradictory(visits, facts):
        days = " and ".join(shown_moment(visit.at, facts.home) for visit in pair)
        return (
            f"two scores contradict each other ({days}), so nothing is said of a leak, the pump or the disease: look for a "
            "slip first"
        )
    if not found.converged:
        return "the search for the best fit did not arrive, so nothing is said of a leak, the pump or the disease"
    return ""


def _contradictory(visits: Sequence[Visit], facts: Facts) -> tuple[Visit, Visit] | None:
    """Return two scores of the legs of one state of the patient that are far apart (assumption); None where there are none."""
    near = timedelta(hours=float(facts.book.quantity("estimate.same_time").to("h")))
    far = facts.book.count("estimate.far_apart")
    changed = [event.at for event in facts.of(*_CHANGES)]
    scored = [visit for visit in visits if visit.ashworth]
    for one, other in pairwise(scored):
        apart = abs(_legs(other) - _legs(one)) >= far and other.at - one.at <= near
        if apart and not any(one.at - near <= at <= other.at for at in changed):
            return one, other
    return None


def _legs(visit: Visit) -> float:
    """The mean Ashworth score of the legs, 1 to 5."""
    return float(np.mean([_middle(step, tone.LOWEST) for step in visit.ashworth]))


def _people(x: Floats, kind: NDArray[np.int64], at: Setting, before: Normals) -> Normals:
    """Those draws as people; what was not looked for is as it was believed before."""
    blocks = {name: getattr(before, name).copy() for name in before.__struct_fields__}
    for k, (block, column, _) in enumerate(at.columns):
        if block in blocks:
            blocks[block][:, column] = x[:, k]
    if at.observed.of_effect:
        blocks["spine"][:, REGIME] = np.where(kind == 1, -_FAR, _FAR)
    return Normals(**blocks)


def _moved(first: Patient, second: Patient, doses: tuple[Floats, Floats] | None, at: Setting) -> list[Moved]:
    """What matters to a clinician: the effective dose first, then the numbers behind it."""
    found: list[Moved] = []

    def add(name: str, unit: str, one: Floats, other: Floats) -> None:
        # On the logarithm, where both are spread evenly.
        was, is_ = np.log(np.maximum(one, 1e-9)).var(), np.log(np.maximum(other, 1e-9)).var()
        found.append(
            Moved(name, unit, spread(one), spread(other), max(1.0 - float(is_ / was), 0.0) if was > 0 else 0.0)
        )

    if doses is not None and first.answers is not None and second.answers is not None:
        where, unit = ("at the tip", "mcg/day") if _in_spine(at) else ("by mouth", "mg/day")
        add(f"effective daily dose {where}", unit, *doses)
        add("half-effect level in the cord", "ng/mL", first.answers.c50_ng_ml, second.answers.c50_ng_ml)
        add("Ashworth score of the legs without the drug", "points", first.answers.baseline, second.answers.baseline)
        add("pace of the tone", "/h", first.answers.pace_h, second.answers.pace_h)
        add(
            "rise of the half-effect at most (tolerance)", "", first.adapts.tolerance_most, second.adapts.tolerance_most
        )
    if any(block == "kinetics" for block, _, _ in at.columns) and at.person.creatinine_ml_min is not None:
        add("clearance", "L/h", first.kinetics.clearance_l_h, second.kinetics.clearance_l_h)
        add("central volume", "L", first.kinetics.central_l, second.kinetics.central_l)
        add("share absorbed", "", first.kinetics.share, second.kinetics.share)
    return found


def _in_spine(at: Setting) -> bool:
    """Whether drug in the spine counts: beside it what would have to be swallowed for the same is no dose that anybody takes."""
    return "tip" in at.ways or "puncture" in at.ways


def _checks(found: posterior.Draws, kept: NDArray[np.int64], model: Candidates) -> list[Check]:
    """Each thing seen beside what those draws expect there, under the explanation that fits each best."""
    at, seen = model.setting, model.setting.observed
    under = found.explained[kept].argmax(axis=1)
    shown = model.shows(found.x[kept], found.kind[kept], under)
    checks: list[Check] = []
    for k, visit in enumerate(seen.visits):
        checks += _of_visit(visit, shown[:, 3 * k : 3 * k + 3], at)
    begin = 3 * len(seen.visits) + 2 * len(seen.boluses)
    error = parameter(at.book, "body.residual", "%").value
    for k, level in enumerate(seen.levels):
        checks.append(_of_level(level, shown[:, begin + k], error))
    begin += len(seen.levels)
    sd = parameter(at.book, "estimate.residual", "mL").value
    for k, volume in enumerate(seen.drawn):
        expected = volume.meant_ml * shown[:, begin + k]
        z = (volume.delivered_ml - expected) / sd
        checks.append(
            Check(
                volume.at,
                "mL that have left the pump",
                plain(figures(volume.delivered_ml, 3)),
                spread(expected),
                _tails(z),
            )
        )
    return checks


def _of_visit(visit: Visit, shown: Floats, at: Setting) -> list[Check]:
    found = []
    if visit.ashworth:
        # Both legs of a visit count as one score: their mean.
        here = _legs(visit)
        rare = _scored(visit, shown, at, "ashworth", tone.LOWEST, here)
        found.append(Check(visit.at, "Ashworth of the legs, 1 to 5", visit.written, spread(shown[:, 0]), rare))
    if visit.penn is not None:
        here = _middle(visit.penn, 0.0)
        rare = _scored(visit, shown, at, "penn", 0.0, here)
        found.append(Check(visit.at, "Penn, 0 to 4", f"{here:g}", spread(shown[:, 1]), rare))
    if visit.hm is not None:
        sd = parameter(at.book, "estimate.hm").value
        found.append(_close(visit.at, "H/M, of that without the drug", visit.hm, shown[:, 2], sd))
    return found


def _middle(step: Step, lowest: float) -> float:
    low, high = step
    return lowest if math.isinf(low) else lowest + 4.0 if math.isinf(high) else (low + high) / 2.0


def _scored(visit: Visit, shown: Floats, at: Setting, scale: str, lowest: float, here: float) -> float:
    """How likely a score at least as far off as this one is."""
    likely = []
    for step in steps(lowest):
        one = Visit(visit.at, ashworth=(step,)) if scale == "ashworth" else Visit(visit.at, penn=step)
        likely.append(np.exp(seen_at(one, shown, at.book)).mean())
    values, shares = lowest + np.arange(5), np.array(likely)
    return min(1.0, 2.0 * min(float(shares[values <= here + 0.5].sum()), float(shares[values >= here - 0.5].sum())))


def _of_level(level: Level, shown: Floats, error: float) -> Check:
    return _close(level.at, f"level in {SAMPLES[level.where]}, ng/mL", level.ng_ml, shown, error)


def _aspirated(samples: Sequence[Level], who: Patient, facts: Facts) -> list[Check]:
    """Samples through the catheter beside what such samples show at these doses, where all arrives as told.

    They lie so far around the level at the tip that none says anything of the patient: they move no number.
    """
    if not samples:
        return []
    step = timedelta(hours=FINEST_H)
    grids = [Grid(each.at - step, step, 1, memory(facts.book) // step) for each in samples]
    amounts = [doses(facts, (), grid) for grid in grids]
    ways = sorted({way for each in amounts for way in each.ways})
    answers = Answers(who, facts.book, ways, [CORD, TIP])
    plume = parameter(facts.book, "spine.aspirate_plume")
    found = []
    for each, grid, given in zip(samples, grids, amounts, strict=True):
        level = answers.levels(given, grid, slice(1, 2))[0, :, -1]
        expected = np.log(np.maximum(level * plume.value, _LEAST_NG_ML))
        what = f"level in {SAMPLES[each.where]}, ng/mL (compared only: it moves no number)"
        found.append(_close(each.at, what, each.ng_ml, expected, plume.between))
    return found


def _close(at: datetime, what: str, value: float, log_expected: Floats, sd: float) -> Check:
    z = (math.log(value) - log_expected) / sd
    return Check(at, what, plain(figures(value, 3)), spread(np.exp(log_expected)), _tails(z))


def _tails(z: Floats) -> float:
    """How likely something at least as far off is, over draws whose normal errors are z."""
    below = float(np.mean([0.5 * math.erfc(-each / math.sqrt(2.0)) for each in z]))
    above = float(np.mean([0.5 * math.erfc(each / math.sqrt(2.0)) for each in z]))
    return min(1.0, 2.0 * min(below, above))


def _worth(
    who: Patient, log_dose: Floats, found: posterior.Draws, kept: NDArray[np.int64], model: Candidates, facts: Facts
) -> list[Worth]:
    """What one more score would say of the effective dose: again at the dose of the last visit; for who has no pump yet, at
    each hour after a screening bolus."""
    at = model.setting
    worth = []
    if at.visits:
        under = np.zeros(len(kept), np.int64)
        last = model.shows(found.x[kept], found.kind[kept], under)[:, 3 * len(at.visits) - 3]
        says = "one more Ashworth score of the legs at the dose of the last visit"
        worth.append(Worth(says, gone(likely(last, facts.now, facts.book), log_dose)))
    if "puncture" in at.ways and "tip" not in at.ways:
        worth += _bolus_worth(who, log_dose, _TRIAL_MCG, facts)
    return sorted(worth, key=lambda each: -each.share)


def _bolus_worth(who: Patient, log_dose: Floats, mcg: float, facts: Facts) -> list[Worth]:
    """How much an Ashworth score of the legs at some hour after a bolus would narrow the effective dose."""
    if who.answers is None:
        return []
    answers = Answers(who, facts.book, ["puncture"], [CORD], 1e-3)
    points = round(max(HOURS) / FINEST_H) + 1
    grid = Grid(facts.now, timedelta(hours=FINEST_H), points, answers.mouth.shape[-1])
    given = np.zeros(grid.memory + grid.points)
    given[grid.memory + 1] = mcg
    none = np.zeros_like(given)
    cord = answers.levels(Doses(none, none, given), grid)[0]
    hours = np.asarray(FINEST_H * np.arange(points))
    course = tone.ashworth(tone.tone(tone.reflex(cord, who.answers), hours, who.answers), who.answers)
    found = []
    for hour in HOURS:
        expected = course[:, round(hour / FINEST_H)]
        found.append(
            Worth(
                f"an Ashworth score of the legs {hour:g} h after a bolus of {mcg:g} mcg",
                gone(likely(expected, facts.now, facts.book), log_dose),
            )
        )
    return found


def _doubts(found: posterior.Draws, checks: Sequence[Check]) -> list[str]:
    doubts = []
    if not found.converged and found.effective < 100:
        doubts.append("the search for the best fit did not arrive; the draws do not rest on it alone")
    if found.method == "sequential":
        doubts.append(
            f"the weights of the first draws were no use (k-hat {found.k_hat:.2f}); they were drawn in steps instead"
        )
    if found.effective < 50:
        doubts.append(f"the draws are worth only {found.effective:.0f} equal ones: the ends of every band are rough")
    mean = found.weight @ found.x
    if np.abs(mean).max(initial=0.0) > _FAR:
        doubts.append("the data ask for a patient beyond what the models were made of")
    if odd := [each for each in checks if each.rare < _RARE]:
        doubts.append(
            f"{len(odd)} of {len(checks)} observations lie where fewer than 1 in 20 would: the data contradict the model or each other"
        )
    return doubts

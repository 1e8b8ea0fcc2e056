"""What a bolus or a program does along the spine, in the blood and to the tone, over a population."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import neuraxis, plasma, tone
from eutonia.body.compiled import overlay, responses
from eutonia.body.draws import normals
from eutonia.body.neuraxis import (
    BOLUS_CM,
    CELLS,
    CISTERN,
    INFUSION_CM,
    PUNCTURE_CM,
    SPINAL,
    Sites,
    Spine,
    injected,
    tap_cm,
    vertebra_cm,
)  # fmt: skip
from eutonia.body.parameters import numbers, parameter
from eutonia.body.person import outside, population
from eutonia.chart.orders import Program
from eutonia.knowledge import Book
from eutonia.predict.patient import Unpredicted
from eutonia.predict.spread import Spread, spread
from eutonia.pump.program import Flow

Floats = NDArray[np.float64]

_STEP_H: Final = 0.125
_BOLUS_H: Final = 24.0
# Below this age the effect of intrathecal drug is not predicted: no data (evidence/model.md 6).
_ADULT: Final = 18.0


class Given(Struct, frozen=True):
    """Something that is delivered: a bolus (mcg) or a change of the infusion (mcg/h) at an hour."""

    at_h: float
    mcg: float = 0.0
    mcg_h: float = 0.0
    spread_cm: float = BOLUS_CM


class SpinalCourse(Struct, frozen=True, eq=False):
    """Spreads over the population; `h_m` and `ashworth` by the hour that was asked for.

    After a bolus the levels in `csf` are the highest ones, under an infusion the average of the last day; `gradient` is
    lumbar over cisternal exposure.  Onset and duration are those of the people in whom an effect was noticed.
    """

    people: int
    csf: Mapping[str, Spread]
    plasma: Mapping[str, Spread]
    h_m: Mapping[float, Spread]
    ashworth: Mapping[float, Spread]
    onset_h: Spread | None
    peak_h: Spread
    duration_h: Spread | None
    responders: float
    mixing: str


def delivered(program: Program, days: float) -> tuple[Given, ...]:
    """What a program brings to the tip from a midnight of the pump on, for some days."""
    out: list[Given] = []
    if program.continuous is not None:
        out.append(Given(0.0, mcg_h=float(program.continuous.to("mcg/day")) / 24.0))
    hours = 24.0 * days
    for bolus in program.boluses:
        mcg = float(bolus.dose.to("mcg"))
        if bolus.every_h is not None:
            starts = np.arange(0.0, hours, float(bolus.every_h))
        else:
            set_times = np.array([at.hour + at.minute / 60.0 for at in bolus.at])
            starts = (24.0 * np.arange(np.ceil(days))[:, None] + set_times).ravel()
        for at in starts[starts < hours]:
            if bolus.over_min:
                lasts = float(bolus.over_min) / 60.0
                out += [Given(float(at), mcg_h=mcg / lasts), Given(float(at) + lasts, mcg_h=-mcg / lasts)]
            else:
                out.append(Given(float(at), mcg=mcg))
    if program.steps:
        rates = [(s.at.hour + s.at.minute / 60.0, float(s.rate.to("mcg/h"))) for s in program.steps]
        running = 0.0
        for at, rate in ((24.0 * day + at, rate) for day in range(int(np.ceil(days))) for at, rate in rates):
            if at < hours and rate != running:
                out.append(Given(at, mcg_h=rate - running))
                running = rate
    return tuple(out)


def through_line(given: Sequence[Given], program: Program, line_ml: float, strength_mcg_ml: float) -> tuple[Given, ...]:
    """What leaves the tip of a line that holds no drug yet: nothing until the drug has filled it, then what the pump gives.

    Drug moves through the line as a plug.  A bolus under way as the front arrives counts whole or not at all.
    """
    front = Flow(program, strength_mcg_ml, 0.0).when(line_ml, 0.0, 1e9)
    arrives = math.inf if front is None else front / 3600.0
    running = sum(each.mcg_h for each in given if each.at_h <= arrives)
    late = [each for each in given if each.at_h > arrives]
    return (Given(arrives, mcg_h=running), *late) if running else tuple(late)


def course(someone: Spine, at_cm: Floats, given: Sequence[Given], sites: Sites, hours: Floats) -> Floats:
    """[people, sites, hours] concentrations (ng/mL) on an even grid from zero: the sum of the answers to all that is given.

    The answer to one bolus and to one unit of infusion is worked out once for each place between two points of the
    grid at which something begins; everything else is a shifted copy.
    """
    step = hours[1] - hours[0]
    out = np.zeros((len(someone), sites.plasma.size, hours.size))
    kinds: dict[tuple[bool, float, float], list[Given]] = {}
    for each in given:
        behind = round((-each.at_h) % step, 9) % step
        kinds.setdefault((each.mcg_h != 0.0, behind, each.spread_cm if each.mcg_h == 0.0 else INFUSION_CM), []).append(
            each
        )
    for (steady, behind, wide), those in kinds.items():
        source = injected(someone, at_cm, wide)[:, None]
        lags = behind + step * np.arange(hours.size)
        answer = np.zeros_like(out)
        later = lags > 0.0
        answer[..., later] = responses(someone, source, sites, lags[later], steady=steady)[:, 0]
        if not steady and not later[0]:
            answer[..., 0] = 1e3 * np.einsum("psi,pi->ps", sites.fluid, source[:, 0] / someone.volume)
        first = np.array([math.ceil(round(each.at_h / step, 9)) for each in those])
        overlay(out, answer, first, np.array([each.mcg_h if steady else each.mcg for each in those]))
    return out


def sites_of(someone: Spine, book: Book, tip: str = "T10") -> Sites:
    """Lumbar tap, cistern, plasma, the second shell behind legs, soleus and arms, and the fluid at the tip."""
    n = len(someone)
    length = parameter(book, "spine.length", "cm").value
    scale = someone.length_cm / length
    fluid, tissue, blood = np.zeros((n, 7, CELLS)), np.zeros((n, 7, CELLS)), np.zeros(7)
    for k, place in ((0, tap_cm(book)), (6, vertebra_cm(tip, book))):
        fluid[:, k, min(int(place / length * SPINAL), SPINAL - 1)] = 1.0
    fluid[:, 1, CISTERN] = 1.0
    blood[2] = 1.0
    for k, name in ((3, "spine.legs"), (4, "spine.soleus"), (5, "spine.arms")):
        low, high = numbers(book, name, "cm")
        places = someone.places_cm()
        inside = (places >= (low * scale)[:, None]) & (places <= (high * scale)[:, None])
        tissue[:, k, :SPINAL] = inside / inside.sum(axis=1, keepdims=True)
    return Sites(fluid, tissue, blood)


class Simulated(Struct, frozen=True, eq=False):
    """The courses of everybody: hours [times]; levels [people, times] in ng/mL; and what people are like.

    plume: [people] how many times the level at the tip one aspirate through the catheter shows.
    """

    hours: Floats
    lumbar: Floats
    cistern: Floats
    plasma: Floats
    legs: Floats
    soleus: Floats
    arms: Floats
    tip: Floats
    plume: Floats
    answers: tone.Sensitivity
    half_life_h: Floats
    clearance_ml_h: Floats

    def reflex(self) -> Floats:
        """[people, times] H/M of the soleus over that without the drug."""
        return tone.reflex(self.soleus, self.answers)

    def ashworth(self, where: str = "legs") -> Floats:
        """[people, times] the expected Ashworth score (1-5) of the legs or the arms."""
        cord = self.legs if where == "legs" else self.arms
        return tone.ashworth(tone.tone(tone.reflex(cord, self.answers), self.hours, self.answers), self.answers)

    def aspirated(self) -> Floats:
        """[people, times] what one sample through the catheter would show, ng/mL; it says nothing about clearance."""
        return np.asarray(self.tip * self.plume[:, None])

    def fall(self) -> Floats:
        """[people, times] how far the Ashworth score of the legs is below that without the drug."""
        return np.asarray(self.answers.baseline[:, None] - self.ashworth())

    def noticed(self, book: Book) -> NDArray[np.bool_]:
        """[people, times] whether that fall is large enough to count as an effect."""
        return np.asarray(self.fall() >= parameter(book, "tone.noticed", "points").value)


def simulate(
    given: Sequence[Given],
    book: Book,
    *,
    tip: str = "T10",
    puncture: bool = False,
    hours: float = _BOLUS_H,
    baseline: float = 3.0,
    count: int = 1000,
    seed: str = "1",
    age_years: float = 40.0,
    weight_kg: float = 70.0,
    height_cm: float = 175.0,
    creatinine_ml_min: float | None = None,
    mixing: str = "fast",
) -> Simulated | Unpredicted:
    """What is given at the tip (or by lumbar puncture) does to `count` people over some hours."""
    someone = population(book, count, seed, age_years, weight_kg, creatinine_ml_min)
    if why := outside(someone, book):
        return Unpredicted(why)
    if age_years < _ADULT:
        return Unpredicted("the effect of intrathecal drug in children was never measured as a course")
    drawn = normals(seed, "kinetics", 0, count, plasma.ETAS)
    kinetics = plasma.kinetics("adult", someone, drawn, book)
    along = neuraxis.spine(
        kinetics, np.full(count, height_cm), normals(seed, "spine", 0, count, neuraxis.ETAS), book, mixing
    )
    scale = along.length_cm / parameter(book, "spine.length", "cm").value
    tap = tap_cm(book) * scale
    sites = sites_of(along, book, tip)
    grid = np.arange(0.0, hours + _STEP_H / 2, _STEP_H)
    found = course(along, tap if puncture else vertebra_cm(tip, book) * scale, given, sites, grid)
    answers = tone.sensitivity(normals(seed, "effect", 0, count, tone.ETAS), baseline, book)
    plume = parameter(book, "spine.aspirate_plume").drawn(normals(seed, "aspirate", 0, count, 2)[:, 0])
    lumbar, cistern, blood, legs, soleus, arms, at_tip = np.moveaxis(found, 1, 0)
    return Simulated(
        grid, lumbar, cistern, blood, legs, soleus, arms, at_tip, plume, answers, *_from_a_tap(along, tap, sites)
    )


def along_the_spine(
    given: Sequence[Given], book: Book, *, ask_h: Sequence[float] = (1.0, 4.0, 6.0), mixing: str = "fast", **person: Any
) -> SpinalCourse | Unpredicted:
    """The same, summed up over the people; `person` as in `simulate`."""
    found = simulate(given, book, mixing=mixing, **person)
    if isinstance(found, Unpredicted):
        return found
    grid, h, scores = found.hours, found.reflex(), found.ashworth()
    fall, begun = found.fall(), found.noticed(book)
    dripping = any(each.mcg_h for each in given)
    last_day = grid > grid[-1] - 24.0 if dripping else np.full(grid.size, True)

    def level(x: Floats) -> Spread:
        return spread(x[:, last_day].mean(axis=1) if dripping else x.max(axis=1))

    some = begun.any(axis=1)
    where = {hour: int(np.argmin(np.abs(grid - hour))) for hour in ask_h}
    return SpinalCourse(
        fall.shape[0],
        {
            "lumbar_ng_ml": level(found.lumbar),
            "cisternal_ng_ml": level(found.cistern),
            "aspirate_ng_ml": level(found.aspirated()),
            "gradient": spread(found.lumbar[:, last_day].mean(axis=1) / found.cistern[:, last_day].mean(axis=1)),
            "half_life_h": spread(found.half_life_h),
            "clearance_ml_h": spread(found.clearance_ml_h),
        },
        {
            "cmax_ng_ml": spread(found.plasma.max(axis=1)),
            "average_ng_ml": spread(found.plasma[:, last_day].mean(axis=1)),
        },
        {hour: spread(h[:, i]) for hour, i in where.items()},
        {hour: spread(scores[:, i]) for hour, i in where.items()},
        spread(grid[begun.argmax(axis=1)][some]) if some.any() else None,
        spread(grid[fall.argmax(axis=1)]),
        spread((begun.sum(axis=1) * _STEP_H)[some]) if some.any() else None,
        float((fall.max(axis=1) >= 1.0).mean()),
        mixing,
    )


def _from_a_tap(along: Spine, tap: Floats, sites: Sites) -> tuple[Floats, Floats]:
    """[people] half-life (h) from 0.5 to 4 h and clearance (mL/h) that taps after one lumbar bolus would show."""
    one = Sites(sites.fluid[:, :1], sites.tissue[:, :1], sites.plasma[:1])
    source = injected(along, tap, PUNCTURE_CM)[:, None]
    early = responses(along, source, one, np.linspace(0.5, 4.0, 8), steady=False)[:, 0, 0]
    slope = np.polyfit(np.linspace(0.5, 4.0, 8), np.log(np.maximum(early, 1e-300)).T, 1)[0]
    # A drip that never ends settles at its rate over the clearance.
    settled = responses(along, source, one, np.array([5e3, 1e4]), steady=True)[:, 0, 0, -1]
    return np.asarray(np.log(2.0) / -slope), np.asarray(1e3 / settled)


def as_dict(found: SpinalCourse | Unpredicted) -> dict[str, Any]:
    """What goes out as JSON."""
    if isinstance(found, Unpredicted):
        return {"unknown": found.why}

    def each(spreads: Mapping[Any, Spread]) -> dict[str, Any]:
        return {f"{name:g}" if isinstance(name, float) else name: found.as_dict() for name, found in spreads.items()}

    effect = {
        "h_m": each(found.h_m),
        "ashworth": each(found.ashworth),
        "onset_h": found.onset_h and found.onset_h.as_dict(),
        "peak_h": found.peak_h.as_dict(),
        "duration_h": found.duration_h and found.duration_h.as_dict(),
        "responders": found.responders,
    }
    return {
        "people": found.people,
        "mixing": found.mixing,
        "csf": each(found.csf),
        "plasma": each(found.plasma),
        "effect": effect,
    }

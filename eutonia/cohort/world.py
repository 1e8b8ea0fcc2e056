"""Who is in a study: the bodies of the persons from one on, the same ones under every arm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.body import neuraxis, plasma, tone
from eutonia.body.compiled import responses
from eutonia.body.draws import normals
from eutonia.body.kinetics import Kinetics
from eutonia.body.neuraxis import Sites, Spine, injected, vertebra_cm
from eutonia.body.parameters import parameter
from eutonia.body.person import People, outside, population
from eutonia.cohort.study import Field, Study
from eutonia.knowledge import Book
from eutonia.predict import intrathecal

Floats = NDArray[np.float64]

BODY: Final[Mapping[str, Field]] = {
    "age_years": Field("how old they are", "years", 0, 120, spreads=True, example="50"),
    "weight": Field("what they weigh", "kg", 1, 400, spreads=True, example="'70 kg'"),
    "creatinine_clearance": Field(
        "how well their kidneys work; without it that of healthy adults, which spreads",
        "mL/min", 0, 300, spreads=True, required=False, example="'110 mL/min'",
    ),
}  # fmt: skip
SPINE: Final[Mapping[str, Field]] = {
    **BODY,
    "height": Field("how tall they are", "cm", 50, 250, spreads=True, example="'175 cm'"),
    "baseline_ashworth": Field("Ashworth score without the drug, 1 to 5", "points", 1, 5, example="3"),
}

# Only the fluid at the tap and the cord behind the legs are looked at: as many sites, as much time.
LUMBAR, LEGS = range(2)


def bodies(study: Study, first: int, count: int, book: Book) -> tuple[People, Kinetics]:
    """The persons from `first` on and their kinetics; those of `eutonia simulate` where seed and covariates agree."""
    creatinine = study.drawn("creatinine_clearance", first, count) if "creatinine_clearance" in study.persons else None
    someone = population(
        book, count, study.seed, study.drawn("age_years", first, count), study.drawn("weight", first, count),
        creatinine, first=first,
    )  # fmt: skip
    drawn = normals(study.seed, "kinetics", first, count, plasma.ETAS)
    return someone, plasma.kinetics("adult", someone, drawn, book)


def unfit(study: Study, book: Book, youngest: float) -> list[str]:
    """Why the models say nothing of such people, by those at the ends of what the study says of them."""
    ages = study.persons["age_years"]
    if ages.kind in ("lognormal", "exponential", "within"):
        return ["age_years needs ends that the models reach: a fixed value or 'uniform'"]
    if min(ages.numbers) < youngest:
        return [f"age_years goes down to {min(ages.numbers):g}; the models reach down to {youngest:g} years"]
    someone, _ = bodies(study, 0, 16, book)
    why = outside(someone, book)
    return [why] if why else []


class Along(Struct, frozen=True, eq=False):
    """Spines with a catheter in them, and how the people answer; tip_cm: [people]; sites: LUMBAR and LEGS."""

    spine: Spine
    tip_cm: Floats
    sites: Sites
    answers: tone.Sensitivity

    def ashworth(self, legs: Floats, hours: Floats) -> Floats:
        """[people, times] the expected Ashworth score of the legs (1-5) under free drug in the cord [people, times]."""
        followed = tone.tone(tone.reflex(legs, self.answers), hours, self.answers)
        return tone.ashworth(followed, self.answers)


def along(study: Study, tip: str, first: int, count: int, book: Book) -> Along:
    """The spines of the persons from `first` on."""
    _, kinetics = bodies(study, first, count, book)
    drawn = normals(study.seed, "spine", first, count, neuraxis.ETAS)
    spine = neuraxis.spine(kinetics, study.drawn("height", first, count), drawn, book)
    # What the predictions look at, less what no study asks for.
    whole = intrathecal.sites_of(spine, book)
    wanted = [0, 3]
    sites = Sites(
        np.ascontiguousarray(whole.fluid[:, wanted]), np.ascontiguousarray(whole.tissue[:, wanted]), whole.plasma[wanted]
    )  # fmt: skip
    scale = spine.length_cm / parameter(book, "spine.length", "cm").value
    answers = tone.sensitivity(
        normals(study.seed, "effect", first, count, tone.ETAS), study.persons["baseline_ashworth"].numbers[0], book
    )
    return Along(spine, vertebra_cm(tip, book) * scale, sites, answers)


class Drip(Struct, frozen=True, eq=False):
    """What one mcg/h at the tip leads to: rising from nothing [people, sites, hours], and settled [people, sites]."""

    hours: Floats
    rising: Floats
    settled: Floats


def drip(those: Along, hours: Floats) -> Drip:
    """The answer to one mcg/h on an even grid of hours from zero, in ng/mL."""
    source = injected(those.spine, those.tip_cm, neuraxis.INFUSION_CM)[:, None]
    rising = np.zeros((len(those.spine), 2, hours.size))
    rising[..., 1:] = responses(those.spine, source, those.sites, hours[1:], steady=True)[:, 0]
    # A drip that never ends.
    settled = responses(those.spine, source, those.sites, np.array([5e3, 1e4]), steady=True)[:, 0, :, -1]
    return Drip(hours, rising, settled)


def infused(by: Drip, before_mcg_h: Floats, at_h: Floats, change_mcg_h: Floats) -> Floats:
    """[people, sites, hours] concentrations in ng/mL of people who had long had a rate, and whose rate then changes.

    before: [people]; at and change: [people, changes], each person their own.  A change between two points of the grid
    is shared between both by its distance: no drug is lost, and its mean time is right.
    """
    step = by.hours[1] - by.hours[0]
    out = np.repeat((before_mcg_h[:, None] * by.settled)[..., None], by.hours.size, axis=2)
    size = by.hours.size
    for p in range(out.shape[0]):
        for at, change in zip(at_h[p] / step, change_mcg_h[p], strict=True):
            first = int(np.floor(at))
            for begin, share in ((first, 1.0 - (at - first)), (first + 1, at - first)):
                if share * change != 0.0 and begin < size:
                    out[p, :, begin:] += share * change * by.rising[p, :, : size - begin]
    return out

"""From a person to the kinetics of plasma: our model, whose clearance is the kidney's and the rest's, and published ones.

adult           two compartments, renal clearance, absorption in two stages; children from two years on by size
simon2018       one compartment, adults up to 300 mg daily
chevillard2018  one compartment, adults 15-250 mg daily
kochak1985      two compartments, healthy men
he2014          two compartments, children of 2-17 years; the split of its volume was not published
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from eutonia.body.kinetics import Kinetics
from eutonia.body.parameters import Parameter, parameter
from eutonia.body.person import People
from eutonia.knowledge import Book
from eutonia.quantity import Quantity

Floats = NDArray[np.float64]

# How many normal numbers a person has for their kinetics; the columns are the same in every model, so that a person
# who absorbs fast in one does so in the other.
ETAS: Final = 8
CLEARANCE, VOLUME, ABSORB, TRANSIT, SHARE = range(5)

# Whom the published models were made of, in years: Simon's, Chevillard's and Kochak's adults, He's children of 2 to 17.
_AGES: Final = {
    "simon2018": (18.0, math.inf),
    "chevillard2018": (18.0, math.inf),
    "kochak1985": (18.0, math.inf),
    "he2014": (2.0, 18.0),
}

Model = Callable[[People, Floats, Book, str, bool], Kinetics]

# Every measurement is linear; the monograph says that more is absorbed of higher doses, the US label that less is (C-01).
ABSORPTIONS: Final = ("linear", "increasing", "decreasing")


def kinetics(
    model: str, people: People, normals: Floats, book: Book, form: str = "tablet", unsure: bool = False
) -> Kinetics:
    """The kinetics of these people under a named model; normals: [people, ETAS], zeros for the typical person.

    form: 'tablet' or 'solution', which needs not dissolve.  unsure: each person of our own model is also drawn from what
    is not certain about it; of the published ones that is not known.  Raises KeyError for an unknown model.
    """
    return MODELS[model](people, normals, book, form, unsure)


def unfit(model: str, people: People, form: str = "tablet") -> str:
    """Why a published model says nothing about these people or this form of the drug; empty where it does."""
    low, high = _AGES.get(model, (0.0, math.inf))
    if not np.all((people.age_years >= low) & (people.age_years < high)):
        who = "adults" if math.isinf(high) else f"children of {low:g} to {high - 1:g} years"
        return f"the model '{model}' was made of {who}"
    if form != "tablet" and model != "adult":
        return f"the model '{model}' was published for tablets; a solution belongs to 'adult'"
    return ""


def share_of(dose_mg: float, absorption: str, book: Book) -> float | None:
    """The typical share absorbed of a single dose, where that is taken to depend on the dose; None where it is not.

    No source gives the dependence a size: the published range is run through over the monograph's single doses.
    """
    if absorption == "linear":
        return None
    first, last = (float(Quantity.read(each).to("mg")) for each in book.entry("body.dose_dependence").value)
    low, high = (float(each.to("%")) / 100 for each in book.span("plasma.bioavailability"))
    along = min(max((dose_mg - first) / (last - first), 0.0), 1.0)
    return low + (high - low) * (along if absorption == "increasing" else 1.0 - along)


def _spread(typical: Parameter, normals: Floats) -> Floats:
    return np.asarray(typical.value * np.exp(typical.between * normals))


def _share(typical: float, between: float, normals: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-math.log(typical / (1.0 - typical)) - between * normals)))


def with_share(kinetics: Kinetics, typical: float, normals: Floats, book: Book) -> Kinetics:
    """The same people absorbing another share; each stays where they are between high and low."""
    between = parameter(book, "body.share", "%").between
    return replace(kinetics, share=_share(typical, between, normals[:, SHARE]))


def _adult(people: People, normals: Floats, book: Book, form: str, unsure: bool) -> Kinetics:
    n = len(people)
    size = people.weight_kg / 70.0
    rest = parameter(book, "body.clearance_nonrenal", "mL/min")
    per_creatinine = parameter(book, "body.clearance_per_creatinine", "%")
    own = np.exp(rest.spread(unsure) * normals[:, CLEARANCE])
    renal = per_creatinine.value * people.creatinine_ml_min * 0.06 * own
    volume = normals[:, VOLUME]
    transit = _spread(parameter(book, "body.transit", "/h"), normals[:, TRANSIT])
    share = parameter(book, "body.share", "%")
    return Kinetics(
        transit if form == "tablet" else np.zeros(n),
        _spread(parameter(book, "body.absorb", "/h"), normals[:, ABSORB]),
        rest.value * size**0.75 * own + renal,
        renal,
        _spread(parameter(book, "body.central", "L"), volume) * size,
        parameter(book, "body.between", "L/h").value * size**0.75,
        _spread(parameter(book, "body.peripheral", "L"), volume) * size,
        _share(share.value, share.between, normals[:, SHARE]),
        np.zeros(n),
    )


def _one_compartment(name: str) -> Model:
    def found(people: People, normals: Floats, book: Book, form: str, unsure: bool) -> Kinetics:
        n, none = len(people), np.zeros(len(people))
        clearance = _spread(parameter(book, f"plasma.{name}.cl_f", "L/h"), normals[:, CLEARANCE])
        return Kinetics(
            none,
            _spread(parameter(book, f"plasma.{name}.ka", "/h"), normals[:, ABSORB]),
            clearance,
            none,
            _spread(parameter(book, f"plasma.{name}.v_f", "L"), normals[:, VOLUME]),
            none,
            none,
            np.ones(n),
            none,
        )

    return found


def _kochak(people: People, normals: Floats, book: Book, form: str, unsure: bool) -> Kinetics:
    # The paper gives no absorption rate (drug was infused into the gut) and no spread: ours stand in for both.
    n = len(people)
    ours = parameter(book, "body.clearance_nonrenal", "mL/min")
    own = np.exp(ours.between * normals[:, CLEARANCE])
    volumes = np.exp(parameter(book, "body.central", "L").between * normals[:, VOLUME])
    return Kinetics(
        np.zeros(n),
        _spread(parameter(book, "body.absorb", "/h"), normals[:, ABSORB]),
        parameter(book, "plasma.kochak1985.cl_f", "mL/min").value * own,
        parameter(book, "plasma.kochak1985.cl_renal", "mL/min").value * own,
        parameter(book, "plasma.kochak1985.vc_f", "L").value * volumes,
        np.full(n, parameter(book, "plasma.kochak1985.q_f", "L/h").value),
        parameter(book, "plasma.kochak1985.vp_f", "L").value * volumes,
        np.ones(n),
        np.zeros(n),
    )


def _he(people: People, normals: Floats, book: Book, form: str, unsure: bool) -> Kinetics:
    # Total volume and clearance are published, their split is not: that of Kochak's men, and the flow that gives the
    # published terminal half-life of the typical child.
    n = len(people)
    clearance = parameter(book, "plasma.he2014.cl_f", "L/h/kg")
    volume = parameter(book, "plasma.he2014.vss_f", "L/kg")
    transit = parameter(book, "plasma.he2014.transit_time", "h")
    central = (
        parameter(book, "plasma.kochak1985.vc_f", "L").value / parameter(book, "plasma.kochak1985.vss_f", "L").value
    )
    slow = math.log(2.0) / parameter(book, "plasma.he2014.half_life", "h").value
    k10 = clearance.value / (central * volume.value)
    # slow (fast) = k10 k21 and slow + fast = k10 + k12 k21-wise: solved for the flow Q per kg.
    v1, v2 = central * volume.value, (1.0 - central) * volume.value
    flow = slow * (k10 - slow) / (k10 / v2 - slow * (1.0 / v1 + 1.0 / v2))
    absorb = parameter(book, "body.he2014.absorb", "/h")
    volumes = np.exp(volume.between * normals[:, VOLUME]) * people.weight_kg
    # A normal number makes the rate faster, as in the other models, so the time shorter.
    mean = _spread(transit, -normals[:, TRANSIT])
    return Kinetics(
        1.0 / mean,
        np.full(n, absorb.value),
        _spread(clearance, normals[:, CLEARANCE]) * people.weight_kg,
        np.zeros(n),
        v1 * volumes,
        flow * people.weight_kg,
        v2 * volumes,
        np.ones(n),
        np.zeros(n),
    )


MODELS: Final[Mapping[str, Model]] = {
    "adult": _adult,
    "simon2018": _one_compartment("simon2018"),
    "chevillard2018": _one_compartment("chevillard2018"),
    "kochak1985": _kochak,
    "he2014": _he,
}

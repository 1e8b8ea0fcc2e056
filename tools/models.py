"""Writes docs/models.md: for each model what it answers, for whom, with which numbers, and how well that fits.

    python tools/models.py           writes the page
    python tools/models.py --check   exits 1 where the page is out of date

Equations and limits are written here, in words.  Every number comes from the knowledge or from docs/validation.md: the
parameters are those that the code asks for while it makes one typical person, so none is missing and none is left over.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import field

from eutonia.body import neuraxis, plasma, resolvent, tone
from eutonia.body.kinetics import Kinetics
from eutonia.body.parameters import Parameter, parameter
from eutonia.body.person import outside, people, population
from eutonia.doors.story import PACKAGE, TAG_MEANS, named, shown
from eutonia.knowledge import Book, Entry, KnowledgeError, book
from eutonia.predict import intrathecal
from eutonia.predict.oral import metrics
from eutonia.quantity import figures, number, plain

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "models.md"
VALIDATION: Final = ROOT / "docs" / "validation.md"
WIDTH: Final = 118


class Card(NamedTuple):
    """What is written by hand about a model."""

    name: str
    answers: str
    fitted_to: Callable[[], str]
    domain: Sequence[str]
    equations: Callable[[], str]
    symbols: Mapping[str, str]
    prefixes: Sequence[str]
    notes: Mapping[str, str]
    paper: str
    misfits: Sequence[str]
    unsupported: Sequence[str]
    rests_on: str = ""


# --- what the code asks for -----------------------------------------------------------------------------------------


class Watched(Book, frozen=True, eq=False):
    """A book that remembers which entries it was asked for."""

    asked: list[str] = field(default_factory=list)

    def entry(self, name: str) -> Entry:
        self.asked.append(name)
        return Book.entry(self, name)


def _watched() -> Watched:
    # A new one each time: what was asked before is kept by `parameter`, and would not be asked again.
    return Watched(book().library)


def _typical(model: str, weight_kg: float = 70.0, watched: Book | None = None, form: str = "tablet") -> Kinetics:
    someone = people(1, 40.0, weight_kg, parameter(book(), "body.creatinine_healthy", "mL/min").value / 0.06)
    return plasma.kinetics(model, someone, np.zeros((1, plasma.ETAS)), watched or book(), form)


# Where along the cord the tone is made: entries of the spine that only the card of the tone needs.
TARGETS: Final = ("spine.legs", "spine.soleus", "spine.arms")


@cache
def asked(model: str) -> tuple[str, ...]:
    """The entries that the code asks for while it makes a person of this model, in the order of the knowledge."""
    watched = _watched()
    found = watched.asked
    if model == "adult":
        outside(population(watched, 1, "models", 40.0, 70.0, None), watched)
        kinetics = _typical("adult", watched=watched)
        plasma.share_of(10.0, "increasing", watched)
        plasma.with_share(kinetics, 0.7, np.zeros((1, plasma.ETAS)), watched)
    elif model == "neuraxis":
        for mixing in ("fast", "slow", "mixture"):
            height, normals = np.full(1, 175.0), np.zeros((1, neuraxis.ETAS))
            neuraxis.spine(_typical("adult"), height, normals, watched, mixing)
        neuraxis.vertebra_cm("T10", watched)
        found += [name for name in _named_in_predictions("spine.") if name not in TARGETS]
    elif model == "tone":
        tone.sensitivity(np.zeros((1, tone.ETAS)), 3.0, watched)
        tone.penn(np.ones((1, 1)), 3.0, watched)
        tone.scored(np.ones(1), np.zeros((1, tone.ETAS)), watched)
        found += [name for name in _named_in_predictions("tone.") if "grade" in book().entry(name).more]
        found += TARGETS
    elif model in plasma.MODELS:
        _typical(model, 25.0 if model == "he2014" else 70.0, watched)
    return tuple(name for name in book().library.entries if name in set(found))


def _named_in_predictions(prefix: str) -> list[str]:
    trees = [ast.parse(path.read_bytes(), str(path)) for path in sorted((PACKAGE / "predict").glob("*.py"))]
    return [name for tree in trees for name in named(tree) if name.startswith(prefix)]


def _unsure() -> list[str]:
    """The models for which some prediction can draw the uncertainty of a value too."""
    asked_for = any(
        isinstance(node, ast.keyword | ast.arg) and node.arg == "unsure"
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "body"
        for node in ast.walk(ast.parse(path.read_bytes(), str(path)))
    )
    makers: dict[str, Callable[..., Any]] = {
        "adult": plasma.kinetics, "neuraxis": neuraxis.spine, "tone": tone.sensitivity,
    }  # fmt: skip
    return [name for name, make in makers.items() if asked_for and "unsure" in inspect.signature(make).parameters]


# --- the table of parameters ----------------------------------------------------------------------------------------


def _numbers(entry: Entry) -> Parameter:
    """The entry as the code reads it; a list or words have no spread of their own."""
    try:
        return parameter(book(), entry.name, str(entry.value).partition(" ")[2])
    except KnowledgeError:
        return Parameter(entry.name, 0.0, 0.0, 0.0, str(entry.more.get("grade", "measured")))


def split(value: object) -> tuple[str, str]:
    """A value of the knowledge as number and unit.

    >>> split("1800 cm2"), split(["10 cm2/h", "100 cm2/h"]), split(1.81), split("no correlation")
    (('1,800', 'cm2'), ('10, 100', 'cm2/h'), ('1.81', 'no unit'), ('no correlation', 'no unit'))
    """
    if isinstance(value, list | tuple):
        each = [split(one) for one in value]
        if len({unit for _, unit in each}) == 1:
            return ", ".join(digits for digits, _ in each), each[0][1]
        return ", ".join(f"{digits} {unit}" for digits, unit in each), "as said"
    if isinstance(value, int | float):
        return plain(value), "no unit"
    digits, _, unit = str(value).partition(" ")
    if unit and re.fullmatch(r"[0-9][0-9.]*", digits):
        return plain(number(digits)), unit
    return str(value), "no unit"


def _in_words(entry: Entry, note: str) -> str:
    more = entry.more
    words = [entry.spread]
    if "iiv" in more:
        words.append(f"between people {more['iiv']}" + (f" ({more['iiv_spread']})" if "iiv_spread" in more else ""))
    if "n" in more:
        words.append(f"{more['n']} people")
    if entry.conflict:
        words.append(f"sources disagree, {entry.conflict}")
    return "; ".join([*words, *([f"**{note}**"] if note else [])])


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


_PARAMETERS: Final = (
    "id",
    "what it is",
    "value",
    "unit",
    "between people",
    "of the value",
    "grade",
    "in words",
    "source",
)


def _sd(value: float) -> str:
    # A percentage over 100 has digits that nobody published.
    return plain(round(value, 6))


def _row(entry: Entry, note: str = "") -> str:
    found = _numbers(entry)
    scale = " (logit)" if "logit" in entry.spread else ""
    return _cells(
        f"`{entry.name}`",
        entry.says or "as its name says",
        *split(entry.value),
        f"{_sd(found.between)}{scale}" if found.between else "none",
        _sd(found.uncertain) if found.uncertain else "not given",
        found.grade if found.grade == entry.tag else f"{found.grade} ({entry.tag})",
        _in_words(entry, note),
        "; ".join(entry.source),
    )


def _table(head: Sequence[str], rows: Iterable[str], right: Iterable[str] = ()) -> str:
    rule = "|".join("---:" if each in set(right) else "---" for each in head)
    return "\n".join([_cells(*head), f"|{rule}|", *rows])


def _ids(names: Iterable[str]) -> str:
    each = [f"`{name}`" for name in names]
    return " and ".join([", ".join(each[:-1]), each[-1]] if len(each) > 1 else each)


# --- the calibration ------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A row of docs/validation.md, as it stands there."""

    id: str
    study: str
    what: str
    observed: str
    mean: float
    median: float
    middle: str
    result: str

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The ends of what was observed, where it is a range."""
        if self.observed.startswith("up to "):
            return 0.0, float(self.observed.removeprefix("up to "))
        low, to, high = self.observed.partition(" to ")
        return (float(low), float(high)) if to else None

    @property
    def beside(self) -> bool:
        """Whether a range was observed and the middle one of the people is not in it."""
        return self.bounds is not None and not self.bounds[0] <= self.median <= self.bounds[1]

    def against(self) -> str:
        """How the model stands to what was observed."""
        if self.bounds is not None:
            return f"median {'outside' if self.beside else 'inside'}"
        return f"mean {self.mean / float(self.observed.partition(' ')[0]):.2f} of it"


@cache
def validation() -> tuple[tuple[Row, ...], Mapping[str, tuple[str, str]]]:
    """The rows of docs/validation.md, and those that are not simulated: what they are, and why."""
    rows, skipped = [], {}
    for line in VALIDATION.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not re.fullmatch(r"[A-Z][0-9]+", cells[0]):
            continue
        if len(cells) == 3:
            skipped[cells[0]] = (cells[1], cells[2])
        else:
            id_, study, what, observed, mean, median, middle, result = cells
            study = re.sub(r"^S[0-9]+: ", "", study)  # the number of a source in the evidence, which is not here
            rows.append(Row(id_, study, what, observed, float(mean), float(median), middle, result))
    return tuple(rows), skipped


def _ranged(letter: str, *spans: tuple[int, int]) -> set[str]:
    return {f"{letter}{n:02}" for first, last in spans for n in range(first, last + 1)}


# Which model a row speaks of.  All rows by mouth are simulated with `adult`; some say something about another model.
ELSEWHERE: Final = "elsewhere"
_BELONGS: Final[Mapping[str, set[str]]] = {
    "neuraxis": {"O09"} | _ranged("V", (1, 7)) | _ranged("H", (1, 4)),
    "tone": _ranged("V", (8, 21)) | {"H06"},
    "dependence": {"O31"} | _ranged("V", (22, 27), (32, 33)),
    ELSEWHERE: _ranged("V", (28, 31), (34, 35)) | {"H21"},
}


def belongs(id_: str) -> str:
    """The card of a row; raises LookupError for a row that nobody has given one."""
    for card, ids in _BELONGS.items():
        if id_ in ids:
            return card
    if id_.startswith("O"):
        return "adult"
    raise LookupError(f"docs/validation.md has a row '{id_}': say in tools/models.py which model it belongs to")


def _figure(text: str) -> str:
    """
    >>> _figure("598 to 1.3e+03"), _figure("6.8 (0.68)"), _figure("8 (2.192)")
    ('598 to 1,300', '6.8 (0.68)', '8 (2.192)')
    """
    return re.sub(r"[0-9.]+(?:e\+[0-9]+)?", lambda found: plain(Decimal(repr(float(found[0])))), text)


_COMPARED: Final = (
    "row",
    "study",
    "what",
    "observed (sd)",
    "mean",
    "median",
    "middle nine tenths",
    "against it",
    "result",
)


def _compared(rows: Sequence[Row]) -> str:
    return _table(
        _COMPARED,
        (
            _cells(
                each.id, each.study, each.what, _figure(each.observed), _figure(f"{each.mean:g}"),
                _figure(f"{each.median:g}"), _figure(each.middle), each.against(), each.result.partition(",")[0],
            )
            for each in rows
        ),
        ("observed (sd)", "mean", "median", "middle nine tenths"),
    )  # fmt: skip


def _misfit(row: Row) -> str:
    found = f"observed {_figure(row.observed)}, mean {_figure(f'{row.mean:g}')}, median {_figure(f'{row.median:g}')}"
    if row.result == "passes":
        return (
            f"{row.id}, {row.what}: {found}.  It passes because the people overlap the range; the median lies outside."
        )
    why = row.result.partition(": ")[2].removeprefix("known misfit: ")
    return f"{row.id}, {row.what}: {found}.  It fails" + (f": {why}." if why else ".")


# --- the published models against their own papers ------------------------------------------------------------------


def _slopes(k: Kinetics) -> tuple[float, float]:
    """The fast and the slow exponential of the disposition, 1/h."""
    out, to = (float((flow / k.central_l)[0]) for flow in (k.clearance_l_h, k.between_l_h))
    if not to:
        return out, out
    back = float((k.between_l_h / k.peripheral_l)[0])
    total = out + to + back
    root = float(np.sqrt(total**2 - 4.0 * out * back))
    return (total + root) / 2.0, (total - root) / 2.0


def _metric(k: Kinetics, name: str, dose_mg: float, every_h: float = 0.0, doses: int = 1) -> float:
    found = metrics(k, dose_mg, every_h, doses)[name]
    assert found is not None
    return float(found[0])


# The entry, which of its numbers, in words, and what the typical person of the model has.
Said = tuple[str, int, str, Callable[[Kinetics], float]]

_LABEL: Final[tuple[Said, ...]] = (
    ("plasma.peak_level", 0, "peak after 10 mg, the Swiss label", lambda k: _metric(k, "cmax_ng_ml", 10)),
    ("plasma.auc", 0, "area after 10 mg, the Swiss label", lambda k: _metric(k, "auc_ng_h_ml", 10)),
)


def _ours(model: str) -> tuple[Said, ...]:
    return (
        (f"plasma.{model}.single_10_mg", 0, "peak after 10 mg", lambda k: _metric(k, "cmax_ng_ml", 10)),
        (f"plasma.{model}.single_10_mg", 1, "area after 10 mg", lambda k: _metric(k, "auc_ng_h_ml", 10)),
        (f"plasma.{model}.steady_20_mg", 0, "trough on 20 mg every 8 h", lambda k: _metric(k, "trough_ng_ml", 20, 8, 40)),
        (f"plasma.{model}.steady_20_mg", 1, "peak on 20 mg every 8 h", lambda k: _metric(k, "cmax_ng_ml", 20, 8, 40)),
    )  # fmt: skip


SAID: Final[Mapping[str, tuple[Said, ...]]] = {
    "simon2018": (
        ("plasma.simon2018.half_life", 0, "half-life", lambda k: float(np.log(2.0)) / _slopes(k)[1]),
        *_ours("simon2018"),
        *_LABEL,
    ),
    "chevillard2018": (*_ours("chevillard2018"), *_LABEL),
    "kochak1985": (
        ("plasma.kochak1985.alpha", 0, "fast exponential", lambda k: _slopes(k)[0]),
        ("plasma.kochak1985.beta", 0, "slow exponential", lambda k: _slopes(k)[1]),
        ("plasma.kochak1985.varea_f", 0, "volume from the slope", lambda k: float(k.clearance_l_h[0]) / _slopes(k)[1]),
        ("plasma.kochak1985.vss_f", 0, "volume at steady state", lambda k: float((k.central_l + k.peripheral_l)[0])),
        *_LABEL,
    ),
    "he2014": (
        ("plasma.he2014.half_life", 0, "half-life", lambda k: float(np.log(2.0)) / _slopes(k)[1]),
        ("plasma.he2014.vss_f", 0, "volume at steady state, 25 kg", lambda k: float((k.central_l + k.peripheral_l)[0]) / 25),
        ("plasma.he2014.cl_f", 0, "clearance, 25 kg", lambda k: float(k.clearance_l_h[0]) / 25),
    ),
}  # fmt: skip


def _said(model: str) -> str:
    typical = _typical(model, 25.0 if model == "he2014" else 70.0)
    rows = []
    for name, which, words, gives in SAID[model]:
        entry = book().entry(name)
        value = entry.value[which] if isinstance(entry.value, list | tuple) else entry.value
        rows.append(
            _cells(words, f"`{name}`", entry.tag, shown(value), f"{plain(figures(gives(typical)))} {split(value)[1]}")
        )
    return _table(("what", "id", "known by", "in the knowledge", "the equations give"), rows)


# --- the equations --------------------------------------------------------------------------------------------------


def _adult_equations() -> str:
    return """\
G1, G2 drug in the two stages of the gut, mg; C1, C2 plasma and periphery, mg/L (shown in ng/mL: times 1,000)

    dG1/dt    = -ktr G1                      a swallowed tablet adds F dose to G1
    dG2/dt    =  ktr G1 - ka G2              a swallowed solution adds F dose to G2; it has no G1
    V1 dC1/dt =  ka G2 - (CL + Q) C1 + Q C2
    V2 dC2/dt =  Q (C1 - C2)

of a person of W kg with the creatinine clearance CRCL (mL/min taken as 0.06 L/h each), and normal numbers n of their own:

    CL  = (CLnr (W/70)^0.75 + s CRCL) exp(sd n_CL)       sd of CLnr; the part of urine is s CRCL exp(sd n_CL)
    V1  = V1* (W/70) exp(sd n_V)      V2 = V2* (W/70) exp(sd n_V)      one n_V for both
    Q   = Q* (W/70)^0.75
    ka  = ka* exp(sd n_ka)            ktr = ktr* exp(sd n_ktr)
    logit F = logit F* + sd n_F
    CRCL = CRCL* exp(sd n_CRCL)       only where none is given

only where it is asked for, F* of a single dose: x = (dose - d1) / (d2 - d1), kept between 0 and 1

    F* = F1 + (F2 - F1) x             increasing; decreasing: 1 - x in place of x

Solved in closed form: sums of exponentials over the doses, no steps in time."""


def _one_equations() -> str:
    return """\
G drug in the gut, mg; C plasma, mg/L (shown in ng/mL: times 1,000); volume and clearance are apparent ones (over F)

    dG/dt   = -ka G                          a swallowed dose adds the whole dose to G
    V dC/dt =  ka G - CL C

    ka = ka* exp(sd n_ka)      CL = CL* exp(sd n_CL)      V = V* exp(sd n_V)

Weight, age and kidney change nothing.  A solution is absorbed as a tablet is."""


def _kochak_equations() -> str:
    return """\
G drug in the gut, mg; C1, C2 plasma and periphery, mg/L (shown in ng/mL: times 1,000); all apparent (over F)

    dG/dt     = -ka G                        a swallowed dose adds the whole dose to G
    V1 dC1/dt =  ka G - (CL + Q) C1 + Q C2
    V2 dC2/dt =  Q (C1 - C2)

    CL = CL* exp(sdCL n_CL)    the part of urine is CLR* exp(sdCL n_CL)
    V1 = V1* exp(sdV n_V)      V2 = V2* exp(sdV n_V)      one n_V for both
    Q  = Q*                    ka = ka* exp(sd n_ka)

Weight, age and kidney change nothing.  A solution is absorbed as a tablet is."""


def _he_equations() -> str:
    return """\
G1, G2 drug in the two stages of the gut, mg; C1, C2 plasma and periphery, mg/L (shown in ng/mL: times 1,000)

    dG1/dt    = -G1 / MTT                    a swallowed dose adds the whole dose to G1, a solution too
    dG2/dt    =  G1 / MTT - ka G2
    V1 dC1/dt =  ka G2 - (CL + Q) C1 + Q C2
    V2 dC2/dt =  Q (C1 - C2)

of a child of W kg, all apparent (over F):

    CL  = CL* W exp(sd n_CL)   MTT = MTT* exp(sd n_ktr)        ka = ka*
    V1  = c Vss* W exp(sd n_V) V2  = (1 - c) Vss* W exp(sd n_V)    c = Vk / Vkss, the split of Kochak's men
    Q   = q W                  q gives the typical child the published half-life: with b = ln 2 / half-life,
                               v1 = c Vss*, v2 = (1 - c) Vss*, k = CL* / v1,
                               q = b (k - b) / (k / v2 - b (1 / v1 + 1 / v2))

Age and kidney change nothing."""


def _neuraxis_equations() -> str:
    cells, shells = neuraxis.SPINAL, resolvent.SHELLS
    widths = (neuraxis.PUNCTURE_CM, neuraxis.BOLUS_CM, neuraxis.INFUSION_CM)
    puncture, bolus, drip = (plain(each) for each in widths)
    return f"""\
cm, h, mL, mcg; concentrations in mcg/mL (shown in ng/mL).  C[i] fluid, T[k] free drug in shell k of tissue, Cp plasma.
Cells of fluid: 1 to {cells} from the end of the sac up, {cells + 1} the cisterns, {cells + 2} the skull.  What is not named is 0.

    L = L* height/175    dx = L/{cells}    A = Vcsf exp(sd n_csf) / L*    V[i] = A dx up to {cells}; V[{cells + 1}], V[{cells + 2}] given
    D(x) = D0 exp(sd n_D) (1 + m (2x/L - 1))              slow regime: sqrt(D1 D2) in place of D0
                                                          mixture: each person has one, the slow one with the share P
between cell i and the next, mL/h

    M[i]  = D(i dx) A / dx   up to {cells}; M[{cells + 1}] = X        mixing, both ways
    d[i]  = q i/{cells}           up to {cells}                   flow down, into cell i
    u[{cells + 1}] = p - q                                       flow up, into the skull

absorbed from cell i, mL/h

    a[i]  = q/{cells}             up to {cells}; a[{cells + 2}] = p - q

fluid

    V[i] dC[i]/dt = (M[i] + d[i]) C[i+1] - (M[i] + u[i]) C[i]
                  + (M[i-1] + u[i-1]) C[i-1] - (M[i-1] + d[i-1]) C[i]
                  - a[i] C[i]
                  - kc V[i] (C[i] - r Cp)                 up to {cells}; kc = kc* exp(sd n_kc)
                  - g[1] (C[i] - T[1])                    where there is tissue
                  + w[i] R(t)                             R what is delivered, mcg/h; a bolus adds w[i] dose at once

    w, up to {cells}, is a bell curve around the place that adds up to 1; its sd along the spine:
        by puncture {puncture} cm, a bolus of the pump {bolus} cm, a drip {drip} cm

tissue, beside cell i: T[0] is C[i], and g ends with shell {shells}

    v[k] dT[k]/dt = g[k] (T[k-1] - T[k]) - g[k+1] (T[k] - T[k+1]) - kt v[k] (T[k] - r Cp)        Dt = Dt* exp(sd n_Dt)

    cord, beside the cells whose middle is within Vc / (pi R^2) height/175 of the foramen magnum:
        dr = R/{shells}    R[k] = R - (k - 1) dr    v[k] = Kp pi (R[k]^2 - R[k+1]^2) dx    g[k] = a Dt 2 pi R[k] dx / dr    kt = ktc
    brain, beside cell {cells + 2}:
        v[k] = Kp S dr    g[k] = a Dt S / dr    kt = ktb

plasma, with V1, V2, CL and Q of `adult`

    V1 dCp/dt = sum of a[i] C[i] + sum of kc V[i] (C[i] - r Cp) + sum of kt v[k] (T[k] - r Cp) - (CL + Q) Cp + Q C2
    V2 dC2/dt = Q (Cp - C2)

A vertebra's place is the sum of the heights below it and half its own, times height/175.  A lumbar tap shows the cell
between L3 and L4.  Linear, and solved without steps in time: a few complex solves give all times.

A lumbar puncture shows C at the tap.  A sample through the catheter shows Q C at its tip, Q = Q* exp(sd n_Q), another one
each time, and so says nothing about clearance."""


def _tone_equations() -> str:
    return """\
Ce mean free drug in the second shell of the cord (`neuraxis`) over the cells whose middle lies at the target, ng/mL:
legs, soleus or arms, their places times height/175

    H(t)  = 1 / (1 + (Ce / C50)^g)               H/M of the reflex over that without the drug; 1 without effect
    dy/dt = k (H - y),  y(0) = H(0)              the tone over that without the drug
    expected Ashworth score = 1 + (A0 - 1) y^e   on the scale of 1 to 5
    expected Penn score = P0 y^p                 on the scale of 0 to 4
    P(score written <= k) = 1 / (1 + exp(-(k + 1/2 - score - sV n_V) / b))

    C50 = C50* exp(sd n_C50)     k = k* exp(sd n_k)     A0 = the group's score + sA n_A, kept between 1 and 5

H/M is told for the soleus.  An effect counts as begun while the expected score is N or more below A0.  A responder falls
by a whole point."""


def _dependence_equations() -> str:
    return """C is the free drug in the second shell of the cord behind the legs, Cc the fluid of the cistern (ng/mL).

    dA/dt = (M C / (C + C50) - A) / T            tolerance; the half-effect becomes C50 (1 + A)
    dW/dt = (O - W) / U,  O = C / (C + C50 (1 + A))
    rebound = r max(0, W - O)                    what is lacking; the reflex is then y (1 + rebound)
    toxicity = Cc / (Cc + E (1 + A))             at the brain stem

    M = M* exp(sd n_M)     E = E* exp(sd n_E)     ln U is normal; U1 and U2 hold nine tenths of people

Years before a prediction count by the steady level of each stretch of doses, the present one by its hours.  The tone counts
as come back where its average over a day is above S of that without the drug.  The severity of a withdrawal is not told,
and by mouth the levels in plasma stand for themselves: one half-effect cannot serve the brain that blood feeds as well."""


# --- the cards ------------------------------------------------------------------------------------------------------


def _says(name: str) -> str:
    entry = book().entry(name)
    return entry.says + (f"; {entry.more['n']} people" if "n" in entry.more else "")


def _study(name: str, more: str) -> Callable[[], str]:
    return lambda: f"Fitted to: {_says(name)} ({'; '.join(book().entry(name).source)}).  {more}"


def _no_guard() -> str:
    return (
        "For people of other ages, and for a solution, its answer is *unknown*; kidneys and weights outside those it was "
        "fitted to are not refused, and there its numbers are not known to hold."
    )


_NO_KIDNEY: Final = (
    "Unknown for kidneys that work less: the clearance is the same whatever creatinine clearance is given."
)

CARDS: Final[tuple[Card, ...]] = (
    Card(
        "adult",
        "The course of baclofen in plasma after doses by mouth, for people of a given weight and kidney function.  It is"
        " our own model, put together from several studies, and the plasma that the neuraxis drains into.",
        lambda: (
            "Put together from healthy men (Kochak 1985), adults with an intravenous dose beside the oral one"
            " (Agarwal 2015), the Swiss label, and the spread between people of Simon 2018 and Chevillard 2018.  Held"
            " against every row by mouth below, children and impaired kidneys among them."
        ),
        (
            "Kidneys enter by the creatinine clearance in absolute mL/min, down to none.  Without kidneys the model is"
            " a reckoning, not a fit: nobody measured it.",
            "Children from the youngest age studied on, by weight and kidney alone.  Age changes nothing in the"
            " equations; no maturation is in them.  Below that age the answer is *unknown*.",
            "Unknown: the uptake of an overdose; liver disease; old age (later and lower peaks were seen, and are not"
            " in the equations); the R and the S form apart; dialysis (its clearance is in the knowledge, and only the"
            " calibration uses it).",
        ),
        _adult_equations,
        {
            "F*": "body.share", "ktr*": "body.transit", "ka*": "body.absorb", "V1*": "body.central",
            "V2*": "body.peripheral", "Q*": "body.between", "CLnr": "body.clearance_nonrenal",
            "s": "body.clearance_per_creatinine",
            "CRCL*": "body.creatinine_healthy", "F1, F2": "plasma.bioavailability", "d1, d2": "body.dose_dependence",
        },
        ("body.",),
        {
            "body.creatinine_healthy": "only where no creatinine clearance is given",
            "body.dose_dependence": "only where a dose-dependent absorption is asked for",
            "plasma.bioavailability": "only where a dose-dependent absorption is asked for",
            "body.youngest": "no part of the equations: below it nothing is answered",
        },
        "",
        (
            "The Swiss label's areas (O04 to O06) and the share of the dose in urine (O08, O15) lie above what the model"
            " gives at every dose.  They pass by the rule, and all lie on the same side.",
            "The peak comes as early as the Swiss label has it (O07).  The monograph has it later (C-02), and the model"
            " does not reach that.",
            "O14 and O25 hold a parameter against the number that it was taken from: they cannot fail.",
            "During haemodialysis the model's plasma falls faster than it did in the one case (O26).",
            "Children: their clearance per kg and their half-life lie below those of He 2014 (O20, O21).  An age term is"
            " missing.",
        ),
        (
            "an absorption that depends on the dose: no source gives that a size",
            "a level that treats, or one that harms",
            "exposure in liver disease or in pregnancy",
            "how drug by mouth and drug in the spine act together",
        ),
    ),
    Card(
        "simon2018",
        "The course of plasma in adults on high doses by mouth, as one published population model has it.  It is there to"
        " be compared with, not to stand for anybody with spasticity.",
        _study("plasma.simon2018.ka", "They were treated for alcohol use disorder, not for spasticity."),
        ("Unknown for children, and for how weight changes it.", _NO_KIDNEY),
        _one_equations,
        {"ka*": "plasma.simon2018.ka", "CL*": "plasma.simon2018.cl_f", "V*": "plasma.simon2018.v_f"},
        ("plasma.simon2018.",),
        {},
        "Simon 2018",
        ("Its peak after a single dose is far below the Swiss label's: one compartment has no fast fall.",),
        (
            "which part of the clearance is the kidney's",
            "a solution that is taken up faster than a tablet",
        ),
    ),
    Card(
        "chevillard2018",
        "The course of plasma in adults over a wide range of doses by mouth, as a second published population model has it."
        "  It is there to be compared with.",
        _study(
            "plasma.chevillard2018.cl_f",
            "They were treated for alcohol use disorder, and gave about one sample each.",
        ),
        ("Unknown for children, and for how weight changes it.", _NO_KIDNEY),
        _one_equations,
        {"ka*": "plasma.chevillard2018.ka", "CL*": "plasma.chevillard2018.cl_f", "V*": "plasma.chevillard2018.v_f"},
        ("plasma.chevillard2018.",),
        {"plasma.chevillard2018.ka": "everybody absorbs at one rate: no spread was published"},
        "Chevillard 2018",
        (
            "Its clearance is the lowest of all studies.",
            "With one sample each, spread between people and error of a level cannot be told apart: the volume's spread"
            " is wide.",
        ),
        (
            "which part of the clearance is the kidney's",
            "a solution that is taken up faster than a tablet",
        ),
    ),
    Card(
        "kochak1985",
        "The course of plasma in healthy men by mouth, with the fast fall that one compartment cannot show.  The"
        " volumes and the flow of `adult` come from here.",
        _study("plasma.kochak1985.alpha", "Drug was infused into the gut, so that no rate of absorption was obtained."),
        ("Unknown for women, children and patients of any kind.", _NO_KIDNEY),
        _kochak_equations,
        {
            "CL*": "plasma.kochak1985.cl_f", "CLR*": "plasma.kochak1985.cl_renal", "V1*": "plasma.kochak1985.vc_f",
            "V2*": "plasma.kochak1985.vp_f", "Q*": "plasma.kochak1985.q_f", "ka*": "body.absorb",
            "sdCL": "body.clearance_nonrenal", "sdV": "body.central",
        },
        ("plasma.kochak1985.",),
        {
            "body.absorb": "lent by `adult`: value and spread",
            "body.clearance_nonrenal": "lent by `adult`: its spread only",
            "body.central": "lent by `adult`: its spread only",
        },
        "Kochak 1985",
        (
            "The volume from the terminal slope that the paper gives is not quite clearance over slope of the same paper.",
            "The share of the dose in urine that follows from its two clearances is below the one measured in urine"
            " (Wuis 1989, O15).",
        ),
        (
            "how people differ: the paper gives no spread, and ours stands in",
            "a rate of absorption of its own",
        ),
    ),
    Card(
        "he2014",
        "The course of plasma in children by mouth, in proportion to weight.  It checks how `adult` does in children.",
        _study(
            "plasma.he2014.cl_f",
            "They had cerebral palsy.  The full table of the paper was not obtained: no split of the volume, no rate of"
            " absorption, no covariates.",
        ),
        (
            "Unknown for adults: in proportion to weight their clearance comes out too high.",
            _NO_KIDNEY,
        ),
        _he_equations,
        {
            "CL*": "plasma.he2014.cl_f", "Vss*": "plasma.he2014.vss_f", "MTT*": "plasma.he2014.transit_time",
            "half-life": "plasma.he2014.half_life", "ka*": "body.he2014.absorb", "Vk": "plasma.kochak1985.vc_f",
            "Vkss": "plasma.kochak1985.vss_f",
        },
        ("plasma.he2014.", "body.he2014."),
        {
            "plasma.kochak1985.vc_f": "lent by `kochak1985`: that children's volume splits as men's does is assumed",
            "plasma.kochak1985.vss_f": "lent by `kochak1985`: that children's volume splits as men's does is assumed",
        },
        "He 2014",
        (
            "The table above tests the code only: clearance and volume are put in, and the flow between the volumes is"
            " chosen to give the half-life.",
        ),
        (
            "what age does beside weight",
            "the time of the peak in a child: the rate of absorption and the split of the volume are assumed",
            "a solution that is taken up faster than a tablet",
        ),
    ),
    Card(
        "neuraxis",
        "Where drug goes that is given along the spine: its level in the fluid at every height, in the cord, at the"
        " cisterns and in plasma, after a bolus or while a program runs.  Every such prediction is a scenario.",
        lambda: (
            "Fitted to the clearance and half-life of a bolus in a few adults with severe spasticity and in the label,"
            " to one gradient along the spine (Kroin 1993: a tracer, not baclofen), and to the H-reflex (Stokic 2006)."
            "  Anatomy from Sass 2017 and from textbooks."
        ),
        (
            "Adults only.  In children the effect of intrathecal drug is *unknown*: no course was ever measured.",
            "Time begins at the tip of a catheter that is full of the drug.  The way through tubing and catheter belongs"
            " to the pump, and takes hours to days.",
            "**Two regimes.**  Fast mixing fits the label's clearance and gradient; slow mixing fits the pig studies and"
            " what is drawn through catheters, and contradicts the label.  They differ most at the tip, at the arms and"
            " at the cisterns.",
            "Unknown: scoliosis, stenosis, a shunt, a leak, posture, scars, a catheter that ends outside the fluid.",
        ),
        _neuraxis_equations,
        {
            "L*": "spine.length", "Vcsf": "spine.csf", "D0": "spine.mixing", "D1, D2": "spine.mixing_slow",
            "P": "spine.mixing_slow_share",
            "m": "spine.mixing_slope", "X": "spine.cistern_cranial", "q": "spine.caudal_flow",
            "p": "spine.production", "kc*": "spine.to_blood", "r": "spine.from_blood", "Vc": "spine.cord_volume",
            "R": "spine.cord_radius", "Kp": "spine.cord_partition", "a": "spine.diffusion_share",
            "Dt*": "spine.diffusion", "S": "spine.brain_surface", "ktc": "spine.cord_to_blood",
            "ktb": "spine.brain_to_blood", f"V[{neuraxis.CISTERN + 1}]": "spine.cistern",
            f"V[{neuraxis.CRANIAL + 1}]": "spine.cranial",
            "heights": "spine.vertebrae", "Q*": "spine.aspirate_plume",
        },
        ("spine.",),
        {
            "spine.diffusion_share": "cannot be told from `spine.diffusion`: only their product is fitted",
            "spine.mixing_slow": "the slow regime takes the geometric middle",
            "spine.mixing_slow_share": "only where a mixture of both regimes is asked for",
        },
        "",
        (
            "The half-life of a bolus has no such long tail as was observed: compare the upper ends in V01 and V03.",
            "Fluid drawn through a catheter holds several times the lumbar level and does not follow the dose"
            " (`csf.aspirate`).  There is no model of it, and nothing is learnt from it.",
            "The gradient (V07) was fitted to, with another substance; it is no independent test.",
            "The widths of a bolus and of a drip along the spine stand in the code, without a source: count them as"
            " assumed.",
        ),
        (
            "one person's course in the fluid without a sample of that person's fluid",
            "the benefit of placing a catheter's tip at one level rather than another",
            "where drug goes in scoliosis, stenosis, a shunt, a leak, or lying against standing",
            "intrathecal drug in children",
            "a level at which breathing is depressed",
        ),
    ),
    Card(
        "tone",
        "What drug in the cord does to the H-reflex and to the Ashworth score, hour by hour, over a group.  Every such"
        " prediction is a scenario.",
        lambda: (
            "Fitted to the H-reflex of pump patients after a bolus and on continuous infusion (Stokic 2006), and to the"
            " Ashworth scores after a bolus and on infusion in adults with spasticity of spinal origin (Penn 1989) and"
            " after a stroke."
        ),
        (
            "Adults, with drug from the spine or from the blood.  Children are *unknown*.",
            "The expected score of a group; what is written down at a visit is blurred around it.  Scores at the floor or at"
            " the ceiling of the scale carry little.",
            "Days, not months: who gets used to the drug is in [dependence](#dependence).",
            "Unknown: strength, walking and comfort.",
        ),
        _tone_equations,
        {
            "C50*": "tone.c50", "g": "tone.gamma", "k*": "tone.pace", "e": "tone.eta", "sA": "tone.baseline",
            "N": "tone.noticed", "p": "tone.penn_eta", "sV": "tone.visit", "b": "tone.score_scale", "legs": "spine.legs", "soleus": "spine.soleus", "arms": "spine.arms",
        },
        ("tone.",),
        {"tone.c50": "belongs to this spine: with another anatomy it is another number"},
        "",
        (
            "Arms (V19): after a lumbar bolus they were seen to answer more than the model has them answer.",
            "A bolus works later and longer than the label says (V08, V09, V10).",
            "The first effect of an infusion (V11, V12) comes early, because the line is taken as full and near the"
            " patient; the label's times hold the way from the pump.",
            "From scores alone, what leaves the fluid, how it mixes and how sensitive somebody is cannot be told apart.",
        ),
        (
            "the answer of the arms",
            "times of onset closer than a factor of two",
            "the effect of intrathecal drug in children",
            "one person's sensitivity before that person was treated",
            "how drug in the spine acts together with drug by mouth or with opioids",
        ),
        "Whatever is computed here rests on the assumed numbers of [neuraxis](#neuraxis) too.",
    ),
)  # fmt: skip

DEPENDENCE: Final = Card(
    "dependence",
    "How the body gets used to the drug over weeks and months, and what may follow when the drug stops or comes in excess."
    "  Every such prediction is a scenario.",
    lambda: "Fitted to no course of any person: histories of doses and single cases are all there is.",
    ("Unknown for any one person.  Signs of withdrawal or overdose are an emergency, not a question for a model.",),
    _dependence_equations,
    {
        "M*": "dependence.tolerance_most",
        "T": "dependence.tolerance_time",
        "U1, U2": "dependence.withdrawal_time",
        "r": "dependence.rebound",
        "S": "dependence.tone_back",
        "E*": "toxicity.half",
    },
    ("dependence.", "toxicity."),
    {},
    "",
    (),
    (
        "how likely withdrawal is to be severe",
        "a level at which breathing is depressed",
        "how fast one person gets used to the drug",
        "children, or a pregnancy",
    ),
)


def cards() -> tuple[Card, ...]:
    """The cards in the order of the page."""
    return (*CARDS, DEPENDENCE)


# --- the page -------------------------------------------------------------------------------------------------------


def _prose(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False,
        fix_sentence_endings=True,
    )  # fmt: skip


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(_prose(each, "- ", "  ") for each in lines)


def _symbols(card: Card) -> str:
    if not card.symbols:
        return ""
    pieces = [f"{symbol} {name}" for symbol, name in card.symbols.items()]
    # Each pair stays on one line.
    lines = textwrap.fill(
        "\u00a0· ".join(each.replace(" ", "\u00a0") for each in pieces),
        WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n\n" + lines.replace("\u00a0", " ")


def parameters_of(card: Card) -> tuple[list[Entry], list[Entry]]:
    """The entries that the model asks for, and those of its name that it does not."""
    used = asked(card.name)
    own = [entry for prefix in card.prefixes for entry in book().under(prefix)]
    if card.name == "adult":
        own = [entry for entry in own if not entry.name.startswith("body.he2014.")]
    if card is DEPENDENCE:
        return own, []
    files = {book().entry(name).file for name in used}
    others = [entry for entry in own if entry.file in files and entry.name not in (*used, *TARGETS)]
    return [book().entry(name) for name in used], others


def _scenario(card: Card, entries: Sequence[Entry]) -> str:
    assumed = [entry.name for entry in entries if _numbers(entry).grade == "assumed"]
    lent = any(note.startswith("lent ") for note in card.notes.values())
    more = "  That the numbers lent by another model hold here is assumed." if lent else ""
    more += f"  {card.rests_on}" if card.rests_on else ""
    if not assumed:
        return f"None of these numbers is assumed.{more}"
    when = [f"`{name}` {card.notes[name]}" for name in assumed if card.notes.get(name, "").startswith("only ")]
    only = f"  Used: {'; '.join(when)}." if when else ""
    verb = "is" if len(assumed) == 1 else "are"
    return f"**Scenario.**  {_ids(assumed)} {verb} assumed.  Predictions made with an assumed number are scenarios.{only}{more}"


def _calibration(card: Card) -> list[str]:
    rows, skipped = validation()
    if card.paper:
        mine = [row for row in rows if row.study.startswith(card.paper)]
    else:
        mine = [row for row in rows if belongs(row.id) == card.name]
    left_out = [id_ for id_ in skipped if belongs(id_) == card.name]
    parts = ["### Calibration"]
    if card.paper:
        parts += [
            _prose(
                "The typical person of the model against what the paper says.  Where it is known by *derived*, the knowledge "
                "holds a number computed from the paper's parameters: then the line tests the code, not the model."
            ),
            _said(card.name),
            _prose(
                "No row of [validation.md](validation.md) runs this model.  The rows of its study, below, are simulated with "
                "[`adult`](#adult)."
            ),
        ]
    if mine:
        passed = sum(row.result == "passes" for row in mine)
        parts += [
            _prose(
                f"**{passed} of {len(mine)} {'row passes' if len(mine) == 1 else 'rows pass'}**, by the rule of "
                "[validation.md](validation.md)."
            ),
            _compared(mine),
        ]
    elif not card.paper:
        parts.append("No row of [validation.md](validation.md) is simulated with it.")
    if left_out:
        parts += ["Not compared:", _bullets(f"{id_}, {skipped[id_][0]}: {skipped[id_][1]}." for id_ in left_out)]
    misfits = [_misfit(row) for row in mine if not card.paper and (row.result != "passes" or row.beside)]
    if misfits or card.misfits:
        parts += ["### Known misfits", _bullets([*misfits, *card.misfits])]
    return parts


def _card(card: Card) -> list[str]:
    used, others = parameters_of(card)
    domain = [card.fitted_to(), *card.domain, *([_no_guard()] if card.paper else [])]
    parts = [
        f"## {card.name}",
        _prose(card.answers),
        "### Domain",
        _bullets(domain),
        "### Equations",
        f"```text\n{card.equations()}{_symbols(card)}\n```",
        "### Parameters",
        _prose(_scenario(card, used)),
        _table(_PARAMETERS, (_row(entry, card.notes.get(entry.name, "")) for entry in used), ("value",)),
    ]
    if others:
        parts += [
            "Under the same names in the knowledge, and no part of these equations:",
            _table(
                ("id", "what it is", "value", "in words"),
                (_cells(f"`{e.name}`", e.says or "as its name says", shown(e.value), _in_words(e, "")) for e in others),
            ),
        ]
    parts += _calibration(card)
    return [*parts, "### What the data do not support", _bullets(card.unsupported)]


def _head(all_cards: Sequence[Card]) -> list[str]:
    tags = dict.fromkeys(entry.tag for card in all_cards for entry in parameters_of(card)[0])
    if unsure := _unsure():
        bands = (
            f"A prediction that is asked to be unsure about the model draws it too, for {_ids(unsure)}: sd = sqrt(between "
            "people^2 + of the value^2)."
        )
    else:
        bands = (
            "No prediction draws the uncertainty of a value yet, so that its bands are narrower than what is not known."
        )
    return [
        "# The models",
        _prose(
            "A model may rank what the rules allow; it never adds a plan and never relaxes a limit.  No dose is decided "
            "here, and no prediction is a reason to leave a limit."
        ),
        _prose(
            "Written by `python tools/models.py` from the knowledge and from [validation.md](validation.md); a test fails "
            "when they no longer agree.  `eutonia why body.share` tells the whole story of a number."
        ),
        " · ".join(f"[{card.name}](#{card.name})" for card in all_cards),
        "## How to read a card",
        _bullets(
            [
                "**grade**: *measured*, read in a source; *fitted* to the observations that are named; *assumed*, nobody "
                "has measured it.  Predictions made with an assumed number are scenarios.",
                "In brackets, how the number came to be known: "
                + "; ".join(f"*{tag}*, {TAG_MEANS[tag]}" for tag in tags if tag != "assumed")
                + ".",
                "**between people**: sd of the natural logarithm, or of the logit where that is said.  *none*: everybody "
                "has the same value.  It is what the bands of a prediction show.",
                f"**of the value**: how well the value itself is known, on the same scale.  *not given*: the words beside it "
                f"are all there is.  {bands}",
                "A * in the equations marks the typical value, sd the spread between people, n a normal number of one "
                "person, which stays the same from run to run and from model to model.",
                f"**Unknown** is an answer.  Nothing is predicted below {book().count('body.youngest')} years of age, without "
                "weight or kidney function where a model needs them, and for the effect of intrathecal drug below "
                f"{plain(intrathecal._ADULT)} years.",
                "Levels are without the error of a measurement (`body.residual`).",
            ]
        ),
        "## Whichever model: what the data do not support",
        _prose(
            "No model here can tell how likely a severe withdrawal is, at which level breathing is depressed, how fast one "
            "person gets used to the drug, what the drug does in pregnancy, or by how much opioids or a second route "
            "strengthen it.  Nobody has measured these well enough.  A dose is never converted between mouth and spine."
        ),
    ]


def page() -> str:
    """docs/models.md.  Raises LookupError where a row of docs/validation.md has no card."""
    every = cards()
    for id_ in (*(row.id for row in validation()[0]), *validation()[1]):
        belongs(id_)
    return "\n\n".join([*_head(every), *(part for card in every for part in _card(card))]) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes the page; with --check, 1 where what is there is another one."""
    parser = argparse.ArgumentParser(description="The model cards: docs/models.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page is out of date")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(page(), "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == page():
        return 0
    print("docs/models.md is out of date: run 'python tools/models.py'", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

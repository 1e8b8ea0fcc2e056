"""What was observed beside what the models give: docs/validation.md, written by `make validation`.

Each row of the evidence's calibration files is simulated with a population like the study's, all with one set of
parameters.  A row passes where the mean lies within a quarter of the observed one or within its standard deviation, a
single case within a factor of two, a range where the middle nine tenths of the people overlap it.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from eutonia.body import dependence, plasma, tone
from eutonia.body.draws import normals
from eutonia.body.kinetics import Kinetics, concentrations
from eutonia.body.neuraxis import BOLUS_CM, PUNCTURE_CM
from eutonia.body.parameters import parameter
from eutonia.body.person import people, population
from eutonia.body.table import regimen
from eutonia.chart.orders import read_program
from eutonia.knowledge import book
from eutonia.predict.intrathecal import Given, Simulated, delivered, simulate
from eutonia.predict.oral import metrics
from eutonia.predict.patient import Unpredicted

ROOT: Final = Path(__file__).resolve().parents[1]
EVIDENCE: Final = ROOT.parent / "shared" / "evidence"
PAGE: Final = ROOT / "docs" / "validation.md"
PEOPLE: Final = 2000

Floats = NDArray[np.float64]


class Observed(NamedTuple):
    """What a row of the evidence says, as numbers: one (with an sd), or a low and a high end."""

    value: float
    sd: float = 0.0
    low: float = 0.0
    high: float = 0.0
    case: bool = False

    @property
    def range(self) -> bool:
        """Whether it is a range."""
        return self.high > 0.0

    def passes(self, found: Floats) -> bool:
        """Whether what was simulated agrees with it."""
        if self.range:
            return bool(np.quantile(found, 0.05) <= self.high and np.quantile(found, 0.95) >= self.low)
        if self.case:
            return bool(0.5 <= np.median(found) / self.value <= 2.0)
        return bool(abs(found.mean() - self.value) <= max(0.25 * abs(self.value), self.sd))

    def shown(self) -> str:
        """As the table shows it."""
        if self.range:
            return f"{self.low:g} to {self.high:g}" if self.low else f"up to {self.high:g}"
        return f"{self.value:g}" + (f" ({self.sd:g})" if self.sd else "")


class Row(NamedTuple):
    """One comparison: what is compared, in words, the observation, and everybody's simulated value."""

    says: str
    observed: Observed
    found: Callable[[], Floats]
    expected_failure: str = ""


# --- by mouth -------------------------------------------------------------------------------------------------------


def adults(creatinine: float | None = None, form: str = "tablet", model: str = "adult") -> Kinetics:
    drawn = normals("validation", "kinetics", 0, PEOPLE, plasma.ETAS)
    return plasma.kinetics(model, population(book(), PEOPLE, "validation", 40, 70, creatinine), drawn, book(), form)


def children() -> tuple[Floats, Kinetics]:
    """2-17 years, their weights first: between those of the ages; kidneys of 110 mL/min/1.73 m2 by body surface."""
    age = np.linspace(2.0, 17.0, PEOPLE)
    weight = np.interp(age, [2, 6, 10, 14, 17], [12, 20, 32, 50, 62])
    surface = 0.1 * weight ** (2 / 3)
    drawn = normals("validation", "kinetics", 0, PEOPLE, plasma.ETAS)
    return weight, plasma.kinetics("adult", people(PEOPLE, age, weight, 110 * surface / 1.73), drawn, book(), "tablet")


def of(name: str, dose: float = 10.0, **who: Any) -> Callable[[], Floats]:
    def found() -> Floats:
        value = metrics(adults(**who), dose)[name]
        assert value is not None
        return value

    return found


def slow_slope(k: Kinetics) -> Floats:
    value = metrics(k, 10.0)["half_life_h"]
    assert value is not None
    return np.log(2) / value


def reduction(creatinine: float) -> Callable[[], Floats]:
    def found() -> Floats:
        normal, less = metrics(adults(110.0), 5.0)["auc_ng_h_ml"], metrics(adults(creatinine), 5.0)["auc_ng_h_ml"]
        assert normal is not None
        assert less is not None
        return 1 - normal / less

    return found


def dialysed() -> Floats:
    """The rate at which plasma falls over 4 h of haemodialysis without kidneys, one day after the overdose."""
    k = adults(0.0)
    washed = replace(k, clearance_l_h=k.clearance_l_h + parameter(book(), "body.dialysis", "L/h").value)
    both = Kinetics(*(np.concatenate([getattr(k, name), getattr(washed, name)]) for name in k.__struct_fields__))
    table = regimen(PEOPLE, [300.0])
    records = np.repeat(table.numbers, 3, axis=0)
    codes = np.repeat(table.codes, 3, axis=0)
    records[1::3, 0], records[2::3, 0] = 24.0, 28.0
    records[1::3, 1] = records[2::3, 1] = 0.0
    codes[1::3, 0], codes[2::3, 0] = 2, 2
    codes[1::3, 4] += PEOPLE
    changed = type(table)(table.people, table.starts * 3, records, codes, {})
    levels, _ = concentrations(both, changed, np.array([24.0, 28.0]))
    return np.log(levels[:, 0] / levels[:, 1]) / 4.0


ORAL: Final[dict[str, Row]] = {
    "O01": Row("peak after 10 mg, ng/mL", Observed(180), of("cmax_ng_ml", 10)),
    "O02": Row("peak after 20 mg, ng/mL", Observed(340), of("cmax_ng_ml", 20)),
    "O03": Row("peak after 30 mg, ng/mL", Observed(650), of("cmax_ng_ml", 30)),
    "O04": Row("area after 10 mg, ng*h/mL", Observed(1135), of("auc_ng_h_ml", 10)),
    "O05": Row("area after 20 mg, ng*h/mL", Observed(2345), of("auc_ng_h_ml", 20)),
    "O06": Row("area after 30 mg, ng*h/mL", Observed(3353), of("auc_ng_h_ml", 30)),
    "O07": Row("time of the peak, h", Observed(1, low=0.5, high=1.5), of("tmax_h")),
    "O08": Row("excreted by the kidney, share of the dose", Observed(0.75), of("unchanged_in_urine")),
    "O10": Row("CL/F, L/h", Observed(10.8), of("cl_f_l_h")),
    "O11": Row("renal clearance, L/h", Observed(6.18), lambda: adults().renal_l_h),
    "O12": Row("Varea/F, L", Observed(59.0), lambda: adults().clearance_l_h / adults().share / slow_slope(adults()), "volumes spread more in our people than in a few healthy men, which lifts the mean; the median passes"),
    "O13": Row("terminal rate, 1/h", Observed(0.191), lambda: slow_slope(adults())),
    "O15": Row("unchanged in urine, share of the dose", Observed(0.69, 0.14), of("unchanged_in_urine", 40)),
    "O16": Row("half-life from plasma and urine, h", Observed(6.80, 0.68), of("half_life_h", 40), "a slow third phase that only urine shows; the model has two"),
    "O17": Row("half-life, h", Observed(4.4), of("half_life_h")),
    "O18": Row("spread of CL/F between people, CV", Observed(0.21, low=0.16, high=0.27), lambda: np.full(2, of("cl_f_l_h")().std() / of("cl_f_l_h")().mean())),
    "O19": Row("CL/F, L/h (Chevillard)", Observed(8.0, 0.274 * 8.0), of("cl_f_l_h"), "one sample a patient; the lowest clearance of all studies"),
    "O20": Row("half-life in children, h", Observed(4.5), lambda: np.log(2) / slow_slope(children()[1])),
    "O21": Row("CL/F in children, L/h/kg", Observed(0.273, 0.334 * 0.273), lambda: _per_kg(*children())),
    "O22": Row("dose reduction at 65 mL/min", Observed(0.333), reduction(65)),
    "O23": Row("dose reduction at 40 mL/min", Observed(0.5), reduction(40)),
    "O24": Row("dose reduction at 20 mL/min", Observed(0.667), reduction(20)),
    "O26": Row("fall of plasma during dialysis, 1/h", Observed(0.152, case=True), dialysed),
    "O29": Row("half-life in overdose, h (here: without kidneys)", Observed(24, low=12, high=36), of("half_life_h", creatinine=0.0)),
    "O32": Row("time of the peak of a solution, h", Observed(0.75), of("tmax_h", 20, form="solution")),
    "O33": Row("half-life, h (Ozobax)", Observed(5.7), of("half_life_h", 20, form="solution")),
    "O34": Row("time of the peak, h (laboratory)", Observed(1, low=0.5, high=1.5), of("tmax_h")),
}  # fmt: skip


def _per_kg(weight: Floats, k: Kinetics) -> Floats:
    return k.clearance_l_h / k.share / weight


# --- along the spine ------------------------------------------------------------------------------------------------

_KEPT: dict[Any, Simulated] = {}


def trial(mcg: float = 50.0, baseline: float = 3.3, spread: float = PUNCTURE_CM) -> Simulated:
    return _run(("trial", mcg, baseline, spread), [Given(0.0, mcg=mcg, spread_cm=spread)], puncture=spread == PUNCTURE_CM, baseline=baseline)  # fmt: skip


def drip(mcg_day: float, days: float = 4.0, baseline: float = 4.0, tip: str = "T10") -> Simulated:
    program = delivered(read_program([f"continuous {mcg_day:g} mcg/day"]), days)
    return _run(("drip", mcg_day, days, baseline, tip), program, hours=24 * days, baseline=baseline, tip=tip)


def _run(key: Any, given: Any, **how: Any) -> Simulated:
    if key not in _KEPT:
        found = simulate(given, book(), count=PEOPLE, seed="validation", **how)
        assert not isinstance(found, Unpredicted)
        _KEPT[key] = found
    return _KEPT[key]


def at(courses: Floats, hours: Floats, hour: float) -> Floats:
    return courses[:, int(np.argmin(np.abs(hours - hour)))]


def mean_between(courses: Floats, hours: Floats, first: float, last: float) -> Floats:
    return courses[:, (hours >= first) & (hours <= last)].mean(axis=1)


def begins(run: Simulated) -> Floats:
    begun = run.noticed(book())
    return run.hours[begun.argmax(axis=1)][begun.any(axis=1)]


def lasts(run: Simulated) -> Floats:
    long = run.noticed(book()).sum(axis=1) * (run.hours[1] - run.hours[0])
    return long[long > 0]


def strongest(run: Simulated) -> Floats:
    return run.hours[run.ashworth().argmin(axis=1)]


def settles(courses: Floats, hours: Floats, share: float) -> Floats:
    """[people] the first hour at which a share of the last value is reached."""
    return hours[(courses >= share * courses[:, -1:]).argmax(axis=1)]


def strongest_drip() -> Floats:
    run = drip(100)
    return settles(run.fall(), run.hours, 0.95)


def gradient() -> Floats:
    """T2 over T12 after 72 h of lumbar infusion, in the typical spine and in others."""
    from eutonia.body import neuraxis
    from eutonia.body.compiled import responses

    n = 400
    someone = people(n, 40, 70, 110)
    k = plasma.kinetics("adult", someone, normals("validation", "kinetics", 0, n, plasma.ETAS), book())
    along = neuraxis.spine(k, np.full(n, 175.0), normals("validation", "spine", 0, n, neuraxis.ETAS), book())
    fluid = np.zeros((n, 2, neuraxis.CELLS))
    for i, name in enumerate(("T2", "T12")):
        fluid[:, i, int(neuraxis.vertebra_cm(name, book()))] = 1.0
    sites = neuraxis.Sites(fluid, np.zeros_like(fluid), np.zeros(2))
    source = neuraxis.injected(along, np.full(n, neuraxis.vertebra_cm("L3", book())), 0.7)[:, None]
    levels = responses(along, source, sites, np.array([1.0, 72.0]), steady=True)[:, 0, :, 1]
    return levels[:, 0] / levels[:, 1]


def spasms() -> Floats:
    run = drip(300)
    return tone.penn(tone.tone(tone.reflex(run.legs, run.answers), run.hours, run.answers), 3.3, book())


def rebound_days() -> Floats:
    """When the lack of drug is felt most after years of 300 mcg daily come to an end."""
    run = drip(300)
    stopped = np.maximum(run.legs[:, -1:] - run.legs, 0.0)  # what a drip leaves when it ends, by superposition
    people = dependence.adaptation(normals("validation", "dependence", 0, PEOPLE, dependence.ETAS), book())
    occupied = dependence.occupancy(stopped, run.answers.c50_ng_ml[:, None])
    used = dependence.followed(occupied, float(run.hours[1]), people.withdrawal_time_h, occupied[:, 0])
    return run.hours[(used - occupied).argmax(axis=1)] / 24.0


SPINAL: Final[dict[str, Row]] = {
    "V01": Row("half-life of a bolus in fluid, h", Observed(1.5, low=0.9, high=5), lambda: trial().half_life_h),
    "V02": Row("clearance from the fluid, mL/h", Observed(30, low=13, high=80), lambda: trial().clearance_ml_h),
    "V03": Row("half-life, h (label)", Observed(1.5, low=1, high=5), lambda: trial().half_life_h),
    "V04": Row("apparent volume, mL", Observed(75, low=22, high=157), lambda: trial().clearance_ml_h * trial().half_life_h / np.log(2)),
    "V05": Row("lumbar fluid within a tenth of its steady level, days", Observed(1.5, low=1, high=2), lambda: settles(drip(100).lumbar, drip(100).hours, 0.9) / 24, "the label's days hold the time from the pump to the tip, which a primed line does not have"),
    "V06": Row("plasma on 600 mcg daily, ng/mL", Observed(5, low=0, high=5), lambda: drip(600).plasma[:, -1]),
    "V07": Row("T2 over T12 after 72 h of lumbar infusion", Observed(0.43), gradient),
    "V08": Row("onset after a bolus, h", Observed(0.75, low=0.5, high=1), lambda: begins(trial())),
    "V09": Row("strongest after a bolus, h", Observed(4), lambda: strongest(trial()), "known misfit: bolus effects come later and last longer than the label's"),
    "V10": Row("lasts after a bolus, h", Observed(6, low=4, high=8), lambda: lasts(trial())),
    "V11": Row("first effect of an infusion, h", Observed(7, low=6, high=8), lambda: begins(drip(100))),
    "V12": Row("greatest effect of an infusion (95 % of it), h", Observed(36, low=24, high=48), strongest_drip, "the label's days hold the time from the pump to the tip, which a primed line does not have"),
    "V13": Row("H/M lost 1 h after 50 mcg by puncture", Observed(0.77), lambda: 1 - at(trial().reflex(), trial().hours, 1)),
    "V14": Row("H/M lost 1-6 h after it", Observed(0.91), lambda: 1 - mean_between(trial().reflex(), trial().hours, 1, 6)),
    "V15": Row("Ashworth after 3 days of infusion (4.0 before; 300 mcg daily)", Observed(1.2, 0.4), lambda: at(drip(300).ashworth(), drip(300).hours, 72)),
    "V16": Row("Penn score after 3 days of infusion (3.3 before; 300 mcg daily)", Observed(0.4, 0.8), lambda: at(spasms(), drip(300).hours, 72)),
    "V17": Row("Ashworth on long infusion (300 mcg daily)", Observed(1.0, 0.1), lambda: drip(300).ashworth()[:, -1], "doses were fitted to each patient; one dose for all leaves some with tone"),
    "V18": Row("Ashworth of the legs 6 h after 50 mcg (3.3 before)", Observed(1.4, 0.7), lambda: at(trial().ashworth(), trial().hours, 6)),
    "V19": Row("Ashworth of the arms 6 h after 50 mcg (2.8 before)", Observed(1.8, 0.8), lambda: at(trial(50, 2.8).ashworth("arms"), trial(50, 2.8).hours, 6)),
    "V32": Row("strongest rebound after the pump stops, days", Observed(2, low=1, high=3), rebound_days),
    "H01": Row("lumbar fluid on 50-1200 mcg daily, ng/mL", Observed(500, low=130, high=1240), lambda: np.concatenate([drip(d).lumbar[:, -1] for d in (50, 300, 600, 1200)])),
    "H02": Row("aspirate on 607 mcg daily, ng/mL", Observed(4640, low=200, high=20000), lambda: drip(607).aspirated()[:, -1]),
    "H03": Row("aspirate on 607 mcg daily, simple continuous, ng/mL", Observed(4700, low=500, high=12900), lambda: drip(607).aspirated()[:, -1]),
    "H06": Row("H/M lost 1 h after 50 mcg by the pump on 62 mcg daily", Observed(0.63), lambda: _pump_bolus(1, 1)),
}  # fmt: skip


def _pump_bolus(first: float, last: float) -> Floats:
    program = [*delivered(read_program(["continuous 62 mcg/day"]), 4.0), Given(72.0, mcg=50, spread_cm=BOLUS_CM)]
    run = _run(("pump bolus",), program, hours=96.0)
    before = at(run.reflex(), run.hours, 71.875)
    return 1 - mean_between(run.reflex(), run.hours, 72 + first, 72 + last) / before


NOT_SIMULATED: Final = {
    "O14": "it is a parameter of the model (body.share), and cannot fail",
    "O25": "it is a parameter of the model (body.dialysis), and cannot fail",
    "O09": "it is a parameter of the model (body of the evidence: 0.12)",
    "O27": "no exposure-response for encephalopathy exists",
    "O28": "no exposure-response for encephalopathy exists",
    "O30": "no threshold of harm is simulated",
    "O31": "withdrawal by mouth: one case, and thresholds of hallucination are assumed",
    "V20": "the doses at 12 months are not given",
    "V21": "the doses at 12 months are not given",
    "V22": "a dose history, not a response",
    "V23": "a dose history, not a response",
    "V24": "a dose history, not a response",
    "V25": "a dose history, not a response",
    "V26": "tolerance is a scenario: its numbers are assumed, and no dose rule is simulated",
    "V27": "a dose history, not a response",
    "V28": "accuracy of a pump: in its balance (pump/reservoir)",
    "V29": "accuracy of a pump: in its balance (pump/reservoir)",
    "V30": "alarm volume: in the findings",
    "V31": "stability of the drug: in the refill's date",
    "V33": "coma is not simulated: toxicity is a scenario whose numbers are assumed",
    "V34": "complications are not simulated",
    "V35": "complications are not simulated",
    "H04": "qualitative: the spread of the plume swamps the dose, by how it was fitted",
    "H21": "accuracy of a pump: in its balance (pump/reservoir)",
}


def rows_of(file: str) -> dict[str, dict[str, str]]:
    with (EVIDENCE / file).open(encoding="utf-8", newline="") as lines:
        return {each["id"]: each for each in csv.DictReader(lines)}


def page() -> str:
    """The page; raises LookupError where a row of the evidence is neither simulated nor said not to be."""
    lines = [
        "# What was observed, and what the models give",
        "",
        "Written by `make validation`, all with one set of parameters, for populations like the studies'"
        f" ({PEOPLE:,} people each).  A mean",
        "passes within a quarter of the observed one or within its standard deviation, a single case within a factor of two,",
        "a range where the middle nine tenths of the people overlap it.  A prediction is never a limit and never a dose.",
        "",
    ]
    passed = compared = 0
    table: list[str] = []
    skipped: list[str] = []
    for file, rows in (("oral_calibration.csv", ORAL), ("itb_calibration.csv", SPINAL)):
        for name, evidence in rows_of(file).items():
            study = evidence.get("study") or f"{evidence.get('source', '')}: {evidence.get('population', '')}"
            if name not in rows:
                skipped.append(f"| {name} | {evidence['quantity']} | {NOT_SIMULATED[name]} |")
                continue
            row = rows[name]
            found = row.found()
            good = row.observed.passes(found)
            passed += good
            compared += 1
            low, middle, high = np.quantile(found, (0.05, 0.5, 0.95))
            result = (
                "passes" if good else f"fails, as expected: {row.expected_failure}" if row.expected_failure else "FAILS"
            )
            table.append(
                f"| {name} | {study} | {row.says} | {row.observed.shown()} | {found.mean():.3g} | {middle:.3g} | "
                f"{low:.3g} to {high:.3g} | {result} |"
            )
    lines += [
        f"**{passed} of {compared} rows pass ({passed / compared:.0%}).**",
        "",
        "| row | study | what | observed (sd) | mean | median | middle nine tenths | result |",
        "|---|---|---|---:|---:|---:|---:|---|",
        *table,
        "",
        "## Rows that are not simulated",
        "",
        "| row | what | why |",
        "|---|---|---|",
        *skipped,
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if not EVIDENCE.exists():
        sys.exit(f"the evidence is not here: {EVIDENCE}")
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.read_text("utf-8").split("**")[1])

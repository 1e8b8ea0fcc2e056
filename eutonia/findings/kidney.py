"""How well do the kidneys work, and how much of the usual dose does that leave?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Known, Unknown
from eutonia.findings.context import intrathecal, oral
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, found, listed
from eutonia.moment import local_day
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain, rounded


def cockcroft_gault(age: int, weight_kg: float, creatinine_mg_dl: float, female: bool) -> float:
    """Creatinine clearance in mL/min (Cockcroft and Gault 1976).

    >>> round(cockcroft_gault(60, 72, 1.0, female=False), 1)
    80.0
    """
    return (140 - age) * weight_kg / (72 * creatinine_mg_dl) * (0.85 if female else 1.0)


def ckd_epi_2021(age: int, creatinine_mg_dl: float, female: bool) -> float:
    """eGFR in mL/min/1.73 m2 by the CKD-EPI equation of 2021 (Inker and others, N Engl J Med 385:1737).

    >>> round(ckd_epi_2021(50, 1.0, female=False))
    92
    """
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = creatinine_mg_dl / kappa
    low, high = min(ratio, 1.0) ** alpha, max(ratio, 1.0) ** -1.2
    return float(142 * low * high * 0.9938**age * (1.012 if female else 1.0))


def bedside_schwartz(height_cm: float, creatinine_mg_dl: float) -> float:
    """eGFR in mL/min/1.73 m2 for children (Schwartz and others 2009, J Am Soc Nephrol 20:629).

    >>> round(bedside_schwartz(130, 0.5), 1)
    107.4
    """
    return 0.413 * height_cm / creatinine_mg_dl


class Kidney(Struct, frozen=True):
    """Kidney function as the chart gives it: each number that could be had, and the share of the dose it leaves."""

    clearance: float | None
    egfr: float | None
    share: Fraction
    avoid: bool
    dialysis: bool
    how: tuple[str, ...]


def kidney(facts: Facts) -> Kidney | Unknown:
    """Clearance, eGFR and the band of the dose; the stricter of the two governs.

    Unknown where there is no creatinine, eGFR or clearance recent enough to say anything.
    """
    answer: Kidney | Unknown | None = facts.derived.get("kidney")
    if answer is None:
        answer = facts.derived["kidney"] = _kidney(facts)
    return answer


def _kidney(facts: Facts) -> Kidney | Unknown:
    if facts.on_dialysis:
        return Kidney(None, None, facts.book.shares("kidney.shares")[-1], True, True, ("on dialysis",))
    creatinine = facts.lab("creatinine", "creatinine", "age.creatinine")
    reported = facts.lab("egfr", "eGFR", "age.creatinine")
    measured = facts.lab("clearance", "creatinine clearance", "age.creatinine")
    if all(isinstance(each, Unknown) for each in (creatinine, reported, measured)):
        old = [
            each
            for each in (creatinine, reported, measured)
            if isinstance(each, Unknown) and each.reason != "never asked"
        ]
        return old[0] if old else Unknown("never asked", "no creatinine, eGFR or clearance is on the chart")
    how: list[str] = []
    clearance = egfr = None
    if isinstance(measured, Known):
        clearance = float(measured.value.value.to("mL/min"))
        how.append(f"clearance measured {_number(clearance)} mL/min")
    if unsteady := _unsteady(facts):
        return unsteady
    if isinstance(creatinine, Known):
        mg_dl = float(creatinine.value.value.to("mg/dL"))
        computed, estimate, words = _from_creatinine(facts, mg_dl)
        how += words
        clearance = clearance if clearance is not None else computed
        egfr = estimate
        if lacking := _lacking(facts, clearance, egfr, words):
            return lacking
    if isinstance(reported, Known) and (egfr is None or reported.at >= getattr(creatinine, "at", reported.at)):
        value = float(reported.value.value.to("mL/min/1.73 m2"))
        how.append(f"eGFR reported {_number(value)} mL/min/1.73 m2")
        egfr = value if egfr is None else min(egfr, value)
    if clearance is None and egfr is None:
        return Unknown(
            "never asked",
            "the creatinine cannot be read as clearance: " + listed(how or ["age, sex or weight is missing"]),
        )
    return _band(facts, clearance, egfr, tuple(how))


def _lacking(facts: Facts, clearance: float | None, egfr: float | None, how: list[str]) -> Unknown | None:
    """Why a creatinine says nothing about the dose: the estimate that could be the stricter one needs a fact that is missing."""
    child = isinstance(facts.age, Known) and facts.age.value < 18
    if clearance is not None or (child and egfr is not None):
        return None
    gap = facts.weight if isinstance(facts.weight, Unknown) else None
    reason = gap.reason if gap is not None and egfr is not None else "never asked"
    return Unknown(reason, f"the estimate that the dose bands are made for is missing ({'; '.join(how)})")


def _avoided_at_worst(facts: Facts) -> bool:
    """Whether the last values on the chart, however old, leave it open that baclofen is avoided (below 30 mL/min).

    What is missing takes the strictest case, so that a value that grows old lifts no stop.
    """
    limit = float(facts.book.quantity("kidney.avoid").value)
    # A newer value lifts an older one; of values that contradict each other the worst counts.
    labs = [(event.at, event.what) for event in facts.of(e.Lab) if isinstance(event.what, e.Lab)]
    labs = [(at, lab) for at, lab in labs if lab.test in ("clearance", "egfr", "creatinine")]
    newest = max((at for at, _ in labs), default=facts.now)
    last = [lab for at, lab in labs if newest - at <= timedelta(days=1)]
    for test, unit in (("clearance", "mL/min"), ("egfr", "mL/min/1.73 m2")):
        if any(lab.test == test and float(lab.value.to(unit)) < limit for lab in last):
            return True
    creatinine = max((lab.value.to("mg/dL") for lab in last if lab.test == "creatinine"), default=None)
    if creatinine is None or not isinstance(facts.age, Known):
        return False
    mg_dl = float(creatinine)
    if facts.age.value < 18:
        return bedside_schwartz(_lowest(facts, e.Height, "height", "cm"), mg_dl) < limit
    # Without the sex the formulas take the lower result, that of a woman; without a weight, that of a slight person.
    female = not (isinstance(facts.sex, Known) and facts.sex.value == "male")
    kg = _lowest(facts, e.Weight, "weight", "kg")
    estimates = cockcroft_gault(facts.age.value, kg, mg_dl, female), ckd_epi_2021(facts.age.value, mg_dl, female)
    return min(estimates) < limit


def _lowest(facts: Facts, kind: type[e.Weight | e.Height], name: Literal["weight", "height"], unit: str) -> float:
    """Return the last weight or height, whatever its age; where it is none that can be, the lowest on the chart or that of a slight person."""
    low, high = (limit.to(unit) for limit in facts.book.span(f"plausible.{name}"))
    last = facts.latest(kind, name)
    if isinstance(last, Known) and low <= last.value.value.to(unit) <= high:
        return float(last.value.value.to(unit))
    values = [event.what.value.to(unit) for event in facts.of(kind) if isinstance(event.what, e.Weight | e.Height)]
    slight = facts.book.quantity(f"kidney.low_{name}").to(unit)
    return float(min([slight, *(value for value in values if low <= value <= high)]))


class AcuteRise(Struct, frozen=True):
    """A creatinine that rose within days, as in acute kidney injury: the two values with their moments."""

    before_at: datetime
    before: Quantity
    at: datetime
    value: Quantity

    @property
    def says(self) -> str:
        """The rise in words."""
        days = rounded((self.at - self.before_at).total_seconds() / 86400, "0.1")
        return f"creatinine rose from {plain(self.before)} to {plain(self.value)} within {plain(days)} days"


def acute_rise(facts: Facts) -> AcuteRise | None:
    """Return the rise of creatinine that meets the definition of acute kidney injury (KDIGO), while it is the last word.

    Both values are inside the age limit, and no newer creatinine, eGFR or clearance (of a later day) follows.
    """
    limit = facts.book.quantity("age.creatinine").to("days")
    values = [
        (event.at, event.what.value)
        for event in facts.of(e.Lab)
        if isinstance(event.what, e.Lab) and event.what.test == "creatinine" and facts.age_days(event.at) <= limit
    ]
    if len(values) < 2 or _measured_since(facts, values[-1][0]):
        return None
    # Two values of one moment contradict each other: no rise lies between them, and the higher one counts, in any order of lines.
    at = values[-1][0]
    last = max((value for when, value in values if when == at), key=lambda value: value.to("mg/dL"))
    rise, times = facts.book.words("kidney.acute_rise")
    now = last.to("mg/dL")
    for when, value in values:
        if when == at:
            continue
        apart, before = at - when, value.to("mg/dL")
        quick = apart <= timedelta(hours=48) and now - before >= Quantity.read(rise).value
        if quick or (apart <= timedelta(days=7) and now >= before * Decimal(times)):
            return AcuteRise(when, value, at, last)
    return None


def _contradictory(facts: Facts) -> bool:
    """Whether two values of one renal test and one moment differ."""
    labs = (facts.lab(test, test, None) for test in ("creatinine", "egfr", "clearance"))
    return any(isinstance(lab, Unknown) and lab.reason == "contradictory" for lab in labs)


class Accumulation(Struct, frozen=True):
    """Why baclofen accumulates.

    certain: whether the values on the chart say so; otherwise they only leave it open, being old, missing or
    contradictory, and no step of a taper falls further because of it.
    """

    reason: str
    certain: bool


def accumulates(facts: Facts) -> Accumulation | None:
    """Return why baclofen accumulates today, or may: acute kidney injury, dialysis, a value below the limit; none where nothing says so."""
    if acute_rise(facts) is not None:
        return Accumulation("acute kidney injury", not _contradictory(facts))
    known, limit = kidney(facts), plain(facts.book.quantity("kidney.avoid"))
    if isinstance(known, Kidney):
        below = "dialysis" if known.dialysis else f"kidney function below {limit}"
        return Accumulation(below, True) if known.avoid else None
    return Accumulation(f"kidney function that may be below {limit}", False) if _avoided_at_worst(facts) else None


def _measured_since(facts: Facts, at: datetime) -> bool:
    """Whether an eGFR or clearance of a later day follows; one of the same day was computed from the same creatinine."""
    day = local_day(at, facts.home)
    return any(
        isinstance(event.what, e.Lab)
        and event.what.test in ("egfr", "clearance")
        and local_day(event.at, facts.home) > day
        for event in facts.of(e.Lab)
    )


def _unsteady(facts: Facts) -> Unknown | None:
    """Why no formula holds: a creatinine that cannot be, or one that rose within days."""
    last = facts.lab("creatinine", "creatinine", "age.creatinine")
    if not isinstance(last, Known):
        return None
    low, high = facts.book.span("plausible.creatinine")
    if not low.value <= last.value.value.to("mg/dL") <= high.value:
        return Unknown("contradictory", f"a creatinine of {plain(last.value.value)} cannot be; is the unit right?")
    rise = acute_rise(facts)
    return None if rise is None else Unknown("contradictory", f"{rise.says}: no formula holds")


def _number(value: float) -> str:
    return plain(rounded(value, "1"))


def _from_creatinine(facts: Facts, mg_dl: float) -> tuple[float | None, float | None, list[str]]:
    how: list[str] = []
    clearance = egfr = None
    if isinstance(facts.age, Unknown):
        return None, None, [facts.age.says]
    age = facts.age.value
    if age < 18:
        if isinstance(facts.height, Known):
            egfr = bedside_schwartz(float(facts.height.value.value.to("cm")), mg_dl)
            how.append(f"bedside Schwartz {_number(egfr)} mL/min/1.73 m2")
        else:
            how.append("a child's eGFR needs the height")
        return None, egfr, how
    if isinstance(facts.sex, Unknown) or facts.sex.value == "other":
        return None, None, ["the formulas need the sex, female or male"]
    female = facts.sex.value == "female"
    if isinstance(facts.weight, Known):
        clearance = cockcroft_gault(age, float(facts.weight.value.value.to("kg")), mg_dl, female)
        how.append(f"Cockcroft-Gault {_number(clearance)} mL/min")
    egfr = ckd_epi_2021(age, mg_dl, female)
    how.append(f"CKD-EPI 2021 {_number(egfr)} mL/min/1.73 m2")
    if isinstance(facts.weight, Unknown):
        how.append(f"no Cockcroft-Gault ({facts.weight.says})")
    return clearance, egfr, how


def _band(facts: Facts, clearance: float | None, egfr: float | None, how: tuple[str, ...]) -> Kidney:
    book = facts.book
    bounds = [float(each.value) for each in book.quantities("kidney.bands")]
    shares = book.shares("kidney.shares")
    reduce_below = float(book.quantity("kidney.egfr_reduce").value)
    avoid_below = float(book.quantity("kidney.avoid").value)

    def share(value: float) -> Fraction:
        if value < bounds[2]:
            return shares[2]
        return shares[1] if value <= bounds[1] else shares[0] if value <= bounds[0] else Fraction(1)

    found_ = [share(clearance)] if clearance is not None else []
    if egfr is not None:
        found_.append(share(egfr) if egfr <= reduce_below else Fraction(1))
    avoid = any(value is not None and value < avoid_below for value in (clearance, egfr))
    return Kidney(clearance, egfr, min(found_), avoid, False, how)


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """Both numbers, the band, and what it leaves of the dose; a missing number is a finding, not a silence."""
    book = facts.book
    known = kidney(facts)
    by_mouth = oral(facts)
    entries: tuple[str, ...] = ("kidney.bands", "kidney.avoid", "kidney.renal_share")
    spine = " In the spine the label says reduce, and gives no number." if intrathecal(facts) else ""
    rule = "The dose by mouth follows kidney function (Vlavonou 2014); the stricter of the two numbers governs (C-12)."
    if isinstance(known, Unknown) and (rise := acute_rise(facts)) is not None:
        yield _acute(facts, rise, by_mouth=by_mouth)
        return
    if isinstance(known, Unknown):
        running = not by_mouth and pump is not None and pump.pump_start is not None
        worst = _avoided_at_worst(facts) and not running
        yield found(
            book,
            "kidney",
            STOP if by_mouth or worst else CAUTION,
            f"Kidney function is unknown: {known.says}.",
            "About 70 % of baclofen leaves by the kidney; without a value no dose by mouth is planned." + spine,
            "Write a recent 'lab creatinine 0.9 mg/dL', with a recent weight, birth date and sex on the chart."
            + (" By the last values it may be below 30 mL/min, where baclofen is avoided." if worst else ""),
            *entries,
            stops=("titration", "trial", "start") if worst else ("titration",),
        )
        return
    said = "; ".join(known.how)
    said = said[0].upper() + said[1:]
    todo = "Check creatinine again whenever anything changes, and plan the dose again."
    if known.avoid:
        where = "dialysis" if known.dialysis else f"below {plain(book.quantity('kidney.avoid').value)} mL/min"
        running = not by_mouth and pump is not None and pump.pump_start is not None
        yield found(
            book,
            "kidney",
            CAUTION if running else STOP,
            f"Kidney: avoid baclofen by mouth ({where}). {said}."
            if running
            else f"Kidney: avoid baclofen ({where}). {said}.",
            "It accumulates: toxicity was seen at 5-60 mg a day, within 2-3 days of the start." + spine,
            todo
            if running
            else "Another treatment; 'override kidney; by ...; because ...' opens a third of the usual dose. What is taken now is "
            "tapered, not stopped at once.",
            *entries,
            "kidney.toxic_dose",
            *(["kidney.dialysis_dose"] if known.dialysis else []),
            stops=("titration",) if running else ("titration", "trial", "start"),
        )
        return
    share = f"{known.share.numerator}/{known.share.denominator}"
    incomplete = known.clearance is None and by_mouth and not (isinstance(facts.age, Known) and facts.age.value < 18)
    named = facts.having("kidney")
    if known.share < 1:
        says = f"Kidney: reduce the dose to {share} of the usual. {said}."
        entries = (*entries, "kidney.encephalopathy_30_days")
    elif incomplete:
        says = f"Kidney: the clearance that the bands are made for is not known. {said}."
    elif named:
        says = f"Kidney: {listed(named)} on the chart; no reduction at today's values. {said}."
    else:
        says = f"Kidney: no reduction. {said}."
    yield found(
        book,
        "kidney",
        CAUTION if known.share < 1 or incomplete else NOTE,
        says,
        " ".join(filter(None, (rule if by_mouth else "", spine.strip()))),
        todo,
        *entries,
    )


def _acute(facts: Facts, rise: AcuteRise, *, by_mouth: bool) -> Finding:
    """Acute kidney injury while baclofen is given: it accumulates, whatever a formula says today."""
    says = (
        f"Acute kidney injury: {rise.says}. Baclofen accumulates, and today's dose can become an overdose within days."
    )
    spine = " Of the intrathecal dose less is at stake, but the label says reduce." if intrathecal(facts) else ""
    return found(
        facts.book,
        "kidney",
        STOP,
        says,
        "About 70 % of baclofen leaves by the kidney; while creatinine rises no formula says how much. Toxicity was seen at "
        f"5-60 mg daily, within 2-3 days.{spine}",
        "Look for drowsiness, confusion and slow breathing today, and every day until creatinine falls; do not increase. "
        + ("Ask nephrology today by how much the oral dose is lowered; do not stop it at once. " if by_mouth else "")
        + "Measure creatinine again within 24 h (assumption) and write it.",
        "kidney.acute_rise",
        "kidney.toxic_dose",
        "kidney.bands",
        stops=("titration", "trial", "start"),
        due=facts.now,
    )

"""What is the drug for, and is that use approved, off-label, short-term, not recommended or not indicated, by route?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Known, Unknown
from eutonia.findings.context import oral, spine_considered
from eutonia.findings.failures import failures
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, found, listed
from eutonia.moment import local_day
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """One finding for each route that the chart is about."""
    if spine_considered(facts):
        yield from _intrathecal(facts, pump)
    if oral(facts):
        yield from _oral(facts)


def _oral(facts: Facts) -> Iterator[Finding]:
    book = facts.book
    against = facts.having("parkinson") + facts.having("stroke")
    approved = facts.having("approved oral")
    rheumatic = facts.having("not indicated")
    if against and book.jurisdiction == "UK" and not facts.having("parkinson"):
        yield found(
            book,
            "indication",
            NOTE,
            f"By mouth: indicated in {listed(against)} in the UK pack; poorly tolerated by some.",
            "The UK and EU labels name cerebrovascular accident; the monograph and the US label do not recommend it.",
            "Nothing to do: sources disagree (C-09).",
            "caution.stroke",
        )
    elif against and not approved:
        yield found(
            book,
            "indication",
            CAUTION,
            f"By mouth: not recommended in {listed(against)}: there are no reassuring data.",
            "The monograph does not recommend baclofen in Parkinson disease or stroke.",
            "Another approved indication on the chart, or another treatment.",
            "caution.parkinson" if facts.having("parkinson") else "caution.stroke",
        )
    elif approved:
        also = f" {listed(against)}: not recommended there, watch closely." if against else ""
        yield found(
            book,
            "indication",
            CAUTION if against else NOTE,
            f"By mouth: approved for spasticity in {listed(approved)}.{also}",
            "Approved for reversible spasticity after spinal cord lesions and in multiple sclerosis.",
            "Nothing to do.",
            "indication.oral",
            *(["caution.stroke"] if against else []),
        )
    elif short := facts.having("short term"):
        yield _short_term(facts, short)
    elif rheumatic:
        yield found(
            book,
            "indication",
            STOP,
            f"By mouth: not indicated for {listed(rheumatic)}.",
            "Skeletal muscle spasm of rheumatologic disorders is not an indication.",
            "An approved indication on the chart, or a recorded override with its reason.",
            "indication.not_indicated",
            stops=("titration", "trial", "start"),
        )
    elif label := facts.having("off label"):
        yield found(
            book,
            "indication",
            CAUTION,
            f"By mouth: off-label for {listed(label)}.",
            "A use outside the approval; it is labelled as off-label wherever it is shown.",
            "The clinician's decision to use it off-label.",
            "indication.off_label",
        )
    else:
        named = facts.having("spasticity")
        other = facts.having("other cause", "cerebral cause")
        what = (
            f"{listed(other)}, which is not an approved cause"
            if other
            else "spasticity without its cause"
            if named
            else "no indication"
        )
        yield found(
            book,
            "indication",
            CAUTION,
            f"By mouth: the chart names {what}."
            if other
            else f"By mouth: the chart names {what}, so nothing says whether the use is approved.",
            "Approved by mouth are spasticity after spinal cord lesions and in multiple sclerosis.",
            "The clinician's decision to use it outside the approval."
            if other
            else "Write the cause, such as 'condition multiple sclerosis; origin spinal'.",
            "indication.oral",
        )


def _short_term(facts: Facts, names: tuple[str, ...]) -> Finding:
    book = facts.book
    days = float(book.quantity("oral.child_review_days").to("days"))
    oral_ = facts.oral
    since = oral_.value.since if isinstance(oral_, Known) and oral_.value is not None else facts.now
    due = since + timedelta(days=days)
    young = isinstance(facts.age, Known) and facts.age.value < 18
    who = (
        "in children and adolescents"
        if young
        else "only in children and adolescents; this person is not, or the age is unknown"
    )
    return found(
        book,
        "indication",
        CAUTION,
        f"By mouth: in {listed(names)}, baclofen is considered as a short-term treatment {who}.",
        "The monograph considers it short-term in cerebral palsy and gives no length; a review date is set.",
        f"Review the treatment by {local_day(due, facts.home)}.",
        "indication.short_term",
        "oral.child_review_days",
        due=due,
    )


def opened(facts: Facts) -> tuple[str, str] | None:
    """Which failure of drugs by mouth opened the way into the spine: (what failed, 'no effect' or 'intolerable').

    A full dose of baclofen without effect counts first, then baclofen that could not be borne, then the rest.
    """
    tried = failures(facts)

    def rank(entry: tuple[e.Failed, str]) -> int:
        failed, name = entry
        if name != "baclofen":
            return 3
        return 1 if failed.outcome == "intolerable" else 0 if _full(facts, failed) else 2

    for failed, name in sorted(tried, key=rank):
        dose = f" {plain(failed.dose)}" if failed.dose else ""
        return f"{'oral baclofen' if name == 'baclofen' else name}{dose}", failed.outcome
    return None


def _full(facts: Facts, failed: e.Failed) -> bool:
    most = facts.book.quantity("oral.daily_max")
    return failed.dose is not None and failed.dose.to("mg/day") >= most.to("mg/day")


def _full_dose(facts: Facts) -> bool | None:
    """Whether baclofen, tizanidine or dantrolene failed at its full dose, or could not be borne at any.

    None where only a drug failed whose full dose is not in the knowledge.  What any other drug did says nothing.
    """
    tried = failures(facts)
    if any(failed.outcome == "intolerable" or (name == "baclofen" and _full(facts, failed)) for failed, name in tried):
        return True
    return None if any(name != "baclofen" for _, name in tried) else False


def _intrathecal(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    book = facts.book
    origin = facts.origin
    way = opened(facts)
    running = pump is not None and pump.pump_start is not None
    if isinstance(origin, Unknown):
        yield found(
            book,
            "origin",
            STOP,
            f"In the spine: {origin.says}.",
            "The steps of the dose differ by origin (spinal 10-30 %, cerebral 5-15 %); neither is assumed.",
            "Write the origin on the condition: '; origin spinal' or '; origin cerebral'.",
            "adjust.spinal",
            "adjust.cerebral",
            "indication.intrathecal",
            stops=("trial", "start", "adjust up"),
        )
        return
    if origin.value == "cerebral":
        if injury := _recent_brain_injury(facts):
            yield injury
        if not running:
            yield found(
                book,
                "indication-intrathecal",
                NOTE,
                "In the spine: approved for spasticity of cerebral origin.",
                "Approved for cerebral origin; considered when therapy by mouth fails or is not tolerated"
                + (f" ({way[0]}: {way[1]})." if way else "; the chart names no such failure."),
                "Nothing to do."
                if way
                else "Write what was tried by mouth: 'failed oral baclofen 80 mg/day; no effect'.",
                "indication.intrathecal",
            )
        return
    if running:
        if facts.screenings and facts.screenings[-1].outcome == "none":
            yield found(
                book,
                "responder",
                CAUTION,
                f"A pump runs although the last screening bolus ({plain(facts.screenings[-1].dose)}) had no response.",
                "Without a positive response in the screening trial nobody is a candidate for a pump.",
                "Write the response that led to the implant, or ask what the pump is for.",
                "trial.doses",
                "trial.observe",
            )
        return
    full = _full_dose(facts)
    if way and full is not False:
        doubt = (
            "" if full else " Whether that was its full dose is not known here: no maximum of it is in the knowledge."
        )
        yield found(
            book,
            "indication-intrathecal",
            NOTE if full else CAUTION,
            f"In the spine: approved for severe spasticity of spinal origin; opened by {way[0]} ({way[1]}).{doubt}",
            "Spinal origin needs maximum doses by mouth that failed or could not be borne.",
            "Nothing to do." if full else "Check that the dose was the greatest that could be given.",
            "indication.intrathecal",
            "trial.failed_drugs",
        )
    else:
        most: Quantity = book.quantity("oral.daily_max")
        what = f"{way[0]} ({way[1]}) is below its full dose" if way else "no drug by mouth that failed is on the chart"
        yield found(
            book,
            "indication-intrathecal",
            STOP,
            f"In the spine: {what}.",
            f"Spinal origin needs documented maximum doses of baclofen ({plain(most)}), tizanidine or dantrolene without response.",
            "Write what failed: 'failed oral baclofen 80 mg/day; no effect', or override with a reason.",
            "indication.intrathecal",
            "trial.failed_drugs",
            stops=("trial", "start"),
        )


def _recent_brain_injury(facts: Facts) -> Finding | None:
    days = facts.book.count("trial.brain_injury_wait")
    for _, condition, kinds in facts.conditions:
        if not any("brain injury" in kind.tags for kind in kinds):
            continue
        if condition.since is None:
            return found(
                facts.book,
                "brain-injury",
                CAUTION,
                f"The chart does not say when the {condition.name} happened.",
                "Long-term infusion waits at least a year after a brain injury.",
                "Write its date: '; since 2024-05-01'.",
                "trial.brain_injury_wait",
            )
        if (facts.today - condition.since).days < days:
            end = condition.since + timedelta(days=days)
            return found(
                facts.book,
                "brain-injury",
                STOP,
                f"The {condition.name} is less than a year old.",
                "Long-term infusion waits at least a year after a brain injury.",
                f"Wait until {end}, or override with a reason.",
                "trial.brain_injury_wait",
                stops=("trial", "start"),
            )
    return None

"""Is the record itself sound: repeated, contradictory, future, dropped, overridden, or resting on old knowledge?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.text import kind_of
from eutonia.evidence import Unknown
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, found, listed
from eutonia.moment import shown, shown_day
from eutonia.pump import PumpState
from eutonia.pump.interruption import clinical_order


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """One finding for the record, one for who the person is, one for overrides, one for knowledge past its review."""
    book = facts.book
    if isinstance(facts.person, Unknown):
        yield found(
            book,
            "person",
            STOP,
            f"Who this is, is unknown: {facts.person.says}.",
            "Advice is bound to one person.",
            "Write 'person id A-17; born 1979-04-11; sex female'.",
            "overdose.check",
            stops=("titration", "trial", "start", "adjust", "strength change", "holiday", "restart", "reduction"),
        )
    says: list[str] = []
    if facts.future:
        first = facts.future[0]
        says.append(
            f"{len(facts.future)} event{'s' if len(facts.future) > 1 else ''} after {shown(facts.now, facts.home)} "
            f"({kind_of(first.what)}, {shown(first.at, facts.home)}) not counted"
        )
    if repeated := (*facts.repeated, *(pump.repeated_refills if pump else ())):
        says.append("counted once although written twice: " + listed([_place(event) for event in repeated]))
    for fact in (
        facts.weight,
        facts.height,
        facts.pregnancy,
        facts.breastfeeding,
        facts.lab("creatinine", "creatinine", None),
    ):
        if isinstance(fact, Unknown) and fact.reason == "contradictory":
            says.append(fact.says)
    if isinstance(facts.weight, Unknown) and facts.weight.reason == "too old":
        says.append(facts.weight.says)
    single = [d for d in facts.chart.dropped if not d.what.endswith(("resources", "resource"))]
    if single:
        says.append(
            f"{len(single)} entries of the electronic record were not understood or do not count (listed by 'eutonia read')"
        )
    if says:
        text = "; ".join(says)
        yield found(
            book,
            "record",
            CAUTION if facts.future or single else NOTE,
            f"The record: {text}.",
            "What repeats, contradicts or lies ahead could be counted twice, or not at all.",
            "Correct the lines that are wrong.",
            "age.clock_skew",
        )
    if unchecked := _unchecked(facts):
        yield found(
            book,
            "second-check",
            NOTE,
            f"Not on the chart: who checked the last {listed(unchecked)} as second person.",
            "Errors at the screening bolus, the refill and the program cause most overdoses; two people verify each, independently.",
            "Have a second person verify it against the vial, the order or the pump; if one did, write '; checked by ...'. An entry that "
            "still waits for its second person is not checked yet.",
            "overdose.check",
        )
    if facts.overrides:
        told = [
            f"'{x.what.what}' by {x.by} on {shown_day(x.at, facts.home)}, because {x.what.because}"
            for x in facts.overrides
            if isinstance(x.what, e.Override)
        ]
        yield found(
            book,
            "overrides",
            NOTE,
            f"Overridden: {'; '.join(told)}.",
            "An override stays visible as long as it is on the chart.",
            "Nothing to do while the reason holds.",
            "overdose.check",
        )
    if old := book.past_review(facts.today):
        yield found(
            book,
            "knowledge",
            CAUTION,
            f"{len(old)} numbers of the knowledge are past their review, the first since {min(x.review for x in old)}.",
            "Labels change; a number past its review date has to be looked at again before it is relied on.",
            "Review the knowledge files; 'eutonia why ID' shows each.",
            old[0].name,
        )


def _unchecked(facts: Facts) -> list[str]:
    """The last screening bolus, refill and program without a second person's name; also in a clinic that records none.

    Stopping the pump waits for nobody, so that the last program that gives drug counts only while it is the last.
    """
    last = [events[-1] for kind in (e.Trial, e.Refill, e.Programmed) if (events := clinical_order(facts.of(kind)))]
    return [
        f"{kind_of(event.what)} ({shown_day(event.at, facts.home)})"
        for event in last
        if getattr(event.what, "checked_by", None) is None
        and not (isinstance(event.what, e.Programmed) and event.what.program.stopped)
    ]


def _place(event: e.Event) -> str:
    where = f", line {event.line}" if event.line else ""
    return f"{kind_of(event.what)} of {event.written}{where}"

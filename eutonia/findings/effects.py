"""Which adverse effects were reported, and what do they change in the next step?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from eutonia.chart.facts import Facts
from eutonia.findings.emergency import known_signs, triage
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, Grade, found, listed
from eutonia.knowledge import Book, Entry
from eutonia.pump import PumpState


@lru_cache(maxsize=8)
def _effects(book: Book) -> dict[str, Entry]:
    names: dict[str, Entry] = {}
    for entry in book.under("adverse."):
        if "system" in entry.more:
            names.update((each, entry) for each in (str(entry.value), *entry.more.get("also", ())))
    return names


def reported(facts: Facts) -> tuple[Entry, ...]:
    """The adverse effects of baclofen among the recent symptoms."""
    if not facts.symptoms:
        return ()
    names = _effects(facts.book)
    return tuple({names[text].name: names[text] for _, text in facts.symptoms if text in names}.values())


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """Effects hold the next rise; serious ones stop it; a symptom that is not recognised is said to be so."""
    if not facts.symptoms:
        return
    book = facts.book
    effects = reported(facts)
    known = set(_effects(book))
    seen = triage(facts, pump)
    emergencies = {
        each
        for group in (seen.overdose, seen.withdrawal)
        for entry in group
        for each in (str(entry.value), *entry.more.get("also", ()))
    }
    signs_ = known_signs(book)
    strange = [
        text for _, text in facts.symptoms if text not in known and text not in emergencies and text not in signs_
    ]
    lone = [text for _, text in facts.symptoms if text in signs_ and text not in known and text not in emergencies]
    # What stands on the emergency card is not told twice.
    effects = tuple(entry for entry in effects if not {str(entry.value), *entry.more.get("also", ())} & emergencies)
    if effects:
        serious = [entry for entry in effects if entry.more.get("serious")]
        told = listed([f"{entry.value} ({entry.more['system']}, {entry.more['frequency']})" for entry in effects])
        grade: Grade = STOP if serious else CAUTION
        what = f" {listed([str(entry.value) for entry in serious])}: escalate." if serious else ""
        yield found(
            book,
            "effects",
            grade,
            f"Reported: {told}.{what}",
            "Adverse effects of baclofen by the monograph; a reported effect holds the next rise or asks for a step back.",
            "Hold the dose or step back; ask again before the next rise; write 'symptom ...; resolved' when it is gone.",
            *(entry.name for entry in effects),
            *(["caution.serious"] if serious else []),
            stops=("titration", "adjust") if serious else (),
        )
    if lone:
        yield found(
            book,
            "signs",
            CAUTION,
            f"{listed(lone)[0].upper()}{listed(lone)[1:]}: a sign of withdrawal or overdose elsewhere; nothing on this chart says it is one here.",
            "It raises the emergency card where drug is, or was lately, in the body and may be lacking or too much.",
            "Ask whether doses were missed or doubled.",
            "withdrawal.boxed",
        )
    if strange:
        yield found(
            book,
            "symptoms",
            NOTE,
            f"Not recognised as an effect, an overdose or a withdrawal: {listed(strange)}.",
            "A symptom that the list does not know is not checked; it may matter all the same.",
            "Look at it, and write it in other words if it is one of the known signs.",
            "organ.systems",
        )

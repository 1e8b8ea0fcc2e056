"""Is the person old enough for the route, and is old age a reason for care?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts
from eutonia.evidence import Unknown
from eutonia.findings.context import intrathecal, oral, spine_considered
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, Grade, Kind, found
from eutonia.pump import PumpState


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """By mouth not established below 12 years, in the spine from 4 years; an unknown age stops both."""
    book = facts.book
    if isinstance(facts.age, Unknown):
        yield found(
            book,
            "age",
            STOP,
            f"The age is unknown: {facts.age.says}.",
            "Below 12 years the drug by mouth is not established; in the spine it is licensed from 4 years.",
            "Write the birth date: 'person id ...; born 1979-04-11'.",
            "oral.age_min",
            "trial.age_min",
            stops=("titration", "trial", "start", "adjust up"),
        )
        return
    age = facts.age.value
    mouth, spine = book.count("oral.age_min"), book.count("trial.age_min")
    if age < mouth and oral(facts):
        licensed = book.jurisdiction in ("UK", "DE")
        grade: Grade = CAUTION if licensed else STOP
        stops: tuple[Kind, ...] = () if licensed else ("titration",)
        yield found(
            book,
            "age",
            grade,
            f"{age} years old: by mouth, safety and efficacy below {mouth} years are not established.",
            "Monograph and US label; UK and EU labels license children; in the spine it is licensed from 4 years (C-08).",
            "'override age; by ...; because ...' opens a plan by mouth under the UK ceiling for the age.",
            "oral.age_min",
            "trial.age_min",
            "oral.child_daily_max",
            "oral.child_start_per_kg",
            stops=stops,
        )
    if age < spine and spine_considered(facts):
        yield found(
            book,
            "age-intrathecal",
            STOP,
            f"{age} years old: in the spine baclofen is licensed from {spine} years.",
            "US, UK and DE labels.",
            "Wait, or override with a reason.",
            "trial.age_min",
            stops=("trial", "start"),
        )
    elif age < mouth and intrathecal(facts) and not oral(facts):
        yield found(
            book,
            "age",
            NOTE,
            f"{age} years old: in the spine licensed from {spine} years; by mouth not established below {mouth}.",
            "Dose steps for children are those of cerebral origin; daily doses of 24 to 1,199 mcg were seen below 12 years.",
            "Nothing to do.",
            "trial.age_min",
            "oral.age_min",
            "usual.child",
        )

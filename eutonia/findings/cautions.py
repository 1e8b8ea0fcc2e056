"""What else on the chart asks for care: one joined finding, each reason named."""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts, level_rank
from eutonia.evidence import Known
from eutonia.findings.context import intrathecal, oral
from eutonia.findings.finding import CAUTION, Finding, found, listed
from eutonia.pump import PumpState

_TAGS = {
    "psychiatric": ("caution.psychosis", "supervise closely"),
    "misuse": ("caution.alcoholism", "supervise closely"),
    "ulcer": ("caution.ulcer", "avoid while it is active"),
    "posture": ("caution.posture", "do not take away the tone that is needed"),
    "respiratory": ("caution.respiratory", "watch breathing"),
    "sleep apnoea": ("caution.sleep_apnoea", "watch breathing at night"),
    "sphincter": ("caution.sphincter", "watch for retention"),
    "diabetes": ("caution.diabetes", "measure glucose"),
    "porphyria": ("caution.porphyria", "caution"),
}


def high_lesion(facts: Facts) -> str | None:
    """The highest level of a cord lesion at T6 or above, where autonomic dysreflexia threatens."""
    levels = [c.level for _, c, _ in facts.conditions if c.level is not None]
    high = [level for level in levels if level_rank(level) <= level_rank("T6")]
    return min(high, key=level_rank) if high else None


def find(facts: Facts, _: PumpState | None) -> Iterator[Finding]:
    """Psychosis, Parkinson, stroke, dysreflexia, ulcer, posture, breathing, old age and more, in one finding."""
    book = facts.book
    said: list[str] = []
    entries: list[str] = []
    if intrathecal(facts) and not oral(facts) and (against := facts.having("parkinson", "stroke")):
        said.append(f"{listed(against)} (not recommended)")
        entries += ["caution.parkinson" if facts.having("parkinson") else "caution.stroke"]
    for tag, (entry, what) in _TAGS.items():
        if names := facts.having(tag):
            said.append(f"{listed(names)} ({what})")
            entries.append(entry)
    if (level := high_lesion(facts)) or facts.having("dysreflexia"):
        where = f"lesion at {level}" if level else "autonomic dysreflexia"
        said.append(f"{where} (autonomic dysreflexia; withdrawal needs special attention)")
        entries += ["caution.dysreflexia", "withdrawal.special"]
    if communication := facts.having("communication"):
        said.append(f"{listed(communication)} (signs of withdrawal are told late)")
        entries.append("withdrawal.special")
    if previous := facts.having("withdrawal"):
        said.append(f"{listed(previous)} (withdrawal needs special attention)")
        entries.append("withdrawal.special")
    if isinstance(facts.age, Known) and facts.age.value >= book.count("oral.elderly_age"):
        said.append(f"{facts.age.value} years old (start low, expect drowsiness)")
        entries += ["caution.elderly", "oral.elderly_age"]
    cerebral = isinstance(facts.origin, Known) and facts.origin.value == "cerebral"
    if cerebral and oral(facts) and not facts.having("stroke"):
        said.append("cerebral origin by mouth (titrate more slowly)")
        entries.append("caution.cerebral_oral")
    if said:
        text = "; ".join(said)
        yield found(
            book,
            "cautions",
            CAUTION,
            f"Take care: {text}.",
            "Labelled cautions for what is on the chart.",
            "Weigh each against the benefit; slower steps where tone, breathing or mind are at stake.",
            *entries,
        )

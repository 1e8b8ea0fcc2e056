"""Is there an active infection, before a screening bolus, an implant or a refill?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eutonia.chart.facts import Facts
from eutonia.findings.context import pumped, spine_considered
from eutonia.findings.finding import CAUTION, STOP, Finding, found, listed
from eutonia.pump import PumpState

_OVER = re.compile(
    r"\b(?:history of|h/o|previous|prior|past|former|post|after|status post|s/p|sequel\w*|treated|healed|prophyla\w*|colonis\w*|"
    r"coloniz\w*|asymptomatic)\b",
    re.IGNORECASE,
)
# Whatever is called infected is an active infection, wherever it is; these alone are no reason to wait.
_NAMED = re.compile(r"\b(?:infected|infections?|septic|purulent)\b", re.IGNORECASE)
_NO_REASON = re.compile(
    r"\b(?:no|not|without|denies|excluded|ruled out|risk of|family history|non-?infected)\b", re.IGNORECASE
)
_CHRONIC = re.compile(
    r"\b(?:(?:chronic|latent)\s+)*(?:hiv|hepatitis|tuberculosis|tb)(?:[\s-]+\w)?\s+infections?\b", re.IGNORECASE
)
_NOT_NOW = re.compile(r"\brecurrent\b", re.IGNORECASE)


def active(facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the active infections: those of the nervous system or at the pump, and all others.

    One that is written as past is none; one that only recurs is none today, unless it is at the site.
    """
    site = tuple(name for name in facts.having("site infection") if not _OVER.search(name))
    named = (
        c.name
        for _, c, _ in facts.conditions
        if _NAMED.search(_CHRONIC.sub("", c.name)) and not _NO_REASON.search(c.name)
    )
    known = dict.fromkeys([*facts.having("infection"), *named])
    others = (name for name in known if not (_OVER.search(name) or _NOT_NOW.search(name) or _CHRONIC.fullmatch(name)))
    return site, tuple(name for name in others if name not in site)


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """A stop of screening and implant; while a pump runs it is named beside the refill and stops nothing that runs."""
    site, others = active(facts)
    if not (site or others) or not (spine_considered(facts) or pumped(facts)):
        return
    running = pump is not None and pump.pump_start is not None
    names = listed([*site, *others])
    where = " of the nervous system or at the pump" if site else ""
    yield found(
        facts.book,
        "infection",
        STOP if site or not running else CAUTION,
        f"Active infection{where}: {names}.",
        "No screening bolus and no implant until it is over (assumption); infection also raises spasticity, so a response or a rising "
        "tone says little.",
        (
            "Before the refill: does the needle pass through infected skin, is there fever, neck stiffness or a red pocket? Then ask surgery "
            "and infectious diseases first; the pump does not run dry meanwhile. "
            if running
            else ""
        )
        + "Write 'condition ...; resolved' when it is over.",
        "puncture.infection",
        stops=("trial", "start"),
    )

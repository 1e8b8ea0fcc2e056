"""Which drugs on the list add to baclofen's effects, or cannot be recognised; is the list complete?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from eutonia.chart.facts import Facts
from eutonia.chart.oral import Drug
from eutonia.evidence import Unknown
from eutonia.findings.context import intrathecal
from eutonia.findings.finding import CAUTION, NOTE, Finding, found, listed
from eutonia.knowledge import Entry
from eutonia.pump import PumpState
from eutonia.quantity import plain

_SEVERE = {"major": 0, "moderate": 1, "minor": 2}


def matches(facts: Facts) -> list[tuple[Entry, list[Drug]]]:
    """Each interaction class with the drugs on the list that belong to it, the gravest first."""
    if not facts.drugs:
        return []
    spine = intrathecal(facts)
    pairs = []
    for entry in facts.book.under("interaction."):
        if entry.more.get("route") == "intrathecal" and not spine:
            continue
        drugs = [drug for drug in facts.drugs if drug.belongs(str(entry.value)) and not drug.belongs("baclofen")]
        if drugs:
            pairs.append((entry, drugs))
    return sorted(pairs, key=lambda pair: _SEVERE[str(pair[0].more["severity"])])


def _names(drugs: list[Drug], tag: str) -> list[str]:
    return list(dict.fromkeys(each.name for drug in drugs for each in drug.ingredients if tag in each.classes))


_SEDATING = ("cns depressant", "opioid", "alcohol", "morphine", "tizanidine", "tricyclic", "mao inhibitor")


def depressants(facts: Facts) -> tuple[str, ...]:
    """Return the names of the drugs on the list that depress the nervous system beside baclofen (MON-01)."""
    names = (
        name for entry, drugs in matches(facts) if entry.value in _SEDATING for name in _names(drugs, str(entry.value))
    )
    return tuple(dict.fromkeys(names))


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """One finding for the drugs that add to it, one for what could not be recognised or was not asked."""
    book = facts.book
    depressant: list[tuple[Entry, list[Drug]]] = []
    other: list[tuple[Entry, list[Drug]]] = []
    for entry, drugs in matches(facts):
        sedating = entry.value in _SEDATING
        (depressant if sedating or entry.value == "general anaesthetic" else other).append((entry, drugs))
    if depressant:
        yield _joined(
            facts,
            "interactions-cns",
            depressant,
            "Together with any other depressant of the nervous system: monitor closely.",
        )
    if other:
        yield _joined(
            facts, "interactions", other, "Labelled interactions of baclofen; none goes through cytochrome P450."
        )
    unknown = [part for drug in facts.drugs for part in drug.unrecognised]
    incomplete = facts.list_complete
    spine = [drug.text for drug in facts.drugs if drug.belongs("baclofen") and drug.intrathecal]
    unpumped = spine if pump is None else []
    strength_gap = _other_strength(facts, pump)
    if unknown or unpumped or strength_gap or isinstance(incomplete, Unknown):
        says = []
        if strength_gap:
            says.append(strength_gap)
        if unpumped:
            says.append(f"For the spine, and no pump is on the chart: {listed([repr(text) for text in unpumped])}.")
        if unknown:
            says.append(f"Not recognised, so not checked: {listed([repr(name) for name in unknown])}.")
        if isinstance(incomplete, Unknown):
            says.append(f"The drug list may be incomplete: {incomplete.says}.")
        yield found(
            book,
            "medications",
            CAUTION,
            " ".join(says),
            "A drug that is not listed or not recognised may depress the nervous system or lower kidney function.",
            "Write the ingredient's name, ask for alcohol, sedatives and opioids, and write 'medications no others'.",
            "interaction.cns_depressant",
            "age.medications",
        )


_PER_ML = re.compile(r"([0-9][0-9,.]*)\s*(?:mcg|ug|[\u00b5\u03bc]g)\s*/\s*ml\b", re.IGNORECASE)


def _other_strength(facts: Facts, pump: PumpState | None) -> str:
    """What the list and the last fill of the pump disagree in: the concentration, mcg/mL."""
    if pump is None or pump.strength is None:
        return ""
    for drug in facts.drugs:
        found = _PER_ML.search(drug.text) if drug.belongs("baclofen") and drug.intrathecal else None
        named = Decimal(found[1].replace(",", "")) if found is not None else None
        if named is not None and named != pump.strength.to("mcg/mL"):
            return f"The list names {plain(named)} mcg/mL ('{drug.text}'), and the pump was filled with {plain(pump.strength)}."
    return ""


def _antiseizure(drug: Drug) -> bool:
    """Whether it is given against seizures and mostly for nothing else: such a drug is never lowered for sedation's sake."""
    return drug.belongs("anticonvulsant") and not drug.belongs("gabapentinoid") and not drug.belongs("benzodiazepine")


def _joined(facts: Facts, id_: str, pairs: list[tuple[Entry, list[Drug]]], basis: str) -> Finding:
    told: dict[str, list[str]] = {}
    watch: dict[str, None] = {}
    shown: set[str] = set()
    for entry, drugs in sorted(pairs, key=lambda pair: pair[0].value == "cns depressant"):
        names = _names(drugs, str(entry.value))
        if entry.value == "cns depressant":
            names = [name for name in names if name not in shown]
        if not names:
            continue
        shown.update(names)
        told.setdefault(entry.says, []).extend(names)
        kept = _names([drug for drug in drugs if _antiseizure(drug)], "anticonvulsant")
        if set(names) - set(kept) or entry.value != "cns depressant":
            watch[str(entry.more["watch"])] = None
        if kept and entry.value == "cns depressant":
            watch[f"{listed(kept)}: goes on as ordered, watch sedation"] = None
    worst = min(_SEVERE[str(entry.more["severity"])] for entry, _ in pairs)
    says = "; ".join(f"{listed(names)}: {what}" for what, names in told.items())
    todo = "; ".join(watch)
    return found(
        facts.book,
        id_,
        CAUTION if worst < 2 else NOTE,
        f"{says[0].upper()}{says[1:]}.",
        basis,
        f"{todo[0].upper()}{todo[1:]}.",
        *(entry.name for entry, _ in pairs),
    )

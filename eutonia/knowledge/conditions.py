"""Which conditions on a chart matter for baclofen, and what each means for the therapy."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from msgspec import Struct

from eutonia.knowledge import FOLDER, KnowledgeError

TAGS: Final = frozenset(
    [
        "approved oral",
        "spinal cause",
        "cord lesion",
        "spasticity",
        "short term",
        "cerebral cause",
        "brain injury",
        "stroke",
        "parkinson",
        "epilepsy",
        "psychiatric",
        "misuse",
        "ulcer",
        "dysreflexia",
        "posture",
        "respiratory",
        "sleep apnoea",
        "sphincter",
        "diabetes",
        "off label",
        "other cause",
        "liver",
        "not indicated",
        "porphyria",
        "kidney",
        "dialysis",
        "pregnancy",
        "hypertension",
        "communication",
        "withdrawal",
        "infection",
        "site infection",
        "bleeding",
    ]
)

_NEGATED: Final = re.compile(
    r"\b(?:no|without|denies|family history of|not|ruled out|excluded|mother|father|sibling)\b"
)
_WORD: Final = re.compile(r"[a-z0-9']+")


class Kind(Struct, frozen=True):
    """One condition that matters: its name and its tags."""

    name: str
    tags: frozenset[str]


@cache
def _table() -> tuple[dict[tuple[str, ...], Kind], dict[str, Kind], int]:
    names: dict[tuple[str, ...], Kind] = {}
    codes: dict[str, Kind] = {}
    lines = (FOLDER / "conditions.tsv").read_text("utf-8").splitlines()
    rows = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    for number, line in rows[1:]:
        name, tags, also, snomed = (*line.split("\t"), "", "")[:4]
        kind = Kind(name, frozenset(tags.split(";")))
        if unknown := kind.tags - TAGS:
            raise KnowledgeError(f"conditions.tsv, line {number}: unknown tag {', '.join(sorted(unknown))}")
        for each in (name, *filter(None, also.split(";"))):
            words = tuple(_WORD.findall(each))
            if words in names:
                raise KnowledgeError(f"conditions.tsv, line {number}: '{each}' stands twice")
            names[words] = kind
        codes.update((code, kind) for code in filter(None, snomed.split(";")))
    return names, codes, max(map(len, names))


@lru_cache(maxsize=4096)
def recognise(text: str) -> tuple[Kind, ...]:
    """The conditions that `text` names, as whole words; a negated or family condition names none.

    >>> [kind.name for kind in recognise("Epilepsy, unspecified")]
    ['epilepsy']
    """
    low = text.lower().replace("\u200b", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    names, _, longest = _table()
    words = tuple(_WORD.findall(low))
    if (whole := names.get(words)) is not None:
        return (whole,)
    if _NEGATED.search(low):
        return ()
    found: dict[str, Kind] = {}
    start = 0
    while start < len(words):
        for size in range(min(longest, len(words) - start), 0, -1):
            kind = names.get(words[start : start + size])
            if kind is not None:
                found[kind.name] = kind
                start += size - 1
                break
        start += 1
    return tuple(found.values())


def coded(snomed: str) -> Kind | None:
    """The condition that a SNOMED CT code names, where it is one that matters."""
    return _table()[1].get(snomed)

"""The clinic's paper: pump card, patient sheet, check list and report, in the words of the screens.

Every number comes out of `eutonia.doors.words` or `quantity.plain`; the templates beside this file only set type.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from eutonia.advice import Advice

# What can be printed, by the word that asks for it.
KINDS: Final = MappingProxyType(
    {
        "card": "Pump card",
        "sheet": "Patient sheet",
        "checklist": "Check list for two people",
        "report": "Report",
    }
)


class PaperError(ValueError):
    """A paper that cannot be made from this chart; the message says why and what would do."""


def paper(kind: str, advice: Advice, call: str | None = None) -> bytes:
    """The paper of one kind as PDF/UA; the same advice gives the same bytes.

    call: the clinic's telephone; without it, a line to write it on.
    """
    if kind not in KINDS:
        raise PaperError(f"'{kind}' is no paper; ask for one of {', '.join(KINDS)}")
    from eutonia.doors.paper.press import printed

    title, contents = KINDS[kind], _contents(kind)
    return printed(kind, title, advice, contents(advice, call))


def _contents(kind: str) -> Callable[[Advice, str | None], dict[str, Any]]:
    """The function that gives a paper its words; only the one asked for is read."""
    if kind == "card":
        from eutonia.doors.paper.card import card

        return card
    if kind == "sheet":
        from eutonia.doors.paper.patient import sheet

        return sheet
    if kind == "checklist":
        from eutonia.doors.paper.checks import checks

        return checks
    from eutonia.doors.paper.report import report

    return report

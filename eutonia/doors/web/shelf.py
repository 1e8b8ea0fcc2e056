"""The written pages and the example charts: on the shelf of an installed package, or in the checkout beside it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

_HERE: Final = Path(__file__).parent / "shelf"
_ROOT: Final = _HERE if _HERE.exists() else Path(__file__).parents[3]
EXAMPLES: Final = _ROOT / "examples"

# The pages that the workbench shows, in their order, and what they are called there.
PAGES: Final = {
    "workbench": "The workbench",
    "chart": "How a chart is written",
    "advice": "How an advice comes about",
    "pump": "The pump",
    "models": "The models, a card each",
    "studies": "Virtual studies and what they answer",
    "validation": "The models beside what was observed",
    "estimates": "What the patient's own data say",
    "calibration": "Whether the estimates are honest",
    "ledger": "The ledger",
    "paper": "The papers",
    "fhir": "FHIR",
    "cds-hooks": "CDS Hooks",
}
_TABLE: Final = re.compile(r"<table>.*?</table>", re.DOTALL)
_LINK: Final = re.compile(r'href="(?:\.\./docs/|docs/)?([a-z-]+)\.md(#[^"]*)?"')
_OTHER: Final = re.compile(r'<a href="(?!/|#|https?:)[^"]*">(.*?)</a>', re.DOTALL)


@cache
def written(name: str) -> Markup:
    """A page as HTML; no markup of its own comes through, and a table can be scrolled with the keyboard."""
    text = (_ROOT / "docs" / f"{name}.md").read_text("utf-8")
    found = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    region = '<div class="scroll" tabindex="0" role="region" aria-label="Table {}">{}</div>'
    numbers = iter(range(1, 10_000))
    found = _TABLE.sub(lambda each: region.format(next(numbers), each[0]), found)
    found = found.replace("<th></th>", "<td></td>").replace("<pre>", '<pre tabindex="0">')
    # The policy of the pages lets no style stand in them.
    found = re.sub(r' style="text-align:([a-z]+)"', r' class="\1"', found)
    found = _LINK.sub(lambda each: f'href="/pages/{each[1]}"' if each[1] in PAGES else 'href="elsewhere"', found)
    # What leads to a file of the checkout leads nowhere here.
    return Markup(_OTHER.sub(r"\1", found))

"""Writes the pages that quote the examples: docs/examples.md whole, and the answer that README.md shows.

    python tools/docs.py

The moment of each advice is the one that the chart's first comment names ('# now: 2026-05-02 09:00'), so the same
charts and the same knowledge give the same pages.
"""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from itertools import takewhile
from pathlib import Path
from typing import Final

from eutonia import advise, read
from eutonia.doors.terminal import render

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "examples.md"
README: Final = ROOT / "README.md"
SHOWN: Final = ROOT / "examples" / "02-spinal-cord-injury-pump.chart"
WIDTH: Final = 100

_PARTS: Final = ("findings", "pump", "plans", "outlooks", "refusals", "tasks")
_NOW: Final = re.compile(r"# now: (?P<now>\S+ \S+)\n")
_QUOTE: Final = re.compile(r"(?<=<!-- written by make docs -->\n)```text\n(?:.*\n)*?```")
_HEAD: Final = """\
# Ten charts and their advice

Written by `make docs` from the charts in [examples](../examples); a test fails when the two no longer agree.
Each chart opens with who asks what.  Below it stands what `eutonia advise` prints at that moment: findings first,
then the pump, the options and the refusals.  The people are invented.  The grammar of the charts is in
[chart.md](chart.md), the advice field by field in [advice.md](advice.md).
"""


def examples() -> tuple[Path, ...]:
    """The example charts, in the order of their numbers."""
    return tuple(sorted((ROOT / "examples").glob("*.chart")))


def moment(text: str) -> str:
    """The moment that a chart's first comment names."""
    found = _NOW.match(text)
    if found is None:
        raise ValueError("an example opens with the moment of its advice, such as '# now: 2026-05-02 09:00'")
    return found["now"]


def answer(text: str) -> str:
    """The advice for a chart's text, as the terminal prints it, without colours and in its whole alphabet."""
    found = advise(read(text), moment(text)).as_dict()
    with redirect_stdout(io.StringIO()):  # the printer asks whether a terminal looks on, and which letters it has
        return render(found, _PARTS, WIDTH)


def page() -> str:
    """docs/examples.md: each chart and its advice."""
    sections = [_HEAD.rstrip("\n"), "\n".join(f"- [{_title(path)}](#{path.stem})" for path in examples())]
    for path in examples():
        text = path.read_text("utf-8")
        sections += [
            f'<a id="{path.stem}"></a>\n\n## {_title(path)}',
            f"```chart\n{text.rstrip()}\n```",
            f"`eutonia advise examples/{path.name} --now '{moment(text)}'`",
            f"```text\n{answer(text)}\n```",
        ]
    return "\n\n".join(sections) + "\n"


def _title(path: Path) -> str:
    words = path.stem.partition("-")[2].replace("-", " ")
    return words[0].upper() + words[1:]


def readme() -> str:
    """README.md with the excerpt of one answer in its place; everything else stays as it was written."""
    quote = f"```text\n{excerpt(answer(SHOWN.read_text('utf-8')))}\n```"
    return _QUOTE.sub(lambda _: quote, README.read_text("utf-8"), count=1)


def excerpt(printed: str) -> str:
    """What fits on a first screen: who, each finding in a sentence, when the refill is due, the first option."""
    blocks = [block.splitlines() for block in printed.split("\n\n")]
    kept = [blocks[0]]
    for block in blocks[1:]:
        if block[0].startswith(("STOP", "CAUTION", "NOTE")):
            kept.append(list(takewhile(lambda line: "Why:" not in line, block)))
        elif block[0].startswith("FINDINGS") or block[0].startswith(("OPTIONS", "Option 1 of")):
            kept.append(block)
        elif block[0].startswith("THE PUMP"):
            kept.append([line for line in block if line.startswith(("THE PUMP", "Left, expected", "Refill due"))])
    return "\n\n".join("\n".join(block) for block in [*kept, ["..."]])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    README.write_text(readme(), "utf-8")

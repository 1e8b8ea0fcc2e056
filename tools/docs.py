"""Writes docs/examples.md: each example chart, and its advice as a terminal of 100 columns prints it.

    python tools/docs.py

The moment of each advice is the one that the chart's first comment names ('# now: 2026-05-02 09:00'), so the same
charts and the same knowledge give the same page.
"""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final

from eutonia import advise, read
from eutonia.doors.terminal import render

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "examples.md"
WIDTH: Final = 100

_PARTS: Final = ("findings", "pump", "plans", "refusals", "tasks")
_NOW: Final = re.compile(r"# now: (?P<now>\S+ \S+)\n")
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
    """The whole page."""
    sections = [_HEAD.rstrip("\n")]
    links = [f"- [{_title(path)}](#{path.stem})" for path in examples()]
    sections.append("\n".join(links))
    for path in examples():
        text = path.read_text("utf-8")
        command = f"eutonia advise examples/{path.name} --now '{moment(text)}'"
        sections.append(f'<a id="{path.stem}"></a>\n## {_title(path)}')
        sections.append(f"```chart\n{text.rstrip()}\n```")
        sections.append(f"`{command}`")
        sections.append(f"```text\n{answer(text)}\n```")
    return "\n\n".join(sections) + "\n"


def _title(path: Path) -> str:
    words = path.stem.partition("-")[2].replace("-", " ")
    return words[0].upper() + words[1:]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

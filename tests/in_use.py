"""Charts of cases found in use, and helpers to vary them.  `tests/cases/in_use/*.chart`; the first line holds the moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

import eutonia
from eutonia.advice import Advice

FOLDER: Final = Path(__file__).parent / "cases" / "in_use"


class Case(NamedTuple):
    """The text of a chart, and the moment at which it is asked about."""

    text: str
    now: str

    def replaced(self, *changes: tuple[str, str]) -> Case:
        """Return a variant in which each text of `changes` is replaced; fail where one is not on the chart."""
        text = self.text
        for old, new in changes:
            assert old in text, f"'{old}' is not on the chart"
            text = text.replace(old, new)
        return Case(text, self.now)

    def with_lines(self, *lines: str) -> Case:
        """Return a variant with further lines."""
        return Case(self.text + "".join(f"{line}\n" for line in lines), self.now)

    def at(self, now: str) -> Case:
        """Return the same chart asked about at another moment."""
        return Case(self.text, now)

    def advise(self, *, zone: str | None = None, jurisdiction: str = "US") -> Advice:
        """Return the typed advice."""
        return eutonia.advise(eutonia.read(self.text, zone), self.now, jurisdiction)

    def answer(self, *, zone: str | None = None, jurisdiction: str = "US") -> dict[str, Any]:
        """Return the advice as JSON, without predictions."""
        return self.advise(zone=zone, jurisdiction=jurisdiction).as_dict(foresee=False)


def case(number: str, folder: str = "") -> Case:
    """Return the case whose file name starts with `number` and a hyphen, or is exactly that name.

    Parameters
    ----------
    number
        The beginning of the file name, such as '01' or 'n1'.
    folder
        '' for charts with an advice, 'output' for printouts, tasks and verification.
    """
    names = [path for path in sorted((FOLDER / folder).glob("*.chart")) if path.stem.split("-")[0] == number]
    assert len(names) == 1, f"{number}: {names}"
    text = names[0].read_text("utf-8")
    first = text.partition("\n")[0]
    return Case(text, first.removeprefix("# now: ").strip() if first.startswith("# now: ") else "")

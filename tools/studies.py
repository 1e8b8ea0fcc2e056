"""What the shipped studies answer: the end of docs/studies.md and its table of families, written by `make studies`."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from eutonia.cohort.families import FAMILIES
from eutonia.cohort.run import Results, carried_out
from eutonia.cohort.stream import Summary
from eutonia.cohort.study import Outcome
from eutonia.knowledge import library
from eutonia.quantity import figures, plain

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "studies.md"
STUDIES: Final = ("titration-speed", "missed-bridge", "refill-margin", "taper-shape")
# How the tables read; tests/oracles/test_studies.py holds them to it.
READ: Final = {
    "titration-speed": "A slower pace shortens the time above the range, and leaves the highest level as it was: it is the dose that "
    "counts.  Doses by the band of the kidneys keep nearly everybody below the upper end, and cost a few days to a week until the "
    "level is in the range.",
    "missed-bridge": "Without the bridge the tip gives the daily dose times old over new strength until the line is swept, and the lumbar "
    "level follows all the way.  Too little is felt by more people than too much, because at these doses the reflex is "
    "nearly suppressed already; tone says nothing of the overdose that too much is.  A line that was recorded too large brings the new "
    "drug to the tip at the old rate.",
    "refill-margin": "A larger margin makes fewer pumps run dry, so does a visit that is booked ahead, and both together more than "
    "either.  The price is drug that is thrown away, and visits.",
    "taper-shape": "Only a constant percentage keeps every step within what one lowering may be, and it loses least of the suppressed "
    "reflex in a day for the typical person.  A linear taper loses least drug in a day, but its last steps are large for what is left.  "
    "Weekly steps lose several times as much in a day.  Nothing here says which withdrawal is safe.",
}
_MARK: Final = "<!-- written by make studies -->\n"
_FAMILIES: Final = re.compile(r"(\|---\|---\|---\|---\|\n).*?(?=\n\n## How it is computed)", re.DOTALL)


def families() -> str:
    """A row for each family: what it studies, its policies, and what may be said of the people and the setting."""
    rows = []
    for each in FAMILIES:
        cells = (
            [f"'{name}'" for name in each.policies],
            [f"`{name}`" for name in each.people],
            [f"`{name}`" for name in each.setting],
        )
        rows.append(f"| {each.name} | {' | '.join(', '.join(those) or 'nothing' for those in cells)} |")
    return "\n".join(rows)


def answer(name: str, results: Results) -> str:
    """One study: its question, and a table with a row an outcome and a column an arm."""
    study = results.study
    lines = [f"### {study.title}", "", f"{study.question}", ""]
    lines += [f"[{name}.toml](../examples/studies/{name}.toml), {plain(results.people)} people.", ""]
    lines += [f"| | {' | '.join(arm.name for arm in study.arms)} |", f"|---|{'---:|' * len(study.arms)}"]
    for each in study.outcomes:
        outcome = study.family.outcomes[each]
        cells = [cell(outcome, results.arms[arm.name][each]) for arm in study.arms]
        lines.append(
            f"| {outcome.says}, {'% of people' if outcome.yes_or_no else outcome.unit} | {' | '.join(cells)} |"
        )
    lines += ["", READ[name]]
    return "\n".join(lines)


def cell(outcome: Outcome, found: Summary) -> str:
    """A share of people, or the median with the middle nine tenths."""
    if not found.count:
        return "nobody"
    if outcome.yes_or_no:
        return plain(figures(100 * found.mean))
    low, middle, high = (_shown(found.quantile(share), found) for share in (0.05, 0.5, 0.95))
    gone = f"; {outcome.missing}: {plain(figures(100 * found.missing / (found.count + found.missing)))} %"
    return (middle if low == high else f"{middle} ({low} to {high})") + (gone if found.missing else "")


def _shown(value: float, found: Summary) -> str:
    return plain(figures(0.0 if abs(value) < 1e-9 * max(abs(found.low), abs(found.high), 1.0) else value))


def main() -> None:
    """Runs the four, and writes what they answer."""
    parts = []
    for name in STUDIES:
        text = (ROOT / "examples" / "studies" / f"{name}.toml").read_text("utf-8")
        results = carried_out(text, ROOT / "out" / "studies" / name, engine_name="pool", workers=2)
        print(f"{name}: {results.people} people", file=sys.stderr)
        parts.append(answer(name, results))
    head = (
        f"Run on {datetime.now(UTC).date()} with knowledge {library().version} {library().hash[:16]}, as they are shipped.  Of yes "
        "and no the share of people; of anything else the median, and in brackets what nine tenths of the people lie within.  "
        "The whole reports, with paired differences, sources and drawings, come from `eutonia study`.\n\n"
    )
    page = PAGE.read_text("utf-8").partition(_MARK)[0]
    page = _FAMILIES.sub(lambda found: found[1] + families(), page)
    PAGE.write_text(page + _MARK + head + "\n\n".join(parts) + "\n", "utf-8")


if __name__ == "__main__":
    main()

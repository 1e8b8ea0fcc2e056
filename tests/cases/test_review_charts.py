"""Sixty charts that a pharmacist wrote to break the rules, with what must hold in `review/expected.tsv`.

What is tested here holds for every one of them; the answers of single charts are tested in `tests/hazards/test_review_*.py`.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import eutonia

FOLDER = Path(__file__).parent / "review"
CHARTS = sorted(FOLDER.glob("*.chart"))


def test_each_chart_has_its_expectation() -> None:
    with (FOLDER / "expected.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [row["chart"] for row in rows] == [path.stem for path in CHARTS]
    assert len(CHARTS) == 60


@pytest.mark.parametrize("path", CHARTS, ids=lambda path: path.stem)
def test_each_chart_is_answered_with_one_card_at_most(path: Path) -> None:
    text = path.read_text("utf-8")
    zone = "Europe/Berlin" if path.stem.startswith("34") else None
    now = text.partition("\n")[0].removeprefix("# now: ").strip()
    answer = eutonia.advise(eutonia.read(text, zone), now).as_dict(foresee=False)
    assert sum("card" in finding for finding in answer["findings"]) <= 1
    assert all("['" not in finding["says"] + finding["resolve"] for finding in answer["findings"])
    card = any("card" in finding for finding in answer["findings"])
    assert answer["plans"] or answer["refusals"] or card

"""Many people: the same bits whoever computes them, in whatever portions, and after any interruption."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from eutonia.cohort import chunk as chunks
from eutonia.cohort import engine
from eutonia.cohort.chunk import ChunkError, Folder, Task, compute, key, outcomes, read
from eutonia.cohort.run import Results, carried_out
from eutonia.cohort.study import read_study

TITRATION = """
title = "t"
question = "q"
seed = "bits"
outcomes = ["peak_ng_ml", "days_to_therapeutic", "last_average_ng_ml"]
[population]
people = 20
age_years = { uniform = [20, 80], because = "assumed: a test" }
weight = { lognormal = ["70 kg", 0.2], because = "assumed: a test" }
creatinine_clearance = { uniform = ["15 mL/min", "110 mL/min"], because = "assumed: a test" }
[setting]
lasts = "3 days"
[[arms]]
name = "full"
policy = "monograph titration"
every = "3 days"
until = "usual low"
[[arms]]
name = "careful"
policy = "cautious renal"
every = "3 days"
until = "usual low"
"""

BRIDGE = """
title = "b"
question = "q"
seed = "bits"
outcomes = ["wrong_hours", "lumbar_change_percent", "ashworth_change"]
[population]
people = 9
age_years = 40
weight = "70 kg"
height = { uniform = ["150 cm", "190 cm"], because = "assumed: a test" }
baseline_ashworth = 3
[setting]
daily = { uniform = "usual.spinal", because = "assumed: a test" }
line = "0.25 mL"
tip = "T10"
lasts = "2 days"
[[arms]]
name = "none"
policy = "no bridge bolus"
from = "500 mcg/mL"
to = "2000 mcg/mL"
"""


def bits(results: Results) -> dict[str, object]:
    parts = (("arms", results.arms), ("differences", results.differences))
    return {
        f"{part}/{arm}/{name}": [*each.kept()[:7], sorted(each.above.items()), sorted(each.below.items())]
        for part, those in parts
        for arm, found in those.items()
        for name, each in found.items()
    }


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.chunk")}


@pytest.mark.parametrize(("text", "sizes"), [(TITRATION, (1, 7, 1000)), (BRIDGE, (2, 7, 1000))])
def test_the_size_of_a_chunk_changes_no_bit(text: str, sizes: tuple[int, ...], tmp_path: Path) -> None:
    found = [bits(carried_out(text, tmp_path / str(size), chunk=size)) for size in sizes]
    assert found[0] == found[1] == found[2]


def test_each_person_is_the_same_wherever_the_chunk_begins() -> None:
    study = read_study(TITRATION)
    whole = outcomes(study, 500, 30)  # over the border of a tile
    for first, count in ((500, 1), (511, 2), (512, 1), (529, 1)):
        part = outcomes(study, first, count)
        for arm, name in itertools.product(part, study.outcomes):
            assert part[arm][name].tobytes() == whole[arm][name][first - 500 : first - 500 + count].tobytes()


def test_more_people_leave_the_first_ones_as_they_were_and_arms_do_not_change_each_other() -> None:
    study = read_study(TITRATION)
    alone = read_study(TITRATION[: TITRATION.rindex("[[arms]]")])
    for name in study.outcomes:
        assert outcomes(alone, 0, 5)["full"][name].tobytes() == outcomes(study, 0, 9)["full"][name][:5].tobytes()


@pytest.mark.parametrize("name", ["pool", "dask"])
def test_the_engine_changes_no_bit(name: str, tmp_path: Path) -> None:
    here = carried_out(TITRATION, tmp_path / "process", chunk=6)
    there = carried_out(TITRATION, tmp_path / name, chunk=6, engine_name=name, workers=2)
    assert bits(there) == bits(here)
    assert files(tmp_path / name) == files(tmp_path / "process")
    assert there.as_dict() == here.as_dict()


def test_a_difference_is_that_of_the_same_person(tmp_path: Path) -> None:
    found = outcomes(read_study(TITRATION), 0, 20)
    results = carried_out(TITRATION, tmp_path)
    apart = found["careful"]["peak_ng_ml"] - found["full"]["peak_ng_ml"]
    each = results.differences["careful"]["peak_ng_ml"]
    assert each.mean == pytest.approx(apart.mean(), rel=1e-12)
    assert (each.low, each.high) == (apart.min(), apart.max())
    # Whoever's kidneys need no reduction gets the same doses in both arms, and differs by nothing at all.
    spared = read_study(TITRATION).drawn("creatinine_clearance", 0, 20) > 80.0
    assert 0 < spared.sum() == each.zeros < 20
    assert set(results.differences) == {"careful"}


class Counted:
    """Computes, counts, and is interrupted before one of the calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stop_at: int | None = None) -> None:
        self.firsts: list[int] = []
        self.stop_at = stop_at
        monkeypatch.setattr(engine, "compute", self)

    def __call__(self, task: Task) -> bytes:
        if len(self.firsts) == self.stop_at:
            raise KeyboardInterrupt
        self.firsts.append(task.first)
        return compute(task)


def test_an_interrupted_study_goes_on_where_it_was_and_gives_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = carried_out(TITRATION, tmp_path / "whole", chunk=5)
    Counted(monkeypatch, stop_at=2)
    with pytest.raises(KeyboardInterrupt):
        carried_out(TITRATION, tmp_path / "stopped", chunk=5)
    again = Counted(monkeypatch)
    told: list[int] = []
    resumed = carried_out(TITRATION, tmp_path / "stopped", chunk=5, told=told.append)
    assert again.firsts == [10, 15]
    assert (resumed.found, resumed.computed, sum(told)) == (2, 2, 20)
    assert bits(resumed) == bits(whole)
    assert resumed.as_dict() == whole.as_dict()


@pytest.mark.parametrize("damage", ["cut short", "one bit", "another study", "other people", "empty"])
def test_a_damaged_chunk_is_named_and_computed_again(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = carried_out(TITRATION, tmp_path, chunk=10)
    (first, second) = sorted(tmp_path.rglob("*.chunk"))
    content = first.read_bytes()
    other = TITRATION.replace('seed = "bits"', 'seed = "others"')
    first.write_bytes(
        {
            "cut short": content[:-5],
            "one bit": content[:80] + bytes([content[80] ^ 1]) + content[81:],
            "another study": compute(Task(other, 0, 10)),
            "other people": second.read_bytes(),
            "empty": b"",
        }[damage]
    )
    counted = Counted(monkeypatch)
    again = carried_out(TITRATION, tmp_path, chunk=10)
    assert counted.firsts == [0]
    assert len(again.damaged) == 1
    assert str(first) in again.damaged[0]
    assert bits(again) == bits(whole)
    assert first.read_bytes() == content


def test_a_chunk_of_other_knowledge_or_code_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = read_study(TITRATION)
    mine = key(study)
    monkeypatch.setattr(chunks, "VERSION", "0.0.0")
    assert key(study) != mine
    assert Folder(tmp_path, key(study)).path != Folder(tmp_path, mine).path
    with pytest.raises(ChunkError, match="another version"):
        Folder(tmp_path, mine).checked(compute(Task(TITRATION, 0, 2)), Task(TITRATION, 0, 2))


def test_a_worker_that_gives_back_something_else_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "compute", lambda task: b"nothing")
    with pytest.raises(engine.EngineError, match="cannot be used"):
        carried_out(TITRATION, tmp_path)
    assert not list(tmp_path.rglob("*.chunk"))


def test_nothing_half_written_is_ever_in_a_chunks_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(number: int) -> None:
        raise OSError(28, "No space left on device")

    task = Task(TITRATION, 0, 2)
    folder = Folder(tmp_path, key(read_study(TITRATION)))
    with monkeypatch.context() as patched:
        patched.setattr(chunks.os, "fsync", dies)
        with pytest.raises(OSError, match="No space"):
            folder.keep(task, compute(task))
    assert folder.kept(task) is None
    folder.keep(task, compute(task))
    assert folder.kept(task) == read(compute(task))


def rows(path: Path) -> Iterator[dict[str, float]]:
    import pyarrow.parquet

    yield from pyarrow.parquet.read_table(path).to_pylist()


def test_every_person_comes_out_in_order_and_without_people_before_they_are_computed(tmp_path: Path) -> None:
    import pyarrow.parquet

    carried_out(TITRATION, tmp_path / "a", chunk=6)
    results = carried_out(TITRATION, tmp_path / "a", chunk=6, people_out=tmp_path / "people.parquet")
    assert results.computed == 4  # the chunks from before hold no single people
    found = list(rows(tmp_path / "people.parquet"))
    assert [each["person"] for each in found] == list(range(20))
    mine = outcomes(read_study(TITRATION), 0, 20)
    for arm, those in mine.items():
        for name, values in those.items():
            assert np.array([each[f"{arm}/{name}"] for each in found]).tobytes() == values.tobytes()
    assert pyarrow.parquet.ParquetFile(tmp_path / "people.parquet").num_row_groups == 4
    once_more = carried_out(TITRATION, tmp_path / "a", chunk=6, people_out=tmp_path / "again.parquet")
    assert once_more.computed == 0
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "people.parquet").read_bytes()
    assert not list(tmp_path.glob("*.draft"))


def test_a_scheduler_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(engine.EngineError, match="no Dask scheduler at 'nonsense://x'"):
        carried_out(TITRATION, tmp_path, engine_name="dask", scheduler="nonsense://x")

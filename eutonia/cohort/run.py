"""A study from its text to its summaries: what is finished is kept, and what was interrupted goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from eutonia.cohort import engine
from eutonia.cohort.chunk import VERSION, Chunk, ChunkError, Folder, Task, key, summaries
from eutonia.cohort.draw import Spreading
from eutonia.cohort.stream import ERROR, Summary, merged
from eutonia.cohort.study import Study, read_study
from eutonia.knowledge import Book, book, library


class Results(Struct, frozen=True, eq=False):
    """The summaries of a study by arm and outcome; differences: of each arm from the first, person by person."""

    study: Study
    people: int
    key: str
    arms: Mapping[str, Mapping[str, Summary]]
    differences: Mapping[str, Mapping[str, Summary]]
    damaged: tuple[str, ...]
    found: int
    computed: int

    def as_dict(self) -> dict[str, Any]:
        """What goes out as JSON; nothing in it depends on the engine."""
        study, knowledge = self.study, book()
        return {
            "title": study.title,
            "question": study.question,
            "people": self.people,
            "seed": study.seed,
            "study": study.hash,
            "knowledge": {"version": library().version, "hash": library().hash},
            "eutonia": VERSION,
            "quantile_error": ERROR,
            "arms": {
                arm.name: {"policy": arm.policy, **dict(arm.given), "outcomes": _dicts(self.arms[arm.name])}
                for arm in study.arms
            },
            "differences": {
                arm: {"from": study.arms[0].name, "outcomes": _dicts(those)} for arm, those in self.differences.items()
            },
            "assumed": assumed(study, knowledge),
            "grade": "scenario: what models answer, not a directive",
        }


def _dicts(those: Mapping[str, Summary]) -> dict[str, dict[str, float | int | None]]:
    return {name: each.as_dict() for name, each in those.items()}


def assumed(study: Study, knowledge: Book) -> dict[str, str]:
    """What no source gives: the study's own spreads, and the parameters of its models, each in words."""
    found = {
        name: each.because
        for name, each in {**study.persons, **study.setting}.items()
        if isinstance(each, Spreading) and each.assumed
    }
    for prefix in study.family.models:
        for entry in knowledge.under(prefix):
            if entry.tag == "assumed" or entry.more.get("grade") == "assumed":
                found[entry.name] = entry.says
    return found


def carried_out(
    text: str,
    out: Path,
    *,
    people: int | None = None,
    engine_name: str = "process",
    workers: int = 1,
    scheduler: str = "",
    chunk: int | None = None,
    people_out: Path | None = None,
    told: Callable[[int], None] = lambda people: None,
) -> Results:
    """The results of the study that `text` writes; finished chunks are kept in `out` and used again.

    chunk: how many people are one task, if not as many as suit the study; told: is told how many more are done.  Raises
    StudyError, engine.EngineError, OSError; ImportError where Parquet is wanted and pyarrow is not there.
    """
    study = read_study(text)
    total = study.people if people is None else people
    if people_out is not None:
        import pyarrow.parquet  # noqa: F401  # before hours of work, not after them
    wanted, portion = key(study), chunk or study.family.chunk
    folder = Folder(out, wanted)
    tasks = [
        Task(text, first, min(portion, total - first), people_out is not None) for first in range(0, total, portion)
    ]
    gathered = _Gathered()
    damaged: list[str] = []
    missing: list[Task] = []
    for task in tasks:
        try:
            kept = folder.kept(task)
        except ChunkError as error:
            damaged.append(f"{folder.file(task)}: {error}; it is computed again")
            kept = None
        if kept is None:
            missing.append(task)
        else:
            gathered.add(kept)
            told(task.count)
    with closing(engine.run(missing, engine_name, workers, scheduler)) as done:
        for task, content in done:
            try:
                found = folder.checked(content, task)
            except ChunkError as error:
                raise engine.EngineError(f"a worker gave back a chunk that cannot be used: {error}") from None
            folder.keep(task, content)
            gathered.add(found)
            told(task.count)
    if people_out is not None:
        _write_people(study, folder, tasks, people_out)
    return Results(
        study, total, wanted, gathered.of("arms"), gathered.of("differences"), tuple(damaged),
        len(tasks) - len(missing), len(missing),
    )  # fmt: skip


class _Gathered:
    """The summaries so far; only one of each is held."""

    def __init__(self) -> None:
        self.sums: dict[tuple[str, str, str], Summary] = {}

    def add(self, chunk: Chunk) -> None:
        for part, arm, name, each in summaries(chunk):
            before = self.sums.get((part, arm, name))
            self.sums[part, arm, name] = each if before is None else merged((before, each))

    def of(self, part: str) -> dict[str, dict[str, Summary]]:
        found: dict[str, dict[str, Summary]] = {}
        for (of, arm, name), each in self.sums.items():
            if of == part:
                found.setdefault(arm, {})[name] = each
        return found


def _write_people(study: Study, folder: Folder, tasks: list[Task], path: Path) -> None:
    """A row a person in their order, a row group a chunk: one chunk is held at a time."""
    import pyarrow
    import pyarrow.parquet

    names = [f"{arm.name}/{name}" for arm in study.arms for name in study.outcomes]
    schema = pyarrow.schema(
        [("person", pyarrow.int64()), *((name, pyarrow.float64()) for name in names)],
        {"study": study.title, "seed": study.seed, "key": folder.wanted},
    )
    draft = path.with_name(f"{path.name}.draft")
    with pyarrow.parquet.ParquetWriter(draft, schema) as writer:
        for task in tasks:
            chunk = folder.kept(task)
            if chunk is None or chunk.columns is None:
                raise ChunkError(f"{folder.file(task)} went away while the study ran")
            columns: list[Any] = [np.arange(task.first, task.first + task.count)]
            columns += [np.frombuffer(chunk.columns[name]) for name in names]
            writer.write_table(pyarrow.table(columns, schema=schema), row_group_size=task.count)
    draft.replace(path)

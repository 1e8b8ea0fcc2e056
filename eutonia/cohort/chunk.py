"""A chunk of the people of a study: computed anywhere, the same bits everywhere, kept in a file that shows damage."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from eutonia.cohort.stream import Summary, summary
from eutonia.cohort.study import Study, read_study
from eutonia.knowledge import book, library

Floats = NDArray[np.float64]

VERSION: Final = version("eutonia")


class Task(Struct, frozen=True):
    """Which persons of which study; `people`: whether each one's outcomes are wanted, not only their summary."""

    text: str
    first: int
    count: int
    people: bool = False


class Chunk(Struct, frozen=True):
    """What came of a task: summaries by arm and outcome, of each arm and of its difference from the first, person by
    person; columns: [count] float64 of every arm and outcome, where they were wanted."""

    key: str
    first: int
    count: int
    arms: Mapping[str, Mapping[str, list[Any]]]
    differences: Mapping[str, Mapping[str, list[Any]]]
    columns: Mapping[str, bytes] | None = None


class ChunkError(ValueError):
    """A chunk that was damaged, or belongs to something else."""


def key(study: Study) -> str:
    """What the numbers of a person depend on: the study as written, the knowledge, the package and its code."""
    parts = (study.hash, library().hash, VERSION, _code())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def _code() -> str:
    # While the package is being worked on its version stands still: chunks of yesterday's code are not today's.
    digest = hashlib.sha256()
    home = Path(__file__).parents[1]
    for folder in ("body", "cohort", "pump", "plan", "findings", "predict", "chart"):
        for path in sorted((home / folder).glob("*.py")):
            digest.update(f"{folder}/{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def outcomes(study: Study, first: int, count: int) -> dict[str, dict[str, Floats]]:
    """[count] every outcome of every arm of the persons from `first` on.

    Persons are computed in tiles, always beside the same neighbours: numpy may round the last bit differently by the
    length of an array and a number's place in it, and so it never gets another length or place.
    """
    family, knowledge = study.family, book()
    parts: dict[str, dict[str, list[Floats]]] = {
        arm.name: {name: [] for name in study.outcomes} for arm in study.arms
    }  # fmt: skip
    for begin in range(first // family.tile * family.tile, first + count, family.tile):
        world = family.world(study, begin, family.tile, knowledge)
        mine = slice(max(first - begin, 0), min(first + count - begin, family.tile))
        for arm in study.arms:
            found = family.run(study, arm, world, knowledge)
            for name, each in parts[arm.name].items():
                each.append(found[name][mine])
    return {arm: {name: np.concatenate(each) for name, each in those.items()} for arm, those in parts.items()}


def compute(task: Task) -> bytes:
    """The chunk of a task, as it is kept."""
    study = read_study(task.text)
    found = outcomes(study, task.first, task.count)
    first = found[study.arms[0].name]
    columns = None
    if task.people:
        columns = {f"{arm}/{name}": each.tobytes() for arm, those in found.items() for name, each in those.items()}
    return written(
        Chunk(
            key(study), task.first, task.count,
            {arm: {name: summary(each).kept() for name, each in those.items()} for arm, those in found.items()},
            {
                arm.name: {name: summary(each - first[name]).kept() for name, each in found[arm.name].items()}
                for arm in study.arms[1:]
            },
            columns,
        )
    )  # fmt: skip


def written(chunk: Chunk) -> bytes:
    """The chunk with the checksum of its own content in front."""
    content = msgspec.msgpack.encode(chunk)
    return hashlib.sha256(content).digest() + content


def read(content: bytes) -> Chunk:
    """The chunk that `content` holds.  Raises ChunkError where it does not carry the checksum of its content."""
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        raise ChunkError("it does not carry the checksum of its content")
    return msgspec.msgpack.decode(content[32:], type=Chunk)


def summaries(chunk: Chunk) -> Iterator[tuple[str, str, str, Summary]]:
    """Each summary of the chunk: 'arms' or 'differences', arm, outcome, summary."""
    for part, those in (("arms", chunk.arms), ("differences", chunk.differences)):
        for arm, each in those.items():
            for name, kept in each.items():
                yield part, arm, name, Summary.read(kept)


class Folder:
    """The finished chunks of one study, a file each; a file is there whole or not at all."""

    def __init__(self, path: Path, wanted: str) -> None:
        self.path, self.wanted = path / f"chunks-{wanted[:16]}", wanted

    def file(self, task: Task) -> Path:
        """Where the chunk of a task is kept."""
        return self.path / f"{task.first:09d}-{task.count}.chunk"

    def kept(self, task: Task) -> Chunk | None:
        """The finished chunk of a task; None where it is not there, or lacks the people.  Raises ChunkError."""
        try:
            content = self.file(task).read_bytes()
        except FileNotFoundError:
            return None
        found = self.checked(content, task)
        return None if task.people and found.columns is None else found

    def checked(self, content: bytes, task: Task) -> Chunk:
        """The chunk in `content`, which must be that of the task.  Raises ChunkError."""
        found = read(content)
        if found.key != self.wanted:
            raise ChunkError("it was computed with another version of the study, the knowledge or the package")
        if (found.first, found.count) != (task.first, task.count):
            raise ChunkError("it holds other people")
        return found

    def keep(self, task: Task, content: bytes) -> None:
        """Writes the chunk of a task: beside its place, forced to the disk, then moved there in one step."""
        self.path.mkdir(parents=True, exist_ok=True)
        place = self.file(task)
        draft = place.with_suffix(f".{os.getpid()}.draft")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)

"""Where the chunks of a study are computed: in this process, in several of this machine, or on a Dask cluster."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from eutonia.cohort.chunk import Task, compute

ENGINES: Final = ("process", "pool", "dask")

# Many processes with many threads each would only wait for each other.
_ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1",
}  # fmt: skip
# Dask's nanny sets the trim threshold low; that also switches off the moving mmap threshold of glibc, so that every
# array above 128 kB is mapped anew and its pages fault one by one (a quarter of the people a second lost, measured).
# Both set high, memory is used again; the processes of a pool gain by it too.
_MEMORY: Final = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}


class EngineError(RuntimeError):
    """An engine that is not there, or whose workers died."""


def run(
    tasks: Sequence[Task], engine: str, workers: int = 1, scheduler: str = ""
) -> Generator[tuple[Task, bytes], None, None]:
    """Every task with its chunk, in the order in which they get done.  Raises EngineError."""
    if not tasks:
        return
    match engine:
        case "process":
            yield from ((task, compute(task)) for task in tasks)
        case "pool":
            yield from _pool(tasks, workers)
        case _:
            yield from _dask(tasks, workers, scheduler)


def _pool(tasks: Sequence[Task], workers: int) -> Generator[tuple[Task, bytes], None, None]:
    import multiprocessing
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    # Spawned, not forked: a fork of a process with threads may hang, and spawned ones read the surroundings anew.
    with _surroundings(_ONE_THREAD | _MEMORY):
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _deaf)
        waiting: dict[Future[bytes], Task] = {}
        left = iter(tasks)
        try:
            while True:
                # Few are under way at once, so that what is done does not pile up here.
                for task in left:
                    waiting[pool.submit(compute, task)] = task
                    if len(waiting) >= 2 * workers:
                        break
                if not waiting:
                    return
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for each in done:
                    yield waiting.pop(each), each.result()
        except BrokenProcessPool:
            raise EngineError("a worker process ended by itself; was there too little memory?") from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _deaf() -> None:
    # Ctrl-C reaches the whole group; the one who holds the results decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _surroundings(wanted: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _dask(tasks: Sequence[Task], workers: int, scheduler: str) -> Generator[tuple[Task, bytes], None, None]:
    try:
        import dask.config
        import distributed
    except ImportError:
        raise EngineError("Dask is not installed: pip install 'eutonia[many]', or use --engine pool") from None

    many: Any = distributed  # most of it has no types
    with dask.config.set({"distributed.nanny.pre-spawn-environ": _ONE_THREAD | _MEMORY}):
        cluster = None
        try:
            if not scheduler:
                with _ctrl_c_ignored():  # and so by the workers that are started now
                    cluster = many.LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        processes=True,
                        dashboard_address=None,
                        silence_logs=logging.ERROR,
                    )
            client = many.Client(scheduler or cluster, timeout="30s")
        except (OSError, ValueError) as error:
            raise EngineError(f"there is no Dask scheduler at '{scheduler}': {error}") from None
        try:
            most = 2 * max(len(client.scheduler_info()["workers"]), 1)
            left = iter(tasks)

            def more() -> Iterator[Any]:
                for task in left:
                    future = client.submit(compute, task, pure=False)
                    names[future.key] = task
                    yield future
                    return

            names: dict[Any, Task] = {}
            begun = [each for _ in range(most) for each in more()]
            done = many.as_completed(begun, with_results=True)
            for future, content in done:
                task = names.pop(future.key)
                future.release()
                for each in more():
                    done.add(each)
                yield task, content
        except distributed.KilledWorker as error:
            raise EngineError(f"a Dask worker ended by itself; was there too little memory? {error}") from None
        finally:
            client.close()
            if cluster is not None:
                cluster.close()

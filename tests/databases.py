"""Databases for tests: a file of SQLite, and a PostgreSQL server of the test's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def tool(name: str) -> str | None:
    """Where a program of PostgreSQL is: Debian keeps them out of the path."""
    found = shutil.which(name)
    return found or next((str(each) for each in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a server that lives as long as this; in a folder of its own, on a port of its own."""
    initdb, pg_ctl = tool("initdb"), tool("pg_ctl")
    assert initdb, "PostgreSQL is not installed"
    assert pg_ctl, "PostgreSQL is not installed"
    # PostgreSQL does not run as root.
    before = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="eutonia-pg-"))
    if before:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")

    def run(*words: str) -> None:
        subprocess.run([*before, *words], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120)

    run(initdb, "--auth=trust", "--username=eutonia", "--encoding=UTF8", "--locale=C", data)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c shared_buffers=16MB"
    run(pg_ctl, "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start")
    try:
        yield f"postgresql://eutonia@127.0.0.1:{port}/postgres"
    finally:
        run(pg_ctl, "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)

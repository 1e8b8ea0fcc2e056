"""Memory that is kept from request to request: told where the C library can be told, and nothing breaks elsewhere."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys

import pytest

from eutonia.doors.web.memory import keep_memory

# Two pieces of a megabyte, used and given back again and again beside one that stays, as with the bodies of requests.
_FAULTS = """
import resource
from eutonia.doors.web.memory import keep_memory
if {keep}: keep_memory()
def once():
    first = bytearray(b"x") * 1_000_000
    second = bytes(first)
    del first
    third = [second[n : n + 200_000] for n in range(0, 1_000_000, 200_000)]
    del second, third
for _ in range(5): once()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100): once()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this C library has no mallopt")
def test_used_memory_stays_with_the_process() -> None:
    def faults(keep: bool) -> int:
        command = [sys.executable, "-c", _FAULTS.format(keep=keep)]
        # A library that gives everything back at once: by itself it does so now and then only.
        env = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "0", "MALLOC_MMAP_THRESHOLD_": "65536"}
        return int(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)

    assert keep_memory() is True
    kept, given_back = faults(True), faults(False)
    assert kept < 100 < given_back


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_another_c_library_is_let_be(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def lacks(_: object) -> object:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", lacks)
    assert keep_memory() is False

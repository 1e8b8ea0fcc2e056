"""The memory of one request is kept for the next: a megabyte that goes back each time has to be fetched anew each time."""

from __future__ import annotations

import ctypes
from typing import Final

# Of glibc's malloc.h: from how much free memory at its top the heap shrinks, and from what size a piece stands alone.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT: Final = 128 * 1024 * 1024
_LARGEST: Final = 32 * 1024 * 1024


def keep_memory() -> bool:
    """Lets this process keep up to 128 MB that it has used; whether the system could be told."""
    try:
        tell = ctypes.CDLL(None).mallopt
        return bool(tell(_TRIM_THRESHOLD, _KEPT)) and bool(tell(_MMAP_THRESHOLD, _LARGEST))
    except (AttributeError, OSError, TypeError):
        return False  # another C library: it works, more slowly

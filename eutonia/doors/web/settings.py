"""What the server is told in files of JSON: read whole, or refused with the file, what is wrong, and what would do."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

_Settings = TypeVar("_Settings")


def read_settings(path: Path, kind: type[_Settings], holds: str) -> _Settings:
    """The settings in a file; `holds` says what it should hold.  Raises ValueError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}; it holds {holds}") from None

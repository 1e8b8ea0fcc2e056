"""Settings of the server in files of JSON: read completely, or refused with the file, the mistake and the remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec

_Settings = TypeVar("_Settings")


def read_settings(path: Path, kind: type[_Settings], holds: str) -> _Settings:
    """Read the settings in a file.

    Parameters
    ----------
    path
        A file of JSON.
    kind
        The struct to read, with `forbid_unknown_fields`: a misspelled key must not leave a service open.
    holds
        What the file should hold, for the message.

    Raises
    ------
    ValueError
        If the file cannot be read, or a key is unknown, missing, repeated or of another type.  No value is quoted: some
        are secrets.
    """
    if not kind.__struct_config__.forbid_unknown_fields:  # type: ignore[attr-defined]
        raise TypeError(f"{kind.__name__} accepts unknown keys")
    try:
        return msgspec.convert(json.loads(path.read_bytes(), object_pairs_hook=_once), kind)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: this is not JSON: {error.msg}, line {error.lineno}; it holds {holds}") from None
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}; it holds {holds}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"the key `{repeated[0]}` stands twice")
    return dict(pairs)

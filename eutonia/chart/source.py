"""Where a chart comes from: a file or a text, in one of the three ways of writing it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final

from eutonia.chart.chart import Chart, from_json, from_text
from eutonia.chart.text import Problem, ReadError
from eutonia.moment import MomentError, zone

_LARGEST: Final = 64 * 1024 * 1024


def read_source(path_or_text: str | Path, zone_name: str | None = None) -> Chart:
    """The chart in a file (also gzipped) or a text; the way of writing is told from its first character."""
    if zone_name is not None:
        try:
            zone(zone_name)
        except MomentError as error:
            raise ReadError("the zone", (Problem(0, "", str(error)),)) from None
    if isinstance(path_or_text, str):
        path_or_text = path_or_text.removeprefix("\ufeff")
        if "\n" in path_or_text or path_or_text.lstrip()[:1] == "{":
            return _read(path_or_text, "text", zone_name)
        if not path_or_text.strip():
            raise ReadError("the chart", (Problem(0, "", "nothing was given; give a file or the text of a chart"),))
    path = Path(path_or_text)
    return _read(read_file(path), str(path), zone_name)


def read_bytes(content: bytes, source: str, zone_name: str | None = None) -> Chart:
    """The chart in bytes, as a file or standard input holds them."""
    return _read(decoded(content, source), source, zone_name)


def read_file(path: Path) -> str:
    """The text of a file, packed or not; what cannot be read is said."""
    try:
        if path.stat().st_size > _LARGEST:
            raise _refusal(path, "the file is larger than 64 MiB; a chart is one person's events")
        content = path.read_bytes()
    except FileNotFoundError:
        raise _refusal(path, "there is no such file, and a chart given as text has more than one line") from None
    except (OSError, ValueError) as error:
        raise _refusal(path, f"the file could not be read: {getattr(error, 'strerror', None) or error}") from None
    return decoded(content, str(path))


def decoded(content: bytes, source: str) -> str:
    """The text in bytes: UTF-8, perhaps packed."""
    if content[:2] == b"\x1f\x8b":
        content = _unpacked(content, source)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _refusal(source, f"line {line} is not UTF-8 text; save the file as UTF-8") from None


def _refusal(source: Path | str, says: str) -> ReadError:
    return ReadError(str(source), (Problem(0, "", says),))


def _unpacked(content: bytes, source: str) -> bytes:
    import gzip
    import io

    try:
        with gzip.open(io.BytesIO(content)) as stream:
            found = stream.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _refusal(source, f"the packed file could not be read: {error}") from None
    if len(found) > _LARGEST:
        raise _refusal(source, "the packed file is larger than 64 MiB when unpacked")
    return found


def _read(text: str, source: str, zone_name: str | None) -> Chart:
    if text.lstrip()[:1] != "{":
        return from_text(text, source, zone_name or "UTC")
    if '"eutonia chart' not in text[:400] and '"resourceType"' in text:
        from eutonia.chart.fhir import from_bundle

        try:
            return from_bundle(text, source, zone_name or "UTC")
        except RecursionError:
            raise _refusal(source, "it is nested too deeply to be a record") from None
    return from_json(text, source, zone_name)

"""Where a chart comes from: a file or a text, in one of the three ways of writing it."""

from __future__ import annotations

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
    if isinstance(path_or_text, str) and ("\n" in path_or_text or path_or_text.lstrip()[:1] == "{"):
        return _read(path_or_text, "text", zone_name)
    path = Path(path_or_text)
    return _read(_file(path), str(path), zone_name)


def _file(path: Path) -> str:
    def refuse(says: str) -> ReadError:
        return ReadError(str(path), (Problem(0, "", says),))

    try:
        if path.stat().st_size > _LARGEST:
            raise refuse("the file is larger than 64 MiB; a chart is one person's events")
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = _unpacked(path, refuse("the packed file is larger than 64 MiB when unpacked"))
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise refuse(f"line {line} is not UTF-8 text; save the file as UTF-8") from None
    except FileNotFoundError:
        raise refuse("there is no such file, and a chart given as text has more than one line") from None
    except (OSError, EOFError) as error:
        raise refuse(f"the file could not be read: {getattr(error, 'strerror', None) or error}") from None


def _unpacked(path: Path, too_large: ReadError) -> bytes:
    import gzip

    with gzip.open(path) as stream:
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise too_large
    return content


def _read(text: str, source: str, zone_name: str | None) -> Chart:
    if text.lstrip()[:1] != "{":
        return from_text(text, source, zone_name or "UTC")
    if '"resourceType"' in text:
        from eutonia.chart.fhir import from_bundle

        return from_bundle(text, source, zone_name or "UTC")
    return from_json(text, source, zone_name)

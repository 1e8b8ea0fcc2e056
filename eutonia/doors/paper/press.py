"""From words to paper: what was written by people goes to the typesetter as data, never as markup."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import typst

from eutonia.advice import Advice
from eutonia.doors import words

FOLDER: Final = Path(__file__).parent
# A page is identified by these, whatever else is on it (H10).
UNNAMED: Final = "name not on the chart"

# How the typesetter names letters that it cannot set, as themselves or as their numbers: `"\u{f0000}"`.
_UNSHOWN: Final = re.compile(r"(?:the text|the disallowed codepoint) `\"(.+?)\"`")
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}")


def printed(template: str, title: str, advice: Advice, contents: dict[str, Any]) -> bytes:
    """The paper that a template makes of its contents, tagged and declared as PDF/UA-1.

    Only the fonts inside the typesetter are used, so the bytes are the same on every machine.  A name in a script that
    they lack is set in a font of this machine, and where it has none either, in the numbers of its letters: it is never
    left out.
    """
    found = advice.as_dict(foresee=False)
    sheet = words.sheet(found)
    data = glued(
        {
            "title": title,
            "head": {**sheet.head._asdict(), "name": sheet.head.name or UNNAMED},
            "alarms": [card[:2] for card in sheet.cards],
            **contents,
        }
    )
    at = int(advice.facts.now.timestamp())
    text = json.dumps(data, ensure_ascii=False)
    try:
        return _pdf(template, text, at, own_fonts=True)
    except typst.TypstError as error:
        if not _unshown(error):
            raise
    while True:
        try:
            return _pdf(template, text, at, own_fonts=False)
        except typst.TypstError as error:
            letters = _unshown(error) & set(text)
            if not letters:
                raise
            for each in letters:
                text = text.replace(each, f"[U+{ord(each):04X}]")


def _unshown(error: typst.TypstError) -> set[str]:
    """The letters of which the typesetter says that no font has them; none where it complains of something else."""
    found = _UNSHOWN.search(error.message)
    letters = _ESCAPED.sub(lambda number: chr(int(number[1], 16)), found[1]) if found else ""
    return {each for each in letters if not each.isascii()}


def _pdf(template: str, data: str, at: int, *, own_fonts: bool) -> bytes:
    return typst.compile(
        FOLDER / f"{template}.typ",
        root=FOLDER,
        ignore_system_fonts=own_fonts,
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"data": data},
        timestamp=at,
    )


def glued(value: Any) -> Any:
    """The same value with every text in it made safe for a line: numbers tied to units, unseen characters taken out."""
    match value:
        case str():
            return words.glue(value)
        case dict():
            return {name: each if name == "svg" else glued(each) for name, each in value.items()}
        case list() | tuple():
            return [glued(each) for each in value]
        case _:
            return value

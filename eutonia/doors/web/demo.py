"""A demo clinic: the example charts as if they were of today, and a person for each role."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from eutonia.clinic import Role, Staff
from eutonia.ledger import Ledger

PEOPLE: Final[tuple[tuple[str, str, Role], ...]] = (
    ("dale", "N. Dale", "clinician"),
    ("okoro", "A. Okoro", "checker"),
    ("reader", "R. Eader", "reader"),
    ("admin", "A. Ministrator", "administrator"),
)
_NOW: Final = re.compile(r"^# now: (\d{4}-\d{2}-\d{2} \d{2}:\d{2})$", re.MULTILINE)
_DAY: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
# People of a demo have names; nobody is called so.
NAMES: Final = (
    "Ada Sample", "Ben Sample", "Cleo Sample", "Dara Sample", "Eli Sample", "Finn Sample", "Gwen Sample", "Hugo Sample",
    "Ines Sample", "Jana Sample",
)  # fmt: skip


def furnish(ledger: Ledger, charts: Iterable[Path], now: datetime, passwords: Mapping[str, str] = {}) -> dict[str, str]:
    """Opens the charts and adds the people; their passwords by name, made up where none is given."""
    for name, path in zip(NAMES, sorted(charts), strict=False):
        ledger.open(moved(path.read_text("utf-8"), now, name), by="the demo")
    found = {name: passwords.get(name) or secrets.token_urlsafe(12) for name, _, _ in PEOPLE}
    staff = Staff(ledger)
    for name, shown, role in PEOPLE:
        staff.add(name, shown, role, found[name])
    return found


def moved(text: str, now: datetime, name: str) -> list[str]:
    """The lines of a chart, moved by whole days so that its own `now` becomes the last one before the given moment."""
    own = _NOW.search(text)
    begun = datetime.fromisoformat(f"{own[1]}+00:00") if own else now
    days = (now.astimezone(UTC) - begun) // timedelta(days=1)

    def later(found: re.Match[str]) -> str:
        return (date.fromisoformat(found[0]) + timedelta(days=days)).isoformat()

    lines = [_DAY.sub(later, line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [f"{line.rstrip()}; name {name}" if " person " in line and " name " not in line else line for line in lines]

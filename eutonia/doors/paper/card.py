"""The pump card: what a stranger must know of this pump in an emergency, on a quarter of a page, and as a QR code."""

from __future__ import annotations

import io
from typing import Any, Final

import segno

from eutonia.advice import Advice
from eutonia.doors import words
from eutonia.doors.amounts import UNKNOWN, amount
from eutonia.doors.paper import PaperError
from eutonia.doors.paper.press import UNNAMED
from eutonia.doors.paper.today import stopped, today
from eutonia.doors.words import NBSP, Row
from eutonia.findings.restart_card import RESTORE
from eutonia.knowledge import Book
from eutonia.quantity import plain

# Always on the card, unknown or not, in this order; the others only where they say something.
_ALWAYS: Final = ("Device", "Drug", "Program", "Daily dose", "Filled", "Alarm", "Empty", "Refill due", "Book by")
_SOMETIMES: Final = ("Concentration", "Replace pump by", "Bridge", "Delivery")
_OF_A_RUNNING_PUMP: Final = ("Empty", "Refill due", "Book by")
CALL: Final = "Clinic telephone"

TOO_LITTLE: Final = "Too little baclofen: withdrawal"
TOO_MUCH: Final = "Too much baclofen: overdose"
_CALL_GONE: Final = "Call the emergency team now; withdrawal can kill."
_CALL_OVER: Final = "Call the emergency team now; do not wait for a calculation."


def card(advice: Advice, call: str | None) -> dict[str, Any]:
    """The contents of the card; refused without a pump."""
    if advice.pump is None:
        raise PaperError(
            "no pump is on the chart, so there is no pump card; write 'implant ...' on the chart, or print the sheet"
        )
    found = advice.as_dict(foresee=False)
    head = words.sheet(found).head
    rows = _rows(advice, found)
    telephone = (call or "").strip()
    # A line that is written by hand later is not in the code, rather than there as if there were no telephone.
    called = (Row(CALL, telephone),) if telephone else ()
    who = (Row("Name", head.name or UNNAMED), Row("Birth", head.born), Row("Id", head.id))
    urgent = tuple(Row("Today", line) for line in today(advice))
    lines = (*who, *urgent, *rows, *called, Row("Written", head.as_of), Row("From", head.rests_on))
    book = advice.book
    return {
        "today": [row.text for row in urgent],
        "rows": [row._asdict() for row in rows],
        "call": {"label": CALL, "text": telephone},
        "qr": _qr("\n".join(f"{row.label}: {row.text}" for row in lines)),
        "dangers": [
            {
                "title": TOO_LITTLE,
                "signs": signs(book, "symptom.withdrawal."),
                "call": _CALL_GONE,
                "numbered": [f"Check: {each}." for each in book.words("withdrawal.delivery_first")],
                "then": [RESTORE, _sentence(book.text("withdrawal.oral_not_enough"))],
            },
            {
                "title": TOO_MUCH,
                "signs": signs(book, "symptom.overdose."),
                "call": _CALL_OVER,
                "numbered": [_sentence(each) for each in book.words("overdose.actions")],
                "then": [],
            },
        ],
        "closing": words.CLOSING,
    }


def _rows(advice: Advice, found: dict[str, Any]) -> tuple[Row, ...]:
    """The pump's rows as every screen has them, fewer, and with the unknown ones said."""
    shown = {row.label: row.text for row in words.sheet(found).pump}
    strength = found["pump"]["strength"]
    mismatch = found["pump"]["concentration_mismatch"]
    contained = " or ".join(map(amount, mismatch["contained"])) if mismatch else amount(strength) if strength else ""
    shown["Drug"] = f"baclofen, {contained or f'concentration {UNKNOWN}'}, into the spinal fluid"
    if not found["pump"]["tip"]:
        shown["Device"] += f"; tip {UNKNOWN}"
    always: tuple[str, ...] = _ALWAYS
    if stopped(advice.pump):
        # A stopped pump is never empty and has no refill to wait for: such a date would say that all is well.
        always = tuple(label for label in _ALWAYS if label not in _OF_A_RUNNING_PUMP)
        shown["Program"] = f"STOPPED since {shown.get('Program since', UNKNOWN)}"
    rows = [Row(label, shown.get(label, UNKNOWN)) for label in always]
    rows += [Row(label, shown[label]) for label in _SOMETIMES if label in shown]
    if stops := sum(each["grade"] == "stop" for each in found["findings"]):
        rows.append(Row("Stops", f"{plain(stops)} stop finding{'' if stops == 1 else 's'}: the report has them"))
    return tuple(rows)


def signs(book: Book, prefix: str) -> str:
    """The signs of overdose or withdrawal as the knowledge has them, the early ones first."""
    return ", ".join(str(entry.value) for entry in book.under(prefix))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _qr(text: str) -> dict[str, Any] | None:
    """The lines as a QR code: plain text, no address, nothing that is not printed; none where they are too long."""
    text = "\n".join(words.glue(line).replace(NBSP, " ") for line in text.split("\n"))
    try:
        code = segno.make(text, error="m", encoding=None if text.isascii() else "utf-8", boost_error=False, micro=False)
    except segno.DataOverflowError:
        return None
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", border=4, xmldecl=False, svgns=True)
    return {"svg": drawn.getvalue().decode(), "modules": code.symbol_size(border=4)[0]}

"""When must the pump be filled again, which limit governs, and how is the alarm set?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from eutonia.chart.facts import Facts
from eutonia.findings.context import intrathecal
from eutonia.findings.finding import CAUTION, NOTE, STOP, Finding, Grade, found
from eutonia.moment import shown, shown_day
from eutonia.pump import PumpState
from eutonia.quantity import plain, rounded

_WHY = {
    "reservoir": "the reservoir reaches its alarm volume",
    "stability": "180 days after the fill are over",
}


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """One finding with the dates, the boxed warning and the alarm volume; a stop where the pump has run dry."""
    if pump is None or pump.service_ended or (pump.due is None and pump.empty_at is None):
        yield from _boxed(facts)
        return
    book = facts.book
    boxed = book.text("withdrawal.boxed")
    entries = ("pump.alarm_ml", "pump.alarm_recommended_ml", "pump.stability", "withdrawal.boxed", "age.contact")
    if pump.empty_at is not None and pump.empty_at <= facts.now:
        yield found(
            book,
            "refill",
            STOP,
            f"The reservoir should have been empty since {shown(pump.empty_at, facts.home)}.",
            boxed,
            "See or call the patient now; look for withdrawal; refill, then plan a restart.",
            *entries,
            "withdrawal.delivery_first",
            stops=("adjust", "strength change", "holiday"),
            due=facts.now,
        )
        return
    due = pump.due
    if due is None:
        return
    at, governs = due
    book_by = at - timedelta(days=float(book.quantity("pump.book_ahead").to("days")))
    low = pump.alarm_ml.value < book.quantity("pump.alarm_recommended_ml").value
    floor = pump.alarm_ml.value < book.quantity("pump.alarm_ml").value
    alarm = (
        f" The alarm is set at {plain(pump.alarm_ml)}; {book.quantity('pump.alarm_recommended_ml')} is recommended: a quarter of "
        "patients in one series had withdrawal before 2 mL was reached."
        if low and not floor
        else f" The alarm is set at {plain(pump.alarm_ml)}, below the maker's {plain(book.quantity('pump.alarm_ml'))}, which governs here."
        if floor
        else ""
    )
    doubt = " This date does not hold until the residual is explained." if pump.unexplained is not None else ""
    left = (
        doubt if doubt or pump.left_ml is None else f" About {plain(rounded(pump.left_ml, '0.1'))} mL should be left."
    )
    when = shown_day(at, facts.home)
    grade: Grade
    if at <= facts.now:
        says, grade = f"Refill overdue since {when}: {_WHY[governs]}.{left}{alarm}", STOP
    elif book_by <= facts.now:
        says, grade = f"Refill due by {when}: {_WHY[governs]}; book it now.{left}{alarm}", CAUTION
    else:
        says, grade = (
            f"Refill due by {when}: {_WHY[governs]}; book it by {shown_day(book_by, facts.home)}.{left}{alarm}",
            NOTE,
        )
    yield found(
        book,
        "refill",
        grade,
        says,
        boxed,
        "Book the refill, and refill before the date; tell patient and caregiver why the pump and its dates matter.",
        *entries,
        "pump.book_ahead",
        stops=("adjust up",) if grade == STOP else (),
        due=book_by,
    )


def _boxed(facts: Facts) -> Iterator[Finding]:
    """The boxed warning where drug goes into the spine and no refill date carries it yet."""
    if intrathecal(facts):
        yield found(
            facts.book,
            "boxed-warning",
            NOTE,
            "Boxed warning: intrathecal baclofen is never stopped abruptly.",
            facts.book.text("withdrawal.boxed"),
            "Tell patient and caregiver before the pump is implanted why its dates matter.",
            "withdrawal.boxed",
        )

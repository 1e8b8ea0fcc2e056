"""The second person: what waits, the blind entry, what the rules hold against it, and what differs; and the reviews."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from eutonia.advice import Advice
from eutonia.chart import ReadError
from eutonia.clinic import Draft, Review
from eutonia.doors.web.acts import second_line
from eutonia.doors.web.change import BLIND
from eutonia.doors.web.consequences import struck
from eutonia.doors.web.forms import FORMS, says_of
from eutonia.doors.web.head import head_of
from eutonia.doors.web.recheck import Recheck, recheck
from eutonia.doors.web.ways import Asked, Refused
from eutonia.ledger import Conflict, LedgerError
from eutonia.quantity import QuantityError

# A reason in free words may hold the value that was entered.
_NUMBER: Final = re.compile(r"\d+(?:[.,:/-]\d+)*")


def waiting(asked: Asked) -> Response:
    """All that waits for a second person or a review; no value of an entry that is not on the chart stands here."""
    office, names = asked.office, _names(asked)
    charts = office.view.charts
    rows = [
        (each, each.kind, charts.get(each.chart), names.get(each.by, each.by), _refused_now(asked, each))
        for each in office.drafts.open()
    ]
    reviews = [(each, charts.get(each.chart), names.get(each.by, each.by)) for each in office.reviews.open()]
    asked.note("looked at what waits for a second person")
    return asked.page("waiting.html", rows=rows, reviews=reviews)


def draft(asked: Asked) -> Response:
    """One of them: the empty form for the second person; what was entered for who may know it."""
    return _shown(asked, asked.office.drafts.draft(asked.word("draft")))


def enter(asked: Asked) -> Response:
    """Takes what the second person entered, or their confirmation that a checked event was entered in error."""
    office, member = asked.office, asked.who.member
    found = office.drafts.draft(asked.word("draft"))
    held, advice = office.advice(found.chart)
    first = _names(asked).get(found.by, found.by)
    if found.op == "strike":
        return _strike(asked, found, first)
    kind = FORMS[found.kind]
    # Looked at once more: the chart may say now what it did not when the first person saw it.
    again = _recheck(asked, found, advice)
    try:
        line = second_line(asked, advice.facts.chart, kind)
        if not again.arisen and (says := _unconfirmed(asked, found, again)):
            return _shown(asked, found, says, 422)
        done = office.drafts.enter(
            found.id, line, saw=asked.said("saw"), by=member, first=first, arisen=again.arisen,
            confirmed=bool(asked.said("refused")),
        )  # fmt: skip
    except (ReadError, QuantityError) as error:
        return _shown(asked, found, f"{says_of(error)}.", 422)
    except Conflict as error:
        return _shown(asked, found, _meanwhile(error), 409)
    if done.state == "entered":
        asked.wrote(f"entered a {kind.name} as the second person", held.id)
        return asked.see(f"/charts/{held.id}")
    asked.note(f"entered a {kind.name} as the second person: it differs", held.id)
    return asked.see(f"/second/{done.id}")


def withdraw(asked: Asked) -> Response:
    """Takes it back; nothing of it goes on the chart."""
    found = asked.office.drafts.withdraw(asked.word("draft"), asked.who.member)
    asked.note("withdrew what waited for a second person", found.chart)
    return asked.see(f"/second/{found.id}")


def review(asked: Asked) -> Response:
    """An entry that one person made without a second one, or outside the rules."""
    return _reviewed(asked, asked.office.reviews.review(asked.word("review")))


def finish(asked: Asked) -> Response:
    """Takes the result of a review: a note on the chart, and the task is closed."""
    office = asked.office
    found = office.reviews.review(asked.word("review"))
    if found.by == asked.who.member.name:
        raise Refused(409, "Another person than the one who entered it must review it. Nothing was written.")
    try:
        done = office.reviews.finish(found.id, asked.said("result"), saw=asked.said("saw"), by=asked.who.member)
    except Conflict as error:
        return _reviewed(asked, found, _meanwhile(error), 409)
    except LedgerError as error:
        return _reviewed(asked, office.reviews.review(found.id), str(error), 422)
    asked.wrote(f"reviewed a {done.kind}", done.chart)
    return asked.see(f"/charts/{done.chart}")


def _strike(asked: Asked, found: Draft, first: str) -> Response:
    office = asked.office
    try:
        office.drafts.confirm_strike(found.id, saw=asked.said("saw"), by=asked.who.member, first=first)
    except Conflict as error:
        return _shown(asked, found, _meanwhile(error), 409)
    asked.wrote("confirmed that a checked event was entered in error", found.chart)
    return asked.see(f"/charts/{found.chart}/history")


def _unconfirmed(asked: Asked, found: Draft, again: Recheck) -> str:
    """What the second person has to confirm separately, and did not."""
    if found.state != "waiting" or found.by == asked.who.member.name:
        return ""
    if found.against and not asked.said("refused"):
        return "You have not confirmed that you read what the rules say."
    if again.large and not asked.said("large"):
        return "You have not confirmed the very large change."
    if again.changed and not asked.said("changed"):
        return "You have not confirmed that you saw what has changed on the chart."
    return ""


def _meanwhile(error: Conflict) -> str:
    new = "; ".join(each.told for each in error.since)
    return f"Somebody wrote on this chart meanwhile: {new}. Enter it once more, if it still holds."


def _refused_now(asked: Asked, found: Draft) -> bool:
    """Whether the rules refuse an entry that waits, for a reason that the first person did not see."""
    try:
        return bool(_recheck(asked, found, asked.office.advice(found.chart)[1]).arisen)
    except (LedgerError, ReadError):
        return True


def _recheck(asked: Asked, found: Draft, advice: Advice) -> Recheck:
    return recheck(asked.office.ledger, asked.office.drafts, found, advice)


def _shown(asked: Asked, found: Draft, says: str = "", status: int = 200) -> Response:
    member = asked.who.member
    held, advice = asked.office.advice(found.chart)
    names = _names(asked)
    asked.note("looked at what waits for a second person", held.id)
    again = _recheck(asked, found, advice)
    common = {
        **head_of(asked, held, advice),
        # What waits is what this page is about.
        "pending": (),
        "draft": found,
        "again": again,
        "blind": BLIND,
        "kind": FORMS[found.kind],
        "first": names.get(found.by, found.by),
        "other": names.get(found.second_by, found.second_by),
        "says": says,
    }
    second = found.state == "waiting" and found.by != member.name
    if found.op == "strike":
        left = asked.office.ledger.without(held.id, found.target)
        return asked.page("struck.html", status, **common, second=second, found=struck(advice, left))
    if second:
        reason = _NUMBER.sub("(number hidden)", found.reason)
        return asked.page("second.html", status, **common, said=asked.form, reason=reason)
    # What was withdrawn may be entered again, so that its values are still the first person's alone.
    mine = found.by == member.name
    return asked.page("draft.html", status, **common, mine=mine, open=mine or found.state != "withdrawn")


def _reviewed(asked: Asked, found: Review, says: str = "", status: int = 200) -> Response:
    held, advice = asked.office.advice(found.chart)
    names = _names(asked)
    asked.note("looked at an entry to review", held.id)
    return asked.page(
        "review.html", status, **head_of(asked, held, advice), review=found, says=says,
        first=names.get(found.by, found.by), other=names.get(found.reviewed_by, found.reviewed_by),
        mine=found.by == asked.who.member.name, result=asked.said("result"),
    )  # fmt: skip


def _names(asked: Asked) -> dict[str, str]:
    return {each.name: each.shown for each in asked.office.staff.everyone()}

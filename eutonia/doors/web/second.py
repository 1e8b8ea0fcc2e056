"""The second person: what waits, the blind entry, and what differs."""

from __future__ import annotations

from starlette.responses import Response

from eutonia.chart import ReadError
from eutonia.clinic import Draft
from eutonia.doors.web.acts import second_line, who
from eutonia.doors.web.forms import FORMS
from eutonia.doors.web.ways import CHECK, Asked, Refused
from eutonia.ledger import Conflict
from eutonia.quantity import QuantityError


def waiting(asked: Asked) -> Response:
    """All that waits for a second person, and all that differs; no value of the first person stands here."""
    office = asked.office
    names = {each.name: each.shown for each in office.staff.everyone()}
    rows = [
        (each, each.kind, office.view.charts.get(each.chart), names.get(each.by, each.by))
        for each in office.drafts.open()
    ]
    asked.note("looked at what waits for a second person")
    return asked.page("waiting.html", rows=rows)


def draft(asked: Asked) -> Response:
    """One of them: the empty form for the second person; for the first one and once both have entered, what was entered."""
    return _shown(asked, asked.office.drafts.draft(asked.word("draft")))


def enter(asked: Asked) -> Response:
    """Takes what the second person entered."""
    office = asked.office
    found = office.drafts.draft(asked.word("draft"))
    held, advice = office.advice(found.chart)
    kind = FORMS[found.kind]
    member = asked.who.member
    names = {each.name: each.shown for each in office.staff.everyone()}
    try:
        line = second_line(asked, advice.facts.chart, kind, found.event.written, member)
        done = office.drafts.enter(
            found.id, line, saw=asked.said("saw"), by=member, first=names.get(found.by, found.by)
        )
    except (ReadError, QuantityError) as error:
        says = " ".join(each.says for each in error.problems) if isinstance(error, ReadError) else str(error)
        return _shown(asked, found, says, 422)
    except Conflict as error:
        says = f"Somebody wrote on this chart meanwhile: {'; '.join(each.told for each in error.since)}. Enter it once more, if it still holds."
        return _shown(asked, found, says, 409)
    asked.note(f"entered a {kind.name} as the second person: {done.state}", held.id)
    if done.state == "entered":
        office.refresh()
        return asked.see(f"/charts/{held.id}#timeline")
    return asked.see(f"/second/{done.id}")


def withdraw(asked: Asked) -> Response:
    """Takes it back; nothing of it goes on the chart."""
    found = asked.office.drafts.withdraw(asked.word("draft"), asked.who.member)
    asked.note("withdrew what waited for a second person", found.chart)
    return asked.see(f"/charts/{found.chart}")


def _shown(asked: Asked, found: Draft, says: str = "", status: int = 200) -> Response:
    member = asked.who.member
    if not asked.may(CHECK):
        raise Refused(403, "This is for the two people who enter it.")
    held, advice = asked.office.advice(found.chart)
    names = {each.name: each.shown for each in asked.office.staff.everyone()}
    asked.note("looked at what waits for a second person", held.id)
    common = {
        "held": held,
        **who(advice),
        "draft": found,
        "kind": FORMS[found.kind],
        "first": names.get(found.by, found.by),
        "other": names.get(found.second_by, found.second_by),
        "says": says,
    }
    if found.state == "waiting" and found.by != member.name:
        return asked.page("second.html", status, **common, said=asked.form)
    return asked.page("draft.html", status, **common, mine=found.by == member.name)

"""The second person: what waits, the blind entry, and what differs."""

from __future__ import annotations

from starlette.responses import Response

from eutonia.chart import ReadError
from eutonia.clinic import Draft
from eutonia.doors.web.acts import second_line
from eutonia.doors.web.consequences import previewed
from eutonia.doors.web.forms import FORMS, says_of
from eutonia.doors.web.head import head_of
from eutonia.doors.web.ways import Asked, Refused
from eutonia.ledger import Conflict
from eutonia.quantity import QuantityError


def waiting(asked: Asked) -> Response:
    """All that waits for a second person, and all that differs; no value of the first person stands here."""
    office, names = asked.office, _names(asked)
    rows = [
        (each, each.kind, office.view.charts.get(each.chart), names.get(each.by, each.by))
        for each in office.drafts.open()
    ]
    asked.note("looked at what waits for a second person")
    return asked.page("waiting.html", rows=rows)


def draft(asked: Asked) -> Response:
    """One of them: the empty form for the second person; what was entered for who may know it."""
    return _shown(asked, asked.office.drafts.draft(asked.word("draft")))


def enter(asked: Asked) -> Response:
    """Takes what the second person entered."""
    office = asked.office
    found = office.drafts.draft(asked.word("draft"))
    held, advice = office.advice(found.chart)
    kind, member = FORMS[found.kind], asked.who.member
    try:
        line = second_line(asked, advice.facts.chart, kind)
        # Looked at once more: the chart may say now what it did not when the first person saw it.
        against = previewed(advice, found.event, found.line).against if found.state == "waiting" else ()
        if against and not found.beside:
            raise Refused(
                409, f"The rules do not allow this now: {' '.join(against)} Withdraw it, and look at the chart."
            )
        first = _names(asked).get(found.by, found.by)
        done = office.drafts.enter(found.id, line, saw=asked.said("saw"), by=member, first=first)
    except (ReadError, QuantityError) as error:
        return _shown(asked, found, says_of(error), 422)
    except Conflict as error:
        new = "; ".join(each.told for each in error.since)
        says = f"Somebody wrote on this chart meanwhile: {new}. Enter it once more, if it still holds."
        return _shown(asked, found, says, 409)
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


def _shown(asked: Asked, found: Draft, says: str = "", status: int = 200) -> Response:
    member = asked.who.member
    held, advice = asked.office.advice(found.chart)
    names = _names(asked)
    asked.note("looked at what waits for a second person", held.id)
    common = {
        **head_of(asked, held, advice),
        # What waits is what this page is about.
        "pending": (),
        "draft": found,
        "kind": FORMS[found.kind],
        "first": names.get(found.by, found.by),
        "other": names.get(found.second_by, found.second_by),
        "says": says,
    }
    if found.state in ("waiting", "writing") and found.by != member.name:
        return asked.page("second.html", status, **common, said=asked.form)
    # What was withdrawn may be entered again, so that its values are still the first person's alone.
    mine = found.by == member.name
    return asked.page("draft.html", status, **common, mine=mine, open=mine or found.state != "withdrawn")


def _names(asked: Asked) -> dict[str, str]:
    return {each.name: each.shown for each in asked.office.staff.everyone()}

"""Writing on a chart: first the form, then the event as it will be written with what follows from it, then the event.

Refills, programs and boluses into the spine wait for a second person.  What the rules do not allow can have happened all
the same: it is written with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace
from starlette.responses import Response

from eutonia.advice import Advice, examined
from eutonia.chart import Chart, ReadError
from eutonia.chart import event as e
from eutonia.chart.chart import from_text
from eutonia.chart.text import CLASSES, written
from eutonia.chart.text import line_of as told
from eutonia.clinic import Member
from eutonia.clinic.drafts import CHECKED
from eutonia.clinic.objections import checked_reason, seen
from eutonia.doors.web.consequences import Preview, previewed, struck
from eutonia.doors.web.forms import FORMS, Form, line_of, says_of
from eutonia.doors.web.head import head_of
from eutonia.doors.web.patient import unread
from eutonia.doors.web.ways import Asked, Refused
from eutonia.knowledge.drugs import recognise
from eutonia.ledger import Conflict, LedgerError, Record
from eutonia.ledger.ledger import Held, checked_by_two
from eutonia.moment import local, zone
from eutonia.quantity import QuantityError

# Of these the line itself names who decided: whoever enters it.
_WHO_DECIDED: Final = (e.Override, e.Explained, e.Decision)
_DECIDED: Final = ("override", "explained", "decision")


def form(asked: Asked) -> Response:
    """The empty form of a kind of event."""
    held, advice, kind = _asked(asked)
    asked.note(f"opened the form '{kind.name}'", held.id)
    return _shown(asked, held, advice, kind, {"at": local(advice.facts.now, advice.facts.home)})


def preview(asked: Asked) -> Response:
    """The event as it will be written, and what follows; nothing is written yet."""
    held, advice, kind = _asked(asked)
    asked.note(f"looked at what a {kind.name} would do", held.id)
    try:
        event, line = _event(asked, advice.facts.chart, kind)
        found = previewed(_after_mine(asked, advice), event, line)
    except (ReadError, QuantityError) as error:
        return _shown(asked, held, advice, kind, asked.form, says_of(error))
    return _looked_at(asked, 200, held, advice, kind, line, found, saw=held.head)


def enter(asked: Asked) -> Response:
    """Writes the event that was previewed, or hands it to a second person."""
    held, advice, kind = _asked(asked)
    saw, alone = asked.said("saw"), bool(asked.said("alone"))
    try:
        event, line = _event(asked, advice.facts.chart, kind)
        found = previewed(_after_mine(asked, advice), event, line)
    except (ReadError, QuantityError) as error:
        return _shown(asked, held, advice, kind, asked.form, says_of(error))
    if line != asked.said("line"):
        raise Refused(409, "What was previewed is not what was entered. Nothing was written; look at it once more.")
    # With the head that was seen: a page that asks again has not shown what came since.
    again = partial(_looked_at, asked, held=held, advice=advice, kind=kind, line=line, found=found, saw=saw)
    if since := asked.office.ledger.since(held.id, saw):
        if _written_already(asked, held, line):
            return asked.see(f"/charts/{held.id}")
        return again(409, saw=held.head, says=_CHANGED, since=since)
    if found.against and asked.said("rules") != seen(found.against):
        return again(
            409, says="What the rules say of it has changed since you looked. Nothing was written; read it again."
        )
    if found.change is not None and not asked.said("large"):
        return again(422, says="The change is very large and was not confirmed. Nothing was written.")
    marks = _marks(found, alone)
    try:
        reason = checked_reason(asked.said("reason")) if found.against or (found.second and alone) else ""
    except LedgerError as error:
        return again(422, says=str(error))
    member, why = asked.who.member, reason or _plain(asked.said("reason"))
    beside = (
        [f"{event.written} note entered {' and '.join(marks)} by {member.shown}: {why or found.alone}"] if marks else []
    )
    if found.second and not alone:
        draft = asked.office.drafts.begin(
            held.id, line, beside, saw=saw, by=member, against=found.against, reason=reason
        )
        asked.note(f"entered a {kind.name} for a second person", held.id)
        return asked.see(f"/second/{draft.id}")
    try:
        _write(asked, held, [line, *beside], marks, why or found.alone, saw)
    except Conflict as error:
        now = asked.office.ledger.held(held.id)
        return again(409, held=now, saw=now.head, says=_CHANGED, since=error.since)
    asked.wrote(f"wrote a {kind.name}", held.id)
    return asked.see(f"/charts/{held.id}")


def classify(asked: Asked) -> Response:
    """Classifies a symptom that was not recognized, in one click: as an effect, an emergency, or unrelated."""
    held, advice = asked.office.advice(asked.word("chart"))
    text, label = asked.said("text"), asked.said("class")
    if label not in CLASSES:
        raise Refused(422, f"Choose one of: {', '.join(CLASSES)}. Nothing was saved.")
    if text not in unread(advice):
        raise Refused(409, "This symptom is no longer open, or somebody has classified it. Nothing was saved.")
    line = f"symptom {text}; {label}"
    event = _read(advice.facts.chart, local(advice.facts.now, advice.facts.home), line, asked.who.member)
    asked.office.ledger.append(held.id, [written(event).strip()], saw=asked.said("saw"), by=asked.who.member.shown)
    asked.wrote("classified a symptom", held.id)
    return asked.see(f"/charts/{held.id}")


_CHANGED: Final = "Somebody else has written on this chart since you looked. Nothing was written. What is new:"


def _marks(found: Preview, alone: bool) -> list[str]:
    """How an entry differs from one that two people make within the rules."""
    marks = []
    if found.second and alone:
        marks.append("without a second person")
    if found.alone:
        marks.append(f"by one person ({found.alone})")
    if found.against:
        marks.append(f"outside the rules ({', '.join(dict.fromkeys(each.rule for each in found.against))})")
    return marks


def _write(asked: Asked, held: Held, lines: list[str], marks: list[str], why: str, saw: str) -> None:
    """Writes an entry of one person; one that is marked goes on the worklist in the same transaction."""
    office, member = asked.office, asked.who.member
    with office.ledger.adding() as connection:
        added = office.ledger.append_in(connection, held.id, lines, saw=saw, by=member.shown)
        if marks:
            office.reviews.begin_in(connection, added[0], marks=marks, reason=why, by=member)


def _written_already(asked: Asked, held: Held, line: str) -> bool:
    """Whether the same person has just written this very event: the same form was sent again."""
    since = asked.office.ledger.since(held.id, asked.said("saw"))
    return bool(since) and since[0].content == line and since[0].by == asked.who.member.shown


def look_at_strike(asked: Asked) -> Response:
    """What follows if an event no longer counts; nothing is written yet."""
    held, advice = asked.office.advice(asked.word("chart"))
    hash, because = asked.said("hash"), " ".join(asked.said("because").split())
    record = _record(asked, held, hash)
    two = checked_by_two(record.content)
    if not because:
        raise Refused(422, "A reason is missing: why does this event not count? Nothing was written.")
    if two:
        because = _reason(because)
    asked.note("looked at what striking an event would do", held.id)
    left = asked.office.ledger.without(held.id, hash)
    return asked.page(
        "strike.html",
        **head_of(asked, held, advice),
        record=record,
        because=because,
        two=two,
        found=struck(advice, left),
        saw=held.head,
    )


def strike(asked: Asked) -> Response:
    """Marks an event as entered in error, with a reason: it stays in the history, and counts no more.

    One that two people checked waits for a second person; another refill, program or bolus is put on the worklist.
    """
    chart, reason = asked.word("chart"), asked.said("because")
    if not reason:
        raise Refused(422, "A reason is missing: why does this event not count? Nothing was written.")
    office, member, hash, saw = asked.office, asked.who.member, asked.said("hash"), asked.said("saw")
    record = next((each for each in office.ledger.records(chart) if each.hash == hash), None)
    if record is not None and record.op == "event" and checked_by_two(record.content):
        if office.ledger.since(chart, saw):
            raise Refused(409, f"{_CHANGED} look at the history, and begin anew.")
        draft = office.drafts.begin_strike(chart, record, _reason(reason), saw=saw, by=member)
        asked.note("marked a checked event as entered in error, for a second person", chart)
        return asked.see(f"/second/{draft.id}")
    with office.ledger.adding() as connection:
        added = office.ledger.append_in(connection, chart, (), saw=saw, by=member.shown, strikes=[(hash, reason)])
        office.reviews.void_in(connection, hash)
        if record is not None and isinstance(from_text(record.content, "the line").events[0].what, CHECKED):
            marks = ["by one person: marked as entered in error"]
            office.reviews.begin_in(
                connection, replace(record, hash=added[0].hash), marks=marks, reason=reason, by=member
            )
    asked.wrote("struck an event", chart)
    return asked.see(f"/charts/{chart}/history")


def _reason(text: str) -> str:
    try:
        return checked_reason(text)
    except LedgerError as error:
        raise Refused(422, str(error)) from None


def _record(asked: Asked, held: Held, hash: str) -> Record:
    record = next((each for each in asked.office.ledger.records(held.id) if each.hash == hash), None)
    if record is None or record.op != "event":
        raise Refused(404, "There is no such event on this chart. Nothing was written.")
    return record


def correct(asked: Asked) -> Response:
    """Corrects who the chart is of: strikes what was written of the person, and writes it anew, in one go."""
    chart, reason = asked.word("chart"), asked.said("because")
    if not reason:
        raise Refused(422, "A reason is missing: how do you know? Nothing was written.")
    ledger = asked.office.ledger
    strikes = [(each.hash, _plain(reason)) for each in ledger.standing(chart) if _person(each.content)]
    line = _person_line(asked, ledger.chart(chart).zone_name)
    ledger.append(chart, [line], saw=asked.said("saw"), by=asked.who.member.shown, strikes=strikes)
    asked.wrote("corrected the person", chart)
    return asked.see(f"/charts/{chart}")


def open_chart(asked: Asked) -> Response:
    """Opens a chart for a person who has none."""
    place = asked.office.zone
    held = asked.office.ledger.open([_person_line(asked, place)], by=asked.who.member.shown, zone=place)
    asked.wrote("opened the chart", held.id)
    return asked.see(f"/charts/{held.id}")


def second_line(asked: Asked, chart: Chart, kind: Form) -> str:
    """The line of a second person, with the moment that they wrote."""
    return written(_read(chart, asked.said("at"), line_of(kind, asked.form), asked.who.member)).strip()


# -- behind it ---------------------------------------------------------------------------------------------------------


def _asked(asked: Asked) -> tuple[Held, Advice, Form]:
    kind = FORMS.get(asked.word("kind"))
    if kind is None:
        raise Refused(404, "There is no such form.")
    held, advice = asked.office.advice(asked.word("chart"))
    return held, advice, kind


def _shown(asked: Asked, held: Held, advice: Advice, kind: Form, said: object, says: str = "") -> Response:
    return asked.page(
        "form.html", 422 if says else 200, **head_of(asked, held, advice), kind=kind, said=said, says=says,
        to=f"/charts/{held.id}/write/{kind.name}/preview", button="Look at what will be written",
    )  # fmt: skip


def _looked_at(
    asked: Asked, status: int, held: Held, advice: Advice, kind: Form, line: str, found: Preview, saw: str, says: str = "",
    since: Sequence[Record] = (),
) -> Response:  # fmt: skip
    return asked.page(
        "preview.html", status, **head_of(asked, held, advice), kind=kind, found=found, said=asked.form, line=line, saw=saw,
        says=says, since=since, rules=seen(found.against),
    )  # fmt: skip


def _after_mine(asked: Asked, advice: Advice) -> Advice:
    """The advice as if what the same person entered at this visit were on the chart; their own entries are no secret."""
    waiting = asked.office.drafts.open(asked.word("chart"))
    mine = [each for each in waiting if each.by == asked.who.member.name and each.op == "event"]
    if not mine:
        return advice
    lines = "".join(f"{line}\n" for each in mine for line in (each.line, *each.beside))
    return examined(advice.facts.chart.with_events(lines), advice.facts.now, advice.book.jurisdiction)


def _event(asked: Asked, chart: Chart, kind: Form) -> tuple[e.Event, str]:
    """The event that a form makes, and its whole line."""
    event = _read(chart, asked.said("at"), line_of(kind, asked.form), asked.who.member)
    if event.at > asked.office.now():
        raise QuantityError(f"'{asked.said('at')}' has not happened yet; look at the date")
    if kind.name == "line" and isinstance(event.what, CHECKED):
        raise QuantityError(
            f"a {told(event.what).partition(' ')[0]} has a form of its own, which a second person fills in too"
        )
    if isinstance(event.what, e.Medication) and any(
        "baclofen" in each.classes for each in recognise(event.what.text).ingredients
    ):
        raise QuantityError("baclofen by mouth is written with the form 'Order by mouth', where 'stop' ends it")
    return event, written(event).strip()


def _read(chart: Chart, at: str, line: str, member: Member) -> e.Event:
    if not at or "#" in at:
        raise QuantityError("the moment is missing; write it such as '2026-05-02 09:00'")
    if line.partition(" ")[0] in _DECIDED and "; by " not in line:
        line += f"; by {member.shown}"
    # Alone, so that what is wrong is said of this line.
    event = from_text(f"{at} {line}\n", "the form", chart.zone_name).events[0]
    if getattr(event.what, "checked_by", None):
        raise QuantityError("'checked by' is not written here: the second person enters the values themselves")
    return replace(event, by=member.shown) if isinstance(event.what, _WHO_DECIDED) else replace(event, by=None)


def _plain(text: str) -> str:
    return " ".join(text.replace("#", " ").replace(";", ",").split())


def _person(line: str) -> bool:
    return isinstance(from_text(line, "the line").events[0].what, e.Person)


def _person_line(asked: Asked, place: str) -> str:
    """The line about a person that a form makes, as of now."""
    if not asked.said("id") or not asked.said("born"):
        raise Refused(422, "A chart needs the person's id and birth date. Nothing was written.")
    pieces = [f"{name} {_plain(said)}" for name in ("id", "born", "sex", "name") if (said := asked.said(name))]
    return f"{local(asked.office.now(), zone(place))} person {'; '.join(pieces)}"

"""Writing on a chart: first the form, then the event as it will be written with what follows from it, then the event.

Refills, programs and boluses into the spine wait for a second person.  What the rules do not allow can have happened all
the same: it is written with a reason.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from starlette.responses import Response

from eutonia.advice import Advice, advise, examined, what_if
from eutonia.chart import Chart, ReadError
from eutonia.chart import event as e
from eutonia.chart.text import written
from eutonia.clinic import Member
from eutonia.clinic.drafts import CHECKED
from eutonia.doors import words
from eutonia.doors.web.forms import FORMS, Form, line_of
from eutonia.doors.web.ways import Asked, Refused
from eutonia.findings import STOP, Finding
from eutonia.ledger import Conflict
from eutonia.ledger.ledger import Held
from eutonia.moment import shown
from eutonia.quantity import QuantityError, plain

# Of these the line itself names who decided: whoever enters it.
_WHO_DECIDED: Final = (e.Override, e.Explained, e.Decision)
_DECIDED: Final = ("override", "explained", "decision")


class Changed(Struct, frozen=True):
    """A row of the pump that an event changes."""

    label: str
    before: str
    after: str


class Preview(Struct, frozen=True):
    """What an event will do: its lines, the findings that come and go, the pump before and after, and what speaks against it."""

    lines: tuple[str, ...]
    comes: tuple[Finding, ...]
    goes: tuple[Finding, ...]
    pump: tuple[Changed, ...]
    against: tuple[str, ...]
    second: bool


def form(asked: Asked) -> Response:
    """The empty form of a kind of event."""
    held, advice, kind = _asked(asked)
    asked.note(f"opened the form '{kind.name}'", held.id)
    return _shown(asked, held, advice, kind, {"at": shown(advice.facts.now, advice.facts.home)})


def preview(asked: Asked) -> Response:
    """The event as it will be written, and what follows; nothing is written yet."""
    held, advice, kind = _asked(asked)
    try:
        event, line = _event(asked, advice.facts.chart, kind)
        found = _preview(advice, event, line)
    except (ReadError, QuantityError) as error:
        return _shown(asked, held, advice, kind, asked.form, _says(error))
    return asked.page("preview.html", 200, held=held, **who(advice), kind=kind, found=found, said=asked.form, line=line)


def enter(asked: Asked) -> Response:
    """Writes the event that was previewed, or hands it to a second person."""
    held, advice, kind = _asked(asked)
    saw, reason = asked.said("saw"), " ".join(asked.said("reason").split())
    try:
        event, line = _event(asked, advice.facts.chart, kind)
        found = _preview(advice, event, line)
    except (ReadError, QuantityError) as error:
        return _shown(asked, held, advice, kind, asked.form, _says(error))
    if line != asked.said("line"):
        raise Refused(409, "What was previewed is not what was entered. Nothing was written; look at it once more.")
    member = asked.who.member
    beside = list[str]()
    if found.against or (found.second and asked.said("alone")):
        if not reason:
            says = "A reason is missing; nothing was written."
            return asked.page("preview.html", 422, held=held, **who(advice), kind=kind, found=found, said=asked.form, line=line, says=says)  # fmt: skip
        how = "without a second person" if asked.said("alone") and found.second else "outside the rules"
        beside.append(f"{event.written} note entered {how} by {member.shown}: {_plain(reason)}")
    if found.second and not asked.said("alone"):
        draft = asked.office.drafts.begin(held.id, line, beside, saw=saw, by=member)
        asked.note(f"entered a {kind.name} for a second person", held.id)
        return asked.see(f"/second/{draft.id}")
    try:
        asked.office.ledger.append(held.id, [line, *beside], saw=saw, by=member.shown)
    except Conflict as error:
        return asked.page(
            "preview.html", 409, held=asked.office.ledger.held(held.id), **who(advice), kind=kind, found=found, said=asked.form, line=line,
            says="Somebody else has written on this chart since you looked. Nothing was written. What is new:",
            since=error.since,
        )  # fmt: skip
    asked.note(f"wrote a {kind.name}", held.id)
    asked.office.refresh()
    return asked.see(f"/charts/{held.id}#timeline")


def strike(asked: Asked) -> Response:
    """Strikes an event with a reason: it stays in the history, and counts no more."""
    chart, reason = asked.word("chart"), asked.said("because")
    if not reason:
        raise Refused(422, "A reason is missing: why does this event not count? Nothing was written.")
    asked.office.ledger.append(
        chart, (), saw=asked.said("saw"), by=asked.who.member.shown, strikes=[(asked.said("hash"), reason)]
    )
    asked.note("struck an event", chart)
    asked.office.refresh()
    return asked.see(f"/charts/{chart}/history")


def open_chart(asked: Asked) -> Response:
    """Opens a chart for a person who has none."""
    pieces = [f"id {_plain(asked.said('id'))}"]
    pieces += [f"{name} {_plain(said)}" for name in ("name", "born", "sex") if (said := asked.said(name))]
    if not asked.said("id") or not asked.said("born"):
        raise Refused(422, "A chart needs the person's id and birth date. Nothing was written.")
    now = asked.office.now()
    zone = asked.office.zone
    from eutonia.moment import zone as zone_of

    line = f"{shown(now, zone_of(zone))} person {'; '.join(pieces)}"
    held = asked.office.ledger.open([line], by=asked.who.member.shown, zone=zone)
    asked.note("opened the chart", held.id)
    asked.office.refresh()
    return asked.see(f"/charts/{held.id}")


def who(advice: Advice) -> dict[str, words.Head]:
    """The head that stands on every page of a patient."""
    return {"head": words.head(advice.as_dict(foresee=False))}


def second_line(asked: Asked, chart: Chart, kind: Form, at: str, member: Member) -> str:
    """The line of a second person, of the moment that the first one wrote."""
    return written(_read(chart, at, line_of(kind, asked.form), member)).strip()


# -- behind it ---------------------------------------------------------------------------------------------------------


def _asked(asked: Asked) -> tuple[Held, Advice, Form]:
    kind = FORMS.get(asked.word("kind"))
    if kind is None:
        raise Refused(404, "There is no such form.")
    held, advice = asked.office.advice(asked.word("chart"))
    return held, advice, kind


def _shown(asked: Asked, held: Held, advice: Advice, kind: Form, said: object, says: str = "") -> Response:
    return asked.page(
        "form.html", 422 if says else 200, held=held, **who(advice), kind=kind, said=said, says=says,
        to=f"/charts/{held.id}/write/{kind.name}/preview", hidden={}, button="Look at what will be written",
    )  # fmt: skip


def _event(asked: Asked, chart: Chart, kind: Form) -> tuple[e.Event, str]:
    """The event that a form makes, and its whole line."""
    event = _read(chart, asked.said("at"), line_of(kind, asked.form), asked.who.member)
    if event.at > asked.office.now():
        raise QuantityError(f"'{asked.said('at')}' has not happened yet; look at the date")
    return event, written(event).strip()


def _read(chart: Chart, at: str, line: str, member: Member) -> e.Event:
    from eutonia.chart.chart import from_text

    if not at or "#" in at:
        raise QuantityError("the moment is missing; write it such as '2026-05-02 09:00'")
    if line.partition(" ")[0] in _DECIDED and "; by " not in line:
        line += f"; by {member.shown}"
    # Alone, so that what is wrong is said of this line.
    event = from_text(f"{at} {line}\n", "the form", chart.zone_name).events[0]
    if getattr(event.what, "checked_by", None):
        raise QuantityError("'checked by' is not written here: the second person enters the values themselves")
    return replace(event, by=member.shown) if isinstance(event.what, _WHO_DECIDED) else replace(event, by=None)


def _says(error: ReadError | QuantityError) -> str:
    if isinstance(error, ReadError):
        return " ".join(each.says for each in error.problems)
    return str(error)


def _plain(text: str) -> str:
    return " ".join(text.replace("#", " ").replace(";", ",").split())


def _preview(advice: Advice, event: e.Event, line: str) -> Preview:
    chart = advice.facts.chart.with_events(f"{line}\n")
    now = max(advice.facts.now, event.at)
    after = examined(chart, now, advice.book.jurisdiction)
    was = {(each.id, each.says) for each in advice.findings}
    is_ = {(each.id, each.says) for each in after.findings}
    comes = tuple(each for each in after.findings if (each.id, each.says) not in was)
    against = [*_against(advice, event)]
    known = {each.id for each in advice.findings if each.grade == STOP}
    against += [f"{each.id}: {each.says}" for each in comes if each.grade == STOP and each.id not in known]
    return Preview(
        (line,),
        comes,
        tuple(each for each in advice.findings if (each.id, each.says) not in is_),
        _pump(advice, after),
        tuple(against),
        isinstance(event.what, CHECKED),
    )


def _against(advice: Advice, event: e.Event) -> list[str]:
    """What the rules say against a dose; nothing of what is no dose."""
    match event.what:
        case e.Programmed(program=program) if not program.stopped and advice.pump is not None:
            return [each.why for each in what_if(advice, program).refusals]
        case e.Oral(regimen=regimen) if regimen is not None:
            return [each.why for each in what_if(advice, regimen).refusals]
        case e.Trial(dose=dose):
            return _against_trial(advice, dose)
    return []


def _against_trial(advice: Advice, dose: object) -> list[str]:
    asked = f"{shown(advice.facts.now, advice.facts.home)} request trial\n"
    found = advise(advice.facts.chart.with_events(asked), advice.facts.now, advice.book.jurisdiction)
    first = [
        step.writes.dose
        for plan in found.plans
        if plan.kind == "trial"
        for step in plan.steps[:1]
        if isinstance(step.writes, e.Trial)
    ]
    if dose in first:
        return []
    if first:
        allowed = " or ".join(dict.fromkeys(plain(each) for each in first))
        return [f"The next screening bolus that the rules allow is {allowed}."]
    return [each.why for each in found.refusals if each.kind == "trial"] or ["The rules offer no screening bolus now."]


def _pump(before: Advice, after: Advice) -> tuple[Changed, ...]:
    rows = [{row.label: row.text for row in words.pump_rows(each.as_dict(foresee=False))} for each in (before, after)]
    was, is_ = rows
    return tuple(
        Changed(name, was.get(name, "nothing"), is_.get(name, "nothing"))
        for name in dict.fromkeys([*was, *is_])
        if was.get(name) != is_.get(name)
    )

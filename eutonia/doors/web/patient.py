"""One patient's page: who it is, what stands in the emergency, the time line, findings, pump and options; and the history."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from eutonia.advice import Advice, what_if
from eutonia.chart.orders import Program, Regimen, read_program, read_regimen
from eutonia.chart.text import CLASSES
from eutonia.doors import page
from eutonia.doors.web.forms import FORMS
from eutonia.doors.web.head import head_of
from eutonia.doors.web.timeline import timeline
from eutonia.doors.web.ways import Asked, Refused
from eutonia.findings.signs import current
from eutonia.ledger import Record
from eutonia.quantity import QuantityError

# What asks for a piece of a page instead of the whole.
_PART = "x-part"


def patient(asked: Asked) -> Response:
    """The page of a chart, as of this minute."""
    held, advice = asked.office.advice(asked.word("chart"))
    query = asked.request.query_params
    asked.note("looked at the chart", held.id)
    said = advice.as_dict()
    return asked.page(
        "patient.html",
        **{**page.parts(advice, said), **head_of(asked, held, advice, said)},
        line=timeline(advice, query.get("from", ""), query.get("to", "")), forms=FORMS.values(),
        papers=_papers(advice.pump is not None), unread=unread(advice), classes=CLASSES,
    )  # fmt: skip


def unread(advice: Advice) -> tuple[str, ...]:
    """Return the symptoms of a chart that were not recognized and that nobody has classified yet."""
    return tuple(dict.fromkeys(sign.text for sign in current(advice.facts).open if sign.unread))


def closer(asked: Asked) -> Response:
    """The time line alone, in another window."""
    held, advice = asked.office.advice(asked.word("chart"))
    query = asked.request.query_params
    asked.note("looked at the time line", held.id)
    return HTMLResponse(
        asked.html("timeline.html", held=held, line=timeline(advice, query.get("from", ""), query.get("to", "")))
    )


def whatif(asked: Asked) -> Response:
    """What a typed dose would do beside today's, judged by the rules first; nothing is written."""
    held, advice = asked.office.advice(asked.word("chart"))
    typed, way = asked.said("dose"), asked.said("way")
    try:
        dose = _dose(typed, way)
    except QuantityError as error:
        return _compared(asked, 422, says=str(error), typed=typed, way=way)
    found = what_if(advice, dose)
    asked.note("asked what a dose would do", held.id)
    shown = found.as_dict()
    return _compared(
        asked, 200, says="", typed=typed, way=way, **{**page.parts(found, shown), **head_of(asked, held, advice)}
    )


def history(asked: Asked) -> Response:
    """Every record of a chart: what was entered when and by whom, what was struck and why."""
    chart = asked.word("chart")
    held, advice = asked.office.advice(chart)
    records = asked.office.ledger.records(chart)
    struck: dict[str, Record] = {each.struck: each for each in records if each.op == "strike"}
    asked.note("looked at the history of the chart", chart)
    return asked.page(
        "history.html",
        **head_of(asked, held, advice), records=records[::-1], struck=struck,
        accesses=asked.office.trail.last(50, chart),
    )  # fmt: skip


def _papers(pump: bool) -> tuple[tuple[str, str], ...]:
    every = (
        ("card", "Pump card"),
        ("sheet", "Sheet for the patient"),
        ("checklist", "Check list for refill and programming"),
        ("report", "The whole advice"),
    )
    return every if pump else tuple(each for each in every if each[0] in ("sheet", "report"))


def _dose(typed: str, way: str) -> Program | Regimen:
    if way not in ("program", "oral"):
        raise QuantityError("say whether the dose is for the pump or by mouth")
    if not typed:
        raise QuantityError("no dose was typed")
    if way == "oral":
        if typed == "stop":
            raise QuantityError("'stop' is no dose: tablets are never stopped at once; ask for 'taper oral' instead")
        return read_regimen(typed)
    return read_program([each.strip() for each in typed.split(";") if each.strip()])


def _compared(asked: Asked, status: int, **found: object) -> Response:
    if asked.request.headers.get(_PART):
        return HTMLResponse(asked.html("whatif.html", **found), status)
    if "head" not in found:
        raise Refused(status, str(found["says"]))
    return asked.page("compared.html", status, **found)

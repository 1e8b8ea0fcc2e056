"""The clinic's papers of a chart, as PDF."""

from __future__ import annotations

from starlette.responses import Response

from eutonia.doors.web.ways import Asked, Refused


def paper(asked: Asked) -> Response:
    """A paper of a chart as of this minute; that it was printed stands in the trail."""
    from eutonia.doors.paper import KINDS
    from eutonia.doors.paper import paper as made

    kind = asked.word("kind")
    if kind not in KINDS:
        raise Refused(404, "There is no such paper.")
    held, advice = asked.office.advice(asked.word("chart"))
    if kind == "card" and (waits := asked.office.drafts.open(held.id)):
        raise Refused(
            409, f"A {waits[0].kind} waits for a second person: a card of now would be wrong as soon as it is checked."
        )
    try:
        body = made(kind, advice)
    except ValueError as error:
        raise Refused(409, str(error)) from None
    asked.note(f"printed the {kind}", held.id)
    # By the chart's id: a file's name stays in lists of what was downloaded.
    named = {"content-disposition": f'inline; filename="{held.id}-{kind}.pdf"'}
    return Response(body, media_type="application/pdf", headers=named)

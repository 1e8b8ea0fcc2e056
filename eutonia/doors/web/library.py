"""What the software rests on, as pages: each fact, number and disagreement with its story, the models, the studies."""

from __future__ import annotations

from starlette.responses import Response

from eutonia.doors.story import carried, story, told
from eutonia.doors.web.ways import Asked, Refused


def why(asked: Asked) -> Response:
    """The whole story of a fact, a number, a disagreement of sources or a finding."""
    id = asked.word("id")
    found = story(id)
    if found is None:
        raise Refused(404, "There is no fact, number or finding of this name.")
    return asked.page("why.html", id=id, text=told(found, 88))


def facts(asked: Asked) -> Response:
    """All facts of the monograph, and by how much each is carried."""
    return asked.page("facts.html", rows=carried())

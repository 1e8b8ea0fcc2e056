"""What the software rests on, as pages: each fact and number with its story, the model cards, the studies, the manual."""

from __future__ import annotations

from starlette.responses import Response

from eutonia.doors.story import carried, story, told
from eutonia.doors.web.shelf import PAGES, written
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


def pages(asked: Asked) -> Response:
    """The written pages: the manual, the model cards, the studies and what the models were held against."""
    return asked.page("pages.html", pages=PAGES)


def page(asked: Asked) -> Response:
    """One of the written pages."""
    name = asked.word("name")
    if name not in PAGES:
        raise Refused(404, "There is no such page.")
    return asked.page("written.html", title=PAGES[name], text=written(name))

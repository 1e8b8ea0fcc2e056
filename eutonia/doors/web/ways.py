"""The ways into the workbench: where each leads, who may go it, and what is handed to whoever answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment
from markupsafe import Markup
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from eutonia.clinic import Role, Session
from eutonia.doors.page import environment
from eutonia.doors.web.forms import FORMS
from eutonia.doors.web.office import Office

ANYONE: Final[frozenset[Role]] = frozenset()
SIGNED_IN: Final[frozenset[Role]] = frozenset({"reader", "clinician", "checker", "administrator"})
LOOK: Final[frozenset[Role]] = frozenset({"reader", "clinician", "checker"})
ACT: Final[frozenset[Role]] = frozenset({"clinician"})
CHECK: Final[frozenset[Role]] = frozenset({"clinician", "checker"})
KEEP_STAFF: Final[frozenset[Role]] = frozenset({"administrator"})
_HERE: Final = Path(__file__).parent
_LOG: Final = logging.getLogger("eutonia.web")
# The fields of the forms for charts: what of them was typed is worth typing only once.
_TYPED: Final = frozenset(
    {
        "at",
        "dose",
        "way",
        "because",
        "reason",
        "result",
        *(field.name for form in FORMS.values() for field in form.fields),
    }
)


class Refused(Exception):
    """The request cannot be answered as it stands; `says` is for the person who made it."""

    def __init__(self, status: int, says: str) -> None:
        self.status, self.says = status, says
        super().__init__(says)


class Asked(Struct, frozen=True):
    """A request that passed the gate: what the answer is worked out from.

    form: the fields of a POST; only text, a name once.
    """

    request: Request
    office: Office
    session: Session | None
    form: Mapping[str, str]

    @property
    def who(self) -> Session:
        """Who asks."""
        assert self.session is not None, "the gate lets nobody in here who is not signed in"
        return self.session

    def word(self, name: str) -> str:
        """A part of the path, such as a chart's id."""
        return str(self.request.path_params[name])

    def said(self, name: str) -> str:
        """A field of the form, without spaces around it; empty where it is missing."""
        return self.form.get(name, "").strip()

    def may(self, roles: frozenset[Role]) -> bool:
        """Whether the person who asks has one of some roles."""
        return self.session is not None and self.session.member.role in roles

    def note(self, what: str, chart: str = "") -> None:
        """Adds what is done to the trail."""
        self.office.note(self.who.member.name, what, chart)

    def wrote(self, what: str, chart: str) -> None:
        """After something is on a chart: notes it, and has the panel look; nothing here can undo what was written."""
        self.note(what, chart)
        try:
            self.office.refresh()
        except Exception as error:
            _LOG.error("the watching failed after a chart had grown: %s", type(error).__name__)

    @property
    def typed(self) -> list[tuple[str, str]]:
        """What the form held, to be shown again where it was not taken; no password, and nothing that was hidden."""
        return [(name, said) for name, said in self.form.items() if said and name in _TYPED]

    def page(self, template: str, status: int = 200, **words: Any) -> Response:
        """A page."""
        return HTMLResponse(self.html(template, **words), status)

    def html(self, template: str, **words: Any) -> str:
        """The text of a page, or of a part of one."""
        member = self.session.member if self.session else None
        drafts = self.office.drafts.open() if self.may(CHECK) else ()
        reviews = self.office.reviews.open() if self.may(CHECK) else ()
        return (
            templates()
            .get_template(template)
            .render(
                {
                    "asked": self,
                    "member": member,
                    "token": self.session.form if self.session else "",
                    "look": self.may(LOOK),
                    "act": self.may(ACT),
                    "check": self.may(CHECK),
                    "keep_staff": self.may(KEEP_STAFF),
                    "waiting": sum(each.state == "waiting" for each in drafts) + len(reviews),
                    "silent": self.office.pulse.stopped() if self.may(SIGNED_IN) else False,
                    "unnoted": bool(self.office.missed),
                    "as_of": self.office.now(),
                    **words,
                }
            )
        )

    def see(self, where: str) -> Response:
        """Sends the browser to another page, which it asks for anew."""
        return RedirectResponse(where, 303)


class Way(Struct, frozen=True):
    """One way: its path, whether it is asked for (GET) or does something (POST), who may, what answers, what it is, and
    the fields of its form."""

    method: str
    path: str
    who: frozenset[Role]
    does: Callable[[Asked], Response]
    says: str
    form: tuple[str, ...] = ()


@cache
def templates() -> Environment:
    """The templates of the workbench, before those that every page shares."""
    found = environment(_HERE / "templates")
    found.filters.update(whys=_whys)
    return found


def _whys(facts: str) -> Markup:
    """Links to the whole story of each fact that is named."""
    link = Markup('<a href="/why/{0}">the story of {0}</a>')
    return Markup("<li>{}</li>").format(Markup(", ").join(link.format(each) for each in facts.split(", ")))

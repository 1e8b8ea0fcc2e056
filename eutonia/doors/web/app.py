"""The workbench as one application: every way with who may go it, and what stands around all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from eutonia.doors.hooks import Trust
from eutonia.doors.page import TEMPLATES
from eutonia.doors.web import acts, library, openapi, openid, panel, papers, patient, records, roster, second, sign
from eutonia.doors.web.gate import Capacity, Headers, route
from eutonia.doors.web.office import Office
from eutonia.doors.web.openid import OpenId
from eutonia.doors.web.ways import ACT, ANYONE, CHECK, KEEP_STAFF, LOOK, SIGNED_IN, Asked, Way

WAYS: Final[tuple[Way, ...]] = (
    Way("GET", "/login", ANYONE, sign.door, "the page to sign in"),
    Way("POST", "/login", ANYONE, sign.sign_in, "sign in", ("name", "password")),
    Way("GET", "/openid", ANYONE, openid.begin, "sign in through the directory"),
    Way("GET", "/openid/back", ANYONE, openid.back, "back from the directory"),
    Way("POST", "/logout", SIGNED_IN, sign.sign_out, "sign out"),
    Way("GET", "/account", SIGNED_IN, sign.account, "one's own page"),
    Way("POST", "/account", SIGNED_IN, sign.password, "change one's own password", ("old", "new", "again")),
    Way("GET", "/", SIGNED_IN, sign.home, "where one begins"),
    Way("GET", "/health", ANYONE, panel.health, "whether the watching lives"),
    Way("GET", "/feed/{key}.ics", ANYONE, panel.feed, "one's own calendar feed"),
    Way("GET", "/panel", LOOK, panel.panel, "the panel"),
    Way("POST", "/panel", LOOK, panel.panel, "search the panel", ("sought",)),
    Way("GET", "/calendar", LOOK, panel.calendar, "the calendar"),
    Way("GET", "/charts", LOOK, panel.charts, "the list of charts"),
    Way("POST", "/charts", ACT, acts.open_chart, "open a chart", ("id", "name", "born", "sex")),
    Way("GET", "/charts/{chart}", LOOK, patient.patient, "a chart"),
    Way("GET", "/charts/{chart}/timeline", LOOK, patient.closer, "the time line of a chart"),
    Way("POST", "/charts/{chart}/whatif", LOOK, patient.whatif, "what a dose would do", ("way", "dose")),
    Way("GET", "/charts/{chart}/history", LOOK, patient.history, "the history of a chart"),
    Way(
        "POST",
        "/charts/{chart}/strike/preview",
        ACT,
        acts.look_at_strike,
        "look at what striking does",
        ("hash", "because"),
    ),
    Way(
        "POST",
        "/charts/{chart}/person",
        ACT,
        acts.correct,
        "correct the person",
        ("saw", "because", "id", "name", "born", "sex"),
    ),
    Way(
        "POST",
        "/charts/{chart}/classify",
        ACT,
        acts.classify,
        "classify a symptom that was not recognized",
        ("saw", "text", "class"),
    ),
    Way("POST", "/charts/{chart}/strike", ACT, acts.strike, "strike an event", ("saw", "hash", "because")),
    Way("GET", "/charts/{chart}/paper/{kind}", LOOK, papers.paper, "a paper of a chart"),
    Way("GET", "/charts/{chart}/write/{kind}", ACT, acts.form, "a form"),
    Way(
        "POST",
        "/charts/{chart}/write/{kind}/preview",
        ACT,
        acts.preview,
        "look at an event before it is written",
        ("at",),
    ),
    Way(
        "POST",
        "/charts/{chart}/write/{kind}",
        ACT,
        acts.enter,
        "write an event",
        ("at", "saw", "line", "rules", "reason", "alone", "large"),
    ),
    Way("GET", "/second", CHECK, second.waiting, "what waits for a second person"),
    Way("GET", "/second/{draft}", CHECK, second.draft, "one that waits for a second person"),
    Way(
        "POST",
        "/second/{draft}",
        CHECK,
        second.enter,
        "enter as the second person",
        ("saw", "refused", "large", "changed"),
    ),
    Way("POST", "/second/{draft}/withdraw", CHECK, second.withdraw, "withdraw what waits for a second person"),
    Way("GET", "/review/{review}", CHECK, second.review, "an entry of one person to review"),
    Way("POST", "/review/{review}", CHECK, second.finish, "review an entry of one person", ("saw", "result")),
    Way("GET", "/facts", SIGNED_IN, library.facts, "the facts of the monograph"),
    Way("GET", "/why/{id}", SIGNED_IN, library.why, "the story of a number"),
    Way("GET", "/pages", SIGNED_IN, library.pages, "the written pages"),
    Way("GET", "/pages/{name}", SIGNED_IN, library.page, "a written page"),
    Way("GET", "/staff", KEEP_STAFF, roster.staff, "the list of staff"),
    Way(
        "POST",
        "/staff",
        KEEP_STAFF,
        roster.change,
        "change the list of staff",
        ("do", "name", "shown", "role", "password"),
    ),
    Way("GET", "/trail", KEEP_STAFF, roster.trail, "the trail of accesses"),
)
_STATIC: Final = Path(__file__).parent / "static"
_FILES: Final = {
    "eutonia.css": TEMPLATES / "eutonia.css",
    "workbench.css": _STATIC / "workbench.css",
    "workbench.js": _STATIC / "workbench.js",
}
# So many requests may be worked on or wait; the next one is refused at once.
CAPACITY: Final = 32
NOBODY: Final = Trust()


def application(
    office: Office,
    *,
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost"),
    capacity: int = CAPACITY,
    url: str = "http://127.0.0.1:8000",
    trust: Trust = NOBODY,
    alone: bool = True,
    directory: OpenId | None = None,
) -> Starlette:
    """The workbench of an office, with FHIR and CDS Hooks beside it.

    hosts: the names under which it may be asked for; any other name is refused, so that no page from elsewhere reaches it
    by a name of its own.  url: the address that callers use; trust: which record systems may call; alone: only this
    machine can; directory: who else says who somebody is.
    """

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[None]:
        with office.watching():
            yield

    async def nowhere(request: Request, error: Exception) -> Response:
        asked = Asked(request, office, None, {})
        return asked.page("refused.html", 404, says="There is no such page.", typed=[])

    found = Starlette(
        routes=[
            *(Route(f"/static/{name}", _file(path)) for name, path in _FILES.items()),
            *(route(way, office) for way in WAYS),
            Route("/openapi.json", _document(url)),
            *records.routes(office, url, trust, alone=alone),
        ],
        middleware=[
            Middleware(Headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            Middleware(Capacity, most=capacity),
        ],
        exception_handlers={404: nowhere, 405: nowhere},
        lifespan=living,
    )
    found.state.openid = directory
    return found


def _document(url: str) -> Callable[[Request], Awaitable[Response]]:
    body = msgspec.json.encode(openapi.document(WAYS, url))

    async def answer(request: Request) -> Response:
        return Response(body, media_type="application/json")

    return answer


def _file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return FileResponse(path, headers={"cache-control": "max-age=3600"})

    return answer

"""The gate: who asks, whether they may, and whether the request is one of our own pages'; the one place where this is decided."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from eutonia.chart import ReadError
from eutonia.clinic import Session
from eutonia.doors.web.office import Office
from eutonia.doors.web.ways import ANYONE, Asked, Refused, Way
from eutonia.ledger import Conflict, LedgerError
from eutonia.moment import MomentError
from eutonia.quantity import QuantityError

_LOG: Final = logging.getLogger("eutonia.web")
COOKIE: Final = "eutonia"
LARGEST: Final = 64 * 1024
# The records of FHIR and CDS Hooks are larger, and say so themselves a little earlier.
_MOST: Final = 17 * 1024 * 1024
# Nothing from elsewhere, nothing inline: what a page needs comes from this server.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not "no-referrer": browsers would then not say that a form is ours.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # A page of a patient stays in no cache.
    "cache-control": "no-store",
}


def route(way: Way, office: Office) -> Route:
    """A way, guarded."""

    async def answer(request: Request) -> Response:
        request.scope["way"] = way.path
        form = _form(await request.body()) if way.method == "POST" else {}
        return await run_in_threadpool(_safe, way, office, request, form)

    return Route(way.path, answer, methods=[way.method], name=f"{way.method} {way.path}")


def _safe(way: Way, office: Office, request: Request, form: dict[str, str] | None) -> Response:
    """The answer; where even the refusal fails, a plain one."""
    try:
        return _answer(way, office, request, form)
    except Exception as error:
        _noted(way, error)
        return PlainTextResponse(f"{_BROKEN}\n", 500)


def _answer(way: Way, office: Office, request: Request, form: dict[str, str] | None) -> Response:
    session = signed_in(office, request)
    asked = Asked(request, office, session, form or {})
    if form is None:
        return _refused(asked, 413, "This form is larger than any of ours. Nothing was done.")
    try:
        if way.method == "POST":
            ours(request)
        if way.who is not ANYONE:
            if session is None:
                return RedirectResponse("/login", 303) if way.method == "GET" else _refused(asked, 401, _SIGN_IN)
            if session.member.role not in way.who:
                asked.note(f"was refused: {way.says}")
                return _refused(asked, 403, f"Your role, {session.member.role}, does not include this.")
            if way.method == "POST" and form.get("token") != session.form:
                return _refused(asked, 403, "This form is from an older session. Nothing was written; enter it again.")
        return way.does(asked)
    except Refused as error:
        return _refused(asked, error.status, error.says)
    except Conflict as error:
        return _refused(asked, 409, str(error))
    except (ReadError, QuantityError, MomentError) as error:
        return _refused(asked, 422, str(error))
    except LedgerError as error:
        return _refused(asked, 404 if "there is no" in str(error) else 409, str(error))
    except Exception as error:
        _noted(way, error)
        return _refused(asked, 500, _BROKEN)


_BROKEN: Final = "Something went wrong here, and was noted. If you were writing, look at the chart's history before you enter it again."


def _noted(way: Way, error: Exception) -> None:
    # Only where it happened: what an error says may hold a patient's data.
    last = traceback.extract_tb(error.__traceback__)[-1]
    _LOG.error("%s %s: %s in %s, line %s", way.method, way.path, type(error).__name__, last.name, last.lineno)


_SIGN_IN: Final = "You are not signed in, or the session is over. Nothing was written. Sign in, and enter it again."


def _refused(asked: Asked, status: int, says: str) -> Response:
    return asked.page("refused.html", status, says=says, typed=asked.typed)


def _form(body: bytes) -> dict[str, str] | None:
    """The fields of a form; none where it is larger than any of ours."""
    if len(body) > LARGEST:
        return None
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=100))
    except ValueError:
        return {}


def ours(request: Request) -> None:
    """Raises Refused where a form was not sent by a page of ours: browsers say from where it comes."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise Refused(403, "This form came from another site. Nothing was done.")
    if origin is not None and (origin == "null" or urlsplit(origin).netloc != request.headers.get("host")):
        raise Refused(403, "This form came from another site. Nothing was done.")


def remember(answer: Response, key: str, request: Request) -> Response:
    """The answer that makes a browser remember a session, for as long as it runs."""
    answer.set_cookie(COOKIE, key, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/")
    return answer


def signed_in(office: Office, request: Request) -> Session | None:
    """The session that a request belongs to."""
    return office.staff.session(request.cookies.get(COOKIE, ""))


class Headers:
    """Puts the headers on every answer, and one line into the log: no address with its query, no name, no content."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in there),
                ]
                took = 1000 * (time.perf_counter() - begun)
                _LOG.info("%s %s %s %.0f ms", scope["method"], scope.get("way", "..."), message["status"], took)
            await send(message)

        await self.app(scope, receive, sent)


class Capacity:
    """Refuses what is beyond the capacity at once, instead of letting everybody wait until nobody is answered.

    A request counts once its body is there: whoever sends slowly, or never ends, keeps nobody out.
    """

    def __init__(self, app: ASGIApp, most: int, patience_s: float = 10.0) -> None:
        self.app, self.most, self.patience_s, self.working = app, most, patience_s, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or refuses it."""
        if scope["type"] != "http" or scope["path"] == "/health":
            await self.app(scope, receive, send)
            return
        met: list[Message] = []
        size = 0
        try:
            async with asyncio.timeout(self.patience_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    met.append(message)
                    size += len(message.get("body", b""))
                    if size > _MOST or not message.get("more_body", False):
                        break
        except TimeoutError:
            await _plain(send, 408, "The request did not end. Nothing was done.")
            return
        if size > _MOST:
            await _plain(send, 413, "This is larger than anything that is read here. Nothing was done.")
            return
        if self.working >= self.most:
            says = "More is asked than can be answered now. Nothing was done; try again in a few seconds."
            await _plain(send, 503, says, (b"retry-after", b"2"))
            return
        again = iter(met)

        async def received() -> Message:
            # As it came, piece by piece: a megabyte is not copied for this.
            return next(again, None) or await receive()

        self.working += 1
        try:
            await self.app(scope, received, send)
        finally:
            self.working -= 1


async def _plain(send: Send, status: int, says: str, *headers: tuple[bytes, bytes]) -> None:
    every = [(b"content-type", b"text/plain; charset=utf-8"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": every})
    await send({"type": "http.response.body", "body": f"{says}\n".encode()})

"""The addresses that a record calls: the list of services, one address for each, and one for what became of the cards."""

from __future__ import annotations

import gc
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import httpx2 as httpx
import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route

import eutonia
from eutonia.doors.hooks import asked as calls
from eutonia.doors.hooks.asked import Asked, NotServed
from eutonia.doors.hooks.cards import Place, answer
from eutonia.doors.hooks.feedback import read_feedback
from eutonia.doors.hooks.fetch import fetched, reachable
from eutonia.doors.hooks.record import gathered, missing
from eutonia.doors.hooks.services import SERVICES, discovery
from eutonia.doors.hooks.trust import Gate, NotTrusted, Trust

_LARGEST: Final = 16 * 1024 * 1024
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_LOG: Final = logging.getLogger("eutonia.doors.hooks")

Keep = Callable[[str, dict[str, Any]], None]
Endpoint = Callable[[Request], Awaitable[Response]]


def _forget(_service: str, _feedback: dict[str, Any]) -> None:
    """Feedback is answered, and nobody keeps it."""


class Office(Struct, frozen=True):
    """What the service is handed: where it stands, the label that holds there, who may ask, and who keeps the feedback.

    `url` is the address that callers use, without '/cds-services': behind a proxy, the proxy's https address.
    `origins` are the pages that may call from a browser.
    """

    url: str
    jurisdiction: str = "US"
    zone: str = "UTC"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    trust: Trust = Trust()
    http: httpx.Client | None = None
    keep: Keep = _forget
    origins: tuple[str, ...] = ("*",)
    about: str = ""


def routes(office: Office) -> list[Route | Mount]:
    """The routes of the service, to stand alone in a `Starlette(routes=...)` or beside others."""
    gate = Gate(office.trust, office.http, office.clock)
    base = office.url.rstrip("/") + "/cds-services"
    # Bearer tokens, never cookies, say who calls, so a page elsewhere gains nothing from a browser that is logged in.
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(office.origins),
        allow_methods=["GET", "POST", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type"],
        max_age=600,
    )

    async def listed(request: Request) -> Response:
        return _json(discovery(eutonia.__version__))

    async def asked(request: Request) -> Response:
        id_ = _service(request)
        await _trusted(gate, request, f"{base}/{id_}")
        content = await _body(request)
        # On this thread: a call is computing, and several at once would only make each of them slower.
        with _uncollected():
            found = _at_once(content, id_, office)
        if isinstance(found, Response):
            return found
        assert office.http is not None
        sent = await run_in_threadpool(fetched, found, found.prefetch or {}, office.http)
        return _answered(found, sent, office)

    async def told(request: Request) -> Response:
        id_ = _service(request)
        await _trusted(gate, request, f"{base}/{id_}/feedback")
        feedback = read_feedback(await _body(request))
        await run_in_threadpool(office.keep, id_, feedback)
        return Response(status_code=200)

    def route(path: str, endpoint: Endpoint, method: str) -> Route:
        return Route(path, _guarded(endpoint, method), methods=_METHODS, middleware=[cors])

    return [
        route("/cds-services", listed, "GET"),
        route("/cds-services/{id}", asked, "POST"),
        route("/cds-services/{id}/feedback", told, "POST"),
    ]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's garbage collector: a record is a megabyte of small objects, all gone with the answer to the call,
    and it would walk through them several times in vain."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _at_once(content: bytes, id_: str, office: Office) -> Response | Asked:
    """The answer, or the call itself where something is missing that the record's own server can be asked for."""
    found = calls.read(content, id_)
    sent = found.prefetch or {}
    if office.http is not None and reachable(found, office.trust) and missing(sent):
        return found
    return _answered(found, sent, office)


def _answered(found: Asked, sent: dict[str, Any], office: Office) -> Response:
    place = Place(office.clock(), office.jurisdiction, office.zone, office.about)
    return _json(answer(found, gathered(found, sent), place))


def _service(request: Request) -> str:
    id_ = str(request.path_params["id"])
    if id_ not in {each.id for each in SERVICES}:
        raise NotServed(404, f"no such service; there are {', '.join(each.id for each in SERVICES)}", "not-found")
    return id_


async def _trusted(gate: Gate, request: Request, url: str) -> None:
    header = request.headers.get("authorization", "")
    if gate.fetches:
        await run_in_threadpool(gate.check, header, url)
    else:
        gate.check(header, url)


async def _body(request: Request) -> bytes:
    """The whole body, which is JSON by its own word and of a size that a record has."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NotServed(415, "send the body as 'Content-Type: application/json'")
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > _LARGEST:
            raise NotServed(413, "the body is larger than 16 MiB", "too-long")
    return b"".join(parts)


def _guarded(endpoint: Endpoint, method: str) -> Endpoint:
    """The endpoint, with every refusal as an OperationOutcome; no words of a patient reach a log or a caller that way."""

    async def guarded(request: Request) -> Response:
        if request.method not in (method, "HEAD" if method == "GET" else method):
            says = f"this address answers {method}"
            status = 204 if request.method == "OPTIONS" else 405
            return _outcome(status, says, "not-supported", {"Allow": f"{method}, OPTIONS"})
        try:
            return await endpoint(request)
        except NotServed as reason:
            return _outcome(reason.status, reason.says, reason.code)
        except NotTrusted as reason:
            return _outcome(401, str(reason), "login", {"WWW-Authenticate": "Bearer"})
        except ClientDisconnect:
            return _outcome(400, "the caller left before the body was whole", "incomplete")
        except Exception as error:
            # A mistake of ours.  Its message may quote the record, so only its kind and its place are told.
            at = traceback.extract_tb(error.__traceback__)[-1]
            _LOG.error("%s at %s:%s", type(error).__name__, at.filename, at.lineno)
            return _outcome(500, "this could not be answered: a mistake in the service, which was logged", "exception")

    return guarded


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = msgspec.json.encode(value)
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def _outcome(status: int, says: str, code: str, headers: dict[str, str] | None = None) -> Response:
    if status == 204:
        return Response(status_code=204, headers=headers)
    issue = {"severity": "error", "code": code, "diagnostics": says}
    return _json({"resourceType": "OperationOutcome", "issue": [issue]}, status, headers)

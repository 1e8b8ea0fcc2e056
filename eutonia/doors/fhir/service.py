"""The FHIR door as routes of a web application: patients, whole charts, and the operation $advise.

Who may come in is asked by the application that these routes are put into, never here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eutonia.advice import advise
from eutonia.chart import Chart, ReadError
from eutonia.chart.fhir import from_bundle
from eutonia.doors.fhir import advice_bundle, to_json
from eutonia.doors.fhir.asked import Asked, Refused, in_body, in_query
from eutonia.doors.fhir.capability import advise_operation, capabilities
from eutonia.doors.fhir.fields import OWN, Json
from eutonia.doors.fhir.office import Charts, Office
from eutonia.doors.fhir.record import chart_bundle, patient_of
from eutonia.moment import MomentError

__all__ = ["LARGEST", "Charts", "Office", "routes"]

# A patient's whole record from a large hospital has some MiB.
LARGEST: Final = 16 * 1024 * 1024
_FHIR: Final = "application/fhir+json"
_READ: Final = frozenset({_FHIR, "application/json"})
_FORM: Final = frozenset({"application/x-www-form-urlencoded"})
_ACCEPTED: Final = frozenset({*_READ, "application/*", "*/*", "json", "text/json"})

Answer = Callable[[Office, Request, bytes], Json]


def routes(office: Office) -> list[Route]:
    """The routes of the FHIR door, to be put under the address that the office names as its base."""

    def at(path: str, answer: Answer, *methods: str) -> Route:
        return Route(path, _endpoint(office, answer), methods=list(methods or ["GET"]))

    return [
        at("/metadata", _metadata),
        at("/OperationDefinition/advise", _definition),
        at("/Patient/_search", _search, "POST"),
        at("/Patient/{id}", _patient),
        at("/Patient/{id}/$everything", _everything),
        at("/Patient/{id}/$advise", _advise, "GET", "POST"),
        at("/$advise", _advise_anybody, "POST"),
        at("/{rest:path}", _nothing, "GET", "POST", "PUT", "PATCH", "DELETE"),
    ]


def _endpoint(office: Office, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        status = 200
        try:
            _acceptable(request)
            body = await _body(request) if request.method == "POST" else b""
            # Reading and advising take tens of milliseconds of the processor, so they leave the loop to others.
            found = await run_in_threadpool(answer, office, request, body)
            content = await run_in_threadpool(to_json, found)
        except Refused as refused:
            status, content = refused.status, to_json(refused.outcome())
        except ReadError as error:
            status, content = 422, to_json(Refused(422, "processing", str(error)).outcome())
        except MomentError as error:
            status, content = 400, to_json(Refused(400, "value", str(error)).outcome())
        return Response(content, status, {"cache-control": "no-store"}, _FHIR)

    return endpoint


# --- what comes in ----------------------------------------------------------------------------------------------------


def _kinds(header: str) -> set[str]:
    return {each.partition(";")[0].strip().lower() for each in header.split(",")}


def _acceptable(request: Request) -> None:
    wanted = request.query_params.get("_format") or request.headers.get("accept", "*/*")
    if not _kinds(wanted) & _ACCEPTED:
        raise Refused(406, "not-supported", f"only {_FHIR} is given out here")


async def _body(request: Request) -> bytes:
    """The body, as long as it is not too large; it is never held beyond the limit."""
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > LARGEST:
            raise Refused(413, "too-long", f"the body is larger than {LARGEST // 1024 // 1024} MiB")
    read = _FORM if request.url.path.endswith("/_search") else _READ
    if found and not _kinds(request.headers.get("content-type", "")) & read:
        raise Refused(415, "not-supported", f"the body must be {' or '.join(sorted(read))}")
    return bytes(found)


# --- the answers ------------------------------------------------------------------------------------------------------


def _nothing(office: Office, request: Request, _: bytes) -> Json:
    raise Refused(404, "not-supported", f"nothing answers here; {office.base}/metadata says what does")


def _metadata(office: Office, request: Request, _: bytes) -> Json:
    return capabilities(office.base)


def _definition(office: Office, request: Request, _: bytes) -> Json:
    return advise_operation(office.base)


def _chart(office: Office, request: Request) -> Chart:
    try:
        return office.charts.chart(request.path_params["id"])
    except KeyError:
        raise Refused(404, "not-found", "there is no patient of this id") from None


def _patient(office: Office, request: Request, _: bytes) -> Json:
    return patient_of(_chart(office, request), known_as=request.path_params["id"])


def _search(office: Office, request: Request, body: bytes) -> Json:
    """The patient of one identifier: exact, or none; there is no list of all patients.

    By POST alone: an identifier in an address would stand in every log on its way.
    """
    given = [(name, value) for name, value in parse_qsl(body.decode(errors="replace"), keep_blank_values=True)]
    if [name for name, _ in given if name != "_format"] != ["identifier"] or request.url.query:
        raise Refused(400, "not-supported", "patients are found by one 'identifier' in the body, and by nothing else")
    system, bar, value = dict(given)["identifier"].rpartition("|")
    found: list[Json] = []
    if value and (not bar or system == f"{OWN}person"):
        try:
            id_ = office.charts.of_person(value)
            patient = patient_of(office.charts.chart(id_), known_as=id_)
            found.append({"fullUrl": f"{office.base}/Patient/{id_}", "resource": patient, "search": {"mode": "match"}})
        except KeyError:
            pass
    link = [{"relation": "self", "url": f"{office.base}/Patient/_search"}]
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": link}
    return bundle | {"entry": found} if found else bundle


def _everything(office: Office, request: Request, _: bytes) -> Json:
    if set(request.query_params) - {"_format"}:
        raise Refused(400, "not-supported", "$everything gives the whole chart; it takes no parameters")
    chart = _chart(office, request)
    return chart_bundle(chart, office.clock(), "searchset", known_as=request.path_params["id"])


def _advise(office: Office, request: Request, body: bytes) -> Json:
    asked = in_body(body) if body else in_query(request.query_params.multi_items())
    if asked.bundle is not None:
        says = "the patient of the address has a chart here, so no bundle may be given; send it to $advise"
        raise Refused(400, "invalid", says)
    return _answer(office, _chart(office, request), asked, request.path_params["id"])


def _advise_anybody(office: Office, request: Request, body: bytes) -> Json:
    asked = in_body(body)
    if asked.bundle is None:
        raise Refused(400, "required", "a parameter 'bundle' with the record of one patient is needed", "Parameters")
    return _answer(office, from_bundle(asked.bundle, "the bundle", office.zone), asked)


def _answer(office: Office, chart: Chart, asked: Asked, known_as: str = "") -> Json:
    advice = advise(chart, asked.now or office.clock(), asked.jurisdiction or office.jurisdiction)
    where = f"{office.base}/OperationDefinition/advise"
    return advice_bundle(advice, foresee=asked.predictions, module=where, known_as=known_as)

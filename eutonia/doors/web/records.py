"""The ways for other programs: FHIR and CDS Hooks, beside the pages and behind a gate of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import httpx2 as httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Router
from starlette.types import Receive, Scope, Send

from eutonia.chart import Chart
from eutonia.doors import fhir, hooks
from eutonia.doors.fhir.service import Office as FhirOffice
from eutonia.doors.fhir.service import routes as fhir_routes
from eutonia.doors.hooks import Trust
from eutonia.doors.hooks.trust import Gate, NotTrusted, complete
from eutonia.doors.web.gate import ours, signed_in
from eutonia.doors.web.office import Office
from eutonia.doors.web.settings import read_settings
from eutonia.doors.web.ways import LOOK, Refused
from eutonia.ledger import LedgerError

FHIR: Final = "/fhir"
# What says nothing of a patient, and is asked for before anybody can show a token.
_OPEN: Final = ("/metadata", "/OperationDefinition/advise")


def read_trust(path: Path) -> Trust:
    """Read who may call, as JSON: 'clients' with 'iss' and either 'jku' or 'keys', and 'fhir_servers'.

    Raises ValueError where a key is unknown or missing, or nobody is named: such a file would leave CDS Hooks open.
    """
    trust = read_settings(path, Trust, "'clients', each with 'iss' and 'jku' or 'keys'")
    try:
        return complete(trust)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def routes(office: Office, url: str, trust: Trust, *, alone: bool) -> list[BaseRoute]:
    """The ways under an address.

    alone: only this machine can call.  Where others can and nobody is named who may, CDS Hooks is not served.
    """
    http = httpx.Client(timeout=2.0, follow_redirects=False)
    at = FhirOffice(_Kept(office), url + FHIR, office.jurisdiction, office.zone, office.now)
    found: list[BaseRoute] = [
        Mount(FHIR, _Door(office, Router(fhir_routes(at)), Gate(trust, http, office.now), at.base))
    ]
    if alone or trust.clients:
        keep = office.feedback.keep
        found += hooks.routes(
            hooks.Office(
                url, office.jurisdiction, office.zone, office.now, trust, http, lambda id, said: keep(id, said)
            )
        )
    return found


class _Kept:
    """The charts of the ledger, by the ids that the ledger gave them."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def chart(self, id: str) -> Chart:
        """A chart; KeyError where there is none."""
        try:
            return self._office.ledger.chart(id)
        except LedgerError:
            raise KeyError(id) from None

    def of_person(self, person: str) -> str:
        """The id of a person's chart; KeyError where there is none."""
        held = self._office.ledger.of_person(person)
        if held is None:
            raise KeyError(person)
        return held.id


class _Door:
    """Lets through who is signed in and may look, or who bears a token for this address; and notes each access."""

    def __init__(self, office: Office, app: Router, gate: Gate, base: str) -> None:
        self._office, self._app, self._gate, self._base = office, app, gate, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request = Request(scope, receive)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        scope["way"] = FHIR
        if path not in _OPEN:
            try:
                who = await run_in_threadpool(self._who, request)
            except (NotTrusted, Refused) as error:
                status = error.status if isinstance(error, Refused) else 401
                await _outcome(status, str(error))(scope, receive, send)
                return
            await run_in_threadpool(self._note, who, path)
        await self._app(scope, receive, send)

    def _who(self, request: Request) -> str:
        session = signed_in(self._office, request)
        if session is not None:
            if request.method != "GET":
                ours(request)
            if session.member.role not in LOOK:
                raise Refused(403, f"the role {session.member.role} does not include this")
            return session.member.name
        if self._gate.open:
            raise NotTrusted("sign in, or have this server told which clients may call")
        return self._gate.check(request.headers.get("authorization", ""), self._base)

    def _note(self, who: str, path: str) -> None:
        words = path.strip("/").split("/")
        chart = words[1] if words[0] == "Patient" and len(words) > 1 and not words[1].startswith("_") else ""
        known = chart if chart in self._office.view.charts else ""
        self._office.note(who, f"asked FHIR for {'a patient' if chart else words[0] or 'nothing'}", known)


def _outcome(status: int, says: str) -> Response:
    issue = {"severity": "error", "code": "login" if status == 401 else "forbidden", "diagnostics": says}
    body = fhir.to_json({"resourceType": "OperationOutcome", "issue": [issue]})
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    return Response(body, status, headers, "application/fhir+json")

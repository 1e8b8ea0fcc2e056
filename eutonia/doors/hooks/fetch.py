"""What was not sent along, read from the record's own FHIR server: briefly, safely, and never anywhere else."""

from __future__ import annotations

import ipaddress
import logging
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2 as httpx
import msgspec

from eutonia.chart.fhir.fields import objects
from eutonia.doors.hooks.asked import Asked
from eutonia.doors.hooks.record import missing, next_page
from eutonia.doors.hooks.services import QUERIES
from eutonia.doors.hooks.trust import Trust

# A record drops a card after about half a second, so all reading together ends well before.
SECONDS: Final = 0.3
_LARGEST: Final = 4 * 1024 * 1024
_PAGES: Final = 5
_AT_ONCE: Final = 6
_NAME: Final = re.compile(r"[A-Za-z0-9.-]+")

# The client tells every address that it asks, and a FHIR address holds the patient's id; no log may.
for _name in ("httpx2", "httpcore2", "httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def reachable(asked: Asked, trust: Trust) -> bool:
    """Whether the FHIR server of a call may be asked: https, with its token, and on the list where there is one."""
    given = asked.fhir_authorization
    if asked.fhir_server is None or given is None or given.token_type.lower() != "bearer":
        return False
    if not given.access_token or not given.access_token.isascii() or not given.access_token.isprintable():
        return False
    where = origin(asked.fhir_server)
    if where is None:
        return False
    return where in {origin(each) for each in trust.fhir_servers} if trust.limits else _public(asked.fhir_server)


def origin(url: str) -> tuple[str, int] | None:
    """Host and port of an https address; none where it is another kind of address, or holds a name and password."""
    try:
        found = urlsplit(url)
        port = found.port or 443
    except ValueError:
        return None
    if found.scheme != "https" or not found.hostname or "@" in found.netloc or found.query or found.fragment:
        return None
    return (found.hostname.lower(), port) if _NAME.fullmatch(found.hostname) else None


def _public(url: str) -> bool:
    """Whether the host is a name of the network at large: the service must not be led to its own neighbours."""
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost"))
    return False


def fetched(asked: Asked, sent: Mapping[str, Any], http: httpx.Client) -> dict[str, Any]:
    """What was sent, and what the server could add in the time there is; a failure leaves things as they were sent."""
    until = time.monotonic() + SECONDS
    found = dict(sent)
    lacks = [each for each in QUERIES if each.key in missing(sent)]
    crew = ThreadPoolExecutor(_AT_ONCE)
    tasks = {each.key: crew.submit(_whole, asked, sent.get(each.key), each.query, http, until) for each in lacks}
    for key, task in tasks.items():
        try:
            value = task.result(max(0.0, until - time.monotonic()))
        except TimeoutError:
            continue
        if value is not None:
            found[key] = value
    # What is still under way ends by its own time limit, and nobody waits for it.
    crew.shutdown(wait=False, cancel_futures=True)
    return found


def _whole(asked: Asked, begun: Any, query: str, http: httpx.Client, until: float) -> dict[str, Any] | None:
    """One answer with all its pages: those that follow what was sent, or everything from the first page on."""
    assert asked.fhir_server is not None
    base = asked.fhir_server.rstrip("/")
    first = begun if isinstance(begun, dict) and begun.get("resourceType") == "Bundle" and next_page(begun) else None
    first = first or _page(f"{base}/{query.replace('{{context.patientId}}', asked.patient)}", asked, http, until)
    if first is None:
        return None
    pages = [first]
    while len(pages) < _PAGES and (after := next_page(pages[-1])) is not None:
        # The token goes to the server that it is for, and to no other that a page may name.
        if origin(after.partition("?")[0]) != origin(base):
            break
        more = _page(after, asked, http, until)
        if more is None or more.get("resourceType") != "Bundle":
            break
        pages.append(more)
    entries = [entry for page in pages for entry in objects(page.get("entry"))]
    # The links of the last page: where it names a further one, the answer is still not whole.
    return first if len(pages) == 1 else {**pages[-1], "entry": entries}


def _page(url: str, asked: Asked, http: httpx.Client, until: float) -> dict[str, Any] | None:
    left = until - time.monotonic()
    if left <= 0:
        return None
    assert asked.fhir_authorization is not None
    headers = {
        "Authorization": f"Bearer {asked.fhir_authorization.access_token}",
        "Accept": "application/fhir+json",
    }
    try:
        with http.stream("GET", url, headers=headers, timeout=left, follow_redirects=False) as answer:
            if answer.status_code != 200:
                return None
            body = bytearray()
            for part in answer.iter_bytes():
                body += part
                if len(body) > _LARGEST or time.monotonic() > until:
                    return None
        found = msgspec.json.decode(bytes(body))
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("entry", []), list) else None

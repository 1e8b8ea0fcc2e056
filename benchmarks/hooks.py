"""W5: the record asks at the signing of an order, with one megabyte of the patient's record: fifty times a second, on one core.

python -m benchmarks.hooks [--requests 10000] [--rate 50] [--open]

The service is a uvicorn process of its own, held to one core; the calls come from this process, on another core, each at
its own moment whether or not the ones before it were answered, so that a queue shows.  Every call has its token, and no
two bodies that follow one another hold the same times.  The same calls then go to a service that only reads the JSON:
what its slowest calls take is the machine's and the server's, not ours.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
import uuid
from datetime import timedelta
from typing import Any, Final

from benchmarks.inputs import SHARED, bundle_text
from benchmarks.timing import median_s

SERVICE: Final = "baclofen-order-sign"
SIZE: Final = 1_000_000
TARGET_S: Final = 0.05
BODIES: Final = 64
WARM: Final = 64
IDLE_S: Final = 60
# As the synthetic patients are written; a record may also leave all the white space out, and then holds twice as much.
LAYOUTS: Final[dict[str, dict[str, Any]]] = {"indented": {"indent": 4}, "compact": {"separators": (",", ":")}}
_LOINC: Final = {
    "2160-0": "creatinine", "38483-4": "creatinineBlood", "98979-8": "egfr2021", "62238-1": "egfr2009",
    "33914-3": "egfrMdrd", "48642-3": "egfrMdrdAlso", "29463-7": "weight", "8302-2": "height", "82810-3": "pregnancy",
}  # fmt: skip
_TYPES: Final = {
    "MedicationRequest": "orders", "MedicationStatement": "statements", "Condition": "conditions",
    "AllergyIntolerance": "allergies", "Device": "devices", "DeviceUseStatement": "deviceUses", "Procedure": "procedures",
}  # fmt: skip


# --- what is sent -----------------------------------------------------------------------------------------------------


def records() -> tuple[list[list[dict[str, Any]]], str]:
    """Records of about a megabyte: synthetic patients where they are at hand, else made here."""
    files = sorted(SHARED.glob("*.json.gz")) if SHARED.exists() else []
    texts = [gzip.decompress(file.read_bytes()).decode() for file in files]
    texts = [text for text in texts if len(text) >= SIZE * 1.05]
    made = "synthetic patients"
    if not texts:
        texts, made = [bundle_text()[0]], "made"
    found = [[entry["resource"] for entry in json.loads(_plain(text))["entry"]] for text in texts]
    if made == "made":
        for number, each in enumerate(found[0]):
            if number % 10 and each["resourceType"] == "Observation":  # most of a record is of no use for baclofen
                each["code"] = {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]}
    return found, made


def _plain(text: str) -> str:
    """The bundle with the names that a server gives: 'Patient/17' instead of 'urn:uuid:17'."""
    for entry in json.loads(text)["entry"]:
        kind, id_ = entry["resource"]["resourceType"], entry["resource"]["id"]
        text = text.replace(f'"{entry["fullUrl"]}"', f'"{kind}/{id_}"')
    return text


def body(record: list[dict[str, Any]], number: int, layout: dict[str, Any]) -> bytes:
    """One call with a megabyte of prefetch; what a baclofen chart needs first, the rest of the record after it."""
    patient = next(each for each in record if each["resourceType"] == "Patient")
    keys = [*_TYPES.values(), *_LOINC.values()]
    prefetch: dict[str, Any] = {"patient": patient, **{key: _bundle() for key in keys}}
    size = len(json.dumps(prefetch))
    rest = [each for each in record if each is not patient]
    rest.sort(key=lambda each: _key(each) is None)
    # Round and round under new names, where one record is not long enough.
    for again in range(9):
        for each in rest:
            more = len(json.dumps({"resource": each}, **layout))
            more += 16 * json.dumps(each, **layout).count("\n")  # as deep as it stands in the call
            if size + more < SIZE:
                one = each | {"id": f"{each['id']}-{again}"} if again else each
                prefetch[_key(each) or "procedures"]["entry"].append({"resource": one})
                size += more
    me = {"reference": f"Patient/{patient['id']}"}
    drug, dose = [
        ("baclofen 20 MG Oral Tablet", "20 mg four times a day"),
        ("oxycodone 5 MG Oral Tablet", "as directed"),
    ][number % 2]
    if number % 2:
        prefetch["orders"]["entry"].append(
            {"resource": _order("baclofen 10 MG", "10 mg three times a day", me, "active", "b")}
        )
    found = {
        "hook": "order-sign",
        "hookInstance": str(uuid.UUID(int=number + 1)),
        "context": {
            "userId": "Practitioner/1",
            "patientId": patient["id"],
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": _order(drug, dose, me, "draft", "d")}]},
        },
        "prefetch": prefetch,
    }
    text = json.dumps(found, **layout)
    # Other times in every body: what was kept from the one before must not help.
    shift = timedelta(seconds=37 * number)
    return re.sub(r"T(\d\d):(\d\d):(\d\d)", lambda t: _later(t, shift), text).encode()


def _later(found: re.Match[str], shift: timedelta) -> str:
    hour, minute, second = (int(each) for each in found.groups())
    total = (hour * 3600 + minute * 60 + second + int(shift.total_seconds())) % 86400
    return f"T{total // 3600:02d}:{total // 60 % 60:02d}:{total % 60:02d}"


def _key(resource: dict[str, Any]) -> str | None:
    codes = [each.get("code") for each in resource.get("code", {}).get("coding", [])] if "code" in resource else []
    if resource["resourceType"] == "Observation":
        return next((_LOINC[code] for code in codes if code in _LOINC), None)
    return _TYPES.get(resource["resourceType"])


def _bundle() -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": []}


def _order(drug: str, dose: str, me: dict[str, str], status: str, id_: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest", "id": id_, "status": status, "intent": "order", "subject": me,
        "medicationCodeableConcept": {"text": drug}, "dosageInstruction": [{"text": dose}], "authoredOn": "2026-01-06",
    }  # fmt: skip


# --- the service ------------------------------------------------------------------------------------------------------


def serve(core: int, port: int, keys: str) -> None:
    """The service as it would run: one process on one core, callers known by their keys."""
    os.sched_setaffinity(0, {core})
    import gc

    import uvicorn
    from starlette.applications import Starlette

    from eutonia.doors.hooks import Client, Office, Trust, routes
    from eutonia.doors.web.memory import keep_memory

    trust = Trust((Client("https://bench", keys=json.loads(keys)),)) if keys else Trust()
    app = Starlette(routes=[*routes(Office(f"http://127.0.0.1:{port}", trust=trust))])
    gc.freeze()
    keep_memory()
    # A caller that keeps its line open for a while is not to find it closed.
    uvicorn.run(app, port=port, log_level="error", access_log=False, timeout_keep_alive=75)


def serve_json(core: int, port: int) -> None:
    """A service beside it, on the same server: it reads the body as JSON, looks at nothing, and answers without cards."""
    os.sched_setaffinity(0, {core})
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def listed(_: Request) -> JSONResponse:
        return JSONResponse({"services": []})

    async def answered(request: Request) -> JSONResponse:
        await request.json()
        return JSONResponse({"cards": []}, media_type="application/json")

    app = Starlette(
        routes=[Route("/cds-services", listed), Route(f"/cds-services/{SERVICE}", answered, methods=["POST"])]
    )
    uvicorn.run(app, port=port, log_level="error", access_log=False, timeout_keep_alive=75)


def started(command: list[str], port: int) -> tuple[subprocess.Popen[bytes], float]:
    """The service, and the seconds until its first answer."""
    begin = time.perf_counter()
    process = subprocess.Popen(command)
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/cds-services", timeout=1) as answer:
                answer.read()
            return process, time.perf_counter() - begin
        except OSError:
            if process.poll() is not None or time.perf_counter() - begin > 30:
                raise
            time.sleep(0.01)


# --- the callers ------------------------------------------------------------------------------------------------------


class Line:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None
        self.used = 0.0

    async def ask(self, content: bytes, token: str) -> int:
        """The status of the answer, once it is there to its last byte."""
        if self.reader is None or self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"POST /cds-services/{SERVICE} HTTP/1.1\r\nHost: 127.0.0.1\r\n{bearer}"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self.writer.write(head.encode())
        self.writer.write(content)
        await self.writer.drain()
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = re.search(r"content-length: (\d+)", answer)
        cards = await self.reader.readexactly(int(length[1]) if length else 0)
        status = int(answer.split(" ", 2)[1])
        return status if b'"cards":' in cards else max(status, 500)


async def load(bodies: list[bytes], tokens: list[str], rate: float, port: int) -> tuple[list[float], int]:
    """Seconds from the moment at which each call was due to its whole answer; and how many were not answered."""
    free: list[Line] = []
    taken: list[float] = []
    wrong = 0

    async def one(number: int, due: float) -> None:
        nonlocal wrong
        # As any caller does: a line that nobody used for a minute is not relied on.
        free[:] = [each for each in free if time.perf_counter() - each.used < IDLE_S]
        line = free.pop() if free else Line(port)
        try:
            status = await line.ask(bodies[number % len(bodies)], tokens[number])
        except (OSError, asyncio.IncompleteReadError):
            wrong += 1
            return
        line.used = time.perf_counter()
        taken.append(line.used - due)
        wrong += status != 200
        free.append(line)

    begin = time.perf_counter() + 0.1
    tasks = set()
    for number in range(len(tokens)):
        due = begin + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(number, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return sorted(taken), wrong


def signed(count: int, port: int) -> tuple[str, list[str]]:
    """The key set of a record system, and a token for each call."""
    from joserfc import jwt
    from joserfc.jwk import ECKey, KeySet

    key = ECKey.generate_key("P-384", parameters={"kid": "1"}, private=True)
    now = int(time.time())
    head = {"alg": "ES384", "kid": "1", "typ": "JWT"}
    claims = {
        "iss": "https://bench",
        "aud": f"http://127.0.0.1:{port}/cds-services/{SERVICE}",
        "iat": now,
        "exp": now + 3600,
    }
    tokens = [jwt.encode(head, {**claims, "jti": str(n)}, key, algorithms=["ES384"]) for n in range(count)]
    return json.dumps(KeySet([key]).as_dict(private=False)), tokens


# --- the result -------------------------------------------------------------------------------------------------------


def service_ms(bodies: list[bytes]) -> dict[str, float]:
    """What one call costs without the network, part by part."""
    from datetime import UTC, datetime

    from eutonia.doors.hooks import asked
    from eutonia.doors.hooks.cards import Place, answer
    from eutonia.doors.hooks.record import gathered, read_chart

    place = Place(datetime(2026, 6, 1, 9, tzinfo=UTC))
    parts: dict[str, list[float]] = {"decode": [], "read": [], "all": []}
    for content in bodies:
        begin = time.perf_counter()
        found = asked.read(content, SERVICE)
        parts["decode"].append(time.perf_counter() - begin)
        record = gathered(found, found.prefetch or {})
        middle = time.perf_counter()
        read_chart(record.entries, place.now, place.zone)
        parts["read"].append(time.perf_counter() - middle)
        begin = time.perf_counter()
        found = asked.read(content, SERVICE)
        answer(found, gathered(found, found.prefetch or {}), place)
        parts["all"].append(time.perf_counter() - begin)
    return {f"{name}_ms": round(statistics.median(times) * 1e3, 2) for name, times in parts.items()}


def main() -> None:
    """The run as a command."""
    asks = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asks.add_argument("--requests", type=int, default=10_000)
    asks.add_argument("--rate", type=float, default=50)
    asks.add_argument("--open", action="store_true", help="without tokens")
    asks.add_argument("--compact", action="store_true", help="the megabyte without white space: twice the record")
    asks.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    asks.add_argument("--port", type=int, help=argparse.SUPPRESS)
    asks.add_argument("--keys", default="", help=argparse.SUPPRESS)
    asks.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    given = asks.parse_args()
    if given.serve is not None:
        if given.bare:
            serve_json(given.serve, given.port)
        else:
            serve(given.serve, given.port, given.keys)
        return
    with socket.socket() as one:  # a port that nobody else has
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    cores = sorted(os.sched_getaffinity(0))
    layout = "compact" if given.compact else "indented"
    found, made = records()
    random.Random(5).shuffle(found)
    bodies = [body(found[n % len(found)], n, LAYOUTS[layout]) for n in range(BODIES)]
    keys, tokens = ("", [""] * (given.requests + WARM)) if given.open else signed(given.requests + WARM, port)
    parts = service_ms(bodies)
    peer = _peer(bodies[0])
    words = [sys.executable, "-m", "benchmarks.hooks", "--serve", str(cores[-1]), "--port", str(port)]
    os.sched_setaffinity(0, {cores[0]})
    times, wrong, first = _under_load([*words, "--keys", keys], bodies, tokens, given.rate, port)
    bare, _, _ = _under_load([*words, "--bare"], bodies, tokens, given.rate, port)
    at = _quantiles(times)
    print(
        json.dumps(
            {
                "bench": "W5 order-sign with 1 MB of prefetch",
                **at,
                "target_p99_ms": TARGET_S * 1e3,
                "met": at["p99_ms"] <= TARGET_S * 1e3 and wrong == 0 and first <= 2,
                "max_ms": round(times[-1] * 1e3, 1),
                "requests": len(times),
                "errors": wrong,
                "rate_s": given.rate,
                "first_answer_s": round(first, 2),
                "json_alone": _quantiles(bare),
                "service": parts,
                **peer,
                "bytes": round(statistics.mean(map(len, bodies))),
                "record": made,
                "layout": layout,
                "tokens": not given.open,
                "threads": 1,
                "cores": len(cores),
                "load": round(os.getloadavg()[0], 2),
            }
        ),
        flush=True,
    )


def _under_load(
    words: list[str], bodies: list[bytes], tokens: list[str], rate: float, port: int
) -> tuple[list[float], int, float]:
    """The times of all calls, how many were not answered, and the seconds to the first answer; the first calls warm it up."""
    process, first = started(words, port)
    try:
        asyncio.run(load(bodies, tokens[:WARM], rate / 3, port))
        return *asyncio.run(load(bodies, tokens[WARM:], rate, port)), first
    finally:
        process.terminate()
        process.wait()


def _quantiles(times: list[float]) -> dict[str, float]:
    return {
        f"p{p}_ms": round(times[min(len(times) - 1, int(len(times) * p / 100))] * 1e3, 1) for p in (50, 90, 99, 99.9)
    }


def _peer(content: bytes) -> dict[str, Any]:
    """Others on the same record, without a network: the JSON alone, and fhir.resources on the decoded JSON."""
    from fhir.resources.R4B.bundle import Bundle

    data = json.loads(content)
    entries = [entry for each in data["prefetch"].values() for entry in each.get("entry", ())]
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    theirs = median_s(lambda: Bundle.model_validate(whole))
    return {
        "peer": "fhir.resources: the same resources, without JSON and network",
        "peer_ms": round(theirs * 1e3, 1),
        "json_loads_ms": round(median_s(lambda: json.loads(content)) * 1e3, 2),
    }


if __name__ == "__main__":
    main()

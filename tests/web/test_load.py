"""More is asked than can be answered: what is too much is refused, what is answered is whole, and nothing fails."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx2 as httpx
import pytest
import uvicorn

from eutonia.doors.web.app import application
from tests.web.conftest import PASSWORD

MOST = 3


@pytest.fixture
def served(office) -> Iterator[str]:
    """The address of a server that works on three requests at a time."""
    config = uvicorn.Config("", port=0, log_level="error", access_log=False)
    socket = config.bind_socket()
    config.app = application(office, capacity=MOST)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_beyond_the_capacity_there_are_refusals_and_no_failures(served, pump, office):
    async def one(client: httpx.AsyncClient, path: str) -> tuple[int, str]:
        answer = await client.get(path)
        return answer.status_code, answer.text

    async def crowd() -> list[tuple[int, str]]:
        async with httpx.AsyncClient(base_url=served, timeout=60, limits=httpx.Limits(max_connections=60)) as client:
            await client.post("/login", data={"name": "dale", "password": PASSWORD})
            return await asyncio.gather(*(one(client, f"/charts/{pump}") for _ in range(60)))

    answers = asyncio.run(crowd())
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) == {200, 503}, statuses
    for status, text in answers:
        # Half a page would be a failure too.
        assert text.rstrip().endswith("</html>") if status == 200 else "try again in a few seconds" in text
    noted = sum(each.what == "looked at the chart" for each in office.trail.last(200, pump))
    assert noted == statuses[200], "an access for each page that was shown, and none for a refusal"
    with contextlib.closing(httpx.Client(base_url=served)) as client:
        assert client.get("/login").status_code == 200
        assert client.get("/health").status_code == 200


def test_many_who_write_at_once_lose_nothing_and_write_nothing_twice(served, pump, office):
    """Eight clinicians enter a weight each on one chart; whoever saw an older chart is told, and enters it again."""
    held = office.ledger.held(pump)

    async def write(number: int) -> int:
        async with httpx.AsyncClient(base_url=served, timeout=60, follow_redirects=False) as client:
            kilos = f"{70 + number} kg"
            while True:
                answer = await client.post("/login", data={"name": "dale", "password": PASSWORD})
                if answer.status_code == 303:
                    break
            tries = 0
            while True:
                tries += 1
                at = {"at": f"2026-05-02 08:{10 + number}", "value": kilos}
                page = (await client.get(f"/charts/{pump}/write/weight")).text
                token = page.partition('name="token" value="')[2].partition('"')[0]
                saw = office.ledger.held(pump).head
                line = f"{at['at']} weight {kilos}"
                form = {"token": token, "saw": saw, "line": line, **at}
                answer = await client.post(f"/charts/{pump}/write/weight", data=form)
                if answer.status_code == 303:
                    return tries
                assert answer.status_code in (403, 409, 503), answer.status_code

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(write(number) for number in range(8)))

    asyncio.run(all_at_once())
    new = [each.content for each in office.ledger.records(pump)[held.size :]]
    assert sorted(new) == [f"2026-05-02 08:{10 + n} weight {70 + n} kg" for n in range(8)]

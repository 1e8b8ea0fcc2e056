"""A clinic for the tests of the workbench: two patients, a person for each role, and a clock that tests set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from eutonia.clinic import Staff
from eutonia.clinic import staff as limits
from eutonia.doors.web.app import application
from eutonia.doors.web.office import Office
from eutonia.ledger import Ledger
from tests.clock import Clock

PASSWORD = "a long enough one"
PUMP = Path("examples/02-spinal-cord-injury-pump.chart")
TABLETS = Path("examples/01-multiple-sclerosis-oral.chart")
PEOPLE = (
    ("dale", "N. Dale", "clinician"),
    ("finch", "F. Finch", "clinician"),
    ("okoro", "A. Okoro", "checker"),
    ("reader", "R. Eader", "reader"),
    ("admin", "A. Ministrator", "administrator"),
)


def lines(path: Path, name: str) -> list[str]:
    """The lines of a chart, with a name for its person."""
    found = [each for each in path.read_text("utf-8").splitlines() if each.strip() and not each.startswith("#")]
    return [f"{each}; name {name}" if " person " in each else each for each in found]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hashes with less work: what is tested is who gets in, not how long it takes."""
    from argon2 import PasswordHasher

    limits._nobody.cache_clear()
    monkeypatch.setattr(limits, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    where = tmp_path / "clinic.ledger"
    with Ledger(where, create=True, clock=clock) as ledger:
        ledger.open(lines(PUMP, "Ada Sample"), by="N. Dale")
        ledger.open(lines(TABLETS, "Ben Sample"), by="N. Dale")
        staff = Staff(ledger)
        for name, shown, role in PEOPLE:
            staff.add(name, shown, role, PASSWORD)
    found = Office(where, clock=clock)
    found.refresh()
    yield found
    found.ledger.close()


class Browser:
    """A client that fills in forms as a browser would: it sends the token that the last page carried."""

    def __init__(self, client: TestClient) -> None:
        self.client, self.token = client, ""

    def get(self, path: str, **more: object):
        answer = self.client.get(path, **more)
        self._seen(answer)
        return answer

    def post(self, path: str, **form: str):
        answer = self.client.post(path, data={"token": self.token, **form})
        self._seen(answer)
        return answer

    def _seen(self, answer) -> None:
        if found := re.search(r'name="token" value="([^"]+)"', answer.text):
            self.token = unescape(found[1])


def hidden(page: str, name: str) -> str:
    """What a hidden field of a page holds."""
    found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return unescape(found[1])


def ticked(page: str) -> dict[str, str]:
    """The boxes of a page that must be ticked, ticked."""
    boxes = re.findall(r'<input type="checkbox"[^>]* name="(\w+)"[^>]*\brequired', page)
    return dict.fromkeys(boxes, "yes")


@pytest.fixture
def client(office: Office) -> TestClient:
    # Without the lifespan: the tests say when the watching looks.
    return TestClient(application(office), base_url="http://127.0.0.1:8000")


@pytest.fixture
def sign_in(office: Office) -> Callable[[str], Browser]:
    def signed(name: str) -> Browser:
        found = Browser(TestClient(application(office), base_url="http://127.0.0.1:8000"))
        answer = found.client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        found._seen(answer)
        return found

    return signed


@pytest.fixture
def pump(office: Office) -> str:
    """The chart of the patient with the pump."""
    held = office.ledger.of_person("SCI-017")
    assert held
    return held.id


@pytest.fixture
def tablets(office: Office, pump: str) -> str:
    """The chart of the patient who takes tablets."""
    return next(each.id for each in office.ledger.charts() if each.id != pump)

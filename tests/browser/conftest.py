"""The workbench as people have it: a clinic served on this machine, a real browser, and somebody who uses it."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from argon2 import PasswordHasher
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, sync_playwright

from eutonia.clinic import Staff
from eutonia.clinic import staff as limits
from eutonia.doors.web.app import application
from eutonia.doors.web.demo import furnish
from eutonia.doors.web.office import Office
from eutonia.ledger import Ledger
from tests.web.conftest import PASSWORD, PEOPLE, PUMP, Clock, lines

EXAMPLES = sorted(Path("examples").glob("*.chart"))
AT = "2026-05-02 08:55"
ROLE_OF = {name: role for name, _, role in PEOPLE}
# A browser far from the clinic's zone: no page may depend on where it is read.
ZONE = "Asia/Kathmandu"
# A page that says no is told so by the browser too; that is no fault of the page.
_REFUSAL = re.compile(r"Failed to load resource: the server responded with a status of 4(01|03|09|22) ")


class Seen:
    """What browsers asked for and what they complained of."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.failures: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        """Writes down what a context does from now on."""
        context.on("request", lambda each: self.requests.append(each.url))
        context.on("response", lambda each: self._answered(each.status, each.url))
        context.on("requestfailed", self._failed)
        context.on("weberror", lambda each: self.complaints.append(str(each.error)))
        context.on("console", lambda each: self._said(each.type, each.text))

    def _answered(self, status: int, url: str) -> None:
        if status >= 500 or status == 404:
            self.failures.append(f"{status} {url}")

    def _failed(self, request: Request) -> None:
        # A page that is left stops loading; one that was the answer to a form is not kept (ERR_CACHE_MISS).
        if request.failure not in ("net::ERR_ABORTED", "net::ERR_CACHE_MISS"):
            self.failures.append(f"{request.failure} {request.url}")

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning", "assert") and not _REFUSAL.match(text):
            self.complaints.append(text)


class Person:
    """Somebody with a browser window of their own."""

    def __init__(self, context: BrowserContext, home: str, name: str) -> None:
        self.context, self.home, self.name = context, home, name
        self.page = context.new_page()

    def see(self, path: str) -> Page:
        """Opens a page by its address."""
        self.page.goto(self.home + path)
        return self.page

    def sign_in(self, password: str = PASSWORD) -> Page:
        """Signs in on the page for it."""
        self.see("/login")
        self.page.get_by_label("Name", exact=True).fill(self.name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        return self.page

    def fill(self, **said: str) -> None:
        """Fills in the fields of the form of this page, by their names."""
        for name, value in said.items():
            _into(self.page.locator(f"main form [name={name}]:not([type=hidden])"), value)

    def fill_form(self, button: str, **said: str) -> Page:
        """Fills in the form that a button sends, by the names of its fields, and presses it."""
        form = self.page.locator("main form").filter(has=self.page.get_by_role("button", name=button, exact=True))
        for name, value in said.items():
            _into(form.locator(f"[name={name}]:not([type=hidden])"), value)
        form.get_by_role("button", name=button, exact=True).click()
        return self.page

    def press(self, button: str) -> Page:
        """Presses a button."""
        self.page.get_by_role("button", name=button).click()
        return self.page

    def follow(self, link: str) -> Page:
        """Follows a link of the content."""
        self.page.locator("main").get_by_role("link", name=link, exact=True).click()
        return self.page

    def preview(self, chart: str, kind: str, /, **said: str) -> Page:
        """Fills in a form of a chart, and looks at what would be written."""
        self.see(f"/charts/{chart}/write/{kind}")
        self.fill(**{"at": AT, **said})
        return self.press("Look at what will be written")

    def refill(self, chart: str, **said: str) -> str:
        """Enters a refill for a second person; returns the path of what waits."""
        self.preview(chart, "refill", **{**REFILL, **said})
        self.press("Hand it to a second person")
        return self.page.url.removeprefix(self.home)

    def text(self) -> str:
        """The words of the page as they are read: white space as one space."""
        return " ".join(self.page.inner_text("body").split())

    @property
    def main(self) -> Locator:
        """The content of the page."""
        return self.page.locator("main")


def _into(field: Locator, value: str) -> None:
    if field.evaluate("each => each.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


REFILL = {"volume": "18 mL", "strength": "500 mcg/mL", "product": "500 mcg/mL", "lot": "L7"}


class Clinic:
    """A served workbench: the ten example charts, a person for each role, and a clock that stands."""

    def __init__(self, office: Office, clock: Clock, home: str) -> None:
        self.office, self.clock, self.home = office, clock, home
        self.copies = 0

    def chart(self, person: str) -> str:
        """The chart of a person, by the id."""
        held = self.office.ledger.of_person(person)
        assert held
        return held.id

    def copy(self, name: str = "Mila Copy", path: Path = PUMP) -> str:
        """A new chart with the lines of an example, for a test that writes on it."""
        self.copies += 1
        person = f"COPY-{self.copies:03}"
        told = [re.sub(r"\bid [A-Z]+-\d+", f"id {person}", each) for each in lines(path, name)]
        held = self.office.ledger.open(told, by="N. Dale")
        self.office.refresh()
        return held.id

    def bare(self) -> str:
        """A new chart of somebody of whom little is known: its pages cost little, for nothing can be predicted."""
        self.copies += 1
        told = [
            f"2026-01-05 09:00 person id COPY-{self.copies:03}; born 1988-03-14; name Mila Copy",
            "2026-04-28 09:00 weight 78 kg",
        ]
        held = self.office.ledger.open(told, by="N. Dale")
        self.office.refresh()
        return held.id

    def contents(self, chart: str) -> list[str]:
        """All that stands on a chart, oldest first."""
        return [each.content for each in self.office.ledger.records(chart)]


@contextmanager
def served(folder: Path, charts: list[Path]) -> Iterator[Clinic]:
    """A clinic on a free port.  The watching does not run: tests say when it looks."""
    clock, where = Clock(), folder / "clinic.ledger"
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        limits._nobody.cache_clear()
        patch.setattr(limits, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        with Ledger(where, create=True, clock=clock) as ledger:
            furnish(ledger, charts, clock(), {name: PASSWORD for name, _, _ in PEOPLE})
            staff = Staff(ledger)
            known = {each.name for each in staff.everyone()}
            for name, shown, role in PEOPLE:
                if name not in known:
                    staff.add(name, shown, role, PASSWORD)
        office = Office(where, clock=clock)
        stack.callback(office.ledger.close)
        office.refresh()
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        config = uvicorn.Config(application(office), lifespan="off", ws="none", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        yield Clinic(office, clock, f"http://127.0.0.1:{door.getsockname()[1]}")
        server.should_exit = True
        thread.join(timeout=10)
        limits._nobody.cache_clear()
        assert not thread.is_alive(), "the server did not end"


# Not for the session: while it is open, no other test of the same process could run a loop of asyncio.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of a file of tests; without one on this machine they are skipped."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no browser here: install chromium to run the tests of the pages in one")
    with sync_playwright() as tools:
        # People go back with the arrow of their browser, and that keeps pages: so does this one.
        launched = tools.chromium.launch(
            executable_path=found, args=["--no-sandbox"], ignore_default_args=["--disable-back-forward-cache"]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def clinic(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """The clinic of a file of tests."""
    with served(tmp_path_factory.mktemp("clinic"), EXAMPLES) as found:
        yield found


@contextmanager
def windows(browser: Browser, clinic: Clinic, seen: Seen) -> Iterator[Callable[..., Person]]:
    """What opens a browser window for somebody; all are closed at the end."""
    with ExitStack() as stack:

        def opened(name: str, *, signed: bool = True, **options: Any) -> Person:
            context = browser.new_context(
                **{"viewport": {"width": 1200, "height": 900}, "timezone_id": ZONE, **options}
            )
            stack.callback(context.close)
            context.set_default_timeout(10_000)
            seen.watch(context)
            person = Person(context, clinic.home, name)
            if signed:
                person.sign_in()
            return person

        yield opened


@pytest.fixture
def person(browser: Browser, clinic: Clinic) -> Iterator[Callable[..., Person]]:
    """Somebody of the staff, signed in, in a window of their own; at the end nothing may have gone wrong unseen."""
    seen = Seen()
    with windows(browser, clinic, seen) as opened:
        yield opened
    clean(seen, clinic)


def clean(seen: Seen, clinic: Clinic) -> None:
    """Nothing left this machine, nothing was complained of in the console, and nothing failed."""
    assert not [each for each in seen.requests if not each.startswith((f"{clinic.home}/", "data:"))]
    assert seen.complaints == []
    assert seen.failures == []


def axe(page: Page, *rules: str) -> list[str]:
    """What axe has against a page as it stands; some rules alone where they are named."""
    if not page.evaluate("typeof window.axe !== 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    how: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        how["runOnly"] = list(rules)
    found = page.evaluate("how => axe.run(how)", how)
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]
    ]

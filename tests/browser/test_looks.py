"""How each page looks and is reached: for those who do not see it, on a narrow screen, in the dark, by keyboard, on paper."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec import Struct
from playwright.sync_api import Page, expect
from pypdf import PageObject, PdfReader

from eutonia.doors.web import shelf
from tests.browser.conftest import AT, REFILL, Clinic, Person, Seen, axe, clean, windows

pytestmark = pytest.mark.xdist_group("browser")

WIDE, NARROW, HIGH = 1200, 320, 900
# The pages, each in the states in which it looks different.  Those of a patient are in the second list.
PAGES = (
    "sign", "sign refused", "panel", "panel searched", "nothing found", "calendar", "charts", "waiting", "account",
    "account refused", "facts", "story", "pages", "written", "not allowed", "not there", "staff", "staff refused", "trail",
)  # fmt: skip
PATIENTS = (
    "pump", "tablets", "emergency", "what if", "form", "form refused", "preview", "outside the rules",
    "conflict", "second person", "differing", "strike", "history",
)  # fmt: skip


class Look(Struct):
    """What was seen of one state of a page."""

    axe: list[str]
    overflow: dict[str, int]
    broken: list[str]
    cut: list[str]
    head: str


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="module")
def people(browser: Any, clinic: Clinic, seen: Seen) -> Iterator[Callable[..., Person]]:
    """Windows that stay open for the whole file."""
    with windows(browser, clinic, seen) as opened:
        yield opened


@pytest.fixture(scope="module")
def looks(clinic: Clinic, people: Callable[..., Person]) -> dict[str, Look]:
    """One walk through every page in every state; each is looked at once, wide and narrow, light and dark."""
    found = dict[str, Look]()
    for name, page in _walk(clinic, people):
        assert name not in found
        found[name] = _look(page)
    assert set(found) == {*PAGES, *PATIENTS}
    return found


def _walk(clinic: Clinic, people: Callable[..., Person]) -> Iterator[tuple[str, Page]]:
    pump, copy = clinic.chart("SCI-017"), clinic.copy()
    dale, finch = people("dale", signed=False), people("finch")
    page = dale.see("/login")
    yield "sign", page
    dale.sign_in("not this one at all")
    yield "sign refused", page
    dale.sign_in()
    yield "panel", page
    for name, sought in (("panel searched", "hugo"), ("nothing found", "nobody of this name")):
        page.get_by_label("Name, id or birth date").fill(sought)
        dale.press("Search")
        yield name, page
    for name, path in (
        ("calendar", "/calendar?what=all"), ("charts", "/charts"), ("account", "/account"), ("facts", "/facts"),
        ("story", "/why/TOX-01"), ("pages", "/pages"), ("written", "/pages/chart"), ("not allowed", "/staff"), ("not there", "/nowhere"),
    ):  # fmt: skip
        dale.see(path)
        yield name, page
    dale.see("/account")
    dale.fill(old="not this one at all", new="another long one", again="another long one")
    dale.press("Change it")
    yield "account refused", page

    for name, chart in (("tablets", clinic.chart("MS-204")), ("emergency", clinic.chart("HSP-033"))):
        dale.see(f"/charts/{chart}")
        page.evaluate(_ALL_OPEN)
        yield name, page
    dale.see(f"/charts/{pump}")
    dale.fill(way="program", dose="continuous 240 mcg/day")
    # As without scripts: the page of its own.
    page.locator("form[data-into]").evaluate("form => form.submit()")
    page.wait_for_url("**/whatif")
    yield "what if", page
    dale.see(f"/charts/{copy}/write/refill")
    yield "form", page
    dale.preview(copy, "refill", **{**REFILL, "volume": "18"})
    yield "form refused", page
    dale.preview(copy, "refill", **REFILL)
    yield "preview", page
    dale.preview(copy, "program", program="continuous 900 mcg/day")
    yield "outside the rules", page
    dale.preview(copy, "contact")
    finch.preview(copy, "weight", value="71 kg")
    finch.press("Write it on the chart")
    dale.press("Write it on the chart")
    yield "conflict", page
    path = dale.refill(copy)
    dale.see(f"/charts/{copy}")
    expect(page.locator(".pending")).to_be_visible()
    page.evaluate(_ALL_OPEN)
    yield "pump", page
    dale.see("/second")
    yield "waiting", page
    finch.see(path)
    yield "second person", finch.page
    finch.fill(at=AT, **{**REFILL, "strength": "2000 mcg/mL"})
    finch.press("Compare, and write if both are the same")
    yield "differing", finch.page
    dale.see(f"/charts/{copy}/history")
    row = page.locator("tr", has_text="weight 71 kg")
    row.get_by_text("Strike", exact=True).click()
    row.get_by_label("Why it does not count").fill("of another patient")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Strike this event")).to_be_visible()
    yield "strike", page
    dale.press("Strike this event")
    expect(page.locator("s")).to_be_visible()
    page.locator("summary", has_text="Strike").first.click()
    yield "history", page

    admin = people("admin")
    admin.page.locator("summary").first.click()
    yield "staff", admin.page
    admin.fill_form("Add", name="Not A Name", shown="N. Name", role="reader", password="a long enough one")
    yield "staff refused", admin.page
    admin.see("/trail")
    yield "trail", admin.page


def _look(page: Page) -> Look:
    found = [*axe(page)]
    overflow = {"wide": _overflow(page)}
    with _larger(page):
        overflow["wide, text of 200%"] = _overflow(page)
    # Twice only, for axe is slow: colours do not depend on the width, nor what stands there on the colours.
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": NARROW, "height": HIGH})
    found += axe(page)
    overflow["narrow"] = _overflow(page)
    broken = page.evaluate(
        "() => [...document.querySelectorAll('.q')].filter(each => each.getClientRects().length > 1).map(each => each.outerHTML)"
    )
    cut = page.evaluate(_CUT)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDE, "height": HIGH})
    head = page.locator(".head").inner_text()
    return Look(found, overflow, broken, cut, " ".join(head.split()))


def _overflow(page: Page) -> int:
    """By how many pixels the page itself is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@contextmanager
def _larger(page: Page) -> Iterator[None]:
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    yield
    page.evaluate("document.documentElement.style.fontSize = ''")


_ALL_OPEN = "document.querySelectorAll('details').forEach(each => { each.open = true })"
# Numbers with their units of which a part lies outside what can be seen, where nothing can be scrolled to show it.
_CUT = """() => [...document.querySelectorAll(".q")].filter(each => each.checkVisibility()).filter(each => {
  const box = each.getBoundingClientRect();
  for (let around = each.parentElement; around; around = around.parentElement) {
    const how = getComputedStyle(around);
    if (how.clipPath !== "none") return false;
    const edge = around.getBoundingClientRect();
    if (["auto", "scroll"].includes(how.overflowX)) return false;
    if (how.overflowX !== "visible" && (box.right > edge.right + 1 || box.left < edge.left - 1)) return true;
  }
  return box.width > 0 && (box.right > innerWidth || box.left < 0);
}).map(each => each.outerHTML)"""


# -- every page ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PAGES, *PATIENTS])
def test_no_page_breaks_a_rule_of_accessibility(name, looks):
    assert looks[name].axe == []


@pytest.mark.parametrize("name", [*PAGES, *PATIENTS])
def test_no_page_is_wider_than_its_window(name, looks):
    assert {each: by for each, by in looks[name].overflow.items() if by > 0} == {}


@pytest.mark.hazard("H56")
@pytest.mark.parametrize("name", [*PAGES, *PATIENTS])
def test_no_number_is_parted_from_its_unit_or_cut_off_on_a_narrow_screen(name, looks):
    assert looks[name].broken == []
    assert looks[name].cut == []


@pytest.mark.hazard("H10")
@pytest.mark.parametrize("name", PATIENTS)
def test_every_page_of_a_patient_shows_name_birth_date_and_id_above_all_else(name, looks):
    head = looks[name].head
    assert "born " in head
    assert any(each in head for each in ("Sample", "Copy"))
    assert any(each in head for each in ("SCI-017", "MS-204", "HSP-033", "COPY-0"))


def test_the_whole_walk_asks_nothing_of_another_machine_and_no_page_complains(looks, seen, clinic):
    # One page of the walk is not there, so that its own look is seen.
    seen.failures = [each for each in seen.failures if each != f"404 {clinic.home}/nowhere"]
    seen.complaints = [each for each in seen.complaints if "status of 404" not in each]
    assert len(seen.requests) > 50
    clean(seen, clinic)


def test_the_written_pages_are_read_on_a_narrow_screen_and_by_those_who_do_not_see_them(person):
    reader, found = person("reader", viewport={"width": NARROW, "height": HIGH}), dict[str, list[str]]()
    for name in shelf.PAGES:
        page = reader.see(f"/pages/{name}")
        wide = [f"{_overflow(page)} px too wide"] if _overflow(page) > 0 else []
        found[name] = [*axe(page, "wcag2a", "best-practice"), *wide]
    assert {name: faults for name, faults in found.items() if faults} == {}


# -- the keyboard --------------------------------------------------------------------------------------------------------

# All that takes the keyboard, in the order in which it is read.
_STOPS = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']")]
  .filter(each => each.checkVisibility()).map(each => each.outerHTML)"""
_HERE = """() => {
  const each = document.activeElement, how = getComputedStyle(each), box = each.getBoundingClientRect();
  return {
    html: each.outerHTML,
    outline: how.outlineStyle === "none" ? 0 : parseFloat(how.outlineWidth),
    shown: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


@pytest.mark.parametrize("where", ["/panel", "/charts/{pump}", "/charts/{pump}/write/score"])
def test_tab_reaches_every_control_in_the_order_of_the_page_and_is_seen_where_it_is(where, clinic, person):
    page = person("dale").see(where.format(pump=clinic.chart("SCI-017")))
    expected = page.evaluate(_STOPS)
    reached = []
    for _ in expected:
        page.keyboard.press("Tab")
        here = page.evaluate(_HERE)
        assert here["outline"] >= 2, here["html"]
        assert here["shown"], here["html"]
        reached.append(here["html"])
    assert reached == expected
    page.keyboard.press("Tab")
    assert page.evaluate(
        "document.activeElement === document.body || document.activeElement === document.documentElement"
    )


def test_the_first_key_leads_past_the_bar_to_the_content(clinic, person):
    page = person("dale").see("/panel")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="To the content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#sought")).to_be_focused()


def test_a_drawing_wider_than_the_screen_is_moved_with_the_keyboard(clinic, person):
    page = person("dale", viewport={"width": NARROW, "height": 700}).see(f"/charts/{clinic.chart('SCI-017')}")
    drawing = page.get_by_role("region", name="Drawing of the time line")
    drawing.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("each => each.scrollLeft > 50", arg=drawing.element_handle())


def test_a_label_of_the_time_line_is_not_printed_over_another_nor_cut_off(clinic, person):
    page = person("dale").see(f"/charts/{clinic.chart('SCI-017')}")
    assert page.evaluate(_CLASHES) == []


_CLASHES = """() => {
  const edge = document.querySelector("svg.time").getBoundingClientRect();
  const boxes = [...document.querySelectorAll("svg.time text")].map(each => [each.textContent, each.getBoundingClientRect()]);
  const found = boxes.filter(([, box]) => box.left < edge.left - 1 || box.right > edge.right + 1).map(([says]) => says);
  boxes.forEach(([says, box], at) => boxes.slice(at + 1).forEach(([other, its]) => {
    const wide = Math.min(box.right, its.right) - Math.max(box.left, its.left);
    const high = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
    if (wide > 1 && high > 4) found.push(`${says} / ${other}`);
  }));
  return found;
}"""


# -- paper ---------------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H10")
def test_each_printed_page_of_a_patient_bears_name_birth_date_and_id_at_its_top(clinic, person):
    page = person("dale").see(f"/charts/{clinic.chart('SCI-017')}")
    printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert len(printed) > 2
    for each in printed:
        for said in ("Ben Sample", "1988-03-14", "SCI-017"):
            assert said in _top(each)
    assert "Sign out" not in printed[0].extract_text()


def _top(page: PageObject) -> str:
    """What stands on the first 2.5 cm of a printed page."""
    found, limit = list[str](), float(page.mediabox.height) - 72

    def read(text: str, matrix: list[float], position: list[float], *_: object) -> None:
        # Where it stands: its own place within that of what surrounds it.
        if matrix[5] + matrix[3] * position[5] > limit:
            found.append(text)

    page.extract_text(visitor_text=read)
    return " ".join("".join(found).split())

"""The pictures of docs/screens.md: made anew where EUTONIA_SCREENS names a folder, and named by the page one by one.

EUTONIA_SCREENS=docs/screens .venv/bin/pytest tests/browser/test_screens.py
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AT, REFILL

pytestmark = pytest.mark.xdist_group("browser")

PAGE = Path("docs/screens.md")
# A picture of the repository is small, and so are all of them together.
LARGEST, ALL = 150_000, 1_200_000


def test_the_page_of_pictures_names_each_of_them_and_says_what_it_shows():
    named = re.findall(r"^!\[(.+)\]\(screens/([a-z-]+\.png)\)$", PAGE.read_text("utf-8"), re.MULTILINE)
    there = sorted(PAGE.with_suffix("").iterdir())
    assert sorted(name for _, name in named) == [each.name for each in there]
    assert all(len(says) > 30 for says, _ in named)
    assert len(there) <= 12
    assert [each.name for each in there if each.stat().st_size > LARGEST] == []
    assert sum(each.stat().st_size for each in there) < ALL
    assert all(each.read_bytes().startswith(b"\x89PNG") for each in there)


def test_the_pictures_are_made(clinic, person):
    folder = os.environ.get("EUTONIA_SCREENS")
    if not folder:
        pytest.skip("EUTONIA_SCREENS names no folder, so no picture is made")
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    window = {"viewport": {"width": 1100, "height": 800}}
    dale, okoro = person("dale", **window), person("okoro", **window)
    pump, copy = clinic.chart("SCI-017"), clinic.chart("SCI-052")

    def taken(name, who=dale, top=None):
        if top:
            who.page.locator(top).evaluate("each => each.scrollIntoView({ block: 'start' })")
        who.page.evaluate("document.activeElement?.blur()")
        who.page.mouse.move(0, 0)
        who.page.screenshot(path=into / f"{name}.png", animations="disabled")
        assert (into / f"{name}.png").stat().st_size <= LARGEST, name

    taken("panel")
    dale.see("/calendar?what=all")
    taken("calendar")
    dale.see(f"/charts/{clinic.chart('HSP-033')}")
    taken("emergency")
    dale.see(f"/charts/{pump}")
    taken("time-line", top=".zoom")
    taken("options", top="#options")
    dale.fill(way="program", dose="continuous 240 mcg/day")
    dale.press("Show it beside today's")
    expect(dale.page.locator("#whatif-found")).to_contain_text("240 mcg daily")
    taken("what-if", top="#whatif")
    dale.see(f"/charts/{pump}/write/refill")
    taken("form")
    dale.preview(pump, "residual", volume="17 mL")
    taken("preview")
    okoro.see(dale.refill(pump))
    taken("second-person", okoro)
    okoro.fill(at=AT, **{**REFILL, "strength": "2000 mcg/mL"})
    okoro.press("Compare, and write if both are the same")
    taken("differing", okoro)
    dale.see(f"/charts/{copy}/history")
    row = dale.page.locator("tr", has_text="request adjust up")
    row.get_by_text("Strike", exact=True).click()
    row.get_by_label("Why it does not count").fill("of another patient")
    dale.page.keyboard.press("Enter")
    dale.press("Strike this event")
    expect(row).to_contain_text("struck by")
    taken("history")
    narrow = person("reader", viewport={"width": 360, "height": 800}, device_scale_factor=2)
    narrow.see(f"/charts/{clinic.chart('SCI-052')}")
    taken("narrow", narrow, top="#pump")

"""The page: complete in itself, the terminal's numbers and no others, readable by eye, by ear and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings

import eutonia
from eutonia.doors import amounts, words
from eutonia.doors.page import page, q, write_page
from tests.charts import charts
from tests.doors.test_terminal import MEASURED, SCREENS, advised, every_screen, misread, shown

VOID = {"meta", "link", "br", "img", "line", "path", "polyline", "polygon", "circle", "use", "hr", "input"}


class Element:
    """An element of the page, with what stands in it."""

    def __init__(self, tag: str, attributes: dict[str, str | None], parent: Element | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children: list[Element | str] = []

    def all(self, *tags: str) -> Iterator[Element]:
        """This element and those in it, in the order of the page; with names, only those of these names."""
        if not tags or self.tag in tags:
            yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.all(*tags)

    def one(self, tag: str) -> Element:
        (found,) = self.all(tag)
        return found

    @property
    def text(self) -> str:
        """What a reader finds in it."""
        if self.tag in ("style", "script"):
            return ""
        return "".join(each if isinstance(each, str) else each.text for each in self.children)

    def loose(self) -> str:
        """The text that may break anywhere: all but what is held on one line, and what is drawn."""
        if self.attributes.get("class") == "q" or self.tag in ("style", "title", "desc", "svg"):
            return "|"
        return "".join(each if isinstance(each, str) else each.loose() for each in self.children)


class Reader(HTMLParser):
    """Reads a page and insists that every element is closed where it should be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = self.here = Element("", {}, None)
        self.feed(html)
        assert self.here is self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.here.children.append(Element(tag, dict(attrs), self.here))

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


@lru_cache(maxsize=64)
def html(name: str) -> str:
    """The page of one of the screens."""
    return page(advised(name))


@lru_cache(maxsize=64)
def read(name: str) -> Element:
    """The same, read."""
    return Reader(html(name)).root


NUMBER = re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")


@every_screen
def test_every_number_on_the_page_is_on_the_terminal_too(name: str) -> None:
    on_the_page = set(NUMBER.findall(read(name).one("html").text))
    assert on_the_page <= set(NUMBER.findall(shown(name, 5000)))
    assert len(on_the_page) > 10


@every_screen
def test_every_measured_number_of_the_terminal_is_on_the_page(name: str) -> None:
    on_the_page = " ".join(read(name).one("html").text.replace(words.NBSP, " ").split())
    missing = {
        found for found in re.findall(rf"[0-9.,]*{MEASURED.pattern}", shown(name, 5000)) if found not in on_the_page
    }
    assert not missing


@every_screen
def test_no_number_leaves_its_unit_on_the_page(name: str) -> None:
    body = read(name).one("body")
    assert not MEASURED.search(body.loose())
    held = [each for each in body.all("span") if each.attributes.get("class") == "q"]
    assert held
    assert not [each.text for each in held if re.search(r"[ \n]", each.text)]
    assert ".q { white-space: nowrap; }" in html(name)
    drawn = [each.text for each in body.all("text")]
    assert not [each for each in drawn if re.search(r"[0-9] [A-Za-z]", each)]


@every_screen
def test_nothing_can_be_misread(name: str) -> None:
    assert not misread(read(name).one("html").text)


@given(charts())
@settings(max_examples=40)
def test_any_chart_gives_a_page_whose_numbers_keep_their_units(chart: tuple[str, object]) -> None:
    text, now = chart
    body = Reader(page(eutonia.advise(eutonia.read(text), now))).root.one("body")  # type: ignore[arg-type]
    assert not MEASURED.search(body.loose())


@every_screen
def test_the_page_asks_for_nothing_from_outside(name: str) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<link|<script|<iframe|<img|<form|\son[a-z]+=", html(name))
    (policy,) = [each for each in read(name).all("meta") if each.attributes.get("http-equiv")]
    assert policy.attributes["http-equiv"] == "Content-Security-Policy"
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@every_screen
def test_every_page_says_whose_it_is_of_when_and_repeats_it_on_paper(name: str) -> None:
    root, found = read(name), advised(name).as_dict()
    (running,) = [each for each in root.all("p") if each.attributes.get("class") == "running"]
    for head in (root.one("header").text, running.text):
        said = head.replace(words.NBSP, " ")
        assert "A-17" in said
        assert "born 1979-04-11" in said
        assert f"as of {SCREENS[name][1]}" in said
    assert found["chart"][:8] in root.one("footer").text
    assert re.search(r"\.running \{ display: block; position: fixed;", html(name).partition("@media print")[2])


def test_a_hostile_name_is_only_a_name() -> None:
    assert read("hostile").one("h1").text == "<script>alert('x')</script> Müller-Ökçün"
    assert not list(read("hostile").all("script"))


def test_hostile_words_of_the_chart_are_only_words() -> None:
    text = SCREENS["adjust"][0] + '2026-03-22 08:00 medication <img/src=x onerror="alert(1)"> 5 mg\n'
    root = Reader(page(eutonia.advise(eutonia.read(text), SCREENS["adjust"][1]))).root
    assert not list(root.all("img"))
    assert "onerror" in root.text


def test_the_title_and_the_file_carry_no_name(tmp_path: Path) -> None:
    path = tmp_path / "advice.html"
    write_page(advised("hostile"), path)
    written = path.read_text("utf-8")
    assert "Müller" not in Reader(written).root.one("head").text
    assert "A-17" in next(Reader(written).root.one("head").all("title")).text
    assert "Müller" in written
    assert [each.name for each in tmp_path.iterdir()] == ["advice.html"]


@every_screen
def test_headings_go_down_in_order_from_one_first(name: str) -> None:
    levels = [int(each.tag[1]) for each in read(name).all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_screen
def test_landmarks_tables_and_drawings_are_named(name: str) -> None:
    root = read(name)
    ids = [str(each.attributes["id"]) for each in root.all() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for each in root.all():
        for reference in ("aria-labelledby", "href"):
            assert {word.lstrip("#") for word in str(each.attributes.get(reference) or "").split()} <= set(ids)
    for landmark in ("header", "nav", "main", "footer"):
        root.one(landmark)
    for table in root.all("table"):
        table.one("caption")
        assert all(each.attributes.get("scope") in ("row", "col") for each in table.all("th"))
    for drawing in root.all("svg"):
        if drawing.attributes.get("role") == "img":
            assert drawing.one("title").text
            assert drawing.one("desc").text
        else:
            assert drawing.attributes.get("aria-hidden") == "true"


@every_screen
def test_a_grade_is_a_word_and_a_shape_not_only_a_colour(name: str) -> None:
    graded = [each for each in read(name).all("li") if str(each.attributes.get("class", "")).split()[:1] == ["remark"]]
    assert [next(each.all("use")).attributes["href"] for each in graded] == [
        f"#{each.grade}" for each in advised(name).findings
    ]
    assert all(words.GRADES[str(next(each.all("use")).attributes["href"])[1:]] in each.text for each in graded)


def test_the_reservoir_is_drawn_from_the_pump_and_says_what_the_text_says() -> None:
    root, pump = read("refill"), advised("refill").as_dict()["pump"]
    (drawing,) = [each for each in root.all("svg") if "Reservoir" in each.text or "reservoir" in each.text]
    said = [each.text.replace(words.NBSP, " ") for each in drawing.all("text")]
    assert said[:3] == ["full 20 mL", "alarm at 4 mL", amounts.millilitres(pump["residual_ml"])]
    assert sorted(said[3:]) == sorted(
        [
            "filled 2026-03-20",
            "today 2026-05-01",
            f"book by {pump['book_by'][:10]}",
            f"refill due {pump['refill_due'][:10]}",
        ]
    )


def points(line: str) -> list[tuple[float, float]]:
    """The points of a drawn line."""
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())]


@pytest.mark.parametrize("name", ["adjust", "refill", "unbalanced", "overdue", "dry", "strength", "emergency"])
def test_the_level_falls_within_the_drawing_as_the_days_go_by(name: str) -> None:
    (drawing,) = [each for each in read(name).all("svg") if "from the fill on" in each.text]
    for line in drawing.all("polyline"):
        drawn = points(str(line.attributes["points"]))
        assert all(before[0] <= after[0] and before[1] <= after[1] for before, after in pairwise(drawn))
        assert all(8 <= x <= 272 and 24 <= y <= 140 for x, y in drawn)


@pytest.mark.parametrize("name", ["dry", "emergency", "strength", "refill", "adjust", "overdue"])
def test_a_drawing_of_the_pump_ends_today_or_at_the_refill(name: str) -> None:
    (drawing,) = [each for each in read(name).all("svg") if "from the fill on" in each.text]
    marks = [float(str(each.attributes["x1"])) for each in drawing.all("line") if each.attributes["class"] == "lead"]
    assert min(marks) == 8.0
    assert max(marks) == 272.0


def test_without_a_pump_no_reservoir_is_drawn() -> None:
    assert "reservoir-title" not in html("titrate")
    assert "reservoir-title" not in html("trial")


@pytest.mark.parametrize(("name", "rises"), [("start oral", True), ("taper", False), ("holiday", False)])
def test_options_over_days_are_drawn_on_one_scale(name: str, rises: bool) -> None:
    drawings = [each for each in read(name).all("svg") if "over the days" in each.text]
    plans = advised(name).as_dict()["plans"]
    assert len(drawings) == len(plans) > 1
    ends = []
    for drawing, plan in zip(drawings, plans, strict=True):
        drawn = points(str(next(drawing.all("polyline")).attributes["points"]))
        heights = [y for _, y in drawn]
        assert heights == sorted(heights, reverse=rises)
        ends.append(drawn[-1][0])
        said = drawing.one("desc").text.replace(words.NBSP, " ")
        doses = [amounts.amount(step["dose"]) for step in plan["steps"] if "dose" in step]
        assert said.startswith(f"{doses[0]} from ")
        assert f"{doses[-1]} from " in said
    assert ends == sorted(ends)
    assert max(ends) == 272.0
    assert ends[0] < 272.0


def test_an_option_of_one_dose_is_not_drawn() -> None:
    assert "over the days" not in html("adjust")


def luminance(colour: str) -> float:
    """How bright a colour is, by WCAG 2."""
    digits = colour.lstrip("#")
    digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("ink", "grounds"),
    [
        ("ink", ("ground", "paper", "soft", "lead-soft")),
        ("quiet", ("ground", "paper", "soft", "lead-soft")),
        ("lead", ("ground", "paper")),
        ("stop", ("paper", "soft", "stop-soft", "lead-soft")),
        ("caution", ("paper", "caution-soft")),
        ("note", ("paper", "note-soft")),
        ("on-alarm", ("alarm",)),
    ],
)
def test_words_stand_out_from_their_ground(dark: bool, ink: str, grounds: tuple[str, ...]) -> None:
    light_css, dark_css = re.findall(r":root \{(.*?)\}", html("refill"), re.DOTALL)[:2]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", light_css))
    if dark:
        colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", dark_css))
    for ground in grounds:
        low, high = sorted((luminance(colours[ink]), luminance(colours[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground)


def test_what_holds_a_number_is_held_on_one_line_and_escaped() -> None:
    assert q("at most 79 mL/min/1.73 m2 & <b>") == (
        'at most <span class="q">79&nbsp;mL/min/1.73&nbsp;m2</span> &amp; &lt;b&gt;'
    )


def test_a_word_longer_than_any_dose_may_break() -> None:
    assert "<span" not in q("x" * 40 + "1")

"""What a screen can do to a number, to a choice and to an emergency: never misread, never preferred, never after a sum."""

from __future__ import annotations

import ast
import random
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eutonia
from eutonia.doors import amounts, words
from eutonia.doors import page as page_door
from eutonia.doors.page import page, write_page
from eutonia.knowledge import library
from eutonia.quantity import Quantity, number, plain
from tests.charts import ORAL
from tests.doors.test_page import MEASURED, Element, Reader, html
from tests.doors.test_page import read as read_page
from tests.doors.test_terminal import NARROWEST, NOW, RUNNING, SCREENS, advised, every_screen, misread, parted, shown

DOORS = Path(eutonia.__file__).parent / "doors"

# One leading zero at most, thousands in threes, no zero at the end of a fraction, and nothing else.
PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,2}(?:,[0-9]{3})*)(?:\.[0-9]*[1-9])?")


# -- H02: trailing zero, naked point, run-together --------------------------------------------------------------------


@pytest.mark.hazard("H02")
@given(
    st.floats(min_value=0, max_value=1e22, allow_nan=False)
    | st.integers(0, 10**15)
    | st.decimals(0, 10**9, allow_nan=False, places=6)
    | st.sampled_from([1e4, 1e5, 1e15, 1e16, 1e22, 1e-7, 2000.0, 0.5, 10.0, Decimal("1E+4"), Decimal("5.0")])
)
@settings(max_examples=2000)
def test_no_number_is_printed_with_an_exponent_a_naked_point_or_a_trailing_zero(value: float | int | Decimal) -> None:
    text = plain(value)
    assert PLAIN.fullmatch(text)
    assert Decimal(text.replace(",", "")) == (Decimal(repr(value)) if isinstance(value, float) else Decimal(value))


@pytest.mark.hazard("H02")
def test_a_hundred_thousand_doses_are_printed_so_that_they_read_back_the_same() -> None:
    draw = random.Random(2)
    for _ in range(100_000):
        value = round(10 ** draw.uniform(-3, 8), draw.randint(0, 6))
        text = plain(value)
        assert PLAIN.fullmatch(text), text
        assert number(text) == Decimal(repr(value))


@pytest.mark.hazard("H02")
@pytest.mark.parametrize(
    "text",
    [
        "give 5.0 mg",
        "give .5 mg",
        "give 0.50 mg",
        "2000 mcg",
        "2000mcg",
        "5mg",
        "50 µg",
        "50 μg",
        "5 mg QD",
        "5 mg q.d.",
        "10 U",
        "1e+04 mcg",
        "nan mcg",
    ],
)
def test_what_would_be_misread_is_caught(text: str) -> None:
    assert misread(text)


@pytest.mark.hazard("H02")
@every_screen
def test_no_screen_shows_a_number_that_could_be_misread(name: str) -> None:
    assert not misread(shown(name))
    assert not misread(read_page(name).one("html").text)


@pytest.mark.hazard("H02")
def test_no_template_prints_a_number_but_through_the_printer() -> None:
    folders = (DOORS / "templates", DOORS / "web" / "templates")
    templates = {path: path.read_text("utf-8") for folder in folders for path in sorted(folder.iterdir())}
    macros = {name for text in templates.values() for name in re.findall(r"\{% macro ([a-z]+)\(", text)}
    for text in templates.values():
        for printed in re.findall(r"\{\{-?(.*?)-?\}\}", text, re.DOTALL):
            call = re.fullmatch(r" ([a-z]+)\([^|]*\) ", printed)
            # `n` counts things that are no doses, `whys` prints ids, `e` what somebody typed, a literal its own words.
            words = re.fullmatch(r' "[^"]*" if .*', printed)
            known = re.search(r"\|(?:q|glue|c|n|whys|e) $", printed) or (call and call[1] in macros)
            assert known or words, printed
        assert "|safe" not in text
        assert "autoescape" not in text


@pytest.mark.hazard("H02")
@pytest.mark.parametrize("module", ["words", "terminal", "simulate"])
def test_no_door_formats_a_number_by_itself(module: str) -> None:
    tree = ast.parse((DOORS / f"{module}.py").read_text("utf-8"))
    specs = [
        ast.unparse(each.format_spec)
        for each in ast.walk(tree)
        if isinstance(each, ast.FormattedValue) and each.format_spec
    ]
    assert all(re.fullmatch(r"f'[<>](?:[0-9]+|\{[a-z]+\})'", each) for each in specs), specs  # widths only
    called = {each.func.id for each in ast.walk(tree) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)}
    assert not called & {"format", "round", "repr"}


# -- H55: automation bias ----------------------------------------------------------------------------------------------


def options(root: Element) -> list[Element]:
    """The options on a page."""
    return [each for each in root.all("li") if str(each.attributes.get("class", "")).startswith("option")]


@pytest.mark.hazard("H55")
@every_screen
def test_no_option_is_chosen_preferred_or_set_apart(name: str) -> None:
    root = read_page(name)
    for each in root.all():
        assert each.tag not in ("input", "select", "option", "button", "form")
        assert not {"checked", "selected", "autofocus", "open", "aria-checked", "aria-selected"} & set(each.attributes)
    assert {each.attributes["class"] for each in options(root)} <= {"option paper"}
    for text in (shown(name, 5000), root.text):
        said = re.sub(r"none is chosen|it is not chosen", "", text)
        assert not re.search(r"preferred|best option|first choice|chosen|suggested|we recommend", said, re.IGNORECASE)


@pytest.mark.hazard("H55")
@every_screen
def test_every_option_stands_beside_the_others_with_its_number_and_in_the_order_of_the_advice(name: str) -> None:
    plans = advised(name).as_dict()["plans"]
    kinds = list(dict.fromkeys(each["kind"] for each in plans))
    expected = []
    for kind in kinds:
        group = [each for each in plans if each["kind"] == kind]
        expected += [(f"Option {i} of {len(group)}", each["option"]) for i, each in enumerate(group, 1)]
    titles = [next(each.all("h4")).text.replace(words.NBSP, " ") for each in options(read_page(name))]
    assert titles == [f"{number} {title}" for number, title in expected]
    assert re.findall(r"^(Option \d+ of \d+): ", shown(name), re.MULTILINE) == [number for number, _ in expected]


@pytest.mark.hazard("H55")
@every_screen
def test_the_basis_of_everything_is_there_to_be_judged(name: str) -> None:
    found = advised(name).as_dict()
    on_the_page = " ".join(read_page(name).text.replace(words.NBSP, " ").split())
    on_the_terminal = " ".join(shown(name, 5000).split())
    for text in (on_the_page, on_the_terminal):
        assert all(each["says"] in text and each["basis"] in text for each in found["findings"])
        assert all(each["why"] in text for each in found["plans"])
        assert all(fact in text for each in (*found["findings"], *found["plans"]) for fact in each["facts"])
        assert words.CLOSING in text


@pytest.mark.hazard("H55")
def test_an_option_for_the_pump_shows_the_old_setting_beside_the_new() -> None:
    found = advised("adjust").as_dict()
    for option, plan in zip(options(read_page("adjust")), found["plans"], strict=True):
        old, new = (each.text.replace(words.NBSP, " ") for each in list(option.all("dl"))[:2])
        assert old == f"Old100 mcg daily{found['pump']['program']}"
        step = next(each for each in plan["steps"] if each["do"] == "program")
        assert new == f"New{amounts.amount(step['dose'])}{plan['program']}"
        assert f"{plan['option']}, 100 mcg daily to {amounts.amount(step['dose'])}" in shown("adjust", 5000)


# -- H56: a line that ends between a number and its unit --------------------------------------------------------------


@pytest.mark.hazard("H56")
@every_screen
def test_at_the_narrowest_no_line_ends_between_a_number_and_its_unit(name: str) -> None:
    assert not parted(advised(name).as_dict(), NARROWEST)
    assert max(map(len, shown(name, NARROWEST).splitlines())) <= NARROWEST
    assert not MEASURED.search(read_page(name).one("body").loose())


@pytest.mark.hazard("H56")
def test_without_the_glue_lines_do_end_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "glue", str)
    assert any(parted(advised(name).as_dict(), NARROWEST) for name in SCREENS)


@pytest.mark.hazard("H56")
def test_without_the_hold_numbers_on_the_page_do_break(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_door, "_held", str)
    assert MEASURED.search(Reader(page(advised("adjust"))).root.one("body").loose())


@pytest.mark.hazard("H56")
def test_the_page_never_hides_what_does_not_fit() -> None:
    style = next(read_page("refill").all("style"))
    css = "".join(each for each in style.children if isinstance(each, str))
    assert "text-overflow" not in css
    assert "line-clamp" not in css
    assert not re.search(r"\.q \{[^}]*overflow", css)


# -- H57: an emergency is not computed --------------------------------------------------------------------------------

SIGNS = sorted(
    {
        str(entry.value)
        for name, entry in library().entries.items()
        if name.startswith(("symptom.overdose.", "symptom.withdrawal."))
    }
)


def test_there_are_signs_to_look_for() -> None:
    assert len(SIGNS) > 10


@pytest.mark.hazard("H57")
@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_of_overdose_or_withdrawal_puts_the_card_on_top(sign: str) -> None:
    doubt = "2026-04-30 08:00 device stall\n"  # an early sign alone raises no card: it needs a reason
    advice = eutonia.advise(eutonia.read(RUNNING + doubt + f"2026-05-01 08:00 symptom {sign}\n"), NOW)
    for parts in (("findings",), ("plans", "refusals"), ("findings", "pump", "plans", "outlooks", "refusals", "tasks")):
        head, card = shown(advice.as_dict(), 100, parts).split("\n\n")[:2]
        assert not MEASURED.search(head)
        assert card.splitlines()[1].startswith("┃ EMERGENCY: ")
        assert "Call the emergency team now" in card.splitlines()[2]
    main = Reader(page(advice)).root.one("main")
    first = next(each for each in main.children if isinstance(each, Element))
    assert first.attributes["id"] == "emergency"
    assert next(first.all("h2")).text.startswith("EMERGENCY: ")


@pytest.mark.hazard("H57")
def test_the_whole_card_is_shown_by_both_screens() -> None:
    found = advised("emergency").as_dict()
    cards = [each["card"] for each in found["findings"] if each.get("card")]
    assert len(cards) == 1
    section = next(each for each in read_page("emergency").all("section"))
    on_the_page = " ".join(section.text.replace(words.NBSP, " ").split())
    on_the_terminal = re.sub(r"[\s┃]+", " ", shown("emergency", 100))
    for line in (line for card in cards for line in card):
        assert line in on_the_terminal
        assert re.sub(r"^[0-9]+\. ", "", line) in on_the_page


@pytest.mark.hazard("H57")
def test_the_card_comes_for_a_patient_without_a_pump_too() -> None:
    text = ORAL + "2026-01-06 oral 20 mg four times a day\n2026-01-12 08:00 symptom coma\n"
    advice = eutonia.advise(eutonia.read(text), "2026-01-12 09:00")
    assert shown(advice.as_dict()).split("\n\n")[1].splitlines()[1].startswith("┃ EMERGENCY: ")
    assert 'id="emergency"' in page(advice)


@pytest.mark.hazard("H57")
def test_where_there_is_no_sign_there_is_no_card() -> None:
    assert "EMERGENCY" not in shown("refill")
    assert 'id="emergency"' not in html("refill")


# -- H10, H53, H59: whose, of when, and nobody's name where it does not belong ----------------------------------------


@pytest.mark.hazard("H10")
@pytest.mark.hazard("H53")
def test_both_screens_bear_name_birth_date_id_and_moment() -> None:
    for text in (shown("hostile", 5000), read_page("hostile").one("header").text.replace(words.NBSP, " ")):
        for each in ("Müller-Ökçün", "A-17", "born 1979-04-11", f"as of {SCREENS['hostile'][1]}"):
            assert each in text


@pytest.mark.hazard("H59")
def test_a_name_stands_neither_in_the_title_nor_in_a_link_nor_in_a_file_name(tmp_path: Path) -> None:
    write_page(advised("hostile"), tmp_path / "page.html")
    root = Reader((tmp_path / "page.html").read_text("utf-8")).root
    assert "Müller" not in root.one("head").text
    assert not [each for each in root.all() for value in each.attributes.values() if "Müller" in str(value)]
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]


def test_what_travels_is_never_shown_as_it_travels() -> None:
    assert amounts.amount(Quantity.read("120 mcg/day").wire()) == "120 mcg daily"

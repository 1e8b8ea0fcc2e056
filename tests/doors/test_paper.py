"""The clinic's paper: the screens' words and no other numbers, readable by eye, by ear and by a telephone's camera."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import time
import zlib
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pypdf
import pytest
import typst
import zxingcpp
from click.testing import CliRunner
from msgspec.structs import replace

import eutonia
from eutonia.advice import Advice
from eutonia.chart.event import Person
from eutonia.doors import words
from eutonia.doors.cli import main
from eutonia.doors.paper import KINDS, PaperError, paper, patient, press
from eutonia.doors.paper.card import CALL, TOO_LITTLE, TOO_MUCH, card
from eutonia.doors.paper.checks import SPINAL, meant
from eutonia.knowledge import book
from tests.charts import FILLED, PUMP
from tests.doors.test_terminal import MEASURED, NOW, PARTS, RUNNING, SCREENS, SHORTLY, advised, shown
from tools import docs

EXAMPLES = {path.stem: path for path in docs.examples()}
# The two kinds of paper that are for a pump, or for the spine.
REFUSED = {
    "card": {"01-multiple-sclerosis-oral", "03-renal-impairment", "09-pregnancy", "10-child"},
    "checklist": {"01-multiple-sclerosis-oral", "03-renal-impairment", "09-pregnancy"},
}
# Beside the examples, what none of them has.
TOLD = (*EXAMPLES, "start oral", "start pump", "unbalanced", "dry", "hostile")
NUMBER = re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")
every_kind = pytest.mark.parametrize("kind", KINDS)
every_example = pytest.mark.parametrize("name", EXAMPLES)


@lru_cache(maxsize=64)
def example(name: str) -> Advice:
    """The advice of one of the examples."""
    return eutonia.advise(eutonia.read(EXAMPLES[name]), docs.moment(EXAMPLES[name].read_text("utf-8")))


@lru_cache(maxsize=64)
def pdf(kind: str, name: str, call: str | None = None) -> bytes:
    """The paper of an example or of one of the screens."""
    return paper(kind, example(name) if name in EXAMPLES else advised(name), call)


def opened(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(data))


@lru_cache(maxsize=256)
def copied(data: bytes) -> list[str]:
    """What a reader copies from each page, as it was set."""
    return [each.extract_text() for each in opened(data).pages]


def pages(data: bytes) -> list[str]:
    """The same, each page on one line."""
    return [spaced(each) for each in copied(data)]


def spaced(text: str) -> str:
    return " ".join(text.replace(words.NBSP, " ").split())


def lines(data: bytes) -> list[str]:
    """The lines as they were set."""
    return [line for each in copied(data) for line in each.splitlines()]


# --- what is made, and what is refused --------------------------------------------------------------------------------


@every_kind
@every_example
def test_each_example_makes_each_paper_that_it_can(name: str, kind: str) -> None:
    if name in REFUSED.get(kind, ()):
        with pytest.raises(PaperError, match=r"on the chart.*; write 'implant \.\.\.'"):
            pdf(kind, name)
    else:
        assert pdf(kind, name).startswith(b"%PDF-1.7")


@pytest.mark.parametrize("kind", ["card", "sheet", "checklist"])
@pytest.mark.parametrize("name", SCREENS)
def test_each_screen_makes_each_paper_that_it_can(name: str, kind: str) -> None:
    pumped = advised(name).pump is not None
    spinal = pumped or any(each.kind in SPINAL for each in advised(name).plans)
    if (kind == "card" and not pumped) or (kind == "checklist" and not spinal):
        with pytest.raises(PaperError):
            pdf(kind, name)
    else:
        assert pdf(kind, name)


def test_a_paper_of_no_kind_is_refused() -> None:
    with pytest.raises(PaperError, match="'poster' is no paper; ask for one of card, sheet, checklist, report"):
        paper("poster", advised("adjust"))


@pytest.mark.parametrize("kind", ["sheet", "report"])
def test_a_chart_with_only_a_person_makes_paper_that_says_what_is_not_known(kind: str) -> None:
    advice = eutonia.advise(eutonia.read("2026-01-05 09:30 person id A-17\n"), NOW)
    text = " ".join(pages(paper(kind, advice)))
    assert "name not on the chart, birth date not on the chart, id A-17" in text
    if kind == "sheet":
        assert "no baclofen in use today" in text


def test_a_pump_that_was_never_filled_has_a_card_that_says_so() -> None:
    text = pages(paper("card", eutonia.advise(eutonia.read(FILLED.rpartition("2026-03-20 11:00")[0]), NOW)))[0]
    assert "Drug baclofen, concentration unknown, into the spinal fluid" in text
    for label in ("Filled", "Daily dose", "Empty", "Refill due", "Book by"):
        assert f"{label} unknown" in text
    assert "Program none on the chart" in text


def test_by_mouth_the_sheet_speaks_of_no_pump() -> None:
    text = " ".join(pages(pdf("sheet", "01-multiple-sclerosis-oral")))
    assert "pump" not in text.lower()
    assert "Never stop baclofen by mouth suddenly" in text
    assert "By mouth 10 mg three times a day" in text
    assert len(pages(pdf("sheet", "01-multiple-sclerosis-oral"))) == 1


# --- whose it is ------------------------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("name", ["04-cerebral-origin", "06-drug-holiday", "07-late-refill-withdrawal", "hostile"])
def test_every_page_bears_name_birth_date_id_moment_and_its_number(name: str, kind: str) -> None:
    found = pages(pdf(kind, name))
    head = words.sheet((example(name) if name in EXAMPLES else advised(name)).as_dict(foresee=False)).head
    for n, text in enumerate(found, 1):
        assert f"{head.name or 'name not on the chart'}, {head.born}, id {head.id}" in text
        assert head.as_of in text
        assert f"page {n} of {len(found)}" in text
        assert f"From {head.rests_on}." in text


@pytest.mark.parametrize(
    "name",
    [
        '#panic("x") *bold* _it_ $x$ `raw` @ref <label> // no /* no */ \\u{41}',
        "= Title",
        "- list",
        '#import "house.typ": *',
        "Baroness Hildegard-Annegret Freiin von und zu Donaudampfschifffahrtsgesellschaftskapitänswitwe-Müller",
        "Żółć Đặng Ğülşen Öztürk",
        "Ελένη Παπαδοπούλου",
        "Наталья Щербакова",
    ],
)
@every_kind
def test_a_name_is_printed_as_it_is_and_never_read_as_markup(kind: str, name: str) -> None:
    found = pages(paper(kind, named(name, SHORT if kind == "report" else PUMP)))
    assert all(unlinked(name) in unlinked(text) for text in found)


def unlinked(text: str) -> str:
    """A text without the spaces, where a long name was broken over lines."""
    return re.sub(r"\s", "", text)


# Nothing is planned for this chart, so nothing is predicted either.
SHORT = "2026-01-05 09:30 person id A-17; born 1979-04-11\n"


def named(name: str, text: str = PUMP, now: str = SHORTLY) -> Advice:
    """The advice for somebody of this name, though no chart is read with some of them."""
    chart = eutonia.read(text)
    events = [
        replace(event, what=replace(event.what, name=name)) if isinstance(event.what, Person) else event
        for event in chart.events
    ]
    return eutonia.advise(replace(chart, events=tuple(events)), now)


@pytest.mark.parametrize("name", ["משה כהן", "محمد العلي"])
def test_a_name_written_from_right_to_left_turns_no_number_that_follows_it(name: str) -> None:
    found = pages(paper("card", named(name)))[0]
    assert "born 1979-04-11, id A-17" in found
    assert "Daily dose 100 mcg daily" in found


@every_kind
def test_a_name_that_no_font_has_is_printed_in_the_numbers_of_its_letters(kind: str) -> None:
    found = pages(paper(kind, named("Li \U0001f9ff \u738b \U000f0000", SHORT if kind == "report" else PUMP)))
    assert all("[U+F0000]" in text for text in found)


def test_a_name_that_turns_the_writing_loses_that_power() -> None:
    assert "evil" in pages(paper("card", named("a\u202eevil\u2066b")))[0]
    assert not re.search(
        "[\u202a-\u202e\u2066-\u2069]", opened(paper("card", named("a\u202eevil"))).pages[0].extract_text()
    )


# --- the report says what the terminal says ---------------------------------------------------------------------------


def screen(name: str) -> str:
    """The terminal's words without its drawings: what a model expects is on paper in rows only."""
    advice = example(name) if name in EXAMPLES else advised(name)
    found = advice.as_dict()
    outlooks = [
        f"{row.label} {row.text}"
        for menu in words.sheet(found).menus
        for option in menu.options
        if option.outlook
        for row in option.outlook.rows
    ]
    return spaced(" ".join([shown(found, 5000, tuple(each for each in PARTS if each != "outlooks")), *outlooks]))


@pytest.mark.parametrize("name", TOLD)
def test_the_report_has_the_numbers_of_the_terminal_and_no_others(name: str) -> None:
    found = " ".join(pages(pdf("report", name)))
    on_paper = set(NUMBER.findall(re.sub(r"page [0-9]+ of [0-9]+", "", found)))
    on_screen = set(NUMBER.findall(screen(name)))
    assert on_paper == on_screen
    measured = set(re.findall(rf"[0-9.,]*{MEASURED.pattern}", screen(name)))
    assert {each for each in measured if unlinked(each) not in unlinked(found)} == set()


@every_example
def test_the_report_has_every_finding_option_refusal_and_task_in_the_order_of_the_page(name: str) -> None:
    sheet = words.sheet(example(name).as_dict())
    text = unlinked(" ".join(body(pdf("report", name))))
    wanted = [
        "Report",
        *(card[0] for card in sheet.cards),
        f"Findings: {sheet.tally}",
        *(each.says for each in sheet.remarks),
    ]
    wanted += ["The pump, as the chart has it"] if sheet.pump else []
    for menu in sheet.menus:
        wanted += [f"Options: {menu.title}", menu.says]
        for option in menu.options:
            wanted += [f"{option.number}: {option.title}", *(each.says for each in option.moves)]
            wanted += [row.text for row in option.outlook.rows] if option.outlook else []
    wanted += ["The patient's own data"] if sheet.learned[0] else []
    wanted += ["In order"] if sheet.orders else []
    wanted += ["Refused", *(each.why for each in sheet.denials)] if sheet.denials else []
    wanted += ["Tasks", *(each.do for each in sheet.chores)] if sheet.chores else []
    wanted += [words.BOXED, sheet.boxed] if sheet.boxed else []
    here = 0
    for each in [*wanted, sheet.closing]:
        at = text.find(quoted(each), here)
        assert at >= 0, each
        here = at + 1


def quoted(text: str) -> str:
    """A text as it is set: quotation marks curl."""
    return unlinked(words.glue(text))


def body(data: bytes) -> list[str]:
    """The pages without what runs above and below each."""
    found = []
    for text in pages(data):
        text = re.sub(r"^.*? as of [0-9: -]+ \([A-Z0-9:+-]+\) ", "", text, count=1)
        found.append(
            re.sub(
                rf"(?:{'|'.join(KINDS.values())})\. From knowledge [^;]+; chart [0-9a-f]{{8}}\. page [0-9]+ of [0-9]+$",
                "",
                text,
            )
        )
    return found


def test_an_emergency_comes_before_everything_else_on_every_paper() -> None:
    for kind in KINDS:
        text = body(pdf(kind, "08-suspected-overdose"))[0]
        assert "EMERGENCY: signs that fit a baclofen overdose." in text[:160]
        assert text.index("Call the emergency team now; do not wait for a calculation.") < 260


# --- numbers stay whole -----------------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("name", TOLD)
def test_no_number_leaves_its_unit_at_the_end_of_a_line(name: str, kind: str) -> None:
    try:
        data = pdf(kind, name)
    except PaperError:
        return
    for line, following in zip(found := [*map(spaced, lines(data))], [*found[1:], ""], strict=True):
        joined = f"{line} {following}"
        parted = [each for each in MEASURED.finditer(joined) if each.start() < len(line) <= each.end() - 1]
        assert not parted, joined


@every_kind
def test_nothing_runs_off_the_page(kind: str) -> None:
    for page in opened(pdf(kind, "06-drug-holiday" if kind != "card" else "04-cerebral-origin")).pages:
        seen: list[tuple[float, float]] = []

        def see(text: str, cm: Any, tm: Any, font: Any, size: Any, seen: list[tuple[float, float]] = seen) -> None:
            if text.strip():
                seen.append((tm[4], tm[5]))

        page.extract_text(visitor_text=see)
        assert seen
        assert all(0 <= x <= page.mediabox.width and 0 <= y <= page.mediabox.height for x, y in seen)


# --- the card ---------------------------------------------------------------------------------------------------------


CARDS = [name for name in EXAMPLES if name not in REFUSED["card"]]


@pytest.mark.parametrize("name", CARDS)
def test_the_card_has_the_rows_of_the_screens(name: str) -> None:
    text = pages(pdf("card", name))[0]
    rows = {row.label: row.text for row in words.sheet(example(name).as_dict(foresee=False)).pump}
    for label in ("Device", "Program", "Daily dose", "Filled", "Alarm", "Empty", "Refill due", "Book by"):
        assert f"{label} {rows[label]}" in text
    assert len(pages(pdf("card", name))) == 1


@pytest.mark.parametrize("name", [*CARDS, "hostile", "umlaut"])
def test_the_code_holds_the_lines_of_the_card_and_nothing_else(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    advice = named("Jürgen Żółć") if name == "umlaut" else example(name) if name in EXAMPLES else advised(name)
    codes = zxingcpp.read_barcodes(drawn(advice, "+49 30 1234", monkeypatch))
    if not codes:
        # What does not fit into a code is whole on the paper, which says so.
        assert "too many for a code" in spaced(pages(paper("card", advice, "+49 30 1234"))[0])
        return
    (found,) = codes
    told, text = found.text.split("\n"), spaced(pages(paper("card", advice, "+49 30 1234"))[0])
    head = words.sheet(advice.as_dict(foresee=False)).head
    assert told[:3] == [f"Name: {head.name or 'name not on the chart'}", f"Birth: {head.born}", f"Id: {head.id}"]
    assert told[-3:] == [f"{CALL}: +49 30 1234", f"Written: {head.as_of}", f"From: {head.rests_on}"]
    rows = [f"{row['label']}: {row['text']}" for row in card(advice, None)["rows"]]
    assert told[3:-3] == [*(f"Today: {line}" for line in card(advice, None)["today"]), *rows]
    for line in told[3:-2]:
        assert line.removeprefix("Today: ").replace(": ", " ", 1) in text
    assert "http" not in found.text.lower()


def test_a_telephone_to_be_written_by_hand_is_not_in_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = zxingcpp.read_barcodes(drawn(advised("refill"), None, monkeypatch))
    assert CALL not in found.text


def test_a_card_whose_lines_are_too_many_for_a_code_says_so_and_is_whole() -> None:
    times = ", ".join(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(0, 60, 4))
    text = PUMP.replace("continuous 100 mcg/day", f"bolus 1 mcg at {times}")
    advice = eutonia.advise(eutonia.read(text), SHORTLY)
    found = " ".join(pages(paper("card", advice)))
    assert "too many for a code" in found
    assert times in found


def drawn(advice: Advice, call: str | None, monkeypatch: pytest.MonkeyPatch) -> np.ndarray[Any, Any]:
    """The card's first page as a camera sees it, in shades of grey."""
    asked: dict[str, Any] = {}
    compiled = typst.compile

    def keep(*given: Any, **how: Any) -> bytes:
        asked.update(how, input=given[0])
        return compiled(*given, **how)

    with monkeypatch.context() as here:
        here.setattr(press.typst, "compile", keep)
        paper("card", advice, call)
    del asked["pdf_standards"]
    return grey(compiled(**{**asked, "format": "png", "ppi": 200.0}))


def grey(png: bytes) -> np.ndarray[Any, Any]:
    """The pixels of an image of eight bits a colour."""
    at, packed, wide, high, channels = 8, b"", 0, 0, 0
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        if kind == b"IHDR":
            wide, high, _, colour = struct.unpack(">IIBB", png[at + 8 : at + 18])
            channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(high, 1 + wide * channels)
    return np.ascontiguousarray(unfiltered(raw, channels).reshape(high, wide, channels)[:, :, 0])


@numba.njit(cache=False)
def unfiltered(raw: Any, step: int) -> Any:
    """The rows as they were before they were made small."""
    high, wide = raw.shape[0], raw.shape[1] - 1
    out = np.zeros((high, wide), np.uint8)
    for y in range(high):
        for x in range(wide):
            a = int(out[y, x - step]) if x >= step else 0
            b = int(out[y - 1, x]) if y else 0
            c = int(out[y - 1, x - step]) if y and x >= step else 0
            how, more = raw[y, 0], 0
            if how == 1:
                more = a
            elif how == 2:
                more = b
            elif how == 3:
                more = (a + b) // 2
            elif how == 4:
                pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
                more = a if pa <= pb and pa <= pc else b if pb <= pc else c
            out[y, x] = (int(raw[y, x + 1]) + more) % 256
    return out


def test_the_telephone_of_the_clinic_is_printed_or_left_to_be_written_and_never_made_up() -> None:
    for kind in ("card", "sheet"):
        assert "Clinic telephone +49 30 1234" in " ".join(pages(pdf(kind, "refill", "+49 30 1234")))
        without = " ".join(pages(pdf(kind, "refill")))
        assert re.search(r"Clinic telephone(?! \+?[0-9])", without)


def test_what_the_card_says_to_do_first_is_what_the_emergency_cards_say() -> None:
    lacking = RUNNING + "2026-04-30 08:00 device stall\n2026-05-01 08:00 symptom fever\n"
    both = (advised("emergency"), eutonia.advise(eutonia.read(lacking), NOW))
    standing = [line for advice in both for found in advice.findings for line in found.card]
    data = card(advised("refill"), None)
    for danger in data["dangers"]:
        for line in (danger["call"], *danger["then"], *danger["numbered"]):
            assert any(each == line or re.sub(r"^[0-9]+\. ", "", each) == line for each in standing), line
    assert [danger["title"] for danger in data["dangers"]] == [TOO_LITTLE, TOO_MUCH]


def test_the_card_tells_every_sign_that_the_knowledge_has() -> None:
    text = unlinked(pages(pdf("card", "refill"))[0])
    for prefix in ("symptom.withdrawal.", "symptom.overdose."):
        for entry in book("US").under(prefix):
            assert unlinked(str(entry.value)) in text


# --- the sheet --------------------------------------------------------------------------------------------------------


def test_each_sign_has_a_plain_word_that_the_knowledge_has_too() -> None:
    told = [*book("US").under("symptom.withdrawal."), *book("US").under("symptom.overdose.")]
    told += [entry for entry in book("US").under("adverse.") if entry.more.get("frequency") == "most common"]
    assert {entry.name for entry in told} == set(patient.PLAIN)
    for entry in told:
        said = patient.PLAIN[entry.name]
        also = {*entry.more.get("also", ()), *entry.more.get("also_intrathecal", ())}
        assert said is None or said in {str(entry.value), entry.says, *also}


@every_example
def test_the_sheet_has_no_number_but_those_of_the_chart(name: str) -> None:
    sheet = patient.sheet(example(name), None)
    said = " ".join(
        [*sheet["why"], *sheet["never"], *sheet["days"], *sheet["little"], *sheet["much"], sheet["lacking"]]
    )
    assert not NUMBER.search(said)
    rows = spaced(shown(example(name).as_dict(foresee=False), 5000)) + EXAMPLES[name].read_text("utf-8")
    for row in (*sheet["dates"], *sheet["now"]):
        assert set(NUMBER.findall(row["text"])) <= set(NUMBER.findall(rows))


@every_example
def test_the_sheet_changes_no_dose_and_says_so(name: str) -> None:
    text = " ".join(pages(pdf("sheet", name)))
    assert "This page changes no dose." in text
    assert "Do not take more or less than your clinic told you." in text
    for plan in example(name).plans:
        for step in plan.steps:
            assert words.glue(step.says).replace(words.NBSP, " ") not in text


def test_what_is_a_sign_of_overdose_is_not_told_as_harmless() -> None:
    for name in ("01-multiple-sclerosis-oral", "02-spinal-cord-injury-pump"):
        sheet = patient.sheet(example(name), None)
        harmless = sheet["days"][0].partition(": ")[2].partition(". ")[0].split(", ")
        assert harmless
        assert not set(harmless) & set(sheet["much"])


def test_the_sheet_names_the_facts_that_it_rests_on() -> None:
    text = " ".join(pages(pdf("sheet", "02-spinal-cord-injury-pump")))
    for fact in ("WD-01", "WD-04", "WD-05", "TOX-02", "AE-02", "MON-01"):
        assert fact in text


# --- the check list ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CARDS)
def test_the_page_of_the_second_person_shows_neither_values_nor_options(name: str) -> None:
    found = body(pdf("checklist", name))
    (second,) = [text for text in found if "Page of the second person" in text]
    assert not NUMBER.search(second)
    first = found[0]
    for row in meant(example(name)):
        assert f"{row.label} {row.text}" in first
        assert row.label in second
    assert found.index(first) < found.index(second)


@pytest.mark.parametrize("name", [*CARDS, "10-child"])
def test_the_steps_of_every_option_stand_there_and_none_is_selected(name: str) -> None:
    text = unlinked(" ".join(body(pdf("checklist", name))))
    menus = [menu for menu in words.sheet(example(name).as_dict(foresee=False)).menus if menu.kind in SPINAL]
    for menu in menus:
        assert unlinked(menu.says) in text
        for option in menu.options:
            assert quoted(f"{option.number}: {option.title}") in text
            assert all(quoted(move.says) in text for move in option.moves)
    assert not re.search("[☑☒✓✔✗]", text)


def test_a_change_of_strength_shows_old_and_new_line_and_bridge() -> None:
    text = " ".join(pages(pdf("checklist", "04-cerebral-origin")))
    assert "Strength 500 mcg/mL 2,000 mcg/mL (CHANGED)" in text
    assert "Line volume 0.25 mL 0.25 mL" in text
    assert "Bridge bolus none 125 mcg over 12 h" in text
    assert "Volume drawn 30 mL expected" in text


# --- what all of them hold to -----------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("name", ["04-cerebral-origin", "08-suspected-overdose"])
def test_every_paper_is_tagged_and_declares_itself_accessible(name: str, kind: str) -> None:
    found = opened(pdf(kind, name))
    root = found.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data().decode()
    assert found.metadata is not None
    assert found.metadata.title is not None
    assert found.metadata.title.startswith(f"{KINDS[kind]}, ")
    tags = list(elements(root["/StructTreeRoot"]))
    names = [each["/S"] for each in tags]
    assert names.count("/H1") == 1
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= set(names)
    tables = [each for each in tags if each["/S"] == "/Table"]
    assert all("/TH" in [cell["/S"] for cell in elements(each)] for each in tables)
    for each in tags:
        if each["/S"] == "/Figure":
            assert "QR code" in each["/Alt"]
    assert ("/Figure" in names) == (kind == "card")


def elements(node: Any) -> Any:
    """The elements of the tree of tags, in the order of reading."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        kid = kid.get_object()
        if isinstance(kid, dict) and "/S" in kid:
            yield kid
            yield from elements(kid)


@every_kind
def test_the_same_advice_gives_the_same_bytes(kind: str) -> None:
    again = eutonia.advise(eutonia.read(EXAMPLES["04-cerebral-origin"]), "2026-05-02 09:00")
    assert paper(kind, again) == pdf(kind, "04-cerebral-origin")


def test_another_machine_gives_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys, eutonia; from eutonia.doors.paper import paper;"
        "a = eutonia.advise(eutonia.read(open(sys.argv[1]).read()), '2026-05-02 09:00');"
        "sys.stdout.buffer.write(paper('card', a))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(EXAMPLES["04-cerebral-origin"])],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(docs.ROOT), "HOME": str(tmp_path), "TZ": "Asia/Tokyo", "LC_ALL": "C", "PATH": ""},
    )
    assert done.stdout == pdf("card", "04-cerebral-origin")


@every_kind
def test_the_paper_was_made_at_the_moment_of_the_advice(kind: str) -> None:
    found = opened(pdf(kind, "04-cerebral-origin")).metadata
    assert found is not None
    assert found.creation_date is not None
    assert f"{found.creation_date:%Y-%m-%d %H:%M}" == "2026-05-02 09:00"


@every_kind
@every_example
def test_no_option_is_put_before_another_in_words(name: str, kind: str) -> None:
    try:
        text = " ".join(pages(pdf(kind, name))).lower()
    except PaperError:
        return
    text = text.replace("none is chosen", "").replace("it is not chosen", "")
    assert not re.search(
        r"\b(?:chosen|selected|preferred|suggested|best option|we recommend|you should|must be given)\b", text
    )


@every_kind
def test_a_paper_is_made_in_half_a_second(kind: str) -> None:
    advice = example("04-cerebral-origin")
    advice.as_dict()
    spent = []
    for _ in range(5):
        began = time.perf_counter()
        paper(kind, advice)
        spent.append(time.perf_counter() - began)
    assert min(spent) < 0.5


# --- the command ------------------------------------------------------------------------------------------------------


def asked(*words_: str) -> Any:
    return CliRunner().invoke(main, ["paper", *words_])


@pytest.mark.parametrize(("name", "status"), [("01-multiple-sclerosis-oral", 0), ("07-late-refill-withdrawal", 1)])
def test_the_command_writes_the_paper_and_ends_as_the_others_do(name: str, status: int, tmp_path: Path) -> None:
    out = tmp_path / "x.pdf"
    found = asked(str(EXAMPLES[name]), "--kind", "sheet", "--out", str(out), "--now", "2026-05-02 09:00")
    assert found.exit_code == status
    assert found.stdout == f"Patient sheet: {out}\n"
    assert out.read_bytes() == pdf("sheet", name)


@pytest.mark.parametrize(
    ("chart", "kind", "out", "says"),
    [
        ("01-multiple-sclerosis-oral", "card", "x.pdf", "no pump is on the chart"),
        ("01-multiple-sclerosis-oral", "checklist", "x.pdf", "nothing to check"),
        ("01-multiple-sclerosis-oral", "sheet", "no/such/folder.pdf", "could not be written"),
    ],
)
def test_what_cannot_be_made_or_written_ends_with_2_and_a_reason(
    chart: str, kind: str, out: str, says: str, tmp_path: Path
) -> None:
    found = asked(str(EXAMPLES[chart]), "--kind", kind, "--out", str(tmp_path / out), "--now", "2026-05-02 09:00")
    assert found.exit_code == 2
    assert says in found.stderr
    assert not (tmp_path / out).exists()


def test_a_chart_that_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    chart = tmp_path / "x.chart"
    chart.write_text("2026-01-05 nonsense\n", "utf-8")
    assert asked(str(chart), "--kind", "report", "--out", str(tmp_path / "x.pdf")).exit_code == 2


@pytest.mark.parametrize("name", ["typst", "segno"])
def test_without_the_typesetter_the_command_says_what_to_install(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("press", "card", "checks", "patient", "report"):
        monkeypatch.delitem(sys.modules, f"eutonia.doors.paper.{module}", raising=False)
    monkeypatch.setitem(sys.modules, name, None)
    found = asked(
        str(EXAMPLES["04-cerebral-origin"]), "--kind", "card", "--out", str(tmp_path / "x"), "--now", "2026-05-02 09:00"
    )
    assert found.exit_code == 2
    assert "pip install 'eutonia[serve]'" in found.stderr


def test_the_command_line_starts_without_the_typesetter() -> None:
    code = "import sys, eutonia.doors.cli; sys.exit(any(name in sys.modules for name in ('typst', 'segno', 'jinja2')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

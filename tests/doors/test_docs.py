"""The pages say what the software does: every chart in them reads, every number and every answer is today's."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import eutonia
from eutonia.chart import Facts, ReadError
from eutonia.chart.event import Request
from eutonia.chart.text import DEVICE, KINDS, LABS, REQUESTS, SCALES, read_line, uncommented
from eutonia.findings import KINDS as PLANS
from eutonia.knowledge import book, library
from eutonia.pump import pump_state
from eutonia.pump.line import bridge, missed_bridge
from eutonia.pump.verify import FIELDS, read_back, verify
from eutonia.quantity import UNITS, Quantity, glued, plain, rounded
from tools import docs

PAGES = (docs.README, *sorted((docs.ROOT / "docs").glob("*.md")))
CHART, PUMP, ADVICE = (docs.ROOT / "docs" / f"{name}.md" for name in ("chart", "pump", "advice"))

# The stops that a pump clinic's physician expects of each example.
STOPS = {
    "01-multiple-sclerosis-oral": set(),
    "02-spinal-cord-injury-pump": set(),
    "03-renal-impairment": set(),
    "04-cerebral-origin": set(),
    "05-tolerance-hidden-delivery-failure": {"balance", "resistance"},
    "06-drug-holiday": set(),
    "07-late-refill-withdrawal": {"emergency-withdrawal", "refill"},
    "08-suspected-overdose": {"emergency-overdose", "pump-dose", "single-bolus"},
    "09-pregnancy": {"pregnancy"},
    "10-child": {"age"},
}


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def cells(page: Path, title: str) -> Iterator[list[str]]:
    """The rows of the table whose head begins with `title`, without head and rule."""
    table = page.read_text("utf-8").partition(f"\n| {title} |")[2].partition("\n\n")[0]
    for row in table.splitlines()[2:]:
        yield [cell.strip() for cell in row.strip("|").split("|")]


def advice_of(path: Path) -> dict[str, object]:
    text = path.read_text("utf-8")
    return eutonia.advise(eutonia.read(path), docs.moment(text)).as_dict()


# --- what is written by make docs -------------------------------------------------------------------------------------


def test_the_page_of_examples_is_what_the_charts_give_now() -> None:
    assert docs.PAGE.read_text("utf-8") == docs.page(), "run 'make docs'"


def test_the_readme_quotes_the_answer_of_now() -> None:
    assert docs.README.read_text("utf-8") == docs.readme(), "run 'make docs'"


# --- the examples -----------------------------------------------------------------------------------------------------


def test_the_ten_examples_are_there() -> None:
    assert [path.stem for path in docs.examples()] == sorted(STOPS)


@pytest.mark.parametrize("path", docs.examples(), ids=lambda path: path.stem)
def test_an_example_reads_and_says_no_more_than_a_person_reads(path: Path) -> None:
    text = path.read_text("utf-8")
    found = advice_of(path)
    assert text.count("\n") <= 40
    assert "Question:" in text
    assert len(found["findings"]) <= 9
    assert {each["id"] for each in found["findings"] if each["grade"] == "stop"} == STOPS[path.stem]


@pytest.mark.carries("ITB-03")
def test_the_example_of_make_run_shows_a_request_and_three_options() -> None:
    chart = eutonia.read(docs.SHOWN)
    found = advice_of(docs.SHOWN)
    assert [event.what.kind for event in chart.events if isinstance(event.what, Request)] == ["adjust up"]
    assert [plan["option"] for plan in found["plans"]] == ["+10%", "+20%", "+30%"]
    assert found["refusals"] == []


@pytest.mark.hazard("H57")
@pytest.mark.parametrize("name", ["07-late-refill-withdrawal", "08-suspected-overdose"])
def test_an_emergency_example_opens_with_its_card(name: str) -> None:
    printed = docs.answer((docs.ROOT / "examples" / f"{name}.chart").read_text("utf-8"))
    assert printed.index("EMERGENCY") < printed.index("FINDINGS")


# --- charts in the pages ----------------------------------------------------------------------------------------------


def _charts() -> list[tuple[str, str]]:
    return [(f"{page.name}-{n}", block) for page in PAGES for n, block in enumerate(blocks(page, "chart"), 1)]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in _charts()])
def test_every_chart_on_a_page_reads(text: str) -> None:
    assert eutonia.read(text).events


def test_every_chart_in_json_on_a_page_reads_and_comes_back() -> None:
    texts = [block for block in blocks(CHART, "json") if '"format"' in block]
    assert texts
    for text in texts:
        chart = eutonia.read(text)
        assert eutonia.read(json.dumps(chart.to_json())).hash == chart.hash


def test_every_line_that_a_page_calls_refused_is_refused_with_these_words() -> None:
    lines = "".join(blocks(CHART, "refused")).splitlines()
    assert lines
    for line, says in zip(lines[::2], lines[1::2], strict=True):
        with pytest.raises(ReadError) as error:
            eutonia.read(line + "\n")
        assert says.strip() in str(error.value)


def test_the_grammar_shows_every_kind_of_line_and_every_word_of_a_closed_list() -> None:
    lines = [uncommented(line) for block in blocks(CHART, "chart") for line in block.splitlines() if uncommented(line)]
    kinds = {re.match(r"\S+ +(?:[0-9]\S* +)?(\S+)", line)[1] for line in lines}
    requests = {read_line(line)[2].kind for line in lines if re.search(r"[0-9] +request ", line)}
    text = CHART.read_text("utf-8")
    assert kinds == set(KINDS)
    assert requests == set(REQUESTS)
    for word in (*DEVICE, *LABS, *SCALES):
        assert f"`{word}`" in text


def test_the_table_of_units_is_the_closed_list() -> None:
    rows = list(cells(CHART, "what | printed | read as well"))
    written = {re.findall("`(.*?)`", row[1])[0]: set(re.findall("`(.*?)`", row[2])) for row in rows}
    units = {unit.name: unit for unit in UNITS.values() if unit.kind not in ("share", "temperature")}
    assert written == {name: set(unit.spellings) for name, unit in units.items()}


def test_every_line_of_the_readme_chart_stands_in_the_example() -> None:
    example = docs.SHOWN.read_text("utf-8").splitlines()
    assert all(line in example for block in blocks(docs.README, "chart") for line in block.splitlines())


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(docs.ROOT)
    (code,) = blocks(docs.README, "python")
    exec(compile(code, "README.md", "exec"), {})
    assert "note Refill due by" in capsys.readouterr().out


# --- the pump ---------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("H41")
def test_the_read_back_on_the_page_agrees_with_the_example() -> None:
    text = docs.SHOWN.read_text("utf-8")
    chart = eutonia.read(docs.SHOWN)
    facts = Facts(chart, chart.moment(docs.moment(text)), book())
    (back,) = blocks(PUMP, "readback")
    pump = pump_state(facts)
    assert pump is not None
    assert verify(pump, read_back(back, "docs/pump.md", facts), facts).agrees
    assert all(line.startswith(tuple(FIELDS)) for line in back.splitlines())


@pytest.mark.hazard("H34")
def test_the_worked_bridges_on_the_page_are_those_that_the_code_computes() -> None:
    text = PUMP.read_text("utf-8")
    line, daily = Quantity.read("0.364 mL"), Quantity.read("300 mcg/day")
    for old, new in (("500", "2000"), ("2000", "500")):
        before, after = Quantity.read(f"{old} mcg/mL"), Quantity.read(f"{new} mcg/mL")
        meant = bridge(line, before, daily)
        wrong, long = missed_bridge(line, before, after, daily)
        assert f"| {plain(meant.dose)} over {plain(meant.hours)} h |" in text
        assert f"| {plain(wrong)} mcg/day for {plain(rounded(long, '0.01'))} h:" in text


# --- the advice -------------------------------------------------------------------------------------------------------


def _findings() -> dict[str, set[str]]:
    """The id of each finding with the kinds of plan that it can stop, as the code has them."""
    found: dict[str, set[str]] = {}
    for path in sorted((docs.ROOT / "eutonia" / "findings").glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        named: dict[str, list[ast.expr]] = {}
        for node in ast.walk(tree):
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(target, ast.Name) and node.value:
                named.setdefault(target.id, []).append(node.value)

        def kinds(value: ast.expr, named: dict[str, list[ast.expr]] = named) -> set[str]:
            said = {node.value for node in ast.walk(value) if isinstance(node, ast.Constant)}
            names = [node.id for node in ast.walk(value) if isinstance(node, ast.Name)]
            said.update(_DOSED if "KINDS" in names else ())
            for name in names:
                said.update(*[kinds(each, {}) for each in named.get(name, ())])
            return said & set(_BLOCKED)

        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") not in ("found", "_joined"):
                continue
            id_ = next((each.value for each in call.args[1:2] if isinstance(each, ast.Constant)), None)
            if isinstance(id_, str):
                stops = [word.value for word in call.keywords if word.arg == "stops"]
                found.setdefault(id_, set()).update(*map(kinds, stops))
    return found


# What a finding can stop: a kind of plan, or rises alone.
_BLOCKED = (*PLANS, "adjust up")
# A replacement gives no dose, and a reduction is offered only where no card is shown.
_DOSED = set(PLANS) - {"replacement", "reduction"}
_WORDS = {
    "": set(),
    "every plan": _DOSED,
    "all but taper": _DOSED - {"taper"},
    "all but refill and restart": _DOSED - {"refill", "restart"},
}


def _said(words: str) -> set[str]:
    # The longest name first, so that 'adjust up' is not taken for 'adjust', nor 'restart' for 'start'.
    names = "|".join(sorted(_BLOCKED, key=len, reverse=True))
    return _WORDS[words] if words in _WORDS else set(re.findall(rf"\b(?:{names})\b", words))


def test_the_page_names_every_finding_and_what_it_stops() -> None:
    written = {row[0].strip("`"): _said(row[2]) for row in cells(ADVICE, "id | question")}
    assert written == _findings()


def test_the_page_names_every_kind_of_plan_with_numbers_that_exist() -> None:
    rows = list(cells(ADVICE, "kind | rule"))
    assert [row[0] for row in rows] == list(PLANS)
    for row in rows:
        assert all(name in library().entries for name in re.findall("`(.*?)`", row[2]))


def test_the_page_lists_every_working_rule_with_its_value() -> None:
    assumptions = {name: entry for name, entry in library().entries.items() if entry.tag == "assumption"}
    rows = list(cells(ADVICE, "id | value | what for"))
    written = [name for row in rows for name in re.findall("`(.*?)`", row[0])]
    assert sorted(written) == sorted(assumptions)
    for row in rows:
        for name in re.findall("`(.*?)`", row[0]):
            value = assumptions[name].value
            for each in value if isinstance(value, list) else [value]:
                digits = plain(Quantity.read(each).value) if isinstance(each, str) else str(each)
                assert digits in row[1], name


def test_the_page_names_every_field_of_the_advice() -> None:
    fields = set(re.findall("`([a-z_]+)`", ADVICE.read_text("utf-8")))
    for path in docs.examples():
        found = advice_of(path)
        objects = [found, found["pump"] or {}, *found["findings"], *found["plans"], *found["refusals"], *found["tasks"]]
        objects += [step for plan in found["plans"] for step in plan["steps"]]
        objects += [*found["predictions"], *(each["bands"] for each in found["predictions"] if "bands" in each)]
        assert {key for each in objects for key in each} <= fields


@pytest.mark.parametrize(("name", "row"), [("oral.daily_max", 1), ("oral.taper_days", 3), ("start.long_response", 4)])
def test_the_jurisdictions_on_the_page_are_those_of_the_knowledge(name: str, row: int) -> None:
    said = list(cells(ADVICE, "| US | DE | UK"))[row - 1][1:]
    assert [plain(book(place).quantity(name)).replace(" daily", "") for place in ("US", "DE", "UK")] == said


# --- all pages --------------------------------------------------------------------------------------------------------


def test_the_readme_states_the_blind_spots_and_the_limits() -> None:
    text = " ".join(docs.README.read_text("utf-8").split())
    for words in (
        "in the vial",
        "catheter tip",
        "needle",
        "Clinicians decide",
        "not an emergency device",
        "never writes",
    ):
        assert words in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_on_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        name, _, part = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        heads = {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)} if part else set()  # fmt: skip
        assert not part or part in heads or f'<a id="{part}">' in path.read_text("utf-8"), target


@pytest.mark.hazard("H56")
@pytest.mark.parametrize("path", docs.examples(), ids=lambda path: path.stem)
def test_no_line_of_a_printed_answer_parts_a_number_from_its_unit(path: Path) -> None:
    lines = docs.answer(path.read_text("utf-8")).splitlines()
    for line, following in pairwise(lines):
        joined = f"{line.rstrip(' ┃│')} {following.lstrip(' ┃│')}"
        assert glued(joined).count("\u00a0") == glued(line).count("\u00a0") + glued(following).count("\u00a0")
        assert len(line) <= docs.WIDTH

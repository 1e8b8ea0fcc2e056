"""Every number tells its whole story: where it comes from, who disagrees, which code and which tests carry it."""

from __future__ import annotations

import ast
import csv
import json
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import eutonia
from eutonia.doors import story as stories
from eutonia.doors.cli import main
from eutonia.doors.drug import brief
from eutonia.doors.story import TAG_MEANS, carried, named, story, told
from eutonia.knowledge import TAGS, KnowledgeError, book, conflicts, library, monograph
from tools.trace import TRACE, TraceError, carries, trace, written

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT.parent / "shared" / "evidence"
needs_evidence = pytest.mark.skipif(not EVIDENCE.exists(), reason="the evidence is not beside this checkout")

ENTRIES = library().entries
NAMES = (*monograph(), *conflicts(), *ENTRIES, *stories._findings(), "drug")


def run(*command: str) -> Result:
    return CliRunner().invoke(main, command, env={"COLUMNS": "80"})


# --- what carries a fact --------------------------------------------------------------------------------------------


def test_every_fact_has_knowledge_code_and_tests():
    done = run("facts", "--json")
    rows = json.loads(done.stdout)
    lacking = {row["id"]: [n for n in ("knowledge", "code", "tests") if not row[n]] for row in rows}
    assert {id_: what for id_, what in lacking.items() if what} == {}
    assert done.exit_code == 0
    assert len(rows) == 56


def test_the_facts_are_listed_one_a_line_with_what_carries_each():
    lines = run("facts").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(monograph())


def test_the_code_and_the_tests_that_are_named_exist():
    for row in carried():
        assert all((ROOT / path).is_file() for path in row["code"])
        for test in row["tests"]:
            path, *names = test.split("::")
            assert f"def {names[-1]}(" in (ROOT / path).read_text("utf-8")


def test_the_trace_in_the_package_is_what_the_tests_say_now():
    assert TRACE.read_text("utf-8") == written(trace()), "stale: run python tools/trace.py"


def test_a_docstring_or_a_comment_carries_nothing_and_a_string_in_code_does():
    said = 'def f():\n    """oral.daily_max ADM-04 and interaction."""\n    "oral.start"\n    return 1  # oral.step'
    assert set(named(ast.parse(said))) == set()
    assert set(named(ast.parse("book.quantity('oral.daily_max')"))) == {"oral.daily_max"}
    assert set(named(ast.parse("basis('ADM-04', 'nothing.of.that.name')"))) == {"ADM-04"}


def test_a_loop_over_a_prefix_carries_the_entries_one_step_below_it():
    effects = set(named(ast.parse("book.under('adverse.')")))
    assert {"adverse.sedation", "adverse.pruritus"} <= effects
    assert "adverse.label.coma" not in effects
    assert set(named(ast.parse("'Nothing to do.'"))) == set()


def test_an_f_string_carries_every_entry_of_its_form():
    assert set(named(ast.parse("f'device.{key}.mri'"))) == {"device.synchromed_ii.mri", "device.prometra_ii.mri"}
    assert set(named(ast.parse("f'{key}.mri'"))) == set()
    assert set(named(ast.parse("f'the {book.text(\"oral.driving\")} rule'"))) == {"oral.driving"}


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        ('@pytest.mark.carries("ADM-04")\ndef test_a(): ...\ndef test_b(): ...', {("test_a", "ADM-04")}),
        (
            'pytestmark = [pytest.mark.slow, pytest.mark.carries("ADM-04")]\nclass TestX:\n    def test_a(self): ...\n'
            '    @pytest.mark.carries("WD-01", "WD-02")\n    def test_b(self): ...\n    def helper(self): ...',
            {("TestX::test_a", "ADM-04"), *(("TestX::test_b", each) for each in ("ADM-04", "WD-01", "WD-02"))},
        ),
        (
            '@pytest.mark.carries("ADM-04")\nclass TestX:\n    async def test_a(self): ...',
            {("TestX::test_a", "ADM-04")},
        ),
        ('@pytest.mark.hazard("H01")\ndef test_a(): ...', set()),
    ],
)
def test_a_mark_on_a_test_its_class_or_its_module_carries(source, tests):
    assert set(carries(ast.parse(source))) == tests


@pytest.mark.parametrize("mark", ["carries()", "carries", "carries(FACT)", "carries(*FACTS)"])
def test_a_mark_that_carries_nothing_is_an_error(mark):
    with pytest.raises(TraceError):
        list(carries(ast.parse(f"@pytest.mark.{mark}\ndef test_a(): ...")))


def test_a_mark_with_an_id_that_is_no_fact_is_an_error(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text('@pytest.mark.carries("ADM-99")\ndef test_a(): ...')
    with pytest.raises(TraceError, match="ADM-99"):
        trace(tmp_path)


# --- why ------------------------------------------------------------------------------------------------------------


def test_why_a_fact_tells_all_sources_the_conflict_and_the_code():
    text = run("why", "ADM-04").stdout
    assert run("why", "adm-04").stdout == text
    for part in (
        "The oral dose should not exceed 80 mg a day.",
        "oral.daily_max: 80 mg daily",
        "monograph, Administration; US label: 20 mg four times a day",
        "in DE       75 mg daily (DE Lioresal leaflet, outpatients)",
        "review by   2027-06-01",
        "C-04: sources disagree on greatest oral daily dose.",
        "- UK 100 mg (unverified)",
        "governs     80 mg, or the pack's if stricter",
        "eutonia/plan/guard.py",
        "tests/cases/test_facts.py::",
    ):
        assert part in text


def test_why_a_number_tells_value_spread_tag_packs_and_the_facts_it_carries():
    found = json.loads(run("why", "oral.daily_max", "--json").stdout)
    assert (found["value"], found["spread"], found["tag"]) == ("80 mg/day", "none: a limit", "monograph")
    assert found["packs"] == {"DE": {"value": "75 mg/day", "source": ["DE Lioresal leaflet, outpatients"]}}
    assert [each["id"] for each in found["facts"]] == ["ADM-04"]
    assert found["conflict"]["id"] == "C-04"
    assert "eutonia/plan/guard.py" in found["code"]


def test_why_a_conflict_tells_every_side_and_what_governs():
    found = json.loads(run("why", "C-05", "--json").stdout)
    assert len(found["sides"]) == 3
    assert found["governs"].startswith("the exception governs")
    assert {each["id"] for each in found["knowledge"]} == {
        "start.factor", "start.factor_long_response", "start.long_response",
    }  # fmt: skip


def test_why_a_finding_tells_its_question_and_the_numbers_it_rests_on():
    text = run("why", "kidney").stdout
    assert "How well do the kidneys work" in text
    assert "kidney.bands: 80 mL/min, 50 mL/min, 30 mL/min" in text
    assert "eutonia/findings/kidney.py" in text


def test_why_an_unverified_number_says_that_it_never_is_a_limit():
    assert "never a limit" in " ".join(run("why", "device.synchromed_ii.flow").stdout.split())


@pytest.mark.parametrize("id_", ["ADM-99", "C-99", "oral.nothing", "", "Kidney stones"])
def test_why_something_unknown_is_refused_with_what_would_do(id_):
    done = run("why", id_)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "'eutonia facts' lists the facts" in done.stderr


@pytest.mark.parametrize("width", [60, 100])
def test_every_story_is_told_within_the_width_and_no_number_loses_its_unit(width):
    for name in NAMES:
        found = story(name)
        assert found is not None, name
        text = told(found, width)
        assert "\u00a0" not in text
        for line in text.splitlines():
            assert len(line) <= width or " " not in line.strip(), (name, line)
            assert not re.search(r"[0-9]\n +(mg|mcg|mL|h|kg|%)\b", text), name


def test_every_finding_of_the_examples_has_a_story():
    examples = sorted((ROOT / "examples").glob("*.chart"))
    assert examples
    for path in examples:
        for found in eutonia.examine(eutonia.read(path), "2026-07-01 09:00"):
            assert story(found.id) is not None, found.id


# --- the drug in brief ----------------------------------------------------------------------------------------------


def test_the_brief_has_its_six_sections_and_each_sentence_its_sources():
    sections = brief(book())
    assert [each["title"] for each in sections] == [
        "What it is and how it acts", "Absorption", "Elimination", "What varies", "Tolerance",
        "Adverse effects by organ system",
    ]  # fmt: skip
    for line in (line for section in sections for line in section["lines"]):
        assert line["entries"]
        assert line["sources"]
        assert all(each in line["says"] for each in line["conflicts"])


def test_the_brief_types_no_number_of_its_own():
    tree = ast.parse((ROOT / "eutonia" / "doors" / "drug.py").read_text("utf-8"))
    docs = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
    }
    typed = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [
        text
        for text in typed
        if re.search("[0-9]", text) and text not in ENTRIES and text not in docs and "eutonia why" not in text
    ] == []


def test_the_brief_of_another_jurisdiction_has_its_numbers():
    def says(place: str) -> str:
        return " ".join(line["says"] for section in brief(book(place)) for line in section["lines"])

    assert "Peak 2 to 3 h" in says("DE")
    assert "why plasma.peak_time" in run("why", "drug").stdout


# --- the knowledge itself -------------------------------------------------------------------------------------------


def test_every_number_has_a_source_a_known_tag_and_a_review_date():
    assert tuple(TAG_MEANS) == TAGS
    for entry in ENTRIES.values():
        assert all(source.strip() for source in entry.source), entry.name
        assert entry.source, entry.name
        assert entry.tag in TAGS, entry.name
        assert entry.review.year >= 2026, entry.name
        assert set(entry.facts) <= set(monograph()), entry.name
        assert not entry.conflict or entry.conflict in conflicts(), entry.name


UNVERIFIED = [name for name, entry in ENTRIES.items() if entry.tag == "unverified"]


@pytest.mark.parametrize("name", UNVERIFIED)
@pytest.mark.parametrize("ask", ["quantity", "span", "quantities", "shares", "count", "text", "words"])
def test_an_unverified_number_is_given_to_nobody_who_asks_for_a_limit(name, ask):
    with pytest.raises(KnowledgeError, match="unverified"):
        getattr(book(), ask)(name)


def test_no_code_asks_for_an_unverified_number_or_for_one_that_is_not_there():
    asked = [
        (path, call.args[0].value)
        for path, tree in stories._trees().items()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"quantity", "span", "quantities", "shares", "count", "text", "words"}
        and isinstance(call.func.value, ast.Name | ast.Attribute)
        and "book" in ast.unparse(call.func.value)
        and call.args
        and isinstance(call.args[0], ast.Constant)
    ]
    assert len(asked) > 50
    assert [each for each in asked if each[1] not in ENTRIES or each[1] in UNVERIFIED] == []


@pytest.mark.parametrize("id_", conflicts())
def test_every_conflict_stands_at_a_number(id_):
    assert [entry.name for entry in ENTRIES.values() if entry.conflict == id_]


@needs_evidence
def test_the_facts_are_those_of_the_monograph():
    evidence = tomllib.loads((EVIDENCE / "monograph.toml").read_text("utf-8"))["fact"]
    assert [(f.id, f.kind, f.says) for f in monograph().values()] == [(f["id"], f["kind"], f["fact"]) for f in evidence]


@needs_evidence
def test_the_conflicts_are_those_of_the_evidence():
    rows = re.findall(
        r"^\| (C-[0-9]+) \| (.*?) \| (.*) \| (.*?) \|$", (EVIDENCE / "conflicts.md").read_text("utf-8"), re.M
    )
    assert [(c.id, c.question, c.sides, c.governs) for c in conflicts().values()] == rows


INTERACTIONS = {
    "CNS depressants": "cns_depressant",
    "alcohol": "alcohol",
    "opioids": "opioid",
    "morphine + INTRATHECAL baclofen": "morphine_intrathecal",
    "tizanidine": "tizanidine",
    "tricyclic antidepressants": "tricyclic",
    "MAO inhibitors": "mao_inhibitor",
    "lithium": "lithium",
    "levodopa +/- carbidopa": "levodopa",
    "antihypertensives": "antihypertensive",
    "drugs reducing renal function": "nephrotoxic",
    "antidiabetic agents": "antidiabetic",
    "general anaesthetics": "general_anaesthetic",
    "neuromuscular blocking agents": "neuromuscular_blocker",
    "probenecid": "probenecid",
}


@needs_evidence
def test_every_interaction_with_a_source_is_there_and_magnesium_which_has_none_is_not():
    with (EVIDENCE / "interactions.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["object,class_or_example".partition(",")[0]]: row for row in csv.DictReader(file)}
    assert set(rows) == {*INTERACTIONS, "magnesium (parenteral)"}
    assert set(INTERACTIONS.values()) == {e.name.partition(".")[2] for e in book().under("interaction.")}
    for drug, name in INTERACTIONS.items():
        severity = ENTRIES[f"interaction.{name}"].more["severity"]
        # Between two grades the graver governs.
        assert severity in rows[drug]["proposed_severity"], drug

"""`eutonia ledger`: a day at a clinic's keyboard, what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eutonia.doors.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"
ONE = str(EXAMPLES / "02-spinal-cord-injury-pump.chart")


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger with one chart, named by the environment."""
    path = tmp_path / "clinic.ledger"
    monkeypatch.setenv("EUTONIA_LEDGER", str(path))
    assert ask("import", ONE, "--by", "Dr Example").exit_code == 0
    return path


def ask(*words: str) -> Result:
    return CliRunner().invoke(main, ["ledger", *words])


def answer(*words: str) -> Any:
    found = ask(*words, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def test_a_chart_comes_in_grows_is_corrected_and_reads_as_it_stands(where: Path) -> None:
    ((chart, head),) = [(each["chart"], each["head"]) for each in answer("list")]
    text = ask("show", chart).stdout
    assert [line.split("#")[0].strip() for line in text.splitlines()] == [
        line.split("#")[0].strip() for line in Path(ONE).read_text("utf-8").splitlines() if line.split("#")[0].strip()
    ]
    added = ask("append", chart, "2026-05-01 12:00 weight 70 kg", "--by", "N. Nurse", "--saw", head)
    assert added.exit_code == 0
    hash = added.stdout.split()[0]
    assert "2026-05-01 12:00 weight 70 kg" in ask("show", chart).stdout
    struck = ask("strike", chart, hash, "--because", "other patient", "--by", "Dr Example")
    assert "because other patient" in struck.stdout
    assert ask("show", chart).stdout == text
    history = ask("show", chart, "--history").stdout.splitlines()
    assert "N. Nurse: 2026-05-01 12:00 weight 70 kg" in history[-2]
    assert "Dr Example: struck" in history[-1]
    assert ask("show", chart, "--head", head).stdout == text


def test_an_event_that_two_people_checked_is_struck_by_two(where: Path) -> None:
    ((chart, _),) = [(each["chart"], each["head"]) for each in answer("list")]
    line = "2026-05-01 12:00 trial 50 mcg; checked by A. Okoro"
    hash = ask("append", chart, line, "--by", "N. Dale").stdout.split()[0]
    words = ("strike", chart, hash, "--because", "other patient", "--by", "N. Dale")
    for second in ((), ("--second", "N. Dale")):
        refused = ask(*words, *second)
        assert refused.exit_code == 2
        assert "nothing was written" in refused.stderr
    assert line in ask("show", chart).stdout
    assert ask(*words, "--second", "A. Okoro").exit_code == 0
    assert line not in ask("show", chart).stdout
    assert "N. Dale; confirmed by A. Okoro: struck" in ask("show", chart, "--history").stdout


def test_an_old_head_is_a_conflict_that_names_what_is_new(where: Path) -> None:
    ((chart, head),) = [(each["chart"], each["head"]) for each in answer("list")]
    ask("append", chart, "2026-05-01 12:00 weight 70 kg", "--by", "A", "--saw", head)
    late = ask("append", chart, "2026-05-01 12:01 weight 7 kg", "--by", "B", "--saw", head)
    assert late.exit_code == 2
    assert "nothing was written" in late.stderr
    assert "A: 2026-05-01 12:00 weight 70 kg" in late.stderr


def test_advice_is_kept_and_replayed_and_all_of_it_verified_copied_and_carried(where: Path, tmp_path: Path) -> None:
    ((chart, _),) = [(each["chart"], each["head"]) for each in answer("list")]
    said = ask("advise", chart, "--by", "A", "--now", "2026-05-02 09:00")
    assert {"findings", "plans", "predictions"} <= set(json.loads(said.stdout))
    checked = answer("verify", "--replay")
    assert (checked["charts"], checked["faults"]) == (1, [])
    exported = ask("export", str(tmp_path / "all.jsonl"))
    assert checked["chain"] in exported.stdout
    assert checked["chain"] in ask("backup", str(tmp_path / "copy")).stdout
    other = str(tmp_path / "other")
    assert ask("import", str(tmp_path / "all.jsonl"), "--by", "A", "--ledger", other).exit_code == 0
    for ledger in (other, str(tmp_path / "copy")):
        again = answer("verify", "--chain", checked["chain"], "--ledger", ledger)
        assert again == checked
    cut = ask("verify", "--chain", "f" * 64)
    assert cut.exit_code == 1
    assert "go back to the last backup" in cut.stdout


def test_a_folder_comes_in_and_what_cannot_be_read_is_named_beside_it(where: Path, tmp_path: Path) -> None:
    folder = tmp_path / "charts"
    folder.mkdir()
    for each in sorted(EXAMPLES.glob("0[1-3]*.chart")):
        (folder / each.name).write_bytes(each.read_bytes())
    (folder / "bad.chart").write_text("2026-01-05 weight 70\n")
    (folder / "notes.md").write_text("no chart")
    found = ask("import", str(folder), "--by", "A")
    assert found.exit_code == 1
    assert found.stdout.count(" new lines") == 3
    assert "bad.chart: refused" in found.stdout
    assert "bad.chart, line 1" in found.stderr
    assert len(answer("list")) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "0000"), "there is no chart 0000"),
        (("append", "0000", "2026-05-01 weight 70 kg", "--by", "A"), "there is no chart 0000"),
        (("import", ONE, "--by", " "), "who enters this"),
        (("export", ONE), "is there already"),
        (("backup", ONE), "is there already"),
        (("list", "--ledger", "nowhere.ledger"), "is not there"),
        (("list", "--ledger", "mysql://x/y"), "no database for a ledger"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_status_2(where: Path, words: tuple[str, ...], says: str) -> None:
    found = ask(*words)
    assert found.exit_code in (1, 2)
    assert says in found.output
    assert "Traceback" not in found.output


@pytest.mark.hazard("H59")
def test_a_password_in_the_url_is_not_shown(where: Path) -> None:
    found = ask("list", "--ledger", "postgresql://eutonia:secret@127.0.0.1:1/none")
    assert found.exit_code == 2
    assert "secret" not in found.output

"""The model cards say what the models are: today's numbers, every model, every misfit, nothing left open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eutonia.body import plasma
from tools import models

TEXT = models.PAGE.read_text("utf-8")
CARDS = models.cards()
each_card = pytest.mark.parametrize("card", CARDS, ids=[card.name for card in CARDS])


def section(name: str, text: str = TEXT) -> str:
    """One card, without its name."""
    return text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def test_the_page_is_what_the_knowledge_and_the_calibration_give_now() -> None:
    assert models.main(["--check"]) == 0, "run 'python tools/models.py'"


def test_a_page_that_is_out_of_date_is_noticed_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "models.md"
    monkeypatch.setattr(models, "PAGE", old)
    assert models.main(["--check"]) == 1
    old.write_text(TEXT.replace("74", "75"), "utf-8")
    assert models.main(["--check"]) == 1
    assert "75" in old.read_text("utf-8")
    assert "out of date" in capsys.readouterr().err
    assert models.main([]) == 0
    assert old.read_text("utf-8") == TEXT


def test_the_page_begins_with_what_a_model_may_do() -> None:
    first = TEXT.removeprefix("# The models\n\n")
    assert first.startswith("A model may rank what the rules allow; it never adds a plan and never relaxes a limit.")


def test_every_model_has_a_card() -> None:
    assert [card.name for card in CARDS][:7] == [*plasma.MODELS, "neuraxis", "tone"]


@each_card
def test_a_card_tells_domain_equations_numbers_calibration_and_what_is_not_supported(card: models.Card) -> None:
    text = section(card.name)
    for head in ("Domain", "Equations", "Parameters", "Calibration", "What the data do not support"):
        assert text.count(f"### {head}\n") == 1
    assert "nknown" in text.partition("### Equations")[0]


@each_card
def test_every_symbol_of_an_equation_is_a_number_that_the_code_asks_for(card: models.Card) -> None:
    used = [entry.name for entry in models.parameters_of(card)[0]]
    assert set(card.symbols.values()) <= set(used)
    # The other way round: what is asked for stands in the equations, or a note says what else it is for.
    left = set(used) - {*card.symbols.values(), *card.notes}
    assert not left or card is models.DEPENDENCE, f"write {left} into the equations in tools/models.py"


@each_card
def test_every_assumed_number_is_called_one_and_its_predictions_scenarios(card: models.Card) -> None:
    entries, _ = models.parameters_of(card)
    text = section(card.name).partition("### Parameters")[2].partition("\n|")[0]
    assumed = [entry.name for entry in entries if entry.more.get("grade") == "assumed"]
    assert all(f"`{name}`" in text for name in assumed)
    assert ("are scenarios" in text) == bool(assumed)


def test_every_row_of_the_calibration_that_fails_is_told_in_words() -> None:
    rows, skipped = models.validation()
    assert len(rows) + len(skipped) > 60
    for row in rows:
        card = models.belongs(row.id)
        if row.result != "passes" and card != models.ELSEWHERE and section(card):
            misfits = section(card).partition("### Known misfits")[2]
            assert f"- {row.id}, {row.what}: observed" in misfits


def test_a_row_that_belongs_to_no_card_is_an_error() -> None:
    with pytest.raises(LookupError, match="'V99'"):
        models.belongs("V99")


def test_no_cell_is_empty_and_no_word_stands_twice() -> None:
    assert not re.search(r"\|[ \t]*\|", TEXT)
    words = re.sub(r"```text\n.*?```|^\|.*$", "", TEXT, flags=re.DOTALL | re.MULTILINE)
    assert not re.findall(r"\b([A-Za-z]+)\s+\1\b", words)
    tables = [line for line in TEXT.splitlines() if line.startswith("|")]
    for line in tables:
        assert not re.search(r"\d\.\d{7}|e[+-]\d", line), line
        assert "/work" not in line

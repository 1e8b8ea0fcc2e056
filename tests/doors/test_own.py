"""`eutonia estimate`, `eutonia whatif`, and the order of the options: what they print, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from eutonia.doors import own, spans, tradeoff, words
from eutonia.doors.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"
PUMP = str(EXAMPLES / "02-spinal-cord-injury-pump.chart")
FAILING = str(EXAMPLES / "05-tolerance-hidden-delivery-failure.chart")
TABLETS = str(EXAMPLES / "01-multiple-sclerosis-oral.chart")
EMERGENCY = str(EXAMPLES / "08-suspected-overdose.chart")
NOW = ("--now", "2026-05-02 09:00")


def ask(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def answer(*words: str) -> dict[str, Any]:
    found = ask(*words, "--json")
    assert found.exit_code in (0, 1), found.output
    return dict(json.loads(found.stdout))


def flat(text: str) -> str:
    return " ".join(text.split())


def test_an_estimate_prints_the_numbers_that_go_out() -> None:
    found = answer("estimate", PUMP, *NOW)["estimate"]
    said = flat(ask("estimate", PUMP, *NOW).stdout)
    dose = found["parameters"][0]
    for name in ("prior", "posterior"):
        low, middle, high = (f"{float(f'{dose[name][band]:.3g}'):g}" for band in ("p05", "p50", "p95"))
        assert f"{middle} ({low} to {high})" in said
    assert "3 scores, 1 response, 1 residual volume" in said
    for each in found["checks"]:
        assert each["what"] in said


def test_the_drawing_of_an_estimate_stands_alone_and_shows_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "moved.svg"
    found = answer("estimate", PUMP, *NOW, "--plot", str(path))["estimate"]
    root = ElementTree.fromstring(path.read_text("utf-8"))
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f".//{space}circle")) == 2 * len(found["parameters"])
    text = " ".join("".join(each.itertext()) for each in root.iter(f"{space}text")).replace("\u00a0", " ")
    dose = found["parameters"][0]
    for value in (
        min(dose["prior"]["p05"], dose["posterior"]["p05"]),
        max(dose["prior"]["p95"], dose["posterior"]["p95"]),
    ):
        assert f"{float(f'{value:.3g}'):g}" in text
    rows = spans.spans(found)
    # After lies within before where the data have narrowed it, and each median inside its line.
    assert rows[0].after.end - rows[0].after.begin < 0.6 * (rows[0].before.end - rows[0].before.begin)
    assert all(bar.begin <= bar.middle <= bar.end for row in rows for bar in (row.before, row.after))


def test_a_failing_delivery_is_said_before_any_dose() -> None:
    said = flat(ask("estimate", FAILING, *NOW).stdout)
    assert "fit a failing delivery better than any dose" in said
    assert "fit a failing delivery" not in flat(ask("estimate", PUMP, *NOW).stdout)


def test_what_nothing_is_known_of_is_said_to_be_unknown() -> None:
    child = str(EXAMPLES / "10-child.chart")
    assert "unknown" in answer("estimate", child, *NOW)["estimate"]
    assert "nothing of the patient's own data can be used" in flat(ask("estimate", child, *NOW).stdout)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ((PUMP, "--program", "continuous 240 mcg/day"), "adjust"),
        ((TABLETS, "--oral", "15 mg three times a day"), "titration"),
    ],
)
def test_a_typed_dose_stands_beside_todays(words: tuple[str, ...], kind: str) -> None:
    found = answer("whatif", *words, *NOW)
    assert [each["kind"] for each in found["plans"]] == [kind, kind]
    assert found["plans"][0]["option"] == "as today"
    today, typed = found["predictions"]
    assert typed["days"]["tone"]["last"]["p50"] < today["days"]["tone"]["last"]["p50"]
    assert today["hours"] == typed["hours"]
    assert found["refusals"] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((PUMP, "--program", "continuous 540 mcg/day"), "outside the window"),
        ((PUMP, "--program", "continuous 2160 mcg/day"), "outside what is allowed"),
        ((PUMP, "--program", "continuous 240 mg/day"), "240,000 mcg daily to program is outside what is allowed"),
        ((PUMP, "--program", "continuous 200 mcg/day; bolus 20 mcg at 06:00, 22:00"), "changes the shape of the day"),
        # A whole day's dose at once has the right daily dose.
        (
            (PUMP, "--program", "bolus 245 mcg at 06:00"),
            "a single bolus of 245 mcg is above the largest screening bolus",
        ),
        # The pump holds 500: told 250 it would give twice as much.
        ((PUMP, "--program", "continuous 245 mcg/day; strength 250 mcg/mL"), "the pump does not hold that"),
        ((TABLETS, "--oral", "45 mg at bedtime"), "a single dose of 45 mg is more than 20 mg"),
        ((PUMP, "--program", "stop"), "A stop is no adjustment"),
        ((PUMP, "--program", "continuous 216 mcg/day"), "already"),
        ((TABLETS, "--oral", "30 mg four times a day"), "outside what is allowed"),
        ((TABLETS, "--oral", "25 mg three times a day"), "a rise of 45 mg a day is more than 15 mg"),
        ((TABLETS, "--oral", "5 mg once a day"), "abrupt withdrawal"),
        ((FAILING, "--program", "continuous 500 mcg/day"), "Stopped by"),
    ],
)
def test_a_dose_that_the_rules_refuse_is_not_foreseen(words: tuple[str, ...], says: str) -> None:
    found = answer("whatif", *words, *NOW)
    assert found["plans"] == []
    assert found["predictions"] == []
    assert ask("whatif", *words, *NOW).exit_code == 1
    assert any(says in each["why"] for each in found["refusals"]), found["refusals"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "type one dose"),
        (("--program", "continuous 240 mcg/day", "--oral", "10 mg three times a day"), "type one dose"),
        (("--program", "240"), "--program"),
        (("--oral", "10 three times a day"), "--oral"),
        (("--oral", "stop"), "never stopped at once"),
        (("--program", "continuous 240 mcg/day", "--plot", "x.png"), "does not end in .svg"),
    ],
)
def test_a_dose_that_cannot_be_read_is_refused(words: tuple[str, ...], says: str) -> None:
    found = ask("whatif", PUMP, *NOW, *words)
    assert found.exit_code == 2
    assert says in found.output


def test_in_an_emergency_no_typed_dose_is_foreseen() -> None:
    found = ask("whatif", EMERGENCY, "--now", "2026-05-02 16:30", "--program", "continuous 100 mcg/day")
    assert found.exit_code == 1
    assert "EXPECTED" not in found.stdout


def test_what_is_wanted_changes_the_order_and_nothing_else() -> None:
    plain = answer("advise", TABLETS, *NOW)
    wanted = answer("advise", TABLETS, *NOW, "--goal", "2", "--prefer", "goal")
    # The slower of two titrations to the same dose comes first.
    assert [each["plan"] for each in plain["order"][0]["places"]] == [0, 1, 2]
    assert [each["plan"] for each in wanted["order"][0]["places"]] != [0, 1, 2]
    assert wanted["order"][0]["goal"] == "an Ashworth score of the legs of 2 at most (scale of 1 to 5)"
    assert {k: v for k, v in plain.items() if k != "order"} == {k: v for k, v in wanted.items() if k != "order"}


@pytest.mark.parametrize("prefer", ["speed", "goal,goal", ""])
def test_an_order_by_something_unknown_is_refused(prefer: str) -> None:
    found = ask("advise", TABLETS, *NOW, "--prefer", prefer)
    assert found.exit_code == 2
    assert "harm, withdrawal, goal, dose, visits" in found.output


def test_a_table_that_does_not_fit_is_told_cell_by_cell() -> None:
    table = own.Table("A heading", ("", "before", "after"), (("a long name of something", "1", "2"),), ())
    assert own.drawn(table, 80)[1].split() == ["a", "long", "name", "of", "something", "1", "2"]
    assert own.drawn(table, 20) == ["a long name of something", "  before: 1", "  after: 2"]


def test_the_tradeoff_is_drawn_at_the_numbers_of_the_table() -> None:
    found = answer("advise", PUMP, *NOW)
    (table,), (drawn,) = own.ordered(found, words.KINDS), tradeoff.tradeoffs(found)
    places = found["order"][0]["places"]
    assert len(places) > 1
    for column, (scale, (title, name)) in enumerate(zip(drawn.scales, own.known_chances(places), strict=True), 1):
        assert scale.title.lower() == title == table.columns[column]
        for lane, place, row in zip(scale.lanes, places, table.rows, strict=True):
            assert lane.says == row[column]
            assert row[0].startswith(lane.name.removeprefix("option "))
            assert lane.x == pytest.approx(drawn.left + (drawn.right - drawn.left) * place[name], abs=0.01)
    assert all(0 <= scale.y < drawn.height for scale in drawn.scales)

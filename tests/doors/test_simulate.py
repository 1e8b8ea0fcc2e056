"""`eutonia simulate`: what a caller types, and what comes back."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eutonia.doors.cli import main

EACH = {"mean", "sd", "p05", "p50", "p95"}


def ask(*words: str) -> Result:
    return CliRunner().invoke(main, ["simulate", *words])


def test_one_dose_by_mouth_gives_a_spread_for_every_number() -> None:
    found = json.loads(ask("oral", "--dose", "20 mg", "--people", "200", "--seed", "7", "--json").stdout)
    assert found["people"] == 200
    assert set(found["plasma"]) == {
        "cmax_ng_ml", "tmax_h", "auc_ng_h_ml", "half_life_h", "trough_ng_ml", "fluctuation_percent",
        "unchanged_in_urine", "cl_f_l_h",
    }  # fmt: skip
    for name, each in found["plasma"].items():
        if name in ("trough_ng_ml", "fluctuation_percent"):
            assert each is None  # there is no next dose
        else:
            assert set(each) == EACH
            assert each["p05"] < each["p50"] < each["p95"]
    assert found["asked"]["dose"] == {"value": 20, "unit": "mg"}
    assert found["knowledge"]["hash"]


def test_the_same_seed_is_the_same_people_and_another_is_not() -> None:
    words = ("oral", "--dose", "20 mg", "--every", "8h", "--doses", "30", "--people", "50", "--json", "--seed")
    one, again, other = (json.loads(ask(*words, seed).stdout)["plasma"] for seed in ("1", "1", "2"))
    assert one == again
    assert one != other
    assert one["trough_ng_ml"]["p50"] < one["cmax_ng_ml"]["p50"]


def test_kidneys_age_and_weight_are_used() -> None:
    def clearance(*words: str) -> float:
        return float(json.loads(ask("oral", "--dose", "20 mg", "--json", *words).stdout)["plasma"]["cl_f_l_h"]["p50"])

    assert clearance("--crcl", "20") < 0.5 * clearance("--crcl", "110")
    assert clearance("--weight", "25", "--age", "8", "--crcl", "60") < clearance("--weight", "70", "--crcl", "60")


def test_an_infant_is_unknown_and_that_is_an_answer() -> None:
    found = ask("oral", "--dose", "2.5 mg", "--age", "1")
    assert found.exit_code == 0
    assert found.stdout == "Unknown: no kinetics were measured below 2 years of age.\n"
    assert json.loads(ask("oral", "--dose", "2.5 mg", "--age", "1", "--json").stdout)["unknown"]


def test_people_read_the_same_numbers_to_three_figures() -> None:
    words = ("oral", "--dose", "20 mg", "--every", "8 h", "--doses", "9", "--seed", "x")
    text, found = ask(*words).stdout, json.loads(ask(*words, "--json").stdout)["plasma"]
    line = next(each for each in text.splitlines() if "highest concentration" in each)
    assert [float(each.replace(",", "")) for each in line.split()[3:]] == [
        float(f"{found['cmax_ng_ml'][name]:.3g}") for name in ("mean", "sd", "p05", "p50", "p95")
    ]
    assert "not a dose" in text
    assert "the last interval" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--dose", "20"), "'20' has no unit"),
        (("--dose", "20 MG"), "'MG' is not accepted as a unit"),
        (("--dose", "0 mg"), "'0 mg' is no dose"),
        (("--dose", "-5 mg"), "-5"),
        (("--dose", "nan mg"), "nan"),
        (("--dose", "20 mL"), "'20 mL' is a volume, but an amount is needed"),
        (("--dose", "20 mg", "--every", "8"), "'8' is not a time; write it with its unit, such as '8h'"),
        (("--dose", "20 mg", "--every", "8h"), "several doses need both --every and --doses"),
        (("--dose", "20 mg", "--doses", "3"), "several doses need both --every and --doses"),
        (("--dose", "20 mg", "--weight", "0"), "weight"),
        (("--dose", "20 mg", "--crcl", "-1"), "crcl"),
        (("--dose", "20 mg", "--model", "imbert2015"), "'imbert2015' is no model; choose one of adult, simon2018"),
        (("--dose", "20 mg", "--people", "0"), "people"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_words(words: tuple[str, ...], says: str) -> None:
    found = ask("oral", *words)
    assert found.exit_code == 2
    assert says in found.stderr


def test_a_dose_dependence_is_called_a_scenario() -> None:
    assert "Scenario: no source says how much" in ask("oral", "--dose", "5 mg", "--absorption", "increasing").stdout


def test_what_predicts_is_not_loaded_by_what_only_examines(tmp_path: Path) -> None:
    path = tmp_path / "a.chart"
    path.write_text("2026-01-05 09:30 person id A-17; born 1979-04-11; sex female\n", "utf-8")
    code = (
        "import sys\nfrom eutonia.doors.cli import main\n"
        f"try: main(['examine', {str(path)!r}, '--now', '2026-01-06'])\nexcept SystemExit: pass\n"
        "print([name for name in ('numpy', 'numba', 'scipy') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"


# --- intrathecal ----------------------------------------------------------------------------------------------------


def test_a_bolus_along_the_spine_gives_levels_and_effect_by_the_hour() -> None:
    found = json.loads(
        ask(
            "intrathecal", "--bolus", "50 mcg", "--via", "puncture", "--at", "1,4,6", "--people", "100", "--json"
        ).stdout
    )
    assert set(found["csf"]) == {
        "lumbar_ng_ml",
        "aspirate_ng_ml",
        "cisternal_ng_ml",
        "gradient",
        "half_life_h",
        "clearance_ml_h",
    }
    assert list(found["effect"]["h_m"]) == list(found["effect"]["ashworth"]) == ["1", "4", "6"]
    assert set(found["effect"]) == {"h_m", "ashworth", "onset_h", "peak_h", "duration_h", "responders"}
    assert 0 <= found["effect"]["responders"] <= 1
    assert set(found["effect"]["h_m"]["1"]) == EACH


def test_a_program_runs_for_days_and_a_higher_tip_reaches_the_head_more() -> None:
    def cistern(tip: str) -> float:
        words = (
            "--program",
            "continuous 100 mcg/day; bolus 12 mcg at 06:00",
            "--tip",
            tip,
            "--days",
            "3",
            "--at",
            "72",
        )
        return float(
            json.loads(ask("intrathecal", *words, "--people", "50", "--json").stdout)["csf"]["cisternal_ng_ml"]["p50"]
        )

    assert cistern("C5") > 1.5 * cistern("T10")


def test_the_words_say_scenario_and_not_a_dose() -> None:
    text = ask("intrathecal", "--bolus", "50 mcg", "--people", "20").stdout
    assert "Scenario" in text
    assert text.endswith("Not a dose.\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "give one of --bolus '50 mcg' and --program"),
        (("--bolus", "50 mcg", "--program", "continuous 100 mcg/day"), "give one of"),
        (("--bolus", "50"), "'50' has no unit"),
        (("--program", "100 mcg/day"), "'100 mcg/day'"),
        (("--program", "stop"), "a stopped pump delivers nothing"),
        (("--bolus", "50 mcg", "--tip", "T13", "--via", "pump"), "'T13' is no vertebra from C1 to S2"),
        (("--bolus", "50 mcg", "--at", "one"), "'one' is no list of hours"),
        (
            ("--program", "continuous 100 mcg/day", "--days", "1", "--at", "48"),
            "48 h is after the 24 h that are simulated",
        ),
    ],
)
def test_what_cannot_be_simulated_along_the_spine_is_refused(words: tuple[str, ...], says: str) -> None:
    found = ask("intrathecal", *words)
    assert found.exit_code == 2
    assert says in " ".join(found.stderr.split())


def test_the_models_come_out_as_sbml() -> None:
    import libsbml

    for words in (("plasma", "--dose", "20 mg"), ("neuraxis", "--dose", "50 mcg")):
        found = ask("sbml", *words)
        assert found.exit_code == 0, found.stderr
        document = libsbml.readSBMLFromString(found.stdout)
        assert document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) == 0
        assert document.getModel().getNumReactions() > 3
    assert "no kinetics were measured below 2 years" in ask("sbml", "plasma", "--dose", "20 mg", "--age", "1").stderr


# --- a table of events ----------------------------------------------------------------------------------------------

TABLE = """ID,TIME,AMT,EVID,CMT,ADDL,II,AGE,WT,CRCL
1,0,20,1,1,8,8,40,70,110
1,1,,0,2,,,40,70,110
1,48,,0,2,,,40,70,110
1,49,,2,,,,40,70,20
1,72,,0,2,,,40,70,20
b,0,10,1,1,,,9,30,60
b,2,,0,2,,,9,30,60
"""


def answer(*words: str) -> Any:
    found = ask(*words, "--json")
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


def run_table(tmp_path: Path, text: str, *words: str, out: str = "levels.csv") -> Result:
    (tmp_path / "events.csv").write_text(text, "utf-8")
    return ask("table", str(tmp_path / "events.csv"), "--out", str(tmp_path / out), *words)


def test_a_table_of_events_gives_a_level_at_every_observation(tmp_path: Path) -> None:
    found = run_table(tmp_path, TABLE)
    assert found.exit_code == 0, found.stderr
    assert found.stdout.startswith("2 people, 4 levels of the model 'adult'")
    rows = list(csv.DictReader((tmp_path / "levels.csv").read_text("utf-8").splitlines()))
    assert [(each["ID"], each["TIME"]) for each in rows] == [("1", "1.0"), ("1", "48.0"), ("1", "72.0"), ("b", "2.0")]
    unchanged = run_table(
        tmp_path, TABLE.replace(",20\n1,72", ",110\n1,72").replace("1,72,,0,2,,,40,70,20", "1,72,,0,2,,,40,70,110")
    )
    assert unchanged.exit_code == 0
    healthy = list(csv.DictReader((tmp_path / "levels.csv").read_text("utf-8").splitlines()))
    # Kidneys that fail from hour 49 on leave more of what was given after it, and change nothing before.
    assert [each["CP"] for each in rows[:2]] == [each["CP"] for each in healthy[:2]]
    assert float(rows[2]["CP"]) > 1.3 * float(healthy[2]["CP"])


def test_parquet_holds_the_same_levels_and_a_seed_makes_people_differ(tmp_path: Path) -> None:
    import pyarrow.parquet

    run_table(tmp_path, TABLE)
    plain = [float(each["CP"]) for each in csv.DictReader((tmp_path / "levels.csv").read_text("utf-8").splitlines())]
    assert run_table(tmp_path, TABLE, out="levels.parquet").exit_code == 0
    assert pyarrow.parquet.read_table(tmp_path / "levels.parquet")["CP"].to_pylist() == plain
    assert run_table(tmp_path, TABLE, "--seed", "a", out="levels.parquet").exit_code == 0
    drawn = pyarrow.parquet.read_table(tmp_path / "levels.parquet")["CP"].to_pylist()
    assert all(a != b for a, b in zip(drawn, plain, strict=True))


def test_a_published_model_needs_no_covariates(tmp_path: Path) -> None:
    found = run_table(tmp_path, "ID,TIME,AMT\n1,0,10\n1,2,\n", "--model", "simon2018", "--json")
    assert json.loads(found.stdout) == {
        "people": 1, "levels": 1, "model": "simon2018", "out": str(tmp_path / "levels.csv"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; its first line names the columns"),
        ("ID,TIME,AMT\n1,0,10\n", "there is no column 'AGE'"),
        (TABLE.replace("CRCL", "EGFR"), "the column 'EGFR' is not known here"),
        (TABLE.replace("1,48,", "1,0.5,"), "row 4 (ID 1): TIME goes back"),
        (TABLE.replace("1,0,20", "1,0,-20"), "row 2 (ID 1): AMT is negative"),
        (TABLE.replace(",9,30,60\nb,2", ",1,30,60\nb,2"), "row 7 (ID b): AGE is below 2 years"),
        (TABLE.replace("1,48,,0,2,,,40,70,110", "1,48,,0"), "row 4: 4 cells, but the header has 10"),
        (TABLE.replace("40,70,110\n1,1", "40,,110\n1,1"), "row 2 (ID 1): WT is missing"),
        (TABLE.replace("1,48", "\n1,48"), "row 4: 0 cells, but the header has 10"),
        ("\n\n", "is empty"),
        (TABLE.replace("TIME,AMT", "TIME,TIME"), "the column 'TIME' stands twice"),
    ],
)
def test_a_table_that_cannot_be_run_is_refused_with_its_row_and_nothing_is_written(
    tmp_path: Path, text: str, says: str
) -> None:
    found = run_table(tmp_path, text)
    assert found.exit_code == 2
    assert says in found.stderr
    assert not (tmp_path / "levels.csv").exists()


def test_a_table_that_is_not_there_and_an_ending_that_is_none_are_said(tmp_path: Path) -> None:
    found = ask("table", str(tmp_path / "none.csv"), "--out", str(tmp_path / "x.csv"))
    assert (found.exit_code, "No such file" in found.stderr) == (2, True)
    assert "ends neither in .parquet nor in .csv" in run_table(tmp_path, TABLE, out="x.xlsx").stderr


def test_a_folder_that_is_not_there_is_named_and_not_the_table(tmp_path: Path) -> None:
    found = run_table(tmp_path, TABLE, out="nowhere/levels.csv")
    assert found.exit_code == 2
    assert str(tmp_path / "nowhere") in found.stderr
    assert "events.csv" not in found.stderr


def test_dialysis_washes_the_drug_out_while_it_runs_and_no_longer(tmp_path: Path) -> None:
    head = "ID,TIME,AMT,EVID,CMT,AGE,WT,CRCL,HD\n1,0,100,1,1,60,70,5,0\n"
    rows = "".join(f"1,{hour},,0,2,60,70,5,{{{'hd' if 24 <= hour < 28 else 'no'}}}\n" for hour in (24, 26, 28, 40, 52))

    def fall(hd: int) -> list[float]:
        found = run_table(tmp_path, head + rows.format(hd=hd, no=0))
        assert found.exit_code == 0, found.stderr
        levels = [
            float(each["CP"]) for each in csv.DictReader((tmp_path / "levels.csv").read_text("utf-8").splitlines())
        ]
        return [math.log(levels[k] / levels[k + 1]) / hours for k, hours in enumerate((2, 2, 12, 12))]

    with_it, without = fall(1), fall(0)
    assert with_it[0] > 2.5 * without[0]
    assert with_it[3] == pytest.approx(without[3], rel=0.05)


@pytest.mark.parametrize(
    ("row", "words", "says"),
    [("1,0,10,1,1,60,70,5,2", (), "row 2: HD is 0 or 1"), ("1,0,10,1,1,60,70,5,1", ("--model", "simon2018"), "knows nothing of dialysis")],
)  # fmt: skip
def test_a_dialysis_that_cannot_be_is_refused(tmp_path: Path, row: str, words: tuple[str, ...], says: str) -> None:
    found = run_table(tmp_path, f"ID,TIME,AMT,EVID,CMT,AGE,WT,CRCL,HD\n{row}\n", *words)
    assert found.exit_code == 2
    assert says in found.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--model", "simon2018", "--age", "7"), "was made of adults"),
        (("--model", "he2014", "--age", "40"), "was made of children of 2 to 17 years"),
        (("--model", "chevillard2018", "--solution"), "published for tablets"),
    ],
)
def test_a_published_model_says_nothing_of_people_it_was_not_made_of(words: tuple[str, ...], says: str) -> None:
    assert says in answer("oral", "--dose", "10 mg", *words)["unknown"]


def test_a_new_line_is_filled_before_the_drug_is_at_the_tip() -> None:
    program = ("--program", "continuous 100 mcg/day", "--people", "100", "--at", "10,13")
    soon, late = (
        answer("intrathecal", *program, *more)["effect"]["ashworth"]
        for more in ((), ("--line", "0.1 mL", "--strength", "500 mcg/mL"))  # 12 h
    )
    assert late["10"]["p95"] > soon["10"]["p95"] + 0.1
    first = answer("intrathecal", *program, "--line", "0.1 mL", "--strength", "500 mcg/mL")["effect"]["onset_h"]
    assert first["p05"] > 12
    refused = ask("intrathecal", *program, "--line", "0.1 mL")
    assert refused.exit_code == 2
    assert "needs the strength" in refused.stderr


def test_an_aspirate_lies_above_the_fluid_it_comes_from_and_spreads_wider() -> None:
    csf = answer("intrathecal", "--program", "continuous 600 mcg/day", "--people", "400")["csf"]
    assert csf["aspirate_ng_ml"]["p50"] > 2 * csf["lumbar_ng_ml"]["p50"]
    assert csf["aspirate_ng_ml"]["p95"] / csf["aspirate_ng_ml"]["p05"] > 10

"""`eutonia study`: what a caller types, what comes back, and what is said of a study that cannot be run."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eutonia.cohort import engine
from eutonia.cohort.study import read_study
from eutonia.doors.cli import main
from eutonia.knowledge import library

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "examples" / "studies").glob("*.toml"))
REFILL = (ROOT / "examples" / "studies" / "refill-margin.toml").read_text("utf-8")
TITRATION = (ROOT / "examples" / "studies" / "titration-speed.toml").read_text("utf-8")


def ask(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["study", *map(str, words)])


def test_the_four_studies_are_there() -> None:
    assert [path.stem for path in SHIPPED] == ["missed-bridge", "refill-margin", "taper-shape", "titration-speed"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_study_runs_and_its_report_holds_every_arm_and_outcome(path: Path, tmp_path: Path) -> None:
    study = read_study(path.read_text("utf-8"))
    found = ask(path, "--people", "40", "--out", tmp_path, "--json")
    assert found.exit_code == 0, found.stderr
    answer = json.loads(found.stdout)
    kept = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert kept == answer
    assert list(answer["arms"]) == [arm.name for arm in study.arms]
    assert list(answer["differences"]) == [arm.name for arm in study.arms[1:]]
    page = (tmp_path / "report.md").read_text("utf-8")
    for arm in answer["arms"].values():
        assert list(arm["outcomes"]) == list(study.outcomes)
        for each in arm["outcomes"].values():
            assert each["count"] + each["missing"] == 40
    for name in study.outcomes:
        assert f"]({name}.svg)" in page
        drawing = ET.parse(tmp_path / f"{name}.svg").getroot()
        words = " ".join(drawing.itertext())
        assert study.family.outcomes[name].says[1:] in words
        assert all(arm.name.split()[0] in words for arm in study.arms)
        numbers = re.findall(r'\b(?:x|y|x1|x2|width|cx)="([^"%]+)"', ET.tostring(drawing).decode())
        assert all(0 <= float(each) <= 640 for each in numbers)
    assert "not a directive" in page
    assert library().hash[:16] in page
    assert "nan" not in page
    assert answer["assumed"]


def test_the_report_says_what_was_assumed_and_where_numbers_are_from(tmp_path: Path) -> None:
    assert ask(SHIPPED[1], "--people", "10", "--out", tmp_path).exit_code == 0
    page = (tmp_path / "report.md").read_text("utf-8")
    assumed = page.partition("### Assumed")[2]
    assert "`late`: assumed: three visits in ten are late" in assumed
    assert "| `pump.alarm_recommended_ml` | 4 mL | read | Neurosurgery 2004;55:390 |" in page
    assert ask(SHIPPED[2], "--people", "10", "--out", tmp_path / "t").exit_code == 0
    page = (tmp_path / "t" / "report.md").read_text("utf-8")
    assert "`spine.caudal_flow`:" in page.partition("### Assumed")[2]
    assert "dependence" in page  # what the numbers leave out


def test_a_second_call_uses_what_the_first_one_finished_and_says_so(tmp_path: Path) -> None:
    words = (SHIPPED[1], "--people", "30", "--chunk", "10", "--out", tmp_path)
    first = ask(*words)
    assert "chunks from before" not in first.stdout
    before = (tmp_path / "results.json").read_bytes()
    (chunk, *_) = sorted(tmp_path.rglob("*.chunk"))
    chunk.write_bytes(b"spilt coffee")
    second = ask(*words)
    assert "2 of 3 chunks from before" in second.stdout
    assert str(chunk) in second.stderr
    assert "computed again" in second.stderr
    assert (tmp_path / "results.json").read_bytes() == before


def test_an_interruption_says_where_the_finished_part_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(task: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "compute", interrupted)
    found = ask(SHIPPED[1], "--people", "5", "--out", tmp_path)
    assert found.exit_code == 130
    assert str(tmp_path) in found.stderr
    assert not (tmp_path / "report.md").exists()


def test_single_people_come_as_parquet(tmp_path: Path) -> None:
    import pyarrow.parquet

    path = tmp_path / "people.parquet"
    assert ask(SHIPPED[1], "--people", "7", "--out", tmp_path, "--people-out", path).exit_code == 0
    found = pyarrow.parquet.read_table(path)
    assert found.column_names[:2] == ["person", "2 mL/runs_dry"]
    assert found["person"].to_pylist() == list(range(7))


def test_the_seed_and_the_knowledge_stand_in_the_answer(tmp_path: Path) -> None:
    answer = json.loads(ask(SHIPPED[1], "--people", "5", "--out", tmp_path, "--json").stdout)
    assert answer["seed"] == "refill margin"
    assert answer["knowledge"]["hash"] == library().hash
    assert answer["run"] == {"engine": "process", "workers": 1, "scheduler": ""}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "arms: is missing; write each as a table [[arms]]"),
        ("title = ", "this is not TOML: Invalid value (at end of document)"),
        (REFILL.replace("refill at margin", "refill when empty", 1), "'refill when empty' is no policy; in a study of refills, choose from 'refill at margin'"),
        (REFILL.replace("refill at margin", "refill when empty"), "arms: 'refill when empty' is no policy; choose from 'monograph titration', "),
        (REFILL.replace('policy = "refill at margin"', 'policy = "stop at once"', 1), "arms '4 mL': policy: 'refill at margin' belongs to other studies"),
        (REFILL.replace("people = 100000", "people = 0"), "population.people: '0' is written; a whole number from 1 to 10,000,000"),
        (REFILL.replace("people = 100000", "people = 1000\nage_years = 40"), "population.age_years: this is not known here; use people"),
        (REFILL.replace('"runs_dry", ', '"runs_wet", '), "outcomes: 'runs_wet' is not known in a study of refills; choose from runs_dry, "),
        (REFILL.replace('"runs_dry", ', '"visits", '), "outcomes: one stands twice"),
        (REFILL.replace('fill = "20 mL"', 'fill = "20"'), "setting.fill: '20' has no unit; write it with one, such as '20 mL'"),
        (REFILL.replace('fill = "20 mL"', "fill = 20"), "setting.fill: '20' has no unit; write it in quotes with one, such as '20 mL'"),
        (REFILL.replace('fill = "20 mL"', 'fill = "20 mg"'), "setting.fill: '20 mg' is an amount, but a volume is needed"),
        (REFILL.replace('fill = "20 mL"', ""), "setting.fill: is missing: how much is filled in each time, such as '20 mL'"),
        (REFILL.replace('fill = "20 mL"', 'fill = "60 mL"'), "setting.fill: 60 is not between 1 and 40 mL"),
        (REFILL.replace('fill = "20 mL"', 'fill = { uniform = ["18 mL", "20 mL"], because = "x" }'), "setting.fill: this is the same for everybody"),
        (REFILL.replace('strength = "2000 mcg/mL"', 'strength = "3000 mcg/mL"'), "this is no strength for the reservoir; choose from '500 mcg/mL'"),
        (REFILL.replace('"pump.alarm_ml"', '"pump.alarm"', 1), "arms '2 mL': margin: no knowledge entry is called 'pump.alarm'"),
        (REFILL.replace('"pump.alarm_ml"', '"1 mL"', 1), "arms '2 mL': margin: 1 mL; from 2 mL, the hard floor"),
        (REFILL.replace('"pump.alarm_ml"', '"device.synchromed_ii.unaspirable"', 1), "unverified"),
        (REFILL.replace('name = "4 mL"', 'name = "2 mL"'), "arms: '2 mL' names two arms"),
        (REFILL.replace('name = "4 mL"', 'name = "4 | mL"'), "has a line break, a '|' or a '/'"),
        (REFILL.replace('share = "30 %"', 'share = "0 %"'), "setting.late: 'share' is above 0 %"),
        (REFILL.replace('exponential = "5 days"', 'gamma = "5 days"'), "setting.late: 'gamma' is not known here; write one of: fixed: "),
        (re.sub(r', because = "assumed: three[^"]*"', "", REFILL), "setting.late: a spread needs 'because'"),
        (REFILL + 'colour = "red"\n', "arms '4 mL, booked ahead': colour: this is not known here; use name, policy, margin, ahead"),
        (TITRATION.replace('every = "7 days"', 'every = "5 days"', 1), "every: no titration rises every 5 days; write '3 days' or '7 days'"),
        (TITRATION.replace("uniform = [40, 85]", "uniform = [6, 85]"), "age_years goes down to 6; the models reach down to 12 years"),
        (TITRATION.replace("uniform = [40, 85]", "uniform = [85, 40]"), "population.age_years: 'uniform' needs the low end first"),
        (TITRATION.replace("uniform = [40, 85]", 'uniform = ["40", 85]'), "population.age_years: '40' is no number; write it without quotes, in years"),
        (TITRATION.replace("uniform = [40, 85]", "uniform = [40, nan]"), "population.age_years: a number is not finite"),
        (TITRATION.replace("uniform = [40, 85]", "uniform = [40]"), "'uniform' needs a list of two: a low and a high end"),
        (TITRATION.replace('"72 kg", 0.2', '"72 kg", -0.2'), "'lognormal' needs a median above zero"),
        (TITRATION.replace('until = "usual low"', 'until = "enough"', 1), "until: 'enough' is not known; choose from usual low, usual high, ceiling"),
        (TITRATION.replace('lasts = "28 days"', 'lasts = "36 h"'), "'lasts' and 'every' are whole days"),
        (SHIPPED[0].read_text("utf-8").replace('"T10"', '"T13"'), "setting.tip: 'T13' is no vertebra from C1 to S2"),
        (SHIPPED[0].read_text("utf-8").replace('to = "2000 mcg/mL"', 'to = "500 mcg/mL"', 1), "to: this is the strength that is in the pump already"),
        (SHIPPED[0].read_text("utf-8").replace("[20, 70]", "[10, 70]"), "the models reach down to 18 years"),
        (SHIPPED[2].read_text("utf-8").replace('over = "21 days"', 'over = "14 days"'), "over: no drug holiday of 14 days from 400 mcg daily; write '21 days' or '28 days'"),
        (SHIPPED[2].read_text("utf-8").replace('over = "21 days"', 'over = "10 days"'), "over: 10 days; a withdrawal takes 14 to 28 days"),
        (SHIPPED[2].read_text("utf-8").replace('every = "7 days"', 'every = "5 days"'), "every: 5 days do not divide the 28 days"),
        (SHIPPED[2].read_text("utf-8").replace('lasts = "35 days"', 'lasts = "28 days"'), "setting.lasts: it ends less than two days after the stop on day 28"),
    ],
)  # fmt: skip
def test_a_study_that_cannot_be_run_is_refused_with_its_place_and_what_would_do(
    text: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, "utf-8")
    found = ask(path, "--out", tmp_path / "out")
    assert found.exit_code == 2, found.stdout
    assert says in found.stderr
    assert found.stderr.startswith(f"{path}: ")
    assert not (tmp_path / "out").exists()


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(REFILL.replace("20 mL", "20").replace("people = 100000", "people = -3"), "utf-8")
    assert len(ask(path).stderr.splitlines()) == 2


def test_files_and_words_that_do_not_fit_are_said(tmp_path: Path) -> None:
    missing = ask(tmp_path / "none.toml")
    assert (missing.exit_code, "No such file" in missing.stderr) == (2, True)
    assert "a scheduler belongs to --engine dask" in ask(SHIPPED[1], "--scheduler", "tcp://x:1").stderr
    assert "does not end in .parquet" in ask(SHIPPED[1], "--people-out", "x.csv").stderr
    (tmp_path / "latin").write_bytes(b"title = '\xe9'")
    assert ask(tmp_path / "latin").exit_code == 2

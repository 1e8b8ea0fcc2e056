"""The front door: the verbs stay verbs, and what cannot be read is refused without harm."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import eutonia
from eutonia.moment import MomentError
from tests.charts import ORAL, PUMP

CHART = ORAL + "2026-01-05 request start oral\n"


def test_plan_stays_a_verb_however_often_it_is_asked() -> None:
    chart = eutonia.read(CHART)
    for _ in range(3):
        plans, refusals = eutonia.plan(chart, now="2026-01-05")
        assert plans
        assert not refusals
        eutonia.advise(chart, now="2026-01-05")
    assert eutonia.examine(chart, now="2026-01-05")


def test_predict_stays_a_verb_too_and_gives_a_future_for_each_plan() -> None:
    chart = eutonia.read(Path(__file__).parents[2] / "examples" / "02-spinal-cord-injury-pump.chart")
    for _ in range(2):
        found = eutonia.predict(chart, now="2026-05-02 09:00")
        assert len(found) == len(eutonia.plan(chart, now="2026-05-02 09:00")[0]) == 3
        assert all(isinstance(each, eutonia.Prediction) for each in found)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05 person id A\r2026-01-05 weight 72 kg\r",
        "2026-01-05 person id A\n2026-01-05 note one\x0btwo\n",
        "2026-01-05 person id A\n2026-01-05 note one\u2028two\n",
        "2026-01-05 person id A\n2026-01-05 note one\x00two\n",
    ],
)
def test_a_line_that_hides_another_is_refused(text: str) -> None:
    with pytest.raises(eutonia.ReadError, match=r"control character|no such file|could not be read"):
        eutonia.read(text + "\n")


def _json(**event: object) -> str:
    events = [{"at": "2026-01-05", "event": "person", "id": "A"}, {"at": "2026-01-05", **event}]
    return json.dumps({"format": "eutonia chart 1", "events": events})


@pytest.mark.parametrize(
    "text",
    [
        _json(event="contact", written="2026-01-05 contact # a\n2026-01-06 weight 9 kg"),
        _json(event="medication", text="oxycodone # 5 mg four times a day"),
        _json(event="medication", text="oxycodone\n2026-01-06 weight 9 kg"),
        _json(event="note", text="a\ud800b"),
        _json(event=[]),
        _json(event={}),
        json.dumps({"format": "eutonia chart 1", "events": [{"written": "# a\n2026-01-05 weight 9 kg"}]}),
        json.dumps({"format": "eutonia chart 1", "zone": "Mars/X", "events": []}),
        json.dumps({"format": "eutonia chart 1", "zone": 5, "events": []}),
        '{"format":"eutonia chart 1","events":[{"at":"2026-01-05","event":"weight","value":{"value":1e999999999,"unit":"kg"}}]}',
        '{"format":"eutonia chart 1","events":[{"at":"2026-01-05","event":"weight","value":{"value":1e-99999,"unit":"kg"}}]}',
        '{"format":"eutonia chart 1","events":' + "[" * 100_000,
        '{"resourceType":' + "[" * 100_000,
        "",
        "  ",
    ],
)
def test_json_that_smuggles_or_overflows_is_refused_at_once(text: str) -> None:
    with pytest.raises(eutonia.ReadError):
        eutonia.read(text)


def test_what_read_prints_as_json_is_read_again_with_what_was_dropped() -> None:
    found = {**eutonia.read(CHART).to_json(), "dropped": [{"where": "x", "what": "y", "why": "z"}]}
    assert eutonia.read(json.dumps(found)).hash == eutonia.read(CHART).hash


@pytest.mark.parametrize("now", ["soon", None, 5, date(2026, 5, 2), "0001-01-01 00:00+14:00", "9999-12-31 23:59-12:00"])
def test_a_now_that_is_no_moment_is_refused(now: object) -> None:
    with pytest.raises(MomentError):
        eutonia.advise(eutonia.read(CHART), now=now)  # type: ignore[arg-type]


def test_a_naive_moment_that_the_clocks_skip_is_refused_as_its_text_is() -> None:
    chart = eutonia.read(CHART, zone="Europe/Berlin")
    with pytest.raises(MomentError, match="clocks change"):
        eutonia.advise(chart, now=datetime(2026, 3, 29, 2, 30))
    assert eutonia.advise(chart, now=datetime(2026, 3, 29, 0, 30, tzinfo=UTC))


def _command(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "eutonia", *words], input=given, capture_output=True, check=False)


def test_standard_input_is_read_like_a_file_and_given_back_byte_for_byte() -> None:
    raw = CHART.encode()
    assert _command("read", "-", given=raw).stdout == raw
    assert _command("read", "-", given=gzip.compress(raw)).stdout == raw
    latin = _command("read", "-", given=b"2026-01-05 person id A\n2026-01-05 note \xe4\n")
    assert (latin.returncode, b"line 2 is not UTF-8" in latin.stderr) == (2, True)


def test_exit_codes_tell_answered_stopped_and_unreadable(tmp_path: Path) -> None:
    good, stop = tmp_path / "good.chart", tmp_path / "stop.chart"
    good.write_text(CHART, "utf-8")
    stop.write_text(PUMP + "2026-03-22 10:00 program bolus 60 mcg every 1 h\n", "utf-8")
    for verb in ("examine", "plan", "advise"):
        assert _command(verb, str(good), "--now", "2026-01-05").returncode == 0
        assert _command(verb, str(stop), "--now", "2026-03-22 11:00", "--json").returncode == 1
        assert _command(verb, str(tmp_path / "none.chart")).returncode == 2
    broken = _command("advise", str(good), "--now", "2026-01-05", "--page", str(good / "x.html"))
    assert (broken.returncode, b"could not be written" in broken.stderr) == (2, True)
    packed = tmp_path / "bad.gz"
    packed.write_bytes(gzip.compress(CHART.encode())[:20] + b"garbage that is no gzip at all")
    assert _command("read", str(packed)).returncode == 2

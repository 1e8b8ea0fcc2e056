"""The chart's text: every line of the design reads, what is not understood is refused with its place and a remedy."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import eutonia
from eutonia.chart import Facts
from eutonia.evidence import Known, Unknown
from eutonia.knowledge import book

DESIGN = """\
2026-01-05 09:30 person       id A-17; born 1979-04-11; sex female
2026-01-05       weight       72 kg
2026-01-05       height       175 cm
2026-01-05       condition    spinal cord injury; level T6; origin spinal
2026-01-05       condition    epilepsy
2026-01-05       allergy      none known
2026-01-05       medication   oxycodone 5 mg four times a day
2026-01-05       medications  no others                      # the list is complete
2026-01-05       pregnancy    no                             # no | yes, 20 weeks | not asked
2026-01-05       breastfeeding infant born 2025-12-01        # or: no
2026-01-05       lab          creatinine 0.9 mg/dL
2026-01-05       score        ashworth legs 3; arms 2; penn 3
2026-01-06       oral         5 mg three times a day
2026-02-20       failed       oral baclofen 80 mg/day; no effect
2026-02-20       failed       tizanidine 36 mg/day; intolerable
2026-03-01 09:00 trial        50 mcg
2026-03-01 13:00 score        ashworth legs 1
2026-03-01 17:00 response     positive; lasted 7 h
2026-03-20 10:00 implant      SynchroMed II 20 mL; line 0.364 mL; tip T10
2026-03-20 11:00 refill       18 mL of 500 mcg/mL
2026-03-20 11:05 program      continuous 100 mcg/day
2026-03-22 10:00 program      continuous 96 mcg/day; bolus 12 mcg at 06:00, 22:00
2026-05-01 10:00 residual     8.2 mL                         # drawn from the reservoir; checked
2026-05-01 10:10 symptom      somnolence
2026-05-01       request      adjust up                      # what the clinician wants to see planned
"""

ALSO = """\
2026-01-05 09:30 person id A-17; born 1979-04-11
2026-01-06 oral stop
2026-01-06 response none
2026-01-06 program bolus 60 mcg every 1 h
2026-01-06 allergy baclofen; anaphylaxis
2026-01-06 implant SynchroMed II 20 mL; line 0.364 mL; alarm 4 mL
2026-01-06 program stop
2026-01-06 decision pregnancy benefit outweighs risk; by Dr Example
2026-01-06 override kidney; by Dr Example; because the benefit is large
2026-01-06 contact
2026-01-06 dialysis
2026-01-06 note came with her sister; asked about driving
2026-01-06 10:00+01:00 weight 72 kg
"""

REQUESTS = (
    "start oral", "titrate oral", "taper oral", "trial", "start pump", "adjust up", "adjust down", "adjust to 150 mcg/day",
    "refill", "strength 2000 mcg/mL", "holiday", "restart",
)  # fmt: skip


@pytest.mark.parametrize(
    "text", [DESIGN, ALSO, *(f"2026-01-05 09:30 person id A\n2026-01-06 request {r}\n" for r in REQUESTS)]
)
def test_every_line_of_the_design_reads_and_is_given_back_unchanged(text: str) -> None:
    chart = eutonia.read(text)
    assert len(chart.events) == sum(1 for line in text.splitlines() if line.strip())
    assert chart.to_text() == text
    again = eutonia.read(json.dumps(chart.to_json()))
    assert again.to_text() == text
    assert again.hash == chart.hash
    assert again.events == chart.events


def test_a_date_without_a_time_stands_where_it_is_written_among_the_events_of_its_day() -> None:
    text = "2026-01-05 09:30 person id A\n2026-01-05 weight 72 kg\n2026-01-05 13:00 weight 73 kg\n2026-01-05 contact\n"
    events = eutonia.read(text).events
    assert [event.at.hour for event in events] == [9, 9, 13, 13]
    assert [event.line for event in events] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("line", "wrong", "remedy"),
    [
        ("2026-01-05 weight 72", "'72' has no unit", "'72 kg'"),
        ("2026-01-05 weight 72 MG", "'MG' is not accepted", "'mg'"),
        ("2026-01-05 weight nan kg", "'nan' is not a number", "plain digits"),
        ("2026-01-05 weight -72 kg", "'-72' is not a number", "plain digits"),
        ("2026-01-05 weight 0 kg", "cannot be zero", ""),
        ("2026-01-05 weight 72 kg extra", "not a unit", "'mg'"),
        ("2026-01-05 weight 72 kg; extra", "'extra' was not understood", "note"),
        ("2026-01-05 trial 50 mg/day", "is a daily dose", "50 mcg"),
        ("2026-01-05 trial .5 mcg", "naked point", "0.5"),
        ("2026-01-05 trial 50mcg", "runs number and unit together", "50 mcg"),
        ("2026-01-05 trial 0,5 mcg", "decimal comma", "decimal point"),
        ("2026-01-05 oral 10 mg TID + 5 prn", "'5 prn' was not understood", "as needed"),
        ("2026-01-05 oral 10 mg qd", "misread", "once a day"),
        ("2026-01-05 oral 10 mcg three times a day", "oral baclofen is written in mg", ""),
        ("2026-01-05 lab egfr 60 mL/min", "either indexed or absolute", "1.73 m2"),
        ("2026-01-05 lab sodium 140 mmol/L", "'sodium' is not a test", "creatinine"),
        ("2026-01-05 score ashworth legs 1+", "not a value", "modified ashworth"),
        ("2026-01-05 allergy none", "read two ways", "none known"),
        ("2026-01-05 frobnicate 3", "not a kind of event", "weight"),
        ("2026-13-05 weight 72 kg", "not a date", "2026-01-05"),
        ("2026-01-05 25:00 weight 72 kg", "not a time of day", ""),
        ("2026-01-05 24:00 weight 72 kg", "not a time of day", "2026-01-06 00:00"),
        ("2026-01-05 override kidney; because x", "needs who decided", "by"),
        ("2026-01-05 override kidney; by Dr X", "needs a reason", "because"),
        ("2026-01-05 program continuous 100 mcg/h", "is not a daily dose", "per day"),
        ("2026-01-05 program continuous 100 mcg/day; bolus 12 mcg at 22:00, 06:00", "run backwards", ""),
        ("2026-01-05 program day 4 mcg/h from 06:00, 6 mcg/h from 08:00", "from 00:00", ""),
        ("2026-01-05 implant SynchroMed II", "size of its reservoir", "20 mL"),
        ("2026-01-05 implant SynchroMed II 20 mL; tip X9", "not a vertebral level", "T6"),
    ],
)  # fmt: skip
def test_a_line_that_is_not_understood_is_refused_with_its_number_and_a_remedy(
    line: str, wrong: str, remedy: str
) -> None:
    with pytest.raises(eutonia.ReadError) as caught:
        eutonia.read("2026-01-05 09:30 person id A\n" + line + "\n")
    told = str(caught.value)
    assert "line 2" in told
    assert wrong in told
    assert remedy in told
    assert line in told


def test_all_wrong_lines_are_named_at_once() -> None:
    with pytest.raises(eutonia.ReadError) as caught:
        eutonia.read("2026-01-05 person id A\n2026-01-05 weight 72\n2026-01-05 height 3\n")
    assert [problem.line for problem in caught.value.problems] == [2, 3]


@pytest.mark.parametrize("text", ["\n", "# only a comment\n", "   \n\n"])
def test_an_empty_chart_is_refused(text: str) -> None:
    with pytest.raises(eutonia.ReadError, match="empty"):
        eutonia.read(text)


def test_two_patients_in_one_chart_are_refused_and_both_named() -> None:
    with pytest.raises(eutonia.ReadError) as caught:
        eutonia.read("2026-01-05 person id A-17\n2026-01-06 person id B-18\n")
    assert "A-17" in str(caught.value)
    assert "B-18" in str(caught.value)


def test_files_are_read_packed_or_not_and_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    plain, packed, latin = tmp_path / "a.chart", tmp_path / "a.chart.gz", tmp_path / "l.chart"
    plain.write_text(DESIGN, "utf-8")
    packed.write_bytes(gzip.compress(DESIGN.encode()))
    latin.write_bytes(b"2026-01-05 person id A\n2026-01-05 note \xe4\n")
    assert eutonia.read(plain).hash == eutonia.read(packed).hash == eutonia.read(DESIGN).hash
    with pytest.raises(eutonia.ReadError, match="line 2 is not UTF-8"):
        eutonia.read(latin)
    with pytest.raises(eutonia.ReadError, match="no such file"):
        eutonia.read(tmp_path / "none.chart")
    with pytest.raises(eutonia.ReadError, match="could not be read"):
        eutonia.read(tmp_path)


def test_a_time_that_the_clocks_skip_or_show_twice_is_refused_until_it_says_which() -> None:
    for time in ("2026-03-29 02:30", "2026-10-25 02:30"):
        with pytest.raises(eutonia.ReadError, match="clocks change"):
            eutonia.read(f"2026-01-05 person id A\n{time} contact\n", zone="Europe/Berlin")
        assert eutonia.read(f"2026-01-05 person id A\n{time}+01:00 contact\n", zone="Europe/Berlin")
    with pytest.raises(eutonia.ReadError, match="not a time zone"):
        eutonia.read("2026-01-05 person id A\n2026-01-06 contact\n", zone="Europe/Nowhere")


def _facts(text: str, now: str) -> Facts:
    chart = eutonia.read(text)
    return Facts(chart, chart.moment(now), book())


def test_an_old_creatinine_is_unknown_and_says_how_old() -> None:
    text = "2026-01-05 person id A\n2026-01-05 lab creatinine 0.9 mg/dL\n"
    assert isinstance(_facts(text, "2027-01-05").lab("creatinine", "creatinine", "age.creatinine"), Known)
    old = _facts(text, "2027-01-06").lab("creatinine", "creatinine", "age.creatinine")
    assert isinstance(old, Unknown)
    assert old.reason == "too old"
    assert "366 days ago" in old.says


def test_two_weights_of_one_moment_that_differ_are_no_weight() -> None:
    fact = _facts("2026-01-05 person id A\n2026-01-05 weight 72 kg\n2026-01-05 weight 27 kg\n", "2026-01-06").weight
    assert isinstance(fact, Unknown)
    assert (fact.reason, "line 2" in fact.says, "line 3" in fact.says) == ("contradictory", True, True)


def test_a_request_is_answered_by_the_act_it_asked_for() -> None:
    text = "2026-01-05 person id A\n2026-01-06 request start oral\n"
    assert [r.kind for _, r in _facts(text, "2026-01-07").requests] == ["start oral"]
    assert _facts(text + "2026-01-06 oral 5 mg three times a day\n", "2026-01-07").requests == ()


def test_a_stopped_drug_is_off_the_list_by_its_name_or_its_brand() -> None:
    text = "2026-01-05 person id A\n2026-01-06 medication OxyContin 10 mg twice a day\n2026-01-07 medication stop oxycodone\n"
    assert len(_facts(text, "2026-01-06").drugs) == 1
    assert _facts(text, "2026-01-08").drugs == ()


def test_now_as_a_day_stands_after_everything_written_on_that_day() -> None:
    chart = eutonia.read("2026-01-05 09:30 person id A\n2026-01-05 14:00 contact\n")
    assert chart.moment("2026-01-05").hour == 14
    assert chart.moment("2026-01-05 10:00").hour == 10
    assert chart.moment("2026-01-06").hour == 0

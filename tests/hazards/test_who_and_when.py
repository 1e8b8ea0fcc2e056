"""Who the patient is, when something happened, and what nobody asked: nothing is taken for granted."""

from __future__ import annotations

import itertools
import json
import random
import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eutonia
from eutonia.chart.orders import read_program, read_regimen
from eutonia.evidence import Known
from eutonia.moment import MomentError, read_moment, zone
from eutonia.pump import verify
from eutonia.pump.program import Flow
from eutonia.quantity import QuantityError
from tests.charts import FILLED, ORAL, PUMP, SCREENED, charts
from tests.hazards.answers import advise, facts, finding, grade, plans, refusals, state, stops, texts

# --- H10: whose chart it is ---------------------------------------------------------------------------------------

OTHER = """\
2026-01-05 09:30 person id B-99; born 1990-02-02; sex male; name Bertram Bywater
2026-01-05 weight 99 kg
2026-01-05 condition spinal cord injury; level C4; origin spinal
2026-01-05 allergy latex
2026-01-05 medication oxycodone 5 mg four times a day
2026-01-05 medication bamboozol 7 mg daily
2026-01-05 lab creatinine 2.2 mg/dL
2026-01-05 symptom blue toes
2026-01-06 override kidney; by Dr Bystander; because nothing else works
"""
OF_OTHER = ("B-99", "Bertram", "Bywater", "99 kg", "C4", "latex", "oxycodone", "bamboozol", "blue toes", "Bystander")


@pytest.mark.hazard("H10")
def test_two_patients_in_one_chart_are_refused_and_both_are_named():
    with pytest.raises(eutonia.ReadError, match=r"A-17.*B-99"):
        eutonia.read(ORAL + OTHER)
    whole = eutonia.read(ORAL).to_json()
    whole["events"] += eutonia.read(OTHER).to_json()["events"]
    with pytest.raises(eutonia.ReadError, match=r"A-17.*B-99"):
        eutonia.read(json.dumps(whole))


@pytest.mark.hazard("H10")
@pytest.mark.parametrize("chart", [ORAL, SCREENED, PUMP])
def test_the_advice_for_one_patient_never_contains_anything_of_another(chart):
    """Asked in turns, so that nothing kept from one question answers the next."""
    now = "2026-03-25 10:00"
    alone = advise(chart, now)
    assert not [word for word in OF_OTHER if word in texts(alone)]
    assert all(word in texts(advise(OTHER, "2026-01-07")) for word in ("B-99", "C4", "bamboozol"))
    assert advise(chart, now) == alone


@pytest.mark.hazard("H10")
@given(drawn=charts())
@settings(max_examples=30)
def test_no_advice_is_changed_by_the_patients_before_it(drawn):
    text, now = drawn
    try:
        first = eutonia.advise(eutonia.read(text), now).as_dict()
    except eutonia.ReadError:
        return
    advise(OTHER, "2026-01-07")
    assert eutonia.advise(eutonia.read(text), now).as_dict() == first


@pytest.mark.hazard("H10")
def test_an_advice_bears_id_name_and_birth_date_and_the_hash_of_its_chart():
    text = ORAL.replace("; sex female", "; sex female; name Ada Example")
    answer = advise(text, "2026-01-06")
    assert answer["person"] == {"id": "A-17", "name": "Ada Example", "born": "1979-04-11"}
    assert answer["chart"] == eutonia.read(text).hash
    assert answer["chart"] != eutonia.read(text.replace("72 kg", "73 kg")).hash
    assert answer["chart"] != eutonia.read(text.replace("A-17", "A-71")).hash


@pytest.mark.hazard("H10")
@pytest.mark.parametrize("second", ["name Bertram Beta", "name Ada Alpha; born 1979-11-04", "name Ada Alpha; sex male"])
def test_one_id_with_two_names_birth_dates_or_sexes_is_not_one_person(second):
    """Two people under one number: an id that was mistyped, or a label on the wrong file."""
    first = ORAL.replace("; sex female", "; sex female; name Ada Alpha")
    answer = advise(first + f"2026-01-05 10:00 person id A-17; {second}\n", "2026-01-06")
    assert grade(answer, "person") == "stop", [each["says"] for each in answer["findings"]]
    assert answer["plans"] == []


@pytest.mark.hazard("H10")
@pytest.mark.parametrize(("chart", "kinds"), [(ORAL, []), (PUMP, ["refill"])])
def test_a_chart_without_a_person_gets_no_plan(chart, kinds):
    nobody = "".join(chart.splitlines(keepends=True)[1:])
    answer = advise(nobody, "2026-03-25 10:00")
    assert grade(answer, "person") == "stop"
    assert [plan["kind"] for plan in answer["plans"]] == kinds
    assert all("person" in plan["beside"] for plan in answer["plans"])


# --- H11: how old a fact may be -----------------------------------------------------------------------------------


def _day(days_before: int, time: str = "09:30") -> str:
    return f"{date(2026, 6, 1) - timedelta(days=days_before)} {time}"


_AGEING = [
    ("lab creatinine 0.7 mg/dL", 365, "kidney", "unknown", ("titration",)),
    ("lab egfr 95 mL/min/1.73 m2", 365, "kidney", "unknown", ("titration",)),
    ("lab clearance 95 mL/min", 365, "kidney", "unknown", ("titration",)),
    ("pregnancy no", 90, "pregnancy", "not known", ()),
    ("medications no others", 180, "medications", "may be incomplete", ()),
    ("allergy none known", 3650, "hypersensitivity", "days ago", ()),
]


@pytest.mark.hazard("H11")
@pytest.mark.parametrize(("line", "limit", "id_", "says", "stopped"), _AGEING)
@pytest.mark.parametrize("beyond", [-1, 0, 1, 30])
def test_a_fact_counts_up_to_its_last_day_and_is_unknown_after_it(line, limit, id_, says, stopped, beyond):
    kind = line.split()[0]
    rest = [x for x in ORAL.splitlines() if x.split()[1] != kind and x.split()[2] != kind]
    chart = "\n".join([*(re.sub(r"^\S+", "2026-05-30", x) for x in rest), f"{_day(limit + beyond)} {line}", ""])
    answer = advise(chart, "2026-06-01 10:00")
    said = (finding(answer, id_) or {"says": ""})["says"].lower()
    assert (says in said) == (beyond > 0), said
    assert all((id_ in stops(answer, each)) == (beyond > 0) for each in stopped)


@pytest.mark.hazard("H11")
@pytest.mark.parametrize(("born", "limit"), [("1979-04-11", 365), ("2015-04-11", 90)])
@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_an_old_weight_does_not_enter_the_kidney_formula(born, limit, beyond):
    chart = f"{_day(0)} person id A-17; born {born}; sex female\n{_day(limit + beyond)} weight 72 kg\n"
    found = facts(chart, "2026-06-01 10:00")
    assert isinstance(found.weight, Known) == (beyond <= 0)
    adult = advise(chart.replace(born, "1979-04-11") + f"{_day(0)} lab creatinine 0.9 mg/dL\n", "2026-06-01 10:00")
    if limit == 365:
        assert ("Cockcroft-Gault 7" in texts(adult)) == (beyond > 99)
        assert ("no Cockcroft-Gault" in texts(adult)) == (beyond > 0)


@pytest.mark.hazard("H11")
@pytest.mark.parametrize(("days", "card"), [(0, True), (7, True), (8, False)])
def test_a_symptom_raises_the_card_for_as_long_as_it_counts(days, card):
    chart = PUMP + f"{_day(days)} symptom somnolence\n"
    assert (finding(advise(chart, "2026-06-01 10:00"), "emergency-overdose") is not None) == card


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("days", [179, 180, 181, 900])
def test_a_patient_with_a_pump_who_was_not_seen_for_too_long_is_named(days):
    answer = advise(PUMP, str(date(2026, 3, 20) + timedelta(days=days)))
    said = " ".join(each["says"] for each in answer["findings"])
    assert (f"Last contact was {days} days ago" in said) == (days > 180)


# --- H12: what nobody asked ---------------------------------------------------------------------------------------

_ASKED = [
    ("person", "person"),
    ("allergy", "hypersensitivity"),
    ("medications", "medications"),
    ("pregnancy", "pregnancy"),
    ("lab", "kidney"),
    ("condition", "indication"),
]


@pytest.mark.hazard("H12")
@pytest.mark.parametrize(("kind", "id_"), _ASKED)
def test_what_was_not_asked_is_a_finding_and_never_taken_for_normal(kind, id_):
    whole, now = advise(ORAL, "2026-01-06"), "2026-01-06"
    assert grade(whole, id_) in (None, "note")
    without = "".join(line for line in ORAL.splitlines(keepends=True) if f" {kind} " not in line)
    assert without != ORAL
    assert grade(advise(without, now), id_) in ("stop", "caution")


@pytest.mark.hazard("H12")
@pytest.mark.parametrize(
    ("said", "id_"),
    [
        ("; born 1979-04-11", "age"),
        ("; sex female", "kidney"),
    ],
)
def test_a_person_without_birth_date_or_sex_gets_no_dose(said, id_):
    answer = advise(ORAL.replace(said, ""), "2026-01-06")
    assert grade(answer, id_) == "stop"
    assert plans(answer, "titration") == []


@pytest.mark.hazard("H12")
@pytest.mark.parametrize(
    ("said", "instead", "id_", "kind"),
    [
        ("; origin spinal", "", "origin", "adjust"),
        ("; line 0.364 mL", "", "device", "strength change"),
        ("; lasted 7 h", "", None, "start"),
        ("2026-03-01 17:00 response positive; lasted 7 h\n", "", None, "start"),
    ],
)
def test_a_pump_fact_that_is_missing_refuses_the_plan_that_needs_it(said, instead, id_, kind):
    chart = FILLED if kind == "start" else PUMP
    assert said in chart
    request = {"adjust": "adjust up", "strength change": "strength 2000 mcg/mL", "start": "start pump"}[kind]
    line = f"2026-03-25 request {request}\n"
    assert plans(advise(chart + line, "2026-03-25 10:00"), kind)
    answer = advise(chart.replace(said, instead) + line, "2026-03-25 10:00")
    assert plans(answer, kind) == []
    assert refusals(answer, kind)
    assert id_ is None or grade(answer, id_) in ("stop", "caution")


@pytest.mark.hazard("H12")
@pytest.mark.parametrize("answer_", ["not asked", "no"])
def test_not_asked_is_not_no(answer_):
    answer = advise(ORAL.replace("pregnancy no", f"pregnancy {answer_}"), "2026-01-06")
    assert grade(answer, "pregnancy") == ("caution" if answer_ == "not asked" else None)


@pytest.mark.hazard("H12")
@pytest.mark.carries("CON-03")
def test_breastfeeding_that_nobody_asked_about_is_said():
    without = ORAL.replace("2026-01-05 breastfeeding no\n", "")
    assert without != ORAL
    assert "breastfeeding" in texts(advise(without, "2026-01-06")["findings"]).lower()
    assert "breastfeeding" not in texts(advise(ORAL, "2026-01-06")["findings"]).lower()


# --- H13: clocks --------------------------------------------------------------------------------------------------

_FIRST, _LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)


@cache
def _changes() -> list[tuple[str, datetime, float, float]]:
    """Each change of a clock in five years and every zone: the zone, the hour of it, hours from UTC before and after."""
    found = []
    for name in sorted(zoneinfo.available_timezones()):
        home = zone(name)
        for day in range(0, (_LAST - _FIRST).days, 20):
            begin = _FIRST + timedelta(days=day)
            end = begin + timedelta(days=20)
            before, after = (x.astimezone(home).utcoffset() for x in (begin, end))
            if before == after:
                continue
            while end - begin > timedelta(milliseconds=500):
                middle = begin + (end - begin) / 2
                if middle.astimezone(home).utcoffset() == before:
                    begin = middle
                else:
                    end = middle
            at = (end + timedelta(seconds=1)).replace(second=0, microsecond=0)
            found.append((name, at, before.total_seconds() / 3600, after.total_seconds() / 3600))
    return found


@pytest.mark.hazard("H13")
@given(data=st.data())
def test_a_time_that_the_clocks_skip_or_show_twice_is_refused(data):
    assert len({name for name, *_ in _changes()}) > 100
    name, at, before, after = data.draw(st.sampled_from(_changes()))
    shift = after - before
    minutes = data.draw(st.integers(1, int(abs(shift) * 60) - 1))
    # Clocks that go forward skip the time from the old to the new hour; those that go back show it twice.
    first = (at + timedelta(hours=min(before, after), minutes=minutes)).replace(tzinfo=None)
    with pytest.raises(MomentError, match="does not exist" if shift > 0 else "happens twice"):
        read_moment(f"{first:%Y-%m-%d}", f"{first:%H:%M}", zone(name))
    for hours in (before, after):
        sign, size = "-+"[hours >= 0], timedelta(hours=abs(hours))
        text = f"{first:%H:%M}{sign}{str(size)[:-3].zfill(5)}"
        assert read_moment(f"{first:%Y-%m-%d}", text, zone(name)).instant == first.replace(tzinfo=UTC) - timedelta(
            hours=hours
        )


_PROGRAMS = [
    "continuous 96 mcg/day",
    "continuous 48 mcg/day; bolus 12 mcg at 02:30, 06:00, 22:00 over 30 min",
    "day 4 mcg/h from 00:00, 6 mcg/h from 02:15, 2.5 mcg/h from 20:00",
    "bolus 4 mcg every 6 h",
]


@pytest.mark.hazard("H13")
@pytest.mark.parametrize("written", _PROGRAMS)
@given(minute=st.integers(0, 2 * 525600), hours=st.integers(-12, 14))
def test_any_24_hours_deliver_exactly_the_daily_dose(written, minute, hours):
    program = read_program(written.split("; "))
    flow = Flow(program, 500.0, 1_700_000_000.0, hours * 3600.0)
    begin = 1_700_000_000.0 + 86400 + minute * 60
    assert flow.dose_mcg(begin, begin + 86400) == pytest.approx(float(program.daily.value), rel=1e-9)


def _delivered(begin: datetime, end: datetime, offset_h: float) -> float:
    """Five mcg at 02:30 of the pump's clock and 43 mcg a day besides, counted one by one."""
    day = begin.date() - timedelta(days=2)
    count = 0
    while day <= end.date() + timedelta(days=2):
        at = datetime(day.year, day.month, day.day, 2, 30, tzinfo=UTC) - timedelta(hours=offset_h)
        count += begin < at <= end
        day += timedelta(days=1)
    return count * 5 + 43 * (end - begin).total_seconds() / 86400


@pytest.mark.hazard("H13")
@given(data=st.data())
@settings(max_examples=60)
def test_a_short_and_a_long_day_are_delivered_by_the_pumps_clock_and_said(data):
    """On the day of the change the pump gives 23 or 25 h of its schedule, an hour off the wall's: the finding says so."""
    name, at, before, _ = data.draw(st.sampled_from(_changes()))
    home = zone(name)
    start = at - timedelta(days=data.draw(st.integers(3, 40)))
    if start.astimezone(home).utcoffset() != timedelta(hours=before):
        return
    text = FILLED[: FILLED.index("2026-03-20 10:00")]
    for line in (
        "implant SynchroMed II 20 mL; line 0.364 mL; tip T10",
        "refill 18 mL of 500 mcg/mL",
        "program continuous 43 mcg/day; bolus 5 mcg at 02:30",
    ):
        text += f"{start:%Y-%m-%d %H:%MZ} {line}\n"
    begun = start.replace(second=0, microsecond=0)
    for now in (at - timedelta(hours=2), at + timedelta(hours=1), at + timedelta(hours=26)):
        pump = state(text, now.isoformat(), zone=name)
        assert pump.left_ml == pytest.approx(18 - _delivered(begun, now, before) / 500, abs=1e-6)
        answer = advise(text, now.isoformat(), zone=name)
        said = " ".join(each["says"] for each in answer["findings"])
        assert ("clock does not follow summer time" in said) == (now >= at), (name, now)


@pytest.mark.hazard("H13")
def test_the_same_day_written_in_two_zones_is_two_moments_and_with_its_distance_one():
    there = [eutonia.read(PUMP, zone=name) for name in ("Pacific/Auckland", "America/Los_Angeles")]
    assert there[0].hash != there[1].hash
    fixed = re.sub(r"(\d\d:\d\d) ", r"\1Z ", PUMP)
    assert len({eutonia.read(fixed, zone=name).events[-1].at for name in ("UTC", "Pacific/Auckland")}) == 1


@pytest.mark.hazard("H13")
def test_elapsed_time_is_counted_through_summer_time_and_leap_days():
    """29 March 2026: one o'clock becomes two in London; 24 h after noon is one o'clock."""
    chart = PUMP.replace("2026-03-20 11:05 program", "2026-03-28 11:59 prime 0.364 mL\n2026-03-28 12:00 program")
    early, due = (
        advise(chart + f"2026-03-29 {at} request adjust up\n", f"2026-03-29 {at}", zone="Europe/London")
        for at in ("12:30", "13:00")
    )
    for answer in (early, due):
        assert {step["at"] for plan in plans(answer, "adjust") for step in plan["steps"] if "dose" in step} == {
            "2026-03-29T13:00:00+01:00"
        }


# --- H14: the future ----------------------------------------------------------------------------------------------


@pytest.mark.hazard("H14")
@given(minutes=st.one_of(st.integers(-60, 60), st.integers(61, 3 * 525600)))
def test_what_happens_after_now_is_not_counted_and_is_said(minutes):
    now = datetime(2026, 3, 25, 10, 0, tzinfo=UTC)
    at = now + timedelta(minutes=minutes)
    for line in ("program continuous 120 mcg/day", "lab creatinine 4 mg/dL", "refill 10 mL of 500 mcg/mL"):
        chart = PUMP + f"{at:%Y-%m-%d %H:%M} {line}\n"
        answer, before = advise(chart, now.isoformat()), advise(PUMP, now.isoformat())
        said = " ".join(each["says"] for each in answer["findings"])
        if minutes > 5:
            assert "not counted" in said
            assert answer["pump"] == before["pump"]
            assert answer["plans"] == before["plans"]
        else:
            assert "not counted" not in said
            assert answer != before | {"chart": answer["chart"]}


@pytest.mark.hazard("H14")
def test_a_birth_date_in_the_future_or_long_ago_is_no_age():
    for born in ("2026-01-07", "2062-04-11", "1879-04-11"):
        answer = advise(ORAL.replace("1979-04-11", born), "2026-01-06")
        assert grade(answer, "age") == "stop"
        assert plans(answer, "titration") == []


# --- H15: the same thing twice ------------------------------------------------------------------------------------

CASES = {
    "by mouth": (ORAL + "2026-01-06 09:00 oral 10 mg three times a day\n", "2026-01-20 10:00"),
    "screened": (SCREENED, "2026-03-02 10:00"),
    "filled": (FILLED, "2026-03-20 12:00"),
    "running": (
        PUMP
        + "2026-03-25 10:00 program continuous 120 mcg/day\n"
        + "2026-04-20 10:00 residual 11.4 mL\n2026-04-20 10:05 refill 18 mL of 500 mcg/mL\n",
        "2026-05-02 10:00",
    ),
}


# What is told together with the record where there is something to say about it.
_RECORD = {"record", "contact", "overrides", "knowledge", "second-check"}


def _answer(chart: str, now: str) -> dict[str, Any]:
    """An advice without what may differ when a line stands twice or elsewhere: the hash, line numbers, the record."""
    answer = advise(chart, now)
    answer["chart"] = ""
    answer["findings"] = [each for each in answer["findings"] if each["id"] not in _RECORD]
    return json.loads(re.sub(r"line \d+", "line", json.dumps(answer)))


@pytest.mark.hazard("H15")
@pytest.mark.parametrize("case", CASES)
def test_no_line_that_stands_twice_counts_twice(case):
    text, now = CASES[case]
    lines = text.splitlines()
    plain = _answer(text, now)
    for place, line in enumerate(lines):
        again = "\n".join([*lines[: place + 1], line, *lines[place + 1 :], ""])
        assert _answer(again, now) == plain, line
        said = " ".join(each["says"] for each in advise(again, now)["findings"])
        assert "counted once although written twice" in said


@pytest.mark.hazard("H15")
@pytest.mark.parametrize("minutes", [1, 10, 300, 1440])
@pytest.mark.parametrize("volume", ["18", "17.5"])
def test_a_refill_that_was_imported_twice_never_fills_the_pump_twice(minutes, volume):
    at = datetime(2026, 3, 20, 11, 0, tzinfo=UTC) + timedelta(minutes=minutes)
    again = PUMP + f"{at:%Y-%m-%d %H:%M} refill {volume} mL of 500 mcg/mL\n"
    once, twice = (advise(each, "2026-04-10 10:00") for each in (PUMP, again))
    if volume == "18":
        assert twice["pump"]["residual_ml"] == once["pump"]["residual_ml"]
        assert twice["pump"]["refill_due"] == once["pump"]["refill_due"]
        assert "counted once" in texts(twice)
    else:
        assert grade(twice, "strength") == "stop"
        assert plans(twice, "adjust") == []


@pytest.mark.hazard("H15")
def test_a_program_that_was_imported_twice_does_not_hide_a_jump():
    jump = PUMP + "2026-03-24 10:00 program bolus 60 mcg every 1 h\n"
    again = jump + "2026-03-24 10:02 program bolus 60 mcg every 1 h\n"
    for chart in (jump, again):
        assert grade(advise(chart, "2026-03-25 12:00"), "pump-dose") == "stop"


# --- H16: order and back-dating -----------------------------------------------------------------------------------

TIMED = {
    name: re.sub(r"^(\d{4}-\d\d-\d\d) (?=[a-z])", r"\1 00:00 ", text, flags=re.M) for name, (text, _) in CASES.items()
}


@pytest.mark.hazard("H16")
@pytest.mark.parametrize("case", CASES)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=20)
def test_the_order_in_which_lines_are_written_changes_nothing(case, seed):
    now = CASES[case][1]
    lines = TIMED[case].splitlines()
    # Lines of one and the same minute stay in their order: that is what the order is for.
    blocks = [list(block) for _, block in itertools.groupby(lines, key=lambda line: line[:16])]
    random.Random(seed).shuffle(blocks)
    mixed = "\n".join([*itertools.chain.from_iterable(blocks), ""])
    assert eutonia.read(mixed).hash == eutonia.read(TIMED[case]).hash
    assert _answer(mixed, now) == _answer(TIMED[case], now)


@pytest.mark.hazard("H16")
def test_a_line_entered_late_counts_from_when_it_happened_and_changes_the_hash():
    late = PUMP + "2026-04-20 10:00 program continuous 96 mcg/day\n2026-04-01 10:00 program continuous 120 mcg/day\n"
    in_order = (
        PUMP + "2026-04-01 10:00 program continuous 120 mcg/day\n2026-04-20 10:00 program continuous 96 mcg/day\n"
    )
    now = "2026-05-02 10:00"
    assert advise(late, now)["pump"] == advise(in_order, now)["pump"]
    assert advise(late, now)["pump"]["daily_dose"]["value"] == 96
    assert advise(late, now)["chart"] != advise(PUMP, now)["chart"]


# --- H17: what is over or was taken back --------------------------------------------------------------------------


@pytest.mark.hazard("H17")
def test_what_was_resolved_or_stopped_is_not_counted_as_active():
    active = ORAL.replace("medications no others", "medication oxycodone 5 mg twice a day")
    assert grade(advise(active, "2026-01-06"), "interactions-cns") == "caution"
    over = active + "2026-01-06 medication stop oxycodone\n"
    assert finding(advise(over, "2026-01-06"), "interactions-cns") is None
    ill = ORAL + "2026-01-05 condition epilepsy\n"
    assert grade(advise(ill, "2026-01-06"), "epilepsy") == "caution"
    assert finding(advise(ill + "2026-01-06 condition epilepsy; resolved\n", "2026-01-06"), "epilepsy") is None
    sleepy = PUMP + "2026-03-24 symptom somnolence\n"
    assert stops(advise(sleepy, "2026-03-25"), "adjust")
    assert not stops(advise(sleepy + "2026-03-25 symptom somnolence; resolved\n", "2026-03-25"), "adjust")


@pytest.mark.hazard("H17")
@pytest.mark.parametrize("text", ["no oxycodone", "denies oxycodone", "stopped oxycodone", "oxycodone (discontinued)"])
def test_a_drug_that_is_denied_is_not_read_as_taken_nor_passed_over(text):
    answer = advise(ORAL + f"2026-01-05 medication {text}\n", "2026-01-06")
    assert finding(answer, "interactions-cns") is not None or "Not recognised" in texts(answer)


# --- H18: half-read prescriptions ---------------------------------------------------------------------------------

SIGS = {
    "10 mg three times a day": 30,
    "10 mg TID": 30,
    "10 mg t.i.d.": 30,
    "10 mg every 8 h": 30,
    "10 mg q8h": 30,
    "60 mg/day in 3 doses": 60,
    "5 mg in the morning, 5 mg at noon and 10 mg at bedtime": 20,
    "10 mg three times a day + 5 mg at bedtime": 35,
    "10 mg TID + 5 mg prn, at most 2 a day": 40,
    "10 mg po twice a day": 20,
    "7.5 mg 4 times a day": 30,
    "10 mg at 08:00 + 10 mg at 20:00": 20,
}
HALF = [
    "10 mg TID + 5 prn",
    "10 mg TID + 5 mg prn",
    "10 mg TID prn",
    "10 TID",
    "10 mg",
    "TID",
    "1 tablet TID",
    "2 tablets of 10 mg TID",
    "10 mg TID for 3 days",
    "10 mg TID for spasms",
    "10 mg TID, increase to 20 mg TID",
    "10 mg three times a day then 20 mg three times a day",
    "10-20 mg TID",
    "10 to 20 mg TID",
    "10 mg/20 mg TID",
    "10 mg qd",
    "10 mg QOD",
    "10 mg every other day",
    "10 mg hs",
    "10 mg od",
    "10 mg every 7 h",
    "10 mg/day in 3 doses",
    "10 mg TID except Sunday",
    "half a tablet at night",
    "up to 10 mg TID",
    "about 10 mg TID",
    "10 mg weekly",
    "10 mg TID 5 mg at bedtime",
    "10 mg TID +",
    "+ 10 mg TID",
    "10 mg mg TID",
    "10 mg as directed",
    "see letter",
]


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(("sig", "daily"), SIGS.items())
def test_a_whole_prescription_is_read_with_its_whole_dose(sig, daily):
    assert read_regimen(sig).daily.value == daily


@pytest.mark.hazard("H18")
@pytest.mark.parametrize("sig", HALF)
def test_a_prescription_that_is_not_understood_to_its_last_word_is_refused(sig):
    with pytest.raises(QuantityError):
        read_regimen(sig)
    with pytest.raises(eutonia.ReadError):
        eutonia.read(f"2026-01-05 person id A-17\n2026-01-05 oral {sig}\n")


@pytest.mark.hazard("H18")
@given(
    sig=st.sampled_from(sorted(SIGS)), odd=st.sampled_from(["not", "x", "3", "mg", "?", "maybe", "-"]), data=st.data()
)
def test_a_word_more_in_a_prescription_is_refused(sig, odd, data):
    words = sig.split()
    words.insert(data.draw(st.integers(0, len(words))), odd)
    with pytest.raises(QuantityError):
        read_regimen(" ".join(words))


@pytest.mark.hazard("H18")
@given(sig=st.sampled_from(sorted(SIGS)), data=st.data())
def test_a_word_less_never_gives_a_larger_dose_than_what_is_left_says(sig, data):
    words = sig.split()
    del words[data.draw(st.integers(0, len(words) - 1))]
    try:
        found = read_regimen(" ".join(words))
    except QuantityError:
        return
    left = " ".join(words)
    if "mg/day" not in left:
        assert sorted(map(float, re.findall(r"([0-9.]+) mg", left))) == sorted(
            float(p.amount.value) for p in found.parts
        )
    assert read_regimen(found.written).daily == found.daily
    assert found.daily.value <= 60


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(
    "order",
    [
        "baclofen 10 mg TID + 5 prn",
        "baclofen 10 mg",
        "baclofen as directed",
        "Lioresal",
        "baclofen and tizanidine 4 mg three times a day",
        "baclofen every other day 10 mg at bedtime",
    ],
)
def test_a_further_order_of_baclofen_that_was_half_read_stops_every_rise(order):
    answer = advise(ORAL + f"2026-01-05 medication {order}\n", "2026-01-06")
    assert grade(answer, "oral-dose") == "stop"
    assert plans(answer, "titration") == []


# --- H59: whose name is not told ----------------------------------------------------------------------------------

NAMED = ORAL.replace("; sex female", "; sex female; name Wilhelmina Unlikely")
_NAMES = re.compile("Wilhelmina|Unlikely")


@pytest.mark.hazard("H59")
@pytest.mark.parametrize(
    "line",
    [
        "2026-01-05 person id A-17; born 1979-04-11; sex F; name Wilhelmina Unlikely",
        "2026-01-05 person id A-17; born 11.4.1979; sex female; name Wilhelmina Unlikely",
        "2026-01-05 person born 1979-04-11; name Wilhelmina Unlikely",
        "2026-01-05 person id A-17; nickname Wilhelmina Unlikely",
        "2026-01-05 person id B-99; born 1979-04-11; name Wilhelmina Unlikely",
        "2026-01-05 patient id A-17; name Wilhelmina Unlikely",
        "2026-13-05 person id A-17; name Wilhelmina Unlikely",
        "2026-01-05 weight 72",
    ],
)
def test_an_error_says_where_and_what_would_do_but_not_the_patients_name(line):
    with pytest.raises(eutonia.ReadError) as refused:
        eutonia.read(NAMED + line + "\n")
    assert str(refused.value)
    assert not _NAMES.search(str(refused.value))
    in_json = eutonia.read(NAMED).to_json()
    in_json["events"][0] |= {"sex": "F"}
    with pytest.raises(eutonia.ReadError) as refused:
        eutonia.read(json.dumps(in_json))
    assert not _NAMES.search(str(refused.value))


@pytest.mark.hazard("H59")
def test_the_patients_name_stands_once_in_an_advice_and_nowhere_in_what_it_says(capfd, caplog):
    for text, now in ((NAMED, "2026-01-06"), (NAMED + "2026-01-05 person id A-17; sex male\n", "2026-01-06")):
        answer = advise(text, now)
        answer.pop("person")
        assert not _NAMES.search(texts(answer))
    found = facts(NAMED + PUMP[PUMP.index("2026-03-20 10:00") :], "2026-03-25")
    back = verify.read_back("patient B-99\n", "the read-back", found)
    outcome = verify.verify(state(PUMP, "2026-03-25"), back, found)
    assert not _NAMES.search(str(outcome))
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""

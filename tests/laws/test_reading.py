"""Reading never guesses: what is written comes back whole, and whatever is missing, absurd or stale is not a default."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eutonia
from eutonia.chart.text import read_line, written
from eutonia.quantity import UNITS, Quantity, QuantityError, plain
from tests.charts import ORAL, PUMP, charts

_RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(_RELAXED, max_examples=200)
@given(charts())
def test_text_json_and_text_again_are_the_same_chart(drawn: tuple[str, datetime]) -> None:
    chart = eutonia.read(drawn[0])
    assert chart.to_text() == drawn[0]
    again = eutonia.read(json.dumps(chart.to_json()))
    assert (again.to_text(), again.hash, again.events) == (drawn[0], chart.hash, chart.events)
    for event in chart.events:
        day, time, what, by = read_line(written(event))
        assert (what, by, f"{day} {time}" if time else day) == (event.what, event.by, event.written)


@settings(_RELAXED, max_examples=300)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    try:
        chart = eutonia.read("2026-01-05 09:30 person id A\n2026-01-05 " + text.replace("\n", " ") + "\n")
    except eutonia.ReadError:
        return
    assert chart.to_text().startswith("2026-01-05 09:30 person id A\n")


@settings(_RELAXED, max_examples=300)
@given(st.sampled_from(PUMP.splitlines()), st.data())
def test_a_line_that_loses_or_doubles_a_word_is_refused_or_means_what_it_says(line: str, data: st.DataObject) -> None:
    words = line.split()
    place = data.draw(st.integers(0, len(words) - 1))
    changed = words[:place] + words[place + 1 :] if data.draw(st.booleans()) else [*words[: place + 1], *words[place:]]
    try:
        day, time, what, _by = read_line(" ".join(changed))
    except (QuantityError, ValueError):
        return
    assert what is not None
    assert (day, time) != ("", "")


@given(st.decimals("0", "999999999", places=6), st.sampled_from(sorted({u.name for u in UNITS.values()})))
def test_what_is_printed_reads_as_the_same_quantity(value: Decimal, unit: str) -> None:
    quantity = Quantity.of(value, unit)
    text = plain(quantity)
    if unit not in ("%",):
        assert Quantity.read(text) == quantity
    assert not re.search(r"\.\d*0\b|^\.|\b\d+\.$|[eE]", text.split(" ")[0])


FIELDS = {
    "lab creatinine 0.7 mg/dL": "kidney",
    "weight 72 kg": "kidney",
    "allergy none known": "hypersensitivity",
    "medications no others": "medications",
    "pregnancy no": "pregnancy",
    "condition multiple sclerosis; origin spinal": "indication",
}


def _ids(text: str, now: str = "2026-01-05") -> dict[str, str]:
    return {f.id: f"{f.grade}: {f.says}" for f in eutonia.advise(eutonia.read(text), now).findings}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_deleted_is_asked_for_and_never_taken_as_normal(field: str) -> None:
    whole = _ids(ORAL + "2026-01-05 request start oral\n")
    without = _ids(ORAL.replace(f"2026-01-05 {field}\n", "") + "2026-01-05 request start oral\n")
    assert without[FIELDS[field]] != whole.get(FIELDS[field])


def test_without_a_kidney_value_a_birth_date_or_a_sex_no_oral_plan_leaves() -> None:
    for gone in ("2026-01-05 lab creatinine 0.7 mg/dL\n", "; born 1979-04-11", "; sex female"):
        advice = eutonia.advise(eutonia.read(ORAL.replace(gone, "") + "2026-01-05 request start oral\n"), "2026-01-05")
        assert advice.plans == ()
        assert advice.stopped


NUMBERS = re.compile(r"(?<![\d-])\d+(?:\.\d+)? (?:kg|cm|mg/dL|mcg|mL|mcg/mL|mcg/day|mg/day|h)\b")


@pytest.mark.parametrize("slip", ["nan", "-5", "1e3", "inf", "", "5 5"])
def test_an_absurd_number_in_any_field_is_refused(slip: str) -> None:
    for found in NUMBERS.finditer(PUMP):
        number, unit = found[0].split(" ")
        assert number
        text = PUMP[: found.start()] + f"{slip} {unit}" + PUMP[found.end() :]
        with pytest.raises(eutonia.ReadError):
            eutonia.read(text)


@pytest.mark.carries("TOX-01")
@pytest.mark.parametrize("factor", [Decimal(1000), Decimal("0.001")])
def test_a_dose_that_slips_by_a_thousand_is_refused_or_stopped(factor: Decimal) -> None:
    for old, new in (("trial 50 mcg", "trial {} mcg"), ("continuous 100 mcg/day", "continuous {} mcg/day")):
        number = Decimal(50 if "trial" in old else 100) * factor
        text = PUMP.replace(old, new.format(f"{number:f}".rstrip("0").rstrip("."))) + "2026-03-22 request adjust up\n"
        advice = eutonia.advise(eutonia.read(text), "2026-03-22")
        assert not [plan for plan in advice.plans if plan.kind == "adjust"]
        assert advice.stopped
    strength = PUMP.replace("500 mcg/mL", "500 mg/mL") + "2026-03-22 request adjust up\n"
    assert eutonia.advise(eutonia.read(strength), "2026-03-22").stopped


@settings(_RELAXED, max_examples=60)
@given(st.integers(0, 4000))
def test_a_fact_that_grows_old_can_only_make_the_advice_more_careful(days: int) -> None:
    now = datetime(2026, 1, 5, 10, tzinfo=UTC)
    later = now + timedelta(days=days)
    advice = eutonia.advise(eutonia.read(ORAL + "2026-01-05 request start oral\n"), later)
    kidney_old = days > 365
    assert (not advice.plans) == kidney_old


@settings(_RELAXED, max_examples=60)
@given(st.permutations(ORAL.splitlines()[1:]))
def test_the_order_of_the_lines_of_one_day_changes_nothing_but_the_hash(lines: list[str]) -> None:
    text = "\n".join([ORAL.splitlines()[0], *lines, "2026-01-05 request start oral", ""])
    assert _ids(text) == _ids(ORAL + "2026-01-05 request start oral\n")


@settings(_RELAXED, max_examples=100)
@given(charts(), st.data())
def test_a_line_written_twice_changes_no_plan_and_no_pump(drawn: tuple[str, datetime], data: st.DataObject) -> None:
    text, now = drawn
    lines = text.splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    twice = "\n".join([*lines[: place + 1], lines[place], *lines[place + 1 :], ""])
    one, two = (
        eutonia.advise(eutonia.read(text), now).as_dict(foresee=False),
        eutonia.advise(eutonia.read(twice), now).as_dict(foresee=False),
    )
    assert one["plans"] == two["plans"]
    assert one["pump"] == two["pump"]


@settings(_RELAXED, max_examples=60)
@given(charts())
def test_events_after_now_change_nothing_that_is_advised(drawn: tuple[str, datetime]) -> None:
    text, _ = drawn
    now = datetime(2026, 3, 21, 12, tzinfo=UTC)
    chart = eutonia.read(text)
    past = [
        line
        for line, event in zip(text.splitlines(), chart.events, strict=True)
        if event.at <= now + timedelta(minutes=5)
    ]
    if not past:
        return
    one, two = (eutonia.advise(eutonia.read(t), now).as_dict(foresee=False) for t in (text, "\n".join(past) + "\n"))
    assert one["plans"] == two["plans"]
    assert one["pump"] == two["pump"]
    # Where what lies ahead is named; notes about the record are told together with it.
    told = ("record", "overrides", "contact", "second-check")
    assert [f for f in one["findings"] if f["id"] not in told] == [f for f in two["findings"] if f["id"] not in told]

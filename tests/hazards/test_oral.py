"""Baclofen by mouth: too much of it, too fast, beside the wrong drug, on failing kidneys, or stopped at once."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eutonia.knowledge import JURISDICTIONS, book
from eutonia.knowledge.drugs import classes
from tests.charts import FILLED, ORAL
from tests.hazards.answers import FAILED, advise, doses, finding, gate, grade, plans, refusals, stops, texts

NOW = "2026-01-20 10:00"
TAKING = ORAL + "2025-10-01 oral 20 mg four times a day\n"

# --- H19: more than 80 mg a day ---------------------------------------------------------------------------------------

_BRANDS = ["baclofen", "Baclofen Oral Tablet", "Lioresal", "Ozobax", "Lyvispah", "Fleqsuvy"]


@pytest.mark.hazard("H19")
@pytest.mark.carries("ADM-04")
@given(
    first=st.sampled_from([("10 mg three times a day", 30), ("20 mg four times a day", 80), ("5 mg at bedtime", 5)]),
    more=st.lists(
        st.tuples(
            st.sampled_from(_BRANDS),
            st.sampled_from(
                [
                    ("10 mg TID", 30),
                    ("20 mg at bedtime", 20),
                    ("5 mg as needed, at most 3 a day", 15),
                    ("2.5 mg bid", 5),
                ]
            ),
        ),
        max_size=3,
        unique_by=lambda each: (each[0], each[1]),
    ),
)
@settings(max_examples=60)
def test_all_orders_brands_and_doses_as_needed_count_together_against_the_ceiling(first, more):
    chart = ORAL + f"2026-01-05 oral {first[0]}\n"
    for number, (brand, (sig, _)) in enumerate(more):
        chart += f"2026-01-{number + 6:02d} medication {brand} {sig}; by Dr {number}\n"
    daily = first[1] + sum(each for _, (_, each) in more)
    answer = advise(chart, NOW)
    assert (grade(answer, "oral-dose") == "stop") == (daily > 80)
    if daily > 80:
        assert f"{daily} mg" in texts(answer)
        assert plans(answer, "titration") == []
    for plan in plans(answer, "titration"):
        assert all(daily <= dose <= 80 for dose in doses(plan, "take"))


@pytest.mark.hazard("H19")
@pytest.mark.carries("ADM-04")
@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_no_titration_goes_above_the_ceiling_of_any_jurisdiction(jurisdiction):
    most = book(jurisdiction).quantity("oral.daily_max").value
    assert most <= 80
    for begin in (0, 5, 40, 65, 70, 75, 79.5, 80):
        chart = ORAL + (f"2026-01-05 oral {begin} mg once a day\n" if begin else "")
        for plan in plans(advise(chart, NOW, jurisdiction), "titration"):
            assert max(doses(plan, "take")) <= most


# --- H20: faster than every three days, or more than a step -----------------------------------------------------------


def _steps(plan):
    return [
        (datetime.fromisoformat(each["at"]), each["dose"]["value"]) for each in plan["steps"] if each["do"] == "take"
    ]


@pytest.mark.hazard("H20")
@pytest.mark.carries("ADM-02", "ADM-03")
@given(
    begin=st.sampled_from([0, 2.5, 15, 17.5, 30, 55, 62.5, 75]),
    days=st.integers(0, 10),
    hour=st.integers(0, 23),
    creatinine=st.sampled_from(["0.6", "0.9", "1.1", "1.4"]),
    jurisdiction=st.sampled_from(JURISDICTIONS),
    asked=st.booleans(),
)
def test_no_titration_rises_sooner_than_after_three_days_or_by_more_than_a_step(
    begin, days, hour, creatinine, jurisdiction, asked
):
    chart = ORAL.replace("creatinine 0.7", f"creatinine {creatinine}")
    changed = datetime.fromisoformat("2026-01-10 10:00+00:00") - timedelta(days=days)
    if begin:
        chart += f"{changed:%Y-%m-%d %H:%M} oral {begin} mg once a day\n"
    if asked:
        chart += f"2026-01-10 10:00 request {'titrate' if begin else 'start'} oral\n"
    answer = advise(chart, f"2026-01-10 {max(hour, 10):02d}:00", jurisdiction)
    rising = [plan for plan in plans(answer, "titration") if max(doses(plan, "take")) > begin]
    assert len(rising) == 2 or begin == 75 or creatinine in ("1.1", "1.4"), refusals(answer, "titration")
    for plan in plans(answer, "titration"):
        path = [(changed, begin), *_steps(plan)] if begin else _steps(plan)
        for (at, low), (then, high) in itertools.pairwise(path):
            assert abs(high - low) <= 15
            assert then - at >= timedelta(days=3) or high <= low
        assert begin or _steps(plan)[0][1] <= 15


_THREE_DAYS = 72
_CLIMBS = [
    ((0, 15), (_THREE_DAYS, 30), True),
    # Calendar days count, so that a clock put forward or a visit an hour early moves nothing.
    ((0, 15), (_THREE_DAYS - 1, 30), True),
    ((0, 15), (_THREE_DAYS - 10, 30), False),
    ((0, 15), (24, 30), False),
    ((0, 15), (_THREE_DAYS, 32.5), False),
    ((0, 15), (_THREE_DAYS, 80), False),
    ((0, 17.5), (_THREE_DAYS, 30), False),
    ((0, 80), (_THREE_DAYS, 80), False),
]


@pytest.mark.hazard("H20")
@pytest.mark.carries("ADM-03")
@pytest.mark.parametrize(("first", "second", "lets"), _CLIMBS)
def test_the_guard_lets_through_no_rise_that_is_too_soon_or_too_large_whoever_built_it(first, second, lets):
    steps = [(hours, "take", f"{dose} mg/day") for hours, dose in (first, second)]
    assert (gate(ORAL, "2026-01-06 09:00", "titration", *steps) == ()) == lets
    taken = ORAL + "2026-01-06 08:00 oral 5 mg three times a day\n"
    assert gate(taken, "2026-01-06 09:00", "titration", (62, "take", "20 mg/day"))
    assert gate(taken, "2026-01-06 09:00", "titration", (63, "take", "20 mg/day")) == ()


@pytest.mark.hazard("H20")
@pytest.mark.carries("AE-02")
def test_a_reported_effect_holds_the_next_rise():
    chart = ORAL + "2026-01-10 oral 10 mg three times a day\n2026-01-20 symptom nausea\n"
    held = plans(advise(chart, NOW), "titration")
    assert held
    assert all(dose <= 30 for plan in held for dose in doses(plan, "take"))
    gone = plans(advise(chart + "2026-01-20 symptom nausea; resolved\n", NOW), "titration")
    assert any(max(doses(plan, "take")) > 30 for plan in gone)


@pytest.mark.hazard("H20")
@pytest.mark.carries("ADM-02", "ADM-03")
@pytest.mark.parametrize(
    "orders",
    [
        ["05 10:00 oral 20 mg three times a day"],
        ["05 10:00 oral 5 mg three times a day", "06 10:00 oral 10 mg three times a day"],
        ["05 10:00 oral 5 mg three times a day", "09 10:00 oral 20 mg three times a day"],
    ],
)
def test_a_first_dose_or_a_rise_on_the_chart_beyond_what_is_allowed_is_said(orders):
    """60 mg on the first day; a rise after one day; a rise by 45 mg at once."""
    answer = advise(ORAL + "".join(f"2026-01-{each}\n" for each in orders), "2026-01-09 12:00")
    assert any(
        each["grade"] in ("stop", "caution") and "mg" in each["says"] and "kidney" not in each["id"]
        for each in answer["findings"]
    ), [each["says"] for each in answer["findings"]]
    calm = [f"2026-01-{day} 10:00 oral {dose} mg three times a day\n" for day, dose in (("05", 5), ("08", 10))]
    assert all(each["grade"] == "note" for each in advise(ORAL + "".join(calm), "2026-01-09 12:00")["findings"])


# --- H21: the kidneys -------------------------------------------------------------------------------------------------


def _kidney(line: str, chart: str = ORAL) -> str:
    return chart.replace("lab creatinine 0.7 mg/dL", line)


@pytest.mark.hazard("H21")
@pytest.mark.carries("CON-02", "PK-05")
@given(egfr=st.integers(1, 150), form=st.sampled_from(["lab egfr {} mL/min/1.73 m2", "lab clearance {} mL/min"]))
def test_the_dose_follows_the_kidneys_and_below_thirty_there_is_none(egfr, form):
    answer = advise(_kidney(form.format(egfr)), "2026-01-06")
    indexed = "egfr" in form
    most = 80 if egfr > (60 if indexed else 80) else 80 * 2 / 3 if egfr > 50 else 40
    if egfr < 30:
        assert grade(answer, "kidney") == "stop"
        assert plans(answer, "titration") == []
        return
    assert grade(answer, "kidney") == ("note" if most == 80 and not indexed else "caution")
    assert plans(answer, "titration")
    for plan in plans(answer, "titration"):
        assert most * 0.9 < max(doses(plan, "take")) <= most
        assert doses(plan, "take")[0] <= 15 * most / 80


@pytest.mark.hazard("H21")
@pytest.mark.parametrize(
    "line",
    [
        "note kidney not measured",
        "dialysis",
        "lab creatinine 9 mg/dL",
        "lab creatinine 400 umol/L",
        "lab plasma 300 ng/mL",
    ],
)
def test_no_kidney_value_a_bad_one_or_dialysis_gives_no_start_plan(line):
    answer = advise(_kidney(line), "2026-01-06")
    assert grade(answer, "kidney") == "stop"
    assert plans(answer, "titration") == []
    spine = advise(_kidney(line, FILLED.replace("creatinine 0.9", "creatinine 0.7")), "2026-03-20 12:00")
    if "note" not in line and "plasma" not in line:
        assert plans(spine, "start") == []


@pytest.mark.hazard("H21")
@pytest.mark.parametrize(
    "name", ["on dialysis", "haemodialysis", "hemodialysis three times a week", "peritoneal dialysis"]
)
def test_dialysis_by_any_name_outweighs_a_good_creatinine(name):
    """Creatinine is low after a session, and small in someone with little muscle: it says nothing there."""
    for chart, kind, now in ((ORAL, "titration", "2026-01-06"), (FILLED, "start", "2026-03-20 12:00")):
        answer = advise(chart + f"2026-01-05 condition {name}\n", now)
        assert "kidney" in stops(answer, kind)


@pytest.mark.hazard("H21")
def test_a_kidney_value_of_last_year_gives_no_start_plan():
    answer = advise(ORAL.replace("2026-01-05 lab", "2025-01-04 lab"), "2026-01-05")
    assert "kidney" in stops(answer, "titration")


@pytest.mark.hazard("H21")
def test_the_worse_of_two_kidney_values_governs():
    answer = advise(ORAL + "2026-01-05 lab egfr 45 mL/min/1.73 m2\n", "2026-01-06")
    assert "1/2" in (finding(answer, "kidney") or {})["says"]


@pytest.mark.hazard("H21")
@pytest.mark.parametrize(
    "labs",
    [
        (("01-18", "0.6"), ("01-20", "1.0")),  # +0.4 mg/dL in 48 h
        (("01-14", "0.6"), ("01-20", "0.95")),  # 1.6 times in a week
        (("01-19", "0.5"), ("01-20", "0.9")),
    ],
)
def test_a_creatinine_that_rises_within_days_is_not_read_as_a_steady_kidney(labs):
    """While creatinine climbs, every formula overstates the clearance: acute injury is not 'no reduction'."""
    chart = _kidney("contact") + "".join(f"2026-{day} 08:00 lab creatinine {value} mg/dL\n" for day, value in labs)
    answer = advise(chart, NOW)
    found = finding(answer, "kidney")
    assert found is not None
    assert found["grade"] in ("caution", "stop"), found["says"]
    assert plans(answer, "titration") == []


@pytest.mark.hazard("H21")
@pytest.mark.parametrize("value", ["0.9 umol/L", "1.8 umol/L", "0.09 mg/dL", "0.01 mg/dL"])
def test_a_creatinine_that_no_living_person_has_is_not_read_as_healthy_kidneys(value):
    """1.8 mg/dL written with the other unit is a clearance of nearly 4,000 mL/min."""
    try:
        answer = advise(_kidney(f"lab creatinine {value}"), "2026-01-06")
    except ValueError:
        return
    assert plans(answer, "titration") == []


@pytest.mark.hazard("H21")
@pytest.mark.parametrize(
    ("was", "slip"),
    [("height 150 cm", "height 1500 cm"), ("height 150 cm", "height 15 m"), ("weight 45 kg", "weight 4500 kg")],
)
def test_a_body_that_nobody_has_is_not_read_as_healthy_kidneys(was, slip):
    """A girl of 14 with 2 mg/dL: 31 mL/min/1.73 m2 by her height, 310 by a slip of ten."""
    chart = ORAL.replace("1979-04-11", "2011-04-11").replace("175 cm", "150 cm").replace("72 kg", "45 kg")
    chart = chart.replace("creatinine 0.7", "creatinine 2")
    assert grade(advise(chart, "2026-01-06"), "kidney") == "caution"
    try:
        answer = advise(chart.replace(was, slip), "2026-01-06")
    except ValueError:
        return
    assert all(max(doses(plan, "take")) <= 40 for plan in plans(answer, "titration"))


@pytest.mark.hazard("H21")
def test_an_override_of_the_kidneys_leaves_a_third_and_on_dialysis_five_mg():
    said = "2026-01-06 override kidney; by Dr X; because nothing else works\n"
    third = plans(advise(_kidney("lab egfr 20 mL/min/1.73 m2") + said, "2026-01-06"), "titration")
    assert third
    assert all(max(doses(plan, "take")) <= 80 / 3 for plan in third)
    dialysed = plans(advise(_kidney("dialysis") + said, "2026-01-06"), "titration")
    assert all(max(doses(plan, "take")) <= 5 for plan in dialysed)


# --- H22: drugs beside it ---------------------------------------------------------------------------------------------

_BESIDE = {
    "oxycodone 5 mg twice a day": "interactions-cns",
    "morphine 10 mg": "interactions-cns",
    "diazepam 5 mg at night": "interactions-cns",
    "Xanax 0.5 mg": "interactions-cns",
    "gabapentin 300 mg three times a day": "interactions-cns",
    "pregabalin 75 mg": "interactions-cns",
    "alcohol": "interactions-cns",
    "zolpidem 10 mg": "interactions-cns",
    "quetiapine 100 mg": "interactions-cns",
    "diphenhydramine 25 mg": "interactions-cns",
    "tizanidine 4 mg": "interactions-cns",
    "amitriptyline 25 mg": "interactions-cns",
    "phenelzine 15 mg": "interactions-cns",
    "propofol": "interactions-cns",
    "lithium carbonate 400 mg": "interactions",
    "levodopa / carbidopa 100/25": "interactions",
    "lisinopril 10 mg": "interactions",
    "ibuprofen 400 mg": "interactions",
}


@pytest.mark.hazard("H22")
@pytest.mark.carries("MON-01")
@pytest.mark.parametrize(("drug", "id_"), _BESIDE.items())
def test_each_class_that_adds_to_baclofen_is_found_with_what_to_watch(drug, id_):
    answer = advise(ORAL + f"2026-01-05 medication {drug}\n", "2026-01-06")
    found = finding(answer, id_)
    assert found is not None
    name = "alprazolam" if "Xanax" in drug else drug.split()[0].lower()
    assert name in found["says"].lower()
    assert found["resolve"]
    stopped = advise(ORAL + f"2026-01-05 medication {drug}\n2026-01-06 medication stop {drug}\n", "2026-01-06")
    assert finding(stopped, id_) is None


@pytest.mark.hazard("H22")
@pytest.mark.parametrize("drug", ["paracetamol 500 mg", "vitamin D", "cetirizine 10 mg", "amoxicillin 500 mg"])
def test_a_drug_that_adds_nothing_raises_no_alarm(drug):
    answer = advise(ORAL + f"2026-01-05 medication {drug}\n", "2026-01-06")
    assert grade(answer, "medications") is None


@pytest.mark.hazard("H22")
@given(name=st.from_regex(r"[bcdfghjklmnp]{3}[aeiou]q[zx][aeiou][bcdfg]{1,5}( [0-9]{1,3} mg)?", fullmatch=True))
@settings(max_examples=40)
def test_an_unknown_drug_is_named_and_never_silent(name):
    answer = advise(ORAL + f"2026-01-05 medication {name}\n", "2026-01-06")
    found = finding(answer, "medications")
    assert found is not None
    assert found["grade"] == "caution"
    assert name in found["says"]


@pytest.mark.hazard("H22")
def test_every_sedating_class_of_the_table_has_its_interaction():
    known = {str(entry.value) for entry in book().under("interaction.")}
    silent = {
        "baclofen",
        "benzodiazepine",
        "gabapentinoid",
        "antipsychotic",
        "sedating antihistamine",
        "muscle relaxant",
    }
    assert known <= set(classes())
    assert set(classes()) - known <= silent | {"anticonvulsant"}, "a class without a finding of its own"


# --- H23: stopped at once ---------------------------------------------------------------------------------------------


@pytest.mark.hazard("H23")
@pytest.mark.carries("WD-05", "WD-06")
@given(dose=st.sampled_from([7.5, 10, 15, 20, 30, 45, 60, 80]), days=st.integers(0, 14))
@settings(max_examples=40)
def test_every_stop_without_a_taper_is_a_finding(dose, days):
    chart = ORAL + f"2025-10-01 oral {dose} mg once a day\n2026-01-06 10:00 oral stop\n"
    answer = advise(chart, str(date(2026, 1, 6) + timedelta(days=days)))
    assert grade(answer, "abrupt-stop") == "stop"
    assert plans(answer, "titration") == []


@pytest.mark.hazard("H23")
def test_a_stop_at_the_end_of_a_taper_is_no_alarm():
    chart = ORAL + "2025-09-01 oral 5 mg three times a day\n"
    for day, dose in (("2025-12-01", "10"), ("2025-12-10", "7.5"), ("2025-12-20", "5"), ("2025-12-30", "2.5")):
        chart += f"{day} oral {dose} mg once a day\n"
    assert finding(advise(chart + "2026-01-06 oral stop\n", "2026-01-07"), "abrupt-stop") is None


@pytest.mark.hazard("H23")
@pytest.mark.parametrize("brand", ["baclofen", "Lioresal"])
def test_a_stop_written_in_the_drug_list_is_as_abrupt(brand):
    chart = ORAL + f"2025-10-01 medication {brand} 20 mg four times a day\n2026-01-06 medication stop {brand}\n"
    answer = advise(chart, "2026-01-07")
    assert grade(answer, "abrupt-stop") == "stop", [each["id"] for each in answer["findings"]]


@pytest.mark.hazard("H23")
@pytest.mark.parametrize("last", ["5 mg at bedtime", "2.5 mg at bedtime"])
def test_a_day_on_a_small_dose_is_no_taper(last):
    chart = TAKING + f"2026-01-05 10:00 oral {last}\n2026-01-06 10:00 oral stop\n"
    assert grade(advise(chart, "2026-01-07"), "abrupt-stop") == "stop"


@pytest.mark.hazard("H23")
def test_a_fall_from_eighty_mg_to_ten_at_once_is_said():
    answer = advise(TAKING + "2026-01-06 10:00 oral 10 mg at bedtime\n", "2026-01-07")
    assert grade(answer, "abrupt-stop") in ("stop", "caution"), [each["id"] for each in answer["findings"]]


@pytest.mark.hazard("H23")
@pytest.mark.carries("WD-05")
@pytest.mark.parametrize("what", ["supply lost", "nothing by mouth", "surgery"])
def test_a_lost_supply_fasting_or_an_operation_is_a_finding(what):
    found = finding(advise(TAKING + f"2026-01-19 interruption {what}\n", NOW), "interruption")
    assert found is not None
    assert found["grade"] != "note"
    both = advise(TAKING + f"2026-01-19 interruption {what}\n2026-01-19 interruption surgery\n", NOW)
    said = " ".join(each["says"] for each in both["findings"])
    assert "operation" in said
    assert len({each["id"] for each in both["findings"]}) == len(both["findings"])


@pytest.mark.hazard("H23")
@pytest.mark.carries("WD-06")
@given(
    units=st.integers(2, 32),
    liquid=st.sampled_from(["", "; liquid 1 mg/mL"]),
    days=st.sampled_from([20, 61, 400]),
    jurisdiction=st.sampled_from(JURISDICTIONS),
)
def test_whoever_asks_for_a_stop_gets_a_taper_that_is_slow_enough(units, liquid, days, jurisdiction):
    dose = units * 2.5
    begun = date(2026, 1, 20) - timedelta(days=days)
    chart = ORAL + f"{begun} oral {dose} mg once a day{liquid}\n2026-01-20 request taper oral\n"
    answer = advise(chart, NOW, jurisdiction)
    assert plans(answer, "taper"), [each["why"] for each in refusals(answer, "taper")]
    least = 21 if days > 60 or jurisdiction == "DE" else 14
    for plan in plans(answer, "taper"):
        path = _steps(plan)
        stop = next(datetime.fromisoformat(each["at"]) for each in plan["steps"] if each["do"] == "stop")
        assert stop - datetime.fromisoformat("2026-01-20 10:00+00:00") >= timedelta(days=least)
        falls = [dose, *(each for _, each in path)]
        assert falls == sorted(set(falls), reverse=True)
        assert falls[-1] <= 5
        # No step takes more than half of the dose, nor more than a third of the first one.
        for before, after in itertools.pairwise(falls):
            assert after >= before / 2
            assert before - after <= max(dose * 0.4, 2.5)


@pytest.mark.hazard("H23")
def test_signs_of_withdrawal_after_a_stop_bring_the_card():
    answer = advise(TAKING + "2026-01-19 oral stop\n2026-01-20 symptom hallucination\n", NOW)
    assert answer["findings"][0]["id"] == "emergency-withdrawal"
    assert answer["findings"][0]["card"]


# --- H24: by mouth and in the spine -----------------------------------------------------------------------------------

BOTH = FILLED.replace(FAILED, FAILED + "2026-02-20 oral 20 mg four times a day\n")


@pytest.mark.hazard("H24")
@pytest.mark.carries("WD-05")
def test_a_pump_that_is_started_brings_a_taper_beside_it_and_no_stop_at_once():
    answer = advise(BOTH + "2026-03-20 11:30 request start pump\n", "2026-03-20 12:00")
    assert plans(answer, "start")
    assert plans(answer, "taper")
    assert "tapered" in texts(plans(answer, "start")).lower()


@pytest.mark.hazard("H24")
def test_baclofen_by_mouth_that_runs_on_beside_the_pump_is_said():
    running = BOTH + "2026-03-20 11:05 program continuous 100 mcg/day\n"
    answer = advise(running, "2026-03-25 10:00")
    assert "Both routes run" in texts(answer)
    assert plans(answer, "taper")


@pytest.mark.hazard("H24")
def test_baclofen_by_mouth_that_is_stopped_when_the_pump_starts_is_a_stop():
    stopped = BOTH + "2026-03-20 11:05 program continuous 100 mcg/day\n2026-03-20 11:10 oral stop\n"
    assert grade(advise(stopped, "2026-03-20 12:00"), "abrupt-stop") == "stop"


@pytest.mark.hazard("H24")
def test_nobody_is_converted_from_mouth_to_spine_by_a_factor():
    """No validated conversion exists: the start follows the screening dose, whatever was taken by mouth."""
    with_, without = (
        doses(plans(advise(x + "2026-03-20 11:30 request start pump\n", "2026-03-20 12:00"), "start")[0], "program")
        for x in (BOTH, FILLED)
    )
    assert with_ == without == [100]

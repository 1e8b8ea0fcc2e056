"""Unknown never loosens a limit, a newer good value lifts an older bad one, and a running pump always has a plan.

Each law takes a generated chart, changes one fact of it, and compares the two answers.  `EUTONIA_CHARTS` sets the number
of charts (2,000 by default over all laws, 100,000 with `make laws`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import eutonia
from eutonia.advice import Advice
from eutonia.evidence import Known
from eutonia.ledger import Ledger
from tests.charts import advised, charts

CHARTS: Final = int(os.environ.get("EUTONIA_CHARTS", "2000"))
_lawful: Final = settings(max_examples=max(CHARTS // 4, 50), deadline=None, suppress_health_check=list(HealthCheck))

# Kinds of line that say something about the person, and the age in days at which each is out of date.
_OUTDATED_DAYS: Final = {
    "weight": 400,
    "height": 400,
    "lab creatinine": 400,
    "lab egfr": 400,
    "allergy": 4000,
    "medications": 200,
    "breastfeeding": 400,
}
_REASSURING: Final = (
    "allergy none known",
    "medications no others",
    "pregnancy no",
    "breastfeeding no",
    "lab creatinine 0.7 mg/dL",
    "lab creatinine 0.9 mg/dL",
    # An ordinary body; a slight one is an adverse fact, for it leaves less renal function.
    "weight 72 kg",
    "weight 110 kg",
    "height 150 cm",
    "height 175 cm",
)
_CONTRADICTING: Final = {
    "weight": "weight 41 kg",
    "height": "height 149 cm",
    "lab creatinine": "lab creatinine 2.9 mg/dL",
    "pregnancy no": "pregnancy yes, 10 weeks",
}


_ORAL_USE: Final = (
    "",
    "2026-06-01 oral 5 mg three times a day",
    "2026-02-01 oral 10 mg three times a day\n2026-05-01 oral 20 mg three times a day + 5 mg as needed, at most 2 a day",
    "2026-02-01 oral 2.5 mg once a day",
    "2026-02-01 oral 40 mg three times a day",
    "2026-06-20 oral 5 mg three times a day; liquid 1 mg/mL",
)
_SCREENING: Final = (
    "",
    "2026-05-01 09:00 trial 50 mcg\n2026-05-01 17:00 response positive; lasted 6 h",
    "2026-05-01 09:00 trial 50 mcg\n2026-05-01 17:00 response positive; lasted 9 h",
    "2026-06-24 09:00 trial 50 mcg\n2026-06-24 17:00 response none",
)
_PUMP: Final = (
    "",
    "2026-05-10 10:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL\n"
    "2026-05-10 11:00 refill 18 mL of 500 mcg/mL",
    "2026-05-10 10:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL\n"
    "2026-05-10 11:00 refill 18 mL of 500 mcg/mL\n2026-05-10 11:05 program continuous 100 mcg/day\n"
    "2026-06-10 11:05 program continuous 120 mcg/day",
    "2026-05-10 10:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL\n"
    "2026-05-10 11:00 refill 18 mL of 2000 mcg/mL\n2026-05-10 11:05 program continuous 100 mcg/day\n"
    "2026-06-10 11:05 program stop",
)
_REQUESTS: Final = (
    "", "", "start oral", "titrate oral", "taper oral", "trial", "start pump", "adjust up", "adjust down", "restart", "refill",
)  # fmt: skip


@st.composite
def complete_charts(draw: st.DrawFn) -> tuple[str, datetime]:
    """A chart on which every question about the person is answered, with good and bad answers, and a therapy begun."""
    pick = st.sampled_from
    born = draw(pick(["1939-06-01", "1979-04-11", "1994-02-02", "2011-03-03", "2016-05-05"]))
    sex = draw(pick(["female", "male"]))
    origin = draw(
        pick(
            [
                "multiple sclerosis; origin spinal",
                "cerebral palsy; origin cerebral",
                "spinal cord injury; level T8; origin spinal",
            ]
        )
    )
    lines = [
        f"2025-09-01 09:30 person id A-17; born {born}; sex {sex}",
        f"2025-09-01 condition {origin}",
        f"2026-05-01 weight {draw(pick(['18', '41', '45', '72', '110']))} kg",
        f"2026-05-01 height {draw(pick(['110', '150', '175']))} cm",
        f"2026-05-01 allergy {draw(pick(['none known', 'none known', 'latex', 'baclofen; rash']))}",
        "2026-05-01 medications no others",
        f"2026-05-01 lab creatinine {draw(pick(['0.5', '0.7', '0.9', '1.4', '2.5', '5']))} mg/dL",
        f"2026-05-01 breastfeeding {draw(pick(['no', 'yes', 'infant born 2026-04-01']))}",
    ]
    if sex == "female":
        lines.append(f"2026-05-01 pregnancy {draw(pick(['no', 'no', 'yes, 12 weeks']))}")
    if draw(st.booleans()):
        lines.append(
            f"2026-04-01 medication {draw(pick(['oxycodone 5 mg twice a day', 'lisinopril 5 mg', 'frobnicol', 'apixaban 5 mg twice a day']))}"
        )
    if draw(st.booleans()):
        lines.append("2026-03-01 failed oral baclofen 80 mg/day; no effect")
    if draw(st.integers(0, 4)) == 0:
        lines.append(f"2026-06-25 10:00 symptom {draw(pick(['dizziness', 'somnolence', 'seizure', 'constipation']))}")
    screening = draw(pick(_SCREENING))
    lines += [screening, draw(pick(_PUMP)) if "positive" in screening else "", draw(pick(_ORAL_USE))]
    if request := draw(pick(_REQUESTS)):
        lines.append(f"2026-06-28 09:00 request {request}")
    return "\n".join(line for line in lines if line) + "\n", datetime(2026, 6, 28, 10, 0, tzinfo=UTC)


_FALLING: Final = ("taper", "holiday", "reduction", "refill")


class Limits(NamedTuple):
    """The largest dose offered by kind of plan, the largest fall in a step by kind, and the stop findings."""

    doses: dict[str, Decimal]
    falls: dict[str, Decimal]
    stops: dict[str, frozenset[str]]


def limits(advice: Advice) -> Limits:
    """Read the limits of an answer from its plans and findings."""
    doses: dict[str, Decimal] = {}
    falls: dict[str, Decimal] = {}
    before = _today(advice)
    for plan in advice.plans:
        for step in plan.steps:
            if step.dose is None or step.do not in ("take", "give", "program"):
                continue
            dose = step.dose.value
            doses[plan.kind] = max(doses.get(plan.kind, Decimal(0)), dose)
        first = next((s.dose.value for s in plan.steps if s.dose is not None and s.do in ("take", "program")), None)
        today = before.get("oral" if plan.kind in ("titration", "taper") else "pump")
        if first is not None and today:
            falls[plan.kind] = max(falls.get(plan.kind, Decimal(0)), 1 - first / today)
    stops = {f.id: frozenset(f.stops) for f in advice.findings if f.grade == "stop"}
    return Limits(doses, falls, stops)


def _today(advice: Advice) -> dict[str, Decimal]:
    oral, pump = advice.facts.oral, advice.pump
    today = {}
    if isinstance(oral, Known) and oral.value is not None:
        today["oral"] = oral.value.daily_mg.value
    if pump is not None and pump.last_running is not None:
        today["pump"] = pump.last_running.daily.value
    return today


def _body(line: str) -> str:
    """A line without its date and time."""
    words = line.split()
    return " ".join(words[2:] if words[1][:1].isdigit() and ":" in words[1] else words[1:])


def outdate(lines: list[str], kind: str, now: datetime) -> list[str]:
    """Move every line of a kind to a day on which it is out of date."""
    day = (now - timedelta(days=_OUTDATED_DAYS[kind])).date()
    return [f"{day} {_body(line)}" if _body(line).startswith(kind) else line for line in lines]


def contradict(lines: list[str], kind: str, now: datetime) -> list[str]:
    """Write another value beside the last line of a kind, at the same moment."""
    at = max(n for n, line in enumerate(lines) if _body(line).startswith(kind))
    moment = lines[at].removesuffix(_body(lines[at])).strip()
    return [*lines[: at + 1], f"{moment} {_CONTRADICTING[kind]}", *lines[at + 1 :]]


def delete(lines: list[str], kind: str, now: datetime) -> list[str]:
    """Delete every line of a kind."""
    return [line for line in lines if not _body(line).startswith(kind)]


_CHANGES: Final[tuple[tuple[Callable[[list[str], str, datetime], list[str]], tuple[str, ...]], ...]] = (
    (outdate, tuple(_OUTDATED_DAYS)),
    (contradict, tuple(_CONTRADICTING)),
    (delete, _REASSURING),
)


@_lawful
@given(st.one_of(complete_charts(), complete_charts(), charts()), st.data())
def test_a_fact_made_unknown_loosens_no_limit(drawn: tuple[str, datetime], data: st.DataObject) -> None:
    text, now = drawn
    lines = text.splitlines()
    options = [
        (change, kind)
        for change, kinds in _CHANGES
        for kind in kinds
        if any(_body(line).startswith(kind) for line in lines)
    ]
    assume(options)
    change, kind = data.draw(st.sampled_from(options))
    before, after = advised(text, now), advised("\n".join(change(lines, kind, now)) + "\n", now)
    was, is_now = limits(before), limits(after)
    for plan, dose in is_now.doses.items():
        if plan in _FALLING:
            continue
        assert plan in was.doses, f"{change.__name__} {kind}: {plan} of {dose} appeared"
        assert dose <= was.doses[plan], f"{change.__name__} {kind}: {plan} rose from {was.doses[plan]} to {dose}"
    for plan, fall in is_now.falls.items():
        # A taper that is offered in place of an increase falls from the same dose, and has no counterpart to compare.
        if plan in was.falls:
            assert fall <= was.falls[plan] + Decimal("0.001"), f"{change.__name__} {kind}: {plan} falls further"
    for finding, blocks in was.stops.items():
        still = {kind_ for blocked in is_now.stops.values() for kind_ in blocked}
        assert blocks <= still, f"{change.__name__} {kind}: {finding} no longer stops {sorted(blocks - still)}"


@_lawful
@given(charts())
def test_a_running_pump_has_a_plan_unless_an_emergency_card_is_shown(drawn: tuple[str, datetime]) -> None:
    text, now = drawn
    advice = advised(text, now)
    pump = advice.pump
    assume(pump is not None and pump.running)
    if any(finding.card for finding in advice.findings):
        return
    unasked = "".join(line for line in text.splitlines(keepends=True) if " request " not in line)
    plans = (*advice.plans, *advised(unasked, now).plans)
    assert plans, [(refusal.kind, refusal.why) for refusal in advice.refusals]


_BAD_THEN_GOOD: Final = (
    ("lab creatinine 5 mg/dL", "lab creatinine 0.8 mg/dL"),
    ("lab egfr 20 mL/min/1.73 m2", "lab egfr 95 mL/min/1.73 m2"),
    ("dialysis", "dialysis stopped"),
    ("pregnancy yes, 12 weeks", "pregnancy no"),
    ("symptom dizziness", "symptom dizziness; resolved"),
    ("symptom seizure", "symptom seizure; resolved"),
    ("condition epilepsy", "condition epilepsy; resolved"),
    ("medication oxycodone 5 mg twice a day", "medication stop oxycodone 5 mg twice a day"),
    ("weight 41 kg", "weight 72 kg"),
)


@_lawful
@given(complete_charts(), st.sampled_from(_BAD_THEN_GOOD))
def test_a_newer_good_value_lifts_an_older_bad_one(drawn: tuple[str, datetime], values: tuple[str, str]) -> None:
    """The answer with a bad value and a good one after it offers what the answer with the good one alone offers."""
    text, now = drawn
    bad, good = values
    kind = bad.split()[0] if bad.split()[0] != "lab" else " ".join(bad.split()[:2])
    lines = [
        line for line in text.splitlines() if not _body(line).startswith(kind) or kind in ("condition", "medication")
    ]
    if kind == "lab egfr":
        lines = delete(lines, "lab creatinine", now)
    alone = advised("\n".join([*lines, f"2026-06-20 10:00 {good}", ""]), now)
    lifted = advised("\n".join([*lines, f"2026-04-02 10:00 {bad}", f"2026-06-20 10:00 {good}", ""]), now)
    was, is_now = limits(alone), limits(lifted)
    assert is_now.doses == was.doses
    assert is_now.falls == was.falls
    assert is_now.stops == was.stops


@settings(max_examples=max(CHARTS // 40, 25), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    complete_charts(),
    st.sampled_from([*(bad for bad, _ in _BAD_THEN_GOOD), "allergy baclofen; anaphylaxis", "device stall"]),
)
def test_an_adverse_fact_entered_in_error_leaves_no_trace(drawn: tuple[str, datetime], adverse: str) -> None:
    """A line that is marked as entered in error in the ledger changes nothing of the answer."""
    text, now = drawn
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "clinic.ledger", create=True) as ledger:
        held = ledger.open(text.splitlines(), by="Dr A")
        clean = limits(eutonia.advise(ledger.chart(held.id), now))
        wrong = ledger.append(held.id, [f"2026-06-20 10:00 {adverse}"], saw=held.head, by="Dr A")[-1]
        marked = ledger.append(held.id, (), saw=wrong.hash, by="Dr A", strikes=[(wrong.hash, "entered in error")])
        assert marked[-1].op == "strike"
        assert limits(eutonia.advise(ledger.chart(held.id), now)) == clean

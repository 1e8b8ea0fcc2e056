"""Routine charts as a clinic writes them, five kinds of visit, and how loudly the advice answers them.

The charts are complete, recent and free of contradictions: what is raised on them is raised on everybody.  They are drawn
from a fixed seed, so that the same 200 charts are measured before and after a change of the rules.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import eutonia

KINDS: Final = ("stable pump", "stable oral", "titration", "refill visit", "mild effect resolved")
PER_KIND: Final = 40
NOW: Final = datetime(2026, 9, 15, 10, 0)
_MILD: Final = ("nausea", "dizziness", "constipation", "headache", "muscle weakness")


class RoutineChart(NamedTuple):
    """A chart, the kind of visit it was drawn for, and the moment of the visit."""

    kind: str
    text: str
    now: datetime


class Loudness(NamedTuple):
    """What an advice raises on one chart."""

    stops: int
    cautions: int
    card: bool
    option: bool
    pump_plan: bool | None


def measure(chart: RoutineChart) -> Loudness:
    """Advise on a chart and count what is raised.

    `pump_plan` says whether a running pump has a refill, taper or holiday among its options when nothing else is
    requested; None without a running pump.
    """
    now = chart.now.isoformat(sep=" ")
    advice = eutonia.advise(eutonia.read(chart.text), now)
    grades = [finding.grade for finding in advice.findings]
    pump_plan = None
    if advice.pump is not None and advice.pump.running:
        unasked = "".join(line for line in chart.text.splitlines(keepends=True) if " request " not in line)
        plans = eutonia.advise(eutonia.read(unasked), now).plans
        pump_plan = any(plan.kind in ("refill", "taper", "holiday") for plan in (*advice.plans, *plans))
    return Loudness(
        grades.count("stop"),
        grades.count("caution"),
        any(finding.card for finding in advice.findings),
        bool(advice.plans),
        pump_plan,
    )


def routine_charts(seed: int = 20261128, per_kind: int = PER_KIND) -> Iterator[RoutineChart]:
    """Yield `per_kind` charts of each kind of visit, always the same ones for one seed."""
    for kind in KINDS:
        for number in range(per_kind):
            rng = random.Random(f"{seed} {kind} {number}")
            yield RoutineChart(kind, "".join(f"{line}\n" for line in sorted(_lines(kind, rng))), NOW)


def _lines(kind: str, rng: random.Random) -> list[str]:
    by_pump = kind in ("stable pump", "refill visit") or (kind == "mild effect resolved" and rng.random() < 0.5)
    lines = _person(rng, by_pump)
    if by_pump:
        days_to_refill = rng.choice([2, 5, 9]) if kind == "refill visit" else rng.choice([15, 30, 45, 60])
        lines += _pump(rng, days_to_refill, measured=kind == "refill visit")
    else:
        lines += _oral(rng, titrating=kind == "titration")
    if kind == "refill visit":
        lines.append(f"{_day(0)} 09:40 request refill")
    elif kind == "titration":
        lines.append(f"{_day(0)} 09:30 request titrate oral")
    elif kind == "stable pump" and rng.random() < 0.5:
        lines.append(f"{_day(0)} 09:30 request {rng.choice(['adjust up', 'adjust down', 'refill'])}")
    elif kind == "stable oral" and rng.random() < 0.5:
        lines.append(f"{_day(0)} 09:30 request {rng.choice(['titrate oral', 'taper oral'])}")
    if kind.startswith("stable") and rng.random() < 0.3:
        lines += _small_talk(rng, by_pump)
    if kind == "mild effect resolved":
        effect, begun = rng.choice(_MILD), rng.randint(4, 20)
        lines.append(f"{_day(begun)} 11:00 symptom {effect}")
        lines.append(f"{_day(rng.randint(1, begun - 1))} 11:00 symptom {effect}; resolved")
    return lines


def _small_talk(rng: random.Random, by_pump: bool) -> list[str]:
    """What a stable patient also tells, and what clinics write down without meaning an alarm."""
    ago = rng.randint(1, 5)
    complaint = [f"{_day(ago)} 11:00 symptom {rng.choice(['stiffness', 'fever', 'cough', 'itching', 'tiredness'])}"]
    scan = [f"{_day(ago)} 09:00 device mri", f"{_day(ago)} 11:00 device read out, no alarms"]
    return rng.choice([complaint, scan]) if by_pump else complaint


def _day(ago: int) -> str:
    return f"{NOW - timedelta(days=ago):%Y-%m-%d}"


def _person(rng: random.Random, by_pump: bool) -> list[str]:
    sex = rng.choice(["female", "male"])
    age = rng.randint(19, 72)
    seen = _day(rng.randint(20, 80))
    condition = rng.choice(
        [
            "multiple sclerosis; origin spinal",
            "multiple sclerosis; origin spinal",
            "spinal cord injury; level T8; origin spinal; since 2019-04-02",
            "spinal cord injury; level C6; origin spinal; since 2018-09-12",
            *(
                ["cerebral palsy; origin cerebral", "traumatic brain injury; origin cerebral; since 2020-02-01"]
                if by_pump
                else []
            ),
        ]
    )
    lines = [
        f"{_day(2000)} 09:00 person id R-{rng.randint(100, 999)}; born {2026 - age}-03-11; sex {sex}",
        f"{_day(2000)} condition {condition}",
        f"{_day(400)} allergy {rng.choice(['none known', 'none known', 'penicillin; rash', 'latex'])}",
        f"{seen} weight {rng.randint(52, 98)} kg",
        f"{seen} height {rng.randint(155, 190)} cm",
        f"{seen} lab creatinine {rng.choice(['0.6', '0.7', '0.8'])} mg/dL",
        f"{seen} medications no others",
    ]
    if sex == "female" and age <= 55:
        lines += [f"{seen} pregnancy no", f"{seen} breastfeeding no"]
    for drug in rng.sample(
        ["oxybutynin 5 mg twice a day", "vitamin D 1000 IU once a day", "gabapentin 300 mg three times a day",
         "lisinopril 5 mg once a day", "macrogol 1 sachet once a day", "simvastatin 20 mg once a day"],
        rng.choice([0, 0, 1, 2]),
    ):  # fmt: skip
        lines.append(f"{_day(300)} medication {drug}")
    return lines


def _pump(rng: random.Random, days_to_refill: int, measured: bool) -> list[str]:
    """A pump with its screening, start, titration and every refill up to now."""
    capacity, volume = rng.choice([(20, 18), (40, 38)])
    strength = rng.choice([500, 1000, 2000])
    goal = rng.choice([120, 180, 240, 300, 360, 420, 480])
    changes = [(0, 100.0)]
    while changes[-1][1] < goal:
        day, dose = changes[-1]
        changes.append((day + rng.choice([7, 14]), min(round(dose * 1.14, 1), float(goal))))
    fills = _fill_days(changes, volume, strength, rng.randint(1, 5))
    # The clinic fills again on the last of these days, so today lies some days before it.
    today = max(fills.pop() - days_to_refill, fills[-1] + 2)
    lines = [
        f"{_day(today + 60)} failed oral baclofen 80 mg/day; {rng.choice(['no effect', 'intolerable'])}",
        f"{_day(today + 30)} 09:00 trial 50 mcg",
        f"{_day(today + 30)} 17:00 response positive; lasted 6 h",
        f"{_day(today)} 09:00 implant SynchroMed II {capacity} mL; line 0.364 mL; tip T10; alarm 4 mL",
        f"{_day(today)} 10:05 prime 0.364 mL",
    ]
    left, before = 0.0, 0
    for fill in fills:
        if fill:
            left -= _moved_ml(changes, strength, before, fill)
            lines.append(f"{_day(today - fill)} 09:50 residual {left * rng.uniform(0.98, 1.02):.1f} mL")
        lines.append(
            f"{_day(today - fill)} 10:00 refill {volume} mL of {strength} mcg/mL; product {strength} mcg/mL; checked by N. Dale"
        )
        left, before = volume - (0.0 if fill else 0.364), fill
    for day, dose in changes:
        if day <= today:
            lines.append(f"{_day(today - day)} 10:10 program continuous {dose:g} mcg/day; checked by N. Dale")
    lines.append(f"{_day(today)} 08:00 score ashworth legs 4; penn 3")
    lines += [
        f"{_day(today - day - 1)} 15:00 score ashworth legs {3 if dose < goal else 2}; penn {2 if dose < goal else 1}"
        for day, dose in changes
        if day + 1 < today
    ]
    if measured:
        left -= _moved_ml(changes, strength, before, today)
        lines.append(f"{_day(0)} 09:30 residual {left * rng.uniform(0.985, 1.015):.1f} mL")
    return lines


def _fill_days(changes: list[tuple[int, float]], volume: int, strength: int, count: int) -> list[int]:
    """The days of the fills, each some days before the alarm volume is reached or 175 days are over."""
    days = [0]
    settled = 0
    while settled <= count:
        settled += days[-1] > changes[-1][0]
        day = days[-1]
        while day - days[-1] < 175 and _moved_ml(changes, strength, days[-1], day + 1) < volume - 5.0:
            day += 1
        days.append(day - 3)
    return days


def _moved_ml(changes: list[tuple[int, float]], strength: int, begin: int, end: int) -> float:
    """Volume in mL that the programs move from day `begin` to day `end`."""
    total = 0.0
    for (day, dose), (until, _) in zip(changes, [*changes[1:], (10**6, 0.0)], strict=True):
        total += max(min(until, end) - max(day, begin), 0) * dose / strength
    return total


def _oral(rng: random.Random, titrating: bool) -> list[str]:
    if titrating:
        steps = rng.randint(0, 3)
        ago = 4 + 4 * steps + rng.randint(0, 5)
        lines = [f"{_day(ago + 1)} score ashworth legs 3; penn 3"]
        for number in range(steps + 1):
            lines.append(f"{_day(ago - 4 * number)} oral {5 * (number + 1)} mg three times a day")
        return lines
    scheme = ["5 mg three times a day", "10 mg three times a day", "15 mg three times a day", "20 mg three times a day",
              "20 mg three times a day + 10 mg at bedtime", "20 mg four times a day"]  # fmt: skip
    top, pace = rng.randint(2, 6), rng.choice([4, 7])
    begun = rng.randint(100, 900)
    lines = [f"{_day(begun + 1)} score ashworth legs 3; penn 3"]
    lines += [f"{_day(begun - pace * number)} oral {regimen}" for number, regimen in enumerate(scheme[:top])]
    lines.append(f"{_day(rng.randint(5, 60))} score ashworth legs {rng.choice('12')}; penn {rng.choice('12')}")
    return lines


def table(seed: int = 20261128, per_kind: int = PER_KIND) -> str:
    """Return the loudness of the advice on each kind of visit as a Markdown table."""
    rows: dict[str, list[Loudness]] = {kind: [] for kind in KINDS}
    for chart in routine_charts(seed, per_kind):
        rows[chart.kind].append(measure(chart))
    lines = [
        "| visit | charts | cards | an option | running pumps with a refill or taper | stops: mean, most | cautions: mean, most |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, values in rows.items():
        pumps = [value.pump_plan for value in values if value.pump_plan is not None]
        stops, cautions = [value.stops for value in values], [value.cautions for value in values]
        lines.append(
            f"| {kind} | {len(values)} | {sum(value.card for value in values)} | {sum(value.option for value in values)} "
            f"| {sum(map(bool, pumps))} of {len(pumps)} | {sum(stops) / len(stops):.2f}, {max(stops)} "
            f"| {sum(cautions) / len(cautions):.2f}, {max(cautions)} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())

"""The hazard table against its tests: each control is taken away in a copy, and its test must notice.

    python tools/hazards.py                            every row, on two processes
    python tools/hazards.py --only H01 H35             some rows
    python tools/hazards.py --write --date 2026-11-22  docs/hazards.md with the result of that day; with --only, the
                                                       other rows keep the result that they have

A row names the hazard, its control and where that lives, and how the control is removed: a small change of the source,
written as the exact text before and after.  The copy is tested with the tests that carry the row's id.  Exit status 1
where a removal is not noticed, no longer applies, or a row has no test, no removal, or a test that fails by itself.
Ids are never used twice; an incident becomes a new row, a new test and a new case.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "hazards.md"
COPIED: Final = ("eutonia", "tests", "tools", "docs", "examples", "pyproject.toml")
# Where the tests of rows are that are run here.
TESTED: Final = ("tests/hazards/", "tests/laws/test_routine.py", "tests/ledger/", "tests/clinic/", "tests/web/")
WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class Removal:
    """A control taken away: this text of this file becomes that one."""

    what: str
    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Row:
    """One hazard: what could happen, what keeps it from happening, where, and how that is taken away."""

    id: str
    hazard: str
    control: str
    place: str
    removals: tuple[Removal, ...]


def _row(id_: str, hazard: str, control: str, place: str, *removals: tuple[str, str, str, str]) -> Row:
    return Row(id_, hazard, control, place, tuple(Removal(*each) for each in removals))


_ROWS: Final[tuple[Row, ...]] = (
    _row(
        "H01",
        "mg read as mcg, or back",
        "no bare number crosses a boundary; the routes' windows do not meet and span less than a thousandfold",
        "quantity, plan/guard",
        (
            "a bare number is taken as mg",
            "eutonia/quantity.py",
            """raise QuantityError(f"'{digits}' has no unit; write it with one, such as {_examples(digits, kind)}")""",
            'name = "mg"',
        ),
        (
            "the pump's window lets everything through",
            "eutonia/plan/guard.py",
            """case "program" if dose.unit.name == "mcg/day":
            low, high = book.span("pump.daily_window")
            return low.value <= dose.value <= high.value""",
            """case "program":
            return True""",
        ),
    ),
    _row(
        "H02",
        "a trailing zero, a naked point or a number run into its unit is misread",
        "one printer of numbers",
        "quantity.plain",
        ("trailing zeros stay", "eutonia/quantity.py", """text = text.rstrip("0").rstrip(".")""", "pass"),
    ),
    _row(
        "H03",
        "a microgram in six spellings, MG as megagauss",
        "closed list of spellings, capitals refused",
        "quantity.unit",
        (
            "capitals do not matter",
            "eutonia/quantity.py",
            "found = UNITS.get(text)",
            "found = UNITS.get(text) or UNITS.get(text.lower())",
        ),
        (
            "the other code point of micro is forgotten",
            "eutonia/quantity.py",
            '("ug", "µg", "μg", "microgram", "micrograms")',
            '("ug", "µg", "microgram", "micrograms")',
        ),
    ),
    _row(
        "H04",
        "a dose per day read as per hour or per dose",
        "kinds of quantity; the daily window; the step from the dose before and from the start rule",
        "chart/orders, findings/dose",
        (
            "any kind of quantity will do",
            "eutonia/quantity.py",
            "if kind is not None and found.unit.kind != kind:",
            "if False:",
        ),
        (
            "a jump of the dose is not looked at",
            "eutonia/findings/dose.py",
            "elif change := _change(facts, pump):",
            "elif change := None:",
        ),
    ),
    _row(
        "H05",
        "nan, infinity, a negative number, an overflow",
        "a quantity is finite and not negative; guards say what is allowed",
        "quantity",
        (
            "any decimal is a quantity",
            "eutonia/quantity.py",
            "if not self.value.is_finite() or self.value.is_signed():",
            "if False:",
        ),
        (
            "exponents, signs and signless points are numbers",
            "eutonia/quantity.py",
            "if _NUMBER.fullmatch(text):",
            "if re.fullmatch(r'[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?', text):",
        ),
    ),
    _row(
        "H06",
        "a number without its unit in a record",
        "number and unit: both, or neither counts",
        "chart/fhir/fields",
        (
            "a number without a unit counts",
            "eutonia/chart/fhir/fields.py",
            "if amount is None or (unit is None and code is None):",
            "unit = unit or code or 'mg'\n    if amount is None:",
        ),
    ),
    _row(
        "H07",
        "an unknown unit or choice gets a default",
        "closed lists, no defaults on read",
        "chart/text, chart/wire, chart/fhir",
        ("a choice that is not on the list passes", "eutonia/chart/text.py", "if text not in allowed:", "if False:"),
        (
            "a field that is not known is left out",
            "eutonia/chart/wire.py",
            "if unknown := set(value) - set(hints):",
            "value = {name: each for name, each in value.items() if name in hints}\n    if unknown := set():",
        ),
    ),
    _row(
        "H08",
        "rounding passes the ceiling or the step",
        "round first, towards today's dose, then guard",
        "plan/titration, plan/adjust",
        (
            "tablets are rounded up",
            "eutonia/plan/titration.py",
            """new = rounded(min(daily + rise, most), grain, "down")""",
            """new = rounded(min(daily + rise, most), grain, "up")""",
        ),
        (
            "the pump's dose is rounded away from today's",
            "eutonia/plan/adjust.py",
            """"down" if percent > 0 else "up")""",
            """"up" if percent > 0 else "down")""",
        ),
    ),
    _row(
        "H09",
        "the last binary digit moves a threshold",
        "decisions in Decimal on canonical numbers",
        "plan/guard",
        (
            "the change is computed in floating point",
            "eutonia/plan/guard.py",
            "change = (dose / before - 1) * 100",
            "change = Decimal((float(dose) / float(before) - 1) * 100)",
        ),
    ),
    _row(
        "H10",
        "the wrong patient: merged charts, another's advice",
        "one person a chart; the advice bears id, name, birth date and the chart's hash",
        "chart, advice",
        ("two people in one chart pass", "eutonia/chart/chart.py", "if len(ids) > 1:", "if False:"),
        (
            "the advice does not say whose it is",
            "eutonia/advice.py",
            """"id": person.id if person else None,""",
            """"id": None,""",
        ),
    ),
    _row(
        "H11",
        "a stale fact counts as today's",
        "every fact has an age; too old is unknown",
        "chart/facts, knowledge/freshness",
        (
            "facts do not age",
            "eutonia/chart/facts.py",
            """if limit is not None and self.age_days(last.at) > self.book.quantity(limit).to("days"):""",
            "if False:",
        ),
    ),
    _row(
        "H12",
        "what nobody asked is read as normal",
        "unknown is a value",
        "chart/facts",
        (
            "no line about allergies means none",
            "eutonia/chart/facts.py",
            """return Unknown("never asked", "allergies have not been asked")""",
            "return Known((), self.now)",
        ),
        (
            "pregnancy that was not asked is no pregnancy",
            "eutonia/findings/pregnancy.py",
            "        if isinstance(pregnancy, Unknown):\n            yield",
            "        if False:\n            yield",
        ),
    ),
    _row(
        "H13",
        "summer time, zones, days without a time",
        "instants inside; the pump's schedule in its own hours; a time that is skipped or shown twice is refused",
        "moment, pump",
        (
            "the pump's clock runs on UTC",
            "eutonia/pump/reservoir.py",
            "fresh.clock_s = away.total_seconds()",
            "fresh.clock_s = 0.0",
        ),
        ("a time that the clocks skip is guessed", "eutonia/moment.py", "if other != instant:", "if False:"),
        (
            "nobody is told that the pump does not follow summer time",
            "eutonia/findings/strength.py",
            "if timed and offset is not None and offset != pump.clock:",
            "if False:",
        ),
    ),
    _row(
        "H14",
        "an event in the future, a clock that runs ahead",
        "what lies further ahead than the named skew does not count, and is said",
        "chart/facts",
        (
            "the future counts",
            "eutonia/chart/facts.py",
            "self.future = tuple(event for event in chart.events if event.at > limit)",
            "self.future = ()",
        ),
    ),
    _row(
        "H15",
        "the same event twice: the reservoir is believed fuller",
        "an event is what and when; two fills within a day never both count",
        "chart/facts, pump/reservoir",
        (
            "every line counts",
            "eutonia/chart/facts.py",
            "if any(map(event.same_as, counted[begin:])):",
            "if False:",
        ),
        (
            "two fills in a day are two fills",
            "eutonia/pump/reservoir.py",
            "if close and (what.volume, what.strength) == (before.what.volume, before.what.strength):",
            "if False:",
        ),
    ),
    _row(
        "H16",
        "a line written late or out of order changes the past silently",
        "the chart is folded by time, whatever the order of writing; its hash changes",
        "chart",
        (
            "events stay in the order of writing",
            "eutonia/chart/chart.py",
            'tuple(sorted(self.events, key=attrgetter("at")))',
            "tuple(self.events)",
        ),
    ),
    _row(
        "H17",
        "what was entered in error, cancelled or stopped counts as active",
        "a list of the statuses that count; resolved and stopped are over",
        "chart/fhir, chart/facts",
        (
            "every status counts",
            "eutonia/chart/fhir/fields.py",
            "if not isinstance(value, str) or value not in counting:",
            "if not isinstance(value, str):",
        ),
        ("a stopped drug goes on", "eutonia/chart/facts.py", "if not event.what.stopped:", "if True:"),
    ),
    _row(
        "H18",
        "half of a prescription is read",
        "read whole or not at all",
        "chart/orders, chart/facts",
        (
            "what follows the last dose is left out",
            "eutonia/chart/orders.py",
            "if join is None:\n            raise QuantityError(_unread(text, text[place:].strip()))",
            "if join is None:\n            return Regimen(tuple(parts), liquid)",
        ),
    ),
    _row(
        "H19",
        "more than 80 mg a day, in several orders",
        "all active baclofen is added before the guard",
        "chart/facts, findings/dose",
        (
            "orders in the drug list are not added",
            "eutonia/chart/oral.py",
            "orders = {**orders, key: _Order(event.at, drug, oral_regimen(drug))}",
            "orders = orders or {key: _Order(event.at, drug, oral_regimen(drug))}",
        ),
        (
            "the ceiling is not a stop",
            "eutonia/findings/dose.py",
            "if daily.value > most.value:",
            "if False:",
        ),
    ),
    _row(
        "H20",
        "titration faster than every three days, or by more than a step",
        "pace and step",
        "plan/guard",
        ("any step", "eutonia/plan/guard.py", "if not rise <= most:", "if False:"),
        (
            "any pace",
            "eutonia/plan/guard.py",
            "if rises and not (last_at is None or days_between(last_at, at, facts) >= apart):",
            "if False:",
        ),
        (
            "the titration climbs daily",
            "eutonia/plan/titration.py",
            """(int(book.quantity("oral.step_days").to("days")), "every 3 days, the fastest pace"),""",
            """(1, "every 3 days, the fastest pace"),""",
        ),
    ),
    _row(
        "H21",
        "failing kidneys get the usual dose",
        "no value, no plan; bands of the dose; avoid below 30 mL/min and on dialysis",
        "findings/kidney, plan/guard",
        ("kidneys do not scale the dose", "eutonia/plan/guard.py", "most *= known.share", "pass"),
        ("nothing is avoided", "eutonia/findings/kidney.py", "if known.avoid:", "if False:"),
        (
            "a creatinine that climbs or that nobody has is believed",
            "eutonia/findings/kidney.py",
            "if unsteady := _unsteady(facts):",
            "if unsteady := None:",
        ),
    ),
    _row(
        "H22",
        "drugs that depress the nervous system beside it",
        "interactions by class with what to watch; an unknown drug is named",
        "findings/interactions",
        (
            "an unknown drug is passed over",
            "eutonia/findings/interactions.py",
            "unknown = [part for drug in facts.drugs for part in drug.unrecognised]",
            "unknown = []",
        ),
        ("depressants are passed over", "eutonia/findings/interactions.py", "if depressant:", "if False:"),
    ),
    _row(
        "H23",
        "baclofen by mouth stopped at once",
        "a stop without a taper is a finding; whoever asks for a stop gets a taper",
        "findings/interruption, plan/taper",
        (
            "a stop is a stop",
            "eutonia/findings/interruption.py",
            "if last := _abrupt(facts):",
            "if last := None:",
        ),
    ),
    _row(
        "H24",
        "tablets stopped when the pump starts, or both run on",
        "the start brings a taper beside it; both routes at once are said",
        "plan, findings/dose",
        (
            "a start brings no taper",
            "eutonia/plan/__init__.py",
            '"start pump": ("start", "taper"),',
            '"start pump": ("start",),',
        ),
        (
            "both routes may run",
            "eutonia/findings/dose.py",
            "if use is not None and pump is not None and pump.program is not None and pump.running:",
            "if False:",
        ),
    ),
    _row(
        "H25",
        "screening boluses too close, too large, or without observation",
        "a small state machine: 50, 75, 100 mcg, a day apart, only after an outcome that was written",
        "plan/trial, plan/guard",
        (
            "boluses may come at any time",
            "eutonia/plan/guard.py",
            "if last_at is not None and not at - last_at >= apart:",
            "if False:",
        ),
        ("any dose is a screening dose", "eutonia/plan/guard.py", "if dose not in ladder:", "if False:"),
        (
            "an outcome need not be written",
            "eutonia/plan/guard.py",
            'if facts.screenings[-1].outcome != "none":',
            "if False:",
        ),
    ),
    _row(
        "H26",
        "the first dose doubled after a long response",
        "the duration of the response decides, and is required",
        "findings/limits",
        (
            "every response is short",
            "eutonia/findings/limits.py",
            """long = positive[-1].lasted.to("h") >= book.quantity("start.long_response").to("h")""",
            "long = False",
        ),
    ),
    _row(
        "H27",
        "a pump for somebody who did not respond",
        "no first dose without a positive response to the last bolus",
        "findings/limits, plan/start",
        (
            "any response is a positive one",
            "eutonia/findings/limits.py",
            """positive = [s for s in facts.screenings if s.outcome == "positive"]""",
            "positive = list(facts.screenings)",
        ),
    ),
    _row(
        "H28",
        "a step above the window, of unknown origin, or several stacked in a day",
        "origin required; one window; steps of one day are one step",
        "plan/guard, findings/dose, findings/indication",
        (
            "any step up",
            "eutonia/plan/guard.py",
            "if not -down_high.value <= change <= window[1] or change == 0:",
            "if not -down_high.value <= change or change == 0:",
        ),
        (
            "only the last of several steps in a day is looked at",
            "eutonia/findings/dose.py",
            "before = dose_before(pump, at) or history[0][1].daily",
            "before = history[-2][1].daily",
        ),
    ),
    _row(
        "H29",
        "steps down without a limit",
        "the window has two sides",
        "plan/guard, findings/delivery",
        (
            "any step down",
            "eutonia/plan/guard.py",
            "if not -down_high.value <= change <= window[1] or change == 0:",
            "if not change <= window[1] or change == 0:",
        ),
        (
            "a pump may be stopped without a word",
            "eutonia/findings/delivery.py",
            "if pump.stopped_at is not None and pump.last_running is not None:",
            "if False:",
        ),
    ),
    _row(
        "H30",
        "the dose rises by tolerance while the catheter is at fault",
        "dose up, effect flat: delivery is checked before any further rise",
        "findings/resistance",
        (
            "rises are not counted",
            "eutonia/findings/resistance.py",
            "if len(history) > count:",
            "if False:",
        ),
    ),
    _row(
        "H31",
        "the old dose after a gap, when tolerance is lost",
        "the length of the gap decides; an unknown one is a long one",
        "findings/restart_rule, plan/guard",
        (
            "every gap is short",
            "eutonia/findings/restart_rule.py",
            """    if gap.within(facts, "restart.short_gap"):""",
            "    if True:",
        ),
        (
            "the guard does not know gaps",
            "eutonia/plan/guard.py",
            "if dose not in [offer.program.daily.value for offer in rule.offers]:",
            "if False:",
        ),
        (
            "a gap that is over is forgotten",
            "eutonia/findings/delivery.py",
            "if pump.gaps and pump.running:",
            "if False:",
        ),
    ),
    _row(
        "H32",
        "a drug holiday at home, or too short",
        "in hospital only, two to four weeks, gradual",
        "plan/guard, plan/holiday",
        (
            "anywhere",
            "eutonia/plan/guard.py",
            """if plan.setting != facts.book.text("holiday.setting"):""",
            "if False:",
        ),
        (
            "any length",
            "eutonia/plan/guard.py",
            "if not timedelta(days=float(low.value)) <= length <= timedelta(days=float(high.value)):",
            "if False:",
        ),
    ),
    _row(
        "H33",
        "one strength in the pump's memory, another in its chamber",
        "order, product and program are compared",
        "findings/strength",
        (
            "the program's strength is not compared",
            "eutonia/findings/strength.py",
            "told_wrong = pump.told is not None and pump.strength is not None and pump.told != pump.strength",
            "told_wrong = False",
        ),
        (
            "the product's strength is not compared",
            "eutonia/findings/strength.py",
            "if pump.fill is not None and pump.fill.product is not None and pump.fill.product != pump.fill.strength:",
            "if False:",
        ),
    ),
    _row(
        "H34",
        "the bridge left out, or computed with the wrong line",
        "the bridge is part of the plan; the line's volume is a dated fact, and none refuses",
        "pump/line, findings/strength",
        (
            "the bridge is twice as large",
            "eutonia/pump/line.py",
            """dose = line.to("mL") * old_strength.to("mcg/mL")
    daily""",
            """dose = line.to("mL") * old_strength.to("mcg/mL") * 2
    daily""",
        ),
        (
            "a missing bridge is not said",
            "eutonia/findings/strength.py",
            "elif pump.bridge_missing and",
            "elif False and",
        ),
        (
            "a bridge that is not the one of the line passes",
            "eutonia/findings/strength.py",
            "for event, dose, hours in pump.wrong_bridges:",
            "for event, dose, hours in ():",
        ),
        (
            "a new catheter keeps the old one's volume",
            "eutonia/pump/reservoir.py",
            "self.line_volume, self.tip = what.line,",
            "self.line_volume, self.tip = what.line or self.line_volume,",
        ),
    ),
    _row(
        "H35",
        "a prime bolus into a line that is full",
        "a prime only after an implant or a revision",
        "pump/reservoir",
        (
            "a line that filled by running counts as empty",
            "eutonia/pump/reservoir.py",
            "if self.primed or swept:",
            "if self.primed:",
        ),
        ("primes are not counted", "eutonia/pump/reservoir.py", "self.repeated_primes.append(event)", "pass"),
    ),
    _row(
        "H36",
        "a refill later than the alarm, the drug or the battery allows",
        "due is the earliest of all, and says which",
        "pump/reservoir",
        ("the drug keeps for ever", "eutonia/pump/reservoir.py", "if self.stability_end is not None:", "if False:"),
        (
            "the latest date governs",
            "eutonia/pump/reservoir.py",
            "return min(limits, key=lambda limit: limit[0]) if limits and not self.service_ended else None",
            "return max(limits, key=lambda limit: limit[0]) if limits and not self.service_ended else None",
        ),
    ),
    _row(
        "H37",
        "what is left disagrees with the program",
        "a balance with a tolerance; no plan until it is explained",
        "pump/reservoir, findings/balance",
        (
            "every residual balances",
            "eutonia/pump/reservoir.py",
            "return abs(reading.difference_ml) <= self.tolerance_ml(reading.delivered_ml) + 1e-9",
            "return True",
        ),
    ),
    _row(
        "H38",
        "the refill goes beside the port",
        "the refill ends with watching; a sign brings the card",
        "plan/refill, findings/emergency",
        ("nobody watches", "eutonia/plan/refill.py", '"observe",', '"review",'),
        (
            "no sign brings the card",
            "eutonia/findings/emergency.py",
            "if not seen:",
            "if seen or not seen:",
        ),
    ),
    _row(
        "H39",
        "steps that do not add up, overlap or cross midnight",
        "the daily dose is the sum of the steps, by construction",
        "chart/orders",
        (
            "the last step ends an hour early",
            "eutonia/chart/orders.py",
            "ends = [*starts[1:], starts[0] + 24] if starts else []",
            "ends = [*starts[1:], starts[0] + 23] if starts else []",
        ),
        (
            "steps may stand in any order",
            "eutonia/chart/orders.py",
            "if times != sorted(set(times)) or not len(steps) >= 2:",
            "if False:",
        ),
    ),
    _row(
        "H40",
        "a flow that the pump cannot run",
        "flow, steps and volume are held against the device; only stocked strengths are planned",
        "pump/program, plan/strength",
        (
            "the pump runs at any flow",
            "eutonia/pump/program.py",
            "if flow is not None and not flow[0].value <= rate <= flow[1].value:",
            "if False:",
        ),
        ("any strength is stocked", "eutonia/plan/strength.py", "if new not in stocked:", "if False:"),
    ),
    _row(
        "H41",
        "the pump was told something else than was planned",
        "every field of the read-back is compared; an absent field is a difference",
        "pump/verify",
        (
            "what is absent agrees",
            "eutonia/pump/verify.py",
            "if meant is None or reported is None or not same:",
            "if meant is not None and reported is not None and not same:",
        ),
        (
            "programs are not compared",
            "eutonia/pump/verify.py",
            "program is not None and back.program is not None and program.same_delivery(back.program),",
            "program is not None and back.program is not None,",
        ),
        (
            "a program line may name another concentration",
            "eutonia/pump/verify.py",
            "wrong = not all(inside in _concentrations(pump) for inside in _inside(program, back.program))",
            "wrong = False",
        ),
        ("a bridge bolus is not compared", "eutonia/pump/verify.py", "bridge == back.bridge,", "True,"),
        (
            "stop findings of the chart are not named",
            "eutonia/doors/cli.py",
            "stops = tuple((each.id, each.says) for each in examine(facts, pump) if each.grade == STOP)",
            "stops = ()",
        ),
    ),
    _row(
        "H42",
        "nobody knows what the pump did",
        "delivery is uncertain: plans stop, a task is raised",
        "findings/delivery",
        ("certainty is assumed", "eutonia/findings/delivery.py", "if not uncertain:", "if True:"),
    ),
    _row(
        "H43",
        "a suggestion acted on twice",
        "an advice names its program and is bound to the chart's hash",
        "advice, plan/adjust",
        (
            "the hash does not see what happened",
            "eutonia/chart/chart.py",
            """digest.update(f"{moment} {words}\\n".encode())""",
            """digest.update(f"{moment}\\n".encode())""",
        ),
    ),
    _row(
        "H44",
        "a number of the knowledge is stale or was altered",
        "source and review date on each; hashed into each advice; read twice",
        "knowledge",
        ("the ceiling becomes 800 mg", "eutonia/knowledge/oral.toml", 'value = "80 mg/day"', 'value = "800 mg/day"'),
        ("the files are not hashed", "eutonia/knowledge/__init__.py", "digest.update(content)", "pass"),
        (
            "nothing is ever past its review",
            "eutonia/knowledge/__init__.py",
            "if day <= self.library.first_review:",
            "if True:",
        ),
    ),
    _row(
        "H48",
        "a prediction contradicts a rule, and wins",
        "the plans cannot import the model",
        "tests/laws/test_imports",
        (
            "a plan looks at the model",
            "eutonia/plan/adjust.py",
            "from eutonia.pump import PumpState\n",
            "from eutonia.pump import PumpState\n\nif False:\n    from eutonia.body import tone\n",
        ),
    ),
    _row(
        "H50",
        "two clinicians write on one chart at once",
        "an append names the head that it saw; where the chart has grown since, it is a conflict that shows what is new",
        "ledger",
        (
            "what was written since is not asked for",
            "eutonia/ledger/ledger.py",
            '    return tuple(each for each in there[upto + 1 :] if each.op != "advice")',
            "    return ()",
        ),
        (
            "a writer looks before it has its turn",
            "eutonia/ledger/tables.py",
            'connection.exec_driver_sql("BEGIN" if looks else "BEGIN IMMEDIATE")',
            'connection.exec_driver_sql("BEGIN")',
        ),
    ),
    _row(
        "H51",
        "power loss, a torn record, a full disk",
        "an append is one transaction, on the disk when it returns; both chains are verified; a full disk is said",
        "ledger",
        (
            "the chart's list is written on its own",
            "eutonia/ledger/ledger.py",
            "        connection.execute(TIP.update().values(seq=last.seq, over=last.over))\n",
            "        connection.execute(TIP.update().values(seq=last.seq, over=last.over))\n        connection.commit()\n",
        ),
        (
            "a full disk is some error",
            "eutonia/ledger/ledger.py",
            '("disk is full", "the disk is full: nothing was written; make room and enter it again")',
            '("disk is full", "something went wrong")',
        ),
    ),
    _row(
        "H52",
        "a request is sent twice, or comes again later",
        "what stands there already is not written again: its record comes back",
        "ledger",
        (
            "every request is new",
            "eutonia/ledger/ledger.py",
            "    return [standing.get(each) for each in placed[len(left) :]]",
            "    return [None for _ in texts]",
        ),
        (
            "a repeated append is a conflict",
            "eutonia/ledger/ledger.py",
            "    return first if same else None",
            "    return None",
        ),
    ),
    _row(
        "H53",
        "the watching fails, and nobody hears of it",
        "it leaves a heartbeat with every look; every page, and a way for machines outside, say when that is missing",
        "clinic/pulse, doors/web",
        (
            "its silence is not noticed",
            "eutonia/clinic/pulse.py",
            "return last is None or not -STOPPED_AFTER <= now - last <= STOPPED_AFTER",
            "return False",
        ),
        (
            "the heart beats whether anybody looked or not",
            "eutonia/doors/web/office.py",
            "            self._panel.refresh(now)\n",
            "            self.pulse.beat()\n            self._panel.refresh(now)\n",
        ),
        ("the pages do not say so", "eutonia/doors/web/templates/base.html", "{% if silent %}", "{% if false %}"),
    ),
    _row(
        "H54",
        "so many findings that none is read",
        "findings of one topic are told together; three grades; the worst first; nothing twice",
        "findings",
        ("every reason is a finding of its own", "eutonia/findings/__init__.py", "if len(group) < 2:", "if True:"),
        (
            "the worst need not come first",
            "eutonia/findings/__init__.py",
            "key=lambda each: (not each.card, GRADES[each.grade])",
            "key=lambda each: each.id",
        ),
    ),
    _row(
        "H55",
        "a choice that was made beforehand is taken over",
        "nothing is filled in or selected on any form; what two people enter is compared",
        "doors/web",
        (
            "a form comes with a choice",
            "eutonia/doors/web/templates/fields.html",
            '<option value=""></option>{% for each in field.choices %}<option',
            "{% for each in field.choices %}<option selected",
        ),
    ),
    _row(
        "H57",
        "an emergency is met with arithmetic",
        "a card first: what to do and whom to call",
        "findings/emergency, doors",
        (
            "no sign brings the card",
            "eutonia/findings/emergency.py",
            "if not seen:",
            "if seen or not seen:",
        ),
    ),
    _row(
        "H58",
        "somebody who may not sees or changes a dose",
        "each way names the roles that may go it; a form bears the token of its session",
        "doors/web/gate",
        (
            "every role goes every way",
            "eutonia/doors/web/gate.py",
            "            if session.member.role not in way.who:",
            "            if False:",
        ),
        (
            "who is not signed in comes in",
            "eutonia/doors/web/gate.py",
            "        if way.who is not ANYONE:",
            "        if way.who is not ANYONE and session is not None:",
        ),
    ),
    _row(
        "H59",
        "names in errors, logs, addresses",
        "errors quote values and ids, never a name",
        "chart/text",
        (
            "an error quotes the line as it stands",
            "eutonia/chart/text.py",
            'return _NAME.sub(r"\\1name ...", text)',
            "return text",
        ),
    ),
    _row(
        "H60",
        "a rule that was learned is lost",
        "an incident becomes a row, a test and a case; ids are never used twice",
        "docs/hazards.md, tools/hazards.py",
        ("a row disappears from the page", "docs/hazards.md", "| H35 | a prime", "| H99 | a prime"),
    ),
)


def load_rows(folder: Path) -> tuple[Row, ...]:
    """Read the rows that are data: each TOML file holds `[[row]]` tables with `[[row.removal]]` tables."""
    rows = []
    for path in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(path.read_text("utf-8"))["row"]:
            removals = tuple(Removal(**removal) for removal in row.pop("removal", ()))
            rows.append(Row(**row, removals=removals))
    return tuple(rows)


REGISTER: Final = ROOT / "tests" / "hazards" / "register"
ROWS: Final[tuple[Row, ...]] = tuple(sorted((*_ROWS, *load_rows(REGISTER)), key=lambda row: row.id))

ELSEWHERE: Final[Mapping[str, str]] = {
    "H45": "predict: outside the domain of a model there is no prediction, and the reason is said (tests/cases/test_future.py)",
    "H46": "predict: an estimate says how it was made and when it failed; calibrated by simulation (docs/calibration.md)",
    "H47": "predict: every number comes with its band; 90 % bands were held against drawn truths (docs/calibration.md)",
    "H49": "cohort: the same bits for any chunks, workers and engine (tests/laws/test_draws.py, tests/laws/test_cohort.py)",
    "H56": "doors: wrapped and cut numbers; tests/hazards/test_screen.py takes the glue away itself, tests/browser at 320 px",
}


# --- which test carries which row -------------------------------------------------------------------------------------


def tests_by_id(root: Path) -> dict[str, tuple[str, ...]]:
    """The tests of each hazard by its id, as 'tests/hazards/test_pump.py::test_...'."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                for id_ in _marks(node):
                    found.setdefault(id_, []).append(f"{path.relative_to(root).as_posix()}::{node.name}")
    return {id_: tuple(names) for id_, names in sorted(found.items())}


def _marks(node: ast.FunctionDef) -> Iterator[str]:
    for each in node.decorator_list:
        match each:
            case ast.Call(func=ast.Attribute(attr="hazard"), args=[ast.Constant(value=str(id_))]):
                yield id_


# --- running them: this file is also the plug-in that picks the tests of one row -------------------------------------


def pytest_configure(config: Any) -> None:
    """A failing property need not be made small here: that it fails is all that is asked."""
    from hypothesis import Phase, settings

    settings.register_profile("removal", parent=settings(), phases=(Phase.explicit, Phase.generate))
    settings.load_profile("removal")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Keeps the tests of the row that is asked for."""
    asked = os.environ.get("EUTONIA_HAZARD")
    if asked:
        items[:] = [each for each in items if any(asked in mark.args for mark in each.iter_markers("hazard"))]


def pytest_runtest_logreport(report: Any) -> None:
    """Writes down what failed, one line a test."""
    if report.failed and (path := os.environ.get("EUTONIA_FAILED")):
        with open(path, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(report.nodeid) + "\n")


def _copy(folder: Path) -> Path:
    skip = shutil.ignore_patterns("__pycache__", ".*", "*.pyc")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=skip)
        elif source.exists():
            shutil.copy2(source, folder / name)
    return folder


def _run(folder: Path, files: list[str], id_: str = "", stop: bool = True) -> tuple[int, set[str], str]:
    """Exit status of pytest, the tests that failed, and the end of what it printed."""
    failed = folder / "failed"
    settings = {
        "PYTHONPATH": str(folder),
        "EUTONIA_HAZARD": id_,
        "EUTONIA_FAILED": str(failed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / ".hypothesis"),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        *files,
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "tools.hazards",
        "--no-header",
    ]
    done = subprocess.run(
        [*command, *(["-x"] if stop else [])], cwd=folder, env=os.environ | settings, capture_output=True, text=True
    )
    names = {json.loads(line) for line in failed.read_text("utf-8").splitlines()} if failed.exists() else set()
    return done.returncode, names, (done.stdout + done.stderr)[-2000:]


def _files(named: Mapping[str, tuple[str, ...]], id_: str) -> list[str]:
    return sorted({name.partition("::")[0] for name in named.get(id_, ()) if name.startswith(TESTED)})


def _plain(nodeid: str) -> str:
    return re.sub(r"\[.*", "", nodeid)


def unremoved(named: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The rows whose own tests fail while nothing is removed, with the tests that do."""
    with tempfile.TemporaryDirectory(prefix="hazards-") as name:
        status, failed, said = _run(_copy(Path(name)), list(TESTED), stop=False)
    if status not in (0, 1):
        raise SystemExit(f"the tests of the hazards do not run:\n{said}")
    broken = {_plain(each) for each in failed}
    return {id_: ", ".join(sorted(broken & set(names))) for id_, names in named.items() if broken & set(names)}


def removed(row: Row, removal: Removal, files: list[str]) -> str:
    """'' where the tests of the row notice the removal; otherwise what is wrong."""
    if not files:
        return "NO TEST"
    with tempfile.TemporaryDirectory(prefix="hazards-") as name:
        folder = _copy(Path(name))
        path = folder / removal.file
        text = path.read_text("utf-8") if path.exists() else ""
        if text.count(removal.old) != 1:
            return f"DOES NOT APPLY: '{removal.old.splitlines()[0] if removal.old else ''}' stands {text.count(removal.old)} times in {removal.file}"
        path.write_text(text.replace(removal.old, removal.new), "utf-8")
        status, failed, said = _run(folder, files, row.id)
    if status == 1 and failed:
        return ""
    return "NOT CAUGHT" if status == 0 else f"DOES NOT RUN (status {status}):\n{said}"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one row."""

    row: Row
    said: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether every removal was noticed, and nothing fails without one."""
        return bool(self.row.removals) and not any(self.said)

    @property
    def text(self) -> str:
        """The row's result in words."""
        if not self.row.removals:
            return "NO REMOVAL"
        return "red as it should be" if self.good else "; ".join(each for each in self.said if each)


def judge(rows: tuple[Row, ...]) -> list[Result]:
    """Every row: its tests are green, and red once its control is gone."""
    named = tests_by_id(ROOT)
    with ThreadPoolExecutor(WORKERS) as pool:
        whole = pool.submit(unremoved, named)
        jobs = [
            (row, [pool.submit(removed, row, each, _files(named, row.id)) for each in row.removals]) for row in rows
        ]
        results = []
        for row, futures in jobs:
            said = [
                f"{problem} ({removal.what})" if (problem := future.result()) else ""
                for removal, future in zip(row.removals, futures, strict=True)
            ]
            results.append((row, said))
        broken = whole.result()
    return [
        Result(row, (*said, f"RED WITHOUT A REMOVAL: {broken[row.id]}" if row.id in broken else ""))
        for row, said in results
    ]


# --- the page ---------------------------------------------------------------------------------------------------------

_HEAD = """\
# Hazards

What could hurt somebody, what keeps it from happening, and the tests that were shown to fail when that is taken away.
Written by `python tools/hazards.py --write --date ...`; `make hazards` runs it without writing.  Ids are never used
twice: an incident becomes a new row, a new test and a new case.

Three things no software closes, so they are said here: what is really in the vial, where the tip of the catheter
really is, and whether the needle was in the chamber.

| id | hazard | control (place) | tests | removed | result |
|---|---|---|---|---|---|
"""


def page(results: list[Result], day: str, kept: Mapping[str, str]) -> str:
    """Return the table as a page: `results` with the result of one day, and the lines of `kept` for the other rows."""
    named = tests_by_id(ROOT)
    lines = dict(kept)
    for result in results:
        row = result.row
        tests = "<br>".join(f"`{name.rpartition('::')[2]}`" for name in named.get(row.id, ()))
        gone = "<br>".join(each.what for each in row.removals)
        said = f"{result.text} ({day})" if result.good else f"**{result.text.splitlines()[0]}** ({day})"
        lines[row.id] = f"| {row.id} | {row.hazard} | {row.control} ({row.place}) | {tests} | {gone} | {said} |\n"
    elsewhere = "".join(f"- {id_}: {why}\n" for id_, why in ELSEWHERE.items())
    table = "".join(lines[id_] for id_ in sorted(lines))
    return f"{_HEAD}{table}\n## Elsewhere\nRows of other floors, each with its reason.\n\n{elsewhere}"


def written_rows(text: str) -> dict[str, str]:
    """Return the lines of the table that a page holds, by the id of their row."""
    table = text.partition("## Elsewhere")[0]
    return {match[1]: f"{match[0]}\n" for match in re.finditer(r"^\| (H\d\d) \|.*$", table, flags=re.M)}


def main(arguments: list[str] | None = None) -> int:
    """Prints one line a hazard; 1 where any is not as it should be."""
    parser = argparse.ArgumentParser(description="The hazard table against its tests.")
    parser.add_argument("--only", nargs="+", metavar="ID", help="these rows only")
    parser.add_argument("--write", action="store_true", help="write docs/hazards.md")
    parser.add_argument("--date", help="the day of the result, such as 2026-11-22; needed to write")
    asked = parser.parse_args(arguments)
    if asked.write and not re.fullmatch(r"\d{4}-\d\d-\d\d", asked.date or ""):
        parser.error("--write needs --date 2026-11-22")
    rows = tuple(row for row in ROWS if not asked.only or row.id in asked.only)
    results = judge(rows)
    for result in results:
        row = result.row
        print(f"{row.id}  {row.control}  ({row.place})  {result.text}")
    if asked.write:
        ids = {row.id for row in ROWS}
        kept = {id_: line for id_, line in written_rows(PAGE.read_text("utf-8")).items() if id_ in ids}
        PAGE.write_text(page(results, asked.date, kept), "utf-8")
    bad = sum(not each.good for each in results)
    print(f"{len(results) - bad} of {len(results)} rows: the control was taken away, and the tests noticed.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""What a study found, to read: a page of tables with a drawing for each outcome, and the same as JSON."""

from __future__ import annotations

import json
import math
import os
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from eutonia.cohort.chunk import VERSION
from eutonia.cohort.draw import Spreading
from eutonia.cohort.run import Results, assumed
from eutonia.cohort.stream import ERROR, QUANTILES, Summary
from eutonia.cohort.study import Arm, Field, Outcome
from eutonia.knowledge import book, library
from eutonia.quantity import UNITS, Quantity, figures, plain

GRADE: Final = (
    "This is what models answer about people who were drawn, in scenario grade: parts of the models and of the study are "
    "assumed. It is not a directive, not a dose, and says nothing about one person."
)
# A number this much smaller than the spread of its row is what rounding left.
_NOTHING: Final = 1e-9

_WIDE: Final = 640.0
_LEFT: Final = 200.0
_RIGHT: Final = 590.0
_ROW: Final = 34.0
_TOP: Final = 48.0


def write(results: Results, folder: Path, ran: Mapping[str, Any]) -> list[Path]:
    """Writes report.md, a drawing for each outcome, and results.json; returns what was written, the report first.

    ran: how it was computed (engine, workers), which changes no number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = results.study.family.outcomes
    files = {
        "report.md": page(results, ran),
        "results.json": json.dumps({**results.as_dict(), "run": dict(ran)}, ensure_ascii=False, indent=2) + "\n",
    }
    for name in results.study.outcomes:
        files[f"{name}.svg"] = drawing(known[name], {arm: each[name] for arm, each in results.arms.items()})
    written = []
    for name, text in files.items():
        draft = folder / f"{name}.{os.getpid()}.draft"
        draft.write_text(text, "utf-8")
        written.append(draft.replace(folder / name))
    return written


def page(results: Results, ran: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    study, family = results.study, results.study.family
    first = study.arms[0].name
    lines = [
        f"# {study.title}", "", study.question, "", f"**{GRADE}**", "",
        f"{plain(results.people)} people, the same ones in every arm, drawn under the seed '{study.seed}'. "
        f"Computed by {_engine(ran)}; the engine changes no number.", "",
        f"Knowledge {library().version} {library().hash[:16]}, Eutonia {VERSION}, study {study.hash[:16]}.", "",
        "## The arms", "", "| arm | policy | what it does |", "|---|---|---|",
    ]  # fmt: skip
    for arm in study.arms:
        lines.append(f"| {arm.name} | {arm.policy}{_given(arm, results)} | {family.policies[arm.policy].says} |")
    around = [*_said(study.persons, family.people), *_said(study.setting, family.setting)]
    if around:
        lines += ["", "## The people and the setting", "", "| | | from |", "|---|---|---|", *around]
    lines += [
        "",
        "## What came out",
        "",
        f"Percentiles are off by less than {plain(figures(100 * ERROR, 2))} % of themselves.",
    ]
    for name in study.outcomes:
        outcome = family.outcomes[name]
        arms = {arm: each[name] for arm, each in results.arms.items()}
        lines += ["", f"### {_capital(outcome.says)}", "", f"![{outcome.says}]({name}.svg)", ""]
        lines += _table(outcome, arms, outcome.missing or "unknown")
        others = {arm: each[name] for arm, each in results.differences.items()}
        if others:
            lines += ["", f"Less that of '{first}', person by person:", ""]
            lines += _differences(others) if outcome.yes_or_no else _table(outcome, others, "in one arm only or none")
    lines += ["", "## What it rests on", "", family.limits, ""]
    lines += ["| number | value | | from |", "|---|---|---|---|"]
    names = dict.fromkeys(
        [*(each for arm in study.arms for each in family.policies[arm.policy].rests_on)]
        + [each for name in study.outcomes for each in family.outcomes[name].rests_on]
        + [
            each.entry
            for each in (*study.persons.values(), *study.setting.values())
            if isinstance(each, Spreading) and each.entry
        ]
    )
    for name in names:
        entry = book().entry(name)
        value = " to ".join(entry.value) if _is_span(entry.value) else ", ".join(map(str, entry.value)) if isinstance(entry.value, list) else str(entry.value)  # fmt: skip
        lines.append(f"| `{name}` | {value} | {entry.tag} | {'; '.join(entry.source)} |")
    lines += ["", "### Assumed", "", "No source gives these; another assumption is another answer.", ""]
    lines += [f"- `{name}`: {says}" for name, says in assumed(study, book()).items()] or ["- nothing"]
    return "\n".join(lines) + "\n"


def _is_span(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value)


def _engine(ran: Mapping[str, Any]) -> str:
    workers = ran.get("workers", 1)
    match ran.get("engine"):
        case "pool":
            return f"{workers} processes"
        case "dask":
            return "a Dask cluster" if ran.get("scheduler") else f"a local Dask cluster of {workers}"
        case _:
            return "one process"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _given(arm: Arm, results: Results) -> str:
    fields = results.study.family.policies[arm.policy].fields
    shown = [f"{key} {_shown(value, fields[key])}" for key, value in arm.given.items() if value != fields[key].default]
    return f" ({'; '.join(shown)})" if shown else ""


def _shown(value: float | str, field: Field) -> str:
    if isinstance(value, str):
        return value
    number = plain(figures(value, 6))
    if field.unit in UNITS:
        return plain(Quantity.of(number.replace(",", ""), field.unit))
    return f"{number} {field.unit}"


def _said(those: Mapping[str, Spreading | str], fields: Mapping[str, Field]) -> list[str]:
    rows = []
    for name, each in those.items():
        if isinstance(each, str):
            rows.append(f"| {fields[name].says} | {each} | the study |")
            continue
        field, numbers = fields[name], each.numbers
        one = _shown(numbers[0], field)
        says = {
            "fixed": one,
            "uniform": f"{one} to {_shown(numbers[-1], field)}, all as likely",
            "within": f"within {one} to either side, all as likely",
            "lognormal": f"lognormal, median {one}, sd of the logarithm {plain(figures(numbers[-1], 3))}",
            "exponential": f"exponential, mean {one}, of {plain(figures(100 * numbers[-1], 3))} % of people; zero of the others",
        }[each.kind]
        entry = f"`{each.entry}`" if each.entry else ""
        rows.append(f"| {field.says} | {says} | {'; '.join(filter(None, (entry, each.because))) or 'the study'} |")
    return rows


def _table(outcome: Outcome, arms: Mapping[str, Summary], missing: str) -> list[str]:
    if outcome.yes_or_no:
        lines = ["| | share | standard error | people |", "|---|---:|---:|---:|"]
        for arm, each in arms.items():
            lines.append(
                f"| {arm} | {_number(100 * each.mean)} % | {_number(100 * each.error, 2)} % | {plain(each.count - each.zeros)} of {plain(each.count)} |"
            )
        return lines
    gaps = any(each.missing for each in arms.values())
    head = [
        "mean",
        "sd",
        *(f"{name[1:].lstrip('0')} %" for name in QUANTILES),
        *([missing] if gaps else []),
    ]
    lines = [f"| {outcome.unit} | {' | '.join(head)} |", f"|---|{'---:|' * len(head)}"]
    for arm, each in arms.items():
        nothing = _NOTHING * max(abs(each.low), abs(each.high), 1.0) if each.count else 0.0
        cells = [
            _number(value, nothing=nothing)
            for value in (each.mean, each.sd, *(each.quantile(q) for q in QUANTILES.values()))
        ]
        if gaps:
            cells.append(f"{_number(100 * each.missing / (each.missing + each.count))} %")
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return lines


def _differences(arms: Mapping[str, Summary]) -> list[str]:
    lines = ["| | points of % | standard error | no longer | newly |", "|---|---:|---:|---:|---:|"]
    for arm, each in arms.items():
        gone, new = (sum(count for count, _, _ in bins.values()) for bins in (each.below, each.above))
        cells = [_number(100 * each.mean), _number(100 * each.error, 2)]
        cells += [f"{_number(100 * part / each.count)} %" if each.count else "-" for part in (gone, new)]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return lines


def _number(value: float, count: int = 3, nothing: float = 0.0) -> str:
    """A number to three figures; a minus sign where there is one, and a dash where there is no number."""
    if not math.isfinite(value):
        return "-"
    return plain(figures(0.0 if abs(value) <= nothing else value, count))


# --- the drawings -----------------------------------------------------------------------------------------------------


def drawing(outcome: Outcome, arms: Mapping[str, Summary]) -> str:
    """An SVG: the middle nine tenths as a line, the middle half as a box, the median, and the mean as a circle; of yes
    and no a bar."""
    factor = 100.0 if outcome.yes_or_no else 1.0
    spans = [_span(each, outcome) for each in arms.values() if each.count]
    low = min([0.0, *(min(each) for each in spans)])
    high = max([0.0, *(max(each) for each in spans)])
    if low == high:
        high = 1.0
    ticks = _ticks(factor * low, factor * high)
    low, high = min(low, ticks[0] / factor), max(high, ticks[-1] / factor)

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_RIGHT - _LEFT)

    rows = []
    for n, (arm, each) in enumerate(arms.items()):
        row: dict[str, Any] = {"name": textwrap.wrap(arm, 30)[:2], "y": _TOP + _ROW * n, "bar": None, "box": None}
        if each.count and outcome.yes_or_no:
            row |= {"bar": (x(0.0), x(each.mean) - x(0.0)), "says": f"{_number(100 * each.mean)} %"}
        elif each.count:
            row |= {"box": [x(each.quantile(q)) for q in QUANTILES.values()], "mean": x(each.mean)}
        rows.append(row)
    floor = _TOP + _ROW * (len(rows) - 0.5)
    return str(
        _environment()
        .get_template("spread.svg")
        .render(
            title=_capital(outcome.says), unit=outcome.unit, rows=rows, floor=floor, wide=_WIDE, high=floor + 42.0, left=_LEFT,
            ticks=[{"x": x(tick / factor), "says": _number(tick), "zero": tick == 0.0} for tick in ticks],
            how="A bar for each arm: the share of people." if outcome.yes_or_no else
            "For each arm: line from the 5th to the 95th percentile, box from the 25th to the 75th, bold line at the median, circle at the mean.",
        )
    )  # fmt: skip


def _span(each: Summary, outcome: Outcome) -> Sequence[float]:
    if outcome.yes_or_no:
        return (each.mean,)
    return (each.mean, each.quantile(0.05), each.quantile(0.95))


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers from below the lowest to above the highest."""
    rough = (high - low) / 5.0
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(each * size for each in (1.0, 2.0, 5.0, 10.0) if each * size >= rough)
    return [step * n for n in range(math.floor(low / step), math.ceil(high / step) + 1)]


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found.filters["c"] = lambda value: f"{value:.1f}"
    return found

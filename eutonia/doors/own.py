"""What the patient's own data say, and the order of the options, in the words of the screens."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from eutonia.doors.amounts import amount
from eutonia.quantity import figures, plain

_EXPLAINS: Final = {
    "as told": "all arrives as told",
    "catheter": "the catheter leaks or is closed",
    "pump": "the pump gives too little",
    "progression": "the disease makes the tone rise",
}
_METHODS: Final = {
    "importance": "weighed draws around the best fits",
    "sequential": "draws moved step by step, since the first weights were no use",
}
# What is weighed as a chance, as the screens call it and as the order does.
CHANCES: Final = (("goal reached", "goal"), ("harmful level", "harm"), ("tone comes back", "withdrawal"))
SPANS: Final = "Each line holds 90% of the people, its dot the median: grey before, green after the patient's own data. Each has a scale of its own, a logarithm."
NOT_ONE_NUMBER: Final = (
    "No single number: what each brings and costs stands side by side, and the order follows what is wanted first."
)


class Line(NamedTuple):
    """A label and what stands beside it."""

    label: str
    text: str


class Table(NamedTuple):
    """A small table: its heading, the names of its columns, and its rows."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def number(value: float | None) -> str:
    """A number to three figures."""
    return "unknown" if value is None else plain(figures(value, 3))


def percent(share: float | None) -> str:
    """A share as the screens say it."""
    if share is None:
        return "unknown"
    return "almost none" if share < 0.005 else "almost all" if share > 0.995 else f"{plain(figures(100 * share, 2))}%"


def _span(found: dict[str, float]) -> str:
    return f"{number(found['p50'])} ({number(found['p05'])} to {number(found['p95'])})"


def learned(estimate: dict[str, Any] | None) -> tuple[tuple[Line, ...], tuple[Table, ...]]:
    """What an estimate says: its lines, and the tables behind them; nothing where nothing was estimated."""
    if estimate is None:
        return (), ()
    if "unknown" in estimate:
        return (Line("Unknown", f"{estimate['unknown']}."),), ()
    lines = [
        Line(
            "Rests on",
            f"{_used(estimate['used'])}; {_METHODS[estimate['method']]} (worth {number(estimate['effective_draws'])} draws).",
        )
    ]
    if estimate["left_out"]:
        lines.append(Line("Left out", f"{'; '.join(estimate['left_out'])}."))
    shares = [
        f"{_EXPLAINS[each['kind']]} {percent(each['posterior'])} (before: {percent(each['prior'])})"
        for each in estimate["explanations"]
    ]
    if estimate["withheld"]:
        lines.append(Line("No explanation", f"{estimate['withheld']}."))
    if len(shares) > 1:
        lines.append(Line("Explanations", f"{'; '.join(shares)}."))
    failed = sum(each["posterior"] for each in estimate["explanations"] if each["kind"] in ("catheter", "pump"))
    if failed >= 0.5:
        lines.append(
            Line(
                "First",
                "these data fit a failing delivery better than any dose: what is expected of the options holds only where drug arrives as told.",
            )
        )
    if estimate["doubts"]:
        lines.append(Line("Doubts", f"{'; '.join(estimate['doubts'])}."))
    if estimate["assumes"]:
        lines.append(Line("Assumed", f"{'; '.join(estimate['assumes'])}."))
    if estimate["worth"]:
        best = estimate["worth"][0]
        lines.append(
            Line(
                "Most informative next measurement",
                f"{best['what']}: it would reduce the uncertainty of the effective dose by {percent(best['share'])}.",
            )
        )
    lines.append(
        Line(
            "Not claimed",
            "a course of levels in the spine from scores alone: fluid, uptake and sensitivity do not part, the effective dose does.",
        )
    )
    tables = [
        Table(
            "Before and after the patient's own data: median, and the ends of 90%",
            ("", "before", "after", "narrower by"),
            tuple(
                (
                    f"{each['name']}{', ' + each['unit'] if each['unit'] else ''}",
                    _span(each["prior"]),
                    _span(each["posterior"]),
                    percent(each["learnt"]),
                )
                for each in estimate["parameters"]
            ),
            (),
        )
    ]
    if estimate["checks"]:
        tables.append(
            Table(
                "What was seen, beside what is expected there",
                ("", "seen", "expected", "as far off or more"),
                tuple(
                    (
                        f"{each['what']}, {each['at'][:10]}",
                        each["seen"],
                        _span(each["expected"]),
                        percent(each["rare"]),
                    )
                    for each in estimate["checks"]
                ),
                (),
            )
        )
    return tuple(lines), tuple(tables)


def _used(used: dict[str, int]) -> str:
    return ", ".join(
        f"{count} {name if count != 1 else name.removesuffix('s')}" for name, count in used.items() if count
    )


def known_chances(places: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the chances that a model gives for at least one option; by mouth none is given of a harmful level."""
    return [(title, name) for title, name in CHANCES if any(place[name] is not None for place in places)]


def ordered(found: dict[str, Any], kinds: dict[str, str]) -> tuple[Table, ...]:
    """The options of each kind that has several in their order, with what each brings and costs."""
    tables = []
    for each in found["order"]:
        rows, notes = [], []
        chances = known_chances(each["places"])
        names = [found["plans"][place["plan"]]["option"] for place in each["places"]]
        for n, (place, name) in enumerate(zip(each["places"], names, strict=True)):
            dose = place["dose"]
            rows.append(
                (
                    f"{n + 1}. {name}", *(percent(place[chance]) for _, chance in chances),
                    "none" if dose is None else amount(dose), str(place["visits"]),
                )
            )  # fmt: skip
            if place["reason"]:
                notes.append(f"'{name}' before '{names[n + 1]}': {place['reason']}.")
        tables.append(
            Table(
                f"{kinds.get(each['kind'], each['kind'])}; goal: {each['goal']}",
                ("option", *(title for title, _ in chances), "last dose", "steps"),
                tuple(rows),
                (*notes, NOT_ONE_NUMBER),
            )
        )
    return tuple(tables)


def drawn(table: Table, width: int) -> list[str]:
    """The table as lines of text, in columns where they fit, else a line a cell."""
    cells = [table.columns, *table.rows]
    wide = [max(len(row[k]) for row in cells) for k in range(len(table.columns))]
    if sum(wide) + 2 * (len(wide) - 1) <= width:
        return [
            "  ".join(
                each.ljust(most) if not k else each.rjust(most)
                for k, (each, most) in enumerate(zip(row, wide, strict=True))
            ).rstrip()
            for row in cells
        ]
    lines = []
    for row in table.rows:
        lines.append(row[0])
        lines += [f"  {name}: {cell}" for name, cell in zip(table.columns[1:], row[1:], strict=True)]
    return lines

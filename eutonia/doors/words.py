"""What every screen says: the advice as rows of words, made once, so that the terminal and the page cannot disagree.

All numbers come out of `quantity.plain`.  `glue` ties each number to its unit; how lines break is the screen's own
business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from eutonia.doors import own
from eutonia.doors.amounts import UNKNOWN, amount, day, millilitres, moment
from eutonia.quantity import UNITS, Quantity, figures, glued, plain, rounded

GRADES: Final = {"stop": "STOP", "caution": "CAUTION", "note": "NOTE"}
KINDS: Final = {
    "titration": "Titration by mouth",
    "taper": "Taper by mouth",
    "trial": "Trial: the screening bolus",
    "start": "Start of the pump",
    "adjust": "Adjustment of the pump's dose",
    "refill": "Refill",
    "strength change": "Change of strength",
    "holiday": "Drug holiday",
    "restart": "Restart",
    "replacement": "Replacement of the pump",
    "reduction": "Monitored reduction to the end",
}
SETTINGS: Final = {
    "home": "at home",
    "clinic": "in the clinic",
    "monitored": "monitored",
    "inpatient": "in hospital",
}
GOVERNS: Final = {
    "reservoir": "the reservoir reaches its alarm volume",
    "stability": "the drug's stability ends",
}
CLOSING: Final = "Options for a clinician to weigh, not directives. Not an emergency device."
BOXED: Final = "Boxed warning"
LEGEND: Final = "Dark: half of the people; light: 90% of them; line: the middle; dotted: a change of the dose."
MODEL: Final = "What a model expects of people like this one; not a dose, and not a promise."

NBSP: Final = "\u00a0"


# Named tuples rather than data classes: a dozen of these would cost every command 15 ms.
class Row(NamedTuple):
    """A label and what stands beside it."""

    label: str
    text: str


class Head(NamedTuple):
    """Whose advice this is, of when, and from what."""

    id: str
    name: str | None
    born: str
    as_of: str
    now: str
    rests_on: str


class Remark(NamedTuple):
    """A finding on a screen."""

    id: str
    grade: str
    word: str
    says: str
    rows: tuple[Row, ...]
    facts: str
    sources: tuple[str, ...]


class Move(NamedTuple):
    """One step of an option: when, what is done, the dose, and the rest in words."""

    at: str
    instant: str
    do: str
    dose: str
    says: str


class Level(NamedTuple):
    """The daily dose from an instant on, for a drawing; no words where it only goes on."""

    instant: datetime
    daily: float
    says: str
    day: str


class Change(NamedTuple):
    """The old and the new setting of a pump; the daily dose stands beside the program that gives it."""

    old: str
    old_program: str
    new: str
    new_program: str

    @property
    def says(self) -> str:
        """The change of the daily dose in a few words."""
        if not self.old:
            return self.new
        return f"{self.old} unchanged" if self.old == self.new else f"{self.old} to {self.new}"


class Quoted(NamedTuple):
    """A predicted quantity on a screen: what it is called in words and over a drawing, its unit, and what its numbers are
    multiplied by."""

    name: str
    title: str
    short: str
    unit: str
    times: int = 1

    def says(self, found: dict[str, Any]) -> str:
        """What is expected, as the middle of people with the ends of 90 % of them."""
        days, hours = found["days"][self.name], found["window_h"]
        before = (
            f"{self.number(days['before']['p50'])} in {'the day' if hours == 24 else f'the {plain(hours)} h'} before"
        )
        if found["at"] == "once" and self.unit == "ng/mL":
            return f"{before}; {self.range(days['soon'])} an hour after the bolus"
        if found["at"] == "once":
            return f"{before}; {self.range(days['most'])} at its strongest"
        last = "on the last day" if hours == 24 else f"over the last {plain(hours)} h"
        return f"{before}; {self.range(days['last'])} {last}"

    def number(self, value: float) -> str:
        """A number with its unit."""
        unit = self.unit if self.unit == "%" or not self.unit else f" {self.unit}"
        return f"{plain(figures(self.times * value, 2 if self.times > 1 else 3))}{unit}"

    def range(self, ends: dict[str, float]) -> str:
        """The median, and the ends of 90 % of people."""
        low, high = (plain(figures(self.times * ends[band], 2 if self.times > 1 else 3)) for band in ("p05", "p95"))
        return f"{self.number(ends['p50'])} ({low} to {high})"


NAMES: Final = {
    each.name: each
    for each in (
        Quoted("plasma_ng_ml", "Plasma", "Plasma", "ng/mL"),
        Quoted("lumbar_ng_ml", "Lumbar fluid", "Lumbar fluid", "ng/mL"),
        Quoted("cisternal_ng_ml", "Fluid at the brain stem", "Brain stem", "ng/mL"),
        Quoted(
            "ashworth_legs",
            "Ashworth score of the legs (1 to 5; the modified scale reads one less)",
            "Ashworth, legs",
            "",
        ),
        Quoted("penn", "Penn spasm score (0 to 4)", "Penn", ""),
        Quoted("tone", "Tone, of that without the drug", "Tone", "%", 100),
    )
}


class Outlook(NamedTuple):
    """What a model expects of an option; `found` is the prediction itself, None where it is unknown."""

    rows: tuple[Row, ...]
    found: dict[str, Any] | None


class Option(NamedTuple):
    """One plan, as one of several that stand side by side."""

    number: str
    title: str
    setting: str
    change: Change | None
    moves: tuple[Move, ...]
    rows: tuple[Row, ...]
    watch: tuple[str, ...]
    facts: str
    sources: tuple[str, ...]
    levels: tuple[Level, ...]
    outlook: Outlook | None


class Menu(NamedTuple):
    """The options of one kind; what all of them share is said once."""

    kind: str
    title: str
    says: str
    options: tuple[Option, ...]
    watch: tuple[str, ...]
    facts: str
    sources: tuple[str, ...]


class Denial(NamedTuple):
    """A kind of plan that the rules do not allow, why, and what lifts the refusal."""

    title: str
    why: str
    lifts: str
    facts: str


class Chore(NamedTuple):
    """A task: by when, what, and the finding behind it."""

    by: str
    day: str
    do: str
    because: str


class Sheet(NamedTuple):
    """Everything a screen shows of one advice."""

    head: Head
    cards: tuple[tuple[str, ...], ...]
    tally: str
    remarks: tuple[Remark, ...]
    pump: tuple[Row, ...]
    menus: tuple[Menu, ...]
    denials: tuple[Denial, ...]
    chores: tuple[Chore, ...]
    boxed: str
    closing: str
    learned: tuple[tuple[own.Line, ...], tuple[own.Table, ...]] = ((), ())
    orders: tuple[own.Table, ...] = ()


def sheet(found: dict[str, Any]) -> Sheet:
    """The rows of an advice, from the same dictionary that goes out as JSON."""
    findings = sorted(found["findings"], key=lambda each: list(GRADES).index(each["grade"]))
    pump = found["pump"]
    boxed = next((each["basis"] for each in findings if each["id"] == "refill"), "") if pump else ""
    return Sheet(
        head(found),
        tuple(tuple(each["card"]) for each in findings if each.get("card")),
        _tally(findings),
        tuple(_remark(each, boxed) for each in findings),
        pump_rows(found),
        _menus(found["plans"], pump, found["predictions"]),
        tuple(
            Denial(_kind(each["kind"]), each["why"], each["lifts"], ", ".join(each["facts"]))
            for each in found["refusals"]
        ),
        tuple(_chore(each, found["now"][:10]) for each in found["tasks"]),
        boxed,
        CLOSING,
        own.learned(found["estimate"]),
        own.ordered(found, KINDS),
    )


def head(found: dict[str, Any]) -> Head:
    """Whose advice this is, of when, and from what."""
    person, knowledge, now = found["person"], found["knowledge"], found["now"]
    away = now[19:]
    zone = "UTC" if away in ("+00:00", "Z") else f"UTC{away}"
    return Head(
        person["id"] or "id not on the chart",
        person["name"],
        f"born {person['born']}" if person["born"] else "birth date not on the chart",
        f"as of {moment(now)} ({zone})",
        now,
        f"knowledge {knowledge['version']} {knowledge['hash'][:8]}, {knowledge['jurisdiction']}; "
        f"chart {found['chart'][:8]}",
    )


def pump_rows(found: dict[str, Any]) -> tuple[Row, ...]:
    """How the pump stands; nothing where there is none."""
    return _pump(found["pump"], found["now"]) if found["pump"] else ()


# -- what must not break ------------------------------------------------------------------------------------------------


# Ranges and products, but not those of dates, which would be as wide as a small screen.
_RANGES: Final = re.compile(r"(?<![0-9,.:-])([0-9][0-9,.]*) (to|of|x|-) (?=[0-9])(?![0-9]{4}-)")
# Number words that `quantity.glued` does not know; a date and its time.
_TIES: Final = re.compile(
    r"(?<=[0-9]) (?=(?:minutes?|hours?|weeks?|months?|years?|times|doses?|steps?|people|options?|patients?)\b)"
    r"|(?<=[0-9]-[0-9]{2}) (?=[0-9]{2}:[0-9]{2})"
)
# Control characters, and those that turn the direction of writing: either could show a dose other than it is.
_UNSEEN: Final = dict.fromkeys(
    [*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)], " "
)


def glue(text: str) -> str:
    """`text` with no-break spaces wherever a line must not end, and without characters that nobody sees.

    >>> glue("4 x 5 mg daily from 2026-05-02 09:00").split(" ")
    ['4\\xa0x\\xa05\\xa0mg\\xa0daily', 'from', '2026-05-02\\xa009:00']
    """
    text = _RANGES.sub(rf"\1{NBSP}\2{NBSP}", text.translate(_UNSEEN))
    return glued(_TIES.sub(NBSP, text))


# -- the parts ---------------------------------------------------------------------------------------------------------


def _tally(findings: list[dict[str, Any]]) -> str:
    counts = [(sum(each["grade"] == grade for each in findings), grade) for grade in GRADES]
    return ", ".join(f"{plain(n)} {grade}{'' if n == 1 else 's'}" for n, grade in counts if n) or "none"


def _kind(kind: str) -> str:
    return KINDS.get(kind, kind.capitalize())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _sources(names: list[str]) -> tuple[str, ...]:
    """The sources, and at their end in one entry where they disagree."""
    word = "sources disagree: "
    disputes = [name.removeprefix(word) for name in names if name.startswith(word)]
    agreed = [name for name in names if not name.startswith(word)]
    return (*agreed, word + _listed(disputes)) if disputes else tuple(agreed)


def _remark(finding: dict[str, Any], boxed: str) -> Remark:
    why = "See the boxed warning." if boxed and finding["id"] == "refill" else finding["basis"]
    rows = [Row("Why", why), Row("What resolves it", finding["resolve"])]
    if finding["stops"]:
        rows.append(Row("No plan of", _listed(finding["stops"])))
    if finding.get("overridden"):
        rows.append(Row("Overridden", finding["overridden"]))
    return Remark(
        finding["id"],
        finding["grade"],
        GRADES[finding["grade"]],
        finding["says"],
        tuple(rows),
        _listed(finding["facts"]),
        _sources(finding["sources"]),
    )


def _pump(pump: dict[str, Any], now: str) -> tuple[Row, ...]:
    def past(iso: str) -> bool:
        return datetime.fromisoformat(iso) <= datetime.fromisoformat(now)

    strength = amount(pump["strength"]) if pump["strength"] else None
    device = [pump["device"], millilitres(pump["capacity_ml"])]
    device.append(f"line {millilitres(pump['line_ml'], '0.001')}")
    if pump["tip"]:
        device.append(f"tip {pump['tip']}")
    rows = [Row("Device", "; ".join(device))]
    rows.append(Row("Program", pump["program"] or "none on the chart"))
    if pump["program_since"]:
        rows.append(Row("Program since", moment(pump["program_since"])))
    if pump["daily_dose"]:
        rows.append(Row("Daily dose", _daily_dose(pump)))
    if mismatch := pump["concentration_mismatch"]:
        contained = " or ".join(amount(strength) for strength in mismatch["contained"])
        text = f"{amount(mismatch['programmed'])} programmed; {contained} in the reservoir: THEY DIFFER"
        rows.append(Row("Concentration", text))
    if pump["rate_ml_day"] is not None:
        rate = plain(Quantity(rounded(pump["rate_ml_day"], "0.001"), UNITS["mL/day"]))
        rows.append(Row("Rate", f"{rate} of {strength}" if strength else rate))
    if strength:
        rows.append(Row("Filled", f"{moment(pump['filled_at'])} with {strength}"))
    rows.append(Row("Left, expected", millilitres(pump["residual_ml"])))
    if measured := pump["residual_measured"]:
        rows.append(Row("Left, measured", _measured(measured)))
    alarm = f"at {millilitres(pump['alarm_ml'], '0.01')}"
    if pump["low_reservoir_at"]:
        alarm += f", reached {moment(pump['low_reservoir_at'])}"
    rows.append(Row("Alarm", alarm))
    if pump["empty_at"]:
        when = moment(pump["empty_at"])
        rows.append(Row("Empty", f"SINCE {when}" if past(pump["empty_at"]) else f"{when} if nothing changes"))
    if pump["refill_due"]:
        late = "OVERDUE since " if past(pump["refill_due"]) else ""
        governs = GOVERNS[pump["governed_by"]]
        rows.append(Row("Refill due", f"{late}{moment(pump['refill_due'])}: {governs} (this governs)"))
        rows.append(Row("Book by", moment(pump["book_by"]) + (": now" if past(pump["book_by"]) else "")))
    if pump["stability_end"]:
        rows.append(Row("Drug stable until", day(pump["stability_end"])))
    if end := pump["replacement_due"]:
        book_by = "now" if past(pump["replacement_book_by"]) else f"by {day(pump['replacement_book_by'])}"
        says = (
            f"OVERDUE since {day(end)}: its service ended"
            if past(end)
            else f"{day(end)}: its service ends; book {book_by}"
        )
        rows.append(Row("Replace pump by", says))
    if pump["arrives_at"]:
        word = "since" if past(pump["arrives_at"]) else "from"
        rows.append(Row("At the tip", f"{word} {moment(pump['arrives_at'])}"))
    if pump["bridge_until"]:
        rows.append(Row("Bridge", f"runs until {moment(pump['bridge_until'])}"))
    if not pump["delivery_certain"]:
        rows.append(Row("Delivery", "UNCERTAIN: what the pump delivered is not known"))
    if pump["unverified"]:
        names = _listed(name.rsplit(".", 1)[-1].replace("_", " ") for name in pump["unverified"])
        rows.append(Row("Not verified", f"{names} of this device: read in no manual"))
    return tuple(rows)


def _daily_dose(pump: dict[str, Any]) -> str:
    """The daily dose, and the one delivered where the reservoir holds another concentration than was programmed."""
    programmed, mismatch = amount(pump["daily_dose"]), pump["concentration_mismatch"]
    if not mismatch or not mismatch["delivered"]:
        return programmed
    delivered = " or ".join(amount(dose) for dose in mismatch["delivered"])
    return f"{programmed} programmed; about {delivered} delivered"


def _measured(measured: dict[str, Any]) -> str:
    if measured["balances"]:
        verdict = "balances"
    elif measured["explained"]:
        verdict = f"does not balance; explained: {measured['explained']}"
    else:
        verdict = "DOES NOT BALANCE; not explained"
    return (
        f"{millilitres(measured['measured_ml'])} on {moment(measured['at'])}, "
        f"{millilitres(measured['expected_ml'])} expected: {verdict}"
    )


def _menus(
    plans: list[dict[str, Any]], pump: dict[str, Any] | None, predictions: list[dict[str, Any]]
) -> tuple[Menu, ...]:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for each in plans:
        kinds.setdefault(each["kind"], []).append(each)
    foreseen = {each["plan"]: each for each in predictions}
    ahead = {id(plan): foreseen.get(n) for n, plan in enumerate(plans)}
    return tuple(_menu(kind, group, pump, [ahead[id(plan)] for plan in group]) for kind, group in kinds.items())


def _menu(
    kind: str, plans: list[dict[str, Any]], pump: dict[str, Any] | None, ahead: list[dict[str, Any] | None]
) -> Menu:
    def shared(name: str) -> list[str]:
        return plans[0][name] if all(each[name] == plans[0][name] for each in plans) else []

    watch, facts, sources = shared("watch"), shared("facts"), shared("sources")
    many = len(plans)
    return Menu(
        kind,
        _kind(kind),
        "1 option within the rules; it is not chosen."
        if many == 1
        else f"{plain(many)} options within the rules; none is chosen.",
        tuple(
            _option(f"Option {plain(i)} of {plain(many)}", each, pump, watch, facts, sources, prediction)
            for i, (each, prediction) in enumerate(zip(plans, ahead, strict=True), 1)
        ),
        tuple(watch),
        _listed(facts),
        _sources(sources),
    )


def _option(
    number: str,
    plan: dict[str, Any],
    pump: dict[str, Any] | None,
    watch: list[str],
    facts: list[str],
    sources: list[str],
    prediction: dict[str, Any] | None,
) -> Option:
    rows = [Row("Why", plan["why"])]
    for label, name in (("Incomplete", "incomplete"), ("Overridden", "overridden")):
        if plan.get(name):
            rows.append(Row(label, plan[name].removeprefix(f"{label}: ")))
    return Option(
        number,
        plan["option"],
        SETTINGS.get(plan["setting"], plan["setting"]),
        _change(plan, pump),
        tuple(_move(step) for step in plan["steps"]),
        tuple(rows),
        () if watch else tuple(plan["watch"]),
        "" if facts else _listed(plan["facts"]),
        () if sources else _sources(plan["sources"]),
        _levels(plan["steps"]),
        None if prediction is None else outlook(prediction),
    )


def outlook(found: dict[str, Any]) -> Outlook:
    """What is expected, in rows; or that nothing is, and why."""
    if "unknown" in found:
        return Outlook((Row("Expected", f"{UNKNOWN}: {found['unknown']}."),), None)
    rows = [Row(NAMES[name].title, f"{NAMES[name].says(found)}.") for name in NAMES if _shown(name, found)]
    if (scores := found["scores"]) is not None:
        shares = ", ".join(f"{plain(n)} in {_percent(each)}" for n, each in enumerate(scores, 1))
        rows.append(Row("A rater would score the legs then", f"{shares}; raters and visits differ."))
    if found["arrives"]:
        rows.append(Row("At the tip", f"{moment(found['arrives'])}; until then the line gives what stands in it."))
    if (onset := found["onset_h"]) is not None:
        until = " until the next" if len(found["changes"]) > 1 else ""
        rows.append(Row("First change", f"half of what it does to the tone{until} has come after {_hours(onset)}."))
    if (lost := found["lost_h"]) is not None:
        rows.append(Row("If the drug stopped now", f"half of its effect would be gone after {_hours(lost)}."))
    if found["worth"]:
        rows.append(Row("Scores that would say most", f"{_worth(found['worth'])}."))
    chances = [each for each in found["chances"] if each["share"] >= 0.005]
    none = [each for each in found["chances"] if each["share"] < 0.005]
    said = [f"{each['of']} in {_percent(each['share'])}" for each in chances]
    if none:
        said.append(f"in none or almost none: {'; '.join(each['of'] for each in none)}")
    if said:
        rows.append(Row("Of these people", f"{'; '.join(said)}."))
    assumes = "".join(f" {each[0].upper()}{each[1:]}." for each in found["assumes"])
    people = plain(found["people"])
    own = f"the patient's own scores and levels have {'narrowed them' if found['sharpened'] else 'not sharpened it'}"
    rows.append(
        Row(
            "How far to trust it",
            f"a scenario over {people} drawn people of this body and these kidneys, with the ends of 90% of them; "
            f"{own}, and parts of the models are assumed.{assumes}",
        )
    )
    return Outlook(tuple(rows), found)


def _worth(found: list[dict[str, Any]]) -> str:
    """At which hours, and how much of what is uncertain about the dose scores there would take."""

    def hours(each: dict[str, Any]) -> str:
        *before, last = (plain(figures(hour, 3)) for hour in each["hours"])
        return f"{', '.join(before)} and {last} h" if before else f"{last} h"

    one, *more = found
    together = "".join(f"; one each at {hours(each)} {_percent(each['share'])}" for each in more)
    return (
        f"one Ashworth score of the legs {hours(one)} after the bolus would take {_percent(one['share'])} of what is "
        f"uncertain about the daily dose{together}"
    )


def _shown(name: str, found: dict[str, Any]) -> bool:
    """Whether a quantity is worth a row: one measure of the tone, and the fluid only where drug is put into it."""
    if name not in found["bands"] or (name == "tone" and "ashworth_legs" in found["bands"]):
        return False
    return name not in ("lumbar_ng_ml", "cisternal_ng_ml") or found["route"] in ("spine", "both")


def _percent(share: float) -> str:
    return f"{plain(figures(100 * share, 2))}%" if share >= 0.005 else "almost none"


def _hours(spread: dict[str, float]) -> str:
    low, high = (plain(figures(spread[band], 2)) for band in ("p05", "p95"))
    return f"{plain(figures(spread['p50'], 2))} h ({low} to {high})"


def _change(plan: dict[str, Any], pump: dict[str, Any] | None) -> Change | None:
    """Old and new setting, for the plans that program the pump."""
    if not plan.get("program") or pump is None:
        return None
    new = next(amount(step["dose"]) for step in plan["steps"] if step["do"] == "program" and "dose" in step)
    old = amount(pump["daily_dose"]) if pump["daily_dose"] else ""
    before = pump["program"] or "no program on the chart"
    if "strength" in plan["program"] and "strength" not in before and pump["strength"]:
        before += f"; strength {amount(pump['strength'])}"
    return Change(old, before, new, plan["program"])


def _move(step: dict[str, Any]) -> Move:
    dose = amount(step["dose"]) if "dose" in step else ""
    if dose and "over_h" in step:
        dose += f" over {plain(Quantity.of(str(step['over_h']), 'h'))}"
    return Move(moment(step["at"]), step["at"], step["do"], dose, step["says"])


def _levels(steps: list[dict[str, Any]]) -> tuple[Level, ...]:
    """The daily doses of a plan that changes them more than once; empty for any other plan."""
    daily = [step for step in steps if "dose" in step and UNITS[step["dose"]["unit"]].kind == "daily dose"]
    if len(daily) < 2 or len({step["dose"]["unit"] for step in daily}) > 1:
        return ()
    levels = [
        Level(datetime.fromisoformat(step["at"]), float(step["dose"]["value"]), amount(step["dose"]), day(step["at"]))
        for step in daily
    ]
    last = steps[-1]
    stops = last["do"] == "stop"
    end = 0.0 if stops else levels[-1].daily
    return (*levels, Level(datetime.fromisoformat(last["at"]), end, "stop" if stops else "", day(last["at"])))


def _chore(task: dict[str, Any], today: str) -> Chore:
    late = "OVERDUE since" if task["by"] < today else "today," if task["by"] == today else "by"
    return Chore(f"{late} {task['by']}", task["by"], task["do"], task["because"])

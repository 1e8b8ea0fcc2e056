"""The plain text of a chart: one line an event, read strictly and written back unchanged.

`docs/chart.md` is the reference.  Each kind of event has one reader (words to event) and one writer (event to words);
a line that is not understood to its last word is refused with its number, what was read, and what would do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.orders import read_program, read_regimen
from eutonia.moment import MomentError, read_day, read_moment, start_of, zone
from eutonia.quantity import Quantity, QuantityError, number, plain


class Problem(Struct, frozen=True):
    """One thing that could not be read: where, what, and why."""

    line: int
    text: str
    says: str


_MOST: Final = 100


class ReadError(ValueError):
    """The input could not be read.  Nothing was kept; every problem is named with its place."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        self.source = source
        self.problems = problems
        super().__init__("\n".join(self.lines()))

    def lines(self) -> tuple[str, ...]:
        """One line a problem: file, line, what was read, what is wrong and what would do."""
        return tuple(
            f"{self.source}, line {p.line}: {nameless(p.says)}" + (f"  (read: '{nameless(p.text)}')" if p.text else "")
            if p.line
            else f"{self.source}: {nameless(p.says)}"
            for p in self.problems[:_MOST]
        ) + ((f"... and {len(self.problems) - _MOST} more",) if len(self.problems) > _MOST else ())


_NAME: Final = re.compile(r"((?:^|;|'|nick)\s*)name\s+[^;')]+", re.IGNORECASE)


def nameless(text: str) -> str:
    """The text without a patient's name: an error may end in a log."""
    return _NAME.sub(r"\1name ...", text)


class Details:
    """The pieces of a line between semicolons, taken one by one; whatever is left at the end is an error."""

    def __init__(self, body: str) -> None:
        first, *rest = (" ".join(piece.split()) for piece in body.split(";"))
        if any(not piece for piece in rest):
            raise QuantityError("there is nothing between or after a ';'; leave the ';' out or write the detail")
        self.first = first
        self.rest = rest

    def take(self, *names: str) -> str | None:
        """The text after the first piece that starts with one of the words, or none."""
        for place, piece in enumerate(self.rest):
            for name in names:
                if piece.startswith(name + " "):
                    del self.rest[place]
                    return piece[len(name) + 1 :]
        return None

    def flag(self, name: str) -> bool:
        """Whether a piece is exactly this word."""
        if name in self.rest:
            self.rest.remove(name)
            return True
        return False

    def quantity(self, name: str, kind: str) -> Quantity | None:
        """The quantity after the piece that starts with this word."""
        found = self.take(name)
        return None if found is None else Quantity.read(found, kind)

    def empty(self) -> None:
        """Nothing may stand on this line but its kind."""
        if self.first:
            raise QuantityError(f"'{self.first}' was not understood here; leave it out")


def _one_of(text: str, *allowed: str) -> str:
    if text not in allowed:
        raise QuantityError(f"'{text}' is not known here; write one of: {', '.join(allowed)}")
    return text


def _needed(text: str, example: str) -> str:
    if not text:
        raise QuantityError(f"something is missing; write it such as '{example}'")
    return text


# --- readers: the pieces of a line to what happened ---------------------------------------------------------------


def _person(d: Details) -> e.Person:
    pieces = [d.first, *d.rest]
    d.first, d.rest = "", pieces
    id_ = d.take("id")
    if id_ is None:
        raise QuantityError("a person needs an id; write 'person id A-17; born 1979-04-11; sex female'")
    born, sex = d.take("born"), d.take("sex")
    return e.Person(
        id_,
        read_day(born) if born else None,
        _one_of(sex, "female", "male", "other") if sex else None,  # type: ignore[arg-type]
        d.take("name"),
    )


_LEVEL: Final = re.compile(r"(?:C[1-8]|T(?:1[0-2]|[1-9])|L[1-5]|S[1-5])")


def _level(text: str) -> str:
    if not _LEVEL.fullmatch(text):
        raise QuantityError(f"'{text}' is not a vertebral level; write one from C1 to S5, such as 'T6'")
    return text


def _condition(d: Details) -> e.Condition:
    level, origin, since = d.take("level"), d.take("origin"), d.take("since")
    return e.Condition(
        _needed(d.first, "condition multiple sclerosis; origin spinal"),
        _level(level) if level else None,
        _one_of(origin, "spinal", "cerebral") if origin else None,  # type: ignore[arg-type]
        read_day(since) if since else None,
        d.flag("resolved"),
        d.flag("severe"),
    )


def _allergy(d: Details) -> e.Allergy:
    if _needed(d.first, "allergy none known") == "none known":
        return e.Allergy(None)
    if d.first in ("none", "no", "nil", "unknown"):
        raise QuantityError(
            f"'allergy {d.first}' can be read two ways; write 'allergy none known', or name the substance"
        )
    return e.Allergy(d.first, d.rest.pop(0) if d.rest else None)


def _medication(d: Details) -> e.Medication:
    text = "; ".join([_needed(d.first, "medication oxycodone 5 mg four times a day"), *d.rest])
    d.rest = []
    if text.startswith("stop "):
        return e.Medication(text[5:], stopped=True)
    return e.Medication(text)


def _medications(d: Details) -> e.Medications:
    return e.Medications(none=_one_of(d.first, "no others", "none") == "none")


def _pregnancy(d: Details) -> e.Pregnancy:
    status, _, weeks = d.first.partition(", ")
    _one_of(status, "no", "yes", "not asked", "ended")
    count = None
    if weeks:
        found = Quantity.read(weeks, "time")
        if status != "yes" or found.unit.name != "weeks" or not 0 <= found.value <= 44:
            raise QuantityError(f"'{d.first}' was not understood; write 'yes, 20 weeks', 'no' or 'not asked'")
        count = int(found.value)
    outcome = d.rest.pop(0) if status == "ended" and d.rest else None
    return e.Pregnancy(status, count, outcome)  # type: ignore[arg-type]


def _breastfeeding(d: Details) -> e.Breastfeeding:
    if d.first in ("no", "yes"):
        return e.Breastfeeding("yes" if d.first == "yes" else "no")
    if d.first.startswith("infant born "):
        return e.Breastfeeding("yes", read_day(d.first[12:]))
    raise QuantityError(f"'{d.first}' was not understood; write 'infant born 2025-12-01', 'yes' or 'no'")


LABS: Final = {
    "creatinine": "creatinine",
    "egfr": "indexed clearance",
    "clearance": "clearance",
    "plasma": "concentration",
    "csf": "concentration",
    "lumbar": "concentration",
    "aspirate": "concentration",
    "ck": "enzyme",
}


def _lab(d: Details) -> e.Lab:
    test, _, value = d.first.partition(" ")
    test = {"egfr": "egfr", "crcl": "clearance"}.get(test.lower(), test)
    if test not in LABS:
        raise QuantityError(f"'{test}' is not a test that is read here; write one of: {', '.join(LABS)}")
    found = Quantity.read(value, None if test == "egfr" else LABS[test])
    if test == "egfr" and found.kind == "clearance":
        raise QuantityError(
            f"'{d.first}': an eGFR in mL/min is either indexed or absolute; write 'lab egfr {plain(found.value)} mL/min/1.73 m2' "
            f"or 'lab clearance {plain(found)}'"
        )
    if found.kind != LABS[test]:
        raise QuantityError(f"'{value}' is not a unit of {test}; write it such as '60 mL/min/1.73 m2'")
    if not found.value:
        raise QuantityError(f"'{d.first}' cannot be zero")
    return e.Lab(test, found)


SCALES: Final = {
    "ashworth": ("0", "1", "2", "3", "4", "5"),
    "modified ashworth": ("0", "1", "1+", "2", "3", "4"),
    "penn": ("0", "1", "2", "3", "4"),
}


def _score(d: Details) -> e.Score:
    marks: list[e.Mark] = []
    scale = ""
    for piece in [_needed(d.first, "score ashworth legs 3; arms 2; penn 3"), *d.rest]:
        words = piece.split()
        if words[:2] == ["modified", "ashworth"]:
            scale, words = "modified ashworth", words[2:]
        elif words[0] in ("ashworth", "penn", "h/m"):
            scale, words = words[0], words[1:]
        if not scale or not words:
            raise QuantityError(
                f"'{piece}' does not name its scale and value; write 'ashworth legs 3', 'penn 3' or 'h/m 0.4'"
            )
        value, where = words[-1], " ".join(words[:-1])
        if scale == "h/m":
            number(value)
        elif value not in SCALES[scale]:
            hint = "; 1+ stands on the modified scale: write 'modified ashworth legs 1+'" if value == "1+" else ""
            raise QuantityError(f"'{value}' is not a value of the {scale} scale ({', '.join(SCALES[scale])}){hint}")
        if scale.endswith("ashworth") and not where:
            raise QuantityError(f"'{piece}' does not say where; write '{scale} legs {value}'")
        marks.append(e.Mark(scale, where, value))
    if len({(m.scale, m.where) for m in marks}) < len(marks):
        raise QuantityError(f"'{'; '.join([d.first, *d.rest])}' scores the same thing twice")
    d.rest = []
    return e.Score(tuple(marks))


def _oral(d: Details) -> e.Oral:
    if d.first == "stop":
        return e.Oral(None)
    return e.Oral(read_regimen(_needed(d.first, "oral 5 mg three times a day"), d.quantity("liquid", "strength")))


def _failed(d: Details) -> e.Failed:
    words = _needed(d.first, "failed oral baclofen 80 mg/day; no effect").removeprefix("oral ").split()
    place = next((n for n, word in enumerate(words) if word[0].isdigit()), len(words))
    drug = " ".join(words[:place]).lower()
    dose = Quantity.read(" ".join(words[place:]), "daily dose") if place < len(words) else None
    outcome = d.rest.pop(0) if d.rest else ""
    if not drug or any(sign in drug for sign in ("/", " mg", " mcg")):
        raise QuantityError(
            f"'{d.first}' does not name a drug and perhaps its daily dose; write 'failed oral baclofen 80 mg/day; no effect'"
        )
    return e.Failed(drug, dose, _one_of(outcome, "no effect", "intolerable"))  # type: ignore[arg-type]


def _trial(d: Details) -> e.Trial:
    dose = Quantity.read(d.first, "amount")
    if not dose.value:
        raise QuantityError("a screening bolus of zero; leave the line out")
    return e.Trial(dose, d.take("checked by"))


def _response(d: Details) -> e.Response:
    outcome = _one_of(d.first, "positive", "none")
    return e.Response(outcome, d.quantity("lasted", "time"))  # type: ignore[arg-type]


def _implant(d: Details) -> e.Implant:
    words = _needed(d.first, "implant SynchroMed II 20 mL; line 0.364 mL; tip T10").split()
    if len(words) < 3 or any(word[0].isdigit() for word in words[:-2]):
        raise QuantityError(
            f"'{d.first}' needs the device and the size of its reservoir, such as 'SynchroMed II 20 mL'"
        )
    tip, clock, catheter = d.take("tip"), d.take("clock"), d.take("catheter")
    if clock:
        zone(clock)
    return e.Implant(
        " ".join(words[:-2]),
        _positive(Quantity.read(" ".join(words[-2:]), "volume")),
        _line(d),
        _level(tip) if tip else None,
        d.quantity("alarm", "volume"),
        clock,
        _one_of(catheter, "kept", "new") if catheter else None,  # type: ignore[arg-type]
    )


def _positive(found: Quantity) -> Quantity:
    if not found.value:
        raise QuantityError(f"'{plain(found)}' cannot be zero")
    return found


def _line(d: Details) -> Quantity | None:
    found = d.quantity("line", "volume")
    return None if found is None else _positive(found)


def _revision(d: Details) -> e.Revision:
    tip = d.take("tip")
    return e.Revision(
        _needed(d.first, "revision catheter; line 0.3 mL; tip T8"), _line(d), _level(tip) if tip else None
    )


def _refill(d: Details) -> e.Refill:
    volume, of, strength = _needed(d.first, "refill 18 mL of 500 mcg/mL").partition(" of ")
    if not of:
        raise QuantityError(f"'{d.first}' needs volume and strength, such as '18 mL of 500 mcg/mL'")
    return e.Refill(
        _positive(Quantity.read(volume, "volume")),
        _positive(Quantity.read(strength, "strength")),
        d.quantity("product", "strength"),
        d.take("lot"),
        d.take("checked by"),
    )


def _program(d: Details) -> e.Programmed:
    checked_by = d.take("checked by")
    pieces = [_needed(d.first, "program continuous 100 mcg/day"), *d.rest]
    d.rest = []
    return e.Programmed(read_program(pieces), checked_by)


def _bridge(d: Details) -> e.Bridge:
    dose, _, over = _needed(d.first, "bridge 182 mcg over 14.6 h").partition(" over ")
    amount, hours = _positive(Quantity.read(dose, "amount")), _positive(Quantity.read(over, "time"))
    return e.Bridge(amount, hours, d.take("checked by"))


DEVICE: Final = (
    "stall", "stall recovered", "alarm low reservoir", "alarm critical", "alarm", "mri", "telemetry lost",
    "replacement indicator", "read out, no alarms",
)  # fmt: skip


_STALL: Final = "read out, stall "


def _device(d: Details) -> e.Device:
    if not d.first.startswith(_STALL):
        return e.Device(_one_of(d.first, *DEVICE))
    begin, to, end = d.first.removeprefix(_STALL).partition(" to ")
    example = "device read out, stall 2026-01-10 09:20 to 2026-01-10 21:20"
    if not to:
        raise QuantityError(f"'{d.first}' needs both times of the stall; write it such as '{example}'")
    times = []
    for text in (begin, end):
        day, _, clock = text.partition(" ")
        # The clinic's zone is not known here; the order of two local times does not need it.
        instant = read_moment(day, clock or None, UTC).instant
        if instant is None:
            raise QuantityError(f"'{text}' has no time of day; write the stall such as '{example}'")
        times.append(instant)
    if not times[0] < times[1]:
        raise QuantityError(f"the stall ends at '{end}', before it begins at '{begin}'; write the earlier time first")
    return e.Device(_STALL.strip(), begin, end)


def _aspirated(d: Details) -> e.Aspirated:
    place, _, volume = d.first.partition(" ")
    _one_of(place, "catheter")
    return e.Aspirated(Quantity.read(volume, "volume") if volume else None)


def _explained(d: Details) -> e.Explained:
    what = _one_of(
        _needed(d.first, "explained residual; catheter leak found and repaired"), "residual", "delivery", "refill"
    )
    if not d.rest:
        raise QuantityError(
            f"'explained {what}' needs how; write 'explained {what}; catheter leak found and repaired; by ...'"
        )
    return e.Explained(what, d.rest.pop(0))  # type: ignore[arg-type]


CLASSES: Final = ("effect", "emergency", "unrelated")


def _symptom(d: Details) -> e.Symptom:
    text, resolved = _needed(d.first, "symptom somnolence"), d.flag("resolved")
    classes = [name for name in CLASSES if d.flag(name)]
    if len(classes) > 1 or (classes and resolved):
        raise QuantityError(f"'{text}' has more than one of: resolved, {', '.join(CLASSES)}; write one")
    return e.Symptom(text, resolved, classes[0] if classes else None)  # type: ignore[arg-type]


REQUESTS: Final = (
    "start oral", "titrate oral", "taper oral", "trial", "start pump", "adjust up", "adjust down", "adjust to",
    "refill", "strength", "holiday", "restart",
)  # fmt: skip


def _request(d: Details) -> e.Request:
    text = _needed(d.first, "request adjust up")
    dose = strength = None
    kind = text
    if text.startswith("adjust to "):
        kind, dose = "adjust to", Quantity.read(text[10:], "daily dose")
    elif text.startswith("strength "):
        kind, strength = "strength", _positive(Quantity.read(text[9:], "strength"))
    _one_of(kind, *REQUESTS)
    if kind in ("adjust to", "strength") and dose is None and strength is None:
        raise QuantityError(f"'{text}' needs a value, such as 'adjust to 150 mcg/day' or 'strength 2000 mcg/mL'")
    setting = "inpatient" if d.flag("inpatient") else "outpatient" if d.flag("outpatient") else None
    return e.Request(
        kind,
        dose,
        strength,
        d.quantity("volume", "volume"),
        setting,
        d.take("alternative"),
        d.quantity("liquid", "strength"),
    )


def _decision(d: Details) -> e.Decision:
    topic, _, outcome = _needed(d.first, "decision pregnancy benefit outweighs risk; by Dr Example").partition(" ")
    _one_of(topic, "pregnancy")
    return e.Decision(topic, _one_of(outcome, "benefit outweighs risk", "risk outweighs benefit"))


def _override(d: Details) -> e.Override:
    what = _needed(d.first, "override kidney; by Dr Example; because dialysis starts tomorrow")
    because = d.take("because")
    if because is None:
        raise QuantityError("an override needs a reason; write '; because ...'")
    return e.Override(what, because)


def _dialysis(d: Details) -> e.Dialysis:
    return e.Dialysis(stopped=_one_of(d.first or "yes", "yes", "stopped") == "stopped")


def _contact(d: Details) -> e.Contact:
    d.empty()
    return e.Contact()


def _note(d: Details) -> e.Note:
    text = "; ".join([_needed(d.first, "note talked about diet"), *d.rest])
    d.rest = []
    return e.Note(text)


_READERS: Final[dict[str, Callable[[Details], e.What]]] = {
    "person": _person,
    "weight": lambda d: e.Weight(_positive(Quantity.read(d.first, "weight"))),
    "height": lambda d: e.Height(_positive(Quantity.read(d.first, "height"))),
    "condition": _condition,
    "allergy": _allergy,
    "medication": _medication,
    "medications": _medications,
    "pregnancy": _pregnancy,
    "breastfeeding": _breastfeeding,
    "lab": _lab,
    "score": _score,
    "oral": _oral,
    "failed": _failed,
    "trial": _trial,
    "response": _response,
    "implant": _implant,
    "explant": lambda d: e.Explant(d.first or None),
    "revision": _revision,
    "refill": _refill,
    "program": _program,
    "bridge": _bridge,
    "prime": lambda d: e.Prime(_positive(Quantity.read(d.first, "volume"))),
    "residual": lambda d: e.Residual(Quantity.read(d.first, "volume")),
    "emptied": lambda d: e.Emptied(Quantity.read(_needed(d.first, "emptied 12 mL"), "volume")),
    "aspirated": _aspirated,
    "device": _device,
    "explained": _explained,
    "symptom": _symptom,
    "request": _request,
    "decision": _decision,
    "override": _override,
    "contact": _contact,
    "dialysis": _dialysis,
    "eeg": lambda d: e.Eeg(d.first or None),
    "interruption": lambda d: e.Interruption(_one_of(d.first, "supply lost", "nothing by mouth", "surgery")),  # type: ignore[arg-type]
    "note": _note,
}

KINDS: Final = tuple(_READERS)

# These kinds say by themselves what happened; for them a moment with nobody's name is still no override or decision.
_SIGNED: Final = (e.Override, e.Decision)

_LINE: Final = re.compile(r"(?P<day>\S+)\s+(?:(?P<time>[0-9]\S*)\s+)?(?P<kind>\S+)(?:\s+(?P<body>.*))?")


def read_line(line: str) -> tuple[str, str | None, e.What, str | None]:
    """Day, time, what happened and who wrote it, from one line without its comment."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise QuantityError("a line needs a date and what happened, such as '2026-01-05 weight 72 kg'")
    day, time, kind, body = found.groups("")
    read_day(day)
    what, by = _read(kind, body)
    return day, time or None, what, by


# Kept, since a chart is read again whenever it has grown by a line, and many charts say the same on other days.
@lru_cache(maxsize=20_000)
def _read(kind: str, body: str) -> tuple[e.What, str | None]:
    """What happened and who wrote it, from the words of a line after its moment."""
    reader = _READERS.get(kind)
    if reader is None:
        raise QuantityError(f"'{kind}' is not a kind of event; write one of: {', '.join(KINDS)}")
    details = Details(body)
    by = None if reader is _note else details.take("by")
    what = reader(details)
    if details.rest:
        raise QuantityError(
            f"'{details.rest[0]}' was not understood on a '{kind}' line; leave it out or write it as a note"
        )
    if by is None and isinstance(what, _SIGNED):
        raise QuantityError(f"a line of kind '{kind}' needs who decided; write '; by ...'")
    return what, by


# What would break a line in two, or hide part of it.
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


def uncommented(line: str) -> str:
    """The line without its comment and surrounding space."""
    return line.partition("#")[0].strip()


class Placer:
    """Gives each event its instant: a date without a time stands where it is written among the events of its day."""

    def __init__(self, home: tzinfo) -> None:
        self.home = home
        self.last: dict[date, datetime] = {}

    def place(self, day_text: str, time_text: str | None) -> tuple[datetime, str, bool]:
        """The instant, the moment as written, and whether only a day was written."""
        written = read_moment(day_text, time_text, self.home)
        if written.instant is None:
            at = self.last.get(written.day) or start_of(written.day, self.home)
        else:
            at = written.instant
            self.last[written.day] = at
        return at, written.text, written.instant is None


def read_text(text: str, source: str, home: tzinfo) -> tuple[e.Event, ...]:
    """The events of a chart's text, in the order in which they were written; all problems are reported together."""
    events: list[e.Event] = []
    problems: list[Problem] = []
    placer = Placer(home)
    lines = text.removeprefix("\ufeff").split("\n")
    clean = not CONTROL.search(text.replace("\n", ""))
    for number_, line in enumerate(lines, 1):
        content = uncommented(line)
        if not clean and CONTROL.search(line.removesuffix("\r")):
            says = "a line holds a control character; end lines with a line feed, and use plain spaces and tabs"
            problems.append(Problem(number_, "", says))
            continue
        if not content:
            continue
        try:
            day, time_text, what, by = read_line(content)
            at, written, day_only = placer.place(day, time_text)
        except (QuantityError, MomentError) as error:
            problems.append(Problem(number_, content, str(error)))
            continue
        events.append(e.Event(at, what, written, day_only, by, number_, line))
    if problems:
        raise ReadError(source, tuple(problems))
    return tuple(events)


# --- writers: what happened to the words of its line ----------------------------------------------------------------


def _join(*pieces: str | None) -> str:
    return "; ".join(piece for piece in pieces if piece)


def _opt(name: str, value: Quantity | str | date | None) -> str | None:
    return None if value is None else f"{name} {_exact(value) if isinstance(value, Quantity) else value}"


def _exact(value: Quantity) -> str:
    return value.written


def _write_score(s: e.Score) -> str:
    pieces, scale = [], ""
    for mark in s.marks:
        words = ([mark.scale] if mark.scale != scale else []) + ([mark.where] if mark.where else []) + [mark.value]
        scale = mark.scale
        pieces.append(" ".join(words))
    return "; ".join(pieces)


def _write_pregnancy(p: e.Pregnancy) -> str:
    return f"{p.status}, {p.weeks} weeks" if p.weeks is not None else _join(p.status, p.outcome)


def _write_request(r: e.Request) -> str:
    head = f"{r.kind} {_exact(r.dose)}" if r.dose else f"{r.kind} {_exact(r.strength)}" if r.strength else r.kind
    return _join(
        head, _opt("volume", r.volume), r.setting, _opt("alternative", r.alternative), _opt("liquid", r.liquid)
    )


_WRITERS: Final[dict[type, tuple[str, Callable[[Any], str]]]] = {
    e.Person: (
        "person",
        lambda p: _join(_opt("id", p.id), _opt("born", p.born), _opt("sex", p.sex), _opt("name", p.name)),
    ),
    e.Weight: ("weight", lambda w: _exact(w.value)),
    e.Height: ("height", lambda h: _exact(h.value)),
    e.Condition: (
        "condition",
        lambda c: _join(
            c.name,
            _opt("level", c.level),
            _opt("origin", c.origin),
            _opt("since", c.since),
            "resolved" if c.resolved else None,
            "severe" if c.severe else None,
        ),
    ),
    e.Allergy: ("allergy", lambda a: _join(a.substance or "none known", a.reaction)),
    e.Medication: ("medication", lambda m: ("stop " if m.stopped else "") + m.text),
    e.Medications: ("medications", lambda m: "none" if m.none else "no others"),
    e.Pregnancy: ("pregnancy", _write_pregnancy),
    e.Breastfeeding: ("breastfeeding", lambda b: f"infant born {b.infant_born}" if b.infant_born else b.status),
    e.Lab: ("lab", lambda lab: f"{lab.test} {_exact(lab.value)}"),
    e.Score: ("score", _write_score),
    e.Oral: ("oral", lambda o: _join(o.regimen.written, _opt("liquid", o.regimen.liquid)) if o.regimen else "stop"),
    e.Failed: ("failed", lambda f: _join(f"{f.drug} {_exact(f.dose)}" if f.dose else f.drug, f.outcome)),
    e.Trial: ("trial", lambda t: _join(_exact(t.dose), _opt("checked by", t.checked_by))),
    e.Response: ("response", lambda r: _join(r.outcome, _opt("lasted", r.lasted))),
    e.Implant: (
        "implant",
        lambda i: _join(
            f"{i.device} {_exact(i.capacity)}",
            _opt("line", i.line),
            _opt("tip", i.tip),
            _opt("alarm", i.alarm),
            _opt("clock", i.clock),
            _opt("catheter", i.catheter),
        ),
    ),
    e.Explant: ("explant", lambda x: x.reason or ""),
    e.Revision: ("revision", lambda r: _join(r.what, _opt("line", r.line), _opt("tip", r.tip))),
    e.Refill: (
        "refill",
        lambda r: _join(
            f"{_exact(r.volume)} of {_exact(r.strength)}",
            _opt("product", r.product),
            _opt("lot", r.lot),
            _opt("checked by", r.checked_by),
        ),
    ),
    e.Programmed: ("program", lambda p: _join(p.program.written, _opt("checked by", p.checked_by))),
    e.Bridge: ("bridge", lambda b: _join(f"{_exact(b.dose)} over {_exact(b.over)}", _opt("checked by", b.checked_by))),
    e.Prime: ("prime", lambda p: _exact(p.volume)),
    e.Residual: ("residual", lambda r: _exact(r.volume)),
    e.Emptied: ("emptied", lambda x: _exact(x.volume)),
    e.Aspirated: ("aspirated", lambda x: f"catheter {_exact(x.volume)}" if x.volume else "catheter"),
    e.Device: ("device", lambda d: f"{d.what} {d.begin} to {d.end}" if d.begin else d.what),
    e.Explained: ("explained", lambda x: _join(x.what, x.how)),
    e.Symptom: ("symptom", lambda s: _join(s.text, "resolved" if s.resolved else None, s.classified)),
    e.Request: ("request", _write_request),
    e.Decision: ("decision", lambda d: f"{d.topic} {d.outcome}"),
    e.Override: ("override", lambda o: _join(o.what, _opt("because", o.because))),
    e.Contact: ("contact", lambda _: ""),
    e.Dialysis: ("dialysis", lambda d: "stopped" if d.stopped else ""),
    e.Eeg: ("eeg", lambda g: g.result or ""),
    e.Interruption: ("interruption", lambda i: i.what),
    e.Note: ("note", lambda n: n.text),
}


def kind_of(what: e.What) -> str:
    """The word that opens the line of this kind of event."""
    return _WRITERS[type(what)][0]


def line_of(what: e.What) -> str:
    """What happened as a line of the chart says it, without moment and writer."""
    kind, write = _WRITERS[type(what)]
    body = write(what)
    return f"{kind} {body}" if body else kind


def written(event: e.Event) -> str:
    """The event as one line in its plainest form; reading it gives the same event."""
    line = f"{event.written} {line_of(event.what)}"
    if event.by:
        line += f"; by {event.by}" if line_of(event.what) != kind_of(event.what) else f" ; by {event.by}"
    return line

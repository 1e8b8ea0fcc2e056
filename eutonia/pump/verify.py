"""What the pump reports back, compared field by field with what was meant; an absent field is a difference."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program, read_program
from eutonia.chart.text import Problem, ReadError, uncommented
from eutonia.moment import MomentError, read_instant, shown
from eutonia.pump.reservoir import PumpState
from eutonia.quantity import Quantity, QuantityError, plain, rounded

_CLOCK_TOLERANCE: Final = timedelta(minutes=5)


class Difference(Struct, frozen=True):
    """One field in which the pump and the order are not the same."""

    field: str
    meant: str
    reported: str


class Bolus(Struct, frozen=True):
    """A bridge bolus as the pump reports it; without a dose and hours, none is set."""

    dose: Quantity | None = None
    over: Quantity | None = None

    @property
    def written(self) -> str:
        """The bolus in the words of a read-back."""
        if self.dose is None or self.over is None:
            return "none"
        return f"{plain(self.dose)} over {plain(self.over)}"


class Verification(Struct, frozen=True):
    """The outcome: every field that was compared, every difference, and the stop findings of the chart.

    stops: the id and the text of each stop finding; a read-back that agrees with a wrong chart is not right.
    """

    compared: tuple[str, ...]
    differences: tuple[Difference, ...]
    stops: tuple[tuple[str, str], ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether each field of the read-back is what was meant."""
        return not self.differences


class ReadBack(Struct, frozen=True):
    """The pump's report, as it was typed or printed; a missing field is none."""

    device: str | None = None
    strength: Quantity | None = None
    program: Program | None = None
    daily: Quantity | None = None
    rate: Quantity | None = None
    reservoir: Quantity | None = None
    alarm: Quantity | None = None
    line: Quantity | None = None
    clock: datetime | None = None
    patient: str | None = None
    bridge: Bolus | None = None


FIELDS: Final = (
    "patient", "device", "strength", "program", "daily dose", "rate", "reservoir", "alarm", "line", "clock", "bridge",
)  # fmt: skip


def read_back(text: str, source: str, facts: Facts) -> ReadBack:
    """The read-back written as one field a line, such as 'strength 500 mcg/mL'; see docs/pump.md.

    The pump's clock is written without a zone, in the pump's own hours.
    """
    readers: dict[str, tuple[str, Callable[[str], object]]] = {
        "patient": ("patient", str),
        "device": ("device", str),
        "strength": ("strength", lambda t: Quantity.read(t, "strength")),
        "program": ("program", lambda t: read_program([" ".join(p.split()) for p in t.split(";")])),
        "daily dose": ("daily", lambda t: Quantity.read(t, "daily dose")),
        "rate": ("rate", lambda t: Quantity.read(t, "flow")),
        "reservoir": ("reservoir", lambda t: Quantity.read(t, "volume")),
        "alarm": ("alarm", lambda t: Quantity.read(t, "volume")),
        "line": ("line", lambda t: Quantity.read(t, "volume")),
        "clock": ("clock", lambda t: read_instant(t, UTC).instant),
        "bridge": ("bridge", _read_bridge),
    }
    found: dict[str, object] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        content = " ".join(uncommented(line).split())
        if not content:
            continue
        name = next((f for f in FIELDS if content.startswith(f + " ")), None)
        if name is None:
            problems.append(
                Problem(number, content, f"this is not a field of a read-back; write one of: {', '.join(FIELDS)}")
            )
            continue
        attribute, reader = readers[name]
        if attribute in found:
            problems.append(Problem(number, content, f"'{name}' stands twice"))
            continue
        try:
            found[attribute] = reader(content[len(name) + 1 :])
        except (QuantityError, MomentError) as error:
            problems.append(Problem(number, content, str(error)))
    if problems or not found:
        empty = Problem(0, "", "the read-back is empty; write one field a line, such as 'strength 500 mcg/mL'")
        raise ReadError(source, tuple(problems) or (empty,))
    return ReadBack(**found)  # type: ignore[arg-type]


def _read_bridge(text: str) -> Bolus:
    if text == "none":
        return Bolus()
    dose, over, hours = text.partition(" over ")
    if not over:
        raise QuantityError(f"'{text}' is no bridge bolus; write one such as '182 mcg over 14.56 h', or 'none'")
    return Bolus(Quantity.read(dose.strip(), "amount"), Quantity.read(hours.strip(), "time"))


def verify(pump: PumpState, back: ReadBack, facts: Facts) -> Verification:
    """Compares every field of the read-back with what the chart says was meant.

    A value is the same only if it is exactly the same; the reservoir's expected volume, which both sides compute, may
    differ by 0.1 mL.  A field that the pump did not report is a difference, and so is one that the chart cannot give.
    A concentration inside a program line, of the pump or of the chart, must be the one in the reservoir.
    """
    differences: list[Difference] = []

    def compare(name: str, meant: str | None, reported: str | None, same: bool) -> None:
        if meant is None or reported is None or not same:
            differences.append(Difference(name, meant or "not on the chart", reported or "not reported"))

    program, strength = pump.program, pump.strength
    id_ = getattr(getattr(facts.person, "value", None), "id", None)
    compare("patient", id_, back.patient, id_ == back.patient)
    device = f"{pump.implant.device} {plain(pump.implant.capacity)}"
    compare("device", device, back.device, (back.device or "").lower() == device.lower())
    compare("strength", _shown(strength), _shown(back.strength), strength == back.strength)
    compare(
        "program",
        _program_meant(pump, back),
        back.program.written if back.program else None,
        program is not None and back.program is not None and program.same_delivery(back.program),
    )
    if program is not None and back.program is not None and program.same_delivery(back.program):
        wrong = not all(inside in _concentrations(pump) for inside in _inside(program, back.program))
        compare("program", _program_meant(pump, back), back.program.written, not wrong)
    daily = program.daily if program else None
    compare("daily dose", _shown(daily), _shown(back.daily), daily == back.daily)
    rate = _rate(program, strength)
    reported_rate = rounded(back.rate.value, "0.001") if back.rate else None
    compare(
        "rate",
        None if rate is None else f"{plain(rate)} mL/day",
        _shown(back.rate),
        rate is not None and reported_rate == rate,
    )
    left = None if pump.left_ml is None else rounded(pump.left_ml, "0.1")
    compare(
        "reservoir",
        None if left is None else f"{plain(left)} mL",
        _shown(back.reservoir),
        left is not None and back.reservoir is not None and abs(back.reservoir.value - left) <= Decimal("0.1"),
    )
    compare("alarm", plain(pump.alarm_ml), _shown(back.alarm), back.alarm == pump.alarm_ml)
    compare("line", _shown(pump.line_volume), _shown(back.line), back.line == pump.line_volume)
    meant_clock = shown(facts.now + pump.clock)
    reported_clock = None if back.clock is None else shown(back.clock)
    compare(
        "clock",
        meant_clock,
        reported_clock,
        back.clock is not None and abs(back.clock - (facts.now + pump.clock)) <= _CLOCK_TOLERANCE,
    )
    bridge = _bridge_meant(pump, facts)
    compare(
        "bridge",
        bridge.written if bridge else None,
        back.bridge.written if back.bridge else None,
        bridge == back.bridge,
    )
    return Verification(FIELDS, tuple(differences))


def _inside(*programs: Program) -> tuple[Quantity, ...]:
    """The concentrations that stand inside these program lines."""
    return tuple(program.strength for program in programs if program.strength is not None)


def _concentrations(pump: PumpState) -> tuple[Quantity | None, ...]:
    """The concentrations that a program line may name: that of the reservoir, and the old one while a bridge carries it."""
    return (pump.strength, pump.told) if pump.bridge_running_until is not None else (pump.strength,)


def _program_meant(pump: PumpState, back: ReadBack) -> str | None:
    """The program as it is meant, with the concentration of the reservoir where a line names another one."""
    program = pump.program
    if program is None:
        return None
    named = _inside(program, *([back.program] if back.program else []))
    if all(inside in _concentrations(pump) for inside in named):
        return program.written
    wanted = replace(program, strength=pump.strength).written
    if program.strength is None or program.strength in _concentrations(pump):
        return wanted
    return f"{wanted} (the program line of the chart says {plain(program.strength)})"


def _bridge_meant(pump: PumpState, facts: Facts) -> Bolus | None:
    """The bridge bolus that runs by the chart; none known where one is missing while the old drug is in the catheter."""
    last = next((event.what for event in reversed(facts.of(e.Bridge)) if isinstance(event.what, e.Bridge)), None)
    if pump.bridge_running_until is not None and last is not None:
        return Bolus(last.dose, last.over)
    return None if pump.bridge_missing and pump.line_old else Bolus()


def _shown(quantity: Quantity | None) -> str | None:
    return None if quantity is None else plain(quantity)


def _rate(program: Program | None, strength: Quantity | None) -> Decimal | None:
    if program is None or strength is None:
        return None
    return rounded(program.daily.to("mcg/day") / strength.to("mcg/mL"), "0.001")

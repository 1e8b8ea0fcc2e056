"""How much drug is in the pump, and when it must be filled again.

The pump's whole past is folded from the chart's events: what was filled, programmed, moved, drawn.  Drug is conserved:
everything that was filled is in the chamber, in the line, in the patient, or was drawn out again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.moment import DAY, anniversary, zone
from eutonia.pump.device import Model, model
from eutonia.pump.interruption import STALLED, Exchange, Gap, clinical_order, logged_stall, logged_stalls
from eutonia.pump.line import Line
from eutonia.pump.program import Flow
from eutonia.quantity import Quantity, plain, rounded

_HORIZON_S: Final = 20 * 366 * 86400.0
# Why delivery is uncertain past the end of the device's service; no read-out makes it certain again.
END_OF_SERVICE: Final = "end of service"


class Reading(Struct, frozen=True):
    """A residual volume that was drawn, beside what should have been left."""

    at: datetime
    measured_ml: float
    expected_ml: float
    delivered_ml: float
    explained: str | None = None
    since: datetime | None = None

    @property
    def difference_ml(self) -> float:
        """Measured less expected: above zero, drug did not reach the patient; below, more left the chamber than meant."""
        return self.measured_ml - self.expected_ml

    def ratio(self) -> float | None:
        """Delivered by measurement over delivered by program; none where nothing should have left."""
        return (self.delivered_ml - self.difference_ml) / self.delivered_ml if self.delivered_ml > 0 else None


class Fill(Struct, frozen=True):
    """The last fill of the chamber."""

    at: datetime
    volume: Quantity
    strength: Quantity
    product: Quantity | None
    line: int


class PumpState(Struct, frozen=True):
    """The implanted pump at one moment.  Volumes in mL, drug in mcg; what is not known is none."""

    implant: e.Implant
    implanted: datetime
    model: Model | None
    line_volume: Quantity | None
    tip: str | None
    clock: timedelta
    clock_written: bool
    fill: Fill | None
    previous_strength: Quantity | None
    program: Program | None
    program_since: datetime | None
    told: Quantity | None
    last_running: Program | None
    left_ml: float | None
    alarm_ml: Quantity
    low_at: datetime | None
    empty_at: datetime | None
    arrives_at: datetime | None
    line_old: bool
    line_left_ml: float | None
    battery_end: datetime | None
    stability_end: datetime | None
    readings: tuple[Reading, ...]
    stopped_at: datetime | None
    resumed: tuple[datetime, datetime] | None
    ran_dry_at: datetime | None
    uncertain: tuple[tuple[datetime, str], ...]
    gaps: tuple[Gap, ...]
    refill_conflicts: tuple[tuple[e.Event, e.Event], ...]
    repeated_refills: tuple[e.Event, ...]
    repeated_primes: tuple[e.Event, ...]
    large_primes: tuple[e.Event, ...]
    wrong_bridges: tuple[tuple[e.Event, str, str], ...]
    primed: bool
    overfilled: tuple[e.Event, ...]
    bridge_missing: bool
    bridge_running_until: datetime | None
    pump_start: datetime | None
    dose_history: tuple[tuple[datetime, Program], ...]
    filled_mcg: float
    chamber_mcg: float
    line_mcg: float
    delivered_mcg: float
    drawn_mcg: float

    @property
    def strength(self) -> Quantity | None:
        """The strength in the chamber."""
        return self.fill.strength if self.fill else None

    @property
    def running(self) -> bool:
        """Whether the pump has a program and drug to deliver."""
        return (
            self.program is not None and not self.program.stopped and self.fill is not None and (self.left_ml or 0) > 0
        )

    @property
    def rate_ml_day(self) -> float | None:
        """Volume that leaves the chamber in a day, by the strength that the pump was told."""
        if self.program is None or self.told is None:
            return None
        return float(self.program.daily.to("mcg/day") / self.told.to("mcg/mL"))

    @property
    def due(self) -> tuple[datetime, Literal["reservoir", "stability"]] | None:
        """When the refill is due and which limit governs: the earlier of reservoir and stability.

        The only date of a refill: findings, plans, printouts and services all ask here.  None past the end of service,
        because a refill is not what that pump needs.
        """
        limits: list[tuple[datetime, Literal["reservoir", "stability"]]] = []
        if self.low_at is not None:
            limits.append((self.low_at, "reservoir"))
        if self.stability_end is not None:
            limits.append((self.stability_end, "stability"))
        return min(limits, key=lambda limit: limit[0]) if limits and not self.service_ended else None

    @property
    def replacement_due(self) -> datetime | None:
        """The end of the device's service, by which the pump needs to have been replaced; none where it is not known."""
        return self.battery_end

    @property
    def service_ended(self) -> bool:
        """Whether the end of service has passed: from then on no delivery is certain."""
        return any(reason == END_OF_SERVICE for _, reason in self.uncertain)

    @property
    def unexplained(self) -> Reading | None:
        """The last residual that is outside the balance and that nobody has explained."""
        return next((r for r in reversed(self.readings) if r.explained is None and not self.balances(r)), None)

    @property
    def repair_explains(self) -> bool:
        """Whether too much was left before a catheter that has been repaired since: the repair explains that residual."""
        bad = self.unexplained
        return bad is not None and bad.difference_ml > 0 and any(gap.repair and gap.end >= bad.at for gap in self.gaps)

    @property
    def repaired_share(self) -> float | None:
        """The share of the dose that a residual before the repair shows was delivered; none where it was hardly any."""
        bad = self.unexplained
        share = bad.ratio() if bad is not None and self.repair_explains else None
        return share if share is not None and self.balance_share < share < 1 else None

    def balances(self, reading: Reading) -> bool:
        """Whether a residual differs from the expected one by no more than reading and device explain."""
        return abs(reading.difference_ml) <= self.tolerance_ml(reading.delivered_ml) + 1e-9

    def tolerance_ml(self, delivered_ml: float) -> float:
        """Return the difference in mL up to which a residual balances.

        The device's accuracy of the volume in mL that was delivered, but no less than a syringe and the dead volume
        can be read to, and no more than the absolute limit.
        """
        known = self.model is not None and self.model.accuracy is not None
        share = float(self.model.accuracy.value) / 100 if known else self.balance_share  # type: ignore[union-attr]
        return min(max(self.balance_floor_ml, share * delivered_ml), self.balance_most_ml)

    balance_most_ml: float = 2.0
    balance_floor_ml: float = 0.5
    balance_share: float = 0.145
    # The first implant: an exchange of the pump does not begin the therapy again.
    therapy_since: datetime | None = None
    exchanged: Exchange | None = None
    emptied_at: datetime | None = None
    delivered_share: float | None = None
    restarted_at: datetime | None = None
    # Empty now; `ran_dry_at` stays until a program is set.
    dry_since: datetime | None = None


class _Fold(Struct):
    """The pump while its events are folded; seconds since 1970."""

    facts: Facts
    now: float = 0.0
    implant: e.Implant | None = None
    implanted: datetime | None = None
    clock_s: float = 0.0
    line_volume: Quantity | None = None
    tip: str | None = None
    line: Line | None = None
    fill: Fill | None = None
    previous: Quantity | None = None
    chamber_ml: float = 0.0
    program: Program | None = None
    program_since: datetime | None = None
    told: Quantity | None = None
    last_running: Program | None = None
    bridge_until: float = 0.0
    bridge_ml_s: float = 0.0
    front_ml: float | None = None
    front_at: float | None = None
    low_at: float | None = None
    empty_at: float | None = None
    alarm_ml: float = 0.0
    readings: list[Reading] = field(default_factory=list)
    stopped_at: datetime | None = None
    resumed: tuple[datetime, datetime] | None = None
    ran_dry_at: float | None = None
    dry_since: float | None = None
    uncertain: list[tuple[datetime, str]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    therapy_since: datetime | None = None
    explanted_at: datetime | None = None
    exchanged: Exchange | None = None
    emptied_at: datetime | None = None
    delivered_share: float | None = None
    restarted_at: datetime | None = None
    stalls: tuple[tuple[float, float], ...] = ()
    standing: Quantity | None = None
    tubing_new: bool = False
    conflicts: list[tuple[e.Event, e.Event]] = field(default_factory=list)
    repeated: list[e.Event] = field(default_factory=list)
    repeated_primes: list[e.Event] = field(default_factory=list)
    large_primes: list[e.Event] = field(default_factory=list)
    overfilled: list[e.Event] = field(default_factory=list)
    wrong_bridges: list[tuple[e.Event, str, str]] = field(default_factory=list)
    primed: bool = False
    bridge_missing: bool = False
    eri_at: datetime | None = None
    history: list[tuple[datetime, Program]] = field(default_factory=list)
    filled_mcg: float = 0.0
    delivered_mcg: float = 0.0
    drawn_mcg: float = 0.0
    moved_ml: float = 0.0
    last_refill: e.Event | None = None
    last_program: e.Event | None = None
    flow: Flow | None = None
    flow_told: Quantity | None = None

    def fork(self) -> _Fold:
        """The same pump, to which other things can happen."""
        fork = copy(self)
        for name in _LISTS:
            setattr(fork, name, list(getattr(self, name)))
        fork.line = Line(deque(self.line.plugs)) if self.line is not None else None
        return fork

    def advance(self, to: float) -> None:
        """Lets the pump run until `to`."""
        while self.now < to:
            end = to
            if self.now < self.bridge_until:
                end = min(to, self.bridge_until)
            stalled, end = self._stalled(end)
            if not stalled:
                self._run(end)
            self.now = end

    def _stalled(self, end: float) -> tuple[bool, float]:
        """Whether the motor stands still now by the pump's log, and until when that holds, at most until `end`."""
        for begin, finish in self.stalls:
            if begin <= self.now < finish:
                return True, min(end, finish)
            if self.now < begin < end:
                return False, begin
        return False, end

    def _run(self, end: float) -> None:
        if self.fill is None or self.chamber_ml <= 0.0:
            return
        strength = float(self.fill.strength.to("mcg/mL"))
        bridging = self.now < self.bridge_until
        flow = None
        if not bridging:
            if self.program is None or self.program.stopped or self.told is None:
                return
            flow = self._flow(self.program, self.told)

        def until(volume_ml: float) -> float:
            if flow is not None:
                return flow.when(volume_ml, self.now, end) or end
            return min(end, self.now + volume_ml / self.bridge_ml_s)

        moved = flow.volume_ml(self.now, end) if flow is not None else self.bridge_ml_s * (end - self.now)
        sure_ml = self._sure_ml()
        if self.empty_at is None and moved >= sure_ml:
            self.empty_at = until(max(sure_ml, 0.0))
        if self.low_at is None and sure_ml - moved <= self.alarm_ml:
            self.low_at = until(max(sure_ml - self.alarm_ml, 0.0))
        dry = moved >= self.chamber_ml
        if dry:
            self.ran_dry_at = self.ran_dry_at or until(self.chamber_ml)
            self.dry_since = self.dry_since or until(self.chamber_ml)
            moved = self.chamber_ml
        if self.front_ml is not None and moved >= self.front_ml:
            self.front_at, self.front_ml = until(self.front_ml), None
        elif self.front_ml is not None:
            self.front_ml -= moved
        self._move(moved, strength)
        if dry:
            self.chamber_ml = 0.0

    def _sure_ml(self) -> float:
        """Volume in mL that the dates may rest on: less than expected, where less was measured since the fill."""
        last = self.readings[-1] if self.readings else None
        if last is None or self.fill is None or last.at < self.fill.at:
            return self.chamber_ml
        return self.chamber_ml + min(last.difference_ml, 0.0)

    def _flow(self, program: Program, told: Quantity) -> Flow:
        """The program at work; kept, because it is asked for again at every look at the pump."""
        since = self.program_since.timestamp() if self.program_since else self.now
        flow = self.flow
        if flow is None or flow.program is not program or flow.start != since or self.flow_told is not told:
            flow = self.flow = Flow(program, float(told.to("mcg/mL")), since, self.clock_s)
            self.flow_told = told
        return flow

    def _move(self, volume_ml: float, strength: float) -> None:
        self.chamber_ml -= volume_ml
        self.moved_ml += volume_ml
        out = self.line.push(volume_ml, strength) if self.line is not None else volume_ml * strength
        self.delivered_mcg += out

    def happen(self, event: e.Event) -> None:
        """Lets the pump run until an event, and then the event happen."""
        at = event.at.timestamp()
        if self.implant is None:
            self.now = at
        self.advance(at)
        self.now = max(self.now, at)
        match event.what:
            case e.Implant():
                self.on_implant(event, event.what)
            case e.Revision():
                self.on_revision(event, event.what)
            case e.Refill():
                self.on_refill(event, event.what, self.last_refill)
                self.last_refill = event
            case e.Programmed():
                self.on_program(event, event.what)
            case e.Bridge():
                self.on_bridge(event, event.what)
            case e.Prime():
                self.on_prime(event, event.what)
            case e.Residual():
                self.on_residual(event, event.what)
            case e.Explant():
                self.on_explant(event)
            case e.Emptied():
                self.on_emptied(event, event.what)
            case e.Aspirated():
                self.on_aspirated()
            case e.Device():
                self.on_device(event, event.what)
            case e.Explained():
                self.on_explained(event, event.what)

    # --- one method a kind of event ---

    def gap(self, begin: datetime, end: datetime, why: str) -> None:
        """Notes an interruption that was not short: until a program is set anew, the old dose is not trusted."""
        if end - begin > timedelta(hours=float(self.facts.book.quantity("restart.short_gap").to("h"))):
            days = plain(rounded((end - begin).total_seconds() / 86400, "0.1"))
            self.gaps.append(Gap(begin, end, f"{why} for {days} days"))

    def open_gaps(self, at: datetime) -> tuple[Gap, ...]:
        """The interruptions whose dose has not run for long since: a dose that has is taken for tolerated."""
        until = min(x for x in (self.stopped_at, _instant(self.dry_since), at) if x is not None)
        tolerated = float(self.facts.book.quantity("restart.tolerated_days").to("days")) * DAY
        return tuple(gap for gap in self.gaps if until - gap.end < tolerated)

    def far_from_low(self) -> float:
        """A volume that is above the alarm volume by more than the balance allows, in mL."""
        return self.alarm_ml + float(self.facts.book.quantity("pump.balance_ml").to("mL"))

    def certain(self, at: datetime) -> None:
        """Delivery is certain again; a stall or an alarm before it was an interruption, a scan was none."""
        stalled = [(when, what) for when, what in self.uncertain if what in STALLED]
        if stalled:
            recovered = [when for when, what in stalled if what == "stall recovered" and when > stalled[0][0]]
            self.gap(stalled[0][0], recovered[-1] if recovered else at, "delivery had been uncertain")
        self.uncertain.clear()

    def on_implant(self, event: e.Event, what: e.Implant) -> None:
        before = self._halted(event.at)
        exchange = self.implant is not None
        catheter = what.catheter if exchange else what.catheter or "new"
        kept = self.line if catheter == "kept" else None
        drawn = self.drawn_mcg + self._standing_mcg() - (kept.drug_mcg if kept else 0.0)
        fresh = _Fold(self.facts, self.now)
        # A residual or a stall that was still open says of the old pump what it delivered at the end.
        self._explained_share(event.at)
        for name in _CARRIED:
            setattr(fresh, name, getattr(self, name))
        fresh.implant, fresh.implanted, fresh.drawn_mcg = what, event.at, drawn
        fresh.therapy_since = self.therapy_since or event.at
        if exchange and self.last_running is not None:
            fresh.stopped_at, fresh.exchanged = before, Exchange(event.at, what.catheter)
        where = zone(what.clock) if what.clock else self.facts.home
        away = event.at.astimezone(where).utcoffset() or timedelta()
        fresh.clock_s = away.total_seconds()
        fresh.line_volume, fresh.tip = what.line, what.tip
        if kept is not None:
            fresh._keep_catheter(self, kept, event.at)
        elif catheter == "new" and what.line:
            # Where nobody wrote whether the catheter was kept, what is in it is not known.
            fresh.line = Line.unfilled(float(what.line.to("mL")))
        # The maker's volume is the floor: an alarm set below it does not make a refill due any later.
        floor = float(self.facts.book.quantity("pump.alarm_ml").to("mL"))
        fresh.alarm_ml = max(float(what.alarm.to("mL")), floor) if what.alarm is not None else floor
        for name in self.__struct_fields__:
            setattr(self, name, getattr(fresh, name))

    def _halted(self, at: datetime) -> datetime:
        """Since when nothing is surely delivered, if the pump is taken out at `at`."""
        times = [self.stopped_at, _instant(self.dry_since), self.explanted_at, at]
        times += [when for when, what in self.uncertain if what in STALLED][:1]
        if self.eri_at is not None:
            times.append(self.eri_at + float(self.facts.book.quantity("pump.eri_to_end").to("days")) * DAY)
        return min(x for x in times if x is not None)

    def _keep_catheter(self, old: _Fold, kept: Line, at: datetime) -> None:
        """The catheter keeps its drug; the tubing at the pump's end is new."""
        self.line, self.tubing_new, self.front_at = kept, True, at.timestamp()
        self.standing = old.fill.strength if old.fill else old.standing
        self.tip = self.tip or old.tip
        before = sum(volume for volume, _ in kept.plugs)
        volume = float(self.line_volume.to("mL")) if self.line_volume else before
        self.line_volume = self.line_volume or old.line_volume
        if volume < before:
            self.drawn_mcg += kept.cut(before - volume)
        elif volume > before:
            kept.plugs.append((volume - before, 0.0))

    def on_explant(self, event: e.Event) -> None:
        self.stopped_at, self.drawn_mcg = self._halted(event.at), self.drawn_mcg + self._standing_mcg()
        self.explanted_at = self.explanted_at or event.at
        self.fill = self.program = self.program_since = self.told = self.line = self.line_volume = None
        self.chamber_ml = self.bridge_until = 0.0
        self.front_ml = self.front_at = self.low_at = self.empty_at = None

    def on_emptied(self, event: e.Event, what: e.Emptied) -> None:
        """What comes out is compared with what should be left, as a residual is; nothing is delivered from now on."""
        if self.fill is None:
            return
        self.readings.append(
            Reading(event.at, float(what.volume.to("mL")), self.chamber_ml, self.moved_ml, None, self.fill.at)
        )
        at = event.at.timestamp()
        self.drawn_mcg += self.chamber_ml * float(self.fill.strength.to("mcg/mL"))
        self.chamber_ml, self.emptied_at, self.bridge_until = 0.0, event.at, 0.0
        self.ran_dry_at, self.dry_since = self.ran_dry_at or at, self.dry_since or at
        self.empty_at, self.low_at = self.empty_at or at, self.low_at or at

    def on_aspirated(self) -> None:
        if self.line_volume is None:
            return
        self.drawn_mcg += self.line.drug_mcg if self.line else 0.0
        self.line = Line.unfilled(float(self.line_volume.to("mL")))
        self.front_ml, self.front_at = float(self.line_volume.to("mL")), None
        self.primed = self.tubing_new = False

    def _standing_mcg(self) -> float:
        chamber = self.chamber_ml * float(self.fill.strength.to("mcg/mL")) if self.fill else 0.0
        return chamber + (self.line.drug_mcg if self.line else 0.0)

    def on_revision(self, event: e.Event, what: e.Revision) -> None:
        if self.last_running is not None:
            # A stop written before the repair changes nothing: what the old catheter delivered is not known.
            why = "the catheter was revised, and how much the old one delivered is not known"
            self.gaps.append(Gap(None, event.at, why, repair=True))
        self.drawn_mcg += self.line.drug_mcg if self.line else 0.0
        self.line_volume, self.tip = what.line, what.tip or self.tip
        self.line = Line.unfilled(float(what.line.to("mL"))) if what.line else None
        self.front_ml = float(what.line.to("mL")) if what.line else None
        self.front_at, self.primed, self.tubing_new = None, False, False

    def on_refill(self, event: e.Event, what: e.Refill, before: e.Event | None) -> None:
        if before is not None and isinstance(before.what, e.Refill):
            close = (event.at - before.at) <= timedelta(
                hours=float(self.facts.book.quantity("pump.refill_conflict").to("h"))
            )
            if close and (what.volume, what.strength) == (before.what.volume, before.what.strength):
                self.repeated.append(event)
                return
            if close:
                self.conflicts.append((before, event))
        if self.implant is not None and what.volume.to("mL") > self.implant.capacity.to("mL"):
            self.overfilled.append(event)
        self.drawn_mcg += self.chamber_ml * float(self.fill.strength.to("mcg/mL")) if self.fill else 0.0
        old = self.fill.strength if self.fill else self.standing
        if self.dry_since is not None:
            self.gap(datetime.fromtimestamp(self.dry_since, UTC), event.at, "the reservoir had been dry")
            self.dry_since = None
        self.chamber_ml = float(what.volume.to("mL"))
        self.filled_mcg += self.chamber_ml * float(what.strength.to("mcg/mL"))
        self.fill = Fill(event.at, what.volume, what.strength, what.product, event.line)
        self.low_at = self.empty_at = self.emptied_at = None
        self.moved_ml = 0.0
        if old != what.strength:
            if old is not None:
                self.previous, self.bridge_missing = old, True
            if self.line_volume is not None and self.line is not None:
                self.front_ml, self.front_at = float(self.line_volume.to("mL")), None
        if self.told is None and self.program is not None:
            self.told = self.program.strength or what.strength
            self.program_since = max(self.program_since or event.at, event.at)

    def on_program(self, event: e.Event, what: e.Programmed) -> None:
        if what.program.stopped:
            self.bridge_until = 0.0
        rival, self.last_program = self.last_program, event
        if rival is not None and rival.at == event.at and self.program is not None:
            if what.program.repeats(self.program):
                return
            lines = f"two different programs at one moment, line {rival.line} and line {event.line}"
            self.uncertain.append((event.at, lines))
            # Reckon with the one that empties the reservoir sooner, in whichever order they were written.
            if what.program.daily.value < self.program.daily.value:
                return
        if self._runs_already(what.program, event.at):
            if self.program is not None and what.program.strength is not None:
                self.program = replace(self.program, strength=what.program.strength)  # now the line names it
            return
        changes = self.program is None or not what.program.repeats(self.program)
        self.program, self.program_since = what.program, event.at
        filled = self.fill.strength if self.fill else None
        # A stop tells the pump no strength: what it was told wrongly stays known.
        self.told = what.program.strength or (self.told if what.program.stopped and self.told else filled)
        if changes:
            self.history.append((event.at, what.program))
        self.resumed = None
        if what.program.stopped:
            self.stopped_at = self.stopped_at or event.at
        else:
            self._resume(event.at, what.program)
            self.stopped_at, self.last_running, self.exchanged = None, what.program, None
            self.gaps.clear()
            self.delivered_share = None
            if self.chamber_ml > 0:
                self.ran_dry_at = None

    def _resume(self, at: datetime, program: Program) -> None:
        """Notes a program that ends an interruption; below the old dose, or after a long one, it begins a titration."""
        begins = [x for x in (self.stopped_at, _instant(self.dry_since)) if x is not None]
        begins += [gap.begin or gap.end for gap in self.open_gaps(at)]
        old = self.last_running
        if old is None or not (begins or self.delivered_share is not None):
            return
        self.resumed = (at, min(begins, default=at))
        limit = timedelta(hours=float(self.facts.book.quantity("restart.short_gap").to("h")))
        if program.daily.value < old.daily.value or at - min(begins, default=at) > limit:
            self.restarted_at = at

    def _runs_already(self, program: Program, at: datetime) -> bool:
        """Whether a program line repeats what runs, so that no clock starts and no doubt ends with it."""
        if self.program is None or not program.repeats(self.program):
            return False
        if program.stopped:
            return self.stopped_at is not None
        told = program.strength or (self.fill.strength if self.fill else None)
        refilled = self.ran_dry_at is not None and self.chamber_ml > 0
        if told != self.told or self.stopped_at is not None or refilled:
            return False
        # After an interruption the old dose is the decision of a clinician, and the restart rule judges it.
        return not self.open_gaps(at)

    def on_bridge(self, event: e.Event, what: e.Bridge) -> None:
        old = self.previous or (self.fill.strength if self.fill else None)
        if old is None:
            return
        hours = float(what.over.to("h"))
        if self.line_volume is not None and self.last_running is not None:
            # What is still in the line is what the bridge has to carry: less, where the pump ran on before it.
            left = self.line_volume.to("mL") if self.front_ml is None else rounded(self.front_ml, "0.000001")
            meant = left * old.to("mcg/mL")
            daily = what.dose.to("mcg") / what.over.to("h") * 24
            running = self.last_running.daily.value
            # Some room for minutes between fill and program, and for the rounding of the pump's display.
            if (
                meant == 0
                or abs(what.dose.to("mcg") / meant - 1) > Decimal("0.05")
                or abs(daily / running - 1) > Decimal("0.02")
            ):
                self.wrong_bridges.append(
                    (event, plain(rounded(meant, "0.1")), plain(rounded(meant * 24 / running, "0.1")))
                )
        self.bridge_until = event.at.timestamp() + hours * 3600
        self.bridge_ml_s = float(what.dose.to("mcg") / old.to("mcg/mL")) / (hours * 3600)
        self.bridge_missing = False

    def on_prime(self, event: e.Event, what: e.Prime) -> None:
        tubing = self.tubing_new and self._only_tubing(what.volume)
        swept = not tubing and self.line is not None and all(strength > 0.0 for _, strength in self.line.plugs)
        if self.primed or swept:
            self.repeated_primes.append(event)
        self.primed = True
        if self.line_volume is not None and what.volume.value > self.line_volume.value:
            self.large_primes.append(event)
        if self.fill is None:
            return
        moved = min(float(what.volume.to("mL")), self.chamber_ml)
        strength = float(self.fill.strength.to("mcg/mL"))
        if tubing and self.line is not None:
            # The new tubing is filled; the catheter, and so the patient, receives nothing of it.
            self.drawn_mcg += self.line.cut(moved)
            self.line.plugs.append((moved, strength))
            self.chamber_ml, self.moved_ml, self.tubing_new = self.chamber_ml - moved, self.moved_ml + moved, False
            if self.front_ml is not None:
                self.front_ml = max(self.front_ml - moved, 1e-9)
            return
        if self.front_ml is not None:
            self.front_ml = self.front_ml - moved
            if self.front_ml <= 1e-12:
                self.front_ml, self.front_at = None, event.at.timestamp()
        self._move(moved, strength)

    def _only_tubing(self, volume: Quantity) -> bool:
        """Whether a prime after an exchange fills less than tubing and catheter together."""
        return self.line_volume is not None and volume.value < self.line_volume.value

    def on_residual(self, event: e.Event, what: e.Residual) -> None:
        if self.fill is not None:
            self.readings.append(
                Reading(event.at, float(what.volume.to("mL")), self.chamber_ml, self.moved_ml, None, self.fill.at)
            )
            sure_ml, at = self._sure_ml(), event.at.timestamp()
            if sure_ml < self.chamber_ml:
                self.low_at = at if self.low_at is None and sure_ml <= self.alarm_ml else self.low_at
                self.empty_at = at if self.empty_at is None and sure_ml <= 0.0 else self.empty_at

    def on_device(self, event: e.Event, what: e.Device) -> None:
        if what.what == "read out, no alarms":
            self.certain(event.at)
        elif what.begin is not None:
            self._on_logged_stall(event, what)
        elif what.what == "replacement indicator":
            self.eri_at = self.eri_at or event.at
        elif what.what in ("stall", "stall recovered", "mri", "telemetry lost", "alarm critical", "alarm"):
            self.uncertain.append((event.at, what.what))
        elif what.what == "alarm low reservoir" and self.fill is not None and self.chamber_ml > self.far_from_low():
            # The pump computes this alarm from its own program: where the chart expects more, the two do not agree.
            self.uncertain.append((event.at, what.what))

    def on_explained(self, event: e.Event, what: e.Explained) -> None:
        if what.what == "residual":
            self._explained_share(event.at)
            self.readings = [
                r if r.explained else Reading(r.at, r.measured_ml, r.expected_ml, r.delivered_ml, what.how, r.since)
                for r in self.readings
            ]
        elif what.what == "refill":
            self.conflicts.clear()
        else:
            self.certain(event.at)

    def _on_logged_stall(self, event: e.Event, what: e.Device) -> None:
        """A stall with its times is an interruption of that length, and the readout settles the rest."""
        stall = logged_stall(what, event.at, self.facts.home)
        if stall is None:
            self.uncertain.append((event.at, "stall"))
            return
        if self.program_since is None or self.program_since < stall[1]:
            self.gap(*stall, "the motor had stood still")
        self.uncertain.clear()

    def _explained_share(self, at: datetime) -> None:
        """What an explained residual says of the dose that was delivered: hardly any is an interruption, less is less."""
        known = model(self.implant.device, self.facts.book) if self.implant else None
        stated = known.accuracy if known is not None else None
        accuracy = float((stated or self.facts.book.quantity("device.synchromed_ii.accuracy")).value) / 100
        least = float(self.facts.book.quantity("pump.balance_floor").to("mL"))
        for reading in self.readings:
            share = reading.ratio()
            if reading.explained is not None or share is None or reading.difference_ml < least:
                continue
            if share <= accuracy:
                self.gap(reading.since or reading.at, at, "hardly any drug had been delivered")
            elif share < 1 - accuracy:
                self.delivered_share = share


# What grows in place, so that a fork needs its own.
_LISTS: Final = tuple(name for name, hint in _Fold.__annotations__.items() if hint.startswith("list["))

# What an exchanged pump keeps of the one before it.
_CARRIED: Final = (
    "history", "filled_mcg", "delivered_mcg", "last_running", "gaps", "restarted_at", "stalls", "delivered_share",
)  # fmt: skip

_PUMP_KINDS: Final = (
    e.Implant, e.Explant, e.Revision, e.Refill, e.Programmed, e.Bridge, e.Prime, e.Residual, e.Emptied, e.Aspirated,
    e.Device, e.Explained,
)  # fmt: skip


def _begun(facts: Facts) -> tuple[_Fold, list[e.Event]]:
    """A pump before its first event, and its events in the order in which they were done."""
    events = clinical_order(facts.of(*_PUMP_KINDS))
    return _Fold(facts, stalls=logged_stalls(events, facts.home)), events


def _replayed(facts: Facts) -> _Fold:
    """The pump after the chart's own events: replayed once for these facts, and a copy for each question about it."""
    fold: _Fold | None = facts.derived.get("pump")
    if fold is None:
        fold, events = _begun(facts)
        for event in events:
            fold.happen(event)
        facts.derived["pump"] = fold
    return fold.fork()


def pump_state(facts: Facts) -> PumpState | None:
    """The pump as the chart's events have left it; none where no pump was implanted, or the last one was explanted."""
    return pump_after(facts, (), facts.now)


def pump_after(facts: Facts, further: Sequence[e.Event], at: datetime) -> PumpState | None:
    """Return the pump as it will be at `at`, if the further events happen as well; none where no pump was implanted.

    What a plan says of refill date, volume and arrival is asked here, so that it is what the chart will say once the
    plan has been carried out.
    """
    if not facts.of(e.Implant):
        return None
    # What is planned comes after what the chart holds, also at the same moment.
    fold, events = _replayed(facts), clinical_order(event for event in further if event.at <= at)
    if events and events[0].at.timestamp() < fold.now:
        fold, held = _begun(facts)
        events = sorted((*held, *events), key=lambda event: event.at)
    for event in events:
        fold.happen(event)
    if fold.explanted_at is not None:
        return None
    fold.advance(at.timestamp())
    return _state(fold, facts, at)


def explanted_pump(facts: Facts) -> tuple[datetime, PumpState] | None:
    """Return when the last pump was explanted and its state just before; none where a pump is in place, or never was."""
    explants = facts.of(e.Explant)
    if not explants or pump_state(facts) is not None:
        return None
    first = next((event.at for event in explants if not _implanted_between(facts, event.at)), explants[-1].at)
    # By its lines and not by the moment alone: a moment lets lines of the next minutes count, as clocks differ.
    events = tuple(
        x for x in facts.chart.events if x.at <= first and not (x.at == first and isinstance(x.what, e.Explant))
    )
    before = pump_state(Facts(replace(facts.chart, events=events), first, facts.book))
    return None if before is None else (first, before)


def _implanted_between(facts: Facts, at: datetime) -> bool:
    return any(event.at > at for event in facts.of(e.Implant))


def left_the_tip(facts: Facts, further: Sequence[e.Event], instants: Sequence[datetime]) -> list[float]:
    """How much drug in mcg has left the tip of the line by each of these ascending instants.

    further: what is assumed to happen after the chart's own events.  Where the volume of the line is not known, drug
    leaves the tip as it leaves the pump.
    """
    if not facts.of(e.Implant):
        return [0.0] * len(instants)
    fold, known = _begun(facts)
    events = deque(sorted((*known, *clinical_order(further)), key=lambda event: event.at))
    found = []
    for instant in instants:
        while events and events[0].at <= instant:
            fold.happen(events.popleft())
        fold.advance(instant.timestamp())
        found.append(fold.delivered_mcg)
    return found


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(round(seconds), UTC)


def _state(fold: _Fold, facts: Facts, now: datetime) -> PumpState:
    book = facts.book
    assert fold.implant is not None
    assert fold.implanted is not None
    known = model(fold.implant.device, book)
    since = fold.therapy_since or fold.implanted
    left = fold.chamber_ml if fold.fill else None
    chamber_mcg = fold.chamber_ml * float(fold.fill.strength.to("mcg/mL")) if fold.fill else 0.0
    line_mcg = fold.line.drug_mcg if fold.line else 0.0
    delivered, drawn = fold.delivered_mcg, fold.drawn_mcg
    bridge_running = _instant(fold.bridge_until) if fold.bridge_until > now.timestamp() else None
    ran_dry, dry = _instant(fold.ran_dry_at), _instant(fold.dry_since)
    left_in_line = fold.front_ml
    low, empty, front = _ahead(fold, now)
    arrives = front
    if front is not None and fold.program_since is not None and fold.program is not None and not fold.program.stopped:
        arrives = max(front, fold.program_since)
    battery = None
    if known is not None and known.service_years is not None:
        battery = anniversary(fold.implanted, known.service_years)
    if fold.eri_at is not None:
        end = fold.eri_at + float(book.quantity("pump.eri_to_end").to("days")) * DAY
        battery = min(battery or end, end)
    uncertain = tuple(fold.uncertain)
    if battery is not None and battery <= now:
        uncertain = (*uncertain, (battery, END_OF_SERVICE))
    stability = fold.fill.at + float(book.quantity("pump.stability").to("days")) * DAY if fold.fill else None
    return PumpState(
        fold.implant,
        fold.implanted,
        known,
        fold.line_volume,
        fold.tip,
        timedelta(seconds=fold.clock_s),
        fold.implant.clock is not None,
        fold.fill,
        fold.previous,
        fold.program,
        fold.program_since,
        fold.told,
        fold.last_running,
        left,
        fold.implant.alarm or book.quantity("pump.alarm_ml"),
        low,
        empty,
        arrives,
        front is not None and front > now,
        left_in_line,
        battery,
        stability,
        tuple(fold.readings),
        fold.stopped_at,
        fold.resumed,
        ran_dry,
        uncertain,
        fold.open_gaps(now),
        tuple(fold.conflicts),
        tuple(fold.repeated),
        tuple(fold.repeated_primes),
        tuple(fold.large_primes),
        tuple(fold.wrong_bridges),
        fold.primed,
        tuple(fold.overfilled),
        fold.bridge_missing,
        bridge_running,
        next((at for at, program in fold.history if at >= since and not program.stopped), None),
        tuple((at, program) for at, program in fold.history),
        fold.filled_mcg,
        chamber_mcg,
        line_mcg,
        delivered,
        drawn,
        balance_most_ml=float(book.quantity("pump.balance_ml").to("mL")),
        balance_floor_ml=float(book.quantity("pump.balance_floor").to("mL")),
        balance_share=float(book.quantity("pump.balance_share").value) / 100,
        therapy_since=since,
        exchanged=fold.exchanged,
        emptied_at=fold.emptied_at,
        delivered_share=fold.delivered_share,
        restarted_at=fold.restarted_at,
        dry_since=dry,
    )


def _ahead(fold: _Fold, now: datetime) -> tuple[datetime | None, datetime | None, datetime | None]:
    """Lets the pump run on as it is: when the alarm volume is reached, when it is empty, when the new drug is at the tip.

    A residual that was measured below the expected one, though within the balance, makes the first two earlier.
    """
    fold.line = Line(deque(fold.line.plugs)) if fold.line else None
    fold.advance(now.timestamp() + _HORIZON_S)
    return _instant(fold.low_at), _instant(fold.empty_at), _instant(fold.front_at)

"""What a prediction assumes of the pump: it is refilled when due, and a refill that must not restart it leaves it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.moment import iso, shown_day
from eutonia.plan import Plan
from eutonia.plan.refill import held_back
from eutonia.pump import PumpState, pump_after

# Kinds of plan that leave the pump as it is, so that a prediction of them needs to know what it delivers.
_PUMP_GOES_ON: Final = ("refill", "taper", "titration")
# More refills than this inside one prediction are a pump that is too small for its program.
_MAX_REFILLS: Final = 12
_LINE: Final = 2_000_000
_STOP_LINE: Final = _LINE - 1


def assumed_refills(facts: Facts, pump: PumpState | None, written: Sequence[e.Event], until: datetime) -> list[e.Event]:
    """Return the refills of a pump that stays in use, each when due, with the volume and concentration in the pump.

    A reservoir that is empty now is not assumed to be refilled: the prediction shows what the lack of drug does.

    Parameters
    ----------
    facts
        The chart at a moment.
    pump
        The pump at that moment.
    written
        What the plan writes; a refill of its own in time needs none before it.
    until
        The end of the prediction.
    """
    if pump is None or (is_empty(facts, pump) and not _refills(written)):
        return []
    queue = sorted((event for event in written if not isinstance(event.what, e.Oral)), key=lambda event: event.at)
    added: list[e.Event] = []
    done: list[e.Event] = []
    at, state = facts.now, pump
    while len(added) < _MAX_REFILLS:
        following = queue[0] if queue and queue[0].at <= until else None
        end = until if following is None else following.at
        due = None if state.low_at is None else max(state.low_at, at)
        in_time = following is not None and isinstance(following.what, e.Refill)
        in_time = in_time and (state.empty_at is None or state.empty_at >= end)
        if due is not None and due < end and not in_time and state.fill is not None:
            what = e.Refill(state.fill.volume, state.fill.strength, state.fill.product)
            event = e.Event(due, what, iso(due), line=_LINE + len(added))
            added.append(event)
        elif following is not None:
            event = queue.pop(0)
        else:
            break
        done.append(event)
        at = max(at, event.at)
        later = pump_after(facts, done, at)
        if later is None:
            break
        state = later
    return added


def _refills(events: Sequence[e.Event]) -> list[e.Event]:
    return [event for event in events if isinstance(event.what, e.Refill)]


def is_empty(facts: Facts, pump: PumpState) -> bool:
    """Return whether the reservoir is empty at this moment by the program."""
    return pump.empty_at is not None and pump.empty_at <= facts.now


def stays_stopped(plan: Plan, facts: Facts, pump: PumpState | None, written: Sequence[e.Event]) -> list[e.Event]:
    """Return the stop that a refill after an interruption means: its old program must not simply run on.

    The steps of such a refill say to leave the pump stopped and to plan the dose anew.
    """
    refills = _refills(written)
    if plan.kind != "refill" or pump is None or not refills:
        return []
    if any(isinstance(event.what, e.Programmed) for event in written) or pump.program is None or pump.program.stopped:
        return []
    if held_back(facts, pump) is None:
        return []
    at = refills[-1].at
    return [e.Event(at, e.Programmed(Program()), iso(at), line=_STOP_LINE)]


def not_known(plan: Plan, pump: PumpState | None) -> str:
    """Return why nothing can be predicted of a plan that leaves the pump as it is; empty where something can."""
    if pump is None or plan.kind not in _PUMP_GOES_ON or pump.program is None or pump.program.stopped:
        return ""
    if pump.told is not None and pump.strength is not None and pump.told != pump.strength:
        if pump.bridge_running_until is None:
            return (
                "the pump was programmed for another concentration than it holds; the program must be corrected first"
            )
        return ""
    if pump.uncertain or pump.unexplained is not None:
        return "what the pump delivers is not known"
    return ""


def assumptions(
    facts: Facts, pump: PumpState | None, written: Sequence[e.Event], refills: Sequence[e.Event]
) -> list[str]:
    """Return in words what a prediction takes for granted of the pump."""
    says = []
    if refills:
        first = shown_day(refills[0].at, facts.home)
        says.append(f"the pump is refilled when due (from {first}) with the volume and concentration that it holds now")
    if any(event.line == _STOP_LINE for event in written):
        says.append("the pump stays stopped after the refill until the dose is planned anew")
    elif pump is not None and is_empty(facts, pump) and not _refills(written):
        says.append("the reservoir is empty now, and the pump gives nothing until it is refilled")
    return says

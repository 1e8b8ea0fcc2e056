"""What must be done today: lines at the top of the patient sheet and the pump card, in plain words."""

from __future__ import annotations

from typing import Final

from eutonia.advice import Advice
from eutonia.moment import shown_day
from eutonia.pump import PumpState
from eutonia.pump.delivered import mismatch

CALL: Final = "Call your clinic today."
STOPPED: Final = "Your pump is stopped. Call the clinic today."

# What a finding asks of the patient.  The pump's own states come first, from the pump.
_FINDINGS: Final = {
    "abrupt-stop": "Your baclofen by mouth was stopped or lowered all at once. Call your clinic today, even if you feel well.",
    "interruption": "You may miss doses of your baclofen by mouth. Call your clinic today, before the next dose is missed.",
    "delivery": f"It is not certain that your pump works as it should. {CALL}",
    "balance": f"It is not certain that your pump works as it should. {CALL}",
    "gap": f"Your pump was stopped or empty for a time. {CALL}",
    "bridge": f"The dose of your pump must be checked. {CALL}",
    "strength": f"The dose of your pump must be checked. {CALL}",
}


def stopped(pump: PumpState | None) -> bool:
    """Return whether a pump is stopped: it was programmed to deliver nothing."""
    return pump is not None and pump.program is not None and pump.program.stopped


def delivering(advice: Advice) -> bool:
    """Return whether the pump gives baclofen at this moment, as far as the chart tells."""
    pump = advice.pump
    return pump is not None and pump.running and not (pump.empty_at is not None and pump.empty_at <= advice.facts.now)


def today(advice: Advice) -> list[str]:
    """Return what the patient must do today, the most pressing first; empty where nothing presses.

    An overridden finding counts: the patient still has to call.
    """
    findings = {finding.id: finding for finding in advice.findings}
    lines = [*_of_the_pump(advice)]
    for name, line in _FINDINGS.items():
        finding = findings.get(name)
        # A caution about the bridge is a task of the clinic alone; a stop means that the dose may be wrong now.
        if finding is None or (name in ("bridge", "strength") and finding.grade != "stop"):
            continue
        lines.append(line)
    return list(dict.fromkeys(lines))


def _of_the_pump(advice: Advice) -> list[str]:
    pump, now = advice.pump, advice.facts.now
    if pump is None:
        return []
    lines = []
    if stopped(pump):
        lines.append(STOPPED)
    elif pump.fill is None or pump.program is None:
        lines.append("Your pump is not filled or not programmed yet, as far as this page knows. Ask your clinic today.")
    elif pump.empty_at is not None and pump.empty_at <= now:
        lines.append("Your pump should be empty. Call your clinic now.")
    elif pump.due is not None and pump.due[0] <= now:
        lines.append(f"Your refill was due on {shown_day(pump.due[0], advice.facts.home)}. {CALL}")
    if mismatch(pump) is not None and pump.bridge_running_until is None:
        lines.append(_FINDINGS["strength"])
    return lines

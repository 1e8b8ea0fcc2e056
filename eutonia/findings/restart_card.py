"""The lines of the withdrawal card that name the dose at which intrathecal delivery is restored."""

from __future__ import annotations

from typing import Final

from eutonia.chart.facts import Facts
from eutonia.findings.restart_rule import restart
from eutonia.moment import shown
from eutonia.pump import PumpState, explanted_pump
from eutonia.quantity import plain

_BRIDGE: Final = "Where that is delayed, GABA-ergic drugs such as benzodiazepines bridge."
RESTORE: Final = (
    "Restore the infusion at a dose similar to the one before, never above it; after an overdose, a repair or more than 14 days without drug "
    f"only at the dose of the restart rule. {_BRIDGE}"
)


def restart_lines(facts: Facts, pump: PumpState) -> list[str]:
    """Return what the restart rule offers, in the words of the card; the same doses as the plan."""
    rule = restart(facts, pump)
    if rule.situation in ("no pump ran", "running"):
        if not pump.running or pump.program is None:
            return [RESTORE]
        return [RESTORE, f"By the chart the pump runs at {plain(pump.program.daily)}."]
    doubt = pump.uncertain or pump.unexplained is not None
    lines = ["Do not restart before the cause is found and delivery is certain."] if doubt else []
    if rule.first is None:
        return [*lines, f"{rule.sentence} {_BRIDGE}"]
    if rule.first.option == "similar dose":
        lines.append(RESTORE)
    else:
        lines.append(_BRIDGE.replace("that", "restoring delivery"))
    lines.append(
        f"Dose by the restart rule: {rule.first.words}, {rule.setting}, checked by two people. {rule.first.reason}"
    )
    if rule.second is not None:
        lines.append(f"Second option, lower: {rule.second.words}. {rule.second.reason}")
    return lines


def explanted_lines(facts: Facts) -> list[str]:
    """Return what is done where the pump was explanted; empty where it was not."""
    explanted = explanted_pump(facts)
    if explanted is None:
        return []
    at, before = explanted
    dose = f"; it delivered {plain(before.last_running.daily)} before" if before.last_running is not None else ""
    return [
        f"1. The pump was explanted on {shown(at, facts.home)}{dose}: intrathecal delivery cannot be restored through it. A specialist decides "
        "about lumbar doses or a new catheter; GABA-ergic drugs such as benzodiazepines bridge, with baclofen by mouth or tube beside them."
    ]

"""The lines of the withdrawal card that name the dose at which intrathecal delivery is restored."""

from __future__ import annotations

from eutonia.chart.facts import Facts
from eutonia.findings.restart_rule import restart
from eutonia.moment import shown
from eutonia.pump import PumpState, explanted_pump
from eutonia.quantity import plain

_BRIDGE = "Where that is delayed, GABA-ergic drugs such as benzodiazepines bridge."


def restart_lines(facts: Facts | None, pump: PumpState) -> list[str]:
    """Return what the restart rule offers, in the words of the card; the same doses as the plan."""
    rule = restart(facts, pump) if facts is not None else None
    if rule is None or rule.situation in ("no pump ran", "running"):
        running = f" ({plain(pump.program.daily)})" if pump.running and pump.program is not None else ""
        return [
            f"Restore the infusion at a dose similar to the one before{running}, and never above it; after a stop, a gap or a repair the dose "
            f"is set by the restart rule ('request restart'). {_BRIDGE}"
        ]
    doubt = pump.uncertain or pump.unexplained is not None
    first = "Do not restart before the cause is found and delivery is certain. " if doubt else ""
    if rule.first is None:
        return [f"{first}{rule.sentence} {_BRIDGE}"]
    lines = [
        f"{first}Restore the infusion ({rule.setting}, checked by two people) at {rule.first.words}. {rule.first.reason} {_BRIDGE}"
    ]
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

"""The restart after an interruption: the doses that the restart rule offers, monitored and checked by two people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.chart.orders import Program
from eutonia.findings.restart_rule import MONITORING, Offer, Restart, restart
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import CHECKED, runs, when
from eutonia.pump import PumpState
from eutonia.quantity import plain

WATCH = (
    "The cause of the interruption is found first: reservoir, program, rotor, catheter.",
    "A repaired catheter delivers all of the dose: sedation and weak breathing are watched for, for a day at least.",
    "Signs of withdrawal that go on: the emergency card.",
)


def build(facts: Facts, pump: PumpState | None, _: e.Request | None) -> Iterator[Plan | Refusal]:
    """One plan for each dose that the rule offers; a refusal where it offers none, or no drug is in the pump."""
    rule = restart(facts, pump)
    if pump is None or not rule.offers:
        yield refuse(facts.book, "restart", rule.missing, rule.remedy, *rule.entries)
        return
    if pump.fill is None:
        remedy = "Write 'refill 18 mL of 500 mcg/mL'."
        yield refuse(facts.book, "restart", "The pump has not been filled.", remedy, *rule.entries)
        return
    for offer in rule.offers:
        yield _plan(facts, pump, rule, offer)


def _plan(facts: Facts, pump: PumpState, rule: Restart, offer: Offer) -> Plan:
    assert pump.strength is not None and pump.fill is not None
    later = facts.now + timedelta(hours=24)
    # What the pump was told last is not what it holds: the program names the strength.
    strength = pump.strength if pump.told is not None and pump.told != pump.strength else None
    program = Program(offer.program.continuous, offer.program.boluses, offer.program.steps, strength)
    prime, ask = _prime(pump)
    cause = f"Cause of the interruption found; reservoir, program and catheter verified; {CHECKED}."
    steps = [Step(facts.now, "check", " ".join(text for text in (cause, prime) if text))]
    volume_ml, refilled = pump.left_ml or 0.0, False
    if why := _refill_first(facts, pump):
        volume_ml, refilled = float(pump.fill.volume.to("mL")), True
        fill = f"{why}: refill {plain(pump.fill.volume)} of {plain(pump.strength)} first; {CHECKED}."
        steps.append(Step(facts.now, "refill", fill, writes=e.Refill(pump.fill.volume, pump.fill.strength)))
    text = runs(program, pump.strength, volume_ml, pump, facts.now, facts, refilled)
    steps += [
        Step(
            facts.now,
            "program",
            f"{program.written}: {text}; read it back ('eutonia verify').",
            program.daily,
            writes=e.Programmed(program),
        ),
        Step(facts.now, "observe", " ".join(MONITORING[1:])),
        Step(later, "review", f"Observed until {when(later, facts)} at least; no rise before; score the tone."),
    ]
    facts_, sources = basis(facts.book, *rule.entries)
    why = f"{rule.happened[0].upper()}{rule.happened[1:]}. {offer.reason}"
    return Plan(
        "restart",
        offer.option,
        rule.setting if offer is rule.first else "inpatient",
        tuple(steps),
        why,
        facts_,
        sources,
        WATCH,
        incomplete=ask,
        program=program.written,
    )


def _prime(pump: PumpState) -> tuple[str, str]:
    """How a new pump is primed, and what is asked where the chart does not say whether the catheter was kept."""
    if pump.exchanged is None or pump.primed:
        return "", ""
    match pump.exchanged.catheter:
        case "kept":
            text = (
                "The catheter was kept and holds drug: prime the tubing of the new pump only, with the volume in its manual; a prime of the "
                "whole path would push the drug in the catheter into the patient."
            )
            return text, ""
        case "new" if pump.line_volume is not None:
            return f"The catheter is new: prime the whole path once, {plain(pump.line_volume)}.", ""
        case "new":
            return "The catheter is new: prime the whole path once; its volume is not on the chart.", ""
    ask = (
        "Incomplete: was the catheter kept or is it new? Write 'implant ...; catheter kept' or '; catheter new'. Until then no prime volume "
        "is given."
    )
    return "", ask


def _refill_first(facts: Facts, pump: PumpState) -> str:
    """Why the reservoir is refilled before the pump runs again; empty where it need not be."""
    if (pump.left_ml or 0.0) <= 0.0:
        return "The reservoir should be empty"
    if pump.stability_end is not None and pump.stability_end <= facts.now:
        return f"The drug is older than {plain(facts.book.quantity('pump.stability'))}"
    if (pump.left_ml or 0.0) <= float(pump.alarm_ml.to("mL")):
        return "The reservoir is at its alarm volume"
    return ""

"""The lines of an emergency card: what to do first, in order, and whom to call."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from eutonia.chart.facts import Facts
from eutonia.evidence import Unknown
from eutonia.findings.cautions import high_lesion
from eutonia.findings.context import taking
from eutonia.findings.exposure import Exposure, bolus_acts
from eutonia.findings.kidney import kidney
from eutonia.moment import shown
from eutonia.pump import PumpState
from eutonia.quantity import plain, rounded

Lines = tuple[str, ...]
CALL = "Call the emergency team now; do not wait for a calculation."
CALL_WITHDRAWAL = "Call the emergency team now; withdrawal can kill."
NO_ANTIDOTE = "No antidote: physostigmine is not offered (C-16)."


def by_pump(facts: Facts, pump: PumpState | None) -> bool:
    """Whether drug goes, or went, into the spine."""
    return pump is not None or (bool(facts.screenings) and (not taking(facts) or bolus_acts(facts)))


def route(facts: Facts, pump: PumpState | None, *, swallowed: bool) -> tuple[str, str]:
    """Return the knowledge entries of what is done and of the causes, by the route that the overdose came by.

    Parameters
    ----------
    swallowed
        Whether drug was swallowed in excess: then the steps are those by mouth, whatever else is given.
    """
    if swallowed or not by_pump(facts, pump):
        return "overdose.actions_oral", "overdose.causes_oral"
    return "overdose.actions" if pump is not None else "overdose.actions_bolus", "overdose.causes"


def overdose(facts: Facts, pump: PumpState | None, *, swallowed: bool) -> Lines:
    """Return the card of signs that fit an overdose alone."""
    steps, roots = route(facts, pump, swallowed=swallowed)
    actions = facts.book.words(steps)
    card = ["EMERGENCY: signs that fit a baclofen overdose.", CALL, *_leap(facts, pump)]
    card += [f"{number}. {_sentence(text)}" for number, text in enumerate(actions, 1)]
    if swallowed and pump is not None:
        card.append("The pump delivers as well: read it out; the emergency team decides whether it is stopped.")
    card += _pump_lines(facts, pump)
    card += _ask(pump)
    if taking(facts) and pump is None:
        card.append("Ask whether doses were missed: then the signs can be withdrawal as well.")
    card.append("Look for the cause: " + "; ".join(facts.book.words(roots)) + ".")
    card.append(NO_ANTIDOTE)
    return tuple(card)


def withdrawal(facts: Facts, pump: PumpState | None, exposure: Exposure | None, restore: list[str]) -> Lines:
    """Return the card of signs that fit withdrawal alone; `restore` says at which dose delivery is restored."""
    card = ["EMERGENCY: signs that fit baclofen withdrawal.", CALL_WITHDRAWAL]
    card.append(_sentence(facts.book.text("emergency.support")))
    card += _why(exposure, pump)
    if pump is not None:
        card += _dry(facts, pump)
        checks = facts.book.words("withdrawal.delivery_first")
        card += [f"{number}. Check: {text}." for number, text in enumerate(checks, 1)]
        card += _pump_lines(facts, pump)[:1]
    card += restore
    if pump is None:
        card.append("2. Ask why the dose fell or stopped: supply, vomiting, an operation, or an order.")
    card += _treatment(facts, pump)
    card.append("It can look like: " + ", ".join(facts.book.words("withdrawal.look_alikes")) + ".")
    if special := _special(facts):
        card.append("Special attention: " + "; ".join(special) + ".")
    return tuple(card)


def both(
    facts: Facts, pump: PumpState | None, exposure: Exposure | None, restore: list[str], *, swallowed: bool
) -> Lines:
    """Return the one card of signs that fit overdose and withdrawal: what is done for both first, then how to tell."""
    card = ["EMERGENCY: Overdose or withdrawal: not yet told apart.", CALL, *_leap(facts, pump)]
    steps = [facts.book.text("emergency.support")]
    if pump is not None:
        steps.append(facts.book.text("emergency.read_out"))
    steps.append(facts.book.text("emergency.ask"))
    card += [f"{number}. {_sentence(step)}" for number, step in enumerate(steps, 1)]
    card += _why(exposure, pump)
    if pump is not None:
        card += [*_dry(facts, pump), *_pump_lines(facts, pump)]
    card.append(
        "Breathing or consciousness depressed: treat as overdose first. Hold the dose, do not restore it."
        " What is done: " + "; ".join(facts.book.words(route(facts, pump, swallowed=swallowed)[0])) + "."
    )
    card.append("Awake, rigid, febrile or hallucinating: treat as withdrawal.")
    card += [line.removeprefix("1. ") for line in restore]
    card += _treatment(facts, pump)
    card.append("It can look like: " + ", ".join(facts.book.words("withdrawal.look_alikes")) + ".")
    if special := _special(facts):
        card.append("Special attention: " + "; ".join(special) + ".")
    card.append(NO_ANTIDOTE)
    return tuple(card)


# -- behind them -------------------------------------------------------------------------------------------------------


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _leap(facts: Facts, pump: PumpState | None) -> list[str]:
    """The last rise by many times, which may be a misplaced decimal point: the first cause to look at."""
    histories: list[tuple[str, list[tuple[datetime, Decimal]]]] = [("mg", list(facts.oral_history))]
    if pump is not None:
        runs = [(at, program.daily.to("mcg/day")) for at, program in pump.dose_history if not program.stopped]
        histories.insert(0, ("mcg", runs))
    lines = []
    for unit, history in histories:
        for (_, before), (at, after) in pairwise(history):
            lately = facts.age_days(at) <= facts.book.quantity("age.symptom").to("days")
            if lately and before and after >= before * facts.book.count("check.large_change"):
                lines.append(
                    f"On {shown(at, facts.home)} the dose rose to {plain(rounded(after / before, '0.1'))} times the one before (from "
                    f"{plain(before)} to {plain(after)} {unit} daily): the likely cause; never give that dose again."
                )
    return lines


def _ask(pump: PumpState | None) -> list[str]:
    what = "the last doses were given" if pump is not None else "the last doses were taken, and how many"
    return [f"Find out when {what}; measure creatinine, and a baclofen level where it can be had."]


def _why(exposure: Exposure | None, pump: PumpState | None) -> list[str]:
    """What on the chart makes withdrawal possible."""
    if exposure is None:
        return []
    reasons = [*exposure.fell, *exposure.reasons]
    if not reasons:
        ask = (
            "read the pump out and measure the residual volume" if pump is not None else "ask whether doses were missed"
        )
        return [f"Nothing on the chart says that the dose fell: {ask}."]
    return ["On the chart: " + "; ".join(reasons) + "."]


def _dry(facts: Facts, pump: PumpState) -> list[str]:
    if pump.empty_at is None or pump.empty_at > facts.now:
        return []
    return [f"By the chart the reservoir has been EMPTY since {shown(pump.empty_at, facts.home)}: refill it now."]


def _pump_lines(facts: Facts, pump: PumpState | None) -> list[str]:
    if pump is None:
        return []
    program = pump.program.written if pump.program else "no program on the chart"
    left = "unknown" if pump.left_ml is None else f"{plain(rounded(pump.left_ml, '0.1'))} mL"
    strength = plain(pump.strength) if pump.strength else "unknown strength"
    lines = [
        f"The pump as the chart has it at {shown(facts.now, facts.home)}: {program}; {left} of {strength} should be left."
    ]
    if len(pump.dose_history) > 1:
        (_, before), (at, last) = pump.dose_history[-2:]
        lines.append(f"Last change of the program: {shown(at, facts.home)}, from {before.written} to {last.written}.")
    return lines


def weak_kidneys(facts: Facts) -> bool:
    """Return whether the kidneys are known to be too weak for baclofen by mouth at a usual dose: below 30 mL/min, or dialysis."""
    known = kidney(facts)
    return not isinstance(known, Unknown) and (known.avoid or known.dialysis)


def _treatment(facts: Facts, pump: PumpState | None) -> list[str]:
    """What the evidence has for withdrawal: the bridge, what is watched, and what is unproven."""
    card = []
    if pump is not None:
        card.append(_sentence(facts.book.text("emergency.bridge")))
        card.append("Baclofen by mouth must not be relied on to stop the progression of intrathecal withdrawal.")
        if weak_kidneys(facts):
            card.append(
                "Kidneys this weak: no baclofen by mouth or tube as a bridge unless a specialist sets a reduced dose."
            )
    elif not weak_kidneys(facts):
        card.append(_sentence(facts.book.text("emergency.bridge_oral")))
    card.append(_sentence(facts.book.text("emergency.watch")))
    card.append(
        "Unproven, from single cases and series only: " + "; ".join(facts.book.words("emergency.unproven")) + "."
    )
    return card


def _special(facts: Facts) -> list[str]:
    names = list(facts.having("communication", "withdrawal"))
    if high := high_lesion(facts):
        names.append(f"cord lesion at {high}")
    return names

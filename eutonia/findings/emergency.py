"""Are there signs of overdose or withdrawal?  Then a card comes first: what to do and whom to call, before any number."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.cautions import high_lesion
from eutonia.findings.context import pumped, taking
from eutonia.findings.finding import STOP, Finding, found, listed
from eutonia.knowledge import Book, Entry
from eutonia.moment import shown
from eutonia.pump import PumpState
from eutonia.quantity import plain, rounded


@lru_cache(maxsize=8)
def _names(book: Book, prefix: str, key: str = "also") -> dict[str, Entry]:
    names: dict[str, Entry] = {}
    for entry in book.under(prefix):
        names.update((each, entry) for each in (str(entry.value), *entry.more.get(key, ())))
    return names


def signs(facts: Facts, prefix: str) -> tuple[Entry, ...]:
    """The signs of one kind ('symptom.overdose.' or 'symptom.withdrawal.') among the recent symptoms."""
    if not facts.symptoms:
        return ()
    names = _names(facts.book, prefix)
    if pumped(facts) or facts.screenings:
        names = {**names, **_names(facts.book, prefix, "also_intrathecal")}
    found_ = {names[text].name: names[text] for _, text in facts.symptoms if text in names}
    return tuple(found_.values())


@lru_cache(maxsize=8)
def known_signs(book: Book) -> frozenset[str]:
    """Every name of a sign of overdose or withdrawal."""
    return frozenset(_names(book, "symptom.overdose.")) | frozenset(_names(book, "symptom.withdrawal."))


_BOTH_OVER = {"symptom.overdose.altered_mental_state", "symptom.overdose.seizure"}
_BOTH_GONE = {"symptom.withdrawal.impaired_mental_state", "symptom.withdrawal.seizure", "symptom.withdrawal.agitation"}


class Triage(Struct, frozen=True):
    """Signs on the chart that fit an overdose, and signs that fit a withdrawal; empty where there is no card."""

    overdose: tuple[Entry, ...]
    withdrawal: tuple[Entry, ...]

    @property
    def raised(self) -> bool:
        """Whether an emergency card is shown."""
        return bool(self.overdose or self.withdrawal)


def triage(facts: Facts, pump: PumpState | None) -> Triage:
    """Return the signs that raise an emergency card, by what they fit."""
    exposed = taking(facts) or pumped(facts) or bool(facts.screenings)
    over = signs(facts, "symptom.overdose.") if exposed else ()
    may_lack = pumped(facts) or _oral_broken(facts)
    gone = signs(facts, "symptom.withdrawal.") if may_lack else ()
    # Seizure and a changed mind belong to both; with fever, itch or rigidity beside them they are withdrawal's.
    if over and gone and {x.name for x in over} <= _BOTH_OVER and not {x.name for x in gone} <= _BOTH_GONE:
        over = ()
    return Triage(over, gone)


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """The emergency cards: overdose first, then withdrawal.  Some signs belong to both."""
    seen = triage(facts, pump)
    if seen.overdose:
        yield _overdose(facts, pump, seen.overdose, both=bool(seen.withdrawal))
    if seen.withdrawal:
        yield _withdrawal(facts, pump, seen.withdrawal)


def restore_lines(pump: PumpState | None) -> list[str]:
    """Return the lines of the withdrawal card that say at which dose delivery is restored."""
    if pump is not None:
        return [
            "Restore the infusion at a dose similar to the one before; where that is delayed, GABA-ergic drugs such as benzodiazepines bridge."
        ]
    return [
        "1. Restore baclofen by mouth at a dose similar to the one before; by tube where it cannot be swallowed; "
        "where neither can be, benzodiazepines in a monitored bed."
    ]


def _oral_broken(facts: Facts) -> bool:
    """Whether baclofen by mouth was stopped or could not be taken in the last two weeks."""
    history = facts.oral_history
    stopped = bool(history) and history[-1][1] == 0 and facts.age_days(history[-1][0]) <= 14
    return stopped or any(facts.age_days(event.at) <= 14 for event in facts.of(e.Interruption))


def _pump_line(pump: PumpState, facts: Facts) -> str:
    program = pump.program.written if pump.program else "no program on the chart"
    left = "unknown" if pump.left_ml is None else f"{plain(rounded(pump.left_ml, '0.1'))} mL"
    strength = plain(pump.strength) if pump.strength else "unknown strength"
    return f"The pump as the chart has it at {shown(facts.now, facts.home)}: {program}; {left} of {strength} should be left."


def _overdose(facts: Facts, pump: PumpState | None, over: tuple[Entry, ...], both: bool) -> Finding:
    names = listed([str(entry.value) for entry in over])
    spine = pump is not None or bool(facts.screenings)
    key = "overdose.actions" if spine else "overdose.actions_oral"
    causes = "overdose.causes" if spine else "overdose.causes_oral"
    card = [
        "EMERGENCY: signs that fit a baclofen overdose.",
        "Call the emergency team now; do not wait for a calculation.",
    ]
    card += [f"{number}. {text[0].upper()}{text[1:]}." for number, text in enumerate(facts.book.words(key), 1)]
    if both:
        card.append(
            "These signs fit withdrawal as well (next card): read the pump out before it is stopped or emptied."
        )
    if pump is not None:
        card.append(_pump_line(pump, facts))
        if len(pump.dose_history) > 1:
            (_, before), (at, last) = pump.dose_history[-2:]
            card.append(
                f"Last change of the program: {shown(at, facts.home)}, from {before.written} to {last.written}."
            )
    card.append("Look for the cause: " + "; ".join(facts.book.words(causes)) + ".")
    card.append("No antidote: physostigmine is not offered (C-16).")
    # By mouth alone, what is taken is held back until the signs are explained, so no taper is laid out beside the card.
    more = () if spine else ("taper",)
    return found(
        facts.book,
        "emergency-overdose",
        STOP,
        f"Signs that fit an overdose: {names}. Emergency card first.",
        "These are signs of overdose by the monograph; most overdoses come from the screening bolus, a refill or a program.",
        "When the signs are gone or explained, write 'symptom ...; resolved' for each.",
        key,
        causes,
        "overdose.antidote",
        *(entry.name for entry in over),
        stops=("titration", "trial", "start", "adjust", "refill", "strength change", "holiday", "restart", *more),
        card=tuple(card),
    )


def _withdrawal(facts: Facts, pump: PumpState | None, gone: tuple[Entry, ...]) -> Finding:
    names = listed([str(entry.value) for entry in gone])
    stage = max(int(entry.more.get("stage", 1)) for entry in gone)
    special = _special(facts)
    card = ["EMERGENCY: signs that fit baclofen withdrawal.", "Call the emergency team now; withdrawal can kill."]
    if pump is not None:
        checks = facts.book.words("withdrawal.delivery_first")
        if pump.empty_at is not None and pump.empty_at <= facts.now:
            card.append(
                f"By the chart the reservoir has been EMPTY since {shown(pump.empty_at, facts.home)}: refill it now."
            )
        card += [f"{number}. Check: {text}." for number, text in enumerate(checks, 1)]
        card.append(_pump_line(pump, facts))
        card += restore_lines(pump)
        card.append("Baclofen by mouth must not be relied on to stop the progression of intrathecal withdrawal.")
    else:
        card += restore_lines(pump)
        card.append("2. Ask why it stopped: supply, vomiting, operation, or somebody's order.")
    card.append("It can look like: " + ", ".join(facts.book.words("withdrawal.look_alikes")) + ".")
    if special:
        card.append("Special attention: " + "; ".join(special) + ".")
    return found(
        facts.book,
        "emergency-withdrawal",
        STOP,
        f"Signs that fit withdrawal, stage {stage} of 3: {names}. Emergency card first.",
        "Withdrawal comes most often from the delivery system, evolves over 1-3 days and can end in organ failure.",
        "When the signs are gone or explained, write 'symptom ...; resolved' for each.",
        "withdrawal.delivery_first",
        "withdrawal.boxed",
        "withdrawal.look_alikes",
        "withdrawal.oral_not_enough",
        "restart.similar",
        *(entry.name for entry in gone),
        stops=("titration", "taper", "trial", "start", "adjust", "strength change", "holiday"),
        card=tuple(card),
    )


def _special(facts: Facts) -> list[str]:
    names = list(facts.having("communication", "withdrawal"))
    if high := high_lesion(facts):
        names.append(f"cord lesion at {high}")
    return names

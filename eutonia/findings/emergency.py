"""Are there signs of overdose or withdrawal?  Then a card comes first: what to do and whom to call, before any number.

Which of the two is possible is decided by the doses on the chart (exposure), what is seen by the signs (signs).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from eutonia.chart.facts import Facts
from eutonia.evidence import Known
from eutonia.findings import emergency_card as cards
from eutonia.findings.context import taking
from eutonia.findings.exposure import Exposure, exposure, swallowed_lately, tapered
from eutonia.findings.finding import STOP, Finding, Kind, found, listed
from eutonia.findings.signs import Sign, current, recent
from eutonia.knowledge import Book, Entry
from eutonia.pump import PumpState

# The findings that carry an emergency card; where both stand, the first one carries the card of both.
EMERGENCIES: Final = ("emergency-overdose", "emergency-withdrawal")
_OVERDOSE: Final = "symptom.overdose."
_WITHDRAWAL: Final = "symptom.withdrawal."
# Signs that overdose and withdrawal share.
_SHARED: Final = frozenset(
    {
        "symptom.overdose.altered_mental_state",
        "symptom.overdose.seizure",
        "symptom.withdrawal.impaired_mental_state",
        "symptom.withdrawal.seizure",
        "symptom.withdrawal.agitation",
    }
)
# Depressed breathing or consciousness: first of all an overdose, wherever one is possible.
DEPRESSED: Final = frozenset(
    {
        "symptom.overdose.respiratory_depression",
        "symptom.overdose.coma",
        "symptom.overdose.somnolence",
        "sign.low_oxygen",
        "sign.airway",
        "sign.arrest",
    }
)
# After a fall of the dose a changed mind, coma included, is a sign of withdrawal as well.
_MIND: Final = frozenset({"symptom.overdose.coma", "symptom.overdose.somnolence", "sign.called"})
_HOT: Final = frozenset({"symptom.withdrawal.fever", "symptom.withdrawal.hyperpyrexia"})
# What a taper by the rules brings by itself.
_LOOSENED: Final = frozenset({"symptom.withdrawal.return_of_spasticity"})
_STIFF: Final = frozenset({"symptom.withdrawal.rigidity", "symptom.withdrawal.return_of_spasticity"})
# What a poisoned brain shows too: without a fall of the dose it is read as too much.
_TOXIC: Final = frozenset({"symptom.withdrawal.hallucination", "symptom.withdrawal.labile_blood_pressure"})


class Triage(Struct, frozen=True):
    """Signs on the chart that fit an overdose, and signs that fit a withdrawal; empty where there is no card.

    Parameters
    ----------
    signs
        The open symptoms behind them.
    exposure
        What is possible by the doses on the chart; none where there is no sign.
    """

    overdose: tuple[Entry, ...]
    withdrawal: tuple[Entry, ...]
    signs: tuple[Sign, ...] = ()
    exposure: Exposure | None = None

    @property
    def raised(self) -> bool:
        """Whether an emergency card is shown."""
        return bool(self.overdose or self.withdrawal)

    @property
    def depressed(self) -> bool:
        """Whether breathing or consciousness is depressed."""
        return any(entry.name in DEPRESSED for sign in self.signs for entry in sign.emergency)

    @property
    def swallowed(self) -> bool:
        """Whether drug was swallowed in excess."""
        return any(_swallowed(sign) for sign in self.signs)

    def named(self, entries: tuple[Entry, ...]) -> str:
        """Return the names of some of its signs, with the words they were written in."""
        names = {entry.name for entry in entries}
        written = dict.fromkeys(
            sign.name for sign in self.signs if names & {entry.name for entry in sign.emergency} or _called(sign)
        )
        return listed(list(written))


def triage(facts: Facts, pump: PumpState | None) -> Triage:
    """Return the signs that raise an emergency card, by what they fit."""
    seen = tuple(
        sign for sign in current(facts).open if recent(facts, sign) and sign.classified != "unrelated" and _counts(sign)
    )
    if not seen:
        return Triage((), ())
    possible = exposure(facts, pump)
    if any(_swallowed(sign) and swallowed_lately(facts, sign.at, slow=possible.slow) for sign in seen):
        possible = replace(possible, overdose=True)
    entries = {entry.name: entry for sign in seen for entry in _entries(sign, facts.book)}
    alone = {
        entry.name for sign in seen for entry in _entries(sign, facts.book) if _alone(facts, entry, sign, possible)
    }
    if set(entries) & _HOT and set(entries) & _STIFF:
        alone |= set(entries) & (_HOT | _STIFF)
    over = {name for name in entries if _fits(entries[name], "overdose")} if possible.overdose else set()
    may_lack = bool(possible.fell) or possible.unseen
    gone = {name for name in entries if _fits(entries[name], "withdrawal")} if may_lack else set()
    if possible.fell:
        gone |= set(entries) & _MIND
    over, gone = _placed(over, gone, set(entries), alone, possible, taking(facts) or pump is not None)
    if gone <= _LOOSENED and tapered(facts, possible.fell):
        # Stiffness alone while a taper runs by the rules is what a taper brings: asked about, not an emergency.
        gone = set()
    # An early sign needs a reason on the chart; what is severe stands alone.
    if not (gone & alone or (gone and (possible.fell or possible.reasons))):
        gone = set()
    if not over & alone:
        over = over if gone else set()
    over, gone = _apart(over, gone, possible)
    if not over and not gone:
        return Triage((), ())
    inside = tuple(sign for sign in seen if (over | gone) & {entry.name for entry in _entries(sign, facts.book)})
    return Triage(
        tuple(entries[name] for name in entries if name in over),
        tuple(entries[name] for name in entries if name in gone),
        inside,
        possible,
    )


def _called(sign: Sign) -> bool:
    return sign.classified == "emergency"


def _counts(sign: Sign) -> bool:
    return bool(sign.emergency) or _called(sign)


def _entries(sign: Sign, book: Book) -> tuple[Entry, ...]:
    return (*sign.emergency, book.entry("sign.called")) if _called(sign) else sign.emergency


def _swallowed(sign: Sign) -> bool:
    return any(entry.more.get("taken") for entry in sign.emergency)


def _alone(facts: Facts, entry: Entry, sign: Sign, possible: Exposure) -> bool:
    if entry.more.get("taken"):
        # In a child, and where the kidneys may keep the drug, no excess is known to be harmless.
        adult = isinstance(facts.age, Known) and facts.age.value >= 18
        frail = possible.slow or not adult
        return (frail or bool(entry.more.get("alone"))) and swallowed_lately(facts, sign.at, slow=possible.slow)
    return bool(entry.more.get("alone")) or sign.reading.red


def _fits(entry: Entry, which: str) -> bool:
    return entry.name.startswith(f"symptom.{which}.") or which in entry.more.get("fits", ())


def _placed(
    over: set[str], gone: set[str], every: set[str], alone: set[str], possible: Exposure, treated: bool
) -> tuple[set[str], set[str]]:
    """Return both sets with what is severe in one of them, wherever drug may act or may be lacking at all."""
    if possible.overdose and not gone:
        # Nothing says that the dose fell: what a poisoned brain shows as well is read as too much.
        toxic = every & alone & _TOXIC
        rest = (every & alone) - over - toxic - (_SHARED if over else set())
        over = over | toxic
        if treated:
            gone = rest
        else:
            over = over | rest
    elif possible.fell and not possible.overdose:
        gone = gone | (every & alone)
    return over, gone


def _apart(over: set[str], gone: set[str], possible: Exposure) -> tuple[set[str], set[str]]:
    """Return both sets without the one that the signs speak against."""
    if not over or not gone:
        return over, gone
    # A seizure or a changed mind beside fever, itch or rigidity is withdrawal's, unless the kidneys keep the drug.
    own = gone - _SHARED - over
    if not possible.fell:
        own -= _TOXIC
    if over <= _SHARED and own and not possible.slow:
        return set(), gone
    if not possible.fell and gone <= _SHARED | over and over - _SHARED:
        return over, set()
    return over, gone


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """One emergency card: overdose, withdrawal, or, where both fit, how to tell them apart."""
    seen = triage(facts, pump)
    both = bool(seen.overdose and seen.withdrawal)
    if seen.overdose:
        yield _overdose(facts, pump, seen, both=both)
    if seen.withdrawal:
        yield _withdrawal(facts, pump, seen, both=both)


def restore_lines(facts: Facts, pump: PumpState | None) -> list[str]:
    """Return the lines of the withdrawal card that say at which dose delivery is restored, by the restart rule."""
    from eutonia.findings.restart_card import explanted_lines, restart_lines

    if pump is not None:
        return restart_lines(facts, pump)
    if lines := explanted_lines(facts):
        return lines
    if cards.weak_kidneys(facts):
        return [
            "1. Restore baclofen by mouth only as a specialist decides (kidneys below 30 mL/min, or dialysis), at a dose reduced for "
            "the kidneys, never the one before; until then benzodiazepines in a monitored bed."
        ]
    return [
        "1. Restore baclofen by mouth at a dose similar to the one before; by tube where it cannot be swallowed; "
        "where neither can be, benzodiazepines in a monitored bed."
    ]


_RESOLVE: Final = "When the signs are gone or explained, write 'symptom ...; resolved' for each."


def _overdose(facts: Facts, pump: PumpState | None, seen: Triage, *, both: bool) -> Finding:
    spine = cards.by_pump(facts, pump)
    keys = cards.route(facts, pump, swallowed=seen.swallowed)
    # What is taken by mouth is held back until the signs are explained, so no taper is laid out beside the card.
    stops: tuple[Kind, ...] = ("titration", "trial", "start", "adjust", "strength change", "holiday")
    stops = stops if spine else (*stops, "taper")
    if not both or seen.depressed:
        # Awake, and perhaps without drug: then delivery may have to be restored, and nothing here refuses that.
        stops = (*stops, "refill", "restart")
    says = f"Signs that fit an overdose: {seen.named(seen.overdose)}."
    card = (
        cards.both(facts, pump, seen.exposure, restore_lines(facts, pump), swallowed=seen.swallowed)
        if both
        else cards.overdose(facts, pump, swallowed=seen.swallowed)
    )
    return found(
        facts.book,
        "emergency-overdose",
        STOP,
        f"{says} They fit withdrawal as well. Emergency card first." if both else f"{says} Emergency card first.",
        "These are signs of overdose by the monograph; most overdoses come from the screening bolus, a refill or a program.",
        _RESOLVE,
        *keys,
        "overdose.antidote",
        *(entry.name for entry in seen.overdose),
        stops=stops,
        card=card,
    )


def _withdrawal(facts: Facts, pump: PumpState | None, seen: Triage, *, both: bool) -> Finding:
    stage = max(int(entry.more.get("stage", 3)) for entry in seen.withdrawal)
    says = f"Signs that fit withdrawal, stage {stage} of 3: {seen.named(seen.withdrawal)}."
    fell = seen.exposure.fell if seen.exposure is not None else ()
    if fell:
        says += f" {fell[0][0].upper()}{fell[0][1:]}."
    card = () if both else cards.withdrawal(facts, pump, seen.exposure, restore_lines(facts, pump))
    return found(
        facts.book,
        "emergency-withdrawal",
        STOP,
        f"{says} The emergency card says how to tell it from an overdose." if both else f"{says} Emergency card first.",
        "Withdrawal comes most often from the delivery system, evolves over 1-3 days and can end in organ failure.",
        _RESOLVE,
        "withdrawal.delivery_first",
        "withdrawal.boxed",
        "withdrawal.look_alikes",
        "withdrawal.oral_not_enough",
        "restart.similar",
        *(entry.name for entry in seen.withdrawal),
        stops=("titration", "taper", "trial", "start", "adjust", "strength change", "holiday"),
        card=card,
    )

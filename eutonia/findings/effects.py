"""Which adverse effects were reported, which are not answered yet, and what do they change in the next step?"""

from __future__ import annotations

from collections.abc import Iterator

from eutonia.chart.facts import Facts
from eutonia.findings.emergency import triage
from eutonia.findings.exposure import exposure
from eutonia.findings.finding import CAUTION, NOTE, STOP, Blocked, Finding, Grade, found, listed
from eutonia.findings.kidney import acute_rise
from eutonia.findings.signs import Sign, current, needs_its_own_end, recent
from eutonia.knowledge import Entry
from eutonia.moment import shown_day
from eutonia.pump import PumpState

# A sign of these alone is what a rise is asked for, or needs another look than holding the dose.
_NO_HOLD = frozenset(
    {
        "symptom.withdrawal.return_of_spasticity",
        "symptom.withdrawal.piloerection",
        "symptom.withdrawal.tachycardia",
        "symptom.withdrawal.fever",
        "symptom.withdrawal.paraesthesia",
        "symptom.withdrawal.itch_without_rash",
        "symptom.withdrawal.rigidity",
    }
)


def holding(facts: Facts) -> tuple[str, ...]:
    """Return the names of what holds every increase of the dose until somebody answers it.

    Adverse effects inside the age limit; serious or sedating ones and signs of overdose or withdrawal whatever their age;
    what was not understood, until a person classifies it; acute kidney injury.  It never holds a refill, a taper, a lower
    dose or the restoring of delivery.
    """
    names = [sign.name for sign in current(facts).open if holds(facts, sign)]
    if acute_rise(facts) is not None:
        names.append("acute kidney injury")
    return tuple(dict.fromkeys(names))


def holds(facts: Facts, sign: Sign) -> bool:
    """Return whether one open symptom holds every increase."""
    if sign.classified == "unrelated":
        return False
    if sign.unread or lasting(sign):
        return True
    return recent(facts, sign) and bool(sign.effects or sign.classified or (sign.emergency and not _spastic(sign)))


def unexplained(facts: Facts) -> tuple[Sign, ...]:
    """Return the signs that fit an overdose or a withdrawal, on no emergency card or not yet, for which nobody named another cause.

    More spasticity alone is none: it is what a rise is asked for.
    """
    return tuple(
        sign
        for sign in current(facts).open
        if sign.emergency and not sign.classified and recent(facts, sign) and not _spastic(sign)
    )


def _spastic(sign: Sign) -> bool:
    return all(entry.name == "symptom.withdrawal.return_of_spasticity" for entry in sign.emergency)


def lasting(sign: Sign) -> bool:
    """Return whether a sign holds increases until it is answered, whatever its age: it is serious, or it sedates."""
    return (
        sign.classified == "emergency"
        or sign.reading.red
        or any(entry.more.get("serious") or entry.more.get("sedating") for entry in sign.effects)
        or any(entry.name not in _NO_HOLD and entry.more.get("alone") for entry in sign.emergency)
        or any(entry.more.get("taken") for entry in sign.emergency)
    )


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """Effects hold the next rise, serious ones stop it; what was not understood is classified; what is old is asked for."""
    signs = current(facts)
    if not signs.open and signs.none_at is None:
        return
    carded = triage(facts, pump).signs
    # What stands on the emergency card is not told twice.
    open_ = [sign for sign in signs.open if sign not in carded and not any(_same(sign, other) for other in carded)]
    judged = [sign for sign in open_ if sign.classified == "unrelated"]
    open_ = [sign for sign in open_ if sign.classified != "unrelated"]
    lone = [sign for sign in open_ if sign.emergency and not sign.effects and not sign.classified and not sign.unread]
    lone = [sign for sign in lone if recent(facts, sign)]
    excess = [sign for sign in lone if any(entry.more.get("taken") for entry in sign.emergency)]
    lone = [sign for sign in lone if sign not in excess]
    effects = [
        sign
        for sign in open_
        if (sign.entries or sign.classified) and sign not in (*lone, *excess) and holds(facts, sign)
    ]
    yield from _excess(facts, excess)
    # Where drug may be lacking, a sign that fits withdrawal is no reason to give less.
    lacking = lack(facts, pump)
    fitting = [sign for sign in effects if lacking and _fits_withdrawal(sign) and not sign.classified]
    lone += fitting
    yield from _effects(facts, [sign for sign in effects if sign not in fitting], lacking=bool(lacking))
    # With a pump an early sign is looked into today, also where it is an adverse effect as well.
    early = [
        sign
        for sign in effects
        if pump is not None and sign.emergency and not sign.classified and recent(facts, sign) and sign not in fitting
    ]
    yield from _lone(facts, pump, [*lone, *early])
    yield from _unread(facts, [sign for sign in open_ if sign.unread])
    asked = [sign for sign in open_ if sign.effects and sign not in (*effects, *lone) and not recent(facts, sign)]
    yield from _not_answered(facts, asked)
    yield from _answered(facts, judged, [sign for sign in open_ if _everyday(sign) and recent(facts, sign)])


def _same(sign: Sign, other: Sign) -> bool:
    """Whether two signs are pieces of the same words, both understood."""
    return sign.text == other.text and sign.at == other.at and not sign.unread


def _everyday(sign: Sign) -> bool:
    names = [entry.name for entry in sign.entries]
    everyday = all(name.startswith("everyday.") and name != "everyday.well" for name in names)
    return everyday and not sign.unread and not sign.classified


def _dated(facts: Facts, signs: list[Sign]) -> str:
    return listed(list(dict.fromkeys(f"{sign.name} ({shown_day(sign.at, facts.home)})" for sign in signs)))


def _upper(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _entry_names(signs: list[Sign]) -> list[str]:
    return list(dict.fromkeys(entry.name for sign in signs for entry in (*sign.effects, *sign.emergency)))


def lack(facts: Facts, pump: PumpState | None) -> tuple[str, ...]:
    """Return why drug may be lacking by the chart: the dose fell, was missed, or the pump does not deliver; empty where it may not."""
    why = list(exposure(facts, pump).fell)
    if pump is not None and pump.stopped_at is not None and not pump.running:
        why = why or [f"the pump has been stopped since {shown_day(pump.stopped_at, facts.home)}"]
    return tuple(why)


def _fits_withdrawal(sign: Sign) -> bool:
    return any(
        entry.name.startswith("symptom.withdrawal.") or "withdrawal" in entry.more.get("fits", ())
        for entry in sign.emergency
    )


def _effects(facts: Facts, effects: list[Sign], *, lacking: bool) -> Iterator[Finding]:
    if not effects:
        return
    # What is old and serious holds increases; it stops no lower dose any more.
    serious = [sign for sign in effects if recent(facts, sign) and _is_serious(sign)]
    grade: Grade = STOP if serious else CAUTION
    escalate = f" {listed(list(dict.fromkeys(_word(sign) for sign in serious)))}: escalate." if serious else ""
    old = [sign for sign in effects if not recent(facts, sign)]
    unanswered = (
        f" Not answered for more than {facts.book.quantity('age.symptom')}: {_dated(facts, old)}." if old else ""
    )
    yield found(
        facts.book,
        "effects",
        grade,
        f"Reported: {listed(list(dict.fromkeys(_told(sign) for sign in effects)))}.{escalate}{unanswered}",
        "Adverse effects of baclofen by the monograph; a reported effect holds the next rise or asks for a step back. "
        "A serious or sedating one holds it until it is answered.",
        "Drug may be lacking: look for withdrawal before it is taken for an adverse effect, and give no less because of it; "
        "write 'symptom ...; resolved' when it is gone."
        if lacking
        else "Hold the dose or step back; ask again before the next rise; write 'symptom ...; resolved' when it is gone.",
        *_entry_names(effects),
        *(["caution.serious"] if serious else []),
        stops=("titration", "adjust up") if serious else (),
    )


def _is_serious(sign: Sign) -> bool:
    return sign.classified == "emergency" or any(entry.more.get("serious") for entry in sign.effects)


def _word(sign: Sign) -> str:
    entry = next((entry for entry in sign.effects if entry.more.get("serious")), None)
    return str(entry.value) if entry is not None else sign.text


def _told(sign: Sign) -> str:
    if not sign.effects:
        return f"{sign.text} (classified as {sign.classified})" if sign.classified else sign.name
    entry: Entry = next((entry for entry in sign.effects if entry.more.get("serious")), sign.effects[0])
    name = f"{entry.value} ({entry.more['system']}, {entry.more['frequency']})"
    return name if sign.text.lower() in str(entry.value).lower() else f"{sign.text}: {name}"


def _lone(facts: Facts, pump: PumpState | None, signs: list[Sign]) -> Iterator[Finding]:
    if not signs:
        return
    names = listed(list(dict.fromkeys(sign.name for sign in signs)))
    basis = "It raises the emergency card where drug is, or was lately, in the body and may be lacking or too much."
    lacking = lack(facts, pump)
    says = f"{_upper(names)}: a sign of withdrawal or overdose elsewhere; nothing on this chart says it is one here."
    if lacking and any(_fits_withdrawal(sign) for sign in signs):
        says = f"{_upper(names)}: it may be withdrawal, for {'; '.join(lacking)}."
    resolve = "Ask whether doses were missed or doubled."
    entries = ["withdrawal.boxed"]
    if pump is not None:
        resolve = (
            "Read the pump out and measure the residual volume today; look for another cause. "
            "'symptom ...; resolved' ends it, '; unrelated' says that it has another cause."
        )
        entries.append("withdrawal.delivery_first")
    # Before it is explained nobody knows whether too much or too little is given: the pump goes on as it is.
    stops: tuple[Blocked, ...] = ("adjust",) if pump is not None and not all(_spastic(sign) for sign in signs) else ()
    yield found(facts.book, "signs", CAUTION, says, basis, resolve, *entries, stops=stops)


def _excess(facts: Facts, signs: list[Sign]) -> Iterator[Finding]:
    """More was swallowed than ordered, by an amount that is not known to be large, and nothing on the chart follows from it yet."""
    if not signs:
        return
    yield found(
        facts.book,
        "excess",
        CAUTION,
        f"{_upper(listed(list(dict.fromkeys(sign.name for sign in signs))))}. No increase while it is open.",
        f"Symptoms are expected from about {facts.book.quantity('ingestion.symptomatic')} at once, in a child and where the kidneys keep the "
        "drug from less; a tablet of unknown strength counts as 10 mg (assumption).",
        "Ask how much was swallowed, when, and why; watch breathing and consciousness; a clinician decides about the next dose. Write the "
        "amount ('symptom swallowed 20 tablets of 10 mg'); 'symptom ...; resolved' ends it.",
        "ingestion.symptomatic",
        "ingestion.tablet",
        *(entry.name for sign in signs for entry in sign.emergency),
    )


def _unread(facts: Facts, signs: list[Sign]) -> Iterator[Finding]:
    if not signs:
        return
    names = listed(list(dict.fromkeys(f"'{sign.text}'" for sign in signs)))
    yield found(
        facts.book,
        "symptoms",
        CAUTION,
        f"Not recognized as an effect, an overdose or a withdrawal: {names}. No increase until a person classifies it.",
        "A symptom that the list does not know may be a sign; it holds increases and nothing else.",
        "Look at it and classify it: 'symptom ...; effect', '; emergency' or '; unrelated'; or write it in other words.",
        "organ.systems",
    )


def _not_answered(facts: Facts, signs: list[Sign]) -> Iterator[Finding]:
    if not signs:
        return
    yield found(
        facts.book,
        "unanswered",
        NOTE,
        f"Not answered: {_dated(facts, signs)}. Ask about it at this visit.",
        f"Reported more than {facts.book.quantity('age.symptom')} ago (assumption) and never resolved: it holds no increase any more.",
        "Write 'symptom ...; resolved', write it again, or 'symptom none'.",
        "age.symptom",
        *_entry_names(signs),
    )


def _answered(facts: Facts, judged: list[Sign], everyday: list[Sign]) -> Iterator[Finding]:
    """What 'symptom none' ended and what it could not end; what a person called unrelated; what is everyday."""
    signs, says = current(facts), []
    limit = facts.book.quantity("age.symptom").to("days")
    if signs.none_at is not None and facts.age_days(signs.none_at) <= limit:
        day = shown_day(signs.none_at, facts.home)
        if signs.closed:
            says.append(f"'symptom none' of {day} ended {_dated(facts, list(signs.closed))}")
        if kept := [sign for sign in signs.kept if needs_its_own_end(sign)]:
            says.append(f"still open in spite of it, and ended only by its own 'resolved': {_dated(facts, kept)}")
    if recent_ := [sign for sign in judged if recent(facts, sign)]:
        says.append(f"classified as unrelated by a person: {_dated(facts, recent_)}")
    if everyday:
        says.append(f"everyday, on no label of baclofen: {listed(list(dict.fromkeys(x.text for x in everyday)))}")
    if says:
        yield found(
            facts.book,
            "answered",
            NOTE,
            f"{_upper('; '.join(says))}.",
            "An answer ends what is mild; what is serious needs its own.",
            "Nothing to do.",
            "age.symptom",
        )

"""The patient's own sheet: why baclofen must not stop, when to come, which signs need help; and no change of a dose."""

from __future__ import annotations

from typing import Any, Final

from eutonia.advice import Advice
from eutonia.chart import Facts
from eutonia.doors import words
from eutonia.doors.amounts import UNKNOWN
from eutonia.doors.words import Row
from eutonia.evidence import Unknown
from eutonia.knowledge import Book, Entry

# Plain words for what a person can see or feel.  Each stands in the knowledge as another name of the sign, so nothing
# is told here that no source tells; what only a laboratory sees is left to the clinic.
PLAIN: Final[dict[str, str | None]] = {
    "symptom.withdrawal.itch_without_rash": "itching",
    "symptom.withdrawal.paraesthesia": "pins and needles",
    "symptom.withdrawal.return_of_spasticity": "more spasms",
    "symptom.withdrawal.tachycardia": "racing heart",
    "symptom.withdrawal.piloerection": "goose bumps",
    "symptom.withdrawal.fever": "fever",
    "symptom.withdrawal.agitation": "restlessness",
    "symptom.withdrawal.hallucination": "seeing things",
    "symptom.withdrawal.seizure": "seizure",
    "symptom.withdrawal.labile_blood_pressure": "blood pressure swings",
    "symptom.withdrawal.rigidity": "muscle rigidity",
    "symptom.withdrawal.hyperpyrexia": "very high fever",
    "symptom.withdrawal.impaired_mental_state": "confusion",
    "symptom.withdrawal.rhabdomyolysis": None,
    "symptom.withdrawal.intravascular_coagulation": None,
    "symptom.withdrawal.organ_failure": None,
    "symptom.overdose.respiratory_depression": "slow breathing",
    "symptom.overdose.coma": "cannot be woken",
    "symptom.overdose.somnolence": "hard to wake",
    "symptom.overdose.altered_mental_state": "confusion",
    "symptom.overdose.seizure": "seizure",
    "symptom.overdose.hypothermia": "low body temperature",
    "symptom.overdose.rostral_hypotonia": "loss of tone that climbs towards the head",
    "adverse.sedation": "sleepiness",
    "adverse.confusion": "confusion",
    "adverse.muscle_weakness": "weak muscles",
    "adverse.vertigo": "dizziness",
    "adverse.nausea": "feeling sick",
}

# The entries behind each part; the monograph's facts of all of them are named at the foot, for the clinic.
_ALWAYS: Final = (
    "indication.oral",
    "oral.driving",
    "interaction.alcohol",
    "interaction.cns_depressant",
    "interaction.general_anaesthetic",
    "pregnancy.rule",
    "lactation.oral",
    "overdose.actions",
)
_PUMP: Final = ("withdrawal.boxed", "withdrawal.delivery_first", "pump.book_ahead", "pump.alarm_ml")
_TABLETS: Final = ("symptom.withdrawal.hallucination", "oral.taper_days", "oral.times_a_day")


def sheet(advice: Advice, call: str | None) -> dict[str, Any]:
    """The contents of the sheet, for whichever way the drug is given: pump, tablets, both, or neither yet."""
    found = advice.as_dict(foresee=False)
    pump = {row.label: row.text for row in words.sheet(found).pump}
    tablets = _tablets(advice.facts)
    book = advice.book
    return {
        "call": (call or "").strip(),
        "why": _why(bool(pump), bool(tablets)),
        "never": _never(bool(pump), bool(tablets)),
        "dates": _dates(pump) if pump else [],
        "now": [*_taken(pump), *([Row("By mouth", tablets)._asdict()] if tablets else [])],
        "lacking": "Too little baclofen" if pump else "Too little baclofen: after missed or stopped doses",
        "little": _plain(book, "symptom.withdrawal."),
        "much": [*_plain(book, "symptom.overdose."), *(["sleepiness"] if pump else [])],
        "pumped": bool(pump),
        "days": _days(bool(pump), book),
        "rests": ", ".join(_facts(book, bool(pump), bool(tablets) or not pump)),
        "closing": words.CLOSING,
    }


def _why(pump: bool, tablets: bool) -> list[str]:
    lines = ["Baclofen loosens muscles that are too tight. It eases spasms and the pain that comes with them."]
    if pump:
        lines.append(
            "Your pump gives you baclofen by itself, through a thin tube into the fluid around your spinal cord. The "
            "pump holds a store of the drug. The clinic fills it again with a needle through the skin."
        )
    if tablets:
        lines.append(
            "What you take by mouth works for a few hours only. That is why the day is split into several doses. Take each "
            "dose at its time."
        )
    if not pump and not tablets:
        lines.append("Your chart shows no baclofen in use today. Keep this page for the time when you take it.")
    return lines


def _never(pump: bool, tablets: bool) -> list[str]:
    lines = []
    if pump:
        lines.append(
            "The pump must never run empty. If the drug stops suddenly, you can get a high fever, confusion and very "
            "stiff muscles. Muscles and organs can be damaged, and this can kill."
        )
        lines.append("Watch over the pump together with the people who care for you. Come to every refill on time.")
    if tablets or not pump:
        lines.append(
            "Never stop baclofen by mouth suddenly. Stopping suddenly can cause seizures, and you may see or hear things "
            "that are not there. When it is to end, your clinic brings the dose down step by step."
        )
    lines.append("Do not take more or less than your clinic told you. This page changes no dose.")
    return lines


def _dates(pump: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"label": "Book your refill by", "text": pump.get("Book by", UNKNOWN)},
        # The day is for the patient; which limit brings it is for the clinic, and on the card.
        {"label": "Refill due", "text": pump.get("Refill due", UNKNOWN).partition(": ")[0]},
        {"label": "Alarm for low drug", "text": pump.get("Alarm", UNKNOWN)},
        {"label": "Pump empty", "text": pump.get("Empty", UNKNOWN)},
        *([{"label": "Replace the pump by", "text": pump["Replace pump by"]}] if "Replace pump by" in pump else []),
        *([{"label": "Delivery", "text": pump["Delivery"]}] if "Delivery" in pump else []),
    ]


def _taken(pump: dict[str, str]) -> list[dict[str, str]]:
    if not pump:
        return []
    return [
        Row(label if label == "Device" else f"{label} by the pump", pump.get(label, UNKNOWN))._asdict()
        for label in ("Device", "Daily dose")
    ]


def _tablets(facts: Facts) -> str:
    """What is taken by mouth, in the chart's words; empty where nothing is, and unknown where it cannot be read."""
    if isinstance(facts.oral, Unknown):
        return f"{UNKNOWN}; ask your clinic"
    use = facts.oral.value
    return "" if use is None else "; ".join(each.written for each in use.regimens)


def _plain(book: Book, prefix: str) -> list[str]:
    """The signs a person can notice, early ones first."""
    entries = sorted(book.under(prefix), key=lambda entry: entry.more.get("stage", 0))
    return [said for entry in entries if (said := PLAIN[entry.name]) is not None]


def _days(pump: bool, book: Book) -> list[str]:
    common = ", ".join(PLAIN[entry.name] or "" for entry in _harmless(book, pump))
    lines = [
        f"Common, and mostly passing: {common}. Tell your clinic if one of them stays or troubles you.",
        "Do not drive until you know how baclofen acts on you.",
        "Avoid alcohol. With baclofen it makes you sleepy in a way that nobody can foresee.",
        "Some other medicines make you sleepy too. Ask your clinic before you take a new one.",
        "Tell every doctor that you take baclofen, above all before an operation.",
        "Pregnant, or breastfeeding? Tell your clinic, and do not stop by yourself.",
    ]
    if pump:
        lines.append("Carry your pump card with you.")
    return lines


def _harmless(book: Book, pump: bool) -> list[Entry]:
    """The most common effects; what is a sign of overdose as well is told there, and not here as if it were nothing."""
    grave: set[str] = set()
    for sign in book.under("symptom.overdose."):
        grave |= {str(sign.value), *sign.more.get("also", ()), *(sign.more.get("also_intrathecal", ()) if pump else ())}
    return [
        entry
        for entry in book.under("adverse.")
        if entry.more.get("frequency") == "most common" and PLAIN[entry.name] not in grave
    ]


def _facts(book: Book, pump: bool, tablets: bool) -> tuple[str, ...]:
    signs = (entry.name for prefix in ("symptom.withdrawal.", "symptom.overdose.") for entry in book.under(prefix))
    names = (*_ALWAYS, *(_PUMP if pump else ()), *(_TABLETS if tablets else ()), *signs)
    return tuple(sorted(book.behind(tuple(names))[0]))

"""The patient's own sheet: why baclofen must not stop, when to come, which signs need help; and no change of a dose."""

from __future__ import annotations

from typing import Any, Final

from eutonia.advice import Advice
from eutonia.chart import Facts
from eutonia.chart.orders import Regimen
from eutonia.doors import words
from eutonia.doors.amounts import UNKNOWN
from eutonia.doors.paper.today import delivering, stopped, today
from eutonia.doors.words import Row
from eutonia.evidence import Unknown
from eutonia.knowledge import Book, Entry
from eutonia.quantity import Quantity, plain, rounded

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
    sleepy = _sleepiness_is_grave(advice)
    return {
        "call": (call or "").strip(),
        "today": today(advice),
        "why": _why(advice, bool(tablets)),
        "never": _never(bool(pump), stopped(advice.pump), bool(tablets)),
        "dates": _dates(pump) if pump and not stopped(advice.pump) else [],
        "now": [*_taken(advice, pump), *([Row("By mouth", tablets)._asdict()] if tablets else [])],
        "lacking": "Too little baclofen" if pump else "Too little baclofen: after missed or stopped doses",
        "little": _plain(book, "symptom.withdrawal."),
        "much": [*_plain(book, "symptom.overdose."), *(["sleepiness"] if pump or sleepy else [])],
        "pumped": bool(pump),
        "days": _days(bool(pump), sleepy, book),
        "rests": ", ".join(_facts(book, bool(pump), bool(tablets) or not pump)),
        "closing": words.CLOSING,
    }


def _why(advice: Advice, tablets: bool) -> list[str]:
    lines = ["Baclofen loosens muscles that are too tight. It eases spasms and the pain that comes with them."]
    if advice.pump is not None:
        lines.append(_pump(advice))
    if tablets:
        emergency = any(finding.card for finding in advice.findings)
        take = "Ask the emergency team before you take the next dose." if emergency else "Take each dose at its time."
        lines.append(
            "What you take by mouth works for a few hours only. That is why the day is split into several doses. "
            + take
        )
    if advice.pump is None and not tablets:
        stop = any(finding.id == "abrupt-stop" for finding in advice.findings)
        lines.append(
            "Your chart shows no baclofen in use today. It was stopped a short time ago."
            if stop
            else "Your chart shows no baclofen in use today. Keep this page for the time when you take it."
        )
    return lines


def _pump(advice: Advice) -> str:
    """What the pump does, and only what it does at this moment."""
    store = (
        "through a thin tube into the fluid around your spinal cord. The pump holds a store of the drug. The clinic "
        "fills it again with a needle through the skin."
    )
    if delivering(advice):
        return f"Your pump gives you baclofen by itself, {store}"
    if stopped(advice.pump):
        return "You have a pump for baclofen. It is stopped and gives you no baclofen now."
    return f"You have a pump that can give baclofen, {store}"


def _never(pump: bool, is_stopped: bool, tablets: bool) -> list[str]:
    lines = []
    if pump:
        never = "Baclofen from a pump must not stop suddenly." if is_stopped else "The pump must never run empty."
        lines.append(
            f"{never} If the drug stops suddenly, you can get a high fever, confusion and very "
            "stiff muscles. Muscles and organs can be damaged, and this can kill."
        )
        come = "" if is_stopped else " Come to every refill on time."
        lines.append(f"Watch over the pump together with the people who care for you.{come}")
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


def _taken(advice: Advice, pump: dict[str, str]) -> list[dict[str, str]]:
    if not pump:
        return []
    dose = "none: the pump is stopped" if stopped(advice.pump) else pump.get("Daily dose", UNKNOWN)
    return [Row("Device", pump.get("Device", UNKNOWN))._asdict(), Row("Daily dose by the pump", dose)._asdict()]


def _tablets(facts: Facts) -> str:
    """What is taken by mouth, in the chart's words; empty where nothing is, and unknown where it cannot be read."""
    if isinstance(facts.oral, Unknown):
        return f"{UNKNOWN}; ask your clinic"
    use = facts.oral.value
    return "" if use is None else "; ".join(_regimen(regimen) for regimen in use.regimens)


def _regimen(regimen: Regimen) -> str:
    """A regimen as it is taken; of a liquid each dose in mL and in mg, and its concentration."""
    liquid = regimen.liquid
    if liquid is None:
        return regimen.written
    doses = []
    for part in regimen.parts:
        volume = Quantity.of(rounded(part.amount.to("mg") / liquid.to("mg/mL"), "0.01"), "mL")
        dose, rest = plain(part.amount), part.written.removeprefix(plain(part.amount)).strip()
        doses.append(f"{plain(volume)} ({dose}) {rest}")
    return f"{' + '.join(doses)}, of the liquid with {plain(liquid)}"


def _sleepiness_is_grave(advice: Advice) -> bool:
    """Return whether sleepiness may be the first sign of too much: the kidneys, an opioid, or an emergency card."""
    grave = any(finding.card or (finding.id == "kidney" and finding.grade != "note") for finding in advice.findings)
    return grave or any(drug.belongs("opioid") for drug in advice.facts.drugs)


def _plain(book: Book, prefix: str) -> list[str]:
    """The signs a person can notice, early ones first."""
    entries = sorted(book.under(prefix), key=lambda entry: entry.more.get("stage", 0))
    return [said for entry in entries if (said := PLAIN[entry.name]) is not None]


def _days(pump: bool, sleepy: bool, book: Book) -> list[str]:
    common = ", ".join(PLAIN[entry.name] or "" for entry in _harmless(book, pump))
    lines = [
        "More sleepy than usual? That can be too much baclofen. Get help at once."
        if sleepy
        else f"Common, and mostly passing: {common}. Tell your clinic if one of them stays or troubles you.",
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

"""The screening trial: one bolus, observation, and only without a response the next larger one a day later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.findings.finding import listed
from eutonia.findings.indication import opened
from eutonia.findings.puncture import bleeding
from eutonia.findings.screening import effects_under, small_patient
from eutonia.plan.plan import Plan, Refusal, Step, basis, refuse
from eutonia.plan.words import CHECKED, when
from eutonia.pump import PumpState
from eutonia.quantity import Quantity, plain

_ENTRIES = (
    "trial.doses",
    "trial.interval",
    "trial.observe",
    "trial.scores_within",
    "trial.barbotage",
    "overdose.check",
)

WATCH = (
    "Breathing and circulation often in the first 2 h; resuscitation at hand; overdose was seen after 25 mcg.",
    "Ashworth (legs, arms) and Penn before, and at least twice within 4 h; write 'score ...' with its time.",
    "Write the outcome: 'response positive; lasted 7 h' or 'response none'. How long it lasted decides the start dose.",
)


def build(facts: Facts, pump: PumpState | None, _: e.Request | None) -> Iterator[Plan | Refusal]:
    """The remaining steps of the trial; beside the usual first bolus the small one, where it may be used."""
    book = facts.book
    done = facts.screenings
    if pump is not None and pump.pump_start is not None:
        yield refuse(
            book,
            "trial",
            "A pump is running.",
            "A test bolus in a running therapy is a question of delivery failure.",
            *_ENTRIES,
        )
        return
    if done and done[-1].outcome == "positive":
        yield refuse(
            book,
            "trial",
            f"The screening bolus of {plain(done[-1].dose)} had a positive response.",
            "Nothing more to screen: implant, then 'request start pump'.",
            *_ENTRIES,
        )
        return
    if done and done[-1].early:
        least = book.span("trial.observe")[0]
        yield refuse(
            book,
            "trial",
            f"The response to {plain(done[-1].dose)} was written before {plain(least)} of observation were over.",
            f"Observe at least {plain(least)}, then write the response again.",
            *_ENTRIES,
        )
        return
    if done and done[-1].outcome is None:
        low, high = book.span("trial.observe")
        until = done[-1].at + timedelta(hours=float(high.to("h")))
        yield refuse(
            book,
            "trial",
            f"The response to {plain(done[-1].dose)} on {when(done[-1].at, facts)} is not recorded.",
            f"Observe {plain(low.value)} to {plain(high)} (until {when(until, facts)}), then write 'response positive; lasted 7 h' or "
            "'response none'.",
            *_ENTRIES,
        )
        return
    if done and (effects := effects_under(facts, done[-1])) and facts.overridden("trial", e.Trial) is None:
        yield refuse(
            book,
            "trial",
            f"{listed(effects)[0].upper()}{listed(effects)[1:]} was reported between the bolus of {plain(done[-1].dose)} and the next step.",
            "Ask: did it come from the bolus, and has it passed? No larger bolus until then; 'override trial; by ...; because ...' opens it.",
            *_ENTRIES,
        )
        return
    ladder = [each.value for each in book.quantities("trial.doses")]
    if done and done[-1].dose.to("mcg") >= ladder[-1]:
        yield refuse(
            book,
            "trial",
            f"No response to {plain(done[-1].dose)}: not a candidate for a pump.",
            "Nothing lifts this but a new screening series after its reason is understood.",
            *_ENTRIES,
        )
        return
    if done:
        left = [dose for dose in ladder if dose > done[-1].dose.to("mcg")]
        yield _series(facts, left, "next dose")
        return
    small = book.quantity("trial.dose_small").value
    if who := small_patient(facts):
        yield _series(facts, [small, *ladder], f"first {plain(small)} mcg, for {who}")
    else:
        yield _series(facts, ladder, f"first {plain(ladder[0])} mcg")


def _series(facts: Facts, doses: list[Decimal], option: str) -> Plan:
    book = facts.book
    low, high = book.span("trial.observe")
    strength = book.quantity("trial.strength")
    apart = timedelta(hours=float(book.quantity("trial.interval").to("h")))
    at = facts.now
    if facts.screenings:
        at = max(at, facts.screenings[-1].at + apart)
    steps: list[Step] = []
    if names := bleeding(facts):
        words = "agreed whether and for how long it is paused; coagulation and platelets checked"
        steps.append(Step(at, "check", f"Before the lumbar puncture: {listed(names)}: {words}."))
    for number, dose in enumerate(doses):
        volume = plain(dose / strength.to("mcg/mL"))
        condition = "" if number == 0 else "Only if the bolus before had no response: "
        steps.append(
            Step(
                at,
                "give",
                f"{condition}{plain(dose)} mcg trial bolus ({volume} mL of {plain(strength)}) by lumbar puncture and barbotage over at "
                f"least {book.quantity('trial.barbotage')}; {CHECKED}.",
                Quantity.of(dose, "mcg"),
                writes=e.Trial(Quantity.of(dose, "mcg")),
            )
        )
        end = at + timedelta(hours=float(high.to("h")))
        steps.append(
            Step(
                end,
                "observe",
                f"Observed for {plain(low.value)} to {plain(high)} after the bolus, until {when(end, facts)}; outcome written.",
            )
        )
        at += apart
    way = opened(facts)
    entries = (*_ENTRIES, "trial.dose_small") if "25" in option else _ENTRIES
    facts_, sources = basis(book, *entries, "indication.intrathecal")
    why = "Screening comes before every pump: no response, no implant." + (
        f" The intrathecal way was opened by {way[0]} ({way[1]})." if way else ""
    )
    return Plan("trial", option, "monitored", tuple(steps), why, facts_, sources, WATCH)

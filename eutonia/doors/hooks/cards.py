"""Which cards a record gets for one call: what the rules say of these orders for this patient, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from eutonia.advice import Advice, examined
from eutonia.chart import event as e
from eutonia.chart.chart import Chart
from eutonia.chart.facts import Facts
from eutonia.chart.fhir.drugs import IN_THE_SPINE
from eutonia.chart.fhir.pumps import NAMES_A_PUMP
from eutonia.chart.orders import Regimen
from eutonia.doors.hooks.asked import Asked
from eutonia.doors.hooks.card import (
    INDICATORS,
    WHY_NOT,
    Answer,
    Card,
    Indicator,
    Suggestion,
    detail,
    resting,
    rows_of,
    short,
    source,
)
from eutonia.doors.hooks.drafts import Draft, overlaid, read_drafts, replaced
from eutonia.doors.hooks.options import delete, others
from eutonia.doors.hooks.record import Record, read_chart
from eutonia.doors.hooks.services import ORDERS, QUERIES
from eutonia.doors.hooks.verdict import Verdict, judged
from eutonia.evidence import Known, Unknown
from eutonia.findings import NOTE, STOP, Finding
from eutonia.findings.context import intrathecal
from eutonia.findings.emergency import EMERGENCIES
from eutonia.findings.kidney import acute_rise, kidney
from eutonia.moment import shown


class Place(Struct, frozen=True):
    """When and where a call is answered: the moment, the label that holds, the clinic's zone, a page about the service."""

    now: datetime
    jurisdiction: str = "US"
    zone: str = "UTC"
    about: str = ""


class _Seen(Struct, frozen=True):
    """What is known when the cards are written: the advice before the drafts and with them, and what is in question."""

    asked: Asked
    place: Place
    before: Advice
    after: Advice
    drafts: tuple[Draft, ...]
    missing: dict[str, str]
    in_place: bool

    @property
    def of_orders(self) -> bool:
        """Whether the call is about orders, and not about the patient as such."""
        return self.asked.hook != "patient-view"


def answer(asked: Asked, record: Record, place: Place) -> Answer:
    """The cards for a call, an emergency first, then the worst first; none where this patient has nothing to do with baclofen."""
    chart = read_chart(record.entries, place.now, place.zone)
    return on_chart(asked, record, chart, place)


def on_chart(asked: Asked, record: Record, chart: Chart, place: Place) -> Answer:
    """The same on a chart that was read already, from wherever."""
    drafts = read_drafts(asked, record, place.now, place.zone)
    picked = asked.selected
    selected = tuple(each for each in drafts if not picked or not each.reference or each.reference in picked)
    kept = tuple(each for each in drafts if each not in selected)
    before = _examined(overlaid(chart, kept, place.now, beside=True), place)
    if not (_concerned(before.facts) or any(each.baclofen for each in drafts)):
        return Answer(())
    orders = [
        each["resource"] for each in record.entries if each["resource"].get("resourceType") == "MedicationRequest"
    ]
    in_place = not _taken(before.facts) or _single(before.facts, selected, orders)
    after = before
    if any(each.what for each in selected):
        after = _examined(overlaid(before.facts.chart, selected, place.now, beside=not in_place), place)
    seen = _Seen(asked, place, before, after, selected, record.missing, in_place)
    cards = sorted(_cards(seen), key=lambda pair: pair[0])
    return Answer(tuple(_numbered(card, asked, n) for n, (_, card) in enumerate(cards)))


def _examined(chart: Chart, place: Place) -> Advice:
    return examined(chart, place.now, place.jurisdiction)


def _concerned(facts: Facts) -> bool:
    """Whether the patient takes baclofen by any route, has a pump, or might: an order that could not be read counts."""
    notes = (each.what.text for each in facts.of(e.Note) if isinstance(each.what, e.Note))
    return (
        _taken(facts)
        or intrathecal(facts)
        or any(each.belongs("baclofen") for each in facts.drugs)
        or any(each.startswith((IN_THE_SPINE, NAMES_A_PUMP)) for each in notes)
    )


def _taken(facts: Facts) -> bool:
    return not isinstance(facts.oral, Known) or facts.oral.value is not None


def _single(facts: Facts, drafts: tuple[Draft, ...], orders: list[dict[str, object]]) -> bool:
    """Whether one draft takes the place of the one order that the patient takes baclofen by."""
    mine = [each for each in drafts if isinstance(each.dose, Regimen)]
    use = facts.oral
    one = isinstance(use, Known) and use.value is not None and len(use.value.regimens) == 1
    return one and len(mine) == 1 and replaced(mine[0], orders)


# --- which cards ------------------------------------------------------------------------------------------------------

Ranked = tuple[int, Card]
_RANK: Final[dict[Indicator, int]] = {"critical": 1, "warning": 2, "info": 3}
# What is true of nearly every record and says nothing of one order; where an order changes it, it is told.
_QUIET: Final = frozenset({"medications", "record", "contact", "knowledge", "overrides", "second-check"})
_DOSES: Final = frozenset(
    {"oral-dose", "oral-jump", "single-dose", "screening-dose", "pump-dose", "single-bolus", "both-routes", "dose"}
)
_MOUTH: Final = frozenset({"titration"})
_SPINE: Final = frozenset({"trial", "start", "adjust", "adjust up"})


def _cards(seen: _Seen) -> Iterator[Ranked]:
    mine = [each for each in seen.drafts if each.baclofen]
    said = {each.id: (each.grade, each.says) for each in seen.before.findings}
    unsure = _unsure(seen)
    verdicts = list(judged(mine, seen.before, seen.in_place, ORDERS not in seen.missing))
    refused = [each for each in verdicts if each.grade == STOP]
    told = bool(refused)
    taken_back = False
    for finding in seen.after.findings:
        changed = said.get(finding.id) != (finding.grade, finding.says)
        if finding.card:
            yield 0, _emergency(finding, seen)
        elif finding.id in EMERGENCIES:
            continue  # its card is the one above
        elif finding in unsure or (told and changed and finding.id in _DOSES):
            continue
        elif _matters(finding, changed, mine, seen):
            options = () if taken_back or refused or finding.grade != STOP or not mine else _back(mine)
            taken_back = taken_back or bool(options)
            card = _of(finding, seen, options)
            yield _RANK[card.indicator], card
    folded = [
        each
        for each in seen.after.findings
        if told and each.id in _DOSES and each not in unsure and said.get(each.id) != (each.grade, each.says)
    ]
    for each in refused:
        yield 1, _verdict(each, folded, seen)
    if seen.drafts or not seen.of_orders:
        rest = _unchecked(unsure, [each for each in verdicts if each.grade != STOP], seen)
        if rest is not None:
            yield 2, rest


def _matters(finding: Finding, changed: bool, mine: list[Draft], seen: _Seen) -> bool:
    if seen.of_orders and not seen.drafts:
        return False
    if finding.grade == NOTE:
        return changed and finding.id.startswith("interactions")
    if changed:
        return True
    if finding.id in _QUIET or (seen.drafts and not mine):
        return False
    if finding.grade == STOP:
        kinds = frozenset().union(*(_SPINE if each.spine else _MOUTH for each in mine)) if mine else None
        return kinds is None or bool(kinds & set(finding.stops)) or not finding.stops
    return True


def _back(mine: Sequence[Draft]) -> tuple[Suggestion, ...]:
    return tuple(each for draft in mine for each in delete(draft))


# What a finding says only because nothing could be read: the query it needs, and whether the chart knows nothing of it.
_NEEDS: Final[dict[str, tuple[tuple[str, ...], Callable[[Facts], bool]]]] = {
    "kidney": (
        ("creatinine", "creatinineBlood", "egfr2021", "egfr2009", "egfrMdrd", "egfrMdrdAlso"),
        lambda facts: isinstance(kidney(facts), Unknown) and acute_rise(facts) is None,
    ),
    "hypersensitivity": (("allergies",), lambda facts: isinstance(facts.allergies, Unknown)),
    "indication": (("conditions",), lambda facts: not facts.conditions),
    "indication-intrathecal": (("conditions",), lambda facts: not facts.conditions),
    # No field of FHIR says it, and it is never concluded from a diagnosis.
    "origin": ((), lambda facts: isinstance(facts.origin, Unknown)),
    "pregnancy": (("pregnancy",), lambda facts: isinstance(facts.pregnancy, Unknown)),
    "oral-dose": ((), lambda facts: isinstance(facts.oral, Unknown)),
}


def _unsure(seen: _Seen) -> list[Finding]:
    """The findings that stand only because nothing is known: told together, as not checked, so that they drown nothing.

    A stop among them stays one where the record was read and holds nothing: that nobody measured the kidneys is a fact.
    """
    found = []
    for each in seen.after.findings:
        if each.id in _NEEDS:
            keys, unknown = _NEEDS[each.id]
            told = each.grade != STOP or not keys or any(key in seen.missing for key in keys)
            found += [each] if told and unknown(seen.after.facts) else []
    return found


# --- the cards --------------------------------------------------------------------------------------------------------


def _of(finding: Finding, seen: _Seen, options: tuple[Suggestion, ...] = ()) -> Card:
    text = detail(finding.says, rows=rows_of(finding), whom=_whom(seen))
    return _card(INDICATORS[finding.grade], finding.says, text, finding.id, seen, options)


def _emergency(finding: Finding, seen: _Seen) -> Card:
    text = detail(finding.says, items=finding.card, rows=rows_of(finding), whom=_whom(seen))
    return _card("critical", finding.says, text, finding.id, seen)


def _verdict(verdict: Verdict, folded: list[Finding], seen: _Seen) -> Card:
    facts = tuple(dict.fromkeys([*verdict.facts, *(fact for each in folded for fact in each.facts)]))
    sources = tuple(dict.fromkeys([*verdict.sources, *(name for each in folded for name in each.sources)]))
    text = detail(
        verdict.says,
        *(each.says for each in folded),
        rows=(("What resolves it", verdict.lifts), ("Rests on", resting(facts, sources))),
        whom=_whom(seen),
    )
    options = _back(verdict.drafts)
    if seen.in_place and ORDERS not in seen.missing and len([each for each in seen.drafts if each.baclofen]) == 1:
        options = (*options, *others(verdict.drafts[0], seen.before))
    return _card("critical", verdict.says, text, "dose", seen, options)


def _unchecked(unsure: list[Finding], verdicts: list[Verdict], seen: _Seen) -> Card | None:
    """One card for all that was not looked at, and why; it stops nothing."""
    names = {each.key: each.name for each in QUERIES}
    # For another drug than baclofen, only what concerns that drug: the rest would stand on every order of the day.
    whole = not seen.of_orders or any(each.baclofen for each in seen.drafts)
    unsure = unsure if whole else []
    lines = [f"{each.name}: {each.why}" for each in seen.drafts if each.why]
    lines += [each.says for each in verdicts]
    lines += [f"{names[key]}: {why}" for key, why in seen.missing.items() if whole or key in (ORDERS, "statements")]
    lines += [each.says for each in unsure]
    if not lines:
        return None
    facts = tuple(dict.fromkeys(fact for each in unsure for fact in each.facts))
    sources = tuple(dict.fromkeys(name for each in unsure for name in each.sources))
    text = detail(
        "This was not checked. It stops nothing, and says nothing for or against the order.",
        items=tuple(lines),
        rows=(("Rests on", resting(facts, sources) or "what the record system sent"),),
        whom=_whom(seen),
    )
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return _card(
        "warning", f"Not checked: {lines[0].removeprefix('Not checked: ')}", text, "not-checked", seen, more=more
    )


def _whom(seen: _Seen) -> str:
    return f"Patient {seen.asked.patient}, as of {shown(seen.place.now, seen.after.facts.home)}."


def _card(
    indicator: Indicator,
    says: str,
    text: str,
    id_: str,
    seen: _Seen,
    options: tuple[Suggestion, ...] = (),
    more: str = "",
) -> Card:
    reasons = WHY_NOT if seen.drafts and indicator != "info" and id_ != "not-checked" else ()
    topic = id_.replace("-", " ").capitalize()
    return Card(
        id_,  # until it is numbered
        short(says + more if len(says + more) < 140 else says),
        indicator,
        source(seen.after.book, seen.place.about, id_, topic),
        text,
        options,
        "at-most-one" if options else None,
        reasons,
    )


def _numbered(card: Card, asked: Asked, number: int) -> Card:
    """The card with ids that belong to this call alone: the same call gives the same ids, so it can be traced."""

    def id_(*parts: object) -> str:
        return str(
            uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, (asked.hook_instance, asked.hook, number, *parts))))
        )

    options = tuple(replace(each, uuid=id_(card.uuid, n)) for n, each in enumerate(card.suggestions))
    return replace(card, uuid=id_(card.uuid), suggestions=options)

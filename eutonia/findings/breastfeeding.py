"""Is an infant breastfed, and how much of the drug could reach it: by route, dose and the infant's age."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from eutonia.chart.facts import Facts
from eutonia.evidence import Unknown
from eutonia.findings.context import asked, oral, taking
from eutonia.findings.finding import CAUTION, NOTE, Finding, Grade, found
from eutonia.moment import months
from eutonia.pump import PumpState
from eutonia.quantity import plain


def _aged(born: date, today: date, limit: int) -> str:
    """The age of an infant in words: days in the first two weeks, weeks below `limit` months, then months."""
    days, age = (today - born).days, months(born, today)
    count, unit = (days, "day") if days < 14 else (days // 7, "week") if age < limit else (age, "month")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def find(facts: Facts, pump: PumpState | None) -> Iterator[Finding]:
    """Less of a concern with low doses in the spine or an infant older than two months."""
    answer = facts.breastfeeding
    book = facts.book
    if isinstance(answer, Unknown):
        if facts.may_be_pregnant and answer.reason == "never asked":
            yield found(
                book,
                "breastfeeding",
                NOTE,
                "Breastfeeding has not been asked.",
                "Little reaches the milk; newborns are watched for sedation.",
                "Ask, and write 'breastfeeding no' or 'breastfeeding infant born 2025-12-01'.",
                "lactation.oral",
            )
        return
    if answer.value.status == "no":
        return
    born = answer.value.infant_born
    limit = book.count("lactation.infant_months")
    low = book.quantity("lactation.low_intrathecal")
    age = None if born is None else months(born, facts.today)
    if age is not None and (age < 0 or age > 48):
        age = None
    only_skin = (
        any(d.belongs("baclofen") and d.through_skin for d in facts.drugs) and not taking(facts) and not asked(facts)
    )
    by_mouth = oral(facts) and not only_skin
    daily = pump.program.daily if pump is not None and pump.program is not None else None
    low_spine = not by_mouth and daily is not None and daily.value <= low.value
    older = age is not None and age > limit
    grade: Grade = NOTE if older or low_spine or only_skin else CAUTION
    infant = "of unknown age" if age is None or born is None else f"{_aged(born, facts.today, limit)} old"
    why = []
    if older:
        why.append(f"the infant is older than {limit} months")
    if low_spine and daily is not None:
        why.append(f"{plain(daily)} in the spine is low (one milk sample at {plain(low)}: 0.617 mcg/L)")
    if only_skin:
        why.append("through the skin little is taken up")
    if not older:
        why.append("newborns can be sedated")
    yield found(
        book,
        "breastfeeding",
        grade,
        f"Breastfeeding an infant {infant}; {'; '.join(why)}.",
        "Little reaches the milk and limited data show no harm; less of a concern in the spine at low doses and after two months.",
        "Watch the infant for sedation, and tell the parent what to look for.",
        "lactation.oral",
        "lactation.infant_months",
        "lactation.intrathecal",
        "lactation.low_intrathecal",
    )

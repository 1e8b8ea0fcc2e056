"""What waits for a second person, looked at again: what the rules hold against it now, and what is new on the chart."""

from __future__ import annotations

from msgspec import Struct

from eutonia.advice import Advice, examined
from eutonia.chart import Chart
from eutonia.clinic import Draft, Drafts, Objection
from eutonia.clinic.objections import arisen
from eutonia.doors.web.consequences import changed, previewed
from eutonia.findings import Finding
from eutonia.knowledge import monograph
from eutonia.ledger import Ledger, Record


class Rule(Struct, frozen=True):
    """A rule that refuses, in words that hold no value of the entry; new: the first person did not see it."""

    id: str
    says: tuple[str, ...]
    new: bool


class Recheck(Struct, frozen=True):
    """An entry looked at again.

    Parameters
    ----------
    rules
        What the rules hold against it now.
    arisen
        Those that the first person did not see: with one of these it is refused.
    large
        Whether it changes a dose or a concentration so much that a decimal point may be misplaced.
    since
        What was written on the chart since the first person looked at it, but what the entry waited for.
    comes, goes
        The findings of the chart that changed since, without the entry.
    """

    rules: tuple[Rule, ...] = ()
    arisen: tuple[Objection, ...] = ()
    large: bool = False
    since: tuple[Record, ...] = ()
    comes: tuple[Finding, ...] = ()
    goes: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the second person must be shown a change of the chart."""
        return bool(self.since or self.comes or self.goes)


def recheck(ledger: Ledger, drafts: Drafts, draft: Draft, advice: Advice) -> Recheck:
    """Return what the rules and the chart say now of an entry that waits.

    Parameters
    ----------
    advice
        The advice on the chart as it is.  The chart as the first person saw it is judged at the same moment: that time has
        passed is no change.
    """
    if draft.op != "event" or draft.state != "waiting":
        return Recheck()
    before = [drafts.draft(each) for each in draft.after]
    entered = [each for each in before if each.state == "entered"]
    missing = [each for each in before if each.state != "entered"]
    chart = ledger.chart(draft.chart, draft.saw)
    seen = _with(chart, entered, advice)
    held = _with(chart, before, advice) if missing else seen
    present = _with(advice.facts.chart, missing, advice) if missing else advice
    objections = previewed(present, draft.event, draft.line)
    new = arisen(draft.against, previewed(held, draft.event, draft.line).against, objections.against)
    own = {line for each in entered for line in (each.line, *each.beside)}
    since = tuple(
        each for each in ledger.since(draft.chart, draft.saw) if not any(each.content.startswith(line) for line in own)
    )
    comes, goes = changed(seen, advice) if since else ((), ())
    # What waits before it is as secret as the entry itself.
    rules = _rules(objections.against, new, secret=bool(missing))
    return Recheck(rules, new, objections.change is not None, since, comes, goes)


def _with(chart: Chart, drafts: list[Draft], advice: Advice) -> Advice:
    """The advice on a chart as if some entries were on it, at the moment of another advice."""
    lines = "".join(f"{line}\n" for each in drafts for line in (each.line, *each.beside))
    return examined(chart.with_events(lines) if lines else chart, advice.facts.now, advice.book.jurisdiction)


def _rules(objections: tuple[Objection, ...], new: tuple[Objection, ...], *, secret: bool) -> tuple[Rule, ...]:
    """Each rule once: in its own words where they are of the chart, else in those of the monograph."""
    found: dict[str, Rule] = {}
    for each in objections:
        facts = monograph()
        says = (
            (each.message,)
            if not (each.of_entry or secret)
            else tuple(facts[id].says for id in each.facts if id in facts)
        )
        was = found.get(each.rule, Rule(each.rule, (), False))
        found[each.rule] = Rule(each.rule, tuple(dict.fromkeys((*was.says, *says))), was.new or each in new)
    return tuple(found.values())

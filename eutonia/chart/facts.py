"""What a chart says at one moment: every fact known, or unknown with the reason.

Later events never look back further than `now`; what repeats is counted once; what contradicts itself is unknown;
what is older than its limit (knowledge/freshness.toml) is unknown.  Nothing gets a default.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from eutonia.chart import event as e
from eutonia.chart.oral import Drug, OralChange, OralOrders, OralUse, drug_of, follow
from eutonia.chart.pregnancy import open_pregnancy, pregnancy
from eutonia.evidence import Known, Unknown
from eutonia.knowledge import conditions as condition_table
from eutonia.moment import local_day, months, shown_day, years
from eutonia.quantity import Quantity, plain

if TYPE_CHECKING:
    from eutonia.chart.chart import Chart
    from eutonia.knowledge import Book

W = TypeVar("W")
Body = TypeVar("Body", e.Weight, e.Height)


class Screening(Struct, frozen=True):
    """One screening bolus and what came of it."""

    at: datetime
    dose: Quantity
    outcome: str | None
    lasted: Quantity | None
    early: bool = False


class Facts:
    """The facts of one chart at one moment, under one book of knowledge."""

    def __init__(self, chart: Chart, now: datetime, book: Book) -> None:
        self.chart = chart
        self.now = now
        self.book = book
        self.home = chart.home
        limit = now + timedelta(hours=float(book.quantity("age.clock_skew").to("h")))
        self.future = tuple(event for event in chart.events if event.at > limit)
        self.duplicates: list[e.Event] = []
        self._counted: dict[tuple[type, ...], tuple[e.Event, ...]] = {}
        # What the layers above work out of these facts alone: kept with them, so that it is worked out once and ends with them.
        self.derived: dict[str, Any] = {}

    # --- events that count ----------------------------------------------------------------------------------------

    def of(self, *kinds: type) -> tuple[e.Event, ...]:
        """The events of these kinds that count at this moment, in order, each happening once."""
        found = self._counted.get(kinds)
        if found is None:
            if len(kinds) > 1:
                every = (event for kind in kinds for event in self.of(kind))
                found = tuple(sorted(every, key=attrgetter("at", "line")))
            else:
                found = self._once(kinds[0])
            self._counted[kinds] = found
        return found

    def _once(self, kind: type) -> tuple[e.Event, ...]:
        """The events of one kind that count, without those that repeat one of the same moment."""
        events = self.chart.by_kind.get(kind, ())
        if len(events) < 2 and not self.future:
            return events
        last = self.future[0].at if self.future else None
        counted: list[e.Event] = []
        begin = 0  # of the moment that the events have come to
        for event in events:
            if last is not None and event.at >= last:
                break
            if not counted or counted[-1].at != event.at:
                begin = len(counted)
            if any(map(event.same_as, counted[begin:])):
                self.duplicates.append(event)
            else:
                counted.append(event)
        return tuple(counted)

    @cached_property
    def repeated(self) -> tuple[e.Event, ...]:
        """The events that repeat another one to the letter; they are counted once."""
        for kind in self.chart.by_kind:
            self.of(kind)
        return tuple(self.duplicates)

    def age_days(self, at: datetime) -> int:
        """Whole calendar days since `at`, in the clinic's zone."""
        return (self.today - local_day(at, self.home)).days

    @cached_property
    def today(self) -> date:
        """The calendar day of this moment, in the clinic's zone."""
        return local_day(self.now, self.home)

    def latest(self, kind: type[W], what: str, limit: str | None = None, test: str | None = None) -> Known[W] | Unknown:
        """The last event of a kind; unknown where there is none, where it is too old, or where two of one moment differ."""
        found = self.of(kind)
        if test is not None:
            found = tuple(event for event in found if getattr(event.what, "test", None) == test)
        if not found:
            return Unknown("never asked", f"{what} is not on the chart")
        last = found[-1]
        day = local_day(last.at, self.home)
        rivals = [
            event
            for event in found[:-1]
            if event.what != last.what
            and (event.at == last.at or (event.day_only and last.day_only and local_day(event.at, self.home) == day))
        ]
        if rivals:
            lines = " and ".join(f"line {event.line}" for event in (rivals[-1], last))
            return Unknown("contradictory", f"{what} contradicts itself on {day} ({lines})")
        if limit is not None and self.age_days(last.at) > self.book.quantity(limit).to("days"):
            old = f"{what} is from {shown_day(last.at, self.home)}, {self.age_days(last.at)} days ago; it counts for {self.book.quantity(limit)}"
            return Unknown("too old", old)
        assert isinstance(last.what, kind)
        return Known(last.what, last.at)

    # --- who ------------------------------------------------------------------------------------------------------

    @cached_property
    def person(self) -> Known[e.Person] | Unknown:
        """Who the chart is about; unknown where two lines about the same person differ."""
        found = list(self.of(e.Person))
        if not found:
            return Unknown("never asked", "the person is not on the chart")
        people = [event.what for event in found if isinstance(event.what, e.Person)]
        if (name := e.differing(people)) is not None:
            what = "birth date" if name == "born" else name
            return Unknown("contradictory", f"the person's {what} is written in two ways")
        born = next((p.born for p in reversed(people) if p.born), None)
        sex = next((p.sex for p in reversed(people) if p.sex), None)
        name_ = next((p.name for p in reversed(people) if p.name), None)
        return Known(e.Person(people[-1].id, born, sex, name_), found[-1].at)

    @cached_property
    def age(self) -> Known[int] | Unknown:
        """Whole years of age today."""
        months_ = self.age_months
        return Known(months_.value // 12, months_.at) if isinstance(months_, Known) else months_

    @cached_property
    def age_months(self) -> Known[int] | Unknown:
        """Whole months of age today."""
        if isinstance(self.person, Unknown):
            return self.person
        born = self.person.value.born
        today = self.today
        if born is None:
            return Unknown("never asked", "the birth date is not on the chart")
        if born > today or years(born, today) > 130:
            return Unknown("contradictory", f"the birth date {born} does not fit today's date {today}")
        return Known(months(born, today), self.person.at)

    @cached_property
    def sex(self) -> Known[str] | Unknown:
        """The sex that the kidney formulas ask for."""
        if isinstance(self.person, Unknown):
            return self.person
        sex = self.person.value.sex
        return Known(sex, self.person.at) if sex else Unknown("never asked", "the sex is not on the chart")

    @cached_property
    def weight(self) -> Known[e.Weight] | Unknown:
        """The body weight, where it is recent enough for the age."""
        child = isinstance(self.age, Known) and self.age.value < 18
        found = self.latest(e.Weight, "the weight", "age.weight_child" if child else "age.weight")
        return self._possible(found, "plausible.weight", "kg")

    @cached_property
    def height(self) -> Known[e.Height] | Unknown:
        """The body height."""
        return self._possible(self.latest(e.Height, "the height"), "plausible.height", "cm")

    def _possible(self, fact: Known[Body] | Unknown, limits: str, unit: str) -> Known[Body] | Unknown:
        """The measured body, unless nobody has such a one: a slip of unit or of a digit."""
        if isinstance(fact, Unknown):
            return fact
        low, high = self.book.span(limits)
        if low.to(unit) <= fact.value.value.to(unit) <= high.to(unit):
            return fact
        return Unknown("contradictory", f"{plain(fact.value.value)} cannot be; is the unit right?")

    # --- what they have -------------------------------------------------------------------------------------------

    @cached_property
    def conditions(self) -> tuple[tuple[e.Event, e.Condition, tuple[condition_table.Kind, ...]], ...]:
        """Each active condition with what it means for the therapy; the last line about a condition counts."""
        last: dict[str, e.Event] = {}
        for event in self.of(e.Condition):
            assert isinstance(event.what, e.Condition)
            last[event.what.name.lower()] = event
        return tuple(
            (event, event.what, condition_table.recognise(event.what.name))
            for event in last.values()
            if isinstance(event.what, e.Condition) and not event.what.resolved
        )

    def having(self, *tags: str) -> tuple[str, ...]:
        """The names of the active conditions with one of these tags, as they were written."""
        return tuple(name for name, tagged in self._tagged if not tagged.isdisjoint(tags))

    @cached_property
    def _tagged(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Each active condition with all its tags."""
        return tuple((c.name, frozenset().union(*(kind.tags for kind in kinds))) for _, c, kinds in self.conditions)

    def knows(self, name: str) -> bool:
        """Whether an active condition is recognised under this name."""
        return any(kind.name == name for _, _, kinds in self.conditions for kind in kinds)

    @cached_property
    def origin(self) -> Known[str] | Unknown:
        """Where the spasticity comes from: spinal or cerebral, as somebody wrote; never concluded from a diagnosis."""
        said = {(c.origin, event.at) for event, c, _ in self.conditions if c.origin}
        origins = {origin for origin, _ in said}
        if not origins:
            return Unknown(
                "never asked",
                "the origin of the spasticity is not on the chart; write it as 'condition ...; origin spinal'",
            )
        if len(origins) > 1:
            return Unknown("contradictory", "the chart names both a spinal and a cerebral origin")
        return Known(str(origins.pop()), max(at for _, at in said))

    @cached_property
    def allergies(self) -> Known[tuple[e.Allergy, ...]] | Unknown:
        """The known allergies; an empty list only where somebody asked."""
        found = self.of(e.Allergy)
        if not found:
            unread = next((each for each in self.chart.dropped if "AllergyIntolerance" in each.where), None)
            if unread is not None:
                return Unknown("never asked", f"an answer about allergies does not count: {unread.what} ({unread.why})")
            return Unknown("never asked", "allergies have not been asked")
        named = tuple(event.what for event in found if isinstance(event.what, e.Allergy) and event.what.substance)
        if not named:
            fresh = self.latest(e.Allergy, "the answer about allergies", "age.allergies")
            return Known((), fresh.at) if isinstance(fresh, Known) else fresh
        return Known(named, found[-1].at)

    @cached_property
    def drugs(self) -> tuple[Drug, ...]:
        """The drugs that are taken now, each with what was recognised in its text."""
        active: dict[str, Drug] = {}
        for event in self.of(e.Medication):
            assert isinstance(event.what, e.Medication)
            drug, key = drug_of(event), event.what.text.lower()
            if not event.what.stopped:
                active[key] = drug
                continue
            names, route = {each.name for each in drug.ingredients}, (drug.through_skin, drug.intrathecal)
            for text, taken in list(active.items()):
                same = (
                    names
                    and names == {each.name for each in taken.ingredients}
                    and route == (taken.through_skin, taken.intrathecal)
                )
                if text == key or text.startswith(key + " ") or (same and not drug.oral_baclofen):
                    del active[text]
        # Oral baclofen is ended by 'oral stop' as well, and begun by either form.
        ordered = {order.drug for order in self._oral_orders[-1].orders} if self._oral_orders else set()
        return tuple(drug for drug in active.values() if not drug.oral_baclofen or drug in ordered)

    @cached_property
    def list_complete(self) -> Known[e.Medications] | Unknown:
        """Whether somebody said that the drug list is complete, recently enough."""
        found = self.latest(e.Medications, "the answer whether the drug list is complete", "age.medications")
        if isinstance(found, Known) and found.value.none and self.drugs and self.drugs[0].at <= found.at:
            day = shown_day(found.at, self.home)
            return Unknown(
                "contradictory", f"'medications none' of {day} contradicts '{self.drugs[0].text}' on the list"
            )
        return found

    @cached_property
    def pregnancy(self) -> Known[e.Pregnancy] | Unknown:
        """The answer about pregnancy; one on the chart counts until its outcome or 44 weeks."""
        return pregnancy(self)

    @cached_property
    def pregnant_since(self) -> datetime | None:
        """Since when a pregnancy without a written outcome is on the chart, however old."""
        return open_pregnancy(self)

    @cached_property
    def may_be_pregnant(self) -> bool:
        """Whether pregnancy is a question at all: not for males, not outside the ages at which it is asked."""
        if isinstance(self.sex, Known) and self.sex.value == "male":
            return False
        low, high = self.book.entry("age.fertile").value
        return not isinstance(self.age, Known) or low <= self.age.value <= high

    @cached_property
    def breastfeeding(self) -> Known[e.Breastfeeding] | Unknown:
        """The answer about breastfeeding."""
        return self.latest(e.Breastfeeding, "breastfeeding")

    def lab(self, test: str, what: str, limit: str | None) -> Known[e.Lab] | Unknown:
        """The last result of one test."""
        return self.latest(e.Lab, what, limit, test)

    @cached_property
    def on_dialysis(self) -> bool:
        """Whether the chart says that dialysis goes on."""
        found = self.latest(e.Dialysis, "dialysis")
        return (isinstance(found, Known) and not found.value.stopped) or bool(self.having("dialysis"))

    @cached_property
    def scores(self) -> tuple[tuple[datetime, e.Mark], ...]:
        """Every score with its moment, oldest first."""
        return tuple(
            (event.at, mark)
            for event in self.of(e.Score)
            if isinstance(event.what, e.Score)
            for mark in event.what.marks
        )

    # --- the drug -------------------------------------------------------------------------------------------------

    @cached_property
    def _oral_orders(self) -> tuple[OralOrders, ...]:
        """The orders of oral baclofen after each event about it, oldest first."""
        return tuple(follow(self.of(e.Oral, e.Medication)))

    @cached_property
    def oral(self) -> Known[OralUse | None] | Unknown:
        """Oral baclofen now, all orders together; none where it was stopped or never begun."""
        orders = self.of(e.Oral)
        latest = self.latest(e.Oral, "the oral regimen") if orders else None
        if isinstance(latest, Unknown):
            return Unknown("contradictory", latest.says)
        if not self._oral_orders:
            return Known(None, self.now)
        last = self._oral_orders[-1]
        changed = self.oral_history_taken[-1].at
        if not last.orders:
            return Known(None, changed)
        if last.unread is not None:
            return Unknown("contradictory", f"'{last.unread}' is a further baclofen order whose dose could not be read")
        assert last.since is not None
        use = OralUse(last.regimens, last.since, changed)
        none = next(
            (x for x in reversed(self.of(e.Medications)) if isinstance(x.what, e.Medications) and x.what.none), None
        )
        newest = max(order.at for order in last.orders)
        if none is not None and none.at > newest:
            return Unknown(
                "contradictory",
                f"'medications none' of {shown_day(none.at, self.home)} contradicts the order '{use.written}' of "
                f"{shown_day(newest, self.home)}; write 'oral stop' if it was stopped, or the order again if it is taken",
            )
        return Known(use, changed)

    @cached_property
    def oral_history(self) -> tuple[tuple[datetime, Decimal], ...]:
        """The most that could be taken by mouth daily in mg after each change; orders that cannot be read count as none."""
        return tuple((change.at, change.most_mg) for change in self.oral_history_taken)

    @cached_property
    def oral_history_taken(self) -> tuple[OralChange, ...]:
        """The changes of the oral orders, oldest first; the same dose written again is no change."""
        changes: list[OralChange] = []
        for orders in self._oral_orders:
            change = orders.change
            if not changes or replace(change, at=changes[-1].at) != changes[-1]:
                changes.append(change)
        return tuple(changes)

    @cached_property
    def failed(self) -> tuple[e.Failed, ...]:
        """Treatments that did not help or could not be borne."""
        return tuple(event.what for event in self.of(e.Failed) if isinstance(event.what, e.Failed))

    @cached_property
    def screenings(self) -> tuple[Screening, ...]:
        """Each screening bolus with the response written after it and before the next one."""
        found: list[Screening] = []
        for event in self.of(e.Trial, e.Response):
            if isinstance(event.what, e.Trial):
                found.append(Screening(event.at, event.what.dose, None, None))
            elif isinstance(event.what, e.Response) and found:
                last = found[-1]
                least = self.book.span("trial.observe")[0].to("h")
                seen = Decimal((event.at - last.at).total_seconds()) / 3600
                lasted = event.what.lasted
                # Written before the observation is over, 'none' is no answer yet, and a duration ahead of the clock is a slip.
                wrong = lasted is not None and lasted.to("h") > seen
                early = not event.day_only and seen < least and (event.what.outcome == "none" or wrong)
                found[-1] = Screening(last.at, last.dose, None if early else event.what.outcome, lasted, early)
        return tuple(found)

    # --- what the clinician said ----------------------------------------------------------------------------------

    @cached_property
    def requests(self) -> tuple[tuple[datetime, e.Request], ...]:
        """The requests that nothing has answered yet, the last of each kind."""
        open_: dict[str, tuple[datetime, e.Request]] = {}
        for event in self.of(e.Request):
            assert isinstance(event.what, e.Request)
            kinds = _ANSWERS[event.what.kind]
            repeated = event.what.kind == "restart"  # it may be answered by the dose that ran before
            answered = any(
                (other.at, other.line) > (event.at, event.line)
                for kind in kinds
                for other in (self.of(kind) if repeated else self._changing(kind))
            )
            if not answered:
                open_[event.what.kind.split(" to ")[0]] = (event.at, event.what)
        return tuple(open_.values())

    @cached_property
    def overrides(self) -> tuple[e.Event, ...]:
        """The overrides on the chart, which stay visible."""
        return self.of(e.Override)

    def overridden(self, what: str, *lapses: type) -> e.Event | None:
        """The last override of a finding or a kind of plan; it has lapsed once an event of these kinds follows it."""
        for event in reversed(self.overrides):
            if isinstance(event.what, e.Override) and event.what.what == what:
                later = any((x.at, x.line) > (event.at, event.line) for kind in lapses for x in self._changing(kind))
                return None if later else event
        return None

    def _changing(self, kind: type) -> tuple[e.Event, ...]:
        """The events of a kind; of programs only those that change something, for the same dose again does not."""
        events = self.of(kind)
        if kind is not e.Programmed:
            return events
        return tuple(event for n, event in enumerate(events) if n == 0 or not _repeated(event, events[n - 1]))

    def decided(self, topic: str, since: datetime) -> e.Event | None:
        """The last decision about a topic that is not older than what it is about."""
        return next(
            (
                event
                for event in reversed(self.of(e.Decision))
                if isinstance(event.what, e.Decision) and event.what.topic == topic and event.at >= since
            ),
            None,
        )

    @cached_property
    def last_contact(self) -> datetime | None:
        """When the patient was last seen or spoken to: any event but a request, a note, an override or a decision."""
        quiet = {e.Request, e.Note, e.Override, e.Decision, e.Medications}
        return max(
            (events[-1].at for kind in self.chart.by_kind if kind not in quiet and (events := self.of(kind))),
            default=None,
        )


def _repeated(event: e.Event, before: e.Event) -> bool:
    """Whether a program line gives again what the one before it gave."""
    new, old = event.what, before.what
    assert isinstance(new, e.Programmed)
    assert isinstance(old, e.Programmed)
    return new.program.repeats(old.program) and new.program.strength in (None, old.program.strength)


_ANSWERS: dict[str, tuple[type, ...]] = {
    "start oral": (e.Oral,),
    "titrate oral": (e.Oral,),
    "taper oral": (e.Oral,),
    "trial": (e.Trial,),
    "start pump": (e.Programmed,),
    "adjust up": (e.Programmed,),
    "adjust down": (e.Programmed,),
    "adjust to": (e.Programmed,),
    "refill": (e.Refill,),
    "strength": (e.Refill,),
    "holiday": (e.Programmed,),
    "restart": (e.Programmed,),
}


def level_rank(level: str) -> int:
    """Vertebral levels in order from C1 (0) to S5, so that T6 or above can be asked.

    >>> level_rank("C7") < level_rank("T6") < level_rank("L1")
    True
    """
    return {"C": 0, "T": 8, "L": 20, "S": 25}[level[0]] + int(level[1:]) - 1

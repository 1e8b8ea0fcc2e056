"""The tasks of the double check: an entry of one person that nobody has reviewed, and a waiting one that the rules refuse now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from eutonia.chart import ReadError
from eutonia.doors.web.recheck import recheck
from eutonia.ledger import LedgerError
from eutonia.moment import local_day, zone
from eutonia.watch import Task, Watched

if TYPE_CHECKING:
    from eutonia.doors.web.office import Office


def checks(office: Office, charts: Mapping[str, Watched]) -> tuple[Task, ...]:
    """Return the tasks of the double check over all charts of the worklist."""
    return tuple(task for task in (*_reviews(office), *_refused(office)) if task.chart in charts)


def merged(tasks: Sequence[Task], others: Sequence[Task]) -> tuple[Task, ...]:
    """Return tasks with others among them: emergencies first, then by the day on which they are due."""
    return tuple(sorted((*tasks, *others), key=lambda task: (not task.first, task.due))) if others else tuple(tasks)


def _reviews(office: Office) -> Iterator[Task]:
    for review in office.reviews.open():
        at = datetime.fromisoformat(review.at)
        do = f"Review the {review.kind}: compare it with the order, the vial or the pump, as a second person."
        yield _task(office, review.chart, "review", at, do, f"It was entered {review.how}: {review.reason}.")


def _refused(office: Office) -> Iterator[Task]:
    for draft in office.drafts.open():
        try:
            found = recheck(office.ledger, office.drafts, draft, office.advice(draft.chart)[1])
        except (LedgerError, ReadError):
            # The chart itself is a task then.
            continue
        if found.arisen:
            rules = ", ".join(dict.fromkeys(each.rule for each in found.arisen))
            do = f"Withdraw the {draft.kind} that waits for a second person, and look at the chart."
            because = f"Since it was entered the chart has changed, and the rules refuse it: {rules}."
            yield _task(office, draft.chart, "second person", office.now(), do, because)


def _task(office: Office, chart: str, what: str, due: datetime, do: str, because: str) -> Task:
    held = office.ledger.held(chart)
    return Task(chart, held.person, what, due, local_day(due, zone(office.zone)), do, because, "")

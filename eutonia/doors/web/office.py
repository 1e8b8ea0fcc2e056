"""What the workbench works on: one ledger, the staff, and the tasks over all charts as they were last looked at."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from eutonia.advice import Advice, advise
from eutonia.clinic import Drafts, Feedback, Pulse, Reviews, Staff, Trail
from eutonia.clinic.pulse import EVERY
from eutonia.doors.web.checks import checks, merged
from eutonia.ledger import Ledger, LedgerError
from eutonia.ledger.ledger import Held
from eutonia.watch import Panel, Task, Watched

_LOG: Final = logging.getLogger("eutonia.web")
# So many advices are held: a page and what is typed on it ask for the same one within a minute.
_HELD: Final = 64


# So many accesses that could not be noted wait in memory for a ledger that can be written again.
_MISSED: Final = 10_000


class View(Struct, frozen=True):
    """All charts and their tasks at one moment, the most pressing first; looked: whether anybody has looked yet."""

    at: datetime
    tasks: tuple[Task, ...]
    charts: dict[str, Watched]
    looked: bool = True


class Office:
    """One ledger, and what the pages ask of it.

    jurisdiction: whose label counts; zone: the clinic's, for new charts.  clock: what time it is.  workers: how many
    processes look over all charts at the start.
    """

    def __init__(
        self,
        where: str | Path,
        *,
        jurisdiction: str = "US",
        zone: str = "UTC",
        clock: Callable[[], datetime] | None = None,
        workers: int = 1,
    ) -> None:
        self.ledger = Ledger(where, clock=clock)
        self.jurisdiction, self.zone = jurisdiction, zone
        self.staff, self.trail, self.drafts = Staff(self.ledger), Trail(self.ledger), Drafts(self.ledger)
        self.pulse, self.feedback, self.reviews = Pulse(self.ledger), Feedback(self.ledger), Reviews(self.ledger)
        self._panel = Panel(self.ledger, jurisdiction, workers)
        self._lock, self._noting = threading.Lock(), threading.Lock()
        self._advised = lru_cache(_HELD)(self._advise)
        self.view = View(self.now(), (), {}, looked=False)
        self.missed: deque[tuple[str, str, str]] = deque(maxlen=_MISSED)

    def now(self) -> datetime:
        """What time it is, UTC."""
        return self.ledger.now()

    def note(self, who: str, what: str, chart: str = "") -> None:
        """Adds an access to the trail.

        A chart is shown in an emergency though the trail cannot be written: then the access waits, and pages say so.
        """
        with self._noting:
            self.missed.append((who, what, chart))
            try:
                while self.missed:
                    self.trail.note(*self.missed[0])
                    self.missed.popleft()
            except LedgerError as error:
                _LOG.error("an access could not be noted: %s", type(error).__name__)

    # -- one chart -----------------------------------------------------------------------------------------------------

    def advice(self, chart: str) -> tuple[Held, Advice]:
        """A chart as it stands and the advice on it, as of this minute.  Raises LedgerError where there is no such chart."""
        held = self.ledger.held(chart)
        return held, self._advised(chart, held.head, self.now().replace(second=0, microsecond=0))

    def _advise(self, chart: str, head: str, now: datetime) -> Advice:
        standing = self.ledger.chart(chart, head)
        # What was entered within this minute has happened.
        latest = max((each.at for each in standing.events), default=now)
        limit = self.now()
        return advise(standing, max(now, min(latest, limit)), self.jurisdiction)

    # -- all charts ----------------------------------------------------------------------------------------------------

    def refresh(self) -> View:
        """Looks at every chart that asks for it, and leaves the heartbeat."""
        with self._lock:
            now = self.now()
            self._panel.refresh(now)
            charts = dict(self._panel.charts)
            self.view = View(now, merged(self._panel.tasks(), checks(self, charts)), charts)
        self.pulse.beat()
        return self.view

    @contextmanager
    def panel(self) -> Iterator[Panel]:
        """The panel itself, while nobody else moves it."""
        with self._lock:
            yield self._panel

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Looks once a minute for as long as the pages are served."""
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                try:
                    self.refresh()
                except Exception as error:
                    # Nothing else: the heartbeat stays away, and every page says so.
                    _LOG.error("the watching failed: %s", type(error).__name__)
                over.wait(EVERY.total_seconds())

        thread = threading.Thread(target=watch, name="watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(timeout=10)
            self.ledger.close()

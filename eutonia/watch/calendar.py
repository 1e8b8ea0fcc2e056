"""The tasks as a calendar: an all-day entry on the day each is due, by the chart's id; no name, no dose."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from icalendar import Calendar, Event

from eutonia.watch.panel import Panel


def calendar(panel: Panel) -> bytes:
    """An iCalendar file (RFC 5545).  An entry keeps its identity from day to day, so that feeds replace it."""
    assert panel.at is not None, "refresh first"
    found = Calendar()
    found.add("prodid", "-//Eutonia//watch//EN")
    found.add("version", "2.0")
    found.add("x-wr-calname", "Eutonia: tasks")
    met: Counter[str] = Counter()
    for task in panel.tasks():
        # What is due has no day in its identity, or it would be a new entry every day.
        day = panel.day(task)
        name = f"{task.chart}-{task.what}"
        met[name] += 1
        entry = Event()
        entry.add("uid", f"{name}-{met[name]}@eutonia")
        entry.add("dtstamp", panel.at)
        entry.add("dtstart", day)
        entry.add("dtend", day + timedelta(days=1))
        entry.add("summary", f"{task.what}: chart {task.chart}")
        entry.add("categories", [task.urgency(panel.at, panel.book)])
        found.add_component(entry)
    return bytes(found.to_ical())

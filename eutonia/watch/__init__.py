"""Watches over all charts: what is to be done for whom, by when, and which event would close it."""

from eutonia.watch.panel import Panel, Watched
from eutonia.watch.task import Task, Urgency

__all__ = ["Panel", "Task", "Urgency", "Watched"]

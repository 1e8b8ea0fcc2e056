"""Keeps events: one record an event, each chained to the one before, corrections as new records, nothing ever changed."""

from eutonia.ledger.errors import Conflict, LedgerError
from eutonia.ledger.ledger import Ledger
from eutonia.ledger.record import Record

__all__ = ["Conflict", "Ledger", "LedgerError", "Record"]

"""The tables of the clinic as the code reads them; the ledger's migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData()
STAFF: Final = Table(
    "staff",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("shown", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password", Text, nullable=False),
    Column("feed", String(64), nullable=False, unique=True),
)
MISSES: Final = Table(
    "misses",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("address", String(64), primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("locked", String(32), nullable=False),
)
SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("form", String(64), nullable=False),
    Column("begun", String(32), nullable=False),
    Column("seen", String(32), nullable=False),
)
ACCESSES: Final = Table(
    "accesses",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("chart", String(32), nullable=False),
    Column("hash", String(64), nullable=False),
)
DRAFTS: Final = Table(
    "drafts",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("chart", String(32), nullable=False),
    Column("saw", String(64), nullable=False),
    Column("line", Text, nullable=False),
    Column("beside", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("second", Text, nullable=False),
    Column("second_by", String(64), nullable=False),
    Column("second_at", String(32), nullable=False),
    Column("op", String(8), nullable=False),
    Column("target", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("against", Text, nullable=False),
)
REVIEWS: Final = Table(
    "reviews",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("chart", String(32), nullable=False),
    Column("record", String(64), nullable=False),
    Column("line", Text, nullable=False),
    Column("marks", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reviewed_by", String(64), nullable=False),
    Column("reviewed_at", String(32), nullable=False),
    Column("result", Text, nullable=False),
)
FEEDBACK: Final = Table(
    "feedback",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("service", Text, nullable=False),
    Column("body", Text, nullable=False),
)
PULSES: Final = Table(
    "pulses", METADATA, Column("name", String(32), primary_key=True), Column("at", String(32), nullable=False)
)

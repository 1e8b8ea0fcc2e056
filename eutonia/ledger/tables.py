"""The tables, and how a database is opened: SQLite as one file, or PostgreSQL by URL.

The tables are made and changed by `migrations/` alone; what stands here is how the code reads them.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.exc import ArgumentError

from eutonia.ledger.errors import LedgerError

# What the migrations lead to; a database that is elsewhere is not touched.
VERSION: Final = "0003"
# So long a writer waits for another one, in seconds.
_WAITS: Final = 10

METADATA: Final = MetaData()
RECORDS: Final = Table(
    "records",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("chart", String(32), nullable=False),
    Column("n", Integer, nullable=False),
    Column("op", String(8), nullable=False),
    Column("content", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("entered", String(32), nullable=False),
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("over", String(64), nullable=False),
)
# What follows from the records, so that nobody reads them all to find a chart; `verify` holds it to them.
CHARTS: Final = Table(
    "charts",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("person", Text, nullable=False, unique=True),
    Column("head", String(64), nullable=False),
    Column("size", Integer, nullable=False),
)
TIP: Final = Table(
    "tip",
    METADATA,
    Column("one", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("over", String(64), nullable=False),
)
# Advice as it went out, by the hash of its bytes.
KEPT: Final = Table(
    "kept", METADATA, Column("hash", String(64), primary_key=True), Column("body", LargeBinary, nullable=False)
)
_READS: Final = "eutonia_reads"


def url_of(where: str | Path) -> str:
    """The URL of a database: a URL as it is, anything else as the path of a file."""
    text = str(where)
    if "://" not in text:
        return f"sqlite:///{text}"
    scheme, _, rest = text.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else text


def connected(where: str | Path) -> Engine:
    """An engine; nothing is opened yet.  Raises LedgerError where the driver is not installed."""
    kind = url_of(where).partition(":")[0].partition("+")[0]
    if kind not in ("sqlite", "postgresql"):
        raise LedgerError(f"'{kind}' is no database for a ledger; name a file, or postgresql://...")
    try:
        engine = create_engine(url_of(where), **_arguments(url_of(where)))
    except ArgumentError:
        # Without the text of it: a password may stand in it.
        raise LedgerError("the URL of the ledger is not understood; write postgresql://user@host/name") from None
    except ModuleNotFoundError as error:
        raise LedgerError(f"PostgreSQL needs {error.name}: pip install 'eutonia[postgresql]'") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepared)
        event.listen(engine, "begin", _begun)
    return engine


def _arguments(url: str) -> dict[str, Any]:
    # What stands in a statement is a patient's: it must not get into what an error says.
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": _WAITS}, "hide_parameters": True}
    return {"pool_pre_ping": True, "hide_parameters": True}


def reading(engine: Engine) -> Connection:
    """A connection that only looks: it waits for no writer."""
    options: dict[str, Any] = {_READS: True}
    if engine.dialect.name == "postgresql":
        # One view of the whole, though others write meanwhile.
        options["isolation_level"] = "REPEATABLE READ"
    connection = engine.connect()
    try:
        return connection.execution_options(**options)
    except BaseException:
        connection.close()
        raise


def _prepared(connection: Any, _: Any) -> None:
    try:
        # SQLAlchemy begins transactions, not the driver, which would begin them only before the first change.
        connection.isolation_level = None
        with closing(connection.cursor()) as cursor:
            # A commit is on the disk when it returns.
            cursor.execute("PRAGMA synchronous = FULL")
    except BaseException:
        # The pool does not know this connection yet, so nobody else would close it.
        connection.close()
        raise


def _begun(connection: Connection) -> None:
    # A writer takes its turn at once: whoever first looks and then writes could have looked at what is no more.
    looks = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if looks else "BEGIN IMMEDIATE")

"""Every test of keeping runs on SQLite and, where Debian's is installed, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from eutonia.ledger.tables import url_of
from tests.databases import postgresql, tool


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server."""
    if tool("pg_ctl") is None:
        pytest.skip("PostgreSQL is not installed")
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new ledger goes."""
    if request.param == "sqlite":
        return str(tmp_path / "clinic.ledger")
    server = request.getfixturevalue("server")
    name = f"test_{abs(hash(request.node.nodeid)):x}"
    engine = create_engine(url_of(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return str(server.replace("/postgres", f"/{name}"))

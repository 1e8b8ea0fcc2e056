"""Records, what follows from them, and advice as it went out; records cannot be changed or deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables of the first version."""
    op.create_table(
        "records",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("chart", sa.String(32), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("op", sa.String(8), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("entered", sa.String(32), nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("over", sa.String(64), nullable=False),
        sa.UniqueConstraint("chart", "n"),
    )
    op.create_table(
        "charts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("person", sa.Text, nullable=False, unique=True),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
    )
    tip = op.create_table(
        "tip",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("over", sa.String(64), nullable=False),
    )
    op.bulk_insert(tip, [{"one": 1, "seq": 0, "over": "0" * 64}])
    op.create_table(
        "kept",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in ("records", "kept"):
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_{act.lower()} BEFORE {act} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a ledger is only added to'; END $$"
    )
    for table in ("records", "kept"):
        op.execute(
            f"CREATE TRIGGER {table}_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "EXECUTE FUNCTION only_added_to()"
        )

"""What the rules held against an entry, marking as entered in error by two people, and entries that wait for a review."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds columns to what waits for a second person, ends what was half written, and adds the table of reviews."""
    for name, kind in (
        ("op", sa.String(8)),
        ("target", sa.String(64)),
        ("reason", sa.Text),
        ("against", sa.Text),
    ):
        default = {"op": "event", "against": "[]"}.get(name, "")
        op.add_column("drafts", sa.Column(name, kind, nullable=False, server_default=default))
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT id, chart, line FROM drafts WHERE state = 'writing'")).all():
        # An entry and its state were two transactions once; from now on they are one, and nobody is between them.
        contents = connection.execute(
            sa.text("SELECT content FROM records WHERE chart = :chart AND op = 'event'"), {"chart": row.chart}
        ).scalars()
        stands = any(each == row.line or each.startswith(f"{row.line}; checked by ") for each in contents)
        change = "state = 'entered'" if stands else "state = 'waiting', second = '', second_by = '', second_at = ''"
        connection.execute(sa.text(f"UPDATE drafts SET {change} WHERE id = :id"), {"id": row.id})
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("chart", sa.String(32), nullable=False),
        sa.Column("record", sa.String(64), nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("marks", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reviewed_by", sa.String(64), nullable=False),
        sa.Column("reviewed_at", sa.String(32), nullable=False),
        sa.Column("result", sa.Text, nullable=False),
    )
    op.create_index("reviews_state", "reviews", ["state"])

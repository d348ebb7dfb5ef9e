"""Sessions: who is signed in to the pages, for every replica."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add; older releases know nobody who signs in."""
    op.create_table(
        "sessions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("ix_sessions_until", "sessions", ["until"])
    op.execute("INSERT INTO schemas (revision, oldest, release) VALUES ('0005', '0001', '0.3.0')")

"""Spending: what was used of the limits of others, by account and ten seconds, and until when they want to be left.

And the branch that a proposal wants into.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add; older releases know nothing of it and lose nothing."""
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "spending",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("writes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "slot"),
    )
    op.add_column("reviews", sa.Column("target", sa.Text(), nullable=False, server_default=""))
    op.execute("INSERT INTO schemas (revision, oldest, release) VALUES ('0003', '0001', '0.3.0')")

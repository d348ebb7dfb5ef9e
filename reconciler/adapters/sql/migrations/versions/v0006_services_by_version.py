"""Versions of services: runs declare them and their flow's step keeps them, and neither undoes what the other wrote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add; what older releases write has the version that it had."""
    op.add_column("services", sa.Column("version", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("INSERT INTO schemas (revision, oldest, release) VALUES ('0006', '0001', '0.3.0')")

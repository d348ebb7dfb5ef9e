"""Places: which of them a key belongs to, and when each was last seen. And which releases may work side by side."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add; nothing that the first release uses goes or changes its meaning."""
    op.add_column("wakes", sa.Column("place", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "places",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("given_up_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    _create_schemas()
    _keep_what_the_first_release_reads()


def _create_schemas() -> None:
    schemas = op.create_table(
        "schemas",
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("oldest", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
    )
    rows = [("0001", "0001", "0.1.0"), ("0002", "0001", "0.2.0")]
    op.bulk_insert(schemas, [dict(zip(("revision", "oldest", "release"), row, strict=True)) for row in rows])


def _keep_what_the_first_release_reads() -> None:
    """It opens a database only if this says 0001, and it may still work with this schema."""
    if not sa.inspect(op.get_bind()).has_table("alembic_version"):
        op.create_table(
            "alembic_version",
            sa.Column("version_num", sa.String(32), nullable=False),
            sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
        )
        op.execute("INSERT INTO alembic_version (version_num) VALUES ('0001')")

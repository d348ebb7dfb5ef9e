"""What Alembic executes around the migrations: they run on the connection that `apply` was given."""

from __future__ import annotations

from alembic import context

from reconciler.adapters.sql.tables import NAMES

given = context.config.attributes
context.configure(
    connection=given["connection"],
    version_table=given["version_table"],
    target_metadata=NAMES,
    transactional_ddl=False,
)
context.run_migrations()

"""Bringing a database to the schema that this release knows, at opening and under the writer's lock."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from reconciler.ports import Stalled

REVISION = "0001"  # the newest of migrations/versions; a test holds the two together
LOCK = 0x48656164  # any number that nobody else takes


def migrate(connection: Connection) -> None:
    """Apply what is missing, in the transaction that is open. Raises Stalled for a schema that is newer than we are."""
    if revision(connection) == REVISION:
        return
    if connection.dialect.name == "postgresql":  # a file is ours alone already
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    current = revision(connection)
    # Alembic takes a third of a second to load: a command on an up-to-date database does without it.
    from reconciler.adapters.sql.migrations.apply import upgrade

    upgrade(connection, current)


def revision(connection: Connection) -> str | None:
    """The schema that the database has; None in an empty one. Raises Stalled if it belongs to somebody else."""
    names = set(inspect(connection).get_table_names())
    if "alembic_version" in names:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if names:
        raise Stalled(
            "StoreBroken", "The database holds tables of something else. Name a database of its own for Headgate."
        )
    return None

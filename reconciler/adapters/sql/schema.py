"""Bringing a database to the schema that this release knows, at opening and under the writer's lock.

Processes of two releases work on one database while it is upgraded. A migration therefore only adds what an older
release can do without, and removes nothing before the release after next; `schemas` says of each schema which is the
oldest one whose release may still work beside it.
"""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, inspect, select, text

from reconciler.adapters.sql.tables import first_release, schemas
from reconciler.errors import Stalled

REVISION = "0004"  # the newest of migrations/versions; a test holds the two together
VERSION_TABLE = "schema_version"
LOCK = 0x48656164  # any number that nobody else takes


def migrate(connection: Connection) -> None:
    """Apply what is missing, in the transaction that is open. Raises Stalled for a schema that is too new for us."""
    current = revision(connection)
    if current == REVISION:
        return None
    if current is not None and current > REVISION:
        return _check_newer(connection, current)
    if connection.dialect.name != "postgresql":  # a file is ours alone already
        return _upgrade(connection)
    from reconciler.adapters.sql.patience import unhurried

    with unhurried(connection):  # moving much data takes its time
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        return _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    if not connection.in_transaction():
        connection.begin()  # in what has begun already: else the migrations would commit by themselves
    # Alembic takes a third of a second to load: a command on an up-to-date database does without it.
    from reconciler.adapters.sql.migrations.apply import upgrade

    upgrade(connection, revision(connection), VERSION_TABLE)


def revision(connection: Connection) -> str | None:
    """The schema that the database has; None in an empty one. Raises Stalled if it belongs to somebody else."""
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
    if first_release.name in names:
        return connection.execute(select(first_release)).scalar()
    if names:
        raise Stalled(
            "StoreBroken", "The database holds tables of something else. Name a database of its own for Headgate."
        )
    return None


def may_work_beside(connection: Connection, current: str) -> bool:
    """Whether this release may work with the newer schema that the database has."""
    rule = _rule(connection, current)
    return rule is not None and str(rule["oldest"]) <= REVISION


def _rule(connection: Connection, current: str) -> RowMapping | None:
    return connection.execute(select(schemas).where(schemas.c.revision == current)).mappings().first()


def _check_newer(connection: Connection, current: str) -> None:
    """A newer release may be at work; we go on beside it where its schema says so."""
    if may_work_beside(connection, current):
        return
    rule = _rule(connection, current)
    release = f"release {rule['release']}" if rule is not None else "a newer release"
    raise Stalled(
        "StoreNewer",
        f"The database has schema {current} of {release} of Headgate; this release knows schema {REVISION} and can "
        "work beside the next one at most. Install that release, or name another database.",
    )

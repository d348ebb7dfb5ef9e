"""Bringing a database to the schema that this release knows, at opening and under the writer's lock.

Processes of two releases work on one database while it is upgraded. A migration therefore only adds what an older
release can do without, and removes nothing before the release after next; `schemas` says of each schema which is the
oldest one whose release may still work beside it.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    RowMapping,
    String,
    Table,
    inspect,
    select,
    text,
)

from reconciler.adapters.sql.tables import NAMES, counters, first_release, schemas
from reconciler.errors import Stalled

REVISION = "0006"  # the newest of migrations/versions; a test holds the two together
VERSION_TABLE = "schema_version"
RULES = (  # of `schemas`, as the migrations told them: schema, the oldest that may work beside it, its release
    ("0001", "0001", "0.1.0"),
    ("0002", "0001", "0.2.0"),
    ("0003", "0001", "0.3.0"),
    ("0004", "0001", "0.3.0"),
    ("0005", "0001", "0.3.0"),
    ("0006", "0001", "0.3.0"),
)
LOCK = 0x48656164  # any number that nobody else takes

_version = Table(  # as Alembic makes it
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


def migrate(connection: Connection) -> None:
    """Apply what is missing, in the transaction that is open. Raises Stalled for a schema that is too new for us."""
    current = revision(connection)
    if current == REVISION:
        return None
    if current is not None and current > REVISION:
        return _check_newer(connection, current)
    if connection.dialect.name != "postgresql":  # a file is ours alone already
        return _upgrade(connection)
    from reconciler.adapters.sql.server import unhurried

    with unhurried(connection):  # moving much data takes its time
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        return _upgrade(connection)


def check_not_outgrown(connection: Connection) -> None:
    """Raises Stalled where a release has upgraded the database beside which we cannot work."""
    current = revision(connection)
    if current is not None and current > REVISION:
        _check_newer(connection, current)


def _upgrade(connection: Connection) -> None:
    if not connection.in_transaction():
        connection.begin()  # in what has begun already: else the migrations would commit by themselves
    current = revision(connection)
    if current is None:
        return _create(connection)
    if current > REVISION:  # another process, of a newer release, was faster than we
        return _check_newer(connection, current)
    # Alembic takes a third of a second and 10 MB to load: only who upgrades a database pays for it.
    from reconciler.adapters.sql.migrations.apply import upgrade

    return upgrade(connection, current, VERSION_TABLE)


def _create(connection: Connection) -> None:
    """The newest schema at once, in an empty database; a test holds it and the migrations together."""
    NAMES.create_all(connection, checkfirst=False)
    _version.create(connection, checkfirst=False)
    connection.execute(schemas.insert(), [dict(zip(schemas.columns.keys(), rule, strict=True)) for rule in RULES])
    connection.execute(counters.insert().values(name="token", value=0))
    connection.execute(first_release.insert().values(version_num=RULES[0][0]))
    connection.execute(_version.insert().values(version_num=REVISION))


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

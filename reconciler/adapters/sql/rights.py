"""What the user of a PostgreSQL database may not do there, though the service has to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import URL, Connection, text

from reconciler.adapters.sql.engines import WRITABLE, engine_of
from reconciler.adapters.sql.tables import NAMES, first_release, schemas


@dataclass(frozen=True, slots=True)
class Rights:
    """What is missing; nothing of a file, whose rights are those of files."""

    unwritable: tuple[str, ...] = ()  # tables and sequences of ours
    makes_tables: bool = True
    reads_only: bool = False  # its transactions write nothing, unless told otherwise


def rights(connection: Connection, url: URL) -> Rights:
    """Those of the user of a connection, which is one that only reads; `url` leads to the same database."""
    ours = {"ours": [name for name in NAMES.tables if name not in _OF_MIGRATIONS]}
    return Rights(
        tuple(connection.execute(_UNWRITABLE, ours).scalars()),
        bool(connection.execute(_MAKES).scalar()),
        _reads_only(url),
    )


def _reads_only(url: URL) -> bool:
    """What a connection is told that asks for nothing."""
    engine = engine_of(url.update_query_dict({WRITABLE: "any"}), autocommit=True, connections=1)
    try:
        with engine.connect() as connection:
            return bool(connection.execute(text("SHOW default_transaction_read_only")).scalar() == "on")
    finally:
        engine.dispose()


_OF_MIGRATIONS = (first_release.name, schemas.name)  # at work they are only read
_MAKES = text("SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)")
_UNWRITABLE = text(
    """
    WITH ours AS (
        SELECT oid, relname FROM pg_class
        WHERE relkind = 'r' AND relname = ANY(:ours) AND pg_table_is_visible(oid)
    )
    SELECT relname FROM ours
    WHERE NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
               AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
    UNION ALL
    SELECT numbers.relname FROM ours
    JOIN pg_depend ON refobjid = ours.oid AND deptype = 'a' AND classid = 'pg_class'::regclass
    JOIN pg_class AS numbers ON numbers.oid = objid
    WHERE CASE numbers.relkind WHEN 'S' THEN NOT has_sequence_privilege(numbers.oid, 'USAGE') ELSE false END
    ORDER BY 1
    """
)

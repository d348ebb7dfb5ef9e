"""Sessions of people on the pages: each replica reads them here, so that who signs out anywhere is out everywhere."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, insert, select

from reconciler.adapters.sql import rows
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.tables import sessions
from reconciler.records import SessionRow


class SqlSessions:
    """Implements `store.Sessions`."""

    _database: Database

    def session(self, name: str) -> SessionRow | None:
        with self._database.read() as connection:
            found = connection.execute(_SESSION, {"_name": name}).mappings().first()
        return None if found is None else rows.of_flat(SessionRow, found)

    def begin_session(self, row: SessionRow, now: float, most: int) -> None:
        def work(connection: Connection) -> None:
            connection.execute(insert(sessions), rows.flat(row))
            kept = select(sessions.c.name).order_by(sessions.c.until.desc(), sessions.c.name).limit(most)
            connection.execute(delete(sessions).where((sessions.c.until <= now) | sessions.c.name.not_in(kept)))

        self._database.write(work)

    def end_session(self, name: str) -> None:
        self._database.write(lambda connection: connection.execute(_END, {"_name": name}))


_SESSION = select(sessions).where(sessions.c.name == bindparam("_name"))
_END = delete(sessions).where(sessions.c.name == bindparam("_name"))

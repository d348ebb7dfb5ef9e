"""The store: one relational database with the queue and the records, in a SQLite file or by URL on PostgreSQL."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.engines import address_of
from reconciler.adapters.sql.inbox import SqlInbox
from reconciler.adapters.sql.places import SqlPlaces
from reconciler.adapters.sql.queue import SqlQueue
from reconciler.adapters.sql.records import SqlRecords
from reconciler.adapters.sql.retention import SqlRetention
from reconciler.adapters.sql.schema import REVISION, migrate, revision
from reconciler.adapters.sql.sessions import SqlSessions
from reconciler.adapters.sql.spending import SqlSpending
from reconciler.adapters.sql.writing import statements_of
from reconciler.errors import Stalled, Waiting
from reconciler.ports import Clock


class SqlStore(SqlQueue, SqlRecords, SqlInbox, SqlPlaces, SqlRetention, SqlSessions, SqlSpending):
    """Implements `store.Store`, and keeps what is spent of the limits of others.

    Safe to use from many threads; several processes may open the same database.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, statements_of(database.dialect), clock)

    def give_back(self) -> bool:
        """Give some of the space that pruning freed back to the file system; True if there is more."""
        return self._database.give_back()

    def close(self) -> None:
        """Close every connection; what was committed is on disk."""
        self._database.close()


def open_store(url_or_path: str | Path, clock: Clock) -> SqlStore:
    """Open the database, creating it (0600, with its directories) or bringing its schema up to date.

    Takes a path or a `sqlite://` or `postgresql://` URL. Raises Stalled for what is not our database or is newer than
    we are, Waiting if it cannot be reached.
    """
    address = address_of(str(url_or_path))
    if address.get_backend_name() == "sqlite":
        _make_file(Path(address.database or ""))
    with ExitStack() as unless_opened:
        database = Database(address)
        unless_opened.callback(database.close)
        if not _is_current(database):  # asked of a reader: whoever only looks need not wait for who writes
            database.write(migrate)
        unless_opened.pop_all()
    return SqlStore(database, clock)


def _is_current(database: Database) -> bool:
    with database.read() as connection:
        return revision(connection) == REVISION


def _make_file(path: Path) -> None:
    """The file may hold what people passed as params: it is its owner's alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        message = f"The database {path} cannot be written: {error.strerror}."
        if error.errno in _PASSING:
            raise Waiting("StoreUnavailable", message, timedelta(seconds=2)) from error
        raise Stalled("StoreBroken", message) from error


_PASSING = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE)  # of a machine, not of us

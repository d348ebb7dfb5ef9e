"""Hearing of commits of other processes: from the version of a file, or as PostgreSQL tells those who listen."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, Text, bindparam, func, literal_column, select, text
from sqlalchemy.exc import SQLAlchemyError

from reconciler.adapters.bell import Bell
from reconciler.adapters.folder_events import OFTEN, SELDOM, FolderEvents
from reconciler.adapters.sql.direct import Batch
from reconciler.adapters.sql.engines import engine_of

BEGUN = 0.01  # seconds from the first word of a commit to a file until most commits are done
DEAF = 0.5  # seconds between two tries to listen again; whoever waits looks for himself meanwhile
ROUND = 15.0  # seconds between two looks whether the server still knows that we listen
LAST = 0.3  # s for what it is at when it is closed; a server that is silent is not waited for

# Channels are of the whole database, and several installations may share one, each in a schema of its own.
_LISTEN = """DO $$ BEGIN EXECUTE format('LISTEN %I', 'headgate_' || current_schema()); END $$"""
_CALL = select(func.pg_notify(literal_column("'headgate_' || current_schema()"), bindparam("_caller", type_=Text)))


class Others:
    """Calls `tell` soon after another process may have committed something. Its thread starts when it is first wanted.

    Without a connection to listen on, it tells every DEAF seconds: nobody waits for a word that cannot come.
    """

    def __init__(self, url: URL, tell: Callable[[], None]) -> None:
        self._url = url
        self._on_file = url.get_backend_name() == "sqlite"
        self._tell = tell
        self._name = uuid4().hex  # what we say ourselves we know already
        # What a commit holds of which others shall hear. Of a file, the commit itself is what they see.
        self.call: list[Batch] = [] if self._on_file else [(_CALL, [{"_caller": self._name}])]
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._bell: Bell | None = None
        self._closed = False

    def start(self) -> None:
        """Start to listen; once more changes nothing."""
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None and not self._closed:
                self._bell = Bell()
                self._thread = threading.Thread(target=self._run, args=(self._bell,), name="others", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._closed = True
            if self._thread is None or self._bell is None:
                return
            self._bell.ring()
        self._thread.join(timeout=LAST)
        if not self._thread.is_alive():
            self._bell.close()

    def _run(self, bell: Bell) -> None:
        engine = engine_of(self._url, autocommit=True, connections=1)
        gone = (SQLAlchemyError, engine.dialect.loaded_dbapi.Error)
        while not self._closed:
            try:
                self._watch_file(engine, bell) if self._on_file else self._listen(engine, bell)
            except gone:
                self._tell()
                bell.wait(DEAF)
        engine.dispose()

    def _watch_file(self, engine: Engine, bell: Bell) -> None:
        with closing(FolderEvents()) as events, engine.connect() as connection:
            file = connection.connection.driver_connection
            events.watch([os.path.dirname(_path(file))])
            seen, happened_at = None, float("-inf")  # what came before is told
            while not self._closed:
                if events.drain():
                    happened_at = time.monotonic()
                found = _version(file)
                if found != seen:
                    seen = found
                    self._tell()
                # A commit is told as it begins to write, and counts once the disk has it: nothing tells of that.
                if time.monotonic() - happened_at < SELDOM:
                    bell.wait(OFTEN)
                elif bell.wait(events.patience, *events.descriptors):
                    bell.wait(BEGUN)

    def _listen(self, engine: Engine, bell: Bell) -> None:
        with _listening(engine) as (connection, socket):
            self._tell()  # of what came before
            while True:
                bell.wait(ROUND, socket.fileno())
                if self._closed:  # before another question to a server that may be silent
                    return
                told = list(socket.notifies(timeout=0))
                if any(one.payload != self._name for one in told):
                    self._tell()
                elif not told:
                    connection.execute(text("SELECT 1"))


@contextmanager
def _listening(engine: Engine) -> Iterator[tuple[Connection, Any]]:
    """A connection that listens, and the driver's view of it. It is not used again for anything else."""
    with engine.connect() as connection:
        try:
            connection.execute(text(_LISTEN))
            yield connection, connection.connection.driver_connection
        finally:
            connection.invalidate()


def _path(file: Any) -> str:
    """Where the file is, whatever names and links led to it: its log is beside it."""
    return str(file.execute("PRAGMA database_list").fetchone()[2])


def _version(file: Any) -> int:
    """A number that changes when another connection has committed (sqlite.org/pragma.html)."""
    return int(file.execute("PRAGMA data_version").fetchone()[0])

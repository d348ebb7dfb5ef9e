"""Connections to one address, made ready for their dialect: nothing on them hangs for ever, a dead one is not used."""

from __future__ import annotations

import re
import sqlite3
import time
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from sqlalchemy import URL, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from reconciler.errors import Stalled

BUSY_MS = 15_000  # how long another process may hold the file before we say so
_AGAIN = 0.01  # s between two tries
POOL_TIMEOUT = 60  # s to wait for a connection that others of this process use
QUIET = 1.0  # s after which a connection is asked whether it still lives before it is used

BAD_ADDRESS = "StoreAddress"  # the reason
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_WRITE = (
    "Write postgresql://USER:PASSWORD@HOST/NAME, with %40 for an `@` and %2F for a `/` in the password, "
    "or the path of a file."
)
# What is meant for a server and would be taken for a path: `user:password@host`, `postgresql:…`, or words of libpq.
_SERVER = re.compile(
    r"(?!/)(?:[^/]*:.*@|\s*(jdbc:)?postgres\w*(\+\w+)?:|(.*\s)?(host|hostaddr|port|dbname|user|password|service|sslmode)\s*=)",
    re.DOTALL,
)
# Only the first `@` ends a password, and only before a `/`: what comes after another one is taken for a host and shown.
_STRAY = re.compile(r"://(?:[^@]*@.*@|[^:@]*/[^@]*@)", re.DOTALL)
_PLACES = ("host", "hostaddr", "port", "dbname", "user")  # of a query: where the database is
LARGEST_WAL = 64 << 20  # bytes that the log keeps once what is in it is in the file
_LIMITS = (f"busy_timeout={BUSY_MS}", f"journal_size_limit={LARGEST_WAL}")
_PRAGMAS = (*_LIMITS, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_SETTINGS = {
    "statement_timeout": "30s",
    "lock_timeout": "15s",
    # A process that is paused in mid-transaction must not hold up the others: its locks go before its lease does.
    "idle_in_transaction_session_timeout": "10s",
    # Nor may one whose machine is gone: the server asks whether it is still there.
    "tcp_keepalives_idle": "10s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
}
WRITABLE = "target_session_attrs"
_NETWORK = {  # a peer that is gone without a word is noticed within half a minute
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": f"headgate-{uuid4().hex[:16]}",  # of this process: see _end_what_was_lost
    WRITABLE: "read-write",  # while a server fails over, its standby may be found at its address
}
_READ_ONLY = "25006"  # read_only_sql_transaction: we were left with a server that does not lead any more
_END = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid = ANY(%s) AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()"""


def address_of(url_or_path: str) -> URL:
    """The address of a database: a URL, or the path of a SQLite file. Raises Stalled for one we cannot speak to."""
    if "://" not in url_or_path:
        if _SERVER.match(url_or_path):
            raise Stalled(BAD_ADDRESS, f"The address of the database is neither a URL nor a path. {_WRITE}")
        return URL.create("sqlite", database=url_or_path)
    try:
        url = make_url(url_or_path)
    except (ArgumentError, ValueError):  # the latter has what stands where a port should: often half a password
        raise Stalled(BAD_ADDRESS, f"The address of the database cannot be read. {_WRITE}") from None
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None or (driver == "sqlite" and url.database in (None, "", ":memory:")):
        what = "The address of the database begins with neither `postgresql://` nor `sqlite:///` and a path."
        raise Stalled(BAD_ADDRESS, f"{what} {_WRITE}")
    if driver != "sqlite" and _STRAY.search(url_or_path):
        raise Stalled(BAD_ADDRESS, f"The address of the database has an `@` or a `/` in a user or password. {_WRITE}")
    return url.set(drivername=driver)


def shown(url: URL) -> str:
    """An address for people: no password, nor what else may be one."""
    if url.get_backend_name() == "sqlite":
        return unquote(urlsplit(url.database or "").path) if "uri" in url.query else url.database or ""
    plain = url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
    places = [f"{name}={one}" for name in _PLACES for one in url.normalized_query.get(name, ())]
    return f"{plain}?{'&'.join(places)}" if places else plain


def engine_of(url: URL, autocommit: bool, connections: int) -> Engine:
    """An engine whose connections are ready to use."""
    on_file = url.get_backend_name() == "sqlite"
    isolation = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
    network = {} if on_file else {name: value for name, value in _NETWORK.items() if name not in url.query}
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        execution_options={"preserve_rowcount": True},  # of upserts too: zero rows is how a conflict shows
        connect_args=network,
        **isolation,
    )
    if on_file:
        event.listen(engine, "connect", _prepare_file)
    else:
        event.listen(engine, "do_connect", _connect_with_patience)
        event.listen(engine, "connect", _prepare_session)
        _leave_who_only_reads(engine.dialect)
        _end_what_was_lost(engine)
        _ask_after_rest(engine)
    return engine


def _prepare_file(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so (direct.begin)
    if not connection.execute("PRAGMA page_count").fetchone()[0]:  # only an empty file can be told so
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    for pragma in _PRAGMAS:
        _set(connection, pragma)


def _set(connection: Any, pragma: str) -> None:
    """SQLite does not wait by itself for who is making the same new file just now."""
    until = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute(f"PRAGMA {pragma}")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_AGAIN)
        else:
            return


def _connect_with_patience(_dialect: object, _record: object, given: Any, named: Any) -> Any:
    from reconciler.adapters.sql.server import Connection as Patient  # the driver is only there where it is wanted

    # Statements that the driver prepares it lets the server forget after a rollback, and with them all others.
    return Patient.connect(*given, **{**named, "prepare_threshold": None})


def _prepare_session(connection: Any, _: object) -> None:
    for name, value in _SETTINGS.items():
        connection.execute(f"SET SESSION {name} = '{value}'")
    connection.commit()


def _leave_who_only_reads(dialect: Dialect) -> None:
    """A connection to a server that takes no writes counts as lost: another is looked for at the address."""
    known = dialect.is_disconnect

    def is_disconnect(error: Any, connection: Any, cursor: Any) -> bool:
        return getattr(error, "sqlstate", None) == _READ_ONLY or known(error, connection, cursor)

    dialect.is_disconnect = is_disconnect  # type: ignore[method-assign, assignment]


def _end_what_was_lost(engine: Engine) -> None:
    """End what the server still has of connections that were given up, once it can be reached again.

    One that was cut off in the middle of several statements holds its locks for ever: the server waits for the rest,
    which by its own reckoning is no idleness, and no time-out is at work.
    """
    lost: set[int] = set()  # server processes; each step below is one that threads do not see halves of

    def note(_connection: Any, record: Any, _error: object) -> None:
        if (process := record.info.get("process")) is not None:
            lost.add(process)

    def end(connection: Any, record: Any) -> None:
        record.info["process"] = connection.info.backend_pid
        if gone := list(lost):
            connection.execute(_END, [gone])
            connection.commit()
            lost.difference_update(gone)

    event.listen(engine, "invalidate", note)
    event.listen(engine, "connect", end)


def _ask_after_rest(engine: Engine) -> None:
    """Another connection is taken instead of one that died while it lay idle; a busy one is not asked each time."""
    error = engine.dialect.loaded_dbapi.Error

    def note_use(_: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    def ask(connection: Any, record: Any, _: object) -> None:
        if time.monotonic() - record.info.get("used_at", time.monotonic()) < QUIET:
            return
        try:
            engine.dialect.do_ping(connection)
        except error as gone:
            raise DisconnectionError from gone

    event.listen(engine, "checkin", note_use)
    event.listen(engine, "checkout", ask)

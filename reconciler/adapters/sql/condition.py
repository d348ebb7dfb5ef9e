"""A database as it is, for whoever examines it: opened to read, never made, migrated or mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, func, select, text

from reconciler.adapters.sql.batches import chunks
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.engines import WRITABLE, address_of, shown
from reconciler.adapters.sql.rights import Rights, rights
from reconciler.adapters.sql.schema import REVISION, may_work_beside, revision
from reconciler.adapters.sql.tables import attempts, checks, events, requests, wakes
from reconciler.adapters.sql_store import SqlStore
from reconciler.errors import Stalled
from reconciler.ports import Clock

NEWEST = REVISION  # the schema of this release
NO_FILE = "StoreNoFile"  # the reason
_FAULTS = 5  # of a damaged file that are told
_ALL_RIGHTS = Rights()


@dataclass(frozen=True, slots=True)
class Condition:
    """What can be known of a database without changing it."""

    schema: str | None  # None: it is empty
    usable: bool  # this release may work with it as it is
    faults: tuple[str, ...]  # of its structure
    size: int  # bytes
    log_size: int  # bytes of a SQLite file's write-ahead log
    now: float  # seconds since the epoch by its clock
    newest: float | None  # when the newest thing it tells of happened
    standby: bool = False  # it only follows another server
    rights: Rights = _ALL_RIGHTS


@dataclass(frozen=True, slots=True)
class Unposted:
    """A check of which nothing was ever posted."""

    repository: str
    sha: str
    name: str
    noted_at: float


@dataclass(frozen=True, slots=True)
class QueuedKey:
    """A key of the queue with all that the queue knows of it."""

    key: str
    ready_at: float  # when it may be leased; the end of its lease while it is held
    owner: str
    attempts: int  # failures in a row
    reason: str
    message: str
    parked: bool


class OpenedToRead:
    """A database that nothing is written to. Raises Waiting or Stalled where it cannot be read."""

    def __init__(self, url_or_path: str, clock: Clock) -> None:
        self._url = address_of(url_or_path)
        self._file = Path(self._url.database or "") if self._url.get_backend_name() == "sqlite" else None
        self._clock = clock
        _check_file(self._file)
        self._database = Database(to_read(self._url))
        self.store = SqlStore(self._database, clock)

    def close(self) -> None:
        """Let go of it."""
        self._database.close()

    def check_current(self) -> None:
        """Raises Stalled if its schema is not the one of this release: what is only read is not moved to it."""
        found = None
        if not self._is_empty():
            with self._database.read() as connection:
                found = revision(connection)
        if found != NEWEST:
            what = f"The database {self._file} has schema {found or 'of none'}, this release reads {NEWEST}"
            raise Stalled("StoreBroken", f"{what}; it cannot be written here, so it stays as it is.")

    def condition(self) -> Condition:
        """Its schema, structure, size and clock."""
        if self._is_empty():  # SQLite itself would have to write to it
            return Condition(None, False, (), 0, self._log_size(), self._clock.now(), None)
        with self._database.read() as connection:
            faults = self._faults(connection)
            schema = None if faults else revision(connection)
            newest = connection.execute(_NEWEST).scalar() if schema else None
            usable = schema == NEWEST or ((schema or "") > NEWEST and may_work_beside(connection, str(schema)))
            sizes = self._size(connection), self._log_size()
            may = rights(connection, self._url) if self._file is None else _ALL_RIGHTS
            follows = self._follows(connection)
            return Condition(schema, usable, faults, *sizes, self._now(connection), newest, follows, may)

    def queue(self) -> Sequence[QueuedKey]:
        """Every key, the one that is due longest first."""
        with self._database.read() as connection:
            return [QueuedKey(*row) for row in connection.execute(_QUEUE)]

    def places(self) -> Mapping[str, int]:
        """How many attempts are live in each place."""
        statement = select(attempts.c.place, func.count()).where(attempts.c.live).group_by(attempts.c.place)
        with self._database.read() as connection:
            return {str(place): int(number) for place, number in connection.execute(statement)}

    def unposted(self, before: float) -> Sequence[Unposted]:
        """Checks that were to be posted before then and never were, oldest first."""
        statement = select(checks.c.repository, checks.c.sha, checks.c.name, checks.c.noted_at)
        statement = statement.where(checks.c.posted == "", checks.c.noted_at < before).order_by(checks.c.noted_at)
        with self._database.read() as connection:
            return [Unposted(*row) for row in connection.execute(statement)]

    def unanswered(self, before: float) -> Sequence[tuple[str, str, float]]:
        """(verb, target, time) of requests that nobody has answered since then, oldest first."""
        statement = select(requests.c.verb, requests.c.target, requests.c.at)
        statement = statement.where(requests.c.done_at.is_(None), requests.c.at < before).order_by(requests.c.at)
        with self._database.read() as connection:
            return [(str(verb), str(target), float(at)) for verb, target, at in connection.execute(statement)]

    def known_attempts(self, wanted: set[str]) -> set[str]:
        """Those of the ids that have a row."""
        found: set[str] = set()
        with self._database.read() as connection:
            for ids in chunks(wanted):
                found.update(connection.execute(select(attempts.c.id).where(attempts.c.id.in_(ids))).scalars())
        return found

    def _is_empty(self) -> bool:
        return self._file is not None and self._file.exists() and not self._file.stat().st_size

    def _faults(self, connection: Connection) -> tuple[str, ...]:
        if self._file is None:
            return ()
        said = connection.execute(text(f"PRAGMA quick_check({_FAULTS})")).scalars().all()
        return () if said == ["ok"] else tuple(map(str, said))

    def _size(self, connection: Connection) -> int:
        if self._file is not None:
            return self._file.stat().st_size
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())

    def _log_size(self) -> int:
        log = _log_of(self._file) if self._file is not None else None
        return log.stat().st_size if log is not None and log.exists() else 0

    def _follows(self, connection: Connection) -> bool:
        return self._file is None and bool(connection.execute(text("SELECT pg_is_in_recovery()")).scalar())

    def _now(self, connection: Connection) -> float:
        if self._file is not None:
            return self._clock.now()
        return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())


def _check_file(file: Path | None) -> None:
    """What is no file cannot be read as one: a pipe would be waited for, and a folder be called a failing disk."""
    if file is not None and file.exists() and not file.is_file():
        what = "a directory" if file.is_dir() else "not a file"
        raise Stalled(NO_FILE, f"{file} is {what}: there is no database.")


def shown_address(url_or_path: str) -> str:
    """The address for people, without its password. Raises Stalled for one we cannot speak to."""
    return shown(address_of(url_or_path))


def to_read(url: URL) -> URL:
    """The address with which a database is opened to be read alone.

    SQLite makes two files beside a database that it reads, unless it may take it for one that nobody changes.
    """
    if url.get_backend_name() != "sqlite":
        options = url.query.get("options", ())
        given = [options] if isinstance(options, str) else options
        reading = {"options": " ".join([*given, "-c default_transaction_read_only=on"]), WRITABLE: "any"}
        return url.update_query_dict(reading)
    file = Path(url.database or "").absolute()
    query = {"uri": "true", "mode": "ro"} | ({} if _log_of(file).exists() else {"immutable": "1"})
    return url.set(database=file.as_uri(), query=query)


def _log_of(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


_COLUMNS = (wakes.c.key, wakes.c.ready_at, wakes.c.owner, wakes.c.attempts, wakes.c.reason, wakes.c.message)
_QUEUE = select(*_COLUMNS, wakes.c.parked).order_by(wakes.c.ready_at)
_NEWEST = select(events.c.at).order_by(events.c.seq.desc()).limit(1)

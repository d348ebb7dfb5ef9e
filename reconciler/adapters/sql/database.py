"""Connections to one database: readers, and one writer that groups what waits into one commit. Knows no table."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import URL, Connection, Executable, func, select
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from reconciler.adapters.sql import direct
from reconciler.adapters.sql.engines import BAD_ADDRESS, engine_of, shown
from reconciler.adapters.sql.kept import Kept
from reconciler.adapters.sql.others import Others
from reconciler.errors import ReconcileError, Stalled, Waiting
from reconciler.ports import Clock

Result = TypeVar("Result")

LARGEST_GROUP = 64  # jobs in one commit: bounds how long the first of them waits
FREE_SHARE = 4  # a file with more than a quarter of it free gives space back; what is left is soon used again
FREED = 500  # pages given back at once, while others wait
LAST = 1.0  # seconds for a commit at hand when it is closed
READERS = 16
DEADLOCKS = 5  # in a row: replicas lock the same rows in different orders now and then, one of them starts over

_SERVER_NOW = select(func.extract("epoch", func.clock_timestamp()).label("now"))
_INCREMENTAL = 2  # of auto_vacuum
_MISTAKES = re.compile(  # of who wrote the address, as libpq tells them
    "invalid connection option|invalid port number|invalid [a-z_]+ value: |bad value for |definition of service "
)
_READS_ONLY = re.compile("session is read-only|in a read-only transaction|server is in hot standby mode")
_RUN_AGAIN = ("40P01", "40001")  # PostgreSQL: deadlock_detected, serialization_failure


class _Job(Generic[Result]):
    """Work for the writer and what came of it. As a context, it keeps an error for the thread that asked."""

    def __init__(self, work: Callable[[Connection], Result]) -> None:
        self.work = work
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.done = False

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        self.error = error
        return isinstance(error, Exception)  # it is raised again by whoever asked, not by who happened to commit


class Database:
    """One database. `write` is safe to call from many threads; each job is all or nothing, whoever else fails."""

    def __init__(self, url: URL) -> None:
        self.name = shown(url)
        self.dialect = url.get_backend_name()
        self._readers = Kept(engine_of(url, autocommit=True, connections=READERS))
        self._writer = Kept(engine_of(url, autocommit=False, connections=1))
        self._writing = threading.Lock()
        self._waiting: deque[_Job[Any]] = deque()
        self._changed = threading.Condition()
        self._changes = 0
        self.interrupts = 0
        self._calling = False  # a job of the group at hand wants others to hear of it
        self._others = Others(url, self._tell)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on which every statement sees the newest commit. Raises Waiting, Stalled."""
        try:
            with self._readers.one() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._translated(error) from error

    def ask(self, statement: Executable, values: direct.Values) -> list[dict[str, Any]]:
        """What a short question finds, as `ask_with`."""
        return self.ask_with(lambda connection: direct.rows(connection, statement, values))

    def ask_with(self, work: Callable[[Connection], Result]) -> Result:
        """What short questions find, as `read` sees it. Raises Waiting, Stalled.

        The writer answers while it rests. On a file it has pages in memory that each commit takes from readers; with a
        server one process of it has both to do, so that it need not be waked.
        """
        if not self._writing.acquire(blocking=False):
            return self._done(self._readers, work)
        try:
            return self._done(self._writer, work if self.dialect == "sqlite" else partial(direct.each_alone, work))
        finally:
            self._writing.release()

    def at_once(self, statement: Executable, values: direct.Values) -> list[dict[str, Any]]:
        """What a statement finds that is a transaction of its own, with a server. Raises Waiting, Stalled."""
        return self.ask_with(lambda connection: again_when_chosen(lambda: direct.rows(connection, statement, values)))

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction, perhaps with what others wait for. Raises what it raises, or Waiting."""
        job = _Job(work)
        self._waiting.append(job)
        with self._writing:
            while not job.done:  # more may wait than one group takes
                self._commit_group()
        if isinstance(job.error, SQLAlchemyError):
            raise self._translated(job.error) from job.error
        if job.error is not None:
            raise job.error
        return cast(Result, job.result)

    def wait(self, seen: int, seconds: float) -> int:
        """Wait until `changes()` is not `seen` any more, or so long; returns it."""
        self._others.start()
        with self._changed:
            if self._changes == seen:
                self._changed.wait(seconds)
            return self._changes

    def interrupt(self) -> None:
        """Let everybody who waits look again, and see that `interrupts` has grown."""
        self.interrupts += 1
        self._tell()

    def call(self) -> None:
        """For a job of `write`: whoever waits in other processes shall hear of its commit."""
        self._calling = True

    @property
    def calls(self) -> list[direct.Batch]:
        """The same, as a part of what a job writes: no answer of a server is waited for because of it."""
        return self._others.call

    def now(self, connection: Connection, clock: Clock) -> float:
        """The time by the clock that all who share the database share: its server's, or for a file this machine's."""
        return clock.now() if self.dialect == "sqlite" else float(direct.rows(connection, _SERVER_NOW)[0]["now"])

    def changes(self) -> int:
        """A number that grows with every commit that we know of."""
        return self._changes

    def give_back(self) -> bool:
        """Give some free pages of a file back to the file system; True if there are more to give. Raises Waiting."""
        if self.dialect != "sqlite":
            return False  # the server does that by itself
        with self.read() as connection:
            pragmas = ("auto_vacuum", "page_count", "freelist_count")
            mode, pages, free = (int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0) for name in pragmas)
            if mode != _INCREMENTAL or free * FREE_SHARE < pages or free < FREED:
                return False
        self.write(_free_pages)
        return True

    def close(self) -> None:
        """Close every connection; the writer's not while it waits for who holds the database, which may last."""
        self._others.close()
        if self._writing.acquire(timeout=LAST):
            self._writer.close()
            self._writing.release()
        self._readers.close()

    def _done(self, connections: Kept, work: Callable[[Connection], Result]) -> Result:
        try:
            return connections.use(work)
        except SQLAlchemyError as error:
            raise self._translated(error) from error

    def _commit_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_GROUP))]
        try:
            if not self._settle(group):
                for job in group:  # one of them failed, which takes nobody else's writes back
                    self._settle([job])
        finally:
            # An interrupt in this thread must not leave the others waiting for an answer, nor believing in one.
            for job in group:
                job.error = job.error or (None if job.done else self._failure("was interrupted while it was written"))
                job.done = True
        self._tell()

    def _settle(self, group: list[_Job[Any]]) -> bool:
        """Commit jobs together, or know why they are lost; False: not together, and nothing was written."""
        try:
            return self._run(group)
        except SQLAlchemyError as error:
            for job in group:
                job.error = self._translated(error)
            return True

    def _run(self, group: list[_Job[Any]]) -> bool:
        """Jobs only read and write through their connection, so they can be run again."""
        return again_when_chosen(lambda: self._writer.use(lambda connection: self._commit(group, connection)))

    def _commit(self, group: list[_Job[Any]], connection: Connection) -> bool:
        """All jobs in one commit; False if one has failed that is not alone.

        Where the whole transaction is lost, it is taken back with the connection.
        """
        self._calling = False
        direct.begin(connection)
        done = all(_works(job, connection) for job in group)
        if done and self._calling:
            direct.changes(connection, self._others.call)
        direct.end(connection, done)
        for job in group if done or len(group) == 1 else ():
            job.done = True
        return done or len(group) == 1

    def _tell(self) -> None:
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def _translated(self, error: SQLAlchemyError) -> ReconcileError:
        cause = " ".join(str(error.orig).split()) if isinstance(error, DBAPIError) else type(error).__name__
        if "not a database" in cause or "malformed" in cause:
            return Stalled("StoreBroken", f"{self.name} is damaged or not a database of Headgate ({cause}).")
        if _MISTAKES.search(cause):
            return Stalled(BAD_ADDRESS, f"The address of the database {self.name} has a mistake ({cause}).")
        if _READS_ONLY.search(cause):  # the driver's words are the same for both
            either = "it is a standby, or `default_transaction_read_only` is on"
            return self._failure(f"cannot be used now: nothing can be written to its server: {either}")
        return self._failure(f"cannot be used now ({cause})")

    def _failure(self, what: str) -> Waiting:
        return Waiting("StoreUnavailable", f"The database {self.name} {what}.", timedelta(seconds=2))


def _works(job: _Job[Any], connection: Connection) -> bool:
    """Whether a job ends well. Raises OperationalError where the transaction is lost with it."""
    job.error = None
    with job:
        job.result = job.work(connection)
    if isinstance(job.error, OperationalError):
        raise job.error
    return job.error is None


def again_when_chosen(work: Callable[[], Result]) -> Result:
    """What `work` returns, which may run more than once: PostgreSQL ends deadlocks by choosing who starts over."""
    for left in reversed(range(DEADLOCKS)):
        try:
            return work()
        except OperationalError as error:
            if not left or getattr(error.orig, "sqlstate", "") not in _RUN_AGAIN:
                raise
    raise AssertionError("The last try returns or raises.")


def _free_pages(connection: Connection) -> None:
    """The cursor is read to its end though it has no rows: each step of it frees a page."""
    connection.connection.cursor().execute(f"PRAGMA incremental_vacuum({FREED})").fetchall()

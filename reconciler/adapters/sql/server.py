"""Connections to PostgreSQL: they wait for an answer only so long, and are sent several statements at once.

What the server limits helps nobody where the way to it has gone silent, or its process for us is stopped: neither is
told to the kernel, so no time-out of the network ends the wait.

The driver's cursors take a tenth of a millisecond of our processor time for each statement, longer than the server
does. `answers` uses what is beneath them: libpq, and the conversion of values.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection as Connected

LONGEST = 35.0  # s: a little longer than the server lets a statement take (engines.py)
Statement = tuple[str, Sequence[Any]]  # its parameters are $1, $2 … in order


class Answer:
    """What came of a statement, as cursors tell it."""

    def __init__(self, adapt: abc.Transformer, result: PGresult) -> None:
        self._adapt = adapt
        self._result = result
        self.rowcount = result.command_tuples or 0

    @property
    def description(self) -> Sequence[tuple[str]]:
        """The names of the columns that it found."""
        return [((self._result.fname(place) or b"").decode(),) for place in range(self._result.nfields)]

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        """What it found."""
        self._adapt.set_pgresult(self._result)
        return self._adapt.load_rows(0, self._result.ntuples, tuple)


class Connection(psycopg.Connection[Any]):
    """One that is given up after a silence; whoever waits is told as of a connection that was lost."""

    patience: float | None = LONGEST
    alone = False  # whether `answers` are to begin no transaction: each statement is one

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._prepared_here: dict[str, bytes] = {}  # names of statements that the server has read, by their text
        self._numbers = count()

    def wait(self, gen: abc.PQGen[abc.RV], interval: float = 0.1, timeout: float | None = None) -> abc.RV:
        """Until the server has answered. Raises OperationalError."""
        limit, begun = self.patience if timeout is None else None, time.monotonic()
        try:
            return super().wait(gen, interval, limit if timeout is None else timeout)
        except psycopg.OperationalError:
            if limit is None or time.monotonic() - begun < limit:
                raise
        self.pgconn.finish()
        raise psycopg.OperationalError(f"the server has not answered for {limit:.0f} s")

    def answers(self, statements: Sequence[Statement]) -> list[Answer]:
        """What comes of each, in a transaction, which begins with them where none has begun.

        Raises the driver's error of the first that fails; none after it is run. The connection is closed if its server
        was left in the middle.
        """
        adapt, known, complete = Transformer(self), len(self._prepared_here), False
        self.pgconn.enter_pipeline_mode()
        try:
            results = self.wait(self._exchanged(adapt, statements))
            self.pgconn.exit_pipeline_mode()
            complete = True
        finally:
            if not complete:
                self.pgconn.finish()  # nobody knows which answers are still to come
        failed = next((one for one in results if one.status == ExecStatus.FATAL_ERROR), None)
        if failed is not None:
            for text in list(self._prepared_here)[known:]:  # the server may not have come so far
                del self._prepared_here[text]
            raise error_from_result(failed)
        return [Answer(adapt, one) for one in results[-len(statements) :]]

    def _exchanged(self, adapt: abc.Transformer, statements: Sequence[Statement]) -> abc.PQGen[list[PGresult]]:
        """Their results, after those of what had to be said before."""
        pgconn, prepared, said = self.pgconn, self._prepared_here, 0
        if not (self.autocommit or self.alone) and pgconn.transaction_status == TransactionStatus.IDLE:
            pgconn.send_query_params(b"BEGIN", None)
            said += 1
        for text, _ in statements:
            if text not in prepared:
                prepared[text] = b"headgate_%d" % next(self._numbers)
                pgconn.send_prepare(prepared[text], text.encode())
                said += 1
        for text, values in statements:
            pgconn.send_query_prepared(prepared[text], adapt.dump_sequence(values, [PyFormat.TEXT] * len(values)))
        pgconn.pipeline_sync()
        yield from send(pgconn)
        found: list[PGresult] = []
        for _ in range(said + len(statements)):
            found += yield from fetch_many(pgconn)
        yield from fetch_many(pgconn)  # that of the synchronization
        return found


@contextmanager
def unhurried(connected: Connected) -> Iterator[None]:
    """Statements that may take long, as those that move much data."""
    driver: Any = connected.connection.driver_connection
    driver.patience = None
    try:
        yield
    finally:
        driver.patience = LONGEST

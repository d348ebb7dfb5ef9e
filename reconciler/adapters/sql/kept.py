"""Connections that were used just now are used again at once: the pool's care costs more than a small statement."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine

Result = TypeVar("Result")

FRESH = 0.5  # s after which a connection goes back to the pool, which asks whether it still lives


class Kept:
    """The connections of an engine. Safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rested: list[tuple[Connection, float]] = []  # with the time of their last use

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """A connection of one's own. After an error it goes back to the pool."""
        connection, failed = self._taken(), True
        try:
            yield connection
            failed = False
        finally:
            self._give_back(connection, failed)

    def use(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` does with such a connection: for what is so small that a context costs as much."""
        connection, failed = self._taken(), True
        try:
            result = work(connection)
            failed = False
            return result
        finally:
            self._give_back(connection, failed)

    def close(self) -> None:
        """Close every connection that nobody has."""
        while self._rested:
            self._rested.pop()[0].close()
        self._engine.dispose()

    def _give_back(self, connection: Connection, failed: bool) -> None:
        if not failed and connection.in_transaction():
            connection.rollback()
        if failed or connection.invalidated:
            connection.close()
        else:
            self._rested.append((connection, time.monotonic()))

    def _taken(self) -> Connection:
        while self._rested:
            try:
                connection, used_at = self._rested.pop()
            except IndexError:  # another thread was faster
                break
            if time.monotonic() - used_at < FRESH:
                return connection
            known = connection.info
            connection.close()
            known["used_at"] = used_at  # the pool takes what comes back to have been used until now
        return self._engine.connect()

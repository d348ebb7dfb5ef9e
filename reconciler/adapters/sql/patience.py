"""Connections to PostgreSQL that wait for an answer only so long.

What the server limits helps nobody where the way to it has gone silent, or its process for us is stopped: neither is
told to the kernel, so no time-out of the network ends the wait.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import Connection as Connected

LONGEST = 35.0  # s: a little longer than the server lets a statement take (engines.py)


class Connection(psycopg.Connection[Any]):
    """One that is given up after a silence; whoever waits is told as of a connection that was lost."""

    patience: float | None = LONGEST

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Until the server has answered. Raises OperationalError."""
        limit, begun = self.patience if timeout is None else None, time.monotonic()
        try:
            return super().wait(gen, interval, limit if timeout is None else timeout)
        except psycopg.OperationalError:
            if limit is None or time.monotonic() - begun < limit:
                raise
        self.pgconn.finish()
        raise psycopg.OperationalError(f"the server has not answered for {limit:.0f} s")


@contextmanager
def unhurried(connected: Connected) -> Iterator[None]:
    """Statements that may take long, as those that move much data."""
    driver: Any = connected.connection.driver_connection
    driver.patience = None
    try:
        yield
    finally:
        driver.patience = LONGEST

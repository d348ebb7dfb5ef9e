"""Limits of queues, looked at in the transaction that begins something: two runs may have seen the same free place."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from reconciler.adapters.sql import direct
from reconciler.adapters.sql.questions import QUEUE_LOAD
from reconciler.errors import Conflict


def check_limits(connection: Connection, limits: Iterable[tuple[str, int]]) -> None:
    """To be called when attempts were written. Raises Conflict if a queue holds more live ones than it may."""
    for queue, most in limits:
        if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
            connection.execute(_ONE_AT_A_TIME, {"queue": queue})
        if direct.rows(connection, QUEUE_LOAD, {"_queue": queue})[0]["load"] > most:
            raise Conflict(f"The queue {queue} has been filled since it was looked at.")


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' queue ' || :queue))")

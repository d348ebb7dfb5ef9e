"""What goes over the wire to PostgreSQL, as libpq itself tells it: independent of how statements are sent."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

_WRITES = ("INSERT", "UPDATE", "DELETE")


class Wire:
    """Connections that are traced from `begin` to `ended`, those that are made meanwhile too."""

    def __init__(self) -> None:
        self._open: list[Any] = []
        self._files: list[IO[bytes]] = []
        self._traces = False

    def note(self, connection: Any, *_: object) -> None:
        """A connection was made."""
        self._open.append(connection)
        if self._traces:
            self._trace(connection)

    def begin(self) -> None:
        """What goes over the wire counts from now on."""
        self._traces = True
        for connection in self._open:
            self._trace(connection)

    def ended(self) -> Counter[str]:
        """Statements, answers that were waited for, commits, and rows written, until now."""
        self._traces, counts = False, Counter[str]()
        for connection in self._open:
            connection.pgconn.untrace()  # what is not yet in its file is written there
        for file in self._files:
            file.seek(0)
            for line in file:
                counts.update(_told(line.decode("utf-8", "replace").rstrip("\n").split("\t")))
        return counts

    def _trace(self, connection: Any) -> None:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - it is read at the end
        self._files.append(file)
        connection.pgconn.trace(os.dup(file.fileno()))


@contextmanager
def on_the_wire() -> Iterator[Wire]:
    """Counts for all connections that are made while it is open."""
    wire = Wire()
    note: Callable[..., None] = wire.note
    event.listen(Pool, "connect", note)
    try:
        yield wire
    finally:
        event.remove(Pool, "connect", note)


def _told(message: list[str]) -> Counter[str]:
    """What one message says: its time, whose it is, its length, its kind, the rest (libpq, PQtrace)."""
    match message:
        case [_, "F", _, "Query" | "Execute", *_]:
            return Counter(statements=1)
        case [_, "B", _, "ReadyForQuery", *_]:
            return Counter(answers=1)
        case [_, "B", _, "CommandComplete", said]:
            words = said.strip(' "').split()
            return Counter(written=int(words[-1])) if words[0] in _WRITES else Counter(commits=words[0] == "COMMIT")
    return Counter()

"""Stores for tests, real and made quickly: their tables are made once for each process.

A store of a test's own is in a copy of an empty file. Tests that play many worlds one after the other have one that is
emptied.
"""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reconciler.adapters.sql_store import SqlStore, open_store
from reconciler.ports import Clock


def store_at(path: Path, clock: Clock) -> SqlStore:
    """A store without a row, or what is in the file already."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_bytes(_empty())
    return open_store(path, clock)


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "headgate.db"
        open_store(path, _Never()).close()
        return path.read_bytes()


@dataclass
class _GivenClock:
    """The clock of the world that has the store now."""

    clock: Clock

    def now(self) -> float:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()


@dataclass(frozen=True)
class Emptied:
    """A store and where it is."""

    folder: tempfile.TemporaryDirectory[str]  # goes with the process
    path: Path
    looking: sqlite3.Connection  # for tests: past the store
    clock: _GivenClock
    store: SqlStore


def emptied_store(clock: Clock) -> Emptied:
    """The one store of this process without a row: whoever had it before must be done with it."""
    opened = _opened()
    opened.clock.clock = clock
    with opened.looking as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if name not in ("alembic_version", "counters", "schema_version", "schemas"):
                database.execute(f"DELETE FROM {name}")
        database.execute("UPDATE counters SET value = 0")
    return opened


@cache
def _opened() -> Emptied:
    folder = tempfile.TemporaryDirectory()
    clock, path = _GivenClock(_Never()), Path(folder.name) / "headgate.db"
    store = open_store(path, clock)
    return Emptied(folder, path, sqlite3.connect(path), clock, store)


class _Never:
    """No world has begun yet."""

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0

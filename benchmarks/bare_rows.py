"""The rows that recorded steps write, written by the plain driver: what a durable write of them costs at the least."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.dialects import postgresql, sqlite

from benchmarks.recorded_runs import NOW, Recording
from reconciler.adapters.sql import rows
from reconciler.adapters.sql.writing import NEVER, statements_of
from reconciler.keys import PRIORITY, RunKey, text_of
from reconciler.records import Changes

Rows = tuple[str, list[dict[str, Any]]]  # a statement, and the rows it is run with
_DIALECTS: dict[str, Any] = {"sqlite": sqlite.dialect(paramstyle="named"), "postgresql": postgresql.psycopg.dialect()}


def bare_commits(recording: Recording, dialect: str) -> list[list[Rows]]:
    """The rows of each transaction of a recording: reports, leases, steps."""
    statements = _Texts(dialect)
    return [one for run, sessions in recording.sessions.items() for one in _of_run(statements, RunKey(run), sessions)]


def _of_run(statements: _Texts, key: RunKey, sessions: Sequence[Any]) -> Iterator[list[Rows]]:
    version = 0
    for session in sessions:
        if session.reported:
            seen = [rows.observation_values(one) for one in session.reported]
            yield [statements.append("observations", seen), statements.wake(key)]
        yield [statements.put("counters", [{"name": "token", "value": 1}]), statements.wake(key)]
        for call in session.calls:
            if call.method == "commit":
                version += 1
                yield [
                    *statements.changes(call.words[0], version),
                    *([] if call.named["keep"] else [statements.wake(key)]),
                ]


class _Texts:
    """The product's own insert of each table as text for a driver."""

    def __init__(self, dialect: str) -> None:
        self._made = statements_of(dialect)
        self._dialect = _DIALECTS[dialect]

    def put(self, table: str, values: list[dict[str, Any]]) -> Rows:
        return self._text(self._made.put[table], values)

    def append(self, table: str, values: list[dict[str, Any]]) -> Rows:
        return self._text(self._made.append[table], values)

    def wake(self, key: RunKey) -> Rows:
        """The queue's row of a key."""
        due = {"priority": PRIORITY[RunKey], "due_at": NEVER, "ready_at": NOW, "generation": 1, "token": 1}
        free = {"owner": "bench", "lease_until": NOW, "attempts": 0, "reason": "", "message": "", "parked": False}
        return self.put("wakes", [{"key": text_of(key), **due, **free}])

    def changes(self, changes: Changes, version: int) -> list[Rows]:
        """What a step wrote: rows that it removed are left out, runs are put."""
        without = replace(changes, folded=(), runs=(), wakes=(), new_runs=())
        found = [self._text(*batch) for batch in self._made.changes(without, 1, NOW)]
        found += [self._text(*batch) for batch in self._made.wakes(changes.wakes, NOW)]
        runs = [{**rows.run_values(row), "version": version} for row in changes.runs]
        return [*found, *([self.put("runs", runs)] if runs else [])]

    def _text(self, statement: Any, values: list[dict[str, Any]]) -> Rows:
        """Only the columns that are given: the driver takes no others."""
        made = statement.compile(dialect=self._dialect, column_keys=sorted(values[0]))
        return str(made), [made.construct_params(row) for row in values]


class BareFile:
    """A SQLite file, opened as the product opens it."""

    def __init__(self, address: str) -> None:
        self._connection = sqlite3.connect(address, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")

    def write(self, commits: Sequence[Sequence[Rows]]) -> None:
        with closing(self._connection) as connection:
            for commit in commits:
                connection.execute("BEGIN IMMEDIATE")
                for statement, values in commit:
                    connection.executemany(statement, values)
                connection.execute("COMMIT")


class BareServer:
    """A PostgreSQL server through psycopg."""

    def __init__(self, address: str) -> None:
        import psycopg  # the driver is there where PostgreSQL is used

        url = make_url(address).set(drivername="postgresql")
        self._connection = psycopg.connect(url.render_as_string(hide_password=False))

    def write(self, commits: Sequence[Sequence[Rows]]) -> None:
        with closing(self._connection) as connection:
            for commit in commits:
                with connection.transaction(), connection.cursor() as cursor:
                    for statement, values in commit:
                        if len(values) == 1:
                            cursor.execute(statement, values[0])  # type: ignore[arg-type]
                        else:
                            cursor.executemany(statement, values)  # type: ignore[arg-type]


BARE = {"sqlite": BareFile, "postgresql": BareServer}

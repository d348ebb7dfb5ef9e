"""A few histories on PostgreSQL: the laws hold there as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.compiler import compiles

from reconciler.adapters.sql import direct, moment, queue, writing
from reconciler.adapters.sql_store import SqlStore, open_store
from tests.histories import playing
from tests.histories.world import HistoryWorld
from tests.reconciler.adapters.sql_world import new_database

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]


class Looking:
    """Past the store, in the words that SQLite takes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        with self._engine.connect() as connection:
            found = connection.exec_driver_sql(statement.replace("?", "%s"), tuple(values))
            return Rows([tuple(row) for row in found])


class Rows:
    """What was found."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows


class PostgresWorld(HistoryWorld):
    """A history's world on a schema of its own, by the world's clock: the server's would run on alone."""

    directory: Path
    opened: ClassVar[list[tuple[SqlStore, Engine]]] = []

    def new_store(self) -> SqlStore:
        address = new_database("postgresql", self.directory)
        store, engine = open_store(address, self.clock), create_engine(address)
        store._database.now = lambda connection, clock: clock.now()  # type: ignore[method-assign]
        at_once = store._database.at_once
        store._database.at_once = lambda statement, values: at_once(  # type: ignore[method-assign]
            statement, {**values, "_now": self.clock.now()}
        )
        self.looking = Looking(engine)  # type: ignore[assignment]
        self.opened.append((store, engine))
        return store

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        names = sorted({name for (name,) in self.looking.execute(tables).fetchall()} - {"wakes", "counters"})
        assert "runs" in names
        return {name: self.looking.execute(f"SELECT * FROM {name} ORDER BY {name}::text").fetchall() for name in names}


def _given(now: Any, compiler: Any, **words: Any) -> str:
    """A server has to be told that what it is given is a number."""
    return f"CAST({moment._given(now, compiler, **words)} AS double precision)"


@pytest.fixture
def play_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], playing.Played]]:
    """Plays the history of a seed on PostgreSQL, whose statements are given the world's time as those of a file are."""
    monkeypatch.setattr(PostgresWorld, "directory", tmp_path, raising=False)
    monkeypatch.setattr(direct, "_MADE", {})
    compiles(moment._Now, "postgresql")(_given)
    compiles(moment._Kept, "postgresql")(moment._as_it_is)
    for module in (queue, writing):
        monkeypatch.setattr(module, "until", lambda at, now, dialect: at)
    yield lambda seed: playing.play(seed, family=replace(playing.CORE, world=PostgresWorld))
    compiles(moment._Now, "postgresql")(moment._known)
    compiles(moment._Kept, "postgresql")(moment._from_now)
    while PostgresWorld.opened:
        store, engine = PostgresWorld.opened.pop()
        store.close()
        engine.dispose()


@pytest.mark.parametrize("seed", range(5))
def test_every_law_holds_of_a_history_on_postgresql(seed: int, play_there: Callable[[int], playing.Played]) -> None:
    """Ties are broken in another order than on a file, so that it is another history of the same moves."""
    played = play_there(seed)

    assert PostgresWorld.opened
    assert not played.broken
    assert played.steps

"""A story goes another way in a process of its own, and here on as if there had been none."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.histories.forks import Died, Forks, Way


def test_what_came_before_is_there_and_what_is_written_elsewhere_is_not_here(tmp_path: Path) -> None:
    forks = Forks[list[str]]()

    def tell() -> list[str]:
        with sqlite3.connect(tmp_path / "it.db", isolation_level=None) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE words (word TEXT)")
            for word in ("one", "two", "three"):
                forks.of(tmp_path / "it.db")
                said = f"{word} elsewhere" if forks.place is None and forks.fork(word) else word
                database.execute("INSERT INTO words VALUES (?)", [said])
            return [row for (row,) in database.execute("SELECT word FROM words ORDER BY rowid")]

    assert forks.told(tell) == ["one", "two", "three"]
    assert forks.ways == [
        Way("one", ["one elsewhere", "two", "three"]),
        Way("two", ["one", "two elsewhere", "three"]),
        Way("three", ["one", "two", "three elsewhere"]),
    ]


def test_an_error_elsewhere_is_told_with_its_place() -> None:
    forks = Forks[str]()

    def tell() -> str:
        if forks.fork("the second call"):
            raise LookupError("nobody is there")
        return "told"

    with pytest.raises(Died, match=r"(?s)the second call: .*LookupError: nobody is there"):
        forks.told(tell)

"""A story told once, from which at each place a process goes another way: what came before is not told for each again.

Needs processes that begin as copies (`os.fork`). Only one of them uses the database at a time, which is put back as it
was when the other has ended.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

Told = TypeVar("Told")

_PARTS = ("", "-wal", "-shm")  # of a database of SQLite


class Died(Exception):
    """A process that went another way did not come to its end; why."""


@dataclass(frozen=True, slots=True)
class Way(Generic[Told]):
    """Another way: where it began, and what came of it."""

    place: str
    told: Told


class Forks(Generic[Told]):
    """Where a story went another way."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.ways: list[Way[Told]] = []
        self.place: str | None = None  # of a process that goes another way: where that began
        self._pipe = -1  # by which it tells what came of it

    def of(self, database: Path) -> Self:
        """The world that is told of has this database."""
        self.files = [Path(f"{database}{part}") for part in _PARTS]
        return self

    def fork(self, place: str) -> bool:
        """True where it goes another way; False here, when that has come to its end. Raises Died."""
        kept = [file.read_bytes() for file in self.files]
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            gc.disable()  # its memory is that of the other one until it is written to
            self.place, self._pipe = place, writing
            return True
        os.close(writing)
        self.ways.append(Way(place, self._heard(child, reading, place)))
        for file, content in zip(self.files, kept, strict=True):
            _put_back(file, content)
        return False

    def told(self, tell: Callable[[], Told]) -> Told:
        """What came of the story here. A process that goes another way ends when it has told its own."""
        try:
            told = tell()
        except BaseException:
            if self.place is None:
                raise
            self._end((None, traceback.format_exc()))
        if self.place is not None:
            self._end((told, ""))
        return told

    def _heard(self, child: int, reading: int, place: str) -> Told:
        try:
            with os.fdopen(reading, "rb") as pipe:
                said = pipe.read()
        except BaseException:  # this test has run out of time
            os.kill(child, signal.SIGKILL)
            raise
        finally:
            os.waitpid(child, 0)
        told, failure = pickle.loads(said) if said else (None, "It ended without a word.")
        if failure:
            raise Died(f"{place}: {failure}")
        return told  # type: ignore[no-any-return]

    def _end(self, said: tuple[Any, str]) -> None:
        try:
            with os.fdopen(self._pipe, "wb") as pipe:
                pipe.write(pickle.dumps(said))
        finally:
            os._exit(0)


def _put_back(file: Path, content: bytes) -> None:
    """Its inode stays, as it is open and in memory; so does a longer index of the log."""
    with file.open("r+b") as opened:
        opened.write(content)
        if not file.name.endswith("-shm"):
            opened.truncate()

"""Logs by line: windows of lines of an attempt's log, found through a sparse index that grows with the log."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

LINES = 2_000  # of a window; browsers search and scroll that many plain lines without delay
_BLOCK = 1 << 20
_KEPT = 64  # logs whose index is kept


class Window(Protocol):
    """Some bytes of a log. `start` is the offset of `data`, `first` that of the oldest byte kept, `size` the end."""

    @property
    def data(self) -> bytes: ...

    @property
    def start(self) -> int: ...

    @property
    def first(self) -> int: ...

    @property
    def size(self) -> int: ...


class LogReader(Protocol):
    """What attempts have printed, by offset; offsets count from the first byte that an attempt ever wrote."""

    def tail(self, attempt: str, lines: int) -> str: ...

    def read(self, attempt: str, offset: int, limit: int) -> Window: ...


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines `first` to `first + len(lines) - 1` of `total`; lines count from 1 at the oldest one kept."""

    lines: tuple[str, ...]
    first: int
    total: int
    rotated: bool  # older lines are gone


@dataclass(slots=True)
class _Index:
    """Offsets of lines 1, LINES + 1, 2 * LINES + 1 …, as far as the log was read."""

    first: int
    marks: list[int] = field(default_factory=list)
    read: int = 0  # offset up to which newlines were counted
    newlines: int = 0
    partial: bool = False  # text stands after the last newline


class LogLines:
    """Reads logs by line. Safe to use from several threads."""

    def __init__(self, logs: LogReader) -> None:
        self._logs = logs
        self._known: OrderedDict[str, _Index] = OrderedDict()
        self._lock = Lock()

    def page(self, attempt: str, wanted: int | None = None) -> LogPage:
        """The window that holds line `wanted`; None means the last one. Empty where there is no log."""
        with self._lock:
            index = self._index(attempt)
            total = index.newlines + index.partial
            line = min(max(total if wanted is None else wanted, 1), max(total, 1))
            window = (line - 1) // LINES
            start = index.marks[min(window, len(index.marks) - 1)] if index.marks else index.first
            end = index.read
        text = b"".join(self._blocks(attempt, start, end))
        lines = text.decode("utf-8", "replace").split("\n")[:LINES]
        number = window * LINES + 1
        return LogPage(tuple(lines[: max(0, total - number + 1)]), number, total, index.first > 0)

    def whole(self, attempt: str) -> Iterator[bytes]:
        """The log byte for byte, in blocks."""
        window = self._logs.read(attempt, 0, _BLOCK)
        end = window.size  # what is written later belongs to the next download
        while window.data:
            yield window.data
            at = window.start + len(window.data)
            if at >= end:
                return
            window = self._logs.read(attempt, at, min(_BLOCK, end - at))

    def _blocks(self, attempt: str, start: int, end: int) -> Iterator[bytes]:
        newlines = 0
        while start < end and newlines < LINES:
            window = self._logs.read(attempt, start, min(_BLOCK, end - start))
            if not window.data:
                return
            newlines += window.data.count(b"\n")
            start = window.start + len(window.data)
            yield window.data

    def _index(self, attempt: str) -> _Index:
        window = self._logs.read(attempt, self._resume_at(attempt), _BLOCK)
        index = self._known.get(attempt)
        if index is None or index.first != window.first or window.start != index.read:
            window = self._logs.read(attempt, window.first, _BLOCK)
            index = self._known[attempt] = _Index(window.first, [window.first], window.first)
        while window.data:
            _count(index, window.data)
            window = self._logs.read(attempt, index.read, _BLOCK)
        self._known.move_to_end(attempt)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return index

    def _resume_at(self, attempt: str) -> int:
        known = self._known.get(attempt)
        return known.read if known else 0


def _count(index: _Index, data: bytes) -> None:
    at, number = -1, data.count(b"\n")
    to_mark = LINES - index.newlines % LINES
    passed = 0
    while passed + to_mark <= number:
        for _ in range(to_mark):
            at = data.find(b"\n", at + 1)
        index.marks.append(index.read + at + 1)
        passed, to_mark = passed + to_mark, LINES
    index.newlines += number
    index.read += len(data)
    index.partial = not data.endswith(b"\n")

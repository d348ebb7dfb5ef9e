"""Logs of attempts that ran as local processes: rotation by size, and reading windows of them byte for byte.

Offsets count from the first byte that the attempt ever wrote. What was rotated away stays counted (`log.base`), so
that an offset means the same bytes for as long as they are kept.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.adapters.process_records import Folder, folder_of

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class LogLimits:
    """How much of a log is kept: `parts` files of about `size` bytes, the one that is written not counted."""

    size: int = 64 << 20
    parts: int = 3


@dataclass(frozen=True, slots=True)
class LogWindow:
    """Some bytes of a log. `start` and `end` are offsets, `first` that of the oldest byte kept, `size` the end."""

    data: bytes
    start: int
    first: int
    size: int

    @property
    def end(self) -> int:
        """Where the next window starts."""
        return self.start + len(self.data)


@dataclass(frozen=True, slots=True)
class _Part:
    path: str
    start: int
    size: int


def read_log(data_dir: str, attempt: str, offset: int = 0, limit: int = 1 << 20) -> LogWindow:
    """At most `limit` bytes from `offset` on; a negative offset counts from the end. Empty where there is no log.

    Raises BadAttemptId.
    """
    parts = _parts(folder_of(data_dir, attempt))
    first, size = parts[0].start, parts[-1].start + parts[-1].size
    start = min(max(size + offset if offset < 0 else offset, first), size)
    return LogWindow(b"".join(_bytes(parts, start, limit)), start, first, size)


def tail_log(data_dir: str, attempt: str, lines: int, limit: int = 1 << 20) -> LogWindow:
    """The last lines, at most `limit` bytes of them. Raises BadAttemptId."""
    window = read_log(data_dir, attempt, -limit, limit)
    at = len(window.data)
    at -= window.data.endswith(b"\n")
    for _ in range(lines):
        at = window.data.rfind(b"\n", 0, at)
        if at < 0:
            return window
    return LogWindow(window.data[at + 1 :], window.start + at + 1, window.first, window.size)


def _parts(folder: Folder) -> list[_Part]:
    start = _base(folder)
    parts = []
    for path in [*_rotated(folder), folder.log]:
        size = _size(path)
        parts.append(_Part(path, start, size))
        start += size
    return parts


def _bytes(parts: list[_Part], start: int, limit: int) -> Iterator[bytes]:
    for part in parts:
        skip = start - part.start
        if limit <= 0 or skip >= part.size or skip < 0:
            continue
        with open(part.path, "rb") as file:
            file.seek(skip)
            data = file.read(min(limit, part.size - skip))
        yield data
        start += len(data)
        limit -= len(data)


def rotate(folder: Folder, limits: LogLimits) -> None:
    """Move what was written into `log.1` once it is large, and forget the oldest part.

    The op keeps its file (it appends to it), so that is copied and cut; what is written between the end of the copy
    and the cut, some microseconds, is lost to the log.
    """
    if _size(folder.log) < limits.size:
        return
    for path in _rotated(folder)[: -(limits.parts - 1) or None]:
        _forget(folder, path)
    for number in range(limits.parts - 1, 0, -1):
        if os.path.exists(f"{folder.log}.{number}"):
            os.rename(f"{folder.log}.{number}", f"{folder.log}.{number + 1}")
    _copy_and_cut(folder.log, f"{folder.log}.1")


def _copy_and_cut(source: str, target: str) -> None:
    with open(source, "rb") as old, open(target, "wb", buffering=0) as new:
        shutil.copyfileobj(old, new, _BLOCK)
        while data := old.read(_BLOCK):
            new.write(data)
        os.truncate(source, 0)


def _forget(folder: Folder, path: str) -> None:
    base = _base(folder) + _size(path)
    temporary = f"{folder.log}.base.new"
    with open(temporary, "w") as file:
        file.write(f"{base}\n")
    os.rename(temporary, f"{folder.log}.base")
    os.unlink(path)


def _rotated(folder: Folder) -> list[str]:
    numbers: list[int] = []
    while os.path.exists(f"{folder.log}.{len(numbers) + 1}"):
        numbers.append(len(numbers) + 1)
    return [f"{folder.log}.{number}" for number in reversed(numbers)]


def _base(folder: Folder) -> int:
    try:
        with open(f"{folder.log}.base") as file:
            return int(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0

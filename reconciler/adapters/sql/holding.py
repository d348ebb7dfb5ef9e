"""Who writes to a SQLite file now, and lets nobody else: found without opening it as a database."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path

_LOCK = "hhqqi"  # struct flock of 64-bit Linux: type, whence, start, length, process
_WRITER = 120  # the byte of the shared memory that whoever writes has locked (sqlite.org/walformat.html)
_LOOK = 0.05  # s between two looks


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has held it all the time."""

    process: int  # 0: one that this one cannot see
    program: str


def holder_of(file: Path, seconds: float) -> Holder | None:
    """Who writes to the file and goes on with it for so long; None, and at once, where nobody does.

    To be asked before this process reads the file: closing what is looked at here would end the locks of that.
    """
    try:
        memory = os.open(file.with_name(f"{file.name}-shm"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # nobody has opened it, or it is not ours to look at
    try:
        first = _writer(memory)
        until = time.monotonic() + seconds
        while first is not None and time.monotonic() < until:
            time.sleep(_LOOK)
            if _writer(memory) != first:
                return None
    finally:
        os.close(memory)
    return None if first is None else Holder(first, _program(first))


def _writer(memory: int) -> int | None:
    """The process that has the lock (F_GETLK of fcntl(2)), 0 if it is of another namespace; None if none has."""
    asked = struct.pack(_LOCK, fcntl.F_WRLCK, os.SEEK_SET, _WRITER, 1, 0)
    kind, _, _, _, process = struct.unpack(_LOCK, fcntl.fcntl(memory, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else max(0, process)


def _program(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return ""

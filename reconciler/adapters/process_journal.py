"""Which attempts were started and not yet reported as ended, with their specs: what to look at after a restart.

One file of lines, `+id spec` and `-id`, each written whole by one append: files per attempt would cost far more.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence

COMPACT_AT = 16 << 20  # bytes


class Journal:
    """The file at `path`; made where there is none. Lines that were cut short by a full disk do not count."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._open: dict[str, bytes] = _read(path)
        self._fd = -1
        self._rewrite()

    def open_attempts(self) -> dict[str, bytes]:
        """Attempts that were started and whose end was not stored, oldest first, with what was noted of them."""
        with self._lock:
            return dict(self._open)

    def began(self, attempt: str, note: bytes) -> None:
        """To be called before the attempt is claimed; `note` is one line. Raises OSError."""
        line = _line(attempt, note)
        with self._lock:
            self._open[attempt] = note
            if os.write(self._fd, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def ended(self, attempts: Sequence[str]) -> None:
        """Their ends are stored: nobody needs to look again. Raises OSError."""
        with self._lock:
            known = [attempt for attempt in dict.fromkeys(attempts) if attempt in self._open]
            for attempt in known:
                del self._open[attempt]
            if known:
                os.write(self._fd, "".join(f"-{attempt}\n" for attempt in known).encode())
            if os.fstat(self._fd).st_size > COMPACT_AT:
                self._rewrite()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def _rewrite(self) -> None:
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(f"{self._path}.new", flags, 0o600)
        with open(fd, "wb", closefd=False) as file:
            file.writelines(_line(attempt, note) for attempt, note in self._open.items())
        os.rename(f"{self._path}.new", self._path)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd


def _line(attempt: str, note: bytes) -> bytes:
    return b"\n+%s %s\n" % (attempt.encode(), note)  # on a line of its own even after one that was cut short


def _read(path: str) -> dict[str, bytes]:
    attempts: dict[str, bytes] = {}
    try:
        with open(path, "rb") as file:
            for line in file:
                attempt, _, note = line[1:].rstrip(b"\n").partition(b" ")
                if line.startswith(b"+") and line.endswith(b"}\n"):
                    attempts[attempt.decode()] = note
                elif line.startswith(b"-"):
                    attempts.pop(attempt.decode(), None)
    except FileNotFoundError:
        return {}
    return attempts

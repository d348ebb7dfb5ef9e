"""Which attempts were started and not yet reported as ended: what to look at after a restart. Knows only their ids.

One file of lines, `+id` and `-id`, each written whole by one append: a file per attempt would cost five times as much.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

COMPACT_AT = 4 << 20  # bytes


class Journal:
    """The file at `path`; made where there is none. Lines that were cut short by a full disk do not count."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._open: dict[str, None] = dict.fromkeys(_read(path))
        self._fd = -1
        self._rewrite()

    def open_attempts(self) -> list[str]:
        """Attempts that were started and whose end was not stored, oldest first."""
        with self._lock:
            return list(self._open)

    def began(self, attempt: str) -> None:
        """To be called before the attempt is claimed. Raises OSError."""
        with self._lock:
            self._open[attempt] = None
            os.write(self._fd, f"+{attempt}\n".encode())

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
        os.write(fd, "".join(f"+{attempt}\n" for attempt in self._open).encode())
        os.rename(f"{self._path}.new", self._path)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd


def _read(path: str) -> list[str]:
    attempts: dict[str, None] = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("+") and line.endswith("\n"):
                    attempts[line[1:-1]] = None
                elif line.startswith("-"):
                    attempts.pop(line[1:].rstrip("\n"), None)
    except FileNotFoundError:
        return []
    return list(attempts)

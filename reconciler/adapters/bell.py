"""A wait of one thread that another one can end, without a look at the clock in between."""

from __future__ import annotations

import os
from contextlib import suppress
from select import POLLIN, poll
from threading import Lock


class Bell:
    """Whoever waits for it waits for what can be read from some descriptors as well."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = Lock()
        self._closed = False

    def ring(self) -> None:
        """End the wait that is going on, or else the next one."""
        with self._lock:
            if not self._closed:  # its number may be that of another file since
                os.eventfd_write(self._fd, 1)

    def wait(self, seconds: float, *descriptors: int) -> bool:
        """Wait until it rings or one of the descriptors can be read, or so many seconds; whether it was not in vain."""
        waiting = poll()
        for one in (self._fd, *descriptors):
            waiting.register(one, POLLIN)
        heard = bool(waiting.poll(seconds * 1000))
        with suppress(BlockingIOError):  # it did not ring
            os.eventfd_read(self._fd)
        return heard

    def close(self) -> None:
        """Give the descriptor back; nobody may wait any more. Once more changes nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._fd)

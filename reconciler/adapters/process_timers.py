"""What is to be done later on a thread that somebody else runs."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from reconciler.ports import Clock


class Timers:
    """Acts in the order of their times; `hurry` is called when one was added that comes first."""

    def __init__(self, clock: Clock, hurry: Callable[[], None]) -> None:
        self._clock = clock
        self._hurry = hurry
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._lock = threading.Lock()

    def add(self, seconds: float, act: Callable[[], None]) -> None:
        """Have it done in so many seconds."""
        due = (self._clock.monotonic() + seconds, next(self._count), act)
        with self._lock:
            heapq.heappush(self._due, due)
            is_next = self._due[0] is due
        if is_next:
            self._hurry()

    def next_at(self) -> float | None:
        """When something is due, by the monotonic clock."""
        with self._lock:
            return self._due[0][0] if self._due else None

    def act(self) -> None:
        """Do what is due."""
        now = self._clock.monotonic()
        while True:
            with self._lock:
                if not self._due or self._due[0][0] > now:
                    return
                act = heapq.heappop(self._due)[2]
            act()

"""The line of runs that wait for a slot: who is told of one that came free, first come, first served."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from reconciler.ports import Clock

LAPSE = 2.0  # seconds that a slot is left to the run that was told of it: it may have no need of it any more


class Line:
    """Runs in the order in which they began to wait. One that was told keeps its place until it starts something."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, None] = {}
        self._told: dict[str, float] = {}  # and until when the slot is left to them, oldest first
        self._lock = threading.Lock()

    def join(self, run: str) -> None:
        """It waits, at the end of the line or where it stands already; if it was told of a slot, others took that."""
        with self._lock:
            self._waiting.setdefault(run)
            self._told.pop(run, None)

    def leave(self, run: str) -> None:
        """It has started something, or waits no more."""
        with self._lock:
            self._waiting.pop(run, None)
            self._told.pop(run, None)

    def call(self, free: int) -> Sequence[str]:
        """The next to be told that so many slots are free, less those that others were told of and have not taken."""
        with self._lock:
            self._forget_lapsed()
            found: list[str] = []
            left = free - len(self._told)
            for run in self._waiting if left > 0 else ():
                if len(found) == left:
                    break
                if run not in self._told:
                    found.append(run)
            until = self._clock.monotonic() + LAPSE
            self._told |= dict.fromkeys(found, until)
            return found

    def not_told(self, runs: Sequence[str]) -> None:
        """They could not be told after all."""
        with self._lock:
            for run in runs:
                self._told.pop(run, None)

    def _forget_lapsed(self) -> None:
        """Who did not come goes to the end: it is about to look, and then leaves or waits on."""
        now = self._clock.monotonic()
        for run in [run for run, until in self._told.items() if until <= now]:
            del self._told[run]
            del self._waiting[run]
            self._waiting[run] = None

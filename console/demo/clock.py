"""The demo's clock: it begins a day ago, so that a night can pass at once; from then on it is the real one."""

from __future__ import annotations

import time
from datetime import timedelta

DAY = timedelta(days=1).total_seconds()


class DemoClock:
    """Implements `ports.Clock`. Only the wall clock is moved: deadlines are measured as ever."""

    def __init__(self) -> None:
        self._behind = DAY

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time() - self._behind

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def jump(self) -> None:
        """Let the day pass."""
        self._behind = 0.0

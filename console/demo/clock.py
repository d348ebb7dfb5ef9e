"""The demo's clock: it begins a day ago, so that a night can pass at once; from then on it is the real one."""

from __future__ import annotations

from datetime import timedelta

from reconciler.adapters.system_clock import SystemClock

DAY = timedelta(days=1).total_seconds()


class DemoClock(SystemClock):
    """Only the clock of the wall is moved: deadlines are measured as ever."""

    def __init__(self) -> None:
        self._behind = DAY

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return super().now() - self._behind

    def jump(self) -> None:
        """Let the day pass."""
        self._behind = 0.0

"""The clock of this machine."""

from __future__ import annotations

import time


class SystemClock:
    """Implements `ports.Clock`."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some instant; never goes back, and counts what a machine sleeps as well.

        A lease, or a token of GitHub's, ends meanwhile; `time.monotonic` knows nothing of that (clock_gettime(2)).
        """
        return time.clock_gettime(time.CLOCK_BOOTTIME)

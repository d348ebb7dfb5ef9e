"""GitHub's clock: any object with `now()`; this one runs with the machine's and can be moved forward."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since 1970, as GitHub's servers have them."""

    def now(self) -> float: ...


class RunningClock:
    """Real time, plus what tests added."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self.ahead += seconds

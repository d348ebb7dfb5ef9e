"""The governor: whether a call to GitHub may be made now, by all that every replica has spent and by what GitHub said.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum
from threading import BoundedSemaphore, Lock
from typing import Protocol

from reconciler.adapters.budget import Spent, Window, seconds_until
from reconciler.adapters.github_errors import at_least, patience, until_reset
from reconciler.adapters.github_http import TIMEOUT, Answer, Call
from reconciler.adapters.github_reasons import AWAY, LIMITED
from reconciler.errors import Waiting
from reconciler.ports import Clock

POINTS, WRITES, WRITES_AN_HOUR = 900, 80, 500
AT_ONCE = 16  # calls of a process; GitHub takes 100, and there may be replicas
RESERVE = 20  # requests of the hour that are left over, as other replicas may be about to ask

_MINUTE, _HOUR = 60.0 + TIMEOUT, 3600.0 + TIMEOUT  # a call may reach GitHub so much after it was entered
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 60.0


class Rank(Enum):
    """Who goes first when the budget is short: the share of it that a call of this kind may find used up."""

    GATE = 1.0  # what people wait for: the umbrella of a proposal, an answer
    FLOW = 0.85
    OP = 0.6  # what is nice to have


class Ledger(Protocol):
    """Where all replicas enter what they spend."""

    def spend(
        self, account: str, points: int, writes: int, wait: Callable[[Sequence[Spent], float], float]
    ) -> tuple[float, str]:
        """Enter what a call costs if `wait` (of what was spent, and the time) says 0; else seconds to wait, and why."""
        ...

    def pause(self, account: str, seconds: float, reason: str) -> None:
        """Let nobody spend anything for so long."""
        ...


class Governor:
    """Lets calls through, one account (an installation of the App, or a token) beside the other. Thread-safe."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._places = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        self._failures = 0  # in a row, of the connection to GitHub as a whole
        self._away_until = 0.0  # monotonic

    @contextmanager
    def let_through(self, account: str, call: Call, rank: Rank) -> Iterator[None]:
        """Around one request of a call. Raises Waiting, with the time at which it will fit, before it is made."""
        self._check_there()
        if not self._places.acquire(timeout=1.0):
            raise Waiting("GitHubBusy", "Many calls to GitHub are under way already.", timedelta(seconds=2))
        try:
            self._enter(account, 5 if call.writes else 1, 1 if call.writes and creates(call) else 0, rank)
            try:
                yield
            except Waiting:  # no answer came
                self.failed()
                raise
        finally:
            self._places.release()

    def heard(self, account: str, answer: Answer) -> None:
        """Learn from an answer: a server that fails is left alone for a while, as is one that asks for it."""
        if answer.status >= 500:
            self.failed(bears=2)
            return
        with self._lock:
            self._failures = 0
        if answer.status in (403, 429) and (seconds := patience(answer)) is not None:
            self._ledger.pause(account, seconds, "GitHub asked for it")
        elif (left := answer.headers.get("x-ratelimit-remaining", "")).isdecimal() and int(left) < RESERVE:
            self._ledger.pause(account, until_reset(answer) or _MINUTE, "the requests of this hour are used up")

    def failed(self, bears: int = 0) -> None:
        """Nothing came back: others need not wait for their time-outs, too. A few failures in a row may be borne."""
        with self._lock:
            self._failures += 1
            if self._failures > bears:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures - bears - 1, 10))
                self._away_until = self._clock.monotonic() + pause

    def _check_there(self) -> None:
        left = self._away_until - self._clock.monotonic()
        if self._failures and left > 0:
            raise Waiting(AWAY, "GitHub could not be reached a moment ago.", at_least(left))

    def _enter(self, account: str, points: int, writes: int, rank: Rank) -> None:
        windows = (
            Window(_MINUTE, int(POINTS * rank.value), int(WRITES * rank.value)),
            Window(_HOUR, writes=int(WRITES_AN_HOUR * rank.value)),
        )
        seconds, why = self._ledger.spend(
            account, points, writes, lambda spent, now: seconds_until(spent, now, windows, points, writes)
        )
        if seconds > 0:
            reason = why or "what may be written in this time is used up"
            raise Waiting(LIMITED, f"GitHub is left alone for {seconds:.0f} s: {reason}.", at_least(seconds))


def creates(call: Call) -> bool:
    """Whether GitHub counts the call as one that makes content; a new token is none."""
    return not call.path.endswith("/access_tokens")

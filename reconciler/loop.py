"""The loop: lease a key, run its step, commit what it changed; and who goes on after an error. It knows no step.

A pool of workers holds one key each. Errors say who must act next: time (`Waiting`), a person or a commit (`Stalled`),
nobody (`Conflict`, `LeaseLost`: the step is repeated, here or elsewhere); anything else is a fault of our own.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from threading import Event, Lock, Thread
from typing import Any

from reconciler.errors import INTERNAL_ERROR, MAX_TRIES, Conflict, LeaseLost, ReconcileError, Stalled, Waiting
from reconciler.keys import Key, text_of
from reconciler.ports import Clock
from reconciler.records import Changes, Lease
from reconciler.store import Queue

log = logging.getLogger(__name__)

Step = Callable[[Any, Lease], Changes]

MOST_ROUNDS = 50  # on one lease: then other keys have their turn
MOST_CONFLICTS = 3  # repeats at once; then it is tried again a moment later
SET_BACK = 5.0  # seconds that a clock may lose, as NTP mends it, without anything that is to be made up for
IDLE = 5.0  # seconds between two looks for work if nothing tells of any
LONG = timedelta(seconds=10)  # a wait that people are told of
TOLD_AGAIN = 60.0  # seconds until the same trouble with the store is news again, if it went away meanwhile
IN_VAIN = 3  # short waits in a row of which they are told as well
SLOWEST = 300.0  # seconds between two tries of a key that fails through our own fault


class Loop:
    """Runs steps until it is stopped. `counts` are (what, of which kind or reason) → how often, since the start."""

    def __init__(
        self,
        store: Queue,
        steps: Mapping[type[Key], Step],
        clock: Clock,
        owner: str,
        workers: int = 4,
        lease_seconds: float = 30,
        places: Callable[[], Sequence[str]] | None = None,
    ) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._store = store
        self._steps = steps
        self._clock = clock
        self._owner = owner
        self._workers = workers
        self._lease_seconds = lease_seconds
        self._places = places or _everywhere  # keys of other places are left to them
        self._random = Random(owner)  # noqa: S311 - spreads retries, hides nothing
        self._held: dict[int, Lease] = {}
        self._lock = Lock()  # of counts, held leases and trouble
        self._minding = Lock()  # of the clock: one worker minds it for all
        self._ahead: float | None = None  # s by which the clock of the wall was ahead of the monotonic one
        self._trouble = ""  # what was told last of a store that does not answer
        self._told_at: dict[str, float] = {}  # by what was told of it; monotonic
        self._stopping = Event()
        self._drained = Event()
        self._threads: list[Thread] = []

    def turn(self) -> bool:
        """Work on one key in this thread; False if none was due. Raises Waiting or Stalled if the store fails."""
        self._mind_the_clock()
        lease = self._store.lease(self._owner, self._lease_seconds, self._places())
        if lease is None:
            return False
        with self._lock:
            self._held[lease.token] = lease
        try:
            self._work(lease)
        finally:
            with self._lock:
                self._held.pop(lease.token, None)
        return True

    def start(self) -> None:
        """Start the workers and the thread that renews their leases."""
        self._stopping.clear()
        self._drained.clear()
        self._threads = [Thread(target=self._serve, name=f"worker-{n}", daemon=True) for n in range(self._workers)]
        for thread in self._threads:
            thread.start()
        Thread(target=self._renew_until_drained, name="leases", daemon=True).start()

    def stop(self, timeout: float = 30) -> bool:
        """Let every worker finish its step; False if one has not after `timeout` seconds: its lease will run out."""
        self._stopping.set()
        until = self._clock.monotonic() + timeout
        for thread in self._threads:
            self._join(thread, until)
        self._drained.set()
        return not any(thread.is_alive() for thread in self._threads)

    def _join(self, thread: Thread, until: float) -> None:
        while thread.is_alive() and (left := until - self._clock.monotonic()) > 0:
            self._store.interrupt()  # again and again: it may have been about to wait
            thread.join(min(0.1, left))

    def _mind_the_clock(self) -> None:
        """What waits for a time would wait for all that a clock was set back as well: it is looked at now."""
        with self._minding:
            ahead, before = self._clock.now() - self._clock.monotonic(), self._ahead
            back = -self._store.idle_for() if before is None else before - ahead
            if back > SET_BACK:
                self._store.hasten(self._lease_seconds)
                log.warning(
                    "The clock was set back by %.0f s at least: all that waits for a time is looked at now.", back
                )
            self._ahead = ahead

    # --- one key

    def _work(self, lease: Lease) -> None:
        if lease.reason == INTERNAL_ERROR and lease.attempts >= MAX_TRIES:
            error: Exception | None = _NeverReturned()
        else:
            error = _outcome(lambda: self._rounds(lease))
        unanswered = None if error is None else _outcome(lambda: self._answer(lease, error))
        if isinstance(unanswered, LeaseLost):
            self._count("lease_lost", _kind(lease))
        elif unanswered is not None:
            # The store did not take the key back: its lease runs out, then somebody looks again.
            self._count("given_up", _kind(lease))
            self._tell_of_store(f"{text_of(lease.key)} could not be given back", unanswered)

    def _rounds(self, lease: Lease) -> None:
        """Steps on one lease: a step that wants to go on at once does, but not for ever."""
        conflicts = 0
        for left in reversed(range(MOST_ROUNDS)):
            lease = self._newest(lease)
            changes = self._steps[type(lease.key)](lease.key, lease)
            self._count("step", _kind(lease))
            log.debug("A step of %s is done.", text_of(lease.key))
            keep = changes.again_at == 0.0 and left > 0 and not self._stopping.is_set()
            try:
                self._store.commit(lease, changes if keep else self._in_turn(changes), keep=keep)
            except Conflict:
                self._count("conflict", _kind(lease))
                conflicts += 1
                if conflicts > MOST_CONFLICTS or not left:
                    raise
                continue
            if not keep:
                return

    def _in_turn(self, changes: Changes) -> Changes:
        """A key that is given back to go on at once is due now, not before all others."""
        return replace(changes, again_at=self._clock.now()) if changes.again_at == 0.0 else changes

    def _answer(self, lease: Lease, error: Exception) -> None:
        """Give the key back, as the error says who must act next."""
        match error:
            case LeaseLost():
                raise error
            case Waiting():
                self._count("waiting", error.reason)
                self._tell(lease, error, passes=error.retry_after < LONG)
                at = self._clock.now() + error.retry_after.total_seconds()
                self._store.retry(lease, at, error.reason, error.message)
            case Stalled():
                self._count("stalled", error.reason)
                self._tell(lease, error)
                self._store.park(lease, error.reason, error.message)
            case Conflict():
                self._store.retry(lease, self._clock.now() + self._jitter(0.2), "Conflict", str(error))
            case _:
                self._answer_fault(lease, error)

    def _tell(self, lease: Lease, error: ReconcileError, passes: bool = False) -> None:
        """Whoever reads the log hears of it once; of what mostly passes by itself not before it was tried in vain."""
        news = lease.reason != error.reason
        if (lease.attempts == IN_VAIN) if passes else news:
            log.warning("%s: %s (%s)", text_of(lease.key), error.message, error.reason)
        elif news:
            log.info("%s: %s (%s)", text_of(lease.key), error.message, error.reason)

    def _answer_fault(self, lease: Lease, error: Exception) -> None:
        """Retry slowly, then park. The log has it all; people are told only its kind, as its words may hold secrets."""
        self._count("fault", _kind(lease))
        log.error("The step of %s failed.", text_of(lease.key), exc_info=error)
        tries = 1 + (lease.attempts if lease.reason == INTERNAL_ERROR else 0)
        message = f"A fault in Headgate itself ({type(error).__name__}); the log of the service tells more."
        if tries >= MAX_TRIES:
            self._count("parked", _kind(lease))
            self._store.park(lease, INTERNAL_ERROR, message)
        else:
            pause = min(SLOWEST, 2.0**tries)
            self._store.retry(lease, self._clock.now() + pause / 2 + self._jitter(pause / 2), INTERNAL_ERROR, message)

    # --- threads

    def _serve(self) -> None:
        while not self._stopping.is_set():
            error = _outcome(self._turn_or_wait)
            if error is not None:
                self._count("store_failed", type(error).__name__)
                self._tell_of_store("The store does not answer", error)
                self._stopping.wait(1.0)

    def _turn_or_wait(self) -> None:
        if self.turn():
            self._trouble = ""
        else:
            self._store.wait(IDLE, self._places())

    def _renew_until_drained(self) -> None:
        while not self._drained.wait(self._lease_seconds / 3):
            error = _outcome(self._renew)
            if error is not None:
                self._count("store_failed", type(error).__name__)
                self._tell_of_store("Leases could not be renewed", error)

    def _renew(self) -> None:
        with self._lock:
            held = list(self._held.values())
        renewed = self._store.renew(held, self._lease_seconds)
        with self._lock:
            self._held.update({lease.token: lease for lease in renewed if lease.token in self._held})

    def _tell_of_store(self, what: str, error: Exception) -> None:
        """Once, until it answers again: every worker sees it every second, and a full disk may hold the log as well.

        One that answers some and refuses others, as where connections are short, is told of now and then.
        """
        trouble = error.message if isinstance(error, ReconcileError) else type(error).__name__
        now = self._clock.monotonic()
        with self._lock:
            known, self._trouble = self._trouble, trouble
            self._told_at = {told: at for told, at in self._told_at.items() if now - at < TOLD_AGAIN}
            is_news = known != trouble and trouble not in self._told_at
            if is_news:
                self._told_at[trouble] = now
        if is_news:
            cause = None if isinstance(error, ReconcileError) else error
            log.error("%s: %s", what, trouble, exc_info=cause)

    def _newest(self, lease: Lease) -> Lease:
        """The lease with its newest deadline."""
        with self._lock:
            return self._held.get(lease.token, lease)

    def _count(self, what: str, which: str) -> None:
        with self._lock:
            self.counts[what, which] += 1

    def _jitter(self, seconds: float) -> float:
        with self._lock:
            return self._random.uniform(0, seconds)


class _NeverReturned(Exception):
    """The step was begun again and again, and each time its process ended before it did."""


def _everywhere() -> None:
    """Every place."""


def _kind(lease: Lease) -> str:
    return text_of(lease.key).partition("/")[0]


def _outcome(act: Callable[[], object]) -> Exception | None:
    """What went wrong, as a value."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - one poison key, or one lost connection, must not end a worker
        return error
    return None

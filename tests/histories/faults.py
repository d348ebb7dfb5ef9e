"""What can go wrong at a call of a port, drawn from a seed: it waits, dies, loses its answer, sleeps too long.

A worker that sleeps past its lease wakes up as another one has done its work; what it then does must be harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from reconciler.engine.model import Performed
from reconciler.ports import Waiting

WATCHED: Mapping[str, frozenset[str]] = {
    "store": frozenset({"lease", "commit", "retry", "park"}),
    "source": frozenset({"refs", "tree", "changed", "read", "merge", "keep"}),
    "executor": frozenset({"start", "stop"}),
    "checks": frozenset({"post"}),
}
LEASE = 30.0  # s; a worker that sleeps longer than this has lost its key


class Crash(BaseException):
    """The process is gone; nothing may catch this."""


class Faults:
    """Decides at each watched call what goes wrong. `rate` is the chance of anything; 0 = a calm world.

    `asleep` is what the rest of the world does while a worker sleeps past its lease, `news` what happens during a step.
    """

    def __init__(self, seed: int, asleep: Callable[[], None], news: Callable[[], None]) -> None:
        self.random = Random(seed)
        self.rate = 0.0
        self.counts: dict[str, int] = {}
        self._asleep = asleep
        self._news = news
        self._sleeping = False

    def call(self, port: str, act: Callable[[], Any]) -> Any:
        """Perform a call, or what becomes of it."""
        if self.rate == 0.0 or self.random.random() >= self.rate * _OFTEN[port]:
            return act()
        fault = self.random.choice(_FAULTS)
        if fault is Faults.sleep and self._sleeping:  # one sleeper at a time tells as much
            return act()
        met = f"{port} {fault.__name__}"
        self.counts[met] = self.counts.get(met, 0) + 1
        return fault(self, port, act)

    def wait(self, port: str, act: Callable[[], Any]) -> Any:
        """Nothing is done; time will help."""
        raise _away(port, self.random)

    def die_before(self, port: str, act: Callable[[], Any]) -> Any:
        """The process ends and has not done it."""
        raise Crash

    def die_after(self, port: str, act: Callable[[], Any]) -> Any:
        """The process ends and has done it."""
        act()
        raise Crash

    def lose_answer(self, port: str, act: Callable[[], Any]) -> Any:
        """It is done, and whoever asked for it does not learn that."""
        done = act()
        if port != "executor":
            raise _away(port, self.random)
        return [_unknown(one) for one in done]

    def hear_news(self, port: str, act: Callable[[], Any]) -> Any:
        """Something happens that wakes keys, perhaps the very one that is held."""
        if self.random.random() < 0.5:
            self._news()
            return act()
        done = act()
        self._news()
        return done

    def sleep(self, port: str, act: Callable[[], Any]) -> Any:
        """The worker sleeps past its lease while others go on, and then does it."""
        self._sleeping = True
        try:
            self._asleep()
        finally:
            self._sleeping = False
        return act()


_FAULTS = (Faults.wait, Faults.die_before, Faults.die_after, Faults.lose_answer, Faults.hear_news, Faults.sleep)
_OFTEN: Mapping[str, float] = {"store": 1.0, "source": 3.0, "checks": 6.0, "executor": 10.0}  # the store is asked most


def _away(port: str, random: Random) -> Waiting:
    return Waiting("Away", f"The {port} cannot be reached.", timedelta(seconds=random.choice([0, 1, 20])))


def _unknown(done: Performed) -> Performed:
    return replace(done, outcome="unknown", reason="AnswerLost", again_at=done.at + 1.0)


class Faulty:
    """A port whose watched calls may go wrong. An executor never raises: its answers tell what came of each attempt."""

    def __init__(self, name: str, port: Any, faults: Faults) -> None:
        self._name, self._port, self._faults = name, port, faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in WATCHED[self._name]:
            return found

        def called(*arguments: Any, **named: Any) -> Any:
            try:
                return self._faults.call(self._name, lambda: found(*arguments, **named))
            except Waiting:
                if self._name != "executor":
                    raise
                return _not_now(arguments[0], name, self._port.clock.now())

        return called


def _not_now(attempts: Sequence[Any], verb: str, now: float) -> list[Performed]:
    return [Performed(row.id, verb, "again", now, "Away", "", now + 1.0) for row in attempts]

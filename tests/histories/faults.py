"""What can go wrong at a call of a port: it waits, dies, loses its answer, is overtaken, sleeps too long.

Every call of every port may go wrong. Which one does is drawn from a seed, or named: the n-th that has an effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, Protocol

from reconciler.engine.model import Performed
from reconciler.errors import Waiting

# Whatever is not named here only reads: a process that dies at it leaves what it would have left a moment earlier.
EFFECTS: Mapping[str, frozenset[str]] = {
    "store": frozenset({"lease", "commit", "retry", "park"}),
    "source": frozenset({"refs", "merge", "keep"}),
    "executor": frozenset({"start", "stop"}),
    "checks": frozenset({"post"}),
    "conversations": frozenset({"say", "react"}),
    "logs": frozenset(),
    "files": frozenset({"remove"}),
    "forge": frozenset(),
    "missed": frozenset(),
    "github": frozenset({"POST", "PATCH"}),
    "git": frozenset(),
}
PURE = frozenset({"paths"})  # cannot fail
LEASE = 30.0  # s; a worker that sleeps longer than this has lost its key


class Crash(BaseException):
    """The process is gone; nothing may catch this."""


class Around(Protocol):
    """The world around a worker, while it is held up in a call."""

    def go_on(self, seconds: float) -> None:
        """Others go on so long later."""
        ...

    def hear_news(self) -> None:
        """Something happens that wakes keys, perhaps the very one that is held."""
        ...

    def contradict(self) -> None:
        """Others move what the worker that is held is about to write."""
        ...


@dataclass(frozen=True)
class Call:
    """A call of a port that is about to be made."""

    port: str
    method: str
    act: Callable[..., Any]
    arguments: tuple[Any, ...]
    around: Around
    random: Random

    def done(self) -> Any:
        """Make it."""
        return self.act(*self.arguments)

    @property
    def acts_on_attempts(self) -> bool:
        """Whether its answers tell what came of each attempt, so that it hardly ever raises."""
        return self.port == "executor" and self.method in ("start", "stop")


Fault = Callable[[Call], Any]


def wait(call: Call) -> Any:
    """Nothing is done; time will help."""
    if call.acts_on_attempts and call.random.random() < 0.8:
        return _not_now(call)
    raise _away(call)


def die_before(call: Call) -> Any:
    """The process ends and has not done it."""
    raise Crash


def die_after(call: Call) -> Any:
    """The process ends and has done it."""
    call.done()
    raise Crash


def lose_answer(call: Call) -> Any:
    """It is done, and whoever asked for it does not learn that."""
    done = call.done()
    if call.acts_on_attempts and call.random.random() < 0.8:
        return [_unknown(one) for one in done]
    raise _away(call)


def do_a_part(call: Call) -> Any:
    """Some attempts are acted on, of the others nothing is known."""
    if not call.acts_on_attempts:
        return call.done()
    attempts, lease = call.arguments
    some = [row for row in attempts if call.random.random() < 0.5]
    done = {one.attempt: one for one in call.act(some, lease)}
    nothing = {one.attempt: replace(one, outcome="unknown") for one in _not_now(call)}
    return [done.get(row.id, nothing[row.id]) for row in attempts]


def hear_news(call: Call) -> Any:
    """Something happens before it is done, or after."""
    if call.random.random() < 0.5:
        call.around.hear_news()
        return call.done()
    done = call.done()
    call.around.hear_news()
    return done


def be_overtaken(call: Call) -> Any:
    """Others do their steps, on other keys, before it is done."""
    call.around.go_on(0.0)
    return call.done()


def be_contradicted(call: Call) -> Any:
    """Others move the very flows and runs that it is about to write: who is late starts anew."""
    changes = call.arguments[1]
    if changes.runs or changes.flows:
        call.around.contradict()
    return call.done()


def sleep(call: Call) -> Any:
    """The worker sleeps past its lease while others go on, and then does it."""
    call.around.go_on(LEASE + 1.0)
    return call.done()


FAULTS: Sequence[Fault] = (
    wait,
    die_before,
    die_after,
    lose_answer,
    do_a_part,
    hear_news,
    be_overtaken,
    be_overtaken,
    sleep,
)
AT_COMMITS: Sequence[Fault] = (*FAULTS, be_contradicted)


def _not_now(call: Call) -> list[Performed]:
    now = call.around.clock.now()  # type: ignore[attr-defined]
    return [Performed(row.id, call.method, "again", now, "Away", "", now + 1.0) for row in call.arguments[0]]


def _away(call: Call) -> Waiting:
    message = f"The {call.port} cannot be reached."
    return Waiting("Away", message, timedelta(seconds=call.random.choice([0, 1, 20])))


def _unknown(done: Performed) -> Performed:
    return replace(done, outcome="unknown", reason="AnswerLost", again_at=done.at + 1.0)


# --- which call goes wrong --------------------------------------------------------------------------------------------


class Plan(Protocol):
    """Says what goes wrong at a call; None: nothing."""

    def fault_of(self, port: str, method: str) -> Fault | None: ...


class Drawn:
    """Faults drawn from a seed. `rate` is the chance of anything at a call; 0 = a calm world."""

    def __init__(self, seed: int, more: Mapping[str, Sequence[Fault]] | None = None) -> None:
        self.random = Random(seed)
        self.more = more or {}  # by port: what goes wrong there instead
        self.rate = 0.0
        self.racing = False  # until somebody else was faster than a step that writes runs or flows
        self.counts: dict[str, int] = {}

    def fault_of(self, port: str, method: str) -> Fault | None:
        if self.racing and method == "commit":
            return be_contradicted
        often = _OFTEN[port] if method in EFFECTS[port] else _READS.get(port, 0.1)
        if self.rate == 0.0 or self.random.random() >= self.rate * often:
            return None
        fault = self.random.choice(self.more.get(port, AT_COMMITS if method == "commit" else FAULTS))
        met = f"{port} {fault.__name__}"
        self.counts[met] = self.counts.get(met, 0) + 1
        return fault


# The store is asked most.
_OFTEN: Mapping[str, float] = {
    "store": 1.0,
    "source": 3.0,
    "checks": 6.0,
    "executor": 10.0,
    "files": 10.0,
    "conversations": 6.0,
    "github": 8.0,
}
_READS: Mapping[str, float] = {"github": 1.0}  # of others a step makes a dozen


class Nth:
    """One fault, at the n-th call that has an effect, or at the n-th of all; `met` tells at which, None while it was
    not reached.
    """

    def __init__(self, number: int, fault: Fault, of_all: bool = False) -> None:
        self.left = number
        self.fault = fault
        self.of_all = of_all
        self.met: str | None = None

    def fault_of(self, port: str, method: str) -> Fault | None:
        if not (self.of_all or method in EFFECTS[port]):
            return None
        self.left -= 1
        if self.left:
            return None
        self.met = f"{port}.{method}"
        return self.fault


class Faulty:
    """A port whose calls may go wrong, as the plan of the world around it says."""

    def __init__(self, name: str, port: Any, around: Any) -> None:
        self._name, self._port, self._around = name, port, around

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found) or name in PURE:
            return found

        def called(*arguments: Any, **named: Any) -> Any:
            fault = self._around.plan.fault_of(self._name, name)
            if fault is None or self._around.held_up:  # one that is held up at a time tells as much
                return found(*arguments, **named)
            act = lambda *given: found(*given, **named)  # noqa: E731
            return fault(Call(self._name, name, act, arguments, self._around, self._around.random))

        return called

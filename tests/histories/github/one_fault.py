"""A story told with one fault at one place, and what is seen in the end.

To die at a lease, or while something is read, is to die after the change before: so only changes are places.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Waiting
from tests.histories.faults import Call, Crash, Fault, Plan, die_after, die_before, lose_answer
from tests.histories.forks import Forks, Way
from tests.histories.github.faults import be_told_to_wait, do_and_fail, fail, get_no_reply, lose_reply, lose_token
from tests.histories.github.seen import Seen, seen
from tests.histories.github.stories import Story, Telling
from tests.histories.github.world import GitHubHistoryWorld
from tests.histories.world import POLL
from tests.world import dag, exits

LAG = 14.0  # s until GitHub's lists show what was made
SOON = 90.0  # s until whatever went wrong is over: a lease, and GitHub's lag behind it
LATER = POLL + 150  # s until it is over where only a look finds it, or GitHub asks for patience

Places = Mapping[str, Collection[str]]
"""By port: the methods whose calls are counted."""

_AT_GITHUB: Places = {"github": {"POST", "PATCH"}}
_AT_HOME: Places = {
    "store": {"commit", "retry", "park"},
    "executor": {"start", "stop"},
    "source": {"keep"},
}
_WHEN_TOLD: Places = {"webhook": {"take"}}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong at which calls, and how long people wait then until they do the next thing.

    Who waits less long may well be told something else: what is asked of a commit that was not judged is answered so.
    """

    name: str
    fault: Fault
    places: Places
    patience: float = SOON


TROUBLES = (
    Trouble("die before", die_before, {**_AT_HOME, **_AT_GITHUB}),
    Trouble("die after", die_after, {**_AT_HOME, **_AT_GITHUB}),
    Trouble("lose the answer", lose_answer, _AT_HOME),
    Trouble("lose the reply", lose_reply, _AT_GITHUB),
    Trouble("get no reply", get_no_reply, _AT_GITHUB),
    Trouble("be refused", fail, _AT_GITHUB),
    Trouble("be refused what is done", do_and_fail, _AT_GITHUB),
    Trouble("lose the token", lose_token, _AT_GITHUB),
    Trouble("be told to wait", be_told_to_wait, _AT_GITHUB, LATER),
    Trouble("die before it is told", die_before, _WHEN_TOLD, LATER),
    Trouble("die when it is told", die_after, _WHEN_TOLD, LATER),
    Trouble("cannot say that it is told", lose_answer, _WHEN_TOLD, LATER),
)


class One:
    """Lets the n-th call at such a place go wrong; `met` is where that was, "" while it was not reached."""

    def __init__(self, trouble: Trouble, number: int, place: str = "") -> None:
        self.trouble = trouble
        self.left = number
        self.place = place
        self.met = ""

    def fault_of(self, port: str, method: str) -> Fault | None:
        return self._meet if method in self.trouble.places.get(port, ()) else None

    def _meet(self, call: Call) -> Any:
        place = _place(call)
        self.left -= self.place in place
        if self.left or self.met:
            return call.done()
        self.met = place
        return self.trouble.fault(call)


class Each:
    """Lets the call at every so many-th such place go wrong, each in a process of its own; here none does."""

    def __init__(self, trouble: Trouble, every: int, forks: Forks[Seen]) -> None:
        self.trouble = trouble
        self.every = every
        self.forks = forks
        self.number = 0

    def fault_of(self, port: str, method: str) -> Fault | None:
        return self._meet if method in self.trouble.places.get(port, ()) else None

    def _meet(self, call: Call) -> Any:
        self.number += 1
        if self.forks.place is not None or (self.number - 1) % self.every or not self.forks.fork(_place(call)):
            return call.done()
        return self.trouble.fault(call)


def _place(call: Call) -> str:
    return " ".join([call.port, call.method, *([call.arguments[0].path] if call.port == "github" else [])])


class StoryWorld(GitHubHistoryWorld):
    """A world in which the service may die while it is told something."""

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        fault = self.plan.fault_of("webhook", "take") if self.plan is not self.drawn else None
        if fault is None or self.held_up:
            return super().take(headers, body)
        try:
            return int(fault(Call("webhook", "take", super().take, (headers, body), self, self.random)))
        except Waiting:  # the store is away
            return 503
        except Crash:
            self.restart()
            return 502


def told(story: Story, patience: float = SOON, plan: One | None = None) -> Seen:
    """Tell a story, in which one call goes wrong or none; what is seen in the end."""
    return _told(story, patience, lambda world: plan or world.plan)


def told_of_each(story: Story, trouble: Trouble, every: int) -> tuple[Seen, Sequence[Way[Seen]]]:
    """What is seen in the end where nothing goes wrong, and where the call at every so many-th place does."""
    forks = Forks[Seen]()
    seen = forks.told(lambda: _told(story, trouble.patience, lambda world: Each(trouble, every, forks.of(world.path))))
    return seen, forks.ways


def _told(story: Story, patience: float, plan_of: Callable[[StoryWorld], Plan]) -> Seen:
    world = StoryWorld(seed=0)
    with world.playing():
        start = world.connect(keep=dag({"a": exits(0)}))
        world.github.state.lag = LAG
        telling = Telling(world, start, patience)
        world.plan = plan_of(world)
        story(telling)
        return seen(world, telling.commits)

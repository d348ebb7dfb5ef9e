"""A story told with one fault at one place, and what is seen in the end.

To die at a lease, or while something is read, is to die after the change before: so only changes are places.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from reconciler.errors import Waiting
from tests.histories.faults import Call, Crash, Fault, be_overtaken, die_after, die_before, lose_answer, sleep
from tests.histories.github.faults import be_told_to_wait, do_and_fail, fail, get_no_reply, lose_reply, lose_token
from tests.histories.github.seen import Seen, seen
from tests.histories.github.stories import Story, Telling
from tests.histories.github.world import GitHubHistoryWorld
from tests.world import dag, exits

LAG = 14.0  # s until GitHub's lists show what was made

Places = Mapping[str, Collection[str]]
"""By port: the methods whose calls are counted."""

_AT_GITHUB: Places = {"github": {"POST", "PATCH"}}
_AT_HOME: Places = {
    "store": {"commit", "retry", "park"},
    "executor": {"start", "stop"},
    "source": {"keep"},
    "webhook": {"take"},  # the service is told of something
}
_ANYWHERE: Places = {**_AT_HOME, **_AT_GITHUB}

FAULTS: Mapping[Fault, Places] = {
    die_before: _ANYWHERE,
    die_after: _ANYWHERE,
    sleep: _ANYWHERE,
    be_overtaken: _ANYWHERE,
    lose_answer: _AT_HOME,
    **dict.fromkeys((lose_reply, get_no_reply, fail, do_and_fail, be_told_to_wait, lose_token), _AT_GITHUB),
}


class One:
    """Lets the n-th call at such a place go wrong; `met` is where that was, "" while it was not reached."""

    def __init__(self, number: int, fault: Fault, place: str = "") -> None:
        self.left = number
        self.fault = fault
        self.place = place
        self.met = ""

    def fault_of(self, port: str, method: str) -> Fault | None:
        return self._meet if method in FAULTS[self.fault].get(port, ()) else None

    def _meet(self, call: Call) -> Any:
        place = _place(call)
        self.left -= self.place in place
        if self.left or self.met:
            return call.done()
        self.met = place
        return self.fault(call)


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


def told(story: Story, plan: One | None = None) -> Seen:
    """Tell a story, in which one call goes wrong or none; what is seen in the end."""
    world = StoryWorld(seed=0)
    with world.playing():
        start = world.connect(keep=dag({"a": exits(0)}))
        telling = Telling(world, start)
        world.github.state.lag = LAG
        world.plan = plan or world.plan
        story(telling)
        return seen(world, telling.commits)

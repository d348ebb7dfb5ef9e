"""A process that dies at a chosen moment: after its n-th call of a port, or its n-th commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.loop import Loop
from reconciler.ports import World
from reconciler.steps.wiring import steps_of
from tests.fakes import FakeLogs
from tests.world import TestWorld

PORTS: Mapping[str, frozenset[str]] = {
    "store": frozenset({"lease", "commit", "retry", "park"}),
    "source": frozenset({"refs", "tree", "read", "merge", "keep"}),
    "executor": frozenset({"start", "stop"}),
    "checks": frozenset({"post"}),
}
LEASE = 31.0  # s until what a dead process held is free again


class Crash(BaseException):
    """The process is gone; nothing may catch this."""


class Fuse:
    """Burns down by one with every call that is watched, then ends the process."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


class Watched:
    """A port whose calls burn a fuse once they are done."""

    def __init__(self, port: Any, names: frozenset[str], fuse: Fuse) -> None:
        self._port, self._names, self._fuse = port, names, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return self._burning(found) if name in self._names else found

    def _burning(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            result = call(*arguments, **named)
            self._fuse.burn()
            return result

        return called


def settle_with_crash(world: TestWorld, calls: int) -> bool:
    """Let the world settle with a process that dies after so many calls, and then a new one. False if it never died."""
    fuse = Fuse(calls)
    ports = {name: Watched(getattr(world, name), names, fuse) for name, names in PORTS.items()}
    wired = World(**ports, clock=world.clock, logs=FakeLogs(), queues=world.queues)
    world.loop = Loop(ports["store"], steps_of(wired), world.clock, owner="dies", workers=1)
    try:
        world.settle()
    except Crash:
        world.restart()
        world.clock.time += LEASE
        world.settle(seconds=10)
        return True
    world.restart()
    return False

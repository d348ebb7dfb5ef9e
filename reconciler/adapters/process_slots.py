"""Slots of a place: how many jobs run at once, and which run is told when one more may start."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.adapters.process_line import Line
from reconciler.adapters.process_living import Living
from reconciler.errors import ReconcileError
from reconciler.ports import Clock


class Slots:
    """`wake` is told the runs whose turn it is; `room` is called when slots came free that nobody here waits for."""

    def __init__(
        self,
        count: int,
        living: Living,
        clock: Clock,
        wake: Callable[[Sequence[str]], None] | None,
        room: Callable[[], None] | None,
    ) -> None:
        self._count = count
        self._living = living
        self._line = Line(clock)
        self._wake = wake
        self._room = room

    @property
    def free(self) -> int:
        """How many no job has now."""
        return max(0, self._count - self._living.jobs)

    def wait_for(self, run: str) -> None:
        """Wake a run when its turn to take a slot has come."""
        self._line.join(run)
        self.offer()  # a job may have ended before it was in line

    def leave(self, run: str) -> None:
        """It has taken a slot, or wants none."""
        self._line.leave(run)

    def offer(self) -> None:
        """Tell those whose turn it is of the slots that are free, and others if they do not come."""
        called = self._line.call(self.free)
        try:
            if called and self._wake is not None:
                self._wake(called)
        except ReconcileError:  # the store is away: again in a while
            self._line.not_told(called)

    def came_free(self) -> None:
        """Jobs have ended."""
        self.offer()
        if self._room is not None and self.free:
            self._room()

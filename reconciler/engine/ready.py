"""Ops that may start and wait for a place: which is next, given what is free. Nothing is started here.

Ops wait in lanes: one per scope, queue and need of a slot. What blocks the first of a lane blocks the lane, so that a
choice costs O(log lanes), however many ops wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace
from operator import attrgetter

from reconciler.engine.decisions import Limits
from reconciler.engine.model import QUEUED
from reconciler.engine.scopes import Node, Scope

LaneKey = tuple[str, str | None, bool]
Waiting = tuple[int, tuple[int, ...], Node]  # the more critical first, then by declaration

_BY_ORDER, _BY_CRITICAL = attrgetter("order"), attrgetter("op.critical")


@dataclass(slots=True)
class Room:
    """What may still start in this step: attempts in this place, and per queue. None = no limit."""

    slots: int | None = None
    queues: dict[str, int] = field(default_factory=dict)
    is_limited: bool = True

    def admits(self, queue: str | None, waiting: int = 0) -> bool:
        """Whether one more attempt of this queue may start, if `waiting` others come before it."""
        if self.slots is not None and self.slots - waiting <= 0:
            return False
        return queue is None or self.queues.get(queue, waiting + 1) - waiting > 0

    def take(self, queue: str | None) -> None:
        """Count one attempt that starts."""
        if self.slots is not None:
            self.slots -= 1
        if queue is not None and queue in self.queues:
            self.queues[queue] -= 1


def room_of(limits: Limits) -> Room:
    """The limits as something to count down."""
    return Room(limits.slots, dict(limits.queues), limits.slots is not None or bool(limits.queues))


def needs_slot(node: Node) -> bool:
    """Whether starting the op starts an attempt of its own: scopes and services do not."""
    return not node.is_composite and node.op.kind != "service"


@dataclass(slots=True, eq=False)
class Lane:
    """A heap of ops that wait for the same things."""

    scope: str  # path of its owner
    takes_slot: bool
    waiting: list[Waiting] = field(default_factory=list)


Head = tuple[int, tuple[int, ...], Lane]  # of the first that waits in a lane


@dataclass(slots=True)
class Ready:
    """Ops that wait for a place, the most critical first, then in order of declaration."""

    free: list[Node] = field(default_factory=list)  # whose scope has places for all: only slots and queues may lack
    lanes: dict[LaneKey, Lane] = field(default_factory=dict)
    heads: list[Head] = field(default_factory=list)  # a heap; who is no longer first in a lane is passed over
    full: dict[str, set[Lane]] = field(default_factory=dict)  # by scope: lanes that wait for a place in it
    blocked: set[Lane] = field(default_factory=set)  # lanes that wait for slots or their queue

    def push(self, node: Node) -> None:
        """An op has become ready."""
        if node.home.concurrency is None:
            self.free.append(node)
        else:
            self._line_up(node)

    def take_free(self) -> list[Node]:
        """All ops whose scope has places for all, in order. Where no limit was given they may start."""
        free, self.free = self.free, []
        free.sort(key=_BY_ORDER)
        free.sort(key=_BY_CRITICAL, reverse=True)  # those that are as critical stay in order
        return free

    def _line_up(self, node: Node) -> None:
        op = node.op
        key = (node.home.owner.path, op.queue, needs_slot(node))
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(key[0], key[2])
        waiting = (-op.critical, node.order, node)
        heappush(lane.waiting, waiting)
        if lane.waiting[0] is waiting:
            self._show(lane)

    def wake(self, scope: Scope) -> None:
        """A place came free in this scope."""
        if self.full:
            for lane in self.full.pop(scope.owner.path, ()):
                self._show(lane)

    def unblock(self) -> None:
        """A new step brings new limits."""
        blocked, self.blocked = self.blocked, set()
        for lane in blocked:
            self._show(lane)

    def take(self, room: Room) -> Node | None:
        """The next op that may start now; it leaves its lane."""
        for free in self.take_free() if self.free else ():
            self._line_up(free)
        heads = self.heads
        while heads:
            _, order, lane = heads[0]
            if not lane.waiting or lane.waiting[0][1] != order:
                heappop(heads)
                continue
            node = lane.waiting[0][2]
            if node.state.status is not QUEUED:
                self._pass(lane)
            elif not node.home.has_room(node):
                heappop(heads)
                self.full.setdefault(lane.scope, set()).add(lane)
            elif lane.takes_slot and not room.admits(node.op.queue):
                heappop(heads)
                self.blocked.add(lane)
            else:
                self._pass(lane)
                return node
        return None

    def _pass(self, lane: Lane) -> None:
        """The first of the lane at the head leaves it; the next one of the lane is shown."""
        heappop(lane.waiting)
        if lane.waiting:
            critical, order, _ = lane.waiting[0]
            heapreplace(self.heads, (critical, order, lane))
        else:
            heappop(self.heads)

    @property
    def starved(self) -> bool:
        """Whether ops are ready that limits let not start."""
        if not self.blocked:
            return False
        first = (node for lane in self.blocked for _, _, node in lane.waiting[:1])
        return any(node.state.status is QUEUED and node.home.has_room(node) for node in first)

    def _show(self, lane: Lane) -> None:
        if lane.waiting:
            critical, order, _ = lane.waiting[0]
            heappush(self.heads, (critical, order, lane))

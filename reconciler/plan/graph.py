"""Graphs of ops as plain numbers: order, cycles, the longest way to an end. What an op is does not matter here.

A graph is a list with, for every op, the indexes of the ops it waits for. Everything takes time linear in its edges.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

Upstream = Sequence[Sequence[int]]


def downstream_of(upstream: Upstream) -> list[list[int]]:
    """For every op the ops that wait for it, in order of declaration."""
    downstream: list[list[int]] = [[] for _ in upstream]
    for index, waits_for in enumerate(upstream):
        for other in waits_for:
            downstream[other].append(index)
    return downstream


def order(upstream: Upstream) -> list[int]:
    """The ops such that each comes after those it waits for; ops on or behind a cycle are left out."""
    downstream = downstream_of(upstream)
    left = [len(waits_for) for waits_for in upstream]
    ready = deque(index for index, count in enumerate(left) if count == 0)
    done = []
    while ready:
        index = ready.popleft()
        done.append(index)
        for other in downstream[index]:
            left[other] -= 1
            if left[other] == 0:
                ready.append(other)
    return done


def critical(upstream: Upstream) -> list[int]:
    """For every op the number of ops on the longest way from it to an end, itself included."""
    downstream = downstream_of(upstream)
    longest = [1] * len(upstream)
    for index in reversed(order(upstream)):
        longest[index] = 1 + max((longest[other] for other in downstream[index]), default=0)
    return longest


def cycles(upstream: Upstream) -> list[list[int]]:
    """One cycle for every set of ops that wait for each other: `[a, b]` where a waits for b and b for a."""
    free = set(order(upstream))
    seen: set[int] = set()
    found = []
    for start in range(len(upstream)):
        if start not in free and start not in seen:
            cycle = _cycle_from(start, upstream, free, seen)
            if cycle:
                found.append(cycle)
    return found


def _cycle_from(start: int, upstream: Upstream, free: set[int], seen: set[int]) -> list[int]:
    """Walk upstream until an op comes again: every op that is not free waits for another such op or ends outside."""
    way: list[int] = []
    at: dict[int, int] = {}
    index: int | None = start
    while index is not None and index not in seen:
        if index in at:
            seen.update(way)
            return _from_smallest(way[at[index] :])
        at[index] = len(way)
        way.append(index)
        index = next((other for other in upstream[index] if other not in free), None)
    seen.update(way)
    return []


def _from_smallest(cycle: list[int]) -> list[int]:
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]

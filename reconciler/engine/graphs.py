"""Questions about a dag as it is planned, whatever has happened in it."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.plan.model import Graph


def downstream_of(graph: Graph, start: Iterable[int]) -> set[int]:
    """The ops that can be reached from `start`, itself included."""
    found = set(start)
    todo = list(found)
    while todo:
        new = [index for index in graph.ops[todo.pop()].downstream if index not in found]
        found.update(new)
        todo.extend(new)
    return found

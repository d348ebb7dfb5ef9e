"""Questions about a dag as it is planned, whatever has happened in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reconciler.plan.model import Graph, PlannedOp


def sources_of(op: PlannedOp) -> Collection[int]:
    """The ops of the same graph that this one waits for, each once: dependencies, what it reads, event sources."""
    return dict.fromkeys((*op.upstream, *op.reads, *(edge.op for edge in op.events)))


def downstream_of(graph: Graph, start: Iterable[int]) -> set[int]:
    """The ops that can be reached from `start`, itself included."""
    after: dict[int, list[int]] = {}
    for index, op in enumerate(graph.ops):
        for source in sources_of(op):
            after.setdefault(source, []).append(index)
    found = set(start)
    todo = list(found)
    while todo:
        new = [index for index in after.get(todo.pop(), ()) if index not in found]
        found.update(new)
        todo.extend(new)
    return found

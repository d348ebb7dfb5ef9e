"""Ops of a plan by path: `prep`, `nested.train`; sweeps are not expanded, the children of one share its ops."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.plan.model import Graph, Plan, PlannedOp

_INDEX = re.compile(r"\[\d+\]")


def walk(plan: Plan) -> Iterator[tuple[str, PlannedOp]]:
    """Every op with its path, each before the ops inside it."""
    for path, op, _ in walk_graphs(plan):
        yield path, op


def walk_graphs(plan: Plan) -> Iterator[tuple[str, PlannedOp, Graph]]:
    """Every op with its path and the graph that it stands in, whose ops `upstream` and the like index."""
    todo = [("", plan.graph)]
    while todo:
        prefix, graph = todo.pop()
        for op in graph.ops:
            yield f"{prefix}{op.name}", op, graph
            if op.graph is not None:
                todo.append((f"{prefix}{op.name}.", op.graph))


def unsupported(plan: Plan) -> Iterator[tuple[str, PlannedOp]]:
    """The ops that nothing can run yet, hooks (`train!0`) and a dag at the root (`The flow`) included."""
    for path, op, _ in walk_graphs(plan):
        if op.unsupported or op.hooks:
            yield from _unsupported(path, op)
    if plan.graph is plan.root.graph:
        yield from _unsupported("The flow", plan.root)


def _unsupported(path: str, op: PlannedOp) -> Iterator[tuple[str, PlannedOp]]:
    ops = {path: op} | {f"{path}!{number}": hook.op for number, hook in enumerate(op.hooks)}
    yield from ((path, op) for path, op in ops.items() if op.unsupported)


def op_path(path: str) -> str:
    """The path of the op that an instance is of: `tune.prep` for `tune[3].prep`."""
    return _INDEX.sub("", path)


def op_at(plan: Plan, path: str) -> PlannedOp:
    """The op that an instance is of: the path `tune[3].prep` means the op `prep` of `tune`. Raises KeyError."""
    graph: Graph | None = plan.graph
    found = None
    for name in op_path(path).split("."):
        found = next((op for op in graph.ops if op.name == name), None) if graph is not None else None
        if found is None:
            raise KeyError(path)
        graph = found.graph
    assert found is not None
    return found

"""A run as people look at it: every op of the plan in order, with its state and place. Nothing is worded here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.engine.model import FINAL, OpState, Status
from reconciler.plan.model import Graph, Plan, PlannedOp
from reconciler.plan.walk import op_at

_CHILD = re.compile(r"^(.*)\[([^\[\]]*)\]$")

BAD = frozenset({Status.FAILED, Status.UPSTREAM_FAILED, Status.STOPPED})
ALIVE = frozenset(Status) - FINAL - {Status.CREATED}


@dataclass(frozen=True, slots=True)
class OpView:
    """An op of a run: `planned` is None for one that the plan does not name; a container holds other ops."""

    path: str
    planned: PlannedOp | None
    state: OpState
    container: bool = False
    depth: int = 0


def views(plan: Plan, ops: Sequence[OpState]) -> list[OpView]:
    """All ops in order of declaration, children of a sweep by index; ops to which nothing happened are `created`."""
    states = {op.path: op for op in ops}
    children = _children(states)
    seen: list[OpView] = list(_walk(plan.graph, "", states, children, 0))
    known = {view.path for view in seen}
    strays = [OpView(op.path, None, op, False, op.path.count(".")) for op in ops if op.path not in known]
    return seen + strays


def _walk(
    graph: Graph, prefix: str, states: Mapping[str, OpState], children: Mapping[str, list[str]], depth: int
) -> Iterator[OpView]:
    for op in graph.ops:
        path = prefix + op.name
        below = children.get(path, []) if op.matrix is not None else []
        nested = op.graph is not None and op.matrix is None
        yield OpView(path, op, states.get(path) or OpState(path), bool(below) or nested, depth)
        for child in below:
            yield OpView(child, op, states.get(child) or OpState(child), op.graph is not None, depth + 1)
            if op.graph is not None:
                yield from _walk(op.graph, child + ".", states, children, depth + 2)
        if nested and op.graph is not None:
            yield from _walk(op.graph, path + ".", states, children, depth + 1)


def _children(states: Mapping[str, OpState]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for path in states:
        upto = ""
        for part in path.split("."):
            upto = f"{upto}.{part}" if upto else part
            if matched := _CHILD.match(upto):
                found.setdefault(matched.group(1), set()).add(upto)
    return {parent: sorted(paths, key=_index) for parent, paths in found.items()}


def _index(path: str) -> tuple[int, str]:
    matched = _CHILD.match(path)
    index = matched.group(2) if matched else ""
    return (int(index), "") if index.isdigit() else (10**9, index)


def parent(path: str) -> str:
    """The op that holds this one: `tune[3]` -> `tune`, `tune[3].prep` -> `tune[3]`, `prep` -> ``."""
    if path.endswith("]") and (matched := _CHILD.match(path)):
        return matched.group(1)
    return path.rpartition(".")[0]


def planned(plan: Plan, path: str) -> PlannedOp | None:
    """The op of the plan that a path names; children of a sweep are their sweep's op."""
    try:
        return op_at(plan, path)
    except KeyError:
        return None


def leaves(all_views: Sequence[OpView]) -> list[OpView]:
    """The ops that do something themselves: no dag, no sweep that has children."""
    return [view for view in all_views if not view.container]


def failed(all_views: Sequence[OpView]) -> list[OpView]:
    """Leaves that failed, the one that failed first in front; containers only where no leaf did."""
    found = [view for view in leaves(all_views) if view.state.status is Status.FAILED]
    found = found or [view for view in all_views if view.state.status is Status.FAILED]
    return sorted(found, key=lambda view: (view.state.finished_at or float("inf"), view.path))


def tally(all_views: Sequence[OpView]) -> Counter[Status]:
    """How many leaves stand in each status; children of a sweep that were planned and not made yet are `created`."""
    counted = Counter(view.state.status for view in leaves(all_views))
    made = Counter(parent(view.path) for view in all_views if view.path.endswith("]"))
    for view in all_views:
        if view.planned is not None and view.planned.matrix is not None and view.state.sweep and made[view.path]:
            missing = _planned_children(view) - made[view.path]
            if missing > 0 and view.state.status not in FINAL:
                counted[Status.CREATED] += missing
    return counted


def _planned_children(view: OpView) -> int:
    number = (view.state.sweep or {}).get("planned")
    return number if isinstance(number, int) else 0


def reused(all_views: Sequence[OpView]) -> int:
    """How many leaves took over a result instead of running."""
    return sum(1 for view in leaves(all_views) if view.state.cached_from)

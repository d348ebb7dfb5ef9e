"""On whose account ops were not run: the failed op at the root of each `upstream_failed`, for a whole run at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.checks.graph_layout import layers
from reconciler.checks.ops import OpView, parent
from reconciler.engine.model import Status
from reconciler.plan.model import Graph, Plan

_ENDED_BADLY = frozenset({Status.FAILED, Status.STOPPED})


def roots_of_failure(plan: Plan, all_views: Sequence[OpView]) -> dict[str, str]:
    """The path of the root for each op that became `upstream_failed` and has one. Linear in ops and edges."""
    views = {view.path: view for view in all_views}
    if not any(view.state.status is Status.UPSTREAM_FAILED for view in all_views):
        return {}
    first = _first_failed_inside(all_views)
    roots: dict[str, str] = {}
    for prefix, graph in _graphs(plan, all_views):
        column = layers(len(graph.ops), [(up, index) for index, op in enumerate(graph.ops) for up in op.upstream])
        for index in sorted(range(len(graph.ops)), key=column.__getitem__):
            path = prefix + graph.ops[index].name
            if path in views and views[path].state.status is Status.UPSTREAM_FAILED:
                above = (prefix + graph.ops[up].name for up in graph.ops[index].upstream)
                found = (_root(name, views, first, roots) for name in above)
                root = next((one for one in found if one), roots.get(parent(path)))
                roots |= {path: root} if root else {}
    return roots


def _root(path: str, views: Mapping[str, OpView], first: Mapping[str, str], roots: Mapping[str, str]) -> str | None:
    view = views.get(path)
    if view is not None and view.state.status in _ENDED_BADLY:
        return first.get(path, path)
    return roots.get(path)


def _graphs(plan: Plan, all_views: Sequence[OpView]) -> Iterator[tuple[str, Graph]]:
    """Every graph that was opened, with the prefix of its ops' paths; outer ones first."""
    yield "", plan.graph
    for view in all_views:
        op = view.planned
        if op is not None and op.graph is not None and (op.matrix is None or view.path.endswith("]")):
            yield view.path + ".", op.graph


def _first_failed_inside(all_views: Sequence[OpView]) -> dict[str, str]:
    """For each container the op inside it that failed first."""
    failed = [view for view in all_views if view.state.status is Status.FAILED and not view.container]
    failed.sort(key=lambda view: (view.state.finished_at or 0.0, view.path))
    first: dict[str, str] = {}
    for view in failed:
        above = parent(view.path)
        while above:
            first.setdefault(above, view.path)
            above = parent(above)
    return first

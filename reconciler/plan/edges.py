"""Edges of an op beyond its params: dependencies, events, joins; and what a dag's edges add up to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reconciler.flows.findings import Severity, Span
from reconciler.plan.fields import unknown_op
from reconciler.plan.graph import cycles
from reconciler.plan.layers import Ready
from reconciler.plan.level import Edges, Level
from reconciler.plan.report import Place, Report, place_of

Event = tuple[int, tuple[str, ...]]  # a sibling, and those of its statuses that start the op
_PREFIX = "run_status_"
_ELSEWHERE = ("runs.", "connections.")


def add_dependencies(ready: Ready, level: Level, edges: Edges, report: Report) -> None:
    """Edges from `dependencies`."""
    operation = ready.operation
    for number, name in enumerate(operation.dependencies):
        place = place_of(operation.file, operation.node, "dependencies", number)
        index = _sibling(name, level, place, report, ready.path, "dependency-unknown")
        if index is not None:
            edges.add(index, place)


def add_events(ready: Ready, level: Level, edges: Edges, report: Report) -> tuple[tuple[Event, ...], str | None]:
    """Edges from `events`, and a sentence where one of them cannot be served yet."""
    found, unsupported = [], None
    for event in ready.operation.events:
        place = place_of(ready.operation.file, event.node or ready.operation.node)
        if not event.ref.startswith("ops."):
            unsupported = f"Events of `{event.ref}` are not supported yet; events of `ops.NAME` are."
            if event.ref.startswith(_ELSEWHERE):  # anything else was reported where the file was read
                report.add("kind-unsupported", unsupported, place, ready.path)
            continue
        others = [kind for kind in event.kinds if not kind.startswith(_PREFIX)]
        if others:
            unsupported = f"Events of kind `{others[0]}` are not supported yet; `run_status_*` are."
            report.add("kind-unsupported", unsupported, place, ready.path)
        index = _sibling(event.ref.removeprefix("ops."), level, place, report, ready.path, "op-unknown")
        if index is not None:
            edges.add(index, place)
            found.append((index, tuple(kind.removeprefix(_PREFIX) for kind in event.kinds)))
    return tuple(found), unsupported


def add_joins(ready: Ready, level: Level, edges: Edges, report: Report) -> tuple[tuple[int | None, ...], str | None]:
    """The siblings that joins are narrowed to, edges to them, and a sentence where a join cannot be served yet."""
    found, unsupported = [], None
    for join in ready.operation.joins:
        index, ref = None, join.ref
        place = place_of(ready.operation.file, join.node or ready.operation.node)
        if ref is not None and ref.startswith("ops."):
            index = _sibling(ref.removeprefix("ops."), level, place, report, ready.path, "op-unknown")
            if index is not None:
                edges.add(index, place, reads=True)
            elif level.dag is None:
                unsupported = f"Joins over `{ref}` find nothing outside of a dag."
        elif ref is not None and ref != "dag":
            unsupported = f"Joins over `{ref}` are not supported yet; joins over `ops.NAME` are."
            report.add("kind-unsupported", unsupported, place, ready.path)
        found.append(index)
    return tuple(found), unsupported


def report_implied(level: Level, edges: Sequence[Edges], report: Report) -> None:
    """Notice edges that only a template asks for."""
    for ready, edge in zip(level.ops, edges, strict=True):
        for index in sorted(edge.implied):
            name = level.ops[index].name
            message = f"This reads `{name}`, so the op waits for it; `dependencies: [{name}]` would say it openly."
            report.add("edge-implied", message, edge.places[index], ready.path)


def report_cycles(level: Level, edges: Sequence[Edges], report: Report) -> bool:
    """Name every cycle in full, with the place of each of its edges. Whether there is one."""
    found = cycles([sorted(edge.places) for edge in edges])
    for cycle in found:
        ring = [*cycle, cycle[0]]
        steps = list(pairwise(ring))
        names = " → ".join(level.ops[index].name for index in ring)
        message = f"These ops wait for each other in a circle: {names}; remove one of the edges."
        also = tuple(_edge_note(level, edges, here, there) for here, there in steps)
        first = edges[cycle[0]].places[steps[0][1]]
        report.add("dag-cycle", message, first, level.ops[cycle[0]].path, also=also)
    return bool(found)


def _edge_note(level: Level, edges: Sequence[Edges], here: int, there: int) -> tuple[str, Span, str]:
    place = edges[here].places[there]
    return (place.file, place.span, f"`{level.ops[here].name}` waits for `{level.ops[there].name}`.")


def _sibling(name: str, level: Level, place: Place, report: Report, path: str, rule: str) -> int | None:
    index = level.indexes.get(name)
    if index is None and level.dag is None:
        message = f"Remove this: no op stands beside a flow, so there is no `{name}` to wait for."
        report.add(rule, message, place, path, severity=Severity.WARNING)
    elif index is None:
        fault = unknown_op(name, level.indexes)
        report.add(rule, fault.message, place, path, fault.suggestion)
    return index

"""Two plans compared, as plain frozen data: which ops and edges came, went or changed, and every reason why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.flows.kinds.table import KINDS, replicas_of
from reconciler.flows.model import Json
from reconciler.plan.hash import canonical
from reconciler.plan.model import Graph, Plan, PlannedOp, Source
from reconciler.plan.planned_sweeps import planned_count
from reconciler.plan.walk import walk_graphs


@dataclass(frozen=True, slots=True)
class Change:
    """One reason: `what` (`image`, `params.lr`, `trigger` …) was `old` and is `new`; None means absent."""

    what: str
    old: Json
    new: Json


@dataclass(frozen=True, slots=True)
class OpChange:
    """An op of both plans that differs, and all the reasons."""

    path: str
    reasons: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """What a new plan changes. Ops are named by path, an edge is (upstream, the op that waits for it).

    `flow` holds changes of the flow's own settings; `code` is set where the code id differs (which files is the
    caller's to say); without any effective change only places, comments or spellings differ.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[OpChange, ...] = ()
    edges_added: tuple[tuple[str, str], ...] = ()
    edges_removed: tuple[tuple[str, str], ...] = ()
    flow: tuple[Change, ...] = ()
    code: Change | None = None
    schedule: tuple[Change, ...] = ()
    no_effective_change: bool = True


@dataclass(frozen=True, slots=True)
class _Placed:
    """An op, its path's prefix and the graph in which its indexes count."""

    op: PlannedOp
    graph: Graph
    prefix: str = ""

    def name(self, index: int) -> str:
        return self.graph.ops[index].name


def diff(old: Plan | None, new: Plan | None) -> PlanDiff:
    """What `new` changes against `old`; None is a plan that does not exist."""
    before, after = _placed(old), _placed(new)
    both = [path for path in after if path in before]
    reasons = {path: _reasons(before[path], after[path]) for path in both}
    edges_before, edges_after = _edges(before), _edges(after)
    same = old is not None and new is not None and old.hash == new.hash and old.version == new.version
    return PlanDiff(
        added=tuple(path for path in after if path not in before),
        removed=tuple(path for path in before if path not in after),
        changed=tuple(OpChange(path, found) for path, found in reasons.items() if found),
        edges_added=tuple(edge for edge in edges_after if edge not in edges_before),
        edges_removed=tuple(edge for edge in edges_before if edge not in edges_after),
        flow=_flow_changes(old, new),
        code=_code_change(old, new),
        schedule=_schedule_changes(old, new),
        no_effective_change=same or (old is None and new is None),
    )


def _placed(plan: Plan | None) -> dict[str, _Placed]:
    if plan is None:
        return {}
    return {path: _Placed(op, graph, path[: len(path) - len(op.name)]) for path, op, graph in walk_graphs(plan)}


def _edges(placed: Mapping[str, _Placed]) -> dict[tuple[str, str], None]:
    return {(f"{one.prefix}{one.name(index)}", path): None for path, one in placed.items() for index in one.op.upstream}


def _flow_changes(old: Plan | None, new: Plan | None) -> tuple[Change, ...]:
    """Changes of a plain dag's own settings; the root of any other flow is among its ops."""
    if old is None or new is None or old.graph is not old.root.graph or new.graph is not new.root.graph:
        return ()
    alone = Graph((), ())
    name = (Change("name", old.flow, new.flow),) if old.flow != new.flow else ()
    return (*name, *_reasons(_Placed(old.root, alone), _Placed(new.root, alone)))


def _code_change(old: Plan | None, new: Plan | None) -> Change | None:
    if old is None or new is None or old.code == new.code:
        return None
    return Change("code", old.code or None, new.code or None)


def _schedule_changes(old: Plan | None, new: Plan | None) -> tuple[Change, ...]:
    before, after = (canonical(plan.schedule) if plan and plan.schedule else {} for plan in (old, new))
    return tuple(_compare(before, after, ""))


def _reasons(old: _Placed, new: _Placed) -> tuple[Change, ...]:
    found: list[Change] = []
    for what, of in _PLAIN.items():
        found += _one(what, of(old), of(new))
    for what, of in _KEYED.items():
        found += _compare(of(old), of(new), f"{what}." if what else "")
    return tuple(found)


def _one(what: str, old: Json, new: Json) -> Iterable[Change]:
    if canonical(old, of_run=True) != canonical(new, of_run=True):
        yield Change(what, old, new)


def _compare(old: Mapping[str, Json], new: Mapping[str, Json], prefix: str) -> Iterable[Change]:
    for key in dict.fromkeys((*old, *new)):
        yield from _one(f"{prefix}{key}", old.get(key), new.get(key))


def _containers(placed: _Placed) -> Mapping[str, Json]:
    """The parts of the main container, and those of each replica under its name: `worker.image`."""
    parts = dict(_container(placed.op.run.get("container")))
    for keys, replica in _replicas(placed.op):
        prefix = ".".join(keys)
        if not isinstance(replica, Mapping):
            parts[prefix] = replica
            continue
        parts |= {f"{prefix}.{key}": value for key, value in _container(replica.get("container")).items()}
        parts |= {f"{prefix}.{key}": value for key, value in replica.items() if key != "container"}
    return parts


def _container(container: Json) -> Mapping[str, Json]:
    return {"image": container} if isinstance(container, str) else canonical_resources(container or {})


def _replicas(op: PlannedOp) -> Iterable[tuple[tuple[str, ...], Json]]:
    return replicas_of(op.kind, op.run) if op.kind in KINDS else ()


def canonical_resources(container: Mapping[str, Json]) -> Mapping[str, Json]:
    """The container with quantities in their plain form, so that equal units do not look like a change."""
    if "resources" not in container:
        return container
    return {**container, "resources": canonical({"resources": container["resources"]}, of_run=True)["resources"]}


def _rest(placed: _Placed) -> Mapping[str, Json]:
    apart = {"container", *(keys[0] for keys, _ in _replicas(placed.op))}
    return {key: value for key, value in placed.op.run.items() if key not in apart}


def _params(placed: _Placed) -> Mapping[str, Json]:
    return {name: _said(source, placed) for name, source in placed.op.sources.items()}


def _said(source: Source, placed: _Placed) -> Json:
    """A param's source in words of the file: its value, or what it reads."""
    if source.kind == "value":
        return source.value
    if source.kind == "op" and source.op is not None:
        return f"ops.{placed.name(source.op)}.{source.field}"
    return {"dag": f"dag.{source.field}", "matrix": "(matrix)", "join": f"(join) {source.field}"}.get(source.kind)


def _matrix(placed: _Placed) -> Mapping[str, Json]:
    matrix = placed.op.matrix
    if matrix is None:
        return {}
    fields: dict[str, Json] = canonical(matrix)
    params = {f"params.{name}": value for name, value in matrix.params}
    return {**fields, "params": list(params), **params, "count": planned_count(matrix)}


def _ios(of: Callable[[PlannedOp], Iterable[Json]]) -> Callable[[_Placed], Mapping[str, Json]]:
    return lambda placed: {io.name: _spelt(canonical(io)) for io in of(placed.op)}


def _spelt(io: Mapping[str, Json]) -> Json:
    """An input or output in the words of the file, without a value where it has none."""
    said = {key: value for key, value in io.items() if key != "has_value" and (key != "value" or io.get("has_value"))}
    return {re.sub(r"_([a-z])", lambda found: found[1].upper(), key): value for key, value in said.items()}


def _events(placed: _Placed) -> Json:
    return [{"ref": f"ops.{placed.name(event.op)}", "kinds": list(event.statuses)} for event in placed.op.events]


def _joins(placed: _Placed) -> Json:
    joins = []
    for join in placed.op.joins:
        fields = canonical(join)
        joins.append(fields | ({"op": placed.name(join.op)} if join.op is not None else {}))
    return joins


def _field(name: str) -> Callable[[_Placed], Json]:
    return lambda placed: canonical(getattr(placed.op, name))


def _graph_field(name: str) -> Callable[[_Placed], Json]:
    return lambda placed: canonical(getattr(placed.op.graph, name)) if placed.op.graph is not None else None


_PLAIN: Mapping[str, Callable[[_Placed], Json]] = {
    "kind": _field("kind"),
    "component": _field("component"),
    "upstream": lambda placed: [placed.name(index) for index in placed.op.upstream],
    "trigger": _field("trigger"),
    "conditions": _field("conditions"),
    "skipOnUpstreamSkip": _field("skip_on_upstream_skip"),
    "events": _events,
    "joins": _joins,
    "hooks": _field("hooks"),
    "isApproved": _field("is_approved"),
    "retries": _field("max_retries"),
    "timeout": _field("timeout"),
    "ttl": _field("ttl"),
    "queue": _field("queue"),
    "namespace": _field("namespace"),
    "tags": _field("tags"),
    "concurrency": _graph_field("concurrency"),
    "earlyStopping": _graph_field("early_stopping"),
}

_KEYED: Mapping[str, Callable[[_Placed], Mapping[str, Json]]] = {
    "": _containers,
    "run": _rest,
    "params": _params,
    "inputs": _ios(lambda op: op.inputs),
    "outputs": _ios(lambda op: op.outputs),
    "matrix": _matrix,
    "cache": lambda placed: canonical(placed.op.cache),
    "plugins": lambda placed: placed.op.plugins,
}

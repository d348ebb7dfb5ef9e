"""Ops compiled, dag by dag: each made ready, bound and checked, then joined to a graph."""

from __future__ import annotations

from dataclasses import replace

from reconciler.flows.model import Cache, Hook, Json, Operation, Run, Schedule, Termination, Trigger
from reconciler.flows.remotes import RemoteSettings
from reconciler.plan.containers import check_containers
from reconciler.plan.edges import (
    add_dependencies,
    add_events,
    add_joins,
    report_cycles,
    report_implied,
    report_unreachable,
)
from reconciler.plan.graph import critical, downstream_of
from reconciler.plan.hooks import HOOK_NAMES, hook_operation
from reconciler.plan.joins import check_joins
from reconciler.plan.layers import Inherited, Layers, Ready, handed_down
from reconciler.plan.level import Edges, Level
from reconciler.plan.matrices import check_matrix
from reconciler.plan.missing import check_missing_inputs
from reconciler.plan.model import Graph, PlannedHook, PlannedOp
from reconciler.plan.names import Names, known_names
from reconciler.plan.params import bind, declared
from reconciler.plan.references import Read, References, Scope
from reconciler.plan.report import Report, place_of
from reconciler.plan.sweeps import planned_matrix
from reconciler.plan.unsupported import check_supported

OPS_LIMIT = 50_000

Outcome = tuple[PlannedOp | None, tuple[str, ...]]  # an op, None after an error, and required inputs without a value
Root = tuple[PlannedOp | None, tuple[str, ...], Schedule | None]  # the same with the schedule of the flow


class Compiler:
    """Compiles the ops of one flow; findings go to the report."""

    def __init__(self, read: Read, report: Report, remote: RemoteSettings | None = None) -> None:
        self.references = References(read, report, remote)
        self._layers = Layers(self.references)
        self._report = report
        self._count = 0

    def root(self, operation: Operation, path: str, start: bool) -> Root:
        """The op of a flow with all below it; required inputs without a value are errors if it is to start."""
        ready = self._layers.ready(operation, Scope(), None, path)
        planned, unbound = self._op(ready, Level(), Edges(), required=start)
        return planned, unbound, ready.operation.schedule

    def _graph(self, dag: Ready) -> Graph | None:
        """The ops of a dag; None, after a finding here or of the reader, where there are none."""
        run = dag.run
        assert run is not None
        if not run.operations or not self._fits(dag, len(run.operations)):
            return None
        level = self._level(dag, run)
        edges = [Edges() for _ in level.ops]
        ops = [self._op(ready, level, edge)[0] for ready, edge in zip(level.ops, edges, strict=True)]
        report_implied(level, edges, self._report)
        is_cyclic = report_cycles(level, edges, self._report)
        report_unreachable(level, edges, self._report)
        known = [op for op in ops if op is not None]
        return None if is_cyclic or len(known) < len(ops) else _joined(known, edges, run)

    def _fits(self, ready: Ready, more: int) -> bool:
        """Whether more ops stay within the limit: components that use each other multiply."""
        self._count += more
        if self._count > OPS_LIMIT:
            message = f"The flow has more than {OPS_LIMIT:,} ops, those of nested dags and hooks included; split it."
            self._report.add("yaml-too-large", message, place_of(*ready.sources[0]), ready.path)
        return self._count <= OPS_LIMIT

    def _level(self, dag: Ready, run: Run) -> Level:
        components = {component.name: component for component in run.components if component.name}
        scope = Scope(components, dag.scope, dag.scope.trail, dag.scope.hooks)
        inherited = handed_down(dag)
        ops = tuple(self._ready(operation, scope, inherited, dag.path) for operation in run.operations)
        return Level(ops, {ready.name: index for index, ready in reversed(list(enumerate(ops)))}, dag)

    def _ready(self, operation: Operation, scope: Scope, inherited: Inherited, path: str) -> Ready:
        name = operation.name or "op"
        return self._layers.ready(operation, scope, inherited, f"{path}.ops.{name}")

    def _op(
        self, ready: Ready, level: Level, edges: Edges, given: tuple[str, ...] = (), *, required: bool = True
    ) -> Outcome:
        add_dependencies(ready, level, edges, self._report)
        events, no_event = add_events(ready, level, edges, self._report)
        joins, no_join = add_joins(ready, level, edges, self._report)
        names = Names(ready, level, known_names(ready, given), edges, self._report)
        bound = bind(ready, names, given, required=required)
        if ready.component is None or ready.run is None:
            return None, ()
        self._check(ready, level, names, edges)
        graph = self._graph(ready) if ready.run.kind == "dag" else None
        planned = replace(
            _planned(ready, edges),
            graph=graph,
            sources=bound.sources,
            events=events,
            joins=joins,
            hooks=self._hooks(ready),
            unsupported=check_supported(ready, self._report) or bound.unsupported or no_event or no_join,
        )
        return (None if ready.run.kind == "dag" and graph is None else planned), bound.unbound

    def _check(self, ready: Ready, level: Level, names: Names, edges: Edges) -> None:
        assert ready.run is not None
        check_containers(ready, self._report)
        check_matrix(ready, names, self._report)
        check_joins(ready, self._report)
        check_missing_inputs(ready, edges, self._report)
        names.check_data(ready.run.data, f"{ready.path}.run")
        names.check_data(_settings_data(ready), ready.path)
        if ready.operation.conditions:
            names.check_condition(ready.operation.conditions, f"{ready.path}.conditions")
        if level.dag is not None and ready.operation.schedule is not None:
            self._report.spoil()  # said where the file was read

    def _hooks(self, ready: Ready) -> tuple[PlannedHook, ...]:
        hooks = ready.settings.hooks
        if not hooks or not self._fits(ready, len(hooks)):
            return ()
        planned = (self._hook(hook, ready, f"{ready.path}.hooks") for hook in hooks)
        return tuple(hook for hook in planned if hook is not None)

    def _hook(self, hook: Hook, ready: Ready, path: str) -> PlannedHook | None:
        operation = hook_operation(hook, ready)
        place = place_of(operation.file, hook.node)
        trail = (*ready.scope.hooks, f"{operation.file}:{place.span.line}:{place.span.column}#{hook.hub_ref}")
        if trail[-1] in ready.scope.hooks:
            self.references.cycle(trail, place, path)
            return None
        inner = self._layers.ready(operation, Scope(hooks=trail), None, path)
        op, _ = self._op(inner, Level(), Edges(), () if hook.disable_defaults else HOOK_NAMES)
        if hook.conditions:
            names = Names(inner, Level(), known_names(inner, HOOK_NAMES), Edges(), self._report)
            names.check_condition(hook.conditions, path)
        return None if op is None else PlannedHook(op, hook.trigger, hook.conditions, hook.disable_defaults)


def _settings_data(ready: Ready) -> list[Json]:
    """What may hold templates beside the run section, the params and the matrix."""
    run, settings = ready.run, ready.settings
    assert run is not None
    inputs = ready.component.inputs if ready.component else ()
    termination, cache = settings.termination or Termination(), settings.cache or Cache()
    return [
        *(run.concurrency, settings.is_approved, settings.queue, settings.namespace, cache.disable, cache.ttl),
        *(termination.max_retries, termination.timeout, termination.ttl, settings.plugins),
        *(io.value for io in inputs),
        *([join.query, join.sort, join.limit, join.offset] for join in ready.operation.joins),
    ]


def _joined(ops: list[PlannedOp], edges: list[Edges], run: Run) -> Graph:
    upstream = [tuple(sorted(edge.places)) for edge in edges]
    parts = zip(ops, upstream, downstream_of(upstream), critical(upstream), strict=True)
    return Graph(
        ops=tuple(
            replace(op, upstream=before, downstream=tuple(after), critical=length)
            for op, before, after, length in parts
        ),
        roots=tuple(index for index, before in enumerate(upstream) if not before),
        concurrency=run.concurrency,
        early_stopping=tuple(replace(stop, node=None) for stop in run.early_stopping),
    )


def _planned(ready: Ready, edges: Edges) -> PlannedOp:
    """The op without what depends on other ops."""
    operation, component, run, settings = ready.operation, ready.component, ready.run, ready.settings
    assert component is not None
    assert run is not None
    termination = settings.termination or Termination()
    node = operation.node
    return PlannedOp(
        name=ready.name,
        kind=run.kind,
        run=run.data,
        component=component.name,
        inputs=tuple(replace(io, node=None) for io in component.inputs),
        outputs=tuple(replace(io, node=None) for io in component.outputs),
        matrix=planned_matrix(operation.matrix, declared(ready)) if operation.matrix else None,
        reads=tuple(sorted(edges.reads)),
        trigger=operation.trigger or Trigger.ALL_SUCCEEDED,
        conditions=operation.conditions,
        skip_on_upstream_skip=operation.skip_on_upstream_skip,
        is_approved=settings.is_approved,
        cache=settings.cache or Cache(),
        max_retries=termination.max_retries,
        timeout=termination.timeout,
        ttl=termination.ttl,
        queue=settings.queue,
        namespace=settings.namespace,
        tags=settings.tags,
        plugins=settings.plugins or {},
        file=operation.file,
        line=node.line if node is not None else 0,
    )

"""Ops judged, dag by dag: each made ready, bound and checked, then seen together. No plan is made here."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.flows.model import Hook, Operation, Run
from reconciler.flows.remotes import RemoteSettings
from reconciler.plan.bodies import extras
from reconciler.plan.containers import check_containers
from reconciler.plan.edges import (
    Event,
    add_dependencies,
    add_events,
    add_joins,
    report_cycles,
    report_implied,
)
from reconciler.plan.hooks import HOOK_NAMES, hook_operation
from reconciler.plan.joins import check_joins
from reconciler.plan.layers import Inherited, Layers, Ready, handed_down
from reconciler.plan.level import Edges, Level
from reconciler.plan.matrices import check_matrix
from reconciler.plan.missing import check_missing_inputs
from reconciler.plan.names import Names
from reconciler.plan.params import Bound, bind
from reconciler.plan.patches import check_patches
from reconciler.plan.reachable import Patience, report_unreachable
from reconciler.plan.references import Read, References, Scope
from reconciler.plan.report import Report, place_of
from reconciler.plan.unsupported import check_supported

OPS_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class Judged:
    """An op with all that judging it found out, for a plan to be made of it.

    `ops` are those of a dag, None where there is none or they can make no graph. An op that is not `whole` can have
    no plan: something in it was found that says why. `unsupported` says what of it nothing can run yet.
    """

    ready: Ready
    edges: Edges
    bound: Bound
    ops: tuple[Judged, ...] | None = None
    events: tuple[Event, ...] = ()
    joins: tuple[int | None, ...] = ()
    hooks: tuple[tuple[Hook, Judged], ...] = ()
    unsupported: str | None = None

    @property
    def whole(self) -> bool:
        """Whether there can be a plan of it."""
        run = self.ready.run
        return run is not None and (run.kind != "dag" or self.ops is not None)


class Judge:
    """Judges the ops of one flow; findings go to the report."""

    def __init__(self, read: Read, report: Report, remote: RemoteSettings | None = None) -> None:
        self.references = References(read, report, remote)
        self._layers = Layers(self.references)
        self._report = report
        self._patience = Patience()
        self._count = 0

    def root(self, operation: Operation, path: str, start: bool) -> Judged:
        """The op of a flow with all below it; required inputs without a value are errors if it is to start."""
        ready = self._layers.ready(operation, Scope(), None, path)
        return self._op(ready, Level(), Edges(), required=start)

    def _ops(self, dag: Ready, run: Run) -> tuple[Judged, ...] | None:
        """The ops of a dag; None, after a finding here or of the reader, where they can make no graph."""
        if not run.operations or not self._fits(dag, len(run.operations)):
            return None
        level = self._level(dag, run)
        ops = tuple([self._op(ready, level, Edges()) for ready in level.ops])
        edges = [op.edges for op in ops]
        report_implied(level, edges, self._report)
        is_cyclic = report_cycles(level, edges, self._report)
        report_unreachable(level, edges, self._report, self._patience)
        return None if is_cyclic or not all(op.whole for op in ops) else ops

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
        ops = tuple([self._ready(operation, scope, inherited, dag.path) for operation in run.operations])
        return Level(ops, {ready.name: index for index, ready in reversed(list(enumerate(ops)))}, dag)

    def _ready(self, operation: Operation, scope: Scope, inherited: Inherited | None, path: str) -> Ready:
        name = operation.name or "op"
        return self._layers.ready(operation, scope, inherited, f"{path}.ops.{name}")

    def _op(
        self, ready: Ready, level: Level, edges: Edges, given: tuple[str, ...] = (), *, required: bool = True
    ) -> Judged:
        add_dependencies(ready, level, edges, self._report)
        events, no_event = add_events(ready, level, edges, self._report)
        joins, no_join = add_joins(ready, level, edges, self._report)
        names = Names(ready, level, edges, self._report, given)
        bound = bind(ready, names, given, required=required)
        run = ready.run
        if run is None:
            return Judged(ready, edges, bound)
        no_query = check_joins(ready, self._report)
        self._check(ready, level, names, edges)
        ops = self._ops(ready, run) if run.kind == "dag" else None
        hooks = self._hooks(ready) if ready.settings.hooks else ()
        unsupported = check_supported(ready, self._report) or bound.unsupported or no_event or no_join or no_query
        return Judged(ready, edges, bound, ops, events, joins, hooks, unsupported)

    def _check(self, ready: Ready, level: Level, names: Names, edges: Edges) -> None:
        operation = ready.operation
        check_containers(ready, self._report)
        check_matrix(ready, names, self._report)
        check_patches(ready, self._report)
        check_missing_inputs(ready, edges, self._report)
        _check_templates(ready, names)
        if operation.conditions:
            names.check_condition(operation.conditions, f"{ready.path}.conditions")
        if operation.schedule is not None and level.dag is not None:
            self._report.spoil()  # said where the file was read

    def _hooks(self, ready: Ready) -> tuple[tuple[Hook, Judged], ...]:
        hooks = ready.settings.hooks
        if not self._fits(ready, len(hooks)):
            return ()
        judged = ((hook, self._hook(hook, ready, f"{ready.path}.hooks")) for hook in hooks)
        return tuple((hook, op) for hook, op in judged if op is not None and op.whole)

    def _hook(self, hook: Hook, ready: Ready, path: str) -> Judged | None:
        operation = hook_operation(hook, ready)
        place = place_of(operation.file, hook.node)
        trail = (*ready.scope.hooks, f"{operation.file}:{id(hook)}#{hook.hub_ref}")
        self.references.lead(trail, place)
        if trail[-1] in ready.scope.hooks:
            self.references.cycle(trail, place, path)
            return None
        inner = self._layers.ready(operation, Scope(hooks=trail), None, path)
        op = self._op(inner, Level(), Edges(), () if hook.disable_defaults else HOOK_NAMES)
        if hook.conditions:
            names = Names(inner, Level(), Edges(), self._report, HOOK_NAMES)
            names.check_condition(hook.conditions, path)
        return op


def _check_templates(ready: Ready, names: Names) -> None:
    """Check all templates but those of params, matrix and conditions. A body that stands alone was looked at before."""
    body, joins = ready.body, ready.operation.joins
    assert body is not None
    if not body.stands_alone:
        names.check_data(body.run.data, f"{ready.path}.run")
        names.check_data(extras(body.component, body.run, body.settings), ready.path)
    if joins:
        names.check_data([[join.query, join.sort, join.limit, join.offset] for join in joins], ready.path)

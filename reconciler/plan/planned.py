"""Judged ops made a plan: everything decided is written down as plain data. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from reconciler.flows.model import IO, Cache, Component, Hook, Json, Param, Run, Termination, Trigger
from reconciler.plan.dags import Judged
from reconciler.plan.fields import bare_field
from reconciler.plan.graph import critical, downstream_of
from reconciler.plan.layers import Ready
from reconciler.plan.model import EventEdge, Graph, PlannedHook, PlannedJoin, PlannedOp, Source
from reconciler.plan.params import Bound
from reconciler.plan.planned_sweeps import planned_matrix
from reconciler.plan.sweeps import swept_names

_IO_VALUES = attrgetter(*(field.name for field in fields(IO) if field.name != "node"))

Ends = tuple[tuple[int, ...], tuple[int, ...], int]  # upstream, downstream, ops on the longest way to an end
_ALONE: Ends = ((), (), 1)
_NO_CACHE, _NO_TERMINATION = Cache(), Termination()


class Planner:
    """Makes the ops of one flow. What ops share is made once."""

    def __init__(self) -> None:
        self._declared: dict[int, tuple[Component, tuple[IO, ...], tuple[IO, ...]]] = {}

    def op(self, judged: Judged, ends: Ends = _ALONE) -> PlannedOp:
        """A whole op with all below it."""
        ready, edges = judged.ready, judged.edges
        operation, body, settings = ready.operation, ready.body, ready.settings
        assert body is not None
        termination, node = settings.termination or _NO_TERMINATION, operation.node
        _, inputs, outputs = self._io(body.component)
        upstream, downstream, length = ends
        return PlannedOp(
            name=ready.name,
            kind=body.run.kind,
            run=body.run.data,
            component=body.component.name,
            inputs=inputs,
            outputs=outputs,
            sources=_sources(ready, judged.bound),
            graph=self._graph(judged.ops, body.run) if judged.ops is not None else None,
            matrix=planned_matrix(operation.matrix, body.declared) if operation.matrix else None,
            upstream=upstream,
            downstream=downstream,
            events=tuple([EventEdge(*event) for event in judged.events]),
            reads=tuple(sorted(edges.reads)),
            trigger=operation.trigger or Trigger.ALL_SUCCEEDED,
            conditions=operation.conditions,
            skip_on_upstream_skip=operation.skip_on_upstream_skip,
            is_approved=settings.is_approved,
            joins=_joins(judged),
            hooks=tuple([self._hook(hook, op) for hook, op in judged.hooks]),
            cache=settings.cache or _NO_CACHE,
            max_retries=termination.max_retries,
            timeout=termination.timeout,
            ttl=termination.ttl,
            queue=settings.queue,
            namespace=settings.namespace,
            tags=settings.tags,
            plugins=settings.plugins or {},
            critical=length,
            file=operation.file,
            line=node.line if node is not None else 0,
            unsupported=judged.unsupported,
        )

    def _hook(self, hook: Hook, judged: Judged) -> PlannedHook:
        return PlannedHook(self.op(judged), hook.trigger, hook.conditions, hook.disable_defaults)

    def _graph(self, ops: Sequence[Judged], run: Run) -> Graph:
        upstream = [tuple(sorted(op.edges.places)) for op in ops]
        downstream = map(tuple, downstream_of(upstream))
        ends = zip(upstream, downstream, critical(upstream), strict=True)
        return Graph(
            ops=tuple([self.op(op, end) for op, end in zip(ops, ends, strict=True)]),
            roots=tuple(index for index, before in enumerate(upstream) if not before),
            concurrency=run.concurrency,
            early_stopping=tuple(replace(stop, node=None) for stop in run.early_stopping),
        )

    def _io(self, component: Component) -> tuple[Any, tuple[IO, ...], tuple[IO, ...]]:
        """The component, kept for its identity, and its inputs and outputs without their places."""
        key = id(component)
        if key not in self._declared:
            self._declared[key] = (component, _placeless(component.inputs), _placeless(component.outputs))
        return self._declared[key]


def _placeless(declared: tuple[IO, ...]) -> tuple[IO, ...]:
    return tuple([IO(*_IO_VALUES(io)) for io in declared])


def _sources(ready: Ready, bound: Bound) -> dict[str, Source]:
    """The sources of an op's params, in which those of its joins and its matrix have the last word."""
    operation = ready.operation
    found = {name: _source(operation.params[name], *taken) for name, taken in bound.taken.items()}
    if not operation.joins and operation.matrix is None:
        return found
    for index, join in enumerate(operation.joins):
        for name, param in join.params.items():
            found[name] = _source(param, "join", field=bare_field(param.value) or "", join=index)
    return found | {name: Source("matrix", field=name) for name in swept_names(operation.matrix)}


def _source(
    param: Param, kind: str, value: Json = None, op: int | None = None, field: str = "", join: int | None = None
) -> Source:
    return Source(
        kind,
        value=value,
        op=op,
        field=field,
        join=join,
        context_only=bool(param.context_only),
        connection=param.connection,
        to_init=param.to_init,
        to_env=param.to_env,
    )


def _joins(judged: Judged) -> tuple[PlannedJoin, ...]:
    joins = judged.ready.operation.joins
    return tuple(
        [
            PlannedJoin(join.query, index, join.sort, join.limit, join.offset)
            for join, index in zip(joins, judged.joins, strict=True)
        ]
    )

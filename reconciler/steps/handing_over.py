"""A newer plan takes over from a live run: what still holds is handed on, the rest is stopped."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from reconciler.engine.model import FINAL, OpState, Status
from reconciler.plan.hash import op_digest
from reconciler.plan.model import Graph, Plan, PlannedOp
from reconciler.records import AttemptRow, OpRow

BY = "newer plan"  # who asked the older run to stop


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Ops and attempts of the new run, and ops of the older run as they are left behind."""

    ops: tuple[OpState, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()
    old_ops: tuple[OpRow, ...] = ()


def hand_over(
    old_plan: Plan,
    plan: Plan,
    old: str,
    states: Sequence[OpState],
    live: Sequence[AttemptRow],
    new: str,
    now: float,
) -> HandedOver:
    """Move live attempts of run `old` whose work is the same in `plan` to run `new`; the rest is its own to stop.

    The work of an op is the same if it and all it depends on are planned alike and the code is the same: then its
    cache key, once known, is equal too. Ops below a nested dag or a sweep are not handed over.
    """
    same = _same(old_plan, plan) if old_plan.code == plan.code else frozenset()
    at_work = {row.id for row in live if row.wanted == "run"}
    kept = {state.path: state for state in states if state.path in same and _holds(state, at_work)}
    moving = [row for row in live if row.op in kept and row.id == kept[row.op].attempt and row.id in at_work]
    return HandedOver(
        tuple(state.copy() for state in kept.values()),
        tuple(replace(row, run=new) for row in moving),
        tuple(OpRow(old, _left_behind(kept[row.op], new, now)) for row in moving),
    )


def _holds(state: OpState, at_work: Set[str]) -> bool:
    """Whether an op is done, or at work under a cache key that is known and is not being stopped."""
    if state.status in FINAL or state.status is Status.STOPPING:
        return state.status is Status.SUCCEEDED
    return state.cache_key is not None and state.attempt in at_work


def _left_behind(state: OpState, new: str, now: float) -> OpState:
    message = f"Its attempt was handed to run {new}."
    return state.having(status=Status.STOPPED, reason="HandedOver", message=message, finished_at=now, attempt=None)


def _same(old: Plan, new: Plan) -> frozenset[str]:
    """Names of the top jobs that are planned alike, all their upstreams included."""
    before = {op.name: op_digest(op) for op in old.graph.ops if _is_job(op)}
    ops, same = new.graph.ops, set[str]()
    for index in _in_order(new.graph):
        op = ops[index]
        alike = _is_job(op) and before.get(op.name) == op_digest(op)
        if alike and all(ops[upstream].name in same for upstream in op.upstream):
            same.add(op.name)
    return frozenset(same)


def _is_job(op: PlannedOp) -> bool:
    return op.graph is None and op.matrix is None and op.kind == "job"


def _in_order(graph: Graph) -> Sequence[int]:
    """Indices of the ops, upstreams first."""
    waiting = [len(op.upstream) for op in graph.ops]
    order = list(graph.roots)
    for index in order:  # grows while it is walked
        for downstream in graph.ops[index].downstream:
            waiting[downstream] -= 1
            if not waiting[downstream]:
                order.append(downstream)
    return order

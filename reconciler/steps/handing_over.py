"""A newer plan takes over from a live run: what still holds is handed on, the rest is stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.engine.model import FINAL, OpState, Status
from reconciler.plan.hash import op_digest
from reconciler.plan.model import Graph, Plan, PlannedOp
from reconciler.records import AttemptRow, OpRow, RunRow

BY = "newer plan"  # who asked the older run to stop


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Ops and attempts of the new run, and the older run as it is left behind."""

    ops: tuple[OpState, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()
    old_run: RunRow | None = None
    old_ops: tuple[OpRow, ...] = ()


def hand_over(
    old: RunRow, old_plan: Plan, plan: Plan, states: Sequence[OpState], live: Sequence[AttemptRow], new: str, now: float
) -> HandedOver:
    """Move live attempts of `old` whose work is the same in `plan` to run `new`, and ask the rest to stop.

    The work of an op is the same if it and all it depends on are planned alike and the code is the same: then its
    cache key, once known, is equal too. Ops below a nested dag or a sweep are not handed over.
    """
    by_path = {state.path: state for state in states}
    same = _same(old_plan, plan) if old_plan.code == plan.code else frozenset()
    kept = {path: state for path, state in by_path.items() if path in same and _holds(state)}
    moving = [row for row in live if row.op in kept and not row.op.count(".") and row.wanted == "run"]
    stopped = replace(old.state, stop_asked_by=old.state.stop_asked_by or BY)
    return HandedOver(
        tuple(replace(state) for state in kept.values()),
        tuple(replace(row, run=new) for row in moving),
        replace(old, state=stopped),
        tuple(OpRow(old.id, _left_behind(kept[row.op], new, now)) for row in moving),
    )


def _holds(state: OpState) -> bool:
    return state.status is Status.SUCCEEDED or (state.cache_key is not None and state.status not in FINAL)


def _left_behind(state: OpState, new: str, now: float) -> OpState:
    message = f"Its attempt was handed to run {new}."
    return replace(state, status=Status.STOPPED, reason="HandedOver", message=message, finished_at=now, attempt=None)


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

"""Runs that repeat a run: restart, restart of what failed, and copy. Each makes a new run; `resume` is the engine's."""

from __future__ import annotations

from dataclasses import replace

from reconciler.engine.again import taken_over
from reconciler.plan.model import Plan
from reconciler.ports import World
from reconciler.records import FlowRow, RequestRow, RunRow
from reconciler.steps.starting import Started, new_run

VERBS = frozenset({"restart", "copy"})


def restarted(world: World, run: RunRow, plan: Plan, request: RequestRow, now: float) -> Started:
    """The new run that a request for `restart` or `copy` asks for.

    With `failed` among the arguments, or with an op named, succeeded ops that are not downstream are taken over.
    """
    old = [row.state for row in world.store.ops(run.id)]
    partly = bool(request.arguments.get("failed")) or request.op is not None
    kind = "copy" if request.verb == "copy" else "restart"
    flow = world.store.flow(run.state.flow) or FlowRow(run.state.flow, run.repository, "", "", run.facts.flow)
    return new_run(
        flow,
        plan,
        f"request:{request.id}",
        now,
        replace(run.facts, cloning_kind=kind, original=run.id),
        cause=f"{request.verb} of run {run.id} by {request.by}",
        sha=run.sha,
        priority=run.priority,
        services=run.services,
        code_dir=run.code_dir,
        chain=run.state.chain,
        taken_from=run.id,
        place=run.place if partly or kind == "copy" or run.code_dir else "",  # where the files are that it takes
        ops=taken_over(plan, old, request.op) if partly else (),
    )

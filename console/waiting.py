"""What the ops of a live run wait for, in words. Pure: a function of the run as it is told."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.checks import words
from reconciler.checks.evidence import Story
from reconciler.checks.ops import OpView, planned
from reconciler.engine.model import FINAL, Status
from reconciler.engine.reasons import AWAITING_APPROVAL
from reconciler.plan.model import Plan

_STARTED = frozenset({Status.STARTING, Status.RUNNING, Status.PROCESSING, Status.STOPPING})


def waits_for(story: Story) -> list[tuple[str, str]]:
    """(op path, `waits for …`) of every op that has neither started nor ended; nothing once the run has ended."""
    if story.evidence.run.status in FINAL:
        return []
    waiting = (view for view in story.leaves if view.state.status not in FINAL | _STARTED)
    return [(view.path, _reason(story, view)) for view in waiting]


def _reason(story: Story, view: OpView) -> str:
    state = view.state
    if state.reason == AWAITING_APPROVAL:
        return f"waits for approval: headgate approve {story.evidence.run.id} {view.path}"
    if state.due_at is not None:
        return f"is tried again at {words.when(state.due_at)}"
    if state.status is Status.UNSCHEDULABLE:
        return f"fits on no machine now{': ' + words.line(state.message) if state.message else ''}"
    ahead = [path for path in _upstream(story.evidence.plan, view.path) if not _done(story, path)]
    if ahead:
        return f"waits for {words.listed(ahead)}"
    if view.planned is not None and view.planned.queue:
        return f"waits for a place in queue {words.line(view.planned.queue)}"
    return "waits for its turn: for a free slot, or for the next look at the run"


def _done(story: Story, path: str) -> bool:
    state = story.states.get(path)
    return state is not None and state.status in FINAL


def _upstream(plan: Plan, path: str) -> Sequence[str]:
    """The ops before an op, and before what it is in."""
    prefix, _, last = path.rpartition(".")
    holder = planned(plan, prefix) if prefix else None
    graph = plan.graph if not prefix else holder.graph if holder else None
    name = last.partition("[")[0]
    op = next((op for op in graph.ops if op.name == name), None) if graph else None
    own = [graph.ops[index].name for index in op.upstream] if op and graph else []
    outer = _upstream(plan, prefix) if prefix else []
    return [*(f"{prefix}.{one}" if prefix else one for one in own), *outer]

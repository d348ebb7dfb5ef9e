"""What people asked of a run: which requests are facts for its machine, which start another run, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.engine.model import FINAL, GOOD, Asked, OpState
from reconciler.plan.model import Plan
from reconciler.plan.walk import op_at
from reconciler.records import Changes, RequestRow, RunRow
from reconciler.steps.lost_files import refusal_of_lost
from reconciler.steps.restarting import VERBS as AGAIN
from reconciler.store import Store

ASKED = ("stop", "skip", "approve", "resume")
_GO_ON = {"resume": "go on", "copy": "be copied"}


def refusal(store: Store, run: RunRow, plan: Plan, request: RequestRow) -> str:
    """Why a request cannot be done, for people; "" if it can."""
    if request.verb not in (*ASKED, *AGAIN):
        return f"A run cannot be asked to {request.verb}."
    if request.op and not _has(plan, request.op):
        return f"Run {run.id} has no op `{request.op}`."
    ended = run.state.status in FINAL
    if request.verb in (*AGAIN, "resume") and _is_left_behind(store, run):
        return f"Run {run.id} was a trial run of {run.facts.proposal}, which is closed or has a newer head."
    if request.verb == "resume" and not ended:
        return f"Run {run.id} has not ended: only a run that has can be resumed."
    if request.verb == "resume" and store.attempts(run.id):  # handed to it, and it ended before it began
        return f"Ops of run {run.id} are still being stopped: resume it when they have ended."
    has_more = request.verb == "resume" and (bool(request.op) or run.state.status not in GOOD)
    if request.verb in ASKED and ended and not has_more:
        return f"Run {run.id} has ended ({run.state.status}): there is nothing to {request.verb}."
    if request.verb == "skip" and not request.op:
        return "Name the op to skip."
    if _builds_on_files(request):
        states = [row.state for row in store.ops(run.id)]
        return refusal_of_lost(store, run.id, _GO_ON.get(request.verb, "be restarted"), _kept(states, request.op))
    return ""


def asked(request: RequestRow) -> Asked:
    """The request as a fact for the machine."""
    return Asked(request.id, request.verb, request.by, request.at, request.op)


def answered(run: RunRow, request: RequestRow, refused: str, now: float) -> RequestRow:
    """The request with its answer."""
    where = f"{run.id} {request.op}" if request.op else run.id
    return replace(request, done_at=now, answer=refused or f"{request.verb} {where}: recorded.")


def without_run(requests: Sequence[RequestRow], now: float) -> Changes:
    """What was asked of a run that is not there."""
    answer = "There is no such run any more: what is past its time is pruned."
    return Changes(answered=tuple(replace(one, done_at=now, answer=answer) for one in requests))


def _is_left_behind(store: Store, run: RunRow) -> bool:
    """Whether nobody would stop it when its proposal is closed, as that has been."""
    flow = store.flow(run.state.flow) if run.facts.proposal else None
    return bool(run.facts.proposal) and (flow is None or not flow.at_head)


def _builds_on_files(request: RequestRow) -> bool:
    """Whether it takes over what the run has done."""
    return request.verb in ("resume", "copy") or bool(request.op or request.arguments.get("failed"))


def _kept(ops: Sequence[OpState], named: str | None) -> list[OpState]:
    """All but the op that is begun once more by its name, and what is inside it."""
    return [op for op in ops if named is None or not f"{op.path}.".startswith((f"{named}.", f"{named}["))]


def _has(plan: Plan, path: str) -> bool:
    try:
        op_at(plan, path.partition("!")[0])
    except KeyError:
        return False
    return True

"""A flow and the head of its repository: what is declared there is applied, starts a run, waits, or is retired."""

from __future__ import annotations

from dataclasses import replace

from reconciler.checks.run import not_started, only_judged, superseded, waiting
from reconciler.plan.model import HASH_VERSION, Plan
from reconciler.records import FlowRow, RepositoryRow
from reconciler.steps import schedules
from reconciler.steps.draft import Draft
from reconciler.steps.flow_files import load
from reconciler.steps.handing_over import HandedOver, hand_over
from reconciler.steps.plans import plan_of, row_of
from reconciler.steps.starting import Started, new_run

BROKEN = "Its file has errors at the head, or its inputs are not bound."


def follow_head(draft: Draft) -> None:
    """Make the flow agree with the head, as far as that can be done now. Raises Waiting as the source does."""
    flow, repository = draft.flow, draft.world.store.repository(draft.flow.repository)
    if repository is None or not repository.head:
        return
    if not flow.at_head:
        _retire_if_allowed(draft, repository)
    elif flow.frozen:
        _pass_over_waiting(draft, repository.head)
    elif not _is_applied(flow):
        _apply(draft, repository)


def retire(draft: Draft, why: str, stop: bool) -> None:
    """The flow is no more: its schedule ends, its services are pruned, its runs finish or are stopped."""
    for run in draft.live if stop else ():
        draft.stop(run)
    draft.set(retired=True)
    known = draft.world.store.schedule(draft.flow.id)
    if known is not None:
        draft.add(schedules=(replace(known, done=True, next_at=None),))
    draft.note("Retired", why)


def _retire_if_allowed(draft: Draft, repository: RepositoryRow) -> None:
    _pass_over_waiting(draft, repository.head)
    if repository.pruning_held or repository.broken:
        return
    why = f"{draft.flow.path} is gone at {repository.head[:10]}."
    retire(draft, why, stop=draft.settings.on_remove == "stop")


def _is_applied(flow: FlowRow) -> bool:
    if flow.waiting_sha or flow.applied_declared != flow.declared:
        return False
    was_recorded = bool(flow.applied_sha) and not flow.applied_plan  # at connecting: its plan is made when it is needed
    return was_recorded or (bool(flow.applied_plan) and flow.applied_version == HASH_VERSION)


def _apply(draft: Draft, repository: RepositoryRow) -> None:
    plan = _plan_at(draft, repository, repository.head)
    if plan is None:
        _pass_over_waiting(draft, repository.head)
        draft.set(frozen=BROKEN)
        draft.note("Frozen", BROKEN)
    elif plan.hash == _applied_hash(draft, repository) or _is_only_recorded(draft, plan):
        _let_go_of_waiting(draft, repository.head)
        _record(draft, plan, repository.head)
    elif not draft.world.runs(repository.name):
        _let_go_of_waiting(draft, repository.head)
        _record(draft, plan, repository.head)
        draft.say(repository.head, only_judged(draft.check_name, repository.head, draft.now))
    elif _must_wait(draft):
        _wait(draft, repository.head)
    else:
        _start(draft, plan, repository)


def _plan_at(draft: Draft, repository: RepositoryRow, sha: str) -> Plan | None:
    loaded = load(draft.world.source, repository.name, sha, draft.flow.path, draft.flow.name)
    return None if loaded is None else loaded.plan


def _applied_hash(draft: Draft, repository: RepositoryRow) -> str:
    """The hash of the applied plan as today's code computes it, so that an upgrade starts nothing.

    Of a flow that was only recorded when its repository was connected, the plan is made here for the first time.
    """
    flow = draft.flow
    if not flow.applied_sha or flow.applied_version == HASH_VERSION:
        return flow.applied_plan
    plan = _plan_at(draft, repository, flow.applied_sha)
    return flow.applied_plan if plan is None else plan.hash


def _is_only_recorded(draft: Draft, plan: Plan) -> bool:
    """Whether a new plan starts no run by being merged."""
    is_connected = draft.flow.connecting and draft.settings.on_connect != "run"
    return is_connected or plan.schedule is not None or draft.flow.paused or "merge" not in draft.settings.start_on


def _record(draft: Draft, plan: Plan, sha: str) -> None:
    draft.world.source.keep(draft.flow.repository, sha)
    draft.set(
        applied_plan=plan.hash,
        applied_core=plan.core_hash,
        applied_version=plan.version,
        applied_sha=sha,
        applied_declared=draft.flow.declared,
        connecting=False,
        waiting_sha="",
    )
    draft.add(plans=(row_of(plan),))
    known = draft.world.store.schedule(draft.flow.id)
    row = schedules.registered(draft.flow.id, plan.schedule, known, draft.now)
    if row is not None and row != known:
        draft.add(schedules=(row,))


# --- a newer plan -----------------------------------------------------------------------------------------------------


def _must_wait(draft: Draft) -> bool:
    policy = draft.settings.on_new_plan
    limit = draft.settings.concurrency or (None if policy == "parallel" else 1)
    return policy != "cancel" and limit is not None and len(draft.live) >= limit


def _wait(draft: Draft, sha: str) -> None:
    if draft.flow.waiting_sha == sha:
        return
    _let_go_of_waiting(draft, sha)
    draft.set(waiting_sha=sha)
    draft.say(sha, waiting(draft.check_name, sha, [run.id for run in draft.live]))


def _let_go_of_waiting(draft: Draft, head: str) -> None:
    """The commit that waited, if one did, starts nothing any more: its check is told so."""
    passed = draft.flow.waiting_sha
    if not passed:
        return
    if passed != head:
        draft.say(passed, superseded(draft.check_name, passed, head, draft.now))
    elif draft.flow.paused:
        draft.say(passed, not_started(draft.check_name, passed, "the flow is paused", draft.now))
    draft.set(waiting_sha="")


def _pass_over_waiting(draft: Draft, head: str) -> None:
    """A flow that cannot be applied at the head does not start what waited at an earlier one either."""
    if draft.flow.waiting_sha != head:
        _let_go_of_waiting(draft, head)


def _start(draft: Draft, plan: Plan, repository: RepositoryRow) -> None:
    head, generation = repository.head, draft.flow.generation + 1
    started = new_run(
        draft.flow,
        plan,
        f"merge:{generation}",
        draft.now,
        draft.facts(head, repository.default_branch),
        cause=f"merged at {head[:10]}",
        sha=head,
        priority=draft.settings.priority,
        services=draft.settings.services,
        place=draft.home,
    )
    if draft.settings.on_new_plan == "cancel":
        started = _superseding(draft, started, plan)
    if draft.flow.waiting_sha != head:
        _let_go_of_waiting(draft, head)
    _record(draft, plan, head)
    draft.set(generation=generation)
    draft.start(started)


def _superseding(draft: Draft, started: Started, plan: Plan) -> Started:
    """Hand over what still holds of the live runs, the newest first, and stop the rest."""
    store = draft.world.store
    for old in draft.live:
        if old in draft.changes.new_runs:  # begun in this very step: there is nothing yet to hand over
            draft.stop(old)
            continue
        taken = {op.path for op in started.ops}
        states = [row.state for row in store.ops(old.id) if row.state.path not in taken]
        new, attempts = started.run.id, store.attempts(old.id)
        handed = hand_over(plan_of(store, old), plan, old.id, states, attempts, new, draft.now)
        if handed.ops and started.run.place not in ("", old.place):  # files and processes of two places make no run
            handed = HandedOver()
        run = replace(started.run, place=started.run.place or (old.place if handed.ops else ""))
        ops, moved = (*started.ops, *handed.ops), (*started.attempts, *handed.attempts)
        uses = (*started.uses, *((old.id,) if handed.ops else ()))
        started = replace(started, run=run, ops=ops, attempts=moved, uses=uses)
        draft.stop(old, handed.old_ops)
    return started

"""The step of a flow: its requests, the head, its schedule, its services; nobody else may act for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from reconciler.checks.run import NOTHING_RUNS
from reconciler.flows.model import Json
from reconciler.keys import FlowKey, ReviewKey
from reconciler.plan.model import Plan
from reconciler.plan.walk import walk
from reconciler.ports import World
from reconciler.records import Changes, Lease, RequestRow, Wake
from reconciler.steps import belonging, schedules, services
from reconciler.steps.draft import Draft
from reconciler.steps.following_head import follow_head, retire
from reconciler.steps.given_params import NotPlanned, plan_with
from reconciler.steps.plans import decoded, leave_to_newer
from reconciler.steps.starting import new_run

IN_TURN = 2.0  # s between looks at services of one flow that are in several places


def reconcile_flow(world: World, key: FlowKey, lease: Lease) -> Changes:
    """Move one flow one step closer to its declaration.

    Raises Waiting when the repository is away, or a newer release has applied the flow.
    """
    flow = world.store.flow(key.flow)
    if flow is None:
        return _without_flow(world.store.requests(key), world.clock.now())
    leave_to_newer(flow.applied_version, f"The applied plan of {flow.name}")
    homes = services.homes(world, flow.id)
    elsewhere = belonging.others(world, homes)
    if elsewhere and belonging.here(world) not in homes:
        return belonging.handed_to(world, elsewhere[0])
    draft = Draft(world, flow, next(iter(elsewhere), "") if homes else "")
    for request in world.store.requests(key):
        _answer(draft, request)
    if not flow.retired and flow.scope == "":
        follow_head(draft)
        _serve_schedule(draft)
    elif flow.scope and flow.applied_sha:  # runs of a working tree have no commit
        _look_at_trials(draft)
    _keep_services(draft, lease)
    _hand_on(draft, lease, homes, elsewhere)
    return draft.written()


def _hand_on(draft: Draft, lease: Lease, homes: Set[str], elsewhere: Sequence[str]) -> None:
    """The flow is looked at where its services are; if they are in several places, there in turn."""
    mine = belonging.here(draft.world)
    wanted = elsewhere[0] if elsewhere else mine if mine in homes else ""
    if elsewhere:
        draft.look_again(draft.now + IN_TURN)
    if wanted != lease.place:
        draft.go_on_in(wanted)


# --- requests ---------------------------------------------------------------------------------------------------------


def _without_flow(requests: Sequence[RequestRow], now: float) -> Changes:
    """What was asked of a flow that was pruned just then."""
    answer = "There is no such flow any more: what is past its time is pruned."
    return Changes(answered=tuple(replace(one, done_at=now, answer=answer) for one in requests))


def _answer(draft: Draft, request: RequestRow) -> None:
    match request.verb:
        case "pause" | "unpause":
            draft.set(paused=request.verb == "pause")
            answer = f"{draft.flow.name} is {'paused' if draft.flow.paused else 'no longer paused'}."
        case "run":
            answer = _run_by_request(draft, request)
        case "stop":
            answer = _stop_by_request(draft, request)
        case _:
            answer = f"A flow cannot be asked to {request.verb}."
    draft.add(answered=(replace(request, done_at=draft.now, answer=answer),))


def _run_by_request(draft: Draft, request: RequestRow) -> str:
    wanted = request.arguments
    if not draft.world.runs(draft.flow.repository):
        return f"It was not started: {NOTHING_RUNS}."
    try:
        plan = _plan_wanted(draft, wanted)
    except NotPlanned as error:
        return f"It was not started: {error}"
    if plan is None:
        return "There is no plan to run: the flow was never applied."
    proposal, commit = str(wanted.get("proposal") or ""), str(wanted.get("commit") or draft.flow.applied_sha)
    if proposal and (not draft.flow.at_head or draft.live):
        return "It was not started: its proposal has moved on, or a trial run is under way."
    if proposal:
        draft.world.source.keep(draft.flow.repository, commit)  # nobody else does once the proposal is closed
    started = new_run(
        draft.flow,
        plan,
        f"request:{request.id}",
        draft.now,
        draft.facts(commit, str(wanted.get("branch") or ""), proposal),
        cause=f"trial run of {proposal} by {request.by}" if proposal else f"started by {request.by}",
        sha=commit if proposal else "",
        priority=draft.settings.priority,
        services=str(wanted.get("services") or draft.settings.services),
        code_dir=str(wanted.get("code_dir") or ""),
        place=str(wanted.get("place") or ""),
    )
    draft.start(started)
    return started.run.id


def _plan_wanted(draft: Draft, wanted: Mapping[str, Json]) -> Plan | None:
    """The plan that was given, that of other values for inputs, or the applied one. Raises NotPlanned."""
    if "plan" in wanted:
        stored = draft.world.store.plan(str(wanted["plan"]))
        return decoded(stored.plan_json) if stored is not None else None
    params = wanted.get("params")
    return plan_with(draft.world.source, draft.flow, params) if isinstance(params, dict) else draft.applied_plan()


def _stop_by_request(draft: Draft, request: RequestRow) -> str:
    """Every run of the flow; one that was asked for before and is begun in this very step as well."""
    for run in draft.live:
        draft.stop(run, by=request.by)
    return f"stop {', '.join(run.id for run in draft.live)}: recorded." if draft.live else "Nothing runs."


def _look_at_trials(draft: Draft) -> None:
    """Trial runs end with the head that they are of; that one has ended is told where it was asked for."""
    flow = draft.flow
    for run in draft.live if not flow.at_head else ():
        if not run.state.stop_asked_by:
            draft.stop(run, by=f"{flow.scope}, which is closed or has a newer head")
    if not flow.at_head and not flow.retired:
        retire(draft, f"{flow.scope} is closed or has a newer head.", stop=False)
    if not draft.live:
        draft.add(wakes=(Wake(ReviewKey(flow.repository, flow.scope)),))


# --- schedules --------------------------------------------------------------------------------------------------------


def _serve_schedule(draft: Draft) -> None:
    flow = draft.flow
    pending = draft.changes.schedules
    row = pending[-1] if pending else draft.world.store.schedule(flow.id)
    if row is None or row.done or flow.paused or flow.retired or not draft.world.runs(flow.repository):
        return
    served = schedules.serve(row, draft.live, draft.now)
    if served.ticks:
        _start_ticks(draft, served)
    if served.skipped is not None:
        tick = schedules.occurrence(served.skipped)
        draft.note("TickSkipped", f"{tick} started no run: a run of the schedule was live, or the tick was missed.")
    draft.add(schedules=(served.row,) if served.row != row else ())
    draft.look_again(served.row.next_at)


def _start_ticks(draft: Draft, served: schedules.Served) -> None:
    plan, repository = draft.applied_plan(), draft.world.store.repository(draft.flow.repository)
    if plan is None or repository is None:
        return
    for run in served.replaced:
        draft.stop(run)
    for tick in served.ticks:
        occurrence = schedules.occurrence(tick)
        facts = draft.facts(draft.flow.applied_sha, repository.default_branch)
        cause = f"scheduled for {occurrence.removeprefix(schedules.TICK)}"
        draft.start(
            new_run(
                draft.flow,
                plan,
                occurrence,
                draft.now,
                facts,
                cause=cause,
                priority=draft.settings.priority,
                services=draft.settings.services,
            )
        )


# --- services ---------------------------------------------------------------------------------------------------------


def _keep_services(draft: Draft, lease: Lease) -> None:
    if draft.world.executor is None:
        return
    kept = services.keep(draft.world, draft.flow, lease, draft.now, _declared_services(draft))
    draft.add(
        services=kept.rows,
        services_gone=kept.gone,
        attempts=kept.attempts,
        folded=kept.folded,
        wakes=kept.wakes,
    )
    draft.look_again(kept.again_at)


def _declared_services(draft: Draft) -> Iterable[str] | None:
    """Service ops that the flow may have; None: whatever was declared stays."""
    if draft.flow.retired:
        return ()
    if not draft.world.store.services(draft.flow.id):
        return None
    plan = None if draft.flow.scope else draft.applied_plan()
    return None if plan is None else [path for path, op in walk(plan) if op.kind == "service"]

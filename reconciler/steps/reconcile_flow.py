"""The step of a flow: what is declared at the head against what was applied; starts, supersedes and retires runs.

Services and schedules of the flow are kept here too, as nobody else may act for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.checks.model import Check
from reconciler.checks.run import superseded, waiting
from reconciler.engine.model import RunFacts
from reconciler.flows.settings import FlowSettings
from reconciler.keys import CheckKey, FlowKey, RunKey
from reconciler.plan.encoding import decode
from reconciler.plan.model import HASH_VERSION, Plan
from reconciler.plan.walk import walk
from reconciler.ports import World
from reconciler.records import (
    Changes,
    EventRow,
    FlowRow,
    Lease,
    OpRow,
    PlanRow,
    RepositoryRow,
    RequestRow,
    RunRow,
    Wake,
)
from reconciler.steps import schedules, services
from reconciler.steps.commit_checks import desired_checks
from reconciler.steps.flow_files import load
from reconciler.steps.handing_over import BY, hand_over
from reconciler.steps.plans import decoded, plan_of, row_of
from reconciler.steps.starting import Started, new_run


def reconcile_flow(world: World, key: FlowKey, lease: Lease) -> Changes:
    """Move one flow one step closer to its declaration. Raises Waiting when the repository is away."""
    flow = world.store.flow(key.flow)
    return Changes() if flow is None else _Step(world, flow, lease).take()


class _Step:
    """What one step has in its hands, and what has come of it so far."""

    def __init__(self, world: World, flow: FlowRow, lease: Lease) -> None:
        self.world = world
        self.before = self.flow = flow
        self.lease = lease
        self.now = world.clock.now()
        self.settings = decode(flow.settings_json, FlowSettings) if flow.settings_json else FlowSettings()
        self.live = list(world.store.runs(flow=flow.id, live=True))
        self.changes = Changes()

    def take(self) -> Changes:
        requests = self.world.store.requests(FlowKey(self.flow.id))
        for request in requests:
            self._answer(request)
        if self.flow.scope == "" and not self.flow.retired:
            self._follow_head()
            self._serve_schedule()
        self._keep_services()
        flows = (self.flow,) if self.flow != self.before else ()
        return replace(self.changes, flows=flows)

    # --- requests -------------------------------------------------------------------------------------------------

    def _answer(self, request: RequestRow) -> None:
        match request.verb:
            case "pause" | "unpause":
                self.flow = replace(self.flow, paused=request.verb == "pause")
                answer = f"{self.flow.name} is {'paused' if self.flow.paused else 'no longer paused'}."
            case "run":
                answer = self._run_by_request(request)
            case _:
                answer = f"A flow cannot be asked to {request.verb}."
        self._add(answered=(replace(request, done_at=self.now, answer=answer),))

    def _run_by_request(self, request: RequestRow) -> str:
        wanted = request.arguments
        stored = self.world.store.plan(str(wanted["plan"])) if "plan" in wanted else self._applied_row()
        if stored is None:
            return "There is no plan to run: the flow was never applied."
        facts = self._facts(str(wanted.get("commit") or self.flow.applied_sha), str(wanted.get("branch") or ""))
        services_of = str(wanted.get("services") or self.settings.services)
        started = new_run(
            self.flow,
            decoded(stored.plan_json),
            f"request:{request.id}",
            self.now,
            facts,
            cause=f"started by {request.by}",
            priority=self.settings.priority,
            services=services_of,
            code_dir=str(wanted.get("code_dir") or ""),
        )
        self._start(started)
        return started.run.id

    # --- the head -------------------------------------------------------------------------------------------------

    def _follow_head(self) -> None:
        repository = self.world.store.repository(self.flow.repository)
        if repository is None or not repository.head:
            return
        if not self.flow.at_head:
            self._retire(repository)
        elif not self.flow.frozen and not self._looked_at(repository):
            self._apply_head(repository)

    def _looked_at(self, repository: RepositoryRow) -> bool:
        same_code = self.flow.applied_version == HASH_VERSION
        return same_code and self.flow.applied_sha == repository.head and not self.flow.waiting_sha

    def _apply_head(self, repository: RepositoryRow) -> None:
        plan = self._plan_at(repository, repository.head)
        if plan is None:
            self.flow = replace(self.flow, frozen="Its file has errors at the head, or its inputs are not bound.")
            return
        applied = self._applied_hash(repository)
        if (
            (self.flow.connecting and self.settings.on_connect != "run")
            or plan.hash == applied
            or plan.schedule is not None
            or not self._starts_on_merge()
        ):
            self._applied(plan, repository.head)
        else:
            self._start_or_wait(plan, repository)

    def _starts_on_merge(self) -> bool:
        return "merge" in self.settings.start_on and not self.flow.paused

    def _plan_at(self, repository: RepositoryRow, sha: str) -> Plan | None:
        loaded = load(self.world.source, repository.name, sha, self.flow.path, self.flow.name)
        return None if loaded is None else loaded.plan

    def _applied_hash(self, repository: RepositoryRow) -> str:
        """The hash of the applied plan as today's code computes it, so that an upgrade starts nothing."""
        if not self.flow.applied_plan or self.flow.applied_version == HASH_VERSION:
            return self.flow.applied_plan
        plan = self._plan_at(repository, self.flow.applied_sha)
        return self.flow.applied_plan if plan is None else plan.hash

    def _applied(self, plan: Plan, sha: str) -> None:
        self.world.source.keep(self.flow.repository, sha)
        self.flow = replace(
            self.flow,
            applied_plan=plan.hash,
            applied_core=plan.core_hash,
            applied_version=plan.version,
            applied_sha=sha,
            connecting=False,
            waiting_sha="",
        )
        self._add(plans=(row_of(plan),))
        self._register(plan)

    def _start_or_wait(self, plan: Plan, repository: RepositoryRow) -> None:
        policy = self.settings.on_new_plan
        limit = self.settings.concurrency or (None if policy == "parallel" else 1)
        if policy != "cancel" and limit is not None and len(self.live) >= limit:
            self._wait(repository.head)
            return
        generation = self.flow.generation + 1
        started = new_run(
            self.flow,
            plan,
            f"merge:{generation}",
            self.now,
            self._facts(repository.head, repository.default_branch),
            cause=f"merged at {repository.head[:10]}",
            sha=repository.head,
            priority=self.settings.priority,
            services=self.settings.services,
        )
        if policy == "cancel":
            started = self._superseding(started, plan)
        self._supersede_waiting(repository.head)
        self._applied(plan, repository.head)
        self.flow = replace(self.flow, generation=generation)
        self._start(started)

    def _wait(self, sha: str) -> None:
        if self.flow.waiting_sha == sha:
            return
        self._supersede_waiting(sha)
        self.flow = replace(self.flow, waiting_sha=sha)
        self._say(sha, waiting(self._check_name(), sha, [run.id for run in self.live]))

    def _supersede_waiting(self, sha: str) -> None:
        passed = self.flow.waiting_sha
        if passed and passed != sha:
            self._say(passed, superseded(self._check_name(), passed, sha, self.now))

    def _superseding(self, started: Started, plan: Plan) -> Started:
        """Hand over what still holds of the live runs, the newest first, and stop the rest."""
        for old in self.live:
            handed = hand_over(
                old,
                plan_of(self.world.store, old),
                plan,
                [row.state for row in self.world.store.ops(old.id)],
                self.world.store.attempts(old.id),
                started.run.id,
                self.now,
            )
            known = {op.path for op in started.ops}
            started = replace(
                started,
                ops=(*started.ops, *(op for op in handed.ops if op.path not in known)),
                attempts=(*started.attempts, *handed.attempts),
            )
            self._stop_run(handed.old_run or old, handed.old_ops)
        return started

    def _stop_run(self, run: RunRow, ops: Sequence[OpRow] = ()) -> None:
        state = replace(run.state, stop_asked_by=run.state.stop_asked_by or BY)
        self._add(runs=(replace(run, state=state),), ops=tuple(ops), wakes=(Wake(RunKey(run.id)),))

    def _retire(self, repository: RepositoryRow) -> None:
        if repository.pruning_held or repository.broken:
            return
        if self.settings.on_remove == "stop":
            for run in self.live:
                self._stop_run(run)
        self.flow = replace(self.flow, retired=True, waiting_sha="")
        known = self.world.store.schedule(self.flow.id)
        if known is not None:
            self._add(schedules=(replace(known, done=True, next_at=None),))
        self._note("Retired", f"{self.flow.path} is gone at {repository.head[:10]}.")

    # --- schedules --------------------------------------------------------------------------------------------------

    def _register(self, plan: Plan) -> None:
        known = self.world.store.schedule(self.flow.id)
        row = schedules.registered(self.flow.id, plan.schedule, known, self.now)
        if row is not None and row != known:
            self._add(schedules=(row,))

    def _serve_schedule(self) -> None:
        pending = [row for row in self.changes.schedules if row.flow == self.flow.id]
        row = pending[-1] if pending else self.world.store.schedule(self.flow.id)
        if row is None or row.done or self.flow.paused or self.flow.retired:
            return
        served = schedules.serve(row, self.live, self.now)
        if served.ticks:
            self._start_ticks(served)
        if served.skipped is not None:
            tick = schedules.occurrence(served.skipped)
            self._note("TickSkipped", f"{tick} started no run: a run of the schedule was live, or the tick was missed.")
        self._add(schedules=(served.row,) if served.row != row else ())
        self._look_again(served.row.next_at)

    def _start_ticks(self, served: schedules.Served) -> None:
        stored = self._applied_row()
        repository = self.world.store.repository(self.flow.repository)
        if stored is None or repository is None:
            return
        for run in served.replaced:
            self._stop_run(run)
        for tick in served.ticks:
            facts = self._facts(self.flow.applied_sha, repository.default_branch)
            occurrence = schedules.occurrence(tick)
            cause = f"scheduled for {occurrence.removeprefix('tick:')}"
            plan = decoded(stored.plan_json)
            self._start(
                new_run(self.flow, plan, occurrence, self.now, facts, cause=cause, services=self.settings.services)
            )

    # --- services ---------------------------------------------------------------------------------------------------

    def _keep_services(self) -> None:
        if self.world.executor is None:
            return
        kept = services.keep(self.world, self.flow, self.lease, self.now, self._declared_services())
        self._add(
            services=kept.rows,
            services_gone=kept.gone,
            attempts=kept.attempts,
            folded=kept.folded,
            wakes=kept.wakes,
        )
        self._look_again(kept.again_at)

    def _declared_services(self) -> Iterable[str] | None:
        """Service ops that the flow may have; None: whatever was declared stays."""
        if self.flow.retired:
            return ()
        stored = self._applied_row()
        if self.flow.scope or stored is None:
            return None
        return [path for path, op in walk(decoded(stored.plan_json)) if op.kind == "service"]

    # --- small words ------------------------------------------------------------------------------------------------

    def _applied_row(self) -> PlanRow | None:
        pending = next((row for row in self.changes.plans if row.hash == self.flow.applied_plan), None)
        return pending or self.world.store.plan_by_hash(self.flow.applied_plan)

    def _check_name(self) -> str:
        return f"headgate/{self.flow.name}"

    def _facts(self, commit: str, branch: str) -> RunFacts:
        namespace = self.settings.namespace or ""
        return RunFacts(self.flow.name, self.flow.repository, commit, branch, namespace)

    def _start(self, started: Started) -> None:
        if self.world.store.run(started.run.id) is None:
            self.changes = started.added_to(self.changes)

    def _say(self, sha: str, check: Check) -> None:
        rows = desired_checks(self.world.store, self.flow.repository, sha, [check])
        self._add(checks=tuple(rows), wakes=(Wake(CheckKey(self.flow.repository, sha)),))

    def _note(self, reason: str, message: str) -> None:
        self._add(events=(EventRow(self.now, self.flow.id, "decision", reason=reason, message=message),))

    def _look_again(self, at: float | None) -> None:
        times = [time for time in (self.changes.again_at, at) if time is not None]
        self.changes = replace(self.changes, again_at=min(times, default=None))

    def _add(self, **rows: tuple[object, ...]) -> None:
        """The changes so far and these rows as well."""
        merged = {name: (*getattr(self.changes, name), *added) for name, added in rows.items()}
        self.changes = replace(self.changes, **merged)  # type: ignore[arg-type]

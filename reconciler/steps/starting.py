"""New runs: their ids, their rows, and what they take over from an earlier run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from reconciler.checks.names import name_of_run
from reconciler.engine.model import OpState, RunFacts, RunState
from reconciler.keys import CheckKey, FlowKey, RunKey
from reconciler.plan.model import Plan
from reconciler.records import AttemptRow, Changes, CheckRow, EventRow, FlowRow, OpRow, RunRow, UseRow, Wake
from reconciler.steps.plans import row_of


def run_id(flow: str, occurrence: str) -> str:
    """The id of a run: the same occurrence of a flow is the same run, however often it is started."""
    return sha256(f"{flow}/{occurrence}".encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Started:
    """A new run with all that is written with it."""

    run: RunRow
    plan: Plan
    ops: tuple[OpState, ...] = ()
    attempts: tuple[AttemptRow, ...] = field(default=())
    uses: tuple[str, ...] = ()  # runs whose ops it takes over

    def added_to(self, changes: Changes) -> Changes:
        """The changes of a step with this run's own."""
        run = self.run
        checks = (check_of(run),) if run.sha else ()
        wakes = (Wake(RunKey(run.id)), *((Wake(CheckKey(run.repository, run.sha)),) if run.sha else ()))
        wakes += (Wake(FlowKey(run.state.flow)),) if run.facts.proposal else ()  # which may have ended meanwhile
        event = EventRow(run.state.created_at, run.id, "decision", reason="Started", message=run.cause)
        return replace(
            changes,
            plans=(*changes.plans, row_of(self.plan)),
            new_runs=(*changes.new_runs, run),
            ops=(*changes.ops, *(OpRow(run.id, op) for op in self.ops)),
            attempts=(*changes.attempts, *self.attempts),
            checks=(*changes.checks, *checks),
            events=(*changes.events, event),
            wakes=(*changes.wakes, *wakes),
            uses=(*changes.uses, *(UseRow(used, run.id, run.state.created_at) for used in self.uses)),
        )


def check_of(run: RunRow) -> CheckRow:
    """What shall be said of a run on its commit, as of the version that is being written."""
    return CheckRow(run.repository, run.sha, name_of_run(run.facts), desired=f"{run.id}:{run.version}", run=run.id)


def new_run(
    flow: FlowRow,
    plan: Plan,
    occurrence: str,
    now: float,
    facts: RunFacts,
    *,
    cause: str,
    sha: str = "",
    priority: int = 0,
    services: str = "keep",
    code_dir: str = "",
    chain: str = "",
    taken_from: str = "",
    place: str = "",
    ops: Sequence[OpState] = (),
) -> Started:
    """A run of a plan, ready to be inserted."""
    run = run_id(flow.id, occurrence)
    state = RunState(run, flow.id, created_at=now, chain=chain or run)
    row = RunRow(
        state,
        flow.repository,
        row_of(plan).id,
        facts,
        occurrence,
        cause,
        sha=sha,
        priority=priority,
        services=services,
        code_dir=code_dir,
        place=place,
        taken_from=taken_from,
    )
    return Started(row, plan, tuple(ops), uses=(taken_from,) if taken_from else ())

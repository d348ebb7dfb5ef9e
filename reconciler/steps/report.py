"""The step of a commit's checks: word what is desired, post what differs, remember what was posted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.checks.model import Check
from reconciler.checks.run import RunEvidence, flow_check, op_checks
from reconciler.engine.model import OpState, Status
from reconciler.keys import CheckKey
from reconciler.plan.encoding import decode, digest
from reconciler.ports import World
from reconciler.records import Changes, CheckRow, Lease, RunRow
from reconciler.steps.plans import plan_of

LOG_LINES = 400  # read of the first failed op, to find the likely error in
EXIT_CODES = 100  # failed ops that are looked up; more are only counted


@dataclass(frozen=True, slots=True)
class _Worded:
    row: CheckRow
    checks: tuple[Check, ...]

    @property
    def digest(self) -> str:
        return digest(self.checks)


def report(world: World, key: CheckKey, lease: Lease) -> Changes:
    """Make the checks of one commit say what they should. Raises Waiting when they cannot be posted now."""
    rows = world.store.checks(key.repository, key.sha)
    worded = [_worded(world, row) for row in rows]
    if all(one.row.posted == one.digest for one in worded):
        return Changes()
    everything = [check for one in worded for check in one.checks]
    ids = world.checks.post(key.repository, key.sha, everything, lease)
    posted = (
        replace(one.row, posted=one.digest, external_id=ids.get(one.row.name, ""), final=_final(one)) for one in worded
    )
    return Changes(checks=tuple(row for row, old in zip(posted, rows, strict=True) if row != old))


def _final(worded: _Worded) -> bool:
    return all(check.status == "completed" for check in worded.checks)


def _worded(world: World, row: CheckRow) -> _Worded:
    run = world.store.run(row.run) if row.run else None
    if run is None:
        return _Worded(row, (decode(row.document_json, Check),))
    return _Worded(row, tuple(_of_run(world, run)))


def _of_run(world: World, run: RunRow) -> list[Check]:
    ops = [op.state for op in world.store.ops(run.id)]
    failed = sorted(
        (op for op in ops if op.status is Status.FAILED and op.attempt and not op.sweep),
        key=lambda op: (op.finished_at or 0.0, op.path),
    )
    evidence = RunEvidence(
        run.state,
        run.facts,
        plan_of(world.store, run),
        ops,
        world.clock.now(),
        cause=run.cause,
        logs=_logs(world, failed[:1]),
        exit_codes=_exit_codes(world, failed[:EXIT_CODES]),
        url=f"{world.page_url}/runs/{run.id}" if world.page_url else "",
    )
    return [flow_check(evidence), *op_checks(evidence, world.checks.op_budget)]


def _logs(world: World, failed: list[OpState]) -> dict[str, str]:
    """The log tail of the op that failed first, by op path."""
    if world.logs is None:
        return {}
    return {op.path: world.logs.tail(op.attempt, LOG_LINES) for op in failed if op.attempt}


def _exit_codes(world: World, failed: list[OpState]) -> dict[str, int]:
    attempts = ((op.path, world.store.attempt(op.attempt)) for op in failed if op.attempt)
    return {path: row.exit_code for path, row in attempts if row is not None and row.exit_code is not None}

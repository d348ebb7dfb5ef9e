"""What pages and the JSON API read: runs by a unique prefix, and a run's story as checks tell it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from console.pages.log_lines import LogReader
from reconciler.checks.evidence import RunEvidence, Story, told
from reconciler.checks.ops import failed, views
from reconciler.engine.model import FINAL, OpState
from reconciler.plan.model import Plan
from reconciler.ports import Clock, Records
from reconciler.records import AttemptRow, RunRow
from reconciler.steps.plans import plan_of
from webhooks.asgi import HTTPException

PAGE = 100  # rows that are read or shown at once
LOG_LINES = 400  # of a failed op, in which its likely error is looked for
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class World:
    """What pages read from; they write nothing but requests."""

    records: Records
    logs: LogReader
    clock: Clock


@dataclass(frozen=True, slots=True)
class ToldRun:
    """A run and its story."""

    row: RunRow
    plan: Plan
    story: Story


def find_run(world: World, prefix: str) -> RunRow:
    """The run whose id begins so. Raises HTTPException 404 where there is none, or more than one."""
    if not _ID.fullmatch(prefix):
        raise HTTPException(404, "That is no id of a run. Look at the list of repositories for one.")
    exact = world.records.run(prefix)
    if exact is not None:
        return exact
    found = world.records.runs(prefix=prefix, limit=2)
    if len(found) > 1:
        raise HTTPException(404, f"More than one run begins with {prefix}. Add some of the id's next characters.")
    if not found:
        raise HTTPException(404, f"No run begins with {prefix}. It may be of another data directory.")
    return found[0]


def tell(world: World, row: RunRow, url: str = "") -> ToldRun:
    """The run's story, with the log of the op that failed first."""
    plan = plan_of(world.records, row)
    ops = [op.state for op in world.records.ops(row.id)]
    shown = [view.state for view in failed(views(plan, ops))[:10]]
    attempts = {op.path: world.records.attempt(op.attempt) for op in shown if op.attempt}
    evidence = RunEvidence(
        row.state,
        row.facts,
        plan,
        ops,
        world.clock.now(),
        cause=row.cause,
        logs=_logs(world, shown[:1]),
        exit_codes={path: one.exit_code for path, one in attempts.items() if one and one.exit_code is not None},
        url=url,
    )
    return ToldRun(row, plan, told(evidence))


def _logs(world: World, ops: Sequence[OpState]) -> dict[str, str]:
    return {op.path: world.logs.tail(op.attempt, LOG_LINES) for op in ops if op.attempt}


def op_state(run: ToldRun, path: str) -> OpState:
    """The op of this path. Raises HTTPException 404 where the run has none."""
    for view in run.story.views:
        if view.path == path:
            return view.state
    raise HTTPException(404, f"The run has no op {path}. The run's page lists all of them.")


def attempts_of(world: World, run: RunRow, path: str) -> list[AttemptRow]:
    """The attempts of an op, newest first, at most PAGE."""
    found = [row for row in world.records.attempts(run.id, live=False) if row.op == path]
    return sorted(found, key=lambda row: (row.number, row.created_at), reverse=True)[:PAGE]


def metrics_of(world: World, attempt: str | None) -> list[tuple[str, float, int]]:
    """The last value of each metric of an attempt and how many there were, by name."""
    latest: dict[str, tuple[float, int]] = {}
    for row in world.records.metrics(attempt) if attempt else ():
        latest[row.name] = (row.value, latest.get(row.name, (0.0, 0))[1] + 1)
    return [(name, value, number) for name, (value, number) in sorted(latest.items())]


def is_live(row: RunRow) -> bool:
    """Whether the run may still change by itself."""
    return row.state.status not in FINAL

"""What pages and the JSON API read: runs by a unique prefix, and a run's story as checks tell it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from console.pages.log_lines import LogReader
from console.pages.seen import Seen
from reconciler.checks.evidence import Story
from reconciler.checks.words import when
from reconciler.engine.model import FINAL, OpState
from reconciler.plan.model import Plan
from reconciler.ports import Clock
from reconciler.records import AttemptRow, RunRow
from reconciler.store import Places
from webhooks.asgi import HTTPException

PAGE = 100  # rows that are read or shown at once
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class World:
    """What the pages of one viewer read from; they write nothing but requests."""

    records: Seen
    logs: LogReader
    clock: Clock
    places: Places
    place: str = ""  # whose logs are here; "" = those of every place
    viewer: str = ""  # name at GitHub; "" = whoever sits at this machine


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
        trace = world.records.pruned(prefix)
        if trace is not None:
            raise HTTPException(410, f"Run {trace.subject} was pruned on {when(trace.at)}. {trace.message}")
        raise HTTPException(
            404, f"No run begins with {prefix}. It may be of another data directory, or have been pruned long ago."
        )
    return found[0]


def tell(world: World, row: RunRow) -> ToldRun:
    """The run's story, with the log of the op that failed first."""
    story = world.records.story(row, world.logs, world.clock.now())
    return ToldRun(row, story.evidence.plan, story)


def op_state(run: ToldRun, path: str) -> OpState:
    """The op of this path. Raises HTTPException 404 where the run has none."""
    for view in run.story.views:
        if view.path == path:
            return view.state
    raise HTTPException(404, f"The run has no op {path}. The run's page lists all of them.")


def attempts_of(world: World, run: RunRow, path: str) -> list[AttemptRow]:
    """The attempts of an op, newest first, at most PAGE."""
    found = world.records.attempts(run.id, path)
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

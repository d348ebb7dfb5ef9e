"""Intents of attempts: what was committed is performed here, and what came of it becomes rows and facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.checks.log_excerpt import excerpt
from reconciler.engine.attempts import has_come
from reconciler.engine.model import FINAL, AttemptPaths, AttemptSpec, Layout, Observed, Performed, Status
from reconciler.errors import Stalled
from reconciler.ports import Logs, World
from reconciler.records import AttemptRow, Lease, RunRow

LOG_LINES = 400  # at the end of a log, in which the likely error is looked for
TRY_AGAIN = 5.0  # s until an act of which nothing is known is repeated, where the executor names no time
LONGEST = 60.0  # s until it is repeated at the latest, however long the executor asks us to wait


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows as they stand after acting, and the facts for whoever owns the attempts."""

    rows: tuple[AttemptRow, ...]
    facts: tuple[Performed | Observed, ...]


def layout(world: World) -> Layout:
    """Where attempts have their files, as templates see it."""
    executor = world.executor
    if executor is None:
        raise Stalled("NoExecutor", "Nothing is configured to run flows here.")

    def paths(attempt: str) -> AttemptPaths:
        return executor.paths(attempt)

    return paths


def start(world: World, run: RunRow, path: str, spec: AttemptSpec, now: float) -> AttemptRow:
    """The intent to start an attempt of a run, to be committed before it is performed."""
    place = world.executor.place if world.executor is not None else ""
    return AttemptRow(
        spec.attempt, run.id, path, in_code_dir(spec, run), spec.number, place=place, flow="", created_at=now
    )


def in_code_dir(spec: AttemptSpec, run: RunRow) -> AttemptSpec:
    """The spec with the working tree that its run was started from, if it was one."""
    return spec.having(labels={**spec.labels, "code_dir": run.code_dir}) if run.code_dir else spec


def stop(attempt: AttemptRow, reason: str) -> AttemptRow:
    """The intent to stop an attempt; it does not wait for what a start had to wait for."""
    return replace(attempt, wanted="stop", stop_reason=reason, retry_at=None)


def due(attempt: AttemptRow, now: float) -> bool:
    """Whether there is something to perform for an attempt now."""
    if not has_come(attempt.retry_at, now, LONGEST):
        return False
    if attempt.wanted == "stop":
        return attempt.phase in ("intended", "started", "unknown")
    return attempt.phase in ("intended", "unknown")


def perform(world: World, attempts: Sequence[AttemptRow], lease: Lease, now: float) -> Outcome:
    """Start and stop what is due, in one call of the executor each. Attempts of another place are left alone."""
    executor = world.executor
    mine = [row for row in attempts if executor is not None and row.place == executor.place and due(row, now)]
    if executor is None or not mine:
        return Outcome((), ())
    starts = [row for row in mine if row.wanted == "run"]
    stops = [row for row in mine if row.wanted == "stop"]
    facts: list[Performed | Observed] = []
    facts += executor.stop(stops, lease) if stops else ()
    facts += executor.start(starts, lease) if starts else ()
    rows = {row.id: row for row in mine}
    for fact in facts:
        if fact.attempt in rows:
            rows[fact.attempt] = after(rows[fact.attempt], fact)
    return Outcome(tuple(rows.values()), tuple(facts))


def look(world: World, attempts: Iterable[AttemptRow]) -> Sequence[Observed]:
    """What is known now of attempts that were started from this place and have not ended."""
    executor = world.executor
    acted_on = [row for row in attempts if row.phase in ("started", "stopping", "unknown")]
    mine = [row for row in acted_on if executor is not None and row.place == executor.place]
    return executor.look(mine) if executor is not None and mine else ()


def after(row: AttemptRow, fact: Performed | Observed) -> AttemptRow:
    """The row once a fact about its attempt is known; what has ended stays as it ended."""
    if row.phase == "ended":
        return row
    return _after_seen(row, fact) if isinstance(fact, Observed) else _after_act(row, fact)


def with_excerpt(logs: Logs | None, row: AttemptRow) -> AttemptRow:
    """The row of a failed attempt with what its log says of that: only this place can read it, and not for ever."""
    if logs is None or row.phase != "ended" or row.status != Status.FAILED:
        return row
    return replace(row, excerpt="\n".join(excerpt(logs.tail(row.id, LOG_LINES)).lines))


def _after_seen(row: AttemptRow, fact: Observed) -> AttemptRow:
    started_at = row.started_at or fact.started_at or (fact.at if fact.status is Status.RUNNING else None)
    if fact.status not in FINAL:
        phase = row.phase if row.phase == "stopping" else "started"
        retry_at = row.retry_at if row.wanted == "stop" else None  # there is no start left to repeat
        return replace(row, phase=phase, started_at=started_at, retry_at=retry_at)
    return replace(
        row,
        phase="ended",
        started_at=started_at,
        ended_at=fact.at,
        status=fact.status,
        reason=fact.reason,
        message=fact.message,
        exit_code=fact.exit_code,
    )


def _after_act(row: AttemptRow, fact: Performed) -> AttemptRow:
    match fact.outcome:
        case "done":
            return replace(row, phase="stopping" if fact.verb == "stop" else "started", retry_at=None)
        case "refused":
            status = Status.FAILED if fact.verb == "start" else Status.STOPPED
            return replace(
                row, phase="ended", ended_at=fact.at, status=status, reason=fact.reason, message=fact.message
            )
        case "again":
            return replace(row, retry_at=_repeated_at(fact))
        case _:
            return replace(row, phase="unknown", retry_at=_repeated_at(fact))


def _repeated_at(fact: Performed) -> float:
    return min(fact.again_at or fact.at + TRY_AGAIN, fact.at + LONGEST)

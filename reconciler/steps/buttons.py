"""Buttons beside checks: what was pressed becomes a request of the run, or the check is made anew. Done once.

Who pressed is in the signed webhook; whether they may is asked of the forge, by the settings of the default branch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reconciler.checks.actions import APPROVE, CANCEL, RERUN_FAILED, approve, cancel, kind_of, rerun_failed, waiting
from reconciler.checks.external_ids import ExternalId, parse_external_id
from reconciler.checks.names import name_of_run
from reconciler.engine.model import FINAL, OpState, Status
from reconciler.errors import Stalled
from reconciler.flows.model import Json
from reconciler.keys import CheckKey, RepositoryKey, ReviewKey, RunKey
from reconciler.ports import World
from reconciler.records import Changes, CheckRow, EventRow, RepositoryRow, RequestRow, ReviewRow, RunRow, Wake
from reconciler.steps.recover import LATE
from reconciler.steps.who_may import rules_at_head

AGAIN = "rerequested"  # of a check or of all of a commit
BUTTON = "button"
_OTHER = "Not done: it is not any more as the check has shown it. Press the button that it shows now."


@dataclass
class _Pressed:
    """What has come of it so far."""

    asked: list[RequestRow] = field(default_factory=list)
    reviews: list[ReviewRow] = field(default_factory=list)
    checks: list[CheckRow] = field(default_factory=list)


def press(world: World, key: CheckKey, requests: Sequence[RequestRow]) -> Changes:
    """Do what buttons on a commit's checks ask for. Raises Waiting or Stalled as the forge does."""
    done, now = _Pressed(), world.clock.now()
    answered = [replace(request, done_at=now, answer=_outcome(world, key, request, done)) for request in requests]
    events = [EventRow(now, key.repository, "request", reason="Button", message=_told(row, key)) for row in answered]
    return Changes(
        answered=tuple(answered),
        asked=tuple(done.asked),
        judged=tuple(done.reviews),
        posted=tuple(done.checks),
        events=tuple(events),
        wakes=tuple(Wake(ReviewKey(row.repository, row.proposal)) for row in done.reviews),
        again_at=0.0,
    )


def _told(request: RequestRow, key: CheckKey) -> str:
    return f"{request.by} pressed {request.arguments.get('action')} at {key.sha[:10]}: {request.answer}"


def _outcome(world: World, key: CheckKey, request: RequestRow, done: _Pressed) -> str:
    if world.conversations is None or request.verb != BUTTON:
        return f"A commit's checks cannot be asked to {request.verb}."
    repository = world.store.repository(key.repository)
    if repository is None or not repository.settings_json:
        return "Nothing is known of this repository yet."
    if request.arguments.get(LATE) and not _is_present(world, repository, key):
        return "Not done: GitHub could not tell of it in time, and other commits came since. Press it again."
    rules = rules_at_head(world.conversations, world.source, repository)
    try:
        if not rules.may_command(request.by):
            return "Not done: they may not ask for things here."
    except Stalled as error:
        return f"Not done: it cannot be found out whether they may. {error.message}"
    action = str(request.arguments.get("action", ""))
    if action == AGAIN:
        return _again(world, key, request, done)
    named = parse_external_id(request.target)
    if action == APPROVE.name and named is not None and not named.run:
        return _approve_head(repository, key, request, done)
    run = world.store.run(named.run) if named is not None and named.run else None
    if named is None or run is None or run.sha != key.sha:
        return "The run that was shown is not known any more."
    return _of_run(world, request, run, named, action, done)


def _is_present(world: World, repository: RepositoryRow, key: CheckKey) -> bool:
    """Whether the commit is what stands now: on the default branch, or on an open proposal."""
    return repository.head == key.sha or any(row.head == key.sha for row in world.store.reviews(key.repository))


def _approve_head(repository: RepositoryRow, key: CheckKey, request: RequestRow, done: _Pressed) -> str:
    """Let the flows go that are gone at a commit, as long as it is the one that waits for that."""
    if repository.pruning_held != key.sha:
        return "Nothing waits for approval any more."
    target = f"{repository.name}@{key.sha}"
    asked = RequestRow(
        f"{request.id}:approve", RepositoryKey(repository.name), "approve", request.by, request.at, target
    )
    done.asked.append(asked)
    return "Approved."


def _of_run(world: World, request: RequestRow, run: RunRow, named: ExternalId, action: str, done: _Pressed) -> str:
    """What a button of a run's check asks for: of what the check has shown, and of nothing that came after it."""
    ended = run.state.status in FINAL
    match kind_of(action):
        case RERUN_FAILED.name if ended:
            if action != rerun_failed(run.state).name or not _is_spoken_of(world, run, named):
                return _OTHER
            done.asked.append(_request(request, run, "restart", failed=True))
        case CANCEL.name if not ended:
            if action != cancel(run.state).name:
                return _OTHER
            done.asked.append(_request(request, run, "stop"))
        case APPROVE.name if not ended:
            return _approve(request, run, _ops(world, run, named), action, done)
        case _:
            return f"Run {run.id} is {run.state.status}: it cannot be asked to {kind_of(action)}."
    return f"Asked of run {run.id}."


def _is_spoken_of(world: World, run: RunRow, named: ExternalId) -> bool:
    """Whether the check is of this run still, and not of a later one."""
    rows = world.store.checks(run.repository, run.sha)
    return any(row.run == run.id for row in rows if _is_part_of(named, row))


def _approve(request: RequestRow, run: RunRow, states: Sequence[OpState], action: str, done: _Pressed) -> str:
    waits = waiting(states)
    if not waits:
        return "Nothing waits for approval any more."
    if action != approve(run.state, states).name:
        return _OTHER
    done.asked += [_request(request, run, "approve", op) for op in waits]
    return f"Approved: {', '.join(waits)}."


def _ops(world: World, run: RunRow, named: ExternalId) -> list[OpState]:
    """The op that the check is of, or all of the run."""
    op = named.name.removeprefix(name_of_run(run.facts)).removeprefix("/")
    return [row.state for row in world.store.ops(run.id, [op] if op else None)]


def _is_part_of(named: ExternalId, row: CheckRow) -> bool:
    return named.name == row.name or named.name.startswith(f"{row.name}/")


# --- again ------------------------------------------------------------------------------------------------------------


def _again(world: World, key: CheckKey, request: RequestRow, done: _Pressed) -> str:
    """One check, or with no name all of the commit: what failed of a run is run again, the rest is said anew."""
    named = parse_external_id(request.target)
    rows = world.store.checks(key.repository, key.sha)
    wanted = [row for row in rows if named is None or (_is_part_of(named, row) and named.run == row.run)]
    for row in wanted:
        run = world.store.run(row.run) if row.run else None
        if run is not None and run.state.status in FINAL:
            done.asked.append(_request(request, run, "restart", failed=run.state.status is not Status.SUCCEEDED))
    spoken = [row for row in wanted if not row.run]
    if spoken:
        open_reviews = world.store.reviews(key.repository)
        done.reviews += [replace(row, judged="") for row in open_reviews if row.head == key.sha]
        done.checks += [replace(row, posted="", final=False) for row in spoken]
    return "Done again." if wanted else "There is no such check any more."


def _request(request: RequestRow, run: RunRow, verb: str, op: str | None = None, **arguments: Json) -> RequestRow:
    """A request of the run: its id follows from what was pressed, so that it is asked once."""
    name = f"{request.id}:{run.id}:{verb}" + (f":{op}" if op else "")
    given = {key: value for key, value in arguments.items() if value}
    return RequestRow(name, RunKey(run.id), verb, request.by, request.at, run.id, op, given)

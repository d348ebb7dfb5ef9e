"""What holds of every history, once the world has come to rest. Each law tells what it found wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from reconciler.checks.names import name_of_run
from reconciler.engine.model import FINAL, Status
from reconciler.keys import text_of
from reconciler.records import FlowRow, RunRow
from tests.histories.flows import RETRIES, is_wrong
from tests.histories.said import SAID
from tests.histories.witnesses import needs_of
from tests.histories.world import HistoryWorld
from tests.world import REPOSITORY

Law = Callable[[HistoryWorld], Iterable[str]]


def the_world_agrees_with_the_head(world: HistoryWorld) -> Iterator[str]:
    """Each flow of the head is applied or says why not; what is gone is retired; nothing runs on."""
    repository = world.store.repository(REPOSITORY)
    if repository is None or repository.head != world.source.branches["main"]:
        yield "the head was not looked at"
    for row in world.store.flows(REPOSITORY, ""):
        if row.waiting_sha and not row.paused:
            yield f"{row.name} waits for {row.waiting_sha}"
        if row.at_head and not (row.frozen or row.retired or row.paused) and row.applied_declared != row.declared:
            yield f"{row.name} is not applied"
        if not row.at_head and not row.retired and not _held(world, row):
            yield f"{row.name} is gone and not retired"


def _held(world: HistoryWorld, row: FlowRow) -> bool:
    repository = world.store.repository(row.repository)
    return bool(row.frozen or (repository and (repository.pruning_held or repository.broken)))


def every_run_ends(world: HistoryWorld) -> Iterator[str]:
    """With all its attempts."""
    for run in world.store.runs(limit=1000):
        if run.state.status not in FINAL:
            yield f"{run.occurrence} is {run.state.status}"
        for row in world.store.attempts(run.id):
            yield f"{row.op} of {run.occurrence} is still {row.phase}"


def a_merge_starts_one_run(world: HistoryWorld) -> Iterator[str]:
    """As many runs of merges as generations."""
    runs = Counter(flow for flow, occurrence in world.inserted.values() if occurrence.startswith("merge:"))
    for row in world.store.flows():
        if runs[row.id] != row.generation:
            yield f"{row.name} has {runs[row.id]} runs of merges and generation {row.generation}"


def every_attempt_starts_once(world: HistoryWorld) -> Iterator[str]:
    """One process per run, op and attempt number, and only what was written down and is wanted."""
    jobs = [one.spec for one in world.executor.processes.values() if one.spec.kind == "job" and one.started]
    counted = Counter((spec.run, spec.op, spec.number) for spec in jobs)
    yield from (f"twice: {op} #{number} of {run}" for (run, op, number), times in counted.items() if times > 1)


def nothing_wrong_was_seen(world: HistoryWorld) -> Iterator[str]:
    """What witnesses watch in the very moment, in tests/histories/witnesses.py.

    Only what was written down and is wanted starts; what ended stays as it ended; who lost a key writes nothing for it;
    who was woken during a step has another one; a superseded plan starts nothing; what is there or held is not retired.
    """
    yield from world.wrong


def nothing_broken_ever_ran(world: HistoryWorld) -> Iterator[str]:
    """No run was made of a file that cannot be read, or not be planned."""
    paths = {row.id: row.path for row in world.store.flows()}
    for run in world.store.runs(limit=1000):
        data = world.source.trees.get(run.facts.commit, {}).get(paths.get(run.state.flow, ""))
        if data is None:
            yield f"{run.occurrence} of {run.facts.flow} was made of a file that is not there"
        elif is_wrong(data):
            yield f"{run.occurrence} of {run.facts.flow} was made of a broken file"


def every_check_is_there_and_final(world: HistoryWorld) -> Iterator[str]:
    """The head has its gate, every run of a merge its check."""
    if "headgate" not in world.checks.posted.get(world.source.branches["main"], {}):
        yield "the head has no check"
    for run in world.store.runs(limit=1000):
        if run.sha and name_of_run(run.facts) not in world.checks.posted.get(run.sha, {}):
            yield f"{run.occurrence} of {run.facts.flow} has no check on {run.sha[:7]}"
    for sha, several in world.checks.posted.items():
        yield from (
            f"{name} on {sha[:7]} is {one.status}" for name, one in several.items() if one.status != "completed"
        )


def a_final_word_stays(world: HistoryWorld) -> Iterator[str]:
    """What is said of a run that ended changes only as that run or its attempts do; of a proposal, or of a commit, only
    if people or processes did something: what was under way then may be said once more.
    """
    words: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    of_runs: dict[tuple[str, str, Any], str] = {}
    for one in world.checks.history:
        if one.check.status != "completed":
            continue
        said = f"{one.check.conclusion}: {one.check.title}"
        if one.known is not None:
            first = of_runs.setdefault((one.check.name, one.check.run, one.known.facts), said)
            if said != first:
                yield f"{one.check.name} on {one.sha[:7]} said {first} then {said} of the same"
            continue
        known = words.setdefault((one.sha, one.check.name, one.check.run), [])
        if not known or known[-1][0] != said:
            known.append((said, one.deeds))
            if len(known) > 2 and known[-3][1] == one.deeds and not world.set_back:
                yield f"{one.check.name} on {one.sha[:7]} said {' then '.join(word for word, _ in known[-3:])}"


def nobody_is_left_without_an_answer(world: HistoryWorld) -> Iterator[str]:
    """Every request was answered, and no key waits without a reason."""
    for number in range(1, world.requests + 1):
        if not world.answer(f"request-{number}") and f"request-{number}" not in world.forgotten:
            yield f"request-{number} has no answer"
    yield from (f"parked: {row.key} {row.parked}" for row in world.store.pending() if row.parked)


def what_was_delivered_was_looked_into(world: HistoryWorld) -> Iterator[str]:
    """A step of each key followed every webhook that was recorded."""
    yield from (f"{what} was followed by no step of {text_of(key)}" for what, key in world.watched_store.unheeded())


def who_asked_to_stop_is_heard(world: HistoryWorld) -> Iterator[str]:
    """A run that was live when a stop was answered was stopped by it; one that was resumed since goes on."""
    asked = [world.store.request(f"request-{number}") for number in range(1, world.requests + 1)]
    resumed = {request.target for request in asked if request is not None and request.verb == "resume"}
    for request in asked:
        is_stop = request is not None and request.verb == "stop" and request.op is None
        run = world.store.run(request.target) if request is not None and is_stop else None
        if request is None or run is None or run.state.stop_asked_by or run.id in resumed:
            continue
        if request.answer.endswith("recorded.") and (run.state.finished_at or 0.0) > (request.done_at or 0.0):
            yield f"{request.id} stopped nothing: {request.answer}"


def a_sweep_runs_each_value_once(world: HistoryWorld) -> Iterator[str]:
    """Child number i has the values that the sweep stored for it."""
    for run in world.store.runs(limit=1000):
        ops = {row.state.path: row.state for row in world.store.ops(run.id)}
        for path, state in ops.items():
            values = (state.sweep or {}).get("values", ())
            for index, wanted in enumerate(values):
                child = ops.get(f"{path}[{index}]")
                if child is not None and child.params is not None and dict(child.params) != wanted:
                    yield f"{path}[{index}] of {run.occurrence} ran with {dict(child.params)} instead of {wanted}"


def ops_of_a_run_do_not_stand_in_for_each_other(world: HistoryWorld) -> Iterator[str]:
    """A result that is used again is one of another run."""
    for run in world.store.runs(limit=1000):
        mine = {row.id for row in world.store.attempts(run.id, live=False)}
        for row in world.store.ops(run.id):
            if row.state.cached_from in mine:
                yield f"{row.state.path} of {run.occurrence} used a result of its own run"


def failures_are_tried_again_as_often_as_asked(world: HistoryWorld) -> Iterator[str]:
    """No op failed more often than it may."""
    for run in world.store.runs(limit=1000):
        for row in world.store.ops(run.id):
            allowed = RETRIES if row.state.path == "flaky" else 0
            if row.state.failures > allowed + 1:
                yield f"{row.state.path} of {run.occurrence} failed {row.state.failures} times"
            given_up = row.state.reason.startswith("AppError") and row.state.stop_asked_at is None
            if row.state.path == "flaky" and given_up and row.state.failures <= allowed:
                yield f"{row.state.path} of {run.occurrence} failed {row.state.failures} times and was given up"


def services_are_as_declared(world: HistoryWorld) -> Iterator[str]:
    """One live instance for each wanted service, none for others."""
    wanted = {row.attempt for flow in world.store.flows() for row in world.store.services(flow.id) if row.wanted}
    alive = {key for key, one in world.executor.processes.items() if one.spec.kind == "service" and not one.ended}
    yield from (f"service {world.executor.processes[key].spec.op} is alive and not wanted" for key in alive - wanted)


def a_second_look_writes_nothing(world: HistoryWorld) -> Iterator[str]:
    """Neither waking everything nor a new process changes a row or posts a word."""
    before, posts = world.rows(), world.checks.posts
    world.wake_everything()
    world.restart()
    world.settle(seconds=1)
    after = world.rows()
    yield from (f"{table} was written" for table in before if before[table] != after[table])
    if world.checks.posts != posts:
        yield "checks were posted again"


def what_is_past_its_time_goes(world: HistoryWorld) -> Iterator[str]:
    """Where it was looked for: what nobody needs is gone, a run that is gone has left its trace and nothing else, one
    that is kept its plan, as a flow has the one it has applied, and a later look still finds nothing to do.
    """
    if not world.tidied:
        return
    seen = len(world.wrong)
    _look_until_nothing_goes(world)
    for run, (_, occurrence) in world.inserted.items():
        kept = world.store.run(run)
        if kept is None and world.store.pruned(run) is None:
            yield f"{occurrence} is gone without a trace"
        if kept is None and world.store.has_remains(run):
            yield f"something is left of {occurrence}, which is gone"
        if kept is not None and world.store.plan(kept.plan) is None:
            yield f"{occurrence} has lost its plan"
    for flow in world.store.flows(REPOSITORY):
        if flow.applied_plan and world.store.plan_by_hash(flow.applied_plan) is None:
            yield f"{flow.name} has lost the plan it has applied"
    yield from (f"{row.occurrence} of {row.facts.flow} was kept for nobody" for row in _kept_for_nobody(world))
    yield from a_second_look_writes_nothing(world)
    yield from world.wrong[seen:]


def _look_until_nothing_goes(world: HistoryWorld) -> None:
    """One look decides, the next removes; of runs that used one another each look takes the last."""
    looks = 3
    while looks:
        known = len(world.store.runs(limit=1000))
        world.tidy(7300)
        world.settle()
        went = len(world.store.runs(limit=1000)) < known
        looks = max(looks - 1, 2) if went else looks - 1


def _kept_for_nobody(world: HistoryWorld) -> Iterator[RunRow]:
    """Runs long past their time that are neither needed nor the newest or last good of their flow.

    Those of a commit stay together.
    """
    commits: dict[tuple[str, str], list[RunRow]] = {}
    for row in world.store.runs(limit=1000):
        commits.setdefault((row.repository, row.sha or row.id), []).append(row)
    for rows in commits.values():
        if not any(_is_kept(world, row) for row in rows):
            yield from rows


def _is_kept(world: HistoryWorld, run: RunRow) -> bool:
    of_flow = [row for row in world.store.runs(limit=1000) if row.state.flow == run.state.flow]
    good = [row for row in of_flow if row.state.status is Status.SUCCEEDED]
    is_newest = any(
        run in rows and run.state.created_at == max(row.state.created_at for row in rows)  # several of one instant are
        for rows in (of_flow, good)
    )
    flow = world.store.flow(run.state.flow)
    standing = {flow.applied_sha, flow.waiting_sha} - {""} if flow is not None else set()
    return is_newest or run.sha in standing or any(needs_of(world.store, run))


def what_was_seen_is_folded(world: HistoryWorld) -> Iterator[str]:
    """Nothing that was reported of an attempt waits to be looked at."""
    for (attempt,) in world.looking.execute("SELECT DISTINCT attempt FROM observations").fetchall():
        row = world.store.attempt(attempt)
        yield f"what was seen of {row.op if row else attempt} is still to be looked at"


def no_fault_of_our_own(world: HistoryWorld) -> Iterator[str]:
    """No step failed through a bug."""
    if world.faults():
        yield f"{world.faults()} steps failed through a fault of our own"


LAWS: tuple[Law, ...] = (
    no_fault_of_our_own,
    the_world_agrees_with_the_head,
    every_run_ends,
    a_merge_starts_one_run,
    every_attempt_starts_once,
    nothing_broken_ever_ran,
    every_check_is_there_and_final,
    *SAID,
    who_asked_to_stop_is_heard,
    a_sweep_runs_each_value_once,
    ops_of_a_run_do_not_stand_in_for_each_other,
    failures_are_tried_again_as_often_as_asked,
    nothing_wrong_was_seen,
    what_was_seen_is_folded,
    a_final_word_stays,
    nobody_is_left_without_an_answer,
    what_was_delivered_was_looked_into,
    services_are_as_declared,
    a_second_look_writes_nothing,
    what_is_past_its_time_goes,
)


def broken_laws(world: HistoryWorld) -> list[str]:
    """Every law that does not hold, and what was found."""
    return [f"{law.__name__}: {found}" for law in LAWS for found in law(world)]

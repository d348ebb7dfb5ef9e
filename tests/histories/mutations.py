"""The product with one mistake in it: what the laws must notice. Each patches one place and puts it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, update

from reconciler.adapters.sql import queue
from reconciler.adapters.sql.queue import SqlQueue
from reconciler.adapters.sql.records import SqlRecords
from reconciler.adapters.sql.retention import SqlRetention
from reconciler.adapters.sql.tables import counters
from reconciler.engine import ending, machine, observing, starting
from reconciler.engine.machine import RunMachine
from reconciler.engine.model import FINAL, Performed
from reconciler.engine.retention import FOREVER, FlowMarks, Needs
from reconciler.records import Changes
from reconciler.steps import advance_run, following_head, intents, reconcile_flow, retain, services, sweep

Mutation = Callable[[], Any]


@contextmanager
def patched(owner: Any, name: str, mistaken: Callable[[Any], Any]) -> Iterator[None]:
    whole = getattr(owner, name)
    setattr(owner, name, mistaken(whole))
    try:
        yield
    finally:
        setattr(owner, name, whole)


# --- what is stored ---------------------------------------------------------------------------------------------------


@contextmanager
def no_fence() -> Iterator[None]:
    """A worker that slept past its lease writes all the same."""
    always = (update(counters).values(value=counters.c.value), [{}])

    def whatever(whole: Any) -> Any:
        return lambda self, *given: [*whole(self, *given), always]

    with patched(SqlQueue, "_fence", whatever), patched(SqlQueue, "_acknowledge", whatever):
        yield


def versions_are_not_checked() -> Any:
    """Who writes a run or flow that has moved on since it was read is not told."""
    return patched(queue, "check_moves", lambda _: lambda moved, counts: None)


def answers_are_forgotten() -> Any:
    """Requests stay open: they are performed again and again."""
    return _commit(lambda changes: replace(changes, answered=()))


def wakes_are_forgotten() -> Any:
    """A step that changes something tells nobody."""
    return _commit(lambda changes: replace(changes, wakes=()))


def attempts_are_not_written_down() -> Any:
    """What is to be started is not committed first."""
    return _commit(lambda changes: replace(changes, attempts=()))


def checks_are_not_written_down() -> Any:
    """What shall be said on a commit is lost."""
    return _commit(lambda changes: replace(changes, checks=()))


def observations_are_not_folded_away() -> Any:
    """What was seen is seen for ever."""
    return _commit(lambda changes: replace(changes, folded=()))


def acks_forget_when_to_look_again() -> Any:
    """Who wanted to look again at a time is not woken then."""
    return _commit(lambda changes: replace(changes, again_at=None) if changes.again_at else changes)


def _commit(mistaken: Callable[[Changes], Changes]) -> Any:
    def patch(whole: Any) -> Any:
        return lambda self, lease, changes, keep=False: whole(self, lease, mistaken(changes), keep)

    return patched(SqlQueue, "commit", patch)


def wakes_during_a_step_are_acknowledged() -> Any:
    """A wake that came while its key was leased goes with the acknowledgement."""

    anyway = delete(queue.wakes).where(*queue._HOLDS)

    def mistaken(whole: Any) -> Any:
        def acknowledge(self: Any, lease: Any, again_at: Any) -> Any:
            return whole(self, lease, again_at) if again_at is not None else [(anyway, [self._held(lease)])]

        return acknowledge

    return patched(SqlQueue, "_acknowledge", mistaken)


def results_of_the_same_run_are_used() -> Any:
    """An op is taken for done as another one of its own run was."""

    def mistaken(whole: Any) -> Any:
        return lambda self, wanted, run, *others: whole(self, wanted, "", *others)

    return patched(SqlRecords, "cached", mistaken)


# --- what is done -----------------------------------------------------------------------------------------------------


def intents_are_performed_before_they_are_written() -> Any:
    """An attempt is started in the step that decides it."""

    def mistaken(whole: Any) -> Any:
        def put(self: Any, attempt: Any) -> None:
            whole(self, attempt)
            if attempt.phase == "intended" and attempt.wanted == "run":
                self.world.executor.start([attempt], self.lease)

        return put

    return patched(advance_run._Step, "_put", mistaken)


def stops_are_skipped() -> Any:
    """What was to be stopped is not."""

    def mistaken(whole: Any) -> Any:
        return lambda row, now: row.wanted == "run" and whole(row, now)

    return patched(intents, "due", mistaken)


def unknown_counts_as_done() -> Any:
    """A start without an answer is taken for one that was made."""

    def mistaken(whole: Any) -> Any:
        def after(row: Any, fact: Any) -> Any:
            is_unknown = isinstance(fact, Performed) and fact.outcome in ("unknown", "again")
            return whole(row, replace(fact, outcome="done") if is_unknown else fact)

        return after

    return patched(intents, "after", mistaken)


@contextmanager
def ends_are_not_absorbed() -> Iterator[None]:
    """What is seen late of an attempt changes how it ended."""

    def every(whole: Any) -> Any:
        return lambda self, run, live=True, op=None: whole(self, run, False, op)

    def alive_again(whole: Any) -> Any:
        return lambda row, fact: whole(replace(row, phase="started") if row.phase == "ended" else row, fact)

    with patched(SqlRecords, "attempts", every), patched(intents, "after", alive_again):
        yield


def nobody_looks_again() -> Any:
    """What was not told is never found out."""
    return patched(intents, "look", lambda _: lambda world, attempts: ())


def observations_of_services_are_not_passed_on() -> Any:
    """A run never learns that its service is ready."""
    return patched(services, "seen_by", lambda _: lambda *given: ())


# --- what the engine decides ------------------------------------------------------------------------------------------


def stops_are_not_heard() -> Any:
    """A run that was stopped goes on."""
    return patched(RunMachine, "_fold", _deaf_to("stop"))


def approvals_are_not_heard() -> Any:
    """An op that was approved waits on."""
    return patched(RunMachine, "_fold", _deaf_to("approve"))


def _deaf_to(verb: str) -> Callable[[Any], Any]:
    def mistaken(whole: Any) -> Any:
        return lambda self, fact: None if getattr(fact, "verb", "") == verb else whole(self, fact)

    return mistaken


def stops_do_not_reach_children() -> Any:
    """Who stops a dag or a sweep leaves at work what is inside."""

    def mistaken(whole: Any) -> Any:
        def stop_node(book: Any, node: Any, *why: Any, **named: Any) -> None:
            if node.scope is None or node.scope.owner.scope is None or node.is_composite:
                whole(book, node, *why, **named)

        return stop_node

    return patched(ending, "stop_node", mistaken)


def timeouts_are_lost() -> Any:
    """An op with a timeout goes on for ever."""
    return patched(observing, "set_deadline", lambda _: lambda book, node: None)


def retries_are_lost() -> Any:
    """What failed is not tried again."""
    return patched(observing, "_max_retries", lambda _: lambda book, node: 0)


def retries_have_no_end() -> Any:
    """What failed is tried again more often than it may."""
    return patched(observing, "_max_retries", lambda whole: lambda book, node: whole(book, node) + 1)


def children_are_doubled() -> Any:
    """Every child of a sweep is its first one."""
    return patched(starting, "child_values", lambda whole: lambda sweep, index: whole(sweep, 0))


def skipped_ops_end_the_run_early() -> Any:
    """A run is told to have ended while an op of it is at work."""

    def mistaken(whole: Any) -> Any:
        def settle(self: Any) -> None:
            whole(self)
            root = self._book.root
            if root.state.status not in FINAL and len(self._book.live) == 1:
                machine.finish(self._book, root, machine.Status.SUCCEEDED)

        return settle

    return patched(RunMachine, "_settle", mistaken)


# --- what is forgotten ------------------------------------------------------------------------------------------------


def what_is_needed_is_pruned() -> Any:
    """Every run that has ended is past its time, whoever needs it."""

    def mistaken(_: Any) -> Any:
        none = FlowMarks(newest_from=FOREVER, most_from=FOREVER)
        return lambda self, marks, *counts: Needs({mark.state.flow: none for mark in marks})

    return patched(SqlRetention, "needs", mistaken)


def nothing_is_pruned() -> Any:
    """Every run is kept for ever."""
    return patched(retain, "past", lambda _: lambda *given: [])


def pruned_runs_leave_no_trace() -> Any:
    """Nobody can tell any more that a run was there."""
    return _commit(
        lambda changes: replace(changes, events=tuple(one for one in changes.events if one.kind != "pruned"))
    )


def files_go_before_that_is_written() -> Any:
    """Files are removed in the step that decides it."""

    def mistaken(whole: Any) -> Any:
        def files_past(*given: Any) -> Any:
            found = whole(*given)
            return replace(found, remove=found.remove + found.mark, mark=())

        return files_past

    return patched(sweep, "files_past", mistaken)


# --- what follows the head --------------------------------------------------------------------------------------------


def flows_that_are_gone_stay() -> Any:
    """A flow that was removed is not retired."""
    return patched(following_head, "retire", lambda _: lambda *given, **named: None)


def frozen_flows_are_removed() -> Any:
    """A flow whose file cannot be read is taken for one that is gone."""

    def mistaken(whole: Any) -> Any:
        def follow_head(draft: Any) -> None:
            whole(draft)
            if draft.flow.frozen:
                following_head.retire(draft, "It is broken.", stop=True)

        return follow_head

    return patched(reconcile_flow, "follow_head", mistaken)


def removals_are_not_held() -> Any:
    """What needs an approval is removed without one."""

    def mistaken(whole: Any) -> Any:
        return lambda draft, repository: whole(draft, replace(repository, pruning_held="", broken=""))

    return patched(following_head, "_retire_if_allowed", mistaken)


@contextmanager
def superseded_plans_start() -> Iterator[None]:
    """The commit that waited first is started, though newer ones have come."""

    def start_it(whole: Any) -> Any:
        def start(draft: Any, plan: Any, repository: Any) -> None:
            sha = draft.flow.waiting_sha or repository.head
            older = following_head._plan_at(draft, repository, sha)
            whole(draft, older or plan, replace(repository, head=sha))

        return start

    def wait_on(whole: Any) -> Any:
        return lambda draft, sha: whole(draft, draft.flow.waiting_sha or sha)

    with patched(following_head, "_start", start_it), patched(following_head, "_wait", wait_on):
        yield


def rejected_flows_run() -> Any:
    """A flow whose file has errors is started as it was before."""

    def mistaken(whole: Any) -> Any:
        def follow_head(draft: Any) -> None:
            whole(draft)
            plan, repository = draft.applied_plan(), draft.world.store.repository(draft.flow.repository)
            if draft.flow.frozen and plan is not None and not draft.live:
                following_head._start(draft, plan, repository)

        return follow_head

    return patched(reconcile_flow, "follow_head", mistaken)


_WAYS: tuple[Mutation, ...] = (
    no_fence,
    versions_are_not_checked,
    answers_are_forgotten,
    wakes_are_forgotten,
    attempts_are_not_written_down,
    checks_are_not_written_down,
    observations_are_not_folded_away,
    acks_forget_when_to_look_again,
    wakes_during_a_step_are_acknowledged,
    intents_are_performed_before_they_are_written,
    stops_are_skipped,
    unknown_counts_as_done,
    ends_are_not_absorbed,
    nobody_looks_again,
    observations_of_services_are_not_passed_on,
    stops_are_not_heard,
    approvals_are_not_heard,
    stops_do_not_reach_children,
    timeouts_are_lost,
    retries_are_lost,
    retries_have_no_end,
    children_are_doubled,
    skipped_ops_end_the_run_early,
    what_is_needed_is_pruned,
    nothing_is_pruned,
    pruned_runs_leave_no_trace,
    files_go_before_that_is_written,
    flows_that_are_gone_stay,
    frozen_flows_are_removed,
    removals_are_not_held,
    rejected_flows_run,
)
MUTATIONS: Mapping[str, Mutation] = {mutation.__name__: mutation for mutation in _WAYS}

"""The product with one mistake in it: what the laws must notice. Each patches one place and puts it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from sqlalchemy import delete, update

from reconciler.adapters.sql import queue, writing
from reconciler.adapters.sql.inbox import SqlInbox
from reconciler.adapters.sql.queue import SqlQueue
from reconciler.adapters.sql.records import SqlRecords
from reconciler.adapters.sql.retention import SqlRetention
from reconciler.adapters.sql.tables import counters
from reconciler.checks import review as review_words
from reconciler.checks import run as run_words
from reconciler.checks.model import Conclusion
from reconciler.engine import context, ending, machine, observing, starting
from reconciler.engine.machine import RunMachine
from reconciler.engine.model import FINAL, Performed
from reconciler.engine.retention import FOREVER, FlowMarks, Needs
from reconciler.loop import Loop
from reconciler.records import Changes
from reconciler.steps import (
    advance_run,
    commit_checks,
    following_head,
    intents,
    reconcile_flow,
    report,
    retain,
    review,
    services,
    sweep,
)
from tests.histories.playing import NEVER_RESTS

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


def deliveries_wake_nobody() -> Any:
    """A webhook is recorded, and nobody looks into it."""

    def mistaken(whole: Any) -> Any:
        return lambda self, arrived: whole(self, [replace(one, wakes=(), requests=()) for one in arrived])

    return patched(SqlInbox, "deliver", mistaken)


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


def starts_are_repeated() -> Any:
    """What has been started is started again in every step."""

    def mistaken(whole: Any) -> Any:
        return lambda row, now: whole(row, now) or (row.wanted == "run" and row.phase == "started")

    return patched(intents, "due", mistaken)


@contextmanager
def names_are_new_each_time() -> Iterator[None]:
    """An attempt that is started in the step that decides it has another name when that step is repeated."""
    times = count()

    def salted(whole: Any) -> Any:
        return lambda run, *others: whole(f"{run} {next(times)}", *others)

    with intents_are_performed_before_they_are_written(), patched(context, "attempt_id", salted):
        yield


def instances_are_left() -> Any:
    """The instance of a service that is not wanted any more goes on."""
    return patched(services._Keeper, "_stop", lambda _: lambda self, *given: None)


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


def nobody_minds_the_clock() -> Any:
    """What waits for a time waits for all that a clock was set back as well."""
    return patched(Loop, "_mind_the_clock", lambda _: lambda self: None)


def what_was_handed_over_is_left() -> Any:
    """A run that ends before it begins leaves behind what an older run had handed to it."""
    return patched(machine, "stop_left_over", lambda _: lambda book: None)


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


def skipping_is_a_fault() -> Any:
    """A step fails over a request."""

    def mistaken(whole: Any) -> Any:
        def fold(self: Any, fact: Any) -> Any:
            if getattr(fact, "verb", "") == "skip":
                raise LookupError("There is no such op.")
            return whole(self, fact)

        return fold

    return patched(RunMachine, "_fold", mistaken)


# --- what is said -----------------------------------------------------------------------------------------------------

_SWAPPED = {Conclusion.SUCCESS: Conclusion.FAILURE, Conclusion.FAILURE: Conclusion.SUCCESS}


def verdicts_are_swapped() -> Any:
    """What succeeded is told as a failure, and what failed as a success."""

    def mistaken(whole: Any) -> Any:
        return lambda *given: _SWAPPED.get(whole(*given), whole(*given))

    return patched(run_words, "_conclusion", mistaken)


def failures_are_told_as_success() -> Any:
    """Whatever is over was a success."""

    def mistaken(whole: Any) -> Any:
        def worded(*given: Any) -> Any:
            one = whole(*given)
            green = (replace(check, conclusion=check.conclusion and Conclusion.SUCCESS) for check in one.checks)
            return replace(one, checks=tuple(green))

        return worded

    return patched(report, "_worded", mistaken)


def proposals_are_always_green() -> Any:
    """Errors in what a proposal would bring are not counted."""
    return patched(review_words, "_errors", lambda _: lambda found: 0)


def what_is_hidden_counts_as_untouched() -> Any:
    """Of a flow that a conflict hides it is said that merging does not change it."""
    return patched(review, "not_known", lambda _: review.not_touched)


def newer_words_are_not_said() -> Any:
    """What was said for good is not said anew, whatever is found since."""

    def mistaken(whole: Any) -> Any:
        def row(known: Any, *given: Any) -> Any:
            return replace(whole(known, *given), final=known is not None and known.final)

        return row

    return patched(commit_checks, "_row", mistaken)


def every_run_speaks_for_its_commit() -> Any:
    """An older run says how it goes on where a newer one has begun."""
    statements = writing.statements_of("sqlite")
    return patched(statements, "follow_run", lambda _: statements.put["checks"])


@contextmanager
def proposals_are_judged_anew() -> Iterator[None]:
    """Whoever looks at a proposal judges it, and never comes to the same words."""
    times = count()

    def counted(whole: Any) -> Any:
        return lambda *given: f"{whole(*given)[:40]} {next(times)}"

    with _commit(lambda changes: replace(changes, judged=())), patched(review_words, "_ready_title", counted):
        yield


def words_are_counted() -> Any:
    """A check is worded otherwise each time."""
    times = count()

    def mistaken(whole: Any) -> Any:
        return lambda story: f"{whole(story)[:40]} {next(times)}"

    return patched(run_words.run_text, "title", mistaken)


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


def generations_are_counted_twice() -> Any:
    """A merge counts for two."""

    def mistaken(whole: Any) -> Any:
        def start(draft: Any, *given: Any) -> None:
            whole(draft, *given)
            draft.set(generation=draft.flow.generation + 1)

        return start

    return patched(following_head, "_start", mistaken)


def looks_are_noted() -> Any:
    """Whoever looks at a flow leaves a trace of it."""

    def mistaken(whole: Any) -> Any:
        def follow_head(draft: Any) -> None:
            whole(draft)
            draft.note("Looked", "Nothing was to be done.")

        return follow_head

    return patched(reconcile_flow, "follow_head", mistaken)


def rejected_flows_run() -> Any:
    """A flow whose file has errors is started as it was before."""

    def mistaken(whole: Any) -> Any:
        def follow_head(draft: Any) -> None:
            whole(draft)
            plan, repository = draft.applied_plan(), draft.world.store.repository(draft.flow.repository)
            is_new = repository is not None and draft.flow.applied_sha != repository.head
            if draft.flow.frozen and is_new and plan is not None and not draft.live:
                following_head._start(draft, plan, repository)

        return follow_head

    return patched(reconcile_flow, "follow_head", mistaken)


# Each breaks this law, among others.
_BROKEN_BY: Mapping[Mutation, str] = {
    no_fence: "nothing_wrong_was_seen",
    versions_are_not_checked: "nothing_wrong_was_seen",
    answers_are_forgotten: "nobody_is_left_without_an_answer",
    wakes_are_forgotten: "the_world_agrees_with_the_head",
    attempts_are_not_written_down: "every_run_ends",
    checks_are_not_written_down: "every_check_is_there_and_final",
    observations_are_not_folded_away: "what_was_seen_is_folded",
    deliveries_wake_nobody: "what_was_delivered_was_looked_into",
    acks_forget_when_to_look_again: "every_run_ends",
    wakes_during_a_step_are_acknowledged: "nothing_wrong_was_seen",
    intents_are_performed_before_they_are_written: "nothing_wrong_was_seen",
    starts_are_repeated: NEVER_RESTS,
    names_are_new_each_time: "every_attempt_starts_once",
    instances_are_left: "services_are_as_declared",
    stops_are_skipped: "every_run_ends",
    unknown_counts_as_done: "every_run_ends",
    ends_are_not_absorbed: "every_run_ends",
    nobody_looks_again: "every_run_ends",
    observations_of_services_are_not_passed_on: "every_run_ends",
    stops_are_not_heard: "every_run_ends",
    nobody_minds_the_clock: "every_run_ends",
    approvals_are_not_heard: "every_run_ends",
    stops_do_not_reach_children: "every_run_ends",
    timeouts_are_lost: "nothing_wrong_was_seen",
    retries_are_lost: "failures_are_tried_again_as_often_as_asked",
    retries_have_no_end: "failures_are_tried_again_as_often_as_asked",
    children_are_doubled: "a_sweep_runs_each_value_once",
    skipped_ops_end_the_run_early: "every_run_ends",
    skipping_is_a_fault: "no_fault_of_our_own",
    verdicts_are_swapped: "a_check_says_what_became_of_its_run",
    failures_are_told_as_success: "a_gate_says_what_is_wrong_with_its_commit",
    proposals_are_always_green: "a_gate_says_whether_its_proposal_may_be_merged",
    what_is_hidden_counts_as_untouched: "a_gate_says_whether_its_proposal_may_be_merged",
    newer_words_are_not_said: "what_is_to_be_said_is_said",
    words_are_counted: "a_final_word_stays",
    what_is_needed_is_pruned: "what_is_past_its_time_goes",
    nothing_is_pruned: "what_is_past_its_time_goes",
    pruned_runs_leave_no_trace: "what_is_past_its_time_goes",
    files_go_before_that_is_written: "nothing_wrong_was_seen",
    flows_that_are_gone_stay: "the_world_agrees_with_the_head",
    frozen_flows_are_removed: "nothing_wrong_was_seen",
    removals_are_not_held: "nothing_wrong_was_seen",
    generations_are_counted_twice: "a_merge_starts_one_run",
    rejected_flows_run: "nothing_broken_ever_ran",
    looks_are_noted: "a_second_look_writes_nothing",
}
MUTATIONS: Mapping[str, Mutation] = {mutation.__name__: mutation for mutation in _BROKEN_BY}
LAW_OF: Mapping[str, str] = {mutation.__name__: law for mutation, law in _BROKEN_BY.items()}

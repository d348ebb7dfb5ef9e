"""What is seen of attempts and services, folded into their ops: late and repeated observations change nothing."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.engine.attempts import MAX_DISRUPTIONS, retry_delay
from reconciler.engine.book import Book
from reconciler.engine.context import full_context
from reconciler.engine.early import measured
from reconciler.engine.ending import finish, stop_node
from reconciler.engine.model import (
    FINAL,
    RUNNING,
    STOPPING,
    SUCCEEDED,
    Measured,
    Observed,
    OpState,
    Performed,
    ServiceSeen,
    Status,
)
from reconciler.engine.policies import measure_child
from reconciler.engine.reasons import (
    BAD_OUTPUTS,
    CONFIG_ERROR,
    DEADLINE_EXCEEDED,
    EARLY_STOPPED,
    READY,
    RETRY,
    STOP_ASKED,
)
from reconciler.engine.resolve import number
from reconciler.engine.scopes import Node, SweepScope
from reconciler.engine.starting import set_deadline
from reconciler.engine.statuses import may_follow
from reconciler.flows.model import IO, Json
from reconciler.flows.types import convert
from reconciler.plan.templates import render_data

DEADLINE_MESSAGE = "It took longer than its timeout allows."


def observe(book: Book, fact: Observed) -> None:
    """An executor saw an attempt; what is said of one that has ended, or was replaced, is no news."""
    node = book.node_of(fact.attempt)
    if node is None:
        return
    if fact.status in FINAL:
        del book.live[fact.attempt]
        if node.state.attempt == fact.attempt:
            _end_attempt(book, node, fact)
    elif node.state.attempt == fact.attempt and may_follow(node.state.status, fact.status):
        at = fact.started_at or fact.at if fact.status is RUNNING else fact.at
        book.move(node, fact.status, fact.reason, fact.message, at)
        if node.op.timeout is not None:
            set_deadline(book, node)


def perform(book: Book, fact: Performed) -> None:
    """What came of an intent. `again` and `unknown` change nothing: the intent waits, or observations will tell."""
    node = book.node_of(fact.attempt)
    if node is None or node.state.attempt != fact.attempt:
        return
    if fact.verb == "start" and fact.outcome == "done":
        if may_follow(node.state.status, Status.SCHEDULED):
            book.move(node, Status.SCHEDULED, fact.reason, fact.message, fact.at)
    elif fact.outcome == "refused":
        del book.live[fact.attempt]
        status = Status.FAILED if fact.verb == "start" else Status.STOPPED
        refused = Observed(fact.attempt, status, fact.at, fact.reason or CONFIG_ERROR, fact.message)
        _end_attempt(book, node, refused, is_refused=True)


def _end_attempt(book: Book, node: Node, fact: Observed, is_refused: bool = False) -> None:
    state = node.state
    if state.started_at is None and (fact.started_at is not None or fact.status is SUCCEEDED):
        state.started_at = fact.started_at or fact.at
        set_deadline(book, node)
    if state.deadline_at is not None and _is_late(state, state.deadline_at, fact):
        finish(book, node, Status.FAILED, DEADLINE_EXCEEDED, DEADLINE_MESSAGE, fact.at)
    elif fact.status is SUCCEEDED:
        _succeed(book, node, fact)
    else:
        state.outputs = fact.outputs or None
        _end_badly(book, node, fact, is_refused)


def _is_late(state: OpState, deadline: float, fact: Observed) -> bool:
    is_being_stopped = state.status is STOPPING and state.reason != DEADLINE_EXCEEDED
    return fact.at > deadline and not is_being_stopped


def _succeed(book: Book, node: Node, fact: Observed) -> None:
    state = node.state
    state.outputs = fact.outputs or {}
    if node.op.outputs:
        state.outputs, problem = _checked(book, node, state.outputs)
        if problem:
            finish(book, node, Status.FAILED, BAD_OUTPUTS, problem, fact.at)
            return
    state.artifacts = fact.attempt
    finish(book, node, SUCCEEDED, fact.reason, fact.message, fact.at)


def _checked(book: Book, node: Node, given: Mapping[str, Json]) -> tuple[Mapping[str, Json], str]:
    """What the op gave as values of the declared types, and what is wrong with them."""
    outputs, problem = dict(given), ""
    for io in node.op.outputs:
        try:
            value = given[io.name] if given.get(io.name) is not None else _default(book, node, io)
            if value is None and not (io.is_optional or io.has_value):
                problem = problem or f"It did not give its output `{io.name}`."
            elif value is not None:
                outputs[io.name] = convert(io, value)
        except ValueError as error:
            problem = problem or f"Output {error}"
    return outputs, problem


def _default(book: Book, node: Node, io: IO) -> Json:
    return render_data(io.value, full_context(book, node)) if io.has_value else None


def _end_badly(book: Book, node: Node, fact: Observed, is_refused: bool) -> None:
    state, scope = node.state, node.home
    if state.stop_asked_at is not None and fact.at < state.stop_asked_at and fact.status is Status.FAILED:
        finish(book, node, Status.FAILED, fact.reason or _app_error(fact), fact.message, fact.at)
    elif state.status is STOPPING or scope.stopping or book.run.stop_asked_by is not None:
        reason = state.reason if state.status is STOPPING else STOP_ASKED
        status = Status.FAILED if reason == DEADLINE_EXCEEDED else Status.STOPPED
        finish(book, node, status, reason, state.message, fact.at)
    elif fact.disruption:
        state.disruptions += 1
        _try_again(book, node, fact, state.disruptions, MAX_DISRUPTIONS)
    elif fact.status is not Status.FAILED or is_refused:
        finish(book, node, fact.status, fact.reason, fact.message, fact.at)
    else:
        state.failures += 1
        _try_again(book, node, fact, state.failures, _max_retries(book, node))


def _max_retries(book: Book, node: Node) -> int:
    try:
        return int(number(book, node, "maxRetries", node.op.max_retries) or 0)
    except ValueError:
        return 0


def _try_again(book: Book, node: Node, fact: Observed, bad_ends: int, allowed: int) -> None:
    if bad_ends > allowed:
        finish(book, node, Status.FAILED, fact.reason or _app_error(fact), fact.message, fact.at)
        return
    state = node.state
    state.due_at = fact.at + retry_delay(book.run.id, node.path, state.attempts)
    if not isinstance(node.scope, SweepScope) and node.home.release(node):  # a sweep's child keeps its place
        book.ready.wake(node.home)
    book.move(node, Status.RETRYING, fact.reason or RETRY, fact.message, fact.at)
    book.set_timer(state.due_at, node.path)


def _app_error(fact: Observed) -> str:
    return "AppError" if fact.exit_code is None else f"AppError({fact.exit_code})"


def see_service(book: Book, fact: ServiceSeen) -> None:
    """The flow's instance of a service op is ready, or failed."""
    node = book.node_at(fact.path)
    if node is None or node.op.kind != "service" or node.state.status is not RUNNING:
        return
    if not fact.ready:
        finish(book, node, Status.FAILED, fact.reason or "AppError", fact.message, fact.at)
        return
    node.state.outputs = dict(fact.outputs or {})
    finish(book, node, SUCCEEDED, READY, fact.message, fact.at)


def measure(book: Book, fact: Measured) -> None:
    """A live metric may be good enough to stop the sweep, or bad enough to stop the child."""
    node = book.node_of(fact.attempt)
    if node is None or node.done or node.state.attempt != fact.attempt:
        return
    scope = node.home
    stop = measured(book, scope, fact.name, fact.value)
    if node.hook_of is not None or node.state.status is STOPPING:
        return
    if stop is not None:
        scope.early = stop.reason
        book.stops.append((scope, stop.reason, stop.message))
    for rule in (rule for rule in scope.rules if rule.policy is not None and rule.metric == fact.name):
        why = measure_child(book, node, rule, fact.value)
        if why:
            stop_node(book, node, EARLY_STOPPED, why)


def pass_time(book: Book) -> bool:
    """Retries that are due, deadlines that have passed. Whether there were any."""
    due = book.due()
    for node in due:
        state = node.state
        if state.deadline_at is not None and state.deadline_at <= book.now:
            stop_node(book, node, DEADLINE_EXCEEDED, DEADLINE_MESSAGE)
        elif state.status is Status.RETRYING and state.due_at is not None and state.due_at <= book.now:
            state.due_at = None
            book.move(node, Status.QUEUED)
            book.ready.push(node)
    return bool(due)

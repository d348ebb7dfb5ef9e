"""The way of an op from its trigger to the queue: joins, params, conditions, cache, approval."""

from __future__ import annotations

from reconciler.engine.book import Book
from reconciler.engine.cache_key import cache_key
from reconciler.engine.decisions import LookUpCache, RunJoins
from reconciler.engine.ending import close, finish, hook_condition
from reconciler.engine.joins import join_queries
from reconciler.engine.model import QUEUED, CacheAnswer, JoinAnswer, Status
from reconciler.engine.opening import open_scope
from reconciler.engine.reasons import (
    AWAITING_APPROVAL,
    CACHE_HIT,
    CONDITION_FALSE,
    CONFIG_ERROR,
    STOP_ASKED,
    UPSTREAM_FAILED,
    UPSTREAM_SKIPPED,
)
from reconciler.engine.resolve import NO_PARAMS, condition_holds, flag, number, resolve
from reconciler.engine.scopes import GraphScope, Node, SweepScope
from reconciler.engine.statuses import may_follow
from reconciler.engine.sweeps import child_values
from reconciler.engine.triggers import START, WAIT, Verdict
from reconciler.plan.pieces import TemplateError

_UNTOUCHED = frozenset({Status.CREATED, Status.RESUMING})


def look_at(book: Book, node: Node) -> None:
    """Something was said to an op: end it if its children have, or see whether its upstreams let it start."""
    scope = node.scope
    if node.state.status not in _UNTOUCHED:
        _look_inside(book, node)
    elif book.questions and node.path in book.questions:
        return
    elif scope is not None and scope.stopping:
        finish(book, node, Status.STOPPED, STOP_ASKED)
    else:
        verdict = START
        if isinstance(scope, GraphScope) and node.hook_of is None:
            verdict = scope.verdict_on(node.index)
        if verdict is START:
            begin(book, node)
        elif verdict is not WAIT:
            _pass_by(book, node, verdict)


def _look_inside(book: Book, node: Node) -> None:
    scope = book.scopes.get(node.path) if node.is_composite and not node.done else None
    if scope is not None and scope.left == 0:
        close(book, node)


def _pass_by(book: Book, node: Node, verdict: Verdict) -> None:
    """End an op that its upstreams do not let start."""
    if verdict is Verdict.SKIP:
        finish(book, node, Status.SKIPPED, UPSTREAM_SKIPPED, "An upstream was skipped.")
    else:
        message = f"Its upstreams do not allow it to start (trigger {node.op.trigger})."
        finish(book, node, Status.UPSTREAM_FAILED, UPSTREAM_FAILED, message)


def begin(book: Book, node: Node) -> None:
    """The upstreams let it start: ask its joins, then go on."""
    if _is_plain(node):
        node.state.params = NO_PARAMS
        book.move(node, QUEUED)
        book.ready.push(node)
        return
    try:
        if node.op.joins and node.join_rows is None:
            _ask(book, node, RunJoins(node.path, join_queries(book, node)))
        else:
            _prepare(book, node)
    except ValueError as error:
        finish(book, node, Status.FAILED, CONFIG_ERROR, str(error))


def _is_plain(node: Node) -> bool:
    """Whether there is nothing to resolve, to ask or to wait for before the op may take a place."""
    op = node.op
    if op.inputs or op.sources or op.joins or op.conditions or op.is_approved is not None:
        return False
    return op.cache.disable is True and node.hook_of is None and isinstance(node.scope, GraphScope)


def _prepare(book: Book, node: Node) -> None:
    """Resolve params, evaluate conditions, ask the cache. Raises ValueError (TemplateError) with a sentence."""
    scope = node.scope
    of_sweep = isinstance(scope, SweepScope) and node.hook_of is None
    combination = child_values(scope.owner.state.sweep or {}, node.index) if scope is not None and of_sweep else None
    resolved = resolve(book, node, combination)
    holds, condition = True, ""
    if node.op.conditions:
        holds, condition = condition_holds(book, node, node.op.conditions, resolved.params)
    if holds and node.hook_of is not None:
        holds, condition = hook_condition(book, node, resolved.params)
    node.state.params = resolved.params
    if not holds:
        node.state.condition = condition
        finish(book, node, Status.SKIPPED, CONDITION_FALSE, f"Its condition does not hold: {condition}.")
    elif resolved.problem is not None:
        finish(book, node, Status.FAILED, resolved.problem.reason, resolved.problem.message)
    elif is_cached(book, node):
        node.state.cache_key = cache_key(book, node, resolved.params)
        ttl = number(book, node, "cache.ttl", node.op.cache.ttl)
        _ask(book, node, LookUpCache(node.path, node.state.cache_key, None if ttl is None else book.now - ttl))
    else:
        go_on(book, node)


def _ask(book: Book, node: Node, question: RunJoins | LookUpCache) -> None:
    book.questions.add(node.path)
    book.actions.append(question)


def is_cached(book: Book, node: Node) -> bool:
    """Whether an earlier result may stand in: by default for what has a dag, mapping or search around it."""
    op, plan = node.op, book.plan
    if op.cache.disable is True or op.kind == "service" or node.hook_of is not None or node.is_composite:
        return False
    disabled = flag(book, node, op.cache.disable)
    is_child = plan.root.graph is not None or plan.root.matrix is not None
    return is_child if disabled is None else not disabled


def answer(book: Book, fact: CacheAnswer | JoinAnswer) -> None:
    """Go on with an op whose question was answered; an answer to no question changes nothing."""
    node = book.node_at(fact.path)
    if node is None or fact.path not in book.questions:
        return
    book.questions.discard(fact.path)
    if isinstance(fact, JoinAnswer):
        node.join_rows = fact.rows
        begin(book, node)
    elif fact.attempt is None:
        _go_on_safely(book, node)
    else:
        state = node.state
        state.outputs, state.artifacts = dict(fact.outputs or {}), fact.artifacts or fact.attempt
        state.cached_from = fact.attempt
        finish(book, node, Status.SUCCEEDED, CACHE_HIT, f"The result of attempt {fact.attempt} was used.")


def _go_on_safely(book: Book, node: Node) -> None:
    try:
        go_on(book, node)
    except TemplateError as error:
        finish(book, node, Status.FAILED, CONFIG_ERROR, str(error))


def go_on(book: Book, node: Node) -> None:
    """Wait for an approval, or for a place. Raises TemplateError."""
    asked = node.op.is_approved
    if asked is not None and flag(book, node, asked) is False and node.state.approved_by is None:
        book.move(node, Status.COMPILED, AWAITING_APPROVAL, "It waits for somebody to approve it.")
    else:
        enqueue(book, node)


def enqueue(book: Book, node: Node) -> None:
    """The op may start as soon as there is a place for it; the run itself needs none."""
    if node.scope is None:
        book.move(node, Status.RUNNING)
        set_deadline(book, node)
        open_scope(book, node)
    elif may_follow(node.state.status, QUEUED):
        book.move(node, QUEUED)
        book.ready.push(node)


def set_deadline(book: Book, node: Node) -> None:
    """From the first running status on, an op has its timeout. A sweep's timeout is that of each of its children."""
    state, op = node.state, node.op
    if op.timeout is None or op.matrix is not None or state.deadline_at is not None or state.started_at is None:
        return
    try:
        timeout = number(book, node, "timeout", op.timeout)
    except ValueError:
        timeout = None
    if timeout is not None and timeout > 0:
        state.deadline_at = state.started_at + timeout
        book.note(node)
        book.set_timer(state.deadline_at, node.path)

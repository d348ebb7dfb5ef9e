"""Opening a scope: its children are found as they were left, and what was under way goes on."""

from __future__ import annotations

from reconciler.engine.attempts import has_come, retry_delay
from reconciler.engine.book import Book
from reconciler.engine.ending import count_end, finish, open_hooks
from reconciler.engine.model import Status
from reconciler.engine.reasons import CONFIG_ERROR
from reconciler.engine.resolve import number
from reconciler.engine.scopes import (
    ENDED_EARLY,
    GraphScope,
    Node,
    Scope,
    graph_scope,
    sweep_scope,
)
from reconciler.engine.sweeps import plan_sweep
from reconciler.flows.model import Json

_WAITING = frozenset({Status.CREATED, Status.ON_SCHEDULE, Status.RESUMING, Status.COMPILED})


def open_scope(book: Book, node: Node) -> None:
    """Open the scope of a composite op that is running; one that cannot be opened fails."""
    try:
        if node.op.matrix is not None:
            _open_sweep(book, node)
        else:
            _open_graph(book, node)
    except ValueError as error:
        finish(book, node, Status.FAILED, CONFIG_ERROR, str(error))


def _open_graph(book: Book, node: Node) -> None:
    graph = node.op.graph
    assert graph is not None
    scope = graph_scope(node, graph, _concurrency(book, node, graph.concurrency))
    _register(book, node, scope)
    if book.states:
        for index in range(scope.planned):
            if scope.path_of(index) in book.states:
                _find_child(book, scope, book.node(scope, index))
    for index in range(scope.planned) if scope.stopping else scope.starters():
        book.look_at(book.node(scope, index))
    if node.scope is None:
        scope.hooks_opened = find_hooks(book, scope, node)
    _check_empty(book, scope)


def _open_sweep(book: Book, node: Node) -> None:
    if node.state.sweep is None:
        node.state.sweep = plan_sweep(book, node)
        book.note(node)
    scope = sweep_scope(node)
    _register(book, node, scope)
    made = [index for index in range(scope.planned) if _is_made(book, scope.path_of(index))]
    scope.next = made[-1] + 1 if made else 0
    scope.holes.extend(sorted(set(range(scope.next)) - set(made)))
    if scope.stopping:
        scope.left = len(made)
    for index in made:
        child = book.child(scope, index)
        if not child.done:
            scope.hold(child)
        _find_child(book, scope, child)
    if scope.unmade:
        book.makers.append(scope)
        book.makers.sort(key=lambda maker: (-maker.owner.op.critical, maker.owner.order))
    _check_empty(book, scope)


def _register(book: Book, node: Node, scope: Scope) -> None:
    book.scopes[node.path] = scope
    if node.state.status is Status.STOPPING:
        scope.stopping = True
        scope.early = node.state.reason if node.state.reason in ENDED_EARLY else ""


def _check_empty(book: Book, scope: Scope) -> None:
    if scope.left == 0:
        book.look_at(scope.owner)


def _is_made(book: Book, path: str) -> bool:
    return path in book.states and book.states[path].status is not Status.CREATED


def _concurrency(book: Book, node: Node, value: Json) -> int | None:
    found = number(book, node, "concurrency", value)
    return None if found is None else max(1, int(found))


def _find_child(book: Book, scope: Scope, node: Node) -> None:
    """Count a child as it was left, and take up again what it was doing."""
    if isinstance(scope, GraphScope):
        names = frozenset(str(status) for status in node.state.passed)
        for found in scope.note_passed(node.index, names):
            book.look_at(book.node(scope, found))
    take_up(book, node)
    if node.done:
        count_end(book, scope, node)
        find_hooks(book, scope, node)
        open_hooks(book, scope, node, node.state.status)


def find_hooks(book: Book, scope: Scope, node: Node) -> bool:
    """Take up the hooks of an op that were begun. Whether there are any."""
    found = False
    for place, hook in enumerate(node.op.hooks):
        if not _is_made(book, f"{node.path}!{place}"):
            continue
        found = True
        scope.left += 1
        begun = book.hook(scope, node, place, hook.op)
        take_up(book, begun)
        if begun.done:
            scope.count_end(begun)
    return found


def take_up(book: Book, node: Node) -> None:
    """Go on with an op where its state says that it was."""
    state, scope = node.state, node.home
    if node.done or state.status in _WAITING:
        return
    book.set_timer(state.deadline_at, node.path)
    if state.status is Status.RETRYING:
        delay = retry_delay(book.run.id, node.path, state.attempts)
        state.due_at = book.now if has_come(state.due_at, book.now, delay) else state.due_at
        book.set_timer(state.due_at, node.path)
    elif node.is_composite and state.status is not Status.QUEUED:
        scope.hold(node)
        open_scope(book, node)
    elif state.status is Status.QUEUED and state.attempt not in book.live:
        book.ready.push(node)
    else:
        scope.hold(node)
        if state.attempt and node.op.kind != "service":
            book.live.setdefault(state.attempt, node.path)

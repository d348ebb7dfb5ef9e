"""Starting what is ready, as far as there is room: attempts, services, scopes, and the next children of sweeps."""

from __future__ import annotations

from reconciler.engine.book import Book
from reconciler.engine.decisions import DeclareService, StartAttempt
from reconciler.engine.ending import finish
from reconciler.engine.model import QUEUED, Status
from reconciler.engine.opening import open_scope
from reconciler.engine.ready import Room, needs_slot
from reconciler.engine.reasons import CONFIG_ERROR
from reconciler.engine.scopes import Node, SweepScope
from reconciler.engine.spec import attempt_spec
from reconciler.engine.starting import set_deadline


def launch_next(book: Book, room: Room) -> bool:
    """Start one op or all that need no place, or make one child of a sweep; False if nothing more may start now."""
    if book.ready.free and not room.is_limited:
        _launch_free(book, room)
        return True
    node = book.ready.take(room)
    if node is not None:
        node.home.hold(node)
        _launch(book, node, room)
        return True
    if book.makers and _make_child(book, room):
        return True
    waiting = not book.questions and any(scope.may_make for scope in book.makers)
    book.starved = waiting or book.ready.starved
    return False


def _launch_free(book: Book, room: Room) -> None:
    """Start all ops that need no place, until a scope is to stop."""
    free = book.ready.take_free()
    for place, node in enumerate(free, 1):
        if node.state.status is QUEUED:
            _launch(book, node, room)
        if book.stops:
            book.ready.free += free[place:]
            return


def _open(book: Book, node: Node) -> None:
    book.move(node, Status.RUNNING)
    set_deadline(book, node)
    open_scope(book, node)


def _launch(book: Book, node: Node, room: Room) -> None:
    if node.is_composite:
        _open(book, node)
        return
    state = node.state
    try:
        spec = attempt_spec(book, node)
    except ValueError as error:
        finish(book, node, Status.FAILED, CONFIG_ERROR, str(error))
        return
    state.attempts, state.attempt = spec.number, spec.attempt
    if node.op.kind == "service":
        book.move(node, Status.RUNNING)
        set_deadline(book, node)
        book.actions.append(DeclareService(node.path, spec))
        return
    if room.is_limited:
        room.take(node.op.queue)
    book.live[spec.attempt] = node.path
    book.note(node)
    book.actions.append(StartAttempt(node.path, spec))


def _make_child(book: Book, room: Room) -> bool:
    """Make the next child of the first sweep that may have one. Ops that wait for an answer may need a place each."""
    book.makers = [scope for scope in book.makers if scope.unmade]
    for scope in book.makers:
        if scope.may_make and _may_start(book, scope, room):
            child = book.child(scope, scope.take_index())
            scope.hold(child)
            book.look_at(child)
            return True
    return False


def _may_start(book: Book, scope: SweepScope, room: Room) -> bool:
    if needs_slot(Node("", scope.child, scope.owner.state)):
        return room.admits(scope.child.queue, len(book.questions))
    return room.admits(None, len(book.questions))

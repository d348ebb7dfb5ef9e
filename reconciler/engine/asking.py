"""What people ask of a run or of one op: stop, skip, approve. Repeating a request changes nothing."""

from __future__ import annotations

from reconciler.engine.book import Book
from reconciler.engine.ending import finish, stop_node
from reconciler.engine.model import FINAL, Asked, Status
from reconciler.engine.reasons import AWAITING_APPROVAL, SKIP_ASKED, STOP_ASKED
from reconciler.engine.scopes import Node
from reconciler.engine.starting import enqueue
from reconciler.plan.walk import op_at

_SKIPPABLE = frozenset({Status.CREATED, Status.RESUMING, Status.ON_SCHEDULE, Status.COMPILED, Status.QUEUED})


def ask(book: Book, fact: Asked) -> None:
    """Do what a person asked for, where it still can be done."""
    if book.root.done:
        return
    node = book.node_at(fact.op or "")
    if node is None:
        _ask_ahead(book, fact)
        return
    match fact.verb:
        case "stop":
            _stop(book, node, fact)
        case "skip" if fact.op:
            _skip(book, node, fact)
        case "approve":
            _approve(book, node, fact)


def _stop(book: Book, node: Node, fact: Asked) -> None:
    if node.scope is None:
        book.run.stop_asked_by = book.run.stop_asked_by or fact.by
        book.run_changed = True
    stop_node(book, node, STOP_ASKED, f"Stopped by {fact.by}.", fact.at)


def _skip(book: Book, node: Node, fact: Asked) -> None:
    if node.state.status in _SKIPPABLE and node.state.attempt not in book.live:
        finish(book, node, Status.SKIPPED, SKIP_ASKED, f"Skipped by {fact.by}.", fact.at)


def _approve(book: Book, node: Node, fact: Asked) -> None:
    state = node.state
    if node.done or state.approved_by is not None:
        return
    state.approved_by = fact.by
    book.note(node)
    if state.status is Status.COMPILED and state.reason == AWAITING_APPROVAL:
        enqueue(book, node)


def _ask_ahead(book: Book, fact: Asked) -> None:
    """An op whose scope is not open yet is skipped or approved before it is reached."""
    path = fact.op or ""
    if not _is_planned(book, path) or book.state(path).status in FINAL:
        return
    state = book.open_state(path)
    node = Node(path, book.root.op, state)
    if fact.verb == "approve":
        state.approved_by = state.approved_by or fact.by
        book.note(node)
    elif fact.verb == "skip":
        book.move(node, Status.SKIPPED, SKIP_ASKED, f"Skipped by {fact.by}.", fact.at)


def _is_planned(book: Book, path: str) -> bool:
    try:
        op_at(book.plan, path)
    except KeyError:
        return False
    return True

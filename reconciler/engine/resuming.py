"""Resuming a run that has ended: which ops are begun once more. Opening the run anew is the machine's part."""

from __future__ import annotations

from reconciler.engine.book import Book
from reconciler.engine.graphs import downstream_of
from reconciler.engine.model import Asked, OpState, Status
from reconciler.engine.reasons import RESUME_ASKED
from reconciler.plan.model import Graph

_KEPT = frozenset({Status.SUCCEEDED, Status.SKIPPED})


def resume(book: Book, fact: Asked) -> None:
    """Reset what did not succeed (or the one op that was named) and all that is downstream of it.

    A skipped op stays skipped unless something upstream of it is begun once more. Attempts go on counting.
    """
    graph = book.root.op.graph
    assert graph is not None
    if fact.op is None:
        _reset_graph(book, graph, "", fact)
    else:
        _reset_path(book, graph, fact.op, fact)
    _forget_hooks(book, "", fact)
    book.run.stop_asked_by = None
    state = book.root.state
    state.deadline_at = state.finished_at = state.started_at = None
    state.passed = ()
    book.move(book.root, Status.RESUMING, RESUME_ASKED, f"Resumed by {fact.by}.", fact.at)


def _reset_graph(book: Book, graph: Graph, prefix: str, fact: Asked) -> None:
    """Reset the ops of a graph that did not succeed, and what is downstream of them."""
    bad = [i for i, op in enumerate(graph.ops) if book.state(f"{prefix}{op.name}").status not in _KEPT]
    for index in sorted(downstream_of(graph, bad) - set(bad)):
        _forget(book, f"{prefix}{graph.ops[index].name}", fact)
    for index in bad:
        _reset_op(book, graph, index, prefix, fact)


def _reset_op(book: Book, graph: Graph, index: int, prefix: str, fact: Asked) -> None:
    """Reset one op, keeping what succeeded inside it."""
    op, path = graph.ops[index], f"{prefix}{graph.ops[index].name}"
    state = book.states.get(path)
    if state is None or state.status is Status.CREATED:
        return
    sweep = state.sweep
    _reset(book, state, fact)
    _forget_hooks(book, path, fact)
    if sweep is not None:
        state.sweep = sweep
        for child in range(int(sweep.get("planned", 0))):
            _reset_child(book, f"{path}[{child}]", op.graph, fact)
    elif op.graph is not None:
        _reset_graph(book, op.graph, f"{path}.", fact)


def _reset_child(book: Book, path: str, graph: Graph | None, fact: Asked) -> None:
    state = book.states.get(path)
    if state is None or state.status in _KEPT:
        return
    _reset(book, state, fact)
    if graph is not None:
        _reset_graph(book, graph, f"{path}.", fact)


def _reset_path(book: Book, graph: Graph, path: str, fact: Asked) -> None:
    """Reset one op and what is downstream of it, in its graph and in those around it."""
    prefix, names = "", path.split(".")
    for depth, part in enumerate(names):
        name = part.partition("[")[0]
        index = next((i for i, op in enumerate(graph.ops) if op.name == name), None)
        if index is None:
            return
        for downstream in sorted(downstream_of(graph, [index]) - {index}):
            _forget(book, f"{prefix}{graph.ops[downstream].name}", fact)
        if depth == len(names) - 1 and part == name:
            _forget(book, f"{prefix}{part}", fact)
            return
        _reopen(book, f"{prefix}{name}", fact)
        if part != name:
            (_reopen if depth < len(names) - 1 else _forget)(book, f"{prefix}{part}", fact)
        inner = graph.ops[index].graph
        if inner is None:
            return
        prefix, graph = f"{prefix}{part}.", inner


def _reopen(book: Book, path: str, fact: Asked) -> None:
    """A composite op with something to do inside it once more."""
    state = book.states.get(path)
    if state is not None and state.status is not Status.CREATED:
        sweep = state.sweep
        _reset(book, state, fact)
        _forget_hooks(book, path, fact)
        state.sweep = sweep


def _forget(book: Book, path: str, fact: Asked) -> None:
    """Reset an op and all that is inside it."""
    inside = (f"{path}.", f"{path}[", f"{path}!")
    for other in list(book.states):
        if other == path or other.startswith(inside):
            _reset(book, book.states[other], fact)


def _forget_hooks(book: Book, path: str, fact: Asked) -> None:
    for other in list(book.states):
        if other.startswith(f"{path}!"):
            _reset(book, book.states[other], fact)


def _reset(book: Book, state: OpState, fact: Asked) -> None:
    if state.status is Status.CREATED:
        return
    fresh = OpState(
        state.path,
        Status.CREATED,
        RESUME_ASKED,
        f"Resumed by {fact.by}.",
        attempt=state.attempt,
        attempts=state.attempts,
        approved_by=state.approved_by,
    )
    for name in OpState.__slots__:
        setattr(state, name, getattr(fresh, name))
    book.record(state, fact.at)

"""Resuming a run that has ended: which ops are begun once more. Opening the run anew is the machine's part."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.engine.book import Book
from reconciler.engine.families import Families, families, hooks_of
from reconciler.engine.graphs import downstream_of
from reconciler.engine.model import GOOD, Asked, OpState, Status
from reconciler.engine.reasons import RESUME_ASKED
from reconciler.plan.model import Graph


@dataclass(frozen=True, slots=True)
class _Again:
    """The run that is begun once more, who asked for it, and which of its ops stand inside which."""

    book: Book
    fact: Asked
    families: Families


def resume(book: Book, fact: Asked) -> None:
    """Reset what did not succeed (or the one op that was named) and all that is downstream of it.

    A skipped op stays skipped unless something upstream of it is begun once more. Attempts go on counting.
    """
    graph = book.root.op.graph
    assert graph is not None
    again = _Again(book, fact, families(book.states))
    if fact.op is None:
        _reset_graph(again, graph, "")
    else:
        _reset_path(again, graph, fact.op)
    _forget_hooks(again, "")
    book.run.stop_asked_by = None
    state = book.root.state
    state.deadline_at = state.finished_at = state.started_at = None
    state.passed = ()
    book.move(book.root, Status.RESUMING, RESUME_ASKED, f"Resumed by {fact.by}.", fact.at)


def _reset_graph(again: _Again, graph: Graph, prefix: str) -> None:
    """Reset the ops of a graph that did not succeed, and what is downstream of them."""
    bad = [i for i, op in enumerate(graph.ops) if again.book.state(f"{prefix}{op.name}").status not in GOOD]
    for index in sorted(downstream_of(graph, bad) - set(bad)):
        _forget(again, f"{prefix}{graph.ops[index].name}")
    for index in bad:
        _reset_op(again, graph, index, prefix)


def _reset_op(again: _Again, graph: Graph, index: int, prefix: str) -> None:
    """Reset one op, keeping what succeeded inside it."""
    op, path = graph.ops[index], f"{prefix}{graph.ops[index].name}"
    state = again.book.states.get(path)
    if state is None or state.status is Status.CREATED:
        return
    sweep = state.sweep
    _reset(again, state)
    _forget_hooks(again, path)
    if sweep is not None:
        state.sweep = sweep
        for child in range(int(sweep.get("planned", 0))):
            _reset_child(again, f"{path}[{child}]", op.graph)
    elif op.graph is not None:
        _reset_graph(again, op.graph, f"{path}.")


def _reset_child(again: _Again, path: str, graph: Graph | None) -> None:
    state = again.book.states.get(path)
    if state is None or state.status in GOOD:
        return
    _reset(again, state)
    if graph is not None:
        _reset_graph(again, graph, f"{path}.")


def _reset_path(again: _Again, graph: Graph, path: str) -> None:
    """Reset one op and what is downstream of it, in its graph and in those around it."""
    prefix, names = "", path.split(".")
    for depth, part in enumerate(names):
        name = part.partition("[")[0]
        index = next((i for i, op in enumerate(graph.ops) if op.name == name), None)
        if index is None:
            return
        for downstream in sorted(downstream_of(graph, [index]) - {index}):
            _forget(again, f"{prefix}{graph.ops[downstream].name}")
        if depth == len(names) - 1 and part == name:
            _forget(again, f"{prefix}{part}")
            return
        _reopen(again, f"{prefix}{name}")
        if part != name:
            (_reopen if depth < len(names) - 1 else _forget)(again, f"{prefix}{part}")
        inner = graph.ops[index].graph
        if inner is None:
            return
        prefix, graph = f"{prefix}{part}.", inner


def _reopen(again: _Again, path: str) -> None:
    """A composite op with something to do inside it once more."""
    state = again.book.states.get(path)
    if state is not None and state.status is not Status.CREATED:
        sweep = state.sweep
        _reset(again, state)
        _forget_hooks(again, path)
        state.sweep = sweep


def _forget(again: _Again, path: str) -> None:
    """Reset an op and all that is inside it, in an order that does not tell how they became known."""
    for other in sorted(again.families.get(path, ())):
        _reset(again, again.book.states[other])


def _forget_hooks(again: _Again, path: str) -> None:
    for other in sorted(hooks_of(path, again.families)):
        _reset(again, again.book.states[other])


def _reset(again: _Again, state: OpState) -> None:
    if state.status is Status.CREATED:
        return
    fresh = OpState(
        state.path,
        Status.CREATED,
        RESUME_ASKED,
        f"Resumed by {again.fact.by}.",
        attempt=state.attempt,
        attempts=state.attempts,
        approved_by=state.approved_by,
    )
    for name in OpState.__struct_fields__:
        setattr(state, name, getattr(fresh, name))
    again.book.record(state, again.fact.at)

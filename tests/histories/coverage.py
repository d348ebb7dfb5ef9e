"""Which facts met ops in which status, over many histories: what was never tried cannot have been proven."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from reconciler.engine.machine import RunMachine
from reconciler.engine.model import Asked, Observed, Performed

Pairs = Counter[tuple[str, str]]


@contextmanager
def counted() -> Iterator[Pairs]:
    """Pairs of (status of an op, fact about it) → how often, while histories are played in this process."""
    pairs: Pairs = Counter()
    advance = RunMachine.advance

    def watched(machine: RunMachine, facts: Sequence[Any], *others: Any, **named: Any) -> Any:
        pairs.update(pair for fact in facts if (pair := _pair(machine, fact)) is not None)
        return advance(machine, facts, *others, **named)

    RunMachine.advance = watched  # type: ignore[method-assign]
    try:
        yield pairs
    finally:
        RunMachine.advance = advance  # type: ignore[method-assign]


def _pair(machine: RunMachine, fact: Any) -> tuple[str, str] | None:
    book = machine._book
    if isinstance(fact, Asked):
        node = book.node_at(fact.op) if fact.op else book.root
        return None if node is None else (node.state.status.value, f"asked to {fact.verb}")
    if isinstance(fact, Observed | Performed):
        node = book.node_at(book.live.get(fact.attempt, "-"))
        what = f"seen {fact.status.value}" if isinstance(fact, Observed) else f"{fact.verb} {fact.outcome}"
        return ("ended" if node is None else node.state.status.value, what)
    return None

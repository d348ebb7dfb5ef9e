"""Which facts met ops in which status, over many histories: what was never tried cannot have been proven."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from reconciler.engine.machine import RunMachine
from reconciler.engine.model import FINAL, Asked, Measured, Observed, Performed, Status

Pair = tuple[str, str]
Pairs = Counter[Pair]

_WAITS = ("created", "resuming", "compiled", "queued", "retrying")
_LIVES = ("queued", "scheduled", "starting", "running", "processing", "warning", "unschedulable", "unknown", "stopping")
_ENDED = tuple(sorted(FINAL))
_GONE = "no live attempt"  # its attempt has ended, or another run has it: the fact comes too late
_SEEN_LATE = ("seen running", "seen succeeded", "seen failed", "seen stopped")


def possible() -> set[Pair]:
    """Pairs that can be: facts of attempts meet ops that have a live one or none any more, people ask of any op."""
    trouble = [f"seen {one}" for one in _LIVES if one not in ("queued", "scheduled", "stopping")]
    pairs = {(status, fact) for status in (*_LIVES, _GONE) for fact in (*trouble, *_SEEN_LATE, "measured")}
    starts = {(status, f"start {outcome}") for status in ("queued", *_LIVES[1:]) for outcome in ("done", "unknown")}
    starts |= {("queued", "start again"), ("queued", "start refused"), ("unknown", "start again")}
    stops = {("stopping", f"stop {outcome}") for outcome in ("done", "unknown", "again")}
    asked = {(status, f"asked to {verb}") for status in (*_WAITS, *_LIVES) for verb in ("stop", "skip", "approve")}
    asked |= {(status, f"asked to {verb}") for status in _ENDED for verb in ("skip", "approve", "stop")}
    return pairs | starts | stops | asked | {(status, "asked to resume") for status in _ENDED}


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


def _pair(machine: RunMachine, fact: Any) -> Pair | None:
    book = machine._book
    if isinstance(fact, Asked):
        node = book.node_at(fact.op) if fact.op else book.root
        status = Status.CREATED if node is None else node.state.status
        return (status.value, f"asked to {fact.verb}")
    if isinstance(fact, Observed | Performed | Measured):
        node = book.node_at(book.live.get(fact.attempt, "-"))
        return (_GONE if node is None else node.state.status.value, _what(fact))
    return None


def _what(fact: Observed | Performed | Measured) -> str:
    match fact:
        case Observed():
            return f"seen {fact.status.value}"
        case Performed():
            return f"{fact.verb} {fact.outcome}"
    return "measured"

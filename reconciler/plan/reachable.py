"""Ops that nothing can start: whether some way in which a dag's ops can end satisfies the trigger of each.

How an op ends depends on how its upstreams did: where a handler of failures ran, its upstream did not succeed. What
people may do to a run (skip, stop) does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.flows.model import Trigger
from reconciler.plan.graph import order
from reconciler.plan.layers import Ready
from reconciler.plan.level import Edges, Level
from reconciler.plan.report import Report, place_of

GOOD, BAD, SKIPPED = "G", "B", "S"  # how an op ends; skipped counts as succeeded
_NEVER = frozenset(("false", "{{ false }}", "{{false}}", "no", "0"))
_FOR_FAILURES = (Trigger.ALL_FAILED, Trigger.ONE_FAILED)
_MOST_STEPS = 2_000  # of the search for one op: who needs more is taken for reachable
_MOST_ANCESTORS = 100


@dataclass(slots=True)
class Patience:
    """The steps that are left to searches in one flow: a file made for it could ask for any number."""

    steps: int = 200_000


def report_unreachable(level: Level, edges: Sequence[Edges], report: Report, patience: Patience) -> None:
    """Report ops that no outcome of their upstreams can start, but none that only such an op stands before."""
    if not any(ready.operation.trigger in _FOR_FAILURES for ready in level.ops):
        return  # where all ops end well, all others start
    upstream = [sorted(edge.places) for edge in edges]
    for index in unreachable(level.ops, upstream, patience):
        ready = level.ops[index]
        operation = ready.operation
        message = (
            f"`{ready.name}` can never start: no outcome of its upstreams satisfies its trigger; "
            "change `trigger` or the conditions of its upstreams."
        )
        key = "trigger" if operation.trigger else "dependencies"
        report.add("op-unreachable", message, place_of(operation.file, operation.node, key), ready.path)


def unreachable(ops: Sequence[Ready], upstream: Sequence[Sequence[int]], patience: Patience) -> Iterator[int]:
    """The ops that cannot start, in an order of the graph; those after one take it for failed or skipped."""
    sequence, lost = order(upstream), set[int]()
    world = _World(ops, upstream, lost)
    reached = world.reached(sequence, GOOD) | world.reached(sequence, BAD)
    numbers = {index: number for number, index in enumerate(sequence)}
    for index in sequence:
        if index not in reached:
            before = sorted(_before(index, upstream), key=numbers.__getitem__)
            if len(before) <= _MOST_ANCESTORS and not world.can_reach(index, before, patience):
                lost.add(index)
                yield index


def _before(index: int, upstream: Sequence[Sequence[int]]) -> set[int]:
    """All ops that an op waits for, and those that they wait for; of very many only some."""
    found, todo = set[int](), [index]
    while todo and len(found) <= _MOST_ANCESTORS:
        new = [other for other in upstream[todo.pop()] if other not in found]
        found.update(new)
        todo += new
    return found


class _World:
    """Ways in which the ops of a dag can end, one op after another."""

    def __init__(self, ops: Sequence[Ready], upstream: Sequence[Sequence[int]], lost: set[int]) -> None:
        self._ops = ops
        self._upstream = upstream
        self._lost = lost
        self._ended: dict[int, str] = {}

    def reached(self, sequence: Sequence[int], preferred: str) -> set[int]:
        """The ops that start where each ends as preferred, if it can."""
        found = set()
        for index in sequence:
            if self._starts(index):
                found.add(index)
            ends = self._ends(index)
            self._ended[index] = preferred if preferred in ends else ends[0]
        return found

    def can_reach(self, index: int, before: Sequence[int], patience: Patience) -> bool:
        """Whether some way in which the ops before it end lets an op start; also where that is too long a search."""
        choices, last = [iter(self._ends(before[0]))], max(0, patience.steps - _MOST_STEPS)
        while choices and patience.steps > last:
            patience.steps -= 1
            end = next(choices[-1], None)
            if end is None:
                choices.pop()
                continue
            self._ended[before[len(choices) - 1]] = end
            if len(choices) < len(before):
                choices.append(iter(self._ends(before[len(choices)])))
            elif self._starts(index):
                return True
        return bool(choices)

    def _ends(self, index: int) -> str:
        """How an op can end after its upstreams have."""
        if index in self._lost:
            return BAD + SKIPPED
        ready, before = self._ops[index], self._before(index)
        if ready.operation.events:
            return GOOD + BAD + SKIPPED
        if ready.operation.skip_on_upstream_skip and SKIPPED in before:
            return SKIPPED
        return _ends(ready) if _is_satisfied(ready, before) else BAD

    def _starts(self, index: int) -> bool:
        """Whether an op is started or skipped after its upstreams have ended; its event may come before."""
        operation, before = self._ops[index].operation, self._before(index)
        is_skipped = operation.skip_on_upstream_skip and SKIPPED in before
        return bool(operation.events) or is_skipped or _is_satisfied(self._ops[index], before)

    def _before(self, index: int) -> list[str]:
        return [self._ended[other] for other in self._upstream[index]]


def _ends(ready: Ready) -> str:
    """How an op can end that its trigger starts."""
    conditions = ready.operation.conditions
    if conditions and conditions.strip().lower() in _NEVER:
        return SKIPPED
    may_skip = bool(conditions) or (ready.run is not None and ready.run.kind == "dag")
    return GOOD + BAD + SKIPPED if may_skip else GOOD + BAD


def _is_satisfied(ready: Ready, before: Sequence[str]) -> bool:
    trigger, failed = ready.operation.trigger, before.count(BAD)
    if not before or trigger in (Trigger.ALL_DONE, Trigger.ONE_DONE):
        return True
    if trigger is Trigger.ALL_FAILED:
        return failed == len(before)
    if trigger is Trigger.ONE_FAILED:
        return failed > 0
    return failed < len(before) if trigger is Trigger.ONE_SUCCEEDED else failed == 0

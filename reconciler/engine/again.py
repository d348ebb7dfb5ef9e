"""A new run after an old one: which ops it takes over as they ended. Whether it starts is a step's decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.engine.families import Families, families
from reconciler.engine.graphs import downstream_of
from reconciler.engine.model import GOOD, OpState
from reconciler.engine.reasons import TAKEN_OVER
from reconciler.plan.model import Graph, Plan


@dataclass(frozen=True, slots=True)
class _Old:
    """The ops of the old run by path, and which stand inside which."""

    states: Mapping[str, OpState]
    families: Families


def taken_over(plan: Plan, old_ops: Sequence[OpState], only: str | None) -> tuple[OpState, ...]:
    """The ops of a new run of `plan` that end at once as they did in the old one, with reason TakenOver.

    Those are the ops that succeeded (or were skipped) and are not downstream of one that did not; with `only`, of
    these the ones that are neither the named op (`nested.train`, `tune`, `tune[3]`) nor downstream of it.
    """
    states = {state.path: state for state in old_ops}
    return tuple(_of_graph(plan.graph, _Old(states, families(states)), "", only))


def _of_graph(graph: Graph, old: _Old, prefix: str, only: str | None) -> Iterator[OpState]:
    part, _, rest = (only or "").partition(".")
    name, _, child = part.partition("[")
    fresh = {index for index, op in enumerate(graph.ops) if _begins(old, f"{prefix}{op.name}", op.name == name, only)}
    after = downstream_of(graph, fresh)
    for index, op in enumerate(graph.ops):
        path = f"{prefix}{op.name}"
        if index not in after:
            yield from _whole(old, path)
        elif index in fresh and not any(source in after for source in op.upstream):
            if op.matrix is not None and (child or only is None):
                yield from _of_sweep(old, path, child.rstrip("]"))
            elif op.matrix is None and op.graph is not None and (rest or only is None):
                yield from _of_graph(op.graph, old, f"{path}.", rest or None)


def _of_sweep(old: _Old, path: str, named: str) -> Iterator[OpState]:
    """The children of a sweep that succeeded but the named one, and the values that all of them share."""
    state = old.states.get(path)
    if state is None or state.sweep is None:
        return
    yield OpState(path, sweep=state.sweep)
    for index in range(int(state.sweep.get("planned", 0))):
        child = old.states.get(f"{path}[{index}]")
        if child is not None and child.status in GOOD and str(index) != named:
            yield from _whole(old, child.path)


def _begins(old: _Old, path: str, is_named: bool, only: str | None) -> bool:
    state = old.states.get(path)
    return (only is not None and is_named) or state is None or state.status not in GOOD


def _whole(old: _Old, path: str) -> Iterator[OpState]:
    """An op and all that is inside it, as it ended; its hooks belong to the run that they ran in."""
    for other in old.families.get(path, ()):
        if not other.startswith(f"{path}!"):
            yield _taken(old.states[other])


def _taken(state: OpState) -> OpState:
    return OpState(
        state.path,
        state.status,
        TAKEN_OVER,
        state.message,
        attempt=state.attempt,
        started_at=state.started_at,
        finished_at=state.finished_at,
        params=state.params,
        outputs=state.outputs,
        artifacts=state.artifacts,
        cache_key=None,
        cached_from=state.cached_from or state.attempt,
        condition=state.condition,
        sweep=state.sweep,
        passed=state.passed,
    )

"""Early stopping by comparison: which child does too badly beside the others. It stops alone, its sweep goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from reconciler.engine.book import Book
from reconciler.engine.model import FINAL, OpState, Status
from reconciler.engine.resolve import number
from reconciler.engine.scopes import GraphScope, Node, Scope, SweepScope
from reconciler.flows.model import EarlyStopping, Json


@dataclass(frozen=True, slots=True)
class Field:
    """The best values so far, the larger the better: the child's own and those of the others it is compared with."""

    own: float
    others: tuple[float, ...]
    percent: float


def measure_child(book: Book, node: Node, rule: EarlyStopping, value: float) -> str:
    """Count a live metric of a child; why the child shall stop, "" if it may go on.

    A policy looks every `evaluationInterval` measurements, not in the first `minInterval` of these intervals, and
    only with `minSamples` other children to compare with.
    """
    policy, name = rule.policy or {}, str(rule.metric)
    count, best = (node.state.measured or {}).get(name, (0, value))
    sign = -1.0 if rule.optimization == "minimize" else 1.0
    best = max(best, value, key=lambda one: sign * one)
    node.state.measured = {**(node.state.measured or {}), name: [count + 1, best]}
    book.note(node)
    interval = _setting(book, node, policy, "evaluationInterval", 1.0)
    if (count + 1) % interval or (count + 1) // interval <= _setting(book, node, policy, "minInterval", 0.0):
        return ""
    others = _others(book, node, name, bool(policy.get("includeSucceeded", True)))
    if len(others) < _setting(book, node, policy, "minSamples", 1.0):
        return ""
    percent = _setting(book, node, policy, "percent", 0.0)
    field = Field(sign * best, tuple(sign * other for other in others), percent)
    kind = str(policy.get("kind"))
    return f"{name} {best:g} is too far behind the others ({kind})." if POLICIES[kind](field) else ""


def _worse_than_median(field: Field) -> bool:
    return field.own < median(field.others)


def _too_far_from_best(field: Field) -> bool:
    best = max(field.others)
    return field.own < best - abs(best) * field.percent / 100.0


def _among_the_last(field: Field) -> bool:
    behind = sum(1 for other in field.others if other < field.own)
    return behind < int((len(field.others) + 1) * field.percent / 100.0)


POLICIES: Final[Mapping[str, Callable[[Field], bool]]] = {
    "median": _worse_than_median,
    "diff": _too_far_from_best,
    "truncation": _among_the_last,
}


def _others(book: Book, node: Node, name: str, include_ended: bool) -> list[float]:
    """The best values of the other children, or what they gave in the end."""
    found = []
    for state in _children(book, node.home):
        value = _best(state, name)
        ended_well = state.status is Status.SUCCEEDED and include_ended
        if state.path != node.path and value is not None and (ended_well or state.status not in FINAL):
            found.append(value)
    return found


def _best(state: OpState, name: str) -> float | None:
    measured = (state.measured or {}).get(name)
    value = measured[1] if measured else (state.outputs or {}).get(name)
    return float(value) if isinstance(value, int | float) else None


def _children(book: Book, scope: Scope) -> list[OpState]:
    made = range(scope.next if isinstance(scope, SweepScope) else scope.planned)
    assert isinstance(scope, GraphScope | SweepScope)
    return [book.state(scope.path_of(index)) for index in made]


def _setting(book: Book, node: Node, policy: Mapping[str, Json], name: str, default: float) -> float:
    try:
        found = number(book, node.home.owner, name, policy.get(name))
    except ValueError:
        found = None
    return default if found is None else found

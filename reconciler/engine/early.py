"""Early stopping: when the children of a scope have failed too often, or one of them is good enough."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.engine.book import Book
from reconciler.engine.model import Status
from reconciler.engine.reasons import EARLY_STOPPED, TOO_MANY_FAILED
from reconciler.engine.resolve import number
from reconciler.engine.scopes import Node, Scope
from reconciler.flows.model import EarlyStopping, Json


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """A scope shall stop: its reason decides whether as succeeded or as failed."""

    reason: str
    message: str


def early_stop(book: Book, scope: Scope, child: Node) -> EarlyStop | None:
    """Whether the end of `child` stops its scope early."""
    if not scope.rules or scope.stopping or scope.early or child.hook_of is not None:
        return None
    return _failures(book, scope) or _reached(book, scope, child.state.outputs or {})


def _failures(book: Book, scope: Scope) -> EarlyStop | None:
    percents = [_number(book, scope, rule.percent) for rule in scope.rules if rule.percent is not None]
    wanted = [percent for percent in percents if percent is not None]
    bad = scope.ended.get(Status.FAILED, 0) + scope.ended.get(Status.UPSTREAM_FAILED, 0)
    if not wanted or not bad or bad * 100 < min(wanted) * scope.planned:
        return None
    return EarlyStop(TOO_MANY_FAILED, f"{bad} of {scope.planned} failed; the limit is {min(wanted):g} %.")


def _reached(book: Book, scope: Scope, values: Json) -> EarlyStop | None:
    for rule in scope.rules:
        if rule.metric is not None and rule.policy is None and good_enough(book, scope, rule, values.get(rule.metric)):
            return EarlyStop(EARLY_STOPPED, f"{rule.metric} reached {values[rule.metric]:g}.")
    return None


def good_enough(book: Book, scope: Scope, rule: EarlyStopping, value: Json) -> bool:
    """Whether a metric has reached what the rule asks for."""
    wanted = _number(book, scope, rule.value)
    if wanted is None or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value <= wanted if rule.optimization == "minimize" else value >= wanted


def _number(book: Book, scope: Scope, value: Json) -> float | None:
    try:
        return number(book, scope.owner, "earlyStopping", value)
    except ValueError:
        return None


def measured(book: Book, scope: Scope, name: str, value: float) -> EarlyStop | None:
    """Whether a live metric of a running child stops its scope early."""
    return None if scope.stopping or scope.early else _reached(book, scope, {name: value})

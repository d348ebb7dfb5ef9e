"""Expressions over plain data and the walker that computes them. Where they are read from is not known here.

An expression can name, index, compare and count; it cannot call, import or reach into an object, and its steps,
its numbers and its texts are bounded.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.plan.filters import (
    FILTERS,
    MISSING,
    SIZE_LIMIT,
    TESTS,
    FilterError,
    as_text,
    bounded,
    item_of,
    items,
)

STEP_LIMIT = 20_000
NUMBER_BITS = 4096

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """`kind` is a key of the walker's table, `parts` are operands, `word` is a name, an operator or a literal."""

    kind: str
    word: Any = None
    parts: tuple[Expression, ...] = ()
    named: tuple[tuple[str, Expression], ...] = ()


def names(expression: Expression) -> Iterator[Path]:
    """Every name used, with the constant attributes and items that follow it: `("params", "lr", "value")`."""
    path = _path(expression)
    if path is not None:
        yield path
        return
    for part in (*expression.parts, *(value for _, value in expression.named)):
        yield from names(part)


def _path(expression: Expression) -> Path | None:
    keys: list[str | int] = []
    while expression.kind == "item" and expression.parts[1].kind == "literal":
        keys.append(expression.parts[1].word)
        expression = expression.parts[0]
    return (expression.word, *reversed(keys)) if expression.kind == "name" else None


class Walk:
    """One computation: what the names mean, and the steps that are left."""

    __slots__ = ("context", "steps")

    def __init__(self, context: Mapping[str, Any], steps: int = STEP_LIMIT) -> None:
        self.context = context
        self.steps = steps

    def value(self, expression: Expression) -> Any:
        """What the expression gives. Raises FilterError where it cannot be computed within bounds."""
        self.steps -= 1
        if self.steps < 0:
            raise FilterError("the expression takes too many steps")
        return _WALK[expression.kind](self, expression)


def _literal(walk: Walk, expression: Expression) -> Any:
    return expression.word


def _name(walk: Walk, expression: Expression) -> Any:
    return walk.context.get(expression.word, MISSING)


def _item(walk: Walk, expression: Expression) -> Any:
    value, key = map(walk.value, expression.parts)
    return item_of(value, key)


def _slice(walk: Walk, expression: Expression) -> Any:
    value, *bounds = map(walk.value, expression.parts)
    if not all(bound is None or isinstance(bound, int) for bound in bounds):
        raise FilterError("a slice takes whole numbers")
    return (value if isinstance(value, str) else items(value))[slice(*bounds)]


def _list(walk: Walk, expression: Expression) -> Any:
    return [walk.value(part) for part in expression.parts]


def _mapping(walk: Walk, expression: Expression) -> Any:
    pairs = iter(expression.parts)
    return {as_text(walk.value(key)): walk.value(value) for key, value in zip(pairs, pairs, strict=True)}


def _all(walk: Walk, expression: Expression) -> Any:
    left, right = expression.parts
    return walk.value(left) and walk.value(right)


def _any(walk: Walk, expression: Expression) -> Any:
    left, right = expression.parts
    return walk.value(left) or walk.value(right)


def _not(walk: Walk, expression: Expression) -> Any:
    return not walk.value(expression.parts[0])


def _choice(walk: Walk, expression: Expression) -> Any:
    test, yes, no = expression.parts
    return walk.value(yes if walk.value(test) else no)


def _compare(walk: Walk, expression: Expression) -> Any:
    left = walk.value(expression.parts[0])
    for word, part in zip(expression.word, expression.parts[1:], strict=True):
        right = walk.value(part)
        if not _COMPARE[word](left, right):
            return False
        left = right
    return True


def _concat(walk: Walk, expression: Expression) -> Any:
    texts = [as_text(walk.value(part)) for part in expression.parts]
    if sum(map(len, texts)) > SIZE_LIMIT:
        raise FilterError("the text is too large")
    return "".join(texts)


def _arithmetic(walk: Walk, expression: Expression) -> Any:
    values = [walk.value(part) for part in expression.parts]
    if len(values) == 2:
        _check_size(expression.word, *values)
    return _ARITHMETIC[expression.word](*values)


def _filter(walk: Walk, expression: Expression) -> Any:
    values = [walk.value(part) for part in expression.parts]
    return bounded(FILTERS[expression.word](*values, **{name: walk.value(part) for name, part in expression.named}))


def _test(walk: Walk, expression: Expression) -> Any:
    values = [walk.value(part) for part in expression.parts]
    return TESTS[expression.word](*values)


def _contains(left: Any, right: Any) -> bool:
    if right is MISSING or right is None:
        return False
    return left in right


def _check_size(word: str, left: Any, right: Any) -> None:
    """Refuse what could grow without bound before it is computed."""
    if isinstance(left, str) and word == "%":
        raise FilterError("texts cannot be formatted with %; use ~ or join")
    if word == "+":
        bounded([left, right])
    if word == "*" and not (_is_number(left) and _is_number(right)):
        raise FilterError("only numbers can be multiplied")
    if word in ("**", "*") and isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * max(right, 0) if word == "**" else left.bit_length() + right.bit_length()
        if bits > NUMBER_BITS:
            raise FilterError("the number is too large")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": _contains,
    "notin": lambda left, right: not _contains(left, right),
}

_ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "neg": operator.neg,
    "pos": operator.pos,
}

_WALK: Mapping[str, Callable[[Walk, Expression], Any]] = {
    "literal": _literal,
    "name": _name,
    "item": _item,
    "slice": _slice,
    "list": _list,
    "mapping": _mapping,
    "and": _all,
    "or": _any,
    "not": _not,
    "choice": _choice,
    "compare": _compare,
    "concat": _concat,
    "arithmetic": _arithmetic,
    "filter": _filter,
    "test": _test,
}

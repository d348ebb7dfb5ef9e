"""The `validation` of an input or output: what each of its keys demands of a value. One key, one row of one table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from reconciler.flows.literals import quoted
from reconciler.flows.model import Json
from reconciler.flows.patterns import matches_pattern

_COLLECTIONS: Final = frozenset({"minItems", "maxItems"})
_MAPPINGS: Final = frozenset({"keys", "containsKeys", "excludesKeys"})


def check_validation(validation: Mapping[str, Json], value: Json) -> None:
    """Check a value of the right type; raises ValueError with half a sentence (`must be greater than 0, not -1`).

    Rules about sizes and keys look at the collection; all others look at each of its items.
    """
    for key, wanted in validation.items():
        if wanted is None or _is_template(wanted):
            continue
        if key in _COLLECTIONS or key in _MAPPINGS:
            _check_whole(key, wanted, value)
        elif key == "options" and isinstance(wanted, list) and value in wanted:
            continue
        elif key in _RULES:
            for item in _items(value):
                _check_item(key, wanted, item)


def _check_item(key: str, wanted: Json, item: Json) -> None:
    holds, words = _RULES[key]
    try:
        good = holds(item, wanted)
    except (TypeError, ArithmeticError):
        good = False
    if not good:
        raise ValueError(f"must {words} {quoted(wanted)}, not {quoted(item)}")


def _check_whole(key: str, wanted: Json, value: Json) -> None:
    if key in _MAPPINGS:
        if not isinstance(value, dict):
            raise ValueError(f"must be a mapping to have {key} {quoted(wanted)}")
        _check_keys(key, set(wanted), set(value))
    elif isinstance(value, (list, dict)):
        if key == "minItems" and len(value) < wanted:
            raise ValueError(f"must have at least {wanted} items, not {len(value)}")
        if key == "maxItems" and len(value) > wanted:
            raise ValueError(f"must have at most {wanted} items, not {len(value)}")


def _check_keys(key: str, wanted: set[str], present: set[str]) -> None:
    if key == "keys" and wanted != present:
        raise ValueError(f"must have exactly the keys {', '.join(sorted(wanted))}")
    if key == "containsKeys" and wanted - present:
        raise ValueError(f"must have the keys {', '.join(sorted(wanted - present))}")
    if key == "excludesKeys" and wanted & present:
        raise ValueError(f"must not have the keys {', '.join(sorted(wanted & present))}")


def _items(value: Json) -> list[Json]:
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, dict) else [value]


def _is_template(value: Json) -> bool:
    return isinstance(value, str) and "{{" in value


def _multiple(item: Any, of: Any) -> bool:
    ratio = item / of
    return math.isclose(ratio, round(ratio), rel_tol=1e-9, abs_tol=1e-9)


def _digits(item: Any) -> int:
    digits = Decimal(str(item)).as_tuple()
    return max(len(digits.digits), -int(digits.exponent))


def _places(item: Any) -> int:
    return max(0, -int(Decimal(str(item)).normalize().as_tuple().exponent))


def _matches(item: Any, pattern: Any) -> bool:
    return matches_pattern(str(item), pattern)


def _has(item: Any, part: Any) -> bool:
    parts = part if isinstance(part, list) else [part]
    return any(str(one) in item if isinstance(item, str) else one == item for one in parts)


_RULES: Final[Mapping[str, tuple[Callable[[Any, Any], bool], str]]] = {
    "gt": (lambda item, bound: item > bound, "be greater than"),
    "ge": (lambda item, bound: item >= bound, "be at least"),
    "lt": (lambda item, bound: item < bound, "be less than"),
    "le": (lambda item, bound: item <= bound, "be at most"),
    "multipleOf": (_multiple, "be a multiple of"),
    "minDigits": (lambda item, count: _digits(item) >= count, "have at least this many digits:"),
    "maxDigits": (lambda item, count: _digits(item) <= count, "have at most this many digits:"),
    "decimalPlaces": (lambda item, count: _places(item) <= count, "have at most this many decimal places:"),
    "regex": (_matches, "match"),
    "minLength": (lambda item, length: len(str(item)) >= length, "be at least this long:"),
    "maxLength": (lambda item, length: len(str(item)) <= length, "be at most this long:"),
    "contains": (_has, "contain"),
    "excludes": (lambda item, part: not _has(item, part), "not contain"),
    "options": (lambda item, options: item in options, "be one of"),
}

"""The filters and tests that templates may use: bounded functions from plain data to plain data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from reconciler.flows.model import Json

SIZE_LIMIT = 1 << 20  # characters and items that one value may weigh


class Missing:
    """The value of a name that nothing gave: false, empty, and every item of it missing as well."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


MISSING = Missing()


_SCALARS = frozenset({bool, int, float, type(None), Missing})


class FilterError(ValueError):
    """A value that a filter or operator cannot take; the message is a sentence part for people."""


def bounded(value: Any) -> Any:
    """The value itself. Raises FilterError where it weighs more than the limit."""
    kind = type(value)
    if kind in _SCALARS or (kind is str and len(value) < SIZE_LIMIT):  # most are
        return value
    weight, todo = 0, [value]
    while todo:
        item = todo.pop()
        weight += 1 + len(item) if isinstance(item, str | list | Mapping) else 1
        if weight > SIZE_LIMIT:
            raise FilterError("the value is too large")
        if isinstance(item, Mapping):
            todo += item.values()
        elif isinstance(item, list):
            todo += item
    return value


def as_text(value: Any) -> str:
    """The value inside a text: empty for None and missing, JSON for lists and mappings, else as Python has it."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    if type(value) not in _SCALARS and isinstance(value, list | Mapping):
        return json.dumps(plain(bounded(value)), ensure_ascii=False, default=dict)
    return str(value)


def plain(value: Any) -> Json:
    """The value as JSON data: missing parts become None."""
    if type(value) is str:
        return value
    if value is MISSING:
        return None
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def item_of(value: Any, key: Any) -> Any:
    """The item of a mapping, list or text; missing where there is none. Objects have no attributes here."""
    if isinstance(value, (dict, Mapping)):  # a dict is asked for first, as what is abstract takes longer to tell
        return value.get(key, MISSING) if isinstance(key, str | int) else MISSING
    if isinstance(value, str | list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return MISSING


def items(value: Any) -> list[Any]:
    """What a list filter walks over: items of a list, keys of a mapping, characters of a text."""
    if value is MISSING or value is None:
        return []
    if isinstance(value, list | str | Mapping):
        return list(value)
    raise FilterError(f"{as_text(value)[:40]!r} is not a list")


def default(value: Any, other: Any = "", boolean: Any = False) -> Any:
    return other if value is MISSING or value is None or (boolean and not value) else value


def join(value: Any, separator: Any = "", attribute: Any = None) -> str:
    parts = [as_text(item if attribute is None else path_of(item, attribute)) for item in items(value)]
    glue = as_text(separator)
    if sum(map(len, parts)) + len(glue) * len(parts) > SIZE_LIMIT:
        raise FilterError("the joined text is too large")
    return glue.join(parts)


def path_of(value: Any, path: Any) -> Any:
    """The item under a dotted path such as `metrics.loss`."""
    for key in as_text(path).split("."):
        value = item_of(value, int(key) if key.isdigit() and isinstance(value, list) else key)
    return value


def map_items(value: Any, name: Any = None, *rest: Any, attribute: Any = None) -> list[Any]:
    if attribute is not None:
        return [path_of(item, attribute) for item in items(value)]
    if name == "map" or name not in FILTERS:
        raise FilterError(f"{as_text(name)[:40]!r} is not a filter that map can apply")
    return [FILTERS[name](item, *rest) for item in items(value)]


def map_format(value: Any, pattern: Any) -> list[str]:
    """Each item put in the place of `%s` or `{}` of the pattern."""
    text = as_text(pattern)
    mark = "%s" if "%s" in text else "{}"
    return [replace(text, mark, item, 1) for item in items(value)]


def length(value: Any) -> int:
    return len(items(value))


def replace(value: Any, old: Any, new: Any, count: Any = -1) -> str:
    text, found, other = as_text(value), as_text(old), as_text(new)
    if len(text) + text.count(found) * len(other) > SIZE_LIMIT:
        raise FilterError("the replaced text is too large")
    return text.replace(found, other, count if isinstance(count, int) else -1)


def round_number(value: Any, digits: Any = 0, method: Any = "common") -> float:
    if not isinstance(digits, int) or not -100 <= digits <= 100:
        raise FilterError("round takes up to 100 digits")
    shifted = float(value) * 10**digits if method != "common" else 0.0
    if method == "common":
        return round(float(value), digits)
    rounded = -((-shifted) // 1) if method == "ceil" else shifted // 1
    return float(rounded / 10**digits)


def to_int(value: Any, other: Any = 0, base: Any = 10) -> Any:
    try:
        return (
            int(value, base)
            if isinstance(value, str) and base != 10
            else int(float(value))
            if _is_real(value)
            else int(value)
        )
    except (TypeError, ValueError, OverflowError):
        return other


def _is_real(value: Any) -> bool:
    return isinstance(value, str) and not value.strip().lstrip("+-").isdigit()


def to_float(value: Any, other: Any = 0.0) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return other


def total(value: Any, attribute: Any = None, start: Any = 0) -> Any:
    numbers = items(value) if attribute is None else map_items(value, attribute=attribute)
    if not all(isinstance(number, int | float) for number in [*numbers, start]):
        raise FilterError("sum takes numbers")
    return sum(numbers, start)


def unique(value: Any) -> list[Any]:
    return list(
        {json.dumps(plain(item), sort_keys=True, default=dict): item for item in reversed(items(value))}.values()
    )[::-1]


def ordered(value: Any, reverse: Any = False, case_sensitive: Any = False, attribute: Any = None) -> list[Any]:
    def key(item: Any) -> Any:
        chosen = item if attribute is None else path_of(item, attribute)
        return chosen.lower() if isinstance(chosen, str) and not case_sensitive else chosen

    return sorted(items(value), key=key, reverse=bool(reverse))


def extreme(choose: Callable[[Iterable[Any]], Any]) -> Callable[..., Any]:
    """`min` or `max` as a filter; missing for an empty list."""

    def filter_items(value: Any, attribute: Any = None) -> Any:
        values = items(value) if attribute is None else map_items(value, attribute=attribute)
        return choose(values) if values else MISSING

    return filter_items


def at(index: int) -> Callable[[Any], Any]:
    return lambda value: item_of(items(value), index)


def select(keep: bool) -> Callable[..., list[Any]]:
    def filter_items(value: Any, name: Any = None, *rest: Any) -> list[Any]:
        test = bool if name is None else TESTS.get(name)
        if test is None:
            raise FilterError(f"{as_text(name)[:40]!r} is not a test")
        return [item for item in items(value) if bool(test(item, *rest)) is keep]

    return filter_items


FILTERS: Mapping[str, Callable[..., Any]] = {
    "abs": lambda value: abs(value),
    "as_bool": lambda value: as_text(value).lower() in ("true", "1", "yes", "on", "y", "t"),
    "capitalize": lambda value: as_text(value).capitalize(),
    "count": length,
    "d": default,
    "default": default,
    "first": at(0),
    "float": to_float,
    "int": to_int,
    "join": join,
    "last": at(-1),
    "length": length,
    "list": items,
    "lower": lambda value: as_text(value).lower(),
    "map": map_items,
    "map_format": map_format,
    "max": extreme(max),
    "min": extreme(min),
    "reject": select(False),
    "replace": replace,
    "reverse": lambda value: value[::-1] if isinstance(value, str) else items(value)[::-1],
    "round": round_number,
    "select": select(True),
    "sort": ordered,
    "string": as_text,
    "sum": total,
    "title": lambda value: as_text(value).title(),
    "tojson": lambda value: json.dumps(plain(bounded(value)), ensure_ascii=False, sort_keys=True, default=dict),
    "trim": lambda value: as_text(value).strip(),
    "unique": unique,
    "upper": lambda value: as_text(value).upper(),
}

TESTS: Mapping[str, Callable[..., bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "defined": lambda value: value is not MISSING,
    "divisibleby": lambda value, number: value % number == 0,
    "eq": lambda value, other: value == other,
    "equalto": lambda value, other: value == other,
    "even": lambda value: value % 2 == 0,
    "false": lambda value: value is False,
    "float": lambda value: isinstance(value, float),
    "ge": lambda value, other: value >= other,
    "gt": lambda value, other: value > other,
    "in": lambda value, other: value in items(other) or (isinstance(other, str) and as_text(value) in other),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "iterable": lambda value: isinstance(value, Sequence | Mapping),
    "le": lambda value, other: value <= other,
    "lt": lambda value, other: value < other,
    "mapping": lambda value: isinstance(value, Mapping),
    "ne": lambda value, other: value != other,
    "none": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float),
    "odd": lambda value: value % 2 == 1,
    "sequence": lambda value: isinstance(value, Sequence),
    "string": lambda value: isinstance(value, str),
    "true": lambda value: value is True,
    "undefined": lambda value: value is MISSING,
}

"""Which rows the query of a join takes, and in which order. Reading queries is the plan's, finding rows the store's.

A row is plain data: `{"status": "succeeded", "outputs": {…}, …}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from reconciler.engine.model import FINAL
from reconciler.flows.model import Json
from reconciler.plan.queries import TIMES, Condition, Query, instant, number, parse_sort

Row = Mapping[str, Json]

DONE = "done"  # stands for every final status
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")


def matches(query: Query, row: Row) -> bool:
    """Whether a row is taken. A value that is missing meets no condition but `nil`, and so every negated one."""
    return all(_holds(condition, row) for condition in query.conditions)


def sort_rows(rows: Iterable[Row], sort: str | None = None) -> list[Row]:
    """Rows in the asked order; missing values come last, ties go by creation, then by id. Raises ValueError."""
    ordered = sorted(rows, key=lambda row: (row.get("created_at") or 0.0, natural(str(row.get("id", "")))))
    for field, descending in reversed(parse_sort(sort)):
        present = [row for row in ordered if value_of(row, field) is not None]
        missing = [row for row in ordered if value_of(row, field) is None]
        ordered = sorted(present, key=_sorted_by(field), reverse=descending) + missing
    return ordered


def value_of(row: Row, field: str) -> Json:
    """The value of a field, `outputs.loss` as well as `outputs`; None where there is none."""
    value: Json = row
    while field:
        if not isinstance(value, Mapping):
            return None
        if field in value:
            return value[field]
        name, _, field = field.partition(".")
        value = value.get(name) if field else None
    return value


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts `tune[9]` before `tune[10]`."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text))


def _holds(condition: Condition, row: Row) -> bool:
    value = value_of(row, condition.field)
    values = value if isinstance(value, list | tuple) else [value]
    if condition.kind == "nil":
        held = value is None or value == []
    else:
        held = any(one is not None and _MEETS[condition.kind](one, condition) for one in values)
    return held != condition.negated


def _equal(value: Json, condition: Condition) -> bool:
    if condition.field == "status" and DONE in condition.values and value in FINAL:
        return True
    if condition.field in TIMES:
        return any(_within_day_or_at(value, text) for text in condition.values)
    return any(_same(value, text) for text in condition.values)


def _like(value: Json, condition: Condition) -> bool:
    (pattern,) = condition.values
    parts = (re.escape(part) for part in pattern.split("%"))
    return re.fullmatch(".*".join(parts), str(value), re.IGNORECASE | re.DOTALL) is not None


def _between(value: Json, condition: Condition) -> bool:
    low, high = condition.values
    if condition.field in TIMES and _DAY.match(high):
        return _compare(value, low, condition.field) >= 0 and not _later_than_day(value, high)
    return _compare(value, low, condition.field) >= 0 and _compare(value, high, condition.field) in (-1, 0)


def _compared(*wanted: int) -> Callable[[Json, Condition], bool]:
    return lambda value, condition: _compare(value, condition.values[0], condition.field) in wanted


_MEETS: Mapping[str, Callable[[Json, Condition], bool]] = {
    "equal": _equal,
    "like": _like,
    "between": _between,
    "<": _compared(-1),
    "<=": _compared(-1, 0),
    ">": _compared(1),
    ">=": _compared(0, 1),
}
_INCOMPARABLE = -2


def _compare(value: Json, text: str, field: str) -> int:
    """-1, 0, 1 as `value` is less than, equal to or greater than what is written; -2 if they cannot be compared."""
    other: Any = instant(text) if field in TIMES else number(text)
    if _is_number(value):
        return _INCOMPARABLE if other is None else (value > other) - (value < other)
    return (value > text) - (value < text) if isinstance(value, str) else _INCOMPARABLE


def _same(value: Json, text: str) -> bool:
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    other = number(text)
    if _is_number(value) and other is not None:
        return bool(value == other)
    return str(value) == text


def _within_day_or_at(value: Json, text: str) -> bool:
    start = instant(text)
    if not _is_number(value) or start is None:
        return False
    return bool(start <= value < start + 86400 if _DAY.match(text) else value == start)


def _later_than_day(value: Json, day: str) -> bool:
    start = instant(day)
    return start is None or bool(value >= start + timedelta(days=1).total_seconds())


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sorted_by(field: str) -> Callable[[Row], tuple[int, Any]]:
    def key(row: Row) -> tuple[int, Any]:
        value = value_of(row, field)
        if _is_number(value):
            return 0, value
        return (1, natural(value)) if isinstance(value, str) else (2, repr(value))

    return key


def asked_values(rows: Sequence[Row], fields: Iterable[str]) -> list[dict[str, Json]]:
    """Each row with the asked fields alone."""
    wanted = tuple(fields)
    return [{field: value_of(row, field) for field in wanted} for row in rows]

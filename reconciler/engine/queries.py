"""The query language of joins: reading a query, which rows it takes, in which order. Finding rows is the store's.

A query is a comma-separated list of `[~]field:condition`; the conditions are `v`, `a|b`, `<v`, `<=v`, `>v`, `>=v`,
`a..b` (both ends belong to it), `%like%` and `nil`. A row is plain data: `{"status": "succeeded", "outputs": {…}, …}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.engine.model import FINAL
from reconciler.flows.model import Json
from reconciler.flows.near import near

Row = Mapping[str, Json]

TIMES = frozenset({"created_at", "started_at", "finished_at"})
FIELDS = frozenset({"status", "name", "kind", "tags", "duration", "pipeline", "commit"}) | TIMES
PARTS = frozenset({"metrics", "params", "inputs", "outputs"})  # fields that are written with a name: `metrics.loss`
DONE = "done"  # stands for every final status
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Condition:
    """One part of a query. `kind`: equal (to any of `values`), like, nil, between, or a comparison sign."""

    field: str
    kind: str
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions that must all hold."""

    conditions: tuple[Condition, ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        """What is asked about: `status`, `metrics.loss`, …"""
        return frozenset(condition.field for condition in self.conditions)


def parse_query(text: str) -> Query:
    """Read a query. Raises ValueError with a sentence that says what cannot be read and how it is written."""
    parts = [part.strip() for part in text.split(",")]
    return Query(tuple(_condition(part) for part in parts if part))


def parse_sort(text: str | None) -> tuple[tuple[str, bool], ...]:
    """`-metrics.loss, name` → ((`metrics.loss`, True), (`name`, False)); True is descending. Raises ValueError."""
    parts = [part.strip() for part in (text or "").split(",")]
    return tuple((_field(part.lstrip("-").strip(), part), part.startswith("-")) for part in parts if part)


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


# --- reading


def _condition(part: str) -> Condition:
    name, colon, condition = part.partition(":")
    negated = name.startswith("~") or condition.strip().startswith("~")
    condition = condition.strip().removeprefix("~").strip()
    if not colon or not condition:
        raise ValueError(f"The query part `{part}` is not `field:condition`.")
    field = _field(name.removeprefix("~").strip(), part)
    kind, values = _kind_and_values(condition)
    if not all(values):
        raise ValueError(f"The query part `{part}` lacks a value.")
    if field in TIMES and kind not in ("nil", "like"):
        _check_times(values, part)
    return Condition(field, kind, values, negated)


def _field(name: str, part: str) -> str:
    head, dot, rest = name.partition(".")
    if name in FIELDS or (head in PARTS and dot and rest):
        return name
    like = near(head, sorted(FIELDS | PARTS))
    known = ", ".join(sorted(FIELDS | {f"{part}.NAME" for part in PARTS}))
    hint = f"Did you mean `{like}`?" if like else f"There are {known}."
    raise ValueError(f"The query part `{part}` asks for `{name}`, which is not a field. {hint}")


def _kind_and_values(condition: str) -> tuple[str, tuple[str, ...]]:
    if condition.lower() == "nil":
        return "nil", ()
    for sign in ("<=", ">=", "<", ">"):
        if condition.startswith(sign):
            return sign, (condition.removeprefix(sign).strip(),)
    if ".." in condition:
        low, _, high = condition.partition("..")
        return "between", (low.strip(), high.strip())
    if len(condition) > 1 and (condition.startswith("%") or condition.endswith("%")):
        return "like", (condition,)
    return "equal", tuple(value.strip() for value in condition.split("|"))


def _check_times(values: tuple[str, ...], part: str) -> None:
    for value in values:
        if _instant(value) is None:
            raise ValueError(f"The query part `{part}` needs a time such as 2024-05-31 or 2024-05-31T12:00.")


# --- matching


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
    other: Any = _instant(text) if field in TIMES else _number(text)
    if _is_number(value):
        return _INCOMPARABLE if other is None else (value > other) - (value < other)
    return (value > text) - (value < text) if isinstance(value, str) else _INCOMPARABLE


def _same(value: Json, text: str) -> bool:
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    number = _number(text)
    if _is_number(value) and number is not None:
        return bool(value == number)
    return str(value) == text


def _within_day_or_at(value: Json, text: str) -> bool:
    start = _instant(text)
    if not _is_number(value) or start is None:
        return False
    return bool(start <= value < start + 86400 if _DAY.match(text) else value == start)


def _later_than_day(value: Json, day: str) -> bool:
    start = _instant(day)
    return start is None or bool(value >= start + timedelta(days=1).total_seconds())


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _instant(text: str) -> float | None:
    """Seconds since the epoch; a time without an offset is UTC."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return _number(text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


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

"""The query language of joins as text: how a query and a sort are read. Which rows they take is the engine's.

A query is a comma-separated list of `[~]field:condition`; the conditions are `v`, `a|b`, `<v`, `<=v`, `>v`, `>=v`,
`a..b` (both ends belong to it), `%like%` and `nil`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.plan.suggestions import near

TIMES = frozenset({"created_at", "started_at", "finished_at"})
FIELDS = frozenset({"status", "name", "kind", "tags", "duration", "pipeline", "commit", "project.name"}) | TIMES
PARTS = frozenset({"metrics", "params", "inputs", "outputs"})  # fields that are written with a name: `metrics.loss`


class QueryError(ValueError):
    """A query or sort that cannot be read: a sentence, the part of the text that is meant, a near name."""

    def __init__(self, message: str, part: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.part = part
        self.suggestion = suggestion


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
    """Read a query. Raises QueryError with a sentence that says what cannot be read and how it is written."""
    parts = [part.strip() for part in text.split(",")]
    return Query(tuple(_condition(part) for part in parts if part))


def parse_sort(text: str | None) -> tuple[tuple[str, bool], ...]:
    """`-metrics.loss, name` → ((`metrics.loss`, True), (`name`, False)); True is descending. Raises QueryError."""
    parts = [part.strip() for part in (text or "").split(",")]
    return tuple((_field(part.lstrip("-").strip(), part), part.startswith("-")) for part in parts if part)


def _condition(part: str) -> Condition:
    name, colon, condition = part.partition(":")
    negated = name.startswith("~") or condition.strip().startswith("~")
    condition = condition.strip().removeprefix("~").strip()
    if not colon or not condition:
        raise QueryError(f"The query part `{part}` is not `field:condition`.", part)
    field = _field(name.removeprefix("~").strip(), part)
    kind, values = _kind_and_values(condition)
    if not all(values):
        raise QueryError(f"The query part `{part}` lacks a value.", part)
    if field in TIMES and kind not in ("nil", "like"):
        _check_times(values, part)
    return Condition(field, kind, values, negated)


def _field(name: str, part: str) -> str:
    head, dot, rest = name.partition(".")
    if name in FIELDS or (head in PARTS and dot and rest):
        return name
    guess: str | None = near(head, sorted(FIELDS | PARTS))
    guess = f"{guess}.{rest or 'NAME'}" if guess in PARTS else guess
    known = ", ".join(sorted(FIELDS | {f"{part}.NAME" for part in PARTS}))
    hint = f"did you mean `{guess}`?" if guess else f"there are {known}."
    raise QueryError(f"The query part `{part}` asks for `{name}`, which is not a field; {hint}", part, guess)


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
        if instant(value) is None:
            message = f"The query part `{part}` needs a time such as 2024-05-31 or 2024-05-31T12:00."
            raise QueryError(message, part)


def number(text: str) -> float | None:
    """The number that a text of a query says; None for other texts."""
    try:
        return float(text)
    except ValueError:
        return None


def instant(text: str) -> float | None:
    """Seconds since the epoch; a time without an offset is UTC."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return number(text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()

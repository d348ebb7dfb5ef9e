"""Taking the most urgent key of a PostgreSQL server, in one statement: each answer of a server costs a journey."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    Double,
    Executable,
    Select,
    bindparam,
    case,
    exists,
    literal,
    literal_column,
    select,
    union_all,
    update,
)

from reconciler.adapters.sql.moment import NOW
from reconciler.adapters.sql.tables import counters, wakes
from reconciler.errors import INTERNAL_ERROR
from reconciler.keys import PRIORITY

PATIENCE = 30.0  # seconds a due key is overtaken by more urgent ones before it goes first: no kind of key may starve
LAPSED = "The step's lease ran out before it ended."
NEVER = 1e18  # seconds since the epoch
URGENCY = sorted(set(PRIORITY.values()), reverse=True)

_SEEN = [wakes.c[name] for name in ("key", "generation", "token", "attempts", "reason", "place")]
_ONE: Any = literal_column("1")
_FIRST = select(*_SEEN).order_by(wakes.c.ready_at).limit(_ONE).with_for_update(skip_locked=True)
LONGEST_DUE = _FIRST.where(wakes.c.ready_at <= NOW - literal_column(str(PATIENCE), Double()))
DUE = _FIRST.where(wakes.c.ready_at <= NOW, wakes.c.priority == bindparam("_priority"))
COUNT_UP = (
    update(counters).where(counters.c.name == "token").values(value=counters.c.value + 1).returning(counters.c.value)
)
END = NOW + bindparam("_seconds", type_=Double())


@cache
def taking(places: int | None) -> Executable:
    """Take the first key that is due, and return it as it was with its new `lease`: for `_owner`, for `_seconds`.

    With a number of places, of the keys of these alone: `_place0` and so on.
    """
    first = _first(places)
    count = COUNT_UP.where(exists().select_from(first)).cte("count")
    tries, lapsed = first.c.attempts, first.c.token != 0  # nobody gave it back: its holder died, perhaps of this key
    again = case((first.c.reason == INTERNAL_ERROR, tries + 1), else_=1)
    return (
        update(wakes)
        .where(wakes.c.key == first.c.key)
        .values(
            owner=bindparam("_owner"),
            token=count.c.value,
            attempts=case((lapsed, again), else_=tries),
            reason=case((lapsed, INTERNAL_ERROR), else_=first.c.reason),
            message=case((lapsed, LAPSED), else_=wakes.c.message),
            due_at=literal(NEVER, Double()),
            lease_until=END,
            ready_at=END,
        )
        .returning(*first.c, count.c.value.label("lease"))
    )


def _first(places: int | None) -> CTE:
    """Kinds of keys are looked through in turn, the later ones only if there is none of the earlier."""
    kinds = [_of_priority(priority) for priority in URGENCY]
    each = [here(one, places).cte(f"due_{number}") for number, one in enumerate([LONGEST_DUE, *kinds])]
    return select(union_all(*(select(one) for one in each)).subquery()).limit(_ONE).cte("first")


def _of_priority(priority: int) -> Select[Any]:
    return _FIRST.where(wakes.c.ready_at <= NOW, wakes.c.priority == literal_column(str(priority)))


@cache
def here(statement: Select[Any], places: int | None) -> Select[Any]:
    """A question about keys of so many places: `_place0` and so on; None: of any."""
    if places is None:
        return statement
    return statement.where(wakes.c.place.in_([bindparam(f"_place{number}") for number in range(places)]))


def parameters(places: Sequence[str] | None) -> dict[str, Any]:
    """Those of `here`."""
    return {f"_place{number}": place for number, place in enumerate(places or ())}

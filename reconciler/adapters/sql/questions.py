"""What nearly every step asks, as statements that are made once. Rarer questions stand where they are asked."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from reconciler.adapters.sql.tables import attempts, observations, requests, runs
from reconciler.adapters.sql.tables import cache as results

RUN = select(runs).where(runs.c.id == bindparam("_id"))
LIVE_ATTEMPTS = (
    select(attempts)
    .where(attempts.c.run == bindparam("_run"), attempts.c.live)
    .order_by(attempts.c.created_at, attempts.c.id)
)
OPEN_REQUESTS = (
    select(requests).where(requests.c.key == bindparam("_key"), requests.c.done_at.is_(None)).order_by(requests.c.seq)
)
_SEEN = select(observations).join(attempts, attempts.c.id == observations.c.attempt).order_by(observations.c.seq)
SEEN_OF_RUN = _SEEN.where(attempts.c.run == bindparam("_run"))
SEEN_OF_FLOW = _SEEN.where(attempts.c.flow == bindparam("_flow"), attempts.c.run == "")
CACHED = (
    select(results)
    .where(
        results.c.key == bindparam("_key"),
        results.c.run != bindparam("_run"),
        results.c.finished_at >= bindparam("_not_before"),
    )
    .order_by(results.c.finished_at.desc(), results.c.attempt)
    .limit(1)
)
CACHED_HERE = CACHED.where(
    results.c.artifacts.in_(select(attempts.c.id).where(attempts.c.place == bindparam("_place")))
)


@cache
def owners(size: int, held: bool) -> Select[Any]:
    """Who owns attempts `_0`, `_1`, …; `held`: nobody else moves them before we have committed."""
    ids: list[Any] = [bindparam(f"_{place}") for place in range(size)]
    statement = select(attempts.c.id, attempts.c.run, attempts.c.flow).where(attempts.c.id.in_(ids))
    return statement.with_for_update(read=True) if held else statement

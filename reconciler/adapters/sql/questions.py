"""What nearly every step asks, as statements that are made once. Rarer questions stand where they are asked."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, Table, bindparam, exists, func, select

from reconciler.adapters.sql.batches import among
from reconciler.adapters.sql.tables import (
    attempts,
    checks,
    flows,
    observations,
    ops,
    plans,
    requests,
    reviews,
    runs,
    services,
)
from reconciler.adapters.sql.tables import cache as results
from reconciler.engine.model import Status

_LIMIT: Any = bindparam("_limit", type_=Integer)
RUN = select(runs).where(runs.c.id == bindparam("_id"))
OPEN_REQUESTS = (
    select(requests).where(requests.c.key == bindparam("_key"), requests.c.done_at.is_(None)).order_by(requests.c.seq)
)
_SEEN = select(observations).join(attempts, attempts.c.id == observations.c.attempt).order_by(observations.c.seq)
OPS = select(ops).where(ops.c.run == bindparam("_run")).order_by(ops.c.path)
SERVICES = select(services).where(services.c.flow == bindparam("_flow")).order_by(services.c.op)
REVIEWS = select(reviews).where(reviews.c.repository == bindparam("_repository")).order_by(reviews.c.proposal)
OPEN_REVIEWS = REVIEWS.where(reviews.c.open)
PLAN_BY_HASH = select(plans).where(plans.c.hash == bindparam("_hash")).order_by(plans.c.id).limit(1)
GOOD_RUNS = (
    select(runs)
    .where(
        runs.c.flow == bindparam("_flow"),
        runs.c.status == Status.SUCCEEDED.value,
        runs.c.created_at < bindparam("_before"),
    )
    .order_by(runs.c.created_at.desc(), runs.c.id.desc())
    .limit(_LIMIT)
)
CHECKS = (
    select(checks)
    .where(checks.c.repository == bindparam("_repository"), checks.c.sha == bindparam("_sha"))
    .order_by(checks.c.name)
)
QUEUE_LOAD = (
    select(func.count().label("load"))
    .select_from(attempts)
    .where(attempts.c.live, attempts.c.queue == bindparam("_queue"))
)
SEEN_OF_RUN = _SEEN.where(attempts.c.run == bindparam("_run"))
SEEN_OF_FLOW = _SEEN.where(attempts.c.flow == bindparam("_flow"), attempts.c.run == "")
RUN_WITH_NEWS = RUN.add_columns(
    exists().where(requests.c.key == bindparam("_key"), requests.c.done_at.is_(None)).label("asked"),
    exists().where(attempts.c.run == bindparam("_id"), attempts.c.id == observations.c.attempt).label("seen"),
)
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
def equal(table: Table, *columns: str) -> Select[Any]:
    """Rows whose columns have the values of the parameters that are named so, with `_` before."""
    return select(table).where(*(table.c[name] == bindparam(f"_{name}") for name in columns))


@cache
def newest_runs(live: bool | None, prefixed: bool, *columns: str) -> Select[Any]:
    """Runs with these values, at most `_limit` of them, the newest first; `prefixed`: with ids `_from` … `_upto`."""
    found = equal(runs, *columns).order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(_LIMIT)
    if live is not None:
        found = found.where(runs.c.live == live)  # spelled out, as the index of live ones is found by that
    return found.where(runs.c.id >= bindparam("_from"), runs.c.id < bindparam("_upto")) if prefixed else found


@cache
def some_flows(*columns: str) -> Select[Any]:
    """Flows with these values."""
    return equal(flows, *columns).order_by(flows.c.id)


@cache
def some_attempts(live: bool, *columns: str) -> Select[Any]:
    """Attempts with these values, in the order in which they were made; `live`: only those that have not ended."""
    found = equal(attempts, *columns).order_by(attempts.c.created_at, attempts.c.id)
    return found.where(attempts.c.live) if live else found


@cache
def owners(size: int, held: bool) -> Select[Any]:
    """Who owns attempts `_0`, `_1`, …; `held`: nobody else moves them before we have committed."""
    statement = select(attempts.c.id, attempts.c.run, attempts.c.flow).where(among(attempts.c.id, size))
    return statement.with_for_update(read=True) if held else statement
